/**
 * @file change.h
 * @defgroup plan_change Change decomposition
 * @ingroup plan
 * @brief Change decomposition (变动因素拆解): how much of a change which factor explains.
 *
 * Calculators (inputs → tables):
 * - `decompose`: formula(text), leaves(leaf, x0, x1, player, order, segment) → effects(factor, x0, x1, effect, share, low, high), summary.
 * - `lmdi`: factors(factor, x0, x1, segment), values(segment, v0, v1) or formula(text) → effects, segments, summary. Ang 2004, 2015; zeros by
 *   analytic limits. A formula must be a sum of products and quotients when multiplied out, else PDM_E_NOT_PRODUCT_FORM.
 * - `funnel_change`: steps(step, v0, v1) → effects, summary.
 * - `series_change`: formula(text), leaves(leaf, value, period) → effects, periods, summary.
 * - `pvm`: products(product, price0, quantity0, price1, quantity1) → products, summary. 量价结构.
 * - `rate_mix`: groups(group, numerator0, denominator0, numerator1, denominator1) → groups, summary.
 * - `sum_mix`: groups(group, count0, mean0, count1, mean1) → groups, summary.
 * - `contribution`: segments(segment, v0, v1) → segments, summary. 贡献度.
 *
 * Effects add up to the change. Shapley values are exact: on multi-affine trees by Gauss–Legendre quadrature along the diagonal (no 2ⁿ,
 * any number of factors), elsewhere by enumerating the smallest sub-tree that needs it (Owen 1972, multilinear extensions).
 * @{
 */
#ifndef PDMETRICS_PLAN_CHANGE_H
#define PDMETRICS_PLAN_CHANGE_H

#include <pdmetrics/calculator.h>

/** How the change is divided. */
typedef enum pdm_decompose_method {
    PDM_DECOMPOSE_SHAPLEY =
        0, /**< average over all orders: symmetric, closes, works with zeros and sign changes [default] */
    PDM_DECOMPOSE_CHAIN = 1, /**< one by one in the given order (连环替代法); the order must be given */
    PDM_DECOMPOSE_ORDER_RANGE =
        2,                     /**< Shapley, with the least and the largest effect over all orders; up to 10 factors */
    PDM_DECOMPOSE_MIDPOINT = 3 /**< two factors: the cross term is halved */
} pdm_decompose_method;

/** Options of `decompose` and `funnel_change`. */
typedef struct pdm_decompose_options {
    uint32_t struct_size; /**< sizeof(pdm_decompose_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_decompose_method */
} pdm_decompose_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_decompose_options pdm_decompose_options_default(void) {
    pdm_decompose_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Which logarithmic mean Divisia index. */
typedef enum pdm_lmdi_method {
    PDM_LMDI1 = 0, /**< consistent in aggregation [default] */
    PDM_LMDI2 = 1  /**< a factor common to all segments gets exactly its own ratio */
} pdm_lmdi_method;

/** What a factor that changes sign becomes. */
typedef enum pdm_lmdi_fallback {
    PDM_LMDI_FALLBACK_NONE = 0,   /**< status sign_change [default] */
    PDM_LMDI_FALLBACK_SHAPLEY = 1 /**< Shapley values of that segment, named in `method` */
} pdm_lmdi_fallback;

/** Options of `lmdi`. */
typedef struct pdm_lmdi_options {
    uint32_t struct_size; /**< sizeof(pdm_lmdi_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_lmdi_method */
    int32_t fallback;     /**< ::pdm_lmdi_fallback */
} pdm_lmdi_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_lmdi_options pdm_lmdi_options_default(void) {
    pdm_lmdi_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** What a series of periods is compared with. */
typedef enum pdm_series_base {
    PDM_SERIES_CHAINED = 0, /**< each period with the one before; effects are summed [default] */
    PDM_SERIES_DIRECT = 1   /**< the last with the first */
} pdm_series_base;

/** Options of `series_change`. */
typedef struct pdm_series_change_options {
    uint32_t struct_size; /**< sizeof(pdm_series_change_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t base;         /**< ::pdm_series_base */
} pdm_series_change_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_series_change_options pdm_series_change_options_default(void) {
    pdm_series_change_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Where the cross term of price and quantity goes. */
typedef enum pdm_pvm_method {
    PDM_PVM_CLOSING = 0, /**< price at new quantities, volume at the old mix, mix: closes per product [default] */
    PDM_PVM_OLD_QTY = 1, /**< price at old quantities, volume at old prices, the cross term in a column of its own */
    PDM_PVM_MIDPOINT = 2 /**< the cross term is halved */
} pdm_pvm_method;

/** Options of `pvm`. */
typedef struct pdm_pvm_options {
    uint32_t struct_size; /**< sizeof(pdm_pvm_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_pvm_method */
} pdm_pvm_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_pvm_options pdm_pvm_options_default(void) {
    pdm_pvm_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Rate that a group's rate is compared with in its mix effect; totals do not depend on it. */
typedef enum pdm_rate_mix_reference {
    PDM_RATE_MIX_OLD_MEAN = 0, /**< mean rate before [default] */
    PDM_RATE_MIX_NEW_MEAN = 1, /**< mean rate after */
    PDM_RATE_MIX_NONE = 2,     /**< 0 */
    PDM_RATE_MIX_SYMMETRIC = 3 /**< inner with the mean share, mix with the mean rate less the mean of the means */
} pdm_rate_mix_reference;

/** Options of `rate_mix`. */
typedef struct pdm_rate_mix_options {
    uint32_t struct_size; /**< sizeof(pdm_rate_mix_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t reference;    /**< ::pdm_rate_mix_reference */
} pdm_rate_mix_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_rate_mix_options pdm_rate_mix_options_default(void) {
    pdm_rate_mix_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
