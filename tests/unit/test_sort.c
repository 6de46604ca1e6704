/* The sorts against qsort, over sizes around their thresholds and keys of every shape, with one and several threads. */
#include "core/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t random_state = 1;

static uint64_t random64(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

static void *take(size_t count, size_t size) {
    void *block = malloc(count > 0 ? count * size : 1); /* no slack: a sanitizer shall see any step outside */
    assert_non_null(block);
    return block;
}

typedef struct bed {
    pdm_context *context;
    pdm__run run;
} bed;

static void make_bed(bed *b, int32_t threads, pdm_should_stop should_stop, void *stop_user) {
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    options.should_stop = should_stop;
    options.stop_user = stop_user;
    assert_int_equal(pdm_context_create(&options, &b->context, NULL), PDM_OK);
    pdm__run_begin(&b->run, b->context, -1);
}

static const size_t sizes[] = {0, 1, 2, 3, 31, 32, 33, 511, 1024, 5000, 16383, 16384, 140001};

/* ---- shapes of keys --------------------------------------------------------------------------------------------- */

#define SHAPES 17

static uint64_t shaped_key(int shape, size_t i, size_t count) {
    uint64_t r = random64();
    switch (shape) {
    case 0: return r;
    case 1: return r % (count + 1);
    case 2: return r % (count / 8 + 1);
    case 3: return UINT64_MAX;
    case 4: return i;
    case 5: return count - i;
    case 6: return i == count / 2 ? UINT64_MAX : r % (count + 1); /* an outlier above */
    case 7: return i == count / 3 ? 0 : UINT64_MAX - r % 1000;    /* and below */
    case 8: return UINT64_C(1) << (r % 64);
    case 9: return r >> (r % 64);
    case 10: return UINT64_C(1700000000000000) + r % UINT64_C(31536000000000);
    case 11: return (r % 3) << 62 | (r >> 8) % 5;
    case 12: return i % 2 ? i : UINT64_MAX - i;
    case 13: return i < count - 1 ? i : 0; /* sorted but for the last */
    case 14: return (r % 16) << 60 | (r >> 20) % 100;
    case 15: return i % 65536;     /* sorted pieces */
    default: return (r & 1) << 63; /* two values, far apart */
    }
}

/* ---- pairs and values ------------------------------------------------------------------------------------------- */

static int compare_pairs(const void *left, const void *right) {
    const pdm__sort_pair *a = left;
    const pdm__sort_pair *b = right;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void check_pairs(pdm__run *run, int shape, size_t count) {
    pdm__sort_pair *pairs = take(count, sizeof *pairs);
    pdm__sort_pair *scratch = take(count, sizeof *scratch);
    pdm__sort_pair *expected = take(count, sizeof *expected);
    for (size_t i = 0; i < count; i++) pairs[i] = (pdm__sort_pair){shaped_key(shape, i, count), i};
    if (count > 0) memcpy(expected, pairs, count * sizeof *pairs);
    qsort(expected, count, sizeof *expected, compare_pairs);
    assert_int_equal(pdm__sort_pairs(run, pairs, scratch, count, NULL), PDM_OK);
    if (count > 0 && memcmp(pairs, expected, count * sizeof *pairs) != 0) fail_msg("shape %d, %zu pairs", shape, count);
    free(pairs);
    free(scratch);
    free(expected);
}

static int compare_values(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

static void check_values(pdm__run *run, int shape, size_t count) {
    int64_t *values = take(count, sizeof *values);
    int64_t *scratch = take(count, sizeof *scratch);
    int64_t *expected = take(count, sizeof *expected);
    for (size_t i = 0; i < count; i++) values[i] = (int64_t)(shaped_key(shape, i, count) - (shape % 2 ? count / 2 : 0));
    if (count > 0) memcpy(expected, values, count * sizeof *values);
    qsort(expected, count, sizeof *expected, compare_values);
    assert_int_equal(pdm__sort_i64(run, values, scratch, count, NULL), PDM_OK);
    if (count > 0 && memcmp(values, expected, count * sizeof *values) != 0)
        fail_msg("shape %d, %zu values", shape, count);
    free(values);
    free(scratch);
    free(expected);
}

static void all_shapes(pdm__run *run) {
    for (int shape = 0; shape < SHAPES; shape++) {
        for (int32_t i = 0; i < PDM__COUNT(sizes); i++) {
            check_pairs(run, shape, sizes[i]);
            check_values(run, shape, sizes[i]);
        }
    }
}

static void pairs_and_values(void **state) {
    (void)state;
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        bed b;
        make_bed(&b, threads, NULL, NULL);
        all_shapes(&b.run);
        pdm_context_free(b.context);
    }
}

/* Every small size, because that is where insertion, passes and copying meet. */
static void every_small_size(void **state) {
    (void)state;
    for (size_t count = 0; count < 300; count++) {
        for (int shape = 0; shape < SHAPES; shape++) {
            check_pairs(NULL, shape, count);
            check_values(NULL, shape, count);
        }
    }
}

static void signed_keys_keep_their_order(void **state) {
    (void)state;
    static const int64_t rising[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    for (int32_t i = 1; i < PDM__COUNT(rising); i++) {
        assert_true(pdm__sort_key_i64(rising[i - 1]) < pdm__sort_key_i64(rising[i]));
    }
}

/* ---- texts ------------------------------------------------------------------------------------------------------ */

static int compare_texts(const void *left, const void *right) {
    const pdm__sort_text *a = left;
    const pdm__sort_text *b = right;
    uint32_t common = a->length < b->length ? a->length : b->length;
    for (uint32_t i = 0; i < common; i++) {
        if (a->bytes[i] != b->bytes[i]) return a->bytes[i] < b->bytes[i] ? -1 : 1;
    }
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

#define TEXT_SHAPES 9
#define TEXT_MAX 160

static uint32_t shaped_text(int shape, size_t i, size_t count, char text[TEXT_MAX]) {
    uint64_t r = random64();
    int length = 0;
    switch (shape) {
    case 0: return (uint32_t)snprintf(text, TEXT_MAX, "user_%08llu", (unsigned long long)(r % (count + 1)));
    case 1: return (uint32_t)snprintf(text, TEXT_MAX, "u%llu", (unsigned long long)(r % (count + 1)));
    case 2:
        return (uint32_t)snprintf(text, TEXT_MAX, "%016llx%016llx", (unsigned long long)r,
                                  (unsigned long long)random64());
    case 3: return (uint32_t)snprintf(text, TEXT_MAX, "all the same, and longer than a prefix");
    case 4: return (uint32_t)(i % 2 == 0 ? 0 : snprintf(text, TEXT_MAX, "%llu", (unsigned long long)(r % 10)));
    case 5: /* zero bytes and ends of texts look alike in a prefix */
        length = (int)(r % 20);
        for (int k = 0; k < length; k++) text[k] = (char)(random64() % 8 == 0);
        return (uint32_t)length;
    case 6: /* alike for long */ memset(text, 'x', TEXT_MAX); return 100 + (uint32_t)(r % 60);
    case 7: /* high bytes sort above ASCII */
        for (int k = 0; k < 6; k++) text[k] = (char)(uint8_t)(random64() % 4 * 85);
        return 6;
    default: /* differ at any depth */
        memset(text, 'y', TEXT_MAX);
        text[r % 150] = 'z';
        return 150;
    }
}

static void check_texts(pdm__run *run, int shape, size_t count) {
    uint8_t *pool = take(count, TEXT_MAX);
    pdm__sort_text *texts = take(count, sizeof *texts);
    pdm__sort_text *scratch = take(count, sizeof *scratch);
    pdm__sort_text *expected = take(count, sizeof *expected);
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_MAX];
        uint32_t length = shaped_text(shape, i, count, text);
        uint8_t *to =
            pool + i * TEXT_MAX + TEXT_MAX - length; /* ends where the next begins, and the last at the block's end */
        memcpy(to, text, length);
        texts[i] = (pdm__sort_text){length == 0 ? NULL : to, length, (uint32_t)(shape % 2 ? count - i : i), 0};
    }
    if (count > 0) memcpy(expected, texts, count * sizeof *texts);
    qsort(expected, count, sizeof *expected, compare_texts);
    assert_int_equal(pdm__sort_texts(run, texts, scratch, count, NULL), PDM_OK);
    for (size_t i = 0; i < count; i++) {
        if (texts[i].index != expected[i].index || texts[i].bytes != expected[i].bytes) {
            fail_msg("shape %d, %zu texts, place %zu", shape, count, i);
        }
    }
    free(pool);
    free(texts);
    free(scratch);
    free(expected);
}

static void texts(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 2, 15, 16, 31, 32, 33, 200, 3000, 20000, 140000};
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        bed b;
        make_bed(&b, threads, NULL, NULL);
        for (int shape = 0; shape < TEXT_SHAPES; shape++) {
            for (int32_t i = 0; i < PDM__COUNT(counts); i++) check_texts(&b.run, shape, counts[i]);
        }
        pdm_context_free(b.context);
    }
    for (int shape = 0; shape < TEXT_SHAPES; shape++) check_texts(NULL, shape, 500);
}

/* ---- failing and stopping --------------------------------------------------------------------------------------- */

static bool stop_after(void *user) {
    int *left = user;
    return (*left)-- <= 0;
}

static void stopping(void **state) {
    (void)state;
    const size_t count = 300000;
    pdm__sort_pair *pairs = take(count, sizeof *pairs);
    pdm__sort_pair *scratch = take(count, sizeof *scratch);
    for (int32_t threads = 1; threads <= 2; threads++) {
        for (int patience = 0;; patience++) {
            int left = patience;
            bed b;
            make_bed(&b, threads, stop_after, &left);
            for (size_t i = 0; i < count; i++) pairs[i] = (pdm__sort_pair){random64() % 5, i};
            pairs[0].key = UINT64_MAX;
            pdm_error err;
            pdm_status status = pdm__sort_pairs(&b.run, pairs, scratch, count, &err);
            pdm_context_free(b.context);
            if (status == PDM_OK) {
                assert_true(patience > 5); /* it asked now and then */
                break;
            }
            assert_int_equal(status, PDM_E_STOPPED);
            assert_int_equal(err.code, PDM_E_STOPPED);
        }
    }
    free(pairs);
    free(scratch);
}

static void *refuse(void *user, void *block, size_t old_size, size_t new_size) {
    (void)old_size;
    int *left = user;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return (*left)-- > 0 ? realloc(block, new_size) : NULL;
}

static void no_memory(void **state) {
    (void)state;
    const size_t count = 200000;
    int64_t *values = take(count, sizeof *values);
    int64_t *scratch = take(count, sizeof *scratch);
    for (size_t i = 0; i < count; i++) values[i] = (int64_t)(count - i);
    int left = 1000;
    pdm_context_options options = pdm_context_options_default();
    options.threads = 2;
    options.allocator = (pdm_allocator){refuse, &left};
    bed b;
    assert_int_equal(pdm_context_create(&options, &b.context, NULL), PDM_OK);
    pdm__run_begin(&b.run, b.context, -1);
    left = 0;
    assert_int_equal(pdm__sort_i64(&b.run, values, scratch, count, NULL), PDM_E_NOMEM);
    for (size_t i = 0; i < count; i++) assert_true(values[i] == (int64_t)(count - i)); /* untouched */
    left = 1;
    assert_int_equal(pdm__sort_i64(&b.run, values, scratch, count, NULL), PDM_OK);
    for (size_t i = 0; i < count; i++) assert_true(values[i] == (int64_t)i + 1);
    uint64_t now;
    uint64_t before;
    pdm_context_memory(b.context, &before, NULL);
    assert_int_equal(pdm__sort_pairs(&b.run, NULL, NULL, (size_t)UINT32_MAX + 1, NULL), PDM_E_LIMIT);
    assert_int_equal(pdm__sort_texts(&b.run, NULL, NULL, (size_t)UINT32_MAX + 1, NULL), PDM_E_LIMIT);
    pdm_context_memory(b.context, &now, NULL);
    assert_int_equal(now, before);
    pdm_context_free(b.context);
    free(values);
    free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_keys_keep_their_order),
        cmocka_unit_test(every_small_size),
        cmocka_unit_test(pairs_and_values),
        cmocka_unit_test(texts),
        cmocka_unit_test(stopping),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
