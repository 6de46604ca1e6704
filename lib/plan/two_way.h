/* Tables that meet their row and column totals: raking in reals, Webster's rule in integers. Matrices are dense, row-major. */
#ifndef PDM_PLAN_TWO_WAY_H
#define PDM_PLAN_TWO_WAY_H

#include "core/calculator.h"
#include "plan/exact.h"

typedef struct pdm__two_way {
    int32_t rows;
    int32_t columns;
    const double *seed;         /* rows · columns */
    const double *row_total;    /* rows */
    const double *column_total; /* columns */
    double *value;              /* out */
    double *row_factor;         /* out */
    double *column_factor;      /* out */
    int64_t iterations;         /* out */
    double residual;            /* out: largest |row sum − total| */
    int32_t status;             /* out: ::pdm_row_status */
} pdm__two_way;

/* Scales rows and columns in turn until the residual is at most tol · max(1, total). Deming & Stephan 1940. O(cells) a round. */
pdm_status pdm__ipf(pdm__calc *calc, pdm__two_way *t, double tol, int64_t max_iter, pdm_error *err);

/*
 * x_ij = round(seed_ij · r_i · c_j) with both integer margins met; of several solutions the lexicographically largest in row-major order.
 * Starts at the rounded fit of pdm__ipf() and moves single units along shortest paths (successive shortest paths on the convex costs
 * ln((2x + 1)/(2·seed)); Gaffke & Pukelsheim 2008); ties are decided exactly. status INFEASIBLE if the zeros of the seed forbid it.
 */
pdm_status pdm__biproportional(pdm__calc *calc, pdm__two_way *t, const int64_t *row_total, const int64_t *column_total,
                               int64_t *amounts, pdm_error *err);

#endif
