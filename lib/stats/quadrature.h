/* Gauss–Legendre quadrature with 20 points: exact for polynomials of degree 39 on a panel. */
#ifndef PDM_STATS_QUADRATURE_H
#define PDM_STATS_QUADRATURE_H

#define PDM__GAUSS_HALF 10

extern const double pdm__gauss_node[PDM__GAUSS_HALF];
extern const double pdm__gauss_weight[PDM__GAUSS_HALF];

typedef double (*pdm__integrand)(double x, const void *user);

/* ∫ f over [low, high] as one panel. */
static inline double pdm__gauss_panel(pdm__integrand f, const void *user, double low, double high) {
    double middle = 0.5 * (low + high);
    double half = 0.5 * (high - low);
    double sum = 0;
    for (int i = 0; i < PDM__GAUSS_HALF; i++) {
        double offset = half * pdm__gauss_node[i];
        sum += pdm__gauss_weight[i] * (f(middle - offset, user) + f(middle + offset, user));
    }
    return half * sum;
}

#endif
