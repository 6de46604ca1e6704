/* Means of two arms: coherence of test, interval and lift set, symmetries, CUPED, statuses, refusals. */
#include <pdmetrics/stats/mean.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_near(double got, double expected, double tolerance) {
    return got == expected || fabs(got - expected) <= tolerance * fmax(1, fabs(expected));
}

static double uniform(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static pdm_mean_effect compare(pdm_arm_moments c, pdm_arm_moments t, const pdm_mean_options *o) {
    pdm_mean_effect e;
    assert_int_equal(pdm_mean_compare(&c, &t, o, &e, NULL), PDM_OK);
    return e;
}

static pdm_mean_effect compare_adjusted(pdm_covariate_moments c, pdm_covariate_moments t, const pdm_mean_options *o) {
    pdm_mean_effect e;
    assert_int_equal(pdm_mean_compare_adjusted(&c, &t, o, &e, NULL), PDM_OK);
    return e;
}

/* Random moments: some far from 0, some near it, either sign, small and large arms. */
static pdm_covariate_moments random_arm(uint64_t *seed) {
    pdm_covariate_moments a = {.n = 2 + (int64_t)(uniform(seed) * 60)};
    a.mean = (uniform(seed) - 0.4) * 4;
    a.variance = exp(4 * uniform(seed) - 2) * (double)a.n * 0.2;
    a.covariate_mean = uniform(seed);
    a.covariate_variance = uniform(seed) * 3;
    a.covariance = (2 * uniform(seed) - 1) * sqrt(a.variance * a.covariate_variance);
    return a;
}

/* ----------------------------------------------------------------------------------------------------------- coherence */

static bool set_excludes_zero(const pdm_lift *lift) {
    if (lift->form == PDM_LIFT_WHOLE_LINE) return false;
    if (lift->form == PDM_LIFT_EXTERIOR) return lift->gap_low < 0 && lift->gap_high > 0;
    return lift->low > 0 || lift->high < 0;
}

static void test_coherence(void **state) {
    (void)state;
    uint64_t seed = 7;
    int32_t forms[3] = {0};
    int32_t significant[2] = {0};
    for (int32_t i = 0; i < 20000; i++) {
        pdm_covariate_moments c = random_arm(&seed);
        pdm_covariate_moments t = random_arm(&seed);
        pdm_mean_options o = pdm_mean_options_default();
        o.equal_var = i % 5 == 0;
        o.normal = i % 3 == 0;
        pdm_mean_effect e = i % 2 == 0 ? compare_adjusted(c, t, &o)
                                       : compare((pdm_arm_moments){c.n, c.mean, c.variance},
                                                 (pdm_arm_moments){t.n, t.mean, t.variance}, &o);
        assert_int_equal(e.status, PDM_STATUS_OK);
        bool found = e.p < 0.05;
        assert_int_equal(e.low > 0 || e.high < 0, found);
        assert_int_equal(set_excludes_zero(&e.lift), found);
        assert_int_equal(e.lift.form == PDM_LIFT_INTERVAL, e.lift.g < 1);
        assert_int_equal(e.lift.status == PDM_STATUS_UNBOUNDED, e.lift.g >= 1);
        forms[e.lift.form]++;
        significant[found]++;
    }
    for (int32_t i = 0; i < 3; i++) assert_true(forms[i] > 100);
    assert_true(significant[0] > 1000 && significant[1] > 1000);
}

/* At either end of the lift set the margin test gives alpha/2. */
static void test_duality(void **state) {
    (void)state;
    uint64_t seed = 99;
    int32_t checked = 0;
    for (int32_t i = 0; i < 3000; i++) {
        pdm_covariate_moments c = random_arm(&seed);
        pdm_covariate_moments t = random_arm(&seed);
        c.mean *= 10;
        pdm_mean_effect e = compare_adjusted(c, t, NULL);
        if (e.lift.status != PDM_STATUS_OK) continue;
        pdm_test low;
        pdm_test high;
        assert_int_equal(pdm_mean_margin_test(&e, PDM_SCALE_LIFT, PDM_GREATER, e.lift.low, &low, NULL), PDM_OK);
        assert_int_equal(pdm_mean_margin_test(&e, PDM_SCALE_LIFT, PDM_LESS, e.lift.high, &high, NULL), PDM_OK);
        assert_true(is_near(low.p, 0.025, 1e-8) && is_near(high.p, 0.025, 1e-8));
        assert_int_equal(pdm_mean_margin_test(&e, PDM_SCALE_DIFFERENCE, PDM_GREATER, e.low, &low, NULL), PDM_OK);
        assert_true(is_near(low.p, 0.025, 1e-11));
        checked++;
    }
    assert_true(checked > 500);
}

/* ---------------------------------------------------------------------------------------------------------- symmetries */

static void test_symmetries(void **state) {
    (void)state;
    const pdm_arm_moments c = {400, 31.5, 812};
    const pdm_arm_moments t = {370, 35.25, 901.5};
    for (int32_t lift = 0; lift <= PDM_MEAN_LIFT_LOG; lift++) {
        pdm_mean_options o = pdm_mean_options_default();
        o.lift = lift;
        pdm_mean_effect e = compare(c, t, &o);
        pdm_mean_effect swapped = compare(t, c, &o);
        assert_true(e.low == -swapped.high && e.high == -swapped.low && e.p == swapped.p);
        /* In cents: the difference is scaled, p and lift stay. */
        pdm_mean_effect cents = compare((pdm_arm_moments){c.n, c.mean * 100, c.variance * 1e4},
                                        (pdm_arm_moments){t.n, t.mean * 100, t.variance * 1e4}, &o);
        assert_true(is_near(cents.low, 100 * e.low, 1e-14) && is_near(cents.p, e.p, 1e-14));
        assert_true(is_near(cents.lift.low, e.lift.low, 1e-13) && is_near(cents.lift.high, e.lift.high, 1e-13));
        /* Losses: better is still positive. */
        pdm_mean_effect losses =
            compare((pdm_arm_moments){t.n, -t.mean, t.variance}, (pdm_arm_moments){c.n, -c.mean, c.variance}, &o);
        assert_true(losses.lift.lift > 0 && losses.lift.low > -1 && losses.lift.low < losses.lift.lift);
        assert_true(losses.lift.high > losses.lift.lift);
        /* −x: the lift of the mirrored metric is the negative. */
        pdm_mean_effect mirrored =
            compare((pdm_arm_moments){c.n, -c.mean, c.variance}, (pdm_arm_moments){t.n, -t.mean, t.variance}, &o);
        assert_true(is_near(mirrored.lift.lift, -e.lift.lift, 1e-14));
        assert_true(is_near(mirrored.lift.low, -e.lift.high, 1e-13) && is_near(mirrored.lift.high, -e.lift.low, 1e-13));
    }
}

static void test_one_sided(void **state) {
    (void)state;
    const pdm_arm_moments c = {400, 31.5, 812};
    const pdm_arm_moments t = {370, 35.25, 901.5};
    pdm_mean_options o = pdm_mean_options_default();
    o.conf_level = 0.9;
    pdm_mean_effect two = compare(c, t, &o);
    o.conf_level = 0.95;
    o.alternative = PDM_GREATER;
    pdm_mean_effect greater = compare(c, t, &o);
    o.alternative = PDM_LESS;
    pdm_mean_effect less = compare(c, t, &o);
    assert_true(is_near(greater.low, two.low, 1e-13) && isinf(greater.high) && is_near(2 * greater.p, two.p, 1e-13));
    assert_true(is_near(less.high, two.high, 1e-13) && isinf(less.low) && is_near(less.p, 1 - greater.p, 1e-13));
    assert_true(is_near(greater.lift.low, two.lift.low, 1e-13) && isinf(greater.lift.high));
}

/* --------------------------------------------------------------------------------------------------------------- CUPED */

/* Against the same numbers adjusted unit by unit. */
static void test_cuped_unit_by_unit(void **state) {
    (void)state;
    enum { N = 40 };
    double x[2][N];
    double y[2][N];
    uint64_t seed = 3;
    pdm_covariate_moments arms[2] = {{.n = N}, {.n = N}};
    double sxx = 0;
    double sxy = 0;
    double mean_x = 0;
    double mean_y = 0;
    for (int32_t a = 0; a < 2; a++) {
        for (int32_t i = 0; i < N; i++) {
            x[a][i] = uniform(&seed) * 10;
            y[a][i] = 0.8 * x[a][i] + uniform(&seed) * 3 + a;
            arms[a].mean += y[a][i] / N;
            arms[a].covariate_mean += x[a][i] / N;
            mean_x += x[a][i] / (2 * N);
            mean_y += y[a][i] / (2 * N);
        }
        for (int32_t i = 0; i < N; i++) {
            double dx = x[a][i] - arms[a].covariate_mean;
            double dy = y[a][i] - arms[a].mean;
            arms[a].covariate_variance += dx * dx / (N - 1);
            arms[a].variance += dy * dy / (N - 1);
            arms[a].covariance += dx * dy / (N - 1);
        }
    }
    for (int32_t a = 0; a < 2; a++) {
        for (int32_t i = 0; i < N; i++) {
            sxx += (x[a][i] - mean_x) * (x[a][i] - mean_x);
            sxy += (x[a][i] - mean_x) * (y[a][i] - mean_y);
        }
    }
    pdm_mean_effect e = compare_adjusted(arms[0], arms[1], NULL);
    assert_true(is_near(e.theta, sxy / sxx, 1e-12));
    double means[2] = {0};
    double variances[2] = {0};
    for (int32_t a = 0; a < 2; a++) {
        for (int32_t i = 0; i < N; i++) means[a] += (y[a][i] - e.theta * x[a][i]) / N;
        for (int32_t i = 0; i < N; i++) {
            double d = y[a][i] - e.theta * x[a][i] - means[a];
            variances[a] += d * d / (N - 1);
        }
    }
    assert_true(is_near(e.difference, means[1] - means[0], 1e-12));
    assert_true(is_near(e.se, sqrt((variances[0] + variances[1]) / N), 1e-12));
    assert_true(e.variance_reduction > 0.5 && e.balance_p > 0 && e.balance_p <= 1);
    assert_true(is_near(e.lift.lift, e.difference / arms[0].mean, 1e-14)); /* over the unadjusted control */
}

static void test_cuped_off(void **state) {
    (void)state;
    const pdm_covariate_moments c = {50, 3, 2, 1, 0, 0};
    const pdm_covariate_moments t = {60, 4, 2.5, 1, 0, 0};
    pdm_mean_effect e = compare_adjusted(c, t, NULL);
    pdm_mean_effect plain = compare((pdm_arm_moments){50, 3, 2}, (pdm_arm_moments){60, 4, 2.5}, NULL);
    assert_true(e.theta == 0 && e.variance_reduction == 0 && isnan(e.balance_p));
    assert_true(e.p == plain.p && e.low == plain.low && e.lift.low == plain.lift.low);
    assert_true(isnan(plain.theta));
}

/* A ratio whose denominator is always 1 is a mean; so is the covariate. */
static void test_ratio_of_ones(void **state) {
    (void)state;
    const pdm_ratio_moments ones = {80, 2.5, 1, 4, 0, 0};
    pdm_arm_moments arm;
    assert_int_equal(pdm_arm_from_ratio(&ones, &arm, NULL), PDM_OK);
    assert_true(arm.n == 80 && arm.mean == 2.5 && arm.variance == 4);
    pdm_ratio_covariate_moments four = {.now = ones, .before = {80, 1.5, 1, 3, 0, 0}, .numerator_numerator = 2};
    pdm_covariate_moments both;
    assert_int_equal(pdm_covariate_from_ratios(&four, &both, NULL), PDM_OK);
    assert_true(both.covariance == 2 && both.covariate_mean == 1.5 && both.covariate_variance == 3);
    four.before.n = 79;
    assert_int_equal(pdm_covariate_from_ratios(&four, &both, NULL), PDM_E_BAD_VALUE);
}

/* ------------------------------------------------------------------------------------------------- statuses and errors */

static void test_statuses(void **state) {
    (void)state;
    const pdm_arm_moments arm = {10, 3, 2};
    assert_int_equal(compare((pdm_arm_moments){0, 0, 0}, arm, NULL).status, PDM_STATUS_NO_DATA);
    assert_int_equal(compare(arm, (pdm_arm_moments){1, 5, 0}, NULL).status, PDM_STATUS_TOO_FEW);
    pdm_mean_effect e = compare((pdm_arm_moments){5, 2, 0}, (pdm_arm_moments){6, 3, 0}, NULL);
    assert_int_equal(e.status, PDM_STATUS_ZERO_VARIANCE);
    assert_true(isnan(e.p) && isnan(e.low) && e.difference == 1 && e.lift.lift == 0.5 && isnan(e.lift.low));
    e = compare((pdm_arm_moments){5, 2, 0}, arm, NULL); /* one arm varies: its degrees of freedom */
    assert_true(e.status == PDM_STATUS_OK && e.df == 9);
    e = compare((pdm_arm_moments){5, 0, 1}, arm, NULL);
    assert_true(e.status == PDM_STATUS_OK && e.lift.status == PDM_STATUS_ZERO_BASE && isnan(e.lift.lift));
    pdm_mean_options o = pdm_mean_options_default();
    o.lift = PDM_MEAN_LIFT_LOG;
    e = compare((pdm_arm_moments){5, -2, 1}, arm, &o);
    assert_int_equal(e.lift.status, PDM_STATUS_SIGN_CHANGE);
    const pdm_ratio_moments nothing = {7, 3, 0, 1, 0, 0};
    pdm_arm_moments ratio;
    assert_int_equal(pdm_arm_from_ratio(&nothing, &ratio, NULL), PDM_OK);
    assert_int_equal(compare(arm, ratio, NULL).status, PDM_STATUS_ZERO_DENOMINATOR);
    pdm_test test;
    e = compare(arm, (pdm_arm_moments){1, 5, 0}, NULL);
    assert_int_equal(pdm_mean_margin_test(&e, 0, PDM_LESS, 0.1, &test, NULL), PDM_OK);
    assert_true(test.status == PDM_STATUS_TOO_FEW && isnan(test.p));
}

static void test_sums(void **state) {
    (void)state;
    pdm_arm_moments arm;
    pdm_error err;
    assert_int_equal(pdm_arm_from_sums(4, 10, 30, &arm, &err), PDM_OK); /* 1 2 3 4 */
    assert_true(arm.mean == 2.5 && is_near(arm.variance, 5.0 / 3, 1e-15));
    assert_int_equal(pdm_arm_from_sums(3, 9, 27, &arm, &err), PDM_OK);
    assert_true(arm.variance == 0);
    assert_int_equal(pdm_arm_from_sums(1, 9, 81, &arm, &err), PDM_OK);
    assert_true(arm.mean == 9 && isnan(arm.variance));
    assert_int_equal(pdm_arm_from_sums(3, 9, 20, &arm, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_arm_from_sums(-1, 9, 20, &arm, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_arm_from_sums(0, 0, 5, &arm, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_arm_from_sums(2, (double)NAN, 5, &arm, NULL), PDM_E_BAD_VALUE);
}

static void test_refusals(void **state) {
    (void)state;
    const pdm_arm_moments arm = {10, 3, 2};
    const pdm_arm_moments bad = {10, 3, -2};
    const pdm_covariate_moments impossible = {10, 3, 1, 2, 1, 1.01};
    pdm_mean_options o = pdm_mean_options_default();
    pdm_mean_effect e = {.p = 5};
    pdm_test test;
    pdm_error err;
    assert_int_equal(pdm_mean_compare(&arm, &bad, NULL, &e, &err), PDM_E_BAD_VALUE);
    assert_string_equal(err.column, "treatment");
    assert_true(e.p == 5);
    assert_int_equal(pdm_mean_compare_adjusted(&impossible, &impossible, NULL, &e, &err), PDM_E_BAD_VALUE);
    o.unchecked = 1;
    assert_int_equal(pdm_mean_compare_adjusted(&impossible, &impossible, &o, &e, &err), PDM_OK);
    o.conf_level = 1;
    assert_int_equal(pdm_mean_compare(&arm, &arm, &o, &e, &err), PDM_E_BAD_OPTION);
    o = pdm_mean_options_default();
    o.lift = 3;
    assert_int_equal(pdm_mean_compare(&arm, &arm, &o, &e, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "lift");
    o.struct_size = 4;
    assert_int_equal(pdm_mean_compare(&arm, &arm, &o, &e, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mean_compare(&arm, &arm, NULL, &e, &err), PDM_OK);
    assert_true(e.p == 1 && e.difference == 0);
    assert_int_equal(pdm_mean_margin_test(&e, 0, PDM_TWO_SIDED, 0.1, &test, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mean_margin_test(&e, 0, PDM_LESS, (double)INFINITY, &test, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mean_margin_test(&e, 2, PDM_LESS, 0.1, &test, &err), PDM_E_BAD_OPTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coherence),
        cmocka_unit_test(test_duality),
        cmocka_unit_test(test_symmetries),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_cuped_unit_by_unit),
        cmocka_unit_test(test_cuped_off),
        cmocka_unit_test(test_ratio_of_ones),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
