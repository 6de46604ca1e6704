/* A column of integers in a few numbers: mean, quantiles, ends. Exact until each is rounded once. Knows numbers only. */
#ifndef PDM_STATS_SUMMARY_H
#define PDM_STATS_SUMMARY_H

#include "core/base.h"
#include "core/parallel.h"

#define PDM__SUMMARY_MAX 16 /* quantiles */

typedef struct pdm__summary {
    int64_t least;
    int64_t most;
    double mean;                        /* the exact sum / n, rounded once */
    double quantiles[PDM__SUMMARY_MAX]; /* as asked for */
} pdm__summary;

/*
 * Describes values[0..n), n ≥ 1. quantiles[i] is the percents[i] % quantile of type 7 (Hyndman and Fan 1996; the default of R): the
 * value at position (n − 1)·percents[i]/100 of the sorted column, between two by linear interpolation, exact and then rounded once.
 * percents lie in 0…100, in any order; count ≤ PDM__SUMMARY_MAX. Linear time.
 * Errors: PDM_E_NOMEM, PDM_E_LIMIT (also n above 2^32 − 1), PDM_E_STOPPED.
 */
pdm_status pdm__summarise(pdm__run *run, const int64_t *values, size_t n, const int32_t *percents, int32_t count,
                          pdm__summary *out, pdm_error *err);

#endif
