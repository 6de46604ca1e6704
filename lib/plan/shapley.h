/* Dividing the change of a formula among players: groups of leaves that move together from x0 to x1. */
#ifndef PDM_PLAN_SHAPLEY_H
#define PDM_PLAN_SHAPLEY_H

#include "plan/formula.h"

#define PDM__MAX_BLOCK_PLAYERS 20
#define PDM__MAX_RANGE_PLAYERS 10

typedef struct pdm__change {
    const pdm_tree *tree;
    const double *x0;         /* per leaf */
    const double *x1;         /* per leaf */
    const int32_t *player;    /* per leaf */
    const char *const *names; /* per player, for messages */
    int32_t players;
} pdm__change;

/*
 * Shapley values, effects[player]. Along the diagonal by Gauss–Legendre quadrature, exact for what is affine in every player; a node that is
 * not (its operands share players, or it divides by one, or takes min or max) is replaced by its multilinear extension over its own players:
 * Owen 1972. The extension of a sum is the sum of extensions, and of a product of functions of different players their product.
 * O(nodes · degree/2 + 2^k · size of such nodes). PDM_E_TOO_MANY_FACTORS: k > 20. A combination that divides by zero: that status as error.
 */
pdm_status pdm__shapley(pdm__arena *memory, const pdm__change *change, double *effects, pdm_error *err);

/* One by one in the order given: order[i] is the i-th player to move. */
pdm_status pdm__chain(pdm__arena *memory, const pdm__change *change, const int32_t *order, double *effects,
                      pdm_error *err);

/* Least and largest effect of each player over all orders. PDM_E_TOO_MANY_FACTORS: more than 10 players that change. */
pdm_status pdm__order_range(pdm__arena *memory, const pdm__change *change, double *low, double *high, pdm_error *err);

/* Root at x0 and x1; fails naming the node if one is undefined. */
pdm_status pdm__change_ends(pdm__arena *memory, const pdm__change *change, double *v0, double *v1, pdm_error *err);

/* "f0*f1*…" over `count` leaves, which are named; text has room for 12 bytes a factor. */
pdm_status pdm__product_text(pdm__arena *memory, int32_t count, pdm_leaf *leaves, char *text, pdm_error *err);

/* Nodes and weights of Gauss–Legendre quadrature on [0, 1]. */
void pdm__gauss_legendre(int32_t count, double *nodes, double *weights);

#endif
