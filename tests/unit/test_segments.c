/* Segments and strata: the definitions by another road, symmetries, what cannot be used, refusals. */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/segments.h>

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

static pdm_heterogeneity compare(const double *effects, const double *se, int32_t count) {
    pdm_heterogeneity h;
    pdm_error err;
    if (pdm_heterogeneity_test(effects, se, count, &h, &err) != PDM_OK) fail_msg("%s", err.message);
    return h;
}

static void test_heterogeneity(void **state) {
    (void)state;
    const double effects[] = {0.02, 0.05, -0.01, 0.04};
    const double se[] = {0.01, 0.012, 0.02, 0.03};
    pdm_heterogeneity h = compare(effects, se, 4);
    double q = 0; /* Σ over pairs w_i w_j (e_i − e_j)²/Σw */
    double sum = 0;
    for (int32_t i = 0; i < 4; i++) {
        sum += 1 / (se[i] * se[i]);
        for (int32_t k = 0; k < i; k++) q += pow((effects[i] - effects[k]) / (se[i] * se[k]), 2);
    }
    q /= sum;
    assert_true(is_near(h.q, q, 1e-12) && h.df == 3 && is_near(h.pooled_se, 1 / sqrt(sum), 1e-13));
    assert_true(is_near(h.p, pdm_chi2_sf(q, 3), 1e-12) && is_near(h.i2, (q - 3) / q, 1e-12) && isnan(h.z));
    double tiny[4];
    double tiny_se[4];
    for (int32_t i = 0; i < 4; i++) { /* in another unit nothing changes but the unit */
        tiny[i] = effects[i] * 1e-200;
        tiny_se[i] = se[i] * 1e-200;
    }
    pdm_heterogeneity small = compare(tiny, tiny_se, 4);
    assert_true(is_near(small.q, h.q, 1e-12) && is_near(small.pooled, h.pooled * 1e-200, 1e-12));
    pdm_heterogeneity two = compare(effects, se, 2);
    assert_true(is_near(two.z, -0.03 / hypot(0.01, 0.012), 1e-13) && is_near(two.z * two.z, two.q, 1e-12));
    assert_true(is_near(two.p, 2 * pdm_normal_sf(fabs(two.z)), 1e-12));
}

static void test_unusable_segments(void **state) {
    (void)state;
    const double nan = (double)NAN;
    const double effects[] = {nan, 0.02, 0.5, 0.05, 0.3};
    const double se[] = {0.1, 0.01, 0, 0.012, nan};
    pdm_heterogeneity h = compare(effects, se, 5);
    assert_true(h.used == 2 && h.df == 1 && h.z < 0 && h.status == PDM_STATUS_OK);
    h = compare(effects, se, 2);
    assert_true(h.used == 1 && h.status == PDM_STATUS_TOO_FEW && h.pooled == 0.02 && isnan(h.p));
    h = compare(effects, se, 1);
    assert_true(h.used == 0 && h.status == PDM_STATUS_NO_DATA && isnan(h.pooled));
    const double same[] = {1, 1, 1};
    const double ones[] = {1, 1, 1};
    h = compare(same, ones, 3);
    assert_true(h.q == 0 && h.p == 1 && h.log_p == 0 && h.i2 == 0 && h.tau2 == 0);
    const double negative[] = {1, -1, 1};
    pdm_error err;
    assert_int_equal(pdm_heterogeneity_test(same, negative, 3, &h, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    const double infinite[] = {1, 1, (double)INFINITY};
    assert_int_equal(pdm_heterogeneity_test(infinite, ones, 3, &h, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 2);
    assert_string_equal(err.column, "effects");
}

static pdm_cmh strata(const pdm_two_proportions *k, int32_t count) {
    pdm_cmh out;
    pdm_error err;
    if (pdm_cmh_test(k, count, 0.95, &out, &err) != PDM_OK) fail_msg("%s", err.message);
    return out;
}

static void test_cmh(void **state) {
    (void)state;
    const pdm_two_proportions k[] = {{240, 10000, 200, 10000}, {44, 1000, 50, 1000}, {9, 420, 5, 400}};
    pdm_cmh all = strata(k, 3);
    pdm_two_proportions swapped[3];
    pdm_two_proportions failures[3];
    for (int32_t i = 0; i < 3; i++) {
        swapped[i] = (pdm_two_proportions){k[i].x_treatment, k[i].n_treatment, k[i].x_control, k[i].n_control};
        failures[i] = (pdm_two_proportions){k[i].n_control - k[i].x_control, k[i].n_control,
                                            k[i].n_treatment - k[i].x_treatment, k[i].n_treatment};
    }
    pdm_cmh other = strata(swapped, 3);
    assert_true(is_near(other.chi2, all.chi2, 1e-12) && is_near(other.odds_ratio, 1 / all.odds_ratio, 1e-12));
    assert_true(is_near(other.odds_low, 1 / all.odds_high, 1e-12) &&
                is_near(other.risk_ratio, 1 / all.risk_ratio, 1e-12));
    assert_true(is_near(other.risk_difference, -all.risk_difference, 1e-12));
    other = strata(failures, 3);
    assert_true(is_near(other.chi2, all.chi2, 1e-12) && is_near(other.odds_ratio, 1 / all.odds_ratio, 1e-12));
    /* One stratum: the pooled z test times (n − 1)/n, and the plain ratios. */
    pdm_cmh one = strata(k, 1);
    pdm_test z;
    assert_int_equal(pdm_proportion_test(k, PDM_TEST_POOLED, 0, &z, NULL), PDM_OK);
    assert_true(is_near(one.chi2, z.statistic * z.statistic * 19999 / 20000, 1e-12));
    assert_true(is_near(one.risk_ratio, 200.0 / 240, 1e-13) && is_near(one.risk_difference, -0.004, 1e-12));
    assert_true(is_near(one.odds_ratio, 200.0 * 9760 / (240 * 9800.0), 1e-13));
    double se = sqrt(1 / 200.0 + 1 / 9800.0 + 1 / 240.0 + 1 / 9760.0); /* Woolf's, which it is for one stratum */
    assert_true(is_near(log(one.odds_high / one.odds_low), 2 * pdm_normal_isf(0.025) * se, 1e-12));
}

static void test_odd_strata(void **state) {
    (void)state;
    const pdm_two_proportions k[] = {{5, 10, 0, 0}, {0, 10, 0, 20}, {3, 10, 9, 20}, {1, 1, 0, 0}};
    pdm_cmh out = strata(k, 4);
    assert_true(out.used == 2 && out.status == PDM_STATUS_OK);
    assert_true(is_near(out.chi2, strata(k + 2, 1).chi2, 1e-12)); /* nobody converted: tells nothing about the odds */
    out = strata(k, 2);
    assert_true(out.used == 1 && out.status == PDM_STATUS_ZERO_VARIANCE && isnan(out.p) && isnan(out.odds_ratio));
    assert_true(out.risk_difference == 0);
    out = strata(k, 1);
    assert_true(out.used == 0 && out.status == PDM_STATUS_NO_DATA && isnan(out.risk_difference));
    const pdm_two_proportions none = {0, 10, 5, 10};
    out = strata(&none, 1);
    assert_true(isinf(out.odds_ratio) && isinf(out.risk_ratio) && isnan(out.odds_low) && out.p < 0.05);
    const pdm_two_proportions tie = {5, 10, 5, 10};
    out = strata(&tie, 1);
    assert_true(out.chi2 == 0 && out.p == 1 && out.chi2_cc == 0 && out.odds_ratio == 1);
    const pdm_two_proportions bad[] = {{1, 2, 1, 2}, {1, 2, 3, 2}};
    pdm_error err;
    assert_int_equal(pdm_cmh_test(bad, 2, 0.95, &out, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    assert_string_equal(err.column, "treatment");
    assert_int_equal(pdm_cmh_test(bad, 1, 1, &out, &err), PDM_E_BAD_OPTION);
}

static void test_trend(void **state) {
    (void)state;
    const double nan = (double)NAN;
    const double times[] = {1, 2, 3, 4, 99};
    const double line[] = {0.5, 0.4, 0.3, 0.2, nan};
    const double se[] = {0.1, 0.2, 0.05, 0.1, 0.1};
    pdm_trend t;
    pdm_error err;
    assert_int_equal(pdm_effect_trend(times, line, se, 5, &t, NULL), PDM_OK);
    assert_true(is_near(t.slope, -0.1, 1e-12) && t.used == 4 && is_near(t.z, t.slope / t.slope_se, 1e-14));
    assert_true(is_near(t.p, 2 * pdm_normal_sf(-t.z), 1e-12) && is_near(exp(t.log_p), t.p, 1e-12));
    assert_int_equal(pdm_effect_trend(times, line, se, 2, &t, NULL), PDM_OK); /* two points: their difference */
    assert_true(is_near(t.slope_se, hypot(0.1, 0.2), 1e-12));
    assert_int_equal(pdm_effect_trend(times, line, se, 1, &t, NULL), PDM_OK);
    assert_true(t.status == PDM_STATUS_TOO_FEW && isnan(t.slope));
    const double same[] = {3, 3, 3};
    assert_int_equal(pdm_effect_trend(same, line, se, 3, &t, NULL), PDM_OK);
    assert_true(t.status == PDM_STATUS_ZERO_VARIANCE && isnan(t.p));
    const double bad[] = {1, nan};
    assert_int_equal(pdm_effect_trend(bad, line, se, 2, &t, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    assert_string_equal(err.column, "times");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heterogeneity), cmocka_unit_test(test_unusable_segments), cmocka_unit_test(test_cmh),
        cmocka_unit_test(test_trend),         cmocka_unit_test(test_odd_strata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
