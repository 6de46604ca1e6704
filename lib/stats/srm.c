/* Sample ratio mismatch. Shares of weights are taken among the arms of positive weight; arms of weight 0 have no outcome. */
#include <pdmetrics/stats/srm.h>

#include "stats/calculator.h"
#include "stats/dirichlet.h"

#include <pdmetrics/stats/distribution.h>

#define MOST_ARMS 64
#define MOST_OUTCOMES 1e6
#define ALIKE 1e-7 /* outcomes that are as likely as the observed one but for rounding */
#define LEAST_EXPECTED 5

typedef struct split {
    double observed[MOST_ARMS];
    double share[MOST_ARMS];
    int32_t arms; /* of positive weight */
    double n;     /* units in them */
} split;

/* ------------------------------------------------------------------------------------------------------------- checks */

static pdm_status read_options(const pdm_srm_options *given, pdm_srm_options *o, pdm_error *err) {
    *o = pdm_srm_options_default();
    if (given != NULL) {
        if (given->struct_size < sizeof *given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *given,
                             (unsigned)given->struct_size);
        }
        *o = *given;
    }
    if (o->alpha == 0) o->alpha = 0.001;
    if (o->concentration == 0) o->concentration = 10000;
    PDM__TRY(pdm__check_choice(o->method, PDM_SRM_SEQUENTIAL + 1, "method", err));
    PDM__TRY(pdm__check_level(o->alpha, "alpha", err));
    if (o->concentration > 0 && o->concentration < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "concentration", "expected a positive number, got %.17g",
                     o->concentration);
}

/* Also n of all arms and traffic where none should be. */
static pdm_status read_split(const int64_t *observed, const double *weights, int32_t arms, split *s, pdm_srm *out,
                             pdm_error *err) {
    double sum = 0;
    if (arms < 1 || arms > MOST_ARMS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "arms", "expected 1 to %d arms, got %d", MOST_ARMS, arms);
    }
    for (int32_t i = 0; i < arms; i++) {
        double w = weights == NULL ? 1 : weights[i];
        if (!(w >= 0 && w < PDM__INFINITY)) {
            return pdm__fail(err, PDM_E_BAD_WEIGHTS, i, "weights", "expected weights of at least 0, got %.17g", w);
        }
        if (observed[i] < 0 || observed[i] >= PDM__LARGEST_COUNT - out->n) {
            return pdm__fail(err, PDM_E_BAD_VALUE, i, "observed",
                             "expected counts of at least 0 that add up to less than 2^53, got %lld",
                             (long long)observed[i]);
        }
        out->n += observed[i];
        sum += w;
        if (w == 0 && observed[i] > 0) out->warnings |= PDM_WARNING_ZERO_WEIGHT_TRAFFIC;
        if (w == 0) continue;
        s->observed[s->arms] = (double)observed[i];
        s->share[s->arms++] = w;
        s->n += (double)observed[i];
    }
    if (!(sum > 0 && sum < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_WEIGHTS, -1, "weights", "expected a positive sum of weights, got %.17g", sum);
    }
    for (int32_t i = 0; i < s->arms; i++) s->share[i] /= sum;
    return PDM_OK;
}

/* -------------------------------------------------------------------------------------------------------------- exact */

/* Possible outcomes; at least something above the limit where there are more. */
static double outcomes_of(const split *s) {
    double count = 1;
    for (int32_t i = 1; i < s->arms && count <= MOST_OUTCOMES; i++) count *= (s->n + i) / i;
    return count;
}

static void set_log_p(pdm_srm *out, double log_p) {
    out->log_p = log_p < 0 ? log_p : 0;
    out->p = exp(out->log_p);
}

/* The last outcome from `outside`, which is no likelier than `limit`, towards `inside`, which is likelier; between them it rises. */
static int64_t last_unlikely(int64_t outside, int64_t inside, int64_t n, double p, double limit) {
    while (outside - inside > 1 || inside - outside > 1) {
        int64_t middle = outside + (inside - outside) / 2;
        if (pdm_binomial_log_pmf(middle, n, p) <= limit) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    return outside;
}

static void exact_two(const split *s, pdm_srm *out) {
    int64_t n = (int64_t)s->n;
    int64_t k = (int64_t)s->observed[0];
    double p = s->share[0];
    int64_t mode = (int64_t)floor((s->n + 1) * p);
    if (mode > n) mode = n;
    double limit = pdm_binomial_log_pmf(k, n, p) + log1p(ALIKE);
    double log_low = -PDM__INFINITY;
    double log_high = -PDM__INFINITY;
    set_log_p(out, 0);
    if (pdm_binomial_log_pmf(mode, n, p) <= limit) return;
    if (pdm_binomial_log_pmf(0, n, p) <= limit) {
        log_low = pdm_binomial_log_cdf(last_unlikely(k < mode ? k : 0, mode, n, p, limit), n, p);
    }
    if (pdm_binomial_log_pmf(n, n, p) <= limit) {
        log_high = pdm_binomial_log_sf(last_unlikely(k > mode ? k : n, mode, n, p, limit) - 1, n, p);
    }
    double most = fmax(log_low, log_high);
    set_log_p(out, most + log(exp(log_low - most) + exp(log_high - most)));
}

typedef struct enumeration {
    const split *split;
    double limit; /* ln probability, less ln n! */
    double top;   /* of the observed outcome */
    double sum;   /* of probabilities up to the limit, in units of the observed one */
} enumeration;

/* Outcomes of the arms from `arm` on, with `left` units to share out and `so_far` the ln of the factors before. */
static void enumerate(enumeration *e, int32_t arm, double left, double so_far) {
    double log_share = log(e->split->share[arm]);
    if (arm == e->split->arms - 1) {
        double l = so_far + left * log_share - pdm_log_gamma(left + 1);
        if (l <= e->limit) e->sum += exp(l - e->top);
        return;
    }
    for (double x = 0; x <= left; x++) {
        enumerate(e, arm + 1, left - x, so_far + x * log_share - pdm_log_gamma(x + 1));
    }
}

static void exact_many(const split *s, pdm_srm *out) {
    enumeration e = {.split = s};
    for (int32_t i = 0; i < s->arms; i++) {
        e.top += s->observed[i] * log(s->share[i]) - pdm_log_gamma(s->observed[i] + 1);
    }
    e.limit = e.top + log1p(ALIKE);
    enumerate(&e, 0, s->n, 0);
    set_log_p(out, e.top + pdm_log_gamma(s->n + 1) + log(e.sum));
}

/* ------------------------------------------------------------------------------------------------------------- others */

static void chi2_test(const split *s, pdm_srm *out) {
    double chi2 = 0;
    for (int32_t i = 0; i < s->arms; i++) {
        double expected = s->n * s->share[i];
        chi2 += (s->observed[i] - expected) * ((s->observed[i] - expected) / expected);
    }
    out->chi2 = chi2;
    out->df = s->arms - 1;
    out->p = pdm_chi2_sf(chi2, out->df);
    out->log_p = pdm_chi2_log_sf(chi2, out->df);
}

static void z_test(const split *s, pdm_srm *out) {
    double beyond = fmax(0, fabs(s->observed[0] - s->n * s->share[0]) - 0.5);
    double z = beyond / sqrt(s->n * s->share[0] * s->share[1]);
    out->chi2 = z * z;
    out->df = 1;
    pdm__p_of_t(z, PDM__INFINITY, PDM_TWO_SIDED, &out->p, &out->log_p);
}

static void sequential_test(const split *s, double kappa, pdm_srm *out) {
    out->log_bayes_factor = pdm__dirichlet_evidence(s->observed, s->share, s->arms, kappa);
    set_log_p(out, -out->log_bayes_factor);
}

static bool has_low_expected(const split *s) {
    for (int32_t i = 0; i < s->arms; i++) {
        if (s->n * s->share[i] < LEAST_EXPECTED) return true;
    }
    return false;
}

static pdm_status choose(const split *s, int32_t method, pdm_srm *out, pdm_error *err) {
    bool low = has_low_expected(s);
    bool enumerable = outcomes_of(s) <= MOST_OUTCOMES;
    out->method = method != PDM_SRM_AUTO ? method : low && enumerable ? PDM_SRM_EXACT : PDM_SRM_CHI2;
    if (low && (out->method == PDM_SRM_CHI2 || out->method == PDM_SRM_Z_CC)) out->warnings |= PDM_WARNING_LOW_EXPECTED;
    if (out->method == PDM_SRM_Z_CC && s->arms > 2) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "method", "expected two arms of positive weight for z, got %d",
                         s->arms);
    }
    if (out->method == PDM_SRM_EXACT && s->arms > 2 && !enumerable) {
        return pdm__fail(err, PDM_E_LIMIT, -1, "method", "%.0f units in %d arms have more than 10^6 outcomes", s->n,
                         s->arms);
    }
    return PDM_OK;
}

static void run(const split *s, const pdm_srm_options *o, pdm_srm *out) {
    switch (out->method) {
    case PDM_SRM_EXACT:
        if (s->arms == 2) {
            exact_two(s, out);
        } else {
            exact_many(s, out);
        }
        return;
    case PDM_SRM_Z_CC: z_test(s, out); return;
    case PDM_SRM_SEQUENTIAL: sequential_test(s, o->concentration, out); return;
    default: chi2_test(s, out); return;
    }
}

pdm_status pdm_srm_test(const int64_t *observed, const double *weights, int32_t arms, const pdm_srm_options *options,
                        pdm_srm *out, pdm_error *err) {
    pdm_srm_options o;
    split s = {.arms = 0};
    pdm_srm test = {.chi2 = PDM__NAN, .df = PDM__NAN, .p = 1, .log_bayes_factor = PDM__NAN};
    PDM__TRY(read_options(options, &o, err));
    PDM__TRY(read_split(observed, weights, arms, &s, &test, err));
    test.arms = s.arms;
    PDM__TRY(choose(&s, o.method, &test, err));
    if (test.warnings & PDM_WARNING_ZERO_WEIGHT_TRAFFIC) {
        test.status = PDM_STATUS_MISMATCH;
        test.p = 0;
        test.log_p = -PDM__INFINITY;
    } else if (s.arms == 1) {
        test.status = PDM_STATUS_SINGLE_ARM;
    } else if (test.n == 0 && test.method != PDM_SRM_SEQUENTIAL) {
        test.status = PDM_STATUS_NO_DATA;
    } else {
        run(&s, &o, &test);
        test.status = test.n == 0 ? PDM_STATUS_NO_DATA : test.p < o.alpha ? PDM_STATUS_MISMATCH : PDM_STATUS_OK;
    }
    if (test.n == 0) test.warnings &= ~PDM_WARNING_LOW_EXPECTED;
    *out = test;
    return PDM_OK;
}
