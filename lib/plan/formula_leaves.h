/* The input `leaves` of the calculators that work on a formula: names and roles, as single numbers or as tables. */
#ifndef PDM_PLAN_FORMULA_LEAVES_H
#define PDM_PLAN_FORMULA_LEAVES_H

#include "plan/formula.h"

/* Columns of the input, in this order. */
enum { PDM__LEAF_NAME, PDM__LEAF_ROLE, PDM__LEAF_VALUE, PDM__LEAF_MONTH, PDM__LEAF_CHANNEL, PDM__LEAF_SEGMENT };

/* What `leaves` holds. */
typedef struct pdm__leaf_set {
    int32_t count;
    pdm_leaf *leaves;
    double *point;  /* per leaf: its only value, NaN = missing */
    double **table; /* per leaf: its table, if read with dimensions */
    int64_t *row;   /* per leaf: the first row */
    pdm_tree_sizes sizes;
    int64_t *member_row[3]; /* per member of month, channel, segment: a row that names it */
} pdm__leaf_set;

/*
 * One value a leaf: column 0 is the name, `role` and `value` say which columns hold those (−1 = there is none). Errors: PDM_E_DUPLICATE_NAME,
 * PDM_E_BAD_OPTION (role), what the role forbids.
 */
pdm_status pdm__leaves_read(pdm__calc *calc, int32_t input, int32_t role, int32_t value, pdm__leaf_set *out,
                            pdm_error *err);

/* Tables: columns as enumerated above. PDM_E_LENGTH where the rows of a leaf carry different dimensions. */
pdm_status pdm__leaves_read_tables(pdm__calc *calc, int32_t input, pdm__leaf_set *out, pdm_error *err);

/* Parses the text in the only cell of an input. The tree is freed by the caller. */
pdm_status pdm__formula_read(pdm__calc *calc, int32_t input, const pdm__leaf_set *leaves, const char *root,
                             pdm_tree **out, pdm_error *err);

/* Index of the leaf named in a cell; PDM_E_UNKNOWN_NAME if there is none. */
pdm_status pdm__leaf_find(const pdm__calc *calc, const pdm__leaf_set *leaves, int32_t input, int32_t column,
                          int64_t row, int32_t *out, pdm_error *err);

/* A table of named nodes: name, value before, value after. */
pdm_status pdm__put_nodes_before_after(pdm__calc *calc, int32_t table, pdm__point *point, const double *before,
                                       const double *after, pdm_error *err);

/* The columns of a leaf as a point, for descriptions. */
#define PDM__LEAF_COLUMNS                                                                                              \
    [PDM__LEAF_NAME] = PDM__COLUMN("leaf", PDM_ROLE_TEXT, "", "Name of the leaf."),                                    \
    [PDM__LEAF_ROLE] = PDM__COLUMN_OR_NULL("role", PDM_ROLE_TEXT, "",                                                  \
                                           "free, count, rate, ratio or money: what values it may take; null = free.")
#define PDM__FORMULA_COLUMNS PDM__COLUMN("text", PDM_ROLE_TEXT, "", "The formula.")

#endif
