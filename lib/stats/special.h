/*
 * Kernels under the distributions: sums and products that keep what rounding takes, logarithms that do not cancel, the gamma
 * function. No global state, no errno: libm's lgamma writes signgam, so it is not used.
 */
#ifndef PDM_STATS_SPECIAL_H
#define PDM_STATS_SPECIAL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define PDM__NAN ((double)NAN)
#define PDM__INFINITY ((double)INFINITY)
#define PDM__PI 3.14159265358979323846
#define PDM__LN2 0.693147180559945309417
#define PDM__LN2_LOW 2.319046813846299558418e-17 /* ln 2 − the double nearest to it */
#define PDM__SQRT_2PI 2.506628274631000502416
#define PDM__LN_SQRT_2PI 0.918938533204672741780
#define PDM__SQRT_HALF 0.707106781186547524401

/* hi + lo, |lo| at most half a unit in the last place of hi: about 32 digits (Dekker 1971). */
typedef struct pdm__dd {
    double hi;
    double lo;
} pdm__dd;

/* a + b, exactly (Knuth). */
static inline pdm__dd pdm__dd_add(double a, double b) {
    double s = a + b;
    double v = s - a;
    return (pdm__dd){s, (a - (s - v)) + (b - v)};
}

/* a · b, exactly unless it over- or underflows (|a|, |b| < 1e290). */
static inline pdm__dd pdm__dd_mul(double a, double b) {
    double p = a * b;
#ifdef FP_FAST_FMA
    return (pdm__dd){p, fma(a, b, -p)};
#else
    const double splitter = 134217729; /* 2^27 + 1 */
    double at = splitter * a;
    double bt = splitter * b;
    double ah = at - (at - a);
    double bh = bt - (bt - b);
    double al = a - ah;
    double bl = b - bh;
    return (pdm__dd){p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
#endif
}

/* a + b to about 2^-104. */
static inline pdm__dd pdm__dd_sum(pdm__dd a, pdm__dd b) {
    pdm__dd s = pdm__dd_add(a.hi, b.hi);
    pdm__dd t = pdm__dd_add(a.lo, b.lo);
    pdm__dd u = pdm__dd_add(s.hi, s.lo + t.hi);
    return pdm__dd_add(u.hi, u.lo + t.lo);
}

/* a · b for a double b. */
static inline pdm__dd pdm__dd_scale(pdm__dd a, double b) {
    pdm__dd p = pdm__dd_mul(a.hi, b);
    return pdm__dd_add(p.hi, p.lo + a.lo * b);
}

/* a / b, b ≠ 0, to about 2^-100. */
static inline pdm__dd pdm__dd_div(pdm__dd a, pdm__dd b) {
    double q = a.hi / b.hi;
    pdm__dd rest = pdm__dd_sum(a, pdm__dd_scale(b, -q));
    return pdm__dd_add(q, rest.hi / b.hi);
}

/*
 * ln(1 + u) − u, never positive, for u > −1. `one_plus` is 1 + u as known better than u lets it be known; it is used where u
 * is near −1. Relative error a few units in the last place.
 */
double pdm__log1p_minus(double u, double one_plus);

/* e^z − 1 − z, never negative. */
double pdm__expm1_minus(double z);

/* ln Γ(z), z > 0. Relative error a few units in the last place, also near the zeros 1 and 2. */
double pdm__log_gamma(double z);

/* ln Γ(1 + a), |a| ≤ 1/2, relative to a. */
double pdm__log_gamma_1p(double a);

/* ln Γ(b + a) − ln Γ(b), b > 0, 0 ≤ a ≤ 1, relative to a. */
double pdm__log_gamma_rise(double b, double a);

/* ln Γ(z) − [(z − ½) ln z − z + ½ ln 2π], z > 0: what Stirling's formula leaves. */
double pdm__stirling_rest(double z);

/*
 * The deviance −a[ln(1 + δ/a) − δ/a] − b[ln(1 − δ/b) + δ/b] ≥ 0 of a hits and b misses where shares x and y = 1 − x were
 * expected, δ = (a + b)x − a. In this form nothing cancels, whatever a and b (after Loader 2000). a, b > 0, x and y > 0.
 */
double pdm__deviance(double a, double b, pdm__dd x, pdm__dd y);

#endif
