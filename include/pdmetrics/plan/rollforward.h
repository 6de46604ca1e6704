/**
 * @file rollforward.h
 * @defgroup plan_rollforward Roll-forward
 * @ingroup plan
 * @brief Bottom-up roll-forward (测算表): users lost and added month by month, and the GMV they make.
 *
 * Calculators (inputs → tables):
 * - `roll_forward`: start(users), months(month, churn, conversion_rate, order_value, frequency, first_conversion_rate,
 *   first_order_value), channels(month, channel, traffic, touch, add) → months(start, lost, old, new, end, net, gmv_old, gmv_new, gmv),
 *   adds(month, channel, adds), total; with exact_int also months_int and adds_int.
 * - `roll_inverse`: rows(users_start, users_end, churn, adds, months) → rows(lost, adds, churn, net, feasible, steady_state, half_life,
 *   compound_churn).
 *
 * lost = users·churn; old = users − lost; adds = traffic·touch·add; end = old + Σ adds. Adds join the old pool next month. Adds through
 * two channels are two people unless the caller removed duplicates. Law: end − start = new − lost.
 * @{
 */
#ifndef PDMETRICS_PLAN_ROLLFORWARD_H
#define PDMETRICS_PLAN_ROLLFORWARD_H

#include <pdmetrics/calculator.h>

/** What several touches do. */
typedef enum pdm_touch_mode {
    PDM_TOUCH_PRODUCT = 0,    /**< traffic·touch·add; touch may exceed 1, then adds may exceed the traffic [default] */
    PDM_TOUCH_INDEPENDENT = 1 /**< traffic·(1 − (1 − add)^touch) */
} pdm_touch_mode;

/** Whether people added this month leave this month. */
typedef enum pdm_new_churn {
    PDM_NEW_CHURN_NONE = 0, /**< no [default] */
    PDM_NEW_CHURN_HALF = 1  /**< half the month's churn */
} pdm_new_churn;

/** How flows become whole (with `exact_int`). */
typedef enum pdm_roll_rounding {
    PDM_ROLL_HALF_EVEN = 0, /**< each flow half to even, on the rounded users of the month before [default] */
    PDM_ROLL_CARRY =
        1 /**< differences of the rounded cumulative real flows: never more than half a unit from the real run */
} pdm_roll_rounding;

/** Options of `roll_forward`. */
typedef struct pdm_roll_forward_options {
    uint32_t struct_size; /**< sizeof(pdm_roll_forward_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t touch_mode;   /**< ::pdm_touch_mode */
    int32_t new_churn;    /**< ::pdm_new_churn */
    int32_t exact_int;    /**< 1 = whole people and minor units */
    int32_t rounding;     /**< ::pdm_roll_rounding */
} pdm_roll_forward_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_roll_forward_options pdm_roll_forward_options_default(void) {
    pdm_roll_forward_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
