/* Civil time: days, periods and dates from instants, and back. Extreme times are exact or saturate, they never wrap. */
#include <pdmetrics/calendar.h>

#include "core/base.h"

#define SECOND_US INT64_C(1000000)
#define DAY_S INT64_C(86400)
#define DAY_US (DAY_S * SECOND_US)
#define HOUR_S INT64_C(3600)
#define OFFSET_LIMIT_S 93600 /* 26 h */

/* Every time that int64 µs can hold lies well within this many seconds, so sums of a few such numbers cannot wrap. */
#define SECONDS_LIMIT INT64_C(10000000000000)

/* Days from 0000-03-01 to 1970-01-01, and in 400 years. */
#define EPOCH_SHIFT 719468
#define ERA_DAYS 146097

static int64_t floor_divide(int64_t value, int64_t by) {
    int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

/* value − by·⌊value / by⌋, without forming the product, which may lie outside int64. */
static int64_t floor_remainder(int64_t value, int64_t by) {
    int64_t remainder = value % by;
    return remainder < 0 ? remainder + by : remainder;
}

static int64_t clamp(pdm__int128 value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : (int64_t)value;
}

static int64_t saturate(pdm__int128 value) { return clamp(value, INT64_MIN, INT64_MAX); }

/* ---- offsets ---------------------------------------------------------------------------------------------------- */

static int32_t change_count(const pdm_calendar *calendar) {
    return calendar == NULL || calendar->change_count < 0 ? 0 : calendar->change_count;
}

/* How many changes lie at or before `second`. */
static int32_t changes_until(const pdm_calendar *calendar, int64_t second) {
    int32_t count = change_count(calendar);
    const int64_t *base = calendar == NULL ? NULL : calendar->change_s;
    if (count == 0 || second < base[0]) return 0;
    if (second >= base[count - 1]) return count; /* rows are mostly younger than the last change of most zones */
    int32_t low = 0;
    while (count > 1) {
        int32_t half = count / 2;
        low = base[low + half] <= second ? low + half : low; /* compiles to a conditional move */
        count -= half;
    }
    return low + 1;
}

/* The offset after the first `changes` changes. */
static int32_t offset_after(const pdm_calendar *calendar, int32_t changes) {
    if (calendar == NULL) return 0;
    return changes == 0 ? calendar->utc_offset_s : calendar->offset_s[changes - 1];
}

static pdm_status check_changes(const pdm_calendar *calendar, pdm_error *err) {
    if (calendar->change_s == NULL || calendar->offset_s == NULL) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "change_s", "%d offset changes announced, but the arrays are NULL",
                         (int)calendar->change_count);
    }
    for (int32_t i = 0; i < calendar->change_count; i++) {
        int32_t offset = calendar->offset_s[i];
        if (offset < -OFFSET_LIMIT_S || offset > OFFSET_LIMIT_S) {
            return pdm__fail(err, PDM_E_BAD_OPTION, i, "offset_s", "offset must be within %d s of UTC, not %d",
                             OFFSET_LIMIT_S, (int)offset);
        }
        if (i > 0 && calendar->change_s[i] <= calendar->change_s[i - 1]) {
            return pdm__fail(err, PDM_E_BAD_OPTION, i, "change_s", "offset changes must rise, but %lld follows %lld",
                             (long long)calendar->change_s[i], (long long)calendar->change_s[i - 1]);
        }
    }
    return PDM_OK;
}

pdm_status pdm_calendar_validate(const pdm_calendar *calendar, pdm_error *err) {
    if (calendar == NULL) return PDM_OK;
    if (calendar->struct_size != 0 && calendar->struct_size != sizeof *calendar) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "struct_size of a calendar must be %zu, not %u",
                         sizeof *calendar, (unsigned)calendar->struct_size);
    }
    if (calendar->week_start < PDM_MONDAY || calendar->week_start > PDM_SUNDAY) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "week_start", "week_start must be 0 (Monday) to 6 (Sunday), not %d",
                         (int)calendar->week_start);
    }
    if (calendar->utc_offset_s < -OFFSET_LIMIT_S || calendar->utc_offset_s > OFFSET_LIMIT_S) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "utc_offset_s", "offset must be within %d s of UTC, not %d",
                         OFFSET_LIMIT_S, (int)calendar->utc_offset_s);
    }
    if (calendar->change_count < 0) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "change_count", "change_count must not be negative, but is %d",
                         (int)calendar->change_count);
    }
    return calendar->change_count == 0 ? PDM_OK : check_changes(calendar, err);
}

int32_t pdm_calendar_offset(const pdm_calendar *calendar, int64_t time_us) {
    if (change_count(calendar) == 0) return offset_after(calendar, 0);
    return offset_after(calendar, changes_until(calendar, floor_divide(time_us, SECOND_US)));
}

/* ---- local clock to instant ------------------------------------------------------------------------------------- */

/*
 * The number of the first stretch of constant offset (stretch i follows i changes) whose local clock runs past `local_s`.
 * Changes within 52 h are scanned one by one, because the ends of such stretches need not rise on the local clock.
 */
static int32_t stretch_reaching(const pdm_calendar *calendar, int64_t local_s) {
    int32_t count = change_count(calendar);
    int32_t i = changes_until(calendar, local_s - OFFSET_LIMIT_S);
    while (i < count && calendar->change_s[i] <= local_s - offset_after(calendar, i)) i++;
    return i;
}

/* The first instant, in seconds, at which the local clock shows `local_s` or more. Rises with local_s. */
static int64_t first_reaching(const pdm_calendar *calendar, int64_t local_s) {
    int32_t i = stretch_reaching(calendar, local_s);
    int64_t second = local_s - offset_after(calendar, i);
    return i > 0 && calendar->change_s[i - 1] > second ? calendar->change_s[i - 1] : second;
}

/* First instant of the local clock's second `local_s` (or of what follows, if it is skipped), in µs. */
static int64_t start_of(const pdm_calendar *calendar, pdm__int128 local_s) {
    int64_t second = first_reaching(calendar, clamp(local_s, -SECONDS_LIMIT, SECONDS_LIMIT));
    return saturate((pdm__int128)second * SECOND_US);
}

/* The instant that shows `local_s`, in seconds: the first that does, else as if the clock had not yet been set forward. */
static int64_t second_showing(const pdm_calendar *calendar, int64_t local_s) {
    int32_t count = change_count(calendar);
    int32_t first = stretch_reaching(calendar, local_s);
    for (int32_t i = first; i <= count; i++) {
        int64_t second = local_s - offset_after(calendar, i);
        if (i == 0) return second;
        if (calendar->change_s[i - 1] > local_s + OFFSET_LIMIT_S) break;
        if (calendar->change_s[i - 1] <= second && (i == count || second < calendar->change_s[i])) return second;
    }
    return local_s - offset_after(calendar, first > 0 ? first - 1 : 0);
}

int64_t pdm_calendar_from_local(const pdm_calendar *calendar, int64_t local_us) {
    int64_t local_s = floor_divide(local_us, SECOND_US);
    pdm__int128 whole_us = (pdm__int128)second_showing(calendar, local_s) * SECOND_US;
    return saturate(whole_us + floor_remainder(local_us, SECOND_US));
}

int64_t pdm_calendar_day_start(const pdm_calendar *calendar, int64_t day) {
    return start_of(calendar, (pdm__int128)day * DAY_S);
}

/* ---- instant to period ------------------------------------------------------------------------------------------ */

/* ⌊local time / unit⌋. The sum of time and offset may leave int64 at its very ends; the parts then do not. */
static inline int64_t local_units(const pdm_calendar *calendar, int64_t time_us, int64_t unit_us) {
    int64_t offset_us = pdm_calendar_offset(calendar, time_us) * SECOND_US;
    int64_t local_us;
    if (PDM__LIKELY(!__builtin_add_overflow(time_us, offset_us, &local_us))) return floor_divide(local_us, unit_us);
    return floor_divide(time_us, unit_us) + floor_divide(floor_remainder(time_us, unit_us) + offset_us, unit_us);
}

int64_t pdm_calendar_day(const pdm_calendar *calendar, int64_t time_us) {
    return local_units(calendar, time_us, DAY_US);
}

static int32_t week_start(const pdm_calendar *calendar) { return calendar == NULL ? 0 : calendar->week_start; }

int64_t pdm_calendar_period(const pdm_calendar *calendar, pdm_period period, int64_t time_us) {
    if (period == PDM_PERIOD_HOUR) return local_units(calendar, time_us, HOUR_S * SECOND_US);
    int64_t day = pdm_calendar_day(calendar, time_us);
    if (period == PDM_PERIOD_WEEK) return floor_divide(day + 3 - week_start(calendar), 7);
    int64_t year;
    int32_t month;
    switch (period) {
    case PDM_PERIOD_MONTH: pdm_calendar_date(day, &year, &month, NULL); return 12 * year + (month - 1);
    case PDM_PERIOD_QUARTER: pdm_calendar_date(day, &year, &month, NULL); return 4 * year + (month - 1) / 3;
    case PDM_PERIOD_YEAR: pdm_calendar_date(day, &year, NULL, NULL); return year;
    case PDM_PERIOD_HOUR:
    case PDM_PERIOD_DAY:
    case PDM_PERIOD_WEEK:
    default: return day;
    }
}

int64_t pdm_calendar_period_start(const pdm_calendar *calendar, pdm_period period, int64_t index) {
    int64_t day = index;
    switch (period) {
    case PDM_PERIOD_HOUR: return start_of(calendar, (pdm__int128)index * HOUR_S);
    case PDM_PERIOD_WEEK: day = saturate((pdm__int128)index * 7 - 3 + week_start(calendar)); break;
    case PDM_PERIOD_MONTH:
        day = pdm_calendar_day_of_date(floor_divide(index, 12), (int32_t)floor_remainder(index, 12) + 1, 1);
        break;
    case PDM_PERIOD_QUARTER:
        day = pdm_calendar_day_of_date(floor_divide(index, 4), (int32_t)floor_remainder(index, 4) * 3 + 1, 1);
        break;
    case PDM_PERIOD_YEAR: day = pdm_calendar_day_of_date(index, 1, 1); break;
    case PDM_PERIOD_DAY:
    default: break;
    }
    return pdm_calendar_day_start(calendar, day);
}

/* ---- dates ------------------------------------------------------------------------------------------------------ */

/*
 * Years are counted from 1 March here, so that the leap day is the last of its year: the months then begin at
 * ⌊(153·m + 2)/5⌋ (m = 0 for March), and an era of 400 years has a fixed length.
 */
void pdm_calendar_date(int64_t day, int64_t *year, int32_t *month, int32_t *day_of_month) {
    int64_t era = floor_divide(day, ERA_DAYS);
    int32_t of_era =
        (int32_t)floor_remainder(day, ERA_DAYS) + EPOCH_SHIFT % ERA_DAYS; /* shifted after the division: no wrap */
    era += EPOCH_SHIFT / ERA_DAYS;
    if (of_era >= ERA_DAYS) {
        of_era -= ERA_DAYS;
        era++;
    }
    int32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t from_march = (5 * of_year + 2) / 153;
    if (year != NULL) *year = era * 400 + year_of_era + (from_march >= 10);
    if (month != NULL) *month = from_march < 10 ? from_march + 3 : from_march - 9;
    if (day_of_month != NULL) *day_of_month = of_year - (153 * from_march + 2) / 5 + 1;
}

int64_t pdm_calendar_day_of_date(int64_t year, int32_t month, int32_t day_of_month) {
    /* A month outside 1…12 counts on into the neighbouring years; March is month 0 of the year that starts there. */
    int64_t from_march = (int64_t)month - 3;
    int64_t carry = floor_divide(from_march, 12);
    from_march -= carry * 12;
    int64_t march_year = saturate((pdm__int128)year + carry);
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = floor_remainder(march_year, 400);
    int64_t of_year = (153 * from_march + 2) / 5 + day_of_month - 1;
    int64_t of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    return saturate((pdm__int128)era * ERA_DAYS + of_era - EPOCH_SHIFT);
}
