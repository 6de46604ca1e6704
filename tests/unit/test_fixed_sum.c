/* Exact sums: against integers, in any order, at the ends of the range. */
#include "stats/fixed_sum.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static double sum_of(const double *values, size_t count) {
    pdm__fixed_sum sum;
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < count; i++) pdm__fixed_sum_add(&sum, values[i]);
    return pdm__fixed_sum_value(&sum);
}
#define SUM(...) sum_of((double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static void expect(double got, double expected) {
    if (memcmp(&got, &expected, sizeof got) != 0) fail_msg("%.17g, not %.17g", got, expected);
}

static void test_values(void **unused) {
    (void)unused;
    expect(SUM(0.0), 0.0);
    expect(SUM(1.5), 1.5);
    expect(SUM(-1.5), -1.5);
    expect(SUM(1e308, 1.0, -1e308), 1.0);
    expect(SUM(DBL_MAX, -DBL_MAX), 0.0);
    expect(SUM(DBL_MAX, DBL_MAX, -DBL_MAX), DBL_MAX);
    expect(SUM(0x1p-1074), 0x1p-1074);
    expect(SUM(0x1p-1074, -0x1p-1073), -0x1p-1074);
    expect(SUM(0x1p-1022, 0x1p-1074), 0x1.0000000000001p-1022);
    assert_true(isinf(SUM(DBL_MAX, DBL_MAX)));
    /* Halves go to the even one, anything more goes up. */
    expect(SUM(1.0, 0x1p-53), 1.0);
    expect(SUM(1.0, 0x1p-53, 0x1p-1074), 0x1.0000000000001p0);
    expect(SUM(0x1.0000000000001p0, 0x1p-53), 0x1.0000000000002p0);
    expect(SUM(-1.0, -0x1p-53, -0x1p-200), -0x1.0000000000001p0);
    expect(SUM(0x1.fffffffffffffp0, 0x1p-53), 2.0);
    expect(SUM(0.1, 0.2, 0.3, -0.6), 0x1p-55 * 1.0);
}

/* Sums of integers that doubles hold are those of integers, cut and merged anyhow. */
static void test_integers(void **unused) {
    (void)unused;
    uint64_t random = 1;
    int64_t whole = 0;
    pdm__fixed_sum parts[3];
    memset(parts, 0, sizeof parts);
    for (int32_t i = 0; i < 100000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t value = (int64_t)(random >> 24) - ((int64_t)1 << 39);
        whole += value;
        pdm__fixed_sum_add(&parts[i % 3], (double)value);
    }
    pdm__fixed_sum_merge(&parts[2], &parts[0]);
    pdm__fixed_sum_merge(&parts[2], &parts[1]);
    expect(pdm__fixed_sum_value(&parts[2]), (double)whole);
}

/* A sum in parts is the same sum, even where it is no double. */
static void test_parts(void **unused) {
    (void)unused;
    static const double values[][4] = {{0.1, 0.2, 1e300, -1e-300},
                                       {DBL_MAX, DBL_MAX, DBL_MAX, 1.0},
                                       {-DBL_MAX, -DBL_MAX, -DBL_MAX, -DBL_MAX},
                                       {1.0, -1.0, 0.0, 0.0},
                                       {-0x1p-1074, 0x1p1023, 0x1p1023, 0.5}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double parts[PDM__FIXED_PARTS];
        pdm__fixed_sum sum;
        pdm__fixed_sum again;
        memset(&sum, 0, sizeof sum);
        memset(&again, 0, sizeof again);
        for (size_t k = 0; k < 4; k++) pdm__fixed_sum_add(&sum, values[i][k]);
        int32_t count = pdm__fixed_sum_parts(&sum, parts);
        assert_in_range(count, i == 3 ? 0 : 1, PDM__FIXED_PARTS);
        for (int32_t k = 0; k < count; k++) {
            assert_true(isfinite(parts[k]));
            pdm__fixed_sum_add(&again, parts[k]);
        }
        for (size_t k = 0; k < 4; k++) pdm__fixed_sum_add(&again, -values[i][k]);
        expect(pdm__fixed_sum_value(&again), 0.0);
    }
    double parts[PDM__FIXED_PARTS];
    pdm__fixed_sum most;
    memset(&most, 0, sizeof most);
    for (int32_t i = 0; i < 32; i++) pdm__fixed_sum_add(&most, DBL_MAX);
    assert_in_range(pdm__fixed_sum_parts(&most, parts), 32, PDM__FIXED_PARTS);
    for (int32_t i = 0; i < 1000; i++) pdm__fixed_sum_add(&most, DBL_MAX);
    assert_int_equal(pdm__fixed_sum_parts(&most, parts), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_integers),
                                       cmocka_unit_test(test_parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
