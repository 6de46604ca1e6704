/* Civil time: against known dates, real offset changes of several zones, and slow but plain reckoning. */
#include "core/base.h"

#include <pdmetrics/calendar.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define HOUR (INT64_C(3600) * SECOND)
#define DAY (INT64_C(86400) * SECOND)

static pdm_calendar table(int32_t before, const int64_t *change_s, const int32_t *offset_s, int32_t count) {
    pdm_calendar c = pdm_calendar_fixed(before);
    c.change_s = change_s;
    c.offset_s = offset_s;
    c.change_count = count;
    return c;
}

/* Transitions as tzdata has them. */
static const int64_t new_york_s[] = {-84387600, -68666400, -52938000,  -37216800,  -21488400,  -5767200,
                                     9961200,   25682400,  1678604400, 1699164000, 1710054000, 1730613600};
static const int32_t new_york_o[] = {-14400, -18000, -14400, -18000, -14400, -18000,
                                     -14400, -18000, -14400, -18000, -14400, -18000};
static const int64_t sao_paulo_s[] = {1487469600, 1508036400, 1518919200, 1541300400, 1550368800};
static const int32_t sao_paulo_o[] = {-10800, -7200, -10800, -7200, -10800};
static const int64_t apia_s[] = {1301752800, 1316872800, 1325239200, 1333202400, 1348927200};
static const int32_t apia_o[] = {-39600, -36000, 50400, 46800, 50400};
static const int64_t st_johns_s[] = {1268537460, 1289097060};
static const int32_t st_johns_o[] = {-9000, -12600};
static const int64_t kathmandu_s[] = {504901800};
static const int32_t kathmandu_o[] = {20700};

static pdm_calendar new_york(void) { return table(-18000, new_york_s, new_york_o, PDM__COUNT(new_york_s)); }
static pdm_calendar sao_paulo(void) { return table(-7200, sao_paulo_s, sao_paulo_o, PDM__COUNT(sao_paulo_s)); }
static pdm_calendar apia(void) { return table(-36000, apia_s, apia_o, PDM__COUNT(apia_s)); }
static pdm_calendar st_johns(void) { return table(-12600, st_johns_s, st_johns_o, PDM__COUNT(st_johns_s)); }

static int64_t local(int64_t year, int32_t month, int32_t day, int32_t hour, int32_t minute) {
    return pdm_calendar_day_of_date(year, month, day) * DAY + hour * HOUR + minute * 60 * SECOND;
}

/* ---- dates ------------------------------------------------------------------------------------------------------ */

static void dates_follow_each_other(void **state) {
    (void)state;
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t number = pdm_calendar_day_of_date(-801, 1, 1);
    for (int64_t year = -801; year <= 2401; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int32_t month = 1; month <= 12; month++) {
            int32_t length = lengths[month - 1] + (month == 2 && leap);
            for (int32_t day = 1; day <= length; day++, number++) {
                int64_t y;
                int32_t m;
                int32_t d;
                pdm_calendar_date(number, &y, &m, &d);
                if (y != year || m != month || d != day || pdm_calendar_day_of_date(year, month, day) != number) {
                    fail_msg("%lld-%d-%d is day %lld, found %lld-%d-%d", (long long)year, (int)month, (int)day,
                             (long long)number, (long long)y, (int)m, (int)d);
                }
            }
        }
    }
}

static void known_days(void **state) {
    (void)state;
    assert_int_equal(pdm_calendar_day_of_date(1970, 1, 1), 0);
    assert_int_equal(pdm_calendar_day_of_date(2000, 2, 29), 11016);
    assert_int_equal(pdm_calendar_day_of_date(2024, 3, 1), 19783);
    assert_int_equal(pdm_calendar_day_of_date(1900, 3, 1), -25508);
    assert_int_equal(pdm_calendar_day_of_date(0, 3, 1), -719468);
    /* Not checked: counts on. */
    assert_int_equal(pdm_calendar_day_of_date(2023, 2, 30), pdm_calendar_day_of_date(2023, 3, 2));
    assert_int_equal(pdm_calendar_day_of_date(2023, 13, 1), pdm_calendar_day_of_date(2024, 1, 1));
    assert_int_equal(pdm_calendar_day_of_date(2023, 0, 1), pdm_calendar_day_of_date(2022, 12, 1));
    pdm_calendar_date(0, NULL, NULL, NULL);
}

/* ---- offsets and days ------------------------------------------------------------------------------------------- */

static void fixed_offsets(void **state) {
    (void)state;
    pdm_calendar shanghai = pdm_calendar_fixed(28800);
    assert_int_equal(pdm_calendar_offset(&shanghai, 0), 28800);
    assert_int_equal(pdm_calendar_day(&shanghai, 16 * HOUR - 1), 0);
    assert_int_equal(pdm_calendar_day(&shanghai, 16 * HOUR), 1);
    assert_int_equal(pdm_calendar_day(&shanghai, -8 * HOUR), 0);
    assert_int_equal(pdm_calendar_day(&shanghai, -8 * HOUR - 1), -1);
    assert_int_equal(pdm_calendar_day_start(&shanghai, 1), 16 * HOUR);
    assert_int_equal(pdm_calendar_from_local(&shanghai, local(2024, 11, 11, 0, 0)), INT64_C(1731254400) * SECOND);
    assert_int_equal(pdm_calendar_offset(NULL, 5), 0);
    assert_int_equal(pdm_calendar_day(NULL, -1), -1);
    assert_int_equal(pdm_calendar_day(NULL, DAY), 1);
    assert_int_equal(pdm_calendar_day_start(NULL, -3), -3 * DAY);
    assert_int_equal(pdm_calendar_from_local(NULL, -7), -7);
    pdm_calendar zero;
    memset(&zero, 0, sizeof zero);
    assert_int_equal(pdm_calendar_day(&zero, -1), -1);
}

static void offset_changes(void **state) {
    (void)state;
    pdm_calendar ny = new_york();
    for (int32_t i = 0; i < ny.change_count; i++) {
        int64_t at = new_york_s[i] * SECOND;
        assert_int_equal(pdm_calendar_offset(&ny, at), new_york_o[i]);
        assert_int_equal(pdm_calendar_offset(&ny, at - 1), i == 0 ? -18000 : new_york_o[i - 1]);
    }
    assert_int_equal(pdm_calendar_offset(&ny, INT64_MIN), -18000);
    assert_int_equal(pdm_calendar_offset(&ny, INT64_MAX), -18000);
    /* 1969-07-20 20:17:40 UTC was still the afternoon of the 20th there, in summer time. */
    int64_t landing = INT64_C(-14182940) * SECOND;
    assert_int_equal(pdm_calendar_offset(&ny, landing), -14400);
    assert_int_equal(pdm_calendar_day(&ny, landing), pdm_calendar_day_of_date(1969, 7, 20));
    assert_int_equal(pdm_calendar_from_local(&ny, local(1969, 7, 20, 16, 17) + 40 * SECOND), landing);
    assert_int_equal(pdm_calendar_day(&ny, (INT64_C(1710054000) + 21 * 3600) * SECOND - 1),
                     pdm_calendar_day_of_date(2024, 3, 10));
    assert_int_equal(pdm_calendar_day(&ny, (INT64_C(1710054000) + 21 * 3600) * SECOND),
                     pdm_calendar_day_of_date(2024, 3, 11));
    pdm_calendar kathmandu = table(19800, kathmandu_s, kathmandu_o, 1);
    assert_int_equal(pdm_calendar_day_start(&kathmandu, pdm_calendar_day_of_date(2024, 1, 1)),
                     INT64_C(1704046500) * SECOND); /* 2023-12-31 18:15 UTC */
    assert_int_equal(pdm_calendar_day(&kathmandu, INT64_C(1704046500) * SECOND - 1), 19722);
}

static void local_times_that_occur_twice_or_never(void **state) {
    (void)state;
    pdm_calendar ny = new_york();
    assert_int_equal(pdm_calendar_from_local(&ny, local(2024, 3, 10, 1, 59)), INT64_C(1710053940) * SECOND);
    assert_int_equal(pdm_calendar_from_local(&ny, local(2024, 3, 10, 2, 0)), INT64_C(1710054000) * SECOND);
    assert_int_equal(pdm_calendar_from_local(&ny, local(2024, 3, 10, 2, 30)), INT64_C(1710055800) * SECOND);
    assert_int_equal(pdm_calendar_from_local(&ny, local(2024, 3, 10, 3, 30)), INT64_C(1710055800) * SECOND);
    assert_int_equal(pdm_calendar_from_local(&ny, local(2024, 11, 3, 1, 30)), INT64_C(1730611800) * SECOND);
    assert_int_equal(pdm_calendar_from_local(&ny, local(2024, 11, 3, 1, 30) + 7), INT64_C(1730611800) * SECOND + 7);
    assert_int_equal(pdm_calendar_from_local(&ny, local(2024, 11, 3, 2, 0)), INT64_C(1730617200) * SECOND);
}

static void days_without_midnight(void **state) {
    (void)state;
    /* São Paulo 2018-11-04 begins at 01:00; 2018-02-17 has 25 hours, the last of them twice. */
    pdm_calendar sp = sao_paulo();
    int64_t day = pdm_calendar_day_of_date(2018, 11, 4);
    assert_int_equal(pdm_calendar_day_start(&sp, day), INT64_C(1541300400) * SECOND);
    assert_int_equal(pdm_calendar_day_start(&sp, day + 1) - pdm_calendar_day_start(&sp, day), 23 * HOUR);
    assert_int_equal(pdm_calendar_day(&sp, INT64_C(1541300400) * SECOND), day);
    assert_int_equal(pdm_calendar_day(&sp, INT64_C(1541300400) * SECOND - 1), day - 1);
    day = pdm_calendar_day_of_date(2018, 2, 18);
    assert_int_equal(pdm_calendar_day_start(&sp, day), INT64_C(1518922800) * SECOND);
    assert_int_equal(pdm_calendar_day_start(&sp, day) - pdm_calendar_day_start(&sp, day - 1), 25 * HOUR);
    /* Apia left out 2011-12-30. */
    pdm_calendar samoa = apia();
    day = pdm_calendar_day_of_date(2011, 12, 30);
    assert_int_equal(pdm_calendar_day_start(&samoa, day), INT64_C(1325239200) * SECOND);
    assert_int_equal(pdm_calendar_day_start(&samoa, day + 1), INT64_C(1325239200) * SECOND);
    assert_int_equal(pdm_calendar_day(&samoa, INT64_C(1325239200) * SECOND), day + 1);
    assert_int_equal(pdm_calendar_day(&samoa, INT64_C(1325239200) * SECOND - 1), day - 1);
    /* A gap over midnight, from 23:30 to 00:30: the day begins where the gap ends. */
    static const int64_t change_s[] = {23 * 3600 + 1800};
    static const int32_t offset_s[] = {3600};
    pdm_calendar over = table(0, change_s, offset_s, 1);
    assert_int_equal(pdm_calendar_day_start(&over, 1), change_s[0] * SECOND);
    assert_int_equal(pdm_calendar_day(&over, change_s[0] * SECOND), 1);
    assert_int_equal(pdm_calendar_from_local(&over, DAY), DAY); /* which shows 01:00 */
}

/* ---- against plain reckoning ------------------------------------------------------------------------------------ */

static int32_t plain_offset(const pdm_calendar *c, int64_t second) {
    int32_t offset = c->utc_offset_s;
    for (int32_t i = 0; i < c->change_count && c->change_s[i] <= second; i++) offset = c->offset_s[i];
    return offset;
}

/* Minute by minute over the days around a change. */
static void check_around(const pdm_calendar *c, int64_t change_s) {
    int64_t begin = change_s - change_s % 60 - 3 * 86400;
    int64_t end = begin + 6 * 86400;
    int64_t previous = INT64_MIN;
    for (int64_t s = begin; s < end; s += 60) {
        int64_t shown = s + plain_offset(c, s);
        int64_t day = pdm_calendar_day(c, s * SECOND);
        assert_int_equal(pdm_calendar_offset(c, s * SECOND), plain_offset(c, s));
        assert_int_equal(day, shown >= 0 ? shown / 86400 : -((-shown + 86399) / 86400));
        int64_t back = pdm_calendar_from_local(c, shown * SECOND) / SECOND;
        assert_int_equal(back + plain_offset(c, back), shown);
        assert_true(back <= s);
        for (int64_t earlier = begin; earlier < back && back < s; earlier += 60) {
            assert_int_not_equal(earlier + plain_offset(c, earlier), shown);
        }
        if (previous != INT64_MIN && day > previous && s - begin > 2 * 86400) {
            int64_t start = pdm_calendar_day_start(c, day) / SECOND;
            assert_true(start > s - 60 && start <= s);
        }
        previous = day > previous ? day : previous;
    }
}

static void plain_reckoning_agrees(void **state) {
    (void)state;
    const pdm_calendar zones[] = {new_york(), sao_paulo(), apia(), st_johns()};
    for (int32_t z = 0; z < PDM__COUNT(zones); z++) {
        for (int32_t i = 0; i < zones[z].change_count; i++) check_around(&zones[z], zones[z].change_s[i]);
    }
}

/* ---- periods ---------------------------------------------------------------------------------------------------- */

static void period_numbers(void **state) {
    (void)state;
    int64_t t = pdm_calendar_from_local(NULL, local(2024, 8, 15, 13, 45));
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_YEAR, t), 2024);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_QUARTER, t), 2024 * 4 + 2);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_MONTH, t), 2024 * 12 + 7);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_DAY, t), 19950);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_HOUR, t), 19950 * 24 + 13);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_HOUR, -1), -1);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_MONTH, -1), 1969 * 12 + 11);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_WEEK, 0), 0);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_WEEK, -3 * DAY), 0); /* Monday 1969-12-29 */
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_WEEK, -3 * DAY - 1), -1);
    assert_int_equal(pdm_calendar_period(NULL, PDM_PERIOD_WEEK, 4 * DAY), 1);
}

static void weeks_begin_on_their_day(void **state) {
    (void)state;
    for (int32_t start = PDM_MONDAY; start <= PDM_SUNDAY; start++) {
        pdm_calendar c = pdm_calendar_fixed(28800);
        c.week_start = start;
        int64_t previous = pdm_calendar_period(&c, PDM_PERIOD_WEEK, -40 * DAY);
        for (int64_t day = -39; day < 40; day++) {
            int64_t week = pdm_calendar_period(&c, PDM_PERIOD_WEEK, day * DAY);
            int64_t weekday = (((day + 3) % 7) + 7) % 7; /* day 0 is a Thursday */
            assert_int_equal(week - previous, weekday == start);
            previous = week;
        }
    }
}

static void starts_invert_periods(void **state) {
    (void)state;
    pdm_calendar zones[] = {new_york(), sao_paulo(), st_johns(), pdm_calendar_fixed(20700), pdm_calendar_fixed(0)};
    zones[1].week_start = PDM_SUNDAY;
    for (int32_t z = 0; z < PDM__COUNT(zones); z++) {
        for (int32_t p = PDM_PERIOD_HOUR; p <= PDM_PERIOD_YEAR; p++) {
            pdm_period period = (pdm_period)p;
            for (int64_t t = -3 * 366 * DAY; t < INT64_C(1760000000) * SECOND; t += 9 * DAY + 7 * HOUR + 1234567) {
                int64_t index = pdm_calendar_period(&zones[z], period, t);
                int64_t start = pdm_calendar_period_start(&zones[z], period, index);
                assert_true(start <= t);
                assert_int_equal(pdm_calendar_period(&zones[z], period, start), index);
                assert_true(pdm_calendar_period(&zones[z], period, start - 1) < index);
                assert_true(pdm_calendar_period_start(&zones[z], period, index + 1) > t);
            }
        }
    }
}

/* ---- the ends of int64 ------------------------------------------------------------------------------------------ */

static void extremes_saturate(void **state) {
    (void)state;
    static const int64_t change_s[] = {INT64_MIN, -5, 0, INT64_MAX};
    static const int32_t offset_s[] = {93600, -93600, 3600, -3600};
    const pdm_calendar calendars[] = {pdm_calendar_fixed(93600), pdm_calendar_fixed(-93600),
                                      table(7200, change_s, offset_s, 4), new_york()};
    static const int64_t values[] = {INT64_MIN, INT64_MIN + 1, INT64_MIN / 7, -1, 0, INT64_MAX / 7, INT64_MAX};
    for (int32_t c = 0; c < PDM__COUNT(calendars); c++) {
        for (int32_t v = 0; v < PDM__COUNT(values); v++) {
            (void)pdm_calendar_from_local(&calendars[c], values[v]);
            for (int32_t p = PDM_PERIOD_HOUR; p <= PDM_PERIOD_YEAR; p++) {
                int64_t index = pdm_calendar_period(&calendars[c], (pdm_period)p, values[v]);
                (void)pdm_calendar_period_start(&calendars[c], (pdm_period)p, index);
                (void)pdm_calendar_period_start(&calendars[c], (pdm_period)p, values[v]);
            }
        }
    }
    assert_int_equal(pdm_calendar_day(NULL, INT64_MAX), 106751991);
    assert_int_equal(pdm_calendar_day(NULL, INT64_MIN), -106751992);
    assert_int_equal(pdm_calendar_day(&calendars[0], INT64_MAX), 106751992);
    assert_int_equal(pdm_calendar_day(&calendars[1], INT64_MIN), -106751993);
    assert_int_equal(pdm_calendar_day_start(NULL, INT64_MAX), INT64_MAX);
    assert_int_equal(pdm_calendar_day_start(NULL, INT64_MIN), INT64_MIN);
    assert_int_equal(pdm_calendar_day_start(NULL, 106751992), INT64_MAX);
    assert_int_equal(pdm_calendar_from_local(&calendars[0], INT64_MIN), INT64_MIN);
    assert_int_equal(pdm_calendar_from_local(&calendars[1], INT64_MAX), INT64_MAX);
    assert_int_equal(pdm_calendar_from_local(NULL, INT64_MIN), INT64_MIN);
    assert_int_equal(pdm_calendar_period_start(NULL, PDM_PERIOD_YEAR, INT64_MAX), INT64_MAX);
    assert_int_equal(pdm_calendar_period_start(NULL, PDM_PERIOD_MONTH, INT64_MIN), INT64_MIN);
    assert_int_equal(pdm_calendar_day_of_date(INT64_MAX, INT32_MAX, INT32_MAX), INT64_MAX);
    assert_int_equal(pdm_calendar_day_of_date(INT64_MIN, INT32_MIN, INT32_MIN), INT64_MIN);
    int64_t year;
    int32_t month;
    int32_t day;
    pdm_calendar_date(INT64_MAX, &year, &month, &day);
    assert_int_equal(pdm_calendar_day_of_date(year, month, day), INT64_MAX);
    pdm_calendar_date(INT64_MIN, &year, &month, &day);
    assert_int_equal(pdm_calendar_day_of_date(year, month, day), INT64_MIN);
}

/* ---- validation ------------------------------------------------------------------------------------------------- */

static void expect_bad(const pdm_calendar *c, const char *column, int64_t row) {
    pdm_error err;
    assert_int_equal(pdm_calendar_validate(c, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, column);
    assert_int_equal(err.row, row);
    assert_true(err.message[0] != '\0');
    assert_int_equal(pdm_calendar_validate(c, NULL), PDM_E_BAD_OPTION);
}

static void validation(void **state) {
    (void)state;
    pdm_calendar good = new_york();
    assert_int_equal(pdm_calendar_validate(&good, NULL), PDM_OK);
    assert_int_equal(pdm_calendar_validate(NULL, NULL), PDM_OK);
    pdm_calendar c;
    memset(&c, 0, sizeof c);
    assert_int_equal(pdm_calendar_validate(&c, NULL), PDM_OK);
    c.struct_size = 4;
    expect_bad(&c, "struct_size", -1);
    c = pdm_calendar_fixed(93600);
    assert_int_equal(pdm_calendar_validate(&c, NULL), PDM_OK);
    c.utc_offset_s = 93601;
    expect_bad(&c, "utc_offset_s", -1);
    c.utc_offset_s = -93601;
    expect_bad(&c, "utc_offset_s", -1);
    c = pdm_calendar_fixed(0);
    c.week_start = 7;
    expect_bad(&c, "week_start", -1);
    c.week_start = -1;
    expect_bad(&c, "week_start", -1);
    c = good;
    c.change_count = -1;
    expect_bad(&c, "change_count", -1);
    c = good;
    c.change_s = NULL;
    expect_bad(&c, "change_s", -1);
    c = good;
    c.offset_s = NULL;
    expect_bad(&c, "change_s", -1);
    static const int64_t falling[] = {1, 5, 5};
    static const int32_t offsets[] = {0, 0, 0};
    static const int32_t wild[] = {0, 93601, 0};
    c = table(0, falling, offsets, 2);
    assert_int_equal(pdm_calendar_validate(&c, NULL), PDM_OK);
    c.change_count = 3;
    expect_bad(&c, "change_s", 2);
    c = table(0, falling, wild, 2);
    expect_bad(&c, "offset_s", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_follow_each_other),
        cmocka_unit_test(known_days),
        cmocka_unit_test(fixed_offsets),
        cmocka_unit_test(offset_changes),
        cmocka_unit_test(local_times_that_occur_twice_or_never),
        cmocka_unit_test(days_without_midnight),
        cmocka_unit_test(plain_reckoning_agrees),
        cmocka_unit_test(period_numbers),
        cmocka_unit_test(weeks_begin_on_their_day),
        cmocka_unit_test(starts_invert_periods),
        cmocka_unit_test(extremes_saturate),
        cmocka_unit_test(validation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
