/* Several covariates: against least squares on the rows, against one covariate, redundant ones, refusals. */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/mean.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 300
#define K 4

static bool is_near(double got, double expected, double tolerance) {
    return got == expected || fabs(got - expected) <= tolerance * fmax(1e-12, fabs(expected));
}

static uint64_t seed = 11;

static double normal(void) {
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return pdm_normal_quantile(((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53);
}

/* Rows of both arms; the first `rows_c` are the control. Columns: covariates, then the metric. */
static double data[2 * ROWS][K + 1];
static const int64_t rows_c = ROWS - 80;

static void draw(void) {
    for (int32_t i = 0; i < 2 * ROWS; i++) {
        double *r = data[i];
        r[0] = 100 + 10 * normal();
        r[1] = 0.3 * r[0] + normal();
        r[2] = normal() - 5;
        r[3] = 0.001 * normal();
        r[K] = 80 + 0.4 * r[0] - 2 * r[1] + 300 * r[3] + 3 * normal() + (i < rows_c ? 0 : 0.5);
    }
}

static double mean_of(int32_t column, int64_t from, int64_t to) {
    double sum = 0;
    for (int64_t i = from; i < to; i++) sum += data[i][column];
    return sum / (double)(to - from);
}

static double covariance_of(int32_t a, int32_t b, int64_t from, int64_t to) {
    double ma = mean_of(a, from, to);
    double mb = mean_of(b, from, to);
    double sum = 0;
    for (int64_t i = from; i < to; i++) sum += (data[i][a] - ma) * (data[i][b] - mb);
    return sum / (double)(to - from - 1);
}

typedef struct arm {
    double means[K], covariances[K], matrix[K * K];
    pdm_arm_covariates moments;
} arm;

/* Moments of the first k covariates, in the order of `columns`. */
static void measure(int64_t from, int64_t to, const int32_t *columns, int32_t k, arm *out) {
    for (int32_t i = 0; i < k; i++) {
        out->means[i] = mean_of(columns[i], from, to);
        out->covariances[i] = covariance_of(columns[i], K, from, to);
        for (int32_t j = 0; j < k; j++) out->matrix[i * k + j] = covariance_of(columns[i], columns[j], from, to);
    }
    out->moments = (pdm_arm_covariates){to - from,  mean_of(K, from, to), covariance_of(K, K, from, to),
                                        out->means, out->covariances,     out->matrix};
}

static pdm_mean_effect compare(const int32_t *columns, int32_t k, const pdm_mean_options *o, double *thetas) {
    arm c;
    arm t;
    pdm_mean_effect e;
    pdm_error err;
    measure(0, rows_c, columns, k, &c);
    measure(rows_c, 2 * ROWS, columns, k, &t);
    if (pdm_mean_compare_covariates(&c.moments, &t.moments, k, o, thetas, &e, &err) != PDM_OK) {
        fail_msg("%s: %s", err.column, err.message);
    }
    return e;
}

/* Least squares of the metric on the covariates over all rows, by elimination with pivoting. */
static void least_squares(double *beta) {
    double m[K][K + 1];
    for (int32_t i = 0; i < K; i++) {
        for (int32_t j = 0; j <= K; j++) m[i][j] = covariance_of(i, j, 0, 2 * ROWS);
    }
    for (int32_t i = 0; i < K; i++) {
        for (int32_t j = 0; j < K; j++) {
            if (j == i) continue;
            double factor = m[j][i] / m[i][i];
            for (int32_t l = 0; l <= K; l++) m[j][l] -= factor * m[i][l];
        }
    }
    for (int32_t i = 0; i < K; i++) beta[i] = m[i][K] / m[i][i];
}

static void test_least_squares(void **state) {
    (void)state;
    const int32_t columns[K] = {0, 1, 2, 3};
    double beta[K];
    double thetas[K];
    double values[2][3] = {{0}}; /* n, sum, sum of squares of y − θx */
    draw();
    least_squares(beta);
    pdm_mean_effect e = compare(columns, K, NULL, thetas);
    for (int32_t i = 0; i < K; i++) assert_true(is_near(thetas[i], beta[i], 1e-9));
    for (int32_t i = 0; i < 2 * ROWS; i++) { /* the same on the adjusted rows, as plain means */
        double y = data[i][K];
        for (int32_t j = 0; j < K; j++) y -= beta[j] * data[i][j];
        double *v = values[i >= rows_c];
        v[0]++;
        v[1] += y;
        v[2] += y * y;
    }
    pdm_arm_moments arms[2];
    pdm_mean_effect rows;
    for (int32_t i = 0; i < 2; i++) {
        assert_int_equal(pdm_arm_from_sums((int64_t)values[i][0], values[i][1], values[i][2], &arms[i], NULL), PDM_OK);
    }
    assert_int_equal(pdm_mean_compare(&arms[0], &arms[1], NULL, &rows, NULL), PDM_OK);
    assert_true(is_near(e.difference, rows.difference, 1e-8) && is_near(e.se, rows.se, 1e-8));
    assert_true(is_near(e.p, rows.p, 1e-6) && is_near(e.df, rows.df, 1e-8));
    assert_true(e.variance_reduction > 0.35 && is_near(e.theta, 1, 1e-9));
    assert_true(is_near(e.control, mean_of(K, 0, rows_c), 1e-13)); /* the lift is over the unadjusted control */
    assert_true(is_near(e.lift.lift, e.difference / e.control, 1e-12));
    assert_true(e.balance_p > 0 && e.balance_p <= 1);
}

/* Covariates that tell nothing new are dropped, the later one of two; in whatever unit they come. */
static void test_redundant(void **state) {
    (void)state;
    const int32_t twice[3] = {0, 1, 0};
    const int32_t once[2] = {0, 1};
    double thetas[3];
    double plain[2];
    draw();
    pdm_mean_effect a = compare(twice, 3, NULL, thetas);
    pdm_mean_effect b = compare(once, 2, NULL, plain);
    assert_true(thetas[2] == 0 && is_near(thetas[0], plain[0], 1e-12) && is_near(a.p, b.p, 1e-10));
    for (int32_t i = 0; i < 2 * ROWS; i++) data[i][1] *= 1e-9;
    a = compare(once, 2, NULL, thetas);
    assert_true(is_near(thetas[1], plain[1] * 1e9, 1e-9) && is_near(a.se, b.se, 1e-10));
    for (int32_t i = 0; i < 2 * ROWS; i++) data[i][0] = data[i][1] = 7;
    a = compare(once, 2, NULL, thetas);
    assert_true(thetas[0] == 0 && thetas[1] == 0 && a.theta == 0 && a.variance_reduction == 0 && isnan(a.balance_p));
}

static void test_single(void **state) {
    (void)state;
    const int32_t first[1] = {0};
    double theta = 0;
    draw();
    for (int32_t kind = 0; kind <= PDM_THETA_WITHIN; kind++) {
        pdm_mean_options o = pdm_mean_options_default();
        pdm_mean_effect one;
        arm c;
        arm t;
        o.theta = kind;
        pdm_mean_effect e = compare(first, 1, &o, &theta);
        measure(0, rows_c, first, 1, &c);
        measure(rows_c, 2 * ROWS, first, 1, &t);
        pdm_covariate_moments a = {c.moments.n, c.moments.mean, c.moments.variance,
                                   c.means[0],  c.matrix[0],    c.covariances[0]};
        pdm_covariate_moments b = {t.moments.n, t.moments.mean, t.moments.variance,
                                   t.means[0],  t.matrix[0],    t.covariances[0]};
        assert_int_equal(pdm_mean_compare_adjusted(&a, &b, &o, &one, NULL), PDM_OK);
        assert_true(theta == one.theta && e.p == one.p && e.balance_p == one.balance_p && e.theta == 1);
        const int32_t two[2] = {0, 2};
        double thetas[2];
        e = compare(two, 2, &o, thetas); /* within and total differ, but a little */
        assert_true(fabs(thetas[0] / theta - 1) < 0.2 && e.theta != 0);
    }
}

static void test_refusals(void **state) {
    (void)state;
    const int32_t columns[2] = {0, 1};
    pdm_mean_effect e;
    pdm_error err;
    double thetas[2] = {9, 9};
    arm c;
    arm t;
    draw();
    measure(0, rows_c, columns, 2, &c);
    measure(rows_c, 2 * ROWS, columns, 2, &t);
    assert_int_equal(pdm_mean_compare_covariates(&c.moments, &t.moments, 0, NULL, thetas, &e, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_mean_compare_covariates(&c.moments, &t.moments, 9, NULL, thetas, &e, &err), PDM_E_BAD_OPTION);
    t.matrix[1] *= 2;
    assert_int_equal(pdm_mean_compare_covariates(&c.moments, &t.moments, 2, NULL, thetas, &e, &err), PDM_E_BAD_VALUE);
    assert_string_equal(err.column, "treatment");
    t.matrix[1] = t.matrix[2] = 1e9;
    assert_int_equal(pdm_mean_compare_covariates(&c.moments, &t.moments, 2, NULL, thetas, &e, &err), PDM_E_BAD_VALUE);
    t.matrix[3] = -1;
    assert_int_equal(pdm_mean_compare_covariates(&c.moments, &t.moments, 2, NULL, thetas, &e, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    t.moments.n = 1;
    assert_int_equal(pdm_mean_compare_covariates(&c.moments, &t.moments, 2, NULL, thetas, &e, &err), PDM_OK);
    assert_true(e.status == PDM_STATUS_TOO_FEW && thetas[0] == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_squares),
        cmocka_unit_test(test_redundant),
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
