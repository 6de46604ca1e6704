/*
 * The funnel's evaluators: cases that follow from the definitions, random small subjects against naive searches that try everything,
 * and subjects with so many rows that anything quadratic would not come back.
 */
#include "funnel_naive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 30000
#define MANY 200000

#define A UINT32_C(1)
#define B UINT32_C(2)
#define C UINT32_C(4)
#define D UINT32_C(8)
#define ROWS(...)                                                                                                      \
    ((const pdm__funnel_row[]){__VA_ARGS__}), (sizeof((pdm__funnel_row[]){__VA_ARGS__}) / sizeof(pdm__funnel_row))
#define TIMES(...) ((const int64_t[]){__VA_ARGS__}), (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

typedef pdm_status (*evaluator)(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err);

static const pdm__funnel_span always = {INT64_MIN, INT64_MAX};

static pdm__funnel_scratch scratch;

static int begin_tests(void **state) {
    (void)state;
    return pdm_context_create(NULL, &scratch.context, NULL) == PDM_OK ? 0 : -1;
}

static int end_tests(void **state) {
    (void)state;
    pdm_context *context = scratch.context;
    pdm__funnel_scratch_clear(&scratch);
    pdm_context_free(context);
    return 0;
}

static pdm__funnel_attempt evaluate(evaluator function, const pdm__funnel_rules *rules, int64_t as_of,
                                    const pdm__funnel_span *span, const pdm__funnel_row *rows, size_t count) {
    pdm__funnel_eval eval = {rules, as_of, &scratch};
    pdm__funnel_attempt out;
    memset(&out, 0xa5, sizeof out);
    assert_int_equal(function(&eval, rows, count, span, &out, NULL), PDM_OK);
    return out;
}

static void expect(evaluator function, const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                   const int64_t *times, int32_t level) {
    pdm__funnel_attempt out = evaluate(function, rules, 0, &always, rows, count);
    assert_int_equal(out.level, level);
    assert_int_equal(out.filled, level == 0 ? 0 : UINT32_MAX >> (32 - level));
    for (int32_t j = 0; j < level; j++) assert_int_equal(out.times[j], times[j]);
}

static void expect_none(evaluator function, const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count) {
    expect(function, rules, rows, count, NULL, 0);
}

static void expect_sequence(const subject *s, const sequence *q, const pdm__funnel_attempt *out) {
    assert_int_equal(out->level, q->level);
    assert_int_equal(out->filled, (UINT32_C(1) << q->level) - 1);
    if (q->level > 0) assert_int_equal(out->limit, naive_limit(s, s->rows[q->rows[0]].time));
    for (int32_t j = 0; j < q->level; j++) {
        assert_int_equal(out->times[j], s->rows[q->rows[j]].time);
        assert_int_equal(out->rows[j], q->rows[j]);
    }
}

/* --------------------------------------------------------------------------------------------------------------- reach */

static void test_reach(void **state) {
    (void)state;
    pdm__funnel_rules rules = plain_rules(3, 0);
    pdm__funnel_fill fill;
    /* A row that could be both must be what the other cannot be. */
    const pdm__funnel_row both[] = {{0, A | B, 0}, {0, A, 0}};
    pdm__funnel_reach(&rules, both, 2, 0, &fill);
    assert_int_equal(fill.level, 2);
    assert_int_equal(fill.rows[0], 1);
    assert_int_equal(fill.rows[1], 0);
    const pdm__funnel_row one[] = {{0, A | B | C, 0}};
    pdm__funnel_reach(&rules, one, 1, 0, &fill);
    assert_int_equal(fill.level, 1);
    assert_int_equal(pdm__funnel_reach_row(&rules, A | B | C, 1), 2);
    assert_int_equal(pdm__funnel_reach_row(&rules, A | C, 1), 1);
    rules.event_reuse = true;
    pdm__funnel_reach(&rules, one, 1, 0, &fill);
    assert_int_equal(fill.level, 3);
    assert_int_equal(pdm__funnel_reach_row(&rules, A | B | C, 0), 3);
    rules.strict_increase = PDM_FUNNEL_INCREASE_SKIP;
    pdm__funnel_reach(&rules, one, 1, 1, &fill);
    assert_int_equal(fill.level, 2);
    assert_int_equal(pdm__funnel_reach_row(&rules, A | B | C, 1), 2);
    rules = plain_rules(FUNNEL_STEPS, 0);
    rules.event_reuse = true;
    assert_int_equal(pdm__funnel_reach_row(&rules, UINT32_MAX, 31), 32);
    assert_int_equal(pdm__funnel_reach_row(&rules, UINT32_MAX, 0), 32);
}

static void test_reach_tries_all(void **state) {
    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        subject s = random_subject(round, 6);
        for (int32_t from = 0; from < s.rules.steps; from++) {
            uint32_t filled[FUNNEL_STEPS];
            pdm__funnel_fill fill;
            for (int32_t most = from; most <= s.rules.steps; most++) {
                int32_t level = most;
                while (!assign_naively(&s, from + 1, level, 0, filled)) level--;
                pdm__funnel_reach_to(&s.rules, s.rows, (size_t)s.count, from, most, &fill);
                assert_int_equal(fill.level, level);
                for (int32_t j = from; j < level; j++) assert_int_equal(fill.rows[j], filled[j]);
            }
            pdm__funnel_fill whole;
            pdm__funnel_reach(&s.rules, s.rows, (size_t)s.count, from, &whole);
            assert_int_equal(whole.level, fill.level);
            if (s.count == 1) assert_int_equal(pdm__funnel_reach_row(&s.rules, s.rows[0].mask, from), fill.level);
        }
    }
}

/* ---------------------------------------------------------------------------------------------------------------- scan */

static void test_scan(void **state) {
    (void)state;
    pdm__funnel_rules rules = plain_rules(3, 100);
    rules.scan = true;
    const pdm__funnel_row foreign[] = {{1, A, 0}, {2, 0, 0}, {3, B, 0}, {4, C, 0}, {5, A, 0}, {6, B, 0}, {7, C, 0}};
    expect(pdm__funnel_scan_best, &rules, foreign, 7, TIMES(1, 3, 4));
    rules.scan_foreign = FUNNEL_SCAN_STOP;
    expect(pdm__funnel_scan_best, &rules, foreign, 7, TIMES(1));
    rules = plain_rules(3, 100);
    const pdm__funnel_row repeats[] = {{1, A, 0}, {2, B, 0}, {3, A, 0}, {4, B, 0}, {5, C, 0}};
    expect(pdm__funnel_scan_best, &rules, repeats, 5, TIMES(3, 4, 5));
    rules.attempt_tie = PDM_FUNNEL_TIE_FIRST_ENTERED;
    expect(pdm__funnel_scan_best, &rules, repeats, 5, TIMES(1, 2, 5));
    rules.attempt_tie = PDM_FUNNEL_TIE_FIRST_COMPLETED;
    rules.scan_repeat = FUNNEL_SCAN_STOP;
    expect(pdm__funnel_scan_best, &rules, repeats, 5, TIMES(1, 2));
    rules.scan_repeat = FUNNEL_SCAN_RESET; /* B at 4 forgets both A */
    expect(pdm__funnel_scan_best, &rules, repeats, 5, TIMES(1, 2));
    rules.scan_repeat = FUNNEL_SCAN_IGNORE;
    rules.window = 1;
    expect(pdm__funnel_scan_best, &rules, repeats, 5, TIMES(1, 2));
    rules.window = 2;
    expect(pdm__funnel_scan_best, &rules, repeats, 5, TIMES(3, 4, 5));
    const pdm__funnel_row leap[] = {{1, A, 0}, {2, C, 0}, {3, B, 0}, {4, C, 0}};
    rules.window = 100;
    expect(pdm__funnel_scan_best, &rules, leap, 4, TIMES(1, 3, 4));
    rules.scan_leap = FUNNEL_SCAN_SKIP;
    expect(pdm__funnel_scan_best, &rules, leap, 4, TIMES(1, 3, 4));
    rules.scan_leap = FUNNEL_SCAN_STOP;
    expect(pdm__funnel_scan_best, &rules, leap, 4, TIMES(1));
    rules.scan_leap = FUNNEL_SCAN_RESET;
    expect(pdm__funnel_scan_best, &rules, leap, 4, TIMES(1));
    expect_none(pdm__funnel_scan_best, &rules, leap + 1, 3);
}

/* One row that is all steps: as many as `event_reuse` lets it be. An older chain is not lost to a newer one at the same instant. */
static void test_scan_ties(void **state) {
    (void)state;
    pdm__funnel_rules rules = plain_rules(3, 10);
    const pdm__funnel_row all[] = {{1, A | B | C, 0}, {1, A | B, 0}};
    expect(pdm__funnel_scan_best, &rules, all, 1, TIMES(1));
    expect(pdm__funnel_scan_best, &rules, all, 2, TIMES(1, 1));
    /* The older chain takes the first B, the newer one needs the second. */
    expect(pdm__funnel_scan_best, &rules, ROWS({0, A, 0}, {5, A | B, 0}, {5, B, 0}), TIMES(5, 5));
    rules.scan_lowest = true;
    expect(pdm__funnel_scan_best, &rules, all, 2, TIMES(1));
    rules.scan_lowest = false;
    rules.event_reuse = true;
    expect(pdm__funnel_scan_best, &rules, all, 1, TIMES(1, 1, 1));
    rules.strict_increase = PDM_FUNNEL_INCREASE_SKIP;
    expect(pdm__funnel_scan_best, &rules, all, 1, TIMES(1));
    const pdm__funnel_row newer[] = {{1, A, 0}, {5, A, 0}, {5, B, 0}, {6, C, 0}};
    expect(pdm__funnel_scan_best, &rules, newer, 4, TIMES(1, 5, 6));
    rules.window = INT64_MAX - 1; /* the sum would wrap */
    const pdm__funnel_row far[] = {{INT64_MIN, A, 0}, {-2, B, 0}, {INT64_MAX, C, 0}};
    expect(pdm__funnel_scan_best, &rules, far, 3, TIMES(INT64_MIN, -2));
}

static void test_scan_keeps_all(void **state) {
    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        subject s = random_subject(round, 5);
        s.rules.scan_lowest = subject_coin(&s, 4);
        s.rules.scan_foreign = subject_coin(&s, 3) ? FUNNEL_SCAN_STOP : FUNNEL_SCAN_IGNORE;
        static const int32_t repeat_rules[] = {FUNNEL_SCAN_IGNORE, FUNNEL_SCAN_STOP, FUNNEL_SCAN_RESET};
        s.rules.scan_repeat = repeat_rules[subject_below(&s, 3)];
        s.rules.scan_leap = (int32_t)subject_below(&s, 4);
        if (subject_coin(&s, 4)) s.rules.strict_increase = PDM_FUNNEL_INCREASE_SKIP;
        sequence best = scan_naively(&s);
        pdm__funnel_attempt out = evaluate(pdm__funnel_scan_best, &s.rules, s.as_of, &s.span, s.rows, (size_t)s.count);
        expect_sequence(&s, &best, &out);
    }
}

/* ----------------------------------------------------------------------------------------------------------- unordered */

static void test_unordered(void **state) {
    (void)state;
    pdm__funnel_rules rules = plain_rules(3, 10);
    const pdm__funnel_row rows[] = {{0, C, 0}, {2, A, 0}, {4, B, 0}, {20, B, 0}, {21, C, 0}, {22, A, 0}};
    expect(pdm__funnel_unordered_best, &rules, rows, 6, TIMES(0, 2, 4));
    rules.window = 4; /* inclusive */
    expect(pdm__funnel_unordered_best, &rules, rows, 6, TIMES(0, 2, 4));
    rules.window = 3;
    expect(pdm__funnel_unordered_best, &rules, rows, 6, TIMES(20, 21, 22));
    /* The latest row is not always the one to keep: A|B at 1 must wait for C to be B. */
    rules.window = 10;
    expect(pdm__funnel_unordered_best, &rules, ROWS({0, A, 0}, {1, A | B, 0}, {2, A, 0}, {10, C, 0}), TIMES(0, 1, 10));
    /* The rows that fill most steps of a window may leave it before others do. */
    rules.window = 5;
    expect(pdm__funnel_unordered_best, &rules, ROWS({0, A, 0}, {3, A | B, 0}, {4, A | B, 0}, {8, C, 0}),
           TIMES(3, 4, 8));
    rules.event_reuse = true;
    expect(pdm__funnel_unordered_best, &rules, ROWS({3, A | C, 0}, {4, A | B, 0}), TIMES(3, 3, 4));
    expect_none(pdm__funnel_unordered_best, &rules, ROWS({3, 0, 0}));
    expect_none(pdm__funnel_unordered_best, &rules, rows, 0);
}

static void test_unordered_exclusions(void **state) {
    (void)state;
    pdm__funnel_rules rules = plain_rules(2, 10);
    rules.exclusion_count = 1;
    rules.exclusions[0] = (pdm__funnel_exclusion){1, 2, FUNNEL_WIPE_PROGRESS};
    expect(pdm__funnel_unordered_best, &rules, ROWS({0, A, 0}, {1, 0, 1}, {2, B, 0}), TIMES(2));
    expect(pdm__funnel_unordered_best, &rules, ROWS({0, A, 0}, {2, B, 0}, {3, 0, 1}), TIMES(0, 2));
    expect_none(pdm__funnel_unordered_best, &rules, ROWS({0, A, 0}, {1, B, 1}));
    /* Rows at its instant are later. */
    expect(pdm__funnel_unordered_best, &rules, ROWS({0, A, 0}, {1, B, 0}, {1, 0, 1}), TIMES(1));
    expect(pdm__funnel_unordered_best, &rules, ROWS({0, A, 0}, {1, A, 0}, {1, B, 0}, {1, 0, 1}), TIMES(1, 1));
}

static void test_unordered_tries_all(void **state) {
    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        subject s = random_subject(round, 6);
        s.rules.collapse_ties = subject_coin(&s, 3);
        s.rules.grace = subject_coin(&s, 2) ? subject_below(&s, 3) : 0;
        if (subject_coin(&s, 3)) {
            s.rules.exclusion_count = 1;
            s.rules.exclusions[0] = (pdm__funnel_exclusion){1, s.rules.steps, FUNNEL_WIPE_PROGRESS};
            for (int32_t i = 0; i < s.count; i++) s.rows[i].exclude = subject_coin(&s, 5);
        }
        pdm__funnel_attempt out =
            evaluate(pdm__funnel_unordered_best, &s.rules, s.as_of, &s.span, s.rows, (size_t)s.count);
        collapse_naively(&s);
        sequence best = unordered_naively(&s);
        expect_sequence(&s, &best, &out);
    }
}

/* -------------------------------------------------------------------------------------------------------- step windows */

#define HALF INT64_C(1) /* half an hour, say */

static void test_stepped(void **state) {
    (void)state;
    pdm__funnel_rules rules = plain_rules(3, PDM_UNLIMITED);
    rules.has_step_windows = true;
    rules.step_windows[2] = 2 * HALF;
    /* The earliest B is the wrong one. */
    expect(pdm__funnel_stepped_best, &rules, ROWS({0, A, 0}, {2, B, 0}, {10, B, 0}, {11, C, 0}), TIMES(0, 10, 11));
    expect(pdm__funnel_stepped_best, &rules, ROWS({0, A, 0}, {2, B, 0}, {10, B, 0}, {12, C, 0}), TIMES(0, 10, 12));
    expect(pdm__funnel_stepped_best, &rules, ROWS({0, A, 0}, {2, B, 0}, {10, B, 0}, {13, C, 0}), TIMES(0, 2));
    /* The latest entry, then the earliest B that will do. */
    expect(pdm__funnel_stepped_best, &rules, ROWS({0, A, 0}, {1, A, 0}, {2, B, 0}, {3, B, 0}, {4, C, 0}),
           TIMES(1, 2, 4));
    rules.attempt_tie = PDM_FUNNEL_TIE_FIRST_ENTERED;
    expect(pdm__funnel_stepped_best, &rules, ROWS({0, A, 0}, {1, A, 0}, {2, B, 0}, {3, B, 0}, {4, C, 0}),
           TIMES(0, 2, 4));
    rules.attempt_tie = PDM_FUNNEL_TIE_FIRST_COMPLETED;
    rules.entry = PDM_FUNNEL_ENTRY_FIRST;
    rules.window = 5;
    expect(pdm__funnel_stepped_best, &rules, ROWS({0, A, 0}, {4, A, 0}, {5, B, 0}, {6, C, 0}), TIMES(0, 5));
    rules.entry = PDM_FUNNEL_ENTRY_LAST;
    expect(pdm__funnel_stepped_best, &rules, ROWS({0, A, 0}, {1, B, 0}, {2, C, 0}, {3, A, 0}), TIMES(3));
    expect_none(pdm__funnel_stepped_best, &rules, ROWS({0, B, 0}, {1, C, 0}));
    rules = plain_rules(2, PDM_UNLIMITED);
    rules.step_windows[1] = INT64_MAX - 1; /* the difference would wrap */
    expect(pdm__funnel_stepped_best, &rules, ROWS({INT64_MIN, A, 0}, {INT64_MAX, B, 0}), TIMES(INT64_MIN));
    rules.step_windows[1] = PDM_UNLIMITED;
    expect(pdm__funnel_stepped_best, &rules, ROWS({INT64_MIN, A, 0}, {INT64_MAX, B, 0}), TIMES(INT64_MIN, INT64_MAX));
}

/* Local days: two rows 2 h apart, midnight in Shanghai (16:00 UTC) between them. */
static void test_stepped_local_days(void **state) {
    (void)state;
    const int64_t hour = INT64_C(3600000000);
    pdm__funnel_rules rules = plain_rules(2, 1);
    const pdm_calendar shanghai = pdm_calendar_fixed(8 * 3600);
    rules.calendar_days = true;
    expect(pdm__funnel_stepped_best, &rules, ROWS({15 * hour, A, 0}, {17 * hour, B, 0}), TIMES(15 * hour, 17 * hour));
    rules.calendar = &shanghai;
    expect(pdm__funnel_stepped_best, &rules, ROWS({15 * hour, A, 0}, {17 * hour, B, 0}), TIMES(15 * hour));
    expect(pdm__funnel_scan_best, &rules, ROWS({15 * hour, A, 0}, {17 * hour, B, 0}), TIMES(15 * hour));
    rules.window = 2;
    expect(pdm__funnel_stepped_best, &rules, ROWS({15 * hour, A, 0}, {17 * hour, B, 0}), TIMES(15 * hour, 17 * hour));
}

static void test_stepped_tries_all(void **state) {
    (void)state;
    static const int32_t increase[] = {PDM_FUNNEL_INCREASE_OFF, PDM_FUNNEL_INCREASE_OFF, PDM_FUNNEL_INCREASE_SKIP,
                                       PDM_FUNNEL_INCREASE_BREAK};
    for (uint64_t round = 0; round < 3 * ROUNDS; round++) {
        subject s = random_subject(round, 5);
        s.rules.has_step_windows = true;
        for (int32_t j = 1; j < s.rules.steps; j++) {
            if (!subject_coin(&s, 4)) s.rules.step_windows[j] = subject_below(&s, 4);
        }
        s.rules.strict_increase = increase[subject_below(&s, 4)];
        s.rules.row_order = s.rules.strict_increase == PDM_FUNNEL_INCREASE_BREAK || subject_coin(&s, 2);
        s.rules.collapse_ties = !s.rules.row_order && subject_coin(&s, 4);
        s.rules.entry = subject_coin(&s, 3)   ? PDM_FUNNEL_ENTRY_FIRST
                        : subject_coin(&s, 3) ? PDM_FUNNEL_ENTRY_LAST
                                              : PDM_FUNNEL_ENTRY_BEST;
        pdm__funnel_attempt out =
            evaluate(pdm__funnel_stepped_best, &s.rules, s.as_of, &s.span, s.rows, (size_t)s.count);
        collapse_naively(&s);
        sequence best = attempt_naively(&s);
        expect_sequence(&s, &best, &out);
    }
}

/* ------------------------------------------------------------------------------------------------------ optional steps */

static void test_optional(void **state) {
    (void)state;
    pdm__funnel_rules rules = plain_rules(5, 100);
    rules.optional = B | D;
    rules.exclusion_count = 2;
    rules.exclusions[0] = (pdm__funnel_exclusion){1, 5, FUNNEL_END_ATTEMPT};
    rules.exclusions[1] = (pdm__funnel_exclusion){2, 3, FUNNEL_END_ATTEMPT};
    pdm__funnel_rules required;
    pdm__funnel_required_rules(&rules, &required);
    assert_int_equal(required.steps, 3);
    assert_int_equal(required.optional, 0);
    assert_int_equal(required.exclusions[0].from, 1);
    assert_int_equal(required.exclusions[0].to, 3);
    assert_int_equal(required.exclusions[1].from, required.exclusions[1].to);
    const pdm__funnel_row rows[] = {{0, B, 0},     {1, A, 0}, {2, B | C, 1}, {3, B, 0},
                                    {4, C | D, 0}, {5, D, 0}, {200, D, 0}};
    pdm__funnel_row squeezed[7];
    pdm__funnel_required_rows(&rules, rows, 7, squeezed);
    const uint32_t masks[] = {0, A, B, 0, B, 0, 0};
    for (size_t i = 0; i < 7; i++) assert_int_equal(squeezed[i].mask, masks[i]);
    assert_int_equal(squeezed[2].exclude, 1);
    /* A at 1, C at 4: B is that of 2, D that of 5; the D of 200 is beyond the window. */
    pdm__funnel_attempt attempt = {.level = 2, .filled = A | B, .limit = 101, .times = {1, 4}, .rows = {1, 4}};
    pdm__funnel_add_optional(&rules, rows, 7, &attempt);
    assert_int_equal(attempt.level, 2);
    assert_int_equal(attempt.filled, A | B | C | D);
    const int64_t times[] = {1, 2, 4, 5};
    assert_memory_equal(attempt.times, times, sizeof times);
    /* Ended before 5: no D. Not come to C: no D either, but B. */
    attempt = (pdm__funnel_attempt){.level = 2, .filled = A | B, .limit = 101, .times = {1, 4}, .rows = {1, 4}};
    pdm__funnel_add_optional(&rules, rows, 5, &attempt);
    assert_int_equal(attempt.filled, A | B | C);
    attempt = (pdm__funnel_attempt){.level = 1, .filled = A, .limit = 101, .times = {1}, .rows = {1}};
    pdm__funnel_add_optional(&rules, rows, 7, &attempt);
    assert_int_equal(attempt.filled, A | B);
}

static void test_optional_tries_all(void **state) {
    (void)state;
    for (uint64_t round = 0; round < 3 * ROUNDS; round++) {
        subject s = random_subject(round, 6);
        int32_t groups[SUBJECT_ROWS];
        if (s.rules.steps < 3) continue;
        s.rules.optional = (uint32_t)subject_below(&s, INT64_C(1) << (s.rules.steps - 1)) & ~A;
        s.rules.row_order = subject_coin(&s, 3);
        if (subject_coin(&s, 4)) s.rules.strict_increase = PDM_FUNNEL_INCREASE_SKIP;
        if (!s.rules.row_order && s.rules.strict_increase == PDM_FUNNEL_INCREASE_OFF)
            s.rules.grace = subject_below(&s, 3);
        subject required = s;
        pdm__funnel_required_rules(&s.rules, &required.rules);
        pdm__funnel_required_rows(&s.rules, s.rows, (size_t)s.count, required.rows);
        sequence q = attempt_naively(&required);
        pdm__funnel_attempt out = {.level = q.level};
        int32_t rows[] = {-1, -1, -1, -1, -1, -1};
        for (int32_t j = 0, step = 0; j < q.level; j++, step++) {
            while ((s.rules.optional >> step & 1) != 0) step++;
            out.rows[j] = (uint32_t)q.rows[j];
            out.times[j] = s.rows[q.rows[j]].time;
            out.filled |= UINT32_C(1) << j;
            rows[step] = q.rows[j];
            assert_true(satisfies(&s, q.rows[j], step + 1));
        }
        if (q.level > 0) out.limit = naive_limit(&s, out.times[0]);
        pdm__funnel_add_optional(&s.rules, s.rows, (size_t)s.count, &out);
        number_groups(&s, groups);
        if (q.level > 0) add_optional_naively(&s, groups, rows);
        assert_int_equal(out.level, q.level);
        for (int32_t j = 0; j < s.rules.steps; j++) {
            assert_int_equal(out.filled >> j & 1, rows[j] >= 0);
            if (rows[j] < 0) continue;
            assert_int_equal(out.rows[j], rows[j]);
            assert_int_equal(out.times[j], s.rows[rows[j]].time);
        }
    }
}

/* ----------------------------------------------------------------------------------------------------------- many rows */

/* Shapes of a subject with MANY rows. */
static void shape(pdm__funnel_row *rows, int32_t which, int32_t steps) {
    subject noise = {.seed = 7};
    uint32_t every = (UINT32_C(1) << steps) - 1;
    for (int64_t i = 0; i < MANY; i++) {
        uint32_t random = (uint32_t)subject_below(&noise, every);
        pdm__funnel_row *row = &rows[i];
        row->exclude = 0;
        row->time = which == 0 || which == 3 ? i : which == 1 ? i / 3 : 0;
        row->mask = which == 3 ? (i < MANY / 2 ? A : B) : which == 0 ? UINT32_C(1) << i % steps : random & ~D;
    }
}

static void run_all(const pdm__funnel_rules *rules, const pdm__funnel_row *rows) {
    const evaluator all[] = {pdm__funnel_scan_best, pdm__funnel_unordered_best, pdm__funnel_stepped_best};
    for (int32_t e = 0; e < PDM__COUNT(all); e++) {
        if (e == 1 && (rules->row_order || rules->attempt_tie != PDM_FUNNEL_TIE_FIRST_COMPLETED)) continue;
        pdm__funnel_attempt out = evaluate(all[e], rules, 0, &always, rows, MANY);
        assert_true(out.level > 0 && out.level <= rules->steps);
    }
}

/* The highest step is hardly ever or never to be had, so that no search ends early. */
static void test_many_rows(void **state) {
    (void)state;
    pdm__funnel_row *rows = malloc(MANY * sizeof *rows);
    assert_non_null(rows);
    for (int32_t which = 0; which < 4; which++) {
        pdm__funnel_rules rules = plain_rules(9, which == 0 ? MANY : PDM_UNLIMITED);
        shape(rows, which, 8);
        rules.has_step_windows = true;
        for (int32_t j = 1; j < 8; j++) rules.step_windows[j] = 1000 * j;
        for (int32_t variant = 0; variant < 8; variant++) {
            rules.event_reuse = variant == 1;
            rules.attempt_tie = variant == 2 ? PDM_FUNNEL_TIE_FIRST_ENTERED : PDM_FUNNEL_TIE_FIRST_COMPLETED;
            rules.row_order = variant == 3 || variant == 7;
            rules.scan_lowest = variant == 4;
            rules.collapse_ties = variant == 5;
            rules.grace = variant == 5 ? 50 : 0;
            rules.scan_repeat = variant == 6 ? FUNNEL_SCAN_RESET : FUNNEL_SCAN_IGNORE;
            rules.strict_increase = variant == 7 ? PDM_FUNNEL_INCREASE_BREAK : PDM_FUNNEL_INCREASE_OFF;
            if (rules.grace > 0) {
                evaluate(pdm__funnel_unordered_best, &rules, 0, &always, rows, MANY);
            } else {
                run_all(&rules, rows);
            }
        }
    }
    free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_reach_tries_all),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_scan_ties),
        cmocka_unit_test(test_scan_keeps_all),
        cmocka_unit_test(test_unordered),
        cmocka_unit_test(test_unordered_exclusions),
        cmocka_unit_test(test_unordered_tries_all),
        cmocka_unit_test(test_stepped),
        cmocka_unit_test(test_stepped_local_days),
        cmocka_unit_test(test_stepped_tries_all),
        cmocka_unit_test(test_optional),
        cmocka_unit_test(test_optional_tries_all),
        cmocka_unit_test(test_many_rows),
    };
    return cmocka_run_group_tests(tests, begin_tests, end_tests);
}
