/*
 * Rows that say nothing new are left out early where a metric keeps only sets and extremes. Nobody may notice: large batches full of repeats
 * give the bytes that small ones give, which are too small for that, with integers and texts as keys, on one thread and on two, also after
 * a batch that was refused.
 */
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics.h>

#define ROWS 120000
#define SMALL 1000
#define DAY INT64_C(86400000000)

typedef struct many_rows {
    int64_t unit[ROWS];
    int64_t time[ROWS];
    int64_t order[ROWS];
    int64_t start[ROWS];
    char unit_text[ROWS * 8];
    int32_t unit_at[ROWS + 1];
    char order_text[ROWS * 8];
    int32_t order_at[ROWS + 1];
} many_rows;

static uint64_t next(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed >> 11;
}

/* In bursts: some units at a time, each of them many times within some days; now and then a row out of the blue. */
static many_rows *make_rows(void) {
    many_rows *r = calloc(1, sizeof *r);
    uint64_t seed = 88172645463325252U;
    assert_non_null(r);
    for (int32_t i = 0; i < ROWS; i++) {
        int64_t burst = i / 3000;
        bool blue = next(&seed) % 50 == 0;
        r->unit[i] = blue ? (int64_t)(next(&seed) % 5000) : burst * 40 + (int64_t)(next(&seed) % 80);
        r->time[i] = (blue ? (int64_t)(next(&seed) % 200) : burst * 3 + (int64_t)(next(&seed) % 3)) * DAY - 50 * DAY;
        r->order[i] = blue ? i : burst * 100 + (int64_t)(next(&seed) % 30);
        r->start[i] = (int64_t)(next(&seed) % 3 == 0);
        r->unit_at[i + 1] = r->unit_at[i] + sprintf(r->unit_text + r->unit_at[i], "%lx", (unsigned long)r->unit[i]);
        r->order_at[i + 1] =
            r->order_at[i] + sprintf(r->order_text + r->order_at[i], "o%lx", (unsigned long)r->order[i]);
    }
    return r;
}

static int setup(void **state) {
    *state = make_rows();
    return 0;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

typedef struct way {
    const char *metric;
    bool text;
    bool starts; /* a column says which rows start */
    bool orders;
    int32_t threads;
} way;

static pdm_state *create(const way *w, pdm_context **context) {
    pdm_error err;
    pdm_state *state = NULL;
    *context = context_threads(w->threads);
    if (pdm_state_create(*context, pdm_metric_find(w->metric), NULL, &state, &err) != PDM_OK)
        fail_msg("%s: %s", w->metric, err.message);
    return state;
}

/* `valid` is NULL, or a bitmap of units. */
static pdm_status give(pdm_state *state, const way *w, const many_rows *r, int64_t first, int64_t count,
                       const uint8_t *valid) {
    pdm_column columns[4];
    int32_t n = 0;
    columns[n] =
        w->text ? pdm_column_utf8("unit", r->unit_at + first, r->unit_text) : pdm_column_int64("unit", r->unit + first);
    columns[n++].validity = valid;
    columns[n++] = pdm_column_int64("time", r->time + first);
    if (w->orders)
        columns[n++] = w->text ? pdm_column_utf8("order_id", r->order_at + first, r->order_text)
                               : pdm_column_int64("order_id", r->order + first);
    bool conditions = strcmp(w->metric, "retention_array") == 0;
    if (w->starts) columns[n++] = pdm_column_int64(conditions ? "conditions" : "start", r->start + first);
    pdm_batch batch = pdm_batch_make(columns, n, count);
    return pdm_state_update(state, &batch, NULL);
}

static void same_bytes(const way *w, pdm_state *a, pdm_state *b) {
    bytes one = state_bytes(a);
    bytes other = state_bytes(b);
    if (!bytes_equal(one, other))
        fail_msg("%s, %s keys, %d threads: other bytes", w->metric, w->text ? "text" : "integer", w->threads);
    bytes_free(&one);
    bytes_free(&other);
}

static const way ways[] = {
    {"retention", false, false, false, 1},     {"retention", true, false, false, 1},
    {"retention", false, true, false, 1},      {"retention", true, true, false, 2},
    {"retention", false, false, false, 2},     {"lifecycle", false, false, false, 1},
    {"lifecycle", true, false, false, 2},      {"activity", false, false, false, 2},
    {"activity", true, false, false, 1},       {"repurchase", false, false, true, 1},
    {"repurchase", true, false, true, 2},      {"retention_array", false, true, false, 1},
    {"retention_array", true, true, false, 2},
};

/* The state of all rows from batches that are too small to leave anything out has the same bytes. Frees state and context. */
static void compare_with_small_batches(const way *w, const many_rows *r, pdm_state *state, pdm_context *context) {
    pdm_context *plain_context = NULL;
    pdm_state *plain = create(w, &plain_context);
    for (int64_t at = 0; at < ROWS; at += SMALL) assert_int_equal(give(plain, w, r, at, SMALL, NULL), PDM_OK);
    same_bytes(w, state, plain);
    pdm_state_free(plain);
    pdm_context_free(plain_context);
    pdm_state_free(state);
    pdm_context_free(context);
}

static void test_one_large_batch(void **state) {
    const many_rows *r = *state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        pdm_context *context = NULL;
        pdm_state *large = create(&ways[i], &context);
        assert_int_equal(give(large, &ways[i], r, 0, ROWS, NULL), PDM_OK);
        compare_with_small_batches(&ways[i], r, large, context);
    }
}

/* What a refused batch brought must come again: to an empty state, and to one with rows. */
static void test_after_a_refused_batch(void **state) {
    const many_rows *r = *state;
    static uint8_t valid[ROWS / 8];
    memset(valid, 0xFF, sizeof valid);
    valid[ROWS / 16 - 1] = 0x7F; /* the last of half of the rows */
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        pdm_context *context = NULL;
        pdm_state *tried = create(&ways[i], &context);
        for (int64_t half = 0; half < ROWS; half += ROWS / 2) {
            assert_int_equal(give(tried, &ways[i], r, half, ROWS / 2, valid), PDM_E_NULL_VALUE);
            assert_int_equal(give(tried, &ways[i], r, half, ROWS / 2, NULL), PDM_OK);
        }
        compare_with_small_batches(&ways[i], r, tried, context);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_large_batch),
                                       cmocka_unit_test(test_after_a_refused_batch)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
