/* Results of an experiment that is still running: intervals and p-values that hold whenever one looks. */
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"
#include "stats/lift.h"

#include <pdmetrics/stats/sequential.h>

#include <math.h>

/* The unpooled standard error, and what Fieller's set needs. False: the statistics are not there. */
static bool relative_of(const pdm__experiment_effect *e, pdm__relative *out) {
    if (!e->is_score) {
        if (e->status != PDM_EFFECT_OK) return false;
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

pdm_status pdm__experiment_apply_horizon(const pdm__experiment_work *work, double alpha, pdm__experiment_effect *e,
                                         pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    pdm__relative relative;
    pdm_sequence s;
    if (o->horizon != PDM_EXPERIMENT_ASYMP_CS && o->horizon != PDM_EXPERIMENT_MSPRT) return PDM_OK;
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
    if (s.status == PDM_EFFECT_OK) {
        pdm__fieller(&relative, s.multiplier, PDM__INFINITY, o->alternative, &e->lift);
    } else if (e->lift.status == PDM_EFFECT_OK) {
        e->lift.status = s.status;
    }
    return PDM_OK;
}
