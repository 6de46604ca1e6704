#include "cohort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST_COLUMNS 8

int64_t cohort_at(int64_t year, int32_t month, int32_t day, int32_t hour, int32_t minute) {
    return pdm_calendar_day_of_date(year, month, day) * COHORT_DAY + hour * COHORT_HOUR + minute * INT64_C(60000000);
}

static pdm_calendar with_changes(int32_t first, const int64_t *change_s, const int32_t *offset_s, int32_t count) {
    pdm_calendar calendar = pdm_calendar_fixed(first);
    calendar.week_start = PDM_SUNDAY;
    calendar.change_count = count;
    calendar.change_s = change_s;
    calendar.offset_s = offset_s;
    return calendar;
}

pdm_calendar cohort_new_york(void) {
    /* 2023-11-05 06:00, 2024-03-10 07:00, 2024-11-03 06:00, 2025-03-09 07:00, all UTC. */
    static const int64_t change_s[] = {1699164000, 1710054000, 1730613600, 1741503600};
    static const int32_t offset_s[] = {-18000, -14400, -18000, -14400};
    return with_changes(-14400, change_s, offset_s, 4);
}

pdm_calendar cohort_kathmandu(void) {
    /* +05:30 until 1985-12-31 18:30 UTC, +05:45 since. */
    static const int64_t change_s[] = {504901800};
    static const int32_t offset_s[] = {20700};
    return with_changes(19800, change_s, offset_s, 1);
}

pdm_calendar cohort_shanghai(void) { return pdm_calendar_fixed(28800); }

pdm_state *cohort_state(const char *metric, const void *options, const pdm_calendar *calendar) {
    pdm_state *state = NULL;
    pdm_error err;
    pdm_status status = pdm_state_create(NULL, pdm_metric_find(metric), options, &state, &err);
    if (status == PDM_OK && calendar != NULL) status = pdm_state_set_calendar(state, calendar, &err);
    if (status != PDM_OK) fail_msg("%s", err.message);
    return state;
}

void cohort_add(pdm_state *state, const char *names, const int64_t *numbers, int64_t rows) {
    char name[MOST_COLUMNS][32];
    pdm_column columns[MOST_COLUMNS];
    int64_t *values[MOST_COLUMNS];
    uint8_t *validity[MOST_COLUMNS];
    bool with_nulls[MOST_COLUMNS];
    int32_t count = 0;
    for (const char *at = names; *at != '\0'; count++) {
        size_t length = strcspn(at, " ");
        bool nulls = with_nulls[count] = at[length - 1] == '?';
        (void)snprintf(name[count], sizeof name[count], "%.*s", (int)length - (nulls ? 1 : 0), at);
        at += length + (at[length] == ' ');
    }
    for (int32_t c = 0; c < count; c++) {
        values[c] = calloc((size_t)rows + 1, sizeof **values);
        validity[c] = calloc((size_t)rows / 8 + 1, 1);
        if (values[c] == NULL || validity[c] == NULL) abort();
        for (int64_t r = 0; r < rows; r++) {
            values[c][r] = numbers[r * count + c];
            validity[c][r / 8] =
                (uint8_t)(validity[c][r / 8] | (!with_nulls[c] || values[c][r] != COHORT_NULL) << r % 8);
        }
        columns[c] = pdm_column_int64(name[c], values[c]);
        columns[c].validity = validity[c];
    }
    pdm_batch batch = pdm_batch_make(columns, count, rows);
    pdm_error err;
    pdm_status status = pdm_state_update(state, &batch, &err);
    for (int32_t c = 0; c < count; c++) {
        free(values[c]);
        free(validity[c]);
    }
    if (status != PDM_OK) fail_msg("%s", err.message);
}

pdm_result *cohort_result(pdm_state *state) {
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    pdm_state_free(state);
    return result;
}

static const pdm_table *table_of(const pdm_result *result, const char *table, int64_t rows) {
    const pdm_table *found = pdm_result_table(result, table);
    if (found == NULL) fail_msg("no table %s", table);
    if (pdm_table_rows(found) != rows)
        fail_msg("table %s has %lld rows, not %lld", table, (long long)pdm_table_rows(found), (long long)rows);
    return found;
}

static int64_t number_at(const pdm_table *table, const char *column, int64_t row) {
    if (pdm_table_is_null(table, column, row)) return COHORT_NULL;
    const int64_t *wide = pdm_table_i64(table, column);
    const int32_t *narrow = pdm_table_i32(table, column);
    const uint8_t *flags = pdm_table_bool(table, column);
    if (wide == NULL && narrow == NULL && flags == NULL) fail_msg("no column %s of integers", column);
    return wide != NULL ? wide[row] : narrow != NULL ? narrow[row] : flags[row];
}

void cohort_expect(const pdm_result *result, const char *table, const char *column, const int64_t *expected,
                   int64_t count) {
    const pdm_table *found = table_of(result, table, count);
    for (int64_t i = 0; i < count; i++) {
        int64_t got = number_at(found, column, i);
        if (got != expected[i])
            fail_msg("%s.%s, row %lld: %lld, not %lld", table, column, (long long)i, (long long)got,
                     (long long)expected[i]);
    }
}

void cohort_expect_f64(const pdm_result *result, const char *table, const char *column, const double *expected,
                       int64_t count) {
    const pdm_table *found = table_of(result, table, count);
    const double *numbers = pdm_table_f64(found, column);
    if (numbers == NULL) fail_msg("no column %s of floats", column);
    for (int64_t i = 0; i < count; i++) {
        bool null = pdm_table_is_null(found, column, i);
        if (null == (bool)isnan(expected[i]) && (null || fabs(numbers[i] - expected[i]) <= 1e-15 * fabs(expected[i])))
            continue;
        fail_msg("%s.%s, row %lld: %.17g%s, not %.17g", table, column, (long long)i, numbers[i], null ? " (null)" : "",
                 expected[i]);
    }
}

void cohort_expect_text(const pdm_result *result, const char *table, const char *column, const char *const *expected,
                        int64_t count) {
    const pdm_table *found = table_of(result, table, count);
    for (int64_t i = 0; i < count; i++) {
        size_t length = 0;
        const char *text = pdm_table_utf8(found, column, i, &length);
        bool same = (text == NULL) == (expected[i] == NULL) &&
                    (text == NULL || (length == strlen(expected[i]) && memcmp(text, expected[i], length) == 0));
        if (!same)
            fail_msg("%s.%s, row %lld: %.*s, not %s", table, column, (long long)i, text == NULL ? 4 : (int)length,
                     text == NULL ? "null" : text, expected[i] == NULL ? "null" : expected[i]);
    }
}
