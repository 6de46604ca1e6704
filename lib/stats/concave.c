#include "stats/concave.h"

#include "stats/special.h"

#include <stdlib.h>

#define DEEP 46.0 /* e^−46 is nothing beside the peak */
#define STEPS 90  /* golden sections: 1400 down to 1e-16 */
#define MOST_PANELS 4000
#define AGREE 1e-11      /* of the integral; halves are then far more exact than that */
#define AGREE_PANEL 1e-9 /* of a panel: below it there may be nothing but rounding */

typedef struct refinement {
    pdm__integrand f;
    const void *user;
    double tolerance;
    int32_t left; /* panels that may still be halved */
} refinement;

static double refine(refinement *r, double low, double high, double whole) {
    double middle = 0.5 * (low + high);
    double one = pdm__gauss_panel(r->f, r->user, low, middle);
    double two = pdm__gauss_panel(r->f, r->user, middle, high);
    double miss = fabs(one + two - whole);
    if (miss <= r->tolerance || miss <= AGREE_PANEL * fabs(one + two) || r->left == 0) return one + two;
    r->left--;
    one = refine(r, low, middle, one);
    return one + refine(r, middle, high, two);
}

static int compare_numbers(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Ends and the marks between them, in order. `out` has room for all. */
static int32_t cut(double low, double high, const double *marks, int32_t count, double *out) {
    int32_t n = 0;
    out[n++] = low;
    out[n++] = high;
    for (int32_t i = 0; i < count; i++) {
        if (marks[i] > low && marks[i] < high) out[n++] = marks[i];
    }
    qsort(out, (size_t)n, sizeof *out, compare_numbers);
    return n;
}

double pdm__integral(pdm__integrand f, const void *user, double low, double high, const double *marks, int32_t count,
                     double tolerance) {
    double points[PDM__MOST_MARKS + 3];
    refinement r = {f, user, tolerance, MOST_PANELS};
    int32_t n = cut(low, high, marks, count, points);
    double sum = 0;
    for (int32_t i = 1; i < n; i++) {
        sum += refine(&r, points[i - 1], points[i], pdm__gauss_panel(f, user, points[i - 1], points[i]));
    }
    return sum;
}

typedef struct scaled {
    pdm__integrand log_f;
    const void *user;
    double peak; /* of log_f */
} scaled;

static double scaled_value(double u, const void *user) {
    const scaled *s = user;
    return exp(s->log_f(u, s->user) - s->peak);
}

/* Where log_f is highest, by golden section. */
static double find_peak(scaled *s, double low, double high) {
    const double golden = 0.61803398874989485;
    double one = high - golden * (high - low);
    double two = low + golden * (high - low);
    double f_one = s->log_f(one, s->user);
    double f_two = s->log_f(two, s->user);
    for (int32_t i = 0; i < STEPS && high - low > 1e-9; i++) {
        if (f_one > f_two) {
            high = two;
            two = one;
            f_two = f_one;
            one = high - golden * (high - low);
            f_one = s->log_f(one, s->user);
        } else {
            low = one;
            one = two;
            f_one = f_two;
            two = low + golden * (high - low);
            f_two = s->log_f(two, s->user);
        }
    }
    s->peak = fmax(f_one, f_two);
    return f_one > f_two ? one : two;
}

/* Between the peak and an end: where log_f is about DEEP below the peak, or the end. */
static double find_edge(const scaled *s, double peak, double end) {
    double inside = peak;
    if (s->peak - s->log_f(end, s->user) <= DEEP) return end;
    for (int32_t i = 0; i < 60; i++) {
        double middle = 0.5 * (inside + end);
        double drop = s->peak - s->log_f(middle, s->user);
        if (drop > DEEP) {
            end = middle;
        } else {
            inside = middle;
        }
        if (drop > DEEP && drop < DEEP + 10) break;
    }
    return end;
}

/* What lies beyond an end where log_f is still falling outwards along a line. */
static double beyond(const scaled *s, double end, double inwards) {
    double here = s->log_f(end, s->user) - s->peak;
    double slope = s->log_f(end + inwards, s->user) - s->peak - here;
    return here > -DEEP && slope > 0 ? exp(here) / slope : 0;
}

double pdm__log_integral(pdm__integrand log_f, const void *user, double low, double high, const double *marks,
                         int32_t count) {
    double all[PDM__MOST_MARKS + 1];
    double points[PDM__MOST_MARKS + 3];
    scaled s = {log_f, user, 0};
    double peak = find_peak(&s, low, high);
    if (!(s.peak > -PDM__INFINITY)) return -PDM__INFINITY;
    double left = find_edge(&s, peak, low);
    double right = find_edge(&s, peak, high);
    for (int32_t i = 0; i < count; i++) all[i] = marks[i];
    all[count++] = peak;
    double rough = 0;
    int32_t n = cut(left, right, all, count, points);
    for (int32_t i = 1; i < n; i++) rough += pdm__gauss_panel(scaled_value, &s, points[i - 1], points[i]);
    double sum = pdm__integral(scaled_value, &s, left, right, all, count, AGREE * rough);
    return s.peak + log(sum + beyond(&s, low, 1) + beyond(&s, high, -1));
}
