/* Integrals of functions with a concave logarithm: densities of posteriors times their tails. */
#ifndef PDM_STATS_CONCAVE_H
#define PDM_STATS_CONCAVE_H

#include "stats/quadrature.h"

#include <stdint.h>

/*
 * ln ∫ exp(log_f) over [low, high]. log_f is concave, or at least rises to a peak and falls from it; it may be −∞ at the ends. Where it
 * has not fallen by 46 within the limits it is taken to go on linearly beyond them. `marks` are places where it bends sharply, if
 * any, in any order; at most PDM__MOST_MARKS. Relative error about 1e-12. A few thousand calls.
 */
#define PDM__MOST_MARKS 600
double pdm__log_integral(pdm__integrand log_f, const void *user, double low, double high, const double *marks,
                         int32_t count);

/* ∫ f over [low, high], cut at the marks and then by bisecting panels until they agree to `tolerance`. */
double pdm__integral(pdm__integrand f, const void *user, double low, double high, const double *marks, int32_t count,
                     double tolerance);

#endif
