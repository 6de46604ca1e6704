/* Scores, cuts and ladders: cases that follow from the definitions, and what can go wrong. */
#include "stats/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define LIST(...) ((const int64_t[]){__VA_ARGS__})
#define EXPECT(...) ((const int32_t[]){__VA_ARGS__})
#define COUNT(list) (sizeof(list) / sizeof *(list))

static const int64_t freq20[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 7, 9, 12};
static const int64_t all_equal[] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
static const int64_t ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static const int64_t single[] = {42};

/* ------------------------------------------------------------------------------------------------------------ bench */

typedef struct bed {
    pdm_context *context;
    pdm__run run;
} bed;

static bed make_bed(int32_t threads) {
    bed b;
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    assert_int_equal(pdm_context_create(&options, &b.context, NULL), PDM_OK);
    pdm__run_begin(&b.run, b.context, -1);
    return b;
}

/* Also checks that everything was given back. */
static void free_bed(bed *b) {
    uint64_t now = 0;
    pdm_context *fresh = NULL;
    uint64_t fresh_now = 0;
    assert_int_equal(pdm_context_create(NULL, &fresh, NULL), PDM_OK);
    pdm_context_memory(b->context, &now, NULL);
    pdm_context_memory(fresh, &fresh_now, NULL);
    assert_int_equal(now, fresh_now);
    pdm_context_free(fresh);
    pdm_context_free(b->context);
}

static pdm__score_rule rule_of(int32_t policy, int32_t k) {
    return (pdm__score_rule){.policy = policy, .k = k, .delta = 1};
}

static void expect_scores(const pdm__score_rule *rule, const int64_t *values, size_t n, const int32_t *expected) {
    bed b = make_bed(1);
    pdm__score_classes classes;
    int32_t scores[64] = {0};
    pdm_error err;
    assert_true(n <= 64);
    assert_int_equal(pdm__score(&b.run, rule, "f", values, NULL, n, scores, &classes, &err), PDM_OK);
    assert_memory_equal(scores, expected, n * sizeof *scores);
    free_bed(&b);
}

static pdm_status status_of(const pdm__score_rule *rule, const int64_t *values, size_t n, pdm_error *err) {
    bed b = make_bed(1);
    pdm__score_classes classes;
    int32_t scores[64];
    pdm_status status = pdm__score(&b.run, rule, "f", values, NULL, n, scores, &classes, err);
    free_bed(&b);
    return status;
}

/* ---------------------------------------------------- small cases: they follow from the specification's definitions */

static void test_ties_freq20(void **state) {
    (void)state;
    pdm__score_rule rule = rule_of(PDM__SCORE_MIDRANK, 5);
    expect_scores(&rule, freq20, 20, EXPECT(2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5));
    rule.policy = PDM__SCORE_PCT_RANK;
    expect_scores(&rule, freq20, 20, EXPECT(2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5));
    rule.ties = PDM__SCORE_TIES_MIN;
    expect_scores(&rule, freq20, 20, EXPECT(1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5));
    rule.ties = PDM__SCORE_TIES_MAX;
    expect_scores(&rule, freq20, 20, EXPECT(3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5));
    rule.policy = PDM__SCORE_NTILE;
    expect_scores(&rule, freq20, 20, EXPECT(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5));
    rule.policy = PDM__SCORE_RANK_FIRST;
    expect_scores(&rule, freq20, 20, EXPECT(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5));
    rule.policy = PDM__SCORE_QUANTILE_RFM_R;
    expect_scores(&rule, freq20, 20, EXPECT(1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5));
    rule.policy = PDM__SCORE_QUANTILE_RIGHT;
    rule.drop_duplicates = 1;
    expect_scores(&rule, freq20, 20, EXPECT(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3));
}

static void test_duplicate_edges(void **state) {
    (void)state;
    pdm_error err;
    pdm__score_rule rule = rule_of(PDM__SCORE_QUANTILE_RIGHT, 5);
    assert_int_equal(status_of(&rule, freq20, 20, &err), PDM_E_DUPLICATE_EDGES);
    assert_string_equal(err.column, "f");
    assert_non_null(strstr(err.message, "edges 0 and 1 both at 1"));
    assert_int_equal(status_of(&rule, all_equal, 10, &err), PDM_E_DUPLICATE_EDGES);
    assert_int_equal(status_of(&rule, single, 1, &err), PDM_E_DUPLICATE_EDGES);
    assert_int_equal(status_of(&rule, ten, 10, &err), PDM_OK);
}

static void test_ties_all_equal(void **state) {
    (void)state;
    pdm__score_rule rule = rule_of(PDM__SCORE_MIDRANK, 5);
    expect_scores(&rule, all_equal, 10, EXPECT(3, 3, 3, 3, 3, 3, 3, 3, 3, 3));
    rule.policy = PDM__SCORE_PCT_RANK;
    expect_scores(&rule, all_equal, 10, EXPECT(3, 3, 3, 3, 3, 3, 3, 3, 3, 3));
    rule.ties = PDM__SCORE_TIES_MIN;
    expect_scores(&rule, all_equal, 10, EXPECT(1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    rule.ties = PDM__SCORE_TIES_MAX;
    expect_scores(&rule, all_equal, 10, EXPECT(5, 5, 5, 5, 5, 5, 5, 5, 5, 5));
    rule.policy = PDM__SCORE_NTILE;
    expect_scores(&rule, all_equal, 10, EXPECT(1, 1, 2, 2, 3, 3, 4, 4, 5, 5));
    rule.policy = PDM__SCORE_RANK_FIRST;
    expect_scores(&rule, all_equal, 10, EXPECT(1, 1, 2, 2, 3, 3, 4, 4, 5, 5));
    rule.policy = PDM__SCORE_QUANTILE_RFM_R;
    expect_scores(&rule, all_equal, 10, EXPECT(1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    rule.policy = PDM__SCORE_QUANTILE_RIGHT;
    rule.drop_duplicates = 1;
    expect_scores(&rule, all_equal, 10, EXPECT(0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    rule.smaller_better = 1;
    expect_scores(&rule, all_equal, 10, EXPECT(0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

static void test_ties_ten_and_single(void **state) {
    (void)state;
    const int32_t policies[] = {PDM__SCORE_MIDRANK, PDM__SCORE_PCT_RANK, PDM__SCORE_NTILE, PDM__SCORE_RANK_FIRST,
                                PDM__SCORE_QUANTILE_RIGHT};
    for (size_t i = 0; i < COUNT(policies); i++) {
        pdm__score_rule rule = rule_of(policies[i], 5);
        expect_scores(&rule, ten, 10, EXPECT(1, 1, 2, 2, 3, 3, 4, 4, 5, 5));
        rule.smaller_better = 1;
        expect_scores(&rule, ten, 10, EXPECT(5, 5, 4, 4, 3, 3, 2, 2, 1, 1));
    }
    pdm__score_rule rule = rule_of(PDM__SCORE_QUANTILE_RFM_R, 5);
    expect_scores(&rule, ten, 10, EXPECT(1, 1, 1, 2, 2, 3, 3, 4, 4, 5));
    expect_scores(&rule, single, 1, EXPECT(1));
    const int32_t on_single[][2] = {
        {PDM__SCORE_MIDRANK, 3}, {PDM__SCORE_PCT_RANK, 5}, {PDM__SCORE_NTILE, 1}, {PDM__SCORE_RANK_FIRST, 1}};
    for (size_t i = 0; i < COUNT(on_single); i++) {
        rule = rule_of(on_single[i][0], 5);
        expect_scores(&rule, single, 1, &on_single[i][1]);
    }
    rule = rule_of(PDM__SCORE_QUANTILE_RIGHT, 5);
    rule.drop_duplicates = 1;
    expect_scores(&rule, single, 1, EXPECT(0));
}

/* pymc-marketing's quartile labels: four edges of the frequencies coincide, the best customers get 3 of 4. */
static void test_quartile_labels(void **state) {
    (void)state;
    pdm__score_rule rule = rule_of(PDM__SCORE_QUANTILE_RIGHT, 4);
    rule.drop_duplicates = 1;
    expect_scores(&rule, LIST(1, 1, 1, 1, 2, 3, 5, 9), 8, EXPECT(1, 1, 1, 1, 2, 2, 3, 3));
    expect_scores(&rule, LIST(5, 10, 20, 30, 50, 80, 120, 400), 8, EXPECT(1, 1, 2, 2, 3, 3, 4, 4));
    rule.smaller_better = 1;
    expect_scores(&rule, LIST(1, 5, 10, 20, 40, 80, 160, 320), 8, EXPECT(4, 4, 3, 3, 2, 2, 1, 1));
    expect_scores(&rule, LIST(1, 1, 1, 1, 2, 3, 5, 9), 8, EXPECT(3, 3, 3, 3, 2, 2, 1, 1));
}

static void expect_cuts(const int64_t *values, size_t n, const int32_t *sizes, const int64_t *cuts) {
    bed b = make_bed(1);
    pdm__score_rule rule = rule_of(PDM__SCORE_MIDRANK, 5);
    pdm__score_rule frozen;
    pdm__score_classes classes;
    int32_t scores[16];
    int32_t again[16];
    assert_int_equal(pdm__score(&b.run, &rule, "f", values, NULL, n, scores, &classes, NULL), PDM_OK);
    assert_int_equal(classes.count, 5);
    for (int32_t c = 0; c < 5; c++) {
        assert_int_equal(classes.classes[c].class_number, c + 1);
        assert_int_equal(classes.classes[c].customers, sizes[c]);
        assert_int_equal(classes.classes[c].has_cut, c > 0);
        if (c > 0) assert_int_equal(classes.classes[c].cut, cuts[c]);
    }
    pdm__score_freeze(&rule, &classes, &frozen);
    assert_int_equal(frozen.policy, PDM__SCORE_FIXED);
    assert_int_equal(frozen.cut_count, 4);
    assert_memory_equal(frozen.cuts, cuts + 1, 4 * sizeof *cuts);
    assert_int_equal(pdm__score(&b.run, &frozen, "f", values, NULL, n, again, &classes, NULL), PDM_OK);
    assert_memory_equal(scores, again, n * sizeof *scores);
    free_bed(&b);
}

static void test_midrank_cuts(void **state) {
    (void)state;
    expect_cuts(LIST(1, 1, 1, 1, 1, 1, 2, 2, 5, 9), 10, EXPECT(0, 6, 0, 2, 2), LIST(0, 1, 2, 2, 5));
    expect_cuts(LIST(1, 1, 1, 2), 4, EXPECT(0, 3, 0, 0, 1), LIST(0, 1, 2, 2, 2));
    expect_cuts(LIST(1, 2, 2, 2), 4, EXPECT(1, 0, 0, 3, 0), LIST(0, 2, 2, 2, 3));
}

static void test_fixed(void **state) {
    (void)state;
    pdm__score_rule rule = rule_of(PDM__SCORE_FIXED, 4);
    rule.cut_count = 3;
    rule.cuts[0] = -5;
    rule.cuts[1] = 10;
    rule.cuts[2] = 10;
    expect_scores(&rule, LIST(-6, -5, 0, 9, 10, 11), 6, EXPECT(1, 2, 2, 2, 4, 4));
    rule.smaller_better = 1;
    expect_scores(&rule, LIST(-6, -5, 0, 9, 10, 11), 6, EXPECT(4, 3, 3, 3, 1, 1));
    rule.cuts[0] = rule.cuts[1] = rule.cuts[2] = INT64_MIN;
    expect_scores(&rule, LIST(INT64_MIN, INT64_MAX), 2, EXPECT(1, 1));
}

static void test_delta_beyond_the_range(void **state) {
    (void)state;
    pdm__score_rule rule = rule_of(PDM__SCORE_QUANTILE_RFM_R, 5);
    rule.delta = INT64_MAX;
    expect_scores(&rule, LIST(1, 2, INT64_MAX), 3, EXPECT(1, 1, 1));
    rule.delta = INT64_MIN;
    expect_scores(&rule, LIST(INT64_MIN, -2, -1), 3, EXPECT(5, 5, 5));
}

static pdm__score_rule split_rule(int32_t by, int32_t inclusive, int32_t smaller_better) {
    pdm__score_rule rule = rule_of(PDM__SCORE_SPLIT, 2);
    rule.split_by = by;
    rule.inclusive = inclusive;
    rule.smaller_better = smaller_better;
    return rule;
}

static void test_split(void **state) {
    (void)state;
    const int64_t *mean_two = LIST(1, 2, 3);     /* mean 2, median 2 */
    const int64_t *between = LIST(-4, -3, 2, 8); /* mean 3/4, median −1/2 */
    for (int32_t by = PDM__SCORE_SPLIT_MEAN; by <= PDM__SCORE_SPLIT_VALUE; by++) {
        pdm__score_rule rule = split_rule(by, 0, 0);
        rule.split_value = 2;
        expect_scores(&rule, mean_two, 3, EXPECT(1, 1, 2));
        rule.inclusive = 1;
        expect_scores(&rule, mean_two, 3, EXPECT(1, 2, 2));
        rule.smaller_better = 1;
        expect_scores(&rule, mean_two, 3, EXPECT(2, 2, 1));
        rule.inclusive = 0;
        expect_scores(&rule, mean_two, 3, EXPECT(2, 1, 1));
        rule.split_value = -1;
        expect_scores(&rule, between, 4, EXPECT(2, 2, 1, 1));
        rule.smaller_better = 0;
        expect_scores(&rule, between, 4, EXPECT(1, 1, 2, 2));
    }
}

/* The split of one population, applied to another one that has values next to it. */
static void test_frozen_split(void **state) {
    (void)state;
    const int64_t *first = LIST(25, 26, 24, 26, 25);                                 /* mean 25.2 */
    const int64_t *whole = LIST(10, 20, 30);                                         /* mean 20 */
    static const int32_t on_20[4][3] = {{1, 1, 2}, {1, 2, 2}, {2, 1, 1}, {2, 2, 1}}; /* scores of 19, 20, 21 */
    for (int32_t bits = 0; bits < 4; bits++) {
        bed b = make_bed(1);
        pdm__score_rule rule = split_rule(PDM__SCORE_SPLIT_MEAN, bits & 1, bits >> 1);
        pdm__score_rule frozen;
        pdm__score_classes classes;
        int32_t scores[8];
        assert_int_equal(pdm__score(&b.run, &rule, "r", first, NULL, 5, scores, &classes, NULL), PDM_OK);
        assert_true(classes.has_split);
        assert_int_equal(classes.split_numerator, 126);
        assert_int_equal(classes.split_denominator, 5);
        pdm__score_freeze(&rule, &classes, &frozen);
        bool down = rule.smaller_better != 0;
        expect_scores(&frozen, LIST(24, 25, 26, 27), 4, down ? EXPECT(2, 2, 1, 1) : EXPECT(1, 1, 2, 2));
        assert_int_equal(pdm__score(&b.run, &rule, "r", whole, NULL, 3, scores, &classes, NULL), PDM_OK);
        pdm__score_freeze(&rule, &classes, &frozen);
        expect_scores(&frozen, LIST(19, 20, 21), 3, on_20[bits]);
        free_bed(&b);
    }
}

static void test_freeze_without_classes(void **state) {
    (void)state;
    bed b = make_bed(1);
    pdm__score_classes classes;
    pdm__score_rule frozen;
    int32_t scores[16];
    pdm__score_rule rule = rule_of(PDM__SCORE_QUANTILE_RIGHT, 5);
    rule.drop_duplicates = 1;
    assert_int_equal(pdm__score(&b.run, &rule, "f", all_equal, NULL, 10, scores, &classes, NULL), PDM_OK);
    assert_int_equal(classes.count, 0);
    pdm__score_freeze(&rule, &classes, &frozen);
    expect_scores(&frozen, ten, 10, EXPECT(0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    /* Nothing exceeds the largest integer; the frozen rule must not either. */
    rule = rule_of(PDM__SCORE_MIDRANK, 5);
    const int64_t *top = LIST(1, INT64_MAX, INT64_MAX, INT64_MAX);
    assert_int_equal(pdm__score(&b.run, &rule, "f", top, NULL, 4, scores, &classes, NULL), PDM_OK);
    assert_int_equal(classes.classes[4].customers, 0);
    assert_int_equal(classes.classes[4].cut, INT64_MAX);
    pdm__score_freeze(&rule, &classes, &frozen);
    expect_scores(&frozen, top, 4, EXPECT(1, 4, 4, 4));
    free_bed(&b);
}

static void test_empty(void **state) {
    (void)state;
    bed b = make_bed(2);
    for (int32_t policy = PDM__SCORE_MIDRANK; policy <= PDM__SCORE_SPLIT; policy++) {
        pdm__score_rule rule = rule_of(policy, 5);
        pdm__score_classes classes;
        assert_int_equal(pdm__score(&b.run, &rule, "f", NULL, NULL, 0, NULL, &classes, NULL), PDM_OK);
        assert_int_equal(classes.count, policy == PDM__SCORE_SPLIT ? 2 : 5);
        assert_false(classes.has_split);
        for (int32_t c = 0; c < classes.count; c++) {
            assert_int_equal(classes.classes[c].customers, 0);
            assert_int_equal(classes.classes[c].score, c + 1);
            assert_false(classes.classes[c].has_cut);
        }
        pdm__score_rule frozen;
        pdm__score_freeze(&rule, &classes, &frozen);
        assert_int_equal(frozen.policy, policy);
    }
    free_bed(&b);
}

static void test_members(void **state) {
    (void)state;
    bed b = make_bed(1);
    const int64_t values[] = {100, 5, -100, 6, 50, 7, 0, 8, 9};
    const uint32_t members[] = {1, 3, 5, 7, 8};
    int32_t scores[9] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
    pdm__score_classes classes;
    pdm__score_rule rule = rule_of(PDM__SCORE_MIDRANK, 5);
    rule.smaller_better = 1;
    assert_int_equal(pdm__score(&b.run, &rule, "f", values, members, 5, scores, &classes, NULL), PDM_OK);
    assert_memory_equal(scores, EXPECT(-1, 5, -1, 4, -1, 3, -1, 2, 1), sizeof scores);
    assert_int_equal(classes.classes[4].value_max, 9);
    free_bed(&b);
}

/* ----------------------------------------------------------------------------------------------------- stop, memory */

/* Many small values and a few of every larger size: selection takes several rounds. */
static void fill_long_tail(int64_t *values, size_t n) {
    uint64_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        values[i] = (int64_t)(x >> 1 >> (i % 61));
    }
}

static bool stop_now(void *user) {
    (void)user;
    return true;
}

static void test_stop(void **state) {
    (void)state;
    static int64_t values[20000];
    static int32_t scores[COUNT(values)];
    fill_long_tail(values, COUNT(values));
    pdm_context *context = NULL;
    pdm_context_options options = pdm_context_options_default();
    options.should_stop = stop_now;
    assert_int_equal(pdm_context_create(&options, &context, NULL), PDM_OK);
    for (int32_t policy = PDM__SCORE_MIDRANK; policy <= PDM__SCORE_SPLIT; policy++) {
        pdm__run run;
        pdm__run_begin(&run, context, -1);
        pdm__score_rule rule = rule_of(policy, 2);
        rule.split_by = PDM__SCORE_SPLIT_MEAN;
        pdm__score_classes classes;
        pdm_error err;
        assert_int_equal(pdm__score(&run, &rule, "f", values, NULL, COUNT(values), scores, &classes, &err),
                         PDM_E_STOPPED);
        assert_int_equal(err.code, PDM_E_STOPPED);
    }
    pdm_context_free(context);
}

typedef struct failing {
    int64_t left; /* allocations that still work */
    int64_t live;
} failing;

static void *failing_resize(void *user, void *block, size_t old_size, size_t new_size) {
    failing *f = user;
    (void)old_size;
    if (new_size == 0) {
        if (block != NULL) f->live--;
        free(block);
        return NULL;
    }
    if (f->left-- <= 0) return NULL;
    if (block == NULL) f->live++;
    return realloc(block, new_size);
}

static void test_out_of_memory(void **state) {
    (void)state;
    static int64_t values[20000];
    static int32_t scores[COUNT(values)];
    static uint32_t members[COUNT(values)];
    fill_long_tail(values, COUNT(values));
    for (size_t i = 0; i < COUNT(values); i++) members[i] = (uint32_t)i;
    bool done = false;
    for (int64_t allowed = 1; !done; allowed++) {
        failing f = {INT64_MAX, 0};
        pdm_context *context = NULL;
        pdm_context_options options = pdm_context_options_default();
        options.allocator = (pdm_allocator){failing_resize, &f};
        assert_int_equal(pdm_context_create(&options, &context, NULL), PDM_OK);
        int64_t live = f.live;
        f.left = allowed - 1;
        pdm__run run;
        pdm__run_begin(&run, context, -1);
        pdm__score_rule rule = rule_of(PDM__SCORE_QUANTILE_RIGHT, 10);
        pdm__score_classes classes;
        pdm_status status = pdm__score(&run, &rule, "f", values, members, COUNT(values), scores, &classes, NULL);
        assert_int_equal(f.live, live);
        done = status == PDM_OK;
        if (!done) assert_int_equal(status, PDM_E_NOMEM);
        if (allowed <= 3) assert_false(done);
        f.left = INT64_MAX;
        pdm_context_free(context);
        assert_int_equal(f.live, 0);
    }
}

/* ---------------------------------------------------------------------------------------------------------- ladders */

static void test_ladder_definition(void **state) {
    (void)state;
    bed b = make_bed(1);
    const int64_t values[] = {0, 9999, 10000, 49999, 50000, -200, 120000, 10000, 300, 80000};
    const double shares[] = {0.2, 0.3, 0.5};
    int32_t step[10];
    int64_t lowest[3];
    bool has[3];
    assert_int_equal(pdm__ladder_share(&b.run, values, 10, shares, 3, step, lowest, has, NULL), PDM_OK);
    assert_memory_equal(step, EXPECT(2, 2, 2, 1, 1, 2, 0, 2, 2, 0), sizeof step);
    assert_memory_equal(lowest, LIST(80000, 49999, -200), sizeof lowest);
    assert_true(has[0] && has[1] && has[2]);
    assert_int_equal(pdm__ladder_share(&b.run, values, 0, shares, 3, NULL, lowest, has, NULL), PDM_OK);
    assert_false(has[0] || has[1] || has[2]);
    assert_int_equal(pdm__ladder_share(&b.run, all_equal, 10, shares, 3, step, lowest, has, NULL), PDM_OK);
    assert_false(has[0] || has[1]);
    assert_memory_equal(step, EXPECT(2, 2, 2, 2, 2, 2, 2, 2, 2, 2), sizeof step);
    free_bed(&b);
}

static pdm_status ladder_status(const double *shares, int32_t count, pdm_error *err) {
    bed b = make_bed(1);
    int32_t step[10];
    int64_t lowest[PDM__LADDER_MAX_STEPS + 1];
    bool has[PDM__LADDER_MAX_STEPS + 1];
    pdm_status status = pdm__ladder_share(&b.run, ten, 10, shares, count, step, lowest, has, err);
    free_bed(&b);
    return status;
}

static void test_ladder_shares(void **state) {
    (void)state;
    pdm_error err;
    double many[PDM__LADDER_MAX_STEPS + 1] = {0.5, 0.5};
    assert_int_equal(ladder_status((const double[]){1}, 1, &err), PDM_OK);
    /* Decimals, not binary fractions: the doubles of these do not add up to 1. */
    assert_int_equal(ladder_status((const double[]){0.1, 0.2, 0.7}, 3, &err), PDM_OK);
    assert_int_equal(ladder_status((const double[]){0.333333, 0.333333, 0.333334}, 3, &err), PDM_OK);
    assert_int_equal(ladder_status((const double[]){1e-05, 0.99999}, 2, &err), PDM_OK);
    assert_int_equal(ladder_status((const double[]){0.2, 0.3, 0.4}, 3, &err), PDM_E_BAD_OPTION);
    assert_non_null(strstr(err.message, "below 1"));
    assert_int_equal(ladder_status((const double[]){0.1 + 0.2, 0.7}, 2, &err), PDM_E_BAD_OPTION);
    assert_non_null(strstr(err.message, "above 1"));
    assert_int_equal(ladder_status((const double[]){0.5, 0, 0.5}, 3, &err), PDM_E_BAD_OPTION);
    assert_int_equal(err.row, 1);
    assert_int_equal(ladder_status((const double[]){1.5, -0.5}, 2, &err), PDM_E_BAD_OPTION);
    assert_int_equal(ladder_status((const double[]){(double)NAN}, 1, &err), PDM_E_BAD_OPTION);
    assert_int_equal(ladder_status((const double[]){1e-300, 1}, 2, &err), PDM_E_BAD_OPTION);
    assert_int_equal(ladder_status(many, 0, &err), PDM_E_BAD_OPTION);
    assert_int_equal(ladder_status(many, PDM__LADDER_MAX_STEPS + 1, &err), PDM_E_BAD_OPTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ties_freq20),
        cmocka_unit_test(test_duplicate_edges),
        cmocka_unit_test(test_ties_all_equal),
        cmocka_unit_test(test_ties_ten_and_single),
        cmocka_unit_test(test_quartile_labels),
        cmocka_unit_test(test_midrank_cuts),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_delta_beyond_the_range),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_frozen_split),
        cmocka_unit_test(test_freeze_without_classes),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_ladder_definition),
        cmocka_unit_test(test_ladder_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
