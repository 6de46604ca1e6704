/* Conformance vectors of the distributions. */
#include "vectors.h"

#include <pdmetrics/stats/distribution.h>

#include <math.h>

static double smaller_twice(double a, double b) { return 2 * (a < b ? a : b); }

static void check_tails(vector_case *c, double cdf, double sf, double log_cdf, double log_sf) {
    vector_check_with_log(c, "cdf", cdf, log_cdf);
    vector_check_with_log(c, "sf", sf, log_sf);
    vector_check(c, "log_sf", log_sf);
    vector_check_with_log(c, "two_sided_p", smaller_twice(sf, cdf), log(2) + (log_sf < log_cdf ? log_sf : log_cdf));
}

static void run_norm(vector_case *c) {
    double x = vector_real(c, "x");
    check_tails(c, pdm_normal_cdf(x), pdm_normal_sf(x), pdm_normal_log_cdf(x), pdm_normal_log_sf(x));
}

static void run_t(vector_case *c) {
    double t = vector_real(c, "t");
    double df = vector_real(c, "df");
    check_tails(c, pdm_t_cdf(t, df), pdm_t_sf(t, df), pdm_t_log_cdf(t, df), pdm_t_log_sf(t, df));
}

static void run_chi2(vector_case *c) {
    double x = vector_real(c, "x");
    double df = vector_real(c, "df");
    check_tails(c, pdm_chi2_cdf(x, df), pdm_chi2_sf(x, df), pdm_chi2_log_cdf(x, df), pdm_chi2_log_sf(x, df));
}

static void run_f(vector_case *c) {
    double x = vector_real(c, "x");
    double d1 = vector_real(c, "d1");
    double d2 = vector_real(c, "d2");
    check_tails(c, pdm_f_cdf(x, d1, d2), pdm_f_sf(x, d1, d2), pdm_f_log_cdf(x, d1, d2), pdm_f_log_sf(x, d1, d2));
}

static void run_ibeta(vector_case *c) {
    double x = vector_real(c, "x");
    double a = vector_real(c, "a");
    double b = vector_real(c, "b");
    check_tails(c, pdm_beta_cdf(x, a, b), pdm_beta_sf(x, a, b), pdm_beta_log_cdf(x, a, b), pdm_beta_log_sf(x, a, b));
}

static void run_nct(vector_case *c) {
    double t = vector_real(c, "t");
    double df = vector_real(c, "df");
    double nc = vector_real(c, "nc");
    check_tails(c, pdm_noncentral_t_cdf(t, df, nc), pdm_noncentral_t_sf(t, df, nc), pdm_noncentral_t_log_cdf(t, df, nc),
                pdm_noncentral_t_log_sf(t, df, nc));
}

static void run_norm_isf(vector_case *c) { vector_check(c, "x", pdm_normal_isf(vector_real(c, "p"))); }
static void run_norm_ppf(vector_case *c) { vector_check(c, "x", pdm_normal_quantile(vector_real(c, "p"))); }
static void run_t_isf(vector_case *c) { vector_check(c, "t", pdm_t_isf(vector_real(c, "p"), vector_real(c, "df"))); }

static void run_chi2_isf(vector_case *c) {
    vector_check(c, "x", pdm_chi2_isf(vector_real(c, "p"), vector_real(c, "df")));
}

static void run_beta_ppf(vector_case *c) {
    vector_check(c, "x", pdm_beta_quantile(vector_real(c, "p"), vector_real(c, "a"), vector_real(c, "b")));
}

static void run_binomial(vector_case *c) {
    int64_t k = vector_int(c, "k") - 1;
    int64_t n = vector_int(c, "n");
    double p = vector_real(c, "p");
    vector_check_with_log(c, "p_ge", pdm_binomial_sf(k, n, p), pdm_binomial_log_sf(k, n, p));
    vector_check_with_log(c, "p_lt", pdm_binomial_cdf(k, n, p), pdm_binomial_log_cdf(k, n, p));
}

/* From the quantiles themselves: levels like 1 − 1e-7 do not survive as a level. */
static void run_clopper_pearson(vector_case *c) {
    double x = vector_real(c, "count");
    double n = vector_real(c, "nobs");
    double half = vector_real(c, "alpha") / 2;
    vector_check(c, "low", x > 0 ? pdm_beta_quantile(half, x, n - x + 1) : 0);
    vector_check(c, "high", x < n ? pdm_beta_isf(half, x + 1, n - x) : 1);
}

int main(void) {
    static const vector_handler handlers[] = {
        {"norm", run_norm},
        {"norm_isf", run_norm_isf},
        {"norm_ppf", run_norm_ppf},
        {"t", run_t},
        {"t_isf", run_t_isf},
        {"chi2", run_chi2},
        {"chi2_isf", run_chi2_isf},
        {"f", run_f},
        {"ibeta", run_ibeta},
        {"nct", run_nct},
        {"beta_ppf", run_beta_ppf},
        {"clopper_pearson", run_clopper_pearson},
        {"binom_sf_ge", run_binomial},
    };
    return vectors_run("experiment/distributions.json", handlers, sizeof handlers / sizeof *handlers);
}
