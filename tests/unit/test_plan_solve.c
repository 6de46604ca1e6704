/* Goal-seek, equal effort, tornado, scenarios, the chance of attainment, reconciliation. */
#include "test_plan.h"

#include <pdmetrics/plan/reconcile.h>
#include <pdmetrics/plan/solve.h>
#include <pdmetrics/plan/uncertainty.h>

static const char *const names[] = {"old", "cvr", "aov", "freq", "new", "fcvr", "faov"};
static const double start[] = {200000, 0.12, 150, 3, 60000, 0.08, 120};

static void give_formula(const char *formula, int64_t count, const char *const *leaf, const double *value) {
    static const char *text[1];
    text[0] = formula;
    plan_begin();
    plan_input("formula", 1);
    plan_texts("text", text);
    plan_input("leaves", count);
    plan_texts("leaf", leaf);
    plan_floats("value", value);
}

static void give_target(const double *target, const char *const *lever) {
    plan_input("target", 1);
    plan_floats("target", target);
    if (lever != NULL) plan_texts("lever", lever);
}

static void give_gmv(void) { give_formula("old*cvr*aov*freq + new*fcvr*faov", 7, names, start); }

static void test_one_lever(void **unused) {
    (void)unused;
    static const double target[] = {13000000};
    static const char *const lever[] = {"old"};
    give_gmv();
    give_target(target, lever);
    pdm_result *result = plan_run("goal_seek", NULL);
    plan_near(plan_float(result, "solution", "value", 0), 6212000.0 / 27, 1e-15);
    plan_near(plan_float(result, "solution", "change_rel", 0), 0.15037037037037038, 1e-13);
    plan_near(plan_float(result, "nodes", "value", 0), 13000000, 1e-15);
    pdm_result_free(result);
    static const char *const rate[] = {"fcvr"};
    static const double low[] = {0};
    static const double high[] = {0.2};
    give_gmv();
    give_target(target, rate);
    plan_floats("low", low);
    plan_floats("high", high);
    result = plan_run("goal_seek", NULL);
    plan_text_is(result, "solution", "status", 0, "out_of_bounds");
    plan_near(plan_float(result, "solution", "best_value", 0), 12240000, 1e-15);
    plan_near(plan_float(result, "solution", "shortfall", 0), 760000, 1e-14);
    plan_near(plan_float(result, "solution", "unbounded_solution", 0), 0.3055555555555556, 1e-14);
    assert_true(isnan(plan_float(result, "solution", "value", 0)));
    pdm_result_free(result);
}

static void seek(const char *formula, double x, double target, const char *status, double value, double best_x) {
    static const char *const leaf[] = {"x"};
    pdm_goal_seek_options options = pdm_goal_seek_options_default();
    give_formula(formula, 1, leaf, &x);
    give_target(&target, leaf);
    options.find_all = 1;
    pdm_result *result = plan_run("goal_seek", &options);
    plan_text_is(result, "solution", "status", 0, status);
    if (!isnan(value)) plan_near(plan_float(result, "solution", "value", 0), value, 1e-12);
    if (!isnan(best_x)) assert_true(fabs(plan_float(result, "solution", "best_x", 0) - best_x) < 1e-6);
    pdm_result_free(result);
}

static void test_any_shape(void **unused) {
    (void)unused;
    const double no = (double)NAN;
    seek("x*x", 20, 130, "ok", sqrt(130), no);
    seek("x*x", -20, 130, "ok", -sqrt(130), no);     /* the root nearest the start */
    seek("x^3 - 6*x^2 + 11*x", 2.2, 6, "ok", 2, no); /* of 1, 2 and 3 */
    seek("x*(1000 - 10*x)", 20, 30000, "no_solution", no, 50);
    seek("x*(1000 - 10*x)", 20, 25000, "ok", 50, no); /* touches */
    seek("1/x", 1, -2, "ok", -0.5, no);               /* beyond a pole */
    seek("x^0.5", 1, 7, "ok", 49, no);
    seek("max(x, 3)", 1, 2, "no_solution", no, 1);
    seek("x - x", 5, 1, "no_effect", no, no);
    seek("0*x", 5, 1, "no_effect", no, no);
}

static void test_equal_effort(void **unused) {
    (void)unused;
    static const double target[] = {13000000};
    static const char *const levers[] = {"cvr", "aov", "freq", "fcvr", "faov"};
    static const double expected[] = {0.12555200854240417, 156.94001067800522, 3.1388002135601045, 0.08370133902826946,
                                      125.55200854240418};
    pdm_equal_effort_options options = pdm_equal_effort_options_default();
    give_gmv();
    give_target(target, NULL);
    plan_input("levers", 5);
    plan_texts("lever", levers);
    for (options.method = 0; options.method < 2; options.method++) { /* with equal weights both are the same way */
        pdm_result *result = plan_run("equal_effort", &options);
        plan_column_is(result, "levers", "value", expected, 5, 1e-13);
        pdm_result_free(result);
    }
    static const char *const abc[] = {"a", "b", "c"};
    static const double from[] = {400, 300, 200};
    static const double sum[] = {1000};
    static const double least[] = {13200.0 / 29, 9600.0 / 29, 6200.0 / 29};
    give_formula("a + b + c", 3, abc, from);
    give_target(sum, NULL);
    plan_input("levers", 3);
    plan_texts("lever", abc);
    options.method = PDM_EFFORT_MIN_SQ;
    pdm_result *result = plan_run("equal_effort", &options);
    plan_column_is(result, "levers", "value", least, 3, 1e-14);
    pdm_result_free(result);
}

/* A lever stops at its bound and the others carry on; when all have stopped, the shortfall is told. */
static void test_effort_with_bounds(void **unused) {
    (void)unused;
    static const char *const leaf[] = {"n", "r"};
    static const char *const role[] = {"count", "rate"};
    static const double from[] = {100, 0.9};
    static const double target[] = {200};
    give_formula("n*r", 2, leaf, from);
    plan_texts("role", role);
    give_target(target, NULL);
    plan_input("levers", 2);
    plan_texts("lever", leaf);
    pdm_result *result = plan_run("equal_effort", NULL);
    plan_near(plan_float(result, "levers", "value", 0), 200, 1e-13);
    plan_near(plan_float(result, "levers", "value", 1), 1, 0);
    plan_text_is(result, "levers", "at_bound", 1, "hi");
    plan_near(plan_float(result, "levers", "effect", 0), 95, 1e-13); /* who carries the gap of 110: 100·(0.9 + 1)/2 */
    plan_near(plan_float(result, "levers", "effect", 1), 15, 1e-12);
    plan_near(plan_float(result, "levers", "effect_share", 0), 95.0 / 110, 1e-13);
    pdm_result_free(result);
    give_formula("n*r", 2, leaf, from);
    plan_texts("role", role);
    give_target(target, NULL);
    plan_input("levers", 1);
    plan_texts("lever", leaf + 1);
    result = plan_run("equal_effort", NULL);
    plan_text_is(result, "solution", "status", 0, "out_of_bounds");
    plan_near(plan_float(result, "solution", "shortfall", 0), 100, 1e-15);
    pdm_result_free(result);
}

static void test_sensitivity(void **unused) {
    (void)unused;
    static const char *const leaf[] = {"cost", "conv"};
    static const double value[] = {1000, 50};
    static const double delta[] = {-4, 4, 5, -10.0 / 3};
    pdm_tornado_options options = pdm_tornado_options_default();
    options.pct = 0.2;
    give_formula("cost/conv", 2, leaf, value);
    pdm_result *result = plan_run("tornado", &options);
    plan_column_is(result, "tornado", "delta", delta, 4, 1e-14);
    assert_int_equal(plan_int(result, "tornado", "rank", 2), 1);
    pdm_result_free(result);
    static const char *const axis[] = {"cvr", "cvr", "aov", "aov"};
    static const double x[] = {0.12, 0.13, 150, 160};
    static const double values[] = {11376000, 12096000, 12276000, 13056000};
    give_gmv();
    plan_input("axes", 4);
    plan_texts("lever", axis);
    plan_floats("value", x);
    result = plan_run("scenarios", NULL);
    plan_column_is(result, "values", "value", values, 4, 1e-15);
    pdm_result_free(result);
}

static void test_attainment(void **unused) {
    (void)unused;
    static const char *const leaf[] = {"users", "cvr", "aov"};
    static const double value[] = {200, 0.1, 50};
    static const double sd[] = {10, 0.01, 2};
    static const double target[] = {1100};
    give_formula("users*cvr*aov", 3, leaf, value);
    plan_floats("sd", sd);
    give_target(target, NULL);
    pdm_result *result = plan_run("attainment", NULL);
    plan_near(plan_float(result, "attainment", "sd", 0), 118.74342087037917, 1e-14);
    plan_near(plan_float(result, "attainment", "probability", 0), 0.1998514608911913, 1e-13);
    plan_near(plan_float(result, "attainment", "high", 0), 1000 + 1.959963984540054 * 118.74342087037917, 1e-12);
    pdm_result_free(result);
    static const double trials[] = {(double)NAN, 400, (double)NAN};
    static const double none[] = {0, (double)NAN, 0};
    give_formula("users*cvr*aov", 3, leaf, value);
    plan_floats("sd", none);
    plan_floats("trials", trials);
    give_target(target, NULL);
    result = plan_run("attainment", NULL);
    plan_near(plan_float(result, "leaves", "sd", 1), 0.015, 1e-14);
    plan_near(plan_float(result, "leaves", "share_of_variance", 1), 1, 1e-15);
    pdm_result_free(result);
}

static const char *const tree_nodes[] = {"total", "A", "B", "A1", "A2", "B1", "B2"};
static const char *const tree_parents[] = {NULL, "total", "total", "A", "A", "B", "B"};
static const double tree_values[] = {1000, 560, 400, 300, 220, 250, 180};

static void give_tree(const double *values, const double *weights) {
    plan_begin();
    plan_input("nodes", 7);
    plan_texts("node", tree_nodes);
    plan_texts("parent", tree_parents);
    plan_floats("value", values);
    if (weights != NULL) plan_floats("weight", weights);
}

static void test_reconcile(void **unused) {
    (void)unused;
    static const double expected[] = {981.4285714285714,  559.047619047619,  422.3809523809524, 319.5238095238095,
                                      239.52380952380952, 246.1904761904762, 176.1904761904762};
    give_tree(tree_values, NULL);
    pdm_result *result = plan_run("reconcile", NULL);
    plan_column_is(result, "nodes", "reconciled", expected, 7, 1e-14);
    plan_near(plan_float(result, "discrepancies", "discrepancy", 0), 40, 0);
    pdm_result_free(result);
    pdm_reconcile_options options = pdm_reconcile_options_default();
    options.exact_int = 1;
    result = plan_run("reconcile", &options);
    int64_t x[7];
    for (int64_t i = 0; i < 7; i++) x[i] = plan_int(result, "nodes", "reconciled_int", i);
    assert_int_equal(x[0], 981);
    assert_int_equal(x[0], x[1] + x[2]);
    assert_int_equal(x[1], x[3] + x[4]);
    assert_int_equal(x[2], x[5] + x[6]);
    pdm_result_free(result);
    /* Top and leaves fixed, A and B not: what is violated below has nobody to move. */
    static const double law[] = {0, 1, 1, 0, 0, 0, 0};
    options = pdm_reconcile_options_default();
    options.weights = PDM_RECONCILE_VAR;
    give_tree(tree_values, law);
    result = plan_run("reconcile", &options);
    plan_text_is(result, "summary", "status", 0, "infeasible");
    pdm_result_free(result);
}

/* Least squares would go below 0; bounded does not, and no other point that adds up is nearer. */
static void test_reconcile_bounded(void **unused) {
    (void)unused;
    static const double values[] = {100, 90, 10, 90, 10, 5, 60};
    pdm_reconcile_options options = pdm_reconcile_options_default();
    give_tree(values, NULL);
    pdm_result *result = plan_run("reconcile", &options);
    bool any = false;
    for (int64_t i = 0; i < 7; i++) any = any || pdm_table_bool(pdm_result_table(result, "nodes"), "negative")[i] != 0;
    assert_true(any);
    pdm_result_free(result);
    options.bounded = 1;
    result = plan_run("reconcile", &options);
    plan_text_is(result, "summary", "status", 0, "ok");
    double x[7];
    for (int64_t i = 0; i < 7; i++) {
        x[i] = plan_float(result, "nodes", "reconciled", i);
        assert_true(x[i] >= 0);
    }
    pdm_result_free(result);
    double base = 0;
    for (int32_t i = 0; i < 7; i++) base += (x[i] - values[i]) * (x[i] - values[i]);
    uint64_t seed = 2;
    for (int32_t round = 0; round < 2000; round++) { /* random feasible neighbours */
        double y[7];
        double distance = 0;
        bool inside = true;
        for (int32_t i = 3; i < 7; i++) y[i] = x[i] + ((double)(plan_random(&seed) % 2001) - 1000) / 500.0;
        y[1] = y[3] + y[4];
        y[2] = y[5] + y[6];
        y[0] = y[1] + y[2];
        for (int32_t i = 0; i < 7; i++) {
            inside = inside && y[i] >= 0;
            distance += (y[i] - values[i]) * (y[i] - values[i]);
        }
        assert_true(!inside || distance >= base - 1e-9);
    }
}

static void test_gap(void **unused) {
    (void)unused;
    static const double plan[] = {600, 200};
    static const double capacity[] = {630, 290};
    static const double target[] = {860};
    static const double too_much[] = {1000};
    static const double by_share[] = {45, 15};
    static const double by_headroom[] = {15, 45};
    pdm_gap_split_options options = pdm_gap_split_options_default();
    plan_begin();
    plan_input("target", 1);
    plan_floats("top_down", target);
    plan_input("units", 2);
    plan_floats("plan", plan);
    plan_floats("capacity", capacity);
    pdm_result *result = plan_run("gap_split", &options);
    plan_column_is(result, "split", "add", by_share, 2, 1e-15);
    assert_int_equal(pdm_table_bool(pdm_result_table(result, "split"), "breaks_capacity")[0], 1);
    pdm_result_free(result);
    options.method = PDM_GAP_BY_HEADROOM;
    result = plan_run("gap_split", &options);
    plan_column_is(result, "split", "add", by_headroom, 2, 1e-15);
    pdm_result_free(result);
    plan_now.tables[0].columns[0].values = too_much;
    result = plan_run("gap_split", &options);
    plan_text_is(result, "summary", "status", 0, "infeasible");
    plan_near(plan_float(result, "summary", "shortfall", 0), 80, 1e-15);
    pdm_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_lever),    cmocka_unit_test(test_any_shape),
        cmocka_unit_test(test_equal_effort), cmocka_unit_test(test_effort_with_bounds),
        cmocka_unit_test(test_sensitivity),  cmocka_unit_test(test_attainment),
        cmocka_unit_test(test_reconcile),    cmocka_unit_test(test_reconcile_bounded),
        cmocka_unit_test(test_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
