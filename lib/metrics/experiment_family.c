/* Several comparisons at once: adjusted p-values and the intervals that agree with them. */
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"

#include <pdmetrics/stats/multiplicity.h>

#include <math.h>

static const int32_t methods[] = {PDM_ADJUST_HOLM,       PDM_ADJUST_NONE,  PDM_ADJUST_BONFERRONI, PDM_ADJUST_HOLM,
                                  PDM_ADJUST_HOCHBERG,   PDM_ADJUST_BH,    PDM_ADJUST_BY,         PDM_ADJUST_SIDAK,
                                  PDM_ADJUST_HOLM_SIDAK, PDM_ADJUST_HOMMEL};

/* Significant as the reported interval says; where a method has none, as the p-value says. */
static void judge(double alpha, pdm__experiment_effect *e) {
    bool interval = !isnan(e->adj_low) && !isnan(e->adj_high);
    e->significant = interval ? e->adj_low > 0 || e->adj_high < 0 : e->p_adjusted <= alpha;
}

static pdm_status finish(const pdm__experiment_work *work, double p, double own_alpha, pdm__experiment_effect *e,
                         pdm_error *err) {
    e->p_adjusted = p;
    if (own_alpha > 0 && own_alpha < 1) {
        pdm__experiment_effect other = *e;
        PDM__TRY(pdm__experiment_compare_at(work, own_alpha, &other, err));
        e->level_adjusted = 1 - own_alpha;
        e->adj_low = other.low;
        e->adj_high = other.high;
    }
    judge(work->plan->options->alpha, e);
    return PDM_OK;
}

static pdm_status by_p_values(const pdm__experiment_work *work, pdm__experiment_effect **effects, size_t count,
                              int32_t method, double *numbers, pdm_error *err) {
    double alpha = work->plan->options->alpha;
    double *p = numbers;
    double *adjusted = numbers + count;
    double *alphas = numbers + 2 * count;
    for (size_t i = 0; i < count; i++) p[i] = fmin(1, effects[i]->p);
    PDM__TRY(pdm_p_adjust(work->context, p, count, method, adjusted, err));
    PDM__TRY(pdm_p_adjust_alphas(work->context, p, count, method, alpha, alphas, err));
    for (size_t i = 0; i < count; i++) PDM__TRY(finish(work, adjusted[i], alphas[i], effects[i], err));
    return PDM_OK;
}

/* The family's first metric has a share of alpha of its own. */
static pdm_status weighted(const pdm__experiment_work *work, pdm__experiment_effect **effects, size_t count,
                           pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    int32_t metrics = 0;
    int32_t treatments = 0;
    double primary = 0;
    double other = 0;
    for (size_t i = 0; i < count; i++) {
        bool first_of_metric = true;
        for (size_t j = 0; j < i && first_of_metric; j++) first_of_metric = effects[j]->metric != effects[i]->metric;
        metrics += first_of_metric;
        treatments += effects[i]->metric == effects[0]->metric;
    }
    PDM__TRY(pdm_weighted_alphas(o->alpha, o->primary_share, treatments, metrics, &primary, &other, err));
    for (size_t i = 0; i < count; i++) {
        double alpha = effects[i]->metric == effects[0]->metric ? primary : other;
        PDM__TRY(finish(work, fmin(1, effects[i]->p * (o->alpha / alpha)), alpha, effects[i], err));
    }
    return PDM_OK;
}

/* ---- Dunnett ---- */

/* Variance of an arm's (adjusted) mean, as the comparison sees it. */
static double variance_of_control(const pdm__experiment_effect *e) {
    double own = e->control.variance / (double)e->control.n;
    return e->is_score ? e->control.mean * (1 - e->control.mean) / (double)e->control.n : own;
}

static double variance_of_treatment(const pdm__experiment_effect *e) {
    double own = e->treatment.variance / (double)e->treatment.n;
    return e->is_score ? e->treatment.mean * (1 - e->treatment.mean) / (double)e->treatment.n : own;
}

static pdm_status dunnett(const pdm__experiment_work *work, pdm__experiment_effect **effects, size_t count,
                          pdm_error *err) {
    double lambda[PDM_EXPERIMENT_MAX_ARMS] = {0};
    double df = PDM__INFINITY;
    double critical = 0;
    for (size_t i = 0; i < count; i++) {
        double v_c = variance_of_control(effects[i]);
        double v_t = variance_of_treatment(effects[i]);
        lambda[i] = v_c + v_t > 0 && v_t > 0 ? sqrt(v_c / (v_c + v_t)) : 0;
        if (!effects[i]->is_score) df = fmin(df, effects[i]->df);
    }
    double alpha = work->plan->options->alpha;
    PDM__TRY(pdm_dunnett_critical(alpha, lambda, (int32_t)count, df, &critical, err));
    for (size_t i = 0; i < count; i++) {
        pdm__experiment_effect *e = effects[i];
        double p = 1;
        double log_p = 0;
        double own = 0;
        PDM__TRY(pdm_dunnett_p(fabs(e->statistic), lambda, (int32_t)count, df, &p, err));
        /* The alpha at which the comparison's own interval has this critical value. */
        pdm__p_of_t(critical, e->is_score ? PDM__INFINITY : e->df, PDM_TWO_SIDED, &own, &log_p);
        PDM__TRY(finish(work, p, own, e, err));
    }
    return PDM_OK;
}

/*
 * Looks: the p-value of one look says nothing about the bounds at another alpha, so each comparison spends a share of
 * it.
 */
static pdm_status share_alpha(const pdm__experiment_work *work, pdm__experiment_effect **effects, size_t count,
                              int32_t method, pdm_error *err) {
    double alpha = work->plan->options->alpha;
    double mine = method == PDM_EXPERIMENT_ADJUST_NONE ? alpha : alpha / (double)count;
    for (size_t i = 0; i < count; i++) PDM__TRY(finish(work, PDM__NAN, mine, effects[i], err));
    return PDM_OK;
}

pdm_status pdm__experiment_adjust(const pdm__experiment_work *work, pdm__experiment_effect **effects, size_t count,
                                  int32_t method, pdm_error *err) {
    if (count == 0) return PDM_OK;
    if (work->plan->options->horizon == PDM_EXPERIMENT_GROUP_SEQUENTIAL)
        return share_alpha(work, effects, count, method, err);
    if (method == PDM_EXPERIMENT_ADJUST_WEIGHTED) return weighted(work, effects, count, err);
    if (method == PDM_EXPERIMENT_ADJUST_DUNNETT) return dunnett(work, effects, count, err);
    double *numbers = NULL;
    PDM__TRY(pdm__new(work->context, 3 * count, sizeof *numbers, &numbers, err));
    pdm_status status = by_p_values(work, effects, count, methods[method], numbers, err);
    pdm__drop(work->context, numbers, 3 * count, sizeof *numbers);
    return status;
}
