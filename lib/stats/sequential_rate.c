/* Always-valid inference about one rate, and the stitched bound. */
#include <pdmetrics/stats/sequential.h>

#include "stats/calculator.h"
#include "stats/dirichlet.h"

#define LEAST_RATE 1e-300
#define LEAST_EXCESS 0.001 /* of the variance: what the mixture keeps where the tuning leaves it nothing */
#define ZETA_TERMS 20

typedef struct candidate {
    double x, n;
    double t_opt, alpha_opt;
    double log_level;
    bool complement; /* the candidate is 1 − p: near 1 that is the number with digits */
} candidate;

/*
 * ln of the beta-binomial mixture against the rate p, less ln 1/α. The shapes r/(1 − p) and r/p are κp and κ(1 − p) with κ =
 * r/(p(1 − p)): the Dirichlet mixture of two counts.
 */
static double rate_miss(double p, const void *user) {
    const candidate *c = user;
    const double share[2] = {c->complement ? 1 - p : p, c->complement ? p : 1 - p};
    const double observed[2] = {c->x, c->n - c->x};
    double v = share[0] * share[1];
    double log_alpha = -2 * log(c->alpha_opt);
    double rho = v * c->t_opt / (log_alpha + log1p(log_alpha));
    double kappa = fmax(rho - v, LEAST_EXCESS * v) / v;
    return pdm__dirichlet_evidence(observed, share, 2, kappa) - c->log_level;
}

/* The end on the side of the small candidates: 0 where none of them is refuted. */
static double rate_end(candidate *c, double estimate) {
    if (!(estimate > 0)) return 0;
    double f_low = rate_miss(LEAST_RATE, c);
    double top = estimate < 1 ? estimate : 1 - 0x1p-53;
    double f_high = rate_miss(top, c);
    if (f_low <= 0 || f_high >= 0) return f_low <= 0 ? 0 : top;
    return pdm__root(rate_miss, c, LEAST_RATE, top, f_low, f_high, 1e-15 * estimate);
}

pdm_status pdm_rate_sequence(int64_t x, int64_t n, double t_opt, double alpha_opt, double conf_level,
                             const pdm_interval *previous, pdm_interval *out, pdm_error *err) {
    PDM__TRY(pdm__check_counts(x, n, "x", err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    PDM__TRY(pdm__check_level(alpha_opt, "alpha_opt", err));
    if (!(t_opt > 0 && t_opt < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "t_opt", "expected a positive number, got %.17g", t_opt);
    }
    pdm_interval interval = {0, 1, PDM_STATUS_NO_DATA, 0};
    if (n > 0) {
        double count = (double)n;
        double level = -log(pdm__rest_of_level(conf_level));
        candidate c = {(double)x, count, t_opt, alpha_opt, level, false};
        interval.status = PDM_STATUS_OK;
        interval.low = rate_end(&c, (double)x / count);
        c.complement = true;
        interval.high = 1 - rate_end(&c, (double)(n - x) / count);
    }
    if (previous != NULL && previous->status == PDM_STATUS_OK) {
        interval.low = fmax(interval.low, previous->low);
        interval.high = fmin(interval.high, previous->high);
    }
    *out = interval;
    return PDM_OK;
}

/* Riemann's ζ by Euler and Maclaurin, s > 1. */
static double zeta(double s) {
    static const double bernoulli[] = {1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 1.0 / 47900160};
    const double n = ZETA_TERMS;
    double sum = pow(n, 1 - s) / (s - 1) + 0.5 * pow(n, -s);
    double rising = s * pow(n, -s - 1); /* s(s + 1)…(s + 2i) n^{−s−2i−1} */
    for (int32_t k = ZETA_TERMS - 1; k >= 1; k--) sum += pow(k, -s);
    for (int32_t i = 0; i < PDM__COUNT(bernoulli); i++) {
        sum += bernoulli[i] * rising;
        rising *= (s + 2 * i + 1) * (s + 2 * i + 2) / (n * n);
    }
    return sum;
}

pdm_status pdm_stitched_bound(double v, double alpha, double v_min, double c, double s, double eta, double *bound,
                              pdm_error *err) {
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    if (!(v >= 0 && v < PDM__INFINITY && v_min > 0 && v_min < PDM__INFINITY && c >= 0 && c < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "v",
                         "expected v >= 0, v_min > 0 and c >= 0, got %.17g, %.17g, %.17g", v, v_min, c);
    }
    if (!(s > 1 && s < PDM__INFINITY && eta > 1 && eta < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "s", "expected s and eta above 1, got %.17g and %.17g", s, eta);
    }
    double time = fmax(v, v_min);
    double step = log(eta);
    double l = s * log(log(eta * time / v_min)) + log(zeta(s) / (alpha * pow(step, s)));
    double k1 = (pow(eta, 0.25) + pow(eta, -0.25)) / sqrt(2);
    double k2 = 0.5 * (sqrt(eta) + 1) * c * l;
    *bound = sqrt(k1 * k1 * time * l + k2 * k2) + k2;
    return PDM_OK;
}
