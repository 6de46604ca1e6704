/* The formula tree: grammar, errors with their place, values, slopes, tables. */
#include "test_plan.h"

#include <pdmetrics/plan/tree.h>

static const char gmv[] = "gmv = old*cvr*aov*freq + new*fcvr*faov";
static const pdm_leaf gmv_leaves[] = {
    {"old", PDM_LEAF_COUNT, 0}, {"cvr", PDM_LEAF_RATE, 0},  {"aov", PDM_LEAF_MONEY, 0}, {"freq", PDM_LEAF_RATIO, 0},
    {"new", PDM_LEAF_COUNT, 0}, {"fcvr", PDM_LEAF_RATE, 0}, {"faov", PDM_LEAF_MONEY, 0}};

static pdm_tree *parse(const char *text, const pdm_leaf *leaves, int32_t count) {
    pdm_tree *tree = NULL;
    pdm_error err;
    if (pdm_tree_parse(NULL, text, strlen(text), leaves, count, NULL, &tree, &err) != PDM_OK)
        fail_msg("%s: %s", text, err.message);
    return tree;
}

static const pdm_leaf abc[] = {{"a", PDM_LEAF_FREE, 0}, {"b", PDM_LEAF_FREE, 0}, {"c", PDM_LEAF_FREE, 0}};

static double value_of(const char *text, double a, double b, double c) {
    pdm_tree *tree = parse(text, abc, 3);
    const double values[] = {a, b, c};
    double value = 0;
    pdm_error err;
    if (pdm_tree_evaluate(tree, values, &value, NULL, &err) != PDM_OK) fail_msg("%s: %s", text, err.message);
    pdm_tree_free(tree);
    return value;
}

static void test_grammar(void **unused) {
    (void)unused;
    assert_true(value_of("a - b - c", 10, 3, 2) == 5);
    assert_true(value_of("a/b/c", 12, 3, 2) == 2);
    assert_true(value_of("a + b*c", 1, 2, 3) == 7);
    assert_true(value_of("(a + b)*c", 1, 2, 3) == 9);
    assert_true(value_of("-a^2", 3, 0, 0) == -9);
    assert_true(value_of("a^2^3", 2, 0, 0) == 256);
    assert_true(value_of("a^-1", 4, 0, 0) == 0.25);
    assert_true(value_of("a^(1/2)", 9, 0, 0) == 3);
    assert_true(value_of("--a", 4, 0, 0) == 4);
    assert_true(value_of("a*-b", 4, 2, 0) == -8);
    assert_true(value_of("min(a, b, c) + max(a,b)", 4, 2, 3) == 6);
    assert_true(value_of(" x = a + 0.5 ;; y = x*x\n\n", 1, 0, 0) == 2.25);
    assert_true(value_of("y = x + 1; x = a", 1, 0, 0) == 1); /* the root is the last statement */
    assert_true(value_of("(a\n + b)", 1, 2, 0) == 3);        /* lines may break inside parentheses */
    assert_true(value_of("sum(channel: a)", 7, 0, 0) == 7);
    assert_true(value_of("存量 = a*2; 存量 + b", 1, 2, 0) == 4);
    assert_true(value_of("0.1 + .2", 0, 0, 0) == 0.1 + 0.2);
}

static void fails_at(const char *text, pdm_status code, int64_t byte, const char *name) {
    pdm_tree *tree = NULL;
    pdm_error err;
    pdm_status status = pdm_tree_parse(NULL, text, strlen(text), abc, 3, NULL, &tree, &err);
    if (status != code) fail_msg("%s: %s came (%s)", text, pdm_status_name((int32_t)status), err.message);
    assert_null(tree);
    if (err.row != byte)
        fail_msg("%s: byte %lld, %lld expected: %s", text, (long long)err.row, (long long)byte, err.message);
    assert_string_equal(err.column, name);
}

static void test_errors_point_at_the_character(void **unused) {
    (void)unused;
    fails_at("a*", PDM_E_PARSE, 2, "text");
    fails_at("(a", PDM_E_PARSE, 2, "text");
    fails_at("a b", PDM_E_PARSE, 2, "text");
    fails_at("a × b", PDM_E_PARSE, 2, "text");
    fails_at("a + 1.2.3", PDM_E_PARSE, 7, "text");
    fails_at("a^b", PDM_E_PARSE, 2, "text");
    fails_at("min(a", PDM_E_PARSE, 5, "text");
    fails_at("sum(day: a)", PDM_E_PARSE, 4, "text");
    fails_at("a;\nb)", PDM_E_PARSE, 4, "text");
    fails_at("\xff", PDM_E_PARSE, 0, "text");
    fails_at("", PDM_E_EMPTY, -1, "text");
    fails_at(" ;\n", PDM_E_EMPTY, -1, "text");
    fails_at("a + d", PDM_E_UNKNOWN_NAME, 4, "d");
    fails_at("x = 1; x = 2", PDM_E_DUPLICATE_NAME, 7, "x");
    fails_at("a = 1", PDM_E_DUPLICATE_NAME, 0, "a");
    fails_at("a = a + 1", PDM_E_CYCLE, 4, "a"); /* before the name that is taken */
    fails_at("x = y; y = z*2; z = x", PDM_E_CYCLE, 20, "x");
    char deep[600];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    fails_at(deep, PDM_E_PARSE, 200, "text");
}

static void test_gradient(void **unused) {
    (void)unused;
    static const double values[] = {200000, 0.12, 150, 3, 60000, 0.08, 120};
    static const double slopes[] = {54, 90000000, 72000, 3600000, 9.6, 7200000, 4800};
    pdm_tree *tree = parse(gmv, gmv_leaves, 7);
    double value = 0;
    double gradient[7];
    pdm_error err;
    assert_int_equal(pdm_tree_evaluate(tree, values, &value, gradient, &err), PDM_OK);
    plan_near(value, 11376000, 1e-15);
    for (int32_t i = 0; i < 7; i++) plan_near(gradient[i], slopes[i], 1e-14);
    double bad[7];
    memcpy(bad, values, sizeof bad);
    bad[1] = 1.2;
    value = -1;
    assert_int_equal(pdm_tree_evaluate(tree, bad, &value, NULL, &err), PDM_E_BAD_RATE);
    assert_string_equal(err.column, "cvr");
    bad[1] = 0.1;
    bad[0] = -1;
    assert_int_equal(pdm_tree_evaluate(tree, bad, &value, NULL, &err), PDM_E_BAD_COUNT);
    assert_true(value == -1);
    pdm_tree_free(tree);
    /* Zeros in a product: the others' product is the slope, nothing is divided. */
    pdm_tree *product = parse("a*b*c", abc, 3);
    static const double zeros[] = {0, 5, 7};
    assert_int_equal(pdm_tree_evaluate(product, zeros, &value, gradient, &err), PDM_OK);
    assert_true(gradient[0] == 35 && gradient[1] == 0 && gradient[2] == 0);
    pdm_tree_free(product);
    pdm_tree *quotient = parse("x = a/b; x + c", abc, 3);
    static const double by_zero[] = {1, 0, 7};
    assert_int_equal(pdm_tree_evaluate(quotient, by_zero, &value, gradient, &err),
                     PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO));
    assert_string_equal(err.column, "x");
    pdm_tree_free(quotient);
}

/* Slopes against differences, for a formula with every operator. */
static void test_gradient_by_differences(void **unused) {
    (void)unused;
    pdm_tree *tree = parse("x = a*b - c/a; y = (x + b)^3; max(y, a) + min(b, c, 100)*x - -a^0.5", abc, 3);
    uint64_t seed = 11;
    for (int32_t round = 0; round < 200; round++) {
        double at[3];
        double gradient[3];
        double value = 0;
        for (int32_t i = 0; i < 3; i++) at[i] = 1.0 + (double)(plan_random(&seed) % 1000) / 250.0 + i * 0.0013;
        assert_int_equal(pdm_tree_evaluate(tree, at, &value, gradient, NULL), PDM_OK);
        for (int32_t i = 0; i < 3; i++) {
            double h = 1e-5;
            double up[3];
            double down[3];
            double high = 0;
            double low = 0;
            memcpy(up, at, sizeof up);
            memcpy(down, at, sizeof down);
            up[i] += h;
            down[i] -= h;
            assert_int_equal(pdm_tree_evaluate(tree, up, &high, NULL, NULL), PDM_OK);
            assert_int_equal(pdm_tree_evaluate(tree, down, &low, NULL, NULL), PDM_OK);
            assert_true(fabs((high - low) / (2 * h) - gradient[i]) <= 1e-5 * (1 + fabs(gradient[i]) + fabs(value)));
        }
    }
    pdm_tree_free(tree);
}

/* Leaves with different dimensions are spread; sums take dimensions away; a null cell stays where it is. */
static void test_tables(void **unused) {
    (void)unused;
    static const pdm_leaf leaves[] = {{"traffic", PDM_LEAF_COUNT, PDM_TREE_MONTH | PDM_TREE_CHANNEL},
                                      {"cvr", PDM_LEAF_RATE, PDM_TREE_CHANNEL},
                                      {"aov", PDM_LEAF_MONEY, PDM_TREE_MONTH}};
    static const double traffic[] = {100, 200, 300, 400};
    static const double cvr[] = {0.1, 0.2};
    static const double aov[] = {10, 20};
    const double *const values[] = {traffic, cvr, aov};
    const pdm_tree_sizes sizes = {2, 2, 1};
    pdm_tree *by_month = parse("sum(channel: traffic*cvr)*aov", leaves, 3);
    double root[2];
    assert_int_equal(pdm_tree_dimensions(by_month), PDM_TREE_MONTH);
    assert_int_equal(pdm_tree_evaluate_table(by_month, &sizes, values, root, NULL, NULL), PDM_OK);
    plan_near(root[0], 500, 1e-15);
    plan_near(root[1], 2200, 1e-15);
    pdm_tree_free(by_month);
    pdm_tree *total = parse("sum(month: sum(channel: traffic*cvr)*aov)", leaves, 3);
    double slope_traffic[4];
    double slope_cvr[2];
    double slope_aov[2];
    double *const gradients[] = {slope_traffic, slope_cvr, slope_aov};
    assert_int_equal(pdm_tree_evaluate_table(total, &sizes, values, root, gradients, NULL), PDM_OK);
    plan_near(root[0], 2700, 1e-15);
    plan_near(slope_traffic[1], 2, 1e-15);
    plan_near(slope_traffic[2], 2, 1e-15);
    plan_near(slope_cvr[0], 100 * 10 + 300 * 20, 1e-15);
    plan_near(slope_aov[1], 110, 1e-15);
    pdm_tree_free(total);
    static const double with_gap[] = {100, (double)NAN, 300, 400};
    const double *const gapped[] = {with_gap, cvr, aov};
    pdm_tree *cells = parse("sum(channel: traffic*cvr)*aov", leaves, 3);
    assert_int_equal(pdm_tree_evaluate_table(cells, &sizes, gapped, root, NULL, NULL), PDM_OK);
    assert_true(isnan(root[0]));
    plan_near(root[1], 2200, 1e-15);
    static const double too_much[] = {0.1, 1.2};
    const double *const wrong[] = {traffic, too_much, aov};
    pdm_error err;
    assert_int_equal(pdm_tree_evaluate_table(cells, &sizes, wrong, root, NULL, &err), PDM_E_BAD_RATE);
    assert_int_equal(err.row, 1);
    const pdm_tree_sizes empty = {0, 2, 1};
    assert_int_equal(pdm_tree_evaluate_table(cells, &empty, values, root, NULL, &err), PDM_E_LENGTH);
    pdm_tree_free(cells);
}

static void test_calculator(void **unused) {
    (void)unused;
    static const char *const text[] = {"old_gmv = old*rate; new_gmv = new*rate; old_gmv + new_gmv"};
    static const char *const leaf[] = {"old", "old", "new", "new", "rate", "idle"};
    static const char *const month[] = {"1", "2", "1", "2", NULL, NULL};
    static const double value[] = {100, 200, 300, (double)NAN, 2, 5};
    plan_begin();
    plan_input("formula", 1);
    plan_texts("text", text);
    plan_input("leaves", 6);
    plan_texts("leaf", leaf);
    plan_texts("month", month);
    plan_floats("value", value);
    pdm_result *result = plan_run("formula", NULL);
    static const double nodes[] = {800, (double)NAN, 200, 400, 600, (double)NAN};
    const pdm_table *table = pdm_result_table(result, "nodes");
    assert_int_equal(pdm_table_rows(table), 6);
    int32_t found = 0;
    for (int64_t i = 0; i < 6; i++) {
        double got = plan_float(result, "nodes", "value", i);
        for (int32_t k = 0; k < 6; k++) found += got == nodes[k] ? 1 : 0;
        plan_text_is(result, "nodes", "status", i, isnan(got) ? "missing_leaf" : "ok");
    }
    assert_int_equal(found, 4);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "leaves")), 6);
    assert_int_equal(pdm_table_bool(pdm_result_table(result, "leaves"), "used")[5], 0);
    plan_near(plan_float(result, "leaves", "grad", 0), 2, 0);
    plan_text_is(result, "explain", "op", 0, "+");
    pdm_result_free(result);
    pdm_formula_options options = pdm_formula_options_default();
    options.strict = 1;
    plan_fails("formula", &options, PDM_E_ROW_STATUS(PDM_STATUS_MISSING_LEAF));
    (void)memcpy(options.root, "nobody", 7);
    plan_fails("formula", &options, PDM_E_UNKNOWN_NAME);
}

static void test_views(void **unused) {
    (void)unused;
    static const char *const view[] = {"by age", "by channel"};
    static const char *const text[] = {"old + new", "shop + web"};
    static const char *const leaf[] = {"old", "new", "shop", "web"};
    static const double value[] = {60, 40, 70, 31};
    plan_begin();
    plan_input("formulas", 2);
    plan_texts("view", view);
    plan_texts("text", text);
    plan_input("leaves", 4);
    plan_texts("leaf", leaf);
    plan_floats("value", value);
    pdm_result *result = plan_run("views", NULL);
    plan_near(plan_float(result, "views", "difference", 1), 1, 0);
    plan_text_is(result, "views", "status", 1, "conflict");
    pdm_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),  cmocka_unit_test(test_errors_point_at_the_character),
        cmocka_unit_test(test_gradient), cmocka_unit_test(test_gradient_by_differences),
        cmocka_unit_test(test_tables),   cmocka_unit_test(test_calculator),
        cmocka_unit_test(test_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
