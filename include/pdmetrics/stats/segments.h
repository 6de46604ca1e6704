/**
 * @file segments.h
 * @defgroup stats_segments Segments
 * @ingroup stats
 * @brief The same comparison in several segments or strata (人群细分): does the effect differ between them, what is it over all?
 * @{
 */
#ifndef PDMETRICS_STATS_SEGMENTS_H
#define PDMETRICS_STATS_SEGMENTS_H

#include <pdmetrics/stats/proportion.h>

/** Differences between segments. Frozen. Members without a value are NaN. */
typedef struct pdm_heterogeneity {
    double pooled;    /**< effect over the segments, weights 1/se² */
    double pooled_se; /**< its standard error */
    double q;         /**< Cochran's Q (1954) */
    double df;        /**< segments used, less one */
    double p;         /**< χ² upper tail of q; may underflow to 0 … */
    double log_p;     /**< … its natural logarithm does not */
    double i2;        /**< share of the variation that is not chance, max(0, (Q − df)/Q) (Higgins & Thompson 2002) */
    double tau2;      /**< variance of the true effects (DerSimonian & Laird 1986) */
    double z;         /**< two segments: (first − second)/se, z² = q; else NaN */
    int32_t used;     /**< segments with an effect and a standard error above 0 */
    int32_t status;   /**< no_data (none used), too_few (one: no test) */
} pdm_heterogeneity;

/** Two rates over strata (Cochran 1954; Mantel & Haenszel 1959). Frozen. Members without a value are NaN. */
typedef struct pdm_cmh {
    double chi2;            /**< without continuity correction, 1 degree of freedom */
    double p;               /**< of it; may underflow to 0 … */
    double log_p;           /**< … its natural logarithm does not */
    double chi2_cc;         /**< with ½ taken off, as R's default */
    double p_cc;            /**< of it */
    double log_p_cc;        /**< its natural logarithm */
    double odds_ratio;      /**< of the treatment over the control */
    double odds_low;        /**< limits of exp(ln odds_ratio ± z·se) (Robins, Breslow & Greenland 1986) */
    double odds_high;       /**< likewise */
    double risk_ratio;      /**< of the treatment over the control */
    double risk_difference; /**< treatment less control */
    int32_t used;           /**< strata with units in both arms */
    int32_t status;         /**< no_data (none used), zero_variance (all or none converted in each stratum: no χ²) */
} pdm_cmh;

/** A straight line through effects. Frozen. Members without a value are NaN. */
typedef struct pdm_trend {
    double slope;    /**< change of the effect per unit of time */
    double slope_se; /**< its standard error, from those of the effects */
    double z;        /**< slope / slope_se */
    double p;        /**< two-sided; may underflow to 0 … */
    double log_p;    /**< … its natural logarithm does not */
    int32_t used;    /**< points with an effect and a standard error above 0 */
    int32_t status;  /**< too_few (fewer than two), zero_variance (all at one time) */
} pdm_trend;

PDM_BEGIN_DECLS

/**
 * Compares @p effects with standard errors @p se of @p count segments. Segments whose effect or se is NaN, or whose se is 0, are left
 * out. O(count). Errors: PDM_E_BAD_VALUE (a negative or infinite se, an infinite effect; row).
 */
PDM_API pdm_status pdm_heterogeneity_test(const double *effects, const double *se, int32_t count,
                                          pdm_heterogeneity *out, pdm_error *err);

/**
 * One effect over @p count strata; strata without units in an arm tell nothing and are left out. @p conf_level of the odds ratio's
 * interval. O(count). Errors: PDM_E_BAD_VALUE (counts; row), PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_cmh_test(const pdm_two_proportions *strata, int32_t count, double conf_level, pdm_cmh *out,
                                pdm_error *err);

/**
 * Does the effect fade with time (新奇效应)? Weighted least squares of @p effects with standard errors @p se on @p times, weights
 * 1/se², variances taken as known. Points without effect or se are left out as in pdm_heterogeneity_test(). O(count). Errors:
 * PDM_E_BAD_VALUE (also a time that is not finite; row).
 */
PDM_API pdm_status pdm_effect_trend(const double *times, const double *effects, const double *se, int32_t count,
                                    pdm_trend *out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
