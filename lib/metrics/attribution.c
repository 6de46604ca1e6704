/* Attribution: the face. */
#include "metrics/attribution_internal.h"

#include "core/common_options.h"
#include "metrics/registry.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [ATTRIBUTION_USER] = {.name = "user",
                          .role = PDM_ROLE_KEY,
                          .unit = "",
                          .doc = "Whose row it is. Events only, required there."},
    [ATTRIBUTION_TIME] = {.name = "time",
                          .role = PDM_ROLE_TIME,
                          .unit = "µs",
                          .doc = "When it happened. Events only, required there."},
    [ATTRIBUTION_SEQ] = {.name = "seq",
                         .role = PDM_ROLE_INTEGER,
                         .nullable = 1,
                         .unit = "",
                         .doc = "Order of a user's rows of equal time, place in the log say; null or absent is 0."},
    [ATTRIBUTION_KIND] = {.name = "kind",
                          .role = PDM_ROLE_TEXT,
                          .unit = "",
                          .doc = "touch, conversion or milestone. Events only, required there."},
    [ATTRIBUTION_CHANNEL] = {.name = "channel",
                             .role = PDM_ROLE_TEXT,
                             .nullable = 1,
                             .unit = "",
                             .doc = "Channel of a touch, compared byte by byte; null on other rows."},
    [ATTRIBUTION_MARK] = {.name = "mark",
                          .role = PDM_ROLE_TEXT,
                          .nullable = 1,
                          .unit = "",
                          .doc = "Which of list milestones a milestone row is; null on other rows."},
    [ATTRIBUTION_PRIORITY] = {.name = "priority",
                              .role = PDM_ROLE_INTEGER,
                              .nullable = 1,
                              .unit = "",
                              .doc = "Rank of a touch, a click over a view say; null or absent is 0."},
    [ATTRIBUTION_VALUE] = {.name = "value",
                           .role = PDM_ROLE_MONEY,
                           .nullable = 1,
                           .unit = "minor units, or any number (value_type)",
                           .doc = "Value of a conversion, or of a path's conversions; null is 0, and counted."},
    [ATTRIBUTION_PATH] = {.name = "path",
                          .role = PDM_ROLE_TEXT,
                          .items = PDM_ROLE_TEXT,
                          .unit = "",
                          .doc = "Channels of a path: a list of them, taken as they are, or one text with "
                                 "path_separator between them. Paths only, required there."},
    [ATTRIBUTION_MARKS] = {.name = "marks",
                           .role = PDM_ROLE_TEXT,
                           .nullable = 1,
                           .items = PDM_ROLE_INTEGER,
                           .unit = "",
                           .doc = "Milestones of the path's touches: for each a number whose bits are places in list "
                                  "milestones; a list of them, or one text with path_separator between them."},
    [ATTRIBUTION_CONVERSIONS] = {.name = "conversions",
                                 .role = PDM_ROLE_INTEGER,
                                 .unit = "conversions",
                                 .doc = "How often the path converted. Paths only, required there."},
    [ATTRIBUTION_NULLS] = {.name = "nulls",
                           .role = PDM_ROLE_INTEGER,
                           .nullable = 1,
                           .unit = "journeys",
                           .doc = "How often it did not; null or absent is 0."},
    [ATTRIBUTION_EVENT_ID] = {.name = "event_id",
                              .role = PDM_ROLE_KEY,
                              .unit = "",
                              .doc = "Identity of the row within its user; required for dedupe event_id."},
};

/* ---- options ---- */

static const char *const rows_values[] = {"events", "paths", NULL};
static const char *const value_type_values[] = {"money", "double", NULL};
static const char *const reset_values[] = {"none", "after_conversion", "first_only", "last_only", NULL};
static const char *const lookback_kind_values[] = {"elapsed", "calendar_days", NULL};
static const char *const priority_mode_values[] = {"off", "highest_only", NULL};
static const char *const direct_mode_values[] = {"keep",    "exclude_unless_all", "strip_tail",
                                                 "exclude", "inherit_previous",   NULL};
static const char *const transform_values[] = {"none", "exposure", "first", "frequency", NULL};
static const char *const nulls_values[] = {"trailing", "non_converters", "none", "expired", NULL};
static const char *const late_rows_values[] = {"error", "drop", NULL};
static const char *const null_window_values[] = {"all", "lookback", NULL};

#define ENUM(member, text) PDM__OPTION_ENUM(pdm_attribution_options, member, member##_values, text)
#define DURATION(member, base, text)                                                                                   \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_DURATION,                                                                                      \
     .offset = offsetof(pdm_attribution_options, member),                                                              \
     .minimum = 0,                                                                                                     \
     .maximum = INT64_MAX,                                                                                             \
     .fallback = base,                                                                                                 \
     .unit = "µs",                                                                                                     \
     .doc = text}
#define INT32(member, low, high, base, of, text)                                                                       \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_INT32,                                                                                         \
     .offset = offsetof(pdm_attribution_options, member),                                                              \
     .minimum = low,                                                                                                   \
     .maximum = high,                                                                                                  \
     .fallback = base,                                                                                                 \
     .unit = of,                                                                                                       \
     .doc = text}
#define TEXT(member, text)                                                                                             \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_TEXT,                                                                                          \
     .offset = offsetof(pdm_attribution_options, member),                                                              \
     .unit = "",                                                                                                       \
     .doc = text}

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_attribution_options),
    PDM__OPTION_DEDUPE(pdm_attribution_options),
    PDM__OPTION_NAIVE_TIME(pdm_attribution_options),
    PDM__OPTION_CURRENCY_EXPONENT(pdm_attribution_options),
    ENUM(rows, "Rows are touches and conversions of users, or paths with counts."),
    ENUM(value_type, "Values are amounts of money, or any finite numbers (summed exactly, shown as doubles)."),
    PDM__OPTION_BOOL(pdm_attribution_options, allow_negative_value, "Values below 0 are taken; otherwise an error."),
    ENUM(reset,
         "Touches of a conversion: all before it, or those after the conversion before; or only a user's first or "
         "last conversion counts."),
    ENUM(lookback_kind, "lookback is elapsed time, or a difference of local days."),
    DURATION(lookback, INT64_C(2592000000000),
             "Oldest touch that counts for a conversion, inclusive; 0 = touches of the same instant; default 30 days."),
    ENUM(priority_mode, "Whether only touches of the journey's largest priority stay."),
    ENUM(direct_mode, "What becomes of touches in list direct: they stay, are left out (unless all are direct), are "
                      "stripped from the end, or take the channel of the touch before."),
    DURATION(inherit_window, INT64_C(86400000000),
             "direct_mode inherit_previous: longest time since the touch before, inclusive; default 1 day."),
    ENUM(transform,
         "What is made of paths before they are counted: repeats in a row once; each channel once; each channel "
         "once with its count."),
    INT32(max_touches, 0, INT32_MAX, 0, "touches", "Longer paths keep their last so many touches; 0 = all."),
    ENUM(nulls, "Journeys without conversion: touches after a user's last counted conversion; those of users who never "
                "converted; none; or as the first, for each run of touches at most lookback apart."),
    ENUM(null_window, "How far back such a journey goes from its last touch: to its beginning, or lookback."),
    ENUM(late_rows,
         "Rows before the watermark of a state that has advanced: an error that names the row, or left out and "
         "counted."),
    INT32(top, -1, INT32_MAX, 20, "rows", "Rows of table paths; -1 = all; default 20."),
    INT32(markov_orders, 0, PDM__MARKOV_MAX_ORDER, 0, "orders",
          "Compares Markov orders 1 to this one; 0 = no such table."),
    PDM__OPTION_BOOL(pdm_attribution_options, list_journeys, "Makes table journeys: every journey with its ages."),
    {.name = "gross_margin",
     .type = PDM_OPTION_FLOAT,
     .offset = offsetof(pdm_attribution_options, gross_margin),
     .unit = "of value",
     .doc = "Share of the value that is margin, in (0, 1], for roi_margin; without it that is null."},
    TEXT(base, "Model that table comparison compares with; default last_touch, without it the first model."),
    TEXT(path_separator, "Between touches of column path; default \">\"."),
};

/* ---- lists ---- */

#define COLUMN(of, kind, text) {.name = of, .role = kind, .nullable = 1, .unit = "", .doc = text}

static const pdm_column_info model_columns[] = {
    {.name = "model",
     .role = PDM_ROLE_TEXT,
     .required = 1,
     .unit = "",
     .doc =
         "first_touch, last_touch, first_non_direct, last_non_direct, linear, linear_unique, participation, "
         "position_based, u_shaped, j_shaped, inverse_j_shaped, position_decay, custom_weights, milestone, w_shaped, "
         "full_path, time_decay, markov, shapley, shapley_ordered."},
    COLUMN("name", PDM_ROLE_TEXT, "How it is called in the tables; default from model and parameters."),
    COLUMN("order", PDM_ROLE_INTEGER, "markov: touches in a state, 1 to 32; default 1."),
    COLUMN("ignore_nulls", PDM_ROLE_INTEGER, "markov: 1 = as if there were no null journeys; default 0."),
    COLUMN("self_transitions", PDM_ROLE_INTEGER,
           "markov: 1 = table transitions counts states that follow themselves; effects are the same; default 0."),
    COLUMN("worth", PDM_ROLE_TEXT, "shapley: conversions (default), value or rate_subsets."),
    COLUMN("repeats", PDM_ROLE_TEXT, "shapley_ordered: split (default) or full_each."),
    COLUMN("first", PDM_ROLE_FLOAT, "position_based: weight of the first touch; default 0.4."),
    COLUMN("middle", PDM_ROLE_FLOAT, "position_based: weight of those between, together; default 0.2."),
    COLUMN("last", PDM_ROLE_FLOAT, "position_based: weight of the last touch; default 0.4."),
    COLUMN("two_touch", PDM_ROLE_TEXT, "position_based: paths of two touches renormalise (default) or split_middle."),
    {.name = "half_life",
     .role = PDM_ROLE_INTEGER,
     .nullable = 1,
     .unit = "µs",
     .doc = "time_decay: age at which a touch counts half; default 7 days."},
    COLUMN("mode", PDM_ROLE_TEXT, "time_decay: continuous (default), or step: whole half-lives only."),
    COLUMN("age_from", PDM_ROLE_TEXT, "time_decay by steps: ages from the conversion (default) or last_touch."),
    COLUMN("anchor", PDM_ROLE_TEXT, "custom_weights: positions count from the last touch (default) or the first."),
};

static const pdm_column_info weight_columns[] = {
    {.name = "model",
     .role = PDM_ROLE_TEXT,
     .required = 1,
     .unit = "",
     .doc = "Name of a model custom_weights or milestone of list models."},
    COLUMN("position", PDM_ROLE_INTEGER, "custom_weights: position, 1 = the anchor."),
    COLUMN("mark", PDM_ROLE_TEXT, "milestone: a name of list milestones, or first, last, rest."),
    {.name = "weight", .role = PDM_ROLE_FLOAT, .required = 1, .unit = "", .doc = "Its weight, 0 or more."},
};

static const pdm_column_info direct_columns[] = {
    {.name = "channel",
     .role = PDM_ROLE_TEXT,
     .required = 1,
     .unit = "",
     .doc = "A channel without a marketing source."},
};

static const pdm_column_info priority_columns[] = {
    {.name = "priority", .role = PDM_ROLE_INTEGER, .required = 1, .unit = "", .doc = "A priority of touches."},
    {.name = "lookback", .role = PDM_ROLE_INTEGER, .required = 1, .unit = "µs", .doc = "Its own lookback."},
};

static const pdm_column_info milestone_columns[] = {
    {.name = "mark", .role = PDM_ROLE_TEXT, .required = 1, .unit = "", .doc = "Name of a milestone."},
};

static const pdm_column_info spend_columns[] = {
    {.name = "channel", .role = PDM_ROLE_TEXT, .required = 1, .unit = "", .doc = "Channel; its rows add up."},
    {.name = "spend",
     .role = PDM_ROLE_MONEY,
     .required = 1,
     .unit = "minor units, as the values",
     .doc = "What was spent on it."},
};

static const pdm_column_info bin_columns[] = {
    {.name = "edge",
     .role = PDM_ROLE_INTEGER,
     .required = 1,
     .unit = "µs",
     .doc = "Lower edge of a bin, ascending from 0; the last bin has no end."},
};

static const pdm_list_info lists[] = {
    [ATTRIBUTION_LIST_MODELS] = {.name = "models",
                                 .columns = model_columns,
                                 .column_count = PDM__COUNT(model_columns),
                                 .doc =
                                     "Models to compute; without it first_touch, last_touch, last_non_direct, linear, "
                                     "u_shaped, j_shaped, inverse_j_shaped, position_decay, markov, shapley, and "
                                     "w_shaped where there are milestones."},
    [ATTRIBUTION_LIST_WEIGHTS] = {.name = "weights",
                                  .columns = weight_columns,
                                  .column_count = PDM__COUNT(weight_columns),
                                  .doc = "Weights of models custom_weights and milestone."},
    [ATTRIBUTION_LIST_DIRECT] = {.name = "direct",
                                 .columns = direct_columns,
                                 .column_count = PDM__COUNT(direct_columns),
                                 .doc = "Direct channels, for direct_mode and the non-direct models; without it none."},
    [ATTRIBUTION_LIST_PRIORITIES] = {.name = "priority_lookbacks",
                                     .columns = priority_columns,
                                     .column_count = PDM__COUNT(priority_columns),
                                     .doc = "Priorities whose touches have a lookback of their own; without it none."},
    [ATTRIBUTION_LIST_MILESTONES] = {.name = "milestones",
                                     .columns = milestone_columns,
                                     .column_count = PDM__COUNT(milestone_columns),
                                     .doc = "Milestones, at most 8; without it milestone rows are left out."},
    [ATTRIBUTION_LIST_SPEND] = {.name = "spend",
                                .columns = spend_columns,
                                .column_count = PDM__COUNT(spend_columns),
                                .doc = "Spend by channel, for table returns; without it no such table."},
    [ATTRIBUTION_LIST_BINS] = {.name = "time_bins",
                               .columns = bin_columns,
                               .column_count = PDM__COUNT(bin_columns),
                               .doc = "Bins of table time_to_convert; without it 0, 1 hour, 1, 2, 3, 7, 14, 30, 60 and "
                                      "90 days."},
};

/* ---- entry ---- */

static const pdm__metric_ops ops = {
    .check = pdm__attribution_check,
    .prepare = pdm__attribution_prepare,
    .inspect = pdm__attribution_inspect,
    .select = pdm__attribution_select,
    .verify = pdm__attribution_verify,
    .advance = pdm__attribution_advance,
    .verify_settled = pdm__attribution_verify_settled,
    .result = pdm__attribution_result,
    .oldest_version = 2,
};

const pdm_metric pdm__metric_attribution = {
    .name = "attribution",
    .version = 2,
    .options_size = sizeof(pdm_attribution_options),
    .summary =
        "Which channels earned the conversions and their value: rules, Markov chains and Shapley values, side by side.",
    .title = "Attribution",
    .title_zh = "归因",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = ATTRIBUTION_TABLES,
    .tables = pdm__attribution_tables_info,
    .ops = &ops,
};

pdm_status pdm_attribution_create(pdm_context *context, const pdm_attribution_options *given, pdm_state **out,
                                  pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_attribution, given, out, err);
}

pdm_status pdm_attribution_compute(pdm_context *context, const pdm_attribution_options *given, const pdm_batch *batch,
                                   pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_attribution, given, batch, out, err);
}
