/* Families of p-values. Dunnett's test is in dunnett.c. */
#include <pdmetrics/stats/multiplicity.h>

#include "stats/calculator.h"

#include <pdmetrics/context.h>

#include <stdlib.h>

/* p-values in rising order, with the places they came from. */
typedef struct ranked {
    double p;
    size_t at;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a;
    const ranked *y = b;
    if (x->p != y->p) return x->p < y->p ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static double at_most_1(double p) { return p < 1 ? p : 1; }

/* 1 − (1 − p)^m. */
static double sidak(double p, double m) { return p < 1 ? -expm1(m * log1p(-p)) : 1; }

static double harmonic(size_t m) {
    double sum = 0;
    for (size_t i = m; i >= 1; i--) sum += 1 / (double)i;
    return sum;
}

static double factor_of(const ranked *r, size_t j, size_t m, int32_t method) {
    double left = (double)(m - j);
    switch ((pdm_p_adjustment)method) {
    case PDM_ADJUST_BONFERRONI: return at_most_1((double)m * r[j].p);
    case PDM_ADJUST_HOLM:
    case PDM_ADJUST_HOCHBERG: return at_most_1(left * r[j].p);
    case PDM_ADJUST_BH:
    case PDM_ADJUST_BY: return (double)m * r[j].p / (double)(j + 1);
    case PDM_ADJUST_SIDAK: return sidak(r[j].p, (double)m);
    case PDM_ADJUST_HOLM_SIDAK: return sidak(r[j].p, left);
    case PDM_ADJUST_NONE:
    case PDM_ADJUST_HOMMEL: break;
    }
    return r[j].p;
}

/*
 * Hommel as R does it: for m' = m − 1 … 2 the p-values from the top are bounded by those of Simes' test of m' hypotheses.
 * q and a have m entries.
 */
static void hommel(const ranked *r, size_t m, double *q, double *a) {
    double least = 1;
    for (size_t i = 0; i < m; i++) least = fmin(least, (double)m * r[i].p / (double)(i + 1));
    for (size_t i = 0; i < m; i++) a[i] = q[i] = least;
    for (size_t size = m > 0 ? m - 1 : 0; size >= 2; size--) {
        size_t split = m - size + 1; /* the first `split` and the `size − 1` after them */
        double bound = (double)size * r[split].p / 2;
        for (size_t i = split; i < m; i++) bound = fmin(bound, (double)size * r[i].p / (double)(i - split + 2));
        for (size_t i = 0; i < split; i++) q[i] = fmin((double)size * r[i].p, bound);
        for (size_t i = split; i < m; i++) q[i] = q[split - 1];
        for (size_t i = 0; i < m; i++) a[i] = fmax(a[i], q[i]);
    }
    for (size_t i = 0; i < m; i++) a[i] = at_most_1(fmax(a[i], r[i].p));
}

static void adjust(const ranked *r, size_t m, int32_t method, double *work, double *adjusted) {
    bool down = method == PDM_ADJUST_HOLM || method == PDM_ADJUST_HOLM_SIDAK;
    bool up = method == PDM_ADJUST_HOCHBERG || method == PDM_ADJUST_BH || method == PDM_ADJUST_BY;
    double scale = method == PDM_ADJUST_BY ? harmonic(m) : 1;
    double *sorted = work;
    if (method == PDM_ADJUST_HOMMEL) {
        hommel(r, m, work + m, sorted);
    } else {
        for (size_t j = 0; j < m; j++) sorted[j] = at_most_1(scale * factor_of(r, j, m, method));
    }
    for (size_t j = 1; down && j < m; j++) sorted[j] = fmax(sorted[j], sorted[j - 1]);
    for (size_t j = m; up && j > 1; j--) sorted[j - 2] = fmin(sorted[j - 2], sorted[j - 1]);
    for (size_t j = 0; j < m; j++) adjusted[r[j].at] = sorted[j];
}

static pdm_status check_family(const double *p, size_t m, int32_t method, pdm_error *err) {
    PDM__TRY(pdm__check_choice(method, PDM_ADJUST_HOMMEL + 1, "method", err));
    for (size_t i = 0; i < m; i++) {
        if (p[i] >= 0 && p[i] <= 1) continue;
        return pdm__fail(err, PDM_E_BAD_VALUE, (int64_t)i, "p", "expected a p-value in [0, 1], got %.17g", p[i]);
    }
    return PDM_OK;
}

/* Sorted p-values and 2m doubles of work space, in one piece each. */
typedef struct family {
    pdm_context *context;
    ranked *order;
    double *work;
    size_t m;
} family;

static void family_free(family *f) {
    pdm__drop(f->context, f->work, 2 * f->m, sizeof *f->work);
    pdm__drop(f->context, f->order, f->m, sizeof *f->order);
    pdm_context_free(f->context);
}

static pdm_status family_make(pdm_context *context, const double *p, size_t m, family *f, pdm_error *err) {
    size_t both = 0;
    memset(f, 0, sizeof *f);
    if (!pdm__mul_size(m, 2, &both)) return pdm__fail(err, PDM_E_LIMIT, -1, "p", "too many p-values: %zu", m);
    PDM__TRY(pdm__context_or_default(context, &f->context, err));
    pdm_status status = pdm__new(f->context, m, sizeof *f->order, &f->order, err);
    if (status == PDM_OK) {
        status = pdm__new(f->context, both, sizeof *f->work, &f->work, err);
        if (status != PDM_OK) pdm__drop(f->context, f->order, m, sizeof *f->order);
    }
    if (status != PDM_OK) {
        pdm_context_free(f->context);
        return status;
    }
    f->m = m;
    for (size_t i = 0; i < m; i++) f->order[i] = (ranked){p[i], i};
    qsort(f->order, m, sizeof *f->order, compare_ranked);
    return PDM_OK;
}

pdm_status pdm_p_adjust(pdm_context *context, const double *p, size_t m, int32_t method, double *adjusted,
                        pdm_error *err) {
    family f;
    PDM__TRY(check_family(p, m, method, err));
    if (m == 0) return PDM_OK;
    PDM__TRY(family_make(context, p, m, &f, err));
    adjust(f.order, m, method, f.work, adjusted);
    family_free(&f);
    return PDM_OK;
}

/* k of m are rejected; rank from 0. */
static double alpha_of(int32_t method, size_t rank, size_t k, size_t m, double alpha) {
    double all = (double)m;
    double found = (double)(k > 0 ? k : 1);
    switch ((pdm_p_adjustment)method) {
    case PDM_ADJUST_NONE: return alpha;
    case PDM_ADJUST_BONFERRONI: return alpha / all;
    case PDM_ADJUST_SIDAK: return -expm1(log1p(-alpha) / all);
    case PDM_ADJUST_HOLM: return alpha / (double)(rank < k ? m - rank : m - k);
    case PDM_ADJUST_HOCHBERG: return alpha / (double)(rank < k ? m - k + 1 : m - k);
    case PDM_ADJUST_BH: return alpha * found / all;
    case PDM_ADJUST_BY: return alpha * found / all / harmonic(m);
    case PDM_ADJUST_HOLM_SIDAK:
    case PDM_ADJUST_HOMMEL: break;
    }
    return PDM__NAN;
}

pdm_status pdm_p_adjust_alphas(pdm_context *context, const double *p, size_t m, int32_t method, double alpha,
                               double *alphas, pdm_error *err) {
    family f;
    PDM__TRY(check_family(p, m, method, err));
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    if (m == 0) return PDM_OK;
    PDM__TRY(family_make(context, p, m, &f, err));
    size_t rejected = 0;
    adjust(f.order, m, method, f.work, alphas);
    for (size_t i = 0; i < m; i++) rejected += alphas[i] <= alpha;
    for (size_t j = 0; j < m; j++) alphas[f.order[j].at] = alpha_of(method, j, rejected, m, alpha);
    family_free(&f);
    return PDM_OK;
}

pdm_status pdm_weighted_alphas(double alpha, double primary_share, int32_t treatments, int32_t metrics, double *primary,
                               double *other, pdm_error *err) {
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    PDM__TRY(pdm__check_level(primary_share, "primary_share", err));
    if (treatments < 1 || metrics < 1) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "treatments",
                         "expected at least 1 treatment and 1 metric, got %d and %d", treatments, metrics);
    }
    *primary = primary_share * alpha / treatments;
    *other = metrics > 1 ? (1 - primary_share) * alpha / ((double)treatments * (metrics - 1)) : PDM__NAN;
    return PDM_OK;
}
