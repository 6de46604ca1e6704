/*
 * Quantiles of the gamma and beta distributions. The logarithm of a tail is concave in ln x and in the logit, so that Newton's
 * method finds the root from anywhere; Halley's correction makes it cubic near it.
 */
#include "stats/tails.h"

#include <pdmetrics/stats/distribution.h>

#define MAX_ROUNDS 200
#define LONGEST_STEP 5.0
#define CLOSE 1e-5 /* a step of that many widths leaves an error of its cube */

/*
 * The step in ln x or the logit. miss = log tail − log p, slope = its derivative, drift = derivative of the log density.
 */
static double step_of(double miss, double slope, double drift) {
    double newton = -miss / slope;
    double bend = 1 + 0.5 * newton * (drift - slope);
    double step = bend > 0.5 && bend < 2 ? newton / bend : newton;
    if (step > LONGEST_STEP) return LONGEST_STEP;
    return step < -LONGEST_STEP ? -LONGEST_STEP : step;
}

/* Derivative of the tail's logarithm, from the density factor · e^exponent; exponents may be beyond what exp can take. */
static double slope_of(pdm__tail tail, bool lower, double exponent, double factor) {
    double slope = tail.lower == lower ? exp(exponent - tail.exponent) * (factor / tail.factor)
                                       : exp(exponent) * factor / pdm__tail_value(tail, lower);
    return lower ? slope : -slope;
}

/* ln(1 − e^log_p). */
static double other_log(double log_p) { return log_p > -PDM__LN2 ? log(-expm1(log_p)) : log1p(-exp(log_p)); }

/* -------------------------------------------------------------------------------------------------------------- gamma */

/* P ≈ x^a/Γ(1 + a) for small x, else Wilson & Hilferty (1931). */
static double gamma_guess(double a, double log_p, bool lower) {
    double log_lower = lower ? log_p : other_log(log_p);
    double log_x = (log_lower + pdm__log_gamma(1 + a)) / a;
    if (log_x < log(0.2 * (1 + a))) return exp(log_x);
    double z = lower ? pdm_normal_quantile_log(log_p) : pdm_normal_isf_log(log_p);
    double root = 1 - 1 / (9 * a) + z / (3 * sqrt(a));
    return root > 0.1 ? a * root * root * root : exp(log_x);
}

double pdm__gamma_point(double a, double log_p, bool lower) {
    double x = gamma_guess(a, log_p, lower);
    double spread = 1 / sqrt(1 + a);
    for (int i = 0; i < MAX_ROUNDS && x > 0 && x < PDM__INFINITY; i++) {
        double exponent = 0;
        double factor = 0;
        pdm__tail tail = pdm__gamma_tail(a, x);
        pdm__gamma_prefix(a, x, &exponent, &factor);
        double log_tail = pdm__tail_log(tail, lower);
        double slope = slope_of(tail, lower, exponent, factor);
        double step = step_of(log_tail - log_p, slope, a - x);
        if (!(fabs(step) < PDM__INFINITY)) { /* the tail is 1 or 0 to the last digit: back to the middle */
            step = log(a) - log(x);
            if (step == 0) break;
        }
        x *= exp(step);
        if (fabs(step) <= CLOSE * fmin(spread, 1 / fabs(slope))) break;
    }
    return x;
}

/* --------------------------------------------------------------------------------------------------------------- beta */

static double log_beta_function(double a, double b) {
    double least = a < b ? a : b;
    double most = a < b ? b : a;
    if (least < 1) return pdm__log_gamma(least) - pdm__log_gamma_rise(most, least);
    double n = a + b;
    double rest = pdm__stirling_rest(a) + pdm__stirling_rest(b) - pdm__stirling_rest(n);
    return a * log(a / n) + b * log(b / n) + 0.5 * log(n / a / b) + PDM__LN_SQRT_2PI + rest;
}

/* Logit of a point about right: the leading term of whichever end is near, else Abramowitz & Stegun 26.5.22. */
static double beta_guess(double a, double b, double log_p, bool lower) {
    double log_lower = lower ? log_p : other_log(log_p);
    double log_upper = lower ? other_log(log_p) : log_p;
    double log_beta = log_beta_function(a, b);
    double log_x = (log_lower + log(a) + log_beta) / a;
    double log_y = (log_upper + log(b) + log_beta) / b;
    double n = a + b;
    if (log_x < log(0.2 * (a + 1) / (n + 2))) return log_x;
    if (log_y < log(0.2 * (b + 1) / (n + 2))) return -log_y;
    if (a <= 1 || b <= 1) return log(a / b);
    double z = lower ? pdm_normal_isf_log(log_p) : pdm_normal_quantile_log(log_p);
    double u = 1 / (2 * a - 1);
    double v = 1 / (2 * b - 1);
    double h = 2 / (u + v);
    double lambda = (z * z - 3) / 6;
    if (h + lambda <= 0) return log(a / b);
    double w = z * sqrt(h + lambda) / h - (v - u) * (lambda + 5.0 / 6 - 2 / (3 * h));
    return log(a / b) - 2 * w;
}

double pdm__beta_point(double a, double b, double log_p, bool lower) {
    double odds = exp(beta_guess(a, b, log_p, lower));
    double spread = 1 / sqrt(1 + a * (b / (a + b)));
    for (int i = 0; i < MAX_ROUNDS && odds > 0 && odds < PDM__INFINITY; i++) {
        pdm__dd x;
        pdm__dd y;
        double exponent = 0;
        double factor = 0;
        pdm__shares((pdm__dd){odds, 0}, 1, &x, &y);
        pdm__tail tail = pdm__beta_tail(a, b, x, y);
        pdm__beta_prefix(a, b, x, y, &exponent, &factor);
        double log_tail = pdm__tail_log(tail, lower);
        double slope = slope_of(tail, lower, exponent, factor);
        double step = step_of(log_tail - log_p, slope, a * y.hi - b * x.hi);
        if (!(fabs(step) < PDM__INFINITY)) {
            step = log(a / b) - log(odds);
            if (step == 0) break;
        }
        odds *= exp(step);
        if (fabs(step) <= CLOSE * fmin(spread, 1 / fabs(slope))) break;
    }
    return odds;
}
