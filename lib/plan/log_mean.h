/* Logarithmic means and ratios without loss of digits. */
#ifndef PDM_PLAN_LOG_MEAN_H
#define PDM_PLAN_LOG_MEAN_H

#include <math.h>

/* ln(a/b) for a and b of one sign, not 0: through the quotient unless it leaves the doubles. */
static inline double pdm__log_ratio(double a, double b) {
    double x = (a - b) / b;
    if (x > -0.5 && x < 1.0) return log1p(x);
    double ratio = a / b;
    return ratio > 0.0 && ratio < HUGE_VAL ? log(ratio) : log(fabs(a)) - log(fabs(b));
}

/*
 * L(a, b) = (a − b)/ln(a/b), L(a, a) = a, for a and b of one sign, not 0. The plain quotient loses most digits where a ≈ b: there the series
 * or atanh of x = (a − b)/(a + b).
 */
static inline double pdm__log_mean(double a, double b) {
    double half = a / 2.0 + b / 2.0;
    double x = (a / 2.0 - b / 2.0) / half;
    double size = fabs(x);
    if (size < 1e-4) return half * (1.0 - x * x / 3.0 - 4.0 * x * x * x * x / 45.0);
    if (size <= 0.5) return half * (x / atanh(x));
    double ratio = a / b;
    if (ratio > 0.0 && ratio < HUGE_VAL) return (a - b) / log(ratio);
    return (a - b) / (log(fabs(a)) - log(fabs(b)));
}

#endif
