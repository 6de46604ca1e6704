/* A tree of named nodes from rows (node, parent): parents before children, children in the order of their rows. */
#ifndef PDM_PLAN_HIERARCHY_H
#define PDM_PLAN_HIERARCHY_H

#include "core/calculator.h"

typedef struct pdm__hierarchy {
    int64_t count;
    int32_t *parent; /* row of the parent, −1 = a root */
    int32_t *first;  /* first child, −1 = a leaf */
    int32_t *next;   /* next sibling, −1 = last */
    int32_t *order;  /* rows, parents first */
    int32_t *leaves; /* leaves below (1 for a leaf) */
} pdm__hierarchy;

/* Reads the key columns `node` and `parent` of an input. PDM_E_BAD_TREE: a node twice, an unknown parent, a cycle. */
pdm_status pdm__hierarchy_read(pdm__calc *calc, int32_t input, int32_t node, int32_t parent, pdm__hierarchy *out,
                               pdm_error *err);

#endif
