/* One and two rates: the coherence of test and intervals, symmetries, coverage, edges, refusals. */
#include "stats/calculator.h"
#include "stats/score_test.h"
#include "stats/wilson.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/proportion.h>

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

static pdm_two_proportions counts(int64_t x_c, int64_t n_c, int64_t x_t, int64_t n_t) {
    return (pdm_two_proportions){x_c, n_c, x_t, n_t};
}

static pdm_test test_of(pdm_two_proportions k, int32_t kind, int32_t alternative) {
    pdm_test test;
    assert_int_equal(pdm_proportion_test(&k, kind, alternative, &test, NULL), PDM_OK);
    return test;
}

static pdm_interval difference_of(pdm_two_proportions k, int32_t method, int32_t alternative, double level) {
    pdm_interval interval;
    assert_int_equal(pdm_proportion_difference(&k, method, alternative, level, &interval, NULL), PDM_OK);
    return interval;
}

static pdm_lift lift_of(pdm_two_proportions k, int32_t method, int32_t alternative, double level) {
    pdm_lift lift;
    assert_int_equal(pdm_proportion_lift(&k, method, alternative, level, &lift, NULL), PDM_OK);
    return lift;
}

/* ----------------------------------------------------------------------------------------------------------- coherence */

static void check_coherent(pdm_two_proportions k, int32_t alternative) {
    pdm_test test = test_of(k, PDM_TEST_POOLED, alternative);
    pdm_interval difference = difference_of(k, PDM_DIFFERENCE_MEE, alternative, 0.95);
    pdm_lift lift = lift_of(k, PDM_RATIO_KOOPMAN, alternative, 0.95);
    bool significant = test.p < 0.05;
    assert_true(difference.low <= difference.high && lift.low <= lift.high);
    assert_int_equal(difference.low > 0 || difference.high < 0, significant);
    assert_int_equal(lift.low > 0 || lift.high < 0, significant);
    assert_true(difference.low >= -1 && difference.high <= 1 && lift.low >= -1);
    assert_false(isnan(test.p) || isnan(test.log_p) || isnan(test.statistic));
}

static void test_coherence(void **state) {
    (void)state;
    static const int64_t sizes[] = {1, 2, 3, 5, 8, 13, 21, 30};
    for (size_t a = 0; a < 8; a++) {
        for (size_t b = 0; b < 8; b++) {
            for (int64_t x_c = 0; x_c <= sizes[a]; x_c++) {
                for (int64_t x_t = 0; x_t <= sizes[b]; x_t++) {
                    check_coherent(counts(x_c, sizes[a], x_t, sizes[b]), (int32_t)((x_c + x_t) % 3));
                    check_coherent(counts(x_c, sizes[a], x_t, sizes[b]), PDM_TWO_SIDED);
                }
            }
        }
    }
}

/* At a limit the statistic is the critical value. */
static void test_duality(void **state) {
    (void)state;
    static const int64_t tables[][4] = {{1, 34, 7, 34},
                                        {75, 500, 125, 500},
                                        {0, 50, 3, 50},
                                        {50, 50, 45, 50},
                                        {3, 1000000, 9, 1000000},
                                        {999995, 1000000, 999999, 1000000},
                                        {52000, 1000000, 53000, 1000000},
                                        {1, 3, 2, 10000}};
    const double z = pdm_normal_isf(0.025);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        pdm_two_proportions k = counts(tables[i][0], tables[i][1], tables[i][2], tables[i][3]);
        double n = (double)(k.n_control + k.n_treatment);
        pdm_interval mee = difference_of(k, PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, 0.95);
        pdm_interval mn = difference_of(k, PDM_DIFFERENCE_MIETTINEN_NURMINEN, PDM_TWO_SIDED, 0.95);
        pdm_lift lift = lift_of(k, PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.95);
        assert_true(is_near(pdm__score_of_difference(&k, mee.low, 1), z, 1e-9));
        assert_true(is_near(pdm__score_of_difference(&k, mee.high, 1), -z, 1e-9));
        assert_true(is_near(pdm__score_of_difference(&k, mn.low, n / (n - 1)), z, 1e-9));
        assert_true(is_near(pdm__score_of_difference(&k, mn.high, n / (n - 1)), -z, 1e-9));
        assert_true(k.x_treatment == 0 || is_near(pdm__score_of_ratio(&k, 1 + lift.low, 1), z, 1e-9));
        assert_true(k.x_control == 0 || is_near(pdm__score_of_ratio(&k, 1 + lift.high, 1), -z, 1e-9));
    }
}

/* The same for every small table and levels from a coin's to one in a million millions; a limit at the end of the scale is reached. */
static void check_duality(pdm_two_proportions k, double conf_level) {
    double z = pdm__critical(conf_level, PDM_TWO_SIDED);
    double near = 1e-9 * (1 + z);
    pdm_interval mee = difference_of(k, PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, conf_level);
    pdm_lift lift = lift_of(k, PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, conf_level);
    assert_true(mee.low >= -1 && mee.low <= mee.high && mee.high <= 1);
    assert_true(mee.low == -1 || fabs(pdm__score_of_difference(&k, mee.low, 1) - z) < near);
    assert_true(mee.high == 1 || fabs(pdm__score_of_difference(&k, mee.high, 1) + z) < near);
    assert_true((mee.low == -1) == (k.x_treatment == 0 && k.x_control == k.n_control));
    assert_true((mee.high == 1) == (k.x_control == 0 && k.x_treatment == k.n_treatment));
    assert_true((lift.low == -1) == (k.x_treatment == 0));
    assert_true(isinf(lift.high) == (k.x_control == 0));
    if (k.x_treatment > 0) assert_true(fabs(pdm__score_of_ratio(&k, 1 + lift.low, 1) - z) < near);
    if (k.x_control > 0) assert_true(fabs(pdm__score_of_ratio(&k, 1 + lift.high, 1) + z) < near);
}

static void test_duality_of_small_tables(void **state) {
    (void)state;
    static const int64_t sizes[] = {1, 2, 3, 7, 20, 4000};
    static const double levels[] = {0.01, 0.5, 0.95, 1 - 1e-6, 1 - 1e-12};
    for (int i = 0; i < 36 * 5; i++) {
        int64_t n_c = sizes[i % 6];
        int64_t n_t = sizes[i / 6 % 6];
        int64_t step_c = n_c / 20 + 1;
        int64_t step_t = n_t / 20 + 1;
        for (int64_t x_c = 0; x_c <= n_c; x_c += step_c) {
            for (int64_t x_t = 0; x_t <= n_t; x_t += step_t) {
                check_duality(counts(x_c, n_c, x_t, n_t), levels[i / 36]);
                check_duality(counts(n_c - x_c, n_c, n_t - x_t, n_t), levels[i / 36]);
            }
        }
    }
}

/* The constrained fit leaves no slope, or stands at an end where the slope points outwards. */
static void test_stationarity(void **state) {
    (void)state;
    for (int64_t x_c = 0; x_c <= 12; x_c += 2) {
        for (int64_t x_t = 0; x_t <= 9; x_t++) {
            for (double delta = -0.99; delta < 1; delta += 0.037) {
                pdm_two_proportions k = counts(x_c, 12, x_t, 9);
                pdm__constrained fit = pdm__fit_difference(&k, delta);
                double p = fit.p_treatment;
                double c = fit.p_control;
                assert_true(is_near(p - c, delta, 1e-14));
                assert_true(p >= 0 && p <= 1 && c >= -1e-16 && c <= 1 + 1e-16);
                double least = fmin(fmin(p, 1 - p), fmin(c, 1 - c));
                if (least < 1e-9) continue; /* an end: compared below by likelihood */
                double slope =
                    (double)x_t / p - (double)(9 - x_t) / (1 - p) + (double)x_c / c - (double)(12 - x_c) / (1 - c);
                assert_true(fabs(slope) * least < 1e-10);
            }
        }
    }
}

static double log_likelihood(const pdm_two_proportions *k, double p_c, double p_t) {
    double sum = 0;
    if (k->x_control > 0) sum += (double)k->x_control * log(p_c);
    if (k->x_control < k->n_control) sum += (double)(k->n_control - k->x_control) * log1p(-p_c);
    if (k->x_treatment > 0) sum += (double)k->x_treatment * log(p_t);
    if (k->x_treatment < k->n_treatment) sum += (double)(k->n_treatment - k->x_treatment) * log1p(-p_t);
    return sum;
}

static void test_fit_is_best(void **state) {
    (void)state;
    for (int64_t x_c = 0; x_c <= 4; x_c++) {
        for (int64_t x_t = 0; x_t <= 5; x_t++) {
            for (double delta = -0.95; delta < 1; delta += 0.19) {
                pdm_two_proportions k = counts(x_c, 4, x_t, 5);
                pdm__constrained fit = pdm__fit_difference(&k, delta);
                double best = log_likelihood(&k, fit.p_control, fit.p_treatment);
                double low = fmax(0, delta);
                double high = fmin(1, 1 + delta);
                for (double share = 0.01; share < 1; share += 0.01) {
                    double p = low + share * (high - low);
                    assert_true(log_likelihood(&k, p - delta, p) <= best + 1e-9);
                }
            }
        }
    }
}

/* ---------------------------------------------------------------------------------------------------------- symmetries */

static void test_symmetries(void **state) {
    (void)state;
    for (int64_t x_c = 0; x_c <= 17; x_c++) {
        for (int64_t x_t = 0; x_t <= 11; x_t++) {
            pdm_two_proportions k = counts(x_c, 17, x_t, 11);
            pdm_two_proportions arms = counts(x_t, 11, x_c, 17);
            pdm_two_proportions outcome = counts(17 - x_c, 17, 11 - x_t, 11);
            double z = test_of(k, PDM_TEST_POOLED, PDM_TWO_SIDED).statistic;
            assert_true(is_near(test_of(arms, PDM_TEST_POOLED, PDM_TWO_SIDED).statistic, -z, 1e-14));
            assert_true(is_near(test_of(outcome, PDM_TEST_POOLED, PDM_TWO_SIDED).statistic, -z, 1e-14));
            for (int32_t kind = 0; kind <= PDM_TEST_MIDP; kind++) {
                double p = test_of(k, kind, PDM_TWO_SIDED).p;
                double other = test_of(arms, kind, PDM_TWO_SIDED).p;
                assert_true((isnan(p) && isnan(other)) || is_near(p, other, 1e-12));
            }
            for (int32_t method = 0; method <= PDM_DIFFERENCE_WALD; method++) {
                pdm_interval one = difference_of(k, method, PDM_TWO_SIDED, 0.9);
                pdm_interval other = difference_of(arms, method, PDM_TWO_SIDED, 0.9);
                assert_true(is_near(one.low, -other.high, 1e-12) && is_near(one.high, -other.low, 1e-12));
            }
            pdm_lift one = lift_of(k, PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.9);
            pdm_lift other = lift_of(arms, PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.9);
            assert_true(is_near((1 + one.low) * (1 + other.high), 1, 1e-9) || x_t == 0);
        }
    }
}

static void test_exact_sides(void **state) {
    (void)state;
    for (int64_t x_c = 0; x_c <= 9; x_c++) {
        for (int64_t x_t = 0; x_t <= 14; x_t++) {
            pdm_two_proportions k = counts(x_c, 9, x_t, 14);
            double greater = test_of(k, PDM_TEST_FISHER, PDM_GREATER).p;
            double less = test_of(k, PDM_TEST_FISHER, PDM_LESS).p;
            double both = test_of(k, PDM_TEST_FISHER, PDM_TWO_SIDED).p;
            double here = pdm_hypergeometric_pmf(x_t, 23, x_c + x_t, 14);
            assert_true(is_near(greater + less, 1 + here, 1e-13));
            double sum = 0;
            double ties = 0;
            for (int64_t j = 0; j <= 14; j++) {
                double p = pdm_hypergeometric_pmf(j, 23, x_c + x_t, 14);
                if (p <= here * (1 + 1e-7)) sum += p;
                if (fabs(p / here - 1) <= 1e-7) ties += p;
            }
            assert_true(is_near(both, fmin(sum, 1), 1e-12));
            assert_true(is_near(test_of(k, PDM_TEST_MIDP, PDM_TWO_SIDED).p, sum - 0.5 * ties, 1e-12));
            assert_true(is_near(test_of(k, PDM_TEST_MIDP, PDM_GREATER).p, greater - 0.5 * here, 1e-12));
        }
    }
}

/* Mean coverage of the 95 % Mee interval over the rates, by adding up binomial probabilities. */
static void test_coverage(void **state) {
    (void)state;
    enum { N = 15 };
    pdm_interval intervals[N + 1][N + 1];
    for (int64_t c = 0; c <= N; c++) {
        for (int64_t t = 0; t <= N; t++) {
            intervals[c][t] = difference_of(counts(c, N, t, N), PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, 0.95);
        }
    }
    double covered = 0;
    int32_t rates = 0;
    for (double p_c = 0.025; p_c < 1; p_c += 0.05) {
        for (double p_t = 0.025; p_t < 1; p_t += 0.05) {
            rates++;
            for (int64_t c = 0; c <= N; c++) {
                for (int64_t t = 0; t <= N; t++) {
                    if (intervals[c][t].low > p_t - p_c || intervals[c][t].high < p_t - p_c) continue;
                    covered += pdm_binomial_pmf(c, N, p_c) * pdm_binomial_pmf(t, N, p_t);
                }
            }
        }
    }
    assert_true(covered / rates > 0.94 && covered / rates < 0.96);
}

/* --------------------------------------------------------------------------------------------------------------- edges */

static void test_one_rate(void **state) {
    (void)state;
    pdm_interval out;
    const double z = pdm_normal_isf(0.025);
    for (int64_t n = 1; n < 3000000; n = n * 5 / 2 + 1) {
        for (int32_t method = 0; method <= PDM_RATE_WALD; method++) {
            double last = -1;
            for (int64_t i = 0; i <= 8; i++) {
                int64_t x = i < 4 ? (i < n ? i : n) : n - (n * (8 - i) / 5);
                assert_int_equal(pdm_proportion_interval(x, n, method, 0.95, &out, NULL), PDM_OK);
                assert_true(out.low >= 0 && out.low <= out.high && out.high <= 1);
                if (method <= PDM_RATE_JEFFREYS) {
                    assert_true(x > 0 ? out.low >= 0 : out.low == 0);
                    assert_true(x < n ? out.high < 1 : out.high == 1);
                }
                if (i < 4 && x == i) assert_true(out.low >= last - 1e-15);
                last = i < 4 ? out.low : last;
            }
        }
        pdm__interval fast = pdm__wilson(n / 3, n, z);
        assert_int_equal(pdm_proportion_interval(n / 3, n, PDM_RATE_WILSON, 0.95, &out, NULL), PDM_OK);
        assert_true(fast.low == out.low && fast.high == out.high);
        double p = (double)(n / 3) / (double)n; /* the ends solve (p̂ − p)² = z² p(1 − p)/n */
        assert_true(is_near((p - out.low) * (p - out.low), z * z * out.low * (1 - out.low) / (double)n, 1e-14));
        assert_true(is_near((p - out.high) * (p - out.high), z * z * out.high * (1 - out.high) / (double)n, 1e-14));
    }
    assert_int_equal(pdm_proportion_interval(0, 0, PDM_RATE_WILSON, 0.95, &out, NULL), PDM_OK);
    assert_int_equal(out.status, PDM_STATUS_NO_DATA);
    assert_true(isnan(out.low) && isnan(out.high));
}

static void test_zero_cells(void **state) {
    (void)state;
    pdm_interval none = difference_of(counts(0, 50, 0, 50), PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, 0.95);
    double z2 = pdm_normal_isf(0.025) * pdm_normal_isf(0.025);
    assert_true(is_near(none.high, z2 / (50 + z2), 1e-10) && none.low == -none.high); /* the Wilson limit of 0/50 */
    pdm_lift lift = lift_of(counts(0, 50, 0, 40), PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.95);
    assert_int_equal(lift.status, PDM_STATUS_NO_EVENTS);
    assert_true(isnan(lift.lift) && lift.low == -1 && isinf(lift.high));
    lift = lift_of(counts(0, 50, 4, 40), PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.95);
    assert_int_equal(lift.status, PDM_STATUS_UNBOUNDED_ABOVE);
    assert_true(isnan(lift.lift) && lift.low > -1 && isinf(lift.high));
    lift = lift_of(counts(50, 50, 40, 40), PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.95);
    assert_true(is_near(lift.low, 40 / (40 + z2) - 1, 1e-14) && is_near(lift.high, z2 / 50, 1e-14));
    lift = lift_of(counts(0, 50, 4, 40), PDM_RATIO_LOG, PDM_TWO_SIDED, 0.95);
    assert_int_equal(lift.status, PDM_STATUS_NO_EVENTS);
    lift = lift_of(counts(0, 50, 4, 40), PDM_RATIO_FIELLER, PDM_TWO_SIDED, 0.95);
    assert_int_equal(lift.status, PDM_STATUS_ZERO_BASE);
    pdm_interval apart = difference_of(counts(50, 50, 0, 40), PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, 0.95);
    assert_true(apart.low == -1 && apart.high < -0.8);
    pdm_test test = test_of(counts(0, 50, 0, 40), PDM_TEST_UNPOOLED, PDM_TWO_SIDED);
    assert_int_equal(test.status, PDM_STATUS_ZERO_VARIANCE);
    assert_true(isnan(test.p));
    test = test_of(counts(0, 50, 0, 40), PDM_TEST_POOLED, PDM_TWO_SIDED);
    assert_int_equal(test.status, PDM_STATUS_DEGENERATE);
    assert_true(test.p == 1 && test.statistic == 0 && test.log_p == 0);
    test = test_of(counts(3, 7, 0, 0), PDM_TEST_POOLED, PDM_TWO_SIDED);
    assert_int_equal(test.status, PDM_STATUS_NO_DATA);
}

/* The worked example of the practice rules, and a p-value far below the double range. */
static void test_examples(void **state) {
    (void)state;
    pdm_two_proportions k = counts(75, 500, 125, 500);
    pdm_test test = test_of(k, PDM_TEST_POOLED, PDM_TWO_SIDED);
    pdm_interval difference = difference_of(k, PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, 0.95);
    pdm_lift lift = lift_of(k, PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.95);
    assert_true(is_near(test.statistic, 3.952847075, 1e-9) && is_near(test.p, 7.7226796e-5, 1e-12));
    assert_true(is_near(difference.low, 0.050741, 1e-6) && is_near(difference.high, 0.149346, 1e-6));
    assert_true(is_near(lift.low, 0.2899, 1e-4) && is_near(lift.high, 1.1584, 1e-4));
    assert_int_equal(test.warnings, 0);
    test = test_of(counts(100000, 1000000, 200000, 1000000), PDM_TEST_POOLED, PDM_TWO_SIDED);
    assert_true(test.p == 0 && test.log_p < -9000 && test.log_p > -1e5);
    test = test_of(counts(1, 20, 3, 20), PDM_TEST_FISHER, PDM_TWO_SIDED);
    assert_int_equal(test.warnings, PDM_WARNING_LOW_EXPECTED | PDM_WARNING_P_EXACT);
    test = test_of(counts(4000000, 10000000, 4010000, 10000000), PDM_TEST_FISHER, PDM_TWO_SIDED);
    double z = test_of(counts(4000000, 10000000, 4010000, 10000000), PDM_TEST_POOLED_CC, PDM_TWO_SIDED).p;
    assert_true(is_near(test.p / z, 1, 1e-3));
}

static void test_one_sided(void **state) {
    (void)state;
    pdm_two_proportions k = counts(75, 500, 125, 500);
    pdm_interval two = difference_of(k, PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, 0.9);
    pdm_interval greater = difference_of(k, PDM_DIFFERENCE_MEE, PDM_GREATER, 0.95);
    pdm_interval less = difference_of(k, PDM_DIFFERENCE_MEE, PDM_LESS, 0.95);
    assert_true(is_near(greater.low, two.low, 1e-13) && greater.high == 1);
    assert_true(is_near(less.high, two.high, 1e-13) && less.low == -1);
    pdm_lift open = lift_of(k, PDM_RATIO_FIELLER, PDM_GREATER, 0.95);
    assert_true(isinf(open.high) && open.low > 0);
    open = lift_of(k, PDM_RATIO_KOOPMAN, PDM_LESS, 0.95);
    assert_true(open.low == -1 && open.high < 2);
}

/* Non-inferiority is read off the interval: the margin at its end has p = alpha. */
static void test_margins(void **state) {
    (void)state;
    pdm_two_proportions k = counts(300, 2000, 290, 2100);
    pdm_interval mee = difference_of(k, PDM_DIFFERENCE_MEE, PDM_TWO_SIDED, 0.95);
    pdm_lift lift = lift_of(k, PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, 0.95);
    pdm_test test;
    pdm_error err;
    assert_int_equal(
        pdm_proportion_margin_test(&k, PDM_MARGIN_SCORE, PDM_SCALE_DIFFERENCE, PDM_GREATER, mee.low, &test, &err), 0);
    assert_true(is_near(test.p, 0.025, 1e-10) && is_near(test.log_p, log(0.025), 1e-9));
    assert_int_equal(pdm_proportion_margin_test(&k, PDM_MARGIN_SCORE, PDM_SCALE_LIFT, PDM_LESS, lift.high, &test, &err),
                     0);
    assert_true(is_near(test.p, 0.025, 1e-10));
    assert_int_equal(pdm_proportion_margin_test(&k, PDM_MARGIN_WALD, PDM_SCALE_LIFT, PDM_LESS, 0.1, &test, &err),
                     PDM_E_UNSUPPORTED_COMBINATION);
    assert_int_equal(pdm_proportion_margin_test(&k, 0, PDM_SCALE_DIFFERENCE, PDM_LESS, 1, &test, &err),
                     PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "margin");
    assert_int_equal(pdm_proportion_margin_test(&k, 0, 0, PDM_TWO_SIDED, 0.1, &test, &err), PDM_E_BAD_OPTION);
    k = counts(0, 10, 0, 10);
    assert_int_equal(pdm_proportion_margin_test(&k, PDM_MARGIN_WALD, PDM_SCALE_DIFFERENCE, PDM_LESS, 0.1, &test, &err),
                     0);
    assert_int_equal(test.status, PDM_STATUS_ZERO_VARIANCE);
}

static void test_refusals(void **state) {
    (void)state;
    pdm_two_proportions k = counts(3, 2, 1, 5);
    pdm_test test = {.p = 7};
    pdm_interval interval;
    pdm_lift lift;
    pdm_error err;
    assert_int_equal(pdm_proportion_test(&k, 0, 0, &test, &err), PDM_E_BAD_VALUE);
    assert_string_equal(err.column, "control");
    assert_non_null(strstr(err.message, "x = 3 of n = 2"));
    assert_true(test.p == 7);
    k = counts(1, 2, -1, 5);
    assert_int_equal(pdm_proportion_difference(&k, 0, 0, 0.95, &interval, &err), PDM_E_BAD_VALUE);
    assert_string_equal(err.column, "treatment");
    k = counts(1, 2, 1, INT64_C(1) << 53);
    assert_int_equal(pdm_proportion_lift(&k, 0, 0, 0.95, &lift, &err), PDM_E_BAD_VALUE);
    k = counts(1, 2, 1, 2);
    assert_int_equal(pdm_proportion_lift(&k, 9, 0, 0.95, &lift, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_proportion_lift(&k, 0, 3, 0.95, &lift, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_proportion_lift(&k, 0, 0, 1, &lift, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_proportion_lift(&k, 0, 0, (double)NAN, &lift, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_proportion_test(&k, PDM_TEST_G, PDM_LESS, &test, &err), PDM_E_UNSUPPORTED_COMBINATION);
    assert_int_equal(pdm_proportion_interval(1, 2, 6, 0.95, &interval, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_proportion_interval(1, 2, 0, 0, &interval, NULL), PDM_E_BAD_OPTION);
    assert_string_equal(pdm_row_status_name(PDM_STATUS_SINGLE_ARM), "single_arm");
    assert_string_equal(pdm_row_status_name(-1), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coherence),
        cmocka_unit_test(test_duality),
        cmocka_unit_test(test_duality_of_small_tables),
        cmocka_unit_test(test_stationarity),
        cmocka_unit_test(test_fit_is_best),
        cmocka_unit_test(test_symmetries),
        cmocka_unit_test(test_exact_sides),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_one_rate),
        cmocka_unit_test(test_zero_cells),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
