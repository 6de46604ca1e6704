/* Calculator `track`: actual against target, previous period and year before, row by row and in all. */
#include "plan/registry.h"

#include <pdmetrics/plan/track.h>

enum {
    ROW_NAME,
    ROW_ACTUAL,
    ROW_TARGET,
    ROW_PREVIOUS,
    ROW_YEAR_AGO,
    ROW_DIRECTION,
    ROW_ELAPSED,
    ROW_DAYS,
    ROW_PLANNED
};
enum { TABLE_ROWS, TABLE_TOTAL };

static const char *const direction_names[] = {"higher", "lower", NULL};
static const char *const alert_names[] = {"unknown", "red", "amber", "green", NULL};

static const pdm_column_info row_columns[] = {
    [ROW_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Name of the row; default: its number."),
    [ROW_ACTUAL] = PDM__COLUMN_OR_NULL("actual", PDM_ROLE_FLOAT, "", "What was reached."),
    [ROW_TARGET] = PDM__COLUMN_OR_NULL("target", PDM_ROLE_FLOAT, "", "What was to be reached."),
    [ROW_PREVIOUS] = PDM__COLUMN_OR_NULL("previous", PDM_ROLE_FLOAT, "", "The period before (环比)."),
    [ROW_YEAR_AGO] = PDM__COLUMN_OR_NULL("year_ago", PDM_ROLE_FLOAT, "", "The same period a year before (同比)."),
    [ROW_DIRECTION] =
        PDM__COLUMN_OR_NULL("direction", PDM_ROLE_TEXT, "", "higher (null) or lower is better: churn, returns."),
    [ROW_ELAPSED] = PDM__COLUMN_OR_NULL("elapsed", PDM_ROLE_FLOAT, "days", "Days gone, the current one included."),
    [ROW_DAYS] = PDM__COLUMN_OR_NULL("days", PDM_ROLE_FLOAT, "days", "Days of the period."),
    [ROW_PLANNED] =
        PDM__COLUMN_OR_NULL("planned", PDM_ROLE_FLOAT, "of the target", "Planned progress; null = elapsed/days."),
};
static const pdm_list_info track_inputs[] = {PDM__INPUT("rows", row_columns, PDM_INPUT_ROWS, "Rows of the table.")};
static const pdm__column_rule track_rules[] = {
    {0, ROW_ELAPSED, PDM_E_BAD_PERIOD, 0.0, PDM__INF},
    {0, ROW_DAYS, PDM_E_BAD_PERIOD, 0.0, PDM__INF},
    {0, ROW_PLANNED, PDM_E_BAD_RATE, 0.0, 1.0},
};
static const pdm_option_info track_options[] = {
    PDM__OPTION_STRICT(pdm_track_options),
    PDM__OPTION_BOOL(pdm_track_options, mean_of_ratios, "The total row also has the plain mean of the attainments."),
    PDM__OPTION_FLOAT(pdm_track_options, red_below, 0.9, "attainment", "Below it a row is red."),
    PDM__OPTION_FLOAT(pdm_track_options, green_from, 1.0, "attainment", "From it on a row is green."),
};
#define TRACK_RESULTS                                                                                                  \
    PDM__RESULT("actual", PDM_TYPE_FLOAT64, "", "What was reached."),                                                  \
        PDM__RESULT("target", PDM_TYPE_FLOAT64, "", "What was to be reached."),                                        \
        PDM__RESULT("attainment", PDM_TYPE_FLOAT64, "1 = on target", "1 + (A − T)/|T|; 1 − … where lower is better."), \
        PDM__RESULT("gap", PDM_TYPE_FLOAT64, "as the target", "actual − target."),                                     \
        PDM__RESULT("met", PDM_TYPE_BOOL, "", "On target or better."),                                                 \
        PDM__RESULT("prev", PDM_TYPE_FLOAT64, "", "The period before."),                                               \
        PDM__RESULT("mom", PDM_TYPE_FLOAT64, "of |prev|", "Growth on the period before: never the index."),            \
        PDM__RESULT("mom_index", PDM_TYPE_FLOAT64, "of prev", "actual / prev."),                                       \
        PDM__RESULT("year_ago", PDM_TYPE_FLOAT64, "", "A year before."),                                               \
        PDM__RESULT("yoy", PDM_TYPE_FLOAT64, "of |year_ago|", "Growth on the year before."),                           \
        PDM__RESULT("yoy_index", PDM_TYPE_FLOAT64, "of year_ago", "actual / year_ago.")
static const pdm_result_column_info row_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Row."),
    TRACK_RESULTS,
    PDM__RESULT("expected_to_date", PDM_TYPE_FLOAT64, "as the target", "target · planned progress."),
    PDM__RESULT("pace_index", PDM_TYPE_FLOAT64, "", "(actual / target) / planned progress."),
    PDM__RESULT("forecast", PDM_TYPE_FLOAT64, "as the target", "actual / planned progress."),
    PDM__RESULT("required_per_day", PDM_TYPE_FLOAT64, "a day", "What is left over the days that are left."),
    PDM__RESULT("alert", PDM_TYPE_DICTIONARY, "", "red, amber, green; unknown without attainment."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info total_results[] = {
    TRACK_RESULTS,
    PDM__RESULT("rows", PDM_TYPE_INT64, "rows", "Rows that were summed."),
    PDM__RESULT("excluded", PDM_TYPE_INT64, "rows", "Rows without actual: in no sum."),
    PDM__RESULT("mean_of_ratios", PDM_TYPE_FLOAT64, "", "Plain mean of the attainments, if asked for."),
    PDM__RESULT("alert", PDM_TYPE_DICTIONARY, "", "red, amber, green, unknown."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info track_tables[] = {
    [TABLE_ROWS] = PDM__TABLE("rows", row_results, "A row."),
    [TABLE_TOTAL] = PDM__TABLE("total", total_results, "One row: the same formulas on the sums."),
};

enum { N_ACTUAL, N_TARGET, N_PREVIOUS, N_YEAR_AGO };

static double attainment_of(double actual, double target, bool lower) {
    double relative = target == 0.0 ? PDM__NAN : (actual - target) / fabs(target);
    return lower ? 1.0 - relative : 1.0 + relative;
}

static double growth_of(double actual, double base) { return base == 0.0 ? PDM__NAN : (actual - base) / fabs(base); }
static double index_of(double actual, double base) { return base == 0.0 ? PDM__NAN : actual / base; }

static int32_t alert_of(const pdm_track_options *chosen, double attainment) {
    if (isnan(attainment)) return 0;
    return attainment < chosen->red_below ? 1 : attainment < chosen->green_from ? 2 : 3;
}

static int32_t status_of(const double n[4]) {
    if (isnan(n[N_ACTUAL]) || isnan(n[N_TARGET])) return PDM_STATUS_MISSING;
    if (n[N_TARGET] == 0.0) return PDM_STATUS_ZERO_TARGET;
    return n[N_PREVIOUS] == 0.0 || n[N_YEAR_AGO] == 0.0 ? PDM_STATUS_ZERO_BASE : PDM_STATUS_OK;
}

static void put_common(pdm__rows *out, int32_t column, int64_t row, const double n[4], bool lower) {
    bool known = !isnan(n[N_ACTUAL]) && !isnan(n[N_TARGET]);
    pdm__put_float(out, column, row, n[N_ACTUAL]);
    pdm__put_float(out, column + 1, row, n[N_TARGET]);
    pdm__put_float(out, column + 2, row, attainment_of(n[N_ACTUAL], n[N_TARGET], lower));
    pdm__put_float(out, column + 3, row, n[N_ACTUAL] - n[N_TARGET]);
    pdm__put_bool(out, column + 4, row, lower ? n[N_ACTUAL] <= n[N_TARGET] : n[N_ACTUAL] >= n[N_TARGET]);
    if (!known) pdm__put_null(out, column + 4, row);
    for (int32_t k = 0; k < 2; k++) {
        double base = n[k == 0 ? N_PREVIOUS : N_YEAR_AGO];
        pdm__put_float(out, column + 5 + 3 * k, row, base);
        pdm__put_float(out, column + 6 + 3 * k, row, growth_of(n[N_ACTUAL], base));
        pdm__put_float(out, column + 7 + 3 * k, row, index_of(n[N_ACTUAL], base));
    }
}

static pdm_status put_pace(pdm__calc *calc, pdm__rows *out, int64_t row, const double n[4], int32_t *status,
                           pdm_error *err) {
    const pdm__values *c = calc->sheets[0].columns;
    double elapsed = pdm__number(&c[ROW_ELAPSED], row, PDM__NAN);
    double days = pdm__number(&c[ROW_DAYS], row, PDM__NAN);
    if (elapsed > days || days == 0.0) {
        return pdm__calc_fail(calc, 0, ROW_ELAPSED, row, PDM_E_BAD_PERIOD, err, "%g days of %g", elapsed, days);
    }
    double planned = pdm__number(&c[ROW_PLANNED], row, elapsed / days);
    bool started = planned > 0.0;
    if (elapsed == 0.0 && *status == PDM_STATUS_OK) *status = PDM_STATUS_NO_ELAPSED;
    pdm__put_float(out, 12, row, n[N_TARGET] * planned);
    pdm__put_float(out, 13, row, started && n[N_TARGET] > 0.0 ? n[N_ACTUAL] / n[N_TARGET] / planned : PDM__NAN);
    pdm__put_float(out, 14, row, started ? n[N_ACTUAL] / planned : PDM__NAN);
    pdm__put_float(out, 15, row, days > elapsed ? (n[N_TARGET] - n[N_ACTUAL]) / (days - elapsed) : PDM__NAN);
    return PDM_OK;
}

static pdm_status put_total(pdm__calc *calc, const pdm__sum sums[4], const bool whole[4], int64_t used, double mean,
                            int32_t lower, pdm_error *err) {
    const pdm_track_options *chosen = calc->options;
    double n[4];
    pdm__rows out;
    /* A column that some of the summed rows lack has no sum to compare with. */
    for (int32_t k = 0; k < 4; k++) n[k] = whole[k] && used > 0 ? pdm__sum_of(&sums[k]) : PDM__NAN;
    PDM__TRY(pdm__rows_begin(calc, TABLE_TOTAL, 1, NULL, &out, err));
    put_common(&out, 0, 0, n, lower != 0);
    pdm__put_int(&out, 11, 0, used);
    pdm__put_int(&out, 12, 0, calc->sheets[0].rows - used);
    pdm__put_float(&out, 13, 0, chosen->mean_of_ratios != 0 ? mean : PDM__NAN);
    pdm__put_code(&out, 14, 0, alert_of(chosen, attainment_of(n[N_ACTUAL], n[N_TARGET], lower != 0)), alert_names);
    pdm__put_status(&out, 15, 0, status_of(n), "a sum is missing or 0");
    return pdm__rows_end(&out);
}

static pdm_status track_run(pdm__calc *calc, pdm_error *err) {
    const pdm_track_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__sum sums[4];
    pdm__sum ratios = {0.0, 0.0};
    bool whole[4] = {true, true, true, true};
    int64_t used = 0;
    int64_t counted = 0;
    int32_t all_lower = 1;
    pdm__rows out;
    memset(sums, 0, sizeof sums);
    if (chosen->red_below > chosen->green_from) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "red_below", "red_below %g is above green_from %g",
                         chosen->red_below, chosen->green_from);
    }
    PDM__TRY(pdm__rows_begin(calc, TABLE_ROWS, in->rows, &in->columns[ROW_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double n[4];
        int32_t lower = 0;
        PDM__TRY(pdm__calc_choice(calc, 0, ROW_DIRECTION, i, direction_names, &lower, err));
        for (int32_t k = 0; k < 4; k++) n[k] = pdm__number(&in->columns[ROW_ACTUAL + k], i, PDM__NAN);
        double attainment = attainment_of(n[N_ACTUAL], n[N_TARGET], lower != 0);
        int32_t status = status_of(n);
        pdm__put_key(&out, 0, i, &in->columns[ROW_NAME], i);
        put_common(&out, 1, i, n, lower != 0);
        PDM__TRY(put_pace(calc, &out, i, n, &status, err));
        pdm__put_code(&out, 16, i, alert_of(chosen, attainment), alert_names);
        pdm__put_status(&out, 17, i, status, "a number is missing or a base is 0");
        if (isnan(n[N_ACTUAL])) continue;
        all_lower = all_lower != 0 && lower != 0 ? 1 : 0;
        used++;
        for (int32_t k = 0; k < 4; k++) {
            whole[k] = whole[k] && !isnan(n[k]);
            pdm__sum_add(&sums[k], isnan(n[k]) ? 0.0 : n[k]);
        }
        if (isnan(attainment)) continue;
        pdm__sum_add(&ratios, attainment);
        counted++;
    }
    PDM__TRY(pdm__rows_end(&out));
    double mean = counted > 0 ? pdm__sum_of(&ratios) / (double)counted : PDM__NAN;
    return put_total(calc, sums, whole, used, mean, used > 0 ? all_lower : 0, err);
}

PDM__CALCULATOR(track, pdm_track_options, "Tracking table", "目标完成跟踪表",
                "Attainment, growth, pace and alerts of targets, row by row and in all.");
