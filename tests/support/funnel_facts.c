#include "funnel_facts.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const pdm__field unit_fields[] = {{.name = "rows", .merge = PDM__SUM_COUNT}};

static void count_rows(const pdm__step_args *args) {
    for (size_t i = 0; i < args->count; i++) args->units[i][0]++;
}

static void add_key(pdm__store *store, const uint64_t *words) {
    const uint64_t *columns[4] = {&words[0], &words[1], &words[2], &words[3]};
    pdm__scatter scatter = {.store = store, .buckets = &store->pending[0], .copy_text = true};
    assert_int_equal(pdm__scatter_records(&scatter, columns, 1, NULL), PDM_OK);
}

void funnel_no_units(funnel_bench *b, int32_t kind) {
    pdm__schema schema;
    memset(&schema, 0, sizeof schema);
    schema.levels[0] =
        (pdm__level){.name = "units", .fields = unit_fields, .field_count = 1, .repeat = 1, .key_kind = kind};
    schema.level_count = 1;
    schema.own_words = 1;
    schema.step = count_rows;
    assert_int_equal(pdm__store_init(&b->store, b->context, &schema, NULL), PDM_OK);
    assert_int_equal(pdm__store_need_buckets(&b->store, 1, NULL), PDM_OK);
}

funnel_bench *funnel_bench_new(pdm_context *context, int32_t k) {
    funnel_bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->context = context;
    pdm__run_begin(&b->run, context, -1);
    b->options = pdm_funnel_options_default();
    b->options.conf_level = 0.95;
    b->options.histogram_from = 1;
    b->options.trend_from = 1;
    b->options.bin_unit = 1000000;
    b->options.time_from = PDM_ZERO_INT64;
    b->options.time_to = PDM_ZERO_INT64;
    b->calendar = pdm_calendar_fixed(0);
    b->plan.options = &b->options;
    b->plan.rules.steps = k;
    b->plan.rules.window = 1000;
    b->plan.rules.calendar = &b->calendar;
    for (int32_t i = 0; i < k; i++) (void)snprintf(b->plan.names[i], sizeof b->plan.names[i], "%c", 'a' + i);
    b->view.store = &b->store;
    b->facts = (pdm__funnel_facts){
        .view = &b->view, .plan = &b->plan, .run = &b->run, .as_of = 1200, .group_count = 1, .logs = b->logs};
    return b;
}

static void find_units(funnel_bench *b, int32_t kind, const pdm__key *keys, int32_t count) {
    assert_int_equal(pdm__store_fold(&b->store, &b->run, NULL), PDM_OK);
    for (int32_t i = 0; i < count; i++) {
        pdm__key key = keys[i];
        pdm__key_hash(&key, pdm__key_is_bytes(kind), b->store.schema.seed);
        uint32_t p = (uint32_t)pdm__partition_of(key.hash);
        b->refs[i] = (pdm__entry_ref){p, pdm__keymap_find(&b->store.partitions[p].levels[0], &key)};
        assert_true(b->refs[i].id != PDM__NO_ID);
    }
    b->units = count;
}

void funnel_add_units(funnel_bench *b, int32_t kind, const int64_t *keys, int32_t count) {
    pdm__key found[FUNNEL_MOST_UNITS];
    funnel_no_units(b, kind);
    for (int32_t i = 0; i < count; i++) {
        uint64_t words[4] = {(uint64_t)keys[i]};
        add_key(&b->store, words);
        found[i] = (pdm__key){.word = (uint64_t)keys[i]};
    }
    find_units(b, kind, found, count);
}

void funnel_add_texts(funnel_bench *b, const char *const *keys, int32_t count) {
    pdm__key found[FUNNEL_MOST_UNITS];
    funnel_no_units(b, PDM__KEY_TEXT);
    for (int32_t i = 0; i < count; i++) {
        uint64_t words[4] = {0, (uint64_t)(uintptr_t)keys[i], strlen(keys[i])};
        add_key(&b->store, words);
        found[i] = (pdm__key){.bytes = (const uint8_t *)keys[i], .length = (uint32_t)strlen(keys[i])};
    }
    find_units(b, PDM__KEY_TEXT, found, count);
}

pdm__funnel_seen funnel_attempt(int32_t level, const int64_t *times, int64_t limit) {
    return (pdm__funnel_seen){.level = level,
                              .filled = level == 0 ? 0 : UINT32_MAX >> (32 - level),
                              .group = -1,
                              .facet = -1,
                              .number = 1,
                              .limit = limit,
                              .times = times};
}

void funnel_put(funnel_bench *b, int32_t unit, pdm__funnel_seen seen) {
    pdm__entry_ref ref = b->refs[unit];
    seen.unit = ref.id;
    assert_int_equal(pdm__funnel_log_put(b->context, &b->logs[ref.partition], &seen, NULL), PDM_OK);
}

pdm_status funnel_make(funnel_bench *b, pdm_error *err) {
    assert_int_equal(pdm__result_new(b->context, &b->result, NULL), PDM_OK);
    return pdm__funnel_tables(&b->facts, b->result, err);
}

const pdm_table *funnel_table(funnel_bench *b, const char *name) {
    if (b->result == NULL) {
        pdm_error err;
        if (funnel_make(b, &err) != PDM_OK) fail_msg("%s", err.message);
    }
    return pdm_result_table(b->result, name);
}

void funnel_again(funnel_bench *b) {
    pdm_result_free(b->result);
    b->result = NULL;
}

void funnel_bench_free(funnel_bench *b) {
    pdm_result_free(b->result);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) pdm__funnel_log_clear(b->context, &b->logs[p]);
    if (b->store.ready) pdm__store_clear(&b->store);
    pdm_context_free(b->context);
    free(b);
}

/* ------------------------------------------------------------------------------------------------------------ cells */

static void print_cell(const pdm_table *table, int32_t column, int64_t row, char *out, size_t size) {
    const char *name = pdm_table_column_name(table, column);
    size_t length = 0;
    if (pdm_table_is_null(table, name, row)) {
        (void)snprintf(out, size, "-");
        return;
    }
    switch (pdm_table_column_type(table, column)) {
    case PDM_TYPE_INT32: (void)snprintf(out, size, "%" PRId32, pdm_table_i32(table, name)[row]); break;
    case PDM_TYPE_FLOAT64: (void)snprintf(out, size, "%.13g", pdm_table_f64(table, name)[row]); break;
    case PDM_TYPE_BOOL: (void)snprintf(out, size, "%s", pdm_table_bool(table, name)[row] ? "yes" : "no"); break;
    case PDM_TYPE_UINT64: (void)snprintf(out, size, "%" PRIu64, (uint64_t)pdm_table_i64(table, name)[row]); break;
    case PDM_TYPE_LARGE_UTF8: {
        const char *text = pdm_table_utf8(table, name, row, &length);
        (void)snprintf(out, size, "'%.*s'", (int)length, text);
        break;
    }
    default: (void)snprintf(out, size, "%" PRId64, pdm_table_i64(table, name)[row]); break;
    }
}

/* A row as text: cells with spaces between, - = null, texts in quotes. */
static void print_row(const pdm_table *table, int64_t row, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (int32_t c = 0; c < pdm_table_column_count(table); c++) {
        char cell[128];
        print_cell(table, c, row, cell, sizeof cell);
        used += (size_t)snprintf(out + used, size - used, "%s%s", c == 0 ? "" : " ", cell);
        assert_true(used < size);
    }
}

void funnel_expect(const pdm_table *table, const char *const *rows, int64_t count) {
    char line[4096];
    assert_non_null(table);
    for (int64_t row = 0; row < pdm_table_rows(table) && row < count; row++) {
        print_row(table, row, line, sizeof line);
        if (strcmp(line, rows[row]) != 0) {
            fail_msg("%s, row %d\nexpected %s\ngot      %s", pdm_table_name(table), (int)row, rows[row], line);
        }
    }
    assert_int_equal(pdm_table_rows(table), count);
}
