/* Import through the Arrow C data interface: every format, windows, nulls, malformed structures. Export: test_table.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arrow.h"

/* ---- hand-made Arrow structures ---- */

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_array(struct ArrowArray *array) { array->release = NULL; }

#define COLUMNS_MAX 3

/* A struct array of up to COLUMNS_MAX columns, one of which may have a dictionary, one of which may be of lists. */
typedef struct input {
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowSchema schemas[COLUMNS_MAX];
    struct ArrowArray arrays[COLUMNS_MAX];
    struct ArrowSchema *schema_list[COLUMNS_MAX];
    struct ArrowArray *array_list[COLUMNS_MAX];
    struct ArrowSchema dictionary_schema;
    struct ArrowArray dictionary_array;
    struct ArrowSchema items_schema;
    struct ArrowArray items_array;
    struct ArrowSchema *items_schema_list[1];
    struct ArrowArray *items_array_list[1];
    const void *root_buffers[1];
} input;

static void make_leaf(struct ArrowSchema *schema, struct ArrowArray *array, const char *name, const char *format,
                      int64_t length, int64_t n_buffers, const void **buffers) {
    memset(schema, 0, sizeof *schema);
    memset(array, 0, sizeof *array);
    schema->format = format;
    schema->name = name;
    schema->flags = ARROW_FLAG_NULLABLE;
    schema->release = release_schema;
    array->length = length;
    array->n_buffers = n_buffers;
    array->buffers = buffers;
    array->release = release_array;
}

static void make_root(input *in, int64_t length) {
    memset(in, 0, sizeof *in);
    make_leaf(&in->schema, &in->array, "", "+s", length, 1, in->root_buffers);
    in->schema.children = in->schema_list;
    in->array.children = in->array_list;
}

/* Adds a column; its length is the struct's until changed. */
static struct ArrowArray *add(input *in, const char *name, const char *format, int64_t n_buffers,
                              const void **buffers) {
    int64_t at = in->schema.n_children++;
    in->array.n_children++;
    make_leaf(&in->schemas[at], &in->arrays[at], name, format, in->array.length, n_buffers, buffers);
    in->schema_list[at] = &in->schemas[at];
    in->array_list[at] = &in->arrays[at];
    return &in->arrays[at];
}

static void add_dictionary(input *in, int64_t at, const char *format, int64_t length, int64_t n_buffers,
                           const void **buffers) {
    make_leaf(&in->dictionary_schema, &in->dictionary_array, NULL, format, length, n_buffers, buffers);
    in->schemas[at].dictionary = &in->dictionary_schema;
    in->arrays[at].dictionary = &in->dictionary_array;
}

static void add_items(input *in, int64_t at, const char *format, int64_t length, int64_t n_buffers,
                      const void **buffers) {
    make_leaf(&in->items_schema, &in->items_array, "item", format, length, n_buffers, buffers);
    in->items_schema_list[0] = &in->items_schema;
    in->items_array_list[0] = &in->items_array;
    in->schemas[at].children = in->items_schema_list;
    in->arrays[at].children = in->items_array_list;
    in->schemas[at].n_children = in->arrays[at].n_children = 1;
}

static pdm_context *context;

static int setup(void **state) {
    (void)state;
    return pdm_context_create(NULL, &context, NULL) == PDM_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    uint64_t now = 0;
    pdm_context_memory(context, &now, NULL);
    pdm_context_free(context);
    return now == 0 ? 0 : -1;
}

static pdm_status import_input(const input *in, pdm__arrow_batch *batch, pdm_error *err) {
    memset(batch, 0, sizeof *batch);
    pdm_error_reset(err);
    return pdm__arrow_import(context, &in->schema, &in->array, batch, err);
}

/* Import must fail with `code` for the column, with a message, and hold nothing. */
static void assert_refused(const input *in, pdm_status code, const char *column) {
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(in, &batch, &err), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.column, column);
    assert_true(strlen(err.message) > 10);
    uint64_t now = 1;
    pdm_context_memory(context, &now, NULL);
    assert_int_equal(now, 0);
    pdm__arrow_batch_clear(&batch);
}

static const int64_t numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static const int32_t offsets32[5] = {0, 1, 1, 3, 6};
static const int64_t offsets64[5] = {0, 1, 1, 3, 6};
static const uint8_t validity[1] = {0x0D};

/* ---- import: formats ---- */

static void test_fixed_formats(void **state) {
    (void)state;
    static const struct {
        const char *format;
        int32_t type;
        int32_t naive;
        int32_t scale;
    } cases[] = {
        {"c", PDM_TYPE_INT8, 0, 0},
        {"C", PDM_TYPE_UINT8, 0, 0},
        {"s", PDM_TYPE_INT16, 0, 0},
        {"S", PDM_TYPE_UINT16, 0, 0},
        {"i", PDM_TYPE_INT32, 0, 0},
        {"I", PDM_TYPE_UINT32, 0, 0},
        {"l", PDM_TYPE_INT64, 0, 0},
        {"L", PDM_TYPE_UINT64, 0, 0},
        {"f", PDM_TYPE_FLOAT32, 0, 0},
        {"g", PDM_TYPE_FLOAT64, 0, 0},
        {"b", PDM_TYPE_BOOL, 0, 0},
        {"tdD", PDM_TYPE_DATE32, 0, 0},
        {"tss:", PDM_TYPE_TIMESTAMP_S, 1, 0},
        {"tsm:", PDM_TYPE_TIMESTAMP_MS, 1, 0},
        {"tsu:", PDM_TYPE_TIMESTAMP_US, 1, 0},
        {"tsn:", PDM_TYPE_TIMESTAMP_NS, 1, 0},
        {"tss:UTC", PDM_TYPE_TIMESTAMP_S, 0, 0},
        {"tsu:Asia/Shanghai", PDM_TYPE_TIMESTAMP_US, 0, 0},
        {"tsn:+08:00", PDM_TYPE_TIMESTAMP_NS, 0, 0},
        {"d:19,2", PDM_TYPE_DECIMAL128, 0, 2},
        {"d:38,0,128", PDM_TYPE_DECIMAL128, 0, 0},
        {"d:10,-3", PDM_TYPE_DECIMAL128, 0, -3},
    };
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        const void *buffers[2] = {validity, numbers};
        input in;
        make_root(&in, 4);
        struct ArrowArray *array = add(&in, "x", cases[i].format, 2, buffers);
        array->null_count = 1;
        pdm__arrow_batch batch;
        pdm_error err;
        assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
        assert_int_equal(batch.batch.length, 4);
        assert_int_equal(batch.batch.column_count, 1);
        assert_int_equal(batch.batch.struct_size, sizeof batch.batch);
        const pdm_column *column = &batch.batch.columns[0];
        assert_string_equal(column->name, "x");
        assert_int_equal(column->type, cases[i].type);
        assert_int_equal(column->naive, cases[i].naive);
        assert_int_equal(column->scale, cases[i].scale);
        assert_int_equal(column->offset, 0);
        assert_ptr_equal(column->values, numbers);
        assert_ptr_equal(column->validity, validity);
        assert_null(column->offsets);
        assert_null(column->dictionary);
        pdm__arrow_batch_clear(&batch);
        assert_null(batch.columns);
        assert_non_null(in.array.release); /* nothing was released */
        assert_non_null(in.arrays[0].release);
    }
}

static void test_text_formats(void **state) {
    (void)state;
    input in;
    make_root(&in, 4);
    const void *narrow[3] = {NULL, offsets32, "abcdef"};
    const void *wide[3] = {NULL, offsets64, "abcdef"};
    const void *empty[3] = {NULL, offsets64, NULL};
    static const int64_t zeros[5] = {0, 0, 0, 0, 0};
    empty[1] = zeros;
    add(&in, "narrow", "u", 3, narrow);
    add(&in, "wide", "U", 3, wide)->null_count = -1;
    add(&in, "empty", "U", 3, empty);
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    const pdm_column *columns = batch.batch.columns;
    assert_int_equal(columns[0].type, PDM_TYPE_UTF8);
    assert_ptr_equal(columns[0].offsets, offsets32);
    assert_ptr_equal(columns[0].values, narrow[2]);
    assert_null(columns[0].validity);
    assert_int_equal(columns[1].type, PDM_TYPE_LARGE_UTF8);
    assert_ptr_equal(columns[1].offsets, offsets64);
    assert_null(columns[1].validity);
    assert_non_null(columns[2].values); /* left out by the producer, still safe to point to */
    pdm__arrow_batch_clear(&batch);
}

static void test_views(void **state) {
    (void)state;
    static const int64_t sizes[2] = {5, 0};
    const void *with_data[5] = {validity, numbers, "hello", NULL, sizes};
    const void *inlined[3] = {NULL, numbers, NULL};
    input in;
    make_root(&in, 4);
    add(&in, "v", "vu", 5, with_data)->null_count = -1;
    add(&in, "w", "vu", 3, inlined);
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    const pdm_column *column = &batch.batch.columns[0];
    assert_int_equal(column->type, PDM_TYPE_UTF8_VIEW);
    assert_ptr_equal(column->values, numbers);
    assert_ptr_equal(column->validity, validity);
    assert_int_equal(column->variadic_count, 2);
    assert_ptr_equal(column->variadic[0], with_data[2]);
    assert_ptr_equal(column->variadic_sizes, sizes);
    assert_int_equal(batch.batch.columns[1].variadic_count, 0);
    pdm__arrow_batch_clear(&batch);

    static const int64_t null_but_long[2] = {5, 1};
    static const int64_t negative[2] = {-5, 0};
    with_data[4] = null_but_long;
    assert_refused(&in, PDM_E_BAD_VALUE, "v");
    with_data[4] = negative;
    assert_refused(&in, PDM_E_BAD_VALUE, "v");
    with_data[4] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "v");
    in.arrays[0].n_buffers = 2;
    assert_refused(&in, PDM_E_BAD_VALUE, "v");
}

static void test_formats_no_role_can_use(void **state) {
    (void)state;
    static const char *const formats[] = {"tdm",  "z",          "Z",      "+vl",    "+s",        "e",        "tsu",
                                          "tsx:", "d:19,2,256", "ttm",    "tDs",    "w:16",      "vz",       "+r",
                                          "",     "d:",         "d:1",    "d:0,0",  "ts",        "d:9,2,32", "d:39,1",
                                          "iq",   "d:,2",       "d:9,2,", "d:9,2x", "d:123456,2"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const void *buffers[2] = {NULL, numbers};
        input in;
        make_root(&in, 4);
        add(&in, "odd", formats[i], 0, NULL);
        add(&in, "fine", "l", 2, buffers);
        pdm__arrow_batch batch;
        pdm_error err;
        assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
        assert_int_equal(batch.batch.columns[0].type, PDM_TYPE_NONE);
        assert_string_equal(batch.batch.columns[0].name, "odd");
        assert_int_equal(batch.batch.columns[1].type, PDM_TYPE_INT64);
        pdm__arrow_batch_clear(&batch);
    }
}

static void test_null_type(void **state) {
    (void)state;
    input in;
    make_root(&in, 4);
    add(&in, "nothing", "n", 0, NULL)->null_count = 4;
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    assert_int_equal(batch.batch.columns[0].type, PDM_TYPE_ALL_NULL);
    assert_null(batch.batch.columns[0].values);
    pdm__arrow_batch_clear(&batch);
}

static void test_dictionary(void **state) {
    (void)state;
    static const char *const index_formats[] = {"c", "C", "s", "S", "i", "I", "l", "L"};
    for (int32_t i = 0; i < PDM__COUNT(index_formats); i++) {
        const void *buffers[2] = {validity, numbers};
        const void *values[3] = {validity, offsets32, "abcdef"};
        input in;
        make_root(&in, 3);
        struct ArrowArray *array = add(&in, "channel", index_formats[i], 2, buffers);
        array->null_count = 1;
        array->offset = 1;
        add_dictionary(&in, 0, "u", 3, 3, values);
        in.dictionary_array.offset = 1;
        in.dictionary_array.null_count = 1;
        pdm__arrow_batch batch;
        pdm_error err;
        assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
        const pdm_column *column = &batch.batch.columns[0];
        assert_int_equal(column->type, PDM_TYPE_DICTIONARY);
        assert_int_equal(column->index_type, PDM_TYPE_INT8 + (i % 2 == 0 ? i / 2 : 4 + i / 2));
        assert_int_equal(column->offset, 1);
        assert_ptr_equal(column->values, numbers);
        assert_ptr_equal(column->validity, validity);
        assert_int_equal(column->dictionary_length, 3);
        assert_int_equal(column->dictionary->type, PDM_TYPE_UTF8);
        assert_int_equal(column->dictionary->offset, 1);
        assert_ptr_equal(column->dictionary->offsets, offsets32);
        assert_ptr_equal(column->dictionary->validity, validity);
        assert_null(column->dictionary->dictionary);
        pdm__arrow_batch_clear(&batch);
    }
}

static void test_dictionary_of_odd_things(void **state) {
    (void)state;
    const void *buffers[2] = {NULL, numbers};
    input in;
    pdm__arrow_batch batch;
    pdm_error err;
    make_root(&in, 3);
    add(&in, "before", "l", 2, buffers);
    add(&in, "channel", "i", 2, buffers);
    add_dictionary(&in, 1, "l", 8, 2, buffers);
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    assert_int_equal(batch.batch.columns[1].type, PDM_TYPE_DICTIONARY);
    assert_int_equal(batch.batch.columns[1].dictionary->type, PDM_TYPE_INT64);
    pdm__arrow_batch_clear(&batch);

    in.dictionary_schema.format = "g"; /* no role uses a dictionary of floats */
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    assert_int_equal(batch.batch.columns[0].type, PDM_TYPE_INT64);
    assert_int_equal(batch.batch.columns[1].type, PDM_TYPE_NONE);
    pdm__arrow_batch_clear(&batch);

    in.dictionary_schema.format = "l";
    in.schemas[1].format = "g"; /* a float is no index */
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    assert_int_equal(batch.batch.columns[1].type, PDM_TYPE_NONE);
    pdm__arrow_batch_clear(&batch);

    in.schemas[1].format = "i";
    in.dictionary_array.length = -1;
    assert_refused(&in, PDM_E_BAD_VALUE, "channel");
    in.dictionary_array.length = 8;
    in.dictionary_array.release = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "channel");
    in.arrays[1].dictionary = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "channel");
    in.dictionary_array.release = release_array;
    in.arrays[1].dictionary = &in.dictionary_array;
    in.schemas[1].dictionary = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "channel");
}

/* ---- import: lists ---- */

static void test_lists(void **state) {
    (void)state;
    for (int32_t large = 0; large < 2; large++) {
        const void *buffers[2] = {validity, large != 0 ? (const void *)offsets64 : (const void *)offsets32};
        const void *after[2] = {NULL, numbers};
        const void *texts[3] = {validity, offsets32, "abcdef"};
        input in;
        make_root(&in, 2);
        in.array.offset = 1;
        struct ArrowArray *array = add(&in, "path", large != 0 ? "+L" : "+l", 2, buffers);
        array->null_count = 1;
        array->offset = 1;
        array->length = 3;
        add_items(&in, 0, "u", 3, 3, texts);
        in.items_array.offset = 1;
        in.items_array.null_count = -1;
        add(&in, "after", "l", 2, after)->length = 3;
        pdm__arrow_batch batch;
        pdm_error err;
        assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
        const pdm_column *column = &batch.batch.columns[0];
        assert_int_equal(column->type, large != 0 ? PDM_TYPE_LARGE_LIST : PDM_TYPE_LIST);
        assert_int_equal(column->offset, 2);
        assert_ptr_equal(column->offsets, buffers[1]);
        assert_ptr_equal(column->validity, validity);
        assert_null(column->dictionary);
        assert_int_equal(column->dictionary_length, 3);
        assert_int_equal(column->items->type, PDM_TYPE_UTF8);
        assert_string_equal(column->items->name, "path");
        assert_int_equal(column->items->offset, 1);
        assert_ptr_equal(column->items->offsets, offsets32);
        assert_ptr_equal(column->items->validity, validity);
        assert_int_equal(batch.batch.columns[1].type, PDM_TYPE_INT64);
        assert_null(batch.batch.columns[1].items);
        pdm__arrow_batch_clear(&batch);
    }
}

static void test_lists_of_odd_things(void **state) {
    (void)state;
    const void *buffers[2] = {NULL, offsets32};
    const void *indices[2] = {NULL, numbers};
    const void *texts[3] = {NULL, offsets32, "abcdef"};
    input in;
    make_root(&in, 4);
    add(&in, "path", "+l", 2, buffers);
    add_items(&in, 0, "i", 6, 2, indices);
    make_leaf(&in.dictionary_schema, &in.dictionary_array, NULL, "u", 4, 3, texts);
    in.items_schema.dictionary = &in.dictionary_schema;
    in.items_array.dictionary = &in.dictionary_array;
    const void *after[2] = {NULL, numbers};
    add(&in, "channel", "i", 2, after);
    in.schemas[1].dictionary = &in.dictionary_schema; /* the next column's views lie behind those of the list */
    in.arrays[1].dictionary = &in.dictionary_array;
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    const pdm_column *items = batch.batch.columns[0].items;
    assert_int_equal(items->type, PDM_TYPE_DICTIONARY);
    assert_int_equal(items->index_type, PDM_TYPE_INT32);
    assert_int_equal(items->dictionary->type, PDM_TYPE_UTF8);
    assert_int_equal(items->dictionary_length, 4);
    const pdm_column *values = batch.batch.columns[1].dictionary;
    assert_int_equal(values->type, PDM_TYPE_UTF8);
    assert_string_equal(values->name, "channel");
    assert_string_equal(items->dictionary->name, "path");
    pdm__arrow_batch_clear(&batch);

    static const char *const unusable[] = {"+s", "z", "+l", "+L", ""};
    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++) {
        add_items(&in, 0, unusable[i], 6, 2, indices);
        assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
        assert_int_equal(batch.batch.columns[0].type, PDM_TYPE_LIST);
        assert_int_equal(batch.batch.columns[0].items->type, PDM_TYPE_NONE);
        pdm__arrow_batch_clear(&batch);
    }
}

static void test_malformed_lists(void **state) {
    (void)state;
    const void *buffers[2] = {NULL, offsets32};
    const void *texts[3] = {NULL, offsets32, "abcdef"};
    input in;
    make_root(&in, 4);
    struct ArrowArray *array = add(&in, "path", "+l", 2, buffers);
    assert_refused(&in, PDM_E_BAD_VALUE, "path"); /* no child */
    add_items(&in, 0, "u", 4, 3, texts);
    array->n_children = 0;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    array->n_children = 1;
    in.schemas[0].n_children = 2;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    in.schemas[0].n_children = 1;
    array->children = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    array->children = in.items_array_list;
    in.items_array_list[0] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    in.items_array_list[0] = &in.items_array;
    in.items_array.release = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    in.items_array.release = release_array;
    in.items_array.length = -1;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    in.items_array.length = 4;
    in.items_array.n_buffers = 2;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    in.items_array.n_buffers = 3;
    in.items_schema.format = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    in.items_schema.format = "u";
    array->n_buffers = 1;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    array->n_buffers = 2;
    buffers[1] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    buffers[1] = (const uint8_t *)offsets32 + 1;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    buffers[1] = offsets32;
    array->null_count = 1;
    assert_refused(&in, PDM_E_BAD_VALUE, "path");
    array->null_count = 0;
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    pdm__arrow_batch_clear(&batch);
}

/* ---- import: windows, nulls, malformed input ---- */

static void test_offsets_add_up(void **state) {
    (void)state;
    const void *buffers[2] = {NULL, numbers};
    const void *text[3] = {NULL, offsets32, "abcdef"};
    input in;
    make_root(&in, 2);
    in.array.offset = 1;
    struct ArrowArray *array = add(&in, "x", "l", 2, buffers);
    array->offset = 4;
    array->length = 3; /* 1 + 2: just enough */
    add(&in, "t", "u", 3, text)->length = 4;
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    assert_int_equal(batch.batch.length, 2);
    assert_int_equal(batch.batch.columns[0].offset, 5);
    assert_int_equal(batch.batch.columns[1].offset, 1);
    pdm__arrow_batch_clear(&batch);
    array->length = 2;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
}

static void test_null_counts(void **state) {
    (void)state;
    const void *buffers[2] = {validity, numbers};
    input in;
    make_root(&in, 4);
    struct ArrowArray *array = add(&in, "x", "l", 2, buffers);
    pdm__arrow_batch batch;
    pdm_error err;
    static const struct {
        int64_t null_count;
        bool given, kept;
    } cases[] = {{0, true, false}, {-1, true, true}, {1, true, true}, {-1, false, false}, {0, false, false}};
    for (int32_t i = 0; i < PDM__COUNT(cases); i++) {
        array->null_count = cases[i].null_count;
        buffers[0] = cases[i].given ? validity : NULL;
        assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
        assert_int_equal(batch.batch.columns[0].validity != NULL, cases[i].kept);
        pdm__arrow_batch_clear(&batch);
    }
    array->null_count = 2; /* but no bitmap */
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    array->null_count = -2;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
}

static void test_null_rows(void **state) {
    (void)state;
    static const uint8_t present[1] = {0xFE};
    const void *buffers[2] = {NULL, numbers};
    input in;
    make_root(&in, 3);
    struct ArrowArray *array = add(&in, "x", "l", 2, buffers);
    array->length = 4;
    in.array.offset = 1;
    in.root_buffers[0] = present;
    in.array.null_count = -1; /* row 0 is null, but before the window */
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    pdm__arrow_batch_clear(&batch);
    in.root_buffers[0] = validity; /* 0x0D: position 1 is null, which is row 0 */
    in.array.null_count = 1;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    assert_int_equal(import_input(&in, &batch, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 0);
    in.array.null_count = 0; /* the count says that the bitmap does not matter */
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    pdm__arrow_batch_clear(&batch);
    in.array.null_count = 1;
    in.root_buffers[0] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
}

static void test_malformed_tables(void **state) {
    (void)state;
    const void *buffers[2] = {NULL, numbers};
    input good;
    make_root(&good, 4);
    add(&good, "x", "l", 2, buffers);
    input in = good;
    in.schema.format = "l";
    assert_refused(&in, PDM_E_BAD_TYPE, "");
    in.schema.format = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.schema.release = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.release = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.length = -1;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.offset = -1;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.offset = INT64_MAX;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.n_children = 0;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.n_children = in.schema.n_children = -1;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.n_children = in.schema.n_children = INT64_MAX;
    assert_refused(&in, PDM_E_LIMIT, "");
    in = good;
    in.array.children = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.n_buffers = 0;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    in = good;
    in.array.buffers = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(pdm__arrow_import(context, NULL, &good.array, &batch, &err), PDM_E_BAD_VALUE);
    assert_int_equal(pdm__arrow_import(context, &good.schema, NULL, &batch, NULL), PDM_E_BAD_VALUE);
}

static void test_malformed_columns(void **state) {
    (void)state;
    const void *buffers[2] = {NULL, numbers};
    const void *text[3] = {NULL, offsets32, "abcdef"};
    input in;
    make_root(&in, 4);
    add(&in, "x", "l", 2, buffers);
    add(&in, "t", "u", 3, text);
    struct ArrowArray good = in.arrays[0];
    in.arrays[0].length = -1;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0].length = 3;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0] = good;
    in.arrays[0].offset = -1;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0].offset = INT64_MAX - 2;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0] = good;
    in.arrays[0].n_buffers = 1;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0].n_buffers = 3;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0] = good;
    in.arrays[0].buffers = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0] = good;
    buffers[1] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    buffers[1] = (const char *)numbers + 4; /* int64 at a multiple of 4 */
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    buffers[1] = numbers;
    in.arrays[0].release = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.arrays[0] = good;
    in.array_list[0] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "x");
    in.array_list[0] = &in.arrays[0];
    text[1] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "t");
    text[1] = offsets32;
    text[2] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "t"); /* 6 bytes of text, but no bytes */
    in.schema_list[1] = NULL;
    assert_refused(&in, PDM_E_BAD_VALUE, "");
}

static void test_empty_input(void **state) {
    (void)state;
    const void *none[3] = {NULL, NULL, NULL};
    input in;
    make_root(&in, 0);
    add(&in, NULL, "l", 2, none);
    add(&in, "t", "u", 3, none);
    add(&in, "v", "vu", 3, none);
    pdm__arrow_batch batch;
    pdm_error err;
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    assert_int_equal(batch.batch.length, 0);
    assert_string_equal(batch.batch.columns[0].name, "");
    assert_non_null(batch.batch.columns[1].offsets);
    pdm__arrow_batch_clear(&batch);
    pdm__arrow_batch_clear(&batch); /* twice does no harm */
    make_root(&in, 5);
    assert_int_equal(import_input(&in, &batch, &err), PDM_OK);
    assert_int_equal(batch.batch.column_count, 0);
    assert_int_equal(batch.batch.length, 5);
    pdm__arrow_batch_clear(&batch);
}

static void test_memory_limit(void **state) {
    (void)state;
    pdm_context_options options = pdm_context_options_default();
    options.memory_limit = 1;
    pdm_context *tight = NULL;
    assert_int_equal(pdm_context_create(&options, &tight, NULL), PDM_OK);
    const void *buffers[2] = {NULL, numbers};
    input in;
    make_root(&in, 4);
    add(&in, "x", "l", 2, buffers);
    pdm__arrow_batch batch;
    assert_int_equal(pdm__arrow_import(tight, &in.schema, &in.array, &batch, NULL), PDM_E_LIMIT);
    pdm_context_free(tight);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fixed_formats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_formats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_views, setup, teardown),
        cmocka_unit_test_setup_teardown(test_formats_no_role_can_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_null_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dictionary, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dictionary_of_odd_things, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_of_odd_things, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offsets_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_null_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_null_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_input, setup, teardown),
        cmocka_unit_test(test_memory_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
