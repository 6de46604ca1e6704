/* RFM's face: what it takes, what it gives, its registry entry. */
#include "core/common_options.h"
#include "metrics/registry.h"
#include "metrics/rfm_internal.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [RFM_CUSTOMER] = {.name = "customer_id", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Who bought."},
    [RFM_ORDER] =
        {.name = "order_id",
         .role = PDM_ROLE_KEY,
         .unit = "",
         .doc =
             "Order the line belongs to; required for grain line. Rows of one customer with the same id are one order."},
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
    [RFM_EVENT_ID] = {.name = "event_id",
                      .role = PDM_ROLE_KEY,
                      .unit = "",
                      .doc = "Identity of the row; required for dedupe event_id."},
};

/* ---- options ---- */

static const char *const grain_values[] = {"line", "order", NULL};
static const char *const refund_policy_values[] = {"net_in_M_keep_F", "drop_fully_refunded", "gross", NULL};
static const char *const refund_cutoff_values[] = {"as_of", "none", NULL};
static const char *const r_base_values[] = {"as_of_day", "last_day", NULL};
static const char *const f_basis_values[] = {"orders", "days", "rows", "repeat", NULL};
static const char *const m_basis_values[] = {"net_sum", "gross_sum", "net_mean", "net_max", NULL};
static const char *const policy_values[] = {
    "default",        "midrank", "pct_rank", "ntile", "rank_first", "quantile_right",
    "quantile_rfm_r", "fixed",   "nested",   "split", NULL};
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
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_INT32,                                                                                         \
     .offset = offsetof(pdm_rfm_options, member),                                                                      \
     .minimum = low,                                                                                                   \
     .maximum = high,                                                                                                  \
     .unit = "",                                                                                                       \
     .doc = text}
#define INT64(member, base, of, text)                                                                                  \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_INT64,                                                                                         \
     .offset = offsetof(pdm_rfm_options, member),                                                                      \
     .minimum = -INT64_MAX,                                                                                            \
     .maximum = INT64_MAX,                                                                                             \
     .fallback = base,                                                                                                 \
     .unit = of,                                                                                                       \
     .doc = text}

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
    ENUM(
        refund_policy,
        "Refunds lower money but the order still counts; or a fully refunded order does not count; or they are ignored."),
    ENUM(refund_cutoff, "Refunds at or after as_of are not known yet; or history is restated with all refunds."),
    PDM__OPTION_BOOL(pdm_rfm_options, count_zero_orders, "Orders with sale 0 (gifts) count too."),
    ENUM(r_base, "Recency counts from the local day of as_of, or of the last µs before it."),
    ENUM(f_basis,
         "Frequency: counted orders; distinct local days with one; sale rows of counted orders; counted orders − 1."),
    ENUM(
        m_basis,
        "Monetary: sales − refunds; sales of counted orders; sales − refunds per frequency (half-even); largest net order."),
    ENUM(policy, "How values become scores; default is midrank, and split for map cn8."),
    ENUM_OF(policy_r, policy_values, "Policy of recency alone."),
    ENUM_OF(policy_f, policy_values, "Policy of frequency alone."),
    ENUM_OF(policy_m, policy_values, "Policy of monetary value alone."),
    ENUM_OF(base, policy_values,
            "Policy inside nested, and of the scores that split_on score splits; default midrank."),
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
    PDM__OPTION_BOOL(pdm_rfm_options, absent_detail,
                     "Migration tells new from dormant customers, and calls the gone lost."),
    ENUM(tiers,
         "Membership tiers: none, by amounts, or by shares of the customers from the top; list tiers alone is enough."),
    ENUM(tier_value, "Column that tiers are made from."),
    {.name = "as_of",
     .type = PDM_OPTION_TIME,
     .offset = offsetof(pdm_rfm_options, as_of),
     .minimum = -INT64_MAX,
     .maximum = INT64_MAX,
     .fallback = PDM_ZERO_INT64,
     .unit = "µs",
     .doc =
         "Instant (exclusive) up to which data are looked at; default local midnight after the largest row time; windows: their to."},
    INT64(delta_r, 1, "days", "Added to the cuts of R under quantile_rfm_r."),
    INT64(delta_f, 1, "of the frequency", "Added to the cuts of F under quantile_rfm_r."),
    INT64(delta_m, 1, "minor units",
          "Added to the cuts of M under quantile_rfm_r (the R package adds 1 in the unit of its data)."),
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
    {.name = "as_of",
     .role = PDM_ROLE_TIME,
     .nullable = 1,
     .unit = "µs",
     .doc = "Instant up to which refunds are known; null = to."},
};

#define BOUND(text_name, text)                                                                                         \
    {.name = text_name, .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "score", .doc = text}

static const pdm_column_info segment_columns[] = {
    {.name = "segment",
     .role = PDM_ROLE_TEXT,
     .required = 1,
     .unit = "",
     .doc = "Name; rows with one name are one segment."},
    {.name = "label_zh", .role = PDM_ROLE_TEXT, .nullable = 1, .unit = "", .doc = "Chinese label."},
    {.name = "rank",
     .role = PDM_ROLE_INTEGER,
     .nullable = 1,
     .unit = "",
     .doc = "Rank for migration, 1 = best; default: order of rows."},
    {.name = "code",
     .role = PDM_ROLE_TEXT,
     .nullable = 1,
     .unit = "",
     .doc = "A single code such as 555 (10-3-1 for k = 10)."},
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
    [RFM_LIST_WINDOWS] =
        {.name = "windows",
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
                        .doc =
                            "Tiers with cuts, or with shares (best first); default gold 0.2, silver 0.3, bronze 0.5."},
};

/* ---- entry ---- */

static const pdm__metric_ops ops = {
    .check = pdm__rfm_check,
    .prepare = pdm__rfm_prepare,
    .select = pdm__rfm_select,
    .verify = pdm__rfm_verify,
    .result = pdm__rfm_result,
};

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
    .table_count = RFM_TABLES,
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
