/*
 * Dunnett's test. Given the common part z of the control and the spread s the k statistics are independent, so
 * P(max |T| > c) = E_s ∫ φ(z) (1 − Π_i (1 − Q((cs + λ_i z)/r_i) − Q((cs − λ_i z)/r_i))) dz, r_i = √(1 − λ_i²); small tails by log1p
 * and expm1. Both integrals by Gauss panels.
 */
#include <pdmetrics/stats/multiplicity.h>

#include "stats/calculator.h"
#include "stats/quadrature.h"

#include <pdmetrics/stats/distribution.h>

#define MOST_TREATMENTS 63
#define REACH 9.0     /* normal tails beyond it do not matter beside those before */
#define NEGLIGIBLE 46 /* −ln of a density that does not matter */

typedef struct dunnett {
    const double *lambda;
    int32_t k;
    double df;
    double t;
    double narrow; /* smallest r_i */
    double bound;  /* t·s, for the inner integral */
} dunnett;

static double outside(double z, const void *user) {
    const dunnett *d = user;
    double log_inside = 0;
    for (int32_t i = 0; i < d->k; i++) {
        double shift = d->lambda[i] * z;
        double r = sqrt((1 - d->lambda[i]) * (1 + d->lambda[i]));
        double out = pdm_normal_sf((d->bound + shift) / r) + pdm_normal_sf((d->bound - shift) / r);
        if (out >= 1) return pdm_normal_pdf(z);
        log_inside += log1p(-out);
    }
    return pdm_normal_pdf(z) * -expm1(log_inside);
}

/* P(max |T_i| > t s) given s; the integrand is even in z. */
static double given_spread(dunnett *d, double s) {
    d->bound = d->t * s;
    double end = REACH + fmin(d->bound, 40);
    double width = fmin(1, 2 * d->narrow);
    double panels = ceil(end / width);
    double sum = 0;
    for (double i = 0; i < panels; i++) sum += pdm__gauss_panel(outside, d, end * i / panels, end * (i + 1) / panels);
    return fmin(2 * sum, 1);
}

/* Over w = ln s; its density is that of distribution_noncentral.c. */
static double weighted(double w, const void *user) {
    dunnett d = *(const dunnett *)user;
    return exp(-0.5 * d.df * pdm__expm1_minus(2 * w)) * given_spread(&d, exp(w));
}

static double dunnett_tail(dunnett *d, double t) {
    d->t = fabs(t);
    if (isinf(d->df)) return given_spread(d, 1);
    double a = 0.5 * d->df;
    double width = 2 / sqrt(4 * a);
    double sum = 0;
    double low =
        -(2.0 * NEGLIGIBLE + a) / (2 * a); /* left of the mode also what makes the tail large must be reached */
    if (low < -30) low = -30;
    for (double w = 0; w > low; w -= width) {
        double add = pdm__gauss_panel(weighted, d, w - width, w);
        sum += add;
        if (add < 1e-13 * sum) break;
    }
    for (double w = 0; a * pdm__expm1_minus(2 * w) < NEGLIGIBLE; w += width) {
        double add = pdm__gauss_panel(weighted, d, w, w + width);
        sum += add;
        if (add < 1e-13 * sum) break;
    }
    return fmin(sum * 2 * sqrt(a) / PDM__SQRT_2PI * exp(-pdm__stirling_rest(a)), 1);
}

static pdm_status make(const double *lambda, int32_t k, double df, dunnett *d, pdm_error *err) {
    if (k < 1 || k > MOST_TREATMENTS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "k", "expected 1 to %d treatments, got %d", MOST_TREATMENTS, k);
    }
    if (!(df > 0))
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "df", "expected degrees of freedom above 0, got %.17g", df);
    *d = (dunnett){.lambda = lambda, .k = k, .df = df, .narrow = 1};
    for (int32_t i = 0; i < k; i++) {
        if (!(lambda[i] >= 0 && lambda[i] < 1)) {
            return pdm__fail(err, PDM_E_BAD_OPTION, i, "lambda", "expected a number in [0, 1), got %.17g", lambda[i]);
        }
        d->narrow = fmin(d->narrow, sqrt((1 - lambda[i]) * (1 + lambda[i])));
    }
    if (d->narrow < 0.01) d->narrow = 0.01;
    return PDM_OK;
}

pdm_status pdm_dunnett_p(double t, const double *lambda, int32_t k, double df, double *p, pdm_error *err) {
    dunnett d;
    PDM__TRY(make(lambda, k, df, &d, err));
    if (isnan(t)) return pdm__fail(err, PDM_E_BAD_OPTION, -1, "t", "expected a number, got NaN");
    *p = k == 1 ? 2 * pdm_t_sf(fabs(t), df) : dunnett_tail(&d, t);
    return PDM_OK;
}

typedef struct target {
    dunnett d;
    double log_alpha;
} target;

static double miss(double c, const void *user) {
    target t = *(const target *)user;
    return log(dunnett_tail(&t.d, c)) - t.log_alpha;
}

pdm_status pdm_dunnett_critical(double alpha, const double *lambda, int32_t k, double df, double *critical,
                                pdm_error *err) {
    target t;
    PDM__TRY(make(lambda, k, df, &t.d, err));
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    t.log_alpha = log(alpha);
    double low = pdm_t_isf(0.5 * alpha, df); /* one treatment alone, and Bonferroni */
    double high = pdm_t_isf(0.5 * alpha / k, df);
    *critical = low;
    if (k == 1) return PDM_OK;
    double f_low = miss(low, &t);
    double f_high = miss(high, &t);
    if (f_low <= 0) return PDM_OK; /* λ so near 1 that all are one */
    *critical = f_high >= 0 ? high : pdm__root(miss, &t, low, high, f_low, f_high, 1e-11 * high);
    return PDM_OK;
}
