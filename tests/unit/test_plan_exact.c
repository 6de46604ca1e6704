/* Doubles as decimals: the shortest that reads back, and of those the nearest, in every range; against printf and strtod. */
#include "test_plan.h"

#include "plan/exact.h"

#include <stdio.h>

static bool reads_back(pdm__decimal d, double magnitude) {
    char text[64];
    (void)snprintf(text, sizeof text, "%llue%d", (unsigned long long)d.digits, (int)d.exponent);
    return strtod(text, NULL) == magnitude;
}

/*
 * The least precision at which the decimal that printf rounds to reads back, or the one above it: just above a power of two numbers are
 * twice as far apart as below.
 */
static pdm__decimal naive(double magnitude) {
    pdm__decimal out = {0, 0, false};
    for (int precision = 0; precision < 17; precision++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%.*e", precision, magnitude);
        const char *e = strchr(text, 'e');
        out = (pdm__decimal){0, (int32_t)strtol(e + 1, NULL, 10) - precision, false};
        for (const char *at = text; at < e; at++) {
            if (*at >= '0' && *at <= '9') out.digits = out.digits * 10 + (uint64_t)(*at - '0');
        }
        if (reads_back(out, magnitude)) break;
        out.digits++;
        if (reads_back(out, magnitude)) break;
    }
    while (out.digits != 0 && out.digits % 10 == 0) {
        out.digits /= 10;
        out.exponent++;
    }
    return out;
}

static void check(double value) {
    pdm__decimal expected = naive(fabs(value));
    pdm__decimal got = pdm__decimal_of_double(value);
    if (got.digits == expected.digits && (got.digits == 0 || got.exponent == expected.exponent) &&
        (got.negative == (value < 0) || value == 0))
        return;
    fail_msg("%a: %llue%d, %llue%d expected", value, (unsigned long long)got.digits, (int)got.exponent,
             (unsigned long long)expected.digits, (int)expected.exponent);
}

/* Random bits with exponents from 10^-35 to 10^25, decimals of few digits, and their neighbours. */
static void test_against_printf(void **unused) {
    (void)unused;
    uint64_t random = 77;
    for (int64_t i = 0; i < 40000; i++) {
        double fraction = 1.0 + (double)(plan_random(&random) >> 12) * 0x1p-52;
        int exponent = (int)(plan_random(&random) % 200) - 116;
        check(ldexp(fraction, exponent));
        double decimal = (double)(plan_random(&random) % 100000) / pow(10.0, (double)(plan_random(&random) % 30));
        check(decimal);
        check(nextafter(decimal, 1e300));
        check(nextafter(decimal, 0.0));
    }
}

/* Where ranges, decades and binades meet. */
static void test_edges(void **unused) {
    (void)unused;
    for (int power = -40; power <= 30; power++) {
        char text[16];
        (void)snprintf(text, sizeof text, "1e%d", power);
        double value = strtod(text, NULL);
        for (int step = 0; step < 20; step++) {
            check(value);
            value = nextafter(value, step < 10 ? 0.0 : 1.0);
        }
    }
    for (int exponent = -130; exponent < 80; exponent++) {
        double value = ldexp(1.0, exponent);
        check(value);
        check(nextafter(value, 0.0));
        check(nextafter(value, 1e300));
        check(-ldexp(1.5, exponent));
    }
    check(0.0);
    check(0.1 + 0.2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_printf),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
