/* Calculators `seasonal_index`, `seasonal_split`, `growth` and `s_curve`. */
#include "plan/apportion.h"
#include "plan/registry.h"

#include <pdmetrics/plan/season.h>

/* ---- seasonal_index ---- */

static const char *const index_methods[] = {"mean_ratio", "ratio_of_sums", "cma", "normalise", NULL};

static const pdm_column_info history_columns[] = {
    PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Value of the period; periods in order, whole years."),
};
static const pdm_list_info seasonal_index_inputs[] = {
    PDM__INPUT("history", history_columns, PDM_INPUT_ROWS, "Whole years of periods, or raw indices (normalise)."),
};
static const pdm__column_rule seasonal_index_rules[] = {PDM__NO_RULE};
static const pdm_option_info seasonal_index_options[] = {
    PDM__OPTION_STRICT(pdm_seasonal_index_options),
    PDM__OPTION_ENUM(pdm_seasonal_index_options, method, index_methods,
                     "Mean of period/(year mean), ratio of sums, ratio to the centred moving average, or raw indices."),
    PDM__OPTION_INT32(pdm_seasonal_index_options, season_length, 2, 100000, 12, "periods",
                      "Periods of a year; normalise takes them from the rows."),
    PDM__OPTION_FLOAT(pdm_seasonal_index_options, base, 1.0, "",
                      "What the indices average to: 1, or 100 for percentages."),
};
static const pdm_result_column_info index_columns[] = {
    PDM__RESULT("period", PDM_TYPE_INT64, "", "Period of the year, from 1."),
    PDM__RESULT("raw", PDM_TYPE_FLOAT64, "", "Before normalisation."),
    PDM__RESULT("index", PDM_TYPE_FLOAT64, "", "raw · factor: all sum to periods · base."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info index_summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Rule that was used."),
    PDM__RESULT("factor", PDM_TYPE_FLOAT64, "", "periods · base / Σ raw, unrounded."),
    PDM__RESULT("years", PDM_TYPE_INT64, "years", "Years of history."),
    PDM__RESULT("single_year", PDM_TYPE_BOOL, "", "Only one year: chance and season cannot be told apart."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info seasonal_index_tables[] = {
    PDM__TABLE("index", index_columns, "A period of the year."),
    PDM__TABLE("summary", index_summary_columns, "One row: how it was made."),
};

/* Raw indices by the mean of period/(year mean); false if a year has mean 0. */
static bool mean_ratios(const double *value, int64_t years, int64_t s, double *raw) {
    for (int64_t y = 0; y < years; y++) {
        pdm__sum sum = {0.0, 0.0};
        for (int64_t p = 0; p < s; p++) pdm__sum_add(&sum, value[y * s + p]);
        double mean = pdm__sum_of(&sum) / (double)s;
        if (mean == 0.0) return false;
        for (int64_t p = 0; p < s; p++) raw[p] += value[y * s + p] / mean / (double)years;
    }
    return true;
}

static bool sum_ratios(const double *value, int64_t years, int64_t s, double *raw) {
    pdm__sum all = {0.0, 0.0};
    for (int64_t p = 0; p < s; p++) {
        pdm__sum sum = {0.0, 0.0};
        for (int64_t y = 0; y < years; y++) pdm__sum_add(&sum, value[y * s + p]);
        raw[p] = pdm__sum_of(&sum);
        pdm__sum_add(&all, raw[p]);
    }
    double mean = pdm__sum_of(&all) / (double)s;
    for (int64_t p = 0; p < s; p++) raw[p] /= mean;
    return mean != 0.0;
}

/* Ratio to the centred moving average: 2×s for even s, half weight at both ends. */
static bool moving_ratios(const double *value, int64_t years, int64_t s, double *raw) {
    int64_t half = s / 2;
    double ends = s % 2 == 0 ? 0.5 : 1.0;
    for (int64_t p = 0; p < s; p++) {
        double sum = 0.0;
        int64_t count = 0;
        for (int64_t t = p; t < years * s; t += s) {
            if (t < half || t + half >= years * s) continue;
            pdm__sum around = {0.0, 0.0};
            for (int64_t k = -half; k <= half; k++) {
                pdm__sum_add(&around, value[t + k] * (k == -half || k == half ? ends : 1.0));
            }
            double average = pdm__sum_of(&around) / (double)s;
            if (average == 0.0) return false;
            sum += value[t] / average;
            count++;
        }
        raw[p] = sum / (double)count;
    }
    return true;
}

static pdm_status check_years(pdm__calc *calc, int64_t rows, int64_t s, pdm_error *err) {
    const pdm_seasonal_index_options *chosen = calc->options;
    if (rows % s != 0) {
        return pdm__calc_fail(calc, 0, 0, -1, PDM_E_BAD_PERIOD, err, "%lld periods are no whole years of %lld",
                              (long long)rows, (long long)s);
    }
    if (chosen->method == PDM_SEASONAL_CMA && rows < 2 * s) {
        return pdm__calc_fail(calc, 0, 0, -1, PDM_E_BAD_PERIOD, err, "method cma needs two years, there is one");
    }
    return PDM_OK;
}

static pdm_status seasonal_index_run(pdm__calc *calc, pdm_error *err) {
    const pdm_seasonal_index_options *chosen = calc->options;
    const pdm__sheet *history = &calc->sheets[0];
    const double *value = history->columns[0].f64;
    bool given = chosen->method == PDM_SEASONAL_NORMALISE;
    int64_t s = given ? history->rows : chosen->season_length;
    int64_t years = history->rows / s;
    double *raw = NULL;
    PDM__TRY(check_years(calc, history->rows, s, err));
    PDM__TRY(pdm__calc_array(calc, s, sizeof *raw, &raw, err));
    bool defined = true;
    if (given) memcpy(raw, value, (size_t)s * sizeof *raw);
    if (chosen->method == PDM_SEASONAL_MEAN_RATIO) defined = mean_ratios(value, years, s, raw);
    if (chosen->method == PDM_SEASONAL_RATIO_OF_SUMS) defined = sum_ratios(value, years, s, raw);
    if (chosen->method == PDM_SEASONAL_CMA) defined = moving_ratios(value, years, s, raw);
    pdm__sum sum = {0.0, 0.0};
    for (int64_t p = 0; p < s; p++) pdm__sum_add(&sum, raw[p]);
    defined = defined && pdm__sum_of(&sum) != 0.0;
    double factor = defined ? (double)s * chosen->base / pdm__sum_of(&sum) : PDM__NAN;
    int32_t status = defined ? PDM_STATUS_OK : PDM_STATUS_ZERO_BASE;
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, s, NULL, &out, err));
    for (int64_t p = 0; p < s; p++) {
        pdm__put_int(&out, 0, p, p + 1);
        pdm__put_float(&out, 1, p, defined ? raw[p] : PDM__NAN);
        pdm__put_float(&out, 2, p, raw[p] * factor);
        pdm__put_status(&out, 3, p, status, "a year sums to 0");
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, index_methods);
    pdm__put_float(&out, 1, 0, factor);
    pdm__put_int(&out, 2, 0, years);
    pdm__put_bool(&out, 3, 0, years == 1 && !given);
    pdm__put_status(&out, 4, 0, status, NULL);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(seasonal_index, pdm_seasonal_index_options, "Seasonal index", "季节指数",
                "How much more or less than the average a period of the year brings.");

/* ---- seasonal_split ---- */

static const pdm_column_info split_target_columns[] = {
    PDM__COLUMN("total", PDM_ROLE_MONEY, "", "What is split."),
    PDM__COLUMN_OR_NULL("growth", PDM_ROLE_FLOAT, "per period", "Growth from period to period; null = 0."),
};
static const pdm_column_info split_index_columns[] = {
    PDM__COLUMN("index", PDM_ROLE_FLOAT, "", "Seasonal index or weight of the period, 0 or more."),
    PDM__COLUMN_OR_NULL("period", PDM_ROLE_KEY, "", "Name of the period; default: its row number."),
};
static const pdm_list_info seasonal_split_inputs[] = {
    PDM__INPUT("target", split_target_columns, PDM_INPUT_ONE, "The total and its growth."),
    PDM__INPUT("index", split_index_columns, PDM_INPUT_ROWS, "The periods in order."),
};
static const pdm__column_rule seasonal_split_rules[] = {
    {0, 0, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
    {0, 1, PDM_E_BAD_RATE, -1.0, PDM__INF},
    {1, 0, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
};
static const pdm_option_info seasonal_split_options[] = {
    PDM__OPTION_STRICT(pdm_seasonal_split_options),
    PDM__OPTION_BOOL(pdm_seasonal_split_options, exact_int, "Whole amounts by largest remainders."),
};
static const pdm_result_column_info season_split_columns[] = {
    PDM__RESULT("period", PDM_TYPE_NONE, "", "Period."),
    PDM__RESULT("weight", PDM_TYPE_FLOAT64, "", "index · (1 + growth)^t."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "as the total", "total · weight / Σ weight."),
    PDM__RESULT("amount_int", PDM_TYPE_INT64, "as the total", "The same in whole units, with exact_int."),
};
static const pdm_result_column_info season_summary_columns[] = {
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "What was split."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the total", "Σ amount − total."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info seasonal_split_tables[] = {
    PDM__TABLE("split", season_split_columns, "A period."),
    PDM__TABLE("summary", season_summary_columns, "One row: how it closes."),
};

static pdm_status seasonal_split_run(pdm__calc *calc, pdm_error *err) {
    const pdm_seasonal_split_options *chosen = calc->options;
    const pdm__sheet *index = &calc->sheets[1];
    double total = calc->sheets[0].columns[0].f64[0];
    double growth = pdm__number(&calc->sheets[0].columns[1], 0, 0.0);
    double *weight = NULL;
    double *amount = NULL;
    int64_t *whole = NULL;
    pdm__sum sum = {0.0, 0.0};
    PDM__TRY(pdm__calc_array(calc, index->rows, sizeof *weight, &weight, err));
    PDM__TRY(pdm__calc_array(calc, index->rows, sizeof *amount, &amount, err));
    PDM__TRY(pdm__calc_array(calc, index->rows, sizeof *whole, &whole, err));
    for (int64_t t = 0; t < index->rows; t++) {
        weight[t] = index->columns[0].f64[t] * pow(1.0 + growth, (double)t);
        pdm__sum_add(&sum, weight[t]);
    }
    double all = pdm__sum_of(&sum);
    if (!(all > 0.0)) return pdm__calc_fail(calc, 1, 0, -1, PDM_E_ZERO_WEIGHTS, err, "all weights are 0");
    for (int64_t t = 0; t < index->rows; t++) amount[t] = total * (weight[t] / all);
    if (chosen->exact_int != 0) {
        int64_t exact = 0;
        bool tie = false;
        PDM__TRY(pdm__calc_whole(calc, 0, 0, 0, PDM_E_BAD_TOTAL, &exact, err));
        PDM__TRY(pdm__apportion(calc->context, PDM_APPORTION_LARGEST_REMAINDER, PDM_ZERO_POLICY_ERROR, exact, weight,
                                NULL, index->rows, whole, NULL, &tie, err));
        for (int64_t t = 0; t < index->rows; t++) amount[t] = (double)whole[t];
    }
    pdm__rows out;
    pdm__sum parts = {0.0, 0.0};
    PDM__TRY(pdm__rows_begin(calc, 0, index->rows, &index->columns[1], &out, err));
    for (int64_t t = 0; t < index->rows; t++) {
        pdm__put_key(&out, 0, t, &index->columns[1], t);
        pdm__put_float(&out, 1, t, weight[t]);
        pdm__put_float(&out, 2, t, amount[t]);
        pdm__put_int(&out, 3, t, whole[t]);
        if (chosen->exact_int == 0) pdm__put_null(&out, 3, t);
        pdm__sum_add(&parts, amount[t]);
    }
    PDM__TRY(pdm__rows_end(&out));
    double closure = pdm__sum_of(&parts) - total;
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, total);
    pdm__put_float(&out, 1, 0, closure);
    pdm__put_status(&out, 2, 0, fabs(closure) <= 1e-12 * fabs(total) ? PDM_STATUS_OK : PDM_STATUS_CLOSURE, NULL);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(seasonal_split, pdm_seasonal_split_options, "Seasonal split", "按季节指数拆分",
                "Splits a year over its periods by a seasonal index and a growth rate.");

/* ---- growth ---- */

static const pdm_column_info growth_columns[] = {
    PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Name of the row; default: its number."),
    PDM__COLUMN_OR_NULL("base", PDM_ROLE_FLOAT, "", "Value to grow from."),
    PDM__COLUMN("growth", PDM_ROLE_FLOAT, "", "Growth rate, −1 or more."),
    PDM__COLUMN_OR_NULL("periods", PDM_ROLE_FLOAT, "periods", "How many periods; null = 1."),
};
static const pdm_list_info growth_inputs[] = {PDM__INPUT("rows", growth_columns, PDM_INPUT_ROWS, "Growth rates.")};
static const pdm__column_rule growth_rules[] = {
    {0, 2, PDM_E_BAD_RATE, -1.0, PDM__INF},
    {0, 3, PDM_E_BAD_PERIOD, 1e-9, PDM__INF},
};
static const pdm_option_info growth_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info growth_result_columns[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Row."),
    PDM__RESULT("target", PDM_TYPE_FLOAT64, "as the base", "base · (1 + growth)."),
    PDM__RESULT("per_period", PDM_TYPE_FLOAT64, "per period",
                "Rate a period that compounds to growth: (1 + G)^(1/n) − 1."),
    PDM__RESULT("compound", PDM_TYPE_FLOAT64, "in all", "What growth a period makes in all: (1 + g)^n − 1."),
};
static const pdm_table_info growth_tables[] = {PDM__TABLE("growth", growth_result_columns, "A growth rate.")};

static pdm_status growth_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[0], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double rate = in->columns[2].f64[i];
        double periods = pdm__number(&in->columns[3], i, 1.0);
        pdm__put_key(&out, 0, i, &in->columns[0], i);
        pdm__put_float(&out, 1, i, pdm__number(&in->columns[1], i, PDM__NAN) * (1.0 + rate));
        pdm__put_float(&out, 2, i, expm1(log1p(rate) / periods));
        pdm__put_float(&out, 3, i, expm1(log1p(rate) * periods));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(growth, pdm_plan_options, "Growth rates", "增长率换算",
                "Targets from growth, and growth a period against growth in all: 5 % a month is 79.59 % a year.");

/* ---- s_curve ---- */

static const pdm_column_info curve_target_columns[] = {PDM__COLUMN("total", PDM_ROLE_MONEY, "", "What is phased.")};
static const pdm_list_info s_curve_inputs[] = {
    PDM__INPUT("target", curve_target_columns, PDM_INPUT_OPTIONAL_ONE, "A total; without it there are no amounts."),
};
static const pdm__column_rule s_curve_rules[] = {{0, 0, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF}};
static const pdm_option_info s_curve_options[] = {
    PDM__OPTION_STRICT(pdm_s_curve_options),
    PDM__OPTION_INT32(pdm_s_curve_options, steps, 1, 1000000, 10, "periods", "Periods; there is one point more."),
    PDM__OPTION_FLOAT(pdm_s_curve_options, steepness, 10.0, "", "k: how suddenly it rises."),
    PDM__OPTION_FLOAT(pdm_s_curve_options, midpoint, 0.5, "", "m: where it is steepest, between 0 and 1."),
};
static const pdm_result_column_info curve_columns[] = {
    PDM__RESULT("step", PDM_TYPE_INT64, "", "0 … steps."),
    PDM__RESULT("u", PDM_TYPE_FLOAT64, "", "step / steps."),
    PDM__RESULT("cumulative", PDM_TYPE_FLOAT64, "", "Share reached by then: 0 … 1."),
    PDM__RESULT("increment", PDM_TYPE_FLOAT64, "", "Share of this step: a phasing weight; null at 0."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "as the total", "increment · total; null without a total."),
};
static const pdm_table_info s_curve_tables[] = {PDM__TABLE("points", curve_columns, "A point of the curve.")};

static double logistic(double x) { return 1.0 / (1.0 + exp(-x)); }

/* σ(b) − σ(a) = sinh((b − a)/2) / (2·cosh(a/2)·cosh(b/2)): without the cancellation of the plain difference. */
static double rise(double a, double b) {
    if (fabs(a) > 600.0 || fabs(b) > 600.0) return logistic(b) - logistic(a);
    return sinh((b - a) / 2.0) / (2.0 * cosh(a / 2.0) * cosh(b / 2.0));
}

static pdm_status s_curve_run(pdm__calc *calc, pdm_error *err) {
    const pdm_s_curve_options *chosen = calc->options;
    double k = chosen->steepness;
    double m = chosen->midpoint;
    int64_t steps = chosen->steps;
    if (!(m < 1.0)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "midpoint", "option \"midpoint\": %g; between 0 and 1 expected", m);
    }
    double total = calc->sheets[0].rows > 0 ? calc->sheets[0].columns[0].f64[0] : PDM__NAN;
    double all = rise(-k * m, k * (1.0 - m));
    double before = 0.0;
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, steps + 1, NULL, &out, err));
    for (int64_t i = 0; i <= steps; i++) {
        double u = (double)i / (double)steps;
        double reached = i == steps ? 1.0 : rise(-k * m, k * (u - m)) / all;
        double step = i == 0 ? PDM__NAN : reached - before;
        pdm__put_int(&out, 0, i, i);
        pdm__put_float(&out, 1, i, u);
        pdm__put_float(&out, 2, i, reached);
        pdm__put_float(&out, 3, i, step);
        pdm__put_float(&out, 4, i, step * total);
        before = reached;
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(s_curve, pdm_s_curve_options, "S-curve", "S 型爬坡曲线",
                "How a launch grows into its target: a logistic curve from 0 to 1.");
