/**
 * @file proportion.h
 * @defgroup stats_proportion Conversion rates
 * @ingroup stats
 * @brief Conversion rates: intervals of one, tests and intervals of two.
 *
 * Zero cells and all-success arms have answers. The default test (pooled score), the default interval of the difference (Mee) and that
 * of the ratio (Koopman) are one family: either all three say "no effect is possible" or none does.
 *
 * Counts: 0 ≤ x ≤ n < 2^53, else PDM_E_BAD_VALUE. n = 0 gives status `no_data`. Levels lie in (0, 1), else PDM_E_BAD_OPTION; so
 * do unknown methods and alternatives.
 * @{
 */
#ifndef PDMETRICS_STATS_PROPORTION_H
#define PDMETRICS_STATS_PROPORTION_H

#include <pdmetrics/stats/result.h>

/** Successes and trials of two arms. Frozen. */
typedef struct pdm_two_proportions {
    int64_t x_control;   /**< successes of the control */
    int64_t n_control;   /**< its trials */
    int64_t x_treatment; /**< successes of the treatment */
    int64_t n_treatment; /**< its trials */
} pdm_two_proportions;

/** Interval of one rate. */
typedef enum pdm_rate_interval {
    PDM_RATE_WILSON = 0,          /**< score (Wilson 1927) [default] */
    PDM_RATE_WILSON_CC = 1,       /**< with continuity correction (Newcombe 1998) */
    PDM_RATE_CLOPPER_PEARSON = 2, /**< exact, conservative */
    PDM_RATE_JEFFREYS = 3,        /**< Beta(x + ½, n − x + ½); ends 0 at x = 0, 1 at x = n */
    PDM_RATE_AGRESTI_COULL = 4,   /**< Wald at x + z²/2 of n + z², cut to [0, 1] */
    PDM_RATE_WALD = 5             /**< for parity only, cut to [0, 1] */
} pdm_rate_interval;

/** Test of two rates. */
typedef enum pdm_proportion_test_kind {
    PDM_TEST_POOLED = 0,     /**< pooled score z = Pearson χ², no continuity correction [default] */
    PDM_TEST_POOLED_CC = 1,  /**< |difference| less (1/n_c + 1/n_t)/2, not below 0 */
    PDM_TEST_UNPOOLED = 2,   /**< Wald z; nothing varies: `zero_variance` */
    PDM_TEST_CHI2_YATES = 3, /**< χ² with |ad − bc| less min(N/2, |ad − bc|), as R; two-sided only */
    PDM_TEST_G = 4,          /**< likelihood ratio; two-sided only */
    PDM_TEST_FISHER = 5,     /**< exact; two-sided = tables with probability ≤ observed·(1 + 1e-7), as R */
    PDM_TEST_MIDP = 6        /**< exact, half the probability of tables as likely as the observed taken off */
} pdm_proportion_test_kind;

/** Interval of the difference. */
typedef enum pdm_difference_interval {
    PDM_DIFFERENCE_MEE = 0,                /**< inverted score test (Mee 1984; Farrington & Manning 1990) [default] */
    PDM_DIFFERENCE_MIETTINEN_NURMINEN = 1, /**< the same with variance × N/(N − 1) (1985) */
    PDM_DIFFERENCE_NEWCOMBE = 2,           /**< from Wilson limits (1998) */
    PDM_DIFFERENCE_NEWCOMBE_CC = 3,        /**< from Wilson limits with continuity, cut to [−1, 1] */
    PDM_DIFFERENCE_AGRESTI_CAFFO = 4,      /**< Wald with x + 1 of n + 2 (2000); may leave [−1, 1] */
    PDM_DIFFERENCE_WALD = 5                /**< for parity only; may leave [−1, 1], width 0 without variance */
} pdm_difference_interval;

/** Interval of the ratio. */
typedef enum pdm_ratio_interval {
    PDM_RATIO_KOOPMAN = 0,      /**< inverted score test (1984) [default] */
    PDM_RATIO_LOG = 1,          /**< Katz 1978; needs events in both arms, else `no_events` */
    PDM_RATIO_LOG_ADJUSTED = 2, /**< ½ added to all four counts (Walter 1975) */
    PDM_RATIO_FIELLER = 3,      /**< from means, normal critical value */
    PDM_RATIO_DELTA = 4         /**< from means, normal critical value; finite nonsense when the control is near 0 */
} pdm_ratio_interval;

/** Statistic of a test against a margin. */
typedef enum pdm_margin_test {
    PDM_MARGIN_SCORE = 0,              /**< Farrington & Manning 1990, dual to Mee and Koopman [default] */
    PDM_MARGIN_MIETTINEN_NURMINEN = 1, /**< variance × N/(N − 1) */
    PDM_MARGIN_WALD = 2                /**< unpooled; on the lift scale not defined */
} pdm_margin_test;

/** What a margin is measured in. */
typedef enum pdm_margin_scale {
    PDM_SCALE_LIFT = 0,      /**< part of the control [default] */
    PDM_SCALE_DIFFERENCE = 1 /**< points */
} pdm_margin_scale;

PDM_BEGIN_DECLS

/** Interval of the rate @p x / @p n by @p method (::pdm_rate_interval), two-sided. */
PDM_API pdm_status pdm_proportion_interval(int64_t x, int64_t n, int32_t method, double conf_level, pdm_interval *out,
                                           pdm_error *err);

/** Test of "no difference", @p kind ::pdm_proportion_test_kind, @p alternative ::pdm_alternative. Fisher and mid-p: O(√N). */
PDM_API pdm_status pdm_proportion_test(const pdm_two_proportions *counts, int32_t kind, int32_t alternative,
                                       pdm_test *out, pdm_error *err);

/** Interval of p_t − p_c, @p method ::pdm_difference_interval. One-sided: the other limit is ±1. */
PDM_API pdm_status pdm_proportion_difference(const pdm_two_proportions *counts, int32_t method, int32_t alternative,
                                             double conf_level, pdm_interval *out, pdm_error *err);

/** Interval of p_t/p_c − 1, @p method ::pdm_ratio_interval. One-sided: the other limit is −1 or +∞ (Fieller, delta: ±∞). */
PDM_API pdm_status pdm_proportion_lift(const pdm_two_proportions *counts, int32_t method, int32_t alternative,
                                       double conf_level, pdm_lift *out, pdm_error *err);

/**
 * The interval of p_t − p_c with a normal critical value @p z > 0 instead of a level: the bound of a planned look (group_sequential.h),
 * whose level has no digits left. Errors as above; z: PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_proportion_difference_at(const pdm_two_proportions *counts, int32_t method, int32_t alternative,
                                                double z, pdm_interval *out, pdm_error *err);
/** The interval of p_t/p_c − 1 likewise. */
PDM_API pdm_status pdm_proportion_lift_at(const pdm_two_proportions *counts, int32_t method, int32_t alternative,
                                          double z, pdm_lift *out, pdm_error *err);

/**
 * Test whether the effect is above @p margin (@p alternative PDM_GREATER) or below it (PDM_LESS), e.g. non-inferiority: margin −0.02
 * and PDM_GREATER. @p method ::pdm_margin_test, @p scale ::pdm_margin_scale. |margin| < 1 on the difference, margin > −1
 * on the lift scale. PDM_MARGIN_WALD on the lift scale: PDM_E_UNSUPPORTED_COMBINATION. Equivalence is two such tests, p the
 * larger.
 */
PDM_API pdm_status pdm_proportion_margin_test(const pdm_two_proportions *counts, int32_t method, int32_t scale,
                                              int32_t alternative, double margin, pdm_test *out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
