/**
 * @file srm.h
 * @defgroup stats_srm Sample ratio mismatch
 * @ingroup stats
 * @brief Sample ratio mismatch (样本比例不均): was the traffic split as planned? If not, no result of the experiment can be trusted.
 *
 * χ² against the weights is right for one look at the end. Looked at daily it is no test at its level any more; the sequential form is.
 * @{
 */
#ifndef PDMETRICS_STATS_SRM_H
#define PDMETRICS_STATS_SRM_H

#include <pdmetrics/stats/result.h>

/** How the split is tested. */
typedef enum pdm_srm_method {
    PDM_SRM_AUTO = 0, /**< χ²; exact where an expected count is below 5 and there are at most 10^6 outcomes [default] */
    PDM_SRM_CHI2 = 1, /**< Pearson's χ², as many degrees of freedom as arms of positive weight, less one */
    PDM_SRM_EXACT = 2,     /**< binomial or multinomial: outcomes with probability ≤ observed·(1 + 1e-7) */
    PDM_SRM_Z_CC = 3,      /**< two arms of positive weight: z with continuity correction ½ */
    PDM_SRM_SEQUENTIAL = 4 /**< Dirichlet mixture (Lindon & Malek 2022): holds at every look */
} pdm_srm_method;

/** Options; all-zero is every default. */
typedef struct pdm_srm_options {
    uint32_t struct_size; /**< sizeof(pdm_srm_options) */
    int32_t method;       /**< ::pdm_srm_method */
    double alpha;         /**< in (0, 1); 0 = 0.001: a false alarm voids a good test */
    double concentration; /**< sequential: κ > 0, large for small deviations; 0 = 10 000 */
} pdm_srm_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_srm_options pdm_srm_options_default(void) {
    pdm_srm_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** The test of a split. Frozen. Members without a value are NaN. */
typedef struct pdm_srm {
    double chi2;             /**< χ², z² of PDM_SRM_Z_CC; NaN for the others */
    double df;               /**< its degrees of freedom; NaN for exact and sequential tests */
    double p;                /**< sequential: always valid. May underflow to 0 … */
    double log_p;            /**< … its natural logarithm does not; −∞ for traffic in an arm of weight 0 */
    double log_bayes_factor; /**< sequential only */
    int64_t n;               /**< units in all arms */
    int32_t method;          /**< the one used: never PDM_SRM_AUTO */
    int32_t arms;            /**< of positive weight */
    int32_t status;          /**< ok, mismatch, no_data (p = 1), single_arm (p = 1) */
    int32_t warnings;        /**< PDM_WARNING_LOW_EXPECTED, PDM_WARNING_ZERO_WEIGHT_TRAFFIC (p = 0, mismatch) */
} pdm_srm;

PDM_BEGIN_DECLS

/**
 * Tests the units @p observed of @p arms arms (1 … 64) against @p weights ≥ 0 of any sum (NULL = equal). Segment by segment, multiply p
 * with the number of segments. O(arms); exact: O(log n) for two arms, O(outcomes) for more.
 * Errors: PDM_E_BAD_VALUE (counts; row), PDM_E_BAD_WEIGHTS (negative, not finite, all 0; row), PDM_E_BAD_OPTION (method, level;
 * PDM_SRM_Z_CC for other than two arms), PDM_E_LIMIT (exact, more than 10^6 outcomes of more than two arms).
 */
PDM_API pdm_status pdm_srm_test(const int64_t *observed, const double *weights, int32_t arms,
                                const pdm_srm_options *options, pdm_srm *out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
