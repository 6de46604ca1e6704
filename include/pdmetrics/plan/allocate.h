/**
 * @file allocate.h
 * @defgroup plan_allocate Allocation
 * @ingroup plan
 * @brief Top-down allocation (拆目标): a total over units, exactly, with caps and floors, level under level, or by two margins.
 *
 * Calculators (inputs → tables):
 * - `apportion`: target(total), parts(part, weight) → split(part, weight, quota, amount), summary.
 * - `allocate`: target(total), parts(part, weight, base, flex, low, high) → split(part, amount, amount_int, at_bound),
 *   summary(multiplier, shortfall).
 * - `nested`: target(total), levels(level, method), shares(level, parent, part, weight) → cells(level_1 …, amount), nodes.
 * - `two_way`: seed(row, column, value), row_totals(row, row_total), column_totals(column, column_total)
 *   → cells(row, column, value, amount, factors), summary(iterations, residual).
 * - `shares`: history(period, unit, value) → shares(unit, share), summary(periods_skipped).
 * - `forecast_proportions`: target(total), tree(node, parent, value) → nodes(node, share, amount).
 * - `blend`: sources(source, unit, share), alphas(source, alpha) → shares(unit, share), sources(unit, source, share, alpha).
 *
 * Amounts are in the unit of the total: minor units of money, people, orders. Integer splits are exact for every int64 total and
 * every decimal weight, and the same on every platform.
 * @{
 */
#ifndef PDMETRICS_PLAN_ALLOCATE_H
#define PDMETRICS_PLAN_ALLOCATE_H

#include <pdmetrics/calculator.h>

/** How units are dealt out. Balinski & Young, Fair Representation (2001), chapters 2 and 8. */
typedef enum pdm_apportion_method {
    PDM_APPORTION_LARGEST_REMAINDER =
        0, /**< Hamilton: floors, then the largest remainders. Within a unit of the quota, but a larger
                                              total can take a unit from a part (Alabama paradox) [default] */
    PDM_APPORTION_WEBSTER = 1,   /**< Sainte-Laguë, w/(2k+1): never takes a unit back; for targets that are revised */
    PDM_APPORTION_DHONDT = 2,    /**< Jefferson, w/(k+1): favours large parts */
    PDM_APPORTION_ADAMS = 3,     /**< w/k: favours small parts */
    PDM_APPORTION_HUNTINGTON = 4 /**< Huntington–Hill, w²/(k(k+1)) */
} pdm_apportion_method;

/** What happens when all weights are 0. */
typedef enum pdm_zero_policy {
    PDM_ZERO_POLICY_ERROR = 0, /**< PDM_E_ZERO_WEIGHTS [default] */
    PDM_ZERO_POLICY_EQUAL = 1  /**< equal parts */
} pdm_zero_policy;

/** Options of `apportion`. */
typedef struct pdm_apportion_options {
    uint32_t struct_size; /**< sizeof(pdm_apportion_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_apportion_method */
    int32_t zero_policy;  /**< ::pdm_zero_policy */
} pdm_apportion_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_apportion_options pdm_apportion_options_default(void) {
    pdm_apportion_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** How a real total is split between bounds. */
typedef enum pdm_allocate_method {
    PDM_ALLOCATE_PROPORTIONAL = 0, /**< clamp(λ·weight, low, high); low 0 and high ∞ where null [default] */
    PDM_ALLOCATE_QUADRATIC = 1     /**< clamp(base + μ·flex, low, high): least Σ(x − base)²/flex; −∞ and ∞ where null */
} pdm_allocate_method;

/** Options of `allocate`. */
typedef struct pdm_allocate_options {
    uint32_t struct_size; /**< sizeof(pdm_allocate_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_allocate_method */
    int32_t
        exact_int; /**< 1 = whole amounts: floors of the exact solution, left-over units by remainder; bounds whole too */
    int32_t round_minor; /**< 1 = real solution, then signed rounding that still adds up */
} pdm_allocate_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_allocate_options pdm_allocate_options_default(void) {
    pdm_allocate_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `nested`. */
typedef struct pdm_nested_options {
    uint32_t struct_size; /**< sizeof(pdm_nested_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_apportion_method of levels that name none */
    int32_t zero_policy;  /**< ::pdm_zero_policy of siblings whose shares are all 0 */
} pdm_nested_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_nested_options pdm_nested_options_default(void) {
    pdm_nested_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** How a table is made to meet its margins. */
typedef enum pdm_two_way_method {
    PDM_TWO_WAY_IPF = 0, /**< iterative proportional fitting (RAS, raking), reals. Deming & Stephan 1940 [default] */
    PDM_TWO_WAY_BIPROPORTIONAL = 1 /**< Webster in both directions, integers. Balinski & Demange 1989 */
} pdm_two_way_method;

/** Options of `two_way`. */
typedef struct pdm_two_way_options {
    uint32_t struct_size; /**< sizeof(pdm_two_way_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_two_way_method */
    int32_t max_iter;     /**< IPF rounds, 0 = 10 000 */
    double tol;           /**< IPF: largest residual over max(1, total), 0 = 1e-12 */
} pdm_two_way_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_two_way_options pdm_two_way_options_default(void) {
    pdm_two_way_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Shares from history. Gross & Sohl 1990, methods A and F. */
typedef enum pdm_shares_method {
    PDM_SHARES_GROSS_SOHL_F = 0,          /**< share of the sums [default] */
    PDM_SHARES_GROSS_SOHL_A = 1,          /**< mean of the period shares */
    PDM_SHARES_LAST = 2,                  /**< the last period */
    PDM_SHARES_SAME_PERIOD_LAST_YEAR = 3, /**< the period one year before the next one, see `season_length` */
    PDM_SHARES_USER = 4                   /**< the values are shares already; they are only normalised */
} pdm_shares_method;

/** Options of `shares`. */
typedef struct pdm_shares_options {
    uint32_t struct_size;  /**< sizeof(pdm_shares_options) */
    int32_t strict;        /**< row statuses fail the call */
    int32_t method;        /**< ::pdm_shares_method */
    int32_t zero_policy;   /**< ::pdm_zero_policy */
    int32_t season_length; /**< periods of a year for same_period_last_year, 0 = 12 */
} pdm_shares_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_shares_options pdm_shares_options_default(void) {
    pdm_shares_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `forecast_proportions` and `blend`. */
typedef struct pdm_proportions_options {
    uint32_t struct_size; /**< sizeof(pdm_proportions_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t zero_policy;  /**< ::pdm_zero_policy of siblings that sum to 0 */
} pdm_proportions_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_proportions_options pdm_proportions_options_default(void) {
    pdm_proportions_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/**
 * The heart of `apportion`, for arrays: splits @p total over @p count weights into @p amounts, which sum to it exactly. A negative
 * total is split as its absolute value. @p tie_at_cut (may be NULL) tells whether a tie, broken by the lowest index, decided.
 * O(n log n). On failure @p amounts is untouched.
 * Errors: PDM_E_EMPTY, PDM_E_BAD_WEIGHT (naming the index), PDM_E_ZERO_WEIGHTS, PDM_E_BAD_OPTION, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_apportion_split(pdm_context *context, const pdm_apportion_options *options, int64_t total,
                                       const double *weights, int64_t count, int64_t *amounts, int32_t *tie_at_cut,
                                       pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
