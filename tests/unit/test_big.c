/* Exact sums and their one rounding. */
#include "rows.h"
#include "stats/big.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const pdm__big *a, const char *expected) {
    char text[PDM__BIG_TEXT];
    (void)pdm__big_text(a, text);
    assert_string_equal(text, expected);
}

static void extremes_add_up(void **unused) {
    (void)unused;
    int64_t sum[PDM__INT_LIMBS] = {0};
    int64_t squares[PDM__INT_PRODUCT_LIMBS] = {0};
    pdm__big big;
    for (int i = 0; i < 3; i++) {
        pdm__limbs_add_int(sum, INT64_MIN);
        pdm__limbs_add_product(squares, INT64_MIN, INT64_MIN);
        pdm__limbs_add_product(squares, INT64_MIN, INT64_MAX);
    }
    pdm__limbs_add_int(sum, -1);
    pdm__big_of_limbs(&big, sum, PDM__INT_LIMBS);
    assert_text(&big, "-27670116110564327425");
    pdm__big_of_limbs(&big, squares, PDM__INT_PRODUCT_LIMBS);
    assert_text(&big, "27670116110564327424"); /* 3·2^63·(2^63 − (2^63 − 1)) */
}

static void small_numbers_agree_with_words(void **unused) {
    (void)unused;
    uint64_t random = 7;
    for (int round = 0; round < 2000; round++) {
        int64_t x = rows_below(&random, INT64_C(1) << (1 + round % 31)) - (INT64_C(1) << (round % 31));
        int64_t y = rows_below(&random, INT64_C(1) << (1 + round % 29)) - (INT64_C(1) << (round % 29));
        pdm__big a;
        pdm__big b;
        pdm__big c;
        char expected[32];
        pdm__big_of_int(&a, x);
        pdm__big_of_int(&b, y);
        pdm__big_add(&c, &a, &b);
        (void)snprintf(expected, sizeof expected, "%lld", (long long)(x + y));
        assert_text(&c, expected);
        pdm__big_sub(&c, &a, &b);
        (void)snprintf(expected, sizeof expected, "%lld", (long long)(x - y));
        assert_text(&c, expected);
        pdm__big_mul(&c, &a, &b);
        (void)snprintf(expected, sizeof expected, "%lld", (long long)(x * y));
        assert_text(&c, expected);
        if (y <= 0) continue;
        assert_true(pdm__big_ratio(&a, &b, 0) == (double)x / (double)y); /* both exact: the division rounds once */
    }
}

static void reals_are_exact(void **unused) {
    (void)unused;
    static const double values[] = {1e308, 5e-324, -1e308, 1.0, 0x1p-1022, -0x1.8p-1030, -1.0, 0.1};
    int64_t sum[PDM__REAL_LIMBS] = {0};
    int64_t squares[PDM__REAL_PRODUCT_LIMBS] = {0};
    pdm__big a;
    pdm__big one;
    pdm__big_of_int(&one, 1);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) pdm__limbs_add_real(sum, values[i]);
    pdm__limbs_add_real(sum, -0.1);
    pdm__big_of_limbs(&a, sum, PDM__REAL_LIMBS);
    assert_true(pdm__big_ratio(&a, &one, -PDM__REAL_EXPONENT) == 0x1p-1022 - 0x1.8p-1030 + 5e-324);
    pdm__limbs_add_real_product(squares, 1.7976931348623157e308, -1.7976931348623157e308);
    pdm__limbs_add_real_product(squares, 5e-324, 5e-324);
    pdm__limbs_add_real_product(squares, 1.7976931348623157e308, 1.7976931348623157e308);
    pdm__big_of_limbs(&a, squares, PDM__REAL_PRODUCT_LIMBS);
    assert_text(&a, "1");
}

static void ratios_round_once(void **unused) {
    (void)unused;
    uint64_t random = 11;
    pdm__big one;
    pdm__big_of_int(&one, 1);
    for (int round = 0; round < 2000; round++) {
        /* A double, of any size and sign, subnormal too, survives the way there and back; so does half way between two. */
        uint64_t bits = rows_random(&random);
        double value = 0;
        if (round % 3 == 0) bits &= ~(UINT64_C(0x7FF) << 52);
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        int64_t sum[PDM__REAL_LIMBS] = {0};
        pdm__limbs_add_real(sum, value);
        pdm__big a;
        pdm__big_of_limbs(&a, sum, PDM__REAL_LIMBS);
        assert_true(pdm__big_ratio(&a, &one, -PDM__REAL_EXPONENT) == value);
    }
    pdm__big two;
    pdm__big_of_int(&two, 2);
    pdm__big a;
    pdm__big_of_int(&a, 3);
    assert_true(pdm__big_ratio(&a, &two, -PDM__REAL_EXPONENT) == 2 * 5e-324); /* 1.5 least steps: to the even one */
    pdm__big_of_int(&a, 1);
    assert_true(pdm__big_ratio(&a, &two, -PDM__REAL_EXPONENT) == 0.0);
    pdm__big_of_int(&a, (INT64_C(1) << 53) + 1);
    assert_true(pdm__big_ratio(&a, &one, 0) == 0x1p53);
    pdm__big_of_int(&a, (INT64_C(1) << 53) + 3);
    assert_true(pdm__big_ratio(&a, &one, 0) == 0x1p53 + 4);
    assert_true(isinf(pdm__big_ratio(&a, &one, 1000)));
}

static void decimals_are_exact(void **unused) {
    (void)unused;
    char text[PDM__BIG_DECIMAL];
    pdm__big a;
    static const struct {
        double value;
        const char *text;
    } known[] = {{0.1, "0.1000000000000000055511151231257827021181583404541015625"},
                 {-1234.5, "-1234.5"},
                 {1e22, "10000000000000000000000"},
                 {0.0, "0"},
                 {-0.0625, "-0.0625"},
                 {1.0, "1"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int64_t sum[PDM__REAL_LIMBS] = {0};
        pdm__limbs_add_real(sum, known[i].value);
        pdm__big_of_limbs(&a, sum, PDM__REAL_LIMBS);
        assert_int_equal(pdm__big_decimal(&a, -PDM__REAL_EXPONENT, 0, text), (int)strlen(known[i].text));
        assert_string_equal(text, known[i].text);
    }
    pdm__big_of_int(&a, -1230);
    (void)pdm__big_decimal(&a, 0, 2, text);
    assert_string_equal(text, "-12.3");
    pdm__big_of_int(&a, 7);
    (void)pdm__big_decimal(&a, 0, 3, text);
    assert_string_equal(text, "0.007");
    /* The widest sum of products: from the largest double's square down to the least one's. */
    int64_t squares[PDM__REAL_PRODUCT_LIMBS] = {0};
    pdm__limbs_add_real_product(squares, 1.7976931348623157e308, 1.7976931348623157e308);
    pdm__limbs_add_real_product(squares, 5e-324, 5e-324);
    pdm__big_of_limbs(&a, squares, PDM__REAL_PRODUCT_LIMBS);
    assert_int_equal(pdm__big_decimal(&a, -2 * PDM__REAL_EXPONENT, 0, text), 617 + 1 + 2148);
    assert_int_equal(text[617], '.');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extremes_add_up),    cmocka_unit_test(small_numbers_agree_with_words),
        cmocka_unit_test(reals_are_exact),    cmocka_unit_test(ratios_round_once),
        cmocka_unit_test(decimals_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
