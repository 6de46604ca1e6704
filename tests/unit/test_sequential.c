/* Always-valid methods: interval and p-value agree, error rates hold under watching, edges, refusals. */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/sequential.h>

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

static pdm_sequence asymptotic(double estimate, double se, double n, double tune, int32_t alternative) {
    pdm_sequence s;
    assert_int_equal(pdm_asymptotic_sequence(estimate, se, n, tune, alternative, 0.95, NULL, &s, NULL), PDM_OK);
    return s;
}

/* p ≤ alpha if and only if the interval excludes 0; at its edge p is alpha. */
static void test_interval_and_p(void **state) {
    (void)state;
    for (int32_t alternative = 0; alternative <= PDM_LESS; alternative++) {
        for (double n = 10; n < 1e7; n *= 3.7) {
            for (double z = -6; z <= 6; z += 0.43) {
                pdm_sequence s = asymptotic(z * 0.02, 0.02, n, 5000, alternative);
                assert_int_equal(s.p <= 0.05, s.low > 0 || s.high < 0);
                assert_true(s.p >= 0 && s.p <= 1 && s.low < s.high);
            }
            double edge = asymptotic(0, 1, n, 5000, alternative).multiplier;
            pdm_sequence s = asymptotic(alternative == PDM_LESS ? -edge : edge, 1, n, 5000, alternative);
            assert_true(is_near(s.p, 0.05, 1e-11));
        }
    }
    for (double z = 0; z < 8; z += 0.3) {
        pdm_sequence s;
        assert_int_equal(pdm_msprt(z, 1, 0.7, 0.95, &s, NULL), PDM_OK);
        assert_int_equal(s.p <= 0.05, s.low > 0);
        assert_int_equal(pdm_msprt(s.multiplier, 1, 0.7, 0.95, &s, NULL), PDM_OK);
        assert_true(is_near(s.p, 0.05, 1e-12));
    }
    pdm_sequence far = asymptotic(80, 1, 5000, 5000, PDM_GREATER);
    assert_true(far.p == 0 && far.log_p < -2000 && isfinite(far.log_p));
}

/* The multiplier, in units of √(1/n), is least at the size it is tuned to. */
static void test_tuning(void **state) {
    (void)state;
    double at = asymptotic(0, 1, 5000, 5000, PDM_TWO_SIDED).multiplier;
    for (double tune = 100; tune < 1e6; tune *= 2.5) {
        assert_true(asymptotic(0, 1, 5000, tune, PDM_TWO_SIDED).multiplier > at * 0.999);
    }
    assert_true(at > pdm_normal_isf(0.025)); /* watching costs width */
}

static double uniform(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* No effect, looked at after each of 200 steps: how many experiments ever seem significant. */
static void test_watching(void **state) {
    (void)state;
    enum { RUNS = 2000, LOOKS = 200 };
    uint64_t seed = 17;
    int32_t fooled[4] = {0};
    for (int32_t run = 0; run < RUNS; run++) {
        double sum = 0;
        bool ever[4] = {false};
        for (int32_t look = 1; look <= LOOKS; look++) {
            double n = 20.0 * look;
            pdm_sequence s;
            sum += sqrt(20) * pdm_normal_quantile(uniform(&seed));
            double se = 1 / sqrt(n);
            ever[0] |= asymptotic(sum / n, se, n, 2000, PDM_TWO_SIDED).p < 0.05;
            ever[1] |= asymptotic(sum / n, se, n, 2000, PDM_GREATER).p < 0.05;
            assert_int_equal(pdm_msprt(sum / n, se, 0.002, 0.95, &s, NULL), PDM_OK);
            ever[2] |= s.p < 0.05;
            ever[3] |= 2 * pdm_normal_sf(fabs(sum) / sqrt(n)) < 0.05;
        }
        for (int32_t i = 0; i < 4; i++) fooled[i] += ever[i];
    }
    double limit = RUNS * 0.05 + 3 * sqrt(RUNS * 0.05 * 0.95);
    for (int32_t i = 0; i < 3; i++) assert_true(fooled[i] < limit);
    assert_true(fooled[3] > 4 * RUNS * 0.05); /* the fixed test is fooled: the simulation can fail */
}

static void test_running_intersection(void **state) {
    (void)state;
    const pdm_interval before = {-0.5, 1, PDM_STATUS_OK, 0};
    const pdm_interval none = {9, 9, PDM_STATUS_NO_DATA, 0};
    pdm_sequence alone = asymptotic(0.4, 0.3, 100, 1000, PDM_TWO_SIDED);
    pdm_sequence s;
    assert_int_equal(pdm_asymptotic_sequence(0.4, 0.3, 100, 1000, 0, 0.95, &before, &s, NULL), PDM_OK);
    assert_true(alone.low < -0.5 && alone.high > 1 && s.low == -0.5 && s.high == 1 && s.p == alone.p);
    assert_int_equal(pdm_asymptotic_sequence(0.4, 0.3, 100, 1000, 0, 0.95, &none, &s, NULL), PDM_OK);
    assert_true(s.low == alone.low && s.high == alone.high);
}

static void test_mixture(void **state) {
    (void)state;
    for (double v = 1; v < 1e5; v *= 9) {
        for (int32_t alternative = 0; alternative <= PDM_GREATER; alternative++) {
            double rho = 0;
            double exact = 0;
            double bound = 0;
            assert_int_equal(pdm_mixture_rho(100, 0.05, alternative, false, &rho, NULL), PDM_OK);
            assert_int_equal(pdm_mixture_rho(100, 0.05, alternative, true, &exact, NULL), PDM_OK);
            assert_true(fabs(rho / exact - 1) < 0.1);
            assert_int_equal(pdm_mixture_bound(v, rho, 0.05, alternative, &bound, NULL), PDM_OK);
            assert_true(is_near(pdm_mixture_log(bound, v, rho, alternative), log(20), 1e-11));
        }
    }
    double at = 0;
    double near = 0;
    double rho = 0;
    assert_int_equal(pdm_mixture_rho(100, 0.05, 0, true, &rho, NULL), PDM_OK); /* the exact optimum is one */
    assert_int_equal(pdm_mixture_bound(100, rho, 0.05, 0, &at, NULL), PDM_OK);
    assert_int_equal(pdm_mixture_bound(100, rho * 1.05, 0.05, 0, &near, NULL), PDM_OK);
    assert_true(near > at);
    assert_int_equal(pdm_mixture_bound(100, rho * 0.95, 0.05, 0, &near, NULL), PDM_OK);
    assert_true(near > at);
    assert_true(isnan(pdm_mixture_log(1, -1, 1, 0)) && isnan(pdm_mixture_log(1, 1, 0, 0)));
}

static pdm_interval rate(int64_t x, int64_t n) {
    pdm_interval i;
    assert_int_equal(pdm_rate_sequence(x, n, 1000, 0.05, 0.95, NULL, &i, NULL), PDM_OK);
    return i;
}

/* A rate watched: mirrored counts, mirrored interval; always wider than a fixed one; hardly ever wrong at any time. */
static void test_rate(void **state) {
    (void)state;
    const int64_t cases[][2] = {{0, 10}, {1, 2}, {3, 1000}, {500, 1000}, {INT64_C(3000000), INT64_C(1000000000)}};
    for (int32_t i = 0; i < 5; i++) {
        int64_t x = cases[i][0];
        int64_t n = cases[i][1];
        pdm_interval one = rate(x, n);
        pdm_interval other = rate(n - x, n);
        assert_true(is_near(one.high, 1 - other.low, 1e-11) && fabs(one.low - (1 - other.high)) < 1e-11);
        assert_true(one.low >= 0 && one.high <= 1 && one.low <= (double)x / (double)n &&
                    one.high >= (double)x / (double)n);
    }
    pdm_interval wide = rate(INT64_C(3000000), INT64_C(1000000000)); /* mixture of a billion: a few standard errors */
    double se = sqrt(0.003 * 0.997 / 1e9);
    assert_true(wide.low < 0.003 - 3 * se && wide.low > 0.003 - 7 * se);
    pdm_interval nobody = rate(0, 0);
    assert_true(nobody.status == PDM_STATUS_NO_DATA && nobody.low == 0 && nobody.high == 1);
    pdm_interval narrowed;
    const pdm_interval before = {0.29, 0.31, PDM_STATUS_OK, 0};
    assert_int_equal(pdm_rate_sequence(30, 100, 100, 0.05, 0.95, &before, &narrowed, NULL), PDM_OK);
    assert_true(narrowed.low == 0.29 && narrowed.high == 0.31);
    uint64_t seed = 5;
    int32_t fooled = 0;
    for (int32_t run = 0; run < 1000; run++) {
        bool ever = false;
        int64_t x = 0;
        for (int64_t n = 1; n <= 1000; n++) {
            x += uniform(&seed) < 0.2;
            if (n % 25 != 0) continue;
            pdm_interval i = rate(x, n);
            ever |= i.low > 0.2 || i.high < 0.2;
        }
        fooled += ever;
    }
    assert_true(fooled <= 50 + 21);
    double bound = 0;
    double last = 0;
    for (double v = 1; v < 1e6; v *= 3) { /* grows a little faster than √v */
        assert_int_equal(pdm_stitched_bound(v, 0.05, 10, 0, 1.4, 2, &bound, NULL), PDM_OK);
        assert_true(bound >= last && bound > 2 * sqrt(v));
        last = bound;
    }
    pdm_error err;
    assert_int_equal(pdm_rate_sequence(3, 2, 100, 0.05, 0.95, NULL, &wide, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_rate_sequence(1, 2, 0, 0.05, 0.95, NULL, &wide, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_rate_sequence(1, 2, 10, 0, 0.95, NULL, &wide, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_stitched_bound(1, 0.05, 0, 0, 1.4, 2, &bound, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_stitched_bound(1, 0.05, 1, 0, 1, 2, &bound, &err), PDM_E_BAD_OPTION);
}

static void test_refusals(void **state) {
    (void)state;
    pdm_sequence s;
    pdm_error err;
    double out = 0;
    assert_int_equal(pdm_asymptotic_sequence(1, 0, 10, 10, 0, 0.95, NULL, &s, &err), PDM_OK);
    assert_true(s.status == PDM_STATUS_ZERO_VARIANCE && isnan(s.p) && s.multiplier > 0);
    assert_int_equal(pdm_asymptotic_sequence((double)NAN, 1, 10, 10, 0, 0.95, NULL, &s, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_asymptotic_sequence(1, -1, 10, 10, 0, 0.95, NULL, &s, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_asymptotic_sequence(1, 1, 0, 10, 0, 0.95, NULL, &s, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_asymptotic_sequence(1, 1, 10, 0, 0, 0.95, NULL, &s, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "n_tune");
    assert_int_equal(pdm_asymptotic_sequence(1, 1, 10, 10, PDM_LESS, 0.4, NULL, &s, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_asymptotic_sequence(1, 1, 10, 10, 7, 0.95, NULL, &s, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_msprt(1, 0, 1, 0.95, &s, &err), PDM_OK);
    assert_int_equal(s.status, PDM_STATUS_ZERO_VARIANCE);
    assert_int_equal(pdm_msprt(1, 1, 0, 0.95, &s, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_msprt_tau2(0, 10, 0.05, &out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mixture_rho(0, 0.05, 0, true, &out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mixture_rho(10, 0.6, PDM_GREATER, true, &out, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mixture_bound(10, 1, 0.05, PDM_LESS, &out, &err), PDM_E_BAD_OPTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval_and_p), cmocka_unit_test(test_tuning),
        cmocka_unit_test(test_watching),       cmocka_unit_test(test_running_intersection),
        cmocka_unit_test(test_mixture),        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
