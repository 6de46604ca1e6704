/* Sums become means, variances and covariances: numerators in whole numbers, one rounding at the end. */
#include "metrics/experiment_internal.h"

#include "stats/special.h"

#include <math.h>

/* ΣX_i, ΣX_i X_j of a metric in a cell. */
typedef struct sums {
    const pdm__experiment_metric *metric;
    int64_t *words;
    int64_t n;
} sums;

static void sum_of(const sums *s, int32_t i, pdm__big *out) {
    pdm__big_of_limbs(out, pdm__experiment_sum(s->metric, s->words, i), pdm__experiment_limbs(s->metric));
}

static void product_of(const sums *s, int32_t i, int32_t j, pdm__big *out) {
    int32_t pair = pdm__experiment_pair(i, j, s->metric->columns);
    pdm__big_of_limbs(out, pdm__experiment_product(s->metric, s->words, pair),
                      pdm__experiment_product_limbs(s->metric));
}

/* a·10^places */
static void scale_up(pdm__big *a, int32_t places) {
    pdm__big ten;
    pdm__big_of_int(&ten, 10);
    for (int32_t i = 0; i < places; i++) pdm__big_mul(a, a, &ten);
}

/* Binary places of a product of `factors` values: doubles are whole multiples of 2^-1074. */
static int32_t exponent_of(const sums *s, int32_t factors) {
    return pdm__experiment_is_real(s->metric) ? -factors * PDM__REAL_EXPONENT : 0;
}

static int32_t places_of(const sums *s, int32_t i) {
    return pdm__experiment_is_real(s->metric) ? 0 : s->metric->scales[i];
}

static double mean_of(const sums *s, int32_t i) {
    pdm__big sum;
    pdm__big n;
    sum_of(s, i, &sum);
    pdm__big_of_int(&n, s->n);
    scale_up(&n, places_of(s, i));
    return pdm__big_ratio(&sum, &n, exponent_of(s, 1));
}

/* (nΣXY − ΣX ΣY)/(n(n − 1)) */
static double covariance_of(const sums *s, int32_t i, int32_t j) {
    pdm__big n;
    pdm__big x;
    pdm__big y;
    pdm__big xy;
    pdm__big_of_int(&n, s->n);
    sum_of(s, i, &x);
    sum_of(s, j, &y);
    product_of(s, i, j, &xy);
    pdm__big_mul(&xy, &xy, &n);
    pdm__big_mul(&x, &x, &y);
    pdm__big_sub(&xy, &xy, &x);
    pdm__big_of_int(&y, s->n - 1);
    pdm__big_mul(&n, &n, &y);
    scale_up(&n, places_of(s, i) + places_of(s, j));
    return pdm__big_ratio(&xy, &n, exponent_of(s, 2));
}

/* ---- ratios ---- */

/* Σ over Σ; NaN if the denominators add up to 0. Both columns have the same scale, so it falls out. */
static double ratio_of(const sums *s, int32_t i) {
    pdm__big numerator;
    pdm__big denominator;
    sum_of(s, i, &numerator);
    sum_of(s, i + 1, &denominator);
    if (pdm__big_is_zero(&denominator) || denominator.negative) return PDM__NAN;
    return pdm__big_ratio(&numerator, &denominator, 0);
}

/* sum += ±a·b·ΣX_i X_j */
static void add_term(const sums *s, const pdm__big *a, const pdm__big *b, int32_t i, int32_t j, bool minus,
                     pdm__big *sum) {
    pdm__big part;
    product_of(s, i < j ? i : j, i < j ? j : i, &part);
    pdm__big_mul(&part, &part, a);
    pdm__big_mul(&part, &part, b);
    if (minus) {
        pdm__big_sub(sum, sum, &part);
    } else {
        pdm__big_add(sum, sum, &part);
    }
}

/*
 * Covariance of the units (M − R·D)/D̄ of the ratios in columns i and j, whose mean is 0; with T for sums
 * n²(T_D T_D' ΣMM' − T_D T_M' ΣMD' − T_M T_D' ΣDM' + T_M T_M' ΣDD')/((n − 1) T_D² T_D'²).
 */
static double ratio_covariance(const sums *s, int32_t i, int32_t j) {
    pdm__big m_i;
    pdm__big d_i;
    pdm__big m_j;
    pdm__big d_j;
    pdm__big sum;
    pdm__big by;
    sum_of(s, i, &m_i);
    sum_of(s, i + 1, &d_i);
    sum_of(s, j, &m_j);
    sum_of(s, j + 1, &d_j);
    pdm__big_of_int(&sum, 0);
    add_term(s, &d_i, &d_j, i, j, false, &sum);
    add_term(s, &d_i, &m_j, i, j + 1, true, &sum);
    add_term(s, &m_i, &d_j, i + 1, j, true, &sum);
    add_term(s, &m_i, &m_j, i + 1, j + 1, false, &sum);
    pdm__big_of_int(&by, s->n);
    pdm__big_mul(&by, &by, &by);
    pdm__big_mul(&sum, &sum, &by);
    pdm__big_mul(&d_i, &d_i, &d_j);
    pdm__big_mul(&d_i, &d_i, &d_i);
    pdm__big_of_int(&by, s->n - 1);
    pdm__big_mul(&by, &by, &d_i);
    return pdm__big_ratio(&sum, &by, 0);
}

static void ratio_moments(const sums *s, pdm__experiment_moments *out) {
    out->mean = ratio_of(s, 0);
    if (s->n > 1 && !isnan(out->mean)) out->variance = ratio_covariance(s, 0, 0);
    if (s->metric->covariates == 0) return;
    out->covariate_means[0] = ratio_of(s, 2);
    if (s->n < 2 || isnan(out->covariate_means[0])) return;
    out->matrix[0][0] = ratio_covariance(s, 2, 2);
    if (isnan(out->mean)) return;
    out->covariances[0] = ratio_covariance(s, 0, 2);
}

/* ---- means ---- */

static void mean_moments(const sums *s, pdm__experiment_moments *out) {
    out->mean = mean_of(s, 0);
    for (int32_t i = 0; i < s->metric->covariates; i++) out->covariate_means[i] = mean_of(s, 1 + i);
    if (s->n < 2) return;
    out->variance = covariance_of(s, 0, 0);
    for (int32_t i = 0; i < s->metric->covariates; i++) {
        out->covariances[i] = covariance_of(s, 0, 1 + i);
        for (int32_t j = i; j < s->metric->covariates; j++)
            out->matrix[i][j] = out->matrix[j][i] = covariance_of(s, 1 + i, 1 + j);
    }
}

static int64_t successes_of(const sums *s) {
    pdm__big sum;
    pdm__big one;
    sum_of(s, 0, &sum);
    pdm__big_of_int(&one, 1);
    double count = pdm__big_ratio(&sum, &one, exponent_of(s, 1));
    return count > 0 && count < 0x1p53 ? (int64_t)count : 0;
}

void pdm__experiment_moments_of(const pdm__experiment_work *work, int32_t group, int32_t arm, int32_t metric,
                                pdm__experiment_moments *out) {
    const pdm__experiment_metric *m = &work->plan->metrics[metric];
    sums s = {.metric = m, .words = pdm__experiment_cell(work, group, arm, metric)};
    s.n = s.words[EXPERIMENT_N];
    *out = (pdm__experiment_moments){.n = s.n, .mean = PDM__NAN, .variance = PDM__NAN};
    for (int32_t i = 0; i < m->covariates; i++) {
        out->covariate_means[i] = out->covariances[i] = PDM__NAN;
        for (int32_t j = 0; j < m->covariates; j++) out->matrix[i][j] = PDM__NAN;
    }
    if (s.n == 0) return;
    if (m->kind == EXPERIMENT_RATIO) {
        ratio_moments(&s, out);
    } else {
        mean_moments(&s, out);
    }
    if (m->kind == EXPERIMENT_CONVERSION) out->successes = successes_of(&s);
    if (m->kind == EXPERIMENT_CONVERSION && m->covariates == 0 && work->plan->options->variance != 0)
        out->variance = out->mean * (1 - out->mean);
}
