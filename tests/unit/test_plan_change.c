/* Change decomposition: Shapley against brute force, LMDI, price-volume-mix, rate and mix, root cause. */
#include "test_plan.h"

#include "plan/log_mean.h"
#include "plan/shapley.h"

#include <pdmetrics/plan/change.h>
#include <pdmetrics/plan/rootcause.h>

#include <stdio.h>

static pdm_result *decompose(const char *formula, int64_t count, const char *const *names, const double *x0,
                             const double *x1, const char *const *players, const int64_t *order, int32_t method) {
    static const char *text[1];
    text[0] = formula;
    pdm_decompose_options options = pdm_decompose_options_default();
    options.method = method;
    plan_begin();
    plan_input("formula", 1);
    plan_texts("text", text);
    plan_input("leaves", count);
    plan_texts("leaf", names);
    plan_floats("x0", x0);
    plan_floats("x1", x1);
    if (players != NULL) plan_texts("player", players);
    if (order != NULL) plan_ints("order", order);
    return plan_run("decompose", &options);
}

static void test_products(void **unused) {
    (void)unused;
    static const char *const names[] = {"traffic", "cvr", "aov"};
    static const double x0[] = {100000, 0.02, 150};
    static const double x1[] = {120000, 0.025, 140};
    static const double shapley[] = {65166.666666666664, 79666.66666666667, -24833.333333333332};
    static const double forward[] = {60000, 90000, -30000};
    static const int64_t order[] = {1, 2, 3};
    pdm_result *result = decompose("traffic*cvr*aov", 3, names, x0, x1, NULL, NULL, PDM_DECOMPOSE_SHAPLEY);
    plan_column_is(result, "effects", "effect", shapley, 3, 1e-14);
    plan_near(plan_float(result, "summary", "total", 0), 120000, 1e-15);
    pdm_result_free(result);
    result = decompose("traffic*cvr*aov", 3, names, x0, x1, NULL, order, PDM_DECOMPOSE_CHAIN);
    plan_column_is(result, "effects", "effect", forward, 3, 1e-13);
    pdm_result_free(result);
    result = decompose("traffic*cvr*aov", 3, names, x0, x1, NULL, NULL, PDM_DECOMPOSE_ORDER_RANGE);
    plan_near(plan_float(result, "effects", "low", 0), 120000 * 0.02 * 140 - 100000 * 0.02 * 140, 1e-13);
    plan_near(plan_float(result, "effects", "high", 0), 20000 * 0.025 * 150, 1e-13);
    pdm_result_free(result);
    /* No order is assumed. */
    plan_now.tables[1].count = 3;
    pdm_decompose_options options = pdm_decompose_options_default();
    options.method = PDM_DECOMPOSE_CHAIN;
    plan_fails("decompose", &options, PDM_E_NULL_VALUE);
    options.method = PDM_DECOMPOSE_MIDPOINT;
    plan_fails("decompose", &options, PDM_E_TOO_MANY_FACTORS);
}

/* Σ over subsets with the factorial weights, from values of the tree itself. */
static void brute(const pdm_tree *tree, const double *x0, const double *x1, int32_t n, double *effects) {
    double values[64];
    double factorial[8] = {1};
    for (int32_t i = 1; i < 8; i++) factorial[i] = factorial[i - 1] * i;
    for (int32_t mask = 0; mask < 1 << n; mask++) {
        double x[6];
        for (int32_t i = 0; i < n; i++) x[i] = (mask >> i & 1) != 0 ? x1[i] : x0[i];
        if (pdm_tree_evaluate(tree, x, &values[mask], NULL, NULL) != PDM_OK) fail_msg("undefined");
    }
    for (int32_t i = 0; i < n; i++) {
        effects[i] = 0;
        for (int32_t mask = 0; mask < 1 << n; mask++) {
            if ((mask >> i & 1) != 0) continue;
            int32_t size = __builtin_popcount((unsigned)mask);
            effects[i] +=
                factorial[size] * factorial[n - 1 - size] / factorial[n] * (values[mask | 1 << i] - values[mask]);
        }
    }
}

static void test_shapley_against_brute_force(void **unused) {
    (void)unused;
    static const char *const formulas[] = {
        "a*b*c*d*e*f",
        "a*b + c*d - e*f",
        "a/b + c*d*e/f",
        "min(a, b)*c + max(d, e)*f",
        "(a + b*c)^2 / (d + 20) - e*f",
        "a*(b + c*(d + e*f))",
        "a*b + a*c + a*d*e*f",
        "(a*b + c)/(d*e + f)*a",
        "x = a*b; x*c + x*d - e/f",
        "-a*-b*(c - d)*2 + e^3 - f^0.5",
    };
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    pdm_leaf leaves[6];
    uint64_t seed = 17;
    memset(leaves, 0, sizeof leaves);
    for (int32_t i = 0; i < 6; i++) leaves[i].name = names[i];
    for (size_t k = 0; k < sizeof formulas / sizeof *formulas; k++) {
        pdm_tree *tree = NULL;
        assert_int_equal(pdm_tree_parse(NULL, formulas[k], strlen(formulas[k]), leaves, 6, NULL, &tree, NULL), PDM_OK);
        for (int32_t round = 0; round < 20; round++) {
            double x0[6];
            double x1[6];
            double expected[6];
            double scale = 0;
            for (int32_t i = 0; i < 6; i++) {
                x0[i] = 0.5 + (double)(plan_random(&seed) % 1000) / 100.0;
                x1[i] = plan_random(&seed) % 5 == 0 ? x0[i] : 0.5 + (double)(plan_random(&seed) % 1000) / 100.0;
            }
            brute(tree, x0, x1, 6, expected);
            for (int32_t i = 0; i < 6; i++) scale = fmax(scale, fabs(expected[i]));
            pdm_result *there = decompose(formulas[k], 6, names, x0, x1, NULL, NULL, PDM_DECOMPOSE_SHAPLEY);
            double forward[6];
            for (int32_t i = 0; i < 6; i++) {
                forward[i] = plan_float(there, "effects", "effect", i);
                if (fabs(forward[i] - expected[i]) > 1e-11 * scale)
                    fail_msg("%s: %.17g, %.17g expected", formulas[k], forward[i], expected[i]);
                if (x0[i] == x1[i]) assert_true(fabs(forward[i]) <= 1e-11 * scale);
            }
            plan_text_is(there, "summary", "status", 0, "ok");
            pdm_result_free(there);
            /* Time reversed: every effect changes its sign. */
            pdm_result *back = decompose(formulas[k], 6, names, x1, x0, NULL, NULL, PDM_DECOMPOSE_SHAPLEY);
            for (int32_t i = 0; i < 6; i++)
                assert_true(fabs(plan_float(back, "effects", "effect", i) + forward[i]) <= 1e-11 * scale);
            pdm_result_free(back);
        }
        pdm_tree_free(tree);
    }
}

static void test_quadrature(void **unused) {
    (void)unused;
    double nodes[40];
    double weights[40];
    for (int32_t n = 1; n <= 40; n++) {
        pdm__gauss_legendre(n, nodes, weights);
        for (int32_t power = 0; power < 2 * n; power++) {
            double sum = 0;
            for (int32_t i = 0; i < n; i++) sum += weights[i] * pow(nodes[i], power);
            plan_near(sum, 1.0 / (power + 1), 1e-13);
        }
    }
}

/* Size, mix, rate: all shares are one player. And more than 20 factors, where none needs enumeration. */
static void test_players(void **unused) {
    (void)unused;
    static const char *const names[] = {"n", "sa", "sb", "ra", "rb"};
    static const char *const players[] = {"size", "mix", "mix", "rate", "rate"};
    static const double x0[] = {100, 0.6, 0.4, 10, 20};
    static const double x1[] = {120, 50.0 / 120, 70.0 / 120, 12, 19};
    static const double expected[] = {302.6666666666667, 170.5, 56.833333333333336};
    pdm_result *result = decompose("n*sa*ra + n*sb*rb", 5, names, x0, x1, players, NULL, PDM_DECOMPOSE_SHAPLEY);
    plan_column_is(result, "effects", "effect", expected, 3, 1e-13);
    pdm_result_free(result);
    char formula[256] = "";
    static char texts[30][4];
    const char *many[30];
    double from[30];
    double to[30];
    double product = 1;
    for (int32_t i = 0; i < 30; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "f%d", i);
        many[i] = texts[i];
        from[i] = 1;
        to[i] = 1.1;
        product *= 1.1;
        (void)snprintf(formula + strlen(formula), sizeof formula - strlen(formula), "%s%s", i == 0 ? "" : "*",
                       texts[i]);
    }
    result = decompose(formula, 30, many, from, to, NULL, NULL, PDM_DECOMPOSE_SHAPLEY);
    for (int64_t i = 0; i < 30; i++) plan_near(plan_float(result, "effects", "effect", i), (product - 1) / 30, 1e-12);
    pdm_result_free(result);
}

static void test_division_by_zero_names_the_combination(void **unused) {
    (void)unused;
    static const char *const text[] = {"a/(b - c)"};
    static const char *const names[] = {"a", "b", "c"};
    static const double x0[] = {1, 2, 1};
    static const double x1[] = {2, 3, 2}; /* only c: 2 − 2 */
    plan_begin();
    plan_input("formula", 1);
    plan_texts("text", text);
    plan_input("leaves", 3);
    plan_texts("leaf", names);
    plan_floats("x0", x0);
    plan_floats("x1", x1);
    plan_fails("decompose", NULL, PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO));
    assert_non_null(strstr(plan_now.err.message, "[c]"));
}

static void test_log_mean(void **unused) {
    (void)unused;
    plan_near(pdm__log_mean(2, 1), 1.4426950408889634, 1e-15);
    plan_near(pdm__log_mean(1 + 1e-9, 1), 1.0000000005, 1e-15);
    plan_near(pdm__log_mean(1.2, 1), 1.0969629895494155, 1e-14);
    plan_near(pdm__log_mean(-3, -1), -1.8204784532536746, 1e-15);
    assert_true(pdm__log_mean(7, 7) == 7);
    plan_near(pdm__log_mean(1e300, 1e-300), 1e300 / (600 * 2.302585092994046), 1e-14);
}

static void give_lmdi(const double *x0, const double *x1) {
    static const char *const factor[] = {"activity", "structure", "intensity", "activity", "structure", "intensity"};
    static const char *const segment[] = {"1", "1", "1", "2", "2", "2"};
    plan_begin();
    plan_input("factors", 6);
    plan_texts("factor", factor);
    plan_texts("segment", segment);
    plan_floats("x0", x0);
    plan_floats("x1", x1);
}

/* Ang's activity–structure–intensity example: form II gives the activity its own ratio, 1.6. */
static void test_lmdi(void **unused) {
    (void)unused;
    static const double x0[] = {50, 0.2, 3, 50, 0.8, 0.5};
    static const double x1[] = {80, 0.5, 2, 80, 0.5, 0.4};
    static const double add1[] = {32.38463791091675, 38.284867350225625, -24.669505261142373};
    static const double mul1[] = {1.5828800072536888, 1.7210198074841587, 0.7048023870020798};
    static const double add2[] = {33.14323501222039, 37.94096934394262, -25.084204356163006};
    static const double mul2[] = {1.6, 1.7126471507517862, 0.7006697202475397};
    pdm_lmdi_options options = pdm_lmdi_options_default();
    give_lmdi(x0, x1);
    pdm_result *result = plan_run("lmdi", &options);
    plan_column_is(result, "effects", "effect", add1, 3, 1e-13);
    plan_column_is(result, "effects", "multiplier", mul1, 3, 1e-13);
    pdm_result_free(result);
    options.method = PDM_LMDI2;
    result = plan_run("lmdi", &options);
    plan_column_is(result, "effects", "effect", add2, 3, 1e-13);
    plan_column_is(result, "effects", "multiplier", mul2, 3, 1e-13);
    pdm_result_free(result);
    give_lmdi(x1, x0); /* time reversed: effects negate, multipliers invert */
    result = plan_run("lmdi", &options);
    for (int64_t i = 0; i < 3; i++) {
        plan_near(plan_float(result, "effects", "effect", i), -add2[i], 1e-13);
        plan_near(plan_float(result, "effects", "multiplier", i), 1 / mul2[i], 1e-13);
    }
    pdm_result_free(result);
}

static void give_formula(const char *text, const char *const *names, const double *x0, const double *x1,
                         int64_t count) {
    plan_begin();
    plan_input("factors", count);
    plan_texts("factor", names);
    plan_floats("x0", x0);
    plan_floats("x1", x1);
    plan_input("formula", 1);
    plan_texts("text", &text);
}

/* The annual formula, written in two ways: each of its terms is divided by itself, and effects of a factor they share are added. */
static void test_lmdi_of_formula(void **unused) {
    (void)unused;
    static const char *const names[] = {"old", "cvr", "aov", "new"};
    static const double x0[] = {100, 0.2, 50, 40};
    static const double x1[] = {90, 0.25, 60, 70};
    static const char *const texts[] = {"repeat = old*cvr*aov; repeat + new*aov/2", "(old*cvr + 0.5*new)*aov"};
    double first = (1350.0 - 1000.0) / log(1350.0 / 1000.0);
    double second = (2100.0 - 1000.0) / log(2100.0 / 1000.0);
    double effects[] = {first * log(0.9), first * log(1.25), (first + second) * log(1.2), second * log(1.75)};
    for (int32_t f = 0; f < 2; f++) {
        give_formula(texts[f], names, x0, x1, 4);
        pdm_result *result = plan_run("lmdi", NULL);
        plan_column_is(result, "effects", "effect", effects, 4, 1e-13);
        plan_near(plan_float(result, "summary", "total", 0), 1450.0, 1e-14);
        assert_int_equal(pdm_table_rows(pdm_result_table(result, "segments")), 8);
        pdm_result_free(result);
    }
    give_formula("aov/(old*cvr + new)", names, x0, x1, 4);
    plan_fails("lmdi", NULL, PDM_E_NOT_PRODUCT_FORM);
    give_formula("max(old*cvr, new)*aov", names, x0, x1, 4);
    plan_fails("lmdi", NULL, PDM_E_NOT_PRODUCT_FORM);
}

/* A divisor is a factor of power −1; a term that changes sign falls back to Shapley values by itself. */
static void test_lmdi_of_quotient(void **unused) {
    (void)unused;
    static const char *const names[] = {"gmv", "buyers", "refund"};
    static const double x0[] = {100, 4, 3};
    static const double x1[] = {240, 6, -2};
    static const double zero[] = {240, 0, -2};
    double mean = (40.0 - 25.0) / log(40.0 / 25.0);
    double effects[] = {mean * log(2.4), -mean * log(1.5), 10.0};
    pdm_lmdi_options options = pdm_lmdi_options_default();
    options.fallback = PDM_LMDI_FALLBACK_SHAPLEY;
    give_formula("gmv/buyers - 2*refund", names, x0, x1, 3);
    pdm_result *result = plan_run("lmdi", &options);
    plan_column_is(result, "effects", "effect", effects, 3, 1e-13);
    plan_text_is(result, "segments", "method", 0, "lmdi1");
    plan_text_is(result, "segments", "method", 3, "shapley");
    pdm_result_free(result);
    give_formula("gmv/buyers - 2*refund", names, x0, zero, 3);
    plan_fails("lmdi", &options, PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO));
    assert_int_equal(plan_now.err.row, 1);
    assert_string_equal(plan_now.err.column, "x1");
}

static void test_lmdi_zeros_and_signs(void **unused) {
    (void)unused;
    static const char *const factor[] = {"a", "b", "c"};
    static const double from[] = {0, 0, 2};
    static const double to[] = {3, 10, 2};
    static const double shared[] = {30, 30, 0}; /* both that were 0 share what came */
    plan_begin();
    plan_input("factors", 3);
    plan_texts("factor", factor);
    plan_floats("x0", from);
    plan_floats("x1", to);
    pdm_result *result = plan_run("lmdi", NULL);
    plan_column_is(result, "effects", "effect", shared, 3, 1e-15);
    assert_true(isnan(plan_float(result, "effects", "multiplier", 0)));
    pdm_result_free(result);
    static const double negative[] = {-1, 2, 1};
    static const double positive[] = {3, 4, 1};
    plan_begin();
    plan_input("factors", 3);
    plan_texts("factor", factor);
    plan_floats("x0", negative);
    plan_floats("x1", positive);
    result = plan_run("lmdi", NULL);
    plan_text_is(result, "effects", "status", 0, "sign_change");
    pdm_result_free(result);
    pdm_lmdi_options options = pdm_lmdi_options_default();
    options.fallback = PDM_LMDI_FALLBACK_SHAPLEY;
    static const double shapley[] = {12, 2, 0};
    result = plan_run("lmdi", &options);
    plan_column_is(result, "effects", "effect", shapley, 3, 1e-14);
    plan_text_is(result, "segments", "method", 0, "shapley");
    pdm_result_free(result);
}

static void test_price_volume_mix(void **unused) {
    (void)unused;
    static const double p0[] = {10, 15, 20, (double)NAN, 5};
    static const double q0[] = {1000, 800, 500, 0, 10};
    static const double p1[] = {11, 15, 23, 9, (double)NAN};
    static const double q1[] = {1000, 700, 800, 7, 0};
    static const double mix[] = {-869.5652173913044, -2543.478260869565, 5130.434782608696, 0, 0};
    static const double entered[] = {0, 0, 0, 63, 0};
    static const double left[] = {0, 0, 0, 0, -50};
    plan_begin();
    plan_input("products", 5);
    plan_floats("price0", p0);
    plan_floats("quantity0", q0);
    plan_floats("price1", p1);
    plan_floats("quantity1", q1);
    pdm_result *result = plan_run("pvm", NULL);
    plan_column_is(result, "products", "mix", mix, 5, 1e-13);
    plan_column_is(result, "products", "new", entered, 5, 0);
    plan_column_is(result, "products", "lost", left, 5, 0);
    plan_near(plan_float(result, "summary", "total", 0), 7900 + 63 - 50, 1e-15);
    plan_text_is(result, "summary", "status", 0, "ok");
    pdm_result_free(result);
    pdm_pvm_options options = pdm_pvm_options_default();
    options.method = PDM_PVM_OLD_QTY;
    result = plan_run("pvm", &options);
    plan_near(plan_float(result, "summary", "cross", 0), 900, 1e-15);
    assert_true(isnan(plan_float(result, "summary", "mix", 0)));
    pdm_result_free(result);
}

/* The groups' mix depends on the reference, their sum does not. */
static void test_rate_mix(void **unused) {
    (void)unused;
    static const double n0[] = {150, 150, 9};
    static const double d0[] = {1000, 2000, 90};
    static const double n1[] = {120, 200, 0};
    static const double d1[] = {1100, 2150, 0};
    pdm_rate_mix_options options = pdm_rate_mix_options_default();
    for (int32_t reference = 0; reference < 4; reference++) {
        options.reference = reference;
        plan_begin();
        plan_input("groups", 3);
        plan_floats("numerator0", n0);
        plan_floats("denominator0", d0);
        plan_floats("numerator1", n1);
        plan_floats("denominator1", d1);
        pdm_result *result = plan_run("rate_mix", &options);
        plan_near(plan_float(result, "summary", "total", 0), 320.0 / 3250 - 309.0 / 3090, 1e-12);
        assert_true(fabs(plan_float(result, "summary", "closure", 0)) < 1e-16);
        plan_text_is(result, "summary", "status", 0, "ok");
        pdm_result_free(result);
    }
}

static void test_funnel(void **unused) {
    (void)unused;
    static const char *const step[] = {"impressions", "clicks", "conversions", "revenue"};
    static const double v0[] = {1000, 150, 120, 8600};
    static const double v1[] = {1000, 120, 160, 9055};
    static const double chain[] = {0, -1720, 4586.666666666667, -2411.6666666666665};
    pdm_decompose_options options = pdm_decompose_options_default();
    options.method = PDM_DECOMPOSE_CHAIN;
    plan_begin();
    plan_input("steps", 4);
    plan_texts("step", step);
    plan_floats("v0", v0);
    plan_floats("v1", v1);
    pdm_result *result = plan_run("funnel_change", &options);
    plan_column_is(result, "effects", "effect", chain, 4, 1e-12);
    pdm_result_free(result);
    static const double broken[] = {1000, 0, 160, 9055};
    plan_begin();
    plan_input("steps", 4);
    plan_texts("step", step);
    plan_floats("v0", v0);
    plan_floats("v1", broken);
    plan_fails("funnel_change", &options, PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO));
    assert_int_equal(plan_now.err.row, 1);
}

/* NSDI 2014, table 1: the devices explain it. */
static void test_root_cause(void **unused) {
    (void)unused;
    static const char *const dimension[] = {"center",     "center", "advertiser", "advertiser", "advertiser",
                                            "advertiser", "device", "device",     "device"};
    static const char *const element[] = {"X", "Y", "A1", "A2", "A3", "A4", "PC", "Mobile", "Tablet"};
    static const double forecast[] = {94, 6, 50, 20, 20, 10, 50, 25, 25};
    static const double actual[] = {47, 3, 24, 21, 4, 1, 49, 1, 0};
    static const double power[] = {0.94, 0.06, 0.52, -0.02, 0.32, 0.18, 0.02, 0.48, 0.5};
    plan_begin();
    plan_input("rows", 9);
    plan_texts("dimension", dimension);
    plan_texts("element", element);
    plan_floats("forecast", forecast);
    plan_floats("actual", actual);
    pdm_result *result = plan_run("root_cause", NULL);
    plan_column_is(result, "elements", "ep", power, 9, 1e-13);
    plan_near(plan_float(result, "dimensions", "dim_surprise", 2), 0.18420288688365705, 1e-12);
    assert_int_equal(plan_int(result, "dimensions", "rank", 2), 1);
    assert_int_equal(plan_int(result, "dimensions", "size", 2), 2);
    assert_int_equal(pdm_table_bool(pdm_result_table(result, "elements"), "in_set")[6], 0);
    assert_int_equal(pdm_table_bool(pdm_result_table(result, "elements"), "in_set")[8], 1);
    pdm_result_free(result);
    static const double other[] = {47, 4, 24, 21, 4, 1, 49, 1, 0};
    plan_begin();
    plan_input("rows", 9);
    plan_texts("dimension", dimension);
    plan_texts("element", element);
    plan_floats("forecast", forecast);
    plan_floats("actual", other);
    plan_fails("root_cause", NULL, PDM_E_MARGINS_DISAGREE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_shapley_against_brute_force),
        cmocka_unit_test(test_quadrature),
        cmocka_unit_test(test_players),
        cmocka_unit_test(test_division_by_zero_names_the_combination),
        cmocka_unit_test(test_log_mean),
        cmocka_unit_test(test_lmdi),
        cmocka_unit_test(test_lmdi_of_formula),
        cmocka_unit_test(test_lmdi_of_quotient),
        cmocka_unit_test(test_lmdi_zeros_and_signs),
        cmocka_unit_test(test_price_volume_mix),
        cmocka_unit_test(test_rate_mix),
        cmocka_unit_test(test_funnel),
        cmocka_unit_test(test_root_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
