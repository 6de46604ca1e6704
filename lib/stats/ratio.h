/* Ratios of exact sums, rounded as late as possible and always the same way. */
#ifndef PDM_STATS_RATIO_H
#define PDM_STATS_RATIO_H

#include <stdint.h>

/* a / b as the nearest double, b ≠ 0. Integers below 2^53 are exact doubles, so one division rounds once; larger ones go through long double. */
static inline double pdm__ratio(int64_t a, int64_t b) {
    const int64_t exact = INT64_C(1) << 53;
    if (a > -exact && a < exact && b > -exact && b < exact) return (double)a / (double)b;
    return (double)((long double)a / (long double)b);
}

/* a / b to the nearest integer, halves to the even one, b > 0. */
static inline int64_t pdm__divide_half_even(int64_t a, int64_t b) {
    int64_t q = a / b;
    int64_t r = a % b;
    if (r < 0) {
        r += b;
        q -= 1;
    }
    /* r < b, so b − r cannot overflow where 2r could. */
    if (r > b - r || (r == b - r && q % 2 != 0)) q += 1;
    return q;
}

#endif
