/*
 * Exact sums of doubles: a fixed-point number wide enough for all finite doubles (the small superaccumulator of Neal 2015, arXiv
 * 1505.05571). The order of adding means nothing, sums add up exactly, and only reading one rounds, to nearest, halves to even.
 *
 * Limbs add up without carrying: equal sums of the same numbers are equal limbs, however they were cut, and two sums add limb by limb.
 */
#ifndef PDM_STATS_FIXED_SUM_H
#define PDM_STATS_FIXED_SUM_H

#include <stdbool.h>
#include <stdint.h>

#define PDM__FIXED_LIMBS 106
#define PDM__FIXED_LIMB_BITS 20
/* Numbers that a sum has at most; so many an int64 limb bears twice. */
#define PDM__FIXED_MOST ((uint64_t)1 << 42)

/* Zero = 0. Limb i counts in units of 2^(20 i − 1074). */
typedef struct pdm__fixed_sum {
    int64_t limbs[PDM__FIXED_LIMBS];
} pdm__fixed_sum;

/* value must be finite. O(1). */
void pdm__fixed_sum_add(pdm__fixed_sum *sum, double value);
void pdm__fixed_sum_merge(pdm__fixed_sum *sum, const pdm__fixed_sum *other);
/* The nearest double; infinite if there is none that large. */
double pdm__fixed_sum_value(const pdm__fixed_sum *sum);
/* Doubles that add up to the sum exactly, at most PDM__FIXED_PARTS. Returns how many; −1: it is beyond 2^1029, there would be more. */
#define PDM__FIXED_PARTS 192
int32_t pdm__fixed_sum_parts(const pdm__fixed_sum *sum, double *parts);

#endif
