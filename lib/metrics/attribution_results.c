/* The tables' columns. */
#include "metrics/attribution_internal.h"

#define F64(of, in, text) {.name = of, .type = PDM_TYPE_FLOAT64, .unit = in, .doc = text}
#define I64(of, in, text) {.name = of, .type = PDM_TYPE_INT64, .unit = in, .doc = text}
#define I32(of, in, text) {.name = of, .type = PDM_TYPE_INT32, .unit = in, .doc = text}
#define TEXT(of, text) {.name = of, .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = text}
#define FLAG(of, text) {.name = of, .type = PDM_TYPE_BOOL, .unit = "", .doc = text}
#define VALUE "as column value"

static const pdm_result_column_info credit_columns[] = {
    TEXT("model", "Model."),
    TEXT("row_kind", "channel, unattributed (conversions whose path is empty) or total (of both)."),
    TEXT("channel", "Channel, ascending; null in the other rows."),
    F64("conversions", "conversions", "Conversions credited to it."),
    F64("value", VALUE, "Value credited to it; null where the model cannot say."),
    F64("share_conversions", "of attributed", "Share of the attributed conversions; null if there are none."),
    F64("share_value", "of attributed", "Share of the attributed value; null if that is 0."),
};

static const pdm_result_column_info comparison_columns[] = {
    TEXT("channel", "Channel, ascending."),
    TEXT("model", "Model."),
    F64("conversions", "conversions", "Conversions credited to it."),
    F64("value", VALUE, "Value credited to it."),
    F64("share_conversions", "of attributed", "Share of the attributed conversions."),
    F64("difference", "percentage points", "That share less the one by model base."),
    F64("share_value", "of attributed", "Share of the attributed value."),
    F64("difference_value", "percentage points", "That share less the one by model base."),
};

static const pdm_result_column_info conservation_columns[] = {
    TEXT("model", "Model."),
    TEXT("params", "Its parameters, as far as it has any."),
    F64("attributed_conversions", "conversions", "Conversions there were to share out."),
    F64("credit_sum", "conversions", "Conversions credited, all channels together."),
    F64("gap", "conversions", "Absolute difference."),
    F64("attributed_value", VALUE, "Value there was to share out."),
    F64("credit_value_sum", VALUE, "Value credited, all channels together."),
    F64("gap_value", VALUE, "Absolute difference."),
    FLAG("ok", "Both gaps are at most 1e-9 of the total; null for models that inflate."),
    FLAG("inflates", "The model gives more than there is, on purpose."),
    TEXT("status", "ok, no_conversions, no_value."),
};

static const pdm_result_column_info total_columns[] = {
    I64("rows", "rows", "Rows seen, skipped ones included."),
    I64("rows_skipped", "rows", "Rows left out for a null."),
    I64("rows_duplicate", "rows", "Rows left out as repeats of an event_id."),
    I64("rows_late", "rows",
        "Rows left out because they came after the state had advanced past them (late_rows drop)."),
    I64("users", "users", "Users with rows; 0 for paths."),
    I64("touches", "touches", "Touches; 0 for paths."),
    I64("used_touches", "touches", "Those that stand in some converting journey, before transform and cap."),
    I64("conversions", "conversions", "All conversions."),
    I64("attributed_conversions", "conversions", "Those with a path."),
    I64("unattributed_conversions", "conversions", "Those whose path is empty."),
    I64("ignored_conversions", "conversions", "Those that reset leaves out."),
    F64("value", VALUE, "Value of all conversions."),
    F64("attributed_value", VALUE, "Value of those with a path."),
    F64("unattributed_value", VALUE, "Value of those whose path is empty."),
    F64("ignored_value", VALUE, "Value of those that reset leaves out."),
    I64("conversions_without_value", "conversions", "Conversions, or rows of paths, whose value was null."),
    I64("null_journeys", "journeys", "Journeys that did not convert."),
    I64("unattributed_nulls", "journeys", "Those of them whose path is empty."),
    I64("truncated_paths", "journeys", "Journeys cut by max_touches."),
    I64("paths", "paths", "Different paths."),
    I64("channels", "channels", "Different channels."),
    TEXT("status", "ok, no_conversions, no_value, no_null_journeys."),
};

static const pdm_result_column_info path_columns[] = {
    TEXT("path", "Its touches, joined by \" > \"; A(2): twice, under transform frequency."),
    I64("length", "touches", "Touches."),
    I64("conversions", "conversions", "How often it converted."),
    F64("value", VALUE, "Value of these conversions."),
    I64("nulls", "journeys", "How often it did not convert."),
    F64("conversion_rate", "of journeys", "Conversions / journeys; null if null journeys are not known at all."),
    F64("share", "of attributed", "Share of the attributed conversions; null if there are none."),
    F64("cumulative_share", "of attributed", "The same for this path and all above it."),
};

static const pdm_result_column_info length_columns[] = {
    I64("length", "touches", "Touches of a path, ascending."),
    I64("conversions", "conversions", "Conversions of such paths."),
    F64("value", VALUE, "Their value."),
    I64("nulls", "journeys", "Journeys of such paths that did not convert."),
};

static const pdm_result_column_info assist_columns[] = {
    TEXT("channel", "Channel, ascending."),
    I64("conversions", "conversions", "Conversions with the channel anywhere in the path."),
    I64("first_conversions", "conversions", "Those that it opened: first touch."),
    I64("last_conversions", "conversions", "Those that it closed: last touch."),
    I64("assisted_conversions", "conversions", "Those with the channel at a touch before the last."),
    I64("assist_only_conversions", "conversions", "Those of them that another channel closed."),
    F64("assist_ratio", "", "Assisted / closed conversions; null if it closed none."),
    F64("value", VALUE, "Value of conversions with the channel."),
    F64("first_value", VALUE, "Value of those that it opened."),
    F64("last_value", VALUE, "Value of those that it closed."),
    F64("assisted_value", VALUE, "Value of those that it assisted."),
    F64("assist_only_value", VALUE, "Value of those of them that another channel closed."),
    I64("touches", "touches", "Its touches in paths that converted, times conversions."),
    I64("nulls", "journeys", "Journeys with the channel that did not convert."),
    F64("conversion_rate", "of journeys",
        "Conversions / journeys with the channel; null if there are no null journeys at all."),
};

static const pdm_result_column_info time_columns[] = {
    TEXT("measure", "first_touch or last_touch: from that touch of the path to the conversion."),
    F64("from", "s", "Lower edge of the bin, inclusive."),
    F64("to", "s", "Upper edge, exclusive; null: no end."),
    I64("conversions", "conversions", "Conversions in it."),
    F64("value", VALUE, "Their value."),
    F64("share", "of attributed", "Share of the attributed conversions; null if there are none."),
};

static const pdm_result_column_info time_summary_columns[] = {
    TEXT("measure", "first_touch or last_touch."),
    I64("conversions", "conversions", "Conversions with a path."),
    F64("minimum", "s", "Shortest time; null without conversions."),
    F64("maximum", "s", "Longest time."),
    F64("mean", "s", "Mean time, from an exact sum."),
};

static const pdm_result_column_info removal_columns[] = {
    TEXT("model", "Model markov."),
    TEXT("channel", "Channel, ascending."),
    F64("removal_effect", "of conversions", "Share of the conversions that is lost without the channel."),
    F64("removal_effect_value", "of value", "Share of the value that is lost without it."),
    F64("conversions", "conversions", "Conversions credited: attributed ones, shared out by the effects."),
    F64("value", VALUE, "Value credited alike; null if the effects do not add up to more than 0."),
};

static const pdm_result_column_info transition_columns[] = {
    TEXT("model", "Model markov."),
    TEXT("from", "State: touches joined by \" > \", or (start)."),
    TEXT("to", "State, (conversion) or (null)."),
    I64("count", "passages", "Journeys times passages."),
    F64("probability", "of passages", "Count / all passages from that state."),
};

static const pdm_result_column_info markov_columns[] = {
    TEXT("model", "Model markov."),
    I32("order", "touches", "Touches in a state."),
    I64("states", "states", "States, (start) included."),
    I64("distinct_transitions", "transitions", "Different transitions; repeats of a state only with self_transitions."),
    I64("journeys", "journeys", "Journeys, null ones included unless ignored."),
    F64("p_conversion", "of journeys", "Probability of converting; null without journeys."),
    F64("value_per_journey", VALUE, "Expected value of a journey; null without journeys."),
    F64("residual", "", "Relative gap between solved and counted figures."),
    I32("sweeps", "sweeps", "Sweeps of the longest iteration; 0: solved by elimination."),
    TEXT("status", "ok, no_conversions, no_value, no_null_journeys."),
};

static const pdm_result_column_info order_columns[] = {
    I32("order", "touches", "Order of the chain."),
    I64("states", "states", "States, (start) included."),
    F64("parameters", "", "Windows that could be: binom(channels + order − 1, order)."),
    F64("auc", "", "How well a journey's last state tells conversions from nulls, in-sample; null without either."),
    F64("penalised_auc", "", "1 − (1 − auc)(N − 1)/(N − parameters − 1), N journeys; 0 where that makes no sense."),
    FLAG("best", "Largest penalised AUC; of equals the smaller order."),
    F64("log_likelihood", "nats", "Of all journeys, repeats of states counted."),
    F64("free_parameters", "", "Different transitions beyond one for each state."),
    F64("bic", "nats", "−2 log-likelihood + free parameters · ln N; null without journeys."),
    FLAG("best_bic", "Smallest BIC; of equals the smaller order."),
};

static const pdm_result_column_info shapley_columns[] = {
    TEXT("model", "Model shapley."),
    TEXT("channel", "Channel, ascending."),
    F64("shapley_value", "as the worth", "Its Shapley value: conversions, value or a rate."),
    F64("conversions", "conversions", "Conversions credited; null if rates do not say how."),
    F64("value", VALUE, "Value credited alike."),
};

static const pdm_result_column_info position_columns[] = {
    TEXT("model", "Model shapley_ordered."),
    TEXT("channel", "Channel, ascending."),
    I64("position", "", "Position in the path, from 1."),
    F64("conversions", "conversions", "Conversions credited to the channel there."),
    F64("value", VALUE, "Value credited alike."),
};

static const pdm_result_column_info return_columns[] = {
    TEXT("model", "Model."),
    TEXT("row_kind", "channel, total (all channels) or blended (unattributed conversions included)."),
    TEXT("channel", "Channel, ascending; null in the other rows."),
    F64("spend", "minor units", "Spend; null where none is stated."),
    F64("spend_share", "of spend", "Share of all spend."),
    F64("conversions", "conversions", "Conversions credited to it."),
    F64("value", VALUE, "Value credited to it."),
    F64("cost_per_conversion", "minor units", "Spend / conversions: CAC where conversions are first orders."),
    F64("roas", "", "Value / spend."),
    F64("roi_gmv", "", "(Value − spend) / spend."),
    F64("roi_margin", "", "(Value · gross_margin − spend) / spend; null without gross_margin."),
    TEXT("status", "ok; zero_base: a denominator is 0 or less; missing: no spend stated."),
};

static const pdm_result_column_info journey_columns[] = {
    {.name = "user", .type = PDM_TYPE_NONE, .unit = "", .doc = "User, ascending."},
    {.name = "conversion_time",
     .type = PDM_TYPE_TIMESTAMP_US,
     .unit = "µs",
     .doc = "When it converted; null for null journeys."},
    TEXT("path", "Its touches, joined by \" > \"; empty: unattributed."),
    TEXT("ages", "µs from each touch to the conversion, joined by \",\"; null for null journeys."),
    I64("conversions", "conversions", "1, or 0 for null journeys."),
    F64("value", VALUE, "Value of the conversion."),
    I64("nulls", "journeys", "1 for null journeys."),
};

#define TABLE(of, rows, text) {.name = of, .columns = rows, .column_count = PDM__COUNT(rows), .doc = text}
#define IF_ASKED(of, rows, text)                                                                                       \
    {.name = of, .columns = rows, .column_count = PDM__COUNT(rows), .optional = 1, .doc = text}

const pdm_table_info pdm__attribution_tables_info[ATTRIBUTION_TABLES] = {
    [ATTRIBUTION_TABLE_CREDITS] = TABLE("credits", credit_columns, "What a model gives a channel."),
    [ATTRIBUTION_TABLE_COMPARISON] = TABLE("comparison", comparison_columns, "A channel's models, side by side."),
    [ATTRIBUTION_TABLE_CONSERVATION] =
        TABLE("conservation", conservation_columns, "A model: whether it shared out what there was."),
    [ATTRIBUTION_TABLE_TOTALS] = TABLE("totals", total_columns, "One row: what was seen."),
    [ATTRIBUTION_TABLE_PATHS] = TABLE("paths", path_columns, "A path, by conversions, value and order of channels."),
    [ATTRIBUTION_TABLE_LENGTHS] = TABLE("length_distribution", length_columns, "A length of paths."),
    [ATTRIBUTION_TABLE_ASSISTS] = TABLE("assists", assist_columns, "A channel's parts in conversions."),
    [ATTRIBUTION_TABLE_TIMES] = IF_ASKED("time_to_convert", time_columns, "A bin of times (events only)."),
    [ATTRIBUTION_TABLE_TIME_SUMMARY] =
        IF_ASKED("time_summary", time_summary_columns, "How long conversions took (events only)."),
    [ATTRIBUTION_TABLE_REMOVAL] = TABLE("removal_effects", removal_columns, "A channel under a Markov chain."),
    [ATTRIBUTION_TABLE_TRANSITIONS] = TABLE("transitions", transition_columns, "A transition of a Markov chain."),
    [ATTRIBUTION_TABLE_MARKOV] = TABLE("markov_summary", markov_columns, "A Markov chain."),
    [ATTRIBUTION_TABLE_ORDERS] = IF_ASKED("markov_orders", order_columns, "An order of Markov chains (markov_orders)."),
    [ATTRIBUTION_TABLE_SHAPLEY] = TABLE("shapley", shapley_columns, "A channel's Shapley value."),
    [ATTRIBUTION_TABLE_POSITIONS] = TABLE("shapley_positions", position_columns, "A channel at a position."),
    [ATTRIBUTION_TABLE_RETURNS] = IF_ASKED("returns", return_columns, "What a channel's spend brought (list spend)."),
    [ATTRIBUTION_TABLE_JOURNEYS] =
        IF_ASKED("journeys", journey_columns, "A journey (list_journeys), by user and time."),
};
