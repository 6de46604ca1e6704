/**
 * @file robust.h
 * @defgroup stats_robust Quantiles and outliers
 * @ingroup stats
 * @brief A few customers who spend ten times what the rest do: quantiles by a named definition, and values cut at a quantile.
 *
 * Shares are read as the decimals they were written as (15 places), so that 0.07 of 100 values is the seventh, not the eighth.
 * @{
 */
#ifndef PDMETRICS_STATS_ROBUST_H
#define PDMETRICS_STATS_ROBUST_H

#include <pdmetrics/context.h>
#include <pdmetrics/stats/result.h>

/** Definitions of a sample quantile (Hyndman & Fan 1996). */
typedef enum pdm_quantile_type {
    PDM_QUANTILE_TYPE7 = 0, /**< at (n − 1)p + 1, interpolated: R, NumPy, Excel's PERCENTILE [default] */
    PDM_QUANTILE_TYPE1 = 1, /**< inverse of the empirical distribution */
    PDM_QUANTILE_TYPE2 = 2, /**< the same with means where it jumps: SAS */
    PDM_QUANTILE_TYPE6 = 3, /**< at (n + 1)p, interpolated: Minitab, SPSS */
    PDM_QUANTILE_TYPE8 = 4  /**< at (n + 1/3)p + 1/3, interpolated: about median-unbiased */
} pdm_quantile_type;

/** Options of cutting; all-zero cuts nothing. */
typedef struct pdm_winsor_options {
    uint32_t struct_size; /**< sizeof(pdm_winsor_options) */
    int32_t type;         /**< ::pdm_quantile_type */
    int32_t ignore_zeros; /**< 1 = zeros do not count for the quantile (they stay in the data) */
    int32_t reserved;     /**< 0 */
    double upper;         /**< in (0.5, 1]; 0 = 1 = off */
    double lower;         /**< in [0, 0.5); 0 = off */
} pdm_winsor_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_winsor_options pdm_winsor_options_default(void) {
    pdm_winsor_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Values cut at two quantiles. Frozen. Members without a value are NaN. */
typedef struct pdm_winsorised {
    double cap_low;   /**< −∞ where nothing is cut */
    double cap_high;  /**< +∞ where nothing is cut */
    double mean;      /**< of the cut values */
    double variance;  /**< of the cut values, divisor n − 1 */
    int64_t n;        /**< values */
    int64_t n_low;    /**< raised to cap_low */
    int64_t n_high;   /**< lowered to cap_high */
    int32_t status;   /**< ok, no_data, too_few (one value: no variance) */
    int32_t reserved; /**< 0 */
} pdm_winsorised;

PDM_BEGIN_DECLS

/** The @p p quantile of @p n ≥ 1 values in rising order; NaN for n = 0, p outside [0, 1] or an unknown type. O(1). */
PDM_EXPORT double pdm_quantile_sorted(const double *sorted, size_t n, double p, int32_t type);

/**
 * Cuts @p n values at their quantiles and describes what comes out; @p cut (may be NULL, may be @p values) gets them. Cut all arms
 * together: a cap of its own per arm biases the effect. options NULL = defaults. Memory from @p context (NULL = default): 8 bytes a
 * value. O(n log n). Errors: PDM_E_BAD_VALUE (NaN, ±∞; row), PDM_E_BAD_OPTION, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_winsorise(pdm_context *context, const double *values, size_t n,
                                 const pdm_winsor_options *options, double *cut, pdm_winsorised *out, pdm_error *err);

/**
 * Ranks, as real numbers, between which the @p nu quantile of a population lies, from @p n values: nν ± z√(nν(1 − ν)); status too_few
 * where n ≤ @p least = z²ν/(1 − ν), from which on the upper rank exists. Errors: PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_quantile_ranks(double n, double nu, double conf_level, pdm_interval *ranks, double *least,
                                      pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
