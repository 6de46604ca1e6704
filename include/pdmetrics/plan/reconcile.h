/**
 * @file reconcile.h
 * @defgroup plan_reconcile Reconciliation
 * @ingroup plan
 * @brief Top-down against bottom-up (目标校对): the gap, who shall close it, and the least change that makes a tree add up.
 *
 * Calculators (inputs → tables):
 * - `gap`: nodes(node, top_down, bottom_up) → gaps(node, gap, gap_pct, coverage).
 * - `gap_split`: target(top_down), units(unit, plan, capacity, floor) → split(unit, plan, add, new_plan, headroom, breaks_capacity), summary.
 * - `reconcile`: nodes(node, parent, value, weight, low, high) → nodes(node, given, reconciled, move, w, unconstrained, negative),
 *   discrepancies(parent, discrepancy, closure), summary.
 * - `review_rounds`: rounds(round, unit, proposed, counter, agreed) → rounds(gap, …), totals per round.
 *
 * Who closes the gap by lever (cvr, order value …): `equal_effort` gives the leaves that are needed, `decompose` the Shapley effects from
 * the planned leaves to those.
 *
 * Least squares as in Hyndman et al. 2011 and Wickramasuriya et al. 2019 (MinT), written with constraint rows so that weight 0 fixes a
 * node; a tree is solved leaf to root and back, O(nodes).
 * @{
 */
#ifndef PDMETRICS_PLAN_RECONCILE_H
#define PDMETRICS_PLAN_RECONCILE_H

#include <pdmetrics/calculator.h>

/** Who closes the gap. */
typedef enum pdm_gap_split_method {
    PDM_GAP_BY_SHARE = 0,   /**< in proportion to the plans; may break a capacity, and says so [default] */
    PDM_GAP_BY_HEADROOM = 1 /**< in proportion to capacity − plan (plan − floor for a negative gap) */
} pdm_gap_split_method;

/** Options of `gap_split`. */
typedef struct pdm_gap_split_options {
    uint32_t struct_size; /**< sizeof(pdm_gap_split_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_gap_split_method */
} pdm_gap_split_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_gap_split_options pdm_gap_split_options_default(void) {
    pdm_gap_split_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Variance that stands for a node: how freely it moves. */
typedef enum pdm_reconcile_weights {
    PDM_RECONCILE_OLS = 0,    /**< 1 [default] */
    PDM_RECONCILE_STRUCT = 1, /**< number of leaves below */
    PDM_RECONCILE_VAR = 2     /**< column weight; 0 fixes the node */
} pdm_reconcile_weights;

/** Options of `reconcile`. */
typedef struct pdm_reconcile_options {
    uint32_t struct_size; /**< sizeof(pdm_reconcile_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t weights;      /**< ::pdm_reconcile_weights */
    int32_t bounded;      /**< 1 = keep low ≤ value ≤ high (low 0 where null) */
    int32_t exact_int;    /**< 1 = reconcile, then split whole amounts down the tree */
} pdm_reconcile_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_reconcile_options pdm_reconcile_options_default(void) {
    pdm_reconcile_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
