/* Effects of segments side by side, and over strata. */
#include <pdmetrics/stats/segments.h>

#include "stats/calculator.h"

#include <pdmetrics/stats/distribution.h>

/* ------------------------------------------------------------------------------------------------------ heterogeneity */

static pdm_status check_segment(double effect, double se, int32_t row, pdm_error *err) {
    if (isinf(effect)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, row, "effects", "expected a finite effect, got %.17g", effect);
    }
    if (!(se < 0) && !isinf(se)) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, row, "se", "expected a standard error of at least 0, got %.17g", se);
}

static bool is_usable(double effect, double se) { return !isnan(effect) && se > 0; }

/* Weights relative to the most exact segment, so that tiny and huge errors stay in range. */
static void compare_segments(const double *effects, const double *se, int32_t count, double least,
                             pdm_heterogeneity *out) {
    double sum = 0;
    double squares = 0;
    double weighted = 0;
    double q = 0;
    for (int32_t i = 0; i < count; i++) {
        if (!is_usable(effects[i], se[i])) continue;
        double w = (least / se[i]) * (least / se[i]);
        sum += w;
        squares += w * w;
        weighted += w * effects[i];
    }
    out->pooled = weighted / sum;
    out->pooled_se = least / sqrt(sum);
    for (int32_t i = 0; i < count; i++) {
        if (!is_usable(effects[i], se[i])) continue;
        double off = (effects[i] - out->pooled) / se[i];
        q += off * off;
    }
    out->q = q;
    out->df = out->used - 1;
    if (out->used < 2) return;
    out->p = pdm_chi2_sf(q, out->df);
    out->log_p = pdm_chi2_log_sf(q, out->df);
    out->i2 = q > out->df ? (q - out->df) / q : 0;
    out->tau2 = q > out->df ? (q - out->df) / (sum - squares / sum) * (least * least) : 0;
}

pdm_status pdm_heterogeneity_test(const double *effects, const double *se, int32_t count, pdm_heterogeneity *out,
                                  pdm_error *err) {
    pdm_heterogeneity h = {PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN,          PDM__NAN,
                           PDM__NAN, PDM__NAN, PDM__NAN, 0,        PDM_STATUS_NO_DATA};
    double least = PDM__INFINITY;
    double z = 0;
    double spread = 0;
    for (int32_t i = 0; i < count; i++) {
        PDM__TRY(check_segment(effects[i], se[i], i, err));
        if (!is_usable(effects[i], se[i])) continue;
        z = h.used == 0 ? effects[i] : z - effects[i];
        spread = hypot(spread, se[i]);
        least = fmin(least, se[i]);
        h.used++;
    }
    if (h.used > 0) {
        compare_segments(effects, se, count, least, &h);
        h.status = h.used > 1 ? PDM_STATUS_OK : PDM_STATUS_TOO_FEW;
    }
    if (h.used == 2) h.z = z / spread;
    *out = h;
    return PDM_OK;
}

/* -------------------------------------------------------------------------------------------------------------- trend */

static void fit_line(const double *times, const double *effects, const double *se, int32_t count, double least,
                     pdm_trend *out) {
    double sum = 0;
    double centre = 0;
    double spread = 0;
    double cross = 0;
    for (int32_t i = 0; i < count; i++) {
        if (!is_usable(effects[i], se[i])) continue;
        double w = (least / se[i]) * (least / se[i]);
        sum += w;
        centre += w * times[i];
    }
    centre /= sum;
    for (int32_t i = 0; i < count; i++) {
        if (!is_usable(effects[i], se[i])) continue;
        double w = (least / se[i]) * (least / se[i]);
        double off = times[i] - centre;
        spread += w * off * off;
        cross += w * off * effects[i];
    }
    out->status = PDM_STATUS_ZERO_VARIANCE;
    if (!(spread > 0)) return;
    out->status = PDM_STATUS_OK;
    out->slope = cross / spread;
    out->slope_se = least / sqrt(spread);
    out->z = out->slope / out->slope_se;
    pdm__p_of_t(out->z, PDM__INFINITY, PDM_TWO_SIDED, &out->p, &out->log_p);
}

pdm_status pdm_effect_trend(const double *times, const double *effects, const double *se, int32_t count, pdm_trend *out,
                            pdm_error *err) {
    pdm_trend trend = {PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, 0, PDM_STATUS_TOO_FEW};
    double least = PDM__INFINITY;
    for (int32_t i = 0; i < count; i++) {
        PDM__TRY(check_segment(effects[i], se[i], i, err));
        if (!(fabs(times[i]) < PDM__INFINITY)) {
            return pdm__fail(err, PDM_E_BAD_VALUE, i, "times", "expected a finite time, got %.17g", times[i]);
        }
        if (!is_usable(effects[i], se[i])) continue;
        least = fmin(least, se[i]);
        trend.used++;
    }
    if (trend.used > 1) fit_line(times, effects, se, count, least, &trend);
    *out = trend;
    return PDM_OK;
}

/* ------------------------------------------------------------------------------------------------------------- strata */

typedef struct sums {
    double off, variance;       /* Σ(a − E a), ΣVar a */
    double r, s, pr, ps_lr, ls; /* of the odds ratio: ΣR, ΣS, ΣPR, Σ(PS + LR), ΣLS */
    double risk_t, risk_c;      /* Σ a·n_c/n, Σ c·n_t/n */
    double precision;           /* Σ n_t·n_c/n */
    int32_t used;
} sums;

static void add_stratum(const pdm_two_proportions *k, sums *t) {
    double a = (double)k->x_treatment;
    double n_t = (double)k->n_treatment;
    double c = (double)k->x_control;
    double n_c = (double)k->n_control;
    double b = n_t - a;
    double d = n_c - c;
    double n = n_t + n_c;
    double hits = a + c;
    /* a − n_t·hits/n = (a·n_c − c·n_t)/n = (a·d − b·c)/n, whose products are exact integers */
    pdm__int128 cross = (pdm__int128)k->x_treatment * (k->n_control - k->x_control) -
                        (pdm__int128)(k->n_treatment - k->x_treatment) * k->x_control;
    double r = a * (d / n);
    double s = b * (c / n);
    double p = (a + d) / n;
    double l = (b + c) / n;
    t->off += (double)cross / n;
    if (n > 1) t->variance += n_t / n * (n_c / n) * hits * ((b + d) / (n - 1));
    t->r += r;
    t->s += s;
    t->pr += p * r;
    t->ps_lr += p * s + l * r;
    t->ls += l * s;
    t->risk_t += a * (n_c / n);
    t->risk_c += c * (n_t / n);
    t->precision += n_t * (n_c / n);
    t->used++;
}

static double ratio_of(double a, double b) { return b > 0 ? a / b : a > 0 ? PDM__INFINITY : PDM__NAN; }

static void summarise(const sums *t, double z, pdm_cmh *out) {
    out->odds_ratio = ratio_of(t->r, t->s);
    out->risk_ratio = ratio_of(t->risk_t, t->risk_c);
    out->risk_difference = t->off / t->precision;
    if (t->r > 0 && t->s > 0) {
        double variance = t->pr / (2 * t->r * t->r) + t->ps_lr / (2 * t->r * t->s) + t->ls / (2 * t->s * t->s);
        double factor = exp(z * sqrt(variance));
        out->odds_low = out->odds_ratio / factor;
        out->odds_high = out->odds_ratio * factor;
    }
    out->status = PDM_STATUS_ZERO_VARIANCE;
    if (!(t->variance > 0)) return;
    double corrected = fmax(0, fabs(t->off) - 0.5);
    out->status = PDM_STATUS_OK;
    out->chi2 = t->off * (t->off / t->variance);
    out->chi2_cc = corrected * (corrected / t->variance);
    out->p = pdm_chi2_sf(out->chi2, 1);
    out->log_p = pdm_chi2_log_sf(out->chi2, 1);
    out->p_cc = pdm_chi2_sf(out->chi2_cc, 1);
    out->log_p_cc = pdm_chi2_log_sf(out->chi2_cc, 1);
}

static pdm_status at_row(pdm_status status, int32_t row, pdm_error *err) {
    if (status != PDM_OK && err != NULL) err->row = row;
    return status;
}

pdm_status pdm_cmh_test(const pdm_two_proportions *strata, int32_t count, double conf_level, pdm_cmh *out,
                        pdm_error *err) {
    sums t = {0};
    pdm_cmh cmh = {PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN,          PDM__NAN,
                   PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, 0,        PDM_STATUS_NO_DATA};
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    for (int32_t i = 0; i < count; i++) {
        const pdm_two_proportions *k = &strata[i];
        PDM__TRY(at_row(pdm__check_counts(k->x_control, k->n_control, "control", err), i, err));
        PDM__TRY(at_row(pdm__check_counts(k->x_treatment, k->n_treatment, "treatment", err), i, err));
        if (k->n_control > 0 && k->n_treatment > 0) add_stratum(k, &t);
    }
    if (t.used > 0) summarise(&t, pdm__critical(conf_level, PDM_TWO_SIDED), &cmh);
    cmh.used = t.used;
    *out = cmh;
    return PDM_OK;
}
