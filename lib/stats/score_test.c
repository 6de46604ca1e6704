#include "stats/score_test.h"

#include "stats/calculator.h"

#define MAX_NEWTON 200
#define CLOSE 1e-8

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

/*
 * The limits need no fit for every difference or ratio that is tried. Along the multiplier of the constraint, which is 0 at what was
 * observed, the fitted rates are closed forms, and so is the statistic: it rises from 0 with the multiplier, and Newton's method finds
 * where it is z. By symmetry one limit is enough; the other one is that of the arms exchanged.
 */
typedef struct arm {
    double x, f, n; /* successes, failures, trials */
} arm;

typedef struct arms {
    arm down; /* the arm whose fitted rate falls */
    arm up;   /* the arm whose fitted rate rises */
} arms;

static arm arm_of(int64_t x, int64_t n) { return (arm){(double)x, (double)(n - x), (double)n}; }

/* A statistic at a multiplier, and how fast it rises. */
typedef struct rise {
    double value;
    double slope;
} rise;

typedef rise (*rise_at)(const arms *t, double multiplier);

/* The multiplier in [0, most) where the statistic is z; where it never is, about `most`. */
static double solve_rise(rise_at at, const arms *t, double z, double start, double most) {
    double low = 0;
    double high = most;
    double m = start;
    for (int i = 0; i < MAX_NEWTON; i++) {
        rise here = at(t, m);
        if (here.value < z) {
            low = m;
        } else {
            high = m;
        }
        double next = m + (z - here.value) / here.slope;
        bool inside = next > low && next < high;
        if (!inside) next = high < PDM__INFINITY ? 0.5 * (low + high) : 2 * low;
        double step = fabs(next - m);
        m = next;
        if (inside && fabs(here.value - z) <= CLOSE * z) break; /* what is left is about the square of it */
        if (step <= 2e-16 * m) break;
        if (high < PDM__INFINITY && high - low <= 4e-16 * high) break;
    }
    return m;
}

/*
 * Difference. x/p − f/q = λ gives λp² − (n + λ)p + x = 0 for the arm that falls, and the same for the failures of the other one;
 * p̂ − p = λpq/n, so that the statistic is λ√(Σ pq/n).
 */
static double fall_variance(const arm *a, double lambda, double *bend) {
    double u = a->n - lambda;
    double root = sqrt(u * u + 4 * lambda * a->f);
    double p = 2 * a->x / (a->n + lambda + root);
    double q = u >= 0 ? (a->f > 0 ? 2 * a->f / (u + root) : 0) : (root - u) / (2 * lambda);
    double variance = p * q / a->n;
    *bend += variance * (2 - (root > 0 ? lambda * (q - p) / root : 1));
    return variance;
}

static double difference_spread(const arms *t, double lambda, double *bend) {
    arm misses = {t->up.f, t->up.x, t->up.n};
    return fall_variance(&t->down, lambda, bend) + fall_variance(&misses, lambda, bend);
}

static rise difference_rise(const arms *t, double lambda) {
    double bend = 0;
    double root = sqrt(difference_spread(t, lambda, &bend));
    return (rise){lambda * root, root > 0 ? 0.5 * bend / root : 0};
}

/* How far the difference can rise above the observed one, which is less than 1. */
static double difference_reach(const arms *t, double z) {
    double bend = 0;
    double spread = difference_spread(t, 0, &bend);
    double start = spread > 0 ? z / sqrt(spread) : fmax(t->down.n, t->up.n) + z * z;
    double lambda = solve_rise(difference_rise, t, z, start, PDM__INFINITY);
    return z * sqrt(difference_spread(t, lambda, &bend));
}

void pdm__invert_difference(const pdm_two_proportions *counts, double z_low, double z_high, double inflation,
                            double *low, double *high) {
    arm c = arm_of(counts->x_control, counts->n_control);
    arm t = arm_of(counts->x_treatment, counts->n_treatment);
    double d = rate_difference(counts);
    double factor = sqrt(inflation);
    *low = -1;
    *high = 1;
    if (d > -1 && z_low < PDM__INFINITY) *low = fmax(-1, d - difference_reach(&(arms){t, c}, z_low * factor));
    if (d < 1 && z_high < PDM__INFINITY) *high = fmin(1, d + difference_reach(&(arms){c, t}, z_high * factor));
}

/*
 * Ratio. (x − np)/q = μ for the arm that falls and −μ for the other one, so p = (x − μ)/(n − μ) and (x + μ)/(n + μ); the statistic is
 * μ√(Σ q/(np)), whose square is convex.
 */
static rise ratio_rise(const arms *t, double mu) {
    double down = t->down.x - mu;
    double up = t->up.x + mu;
    double a = t->down.f > 0 ? t->down.f / (t->down.n * down) : 0;
    double b = t->up.f / (t->up.n * up);
    double root = sqrt(a + b);
    double bend = 2 * (a + b) + mu * ((t->down.f > 0 ? a / down : 0) - b / up);
    return (rise){mu * root, 0.5 * bend / root};
}

/*
 * How small the rate that falls can be as a multiple of the other one. An arm without failures stays at rate 1 up to μ = n; then only
 * its rate falls.
 */
static double ratio_reach(const arms *t, double z) {
    const arm *down = &t->down;
    const arm *up = &t->up;
    if (down->f == 0) {
        double rest = z * z - down->n * down->n * up->f / (up->n * (up->x + down->n));
        if (rest >= 0) return down->n / (down->n + rest) * ((up->n + down->n) / (up->x + down->n));
    }
    double slope = down->f / (down->n * down->x) + (up->x > 0 ? up->f / (up->n * up->x) : 0);
    double start = slope > 0 ? z / sqrt(slope) : down->x;
    /* Where the arm that falls would do it alone: not before the root. */
    double last = 2 * down->x / (1 + sqrt(1 + 4 * down->f * down->x / (down->n * z * z)));
    double mu = solve_rise(ratio_rise, t, z, fmin(start, last), down->x);
    double rest = down->x - mu;
    if (down->f > 0) rest = down->f * mu * mu / down->n / (z * z - mu * mu * up->f / (up->n * (up->x + mu)));
    return rest / (down->f + rest) * ((up->n + mu) / (up->x + mu));
}

void pdm__invert_ratio(const pdm_two_proportions *counts, double z_low, double z_high, double *low, double *high) {
    arm c = arm_of(counts->x_control, counts->n_control);
    arm t = arm_of(counts->x_treatment, counts->n_treatment);
    *low = 0;
    *high = PDM__INFINITY;
    if (t.x > 0 && z_low < PDM__INFINITY) *low = ratio_reach(&(arms){t, c}, z_low);
    if (c.x > 0 && z_high < PDM__INFINITY) *high = 1 / ratio_reach(&(arms){c, t}, z_high);
}
