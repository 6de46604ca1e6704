/* Exact splits: published apportionments, decimals, laws on random input, errors. */
#include "test_plan.h"

#include "plan/exact.h"

#include <pdmetrics/plan/allocate.h>

#include <stdio.h>

static void split(int32_t method, int64_t total, const double *weights, int64_t count, int64_t *amounts, int32_t *tie) {
    pdm_apportion_options options = pdm_apportion_options_default();
    pdm_error err;
    options.method = method;
    if (pdm_apportion_split(NULL, &options, total, weights, count, amounts, tie, &err) != PDM_OK)
        fail_msg("%s", err.message);
}

static void expect(int32_t method, int64_t total, const double *weights, int64_t count, const int64_t *expected) {
    int64_t amounts[16];
    split(method, total, weights, count, amounts, NULL);
    for (int64_t i = 0; i < count; i++) assert_int_equal(amounts[i], expected[i]);
}

/* Shortest decimals, as every printer of round-trip doubles gives them. */
static void test_decimals(void **unused) {
    (void)unused;
    static const struct {
        double value;
        uint64_t digits;
        int32_t exponent;
    } cases[] = {
        {0.6, 6, -1},
        {0.1, 1, -1},
        {969.04065, 96904065, -5},
        {0.30000000000000004, 30000000000000004, -17},
        {1e22, 1, 22},
        {5e-324, 5, -324},
        {1.7976931348623157e308, 17976931348623157, 292},
        {9007199254740993.0, 9007199254740992, 0},
        {0x1p-44, 5684341886080802, -29}, /* just below a power of two the step is half as wide */
        {12300.0, 123, 2},
        {1.0000000000000002, 10000000000000002, -16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pdm__decimal d = pdm__decimal_of_double(-cases[i].value);
        assert_true(d.negative);
        assert_int_equal(d.digits, cases[i].digits);
        assert_int_equal(d.exponent, cases[i].exponent);
    }
    assert_int_equal(pdm__decimal_of_double(0.0).digits, 0);
}

/* Reading the decimal back gives the double, and no decimal with one digit less does. */
static void test_decimals_round_trip(void **unused) {
    (void)unused;
    uint64_t seed = 1;
    for (int32_t i = 0; i < 20000; i++) {
        uint64_t bits = plan_random(&seed) >> 2;
        double value = 0.0;
        memcpy(&value, &bits, sizeof value);
        if (i % 2 == 0) value = (double)(plan_random(&seed) >> 11) * 0x1p-53 * 1000.0;
        if (!isfinite(value) || value == 0.0) continue;
        pdm__decimal d = pdm__decimal_of_double(value);
        char text[64];
        (void)snprintf(text, sizeof text, "%llue%d", (unsigned long long)d.digits, d.exponent);
        assert_true(strtod(text, NULL) == value);
        assert_true(d.digits % 10 != 0);
        char digits[32];
        int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)d.digits);
        if (length < 2) continue;
        (void)snprintf(text, sizeof text, "%.*e", length - 2, value);
        assert_true(strtod(text, NULL) != value);
    }
}

static void test_products(void **unused) {
    (void)unused;
    int64_t out = 0;
    pdm__decimal half[] = {pdm__decimal_of_int(1005), pdm__decimal_of_double(0.1)};
    assert_true(pdm__product_half_even(half, 2, &out));
    assert_int_equal(out, 100); /* 100.5 */
    pdm__decimal up[] = {pdm__decimal_of_int(15), pdm__decimal_of_double(0.1)};
    assert_true(pdm__product_half_even(up, 2, &out));
    assert_int_equal(out, 2); /* 1.5 */
    pdm__decimal large[] = {pdm__decimal_of_int(INT64_MAX), pdm__decimal_of_double(-0.5)};
    assert_true(pdm__product_half_even(large, 2, &out));
    assert_int_equal(out, -INT64_C(4611686018427387904)); /* …903.5 */
    pdm__decimal beyond[] = {pdm__decimal_of_int(INT64_MAX), pdm__decimal_of_int(2)};
    assert_false(pdm__product_half_even(beyond, 2, &out));
}

/* Balinski & Young 1975, and the Alabama paradox as in the encyclopaedia. */
static void test_published(void **unused) {
    (void)unused;
    static const double first[] = {5117, 4400, 162, 161, 160};
    static const int64_t first_expected[5][5] = {
        {51, 44, 2, 2, 1}, {51, 43, 2, 2, 2}, {52, 45, 1, 1, 1}, {51, 43, 2, 2, 2}, {51, 43, 2, 2, 2}};
    static const double second[] = {9061, 7179, 5259, 3319, 1182};
    static const int64_t second_expected[5][5] = {
        {9, 7, 5, 4, 1}, {9, 8, 5, 3, 1}, {10, 7, 5, 3, 1}, {9, 7, 5, 3, 2}, {9, 7, 6, 3, 1}};
    for (int32_t method = 0; method < 5; method++) {
        expect(method, 100, first, 5, first_expected[method]);
        expect(method, 26, second, 5, second_expected[method]);
    }
    static const double alabama[] = {1500, 1500, 900, 500, 500, 200};
    static const int64_t at_25[] = {7, 7, 4, 3, 3, 1};
    static const int64_t at_26[] = {8, 8, 5, 2, 2, 1};
    expect(PDM_APPORTION_LARGEST_REMAINDER, 25, alabama, 6, at_25);
    expect(PDM_APPORTION_LARGEST_REMAINDER, 26, alabama, 6, at_26);
}

/* 0.6 : 0.2 ties where 3 : 1 ties; the lowest index wins and the tie is told. */
static void test_ties(void **unused) {
    (void)unused;
    static const double decimals[] = {0.6, 0.2};
    static const double whole[] = {3, 1};
    for (int32_t method = 0; method < 5; method++) {
        for (int64_t total = 0; total < 40; total++) {
            int64_t a[2];
            int64_t b[2];
            int32_t tie_a = 0;
            int32_t tie_b = 0;
            split(method, total, decimals, 2, a, &tie_a);
            split(method, total, whole, 2, b, &tie_b);
            assert_memory_equal(a, b, sizeof a);
            assert_int_equal(tie_a, tie_b);
        }
    }
    int64_t amounts[3];
    int32_t tie = 0;
    static const double equal[] = {1, 1, 1};
    static const int64_t expected[] = {34, 33, 33};
    split(PDM_APPORTION_LARGEST_REMAINDER, 100, equal, 3, amounts, &tie);
    assert_memory_equal(amounts, expected, sizeof expected);
    assert_int_equal(tie, 1);
    split(PDM_APPORTION_LARGEST_REMAINDER, 99, equal, 3, amounts, &tie);
    assert_int_equal(tie, 0);
}

static void test_signs_and_extremes(void **unused) {
    (void)unused;
    static const double weights[] = {0.5, 0.3, 0.0, 0.2};
    static const int64_t totals[] = {0, -7, INT64_MAX, INT64_MIN, 1};
    for (int32_t method = 0; method < 5; method++) {
        for (size_t t = 0; t < sizeof totals / sizeof *totals; t++) {
            int64_t amounts[4];
            split(method, totals[t], weights, 4, amounts, NULL);
            uint64_t sum = 0;
            for (int32_t i = 0; i < 4; i++) sum += (uint64_t)amounts[i];
            assert_int_equal((int64_t)sum, totals[t]);
            assert_int_equal(amounts[2], 0);
        }
    }
    static const double minus[] = {1, 1, 1};
    static const int64_t expected[] = {-4, -3, -3};
    expect(PDM_APPORTION_LARGEST_REMAINDER, -10, minus, 3, expected);
    /* Weights as far apart as doubles go. */
    static const double wide[] = {5e-324, 1.7e308, 1e-5};
    static const int64_t all[] = {0, INT64_MAX, 0};
    expect(PDM_APPORTION_LARGEST_REMAINDER, INT64_MAX, wide, 3, all);
    static const int64_t served[] = {1, 98, 1};
    expect(PDM_APPORTION_ADAMS, 100, wide, 3, served);
}

/* The unit-by-unit rule in doubles of small integers, where it is exact. */
static void naive(int32_t method, int64_t total, const double *w, int64_t n, int64_t *out) {
    memset(out, 0, (size_t)n * sizeof *out);
    for (int64_t unit = 0; unit < total; unit++) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; i++) {
            if (w[i] == 0) continue;
            if (best < 0) {
                best = i;
                continue;
            }
            double k = (double)out[i];
            double b = (double)out[best];
            double di = method == 1 ? 2 * k + 1 : method == 2 ? k + 1 : method == 3 ? k : k * (k + 1);
            double db = method == 1 ? 2 * b + 1 : method == 2 ? b + 1 : method == 3 ? b : b * (b + 1);
            double wi = method == 4 ? w[i] * w[i] : w[i];
            double wb = method == 4 ? w[best] * w[best] : w[best];
            bool both_first = di == 0 && db == 0;
            if (both_first ? w[i] > w[best] : wi * db > wb * di) best = i;
        }
        out[best]++;
    }
}

static void test_divisor_methods_against_naive(void **unused) {
    (void)unused;
    uint64_t seed = 7;
    for (int32_t round = 0; round < 2000; round++) {
        double w[7];
        int64_t n = 1 + (int64_t)(plan_random(&seed) % 7);
        int64_t total = (int64_t)(plan_random(&seed) % 60);
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += w[i] = (double)(plan_random(&seed) % (round % 2 == 0 ? 5 : 1000));
        if (sum == 0) continue;
        for (int32_t method = 1; method < 5; method++) {
            int64_t expected[7];
            naive(method, total, w, n, expected);
            expect(method, total, w, n, expected);
        }
    }
}

/* Sums, quota bounds, house monotonicity, permutation. */
static void test_laws(void **unused) {
    (void)unused;
    uint64_t seed = 3;
    for (int32_t round = 0; round < 400; round++) {
        enum { N = 12 };
        double w[N];
        double mirrored[N];
        double sum = 0;
        for (int32_t i = 0; i < N; i++) {
            w[i] = (double)(plan_random(&seed) % 100000 + 1) / 100.0 + i * 1e-9; /* distinct: no ties */
            sum += w[i];
        }
        for (int32_t i = 0; i < N; i++) mirrored[N - 1 - i] = w[i];
        int64_t total = (int64_t)(plan_random(&seed) % 1000000000000);
        int64_t a[N];
        int64_t b[N];
        for (int32_t method = 0; method < 5; method++) {
            split(method, total, w, N, a, NULL);
            split(method, total, mirrored, N, b, NULL);
            int64_t all = 0;
            for (int32_t i = 0; i < N; i++) {
                all += a[i];
                assert_int_equal(a[i], b[N - 1 - i]);
                if (method == 0) assert_true(fabs((double)a[i] - (double)total * w[i] / sum) < 1.001);
            }
            assert_int_equal(all, total);
            if (method == 0) continue;
            split(method, total + 1, w, N, b, NULL);
            for (int32_t i = 0; i < N; i++) assert_true(b[i] >= a[i]);
        }
    }
}

static void test_errors_leave_amounts_alone(void **unused) {
    (void)unused;
    int64_t amounts[2] = {7, 8};
    pdm_error err;
    static const double negative[] = {1, -1};
    static const double missing[] = {1, (double)NAN};
    static const double zeros[] = {0, 0};
    assert_int_equal(pdm_apportion_split(NULL, NULL, 5, negative, 2, amounts, NULL, &err), PDM_E_BAD_WEIGHT);
    assert_int_equal(err.row, 1);
    assert_int_equal(pdm_apportion_split(NULL, NULL, 5, missing, 2, amounts, NULL, &err), PDM_E_BAD_WEIGHT);
    assert_int_equal(pdm_apportion_split(NULL, NULL, 5, zeros, 2, amounts, NULL, &err), PDM_E_ZERO_WEIGHTS);
    assert_int_equal(pdm_apportion_split(NULL, NULL, 5, zeros, 0, amounts, NULL, &err), PDM_E_EMPTY);
    assert_int_equal(amounts[0], 7);
    assert_int_equal(amounts[1], 8);
    pdm_apportion_options options = pdm_apportion_options_default();
    options.zero_policy = PDM_ZERO_POLICY_EQUAL;
    assert_int_equal(pdm_apportion_split(NULL, &options, 5, zeros, 2, amounts, NULL, &err), PDM_OK);
    assert_int_equal(amounts[0], 3);
    options.method = 9;
    assert_int_equal(pdm_apportion_split(NULL, &options, 5, zeros, 2, amounts, NULL, &err), PDM_E_BAD_OPTION);
}

static void test_calculator(void **unused) {
    (void)unused;
    static const int64_t total[] = {9999};
    static const int64_t weights[] = {75, 25};
    static const int64_t expected[] = {7499, 2500};
    static const char *const parts[] = {"门店", "私域"};
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", total);
    plan_input("parts", 2);
    plan_texts("part", parts);
    plan_ints("weight", weights);
    pdm_result *result = plan_run("apportion", NULL);
    plan_ints_are(result, "split", "amount", expected, 2);
    plan_text_is(result, "split", "part", 1, "私域");
    plan_near(plan_float(result, "split", "quota", 0), 7499.25, 1e-15);
    assert_int_equal(plan_int(result, "summary", "closure", 0), 0);
    plan_text_is(result, "summary", "method", 0, "largest_remainder");
    plan_text_is(result, "summary", "status", 0, "ok");
    pdm_result_free(result);

    static const double half[] = {10.5};
    plan_begin();
    plan_input("target", 1);
    plan_floats("total", half);
    plan_input("parts", 2);
    plan_ints("weight", weights);
    plan_fails("apportion", NULL, PDM_E_BAD_TOTAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_decimals_round_trip),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_signs_and_extremes),
        cmocka_unit_test(test_divisor_methods_against_naive),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_errors_leave_amounts_alone),
        cmocka_unit_test(test_calculator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
