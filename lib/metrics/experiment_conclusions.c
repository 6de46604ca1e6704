/* What follows from the effects of all units: margins, looks, the decision and its reasons. */
#include "metrics/experiment_columns.h"
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"

#include <pdmetrics/stats/decision.h>
#include <pdmetrics/stats/sequential.h>

#include <math.h>

#define TEXT_ROOM 512

static pdm_status add(pdm__experiment_work *work, int32_t which, int64_t rows, pdm_table **table, pdm_error *err) {
    return pdm__result_add(work->result, &pdm__experiment_tables[which], rows, PDM_TYPE_INT64, table, err);
}

static pdm_status put_names(const pdm__experiment_work *work, const pdm__experiment_effect *e, pdm_table *t,
                            int64_t row, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    PDM__TRY(pdm__table_put_string(t, 0, row, plan->metrics[e->metric].name, err));
    PDM__TRY(pdm__table_put_string(t, 1, row, plan->arms[e->arms.treatment].name, err));
    return pdm__table_put_string(t, 2, row, plan->arms[e->arms.control].name, err);
}

static pdm_status put_flag(pdm_table *t, int32_t column, int64_t row, bool known, bool value, pdm_error *err) {
    pdm__table_bool(t, column)[row] = known && value;
    return known ? PDM_OK : pdm__table_set_null(t, column, row, err);
}

/* ---- margins ---- */

/* Test whether the effect is above `margin` (or below it, PDM_LESS). */
static pdm_status margin_test(const pdm__experiment_metric *m, const pdm__experiment_effect *e, int32_t alternative,
                              double margin, pdm_test *out, pdm_error *err) {
    int32_t scale = m->margin_is_difference ? PDM_SCALE_DIFFERENCE : PDM_SCALE_LIFT;
    if (!e->is_score) return pdm_mean_margin_test(&e->mean, scale, alternative, margin, out, err);
    pdm_two_proportions counts = {e->control.successes, e->control.n, e->treatment.successes, e->treatment.n};
    return pdm_proportion_margin_test(&counts, PDM_MARGIN_SCORE, scale, alternative, margin, out, err);
}

static pdm_status put_margin(const pdm__experiment_work *work, const pdm__experiment_effect *e, pdm_table *t,
                             int64_t row, pdm_error *err) {
    static const char *const roles[] = {"none", "goal", "guardrail"};
    const pdm__experiment_metric *m = &work->plan->metrics[e->metric];
    double alpha = work->plan->options->alpha;
    pdm_test ni = {.p = PDM__NAN, .log_p = PDM__NAN};
    pdm_test low = ni;
    pdm_test high = ni;
    double worst = m->lower_is_better ? m->margin : -m->margin;
    if (m->has_margin) PDM__TRY(margin_test(m, e, m->lower_is_better ? PDM_LESS : PDM_GREATER, worst, &ni, err));
    if (m->equivalence > 0) {
        PDM__TRY(margin_test(m, e, PDM_GREATER, -m->equivalence, &low, err));
        PDM__TRY(margin_test(m, e, PDM_LESS, m->equivalence, &high, err));
    }
    const pdm_test *larger = low.p > high.p || isnan(low.p) ? &low : &high;
    PDM__TRY(put_names(work, e, t, row, err));
    PDM__TRY(pdm__table_put_string(t, MARGINS_ROLE, row, roles[m->role], err));
    PDM__TRY(pdm__table_put_string(t, MARGINS_SCALE, row, m->margin_is_difference ? "diff" : "lift", err));
    PDM__TRY(pdm__experiment_put(t, MARGINS_MARGIN, row, m->has_margin ? m->margin : PDM__NAN, err));
    PDM__TRY(pdm__experiment_put(t, MARGINS_NI_P, row, ni.p, err));
    PDM__TRY(pdm__experiment_put(t, MARGINS_NI_LOG_P, row, ni.log_p, err));
    PDM__TRY(put_flag(t, MARGINS_NON_INFERIOR, row, !isnan(ni.p), ni.p <= alpha / 2, err));
    PDM__TRY(pdm__experiment_put(t, MARGINS_EQUIVALENCE, row, m->equivalence > 0 ? m->equivalence : PDM__NAN, err));
    PDM__TRY(pdm__experiment_put(t, MARGINS_EQUIVALENCE_P, row, larger->p, err));
    PDM__TRY(pdm__experiment_put(t, MARGINS_EQUIVALENCE_LOG_P, row, larger->log_p, err));
    PDM__TRY(put_flag(t, MARGINS_EQUIVALENT, row, !isnan(larger->p), larger->p <= alpha, err));
    int32_t status = m->has_margin ? ni.status : larger->status;
    return pdm__table_put_string(t, MARGINS_STATUS, row, pdm_row_status_name(status), err);
}

static bool has_margin(const pdm__experiment_metric *m) { return m->has_margin || m->equivalence > 0; }

static pdm_status put_margins(pdm__experiment_work *work, const pdm__experiment_effects *all, pdm_error *err) {
    pdm_table *table = NULL;
    int64_t rows = 0;
    int64_t row = 0;
    for (int32_t m = 0; m < all->metrics; m++) rows += has_margin(&work->plan->metrics[m]) ? all->pairs : 0;
    PDM__TRY(add(work, EXPERIMENT_TABLE_MARGINS, rows, &table, err));
    for (int32_t m = 0; m < all->metrics; m++) {
        for (int32_t p = 0; p < all->pairs && has_margin(&work->plan->metrics[m]); p++, row++)
            PDM__TRY(put_margin(work, pdm__experiment_effect_at(all, 0, m, p), table, row, err));
    }
    return PDM_OK;
}

/* ---- looks ---- */

/* What is left of a comparison's interval, and its least p-value, with those of earlier looks. */
static pdm__experiment_interval run_on(const pdm__experiment_plan *plan, const pdm__experiment_effect *e,
                                       int32_t pair) {
    pdm__experiment_interval left = {e->metric, pair, e->low, e->high, e->by_sequence ? e->p : PDM__NAN};
    for (int32_t i = 0; i < plan->interval_count && !isnan(e->low); i++) {
        const pdm__experiment_interval *before = &plan->intervals[i];
        if (before->metric != e->metric || before->pair != pair) continue;
        left.low = fmax(left.low, before->low);
        left.high = fmin(left.high, before->high);
        if (e->by_sequence) left.p = fmin(left.p, before->p);
    }
    return left;
}

static pdm_status put_look(const pdm__experiment_work *work, const pdm__experiment_effect *e, int32_t pair,
                           pdm_table *t, int64_t row, pdm_error *err) {
    static const char *const names[] = {"fixed", "asymp_cs", "msprt", "group_sequential", "hybrid"};
    const pdm_experiment_options *o = work->plan->options;
    int64_t units = pdm__experiment_pair_units(work, e->arms);
    pdm__experiment_interval left = run_on(work->plan, e, pair);
    bool planned = o->horizon == PDM_EXPERIMENT_GROUP_SEQUENTIAL;
    pdm_look look = {.nominal_p = PDM__NAN, .alpha_spent = PDM__NAN};
    if (planned && units > 0) PDM__TRY(pdm__experiment_look(work, units, o->alpha, &look, err));
    PDM__TRY(put_names(work, e, t, row, err));
    pdm__table_i32(t, LOOKS_LOOK)[row] = work->plan->look_count + 1;
    pdm__table_i64(t, LOOKS_N_TOTAL)[row] = units;
    double info = o->planned_n_total > 0 ? (double)units / (double)o->planned_n_total : PDM__NAN;
    PDM__TRY(pdm__experiment_put(t, LOOKS_INFO, row, info, err));
    PDM__TRY(pdm__table_put_string(t, LOOKS_METHOD, row, names[o->horizon], err));
    PDM__TRY(pdm__experiment_put(t, LOOKS_MULTIPLIER, row, e->critical, err));
    PDM__TRY(pdm__experiment_put(t, LOOKS_NOMINAL_P, row, look.nominal_p, err));
    PDM__TRY(pdm__experiment_put(t, LOOKS_ALPHA_SPENT, row, look.alpha_spent, err));
    PDM__TRY(pdm__experiment_put(t, LOOKS_P_ALWAYS_VALID, row, left.p, err));
    PDM__TRY(pdm__experiment_put(t, LOOKS_LOW, row, left.low, err));
    PDM__TRY(pdm__experiment_put(t, LOOKS_HIGH, row, left.high, err));
    return put_flag(t, LOOKS_CROSSED, row, !isnan(left.low), left.low > 0 || left.high < 0, err);
}

static pdm_status put_looks(pdm__experiment_work *work, const pdm__experiment_effects *all, pdm_error *err) {
    pdm_table *table = NULL;
    if (work->plan->options->horizon == PDM_EXPERIMENT_FIXED) return PDM_OK;
    PDM__TRY(add(work, EXPERIMENT_TABLE_LOOKS, (int64_t)all->metrics * all->pairs, &table, err));
    for (int32_t m = 0; m < all->metrics; m++) {
        for (int32_t p = 0; p < all->pairs; p++)
            PDM__TRY(
                put_look(work, pdm__experiment_effect_at(all, 0, m, p), p, table, (int64_t)m * all->pairs + p, err));
    }
    return PDM_OK;
}

/* ---- decision ---- */

/* The set of lifts as an interval; where it is none it decides nothing. */
static pdm_range lift_range(const pdm__experiment_effect *e) { return (pdm_range){e->lift.low, e->lift.high}; }
static pdm_range diff_range(const pdm__experiment_effect *e) { return (pdm_range){e->low, e->high}; }
static pdm_range range_of(const pdm__experiment_metric *m, const pdm__experiment_effect *e) {
    return m->margin_is_difference ? diff_range(e) : lift_range(e);
}

/* harm_watch: while it runs only the good end of a one-sided sequence at alpha/4 is there. */
static pdm_status watch_harm(const pdm__experiment_work *work, const pdm__experiment_effect *e,
                             pdm_decision_metric *out, pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    bool lower = work->plan->metrics[e->metric].lower_is_better;
    double n = (double)pdm__experiment_pair_units(work, e->arms);
    pdm_sequence s;
    if (!(e->se >= 0)) return PDM_OK;
    PDM__TRY(pdm_asymptotic_sequence(e->diff, e->se, n, (double)o->planned_n_total, lower ? PDM_GREATER : PDM_LESS,
                                     1 - o->alpha / 4, NULL, &s, err));
    out->watched = (pdm_range){s.low, s.high};
    out->watched_scaled = (pdm_range){PDM__NAN, PDM__NAN};
    return PDM_OK;
}

static pdm_status decision_metric(const pdm__experiment_work *work, const pdm__experiment_effect *e,
                                  pdm_decision_metric *out, pdm_error *err) {
    const pdm__experiment_metric *m = &work->plan->metrics[e->metric];
    const pdm_experiment_options *o = work->plan->options;
    *out = pdm_decision_metric_default();
    out->role = m->role == EXPERIMENT_GUARDRAIL ? PDM_ROLE_GUARDRAIL : PDM_ROLE_GOAL;
    out->direction = m->lower_is_better ? PDM_LOWER_IS_BETTER : PDM_HIGHER_IS_BETTER;
    out->scale = m->margin_is_difference ? PDM_SCALE_DIFFERENCE : PDM_SCALE_LIFT;
    out->on_harm = m->drop_on_harm ? PDM_DECISION_DROP : PDM_DECISION_ADJUST;
    if (m->has_margin) out->margin = m->margin;
    out->equivalence = m->equivalence;
    out->status = e->status;
    out->estimate = e->diff;
    out->se = e->se;
    out->planned_effect = o->planned_lift * fabs(e->control.mean);
    if (isnan(out->planned_effect)) out->planned_effect = 0;
    out->reported = diff_range(e);
    out->scaled = range_of(m, e);
    out->adjusted = (pdm_range){e->adj_low, e->adj_high};
    if (m->equivalence > 0 && o->alpha < 0.5) {
        pdm__experiment_effect wide = *e;
        PDM__TRY(pdm__experiment_compare_at(work, 2 * o->alpha, &wide, err));
        out->two_alpha = range_of(m, &wide);
    }
    if (o->harm_watch != 0 && e->by_sequence) return watch_harm(work, e, out, err);
    if (e->by_sequence || o->horizon == PDM_EXPERIMENT_GROUP_SEQUENTIAL) {
        out->watched = m->role == EXPERIMENT_GOAL && !isnan(e->adj_low) ? out->adjusted : out->reported;
        out->watched_scaled = out->scaled;
    }
    return PDM_OK;
}

static pdm_decision_options decision_options(const pdm__experiment_work *work, const pdm__experiment_effects *all,
                                             int32_t pair) {
    static const int32_t inconclusive[] = {PDM_DECISION_REVIEW, PDM_DECISION_KEEP, PDM_DECISION_ADJUST,
                                           PDM_DECISION_DROP, PDM_DECISION_KEEP_RUNNING};
    const pdm_experiment_options *o = work->plan->options;
    pdm__experiment_pair_of_arms arms = pdm__experiment_nth_pair(work->plan, pair);
    pdm_decision_options d = pdm_decision_options_default();
    bool over =
        o->horizon == PDM_EXPERIMENT_GROUP_SEQUENTIAL && pdm__experiment_pair_units(work, arms) >= o->planned_n_total;
    d.guardrail_rule = o->guardrail_rule;
    d.if_equivalent = o->if_equivalent != 0 ? PDM_DECISION_KEEP : PDM_DECISION_DROP;
    d.if_inconclusive = inconclusive[o->if_inconclusive];
    d.last_look = o->last_look != 0 || over;
    d.srm_status = work->split.status;
    d.srm_p = work->split.p;
    d.srm_alpha = o->srm_alpha;
    d.required_n = o->required_n;
    d.n_control = pdm__experiment_units(work, 0, arms.control);
    d.n_treatment = pdm__experiment_units(work, 0, arms.treatment);
    d.conflicts = work->conflicts;
    d.days = o->days;
    d.min_days = o->min_days == 0 ? -1 : o->min_days;
    d.crossover_share = work->all_units > 0 ? (double)work->crossovers / (double)work->all_units : 0;
    d.max_crossover_share = o->max_crossover_share;
    d.alpha = o->alpha;
    d.power = o->power;
    for (int32_t m = 0; m < all->metrics; m++) {
        const pdm__experiment_effect *e = pdm__experiment_effect_at(all, 0, m, pair);
        if ((e->warnings & EXPERIMENT_WARN_IMBALANCE) == 0) continue;
        d.balance_p = d.imbalance != 0 ? fmin(d.balance_p, e->balance_p) : e->balance_p;
        d.imbalance = 1;
    }
    return d;
}

/* Metrics that have a role, decided together. */
typedef struct decided {
    pdm_decision_metric metrics[PDM_EXPERIMENT_MAX_METRICS];
    int32_t metric_of[PDM_EXPERIMENT_MAX_METRICS];
    int32_t count;
    pdm_decision_result result;
    pdm_reason reasons[PDM_DECISION_REASONS(PDM_EXPERIMENT_MAX_METRICS)];
} decided;

static pdm_status decide(const pdm__experiment_work *work, const pdm__experiment_effects *all, int32_t pair,
                         decided *out, pdm_error *err) {
    out->count = 0;
    for (int32_t m = 0; m < all->metrics; m++) {
        if (work->plan->metrics[m].role == EXPERIMENT_NO_ROLE) continue;
        out->metric_of[out->count] = m;
        PDM__TRY(decision_metric(work, pdm__experiment_effect_at(all, 0, m, pair), &out->metrics[out->count++], err));
    }
    pdm_decision_options options = decision_options(work, all, pair);
    return pdm_decide(out->metrics, out->count, &options, &out->result, out->reasons, err);
}

static pdm_status put_decision(const decided *d, const char *variant, pdm_table *t, int64_t row, pdm_error *err) {
    const pdm_decision_result *r = &d->result;
    PDM__TRY(pdm__table_put_string(t, DECISION_VARIANT, row, variant, err));
    PDM__TRY(pdm__table_put_string(t, DECISION_DECISION, row, pdm_decision_name(r->decision, PDM_ENGLISH), err));
    PDM__TRY(pdm__table_put_string(t, DECISION_DECISION_ZH, row, pdm_decision_name(r->decision, PDM_CHINESE), err));
    pdm__table_i32(t, DECISION_RULE)[row] = r->rule;
    pdm__table_bool(t, DECISION_FINAL)[row] = r->is_final != 0;
    pdm__table_i64(t, DECISION_N_REQUIRED)[row] = r->n_required;
    pdm__table_i64(t, DECISION_N_MIN)[row] = r->n_min;
    return pdm__experiment_put(t, DECISION_DAYS, row, r->days, err);
}

static pdm_status put_reason(const pdm__experiment_work *work, const decided *d, int32_t i, const char *variant,
                             pdm_table *t, int64_t row, pdm_error *err) {
    const pdm_reason *r = &d->reasons[i];
    const char *metric = r->metric < 0 ? NULL : work->plan->metrics[d->metric_of[r->metric]].name;
    char text[TEXT_ROOM];
    PDM__TRY(pdm__table_put_string(t, REASONS_VARIANT, row, variant, err));
    pdm__table_i32(t, REASONS_ORDER)[row] = i + 1;
    PDM__TRY(pdm__table_put_string(t, REASONS_CODE, row, pdm_reason_name(r->code), err));
    PDM__TRY(pdm__experiment_put_text(t, REASONS_METRIC, row, metric, err));
    PDM__TRY(pdm__experiment_put(t, REASONS_VALUE, row, r->value, err));
    PDM__TRY(pdm__experiment_put(t, REASONS_THRESHOLD, row, r->threshold, err));
    (void)pdm_reason_text(r, metric, PDM_ENGLISH, text, sizeof text);
    PDM__TRY(pdm__table_put_string(t, REASONS_TEXT_EN, row, text, err));
    (void)pdm_reason_text(r, metric, PDM_CHINESE, text, sizeof text);
    return pdm__table_put_string(t, REASONS_TEXT_ZH, row, text, err);
}

static pdm_status put_decided(pdm__experiment_work *work, const decided *all, int32_t pairs, pdm_error *err) {
    pdm_table *table = NULL;
    pdm_table *reasons = NULL;
    int64_t count = 0;
    int64_t row = 0;
    for (int32_t p = 0; p < pairs; p++) count += all[p].result.reason_count;
    PDM__TRY(add(work, EXPERIMENT_TABLE_DECISION, pairs, &table, err));
    PDM__TRY(add(work, EXPERIMENT_TABLE_REASONS, count, &reasons, err));
    for (int32_t p = 0; p < pairs; p++) {
        const char *variant = work->plan->arms[pdm__experiment_nth_pair(work->plan, p).treatment].name;
        PDM__TRY(put_decision(&all[p], variant, table, p, err));
        for (int32_t i = 0; i < all[p].result.reason_count; i++, row++)
            PDM__TRY(put_reason(work, &all[p], i, variant, reasons, row, err));
    }
    return PDM_OK;
}

/* Which arms the decisions keep instead of the control. */
static void note_kept(pdm__experiment_work *work, const decided *all, int32_t pairs) {
    memset(work->kept, -1, sizeof work->kept);
    for (int32_t p = 0; p < pairs; p++) {
        pdm__experiment_pair_of_arms arms = pdm__experiment_nth_pair(work->plan, p);
        if (arms.control != work->plan->control) continue;
        work->kept[arms.treatment] = all[p].result.decision == PDM_DECISION_KEEP;
    }
}

static pdm_status put_decisions(pdm__experiment_work *work, const pdm__experiment_effects *all, pdm_error *err) {
    size_t pairs = (size_t)all->pairs;
    decided *each = NULL;
    pdm_status status = PDM_OK;
    note_kept(work, NULL, 0);
    if (work->plan->options->required_n <= 0) return PDM_OK;
    PDM__TRY(pdm__new_zero(work->context, pairs, sizeof *each, &each, err));
    for (size_t p = 0; p < pairs && status == PDM_OK; p++) status = decide(work, all, (int32_t)p, &each[p], err);
    if (status == PDM_OK) status = put_decided(work, each, all->pairs, err);
    if (status == PDM_OK) note_kept(work, each, all->pairs);
    pdm__drop(work->context, each, pairs, sizeof *each);
    return status;
}

pdm_status pdm__experiment_put_conclusions(pdm__experiment_work *work, const pdm__experiment_effects *all,
                                           pdm_error *err) {
    PDM__TRY(put_margins(work, all, err));
    PDM__TRY(put_looks(work, all, err));
    return put_decisions(work, all, err);
}
