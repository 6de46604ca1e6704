/* What the funnel gives: its result tables, column by column. funnel_tables.c and funnel_series.c fill them. */
#include "metrics/funnel_internal.h"

#define COLUMN(text_name, data_type, of, text) {.name = text_name, .type = data_type, .unit = of, .doc = text}
#define I32(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT32, of, text)
#define I64(text_name, of, text) COLUMN(text_name, PDM_TYPE_INT64, of, text)
#define F64(text_name, of, text) COLUMN(text_name, PDM_TYPE_FLOAT64, of, text)
#define TIME(text_name, text) COLUMN(text_name, PDM_TYPE_TIMESTAMP_US, "µs", text)
#define FLAG(text_name, text) COLUMN(text_name, PDM_TYPE_BOOL, "", text)
#define TEXT(text_name, text) COLUMN(text_name, PDM_TYPE_LARGE_UTF8, "", text)
#define KEY(text_name, text) COLUMN(text_name, PDM_TYPE_NONE, "", text)
#define GROUP TEXT("group", "Value of the breakdown; null = the empty value, or no breakdown.")

static const pdm_result_column_info steps_columns[] = {
    GROUP,
    I32("step", "", "Number of the step, from 1."),
    TEXT("name", "Its name."),
    FLAG("optional", "Whether it may be left out."),
    I64("count", "units, attempts or sessions", "That got to this step (step optional: that did it)."),
    I64("rate_first_num", "", "Numerator of rate_first: count."),
    I64("rate_first_den", "", "Denominator of rate_first: count of step 1."),
    F64("rate_first", "of step 1", "Conversion rate from step 1."),
    F64("rate_first_lo", "of step 1", "Lower end of its Wilson interval; null with count totals."),
    F64("rate_first_hi", "of step 1", "Upper end of its Wilson interval."),
    I64("rate_prev_num", "", "Numerator of rate_prev: count; null in step 1."),
    I64("rate_prev_den", "", "Denominator of rate_prev: count of the required step before."),
    F64("rate_prev", "of the step before", "Conversion rate from the required step before."),
    F64("rate_prev_lo", "of the step before", "Lower end of its Wilson interval; null with count totals."),
    F64("rate_prev_hi", "of the step before", "Upper end of its Wilson interval."),
    I64("dropped", "units, attempts or sessions", "That did the required step before and not this; null in step 1."),
    F64("drop_rate", "of the step before", "dropped / count of the required step before (流失率)."),
    I64("stopped", "units, attempts or sessions", "That got exactly here (step optional: 0)."),
    I64("open", "units, attempts or sessions", "Of stopped: that may still convert, their window is not over."),
};

static const pdm_result_column_info durations_columns[] = {
    GROUP,
    I32("from", "", "Step that the time runs from."),
    I32("to", "", "Step that it runs to: each from the required step before, and the last from step 1."),
    I64("n", "units, attempts or sessions", "That did both."),
    F64("mean", "µs", "Mean time between the two; null where n = 0, as are all that follow."),
    F64("median", "µs", "Median, type 7."),
    F64("p25", "µs", "Quantile 0.25, type 7."),
    F64("p75", "µs", "Quantile 0.75, type 7."),
    F64("p90", "µs", "Quantile 0.9, type 7."),
    F64("p95", "µs", "Quantile 0.95, type 7."),
    I64("min", "µs", "Shortest time."),
    I64("max", "µs", "Longest time."),
};

static const pdm_result_column_info histogram_columns[] = {
    GROUP,
    I32("from", "", "Step that the time runs from."),
    I32("to", "", "Step that it runs to."),
    I32("bin", "", "Bin by rising time, from 1; given edges: 0 = below the first edge, the last bin = above the last."),
    I64("left", "µs", "Least time of the bin; null below the first edge."),
    I64("right", "µs", "Its end, exclusive (last bin of given edges: inclusive); null above the last edge."),
    I64("count", "units, attempts or sessions", "In the bin."),
};

static const pdm_result_column_info trend_columns[] = {
    GROUP,
    TIME("period_start", "First instant of the period that holds step 1."),
    I64("period", "periods", "Its index; differences are distances in periods."),
    I64("n_from", "units, attempts or sessions", "That entered in the period and got to trend_from."),
    I64("n_to", "units, attempts or sessions", "Of these, that got to trend_to."),
    F64("rate", "of n_from", "Conversion rate n_to / n_from."),
    F64("lo", "of n_from", "Lower end of its Wilson interval; null where attempts are counted."),
    F64("hi", "of n_from", "Upper end of its Wilson interval."),
    FLAG("complete", "Whether the window of an entry in the last µs of the period is over at as_of."),
};

#define STEP_TIME(number) TIME("t_" #number, "Time of step " #number "; null if it was not done.")

/* The times come last: a funnel of k steps shows k of them. */
static const pdm_result_column_info units_columns[] = {
    KEY("unit", "Unit, ascending."),
    TEXT("session", "Its session: value of the column, or number from 1 on (count sessions; else null)."),
    TEXT("hold", "Value held constant (hold_count per_value; else null)."),
    GROUP,
    I64("attempt", "", "Number of the attempt, from 1 (count totals; else 1)."),
    I32("level", "", "Required steps done."),
    FLAG("open", "Whether it may still get further: the window is not over."),
    FLAG("dropped", "Removed by an exclusion: in no other table."),
    STEP_TIME(1),
    STEP_TIME(2),
    STEP_TIME(3),
    STEP_TIME(4),
    STEP_TIME(5),
    STEP_TIME(6),
    STEP_TIME(7),
    STEP_TIME(8),
    STEP_TIME(9),
    STEP_TIME(10),
    STEP_TIME(11),
    STEP_TIME(12),
    STEP_TIME(13),
    STEP_TIME(14),
    STEP_TIME(15),
    STEP_TIME(16),
    STEP_TIME(17),
    STEP_TIME(18),
    STEP_TIME(19),
    STEP_TIME(20),
    STEP_TIME(21),
    STEP_TIME(22),
    STEP_TIME(23),
    STEP_TIME(24),
    STEP_TIME(25),
    STEP_TIME(26),
    STEP_TIME(27),
    STEP_TIME(28),
    STEP_TIME(29),
    STEP_TIME(30),
    STEP_TIME(31),
    STEP_TIME(32),
};

static const pdm_result_column_info totals_columns[] = {
    I64("rows", "rows", "Rows taken by the state."),
    I64("rows_null", "rows", "Left out for a null."),
    I64("units", "units", "With a row that satisfies a step."),
    I64("units_entered", "units", "Of these, with an attempt that counts."),
    I64("units_dropped", "units, attempts or sessions", "Removed by exclusions."),
    I64("units_unattributed", "units, attempts or sessions", "In no group: below the step of attribution step."),
    I64("entries", "rows", "That satisfy step 1 and may start an attempt."),
    I64("attempts", "attempts", "Counted."),
};

#define TABLE(text_name, table_columns, if_asked, text)                                                                \
    {.name = text_name,                                                                                                \
     .columns = table_columns,                                                                                         \
     .column_count = PDM__COUNT(table_columns),                                                                        \
     .optional = if_asked,                                                                                             \
     .doc = text}

const pdm_table_info pdm__funnel_tables_info[FUNNEL_TABLES] = {
    [FUNNEL_TABLE_STEPS] = TABLE("steps", steps_columns, 0, "A step of a group."),
    [FUNNEL_TABLE_DURATIONS] =
        TABLE("durations", durations_columns, 0, "A pair of steps of a group: the time between."),
    [FUNNEL_TABLE_HISTOGRAM] =
        TABLE("histogram", histogram_columns, 0, "A bin of the time from histogram_from to histogram_to, in a group."),
    [FUNNEL_TABLE_TREND] =
        TABLE("trend", trend_columns, 1, "A period of a group, from the first to the last (option trend_period)."),
    [FUNNEL_TABLE_UNITS] = TABLE("units", units_columns, 1,
                                 "An attempt that counts, or was dropped (option list_units); t_1 … t_k for k steps."),
    [FUNNEL_TABLE_TOTALS] = TABLE("totals", totals_columns, 0, "What was counted, and what was left out."),
};
