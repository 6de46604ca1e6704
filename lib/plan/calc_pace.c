/* Calculators `pace`, `cumulative`, `growth_series` and `alerts`. */
#include "plan/registry.h"

#include <pdmetrics/plan/track.h>

#define DAY_US 86400000000.0

/* ---- pace ---- */

enum { IN_PACE, IN_DAYS };
enum { PACE_ACTUAL, PACE_TARGET, PACE_ELAPSED, PACE_DAYS, PACE_FROM, PACE_TO, PACE_TODAY };

static const char *const date_names[] = {"inclusive", "exclusive", NULL};

static const pdm_column_info pace_columns[] = {
    [PACE_ACTUAL] = PDM__COLUMN("actual", PDM_ROLE_FLOAT, "", "Reached so far."),
    [PACE_TARGET] = PDM__COLUMN("target", PDM_ROLE_FLOAT, "", "Target of the whole period."),
    [PACE_ELAPSED] = PDM__COLUMN_OR_NULL("elapsed", PDM_ROLE_FLOAT, "days",
                                         "Days gone, the current one included: 1st to 11th = 11."),
    [PACE_DAYS] = PDM__COLUMN_OR_NULL("total_days", PDM_ROLE_FLOAT, "days", "Days of the period."),
    [PACE_FROM] = PDM__COLUMN_OR_NULL("first_day", PDM_ROLE_TIME, "", "Or dates: the first day,"),
    [PACE_TO] = PDM__COLUMN_OR_NULL("last_day", PDM_ROLE_TIME, "", "the last day,"),
    [PACE_TODAY] = PDM__COLUMN_OR_NULL("today", PDM_ROLE_TIME, "", "and the current one."),
};
static const pdm_column_info day_columns[] = {
    PDM__COLUMN("weight", PDM_ROLE_FLOAT, "", "Weight of the day, first to last; 0 is a day of rest."),
};
static const pdm_list_info pace_inputs[] = {
    [IN_PACE] = PDM__INPUT("pace", pace_columns, PDM_INPUT_ONE, "Where things stand."),
    [IN_DAYS] = PDM__INPUT("days", day_columns, PDM_INPUT_OPTIONAL, "Weights of the days; default 1 each."),
};
static const pdm__column_rule pace_rules[] = {
    {IN_PACE, PACE_ELAPSED, PDM_E_BAD_PERIOD, 0.0, PDM__INF},
    {IN_PACE, PACE_DAYS, PDM_E_BAD_PERIOD, 1.0, 1e7},
    {IN_DAYS, 0, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
};
static const pdm_option_info pace_options[] = {
    PDM__OPTION_STRICT(pdm_pace_options),
    PDM__OPTION_ENUM(pdm_pace_options, dates, date_names, "With dates: the current day counts as elapsed, or not."),
};
static const pdm_result_column_info pace_results[] = {
    PDM__RESULT("elapsed", PDM_TYPE_FLOAT64, "days", "Days gone."),
    PDM__RESULT("total_days", PDM_TYPE_FLOAT64, "days", "Days of the period."),
    PDM__RESULT("attainment", PDM_TYPE_FLOAT64, "of the target", "actual / target."),
    PDM__RESULT("time_progress", PDM_TYPE_FLOAT64, "of the days", "elapsed / total_days."),
    PDM__RESULT("planned_progress", PDM_TYPE_FLOAT64, "of the weights", "Weights of the days gone / all weights."),
    PDM__RESULT("expected_to_date", PDM_TYPE_FLOAT64, "as the target", "target · planned_progress."),
    PDM__RESULT("gap_to_date", PDM_TYPE_FLOAT64, "as the target", "actual − expected_to_date."),
    PDM__RESULT("pace_index", PDM_TYPE_FLOAT64, "1 = on pace", "attainment / planned_progress."),
    PDM__RESULT("linear_forecast", PDM_TYPE_FLOAT64, "as the target", "actual · total_days / elapsed."),
    PDM__RESULT("weighted_forecast", PDM_TYPE_FLOAT64, "as the target", "actual / planned_progress."),
    PDM__RESULT("required_per_day", PDM_TYPE_FLOAT64, "a day",
                "(target − actual) / days left; 0 or less: met already."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info remaining_columns[] = {
    PDM__RESULT("day", PDM_TYPE_INT64, "", "Day of the period, from 1."),
    PDM__RESULT("weight", PDM_TYPE_FLOAT64, "", "Its weight."),
    PDM__RESULT("required", PDM_TYPE_FLOAT64, "as the target", "(target − actual) · weight / weights left."),
};
static const pdm_table_info pace_tables[] = {
    PDM__TABLE("pace", pace_results, "One row: the pace."),
    PDM__TABLE("remaining", remaining_columns, "A day that is left."),
};

static pdm_status find_days(pdm__calc *calc, double *elapsed, double *days, pdm_error *err) {
    const pdm_pace_options *chosen = calc->options;
    const pdm__values *c = calc->sheets[IN_PACE].columns;
    bool dates = pdm__given(&c[PACE_FROM], 0) && pdm__given(&c[PACE_TO], 0) && pdm__given(&c[PACE_TODAY], 0);
    *elapsed = pdm__number(&c[PACE_ELAPSED], 0, PDM__NAN);
    *days = pdm__number(&c[PACE_DAYS], 0, PDM__NAN);
    if (dates) {
        double from = floor((double)c[PACE_FROM].i64[0] / DAY_US);
        double today = floor((double)c[PACE_TODAY].i64[0] / DAY_US);
        *days = floor((double)c[PACE_TO].i64[0] / DAY_US) - from + 1.0;
        *elapsed = today - from + (chosen->dates == PDM_DATES_INCLUSIVE ? 1.0 : 0.0);
    }
    if (calc->sheets[IN_DAYS].rows > 0 && isnan(*days)) *days = (double)calc->sheets[IN_DAYS].rows;
    bool good = *days >= 1.0 && *days <= 1e7 && *days == floor(*days) && *elapsed >= 0.0 && *elapsed <= *days &&
                *elapsed == floor(*elapsed);
    if (!good) {
        return pdm__calc_fail(calc, IN_PACE, PACE_ELAPSED, 0, PDM_E_BAD_PERIOD, err,
                              "day %g of %g; whole days, 0 to the length of the period, expected", *elapsed, *days);
    }
    if (calc->sheets[IN_DAYS].rows > 0 && (double)calc->sheets[IN_DAYS].rows != *days) {
        return pdm__calc_fail(calc, IN_DAYS, -1, -1, PDM_E_LENGTH, err, "%lld weights for %g days",
                              (long long)calc->sheets[IN_DAYS].rows, *days);
    }
    return PDM_OK;
}

static double day_weight(const pdm__calc *calc, int64_t day) {
    return calc->sheets[IN_DAYS].rows > 0 ? calc->sheets[IN_DAYS].columns[0].f64[day] : 1.0;
}

static pdm_status pace_run(pdm__calc *calc, pdm_error *err) {
    const pdm__values *c = calc->sheets[IN_PACE].columns;
    double actual = c[PACE_ACTUAL].f64[0];
    double target = c[PACE_TARGET].f64[0];
    double elapsed = 0.0;
    double days = 0.0;
    pdm__sum gone = {0.0, 0.0};
    pdm__sum left = {0.0, 0.0};
    pdm__rows out;
    PDM__TRY(find_days(calc, &elapsed, &days, err));
    for (int64_t d = 0; d < (int64_t)days; d++) pdm__sum_add(d < (int64_t)elapsed ? &gone : &left, day_weight(calc, d));
    double all = pdm__sum_of(&gone) + pdm__sum_of(&left);
    if (!(all > 0.0)) return pdm__calc_fail(calc, IN_DAYS, 0, -1, PDM_E_ZERO_WEIGHTS, err, "every day has weight 0");
    double planned = pdm__sum_of(&gone) / all;
    double attainment = target == 0.0 ? PDM__NAN : actual / target;
    double rest = days - elapsed;
    int32_t status = elapsed == 0.0     ? PDM_STATUS_NO_ELAPSED
                     : target == 0.0    ? PDM_STATUS_ZERO_TARGET
                     : target <= actual ? PDM_STATUS_MET
                                        : PDM_STATUS_OK;
    PDM__TRY(pdm__rows_begin(calc, 0, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, elapsed);
    pdm__put_float(&out, 1, 0, days);
    pdm__put_float(&out, 2, 0, attainment);
    pdm__put_float(&out, 3, 0, elapsed / days);
    pdm__put_float(&out, 4, 0, planned);
    pdm__put_float(&out, 5, 0, target * planned);
    pdm__put_float(&out, 6, 0, actual - target * planned);
    pdm__put_float(&out, 7, 0, planned > 0.0 && target > 0.0 ? attainment / planned : PDM__NAN);
    pdm__put_float(&out, 8, 0, elapsed > 0.0 ? actual * days / elapsed : PDM__NAN);
    pdm__put_float(&out, 9, 0, planned > 0.0 ? actual / planned : PDM__NAN);
    pdm__put_float(&out, 10, 0, rest > 0.0 ? (target - actual) / rest : PDM__NAN);
    pdm__put_status(&out, 11, 0, status, "see the pace");
    PDM__TRY(pdm__rows_end(&out));
    double open = pdm__sum_of(&left);
    PDM__TRY(pdm__rows_begin(calc, 1, (int64_t)rest, NULL, &out, err));
    for (int64_t d = 0; d < (int64_t)rest; d++) {
        double weight = day_weight(calc, (int64_t)elapsed + d);
        pdm__put_int(&out, 0, d, (int64_t)elapsed + d + 1);
        pdm__put_float(&out, 1, d, weight);
        pdm__put_float(&out, 2, d, open > 0.0 ? (target - actual) * (weight / open) : PDM__NAN);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(pace, pdm_pace_options, "Pace", "时间进度",
                "Whether a period is on pace, where it will end, and what is needed a day.");

/* ---- cumulative ---- */

static const pdm_column_info period_columns[] = {
    PDM__COLUMN_OR_NULL("period", PDM_ROLE_KEY, "", "Period; default: its row number."),
    PDM__COLUMN_OR_NULL("actual", PDM_ROLE_FLOAT, "", "What was reached; null = still to come."),
    PDM__COLUMN("target", PDM_ROLE_FLOAT, "", "Its target."),
};
static const pdm_list_info cumulative_inputs[] = {
    PDM__INPUT("periods", period_columns, PDM_INPUT_ROWS, "Periods in order.")};
static const pdm__column_rule cumulative_rules[] = {PDM__NO_RULE};
static const pdm_option_info cumulative_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info cumulative_columns[] = {
    PDM__RESULT("period", PDM_TYPE_NONE, "", "Period."),
    PDM__RESULT("actual_to_date", PDM_TYPE_FLOAT64, "", "Σ actual so far."),
    PDM__RESULT("target_to_date", PDM_TYPE_FLOAT64, "", "Σ target so far."),
    PDM__RESULT("attainment", PDM_TYPE_FLOAT64, "of target_to_date", "Their ratio; null for periods to come."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info cumulative_summary[] = {
    PDM__RESULT("actual", PDM_TYPE_FLOAT64, "", "Σ actual."),
    PDM__RESULT("target", PDM_TYPE_FLOAT64, "", "Σ target of all periods."),
    PDM__RESULT("full_period", PDM_TYPE_FLOAT64, "of target", "Σ actual / Σ target of all periods."),
    PDM__RESULT("remaining_needed", PDM_TYPE_FLOAT64, "as the target", "Σ target − Σ actual."),
    PDM__RESULT("remaining_ratio", PDM_TYPE_FLOAT64, "of the remaining targets",
                "remaining_needed / Σ targets to come."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info cumulative_tables[] = {
    PDM__TABLE("periods", cumulative_columns, "A period."),
    PDM__TABLE("summary", cumulative_summary, "One row: the whole."),
};

static pdm_status cumulative_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__sum actual = {0.0, 0.0};
    pdm__sum target = {0.0, 0.0};
    pdm__sum done = {0.0, 0.0};
    int64_t last = -1;
    pdm__rows out;
    for (int64_t i = 0; i < in->rows; i++) {
        if (!pdm__given(&in->columns[1], i)) continue;
        if (last != i - 1) {
            return pdm__calc_fail(calc, 0, 1, i, PDM_E_BAD_PERIOD, err, "an actual after a period without one");
        }
        last = i;
    }
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[0], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        bool past = i <= last;
        if (past) pdm__sum_add(&actual, in->columns[1].f64[i]);
        pdm__sum_add(&target, in->columns[2].f64[i]);
        if (past) pdm__sum_add(&done, in->columns[2].f64[i]);
        double aim = pdm__sum_of(&target);
        pdm__put_key(&out, 0, i, &in->columns[0], i);
        pdm__put_float(&out, 1, i, past ? pdm__sum_of(&actual) : PDM__NAN);
        pdm__put_float(&out, 2, i, aim);
        pdm__put_float(&out, 3, i, past && aim != 0.0 ? pdm__sum_of(&actual) / aim : PDM__NAN);
        pdm__put_status(&out, 4, i,
                        !past        ? PDM_STATUS_MISSING
                        : aim == 0.0 ? PDM_STATUS_ZERO_TARGET
                                     : PDM_STATUS_OK,
                        "no actual yet, or the targets sum to 0");
    }
    PDM__TRY(pdm__rows_end(&out));
    double needed = pdm__sum_of(&target) - pdm__sum_of(&actual);
    double open = pdm__sum_of(&target) - pdm__sum_of(&done);
    double all = pdm__sum_of(&target);
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, pdm__sum_of(&actual));
    pdm__put_float(&out, 1, 0, all);
    pdm__put_float(&out, 2, 0, all == 0.0 ? PDM__NAN : pdm__sum_of(&actual) / all);
    pdm__put_float(&out, 3, 0, needed);
    pdm__put_float(&out, 4, 0, last + 1 < in->rows && open != 0.0 ? needed / open : PDM__NAN);
    pdm__put_status(&out, 5, 0,
                    all == 0.0      ? PDM_STATUS_ZERO_TARGET
                    : needed <= 0.0 ? PDM_STATUS_MET
                                    : PDM_STATUS_OK,
                    NULL);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(cumulative, pdm_plan_options, "Cumulative attainment", "累计完成率",
                "How far a year is after some of its periods, and what the others must bring.");

/* ---- growth_series ---- */

static const pdm_column_info series_columns[] = {
    PDM__COLUMN_OR_NULL("period", PDM_ROLE_KEY, "", "Period; default: its row number."),
    PDM__COLUMN_OR_NULL("value", PDM_ROLE_FLOAT, "", "Value; periods in order."),
};
static const pdm_list_info growth_series_inputs[] = {
    PDM__INPUT("values", series_columns, PDM_INPUT_ROWS, "The series.")};
static const pdm__column_rule growth_series_rules[] = {PDM__NO_RULE};
static const pdm_option_info growth_series_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info growth_columns[] = {
    PDM__RESULT("period", PDM_TYPE_NONE, "", "Period."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Value."),
    PDM__RESULT("growth", PDM_TYPE_FLOAT64, "of |the period before|", "Growth on the period before."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info cagr_columns[] = {
    PDM__RESULT("first", PDM_TYPE_FLOAT64, "", "First value."),
    PDM__RESULT("last", PDM_TYPE_FLOAT64, "", "Last value."),
    PDM__RESULT("periods", PDM_TYPE_INT64, "periods", "Steps between them."),
    PDM__RESULT("cagr", PDM_TYPE_FLOAT64, "per period", "(last/first)^(1/periods) − 1; null unless both are positive."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info growth_series_tables[] = {
    PDM__TABLE("growth", growth_columns, "A period."),
    PDM__TABLE("summary", cagr_columns, "One row: compound growth."),
};

static pdm_status growth_series_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[0], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double value = pdm__number(&in->columns[1], i, PDM__NAN);
        double before = i > 0 ? pdm__number(&in->columns[1], i - 1, PDM__NAN) : PDM__NAN;
        int32_t status = isnan(value) || (i > 0 && isnan(before)) ? PDM_STATUS_MISSING
                         : before == 0.0                          ? PDM_STATUS_ZERO_BASE
                                                                  : PDM_STATUS_OK;
        pdm__put_key(&out, 0, i, &in->columns[0], i);
        pdm__put_float(&out, 1, i, value);
        pdm__put_float(&out, 2, i, before == 0.0 ? PDM__NAN : (value - before) / fabs(before));
        pdm__put_status(&out, 3, i, status, "a value is missing or 0");
    }
    PDM__TRY(pdm__rows_end(&out));
    double first = pdm__number(&in->columns[1], 0, PDM__NAN);
    double last = pdm__number(&in->columns[1], in->rows - 1, PDM__NAN);
    bool defined = first > 0.0 && last > 0.0 && in->rows > 1;
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, first);
    pdm__put_float(&out, 1, 0, last);
    pdm__put_int(&out, 2, 0, in->rows - 1);
    pdm__put_float(&out, 3, 0, defined ? expm1(log(last / first) / (double)(in->rows - 1)) : PDM__NAN);
    pdm__put_status(&out, 4, 0,
                    defined                                       ? PDM_STATUS_OK
                    : isnan(first) || isnan(last) || in->rows < 2 ? PDM_STATUS_MISSING
                                                                  : PDM_STATUS_ZERO_BASE,
                    "an end of the series is missing or not positive");
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(growth_series, pdm_plan_options, "Growth of a series", "增长序列与CAGR",
                "Growth from period to period, and compound growth over all.");

/* ---- alerts ---- */

enum { ALERT_NAME, ALERT_VALUE, ALERT_OP, ALERT_THRESHOLD };

static const char *const op_names[] = {"le", "lt", "ge", "gt", NULL};
static const char *const outcome_names[] = {"ok", "alert", "unknown", NULL};

static const pdm_column_info alert_columns[] = {
    [ALERT_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Name of the rule; default: its row number."),
    [ALERT_VALUE] = PDM__COLUMN_OR_NULL("value", PDM_ROLE_FLOAT, "", "Value; null = unknown."),
    [ALERT_OP] = PDM__COLUMN("op", PDM_ROLE_TEXT, "", "What is fine: value lt, le, gt or ge threshold; 不超于 is le."),
    [ALERT_THRESHOLD] = PDM__COLUMN("threshold", PDM_ROLE_FLOAT, "", "Threshold; a drop alarm is mom gt −0.3."),
};
static const pdm_list_info alerts_inputs[] = {
    PDM__INPUT("rows", alert_columns, PDM_INPUT_ROWS, "Values and their thresholds.")};
static const pdm__column_rule alerts_rules[] = {PDM__NO_RULE};
static const pdm_option_info alerts_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info alert_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Rule."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Value."),
    PDM__RESULT("threshold", PDM_TYPE_FLOAT64, "", "Threshold."),
    PDM__RESULT("outcome", PDM_TYPE_DICTIONARY, "", "ok, alert, or unknown."),
    PDM__RESULT("distance", PDM_TYPE_FLOAT64, "as the value", "value − threshold."),
};
static const pdm_table_info alerts_tables[] = {PDM__TABLE("rows", alert_results, "A rule.")};

static pdm_status alerts_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[ALERT_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double value = pdm__number(&in->columns[ALERT_VALUE], i, PDM__NAN);
        double threshold = in->columns[ALERT_THRESHOLD].f64[i];
        int32_t op = 0;
        PDM__TRY(pdm__calc_choice(calc, 0, ALERT_OP, i, op_names, &op, err));
        bool fine = op == 0   ? value <= threshold
                    : op == 1 ? value < threshold
                    : op == 2 ? value >= threshold
                              : value > threshold;
        pdm__put_key(&out, 0, i, &in->columns[ALERT_NAME], i);
        pdm__put_float(&out, 1, i, value);
        pdm__put_float(&out, 2, i, threshold);
        pdm__put_code(&out, 3, i, isnan(value) ? 2 : fine ? 0 : 1, outcome_names);
        pdm__put_float(&out, 4, i, value - threshold);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(alerts, pdm_plan_options, "Alerts", "阈值预警",
                "Which values are on the wrong side of their thresholds.");
