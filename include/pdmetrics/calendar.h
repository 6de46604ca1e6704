/**
 * @file calendar.h
 * @defgroup core_calendar Calendars
 * @ingroup core
 * @brief Civil time without a time-zone database.
 *
 * Time is int64 µs since the Unix epoch, UTC, and may be negative. A calendar says which local day an instant belongs to: a fixed
 * offset (China: 28 800 s), or a table of offset changes given by the caller (Python fills it from `zoneinfo`). The library
 * does no I/O and knows no zone names.
 * @{
 */
#ifndef PDMETRICS_CALENDAR_H
#define PDMETRICS_CALENDAR_H

#include <pdmetrics/status.h>

/** Weekdays as `week_start` counts them. */
typedef enum pdm_weekday {
    PDM_MONDAY = 0,
    PDM_TUESDAY = 1,
    PDM_WEDNESDAY = 2,
    PDM_THURSDAY = 3,
    PDM_FRIDAY = 4,
    PDM_SATURDAY = 5,
    PDM_SUNDAY = 6
} pdm_weekday;

/** Calendar periods. */
typedef enum pdm_period {
    PDM_PERIOD_HOUR = 0,
    PDM_PERIOD_DAY = 1,
    PDM_PERIOD_WEEK = 2,
    PDM_PERIOD_MONTH = 3,
    PDM_PERIOD_QUARTER = 4,
    PDM_PERIOD_YEAR = 5
} pdm_period;

/**
 * A civil calendar. All zero is UTC with weeks from Monday. The arrays are borrowed: they must outlive the calls made with it (a
 * state that is given a calendar keeps its own copy).
 */
typedef struct pdm_calendar {
    uint32_t struct_size;    /**< sizeof(pdm_calendar) */
    int32_t week_start;      /**< a ::pdm_weekday, default Monday */
    int32_t utc_offset_s;    /**< seconds east of UTC before the first change (and always, if there are none) */
    int32_t change_count;    /**< entries of the two arrays */
    const int64_t *change_s; /**< UTC seconds at which the offset changes, strictly rising */
    const int32_t *offset_s; /**< the offset from that second on */
} pdm_calendar;

/** UTC, or any fixed offset in seconds, weeks from Monday. */
static inline pdm_calendar pdm_calendar_fixed(int32_t utc_offset_s) {
    pdm_calendar calendar;
    memset(&calendar, 0, sizeof calendar);
    calendar.struct_size = (uint32_t)sizeof calendar;
    calendar.utc_offset_s = utc_offset_s;
    return calendar;
}

PDM_BEGIN_DECLS

/** Checks the ranges (offsets within ±26 h, changes strictly rising, a weekday). Errors: PDM_E_BAD_OPTION. */
PDM_API pdm_status pdm_calendar_validate(const pdm_calendar *calendar, pdm_error *err);

/** Offset from UTC in seconds at @p time_us. O(log changes). */
PDM_EXPORT int32_t pdm_calendar_offset(const pdm_calendar *calendar, int64_t time_us);

/** Local civil day number of @p time_us: day 0 is 1970-01-01. Floors, so it is right before 1970. */
PDM_EXPORT int64_t pdm_calendar_day(const pdm_calendar *calendar, int64_t time_us);

/**
 * The instant of local wall-clock time @p local_us (µs since 1970-01-01 00:00 on that clock). A time that occurs twice (clocks set
 * back) is the first of the two; one that never occurs (clocks set forward) is moved on by the size of the gap.
 */
PDM_EXPORT int64_t pdm_calendar_from_local(const pdm_calendar *calendar, int64_t local_us);

/** The first instant of local day @p day (usually its midnight). */
PDM_EXPORT int64_t pdm_calendar_day_start(const pdm_calendar *calendar, int64_t day);

/**
 * Index of the period that holds @p time_us: hour = 3 600 s blocks of the local clock, day number, week = ⌊(day + 3 −
 * week_start)/7⌋ (day 0 is a Thursday), month = 12·year + (month − 1), quarter = 4·year + …, year.
 * Differences of indices are distances in periods.
 */
PDM_EXPORT int64_t pdm_calendar_period(const pdm_calendar *calendar, pdm_period period, int64_t time_us);

/** First instant of period @p index (the inverse of pdm_calendar_period()). */
PDM_EXPORT int64_t pdm_calendar_period_start(const pdm_calendar *calendar, pdm_period period, int64_t index);

/** Civil date of a day number (proleptic Gregorian). Any pointer may be NULL. */
PDM_EXPORT void pdm_calendar_date(int64_t day, int64_t *year, int32_t *month, int32_t *day_of_month);

/** Day number of a civil date; month 1…12, day 1…31 (not checked against the month's length). */
PDM_EXPORT int64_t pdm_calendar_day_of_date(int64_t year, int32_t month, int32_t day_of_month);

PDM_END_DECLS
/** @} */
#endif
