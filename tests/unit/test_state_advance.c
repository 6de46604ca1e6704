/* Advancing a state: what is refused, late rows, what merges, what a failed call leaves, and bytes that claim to have advanced. */
#include "attribution_life.h"
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/metrics/rfm.h>

#define SECOND INT64_C(1000000)
#define ROWS 60
#define MODELS SET("models: model=linear; model=time_decay; model=markov", "direct: channel=D", "milestones: mark=lead")

typedef enum shape { MONEY, DOUBLES, EXPIRED, SHAPES } shape;

static const char *const options[SHAPES][8] = {
    {"lookback=5s", NULL},
    {"lookback=3s", "value_type=double", "allow_negative_value=true", "reset=after_conversion", NULL},
    {"lookback=4s", "nulls=expired", "null_window=lookback", "late_rows=drop", "direct_mode=inherit_previous",
     "inherit_window=3s", NULL},
};

static pdm_state *on(pdm_context *context, shape s) {
    pdm_state *plain = attribution(options[s], MODELS);
    if (context == NULL) return plain;
    pdm_state *state = NULL;
    bytes b = state_bytes(plain);
    assert_int_equal(pdm_state_deserialize(context, b.data, b.size, &state, NULL), PDM_OK);
    bytes_free(&b);
    pdm_state_free(plain);
    return state;
}

/* Rows of users first … first + 3, a second or so apart, from second `from` to `to`. */
static void add_rows(pdm_state *state, shape s, int64_t first, int64_t from, int64_t to) {
    static const char *const channels[] = {"A", "B", "D"};
    int64_t user[ROWS];
    int64_t time[ROWS];
    int64_t money[ROWS];
    double amount[ROWS];
    char kind[ROWS * 10];
    char channel[ROWS];
    int32_t kinds[ROWS + 1] = {0};
    int32_t names[ROWS + 1] = {0};
    uint8_t valid[ROWS / 8 + 1] = {0};
    uint8_t valued[ROWS / 8 + 1] = {0};
    uint64_t seed = 9;
    int64_t n = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t mine = first + rows_below(&seed, 3);
        int64_t at = i / 3;
        bool converts = rows_below(&seed, 4) == 0;
        const char *name = channels[rows_below(&seed, 3)];
        int64_t worth = rows_below(&seed, 50);
        if (at < from || at >= to) continue;
        const char *what = converts ? "conversion" : "touch";
        user[n] = mine;
        time[n] = at * SECOND;
        money[n] = worth;
        amount[n] = (double)worth / 7.0 - (s == DOUBLES ? 2.0 : 0.0);
        memcpy(kind + kinds[n], what, strlen(what));
        kinds[n + 1] = kinds[n] + (int32_t)strlen(what);
        if (!converts) channel[names[n]] = name[0];
        names[n + 1] = names[n] + (converts ? 0 : 1);
        if (converts) {
            valued[n >> 3] = (uint8_t)(valued[n >> 3] | 1U << (n & 7));
        } else {
            valid[n >> 3] = (uint8_t)(valid[n >> 3] | 1U << (n & 7));
        }
        n++;
    }
    pdm_column columns[5] = {
        pdm_column_int64("user", user), pdm_column_int64("time", time), pdm_column_make("kind", PDM_TYPE_UTF8, kind),
        pdm_column_make("channel", PDM_TYPE_UTF8, channel),
        s == DOUBLES ? pdm_column_make("value", PDM_TYPE_FLOAT64, amount) : pdm_column_int64("value", money)};
    columns[2].offsets = kinds;
    columns[3].offsets = names;
    columns[3].validity = valid;
    columns[4].validity = valued;
    pdm_batch batch = pdm_batch_make(columns, 5, n);
    pdm_error err;
    if (pdm_state_update(state, &batch, &err) != PDM_OK) fail_msg("%s", err.message);
}

static void advance(pdm_state *state, int64_t second) {
    pdm_error err;
    if (pdm_state_advance(state, second * SECOND, &err) != PDM_OK) fail_msg("%s", err.message);
}

/* Advanced to second 9, with rows behind it. */
static pdm_state *advanced(pdm_context *context, shape s, int64_t first) {
    pdm_state *state = on(context, s);
    add_rows(state, s, first, 0, 8);
    advance(state, 6);
    add_rows(state, s, first, 8, 12);
    advance(state, 9);
    return state;
}

static void expect_bytes(pdm_state *state, bytes expected) {
    bytes now = state_bytes(state);
    assert_true(bytes_equal(now, expected));
    bytes_free(&now);
}

static void expect_results(const pdm_state *a, const pdm_state *b) {
    pdm_result *left = NULL;
    pdm_result *right = NULL;
    char why[256] = "";
    assert_int_equal(pdm_state_result(a, &left, NULL), PDM_OK);
    assert_int_equal(pdm_state_result(b, &right, NULL), PDM_OK);
    if (!results_equal(left, right, why)) fail_msg("%s", why);
    pdm_result_free(left);
    pdm_result_free(right);
}

/* ---- refused ---- */

static void refuses(const char *const *set, const char *const *lists, const char *option) {
    pdm_error err;
    pdm_state *state = attribution(set, lists);
    bytes before = state_bytes(state);
    assert_int_equal(pdm_state_advance(state, 7, &err), PDM_E_UNSUPPORTED_COMBINATION);
    assert_string_equal(err.column, option);
    expect_bytes(state, before);
    bytes_free(&before);
    pdm_state_free(state);
}

static void test_refused(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = NULL;
    assert_int_equal(pdm_state_advance(NULL, 0, &err), PDM_E_ARGUMENT);
    assert_int_equal(pdm_rfm_create(NULL, NULL, &state, &err), PDM_OK);
    assert_int_equal(pdm_state_advance(state, 0, &err), PDM_E_UNSUPPORTED_COMBINATION);
    assert_non_null(strstr(err.message, "rfm"));
    pdm_state_free(state);
    const char *const *linear = SET("models: model=linear");
    refuses(SET("rows=paths"), linear, "rows");
    refuses(SET("dedupe=event_id"), linear, "dedupe");
    refuses(SET("list_journeys=true"), linear, "list_journeys");
    refuses(SET("lookback=9223372036854775807us"), linear, "lookback");
    refuses(SET("reset=last_only", "nulls=expired"), linear, "nulls");
    refuses(PLAIN, SET("models: model=linear", "priority_lookbacks: priority=1 lookback=9223372036854775807"),
            "lookback");
}

static void test_watermarks_rise(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = advanced(NULL, MONEY, 1);
    bytes before = state_bytes(state);
    assert_int_equal(pdm_state_advance(state, 9 * SECOND, &err), PDM_OK);
    expect_bytes(state, before);
    assert_int_equal(pdm_state_advance(state, 9 * SECOND - 1, &err), PDM_E_ARGUMENT);
    assert_non_null(strstr(err.message, "9000000"));
    assert_non_null(strstr(err.message, "8999999"));
    assert_int_equal(pdm_state_advance(state, INT64_MIN, &err), PDM_E_ARGUMENT);
    expect_bytes(state, before);
    assert_int_equal(pdm_state_advance(state, INT64_MAX, &err), PDM_OK);
    bytes_free(&before);
    pdm_state_free(state);
}

/* ---- late rows ---- */

static void test_late_rows(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = attribution(PLAIN, SET("models: model=linear"));
    attribution_events(state, "1A0 1$1=5");
    assert_int_equal(pdm_state_advance(state, 2 * SECOND, &err), PDM_OK);
    bytes before = state_bytes(state);
    const char *late = "user=1 time=2000000 kind=touch channel=B; user=3 time=1999999 kind=touch channel=A";
    assert_int_equal(attribution_feed(state, late, &err), PDM_E_SEGMENT_OVERLAP);
    assert_int_equal(err.row, 1);
    assert_string_equal(err.column, "time");
    expect_bytes(state, before);
    bytes_free(&before);
    pdm_state_free(state);
    state = attribution(SET("late_rows=drop"), SET("models: model=linear"));
    attribution_events(state, "1A0 1$1=5");
    assert_int_equal(pdm_state_advance(state, 2 * SECOND, &err), PDM_OK);
    assert_int_equal(attribution_feed(state, late, &err), PDM_OK);
    EXPECT_STATE(state, "totals", "rows rows_late users touches conversions value null_journeys", "4 1 1 2 1 5 1");
}

/* ---- the same, advanced or not ---- */

static void test_results_are_the_same(void **unused) {
    (void)unused;
    pdm_context *threads = context_threads(3);
    for (int32_t s = 0; s < SHAPES; s++) {
        pdm_state *whole = on(NULL, (shape)s);
        add_rows(whole, (shape)s, 1, 0, 20);
        for (int64_t step = 1; step < 8; step++) {
            pdm_state *state = on(step % 2 == 0 ? threads : NULL, (shape)s);
            for (int64_t at = 0; at < 20; at += step) {
                add_rows(state, (shape)s, 1, at, at + step);
                advance(state, at + step);
            }
            expect_results(state, whole);
            advance(state, 1000);
            expect_results(state, whole);
            pdm_state_free(state);
        }
        pdm_state_free(whole);
    }
    pdm_context_free(threads);
}

/* ---- merging ---- */

static void test_merging(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_context *seed = context_seed(77);
    for (int32_t s = 0; s < SHAPES; s++) {
        pdm_state *a = advanced(NULL, (shape)s, 1);
        pdm_state *b = advanced(seed, (shape)s, 11);
        pdm_state *whole = advanced(NULL, (shape)s, 1);
        pdm_state *empty = on(NULL, (shape)s);
        bytes before = state_bytes(a);
        assert_int_equal(pdm_state_merge(a, empty, &err), PDM_OK); /* nothing to add, however far it is */
        expect_bytes(a, before);
        assert_int_equal(pdm_state_merge(empty, a, &err), PDM_OK);
        expect_bytes(empty, before);
        assert_int_equal(pdm_state_merge(a, whole, &err), PDM_E_SEGMENT_OVERLAP); /* the same users */
        assert_string_equal(err.column, "user");
        expect_bytes(a, before);
        pdm_state *behind = on(NULL, (shape)s);
        add_rows(behind, (shape)s, 21, 9, 12);
        assert_int_equal(pdm_state_merge(a, behind, &err), PDM_E_OPTIONS_DIFFER);
        assert_int_equal(pdm_state_merge(behind, a, &err), PDM_E_OPTIONS_DIFFER);
        advance(behind, 10);
        assert_int_equal(pdm_state_merge(a, behind, &err), PDM_E_OPTIONS_DIFFER);
        assert_string_equal(err.column, "watermark");
        assert_non_null(strstr(err.message, "9000000"));
        assert_non_null(strstr(err.message, "10000000"));
        expect_bytes(a, before);
        assert_int_equal(pdm_state_merge(empty, b, &err), PDM_OK);
        assert_int_equal(pdm_state_merge(b, a, &err), PDM_OK);
        bytes both = state_bytes(empty);
        expect_bytes(b, both);
        add_rows(b, (shape)s, 11, 12, 20);
        add_rows(b, (shape)s, 1, 12, 20);
        advance(b, 30);
        pdm_state *all = on(NULL, (shape)s);
        for (int64_t first = 1; first < 12; first += 10) add_rows(all, (shape)s, first, 0, 20);
        expect_results(b, all);
        pdm_state *const made[] = {a, b, whole, empty, behind, all};
        for (size_t i = 0; i < sizeof made / sizeof *made; i++) pdm_state_free(made[i]);
        bytes_free(&before);
        bytes_free(&both);
    }
    pdm_context_free(seed);
}

/* ---- failures ---- */

typedef enum call { ADVANCE, MERGE, MERGE_INTO_EMPTY, SERIALIZE, RESULT, CALLS } call;

static pdm_status do_call(call which, pdm_state *state, const pdm_state *other, pdm_error *err) {
    size_t size = 0;
    pdm_result *result = NULL;
    if (which == ADVANCE) return pdm_state_advance(state, 11 * SECOND, err);
    if (which == MERGE || which == MERGE_INTO_EMPTY) return pdm_state_merge(state, other, err);
    if (which == SERIALIZE) return pdm_state_serialize(state, NULL, 0, &size, err);
    pdm_status status = pdm_state_result(state, &result, err);
    pdm_result_free(result);
    return status;
}

static pdm_state *begin_state(pdm_context *context, shape s, call which) {
    return which == MERGE_INTO_EMPTY ? on(context, s) : advanced(context, s, 1);
}

static void torture(shape s, call which, const pdm_state *other) {
    pdm_state *sound = begin_state(NULL, s, which);
    bytes before = state_bytes(sound);
    assert_int_equal(do_call(which, sound, other, NULL), PDM_OK);
    bytes after = state_bytes(sound);
    pdm_state_free(sound);
    failing_memory memory = {0};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    bool failed = true;
    for (int64_t n = 1; failed; n += 1 + n / 30) {
        pdm_error err;
        pdm_error_reset(&err);
        pdm_state *state = begin_state(context, s, which);
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
        pdm_state *other = advanced(NULL, (shape)s, 31);
        for (int32_t which = 0; which < CALLS; which++) torture((shape)s, (call)which, other);
        pdm_state_free(other);
    }
}

static void test_stopped(void **unused) {
    (void)unused;
    stopper stop = {0};
    pdm_context_options given = pdm_context_options_default();
    given.should_stop = stopper_asks;
    given.stop_user = &stop;
    pdm_context *context = context_of(&given);
    pdm_state *state = advanced(context, EXPIRED, 1);
    bytes before = state_bytes(state);
    stop.stop_at = stop.asked + 1;
    pdm_error err;
    assert_int_equal(pdm_state_advance(state, 20 * SECOND, &err), PDM_E_STOPPED);
    stop.stop_at = 0;
    expect_bytes(state, before);
    assert_int_equal(pdm_state_advance(state, 20 * SECOND, &err), PDM_OK);
    bytes_free(&before);
    pdm_state_free(state);
    pdm_context_free(context);
}

/* ---- bytes ---- */

/* Bytes that are read are written again; and a state that comes out answers, merges and goes on. */
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
    result = NULL;
    bool merged = pdm_state_merge(state, other, &err) == PDM_OK;
    bool settled = pdm_state_advance(state, INT64_MAX, &err) == PDM_OK;
    if (pdm_state_result(state, &result, &err) == PDM_OK) assert_true(merged || settled || result != NULL);
    pdm_result_free(result);
    pdm_state_free(state);
    return true;
}

static void test_damaged_bytes(void **unused) {
    (void)unused;
    for (int32_t s = 0; s < SHAPES; s++) {
        pdm_state *state = advanced(NULL, (shape)s, 1);
        pdm_state *other = advanced(NULL, (shape)s, 41);
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
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_watermarks_rise),
        cmocka_unit_test(test_late_rows), cmocka_unit_test(test_results_are_the_same),
        cmocka_unit_test(test_merging),   cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_stopped),   cmocka_unit_test(test_damaged_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
