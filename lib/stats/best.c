/*
 * The best of several arms whose posteriors are independent. At a place u of their common scale the arms' lower tails are multiplied
 * once, and every arm's integrand comes of that: one pass of quadrature for all of them.
 */
#include <pdmetrics/stats/posterior.h>

#include "stats/quadrature.h"
#include "stats/rate_posterior.h"

#include <pdmetrics/stats/distribution.h>

#include <stdlib.h>
#include <string.h>

#define MOST_ARMS 64
#define MOST_POINTS (MOST_ARMS * PDM__BELIEF_MARKS + 2)
#define MOST_PANELS 4000
#define AGREE 1e-12       /* of an integral; halves are then more exact than that */
#define AGREE_PANEL 1e-11 /* of a panel: below it there may be nothing but rounding */
#define LEAST 1e-300      /* an integral that is nothing */

/* Chance to be the best, and what the arm lacks to the best other one, E max(that − it, 0) = ∫ F (1 − ∏ of the others' F). */
typedef struct weights {
    double best[MOST_ARMS];
    double loss[MOST_ARMS];
} weights;

typedef struct race race;
struct race {
    int32_t arms;
    pdm__belief all[MOST_ARMS];
    /* Log density and log lower tail of each arm at u; the logarithm of what a step du is in the unit of the arms. */
    double (*at)(const race *r, double u, double *density, double *lower);
    int32_t left; /* panels that may still be halved */
    weights allowed;
};

static void add_at(const race *r, double u, double weight, weights *sum) {
    double density[MOST_ARMS];
    double lower[MOST_ARMS];
    double after[MOST_ARMS + 1];
    double unit = r->at(r, u, density, lower);
    after[r->arms] = 0;
    for (int32_t i = r->arms - 1; i > 0; i--) after[i] = after[i + 1] + lower[i];
    double before = 0;
    for (int32_t i = 0; i < r->arms; i++) {
        double others = before + after[i + 1];
        sum->best[i] += weight * exp(density[i] + others);
        sum->loss[i] -= weight * exp(unit + lower[i]) * expm1(others);
        before += lower[i];
    }
}

static void add_panel(race *r, double low, double high, weights *sum) {
    double middle = 0.5 * (low + high);
    double half = 0.5 * (high - low);
    for (int32_t i = 0; i < PDM__GAUSS_HALF; i++) {
        double offset = half * pdm__gauss_node[i];
        add_at(r, middle - offset, half * pdm__gauss_weight[i], sum);
        add_at(r, middle + offset, half * pdm__gauss_weight[i], sum);
    }
}

static bool agree(double whole, double halves, double allowed) {
    double miss = fabs(whole - halves);
    return miss <= allowed || miss <= AGREE_PANEL * fabs(halves);
}

static bool all_agree(const race *r, const weights *whole, const weights *one, const weights *two) {
    for (int32_t i = 0; i < r->arms; i++) {
        if (!agree(whole->best[i], one->best[i] + two->best[i], r->allowed.best[i])) return false;
        if (!agree(whole->loss[i], one->loss[i] + two->loss[i], r->allowed.loss[i])) return false;
    }
    return true;
}

static void refine(race *r, double low, double high, const weights *whole, weights *sum) {
    weights one = {{0}, {0}};
    weights two = {{0}, {0}};
    double middle = 0.5 * (low + high);
    add_panel(r, low, middle, &one);
    add_panel(r, middle, high, &two);
    if (r->left > 0 && !all_agree(r, whole, &one, &two)) {
        r->left--;
        refine(r, low, middle, &one, sum);
        refine(r, middle, high, &two, sum);
        return;
    }
    for (int32_t i = 0; i < r->arms; i++) {
        sum->best[i] += one.best[i] + two.best[i];
        sum->loss[i] += one.loss[i] + two.loss[i];
    }
}

static int compare_numbers(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Ends and marks in order, without those that are nearer to the one before than `apart`. */
static int32_t order(double *points, int32_t count, double low, double high, double apart) {
    int32_t n = 1;
    qsort(points, (size_t)count, sizeof *points, compare_numbers);
    double last = low;
    for (int32_t i = 0; i < count; i++) {
        double point = points[i];
        if (!(point >= last + apart && point < high)) continue;
        last = point;
        points[n++ - 1] = point;
    }
    memmove(points + 1, points, (size_t)(n - 1) * sizeof *points);
    points[0] = low;
    points[n++] = high;
    return n;
}

/* Chances beyond an end where they still fall outwards, and do so along a line in their logarithms. */
static void add_beyond(const race *r, double end, double inwards, weights *sum) {
    weights here = {{0}, {0}};
    weights inside = {{0}, {0}};
    add_at(r, end, 1, &here);
    add_at(r, end + inwards, 1, &inside);
    for (int32_t i = 0; i < r->arms; i++) {
        if (here.best[i] > LEAST && inside.best[i] > here.best[i])
            sum->best[i] += here.best[i] / log(inside.best[i] / here.best[i]);
    }
}

static void refine_panel(race *r, double low, double high, weights *sum) {
    weights whole = {{0}, {0}};
    add_panel(r, low, high, &whole);
    refine(r, low, high, &whole, sum);
}

/* Between two points what there is may lie at either end, and be narrow beside the gap: panels widen away from the ends. */
static void cover(race *r, double low, double high, double apart,
                  void (*each)(race *r, double low, double high, weights *sum), weights *sum) {
    for (double step = 4 * apart; high - low > 4 * step; step *= 4) {
        each(r, low, low + step, sum);
        each(r, high - step, high, sum);
        low += step;
        high -= step;
    }
    each(r, low, high, sum);
}

/* `points` has room for the two ends. */
static void run(race *r, double *points, int32_t count, double low, double high, double apart, weights *out) {
    weights rough = {{0}, {0}};
    int32_t n = order(points, count, low, high, apart);
    for (int32_t i = 1; i < n; i++) cover(r, points[i - 1], points[i], apart, add_panel, &rough);
    for (int32_t i = 0; i < r->arms; i++) {
        r->allowed.best[i] = fmax(AGREE * rough.best[i], LEAST);
        r->allowed.loss[i] = fmax(AGREE * rough.loss[i], LEAST);
    }
    r->left = MOST_PANELS;
    memset(out, 0, sizeof *out);
    for (int32_t i = 1; i < n; i++) cover(r, points[i - 1], points[i], apart, refine_panel, out);
    add_beyond(r, low, 1, out);
    add_beyond(r, high, -1, out);
}

static pdm_status check_arms(int32_t arms, pdm_error *err) {
    if (arms >= 2 && arms <= MOST_ARMS) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "arms", "expected 2 to %d arms, got %d", MOST_ARMS, arms);
}

/* ---- rates ---- */

static double rates_at(const race *r, double u, double *density, double *lower) {
    pdm__dd x;
    pdm__dd y;
    pdm__rate_shares(u, &x, &y);
    for (int32_t i = 0; i < r->arms; i++) {
        density[i] = pdm__rate_log_density(&r->all[i], x, y);
        lower[i] = pdm__rate_log_tail(&r->all[i], x, y, true);
    }
    return log(x.hi) + log(y.hi);
}

pdm_status pdm_beta_best(const int64_t *x, const int64_t *n, int32_t arms, double prior_a, double prior_b,
                         double *prob_best, double *expected_loss, pdm_error *err) {
    race r = {.arms = arms, .at = rates_at};
    double points[MOST_POINTS];
    weights out;
    int32_t count = 0;
    double apart = PDM__INFINITY;
    PDM__TRY(check_arms(arms, err));
    PDM__TRY(pdm__check_prior(prior_a, "prior_a", err));
    PDM__TRY(pdm__check_prior(prior_b, "prior_b", err));
    for (int32_t i = 0; i < arms; i++) {
        pdm_status status = pdm__check_counts(x[i], n[i], "x", err);
        if (status != PDM_OK && err != NULL) err->row = i;
        PDM__TRY(status);
        r.all[i] = (pdm__belief){prior_a + (double)x[i], prior_b + (double)(n[i] - x[i])};
        apart = fmin(apart, sqrt(1 / r.all[i].a + 1 / r.all[i].b));
        count = pdm__rate_marks(&r.all[i], points, count);
    }
    run(&r, points, count, -PDM__LOGIT_REACH, PDM__LOGIT_REACH, apart, &out);
    for (int32_t i = 0; i < arms; i++) {
        if (prob_best != NULL) prob_best[i] = fmin(out.best[i], 1);
        if (expected_loss != NULL) expected_loss[i] = out.loss[i];
    }
    return PDM_OK;
}

/* ---- means ---- */

/* Normal with mean a and standard deviation b. */
static double means_at(const race *r, double u, double *density, double *lower) {
    for (int32_t i = 0; i < r->arms; i++) {
        double z = (u - r->all[i].a) / r->all[i].b;
        density[i] = -0.5 * z * z - log(r->all[i].b) - PDM__LN_SQRT_2PI;
        lower[i] = pdm_normal_log_cdf(z);
    }
    return 0;
}

pdm_status pdm_normal_best(const double *mean, const double *sd, int32_t arms, double *prob_best, double *expected_loss,
                           pdm_error *err) {
    race r = {.arms = arms, .at = means_at};
    double points[MOST_POINTS];
    weights out;
    int32_t count = 0;
    double scale = 0;
    double apart = PDM__INFINITY;
    PDM__TRY(check_arms(arms, err));
    for (int32_t i = 0; i < arms; i++) {
        if (!(fabs(mean[i]) < PDM__INFINITY)) {
            return pdm__fail(err, PDM_E_BAD_VALUE, i, "mean", "expected a finite mean, got %.17g", mean[i]);
        }
        if (!(sd[i] > 0 && sd[i] < PDM__INFINITY)) {
            return pdm__fail(err, PDM_E_BAD_VALUE, i, "sd", "expected a standard deviation above 0, got %.17g", sd[i]);
        }
        scale = fmax(scale, sd[i]);
        apart = fmin(apart, sd[i]);
    }
    double low = PDM__INFINITY;
    double high = -PDM__INFINITY;
    for (int32_t i = 0; i < arms; i++) { /* the unit of measurement must not matter */
        r.all[i] = (pdm__belief){(mean[i] - mean[0]) / scale, sd[i] / scale};
        count = pdm__belief_marks(r.all[i].a, r.all[i].b, points, count);
        low = fmin(low, r.all[i].a - 40 * r.all[i].b);
        high = fmax(high, r.all[i].a + 40 * r.all[i].b);
    }
    run(&r, points, count, low, high, apart / scale, &out);
    for (int32_t i = 0; i < arms; i++) {
        if (prob_best != NULL) prob_best[i] = fmin(out.best[i], 1);
        if (expected_loss != NULL) expected_loss[i] = scale * out.loss[i];
    }
    return PDM_OK;
}
