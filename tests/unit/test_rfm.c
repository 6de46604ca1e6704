/*
 * RFM on a few orders worked out by hand: what counts under each grain, refund policy, cutoff and basis; windows and their edges;
 * scores, segments, migration. Against a full reference it is held in tests/python and tests/vectors.
 */
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/metrics/rfm.h>

#define DAY INT64_C(86400000000)
#define HOUR INT64_C(3600000000)

/*
 * Customer 1: order 10 of two lines (300 + 200) on day 0, of which 100 come back on day 3; order 11 (1,000) on day 9.
 * Customer 2: order 20 (400), all of it back on day 5, after it an order of 0 (a gift) on day 6.
 * Customer 3: only a refund whose order nobody knows.
 * Customer 4: order 40 (50) on day −2, before 1970, and order 41 (70) on the same day as order 42 (30).
 */
static const int64_t customers[] = {1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 4};
static const int64_t orders[] = {10, 10, 10, 11, 20, 20, 21, 99, 40, 41, 42};
static const int64_t times[] = {HOUR,    2 * HOUR, 3 * DAY,  9 * DAY, 4 * DAY,       5 * DAY,
                                6 * DAY, 7 * DAY,  -2 * DAY, 8 * DAY, 8 * DAY + HOUR};
static const int64_t amounts[] = {300, 200, -100, 1000, 400, -400, 0, -25, 50, 70, 30};
#define ROWS 11

typedef struct table_of_rows {
    pdm_column columns[4];
} table_of_rows;

static pdm_batch all_rows(table_of_rows *t) {
    t->columns[0] = pdm_column_int64("customer_id", customers);
    t->columns[1] = pdm_column_int64("order_id", orders);
    t->columns[2] = pdm_column_int64("time", times);
    t->columns[3] = pdm_column_int64("amount", amounts);
    return pdm_batch_make(t->columns, 4, ROWS);
}

static pdm_rfm_options plain(void) {
    pdm_rfm_options options = pdm_rfm_options_default();
    options.map = PDM_RFM_MAP_NONE;
    return options;
}

static pdm_result *compute(const pdm_rfm_options *options) {
    table_of_rows t;
    pdm_batch batch = all_rows(&t);
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_rfm_compute(NULL, options, &batch, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    return result;
}

typedef struct expected {
    int64_t customer;
    int32_t recency;
    int64_t frequency;
    int64_t monetary;
    int64_t orders;
    int64_t gmv;
    int64_t refunds;
    int64_t net;
} expected;

static void expect_customers(pdm_result *result, const expected *who, int64_t count) {
    const pdm_table *table = pdm_result_table(result, "rfm");
    assert_int_equal(pdm_table_rows(table), count);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(pdm_table_i64(table, "customer_id")[i], who[i].customer);
        assert_int_equal(pdm_table_i32(table, "recency_days")[i], who[i].recency);
        assert_int_equal(pdm_table_i64(table, "frequency")[i], who[i].frequency);
        assert_int_equal(pdm_table_i64(table, "monetary")[i], who[i].monetary);
        assert_int_equal(pdm_table_i64(table, "orders")[i], who[i].orders);
        assert_int_equal(pdm_table_i64(table, "gmv")[i], who[i].gmv);
        assert_int_equal(pdm_table_i64(table, "refunds")[i], who[i].refunds);
        assert_int_equal(pdm_table_i64(table, "net")[i], who[i].net);
    }
    pdm_result_free(result);
}

static int64_t stat(const pdm_result *result, const char *column) {
    const int64_t *values = pdm_table_i64(pdm_result_table(result, "stats"), column);
    if (values == NULL) fail_msg("no statistic \"%s\"", column);
    return values[0];
}

/* ---- what counts ---- */

static void test_lines(void **unused) {
    (void)unused;
    pdm_rfm_options options = plain();
    /* as_of is the midnight after the last row: day 10. */
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 2, 1400, 2, 1500, 100, 1400},
                                        {2, 6, 1, 0, 1, 400, 400, 0},
                                        {4, 2, 3, 150, 3, 150, 0, 150}},
                     3);
    options.refund_policy = PDM_RFM_DROP_FULLY_REFUNDED;
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 2, 1400, 2, 1500, 100, 1400}, {4, 2, 3, 150, 3, 150, 0, 150}}, 2);
    options.refund_policy = PDM_RFM_GROSS;
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 2, 1500, 2, 1500, 0, 1500},
                                        {2, 6, 1, 400, 1, 400, 0, 400},
                                        {4, 2, 3, 150, 3, 150, 0, 150}},
                     3);
    options = plain();
    options.count_zero_orders = 1;
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 2, 1400, 2, 1500, 100, 1400},
                                        {2, 4, 2, 0, 2, 400, 400, 0},
                                        {4, 2, 3, 150, 3, 150, 0, 150}},
                     3);
}

static void test_orders(void **unused) {
    (void)unused;
    pdm_rfm_options options = plain();
    options.grain = PDM_RFM_GRAIN_ORDER; /* every row an order of its own */
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 3, 1400, 3, 1500, 100, 1400},
                                        {2, 6, 1, 0, 1, 400, 400, 0},
                                        {4, 2, 3, 150, 3, 150, 0, 150}},
                     3);
    options.f_basis = PDM_RFM_F_DAYS;
    options.m_basis = PDM_RFM_M_NET_MAX; /* a refund belongs to no order: the largest sale */
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 2, 1000, 3, 1500, 100, 1400},
                                        {2, 6, 1, 400, 1, 400, 400, 0},
                                        {4, 2, 2, 70, 3, 150, 0, 150}},
                     3);
}

static void test_bases(void **unused) {
    (void)unused;
    pdm_rfm_options options = plain();
    options.f_basis = PDM_RFM_F_DAYS;
    options.m_basis = PDM_RFM_M_NET_MEAN;
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 2, 700, 2, 1500, 100, 1400},
                                        {2, 6, 1, 0, 1, 400, 400, 0},
                                        {4, 2, 2, 75, 3, 150, 0, 150}},
                     3);
    options.f_basis = PDM_RFM_F_ROWS;
    options.m_basis = PDM_RFM_M_NET_MAX; /* order 10 is worth 400, 11 is worth 1,000 */
    expect_customers(compute(&options),
                     (const expected[]){{1, 1, 3, 1000, 2, 1500, 100, 1400},
                                        {2, 6, 1, 0, 1, 400, 400, 0},
                                        {4, 2, 3, 70, 3, 150, 0, 150}},
                     3);
    options.f_basis = PDM_RFM_F_REPEAT;
    options.m_basis = PDM_RFM_M_GROSS_SUM;
    options.r_base = PDM_RFM_LAST_DAY; /* day 9 */
    expect_customers(compute(&options),
                     (const expected[]){{1, 0, 1, 1500, 2, 1500, 100, 1400},
                                        {2, 5, 0, 400, 1, 400, 400, 0},
                                        {4, 1, 2, 150, 3, 150, 0, 150}},
                     3);
}

/* as_of is exclusive for rows; refunds at or after it are not known yet, unless history is restated. */
static void test_as_of(void **unused) {
    (void)unused;
    pdm_rfm_options options = plain();
    options.as_of = 5 * DAY;
    expect_customers(compute(&options),
                     (const expected[]){
                         {1, 5, 1, 400, 1, 500, 100, 400}, {2, 1, 1, 400, 1, 400, 0, 400}, {4, 7, 1, 50, 1, 50, 0, 50}},
                     3);
    options.refund_cutoff = PDM_RFM_CUTOFF_NONE;
    expect_customers(
        compute(&options),
        (const expected[]){{1, 5, 1, 400, 1, 500, 100, 400}, {2, 1, 1, 0, 1, 400, 400, 0}, {4, 7, 1, 50, 1, 50, 0, 50}},
        3);
    options = plain();
    options.as_of = 3 * DAY; /* the very instant of the refund */
    expect_customers(compute(&options), (const expected[]){{1, 3, 1, 500, 1, 500, 0, 500}, {4, 5, 1, 50, 1, 50, 0, 50}},
                     2);
    options.as_of = 3 * DAY + 1;
    expect_customers(compute(&options),
                     (const expected[]){{1, 3, 1, 400, 1, 500, 100, 400}, {4, 5, 1, 50, 1, 50, 0, 50}}, 2);
    options.as_of = -2 * DAY;
    expect_customers(compute(&options), NULL, 0);
    options.as_of = PDM_ZERO_INT64 + 1;
    expect_customers(compute(&options), NULL, 0);
}

static void test_stats(void **unused) {
    (void)unused;
    pdm_rfm_options options = plain();
    pdm_result *result = compute(&options);
    assert_int_equal(stat(result, "customers_without_order"), 1);
    assert_int_equal(stat(result, "money_without_order"), -25);
    pdm_result_free(result);
}

/* A refund names its order; its own order_id does not matter then. */
static void test_original_order(void **unused) {
    (void)unused;
    static const int64_t who[] = {1, 1, 1, 1};
    static const int64_t which[] = {1, 2, 77, 2};
    static const int64_t original[] = {0, 0, 1, 0};
    static const uint8_t valid[] = {0x04};
    static const int64_t when[] = {0, DAY, 2 * DAY, 2 * DAY};
    static const int64_t amount[] = {100, 200, -100, -50};
    pdm_column columns[] = {pdm_column_int64("customer_id", who), pdm_column_int64("order_id", which),
                            pdm_column_int64("time", when), pdm_column_int64("amount", amount),
                            pdm_column_int64("original_order_id", original)};
    columns[4].validity = valid;
    pdm_batch batch = pdm_batch_make(columns, 5, 4);
    pdm_rfm_options options = plain();
    options.refund_policy = PDM_RFM_DROP_FULLY_REFUNDED;
    pdm_result *result = NULL;
    assert_int_equal(pdm_rfm_compute(NULL, &options, &batch, &result, NULL), PDM_OK);
    expect_customers(result, (const expected[]){{1, 2, 1, 150, 1, 200, 150, 150}}, 1);
    static const int32_t offsets[] = {0, 1, 2, 3, 4};
    columns[4] = pdm_column_utf8("original_order_id", offsets, "abcd");
    pdm_error err;
    assert_int_equal(pdm_rfm_compute(NULL, &options, &batch, &result, &err), PDM_E_BAD_TYPE);
    assert_string_equal(err.column, "original_order_id");
}

/* ---- windows ---- */

typedef struct window_list {
    const int32_t *names;
    const char *text;
    const int64_t *from;
    const int64_t *to;
    int64_t count;
} window_list;

static pdm_status with_windows(const pdm_rfm_options *options, const window_list *w, pdm_result **result,
                               pdm_error *err) {
    table_of_rows t;
    pdm_batch batch = all_rows(&t);
    const pdm_column columns[] = {pdm_column_utf8("name", w->names, w->text), pdm_column_int64("from", w->from),
                                  pdm_column_int64("to", w->to)};
    pdm_batch list = pdm_batch_make(columns, 3, w->count);
    pdm_state *state = NULL;
    pdm_status status = pdm_rfm_create(NULL, options, &state, err);
    if (status == PDM_OK) status = pdm_state_set_list(state, "windows", &list, err);
    if (status == PDM_OK) status = pdm_state_update(state, &batch, err);
    if (status == PDM_OK) status = pdm_state_result(state, result, err);
    pdm_state_free(state);
    return status;
}

static void expect_cell(const pdm_table *table, const char *column, int64_t row, const char *text) {
    size_t length = 0;
    const char *cell = pdm_table_utf8(table, column, row, &length);
    assert_non_null(cell);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(cell, text, length);
}

static void test_windows(void **unused) {
    (void)unused;
    static const int32_t names[] = {0, 1, 2};
    static const int64_t from[] = {-2 * DAY, 8 * DAY + HOUR};
    static const int64_t to[] = {8 * DAY + HOUR, 10 * DAY};
    const window_list windows = {names, "ab", from, to, 2};
    static const pdm_rfm_grain grains[] = {PDM_RFM_GRAIN_LINE, PDM_RFM_GRAIN_ORDER};
    for (size_t g = 0; g < 2; g++) {
        pdm_rfm_options options = plain();
        options.grain = (int32_t)grains[g];
        pdm_result *result = NULL;
        pdm_error err;
        if (with_windows(&options, &windows, &result, &err) != PDM_OK) fail_msg("%s", err.message);
        const pdm_table *table = pdm_result_table(result, "rfm");
        /* from is inclusive, to exclusive: order 42 opens window b. */
        static const int64_t who[] = {1, 2, 4, 1, 4};
        static const int64_t gmv[] = {500, 400, 120, 1000, 30};
        assert_int_equal(pdm_table_rows(table), 5);
        for (int64_t i = 0; i < 5; i++) {
            expect_cell(table, "window", i, i < 3 ? "a" : "b");
            assert_int_equal(pdm_table_i64(table, "customer_id")[i], who[i]);
            assert_int_equal(pdm_table_i64(table, "gmv")[i], gmv[i]);
        }
        pdm_result_free(result);
    }
    pdm_rfm_options options = plain();
    pdm_result *result = NULL;
    pdm_error err;
    const window_list twice = {names, "aa", from, to, 2};
    assert_int_equal(with_windows(&options, &twice, &result, &err), PDM_E_BAD_OPTION);
    options.as_of = DAY; /* before the windows end */
    assert_int_equal(with_windows(&options, &windows, &result, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "as_of");
}

/* Everybody is somewhere in the matrix, and its summary adds up. */
static void test_migration(void **unused) {
    (void)unused;
    static const int32_t names[] = {0, 1, 2};
    static const int64_t from[] = {-2 * DAY, 5 * DAY};
    static const int64_t to[] = {5 * DAY, 10 * DAY};
    const window_list windows = {names, "ab", from, to, 2};
    pdm_rfm_options options = pdm_rfm_options_default();
    pdm_result *result = NULL;
    pdm_error err;
    options.map = PDM_RFM_MAP_CN8;
    if (with_windows(&options, &windows, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    const pdm_table *migration = pdm_result_table(result, "migration");
    const pdm_table *summary = pdm_result_table(result, "migration_summary");
    assert_int_equal(pdm_table_rows(migration), 9 * 9 - 1);
    int64_t sum = 0;
    for (int64_t i = 0; i < pdm_table_rows(migration); i++) sum += pdm_table_i64(migration, "customers")[i];
    assert_int_equal(sum, 3); /* 1 and 4 are in both, 2 in the first */
    assert_int_equal(pdm_table_rows(summary), 1);
    assert_int_equal(pdm_table_i64(summary, "lost")[0], 1);
    pdm_result_free(result);
}

/* ---- scores and segments ---- */

/* Ten customers with R, F and M in the same order: midrank and ntile of 5 give two to each score. */
static void test_scores(void **unused) {
    (void)unused;
    int64_t who[55];
    int64_t when[55];
    int64_t amount[55];
    int64_t row = 0;
    for (int64_t c = 1; c <= 10; c++) {
        for (int64_t o = 0; o < c; o++, row++) {
            who[row] = c;
            when[row] = c * DAY - o;
            amount[row] = 100;
        }
    }
    const pdm_column columns[] = {pdm_column_int64("customer_id", who), pdm_column_int64("time", when),
                                  pdm_column_int64("amount", amount)};
    pdm_batch batch = pdm_batch_make(columns, 3, 55);
    static const int32_t policies[] = {PDM_RFM_POLICY_MIDRANK, PDM_RFM_POLICY_NTILE, PDM_RFM_POLICY_RANK_FIRST,
                                       PDM_RFM_POLICY_QUANTILE_RIGHT};
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
        pdm_rfm_options options = pdm_rfm_options_default();
        options.grain = PDM_RFM_GRAIN_ORDER;
        options.policy = policies[p];
        pdm_result *result = NULL;
        pdm_error err;
        if (pdm_rfm_compute(NULL, &options, &batch, &result, &err) != PDM_OK) fail_msg("%s", err.message);
        const pdm_table *table = pdm_result_table(result, NULL);
        for (int64_t i = 0; i < 10; i++) {
            char code[4] = {(char)('1' + i / 2), (char)('1' + i / 2), (char)('1' + i / 2), '\0'};
            assert_int_equal(pdm_table_i32(table, "r_score")[i], 1 + i / 2);
            assert_int_equal(pdm_table_i32(table, "f_score")[i], 1 + i / 2);
            assert_int_equal(pdm_table_i32(table, "m_score")[i], 1 + i / 2);
            expect_cell(table, "code", i, code);
        }
        const pdm_table *segments = pdm_result_table(result, "segments");
        int64_t last = pdm_table_rows(segments) - 1;
        assert_int_equal(pdm_table_i64(segments, "customers")[last], 10);
        assert_int_equal(pdm_table_i64(segments, "orders")[last], 55);
        assert_int_equal(pdm_table_i64(segments, "repeat_customers")[last], 9);
        assert_true(pdm_table_f64(segments, "repeat_rate")[last] == 0.9);
        assert_true(pdm_table_f64(segments, "aov")[last] == 100.0);
        assert_true(pdm_table_f64(segments, "per_customer")[last] == 550.0);
        pdm_result_free(result);
    }
}

static void test_duplicate_edges(void **unused) {
    (void)unused;
    pdm_rfm_options options = plain();
    options.policy_f = PDM_RFM_POLICY_QUANTILE_RIGHT;
    options.grain = PDM_RFM_GRAIN_ORDER;
    table_of_rows t;
    pdm_batch batch = all_rows(&t);
    pdm_result *result = NULL;
    pdm_error err;
    assert_int_equal(pdm_rfm_compute(NULL, &options, &batch, &result, &err), PDM_E_DUPLICATE_EDGES);
    assert_null(result);
    options.duplicates = PDM_RFM_DUPLICATES_DROP;
    assert_int_equal(pdm_rfm_compute(NULL, &options, &batch, &result, &err), PDM_OK);
    pdm_result_free(result);
}

/* Without a map there are scores and totals, and no segment. */
static void test_no_map(void **unused) {
    (void)unused;
    pdm_rfm_options options = plain();
    pdm_result *result = compute(&options);
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_true(pdm_table_is_null(table, "segment", 0));
    assert_true(pdm_table_is_null(table, "segment_id", 0));
    assert_false(pdm_table_is_null(table, "r_score", 0));
    const pdm_table *segments = pdm_result_table(result, "segments");
    assert_int_equal(pdm_table_rows(segments), 1);
    expect_cell(segments, "segment", 0, "total");
    assert_int_equal(pdm_table_i64(segments, "customers")[0], 3);
    assert_int_equal(pdm_table_i64(segments, "gmv")[0], 2050);
    pdm_result_free(result);
}

static void test_overlap(void **unused) {
    (void)unused;
    static const int32_t names[] = {0, 1, 2};
    static const int32_t codes[] = {0, 3, 6};
    const pdm_column columns[] = {pdm_column_utf8("segment", names, "ab"), pdm_column_utf8("code", codes, "555555")};
    pdm_batch list = pdm_batch_make(columns, 2, 2);
    for (int32_t ordered = 0; ordered < 2; ordered++) {
        pdm_rfm_options options = pdm_rfm_options_default();
        pdm_state *state = NULL;
        pdm_error err;
        options.ordered = ordered;
        assert_int_equal(pdm_rfm_create(NULL, &options, &state, NULL), PDM_OK);
        pdm_status status = pdm_state_set_list(state, "segments", &list, &err);
        assert_int_equal(status, ordered == 0 ? PDM_E_SEGMENT_OVERLAP : PDM_OK);
        pdm_state_free(state);
    }
}

/* ---- dedupe ---- */

/* The least row of an event stays, whatever the order; repeats are counted. */
static void test_dedupe(void **unused) {
    (void)unused;
    static const int64_t who[] = {1, 1, 2, 2};
    static const int64_t when[] = {2 * DAY, DAY, DAY, DAY};
    static const int64_t amount[] = {100, 100, 70, 30};
    static const int64_t events[] = {5, 5, 6, 7};
    const pdm_column columns[] = {pdm_column_int64("customer_id", who), pdm_column_int64("time", when),
                                  pdm_column_int64("amount", amount), pdm_column_int64("event_id", events)};
    pdm_batch batch = pdm_batch_make(columns, 4, 4);
    pdm_rfm_options options = plain();
    pdm_result *result = NULL;
    pdm_error err;
    options.grain = PDM_RFM_GRAIN_ORDER;
    options.dedupe = 1;
    options.as_of = 3 * DAY;
    if (pdm_rfm_compute(NULL, &options, &batch, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    expect_customers(result, (const expected[]){{1, 2, 1, 100, 1, 100, 0, 100}, {2, 2, 2, 100, 2, 100, 0, 100}}, 2);
    batch.column_count = 3;
    assert_int_equal(pdm_rfm_compute(NULL, &options, &batch, &result, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "event_id");
}

/* ---- edges ---- */

static void test_nobody(void **unused) {
    (void)unused;
    static const int32_t maps[] = {PDM_RFM_MAP_EN11, PDM_RFM_MAP_CN8, PDM_RFM_MAP_NONE, PDM_RFM_MAP_PYMC5};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        pdm_rfm_options options = pdm_rfm_options_default();
        options.map = maps[i];
        options.tiers = PDM_RFM_TIERS_SHARE;
        pdm_state *state = NULL;
        pdm_result *result = NULL;
        pdm_error err;
        assert_int_equal(pdm_rfm_create(NULL, &options, &state, NULL), PDM_OK);
        if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
        assert_int_equal(pdm_table_rows(pdm_result_table(result, NULL)), 0);
        pdm_result_free(result);
        pdm_state_free(state);
    }
}

static void test_extreme_times(void **unused) {
    (void)unused;
    static const int64_t who[] = {1, 2, 3};
    static const int64_t when[] = {INT64_MIN, INT64_MAX, 0};
    static const int64_t amount[] = {1, INT64_MAX - 2, 1};
    const pdm_column columns[] = {pdm_column_int64("customer_id", who), pdm_column_int64("order_id", who),
                                  pdm_column_int64("time", when), pdm_column_int64("amount", amount)};
    pdm_batch batch = pdm_batch_make(columns, 4, 3);
    for (int32_t grain = 0; grain < 2; grain++) {
        pdm_rfm_options options = plain();
        options.grain = grain;
        options.f_basis = PDM_RFM_F_DAYS;
        pdm_result *result = NULL;
        assert_int_equal(pdm_rfm_compute(NULL, &options, &batch, &result, NULL), PDM_OK);
        const pdm_table *table = pdm_result_table(result, NULL);
        const int32_t *recency = pdm_table_i32(table, "recency_days");
        assert_int_equal(pdm_table_rows(table), 3);
        assert_true(recency[0] > recency[2] && recency[2] > recency[1] && recency[1] >= 0);
        assert_int_equal(pdm_table_i64(table, "monetary")[1], INT64_MAX - 2);
        pdm_result_free(result);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),           cmocka_unit_test(test_orders),    cmocka_unit_test(test_bases),
        cmocka_unit_test(test_as_of),           cmocka_unit_test(test_stats),     cmocka_unit_test(test_original_order),
        cmocka_unit_test(test_windows),         cmocka_unit_test(test_migration), cmocka_unit_test(test_scores),
        cmocka_unit_test(test_duplicate_edges), cmocka_unit_test(test_no_map),    cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_dedupe),          cmocka_unit_test(test_nobody),    cmocka_unit_test(test_extreme_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
