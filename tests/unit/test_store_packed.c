/* Records that are packed into two words: the same store as unpacked ones give, taken back and failing in between. */
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

static const pdm__field packed_fields[] = {{.name = "events", .merge = PDM__SUM_COUNT},
                                           {.name = "first", .merge = PDM__MIN, .identity = INT64_MAX},
                                           {.name = "satisfies", .merge = PDM__OR}};
static const pdm__field packed_words[] = {{.name = "time", .merge = PDM__FREE},
                                          {.name = "satisfies", .merge = PDM__FREE}};

/* Own words: time and what it satisfies. Ids are there only if a journal needs them. */
static void step_packed(const pdm__step_args *args) {
    pdm__journal *events = &args->partition->journals[0];
    for (size_t i = 0; i < args->count; i++) {
        const uint64_t *own = args->records + i * (size_t)args->schema->record_words + args->schema->own_at;
        int64_t *words = args->units[i];
        words[0] += 1;
        words[1] = (int64_t)own[0] < words[1] ? (int64_t)own[0] : words[1];
        words[2] |= (int64_t)own[1];
        if (args->schema->journal_count == 0) continue;
        int64_t *tuple = events->words + 3 * events->count++;
        tuple[0] = args->ids[i];
        tuple[1] = (int64_t)own[0];
        tuple[2] = (int64_t)own[1];
    }
}

static uint64_t code_words[256];

static pdm__schema packed_schema(int32_t kind, bool packed, bool journal) {
    pdm__schema schema;
    memset(&schema, 0, sizeof schema);
    schema.levels[0] =
        (pdm__level){.name = "units", .fields = packed_fields, .field_count = 3, .repeat = 1, .key_kind = kind};
    schema.journals[0] = (pdm__journal_info){.name = "events", .words = packed_words, .word_count = 2, .level = 0};
    schema.level_count = 1;
    schema.journal_count = journal ? 1 : 0;
    schema.own_words = 2;
    schema.codes = packed ? code_words : NULL;
    schema.step = step_packed;
    return schema;
}

/* Units at both ends of int64, extreme times, every code. */
static void packed_record(int64_t n, uint64_t *key, uint64_t *time, uint64_t *code) {
    uint64_t x = ((uint64_t)n + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    *key = x >> 40 & 511;
    if (*key % 3 == 1) *key = (uint64_t)INT64_MIN + *key;
    if (*key % 3 == 2) *key = ~*key;
    *time = n % 97 == 0 ? (uint64_t)INT64_MAX : n % 89 == 0 ? (uint64_t)INT64_MIN : x >> 11;
    *code = x & 255;
}

static void scatter_packed(pdm__store *store, int32_t bucket, int64_t first, int64_t count) {
    pdm__scatter scatter = {.store = store, .buckets = &store->pending[bucket], .copy_text = true};
    static uint64_t keys[256];
    static uint64_t times[256];
    static uint64_t codes[256];
    const uint64_t *columns[3] = {keys, times, codes};
    for (int64_t n = first; n < first + count;) {
        size_t rows = 0;
        for (; rows < 256 && n < first + count; rows++, n++) {
            packed_record(n, &keys[rows], &times[rows], &codes[rows]);
            if (!store->schema.packed) codes[rows] = code_words[codes[rows]];
        }
        assert_int_equal(pdm__scatter_records(&scatter, columns, rows, NULL), PDM_OK);
    }
}

typedef struct event {
    int64_t words[3];
} event;

static int by_words(const void *a, const void *b) {
    const event *x = a;
    const event *y = b;
    for (int32_t i = 0; i < 3; i++) {
        if (x->words[i] != y->words[i]) return x->words[i] < y->words[i] ? -1 : 1;
    }
    return 0;
}

/* Journal tuples with the key instead of the id, sorted. */
static event *events_of(const pdm__store *store, size_t *count) {
    *count = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) *count += store->partitions[p].journals[0].count;
    event *events = calloc(*count + 1, sizeof *events);
    assert_non_null(events);
    size_t n = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__journal *journal = &store->partitions[p].journals[0];
        for (size_t i = 0; i < journal->count; i++, n++) {
            pdm__key key = pdm__keymap_key(&store->partitions[p].levels[0], (uint32_t)journal->words[3 * i]);
            events[n] = (event){{(int64_t)key.word, journal->words[3 * i + 1], journal->words[3 * i + 2]}};
        }
    }
    qsort(events, n, sizeof *events, by_words);
    return events;
}

static void expect_same_stores(const pdm__store *a, const pdm__store *b, pdm__run *run) {
    size_t units = pdm__store_count(a, 0);
    assert_int_equal(pdm__store_count(b, 0), units);
    pdm__entry_ref *x = calloc(units + 1, sizeof *x);
    pdm__entry_ref *y = calloc(units + 1, sizeof *y);
    assert_true(x != NULL && y != NULL);
    assert_int_equal(pdm__store_order(a, run, 0, x, NULL), PDM_OK);
    assert_int_equal(pdm__store_order(b, run, 0, y, NULL), PDM_OK);
    for (size_t i = 0; i < units; i++) {
        assert_int_equal(x[i].partition, y[i].partition);
        assert_int_equal(pdm__store_key(a, 0, x[i]).word, pdm__store_key(b, 0, y[i]).word);
        assert_memory_equal(pdm__store_words(a, 0, x[i]), pdm__store_words(b, 0, y[i]), 3 * sizeof(int64_t));
    }
    free(x);
    free(y);
    if (a->schema.journal_count == 0) return;
    size_t n = 0;
    size_t m = 0;
    event *p = events_of(a, &n);
    event *q = events_of(b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(p, q, n * sizeof *p);
    free(p);
    free(q);
}

static void begin_packed(pdm__store *store, pdm_context *context, int32_t kind, bool packed, bool journal) {
    pdm__schema schema = packed_schema(kind, packed, journal);
    assert_int_equal(pdm__store_init(store, context, &schema, NULL), PDM_OK);
    assert_int_equal(store->schema.packed, packed);
    assert_int_equal(store->schema.bucket_words, packed ? 2 : store->schema.record_words);
    assert_int_equal(pdm__store_need_buckets(store, 2, NULL), PDM_OK);
}

/* Packed or not, with records taken back in between: the same store. */
static void test_packed(void **unused) {
    (void)unused;
    for (uint64_t i = 0; i < 256; i++) code_words[i] = i * i * UINT64_C(0x10001);
    static const int32_t kinds[] = {PDM__KEY_INT, PDM__KEY_UINT};
    pdm_context *contexts[] = {context_threads(1), context_threads(3), context_seed(UINT64_MAX)};
    for (int32_t turn = 0; turn < 12; turn++) {
        pdm_context *context = contexts[turn % 3];
        pdm__store packed;
        pdm__store plain;
        pdm__run run;
        pdm__run_begin(&run, context, 0);
        begin_packed(&packed, context, kinds[turn / 6], true, turn / 3 % 2 == 1);
        begin_packed(&plain, context, kinds[turn / 6], false, turn / 3 % 2 == 1);
        int64_t kept = 0;
        static const int64_t steps[] = {1, 63, 64, 5000, 300, 20000};
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            pdm__bucket_mark mark;
            pdm__buckets_mark(&packed.pending[0], &mark);
            scatter_packed(&packed, 0, 777777, 17 + 1900 * (int64_t)s);
            pdm__buckets_rollback(&packed.pending[0], &mark);
            scatter_packed(&packed, 0, kept, steps[s]);
            scatter_packed(&packed, 1, kept + steps[s], 7);
            scatter_packed(&plain, 0, kept, steps[s] + 7);
            kept += steps[s] + 7;
            if (s % 2 == 0) continue;
            assert_int_equal(pdm__store_fold(&packed, &run, NULL), PDM_OK);
            assert_int_equal(pdm__store_fold(&plain, &run, NULL), PDM_OK);
            assert_int_equal(pdm__store_pending(&packed), 0);
            expect_same_stores(&packed, &plain, &run);
        }
        pdm__store_clear(&packed);
        pdm__store_clear(&plain);
        uint64_t held = 1;
        pdm_context_memory(context, &held, NULL);
        assert_int_equal(held, 0);
    }
    for (size_t i = 0; i < 3; i++) pdm_context_free(contexts[i]);
}

/* A packed record's first word tells the key. */
static void test_packed_keys(void **unused) {
    (void)unused;
    pdm_context *context = context_seed(99);
    pdm__store store;
    begin_packed(&store, context, PDM__KEY_INT, true, true);
    uint64_t key = 0;
    uint64_t time = 0;
    uint64_t code = 0;
    for (int64_t n = 0; n < 1000; n++) {
        packed_record(n, &key, &time, &code);
        uint64_t hash = pdm__hash_word(key, 0, store.schema.seed);
        uint64_t word = hash << PDM__PARTITION_BITS | code;
        assert_true(pdm__packed_key(&store.schema, pdm__partition_of(hash), word) == key);
    }
    pdm__store_clear(&store);
    pdm_context_free(context);
    /* Texts are never packed. */
    context = context_threads(1);
    pdm__schema schema = packed_schema(PDM__KEY_TEXT, true, true);
    assert_int_equal(pdm__store_init(&store, context, &schema, NULL), PDM_OK);
    assert_false(store.schema.packed);
    pdm__store_clear(&store);
    pdm_context_free(context);
}

/* Memory fails while packed records are folded: none is lost, none counts twice. */
static void test_packed_fold_fails(void **unused) {
    (void)unused;
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    pdm__store packed;
    pdm__store plain;
    pdm__run run;
    pdm__run_begin(&run, context, 0);
    begin_packed(&packed, context, PDM__KEY_INT, true, true);
    begin_packed(&plain, context, PDM__KEY_INT, false, true);
    scatter_packed(&packed, 0, 0, 9000);
    scatter_packed(&plain, 0, 0, 9000);
    assert_int_equal(pdm__store_fold(&plain, &run, NULL), PDM_OK);
    pdm_status status = PDM_E_NOMEM;
    int64_t failures = 0;
    for (int64_t n = 1; status != PDM_OK; n += 7, failures++) {
        memory.fail_at = memory.calls + n;
        memory.from_there_on = true;
        status = pdm__store_fold(&packed, &run, NULL);
        assert_true(status == PDM_OK || (status == PDM_E_NOMEM && pdm__store_pending(&packed) > 0));
    }
    memory.fail_at = 0;
    assert_true(failures > 10);
    expect_same_stores(&packed, &plain, &run);
    pdm__store_clear(&packed);
    pdm__store_clear(&plain);
    pdm_context_free(context);
    assert_int_equal(memory.outstanding, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_packed_keys),
        cmocka_unit_test(test_packed_fold_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
