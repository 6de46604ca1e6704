/**
 * @file sequential.h
 * @defgroup stats_sequential Looking at any time
 * @ingroup stats
 * @brief Looking at a running experiment as often as one likes (边看边停): intervals and p-values that hold at every look.
 *
 * All start from an estimate and its standard error, of whatever metric; the multiplier takes the place of the critical value, also in
 * Fieller's set. They must be tuned to the size that is planned, not to a constant: too small or too large only costs width.
 * @{
 */
#ifndef PDMETRICS_STATS_SEQUENTIAL_H
#define PDMETRICS_STATS_SEQUENTIAL_H

#include <pdmetrics/stats/result.h>

/** An always-valid result. Frozen. */
typedef struct pdm_sequence {
    double multiplier;  /**< half width / se */
    double low;         /**< may be −∞ */
    double high;        /**< may be +∞; below `low` where earlier intervals leave nothing */
    double p;           /**< holds at any look; may underflow to 0 … */
    double log_p;       /**< … its natural logarithm does not */
    double log_e_value; /**< ln of the evidence against no effect; two-sided sequences only, else NaN */
    double rho;         /**< tuning: ρ of the asymptotic sequence; NaN for the mSPRT */
    int32_t status;     /**< ::pdm_row_status: ok or zero_variance */
    int32_t reserved;   /**< 0 */
} pdm_sequence;

PDM_BEGIN_DECLS

/**
 * Asymptotic confidence sequence (Waudby-Smith et al. 2021) with @p n_total units so far in both arms, narrowest at @p n_tune.
 * @p previous: interval so far, intersected with the new one (running intersection); NULL = none. One-sided levels must be above
 * ½. se = 0: `zero_variance`. Errors: PDM_E_BAD_OPTION, PDM_E_BAD_VALUE (estimate not finite, se negative).
 */
PDM_API pdm_status pdm_asymptotic_sequence(double estimate, double se, double n_total, double n_tune,
                                           int32_t alternative, double conf_level, const pdm_interval *previous,
                                           pdm_sequence *out, pdm_error *err);

/**
 * Mixture sequential probability ratio test (Johari et al. 2022), two-sided, with mixing variance @p tau2 > 0 on the scale of the
 * estimate; see pdm_msprt_tau2(). Errors as above.
 */
PDM_API pdm_status pdm_msprt(double estimate, double se, double tau2, double conf_level, pdm_sequence *out,
                             pdm_error *err);

/** A mixing variance for unit standard deviation @p sigma and at most @p truncation pairs. Errors: PDM_E_BAD_OPTION. */
PDM_API pdm_status pdm_msprt_tau2(double sigma, double truncation, double alpha, double *tau2, pdm_error *err);

/**
 * Normal mixture (Howard et al. 2021): the ρ at which the bound is lowest at intrinsic time @p v_opt > 0; @p exact by Lambert's function,
 * else the usual approximation. One-sided: tuned at 2 alpha, alpha < ½. Errors: PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_mixture_rho(double v_opt, double alpha, int32_t alternative, bool exact, double *rho,
                                   pdm_error *err);

/** ln of the mixture (the e-value) at sum @p s and time @p v ≥ 0. NaN outside v ≥ 0, rho > 0. @p alternative: two-sided or greater. */
PDM_EXPORT double pdm_mixture_log(double s, double v, double rho, int32_t alternative);

/** The sum at which the mixture reaches 1/alpha at time @p v. Errors: PDM_E_BAD_OPTION. */
PDM_API pdm_status pdm_mixture_bound(double v, double rho, double alpha, int32_t alternative, double *bound,
                                     pdm_error *err);

/**
 * Confidence sequence of one rate (beta-binomial mixture, Howard et al. 2021): the rates that @p x of @p n successes do not refute
 * however often one looks, narrowest at @p t_opt trials and level @p alpha_opt. @p previous as in pdm_asymptotic_sequence(). No
 * trials: 0 to 1, `no_data`. Errors: PDM_E_BAD_VALUE (counts), PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_rate_sequence(int64_t x, int64_t n, double t_opt, double alpha_opt, double conf_level,
                                     const pdm_interval *previous, pdm_interval *out, pdm_error *err);

/**
 * Polynomial stitched bound (Howard et al. 2021, theorem 1) of a sub-gamma sum at intrinsic time @p v, one-sided: crossed at any time
 * with probability at most @p alpha; flat below @p v_min > 0. @p c ≥ 0 scale of the tail, @p s, @p eta > 1 (1.4 and 2 are
 * usual). Errors: PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_stitched_bound(double v, double alpha, double v_min, double c, double s, double eta,
                                      double *bound, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
