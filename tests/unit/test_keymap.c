/* The key map against a plain list: finding, adding, taking back, growing over blocks; words that stay with their key. */
#include "contexts.h"
#include "core/keymap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT 40

typedef struct bed {
    pdm_context *context;
    pdm__arena arena;
    pdm__keymap map;
    bool is_text;
    bool is_scoped;
    char (*texts)[TEXT];
} bed;

static void begin(bed *b, bool is_text, bool is_scoped, uint64_t seed) {
    memset(b, 0, sizeof *b);
    b->context = context_threads(1);
    b->is_text = is_text;
    b->is_scoped = is_scoped;
    pdm__arena_init(&b->arena, b->context);
    pdm__keymap_init(&b->map, &b->arena, seed, is_text, is_scoped, 2);
    b->texts = calloc(20000, sizeof *b->texts);
    assert_non_null(b->texts);
}

static void finish(bed *b) {
    pdm__keymap_clear(&b->map);
    pdm__arena_clear(&b->arena);
    uint64_t now = 1;
    pdm_context_memory(b->context, &now, NULL);
    assert_int_equal(now, 0);
    pdm_context_free(b->context);
    free(b->texts);
}

/* The nth key: neighbouring integers and extremes, empty and long texts, one word under several scopes. */
static pdm__key nth_key(bed *b, uint32_t n) {
    pdm__key key = {0};
    key.scope = b->is_scoped ? n % 3 : 0;
    uint32_t base = b->is_scoped ? n / 3 : n;
    if (b->is_text) {
        int length = base == 0 ? 0 : snprintf(b->texts[n], TEXT, base % 2 == 0 ? "k%u" : "a-rather-long-key-%u", base);
        key.bytes = (const uint8_t *)b->texts[n];
        key.length = (uint32_t)length;
    } else {
        key.word = base == 1 ? UINT64_MAX : base == 2 ? (uint64_t)1 << 63 : base;
    }
    pdm__key_hash(&key, b->is_text, b->map.seed);
    return key;
}

static uint32_t add(bed *b, uint32_t n, bool expected) {
    pdm__key key = nth_key(b, n);
    bool added = false;
    assert_int_equal(pdm__keymap_reserve(&b->map, 1, key.length, NULL), PDM_OK);
    uint32_t id = pdm__keymap_add(&b->map, &key, &added);
    assert_int_equal(added, expected);
    if (added) {
        pdm__keymap_words(&b->map, id)[0] = n;
        pdm__keymap_words(&b->map, id)[1] = -(int64_t)n;
    }
    return id;
}

static void check_all(bed *b, uint32_t count) {
    assert_int_equal(b->map.count, count);
    for (uint32_t n = 0; n < count; n++) {
        pdm__key key = nth_key(b, n);
        uint32_t id = pdm__keymap_find(&b->map, &key);
        assert_int_equal(id, n);
        assert_int_equal(pdm__keymap_words(&b->map, id)[0], n);
        assert_int_equal(pdm__keymap_words(&b->map, id)[1], -(int64_t)n);
        pdm__key stored = pdm__keymap_key(&b->map, id);
        assert_int_equal(stored.scope, key.scope);
        assert_int_equal(stored.word, key.word);
        assert_int_equal(stored.length, key.length);
        if (key.length > 0) assert_memory_equal(stored.bytes, key.bytes, key.length);
    }
}

static void walk(bool is_text, bool is_scoped, uint64_t seed) {
    bed b;
    begin(&b, is_text, is_scoped, seed);
    pdm__key nobody = nth_key(&b, 5);
    assert_int_equal(pdm__keymap_find(&b.map, &nobody), PDM__NO_ID);
    /* Around the sizes of the first block, of blocks, and of slots. */
    static const uint32_t stops[] = {1, 8, 9, 12, 13, 255, 256, 257, 511, 512, 513, 4000};
    uint32_t n = 0;
    for (size_t s = 0; s < sizeof stops / sizeof *stops; s++) {
        while (n < stops[s]) {
            assert_int_equal(add(&b, n, true), n);
            n++;
        }
        check_all(&b, n);
        assert_int_equal(add(&b, n / 2, false), n / 2);
        nobody = nth_key(&b, n + 3);
        assert_int_equal(pdm__keymap_find(&b.map, &nobody), PDM__NO_ID);
    }
    finish(&b);
}

static void test_against_a_list(void **unused) {
    (void)unused;
    static const uint64_t seeds[] = {0, 1, UINT64_MAX, 0x123456789ABCDEF};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        walk(false, false, seeds[i]);
        walk(false, true, seeds[i]);
        walk(true, false, seeds[i]);
        walk(true, true, seeds[i]);
    }
}

static void test_taking_back(void **unused) {
    (void)unused;
    for (int32_t kind = 0; kind < 4; kind++) {
        bed b;
        begin(&b, kind % 2 == 1, kind / 2 == 1, 9);
        static const uint32_t steps[][2] = {{100, 40}, {300, 299}, {700, 250}, {1000, 0}, {600, 1}};
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            for (uint32_t n = b.map.count; n < steps[s][0]; n++) (void)add(&b, n, true);
            pdm__keymap_truncate(&b.map, steps[s][1]);
            check_all(&b, steps[s][1]);
            for (uint32_t n = steps[s][1]; n < steps[s][0]; n += 7) {
                pdm__key gone = nth_key(&b, n);
                assert_int_equal(pdm__keymap_find(&b.map, &gone), PDM__NO_ID);
            }
        }
        finish(&b);
    }
}

static void test_many_at_once(void **unused) {
    (void)unused;
    for (int32_t kind = 0; kind < 4; kind++) {
        bed b;
        begin(&b, kind % 2 == 1, kind / 2 == 1, 3);
        pdm__key keys[200];
        uint32_t ids[200];
        for (uint32_t i = 0; i < 200; i++) keys[i] = nth_key(&b, i * 2);
        assert_int_equal(pdm__keymap_find_many(&b.map, keys, 200, ids), 200);
        assert_int_equal(ids[199], PDM__NO_ID);
        for (uint32_t n = 0; n < 200; n++) (void)add(&b, n, true);
        assert_int_equal(pdm__keymap_find_many(&b.map, keys, 200, ids), 100);
        for (uint32_t i = 0; i < 200; i++) assert_int_equal(ids[i], i < 100 ? i * 2 : PDM__NO_ID);
        assert_int_equal(pdm__keymap_find_many(&b.map, keys, 0, ids), 0);
        finish(&b);
    }
}

/* Keys whose hashes agree in the low half, and so in slot and tag: only the key itself tells them apart. */
static void test_equal_hashes(void **unused) {
    (void)unused;
    bed b;
    begin(&b, false, false, 0);
    for (uint32_t n = 0; n < 500; n++) {
        pdm__key key = {.word = n, .hash = 42};
        bool added = false;
        assert_int_equal(pdm__keymap_reserve(&b.map, n == 0 ? 500 : 0, 0, NULL), PDM_OK);
        assert_int_equal(pdm__keymap_add(&b.map, &key, &added), n);
        assert_true(added);
    }
    for (uint32_t n = 0; n < 500; n++) {
        pdm__key key = {.word = n, .hash = 42};
        assert_int_equal(pdm__keymap_find(&b.map, &key), n);
    }
    finish(&b);
}

static void test_reserve(void **unused) {
    (void)unused;
    bed b;
    pdm_error err;
    begin(&b, false, false, 0);
    assert_int_equal(pdm__keymap_reserve(&b.map, (size_t)PDM__KEYMAP_MAX_IDS + 1, 0, &err), PDM_E_LIMIT);
    assert_int_equal(pdm__keymap_reserve(&b.map, 0, 0, &err), PDM_OK);
    assert_int_equal(b.map.count, 0);
    assert_true(pdm__keymap_memory(&b.map) < 100000);
    finish(&b);

    /* Failing memory: nothing is lost, and trying again works. */
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    pdm__arena arena;
    pdm__keymap map;
    pdm__arena_init(&arena, context);
    pdm__keymap_init(&map, &arena, 0, false, false, 1);
    for (uint32_t n = 0; n < 3000; n++) {
        pdm__key key = {.word = n};
        bool added = false;
        pdm__key_hash(&key, false, 0);
        memory.fail_at = memory.calls + 1;
        pdm_status status = pdm__keymap_reserve(&map, 1, 0, &err);
        memory.fail_at = 0;
        assert_true(status == PDM_OK || status == PDM_E_NOMEM);
        if (status != PDM_OK) assert_int_equal(pdm__keymap_reserve(&map, 1, 0, &err), PDM_OK);
        assert_int_equal(pdm__keymap_add(&map, &key, &added), n);
        *pdm__keymap_words(&map, n) = n;
    }
    for (uint32_t n = 0; n < 3000; n++) {
        pdm__key key = {.word = n};
        pdm__key_hash(&key, false, 0);
        assert_int_equal(pdm__keymap_find(&map, &key), n);
        assert_int_equal(*pdm__keymap_words(&map, n), n);
    }
    pdm__keymap_clear(&map);
    pdm__keymap_clear(&map); /* twice is fine */
    pdm__arena_clear(&arena);
    pdm_context_free(context);
    assert_int_equal(memory.outstanding, 0);
}

/* The hash of an integer can be turned back; the factor and its inverse are what they say they are. */
static void test_unhashing(void **unused) {
    (void)unused;
    static const uint64_t seeds[] = {0, 1, UINT64_MAX, UINT64_C(0xDEADBEEFCAFE)};
    static const uint64_t words[] = {0, 1, 2, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_C(1) << 63, UINT64_MAX};
    assert_true(PDM__HASH_FACTOR * PDM__HASH_INVERSE == 1);
    for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
        uint64_t random = seeds[s] + 7;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            assert_true(pdm__unhash_word(pdm__hash_word(words[i], 0, seeds[s]), seeds[s]) == words[i]);
        for (int32_t i = 0; i < 10000; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            assert_true(pdm__unhash_word(pdm__hash_word(random, 0, seeds[s]), seeds[s]) == random);
            assert_true(pdm__hash_word(pdm__unhash_word(random, seeds[s]), 0, seeds[s]) == random);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unhashing),    cmocka_unit_test(test_against_a_list), cmocka_unit_test(test_taking_back),
        cmocka_unit_test(test_many_at_once), cmocka_unit_test(test_equal_hashes),   cmocka_unit_test(test_reserve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
