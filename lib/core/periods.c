#include "core/periods.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_US (3600 * SECOND_US)
#define DAY_US (24 * HOUR_US)
#define PLAIN_MARGIN_US (50 * HOUR_US) /* more than any offset and a day */

static inline int64_t floor_divide(int64_t value, int64_t by) {
    int64_t quotient = value / by;
    return quotient - (value % by < 0);
}

/* What is known of the times around the last one. */
typedef struct nearby {
    const pdm_calendar *calendar;
    pdm_period period;
    int64_t from; /* the offset is offset_us from here … */
    int64_t last; /* … to here */
    int64_t offset_us;
    int64_t day_first; /* months and longer: these days have this index */
    int64_t day_last;
    int64_t index;
} nearby;

/* Times so near the ends of int64 that an offset could leave it are asked for one by one. */
static inline bool is_plain(int64_t time) {
    return time >= INT64_MIN + PLAIN_MARGIN_US && time <= INT64_MAX - PLAIN_MARGIN_US;
}

/* The stretch of constant offset that holds a time: its ends are whole seconds. */
static void find_stretch(nearby *near, int64_t time) {
    const pdm_calendar *calendar = near->calendar;
    int32_t count = calendar == NULL ? 0 : calendar->change_count;
    int64_t second = floor_divide(time, SECOND_US);
    int32_t low = 0;
    for (int32_t high = count; low < high;) {
        int32_t middle = low + (high - low) / 2;
        if (calendar->change_s[middle] <= second) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    near->from = INT64_MIN;
    near->last = INT64_MAX;
    /* A change that lies beyond all int64 µs bounds nothing. */
    if (low > 0 && __builtin_mul_overflow(calendar->change_s[low - 1], SECOND_US, &near->from)) near->from = INT64_MIN;
    if (low < count && !__builtin_mul_overflow(calendar->change_s[low], SECOND_US, &near->last)) near->last -= 1;
    int32_t offset_s = calendar == NULL ? 0 : low > 0 ? calendar->offset_s[low - 1] : calendar->utc_offset_s;
    near->offset_us = offset_s * SECOND_US;
}

static int64_t index_of_date(pdm_period period, int64_t year, int32_t month) {
    if (period == PDM_PERIOD_YEAR) return year;
    return period == PDM_PERIOD_QUARTER ? 4 * year + (month - 1) / 3 : 12 * year + (month - 1);
}

/* Months and longer: fills the days that have the same index as `day`. */
static void find_days(nearby *near, int64_t day) {
    int64_t year = 0;
    int32_t month = 0;
    int32_t months = near->period == PDM_PERIOD_YEAR ? 12 : near->period == PDM_PERIOD_QUARTER ? 3 : 1;
    pdm_calendar_date(day, &year, &month, NULL);
    int32_t first = (month - 1) / months * months + 1;
    near->index = index_of_date(near->period, year, month);
    near->day_first = pdm_calendar_day_of_date(year, first, 1);
    near->day_last = pdm_calendar_day_of_date(year, first + months, 1) - 1;
}

/* Whether the stretch of the last time holds this one, or could be made to. */
static inline bool is_near(nearby *near, int64_t time) {
    if (PDM__LIKELY(time >= near->from && time <= near->last)) return true;
    if (!is_plain(time)) return false;
    find_stretch(near, time);
    near->from = near->from < INT64_MIN + PLAIN_MARGIN_US ? INT64_MIN + PLAIN_MARGIN_US : near->from;
    near->last = near->last > INT64_MAX - PLAIN_MARGIN_US ? INT64_MAX - PLAIN_MARGIN_US : near->last;
    return true;
}

/* Floor, for a constant divisor: what is divided is made positive, so that one multiplication does it. */
#define FLOOR_DIVIDE(value, by)                                                                                        \
    ((int64_t)(((uint64_t)(value) + (uint64_t)(INT64_MAX / (by) + 1) * (uint64_t)(by)) / (uint64_t)(by)) -             \
     (INT64_MAX / (by) + 1))

#define EACH(expression)                                                                                               \
    for (size_t i = 0; i < n; i++) {                                                                                   \
        if (PDM__UNLIKELY(!is_near(&near, times[i]))) {                                                                \
            out[i] = pdm_calendar_period(calendar, period, times[i]);                                                  \
            continue;                                                                                                  \
        }                                                                                                              \
        int64_t local = times[i] + near.offset_us;                                                                     \
        out[i] = (expression);                                                                                         \
    }

static int64_t month_of(nearby *near, int64_t day) {
    if (PDM__UNLIKELY(day < near->day_first || day > near->day_last)) find_days(near, day);
    return near->index;
}

void pdm__periods_of(const pdm_calendar *calendar, pdm_period period, const int64_t *times, size_t n, int64_t *out) {
    nearby near = {.calendar = calendar, .period = period, .from = 1, .day_first = 1};
    int64_t shift = 3 - (calendar == NULL ? 0 : calendar->week_start);
    switch (period) {
    case PDM_PERIOD_HOUR: EACH(FLOOR_DIVIDE(local, HOUR_US)) break;
    case PDM_PERIOD_WEEK: EACH(floor_divide(FLOOR_DIVIDE(local, DAY_US) + shift, 7)) break;
    case PDM_PERIOD_MONTH:
    case PDM_PERIOD_QUARTER:
    case PDM_PERIOD_YEAR: EACH(month_of(&near, FLOOR_DIVIDE(local, DAY_US))) break;
    case PDM_PERIOD_DAY:
    default: EACH(FLOOR_DIVIDE(local, DAY_US)) break;
    }
}

int64_t pdm__period_of_day(const pdm_calendar *calendar, pdm_period period, int64_t day) {
    int64_t year = 0;
    int32_t month = 0;
    if (period == PDM_PERIOD_HOUR) return day * 24;
    if (period == PDM_PERIOD_DAY) return day;
    if (period == PDM_PERIOD_WEEK) return floor_divide(day + 3 - (calendar == NULL ? 0 : calendar->week_start), 7);
    pdm_calendar_date(day, &year, &month, NULL);
    return index_of_date(period, year, month);
}

int64_t pdm__period_first_day(const pdm_calendar *calendar, pdm_period period, int64_t index) {
    if (period == PDM_PERIOD_WEEK) return index * 7 - 3 + (calendar == NULL ? 0 : calendar->week_start);
    if (period == PDM_PERIOD_YEAR) return pdm_calendar_day_of_date(index, 1, 1);
    if (period != PDM_PERIOD_MONTH && period != PDM_PERIOD_QUARTER) return index;
    int64_t in_year = period == PDM_PERIOD_MONTH ? 12 : 4;
    int64_t year = floor_divide(index, in_year);
    return pdm_calendar_day_of_date(year, (int32_t)(index - year * in_year) * (int32_t)(12 / in_year) + 1, 1);
}

int64_t pdm__period_last(const pdm_calendar *calendar, pdm_period period, int64_t index) {
    int64_t next = pdm_calendar_period_start(calendar, period, index + 1);
    return next == INT64_MIN || next == INT64_MAX ? next : next - 1; /* beyond int64 it is its end */
}

pdm__as_of pdm__as_of_view(const pdm__view *view, int64_t option) {
    if (option != PDM_ZERO_INT64) return (pdm__as_of){option, true};
    return (pdm__as_of){view->time_max, view->time_min <= view->time_max};
}

pdm__cell_status pdm__status_at(const pdm__as_of *as_of, int64_t start, int64_t last) {
    if (!as_of->known || start > as_of->time) return PDM__CELL_FUTURE;
    return last <= as_of->time ? PDM__CELL_COMPLETE : PDM__CELL_PARTIAL;
}

pdm_status pdm__dates_check_early(int64_t date_from, int64_t date_to, pdm_error *err) {
    if (date_from == PDM_ZERO_INT64 || date_to == PDM_ZERO_INT64 || date_to >= date_from) return PDM_OK;
    if ((uint64_t)date_from - (uint64_t)date_to <= 2 * (uint64_t)DAY_US) return PDM_OK; /* no local day is so long */
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "date_to", "option \"date_to\": %lld µs is before date_from, %lld µs",
                     (long long)date_to, (long long)date_from);
}

pdm_status pdm__dates_check(const pdm_calendar *calendar, int64_t date_from, int64_t date_to, pdm_error *err) {
    if (date_from == PDM_ZERO_INT64 || date_to == PDM_ZERO_INT64) return PDM_OK;
    int64_t from = pdm_calendar_day(calendar, date_from);
    int64_t to = pdm_calendar_day(calendar, date_to);
    if (from <= to) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "date_to", "option \"date_to\": day %lld is before date_from, day %lld",
                     (long long)to, (long long)from);
}

pdm__period_range pdm__dates_range(const pdm_calendar *calendar, pdm_period period, int64_t date_from,
                                   int64_t date_to) {
    pdm__period_range range = {.has_first = date_from != PDM_ZERO_INT64, .has_last = date_to != PDM_ZERO_INT64};
    if (range.has_first) {
        int64_t day = pdm_calendar_day(calendar, date_from);
        range.first = pdm_calendar_period(calendar, period, pdm_calendar_day_start(calendar, day));
    }
    if (range.has_last) {
        int64_t day = pdm_calendar_day(calendar, date_to);
        range.last = pdm_calendar_period(calendar, period, pdm__period_last(calendar, PDM_PERIOD_DAY, day));
    }
    return range;
}
