/* Retention's face: what it takes, what it gives, its registry entry. */
#include "core/common_options.h"
#include "metrics/registry.h"
#include "metrics/retention_internal.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [RET_UNIT] =
        {.name = "unit", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Who is counted: user, customer …"},
    [RET_TIME] = {.name = "time", .role = PDM_ROLE_TIME, .required = 1, .unit = "µs", .doc = "When it happened."},
    [RET_START] = {.name = "start",
                   .role = PDM_ROLE_FLAG,
                   .nullable = 1,
                   .unit = "",
                   .doc = "Whether the row forms cohorts: sign-up, first order; without the column every row does."},
    [RET_RETURN] = {.name = "return",
                    .role = PDM_ROLE_FLAG,
                    .nullable = 1,
                    .unit = "",
                    .doc = "Whether the row says that the unit came back; without the column every row does."},
    [RET_START_ANY] = {.name = "start_any",
                       .role = PDM_ROLE_FLAG,
                       .nullable = 1,
                       .unit = "",
                       .doc =
                           "Start before the filter on properties, for cohort_entry first_ever; every start is one."},
    [RET_VALUE] = {.name = "value",
                   .role = PDM_ROLE_MONEY,
                   .nullable = 1,
                   .unit = "minor units",
                   .doc = "Value of a return row, refunds negative; required for retained_value. Null is 0."},
    [RET_HOLD] = {.name = "hold",
                  .role = PDM_ROLE_KEY,
                  .nullable = 1,
                  .unit = "",
                  .doc =
                      "Value that start and return must share, for hold_constant column; rows with null do not count."},
    [RET_BREAKDOWN] = {.name = "breakdown",
                       .role = PDM_ROLE_KEY,
                       .nullable = 1,
                       .unit = "",
                       .doc =
                           "Value to break down by; required for any breakdown_by. Null and '' are the empty value."},
    [RET_EVENT_ID] = {.name = "event_id",
                      .role = PDM_ROLE_KEY,
                      .unit = "",
                      .doc = "Identity of the row; required for dedupe event_id."},
};

/* ---- options ---- */

static const char *const cohort_entry_values[] = {"first_time", "recurring", "first_ever", NULL};
static const char *const mode_values[] = {"n_day", "on_or_after", "brackets", NULL};
static const char *const clock_values[] = {"calendar", "rolling_24h", NULL};
static const char *const denominator_values[] = {"cohort_size", "previous_interval", NULL};
static const char *const floor_values[] = {"none", "hour", "day", NULL};
static const char *const window_entry_values[] = {"first_in_period", "every_start", NULL};
static const char *const future_cells_values[] = {"null", "zero", NULL};
static const char *const hold_constant_values[] = {"none", "column", NULL};
static const char *const average_values[] = {"weighted", "simple", "none", NULL};

#define ENUM(member, text) PDM__OPTION_ENUM(pdm_retention_options, member, member##_values, text)

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_retention_options),
    PDM__OPTION_DEDUPE(pdm_retention_options),
    PDM__OPTION_ZERO_DENOMINATOR(pdm_retention_options),
    PDM__OPTION_NAIVE_TIME(pdm_retention_options),
    PDM__OPTION_CURRENCY_EXPONENT(pdm_retention_options),
    PDM__OPTION_ENUM(pdm_retention_options, period, pdm__period_values, "Calendar period of cohorts and intervals."),
    ENUM(cohort_entry, "A unit enters by its first start in history, by the first of each period, or by its first "
                       "start_any row if that is a start."),
    PDM__OPTION_COUNT(pdm_retention_options, intervals, 1, 10000, 12, "intervals",
                      "Columns 0 … intervals − 1; without date_from also the number of cohorts."),
    ENUM(mode, "Came back in interval k; in k or that of a later column; in a bracket of list brackets."),
    ENUM(clock, "Intervals are local periods, or run from the unit's own start (24 h, 7·24 h, 30·24 h)."),
    PDM__OPTION_COUNT(pdm_retention_options, min_occurrences, 1, INT32_MAX, 1, "rows",
                      "Return rows needed in one interval, or in the bracket; never in column 0."),
    ENUM(denominator, "The rate is of the cohort, or of those retained in the column before."),
    ENUM(floor, "Times of rolling_24h are rounded down to the local hour or day first."),
    ENUM(window_entry, "Windows of rolling_24h run from the first start of the period, or from every one."),
    ENUM(future_cells, "What cells are whose interval begins after as_of."),
    PDM__OPTION_ENUM(
        pdm_retention_options, breakdown_by, pdm__breakdown_by_values,
        "Value of column breakdown that a unit counts under: of the row that forms the cohort, each by itself, of its last row."),
    ENUM(hold_constant, "Start and return must share the value of column hold: units with a value are counted."),
    ENUM(average, "Table average: sums over sums, mean of the cohorts' rates, or no such table."),
    PDM__OPTION_BOOL(pdm_retention_options, retained_value, "Value columns and ltv, from column value of return rows."),
    PDM__OPTION_BOOL(pdm_retention_options, list_units, "Makes table units: who is in which cell."),
    PDM__OPTION_TIME(pdm_retention_options, date_from,
                     "A local day, by any instant of it: its period is the first cohort. Default: intervals cohorts."),
    PDM__OPTION_TIME(pdm_retention_options, date_to,
                     "A local day, by any instant of it: its period is the last cohort. Default that of as_of."),
    PDM__OPTION_AS_OF(pdm_retention_options),
    PDM__OPTION_CONF_LEVEL(pdm_retention_options),
};

/* ---- lists ---- */

static const pdm_column_info bracket_columns[] = {
    {.name = "from",
     .role = PDM_ROLE_INTEGER,
     .required = 1,
     .unit = "intervals",
     .doc = "First interval, 1 or more …"},
    {.name = "to", .role = PDM_ROLE_INTEGER, .required = 1, .unit = "intervals", .doc = "… and last one, inclusive."},
};

static const pdm_column_info cost_columns[] = {
    {.name = "cohort",
     .role = PDM_ROLE_TIME,
     .required = 1,
     .unit = "µs",
     .doc = "Any instant of the cohort's period."},
    {.name = "cost",
     .role = PDM_ROLE_MONEY,
     .required = 1,
     .unit = "minor units",
     .doc = "Spent to acquire the cohort (获客成本); rows of one cohort add up."},
    {.name = "group",
     .role = PDM_ROLE_KEY,
     .nullable = 1,
     .unit = "",
     .doc = "Value of the breakdown that it was spent on; null = the empty value, or no breakdown."},
};

static const pdm_list_info lists[] = {
    [RET_LIST_BRACKETS] = {.name = "brackets",
                           .columns = bracket_columns,
                           .column_count = PDM__COUNT(bracket_columns),
                           .doc = "Ranges of intervals for mode brackets; they may overlap."},
    [RET_LIST_COSTS] = {.name = "costs",
                        .columns = cost_columns,
                        .column_count = PDM__COUNT(cost_columns),
                        .doc = "Acquisition cost of cohorts: makes table payback. Needs retained_value."},
};

/* ---- output ---- */

#define COLUMN(text_name, data_type, of, text) {.name = text_name, .type = data_type, .unit = of, .doc = text}
#define I32(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT32, of, text)
#define I64(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT64, of, text)
#define F64(text_name, of, text) COLUMN(text_name, PDM_TYPE_FLOAT64, of, text)
#define TIME(text_name, text) COLUMN(text_name, PDM_TYPE_TIMESTAMP_US, "µs", text)
#define GROUP                                                                                                          \
    COLUMN("group", PDM_TYPE_LARGE_UTF8, "", "Value of the breakdown; null = the empty value, or no breakdown.")
#define COHORT TIME("cohort_start", "First instant of the cohort's period."), I64("cohort", "periods", "Its index.")

static const pdm_result_column_info cell_columns[] = {
    GROUP,
    COHORT,
    I32("k", "", "Interval, or number of the bracket; 0 = the cohort itself."),
    I64("interval_from", "intervals", "First interval of the column."),
    I64("interval_to", "intervals", "Last interval of it."),
    I64("size", "units", "Units that entered the cohort."),
    I64("retained", "units", "Of these, that came back (column 0: all); null in the future."),
    I64("num", "units", "Numerator of the rate: retained."),
    I64("den", "units", "Denominator of the rate."),
    F64("rate", "of den", "Retention rate (留存率)."),
    F64("lo", "of den", "Lower end of its Wilson interval; null where num exceeds den."),
    F64("hi", "of den", "Upper end of its Wilson interval."),
    COLUMN("status", PDM_TYPE_DICTIONARY, "", "complete; partial (as_of lies inside: a lower bound); future."),
    I64("value_sum", "minor units", "Value of the cohort's return rows in the interval; null without retained_value."),
    F64("value_per_unit", "minor units", "value_sum / size."),
    F64("value_per_retained", "minor units", "value_sum / retained."),
    F64("value_rate", "of column 0", "value_sum / that of column 0; null with brackets."),
    I64("value_cum", "minor units", "Sum of value_sum up to this column; null with brackets."),
    F64("ltv", "minor units", "value_cum / size: cumulative value of an acquired unit; null with brackets."),
    F64("value_to_cost", "of cost", "value_cum / acquisition cost of the cohort; null without one."),
};

static const pdm_result_column_info average_columns[] = {
    GROUP,
    I32("k", "", "Interval, or number of the bracket."),
    I64("interval_from", "intervals", "First interval of the column."),
    I64("interval_to", "intervals", "Last interval of it."),
    I64("cohorts", "cohorts", "With a complete cell: only those count."),
    I64("num", "units", "Sum of their numerators."),
    I64("den", "units", "Sum of their denominators."),
    F64("rate", "of den", "num / den; average simple: mean of their rates."),
    F64("lo", "of den",
        "Lower end of the Wilson interval of num / den; null with average simple, or where num exceeds den."),
    F64("hi", "of den", "Upper end of it."),
    F64("ltv", "minor units", "Sum of their value_cum / sum of their sizes; average simple: mean of their ltv."),
};

static const pdm_result_column_info payback_columns[] = {
    GROUP,
    COHORT,
    I64("size", "units", "Units that entered the cohort."),
    I64("cost", "minor units", "Acquisition cost of the cohort."),
    F64("cost_per_unit", "minor units", "cost / size (单客成本)."),
    I32("k", "intervals", "Last interval that has begun; null if none has."),
    I64("value_cum", "minor units", "Value of the cohort up to it."),
    F64("ltv", "minor units", "value_cum / size."),
    F64("value_to_cost", "of cost", "value_cum / cost."),
    I32("payback", "intervals",
        "First interval by whose end the value has reached the cost (回本周期); null = not yet."),
    COLUMN("status", PDM_TYPE_DICTIONARY, "",
           "paid_back: in a complete interval; provisional: in one that is not over; open: not yet."),
};

static const pdm_result_column_info unit_columns[] = {
    GROUP,
    COHORT,
    I32("k", "", "Interval, or number of the bracket."),
    COLUMN("unit", PDM_TYPE_NONE, "",
           "Unit that counts in the cell, ascending; once, whatever it was held constant by."),
};

static const pdm_result_column_info total_columns[] = {
    I64("rows", "rows", "Rows taken by the state."),
    I64("rows_null", "rows", "Left out for a null."),
    I64("units", "units",
        "Of which a row is kept: a start or return; with breakdown_by latest any row, with first_ever a start_any too."),
    I64("entries", "units", "Sum of the sizes of the cohorts shown."),
};

#define TABLE(text_name, table_columns, if_asked, text)                                                                \
    {.name = text_name,                                                                                                \
     .columns = table_columns,                                                                                         \
     .column_count = PDM__COUNT(table_columns),                                                                        \
     .optional = if_asked,                                                                                             \
     .doc = text}

const pdm_table_info pdm__retention_tables[RET_TABLES] = {
    [RET_CELLS] = TABLE("cells", cell_columns, 0, "A column of a cohort, in a group."),
    [RET_AVERAGE] =
        TABLE("average", average_columns, 1, "A column over all cohorts of a group (not with average none)."),
    [RET_PAYBACK] = TABLE("payback", payback_columns, 1, "A cohort with an acquisition cost (list costs)."),
    [RET_UNITS] = TABLE("units", unit_columns, 1, "A unit in a cell (option list_units)."),
    [RET_TOTALS] = TABLE("totals", total_columns, 0, "What was counted, and what was left out."),
};

/* ---- entry ---- */

static const pdm__metric_ops ops = {.check = pdm__retention_check,
                                    .prepare = pdm__retention_prepare,
                                    .essence = pdm__retention_essence,
                                    .select = pdm__retention_select,
                                    .verify = pdm__retention_verify,
                                    .result = pdm__retention_result};

const pdm_metric pdm__metric_retention = {
    .name = "retention",
    .version = 1,
    .options_size = sizeof(pdm_retention_options),
    .summary = "How many units of each cohort come back, when, and what they are worth.",
    .title = "Cohorts and retention",
    .title_zh = "同期群与留存",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = RET_TABLES,
    .tables = pdm__retention_tables,
    .ops = &ops,
};

pdm_status pdm_retention_create(pdm_context *context, const pdm_retention_options *given, pdm_state **out,
                                pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_retention, given, out, err);
}

pdm_status pdm_retention_compute(pdm_context *context, const pdm_retention_options *given, const pdm_batch *batch,
                                 pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_retention, given, batch, out, err);
}
