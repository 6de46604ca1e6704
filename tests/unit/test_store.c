/*
 * The store against plain sums: a schema that uses everything (two levels, every way to combine, journal, counters), integer and text
 * keys, one and several threads; taking back, failing, merging, order.
 */
#include "contexts.h"
#include "core/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNITS 700
#define PARTS 5 /* of a unit; the last one stands for "none" */
#define TEXT 24

static const pdm__field unit_fields[] = {{.name = "count", .merge = PDM__SUM_COUNT},
                                         {.name = "money", .merge = PDM__SUM_MONEY},
                                         {.name = "least", .merge = PDM__MIN, .identity = INT64_MAX},
                                         {.name = "most", .merge = PDM__MAX, .identity = INT64_MIN},
                                         {.name = "bits", .merge = PDM__OR}};
static const pdm__field part_fields[] = {{.name = "count", .merge = PDM__SUM_COUNT}};
static const pdm__field note_words[] = {{.name = "value", .merge = PDM__FREE}};

/* own words: value. Even values are noted in the journal, rows without a part are counted. */
static void step(const pdm__step_args *args) {
    pdm__journal *notes = &args->partition->journals[0];
    for (size_t i = 0; i < args->count; i++) {
        const uint64_t *own = args->records + i * (size_t)args->schema->record_words + args->schema->own_at;
        int64_t value = (int64_t)own[0];
        int64_t *words = args->units[i];
        words[0] += 1;
        words[1] += value;
        words[2] = value < words[2] ? value : words[2];
        words[3] = value > words[3] ? value : words[3];
        words[4] |= INT64_C(1) << (value & 31);
        if (args->parts[i] == PDM__NO_ID) {
            args->partition->counters[0] += 1;
            continue;
        }
        pdm__keymap_words(&args->partition->levels[1], args->parts[i])[0] += 1;
        if (value % 2 != 0) continue;
        notes->words[2 * notes->count] = args->parts[i];
        notes->words[2 * notes->count + 1] = value;
        notes->count++;
    }
}

static pdm__schema schema_of(int32_t kind) {
    pdm__schema schema;
    memset(&schema, 0, sizeof schema);
    schema.levels[0] =
        (pdm__level){.name = "units", .fields = unit_fields, .field_count = 5, .repeat = 1, .key_kind = kind};
    schema.levels[1] =
        (pdm__level){.name = "parts", .fields = part_fields, .field_count = 1, .repeat = 1, .key_kind = kind};
    schema.journals[0] = (pdm__journal_info){.name = "notes", .words = note_words, .word_count = 1, .level = 1};
    schema.level_count = 2;
    schema.journal_count = 1;
    schema.counter_count = 1;
    schema.own_words = 1;
    schema.step = step;
    return schema;
}

/* What the store should hold. */
typedef struct model {
    int64_t words[UNITS][5];
    int64_t parts[UNITS][PARTS];
    int64_t notes;
    int64_t note_sum;
    int64_t without_part;
} model;

static char texts[UNITS + PARTS][TEXT];

static void begin_model(model *m) {
    memset(m, 0, sizeof *m);
    for (int64_t u = 0; u < UNITS; u++) {
        m->words[u][2] = INT64_MAX;
        m->words[u][3] = INT64_MIN;
        (void)snprintf(texts[u], TEXT, "unit-%05d", (int)u);
        if (u == 3) texts[u][0] = '\0';
    }
    for (int64_t p = 0; p < PARTS; p++) (void)snprintf(texts[UNITS + p], TEXT, "p%d", (int)p);
}

typedef struct row {
    int64_t unit;
    int64_t part;
    int64_t value;
} row;

static row nth_row(int64_t n) {
    uint64_t x = ((uint64_t)n + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return (row){(int64_t)(x >> 40) % UNITS, (int64_t)(x >> 20 & 0xFFFF) % PARTS, (int64_t)(x & 0x3FF) - 300};
}

static void note_row(model *m, row r) {
    int64_t *words = m->words[r.unit];
    words[0] += 1;
    words[1] += r.value;
    words[2] = r.value < words[2] ? r.value : words[2];
    words[3] = r.value > words[3] ? r.value : words[3];
    words[4] |= INT64_C(1) << (r.value & 31);
    if (r.part == PARTS - 1) {
        m->without_part += 1;
        return;
    }
    m->parts[r.unit][r.part] += 1;
    if (r.value % 2 != 0) return;
    m->notes += 1;
    m->note_sum += r.value;
}

/* Integer keys: unit n is n − 350, so that signs matter. */
#define SHIFT 350

static pdm_status scatter_rows(pdm__store *store, int32_t bucket, int64_t first, int64_t count, bool copy) {
    bool text = store->schema.levels[0].key_kind == PDM__KEY_TEXT;
    pdm__scatter scatter = {.store = store, .buckets = &store->pending[bucket], .copy_text = copy};
    for (int64_t n = first; n < first + count; n++) {
        row r = nth_row(n);
        uint64_t words[8];
        const uint64_t *columns[8];
        char unit[TEXT];
        memcpy(unit, texts[r.unit], TEXT); /* goes away: copies must have been made */
        int32_t at = 0;
        if (text) {
            words[at++] = 0;
            words[at++] = (uint64_t)(uintptr_t)(copy ? unit : texts[r.unit]);
            words[at++] = strlen(unit);
        } else {
            words[at++] = (uint64_t)(r.unit - SHIFT);
        }
        words[at++] = r.part < PARTS - 1;
        words[at++] = text ? (uint64_t)(uintptr_t)texts[UNITS + r.part] : (uint64_t)r.part;
        if (text) words[at++] = strlen(texts[UNITS + r.part]);
        words[at++] = (uint64_t)r.value;
        assert_int_equal(at, store->schema.record_words);
        for (int32_t w = 0; w < at; w++) columns[w] = &words[w];
        pdm_status status = pdm__scatter_records(&scatter, columns, 1, NULL);
        if (status != PDM_OK) return status;
    }
    return PDM_OK;
}

static int64_t unit_of(const pdm__store *store, pdm__key key) {
    if (store->schema.levels[0].key_kind != PDM__KEY_TEXT) return (int64_t)key.word + SHIFT;
    int64_t number = key.length == 0 ? 3 : 0;
    for (uint32_t i = 5; i < key.length; i++) number = number * 10 + (key.bytes[i] - '0');
    return number;
}

static int64_t part_of(const pdm__store *store, pdm__key key) {
    return store->schema.levels[0].key_kind == PDM__KEY_TEXT ? key.bytes[1] - '0' : (int64_t)key.word;
}

static void check_journals(const pdm__store *store, const model *m) {
    int64_t notes = 0;
    int64_t sum = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__journal *journal = &store->partitions[p].journals[0];
        for (size_t i = 0; i < journal->count; i++) {
            assert_true(journal->words[2 * i] >= 0 && journal->words[2 * i] < store->partitions[p].levels[1].count);
            sum += journal->words[2 * i + 1];
        }
        notes += (int64_t)journal->count;
    }
    assert_int_equal(notes, m->notes);
    assert_int_equal(sum, m->note_sum);
    assert_int_equal(pdm__store_counter(store, 0), m->without_part);
}

/* Everything is there, in canonical order, and nothing else is. */
static void check_store(const pdm__store *store, pdm__run *run, const model *m) {
    size_t units = pdm__store_count(store, 0);
    size_t parts = pdm__store_count(store, 1);
    size_t room = parts > units ? parts : units;
    pdm__entry_ref *order = calloc(room + 1, sizeof *order);
    assert_non_null(order);
    assert_int_equal(pdm__store_pending(store), 0);
    assert_int_equal(pdm__store_order(store, run, 0, order, NULL), PDM_OK);
    size_t expected = 0;
    bool text = store->schema.levels[0].key_kind == PDM__KEY_TEXT;
    /* The empty text comes first. */
    for (int64_t n = 0; n < UNITS; n++) {
        int64_t u = !text ? n : n == 0 ? 3 : n <= 3 ? n - 1 : n;
        if (m->words[u][0] == 0) continue;
        assert_true(expected < units);
        assert_int_equal(unit_of(store, pdm__store_key(store, 0, order[expected])), u);
        assert_memory_equal(pdm__store_words(store, 0, order[expected]), m->words[u], sizeof m->words[u]);
        expected++;
    }
    assert_int_equal(expected, units);
    assert_int_equal(pdm__store_order(store, run, 1, order, NULL), PDM_OK);
    expected = 0;
    for (int64_t n = 0; n < UNITS; n++) {
        int64_t u = !text ? n : n == 0 ? 3 : n <= 3 ? n - 1 : n;
        for (int64_t p = 0; p < PARTS - 1; p++) {
            if (m->parts[u][p] == 0) continue;
            assert_true(expected < parts);
            pdm__key key = pdm__store_key(store, 1, order[expected]);
            pdm__entry_ref unit = {order[expected].partition, key.scope};
            assert_int_equal(unit_of(store, pdm__store_key(store, 0, unit)), u);
            assert_int_equal(part_of(store, key), p);
            assert_int_equal(pdm__store_words(store, 1, order[expected])[0], m->parts[u][p]);
            expected++;
        }
    }
    assert_int_equal(expected, parts);
    check_journals(store, m);
    free(order);
}

static void walk(int32_t kind, pdm_context *context) {
    model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    begin_model(m);
    pdm__schema schema = schema_of(kind);
    pdm__store store;
    pdm__run run;
    pdm__run_begin(&run, context, 0);
    assert_int_equal(pdm__store_init(&store, context, &schema, NULL), PDM_OK);
    check_store(&store, &run, m);
    assert_int_equal(pdm__store_need_buckets(&store, 2, NULL), PDM_OK);
    for (int64_t round = 0; round < 4; round++) {
        assert_int_equal(scatter_rows(&store, 0, round * 9000, 5000, true), PDM_OK);
        assert_int_equal(scatter_rows(&store, 1, round * 9000 + 5000, 4000, round % 2 == 0), PDM_OK);
        assert_int_equal(pdm__store_pending(&store), 9000);
        assert_int_equal(pdm__store_fold(&store, &run, NULL), PDM_OK);
        for (int64_t n = round * 9000; n < (round + 1) * 9000; n++) note_row(m, nth_row(n));
        check_store(&store, &run, m);
        pdm__store_trim_buckets(&store, round % 2 == 0 ? 100 : 100000);
    }
    assert_true(pdm__store_memory(&store) > sizeof m->words);
    pdm__store_clear(&store);
    pdm__store_clear(&store);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    assert_int_equal(held, 0);
    free(m);
}

static void test_folding(void **unused) {
    (void)unused;
    pdm_context *contexts[] = {context_threads(1), context_threads(3), context_seed(12345), context_backwards(2)};
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++) {
        walk(PDM__KEY_INT, contexts[i]);
        walk(PDM__KEY_TEXT, contexts[i]);
        pdm_context_free(contexts[i]);
    }
}

/* Records scattered after a mark go away without a trace, wherever the mark fell in a bucket. */
static void test_rollback(void **unused) {
    (void)unused;
    static const int32_t kinds[] = {PDM__KEY_INT, PDM__KEY_TEXT};
    for (size_t k = 0; k < 2; k++) {
        pdm_context *context = context_threads(1);
        model *m = calloc(1, sizeof *m);
        assert_non_null(m);
        begin_model(m);
        pdm__schema schema = schema_of(kinds[k]);
        pdm__store store;
        pdm__run run;
        pdm__run_begin(&run, context, 0);
        assert_int_equal(pdm__store_init(&store, context, &schema, NULL), PDM_OK);
        assert_int_equal(pdm__store_need_buckets(&store, 1, NULL), PDM_OK);
        int64_t kept = 0;
        static const int64_t steps[] = {0, 1, 63, 64, 700, 20000, 3};
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            pdm__bucket_mark mark;
            pdm__buckets_mark(&store.pending[0], &mark);
            assert_int_equal(scatter_rows(&store, 0, 500000, 30 + 900 * (int64_t)s, true), PDM_OK);
            pdm__buckets_rollback(&store.pending[0], &mark);
            assert_int_equal(pdm__store_pending(&store), kept);
            assert_int_equal(scatter_rows(&store, 0, kept, steps[s], true), PDM_OK);
            for (int64_t n = kept; n < kept + steps[s]; n++) note_row(m, nth_row(n));
            kept += steps[s];
        }
        assert_int_equal(pdm__store_fold(&store, &run, NULL), PDM_OK);
        check_store(&store, &run, m);
        pdm__store_clear(&store);
        pdm_context_free(context);
        free(m);
    }
}

/* Memory fails while folding: what is not folded stays, nothing counts twice. */
static void test_fold_fails(void **unused) {
    (void)unused;
    static const int32_t kinds[] = {PDM__KEY_INT, PDM__KEY_TEXT};
    for (size_t k = 0; k < 2; k++) {
        failing_memory memory = {0};
        pdm_context *context = context_failing(&memory, pdm_context_options_default());
        model *m = calloc(1, sizeof *m);
        assert_non_null(m);
        begin_model(m);
        pdm__schema schema = schema_of(kinds[k]);
        pdm__store store;
        pdm__run run;
        pdm__run_begin(&run, context, 0);
        assert_int_equal(pdm__store_init(&store, context, &schema, NULL), PDM_OK);
        assert_int_equal(pdm__store_need_buckets(&store, 1, NULL), PDM_OK);
        assert_int_equal(scatter_rows(&store, 0, 0, 6000, true), PDM_OK);
        for (int64_t n = 0; n < 6000; n++) note_row(m, nth_row(n));
        int64_t failures = 0;
        pdm_status status = PDM_E_NOMEM;
        for (int64_t n = 1; status != PDM_OK; n += 7) {
            memory.fail_at = memory.calls + n;
            memory.from_there_on = true;
            status = pdm__store_fold(&store, &run, NULL);
            assert_true(status == PDM_OK || (status == PDM_E_NOMEM && pdm__store_pending(&store) > 0));
            failures += status != PDM_OK;
        }
        memory.fail_at = 0;
        assert_true(failures > 10);
        check_store(&store, &run, m);
        pdm__store_clear(&store);
        pdm_context_free(context);
        assert_int_equal(memory.outstanding, 0);
        free(m);
    }
}

static void fill(pdm__store *store, pdm_context *context, int32_t kind, pdm__run *run, int64_t first, int64_t count) {
    pdm__schema schema = schema_of(kind);
    assert_int_equal(pdm__store_init(store, context, &schema, NULL), PDM_OK);
    assert_int_equal(pdm__store_need_buckets(store, 1, NULL), PDM_OK);
    assert_int_equal(scatter_rows(store, 0, first, count, true), PDM_OK);
    assert_int_equal(pdm__store_fold(store, run, NULL), PDM_OK);
}

static void test_merging(void **unused) {
    (void)unused;
    static const int32_t kinds[] = {PDM__KEY_INT, PDM__KEY_TEXT};
    for (size_t k = 0; k < 2; k++) {
        failing_memory memory = {0};
        pdm_context *context = context_failing(&memory, pdm_context_options_default());
        model *m = calloc(2, sizeof *m);
        assert_non_null(m);
        begin_model(&m[0]);
        begin_model(&m[1]);
        pdm__store a;
        pdm__store b;
        pdm__run run;
        pdm__run_begin(&run, context, 0);
        fill(&a, context, kinds[k], &run, 0, 400);
        fill(&b, context, kinds[k], &run, 400, 5000);
        for (int64_t n = 0; n < 400; n++) note_row(&m[0], nth_row(n));
        m[1] = m[0];
        for (int64_t n = 400; n < 5400; n++) note_row(&m[1], nth_row(n));
        /* Failing somewhere changes nothing. */
        for (int64_t n = 1; n < 1500; n += 61) {
            memory.fail_at = memory.calls + n;
            pdm_status status = pdm__store_merge(&a, &b, &run, NULL);
            memory.fail_at = 0;
            if (status == PDM_OK) break;
            assert_int_equal(status, PDM_E_NOMEM);
            check_store(&a, &run, &m[0]);
        }
        pdm__store_clear(&a);
        fill(&a, context, kinds[k], &run, 0, 400);
        assert_int_equal(pdm__store_merge(&a, &b, &run, NULL), PDM_OK);
        check_store(&a, &run, &m[1]);
        pdm__store_clear(&a);
        pdm__store_clear(&b);
        pdm_context_free(context);
        assert_int_equal(memory.outstanding, 0);
        free(m);
    }
}

/* Keys become known late, and may be unknown again while nothing has come. */
static void test_key_kinds(void **unused) {
    (void)unused;
    pdm_context *context = context_threads(1);
    pdm__schema schema = schema_of(PDM__KEY_NONE);
    pdm__store store;
    pdm__run run;
    pdm__run_begin(&run, context, 0);
    assert_int_equal(pdm__store_init(&store, context, &schema, NULL), PDM_OK);
    for (int32_t l = 0; l < 2; l++) {
        assert_true(pdm__store_set_key_kind(&store, l, PDM__KEY_TEXT));
        pdm__store_reset_key_kind(&store, l, PDM__KEY_NONE);
        assert_int_equal(store.schema.levels[l].key_kind, PDM__KEY_NONE);
        assert_true(pdm__store_set_key_kind(&store, l, PDM__KEY_INT));
        assert_true(pdm__store_set_key_kind(&store, l, PDM__KEY_INT));
        assert_false(pdm__store_set_key_kind(&store, l, PDM__KEY_TEXT));
    }
    assert_int_equal(store.schema.record_words, 4);
    model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    begin_model(m);
    assert_int_equal(pdm__store_need_buckets(&store, 1, NULL), PDM_OK);
    assert_int_equal(scatter_rows(&store, 0, 0, 100, true), PDM_OK);
    pdm__store_reset_key_kind(&store, 0, PDM__KEY_NONE); /* not now: rows wait */
    assert_int_equal(pdm__store_fold(&store, &run, NULL), PDM_OK);
    pdm__store_reset_key_kind(&store, 0, PDM__KEY_NONE); /* nor now: they are in */
    assert_int_equal(store.schema.levels[0].key_kind, PDM__KEY_INT);
    for (int64_t n = 0; n < 100; n++) note_row(m, nth_row(n));
    check_store(&store, &run, m);
    free(m);
    pdm__store_clear(&store);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    assert_int_equal(held, 0);
    pdm_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folding), cmocka_unit_test(test_rollback),  cmocka_unit_test(test_fold_fails),
        cmocka_unit_test(test_merging), cmocka_unit_test(test_key_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
