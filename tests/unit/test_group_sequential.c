/* Planned looks: what the bounds spend, two looks by another road, tiny spends, many looks, refusals. */
#include "contexts.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/group_sequential.h>
#include <pdmetrics/stats/mean.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MOST 150

static bool is_near(double got, double expected, double tolerance) {
    return fabs(got - expected) <= tolerance * fmax(fabs(expected), 1e-300);
}

static void bounds(const double *info, int32_t count, const pdm_spending_options *o, pdm_look *looks) {
    pdm_error err;
    assert_int_equal(pdm_group_bounds(NULL, info, count, o, looks, &err), PDM_OK);
}

/* Memory that fails at any call: an error, nothing left behind, the next try works. */
static void test_failing_memory(void **state) {
    (void)state;
    const double info[] = {0.2, 0.5, 0.8, 1};
    const pdm_context_options options = {.struct_size = (uint32_t)sizeof options};
    int64_t failures = 0;
    for (int64_t at = 0; at < 40; at++) {
        failing_memory memory = {0};
        pdm_context *context = context_failing(&memory, options);
        int64_t before = memory.outstanding;
        pdm_look looks[4];
        double factor = 0;
        memory.calls = 0;
        memory.fail_at = at;
        pdm_status status = pdm_group_bounds(context, info, 4, NULL, looks, NULL);
        if (status == PDM_OK) status = pdm_group_inflation(context, looks, 4, 0, 0.05, 0.8, &factor, NULL);
        if (status == PDM_OK) status = pdm_group_classic(context, 4, 0, 0.05, looks, NULL);
        assert_int_equal(status, memory.failures > 0 ? PDM_E_NOMEM : PDM_OK);
        assert_true(memory.outstanding == before && !memory.wrong_size);
        failures += memory.failures;
        pdm_context_free(context);
        assert_true(memory.outstanding == 0);
    }
    assert_true(failures >= 30);
}

/* Whatever the function and the times: under no effect the bounds are crossed as often as is spent. */
static void test_spends_alpha(void **state) {
    (void)state;
    const double info[] = {0.03, 0.2, 0.21, 0.5, 0.97, 1.3};
    for (int32_t spending = 0; spending <= PDM_SPENDING_HWANG; spending++) {
        for (int32_t alternative = 0; alternative <= PDM_LESS; alternative++) {
            for (int32_t total = 0; total < 2; total++) {
                pdm_spending_options o = pdm_spending_options_default();
                pdm_look looks[6];
                double upper = 0;
                double lower = 0;
                o.spending = spending;
                o.alternative = alternative;
                o.total = total;
                o.parameter = spending == PDM_SPENDING_HWANG ? -2 : 1.5;
                bounds(info, 6, &o, looks);
                double a = alternative == PDM_TWO_SIDED ? 0.025 : 0.05;
                assert_true(is_near(looks[5].alpha_spent, a, 1e-14));
                assert_int_equal(pdm_group_crossing(NULL, looks, 6, alternative, 0, &upper, &lower, NULL), PDM_OK);
                assert_true(is_near(upper, a, 1e-10));
                assert_true(alternative == PDM_TWO_SIDED ? is_near(lower, a, 1e-10) : lower == 0);
                for (int32_t k = 0; k < 6; k++) {
                    double p = pdm_normal_sf(looks[k].z) * (alternative == PDM_TWO_SIDED ? 2 : 1);
                    assert_true(is_near(looks[k].nominal_p, p, 1e-12) && looks[k].info == info[k]);
                    assert_true(k == 0 || looks[k].alpha_spent > looks[k - 1].alpha_spent);
                }
                assert_int_equal(pdm_group_crossing(NULL, looks, 3, alternative, 0, &upper, NULL, NULL), PDM_OK);
                assert_true(is_near(upper, looks[2].alpha_spent, 1e-9));
            }
        }
    }
}

/* P(Z_2 > z_2, |Z_1| < z_1) by Simpson's rule over Z_1: Z_2 given Z_1 has mean √(t_1/t_2) Z_1 and variance 1 − t_1/t_2. */
static double second_look(double z1, double z2, double ratio) {
    enum { STEPS = 2000 };
    double h = 2 * z1 / STEPS;
    double sum = 0;
    for (int32_t i = 0; i <= STEPS; i++) {
        double x = -z1 + h * i;
        double f = pdm_normal_pdf(x) * pdm_normal_sf((z2 - sqrt(ratio) * x) / sqrt(1 - ratio));
        sum += f * (i == 0 || i == STEPS ? 1 : i % 2 == 1 ? 4 : 2);
    }
    return sum * h / 3;
}

static void test_two_looks(void **state) {
    (void)state;
    for (double t = 0.1; t < 0.95; t += 0.17) {
        const double info[] = {t, 1};
        pdm_look looks[2];
        bounds(info, 2, NULL, looks);
        double spent = 2 * pdm_normal_sf(pdm_normal_isf(0.0125) / sqrt(t)); /* O'Brien–Fleming type, alpha/2 a side */
        assert_true(is_near(looks[0].alpha_spent, spent, 1e-12));
        assert_true(is_near(pdm_normal_sf(looks[0].z), spent, 1e-10));
        assert_true(is_near(second_look(looks[0].z, looks[1].z, t), 0.025 - spent, 1e-9));
    }
}

/* Nothing is cut off: a first look at 1 % of the information has its bound far out, and costs nothing. */
static void test_tiny_spends(void **state) {
    (void)state;
    const double info[] = {0.0001, 0.01, 0.02, 1};
    pdm_look looks[4];
    bounds(info, 4, NULL, looks);
    assert_true(looks[0].alpha_spent == 0 && isfinite(looks[0].log_alpha_spent) && isfinite(looks[0].log_nominal_p));
    assert_true(looks[0].z > 200 && looks[1].z > 22 && looks[2].z > 15 && looks[1].z > looks[2].z);
    assert_true(is_near(pdm_normal_log_sf(looks[1].z), looks[1].log_alpha_spent, 1e-12));
    assert_true(is_near(looks[3].z, pdm_normal_isf(0.025), 1e-9));
    const double one[] = {1};
    bounds(one, 1, NULL, looks);
    assert_true(is_near(looks[0].z, pdm_normal_isf(0.025), 1e-14));
    pdm_spending_options o = pdm_spending_options_default(); /* all spent at once: nothing is left to spend */
    o.spending = PDM_SPENDING_HWANG;
    o.parameter = 800;
    const double two[] = {0.5, 0.6, 1};
    bounds(two, 3, &o, looks);
    assert_true(is_near(looks[0].z, pdm_normal_isf(0.025), 1e-12) && looks[1].z > 15 && looks[2].z > 15);
    o.parameter = -800; /* all at the end */
    bounds(two, 3, &o, looks);
    assert_true(is_near(looks[2].z, pdm_normal_isf(0.025), 1e-12) && looks[0].z > 25);
}

/* Hourly looks: close steps, many of them; alpha holds. */
static void test_many_looks(void **state) {
    (void)state;
    static pdm_look looks[MOST];
    double info[MOST];
    double upper = 0;
    for (int32_t k = 0; k < MOST; k++) info[k] = (k + 1.0) / MOST;
    bounds(info, MOST, NULL, looks);
    assert_true(looks[MOST - 1].z > 2.05 && looks[MOST - 1].z < 2.3);
    assert_int_equal(pdm_group_crossing(NULL, looks, MOST, PDM_TWO_SIDED, 0, &upper, NULL, NULL), PDM_OK);
    assert_true(is_near(upper, 0.025, 1e-9));
}

static void test_classic(void **state) {
    (void)state;
    pdm_look looks[5];
    double upper = 0;
    double inflation = 0;
    for (double shape = -0.5; shape < 0.8; shape += 0.25) {
        assert_int_equal(pdm_group_classic(NULL, 5, shape, 0.05, looks, NULL), PDM_OK);
        assert_int_equal(pdm_group_crossing(NULL, looks, 5, PDM_TWO_SIDED, 0, &upper, NULL, NULL), PDM_OK);
        assert_true(is_near(upper, 0.025, 1e-10) && is_near(looks[4].alpha_spent, 0.025, 1e-10));
        for (int32_t k = 0; k < 5; k++) {
            assert_true(is_near(looks[k].z, looks[4].z * pow((k + 1) / 5.0, shape - 0.5), 1e-12));
        }
        assert_int_equal(pdm_group_inflation(NULL, looks, 5, PDM_TWO_SIDED, 0.05, 0.9, &inflation, NULL), PDM_OK);
        double drift = sqrt(inflation) * (pdm_normal_isf(0.025) + pdm_normal_isf(0.1));
        assert_int_equal(pdm_group_crossing(NULL, looks, 5, PDM_TWO_SIDED, drift, &upper, NULL, NULL), PDM_OK);
        assert_true(is_near(upper, 0.9, 1e-9) && inflation > 1 && inflation < 2);
    }
    assert_int_equal(pdm_group_classic(NULL, 1, 0, 0.05, looks, NULL), PDM_OK);
    assert_int_equal(pdm_group_inflation(NULL, looks, 1, PDM_TWO_SIDED, 0.05, 0.8, &inflation, NULL), PDM_OK);
    assert_true(is_near(inflation, 1, 1e-10));
}

/* At a bound far out an interval and the test against its end agree, where a level like 1 − 1e-11 would have no digits left. */
static void test_intervals_at_a_bound(void **state) {
    (void)state;
    const pdm_two_proportions k = {300, 5000, 420, 5200};
    const pdm_arm_moments c = {60, 10, 4};
    const pdm_arm_moments t = {70, 13, 9};
    for (double z = 0.5; z < 9; z += 0.9) {
        pdm_mean_options o = pdm_mean_options_default();
        pdm_mean_effect e;
        pdm_interval d;
        pdm_lift lift;
        pdm_test test;
        assert_int_equal(pdm_proportion_difference_at(&k, 0, PDM_TWO_SIDED, z, &d, NULL), PDM_OK);
        assert_int_equal(pdm_proportion_lift_at(&k, 0, PDM_TWO_SIDED, z, &lift, NULL), PDM_OK);
        assert_int_equal(pdm_proportion_margin_test(&k, 0, PDM_SCALE_DIFFERENCE, PDM_GREATER, d.low, &test, NULL), 0);
        assert_true(is_near(test.p, pdm_normal_sf(z), 1e-8));
        assert_int_equal(pdm_proportion_margin_test(&k, 0, PDM_SCALE_LIFT, PDM_LESS, lift.high, &test, NULL), 0);
        assert_true(is_near(test.p, pdm_normal_sf(z), 1e-8));
        assert_int_equal((d.low > 0), (lift.low > 0));
        o.critical_z = z;
        assert_int_equal(pdm_mean_compare(&c, &t, &o, &e, NULL), PDM_OK);
        assert_true(is_near(pdm_t_log_sf(e.critical, e.df), pdm_normal_log_sf(z), 1e-10));
        assert_int_equal(e.low > 0, e.lift.low > 0);
        o.normal = 1;
        assert_int_equal(pdm_mean_compare(&c, &t, &o, &e, NULL), PDM_OK);
        assert_true(is_near(e.critical, z, 1e-13));
        o.multiplier = 4.25;
        assert_int_equal(pdm_mean_compare(&c, &t, &o, &e, NULL), PDM_OK);
        assert_true(e.critical == 4.25 && e.low == e.difference - 4.25 * e.se);
    }
    pdm_mean_options o = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_interval d;
    o.critical_z = -1;
    assert_int_equal(pdm_mean_compare(&c, &t, &o, &e, NULL), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_proportion_difference_at(&k, 0, 0, 0, &d, NULL), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_proportion_difference(&k, 0, PDM_LESS, 0.4, &d, NULL), PDM_E_BAD_OPTION);
}

static void refused(pdm_status got, pdm_status expected, const pdm_error *err, const char *column, int64_t row) {
    assert_int_equal(got, expected);
    assert_string_equal(err->column, column);
    assert_int_equal(err->row, row);
}

static void test_refusals(void **state) {
    (void)state;
    const double falling[] = {0.5, 0.4, 1};
    const double after[] = {0.5, 1, 1.2};
    const double close[] = {0.5, 0.5 + 1e-9};
    const double none[] = {0, 1};
    pdm_spending_options o = pdm_spending_options_default();
    pdm_look looks[3];
    pdm_error err;
    double x = 0;
    assert_string_equal(pdm_status_name(PDM_E_AFTER_FINAL), "after_final");
    assert_string_equal(pdm_status_name(PDM_E_LIMIT), "limit");
    assert_string_equal(pdm_status_name(199), "unknown");
    refused(pdm_group_bounds(NULL, falling, 3, NULL, looks, &err), PDM_E_BAD_LOOKS, &err, "info", 1);
    refused(pdm_group_bounds(NULL, after, 3, NULL, looks, &err), PDM_E_AFTER_FINAL, &err, "info", 2);
    refused(pdm_group_bounds(NULL, close, 2, NULL, looks, &err), PDM_E_BAD_LOOKS, &err, "info", 1);
    refused(pdm_group_bounds(NULL, none, 2, NULL, looks, &err), PDM_E_BAD_LOOKS, &err, "info", 0);
    refused(pdm_group_bounds(NULL, after, 0, NULL, looks, &err), PDM_E_BAD_OPTION, &err, "count", -1);
    refused(pdm_group_bounds(NULL, after, 10001, NULL, looks, &err), PDM_E_LIMIT, &err, "count", -1);
    o.alpha = 1;
    refused(pdm_group_bounds(NULL, after, 2, &o, looks, &err), PDM_E_BAD_OPTION, &err, "alpha", -1);
    o.alpha = 0;
    o.spending = 4;
    refused(pdm_group_bounds(NULL, after, 2, &o, looks, &err), PDM_E_BAD_OPTION, &err, "spending", -1);
    o.spending = PDM_SPENDING_POWER;
    o.parameter = -1;
    refused(pdm_group_bounds(NULL, after, 2, &o, looks, &err), PDM_E_BAD_OPTION, &err, "parameter", -1);
    o.struct_size = 4;
    refused(pdm_group_bounds(NULL, after, 2, &o, looks, &err), PDM_E_BAD_OPTION, &err, "struct_size", -1);
    refused(pdm_group_classic(NULL, 3, 2, 0.05, looks, &err), PDM_E_BAD_OPTION, &err, "shape", -1);
    assert_int_equal(pdm_group_classic(NULL, 3, 0, 0.05, looks, &err), PDM_OK);
    refused(pdm_group_inflation(NULL, looks, 3, 0, 0.05, 0.04, &x, &err), PDM_E_BAD_OPTION, &err, "power", -1);
    refused(pdm_group_crossing(NULL, looks, 3, 0, (double)NAN, &x, NULL, &err), PDM_E_BAD_OPTION, &err, "drift", -1);
    looks[1].z = 0;
    refused(pdm_group_crossing(NULL, looks, 3, 0, 0, &x, NULL, &err), PDM_E_BAD_OPTION, &err, "z", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spends_alpha),   cmocka_unit_test(test_two_looks),
        cmocka_unit_test(test_tiny_spends),    cmocka_unit_test(test_many_looks),
        cmocka_unit_test(test_classic),        cmocka_unit_test(test_intervals_at_a_bound),
        cmocka_unit_test(test_failing_memory), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
