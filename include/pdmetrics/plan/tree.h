/**
 * @file tree.h
 * @defgroup plan_tree Formula trees
 * @ingroup plan
 * @brief The formula tree (公式树): one KPI as a formula of named leaves, evaluated, differentiated, explained and checked.
 *
 *     gmv = old*cvr*aov*freq + new*fcvr*faov
 *
 * Statements are split by `;` or newline; each is `name = expression` or an expression; the root is the last one (option `root`).
 * Operators + - * /, unary -, ^ (right-associative, constant exponent), parentheses, min(a,b,…), max(a,b,…), sum(dim: expression);
 * decimal constants. Names: Unicode letters, digits, `_`, not starting with a digit. A name defined by a statement is a node, any
 * other must be a declared leaf. Dimensions are month, channel and segment; a leaf carries any of them and is spread over the others.
 *
 * Calculators (inputs → tables):
 * - `formula`: formula(text), leaves(leaf, month, channel, segment, role, value) → nodes, leaves, explain.
 * - `views`: formulas(view, text), leaves → views(view, value, difference, agrees).
 *
 * Known limit of the annual two-branch formula above: new users get no frequency and never move into the old pool; `roll_forward`
 * does both month by month.
 * @{
 */
#ifndef PDMETRICS_PLAN_TREE_H
#define PDMETRICS_PLAN_TREE_H

#include <pdmetrics/calculator.h>

/** What a leaf is; enforced on every value, and the default bounds of goal-seek. */
typedef enum pdm_leaf_role {
    PDM_LEAF_FREE = 0,  /**< any number [default] */
    PDM_LEAF_COUNT = 1, /**< ≥ 0 */
    PDM_LEAF_RATE = 2,  /**< in [0, 1] */
    PDM_LEAF_RATIO = 3, /**< ≥ 0, may exceed 1 */
    PDM_LEAF_MONEY = 4  /**< ≥ 0 */
} pdm_leaf_role;

/** Dimensions, as bits. */
typedef enum pdm_tree_dimension {
    PDM_TREE_MONTH = 1,   /**< month */
    PDM_TREE_CHANNEL = 2, /**< channel */
    PDM_TREE_SEGMENT = 4  /**< segment */
} pdm_tree_dimension;

/** A parsed formula; opaque, immutable: any number of threads may evaluate it. */
typedef struct pdm_tree pdm_tree;

/** A leaf that formulas may use. */
typedef struct pdm_leaf {
    const char *name;   /**< NUL-terminated UTF-8 */
    int32_t role;       /**< ::pdm_leaf_role */
    int32_t dimensions; /**< ::pdm_tree_dimension bits, 0 = a single number */
} pdm_leaf;

/** How many months, channels and segments there are; at least 1 each. */
typedef struct pdm_tree_sizes {
    int64_t month;   /**< slowest */
    int64_t channel; /**< in between */
    int64_t segment; /**< fastest */
} pdm_tree_sizes;

/** Options of `formula` and `views`. */
typedef struct pdm_formula_options {
    uint32_t struct_size; /**< sizeof(pdm_formula_options) */
    int32_t strict;       /**< row statuses fail the call */
    double tolerance;     /**< views: relative difference up to which roots agree, 0 = 1e-9 */
    char root[64];        /**< name of the root statement, "" = the last */
} pdm_formula_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_formula_options pdm_formula_options_default(void) {
    pdm_formula_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/**
 * Parses @p length bytes of @p text over the declared leaves (copied). @p root: name of the root statement, NULL = the last. O(text).
 * Errors: PDM_E_EMPTY, PDM_E_PARSE (`row` = byte position, the message says what was expected), PDM_E_CYCLE (the names),
 * PDM_E_DUPLICATE_NAME, PDM_E_UNKNOWN_NAME (each naming the name in `column`), PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_tree_parse(pdm_context *context, const char *text, size_t length, const pdm_leaf *leaves,
                                  int32_t leaf_count, const char *root, pdm_tree **out, pdm_error *err);

/** Releases @p tree. NULL is allowed. */
PDM_EXPORT void pdm_tree_free(pdm_tree *tree);

/** Dimensions the root still carries: bits of ::pdm_tree_dimension. */
PDM_EXPORT int32_t pdm_tree_dimensions(const pdm_tree *tree);

/**
 * The root at one point: @p values holds one number per declared leaf. @p gradient (may be NULL) gets ∂root/∂leaf for every leaf, in
 * one reverse pass; at a tie of min or max the first argument takes the slope. O(nodes).
 * Errors: PDM_E_BAD_RATE, PDM_E_BAD_COUNT, PDM_E_BAD_AMOUNT (a value its role forbids, naming the leaf), PDM_E_BAD_VALUE (not finite),
 * PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO) (naming the node), PDM_E_ROW_STATUS(PDM_STATUS_OVERFLOW), PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_tree_evaluate(const pdm_tree *tree, const double *values, double *value, double *gradient,
                                     pdm_error *err);

/**
 * The root over tables. @p values[i] points to the table of leaf i: month-major over the dimensions it carries; NaN = missing. @p root
 * gets the root's table (over the dimensions it carries), NaN where it is undefined; @p gradients (may be NULL, entries too) gets
 * ∂(sum of the defined root cells)/∂cell, shaped like the leaves. O(nodes · cells), no allocation per cell.
 * Errors: as pdm_tree_evaluate() for roles and infinities, PDM_E_LENGTH (sizes), PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_tree_evaluate_table(const pdm_tree *tree, const pdm_tree_sizes *sizes,
                                           const double *const *values, double *root, double *const *gradients,
                                           pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
