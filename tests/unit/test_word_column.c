/* Columns of journals in few bits: what goes in comes out, in no more bits than promised, and bytes that are no column are refused. */
#include "contexts.h"

#include "core/word_column.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 5000

typedef struct tuples {
    size_t count;
    uint32_t entries[ROWS];
    uint8_t begins[ROWS];
    int64_t words[ROWS];
} tuples;

static uint64_t seed = 88172645463325252U;

static uint64_t next(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545F4914F6CDD1D);
}

/* Entries with some tuples each, now and then a gap. */
static void make_entries(tuples *t, size_t count) {
    uint32_t entry = (uint32_t)(next() % 3);
    t->count = count;
    for (size_t i = 0; i < count; i++) {
        bool begins = i == 0 || next() % 5 == 0;
        if (i > 0 && begins) entry += 1 + (uint32_t)(next() % 9 == 0 ? next() % 1000 : 0);
        t->entries[i] = entry;
        t->begins[i] = begins;
    }
}

typedef struct coded {
    pdm_context *context;
    pdm__bits bits;
} coded;

static coded encode_words(const tuples *t, bool first) {
    coded c = {.context = context_threads(1)};
    c.bits.context = c.context;
    pdm__word_column column = {.words = t->words, .begins = t->begins, .count = t->count, .first = first};
    assert_int_equal(pdm__put_words(&c.bits, &column, NULL), PDM_OK);
    assert_int_equal(c.bits.held, 0);
    return c;
}

static void clear(coded *c) {
    pdm__bits_clear(&c->bits);
    pdm_context_free(c->context);
}

static bool decode_words(const uint8_t *bytes, size_t size, const tuples *t, bool first, int64_t *out) {
    static pdm__word_reader r;
    if (!pdm__words_begin(&r, bytes, size, first)) return false;
    for (size_t i = 0; i < t->count; i++) {
        if (!pdm__next_word(&r, t->begins[i] != 0, &out[i])) return false;
    }
    return pdm__bits_at_end(&r.bits);
}

/* Returns the bytes that the column takes. */
static size_t expect_same(const tuples *t, bool first) {
    static int64_t out[ROWS];
    coded c = encode_words(t, first);
    size_t size = c.bits.size;
    assert_true(decode_words(c.bits.bytes, size, t, first, out));
    assert_memory_equal(out, t->words, t->count * sizeof *out);
    /* One byte less, or one more, is no column. */
    assert_false(decode_words(c.bits.bytes, size - 1, t, first, out));
    uint8_t *more = calloc(size + 1, 1);
    assert_non_null(more);
    memcpy(more, c.bits.bytes, size);
    assert_false(decode_words(more, size + 1, t, first, out));
    free(more);
    clear(&c);
    return size;
}

static void test_entries_come_back(void **unused) {
    static tuples t;
    (void)unused;
    for (int round = 0; round < 200; round++) {
        make_entries(&t, 1 + next() % (round % 10 == 0 ? ROWS : 40));
        coded c = {.context = context_threads(1)};
        c.bits.context = c.context;
        assert_int_equal(pdm__put_entries(&c.bits, t.entries, t.count, NULL), PDM_OK);
        for (uint64_t limit = t.entries[t.count - 1]; limit <= t.entries[t.count - 1] + UINT64_C(1); limit++) {
            pdm__entry_reader r;
            bool good = true;
            pdm__entries_begin(&r, c.bits.bytes, c.bits.size);
            for (size_t i = 0; i < t.count && good; i++) {
                uint32_t entry = 0;
                bool begins = false;
                good = pdm__next_entry(&r, limit, &entry, &begins);
                if (!good) break;
                assert_int_equal(entry, t.entries[i]);
                assert_int_equal(begins, t.begins[i]);
            }
            assert_int_equal(good, limit > t.entries[t.count - 1]); /* the last one is not below it, or it is */
            if (good) assert_true(r.left == 0 && pdm__bits_at_end(&r.bits));
        }
        clear(&c);
    }
}

static int64_t any_word(int shape, int64_t before, bool begins) {
    switch (shape) {
    case 0: return (int64_t)next();
    case 1: return (int64_t)(next() % 4) * 1000 - 2000;
    case 2: return begins ? (int64_t)(next() >> 20) : before + (int64_t)(next() % 100000);
    case 3: return begins ? -(int64_t)(next() >> 30) * 1000000 : before + (int64_t)(next() % 600) * 1000000;
    case 4: return next() % 50 == 0 ? INT64_MAX : next() % 50 == 0 ? INT64_MIN : 7;
    case 5: return INT64_MIN;
    case 6: return (int64_t)(next() % 256) - 128;
    case 7: return (int64_t)(next() % 257) * INT64_C(30000000000000000); /* one value too many to be few */
    default: return (int64_t)(next() >> (1 + next() % 63)) * (next() % 2 == 0 ? 1 : -1);
    }
}

static void test_words_come_back(void **unused) {
    static tuples t;
    (void)unused;
    for (int round = 0; round < 900; round++) {
        make_entries(&t, 1 + next() % (round % 20 == 0 ? ROWS : 60));
        for (size_t i = 0; i < t.count; i++)
            t.words[i] = any_word(round % 9, i == 0 ? 0 : t.words[i - 1], t.begins[i] != 0);
        (void)expect_same(&t, round % 2 == 0);
    }
}

/* What a column may cost. */
static void test_columns_are_short(void **unused) {
    static tuples t;
    (void)unused;
    make_entries(&t, ROWS);
    for (size_t i = 0; i < t.count; i++) t.words[i] = INT64_C(-1234567890123);
    assert_true(expect_same(&t, false) < 12);                        /* one value: nothing for each tuple */
    assert_in_range(expect_same(&t, true), ROWS / 8, ROWS / 8 + 12); /* a bit for each in the first column */
    for (size_t i = 0; i < t.count; i++) t.words[i] = (int64_t)(1 + next() % 4) << 40;
    assert_in_range(expect_same(&t, true), ROWS / 4, ROWS / 4 + 40);
    /* Seconds in µs, a minute apart at most: the million is taken out. */
    for (size_t i = 0; i < t.count; i++)
        t.words[i] = t.begins[i] ? INT64_C(1700000000000000) : t.words[i - 1] + (int64_t)(next() % 60) * 1000000;
    assert_true(expect_same(&t, true) < ROWS * 11 / 8 + 40);
}

/* Bytes by chance: refused, or words that may be; never more than they hold, and nothing is read behind them. */
static void test_hostile_bytes(void **unused) {
    static tuples t;
    static int64_t out[ROWS];
    (void)unused;
    make_entries(&t, 300);
    for (int round = 0; round < 20000; round++) {
        size_t size = next() % 120;
        uint8_t *bytes = malloc(size + 1); /* of exactly this size for the sanitizers */
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(next() % 3 == 0 ? 0 : next());
        (void)decode_words(bytes, size, &t, round % 2 == 0, out);
        pdm__entry_reader r;
        uint32_t entry = 0;
        bool begins = false;
        pdm__entries_begin(&r, bytes, size);
        for (int i = 0; i < 300 && pdm__next_entry(&r, 1000, &entry, &begins); i++) assert_true(entry < 1000);
        free(bytes);
    }
    /* A column of one value stands for any number of tuples: not as the first. */
    for (size_t i = 0; i < t.count; i++) t.words[i] = 5;
    coded c = encode_words(&t, false);
    assert_false(decode_words(c.bits.bytes, c.bits.size, &t, true, out));
    clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_come_back),
        cmocka_unit_test(test_words_come_back),
        cmocka_unit_test(test_columns_are_short),
        cmocka_unit_test(test_hostile_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
