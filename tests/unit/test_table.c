/* Results: filling, reading, wrong names and types, nulls, text, dictionaries, views, memory, export to Arrow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arrow.h"
#include "core/table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { CUSTOMER, DAYS, ORDERS, CODE, RATIO, FIRST_AT, ACTIVE, NOTE, SEGMENT };

static const pdm_result_column_info customer_columns[] = {
    {"customer", PDM_TYPE_NONE, 0, "", "Who."},
    {"days", PDM_TYPE_INT32, 0, "days", "Days since the last order."},
    {"orders", PDM_TYPE_INT64, 0, "", "Orders."},
    {"code", PDM_TYPE_UINT64, 0, "", "A number of 64 bits."},
    {"ratio", PDM_TYPE_FLOAT64, 0, "", "A ratio."},
    {"first_at", PDM_TYPE_TIMESTAMP_US, 0, "µs", "First order."},
    {"active", PDM_TYPE_BOOL, 0, "", "Whether active."},
    {"note", PDM_TYPE_LARGE_UTF8, 0, "", "Free text."},
    {"segment", PDM_TYPE_DICTIONARY, 0, "", "Segment."},
};
static const pdm_result_column_info segment_columns[] = {
    {"customers", PDM_TYPE_INT64, 0, "", "Customers."},
};
static const pdm_table_info customers = {"customers", customer_columns, PDM__COUNT(customer_columns), 0, "A customer."};
static const pdm_table_info segments = {"segments", segment_columns, PDM__COUNT(segment_columns), 1, "A segment."};
static const char *const segment_names[] = {"重要价值", "", "lost"};

#define ROWS 11

/* An allocator that fails at its n-th growing call and from there on. */
typedef struct failing {
    int64_t calls;
    int64_t fail_at; /* −1 = never */
} failing;

static void *failing_resize(void *user, void *block, size_t old_size, size_t new_size) {
    failing *state = user;
    if (new_size > old_size && state->fail_at >= 0 && state->calls++ >= state->fail_at) return NULL;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static pdm_context *new_context(failing *state, uint64_t limit) {
    pdm_context_options options = pdm_context_options_default();
    options.memory_limit = limit;
    if (state != NULL) {
        options.allocator.resize = failing_resize;
        options.allocator.user = state;
    }
    pdm_context *context = NULL;
    assert_int_equal(pdm_context_create(&options, &context, NULL), PDM_OK);
    return context;
}

static uint64_t held(const pdm_context *context) {
    uint64_t now = 0;
    pdm_context_memory(context, &now, NULL);
    return now;
}

static pdm_status fill_text(pdm_table *table, pdm_error *err) {
    static const char *const notes[] = {"a", "", "ccc", "东方", "e"};
    for (int64_t i = 0; i < ROWS; i++) {
        const char *note = notes[i % 5];
        PDM__TRY(pdm__table_put_text(table, NOTE, i, note, strlen(note), err));
    }
    PDM__TRY(pdm__table_set_null(table, NOTE, 6, err));
    return pdm__table_set_dictionary(table, SEGMENT, segment_names, 3, err);
}

/* Fills every column; a customer key is 10 · row. */
static pdm_status build(pdm_context *context, pdm_result **out, pdm_error *err) {
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_new(context, &result, err));
    pdm_status status = pdm__result_add(result, &customers, ROWS, PDM_TYPE_INT64, &table, err);
    for (int64_t i = 0; i < ROWS && status == PDM_OK; i++) {
        pdm__table_i64(table, CUSTOMER)[i] = 10 * i;
        pdm__table_i32(table, DAYS)[i] = (int32_t)i - 5;
        pdm__table_i64(table, ORDERS)[i] = i * i;
        pdm__table_i64(table, CODE)[i] = -1 - i;
        pdm__table_i64(table, FIRST_AT)[i] = 1000000 * i;
        pdm__table_bool(table, ACTIVE)[i] = i % 3 == 0;
        pdm__table_i32(table, SEGMENT)[i] = (int32_t)(i % 3);
        status = pdm__table_put_ratio(table, RATIO, i, i != 4, 0.25 * (double)i, err);
    }
    if (status == PDM_OK) status = fill_text(table, err);
    if (status == PDM_OK) status = pdm__result_add(result, &segments, 0, PDM_TYPE_INT64, &table, err);
    if (status != PDM_OK) {
        pdm_result_free(result);
        return status;
    }
    *out = result;
    return PDM_OK;
}

static pdm_result *build_one(void) {
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    assert_int_equal(build(context, &result, NULL), PDM_OK);
    pdm_context_free(context); /* the result holds it */
    return result;
}

static void assert_text(const pdm_table *table, const char *column, int64_t row, const char *expected) {
    size_t length = 99;
    const char *text = pdm_table_utf8(table, column, row, &length);
    assert_non_null(text);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
}

static void test_tables_by_name_and_index(void **state) {
    (void)state;
    pdm_result *result = build_one();
    assert_int_equal(pdm_result_table_count(result), 2);
    const pdm_table *main_table = pdm_result_table(result, NULL);
    assert_ptr_equal(main_table, pdm_result_table_at(result, 0));
    assert_ptr_equal(main_table, pdm_result_table(result, "customers"));
    assert_ptr_equal(pdm_result_table_at(result, 1), pdm_result_table(result, "segments"));
    assert_null(pdm_result_table(result, "customer"));
    assert_null(pdm_result_table_at(result, 2));
    assert_null(pdm_result_table_at(result, -1));
    assert_string_equal(pdm_table_name(pdm_result_table(result, "segments")), "segments");
    assert_int_equal(pdm_table_rows(main_table), ROWS);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "segments")), 0);
    assert_int_equal(pdm_table_column_count(main_table), 9);
    for (int32_t i = 0; i < 9; i++) {
        assert_string_equal(pdm_table_column_name(main_table, i), customer_columns[i].name);
        assert_int_equal(pdm_table_column_find(main_table, customer_columns[i].name), i);
        assert_int_equal(pdm_table_column_type(main_table, i),
                         i == CUSTOMER ? PDM_TYPE_INT64 : customer_columns[i].type);
    }
    pdm_result_free(result);
}

static void test_values(void **state) {
    (void)state;
    pdm_result *result = build_one();
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_int_equal(pdm_table_i64(table, "customer")[3], 30);
    assert_int_equal(pdm_table_i32(table, "days")[0], -5);
    assert_int_equal(pdm_table_i64(table, "orders")[10], 100);
    assert_true((uint64_t)pdm_table_i64(table, "code")[0] == UINT64_MAX);
    assert_int_equal(pdm_table_i64(table, "first_at")[10], 10000000);
    assert_true(pdm_table_f64(table, "ratio")[3] == 0.75);
    assert_int_equal(pdm_table_bool(table, "active")[9], 1);
    assert_int_equal(pdm_table_bool(table, "active")[10], 0);
    assert_int_equal(pdm_table_i32(table, "segment")[5], 2);
    assert_text(table, "note", 0, "a");
    assert_text(table, "note", 1, "");
    assert_text(table, "note", 8, "东方");
    assert_text(table, "segment", 3, "重要价值");
    assert_text(table, "segment", 1, "");
    assert_text(table, "segment", 2, "lost");
    pdm_result_free(result);
}

static void test_wrong_names_and_types(void **state) {
    (void)state;
    pdm_result *result = build_one();
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_null(pdm_table_i64(table, "days"));
    assert_null(pdm_table_i64(table, "ratio"));
    assert_null(pdm_table_i64(table, "Orders"));
    assert_null(pdm_table_i64(table, NULL));
    assert_null(pdm_table_i32(table, "orders"));
    assert_null(pdm_table_i32(table, "active"));
    assert_null(pdm_table_f64(table, "orders"));
    assert_null(pdm_table_bool(table, "days"));
    assert_null(pdm_table_bool(table, "note"));
    size_t length = 7;
    assert_null(pdm_table_utf8(table, "orders", 0, &length));
    assert_int_equal(length, 0);
    assert_null(pdm_table_utf8(table, "note", ROWS, &length));
    assert_null(pdm_table_utf8(table, "note", -1, &length));
    assert_null(pdm_table_utf8(table, "nothing", 0, &length));
    assert_non_null(pdm_table_utf8(table, "note", 0, NULL));
    assert_int_equal(pdm_table_column_find(table, "nothing"), -1);
    assert_int_equal(pdm_table_column_find(table, NULL), -1);
    assert_null(pdm_table_column_name(table, 9));
    assert_null(pdm_table_column_name(table, -1));
    assert_int_equal(pdm_table_column_type(table, 9), PDM_TYPE_NONE);
    pdm_result_free(result);
}

static void test_null_pointers(void **state) {
    (void)state;
    pdm_result_free(NULL);
    assert_int_equal(pdm_result_table_count(NULL), 0);
    assert_null(pdm_result_table(NULL, NULL));
    assert_null(pdm_result_table(NULL, "x"));
    assert_null(pdm_table_name(NULL));
    assert_int_equal(pdm_table_rows(NULL), 0);
    assert_int_equal(pdm_table_column_count(NULL), 0);
    assert_null(pdm_table_column_name(NULL, 0));
    assert_null(pdm_table_i64(NULL, "x"));
    assert_null(pdm_table_utf8(NULL, "x", 0, NULL));
    assert_true(pdm_table_is_null(NULL, "x", 0));
    pdm_column column;
    pdm_error err;
    assert_int_equal(pdm_table_column(NULL, 0, &column, &err), PDM_E_ARGUMENT);
    pdm_result *result = build_one();
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_int_equal(pdm_table_column(table, 0, NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_table_column(table, 9, &column, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_table_column(table, -1, &column, NULL), PDM_E_ARGUMENT);
    pdm_result_free(result);
}

static void test_nulls(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    assert_int_equal(build(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add(result, &customers, ROWS, PDM_TYPE_UINT64, &table, NULL), PDM_OK);
    static const int32_t fixed[] = {CUSTOMER, DAYS, ORDERS, CODE, RATIO, FIRST_AT, ACTIVE, SEGMENT};
    for (int32_t i = 0; i < PDM__COUNT(fixed); i++) {
        const char *name = customer_columns[fixed[i]].name;
        assert_false(pdm_table_is_null(table, name, 10));
        assert_int_equal(pdm__table_set_null(table, fixed[i], 10, NULL), PDM_OK);
        assert_int_equal(pdm__table_set_null(table, fixed[i], 10, NULL), PDM_OK);
        assert_int_equal(pdm__table_set_null(table, fixed[i], 0, NULL), PDM_OK);
        assert_true(pdm_table_is_null(table, name, 10));
        assert_true(pdm_table_is_null(table, name, 0));
        assert_false(pdm_table_is_null(table, name, 9));
        pdm_column column;
        assert_int_equal(pdm_table_column(table, fixed[i], &column, NULL), PDM_OK);
        assert_int_equal(column.validity[0], 0xFE);
        assert_int_equal(column.validity[1], 0x03); /* rows 8 and 9; nothing behind the last row */
    }
    assert_int_equal(pdm__table_i64(table, ORDERS)[10], 0);
    assert_int_equal(pdm__table_i32(table, SEGMENT)[10], 0);
    assert_int_equal(pdm__table_bool(table, ACTIVE)[10], 0);
    assert_true(pdm__table_f64(table, RATIO)[10] == 0.0);
    assert_null(pdm_table_utf8(table, "segment", 10, NULL));

    const pdm_table *first = pdm_result_table(result, NULL);
    assert_true(pdm_table_is_null(first, "ratio", 4));
    assert_true(pdm_table_f64(first, "ratio")[4] == 0.0);
    assert_true(pdm_table_is_null(first, "note", 6));
    assert_null(pdm_table_utf8(first, "note", 6, NULL));
    assert_true(pdm_table_is_null(first, "note", ROWS));
    assert_true(pdm_table_is_null(first, "note", -1));
    assert_true(pdm_table_is_null(first, "nothing", 0));

    pdm_error err;
    assert_int_equal(pdm__table_set_null(table, ORDERS, ROWS, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_set_null(table, 9, 0, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_put_ratio(table, ORDERS, 0, true, 1.0, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_put_ratio(table, RATIO, -1, true, 1.0, &err), PDM_E_ARGUMENT);
    pdm_result_free(result);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

static void test_text_grows(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add(result, &customers, 1000, PDM_TYPE_LARGE_UTF8, &table, NULL), PDM_OK);
    assert_int_equal(pdm__table_reserve_text(table, CUSTOMER, 6000, NULL), PDM_OK);
    uint64_t before = held(context);
    char text[16];
    for (int i = 0; i < 1000; i++) {
        memset(text, 'a' + i % 26, sizeof text);
        assert_int_equal(pdm__table_put_text(table, CUSTOMER, i, text, 6, NULL), PDM_OK);
    }
    assert_int_equal(held(context), before); /* it was reserved */
    for (int i = 0; i < 1000; i++) {
        memset(text, 'A' + i % 26, sizeof text);
        assert_int_equal(pdm__table_put_text(table, NOTE, i, text, (size_t)i % 17, NULL), PDM_OK);
    }
    assert_true(held(context) > before);
    for (int i = 0; i < 1000; i++) {
        size_t length = 0;
        const char *cell = pdm_table_utf8(table, "note", i, &length);
        assert_int_equal(length, i % 17);
        for (size_t k = 0; k < length; k++) assert_int_equal(cell[k], 'A' + i % 26);
        cell = pdm_table_utf8(table, "customer", i, &length);
        assert_int_equal(length, 6);
        assert_int_equal(cell[5], 'a' + i % 26);
    }
    pdm_result_free(result);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

static void test_text_out_of_order(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    pdm_error err;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add(result, &customers, 3, PDM_TYPE_INT64, &table, NULL), PDM_OK);
    assert_int_equal(pdm__table_put_text(table, NOTE, 1, "x", 1, &err), PDM_E_ARGUMENT);
    assert_string_equal(err.column, "note");
    assert_int_equal(pdm__table_put_text(table, NOTE, 0, "x", 1, &err), PDM_OK);
    assert_int_equal(pdm__table_put_text(table, NOTE, 0, "x", 1, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_put_text(table, NOTE, 3, "x", 1, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_put_text(table, ORDERS, 0, "x", 1, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_reserve_text(table, SEGMENT, 5, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_reserve_text(table, NOTE, SIZE_MAX, &err), PDM_E_LIMIT);
    assert_int_equal(pdm__table_put_text(table, NOTE, 1, NULL, 0, &err), PDM_OK);
    assert_text(table, "note", 1, "");
    assert_null(pdm_table_utf8(table, "note", 2, NULL)); /* not put yet */
    assert_null(pdm__table_i64(table, DAYS));
    assert_null(pdm__table_i32(table, ORDERS));
    assert_null(pdm__table_f64(table, NOTE));
    assert_null(pdm__table_bool(table, 9));
    pdm_result_free(result);
    pdm_context_free(context);
}

static void test_dictionary(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    pdm_error err;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add(result, &customers, 3, PDM_TYPE_INT64, &table, NULL), PDM_OK);
    int32_t *codes = pdm__table_i32(table, SEGMENT);
    codes[0] = 0;
    codes[1] = 3;
    codes[2] = -1;
    assert_null(pdm_table_utf8(table, "segment", 0, NULL)); /* no dictionary yet */
    static const char *const longer[] = {"x", "y", "z", "four"};
    assert_int_equal(pdm__table_set_dictionary(table, SEGMENT, longer, 4, NULL), PDM_OK);
    assert_text(table, "segment", 1, "four");
    assert_int_equal(pdm__table_set_dictionary(table, SEGMENT, segment_names, 3, NULL), PDM_OK);
    assert_text(table, "segment", 0, "重要价值");
    assert_null(pdm_table_utf8(table, "segment", 1, NULL));
    assert_null(pdm_table_utf8(table, "segment", 2, NULL));
    assert_int_equal(pdm__table_set_dictionary(table, NOTE, segment_names, 3, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_set_dictionary(table, SEGMENT, segment_names, -1, &err), PDM_E_ARGUMENT);
    pdm_result_free(result);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

static void test_column_views(void **state) {
    (void)state;
    pdm_result *result = build_one();
    const pdm_table *table = pdm_result_table(result, NULL);
    pdm_column column;
    for (int32_t i = 0; i < 9; i++) {
        assert_int_equal(pdm_table_column(table, i, &column, NULL), PDM_OK);
        assert_string_equal(column.name, customer_columns[i].name);
        assert_int_equal(column.type, pdm_table_column_type(table, i));
        assert_int_equal(column.offset, 0);
        assert_int_equal(column.naive, 0);
        assert_int_equal(column.validity != NULL, i == RATIO || i == NOTE);
        assert_int_equal(column.offsets != NULL, i == NOTE);
        assert_int_equal(column.dictionary != NULL, i == SEGMENT);
    }
    assert_int_equal(pdm_table_column(table, ORDERS, &column, NULL), PDM_OK);
    assert_ptr_equal(column.values, pdm_table_i64(table, "orders"));
    assert_int_equal(pdm_table_column(table, ACTIVE, &column, NULL), PDM_OK);
    const uint8_t *bits = column.values;
    assert_int_equal(bits[0], 0x49); /* rows 0, 3, 6 */
    assert_int_equal(bits[1], 0x02); /* row 9 */
    assert_int_equal(pdm_table_column(table, NOTE, &column, NULL), PDM_OK);
    const int64_t *offsets = column.offsets;
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[ROWS], 1 + 0 + 3 + 6 + 1 + 1 + 0 + 3 + 6 + 1 + 1);
    assert_memory_equal(column.values, "accc东方e", 11);
    assert_int_equal(pdm_table_column(table, SEGMENT, &column, NULL), PDM_OK);
    assert_int_equal(column.index_type, PDM_TYPE_INT32);
    assert_int_equal(column.dictionary_length, 3);
    assert_int_equal(column.dictionary->type, PDM_TYPE_LARGE_UTF8);
    assert_int_equal(((const int64_t *)column.dictionary->offsets)[3], 16);
    assert_memory_equal(column.dictionary->values, "重要价值lost", 16);
    pdm_result_free(result);
}

static void *read_bits(void *argument) {
    const pdm_table *table = argument;
    pdm_column column;
    if (pdm_table_column(table, ACTIVE, &column, NULL) != PDM_OK) return NULL;
    const uint8_t *bits = column.values;
    return bits[0] == 0x49 && bits[1] == 0x02 ? argument : NULL;
}

static void test_bits_from_many_threads(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        pdm_result *result = build_one();
        pthread_t threads[4];
        pdm_table *table = NULL;
        const pdm_table *borrowed = pdm_result_table(result, NULL);
        memcpy(&table, &borrowed, sizeof table); /* pthread_create() knows no const */
        for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, read_bits, table), 0);
        for (int i = 0; i < 4; i++) {
            void *answer = NULL;
            assert_int_equal(pthread_join(threads[i], &answer), 0);
            assert_ptr_equal(answer, table);
        }
        pdm_result_free(result);
    }
}

static void test_key_types_and_sizes(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    pdm_error err;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add(result, &customers, 2, PDM_TYPE_UINT64, &table, NULL), PDM_OK);
    assert_int_equal(pdm_table_column_type(table, CUSTOMER), PDM_TYPE_UINT64);
    assert_non_null(pdm_table_i64(table, "customer"));
    assert_int_equal(pdm__result_add(result, &customers, 2, PDM_TYPE_LARGE_UTF8, &table, NULL), PDM_OK);
    assert_int_equal(pdm_table_column_type(table, CUSTOMER), PDM_TYPE_LARGE_UTF8);
    assert_null(pdm_table_i64(table, "customer"));
    uint64_t before = held(context);
    assert_int_equal(pdm__result_add(result, &customers, 2, PDM_TYPE_NONE, &table, &err), PDM_E_ARGUMENT);
    assert_string_equal(err.column, "customer");
    assert_int_equal(pdm__result_add(result, &customers, -1, PDM_TYPE_INT64, &table, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__result_add(result, &customers, INT64_MAX, PDM_TYPE_INT64, &table, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm__result_add(result, &customers, INT64_MAX - 1, PDM_TYPE_INT64, &table, &err), PDM_E_NOMEM);
    assert_int_equal(held(context), before);
    assert_int_equal(pdm_result_table_count(result), 2);
    assert_int_equal(pdm__table_column_index(&customers, "segment"), SEGMENT);
    assert_int_equal(pdm__table_column_index(&customers, "nothing"), -1);
    pdm_result_free(result);
    pdm_context_free(context);
}

static void test_empty_table(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    pdm_column column;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_null(pdm_result_table(result, NULL));
    assert_int_equal(pdm__result_add(result, &customers, 0, PDM_TYPE_LARGE_UTF8, &table, NULL), PDM_OK);
    for (int32_t i = 0; i < 9; i++) {
        assert_int_equal(pdm_table_column(table, i, &column, NULL), PDM_OK);
        assert_non_null(column.values);
        assert_null(column.validity);
    }
    assert_int_equal(pdm_table_column(table, NOTE, &column, NULL), PDM_OK);
    assert_int_equal(((const int64_t *)column.offsets)[0], 0);
    assert_non_null(pdm_table_i64(table, "orders"));
    assert_null(pdm_table_utf8(table, "note", 0, NULL));
    assert_true(pdm_table_is_null(table, "note", 0));
    pdm_result_free(result);
    pdm_context_free(context);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    failing allocator = {0, -1};
    pdm_context *context = new_context(&allocator, 0);
    pdm_result *result = NULL;
    pdm_error err;
    int64_t failures = 0;
    for (int64_t at = 0;; at++) {
        allocator.calls = 0;
        allocator.fail_at = at;
        pdm_error_reset(&err);
        pdm_status status = build(context, &result, &err);
        if (status == PDM_OK) break;
        assert_int_equal(status, PDM_E_NOMEM);
        assert_int_equal(err.code, PDM_E_NOMEM);
        assert_int_equal(held(context), 0);
        assert_null(result);
        failures++;
    }
    assert_true(failures > 15);
    pdm_result_free(result);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

static void test_memory_limit(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 4096);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    pdm_error err;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add(result, &customers, 1000, PDM_TYPE_INT64, &table, &err), PDM_E_LIMIT);
    assert_int_equal(pdm__result_add(result, &segments, 10, PDM_TYPE_INT64, &table, &err), PDM_OK);
    pdm_result_free(result);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

/* ---- export ---- */

static void test_export_layout(void **state) {
    (void)state;
    static const char *const formats[] = {"l", "i", "l", "L", "g", "tsu:UTC", "b", "U", "i"};
    pdm_result *result = build_one();
    const pdm_table *table = pdm_result_table(result, NULL);
    struct ArrowSchema schema;
    struct ArrowArray array;
    assert_int_equal(pdm_table_export(table, &schema, &array, NULL), PDM_OK);
    assert_string_equal(schema.format, "+s");
    assert_int_equal(schema.n_children, 9);
    assert_int_equal(array.n_children, 9);
    assert_int_equal(array.n_buffers, 1);
    assert_int_equal(array.length, ROWS);
    for (int32_t i = 0; i < 9; i++) {
        assert_string_equal(schema.children[i]->format, formats[i]);
        assert_string_equal(schema.children[i]->name, customer_columns[i].name);
        assert_int_equal(schema.children[i]->flags, ARROW_FLAG_NULLABLE);
        const struct ArrowArray *column = array.children[i];
        assert_int_equal(column->length, ROWS);
        assert_int_equal(column->n_buffers, i == NOTE ? 3 : 2);
        assert_int_equal(column->null_count, i == RATIO || i == NOTE);
        assert_int_equal(column->buffers[0] != NULL, i == RATIO || i == NOTE);
        assert_int_equal(column->dictionary != NULL, i == SEGMENT);
        assert_int_equal(schema.children[i]->dictionary != NULL, i == SEGMENT);
    }
    assert_ptr_equal(array.children[ORDERS]->buffers[1], pdm_table_i64(table, "orders")); /* shared, not copied */
    assert_string_equal(schema.children[SEGMENT]->dictionary->format, "U");
    assert_int_equal(array.children[SEGMENT]->dictionary->length, 3);
    schema.release(&schema);
    array.release(&array);
    assert_null(schema.release);
    assert_null(array.release);
    assert_int_equal(pdm_table_export(table, &schema, NULL, NULL), PDM_OK);
    schema.release(&schema);
    assert_int_equal(pdm_table_export(NULL, &schema, &array, NULL), PDM_E_ARGUMENT);
    pdm_result_free(result);
}

static void test_round_trip(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    assert_int_equal(build(context, &result, NULL), PDM_OK);
    for (int32_t t = 0; t < 2; t++) { /* the second table is empty */
        const pdm_table *table = pdm_result_table_at(result, t);
        struct ArrowSchema schema;
        struct ArrowArray array;
        pdm__arrow_batch batch;
        assert_int_equal(pdm_table_export(table, &schema, &array, NULL), PDM_OK);
        assert_int_equal(pdm__arrow_import(context, &schema, &array, &batch, NULL), PDM_OK);
        assert_int_equal(batch.batch.length, pdm_table_rows(table));
        assert_int_equal(batch.batch.column_count, pdm_table_column_count(table));
        for (int32_t i = 0; i < batch.batch.column_count; i++) {
            const pdm_column *came = &batch.batch.columns[i];
            pdm_column column;
            assert_int_equal(pdm_table_column(table, i, &column, NULL), PDM_OK);
            assert_string_equal(came->name, column.name);
            assert_int_equal(came->type, column.type);
            assert_int_equal(came->index_type, column.index_type);
            assert_int_equal(came->naive, column.naive);
            assert_ptr_equal(came->values, column.values);
            assert_ptr_equal(came->offsets, column.offsets);
            assert_ptr_equal(came->validity, column.validity);
            assert_int_equal(came->dictionary_length, column.dictionary_length);
            if (column.dictionary != NULL) assert_ptr_equal(came->dictionary->values, column.dictionary->values);
        }
        pdm__arrow_batch_clear(&batch);
        schema.release(&schema);
        array.release(&array);
    }
    pdm_result_free(result);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

static void test_export_outlives_result(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    struct ArrowSchema schema;
    struct ArrowArray array;
    assert_int_equal(build(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm_table_export(pdm_result_table(result, NULL), &schema, &array, NULL), PDM_OK);
    pdm_result_free(result);
    assert_int_equal(((const int64_t *)array.children[ORDERS]->buffers[1])[10], 100);

    /* Move a column and a dictionary away, as consumers may. */
    struct ArrowArray orders = *array.children[ORDERS];
    array.children[ORDERS]->release = NULL;
    struct ArrowArray names = *array.children[SEGMENT]->dictionary;
    array.children[SEGMENT]->dictionary->release = NULL;
    struct ArrowSchema segment = *schema.children[SEGMENT];
    schema.children[SEGMENT]->release = NULL;
    array.release(&array);
    schema.release(&schema);
    assert_int_equal(((const int64_t *)orders.buffers[1])[9], 81);
    orders.release(&orders);
    assert_memory_equal((const char *)names.buffers[2] + 12, "lost", 4);
    assert_true(held(context) > 0);
    names.release(&names);
    assert_string_equal(segment.dictionary->format, "U");
    segment.release(&segment);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

static void test_export_stream(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowArray end;
    assert_int_equal(build(context, &result, NULL), PDM_OK);
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_int_equal(pdm_table_export_stream(NULL, &stream, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm_table_export_stream(table, NULL, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm_table_export_stream(table, &stream, NULL), PDM_OK);
    pdm_result_free(result);
    pdm_context_free(context); /* the stream holds both */
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    assert_int_equal(schema.n_children, 9);
    schema.release(&schema);
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    assert_int_equal(stream.get_next(&stream, &array), 0);
    assert_int_equal(array.length, ROWS);
    memset(&end, 0xFF, sizeof end);
    assert_int_equal(stream.get_next(&stream, &end), 0);
    assert_null(end.release);
    assert_null(stream.get_last_error(&stream));
    stream.release(&stream);
    assert_null(stream.release);
    assert_int_equal(((const int32_t *)array.children[DAYS]->buffers[1])[ROWS - 1], 5);
    array.release(&array);
    schema.release(&schema);
}

static void test_export_of_empty_table(void **state) {
    (void)state;
    pdm_context *context = new_context(NULL, 0);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    struct ArrowArray array;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add(result, &customers, 0, PDM_TYPE_LARGE_UTF8, &table, NULL), PDM_OK);
    assert_int_equal(pdm_table_export(table, NULL, &array, NULL), PDM_OK);
    for (int32_t i = 0; i < 9; i++) {
        for (int64_t k = 1; k < array.children[i]->n_buffers; k++) assert_non_null(array.children[i]->buffers[k]);
    }
    assert_int_equal(((const int64_t *)array.children[NOTE]->buffers[1])[0], 0);
    assert_int_equal(((const int64_t *)array.children[SEGMENT]->dictionary->buffers[1])[0], 0);
    array.release(&array);
    pdm_result_free(result);
    pdm_context_free(context);
}

static void test_export_memory_runs_out(void **state) {
    (void)state;
    failing allocator = {0, -1};
    pdm_context *context = new_context(&allocator, 0);
    pdm_result *result = NULL;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray array;
    pdm_error err;
    assert_int_equal(build(context, &result, NULL), PDM_OK);
    const pdm_table *table = pdm_result_table(result, NULL);
    uint64_t before = held(context);
    int64_t failures = 0;
    for (;; failures++) {
        allocator = (failing){0, failures};
        pdm_status status = pdm_table_export(table, &schema, &array, &err);
        if (status == PDM_OK) break;
        assert_int_equal(status, PDM_E_NOMEM);
        assert_int_equal(held(context), before);
    }
    assert_true(failures > 20);
    schema.release(&schema);
    array.release(&array);
    allocator = (failing){0, 0};
    assert_int_equal(pdm_table_export_stream(table, &stream, &err), PDM_E_NOMEM);
    allocator = (failing){0, 3};
    assert_int_equal(pdm_table_export_stream(table, &stream, &err), PDM_OK);
    assert_int_equal(stream.get_next(&stream, &array), ENOMEM);
    assert_non_null(stream.get_last_error(&stream));
    allocator = (failing){0, 0};
    assert_int_equal(stream.get_schema(&stream, &schema), ENOMEM);
    allocator.fail_at = -1;
    assert_int_equal(stream.get_next(&stream, &array), 0); /* the batch was not lost */
    assert_int_equal(array.length, ROWS);
    assert_null(stream.get_last_error(&stream));
    array.release(&array);
    stream.release(&stream);
    pdm_result_free(result);
    assert_int_equal(held(context), 0);
    pdm_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_by_name_and_index),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_wrong_names_and_types),
        cmocka_unit_test(test_null_pointers),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_text_grows),
        cmocka_unit_test(test_text_out_of_order),
        cmocka_unit_test(test_dictionary),
        cmocka_unit_test(test_column_views),
        cmocka_unit_test(test_bits_from_many_threads),
        cmocka_unit_test(test_key_types_and_sizes),
        cmocka_unit_test(test_empty_table),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_export_layout),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_export_outlives_result),
        cmocka_unit_test(test_export_stream),
        cmocka_unit_test(test_export_of_empty_table),
        cmocka_unit_test(test_export_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
