/**
 * @file result.h
 * @defgroup stats_result What calculators hand back
 * @ingroup stats
 * @brief What statistical calculators hand back, and the options they have in common.
 *
 * Calculators are plain functions from counts, moments or p-values to structs of the caller. A hard error (an impossible count, an
 * unknown method) fails the call and leaves the struct as it was. What the data cannot answer is no error: the struct is written,
 * its `status` says why, and exactly the members that have no value are NaN. They keep no state and do not allocate unless said.
 *
 * Throughout c is the control, t the treatment, a difference is t − c, a lift is t/c − 1. Confidence levels, alpha and margins are
 * read as decimals: a level of 0.95 leaves 0.05, not 0.050000000000000044.
 * @{
 */
#ifndef PDMETRICS_STATS_RESULT_H
#define PDMETRICS_STATS_RESULT_H

#include <pdmetrics/status.h>

/** Side conditions of a result; flags of `warnings`. */
typedef enum pdm_effect_warning {
    PDM_WARNING_LOW_EXPECTED = 1,       /**< an expected cell below 5: an exact test is advised */
    PDM_WARNING_P_EXACT = 2,            /**< the p-value is exact and not dual to the intervals */
    PDM_WARNING_ZERO_WEIGHT_TRAFFIC = 4 /**< units in an arm of weight 0 */
} pdm_effect_warning;

/** What the alternative to "no difference" is. Intervals become one-sided with it. */
typedef enum pdm_alternative {
    PDM_TWO_SIDED = 0, /**< they differ [default] */
    PDM_GREATER = 1,   /**< the treatment is greater; lower limits only */
    PDM_LESS = 2       /**< the treatment is less; upper limits only */
} pdm_alternative;

/** A test. Frozen. */
typedef struct pdm_test {
    double statistic; /**< z, t, χ² or G as the test says; NaN for exact tests */
    double se;        /**< standard error of the difference under the test, NaN where there is none */
    double df;        /**< degrees of freedom; +∞ for z, NaN for exact tests */
    double p;         /**< may underflow to 0 … */
    double log_p;     /**< … its natural logarithm does not */
    int32_t status;   /**< ::pdm_row_status */
    int32_t warnings; /**< flags ::pdm_effect_warning */
    double reserved;  /**< 0 */
} pdm_test;

/** An interval. Frozen. */
typedef struct pdm_interval {
    double low;       /**< may be −∞ */
    double high;      /**< may be +∞ */
    int32_t status;   /**< ::pdm_row_status */
    int32_t reserved; /**< 0 */
} pdm_interval;

/** Two ends and nothing else; what NaN and ±∞ mean is said where it is used. Frozen. */
typedef struct pdm_range {
    double low;  /**< lower end */
    double high; /**< upper end */
} pdm_range;

/** What a confidence set of lifts looks like. */
typedef enum pdm_lift_form {
    PDM_LIFT_INTERVAL = 0,  /**< low … high */
    PDM_LIFT_EXTERIOR = 1,  /**< all but the lifts strictly between `gap_low` and `gap_high` */
    PDM_LIFT_WHOLE_LINE = 2 /**< every lift */
} pdm_lift_form;

/** A relative effect and its confidence set. Frozen. */
typedef struct pdm_lift {
    double lift;     /**< estimate; NaN where the control is 0 */
    double low;      /**< NaN unless the set is an interval; −∞ or −1 where it has no lower end */
    double high;     /**< NaN unless the set is an interval; +∞ where it has no upper end */
    double gap_low;  /**< form exterior: the set is outside this gap, else NaN */
    double gap_high; /**< its other end */
    double g;        /**< Fieller: k²·V_C/C²; below 1 the set is an interval. NaN for other methods */
    double se;       /**< delta and log methods: of the lift, of ln(ratio); NaN for others */
    double df;       /**< of the critical value; +∞ for normal */
    double p;        /**< delta and log methods: their own p-value, NaN for others (that of the difference holds) */
    double log_p;    /**< its logarithm */
    int32_t form;    /**< ::pdm_lift_form */
    int32_t status;  /**< ::pdm_row_status */
} pdm_lift;

/** @} */
#endif
