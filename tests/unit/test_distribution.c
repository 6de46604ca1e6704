/* Distributions against values of 60 digits computed by other roads, against each other, and at the ends of their domains. */
#include <pdmetrics/stats/distribution.h>

#include "stats/special.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define REFERENCE PDM_SOURCE_DIR "/tests/support/reference/distributions.txt"
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---------------------------------------------------------------------------------------------------- reference file */

/* A function of the file: its arity in doubles, or how counts and doubles mix. */
typedef struct subject {
    const char *name;
    int32_t arguments;
    double (*f1)(double);
    double (*f2)(double, double);
    double (*f3)(double, double, double);
    double (*binomial)(int64_t, int64_t, double);
    double (*hypergeometric)(int64_t, int64_t, int64_t, int64_t);
    double tolerance;
} subject;

#define ONE(function, tolerance) {#function, 1, pdm_##function, NULL, NULL, NULL, NULL, tolerance}
#define TWO(function, tolerance) {#function, 2, NULL, pdm_##function, NULL, NULL, NULL, tolerance}
#define THREE(function, tolerance) {#function, 3, NULL, NULL, pdm_##function, NULL, NULL, tolerance}
#define BINOMIAL(function) {#function, 3, NULL, NULL, NULL, pdm_##function, NULL, 1e-12}
#define HYPERGEOMETRIC(function) {#function, 4, NULL, NULL, NULL, NULL, pdm_##function, 1e-12}

static const subject subjects[] = {
    ONE(normal_cdf, 2e-15),
    ONE(normal_sf, 2e-15),
    ONE(normal_log_cdf, 2e-15),
    ONE(normal_log_sf, 2e-15),
    ONE(normal_quantile, 2e-15),
    ONE(normal_isf_log, 2e-15),
    ONE(erfcx, 2e-15),
    ONE(log_gamma, 2e-15),
    ONE(lambert_wm1, 2e-15),
    THREE(gamma_cdf, 1e-12),
    THREE(gamma_sf, 1e-12),
    THREE(gamma_log_cdf, 1e-12),
    THREE(gamma_log_sf, 1e-12),
    THREE(gamma_quantile, 1e-12),
    TWO(chi2_cdf, 1e-13),
    TWO(chi2_sf, 1e-13),
    TWO(chi2_log_cdf, 1e-13),
    TWO(chi2_log_sf, 1e-13),
    THREE(beta_cdf, 1e-12),
    THREE(beta_sf, 1e-12),
    THREE(beta_log_cdf, 1e-12),
    THREE(beta_log_sf, 1e-12),
    THREE(beta_quantile, 1e-12),
    THREE(f_cdf, 1e-12),
    THREE(f_sf, 1e-12),
    THREE(f_log_cdf, 1e-12),
    THREE(f_log_sf, 1e-12),
    TWO(t_cdf, 1e-12),
    TWO(t_sf, 1e-12),
    TWO(t_log_cdf, 1e-12),
    TWO(t_log_sf, 1e-12),
    TWO(t_isf, 1e-12),
    THREE(noncentral_t_cdf, 1e-12),
    THREE(noncentral_t_sf, 1e-12),
    THREE(noncentral_t_log_cdf, 1e-12),
    BINOMIAL(binomial_pmf),
    BINOMIAL(binomial_cdf),
    BINOMIAL(binomial_sf),
    BINOMIAL(binomial_log_cdf),
    BINOMIAL(binomial_log_sf),
    HYPERGEOMETRIC(hypergeometric_pmf),
    HYPERGEOMETRIC(hypergeometric_cdf),
    HYPERGEOMETRIC(hypergeometric_sf),
};

static double value_of(const subject *s, const double *a) {
    if (s->f1 != NULL) return s->f1(a[0]);
    if (s->f2 != NULL) return s->f2(a[0], a[1]);
    if (s->f3 != NULL) return s->f3(a[0], a[1], a[2]);
    if (s->binomial != NULL) return s->binomial((int64_t)a[0], (int64_t)a[1], a[2]);
    return s->hypergeometric((int64_t)a[0], (int64_t)a[1], (int64_t)a[2], (int64_t)a[3]);
}

static const subject *find_subject(const char *name) {
    for (size_t i = 0; i < COUNT(subjects); i++) {
        if (strcmp(subjects[i].name, name) == 0) return &subjects[i];
    }
    return NULL;
}

static bool is_near(double got, double expected, double tolerance) {
    return fabs(got - expected) <= tolerance * fabs(expected);
}

/* A line: false if it says something else than the library. */
static bool check_line(char *line) {
    char *rest = NULL;
    const char *name = strtok_r(line, " \n", &rest);
    const subject *s = find_subject(name);
    if (s == NULL) fail_msg("no function %s", name);
    double a[4] = {0};
    for (int32_t i = 0; i < s->arguments; i++) a[i] = strtod(strtok_r(NULL, " \n", &rest), NULL);
    double expected = strtod(strtok_r(NULL, " \n", &rest), NULL);
    double got = value_of(s, a);
    if (is_near(got, expected, s->tolerance)) return true;
    print_error("%s(%.17g, %.17g, %.17g, %.17g): expected %.17g, got %.17g\n", s->name, a[0], a[1], a[2], a[3],
                expected, got);
    return false;
}

static void test_reference(void **state) {
    (void)state;
    char line[256];
    int32_t lines = 0;
    int32_t wrong = 0;
    FILE *file = fopen(REFERENCE, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') continue;
        lines++;
        if (!check_line(line)) wrong++;
    }
    (void)fclose(file);
    assert_true(lines > 1000);
    assert_int_equal(wrong, 0);
}

/* ------------------------------------------------------------------------------------------------------------ relations */

static void test_tails_add_up(void **state) {
    (void)state;
    for (double a = 1e-3; a < 2e6; a *= 1.7) {
        for (double step = -3; step <= 3; step += 0.37) {
            double x = a + step * sqrt(a);
            if (x <= 0) continue;
            double sum = pdm_gamma_cdf(x, a, 1) + pdm_gamma_sf(x, a, 1);
            assert_true(is_near(sum, 1, 1e-15));
            assert_true(is_near(log(pdm_gamma_sf(x, a, 1)), pdm_gamma_log_sf(x, a, 1), 1e-13) ||
                        pdm_gamma_sf(x, a, 1) > 0.9);
            double share = x / (a + x);
            sum = pdm_beta_cdf(share, a, 3 * a) + pdm_beta_sf(share, a, 3 * a);
            assert_true(is_near(sum, 1, 1e-15));
        }
    }
}

/* I_x(a, b) and I_{1−x}(b, a) change places; x a power of two, so that 1 − x is exact. */
static void test_beta_mirrors(void **state) {
    (void)state;
    for (double a = 1e-3; a < 1e7; a *= 3.1) {
        for (double b = 1e-3; b < 1e7; b *= 4.3) {
            double x = floor(1048576 * a / (a + b)) / 1048576;
            double one = pdm_beta_log_cdf(x, a, b);
            double other = pdm_beta_log_sf(1 - x, b, a);
            assert_true(one == other || is_near(one, other, 1e-12));
        }
    }
}

/* The recurrence I_x(a, b) = x I_x(a−1, b) + (1−x) I_x(a, b−1) joins regions that are computed differently. */
static void test_beta_recurrence(void **state) {
    (void)state;
    for (double a = 1.5; a < 4e4; a *= 1.21) {
        for (double b = 1.5; b < 4e4; b *= 1.37) {
            for (double z = -4; z <= 4; z += 1.3) {
                double mean = a / (a + b);
                double x = mean + z * sqrt(mean * (1 - mean) / (a + b + 1));
                if (x <= 0 || x >= 1) continue;
                double left = pdm_beta_cdf(x, a, b);
                double right = x * pdm_beta_cdf(x, a - 1, b) + (1 - x) * pdm_beta_cdf(x, a, b - 1);
                assert_true(is_near(left, right, 1e-12));
            }
        }
    }
}

/* Q(a + 1, x) = Q(a, x) + x^a e^−x / Γ(a + 1), likewise. */
static void test_gamma_recurrence(void **state) {
    (void)state;
    for (double a = 0.05; a < 1e4; a *= 1.09) {
        for (double z = -4; z <= 6; z += 0.7) {
            double x = a + z * sqrt(a);
            if (x <= 0) continue;
            double density = exp(a * log(x) - x - pdm_log_gamma(a + 1));
            assert_true(is_near(pdm_gamma_sf(x, a + 1, 1), pdm_gamma_sf(x, a, 1) + density, 3e-12 * (1 + a / 100)));
        }
    }
}

static void test_relatives(void **state) {
    (void)state;
    for (double x = 0.01; x < 40; x *= 1.4) {
        assert_true(is_near(pdm_chi2_sf(x * x, 1), 2 * pdm_normal_sf(x), 1e-12));
        assert_true(is_near(pdm_f_sf(x * x, 1, 7.5), 2 * pdm_t_sf(x, 7.5), 1e-13));
        assert_true(is_near(pdm_t_sf(x, (double)INFINITY), pdm_normal_sf(x), 0));
        assert_true(is_near(pdm_noncentral_t_sf(x, 7.5, 0), pdm_t_sf(x, 7.5), 1e-12));
        assert_true(is_near(pdm_noncentral_t_sf(x, (double)INFINITY, 2), pdm_normal_sf(x - 2), 1e-12));
        assert_true(is_near(pdm_gamma_sf(3 * x, 2.5, 3), pdm_gamma_sf(x, 2.5, 1), 1e-14));
        assert_true(is_near(pdm_t_sf(x, 1), atan(1 / x) / PDM__PI, 1e-14));
        assert_true(is_near(pdm_gamma_log_sf(1e3 * x, 1, 1), -1e3 * x, 1e-14));
    }
}

static void test_far_tails(void **state) {
    (void)state;
    assert_true(is_near(pdm_normal_log_sf(1e150), -5e299, 1e-15));
    assert_true(is_near(pdm_normal_sf(38), 2.88542835e-316, 1e-7)); /* subnormal */
    assert_true(is_near(pdm_normal_quantile_log(-1e10), -141421.3561469523, 1e-14));
    assert_true(is_near(pdm_t_sf(1e20, 3), 1.1026577908435841e-60, 1e-13)); /* the leading term */
    assert_true(is_near(pdm_t_log_sf(1e200, 5), -2300.3348367582325, 1e-14));
    assert_true(is_near(pdm_t_isf_log(-1e4, 1e6), 142.0893107066454, 1e-12));
    assert_true(is_near(pdm_t_sf(2, 1e10), 0.022750131948179207 + 1.3498661e-12 * 2, 1e-9));
    assert_true(pdm_normal_sf(40) == 0 && pdm_normal_sf(-40) == 1);
}

/* ----------------------------------------------------------------------------------------------------------- quantiles */

static void test_quantiles_return(void **state) {
    (void)state;
    for (double a = 2e-3; a < 3e6; a *= 2.3) {
        for (double log_p = -650; log_p < -1e-3; log_p *= 0.6) {
            double p = exp(log_p);
            double x = pdm_gamma_isf(p, a, 1);
            double slack = 1e-13 + 4e-16 * (fabs(a - x) + sqrt(a));
            if (x > 1e-300) assert_true(is_near(pdm_gamma_log_sf(x, a, 1), log(p), slack) || p > 0.5);
            double t = pdm_t_isf(0.5 * p, a);
            if (t < 1e300) assert_true(is_near(pdm_t_sf(t, a), 0.5 * p, 1e-12));
            double f = pdm_f_isf(p, a, 12);
            if (f > 1e-300 && f < 1e300) assert_true(is_near(pdm_f_sf(f, a, 12), p, 1e-12) || p > 0.5);
        }
    }
}

static void test_normal_quantile_returns(void **state) {
    (void)state;
    for (double log_p = -740; log_p < -1e-4; log_p *= 0.97) {
        double x = pdm_normal_quantile_log(log_p);
        assert_true(fabs(pdm_normal_log_cdf(x) - log_p) <= 1e-15 * (fabs(log_p) + fabs(x) * fabs(x)));
        double p = exp(log_p);
        assert_true(p < 1e-300 || is_near(pdm_normal_quantile(p), x, 1e-12) || fabs(x) < 1e-3);
    }
    assert_true(is_near(pdm_normal_quantile(0.5 + 0x1p-50), 0x1p-50 * PDM__SQRT_2PI, 1e-15));
    assert_true(pdm_normal_isf(0.025) == -pdm_normal_quantile(0.025));
}

static void test_binomial_quantile(void **state) {
    (void)state;
    static const double probabilities[] = {1e-12, 0.025, 0.5, 0.8, 0.999};
    for (int64_t n = 1; n < 2000000; n = n * 7 / 2 + 1) {
        for (double p = 0.003; p < 1; p += 0.083) {
            for (size_t i = 0; i < COUNT(probabilities); i++) {
                int64_t k = pdm_binomial_quantile(probabilities[i], n, p);
                assert_true(pdm_binomial_cdf(k, n, p) >= probabilities[i]);
                assert_true(k == 0 || pdm_binomial_cdf(k - 1, n, p) < probabilities[i]);
            }
        }
    }
    assert_int_equal(pdm_binomial_quantile(0, 10, 0.5), 0);
    assert_int_equal(pdm_binomial_quantile(1, 10, 0.5), 10);
    assert_int_equal(pdm_binomial_quantile(0.5, 10, 0), 0);
    assert_int_equal(pdm_binomial_quantile(0.5, 10, 1), 10);
    assert_int_equal(pdm_binomial_quantile(0.5, -1, 0.5), -1);
    assert_int_equal(pdm_binomial_quantile((double)NAN, 10, 0.5), -1);
}

/* ------------------------------------------------------------------------------------------------------------- domains */

static void test_ends_of_support(void **state) {
    (void)state;
    const double infinity = (double)INFINITY;
    assert_true(pdm_normal_cdf(infinity) == 1 && pdm_normal_sf(infinity) == 0 && pdm_normal_sf(-infinity) == 1);
    assert_true(pdm_normal_log_sf(infinity) == -infinity && pdm_normal_log_cdf(infinity) == 0);
    assert_true(pdm_normal_quantile(0) == -infinity && pdm_normal_quantile(1) == infinity);
    assert_true(pdm_normal_quantile(0.5) == 0 && pdm_normal_quantile_log(0) == infinity);
    assert_true(pdm_t_cdf(infinity, 3) == 1 && pdm_t_sf(infinity, 3) == 0 && pdm_t_cdf(0, 3) == 0.5);
    assert_true(pdm_t_quantile(0, 3) == -infinity && pdm_t_quantile(1, 3) == infinity && pdm_t_quantile(0.5, 3) == 0);
    assert_true(pdm_gamma_cdf(-1, 2, 1) == 0 && pdm_gamma_sf(0, 2, 1) == 1 && pdm_gamma_sf(infinity, 2, 1) == 0);
    assert_true(pdm_gamma_quantile(0, 2, 1) == 0 && pdm_gamma_quantile(1, 2, 1) == infinity);
    assert_true(pdm_gamma_isf(0, 2, 1) == infinity && pdm_gamma_isf(1, 2, 1) == 0);
    assert_true(pdm_beta_cdf(-1, 2, 3) == 0 && pdm_beta_cdf(2, 2, 3) == 1 && pdm_beta_sf(1, 2, 3) == 0);
    assert_true(pdm_beta_quantile(0, 2, 3) == 0 && pdm_beta_quantile(1, 2, 3) == 1);
    assert_true(pdm_f_cdf(0, 2, 3) == 0 && pdm_f_cdf(infinity, 2, 3) == 1 && pdm_f_isf(0, 2, 3) == infinity);
    assert_true(pdm_binomial_cdf(-1, 5, 0.5) == 0 && pdm_binomial_cdf(5, 5, 0.5) == 1);
    assert_true(pdm_binomial_sf(-1, 5, 0.5) == 1 && pdm_binomial_pmf(6, 5, 0.5) == 0);
    assert_true(pdm_binomial_pmf(0, 5, 0) == 1 && pdm_binomial_pmf(5, 5, 1) == 1 && pdm_binomial_pmf(0, 0, 0.5) == 1);
    assert_true(pdm_binomial_cdf(2, 5, 0) == 1 && pdm_binomial_cdf(2, 5, 1) == 0);
    assert_true(pdm_hypergeometric_pmf(3, 10, 3, 3) > 0 && pdm_hypergeometric_pmf(4, 10, 3, 3) == 0);
    assert_true(pdm_hypergeometric_cdf(-1, 10, 3, 3) == 0 && pdm_hypergeometric_sf(3, 10, 3, 3) == 0);
    assert_true(pdm_noncentral_t_cdf(infinity, 3, 1) == 1 && pdm_noncentral_t_sf(-infinity, 3, 1) == 1);
    assert_true(pdm_lambert_wm1(0) == -infinity);
}

static void test_out_of_domain(void **state) {
    (void)state;
    const double nan = (double)NAN;
    const double infinity = (double)INFINITY;
    const double bad[] = {pdm_normal_cdf(nan),
                          pdm_normal_quantile(-0.1),
                          pdm_normal_quantile(1.1),
                          pdm_normal_quantile_log(0.1),
                          pdm_t_cdf(1, 0),
                          pdm_t_sf(1, -2),
                          pdm_t_sf(nan, 2),
                          pdm_t_isf(2, 2),
                          pdm_gamma_cdf(1, 0, 1),
                          pdm_gamma_cdf(1, 1, 0),
                          pdm_gamma_sf(nan, 1, 1),
                          pdm_gamma_isf(-1, 1, 1),
                          pdm_gamma_cdf(1, infinity, 1),
                          pdm_chi2_sf(1, -1),
                          pdm_beta_cdf(0.5, 0, 1),
                          pdm_beta_cdf(0.5, 1, nan),
                          pdm_beta_quantile(2, 1, 1),
                          pdm_f_cdf(1, 0, 1),
                          pdm_f_isf(nan, 1, 1),
                          pdm_binomial_cdf(1, -1, 0.5),
                          pdm_binomial_cdf(1, 2, 1.5),
                          pdm_binomial_pmf(1, 2, nan),
                          pdm_hypergeometric_pmf(0, 5, 6, 1),
                          pdm_hypergeometric_cdf(0, 5, 1, 6),
                          pdm_noncentral_t_cdf(1, 0, 1),
                          pdm_noncentral_t_cdf(1, 3, infinity),
                          pdm_log_gamma(0),
                          pdm_log_gamma(-1),
                          pdm_lambert_wm1(-0.4),
                          pdm_lambert_wm1(0.1)};
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (!isnan(bad[i])) fail_msg("case %zu is not NaN", i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_tails_add_up),
        cmocka_unit_test(test_beta_mirrors),
        cmocka_unit_test(test_beta_recurrence),
        cmocka_unit_test(test_gamma_recurrence),
        cmocka_unit_test(test_relatives),
        cmocka_unit_test(test_far_tails),
        cmocka_unit_test(test_quantiles_return),
        cmocka_unit_test(test_normal_quantile_returns),
        cmocka_unit_test(test_binomial_quantile),
        cmocka_unit_test(test_ends_of_support),
        cmocka_unit_test(test_out_of_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
