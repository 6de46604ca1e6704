/* Lifecycle: published and worked examples, the identities on random rows, days that are not 24 h long, weeks, units of classes. */
#include "cohort.h"
#include "rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define D(day, of_unit) (of_unit), cohort_at(2020, 1, (day), 12, 0)

/* PostHog's test_lifecycle_trend: rows before the range are read. */
static void test_published(void **unused) {
    (void)unused;
    const int64_t events[] = {D(11, 1), D(12, 1), D(13, 1), D(15, 1), D(17, 1),
                              D(19, 1), D(9, 2),  D(12, 2), D(12, 3), D(15, 4)};
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    options.date_from = cohort_at(2020, 1, 12, 5, 0);
    options.date_to = cohort_at(2020, 1, 19, 0, 0);
    pdm_state *state = cohort_state("lifecycle", &options, NULL);
    cohort_add(state, "unit time", events, 10);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "new", 1, 0, 0, 1, 0, 0, 0, 0);
    COHORT_EXPECT(r, "lifecycle", "returning", 1, 1, 0, 0, 0, 0, 0, 0);
    COHORT_EXPECT(r, "lifecycle", "resurrecting", 1, 0, 0, 1, 0, 1, 0, 1);
    COHORT_EXPECT(r, "lifecycle", "dormant", 0, 2, 1, 0, 2, 0, 1, 0);
    COHORT_EXPECT(r, "lifecycle", "active", 3, 1, 0, 2, 0, 1, 0, 1);
    COHORT_EXPECT(r, "lifecycle", "complete", 1, 1, 1, 1, 1, 1, 1, 0);
    COHORT_EXPECT_F64(r, "lifecycle", "quick_ratio", (double)NAN, 0.0, 0.0, (double)NAN, 0.0, (double)NAN, 0.0,
                      (double)NAN);
    COHORT_EXPECT(r, "totals", "units", 4);
    pdm_result_free(r);
}

static const int64_t worked[] = {1, 0, 1, 1, 1, 4, 2, 1, 2, 3, 3, 4}; /* unit, day */

static void add_days(pdm_state *state, const int64_t *pairs, int64_t count) {
    int64_t events[64];
    for (int64_t i = 0; i < count; i++) {
        events[2 * i] = pairs[2 * i];
        events[2 * i + 1] = pairs[2 * i + 1] * COHORT_DAY + 7 * COHORT_HOUR;
    }
    cohort_add(state, "unit time", events, count);
}

static void test_dormant_after_two(void **unused) {
    (void)unused;
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    options.dormant_after = 2;
    options.date_from = 1;
    options.date_to = 5 * COHORT_DAY;
    options.list_units = 1;
    pdm_state *state = cohort_state("lifecycle", &options, NULL);
    add_days(state, worked, 6);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "period", 0, 1, 2, 3, 4, 5);
    COHORT_EXPECT(r, "lifecycle", "new", 1, 1, 0, 0, 1, 0);
    COHORT_EXPECT(r, "lifecycle", "returning", 0, 1, 0, 1, 0, 0);
    COHORT_EXPECT(r, "lifecycle", "resurrecting", 0, 0, 0, 0, 1, 0);
    COHORT_EXPECT(r, "lifecycle", "dormant", 0, 0, 0, 1, 0, 1);
    COHORT_EXPECT(r, "lifecycle", "active", 1, 2, 0, 1, 2, 0);
    COHORT_EXPECT(r, "lifecycle", "live", 1, 2, 2, 1, 3, 2);
    COHORT_EXPECT(r, "units", "period", 0, 1, 1, 3, 3, 4, 4, 5);
    COHORT_EXPECT_TEXT(r, "units", "class", "new", "new", "returning", "returning", "dormant", "new", "resurrecting",
                       "dormant");
    COHORT_EXPECT(r, "units", "unit", 1, 2, 1, 2, 1, 3, 1, 2);
    pdm_result_free(r);
}

/* Without a range: from the first row to as_of, which may lie after the last row, or before it. */
static void test_range_and_as_of(void **unused) {
    (void)unused;
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    options.as_of = 6 * COHORT_DAY - 1;
    pdm_state *state = cohort_state("lifecycle", &options, NULL);
    add_days(state, worked, 6);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "dormant", 0, 0, 2, 0, 1, 2);
    COHORT_EXPECT(r, "lifecycle", "complete", 1, 1, 1, 1, 1, 1);
    pdm_result_free(r);
    options.as_of = 2 * COHORT_DAY;
    state = cohort_state("lifecycle", &options, NULL);
    add_days(state, worked, 6);
    r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "active", 1, 2, 0);
    COHORT_EXPECT(r, "lifecycle", "complete", 1, 1, 0);
    pdm_result_free(r);
}

static void test_nobody(void **unused) {
    (void)unused;
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    pdm_result *r = cohort_result(cohort_state("lifecycle", &options, NULL));
    assert_int_equal(pdm_table_rows(pdm_result_table(r, "lifecycle")), 0);
    pdm_result_free(r);
    options.date_from = COHORT_DAY;
    options.date_to = 2 * COHORT_DAY;
    options.zero_denominator = 1;
    r = cohort_result(cohort_state("lifecycle", &options, NULL));
    COHORT_EXPECT(r, "lifecycle", "active", 0, 0);
    COHORT_EXPECT(r, "lifecycle", "complete", 0, 0);
    COHORT_EXPECT_F64(r, "lifecycle", "quick_ratio", 0.0, 0.0);
    pdm_result_free(r);
    pdm_state *state = NULL;
    options.date_to = -2 * COHORT_DAY;
    assert_int_equal(pdm_lifecycle_create(NULL, &options, &state, NULL), PDM_E_BAD_OPTION);
}

/* Which day an instant is of is said by the calendar, which is set after the options. */
static void test_dates_of_the_calendar(void **unused) {
    (void)unused;
    pdm_calendar shanghai = cohort_shanghai();
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    options.date_from = cohort_at(2024, 6, 1, 1, 0);
    options.date_to = cohort_at(2024, 5, 31, 23, 0); /* both 1 June in Shanghai, not in UTC */
    pdm_result *r = cohort_result(cohort_state("lifecycle", &options, &shanghai));
    COHORT_EXPECT(r, "lifecycle", "period_start", cohort_at(2024, 5, 31, 16, 0));
    pdm_result_free(r);
    pdm_state *state = cohort_state("lifecycle", &options, NULL);
    assert_int_equal(pdm_state_result(state, &r, NULL), PDM_E_BAD_OPTION);
    pdm_state_free(state);
}

/* first_seen: new in the period of that date only; a unit without one is new when first active. */
static void test_first_seen(void **unused) {
    (void)unused;
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    options.first_seen = PDM_LIFECYCLE_FIRST_SEEN_COLUMN;
    pdm_state *state = cohort_state("lifecycle", &options, NULL);
    const int64_t events[] = {
        1, 10 * COHORT_DAY, 11 * COHORT_DAY, 1, 11 * COHORT_DAY, 12 * COHORT_DAY, /* 1 is new on day 11 */
        2, 10 * COHORT_DAY, 3 * COHORT_DAY,  2, 11 * COHORT_DAY, COHORT_NULL,     /* 2 was created before */
        3, 10 * COHORT_DAY, COHORT_NULL,     3, 12 * COHORT_DAY, COHORT_NULL,
    };
    cohort_add(state, "unit time first_seen?", events, 6);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "new", 1, 1, 0);
    COHORT_EXPECT(r, "lifecycle", "returning", 0, 1, 0);
    COHORT_EXPECT(r, "lifecycle", "resurrecting", 2, 0, 1);
    COHORT_EXPECT(r, "lifecycle", "dormant", 0, 1, 2);
    pdm_result_free(r);
}

static const int64_t broken_down[] = {
    1, 0, 7, 1, COHORT_DAY, 8, 2, 0, 8, 2, COHORT_DAY, 8, 3, COHORT_DAY, COHORT_NULL, 3, COHORT_DAY, 7,
};

static pdm_result *broken_down_by(int32_t by) {
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    options.breakdown_by = by;
    pdm_state *state = cohort_state("lifecycle", &options, NULL);
    cohort_add(state, "unit time breakdown?", broken_down, 6);
    return cohort_result(state);
}

static void test_breakdown(void **unused) {
    (void)unused;
    pdm_result *r = broken_down_by(PDM_COHORT_BREAKDOWN_SAME_VALUE);
    COHORT_EXPECT_TEXT(r, "lifecycle", "group", NULL, NULL, "7", "7", "8", "8");
    COHORT_EXPECT(r, "lifecycle", "new", 0, 1, 1, 1, 1, 1);
    COHORT_EXPECT(r, "lifecycle", "returning", 0, 0, 0, 0, 0, 1);
    COHORT_EXPECT(r, "lifecycle", "dormant", 0, 0, 0, 1, 0, 0);
    pdm_result_free(r);
    r = broken_down_by(PDM_COHORT_BREAKDOWN_ENTRY); /* of 3's two rows at one instant the empty value is the least */
    COHORT_EXPECT_TEXT(r, "lifecycle", "group", NULL, NULL, "7", "7", "8", "8");
    COHORT_EXPECT(r, "lifecycle", "new", 0, 1, 1, 0, 1, 0);
    COHORT_EXPECT(r, "lifecycle", "returning", 0, 0, 0, 1, 0, 1);
    pdm_result_free(r);
    r = broken_down_by(PDM_COHORT_BREAKDOWN_LATEST);
    COHORT_EXPECT_TEXT(r, "lifecycle", "group", NULL, NULL, "8", "8");
    COHORT_EXPECT(r, "lifecycle", "new", 0, 1, 2, 0);
    COHORT_EXPECT(r, "lifecycle", "returning", 0, 0, 0, 2);
    pdm_result_free(r);
}

/* Rows one second before and after local midnight, in zones with days of 23 h and 25 h: consecutive days. */
static void expect_two_days(const pdm_calendar *calendar, int64_t midnight) {
    const int64_t events[] = {1, midnight - 1, 1, midnight};
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    pdm_state *state = cohort_state("lifecycle", &options, calendar);
    cohort_add(state, "unit time", events, 2);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "new", 1, 0);
    COHORT_EXPECT(r, "lifecycle", "returning", 0, 1);
    assert_int_equal(pdm_table_i64(pdm_result_table(r, NULL), "period_start")[1], midnight);
    pdm_result_free(r);
}

static void test_midnights(void **unused) {
    (void)unused;
    pdm_calendar shanghai = cohort_shanghai();
    pdm_calendar new_york = cohort_new_york();
    pdm_calendar kathmandu = cohort_kathmandu();
    expect_two_days(&shanghai, cohort_at(2024, 2, 29, 16, 0));
    expect_two_days(&shanghai, cohort_at(1969, 12, 30, 16, 0));
    expect_two_days(&new_york, cohort_at(2024, 3, 10, 5, 0));
    expect_two_days(&new_york, cohort_at(2024, 3, 11, 4, 0)); /* after 23 h */
    expect_two_days(&new_york, cohort_at(2024, 11, 3, 4, 0));
    expect_two_days(&new_york, cohort_at(2024, 11, 4, 5, 0)); /* after 25 h */
    expect_two_days(&kathmandu, cohort_at(1985, 12, 30, 18, 30));
    expect_two_days(&kathmandu, cohort_at(1986, 1, 1, 18, 15));
    expect_two_days(&kathmandu, cohort_at(1960, 6, 1, 18, 30));
}

/* Saturday and Sunday are in one week from Monday on, in two from Sunday on. */
static void test_weeks(void **unused) {
    (void)unused;
    const int64_t events[] = {1, cohort_at(2024, 6, 1, 12, 0), 1, cohort_at(2024, 6, 2, 12, 0)};
    pdm_lifecycle_options options = pdm_lifecycle_options_default();
    options.period = PDM_COHORT_WEEK;
    pdm_state *state = cohort_state("lifecycle", &options, NULL);
    cohort_add(state, "unit time", events, 2);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "period_start", cohort_at(2024, 5, 27, 0, 0));
    pdm_result_free(r);
    pdm_calendar sunday = pdm_calendar_fixed(0);
    sunday.week_start = PDM_SUNDAY;
    state = cohort_state("lifecycle", &options, &sunday);
    cohort_add(state, "unit time", events, 2);
    r = cohort_result(state);
    COHORT_EXPECT(r, "lifecycle", "period_start", cohort_at(2024, 5, 26, 0, 0), cohort_at(2024, 6, 2, 0, 0));
    COHORT_EXPECT(r, "lifecycle", "returning", 0, 1);
    pdm_result_free(r);
}

/* ---- random rows: against a naive count, and the identities ---- */

#define UNITS 30
#define SPAN 150
static bool was_active[UNITS][SPAN];

static bool any_in(int32_t unit, int64_t from, int64_t to) {
    bool any = false;
    for (int64_t t = from < 0 ? 0 : from; t <= to && t < SPAN; t++) any |= was_active[unit][t];
    return any;
}

static void expect_naive(const pdm_table *table, int64_t m) {
    const char *const names[] = {"new", "returning", "resurrecting", "dormant", "live"};
    const int64_t *got[5];
    for (int32_t c = 0; c < 5; c++) got[c] = pdm_table_i64(table, names[c]);
    for (int64_t row = 0; row < pdm_table_rows(table); row++) {
        int64_t t = pdm_table_i64(table, "period")[row] + SPAN / 2;
        int64_t n[5] = {0};
        for (int32_t u = 0; u < UNITS; u++) {
            bool now = t >= 0 && t < SPAN && was_active[u][t];
            bool lately = any_in(u, t - m, t - 1);
            n[0] += now && !any_in(u, 0, t - 1);
            n[1] += now && lately;
            n[2] += now && !lately && any_in(u, 0, t - 1);
            n[3] += any_in(u, t - m, t - m) && t >= m && !any_in(u, t - m + 1, t);
            n[4] += any_in(u, t - m + 1, t);
        }
        for (int32_t c = 0; c < 5; c++) assert_int_equal(got[c][row], n[c]);
        assert_int_equal(pdm_table_i64(table, "active")[row], n[0] + n[1] + n[2]);
        if (row == 0) continue;
        assert_int_equal(got[4][row], got[4][row - 1] + n[0] + n[2] - n[3]);
        if (m == 1) assert_int_equal(n[3], pdm_table_i64(table, "active")[row - 1] - n[1]);
    }
}

static void test_random(void **unused) {
    (void)unused;
    static const int32_t after[] = {1, 2, 7, 30, 64, 90};
    uint64_t random = 7;
    for (size_t trial = 0; trial < 24; trial++) {
        int64_t events[2 * UNITS * 12];
        int64_t count = 0;
        memset(was_active, 0, sizeof was_active);
        for (int32_t u = 0; u < UNITS; u++) {
            for (int64_t n = rows_below(&random, 12); n > 0; n--, count++) {
                int64_t t = rows_below(&random, trial % 2 == 0 ? SPAN : 20);
                was_active[u][t] = true;
                events[2 * count] = u;
                events[2 * count + 1] = (t - SPAN / 2) * COHORT_DAY + rows_below(&random, COHORT_DAY);
            }
        }
        pdm_lifecycle_options options = pdm_lifecycle_options_default();
        options.dormant_after = after[trial % 6];
        options.date_from = (-SPAN / 2 + rows_below(&random, 20)) * COHORT_DAY;
        options.date_to = (SPAN / 2 + rows_below(&random, 40) - 20) * COHORT_DAY;
        pdm_state *state = cohort_state("lifecycle", &options, NULL);
        cohort_add(state, "unit time", events, count);
        pdm_result *r = cohort_result(state);
        expect_naive(pdm_result_table(r, NULL), options.dormant_after);
        pdm_result_free(r);
    }
}

/* A stray time makes no table of millions of rows. */
static void test_too_far(void **unused) {
    (void)unused;
    const int64_t events[] = {1, INT64_MIN, 1, INT64_MAX};
    pdm_state *state = cohort_state("lifecycle", NULL, NULL);
    cohort_add(state, "unit time", events, 2);
    pdm_result *result = NULL;
    pdm_error err;
    assert_int_equal(pdm_state_result(state, &result, &err), PDM_E_LIMIT);
    pdm_state_free(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_dormant_after_two),
        cmocka_unit_test(test_range_and_as_of),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_dates_of_the_calendar),
        cmocka_unit_test(test_first_seen),
        cmocka_unit_test(test_breakdown),
        cmocka_unit_test(test_midnights),
        cmocka_unit_test(test_weeks),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_too_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
