/* Always-valid inference in closed form. */
#include <pdmetrics/stats/sequential.h>

#include "stats/calculator.h"
#include "stats/normal.h"

#include <pdmetrics/stats/distribution.h>

static pdm_status check_positive(double x, const char *name, pdm_error *err) {
    if (x > 0 && x < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "expected a positive number, got %.17g", x);
}

static pdm_status check_estimate(double estimate, double se, pdm_error *err) {
    if (!(fabs(estimate) < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "estimate", "expected a finite estimate, got %.17g", estimate);
    }
    if (se >= 0 && se < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, -1, "se", "expected a standard error of at least 0, got %.17g", se);
}

/* alpha, or 2 alpha where only one side is watched. */
static pdm_status tuned_alpha(double alpha, int32_t alternative, double *tuned, pdm_error *err) {
    PDM__TRY(pdm__check_choice(alternative, PDM_LESS + 1, "alternative", err));
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    *tuned = alternative == PDM_TWO_SIDED ? alpha : 2 * alpha;
    if (*tuned < 1) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "alpha", "expected an alpha below 0.5 for one side, got %.17g", alpha);
}

/* 2 ln(1/α) + ln(1 + 2 ln(1/α)). */
static double tuning(double alpha) {
    double twice = -2 * log(alpha);
    return twice + log1p(twice);
}

static void finish(double estimate, double se, int32_t alternative, pdm_sequence *out) {
    double half = out->multiplier * se;
    if (out->log_p > 0) out->log_p = 0;
    out->p = exp(out->log_p);
    out->low = alternative == PDM_LESS ? -PDM__INFINITY : estimate - half;
    out->high = alternative == PDM_GREATER ? PDM__INFINITY : estimate + half;
}

static pdm_sequence nothing(void) {
    return (pdm_sequence){
        PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM_STATUS_ZERO_VARIANCE, 0};
}

pdm_status pdm_asymptotic_sequence(double estimate, double se, double n_total, double n_tune, int32_t alternative,
                                   double conf_level, const pdm_interval *previous, pdm_sequence *out, pdm_error *err) {
    double tuned = 0;
    PDM__TRY(check_estimate(estimate, se, err));
    PDM__TRY(check_positive(n_total, "n_total", err));
    PDM__TRY(check_positive(n_tune, "n_tune", err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    double alpha = pdm__rest_of_level(conf_level);
    PDM__TRY(tuned_alpha(alpha, alternative, &tuned, err));
    pdm_sequence s = nothing();
    double rho2 = tuning(tuned) / n_tune;
    double q = n_total * rho2 + 1;
    double reach = alternative == PDM_TWO_SIDED ? log(sqrt(q) / alpha) : log1p(sqrt(q) / (2 * alpha));
    s.rho = sqrt(rho2);
    s.multiplier = sqrt(2 * q * reach / (n_total * rho2));
    if (se > 0) {
        double z = estimate / se;
        double evidence = rho2 * n_total * z * z / (2 * q);
        bool wrong = (alternative == PDM_GREATER && estimate <= 0) || (alternative == PDM_LESS && estimate >= 0);
        s.status = PDM_STATUS_OK;
        if (alternative == PDM_TWO_SIDED) {
            s.log_e_value = evidence - 0.5 * log(q);
            s.log_p = -s.log_e_value;
        } else { /* ln expm1(E) = E + ln(1 − e^−E) */
            s.log_p = wrong ? 0 : 0.5 * log(q) - PDM__LN2 - (evidence + log(-expm1(-evidence)));
        }
        finish(estimate, se, alternative, &s);
        if (previous != NULL && previous->status == PDM_STATUS_OK) {
            s.low = fmax(s.low, previous->low);
            s.high = fmin(s.high, previous->high);
        }
    }
    *out = s;
    return PDM_OK;
}

pdm_status pdm_msprt(double estimate, double se, double tau2, double conf_level, pdm_sequence *out, pdm_error *err) {
    PDM__TRY(check_estimate(estimate, se, err));
    PDM__TRY(check_positive(tau2, "tau2", err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    pdm_sequence s = nothing();
    if (se > 0) {
        double z = estimate / se;
        double ratio = tau2 / (se * se);
        s.status = PDM_STATUS_OK;
        s.log_e_value = 0.5 * (z * z * ratio / (1 + ratio) - log1p(ratio));
        s.log_p = -s.log_e_value;
        s.multiplier = sqrt((1 + 1 / ratio) * (log1p(ratio) - 2 * log(pdm__rest_of_level(conf_level))));
        finish(estimate, se, PDM_TWO_SIDED, &s);
    }
    *out = s;
    return PDM_OK;
}

/* σ² Q(b)/(φ(b)/b − Q(b)) by Mills' ratio, b = 2 ln(1/α)/(σ√T). */
pdm_status pdm_msprt_tau2(double sigma, double truncation, double alpha, double *tau2, pdm_error *err) {
    PDM__TRY(check_positive(sigma, "sigma", err));
    PDM__TRY(check_positive(truncation, "truncation", err));
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    double b = -2 * log(alpha) / (sigma * sqrt(truncation));
    double share = b * pdm__mills_ratio(b);
    *tau2 = sigma * sigma * share / (1 - share);
    return PDM_OK;
}

/* ------------------------------------------------------------------------------------------------------ normal mixture */

pdm_status pdm_mixture_rho(double v_opt, double alpha, int32_t alternative, bool exact, double *rho, pdm_error *err) {
    double tuned = 0;
    PDM__TRY(check_positive(v_opt, "v_opt", err));
    PDM__TRY(tuned_alpha(alpha, alternative, &tuned, err));
    *rho = exact ? -v_opt / (1 + pdm_lambert_wm1(-tuned * tuned * exp(-1))) : v_opt / tuning(tuned);
    return PDM_OK;
}

double pdm_mixture_log(double s, double v, double rho, int32_t alternative) {
    if (!(v >= 0 && rho > 0)) return PDM__NAN;
    double sum = v + rho;
    double both = 0.5 * log(rho / sum) + s * s / (2 * sum);
    return alternative == PDM_TWO_SIDED ? both : both + PDM__LN2 + pdm_normal_log_cdf(s / sqrt(sum));
}

typedef struct bound {
    double v, rho, log_level;
    int32_t alternative;
} bound;

static double bound_miss(double s, const void *user) {
    const bound *b = user;
    return pdm_mixture_log(s, b->v, b->rho, b->alternative) - b->log_level;
}

pdm_status pdm_mixture_bound(double v, double rho, double alpha, int32_t alternative, double *out, pdm_error *err) {
    PDM__TRY(pdm__check_choice(alternative, PDM_GREATER + 1, "alternative", err));
    PDM__TRY(check_positive(v, "v", err));
    PDM__TRY(check_positive(rho, "rho", err));
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    double sum = v + rho;
    double high = sqrt(sum * (log(sum / rho) - 2 * log(alpha)));
    *out = high;
    if (alternative == PDM_TWO_SIDED) return PDM_OK;
    bound b = {v, rho, -log(alpha), alternative};
    double low = -8 * sqrt(sum); /* the one-sided mixture is at most twice the other, and at least half of it above 0 */
    double f_high = bound_miss(high, &b);
    double f_low = bound_miss(low, &b);
    if (f_low < 0 && f_high > 0) *out = pdm__root(bound_miss, &b, low, high, f_low, f_high, 1e-14 * high);
    return PDM_OK;
}
