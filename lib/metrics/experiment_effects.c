/* Two arms compared: conversions by the score family, all else by Welch's; CUPED with one covariate or several. */
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/power.h>
#include <pdmetrics/stats/proportion.h>

#include <math.h>

#define IMBALANCE 0.001

int32_t pdm__experiment_pairs(const pdm__experiment_plan *plan) {
    int32_t k = plan->arm_count;
    return plan->options->comparisons == PDM_EXPERIMENT_ALL_PAIRS ? k * (k - 1) / 2 : k - 1;
}

pdm__experiment_pair_of_arms pdm__experiment_nth_pair(const pdm__experiment_plan *plan, int32_t nth) {
    if (plan->options->comparisons == PDM_EXPERIMENT_VERSUS_CONTROL)
        return (pdm__experiment_pair_of_arms){plan->control, nth < plan->control ? nth : nth + 1};
    int32_t first = 0;
    int32_t left = plan->arm_count - 1;
    while (nth >= left) {
        nth -= left;
        first++;
        left--;
    }
    return (pdm__experiment_pair_of_arms){first, first + 1 + nth};
}

/* ---- means ---- */

static pdm_mean_options mean_options(const pdm__experiment_plan *plan, const pdm__experiment_bar *bar) {
    static const int32_t lifts[] = {PDM_MEAN_LIFT_FIELLER, PDM_MEAN_LIFT_LOG, PDM_MEAN_LIFT_LOG, PDM_MEAN_LIFT_FIELLER,
                                    PDM_MEAN_LIFT_DELTA};
    const pdm_experiment_options *o = plan->options;
    pdm_mean_options options = pdm_mean_options_default();
    options.alternative = o->alternative;
    options.equal_var = o->equal_var;
    options.normal = o->critical;
    options.lift = lifts[o->lift_interval];
    options.conf_level = 1 - bar->alpha;
    options.critical_z = bar->z;
    return options;
}

/* An arm's covariates, packed into `matrix`. */
static pdm_arm_covariates covariates_of(const pdm__experiment_moments *arm, int32_t k, double *matrix) {
    for (int32_t i = 0; i < k; i++) {
        for (int32_t j = 0; j < k; j++) matrix[i * k + j] = arm->matrix[i][j];
    }
    return (pdm_arm_covariates){arm->n, arm->mean, arm->variance, arm->covariate_means, arm->covariances, matrix};
}

static pdm_status compare_adjusted(const pdm__experiment_metric *m, const pdm_mean_options *options,
                                   pdm__experiment_effect *e, pdm_error *err) {
    double matrix_c[PDM_MAX_COVARIATES * PDM_MAX_COVARIATES];
    double matrix_t[PDM_MAX_COVARIATES * PDM_MAX_COVARIATES];
    int32_t k = m->covariates;
    pdm_mean_options own = *options;
    own.theta = m->kind == EXPERIMENT_RATIO ? PDM_THETA_WITHIN : PDM_THETA_TOTAL;
    pdm_arm_covariates c = covariates_of(&e->control, k, matrix_c);
    pdm_arm_covariates t = covariates_of(&e->treatment, k, matrix_t);
    PDM__TRY(pdm_mean_compare_covariates(&c, &t, k, &own, e->thetas, &e->mean, err));
    bool known = e->mean.status == PDM_STATUS_OK || e->mean.status == PDM_STATUS_ZERO_VARIANCE;
    bool off = e->mean.theta == 0;
    for (int32_t i = 0; i < k; i++) {
        bool dropped = k > 1 && e->thetas[i] == 0;
        if (known && dropped) e->warnings |= EXPERIMENT_WARN_COVARIATE_DROPPED;
        if (!known || dropped) e->thetas[i] = PDM__NAN;
    }
    if (!known) return PDM_OK;
    e->theta = k == 1 ? e->thetas[0] : off ? 0 : PDM__NAN;
    e->variance_reduction = e->mean.variance_reduction;
    e->balance_p = e->mean.balance_p;
    if (off) e->warnings |= EXPERIMENT_WARN_CUPED_OFF;
    if (e->balance_p < IMBALANCE) e->warnings |= EXPERIMENT_WARN_IMBALANCE;
    return PDM_OK;
}

static pdm_status compare_means(const pdm__experiment_plan *plan, const pdm__experiment_bar *bar,
                                pdm__experiment_effect *e, pdm_error *err) {
    const pdm__experiment_metric *m = &plan->metrics[e->metric];
    pdm_mean_options options = mean_options(plan, bar);
    if (m->covariates > 0) {
        PDM__TRY(compare_adjusted(m, &options, e, err));
    } else {
        pdm_arm_moments c = {e->control.n, e->control.mean, e->control.variance};
        pdm_arm_moments t = {e->treatment.n, e->treatment.mean, e->treatment.variance};
        PDM__TRY(pdm_mean_compare(&c, &t, &options, &e->mean, err));
    }
    const pdm_mean_effect *mean = &e->mean;
    e->diff = mean->difference;
    e->se = mean->se;
    e->df = mean->df;
    e->statistic = mean->statistic;
    e->p = mean->p;
    e->log_p = mean->log_p;
    e->critical = mean->critical;
    e->low = mean->low;
    e->high = mean->high;
    e->status = mean->status;
    e->lift = mean->lift;
    return PDM_OK;
}

/* ---- conversions ---- */

static pdm_two_proportions counts_of(const pdm__experiment_effect *e) {
    return (pdm_two_proportions){e->control.successes, e->control.n, e->treatment.successes, e->treatment.n};
}

static pdm_status rate_intervals(const pdm_experiment_options *o, const pdm__experiment_bar *bar,
                                 const pdm_two_proportions *counts, pdm_interval *difference, pdm_lift *lift,
                                 pdm_error *err) {
    static const int32_t lifts[] = {PDM_RATIO_KOOPMAN, PDM_RATIO_LOG, PDM_RATIO_LOG_ADJUSTED, PDM_RATIO_FIELLER,
                                    PDM_RATIO_DELTA};
    int32_t method = lifts[o->lift_interval];
    if (bar->z > 0) {
        PDM__TRY(pdm_proportion_difference_at(counts, o->difference_interval, o->alternative, bar->z, difference, err));
        return pdm_proportion_lift_at(counts, method, o->alternative, bar->z, lift, err);
    }
    double level = 1 - bar->alpha;
    PDM__TRY(pdm_proportion_difference(counts, o->difference_interval, o->alternative, level, difference, err));
    return pdm_proportion_lift(counts, method, o->alternative, level, lift, err);
}

static pdm_status compare_rates(const pdm__experiment_plan *plan, const pdm__experiment_bar *bar,
                                pdm__experiment_effect *e, pdm_error *err) {
    const pdm_experiment_options *o = plan->options;
    pdm_two_proportions counts = counts_of(e);
    pdm_test test;
    pdm_interval interval;
    PDM__TRY(pdm_proportion_test(&counts, o->test, o->alternative, &test, err));
    PDM__TRY(rate_intervals(o, bar, &counts, &interval, &e->lift, err));
    e->diff = e->control.n > 0 && e->treatment.n > 0 ? e->treatment.mean - e->control.mean : PDM__NAN;
    e->se = test.se;
    e->df = test.df;
    e->statistic = test.statistic;
    e->p = test.p;
    e->log_p = test.log_p;
    e->critical = bar->z > 0 ? bar->z : pdm__critical(1 - bar->alpha, o->alternative);
    e->low = interval.low;
    e->high = interval.high;
    e->status = test.status;
    if ((test.warnings & PDM_WARNING_LOW_EXPECTED) != 0) e->warnings |= EXPERIMENT_WARN_LOW_EXPECTED;
    if ((test.warnings & PDM_WARNING_P_EXACT) != 0) e->warnings |= EXPERIMENT_WARN_P_EXACT;
    return PDM_OK;
}

/* ---- power ---- */

static void note(const pdm_plan *plan, pdm_status status, double minus, double *out) {
    *out = status == PDM_OK && plan->status == PDM_STATUS_OK ? plan->value - minus : PDM__NAN;
}

/* What the arms as they are could see; undefined where nothing varies. */
static void judge_power(const pdm__experiment_plan *plan, double alpha, pdm__experiment_effect *e) {
    const pdm_experiment_options *o = plan->options;
    bool lower = plan->metrics[e->metric].lower_is_better;
    double n = (double)e->control.n;
    double good = lower ? -o->planned_lift : o->planned_lift;
    pdm_power_options options = pdm_power_options_default();
    pdm_plan answer;
    options.alpha = alpha;
    options.power = o->power;
    options.one_sided = o->alternative != PDM_TWO_SIDED;
    options.ratio = (double)e->treatment.n / n;
    options.normal = o->critical;
    if (e->is_score) {
        double rate = e->control.mean;
        if (!(rate > 0 && rate < 1)) return;
        note(&answer, pdm_mde_proportions(rate, n, !lower, &options, &answer, NULL), rate, &e->mde);
        double other = rate * (1 + good);
        if (o->planned_lift == 0 || !(other > 0 && other < 1)) return;
        note(&answer, pdm_power_proportions(rate, other, n, &options, &answer, NULL), 0, &e->power);
        return;
    }
    double left = isnan(e->variance_reduction) ? 1 : fmax(0, 1 - e->variance_reduction);
    double sd_c = sqrt(e->control.variance * left);
    double sd_t = sqrt(e->treatment.variance * left);
    if (e->status != PDM_STATUS_OK || !(sd_c > 0 && sd_t > 0)) return;
    note(&answer, pdm_mde_means(sd_c, sd_t, n, &options, &answer, NULL), 0, &e->mde);
    if (lower) e->mde = -e->mde;
    double delta = good * fabs(e->control.mean);
    if (delta == 0) return;
    note(&answer, pdm_power_means(delta, sd_c, sd_t, n, &options, &answer, NULL), 0, &e->power);
}

/* ---- all together ---- */

static void begin(const pdm__experiment_work *work, pdm__experiment_effect *e) {
    const pdm__experiment_metric *m = &work->plan->metrics[e->metric];
    e->is_score = m->kind == EXPERIMENT_CONVERSION && m->covariates == 0 && work->plan->options->variance == 0;
    e->p_adjusted = e->level_adjusted = e->adj_low = e->adj_high = PDM__NAN;
    e->power = e->mde = PDM__NAN;
    pdm__experiment_moments_of(work, e->group, e->arms.control, e->metric, &e->control);
    pdm__experiment_moments_of(work, e->group, e->arms.treatment, e->metric, &e->treatment);
}

pdm_status pdm__experiment_compare_at(const pdm__experiment_work *work, double alpha, pdm__experiment_effect *e,
                                      pdm_error *err) {
    pdm__experiment_bar bar;
    PDM__TRY(pdm__experiment_bar_at(work, e, alpha, &bar, err));
    e->level = 1 - alpha;
    e->warnings = 0;
    e->theta = e->variance_reduction = e->balance_p = PDM__NAN;
    if (e->is_score) {
        PDM__TRY(compare_rates(work->plan, &bar, e, err));
    } else {
        PDM__TRY(compare_means(work->plan, &bar, e, err));
    }
    e->by_sequence = bar.sequence;
    return bar.sequence ? pdm__experiment_as_sequence(work, bar.alpha, e, err) : PDM_OK;
}

pdm_status pdm__experiment_compare_only(const pdm__experiment_work *work, pdm__experiment_effect *e, pdm_error *err) {
    begin(work, e);
    return pdm__experiment_compare_at(work, work->plan->options->alpha, e, err);
}

pdm_status pdm__experiment_compare(const pdm__experiment_work *work, pdm__experiment_effect *e, pdm_error *err) {
    PDM__TRY(pdm__experiment_compare_only(work, e, err));
    if (e->group == 0) judge_power(work->plan, work->plan->options->alpha, e); /* planning is for all units */
    return PDM_OK;
}

pdm_status pdm__experiment_vary(const pdm__experiment_work *work, pdm__experiment_variation **out, pdm_error *err) {
    pdm__experiment_variation *v = NULL;
    PDM__TRY(pdm__new(work->context, 1, sizeof *v, &v, err));
    v->work = *work;
    v->plan = *work->plan;
    v->options = *work->plan->options;
    v->plan.options = &v->options;
    v->work.plan = &v->plan;
    *out = v;
    return PDM_OK;
}

void pdm__experiment_vary_end(pdm__experiment_variation *variation) {
    if (variation != NULL) pdm__drop(variation->work.context, variation, 1, sizeof *variation);
}
