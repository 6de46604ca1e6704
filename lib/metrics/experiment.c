/* The experiment's face: what it takes, what it gives, its registry entry. */
#include "core/common_options.h"
#include "metrics/experiment_internal.h"
#include "metrics/registry.h"

/* ---- input ---- */

static const pdm_column_info columns[] = {
    [EXPERIMENT_UNIT] = {.name = "unit",
                         .role = PDM_ROLE_KEY,
                         .unit = "",
                         .doc = "Who or what was randomised; required unless moments_only."},
    [EXPERIMENT_VARIANT] = {.name = "variant",
                            .role = PDM_ROLE_KEY,
                            .required = 1,
                            .unit = "",
                            .doc = "Arm the unit was assigned to: one of list arms."},
};

/* ---- options ---- */

static const char *const unit_rows_values[] = {"one", "sum", NULL};
static const char *const policy_values[] = {"exclude", "error", NULL};
static const char *const comparisons_values[] = {"versus_control", "all_pairs", NULL};
static const char *const alternative_values[] = {"two_sided", "greater", "less", NULL};
static const char *const test_values[] = {"pooled", "pooled_cc", "unpooled", "chi2_yates", "g", "fisher", "midp", NULL};
static const char *const difference_values[] = {
    "mee", "miettinen_nurminen", "newcombe", "newcombe_cc", "agresti_caffo", "wald", NULL};
static const char *const lift_values[] = {"dual", "log", "log_adjusted", "fieller", "delta", NULL};
static const char *const rate_values[] = {"wilson", "wilson_cc", "clopper_pearson", "jeffreys", "agresti_coull",
                                          "wald",   NULL};
static const char *const critical_values[] = {"t", "normal", NULL};
static const char *const variance_values[] = {"score", "mle", NULL};
static const char *const quantile_values[] = {"type7", "type1", "type2", "type6", "type8", NULL};
static const char *const srm_values[] = {"auto", "chi2", "exact", "z_cc", "sequential", NULL};
static const char *const horizon_values[] = {"fixed", "asymp_cs", "msprt", "group_sequential", "hybrid", NULL};
static const char *const adjust_values[] = {"default", "none",       "bonferroni", "holm",    "hochberg", "bh", "by",
                                            "sidak",   "holm_sidak", "hommel",     "dunnett", "weighted", NULL};
static const char *const adjust_segments_values[] = {"default", "none",  "bonferroni", "holm",   "hochberg", "bh",
                                                     "by",      "sidak", "holm_sidak", "hommel", NULL};
static const char *const spending_values[] = {"obrien_fleming", "pocock", "power", "hwang", NULL};
static const char *const guardrail_values[] = {"non_inferior", "not_harmed", NULL};
static const char *const equivalent_values[] = {"drop", "keep", NULL};
static const char *const posterior_values[] = {"none", "total", "segments", NULL};
static const char *const scale_values[] = {"lift", "diff", NULL};
static const char *const inconclusive_values[] = {"review", "keep", "adjust", "drop", "keep_running", NULL};

#define ENUM(member, names, text) PDM__OPTION_ENUM(pdm_experiment_options, member, names, text)
#define SWITCH(member, text) PDM__OPTION_BOOL(pdm_experiment_options, member, text)
#define INTEGER(member, option_type, low, high, base, measure, text)                                                   \
    {.name = #member,                                                                                                  \
     .type = option_type,                                                                                              \
     .offset = offsetof(pdm_experiment_options, member),                                                               \
     .minimum = low,                                                                                                   \
     .maximum = high,                                                                                                  \
     .fallback = base,                                                                                                 \
     .unit = measure,                                                                                                  \
     .doc = text}
#define FLOAT(member, base, measure, text)                                                                             \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_FLOAT,                                                                                         \
     .offset = offsetof(pdm_experiment_options, member),                                                               \
     .fallback_float = base,                                                                                           \
     .unit = measure,                                                                                                  \
     .doc = text}

static const pdm_option_info options[] = {
    ENUM(null_rows, pdm__null_rows_values,
         "Rows without unit or variant: an error that names the row, or skipped and counted."),
    ENUM(unit_rows, unit_rows_values,
         "Several rows of a unit repeat each other (others make it a conflict), or are parts to be added."),
    SWITCH(moments_only, "The caller promises one row a unit: sums alone are held, nothing is checked for repeats."),
    ENUM(crossover, policy_values, "Units seen in several arms: left out and counted, or the result is refused."),
    ENUM(conflict, policy_values, "Units whose rows contradict each other: left out and counted, or refused."),
    ENUM(comparisons, comparisons_values, "Every other arm with the control, or every two arms."),
    INTEGER(max_levels, PDM_OPTION_INT32, 1, 100000, 1000, "levels", "Different levels of a segment column at most."),
    ENUM(alternative, alternative_values, "What the alternative to \"no difference\" is."),
    ENUM(test, test_values, "Test of two conversion rates; exact ones are not dual to the intervals."),
    ENUM(difference_interval, difference_values, "Interval of the difference of two conversion rates."),
    ENUM(lift_interval, lift_values,
         "Interval of the lift; dual: Koopman for conversions and Fieller for means, which agree with p."),
    ENUM(rate_interval, rate_values, "Interval of one conversion rate, in table metrics."),
    ENUM(critical, critical_values, "Critical values of means: Student's t or normal."),
    SWITCH(equal_var, "Means with one pooled variance instead of Welch's."),
    ENUM(variance, variance_values, "Conversions by the score test, or as means with variance p(1 - p)."),
    ENUM(winsor_quantile, quantile_values, "Kind of quantile that winsorising caps are (Hyndman and Fan 1996)."),
    ENUM(srm_method, srm_values, "Test of the split; sequential: may be looked at as often as one likes."),
    ENUM(horizon, horizon_values, "When one may look: once at the end, at any time, or at planned looks."),
    ENUM(adjust, adjust_values, "Adjustment within a family, all units together; default holm."),
    ENUM(adjust_segments, adjust_segments_values, "Adjustment within a family and segment column; default bh."),
    ENUM(spending, spending_values, "Horizon group_sequential: how alpha is spent over the looks."),
    SWITCH(spend_total, "Horizon group_sequential: the function spends alpha instead of alpha/2 on each side."),
    SWITCH(harm_watch, "Horizon hybrid: while running only harm, at alpha/4 on that side, can decide."),
    ENUM(guardrail_rule, guardrail_values, "A guardrail passes if non-inferiority is shown, or if harm is not."),
    ENUM(if_equivalent, equivalent_values, "Decision where every goal is equivalent."),
    ENUM(if_inconclusive, inconclusive_values, "Decision where the plan is fulfilled and nothing is shown."),
    SWITCH(last_look, "Nothing more will come: the decision is final whatever was planned."),
    INTEGER(min_days, PDM_OPTION_INT32, 0, 3650, 7, "days", "Least days an experiment runs before it decides."),
    INTEGER(required_n, PDM_OPTION_INT64, 1, INT64_C(1) << 52, 0, "units",
            "Units per arm that were planned; given: tables decision and reasons are made."),
    INTEGER(planned_n_total, PDM_OPTION_INT64, 1, INT64_C(1) << 52, 0, "units",
            "Units of a comparison's two arms at the planned end; needed for asymp_cs, group_sequential, hybrid."),
    FLOAT(alpha, 0.05, "", "Significance level, in (0, 1)."),
    FLOAT(tau2, 0, "", "Horizon msprt: mixing variance, on the scale of the difference squared."),
    FLOAT(srm_alpha, 0.001, "", "Level of the test of the split."),
    FLOAT(srm_concentration, 10000, "", "Sequential test of the split: concentration of the prior."),
    FLOAT(primary_share, 0, "of alpha", "Adjust weighted: share of alpha that the family's first metric gets."),
    FLOAT(spending_parameter, 0, "", "Parameter of the spending functions power and hwang."),
    FLOAT(days, 0, "days", "Days the experiment has run, for the decision."),
    FLOAT(max_crossover_share, 0.01, "of units", "A larger share of units in several arms calls for a review."),
    FLOAT(power, 0.8, "", "Power at which the smallest detectable effect is given."),
    FLOAT(planned_lift, 0, "of the control", "Relative effect whose power is given; 0 = none."),
    {.name = "control",
     .type = PDM_OPTION_TEXT,
     .offset = offsetof(pdm_experiment_options, control),
     .unit = "",
     .doc = "Arm that the others are compared with; default the first of list arms."},
    FLOAT(credible_level, 0.95, "", "Level of the credible intervals in table posterior, in (0, 1)."),
    ENUM(posterior, posterior_values, "Table posterior: none, of all units together, or of each segment too."),
    ENUM(posterior_scale, scale_values, "Posteriors of means and ratios are of the lift or of the difference."),
};

/* ---- lists ---- */

#define TEXT(member, needed, text)                                                                                     \
    {.name = member, .role = PDM_ROLE_TEXT, .required = needed, .nullable = !(needed), .unit = "", .doc = text}
#define NUMBER(member, measure, text)                                                                                  \
    {.name = member, .role = PDM_ROLE_FLOAT, .nullable = 1, .unit = measure, .doc = text}

static const pdm_column_info arm_columns[] = {
    {.name = "variant", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "The arm, as in column variant."},
    NUMBER("weight", "", "Share of the traffic it should get, of any sum; default 1."),
};

static const pdm_column_info metric_columns[] = {
    TEXT("metric", 1, "Its name."),
    TEXT("kind", 1, "conversion (0 or 1), count (0, 1, 2 …), value (any number) or ratio (of two sums)."),
    TEXT("column", 0, "Input column; of a ratio its numerator. Default: named as the metric."),
    TEXT("denominator", 0, "Input column of a ratio's denominator, 0 or more."),
    TEXT("value_type", 0, "int (int64, money in minor units), decimal (with scale) or real (double); default int."),
    {.name = "scale", .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "decimal places", .doc = "Of decimal: 0 to 9."},
    TEXT("null_value", 0, "Rows without the value: error, zero, or exclude the unit from this metric."),
    TEXT("covariate_null", 0, "Rows without a covariate: zero (nothing before) or error; default zero."),
    TEXT("direction", 0, "higher or lower is better; default higher."),
    NUMBER("winsor_lower", "", "Quantile, in [0, 0.5), that smaller values are raised to; default 0 = off."),
    NUMBER("winsor_upper", "", "Quantile, in (0.5, 1], that larger values are cut to; default 1 = off."),
    {.name = "ignore_zeros",
     .role = PDM_ROLE_FLAG,
     .nullable = 1,
     .unit = "",
     .doc = "Winsorising quantiles are those of the values other than 0."},
    TEXT("family", 0, "Metrics of one name are adjusted together; default primary, of guardrails: not adjusted."),
    TEXT("role", 0, "none, goal (should become better) or guardrail (must not become worse); default none."),
    NUMBER("margin", "as margin_scale",
           "Guardrail: harm that is tolerable, 0 or more; required. Also non-inferiority."),
    TEXT("margin_scale", 0, "What margin and equivalence are measured in: lift or diff; default lift."),
    TEXT("on_harm", 0, "What a harmed guardrail calls for if a goal is better: adjust or drop; default adjust."),
    NUMBER("equivalence", "as margin_scale", "Bound of a difference too small to matter; default none."),
};

static const pdm_column_info covariate_columns[] = {
    TEXT("metric", 1, "The metric it belongs to."),
    TEXT("column", 1, "Input column with the unit's value before the experiment; of a ratio the numerator."),
    TEXT("denominator", 0, "Of a ratio: its denominator before the experiment."),
};

static const pdm_column_info segment_columns[] = {TEXT("column", 1, "Input column whose values split the units.")};

static const pdm_column_info look_columns[] = {
    {.name = "units",
     .role = PDM_ROLE_INTEGER,
     .required = 1,
     .unit = "units",
     .doc = "Units of a comparison's two arms at an earlier look, rising."},
};

static const pdm_column_info prior_columns[] = {
    TEXT("metric", 1, "The metric it belongs to."),
    NUMBER("a", "units", "Conversions, Beta(a, b): units seen before that converted, above 0; default 1."),
    NUMBER("b", "units", "Conversions: units seen before that did not, above 0; default 1."),
    NUMBER("mean", "as scale", "Means and ratios, normal: effect expected; default 0."),
    NUMBER("sd", "as scale", "Means and ratios: its standard deviation, above 0; default none (flat prior)."),
    TEXT("scale", 0, "What mean and sd are measured in: lift or diff; default lift."),
};

static const pdm_column_info interval_columns[] = {
    TEXT("metric", 1, "Metric."),
    TEXT("variant", 1, "Treatment."),
    TEXT("control", 0, "What it was compared with; default the control."),
    NUMBER("low", "of the metric", "Interval of the difference; null: no limit."),
    NUMBER("high", "of the metric", "Interval of the difference; null: no limit."),
    NUMBER("p_always_valid", "", "Its p-value, if it holds at every look."),
};

#define LIST(member, these, text) {.name = member, .columns = these, .column_count = PDM__COUNT(these), .doc = text}

static const pdm_list_info lists[EXPERIMENT_LISTS] = {
    [EXPERIMENT_LIST_ARMS] = LIST("arms", arm_columns, "The arms, 2 to 64, and how the traffic is split; required."),
    [EXPERIMENT_LIST_METRICS] = LIST("metrics", metric_columns, "What is measured, 1 to 64 metrics; required."),
    [EXPERIMENT_LIST_COVARIATES] = LIST("covariates", covariate_columns,
                                        "Values before the experiment that reduce variance (CUPED); without it none."),
    [EXPERIMENT_LIST_SEGMENTS] =
        LIST("segment_columns", segment_columns, "Columns that units are split by, one at a time; without it none."),
    [EXPERIMENT_LIST_LOOKS] = LIST(
        "looks", look_columns, "Looks before this one, for horizon group_sequential; without it this is the first."),
    [EXPERIMENT_LIST_PRIORS] =
        LIST("priors", prior_columns,
             "What was believed of metrics before, for table posterior; without it uniform rates and flat effects."),
    [EXPERIMENT_LIST_INTERVALS] =
        LIST("intervals", interval_columns,
             "Table looks of earlier looks: each comparison's interval is cut to them (running intersection)."),
};

/* ---- entry ---- */

static const pdm__metric_ops ops = {.check = pdm__experiment_check,
                                    .prepare = pdm__experiment_prepare,
                                    .select = pdm__experiment_select,
                                    .verify = pdm__experiment_verify,
                                    .result = pdm__experiment_result};

const pdm_metric pdm__metric_experiment = {
    .name = "experiment",
    .version = 1,
    .options_size = sizeof(pdm_experiment_options),
    .summary = "Whether a treatment beat the control, by how much, whether the split was honest, and what to do now.",
    .title = "A/B experiment",
    .title_zh = "A/B 实验",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = EXPERIMENT_TABLES,
    .tables = pdm__experiment_tables,
    .ops = &ops,
};

pdm_status pdm_experiment_create(pdm_context *context, const pdm_experiment_options *given, pdm_state **out,
                                 pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_experiment, given, out, err);
}
