/*
 * The algebra of sealed blocks against searches that try everything: random rows with ties and overlapping steps, cut anywhere, joined in
 * any order; and how blocks are written and read.
 */
#include "metrics/funnel_block.h"

#include "funnel_naive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 20000
#define MANY_ROUNDS 2000
#define MANY_ROWS 60
#define PIECES 8

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

static void block_of(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                     pdm__funnel_block *out) {
    pdm__funnel_eval eval = {rules, 0, &scratch};
    pdm__funnel_block_begin(out, rules->steps);
    assert_int_equal(pdm__funnel_block_add(&eval, out, rows, count, NULL), PDM_OK);
}

static int by_time(const void *a, const void *b) {
    const pdm__funnel_row *x = a;
    const pdm__funnel_row *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    if (x->mask != y->mask) return x->mask < y->mask ? -1 : 1;
    return x->exclude < y->exclude ? -1 : x->exclude > y->exclude;
}

/* Tuples in canonical order. */
static size_t tuples_of(const pdm__funnel_block *block, pdm__funnel_row *out) {
    size_t n = pdm__funnel_block_write(block, out);
    assert_true(n <= FUNNEL_MOST_MARKS);
    qsort(out, n, sizeof *out, by_time);
    return n;
}

static void expect_same(const pdm__funnel_block *a, const pdm__funnel_block *b) {
    static pdm__funnel_row x[FUNNEL_MOST_MARKS];
    static pdm__funnel_row y[FUNNEL_MOST_MARKS];
    size_t n = tuples_of(a, x);
    assert_int_equal(tuples_of(b, y), n);
    assert_memory_equal(x, y, n * sizeof *x);
    assert_int_equal(a->level, b->level);
    assert_memory_equal(a->reported + 1, b->reported + 1, (size_t)a->level * sizeof *a->reported);
}

/* Pieces that begin at instants, some empty. */
static int32_t cut(subject *s, const pdm__funnel_row *rows, size_t count, size_t *starts) {
    int32_t pieces = 1 + (int32_t)subject_below(s, PIECES);
    starts[0] = 0;
    for (int32_t p = 1; p < pieces; p++) {
        size_t at = starts[p - 1] + (size_t)subject_below(s, (int64_t)(count - starts[p - 1]) + 1);
        while (at > starts[p - 1] && at < count && rows[at].time == rows[at - 1].time) at--;
        starts[p] = at;
    }
    starts[pieces] = count;
    return pieces;
}

static void cut_and_join(subject *s, const pdm__funnel_row *rows, size_t count, pdm__funnel_block *out) {
    static pdm__funnel_block blocks[PIECES];
    size_t starts[PIECES + 1];
    int32_t left = cut(s, rows, count, starts);
    for (int32_t p = 0; p < left; p++) block_of(&s->rules, rows + starts[p], starts[p + 1] - starts[p], &blocks[p]);
    while (left > 1) {
        int32_t at = (int32_t)subject_below(s, left - 1);
        pdm__funnel_block_join(&s->rules, &blocks[at], &blocks[at + 1]);
        memmove(&blocks[at + 1], &blocks[at + 2], (size_t)(left - at - 2) * sizeof *blocks);
        left--;
    }
    *out = blocks[0];
}

static void expect_written(const subject *s, const pdm__funnel_block *block) {
    static pdm__funnel_row marks[FUNNEL_MOST_MARKS];
    static pdm__funnel_block read;
    size_t n = tuples_of(block, marks);
    memset(&read, 0xa5, sizeof read);
    assert_true(pdm__funnel_block_read(&s->rules, marks, n, &read));
    expect_same(block, &read);
}

/* A subject whose rules can be sealed. */
static subject sealable_subject(uint64_t seed) {
    static const pdm_calendar shanghai = {.utc_offset_s = 28800};
    subject s = random_subject(seed, SUBJECT_STEPS);
    s.rules.attempt_tie = PDM_FUNNEL_TIE_FIRST_COMPLETED;
    s.rules.mature_only = s.rules.has_entry_from = s.rules.has_entry_to = false;
    s.span = (pdm__funnel_span){INT64_MIN, INT64_MAX};
    if (subject_coin(&s, 4)) s.rules.strict_increase = PDM_FUNNEL_INCREASE_SKIP;
    s.rules.collapse_ties = subject_coin(&s, 6);
    s.rules.calendar = subject_coin(&s, 2) ? &shanghai : s.rules.calendar;
    return s;
}

/* ---- against all attempts ---- */

/* All ways to fill steps from + 1 … to, one after the other. */
typedef struct search {
    const subject *s;
    int32_t from;
    int64_t window; /* from the first of them; PDM_UNLIMITED */
    int32_t rows[SUBJECT_STEPS];
    bool found[SUBJECT_STEPS + 1];
    int64_t earliest[SUBJECT_STEPS + 1]; /* [to]: least time of the last one */
    int64_t latest[SUBJECT_STEPS + 1];   /* [to]: greatest time of the first one */
} search;

static void look(search *q, int32_t count) {
    const subject *s = q->s;
    int32_t to = q->from + count;
    if (count > 0) {
        int64_t last = s->rows[q->rows[count - 1]].time;
        int64_t first = s->rows[q->rows[0]].time;
        q->earliest[to] = !q->found[to] || last < q->earliest[to] ? last : q->earliest[to];
        q->latest[to] = !q->found[to] || first > q->latest[to] ? first : q->latest[to];
        q->found[to] = true;
    }
    if (to >= s->rules.steps || count >= SUBJECT_STEPS) return;
    for (int32_t i = 0; i < s->count; i++) {
        bool used = false;
        for (int32_t j = 0; j < count && !s->rules.event_reuse; j++) used = used || q->rows[j] == i;
        if (used || !satisfies(s, i, to + 1)) continue;
        if (count > 0) {
            int64_t last = s->rows[q->rows[count - 1]].time;
            bool later =
                s->rules.strict_increase == PDM_FUNNEL_INCREASE_OFF ? s->rows[i].time >= last : s->rows[i].time > last;
            bool inside = q->window == PDM_UNLIMITED || s->rows[i].time - s->rows[q->rows[0]].time <= q->window;
            if (!later || !inside) continue;
        }
        q->rows[count] = i;
        look(q, count + 1);
    }
}

static void expect_earliest(const subject *s, const pdm__funnel_block *block) {
    for (int32_t i = 1; i < s->rules.steps; i++) {
        search q = {.s = s, .from = i, .window = PDM_UNLIMITED};
        look(&q, 0);
        int32_t far = i;
        while (far < s->rules.steps && q.found[far + 1]) far++;
        assert_int_equal(block->far[i], far);
        for (int32_t j = i + 1; j <= far; j++) assert_int_equal(block->earliest[i][j], q.earliest[j]);
    }
}

static void expect_latest(const subject *s, const pdm__funnel_block *block) {
    search q = {.s = s, .window = s->rules.window};
    int32_t level = 0;
    look(&q, 0);
    while (level < s->rules.steps && q.found[level + 1]) level++;
    assert_int_equal(block->level, level);
    for (int32_t j = 1; j <= level; j++) assert_int_equal(block->latest[j][1], q.latest[j]);
}

static void expect_reported(const subject *s, const pdm__funnel_block *block) {
    sequence best = attempt_naively(s);
    pdm__funnel_attempt attempt;
    pdm__funnel_block_attempt(&s->rules, block, &attempt);
    assert_int_equal(attempt.level, best.level);
    assert_int_equal(attempt.filled, (UINT32_C(1) << best.level) - 1);
    assert_int_equal(attempt.standing, 0);
    for (int32_t j = 0; j < best.level; j++) {
        assert_int_equal(block->reported[j + 1], s->rows[best.rows[j]].time);
        assert_int_equal(attempt.times[j], s->rows[best.rows[j]].time);
    }
    if (best.level > 0) assert_int_equal(attempt.limit, naive_limit(s, s->rows[best.rows[0]].time));
}

static void test_all_attempts(void **state) {
    (void)state;
    static pdm__funnel_block whole;
    static pdm__funnel_block joined;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        subject s = sealable_subject(round);
        block_of(&s.rules, s.rows, (size_t)s.count, &whole);
        for (int32_t tree = 0; tree < 3; tree++) {
            cut_and_join(&s, s.rows, (size_t)s.count, &joined);
            expect_same(&whole, &joined);
        }
        expect_written(&s, &whole);
        collapse_naively(&s);
        expect_earliest(&s, &whole);
        expect_latest(&s, &whole);
        expect_reported(&s, &whole);
    }
}

/* ---- against the walk, many rows ---- */

static void expect_walk(const subject *s, const pdm__funnel_row *rows, size_t count, const pdm__funnel_block *block) {
    static const pdm__funnel_span always = {INT64_MIN, INT64_MAX};
    pdm__funnel_eval eval = {&s->rules, 0, &scratch};
    pdm__funnel_attempt walked;
    pdm__funnel_attempt mine;
    assert_int_equal(pdm__funnel_walk_best(&eval, rows, count, &always, &walked, NULL), PDM_OK);
    pdm__funnel_block_attempt(&s->rules, block, &mine);
    assert_int_equal(mine.level, walked.level);
    if (mine.level == 0) return;
    assert_memory_equal(mine.times, walked.times, (size_t)mine.level * sizeof *mine.times);
    assert_int_equal(mine.limit, walked.limit);
    assert_int_equal(mine.has_latest, walked.has_latest);
    assert_int_equal(mine.latest, walked.latest);
}

static void test_many_rows(void **state) {
    (void)state;
    static pdm__funnel_block whole;
    static pdm__funnel_block joined;
    for (uint64_t round = 0; round < MANY_ROUNDS; round++) {
        subject s = sealable_subject(round + 77777);
        pdm__funnel_row rows[MANY_ROWS];
        size_t count = (size_t)subject_below(&s, MANY_ROWS + 1);
        int64_t time = subject_coin(&s, 9) ? INT64_MAX - 200 : -50;
        int64_t gap = 1 + subject_below(&s, 4);
        int32_t steps = 1 + (int32_t)subject_below(&s, subject_coin(&s, 3) ? FUNNEL_STEPS : 8);
        s.rules.steps = steps;
        s.rules.window = subject_coin(&s, 4) ? PDM_UNLIMITED : subject_below(&s, 60);
        bool days = subject_coin(&s, 5) && s.rules.window > 0;
        s.rules.calendar_days = days;
        for (size_t i = 0; i < count; i++) {
            time += subject_below(&s, gap);
            uint32_t mask = UINT32_C(1) << subject_below(&s, steps);
            if (subject_coin(&s, 3)) mask |= UINT32_C(1) << subject_below(&s, steps);
            int64_t unit = days && time < 1000 ? INT64_C(30000000000) : 1;
            rows[i] = (pdm__funnel_row){.time = time * unit, .mask = mask};
        }
        block_of(&s.rules, rows, count, &whole);
        cut_and_join(&s, rows, count, &joined);
        expect_same(&whole, &joined);
        expect_written(&s, &whole);
        expect_walk(&s, rows, count, &joined);
    }
}

/* ---- the empty block ---- */

static void test_empty_is_neutral(void **state) {
    (void)state;
    static pdm__funnel_block block;
    static pdm__funnel_block joined;
    static pdm__funnel_block empty;
    for (uint64_t round = 0; round < 200; round++) {
        subject s = sealable_subject(round);
        pdm__funnel_block_begin(&empty, s.rules.steps);
        block_of(&s.rules, s.rows, (size_t)s.count, &block);
        joined = block;
        pdm__funnel_block_join(&s.rules, &joined, &empty);
        expect_same(&block, &joined);
        joined = empty;
        pdm__funnel_block_join(&s.rules, &joined, &block);
        expect_same(&block, &joined);
    }
    assert_int_equal(pdm__funnel_block_write(&empty, NULL), 0);
}

/* ---- tuples ---- */

static void test_small_blocks_are_small(void **state) {
    (void)state;
    static pdm__funnel_block block;
    pdm__funnel_row marks[FUNNEL_MOST_MARKS];
    pdm__funnel_rules rules = plain_rules(8, PDM_UNLIMITED);
    const pdm__funnel_row entry[] = {{5, 1, 0}};
    block_of(&rules, entry, 1, &block);
    assert_int_equal(pdm__funnel_block_write(&block, marks), 1);
    assert_int_equal(marks[0].mask, FUNNEL_MARK(FUNNEL_MARK_LATEST, 1, 1));
    const pdm__funnel_row third[] = {{5, 4, 0}};
    block_of(&rules, third, 1, &block);
    assert_int_equal(pdm__funnel_block_write(&block, marks), 1);
    assert_int_equal(marks[0].mask, FUNNEL_MARK(FUNNEL_MARK_EARLIEST, 2, 3));
}

/* Nothing that is read is written in another way; whatever is changed at random is refused, or is another block. */
static void test_only_blocks_are_read(void **state) {
    (void)state;
    static pdm__funnel_block block;
    static pdm__funnel_block read;
    static pdm__funnel_row again[FUNNEL_MOST_MARKS];
    pdm__funnel_row marks[FUNNEL_MOST_MARKS + 1];
    int64_t refused = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        subject s = sealable_subject(round);
        block_of(&s.rules, s.rows, (size_t)s.count, &block);
        size_t n = tuples_of(&block, marks);
        if (n == 0) continue;
        size_t at = (size_t)subject_below(&s, (int64_t)n);
        switch (subject_below(&s, 5)) {
        case 0: marks[at] = marks[--n]; break;
        case 1: marks[n++] = marks[at]; break;
        case 2: marks[at].time += subject_below(&s, 9) - 4; break;
        case 3: marks[at].mask ^= UINT32_C(1) << subject_below(&s, 18); break;
        default: marks[at].exclude = 1; break;
        }
        qsort(marks, n, sizeof *marks, by_time);
        if (!pdm__funnel_block_read(&s.rules, marks, n, &read)) {
            refused++;
            continue;
        }
        size_t touches = 0;
        for (size_t i = 0; i < n; i++) touches += FUNNEL_MARK_KIND(marks[i].mask) == FUNNEL_MARK_TOUCH;
        assert_int_equal(tuples_of(&read, again) + touches, n);
        if (touches == 0) assert_memory_equal(again, marks, n * sizeof *marks);
    }
    assert_true(refused > ROUNDS / 4);
}

static void test_not_a_block(void **state) {
    (void)state;
    static pdm__funnel_block block;
    pdm__funnel_rules rules = plain_rules(3, 10);
    const struct {
        pdm__funnel_row marks[4];
        size_t count;
    } wrong[] = {
        {{{0, 0, 0}}, 1},                                       /* no kind */
        {{{0, FUNNEL_MARK(5, 1, 1), 0}}, 1},                    /* an unknown one */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_EARLIEST, 0, 1), 0}}, 1}, /* from no step */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_EARLIEST, 2, 2), 0}}, 1}, /* to the same */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_EARLIEST, 1, 3), 0}}, 1}, /* a step is missing */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_EARLIEST, 3, 4), 0}}, 1}, /* beyond the last */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_LATEST, 2, 1), 0}}, 1},   /* half a chain */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_LATEST, 1, 2), 0}}, 1},   /* more than a chain */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_REPORTED, 0, 1), 0}}, 1}, /* reported, but no chain */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_LATEST, 1, 1), 0}, {0, FUNNEL_MARK(FUNNEL_MARK_REPORTED, 0, 1), 0}},
         2},                                                                                                 /* twice */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_LATEST, 2, 1), 0}, {9, FUNNEL_MARK(FUNNEL_MARK_LATEST, 2, 2), 0}}, 2}, /* no T */
        {{{0, FUNNEL_MARK(FUNNEL_MARK_LATEST, 2, 1), 0},
          {11, FUNNEL_MARK(FUNNEL_MARK_EARLIEST, 1, 2), 0},
          {11, FUNNEL_MARK(FUNNEL_MARK_LATEST, 2, 2), 0}},
         3}, /* after the window */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(pdm__funnel_block_read(&rules, wrong[i].marks, wrong[i].count, &block));
    const pdm__funnel_row right[] = {{0, FUNNEL_MARK(FUNNEL_MARK_LATEST, 2, 1), 0},
                                     {9, FUNNEL_MARK(FUNNEL_MARK_EARLIEST, 1, 2), 0},
                                     {9, FUNNEL_MARK(FUNNEL_MARK_LATEST, 2, 2), 0}};
    assert_true(pdm__funnel_block_read(&rules, right, 3, &block));
    assert_int_equal(block.level, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_attempts),         cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_empty_is_neutral),     cmocka_unit_test(test_small_blocks_are_small),
        cmocka_unit_test(test_only_blocks_are_read), cmocka_unit_test(test_not_a_block),
    };
    return cmocka_run_group_tests(tests, begin_tests, end_tests);
}
