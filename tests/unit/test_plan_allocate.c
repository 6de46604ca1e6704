/* Splits between bounds, down levels, by two margins, by shares. */
#include "test_plan.h"

#include <pdmetrics/plan/allocate.h>

static const double nothing = (double)NAN;

static void give_parts(const int64_t *total, int64_t count, const double *weights, const double *low,
                       const double *high) {
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", total);
    plan_input("parts", count);
    plan_floats("weight", weights);
    if (low != NULL) plan_floats("low", low);
    if (high != NULL) plan_floats("high", high);
}

/* A cap binds and its excess is shared again; a floor holds; λ is the smallest. */
static void test_caps_and_floors(void **unused) {
    (void)unused;
    static const int64_t total[] = {1000};
    static const double weights[] = {8, 1, 1};
    static const double low[] = {0, 200, 50};
    static const double high[] = {700, 1000, nothing};
    static const double expected[] = {700, 200, 100};
    static const int64_t whole[] = {700, 200, 100};
    give_parts(total, 3, weights, low, high);
    pdm_result *result = plan_run("allocate", NULL);
    plan_column_is(result, "split", "amount", expected, 3, 1e-15);
    plan_near(plan_float(result, "summary", "multiplier", 0), 100, 1e-15);
    plan_text_is(result, "split", "at_bound", 0, "hi");
    plan_text_is(result, "split", "at_bound", 1, "lo");
    plan_text_is(result, "split", "at_bound", 2, NULL);
    pdm_result_free(result);
    pdm_allocate_options options = pdm_allocate_options_default();
    options.exact_int = 1;
    result = plan_run("allocate", &options);
    plan_ints_are(result, "split", "amount_int", whole, 3);
    pdm_result_free(result);
}

static void test_out_of_reach(void **unused) {
    (void)unused;
    static const int64_t total[] = {200};
    static const double weights[] = {1, 1};
    static const double high[] = {50, 60};
    give_parts(total, 2, weights, NULL, high);
    pdm_result *result = plan_run("allocate", NULL);
    plan_text_is(result, "summary", "status", 0, "infeasible");
    plan_near(plan_float(result, "summary", "shortfall", 0), 90, 0);
    assert_true(isnan(plan_float(result, "split", "amount", 0)));
    pdm_result_free(result);
    pdm_allocate_options options = pdm_allocate_options_default();
    options.strict = 1;
    plan_fails("allocate", &options, PDM_E_ROW_STATUS(PDM_STATUS_INFEASIBLE));
    static const double low[] = {0, 70};
    give_parts(total, 2, weights, low, high);
    plan_fails("allocate", NULL, PDM_E_BAD_BOUNDS);
    assert_int_equal(plan_now.err.row, 1);
}

/* Random bounds: what is inside moves by one multiplier, what is at a bound would leave it, and it adds up. */
static void test_conditions_hold(void **unused) {
    (void)unused;
    uint64_t seed = 5;
    for (int32_t round = 0; round < 500; round++) {
        enum { N = 6 };
        int64_t total[] = {(int64_t)(plan_random(&seed) % 300)};
        double w[N];
        double low[N];
        double high[N];
        for (int32_t i = 0; i < N; i++) {
            w[i] = (double)(plan_random(&seed) % 50) / 10.0;
            low[i] = (double)(plan_random(&seed) % 20);
            high[i] = low[i] + (double)(plan_random(&seed) % 60);
        }
        pdm_allocate_options options = pdm_allocate_options_default();
        options.exact_int = round % 2;
        give_parts(total, N, w, low, high);
        pdm_result *result = plan_run("allocate", &options);
        double lambda = plan_float(result, "summary", "multiplier", 0);
        double sum = 0;
        if (!isnan(lambda)) {
            for (int32_t i = 0; i < N; i++) {
                double x = plan_float(result, "split", "amount", i);
                double free_value = fmin(fmax(lambda * w[i], low[i]), high[i]);
                assert_true(fabs(x - free_value) <= (options.exact_int != 0 ? 1.0 : 1e-9));
                assert_true(x >= low[i] && x <= high[i]);
                sum += x;
            }
            assert_true(fabs(sum - (double)total[0]) < 1e-9);
        } else {
            assert_true(plan_float(result, "summary", "shortfall", 0) > 0);
        }
        pdm_result_free(result);
    }
}

static void test_quadratic(void **unused) {
    (void)unused;
    static const int64_t total[] = {1000};
    static const double base[] = {400, 300, 200};
    static const double flex[] = {1, 1, 1};
    static const double high[] = {410, nothing, nothing};
    static const double expected[] = {410, 345, 245};
    pdm_allocate_options options = pdm_allocate_options_default();
    options.method = PDM_ALLOCATE_QUADRATIC;
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", total);
    plan_input("parts", 3);
    plan_floats("base", base);
    plan_floats("flex", flex);
    plan_floats("high", high);
    pdm_result *result = plan_run("allocate", &options);
    plan_column_is(result, "split", "amount", expected, 3, 1e-15);
    plan_near(plan_float(result, "summary", "multiplier", 0), 45, 1e-15);
    pdm_result_free(result);
    options.method = PDM_ALLOCATE_PROPORTIONAL;
    plan_fails("allocate", &options, PDM_E_MISSING_COLUMN);
}

static void test_signed_rounding(void **unused) {
    (void)unused;
    static const double total[] = {10.5};
    static const double weights[] = {1, 1, 1};
    static const int64_t expected[] = {4, 3, 3}; /* 10 half to even: floors 3, one unit left */
    plan_begin();
    plan_input("target", 1);
    plan_floats("total", total);
    plan_input("parts", 3);
    plan_floats("weight", weights);
    pdm_allocate_options options = pdm_allocate_options_default();
    options.round_minor = 1;
    pdm_result *result = plan_run("allocate", &options);
    plan_ints_are(result, "split", "amount_int", expected, 3);
    plan_near(plan_float(result, "summary", "closure", 0), 0, 0);
    pdm_result_free(result);
}

static void test_nested(void **unused) {
    (void)unused;
    static const int64_t total[] = {1000001};
    static const char *const levels[] = {"quarter", "channel"};
    static const char *const level[] = {"quarter", "quarter", "quarter", "quarter",
                                        "channel", "channel", "channel", "channel"};
    static const char *const parent[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, "q4"};
    static const char *const part[] = {"q1", "q2", "q3", "q4", "a", "b", "c", "only"};
    static const double weight[] = {0.2, 0.25, 0.25, 0.3, 0.5, 0.3, 0.2, 1};
    static const int64_t cells[] = {100000, 60000, 40000, 125000, 75000, 50000, 125000, 75000, 50000, 300001};
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", total);
    plan_input("levels", 2);
    plan_texts("level", levels);
    plan_input("shares", 8);
    plan_texts("level", level);
    plan_texts("parent", parent);
    plan_texts("part", part);
    plan_floats("weight", weight);
    pdm_result *result = plan_run("nested", NULL);
    plan_ints_are(result, "cells", "amount", cells, 10);
    plan_text_is(result, "cells", "level_1", 9, "q4");
    plan_text_is(result, "cells", "level_2", 9, "only");
    plan_text_is(result, "cells", "level_3", 9, NULL);
    const pdm_table *nodes = pdm_result_table(result, "nodes");
    for (int64_t n = 0; n < 4; n++) {
        int64_t sum = 0;
        for (int64_t i = 4; i < pdm_table_rows(nodes); i++) {
            if (plan_int(result, "nodes", "parent", i) == n) sum += plan_int(result, "nodes", "amount", i);
        }
        assert_int_equal(sum, plan_int(result, "nodes", "amount", n));
    }
    pdm_result_free(result);
}

static void give_table(const double *seed, const int64_t *rows, const int64_t *columns) {
    static const char *const row[] = {"a", "a", "a", "b", "b", "b", "c", "c", "c"};
    static const char *const column[] = {"x", "y", "z", "x", "y", "z", "x", "y", "z"};
    static const char *const row_names[] = {"a", "b", "c"};
    static const char *const column_names[] = {"x", "y", "z"};
    plan_begin();
    plan_input("seed", 9);
    plan_texts("row", row);
    plan_texts("column", column);
    plan_floats("value", seed);
    plan_input("row_totals", 3);
    plan_texts("row", row_names);
    plan_ints("row_total", rows);
    plan_input("column_totals", 3);
    plan_texts("column", column_names);
    plan_ints("column_total", columns);
}

/* Margins are met and odds ratios kept. */
static void test_fitting(void **unused) {
    (void)unused;
    static const double seed[] = {40, 30, 20, 35, 50, 100, 30, 80, 70};
    static const int64_t rows[] = {150, 300, 400};
    static const int64_t columns[] = {200, 300, 350};
    give_table(seed, rows, columns);
    pdm_result *result = plan_run("two_way", NULL);
    double x[9];
    for (int32_t i = 0; i < 9; i++) x[i] = plan_float(result, "cells", "value", i);
    for (int32_t i = 0; i < 3; i++) {
        plan_near(x[3 * i] + x[3 * i + 1] + x[3 * i + 2], (double)rows[i], 1e-11);
        plan_near(x[i] + x[3 + i] + x[6 + i], (double)columns[i], 1e-11);
    }
    plan_near(x[0] * x[4] / (x[1] * x[3]), seed[0] * seed[4] / (seed[1] * seed[3]), 1e-12);
    plan_near(x[4] * x[8] / (x[5] * x[7]), seed[4] * seed[8] / (seed[5] * seed[7]), 1e-12);
    pdm_result_free(result);
    static const int64_t wrong[] = {200, 300, 351};
    give_table(seed, rows, wrong);
    plan_fails("two_way", NULL, PDM_E_MARGINS_DISAGREE);
    static const double hole[] = {0, 0, 0, 35, 50, 100, 30, 80, 70};
    give_table(hole, rows, columns);
    result = plan_run("two_way", NULL);
    plan_text_is(result, "summary", "status", 0, "infeasible");
    pdm_result_free(result);
    /* The zeros leave the margins no solution though no line is empty: the residual stops falling. */
    static const double diagonal[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    give_table(diagonal, rows, columns);
    result = plan_run("two_way", NULL);
    plan_text_is(result, "summary", "status", 0, "no_convergence");
    pdm_result_free(result);
}

static void test_biproportional(void **unused) {
    (void)unused;
    static const double votes[] = {123, 45, 815, 912, 714, 414, 312, 255, 215};
    static const int64_t rows[] = {5, 10, 5};
    static const int64_t columns[] = {7, 5, 8};
    static const int64_t expected[] = {1, 0, 4, 4, 4, 2, 2, 1, 2};
    pdm_two_way_options options = pdm_two_way_options_default();
    options.method = PDM_TWO_WAY_BIPROPORTIONAL;
    give_table(votes, rows, columns);
    pdm_result *result = plan_run("two_way", &options);
    plan_ints_are(result, "cells", "amount", expected, 9);
    pdm_result_free(result);
    /* All cells alike: of all solutions the lexicographically largest. */
    static const double equal[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const int64_t ones[] = {1, 1, 1};
    static const int64_t identity[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    give_table(equal, ones, ones);
    result = plan_run("two_way", &options);
    plan_ints_are(result, "cells", "amount", identity, 9);
    pdm_result_free(result);
    static const double diagonal[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    give_table(diagonal, rows, columns);
    result = plan_run("two_way", &options);
    plan_text_is(result, "summary", "status", 0, "infeasible");
    pdm_result_free(result);
}

static void test_shares(void **unused) {
    (void)unused;
    static const int64_t period[] = {1, 1, 2, 2, 3, 3};
    static const char *const unit[] = {"a", "b", "a", "b", "a", "b"};
    static const double value[] = {10, 30, 0, 0, 30, 30};
    static const double of_sums[] = {0.4, 0.6};
    static const double of_means[] = {0.375, 0.625};
    plan_begin();
    plan_input("history", 6);
    plan_ints("period", period);
    plan_texts("unit", unit);
    plan_floats("value", value);
    pdm_result *result = plan_run("shares", NULL);
    plan_column_is(result, "shares", "share", of_sums, 2, 1e-15);
    assert_int_equal(plan_int(result, "summary", "periods_skipped", 0), 1);
    pdm_result_free(result);
    pdm_shares_options options = pdm_shares_options_default();
    options.method = PDM_SHARES_GROSS_SOHL_A;
    result = plan_run("shares", &options);
    plan_column_is(result, "shares", "share", of_means, 2, 1e-15);
    pdm_result_free(result);
    options.method = PDM_SHARES_SAME_PERIOD_LAST_YEAR;
    plan_fails("shares", &options, PDM_E_BAD_PERIOD);
    options.season_length = 2; /* period 2 is empty */
    plan_fails("shares", &options, PDM_E_ZERO_WEIGHTS);
}

static void test_forecast_proportions(void **unused) {
    (void)unused;
    static const char *const node[] = {"total", "A", "B", "A1", "A2"};
    static const char *const parent[] = {NULL, "total", "total", "A", "A"};
    static const char *const loop[] = {NULL, "A1", "total", "A", "A"};
    static const double value[] = {100, 60, 40, 1, 3};
    static const double expected[] = {100, 60, 40, 15, 45};
    plan_begin();
    plan_input("tree", 5);
    plan_texts("node", node);
    plan_texts("parent", parent);
    plan_floats("value", value);
    pdm_result *result = plan_run("forecast_proportions", NULL);
    plan_column_is(result, "nodes", "amount", expected, 5, 1e-15);
    pdm_result_free(result);
    plan_begin();
    plan_input("tree", 5);
    plan_texts("node", node);
    plan_texts("parent", loop);
    plan_floats("value", value);
    plan_fails("forecast_proportions", NULL, PDM_E_BAD_TREE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caps_and_floors), cmocka_unit_test(test_out_of_reach),
        cmocka_unit_test(test_conditions_hold), cmocka_unit_test(test_quadratic),
        cmocka_unit_test(test_signed_rounding), cmocka_unit_test(test_nested),
        cmocka_unit_test(test_fitting),         cmocka_unit_test(test_biproportional),
        cmocka_unit_test(test_shares),          cmocka_unit_test(test_forecast_proportions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
