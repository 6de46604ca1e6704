/* Wilson's score interval with the critical value already known, so that a table computes it once. */
#ifndef PDM_STATS_WILSON_H
#define PDM_STATS_WILSON_H

#include <math.h>
#include <stdint.h>

typedef struct pdm__interval {
    double low;
    double high;
} pdm__interval;

/*
 * Wilson (1927): (p + z²/2n ± z√(p(1 − p)/n + z²/4n²))/(1 + z²/n), p = x/n, 0 ≤ x ≤ n, n ≥ 1, z > 0. Low is exactly 0 at x = 0,
 * high exactly 1 at x = n. The lower end is taken as the product of both over the upper one, which does not cancel for rare events.
 */
static inline double pdm__wilson_low(double x, double n, double z) {
    double half_square = 0.5 * z * z;
    double centre = x + half_square;
    double root = z * sqrt(x * ((n - x) / n) + 0.5 * half_square);
    return x / n * x / (centre + root);
}

static inline double pdm__wilson_high(double x, double n, double z) {
    double half_square = 0.5 * z * z;
    double root = z * sqrt(x * ((n - x) / n) + 0.5 * half_square);
    return (x + half_square + root) / (n + 2 * half_square);
}

static inline pdm__interval pdm__wilson(int64_t hits, int64_t trials, double z) {
    double x = (double)hits;
    double n = (double)trials;
    pdm__interval out;
    out.low = pdm__wilson_low(x, n, z);
    out.high = hits == trials ? 1 : pdm__wilson_high(x, n, z);
    return out;
}

#endif
