/* The life of a state: every status a generic call can have, what a failed call leaves, what is refused late, what does not merge. */
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
#include <pdmetrics/metrics/tiers.h>

static const int64_t customers[] = {1, 2, 1, 3};
static const int64_t orders[] = {10, 20, 11, 30};
static const int64_t times[] = {0, 86400000000, 5, -7};
static const int64_t amounts[] = {500, 700, -100, 0};

typedef struct table_of_rows {
    pdm_column columns[4];
} table_of_rows;

static pdm_batch some_rows(table_of_rows *t) {
    t->columns[0] = pdm_column_int64("customer_id", customers);
    t->columns[1] = pdm_column_int64("order_id", orders);
    t->columns[2] = pdm_column_int64("time", times);
    t->columns[3] = pdm_column_int64("amount", amounts);
    return pdm_batch_make(t->columns, 4, 4);
}

static pdm_state *make(const pdm_rfm_options *options) {
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_rfm_create(NULL, options, &state, &err) != PDM_OK) fail_msg("%s", err.message);
    return state;
}

static pdm_state *filled(const pdm_rfm_options *options) {
    table_of_rows t;
    pdm_batch batch = some_rows(&t);
    pdm_state *state = make(options);
    assert_int_equal(pdm_state_update(state, &batch, NULL), PDM_OK);
    return state;
}

/* ---- arguments ---- */

static void test_arguments(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    size_t size = 0;
    table_of_rows t;
    pdm_batch batch = some_rows(&t);
    pdm_calendar utc = pdm_calendar_fixed(0);
    assert_int_equal(pdm_state_create(NULL, NULL, NULL, &state, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_create(NULL, pdm_metric_find("rfm"), NULL, NULL, &err), PDM_E_ARGUMENT);
    assert_null(state);
    assert_int_equal(pdm_state_update(NULL, &batch, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_merge(NULL, NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_serialize(NULL, NULL, 0, &size, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_result(NULL, &result, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_set_calendar(NULL, &utc, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_deserialize(NULL, NULL, 9, &state, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_update_arrow(NULL, NULL, NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_rows(NULL) + (int64_t)pdm_state_memory(NULL), 0);
    assert_null(pdm_state_metric(NULL));
    pdm_state_free(NULL);
    pdm_result_free(NULL);

    state = filled(NULL);
    assert_int_equal(pdm_state_update(state, NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_merge(state, NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_merge(state, state, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_serialize(state, NULL, 0, NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_result(state, NULL, &err), PDM_E_ARGUMENT);
    assert_ptr_equal(pdm_state_metric(state), pdm_metric_find("rfm"));
    assert_int_equal(pdm_state_rows(state), 4);
    assert_true(pdm_state_memory(state) > 0);
    pdm_state_free(state);
}

static void test_bad_options(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = NULL;
    pdm_rfm_options options = pdm_rfm_options_default();
    options.k = 11;
    assert_int_equal(pdm_rfm_create(NULL, &options, &state, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "k");
    options = pdm_rfm_options_default();
    options.m_basis = PDM_RFM_M_NET_MEAN;
    options.f_basis = PDM_RFM_F_REPEAT;
    assert_int_equal(pdm_rfm_create(NULL, &options, &state, &err), PDM_E_UNSUPPORTED_COMBINATION);
    assert_string_equal(err.column, "m_basis");
    assert_null(state);
}

/* ---- rows ---- */

static void expect_unchanged(pdm_state *state, const bytes *before) {
    bytes now = state_bytes(state);
    assert_true(bytes_equal(*before, now));
    bytes_free(&now);
}

static void test_refused_rows(void **unused) {
    (void)unused;
    for (int32_t first = 0; first < 2; first++) { /* an empty state, and one that has rows */
        pdm_state *state = first == 0 ? make(NULL) : filled(NULL);
        bytes before = state_bytes(state);
        table_of_rows t;
        pdm_error err;
        pdm_batch batch = some_rows(&t);
        t.columns[3].name = "something";
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_MISSING_COLUMN);
        assert_string_equal(err.column, "amount");
        expect_unchanged(state, &before);

        batch = some_rows(&t);
        t.columns[2].type = PDM_TYPE_FLOAT64;
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_BAD_TYPE);
        assert_string_equal(err.column, "time");
        expect_unchanged(state, &before);

        static const uint8_t third[] = {0x0B};
        batch = some_rows(&t);
        t.columns[0].validity = third;
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_NULL_VALUE);
        assert_int_equal(err.row, 2);
        assert_string_equal(err.column, "customer_id");
        expect_unchanged(state, &before);

        static const int64_t late[] = {0, INT64_MAX, 0, 0};
        batch = some_rows(&t);
        t.columns[2] = pdm_column_make("time", PDM_TYPE_TIMESTAMP_S, late);
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_OVERFLOW);
        assert_int_equal(err.row, 1);
        expect_unchanged(state, &before);

        static const int64_t huge[] = {INT64_MAX - 1400, 100, 1, 100};
        batch = some_rows(&t);
        t.columns[3].values = huge;
        assert_int_equal(pdm_state_update(state, &batch, &err), first == 0 ? PDM_OK : PDM_E_OVERFLOW);
        if (first == 1) {
            assert_int_equal(err.row, 2); /* 1,300 so far: with the second row int64 is full to the last unit */
            assert_string_equal(err.column, "amount");
            expect_unchanged(state, &before);
        }
        bytes_free(&before);
        pdm_state_free(state);
    }
}

/* What a refused first batch was made of does not bind the next. */
static void test_kinds(void **unused) {
    (void)unused;
    static const int32_t offsets[] = {0, 1, 2, 3, 4};
    static const uint8_t none[] = {0};
    table_of_rows t;
    pdm_error err;
    pdm_state *state = make(NULL);
    pdm_batch batch = some_rows(&t);
    t.columns[0].validity = none;
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_NULL_VALUE);
    batch = some_rows(&t);
    t.columns[0] = pdm_column_utf8("customer_id", offsets, "abca");
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    batch = some_rows(&t);
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_BAD_TYPE);
    assert_string_equal(err.column, "customer_id");
    assert_int_equal(pdm_state_rows(state), 4);
    pdm_state *numbers = filled(NULL);
    assert_int_equal(pdm_state_merge(state, numbers, &err), PDM_E_OPTIONS_DIFFER);
    assert_string_equal(err.column, "customer_id");
    pdm_state_free(numbers);
    pdm_state_free(state);
}

static void test_nothing(void **unused) {
    (void)unused;
    table_of_rows t;
    pdm_batch batch = some_rows(&t);
    batch.length = 0;
    pdm_state *state = make(NULL);
    bytes before = state_bytes(state);
    assert_int_equal(pdm_state_update(state, &batch, NULL), PDM_OK);
    expect_unchanged(state, &before);
    bytes_free(&before);
    pdm_state_free(state);
}

/* ---- sequence ---- */

static pdm_status give_window(pdm_state *state, int64_t from, int64_t to, pdm_error *err) {
    static const int32_t offsets[] = {0, 1};
    const pdm_column columns[] = {pdm_column_utf8("name", offsets, "w"), pdm_column_int64("from", &from),
                                  pdm_column_int64("to", &to)};
    pdm_batch list = pdm_batch_make(columns, 3, 1);
    return pdm_state_set_list(state, "windows", &list, err);
}

static void test_lists(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = make(NULL);
    pdm_calendar utc = pdm_calendar_fixed(0);
    pdm_calendar bad = pdm_calendar_fixed(27 * 3600);
    pdm_batch nothing = pdm_batch_make(NULL, 0, 0);
    assert_int_equal(pdm_state_set_list(state, "no such list", &nothing, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_set_list(state, NULL, &nothing, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_set_list(state, "windows", NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_set_list(state, "windows", &nothing, &err), PDM_E_MISSING_COLUMN);
    assert_int_equal(give_window(state, 5, 5, &err), PDM_E_BAD_OPTION);
    assert_int_equal(err.row, 0);
    assert_int_equal(pdm_state_set_calendar(state, NULL, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_state_set_calendar(state, &bad, &err), PDM_E_BAD_OPTION);
    assert_int_equal(give_window(state, 0, 1, &err), PDM_OK);
    assert_int_equal(give_window(state, 0, 100, &err), PDM_OK); /* instead of the one before */
    assert_int_equal(pdm_state_set_calendar(state, &utc, &err), PDM_OK);
    size_t size = 0;
    assert_int_equal(pdm_state_serialize(state, NULL, 0, &size, &err), PDM_OK);
    assert_int_equal(give_window(state, 0, 100, &err), PDM_E_SEQUENCE);
    assert_int_equal(pdm_state_set_calendar(state, &utc, &err), PDM_E_SEQUENCE);
    pdm_state_free(state);
}

/* ---- merging ---- */

static void expect_different(pdm_state *a, pdm_state *b, const char *name) {
    pdm_error err;
    bytes before = state_bytes(a);
    assert_int_equal(pdm_state_merge(a, b, &err), PDM_E_OPTIONS_DIFFER);
    assert_string_equal(err.column, name);
    expect_unchanged(a, &before);
    bytes_free(&before);
    pdm_state_free(b);
}

static void test_merge_refused(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = filled(NULL);
    pdm_rfm_options options = pdm_rfm_options_default();
    (void)memcpy(options.currency, "CNY", 4);
    expect_different(state, filled(&options), "currency");
    options = pdm_rfm_options_default();
    options.r_base = PDM_RFM_LAST_DAY;
    expect_different(state, filled(&options), "r_base");
    options = pdm_rfm_options_default();
    options.delta_f = 1; /* said aloud it is still the default */
    pdm_state *same = filled(&options);
    assert_int_equal(pdm_state_merge(state, same, &err), PDM_OK);
    pdm_state_free(same);
    pdm_state *other = make(NULL);
    pdm_calendar east = pdm_calendar_fixed(28800);
    assert_int_equal(pdm_state_set_calendar(other, &east, NULL), PDM_OK);
    expect_different(state, other, "calendar");
    other = make(NULL);
    assert_int_equal(give_window(other, 0, 100, NULL), PDM_OK);
    expect_different(state, other, "windows");
    assert_int_equal(pdm_tiers_create(NULL, NULL, &other, NULL), PDM_OK);
    expect_different(state, other, "");
    pdm_state_free(state);
}

static void test_merge_overflow(void **unused) {
    (void)unused;
    static const int64_t huge[] = {INT64_MAX / 2, 1, 1, 1};
    pdm_error err;
    table_of_rows t;
    pdm_batch batch = some_rows(&t);
    t.columns[3].values = huge;
    pdm_state *a = make(NULL);
    pdm_state *b = make(NULL);
    assert_int_equal(pdm_state_update(a, &batch, NULL), PDM_OK);
    assert_int_equal(pdm_state_update(b, &batch, NULL), PDM_OK);
    bytes before = state_bytes(a);
    assert_int_equal(pdm_state_merge(a, b, &err), PDM_E_OVERFLOW);
    expect_unchanged(a, &before);
    bytes_free(&before);
    pdm_state_free(a);
    pdm_state_free(b);
}

/* ---- bytes ---- */

static pdm_status read_state(const uint8_t *data, size_t size, pdm_error *err) {
    pdm_state *state = NULL;
    pdm_status status = pdm_state_deserialize(NULL, data, size, &state, err);
    assert_int_equal(status == PDM_OK, state != NULL);
    pdm_state_free(state);
    return status;
}

static void test_bytes(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = filled(NULL);
    bytes b = state_bytes(state);
    size_t size = 0;
    uint8_t *small = calloc(b.size, 1);
    assert_non_null(small);
    assert_int_equal(pdm_state_serialize(state, small, b.size - 1, &size, &err), PDM_E_LIMIT);
    assert_int_equal(size, b.size);
    free(small);
    assert_int_equal(read_state(b.data, b.size, &err), PDM_OK);
    /* Cut off anywhere, or one bit wrong anywhere: never a state. */
    for (size_t cut = 0; cut < b.size; cut++) assert_int_equal(read_state(b.data, cut, &err), PDM_E_CORRUPT_STATE);
    for (size_t at = 0; at < b.size; at++) {
        b.data[at] = (uint8_t)(b.data[at] ^ (1U << at % 8));
        assert_int_equal(read_state(b.data, b.size, &err), PDM_E_CORRUPT_STATE);
        b.data[at] = (uint8_t)(b.data[at] ^ (1U << at % 8));
    }
    /* Wrong where the checksum is right: an error, or a state that can be used; never anything else. */
    for (size_t at = 0; at < b.size - 9; at++) {
        for (int32_t bit = 0; bit < 8; bit++) {
            b.data[at] = (uint8_t)(b.data[at] ^ (1U << bit));
            bytes_sign(b);
            pdm_status status = read_state(b.data, b.size, &err);
            assert_true(status == PDM_OK || status == PDM_E_CORRUPT_STATE || status == PDM_E_UNSUPPORTED_VERSION);
            b.data[at] = (uint8_t)(b.data[at] ^ (1U << bit));
        }
    }
    bytes_sign(b);
    assert_int_equal(read_state(b.data, b.size, &err), PDM_OK);
    bytes_free(&b);
    pdm_state_free(state);
}

/* The third item of the array is the format: after the tag (3 bytes), the array's head and "pdm" (4 bytes). */
static void test_versions(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = filled(NULL);
    bytes b = state_bytes(state);
    const size_t format_at = 8;
    assert_memory_equal(b.data + 4, "\x63pdm", 4);
    const uint8_t written = b.data[format_at];
    assert_int_equal(written, 2);
    for (int step = -2; step <= 1; step += 3) { /* 0 and 3 */
        b.data[format_at] = (uint8_t)(written + step);
        bytes_sign(b);
        assert_int_equal(read_state(b.data, b.size, &err), PDM_E_UNSUPPORTED_VERSION);
    }
    b.data[format_at] = written;
    assert_memory_equal(b.data + 9, "\x63rfm", 4);
    b.data[13] = 9; /* version of the metric */
    bytes_sign(b);
    assert_int_equal(read_state(b.data, b.size, &err), PDM_E_UNSUPPORTED_VERSION);
    b.data[13] = 1;
    b.data[10] = 'x';
    bytes_sign(b);
    assert_int_equal(read_state(b.data, b.size, &err), PDM_E_UNSUPPORTED_VERSION);
    bytes_free(&b);
    pdm_state_free(state);
}

/* ---- streams ---- */

static int failing_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    (void)stream;
    (void)out;
    return 5;
}

static const char *reason(struct ArrowArrayStream *stream) {
    (void)stream;
    return "no more electricity";
}

static void test_streams(void **unused) {
    (void)unused;
    pdm_error err;
    rows *r = rows_make(pdm_metric_find("rfm"), 3, 30, ROWS_INT, false);
    struct ArrowArrayStream stream;
    int64_t batches = 0;
    pdm_state *state = make(NULL);
    rows_stream(r, 0, 30, 10, &stream);
    stream.get_next = failing_next;
    stream.get_last_error = reason;
    assert_int_equal(pdm_state_update_arrow(state, &stream, &batches, &err), PDM_E_STREAM);
    assert_non_null(strstr(err.message, "no more electricity"));
    assert_null(stream.release);
    assert_int_equal(batches, 0);

    /* A bad row in the third batch: two are in, and the row is counted from the start of the stream. */
    uint8_t bits[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    bits[25 / 8] = (uint8_t)(bits[25 / 8] & ~(1U << 25 % 8));
    r->columns[0].column.validity = bits;
    rows_stream(r, 0, 30, 10, &stream);
    assert_int_equal(pdm_state_update_arrow(state, &stream, &batches, &err), PDM_E_NULL_VALUE);
    assert_int_equal(batches, 2);
    assert_int_equal(err.row, 25);
    assert_non_null(strstr(err.message, "row 25,"));
    assert_int_equal(pdm_state_rows(state), 20);
    assert_int_equal(pdm_state_update_arrow(state, &stream, &batches, &err), PDM_E_ARGUMENT); /* released already */
    pdm_state_free(state);
    rows_free(r);
}

/* ---- what outlives what ---- */

static void test_lifetimes(void **unused) {
    (void)unused;
    pdm_context *context = context_threads(2);
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    table_of_rows t;
    pdm_batch batch = some_rows(&t);
    assert_int_equal(pdm_rfm_create(context, NULL, &state, NULL), PDM_OK);
    pdm_context_free(context);
    assert_int_equal(pdm_state_update(state, &batch, NULL), PDM_OK);
    assert_int_equal(pdm_state_result(state, &result, NULL), PDM_OK);
    pdm_state_free(state);
    struct ArrowSchema schema;
    struct ArrowArray array;
    assert_int_equal(pdm_table_export(pdm_result_table(result, NULL), &schema, &array, NULL), PDM_OK);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, NULL)), array.length);
    pdm_result_free(result);
    assert_int_equal(((const int64_t *)array.children[1]->buffers[1])[0], 1); /* customer 1 */
    array.release(&array);
    schema.release(&schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),     cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_refused_rows),  cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_nothing),       cmocka_unit_test(test_lists),
        cmocka_unit_test(test_merge_refused), cmocka_unit_test(test_merge_overflow),
        cmocka_unit_test(test_bytes),         cmocka_unit_test(test_versions),
        cmocka_unit_test(test_streams),       cmocka_unit_test(test_lifetimes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
