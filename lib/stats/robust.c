/* Quantiles and cut values. */
#include <pdmetrics/stats/robust.h>

#include "stats/calculator.h"
#include "stats/quantile.h"

#include <stdlib.h>

static int compare_numbers(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

double pdm_quantile_sorted(const double *sorted, size_t n, double p, int32_t type) {
    if (n == 0 || !(p >= 0 && p <= 1) || type < 0 || type > PDM_QUANTILE_TYPE8) return PDM__NAN;
    pdm__quantile at = pdm__quantile_find(p, n, type);
    return pdm__quantile_between(&at, sorted[at.low], sorted[at.high]);
}

static pdm_status read_options(const pdm_winsor_options *given, pdm_winsor_options *o, pdm_error *err) {
    *o = pdm_winsor_options_default();
    if (given != NULL) {
        if (given->struct_size < sizeof *given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *given,
                             (unsigned)given->struct_size);
        }
        *o = *given;
    }
    if (o->upper == 0) o->upper = 1;
    PDM__TRY(pdm__check_choice(o->type, PDM_QUANTILE_TYPE8 + 1, "type", err));
    PDM__TRY(pdm__check_choice(o->ignore_zeros, 2, "ignore_zeros", err));
    if (!(o->upper > 0.5 && o->upper <= 1)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "upper", "expected a share above 0.5, at most 1, got %.17g",
                         o->upper);
    }
    if (o->lower >= 0 && o->lower < 0.5) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "lower", "expected a share from 0 to below 0.5, got %.17g", o->lower);
}

static pdm_status check_values(const double *values, size_t n, pdm_error *err) {
    for (size_t i = 0; i < n; i++) {
        if (fabs(values[i]) < PDM__INFINITY) continue;
        return pdm__fail(err, PDM_E_BAD_VALUE, (int64_t)i, "values", "expected a finite number, got %.17g", values[i]);
    }
    return PDM_OK;
}

static pdm_status find_caps(pdm_context *context, const double *values, size_t n, const pdm_winsor_options *o,
                            pdm_winsorised *out, pdm_error *err) {
    double *sorted = NULL;
    size_t count = 0;
    if (o->upper == 1 && o->lower == 0) return PDM_OK;
    PDM__TRY(pdm__new(context, n, sizeof *sorted, &sorted, err));
    for (size_t i = 0; i < n; i++) {
        if (!o->ignore_zeros || values[i] != 0) sorted[count++] = values[i];
    }
    if (count > 0) {
        qsort(sorted, count, sizeof *sorted, compare_numbers);
        if (o->upper < 1) out->cap_high = pdm_quantile_sorted(sorted, count, o->upper, o->type);
        if (o->lower > 0) out->cap_low = pdm_quantile_sorted(sorted, count, o->lower, o->type);
    }
    pdm__drop(context, sorted, n, sizeof *sorted);
    return PDM_OK;
}

static double clamp(double x, const pdm_winsorised *w) {
    return x < w->cap_low ? w->cap_low : x > w->cap_high ? w->cap_high : x;
}

static void describe(const double *values, size_t n, double *cut, pdm_winsorised *w) {
    pdm__dd sum = {0, 0};
    pdm__dd squares = {0, 0};
    for (size_t i = 0; i < n; i++) {
        w->n_low += values[i] < w->cap_low;
        w->n_high += values[i] > w->cap_high;
        sum = pdm__dd_sum(sum, (pdm__dd){clamp(values[i], w), 0});
    }
    w->mean = (sum.hi + sum.lo) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = clamp(values[i], w);
        double off = x - w->mean;
        squares = pdm__dd_sum(squares, (pdm__dd){off * off, 0});
        if (cut != NULL) cut[i] = x;
    }
    w->status = n > 1 ? PDM_STATUS_OK : PDM_STATUS_TOO_FEW;
    if (n > 1) w->variance = squares.hi / (double)(n - 1);
}

pdm_status pdm_winsorise(pdm_context *context, const double *values, size_t n, const pdm_winsor_options *options,
                         double *cut, pdm_winsorised *out, pdm_error *err) {
    pdm_winsor_options o;
    pdm_winsorised w = {-PDM__INFINITY, PDM__INFINITY, PDM__NAN, PDM__NAN, (int64_t)n, 0, 0, PDM_STATUS_NO_DATA, 0};
    pdm_context *own = NULL;
    PDM__TRY(read_options(options, &o, err));
    PDM__TRY(check_values(values, n, err));
    if (n > 0) {
        PDM__TRY(pdm__context_or_default(context, &own, err));
        pdm_status status = find_caps(own, values, n, &o, &w, err);
        pdm_context_free(own);
        PDM__TRY(status);
        describe(values, n, cut, &w);
    }
    *out = w;
    return PDM_OK;
}

pdm_status pdm_quantile_ranks(double n, double nu, double conf_level, pdm_interval *ranks, double *least,
                              pdm_error *err) {
    PDM__TRY(pdm__check_level(nu, "nu", err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    if (!(n > 0 && n < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "n", "expected a positive number of values, got %.17g", n);
    }
    double z = pdm__critical(conf_level, PDM_TWO_SIDED);
    double half = z * sqrt(n * nu * (1 - nu));
    double needed = z * z * nu / (1 - nu);
    *ranks = (pdm_interval){n * nu - half, n * nu + half, n > needed ? PDM_STATUS_OK : PDM_STATUS_TOO_FEW, 0};
    if (least != NULL) *least = needed;
    return PDM_OK;
}
