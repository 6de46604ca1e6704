/* Money from doubles, decimals and texts: exact, or refused with a reason. */
#include "core/base.h"

#include <pdmetrics/money.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define UNTOUCHED INT64_C(-777)

static uint64_t random_state = 42;

static uint64_t random64(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

/* ---- doubles ---------------------------------------------------------------------------------------------------- */

static void double_gives(double value, int32_t exponent, int64_t expected) {
    int64_t minor = UNTOUCHED;
    pdm_error err;
    pdm_status status = pdm_money_from_double(value, exponent, &minor, &err);
    if (status != PDM_OK) fail_msg("%.17g: %s", value, err.message);
    assert_int_equal(minor, expected);
}

static void double_fails(double value, int32_t exponent, pdm_status expected) {
    int64_t minor = UNTOUCHED;
    pdm_error err;
    pdm_status status = pdm_money_from_double(value, exponent, &minor, &err);
    if (status != expected) fail_msg("%.17g: status %d, not %d", value, (int)status, (int)expected);
    assert_int_equal(err.code, expected);
    assert_int_equal(minor, UNTOUCHED);
    assert_int_equal(pdm_money_from_double(value, exponent, &minor, NULL), expected);
}

static void doubles_known(void **state) {
    (void)state;
    double_gives(5.05, 2, 505);
    double_gives(-5.05, 2, -505);
    double_gives(0.0, 2, 0);
    double_gives(-0.0, 2, 0);
    double_gives(1.15, 2, 115);
    double_gives(4.35, 2, 435); /* 4.35 · 100 is 434.99999999999994 in floating point */
    double_gives(19.99, 2, 1999);
    double_gives(12.0, 0, 12);
    double_gives(0.000000001, 9, 1);
    double_gives(9007199254740992.0, 2, INT64_C(900719925474099200));
    double_gives(9223372036854774784.0, 0, INT64_C(9223372036854774784));
    double_gives(-9223372036854775808.0, 0, INT64_MIN);
    double_fails(9223372036854775808.0, 0, PDM_E_OVERFLOW);
    double_fails(-9223372036854777856.0, 0, PDM_E_OVERFLOW);
    double_fails(1e17, 2, PDM_E_OVERFLOW);
    double_fails(1e300, 9, PDM_E_OVERFLOW);
    double_fails(-1.7976931348623157e308, 9, PDM_E_OVERFLOW);
    double_fails(0.1 + 0.7, 1, PDM_E_BAD_VALUE); /* 0.79999999999999993 */
    double_fails(0.1 + 0.2, 2, PDM_E_BAD_VALUE); /* 0.30000000000000004 */
    double_fails(5.055, 2, PDM_E_BAD_VALUE);
    double_fails(0.5, 0, PDM_E_BAD_VALUE);
    double_fails(5e-324, 9, PDM_E_BAD_VALUE);
    double_fails((double)NAN, 2, PDM_E_BAD_VALUE);
    double_fails((double)INFINITY, 2, PDM_E_BAD_VALUE);
    double_fails(-(double)INFINITY, 2, PDM_E_BAD_VALUE);
    double_fails(1.0, -1, PDM_E_ARGUMENT);
    double_fails(1.0, 10, PDM_E_ARGUMENT);
    assert_int_equal(pdm_money_from_double(1.0, 2, NULL, NULL), PDM_E_ARGUMENT);
}

/* The C library's correctly rounding strtod is the other road from minor units to the nearest double. */
static double nearest(int64_t minor, int32_t exponent) {
    char text[48];
    (void)snprintf(text, sizeof text, "%llde-%d", (long long)minor, (int)exponent);
    return strtod(text, NULL);
}

static void doubles_round_trip(void **state) {
    (void)state;
    for (int i = 0; i < 200000; i++) {
        int64_t minor = (int64_t)(random64() >> (12 + random64() % 52)); /* below 2^52 */
        if (random64() & 1) minor = -minor;
        int32_t exponent = (int32_t)(random64() % 10);
        double value = nearest(minor, exponent);
        bool alone = nearest(minor - 1, exponent) != value && nearest(minor + 1, exponent) != value;
        assert_true(alone);
        double_gives(value, exponent, minor);
        double next = nextafter(value, (double)INFINITY);
        if (next != 0 && minor > -(INT64_C(1) << 50) && minor < INT64_C(1) << 50)
            double_fails(next, exponent, PDM_E_BAD_VALUE);
    }
}

/* Whether the double is that many minor units to the last bit: by the product's rounding error. */
static bool is_exactly(double value, int32_t exponent, int64_t minor) {
    double power = 1;
    for (int32_t i = 0; i < exponent; i++) power *= 10;
    double product = value * power;
    double error = fma(value, power, -product);
    return product - floor(product) + error == (double)(minor - (int64_t)floor(product));
}

/* From 2^52 on a double may be nearest to several amounts: then it is refused, unless it is an amount exactly. */
static void doubles_too_large_to_tell(void **state) {
    (void)state;
    double_gives(70368744177664.0, 2, INT64_C(7036874417766400));
    double_fails(70368744177664.015625, 2, PDM_E_BAD_VALUE); /* nearest to both …64.01 and …64.02 */
    int told = 0;
    int refused = 0;
    for (int i = 0; i < 200000; i++) {
        int64_t minor = (int64_t)((random64() | UINT64_C(1) << 63) >> (8 + random64() % 6)); /* 2^50 to 2^55 */
        int32_t exponent = (int32_t)(random64() % 10);
        double value = nearest(minor, exponent);
        bool alone = nearest(minor - 1, exponent) != value && nearest(minor + 1, exponent) != value;
        int64_t found = UNTOUCHED;
        pdm_status status = pdm_money_from_double(value, exponent, &found, NULL);
        if (alone) {
            assert_int_equal(status, PDM_OK);
            assert_int_equal(found, minor);
            told++;
        } else if (status == PDM_OK) {
            assert_true(is_exactly(value, exponent, found));
        } else {
            assert_int_equal(status, PDM_E_BAD_VALUE);
            refused++;
        }
    }
    assert_true(told > 1000 && refused > 1000);
}

/* ---- decimals --------------------------------------------------------------------------------------------------- */

static pdm_status decimal(pdm__int128 value, int32_t scale, int32_t exponent, int64_t *minor) {
    pdm_error err;
    pdm_error_reset(&err);
    pdm_status status = pdm_money_from_decimal((uint64_t)value, (int64_t)(value >> 64), scale, exponent, minor, &err);
    assert_int_equal(err.code, status);
    return status;
}

static void decimal_gives(pdm__int128 value, int32_t scale, int32_t exponent, int64_t expected) {
    int64_t minor = UNTOUCHED;
    assert_int_equal(decimal(value, scale, exponent, &minor), PDM_OK);
    assert_int_equal(minor, expected);
}

static void decimal_fails(pdm__int128 value, int32_t scale, int32_t exponent, pdm_status expected) {
    int64_t minor = UNTOUCHED;
    assert_int_equal(decimal(value, scale, exponent, &minor), expected);
    assert_int_equal(minor, UNTOUCHED);
}

static void decimals(void **state) {
    (void)state;
    pdm__int128 highest = (pdm__int128)(~(pdm__uint128)0 >> 1);
    pdm__int128 lowest = -highest - 1;
    pdm__int128 ten_38 = 1;
    for (int i = 0; i < 38; i++) ten_38 *= 10;
    decimal_gives(505, 2, 2, 505);
    decimal_gives(-505, 2, 2, -505);
    decimal_gives(505, 1, 2, 5050);
    decimal_gives(5050, 3, 2, 505);
    decimal_gives(-5050, 3, 2, -505);
    decimal_gives(5, 0, 9, INT64_C(5000000000));
    decimal_gives(3, -2, 2, 30000);
    decimal_gives(0, -38, 9, 0);
    decimal_gives(0, 38, 0, 0);
    decimal_gives(ten_38, 38, 0, 1);
    decimal_gives(-ten_38, 38, 9, -INT64_C(1000000000));
    decimal_gives(INT64_MAX, 2, 2, INT64_MAX);
    decimal_gives(INT64_MIN, 2, 2, INT64_MIN);
    decimal_gives((pdm__int128)INT64_MIN * 1000, 5, 2, INT64_MIN);
    decimal_fails((pdm__int128)INT64_MAX + 1, 2, 2, PDM_E_OVERFLOW);
    decimal_fails((pdm__int128)INT64_MIN - 1, 2, 2, PDM_E_OVERFLOW);
    decimal_fails((pdm__int128)INT64_MAX * 10 + 10, 3, 2, PDM_E_OVERFLOW);
    decimal_fails(INT64_MAX / 10 + 1, 1, 2, PDM_E_OVERFLOW);
    decimal_fails(1, -38, 9, PDM_E_OVERFLOW);
    decimal_fails(-1, -19, 0, PDM_E_OVERFLOW);
    decimal_fails(lowest, -38, 9, PDM_E_OVERFLOW);
    decimal_fails(highest, 0, 0, PDM_E_OVERFLOW);
    decimal_fails(505, 3, 2, PDM_E_BAD_VALUE);
    decimal_fails(-1, 38, 0, PDM_E_BAD_VALUE);
    decimal_fails(lowest, 38, 0, PDM_E_BAD_VALUE);
    decimal_fails(highest, 1, 0, PDM_E_BAD_VALUE);
    decimal_fails(1, 39, 2, PDM_E_ARGUMENT);
    decimal_fails(1, -39, 2, PDM_E_ARGUMENT);
    decimal_fails(1, 0, 10, PDM_E_ARGUMENT);
    decimal_fails(1, 0, -1, PDM_E_ARGUMENT);
    assert_int_equal(pdm_money_from_decimal(0, 0, 0, 0, NULL, NULL), PDM_E_ARGUMENT);
    int64_t minor;
    pdm_error err;
    assert_int_equal(pdm_money_from_decimal(0, INT64_MIN, 38, 0, &minor, &err), PDM_E_BAD_VALUE);
    assert_non_null(strstr(err.message, "-170141183460469231731687303715884105728"));
}

/* ---- texts ------------------------------------------------------------------------------------------------------ */

typedef struct text_case {
    const char *text;
    int32_t exponent;
    int64_t expected;
} text_case;

static void texts_good(void **state) {
    (void)state;
    static const text_case cases[] = {
        {"0", 2, 0},
        {"-0", 2, 0},
        {"12", 2, 1200},
        {"+12", 2, 1200},
        {"-12.3", 2, -1230},
        {"\xE2\x88\x92"
         "12.34",
         2, -1234},
        {"-1,234.50", 2, -123450},
        {"1,234,567", 2, 123456700},
        {"12,345.67", 2, 1234567},
        {"1\xEF\xBC\x8C"
         "234\xEF\xBC\x8C"
         "567.8",
         2, 123456780},
        {"¥12", 2, 1200},
        {"¥ 12", 2, 1200},
        {"￥1,200.00元", 2, 120000},
        {"￥1", 2, 100},
        {"12元", 2, 1200},
        {"12 元", 2, 1200},
        {"RMB12.5", 2, 1250},
        {"RMB 12.5", 2, 1250},
        {"-CNY 3", 2, -300},
        {"$5.05", 2, 505},
        {"€5.05", 2, 505},
        {"£5.05", 2, 505},
        {"(3.10)", 2, -310},
        {"(¥3.10)", 2, -310},
        {"(3.10元)", 2, -310},
        {"  7.00\t", 2, 700},
        {"\xE3\x80\x80"
         "7\xC2\xA0",
         2, 700},
        {"1.5000", 2, 150},
        {"1.000000000000", 0, 1},
        {"7", 0, 7},
        {"0.000000001", 9, 1},
        {"007.10", 2, 710},
        {"92233720368547758.07", 2, INT64_MAX},
        {"-92233720368547758.08", 2, INT64_MIN},
        {"(92,233,720,368,547,758.08)", 2, INT64_MIN},
        {"9223372036854775807", 0, INT64_MAX},
        {"00000000000000000000000000000001", 0, 1},
    };
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        int64_t minor = UNTOUCHED;
        pdm_error err;
        pdm_status status = pdm_money_parse(cases[i].text, strlen(cases[i].text), cases[i].exponent, &minor, &err);
        if (status != PDM_OK) fail_msg("\"%s\": %s", cases[i].text, err.message);
        if (minor != cases[i].expected) fail_msg("\"%s\" gave %lld", cases[i].text, (long long)minor);
    }
}

static void texts_bad(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",         " ",          "-",       "+",     "¥",     "元",     "()",       "(",    ")",      ".",
        ".5",       "5.",         "5.0.0",   "abc",   "12abc", "abc12",  "1 2",      "- 12", "--1",    "+-1",
        "-+1",      "1-",         "(5",      "5)",    "((5))", "(-5)",   "-(5)",     "¥(5)", "¥-5",    "¥¥5",
        "$5元",     "5元元",      "RMBCNY5", "rmb5",  "1,23",  "1,2345", "1234,567", ",123", "1,,234", "1,234,",
        "1,234567", "1,234，567", "1.234,5", "1e5",   "0x10",  "1_000",  "NaN",      "inf",  "½",      "１２",
        "5%",       "\xFF",       "5\xC2",   "1.005", "0.001", "1.0010",
    };
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        int64_t minor = UNTOUCHED;
        pdm_error err;
        pdm_status status = pdm_money_parse(cases[i], strlen(cases[i]), 2, &minor, &err);
        if (status != PDM_E_BAD_VALUE)
            fail_msg("\"%s\" gave status %d, value %lld", cases[i], (int)status, (long long)minor);
        assert_int_equal(minor, UNTOUCHED);
        assert_int_equal(err.code, PDM_E_BAD_VALUE);
    }
}

static void texts_overflow(void **state) {
    (void)state;
    static const char *const cases[] = {"92233720368547758.08",  "-92233720368547758.09",
                                        "184467440737095516.16", "99999999999999999999999999",
                                        "1000000000000000000",   "(100,000,000,000,000,000)"};
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        int64_t minor = UNTOUCHED;
        assert_int_equal(pdm_money_parse(cases[i], strlen(cases[i]), 2, &minor, NULL), PDM_E_OVERFLOW);
        assert_int_equal(minor, UNTOUCHED);
    }
    int64_t minor;
    assert_int_equal(pdm_money_parse("99999999999999999999999x", 24, 2, &minor, NULL), PDM_E_BAD_VALUE);
}

static void texts_arguments(void **state) {
    (void)state;
    int64_t minor = UNTOUCHED;
    assert_int_equal(pdm_money_parse("1", 1, 10, &minor, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm_money_parse("1", 1, -1, &minor, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm_money_parse("1", 1, 2, NULL, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm_money_parse(NULL, 1, 2, &minor, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm_money_parse(NULL, 0, 2, &minor, NULL), PDM_E_BAD_VALUE);
    assert_int_equal(minor, UNTOUCHED);
    assert_int_equal(pdm_money_parse("12345", 2, 2, &minor, NULL), PDM_OK); /* length counts, not a NUL */
    assert_int_equal(minor, 1200);
}

static void messages_quote_the_text(void **state) {
    (void)state;
    int64_t minor;
    pdm_error err;
    assert_int_equal(pdm_money_parse("12 yuan", 7, 2, &minor, &err), PDM_E_BAD_VALUE);
    assert_non_null(strstr(err.message, "\"12 yuan\""));
    assert_int_equal(pdm_money_parse("a\nb\0c\xFF", 6, 2, &minor, &err), PDM_E_BAD_VALUE);
    assert_non_null(strstr(err.message, "\"a?b?c?\""));
    char wide[301];
    for (int i = 0; i < 100; i++) memcpy(wide + 3 * i, "\xE5\x85\x83", 3);
    assert_int_equal(pdm_money_parse(wide, 300, 2, &minor, &err), PDM_E_BAD_VALUE);
    assert_non_null(strstr(err.message, "\xE5\x85\x83...\""));
    assert_true(strlen(err.message) < 100);
    assert_int_equal(pdm_money_parse("1.005", 5, 2, &minor, &err), PDM_E_BAD_VALUE);
    assert_non_null(strstr(err.message, "fraction"));
}

/* Any bytes: an answer or an error, and no reading outside. */
static void texts_random(void **state) {
    (void)state;
    static const char alphabet[] = "0123456789,.-+()$ \xC2\xA5\xEF\xBC\x8C\xE5\x85\x83";
    for (int i = 0; i < 200000; i++) {
        size_t length = random64() % 12;
        char *text = malloc(length + (length == 0)); /* exactly as long, for the sanitizer */
        assert_non_null(text);
        for (size_t j = 0; j < length; j++) text[j] = alphabet[random64() % (sizeof alphabet - 1)];
        int64_t minor = UNTOUCHED;
        pdm_status status = pdm_money_parse(text, length, 2, &minor, NULL);
        assert_true(status == PDM_OK || (status == PDM_E_BAD_VALUE && minor == UNTOUCHED));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_known),
        cmocka_unit_test(doubles_round_trip),
        cmocka_unit_test(doubles_too_large_to_tell),
        cmocka_unit_test(decimals),
        cmocka_unit_test(texts_good),
        cmocka_unit_test(texts_bad),
        cmocka_unit_test(texts_overflow),
        cmocka_unit_test(texts_arguments),
        cmocka_unit_test(messages_quote_the_text),
        cmocka_unit_test(texts_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
