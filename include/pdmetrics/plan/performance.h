/**
 * @file performance.h
 * @defgroup plan_performance Staff performance
 * @ingroup plan
 * @brief Staff performance (岗位绩效): commission, composite index, rank, utilisation.
 *
 * Calculators (inputs → tables):
 * - `commission`: amounts(staff_id, amount), tiers(from, rate) → payouts(staff_id, amount, band, uncapped, capped, payout), summary. 提点.
 * - `composite`: indicators(staff_id, indicator, attainment, weight) → staff(staff_id, index, indicators, missing). 复合指标.
 * - `rank`: staff(staff_id, value, volume) → staff(staff_id, value, rank).
 * - `utilisation`: staff(staff_id, customers, agents, limit) → staff(staff_id, utilisation).
 * @{
 */
#ifndef PDMETRICS_PLAN_PERFORMANCE_H
#define PDMETRICS_PLAN_PERFORMANCE_H

#include <pdmetrics/calculator.h>

/** How the tiers are applied. */
typedef enum pdm_commission_method {
    PDM_COMMISSION_PROGRESSIVE = 0, /**< each band at its own rate [default] */
    PDM_COMMISSION_RETROACTIVE = 1  /**< the whole amount at the rate reached */
} pdm_commission_method;

/** Options of `commission`. */
typedef struct pdm_commission_options {
    uint32_t struct_size; /**< sizeof(pdm_commission_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_commission_method */
    int32_t exact_int;    /**< 1 = amounts and payouts are whole minor units, rounded half to even once at the end */
    double cap;           /**< most a payout may be, 0 = none */
    double multiplier;    /**< what payouts are multiplied with, 0 = 1 */
} pdm_commission_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_commission_options pdm_commission_options_default(void) {
    pdm_commission_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `composite`. */
typedef struct pdm_composite_options {
    uint32_t struct_size; /**< sizeof(pdm_composite_options) */
    int32_t strict;       /**< row statuses fail the call */
    double cap;           /**< most one attainment may count, 0 = none */
} pdm_composite_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_composite_options pdm_composite_options_default(void) {
    pdm_composite_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** What equal values get. */
typedef enum pdm_rank_ties {
    PDM_RANK_MIN = 0,    /**< 1, 2, 2, 4 [default] */
    PDM_RANK_DENSE = 1,  /**< 1, 2, 2, 3 */
    PDM_RANK_ORDINAL = 2 /**< 1, 2, 3, 4, in the order of the rows */
} pdm_rank_ties;

/** Options of `rank`. */
typedef struct pdm_rank_options {
    uint32_t struct_size; /**< sizeof(pdm_rank_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t ties;         /**< ::pdm_rank_ties */
    int32_t ascending;    /**< 1 = the smallest value ranks first */
    int32_t reserved;     /**< 0 */
    double min_volume;    /**< volume below which nobody is ranked */
} pdm_rank_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_rank_options pdm_rank_options_default(void) {
    pdm_rank_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
