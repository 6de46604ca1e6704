/* The funnel's face: what it takes, what it gives, its registry entry. */
#include "core/common_options.h"
#include "metrics/funnel_subjects.h"
#include "metrics/registry.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [FUNNEL_UNIT] = {.name = "unit",
                     .role = PDM_ROLE_KEY,
                     .required = 1,
                     .unit = "",
                     .doc = "Who is counted: user, customer, session, order …"},
    [FUNNEL_TIME] = {.name = "time", .role = PDM_ROLE_TIME, .required = 1, .unit = "µs", .doc = "When it happened."},
    [FUNNEL_SEQ] = {.name = "seq",
                    .role = PDM_ROLE_INTEGER,
                    .unit = "",
                    .doc =
                        "Position in the log, orders rows of one time; read only, and required, for ties row_order."},
    [FUNNEL_EVENT] = {.name = "event",
                      .role = PDM_ROLE_KEY,
                      .nullable = 1,
                      .unit = "",
                      .doc = "Name or code of the event; required where list steps or exclusions name events."},
    [FUNNEL_MASK] = {.name = "steps",
                     .role = PDM_ROLE_INTEGER,
                     .nullable = 1,
                     .unit = "",
                     .doc =
                         "Bit j − 1: the row satisfies step j; required for steps that name neither event nor column."},
    [FUNNEL_EXCLUDE] =
        {.name = "exclude",
         .role = PDM_ROLE_INTEGER,
         .nullable = 1,
         .unit = "",
         .doc = "Bit e − 1: the row satisfies exclusion e; for exclusions that name neither event nor column."},
    [FUNNEL_SESSION] = {.name = "session",
                        .role = PDM_ROLE_KEY,
                        .unit = "",
                        .doc = "Session of the unit; required for sessions column."},
    [FUNNEL_HOLD] = {.name = "hold",
                     .role = PDM_ROLE_KEY,
                     .nullable = 1,
                     .unit = "",
                     .doc =
                         "Value that all steps must share; required for hold_constant column. Null satisfies no step."},
    [FUNNEL_BREAKDOWN] = {.name = "breakdown",
                          .role = PDM_ROLE_KEY,
                          .nullable = 1,
                          .unit = "",
                          .doc =
                              "Value to break down by; required for any attribution. Null and '' are the empty value."},
    [FUNNEL_EVENT_ID] = {.name = "event_id",
                         .role = PDM_ROLE_KEY,
                         .unit = "",
                         .doc = "Identity of the row; required for dedupe event_id."},
};

/* ---- options ---- */

static const char *const zero_denominator_values[] = {"default", "null", "zero", NULL};
static const char *const preset_values[] = {"none",      "clickhouse", "doris",    "doris41",
                                            "starrocks", "posthog",    "mixpanel", "mixpanel_reentry",
                                            "amplitude", NULL};
static const char *const order_values[] = {"default", "ordered", "strict", "fixed", "unordered", NULL};
static const char *const entry_values[] = {"default", "best", "first", "last", NULL};
static const char *const attempt_tie_values[] = {"default", "first_completed", "first_entered", NULL};
static const char *const event_reuse_values[] = {"default", "forbid", "allow", NULL};
static const char *const ties_values[] = {"default", "favourable", "row_order", NULL};
static const char *const switch_values[] = {"default", "off", "on", NULL};
static const char *const strict_increase_values[] = {"default", "off", "skip", "break", NULL};
static const char *const deduplication_values[] = {"default", "off", "break_attempt", NULL};
static const char *const window_kind_values[] = {"elapsed", "calendar_days", NULL};
static const char *const count_values[] = {"uniques", "totals", "sessions", NULL};
static const char *const totals_mode_values[] = {"default", "sequential", "every_entry", NULL};
static const char *const sessions_values[] = {"gap", "column", NULL};
static const char *const hold_constant_values[] = {"none", "column", "steps", NULL};
static const char *const hold_count_values[] = {"per_value", "per_unit", NULL};
static const char *const attribution_values[] = {"none", "first_touch", "last_touch", "all_events", "step", NULL};
static const char *const range_applies_to_values[] = {"rows", "entries", NULL};
static const char *const trend_period_values[] = {"none", "hour", "day", "week", "month", "quarter", "year", NULL};
static const char *const trend_count_values[] = {"once_per_period", "every_attempt", NULL};

#define ENUM(member, text) PDM__OPTION_ENUM(pdm_funnel_options, member, member##_values, text)
#define SWITCH(member, text) PDM__OPTION_ENUM(pdm_funnel_options, member, switch_values, text)
#define INT32(member, low, high, base, of, text)                                                                       \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_INT32,                                                                                         \
     .offset = offsetof(pdm_funnel_options, member),                                                                   \
     .minimum = low,                                                                                                   \
     .maximum = high,                                                                                                  \
     .fallback = base,                                                                                                 \
     .unit = of,                                                                                                       \
     .doc = text}
#define WIDE(member, of_type, low, base, text)                                                                         \
    {.name = #member,                                                                                                  \
     .type = of_type,                                                                                                  \
     .offset = offsetof(pdm_funnel_options, member),                                                                   \
     .minimum = low,                                                                                                   \
     .maximum = INT64_MAX,                                                                                             \
     .fallback = base,                                                                                                 \
     .unit = "µs",                                                                                                     \
     .doc = text}

#define SEGMENT(member, text)                                                                                          \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_TIME,                                                                                          \
     .offset = offsetof(pdm_funnel_options, member),                                                                   \
     .minimum = -INT64_MAX,                                                                                            \
     .maximum = INT64_MAX,                                                                                             \
     .fallback = PDM_ZERO_INT64,                                                                                       \
     .unit = "µs",                                                                                                     \
     .doc = text,                                                                                                      \
     .own = 1}

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_funnel_options),
    PDM__OPTION_DEDUPE(pdm_funnel_options),
    ENUM(zero_denominator, "What a ratio with denominator 0 is; default null (preset posthog: zero)."),
    PDM__OPTION_NAIVE_TIME(pdm_funnel_options),
    ENUM(preset, "Another product's meaning: sets the switches below; what is given explicitly wins."),
    {.name = "mode",
     .type = PDM_OPTION_TEXT,
     .offset = offsetof(pdm_funnel_options, mode),
     .unit = "",
     .doc =
         "Modes of the presets clickhouse (deduplication, order, increase, once, reentry, also as strict_…, allow_…), doris and doris41 "
         "(deduplication, fixed, increase) and starrocks (the same, or their bits as a number), separated by commas."},
    INT32(step_count, 1, PDM_FUNNEL_MAX_STEPS, 0, "steps", "Steps of mask column steps, where there is no list steps."),
    ENUM(order,
         "Rows between the steps: ignored; end the attempt; end it if they satisfy a step; steps in any sequence."),
    ENUM(entry, "Which step-1 rows may start an attempt: all (the best attempt counts), the first, or the last."),
    ENUM(
        attempt_tie,
        "Of the furthest attempts: earliest last step and then latest entry, or earliest entry and then earliest last step."),
    ENUM(event_reuse, "Whether one row may fill several steps of an attempt."),
    ENUM(ties, "Rows of equal time in the order that brings furthest, or strictly by column seq."),
    SWITCH(collapse_ties, "Rows of one tie group that satisfy the same steps count once."),
    WIDE(grace, PDM_OPTION_DURATION, 0, PDM_ZERO_INT64,
         "A tie group also holds rows up to this after its first row; default 0."),
    ENUM(strict_increase,
         "A step needs a later time than the one before: no; a row failing only this is ignored; or ends the attempt."),
    ENUM(deduplication, "Whether a row that satisfies an already filled step ends the attempt."),
    SWITCH(strict_repeat, "Order strict: rows that repeat the step filled last do not end the attempt."),
    ENUM(window_kind, "The window is elapsed time, or a number of local days (1 = the entry's own day)."),
    WIDE(window, PDM_OPTION_DURATION, 0, PDM_ZERO_INT64,
         "Longest time from step 1 to the last step, inclusive; default 14 days (calendar_days: the number of days)."),
    ENUM(count, "Count units, attempts, or sessions."),
    ENUM(totals_mode, "Attempts one after the other, or every step-1 row an attempt."),
    ENUM(sessions, "Sessions are cut by session_gap, or given by column session."),
    WIDE(session_gap, PDM_OPTION_DURATION, 0, INT64_C(1800000000),
         "A longer pause starts a new session; default 30 minutes."),
    ENUM(hold_constant, "All steps must share the value of column hold, or of each step's own column (list steps)."),
    ENUM(hold_count, "Under hold_constant count (unit, value) pairs, or each unit once by its best attempt."),
    ENUM(attribution, "Which value of column breakdown a unit counts under; none: no breakdown."),
    INT32(attribution_step, 1, PDM_FUNNEL_MAX_STEPS, 1, "", "The step for attribution step."),
    INT32(breakdown_limit, 1, INT32_MAX, 0, "groups",
          "Only so many largest groups, the others as (other); default all."),
    WIDE(time_from, PDM_OPTION_TIME, -INT64_MAX, PDM_ZERO_INT64, "Rows (or entries) before it are left out."),
    WIDE(time_to, PDM_OPTION_TIME, -INT64_MAX, PDM_ZERO_INT64, "Rows (or entries) from it on are left out."),
    ENUM(range_applies_to, "time_from and time_to cut rows, or entries only."),
    PDM__OPTION_BOOL(pdm_funnel_options, mature_only, "Only entries whose window is over at as_of."),
    WIDE(as_of, PDM_OPTION_TIME, -INT64_MAX, PDM_ZERO_INT64,
         "Instant (inclusive) up to which the data are complete; default the largest row time."),
    {.name = "conf_level",
     .type = PDM_OPTION_FLOAT,
     .offset = offsetof(pdm_funnel_options, conf_level),
     .fallback_float = 0.95,
     .unit = "",
     .doc = "Confidence level of the intervals."},
    INT32(histogram_from, 1, PDM_FUNNEL_MAX_STEPS, 1, "", "First step of the histogram."),
    INT32(histogram_to, 1, PDM_FUNNEL_MAX_STEPS, 0, "", "Last step of the histogram; default the last of the funnel."),
    INT32(bins, 1, 1000, 0, "bins", "Bins of the histogram; default the cube root of the conversions, at most 60."),
    ENUM(trend_period, "Period of the entry by which table trend is made; none: no such table."),
    WIDE(bin_unit, PDM_OPTION_DURATION, 1, INT64_C(1000000), "Bins are whole multiples of it; default 1 second."),
    INT32(trend_from, 1, PDM_FUNNEL_MAX_STEPS, 1, "", "First step of the trend."),
    INT32(trend_to, 1, PDM_FUNNEL_MAX_STEPS, 0, "", "Last step of the trend; default the last of the funnel."),
    ENUM(trend_count, "The trend counts a unit's best attempt of each period, or every attempt."),
    PDM__OPTION_BOOL(pdm_funnel_options, list_units,
                     "Makes table units: who got how far, when, and who dropped where."),
    SEGMENT(segment_from, "This state covers time from here on; rows before it are an error. Default all time."),
    SEGMENT(segment_to,
            "This state covers time up to here (exclusive); rows from it on are an error. Default all time."),
};

/* ---- lists ---- */

static const pdm_column_info step_columns[] = {
    {.name = "step",
     .role = PDM_ROLE_INTEGER,
     .required = 1,
     .unit = "",
     .doc = "Its number, from 1; several rows of one step are alternatives."},
    {.name = "event",
     .role = PDM_ROLE_KEY,
     .nullable = 1,
     .unit = "",
     .doc = "Name or code of an event that satisfies it."},
    {.name = "column",
     .role = PDM_ROLE_TEXT,
     .nullable = 1,
     .unit = "",
     .doc = "Boolean input column that says which rows satisfy it; with neither event nor column: mask column steps."},
    {.name = "name",
     .role = PDM_ROLE_TEXT,
     .nullable = 1,
     .unit = "",
     .doc = "How it is shown; default its event or column."},
    {.name = "optional",
     .role = PDM_ROLE_INTEGER,
     .nullable = 1,
     .unit = "",
     .doc = "1 = it may be left out (not the first or last)."},
    {.name = "window",
     .role = PDM_ROLE_INTEGER,
     .nullable = 1,
     .unit = "µs",
     .doc = "Longest time from the step before, inclusive, beside the window of the whole."},
    {.name = "hold",
     .role = PDM_ROLE_TEXT,
     .nullable = 1,
     .unit = "",
     .doc = "Input column with the value held constant, for hold_constant steps."},
};

static const pdm_column_info exclusion_columns[] = {
    {.name = "from", .role = PDM_ROLE_INTEGER, .required = 1, .unit = "", .doc = "It excludes after this step …"},
    {.name = "to", .role = PDM_ROLE_INTEGER, .required = 1, .unit = "", .doc = "… and before this one."},
    {.name = "event",
     .role = PDM_ROLE_KEY,
     .nullable = 1,
     .unit = "",
     .doc = "Name or code of the event that excludes."},
    {.name = "column",
     .role = PDM_ROLE_TEXT,
     .nullable = 1,
     .unit = "",
     .doc = "Boolean input column that says which rows exclude; with neither: mask column exclude."},
    {.name = "effect",
     .role = PDM_ROLE_TEXT,
     .nullable = 1,
     .unit = "",
     .doc = "drop_unit, end_attempt or wipe_progress; default drop_unit, or the preset's."},
};

static const pdm_column_info edge_columns[] = {
    {.name = "edge",
     .role = PDM_ROLE_INTEGER,
     .required = 1,
     .unit = "µs",
     .doc = "Edge of a bin, ascending; two or more."},
};

static const pdm_list_info lists[] = {
    [FUNNEL_LIST_STEPS] = {.name = "steps",
                           .columns = step_columns,
                           .column_count = PDM__COUNT(step_columns),
                           .doc = "What the steps are; without it step_count steps of mask column steps."},
    [FUNNEL_LIST_EXCLUSIONS] = {.name = "exclusions",
                                .columns = exclusion_columns,
                                .column_count = PDM__COUNT(exclusion_columns),
                                .doc = "Events that must not happen between two steps; without it none."},
    [FUNNEL_LIST_EDGES] = {.name = "edges",
                           .columns = edge_columns,
                           .column_count = PDM__COUNT(edge_columns),
                           .doc = "Edges of the histogram's bins; without it they are made from the data."},
};

/* ---- entry ---- */

static const pdm__metric_ops ops = {
    .check = pdm__funnel_check,
    .prepare = pdm__funnel_prepare,
    .select = pdm__funnel_select,
    .verify = pdm__funnel_verify,
    .seal = pdm__funnel_seal,
    .result = pdm__funnel_result,
    .shortcut = pdm__funnel_shortcut,
};

const pdm_metric pdm__metric_funnel = {
    .name = "funnel",
    .version = 1,
    .options_size = sizeof(pdm_funnel_options),
    .summary = "How far units get through a sequence of steps within a window, how fast, and where they stop.",
    .title = "Conversion funnel",
    .title_zh = "转化漏斗",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = FUNNEL_TABLES,
    .tables = pdm__funnel_tables_info,
    .ops = &ops,
};

pdm_status pdm_funnel_create(pdm_context *context, const pdm_funnel_options *given, pdm_state **out, pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_funnel, given, out, err);
}

pdm_status pdm_funnel_compute(pdm_context *context, const pdm_funnel_options *given, const pdm_batch *batch,
                              pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_funnel, given, batch, out, err);
}
