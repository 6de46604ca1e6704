/*
 * Memory that fails at the n-th call, once or from there on; limits; being asked to stop. For every metric and every generic call: the
 * status says so, nothing leaks, and the state has the bytes it had before.
 */
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 70

/* The calls that can fail, each on a state (dst) that has rows already. */
typedef enum call {
    CALL_CREATE,
    CALL_SETTLE, /* lists and calendar */
    CALL_FIRST_UPDATE,
    CALL_UPDATE,
    CALL_UPDATE_ARROW,
    CALL_MERGE,
    CALL_MERGE_OTHER_SEED,
    CALL_MERGE_INTO_EMPTY,
    CALL_SERIALIZE,
    CALL_DESERIALIZE,
    CALL_RESULT,
    CALL_COMPUTE,
    CALLS
} call;

static const char *const call_names[CALLS] = {"create",
                                              "lists and calendar",
                                              "first update",
                                              "update",
                                              "update_arrow",
                                              "merge",
                                              "merge, other seed",
                                              "merge into an empty state",
                                              "serialize",
                                              "deserialize",
                                              "result",
                                              "compute"};

/* One try: a state on the memory under test, what is merged into it, and what the call left behind. */
typedef struct trial {
    const law_case *c;
    const rows *r;
    const pdm_state *source; /* on sound memory */
    const pdm_state *other_seed;
    bytes stored;
    pdm_context *context;
    pdm_state *state;
    pdm_state *made;
    pdm_result *result;
    uint8_t *buffer;
    bool partly; /* some batches of a stream may be in */
} trial;

static pdm_state *state_with(const law_case *c, pdm_context *context, const rows *r, int64_t first, int64_t count) {
    pdm_state *state = NULL;
    pdm_error err;
    if (case_create(c, context, &state, &err) != PDM_OK || take_rows(state, r, first, count, &err) != PDM_OK) {
        fail_msg("%s: %s", c->name, err.message);
    }
    return state;
}

static pdm_status stream_in(trial *t, pdm_error *err) {
    struct ArrowArrayStream stream;
    int64_t batches = 0;
    rows_stream(t->r, ROWS / 2, ROWS - ROWS / 2, 12, &stream);
    pdm_status status = pdm_state_update_arrow(t->state, &stream, &batches, err);
    assert_null(stream.release);
    t->partly = batches > 0;
    return status;
}

static pdm_status compute(trial *t, pdm_error *err) {
    pdm_column columns[ROWS_MAX_COLUMNS];
    pdm_batch batch = rows_slice(t->r, 0, ROWS, columns);
    return pdm_compute(t->context, t->c->metric, t->c->options, &batch, &t->result, err);
}

static pdm_status do_call(trial *t, call which, pdm_error *err) {
    size_t size = 0;
    switch ((int32_t)which) {
    case CALL_CREATE: return pdm_state_create(t->context, t->c->metric, t->c->options, &t->made, err);
    case CALL_SETTLE: return case_settle(t->c, t->state, err);
    case CALL_FIRST_UPDATE: return take_rows(t->state, t->r, 0, ROWS, err);
    case CALL_UPDATE: return take_rows(t->state, t->r, ROWS / 2, ROWS - ROWS / 2, err);
    case CALL_UPDATE_ARROW: return stream_in(t, err);
    case CALL_MERGE:
    case CALL_MERGE_INTO_EMPTY: return pdm_state_merge(t->state, t->source, err);
    case CALL_MERGE_OTHER_SEED: return pdm_state_merge(t->state, t->other_seed, err);
    case CALL_SERIALIZE: return pdm_state_serialize(t->state, t->buffer, t->stored.size * 4 + 100000, &size, err);
    case CALL_DESERIALIZE: return pdm_state_deserialize(t->context, t->stored.data, t->stored.size, &t->made, err);
    case CALL_RESULT: return pdm_state_result(t->state, &t->result, err);
    default: return compute(t, err);
    }
}

static void prepare_state(trial *t, call which) {
    t->state = NULL;
    if (which == CALL_CREATE || which == CALL_DESERIALIZE || which == CALL_COMPUTE) return;
    if (which == CALL_SETTLE) {
        assert_int_equal(pdm_state_create(t->context, t->c->metric, t->c->options, &t->state, NULL), PDM_OK);
    } else if (which == CALL_FIRST_UPDATE || which == CALL_MERGE_INTO_EMPTY) {
        assert_int_equal(case_create(t->c, t->context, &t->state, NULL), PDM_OK);
    } else {
        t->state = state_with(t->c, t->context, t->r, 0, ROWS / 2);
    }
}

static void clean_up(trial *t) {
    pdm_state_free(t->state);
    pdm_state_free(t->made);
    pdm_result_free(t->result);
    t->state = NULL;
    t->made = NULL;
    t->result = NULL;
}

static void note(const trial *t, call which, const char *what, int64_t n) {
    fail_msg("%s: %s, %s at %lld", t->c->name, call_names[which], what, (long long)n);
}

/* After the failed call: as before. After a successful one: as it should be. Writing the state decides. */
static void check_state(trial *t, call which, pdm_status status, const bytes *before, const bytes *after, int64_t n) {
    if (t->state == NULL || which == CALL_SETTLE || (status != PDM_OK && t->partly)) return;
    bytes now = state_bytes(t->state);
    bool same = bytes_equal(now, status == PDM_OK ? *after : *before);
    bytes_free(&now);
    if (!same) note(t, which, status == PDM_OK ? "wrong state after success" : "state changed by a failed call", n);
}

/* A state may not care that its lists failed to come: after trying again it must be as if nothing had happened. */
static void check_settled(trial *t, pdm_status status, const bytes *after, int64_t n) {
    if (status != PDM_OK) assert_int_equal(case_settle(t->c, t->state, NULL), PDM_OK);
    bytes now = state_bytes(t->state);
    bool same = bytes_equal(now, *after);
    bytes_free(&now);
    if (!same) note(t, CALL_SETTLE, "lists and calendar differ", n);
}

static bytes written(trial *t, call which, bool after_call) {
    bytes b = {NULL, 0};
    prepare_state(t, which);
    if (after_call) assert_int_equal(do_call(t, which, NULL), PDM_OK);
    if (t->state != NULL && (after_call || which != CALL_SETTLE)) b = state_bytes(t->state);
    clean_up(t);
    return b;
}

/* Fails call number `n`; returns whether memory was asked for that often. */
static bool fail_at(trial *t, call which, failing_memory *memory, int64_t n, bool from_there_on, const bytes *before,
                    const bytes *after) {
    pdm_error err;
    pdm_error_reset(&err);
    prepare_state(t, which);
    t->partly = false;
    memory->failures = 0;
    memory->fail_at = memory->calls + n;
    memory->from_there_on = from_there_on;
    pdm_status status = do_call(t, which, &err);
    memory->fail_at = 0;
    bool failed = memory->failures > 0;
    if (!failed && status != PDM_OK) note(t, which, "error without a failure", n);
    if (status != PDM_OK && status != PDM_E_NOMEM) note(t, which, pdm_status_name((int32_t)status), n);
    if (status != PDM_OK && (err.code != PDM_E_NOMEM || err.message[0] == '\0')) note(t, which, "no message", n);
    if (which == CALL_SETTLE) {
        check_settled(t, status, after, n);
    } else {
        check_state(t, which, status, before, after, n);
    }
    clean_up(t);
    uint64_t held = 1;
    pdm_context_memory(t->context, &held, NULL);
    if (held != 0 || memory->outstanding != 1) note(t, which, "memory leaked, failure", n); /* 1: the context itself */
    if (memory->wrong_size) note(t, which, "a block came back with another size, failure", n);
    return failed;
}

static void torture(trial *t, call which, failing_memory *memory, int64_t *failures) {
    bytes before = written(t, which, false);
    bytes after = written(t, which, true);
    for (int32_t mode = 0; mode < 2; mode++) {
        /* All of the first calls, then fewer and fewer: a merge into 256 partitions asks for memory a thousand times. */
        for (int64_t n = 1; fail_at(t, which, memory, n, mode == 1, &before, &after); n += 1 + n / 60) *failures += 1;
    }
    bytes_free(&before);
    bytes_free(&after);
}

static void begin_trial(trial *t, const law_case *c, rows **owned) {
    memset(t, 0, sizeof *t);
    *owned = rows_make(c->metric, (uint64_t)c->number + 5, ROWS, case_style(c), c->skips_nulls);
    t->c = c;
    t->r = *owned;
    t->source = state_with(c, NULL, t->r, ROWS / 2, ROWS - ROWS / 2);
    pdm_context *seeded = context_seed(4242);
    t->other_seed = state_with(c, seeded, t->r, ROWS / 3, ROWS - ROWS / 3);
    pdm_context_free(seeded);
    t->stored = state_bytes(t->source);
    t->buffer = malloc(t->stored.size * 4 + 100000);
    assert_non_null(t->buffer);
}

static void free_const(const pdm_state *state) {
    pdm_state *mine = NULL;
    memcpy(&mine, &state, sizeof mine);
    pdm_state_free(mine);
}

static void end_trial(trial *t, rows *owned) {
    free_const(t->source);
    free_const(t->other_seed);
    bytes_free(&t->stored);
    free(t->buffer);
    rows_free(owned);
}

static void torture_case(const law_case *c, void *user) {
    int64_t *failures = user;
    trial t;
    rows *owned = NULL;
    begin_trial(&t, c, &owned);
    failing_memory memory = {0};
    t.context = context_failing(&memory, pdm_context_options_default());
    for (int32_t which = 0; which < CALLS; which++) {
        if (which == CALL_COMPUTE && c->list_count > 0) continue;
        torture(&t, (call)which, &memory, failures);
    }
    pdm_context_free(t.context);
    assert_int_equal(memory.outstanding, 0);
    assert_int_equal(memory.bytes, 0);
    end_trial(&t, owned);
}

static void test_memory_fails(void **unused) {
    (void)unused;
    for (int32_t m = 0; m < pdm_metric_count(); m++) {
        int64_t failures = 0;
        cases_few(pdm_metric_at(m), torture_case, &failures);
        print_message("%s: %lld failures survived\n", pdm_metric_at(m)->name, (long long)failures);
        assert_true(failures > 1000);
    }
}

/* ---- memory_limit ---- */

/* The least a call needs is found by trying; every limit below it must be PDM_E_LIMIT and harmless. */
static void limit_case(const law_case *c, void *user) {
    int64_t *limited = user;
    trial t;
    rows *owned = NULL;
    begin_trial(&t, c, &owned);
    for (int32_t which = CALL_FIRST_UPDATE; which < CALLS; which++) {
        if (which == CALL_COMPUTE && c->list_count > 0) continue;
        pdm_context_options options = pdm_context_options_default();
        uint64_t start = 0;
        uint64_t peak = 0;
        t.context = context_of(&options);
        prepare_state(&t, (call)which);
        bytes before = t.state == NULL ? (bytes){NULL, 0} : state_bytes(t.state);
        pdm_context_memory(t.context, &start, NULL);
        assert_int_equal(do_call(&t, (call)which, NULL), PDM_OK);
        pdm_context_memory(t.context, NULL, &peak);
        clean_up(&t);
        pdm_context_free(t.context);
        for (int32_t part = 0; part < 8 && peak > start; part++) {
            options.memory_limit = start + 1 + (peak - start) * (uint64_t)part / 8;
            t.context = context_of(&options);
            /* Preparing may itself need more than the limit at its peak: then there is nothing to try. */
            t.state = NULL;
            bool ready = true;
            if (before.data != NULL) {
                ready = which == CALL_FIRST_UPDATE || which == CALL_MERGE_INTO_EMPTY
                            ? case_create(c, t.context, &t.state, NULL) == PDM_OK
                            : pdm_state_deserialize(t.context, before.data, before.size, &t.state, NULL) == PDM_OK;
            }
            if (ready) {
                pdm_error err;
                pdm_error_reset(&err);
                t.partly = false;
                pdm_status status = do_call(&t, (call)which, &err);
                if (status != PDM_OK && status != PDM_E_LIMIT)
                    note(&t, (call)which, pdm_status_name((int32_t)status), part);
                if (status == PDM_E_LIMIT) *limited += 1;
                if (status == PDM_E_LIMIT && (err.code != PDM_E_LIMIT || err.message[0] == '\0'))
                    note(&t, (call)which, "no message", part);
                uint64_t held = 0;
                pdm_context_memory(t.context, NULL, &held);
                if (held > options.memory_limit) note(&t, (call)which, "more held than the limit", part);
            }
            clean_up(&t);
            uint64_t left = 1;
            pdm_context_memory(t.context, &left, NULL);
            if (left != 0) note(&t, (call)which, "memory leaked, limit", part);
            pdm_context_free(t.context);
        }
        bytes_free(&before);
    }
    end_trial(&t, owned);
}

static void test_memory_limit(void **unused) {
    (void)unused;
    for (int32_t m = 0; m < pdm_metric_count(); m++) {
        int64_t limited = 0;
        cases_few(pdm_metric_at(m), limit_case, &limited);
        assert_true(limited > 20);
    }
}

/* ---- should_stop ---- */

static void stop_case(const law_case *c, void *user) {
    int64_t *stopped = user;
    stopper stop = {0};
    trial t;
    rows *owned = NULL;
    begin_trial(&t, c, &owned);
    pdm_context_options options = pdm_context_options_default();
    options.should_stop = stopper_asks;
    options.stop_user = &stop;
    t.context = context_of(&options);
    for (int32_t which = 0; which < CALLS; which++) {
        if (which == CALL_COMPUTE && c->list_count > 0) continue;
        bytes before = written(&t, (call)which, false);
        bytes after = written(&t, (call)which, true);
        for (int64_t n = 1;; n++) {
            pdm_error err;
            pdm_error_reset(&err);
            prepare_state(&t, (call)which);
            t.partly = false;
            stop.asked = 0;
            stop.stop_at = n;
            pdm_status status = do_call(&t, (call)which, &err);
            stop.stop_at = 0;
            bool asked = stop.asked >= n;
            if (status != (asked ? PDM_E_STOPPED : PDM_OK)) note(&t, (call)which, pdm_status_name((int32_t)status), n);
            if (which != CALL_SETTLE) check_state(&t, (call)which, status, &before, &after, n);
            clean_up(&t);
            if (!asked) break;
            *stopped += 1;
        }
        bytes_free(&before);
        bytes_free(&after);
    }
    pdm_context_free(t.context);
    end_trial(&t, owned);
}

static void test_should_stop(void **unused) {
    (void)unused;
    for (int32_t m = 0; m < pdm_metric_count(); m++) {
        int64_t stopped = 0;
        cases_few(pdm_metric_at(m), stop_case, &stopped);
        print_message("%s: stopped %lld times\n", pdm_metric_at(m)->name, (long long)stopped);
        assert_true(stopped > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_should_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
