/* Intervals of one rate, of the difference of two and of their ratio. Tests are in proportion_test.c. */
#include "stats/calculator.h"
#include "stats/lift.h"
#include "stats/score_test.h"
#include "stats/wilson.h"

#include <pdmetrics/stats/distribution.h>

/* ----------------------------------------------------------------------------------------------------------- one rate */

static double cut(double p) { return p < 0 ? 0 : p > 1 ? 1 : p; }

/* Lower limit with continuity correction; the upper one is that of the misses. */
static double wilson_cc_low(double x, double n, double z) {
    if (x == 0) return 0;
    double p = x / n;
    double root = sqrt(z * z - 2 - 1 / n + 4 * p * ((n - x) + 1));
    double low = (2 * x + z * z - 1 - z * root) / (2 * (n + z * z));
    return low > 0 ? low : 0;
}

static double wilson_cc_high(double x, double n, double z) {
    if (x == n) return 1;
    double p = x / n;
    double root = sqrt(z * z + 2 - 1 / n + 4 * p * ((n - x) - 1));
    double high = (2 * x + z * z + 1 + z * root) / (2 * (n + z * z));
    return high < 1 ? high : 1;
}

static void wald_interval(double x, double n, double z, pdm_interval *out) {
    double p = x / n;
    double half = z * sqrt(p * ((n - x) / n) / n);
    out->low = cut(p - half);
    out->high = cut(p + half);
}

/* Equal tails of beta distributions; without successes the lower limit, without failures the upper one is known. */
static void beta_interval(double x, double n, double alpha, double shift, pdm_interval *out) {
    double half = 0.5 * alpha;
    double a = shift > 0 ? x + shift : x;
    double b = n - x + (shift > 0 ? shift : 1);
    out->low = x == 0 ? 0 : pdm_beta_quantile(half, a, b);
    a = shift > 0 ? x + shift : x + 1;
    b = n - x + shift;
    out->high = x == n ? 1 : pdm_beta_isf(half, a, b);
    if (shift > 0) return;
    if (x == 0) out->high = -expm1(log(half) / n);
    if (x == n) out->low = exp(log(half) / n);
}

static void rate_interval(int64_t hits, int64_t trials, int32_t method, double conf_level, pdm_interval *out) {
    double x = (double)hits;
    double n = (double)trials;
    double z = pdm__critical(conf_level, PDM_TWO_SIDED);
    switch ((pdm_rate_interval)method) {
    case PDM_RATE_WILSON: {
        pdm__interval wilson = pdm__wilson(hits, trials, z);
        out->low = wilson.low;
        out->high = wilson.high;
        return;
    }
    case PDM_RATE_WILSON_CC:
        out->low = wilson_cc_low(x, n, z);
        out->high = wilson_cc_high(x, n, z);
        return;
    case PDM_RATE_CLOPPER_PEARSON: beta_interval(x, n, pdm__rest_of_level(conf_level), 0, out); return;
    case PDM_RATE_JEFFREYS: beta_interval(x, n, pdm__rest_of_level(conf_level), 0.5, out); return;
    case PDM_RATE_AGRESTI_COULL: wald_interval(x + 0.5 * z * z, n + z * z, z, out); return;
    case PDM_RATE_WALD: wald_interval(x, n, z, out); return;
    }
}

pdm_status pdm_proportion_interval(int64_t x, int64_t n, int32_t method, double conf_level, pdm_interval *out,
                                   pdm_error *err) {
    PDM__TRY(pdm__check_choice(method, PDM_RATE_WALD + 1, "method", err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    PDM__TRY(pdm__check_counts(x, n, "x", err));
    *out = (pdm_interval){PDM__NAN, PDM__NAN, PDM_STATUS_NO_DATA, 0};
    if (n == 0) return PDM_OK;
    out->status = PDM_STATUS_OK;
    rate_interval(x, n, method, conf_level, out);
    return PDM_OK;
}

/* ---------------------------------------------------------------------------------------------------------- difference */

typedef struct rates {
    double x_c, n_c, p_c;
    double x_t, n_t, p_t;
} rates;

static rates rates_of(const pdm_two_proportions *k) {
    rates r = {(double)k->x_control, (double)k->n_control, 0, (double)k->x_treatment, (double)k->n_treatment, 0};
    r.p_c = r.x_c / r.n_c;
    r.p_t = r.x_t / r.n_t;
    return r;
}

static double rate_variance(double x, double n) { return x / n * ((n - x) / n) / n; }

static void newcombe(const pdm_two_proportions *k, double z, bool corrected, pdm_interval *out) {
    rates r = rates_of(k);
    pdm__interval c = pdm__wilson(k->x_control, k->n_control, z);
    pdm__interval t = pdm__wilson(k->x_treatment, k->n_treatment, z);
    if (corrected) {
        c = (pdm__interval){wilson_cc_low(r.x_c, r.n_c, z), wilson_cc_high(r.x_c, r.n_c, z)};
        t = (pdm__interval){wilson_cc_low(r.x_t, r.n_t, z), wilson_cc_high(r.x_t, r.n_t, z)};
    }
    double d = r.p_t - r.p_c;
    double down = r.p_t - t.low;
    double up = t.high - r.p_t;
    double control_down = r.p_c - c.low;
    double control_up = c.high - r.p_c;
    out->low = d - sqrt(down * down + control_up * control_up);
    out->high = d + sqrt(up * up + control_down * control_down);
    if (!corrected) return;
    if (out->low < -1) out->low = -1;
    if (out->high > 1) out->high = 1;
}

/* Wald with `added` successes and twice as many trials per arm. */
static void wald_difference(const pdm_two_proportions *k, double z, double added, pdm_interval *out) {
    rates r = rates_of(k);
    double x_c = r.x_c + added;
    double n_c = r.n_c + 2 * added;
    double x_t = r.x_t + added;
    double n_t = r.n_t + 2 * added;
    double d = x_t / n_t - x_c / n_c;
    double half = z * sqrt(rate_variance(x_c, n_c) + rate_variance(x_t, n_t));
    out->low = d - half;
    out->high = d + half;
}

static void difference_interval(const pdm_two_proportions *k, int32_t method, double z, pdm_interval *out) {
    double n = (double)k->n_control + (double)k->n_treatment;
    switch ((pdm_difference_interval)method) {
    case PDM_DIFFERENCE_MEE: pdm__invert_difference(k, z, z, 1, &out->low, &out->high); return;
    case PDM_DIFFERENCE_MIETTINEN_NURMINEN: pdm__invert_difference(k, z, z, n / (n - 1), &out->low, &out->high); return;
    case PDM_DIFFERENCE_NEWCOMBE: newcombe(k, z, false, out); return;
    case PDM_DIFFERENCE_NEWCOMBE_CC: newcombe(k, z, true, out); return;
    case PDM_DIFFERENCE_AGRESTI_CAFFO: wald_difference(k, z, 1, out); return;
    case PDM_DIFFERENCE_WALD: wald_difference(k, z, 0, out); return;
    }
}

static pdm_status check_pair(const pdm_two_proportions *k, int32_t method, int32_t methods, int32_t alternative,
                             pdm_error *err) {
    PDM__TRY(pdm__check_choice(method, methods, "method", err));
    PDM__TRY(pdm__check_choice(alternative, PDM_LESS + 1, "alternative", err));
    PDM__TRY(pdm__check_counts(k->x_control, k->n_control, "control", err));
    return pdm__check_counts(k->x_treatment, k->n_treatment, "treatment", err);
}

static pdm_status critical_of(double conf_level, int32_t alternative, double *z, pdm_error *err) {
    PDM__TRY(pdm__check_choice(alternative, PDM_LESS + 1, "alternative", err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    *z = pdm__critical(conf_level, alternative);
    if (*z > 0) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "conf_level", "expected a one-sided level above 0.5, got %.17g",
                     conf_level);
}

static pdm_status check_z(double z, pdm_error *err) {
    if (z > 0 && z < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "z", "expected a critical value above 0, got %.17g", z);
}

pdm_status pdm_proportion_difference_at(const pdm_two_proportions *counts, int32_t method, int32_t alternative,
                                        double z, pdm_interval *out, pdm_error *err) {
    PDM__TRY(check_pair(counts, method, PDM_DIFFERENCE_WALD + 1, alternative, err));
    PDM__TRY(check_z(z, err));
    *out = (pdm_interval){PDM__NAN, PDM__NAN, PDM_STATUS_NO_DATA, 0};
    if (counts->n_control == 0 || counts->n_treatment == 0) return PDM_OK;
    out->status = PDM_STATUS_OK;
    difference_interval(counts, method, z, out);
    if (alternative == PDM_GREATER) out->high = 1;
    if (alternative == PDM_LESS) out->low = -1;
    return PDM_OK;
}

pdm_status pdm_proportion_difference(const pdm_two_proportions *counts, int32_t method, int32_t alternative,
                                     double conf_level, pdm_interval *out, pdm_error *err) {
    double z = 0;
    PDM__TRY(critical_of(conf_level, alternative, &z, err));
    return pdm_proportion_difference_at(counts, method, alternative, z, out, err);
}

/* --------------------------------------------------------------------------------------------------------------- ratio */

static void koopman(const pdm_two_proportions *k, double z, int32_t alternative, pdm_lift *out) {
    double low = 0;
    double high = 0;
    pdm__invert_ratio(k, alternative == PDM_LESS ? PDM__INFINITY : z, alternative == PDM_GREATER ? PDM__INFINITY : z,
                      &low, &high);
    out->low = low - 1;
    out->high = high - 1;
    out->df = PDM__INFINITY;
    if (k->x_control > 0) return;
    out->status = k->x_treatment > 0 ? PDM_STATUS_UNBOUNDED_ABOVE : PDM_STATUS_NO_EVENTS;
}

/* Katz: ln ratio ± z·se, with `added` to every count. The p-value is that of ln ratio. */
static void log_ratio(const pdm_two_proportions *k, double added, double z, int32_t alternative, pdm_lift *out) {
    rates r = rates_of(k);
    double x_c = r.x_c + added;
    double n_c = r.n_c + added;
    double x_t = r.x_t + added;
    double n_t = r.n_t + added;
    if (x_c == 0 || x_t == 0) {
        out->status = PDM_STATUS_NO_EVENTS;
        return;
    }
    double ratio = x_t / n_t / (x_c / n_c);
    out->status = PDM_STATUS_OK;
    out->lift = ratio - 1;
    out->df = PDM__INFINITY;
    out->se = sqrt((n_t - x_t) / (x_t * n_t) + (n_c - x_c) / (x_c * n_c));
    out->low = alternative == PDM_LESS ? -1 : ratio * exp(-z * out->se) - 1;
    out->high = alternative == PDM_GREATER ? PDM__INFINITY : ratio * exp(z * out->se) - 1;
    if (out->se > 0) {
        pdm__p_of_t(log(ratio) / out->se, PDM__INFINITY, alternative, &out->p, &out->log_p);
    } else {
        out->status = PDM_STATUS_ZERO_VARIANCE;
    }
}

static void mean_lift(const pdm_two_proportions *k, bool delta, double z, int32_t alternative, pdm_lift *out) {
    rates r = rates_of(k);
    double v_c = rate_variance(r.x_c, r.n_c);
    double v_t = rate_variance(r.x_t, r.n_t);
    if (delta) {
        double ratio = r.p_t / r.p_c;
        if (out->status == PDM_STATUS_OK) {
            pdm__delta_lift(sqrt(v_t + v_c * ratio * ratio) / r.p_c, z, PDM__INFINITY, alternative, out);
        }
        return;
    }
    pdm__relative means = {r.p_t - r.p_c, r.p_c, v_c + v_t, v_c, -v_c};
    pdm__fieller(&means, z, PDM__INFINITY, alternative, out);
}

pdm_status pdm_proportion_lift_at(const pdm_two_proportions *counts, int32_t method, int32_t alternative, double z,
                                  pdm_lift *out, pdm_error *err) {
    PDM__TRY(check_pair(counts, method, PDM_RATIO_DELTA + 1, alternative, err));
    PDM__TRY(check_z(z, err));
    *out = pdm__lift_of(0, 0);
    out->status = PDM_STATUS_NO_DATA;
    if (counts->n_control == 0 || counts->n_treatment == 0) return PDM_OK;
    rates r = rates_of(counts);
    *out = pdm__lift_of(r.p_t - r.p_c, r.p_c);
    switch ((pdm_ratio_interval)method) {
    case PDM_RATIO_KOOPMAN: koopman(counts, z, alternative, out); break;
    case PDM_RATIO_LOG: log_ratio(counts, 0, z, alternative, out); break;
    case PDM_RATIO_LOG_ADJUSTED: log_ratio(counts, 0.5, z, alternative, out); break;
    case PDM_RATIO_FIELLER: mean_lift(counts, false, z, alternative, out); break;
    case PDM_RATIO_DELTA: mean_lift(counts, true, z, alternative, out); break;
    }
    return PDM_OK;
}

pdm_status pdm_proportion_lift(const pdm_two_proportions *counts, int32_t method, int32_t alternative,
                               double conf_level, pdm_lift *out, pdm_error *err) {
    double z = 0;
    PDM__TRY(critical_of(conf_level, alternative, &z, err));
    return pdm_proportion_lift_at(counts, method, alternative, z, out, err);
}
