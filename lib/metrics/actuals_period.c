/* Periods of actuals by the calendar: their names, and which lies a year before. */
#include "metrics/actuals_internal.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/* A day a year earlier by date; false on the 29th of February. */
static bool day_a_year_ago(int64_t day, int64_t *out) {
    int64_t year = 0;
    int64_t back = 0;
    int32_t month = 0;
    int32_t date = 0;
    int32_t back_date = 0;
    pdm_calendar_date(day, &year, &month, &date);
    *out = pdm_calendar_day_of_date(year - 1, month, date);
    pdm_calendar_date(*out, &back, NULL, &back_date);
    return back_date == date;
}

bool pdm__actuals_year_ago(pdm_period period, int64_t index, int64_t *out) {
    switch (period) {
    case PDM_PERIOD_DAY: return day_a_year_ago(index, out);
    case PDM_PERIOD_WEEK: *out = index - 52; return true;
    case PDM_PERIOD_MONTH: *out = index - 12; return true;
    case PDM_PERIOD_QUARTER: *out = index - 4; return true;
    case PDM_PERIOD_YEAR: *out = index - 1; return true;
    case PDM_PERIOD_HOUR:
    default: return false;
    }
}

static void put_date(int64_t day, char *out, size_t room) {
    int64_t year = 0;
    int32_t month = 0;
    int32_t date = 0;
    pdm_calendar_date(day, &year, &month, &date);
    (void)snprintf(out, room, "%04" PRId64 "-%02" PRId32 "-%02" PRId32, year, month, date);
}

void pdm__actuals_label(const pdm__actuals_plan *plan, int64_t index, char *out, size_t room) {
    switch (plan->period) {
    case PDM_PERIOD_HOUR:
        put_date(floor_div(index, 24), out, room);
        (void)snprintf(out + strlen(out), room - strlen(out), "T%02d", (int)(index - 24 * floor_div(index, 24)));
        return;
    case PDM_PERIOD_WEEK: put_date(index * 7 - 3 + plan->calendar->week_start, out, room); return;
    case PDM_PERIOD_MONTH:
        (void)snprintf(out, room, "%04" PRId64 "-%02d", floor_div(index, 12),
                       (int)(index - 12 * floor_div(index, 12)) + 1);
        return;
    case PDM_PERIOD_QUARTER:
        (void)snprintf(out, room, "%04" PRId64 "-Q%d", floor_div(index, 4), (int)(index - 4 * floor_div(index, 4)) + 1);
        return;
    case PDM_PERIOD_YEAR: (void)snprintf(out, room, "%04" PRId64, index); return;
    case PDM_PERIOD_DAY:
    default: put_date(index, out, room); return;
    }
}
