/* Markov removal effects: the three ways of solving a chain agree, also where a channel is rare or a chain goes in circles. */
#include "contexts.h"

#include "stats/markov.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct table {
    pdm_context *context;
    pdm__run run;
    pdm__path_builder builder;
    pdm__paths paths;
} table;

static void begin(table *t) {
    memset(t, 0, sizeof *t);
    assert_int_equal(pdm__context_or_default(NULL, &t->context, NULL), PDM_OK);
    pdm__run_begin(&t->run, t->context, 0);
    t->builder.context = t->context;
}

/* Channels by letter, A = 0. */
static void add(table *t, const char *letters, int64_t conversions, int64_t money, int64_t nulls) {
    uint32_t touches[256];
    uint32_t length = 0;
    for (; letters[length] != '\0'; length++) {
        uint32_t token = 0;
        pdm__token wanted = {(uint32_t)(letters[length] - 'A'), 0};
        assert_int_equal(pdm__path_builder_token(&t->builder, wanted, &token, NULL), PDM_OK);
        touches[length] = pdm__touch_of(token, 0);
    }
    pdm__path_gain gain = {.conversions = conversions, .nulls = nulls, .money = money};
    assert_int_equal(pdm__path_builder_add(&t->builder, touches, length, &gain, NULL), PDM_OK);
}

static void finish(table *t, uint32_t channels) {
    assert_int_equal(pdm__path_builder_finish(&t->builder, &t->run, channels, &t->paths, NULL), PDM_OK);
}

static void end(table *t) {
    pdm__paths_clear(&t->paths);
    pdm__path_builder_clear(&t->builder);
    pdm_context_free(t->context);
}

static pdm__markov solve(table *t, pdm__markov_options options) {
    pdm__markov m;
    pdm_error err;
    assert_int_equal(pdm__markov_count(&t->paths, &options, &m, &err), PDM_OK);
    if (pdm__markov_solve(&t->paths, &t->run, &m, &err) != PDM_OK) fail_msg("%s", err.message);
    return m;
}

static void expect_close(double got, double expected, double relative) {
    if (fabs(got - expected) > relative * fabs(expected)) fail_msg("%.17g, not %.17g", got, expected);
}

/* Elimination of few states, iteration, sparse elimination: by order, all channels. */
static void expect_agreement(table *t, int32_t most_order, double relative) {
    for (int32_t order = 1; order <= most_order; order++) {
        pdm__markov dense = solve(t, (pdm__markov_options){.order = order});
        pdm__markov iterated = solve(t, (pdm__markov_options){.order = order, .max_dense = 1});
        pdm__markov sparse = solve(t, (pdm__markov_options){.order = order, .max_dense = 1, .max_sweeps = 1});
        assert_true(dense.residual <= 1e-13);
        assert_int_equal(dense.sweeps, 0);
        assert_true(iterated.sweeps > 0);
        for (uint32_t c = 0; c < t->paths.channel_count; c++) {
            expect_close(iterated.effects[c], dense.effects[c], relative);
            expect_close(sparse.effects[c], dense.effects[c], relative);
            expect_close(iterated.value_effects[c], dense.value_effects[c], relative);
            expect_close(sparse.value_effects[c], dense.value_effects[c], relative);
            assert_true(dense.effects[c] >= 0.0 && dense.effects[c] <= 1.0);
        }
        pdm__markov_clear(&dense);
        pdm__markov_clear(&iterated);
        pdm__markov_clear(&sparse);
    }
}

/* 2^64 steps of a linear congruence: any table will do. */
static uint32_t below(uint64_t *state, uint32_t bound) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % bound;
}

static void test_ways_agree(void **unused) {
    (void)unused;
    uint64_t random = 7;
    for (int32_t round = 0; round < 8; round++) {
        table t;
        begin(&t);
        for (int32_t p = 0; p < 60; p++) {
            char letters[12] = "";
            uint32_t length = 1 + below(&random, 10);
            for (uint32_t i = 0; i < length; i++) letters[i] = (char)('A' + below(&random, 6));
            int64_t conversions = below(&random, 3);
            add(&t, letters, conversions, conversions * below(&random, 900), 1 + below(&random, 6));
        }
        finish(&t, 6);
        expect_agreement(&t, 4, 1e-12);
        end(&t);
    }
}

/* Z is in one journey of 10^9: its effect is 1e-9 of the conversions, to all digits. */
static void test_rare(void **unused) {
    (void)unused;
    table t;
    begin(&t);
    add(&t, "A", 999999999, 999999999, 0);
    add(&t, "B", 1, 1, 0);
    finish(&t, 2);
    pdm__markov m = solve(&t, (pdm__markov_options){.order = 1});
    expect_close(m.effects[1], 1e-9, 1e-15);
    expect_close(m.effects[0], 0.999999999, 1e-15);
    pdm__markov_clear(&m);
    m = solve(&t, (pdm__markov_options){.order = 2, .max_dense = 1});
    expect_close(m.effects[1], 1e-9, 1e-15);
    pdm__markov_clear(&m);
    end(&t);
}

/* One long path round and round: iteration gives up after its sweeps and the answer is there all the same. */
static void test_circles(void **unused) {
    (void)unused;
    table t;
    char letters[241];
    for (int32_t i = 0; i < 240; i++) letters[i] = i % 2 == 0 ? 'A' : 'B';
    letters[240] = '\0';
    begin(&t);
    add(&t, letters, 1, 5, 0);
    add(&t, "AB", 0, 0, 1);
    add(&t, "C", 1, 3, 1);
    finish(&t, 3);
    expect_agreement(&t, 3, 1e-11);
    end(&t);
}

/* Whatever the order: conversions / journeys and value / journeys come back. */
static void test_identities(void **unused) {
    (void)unused;
    table t;
    begin(&t);
    add(&t, "ABACABA", 3, 70, 4);
    add(&t, "BB", 2, 5, 9);
    add(&t, "CAB", 0, 0, 6);
    add(&t, "C", 1, 1, 0);
    finish(&t, 4);
    for (int32_t order = 1; order <= 32; order++) {
        pdm__markov m = solve(&t, (pdm__markov_options){.order = order});
        expect_close(m.p_conversion, 6.0 / 25.0, 1e-15);
        expect_close(m.mean_value, 76.0 / 25.0, 1e-15);
        assert_true(m.effects[3] == 0.0); /* a channel that no path has */
        pdm__markov_clear(&m);
    }
    end(&t);
}

/* Only what is before the first difference matters: the order of adding does not. */
static void test_canonical(void **unused) {
    (void)unused;
    static const char *const paths[] = {"AB", "BA", "A", "ABC", "CCB"};
    double effects[2][3];
    for (int32_t way = 0; way < 2; way++) {
        table t;
        begin(&t);
        for (int32_t i = 0; i < 5; i++) add(&t, paths[way == 0 ? i : 4 - i], 2 + (way == 0 ? i : 4 - i), 7, 3);
        finish(&t, 3);
        pdm__markov m = solve(&t, (pdm__markov_options){.order = 2});
        memcpy(effects[way], m.effects, sizeof effects[way]);
        pdm__markov_clear(&m);
        end(&t);
    }
    assert_memory_equal(effects[0], effects[1], sizeof effects[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_agree), cmocka_unit_test(test_rare),      cmocka_unit_test(test_circles),
        cmocka_unit_test(test_identities), cmocka_unit_test(test_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
