/* What the tests of the planning calculators share: inputs from C arrays, one call, cells of tables. */
#ifndef PDM_TEST_PLAN_H
#define PDM_TEST_PLAN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/calculator.h>

#define PLAN_COLUMNS 10
#define PLAN_INPUTS 5
#define PLAN_BYTES 4096

/* An input that is being put together. */
typedef struct plan_table {
    const char *name;
    pdm_column columns[PLAN_COLUMNS];
    int32_t count;
    int64_t rows;
    pdm_batch batch;
    int32_t offsets[PLAN_COLUMNS][66];
    uint8_t validity[PLAN_COLUMNS][9];
    char bytes[PLAN_BYTES];
    size_t used;
} plan_table;

typedef struct plan_call {
    plan_table tables[PLAN_INPUTS];
    int32_t count;
    pdm_error err;
} plan_call;

/* Calls are large; one at a time is enough. */
static plan_call plan_now;

static inline void plan_begin(void) { memset(&plan_now, 0, sizeof plan_now); }

/* Begins an input of `rows` rows. */
static inline void plan_input(const char *name, int64_t rows) {
    plan_table *t = &plan_now.tables[plan_now.count++];
    t->name = name;
    t->rows = rows;
}

static inline plan_table *plan_current(void) { return &plan_now.tables[plan_now.count - 1]; }

/* Doubles; NaN = missing. */
static inline void plan_floats(const char *name, const double *values) {
    plan_table *t = plan_current();
    t->columns[t->count++] = pdm_column_make(name, PDM_TYPE_FLOAT64, values);
}

static inline void plan_ints(const char *name, const int64_t *values) {
    plan_table *t = plan_current();
    t->columns[t->count++] = pdm_column_int64(name, values);
}

/* Texts; NULL = missing. Up to 64 rows. */
static inline void plan_texts(const char *name, const char *const *values) {
    plan_table *t = plan_current();
    int32_t *offsets = t->offsets[t->count];
    uint8_t *validity = t->validity[t->count];
    size_t start = t->used;
    offsets[0] = 0;
    for (int64_t i = 0; i < t->rows; i++) {
        size_t length = values[i] == NULL ? 0 : strlen(values[i]);
        if (values[i] != NULL) validity[i / 8] = (uint8_t)(validity[i / 8] | (1U << (i % 8)));
        assert_true(t->used + length < PLAN_BYTES);
        if (length > 0) memcpy(t->bytes + t->used, values[i], length);
        t->used += length;
        offsets[i + 1] = (int32_t)(t->used - start);
    }
    pdm_column column = pdm_column_utf8(name, offsets, t->bytes + start);
    column.validity = validity;
    t->columns[t->count++] = column;
}

static inline pdm_status plan_try_in(pdm_context *context, const char *calculator, const void *options,
                                     pdm_result **out) {
    pdm_input inputs[PLAN_INPUTS];
    memset(inputs, 0, sizeof inputs);
    for (int32_t i = 0; i < plan_now.count; i++) {
        plan_table *t = &plan_now.tables[i];
        t->batch = pdm_batch_make(t->columns, t->count, t->rows);
        inputs[i].name = t->name;
        inputs[i].rows = &t->batch;
    }
    const pdm_calculator *found = pdm_calculator_find(calculator);
    assert_non_null(found);
    return pdm_calculator_run(context, found, options, inputs, plan_now.count, out, &plan_now.err);
}

static inline pdm_status plan_try(const char *calculator, const void *options, pdm_result **out) {
    return plan_try_in(NULL, calculator, options, out);
}

static inline pdm_result *plan_run(const char *calculator, const void *options) {
    pdm_result *result = NULL;
    if (plan_try(calculator, options, &result) != PDM_OK) fail_msg("%s: %s", calculator, plan_now.err.message);
    return result;
}

/* The call must fail with `code` and leave the result alone. */
static inline void plan_fails(const char *calculator, const void *options, pdm_status code) {
    pdm_result *result = NULL;
    pdm_status status = plan_try(calculator, options, &result);
    if (status != code) {
        fail_msg("%s: %s expected, %s came: %s", calculator, pdm_status_name((int32_t)code),
                 pdm_status_name((int32_t)status), plan_now.err.message);
    }
    assert_null(result);
    assert_int_equal(plan_now.err.code, (int)code);
}

static inline double plan_float(const pdm_result *result, const char *table, const char *column, int64_t row) {
    const pdm_table *t = pdm_result_table(result, table);
    const double *values = pdm_table_f64(t, column);
    if (values == NULL || row >= pdm_table_rows(t)) fail_msg("no cell %s.%s[%lld]", table, column, (long long)row);
    return pdm_table_is_null(t, column, row) ? (double)NAN : values[row];
}

static inline int64_t plan_int(const pdm_result *result, const char *table, const char *column, int64_t row) {
    const pdm_table *t = pdm_result_table(result, table);
    const int64_t *values = pdm_table_i64(t, column);
    if (values == NULL || row >= pdm_table_rows(t)) fail_msg("no cell %s.%s[%lld]", table, column, (long long)row);
    return values[row];
}

static inline void plan_text_is(const pdm_result *result, const char *table, const char *column, int64_t row,
                                const char *expected) {
    size_t length = 0;
    const char *text = pdm_table_utf8(pdm_result_table(result, table), column, row, &length);
    if (expected == NULL) {
        assert_null(text);
        return;
    }
    if (text == NULL) fail_msg("%s.%s[%lld] is null, \"%s\" expected", table, column, (long long)row, expected);
    if (length != strlen(expected) || memcmp(text, expected, length) != 0) {
        fail_msg("%s.%s[%lld] is \"%.*s\", \"%s\" expected", table, column, (long long)row, (int)length, text,
                 expected);
    }
}

static inline void plan_near(double got, double expected, double relative) {
    double scale = fmax(fmax(fabs(got), fabs(expected)), 1e-300);
    if (!(fabs(got - expected) <= relative * scale)) fail_msg("%.17g, %.17g expected", got, expected);
}

static inline void plan_column_is(const pdm_result *result, const char *table, const char *column,
                                  const double *expected, int64_t rows, double relative) {
    assert_int_equal(pdm_table_rows(pdm_result_table(result, table)), rows);
    for (int64_t i = 0; i < rows; i++) {
        double got = plan_float(result, table, column, i);
        if (isnan(expected[i])) {
            assert_true(isnan(got));
        } else {
            plan_near(got, expected[i], relative);
        }
    }
}

static inline void plan_ints_are(const pdm_result *result, const char *table, const char *column,
                                 const int64_t *expected, int64_t rows) {
    assert_int_equal(pdm_table_rows(pdm_result_table(result, table)), rows);
    for (int64_t i = 0; i < rows; i++) assert_int_equal(plan_int(result, table, column, i), expected[i]);
}

static inline uint64_t plan_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

#endif
