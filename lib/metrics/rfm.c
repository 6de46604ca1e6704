/* RFM's face: what it takes, what it gives, its registry entry. */
#include "core/common_options.h"
#include "metrics/registry.h"
#include "metrics/rfm_internal.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [RFM_CUSTOMER] = {.name = "customer_id", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Who bought."},
    [RFM_ORDER] = {.name = "order_id",
                   .role = PDM_ROLE_KEY,
                   .unit = "",
                   .doc = "Order the line belongs to; required for grain line. Rows of one customer with the same id are one order."},
    [RFM_TIME] = {.name = "time", .role = PDM_ROLE_TIME, .required = 1, .unit = "µs", .doc = "When the row happened."},
    [RFM_AMOUNT] = {.name = "amount",
                    .role = PDM_ROLE_MONEY,
                    .required = 1,
                    .unit = "minor units",
                    .doc = "Money of the row: 0 or more is a sale, less than 0 a refund."},
    [RFM_ORIGINAL] = {.name = "original_order_id",
                      .role = PDM_ROLE_KEY,
                      .nullable = 1,
                      .unit = "",
                      .doc = "Order that a refund row refunds; null if it is not known. Only for grain line."},
    [RFM_EVENT_ID] = {.name = "event_id", .role = PDM_ROLE_KEY, .unit = "", .doc = "Identity of the row; required for dedupe event_id."},
};

/* ---- options ---- */

static const char *const grain_values[] = {"line", "order", NULL};
static const char *const refund_policy_values[] = {"net_in_M_keep_F", "drop_fully_refunded", "gross", NULL};
static const char *const refund_cutoff_values[] = {"as_of", "none", NULL};
static const char *const r_base_values[] = {"as_of_day", "last_day", NULL};
static const char *const f_basis_values[] = {"orders", "days", "rows", "repeat", NULL};
static const char *const m_basis_values[] = {"net_sum", "gross_sum", "net_mean", "net_max", NULL};
static const char *const policy_values[] = {"default", "midrank", "pct_rank", "ntile", "rank_first", "quantile_right", "quantile_rfm_r",
                                            "fixed", "nested", "split", NULL};
static const char *const ties_values[] = {"avg", "min", "max", NULL};
static const char *const duplicates_values[] = {"error", "drop", NULL};
static const char *const split_by_values[] = {"default", "mean", "median", "value", NULL};
static const char *const split_on_values[] = {"raw", "score", NULL};
static const char *const compare_values[] = {"default", "gt", "ge", NULL};
static const char *const map_values[] = {"en11", "en10_rf", "cn8", "rfm_r10", "pymc5", "user", "none", NULL};
static const char *const cn8_convention_values[] = {"recent_high", "days_high", NULL};
static const char *const cn8_names_values[] = {"standard", "alt", NULL};
static const char *const thresholds_values[] = {"per_window", "frozen", NULL};
static const char *const tiers_values[] = {"none", "cut", "share", NULL};
static const char *const tier_value_values[] = {"net", "monetary", "gmv", "orders", "frequency", NULL};

#define ENUM(member, text) PDM__OPTION_ENUM(pdm_rfm_options, member, member##_values, text)
#define ENUM_OF(member, names, text) PDM__OPTION_ENUM(pdm_rfm_options, member, names, text)
#define INT32(member, low, high, text)                                                                                 \
    {                                                                                                                  \
        .name = #member, .type = PDM_OPTION_INT32, .offset = offsetof(pdm_rfm_options, member), .minimum = low,        \
        .maximum = high, .unit = "", .doc = text                                                                       \
    }
#define INT64(member, base, of, text)                                                                                  \
    {                                                                                                                  \
        .name = #member, .type = PDM_OPTION_INT64, .offset = offsetof(pdm_rfm_options, member), .minimum = -INT64_MAX, \
        .maximum = INT64_MAX, .fallback = base, .unit = of, .doc = text                                                \
    }

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_rfm_options),
    PDM__OPTION_DEDUPE(pdm_rfm_options),
    PDM__OPTION_ZERO_DENOMINATOR(pdm_rfm_options),
    PDM__OPTION_NAIVE_TIME(pdm_rfm_options),
    PDM__OPTION_CURRENCY_EXPONENT(pdm_rfm_options),
    {.name = "currency",
     .type = PDM_OPTION_TEXT,
     .offset = offsetof(pdm_rfm_options, currency),
     .unit = "",
     .doc = "Currency of the amounts, such as CNY; states of different currencies do not merge."},
    ENUM(grain, "A row is a line of an order (order_id says of which), or a whole order."),
    ENUM(refund_policy, "Refunds lower money but the order still counts; or a fully refunded order does not count; or they are ignored."),
    ENUM(refund_cutoff, "Refunds at or after as_of are not known yet; or history is restated with all refunds."),
    PDM__OPTION_BOOL(pdm_rfm_options, count_zero_orders, "Orders with sale 0 (gifts) count too."),
    ENUM(r_base, "Recency counts from the local day of as_of, or of the last µs before it."),
    ENUM(f_basis, "Frequency: counted orders; distinct local days with one; sale rows of counted orders; counted orders − 1."),
    ENUM(m_basis, "Monetary: sales − refunds; sales of counted orders; sales − refunds per frequency (half-even); largest net order."),
    ENUM(policy, "How values become scores; default is midrank, and split for map cn8."),
    ENUM_OF(policy_r, policy_values, "Policy of recency alone."),
    ENUM_OF(policy_f, policy_values, "Policy of frequency alone."),
    ENUM_OF(policy_m, policy_values, "Policy of monetary value alone."),
    ENUM_OF(base, policy_values, "Policy inside nested, and of the scores that split_on score splits; default midrank."),
    INT32(k, 2, 10, "Scores 1 … k, highest best; default 5 (map pymc5: 4)."),
    INT32(k_r, 2, 10, "k of recency alone."),
    INT32(k_f, 2, 10, "k of frequency alone."),
    INT32(k_m, 2, 10, "k of monetary value alone."),
    ENUM(ties, "Rank that equal values share under policy pct_rank."),
    ENUM(duplicates, "Equal quantile edges under quantile_right: an error, or merged into fewer classes."),
    ENUM(split_by, "Where policy split cuts; default mean."),
    ENUM_OF(split_by_r, split_by_values, "split_by of recency alone."),
    ENUM_OF(split_by_f, split_by_values, "split_by of frequency alone."),
    ENUM_OF(split_by_m, split_by_values, "split_by of monetary value alone."),
    ENUM(split_on, "Map cn8 splits the values themselves, or their 1 … k scores by policy base."),
    ENUM(compare, "Whether a value on the split is high: gt no (default), ge yes."),
    ENUM(map, "Segment map; user is chosen by giving list segments."),
    ENUM(cn8_convention, "R bit of map cn8: 1 = recent, or 1 = many days ago (价值 and 保持 swap)."),
    ENUM(cn8_names, "Names of the eight segments."),
    PDM__OPTION_BOOL(pdm_rfm_options, ordered, "List segments: the first match wins; without it overlap is an error."),
    ENUM(thresholds, "Later windows are scored by their own cuts, or by those of the first window."),
    PDM__OPTION_BOOL(pdm_rfm_options, absent_detail, "Migration tells new from dormant customers, and calls the gone lost."),
    ENUM(tiers, "Membership tiers: none, by amounts, or by shares of the customers from the top."),
    ENUM(tier_value, "Column that tiers are made from."),
    {.name = "as_of",
     .type = PDM_OPTION_TIME,
     .offset = offsetof(pdm_rfm_options, as_of),
     .minimum = -INT64_MAX,
     .maximum = INT64_MAX,
     .fallback = PDM_ZERO_INT64,
     .unit = "µs",
     .doc = "Instant (exclusive) up to which data are looked at; default local midnight after the largest row time; windows: their to."},
    INT64(delta_r, 1, "days", "Added to the cuts of R under quantile_rfm_r."),
    INT64(delta_f, 1, "of the frequency", "Added to the cuts of F under quantile_rfm_r."),
    INT64(delta_m, 1, "minor units", "Added to the cuts of M under quantile_rfm_r (the R package adds 1 in the unit of its data)."),
    INT64(split_r, 0, "days or score", "Split of R for split_by value."),
    INT64(split_f, 0, "of the frequency, or score", "Split of F for split_by value."),
    INT64(split_m, 0, "minor units or score", "Split of M for split_by value."),
    {.name = "other_name",
     .type = PDM_OPTION_TEXT,
     .offset = offsetof(pdm_rfm_options, other_name),
     .unit = "",
     .doc = "Segment of codes that list segments does not cover, and of customers without a score; default Other."},
};

/* ---- lists ---- */

static const pdm_column_info window_columns[] = {
    {.name = "name", .role = PDM_ROLE_TEXT, .required = 1, .unit = "", .doc = "Name of the window."},
    {.name = "from", .role = PDM_ROLE_TIME, .nullable = 1, .unit = "µs", .doc = "First instant; null = since ever."},
    {.name = "to", .role = PDM_ROLE_TIME, .required = 1, .unit = "µs", .doc = "End, exclusive."},
    {.name = "as_of", .role = PDM_ROLE_TIME, .nullable = 1, .unit = "µs", .doc = "Instant up to which refunds are known; null = to."},
};

#define BOUND(text_name, text)                                                                                         \
    { .name = text_name, .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "score", .doc = text }

static const pdm_column_info segment_columns[] = {
    {.name = "segment", .role = PDM_ROLE_TEXT, .required = 1, .unit = "", .doc = "Name; rows with one name are one segment."},
    {.name = "label_zh", .role = PDM_ROLE_TEXT, .nullable = 1, .unit = "", .doc = "Chinese label."},
    {.name = "rank", .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "", .doc = "Rank for migration, 1 = best; default: order of rows."},
    {.name = "code", .role = PDM_ROLE_TEXT, .nullable = 1, .unit = "", .doc = "A single code such as 555 (10-3-1 for k = 10)."},
    BOUND("r_lo", "Lowest R score of the box."),
    BOUND("r_hi", "Highest R score."),
    BOUND("f_lo", "Lowest F score."),
    BOUND("f_hi", "Highest F score."),
    BOUND("m_lo", "Lowest M score."),
    BOUND("m_hi", "Highest M score."),
};

static const pdm_column_info threshold_columns[] = {
    {.name = "dimension", .role = PDM_ROLE_TEXT, .required = 1, .unit = "", .doc = "r, f or m."},
    {.name = "cut",
     .role = PDM_ROLE_INTEGER,
     .nullable = 1,
     .unit = "days, orders, minor units",
     .doc = "Smallest value of the next class; k − 1 non-decreasing cuts a dimension; null rows are passed over."},
};

static const pdm_list_info lists[] = {
    [RFM_LIST_WINDOWS] = {.name = "windows",
                          .columns = window_columns,
                          .column_count = PDM__COUNT(window_columns),
                          .doc = "Time windows; without it one window \"all\" up to as_of. Two or more: migration between neighbours."},
    [RFM_LIST_SEGMENTS] = {.name = "segments",
                           .columns = segment_columns,
                           .column_count = PDM__COUNT(segment_columns),
                           .doc = "A segment map of one's own: boxes of scores, or single codes."},
    [RFM_LIST_THRESHOLDS] = {.name = "thresholds",
                             .columns = threshold_columns,
                             .column_count = PDM__COUNT(threshold_columns),
                             .doc = "Cuts for policy fixed; the result's table thresholds fits."},
    [RFM_LIST_TIERS] = {.name = "tiers",
                        .columns = pdm__tier_list_columns,
                        .column_count = PDM__COUNT(pdm__tier_list_columns),
                        .doc = "Tiers with cuts, or with shares (best first); default gold 0.2, silver 0.3, bronze 0.5."},
};

/* ---- results ---- */

#define COLUMN(text_name, data_type, of, text) \
    { .name = text_name, .type = data_type, .unit = of, .doc = text }
#define I32(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT32, of, text)
#define I64(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT64, of, text)
#define F64(text_name, of, text) COLUMN(text_name, PDM_TYPE_FLOAT64, of, text)
#define TIME(text_name, text) COLUMN(text_name, PDM_TYPE_TIMESTAMP_US, "µs", text)
#define TEXT(text_name, text) COLUMN(text_name, PDM_TYPE_LARGE_UTF8, "", text)
#define WORD(text_name, text) COLUMN(text_name, PDM_TYPE_DICTIONARY, "", text)
#define KEY(text_name, text) COLUMN(text_name, PDM_TYPE_NONE, "", text)
#define WINDOW WORD("window", "Name of the window.")

static const pdm_result_column_info rfm_columns[] = {
    WINDOW,
    KEY("customer_id", "Customer, ascending within a window."),
    I32("recency_days", "days", "Local days since the last counted order."),
    I64("frequency", "see f_basis", "How often."),
    I64("monetary", "minor units", "How much, see m_basis."),
    TIME("first_time", "First counted order."),
    TIME("last_time", "Last counted order."),
    I64("orders", "orders", "Counted orders."),
    I64("gmv", "minor units", "Sales of counted orders."),
    I64("refunds", "minor units", "Refunds that count in the window (refund_policy gross: 0)."),
    I64("net", "minor units", "Sales of all orders of the window − refunds."),
    I32("r_score", "score", "1 … k, k = most recent."),
    I32("f_score", "score", "1 … k."),
    I32("m_score", "score", "1 … k."),
    WORD("code", "Scores R F M as text; bits for map cn8."),
    I32("segment_id", "", "Segment, from 1 on."),
    WORD("segment", "Its name."),
};

/* Columns of segments and of tier_segments after the group's own. */
#define GROUP_COLUMNS                                                                                                  \
    I64("customers", "customers", "Customers in it."), F64("share", "of customers", "Share of the customers."),        \
        I64("orders", "orders", "Counted orders."), I64("gmv", "minor units", "Sales of counted orders."),             \
        F64("gmv_share", "of gmv", "Share of gmv."), I64("net", "minor units", "Sales − refunds."),                    \
        F64("aov", "minor units per order", "gmv / orders (笔单价)."),                                                 \
        F64("per_customer", "minor units per customer", "gmv / customers (客单价)."),                                  \
        I64("repeat_customers", "customers", "With two or more counted orders."),                                      \
        F64("repeat_rate", "of customers", "repeat_customers / customers (复购率)."),                                  \
        F64("mean_recency_days", "days", "Mean of recency_days."), F64("mean_frequency", "", "Mean of frequency."),    \
        F64("mean_monetary", "minor units", "Mean of monetary."), I64("min_recency_days", "days", "Least recency_days."), \
        I64("max_recency_days", "days", "Largest recency_days."), I64("min_frequency", "", "Least frequency."),        \
        I64("max_frequency", "", "Largest frequency."), I64("min_monetary", "minor units", "Least monetary."),         \
        I64("max_monetary", "minor units", "Largest monetary.")

static const pdm_result_column_info segment_table_columns[] = {
    WINDOW,
    I32("segment_id", "", "Segment; null in the total row."),
    TEXT("segment", "Its name; total in the last row of a window."),
    TEXT("segment_zh", "Its Chinese label."),
    GROUP_COLUMNS,
};

static const pdm_result_column_info threshold_table_columns[] = {
    WINDOW,
    WORD("dimension", "r, f or m; r_score, f_score, m_score where scores were split."),
    I32("within_r", "score", "Policy nested: R score of the group."),
    I32("within_f", "score", "Policy nested: F score of the group."),
    I32("class", "", "Class by rising value, from 1 on."),
    I32("score", "score", "Score of its members."),
    I64("customers", "customers", "Members."),
    I64("value_min", "days, orders, minor units", "Their least value."),
    I64("value_max", "days, orders, minor units", "Their largest value."),
    I64("cut", "days, orders, minor units", "Smallest value in this class or a higher one; none: largest value + 1."),
    F64("split", "days, orders, minor units", "Policy split: where."),
};

static const pdm_result_column_info stats_columns[] = {
    WINDOW,
    I64("rows", "rows", "Rows taken by the state."),
    I64("rows_null", "rows", "Left out for a null."),
    I64("rows_duplicate", "rows", "Left out as repeats of an event_id."),
    I64("rows_outside", "rows", "Of orders, or unlinked refunds, outside the window."),
    I64("refund_rows_linked", "rows", "Refunds of orders of the window."),
    I64("refund_rows_unlinked", "rows", "Refunds of no known order, by their own time in the window."),
    I64("refunds_unmatched", "rows", "Of these: aimed at an order that is not there."),
    I64("refund_rows_late", "rows", "Refunds at or after as_of, not known yet."),
    I64("customers", "customers", "With a counted order."),
    I64("customers_without_order", "customers", "Seen, but without a counted order in the window."),
    I64("money_without_order", "minor units", "Their sales − refunds."),
    TIME("from", "First instant of the window."),
    TIME("to", "Its end, exclusive."),
    TIME("as_of", "Instant from which recency counts."),
};

static const pdm_result_column_info map_columns[] = {
    I32("segment_id", "", "Segment."),
    TEXT("segment", "Its name."),
    TEXT("segment_zh", "Its Chinese label."),
    I32("rank", "", "Rank for migration, 1 = best."),
    I64("codes", "codes", "Codes that are in it."),
    COLUMN("reachable", PDM_TYPE_BOOL, "", "Whether any code is."),
};

static const pdm_result_column_info coverage_columns[] = {
    TEXT("code", "Scores R F M."),
    TEXT("segment", "Segment it is in."),
    WORD("status", "ok, unassigned or overlap."),
    TEXT("all_matching", "All segments it matches, separated by |."),
};

static const pdm_result_column_info migration_columns[] = {
    TEXT("from_window", "Earlier window."),
    TEXT("to_window", "Later window."),
    TEXT("from_segment", "Segment there; absent (or new, dormant): no counted order in it."),
    TEXT("to_segment", "Segment here; absent (or lost): no counted order in it."),
    I64("customers", "customers", "Who moved so."),
    F64("row_share", "of from_segment", "Share of the row."),
    F64("col_share", "of to_segment", "Share of the column."),
    I32("rank_change", "", "from rank − to rank, above 0 = better; null with absent."),
};

static const pdm_result_column_info migration_summary_columns[] = {
    TEXT("from_window", "Earlier window."),
    TEXT("to_window", "Later window."),
    I64("in_both", "customers", "With a counted order in both."),
    I64("upgraded", "customers", "To a better rank."),
    I64("unchanged", "customers", "Of the same rank."),
    I64("downgraded", "customers", "To a worse rank."),
    F64("upgrade_rate", "of in_both", "upgraded / in_both."),
    F64("downgrade_rate", "of in_both", "downgraded / in_both."),
    I64("lost", "customers", "In the earlier window only."),
    F64("lost_rate", "of the earlier window", "lost / its customers."),
    I64("joined", "customers", "In the later window only."),
    F64("joined_share", "of the later window", "joined / its customers."),
};

static const pdm_result_column_info tier_columns[] = {
    WINDOW,
    KEY("customer_id", "Customer, ascending within a window."),
    I64("value", "see tier_value", "What the tier is made from."),
    I32("tier_id", "", "1 = lowest tier."),
    WORD("tier", "Its name."),
};

static const pdm_result_column_info tier_segment_columns[] = {
    WINDOW,
    I32("tier_id", "", "1 = lowest tier; null in the total row."),
    TEXT("tier", "Its name; total in the last row of a window."),
    TEXT("tier_zh", "Its Chinese label."),
    GROUP_COLUMNS,
};

static const pdm_result_column_info tier_cut_columns[] = {
    WINDOW,
    I32("tier_id", "", "1 = lowest tier."),
    TEXT("tier", "Its name."),
    TEXT("tier_zh", "Its Chinese label."),
    I64("cut", "see tier_value", "Smallest value of the tier: as given, or as found; null: none, or nobody."),
    F64("share", "of customers", "Share asked for (tiers share)."),
};

#define TABLE(text_name, table_columns, if_asked, text)                                                                \
    {                                                                                                                  \
        .name = text_name, .columns = table_columns, .column_count = PDM__COUNT(table_columns), .optional = if_asked, .doc = text \
    }

const pdm_table_info pdm__rfm_tables[] = {
    [RFM_TABLE_RFM] = TABLE("rfm", rfm_columns, 0, "A customer with a counted order in a window."),
    [RFM_TABLE_SEGMENTS] = TABLE("segments", segment_table_columns, 0, "A segment of a window, and their total."),
    [RFM_TABLE_THRESHOLDS] = TABLE("thresholds", threshold_table_columns, 0, "A class of a dimension."),
    [RFM_TABLE_STATS] = TABLE("stats", stats_columns, 0, "A window: what was counted, what was left out and why."),
    [RFM_TABLE_MAP] = TABLE("map", map_columns, 1, "A segment of the map (not with map none)."),
    [RFM_TABLE_COVERAGE] = TABLE("coverage", coverage_columns, 1, "A code, and the segments of list segments that match it."),
    [RFM_TABLE_MIGRATION] = TABLE("migration", migration_columns, 1, "A move from a segment of a window to one of the next."),
    [RFM_TABLE_MIGRATION_SUMMARY] =
        TABLE("migration_summary", migration_summary_columns, 1, "A pair of neighbouring windows."),
    [RFM_TABLE_TIERS] = TABLE("tiers", tier_columns, 1, "A customer and the tier it is in."),
    [RFM_TABLE_TIER_SEGMENTS] = TABLE("tier_segments", tier_segment_columns, 1, "A tier of a window, and their total."),
    [RFM_TABLE_TIER_CUTS] = TABLE("tier_cuts", tier_cut_columns, 1, "A tier and where it begins."),
};

/* ---- entry ---- */

static const pdm__metric_ops ops = {
    .check = pdm__rfm_check, .prepare = pdm__rfm_prepare, .select = pdm__rfm_select, .result = pdm__rfm_result};

const pdm_metric pdm__metric_rfm = {
    .name = "rfm",
    .version = 1,
    .options_size = sizeof(pdm_rfm_options),
    .summary = "Who bought how recently, how often and for how much, and what that makes of them.",
    .title = "RFM segments",
    .title_zh = "RFM 客户分群",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = PDM__COUNT(pdm__rfm_tables),
    .tables = pdm__rfm_tables,
    .ops = &ops,
};

pdm_status pdm_rfm_create(pdm_context *context, const pdm_rfm_options *given, pdm_state **out, pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_rfm, given, out, err);
}

pdm_status pdm_rfm_compute(pdm_context *context, const pdm_rfm_options *given, const pdm_batch *batch, pdm_result **out,
                           pdm_error *err) {
    return pdm_compute(context, &pdm__metric_rfm, given, batch, out, err);
}
