/*
 * Tails of the gamma and the beta distribution: one of the two is computed directly, as factor · e^exponent, and it is never one
 * so near to 1 that the other would lose digits as its complement.
 */
#ifndef PDM_STATS_TAILS_H
#define PDM_STATS_TAILS_H

#include "stats/special.h"

typedef struct pdm__tail {
    double exponent; /* ≤ about 0 */
    double factor;   /* ≥ 0 */
    bool lower;      /* which tail this is */
} pdm__tail;

/* P(X ≤ x) or P(X > x) of Gamma(shape), a > 0, x ≥ 0. */
pdm__tail pdm__gamma_tail(double a, double x);

/* P(X ≤ x) or P(X > x) of Beta(a, b), a, b > 0, x + y = 1, x, y ≥ 0. */
pdm__tail pdm__beta_tail(double a, double b, pdm__dd x, pdm__dd y);

/* x^a e^−x / Γ(a) and x^a y^b / B(a, b): densities in ln x and in the logit, as factor · e^exponent. */
void pdm__gamma_prefix(double a, double x, double *exponent, double *factor);
void pdm__beta_prefix(double a, double b, pdm__dd x, pdm__dd y, double *exponent, double *factor);

/*
 * Where the lower or the upper tail has the logarithm log_p < 0: x of Gamma(a), and the odds x/(1 − x) of Beta(a, b). 0 or ∞ where
 * they leave the range.
 */
double pdm__gamma_point(double a, double log_p, bool lower);
double pdm__beta_point(double a, double b, double log_p, bool lower);

/* u / (u + v) and v / (u + v). What rounding would take here is seen in the tails of large shapes. */
void pdm__shares(pdm__dd u, double v, pdm__dd *x, pdm__dd *y);

/* The lower or the upper tail, and its natural logarithm. */
double pdm__tail_value(pdm__tail tail, bool lower);
double pdm__tail_log(pdm__tail tail, bool lower);

#endif
