/* What RFM gives: its result tables, column by column. rfm_tables.c and its neighbours fill them. */
#include "metrics/rfm_internal.h"

#define COLUMN(text_name, data_type, of, text) {.name = text_name, .type = data_type, .unit = of, .doc = text}
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
        F64("mean_monetary", "minor units", "Mean of monetary."),                                                      \
        I64("min_recency_days", "days", "Least recency_days."),                                                        \
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
    TIME("from", "First instant of the window; null = since ever."),
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
    {.name = text_name,                                                                                                \
     .columns = table_columns,                                                                                         \
     .column_count = PDM__COUNT(table_columns),                                                                        \
     .optional = if_asked,                                                                                             \
     .doc = text}

const pdm_table_info pdm__rfm_tables[RFM_TABLES] = {
    [RFM_TABLE_RFM] = TABLE("rfm", rfm_columns, 0, "A customer with a counted order in a window."),
    [RFM_TABLE_SEGMENTS] = TABLE("segments", segment_table_columns, 0, "A segment of a window, and their total."),
    [RFM_TABLE_THRESHOLDS] = TABLE("thresholds", threshold_table_columns, 0, "A class of a dimension."),
    [RFM_TABLE_STATS] = TABLE("stats", stats_columns, 0, "A window: what was counted, what was left out and why."),
    [RFM_TABLE_MAP] = TABLE("map", map_columns, 1, "A segment of the map (not with map none)."),
    [RFM_TABLE_COVERAGE] =
        TABLE("coverage", coverage_columns, 1, "A code, and the segments of list segments that match it."),
    [RFM_TABLE_MIGRATION] =
        TABLE("migration", migration_columns, 1, "A move from a segment of a window to one of the next."),
    [RFM_TABLE_MIGRATION_SUMMARY] =
        TABLE("migration_summary", migration_summary_columns, 1, "A pair of neighbouring windows."),
    [RFM_TABLE_TIERS] = TABLE("tiers", tier_columns, 1, "A customer and the tier it is in."),
    [RFM_TABLE_TIER_SEGMENTS] = TABLE("tier_segments", tier_segment_columns, 1, "A tier of a window, and their total."),
    [RFM_TABLE_TIER_CUTS] = TABLE("tier_cuts", tier_cut_columns, 1, "A tier and where it begins."),
};
