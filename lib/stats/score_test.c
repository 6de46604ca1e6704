#include "stats/score_test.h"

#include "stats/calculator.h"

#define MAX_NEWTON 60

/* ------------------------------------------------------------------------------------- greatest likelihood, difference */

/*
 * The arm with the smaller rate e and the one with e + gap. The score g(e) falls on (0, 1 − gap); where it has no zero there, the
 * likelihood is greatest at an end.
 */
typedef struct pair {
    double x_small, n_small;
    double x_large, n_large;
    double gap;
} pair;

static double share_score(double x, double n, double p, double q) {
    double gain = x > 0 ? x / p : 0;
    double loss = n > x ? (n - x) / q : 0;
    return gain - loss;
}

static double likelihood_score(const pair *t, double e) {
    return share_score(t->x_small, t->n_small, e, 1 - e) +
           share_score(t->x_large, t->n_large, e + t->gap, (1 - t->gap) - e);
}

static double curvature_of(double x, double n, double p, double q) {
    double gain = x > 0 ? x / (p * p) : 0;
    double loss = n > x ? (n - x) / (q * q) : 0;
    return gain + loss;
}

/* The cubic's root by the cosine (Farrington & Manning 1990), with t for the larger rate: good to about 1e-9. */
static double cubic_start(const pair *t) {
    double theta = t->n_small / t->n_large;
    double large = t->x_large / t->n_large;
    double small = t->x_small / t->n_small;
    double delta = t->gap;
    double a = 1 + theta;
    double b = -(1 + theta + large + theta * small + delta * (theta + 2));
    double c = delta * delta + delta * (2 * large + theta + 1) + large + theta * small;
    double d = -large * delta * (1 + delta);
    double third = b / (3 * a);
    double v = third * third * third - b * c / (6 * a * a) + d / (2 * a);
    double under = third * third - c / (3 * a);
    double u = sqrt(under > 0 ? under : 0);
    if (v < 0) u = -u;
    double cosine = u != 0 ? v / (u * u * u) : 1;
    if (cosine > 1) cosine = 1;
    if (cosine < -1) cosine = -1;
    return 2 * u * cos((PDM__PI + acos(cosine)) / 3) - third - delta;
}

/* e of the greatest likelihood. Newton's method on the score, kept in the bracket that its sign gives. */
static double fit_pair(const pair *t) {
    double low = 0;
    double high = 1 - t->gap;
    bool low_is_inside = t->x_small > 0 || (t->gap == 0 && t->x_large > 0);
    bool high_is_inside = t->x_large < t->n_large || (t->gap == 0 && t->x_small < t->n_small);
    if (!low_is_inside && likelihood_score(t, low) <= 0) return low;
    if (!high_is_inside && likelihood_score(t, high) >= 0) return high;
    double e = cubic_start(t);
    if (!(e > low && e < high)) e = 0.5 * (low + high);
    for (int i = 0; i < MAX_NEWTON; i++) {
        double g = likelihood_score(t, e);
        if (g > 0) {
            low = e;
        } else {
            high = e;
        }
        double bend = curvature_of(t->x_small, t->n_small, e, 1 - e) +
                      curvature_of(t->x_large, t->n_large, e + t->gap, (1 - t->gap) - e);
        double next = e + g / bend;
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        double step = fabs(next - e);
        e = next;
        if (step <= 4e-16 * e || step == 0) break;
    }
    return e;
}

/* Rates above a half are fitted as failures, so that the smaller numbers are the exact ones. */
pdm__constrained pdm__fit_difference(const pdm_two_proportions *counts, double delta) {
    double x_c = (double)counts->x_control;
    double n_c = (double)counts->n_control;
    double x_t = (double)counts->x_treatment;
    double n_t = (double)counts->n_treatment;
    bool flip = x_c + x_t > n_c - x_c + (n_t - x_t);
    if (flip) {
        x_c = n_c - x_c;
        x_t = n_t - x_t;
        delta = -delta;
    }
    bool treatment_larger = delta > 0;
    pair t = treatment_larger ? (pair){x_c, n_c, x_t, n_t, delta} : (pair){x_t, n_t, x_c, n_c, -delta};
    double e = t.gap == 0 ? (x_c + x_t) / (n_c + n_t) : fit_pair(&t);
    double larger = e + t.gap;
    double other = (1 - t.gap) - e;
    if (other < 0) other = 0;
    pdm__constrained fit = {treatment_larger ? e : larger, treatment_larger ? larger : e,
                            e * (1 - e) / t.n_small + larger * other / t.n_large};
    if (flip) {
        fit.p_control = 1 - fit.p_control;
        fit.p_treatment = 1 - fit.p_treatment;
    }
    return fit;
}

static double over_root(double numerator, double spread) {
    if (numerator == 0) return 0;
    return spread > 0 ? numerator / sqrt(spread) : numerator > 0 ? PDM__INFINITY : -PDM__INFINITY;
}

/* x_t/n_t − x_c/n_c, the products exact so that equal rates differ by exactly 0. */
static double rate_difference(const pdm_two_proportions *k) {
    pdm__int128 cross = (pdm__int128)k->x_treatment * k->n_control - (pdm__int128)k->x_control * k->n_treatment;
    return (double)cross / (double)k->n_control / (double)k->n_treatment;
}

double pdm__score_of_difference(const pdm_two_proportions *counts, double delta, double inflation) {
    pdm__constrained fit = pdm__fit_difference(counts, delta);
    return over_root(rate_difference(counts) - delta, fit.spread * inflation);
}

/* ------------------------------------------------------------------------------------------ greatest likelihood, ratio */

/*
 * p̃_c = 2C/(B + √(B² − 4AC)); the root is √((u − v)² + 4ρ f_t f_c), f = failures, u = ρ(n_t + x_c), v = n_c + x_t: nothing cancels.
 */
double pdm__score_of_ratio(const pdm_two_proportions *counts, double ratio, double inflation) {
    double x_c = (double)counts->x_control;
    double n_c = (double)counts->n_control;
    double x_t = (double)counts->x_treatment;
    double n_t = (double)counts->n_treatment;
    double u = ratio * (n_t + x_c);
    double v = n_c + x_t;
    double root = sqrt((u - v) * (u - v) + 4 * ratio * (n_t - x_t) * (n_c - x_c));
    double p_c = 2 * (x_c + x_t) / (u + v + root);
    double p_t = ratio * p_c;
    double q_c = p_c < 1 ? 1 - p_c : 0;
    double q_t = p_t < 1 ? 1 - p_t : 0;
    double spread = p_t * q_t / n_t + ratio * ratio * p_c * q_c / n_c;
    double excess = ratio == 1 ? rate_difference(counts) : x_t / n_t - ratio * (x_c / n_c);
    return over_root(excess, spread * inflation);
}

/* ------------------------------------------------------------------------------------------------------------ inversion */

/* The statistic less the critical value, as a function of the difference or of ln ratio. */
typedef struct inversion {
    const pdm_two_proportions *counts;
    double inflation;
    double z;
} inversion;

static double difference_miss(double delta, const void *user) {
    const inversion *t = user;
    return pdm__score_of_difference(t->counts, delta, t->inflation) - t->z;
}

static double ratio_miss(double log_ratio, const void *user) {
    const inversion *t = user;
    return pdm__score_of_ratio(t->counts, exp(log_ratio), t->inflation) - t->z;
}

void pdm__invert_difference(const pdm_two_proportions *counts, double z_low, double z_high, double inflation,
                            double *low, double *high) {
    double d = rate_difference(counts);
    inversion t = {counts, inflation, z_low};
    *low = -1;
    *high = 1;
    if (d > -1 && z_low < PDM__INFINITY) {
        *low = pdm__root(difference_miss, &t, -1, d, PDM__INFINITY, -z_low, 1e-15 * (1 - fabs(d)));
    }
    t.z = -z_high;
    if (d < 1 && z_high < PDM__INFINITY) {
        *high = pdm__root(difference_miss, &t, d, 1, z_high, -PDM__INFINITY, 1e-15 * (1 - fabs(d)));
    }
}

/* ln ρ where the statistic is z: it falls from +∞ (ρ → 0) to −∞ or 0 (ρ → ∞). */
static double log_ratio_limit(inversion *t) {
    const pdm_two_proportions *k = t->counts;
    double start = log(((double)k->x_treatment + 0.5) / ((double)k->x_control + 0.5) *
                       (((double)k->n_control + 0.5) / ((double)k->n_treatment + 0.5)));
    double low = start;
    double high = start;
    double f_low = ratio_miss(start, t);
    double f_high = f_low;
    for (double step = 0.5; f_low < 0 && low > -700; step *= 2) f_low = ratio_miss(low -= step, t);
    for (double step = 0.5; f_high > 0 && high < 700; step *= 2) f_high = ratio_miss(high += step, t);
    return pdm__root(ratio_miss, t, low, high, f_low, f_high, 1e-15);
}

void pdm__invert_ratio(const pdm_two_proportions *counts, double z_low, double z_high, double *low, double *high) {
    double n_c = (double)counts->n_control;
    double n_t = (double)counts->n_treatment;
    bool all = counts->x_control == counts->n_control && counts->x_treatment == counts->n_treatment;
    inversion t = {counts, 1, z_low};
    *low = 0;
    *high = PDM__INFINITY;
    if (counts->x_treatment > 0 && z_low < PDM__INFINITY) {
        *low = all ? n_t / (n_t + z_low * z_low) : exp(log_ratio_limit(&t));
    }
    t.z = -z_high;
    if (counts->x_control > 0 && z_high < PDM__INFINITY) {
        *high = all ? (n_c + z_high * z_high) / n_c : exp(log_ratio_limit(&t));
    }
}
