/* The small calculators: one example each, worked out by hand. */
#include "test_plan.h"

#include <pdmetrics/plan/change.h>
#include <pdmetrics/plan/season.h>

static const double no = (double)NAN;

static void test_seasonal_split(void **unused) {
    (void)unused;
    static const double total[] = {13000000};
    static const double growth[] = {0.03};
    static const double flat[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const int64_t whole[] = {10};
    static const int64_t index[] = {1, 2, 0};
    static const int64_t expected[] = {3, 7, 0};
    plan_begin();
    plan_input("target", 1);
    plan_floats("total", total);
    plan_floats("growth", growth);
    plan_input("index", 12);
    plan_floats("index", flat);
    pdm_result *result = plan_run("seasonal_split", NULL);
    plan_near(plan_float(result, "split", "amount", 0), 916007.1111485193, 1e-14);
    plan_near(plan_float(result, "split", "amount", 11), 1267968.0690762324, 1e-14);
    plan_text_is(result, "summary", "status", 0, "ok");
    pdm_result_free(result);
    pdm_seasonal_split_options options = pdm_seasonal_split_options_default();
    options.exact_int = 1;
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", whole);
    plan_input("index", 3);
    plan_ints("index", index);
    result = plan_run("seasonal_split", &options);
    plan_ints_are(result, "split", "amount_int", expected, 3);
    pdm_result_free(result);
}

static void test_blend(void **unused) {
    (void)unused;
    static const char *const source[] = {"history", "history", "capacity", "capacity"};
    static const char *const unit[] = {"a", "b", "a", "b"};
    static const double share[] = {0.5, 0.5, 0.2, 0.8};
    static const char *const sources[] = {"history", "capacity"};
    static const double alpha[] = {3, 1};
    static const double expected[] = {0.425, 0.575};
    plan_begin();
    plan_input("sources", 4);
    plan_texts("source", source);
    plan_texts("unit", unit);
    plan_floats("share", share);
    plan_input("alphas", 2);
    plan_texts("source", sources);
    plan_floats("alpha", alpha);
    pdm_result *result = plan_run("blend", NULL);
    plan_column_is(result, "shares", "share", expected, 2, 1e-15);
    plan_near(plan_float(result, "sources", "alpha", 0), 0.75, 1e-15);
    pdm_result_free(result);
}

static void test_gap(void **unused) {
    (void)unused;
    static const double top[] = {12960000, 0, 5};
    static const double bottom[] = {10800000, 3, no};
    static const double gap[] = {2160000, -3, no};
    plan_begin();
    plan_input("nodes", 3);
    plan_floats("top_down", top);
    plan_floats("bottom_up", bottom);
    pdm_result *result = plan_run("gap", NULL);
    plan_column_is(result, "gaps", "gap", gap, 3, 1e-15);
    plan_near(plan_float(result, "gaps", "coverage", 0), 10800000.0 / 12960000, 1e-15);
    plan_text_is(result, "gaps", "status", 1, "zero_target");
    plan_text_is(result, "gaps", "status", 2, "missing");
    pdm_result_free(result);
}

static void test_review_rounds(void **unused) {
    (void)unused;
    static const int64_t round[] = {1, 1, 2};
    static const char *const unit[] = {"a", "b", "a"};
    static const double proposed[] = {100, 50, 90};
    static const double counter[] = {80, 50, 85};
    static const double agreed[] = {no, 50, 88};
    static const double gap[] = {20, 5};
    plan_begin();
    plan_input("rounds", 3);
    plan_ints("round", round);
    plan_texts("unit", unit);
    plan_floats("proposed", proposed);
    plan_floats("counter", counter);
    plan_floats("agreed", agreed);
    pdm_result *result = plan_run("review_rounds", NULL);
    plan_column_is(result, "totals", "gap", gap, 2, 0);
    assert_int_equal(plan_int(result, "totals", "open", 0), 1);
    plan_near(plan_float(result, "totals", "agreed", 0), 50, 0);
    pdm_result_free(result);
}

static void test_sum_mix(void **unused) {
    (void)unused;
    static const double n0[] = {1500, 10, 0};
    static const double m0[] = {220, 5, no};
    static const double n1[] = {1700, 0, 4};
    static const double m1[] = {225, no, 6};
    static const double inner[] = {7500, 0, 0};
    static const double mix[] = {45000, 0, 0};
    plan_begin();
    plan_input("groups", 3);
    plan_floats("count0", n0);
    plan_floats("mean0", m0);
    plan_floats("count1", n1);
    plan_floats("mean1", m1);
    pdm_result *result = plan_run("sum_mix", NULL);
    plan_column_is(result, "groups", "inner", inner, 3, 0);
    plan_column_is(result, "groups", "mix", mix, 3, 0);
    plan_near(plan_float(result, "summary", "lost", 0), -50, 0);
    plan_near(plan_float(result, "summary", "new", 0), 24, 0);
    plan_near(plan_float(result, "summary", "total", 0), 52474, 0);
    pdm_result_free(result);
}

static void test_contribution(void **unused) {
    (void)unused;
    static const double v0[] = {100, 50};
    static const double v1[] = {110, 70};
    static const double part[] = {10.0 / 150, 20.0 / 150};
    plan_begin();
    plan_input("segments", 2);
    plan_floats("v0", v0);
    plan_floats("v1", v1);
    pdm_result *result = plan_run("contribution", NULL);
    plan_column_is(result, "segments", "contribution", part, 2, 1e-15);
    plan_near(plan_float(result, "summary", "growth", 0), 0.2, 1e-15);
    pdm_result_free(result);
}

/* Chained and direct both close, and differ. */
static void test_series(void **unused) {
    (void)unused;
    static const char *const text[] = {"a*b"};
    static const char *const leaf[] = {"a", "b", "a", "b", "a", "b"};
    static const double value[] = {1, 2, 3, 4, 5, 7};
    static const int64_t period[] = {1, 1, 2, 2, 3, 3};
    static const double chained[] = {17, 16};
    static const double direct[] = {18, 15};
    pdm_series_change_options options = pdm_series_change_options_default();
    plan_begin();
    plan_input("formula", 1);
    plan_texts("text", text);
    plan_input("leaves", 6);
    plan_texts("leaf", leaf);
    plan_floats("value", value);
    plan_ints("period", period);
    for (options.base = 0; options.base < 2; options.base++) {
        pdm_result *result = plan_run("series_change", &options);
        plan_column_is(result, "effects", "effect", options.base == 0 ? chained : direct, 2, 1e-14);
        plan_near(plan_float(result, "summary", "total", 0), 33, 0);
        pdm_result_free(result);
    }
}

static void test_growth_series(void **unused) {
    (void)unused;
    static const double value[] = {190, 1330, 4338, 9610};
    static const double growth[] = {no, 6, 2.261654135338346, 1.2153065928999538};
    static const double falling[] = {5, -1};
    plan_begin();
    plan_input("values", 4);
    plan_floats("value", value);
    pdm_result *result = plan_run("growth_series", NULL);
    plan_column_is(result, "growth", "growth", growth, 4, 1e-14);
    plan_near(plan_float(result, "summary", "cagr", 0), 2.6981960372965115, 1e-14);
    pdm_result_free(result);
    plan_begin();
    plan_input("values", 2);
    plan_floats("value", falling);
    result = plan_run("growth_series", NULL);
    assert_true(isnan(plan_float(result, "summary", "cagr", 0)));
    pdm_result_free(result);
}

/* AOV +5 % with margin −8 % is 0.966 if relative, 0.84 if 8 points from 40 %. */
static void test_compound_change(void **unused) {
    (void)unused;
    static const double change[] = {0.05, -0.08};
    static const char *const kind[] = {NULL, "points"};
    static const double base[] = {no, 0.4};
    plan_begin();
    plan_input("changes", 2);
    plan_floats("change", change);
    pdm_result *result = plan_run("compound_change", NULL);
    plan_near(plan_float(result, "total", "index", 0), 0.966, 1e-14);
    pdm_result_free(result);
    plan_texts("kind", kind);
    plan_fails("compound_change", NULL, PDM_E_NULL_VALUE);
    plan_floats("base", base);
    result = plan_run("compound_change", NULL);
    plan_near(plan_float(result, "total", "index", 0), 0.84, 1e-14);
    pdm_result_free(result);
}

static void test_unit_economics(void **unused) {
    (void)unused;
    static const double cost[] = {100, 100};
    static const double won[] = {10, 0};
    static const double arpu[] = {5, 5};
    static const double margin[] = {0.4, 0.4};
    static const double churn[] = {0.1, 0.1};
    static const double horizon[] = {2, 2};
    plan_begin();
    plan_input("rows", 2);
    plan_floats("cost", cost);
    plan_floats("new_customers", won);
    plan_floats("arpu", arpu);
    plan_floats("margin", margin);
    plan_floats("churn", churn);
    plan_floats("horizon", horizon);
    pdm_result *result = plan_run("unit_economics", NULL);
    plan_near(plan_float(result, "rows", "cac", 0), 10, 1e-15);
    plan_near(plan_float(result, "rows", "ltv", 0), 20, 1e-14);
    plan_near(plan_float(result, "rows", "ltv_horizon", 0), 2 + 1.8, 1e-14);
    plan_near(plan_float(result, "rows", "payback_periods", 0), 5, 1e-14);
    plan_text_is(result, "rows", "status", 1, "zero_base");
    assert_true(isnan(plan_float(result, "rows", "cac", 1)));
    pdm_result_free(result);
}

static void test_utilisation(void **unused) {
    (void)unused;
    static const double customers[] = {1500, 5};
    static const double agents[] = {2, 0};
    static const double limit[] = {1000, 1000};
    plan_begin();
    plan_input("staff", 2);
    plan_floats("customers", customers);
    plan_floats("agents", agents);
    plan_floats("limit", limit);
    pdm_result *result = plan_run("utilisation", NULL);
    plan_near(plan_float(result, "staff", "utilisation", 0), 0.75, 1e-15);
    plan_text_is(result, "staff", "status", 1, "zero_base");
    pdm_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seasonal_split),
        cmocka_unit_test(test_blend),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_review_rounds),
        cmocka_unit_test(test_sum_mix),
        cmocka_unit_test(test_contribution),
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_growth_series),
        cmocka_unit_test(test_compound_change),
        cmocka_unit_test(test_unit_economics),
        cmocka_unit_test(test_utilisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
