/* Periods of blocks of rows: the same as the calendar's own, in every zone, before 1970, at changes of the clock and at the ends of time. */
#include "cohort.h"
#include "rows.h"

#include "core/periods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MANY 4096

static void compare(const pdm_calendar *calendar, const int64_t *times, size_t n) {
    int64_t got[MANY];
    for (int32_t period = PDM_PERIOD_HOUR; period <= PDM_PERIOD_YEAR; period++) {
        pdm__periods_of(calendar, (pdm_period)period, times, n, got);
        for (size_t i = 0; i < n; i++) {
            int64_t expected = pdm_calendar_period(calendar, (pdm_period)period, times[i]);
            if (got[i] != expected)
                fail_msg("period %d of %lld: %lld, not %lld", (int)period, (long long)times[i], (long long)got[i],
                         (long long)expected);
        }
    }
}

static void compare_around(const pdm_calendar *calendar, int64_t middle, int64_t spread) {
    int64_t times[MANY];
    uint64_t random = (uint64_t)middle + 1;
    for (size_t i = 0; i < MANY; i++) times[i] = middle + rows_below(&random, 2 * spread) - spread;
    compare(calendar, times, MANY);
}

static void test_same_as_calendar(void **unused) {
    (void)unused;
    /* A clock that is set back over midnight shows the same day twice, apart. */
    static const int64_t change_s[] = {-86400 * 365 * 3, 1800, 86400 * 30 + 1800, INT64_C(9300000000000)};
    static const int32_t offset_s[] = {3600, -3600, 7200, 0};
    pdm_calendar odd = pdm_calendar_fixed(0);
    odd.week_start = PDM_WEDNESDAY;
    odd.change_count = 4;
    odd.change_s = change_s;
    odd.offset_s = offset_s;
    const pdm_calendar calendars[] = {pdm_calendar_fixed(0), cohort_shanghai(), cohort_new_york(), cohort_kathmandu(),
                                      odd};
    for (size_t c = 0; c < sizeof calendars / sizeof *calendars; c++) {
        const pdm_calendar *calendar = &calendars[c];
        compare_around(calendar, 0, 3 * COHORT_DAY);
        compare_around(calendar, cohort_at(1969, 12, 31, 0, 0), 400 * COHORT_DAY);
        compare_around(calendar, cohort_at(1900, 3, 1, 0, 0), 900 * COHORT_DAY);
        compare_around(calendar, cohort_at(2024, 3, 10, 7, 0), 2 * COHORT_DAY);
        compare_around(calendar, cohort_at(2024, 11, 3, 6, 0), 2 * COHORT_DAY);
        compare_around(calendar, cohort_at(1985, 12, 31, 18, 30), COHORT_DAY);
        compare_around(calendar, 0, INT64_MAX / 2);
        static const int64_t ends[] = {INT64_MIN,
                                       INT64_MIN + 1,
                                       INT64_MAX,
                                       INT64_MAX - 1,
                                       INT64_MAX - COHORT_DAY * 2,
                                       INT64_MIN + COHORT_DAY * 2,
                                       0,
                                       -1};
        compare(calendar, ends, 8);
    }
    compare(NULL, (const int64_t[]){0, -1, INT64_MAX}, 3);
}

/* Days to periods, and the last µs of a period. */
static void test_days(void **unused) {
    (void)unused;
    pdm_calendar calendar = cohort_new_york();
    for (int64_t day = -800; day < 800; day += 3) {
        int64_t noon = day * COHORT_DAY + 17 * COHORT_HOUR;
        for (int32_t period = PDM_PERIOD_DAY; period <= PDM_PERIOD_YEAR; period++) {
            int64_t index = pdm__period_of_day(&calendar, (pdm_period)period, day);
            assert_int_equal(index, pdm_calendar_period(&calendar, (pdm_period)period, noon));
            int64_t first = pdm__period_first_day(&calendar, (pdm_period)period, index);
            assert_int_equal(pdm__period_of_day(&calendar, (pdm_period)period, first), index);
            assert_int_equal(pdm__period_of_day(&calendar, (pdm_period)period, first - 1), index - 1);
            int64_t last = pdm__period_last(&calendar, (pdm_period)period, index);
            assert_int_equal(pdm_calendar_period(&calendar, (pdm_period)period, last), index);
            assert_int_equal(pdm_calendar_period(&calendar, (pdm_period)period, last + 1), index + 1);
        }
    }
    int64_t far = pdm_calendar_period(&calendar, PDM_PERIOD_YEAR, INT64_MAX);
    assert_int_equal(pdm__period_last(&calendar, PDM_PERIOD_YEAR, far), INT64_MAX);
}

static void test_dates(void **unused) {
    (void)unused;
    pdm_calendar calendar = cohort_shanghai();
    pdm_error err;
    int64_t evening = cohort_at(2024, 2, 29, 20, 0); /* 04:00 on 1 March in Shanghai */
    pdm__period_range range = pdm__dates_range(&calendar, PDM_PERIOD_HOUR, evening, evening);
    assert_true(range.has_first && range.has_last);
    assert_int_equal(range.last - range.first, 23);
    assert_int_equal(pdm_calendar_period_start(&calendar, PDM_PERIOD_HOUR, range.first), cohort_at(2024, 2, 29, 16, 0));
    range = pdm__dates_range(&calendar, PDM_PERIOD_MONTH, evening, PDM_ZERO_INT64);
    assert_int_equal(range.first, 12 * 2024 + 2);
    assert_false(range.has_last);
    assert_int_equal(pdm__dates_check(&calendar, evening, evening - COHORT_DAY, &err), PDM_E_BAD_OPTION);
    assert_int_equal(pdm__dates_check(&calendar, evening, evening - COHORT_HOUR, &err), PDM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_calendar),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
