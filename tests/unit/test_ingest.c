/* Columns in: every type of every role, nulls, offsets into buffers, buffers that begin anywhere, and what is refused with which row. */
#include "contexts.h"
#include "core/convert.h"
#include "core/ingest.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One column taken in by itself. */
typedef struct taken {
    pdm_status status;
    pdm_error err;
    pdm__block block;
    pdm__ingest in;
    pdm_context *context;
    pdm_column_info info;
    pdm_calendar calendar;
    int32_t scale;
} taken;

typedef struct settings {
    int32_t role;
    int32_t nullable;
    bool skip;
    bool local;
    int32_t exponent; /* −1 = none */
    int32_t scale;    /* of the column alone, PDM__SCALE(places) */
} settings;

static const settings key = {.role = PDM_ROLE_KEY, .exponent = -1};
static const settings money = {.role = PDM_ROLE_MONEY, .exponent = -1};
static const settings whole = {.role = PDM_ROLE_INTEGER, .exponent = -1};
static const settings real = {.role = PDM_ROLE_FLOAT, .exponent = -1};
static const settings moment = {.role = PDM_ROLE_TIME, .exponent = -1};
static const settings label = {.role = PDM_ROLE_TEXT, .exponent = -1};
static const settings flag = {.role = PDM_ROLE_FLAG, .nullable = 1, .exponent = -1};

/* Takes rows [first, first + rows) of the column; taken_end() releases. */
static void take_some(taken *t, settings how, const pdm_column *column, int64_t length, int64_t first, int64_t rows) {
    memset(t, 0, sizeof *t);
    t->context = context_threads(1);
    t->info = (pdm_column_info){
        .name = "c", .role = how.role, .required = 1, .nullable = how.nullable, .unit = "", .doc = "It."};
    t->calendar = pdm_calendar_fixed(28800);
    t->in.calendar = &t->calendar;
    t->in.currency_exponent = how.exponent;
    t->in.skip_nulls = how.skip;
    t->in.naive_local = how.local;
    t->in.scales = &t->scale;
    t->scale = how.scale;
    const pdm__use use[1] = {PDM__REQUIRED};
    pdm_batch batch = pdm_batch_make(column, 1, length);
    pdm_error_reset(&t->err);
    t->status = pdm__ingest_begin(&t->in, &t->info, 1, use, &batch, &t->err);
    if (t->status == PDM_OK) t->status = pdm__block_init(&t->block, t->context, 1, (size_t)rows, &t->err);
    if (t->status == PDM_OK) t->status = pdm__ingest_block(&t->in, &t->block, first, (size_t)rows, &t->err);
}

static void take_all(taken *t, settings how, const pdm_column *column, int64_t length) {
    take_some(t, how, column, length, 0, length);
}

static void taken_end(taken *t) {
    uint64_t held = 1;
    pdm__block_clear(&t->block);
    pdm_context_memory(t->context, &held, NULL);
    assert_int_equal(held, 0);
    pdm_context_free(t->context);
}

static void expect_words(settings how, const pdm_column *column, const int64_t *expected, int64_t rows) {
    taken t;
    take_all(&t, how, column, rows);
    if (t.status != PDM_OK) fail_msg("%s", t.err.message);
    assert_int_equal(t.block.rows, rows);
    for (int64_t i = 0; i < rows; i++) assert_int_equal((int64_t)t.block.cells[0].words[i], expected[i]);
    taken_end(&t);
}

static void expect_refusal(settings how, const pdm_column *column, int64_t rows, pdm_status status, int64_t row) {
    taken t;
    take_all(&t, how, column, rows);
    assert_int_equal(t.status, status);
    assert_int_equal(t.err.code, status);
    assert_int_equal(t.err.row, row);
    assert_string_equal(t.err.column, "c");
    taken_end(&t);
}

/* ---- integers ---- */

static void test_integers(void **unused) {
    (void)unused;
    static const int8_t i8[] = {-128, 0, 127};
    static const int16_t i16[] = {INT16_MIN, -1, INT16_MAX};
    static const int32_t i32[] = {INT32_MIN, 5, INT32_MAX};
    static const int64_t i64[] = {INT64_MIN + 1, 5, INT64_MAX};
    static const uint8_t u8[] = {0, 200, 255};
    static const uint16_t u16[] = {0, 40000, UINT16_MAX};
    static const uint32_t u32[] = {0, 3000000000U, UINT32_MAX};
    static const uint64_t u64[] = {0, 1, INT64_MAX};
    const struct {
        pdm_type type;
        const void *values;
        int64_t expected[3];
    } rows[] = {
        {PDM_TYPE_INT8, i8, {-128, 0, 127}},
        {PDM_TYPE_INT16, i16, {INT16_MIN, -1, INT16_MAX}},
        {PDM_TYPE_INT32, i32, {INT32_MIN, 5, INT32_MAX}},
        {PDM_TYPE_INT64, i64, {INT64_MIN + 1, 5, INT64_MAX}},
        {PDM_TYPE_UINT8, u8, {0, 200, 255}},
        {PDM_TYPE_UINT16, u16, {0, 40000, UINT16_MAX}},
        {PDM_TYPE_UINT32, u32, {0, 3000000000, UINT32_MAX}},
        {PDM_TYPE_UINT64, u64, {0, 1, INT64_MAX}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pdm_column column = pdm_column_make("c", rows[i].type, rows[i].values);
        expect_words(key, &column, rows[i].expected, 3);
        expect_words(money, &column, rows[i].expected, 3);
        expect_words(whole, &column, rows[i].expected, 3);
        taken t;
        take_all(&t, real, &column, 3);
        assert_int_equal(t.status, PDM_OK);
        double value = 0;
        memcpy(&value, &t.block.cells[0].words[1], sizeof value);
        assert_true(value == (double)rows[i].expected[1]);
        taken_end(&t);
        int32_t kind = pdm__convert_key_kind(&(pdm_column_info){.role = PDM_ROLE_KEY}, &column);
        assert_int_equal(kind, rows[i].type == PDM_TYPE_UINT64 ? PDM__KEY_UINT : PDM__KEY_INT);
        expect_refusal(label, &column, 3, PDM_E_BAD_TYPE, -1);
        if (rows[i].type != PDM_TYPE_INT64) expect_refusal(moment, &column, 3, PDM_E_BAD_TYPE, -1);
    }
    static const uint64_t large[] = {1, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    pdm_column column = pdm_column_make("c", PDM_TYPE_UINT64, large);
    expect_refusal(money, &column, 3, PDM_E_OVERFLOW, 1);
    expect_refusal(whole, &column, 3, PDM_E_OVERFLOW, 1);
    expect_words(key, &column, (const int64_t[]){1, INT64_MIN, -1}, 3);
}

/* Buffers that begin at odd addresses, offsets into them, and blocks from the middle. */
static void test_positions(void **unused) {
    (void)unused;
    uint8_t raw[8 * 40 + 8];
    for (size_t shift = 0; shift < 8; shift++) {
        for (int64_t i = 0; i < 40; i++) memcpy(raw + shift + 8 * i, &(int64_t){i * 3 - 7}, 8);
        pdm_column column = pdm_column_make("c", PDM_TYPE_INT64, raw + shift);
        column.offset = 5;
        taken t;
        take_some(&t, money, &column, 30, 10, 15);
        assert_int_equal(t.status, PDM_OK);
        for (int64_t i = 0; i < 15; i++) assert_int_equal((int64_t)t.block.cells[0].words[i], (i + 15) * 3 - 7);
        assert_int_equal((int64_t)t.block.money, 3 * (15 + 29) * 15 / 2 - 7 * 15);
        taken_end(&t);
        column.type = PDM_TYPE_INT32;
        take_some(&t, whole, &column, 30, 1, 4); /* halves of the numbers: words 6 … 9 */
        assert_int_equal(t.status, PDM_OK);
        assert_int_equal((int64_t)t.block.cells[0].words[0], 2);
        assert_int_equal((int64_t)t.block.cells[0].words[2], 5);
        taken_end(&t);
    }
    pdm_column column = pdm_column_make("c", PDM_TYPE_INT64, NULL);
    expect_refusal(key, &column, 1, PDM_E_ARGUMENT, -1);
    const pdm_column_info info = {.name = "c", .role = PDM_ROLE_KEY};
    assert_int_equal(pdm__convert_check(&info, &column, -1, 0, NULL), PDM_OK); /* nothing needs no buffer */
    column.values = raw;
    column.offset = -1;
    expect_refusal(key, &column, 1, PDM_E_ARGUMENT, -1);
}

/* ---- money ---- */

static void test_money(void **unused) {
    (void)unused;
    settings cents = money;
    cents.exponent = 2;
    settings three = money;
    three.exponent = 3;
    static const double doubles[] = {5.05, -0.1, 0.0, 1e9, 0.29};
    pdm_column column = pdm_column_make("c", PDM_TYPE_FLOAT64, doubles);
    expect_words(cents, &column, (const int64_t[]){505, -10, 0, 100000000000, 29}, 5);
    expect_words(three, &column, (const int64_t[]){5050, -100, 0, 1000000000000, 290}, 5);
    expect_refusal(money, &column, 5, PDM_E_BAD_TYPE, -1); /* floats need an exponent */
    static const float floats[] = {5.05F, -0.1F, 1234.56F};
    column = pdm_column_make("c", PDM_TYPE_FLOAT32, floats);
    expect_words(cents, &column, (const int64_t[]){505, -10, 123456}, 3);
    static const double bad[] = {1.0, 0.005, 2.0};
    column = pdm_column_make("c", PDM_TYPE_FLOAT64, bad);
    expect_refusal(cents, &column, 3, PDM_E_BAD_VALUE, 1);
    const double not_numbers[] = {(double)NAN, (double)INFINITY, 1e300};
    column = pdm_column_make("c", PDM_TYPE_FLOAT64, not_numbers);
    expect_refusal(cents, &column, 1, PDM_E_BAD_VALUE, 0);
    column.offset = 2;
    expect_refusal(cents, &column, 1, PDM_E_OVERFLOW, 0);

    /* decimals: −12.3 and 7 with one place */
    static const uint64_t halves[] = {(uint64_t)-123, UINT64_MAX, 70, 0, 1, 0};
    column = pdm_column_make("c", PDM_TYPE_DECIMAL128, halves);
    column.scale = 1;
    expect_words(money, &column, (const int64_t[]){-1230, 700, 10}, 3); /* two places by default */
    expect_words(three, &column, (const int64_t[]){-12300, 7000, 100}, 3);
    column.scale = 4;
    expect_refusal(money, &column, 3, PDM_E_BAD_VALUE, 0);
    column.scale = 39;
    expect_refusal(money, &column, 3, PDM_E_ARGUMENT, 0);
}

/* Magnitudes add up beyond 64 bits. */
static void test_money_sum(void **unused) {
    (void)unused;
    static const int64_t amounts[] = {INT64_MAX, INT64_MIN, -1, INT64_MAX};
    pdm_column column = pdm_column_int64("c", amounts);
    taken t;
    take_all(&t, money, &column, 4);
    assert_int_equal(t.status, PDM_OK);
    assert_true(t.block.money == (pdm__uint128)INT64_MAX * 3 + 2);
    taken_end(&t);
}

/* ---- counts and floats ---- */

static void test_numbers(void **unused) {
    (void)unused;
    static const double good[] = {1.0, -3.0, 0.0, -9223372036854775808.0};
    pdm_column column = pdm_column_make("c", PDM_TYPE_FLOAT64, good);
    expect_words(whole, &column, (const int64_t[]){1, -3, 0, INT64_MIN}, 4);
    const double bad[] = {0.5, 9223372036854775808.0, (double)NAN, -(double)INFINITY};
    column = pdm_column_make("c", PDM_TYPE_FLOAT64, bad);
    for (column.offset = 0; column.offset < 4; column.offset++) expect_refusal(whole, &column, 1, PDM_E_BAD_VALUE, 0);
    column.offset = 2;
    expect_refusal(real, &column, 1, PDM_E_BAD_VALUE, 0);
    static const float half[] = {0.5F};
    column = pdm_column_make("c", PDM_TYPE_FLOAT32, half);
    taken t;
    take_all(&t, real, &column, 1);
    double value = 0;
    memcpy(&value, t.block.cells[0].words, sizeof value);
    assert_true(value == 0.5);
    taken_end(&t);
}

/* ---- time ---- */

static void test_times(void **unused) {
    (void)unused;
    settings local = moment;
    local.local = true;
    static const int64_t t[] = {-1, 0, 1500};
    pdm_column column = pdm_column_int64("c", t);
    expect_words(moment, &column, (const int64_t[]){-1, 0, 1500}, 3);
    column.type = PDM_TYPE_TIMESTAMP_US;
    expect_words(moment, &column, (const int64_t[]){-1, 0, 1500}, 3);
    column.type = PDM_TYPE_TIMESTAMP_MS;
    expect_words(moment, &column, (const int64_t[]){-1000, 0, 1500000}, 3);
    column.type = PDM_TYPE_TIMESTAMP_S;
    expect_words(moment, &column, (const int64_t[]){-1000000, 0, 1500000000}, 3);
    column.type = PDM_TYPE_TIMESTAMP_NS; /* floor, also before 1970 */
    expect_words(moment, &column, (const int64_t[]){-1, 0, 1}, 3);
    column.naive = 1;
    expect_words(moment, &column, (const int64_t[]){-1, 0, 1}, 3);
    const int64_t east = INT64_C(28800000000);
    expect_words(local, &column, (const int64_t[]){-1 - east, -east, 1 - east}, 3);
    column.type = PDM_TYPE_TIMESTAMP_US;
    expect_words(local, &column, (const int64_t[]){-1 - east, -east, 1500 - east}, 3);
    column.naive = 0;
    expect_words(local, &column, (const int64_t[]){-1, 0, 1500}, 3);
    static const int32_t days[] = {-1, 0, 20000};
    column = pdm_column_make("c", PDM_TYPE_DATE32, days);
    const int64_t day = INT64_C(86400000000);
    expect_words(moment, &column, (const int64_t[]){-day - east, -east, 20000 * day - east},
                 3); /* local midnight, always */

    static const int64_t far[] = {0, INT64_MAX / 1000 + 1, INT64_MIN};
    column = pdm_column_make("c", PDM_TYPE_TIMESTAMP_MS, far);
    expect_refusal(moment, &column, 3, PDM_E_OVERFLOW, 1);
    column.type = PDM_TYPE_TIMESTAMP_S;
    expect_refusal(moment, &column, 3, PDM_E_OVERFLOW, 1);
    taken k;
    column.type = PDM_TYPE_INT64;
    take_all(&k, moment, &column, 3);
    assert_int_equal(k.block.time_min, INT64_MIN);
    assert_int_equal(k.block.time_max, INT64_MAX / 1000 + 1);
    taken_end(&k);
}

/* ---- text ---- */

static void expect_texts(settings how, const pdm_column *column, const char *const *expected, int64_t rows) {
    taken t;
    take_all(&t, how, column, rows);
    if (t.status != PDM_OK) fail_msg("%s", t.err.message);
    for (int64_t i = 0; i < rows; i++) {
        assert_int_equal(t.block.cells[0].lengths[i], strlen(expected[i]));
        assert_memory_equal((const void *)(uintptr_t)t.block.cells[0].words[i], expected[i], strlen(expected[i]));
    }
    assert_int_equal(t.in.kinds[0], PDM__KEY_TEXT);
    taken_end(&t);
}

static const char bytes[] = "ab客户xyz";

static void test_texts(void **unused) {
    (void)unused;
    static const int32_t narrow[] = {0, 2, 2, 8, 11};
    static const int64_t wide[] = {0, 2, 2, 8, 11};
    static const char *const expected[] = {"ab", "", "客户", "xyz"};
    pdm_column column = pdm_column_utf8("c", narrow, bytes);
    expect_texts(key, &column, expected, 4);
    expect_texts(label, &column, expected, 4);
    column.type = PDM_TYPE_LARGE_UTF8;
    column.offsets = wide;
    expect_texts(key, &column, expected, 4);
    column.offset = 2;
    expect_texts(key, &column, expected + 2, 2);
    column = pdm_column_utf8("c", (const int32_t[]){0, 0}, NULL);
    expect_texts(key, &column, expected + 1, 1);
    static const int settled[] = {PDM_ROLE_TIME, PDM_ROLE_MONEY, PDM_ROLE_INTEGER, PDM_ROLE_FLOAT};
    for (size_t i = 0; i < sizeof settled / sizeof *settled; i++) {
        settings how = {.role = settled[i], .exponent = 2};
        expect_refusal(how, &column, 1, PDM_E_BAD_TYPE, -1);
    }
}

static void test_bad_texts(void **unused) {
    (void)unused;
    static const int32_t backwards[] = {0, 5, 3};
    pdm_column column = pdm_column_utf8("c", backwards, bytes);
    expect_refusal(key, &column, 2, PDM_E_BAD_VALUE, 1);
    static const int32_t negative[] = {-1, 3};
    column.offsets = negative;
    expect_refusal(key, &column, 1, PDM_E_BAD_VALUE, 0);
    static const int32_t cut[] = {0, 2, 4};
    column.offsets = cut; /* through the middle of a character */
    expect_refusal(key, &column, 2, PDM_E_BAD_VALUE, 1);
    column = pdm_column_utf8("c", (const int32_t[]){0, 2}, NULL);
    expect_refusal(key, &column, 1, PDM_E_BAD_VALUE, 0);
    column.offsets = NULL;
    expect_refusal(key, &column, 1, PDM_E_ARGUMENT, -1);
}

static void test_utf8(void **unused) {
    (void)unused;
    static const char *const good[] = {
        "", "a", "abcdefghij", "é", "€", "😀", "abcdefgh€", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80", "\xED\x9F\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xC3",
                                      "\xE2\x82",
                                      "\xF0\x9F\x98",
                                      "abcdefghi\xE2\x82",
                                      "\xC3\x41",
                                      "\xE2\x41\x82"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(pdm__is_utf8((const uint8_t *)good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pdm__is_utf8((const uint8_t *)bad[i], strlen(bad[i])));
    assert_true(pdm__is_utf8((const uint8_t *)"a\0b", 3));
}

typedef struct view {
    int32_t length;
    union {
        char inside[12];
        struct {
            char prefix[4];
            int32_t buffer;
            int32_t offset;
        } at;
    } where;
} view;

static void test_views(void **unused) {
    (void)unused;
    static const char buffer[] = "0123456789a long text in a buffer";
    const void *buffers[] = {buffer, buffer};
    int64_t sizes[] = {33, 20};
    view views[3];
    memset(views, 0, sizeof views);
    views[0].length = 12;
    memcpy(views[0].where.inside, "twelve bytes", 12);
    views[1].length = 23;
    views[1].where.at.offset = 10;
    pdm_column column = pdm_column_make("c", PDM_TYPE_UTF8_VIEW, views);
    column.variadic = buffers;
    column.variadic_sizes = sizes;
    column.variadic_count = 2;
    static const char *const expected[] = {"twelve bytes", "a long text in a buffer", ""};
    expect_texts(key, &column, expected, 3);
    view good = views[1];
    views[1].where.at.buffer = 1; /* the shorter one */
    expect_refusal(key, &column, 3, PDM_E_BAD_VALUE, 1);
    views[1].where.at.buffer = 2;
    expect_refusal(key, &column, 3, PDM_E_BAD_VALUE, 1);
    views[1].where.at.buffer = -1;
    expect_refusal(key, &column, 3, PDM_E_BAD_VALUE, 1);
    views[1] = good;
    views[1].where.at.offset = -1;
    expect_refusal(key, &column, 3, PDM_E_BAD_VALUE, 1);
    views[1] = good;
    views[1].length = -1;
    expect_refusal(key, &column, 3, PDM_E_BAD_VALUE, 1);
    views[1] = good;
    column.variadic = NULL;
    expect_refusal(key, &column, 3, PDM_E_BAD_VALUE, 1);
}

/* ---- dictionaries ---- */

static void test_dictionaries(void **unused) {
    (void)unused;
    static const int32_t offsets[] = {0, 2, 2, 8, 11};
    static const uint8_t indices[] = {3, 0, 2, 3};
    static const char *const expected[] = {"xyz", "ab", "客户", "xyz"};
    pdm_column values = pdm_column_utf8("", offsets, bytes);
    pdm_column column = pdm_column_make("c", PDM_TYPE_DICTIONARY, indices);
    column.index_type = PDM_TYPE_UINT8;
    column.dictionary = &values;
    column.dictionary_length = 4;
    expect_texts(key, &column, expected, 4);
    expect_texts(label, &column, expected, 4);
    column.dictionary_length = 3;
    expect_refusal(key, &column, 4, PDM_E_BAD_VALUE, 0);
    static const int8_t below[] = {0, -1};
    column.values = below;
    column.index_type = PDM_TYPE_INT8;
    expect_refusal(key, &column, 2, PDM_E_BAD_VALUE, 1);
    static const int16_t ids[] = {100, 200, 300};
    values = pdm_column_make("", PDM_TYPE_INT16, ids);
    column.values = indices;
    column.index_type = PDM_TYPE_UINT8;
    column.offset = 1;
    expect_words(key, &column, (const int64_t[]){100, 300}, 2);
    expect_refusal(money, &column, 2, PDM_E_BAD_TYPE, -1);
    /* A null in the dictionary is a null row. */
    static const uint8_t present[] = {0x03};
    values.validity = present;
    column.dictionary_length = 3;
    expect_refusal(key, &column, 2, PDM_E_NULL_VALUE, 1);
    column.dictionary = NULL;
    expect_refusal(key, &column, 2, PDM_E_BAD_TYPE, -1);
    column.dictionary = &values;
    column.index_type = PDM_TYPE_FLOAT64;
    expect_refusal(key, &column, 2, PDM_E_BAD_TYPE, -1);
}

/* More texts than a block remembers, each row with another one and then again; a null row in between. */
static void test_large_dictionary(void **unused) {
    (void)unused;
    enum { TEXTS = 300, ROWS = 2 * TEXTS };
    static int32_t offsets[TEXTS + 1];
    static char text[4 * TEXTS + 1];
    static uint16_t indices[ROWS];
    static uint8_t validity[ROWS / 8 + 1];
    for (int32_t i = 0; i < TEXTS; i++) {
        offsets[i + 1] = offsets[i] + 1 + i % 4;
        (void)snprintf(text + offsets[i], 5, "%0*d", 1 + i % 4, i % 10);
    }
    for (size_t r = 0; r < ROWS; r++) {
        indices[r] = (uint16_t)(r * 7 % TEXTS);
        if (r % 5 != 3) validity[r / 8] = (uint8_t)(validity[r / 8] | 1U << r % 8);
    }
    taken t;
    settings how = key;
    how.nullable = 1;
    pdm_column values = pdm_column_utf8("", offsets, text);
    pdm_column column = pdm_column_make("c", PDM_TYPE_DICTIONARY, indices);
    column.index_type = PDM_TYPE_UINT16;
    column.dictionary = &values;
    column.dictionary_length = TEXTS;
    column.validity = validity;
    take_all(&t, how, &column, ROWS);
    assert_int_equal(t.status, PDM_OK);
    const pdm__cells *cells = &t.block.cells[0];
    for (size_t r = 0; r < ROWS; r++) {
        assert_int_equal(cells->valid[r], r % 5 != 3);
        if (r % 5 == 3) continue;
        assert_int_equal(cells->lengths[r], 1 + indices[r] % 4);
        assert_ptr_equal((const char *)(uintptr_t)cells->words[r], text + offsets[indices[r]]);
    }
    taken_end(&t);
}

/* ---- nulls ---- */

static void test_nulls(void **unused) {
    (void)unused;
    static const int64_t values[] = {1, INT64_MIN, 3, 4, INT64_MIN, 6};
    static const uint8_t validity[] = {0x2D << 2,
                                       0xFF}; /* from bit 2: present, null, present, present, null, present */
    pdm_column column = pdm_column_int64("c", NULL);
    int64_t shifted[8] = {0, 0};
    memcpy(shifted + 2, values, sizeof values);
    column.values = shifted;
    column.offset = 2;
    column.validity = validity;
    expect_refusal(money, &column, 6, PDM_E_NULL_VALUE, 1);
    settings skip = money;
    skip.skip = true;
    taken t;
    take_all(&t, skip, &column, 6);
    assert_int_equal(t.status, PDM_OK);
    assert_int_equal(t.block.rows, 4);
    assert_int_equal(t.block.skipped, 2);
    assert_int_equal((int64_t)t.block.money, 14); /* what lies under a null counts for nothing */
    assert_null(t.block.cells[0].valid);
    assert_int_equal((int64_t)t.block.cells[0].words[3], 6);
    taken_end(&t);
    settings nullable = money;
    nullable.nullable = 1;
    take_all(&t, nullable, &column, 6);
    assert_int_equal(t.status, PDM_OK);
    assert_int_equal(t.block.rows, 6);
    assert_int_equal((int64_t)t.block.money, 14);
    assert_int_equal(t.block.cells[0].valid[1], 0);
    assert_int_equal(t.block.cells[0].words[1], 0);
    taken_end(&t);
    /* Floats and decimals under nulls are not looked at. */
    const double odd[] = {1.0, (double)NAN, 3.0};
    static const uint8_t two[] = {0x05};
    column = pdm_column_make("c", PDM_TYPE_FLOAT64, odd);
    column.validity = two;
    skip.exponent = 2;
    take_all(&t, skip, &column, 3);
    assert_int_equal(t.status, PDM_OK);
    assert_int_equal((int64_t)t.block.money, 400);
    taken_end(&t);
    column = pdm_column_make("c", PDM_TYPE_ALL_NULL, NULL);
    static const settings *const all[] = {&key, &money, &whole, &real, &moment, &label};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        expect_refusal(*all[i], &column, 2, PDM_E_NULL_VALUE, 0);
        settings how = *all[i];
        how.nullable = 1;
        take_all(&t, how, &column, 2);
        assert_int_equal(t.status, PDM_OK);
        assert_int_equal(t.in.kinds[0], PDM__KEY_NONE);
        taken_end(&t);
    }
}

/* ---- batches ---- */

/* Bits from any place of a bitmap, integers of which 0 is false; a null is false, and no null. */
static void test_flags(void **unused) {
    (void)unused;
    static const uint8_t bits[] = {0xB2, 0x4D, 0x01}; /* 0100 1101 1011 0010 1, first row first */
    static const int64_t expected[] = {0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1};
    for (int64_t offset = 0; offset < 9; offset++) {
        pdm_column column = pdm_column_make("c", PDM_TYPE_BOOL, bits);
        column.offset = offset;
        expect_words(flag, &column, expected + offset, 17 - offset);
        taken t;
        take_some(&t, flag, &column, 17 - offset, 3, 5);
        assert_int_equal(t.status, PDM_OK);
        for (int64_t i = 0; i < 5; i++) assert_int_equal(t.block.cells[0].words[i], expected[offset + 3 + i]);
        taken_end(&t);
        static const uint8_t valid[] = {0xFE, 0xFB, 0x01}; /* rows 0 and 10 of the bitmap are null */
        column.validity = valid;
        take_all(&t, flag, &column, 17 - offset);
        assert_int_equal(t.status, PDM_OK);
        assert_null(t.block.cells[0].valid);
        for (int64_t i = 0; i < 17 - offset; i++)
            assert_int_equal(t.block.cells[0].words[i], offset + i == 10 ? 0 : expected[offset + i]);
        taken_end(&t);
    }
    static const int8_t i8[] = {0, -1, 127, 0};
    static const uint16_t u16[] = {0, 256, 1, 0};
    static const int64_t i64[] = {0, INT64_MIN, INT64_C(1) << 32, 0};
    static const uint64_t u64[] = {0, UINT64_MAX, 1, 0};
    static const int64_t whether[] = {0, 1, 1, 0};
    const pdm_column columns[] = {pdm_column_make("c", PDM_TYPE_INT8, i8), pdm_column_make("c", PDM_TYPE_UINT16, u16),
                                  pdm_column_make("c", PDM_TYPE_INT64, i64),
                                  pdm_column_make("c", PDM_TYPE_UINT64, u64)};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        expect_words(flag, &columns[i], whether, 4);
        static const uint8_t valid[] = {0x0B};
        pdm_column column = columns[i];
        column.validity = valid;
        expect_words(flag, &column, (const int64_t[]){0, 1, 0, 0}, 4);
    }
    pdm_column none = pdm_column_make("c", PDM_TYPE_ALL_NULL, NULL);
    taken t;
    take_all(&t, flag, &none, 4);
    assert_int_equal(t.status, PDM_OK);
    for (size_t i = 0; i < 4; i++) assert_int_equal(t.block.cells[0].words[i], 0);
    taken_end(&t);
    static const double f64[] = {0, 1};
    static const int32_t offsets[] = {0, 1, 2};
    pdm_column floats = pdm_column_make("c", PDM_TYPE_FLOAT64, f64);
    pdm_column words = pdm_column_utf8("c", offsets, "01");
    expect_refusal(flag, &floats, 2, PDM_E_BAD_TYPE, -1);
    expect_refusal(flag, &words, 2, PDM_E_BAD_TYPE, -1);
    pdm_column codes = pdm_column_make("c", PDM_TYPE_DICTIONARY, i8);
    codes.index_type = PDM_TYPE_INT8;
    codes.dictionary = &columns[0];
    codes.dictionary_length = 4;
    expect_refusal(flag, &codes, 2, PDM_E_BAD_TYPE, -1);
    /* Integers take bits as 0 and 1, nobody else does. */
    pdm_column bitmap = pdm_column_make("c", PDM_TYPE_BOOL, bits);
    expect_words(whole, &bitmap, expected, 17);
    expect_refusal(money, &bitmap, 2, PDM_E_BAD_TYPE, -1);
    expect_refusal(key, &bitmap, 2, PDM_E_BAD_TYPE, -1);
}

/* A column with decimal places of its own: floats, decimals and integers alike are numbers times 10^places, and not added up. */
static void test_scales(void **unused) {
    (void)unused;
    static const settings cents = {.role = PDM_ROLE_MONEY, .exponent = -1, .scale = PDM__SCALE(2)};
    static const settings units = {.role = PDM_ROLE_MONEY, .exponent = 3, .scale = PDM__SCALE(0)};
    static const double f64[] = {12.34, -0.01, 3};
    static const int64_t i64[] = {1234, INT64_MAX / 100, INT64_MAX / 100 + 1};
    pdm_column floats = pdm_column_make("c", PDM_TYPE_FLOAT64, f64);
    pdm_column whole_numbers = pdm_column_make("c", PDM_TYPE_INT64, i64);
    expect_words(cents, &floats, (const int64_t[]){1234, -1, 300}, 3);
    expect_words(cents, &whole_numbers, (const int64_t[]){123400, INT64_MAX / 100 * 100}, 2);
    expect_words(units, &whole_numbers, i64, 3);
    expect_refusal(cents, &whole_numbers, 3, PDM_E_OVERFLOW, 2);
    expect_refusal(units, &floats, 3, PDM_E_BAD_VALUE, 0);
    taken t;
    take_all(&t, cents, &whole_numbers, 2);
    assert_true(t.block.money == 0);
    taken_end(&t);
}

static void test_batches(void **unused) {
    (void)unused;
    static const int64_t values[] = {1};
    static const pdm_column_info infos[] = {{.name = "a", .role = PDM_ROLE_KEY, .doc = "A."},
                                            {.name = "b", .role = PDM_ROLE_MONEY, .doc = "B."}};
    const pdm__use both[] = {PDM__REQUIRED, PDM__REQUIRED};
    const pdm__use one[] = {PDM__REQUIRED, PDM__OPTIONAL};
    const pdm__use none[] = {PDM__UNUSED, PDM__UNUSED};
    pdm_column columns[] = {pdm_column_int64("x", values), pdm_column_int64("a", values),
                            pdm_column_int64("a", values)};
    pdm__ingest in;
    pdm_error err;
    pdm_batch batch = pdm_batch_make(columns, 2, 1);
    memset(&in, 0, sizeof in);
    assert_int_equal(pdm__ingest_begin(&in, infos, 2, one, &batch, &err), PDM_OK);
    assert_ptr_equal(in.columns[0], &columns[1]);
    assert_null(in.columns[1]);
    assert_int_equal(pdm__ingest_begin(&in, infos, 2, both, &batch, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "b");
    batch.column_count = 3;
    assert_int_equal(pdm__ingest_begin(&in, infos, 2, one, &batch, &err), PDM_E_ARGUMENT); /* twice "a" */
    assert_int_equal(pdm__ingest_begin(&in, infos, 2, none, &batch, &err), PDM_OK);
    columns[2].name = NULL;
    assert_int_equal(pdm__ingest_begin(&in, infos, 2, one, &batch, &err), PDM_OK);

    assert_int_equal(pdm__batch_check(NULL, &err), PDM_E_ARGUMENT);
    pdm_batch odd = batch;
    odd.struct_size = 0;
    assert_int_equal(pdm__batch_check(&odd, &err), PDM_E_ARGUMENT);
    odd = batch;
    odd.length = -1;
    assert_int_equal(pdm__batch_check(&odd, &err), PDM_E_ARGUMENT);
    odd = batch;
    odd.column_count = -1;
    assert_int_equal(pdm__batch_check(&odd, &err), PDM_E_ARGUMENT);
    odd = batch;
    odd.columns = NULL;
    assert_int_equal(pdm__batch_check(&odd, &err), PDM_E_ARGUMENT);
    odd.column_count = 0;
    assert_int_equal(pdm__batch_check(&odd, &err), PDM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),  cmocka_unit_test(test_positions),    cmocka_unit_test(test_money),
        cmocka_unit_test(test_money_sum), cmocka_unit_test(test_numbers),      cmocka_unit_test(test_times),
        cmocka_unit_test(test_texts),     cmocka_unit_test(test_bad_texts),    cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_views),     cmocka_unit_test(test_dictionaries), cmocka_unit_test(test_large_dictionary),
        cmocka_unit_test(test_nulls),     cmocka_unit_test(test_scales),       cmocka_unit_test(test_batches),
        cmocka_unit_test(test_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
