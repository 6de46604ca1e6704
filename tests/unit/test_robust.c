/* Quantiles and cut values: definitions by counting, decimals, edges, refusals. */
#include "contexts.h"

#include <pdmetrics/stats/robust.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_near(double got, double expected, double tolerance) {
    return got == expected || fabs(got - expected) <= tolerance * fmax(1, fabs(expected));
}

/* Type 1 is the least value with at least the share p of the values at or below it. Shares are hundredths, counted in integers. */
static void test_steps(void **state) {
    (void)state;
    double x[100];
    for (int32_t n = 1; n <= 100; n++) {
        for (int32_t i = 0; i < n; i++) x[i] = i + 1;
        for (int32_t p = 0; p <= 100; p++) {
            int32_t k = 1;
            while (100 * k < p * n) k++;
            bool jump = 100 * k == p * n && k < n && p > 0;
            assert_true(pdm_quantile_sorted(x, (size_t)n, p / 100.0, PDM_QUANTILE_TYPE1) == k);
            assert_true(pdm_quantile_sorted(x, (size_t)n, p / 100.0, PDM_QUANTILE_TYPE2) == (jump ? k + 0.5 : k));
        }
    }
}

static void test_interpolated(void **state) {
    (void)state;
    double x[50];
    for (int32_t n = 1; n <= 50; n++) {
        for (int32_t i = 0; i < n; i++) x[i] = i + 1; /* the value is the position */
        for (double p = 0; p <= 1; p += 0.01) {
            const double positions[] = {(n - 1) * p + 1, 0, 0, (n + 1) * p, (n + 1.0 / 3) * p + 1.0 / 3};
            for (int32_t type = 0; type <= PDM_QUANTILE_TYPE8; type++) {
                if (type == PDM_QUANTILE_TYPE1 || type == PDM_QUANTILE_TYPE2) continue;
                double expected = fmin(fmax(positions[type], 1), n);
                assert_true(is_near(pdm_quantile_sorted(x, (size_t)n, p, type), expected, 1e-12));
            }
        }
    }
    assert_true(pdm_quantile_sorted(x, 11, 0.7, 0) == 8); /* 10 · 0.7 is 7, not 7.000000000000001 */
    assert_true(isnan(pdm_quantile_sorted(x, 0, 0.5, 0)) && isnan(pdm_quantile_sorted(x, 5, 1.1, 0)));
    assert_true(isnan(pdm_quantile_sorted(x, 5, (double)NAN, 0)) && isnan(pdm_quantile_sorted(x, 5, 0.5, 5)));
}

static void test_winsorise(void **state) {
    (void)state;
    const double x[] = {-50, 0, 0, 1, 2, 3, 4, 5, 6, 1000};
    pdm_winsor_options o = pdm_winsor_options_default();
    pdm_winsorised w;
    double cut[10];
    assert_int_equal(pdm_winsorise(NULL, x, 10, NULL, cut, &w, NULL), PDM_OK);
    assert_true(w.n == 10 && w.n_low == 0 && w.n_high == 0 && isinf(w.cap_low) && isinf(w.cap_high));
    assert_true(is_near(w.mean, 97.1, 1e-14) && cut[0] == -50 && cut[9] == 1000);
    o.upper = 0.9;
    o.lower = 0.1;
    o.type = PDM_QUANTILE_TYPE1;
    assert_int_equal(pdm_winsorise(NULL, x, 10, &o, cut, &w, NULL), PDM_OK);
    assert_true(w.cap_high == 6 && w.cap_low == -50 && w.n_high == 1 && w.n_low == 0 && cut[9] == 6);
    o.type = PDM_QUANTILE_TYPE2;
    assert_int_equal(pdm_winsorise(NULL, x, 10, &o, cut, &w, NULL), PDM_OK);
    assert_true(w.cap_high == 503 && w.cap_low == -25 && w.n_high == 1 && w.n_low == 1);
    double sum = 0;
    double squares = 0;
    for (int32_t i = 0; i < 10; i++) sum += cut[i];
    for (int32_t i = 0; i < 10; i++) squares += (cut[i] - sum / 10) * (cut[i] - sum / 10);
    assert_true(is_near(w.mean, sum / 10, 1e-13) && is_near(w.variance, squares / 9, 1e-13));
    o.ignore_zeros = 1;
    assert_int_equal(pdm_winsorise(NULL, x, 10, &o, NULL, &w, NULL), PDM_OK);
    assert_true(w.cap_high == 1000 && w.cap_low == -50); /* 10 % of eight values is less than one */
    const double zeros[] = {0, 0, 0};
    assert_int_equal(pdm_winsorise(NULL, zeros, 3, &o, NULL, &w, NULL), PDM_OK);
    assert_true(isinf(w.cap_high) && w.mean == 0 && w.variance == 0 && w.status == PDM_STATUS_OK);
    assert_int_equal(pdm_winsorise(NULL, x, 1, &o, NULL, &w, NULL), PDM_OK);
    assert_true(w.status == PDM_STATUS_TOO_FEW && w.mean == -50 && isnan(w.variance));
    assert_int_equal(pdm_winsorise(NULL, x, 0, &o, NULL, &w, NULL), PDM_OK);
    assert_true(w.status == PDM_STATUS_NO_DATA && isnan(w.mean));
}

/* Large values of small spread keep their variance: 1e9 ± 2 of 1000 values is 4000/999. */
static void test_stability(void **state) {
    (void)state;
    double x[1000];
    pdm_winsorised w;
    for (int32_t i = 0; i < 1000; i++) x[i] = 1e9 + (i % 2 == 0 ? 2 : -2);
    assert_int_equal(pdm_winsorise(NULL, x, 1000, NULL, x, &w, NULL), PDM_OK);
    assert_true(w.mean == 1e9 && is_near(w.variance, 4000.0 / 999, 1e-14));
}

static void test_failing_memory(void **state) {
    (void)state;
    const double x[] = {3, 1, 2};
    const pdm_context_options options = {.struct_size = (uint32_t)sizeof options};
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, options);
    pdm_winsor_options o = pdm_winsor_options_default();
    pdm_winsorised w;
    double cut[3] = {9, 9, 9};
    o.upper = 0.9;
    memory.calls = 0;
    memory.fail_at = 1;
    assert_int_equal(pdm_winsorise(context, x, 3, &o, cut, &w, NULL), PDM_E_NOMEM);
    assert_true(cut[0] == 9);
    assert_int_equal(pdm_winsorise(context, x, 3, &o, cut, &w, NULL), PDM_OK);
    assert_true(is_near(w.cap_high, 2.8, 1e-14) && !memory.wrong_size);
    pdm_context_free(context);
    assert_true(memory.outstanding == 0);
}

static void test_refusals(void **state) {
    (void)state;
    const double bad[] = {1, (double)INFINITY};
    pdm_winsor_options o = pdm_winsor_options_default();
    pdm_winsorised w;
    pdm_interval ranks;
    pdm_error err;
    assert_int_equal(pdm_winsorise(NULL, bad, 2, NULL, NULL, &w, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    o.upper = 0.5;
    assert_int_equal(pdm_winsorise(NULL, bad, 1, &o, NULL, &w, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "upper");
    o.upper = 1;
    o.lower = 0.5;
    assert_int_equal(pdm_winsorise(NULL, bad, 1, &o, NULL, &w, &err), PDM_E_BAD_OPTION);
    o.type = 5;
    assert_int_equal(pdm_winsorise(NULL, bad, 1, &o, NULL, &w, &err), PDM_E_BAD_OPTION);
    o.struct_size = 1;
    assert_int_equal(pdm_winsorise(NULL, bad, 1, &o, NULL, &w, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_quantile_ranks(3, 0.5, 0.95, &ranks, NULL, &err), PDM_OK);
    assert_int_equal(ranks.status, PDM_STATUS_TOO_FEW);
    assert_int_equal(pdm_quantile_ranks(0, 0.5, 0.95, &ranks, NULL, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_quantile_ranks(10, 1, 0.95, &ranks, NULL, &err), PDM_E_BAD_OPTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),     cmocka_unit_test(test_interpolated),   cmocka_unit_test(test_winsorise),
        cmocka_unit_test(test_stability), cmocka_unit_test(test_failing_memory), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
