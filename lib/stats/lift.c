#include "stats/lift.h"

#include "stats/calculator.h"

pdm_lift pdm__lift_of(double difference, double control) {
    pdm_lift lift = {PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN,
                     PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, 0,        PDM_STATUS_ZERO_BASE};
    if (control == 0) return lift;
    lift.lift = difference / fabs(control);
    lift.status = PDM_STATUS_OK;
    return lift;
}

static void open_side(int32_t alternative, double least, pdm_lift *out) {
    if (alternative == PDM_GREATER) out->high = PDM__INFINITY;
    if (alternative == PDM_LESS) out->low = least;
}

void pdm__fieller(const pdm__relative *r, double k, double df, int32_t alternative, pdm_lift *out) {
    if (out->status != PDM_STATUS_OK) return;
    double sign = r->control < 0 ? -1 : 1; /* ρ of D/|C| is that of D/C, or its negative */
    double k2 = k * k;
    double square = r->control * r->control;
    double a = square - k2 * r->control_variance;
    double b = sign * (r->control * r->difference - k2 * r->covariance);
    double e = r->difference * r->difference - k2 * r->difference_variance;
    double inside = b * b - a * e;
    out->df = df;
    out->g = k2 * r->control_variance / square;
    if (out->g >= 1) {
        out->status = PDM_STATUS_UNBOUNDED;
        out->form = inside > 0 ? PDM_LIFT_EXTERIOR : PDM_LIFT_WHOLE_LINE;
        if (out->form == PDM_LIFT_WHOLE_LINE) return;
    }
    double root = sqrt(inside > 0 ? inside : 0);
    double far = b >= 0 ? b + root : b - root; /* what does not cancel; the other root is e/far */
    double one = far / a;
    double other = far != 0 ? e / far : one;
    double low = one < other ? one : other;
    double high = one < other ? other : one;
    if (out->form == PDM_LIFT_EXTERIOR) {
        out->gap_low = low;
        out->gap_high = high;
        return;
    }
    out->low = low;
    out->high = high;
    open_side(alternative, -PDM__INFINITY, out);
}

void pdm__delta_lift(double se, double k, double df, int32_t alternative, pdm_lift *out) {
    if (out->status != PDM_STATUS_OK) return;
    out->se = se;
    out->df = df;
    if (!(se > 0)) {
        out->status = PDM_STATUS_ZERO_VARIANCE;
        return;
    }
    pdm__p_of_t(out->lift / se, df, alternative, &out->p, &out->log_p);
    out->low = out->lift - k * se;
    out->high = out->lift + k * se;
    open_side(alternative, -PDM__INFINITY, out);
}
