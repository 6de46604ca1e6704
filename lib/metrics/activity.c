/* Activity's face: what it takes, what it keeps, what it gives. */
#include "core/common_options.h"
#include "metrics/activity_internal.h"
#include "metrics/registry.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [ACT_UNIT] =
        {.name = "unit", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Who is counted: user, customer …"},
    [ACT_TIME] = {.name = "time",
                  .role = PDM_ROLE_TIME,
                  .required = 1,
                  .unit = "µs",
                  .doc = "When it was active: any row counts."},
    [ACT_BREAKDOWN] = {.name = "breakdown",
                       .role = PDM_ROLE_KEY,
                       .nullable = 1,
                       .unit = "",
                       .doc =
                           "Value to break down by; required for any breakdown_by. Null and '' are the empty value."},
    [ACT_EVENT_ID] = {.name = "event_id",
                      .role = PDM_ROLE_KEY,
                      .unit = "",
                      .doc = "Identity of the row; required for dedupe event_id."},
};

static const char *const criteria_values[] = {"gte", "lte", "exact", NULL};

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_activity_options),
    PDM__OPTION_DEDUPE(pdm_activity_options),
    PDM__OPTION_ZERO_DENOMINATOR(pdm_activity_options),
    PDM__OPTION_NAIVE_TIME(pdm_activity_options),
    PDM__OPTION_ENUM(pdm_activity_options, period, pdm__period_values,
                     "Calendar period of stickiness and of table active_periods, local."),
    PDM__OPTION_COUNT(pdm_activity_options, every, 1, 100000, 1, "periods",
                      "Consecutive periods that make a group, from the period of date_from on."),
    PDM__OPTION_ENUM(
        pdm_activity_options, criteria, criteria_values,
        "A group of periods is active if its rows are at least, at most (but one), or exactly criteria_rows."),
    PDM__OPTION_COUNT(pdm_activity_options, criteria_rows, 1, INT32_MAX, 1, "rows", "The number that criteria names."),
    PDM__OPTION_BOOL(pdm_activity_options, cumulative, "Table stickiness: units with j or more active groups."),
    PDM__OPTION_COUNT(pdm_activity_options, mau_days, 1, 3660, 30, "days", "Days of the window of MAU."),
    PDM__OPTION_ENUM(
        pdm_activity_options, breakdown_by, pdm__breakdown_by_values,
        "Value of column breakdown that a unit counts under: of its first row, each by itself, of its last."),
    PDM__OPTION_BOOL(pdm_activity_options, list_units, "Makes table units: who has how many active groups."),
    PDM__OPTION_TIME(
        pdm_activity_options, date_from,
        "First local day, by any instant of it; rows before it count for WAU and MAU only. Default the first row's."),
    PDM__OPTION_TIME(pdm_activity_options, date_to, "Last local day, by any instant of it; default that of as_of."),
    PDM__OPTION_AS_OF(pdm_activity_options),
};

/* ---- output ---- */

#define COLUMN(text_name, data_type, of, text) {.name = text_name, .type = data_type, .unit = of, .doc = text}
#define I64(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT64, of, text)
#define F64(text_name, of, text) COLUMN(text_name, PDM_TYPE_FLOAT64, of, text)
#define TIME(text_name, text) COLUMN(text_name, PDM_TYPE_TIMESTAMP_US, "µs", text)
#define FLAG(text_name, text) COLUMN(text_name, PDM_TYPE_BOOL, "", text)
#define GROUP                                                                                                          \
    COLUMN("group", PDM_TYPE_LARGE_UTF8, "", "Value of the breakdown; null = the empty value, or no breakdown.")

static const pdm_result_column_info stickiness_columns[] = {
    GROUP,
    I64("j", "groups of periods", "Active groups, from 1 to all of the range."),
    I64("units", "units", "With exactly j active groups (cumulative: j or more)."),
    F64("share", "of units", "Of the units with one active group at least."),
};

static const pdm_result_column_info summary_columns[] = {
    GROUP,
    I64("groups", "groups of periods", "In the range."),
    I64("units", "units", "With one active group at least."),
    F64("mean", "groups of periods", "Active groups a unit, of these units."),
    F64("median", "groups of periods", "Median of them."),
};

static const pdm_result_column_info active_columns[] = {
    GROUP,
    TIME("day_start", "First instant of the local day."),
    I64("day", "days", "Its number; day 0 is 1970-01-01."),
    I64("dau", "units", "Active on the day (日活)."),
    I64("wau", "units", "Active on it or in the 6 days before (周活)."),
    I64("mau", "units", "Active on it or in the mau_days − 1 days before (月活)."),
    F64("dau_wau", "of wau", "dau / wau."),
    F64("dau_mau", "of mau", "dau / mau: stickiness of the day."),
    I64("new", "units", "Active for the first time: new in mau."),
    I64("resurrecting", "units", "Back in mau: active before, but not in the mau_days before this day."),
    I64("lost", "units",
        "In mau the day before, not any more. mau = that of the day before + new + resurrecting − lost."),
    F64("quick_ratio", "of lost", "(new + resurrecting) / lost: above 1 the base grows."),
    FLAG("complete", "Whether the day is over at as_of and its longest window begins at the first row or later."),
};

static const pdm_result_column_info period_columns[] = {
    GROUP,
    TIME("period_start", "First instant of the period (hours: of the day)."),
    I64("period", "periods", "Its index."),
    I64("days", "days", "Of it in the range."),
    F64("mean_dau", "units", "Mean of dau over these days."),
    I64("active", "units", "Active on one of these days."),
    I64("mau", "units", "mau of the last of these days."),
    F64("dau_mau", "of mau", "mean_dau / mau."),
    FLAG("complete", "Whether all of its days are shown and the last one is complete."),
};

static const pdm_result_column_info unit_columns[] = {
    GROUP,
    I64("j", "groups of periods", "Active groups."),
    COLUMN("unit", PDM_TYPE_NONE, "", "Unit, ascending for each j."),
};

static const pdm_result_column_info total_columns[] = {
    I64("rows", "rows", "Rows taken by the state."),
    I64("rows_null", "rows", "Left out for a null."),
    I64("units", "units", "With a row."),
};

#define TABLE(text_name, table_columns, if_asked, text)                                                                \
    {.name = text_name,                                                                                                \
     .columns = table_columns,                                                                                         \
     .column_count = PDM__COUNT(table_columns),                                                                        \
     .optional = if_asked,                                                                                             \
     .doc = text}

const pdm_table_info pdm__activity_tables[ACT_TABLES] = {
    [ACT_STICKINESS] = TABLE("stickiness", stickiness_columns, 0, "A number of active groups of periods."),
    [ACT_SUMMARY] = TABLE("summary", summary_columns, 0, "Stickiness of a group in a few numbers."),
    [ACT_ACTIVE] = TABLE("active", active_columns, 0, "A local day of a group: DAU, WAU, MAU."),
    [ACT_PERIODS] = TABLE("active_periods", period_columns, 0, "A period of a group: mean DAU to MAU."),
    [ACT_UNITS] = TABLE("units", unit_columns, 1, "A unit with one active group at least (option list_units)."),
    [ACT_TOTALS] = TABLE("totals", total_columns, 0, "What was counted, and what was left out."),
};

/* ---- state ---- */

static pdm_status check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    const pdm_activity_options *chosen = setup->options;
    (void)list;
    return pdm__dates_check_early(chosen->date_from, chosen->date_to, err);
}

static pdm_status prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_activity_options *chosen = setup->options;
    PDM__TRY(pdm__dates_check(setup->calendar, chosen->date_from, chosen->date_to, err));
    plan->own_size = sizeof(pdm__activity_own);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__activity_own *own = plan->own;
    own->options = chosen;
    own->period = pdm__period_of_option(chosen->period);
    own->activity = (pdm__activity_plan){.calendar = setup->calendar,
                                         .grain = own->period == PDM_PERIOD_HOUR ? PDM_PERIOD_HOUR : PDM_PERIOD_DAY,
                                         .breakdown_by = chosen->breakdown_by,
                                         .counts = chosen->criteria != PDM_ACTIVITY_GTE || chosen->criteria_rows != 1,
                                         .unit_column = ACT_UNIT,
                                         .time_column = ACT_TIME,
                                         .breakdown_column = ACT_BREAKDOWN};
    pdm__activity_prepare(&own->activity, plan);
    plan->use[ACT_EVENT_ID] = chosen->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->dedupe_by_unit = true;
    return PDM_OK;
}

/* ---- entry ---- */

static const pdm__metric_ops ops = {.check = check,
                                    .prepare = prepare,
                                    .essence = pdm__activity_essence,
                                    .select = pdm__activity_select,
                                    .verify = pdm__activity_verify,
                                    .result = pdm__activity_result};

const pdm_metric pdm__metric_activity = {
    .name = "activity",
    .version = 1,
    .options_size = sizeof(pdm_activity_options),
    .summary = "How often units are active, and how many are per day, week and month.",
    .title = "Stickiness and activity",
    .title_zh = "粘性与活跃",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .table_count = ACT_TABLES,
    .tables = pdm__activity_tables,
    .ops = &ops,
};

pdm_status pdm_activity_create(pdm_context *context, const pdm_activity_options *given, pdm_state **out,
                               pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_activity, given, out, err);
}

pdm_status pdm_activity_compute(pdm_context *context, const pdm_activity_options *given, const pdm_batch *batch,
                                pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_activity, given, batch, out, err);
}
