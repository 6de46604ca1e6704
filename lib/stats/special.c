#include "stats/special.h"

#include "core/base.h"

/* Below these |r| the series of atanh needs so many terms. */
#define ATANH_NEAR 0.03
#define ATANH_NEAR_TERMS 6
#define ATANH_TERMS 17

/*
 * With r = u/(2 + u): ln(1 + u) = 2 atanh r and 2r − u = −ur, so ln(1 + u) − u = −ur + 2r³(1/3 + r²/5 + r⁴/7 + …).
 */
double pdm__log1p_minus(double u, double one_plus) {
    if (u < -0.5) return log(one_plus) - u;
    if (u > 1) return log1p(u) - u;
    static const double inverse_odd[ATANH_TERMS] = {1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11, 1.0 / 13,
                                                    1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23, 1.0 / 25,
                                                    1.0 / 27, 1.0 / 29, 1.0 / 31, 1.0 / 33, 1.0 / 35};
    double r = u / (2 + u);
    double r2 = r * r;
    int terms = fabs(r) < ATANH_NEAR ? ATANH_NEAR_TERMS : ATANH_TERMS;
    double sum = 0;
    for (int i = terms - 1; i >= 0; i--) sum = sum * r2 + inverse_odd[i];
    return r * (2 * r2 * sum - u);
}

double pdm__expm1_minus(double z) {
    if (fabs(z) > 0.7) return expm1(z) - z;
    double sum = 1; /* z²/2 · (1 + z/3 (1 + z/4 (1 + …))) */
    for (int i = 17; i >= 3; i--) sum = 1 + z * sum / i;
    return 0.5 * z * z * sum;
}

/* ----------------------------------------------------------------------------------------------------- gamma function */

/* ln Γ(2 + a) = (1 − γ)a + Σ (−1)^k (ζ(k) − 1) a^k / k, |a| ≤ ½ (DLMF 5.7.3). */
static double log_gamma_2p(double a) {
    static const double terms[] = {
        0.3224670334241132,     -0.0673523010531981,     0.020580808427784546,   -0.007385551028673986,
        0.0028905103307415234,  -0.001192753911703261,   0.0005096695247430425,  -0.00022315475845357939,
        9.945751278180853e-05,  -4.492623673813314e-05,  2.050721277567069e-05,  -9.439488275268397e-06,
        4.374866789907488e-06,  -2.039215753801366e-06,  9.55141213040742e-07,   -4.492469198764566e-07,
        2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08, -2.2711094608943164e-08,
        1.0838659214896955e-08, -5.183475041970047e-09,  2.4836745438024785e-09, -1.1921401405860912e-09,
        5.731367241678862e-10,  -2.7595228851242334e-10, 1.330476437424449e-10,  -6.4229645638381e-11};
    double sum = 0;
    for (int i = PDM__COUNT(terms) - 1; i >= 0; i--) sum = sum * a + terms[i];
    return a * (0.42278433509846713 + a * sum);
}

double pdm__log_gamma_1p(double a) { return log_gamma_2p(a) - log1p(a); }

/* The asymptotic series of what Stirling's formula leaves (DLMF 5.11.1), z ≥ 10. */
static double stirling_series(double z) {
    static const double terms[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                   1.0 / 1188, -691.0 / 360360, 1.0 / 156};
    double w = 1 / z;
    double w2 = w * w;
    double sum = 0;
    for (int i = PDM__COUNT(terms) - 1; i >= 0; i--) sum = sum * w2 + terms[i];
    return sum * w;
}

double pdm__log_gamma(double z) {
    if (z >= 10) {
        if (z > 1e305) return z * (log(z) - 1);
        return (z - 0.5) * (log(z) - 1) + (PDM__LN_SQRT_2PI - 0.5 + stirling_series(z));
    }
    if (z < 0.5) return pdm__log_gamma_1p(z) - log(z);
    if (z <= 1.5) return pdm__log_gamma_1p(z - 1);
    double product = 1;
    while (z > 2.5) {
        z -= 1;
        product *= z;
    }
    double near_2 = log_gamma_2p(z - 2);
    return product > 1 ? near_2 + log(product) : near_2;
}

double pdm__stirling_rest(double z) {
    if (z >= 10) return stirling_series(z);
    return pdm__log_gamma(z) - ((z - 0.5) * log(z) - z + PDM__LN_SQRT_2PI);
}

/* For large b from Stirling's formula, the difference of the leading terms taken first; small b are raised until large. */
double pdm__log_gamma_rise(double b, double a) {
    double raised = 0; /* Π (1 + a/b) − 1 */
    for (; b < 10; b += 1) raised += a / b + raised * (a / b);
    double u = a / b;
    double lead = a * log(b + a) + b * pdm__log1p_minus(u, 1 + u) - 0.5 * log1p(u);
    double w = stirling_series(b + a) - stirling_series(b);
    return lead + w - log1p(raised);
}

/* ---------------------------------------------------------------------------------------------------------- deviance */

double pdm__deviance(double a, double b, pdm__dd x, pdm__dd y) {
    pdm__dd gained = pdm__dd_scale(x, b);
    pdm__dd lost = pdm__dd_scale(y, -a);
    double delta = pdm__dd_sum(gained, lost).hi;
    double n = a + b;
    double hits = -a * pdm__log1p_minus(delta / a, x.hi / a * n);
    double misses = -b * pdm__log1p_minus(-delta / b, y.hi / b * n);
    return hits + misses;
}
