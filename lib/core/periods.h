/*
 * Calendar periods for blocks of rows, and the ranges of periods that cohort tables run over.
 *
 * pdm_calendar_period() asks the calendar anew for every time. Here a stretch of constant offset and the last month, quarter or year are
 * remembered, and hours, days and weeks are divisions by constants; the answers are the same.
 */
#ifndef PDM_CORE_PERIODS_H
#define PDM_CORE_PERIODS_H

#include "core/base.h"
#include "core/metric_ops.h"

/* Option `period` of cohort metrics: the default, day, is 0. */
static const char *const pdm__period_values[] = {"day", "hour", "week", "month", "quarter", "year", NULL};
static inline pdm_period pdm__period_of_option(int32_t value) {
    static const pdm_period periods[] = {PDM_PERIOD_DAY,   PDM_PERIOD_HOUR,    PDM_PERIOD_WEEK,
                                         PDM_PERIOD_MONTH, PDM_PERIOD_QUARTER, PDM_PERIOD_YEAR};
    return periods[value];
}

/* Indices of periods that any time can have lie within ± this (hours are the shortest). */
#define PDM__PERIOD_LIMIT (INT64_C(1) << 33)

/* out[i] = pdm_calendar_period(calendar, period, times[i]). */
void pdm__periods_of(const pdm_calendar *calendar, pdm_period period, const int64_t *times, size_t n, int64_t *out);

/* The period that a local day lies in (period: day or longer); the hour is the first of the day. */
int64_t pdm__period_of_day(const pdm_calendar *calendar, pdm_period period, int64_t day);

/* The first local day of a period of days or longer. */
int64_t pdm__period_first_day(const pdm_calendar *calendar, pdm_period period, int64_t index);

/* Last µs of a period. */
int64_t pdm__period_last(const pdm_calendar *calendar, pdm_period period, int64_t index);

typedef enum pdm__cell_status { PDM__CELL_COMPLETE = 0, PDM__CELL_PARTIAL = 1, PDM__CELL_FUTURE = 2 } pdm__cell_status;

/* Up to when data are complete: option as_of, or the largest row time; not known without rows. */
typedef struct pdm__as_of {
    int64_t time;
    bool known;
} pdm__as_of;
pdm__as_of pdm__as_of_view(const pdm__view *view, int64_t option);

/* Of the stretch [start, last]: complete if it is over, future if it has not begun. */
pdm__cell_status pdm__status_at(const pdm__as_of *as_of, int64_t start, int64_t last);

/* Periods first … last; none if first > last. */
typedef struct pdm__period_range {
    int64_t first;
    int64_t last;
    bool has_first; /* given by an option */
    bool has_last;
} pdm__period_range;

/*
 * Options date_from and date_to (PDM_ZERO_INT64: not given): the periods that hold the first and the last instant of those local days.
 * PDM_E_BAD_OPTION: date_from lies after date_to. Which days they are is known only once the calendar is: _check_early refuses what is wrong
 * in every calendar.
 */
pdm_status pdm__dates_check_early(int64_t date_from, int64_t date_to, pdm_error *err);
pdm_status pdm__dates_check(const pdm_calendar *calendar, int64_t date_from, int64_t date_to, pdm_error *err);
pdm__period_range pdm__dates_range(const pdm_calendar *calendar, pdm_period period, int64_t date_from, int64_t date_to);

#endif
