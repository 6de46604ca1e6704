/* Where a sample quantile stands between sorted values. */
#ifndef PDM_STATS_QUANTILE_H
#define PDM_STATS_QUANTILE_H

#include "core/base.h"

/* Ranks from 0 of the two values, and how far from the lower one to the upper one. */
typedef struct pdm__quantile {
    size_t low;
    size_t high;
    double part; /* in [0, 1) */
} pdm__quantile;

/*
 * Quantile p in [0, 1] of n > 0 values, type of pdm_quantile_type (Hyndman and Fan 1996, table 1). p is read as a
 * decimal of 15 places, so that 0.29 of 100 values is the 29th and not what a binary fraction makes of it.
 */
pdm__quantile pdm__quantile_find(double p, size_t n, int32_t type);

/* The quantile, from the values at its ranks. */
double pdm__quantile_between(const pdm__quantile *at, double low, double high);

#endif
