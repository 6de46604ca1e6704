/*
 * Exact sums of doubles: a fixed-point number wide enough for all finite doubles (the small superaccumulator of Neal 2015, arXiv
 * 1505.05571). The order of adding means nothing, sums add up exactly, and only reading one rounds, to nearest, halves to even.
 */
#ifndef PDM_STATS_FIXED_SUM_H
#define PDM_STATS_FIXED_SUM_H

#include <stdbool.h>
#include <stdint.h>

#define PDM__FIXED_LIMBS 70

/* Zero = 0. Limb i counts in units of 2^(32 i − 1074); limbs carry beyond their 32 bits until `pending` says that they may run over. */
typedef struct pdm__fixed_sum {
    int64_t limbs[PDM__FIXED_LIMBS];
    int64_t pending; /* additions since the carries were last moved */
} pdm__fixed_sum;

/* value must be finite. O(1). */
void pdm__fixed_sum_add(pdm__fixed_sum *sum, double value);
void pdm__fixed_sum_merge(pdm__fixed_sum *sum, const pdm__fixed_sum *other);
/* The nearest double; infinite if there is none that large. */
double pdm__fixed_sum_value(const pdm__fixed_sum *sum);

#endif
