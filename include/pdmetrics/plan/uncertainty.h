/**
 * @file uncertainty.h
 * @defgroup plan_uncertainty Uncertainty
 * @ingroup plan
 * @brief Uncertainty of a formula and the chance to reach a target; the plan after a miss.
 *
 * Calculators (inputs → tables):
 * - `attainment`: formula(text), leaves(leaf, role, value, sd, trials), correlations(leaf, other, correlation), target(target)
 *   → attainment(value, sd, low, high, probability), leaves(leaf, sd, share_of_variance, degenerate).
 * - `replan`: plan(annual), actuals(period, actual), remaining(period, weight, old_target, high) → periods, summary.
 *
 * Delta method: Var V = gᵀΣg. P(V ≥ T) = ½·erfc((T − V)/(√2·sd)).
 * @{
 */
#ifndef PDMETRICS_PLAN_UNCERTAINTY_H
#define PDMETRICS_PLAN_UNCERTAINTY_H

#include <pdmetrics/calculator.h>

/** On which scale the result is taken to be normal. */
typedef enum pdm_uncertainty_scale {
    PDM_UNCERTAINTY_LINEAR = 0, /**< its own [default] */
    PDM_UNCERTAINTY_LOG = 1     /**< its logarithm: Var ln V = eᵀRe; everything positive */
} pdm_uncertainty_scale;

/** Options of `attainment`. */
typedef struct pdm_attainment_options {
    uint32_t struct_size; /**< sizeof(pdm_attainment_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t scale;        /**< ::pdm_uncertainty_scale */
    int32_t reserved;     /**< 0 */
    double level;         /**< of the interval, 0 = 0.95 */
} pdm_attainment_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_attainment_options pdm_attainment_options_default(void) {
    pdm_attainment_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Who makes up for the miss. */
typedef enum pdm_replan_method {
    PDM_REPLAN_KEEP_TOTAL = 0,     /**< the remaining periods, by their weights and caps [default] */
    PDM_REPLAN_KEEP_REMAINING = 1, /**< nobody: later targets stay and the year is forecast short */
    PDM_REPLAN_NEXT = 2,           /**< the next period */
    PDM_REPLAN_SPREAD = 3          /**< the next `spread` periods, equally */
} pdm_replan_method;

/** Options of `replan`. */
typedef struct pdm_replan_options {
    uint32_t struct_size; /**< sizeof(pdm_replan_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_replan_method */
    int32_t exact_int;    /**< 1 = whole targets */
    int32_t spread;       /**< periods that share the miss under spread, 0 = 3 */
    int32_t apportion;    /**< ::pdm_apportion_method of whole targets without caps; webster for upward revisions */
} pdm_replan_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_replan_options pdm_replan_options_default(void) {
    pdm_replan_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
