#include "stats/tails.h"

#include "stats/normal.h"

#include <float.h>

#define SMALL_SHAPE 0.8   /* shapes below it can make the lower tail nearly 1 where the series is used */
#define UNIFORM_FROM 40.0 /* shapes from which the uniform expansion holds … */
#define UNIFORM_REACH 0.9 /* … for roots of the deviance up to this, of the singularity at 2√π */
#define UNIFORM_TERMS 32
#define MAX_STEPS 10000 /* of a series or fraction; a few hundred at most are ever needed */
#define TINY 1e-290     /* stands in for 0 in a continued fraction */

/* ---------------------------------------------------------------------------------------------------------- prefixes */

void pdm__gamma_prefix(double a, double x, double *exponent, double *factor) {
    double ratio = x / a;
    *exponent = a * pdm__log1p_minus((x - a) / a, ratio);
    *factor = sqrt(a) / PDM__SQRT_2PI * exp(-pdm__stirling_rest(a));
}

void pdm__beta_prefix(double a, double b, pdm__dd x, pdm__dd y, double *exponent, double *factor) {
    double n = a + b;
    double rest = pdm__stirling_rest(n) - pdm__stirling_rest(a) - pdm__stirling_rest(b);
    *exponent = -pdm__deviance(a, b, x, y);
    *factor = sqrt(a / n) * sqrt(b) / PDM__SQRT_2PI * exp(rest);
}

/* ------------------------------------------------------------------------------------------------- uniform expansion */

/*
 * A tail of a density that is exp(−A h²/2) · (dσ/dh) in its natural parameter σ. With v v' = (1 + c₁v − c₂v²)h, v = h + …, the
 * derivative is f = h/v = Σ f_k h^k; the tail beyond h₀ > 0 is φ(y₀) Σ f_k A^{−k/2} M_k, y₀ = h₀√A, M_0 = Mills' ratio, M_1 = 1,
 * M_k = y₀^{k−1} + (k − 1)M_{k−2}. All M_k are positive, so nothing cancels. Gamma: c₁ = 1, c₂ = 0. Returns the sum.
 */
static double uniform_sum(double c1, double c2, double h0, double scale) {
    double v[UNIFORM_TERMS + 2] = {0};      /* v = Σ v_k h^k */
    double square[UNIFORM_TERMS + 2] = {0}; /* v² */
    double f[UNIFORM_TERMS + 1];
    double s = 1 / sqrt(scale);
    bool below = h0 < 0; /* the other tail is that of −h */
    double y0 = fabs(h0) / s;
    double even = pdm__mills_ratio(y0);
    double odd = 1;
    double power = 1;               /* y₀^{k−1} */
    double weight = below ? -s : s; /* (±s)^k */
    double sum = even;
    int small = 0; /* negligible terms in a row */
    v[1] = 1;
    square[2] = 1;
    f[0] = 1;
    for (int k = 1; k <= UNIFORM_TERMS; k++) {
        int j = k + 2; /* v² to h^{k+2} gives v to h^{k+1}, and that f to h^k */
        if (j <= UNIFORM_TERMS + 1) square[j] = 2.0 / j * (c1 * v[j - 2] - c2 * square[j - 2]);
        double next = j <= UNIFORM_TERMS + 1 ? square[j] : 2.0 / j * (c1 * v[j - 2] - c2 * square[j - 2]);
        for (int i = 2; i <= k; i++) next -= v[i] * v[j - i];
        v[k + 1] = 0.5 * next;
        f[k] = 0;
        for (int i = 1; i <= k; i++) f[k] -= v[i + 1] * f[k - i];
        double moment = odd;
        if (k > 1) {
            power *= y0;
            moment = power + (k - 1) * (k % 2 == 0 ? even : odd);
            if (k % 2 == 0) {
                even = moment;
            } else {
                odd = moment;
            }
        }
        double term = f[k] * weight * moment;
        sum += term;
        weight *= below ? -s : s;
        /* Every other term is 0 for a symmetric density. */
        small = fabs(term) < 0.01 * DBL_EPSILON * sum ? small + 1 : 0;
        if (small == 3) break;
    }
    return sum;
}

static double signed_root(double deviance, double scale, double sign) {
    double h = sqrt(2 * deviance / scale);
    return sign < 0 ? -h : h;
}

/* ------------------------------------------------------------------------------------------------------------- gamma */

/* 1 + x/(a+1) + x²/((a+1)(a+2)) + … (DLMF 8.11.4). */
static double gamma_series(double a, double x) {
    double term = 1;
    double sum = 1;
    for (int k = 1; k < MAX_STEPS && term > 0.1 * DBL_EPSILON * sum; k++) {
        term *= x / (a + k);
        sum += term;
    }
    return sum;
}

/* x^{-a} e^x Γ(a, x) by Legendre's continued fraction, evaluated from the front (DLMF 8.9.2; Lentz 1976). */
static double gamma_fraction(double a, double x) {
    double b = x + 1 - a;
    double c = 1 / TINY;
    double d = 1 / b;
    double product = d;
    for (int k = 1; k < MAX_STEPS; k++) {
        double numerator = -k * (k - a);
        b += 2;
        d = 1 / (numerator * d + b);
        c = b + numerator / c;
        double step = c * d;
        product *= step;
        if (fabs(step - 1) <= DBL_EPSILON) break; /* rounding may never let it be 1 */
    }
    return product;
}

/* Shapes below 1 and x ≤ 1.5: P = e^L (1 − a S), L = ln x^a/Γ(1 + a), and Q = (1 − e^L) + e^L a S. */
static pdm__tail gamma_small(double a, double x) {
    double lead = a * log(x) - (a <= 0.5 ? pdm__log_gamma_1p(a) : pdm__log_gamma(1 + a));
    double term = 1;
    double sum = 0;
    for (int k = 1; k < 60; k++) {
        term *= -x / k;
        double add = -term / (a + k);
        sum += add;
        if (fabs(add) < 0.1 * DBL_EPSILON * fabs(sum)) break;
    }
    double share = a * sum;
    if (lead < -0.7) return (pdm__tail){lead, 1 - share, true};
    return (pdm__tail){0, -expm1(lead) + exp(lead) * share, false};
}

pdm__tail pdm__gamma_tail(double a, double x) {
    pdm__tail tail = {0, 0, true};
    if (x <= 0) return tail;
    tail.lower = x < a;
    if (isinf(x)) return tail;
    if (a < SMALL_SHAPE && x <= 1.5) return gamma_small(a, x);
    double prefix = 0;
    pdm__gamma_prefix(a, x, &tail.exponent, &prefix);
    if (!(tail.exponent >= -DBL_MAX)) return tail;
    if (a >= UNIFORM_FROM) {
        double h = signed_root(-tail.exponent, a, tail.lower ? -1 : 1);
        if (fabs(h) <= UNIFORM_REACH) {
            tail.factor = exp(-pdm__stirling_rest(a)) / PDM__SQRT_2PI * uniform_sum(1, 0, h, a);
            return tail;
        }
    }
    tail.lower = x < a + 1;
    tail.factor = tail.lower ? prefix / a * gamma_series(a, x) : prefix * gamma_fraction(a, x);
    return tail;
}

/* -------------------------------------------------------------------------------------------------------------- beta */

/*
 * I_x(a, b) · a B(a, b) / (x^a y^b), x at most about the mean: the even part of DLMF 8.17.22,
 * 1/(b_0 + a_1/(b_1 + a_2/(b_2 + …))), the b_m in a form in which x near 1 does no harm.
 */
static double beta_fraction(double a, double b, pdm__dd x, pdm__dd y) {
    double n = a + b;
    pdm__dd lead = pdm__dd_sum(pdm__dd_scale(y, a), pdm__dd_scale(x, -b));
    double f = (1 + pdm__dd_add(lead.hi, lead.lo).hi) / (a + 1);
    double square = x.hi * x.hi;
    double c = f;
    double d = 0;
    double product = f;
    for (int m = 1; m < MAX_STEPS; m++) {
        double s = a + 2.0 * m;
        double t = (s - 1) * (s - 1);
        double numerator = (a + (m - 1)) * ((n + (m - 1)) / t) * (m * ((b - m) / ((s - 2) * s))) * square;
        double e = (a * (2 * m + 1 - b) + 2.0 * m * m + (b - 1)) / ((s - 1) * (s + 1));
        double term = y.hi + x.hi * e;
        d = 1 / (numerator * d + term);
        c = term + numerator / c;
        double step = c * d;
        product *= step;
        if (fabs(step - 1) <= DBL_EPSILON) break; /* rounding may never let it be 1 */
    }
    return 1 / product;
}

/* a < 1 and x below the switch, so that b x is small: as gamma_small, the sum over (1−b)_k x^k / (k! (a+k)). */
static pdm__tail beta_small(double a, double b, double x) {
    double log_a_beta = (a <= 0.5 ? pdm__log_gamma_1p(a) : pdm__log_gamma(1 + a)) - pdm__log_gamma_rise(b, a);
    double lead = a * log(x) - log_a_beta;
    double term = 1;
    double sum = 0;
    for (int k = 1; k < MAX_STEPS; k++) {
        term *= (k - b) * (x / k);
        double add = term / (a + k);
        sum += add;
        if (fabs(add) <= 0.1 * DBL_EPSILON * fabs(sum)) break;
    }
    double share = a * sum;
    if (lead < -0.7) return (pdm__tail){lead, 1 + share, true};
    return (pdm__tail){0, -expm1(lead) - exp(lead) * share, false};
}

/* The expansion wants a ≤ b: else the roles are swapped and h changes its sign. */
static double beta_uniform(double a, double b, double h) {
    double p = a / (a + b);
    bool swap = a > b;
    if (swap) p = b / (a + b);
    double rest = pdm__stirling_rest(a + b) - pdm__stirling_rest(a) - pdm__stirling_rest(b);
    double sum = uniform_sum((1 - 2 * p) / sqrt(1 - p), p, swap ? -h : h, swap ? b : a);
    return exp(rest) / PDM__SQRT_2PI * sum;
}

pdm__tail pdm__beta_tail(double a, double b, pdm__dd x, pdm__dd y) {
    pdm__tail tail = {0, 0, true};
    if (x.hi <= 0) return tail;
    tail.lower = false;
    if (y.hi <= 0) return tail;
    double least = a < b ? a : b;
    if (least >= UNIFORM_FROM) {
        double deviance = pdm__deviance(a, b, x, y);
        double h = signed_root(deviance, least, b * x.hi - a * y.hi);
        if (fabs(h) <= UNIFORM_REACH) {
            return (pdm__tail){-deviance, beta_uniform(a, b, h), h < 0};
        }
    }
    bool swap = x.hi * (a + b + 2) > a + 1;
    if (swap) {
        double shape = a;
        pdm__dd part = x;
        a = b;
        b = shape;
        x = y;
        y = part;
    }
    if (a < SMALL_SHAPE) {
        tail = beta_small(a, b, x.hi);
    } else {
        double prefix = 0;
        pdm__beta_prefix(a, b, x, y, &tail.exponent, &prefix);
        tail.lower = true;
        tail.factor = prefix / a * beta_fraction(a, b, x, y);
    }
    if (swap) tail.lower = !tail.lower;
    return tail;
}

/* ------------------------------------------------------------------------------------------------------------ values */

double pdm__tail_value(pdm__tail tail, bool lower) {
    /* The exponential may be subnormal where the value is not, and the other way round: one rounding only. */
    double root = 0;
    if (tail.exponent < -690) root = exp(0.5 * tail.exponent);
    double direct = root > 0 ? (root * tail.factor) * root : exp(tail.exponent) * tail.factor;
    return tail.lower == lower ? direct : 1 - direct;
}

double pdm__tail_log(pdm__tail tail, bool lower) {
    if (tail.lower != lower) return log1p(-pdm__tail_value(tail, tail.lower));
    if (!(tail.factor > 0)) return -PDM__INFINITY;
    double value = tail.exponent > -1 ? exp(tail.exponent) * tail.factor : 0;
    return value > 0.3 ? log(value) : tail.exponent + log(tail.factor);
}
