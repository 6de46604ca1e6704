/* Tests of two rates: approximate, exact, and against a margin. */
#include "stats/calculator.h"
#include "stats/hypergeometric.h"
#include "stats/score_test.h"

#include <pdmetrics/stats/distribution.h>

#define HALF_WORD 0x1p31  /* products of counts below it fit a word */
#define FISHER_SLACK 1e-7 /* tables within it count as equally likely, as in R */

/* a b | c d: successes and failures of control, then of treatment. */
typedef struct table {
    double x_c, f_c, n_c;
    double x_t, f_t, n_t;
    double n;
    double cross; /* x_t f_c − x_c f_t, exact before it is rounded */
} table;

static table table_of(const pdm_two_proportions *k) {
    int64_t f_c = k->n_control - k->x_control;
    int64_t f_t = k->n_treatment - k->x_treatment;
    table t = {(double)k->x_control,
               (double)f_c,
               (double)k->n_control,
               (double)k->x_treatment,
               (double)f_t,
               (double)k->n_treatment,
               0,
               0};
    t.n = t.n_c + t.n_t;
    if (t.n < HALF_WORD) {
        t.cross = (double)(k->x_treatment * f_c - k->x_control * f_t);
    } else {
        t.cross = (double)((pdm__int128)k->x_treatment * f_c - (pdm__int128)k->x_control * f_t);
    }
    return t;
}

static int32_t expected_warning(const table *t) {
    double x = t->x_c + t->x_t;
    double f = t->f_c + t->f_t;
    double least = (x < f ? x : f) * ((t->n_c < t->n_t ? t->n_c : t->n_t) / t->n);
    return least < 5 ? PDM_WARNING_LOW_EXPECTED : 0;
}

static void finish_z(double z, int32_t alternative, pdm_test *out) {
    out->statistic = z;
    out->df = PDM__INFINITY;
    pdm__p_of_t(z, PDM__INFINITY, alternative, &out->p, &out->log_p);
}

static void finish_chi2(double chi2, pdm_test *out) {
    out->statistic = chi2;
    out->df = 1;
    out->p = pdm_chi2_sf(chi2, 1);
    out->log_p = pdm_chi2_log_sf(chi2, 1);
}

/* Nothing or everything converted: no evidence against "no difference". */
static void degenerate(double df, pdm_test *out) {
    out->df = df;
    out->statistic = 0;
    out->p = 1;
    out->log_p = 0;
}

static void pooled(const table *t, bool corrected, int32_t alternative, pdm_test *out) {
    double share = (t->x_c + t->x_t) / t->n * ((t->f_c + t->f_t) / t->n);
    double difference = t->cross / t->n_c / t->n_t;
    if (corrected) {
        double less = fabs(difference) - 0.5 * (1 / t->n_c + 1 / t->n_t);
        difference = copysign(less > 0 ? less : 0, difference);
    }
    out->se = sqrt(share * (t->n / t->n_c / t->n_t));
    finish_z(difference / out->se, alternative, out);
}

static void unpooled(const table *t, int32_t alternative, pdm_test *out) {
    double variance = t->x_c / t->n_c * (t->f_c / t->n_c) / t->n_c + t->x_t / t->n_t * (t->f_t / t->n_t) / t->n_t;
    out->se = sqrt(variance);
    if (variance > 0) {
        finish_z(t->cross / t->n_c / t->n_t / out->se, alternative, out);
    } else {
        out->status = PDM_STATUS_ZERO_VARIANCE;
    }
}

static void yates(const table *t, pdm_test *out) {
    double miss = fabs(t->cross);
    double less = 0.5 * t->n < miss ? 0.5 * t->n : miss;
    double z = (miss - less) / sqrt(t->n_c) / sqrt(t->n_t) / sqrt((t->x_c + t->x_t) * ((t->f_c + t->f_t) / t->n));
    finish_chi2(z * z, out);
}

/*
 * Σ O ln(O/E) of an arm = x ln(1 + r/E_x) + f ln(1 − r/E_f), r = x − np. With ln(1 + u) = u + (ln(1 + u) − u) the linear parts add up
 * to r²(1/E_x + 1/E_f), so near "no difference" nothing cancels.
 */
static double arm_deviance(double x, double f, double rest, double p, double q) {
    double n = x + f;
    double u = rest / (p * n);
    double v = -rest / (q * n);
    double sum = rest * (u - v);
    if (x > 0) sum += x * pdm__log1p_minus(u, x / (p * n));
    if (f > 0) sum += f * pdm__log1p_minus(v, f / (q * n));
    return sum;
}

static void likelihood_ratio(const table *t, pdm_test *out) {
    double p = (t->x_c + t->x_t) / t->n;
    double q = (t->f_c + t->f_t) / t->n;
    double rest = t->cross / t->n; /* what the treatment has more than expected, and the control less */
    double g = 2 * (arm_deviance(t->x_c, t->f_c, -rest, p, q) + arm_deviance(t->x_t, t->f_t, rest, p, q));
    finish_chi2(g > 0 ? g : 0, out);
}

/* --------------------------------------------------------------------------------------------------------------- exact */

/* ln P(K ≥ k) or ln P(K ≤ k). */
static double log_side(const pdm__hypergeometric *h, int64_t k, bool upwards) {
    bool outwards = upwards ? k >= h->mode : k <= h->mode;
    if (outwards) return pdm__hypergeometric_log_pmf(h, k) + log(pdm__hypergeometric_tail(h, k, upwards));
    int64_t other = upwards ? k - 1 : k + 1;
    if (other < h->low || other > h->high) return 0;
    return log1p(-exp(pdm__hypergeometric_log_pmf(h, other)) * pdm__hypergeometric_tail(h, other, !upwards));
}

/* The outermost-but-one: nearest to the mode, going outwards, where ln pmf ≤ limit; beyond the support if there is none. */
static int64_t find_unlikely(const pdm__hypergeometric *h, double limit, bool upwards) {
    int64_t likely = h->mode; /* assumed above the limit */
    int64_t unlikely = upwards ? h->high + 1 : h->low - 1;
    if (pdm__hypergeometric_log_pmf(h, likely) <= limit) return likely;
    while (upwards ? unlikely - likely > 1 : likely - unlikely > 1) {
        int64_t middle = likely + (unlikely - likely) / 2;
        if (pdm__hypergeometric_log_pmf(h, middle) <= limit) {
            unlikely = middle;
        } else {
            likely = middle;
        }
    }
    return unlikely;
}

/* Tables at least as unlikely as the observed one, and half of those that are as likely (in units of the observed one). */
static double both_sides(const pdm__hypergeometric *h, double observed, bool half_off) {
    double limit = observed + FISHER_SLACK;
    int64_t below = find_unlikely(h, limit, false);
    int64_t above = find_unlikely(h, limit, true);
    double sum = 0;
    if (below >= h->low) {
        sum += exp(pdm__hypergeometric_log_pmf(h, below) - observed) * pdm__hypergeometric_tail(h, below, false);
    }
    if (above == below) above++;
    if (above <= h->high) {
        sum += exp(pdm__hypergeometric_log_pmf(h, above) - observed) * pdm__hypergeometric_tail(h, above, true);
    }
    if (!half_off) return sum;
    for (int32_t side = 0; side < 2; side++) {
        int64_t step = side == 0 ? -1 : 1;
        for (int64_t k = side == 0 ? below : above; k >= h->low && k <= h->high; k += step) {
            double log_pmf = pdm__hypergeometric_log_pmf(h, k);
            if (log_pmf < observed - FISHER_SLACK) break;
            sum -= 0.5 * exp(log_pmf - observed);
        }
    }
    return sum;
}

static void exact(const pdm_two_proportions *k, bool half_off, int32_t alternative, pdm_test *out) {
    pdm__hypergeometric h;
    (void)pdm__hypergeometric_make(k->n_control + k->n_treatment, k->x_control + k->x_treatment, k->n_treatment, &h);
    double observed = pdm__hypergeometric_log_pmf(&h, k->x_treatment);
    if (alternative == PDM_TWO_SIDED) {
        out->log_p = observed + log(both_sides(&h, observed, half_off));
    } else {
        out->log_p = log_side(&h, k->x_treatment, alternative == PDM_GREATER);
        if (half_off) out->log_p += log1p(-0.5 * exp(observed - out->log_p));
    }
    if (out->log_p > 0) out->log_p = 0;
    out->p = exp(out->log_p);
    out->warnings |= PDM_WARNING_P_EXACT;
}

/* ---------------------------------------------------------------------------------------------------------------- calls */

static const pdm_test nothing = {(double)NAN, (double)NAN,        (double)NAN, (double)NAN,
                                 (double)NAN, PDM_STATUS_NO_DATA, 0,           0};

static pdm_status check_test(const pdm_two_proportions *k, int32_t kind, int32_t kinds, int32_t alternative,
                             pdm_error *err) {
    PDM__TRY(pdm__check_choice(kind, kinds, "test", err));
    PDM__TRY(pdm__check_choice(alternative, PDM_LESS + 1, "alternative", err));
    PDM__TRY(pdm__check_counts(k->x_control, k->n_control, "control", err));
    return pdm__check_counts(k->x_treatment, k->n_treatment, "treatment", err);
}

pdm_status pdm_proportion_test(const pdm_two_proportions *counts, int32_t kind, int32_t alternative, pdm_test *out,
                               pdm_error *err) {
    PDM__TRY(check_test(counts, kind, PDM_TEST_MIDP + 1, alternative, err));
    if (alternative != PDM_TWO_SIDED && (kind == PDM_TEST_CHI2_YATES || kind == PDM_TEST_G)) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "alternative",
                         "expected a two-sided alternative: this test has no sign");
    }
    table t = table_of(counts);
    *out = nothing;
    if (t.n_c == 0 || t.n_t == 0) return PDM_OK;
    out->status = PDM_STATUS_OK;
    out->warnings = expected_warning(&t);
    if ((t.x_c + t.x_t == 0 || t.f_c + t.f_t == 0) && kind != PDM_TEST_UNPOOLED) {
        out->status = PDM_STATUS_DEGENERATE;
        if (kind < PDM_TEST_FISHER) { /* exact tests know the one table there is */
            degenerate(kind <= PDM_TEST_POOLED_CC ? PDM__INFINITY : 1, out);
            return PDM_OK;
        }
    }
    switch ((pdm_proportion_test_kind)kind) {
    case PDM_TEST_POOLED: pooled(&t, false, alternative, out); break;
    case PDM_TEST_POOLED_CC: pooled(&t, true, alternative, out); break;
    case PDM_TEST_UNPOOLED: unpooled(&t, alternative, out); break;
    case PDM_TEST_CHI2_YATES: yates(&t, out); break;
    case PDM_TEST_G: likelihood_ratio(&t, out); break;
    case PDM_TEST_FISHER: exact(counts, false, alternative, out); break;
    case PDM_TEST_MIDP: exact(counts, true, alternative, out); break;
    }
    return PDM_OK;
}

/* Statistic against a margin on either scale; the sign is that of "the effect is greater". */
static double margin_statistic(const pdm_two_proportions *k, int32_t method, int32_t scale, double margin,
                               pdm_test *out) {
    table t = table_of(k);
    double inflation = method == PDM_MARGIN_MIETTINEN_NURMINEN ? t.n / (t.n - 1) : 1;
    if (scale == PDM_SCALE_LIFT) return pdm__score_of_ratio(k, 1 + margin, inflation);
    if (method == PDM_MARGIN_WALD) {
        unpooled(&t, PDM_GREATER, out);
        return (t.cross / t.n_c / t.n_t - margin) / out->se;
    }
    out->se = sqrt(pdm__fit_difference(k, margin).spread * inflation);
    return pdm__score_of_difference(k, margin, inflation);
}

pdm_status pdm_proportion_margin_test(const pdm_two_proportions *counts, int32_t method, int32_t scale,
                                      int32_t alternative, double margin, pdm_test *out, pdm_error *err) {
    PDM__TRY(check_test(counts, method, PDM_MARGIN_WALD + 1, alternative, err));
    PDM__TRY(pdm__check_choice(scale, PDM_SCALE_DIFFERENCE + 1, "scale", err));
    if (alternative == PDM_TWO_SIDED) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "alternative", "expected greater or less: a margin has one side");
    }
    bool fits = scale == PDM_SCALE_LIFT ? margin > -1 && margin < PDM__INFINITY : margin > -1 && margin < 1;
    if (!fits) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "margin",
                         "expected a margin above -1 and, for a difference, below 1, got %.17g", margin);
    }
    if (scale == PDM_SCALE_LIFT && method == PDM_MARGIN_WALD) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "method", "the Wald test has no lift scale");
    }
    *out = nothing;
    if (counts->n_control == 0 || counts->n_treatment == 0) return PDM_OK;
    out->status = PDM_STATUS_OK;
    double z = margin_statistic(counts, method, scale, margin, out);
    if (out->status == PDM_STATUS_OK) finish_z(z, alternative, out);
    return PDM_OK;
}
