/* Calculator `event_days`: a target over calendar days, with weekdays and events (618, 双11, 春节). */
#include "plan/apportion.h"
#include "plan/registry.h"

#include <pdmetrics/calendar.h>
#include <pdmetrics/plan/season.h>

#define DAY_US INT64_C(86400000000)
#define MAX_DAYS 100000

enum { IN_TARGET, IN_WEEKDAYS, IN_EVENTS };
enum { TARGET_TOTAL, TARGET_FIRST, TARGET_LAST };
enum { WEEKDAY_DAY, WEEKDAY_WEIGHT };
enum { EVENT_NAME, EVENT_FROM, EVENT_TO, EVENT_MULTIPLIER };
enum { TABLE_DAYS, TABLE_SUMMARY };

static const pdm_column_info target_columns[] = {
    [TARGET_TOTAL] = PDM__COLUMN("total", PDM_ROLE_MONEY, "", "What is split."),
    [TARGET_FIRST] = PDM__COLUMN("first_day", PDM_ROLE_TIME, "", "First day."),
    [TARGET_LAST] = PDM__COLUMN("last_day", PDM_ROLE_TIME, "", "Last day, inclusive."),
};
static const pdm_column_info weekday_columns[] = {
    [WEEKDAY_DAY] = PDM__COLUMN("weekday", PDM_ROLE_INTEGER, "", "0 = Monday … 6 = Sunday."),
    [WEEKDAY_WEIGHT] = PDM__COLUMN("weight", PDM_ROLE_FLOAT, "", "Its weight; 0 is a day of rest."),
};
static const pdm_column_info event_columns[] = {
    [EVENT_NAME] = PDM__COLUMN_OR_NULL("event", PDM_ROLE_TEXT, "", "Name."),
    [EVENT_FROM] = PDM__COLUMN("start", PDM_ROLE_TIME, "", "First day of the event."),
    [EVENT_TO] = PDM__COLUMN("end", PDM_ROLE_TIME, "", "Last day of the event, inclusive."),
    [EVENT_MULTIPLIER] =
        PDM__COLUMN("multiplier", PDM_ROLE_FLOAT, "", "What the weights of its days are multiplied with."),
};
static const pdm_list_info event_days_inputs[] = {
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_ONE, "The total and its days."),
    [IN_WEEKDAYS] = PDM__INPUT("weekdays", weekday_columns, PDM_INPUT_OPTIONAL, "Weights of weekdays; default 1."),
    [IN_EVENTS] = PDM__INPUT("events", event_columns, PDM_INPUT_OPTIONAL, "Events; overlapping ones multiply."),
};
static const pdm__column_rule event_days_rules[] = {
    {IN_TARGET, TARGET_TOTAL, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
    {IN_WEEKDAYS, WEEKDAY_DAY, PDM_E_BAD_PERIOD, 0.0, 6.0},
    {IN_WEEKDAYS, WEEKDAY_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
    {IN_EVENTS, EVENT_MULTIPLIER, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
};
static const pdm_option_info event_days_options[] = {
    PDM__OPTION_STRICT(pdm_event_days_options),
    PDM__OPTION_BOOL(pdm_event_days_options, exact_int, "Whole amounts by largest remainders."),
};
static const pdm_result_column_info day_columns[] = {
    PDM__RESULT("date", PDM_TYPE_TIMESTAMP_US, "", "The day, as its midnight."),
    PDM__RESULT("weight", PDM_TYPE_FLOAT64, "", "Weekday's weight times the multipliers of its events."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "as the total", "total · weight / Σ weight."),
    PDM__RESULT("amount_int", PDM_TYPE_INT64, "as the total", "The same in whole units, with exact_int."),
    PDM__RESULT("cum_amount", PDM_TYPE_FLOAT64, "as the total", "Sum up to and with this day."),
    PDM__RESULT("planned_progress", PDM_TYPE_FLOAT64, "of the total", "Share of the weights up to and with this day."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "What was split."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the total", "Σ amount − total."),
    PDM__RESULT("days", PDM_TYPE_INT64, "days", "Days from first to last."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info event_days_tables[] = {
    [TABLE_DAYS] = PDM__TABLE("days", day_columns, "A day."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: how it closes."),
};

static int64_t day_of(int64_t time) {
    int64_t day = time / DAY_US;
    return time % DAY_US < 0 ? day - 1 : day;
}

static pdm_status weigh_days(pdm__calc *calc, int64_t first, int64_t days, double *weight, pdm_error *err) {
    const pdm__sheet *weekdays = &calc->sheets[IN_WEEKDAYS];
    const pdm__sheet *events = &calc->sheets[IN_EVENTS];
    double by_weekday[7] = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0};
    for (int64_t i = 0; i < weekdays->rows; i++) {
        by_weekday[(int32_t)weekdays->columns[WEEKDAY_DAY].f64[i]] = weekdays->columns[WEEKDAY_WEIGHT].f64[i];
    }
    for (int64_t d = 0; d < days; d++) weight[d] = by_weekday[((first + d + 3) % 7 + 7) % 7]; /* day 0 is a Thursday */
    for (int64_t i = 0; i < events->rows; i++) {
        int64_t from = day_of(events->columns[EVENT_FROM].i64[i]) - first;
        int64_t to = day_of(events->columns[EVENT_TO].i64[i]) - first;
        if (to < from) {
            return pdm__calc_fail(calc, IN_EVENTS, EVENT_TO, i, PDM_E_BAD_PERIOD, err,
                                  "the event ends before it begins");
        }
        for (int64_t d = from < 0 ? 0 : from; d <= to && d < days; d++) {
            weight[d] *= events->columns[EVENT_MULTIPLIER].f64[i];
        }
    }
    return PDM_OK;
}

static pdm_status put_days(pdm__calc *calc, int64_t first, int64_t days, const double *weight, double *amount,
                           const int64_t *whole, pdm_error *err) {
    const pdm_event_days_options *chosen = calc->options;
    double total = calc->sheets[IN_TARGET].columns[TARGET_TOTAL].f64[0];
    pdm__sum all = {0.0, 0.0};
    pdm__sum reached = {0.0, 0.0};
    pdm__sum weights = {0.0, 0.0};
    for (int64_t d = 0; d < days; d++) pdm__sum_add(&all, weight[d]);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, TABLE_DAYS, days, NULL, &out, err));
    for (int64_t d = 0; d < days; d++) {
        pdm__sum_add(&reached, amount[d]);
        pdm__sum_add(&weights, weight[d]);
        pdm__put_int(&out, 0, d, (first + d) * DAY_US);
        pdm__put_float(&out, 1, d, weight[d]);
        pdm__put_float(&out, 2, d, amount[d]);
        pdm__put_int(&out, 3, d, whole[d]);
        if (chosen->exact_int == 0) pdm__put_null(&out, 3, d);
        pdm__put_float(&out, 4, d, pdm__sum_of(&reached));
        pdm__put_float(&out, 5, d, pdm__sum_of(&weights) / pdm__sum_of(&all));
    }
    PDM__TRY(pdm__rows_end(&out));
    double closure = pdm__sum_of(&reached) - total;
    PDM__TRY(pdm__rows_begin(calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, total);
    pdm__put_float(&out, 1, 0, closure);
    pdm__put_int(&out, 2, 0, days);
    pdm__put_status(&out, 3, 0, fabs(closure) <= 1e-12 * fabs(total) ? PDM_STATUS_OK : PDM_STATUS_CLOSURE, NULL);
    return pdm__rows_end(&out);
}

static pdm_status event_days_run(pdm__calc *calc, pdm_error *err) {
    const pdm_event_days_options *chosen = calc->options;
    const pdm__sheet *target = &calc->sheets[IN_TARGET];
    int64_t first = day_of(target->columns[TARGET_FIRST].i64[0]);
    int64_t days = day_of(target->columns[TARGET_LAST].i64[0]) - first + 1;
    double total = target->columns[TARGET_TOTAL].f64[0];
    double *weight = NULL;
    double *amount = NULL;
    int64_t *whole = NULL;
    if (days < 1 || days > MAX_DAYS) {
        return pdm__calc_fail(calc, IN_TARGET, TARGET_LAST, 0, PDM_E_BAD_PERIOD, err, "%lld days; 1 to %d expected",
                              (long long)days, MAX_DAYS);
    }
    PDM__TRY(pdm__calc_array(calc, days, sizeof *weight, &weight, err));
    PDM__TRY(pdm__calc_array(calc, days, sizeof *amount, &amount, err));
    PDM__TRY(pdm__calc_array(calc, days, sizeof *whole, &whole, err));
    PDM__TRY(weigh_days(calc, first, days, weight, err));
    pdm__sum sum = {0.0, 0.0};
    for (int64_t d = 0; d < days; d++) pdm__sum_add(&sum, weight[d]);
    if (!(pdm__sum_of(&sum) > 0.0)) {
        return pdm__fail(err, PDM_E_ZERO_WEIGHTS, -1, "weight", "every one of the %lld days has weight 0",
                         (long long)days);
    }
    for (int64_t d = 0; d < days; d++) amount[d] = total * (weight[d] / pdm__sum_of(&sum));
    if (chosen->exact_int != 0) {
        int64_t exact = 0;
        bool tie = false;
        PDM__TRY(pdm__calc_whole(calc, IN_TARGET, TARGET_TOTAL, 0, PDM_E_BAD_TOTAL, &exact, err));
        PDM__TRY(pdm__apportion(calc->context, PDM_APPORTION_LARGEST_REMAINDER, PDM_ZERO_POLICY_ERROR, exact, weight,
                                NULL, days, whole, NULL, &tie, err));
        for (int64_t d = 0; d < days; d++) amount[d] = (double)whole[d];
    }
    return put_days(calc, first, days, weight, amount, whole, err);
}

PDM__CALCULATOR(event_days, pdm_event_days_options, "Target by day", "大促与日历节奏",
                "Splits a target over the days of a campaign by weekdays and events.");
