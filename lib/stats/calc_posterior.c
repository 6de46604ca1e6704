/* Calculators `beta_posterior`, `beta_best`, `gamma_posterior`, `normal_posterior`, `normal_best`: what is believed after the data. */
#include "stats/calculator.h"
#include "stats/groups.h"
#include "stats/margin_table.h"
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/posterior.h>

#include <stdio.h>

#define POSTERIOR_COLUMNS                                                                                              \
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),                                                               \
        PDM__RESULT("mean_control", PDM_TYPE_FLOAT64, "as the metric", "Posterior mean of the control."),              \
        PDM__RESULT("mean_treatment", PDM_TYPE_FLOAT64, "as the metric", "Posterior mean of the treatment."),          \
        PDM__RESULT("low_control", PDM_TYPE_FLOAT64, "as the metric", "Credible interval of the control."),            \
        PDM__RESULT("high_control", PDM_TYPE_FLOAT64, "as the metric", "Its other end."),                              \
        PDM__RESULT("low_treatment", PDM_TYPE_FLOAT64, "as the metric", "Credible interval of the treatment."),        \
        PDM__RESULT("high_treatment", PDM_TYPE_FLOAT64, "as the metric", "Its other end."),                            \
        PDM__RESULT("prob_better", PDM_TYPE_FLOAT64, "", "Chance that the treatment is higher."),                      \
        PDM__RESULT("prob_worse", PDM_TYPE_FLOAT64, "", "Chance that it is lower, computed directly."),                \
        PDM__RESULT("log_prob_better", PDM_TYPE_FLOAT64, "", "Natural logarithm of prob_better."),                     \
        PDM__RESULT("log_prob_worse", PDM_TYPE_FLOAT64, "", "Natural logarithm of prob_worse."),                       \
        PDM__RESULT("loss_if_treatment", PDM_TYPE_FLOAT64, "as the metric", "What choosing the treatment may cost."),  \
        PDM__RESULT("loss_if_control", PDM_TYPE_FLOAT64, "as the metric", "What keeping the control may cost."),       \
        PDM__RESULT("log_loss_if_treatment", PDM_TYPE_FLOAT64, "", "Natural logarithm of loss_if_treatment."),         \
        PDM__RESULT("log_loss_if_control", PDM_TYPE_FLOAT64, "", "Natural logarithm of loss_if_control.")
#define POSTERIOR_COUNT 15

static void put_posterior(pdm__rows *out, int64_t row, const pdm__values *name, const pdm_posterior *p) {
    const double numbers[] = {p->mean_control,          p->mean_treatment,     p->low_control,       p->high_control,
                              p->low_treatment,         p->high_treatment,     p->prob_better,       p->prob_worse,
                              p->log_prob_better,       p->log_prob_worse,     p->loss_if_treatment, p->loss_if_control,
                              p->log_loss_if_treatment, p->log_loss_if_control};
    pdm__put_key(out, 0, row, name, row);
    for (int32_t c = 0; c < PDM__COUNT(numbers); c++) pdm__put_limit(out, c + 1, row, numbers[c]);
}

static pdm_status read_counts(const pdm__calc *calc, int64_t row, int32_t column, int64_t *x, int64_t *n,
                              pdm_error *err) {
    PDM__TRY(pdm__calc_whole(calc, 0, column, row, PDM_E_BAD_COUNT, x, err));
    PDM__TRY(pdm__calc_whole(calc, 0, column + 1, row, PDM_E_BAD_COUNT, n, err));
    if (*x >= 0 && *x <= *n) return PDM_OK;
    return pdm__calc_fail(calc, 0, column, row, PDM_E_BAD_COUNT, err, "%lld of %lld; 0 <= successes <= trials expected",
                          (long long)*x, (long long)*n);
}

#define BETA_PRIOR(options_type)                                                                                       \
    PDM__OPTION_FLOAT(options_type, prior_a, 1.0, "", "Beta prior: conversions seen before; 1 and 1 = uniform."),      \
        PDM__OPTION_FLOAT(options_type, prior_b, 1.0, "", "Beta prior: units seen before that did not convert."),      \
        PDM__OPTION_FLOAT(options_type, conf_level, 0.95, "", "Level of the credible intervals.")

/* ---- beta_posterior ---- */

enum { TWO_NAME, TWO_X_CONTROL, TWO_N_CONTROL, TWO_X_TREATMENT, TWO_N_TREATMENT };

static const pdm_column_info two_columns[] = {
    [TWO_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    [TWO_X_CONTROL] = PDM__COLUMN("x_control", PDM_ROLE_FLOAT, "units", "Units of the control that converted."),
    [TWO_N_CONTROL] = PDM__COLUMN("n_control", PDM_ROLE_FLOAT, "units", "Units of the control."),
    [TWO_X_TREATMENT] = PDM__COLUMN("x_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment that converted."),
    [TWO_N_TREATMENT] = PDM__COLUMN("n_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment."),
};
static const pdm_list_info beta_posterior_inputs[] = {
    PDM__INPUT("counts", two_columns, PDM_INPUT_ROWS, "Comparisons of a treatment with a control.")};
static const pdm__column_rule beta_posterior_rules[] = {PDM__NO_RULE};
static const pdm_option_info beta_posterior_options[] = {
    PDM__OPTION_STRICT(pdm_beta_options),
    BETA_PRIOR(pdm_beta_options),
    PDM__OPTION_BOOL(pdm_beta_options, skip_difference,
                     "Leaves the interval of the difference out; it takes ten times as long as the rest."),
};
static const pdm_result_column_info beta_results[] = {
    POSTERIOR_COLUMNS,
    PDM__RESULT("diff", PDM_TYPE_FLOAT64, "as the metric", "Posterior mean of treatment less control."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the metric", "Credible interval of the difference, exact equal tails."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the metric", "Its other end."),
    PDM__RESULT("win", PDM_TYPE_INT32, "", "1 = that interval lies above 0, −1 = below, else 0."),
    PDM__RESULT("a_control", PDM_TYPE_FLOAT64, "", "Posterior Beta(a, b) of the control."),
    PDM__RESULT("b_control", PDM_TYPE_FLOAT64, "", "Its b."),
    PDM__RESULT("a_treatment", PDM_TYPE_FLOAT64, "", "Posterior Beta(a, b) of the treatment."),
    PDM__RESULT("b_treatment", PDM_TYPE_FLOAT64, "", "Its b."),
};
static const pdm_table_info beta_posterior_tables[] = {PDM__TABLE("posteriors", beta_results, "A comparison.")};

static pdm_status beta_at(const pdm_beta_options *chosen, const pdm_two_proportions *two, pdm_posterior *p,
                          pdm_interval *difference, pdm_error *err) {
    *difference = (pdm_interval){.low = PDM__NAN, .high = PDM__NAN};
    PDM__TRY(pdm_beta_posterior(two, chosen->prior_a, chosen->prior_b, chosen->conf_level, p, err));
    if (chosen->skip_difference != 0) return PDM_OK;
    return pdm_beta_difference(two, chosen->prior_a, chosen->prior_b, chosen->conf_level, difference, err);
}

static pdm_status beta_posterior_run(pdm__calc *calc, pdm_error *err) {
    const pdm_beta_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[TWO_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_two_proportions two;
        pdm_posterior p;
        pdm_interval diff;
        PDM__TRY(pdm__calc_poll(calc, 65536, err));
        PDM__TRY(read_counts(calc, i, TWO_X_CONTROL, &two.x_control, &two.n_control, err));
        PDM__TRY(read_counts(calc, i, TWO_X_TREATMENT, &two.x_treatment, &two.n_treatment, err));
        pdm_status status = beta_at(chosen, &two, &p, &diff, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        put_posterior(&out, i, &in->columns[TWO_NAME], &p);
        pdm__put_float(&out, POSTERIOR_COUNT, i, p.mean_treatment - p.mean_control);
        pdm__put_float(&out, POSTERIOR_COUNT + 1, i, diff.low);
        pdm__put_float(&out, POSTERIOR_COUNT + 2, i, diff.high);
        pdm__put_int(&out, POSTERIOR_COUNT + 3, i, diff.low > 0 ? 1 : diff.high < 0 ? -1 : 0);
        if (isnan(diff.low)) pdm__put_null(&out, POSTERIOR_COUNT + 3, i);
        pdm__put_float(&out, POSTERIOR_COUNT + 4, i, chosen->prior_a + (double)two.x_control);
        pdm__put_float(&out, POSTERIOR_COUNT + 5, i, chosen->prior_b + (double)(two.n_control - two.x_control));
        pdm__put_float(&out, POSTERIOR_COUNT + 6, i, chosen->prior_a + (double)two.x_treatment);
        pdm__put_float(&out, POSTERIOR_COUNT + 7, i, chosen->prior_b + (double)(two.n_treatment - two.x_treatment));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(beta_posterior, pdm_beta_options, "Posterior of two rates", "转化率贝叶斯后验",
                "How likely the treatment's conversion rate is the higher one, and what a wrong choice may cost.");

/* ---- beta_best ---- */

#define MOST_ARMS 64

enum { BEST_VARIANT, BEST_X, BEST_N, BEST_NAME };

static const pdm_column_info best_columns[] = {
    [BEST_VARIANT] = PDM__COLUMN_OR_NULL("variant", PDM_ROLE_TEXT, "", "Arm; default: its number in the experiment."),
    [BEST_X] = PDM__COLUMN("x", PDM_ROLE_FLOAT, "units", "Units that converted."),
    [BEST_N] = PDM__COLUMN("n", PDM_ROLE_FLOAT, "units", "Units in all."),
    [BEST_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Experiment; default: all rows are arms of the same."),
};
static const pdm_list_info beta_best_inputs[] = {
    PDM__INPUT("arms", best_columns, PDM_INPUT_ROWS, "Arms, 2 to 64; those with the same name are one experiment.")};
static const pdm__column_rule beta_best_rules[] = {PDM__NO_RULE};
static const pdm_option_info beta_best_options[] = {
    PDM__OPTION_STRICT(pdm_beta_options),
    BETA_PRIOR(pdm_beta_options),
};
static const pdm_result_column_info best_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("variant", PDM_TYPE_LARGE_UTF8, "", "As given; its number in the experiment."),
    PDM__RESULT("mean", PDM_TYPE_FLOAT64, "of units", "Posterior mean of the rate."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "of units", "Its credible interval."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "of units", "Its other end."),
    PDM__RESULT("prob_best", PDM_TYPE_FLOAT64, "", "Chance to have the highest rate of all arms."),
    PDM__RESULT("a", PDM_TYPE_FLOAT64, "", "Posterior Beta(a, b)."),
    PDM__RESULT("b", PDM_TYPE_FLOAT64, "", "Its b."),
    PDM__RESULT("expected_loss", PDM_TYPE_FLOAT64, "of units",
                "What choosing it costs on average: how much the best of the others is higher, where it is."),
};
static const pdm_table_info beta_best_tables[] = {
    PDM__TABLE("arms", best_results, "An arm, experiment by experiment.")};

static pdm_status best_of(const pdm__calc *calc, const pdm__groups *groups, int32_t g, pdm__rows *out, pdm_error *err) {
    const pdm_beta_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[0].columns;
    int64_t x[MOST_ARMS];
    int64_t n[MOST_ARMS];
    double best[MOST_ARMS];
    double loss[MOST_ARMS];
    int64_t start = groups->start[g];
    int32_t arms = (int32_t)(groups->start[g + 1] - start);
    double tail = 0.5 * pdm__rest_of_level(chosen->conf_level);
    for (int32_t i = 0; i < arms; i++) PDM__TRY(read_counts(calc, groups->rows[start + i], BEST_X, &x[i], &n[i], err));
    PDM__TRY(pdm__check_level(chosen->conf_level, "conf_level", err));
    pdm_status status = pdm_beta_best(x, n, arms, chosen->prior_a, chosen->prior_b, best, loss, err);
    if (status != PDM_OK) return pdm__groups_failed(calc, groups, g, status, err);
    for (int32_t i = 0; i < arms; i++) {
        double a = chosen->prior_a + (double)x[i];
        double b = chosen->prior_b + (double)(n[i] - x[i]);
        char number[16];
        (void)snprintf(number, sizeof number, "%d", i);
        pdm__put_key(out, 0, start + i, &cells[BEST_NAME], groups->rows[start]);
        pdm__put_text(out, 1, start + i, pdm__text_at(&cells[BEST_VARIANT], groups->rows[start + i], number));
        pdm__put_float(out, 2, start + i, a / (a + b));
        pdm__put_float(out, 3, start + i, pdm_beta_quantile(tail, a, b));
        pdm__put_float(out, 4, start + i, pdm_beta_isf(tail, a, b));
        pdm__put_float(out, 5, start + i, best[i]);
        pdm__put_float(out, 6, start + i, a);
        pdm__put_float(out, 7, start + i, b);
        pdm__put_float(out, 8, start + i, loss[i]);
    }
    return PDM_OK;
}

static pdm_status beta_best_run(pdm__calc *calc, pdm_error *err) {
    pdm__groups groups;
    pdm__rows out;
    PDM__TRY(pdm__groups_make(calc, BEST_NAME, &groups, err));
    PDM__TRY(pdm__groups_check(calc, &groups, BEST_VARIANT, MOST_ARMS, err));
    PDM__TRY(pdm__rows_begin(calc, 0, calc->sheets[0].rows, &calc->sheets[0].columns[BEST_NAME], &out, err));
    for (int32_t g = 0; g < groups.count; g++) {
        PDM__TRY(pdm__calc_poll(calc, 65536, err));
        PDM__TRY(best_of(calc, &groups, g, &out, err));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(beta_best, pdm_beta_options, "The best of several rates", "多组最优概率",
                "How likely each of several arms has the highest conversion rate.");

/* ---- gamma_posterior ---- */

enum { EVENT_NAME, EVENTS_CONTROL, EXPOSURE_CONTROL, EVENTS_TREATMENT, EXPOSURE_TREATMENT };

static const pdm_column_info event_columns[] = {
    [EVENT_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    [EVENTS_CONTROL] = PDM__COLUMN("events_control", PDM_ROLE_FLOAT, "events", "Events (orders) of the control."),
    [EXPOSURE_CONTROL] =
        PDM__COLUMN("exposure_control", PDM_ROLE_FLOAT, "", "What they were observed over: units, unit-weeks …"),
    [EVENTS_TREATMENT] = PDM__COLUMN("events_treatment", PDM_ROLE_FLOAT, "events", "Events of the treatment."),
    [EXPOSURE_TREATMENT] = PDM__COLUMN("exposure_treatment", PDM_ROLE_FLOAT, "", "What they were observed over."),
};
static const pdm_list_info gamma_posterior_inputs[] = {
    PDM__INPUT("counts", event_columns, PDM_INPUT_ROWS, "Comparisons of a treatment with a control.")};
static const pdm__column_rule gamma_posterior_rules[] = {PDM__NO_RULE};
static const pdm_option_info gamma_posterior_options[] = {
    PDM__OPTION_STRICT(pdm_gamma_options),
    PDM__OPTION_FLOAT(pdm_gamma_options, prior_shape, 1.0, "",
                      "Gamma prior: shape, as if so many events had been seen."),
    PDM__OPTION_FLOAT(pdm_gamma_options, prior_rate, 0.0, "", "Gamma prior: rate, the exposure they were seen over."),
    PDM__OPTION_FLOAT(pdm_gamma_options, conf_level, 0.95, "", "Level of the credible intervals."),
};
static const pdm_result_column_info gamma_results[] = {
    POSTERIOR_COLUMNS,
    PDM__RESULT("shape_control", PDM_TYPE_FLOAT64, "", "Posterior Gamma(shape, rate) of the control."),
    PDM__RESULT("rate_control", PDM_TYPE_FLOAT64, "", "Its rate."),
    PDM__RESULT("shape_treatment", PDM_TYPE_FLOAT64, "", "Posterior Gamma(shape, rate) of the treatment."),
    PDM__RESULT("rate_treatment", PDM_TYPE_FLOAT64, "", "Its rate."),
};
static const pdm_table_info gamma_posterior_tables[] = {PDM__TABLE("posteriors", gamma_results, "A comparison.")};

static pdm_status gamma_posterior_run(pdm__calc *calc, pdm_error *err) {
    const pdm_gamma_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[EVENT_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_two_counts two;
        pdm_posterior p;
        PDM__TRY(pdm__calc_poll(calc, 4096, err));
        PDM__TRY(pdm__calc_whole(calc, 0, EVENTS_CONTROL, i, PDM_E_BAD_COUNT, &two.events_control, err));
        PDM__TRY(pdm__calc_whole(calc, 0, EVENTS_TREATMENT, i, PDM_E_BAD_COUNT, &two.events_treatment, err));
        two.exposure_control = in->columns[EXPOSURE_CONTROL].f64[i];
        two.exposure_treatment = in->columns[EXPOSURE_TREATMENT].f64[i];
        pdm_status status =
            pdm_gamma_posterior(&two, chosen->prior_shape, chosen->prior_rate, chosen->conf_level, &p, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        put_posterior(&out, i, &in->columns[EVENT_NAME], &p);
        pdm__put_float(&out, POSTERIOR_COUNT, i, chosen->prior_shape + (double)two.events_control);
        pdm__put_float(&out, POSTERIOR_COUNT + 1, i, chosen->prior_rate + two.exposure_control);
        pdm__put_float(&out, POSTERIOR_COUNT + 2, i, chosen->prior_shape + (double)two.events_treatment);
        pdm__put_float(&out, POSTERIOR_COUNT + 3, i, chosen->prior_rate + two.exposure_treatment);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(gamma_posterior, pdm_gamma_options, "Posterior of two event rates", "事件率贝叶斯后验",
                "How likely the treatment has more events per exposure (orders per customer and week).");

/* ---- normal_posterior ---- */

enum { EFFECT_NAME, EFFECT_ESTIMATE, EFFECT_SE, EFFECT_CONTROL, EFFECT_PRIOR_MEAN, EFFECT_PRIOR_SD };

static const pdm_column_info effect_columns[] = {
    [EFFECT_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    [EFFECT_ESTIMATE] = PDM__COLUMN("estimate", PDM_ROLE_FLOAT, "as `scale` says", "Effect."),
    [EFFECT_SE] = PDM__COLUMN("se", PDM_ROLE_FLOAT, "as `scale` says", "Its standard error."),
    [EFFECT_CONTROL] = PDM__COLUMN_OR_NULL("control", PDM_ROLE_FLOAT, "as the metric",
                                           "Mean of the control; needed where the prior is on the other scale."),
    [EFFECT_PRIOR_MEAN] =
        PDM__COLUMN_OR_NULL("prior_mean", PDM_ROLE_FLOAT, "as `prior_scale` says", "Of a normal prior; default 0."),
    [EFFECT_PRIOR_SD] =
        PDM__COLUMN_OR_NULL("prior_sd", PDM_ROLE_FLOAT, "as `prior_scale` says",
                            "Its standard deviation (0.3 on the lift is usual); default: a flat prior."),
};
static const pdm_list_info normal_posterior_inputs[] = {
    PDM__INPUT("effects", effect_columns, PDM_INPUT_ROWS, "Effects, as a test gives them.")};
static const pdm__column_rule normal_posterior_rules[] = {{0, EFFECT_SE, PDM_E_BAD_VALUE, 0.0, PDM__INF},
                                                          {0, EFFECT_PRIOR_SD, PDM_E_BAD_VALUE, 0.0, PDM__INF}};
static const pdm_option_info normal_posterior_options[] = {
    PDM__OPTION_STRICT(pdm_normal_options),
    PDM__OPTION_ENUM(pdm_normal_options, scale, pdm__margin_scales, "Estimate and se are of the lift, or in points."),
    PDM__OPTION_ENUM(pdm_normal_options, prior_scale, pdm__margin_scales, "The prior is on the lift, or in points."),
    PDM__OPTION_ENUM(pdm_normal_options, direction, pdm__direction_names, "Which way is better."),
    PDM__OPTION_FLOAT(pdm_normal_options, conf_level, 0.95, "", "Level of the credible interval."),
};
static const pdm_result_column_info normal_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("mean", PDM_TYPE_FLOAT64, "as `scale` says", "Posterior mean of the effect."),
    PDM__RESULT("sd", PDM_TYPE_FLOAT64, "as `scale` says", "Its standard deviation."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as `scale` says", "Credible interval."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as `scale` says", "Its other end."),
    PDM__RESULT("chance_to_win", PDM_TYPE_FLOAT64, "", "Chance that the treatment is better."),
    PDM__RESULT("log_chance_to_win", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),
    PDM__RESULT("log_chance_to_lose", PDM_TYPE_FLOAT64, "", "That of the complement."),
    PDM__RESULT("risk_control", PDM_TYPE_FLOAT64, "as `scale` says", "Expected loss of keeping the control."),
    PDM__RESULT("risk_treatment", PDM_TYPE_FLOAT64, "as `scale` says", "Expected loss of taking the treatment."),
    PDM__RESULT("log_risk_control", PDM_TYPE_FLOAT64, "", "Natural logarithm of risk_control."),
    PDM__RESULT("log_risk_treatment", PDM_TYPE_FLOAT64, "", "Natural logarithm of risk_treatment."),
    PDM__RESULT("win", PDM_TYPE_INT32, "",
                "1 = the interval excludes 0 on the good side, −1 = on the bad side, else 0."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info normal_posterior_tables[] = {PDM__TABLE("posteriors", normal_results, "An effect.")};

static void put_normal(pdm__rows *out, int64_t row, const pdm__values *name, const pdm_normal_result *p) {
    const double numbers[] = {p->mean,
                              p->sd,
                              p->low,
                              p->high,
                              p->chance_to_win,
                              p->log_chance_to_win,
                              p->log_chance_to_lose,
                              p->risk_control,
                              p->risk_treatment,
                              p->log_risk_control,
                              p->log_risk_treatment};
    pdm__put_key(out, 0, row, name, row);
    for (int32_t c = 0; c < PDM__COUNT(numbers); c++) pdm__put_limit(out, c + 1, row, numbers[c]);
    pdm__put_int(out, 12, row, p->win);
    if (p->status != PDM_STATUS_OK) pdm__put_null(out, 12, row);
    pdm__put_status(out, 13, row, p->status, NULL);
}

static pdm_status normal_posterior_run(pdm__calc *calc, pdm_error *err) {
    const pdm_normal_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    const pdm__values *cells = in->columns;
    pdm_normal_prior prior = pdm_normal_prior_default();
    pdm__rows out;
    prior.scale = chosen->scale;
    prior.prior_scale = chosen->prior_scale;
    prior.lower = chosen->direction == PDM_LOWER_IS_BETTER ? 1 : 0;
    prior.conf_level = chosen->conf_level;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &cells[EFFECT_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_normal_result p;
        prior.prior_mean = pdm__number(&cells[EFFECT_PRIOR_MEAN], i, 0.0);
        prior.prior_sd = pdm__number(&cells[EFFECT_PRIOR_SD], i, 0.0);
        prior.control = pdm__number(&cells[EFFECT_CONTROL], i, 0.0);
        if (prior.prior_sd == 0.0 && (prior.prior_mean != 0.0 || pdm__given(&cells[EFFECT_PRIOR_SD], i))) {
            return pdm__calc_fail(calc, 0, EFFECT_PRIOR_SD, i, PDM_E_BAD_VALUE, err,
                                  "a prior needs a standard deviation above 0; leave both out for a flat one");
        }
        pdm_status status =
            pdm_normal_posterior(cells[EFFECT_ESTIMATE].f64[i], cells[EFFECT_SE].f64[i], &prior, &p, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        put_normal(&out, i, &cells[EFFECT_NAME], &p);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(normal_posterior, pdm_normal_options, "Posterior of an effect", "效果贝叶斯后验",
                "How likely an effect is a good one, with or without a prior, and what a wrong choice may cost.");

/* ---- normal_best ---- */

enum { MEAN_VARIANT, MEAN_MEAN, MEAN_SE, MEAN_NAME };

static const pdm_column_info mean_columns[] = {
    [MEAN_VARIANT] = PDM__COLUMN_OR_NULL("variant", PDM_ROLE_TEXT, "", "Arm; default: its number in the experiment."),
    [MEAN_MEAN] = PDM__COLUMN("mean", PDM_ROLE_FLOAT, "as the metric", "Mean of the arm."),
    [MEAN_SE] = PDM__COLUMN("se", PDM_ROLE_FLOAT, "as the metric", "Its standard error, above 0."),
    [MEAN_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Experiment; default: all rows are arms of the same."),
};
static const pdm_list_info normal_best_inputs[] = {
    PDM__INPUT("arms", mean_columns, PDM_INPUT_ROWS, "Arms, 2 to 64; those with the same name are one experiment.")};
static const pdm__column_rule normal_best_rules[] = {PDM__NO_RULE};
static const pdm_option_info normal_best_options[] = {
    PDM__OPTION_STRICT(pdm_normal_options),
    PDM__OPTION_ENUM(pdm_normal_options, direction, pdm__direction_names, "Which way is better."),
    PDM__OPTION_FLOAT(pdm_normal_options, conf_level, 0.95, "", "Level of the credible intervals."),
};
static const pdm_result_column_info normal_best_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("variant", PDM_TYPE_LARGE_UTF8, "", "As given; its number in the experiment."),
    PDM__RESULT("mean", PDM_TYPE_FLOAT64, "as the metric", "As given: the prior is flat."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the metric", "Its credible interval."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the metric", "Its other end."),
    PDM__RESULT("prob_best", PDM_TYPE_FLOAT64, "", "Chance to be the best of all arms."),
    PDM__RESULT("expected_loss", PDM_TYPE_FLOAT64, "as the metric",
                "What choosing it costs on average: how much the best of the others is better, where it is."),
};
static const pdm_table_info normal_best_tables[] = {
    PDM__TABLE("arms", normal_best_results, "An arm, experiment by experiment.")};

static pdm_status best_mean_of(const pdm__calc *calc, const pdm__groups *groups, int32_t g, pdm__rows *out,
                               pdm_error *err) {
    const pdm_normal_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[0].columns;
    double mean[MOST_ARMS];
    double se[MOST_ARMS];
    double best[MOST_ARMS];
    double loss[MOST_ARMS];
    int64_t start = groups->start[g];
    int32_t arms = (int32_t)(groups->start[g + 1] - start);
    double sign = chosen->direction == PDM_LOWER_IS_BETTER ? -1 : 1;
    PDM__TRY(pdm__check_level(chosen->conf_level, "conf_level", err));
    double reach = pdm__critical(chosen->conf_level, PDM_TWO_SIDED);
    for (int32_t i = 0; i < arms; i++) {
        int64_t row = groups->rows[start + i];
        mean[i] = sign * cells[MEAN_MEAN].f64[row];
        se[i] = cells[MEAN_SE].f64[row];
        if (!(se[i] > 0)) {
            return pdm__calc_fail(calc, 0, MEAN_SE, row, PDM_E_BAD_VALUE, err,
                                  "%.17g; a standard error above 0 expected", se[i]);
        }
    }
    pdm_status status = pdm_normal_best(mean, se, arms, best, loss, err);
    if (status != PDM_OK) return pdm__groups_failed(calc, groups, g, status, err);
    for (int32_t i = 0; i < arms; i++) {
        char number[16];
        (void)snprintf(number, sizeof number, "%d", i);
        pdm__put_key(out, 0, start + i, &cells[MEAN_NAME], groups->rows[start]);
        pdm__put_text(out, 1, start + i, pdm__text_at(&cells[MEAN_VARIANT], groups->rows[start + i], number));
        pdm__put_float(out, 2, start + i, sign * mean[i]);
        pdm__put_float(out, 3, start + i, sign * mean[i] - reach * se[i]);
        pdm__put_float(out, 4, start + i, sign * mean[i] + reach * se[i]);
        pdm__put_float(out, 5, start + i, best[i]);
        pdm__put_float(out, 6, start + i, loss[i]);
    }
    return PDM_OK;
}

static pdm_status normal_best_run(pdm__calc *calc, pdm_error *err) {
    pdm__groups groups;
    pdm__rows out;
    PDM__TRY(pdm__groups_make(calc, MEAN_NAME, &groups, err));
    PDM__TRY(pdm__groups_check(calc, &groups, MEAN_VARIANT, MOST_ARMS, err));
    PDM__TRY(pdm__rows_begin(calc, 0, calc->sheets[0].rows, &calc->sheets[0].columns[MEAN_NAME], &out, err));
    for (int32_t g = 0; g < groups.count; g++) {
        PDM__TRY(pdm__calc_poll(calc, 65536, err));
        PDM__TRY(best_mean_of(calc, &groups, g, &out, err));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(normal_best, pdm_normal_options, "The best of several means", "多组均值最优概率",
                "How likely each of several arms has the best mean, and what choosing it may cost.");
