/* Seasonality, phasing, benchmarking, roll-forward. */
#include "test_plan.h"

#include <pdmetrics/plan/rollforward.h>
#include <pdmetrics/plan/season.h>

static void test_index(void **unused) {
    (void)unused;
    static const double history[] = {80, 60, 90, 110, 88, 66, 100, 121, 100, 72, 108, 136};
    static const double ratios[] = {0.9471271995977878, 0.7007300150829563, 1.05465057817999, 1.297492207139266};
    static const double sums[] = {0.9478337754199824, 0.7002652519893899, 1.0539345711759505, 1.2979664014146772};
    pdm_seasonal_index_options options = pdm_seasonal_index_options_default();
    options.season_length = 4;
    plan_begin();
    plan_input("history", 12);
    plan_floats("value", history);
    pdm_result *result = plan_run("seasonal_index", &options);
    plan_column_is(result, "index", "index", ratios, 4, 1e-14);
    pdm_result_free(result);
    options.method = PDM_SEASONAL_RATIO_OF_SUMS;
    result = plan_run("seasonal_index", &options);
    plan_column_is(result, "index", "index", sums, 4, 1e-14);
    pdm_result_free(result);
    options.season_length = 5;
    plan_fails("seasonal_index", &options, PDM_E_BAD_PERIOD);
    /* A constant growth without season: the moving average sees none. */
    double line[16];
    for (int32_t i = 0; i < 16; i++) line[i] = 100 + 3 * i;
    static const double flat[] = {1, 1, 1, 1};
    options.season_length = 4;
    options.method = PDM_SEASONAL_CMA;
    plan_begin();
    plan_input("history", 16);
    plan_floats("value", line);
    result = plan_run("seasonal_index", &options);
    plan_column_is(result, "index", "index", flat, 4, 1e-14);
    pdm_result_free(result);
}

static void test_growth_and_curves(void **unused) {
    (void)unused;
    static const double rate[] = {0.05, 0.3};
    static const double periods[] = {12, 12};
    plan_begin();
    plan_input("rows", 2);
    plan_floats("growth", rate);
    plan_floats("periods", periods);
    pdm_result *result = plan_run("growth", NULL);
    plan_near(plan_float(result, "growth", "compound", 0), 0.7958563260221292, 1e-14);
    plan_near(plan_float(result, "growth", "per_period", 1), 0.022104450593615804, 1e-14);
    pdm_result_free(result);
    plan_begin();
    result = plan_run("s_curve", NULL);
    plan_near(plan_float(result, "points", "cumulative", 1), 0.011446579538697647, 1e-13);
    plan_near(plan_float(result, "points", "cumulative", 5), 0.5, 1e-15);
    assert_true(plan_float(result, "points", "cumulative", 0) == 0);
    assert_true(plan_float(result, "points", "cumulative", 10) == 1);
    pdm_result_free(result);
}

/* 3 days of 618 at threefold weight, Sundays rest. */
static void test_event_days(void **unused) {
    (void)unused;
    static const int64_t day = INT64_C(86400000000);
    const int64_t first[] = {19890 * day}; /* Sunday 2024-06-16 */
    const int64_t last[] = {19896 * day};
    static const int64_t total[] = {1300};
    static const int64_t weekday[] = {6};
    static const double rest[] = {0};
    const int64_t from[] = {19892 * day};
    const int64_t to[] = {19894 * day};
    static const double factor[] = {3};
    static const int64_t expected[] = {0, 109, 325, 325, 325, 108, 108};
    pdm_event_days_options options = pdm_event_days_options_default();
    options.exact_int = 1;
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", total);
    plan_ints("first_day", first);
    plan_ints("last_day", last);
    plan_input("weekdays", 1);
    plan_ints("weekday", weekday);
    plan_floats("weight", rest);
    plan_input("events", 1);
    plan_ints("start", from);
    plan_ints("end", to);
    plan_floats("multiplier", factor);
    pdm_result *result = plan_run("event_days", &options);
    plan_ints_are(result, "days", "amount_int", expected, 7);
    plan_near(plan_float(result, "days", "planned_progress", 6), 1, 0);
    plan_near(plan_float(result, "days", "cum_amount", 6), 1300, 0);
    pdm_result_free(result);
}

static void test_denton(void **unused) {
    (void)unused;
    static const double z[] = {98, 100, 104, 110, 100, 103, 107, 115, 120};
    static const double annual[] = {1000, 1120};
    static const double proportional[] = {233.2265286283211, 239.78260416411464, 253.1484439131565, 273.84242329440775,
                                          256.4996615224057, 270.1429650927513,  284.85490232461,   308.502471060233};
    static const double additive[] = {238.92045454545453, 243.35227272727272, 252.2159090909091,  265.5113636363636,
                                      265.2386363636364,  275.53409090909093, 284.39772727272725, 294.82954545454544};
    pdm_denton_options options = pdm_denton_options_default();
    options.season_length = 4;
    for (int32_t method = 0; method < 2; method++) {
        options.method = method;
        plan_begin();
        plan_input("indicator", 8);
        plan_floats("value", z);
        plan_input("annual", 2);
        plan_floats("total", annual);
        pdm_result *result = plan_run("denton", &options);
        plan_column_is(result, "periods", "value", method == 0 ? proportional : additive, 8, 1e-12);
        pdm_result_free(result);
    }
    /* One period more keeps the last ratio. */
    options.method = PDM_DENTON_PROPORTIONAL;
    plan_begin();
    plan_input("indicator", 9);
    plan_floats("value", z);
    plan_input("annual", 2);
    plan_floats("total", annual);
    pdm_result *result = plan_run("denton", &options);
    plan_near(plan_float(result, "periods", "ratio", 8), plan_float(result, "periods", "ratio", 7), 1e-15);
    pdm_result_free(result);
    static const double zero[] = {1, 0, 1, 1};
    plan_begin();
    plan_input("indicator", 4);
    plan_floats("value", zero);
    plan_input("annual", 1);
    plan_floats("total", annual);
    result = plan_run("denton", &options);
    plan_text_is(result, "periods", "status", 0, "div_by_zero");
    pdm_result_free(result);
    options.season_length = 5;
    plan_fails("denton", &options, PDM_E_LENGTH);
}

static void give_roll(const double *churn, const double *add) {
    static const int64_t users[] = {1005};
    static const int64_t month[] = {1, 2, 3, 4};
    static const char *const channel[] = {"a", "a", "a", "a"};
    static const int64_t traffic[] = {250, 250, 250, 250};
    static const double rate[] = {0.1, 0.1, 0.1, 0.1};
    static const double value[] = {1999, 1999, 1999, 1999};
    plan_begin();
    plan_input("start", 1);
    plan_ints("users", users);
    plan_input("months", 4);
    plan_ints("month", month);
    plan_floats("churn", churn);
    plan_floats("conversion_rate", rate);
    plan_floats("order_value", value);
    plan_input("channels", 4);
    plan_ints("month", month);
    plan_texts("channel", channel);
    plan_ints("traffic", traffic);
    plan_floats("add", add);
}

static void test_roll_forward(void **unused) {
    (void)unused;
    static const double churn[] = {0.1, 0.1, 0.1, 0.1};
    static const double add[] = {0.05, 0.05, 0.05, 0.05};
    static const int64_t even[] = {917, 837, 765, 701};
    static const int64_t carried[] = {917, 838, 767, 702};
    static const int64_t carried_lost[] = {100, 92, 84, 77};
    static const double real[] = {917, 837.8, 766.52, 702.368};
    pdm_roll_forward_options options = pdm_roll_forward_options_default();
    options.exact_int = 1;
    give_roll(churn, add);
    pdm_result *result = plan_run("roll_forward", &options);
    plan_ints_are(result, "months_int", "end", even, 4);
    plan_column_is(result, "months", "end", real, 4, 1e-14);
    pdm_result_free(result);
    options.rounding = PDM_ROLL_CARRY;
    result = plan_run("roll_forward", &options);
    plan_ints_are(result, "months_int", "end", carried, 4);
    plan_ints_are(result, "months_int", "lost", carried_lost, 4);
    int64_t gmv = 0;
    double gmv_real = 0;
    for (int64_t m = 0; m < 4; m++) {
        assert_int_equal(plan_int(result, "months_int", "end", m) - plan_int(result, "months_int", "start", m),
                         plan_int(result, "months_int", "new", m) - plan_int(result, "months_int", "lost", m));
        gmv += plan_int(result, "months_int", "gmv_old", m);
        gmv_real += plan_float(result, "months", "gmv_old", m);
        assert_true(fabs((double)gmv - gmv_real) <= 0.5 + 1e-6); /* never more than half a unit off */
    }
    pdm_result_free(result);
}

/* The exact run and its rounded flows stay within half a unit for any rates, and the law holds with churn of the new. */
static void test_roll_laws(void **unused) {
    (void)unused;
    uint64_t seed = 9;
    for (int32_t round = 0; round < 100; round++) {
        double churn[4];
        double add[4];
        for (int32_t i = 0; i < 4; i++) {
            churn[i] = (double)(plan_random(&seed) % 10000) / 10000.0;
            add[i] = (double)(plan_random(&seed) >> 11) * 0x1p-53;
        }
        pdm_roll_forward_options options = pdm_roll_forward_options_default();
        options.exact_int = 1;
        options.new_churn = round % 2;
        options.rounding = round / 2 % 2;
        options.touch_mode = round / 4 % 2;
        give_roll(churn, add);
        pdm_result *result = plan_run("roll_forward", &options);
        double lost = 0;
        int64_t lost_int = 0;
        for (int64_t m = 0; m < 4; m++) {
            double net = plan_float(result, "months", "new", m) - plan_float(result, "months", "lost", m);
            assert_true(fabs(plan_float(result, "months", "net", m) - net) < 1e-9);
            assert_int_equal(plan_int(result, "months_int", "net", m),
                             plan_int(result, "months_int", "new", m) - plan_int(result, "months_int", "lost", m));
            lost += plan_float(result, "months", "lost", m);
            lost_int += plan_int(result, "months_int", "lost", m);
            if (options.rounding == PDM_ROLL_CARRY) assert_true(fabs((double)lost_int - lost) <= 0.5 + 1e-9);
        }
        pdm_result_free(result);
    }
}

static void test_roll_errors(void **unused) {
    (void)unused;
    static const double too_much[] = {0.1, 1.2, 0.1, 0.1};
    static const double fine[] = {0.1, 0.1, 0.1, 0.1};
    give_roll(too_much, fine);
    plan_fails("roll_forward", NULL, PDM_E_BAD_RATE);
    assert_int_equal(plan_now.err.row, 1);
    assert_string_equal(plan_now.err.column, "churn");
    give_roll(fine, fine);
    plan_now.tables[2].rows = 3;
    plan_fails("roll_forward", NULL, PDM_E_LENGTH);
}

static void test_roll_inverse(void **unused) {
    (void)unused;
    static const double start[] = {215086, (double)NAN, (double)NAN};
    static const double end[] = {213601, (double)NAN, (double)NAN};
    static const double churn[] = {0.0257, 0.05, 0};
    static const double adds[] = {(double)NAN, 4000, 10};
    plan_begin();
    plan_input("rows", 3);
    plan_floats("users_start", start);
    plan_floats("users_end", end);
    plan_floats("churn", churn);
    plan_floats("adds", adds);
    pdm_result *result = plan_run("roll_inverse", NULL);
    plan_near(plan_float(result, "rows", "adds", 0), 4042.7102, 1e-12);
    plan_near(plan_float(result, "rows", "steady_state", 1), 80000, 1e-15);
    plan_near(plan_float(result, "rows", "half_life", 1), 13.513407333964887, 1e-14);
    plan_near(plan_float(result, "rows", "compound_churn", 1), 0.459639912337363, 1e-14);
    plan_text_is(result, "rows", "status", 2, "zero_base");
    assert_true(isnan(plan_float(result, "rows", "steady_state", 2)));
    pdm_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index),       cmocka_unit_test(test_growth_and_curves), cmocka_unit_test(test_event_days),
        cmocka_unit_test(test_denton),      cmocka_unit_test(test_roll_forward),      cmocka_unit_test(test_roll_laws),
        cmocka_unit_test(test_roll_errors), cmocka_unit_test(test_roll_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
