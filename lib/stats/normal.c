/* The normal distribution. Everything rests on Mills' ratio R(x) = Q(x)/φ(x), which neither under- nor overflows. */
#include "stats/normal.h"

#include "stats/normal_tables.h"
#include "stats/special.h"

#include <pdmetrics/stats/distribution.h>

#define SUBNORMAL_FROM 37.0           /* beyond it φ(x) is nearly subnormal and must be rounded only once */
#define MIDDLE_Q 0.425                /* |p − ½| up to which the middle piece of the quantile holds */
#define MIDDLE_R 0.180625             /* its square */
#define LN_TAIL (-2.5902671654458267) /* ln(½ − MIDDLE_Q) */
#define LAST_R 27.5                   /* end of the last piece, in √(−ln p) */

double pdm__mills_ratio(double x) {
    double t = 4 / (4 + x);
    int piece = (int)(t * PDM__MILLS_PIECES);
    if (piece == PDM__MILLS_PIECES) piece--;
    const double *c = mills_table[piece];
    double v = 2 * PDM__MILLS_PIECES * t - (2 * piece + 1);
    double sum = c[PDM__MILLS_TERMS - 1];
    for (int i = PDM__MILLS_TERMS - 2; i >= 0; i--) sum = sum * v + c[i];
    return t * sum;
}

double pdm__exp_half_square(double x) {
    if (fabs(x) > 1e100) return 0;
    pdm__dd square = pdm__dd_mul(x, x);
    double e = exp(-0.5 * square.hi);
    return e - e * (0.5 * square.lo);
}

/* Q(x) for x ≥ 0. */
static double upper_tail(double x) {
    double ratio = pdm__mills_ratio(x) / PDM__SQRT_2PI;
    if (x < SUBNORMAL_FROM) return pdm__exp_half_square(x) * ratio;
    if (x > 40) return 0;
    pdm__dd square = pdm__dd_mul(x, x);
    double root = exp(-0.25 * square.hi);
    return (root * ratio) * (root - root * (0.5 * square.lo));
}

double pdm_normal_pdf(double x) { return isnan(x) ? x : pdm__exp_half_square(x) / PDM__SQRT_2PI; }

double pdm_normal_sf(double x) {
    if (isnan(x)) return x;
    return x >= 0 ? upper_tail(x) : 1 - upper_tail(-x);
}

double pdm_normal_cdf(double x) { return pdm_normal_sf(-x); }

double pdm_normal_log_sf(double x) {
    if (isnan(x)) return x;
    if (x < 0) return log1p(-upper_tail(-x));
    if (x > 1e154) return -PDM__INFINITY;
    return -0.5 * x * x + log(pdm__mills_ratio(x) / PDM__SQRT_2PI);
}

void pdm__normal_tails(double x, double *sf, double *log_sf) {
    if (!(x >= 0 && x < SUBNORMAL_FROM)) {
        *sf = pdm_normal_sf(x);
        *log_sf = pdm_normal_log_sf(x);
        return;
    }
    double ratio = pdm__mills_ratio(x) / PDM__SQRT_2PI;
    *sf = pdm__exp_half_square(x) * ratio;
    *log_sf = -0.5 * x * x + log(ratio);
}

double pdm_normal_log_cdf(double x) { return pdm_normal_log_sf(-x); }

double pdm_erfcx(double x) {
    if (isnan(x)) return x;
    double scaled = 2 / PDM__SQRT_2PI * pdm__mills_ratio(fabs(x) / PDM__SQRT_HALF);
    if (x >= 0) return scaled;
    if (x < -27) return PDM__INFINITY;
    pdm__dd square = pdm__dd_mul(x, x);
    double e = exp(square.hi);
    return 2 * (e + e * square.lo) - scaled;
}

/* --------------------------------------------------------------------------------------------------------- quantiles */

static double piece_value(const quantile_piece *piece, double r) {
    double z = r - piece->from;
    double top = piece->top[PDM__QUANTILE_TERMS - 1];
    double bottom = piece->bottom[PDM__QUANTILE_TERMS - 1];
    for (int i = PDM__QUANTILE_TERMS - 2; i >= 0; i--) {
        top = top * z + piece->top[i];
        bottom = bottom * z + piece->bottom[i];
    }
    return top / bottom;
}

/* Quantile of ½ + q, |q| ≤ MIDDLE_Q. */
static double middle_quantile(double q) { return q * piece_value(&quantile_table[0], MIDDLE_R - q * q); }

/* x with ln Q(x) = log_p ≤ LN_TAIL. */
static double upper_quantile(double log_p) {
    double r = sqrt(-log_p);
    if (r < quantile_table[2].from) return piece_value(&quantile_table[1], r);
    if (r < quantile_table[3].from) return piece_value(&quantile_table[2], r);
    if (r < LAST_R) return piece_value(&quantile_table[3], r);
    if (r > 1e154) return PDM__INFINITY;
    double square = -2 * log_p;
    double x = sqrt(square - log(square * PDM__SQRT_2PI * PDM__SQRT_2PI));
    for (int i = 0; i < 3; i++) x += (pdm_normal_log_sf(x) - log_p) * pdm__mills_ratio(x);
    return x;
}

double pdm_normal_quantile(double p) {
    if (!(p >= 0 && p <= 1)) return PDM__NAN;
    double q = p - 0.5;
    if (fabs(q) <= MIDDLE_Q) return middle_quantile(q);
    return q < 0 ? -upper_quantile(log(p)) : upper_quantile(log1p(-p));
}

double pdm_normal_isf(double p) { return -pdm_normal_quantile(p); }

double pdm_normal_quantile_log(double log_p) {
    if (!(log_p <= 0)) return PDM__NAN;
    if (log_p <= LN_TAIL) return -upper_quantile(log_p);
    double q = 0.5 * expm1((log_p + PDM__LN2) + PDM__LN2_LOW);
    if (q <= MIDDLE_Q) return middle_quantile(q);
    return upper_quantile(log(-expm1(log_p)));
}

double pdm_normal_isf_log(double log_p) { return -pdm_normal_quantile_log(log_p); }
