/* Retention: published and worked tables by hand, each option once, values and payback, and days that are not 24 h long. */
#include "cohort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define NA COHORT_NULL

static int64_t june(int32_t day, int32_t hour) { return cohort_at(2020, 6, day, hour, 0); }

static pdm_retention_options zeros(void) {
    pdm_retention_options options = pdm_retention_options_default();
    options.future_cells = PDM_RETENTION_FUTURE_ZERO;
    options.cohort_entry = PDM_RETENTION_RECURRING;
    return options;
}

static pdm_result *run(const pdm_retention_options *options, const pdm_calendar *calendar, const char *names,
                       const int64_t *numbers, int64_t rows) {
    pdm_state *state = cohort_state("retention", options, calendar);
    cohort_add(state, names, numbers, rows);
    return cohort_result(state);
}

/* Cohorts of a triangle: row i has its first `columns` − i cells. */
static void expect_triangle(const pdm_result *r, int32_t columns, const int64_t *expected) {
    const pdm_table *table = pdm_result_table(r, "cells");
    assert_int_equal(pdm_table_rows(table), columns * columns);
    for (int32_t i = 0; i < columns; i++) {
        for (int32_t k = 0; k < columns - i; k++) {
            int64_t got = pdm_table_i64(table, "retained")[i * columns + k];
            if (got != *expected)
                fail_msg("cohort %d, column %d: %lld, not %lld", (int)i, (int)k, (long long)got, (long long)*expected);
            expected++;
        }
    }
}

static void expect_row(const pdm_result *r, int64_t first_row, const int64_t *expected, int64_t count) {
    const pdm_table *table = pdm_result_table(r, "cells");
    for (int64_t k = 0; k < count; k++) {
        bool null = pdm_table_is_null(table, "retained", first_row + k);
        int64_t got = null ? NA : pdm_table_i64(table, "retained")[first_row + k];
        if (got != expected[k])
            fail_msg("row %lld: %lld, not %lld", (long long)(first_row + k), (long long)got, (long long)expected[k]);
    }
}
#define EXPECT_ROW(r, first_row, ...)                                                                                  \
    expect_row(r, first_row, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* ---- PostHog's test_retention_query_runner ---- */

static void test_published_days(void **unused) {
    (void)unused;
    const int64_t rows[] = {1, june(10, 5), 1, june(11, 5), 1, june(12, 5), 1, june(15, 5), 1, june(15, 9),
                            1, june(16, 5), 2, june(11, 5), 2, june(12, 5), 2, june(13, 5), 2, june(16, 5)};
    pdm_retention_options options = zeros();
    options.intervals = 11;
    options.date_to = june(20, 6);
    pdm_result *r = run(&options, NULL, "unit time", rows, 10);
    static const int64_t expected[] = {1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 1, 0, 1, 2, 0, 0, 0, 0, 2,
                                       1, 0, 1, 2, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                       0, 1, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    expect_triangle(r, 11, expected);
    assert_int_equal(pdm_table_i64(pdm_result_table(r, NULL), "cohort_start")[0], june(10, 0));
    COHORT_EXPECT(r, "totals", "units", 2);
    COHORT_EXPECT(r, "totals", "entries", 9);
    pdm_result_free(r);
    options.min_occurrences = 2; /* only 15 June has two rows of one unit */
    r = run(&options, NULL, "unit time", rows, 10);
    EXPECT_ROW(r, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0);
    EXPECT_ROW(r, 11, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0);
    pdm_result_free(r);
}

/* Sunday weeks; rows after date_to that are in the last week count. */
static void test_published_weeks(void **unused) {
    (void)unused;
    const int64_t rows[] = {1, june(10, 5), 2, june(10, 5), 1, june(11, 5), 2, june(11, 5),
                            1, june(17, 5), 2, june(17, 5), 1, june(24, 5), 1, june(34, 5),
                            2, june(34, 5), 2, june(41, 5), 1, june(41, 5), 2, june(55, 5)};
    static const int64_t expected[] = {2, 2, 1, 2, 2, 0, 1, 2, 1, 2, 2, 0, 1, 1,
                                       1, 1, 0, 0, 2, 2, 0, 1, 2, 0, 1, 0, 0, 1};
    pdm_retention_options options = zeros();
    options.period = PDM_COHORT_WEEK;
    options.intervals = 7;
    options.date_to = cohort_at(2020, 7, 20, 0, 0);
    for (int32_t start = PDM_MONDAY; start <= PDM_SUNDAY; start += PDM_SUNDAY) {
        pdm_calendar calendar = pdm_calendar_fixed(0);
        calendar.week_start = start;
        pdm_result *r = run(&options, &calendar, "unit time", rows, 12);
        expect_triangle(r, 7, expected);
        assert_int_equal(pdm_table_i64(pdm_result_table(r, NULL), "cohort_start")[0],
                         start == PDM_MONDAY ? june(8, 0) : june(7, 0));
        pdm_result_free(r);
    }
}

static void test_published_on_or_after(void **unused) {
    (void)unused;
    const int64_t rows[] = {1, june(10, 5), 1, june(13, 5), 1, june(14, 5), 2, june(10, 5),
                            2, june(11, 5), 3, june(11, 5), 3, june(12, 5), 4, june(13, 5)};
    pdm_retention_options options = zeros();
    options.mode = PDM_RETENTION_ON_OR_AFTER;
    options.intervals = 5;
    options.date_to = june(14, 6);
    pdm_result *r = run(&options, NULL, "unit time", rows, 8);
    EXPECT_ROW(r, 0, 2, 2, 1, 1, 1);
    EXPECT_ROW(r, 5, 2, 1, 0, 0, 0);
    pdm_result_free(r);
}

/* A return counts only with the value of the start. */
static void test_same_value_and_hold(void **unused) {
    (void)unused;
    const int64_t rows[] = {1, june(10, 5), 7,           1, june(11, 5), 7,           1, june(11, 6),
                            8, 2,           june(10, 5), 8, 2,           june(11, 5), NA};
    pdm_retention_options options = zeros();
    options.cohort_entry = PDM_RETENTION_FIRST_TIME;
    options.intervals = 2;
    options.breakdown_by = PDM_COHORT_BREAKDOWN_SAME_VALUE;
    pdm_result *r = run(&options, NULL, "unit time breakdown?", rows, 5);
    COHORT_EXPECT_TEXT(r, "cells", "group", NULL, NULL, NULL, NULL, "7", "7", "7", "7", "8", "8", "8", "8");
    COHORT_EXPECT(r, "cells", "retained", 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0);
    pdm_result_free(r);
    options.breakdown_by = PDM_COHORT_BREAKDOWN_NONE;
    options.hold_constant = PDM_RETENTION_HOLD_COLUMN;
    options.list_units = 1;
    r = run(&options, NULL, "unit time hold?", rows, 5); /* (1, 7), (2, 8) on the 10th; (1, 8) on the 11th */
    COHORT_EXPECT(r, "cells", "retained", 2, 1, 1, 0);
    COHORT_EXPECT(r, "units", "unit", 1, 2, 1, 1);
    COHORT_EXPECT(r, "units", "k", 0, 0, 1, 0);
    pdm_result_free(r);
}

static void test_entry_and_latest(void **unused) {
    (void)unused;
    const int64_t rows[] = {1, june(10, 5), 7,           1, june(11, 5), 8,           2, june(10, 5),
                            8, 2,           june(10, 6), 7, 2,           june(11, 5), 8};
    pdm_retention_options options = zeros();
    options.intervals = 2;
    options.breakdown_by = PDM_COHORT_BREAKDOWN_ENTRY;
    pdm_result *r = run(&options, NULL, "unit time breakdown", rows, 5);
    COHORT_EXPECT_TEXT(r, "cells", "group", "7", "7", "7", "7", "8", "8", "8", "8");
    COHORT_EXPECT(r, "cells", "retained", 1, 1, 0, 0, 1, 1, 2, 0);
    pdm_result_free(r);
    options.breakdown_by = PDM_COHORT_BREAKDOWN_LATEST;
    r = run(&options, NULL, "unit time breakdown", rows, 5);
    COHORT_EXPECT_TEXT(r, "cells", "group", "8", "8", "8", "8");
    COHORT_EXPECT(r, "cells", "retained", 2, 2, 2, 0);
    pdm_result_free(r);
}

/* Signed up (start), paid (return); a start before its filter on properties makes first_ever differ. */
static void test_conditions(void **unused) {
    (void)unused;
    const int64_t rows[] = {
        1,           june(10, 5), 1, 0, 1, 1,           june(11, 5), 0, 1, 0, 1, june(12, 5), 1, 0, 1, /* unit, time, start, return, start_any */
        2,           june(10, 5), 0, 0, 1, 2,           june(11, 5), 1, 1, 1, 2, june(12, 5), 0, 1, 0, 3,
        june(11, 5), 1,           0, 1, 3, june(11, 5), 0,           0, 1,
    };
    const char *names = "unit time start return start_any";
    pdm_retention_options options = pdm_retention_options_default();
    options.intervals = 3;
    pdm_result *r = run(&options, NULL, names, rows, 8);
    COHORT_EXPECT(r, "cells", "retained", 1, 1, 0, 2, 1, NA, 0, NA, NA);
    pdm_result_free(r);
    options.cohort_entry = PDM_RETENTION_RECURRING;
    r = run(&options, NULL, names, rows, 8);
    COHORT_EXPECT(r, "cells", "retained", 1, 1, 0, 2, 1, NA, 1, NA, NA);
    pdm_result_free(r);
    options.cohort_entry = PDM_RETENTION_FIRST_EVER; /* 2 began without being a start; 3 did both at once */
    r = run(&options, NULL, names, rows, 8);
    COHORT_EXPECT(r, "cells", "retained", 1, 1, 0, 1, 0, NA, 0, NA, NA);
    pdm_result_free(r);
}

/* ---- worked: days 0 … 5, every row start and return ---- */

static pdm_result *worked(const pdm_retention_options *options, const int64_t *brackets, int64_t count) {
    static const int64_t days[] = {1, 0, 1, 1, 1, 3, 2, 0, 2, 2, 2, 5, 3, 1};
    int64_t rows[14];
    for (int32_t i = 0; i < 14; i++) rows[i] = i % 2 == 0 ? days[i] : days[i] * COHORT_DAY + 1;
    pdm_state *state = cohort_state("retention", options, NULL);
    const pdm_column columns[] = {pdm_column_int64("from", brackets),
                                  pdm_column_int64("to", brackets == NULL ? NULL : brackets + count)};
    pdm_batch list = pdm_batch_make(columns, 2, count);
    if (count > 0) assert_int_equal(pdm_state_set_list(state, "brackets", &list, NULL), PDM_OK);
    cohort_add(state, "unit time", rows, 7);
    return cohort_result(state);
}

static void test_modes(void **unused) {
    (void)unused;
    static const int64_t brackets[] = {1, 3, 1, 2, 5, 5};
    pdm_retention_options options = pdm_retention_options_default();
    options.intervals = 6;
    options.as_of = 20 * COHORT_DAY;
    options.date_from = 1;
    options.date_to = 1;
    options.list_units = 1;
    pdm_result *r = worked(&options, NULL, 0);
    COHORT_EXPECT(r, "cells", "retained", 2, 1, 1, 1, 0, 1);
    COHORT_EXPECT(r, "units", "k", 0, 0, 1, 2, 3, 5);
    COHORT_EXPECT(r, "units", "unit", 1, 2, 1, 2, 1, 2);
    pdm_result_free(r);
    options.denominator = PDM_RETENTION_PREVIOUS_INTERVAL;
    r = worked(&options, NULL, 0);
    COHORT_EXPECT(r, "cells", "den", 2, 2, 1, 1, 1, 0);
    COHORT_EXPECT_F64(r, "cells", "rate", 1, 0.5, 1, 1, 0, (double)NAN);
    pdm_result_free(r);
    options.denominator = PDM_RETENTION_COHORT_SIZE;
    options.mode = PDM_RETENTION_ON_OR_AFTER;
    r = worked(&options, NULL, 0);
    COHORT_EXPECT(r, "cells", "retained", 2, 2, 2, 2, 1, 1);
    pdm_result_free(r);
    options.mode = PDM_RETENTION_BRACKETS;
    r = worked(&options, brackets, 3);
    COHORT_EXPECT(r, "cells", "retained", 2, 2, 2, 2);
    COHORT_EXPECT(r, "cells", "interval_to", 0, 2, 5, 5);
    pdm_result_free(r);
    options.min_occurrences = 2; /* in the bracket, together */
    r = worked(&options, brackets, 3);
    COHORT_EXPECT(r, "cells", "retained", 2, 0, 0, 2);
    pdm_result_free(r);
}

/* on_or_after is a lower bound until the last column is over; a bracket is judged by its last interval. */
static void test_status(void **unused) {
    (void)unused;
    static const int64_t brackets[] = {1, 2, 1, 3};
    pdm_retention_options options = pdm_retention_options_default();
    options.intervals = 4;
    options.date_from = 1;
    options.date_to = 1;
    options.as_of = 3 * COHORT_DAY - 1;
    pdm_result *r = worked(&options, NULL, 0);
    COHORT_EXPECT_TEXT(r, "cells", "status", "complete", "complete", "complete", "future");
    COHORT_EXPECT(r, "average", "cohorts", 1, 1, 1, 0);
    COHORT_EXPECT_F64(r, "average", "rate", 1, 0.5, 0.5, (double)NAN);
    pdm_result_free(r);
    options.mode = PDM_RETENTION_ON_OR_AFTER;
    r = worked(&options, NULL, 0);
    COHORT_EXPECT_TEXT(r, "cells", "status", "complete", "partial", "partial", "future");
    pdm_result_free(r);
    options.mode = PDM_RETENTION_BRACKETS;
    options.as_of = 3 * COHORT_DAY;
    r = worked(&options, brackets, 2);
    COHORT_EXPECT_TEXT(r, "cells", "status", "complete", "complete", "partial");
    pdm_result_free(r);
}

/* ---- values ---- */

static const char *const value_names = "unit time value";

static pdm_retention_options valued(void) {
    pdm_retention_options options = pdm_retention_options_default();
    options.intervals = 4;
    options.retained_value = 1;
    options.date_from = cohort_at(2024, 1, 1, 0, 0);
    options.date_to = cohort_at(2024, 1, 4, 0, 0);
    options.as_of = cohort_at(2024, 1, 4, 12, 0) - 1;
    return options;
}

static const int64_t *value_rows(void) {
    static int64_t rows[21];
    const int64_t made[] = {1, cohort_at(2024, 1, 1, 10, 0),  1000,  1, cohort_at(2024, 1, 2, 9, 0),   500,
                            1, cohort_at(2024, 1, 4, 0, 0),   200,   2, cohort_at(2024, 1, 1, 23, 59), 3000,
                            2, cohort_at(2024, 1, 1, 23, 59), -1000, 2, cohort_at(2024, 1, 3, 12, 0),  400,
                            3, cohort_at(2024, 1, 2, 0, 0),   700};
    memcpy(rows, made, sizeof rows);
    return rows;
}

static void test_values(void **unused) {
    (void)unused;
    pdm_retention_options options = valued();
    pdm_result *r = run(&options, NULL, value_names, value_rows(), 7);
    COHORT_EXPECT(r, "cells", "size", 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    COHORT_EXPECT(r, "cells", "retained", 2, 1, 1, 1, 1, 0, 0, NA, 0, 0, NA, NA, 0, NA, NA, NA);
    COHORT_EXPECT_TEXT(r, "cells", "status", "complete", "complete", "complete", "partial", "complete", "complete",
                       "partial", "future", "complete", "partial", "future", "future", "partial", "future", "future",
                       "future");
    COHORT_EXPECT(r, "cells", "value_sum", 3000, 500, 400, 200, 700, 0, 0, NA, 0, 0, NA, NA, 0, NA, NA, NA);
    COHORT_EXPECT_F64(r, "cells", "ltv", 1500, 1750, 1950, 2050, 700, 700, 700, (double)NAN, (double)NAN, (double)NAN,
                      (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN);
    COHORT_EXPECT_F64(r, "cells", "value_rate", 1, 1.0 / 6, 400.0 / 3000, 200.0 / 3000, 1, 0, 0, (double)NAN,
                      (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN,
                      (double)NAN);
    assert_true(pdm_table_f64(pdm_result_table(r, NULL), "value_per_retained")[1] == 500.0);
    assert_true(pdm_table_is_null(pdm_result_table(r, NULL), "value_per_retained", 5));
    /* Complete cells only: column 1 of three cohorts, column 2 of the first alone. */
    COHORT_EXPECT(r, "average", "cohorts", 3, 2, 1, 0);
    COHORT_EXPECT(r, "average", "num", 3, 1, 1, 0);
    COHORT_EXPECT(r, "average", "den", 3, 3, 2, 0);
    COHORT_EXPECT_F64(r, "average", "ltv", 3700.0 / 3, 4200.0 / 3, 1950, (double)NAN);
    pdm_result_free(r);
    options.average = PDM_RETENTION_SIMPLE;
    r = run(&options, NULL, value_names, value_rows(), 7);
    COHORT_EXPECT_F64(r, "average", "rate", 1, 0.25, 0.5, (double)NAN);
    COHORT_EXPECT_F64(r, "average", "ltv", 1100, 1225, 1950, (double)NAN);
    COHORT_EXPECT_F64(r, "average", "lo", (double)NAN, (double)NAN, (double)NAN, (double)NAN);
    pdm_result_free(r);
    options.average = PDM_RETENTION_NO_AVERAGE;
    r = run(&options, NULL, value_names, value_rows(), 7);
    assert_null(pdm_result_table(r, "average"));
    pdm_result_free(r);
}

static void test_payback(void **unused) {
    (void)unused;
    pdm_retention_options options = valued();
    pdm_state *state = cohort_state("retention", &options, NULL);
    const int64_t cohort[] = {cohort_at(2024, 1, 1, 0, 0), cohort_at(2024, 1, 1, 23, 0), cohort_at(2024, 1, 2, 1, 0),
                              cohort_at(2024, 1, 4, 1, 0), cohort_at(2023, 1, 4, 1, 0)};
    const int64_t cost[] = {3000, 700, 701, 0, 9};
    const pdm_column columns[] = {pdm_column_int64("cohort", cohort), pdm_column_int64("cost", cost)};
    pdm_batch list = pdm_batch_make(columns, 2, 5);
    assert_int_equal(pdm_state_set_list(state, "costs", &list, NULL), PDM_OK);
    cohort_add(state, value_names, value_rows(), 7);
    pdm_result *r = cohort_result(state);
    COHORT_EXPECT(r, "payback", "cost", 3700, 701, 0);
    COHORT_EXPECT(r, "payback", "k", 3, 2, 0);
    COHORT_EXPECT(r, "payback", "value_cum", 4100, 700, 0);
    COHORT_EXPECT(r, "payback", "payback", 2, NA, 0); /* 3000, 3500, 3900 */
    COHORT_EXPECT_TEXT(r, "payback", "status", "paid_back", "open", "provisional");
    COHORT_EXPECT_F64(r, "payback", "cost_per_unit", 1850, 701, (double)NAN);
    COHORT_EXPECT_F64(r, "payback", "value_to_cost", 4100.0 / 3700, 700.0 / 701, (double)NAN);
    assert_true(pdm_table_f64(pdm_result_table(r, "cells"), "value_to_cost")[0] == 3000.0 / 3700);
    assert_true(pdm_table_is_null(pdm_result_table(r, "cells"), "value_to_cost", 8));
    pdm_result_free(r);
}

/* ---- rolling_24h ---- */

static int64_t jan(int32_t day, int32_t hour, int32_t minute) { return cohort_at(2025, 1, day, hour, minute); }

/* k of the only return row (k ≥ 1), −1 if there is none. */
static int64_t interval_of(const pdm_retention_options *options, const pdm_calendar *calendar, int64_t start,
                           int64_t back) {
    const int64_t rows[] = {1, start, 1, 0, 1, back, 0, 1};
    pdm_result *r = run(options, calendar, "unit time start return", rows, 2);
    const pdm_table *table = pdm_result_table(r, NULL);
    int64_t found = -1;
    for (int64_t i = 0; i < pdm_table_rows(table); i++) {
        int32_t k = pdm_table_i32(table, "k")[i];
        if (k > 0 && !pdm_table_is_null(table, "retained", i) && pdm_table_i64(table, "retained")[i] == 1) {
            assert_int_equal(found, -1);
            found = k;
        }
    }
    pdm_result_free(r);
    return found;
}

static void test_own_clock(void **unused) {
    (void)unused;
    pdm_retention_options options = pdm_retention_options_default();
    options.clock = PDM_RETENTION_ROLLING_24H;
    options.intervals = 5;
    int64_t start = jan(1, 17, 59);
    assert_int_equal(interval_of(&options, NULL, start, start + COHORT_DAY - 1), -1);
    assert_int_equal(interval_of(&options, NULL, start, start + COHORT_DAY), 1);
    assert_int_equal(interval_of(&options, NULL, start, start + 2 * COHORT_DAY - 1), 1);
    assert_int_equal(interval_of(&options, NULL, start, jan(2, 17, 0)), -1);
    assert_int_equal(interval_of(&options, NULL, start, start - 1), -1);
    options.floor = PDM_RETENTION_FLOOR_HOUR; /* Amplitude: 17:59 → 17:00 the next day is day 1 */
    assert_int_equal(interval_of(&options, NULL, start, jan(2, 17, 0)), 1);
    options.floor = PDM_RETENTION_FLOOR_DAY;
    assert_int_equal(interval_of(&options, NULL, start, jan(2, 0, 0)), 1);
    options.period = PDM_COHORT_WEEK; /* Amplitude: Dec 1 … 7 is week 0, Dec 8 … 14 week 1 */
    int64_t first = cohort_at(2021, 12, 1, 9, 0);
    assert_int_equal(interval_of(&options, NULL, first, cohort_at(2021, 12, 7, 23, 59)), -1);
    assert_int_equal(interval_of(&options, NULL, first, cohort_at(2021, 12, 8, 0, 0)), 1);
    options.period = PDM_COHORT_MONTH;
    assert_int_equal(interval_of(&options, NULL, first, first + 60 * COHORT_DAY), 2);
    options.period = PDM_COHORT_QUARTER;
    pdm_state *state = NULL;
    assert_int_equal(pdm_retention_create(NULL, &options, &state, NULL), PDM_E_UNSUPPORTED_COMBINATION);
}

static void test_every_start(void **unused) {
    (void)unused;
    /* Starts at 01:00 and 20:00; back on the next day at 21:00, and at 02:00 the day after that. */
    const int64_t rows[] = {1, jan(1, 1, 0),  1, 0, 0, 1, jan(1, 20, 0), 1, 0, 0,
                            1, jan(2, 21, 0), 0, 1, 5, 1, jan(3, 2, 0),  0, 1, 7};
    pdm_retention_options options = pdm_retention_options_default();
    options.clock = PDM_RETENTION_ROLLING_24H;
    options.cohort_entry = PDM_RETENTION_RECURRING;
    options.intervals = 3;
    options.date_from = jan(1, 0, 0);
    options.date_to = jan(1, 0, 0);
    options.as_of = jan(9, 0, 0);
    options.retained_value = 1;
    options.min_occurrences = 2;
    pdm_result *r = run(&options, NULL, "unit time start return value", rows, 4);
    COHORT_EXPECT(r, "cells", "retained", 1, 0, 0); /* from 01:00: one in interval 1, one in 2 */
    COHORT_EXPECT(r, "cells", "value_sum", 0, 5, 7);
    pdm_result_free(r);
    for (int32_t floor = PDM_RETENTION_FLOOR_NONE; floor <= PDM_RETENTION_FLOOR_HOUR; floor++) {
        options.window_entry = PDM_RETENTION_EVERY_START;
        options.floor = floor;
        r = run(&options, NULL, "unit time start return value", rows, 4);
        COHORT_EXPECT(r, "cells", "retained", 1, 1, 0); /* from 20:00: both in interval 1 */
        COHORT_EXPECT(r, "cells", "value_sum", 0, 5, 7);
        pdm_result_free(r);
    }
}

/* Complete when it is for a start in the last µs of the cohort's period. */
static void test_rolling_status(void **unused) {
    (void)unused;
    const int64_t rows[] = {1, jan(1, 1, 0)};
    pdm_retention_options options = pdm_retention_options_default();
    options.clock = PDM_RETENTION_ROLLING_24H;
    options.intervals = 3;
    options.date_from = jan(1, 0, 0);
    options.date_to = jan(1, 0, 0);
    options.as_of = jan(3, 0, 0) - 1;
    pdm_result *r = run(&options, NULL, "unit time", rows, 1);
    COHORT_EXPECT_TEXT(r, "cells", "status", "complete", "partial", "future");
    pdm_result_free(r);
    options.as_of = jan(3, 0, 0) - 2;
    r = run(&options, NULL, "unit time", rows, 1);
    COHORT_EXPECT_TEXT(r, "cells", "status", "partial", "partial", "future");
    pdm_result_free(r);
}

/* ---- calendar edges ---- */

/* Start just before, return just after local midnight: interval 1, whatever the day's length. */
static void expect_next_day(const pdm_calendar *calendar, int64_t midnight) {
    pdm_retention_options options = pdm_retention_options_default();
    options.intervals = 3;
    assert_int_equal(interval_of(&options, calendar, midnight - 1, midnight), 1);
    assert_int_equal(interval_of(&options, calendar, midnight, midnight + COHORT_HOUR), -1);
    options.clock = PDM_RETENTION_ROLLING_24H;
    assert_int_equal(interval_of(&options, calendar, midnight - 1, midnight), -1);
}

static void test_midnights(void **unused) {
    (void)unused;
    pdm_calendar shanghai = cohort_shanghai();
    pdm_calendar new_york = cohort_new_york();
    pdm_calendar kathmandu = cohort_kathmandu();
    expect_next_day(&shanghai, cohort_at(2024, 2, 29, 16, 0));
    expect_next_day(&shanghai, cohort_at(1969, 12, 30, 16, 0));
    expect_next_day(&new_york, cohort_at(2024, 3, 10, 5, 0));
    expect_next_day(&new_york, cohort_at(2024, 3, 11, 4, 0)); /* after 23 h */
    expect_next_day(&new_york, cohort_at(2024, 11, 3, 4, 0));
    expect_next_day(&new_york, cohort_at(2024, 11, 4, 5, 0)); /* after 25 h */
    expect_next_day(&kathmandu, cohort_at(1985, 12, 30, 18, 30));
    expect_next_day(&kathmandu, cohort_at(1986, 1, 1, 18, 15));
}

/* ---- nobody, refusals ---- */

static void test_nobody(void **unused) {
    (void)unused;
    pdm_retention_options options = pdm_retention_options_default();
    pdm_result *r = cohort_result(cohort_state("retention", &options, NULL));
    assert_int_equal(pdm_table_rows(pdm_result_table(r, "cells")), 0);
    COHORT_EXPECT(r, "totals", "units", 0);
    pdm_result_free(r);
    options.date_from = june(1, 0);
    options.date_to = june(2, 0);
    options.intervals = 2;
    options.as_of = june(2, 0);
    r = cohort_result(cohort_state("retention", &options, NULL));
    COHORT_EXPECT(r, "cells", "size", 0, 0, 0, 0);
    COHORT_EXPECT(r, "cells", "retained", 0, 0, 0, NA);
    COHORT_EXPECT_F64(r, "cells", "rate", (double)NAN, (double)NAN, (double)NAN, (double)NAN);
    pdm_result_free(r);
}

static pdm_status list_refused(const pdm_retention_options *options, const char *list, int64_t a, int64_t b,
                               const char *first, const char *second) {
    pdm_state *state = cohort_state("retention", options, NULL);
    const pdm_column columns[] = {pdm_column_int64(first, &a), pdm_column_int64(second, &b)};
    pdm_batch batch = pdm_batch_make(columns, 2, 1);
    pdm_status status = pdm_state_set_list(state, list, &batch, NULL);
    pdm_state_free(state);
    return status;
}

static void test_refusals(void **unused) {
    (void)unused;
    pdm_retention_options options = pdm_retention_options_default();
    pdm_state *state = NULL;
    assert_int_equal(list_refused(&options, "brackets", 1, 2, "from", "to"), PDM_E_BAD_OPTION);
    assert_int_equal(list_refused(&options, "costs", 1, 2, "cohort", "cost"), PDM_E_BAD_OPTION);
    options.mode = PDM_RETENTION_BRACKETS;
    assert_int_equal(list_refused(&options, "brackets", 0, 2, "from", "to"), PDM_E_BAD_OPTION);
    assert_int_equal(list_refused(&options, "brackets", 3, 2, "from", "to"), PDM_E_BAD_OPTION);
    assert_int_equal(list_refused(&options, "brackets", 3, 3, "from", "to"), PDM_OK);
    options.retained_value = 1;
    assert_int_equal(list_refused(&options, "costs", 1, 2, "cohort", "cost"), PDM_E_UNSUPPORTED_COMBINATION);
    state = cohort_state("retention", &options, NULL);
    pdm_result *result = NULL;
    assert_int_equal(pdm_state_result(state, &result, NULL), PDM_E_BAD_OPTION); /* no brackets */
    pdm_state_free(state);
    options.denominator = PDM_RETENTION_PREVIOUS_INTERVAL;
    assert_int_equal(pdm_retention_create(NULL, &options, &state, NULL), PDM_E_UNSUPPORTED_COMBINATION);
    options = pdm_retention_options_default();
    options.floor = PDM_RETENTION_FLOOR_DAY;
    assert_int_equal(pdm_retention_create(NULL, &options, &state, NULL), PDM_E_UNSUPPORTED_COMBINATION);
    options = pdm_retention_options_default();
    options.conf_level = 1.5;
    assert_int_equal(pdm_retention_create(NULL, &options, &state, NULL), PDM_E_BAD_OPTION);
    options = pdm_retention_options_default();
    options.date_from = june(4, 0);
    options.date_to = june(1, 23);
    assert_int_equal(pdm_retention_create(NULL, &options, &state, NULL), PDM_E_BAD_OPTION);
    options = pdm_retention_options_default();
    options.date_from = -INT64_MAX;
    state = cohort_state("retention", &options, NULL);
    cohort_add(state, "unit time", (const int64_t[]){1, INT64_MAX}, 1);
    assert_int_equal(pdm_state_result(state, &result, NULL), PDM_E_LIMIT);
    pdm_state_free(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_days),
        cmocka_unit_test(test_published_weeks),
        cmocka_unit_test(test_published_on_or_after),
        cmocka_unit_test(test_same_value_and_hold),
        cmocka_unit_test(test_entry_and_latest),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_payback),
        cmocka_unit_test(test_own_clock),
        cmocka_unit_test(test_every_start),
        cmocka_unit_test(test_rolling_status),
        cmocka_unit_test(test_midnights),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
