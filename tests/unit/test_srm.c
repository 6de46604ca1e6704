/* Sample ratio mismatch: exact tests by enumeration, the sequential one by its definition and under watching, statuses, refusals. */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/srm.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_near(double got, double expected, double tolerance) {
    return got == expected || fabs(got - expected) <= tolerance * fabs(expected);
}

static pdm_srm split(const int64_t *observed, const double *weights, int32_t arms, int32_t method) {
    pdm_srm_options o = pdm_srm_options_default();
    pdm_srm out;
    pdm_error err;
    o.method = method;
    if (pdm_srm_test(observed, weights, arms, &o, &out, &err) != PDM_OK) fail_msg("%s: %s", err.column, err.message);
    return out;
}

/* Σ of the probabilities of outcomes that are no likelier, by plain products. */
static double naive_two(int64_t k, int64_t n, double p) {
    double pmf[64];
    double sum = 0;
    for (int64_t i = 0; i <= n; i++) {
        double choose = 1;
        for (int64_t j = 0; j < i; j++) choose *= (double)(n - j) / (double)(j + 1);
        pmf[i] = choose * pow(p, (double)i) * pow(1 - p, (double)(n - i));
    }
    for (int64_t i = 0; i <= n; i++) sum += pmf[i] <= pmf[k] * (1 + 1e-7) ? pmf[i] : 0;
    return sum;
}

static void test_exact_two(void **state) {
    (void)state;
    const double shares[] = {0.5, 0.1, 0.93, 0.3333};
    for (int64_t n = 1; n < 40; n += 3) {
        for (int64_t k = 0; k <= n; k++) {
            for (int32_t i = 0; i < 4; i++) {
                const int64_t observed[2] = {k, n - k};
                const double weights[2] = {shares[i], 1 - shares[i]};
                pdm_srm srm = split(observed, weights, 2, PDM_SRM_EXACT);
                assert_true(is_near(srm.p, fmin(naive_two(k, n, shares[i]), 1), 1e-10));
                assert_true(is_near(exp(srm.log_p), srm.p, 1e-12));
            }
        }
    }
    const int64_t large[2] = {INT64_C(500000000000), INT64_C(500007000000)}; /* √n is a million: seven of them off */
    pdm_srm srm = split(large, NULL, 2, PDM_SRM_EXACT);
    pdm_srm chi2 = split(large, NULL, 2, PDM_SRM_CHI2);
    assert_true(is_near(srm.p, chi2.p, 1e-4));
    const int64_t far[2] = {0, 100000};
    assert_true(is_near(split(far, NULL, 2, PDM_SRM_EXACT).log_p, log(2) - 100000 * log(2), 1e-12));
}

static void test_exact_many(void **state) {
    (void)state;
    const double weights[3] = {1, 2, 5};
    for (int64_t a = 0; a <= 9; a++) {
        for (int64_t b = 0; a + b <= 9; b++) {
            const int64_t observed[3] = {a, b, 9 - a - b};
            double own = 0;
            double sum = 0;
            for (int32_t pass = 0; pass < 2; pass++) {
                for (int64_t i = 0; i <= 9; i++) {
                    for (int64_t j = 0; i + j <= 9; j++) {
                        double pmf = tgamma(10) / tgamma((double)i + 1) / tgamma((double)j + 1) /
                                     tgamma(10 - (double)i - (double)j) * pow(0.125, (double)i) * pow(0.25, (double)j) *
                                     pow(0.625, (double)(9 - i - j));
                        if (pass == 0 && i == a && j == b) own = pmf;
                        if (pass == 1 && pmf <= own * (1 + 1e-7)) sum += pmf;
                    }
                }
            }
            pdm_srm srm = split(observed, weights, 3, PDM_SRM_AUTO);
            assert_int_equal(srm.method, PDM_SRM_EXACT);
            assert_true(is_near(srm.p, sum, 1e-11));
        }
    }
}

/* By the definition, with lgamma; and where that has no digits left, by its own symmetry. */
static void test_sequential(void **state) {
    (void)state;
    const int64_t observed[3] = {1200, 2100, 3300};
    const double weights[3] = {0.2, 0.3, 0.5};
    for (double kappa = 1; kappa < 1e6; kappa *= 10) {
        pdm_srm_options o = pdm_srm_options_default();
        pdm_srm srm;
        double expected = lgamma(kappa) - lgamma(kappa + 6600);
        o.method = PDM_SRM_SEQUENTIAL;
        o.concentration = kappa;
        for (int32_t i = 0; i < 3; i++) {
            double x = (double)observed[i];
            expected += lgamma(kappa * weights[i] + x) - lgamma(kappa * weights[i]) - x * log(weights[i]);
        }
        assert_int_equal(pdm_srm_test(observed, weights, 3, &o, &srm, NULL), PDM_OK);
        assert_true(fabs(srm.log_bayes_factor - expected) < 1e-8);
        assert_true(is_near(srm.p, fmin(1, exp(-expected)), 1e-7));
    }
    const int64_t even[2] = {INT64_C(4000000000000), INT64_C(4000000000000)};
    pdm_srm srm = split(even, NULL, 2, PDM_SRM_SEQUENTIAL);
    assert_true(is_near(srm.log_bayes_factor, 0.5 * log1p(10000 / 8e12) - 0.5 * log(8e12 / 10000), 1e-4));
    assert_true(srm.p == 1 && srm.log_p == 0 && srm.status == PDM_STATUS_OK);
}

static double uniform(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* A fair split looked at 100 times: χ² is fooled far too often, the sequential test hardly ever. */
static void test_watching(void **state) {
    (void)state;
    enum { RUNS = 1000, LOOKS = 100, STEP = 100 };
    uint64_t seed = 3;
    int32_t fooled[2] = {0};
    for (int32_t run = 0; run < RUNS; run++) {
        int64_t observed[2] = {0, 0};
        bool ever[2] = {false, false};
        for (int32_t look = 0; look < LOOKS; look++) {
            for (int32_t i = 0; i < STEP; i++) observed[uniform(&seed) < 0.5]++;
            ever[0] |= split(observed, NULL, 2, PDM_SRM_CHI2).p < 0.05;
            ever[1] |= split(observed, NULL, 2, PDM_SRM_SEQUENTIAL).p < 0.05;
        }
        fooled[0] += ever[0];
        fooled[1] += ever[1];
    }
    assert_true(fooled[0] > RUNS / 5);
    assert_true(fooled[1] < RUNS * 0.05 + 3 * sqrt(RUNS * 0.05 * 0.95));
}

static void test_statuses(void **state) {
    (void)state;
    const int64_t none[2] = {0, 0};
    const int64_t some[3] = {500, 500, 1};
    const int64_t few[2] = {8, 0};
    const double third[3] = {1, 1, 0};
    const double one[2] = {1, 0};
    pdm_srm srm = split(none, NULL, 2, 0);
    assert_true(srm.status == PDM_STATUS_NO_DATA && srm.p == 1 && srm.log_p == 0 && srm.warnings == 0);
    srm = split(none, NULL, 2, PDM_SRM_SEQUENTIAL);
    assert_true(srm.status == PDM_STATUS_NO_DATA && srm.p == 1 && srm.log_bayes_factor == 0);
    srm = split(some, third, 3, 0);
    assert_true(srm.status == PDM_STATUS_MISMATCH && srm.p == 0 && isinf(srm.log_p) && srm.n == 1001 && srm.arms == 2);
    assert_int_equal(srm.warnings, PDM_WARNING_ZERO_WEIGHT_TRAFFIC);
    const int64_t clean[3] = {500, 500, 0};
    srm = split(clean, third, 3, 0); /* an arm without weight takes no degree of freedom */
    assert_true(srm.status == PDM_STATUS_OK && srm.df == 1 && srm.p == 1);
    srm = split(few, one, 2, 0);
    assert_true(srm.status == PDM_STATUS_SINGLE_ARM && srm.p == 1);
    srm = split(few, NULL, 2, 0);
    assert_true(srm.method == PDM_SRM_EXACT && isnan(srm.chi2) && is_near(srm.p, 2.0 / 256, 1e-14));
    srm = split(few, NULL, 2, PDM_SRM_CHI2);
    assert_true(srm.warnings == PDM_WARNING_LOW_EXPECTED && srm.chi2 == 8);
    const int64_t skewed[2] = {3, INT64_C(40000000)}; /* expected 4, but too many outcomes to count */
    const double rare[2] = {1e-7, 1 - 1e-7};
    srm = split(skewed, rare, 2, 0);
    assert_true(srm.method == PDM_SRM_CHI2 && srm.warnings == PDM_WARNING_LOW_EXPECTED);
    const int64_t cats[2] = {44700, 45489};
    srm = split(cats, NULL, 2, 0);
    assert_true(is_near(srm.chi2, 6.902404949606, 1e-12) && is_near(srm.p, 0.008607987811, 1e-9));
    assert_int_equal(srm.status, PDM_STATUS_OK);
    pdm_srm_options o = pdm_srm_options_default();
    o.alpha = 0.01;
    assert_int_equal(pdm_srm_test(cats, NULL, 2, &o, &srm, NULL), PDM_OK);
    assert_int_equal(srm.status, PDM_STATUS_MISMATCH);
    const int64_t far[2] = {0, 1000000};
    srm = split(far, NULL, 2, 0);
    assert_true(srm.p == 0 && srm.log_p < -499000 && isfinite(srm.log_p) && srm.status == PDM_STATUS_MISMATCH);
}

static void refused(const int64_t *observed, const double *weights, int32_t arms, const pdm_srm_options *o,
                    pdm_status code, const char *column, int64_t row) {
    pdm_srm out;
    pdm_error err;
    assert_int_equal(pdm_srm_test(observed, weights, arms, o, &out, &err), code);
    assert_string_equal(err.column, column);
    assert_int_equal(err.row, row);
}

static void test_refusals(void **state) {
    (void)state;
    const int64_t fine[3] = {100, 100, 2000};
    const int64_t negative[2] = {5, -1};
    const int64_t huge[2] = {INT64_C(1) << 52, INT64_C(1) << 52};
    const double zero[2] = {0, 0};
    const double below[2] = {1, -1};
    const double nan[2] = {(double)NAN, 1};
    pdm_srm_options o = pdm_srm_options_default();
    refused(negative, NULL, 2, NULL, PDM_E_BAD_VALUE, "observed", 1);
    refused(huge, NULL, 2, NULL, PDM_E_BAD_VALUE, "observed", 1);
    refused(fine, zero, 2, NULL, PDM_E_BAD_WEIGHTS, "weights", -1);
    refused(fine, below, 2, NULL, PDM_E_BAD_WEIGHTS, "weights", 1);
    refused(fine, nan, 2, NULL, PDM_E_BAD_WEIGHTS, "weights", 0);
    refused(fine, NULL, 0, NULL, PDM_E_BAD_OPTION, "arms", -1);
    refused(fine, NULL, 65, NULL, PDM_E_BAD_OPTION, "arms", -1);
    o.method = PDM_SRM_EXACT;
    refused(fine, NULL, 3, &o, PDM_E_LIMIT, "method", -1);
    o.method = PDM_SRM_Z_CC;
    refused(fine, NULL, 3, &o, PDM_E_BAD_OPTION, "method", -1);
    o.method = 5;
    refused(fine, NULL, 3, &o, PDM_E_BAD_OPTION, "method", -1);
    o.method = 0;
    o.alpha = 1;
    refused(fine, NULL, 3, &o, PDM_E_BAD_OPTION, "alpha", -1);
    o.alpha = 0;
    o.concentration = -1;
    refused(fine, NULL, 3, &o, PDM_E_BAD_OPTION, "concentration", -1);
    o.struct_size = 0;
    refused(fine, NULL, 3, &o, PDM_E_BAD_OPTION, "struct_size", -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_two), cmocka_unit_test(test_exact_many), cmocka_unit_test(test_sequential),
        cmocka_unit_test(test_watching),  cmocka_unit_test(test_statuses),   cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
