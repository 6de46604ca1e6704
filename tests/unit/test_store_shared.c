/*
 * A shared level: labels that tuples of units refer to. Bytes depend on the tuples alone, not on seeds, threads, order, splits or what was
 * taken back; bytes that no store would write are refused.
 */
#include "contexts.h"
#include "core/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNITS 500
#define LABELS 90 /* more than the fold remembers */
#define TEXT 16

static const pdm__field note_words[] = {{.name = "time", .merge = PDM__FREE}};
static char labels[LABELS][TEXT]; /* labels[0] is empty */

/* Own words: a time. A record with a label is a note that refers to it, one without a remark. */
static void step(const pdm__step_args *args) {
    pdm__journal *journals = args->partition->journals;
    for (size_t i = 0; i < args->count; i++) {
        const uint64_t *own = args->records + i * (size_t)args->schema->record_words + args->schema->own_at;
        bool refers = args->parts[i] != PDM__NO_ID;
        pdm__journal *to = &journals[refers ? 0 : 1];
        to->words[2 * to->count] = refers ? pdm__tuple_head(args->ids[i], args->parts[i]) : (int64_t)args->ids[i];
        to->words[2 * to->count + 1] = (int64_t)own[0];
        to->count++;
    }
}

static pdm__schema schema_of(int32_t label_kind) {
    pdm__schema schema;
    memset(&schema, 0, sizeof schema);
    schema.levels[0] = (pdm__level){.name = "units", .repeat = 1, .key_kind = PDM__KEY_INT};
    schema.levels[1] = (pdm__level){.name = "labels", .repeat = 1, .key_kind = label_kind, .shared = true};
    schema.level_count = 2;
    schema.journals[0] =
        (pdm__journal_info){.name = "notes", .words = note_words, .word_count = 1, .level = 0, .refers = true};
    schema.journals[1] = (pdm__journal_info){.name = "remarks", .words = note_words, .word_count = 1, .level = 0};
    schema.journal_count = 2;
    schema.own_words = 1;
    schema.step = step;
    return schema;
}

static void name_labels(void) {
    for (int i = 1; i < LABELS; i++)
        (void)snprintf(labels[i], TEXT, "%slabel-%d", i % 3 == 0 ? "a-" : "", i * 7 % LABELS);
}

typedef struct row {
    int64_t unit;
    int64_t label; /* LABELS = none */
    int64_t time;
} row;

/* Some rows are the same; some labels have few rows. */
static row nth_row(int64_t n) {
    uint64_t x = ((uint64_t)(n % 3500) + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    uint64_t label = (x >> 20 & 0xFFFF) % (x >> 50 == 7 ? LABELS : 12);
    return (row){(int64_t)(x >> 40) % UNITS - 250, n % 17 == 0 ? LABELS : (int64_t)label, (int64_t)(x & 15) - 7};
}

static pdm_status scatter_row(pdm__store *store, row r) {
    pdm__scatter scatter = {.store = store, .buckets = &store->pending[0], .copy_text = true};
    bool text = store->schema.levels[1].key_kind == PDM__KEY_TEXT;
    bool has = r.label < LABELS;
    char label[TEXT] = "";
    if (has) memcpy(label, labels[r.label], TEXT); /* goes away: the store has copied it */
    uint64_t words[8] = {(uint64_t)r.unit, has};
    int32_t at = 2;
    words[at++] = !has ? 0 : text ? (uint64_t)(uintptr_t)label : (uint64_t)(r.label - 5);
    if (text) words[at++] = strlen(label);
    words[at++] = (uint64_t)r.time;
    assert_int_equal(at, store->schema.record_words);
    const uint64_t *columns[8];
    for (int32_t w = 0; w < at; w++) columns[w] = &words[w];
    return pdm__scatter_records(&scatter, columns, 1, NULL);
}

static void begin(pdm__store *store, pdm_context *context, int32_t kind) {
    pdm__schema schema = schema_of(kind);
    assert_int_equal(pdm__store_init(store, context, &schema, NULL), PDM_OK);
    assert_int_equal(pdm__store_need_buckets(store, 1, NULL), PDM_OK);
}

/* Rows first, first + step, … below end, folded now and then. */
static void fill(pdm__store *store, pdm__run *run, int64_t first, int64_t end, int64_t stride) {
    for (int64_t n = first; n < end; n += stride) {
        assert_int_equal(scatter_row(store, nth_row(n)), PDM_OK);
        if (n % 1024 == 5) assert_int_equal(pdm__store_fold(store, run, NULL), PDM_OK);
    }
    assert_int_equal(pdm__store_fold(store, run, NULL), PDM_OK);
}

typedef struct written {
    uint8_t *bytes;
    size_t size;
} written;

static written write_store(const pdm__store *store, pdm__run *run) {
    pdm__images images = {.ready = false};
    pdm__cbor_writer measure = {.buffer = NULL};
    assert_int_equal(pdm__store_encode(store, run, &images, &measure, NULL), PDM_OK);
    written w = {malloc(measure.size), measure.size};
    assert_non_null(w.bytes);
    pdm__cbor_writer writer = {.buffer = w.bytes, .capacity = w.size};
    assert_int_equal(pdm__store_encode(store, run, &images, &writer, NULL), PDM_OK);
    pdm__images_clear(&images);
    assert_int_equal(writer.size, w.size);
    assert_false(writer.overflow);
    return w;
}

/* Compares and frees `got`. */
static void expect_same(written expected, written got) {
    assert_int_equal(expected.size, got.size);
    assert_memory_equal(expected.bytes, got.bytes, got.size);
    free(got.bytes);
}

/* Every label of a partition is referred to there. */
static void expect_tight(const pdm__store *store) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        uint32_t count = partition->levels[1].count;
        uint8_t *seen = calloc((size_t)count + 1, 1);
        assert_non_null(seen);
        for (size_t i = 0; i < partition->journals[0].count; i++) {
            int64_t head = partition->journals[0].words[2 * i];
            assert_true(pdm__tuple_id(head) < partition->levels[0].count && pdm__tuple_part(head) < count);
            seen[pdm__tuple_part(head)] = 1;
        }
        for (uint32_t id = 0; id < count; id++) assert_int_equal(seen[id], 1);
        free(seen);
    }
}

static pdm_status read_store(pdm__store *store, pdm_context *context, pdm__run *run, int32_t kind, written w) {
    pdm__schema schema = schema_of(kind);
    assert_int_equal(pdm__store_init(store, context, &schema, NULL), PDM_OK);
    pdm__cbor_reader reader = {.bytes = w.bytes, .size = w.size, .format = PDM__FORMAT_VERSION};
    return pdm__store_decode(store, run, &reader, 1000000, 0, NULL);
}

#define ROWS 6000
static const int32_t kinds[] = {PDM__KEY_TEXT, PDM__KEY_INT};
#define KINDS (sizeof kinds / sizeof *kinds)

/* Threads, seeds, order, splits, the way through bytes: nothing of it shows. */
static void test_same_bytes(void **unused) {
    (void)unused;
    for (size_t k = 0; k < KINDS; k++) {
        written first = {NULL, 0};
        pdm_context *contexts[] = {context_threads(1), context_threads(3), context_seed(12345), context_backwards(2)};
        for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++) {
            pdm__run run;
            pdm__store store;
            pdm__store parts[3];
            pdm__run_begin(&run, contexts[i], 0);
            begin(&store, contexts[i], kinds[k]);
            fill(&store, &run, 0, ROWS, 1);
            expect_tight(&store);
            written whole = write_store(&store, &run);
            pdm__store_clear(&store);
            if (first.bytes == NULL) {
                first = whole;
            } else {
                expect_same(first, whole);
            }
            for (int64_t s = 0; s < 3; s++) {
                begin(&parts[s], contexts[i], kinds[k]);
                fill(&parts[s], &run, s, ROWS, 3);
            }
            /* One of them from bytes. */
            written bytes = write_store(&parts[1], &run);
            pdm__store_clear(&parts[1]);
            assert_int_equal(read_store(&parts[1], contexts[i], &run, kinds[k], bytes), PDM_OK);
            expect_tight(&parts[1]);
            expect_same(bytes, write_store(&parts[1], &run));
            free(bytes.bytes);
            size_t into = i % 3;
            assert_int_equal(pdm__store_merge(&parts[into], &parts[(into + 2) % 3], &run, NULL), PDM_OK);
            assert_int_equal(pdm__store_merge(&parts[into], &parts[(into + 1) % 3], &run, NULL), PDM_OK);
            expect_tight(&parts[into]);
            expect_same(first, write_store(&parts[into], &run));
            for (size_t s = 0; s < 3; s++) pdm__store_clear(&parts[s]);
            uint64_t held = 1;
            pdm_context_memory(contexts[i], &held, NULL);
            assert_int_equal(held, 0);
            pdm_context_free(contexts[i]);
        }
        free(first.bytes);
    }
}

/* Rows that were taken back, folds and merges that failed: no label of theirs is left. */
static void test_taken_back(void **unused) {
    (void)unused;
    for (size_t k = 0; k < KINDS; k++) {
        failing_memory memory = {0};
        pdm_context *context = context_failing(&memory, pdm_context_options_default());
        pdm__run run;
        pdm__store plain;
        pdm__store store;
        pdm__store other;
        pdm__bucket_mark mark;
        pdm__run_begin(&run, context, 0);
        begin(&plain, context, kinds[k]);
        fill(&plain, &run, 0, 50, 1);
        written few = write_store(&plain, &run);
        fill(&plain, &run, 50, ROWS, 1);
        written all = write_store(&plain, &run);
        pdm__store_clear(&plain);

        begin(&store, context, kinds[k]);
        for (int64_t n = 0; n < 50; n++) assert_int_equal(scatter_row(&store, nth_row(n)), PDM_OK);
        pdm__buckets_mark(&store.pending[0], &mark);
        for (int64_t n = 50; n < 900; n++) assert_int_equal(scatter_row(&store, nth_row(n)), PDM_OK);
        pdm__buckets_rollback(&store.pending[0], &mark);
        assert_int_equal(pdm__store_fold(&store, &run, NULL), PDM_OK);
        expect_same(few, write_store(&store, &run));

        begin(&other, context, kinds[k]);
        for (int64_t n = 50; n < ROWS; n++) assert_int_equal(scatter_row(&other, nth_row(n)), PDM_OK);
        int64_t failures = 0;
        pdm_status status = PDM_E_NOMEM;
        for (int64_t n = 1; status != PDM_OK; n += 11) {
            memory.fail_at = memory.calls + n;
            memory.from_there_on = true;
            status = pdm__store_fold(&other, &run, NULL);
            memory.fail_at = 0;
            expect_tight(&other);
            failures += status != PDM_OK;
        }
        assert_true(failures > 10);
        failures = 0;
        memory.from_there_on = false;
        status = PDM_E_NOMEM;
        for (int64_t n = 1; status != PDM_OK; n += 37) {
            memory.fail_at = memory.calls + n;
            status = pdm__store_merge(&store, &other, &run, NULL);
            memory.fail_at = 0;
            if (status != PDM_OK) expect_same(few, write_store(&store, &run));
            failures += status != PDM_OK;
        }
        assert_true(failures > 10);
        expect_same(all, write_store(&store, &run));
        pdm__store_clear(&other);
        pdm__store_clear(&store);
        free(few.bytes);
        free(all.bytes);
        pdm_context_free(context);
        assert_int_equal(memory.outstanding, 0);
    }
}

/* Tuples that are put in one by one. */
static void test_appending(void **unused) {
    (void)unused;
    pdm_context *context = context_threads(1);
    pdm__run run;
    pdm__store store;
    pdm__store by_hand;
    pdm__run_begin(&run, context, 0);
    begin(&store, context, PDM__KEY_TEXT);
    fill(&store, &run, 0, 2000, 1);
    begin(&by_hand, context, PDM__KEY_TEXT);
    for (int64_t n = 0; n < 2000; n++) {
        row r = nth_row(n);
        pdm__key unit = {.word = (uint64_t)r.unit};
        size_t p = pdm__partition_of(pdm__hash_word(unit.word, 0, by_hand.schema.seed));
        const char *label = r.label < LABELS ? labels[r.label] : "";
        pdm__key part = {.bytes = (const uint8_t *)label, .length = (uint32_t)strlen(label)};
        bool has = r.label < LABELS;
        assert_int_equal(pdm__store_append(&by_hand, p, &unit, has ? &part : NULL, has ? 0 : 1, &r.time, 1, NULL),
                         PDM_OK);
    }
    written expected = write_store(&store, &run);
    expect_same(expected, write_store(&by_hand, &run));
    free(expected.bytes);
    pdm__store_clear(&store);
    pdm__store_clear(&by_hand);
    pdm_context_free(context);
}

/* ---- bytes by hand ---- */

#define MOST 8
typedef struct columns {
    size_t units, labels, tuples;
    int64_t keys[MOST];
    const char *names[MOST];
    uint32_t entries[MOST];
    uint32_t parts[MOST];
    int64_t times[MOST];
    size_t part_count; /* of the column of references */
    bool scoped;       /* a column of units where none belongs */
} columns;

/* Two units, three labels, four notes and no remark. */
static columns good_columns(void) {
    return (columns){.units = 2,
                     .labels = 3,
                     .tuples = 4,
                     .keys = {-4, 9},
                     .names = {"", "mail", "search"},
                     .entries = {0, 0, 0, 1},
                     .parts = {2, 0, 2, 1},
                     .times = {10, 20, 20, 5},
                     .part_count = 4};
}

static void put_u32(pdm__cbor_writer *w, const uint32_t *values, size_t count) {
    uint8_t *to = pdm__cbor_typed_array(w, PDM__CBOR_U32, count);
    if (to != NULL) memcpy(to, values, count * sizeof *values);
}

static void put_i64(pdm__cbor_writer *w, const int64_t *values, size_t count) {
    uint8_t *to = pdm__cbor_typed_array(w, PDM__CBOR_I64, count);
    if (to != NULL) memcpy(to, values, count * sizeof *values);
}

/* Writes and clears. */
static void put_bits(pdm__cbor_writer *w, pdm__bits *bits) {
    uint8_t *to = pdm__cbor_bytes(w, bits->size);
    if (to != NULL && bits->size > 0) memcpy(to, bits->bytes, bits->size);
    pdm_context *context = bits->context;
    pdm__bits_clear(bits);
    pdm_context_free(context);
}

static void put_packed_entries(pdm__cbor_writer *w, const uint32_t *entries, size_t count) {
    pdm__bits bits = {.context = context_threads(1)};
    if (count > 0) assert_int_equal(pdm__put_entries(&bits, entries, count, NULL), PDM_OK);
    put_bits(w, &bits);
}

static void put_packed_words(pdm__cbor_writer *w, const columns *c, const int64_t *words, size_t count, bool first) {
    uint8_t begins[MOST];
    for (size_t i = 0; i < MOST; i++) begins[i] = i == 0 || c->entries[i] != c->entries[i - 1];
    pdm__bits bits = {.context = context_threads(1)};
    pdm__word_column column = {.words = words, .begins = begins, .count = count, .first = first};
    if (count > 0) assert_int_equal(pdm__put_words(&bits, &column, NULL), PDM_OK);
    put_bits(w, &bits);
}

static written write_columns(const columns *c) {
    static uint8_t buffer[1024];
    pdm__cbor_writer w = {.buffer = buffer, .capacity = sizeof buffer};
    uint32_t lengths[MOST];
    size_t bytes = 0;
    pdm__cbor_array(&w, 5);
    pdm__cbor_array(&w, 2);
    pdm__cbor_uint(&w, PDM__KEY_INT);
    put_i64(&w, c->keys, c->units);
    pdm__cbor_array(&w, c->scoped ? 4 : 3);
    pdm__cbor_uint(&w, PDM__KEY_TEXT);
    if (c->scoped) put_u32(&w, c->entries, c->labels);
    for (size_t i = 0; i < c->labels; i++) lengths[i] = (uint32_t)strlen(c->names[i]);
    for (size_t i = 0; i < c->labels; i++) bytes += lengths[i];
    put_u32(&w, lengths, c->labels);
    uint8_t *to = pdm__cbor_bytes(&w, bytes);
    assert_non_null(to);
    for (size_t i = 0; i < c->labels; to += lengths[i++]) memcpy(to, c->names[i], lengths[i]);
    int64_t parts[MOST];
    for (size_t i = 0; i < c->part_count; i++) parts[i] = c->parts[i];
    pdm__cbor_array(&w, 4);
    pdm__cbor_uint(&w, c->tuples);
    put_packed_entries(&w, c->entries, c->tuples);
    put_packed_words(&w, c, parts, c->part_count, false);
    put_packed_words(&w, c, c->times, c->tuples, true);
    pdm__cbor_array(&w, 3);
    pdm__cbor_uint(&w, 0);
    for (int32_t column = 0; column < 2; column++) pdm__cbor_bytes(&w, 0);
    pdm__cbor_array(&w, 0);
    assert_false(w.overflow);
    return (written){buffer, w.size};
}

static void expect_read(columns c, pdm_status expected, int line) {
    pdm_context *context = context_threads(1);
    pdm__run run;
    pdm__store store;
    pdm__run_begin(&run, context, 0);
    written w = write_columns(&c);
    pdm_status status = read_store(&store, context, &run, PDM__KEY_TEXT, w);
    if (status != expected) fail_msg("line %d: status %d", line, (int)status);
    if (status == PDM_OK) {
        expect_tight(&store);
        expect_same(w, write_store(&store, &run));
    }
    pdm__store_clear(&store);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    assert_int_equal(held, 0);
    pdm_context_free(context);
}

/* Two tuples that are equal may be; any other order, reference or label is refused. */
static void test_bytes_by_hand(void **unused) {
    (void)unused;
    columns c = good_columns();
    expect_read(c, PDM_OK, __LINE__);
    c.parts[1] = 2;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__); /* nobody refers to the empty label */
    c = good_columns();
    c.parts[0] = 0;
    c.times[0] = 20;
    expect_read(c, PDM_OK, __LINE__); /* the first two are equal */
    c = good_columns();
    c.parts[1] = 2;
    c.parts[2] = 0;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__); /* of one time, references descend */
    c = good_columns();
    c.parts[3] = 3;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c.parts[3] = UINT32_MAX;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c = good_columns();
    c.entries[3] = 2;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c = good_columns();
    c.part_count = 3;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c.part_count = 5;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c = good_columns();
    c.names[1] = "search";
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__); /* twice */
    c.names[2] = "mail";
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__); /* not in order */
    c = good_columns();
    c.names[2] = "\xff";
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c = good_columns();
    c.scoped = true;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c = good_columns();
    c.tuples = c.part_count = 0;
    expect_read(c, PDM_E_CORRUPT_STATE, __LINE__);
    c.labels = 0;
    expect_read(c, PDM_OK, __LINE__);
}

/* Reading fails for lack of memory at any place, and leaves nothing. */
static void test_reading_fails(void **unused) {
    (void)unused;
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    pdm__run run;
    pdm__store store;
    pdm__run_begin(&run, context, 0);
    columns c = good_columns();
    written w = write_columns(&c);
    pdm_status status = PDM_E_NOMEM;
    int64_t n = 0;
    while (status != PDM_OK) {
        pdm__schema schema = schema_of(PDM__KEY_TEXT);
        assert_int_equal(pdm__store_init(&store, context, &schema, NULL), PDM_OK);
        pdm__cbor_reader reader = {.bytes = w.bytes, .size = w.size, .format = PDM__FORMAT_VERSION};
        memory.fail_at = memory.calls + ++n;
        status = pdm__store_decode(&store, &run, &reader, 1000000, 0, NULL);
        memory.fail_at = 0;
        assert_true(status == PDM_OK || status == PDM_E_NOMEM);
        pdm__store_clear(&store);
    }
    assert_true(n > 10);
    pdm_context_free(context);
    assert_int_equal(memory.outstanding, 0);
}

int main(void) {
    name_labels();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),    cmocka_unit_test(test_taken_back),    cmocka_unit_test(test_appending),
        cmocka_unit_test(test_bytes_by_hand), cmocka_unit_test(test_reading_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
