/* Roots and minima of functions of one variable. */
#ifndef PDM_PLAN_SCALAR_H
#define PDM_PLAN_SCALAR_H

typedef double (*pdm__scalar)(void *work, double x);

/* A root between a and b, where f has opposite signs fa and fb. Brent 1973, chapter 4. `tol` is relative to the root. */
double pdm__brent_root(pdm__scalar f, void *work, double a, double fa, double b, double fb, double tol);

/* The least of f in [a, b] by golden section, to about 1e-9 of the interval. */
double pdm__least(pdm__scalar f, void *work, double a, double b);

#endif
