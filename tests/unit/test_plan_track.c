/* Tracking, pace, alerts, activity P&L, commission, composite index, rank, re-plan. */
#include "test_plan.h"

#include <pdmetrics/plan/performance.h>
#include <pdmetrics/plan/pnl.h>
#include <pdmetrics/plan/track.h>
#include <pdmetrics/plan/uncertainty.h>

static const double no = (double)NAN;

/* 1 + (A − T)/|T|: A/T for positive targets, the right direction for negative ones and where lower is better. */
static void test_attainment(void **unused) {
    (void)unused;
    static const double actual[] = {0.0973, 2, -8, -22, 0.0257, 5, no, 2321593};
    static const double target[] = {0.1478, -10, -10, -10, 0.05, 0, 10, 891429};
    static const double previous[] = {0.0752, no, no, -49, no, no, no, 891429};
    static const char *const direction[] = {NULL, NULL, NULL, NULL, "lower", NULL, NULL, "higher"};
    static const double expected[] = {0.6583220568335588, 2.2, 1.2, -0.2, 1.486, no, no, 2.6043498697035883};
    static const char *const status[] = {"ok", "ok", "ok", "ok", "ok", "zero_target", "missing", "ok"};
    plan_begin();
    plan_input("rows", 8);
    plan_floats("actual", actual);
    plan_floats("target", target);
    plan_floats("previous", previous);
    plan_texts("direction", direction);
    pdm_result *result = plan_run("track", NULL);
    plan_column_is(result, "rows", "attainment", expected, 8, 1e-14);
    for (int64_t i = 0; i < 8; i++) plan_text_is(result, "rows", "status", i, status[i]);
    plan_near(plan_float(result, "rows", "mom", 0), 0.29388297872340424, 1e-14);
    plan_near(plan_float(result, "rows", "mom", 3), (-22.0 + 49) / 49, 1e-14);
    plan_near(plan_float(result, "rows", "mom", 7), 1.6043498697035883, 1e-14); /* growth, not the index */
    plan_near(plan_float(result, "rows", "mom_index", 7), 2.6043498697035883, 1e-14);
    plan_near(plan_float(result, "rows", "gap", 5), 5, 0);
    plan_text_is(result, "rows", "alert", 5, "unknown");
    assert_int_equal(pdm_table_bool(pdm_result_table(result, "rows"), "met")[4], 1);
    assert_int_equal(plan_int(result, "total", "excluded", 0), 1);
    pdm_result_free(result);
    static const char *const bad[] = {NULL, NULL, NULL, NULL, "down", NULL, NULL, NULL};
    plan_begin();
    plan_input("rows", 8);
    plan_floats("actual", actual);
    plan_texts("direction", bad);
    plan_fails("track", NULL, PDM_E_BAD_OPTION);
    assert_int_equal(plan_now.err.row, 4);
}

/* A value on a threshold is in the better band. */
static void test_bands(void **unused) {
    (void)unused;
    static const double actual[] = {0.7, 0.8999999, 0.9, 0.9499, 0.95, 1.0, 1.2};
    static const double target[] = {1, 1, 1, 1, 1, 1, 1};
    static const char *const expected[] = {"red", "red", "amber", "amber", "amber", "green", "green"};
    plan_begin();
    plan_input("rows", 7);
    plan_floats("actual", actual);
    plan_floats("target", target);
    pdm_result *result = plan_run("track", NULL);
    for (int64_t i = 0; i < 7; i++) plan_text_is(result, "rows", "alert", i, expected[i]);
    pdm_result_free(result);
    static const double value[] = {0.05, 0.0501, no};
    static const char *const op[] = {"le", "le", "le"};
    static const double threshold[] = {0.05, 0.05, 0.05};
    plan_begin();
    plan_input("rows", 3);
    plan_floats("value", value);
    plan_texts("op", op);
    plan_floats("threshold", threshold);
    result = plan_run("alerts", NULL);
    plan_text_is(result, "rows", "outcome", 0, "ok");
    plan_text_is(result, "rows", "outcome", 1, "alert");
    plan_text_is(result, "rows", "outcome", 2, "unknown");
    pdm_result_free(result);
}

static void give_pace(const double *actual, const double *target, const double *elapsed, const double *days) {
    plan_begin();
    plan_input("pace", 1);
    plan_floats("actual", actual);
    plan_floats("target", target);
    plan_floats("elapsed", elapsed);
    plan_floats("total_days", days);
}

static void test_pace(void **unused) {
    (void)unused;
    static const double actual[] = {35000};
    static const double target[] = {120000};
    static const double elapsed[] = {11}; /* 1st to 11th */
    static const double days[] = {30};
    give_pace(actual, target, elapsed, days);
    pdm_result *result = plan_run("pace", NULL);
    plan_near(plan_float(result, "pace", "pace_index", 0), 0.7954545454545454, 1e-14);
    plan_near(plan_float(result, "pace", "gap_to_date", 0), -9000, 1e-14);
    plan_near(plan_float(result, "pace", "linear_forecast", 0), 95454.54545454546, 1e-14);
    plan_near(plan_float(result, "pace", "weighted_forecast", 0), 95454.54545454546, 1e-14); /* equal weights */
    plan_near(plan_float(result, "pace", "required_per_day", 0), 4473.684210526316, 1e-14);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "remaining")), 19);
    pdm_result_free(result);
    static const double zero[] = {0};
    give_pace(actual, target, zero, days);
    result = plan_run("pace", NULL);
    plan_text_is(result, "pace", "status", 0, "no_elapsed");
    plan_near(plan_float(result, "pace", "attainment", 0), 35.0 / 120, 1e-14);
    assert_true(isnan(plan_float(result, "pace", "pace_index", 0)));
    pdm_result_free(result);
    give_pace(actual, target, days, days);
    result = plan_run("pace", NULL);
    assert_true(isnan(plan_float(result, "pace", "required_per_day", 0)));
    pdm_result_free(result);
    give_pace(actual, target, days, elapsed);
    plan_fails("pace", NULL, PDM_E_BAD_PERIOD);
    static const double three[] = {3};
    static const double seven[] = {7};
    static const double week[] = {1, 1, 1, 1, 1, 0, 0};
    give_pace(actual, target, three, seven);
    plan_input("days", 7);
    plan_floats("weight", week);
    result = plan_run("pace", NULL);
    plan_near(plan_float(result, "pace", "planned_progress", 0), 0.6, 1e-15);
    plan_near(plan_float(result, "remaining", "required", 0), 42500, 1e-14);
    plan_near(plan_float(result, "remaining", "required", 3), 0, 0);
    pdm_result_free(result);
}

static void test_cumulative(void **unused) {
    (void)unused;
    static const double actual[] = {80, 90, no};
    static const double target[] = {100, 100, 120};
    static const double attainment[] = {0.8, 0.85, no};
    plan_begin();
    plan_input("periods", 3);
    plan_floats("actual", actual);
    plan_floats("target", target);
    pdm_result *result = plan_run("cumulative", NULL);
    plan_column_is(result, "periods", "attainment", attainment, 3, 1e-15);
    plan_near(plan_float(result, "summary", "full_period", 0), 0.53125, 1e-15);
    plan_near(plan_float(result, "summary", "remaining_ratio", 0), 1.25, 1e-15);
    pdm_result_free(result);
}

static void test_activity(void **unused) {
    (void)unused;
    static const double traffic[] = {20000, 20000, 100};
    static const double rate[] = {0.05, 0.05, 0.1};
    static const double value[] = {200, 200, 10};
    static const double marketing[] = {35000, 35000, 0};
    static const double organisation[] = {15000, 15000, no};
    static const double margin[] = {0.4, no, no};
    plan_begin();
    plan_input("activities", 3);
    plan_floats("traffic", traffic);
    plan_floats("conversion_rate", rate);
    plan_floats("order_value", value);
    plan_floats("marketing_cost", marketing);
    plan_floats("organisation_cost", organisation);
    plan_floats("gross_margin", margin);
    pdm_result *result = plan_run("activity_pnl", NULL);
    plan_near(plan_float(result, "activities", "roas", 0), 4, 1e-15);
    plan_near(plan_float(result, "activities", "roi_gmv", 0), 3, 1e-15);
    plan_near(plan_float(result, "activities", "roi_margin", 0), 0.6, 1e-15);
    plan_near(plan_float(result, "activities", "roi_cost_plus_gmv", 0), 5, 1e-15);
    plan_near(plan_float(result, "activities", "break_even_gmv", 0), 125000, 1e-15);
    plan_near(plan_float(result, "activities", "break_even_conversion_rate", 0), 0.03125, 1e-15);
    plan_text_is(result, "activities", "basis", 1, "gmv");
    plan_near(plan_float(result, "activities", "break_even_gmv", 1), 50000, 1e-15);
    assert_true(isnan(plan_float(result, "activities", "roi_margin", 1)));
    plan_text_is(result, "activities", "status", 2, "zero_cost");
    plan_near(plan_float(result, "activities", "profit_gmv", 2), 100, 1e-15);
    pdm_result_free(result);
    static const int64_t cost[] = {100000};
    static const int64_t months[] = {7};
    static const int64_t parts[] = {14286, 14286, 14286, 14286, 14286, 14285, 14285};
    plan_begin();
    plan_input("costs", 1);
    plan_ints("cost", cost);
    plan_ints("months", months);
    result = plan_run("amortise", NULL);
    plan_ints_are(result, "months", "amount", parts, 7);
    pdm_result_free(result);
}

static void give_commission(const int64_t *amount, int64_t count, const int64_t *from, const double *rate,
                            int64_t tiers) {
    plan_begin();
    plan_input("amounts", count);
    plan_ints("amount", amount);
    plan_input("tiers", tiers);
    plan_ints("from", from);
    plan_floats("rate", rate);
}

static void test_commission(void **unused) {
    (void)unused;
    static const int64_t amount[] = {180000, 100000, 99999, 50};
    static const int64_t from[] = {0, 100000, 250000};
    static const double rate[] = {0.05, 0.07, 0.09};
    static const double progressive[] = {10600, 5000, 4999.95, 2.5};
    static const int64_t progressive_int[] = {10600, 5000, 5000, 2}; /* 2.5 half to even */
    static const double retroactive[] = {12600, 7000, 4999.95, 2.5};
    pdm_commission_options options = pdm_commission_options_default();
    give_commission(amount, 4, from, rate, 3);
    pdm_result *result = plan_run("commission", &options);
    plan_column_is(result, "payouts", "payout", progressive, 4, 1e-14);
    pdm_result_free(result);
    options.exact_int = 1;
    result = plan_run("commission", &options);
    plan_ints_are(result, "payouts", "payout_int", progressive_int, 4);
    pdm_result_free(result);
    options = pdm_commission_options_default();
    options.method = PDM_COMMISSION_RETROACTIVE;
    result = plan_run("commission", &options);
    plan_column_is(result, "payouts", "payout", retroactive, 4, 1e-14);
    pdm_result_free(result);
    options.cap = 6000;
    result = plan_run("commission", &options);
    plan_near(plan_float(result, "payouts", "payout", 0), 6000, 0);
    plan_near(plan_float(result, "payouts", "uncapped", 0), 12600, 1e-15);
    assert_int_equal(pdm_table_bool(pdm_result_table(result, "payouts"), "capped")[0], 1);
    pdm_result_free(result);
    static const int64_t late[] = {10, 100000, 250000};
    static const int64_t low[] = {5};
    static const int64_t unsorted[] = {100, 0, 200};
    static const int64_t negative[] = {-1};
    give_commission(low, 1, late, rate, 3);
    plan_fails("commission", NULL, PDM_E_BELOW_FIRST_TIER);
    give_commission(low, 1, unsorted, rate, 3);
    plan_fails("commission", NULL, PDM_E_BAD_TIERS);
    assert_int_equal(plan_now.err.row, 1);
    give_commission(negative, 1, from, rate, 3);
    plan_fails("commission", NULL, PDM_E_BAD_AMOUNT);
}

static void test_composite_and_rank(void **unused) {
    (void)unused;
    static const double attainment[] = {0.9088, 1.2, 0.8236, no};
    static const double weight[] = {0.5, 0.3, 0.2, 4};
    pdm_composite_options options = pdm_composite_options_default();
    plan_begin();
    plan_input("indicators", 4);
    plan_floats("attainment", attainment);
    plan_floats("weight", weight);
    pdm_result *result = plan_run("composite", &options);
    plan_near(plan_float(result, "staff", "index", 0), 0.97912, 1e-14); /* what is missing is left out, not 0 */
    assert_int_equal(plan_int(result, "staff", "missing", 0), 1);
    pdm_result_free(result);
    options.cap = 1.1;
    result = plan_run("composite", &options);
    plan_near(plan_float(result, "staff", "index", 0), 0.94912, 1e-14);
    pdm_result_free(result);
    static const double value[] = {5, 7, 7, 1, 9};
    static const double volume[] = {10, 10, 10, 10, 1};
    static const int64_t expected[3][5] = {{3, 1, 1, 4, 0}, {2, 1, 1, 3, 0}, {3, 1, 2, 4, 0}};
    pdm_rank_options rank = pdm_rank_options_default();
    rank.min_volume = 5;
    plan_begin();
    plan_input("staff", 5);
    plan_floats("value", value);
    plan_floats("volume", volume);
    for (rank.ties = 0; rank.ties < 3; rank.ties++) {
        result = plan_run("rank", &rank);
        plan_ints_are(result, "staff", "rank", expected[rank.ties], 5);
        assert_true(pdm_table_is_null(pdm_result_table(result, "staff"), "rank", 4));
        pdm_result_free(result);
    }
}

static void test_replan(void **unused) {
    (void)unused;
    static const int64_t annual[] = {1200};
    static const int64_t actual[] = {90, 120, 80};
    static const double weight[] = {1, 1, 2};
    static const double high[] = {no, no, 450};
    static const double expected[] = {230, 230, 450};
    static const double tight[] = {100, 100, 100};
    pdm_replan_options options = pdm_replan_options_default();
    plan_begin();
    plan_input("plan", 1);
    plan_ints("annual", annual);
    plan_input("actuals", 3);
    plan_ints("actual", actual);
    plan_input("remaining", 3);
    plan_floats("weight", weight);
    plan_floats("high", high);
    pdm_result *result = plan_run("replan", &options);
    plan_column_is(result, "periods", "new_target", expected, 3, 1e-14);
    plan_text_is(result, "periods", "at_bound", 2, "hi");
    pdm_result_free(result);
    plan_now.tables[2].columns[1].values = tight;
    result = plan_run("replan", &options);
    plan_text_is(result, "summary", "status", 0, "infeasible");
    plan_near(plan_float(result, "summary", "shortfall", 0), 610, 1e-14);
    pdm_result_free(result);
    static const int64_t old[] = {300, 300, 301};
    static const int64_t next[] = {309, 300, 301};
    static const int64_t spread[] = {305, 304, 301};
    options.exact_int = 1;
    plan_begin();
    plan_input("plan", 1);
    plan_ints("annual", annual);
    plan_input("actuals", 3);
    plan_ints("actual", actual);
    plan_input("remaining", 3);
    plan_ints("old_target", old);
    options.method = PDM_REPLAN_NEXT;
    result = plan_run("replan", &options);
    plan_ints_are(result, "periods", "new_target_int", next, 3);
    pdm_result_free(result);
    options.method = PDM_REPLAN_SPREAD;
    options.spread = 2;
    result = plan_run("replan", &options);
    plan_ints_are(result, "periods", "new_target_int", spread, 3);
    pdm_result_free(result);
    options.method = PDM_REPLAN_KEEP_REMAINING;
    result = plan_run("replan", &options);
    plan_ints_are(result, "periods", "new_target_int", old, 3);
    plan_near(plan_float(result, "summary", "shortfall", 0), 9, 1e-14);
    /* Ahead of the plan: what a small target cannot give back the next one does; none falls below 0. */
    static const int64_t ahead[] = {1070, 0, 0};
    static const int64_t small[] = {5, 60, 85};
    static const int64_t lowered[] = {0, 45, 85};
    pdm_result_free(result);
    options.method = PDM_REPLAN_SPREAD;
    plan_begin();
    plan_input("plan", 1);
    plan_ints("annual", annual);
    plan_input("actuals", 3);
    plan_ints("actual", ahead);
    plan_input("remaining", 3);
    plan_ints("old_target", small);
    result = plan_run("replan", &options);
    plan_ints_are(result, "periods", "new_target_int", lowered, 3);
    plan_text_is(result, "periods", "at_bound", 0, "lo");
    pdm_result_free(result);
    static const int64_t plenty[] = {900, 120, 800};
    static const int64_t zeros[] = {0, 0, 0};
    plan_now.tables[1].columns[0].values = plenty;
    options.method = PDM_REPLAN_KEEP_TOTAL;
    result = plan_run("replan", &options);
    plan_text_is(result, "summary", "status", 0, "met");
    plan_ints_are(result, "periods", "new_target_int", zeros, 3);
    pdm_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attainment),         cmocka_unit_test(test_bands),    cmocka_unit_test(test_pace),
        cmocka_unit_test(test_cumulative),         cmocka_unit_test(test_activity), cmocka_unit_test(test_commission),
        cmocka_unit_test(test_composite_and_rank), cmocka_unit_test(test_replan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
