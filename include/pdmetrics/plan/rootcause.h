/**
 * @file rootcause.h
 * @defgroup plan_rootcause Root cause search
 * @ingroup plan
 * @brief Root cause search (Adtributor): which elements of which dimension explain a surprise.
 *
 * Calculator `root_cause`: rows(dimension, element, forecast, actual), or with forecast2 and actual2 a ratio of two measures
 * → elements(dimension, element, f, a, ep, surprise, in_set), dimensions(dimension, rank, set_ep, set_surprise, dim_surprise, size), summary.
 *
 * Bhagwan et al., Adtributor: Revenue Debugging in Advertising Systems, NSDI 2014. Each dimension must sum to the same totals.
 * @{
 */
#ifndef PDMETRICS_PLAN_ROOTCAUSE_H
#define PDMETRICS_PLAN_ROOTCAUSE_H

#include <pdmetrics/calculator.h>

/** Base of the surprise's logarithm. */
typedef enum pdm_log_base {
    PDM_LOG_BASE_E = 0, /**< natural [default] */
    PDM_LOG_BASE_2 = 1  /**< two */
} pdm_log_base;

/** Options of `root_cause`. */
typedef struct pdm_root_cause_options {
    uint32_t struct_size; /**< sizeof(pdm_root_cause_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t log_base;     /**< ::pdm_log_base */
    int32_t keep;         /**< dimensions that are ranked, 0 = 3 */
    double t_eep;         /**< least explanatory power of an element, 0 = 0.1 */
    double t_ep;          /**< explanatory power at which a set is complete, 0 = 0.67 */
} pdm_root_cause_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_root_cause_options pdm_root_cause_options_default(void) {
    pdm_root_cause_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
