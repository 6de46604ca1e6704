/* Families: adjusted p-values and the levels that agree with them, Dunnett's test against what it reduces to, refusals. */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/multiplicity.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MOST 40

static bool is_near(double got, double expected, double tolerance) {
    return got == expected || fabs(got - expected) <= tolerance * fabs(expected);
}

static double uniform(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* p_adjusted ≤ alpha if and only if p ≤ alpha_i; order is kept; nothing gets smaller. */
static void test_levels_agree(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (int32_t round = 0; round < 400; round++) {
        double p[MOST];
        double adjusted[MOST];
        double alphas[MOST];
        size_t m = 1 + (size_t)(uniform(&seed) * (MOST - 1));
        for (size_t i = 0; i < m; i++) p[i] = pow(uniform(&seed), 1 + 5 * uniform(&seed));
        if (m > 3) p[1] = p[0];
        for (int32_t method = 0; method <= PDM_ADJUST_HOMMEL; method++) {
            assert_int_equal(pdm_p_adjust(NULL, p, m, method, adjusted, NULL), PDM_OK);
            assert_int_equal(pdm_p_adjust_alphas(NULL, p, m, method, 0.05, alphas, NULL), PDM_OK);
            for (size_t i = 0; i < m; i++) {
                assert_true(adjusted[i] >= p[i] * (1 - 1e-15) && adjusted[i] <= 1);
                for (size_t j = 0; j < m; j++) assert_true(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                if (method >= PDM_ADJUST_HOLM_SIDAK) {
                    assert_true(isnan(alphas[i]));
                } else {
                    assert_int_equal(adjusted[i] <= 0.05, p[i] <= alphas[i]);
                }
            }
        }
    }
}

/* Hommel by its definition: a hypothesis falls at a level if every intersection with it is rejected by Simes' test. */
static double hommel_by_subsets(const double *p, int32_t m, int32_t one) {
    double worst = 0;
    for (int32_t subset = 1; subset < 1 << m; subset++) {
        if ((subset >> one & 1) == 0) continue;
        double simes = 1;
        int32_t size = 0;
        for (int32_t i = 0; i < m; i++) size += subset >> i & 1;
        for (int32_t i = 0; i < m; i++) {
            if ((subset >> i & 1) == 0) continue;
            int32_t rank = 0;
            for (int32_t j = 0; j < m; j++) rank += (subset >> j & 1) && p[j] <= p[i];
            simes = fmin(simes, size * p[i] / rank);
        }
        worst = fmax(worst, simes);
    }
    return worst;
}

static void test_hommel(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (int32_t round = 0; round < 60; round++) {
        double p[7];
        double adjusted[7];
        for (int32_t i = 0; i < 7; i++) p[i] = uniform(&seed) * uniform(&seed);
        assert_int_equal(pdm_p_adjust(NULL, p, 7, PDM_ADJUST_HOMMEL, adjusted, NULL), PDM_OK);
        for (int32_t i = 0; i < 7; i++) assert_true(is_near(adjusted[i], hommel_by_subsets(p, 7, i), 1e-13));
    }
}

static void test_tiny(void **state) {
    (void)state;
    const double p[] = {0, 1e-300, 0.2};
    double adjusted[3];
    for (int32_t method = PDM_ADJUST_BONFERRONI; method <= PDM_ADJUST_HOMMEL; method++) {
        assert_int_equal(pdm_p_adjust(NULL, p, 3, method, adjusted, NULL), PDM_OK);
        assert_true(adjusted[0] == 0 && adjusted[1] > 0 && adjusted[1] < 1e-299);
    }
    assert_int_equal(pdm_p_adjust(NULL, NULL, 0, PDM_ADJUST_BH, NULL, NULL), PDM_OK);
}

static void test_weighted(void **state) {
    (void)state;
    double primary = 0;
    double other = 0;
    assert_int_equal(pdm_weighted_alphas(0.05, 0.7, 2, 5, &primary, &other, NULL), PDM_OK);
    assert_true(is_near(2 * primary + 2 * 4 * other, 0.05, 1e-15) && is_near(primary, 0.0175, 1e-15));
    assert_int_equal(pdm_weighted_alphas(0.05, 0.7, 1, 1, &primary, &other, NULL), PDM_OK);
    assert_true(isnan(other));
    assert_int_equal(pdm_weighted_alphas(0.05, 1, 1, 1, &primary, &other, NULL), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_weighted_alphas(0.05, 0.5, 0, 1, &primary, &other, NULL), PDM_E_BAD_OPTION);
}

/* λ = 0: independent statistics. Equal λ: between Sidak's and Bonferroni's values, falling as the correlation grows. */
static void test_dunnett_limits(void **state) {
    (void)state;
    const double none[4] = {0};
    double p = 0;
    for (double t = 0.1; t < 12; t *= 1.5) {
        double one = 2 * pdm_normal_sf(t);
        assert_int_equal(pdm_dunnett_p(t, none, 4, (double)INFINITY, &p, NULL), PDM_OK);
        assert_true(is_near(p, -expm1(4 * log1p(-one)), 1e-12));
        assert_int_equal(pdm_dunnett_p(-t, none, 1, 12, &p, NULL), PDM_OK);
        assert_true(is_near(p, 2 * pdm_t_sf(t, 12), 1e-15));
        double last = p = 5;
        for (double lambda = 0.1; lambda < 0.99; lambda += 0.2) {
            const double all[3] = {lambda, lambda, lambda};
            double with_t = 0;
            assert_int_equal(pdm_dunnett_p(t, all, 3, (double)INFINITY, &p, NULL), PDM_OK);
            assert_true(p < last * (1 + 1e-12) && p > one);
            last = p;
            assert_int_equal(pdm_dunnett_p(t, all, 3, 1e7, &with_t, NULL), PDM_OK);
            assert_true(is_near(with_t, p, 1e-3));
        }
    }
}

/* Two arms at λ² = ½ by the orthant of a plane: the chance of both beyond ±c, from the bivariate normal by another integral. */
static void test_dunnett_pair(void **state) {
    (void)state;
    const double lambda[2] = {0.6, 0.9};
    const double rho = 0.54;
    const double c = 2.2;
    double p = 0;
    double inside = 0; /* P(|X| < c, |Y| < c), X standard, Y | X normal */
    const double h = 1e-3;
    double slope = sqrt(1 - rho * rho);
    for (double x = -c + h / 2; x < c; x += h) {
        inside +=
            h * pdm_normal_pdf(x) * (pdm_normal_cdf((c - rho * x) / slope) - pdm_normal_cdf((-c - rho * x) / slope));
    }
    assert_int_equal(pdm_dunnett_p(c, lambda, 2, (double)INFINITY, &p, NULL), PDM_OK);
    assert_true(is_near(p, 1 - inside, 1e-6));
}

static void test_dunnett_critical_returns(void **state) {
    (void)state;
    const double lambda[3] = {0.7071, 0.6, 0.8};
    static const double dfs[] = {4, 30, 1e4, (double)INFINITY};
    for (size_t i = 0; i < 4; i++) {
        double c = 0;
        double p = 0;
        assert_int_equal(pdm_dunnett_critical(0.05, lambda, 3, dfs[i], &c, NULL), PDM_OK);
        assert_int_equal(pdm_dunnett_p(c, lambda, 3, dfs[i], &p, NULL), PDM_OK);
        assert_true(is_near(p, 0.05, 1e-8));
    }
}

static void test_refusals(void **state) {
    (void)state;
    const double bad[] = {0.5, 1.5};
    const double one[] = {1};
    double out[2];
    pdm_error err;
    assert_int_equal(pdm_p_adjust(NULL, bad, 2, PDM_ADJUST_BH, out, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    assert_int_equal(pdm_p_adjust(NULL, bad, 1, 9, out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_p_adjust_alphas(NULL, bad, 1, 1, 0, out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_dunnett_p(1, one, 1, 3, out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_dunnett_p(1, bad, 0, 3, out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_dunnett_p(1, bad, 1, 0, out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_dunnett_p((double)NAN, bad, 1, 3, out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_dunnett_critical(1, bad, 1, 3, out, &err), PDM_E_BAD_OPTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_agree),
        cmocka_unit_test(test_hommel),
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_weighted),
        cmocka_unit_test(test_dunnett_limits),
        cmocka_unit_test(test_dunnett_pair),
        cmocka_unit_test(test_dunnett_critical_returns),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
