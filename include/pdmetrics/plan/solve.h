/**
 * @file solve.h
 * @defgroup plan_solve Goal-seek and scenarios
 * @ingroup plan
 * @brief Goal-seek (倒推), equal effort, sensitivity and scenarios on a formula tree.
 *
 * Calculators (inputs → tables); all take formula(text) and leaves(leaf, role, value):
 * - `goal_seek`: target(target, lever, low, high) → solution, nodes, roots.
 * - `equal_effort`: target(target), levers(lever, weight, direction, low, high) → levers(lever, from, value, change_abs, change_rel, at_bound, effect),
 *   solution, nodes.
 * - `tornado`: levers(lever, low, high) → tornado(lever, end, x, value, delta, rank, clipped).
 * - `scenarios`: axes(lever, value) → values(scenario, value, delta_vs_base), settings(scenario, lever, x).
 *
 * Bounds default to those of the leaf's role. "Did not converge" alone is never the answer: best_x, best_value, shortfall and the solution
 * without bounds are given with every status.
 * @{
 */
#ifndef PDMETRICS_PLAN_SOLVE_H
#define PDMETRICS_PLAN_SOLVE_H

#include <pdmetrics/calculator.h>

/** Options of `goal_seek`. */
typedef struct pdm_goal_seek_options {
    uint32_t struct_size; /**< sizeof(pdm_goal_seek_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t find_all;     /**< 1 = list every root found */
    int32_t scan_points;  /**< points of the search for a sign change, 0 = 128 */
    double tol;           /**< relative tolerance, 0 = 1e-12 */
} pdm_goal_seek_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_goal_seek_options pdm_goal_seek_options_default(void) {
    pdm_goal_seek_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** How several levers share the effort. */
typedef enum pdm_effort_method {
    PDM_EFFORT_PCT = 0,   /**< x·(1 ± weight·λ) [default] */
    PDM_EFFORT_LOG = 1,   /**< x·exp(± weight·t) */
    PDM_EFFORT_MIN_SQ = 2 /**< least Σ(d/x)²/weight */
} pdm_effort_method;

/** Options of `equal_effort`. */
typedef struct pdm_equal_effort_options {
    uint32_t struct_size; /**< sizeof(pdm_equal_effort_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_effort_method */
    int32_t reserved;     /**< 0 */
    double tol;           /**< relative tolerance, 0 = 1e-12 */
} pdm_equal_effort_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_equal_effort_options pdm_equal_effort_options_default(void) {
    pdm_equal_effort_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `tornado`. */
typedef struct pdm_tornado_options {
    uint32_t struct_size; /**< sizeof(pdm_tornado_options) */
    int32_t strict;       /**< row statuses fail the call */
    double pct;           /**< share by which levers without bounds of their own move, 0 = 0.1 */
} pdm_tornado_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_tornado_options pdm_tornado_options_default(void) {
    pdm_tornado_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
