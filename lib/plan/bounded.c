/* Caps and floors in reals: the sum as a function of the multiplier is piecewise linear, and is walked by its breakpoints. */
#include "plan/bounded.h"

#include "core/calculator.h"

#include "core/sort.h"

static double clamp(double value, double low, double high) { return value < low ? low : value > high ? high : value; }

static double sum_at(const pdm__bounded_part *parts, int64_t count, double t) {
    pdm__sum sum = {0.0, 0.0};
    for (int64_t i = 0; i < count; i++) {
        const pdm__bounded_part *p = &parts[i];
        if (isinf(t) && p->slope > 0) {
            pdm__sum_add(&sum, t > 0 ? p->high : p->low);
        } else {
            pdm__sum_add(&sum, clamp(p->start + (p->slope > 0 ? t * p->slope : 0.0), p->low, p->high));
        }
    }
    return isinf(sum.sum) ? sum.sum : pdm__sum_of(&sum);
}

/* All finite breakpoints above `from`, ascending. */
static int64_t breakpoints(const pdm__bounded_part *parts, int64_t count, double from, double *points,
                           pdm__sort_pair *pairs) {
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        const pdm__bounded_part *p = &parts[i];
        if (!(p->slope > 0)) continue;
        double at[2] = {(p->low - p->start) / p->slope, (p->high - p->start) / p->slope};
        for (int32_t k = 0; k < 2; k++) {
            if (!isfinite(at[k]) || !(at[k] > from)) continue;
            points[n] = at[k];
            pairs[n] = (pdm__sort_pair){pdm__sort_key_f64(at[k]), (uint64_t)n};
            n++;
        }
    }
    return n;
}

/* The multiplier between neighbouring breakpoints low and high, from the parts that move there. */
static double solve_between(const pdm__bounded_part *parts, int64_t count, double total, double low, double high) {
    pdm__sum rest = {total, 0.0};
    pdm__sum slope = {0.0, 0.0};
    double middle = isinf(low) && isinf(high) ? 0.0
                    : isinf(low)              ? high - 1.0 - fabs(high)
                    : isinf(high)             ? low + 1.0 + fabs(low)
                                              : low + (high - low) / 2;
    for (int64_t i = 0; i < count; i++) {
        const pdm__bounded_part *p = &parts[i];
        double x = p->start + (p->slope > 0 ? middle * p->slope : 0.0);
        if (p->slope > 0 && x > p->low && x < p->high) {
            pdm__sum_add(&slope, p->slope);
            pdm__sum_add(&rest, -p->start);
        } else {
            pdm__sum_add(&rest, -clamp(x, p->low, p->high));
        }
    }
    double by = pdm__sum_of(&slope);
    if (!(by > 0)) return isinf(high) ? low : high;
    return clamp(pdm__sum_of(&rest) / by, low, high);
}

/* Smallest t ≥ from with sum(t) = total; the total is within reach. */
static double smallest(const pdm__bounded_part *parts, int64_t count, double total, double from, const double *points,
                       const pdm__sort_pair *order, int64_t n) {
    if (sum_at(parts, count, from) >= total) return from;
    int64_t low = -1; /* the sum at point `low` is below the total, at `high` it is not */
    int64_t high = n;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (sum_at(parts, count, points[order[middle].index]) < total) {
            low = middle;
        } else {
            high = middle;
        }
    }
    double left = low < 0 ? from : points[order[low].index];
    double right = high == n ? PDM__INF : points[order[high].index];
    return solve_between(parts, count, total, left, right);
}

static void mirror(pdm__bounded_part *parts, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        double low = parts[i].low;
        parts[i].start = -parts[i].start;
        parts[i].low = -parts[i].high;
        parts[i].high = -low;
    }
}

static pdm_status find(pdm_context *context, pdm__bounded_part *parts, int64_t count, double total, double from,
                       double *t, pdm_error *err) {
    double *points = NULL;
    pdm__sort_pair *pairs = NULL;
    size_t room = 2 * (size_t)count;
    pdm_status status = pdm__new(context, room, sizeof *points, &points, err);
    if (status == PDM_OK) status = pdm__new(context, 2 * room, sizeof *pairs, &pairs, err);
    if (status == PDM_OK) {
        int64_t n = breakpoints(parts, count, from, points, pairs);
        pdm__run run;
        pdm__run_begin(&run, context, -1);
        status = pdm__sort_pairs(&run, pairs, pairs + room, (size_t)n, err);
        if (status == PDM_OK) *t = smallest(parts, count, total, from, points, pairs, n);
    }
    pdm__drop(context, points, room, sizeof *points);
    pdm__drop(context, pairs, 2 * room, sizeof *pairs);
    return status;
}

pdm_status pdm__bounded_solve(pdm_context *context, pdm__bounded_part *parts, int64_t count, double total,
                              bool from_zero, pdm__bounded_answer *answer, pdm_error *err) {
    double least = sum_at(parts, count, from_zero ? 0.0 : -PDM__INF);
    double most = sum_at(parts, count, PDM__INF);
    /* The ends are sums of bounds: reaching them up to rounding is reaching them. */
    double slack = 1e-14 * (fabs(total) + 1e-300);
    *answer = (pdm__bounded_answer){PDM__NAN, 0.0};
    if (total < least - slack) answer->shortfall = least - total;
    if (total > most + slack) answer->shortfall = total - most;
    if (answer->shortfall != 0.0) return PDM_OK;
    double target = clamp(total, least, most);
    double at_zero = sum_at(parts, count, 0.0);
    double t = 0.0;
    if (target > at_zero) {
        PDM__TRY(find(context, parts, count, target, 0.0, &t, err));
    } else if (target < at_zero) { /* only without from_zero: least is the sum at 0 there */
        mirror(parts, count);
        pdm_status status = find(context, parts, count, -target, 0.0, &t, err);
        mirror(parts, count);
        t = -t;
        if (status != PDM_OK) return status;
    }
    answer->multiplier = t;
    for (int64_t i = 0; i < count; i++) {
        pdm__bounded_part *p = &parts[i];
        double x = p->start + (p->slope > 0 ? t * p->slope : 0.0);
        /* What sits on a bound up to the rounding of t is on it. */
        double near = 4e-16 * (fabs(x) + fabs(p->start));
        p->at = x <= p->low + near && p->low > -PDM__INF ? -1 : x >= p->high - near && p->high < PDM__INF ? 1 : 0;
        p->amount = p->at < 0 ? p->low : p->at > 0 ? p->high : x;
    }
    return PDM_OK;
}
