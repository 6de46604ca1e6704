/* Sealing a state: what is refused, what a failed call leaves, threads, and bytes that claim to be sealed. */
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/metrics/funnel.h>
#include <pdmetrics/metrics/rfm.h>

#define ROWS 240
#define DAYS 6
#define DAY 1000

/* Rows of some units, day after day; sessions and values to break down by. */
typedef struct events {
    int64_t units[ROWS];
    int64_t times[ROWS];
    int64_t masks[ROWS];
    int64_t sessions[ROWS];
    int64_t values[ROWS];
} events;

static events some_events(uint64_t seed) {
    events e;
    for (int32_t i = 0; i < ROWS; i++) {
        e.units[i] = rows_below(&seed, 9) - 3;
        e.times[i] = (int64_t)i * DAYS * DAY / ROWS;
        e.masks[i] = 1 + rows_below(&seed, 7);
        e.sessions[i] = rows_below(&seed, 2);
        e.values[i] = rows_below(&seed, 3);
    }
    return e;
}

typedef enum shape { PLAIN, FACETS, SHAPES } shape;

static pdm_funnel_options options_of(shape which, int32_t day, int32_t end) {
    pdm_funnel_options o = pdm_funnel_options_default();
    o.step_count = 3;
    o.window = 2 * DAY + 300;
    if (which == FACETS) {
        o.count = PDM_FUNNEL_COUNT_SESSIONS;
        o.sessions = PDM_FUNNEL_SESSIONS_COLUMN;
        o.attribution = PDM_FUNNEL_ATTRIBUTION_FIRST_TOUCH;
    }
    o.segment_from = day < 0 ? 0 : day == 0 ? PDM_ZERO_INT64 : day * DAY;
    o.segment_to = end < 0 ? 0 : end * DAY;
    return o;
}

static pdm_batch rows_between(const events *e, int32_t first, int32_t count, pdm_column *columns) {
    columns[0] = pdm_column_int64("unit", e->units + first);
    columns[1] = pdm_column_int64("time", e->times + first);
    columns[2] = pdm_column_int64("steps", e->masks + first);
    columns[3] = pdm_column_int64("session", e->sessions + first);
    columns[4] = pdm_column_int64("breakdown", e->values + first);
    return pdm_batch_make(columns, 5, count);
}

/* Days [day, end), −1 = all time; not sealed. */
static pdm_state *state_of(pdm_context *context, const events *e, shape which, int32_t day, int32_t end) {
    pdm_column columns[5];
    pdm_error err;
    pdm_state *state = NULL;
    int32_t first = day < 0 ? 0 : day * (ROWS / DAYS);
    int32_t last = end < 0 ? ROWS : end * (ROWS / DAYS);
    pdm_funnel_options o = options_of(which, day, end);
    pdm_batch batch = rows_between(e, first, last - first, columns);
    if (pdm_funnel_create(context, &o, &state, &err) != PDM_OK || pdm_state_update(state, &batch, &err) != PDM_OK)
        fail_msg("%s", err.message);
    return state;
}

static pdm_state *sealed_of(pdm_context *context, const events *e, shape which, int32_t day, int32_t end) {
    pdm_state *state = state_of(context, e, which, day, end);
    assert_int_equal(pdm_state_seal(state, NULL), PDM_OK);
    return state;
}

static void expect_results(const pdm_state *a, const pdm_state *b) {
    char why[256] = "";
    pdm_result *x = NULL;
    pdm_result *y = NULL;
    assert_int_equal(pdm_state_result(a, &x, NULL), PDM_OK);
    assert_int_equal(pdm_state_result(b, &y, NULL), PDM_OK);
    if (!results_equal(x, y, why)) fail_msg("%s", why);
    pdm_result_free(x);
    pdm_result_free(y);
}

static void expect_bytes(const pdm_state *state, bytes expected) {
    bytes now = state_bytes(state);
    assert_true(bytes_equal(now, expected));
    bytes_free(&now);
}

/* ---- refused ---- */

static void test_refused(void **unused) {
    (void)unused;
    pdm_error err;
    assert_int_equal(pdm_state_seal(NULL, &err), PDM_E_ARGUMENT);
    pdm_state *state = NULL;
    assert_int_equal(pdm_rfm_create(NULL, NULL, &state, &err), PDM_OK);
    assert_int_equal(pdm_state_seal(state, &err), PDM_E_UNSUPPORTED_COMBINATION);
    assert_non_null(strstr(err.message, "rfm"));
    pdm_state_free(state);
    pdm_funnel_options o = options_of(PLAIN, 1, 2);
    o.entry = PDM_FUNNEL_ENTRY_FIRST;
    assert_int_equal(pdm_funnel_create(NULL, &o, &state, &err), PDM_OK);
    assert_int_equal(pdm_state_seal(state, &err), PDM_E_UNSUPPORTED_COMBINATION);
    assert_string_equal(err.column, "entry");
    pdm_state_free(state);
    o = options_of(PLAIN, 2, 2);
    assert_int_equal(pdm_funnel_create(NULL, &o, &state, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "segment_to");
}

/* Of one batch nothing is taken if a row of it lies outside, wherever it stands and whatever the number of threads. */
static void test_rows_outside(void **unused) {
    (void)unused;
    events e = some_events(5);
    pdm_column columns[5];
    pdm_error err;
    pdm_state *state = state_of(NULL, &e, PLAIN, 1, 3);
    bytes before = state_bytes(state);
    pdm_batch batch = rows_between(&e, ROWS / DAYS, ROWS / DAYS * 2 + 1, columns);
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, ROWS / DAYS * 2);
    assert_string_equal(err.column, "time");
    expect_bytes(state, before);
    pdm_result *result = NULL;
    assert_int_equal(pdm_compute(NULL, pdm_state_metric(state), &(pdm_funnel_options){0}, &batch, &result, &err),
                     PDM_E_BAD_OPTION); /* no struct_size */
    pdm_funnel_options o = options_of(PLAIN, 1, 3);
    assert_int_equal(pdm_compute(NULL, pdm_state_metric(state), &o, &batch, &result, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, ROWS / DAYS * 2);
    assert_int_equal(pdm_state_seal(state, &err), PDM_OK);
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_SEGMENT_OVERLAP);
    assert_int_equal(err.row, 0);
    bytes_free(&before);
    pdm_state_free(state);
}

/* ---- the same, sealed or not ---- */

static void test_days_are_the_whole(void **unused) {
    (void)unused;
    pdm_context *threads = context_threads(4);
    pdm_context *seed = context_seed(99);
    for (int32_t which = 0; which < SHAPES; which++) {
        events e = some_events((uint64_t)which + 1);
        pdm_state *whole = state_of(NULL, &e, (shape)which, -1, -1);
        pdm_state *sealed = sealed_of(NULL, &e, (shape)which, 0, DAYS);
        bytes expected = state_bytes(sealed);
        pdm_state *all = sealed_of(threads, &e, (shape)which, 3, 4);
        const int32_t others[] = {5, 0, 4, 1, 2};
        for (int32_t i = 0; i < DAYS - 1; i++) {
            pdm_state *day = sealed_of(i % 2 == 0 ? seed : NULL, &e, (shape)which, others[i], others[i] + 1);
            assert_int_equal(pdm_state_merge(all, day, NULL), PDM_OK);
            pdm_state_free(day);
        }
        expect_results(all, whole);
        expect_bytes(all, expected);
        expect_results(sealed, whole);
        bytes_free(&expected);
        pdm_state_free(all);
        pdm_state_free(sealed);
        pdm_state_free(whole);
    }
    pdm_context_free(threads);
    pdm_context_free(seed);
}

/* ---- failures ---- */

typedef enum call { SEAL, MERGE, SERIALIZE, RESULT, CALLS } call;

static pdm_status do_call(call which, pdm_state *state, const pdm_state *other, pdm_error *err) {
    size_t size = 0;
    pdm_result *result = NULL;
    if (which == SEAL) return pdm_state_seal(state, err);
    if (which == MERGE) return pdm_state_merge(state, other, err);
    if (which == SERIALIZE) return pdm_state_serialize(state, NULL, 0, &size, err);
    pdm_status status = pdm_state_result(state, &result, err);
    pdm_result_free(result);
    return status;
}

/* A sealed and an open day; for SERIALIZE two sealed ones that have still to be combined. */
static pdm_state *begin_state(pdm_context *context, const events *e, shape s, call which) {
    pdm_state *state = sealed_of(context, e, s, 1, 2);
    pdm_state *more = state_of(context, e, s, 2, 3);
    if (which == SERIALIZE) assert_int_equal(pdm_state_seal(more, NULL), PDM_OK);
    assert_int_equal(pdm_state_merge(state, more, NULL), PDM_OK);
    pdm_state_free(more);
    return state;
}

static void torture(shape s, call which, const events *e, const pdm_state *other) {
    pdm_state *sound = begin_state(NULL, e, s, which);
    bytes before = state_bytes(sound);
    assert_int_equal(do_call(which, sound, other, NULL), PDM_OK);
    bytes after = state_bytes(sound);
    pdm_state_free(sound);
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    bool failed = true;
    for (int64_t n = 1; failed; n += 1 + n / 40) {
        pdm_error err;
        pdm_error_reset(&err);
        pdm_state *state = begin_state(context, e, s, which);
        memory.failures = 0;
        memory.fail_at = memory.calls + n;
        memory.from_there_on = n % 2 == 0;
        pdm_status status = do_call(which, state, other, &err);
        memory.fail_at = 0;
        failed = memory.failures > 0;
        assert_true(status == PDM_OK || (failed && status == PDM_E_NOMEM && err.code == PDM_E_NOMEM));
        expect_bytes(state, status == PDM_OK ? after : before);
        pdm_state_free(state);
        assert_int_equal(memory.outstanding, 1); /* the context itself */
        assert_false(memory.wrong_size);
    }
    pdm_context_free(context);
    bytes_free(&before);
    bytes_free(&after);
}

static void test_memory_fails(void **unused) {
    (void)unused;
    for (int32_t s = 0; s < SHAPES; s++) {
        events e = some_events(77);
        pdm_state *other = sealed_of(NULL, &e, (shape)s, 0, 1);
        for (int32_t which = 0; which < CALLS; which++) torture((shape)s, (call)which, &e, other);
        pdm_state_free(other);
    }
}

static void test_stopped(void **unused) {
    (void)unused;
    events e = some_events(3);
    stopper stop = {0};
    pdm_context_options options = pdm_context_options_default();
    options.should_stop = stopper_asks;
    options.stop_user = &stop;
    pdm_context *context = context_of(&options);
    pdm_state *state = state_of(context, &e, FACETS, 0, DAYS);
    bytes before = state_bytes(state);
    stop.stop_at = stop.asked + 1;
    pdm_error err;
    assert_int_equal(pdm_state_seal(state, &err), PDM_E_STOPPED);
    stop.stop_at = 0;
    expect_bytes(state, before);
    assert_int_equal(pdm_state_seal(state, &err), PDM_OK);
    bytes_free(&before);
    pdm_state_free(state);
    pdm_context_free(context);
}

/* ---- bytes ---- */

/* Bytes that are read are written again; and a state that comes out answers and merges. */
static bool survives(bytes b, const pdm_state *other) {
    pdm_state *state = NULL;
    pdm_error err;
    pdm_status status = pdm_state_deserialize(NULL, b.data, b.size, &state, &err);
    if (status != PDM_OK) {
        assert_true(status == PDM_E_CORRUPT_STATE || status == PDM_E_UNSUPPORTED_VERSION);
        return false;
    }
    expect_bytes(state, b);
    pdm_result *result = NULL;
    status = pdm_state_result(state, &result, &err);
    assert_int_equal(status == PDM_OK, result != NULL);
    pdm_result_free(result);
    if (pdm_state_merge(state, other, &err) == PDM_OK) assert_int_equal(pdm_state_seal(state, &err), PDM_OK);
    pdm_state_free(state);
    return true;
}

static void test_damaged_bytes(void **unused) {
    (void)unused;
    for (int32_t s = 0; s < SHAPES; s++) {
        events e = some_events(11);
        pdm_state *state = begin_state(NULL, &e, (shape)s, SEAL);
        pdm_state *other = sealed_of(NULL, &e, (shape)s, 3, 4);
        bytes b = state_bytes(state);
        int64_t refused = 0;
        uint64_t seed = 1;
        for (size_t at = 0; at < b.size - 9; at++) {
            uint8_t was = b.data[at];
            b.data[at] = (uint8_t)(was ^ (UINT32_C(1) << rows_below(&seed, 8)));
            bytes_sign(b);
            refused += !survives(b, other);
            b.data[at] = was;
        }
        bytes_sign(b);
        assert_true(survives(b, other));
        assert_true(refused > (int64_t)b.size / 4);
        bytes_free(&b);
        pdm_state_free(other);
        pdm_state_free(state);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_rows_outside),
        cmocka_unit_test(test_days_are_the_whole),
        cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_damaged_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
