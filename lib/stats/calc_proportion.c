/* Calculators `proportion_interval`, `proportion_test` and `proportion_margin_test`. */
#include "stats/effect_table.h"
#include "stats/margin_table.h"

#include <pdmetrics/stats/calculators.h>

static pdm_status read_counts(const pdm__calc *calc, int64_t row, int32_t column, int64_t out[2], pdm_error *err) {
    for (int32_t i = 0; i < 2; i++) PDM__TRY(pdm__calc_whole(calc, 0, column + i, row, PDM_E_BAD_COUNT, &out[i], err));
    if (out[0] >= 0 && out[0] <= out[1]) return PDM_OK;
    return pdm__calc_fail(calc, 0, column, row, PDM_E_BAD_COUNT, err, "%lld of %lld; 0 <= successes <= trials expected",
                          (long long)out[0], (long long)out[1]);
}

/* ---- proportion_interval ---- */

enum { RATE_NAME, RATE_SUCCESSES, RATE_TRIALS };

static const char *const rate_methods[] = {"wilson", "wilson_cc", "clopper_pearson", "jeffreys", "agresti_coull",
                                           "wald",   NULL};
static const pdm_column_info rate_columns[] = {
    [RATE_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "What it is the rate of; default: its row number."),
    [RATE_SUCCESSES] = PDM__COLUMN("successes", PDM_ROLE_FLOAT, "units", "Units that converted: a whole number."),
    [RATE_TRIALS] = PDM__COLUMN("trials", PDM_ROLE_FLOAT, "units", "Units in all: a whole number."),
};
static const pdm_list_info proportion_interval_inputs[] = {PDM__INPUT("rates", rate_columns, PDM_INPUT_ROWS, "Rates.")};
static const pdm__column_rule proportion_interval_rules[] = {PDM__NO_RULE};
static const pdm_option_info proportion_interval_options[] = {
    PDM__OPTION_STRICT(pdm_proportion_interval_options),
    PDM__OPTION_ENUM(pdm_proportion_interval_options, method, rate_methods, "Method of the interval."),
    PDM__OPTION_FLOAT(pdm_proportion_interval_options, conf_level, 0.95, "", "Confidence level."),
};
static const pdm_result_column_info interval_columns[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("rate", PDM_TYPE_FLOAT64, "of trials", "successes / trials."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "of trials", "Lower limit."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "of trials", "Upper limit."),
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Method of the interval."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info proportion_interval_tables[] = {PDM__TABLE("intervals", interval_columns, "A rate.")};

static pdm_status proportion_interval_run(pdm__calc *calc, pdm_error *err) {
    const pdm_proportion_interval_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[RATE_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        int64_t counts[2];
        pdm_interval interval;
        PDM__TRY(read_counts(calc, i, RATE_SUCCESSES, counts, err));
        pdm_status status =
            pdm_proportion_interval(counts[0], counts[1], chosen->method, chosen->conf_level, &interval, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[RATE_NAME], i);
        pdm__put_float(&out, 1, i, pdm__over((double)counts[0], (double)counts[1]));
        pdm__put_float(&out, 2, i, interval.low);
        pdm__put_float(&out, 3, i, interval.high);
        pdm__put_code(&out, 4, i, chosen->method, rate_methods);
        pdm__put_status(&out, 5, i, interval.status, "nobody was asked");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(proportion_interval, pdm_proportion_interval_options, "Interval of a rate", "转化率置信区间",
                "How far a measured rate may be from the true one.");

/* ---- proportion_test ---- */

enum { TWO_NAME, TWO_X_CONTROL, TWO_N_CONTROL, TWO_X_TREATMENT, TWO_N_TREATMENT, TWO_MARGIN };

#define TWO_COLUMNS                                                                                                    \
    [TWO_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),                \
    [TWO_X_CONTROL] = PDM__COLUMN("x_control", PDM_ROLE_FLOAT, "units", "Units of the control that converted."),       \
    [TWO_N_CONTROL] = PDM__COLUMN("n_control", PDM_ROLE_FLOAT, "units", "Units of the control."),                      \
    [TWO_X_TREATMENT] = PDM__COLUMN("x_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment that converted."), \
    [TWO_N_TREATMENT] = PDM__COLUMN("n_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment.")

static const char *const test_names[] = {"pooled", "pooled_cc", "unpooled", "chi2_yates", "g", "fisher", "midp", NULL};
static const char *const difference_names[] = {
    "mee", "miettinen_nurminen", "newcombe", "newcombe_cc", "agresti_caffo", "wald", NULL};
static const char *const ratio_names[] = {"koopman", "log", "log_adjusted", "fieller", "delta", NULL};
static const pdm_column_info two_columns[] = {TWO_COLUMNS};
static const pdm_list_info proportion_test_inputs[] = {
    PDM__INPUT("counts", two_columns, PDM_INPUT_ROWS, "Comparisons of a treatment with a control.")};
static const pdm__column_rule proportion_test_rules[] = {PDM__NO_RULE};
static const pdm_option_info proportion_test_options[] = {
    PDM__OPTION_STRICT(pdm_proportion_test_options),
    PDM__OPTION_ENUM(pdm_proportion_test_options, test, test_names,
                     "Statistic. The exact ones (fisher, midp) are not dual to the intervals."),
    PDM__OPTION_ENUM(pdm_proportion_test_options, difference, difference_names, "Interval of the difference."),
    PDM__OPTION_ENUM(pdm_proportion_test_options, ratio, ratio_names, "Confidence set of the lift."),
    PDM__OPTION_ENUM(pdm_proportion_test_options, alternative, pdm__alternative_names,
                     "What is shown: that they differ, that the treatment is greater, or less."),
    PDM__OPTION_FLOAT(pdm_proportion_test_options, conf_level, 0.95, "", "Confidence level."),
};
static const pdm_result_column_info effect_columns[] = {PDM__EFFECT_COLUMNS};
static const pdm_table_info proportion_test_tables[] = {PDM__TABLE("effects", effect_columns, "A comparison.")};

static pdm_status read_two(const pdm__calc *calc, int64_t row, pdm_two_proportions *out, pdm_error *err) {
    int64_t control[2];
    int64_t treatment[2];
    PDM__TRY(read_counts(calc, row, TWO_X_CONTROL, control, err));
    PDM__TRY(read_counts(calc, row, TWO_X_TREATMENT, treatment, err));
    *out = (pdm_two_proportions){control[0], control[1], treatment[0], treatment[1]};
    return PDM_OK;
}

static pdm_status compare(const pdm_proportion_test_options *chosen, const pdm_two_proportions *two, pdm__effect *out,
                          pdm_error *err) {
    out->control = pdm__over((double)two->x_control, (double)two->n_control);
    out->treatment = pdm__over((double)two->x_treatment, (double)two->n_treatment);
    out->difference = out->treatment - out->control;
    PDM__TRY(pdm_proportion_test(two, chosen->test, chosen->alternative, &out->test, err));
    PDM__TRY(pdm_proportion_difference(two, chosen->difference, chosen->alternative, chosen->conf_level, &out->interval,
                                       err));
    return pdm_proportion_lift(two, chosen->ratio, chosen->alternative, chosen->conf_level, &out->lift, err);
}

static pdm_status proportion_test_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__effect effect = {
        .critical = PDM__NAN, .theta = PDM__NAN, .variance_reduction = PDM__NAN, .balance_p = PDM__NAN};
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[TWO_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_two_proportions two;
        if (i % 1024 == 1023) PDM__TRY(pdm__calc_poll(calc, 65536, err));
        PDM__TRY(read_two(calc, i, &two, err));
        pdm_status status = compare(calc->options, &two, &effect, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_effect(&out, i, &in->columns[TWO_NAME], &effect);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(proportion_test, pdm_proportion_test_options, "Test of two rates", "转化率显著性检验",
                "Whether two conversion rates differ, by how much, and how sure that is.");

/* ---- proportion_margin_test ---- */

static const pdm_column_info margin_columns[] = {
    TWO_COLUMNS,
    [TWO_MARGIN] = PDM__COLUMN_OR_NULL("margin", PDM_ROLE_FLOAT, "as `scale` says",
                                       "How much worse is still good enough; must be given."),
};
static const char *const margin_methods[] = {"score", "miettinen_nurminen", "wald", NULL};
static const pdm_list_info proportion_margin_test_inputs[] = {
    PDM__INPUT("counts", margin_columns, PDM_INPUT_ROWS, "Comparisons of a treatment with a control.")};
static const pdm__column_rule proportion_margin_test_rules[] = {{0, TWO_MARGIN, PDM_E_BAD_VALUE, 0.0, PDM__INF}};
static const pdm_option_info proportion_margin_test_options[] = {
    PDM__MARGIN_OPTIONS,
    PDM__OPTION_ENUM(pdm_margin_test_options, method, margin_methods,
                     "Score statistic (dual to mee and koopman), the same with variance N/(N − 1), or Wald."),
};
static const pdm_result_column_info test_columns[] = {PDM__MARGIN_COLUMNS};
static const pdm_table_info proportion_margin_test_tables[] = {PDM__TABLE("tests", test_columns, "A comparison.")};

static pdm_status test_two(const void *subject, const pdm_margin_test_options *chosen, int32_t alternative,
                           double margin, pdm_test *out, pdm_error *err) {
    return pdm_proportion_margin_test(subject, chosen->method, chosen->scale, alternative, margin, out, err);
}

static pdm_status proportion_margin_test_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[TWO_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_two_proportions two;
        PDM__TRY(read_two(calc, i, &two, err));
        PDM__TRY(pdm__put_margin(calc, &out, i, &in->columns[TWO_NAME], &in->columns[TWO_MARGIN], test_two, &two, err));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(proportion_margin_test, pdm_margin_test_options, "Rates within a margin", "转化率非劣效与等效检验",
                "Whether a conversion rate is not worse than another by a margin, or the same within it.");
