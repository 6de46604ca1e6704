/* One lever to a target: what goal-seek does, for the calculators that need it. */
#ifndef PDM_PLAN_SEEK_H
#define PDM_PLAN_SEEK_H

#include "plan/formula.h"

typedef struct pdm__seek {
    const pdm_tree *tree;
    pdm__point point;
    double *leaves;   /* a copy of the start, with the lever moved */
    double *gradient; /* per leaf */
    int32_t lever;
    double start;
    double target;
    double low;
    double high;
    int32_t scan_points;
    double tol;
} pdm__seek;

typedef struct pdm__seek_answer {
    int32_t status;
    double value;    /* NaN unless status is OK */
    double achieved; /* root there */
    double best_x;   /* inside the bounds, nearest to the target */
    double best_value;
    double unbounded; /* a solution without bounds, NaN = none was found */
    bool multiple;
    double *roots; /* all that were found, ascending */
    int32_t root_count;
} pdm__seek_answer;

/* `start` values of all leaves; the seek's numbers from lever on are the caller's to set. */
pdm_status pdm__seek_init(pdm__seek *seek, const pdm_tree *tree, const double *start, pdm__arena *memory,
                          pdm_error *err);

/* Solves. A lever of degree one by one division and a correction, any other by scanning, bracketing and Brent. */
pdm_status pdm__seek_solve(pdm__seek *seek, pdm__arena *memory, pdm__seek_answer *answer, pdm_error *err);

#endif
