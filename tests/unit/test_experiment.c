/* Experiments: every method of an option is the calculator of its name, rows that are refused, units that contradict themselves. */
#include <pdmetrics/metrics/experiment.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/posterior.h>
#include <pdmetrics/stats/proportion.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNITS 60

/* Two arms of 30; units 0 … 29 are the control. */
typedef struct sample {
    int64_t unit[UNITS];
    int64_t variant[UNITS];
    int64_t bought[UNITS];
    int64_t spend[UNITS];
} sample;

static sample make_sample(void) {
    sample s;
    for (int64_t i = 0; i < UNITS; i++) {
        s.unit[i] = i * 7919 % 1009;
        s.variant[i] = i / 30;
        s.bought[i] = i % 30 < (i < 30 ? 8 : 17);
        s.spend[i] = i * i % 37 + (i < 30 ? 0 : 6);
    }
    return s;
}

static void give_arms(pdm_state *state) {
    static const int64_t arms[] = {0, 1};
    const pdm_column columns[] = {pdm_column_int64("variant", arms)};
    pdm_batch batch = pdm_batch_make(columns, 1, 2);
    assert_int_equal(pdm_state_set_list(state, "arms", &batch, NULL), PDM_OK);
}

static void give_metrics(pdm_state *state) {
    static const int32_t names[] = {0, 6, 11};
    static const int32_t kinds[] = {0, 10, 15};
    const pdm_column columns[] = {pdm_column_utf8("metric", names, "boughtspend"),
                                  pdm_column_utf8("kind", kinds, "conversionvalue")};
    pdm_batch batch = pdm_batch_make(columns, 2, 2);
    assert_int_equal(pdm_state_set_list(state, "metrics", &batch, NULL), PDM_OK);
}

static pdm_state *make_state(const pdm_experiment_options *options) {
    pdm_state *state = NULL;
    assert_int_equal(pdm_experiment_create(NULL, options, &state, NULL), PDM_OK);
    give_arms(state);
    give_metrics(state);
    return state;
}

static pdm_status update(pdm_state *state, const sample *s, int64_t rows, pdm_error *err) {
    const pdm_column columns[] = {pdm_column_int64("unit", s->unit), pdm_column_int64("variant", s->variant),
                                  pdm_column_int64("bought", s->bought), pdm_column_int64("spend", s->spend)};
    pdm_batch batch = pdm_batch_make(columns, 4, rows);
    return pdm_state_update(state, &batch, err);
}

static pdm_result *result_of(const pdm_experiment_options *options, const sample *s) {
    pdm_state *state = make_state(options);
    pdm_result *result = NULL;
    pdm_error err;
    if (update(state, s, UNITS, &err) != PDM_OK) fail_msg("%s", err.message);
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    pdm_state_free(state);
    return result;
}

static double cell(const pdm_result *result, const char *column, int64_t row) {
    return pdm_table_f64(pdm_result_table(result, NULL), column)[row];
}

static bool same(double got, double expected) { return got == expected || (isnan(expected) && got == 0); }

static const pdm_two_proportions counts = {8, 30, 17, 30};

/* ---- every value of an option is the calculator of its name ---- */

static void tests_are_the_calculators(void **unused) {
    (void)unused;
    sample s = make_sample();
    for (int32_t kind = 0; kind <= PDM_TEST_MIDP; kind++) {
        pdm_experiment_options options = pdm_experiment_options_default();
        pdm_test expected;
        options.test = kind;
        assert_int_equal(pdm_proportion_test(&counts, kind, PDM_TWO_SIDED, &expected, NULL), PDM_OK);
        pdm_result *result = result_of(&options, &s);
        assert_true(same(cell(result, "p", 0), expected.p));
        assert_true(same(cell(result, "log_p", 0), expected.log_p));
        assert_true(same(cell(result, "statistic", 0), expected.statistic));
        pdm_result_free(result);
    }
}

static void intervals_are_the_calculators(void **unused) {
    (void)unused;
    sample s = make_sample();
    static const int32_t lifts[] = {PDM_RATIO_KOOPMAN, PDM_RATIO_LOG, PDM_RATIO_LOG_ADJUSTED, PDM_RATIO_FIELLER,
                                    PDM_RATIO_DELTA};
    for (int32_t method = 0; method <= PDM_DIFFERENCE_WALD; method++) {
        for (int32_t alternative = 0; alternative <= PDM_LESS; alternative++) {
            pdm_experiment_options options = pdm_experiment_options_default();
            pdm_interval expected;
            pdm_lift lift;
            options.difference_interval = method;
            options.lift_interval = method % 5;
            options.alternative = alternative;
            options.alpha = 0.1;
            assert_int_equal(pdm_proportion_difference(&counts, method, alternative, 0.9, &expected, NULL), PDM_OK);
            assert_int_equal(pdm_proportion_lift(&counts, lifts[method % 5], alternative, 0.9, &lift, NULL), PDM_OK);
            pdm_result *result = result_of(&options, &s);
            assert_true(same(cell(result, "low", 0), expected.low));
            assert_true(same(cell(result, "high", 0), expected.high));
            assert_true(same(cell(result, "lift_low", 0), lift.low));
            assert_true(same(cell(result, "lift_high", 0), lift.high));
            pdm_result_free(result);
        }
    }
}

static void rates_are_the_calculators(void **unused) {
    (void)unused;
    sample s = make_sample();
    for (int32_t method = 0; method <= PDM_RATE_WALD; method++) {
        pdm_experiment_options options = pdm_experiment_options_default();
        pdm_interval expected;
        options.rate_interval = method;
        assert_int_equal(pdm_proportion_interval(8, 30, method, 0.95, &expected, NULL), PDM_OK);
        pdm_result *result = result_of(&options, &s);
        const pdm_table *metrics = pdm_result_table(result, "metrics");
        assert_true(pdm_table_f64(metrics, "low")[0] == expected.low);
        assert_true(pdm_table_f64(metrics, "high")[0] == expected.high);
        pdm_result_free(result);
    }
}

/* ---- what is refused ---- */

static void bad_rows_are_named(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = make_state(NULL);
    sample s = make_sample();
    s.variant[41] = 5;
    assert_int_equal(update(state, &s, UNITS, &err), PDM_E_UNKNOWN_VARIANT);
    assert_int_equal(err.row, 41);
    assert_string_equal(err.column, "variant");
    assert_string_equal(err.message, "row 41, column \"variant\": 5 is none of the arms");
    s = make_sample();
    s.bought[3] = 2;
    assert_int_equal(update(state, &s, UNITS, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 3);
    assert_string_equal(err.column, "bought");
    assert_int_equal(pdm_state_rows(state), 0);
    pdm_state_free(state);
}

static void lists_must_go_together(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = NULL;
    sample s = make_sample();
    assert_int_equal(pdm_experiment_create(NULL, NULL, &state, NULL), PDM_OK);
    assert_int_equal(update(state, &s, UNITS, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "arms");
    give_arms(state);
    assert_int_equal(update(state, &s, UNITS, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "metrics");
    assert_null(pdm_state_column_at(state, 0));
    give_metrics(state);
    assert_string_equal(pdm_state_column_at(state, 2)->name, "bought");
    assert_int_equal(pdm_state_column_at(state, 3)->role, PDM_ROLE_INTEGER);
    assert_null(pdm_state_column_at(state, 4));
    assert_int_equal(update(state, &s, UNITS, &err), PDM_OK);
    pdm_state_free(state);
}

static void policies_refuse_results(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_result *result = NULL;
    pdm_experiment_options options = pdm_experiment_options_default();
    options.crossover = PDM_EXPERIMENT_ERROR;
    pdm_state *state = make_state(&options);
    sample s = make_sample();
    s.unit[45] = 900;
    s.unit[3] = 900;
    s.unit[50] = -1;
    s.unit[7] = -1;
    assert_int_equal(update(state, &s, UNITS, &err), PDM_OK);
    assert_int_equal(pdm_state_result(state, &result, &err), PDM_E_CROSSOVER);
    assert_string_equal(err.message, "unit -1 is in several arms (crossover error)"); /* the least of them */
    pdm_state_free(state);
}

/* ---- what is believed, and which arm is best ---- */

static pdm_arm_moments spend_of(const sample *s, int64_t variant) {
    double sum = 0;
    double squares = 0;
    for (int64_t i = 0; i < UNITS; i++) {
        if (s->variant[i] != variant) continue;
        sum += (double)s->spend[i];
        squares += (double)(s->spend[i] * s->spend[i]);
    }
    return (pdm_arm_moments){30, sum / 30, (squares - sum * sum / 30) / 29};
}

static bool close_to(double got, double expected) { return fabs(got - expected) <= 1e-13 * fabs(expected); }

static void posteriors_are_the_calculators(void **unused) {
    (void)unused;
    sample s = make_sample();
    pdm_experiment_options options = pdm_experiment_options_default();
    options.posterior = PDM_EXPERIMENT_POSTERIOR_TOTAL;
    options.credible_level = 0.9;
    options.alternative = PDM_GREATER; /* which a posterior does not know, nor does it know looks */
    options.horizon = PDM_EXPERIMENT_ASYMP_CS;
    options.planned_n_total = 500;
    pdm_result *result = result_of(&options, &s);
    const pdm_table *t = pdm_result_table(result, "posterior");
    pdm_posterior p;
    pdm_interval d;
    assert_int_equal(pdm_table_rows(t), 2);
    assert_int_equal(pdm_beta_posterior(&counts, 1, 1, 0.9, &p, NULL), PDM_OK);
    assert_int_equal(pdm_beta_difference(&counts, 1, 1, 0.9, &d, NULL), PDM_OK);
    assert_true(pdm_table_f64(t, "prob_better")[0] == p.prob_better);
    assert_true(pdm_table_f64(t, "loss_if_treatment")[0] == p.loss_if_treatment);
    assert_true(pdm_table_f64(t, "low_control")[0] == p.low_control);
    assert_true(pdm_table_f64(t, "low")[0] == d.low && pdm_table_f64(t, "high")[0] == d.high);
    assert_int_equal(pdm_table_i32(t, "win")[0], 1);
    assert_true(pdm_table_f64(t, "a_control")[0] == 9 && pdm_table_f64(t, "b_control")[0] == 23);
    assert_true(pdm_table_f64(t, "a_treatment")[0] == 18 && pdm_table_f64(t, "b_treatment")[0] == 14);
    assert_true(pdm_table_is_null(t, "a_control", 1));
    double variance = 9.0 * 23 / (32.0 * 32 * 33) + 18.0 * 14 / (32.0 * 32 * 33);
    assert_true(close_to(pdm_table_f64(t, "sd")[0], sqrt(variance)));
    pdm_arm_moments c = spend_of(&s, 0);
    pdm_arm_moments treatment = spend_of(&s, 1);
    pdm_mean_options delta = pdm_mean_options_default();
    pdm_mean_effect effect;
    pdm_normal_prior prior = pdm_normal_prior_default();
    pdm_normal_result r;
    delta.lift = PDM_MEAN_LIFT_DELTA;
    prior.conf_level = 0.9;
    assert_int_equal(pdm_mean_compare(&c, &treatment, &delta, &effect, NULL), PDM_OK);
    assert_int_equal(pdm_normal_posterior(effect.lift.lift, effect.lift.se, &prior, &r, NULL), PDM_OK);
    assert_true(close_to(pdm_table_f64(t, "effect")[1], r.mean) && close_to(pdm_table_f64(t, "sd")[1], r.sd));
    assert_true(close_to(pdm_table_f64(t, "prob_better")[1], r.chance_to_win));
    assert_true(close_to(pdm_table_f64(t, "loss_if_control")[1], r.risk_control));
    assert_int_equal(pdm_table_i32(t, "win")[1], r.win);
    pdm_result_free(result);
}

static void the_best_arm_is_named(void **unused) {
    (void)unused;
    sample s = make_sample();
    pdm_experiment_options options = pdm_experiment_options_default();
    options.posterior = PDM_EXPERIMENT_POSTERIOR_TOTAL;
    pdm_result *result = result_of(&options, &s);
    const pdm_table *t = pdm_result_table(result, "best");
    const pdm_table *posterior = pdm_result_table(result, "posterior");
    assert_int_equal(pdm_table_rows(t), 2); /* no goals: the first metric alone */
    assert_true(pdm_table_bool(t, "best")[1] && !pdm_table_bool(t, "best")[0]);
    assert_true(pdm_table_is_null(t, "kept", 1)); /* nothing was planned, nothing is decided */
    assert_false(pdm_table_bool(t, "as_good")[0]);
    assert_true(pdm_table_f64(t, "p_adjusted")[0] == cell(result, "p", 0));
    assert_true(pdm_table_f64(t, "diff")[0] == -cell(result, "diff", 0));
    assert_true(close_to(pdm_table_f64(t, "prob_best")[1], pdm_table_f64(posterior, "prob_better")[0]));
    assert_true(close_to(pdm_table_f64(t, "prob_best")[0], pdm_table_f64(posterior, "prob_worse")[0]));
    assert_true(fabs(pdm_table_f64(t, "expected_loss")[0] - pdm_table_f64(posterior, "loss_if_control")[0]) < 1e-12);
    assert_true(fabs(pdm_table_f64(t, "expected_loss")[1] - pdm_table_f64(posterior, "loss_if_treatment")[0]) < 1e-12);
    pdm_result_free(result);
}

static pdm_status give_prior(pdm_state *state, const char *metric, double a, double mean, double sd, pdm_error *err) {
    const int32_t names[] = {0, (int32_t)strlen(metric)};
    const uint8_t there = 1;
    const uint8_t not_there = 0;
    pdm_column columns[] = {pdm_column_utf8("metric", names, metric), pdm_column_make("a", PDM_TYPE_FLOAT64, &a),
                            pdm_column_make("mean", PDM_TYPE_FLOAT64, &mean),
                            pdm_column_make("sd", PDM_TYPE_FLOAT64, &sd)};
    columns[1].validity = isnan(a) ? &not_there : &there;
    columns[2].validity = isnan(mean) ? &not_there : &there;
    columns[3].validity = isnan(sd) ? &not_there : &there;
    pdm_batch batch = pdm_batch_make(columns, 4, 1);
    pdm_status status = pdm_state_set_list(state, "priors", &batch, err);
    sample s = make_sample();
    return status == PDM_OK ? update(state, &s, UNITS, err) : status;
}

static void priors_fit_their_metric(void **unused) {
    (void)unused;
    static const struct {
        const char *metric;
        double a, mean, sd;
        pdm_status status;
    } cases[] = {
        {"bought", 3, (double)NAN, (double)NAN, PDM_OK},
        {"spend", (double)NAN, -0.1, 0.3, PDM_OK},
        {"bought", (double)NAN, 0, 0.3, PDM_E_BAD_OPTION},         /* a rate has a Beta prior */
        {"spend", 2, (double)NAN, (double)NAN, PDM_E_BAD_OPTION},  /* only a rate has */
        {"bought", 0, (double)NAN, (double)NAN, PDM_E_BAD_OPTION}, /* improper */
        {"spend", (double)NAN, 0, -1, PDM_E_BAD_OPTION},           /* no spread */
        {"spend", (double)NAN, 0.1, (double)NAN, PDM_E_BAD_OPTION},
        {"profit", 1, (double)NAN, (double)NAN, PDM_E_BAD_OPTION}, /* no such metric */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pdm_error err;
        pdm_state *state = make_state(NULL);
        assert_int_equal(give_prior(state, cases[i].metric, cases[i].a, cases[i].mean, cases[i].sd, &err),
                         cases[i].status);
        if (cases[i].status != PDM_OK) assert_string_equal(err.column, "priors");
        pdm_state_free(state);
    }
}

/* ---- earlier looks ---- */

static pdm_status give_intervals(pdm_state *state, char variant, pdm_error *err) {
    static const int32_t names[] = {0, 6, 12, 17};
    static const double low[] = {0.05, -0.3, 0};
    static const double high[] = {0.7, 0.45, 100};
    static const double p[] = {0.03, 0.2, 0};
    static const uint8_t two = 0x03;
    const char texts[] = {variant, variant, variant};
    const int32_t variants[] = {0, 1, 2, 3};
    pdm_column columns[] = {pdm_column_utf8("metric", names, "boughtboughtspend"),
                            pdm_column_utf8("variant", variants, texts), pdm_column_make("low", PDM_TYPE_FLOAT64, low),
                            pdm_column_make("high", PDM_TYPE_FLOAT64, high),
                            pdm_column_make("p_always_valid", PDM_TYPE_FLOAT64, p)};
    columns[4].validity = &two;
    pdm_batch batch = pdm_batch_make(columns, 5, 3);
    pdm_status status = pdm_state_set_list(state, "intervals", &batch, err);
    sample s = make_sample();
    return status == PDM_OK ? update(state, &s, UNITS, err) : status;
}

static void looks_are_cut_to_those_before(void **unused) {
    (void)unused;
    pdm_error err;
    sample s = make_sample();
    pdm_experiment_options options = pdm_experiment_options_default();
    options.horizon = PDM_EXPERIMENT_ASYMP_CS;
    options.planned_n_total = 100;
    pdm_result *alone = result_of(&options, &s);
    pdm_state *state = make_state(&options);
    pdm_result *result = NULL;
    assert_int_equal(give_intervals(state, '1', &err), PDM_OK);
    assert_int_equal(pdm_state_result(state, &result, &err), PDM_OK);
    const pdm_table *now = pdm_result_table(alone, "looks");
    const pdm_table *cut = pdm_result_table(result, "looks");
    assert_true(pdm_table_f64(now, "low")[0] < 0.05 && pdm_table_f64(now, "high")[0] > 0.45);
    assert_true(pdm_table_f64(cut, "low")[0] == 0.05 && pdm_table_f64(cut, "high")[0] == 0.45);
    assert_true(pdm_table_f64(cut, "p_always_valid")[0] == fmin(0.03, pdm_table_f64(now, "p_always_valid")[0]));
    assert_true(pdm_table_bool(cut, "crossed")[0] && !pdm_table_bool(now, "crossed")[0]);
    assert_true(pdm_table_f64(cut, "low")[1] == fmax(0, pdm_table_f64(now, "low")[1]));
    assert_true(pdm_table_f64(cut, "p_always_valid")[1] == pdm_table_f64(now, "p_always_valid")[1]);
    assert_true(cell(result, "low", 0) == cell(alone, "low", 0)); /* effects are those of this look */
    pdm_result_free(alone);
    pdm_result_free(result);
    pdm_state_free(state);
    state = make_state(&options);
    assert_int_equal(give_intervals(state, '2', &err), PDM_E_BAD_OPTION); /* no such arm */
    assert_string_equal(err.column, "intervals");
    pdm_state_free(state);
    state = make_state(NULL);
    assert_int_equal(give_intervals(state, '1', &err), PDM_E_BAD_OPTION); /* fixed horizon */
    assert_string_equal(err.column, "intervals");
    pdm_state_free(state);
}

/* ---- units ---- */

static void units_contradict_themselves(void **unused) {
    (void)unused;
    sample s = make_sample();
    s.unit[45] = s.unit[3]; /* both arms */
    s.unit[8] = s.unit[7];  /* other values */
    s.unit[12] = s.unit[11];
    s.bought[12] = s.bought[11];
    s.spend[12] = s.spend[11]; /* a repeat */
    pdm_result *result = result_of(NULL, &s);
    const pdm_table *quality = pdm_result_table(result, "quality");
    assert_int_equal(pdm_table_i64(quality, "units")[0], UNITS - 3);
    assert_int_equal(pdm_table_i64(quality, "crossovers")[0], 1);
    assert_int_equal(pdm_table_i64(quality, "conflicts")[0], 1);
    assert_int_equal(pdm_table_i64(quality, "duplicate_rows")[0], 1);
    assert_int_equal(pdm_table_i64(pdm_result_table(result, "arms"), "units")[0], 30 - 4);
    pdm_result_free(result);
}

static void sums_beyond_int64_name_the_unit(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_result *result = NULL;
    pdm_experiment_options options = pdm_experiment_options_default();
    options.unit_rows = PDM_EXPERIMENT_SUM;
    pdm_state *state = make_state(&options);
    sample s = make_sample();
    s.unit[5] = s.unit[6] = 77;
    s.spend[5] = INT64_MAX;
    s.spend[6] = 0;
    assert_int_equal(update(state, &s, UNITS, &err), PDM_OK);
    assert_int_equal(pdm_state_result(state, &result, &err), PDM_OK);
    pdm_result_free(result);
    s.spend[6] = 1;
    s.spend[5] = 0;
    assert_int_equal(update(state, &s, UNITS, &err), PDM_OK);
    assert_int_equal(pdm_state_result(state, &result, &err), PDM_E_OVERFLOW);
    assert_string_equal(err.column, "spend");
    assert_string_equal(err.message, "column \"spend\": the sum of unit 77 exceeds int64");
    pdm_state_free(state);
}

static void nothing_is_an_answer(void **unused) {
    (void)unused;
    pdm_state *state = make_state(NULL);
    pdm_result *result = NULL;
    assert_int_equal(pdm_state_result(state, &result, NULL), PDM_OK);
    const pdm_table *effects = pdm_result_table(result, NULL);
    assert_int_equal(pdm_table_rows(effects), 2);
    size_t length = 0;
    for (int64_t row = 0; row < 2; row++) {
        const char *text = pdm_table_utf8(effects, "status", row, &length);
        assert_memory_equal(text, "no_data", 7);
        assert_true(pdm_table_is_null(effects, "p", row));
    }
    pdm_result_free(result);
    pdm_state_free(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_are_the_calculators),     cmocka_unit_test(intervals_are_the_calculators),
        cmocka_unit_test(rates_are_the_calculators),     cmocka_unit_test(bad_rows_are_named),
        cmocka_unit_test(lists_must_go_together),        cmocka_unit_test(policies_refuse_results),
        cmocka_unit_test(units_contradict_themselves),   cmocka_unit_test(sums_beyond_int64_name_the_unit),
        cmocka_unit_test(nothing_is_an_answer),          cmocka_unit_test(posteriors_are_the_calculators),
        cmocka_unit_test(the_best_arm_is_named),         cmocka_unit_test(priors_fit_their_metric),
        cmocka_unit_test(looks_are_cut_to_those_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
