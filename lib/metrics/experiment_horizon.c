/* Results of an experiment that is still running: intervals and p-values that hold whenever one looks. */
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"
#include "stats/lift.h"

#include <pdmetrics/stats/sequential.h>

#include <math.h>

/* The unpooled standard error, and what Fieller's set needs. False: the statistics are not there. */
static bool relative_of(const pdm__experiment_effect *e, pdm__relative *out) {
    if (!e->is_score) {
        if (e->status != PDM_STATUS_OK) return false;
        *out = (pdm__relative){e->diff, e->control.mean, e->se * e->se, e->mean.control_variance, e->mean.covariance};
        return true;
    }
    if (e->control.n == 0 || e->treatment.n == 0) return false;
    double p_c = e->control.mean;
    double p_t = e->treatment.mean;
    double v_c = p_c * (1 - p_c) / (double)e->control.n;
    double v_t = p_t * (1 - p_t) / (double)e->treatment.n;
    *out = (pdm__relative){e->diff, p_c, v_c + v_t, v_c, -v_c};
    return true;
}

static pdm_status sequence(const pdm__experiment_work *work, double alpha, const pdm__experiment_effect *e, double se,
                           pdm_sequence *out, pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    double n = (double)e->control.n + (double)e->treatment.n;
    if (o->horizon == PDM_EXPERIMENT_MSPRT) return pdm_msprt(e->diff, se, o->tau2, 1 - alpha, out, err);
    return pdm_asymptotic_sequence(e->diff, se, n, (double)o->planned_n_total, o->alternative, 1 - alpha, NULL, out,
                                   err);
}

pdm_status pdm__experiment_as_sequence(const pdm__experiment_work *work, double alpha, pdm__experiment_effect *e,
                                       pdm_error *err) {
    pdm__relative relative;
    pdm_sequence s;
    if (!relative_of(e, &relative)) return PDM_OK;
    e->se = sqrt(relative.difference_variance);
    e->lift = pdm__lift_of(e->diff, e->control.mean);
    PDM__TRY(sequence(work, alpha, e, e->se, &s, err));
    e->status = s.status;
    e->df = PDM__INFINITY;
    e->statistic = e->se > 0 ? e->diff / e->se : PDM__NAN;
    e->critical = s.multiplier;
    e->p = s.p;
    e->log_p = s.log_p;
    e->low = s.low;
    e->high = s.high;
    if (s.status == PDM_STATUS_OK) {
        pdm__fieller(&relative, s.multiplier, PDM__INFINITY, work->plan->options->alternative, &e->lift);
    } else if (e->lift.status == PDM_STATUS_OK) {
        e->lift.status = s.status;
    }
    return PDM_OK;
}

/* ---- planned looks ---- */

/* Units of the comparison's two arms, segments and exclusions of single metrics aside. */
int64_t pdm__experiment_pair_units(const pdm__experiment_work *work, pdm__experiment_pair_of_arms arms) {
    return pdm__experiment_units(work, 0, arms.control) + pdm__experiment_units(work, 0, arms.treatment);
}

pdm_status pdm__experiment_look(const pdm__experiment_work *work, int64_t units, double alpha, pdm_look *look,
                                pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    const pdm_experiment_options *o = plan->options;
    size_t count = (size_t)plan->look_count + 1;
    double *info = NULL;
    pdm_look *looks = NULL;
    pdm_spending_options spending = pdm_spending_options_default();
    spending.spending = o->spending;
    spending.alternative = o->alternative;
    spending.total = o->spend_total;
    spending.parameter = o->spending_parameter;
    spending.alpha = alpha;
    PDM__TRY(pdm__new(work->context, count, sizeof *info, &info, err));
    pdm_status status = pdm__new(work->context, count, sizeof *looks, &looks, err);
    for (size_t i = 0; i < count; i++) {
        double so_far = i + 1 < count ? (double)plan->looks[i] : (double)units;
        info[i] = so_far / (double)o->planned_n_total;
    }
    if (status == PDM_OK) status = pdm_group_bounds(work->context, info, (int32_t)count, &spending, looks, err);
    if (status == PDM_OK) *look = looks[count - 1];
    pdm__drop(work->context, looks, count, sizeof *looks);
    pdm__drop(work->context, info, count, sizeof *info);
    return status;
}

/* ---- what an effect has to clear ---- */

pdm_status pdm__experiment_bar_at(const pdm__experiment_work *work, const pdm__experiment_effect *e, double alpha,
                                  pdm__experiment_bar *bar, pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    int64_t units = pdm__experiment_pair_units(work, e->arms);
    *bar = (pdm__experiment_bar){.alpha = alpha};
    switch (o->horizon) {
    case PDM_EXPERIMENT_ASYMP_CS:
    case PDM_EXPERIMENT_MSPRT: bar->sequence = true; return PDM_OK;
    case PDM_EXPERIMENT_HYBRID: /* half of alpha while it is running, half at the end */
        bar->alpha = alpha / 2;
        bar->sequence = units < o->planned_n_total;
        return PDM_OK;
    case PDM_EXPERIMENT_GROUP_SEQUENTIAL: {
        pdm_look look;
        if (units == 0) return PDM_OK;
        PDM__TRY(pdm__experiment_look(work, units, alpha, &look, err));
        bar->z = look.z;
        return PDM_OK;
    }
    default: return PDM_OK;
    }
}
