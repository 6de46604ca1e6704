/* Planning: answers that undo each other, conventions, edges, refusals. */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/power.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_near(double got, double expected, double tolerance) {
    return fabs(got - expected) <= tolerance * fabs(expected);
}

/* n, then its power, then the effect at that n. */
static void test_proportions_return(void **state) {
    (void)state;
    static const double rates[][2] = {{0.2, 0.25}, {0.5, 0.4}, {0.001, 0.002}, {0.97, 0.99}, {0.15, 0.9}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        for (int32_t kind = 0; kind <= PDM_POWER_ARCSINE; kind++) {
            for (int32_t variant = 0; variant < 6; variant++) {
                pdm_power_options o = pdm_power_options_default();
                o.kind = kind;
                o.one_sided = variant % 2;
                o.strict = variant / 2 == 1;
                if (variant / 2 == 2 && kind != PDM_POWER_EVAN_MILLER) o.ratio = 2.5;
                pdm_plan n;
                pdm_plan power;
                pdm_plan rate;
                assert_int_equal(pdm_sample_proportions(rates[i][0], rates[i][1], &o, &n, NULL), PDM_OK);
                assert_int_equal(pdm_power_proportions(rates[i][0], rates[i][1], n.value, &o, &power, NULL), PDM_OK);
                assert_true(is_near(power.value, 0.8, 1e-9));
                assert_true(n.whole == (int64_t)ceil(n.value) && n.kind == kind);
                assert_int_equal(pdm_mde_proportions(rates[i][0], n.value, rates[i][1] > rates[i][0], &o, &rate, NULL),
                                 PDM_OK);
                assert_true(rate.status == PDM_STATUS_OK && is_near(rate.value, rates[i][1], 1e-7));
            }
        }
    }
}

static void test_means_return(void **state) {
    (void)state;
    for (double delta = 0.05; delta < 3; delta *= 1.9) {
        for (int32_t variant = 0; variant < 8; variant++) {
            pdm_power_options o = pdm_power_options_default();
            o.normal = variant % 2;
            o.strict = variant / 2 % 2;
            o.ratio = variant < 4 ? 1 : 0.4;
            pdm_plan n;
            pdm_plan power;
            pdm_plan mde;
            assert_int_equal(pdm_sample_means(-delta, 1, 1.3, &o, &n, NULL), PDM_OK);
            assert_int_equal(pdm_power_means(delta, 1, 1.3, n.value, &o, &power, NULL), PDM_OK);
            assert_true(is_near(power.value, 0.8, 1e-9) && n.kind == power.kind);
            assert_int_equal(pdm_mde_means(1, 1.3, n.value, &o, &mde, NULL), PDM_OK);
            assert_true(is_near(mde.value, delta, 1e-8));
            pdm_power_options z = o;
            z.normal = 1;
            pdm_plan with_z;
            assert_int_equal(pdm_sample_means(delta, 1, 1.3, &z, &with_z, NULL), PDM_OK);
            assert_true(with_z.value <= n.value && n.value - with_z.value < 4); /* t asks for a few more */
        }
    }
}

static void test_lift_returns(void **state) {
    (void)state;
    pdm_power_options o = pdm_power_options_default();
    pdm_plan mde;
    pdm_plan power;
    for (double n = 2000; n < 1e7; n *= 7) {
        assert_int_equal(pdm_mde_lift(10, 3900, n, &o, &mde, NULL), PDM_OK);
        assert_int_equal(pdm_power_lift(mde.value, 10, 3900, n, &o, &power, NULL), PDM_OK);
        assert_true(power.value >= 0.8 && power.value < 0.80001);
    }
    assert_int_equal(pdm_mde_lift(10, 3900, 300, &o, &mde, NULL), PDM_OK);
    assert_true(mde.status == PDM_STATUS_UNREACHABLE && isnan(mde.value));
}

static void test_margins_return(void **state) {
    (void)state;
    pdm_power_options o = pdm_power_options_default();
    pdm_plan n;
    pdm_plan power;
    for (double p = 0.05; p < 0.95; p += 0.1) {
        o.ratio = p < 0.5 ? 1 : 2;
        assert_int_equal(pdm_sample_equivalence(p, p + 0.01, 0.03, &o, &n, NULL), PDM_OK);
        assert_int_equal(pdm_power_equivalence(p, p + 0.01, 0.03, n.value, &o, &power, NULL), PDM_OK);
        assert_true(is_near(power.value, 0.8, 1e-9));
    }
    assert_int_equal(pdm_sample_equivalence(0.2, 0.25, 0.05, &o, &n, NULL), PDM_OK);
    assert_int_equal(n.status, PDM_STATUS_UNREACHABLE);
    assert_int_equal(pdm_sample_noninferiority(0.2, 0.15, 0.05, NULL, &n, NULL), PDM_OK);
    assert_int_equal(n.status, PDM_STATUS_UNREACHABLE);
    assert_int_equal(pdm_sample_noninferiority(0.2, 0.21, 0.05, NULL, &n, NULL), PDM_OK);
    assert_true(n.status == PDM_STATUS_OK && n.whole > 0);
    assert_int_equal(pdm_power_proportions(0.3, 0.3, 500, NULL, &power, NULL),
                     PDM_OK); /* no effect: alpha in one tail */
    assert_true(is_near(power.value, 0.025, 1e-13));
    assert_int_equal(pdm_power_means(0, 1, 1, 20, NULL, &power, NULL), PDM_OK);
    assert_true(is_near(power.value, 0.025, 1e-10));
}

/* 每组 500 人: what the rules of practice amount to. */
static void test_practice(void **state) {
    (void)state;
    pdm_plan plan;
    assert_int_equal(pdm_sample_proportions(0.15, 0.25, NULL, &plan, NULL), PDM_OK);
    assert_int_equal(plan.whole, 250);
    assert_int_equal(pdm_sample_proportions(0.15, 0.18, NULL, &plan, NULL), PDM_OK);
    assert_int_equal(plan.whole, 2402);
    assert_int_equal(pdm_mde_proportions(0.15, 500, true, NULL, &plan, NULL), PDM_OK);
    assert_true(fabs(plan.value - 0.15 - 0.069) < 0.0005);
    assert_int_equal(pdm_plan_duration(10000, 3000, 0.5, false, &plan, NULL), PDM_OK);
    assert_int_equal(plan.whole, 7);
    assert_int_equal(pdm_plan_duration(10001, 2000, 0.5, true, &plan, NULL), PDM_OK);
    assert_int_equal(plan.whole, 14);
    assert_int_equal(pdm_plan_duration(100, 0, 0.5, true, &plan, NULL), PDM_OK);
    assert_int_equal(plan.status, PDM_STATUS_ZERO_BASE);
}

static void test_several_arms(void **state) {
    (void)state;
    pdm_power_options o = pdm_power_options_default();
    pdm_plan three;
    pdm_plan third;
    o.comparisons = 3;
    assert_int_equal(pdm_sample_proportions(0.2, 0.25, &o, &three, NULL), PDM_OK);
    o.comparisons = 1;
    o.alpha = 0.05 / 3;
    assert_int_equal(pdm_sample_proportions(0.2, 0.25, &o, &third, NULL), PDM_OK);
    assert_true(is_near(three.value, third.value, 1e-13));
}

static void test_more_traffic(void **state) {
    (void)state;
    pdm_plan plan;
    assert_int_equal(pdm_more_traffic(0.05, 0.01, NULL, &plan, NULL), PDM_OK);
    assert_true(plan.value == 0);
    assert_int_equal(pdm_more_traffic(-0.05, 0.04, NULL, &plan, NULL), PDM_OK);
    double shift = 0.05 / (0.04 / sqrt(1 + plan.value));
    double z = pdm_normal_isf(0.025);
    assert_true(is_near(pdm_normal_sf(z - shift) + pdm_normal_sf(z + shift), 0.8, 1e-10));
    assert_true(isnan(pdm_design_effect(0.5, 0, 0.1)) && isnan(pdm_design_effect(5, 0, 1.1)));
    assert_true(pdm_design_effect(1, 0, 0.3) == 1);
}

static void test_refusals(void **state) {
    (void)state;
    pdm_plan plan;
    pdm_error err;
    pdm_power_options o = pdm_power_options_default();
    assert_int_equal(pdm_sample_proportions(0, 0.5, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "p_control");
    assert_int_equal(pdm_sample_proportions(0.5, 1, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_sample_proportions(0.5, 0.5, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_power_proportions(0.5, 0.6, 0, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_sample_means(0, 1, 1, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_sample_means(1, -1, 1, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mde_lift(0, 1, 5, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_plan_duration(5, -1, 1, false, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_plan_duration(5, 1, 0, false, &plan, &err), PDM_E_BAD_OPTION);
    o.power = 0.04;
    assert_int_equal(pdm_sample_means(1, 1, 1, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "power");
    o = pdm_power_options_default();
    o.kind = PDM_POWER_EVAN_MILLER;
    o.ratio = 2;
    assert_int_equal(pdm_sample_proportions(0.2, 0.3, &o, &plan, &err), PDM_E_BAD_OPTION);
    o.ratio = -1;
    assert_int_equal(pdm_sample_proportions(0.2, 0.3, &o, &plan, &err), PDM_E_BAD_OPTION);
    o = pdm_power_options_default();
    o.struct_size = 8;
    assert_int_equal(pdm_sample_proportions(0.2, 0.3, &o, &plan, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mde_means(1, 1, 0.5, NULL, &plan, &err), PDM_OK);
    assert_int_equal(plan.status, PDM_STATUS_UNREACHABLE);
    assert_int_equal(pdm_mde_proportions(0.5, 3, true, NULL, &plan, &err), PDM_OK);
    assert_int_equal(plan.status, PDM_STATUS_UNREACHABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proportions_return), cmocka_unit_test(test_means_return),
        cmocka_unit_test(test_lift_returns),       cmocka_unit_test(test_margins_return),
        cmocka_unit_test(test_practice),           cmocka_unit_test(test_several_arms),
        cmocka_unit_test(test_more_traffic),       cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
