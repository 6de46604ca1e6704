/* A formula as a graph of nodes in evaluation order, at a point and over tables. */
#ifndef PDM_PLAN_FORMULA_H
#define PDM_PLAN_FORMULA_H

#include "core/calculator.h"

#include <pdmetrics/plan/tree.h>

typedef enum pdm__op {
    PDM__OP_CONST,
    PDM__OP_LEAF,
    PDM__OP_ADD, /* any number of operands; one = another name for it */
    PDM__OP_SUB,
    PDM__OP_MUL, /* any number of operands */
    PDM__OP_DIV,
    PDM__OP_NEG,
    PDM__OP_POW, /* operand ^ value */
    PDM__OP_MIN,
    PDM__OP_MAX,
    PDM__OP_SUM, /* over dimension `sum` */
    PDM__OP_REF  /* while parsing: a name still to be looked up */
} pdm__op;

typedef struct pdm__node {
    int32_t op;
    int32_t first; /* of its operands in `operands` */
    int32_t count;
    int32_t leaf;       /* LEAF: which; SUB …: −1 */
    int32_t dimensions; /* bits it carries */
    int32_t sum;        /* SUM: the bit that is summed away */
    int32_t from;       /* bytes of the text it was read from */
    int32_t to;
    double value;     /* CONST, POW */
    const char *name; /* of the statement or leaf, NULL if it has none */
} pdm__node;

struct pdm_tree {
    pdm_context *context;
    pdm__arena memory;
    const char *text;
    pdm_leaf *leaves; /* names copied */
    int32_t leaf_count;
    pdm__node *nodes; /* operands before what uses them; those below the root first */
    int32_t count;
    int32_t live;      /* nodes the root needs: [0, live), the root is live − 1 */
    int32_t *operands; /* node numbers */
    int32_t most_operands;
    uint8_t *used; /* per leaf: the root needs it */
};

static inline const pdm__node *pdm__operand(const pdm_tree *tree, const pdm__node *node, int32_t k) {
    return &tree->nodes[tree->operands[node->first + k]];
}
static inline int32_t pdm__operand_index(const pdm_tree *tree, const pdm__node *node, int32_t k) {
    return tree->operands[node->first + k];
}

/* Name of a node for messages: its own, or the text it was read from (cut to `capacity`). */
const char *pdm__node_label(const pdm_tree *tree, const pdm__node *node, char *buffer, size_t capacity);

/* PDM_OK, or why the role of the leaf forbids `value`: BAD_RATE, BAD_COUNT, BAD_AMOUNT. */
pdm_status pdm__leaf_check(int32_t role, double value);
/* What the role allows. */
void pdm__leaf_bounds(int32_t role, double *low, double *high);

/* ---- at a point ---- */

/* Room for one evaluation; may be used again and again. */
typedef struct pdm__point {
    const pdm_tree *tree;
    double *value;   /* per node */
    double *adjoint; /* per node */
    double *scratch; /* most_operands */
    int32_t status;  /* row status of the last evaluation */
    int32_t culprit; /* node where it went wrong, −1 = none */
    bool kink;       /* a tie of min or max */
} pdm__point;

/* `memory` of an arena, valid as long as it. */
pdm_status pdm__point_init(pdm__point *point, const pdm_tree *tree, pdm__arena *memory, pdm_error *err);
/* Root at `leaves` (one number a leaf, NaN = missing); NaN with status and culprit if it is undefined. Roles are not checked. */
double pdm__point_value(pdm__point *point, const double *leaves);
/* The same for the listed nodes only, in evaluation order; returns the last one's value. */
double pdm__point_values(pdm__point *point, const double *leaves, const int32_t *nodes, int32_t count);
/* Passes the adjoint of node i on to its operands. */
void pdm__point_spread(pdm__point *point, int32_t i);
/* After it: ∂root/∂leaf, 0 where the root does not depend on it. */
void pdm__point_gradient(pdm__point *point, double *gradient);
/* Evaluates every node, those the root does not need too; statuses[node] says why one is undefined. */
void pdm__point_all(pdm__point *point, const double *leaves, int32_t *statuses);
/* Nodes below which a tie of min or max decides: kinks[leaf]. */
void pdm__point_kinks(const pdm__point *point, uint8_t *kinks);
/* Fails with the status of the last evaluation, naming the node. */
pdm_status pdm__point_fail(const pdm__point *point, pdm_error *err);

/* ---- over tables ---- */

/* Values and statuses of all nodes over the dimensions they carry, month-major. */
typedef struct pdm__table_run {
    const pdm_tree *tree;
    int64_t sizes[3];
    double **value;   /* per node */
    uint8_t **status; /* per node; NULL = all defined */
    double **adjoint; /* per node, after pdm__table_gradient() */
    uint8_t *kink;    /* per node: a tie decided somewhere */
    double *scratch;  /* 2 · most_operands */
    pdm__arena *memory;
} pdm__table_run;

/* Cells over the dimensions in `dimensions`. */
int64_t pdm__table_cells(const pdm__table_run *run, int32_t dimensions);
/* Position of (month, channel, segment) in a table that carries `dimensions`. */
int64_t pdm__table_at(const pdm__table_run *run, int32_t dimensions, const int64_t at[3]);
/* Evaluates all nodes; values[leaf] are borrowed tables, NaN = missing. */
pdm_status pdm__table_evaluate(pdm__table_run *run, const pdm_tree *tree, const pdm_tree_sizes *sizes,
                               const double *const *values, pdm__arena *memory, pdm_error *err);
/* Adjoints of Σ of the defined root cells. */
pdm_status pdm__table_gradient(pdm__table_run *run, pdm_error *err);

extern const char *const pdm__leaf_role_names[];
extern const char *const pdm__op_names[];

#endif
