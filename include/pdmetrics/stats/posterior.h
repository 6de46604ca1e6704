/**
 * @file posterior.h
 * @defgroup stats_posterior Posteriors
 * @ingroup stats
 * @brief Bayesian reading of an experiment: probability to be better, expected loss of a wrong choice, credible intervals.
 *
 * No Monte Carlo: closed forms, or quadrature on panels that adapt to the integrand, good to 1e-9 relative also for 10^7 counts and for
 * probabilities far below the double range (their logarithms are given). Losses are in the unit of the metric, with higher being
 * better; for a metric that should fall exchange the arms.
 * @{
 */
#ifndef PDMETRICS_STATS_POSTERIOR_H
#define PDMETRICS_STATS_POSTERIOR_H

#include <pdmetrics/stats/proportion.h>

/** Posteriors of two arms. Frozen. */
typedef struct pdm_posterior {
    double mean_control;          /**< posterior mean */
    double mean_treatment;        /**< likewise */
    double low_control;           /**< equal-tailed credible interval */
    double high_control;          /**< likewise */
    double low_treatment;         /**< likewise */
    double high_treatment;        /**< likewise */
    double prob_better;           /**< P(treatment > control) */
    double prob_worse;            /**< P(treatment < control), not as 1 − the other */
    double log_prob_better;       /**< its natural logarithm, where it underflows too */
    double log_prob_worse;        /**< likewise */
    double loss_if_treatment;     /**< E max(control − treatment, 0): what choosing the treatment may cost */
    double loss_if_control;       /**< E max(treatment − control, 0) */
    double log_loss_if_treatment; /**< its natural logarithm */
    double log_loss_if_control;   /**< likewise */
} pdm_posterior;

/** Events of two arms and what they were observed over (units, days …). Frozen. */
typedef struct pdm_two_counts {
    int64_t events_control;    /**< 0 ≤ events < 2^53 */
    int64_t events_treatment;  /**< likewise */
    double exposure_control;   /**< > 0 */
    double exposure_treatment; /**< > 0 */
} pdm_two_counts;

/** Options of the normal posterior; all-zero is every default. */
typedef struct pdm_normal_prior {
    uint32_t struct_size; /**< sizeof(pdm_normal_prior) */
    int32_t scale;        /**< ::pdm_margin_scale of estimate and se: lift or difference */
    int32_t prior_scale;  /**< ::pdm_margin_scale of prior_mean and prior_sd; another one is converted by |control| */
    int32_t lower;        /**< 1 = lower is better: chance and risks the other way round */
    double prior_mean;    /**< of a normal prior */
    double prior_sd;      /**< its standard deviation > 0 (0.3 on the lift is usual); 0 = flat prior */
    double control;       /**< mean of the control, for converting; not needed where the scales are the same */
    double conf_level;    /**< of the credible interval, in (0, 1); 0 = 0.95 */
} pdm_normal_prior;

/** A flat prior on the lift, with `struct_size` filled in for the caller's binary. */
static inline pdm_normal_prior pdm_normal_prior_default(void) {
    pdm_normal_prior options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Normal posterior of an effect. Frozen. Members without a value are NaN. */
typedef struct pdm_normal_result {
    double mean;               /**< of the effect */
    double sd;                 /**< its standard deviation */
    double low;                /**< credible interval */
    double high;               /**< likewise */
    double chance_to_win;      /**< P(the treatment is better) */
    double log_chance_to_win;  /**< its natural logarithm */
    double log_chance_to_lose; /**< that of the complement, not as 1 − the other */
    double risk_control;       /**< expected loss of keeping the control: E max(effect, 0) */
    double risk_treatment;     /**< expected loss of taking the treatment: E max(−effect, 0) */
    double log_risk_control;   /**< its natural logarithm */
    double log_risk_treatment; /**< likewise */
    int32_t win;    /**< 1 = the credible interval excludes 0 on the good side, −1 = on the bad side, else 0 */
    int32_t status; /**< ok, zero_variance (se 0 and no prior), zero_base (no control to convert by) */
} pdm_normal_result;

PDM_BEGIN_DECLS

/**
 * Conversions: Beta(prior_a + x, prior_b + n − x), priors > 0, 1 and 1 = uniform. No units: the prior comes back. About 1 ms.
 * Errors: PDM_E_BAD_VALUE (counts), PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_beta_posterior(const pdm_two_proportions *counts, double prior_a, double prior_b,
                                      double conf_level, pdm_posterior *out, pdm_error *err);

/** Credible interval of p_t − p_c, equal tails of its exact distribution. Some 10 ms. Errors as above. */
PDM_API pdm_status pdm_beta_difference(const pdm_two_proportions *counts, double prior_a, double prior_b,
                                       double conf_level, pdm_interval *out, pdm_error *err);

/**
 * The best of @p arms arms (2 … 64), @p x of @p n conversions: each one's probability to have the highest rate, and what choosing it
 * costs on average, E max(highest rate of the others − its own, 0). Either output may be NULL. About 1 ms, a tenth of a second for 64
 * arms. Errors as above (row = the arm).
 */
PDM_API pdm_status pdm_beta_best(const int64_t *x, const int64_t *n, int32_t arms, double prior_a, double prior_b,
                                 double *prob_best, double *expected_loss, pdm_error *err);

/**
 * The same where what is believed of the arms is independent and normal with @p mean and @p sd > 0: means of large samples under flat
 * priors. Errors: PDM_E_BAD_OPTION (arms), PDM_E_BAD_VALUE (row = the arm).
 */
PDM_API pdm_status pdm_normal_best(const double *mean, const double *sd, int32_t arms, double *prob_best,
                                   double *expected_loss, pdm_error *err);

/**
 * Counts per exposure (orders per customer and week): Gamma(prior_shape + events, prior_rate + exposure), prior_shape > 0, prior_rate
 * ≥ 0. Errors: PDM_E_BAD_VALUE (events, exposure), PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_gamma_posterior(const pdm_two_counts *counts, double prior_shape, double prior_rate,
                                       double conf_level, pdm_posterior *out, pdm_error *err);

/**
 * Normal posterior of an effect with @p estimate and @p se (pdm_mean_effect with PDM_MEAN_LIFT_DELTA, or its difference). options
 * NULL = defaults. Errors: PDM_E_BAD_VALUE (estimate not finite, se negative), PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_normal_posterior(double estimate, double se, const pdm_normal_prior *options,
                                        pdm_normal_result *out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
