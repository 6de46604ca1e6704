/*
 * Path tables against plain counting: few and many tokens, marks or none, repeated paths and single ones, builders that take each other in;
 * the order of the table is that of the touches.
 */
#include "contexts.h"
#include "stats/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 3000
#define MOST 6 /* touches of a path */

typedef struct journey {
    uint32_t touches[MOST]; /* channel << 8 | marks */
    uint32_t length;
    int64_t conversions;
    int64_t nulls;
    int64_t money;
} journey;

typedef struct shape {
    uint32_t channels;
    uint32_t marks; /* that touches may have */
    uint32_t times; /* tokens of a channel; 0 = the channel alone */
} shape;

static uint64_t mixed(uint64_t x) {
    x = (x + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return x ^ x >> 32;
}

/* Half of the paths come again; of long ones prefixes, too. */
static journey nth_journey(uint64_t n, shape s) {
    journey j = {.conversions = (int64_t)(n % 3), .nulls = (int64_t)(n % 2), .money = (int64_t)(n % 7) * 100};
    uint64_t path = n % 2 == 0 ? n : n % 50;
    j.length = 1 + (uint32_t)(mixed(n) % MOST);
    for (uint32_t i = 0; i < j.length; i++) {
        uint64_t x = mixed(path * MOST + i);
        j.touches[i] = (uint32_t)(x % s.channels) << 8 | ((uint32_t)(x >> 40) & s.marks);
    }
    return j;
}

static uint32_t times_of(uint32_t touch, shape s) { return s.times == 0 ? 0 : 1 + (touch >> 8) % s.times; }

static void add_journey(pdm__path_builder *b, const journey *j, shape s) {
    uint32_t touches[MOST];
    for (uint32_t i = 0; i < j->length; i++) {
        uint32_t token = 0;
        pdm__token wanted = {j->touches[i] >> 8, times_of(j->touches[i], s)};
        assert_int_equal(pdm__path_builder_token(b, wanted, &token, NULL), PDM_OK);
        touches[i] = pdm__touch_of(token, j->touches[i] & 0xFF);
    }
    pdm__path_gain gain = {.conversions = j->conversions, .nulls = j->nulls, .money = j->money};
    assert_int_equal(pdm__path_builder_add(b, touches, j->length, &gain, NULL), PDM_OK);
}

/* Channels and marks, word by word, a prefix first: what the table's order is. */
static int by_touches(const void *left, const void *right) {
    const journey *a = left;
    const journey *b = right;
    for (uint32_t i = 0; i < a->length && i < b->length; i++) {
        if (a->touches[i] != b->touches[i]) return a->touches[i] < b->touches[i] ? -1 : 1;
    }
    return a->length < b->length ? -1 : a->length > b->length;
}

/* Sorted, those of one path added up. Returns how many are left. */
static size_t count_plainly(journey *all, size_t count) {
    size_t left = 0;
    qsort(all, count, sizeof *all, by_touches);
    for (size_t i = 0; i < count; i++) {
        if (left == 0 || by_touches(&all[left - 1], &all[i]) != 0) {
            all[left++] = all[i];
            continue;
        }
        all[left - 1].conversions += all[i].conversions;
        all[left - 1].nulls += all[i].nulls;
        all[left - 1].money += all[i].money;
    }
    return left;
}

static void check_table(const pdm__paths *paths, const journey *expected, size_t count, shape s) {
    assert_int_equal(paths->count, count);
    assert_int_equal(paths->marked, s.marks != 0);
    for (size_t p = 0; p < count; p++) {
        const pdm__path *path = &paths->items[p];
        assert_int_equal(path->length, expected[p].length);
        assert_int_equal(path->conversions, expected[p].conversions);
        assert_int_equal(path->nulls, expected[p].nulls);
        assert_true(path->value == (double)expected[p].money);
        for (uint32_t i = 0; i < path->length; i++) {
            uint32_t touch = expected[p].touches[i];
            const pdm__token *token = &paths->tokens[pdm__touch_token(path->touches[i])];
            assert_int_equal(token->channel, touch >> 8);
            assert_int_equal(token->times, times_of(touch, s));
            assert_int_equal(pdm__touch_marks(path->touches[i]), touch & 0xFF);
        }
    }
}

static void walk(shape s, size_t builders, pdm_context *context) {
    static journey all[ROWS];
    pdm__path_builder b[3];
    pdm__paths paths;
    pdm__run run;
    pdm__run_begin(&run, context, 0);
    memset(b, 0, sizeof b);
    for (size_t i = 0; i < builders; i++) b[i].context = context;
    for (size_t n = 0; n < ROWS; n++) {
        all[n] = nth_journey(n, s);
        add_journey(&b[n * 5 / 3 % builders], &all[n], s);
    }
    for (size_t i = 1; i < builders; i++) {
        assert_int_equal(pdm__path_builder_merge(&b[0], &b[i], NULL), PDM_OK);
        pdm__path_builder_clear(&b[i]);
    }
    assert_int_equal(pdm__path_builder_finish(&b[0], &run, s.channels, &paths, NULL), PDM_OK);
    check_table(&paths, all, count_plainly(all, ROWS), s);
    pdm__paths_clear(&paths);
    pdm__path_builder_clear(&b[0]);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    assert_int_equal(held, 0);
}

static void test_tables(void **unused) {
    (void)unused;
    static const shape shapes[] = {{3, 0, 0},   {256, 0, 0},    {257, 0, 0},   {65535, 0, 0},   {5, 0x81, 0},
                                   {256, 3, 0}, {300, 0xFF, 0}, {7, 0, 4},     {200, 0, 3},     {40, 5, 9},
                                   {1, 0, 0},   {60000, 1, 3},  {60000, 0, 5}, {65535, 0x80, 0}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (size_t builders = 1; builders <= 3; builders++) {
            pdm_context *context = context_threads((int32_t)builders);
            walk(shapes[i], builders, context);
            pdm_context_free(context);
        }
    }
}

/* No path at all; and adding fails for lack of memory without a trace. */
static void test_nothing_and_failures(void **unused) {
    (void)unused;
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    pdm__run run;
    pdm__paths paths;
    pdm__run_begin(&run, context, 0);
    pdm__path_builder b = {.context = context};
    assert_int_equal(pdm__path_builder_finish(&b, &run, 4, &paths, NULL), PDM_OK);
    assert_int_equal(paths.count, 0);
    assert_int_equal(paths.token_count, 4);
    pdm__paths_clear(&paths);
    pdm__path_builder_clear(&b);
    pdm_status status = PDM_E_NOMEM;
    for (int64_t n = 1; status != PDM_OK; n++) {
        memory.fail_at = memory.calls + n;
        status = PDM_OK;
        for (uint32_t i = 0; i < 200 && status == PDM_OK; i++) {
            uint32_t token = 0;
            uint32_t touches[2];
            pdm__path_gain gain = {.conversions = 1, .amount = 0.5, .has_amount = true};
            status = pdm__path_builder_token(&b, (pdm__token){i % 70, 0}, &token, NULL);
            touches[0] = touches[1] = pdm__touch_of(token, 0);
            if (status == PDM_OK) status = pdm__path_builder_add(&b, touches, 1 + i % 2, &gain, NULL);
        }
        if (status == PDM_OK) status = pdm__path_builder_finish(&b, &run, 70, &paths, NULL);
        assert_true(status == PDM_OK || status == PDM_E_NOMEM);
        memory.fail_at = 0;
        pdm__path_builder_clear(&b);
    }
    assert_int_equal(paths.count, 70);
    assert_int_equal(paths.conversions, 200);
    assert_true(paths.value == 100.0);
    pdm__paths_clear(&paths);
    pdm_context_free(context);
    assert_int_equal(memory.outstanding, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_nothing_and_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
