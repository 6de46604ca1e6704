/* Posteriors: a closed form as reference, identities that hold exactly, tails, huge counts, odd priors, refusals. */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/posterior.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_near(double got, double expected, double tolerance) {
    return got == expected || fabs(got - expected) <= tolerance * fabs(expected);
}

static pdm_posterior beta(pdm_two_proportions k, double a, double b) {
    pdm_posterior p;
    pdm_error err;
    if (pdm_beta_posterior(&k, a, b, 0.95, &p, &err) != PDM_OK) fail_msg("%s: %s", err.column, err.message);
    return p;
}

static pdm_two_proportions counts(int64_t x_c, int64_t n_c, int64_t x_t, int64_t n_t) {
    return (pdm_two_proportions){x_c, n_c, x_t, n_t};
}

static double log_beta(double a, double b) { return pdm_log_gamma(a) + pdm_log_gamma(b) - pdm_log_gamma(a + b); }

/* ln P(p_t > p_c) for whole shapes (Miller 2014): a sum of positive terms. */
static double log_better(pdm_two_proportions k) {
    double a_c = 1 + (double)k.x_control;
    double b_c = 1 + (double)(k.n_control - k.x_control);
    double b_t = 1 + (double)(k.n_treatment - k.x_treatment);
    double terms[2000];
    double most = -1e300;
    double sum = 0;
    for (int64_t i = 0; i <= k.x_treatment; i++) {
        double x = (double)i;
        terms[i] = log_beta(a_c + x, b_c + b_t) - log(b_t + x) - log_beta(1 + x, b_t) - log_beta(a_c, b_c);
        most = fmax(most, terms[i]);
    }
    for (int64_t i = 0; i <= k.x_treatment; i++) sum += exp(terms[i] - most);
    return most + log(sum);
}

static void test_closed_form(void **state) {
    (void)state;
    const pdm_two_proportions cases[] = {{0, 0, 0, 0},           {0, 3, 3, 3},          {3, 3, 0, 3},
                                         {49, 100, 51, 100},     {5, 1000, 1, 20},      {900, 1000, 100, 1000},
                                         {100, 1000, 900, 1000}, {0, 1000, 1000, 1000}, {1000, 1000, 0, 1000},
                                         {1, 1900, 1500, 1900}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pdm_two_proportions k = cases[i];
        pdm_posterior p = beta(k, 1, 1);
        double expected = log_better(k);
        assert_true(fabs(p.log_prob_better - expected) < 1e-9 + 1e-13 * fabs(expected));
        assert_true(is_near(p.prob_better, exp(expected), 1e-9));
        pdm_posterior swapped = beta(counts(k.x_treatment, k.n_treatment, k.x_control, k.n_control), 1, 1);
        assert_true(is_near(swapped.log_prob_worse, p.log_prob_better, 1e-12));
        assert_true(is_near(swapped.log_loss_if_control, p.log_loss_if_treatment, 1e-12));
    }
    assert_true(beta(cases[7], 1, 1).log_prob_worse < -1300); /* far below the smallest double, and still known */
}

/* E max(t − c, 0) − E max(c − t, 0) = E t − E c, and the probabilities make 1; for every size and prior. */
static void check_identities(pdm_two_proportions k, double a, double b) {
    pdm_posterior p = beta(k, a, b);
    double scale = fmax(p.loss_if_control, p.loss_if_treatment);
    assert_true(is_near(p.prob_better + p.prob_worse, 1, 1e-10));
    assert_true(fabs(p.loss_if_control - p.loss_if_treatment - (p.mean_treatment - p.mean_control)) < 1e-9 * scale);
    assert_true(is_near(p.mean_control, (a + (double)k.x_control) / (a + b + (double)k.n_control), 1e-14));
    assert_true(
        is_near(pdm_beta_sf(p.high_treatment, a + (double)k.x_treatment, b + (double)(k.n_treatment - k.x_treatment)),
                0.025, 1e-9) ||
        p.high_treatment > 0.999);
}

static void test_identities(void **state) {
    (void)state;
    const double priors[] = {1e-3, 0.5, 1, 30};
    for (int64_t n = 1; n <= 100000000; n *= 10) {
        for (int32_t i = 0; i < 4; i++) {
            check_identities(counts(n / 20, n, n / 18, n), priors[i], priors[3 - i]);
            check_identities(counts(0, n, 0, 10), priors[i], 1);
            check_identities(counts(n, n, 3, 10), 1, priors[i]);
            check_identities(counts(n / 3, n, 1, 4), priors[i], priors[i]); /* one sharp, the other broad */
        }
    }
    pdm_posterior p = beta(counts(520000, 10000000, 521000, 10000000), 1, 1);
    double z = 1e-4 / sqrt(2 * 0.05205 * 0.94795 / 1e7); /* the normal approximation is near there */
    assert_true(is_near(p.prob_worse, pdm_normal_sf(z), 1e-3));
}

static void test_best(void **state) {
    (void)state;
    const int64_t x[] = {40, 50, 55, 2, 3000};
    const int64_t n[] = {500, 500, 500, 3, 30000};
    double best[5];
    double sum = 0;
    assert_int_equal(pdm_beta_best(x, n, 5, 1, 1, best, NULL, NULL), PDM_OK);
    for (int32_t i = 0; i < 5; i++) sum += best[i];
    assert_true(is_near(sum, 1, 1e-10));
    assert_int_equal(pdm_beta_best(x, n, 2, 1, 1, best, NULL, NULL), PDM_OK);
    pdm_posterior p = beta(counts(40, 500, 50, 500), 1, 1);
    assert_true(is_near(best[1], p.prob_better, 1e-11) && is_near(best[0], p.prob_worse, 1e-11));
    /* mpmath 1.3: quad of the definition, at 30 digits. */
    const double expected[] = {0.0338194136107553176649, 0.0138990948856557160713, 0.00393893552310591527450};
    double loss[5];
    assert_int_equal(pdm_beta_best(x, n, 3, 1, 1, NULL, loss, NULL), PDM_OK);
    for (int32_t i = 0; i < 3; i++) assert_true(is_near(loss[i], expected[i], 1e-11));
}

/* Chances are shares of 1, losses differ as the means do, and with two arms both are those of the pair. */
static void check_best(const int64_t *x, const int64_t *n, int32_t arms, double a, double b) {
    double best[64];
    double loss[64];
    double sum = 0;
    assert_int_equal(pdm_beta_best(x, n, arms, a, b, best, loss, NULL), PDM_OK);
    double first = (a + (double)x[0]) / (a + b + (double)n[0]);
    for (int32_t i = 0; i < arms; i++) {
        double mean = (a + (double)x[i]) / (a + b + (double)n[i]);
        sum += best[i];
        assert_true(loss[i] >= 0 && fabs((loss[0] + first) - (loss[i] + mean)) <= 1e-11);
    }
    assert_true(is_near(sum, 1, 1e-9));
    if (arms > 2) return;
    pdm_posterior p = beta(counts(x[0], n[0], x[1], n[1]), a, b);
    assert_true(is_near(best[0], p.prob_worse, 1e-9) && is_near(best[1], p.prob_better, 1e-9));
    assert_true(is_near(loss[0], p.loss_if_control, 1e-9) && is_near(loss[1], p.loss_if_treatment, 1e-9));
}

static void test_best_identities(void **state) {
    (void)state;
    const double priors[] = {1e-3, 0.5, 1, 30};
    for (int32_t i = 0; i < 4; i++) {
        for (int64_t k = 10; k <= 10000000; k *= 100) {
            const int64_t x[] = {k / 20, k / 18, 0, k, k / 2, 1};
            const int64_t n[] = {k, k, k, k, k, 2};
            check_best(x, n, 6, priors[i], priors[3 - i]);
            check_best(x, n, 2, priors[i], priors[3 - i]);
            check_best(x + 1, n + 1, 2, priors[i], 1); /* far apart */
            check_best(x + 2, n + 2, 2, 1, priors[i]);
            check_best(x + 4, n + 4, 2, priors[i], priors[i]); /* one sharp, the other broad */
        }
    }
    int64_t x[64];
    int64_t n[64];
    for (int32_t i = 0; i < 64; i++) {
        x[i] = 500 + 3 * i;
        n[i] = 10000;
    }
    check_best(x, n, 64, 1, 1);
}

static void check_normal_best(const double *mean, const double *sd, int32_t arms, const double *expected) {
    double best[64];
    double loss[64];
    double sum = 0;
    assert_int_equal(pdm_normal_best(mean, sd, arms, best, loss, NULL), PDM_OK);
    for (int32_t i = 0; i < arms; i++) {
        assert_true(is_near(best[i], expected[i], 1e-11));
        assert_true(is_near(loss[0] - loss[i], mean[i] - mean[0], 1e-10));
        sum += best[i];
    }
    assert_true(is_near(sum, 1, 1e-11));
}

static void test_normal_best(void **state) {
    (void)state;
    /* Two arms: P(A > B) = Φ((μ_a − μ_b)/√(σ_a² + σ_b²)), also far out and in other units. */
    const double two[] = {3, 15};
    const double sds[] = {0.9, 1.2};
    const double far[] = {pdm_normal_sf(8), pdm_normal_cdf(8)};
    check_normal_best(two, sds, 2, far);
    const double large[] = {3e200, 15e200};
    const double large_sds[] = {0.9e200, 1.2e200};
    check_normal_best(large, large_sds, 2, far);
    /* Equal arms share. */
    const double same[] = {7, 7, 7, 7};
    const double same_sds[] = {2, 2, 2, 2};
    const double quarter[] = {0.25, 0.25, 0.25, 0.25};
    check_normal_best(same, same_sds, 4, quarter);
    /* mpmath 1.3: quad of the definition, at 40 digits. */
    const double mean[] = {10, 10.5, 9, 12};
    const double sd[] = {1, 2, 0.001, 1.5};
    const double expected[] = {0.076066289318970182296, 0.25250051171982741225, 0.00081800035343299495783,
                               0.67061519860776941049};
    check_normal_best(mean, sd, 4, expected);
    const double losses[] = {2.47864493386875334320, 1.97864493386875334320, 3.4786449338687533432,
                             0.478644933868753343204};
    double loss[4];
    assert_int_equal(pdm_normal_best(mean, sd, 4, NULL, loss, NULL), PDM_OK);
    for (int32_t i = 0; i < 4; i++) assert_true(is_near(loss[i], losses[i], 1e-11));
    pdm_error err;
    double best[2];
    const double bad_sd[] = {1, 0};
    assert_int_equal(pdm_normal_best(two, bad_sd, 2, best, NULL, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    assert_int_equal(pdm_normal_best(two, sds, 1, best, NULL, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_normal_best(two, sds, 65, best, NULL, &err), PDM_E_BAD_OPTION);
}

static pdm_interval difference(pdm_two_proportions k, double level) {
    pdm_interval interval;
    assert_int_equal(pdm_beta_difference(&k, 1, 1, level, &interval, NULL), PDM_OK);
    return interval;
}

static void test_difference(void **state) {
    (void)state;
    pdm_interval i = difference(counts(30, 100, 45, 120), 0.9);
    pdm_interval swapped = difference(counts(45, 120, 30, 100), 0.9);
    assert_true(fabs(i.low + swapped.high) < 1e-10 && fabs(i.high + swapped.low) < 1e-10 && i.low < i.high);
    /* Two uniform rates differ by a triangle on [−1, 1]: P(d < x) = (1 + x)²/2 for x < 0. */
    i = difference(counts(0, 0, 0, 0), 0.95);
    assert_true(fabs(i.low - (sqrt(0.05) - 1)) < 1e-10 && fabs(i.high + sqrt(0.05) - 1) < 1e-10);
    i = difference(counts(520000, 10000000, 521000, 10000000), 0.95);
    double half = pdm_normal_isf(0.025) * sqrt((0.052 * 0.948 + 0.0521 * 0.9479) / 1e7);
    assert_true(fabs(i.low - (1e-4 - half)) < 1e-3 * half && fabs(i.high - (1e-4 + half)) < 1e-3 * half);
    i = difference(counts(0, 1000000, 1, 2), 0.95); /* a sharp arm against a broad one: that arm's own interval */
    assert_true(fabs(i.low - pdm_beta_quantile(0.025, 2, 2)) < 1e-5);
    /* The level that leaves out all below 0 is the probability to be worse. */
    pdm_posterior p = beta(counts(49, 100, 61, 100), 1, 1);
    i = difference(counts(49, 100, 61, 100), 1 - 2 * p.prob_worse);
    assert_true(fabs(i.low) < 1e-9);
}

static void test_gamma(void **state) {
    (void)state;
    const pdm_two_counts cases[] = {
        {50, 65, 100, 100}, {0, 0, 1, 1}, {3, 900, 1000, 2}, {2000000, 2003000, 1e6, 1e6}, {0, 5, 1e-9, 1e9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pdm_posterior p;
        assert_int_equal(pdm_gamma_posterior(&cases[i], 0.5, 0, 0.95, &p, NULL), PDM_OK);
        double gain = p.loss_if_control - p.loss_if_treatment;
        double scale = fmax(p.loss_if_control, p.loss_if_treatment);
        assert_true(is_near(p.prob_better + p.prob_worse, 1, 1e-13));
        assert_true(fabs(gain - (p.mean_treatment - p.mean_control)) < 1e-9 * scale);
        assert_true(
            is_near(p.mean_control, (0.5 + (double)cases[i].events_control) / cases[i].exposure_control, 1e-14));
        assert_true(p.low_control < p.high_control && is_near(exp(p.log_prob_worse), p.prob_worse, 1e-12));
    }
}

static pdm_normal_result normal(double estimate, double se, const pdm_normal_prior *o) {
    pdm_normal_result r;
    pdm_error err;
    if (pdm_normal_posterior(estimate, se, o, &r, &err) != PDM_OK) fail_msg("%s: %s", err.column, err.message);
    return r;
}

static void test_normal(void **state) {
    (void)state;
    for (double z = -30; z <= 30; z += 0.37) {
        pdm_normal_result r = normal(0.02 * z, 0.02, NULL);
        pdm_normal_prior lower = pdm_normal_prior_default();
        lower.lower = 1;
        pdm_normal_result mirrored = normal(-0.02 * z, 0.02, &lower);
        assert_true(fabs(r.risk_control - r.risk_treatment - r.mean) < 1e-15);
        assert_true(is_near(r.chance_to_win, mirrored.chance_to_win, 1e-14) && r.win == mirrored.win);
        assert_true(is_near(r.risk_treatment, mirrored.risk_treatment, 1e-14));
        assert_true(is_near(exp(r.log_risk_control), r.risk_control, 1e-11));
        assert_int_equal(r.win, r.low > 0 ? 1 : r.high < 0 ? -1 : 0);
        assert_int_equal(r.win == 1, r.chance_to_win > 0.975);
    }
    for (double z = 0.1; z < 12; z += 0.1) { /* ∫ Q beyond z, by Simpson's rule */
        double sum = 0;
        for (int32_t i = 0; i <= 2000; i++) {
            sum += pdm_normal_sf(z + 4e-3 * i) * (i == 0 || i == 2000 ? 1 : i % 2 == 1 ? 4 : 2);
        }
        assert_true(is_near(normal(z, 1, NULL).risk_treatment, sum * 4e-3 / 3, 1e-7));
    }
    pdm_normal_result far = normal(1, 1e-3, NULL);
    assert_true(far.risk_treatment == 0 && far.log_risk_treatment < -499000 && far.log_chance_to_lose < -499000);
}

static void test_normal_prior(void **state) {
    (void)state;
    pdm_normal_prior o = pdm_normal_prior_default();
    o.prior_mean = 0.1;
    o.prior_sd = 0.3;
    pdm_normal_result r = normal(0.4, 0.4, &o); /* precisions 11.1 and 6.25 */
    assert_true(is_near(r.mean, (0.1 / 0.09 + 0.4 / 0.16) / (1 / 0.09 + 1 / 0.16), 1e-13));
    assert_true(is_near(r.sd, 1 / sqrt(1 / 0.09 + 1 / 0.16), 1e-13));
    o.prior_scale = PDM_SCALE_DIFFERENCE; /* the same prior in points of a control of 5 */
    o.prior_mean = 0.5;
    o.prior_sd = 1.5;
    o.control = -5;
    pdm_normal_result same = normal(0.4, 0.4, &o);
    assert_true(is_near(same.mean, r.mean, 1e-13) && is_near(same.sd, r.sd, 1e-13));
    o.scale = PDM_SCALE_DIFFERENCE;
    o.prior_scale = PDM_SCALE_LIFT;
    o.prior_mean = 0.1;
    o.prior_sd = 0.3;
    pdm_normal_result points = normal(2, 2, &o);
    assert_true(is_near(points.mean, 5 * r.mean, 1e-13) && is_near(points.sd, 5 * r.sd, 1e-13));
    o.control = 0;
    r = normal(2, 2, &o);
    assert_true(r.status == PDM_STATUS_ZERO_BASE && isnan(r.mean) && isnan(r.risk_control));
    r = normal(2, 0, NULL);
    assert_true(r.status == PDM_STATUS_ZERO_VARIANCE && r.mean == 2 && isnan(r.chance_to_win));
}

static void test_refusals(void **state) {
    (void)state;
    pdm_two_proportions good = counts(1, 2, 1, 2);
    pdm_two_proportions bad = counts(1, 2, 3, 2);
    pdm_two_counts events = {1, 1, 1, 0};
    const int64_t x[] = {1, 5};
    const int64_t n[] = {2, 3};
    pdm_normal_prior o = pdm_normal_prior_default();
    pdm_posterior p;
    pdm_normal_result r;
    pdm_interval i;
    pdm_error err;
    double best[2];
    assert_int_equal(pdm_beta_posterior(&bad, 1, 1, 0.95, &p, &err), PDM_E_BAD_VALUE);
    assert_string_equal(err.column, "treatment");
    assert_int_equal(pdm_beta_posterior(&good, 0, 1, 0.95, &p, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "prior_a");
    assert_int_equal(pdm_beta_posterior(&good, 1, -1, 0.95, &p, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_beta_posterior(&good, 1, 1, 1, &p, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_beta_difference(&bad, 1, 1, 0.95, &i, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_beta_best(x, n, 2, 1, 1, best, NULL, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    assert_int_equal(pdm_beta_best(x, n, 1, 1, 1, best, NULL, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_gamma_posterior(&events, 1, 0, 0.95, &p, &err), PDM_E_BAD_VALUE);
    events.exposure_treatment = 1;
    assert_int_equal(pdm_gamma_posterior(&events, 0, 0, 0.95, &p, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm_gamma_posterior(&events, 1, -1, 0.95, &p, &err), PDM_E_BAD_OPTION);
    events.events_control = -1;
    assert_int_equal(pdm_gamma_posterior(&events, 1, 0, 0.95, &p, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_normal_posterior((double)NAN, 1, NULL, &r, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm_normal_posterior(1, -1, NULL, &r, &err), PDM_E_BAD_VALUE);
    o.prior_sd = -1;
    assert_int_equal(pdm_normal_posterior(1, 1, &o, &r, &err), PDM_E_BAD_OPTION);
    o.scale = 2;
    assert_int_equal(pdm_normal_posterior(1, 1, &o, &r, &err), PDM_E_BAD_OPTION);
    o.struct_size = 1;
    assert_int_equal(pdm_normal_posterior(1, 1, &o, &r, &err), PDM_E_BAD_OPTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_form),     cmocka_unit_test(test_identities),  cmocka_unit_test(test_best),
        cmocka_unit_test(test_best_identities), cmocka_unit_test(test_normal_best), cmocka_unit_test(test_difference),
        cmocka_unit_test(test_gamma),           cmocka_unit_test(test_normal),      cmocka_unit_test(test_normal_prior),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
