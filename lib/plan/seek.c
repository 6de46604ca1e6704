#include "plan/seek.h"

#include "plan/scalar.h"

pdm_status pdm__seek_init(pdm__seek *seek, const pdm_tree *tree, const double *start, pdm__arena *memory,
                          pdm_error *err) {
    size_t leaves = (size_t)tree->leaf_count + 1;
    memset(seek, 0, sizeof *seek);
    seek->tree = tree;
    PDM__TRY(pdm__point_init(&seek->point, tree, memory, err));
    PDM__TRY(pdm__arena_take(memory, leaves * sizeof *seek->leaves, &seek->leaves, err));
    PDM__TRY(pdm__arena_take(memory, leaves * sizeof *seek->gradient, &seek->gradient, err));
    memcpy(seek->leaves, start, (size_t)tree->leaf_count * sizeof *start);
    return PDM_OK;
}

static double root_at(pdm__seek *s, double x) {
    s->leaves[s->lever] = x;
    return pdm__point_value(&s->point, s->leaves);
}

static double miss_at(void *work, double x) {
    pdm__seek *s = work;
    return root_at(s, x) - s->target;
}

static double distance_at(void *work, double x) { return fabs(miss_at(work, x)); }

static double slope_at(void *work, double x) {
    pdm__seek *s = work;
    if (isnan(root_at(s, x))) return PDM__NAN;
    pdm__point_gradient(&s->point, s->gradient);
    return s->gradient[s->lever];
}

/* Every product on the lever's path has it in one operand only, and it stands under no divisor, power, min or max. */
static bool is_affine(const pdm__seek *s, uint8_t *depends) {
    const pdm_tree *tree = s->tree;
    for (int32_t i = 0; i < tree->live; i++) {
        const pdm__node *node = &tree->nodes[i];
        int32_t below = 0;
        for (int32_t k = 0; k < node->count; k++) below += depends[pdm__operand_index(tree, node, k)] != 0 ? 1 : 0;
        depends[i] = below > 0 || (node->op == PDM__OP_LEAF && node->leaf == s->lever) ? 1 : 0;
        if (below == 0) continue;
        bool bad = node->op == PDM__OP_MIN || node->op == PDM__OP_MAX || (node->op == PDM__OP_MUL && below > 1) ||
                   (node->op == PDM__OP_DIV && depends[pdm__operand_index(tree, node, 1)] != 0) ||
                   (node->op == PDM__OP_POW && node->value != 1.0);
        if (bad) return false;
    }
    return true;
}

static double into(const pdm__seek *s, double x) { return x < s->low ? s->low : x > s->high ? s->high : x; }

static void take_best(pdm__seek *s, double x, pdm__seek_answer *a) {
    double value = root_at(s, x);
    if (isnan(value)) return;
    if (!isnan(a->best_value) && fabs(value - s->target) >= fabs(a->best_value - s->target)) return;
    a->best_x = x;
    a->best_value = value;
}

/* ---- degree one ---- */

static void solve_affine(pdm__seek *s, double value, pdm__seek_answer *a) {
    double slope = slope_at(s, s->start);
    if (slope == 0.0) {
        a->status = PDM_STATUS_NO_EFFECT;
        return;
    }
    double x = s->start + (s->target - value) / slope;
    double again = root_at(s, x);
    if (isfinite(again)) x += (s->target - again) / slope;
    a->unbounded = x;
    if (x < s->low || x > s->high) {
        a->status = PDM_STATUS_OUT_OF_BOUNDS;
        take_best(s, into(s, x), a);
        return;
    }
    a->status = PDM_STATUS_OK;
    a->value = x;
    a->roots[0] = x;
    a->root_count = 1;
}

/* ---- any other ---- */

/* Points from low to high, the start among them: even steps between finite bounds, doubling ones towards an infinite one. */
static int32_t scan(const pdm__seek *s, double low, double high, double *points) {
    int32_t n = s->scan_points;
    int32_t half = n / 2;
    double unit = fmax(fabs(s->start), 1.0) * 1e-6;
    double grow = pow(1e18, 1.0 / (half > 1 ? half - 1 : 1));
    int32_t count = 0;
    double start = s->start < low ? low : s->start > high ? high : s->start;
    for (int32_t i = half; i >= 1; i--) {
        double x = isinf(low) ? start - unit * pow(grow, i - 1) : start - (start - low) * i / half;
        points[count++] = x;
    }
    points[count++] = start;
    for (int32_t i = 1; i <= half; i++) {
        double x = isinf(high) ? start + unit * pow(grow, i - 1) : start + (high - start) * i / half;
        points[count++] = x;
    }
    return count;
}

static void add_root(pdm__seek_answer *a, double x) {
    if (a->root_count > 0 && fabs(a->roots[a->root_count - 1] - x) <= 1e-12 * fabs(x)) return;
    a->roots[a->root_count++] = x;
}

/* All roots between the points, ascending; tells whether the value ever differs from the first. */
static bool find_roots(pdm__seek *s, const double *points, double *misses, int32_t count, pdm__seek_answer *a) {
    bool moves = false;
    a->root_count = 0;
    for (int32_t i = 0; i < count; i++) {
        misses[i] = miss_at(s, points[i]);
        if (!isnan(misses[i]) && !isnan(misses[0]) && misses[i] != misses[0]) moves = true;
        if (isnan(misses[0]) && !isnan(misses[i])) moves = true;
    }
    for (int32_t i = 0; i < count; i++) {
        if (misses[i] == 0.0) {
            add_root(a, points[i]);
            continue;
        }
        bool crosses = i + 1 < count && misses[i] * misses[i + 1] < 0.0;
        if (!crosses) continue;
        double x = pdm__brent_root(miss_at, s, points[i], misses[i], points[i + 1], misses[i + 1], s->tol);
        /* A pole changes the sign too, but does not come near the target. */
        double miss = fabs(miss_at(s, x));
        if (miss <= fmin(fabs(misses[i]), fabs(misses[i + 1])) && miss <= 1e-6 * fmax(1.0, fabs(s->target)))
            add_root(a, x);
    }
    return moves;
}

/* The nearest that the lever can carry the root: the best point scanned, refined where the slope changes its sign around it. */
static void refine_best(pdm__seek *s, const double *points, const double *misses, int32_t count, pdm__seek_answer *a) {
    int32_t best = -1;
    for (int32_t i = 0; i < count; i++) {
        if (!isnan(misses[i]) && (best < 0 || fabs(misses[i]) < fabs(misses[best]))) best = i;
    }
    if (best < 0) return;
    take_best(s, into(s, s->start), a); /* of equals the one nearest the start */
    take_best(s, points[best], a);
    double left = points[best > 0 ? best - 1 : best];
    double right = points[best + 1 < count ? best + 1 : best];
    double slope_left = slope_at(s, left);
    double slope_right = slope_at(s, right);
    if (slope_left * slope_right < 0.0) {
        take_best(s, pdm__brent_root(slope_at, s, left, slope_left, right, slope_right, s->tol), a);
    }
    take_best(s, pdm__least(distance_at, s, left, right), a);
}

/* Newton from the best point: finds what lies between two scanned points without a change of sign (beside a pole, or touching). */
static bool polish(pdm__seek *s, pdm__seek_answer *a) {
    double x = a->best_x;
    for (int32_t round = 0; round < 60; round++) {
        double miss = miss_at(s, x);
        double slope = slope_at(s, x);
        if (isnan(miss) || isnan(slope)) return false;
        /* Near a pole the last digit of x alone may miss by more than that. */
        if (fabs(miss) <= fmax(4.0 * s->tol * fabs(s->target), 4e-16 * fabs(x) * fabs(slope))) {
            a->roots[0] = x;
            a->root_count = 1;
            return true;
        }
        x -= miss / slope;
        if (!isfinite(x) || x < s->low || x > s->high) return false;
    }
    return false;
}

static void nearest_root(const pdm__seek *s, pdm__seek_answer *a) {
    a->value = a->roots[0];
    for (int32_t i = 1; i < a->root_count; i++) {
        if (fabs(a->roots[i] - s->start) < fabs(a->value - s->start)) a->value = a->roots[i];
    }
}

static void solve_any(pdm__seek *s, double *points, double *misses, pdm__seek_answer *a) {
    int32_t count = scan(s, s->low, s->high, points);
    bool moves = find_roots(s, points, misses, count, a);
    if (a->root_count == 0) refine_best(s, points, misses, count, a);
    if (a->root_count > 0 || (moves && !isnan(a->best_value) && polish(s, a))) {
        a->status = PDM_STATUS_OK;
        a->multiple = a->root_count > 1;
        nearest_root(s, a);
        a->unbounded = a->value;
        return;
    }
    a->status = moves ? PDM_STATUS_NO_SOLUTION : PDM_STATUS_NO_EFFECT;
    if (isinf(s->low) && isinf(s->high)) return;
    count = scan(s, -PDM__INF, PDM__INF, points);
    moves = find_roots(s, points, misses, count, a);
    if (moves && a->root_count == 0) a->status = PDM_STATUS_NO_SOLUTION;
    if (a->root_count == 0) return;
    nearest_root(s, a);
    a->unbounded = a->value;
    a->value = PDM__NAN;
    a->root_count = 0;
    a->status = PDM_STATUS_OUT_OF_BOUNDS;
}

pdm_status pdm__seek_solve(pdm__seek *s, pdm__arena *memory, pdm__seek_answer *a, pdm_error *err) {
    size_t room = (size_t)s->scan_points + 4;
    double *points = NULL;
    uint8_t *depends = NULL;
    *a = (pdm__seek_answer){.value = PDM__NAN, .achieved = PDM__NAN, .best_x = PDM__NAN, .best_value = PDM__NAN};
    a->unbounded = PDM__NAN;
    PDM__TRY(pdm__arena_take(memory, room * sizeof *a->roots, &a->roots, err));
    PDM__TRY(pdm__arena_take(memory, 2 * room * sizeof *points, &points, err));
    PDM__TRY(pdm__arena_take(memory, (size_t)s->tree->live, &depends, err));
    double value = root_at(s, s->start);
    int32_t why = s->point.status;
    if (why != PDM_STATUS_OK && why != PDM_STATUS_DIV_BY_ZERO) return pdm__point_fail(&s->point, err);
    if (s->tree->used[s->lever] == 0) {
        a->status = PDM_STATUS_NO_EFFECT;
    } else if (why == PDM_STATUS_OK && is_affine(s, depends)) {
        solve_affine(s, value, a);
    } else {
        solve_any(s, points, points + room, a);
    }
    if (a->status == PDM_STATUS_OK) {
        a->achieved = root_at(s, a->value);
        a->best_x = a->value;
        a->best_value = a->achieved;
    } else if (isnan(a->best_value)) {
        take_best(s, into(s, s->start), a);
    }
    s->leaves[s->lever] = a->status == PDM_STATUS_OK ? a->value : s->start;
    return PDM_OK;
}
