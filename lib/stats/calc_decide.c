/* Calculator `decide`: what now, and why. */
#include "stats/margin_table.h"

#include <pdmetrics/stats/calculators.h>

#define MOST_METRICS 1000
#define IMBALANCE_P 0.001

enum { IN_METRICS, IN_PLAN };
enum {
    METRIC_METRIC,
    METRIC_ROLE,
    METRIC_DIRECTION,
    METRIC_SCALE,
    METRIC_ON_HARM,
    METRIC_MARGIN,
    METRIC_EQUIVALENCE,
    METRIC_LOW, /* six intervals, each a low and a high, in the order of `intervals` below */
    METRIC_DIFF = METRIC_LOW + 12,
    METRIC_SE,
    METRIC_PLANNED,
    METRIC_STATUS
};
enum {
    PLAN_REQUIRED,
    PLAN_CONTROL,
    PLAN_TREATMENT,
    PLAN_DAYS,
    PLAN_MIN_DAYS,
    PLAN_SRM_P,
    PLAN_SRM_ALPHA,
    PLAN_SHARE,
    PLAN_MOST_SHARE,
    PLAN_CONFLICTS,
    PLAN_BALANCE_P,
    PLAN_VARIANT
};

static const char *const role_names[] = {"goal", "guardrail", NULL};
static const char *const harm_names[] = {"adjust", "drop", NULL};
static const int32_t harm_decisions[] = {PDM_DECISION_ADJUST, PDM_DECISION_DROP};
static const char *const rule_names[] = {"non_inferior", "not_harmed", NULL};
static const char *const equivalent_names[] = {"drop", "keep", NULL};
static const int32_t equivalent_decisions[] = {PDM_DECISION_DROP, PDM_DECISION_KEEP};
static const char *const inconclusive_names[] = {"review", "keep", "adjust", "drop", "keep_running", NULL};
static const int32_t inconclusive_decisions[] = {PDM_DECISION_REVIEW, PDM_DECISION_KEEP, PDM_DECISION_ADJUST,
                                                 PDM_DECISION_DROP, PDM_DECISION_KEEP_RUNNING};

#define INTERVAL(low, high, text)                                                                                      \
    PDM__COLUMN_OR_NULL(low, PDM_ROLE_FLOAT, "", text " May be infinite; null = there is none."),                      \
        PDM__COLUMN_OR_NULL(high, PDM_ROLE_FLOAT, "", "Its other end.")

static const pdm_column_info metric_columns[] = {
    PDM__COLUMN("metric", PDM_ROLE_TEXT, "", "Name."),
    PDM__COLUMN_OR_NULL("role", PDM_ROLE_TEXT, "",
                        "goal (default): should become better; guardrail: must not become worse."),
    PDM__COLUMN_OR_NULL("direction", PDM_ROLE_TEXT, "", "higher (default) or lower is better."),
    PDM__COLUMN_OR_NULL("scale", PDM_ROLE_TEXT, "", "margin and equivalence are a lift (default) or diff, in points."),
    PDM__COLUMN_OR_NULL("on_harm", PDM_ROLE_TEXT, "", "guardrail: adjust (default) or drop."),
    PDM__COLUMN_OR_NULL("margin", PDM_ROLE_FLOAT, "as `scale` says",
                        "guardrail: how much worse it may become; must be given, 0 is allowed."),
    PDM__COLUMN_OR_NULL("equivalence", PDM_ROLE_FLOAT, "as `scale` says",
                        "goal: bound of an effect too small to matter; default: none."),
    INTERVAL("low", "high", "Interval of the difference."),
    INTERVAL("scaled_low", "scaled_high", "The same on `scale`: of the lift. Scale diff: default low, high."),
    INTERVAL("adj_low", "adj_high", "goal: of the difference at the level of its family; default low, high."),
    INTERVAL("tost_low", "tost_high", "goal with equivalence: the 1 − 2·alpha interval on `scale`."),
    INTERVAL("watched_low", "watched_high", "Interval of the difference that holds while the experiment runs."),
    INTERVAL("watched_scaled_low", "watched_scaled_high", "The same on `scale`."),
    PDM__COLUMN_OR_NULL("diff", PDM_ROLE_FLOAT, "as the metric", "Difference; only for the units missing."),
    PDM__COLUMN_OR_NULL("se", PDM_ROLE_FLOAT, "as the metric", "Its standard error; likewise."),
    PDM__COLUMN_OR_NULL("planned_effect", PDM_ROLE_FLOAT, "as the metric",
                        "Difference the experiment was planned for; likewise."),
    PDM__COLUMN_OR_NULL("status", PDM_ROLE_TEXT, "", "Status of the comparison, as its table names it; default ok."),
};
static const pdm_column_info plan_columns[] = {
    [PLAN_REQUIRED] = PDM__COLUMN_OR_NULL("required_n", PDM_ROLE_FLOAT, "units",
                                          "Units each arm needs (sample_size); must be given."),
    [PLAN_CONTROL] = PDM__COLUMN("n_control", PDM_ROLE_FLOAT, "units", "Units of the control so far."),
    [PLAN_TREATMENT] = PDM__COLUMN("n_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment so far."),
    [PLAN_DAYS] = PDM__COLUMN("days", PDM_ROLE_FLOAT, "days", "Days so far."),
    [PLAN_MIN_DAYS] = PDM__COLUMN_OR_NULL("min_days", PDM_ROLE_FLOAT, "days", "At least; default 7, a weekly cycle."),
    [PLAN_SRM_P] =
        PDM__COLUMN_OR_NULL("srm_p", PDM_ROLE_FLOAT, "", "p of the sample ratio mismatch; null = not tested."),
    [PLAN_SRM_ALPHA] = PDM__COLUMN_OR_NULL("srm_alpha", PDM_ROLE_FLOAT, "", "Its level; default 0.001."),
    [PLAN_SHARE] =
        PDM__COLUMN_OR_NULL("crossover_share", PDM_ROLE_FLOAT, "of all units", "Units seen in several arms."),
    [PLAN_MOST_SHARE] =
        PDM__COLUMN_OR_NULL("max_crossover_share", PDM_ROLE_FLOAT, "of all units", "At most; default 0.01."),
    [PLAN_CONFLICTS] =
        PDM__COLUMN_OR_NULL("conflicts", PDM_ROLE_FLOAT, "units", "Units left out because their rows contradict."),
    [PLAN_BALANCE_P] = PDM__COLUMN_OR_NULL("balance_p", PDM_ROLE_FLOAT, "",
                                           "Smallest p of the covariates before the start; below 0.001: a warning."),
    [PLAN_VARIANT] = PDM__COLUMN_OR_NULL("variant", PDM_ROLE_TEXT, "", "Treatment; default: treatment."),
};
static const pdm_list_info decide_inputs[] = {
    [IN_METRICS] = PDM__INPUT("metrics", metric_columns, PDM_INPUT_ROWS,
                              "Metrics of one treatment against the control, with at least one goal."),
    [IN_PLAN] =
        PDM__INPUT("plan", plan_columns, PDM_INPUT_ONE, "The plan, how far it is, and the quality of the split."),
};
#define ANY_NUMBER(column) {IN_METRICS, column, PDM_E_BAD_VALUE, -PDM__INF, PDM__INF}
#define SHARE(column) {IN_PLAN, column, PDM_E_BAD_VALUE, 0.0, 1.0}
static const pdm__column_rule decide_rules[] = {
    ANY_NUMBER(METRIC_LOW),
    ANY_NUMBER(METRIC_LOW + 1),
    ANY_NUMBER(METRIC_LOW + 2),
    ANY_NUMBER(METRIC_LOW + 3),
    ANY_NUMBER(METRIC_LOW + 4),
    ANY_NUMBER(METRIC_LOW + 5),
    ANY_NUMBER(METRIC_LOW + 6),
    ANY_NUMBER(METRIC_LOW + 7),
    ANY_NUMBER(METRIC_LOW + 8),
    ANY_NUMBER(METRIC_LOW + 9),
    ANY_NUMBER(METRIC_LOW + 10),
    ANY_NUMBER(METRIC_LOW + 11),
    {IN_METRICS, METRIC_SE, PDM_E_BAD_VALUE, 0.0, PDM__INF},
    {IN_PLAN, PLAN_DAYS, PDM_E_BAD_VALUE, 0.0, PDM__INF},
    {IN_PLAN, PLAN_MIN_DAYS, PDM_E_BAD_VALUE, 0.0, PDM__INF},
    SHARE(PLAN_SRM_P),
    SHARE(PLAN_SRM_ALPHA),
    SHARE(PLAN_SHARE),
    SHARE(PLAN_MOST_SHARE),
    SHARE(PLAN_BALANCE_P),
};
static const pdm_option_info decide_options[] = {
    PDM__OPTION_STRICT(pdm_decide_options),
    PDM__OPTION_ENUM(pdm_decide_options, guardrail_rule, rule_names,
                     "How a guardrail proves itself: non-inferiority is shown, or (weaker) harm is not."),
    PDM__OPTION_ENUM(pdm_decide_options, if_equivalent, equivalent_names, "What to do if every goal is equivalent."),
    PDM__OPTION_ENUM(pdm_decide_options, if_inconclusive, inconclusive_names,
                     "What to do if nothing is shown at the end."),
    PDM__OPTION_BOOL(pdm_decide_options, last_look, "This is the last planned look, whatever the units."),
    PDM__OPTION_FLOAT(pdm_decide_options, alpha, 0.05, "", "For the units missing."),
    PDM__OPTION_FLOAT(pdm_decide_options, power, 0.8, "", "For the units missing."),
};
static const pdm_result_column_info decision_results[] = {
    PDM__RESULT("variant", PDM_TYPE_LARGE_UTF8, "", "Treatment."),
    PDM__RESULT("decision", PDM_TYPE_LARGE_UTF8, "", "keep, adjust, drop, keep_running or review."),
    PDM__RESULT("decision_zh", PDM_TYPE_LARGE_UTF8, "", "保留、调整、砍掉、继续观察、复核."),
    PDM__RESULT("rule", PDM_TYPE_INT32, "", "Which of the nine rules decided."),
    PDM__RESULT("final", PDM_TYPE_BOOL, "", "The plan is fulfilled."),
    PDM__RESULT("n_required", PDM_TYPE_INT64, "units", "Units each arm needs."),
    PDM__RESULT("n_min", PDM_TYPE_INT64, "units", "Units of the smaller arm."),
    PDM__RESULT("days", PDM_TYPE_FLOAT64, "days", "So far."),
};
static const pdm_result_column_info reason_results[] = {
    PDM__RESULT("variant", PDM_TYPE_LARGE_UTF8, "", "Treatment."),
    PDM__RESULT("order", PDM_TYPE_INT32, "", "From 1: what decides first, warnings last."),
    PDM__RESULT("code", PDM_TYPE_LARGE_UTF8, "", "goal_better, guardrail_harmed, below_required_sample …"),
    PDM__RESULT("metric", PDM_TYPE_LARGE_UTF8, "", "Metric it is about; null = the experiment."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the code says", "What was found, + being good."),
    PDM__RESULT("threshold", PDM_TYPE_FLOAT64, "as the code says", "What it is held against."),
    PDM__RESULT("text_en", PDM_TYPE_LARGE_UTF8, "", "A sentence."),
    PDM__RESULT("text_zh", PDM_TYPE_LARGE_UTF8, "", "一句话."),
};
static const pdm_table_info decide_tables[] = {
    PDM__TABLE("decision", decision_results, "One row: the decision."),
    PDM__TABLE("reasons", reason_results, "A reason."),
};

/* ---- reading ---- */

static pdm_range read_range(const pdm__values *cells, int32_t column, int64_t row) {
    return (pdm_range){pdm__number(&cells[column], row, PDM__NAN), pdm__number(&cells[column + 1], row, PDM__NAN)};
}

static pdm_status read_status(const pdm__calc *calc, int64_t row, int32_t *out, pdm_error *err) {
    const char *text = pdm__text_at(&calc->sheets[IN_METRICS].columns[METRIC_STATUS], row, "ok");
    for (*out = 0; pdm__row_status_names[*out] != NULL; (*out)++) {
        if (strcmp(pdm__row_status_names[*out], text) == 0) return PDM_OK;
    }
    return pdm__calc_fail(calc, IN_METRICS, METRIC_STATUS, row, PDM_E_BAD_OPTION, err, "no status \"%.40s\"", text);
}

static pdm_status read_metric(const pdm__calc *calc, int64_t row, pdm_decision_metric *m, pdm_error *err) {
    const pdm__values *cells = calc->sheets[IN_METRICS].columns;
    int32_t harm = 0;
    *m = pdm_decision_metric_default();
    PDM__TRY(pdm__calc_choice(calc, IN_METRICS, METRIC_ROLE, row, role_names, &m->role, err));
    PDM__TRY(pdm__calc_choice(calc, IN_METRICS, METRIC_DIRECTION, row, pdm__direction_names, &m->direction, err));
    PDM__TRY(pdm__calc_choice(calc, IN_METRICS, METRIC_SCALE, row, pdm__margin_scales, &m->scale, err));
    PDM__TRY(pdm__calc_choice(calc, IN_METRICS, METRIC_ON_HARM, row, harm_names, &harm, err));
    PDM__TRY(read_status(calc, row, &m->status, err));
    m->on_harm = harm_decisions[harm];
    m->margin = pdm__number(&cells[METRIC_MARGIN], row, PDM__NAN);
    m->equivalence = pdm__number(&cells[METRIC_EQUIVALENCE], row, 0.0);
    pdm_range *const intervals[] = {&m->reported,  &m->scaled,  &m->adjusted,
                                    &m->two_alpha, &m->watched, &m->watched_scaled};
    for (int32_t i = 0; i < PDM__COUNT(intervals); i++) *intervals[i] = read_range(cells, METRIC_LOW + 2 * i, row);
    m->estimate = pdm__number(&cells[METRIC_DIFF], row, PDM__NAN);
    m->se = pdm__number(&cells[METRIC_SE], row, PDM__NAN);
    m->planned_effect = pdm__number(&cells[METRIC_PLANNED], row, 0.0);
    return PDM_OK;
}

/* A count of the plan, 0 where it is left out. */
static pdm_status read_count(const pdm__calc *calc, int32_t column, int64_t *out, pdm_error *err) {
    *out = 0;
    if (!pdm__given(&calc->sheets[IN_PLAN].columns[column], 0)) return PDM_OK;
    PDM__TRY(pdm__calc_whole(calc, IN_PLAN, column, 0, PDM_E_BAD_COUNT, out, err));
    if (*out >= 0) return PDM_OK;
    return pdm__calc_fail(calc, IN_PLAN, column, 0, PDM_E_BAD_COUNT, err, "%lld; 0 or more expected", (long long)*out);
}

/* C's structs say 0 for the default; a true zero is negative there. */
static double or_none(double value) { return value == 0.0 ? -1.0 : value; }

static pdm_status read_plan(const pdm__calc *calc, pdm_decision_options *o, pdm_error *err) {
    const pdm_decide_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[IN_PLAN].columns;
    *o = pdm_decision_options_default();
    PDM__TRY(read_count(calc, PLAN_REQUIRED, &o->required_n, err));
    PDM__TRY(read_count(calc, PLAN_CONTROL, &o->n_control, err));
    PDM__TRY(read_count(calc, PLAN_TREATMENT, &o->n_treatment, err));
    PDM__TRY(read_count(calc, PLAN_CONFLICTS, &o->conflicts, err));
    o->guardrail_rule = chosen->guardrail_rule;
    o->if_equivalent = equivalent_decisions[chosen->if_equivalent];
    o->if_inconclusive = inconclusive_decisions[chosen->if_inconclusive];
    o->last_look = chosen->last_look;
    o->alpha = chosen->alpha;
    o->power = chosen->power;
    o->days = cells[PLAN_DAYS].f64[0];
    o->min_days = or_none(pdm__number(&cells[PLAN_MIN_DAYS], 0, 7.0));
    o->srm_alpha = pdm__number(&cells[PLAN_SRM_ALPHA], 0, 0.001);
    o->srm_p = pdm__number(&cells[PLAN_SRM_P], 0, 1.0);
    o->srm_status = o->srm_p < o->srm_alpha ? PDM_STATUS_MISMATCH : PDM_STATUS_OK;
    o->crossover_share = pdm__number(&cells[PLAN_SHARE], 0, 0.0);
    o->max_crossover_share = or_none(pdm__number(&cells[PLAN_MOST_SHARE], 0, 0.01));
    o->balance_p = pdm__number(&cells[PLAN_BALANCE_P], 0, 1.0);
    o->imbalance = o->balance_p < IMBALANCE_P ? 1 : 0;
    return PDM_OK;
}

/* ---- tables ---- */

static pdm_status put_decision(pdm__calc *calc, const char *variant, const pdm_decision_result *d, pdm_error *err) {
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, 1, NULL, &out, err));
    pdm__put_text(&out, 0, 0, variant);
    pdm__put_text(&out, 1, 0, pdm_decision_name(d->decision, PDM_ENGLISH));
    pdm__put_text(&out, 2, 0, pdm_decision_name(d->decision, PDM_CHINESE));
    pdm__put_int(&out, 3, 0, d->rule);
    pdm__put_bool(&out, 4, 0, d->is_final != 0);
    pdm__put_int(&out, 5, 0, d->n_required);
    pdm__put_int(&out, 6, 0, d->n_min);
    pdm__put_float(&out, 7, 0, d->days);
    return pdm__rows_end(&out);
}

/* A sentence, in full however long the metric's name is. */
static pdm_status put_sentence(pdm__calc *calc, pdm__rows *out, int32_t column, int64_t row, const pdm_reason *reason,
                               const char *metric, int32_t language, pdm_error *err) {
    char *text = NULL;
    size_t length = pdm_reason_text(reason, metric, language, NULL, 0);
    PDM__TRY(pdm__calc_array(calc, (int64_t)length + 1, 1, &text, err));
    (void)pdm_reason_text(reason, metric, language, text, length + 1);
    pdm__put_text(out, column, row, text);
    return PDM_OK;
}

static pdm_status put_reasons(pdm__calc *calc, const char *variant, const pdm_reason *reasons, int32_t count,
                              pdm_error *err) {
    const pdm__values *names = &calc->sheets[IN_METRICS].columns[METRIC_METRIC];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 1, count, NULL, &out, err));
    for (int32_t i = 0; i < count; i++) {
        const pdm_reason *r = &reasons[i];
        const char *metric = r->metric < 0 ? NULL : names->text[r->metric];
        pdm__put_text(&out, 0, i, variant);
        pdm__put_int(&out, 1, i, i + 1);
        pdm__put_text(&out, 2, i, pdm_reason_name(r->code));
        pdm__put_text(&out, 3, i, metric);
        pdm__put_limit(&out, 4, i, r->value);
        pdm__put_limit(&out, 5, i, r->threshold);
        PDM__TRY(put_sentence(calc, &out, 6, i, r, metric, PDM_ENGLISH, err));
        PDM__TRY(put_sentence(calc, &out, 7, i, r, metric, PDM_CHINESE, err));
    }
    return pdm__rows_end(&out);
}

static pdm_status decide_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[IN_METRICS];
    const char *variant = pdm__text_at(&calc->sheets[IN_PLAN].columns[PLAN_VARIANT], 0, "treatment");
    pdm_decision_metric *metrics = NULL;
    pdm_reason *reasons = NULL;
    pdm_decision_options options;
    pdm_decision_result decision;
    if (in->rows > MOST_METRICS) {
        return pdm__calc_fail(calc, IN_METRICS, -1, -1, PDM_E_LIMIT, err, "%lld metrics; up to %d are allowed",
                              (long long)in->rows, MOST_METRICS);
    }
    int32_t count = (int32_t)in->rows;
    PDM__TRY(pdm__calc_array(calc, count, sizeof *metrics, &metrics, err));
    PDM__TRY(pdm__calc_array(calc, PDM_DECISION_REASONS(count), sizeof *reasons, &reasons, err));
    for (int32_t i = 0; i < count; i++) PDM__TRY(read_metric(calc, i, &metrics[i], err));
    PDM__TRY(read_plan(calc, &options, err));
    pdm_status status = pdm_decide(metrics, count, &options, &decision, reasons, err);
    if (status != PDM_OK && err != NULL && err->row >= 0)
        return pdm__calc_row_failed(calc, IN_METRICS, err->row, status, err);
    if (status != PDM_OK) return status;
    PDM__TRY(put_decision(calc, variant, &decision, err));
    return put_reasons(calc, variant, reasons, decision.reason_count, err);
}

PDM__CALCULATOR(decide, pdm_decide_options, "Decision", "实验决策",
                "Keep, adjust, drop or keep running, with the reasons.");
