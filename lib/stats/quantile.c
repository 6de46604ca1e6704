/* Ranks of sample quantiles, in whole numbers. */
#include "stats/quantile.h"

#include <pdmetrics/stats/robust.h>

#include <math.h>

#define ONE INT64_C(1000000000000000) /* shares are read as decimals of 15 places */

/* Position from 1, times 3·ONE, of the types that interpolate. */
static pdm__int128 position_of(int32_t type, size_t n, int64_t share) {
    pdm__int128 count = (pdm__int128)n;
    if (type == PDM_QUANTILE_TYPE6) return 3 * (count + 1) * share;
    if (type == PDM_QUANTILE_TYPE8) return (3 * count + 1) * share + ONE;
    return 3 * (count - 1) * share + 3 * (pdm__int128)ONE;
}

/* Types 1 and 2 know no positions between values but the middle, where the distribution function jumps. */
static pdm__quantile step(size_t n, int64_t share, bool average) {
    pdm__int128 position = (pdm__int128)n * share;
    size_t whole = (size_t)(position / ONE);
    bool jumps = position % ONE == 0; /* right after value `whole` */
    if (whole == 0) return (pdm__quantile){0, 0, 0};
    if (whole >= n) return (pdm__quantile){n - 1, n - 1, 0};
    if (!jumps) return (pdm__quantile){whole, whole, 0};
    return average ? (pdm__quantile){whole - 1, whole, 0.5} : (pdm__quantile){whole - 1, whole - 1, 0};
}

pdm__quantile pdm__quantile_find(double p, size_t n, int32_t type) {
    int64_t share = llround(p * (double)ONE);
    if (type == PDM_QUANTILE_TYPE1 || type == PDM_QUANTILE_TYPE2) return step(n, share, type == PDM_QUANTILE_TYPE2);
    const pdm__int128 unit = 3 * (pdm__int128)ONE;
    pdm__int128 position = position_of(type, n, share);
    if (position <= unit) return (pdm__quantile){0, 0, 0};
    size_t below = (size_t)(position / unit);
    if (below >= n) return (pdm__quantile){n - 1, n - 1, 0};
    return (pdm__quantile){below - 1, below, (double)(int64_t)(position % unit) / (double)(int64_t)unit};
}

double pdm__quantile_between(const pdm__quantile *at, double low, double high) {
    double width = high - low;
    if (at->part == 0 || width == 0) return low;
    return isinf(width) ? (1 - at->part) * low + at->part * high : low + at->part * width;
}
