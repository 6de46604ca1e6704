/**
 * @file mean.h
 * @defgroup stats_mean Means and ratios
 * @ingroup stats
 * @brief Means and ratios of means (客单价): did the treatment change them, with or without a covariate (CUPED).
 *
 * Everything starts from sufficient statistics. A ratio metric Σ numerator / Σ denominator becomes a mean by linearisation (delta method;
 * Deng et al. 2018), a covariate is taken off with one pooled coefficient (Deng et al. 2013). Then: Welch's t, its interval, and a
 * lift set dual to it (Fieller 1954): the interval excludes 0 if and only if the lift set does.
 * @{
 */
#ifndef PDMETRICS_STATS_MEAN_H
#define PDMETRICS_STATS_MEAN_H

#include <pdmetrics/stats/proportion.h>

/** Moments of one arm, per randomised unit. Frozen. */
typedef struct pdm_arm_moments {
    int64_t n;       /**< units, 0 ≤ n < 2^53 */
    double mean;     /**< for a ratio metric: the ratio */
    double variance; /**< of a unit, divisor n − 1; conversions may give p(1 − p) */
} pdm_arm_moments;

/** Moments of one arm with a covariate (the unit's value before the experiment). Frozen. */
typedef struct pdm_covariate_moments {
    int64_t n;                 /**< units */
    double mean;               /**< per unit; for a ratio metric the ratio */
    double variance;           /**< of a unit, divisor n − 1 */
    double covariate_mean;     /**< per unit; NaN = unknown */
    double covariate_variance; /**< of a unit, divisor n − 1 */
    double covariance;         /**< of the two, likewise */
} pdm_covariate_moments;

/** Moments of one arm of a ratio metric. Frozen. */
typedef struct pdm_ratio_moments {
    int64_t n;                   /**< units */
    double numerator_mean;       /**< per unit */
    double denominator_mean;     /**< per unit, of denominators ≥ 0 */
    double numerator_variance;   /**< of a unit, divisor n − 1 */
    double denominator_variance; /**< likewise */
    double covariance;           /**< of the two, likewise */
} pdm_ratio_moments;

/** Covariances of the four columns of a ratio metric whose covariate is a ratio. Frozen. */
typedef struct pdm_ratio_covariate_moments {
    pdm_ratio_moments now;          /**< the metric */
    pdm_ratio_moments before;       /**< the covariate, same n */
    double numerator_numerator;     /**< covariance of numerator now and numerator before */
    double numerator_denominator;   /**< of numerator now and denominator before */
    double denominator_numerator;   /**< of denominator now and numerator before */
    double denominator_denominator; /**< of denominator now and denominator before */
} pdm_ratio_covariate_moments;

/** Most covariates that can be taken off at once. */
#define PDM_MAX_COVARIATES 8

/** Moments of one arm with several covariates. Arrays stay the caller's. Frozen. */
typedef struct pdm_arm_covariates {
    int64_t n;                 /**< units */
    double mean;               /**< per unit; for a ratio metric the ratio */
    double variance;           /**< of a unit, divisor n − 1 */
    const double *means;       /**< of the k covariates */
    const double *covariances; /**< of the metric and each of the k covariates, divisor n − 1 */
    const double *matrix;      /**< k × k covariances of the covariates, symmetric */
} pdm_arm_covariates;

/** Confidence set of the lift. */
typedef enum pdm_mean_lift {
    PDM_MEAN_LIFT_FIELLER = 0, /**< dual to the difference [default] */
    PDM_MEAN_LIFT_DELTA = 1,   /**< estimate ± k·se with a p-value of its own; parity with other tools */
    PDM_MEAN_LIFT_LOG = 2      /**< on ln(ratio) of the (adjusted) means, with its own degrees of freedom */
} pdm_mean_lift;

/** How CUPED finds its coefficient. */
typedef enum pdm_theta {
    PDM_THETA_TOTAL = 0, /**< from both arms thrown together, the shift between them included [default for means] */
    PDM_THETA_WITHIN = 1 /**< Σ covariances / Σ variances of the arms [for ratio metrics] */
} pdm_theta;

/** Options; all-zero is every default. */
typedef struct pdm_mean_options {
    uint32_t struct_size; /**< sizeof(pdm_mean_options) */
    int32_t alternative;  /**< ::pdm_alternative */
    int32_t equal_var;    /**< 1 = pooled variance, n_c + n_t − 2 degrees of freedom */
    int32_t normal;       /**< 1 = normal critical values instead of t */
    int32_t lift;         /**< ::pdm_mean_lift */
    int32_t theta;        /**< ::pdm_theta, for pdm_mean_compare_adjusted() */
    int32_t unchecked;    /**< 1 = impossible moments pass (parity tests of other tools) */
    int32_t reserved;     /**< 0 */
    double conf_level;    /**< in (0, 1); 0 = 0.95 */
    double critical_z;    /**< > 0: instead of conf_level, a normal critical value (pdm_look::z); t has the same tail */
    double multiplier;    /**< > 0: instead of both, what the se is multiplied with (pdm_sequence::multiplier) */
} pdm_mean_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_mean_options pdm_mean_options_default(void) {
    pdm_mean_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** The comparison of two arms. Frozen. Members without a value are NaN. */
typedef struct pdm_mean_effect {
    double control;            /**< unadjusted */
    double treatment;          /**< unadjusted */
    double difference;         /**< adjusted if there is a covariate, like all below but for the lift's denominator */
    double se;                 /**< standard error of the difference */
    double df;                 /**< +∞ with normal critical values */
    double statistic;          /**< difference / se */
    double p;                  /**< by the alternative asked */
    double log_p;              /**< its natural logarithm */
    double critical;           /**< what the se is multiplied with */
    double low;                /**< interval of the difference; may be −∞ */
    double high;               /**< may be +∞ */
    double control_variance;   /**< of the unadjusted control mean: V_C of Fieller's set */
    double covariance;         /**< of difference and control mean: V_DC */
    double theta;              /**< CUPED's coefficient; 0 = off, NaN without a covariate */
    double variance_reduction; /**< 1 − se²/se² without the covariate */
    double balance_p;          /**< Welch p of the covariate between the arms; small: the assignment may be at fault */
    double reserved;           /**< 0 */
    int32_t status;            /**< ::pdm_row_status */
    int32_t warnings;          /**< 0 */
    pdm_lift lift;             /**< difference / |control| */
} pdm_mean_effect;

PDM_BEGIN_DECLS

/**
 * n, Σx, Σx² to moments. Doubles lose digits when the mean is large against the spread; exact sums come from the row metric.
 * Errors: PDM_E_BAD_VALUE (counts, sums that no numbers have).
 */
PDM_API pdm_status pdm_arm_from_sums(int64_t n, double sum, double sum_squares, pdm_arm_moments *out, pdm_error *err);

/**
 * A ratio metric as the mean of its linearised units: mean = R, variance = (s_MM − 2R s_MD + R² s_DD)/D̄². Denominators that add up
 * to 0: mean and variance NaN; comparing it gives `zero_denominator`. Errors: PDM_E_BAD_VALUE.
 */
PDM_API pdm_status pdm_arm_from_ratio(const pdm_ratio_moments *ratio, pdm_arm_moments *out, pdm_error *err);

/** The same with a ratio as covariate: both are linearised. */
PDM_API pdm_status pdm_covariate_from_ratios(const pdm_ratio_covariate_moments *ratios, pdm_covariate_moments *out,
                                             pdm_error *err);

/**
 * Compares two arms. options NULL = defaults. Errors: PDM_E_BAD_OPTION, PDM_E_BAD_VALUE (negative variance, no finite mean …).
 * Status: no_data, too_few (n < 2), zero_variance (both arms), zero_denominator; the lift has its own.
 */
PDM_API pdm_status pdm_mean_compare(const pdm_arm_moments *control, const pdm_arm_moments *treatment,
                                    const pdm_mean_options *options, pdm_mean_effect *out, pdm_error *err);

/** The same with a covariate. A covariate that does not vary, or |theta| < 1e-8, is left out: theta = 0. */
PDM_API pdm_status pdm_mean_compare_adjusted(const pdm_covariate_moments *control,
                                             const pdm_covariate_moments *treatment, const pdm_mean_options *options,
                                             pdm_mean_effect *out, pdm_error *err);

/**
 * The same with @p k = 1 … PDM_MAX_COVARIATES covariates and the coefficients S_xx⁻¹ s_xy (PDM_THETA_TOTAL) or those of the sums within
 * the arms. A covariate that those before it in the list already tell (a pivot below 1e-10 of its variance) is dropped. @p thetas
 * gets k coefficients, 0 for dropped ones; out->theta is 1, or 0 if nothing is taken off; out->balance_p the smallest of the k
 * times k. Errors: as above; PDM_E_BAD_OPTION (k).
 */
PDM_API pdm_status pdm_mean_compare_covariates(const pdm_arm_covariates *control, const pdm_arm_covariates *treatment,
                                               int32_t k, const pdm_mean_options *options, double *thetas,
                                               pdm_mean_effect *out, pdm_error *err);

/**
 * Test whether the effect is above @p margin (PDM_GREATER) or below it (PDM_LESS), as pdm_proportion_margin_test(). @p effect comes
 * from a comparison; one without se passes its status on.
 */
PDM_API pdm_status pdm_mean_margin_test(const pdm_mean_effect *effect, int32_t scale, int32_t alternative,
                                        double margin, pdm_test *out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
