/* Paths and marks as columns of lists: the same states as from text, windows, nulls, and what is refused. */
#include "attribution_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEAD SET("models: model=linear; model=w_shaped; model=markov", "milestones: mark=lead; mark=sale")
#define ROWS 4

/* Four paths: A>B, nothing, B>A>B, A; between them items that belong to no row. */
static const char letters[] = "ABxBABA";
static const int32_t text_offsets[] = {0, 1, 2, 3, 4, 5, 6, 7};
static const int32_t list_offsets[ROWS + 1] = {0, 2, 3, 6, 7};
static const uint8_t second_is_null[] = {0x0D};
static const int64_t conversions[] = {1, 2, 3, 4};
static const int64_t value[] = {10, 20, 30, 40};
static const int64_t nulls[] = {4, 3, 2, 1};
static const uint8_t masks[] = {1, 0, 99, 0, 3, 2, 1};

typedef struct table {
    pdm_column items;
    pdm_column masks;
    pdm_column columns[5];
    int64_t rows;
} table;

/* The second row's list is null, so null_rows = skip leaves it out. */
static void make_table(table *t) {
    t->items = pdm_column_utf8("path", text_offsets, letters);
    t->masks = pdm_column_make("marks", PDM_TYPE_UINT8, masks);
    t->columns[0] = pdm_column_list("path", list_offsets, &t->items, 7);
    t->columns[1] = pdm_column_list("marks", list_offsets, &t->masks, 7);
    t->columns[0].validity = t->columns[1].validity = second_is_null;
    t->columns[2] = pdm_column_int64("conversions", conversions);
    t->columns[3] = pdm_column_int64("value", value);
    t->columns[4] = pdm_column_int64("nulls", nulls);
    t->rows = ROWS;
}

static const char *const as_text = "path=A>B marks=1>0 conversions=1 value=10 nulls=4; conversions=2 value=20 nulls=3; "
                                   "path=B>A>B marks=0>3>2 conversions=3 value=30 nulls=2; "
                                   "path=A marks=1 conversions=4 value=40 nulls=1";

static pdm_state *paths_state(void) { return attribution(SET("rows=paths", "null_rows=skip"), LEAD); }

static pdm_status feed_table(pdm_state *state, const table *t, pdm_error *err) {
    pdm_batch batch = pdm_batch_make(t->columns, 5, t->rows);
    return pdm_state_update(state, &batch, err);
}

static void take(pdm_state *state, const table *t) {
    pdm_error err;
    if (feed_table(state, t, &err) != PDM_OK) fail_msg("%s", err.message);
}

static void take_text(pdm_state *state, const char *rows) {
    pdm_error err;
    if (attribution_feed(state, rows, &err) != PDM_OK) fail_msg("%s", err.message);
}

static void same_bytes(pdm_state *a, pdm_state *b) {
    pdm_error err;
    uint8_t bytes[2][8192];
    size_t sizes[2] = {0, 0};
    assert_int_equal(pdm_state_serialize(a, bytes[0], sizeof bytes[0], &sizes[0], &err), PDM_OK);
    assert_int_equal(pdm_state_serialize(b, bytes[1], sizeof bytes[1], &sizes[1], &err), PDM_OK);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
}

static void same_as(const table *t, const char *text) {
    pdm_state *lists = paths_state();
    pdm_state *texts = paths_state();
    take(lists, t);
    take_text(texts, text);
    same_bytes(lists, texts);
    pdm_state_free(lists);
    pdm_state_free(texts);
}

static void test_same_as_text(void **unused) {
    (void)unused;
    table t;
    make_table(&t);
    same_as(&t, as_text);
    /* Both in one state, in any order: the same as twice the text. */
    pdm_state *mixed = paths_state();
    pdm_state *other = paths_state();
    pdm_state *texts = paths_state();
    take(mixed, &t);
    take_text(mixed, as_text);
    take_text(other, as_text);
    take(other, &t);
    take_text(texts, as_text);
    take_text(texts, as_text);
    same_bytes(mixed, texts);
    same_bytes(other, texts);
    pdm_state_free(mixed);
    pdm_state_free(other);
    pdm_state_free(texts);
}

/* Lists beside text in one batch. */
static void test_one_of_each(void **unused) {
    (void)unused;
    table t;
    static const int32_t offsets[] = {0, 3, 3, 8, 9};
    make_table(&t);
    t.columns[1] = pdm_column_utf8("marks", offsets, "1>00>3>21");
    t.columns[1].validity = second_is_null;
    same_as(&t, as_text);
    static const int32_t path_offsets[] = {0, 3, 3, 8, 9};
    make_table(&t);
    t.columns[0] = pdm_column_utf8("path", path_offsets, "A>BB>A>BA");
    t.columns[0].validity = second_is_null;
    same_as(&t, as_text);
}

static void test_item_types(void **unused) {
    (void)unused;
    table t;
    static const int64_t wide_offsets[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const int64_t wide_lists[] = {0, 2, 3, 6, 7};
    make_table(&t);
    t.items = pdm_column_make("path", PDM_TYPE_LARGE_UTF8, letters);
    t.items.offsets = wide_offsets;
    t.columns[0].type = t.columns[1].type = PDM_TYPE_LARGE_LIST;
    t.columns[0].offsets = t.columns[1].offsets = wide_lists;
    same_as(&t, as_text);
    /* A dictionary: its values begin at an offset, what lies under the null list is outside it. */
    static const int8_t indices[] = {0, 1, 77, 1, 0, 1, 0};
    pdm_column values = pdm_column_utf8("path", text_offsets, letters);
    make_table(&t);
    t.items = pdm_column_make("path", PDM_TYPE_DICTIONARY, indices);
    t.items.index_type = PDM_TYPE_INT8;
    values.offset = 4; /* A, B */
    t.items.dictionary = &values;
    t.items.dictionary_length = 2;
    same_as(&t, as_text);
    /* Views of 16 bytes: a length, then the text. */
    static uint8_t views[7 * 16];
    for (size_t i = 0; i < 7; i++) {
        views[16 * i] = 1;
        views[16 * i + 4] = (uint8_t)letters[i];
    }
    make_table(&t);
    t.items = pdm_column_make("path", PDM_TYPE_UTF8_VIEW, views);
    same_as(&t, as_text);
    static const int32_t wide_masks[] = {1, 0, -7, 0, 3, 2, 1};
    make_table(&t);
    t.masks = pdm_column_make("marks", PDM_TYPE_INT32, wide_masks);
    same_as(&t, as_text);
}

static void test_windows(void **unused) {
    (void)unused;
    table t;
    /* Rows 2 and 3 only; items that begin in the middle of their buffers. */
    static const int32_t from_zero[] = {9, 0, 0, 3, 4};
    make_table(&t);
    for (int32_t c = 0; c < 5; c++) t.columns[c].offset = 2;
    t.items.offset = t.masks.offset = 3;
    t.columns[0].offsets = t.columns[1].offsets = from_zero;
    t.columns[0].dictionary_length = t.columns[1].dictionary_length = 4;
    t.rows = 2;
    same_as(&t, "path=B>A>B marks=0>3>2 conversions=3 value=30 nulls=2; path=A marks=1 conversions=4 value=40 nulls=1");
    t.rows = 0;
    pdm_error err;
    pdm_state *state = paths_state();
    t.columns[0].offsets = NULL; /* no row reads them */
    assert_int_equal(feed_table(state, &t, &err), PDM_OK);
    pdm_state_free(state);
}

/* Tokens are taken as they are; an empty list is the empty path. */
static void test_tokens(void **unused) {
    (void)unused;
    static const char text[] = "a > b c ";
    static const int32_t offsets[] = {0, 5, 8};
    static const int32_t lists[] = {0, 2, 2};
    const pdm_column items = pdm_column_utf8("path", offsets, text);
    pdm_column columns[] = {pdm_column_list("path", lists, &items, 2), pdm_column_int64("conversions", conversions)};
    pdm_batch batch = pdm_batch_make(columns, 2, 2);
    pdm_error err;
    pdm_state *state = attribution(SET("rows=paths"), SET("models: model=linear"));
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    pdm_result *result = NULL;
    assert_int_equal(pdm_state_result(state, &result, &err), PDM_OK);
    EXPECT(result, "totals", "conversions unattributed_conversions channels", "3 2 2");
    EXPECT(result, "paths", "path length", "'a > b >  c ' 2");
    pdm_result_free(result);
    /* Lists that are all empty need no items. */
    const pdm_column none = pdm_column_make("path", PDM_TYPE_ALL_NULL, NULL);
    static const int32_t empty[] = {0, 0, 0};
    columns[0] = pdm_column_list("path", empty, &none, 0);
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    EXPECT_STATE(state, "totals", "conversions unattributed_conversions", "6 5");
}

/* ---- what is refused ---- */

static void refuses(const table *t, pdm_status code, int64_t row, const char *column, const char *word) {
    pdm_error err;
    pdm_state *state = paths_state();
    pdm_state *fresh = paths_state();
    pdm_status status = feed_table(state, t, &err);
    if (status != code || err.row != row || strcmp(err.column, column) != 0 || strstr(err.message, word) == NULL)
        fail_msg("%s, row %lld, column \"%s\": %s", pdm_status_name((int32_t)status), (long long)err.row, err.column,
                 err.message);
    same_bytes(state, fresh);
    pdm_state_free(state);
    pdm_state_free(fresh);
}

static void test_bad_offsets(void **unused) {
    (void)unused;
    table t;
    make_table(&t);
    static const int32_t backwards[] = {0, 2, 3, 1, 7};
    static const int32_t negative[] = {-1, 2, 3, 6, 7};
    static const int32_t beyond[] = {0, 2, 3, 6, 8};
    t.columns[0].offsets = backwards;
    refuses(&t, PDM_E_BAD_VALUE, 2, "path", "backwards");
    t.columns[0].offsets = negative;
    refuses(&t, PDM_E_BAD_VALUE, 0, "path", "backwards");
    t.columns[0].offsets = beyond;
    refuses(&t, PDM_E_BAD_VALUE, 3, "path", "7 items");
    make_table(&t);
    t.columns[0].dictionary_length = 6; /* the items are fewer than the offsets say */
    refuses(&t, PDM_E_BAD_VALUE, 3, "path", "6 items");
    static const int64_t huge[] = {0, 2, 3, 6, INT64_MAX};
    make_table(&t);
    t.columns[1].type = PDM_TYPE_LARGE_LIST;
    t.columns[1].offsets = huge;
    refuses(&t, PDM_E_BAD_VALUE, 3, "marks", "out of");
}

static void test_bad_columns(void **unused) {
    (void)unused;
    table t;
    make_table(&t);
    t.columns[0].offsets = NULL;
    refuses(&t, PDM_E_ARGUMENT, -1, "path", "NULL");
    make_table(&t);
    t.columns[0].items = NULL;
    refuses(&t, PDM_E_BAD_TYPE, -1, "path", "nothing");
    make_table(&t);
    t.columns[0].dictionary_length = -1;
    refuses(&t, PDM_E_ARGUMENT, -1, "path", "negative");
    make_table(&t);
    t.columns[0].dictionary_length = INT64_MAX;
    refuses(&t, PDM_E_ARGUMENT, -1, "path", "negative");
    make_table(&t);
    t.items.values = NULL;
    refuses(&t, PDM_E_BAD_VALUE, 0, "path", "item 0");
    make_table(&t);
    t.items.offsets = NULL;
    refuses(&t, PDM_E_ARGUMENT, -1, "path", "NULL");
    make_table(&t);
    t.columns[0].items = &t.masks;
    refuses(&t, PDM_E_BAD_TYPE, -1, "path", "lists of uint8; lists of text expected");
    make_table(&t);
    t.columns[1].items = &t.items;
    refuses(&t, PDM_E_BAD_TYPE, -1, "marks", "lists of utf8; lists of integers expected");
    make_table(&t);
    t.columns[1].items = &t.columns[0];
    refuses(&t, PDM_E_BAD_TYPE, -1, "marks", "lists of list");
    make_table(&t);
    t.columns[0] = pdm_column_int64("path", value);
    refuses(&t, PDM_E_BAD_TYPE, -1, "path", "text or lists of text expected");
    make_table(&t);
    t.columns[2] = pdm_column_list("conversions", list_offsets, &t.masks, 7);
    refuses(&t, PDM_E_BAD_TYPE, -1, "conversions", "type list; integers");
}

static void test_bad_items(void **unused) {
    (void)unused;
    table t;
    static const uint8_t fifth_is_null[] = {0x6F};
    make_table(&t);
    t.items.validity = fifth_is_null;
    refuses(&t, PDM_E_BAD_VALUE, 2, "path", "item 1 of the list is null");
    make_table(&t);
    t.masks.validity = fifth_is_null;
    refuses(&t, PDM_E_BAD_VALUE, 2, "marks", "item 1 of the list is null");
    static const int32_t with_empty[] = {0, 1, 2, 3, 4, 5, 5, 6};
    make_table(&t);
    t.items.offsets = with_empty;
    refuses(&t, PDM_E_BAD_VALUE, 2, "path", "item 2 of the list; a channel has a name");
    static const int32_t with_start[] = {0, 1, 2, 2, 3, 4, 5, 12};
    make_table(&t);
    t.items = pdm_column_utf8("path", with_start, "ABBAB(start)");
    refuses(&t, PDM_E_BAD_VALUE, 3, "path", "item 0 of the list; (start)");
    make_table(&t);
    t.items.values = "ABxB\xFF"
                     "BA";
    refuses(&t, PDM_E_BAD_VALUE, 2, "path", "item 1 of the list is not valid UTF-8");
    static const int32_t crossed[] = {0, 1, 2, 3, 4, 3, 6, 7};
    make_table(&t);
    t.items.offsets = crossed;
    refuses(&t, PDM_E_BAD_VALUE, 2, "path", "item 1 of the list has offsets");
    static const int8_t indices[] = {0, 1, 77, 1, 2, 1, 0};
    static const int8_t below[] = {0, -1, 77, 1, 0, 1, 0};
    const pdm_column values = pdm_column_utf8("path", text_offsets, letters);
    make_table(&t);
    t.items = pdm_column_make("path", PDM_TYPE_DICTIONARY, indices);
    t.items.index_type = PDM_TYPE_INT8;
    t.items.dictionary = &values;
    t.items.dictionary_length = 2;
    refuses(&t, PDM_E_BAD_VALUE, 2, "path", "item 1 of the list is no entry");
    t.items.values = below;
    refuses(&t, PDM_E_BAD_VALUE, 0, "path", "item 1 of the list is no entry");
}

static void test_bad_marks(void **unused) {
    (void)unused;
    table t;
    static const int32_t fewer[] = {0, 1, 3, 6, 7};
    static const int32_t more[] = {0, 3, 3, 6, 7};
    static const int64_t large[] = {1, 0, 99, 0, 4, 2, 1};
    static const int64_t below[] = {1, -1, 99, 0, 4, 2, 1};
    static const uint64_t beyond[] = {1, UINT64_MAX, 99, 0, 4, 2, 1};
    make_table(&t);
    t.columns[1].offsets = fewer;
    refuses(&t, PDM_E_BAD_VALUE, 0, "marks", "item 1 of the list; for each touch");
    t.columns[1].offsets = more;
    refuses(&t, PDM_E_BAD_VALUE, 0, "marks", "more marks");
    make_table(&t);
    t.masks = pdm_column_int64("marks", large);
    refuses(&t, PDM_E_BAD_VALUE, 2, "marks", "item 1 of the list; for each touch");
    t.masks = pdm_column_int64("marks", below);
    refuses(&t, PDM_E_BAD_VALUE, 0, "marks", "item 1 of the list; for each touch");
    t.masks = pdm_column_make("marks", PDM_TYPE_UINT64, beyond);
    refuses(&t, PDM_E_BAD_VALUE, 0, "marks", "item 1 of the list does not fit");
}

/* Without null_rows = skip a null list is what a null text is. */
static void test_null_list(void **unused) {
    (void)unused;
    table t;
    pdm_error err;
    make_table(&t);
    pdm_state *state = attribution(SET("rows=paths"), LEAD);
    assert_int_equal(feed_table(state, &t, &err), PDM_E_NULL_VALUE);
    assert_int_equal(err.row, 1);
    assert_string_equal(err.column, "path");
    pdm_state_free(state);
    state = paths_state();
    assert_int_equal(feed_table(state, &t, &err), PDM_OK);
    EXPECT_STATE(state, "totals", "rows rows_skipped conversions", "4 1 8");
}

#define LONG 65536

static void test_long_list(void **unused) {
    (void)unused;
    pdm_error err;
    int32_t *offsets = calloc(LONG + 1, sizeof *offsets);
    char *bytes = calloc(LONG, 1);
    if (offsets == NULL || bytes == NULL) fail();
    memset(bytes, 'A', LONG);
    for (int32_t i = 0; i <= LONG; i++) offsets[i] = i;
    const pdm_column items = pdm_column_utf8("path", offsets, bytes);
    for (int32_t length = LONG - 1; length <= LONG; length++) {
        const int32_t lists[] = {0, length};
        pdm_column columns[] = {pdm_column_list("path", lists, &items, LONG), pdm_column_int64("conversions", value)};
        pdm_batch batch = pdm_batch_make(columns, 2, 1);
        pdm_state *state = attribution(SET("rows=paths"), SET("models: model=linear"));
        assert_int_equal(pdm_state_update(state, &batch, &err), length < LONG ? PDM_OK : PDM_E_LIMIT);
        if (length == LONG) assert_int_equal(err.row, 0);
        pdm_state_free(state);
    }
    free(offsets);
    free(bytes);
}

/* Of all columns of all metrics only these take lists, and only of what can be read. */
static void test_registry(void **unused) {
    (void)unused;
    int32_t found = 0;
    for (int32_t m = 0; m < pdm_metric_count(); m++) {
        const pdm_metric *metric = pdm_metric_at(m);
        for (int32_t c = 0; c < metric->column_count; c++) {
            int32_t items = metric->columns[c].items;
            found += items != 0;
            assert_true(items == 0 || items == PDM_ROLE_TEXT || items == PDM_ROLE_INTEGER);
            assert_true(items == 0 || metric->columns[c].role == PDM_ROLE_TEXT);
        }
        for (int32_t l = 0; l < metric->list_count; l++) {
            for (int32_t c = 0; c < metric->lists[l].column_count; c++)
                assert_int_equal(metric->lists[l].columns[c].items, 0);
        }
    }
    assert_int_equal(found, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_text), cmocka_unit_test(test_one_of_each), cmocka_unit_test(test_item_types),
        cmocka_unit_test(test_windows),      cmocka_unit_test(test_tokens),      cmocka_unit_test(test_bad_offsets),
        cmocka_unit_test(test_bad_columns),  cmocka_unit_test(test_bad_items),   cmocka_unit_test(test_bad_marks),
        cmocka_unit_test(test_null_list),    cmocka_unit_test(test_long_list),   cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
