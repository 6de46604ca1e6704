/*
 * What the methods promise, by simulation: error rates of tests and of watching, coverage of intervals, power against the planner,
 * calibration of posteriors. About a minute: only where PDM_LONG is set.
 */
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/group_sequential.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/multiplicity.h>
#include <pdmetrics/stats/posterior.h>
#include <pdmetrics/stats/power.h>
#include <pdmetrics/stats/sequential.h>
#include <pdmetrics/stats/srm.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RUNS 100000
#define ALPHA 0.05

static uint64_t seed;

static double uniform(void) {
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void) { return pdm_normal_quantile(uniform()); }

static int64_t binomial(int64_t n, double p) { return pdm_binomial_quantile(uniform(), n, p); }

static double error_of(double rate, double runs) { return 3 * sqrt(rate * (1 - rate) / runs); }

/* `hits` of `runs` are about `rate`, give or take `slack` that the method itself has. */
static void about(const char *what, int64_t hits, int64_t runs, double rate, double slack) {
    double got = (double)hits / (double)runs;
    (void)printf("    %-44s %.5f (%.3f)\n", what, got, rate);
    if (fabs(got - rate) > error_of(rate, (double)runs) + slack) fail_msg("%s: %.5f is not %.3f", what, got, rate);
}

static void at_most(const char *what, int64_t hits, int64_t runs, double rate) {
    double got = (double)hits / (double)runs;
    (void)printf("    %-44s %.5f (at most %.3f)\n", what, got, rate);
    if (got > rate + error_of(rate, (double)runs)) fail_msg("%s: %.5f is more than %.3f", what, got, rate);
}

static void at_least(const char *what, int64_t hits, int64_t runs, double rate) {
    double got = (double)hits / (double)runs;
    (void)printf("    %-44s %.5f (at least %.3f)\n", what, got, rate);
    if (got < rate - error_of(rate, (double)runs)) fail_msg("%s: %.5f is less than %.3f", what, got, rate);
}

static pdm_two_proportions draw_pair(int64_t n_c, double p_c, int64_t n_t, double p_t) {
    return (pdm_two_proportions){binomial(n_c, p_c), n_c, binomial(n_t, p_t), n_t};
}

/* -------------------------------------------------------------------------------------------------------- conversions */

static void test_proportion_tests(void **state) {
    (void)state;
    static const char *const names[] = {
        "pooled z", "pooled z, continuity", "unpooled z", "Yates", "likelihood ratio", "Fisher", "mid-p"};
    int64_t hits[PDM_TEST_MIDP + 1] = {0};
    int64_t one_sided = 0;
    seed = 1;
    for (int32_t run = 0; run < RUNS; run++) {
        pdm_two_proportions k = draw_pair(3000, 0.15, 4000, 0.15);
        pdm_test test;
        for (int32_t kind = 0; kind <= PDM_TEST_MIDP; kind++) {
            assert_int_equal(pdm_proportion_test(&k, kind, PDM_TWO_SIDED, &test, NULL), PDM_OK);
            hits[kind] += test.p < ALPHA;
        }
        assert_int_equal(pdm_proportion_test(&k, PDM_TEST_POOLED, PDM_GREATER, &test, NULL), PDM_OK);
        one_sided += test.p < ALPHA;
    }
    for (int32_t kind = 0; kind <= PDM_TEST_MIDP; kind++) {
        bool conservative = kind == PDM_TEST_POOLED_CC || kind == PDM_TEST_CHI2_YATES || kind == PDM_TEST_FISHER;
        if (conservative) {
            at_most(names[kind], hits[kind], RUNS, ALPHA);
        } else {
            about(names[kind], hits[kind], RUNS, ALPHA, 0.0005);
        }
    }
    about("pooled z, one-sided", one_sided, RUNS, ALPHA, 0.001);
}

static bool holds(double low, double value, double high) { return low <= value && value <= high; }

static void test_proportion_intervals(void **state) {
    (void)state;
    static const char *const differences[] = {"Mee", "Miettinen-Nurminen", "Newcombe", "Newcombe, continuity",
                                              "Agresti-Caffo"};
    static const char *const rates[] = {"Wilson", "Wilson, continuity", "Clopper-Pearson", "Jeffreys", "Agresti-Coull"};
    int64_t difference[5] = {0};
    int64_t rate[5] = {0};
    int64_t koopman = 0;
    int64_t fieller = 0;
    seed = 2;
    for (int32_t run = 0; run < RUNS; run++) { /* rates all over the place: the mean coverage */
        double p_c = 0.02 + 0.9 * uniform();
        double p_t = 0.02 + 0.9 * uniform();
        pdm_two_proportions k = draw_pair(160, p_c, 120, p_t);
        pdm_interval i;
        pdm_lift lift;
        for (int32_t method = 0; method < 5; method++) {
            assert_int_equal(pdm_proportion_difference(&k, method, 0, 0.95, &i, NULL), PDM_OK);
            difference[method] += holds(i.low, p_t - p_c, i.high);
            assert_int_equal(pdm_proportion_interval(k.x_control, k.n_control, method, 0.95, &i, NULL), PDM_OK);
            rate[method] += holds(i.low, p_c, i.high);
        }
        assert_int_equal(pdm_proportion_lift(&k, PDM_RATIO_KOOPMAN, 0, 0.95, &lift, NULL), PDM_OK);
        koopman += holds(lift.low, p_t / p_c - 1, lift.high);
        pdm_two_proportions large = draw_pair(4000, 0.1, 4000, 0.12);
        assert_int_equal(pdm_proportion_lift(&large, PDM_RATIO_FIELLER, 0, 0.95, &lift, NULL), PDM_OK);
        fieller += holds(lift.low, 0.2, lift.high);
    }
    for (int32_t method = 0; method < 5; method++) {
        bool exact = method == PDM_DIFFERENCE_NEWCOMBE_CC;
        at_least(differences[method], difference[method], RUNS, exact ? 0.95 : 0.945);
        at_least(rates[method], rate[method], RUNS, method == PDM_RATE_CLOPPER_PEARSON ? 0.95 : 0.945);
    }
    about("Mee, mean coverage", difference[0], RUNS, 0.95, 0.01);
    at_least("Koopman", koopman, RUNS, 0.945);
    about("Fieller, conversions", fieller, RUNS, 0.95, 0.002);
}

/* -------------------------------------------------------------------------------------------------------------- means */

static pdm_covariate_moments draw_arm(int64_t n, double mean, double sd, double correlation) {
    double s[5] = {0};
    double count = (double)n;
    for (int64_t i = 0; i < n; i++) {
        double x = normal();
        double y = correlation * x + sqrt(1 - correlation * correlation) * normal();
        s[0] += x;
        s[1] += y;
        s[2] += x * x;
        s[3] += y * y;
        s[4] += x * y;
    }
    double m = s[1] / count;
    return (pdm_covariate_moments){n,
                                   mean + sd * m,
                                   sd * sd * (s[3] - count * m * m) / (count - 1),
                                   s[0] / count,
                                   (s[2] - s[0] * s[0] / count) / (count - 1),
                                   sd * (s[4] - s[0] * m) / (count - 1)};
}

static pdm_arm_moments plain(pdm_covariate_moments a) { return (pdm_arm_moments){a.n, a.mean, a.variance}; }

static void test_means(void **state) {
    (void)state;
    int64_t welch = 0;
    int64_t pooled = 0;
    int64_t cuped = 0;
    int64_t lift = 0;
    int64_t covered = 0;
    seed = 3;
    for (int32_t run = 0; run < RUNS; run++) {
        pdm_mean_options o = pdm_mean_options_default();
        pdm_covariate_moments c = draw_arm(24, 5, 1, 0.7);
        pdm_covariate_moments t = draw_arm(16, 5, 2.5, 0.7);
        pdm_covariate_moments same = draw_arm(16, 5, 1, 0.7);
        pdm_arm_moments pc = plain(c);
        pdm_arm_moments pt = plain(t);
        pdm_arm_moments ps = plain(same);
        pdm_mean_effect e;
        assert_int_equal(pdm_mean_compare(&pc, &pt, &o, &e, NULL), PDM_OK);
        welch += e.p < ALPHA;
        covered += holds(e.low, 0, e.high);
        lift += holds(e.lift.low, 0, e.lift.high);
        o.equal_var = 1;
        assert_int_equal(pdm_mean_compare(&pc, &ps, &o, &e, NULL), PDM_OK);
        pooled += e.p < ALPHA;
    }
    about("Welch, unequal variances, 24 and 16", welch, RUNS, ALPHA, 0.001);
    about("Welch interval", covered, RUNS, 0.95, 0.001);
    about("Fieller lift", lift, RUNS, 0.95, 0.001);
    about("pooled t", pooled, RUNS, ALPHA, 0);
    for (int32_t run = 0; run < RUNS / 10; run++) {
        pdm_covariate_moments c = draw_arm(400, 5, 1, 0.7);
        pdm_covariate_moments t = draw_arm(300, 5, 2, 0.7);
        pdm_mean_effect e;
        assert_int_equal(pdm_mean_compare_adjusted(&c, &t, NULL, &e, NULL), PDM_OK);
        cuped += e.p < ALPHA;
    }
    about("CUPED", cuped, RUNS / 10, ALPHA, 0.002);
}

/* Orders per customer 0 … 3, each of some value: AOV is revenue over orders. */
static pdm_arm_moments draw_ratio(int64_t n) {
    double s[5] = {0};
    double count = (double)n;
    pdm_arm_moments out;
    for (int64_t i = 0; i < n; i++) {
        double orders = floor(4 * uniform());
        double revenue = orders * (80 + 30 * normal());
        s[0] += revenue;
        s[1] += orders;
        s[2] += revenue * revenue;
        s[3] += orders * orders;
        s[4] += revenue * orders;
    }
    pdm_ratio_moments r = {n,
                           s[0] / count,
                           s[1] / count,
                           (s[2] - s[0] * s[0] / count) / (count - 1),
                           (s[3] - s[1] * s[1] / count) / (count - 1),
                           (s[4] - s[0] * s[1] / count) / (count - 1)};
    assert_int_equal(pdm_arm_from_ratio(&r, &out, NULL), PDM_OK);
    return out;
}

static void test_ratio_metric(void **state) {
    (void)state;
    int64_t hits = 0;
    int64_t covered = 0;
    seed = 4;
    for (int32_t run = 0; run < RUNS / 5; run++) {
        pdm_arm_moments c = draw_ratio(400);
        pdm_arm_moments t = draw_ratio(400);
        pdm_mean_effect e;
        assert_int_equal(pdm_mean_compare(&c, &t, NULL, &e, NULL), PDM_OK);
        hits += e.p < ALPHA;
        covered += holds(e.lift.low, 0, e.lift.high);
    }
    about("ratio metric", hits, RUNS / 5, ALPHA, 0.002);
    about("ratio metric, Fieller lift", covered, RUNS / 5, 0.95, 0.002);
}

/* ----------------------------------------------------------------------------------------------------------- watching */

static void test_watching(void **state) {
    (void)state;
    enum { LOOKS = 100, PLANNED = 5 };
    const double info[PLANNED] = {0.2, 0.4, 0.6, 0.8, 1};
    pdm_look looks[PDM_SPENDING_HWANG + 1][PLANNED];
    int64_t asymptotic[2] = {0};
    int64_t msprt = 0;
    int64_t planned[PDM_SPENDING_HWANG + 1] = {0};
    int64_t powered = 0;
    double inflation = 0;
    for (int32_t kind = 0; kind <= PDM_SPENDING_HWANG; kind++) {
        pdm_spending_options o = pdm_spending_options_default();
        o.spending = kind;
        o.parameter = 2;
        assert_int_equal(pdm_group_bounds(NULL, info, PLANNED, &o, looks[kind], NULL), PDM_OK);
    }
    assert_int_equal(pdm_group_inflation(NULL, looks[0], PLANNED, 0, ALPHA, 0.8, &inflation, NULL), PDM_OK);
    double drift = sqrt(inflation) * (pdm_normal_isf(ALPHA / 2) + pdm_normal_isf(0.2));
    seed = 5;
    for (int32_t run = 0; run < RUNS; run++) {
        double sum = 0;
        bool ever[3] = {false};
        bool crossed[PDM_SPENDING_HWANG + 2] = {false};
        for (int32_t look = 1; look <= LOOKS; look++) {
            double n = 50.0 * look;
            pdm_sequence s;
            sum += normal();
            double estimate = sum / look;
            double se = 1 / sqrt(look);
            for (int32_t side = 0; side < 2; side++) {
                assert_int_equal(pdm_asymptotic_sequence(estimate, se, n, 2500, side, 0.95, NULL, &s, NULL), PDM_OK);
                ever[side] |= s.p < ALPHA;
            }
            assert_int_equal(pdm_msprt(estimate, se, 0.05, 0.95, &s, NULL), PDM_OK);
            ever[2] |= s.p < ALPHA;
            if (look % (LOOKS / PLANNED) != 0) continue;
            int32_t k = look / (LOOKS / PLANNED) - 1;
            for (int32_t kind = 0; kind <= PDM_SPENDING_HWANG; kind++) {
                crossed[kind] |= fabs(estimate / se) >= looks[kind][k].z;
            }
            crossed[PDM_SPENDING_HWANG + 1] |= estimate / se + drift * sqrt(info[k]) >= looks[0][k].z;
        }
        asymptotic[0] += ever[0];
        asymptotic[1] += ever[1];
        msprt += ever[2];
        for (int32_t kind = 0; kind <= PDM_SPENDING_HWANG; kind++) planned[kind] += crossed[kind];
        powered += crossed[PDM_SPENDING_HWANG + 1];
    }
    at_most("asymptotic sequence, 100 looks", asymptotic[0], RUNS, ALPHA);
    at_most("the same, one-sided", asymptotic[1], RUNS, ALPHA);
    at_most("mSPRT", msprt, RUNS, ALPHA);
    about("5 looks, O'Brien-Fleming type", planned[0], RUNS, ALPHA, 0);
    about("5 looks, Pocock type", planned[1], RUNS, ALPHA, 0);
    about("5 looks, power family", planned[2], RUNS, ALPHA, 0);
    about("5 looks, Hwang-Shih-DeCani", planned[3], RUNS, ALPHA, 0);
    about("power at the inflated size", powered, RUNS, 0.8, 0);
}

static void test_split(void **state) {
    (void)state;
    int64_t hits[4] = {0};
    const double weights[3] = {0.2, 0.3, 0.5};
    seed = 6;
    for (int32_t run = 0; run < RUNS; run++) {
        pdm_srm_options o = pdm_srm_options_default();
        pdm_srm srm;
        int64_t first = binomial(20000, 0.2);
        int64_t second = binomial(20000 - first, 0.375);
        const int64_t three[3] = {first, second, 20000 - first - second};
        int64_t few = binomial(60, 0.3);
        const int64_t two[2] = {few, 60 - few};
        const double odd[2] = {0.3, 0.7};
        assert_int_equal(pdm_srm_test(three, weights, 3, &o, &srm, NULL), PDM_OK);
        hits[0] += srm.p < ALPHA;
        o.method = PDM_SRM_EXACT;
        assert_int_equal(pdm_srm_test(two, odd, 2, &o, &srm, NULL), PDM_OK);
        hits[1] += srm.p < ALPHA;
        if (run >= RUNS / 10) continue;
        bool ever = false;
        int64_t watched[2] = {0, 0};
        o.method = PDM_SRM_SEQUENTIAL;
        for (int32_t look = 0; look < 100; look++) {
            int64_t x = binomial(500, 0.5);
            watched[0] += x;
            watched[1] += 500 - x;
            assert_int_equal(pdm_srm_test(watched, NULL, 2, &o, &srm, NULL), PDM_OK);
            ever |= srm.p < ALPHA;
        }
        hits[2] += ever;
    }
    about("split, chi-squared, three arms", hits[0], RUNS, ALPHA, 0.0005);
    at_most("split, exact", hits[1], RUNS, ALPHA);
    at_most("split, sequential, 100 looks", hits[2], RUNS / 10, ALPHA);
}

/* ----------------------------------------------------------------------------------------------------- power, families */

static void test_power(void **state) {
    (void)state;
    int64_t hits[4] = {0};
    pdm_plan plan;
    pdm_power_options t_options = pdm_power_options_default();
    pdm_power_options margin = pdm_power_options_default();
    margin.alpha = ALPHA;
    assert_int_equal(pdm_sample_proportions(0.2, 0.25, NULL, &plan, NULL), PDM_OK);
    int64_t n = plan.whole;
    assert_int_equal(pdm_sample_means(0.8, 1, 1, &t_options, &plan, NULL), PDM_OK);
    int64_t n_mean = plan.whole;
    double planned_mean = 0;
    assert_int_equal(pdm_power_means(0.8, 1, 1, (double)n_mean, &t_options, &plan, NULL), PDM_OK);
    planned_mean = plan.value;
    assert_int_equal(pdm_sample_noninferiority(0.1, 0.1, 0.03, NULL, &plan, NULL), PDM_OK);
    int64_t n_ni = plan.whole;
    assert_int_equal(pdm_sample_equivalence(0.1, 0.1, 0.03, &margin, &plan, NULL), PDM_OK);
    int64_t n_tost = plan.whole;
    seed = 7;
    for (int32_t run = 0; run < RUNS; run++) {
        pdm_two_proportions k = draw_pair(n, 0.2, n, 0.25);
        pdm_covariate_moments c = draw_arm(n_mean, 0, 1, 0);
        pdm_covariate_moments t = draw_arm(n_mean, 0.8, 1, 0);
        pdm_arm_moments pc = plain(c);
        pdm_arm_moments pt = plain(t);
        pdm_test test;
        pdm_test other;
        pdm_mean_effect e;
        assert_int_equal(pdm_proportion_test(&k, PDM_TEST_POOLED, 0, &test, NULL), PDM_OK);
        hits[0] += test.p < ALPHA;
        assert_int_equal(pdm_mean_compare(&pc, &pt, NULL, &e, NULL), PDM_OK);
        hits[1] += e.p < ALPHA;
        k = draw_pair(n_ni, 0.1, n_ni, 0.1);
        assert_int_equal(pdm_proportion_margin_test(&k, 0, PDM_SCALE_DIFFERENCE, PDM_GREATER, -0.03, &test, NULL), 0);
        hits[2] += test.p < 0.025;
        k = draw_pair(n_tost, 0.1, n_tost, 0.1);
        assert_int_equal(pdm_proportion_margin_test(&k, 0, PDM_SCALE_DIFFERENCE, PDM_GREATER, -0.03, &test, NULL), 0);
        assert_int_equal(pdm_proportion_margin_test(&k, 0, PDM_SCALE_DIFFERENCE, PDM_LESS, 0.03, &other, NULL), 0);
        hits[3] += fmax(test.p, other.p) < ALPHA;
    }
    about("power of two rates as planned", hits[0], RUNS, 0.8, 0.005);
    about("power of two means as planned", hits[1], RUNS, planned_mean, 0.005);
    about("power of non-inferiority as planned", hits[2], RUNS, 0.8, 0.02);
    about("power of equivalence as planned", hits[3], RUNS, 0.8, 0.02);
}

static void test_families(void **state) {
    (void)state;
    enum { M = 5 };
    const double lambda[M] = {0.6, 0.6, 0.6, 0.6, 0.6};
    int64_t any[PDM_ADJUST_HOMMEL + 1] = {0};
    int64_t beyond = 0;
    double critical = 0;
    assert_int_equal(pdm_dunnett_critical(ALPHA, lambda, M, (double)INFINITY, &critical, NULL), PDM_OK);
    seed = 8;
    for (int32_t run = 0; run < RUNS; run++) {
        double p[M];
        double adjusted[M];
        double common = normal();
        double largest = 0;
        for (int32_t i = 0; i < M; i++) {
            p[i] = uniform();
            largest = fmax(largest, fabs(0.6 * common + 0.8 * normal()));
        }
        beyond += largest > critical;
        for (int32_t method = PDM_ADJUST_BONFERRONI; method <= PDM_ADJUST_HOMMEL; method++) {
            assert_int_equal(pdm_p_adjust(NULL, p, M, method, adjusted, NULL), PDM_OK);
            bool hit = false;
            for (int32_t i = 0; i < M; i++) hit |= adjusted[i] <= ALPHA;
            any[method] += hit;
        }
    }
    for (int32_t method = PDM_ADJUST_BONFERRONI; method <= PDM_ADJUST_HOMMEL; method++) {
        at_most("family-wise error", any[method], RUNS, ALPHA);
    }
    about("Sidak, exact for independent tests", any[PDM_ADJUST_SIDAK], RUNS, ALPHA, 0);
    about("Dunnett", beyond, RUNS, ALPHA, 0);
}

/* With rates drawn from the prior, posterior probabilities are frequencies, and credible intervals cover as often as they say. */
static void test_posteriors(void **state) {
    (void)state;
    enum { DRAWS = 5000 };
    int64_t better = 0;
    int64_t covered = 0;
    double expected = 0;
    double variance = 0;
    seed = 9;
    for (int32_t run = 0; run < DRAWS; run++) {
        double p_c = uniform();
        double p_t = uniform();
        pdm_two_proportions k = draw_pair(20, p_c, 15, p_t);
        pdm_posterior p;
        assert_int_equal(pdm_beta_posterior(&k, 1, 1, 0.9, &p, NULL), PDM_OK);
        bool sure = p.prob_better > 0.7; /* among those who say so, as many as they say */
        if (sure) {
            better += p_t > p_c;
            expected += p.prob_better;
            variance += p.prob_better * p.prob_worse;
        }
        covered += holds(p.low_control, p_c, p.high_control);
    }
    (void)printf("    better %lld, expected %.1f\n", (long long)better, expected);
    assert_true(fabs((double)better - expected) < 3 * sqrt(variance));
    about("credible interval", covered, DRAWS, 0.9, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proportion_tests),
        cmocka_unit_test(test_proportion_intervals),
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_ratio_metric),
        cmocka_unit_test(test_watching),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_power),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_posteriors),
    };
    const char *is_long = getenv("PDM_LONG");
    if (is_long == NULL || is_long[0] == '\0') {
        (void)printf("skipped: simulations take a minute (set PDM_LONG)\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
