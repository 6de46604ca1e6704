/* Activity: published stickiness, worked DAU/WAU/MAU, random rows against a naive count, days that are not 24 h long. */
#include "cohort.h"
#include "rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- stickiness: PostHog's test_stickiness_query_runner; person 1 is active on 11 … 19 January, person 2 every other day ---- */

static int64_t noon(int32_t day) { return cohort_at(2020, 1, day, 12, 0); }

static pdm_activity_options range_of(int32_t first, int32_t last) {
    pdm_activity_options options = pdm_activity_options_default();
    options.date_from = noon(first);
    options.date_to = noon(last);
    return options;
}

static pdm_state *with_two_people(const pdm_activity_options *options, const pdm_calendar *calendar) {
    int64_t events[28];
    int64_t n = 0;
    for (int32_t day = 11; day <= 19; day++, n += 2) {
        events[n] = 1;
        events[n + 1] = noon(day);
    }
    for (int32_t day = 11; day <= 19; day += 2, n += 2) {
        events[n] = 2;
        events[n + 1] = noon(day);
    }
    pdm_state *state = cohort_state("activity", options, calendar);
    cohort_add(state, "unit time", events, n / 2);
    return state;
}

static void test_published_stickiness(void **unused) {
    (void)unused;
    pdm_activity_options options = range_of(11, 20);
    pdm_result *r = cohort_result(with_two_people(&options, NULL));
    COHORT_EXPECT(r, "stickiness", "units", 0, 0, 0, 0, 1, 0, 0, 0, 1, 0);
    COHORT_EXPECT_F64(r, "stickiness", "share", 0, 0, 0, 0, 0.5, 0, 0, 0, 0.5, 0);
    COHORT_EXPECT_F64(r, "summary", "mean", 7.0);
    COHORT_EXPECT_F64(r, "summary", "median", 7.0);
    pdm_result_free(r);
    options.every = 2;
    options.list_units = 1;
    r = cohort_result(with_two_people(&options, NULL));
    COHORT_EXPECT(r, "stickiness", "units", 0, 0, 0, 0, 2);
    COHORT_EXPECT(r, "units", "unit", 1, 2);
    COHORT_EXPECT(r, "units", "j", 5, 5);
    pdm_result_free(r);
    options.every = 1;
    options.list_units = 0;
    options.period = PDM_COHORT_WEEK;
    pdm_calendar sunday = pdm_calendar_fixed(0);
    sunday.week_start = PDM_SUNDAY;
    r = cohort_result(with_two_people(&options, &sunday));
    COHORT_EXPECT(r, "stickiness", "units", 0, 0, 2);
    pdm_result_free(r);
}

static pdm_state *with_repeats(const pdm_activity_options *options) {
    const int64_t events[] = {1, noon(12), 1, noon(12) + 1, 1, noon(13), 1, noon(14), 1, noon(14), 1, noon(14),
                              2, noon(12), 2, noon(13),     2, noon(13), 3, noon(11), 3, noon(21)};
    pdm_state *state = cohort_state("activity", options, NULL);
    cohort_add(state, "unit time", events, 11);
    return state;
}

static void test_criteria(void **unused) {
    (void)unused;
    pdm_activity_options options = range_of(12, 15);
    options.criteria_rows = 2;
    pdm_result *r = cohort_result(with_repeats(&options));
    COHORT_EXPECT(r, "stickiness", "units", 1, 1, 0, 0); /* 1 on the 12th and 14th, 2 on the 13th; 3 only outside */
    pdm_result_free(r);
    options.criteria = PDM_ACTIVITY_LTE;
    r = cohort_result(with_repeats(&options));
    COHORT_EXPECT(r, "stickiness", "units", 0, 2, 0, 0);
    pdm_result_free(r);
    options.criteria = PDM_ACTIVITY_EXACT;
    options.criteria_rows = 3;
    r = cohort_result(with_repeats(&options));
    COHORT_EXPECT(r, "stickiness", "units", 1, 0, 0, 0);
    COHORT_EXPECT(r, "summary", "units", 1);
    pdm_result_free(r);
    options.criteria = PDM_ACTIVITY_GTE;
    options.every = 3; /* the 12th to 14th, and the 15th: 1 has 6 rows in the first, 2 has 3 */
    options.criteria_rows = 4;
    r = cohort_result(with_repeats(&options));
    COHORT_EXPECT(r, "stickiness", "units", 1, 0);
    pdm_result_free(r);
}

/* PostHog: 3 people on 1, 2, 3 of 3 days. */
static void test_cumulative(void **unused) {
    (void)unused;
    const int64_t events[] = {1, noon(11), 2, noon(11), 2, noon(12), 3, noon(11), 3, noon(12), 3, noon(13)};
    pdm_activity_options options = range_of(11, 13);
    options.cumulative = 1;
    pdm_state *state = cohort_state("activity", &options, NULL);
    cohort_add(state, "unit time", events, 6);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "stickiness", "units", 3, 2, 1);
    COHORT_EXPECT_F64(r, "stickiness", "share", 1.0, 2.0 / 3.0, 1.0 / 3.0);
    COHORT_EXPECT_F64(r, "summary", "median", 2.0);
    pdm_result_free(r);
    r = cohort_result(cohort_state("activity", &options, NULL));
    COHORT_EXPECT(r, "stickiness", "units", 0, 0, 0);
    COHORT_EXPECT_F64(r, "stickiness", "share", (double)NAN, (double)NAN, (double)NAN);
    COHORT_EXPECT(r, "active", "mau", 0, 0, 0);
    COHORT_EXPECT(r, "active", "complete", 0, 0, 0);
    pdm_result_free(r);
    r = cohort_result(cohort_state("activity", NULL, NULL));
    assert_int_equal(pdm_table_rows(pdm_result_table(r, "stickiness")), 0);
    COHORT_EXPECT(r, "totals", "units", 0);
    pdm_result_free(r);
}

/* ---- active ---- */

static const int64_t worked[] = {1, 0, 1, 1, 2, 1, 1, 7, 2, 8, 3, 8};

static pdm_state *worked_state(const pdm_activity_options *options) {
    int64_t events[12];
    for (int64_t i = 0; i < 6; i++) {
        events[2 * i] = worked[2 * i];
        events[2 * i + 1] = worked[2 * i + 1] * COHORT_DAY;
    }
    pdm_state *state = cohort_state("activity", options, NULL);
    cohort_add(state, "unit time", events, 6);
    return state;
}

static void test_worked_active(void **unused) {
    (void)unused;
    pdm_activity_options options = pdm_activity_options_default();
    pdm_result *r = cohort_result(worked_state(&options));
    COHORT_EXPECT(r, "active", "day", 0, 1, 2, 3, 4, 5, 6, 7, 8);
    COHORT_EXPECT(r, "active", "dau", 1, 2, 0, 0, 0, 0, 0, 1, 2);
    COHORT_EXPECT(r, "active", "wau", 1, 2, 2, 2, 2, 2, 2, 2, 3);
    COHORT_EXPECT(r, "active", "mau", 1, 2, 2, 2, 2, 2, 2, 2, 3);
    COHORT_EXPECT(r, "active", "new", 1, 1, 0, 0, 0, 0, 0, 0, 1);
    COHORT_EXPECT_F64(r, "active", "dau_wau", 1, 1, 0, 0, 0, 0, 0, 0.5, 2.0 / 3.0);
    pdm_result_free(r);
    options.mau_days = 3;
    options.as_of = 10 * COHORT_DAY - 1;
    options.period = PDM_COHORT_WEEK; /* day 0 is a Thursday: 4, and 6 of the 7 days that follow */
    r = cohort_result(worked_state(&options));
    COHORT_EXPECT(r, "active", "mau", 1, 2, 2, 2, 0, 0, 0, 1, 3, 3);
    COHORT_EXPECT(r, "active", "lost", 0, 0, 0, 0, 2, 0, 0, 0, 0, 0);
    COHORT_EXPECT(r, "active", "resurrecting", 0, 0, 0, 0, 0, 0, 0, 1, 1, 0);
    COHORT_EXPECT(r, "active", "complete", 0, 0, 0, 0, 0, 0, 1, 1, 1, 1); /* the first week has no 7 days behind it */
    COHORT_EXPECT(r, "active_periods", "days", 4, 6);
    COHORT_EXPECT(r, "active_periods", "active", 2, 3);
    COHORT_EXPECT_F64(r, "active_periods", "mean_dau", 0.75, 0.5);
    COHORT_EXPECT(r, "active_periods", "mau", 2, 3);
    COHORT_EXPECT_F64(r, "active_periods", "dau_mau", 0.375, 1.0 / 6.0);
    COHORT_EXPECT(r, "active_periods", "complete", 0, 0);
    pdm_result_free(r);
}

/* Groups in one table; a unit may be in several. */
static void test_breakdown(void **unused) {
    (void)unused;
    const int64_t events[] = {1, 0, 5, 1, COHORT_DAY, 6, 2, 0, 6, 2, COHORT_DAY, COHORT_NULL};
    pdm_activity_options options = pdm_activity_options_default();
    options.breakdown_by = PDM_COHORT_BREAKDOWN_SAME_VALUE;
    pdm_state *state = cohort_state("activity", &options, NULL);
    cohort_add(state, "unit time breakdown?", events, 4);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT_TEXT(r, "active", "group", NULL, NULL, "5", "5", "6", "6");
    COHORT_EXPECT(r, "active", "dau", 0, 1, 1, 0, 1, 1);
    COHORT_EXPECT(r, "active", "mau", 0, 1, 1, 1, 1, 2);
    COHORT_EXPECT(r, "summary", "units", 1, 1, 2);
    pdm_result_free(r);
    options.breakdown_by = PDM_COHORT_BREAKDOWN_LATEST;
    state = cohort_state("activity", &options, NULL);
    cohort_add(state, "unit time breakdown?", events, 4);
    r = cohort_result(state);
    COHORT_EXPECT_TEXT(r, "summary", "group", NULL, "6");
    COHORT_EXPECT_F64(r, "summary", "mean", 2.0, 2.0);
    pdm_result_free(r);
}

/* Hours of a local day of 23 h, and of one of 25 h. */
static void test_hours(void **unused) {
    (void)unused;
    pdm_calendar new_york = cohort_new_york();
    const int64_t days[] = {cohort_at(2024, 3, 10, 17, 0), cohort_at(2024, 11, 3, 17, 0)};
    for (int32_t i = 0; i < 2; i++) {
        int64_t start = pdm_calendar_day_start(&new_york, pdm_calendar_day(&new_york, days[i]));
        int64_t events[60];
        int64_t hours = i == 0 ? 23 : 25;
        for (int64_t h = 0; h < hours; h++) {
            events[2 * h] = 1;
            events[2 * h + 1] = start + h * COHORT_HOUR;
        }
        pdm_activity_options options = pdm_activity_options_default();
        options.period = PDM_COHORT_HOUR;
        options.date_from = days[i];
        options.date_to = days[i];
        pdm_state *state = cohort_state("activity", &options, &new_york);
        cohort_add(state, "unit time", events, hours);
        pdm_result *r = cohort_result(state);
        const pdm_table *table = pdm_result_table(r, "stickiness");
        assert_int_equal(pdm_table_rows(table), 24);
        /* 02:00 does not exist in March; 01:00 is there twice in November: hours of the clock, 24 a day. */
        assert_int_equal(pdm_table_i64(table, "units")[i == 0 ? 22 : 23], 1);
        COHORT_EXPECT(r, "active", "dau", 1);
        COHORT_EXPECT(r, "active_periods", "days", 1);
        pdm_result_free(r);
    }
}

/* ---- random rows ---- */

#define UNITS 20
#define SPAN 120
static bool was_active[UNITS][SPAN];

static int64_t count_in(int64_t from, int64_t to) {
    int64_t units = 0;
    for (int32_t u = 0; u < UNITS; u++) {
        bool any = false;
        for (int64_t t = from < 0 ? 0 : from; t <= to && t < SPAN; t++) any |= was_active[u][t];
        units += any;
    }
    return units;
}

static void expect_naive(const pdm_table *table, int64_t mau) {
    const int64_t *got = pdm_table_i64(table, "mau");
    for (int64_t row = 0; row < pdm_table_rows(table); row++) {
        int64_t t = pdm_table_i64(table, "day")[row] + SPAN / 2;
        assert_int_equal(pdm_table_i64(table, "dau")[row], count_in(t, t));
        assert_int_equal(pdm_table_i64(table, "wau")[row], count_in(t - 6, t));
        assert_int_equal(got[row], count_in(t - mau + 1, t));
        int64_t change = pdm_table_i64(table, "new")[row] + pdm_table_i64(table, "resurrecting")[row] -
                         pdm_table_i64(table, "lost")[row];
        if (row > 0) assert_int_equal(got[row] - got[row - 1], change);
    }
}

static void test_random(void **unused) {
    (void)unused;
    static const int32_t windows[] = {30, 28, 1, 64};
    uint64_t random = 99;
    for (size_t trial = 0; trial < 20; trial++) {
        int64_t events[2 * UNITS * 15];
        int64_t count = 0;
        memset(was_active, 0, sizeof was_active);
        for (int32_t u = 0; u < UNITS; u++) {
            for (int64_t n = rows_below(&random, 15); n > 0; n--, count++) {
                int64_t t = rows_below(&random, trial % 3 == 0 ? 12 : SPAN);
                was_active[u][t] = true;
                events[2 * count] = u;
                events[2 * count + 1] = (t - SPAN / 2) * COHORT_DAY + rows_below(&random, COHORT_DAY);
            }
        }
        pdm_activity_options options = pdm_activity_options_default();
        options.mau_days = windows[trial % 4];
        options.date_from = (rows_below(&random, 40) - SPAN / 2) * COHORT_DAY;
        options.date_to = (SPAN / 2 - rows_below(&random, 40) + 30) * COHORT_DAY;
        if (trial % 2 == 0) options.period = PDM_COHORT_HOUR;
        pdm_state *state = cohort_state("activity", &options, NULL);
        cohort_add(state, "unit time", events, count);
        pdm_result *r = cohort_result(state);
        expect_naive(pdm_result_table(r, "active"), options.mau_days);
        pdm_result_free(r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_stickiness),
        cmocka_unit_test(test_criteria),
        cmocka_unit_test(test_cumulative),
        cmocka_unit_test(test_worked_active),
        cmocka_unit_test(test_breakdown),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
