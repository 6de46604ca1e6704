/* Gamma, χ², beta, F and Student's t: their tails. Parameters out of domain give NaN; outside the support a tail is 0 or 1. */
#include "stats/tails.h"

#include <pdmetrics/stats/distribution.h>

#define LARGE_T 1e140 /* beyond it t² leaves the range, and the tail is its leading term */

static bool is_shape(double a) { return a > 0 && a < PDM__INFINITY; }

double pdm_log_gamma(double x) { return x > 0 ? pdm__log_gamma(x) : PDM__NAN; }

double pdm_lambert_wm1(double x) {
    if (!(x >= -0.36787944117144233 && x < 0)) return x == 0 ? -PDM__INFINITY : PDM__NAN;
    /* With w = −(1 + v): v − ln(1 + v) = d = −ln(−x) − 1, where e·(−x) near 1 is taken in two parts. */
    const pdm__dd e = {2.718281828459045, 1.4456468917292502e-16};
    pdm__dd scaled = pdm__dd_scale(e, -x);
    double gap = (scaled.hi - 1) + scaled.lo;
    double d = gap > -0.5 ? -log1p(gap) : -log(-x) - 1;
    if (d <= 0) return -1;
    double v = d < 4 ? sqrt(2 * d) + 2 * d / 3 : d + log(1 + d + log(1 + d));
    for (int i = 0; i < 20; i++) {
        double miss = -pdm__log1p_minus(v, 1 + v) - d;
        double newton = miss * (1 + v) / v;
        double step = newton / (1 - 0.5 * newton / (v * (1 + v)));
        v -= step;
        if (fabs(step) < 1e-6 * v) break;
    }
    return -1 - v;
}

/* ------------------------------------------------------------------------------------------------------ gamma and χ² */

typedef double (*reading)(pdm__tail tail, bool lower);

static double gamma_value(double x, double shape, double scale, bool lower, reading read) {
    if (!is_shape(shape) || !is_shape(scale) || isnan(x)) return PDM__NAN;
    return read(pdm__gamma_tail(shape, x > 0 ? x / scale : 0), lower);
}

double pdm_gamma_cdf(double x, double shape, double scale) {
    return gamma_value(x, shape, scale, true, pdm__tail_value);
}
double pdm_gamma_sf(double x, double shape, double scale) {
    return gamma_value(x, shape, scale, false, pdm__tail_value);
}
double pdm_gamma_log_cdf(double x, double shape, double scale) {
    return gamma_value(x, shape, scale, true, pdm__tail_log);
}
double pdm_gamma_log_sf(double x, double shape, double scale) {
    return gamma_value(x, shape, scale, false, pdm__tail_log);
}

double pdm_chi2_cdf(double x, double df) { return pdm_gamma_cdf(x, 0.5 * df, 2); }
double pdm_chi2_sf(double x, double df) { return pdm_gamma_sf(x, 0.5 * df, 2); }
double pdm_chi2_log_cdf(double x, double df) { return pdm_gamma_log_cdf(x, 0.5 * df, 2); }
double pdm_chi2_log_sf(double x, double df) { return pdm_gamma_log_sf(x, 0.5 * df, 2); }

/* -------------------------------------------------------------------------------------------------------------- beta */

static double beta_value(double x, double a, double b, bool lower, reading read) {
    if (!is_shape(a) || !is_shape(b) || isnan(x)) return PDM__NAN;
    if (x < 0) x = 0;
    if (x > 1) x = 1;
    return read(pdm__beta_tail(a, b, (pdm__dd){x, 0}, pdm__dd_add(1, -x)), lower);
}

double pdm_beta_cdf(double x, double a, double b) { return beta_value(x, a, b, true, pdm__tail_value); }
double pdm_beta_sf(double x, double a, double b) { return beta_value(x, a, b, false, pdm__tail_value); }
double pdm_beta_log_cdf(double x, double a, double b) { return beta_value(x, a, b, true, pdm__tail_log); }
double pdm_beta_log_sf(double x, double a, double b) { return beta_value(x, a, b, false, pdm__tail_log); }

void pdm__shares(pdm__dd u, double v, pdm__dd *x, pdm__dd *y) {
    pdm__dd sum = pdm__dd_sum(u, (pdm__dd){v, 0});
    *x = pdm__dd_div(u, sum);
    *y = pdm__dd_div((pdm__dd){v, 0}, sum);
}

/* ----------------------------------------------------------------------------------------------------------------- F */

static double f_value(double x, double df1, double df2, bool lower, reading read) {
    if (!is_shape(df1) || !is_shape(df2) || isnan(x)) return PDM__NAN;
    pdm__dd hit = {0, 0};
    pdm__dd miss = {1, 0};
    if (x > 0) {
        if (df1 * x < 1e290 && df1 < 1e140) {
            pdm__shares(pdm__dd_mul(df1, x), df2, &hit, &miss);
        } else {
            miss.hi = df2 / df1 / x;
            hit = pdm__dd_add(1, -miss.hi);
        }
    }
    return read(pdm__beta_tail(0.5 * df1, 0.5 * df2, hit, miss), lower);
}

double pdm_f_cdf(double x, double df1, double df2) { return f_value(x, df1, df2, true, pdm__tail_value); }
double pdm_f_sf(double x, double df1, double df2) { return f_value(x, df1, df2, false, pdm__tail_value); }
double pdm_f_log_cdf(double x, double df1, double df2) { return f_value(x, df1, df2, true, pdm__tail_log); }
double pdm_f_log_sf(double x, double df1, double df2) { return f_value(x, df1, df2, false, pdm__tail_log); }

/* --------------------------------------------------------------------------------------------------------- Student's t */

/* P(|T| > t) as the lower tail of a beta distribution, t ≥ 0. */
static pdm__tail outer_tail(double t, double df) {
    double a = 0.5 * df;
    if (t > LARGE_T) {
        double log_beta = 0.5 * log(PDM__PI) - pdm__log_gamma_rise(a, 0.5);
        return (pdm__tail){a * (log(df) - 2 * log(t)) - log_beta - log(a), 1, true};
    }
    pdm__dd hit;
    pdm__dd miss;
    pdm__shares(pdm__dd_mul(t, t), df, &miss, &hit);
    return pdm__beta_tail(a, 0.5, hit, miss);
}

double pdm_t_sf(double t, double df) {
    if (!(df > 0) || isnan(t)) return PDM__NAN;
    if (isinf(df)) return pdm_normal_sf(t);
    double outer = 0.5 * pdm__tail_value(outer_tail(fabs(t), df), true);
    return t < 0 ? 1 - outer : outer;
}

double pdm_t_cdf(double t, double df) { return pdm_t_sf(-t, df); }

double pdm_t_log_sf(double t, double df) {
    if (!(df > 0) || isnan(t)) return PDM__NAN;
    if (isinf(df)) return pdm_normal_log_sf(t);
    pdm__tail outer = outer_tail(fabs(t), df);
    if (t < 0) return log1p(-0.5 * pdm__tail_value(outer, true));
    return pdm__tail_log(outer, true) - PDM__LN2;
}

double pdm_t_log_cdf(double t, double df) { return pdm_t_log_sf(-t, df); }

/* --------------------------------------------------------------------------------------------------------- quantiles */

/* One side of a probability: its logarithm, whichever of p and 1 − p is the smaller (that difference is exact). */
typedef struct target {
    double log_p;
    bool lower;
} target;

static target target_of(double p, bool lower) {
    if (p <= 0.5) return (target){log(p), lower};
    return (target){log1p(-p), !lower};
}

static bool is_probability(double p) { return p >= 0 && p <= 1; }

static double gamma_point(double p, double shape, double scale, bool lower) {
    if (!is_shape(shape) || !is_shape(scale) || !is_probability(p)) return PDM__NAN;
    if (p == 0 || p == 1) return (p == 0) == lower ? 0 : PDM__INFINITY;
    target t = target_of(p, lower);
    return scale * pdm__gamma_point(shape, t.log_p, t.lower);
}

double pdm_gamma_quantile(double p, double shape, double scale) { return gamma_point(p, shape, scale, true); }
double pdm_gamma_isf(double p, double shape, double scale) { return gamma_point(p, shape, scale, false); }
double pdm_chi2_quantile(double p, double df) { return gamma_point(p, 0.5 * df, 2, true); }
double pdm_chi2_isf(double p, double df) { return gamma_point(p, 0.5 * df, 2, false); }

static double odds_point(double p, double a, double b, bool lower) {
    if (!is_shape(a) || !is_shape(b) || !is_probability(p)) return PDM__NAN;
    if (p == 0 || p == 1) return (p == 0) == lower ? 0 : PDM__INFINITY;
    target t = target_of(p, lower);
    return pdm__beta_point(a, b, t.log_p, t.lower);
}

static double share_of_odds(double odds) { return odds < 1 ? odds / (1 + odds) : 1 / (1 + 1 / odds); }

double pdm_beta_quantile(double p, double a, double b) { return share_of_odds(odds_point(p, a, b, true)); }
double pdm_beta_isf(double p, double a, double b) { return share_of_odds(odds_point(p, a, b, false)); }

double pdm_f_quantile(double p, double df1, double df2) {
    return odds_point(p, 0.5 * df1, 0.5 * df2, true) * (df2 / df1);
}

double pdm_f_isf(double p, double df1, double df2) { return odds_point(p, 0.5 * df1, 0.5 * df2, false) * (df2 / df1); }

/* The t > 0 with P(|T| > t) = e^log_p, or with P(|T| ≤ t) = e^log_p if !outer. */
static double t_point(double log_p, bool outer, double df) {
    if (df == 1) {
        double quarter = 0.5 * PDM__PI * exp(log_p);
        return outer ? 1 / tan(quarter) : tan(quarter);
    }
    return sqrt(df / pdm__beta_point(0.5 * df, 0.5, log_p, outer));
}

double pdm_t_isf(double p, double df) {
    if (!(df > 0) || !is_probability(p)) return PDM__NAN;
    if (isinf(df)) return pdm_normal_isf(p);
    if (p == 0 || p == 1) return p == 0 ? PDM__INFINITY : -PDM__INFINITY;
    double inner = 2 * fabs(p - 0.5);
    if (inner == 0) return 0;
    double t = inner < 0.5 ? t_point(log(inner), false, df) : t_point(log(2 * (p < 0.5 ? p : 1 - p)), true, df);
    return p < 0.5 ? t : -t;
}

double pdm_t_quantile(double p, double df) { return -pdm_t_isf(p, df); }

double pdm_t_isf_log(double log_p, double df) {
    if (!(df > 0) || !(log_p <= 0)) return PDM__NAN;
    if (isinf(df)) return pdm_normal_isf_log(log_p);
    if (log_p > -30) return pdm_t_isf(exp(log_p), df);
    return t_point(log_p + PDM__LN2, true, df);
}
