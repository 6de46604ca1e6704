/* Repurchase's face: what it takes, what it gives, its registry entry. */
#include "core/common_options.h"
#include "metrics/registry.h"
#include "metrics/repurchase_internal.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [REPURCHASE_UNIT] =
        {.name = "unit", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Who buys: customer, member, shop …"},
    [REPURCHASE_TIME] =
        {.name = "time", .role = PDM_ROLE_TIME, .required = 1, .unit = "µs", .doc = "When it was bought."},
    [REPURCHASE_ORDER] = {.name = "order_id",
                          .role = PDM_ROLE_KEY,
                          .required = 1,
                          .unit = "",
                          .doc = "Rows of one unit with the same id are one order, at the least of their times."},
    [REPURCHASE_BREAKDOWN] =
        {.name = "breakdown",
         .role = PDM_ROLE_KEY,
         .nullable = 1,
         .unit = "",
         .doc = "Value to break down by: channel, store …; required for any breakdown_by. Null and '' are "
                "the empty value."},
    [REPURCHASE_EVENT_ID] = {.name = "event_id",
                             .role = PDM_ROLE_KEY,
                             .unit = "",
                             .doc = "Identity of the row; required for dedupe event_id."},
};

/* ---- options ---- */

static const char *const period_values[] = {"month", "hour", "day", "week", "quarter", "year", NULL};
static const char *const same_day_values[] = {"separate", "merge", NULL};
static const char *const breakdown_by_values[] = {"none", "entry", "same_value", "latest", NULL};

#define ENUM(member, text) PDM__OPTION_ENUM(pdm_repurchase_options, member, member##_values, text)
#define INSTANT(member, text) PDM__OPTION_TIME(pdm_repurchase_options, member, text)

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_repurchase_options),
    PDM__OPTION_DEDUPE(pdm_repurchase_options),
    PDM__OPTION_ZERO_DENOMINATOR(pdm_repurchase_options),
    PDM__OPTION_NAIVE_TIME(pdm_repurchase_options),
    ENUM(period, "Period of the rates, and of the cohorts of first orders."),
    ENUM(same_day,
         "Orders of a unit on one local day: each counts, or they are one order at the least of their times."),
    ENUM(breakdown_by,
         "Which value of column breakdown a unit counts under: none; of its first row; every value apart, so that only "
         "orders of the same value follow each other; of its last row."),
    INSTANT(date_from,
            "First local day shown, as any instant of it: from its period on; default the period of the first order. "
            "Earlier orders are read all the same."),
    INSTANT(date_to, "Last local day shown, as any instant of it; default the period of as_of."),
    PDM__OPTION_AS_OF(pdm_repurchase_options),
    PDM__OPTION_CONF_LEVEL(pdm_repurchase_options),
    PDM__OPTION_BOOL(pdm_repurchase_options, list_units,
                     "Makes tables units and buyers: who bought when, how often, and who came back."),
};

/* ---- lists ---- */

static const pdm_column_info n_columns[] = {
    {.name = "n",
     .role = PDM_ROLE_INTEGER,
     .required = 1,
     .unit = "days",
     .doc = "Days of 24 h after the first order, within which the second counts; ascending, 1 … 36500."},
};

static const pdm_list_info lists[] = {
    [REPURCHASE_LIST_N] = {.name = "n",
                           .columns = n_columns,
                           .column_count = PDM__COUNT(n_columns),
                           .doc = "The n of the n-day rates; without it 7, 30, 90."},
};

/* ---- tables ---- */

#define COLUMN(text_name, data_type, of, text) {.name = text_name, .type = data_type, .unit = of, .doc = text}
#define I32(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT32, of, text)
#define I64(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT64, of, text)
#define F64(text_name, of, text) COLUMN(text_name, PDM_TYPE_FLOAT64, of, text)
#define FLAG(text_name, text) COLUMN(text_name, PDM_TYPE_BOOL, "", text)
#define TIME(text_name, text) COLUMN(text_name, PDM_TYPE_TIMESTAMP_US, "µs", text)
#define GROUP                                                                                                          \
    COLUMN("group", PDM_TYPE_LARGE_UTF8, "", "Value of the breakdown; null = the empty value, or no breakdown.")
#define PERIOD                                                                                                         \
    TIME("period_start", "First instant of the period."),                                                              \
        I64("period", "periods", "Its index; differences are distances in periods.")
#define RATE(text_name, of, num, den, text)                                                                            \
    I64(text_name "_num", "units", num), I64(text_name "_den", "units", den), F64(text_name, of, text),                \
        F64(text_name "_lo", of, "Lower end of its Wilson interval."),                                                 \
        F64(text_name "_hi", of, "Upper end of its Wilson interval.")
#define SHORT_RATE(of, num, den, text)                                                                                 \
    I64("num", "units", num), I64("den", "units", den), F64("rate", of, text),                                         \
        F64("lo", of, "Lower end of its Wilson interval."), F64("hi", of, "Upper end of its Wilson interval.")
#define QUANTILES                                                                                                      \
    F64("p10", "µs", "Quantile 0.1, type 7."), F64("p25", "µs", "Quantile 0.25, type 7."),                             \
        F64("median", "µs", "Median, type 7."), F64("p75", "µs", "Quantile 0.75, type 7."),                            \
        F64("p90", "µs", "Quantile 0.9, type 7.")

static const pdm_result_column_info period_columns[] = {
    GROUP,
    PERIOD,
    I64("buyers", "units", "That bought in the period."),
    I64("orders", "orders", "Of the period."),
    F64("frequency", "orders per buyer", "orders / buyers (复购频次)."),
    RATE("repeat_rate", "of buyers", "Buyers with two orders or more in the period.", "buyers.",
         "Share that bought twice or more in the period (复购率)."),
    RATE("return_rate", "of buyers", "Buyers that also bought in the next period; null until that one is complete.",
         "buyers.", "Share that bought in the next period too (回购率); null until that one is complete."),
    RATE("returning_share", "of buyers", "Buyers with an order before the period.", "buyers.",
         "Share of old customers (老客占比)."),
    FLAG("complete", "Whether the period is over at as_of."),
};

static const pdm_result_column_info n_table_columns[] = {
    GROUP,
    TIME("cohort_start", "First instant of the period of the first order; null = all cohorts shown, pooled."),
    I64("cohort", "periods", "Its index; null where pooled."),
    I64("n", "days", "Days of 24 h after the first order."),
    I64("size", "units", "Whose first order is in the period."),
    SHORT_RATE("of mature buyers", "Of den: second order at most n days after the first.",
               "Mature: as_of is n days or more after the first order.", "n-day repurchase rate (n 天复购率)."),
    FLAG("complete", "Whether all are mature that could be in the cohort (pooled: in the last one)."),
};

static const pdm_result_column_info ladder_columns[] = {
    GROUP,
    I64("from", "orders", "j."),
    I64("to", "orders", "j + 1."),
    SHORT_RATE("of units with j orders", "Units with j + 1 orders or more.", "Units with j orders or more.",
               "Share that went on to the next order (首次到二次复购 …)."),
    I64("stopped", "units", "With exactly j orders: the next one may still come."),
    F64("mean", "µs", "Mean gap from order j to order j + 1; null where there is none, as are the quantiles."),
    QUANTILES,
};

static const pdm_result_column_info gap_columns[] = {
    GROUP,
    COLUMN("over", PDM_TYPE_DICTIONARY, "", "gaps: every gap counts; units: the median gap of each unit counts once."),
    I64("n", "gaps or units", "How many there are."),
    F64("mean", "µs", "Mean (复购间隔); null where n = 0, as are the quantiles."),
    QUANTILES,
    I64("single_order_units", "units", "With one order only: they have no gap."),
    I64("open_gaps", "units", "Whose last order is not after as_of: the gap since then is not over."),
    F64("open_mean", "µs", "Mean of these gaps, last order to as_of."),
    F64("open_median", "µs", "Their median."),
};

static const pdm_result_column_info totals_columns[] = {
    I64("rows", "rows", "Rows taken by the state, skipped ones included."),
    I64("rows_null", "rows", "Left out for a null."),
    I64("units", "units", "With an order."),
    I64("orders", "orders", "Of all units; under breakdown_by same_value of all (unit, value)."),
    TIME("as_of", "Instant up to which the data are complete; null: no rows, no option."),
};

static const pdm_result_column_info unit_columns[] = {
    COLUMN("unit", PDM_TYPE_NONE, "", "Unit, ascending."),
    GROUP,
    TIME("cohort_start", "First instant of the period of its first order."),
    I64("orders", "orders", "How many it has."),
    TIME("first_time", "Its first order."),
    TIME("second_time", "Its second; null if there is none."),
    TIME("last_time", "Its last order."),
    F64("median_gap", "µs", "Median gap between its orders; null with one order."),
    I64("open_gap", "µs", "From the last order to as_of; null if that is earlier."),
};

static const pdm_result_column_info buyer_columns[] = {
    GROUP,
    PERIOD,
    COLUMN("unit", PDM_TYPE_NONE, "", "Buyer, ascending within a period."),
    I64("orders", "orders", "In the period."),
    FLAG("earlier", "Whether it has an order before the period (老客)."),
    FLAG("returned", "Whether it bought in the next period too; null until that one is complete."),
};

#define TABLE(text_name, table_columns, if_asked, text)                                                                \
    {.name = text_name,                                                                                                \
     .columns = table_columns,                                                                                         \
     .column_count = PDM__COUNT(table_columns),                                                                        \
     .optional = if_asked,                                                                                             \
     .doc = text}

const pdm_table_info pdm__repurchase_tables[REPURCHASE_TABLES] = {
    [REPURCHASE_TABLE_PERIODS] =
        TABLE("periods", period_columns, 0, "A period of a group, from the first to the last."),
    [REPURCHASE_TABLE_N] = TABLE("repurchase_n", n_table_columns, 0,
                                 "A cohort of first orders and an n, and first of each group all cohorts pooled."),
    [REPURCHASE_TABLE_LADDER] = TABLE("ladder", ladder_columns, 0,
                                      "From order j to the next, in a group: j = 1, 2, … as far as somebody gets."),
    [REPURCHASE_TABLE_GAPS] = TABLE("gaps", gap_columns, 0, "Gaps between consecutive orders of a group."),
    [REPURCHASE_TABLE_TOTALS] = TABLE("totals", totals_columns, 0, "What was counted, in one row."),
    [REPURCHASE_TABLE_UNITS] = TABLE("units", unit_columns, 1, "A unit, and a group of it (option list_units)."),
    [REPURCHASE_TABLE_BUYERS] = TABLE("buyers", buyer_columns, 1, "A buyer of a period shown (option list_units)."),
};

/* ---- entry ---- */

static const pdm__metric_ops ops = {
    .check = pdm__repurchase_check,
    .prepare = pdm__repurchase_prepare,
    .essence = pdm__repurchase_essence,
    .select = pdm__repurchase_select,
    .verify = pdm__repurchase_verify,
    .result = pdm__repurchase_result,
};

const pdm_metric pdm__metric_repurchase = {
    .name = "repurchase",
    .version = 1,
    .options_size = sizeof(pdm_repurchase_options),
    .summary = "Who buys again, how soon, how often, and how many get from each order to the next.",
    .title = "Repurchase",
    .title_zh = "复购",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = REPURCHASE_TABLES,
    .tables = pdm__repurchase_tables,
    .ops = &ops,
};

pdm_status pdm_repurchase_create(pdm_context *context, const pdm_repurchase_options *given, pdm_state **out,
                                 pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_repurchase, given, out, err);
}

pdm_status pdm_repurchase_compute(pdm_context *context, const pdm_repurchase_options *given, const pdm_batch *batch,
                                  pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_repurchase, given, batch, out, err);
}
