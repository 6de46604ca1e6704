/*
 * The laws at sizes where the library changes its ways: more rows than one thread takes, more than wait to be folded, a first batch so
 * large that it is taken in pieces. Run under the thread sanitizer too.
 */
#include "compare.h"
#include "contexts.h"
#include "share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

/* Threads meet in the same places whatever is asked; where every access is watched, two cases a metric have to do. */
#define CASES_OF_A_METRIC (WATCHED_THREADS ? 2 : INT32_MAX)

/* PENDING_RECORDS of lib/core/state_update.c; a few more rows than that. */
#define PENDING ((int64_t)1 << 18)
#define THREADED_ROWS (WATCHED ? 40000 : 70000) /* several slices of 16,384 */

static pdm_state *fresh(const law_case *c, pdm_context *context) {
    pdm_state *state = NULL;
    pdm_error err;
    if (case_create(c, context, &state, &err) != PDM_OK) fail_msg("%s: %s", c->name, err.message);
    return state;
}

static pdm_state *in_batches(const law_case *c, pdm_context *context, const rows *r, int64_t size) {
    pdm_state *state = fresh(c, context);
    for (int64_t first = 0; first < r->count; first += size) {
        pdm_error err;
        int64_t left = r->count - first;
        if (take_rows(state, r, first, left < size ? left : size, &err) != PDM_OK)
            fail_msg("%s: %s", c->name, err.message);
    }
    return state;
}

static void expect(const law_case *c, const char *law, const outcome *expected, pdm_state *state) {
    bool same = state_is(c, law, expected, state);
    pdm_state_free(state);
    assert_true(same);
}

static outcome expected_of(const law_case *c, const rows *r, int64_t batch) {
    pdm_context *context = context_threads(1);
    pdm_state *state = in_batches(c, context, r, batch);
    outcome o = outcome_of(state);
    pdm_state_free(state);
    pdm_context_free(context);
    if (o.status != PDM_OK) fail_msg("%s: %s", c->name, pdm_status_name((int32_t)o.status));
    return o;
}

typedef struct some_cases {
    case_visit visit;
    int32_t left;
} some_cases;

static void visit_some(const law_case *c, void *user) {
    some_cases *some = user;
    if (some->left > 0) some->visit(c, NULL);
    some->left -= 1;
}

static void every_metric(case_visit visit) {
    const pdm_metric *metric = NULL;
    for (int32_t n = 0; (metric = share_metric(n)) != NULL; n++) {
        some_cases some = {visit, CASES_OF_A_METRIC};
        cases_few(metric, visit_some, &some);
    }
}

/* ---- threads ---- */

static void threads_case(const law_case *c, void *user) {
    (void)user;
    static const int32_t counts[] = {2, 3, 8};
    rows *r = rows_make(c->metric, (uint64_t)c->number + 31, THREADED_ROWS, case_style(c), c->skips_nulls);
    outcome expected = expected_of(c, r, 8192);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        pdm_context *context = context_threads(counts[i]);
        expect(c, "threads, one batch", &expected, in_batches(c, context, r, r->count));
        if (i == 1) expect(c, "threads, batches of 20,000", &expected, in_batches(c, context, r, 20000));
        pdm_state *restored = NULL;
        assert_int_equal(pdm_state_deserialize(context, expected.state.data, expected.state.size, &restored, NULL),
                         PDM_OK);
        expect(c, "threads, read back", &expected, restored);
        pdm_state *left = in_batches(c, context, r, r->count);
        pdm_state *right = fresh(c, context);
        assert_int_equal(pdm_state_merge(right, left, NULL), PDM_OK);
        expect(c, "threads, merged", &expected, right);
        pdm_state_free(left);
        pdm_context_free(context);
    }
    pdm_context *lent = context_backwards(5);
    expect(c, "lent threads, backwards", &expected, in_batches(c, lent, r, r->count));
    pdm_context_free(lent);
    outcome_free(&expected);
    rows_free(r);
}

static void test_threads(void **unused) {
    (void)unused;
    every_metric(threads_case);
}

/* The first bad row is named, whichever thread meets one first. */
static void test_first_bad_row(void **unused) {
    (void)unused;
    pdm_context *context = context_threads(8);
    const pdm_metric *metric = NULL;
    for (int32_t n = 0; (metric = share_metric(n)) != NULL; n++) {
        law_case c;
        if (!case_base(&c, metric, 0)) fail();
        rows *r = rows_make(c.metric, 1, 4 * 16384, ROWS_INT, false);
        uint8_t *bits = malloc((size_t)r->count / 8);
        assert_non_null(bits);
        memset(bits, 0xFF, (size_t)r->count / 8);
        for (int64_t row = 20003; row < r->count; row += 9000)
            bits[row / 8] = (uint8_t)(bits[row / 8] & ~(1 << row % 8));
        r->columns[0].column.validity = bits;
        pdm_state *state = fresh(&c, context);
        pdm_error err;
        assert_int_equal(take_rows(state, r, 0, r->count, &err), PDM_E_NULL_VALUE);
        assert_int_equal(err.row, 20003);
        assert_int_equal(pdm_state_rows(state), 0);
        pdm_state_free(state);
        free(bits);
        rows_free(r);
    }
    pdm_context_free(context);
}

/* ---- states of many threads, one context ---- */

typedef struct worker {
    const law_case *c;
    const rows *r;
    pdm_context *context;
    pdm_state *state;
    int64_t first;
    int64_t count;
    pdm_status status;
} worker;

static void *work(void *argument) {
    worker *w = argument;
    w->status = case_create(w->c, w->context, &w->state, NULL);
    for (int64_t first = 0; first < w->count && w->status == PDM_OK; first += 500) {
        int64_t left = w->count - first;
        w->status = take_rows(w->state, w->r, w->first + first, left < 500 ? left : 500, NULL);
    }
    return NULL;
}

static void shared_case(const law_case *c, void *user) {
    (void)user;
    rows *r = rows_make(c->metric, 8, 9000, case_style(c), c->skips_nulls);
    outcome expected = expected_of(c, r, r->count);
    pdm_context *context = context_threads(2);
    pthread_t threads[3];
    worker workers[3];
    for (int32_t i = 0; i < 3; i++) {
        workers[i] = (worker){.c = c, .r = r, .context = context, .first = i * 3000, .count = 3000};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int32_t i = 0; i < 3; i++) (void)pthread_join(threads[i], NULL);
    for (int32_t i = 0; i < 3; i++) assert_int_equal(workers[i].status, PDM_OK);
    for (int32_t i = 1; i < 3; i++) {
        assert_int_equal(pdm_state_merge(workers[0].state, workers[i].state, NULL), PDM_OK);
        pdm_state_free(workers[i].state);
    }
    expect(c, "one state a thread, merged", &expected, workers[0].state);
    pdm_context_free(context);
    outcome_free(&expected);
    rows_free(r);
}

static void test_one_context_many_threads(void **unused) {
    (void)unused;
    every_metric(shared_case);
}

/* A second call on a state that is in use is refused, not waited for. */
typedef struct intruder {
    pdm_state *state;
    pdm_status status;
    bool asked;
} intruder;

static void *intrude(void *argument) {
    intruder *in = argument;
    size_t size = 0;
    in->status = pdm_state_serialize(in->state, NULL, 0, &size, NULL);
    return NULL;
}

static bool intrude_once(void *user) {
    intruder *in = user;
    pthread_t thread;
    if (in->asked || in->state == NULL) return false;
    in->asked = true;
    if (pthread_create(&thread, NULL, intrude, in) == 0) (void)pthread_join(thread, NULL);
    return false;
}

static void test_busy(void **unused) {
    (void)unused;
    const pdm_metric *metric = NULL;
    for (int32_t n = 0; (metric = share_metric(n)) != NULL; n++) {
        intruder in = {.state = NULL};
        law_case c;
        if (!case_base(&c, metric, 0)) fail();
        pdm_context_options options = pdm_context_options_default();
        options.should_stop = intrude_once;
        options.stop_user = &in;
        pdm_context *context = context_of(&options);
        rows *r = rows_make(c.metric, 2, 3000, ROWS_INT, false);
        in.state = fresh(&c, context);
        assert_int_equal(take_rows(in.state, r, 0, r->count, NULL), PDM_OK);
        assert_true(in.asked);
        assert_int_equal(in.status, PDM_E_BUSY);
        assert_int_equal(pdm_state_rows(in.state), 3000);
        pdm_state_free(in.state);
        pdm_context_free(context);
        rows_free(r);
    }
}

/* ---- sizes ---- */

static void large_case(const law_case *c, void *user) {
    (void)user;
    int64_t count = PENDING + 40000;
    if (WATCHED && c->number % 2 == 1) return;
    rows *r = rows_make(c->metric, (uint64_t)c->number + 17, count, case_style(c), c->skips_nulls);
    pdm_context *plain = context_threads(1);
    pdm_context *two = context_threads(2);
    outcome expected = expected_of(c, r, 50000);
    expect(c, "in pieces = in batches", &expected, in_batches(c, plain, r, count));
    expect(c, "in pieces by threads = in batches", &expected, in_batches(c, two, r, count));
    expect(c, "just what may wait", &expected, in_batches(c, plain, r, PENDING));
    if (!WATCHED) expect(c, "one row more", &expected, in_batches(c, two, r, PENDING + 1));
    /* Not the first batch, but larger than what may wait. */
    pdm_state *state = fresh(c, two);
    assert_int_equal(take_rows(state, r, 0, 10, NULL), PDM_OK);
    assert_int_equal(take_rows(state, r, 10, count - 10, NULL), PDM_OK);
    expect(c, "small, then large", &expected, state);
    outcome_free(&expected);
    rows_free(r);
    pdm_context_free(plain);
    pdm_context_free(two);
}

static void test_sizes(void **unused) {
    (void)unused;
    every_metric(large_case);
}

/* More than one piece, and a failure in the last of them: the state is empty again, and of use. */
static void test_failure_in_the_last_piece(void **unused) {
    (void)unused;
    const pdm_metric *metric = NULL;
    for (int32_t n = 0; (metric = share_metric(n)) != NULL; n++) {
        law_case c;
        if (!case_base(&c, metric, 0)) fail();
        (void)case_set(&c, "grain", "order");
        int64_t count = WATCHED ? PENDING + 5000 : (INT64_C(1) << 20) + 5000;
        rows *r = rows_make(c.metric, 3, count, case_style(&c), false);
        uint8_t *bits = malloc((size_t)count / 8 + 1);
        assert_non_null(bits);
        memset(bits, 0xFF, (size_t)count / 8 + 1);
        bits[(count - 9) / 8] = (uint8_t)(bits[(count - 9) / 8] & ~(1 << (count - 9) % 8));
        pdm_state *state = fresh(&c, NULL);
        bytes empty = state_bytes(state);
        pdm_error err;
        r->columns[0].column.validity = bits;
        assert_int_equal(take_rows(state, r, 0, count, &err), PDM_E_NULL_VALUE);
        assert_int_equal(err.row, count - 9);
        bytes after = state_bytes(state);
        assert_true(bytes_equal(empty, after));
        bytes_free(&after);
        r->columns[0].column.validity = NULL;
        outcome expected = expected_of(&c, r, 100000);
        assert_int_equal(take_rows(state, r, 0, count, &err), PDM_OK);
        expect(&c, "after a failure", &expected, state);
        outcome_free(&expected);
        bytes_free(&empty);
        free(bits);
        rows_free(r);
    }
}

int main(int count, char **arguments) {
    if (!share_read(count, arguments)) return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_first_bad_row),
        cmocka_unit_test(test_one_context_many_threads),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_failure_in_the_last_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
