/* What funnels take and refuse: options, lists, columns of every kind, odd rows; each refusal with its status, row and column. */
#include "compare.h"
#include "contexts.h"
#include "funnel_life.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- what is refused: options ---- */

static void expect_refused(const char *const *set, const char *letters, pdm_status status, const char *column) {
    pdm_state *state = NULL;
    pdm_error err;
    size_t size = 0;
    pdm_error_reset(&err);
    pdm_status got = funnel_create(set, &state, &err);
    if (got == PDM_OK && letters != NULL) got = give_letters(state, letters, &err);
    if (got == PDM_OK) got = pdm_state_serialize(state, NULL, 0, &size, &err);
    int32_t last = 0;
    while (set[last] != NULL && set[last + 1] != NULL) last++;
    if (got != status) fail_msg("%s … %s: %s: %s", set[0], set[last], pdm_status_name((int32_t)got), err.message);
    assert_int_equal(err.code, status);
    assert_string_equal(err.column, column);
    assert_true(err.message[0] != '\0');
    pdm_state_free(state);
}

static void test_bad_options(void **unused) {
    (void)unused;
    const pdm_status bad = PDM_E_BAD_OPTION;
    const pdm_status unlike = PDM_E_UNSUPPORTED_COMBINATION;
    expect_refused(PLAIN, NULL, bad, "steps"); /* k = 0 */
    expect_refused(SET("step_count=33"), NULL, bad, "step_count");
    expect_refused(SET("step_count=4"), "a,b", bad, "step_count");
    expect_refused(SET("window=-1"), "a,b", bad, "window");
    expect_refused(SET("window=0", "window_kind=calendar_days"), "a,b", bad, "window");
    expect_refused(SET("grace=1s", "strict_increase=skip", "ties=row_order"), "a,b", bad, "grace");
    expect_refused(SET("grace=1s", "ties=row_order"), "a,b", unlike, "ties");
    expect_refused(SET("strict_increase=break"), "a,b", unlike, "strict_increase");
    expect_refused(SET("attribution=step", "attribution_step=3"), "a,b", bad, "attribution_step");
    expect_refused(SET("histogram_from=2", "histogram_to=2"), "a,b", bad, "histogram_to");
    expect_refused(SET("histogram_to=3"), "a,b", bad, "histogram_to");
    expect_refused(SET("trend_from=3"), "a,b", bad, "trend_from");
    expect_refused(SET("trend_from=2", "trend_to=1"), "a,b", bad, "trend_to");
    expect_refused(SET("time_from=5", "time_to=5"), "a,b", bad, "time_to");
    expect_refused(SET("conf_level=1"), "a,b", bad, "conf_level");
    expect_refused(SET("mode=fixed"), "a,b", unlike, "mode");
    expect_refused(SET("preset=posthog", "mode=fixed"), "a,b", unlike, "mode");
    expect_refused(SET("preset=clickhouse", "window=1d", "mode=strictly"), "a,b", bad, "mode");
    expect_refused(SET("preset=doris", "window=1d", "mode=once"), "a,b", bad, "mode");
    expect_refused(SET("preset=starrocks", "window=1d", "mode=8"), "a,b", bad, "mode");
    expect_refused(SET("preset=clickhouse", "window=1d", "mode=allow_reentry"), "a,b", unlike, "mode");
    expect_refused(SET("hold_constant=steps"), "a,b", bad, "steps");
    static const char *const presets_with_window[] = {"preset=clickhouse", "preset=doris", "preset=doris41",
                                                      "preset=starrocks", "preset=amplitude"};
    for (size_t i = 0; i < 5; i++) expect_refused(SET(presets_with_window[i]), "a,b", bad, "window");
    static const char *const of_a_scan[][2] = {{"order=strict", "order"},
                                               {"entry=first", "entry"},
                                               {"ties=row_order", "ties"},
                                               {"grace=1s", "grace"},
                                               {"collapse_ties=on", "collapse_ties"},
                                               {"deduplication=break_attempt", "deduplication"},
                                               {"count=totals", "count"},
                                               {"strict_increase=break", "strict_increase"}};
    for (size_t i = 0; i < sizeof of_a_scan / sizeof *of_a_scan; i++) {
        expect_refused(SET("preset=clickhouse", "window=1d", of_a_scan[i][0]), "a,b", unlike, of_a_scan[i][1]);
        expect_refused(SET("preset=starrocks", "window=1d", of_a_scan[i][0]), "a,b", unlike, of_a_scan[i][1]);
    }
    static const char *const of_any_order[][2] = {{"window_kind=calendar_days", "window_kind"},
                                                  {"deduplication=break_attempt", "deduplication"},
                                                  {"count=totals", "count"},
                                                  {"entry=last", "entry"},
                                                  {"attempt_tie=first_entered", "attempt_tie"}};
    for (size_t i = 0; i < sizeof of_any_order / sizeof *of_any_order; i++)
        expect_refused(SET("order=unordered", "window=2", of_any_order[i][0]), "a,b", unlike, of_any_order[i][1]);
    expect_refused(SET("order=unordered", "ties=row_order", "strict_increase=skip"), "a,b", unlike, "strict_increase");
}

/* What is said explicitly wins over the preset; a window of 0 is one. */
static void test_good_options(void **unused) {
    (void)unused;
    static const char *const fine[][5] = {{"window=0", NULL},
                                          {"window=unlimited", NULL},
                                          {"window=9223372036854775807", "window_kind=calendar_days", NULL},
                                          {"preset=mixpanel", "grace=0", "ties=row_order", NULL},
                                          {"preset=amplitude", "window=1d", "collapse_ties=off", NULL},
                                          {"preset=doris", "window=1d", "ties=favourable", NULL},
                                          {"preset=starrocks", "window=1d", "mode=7", NULL},
                                          {"preset=clickhouse", "window=1d", "mode=strict_order, allow_reentry", NULL},
                                          {"preset=posthog", "order=unordered", NULL}};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        pdm_state *state = funnel("a,b", fine[i]);
        EXPECT_STATE(state, "steps", "step name count", "1 'a' 0", "2 'b' 0");
    }
}

/* ---- what is refused: lists ---- */

/* Status, row and column of giving `steps`, and then of making them final. */
static void expect_steps_refused(const char *const *set, const step_row *steps, int64_t count, pdm_status status,
                                 int64_t row) {
    pdm_state *state = funnel(NULL, set);
    pdm_error err;
    size_t size = 0;
    pdm_status got = give_steps(state, steps, count, &err);
    if (got == PDM_OK) got = pdm_state_serialize(state, NULL, 0, &size, &err);
    if (got != status)
        fail_msg("%s …, %d rows: %s: %s", set[0] == NULL ? "-" : set[0], (int)count, pdm_status_name((int32_t)got),
                 err.message);
    assert_string_equal(err.column, "steps");
    assert_int_equal(err.row, row);
    pdm_state_free(state);
}
#define STEPS_REFUSED(set, status, row, ...) expect_steps_refused(set, ARRAY(step_row, __VA_ARGS__), status, row)

static void test_bad_steps(void **unused) {
    (void)unused;
    const pdm_status bad = PDM_E_BAD_OPTION;
    STEPS_REFUSED(PLAIN, bad, 0, {.step = 0, .event = "a"});
    STEPS_REFUSED(PLAIN, bad, 1, {.step = 1, .event = "a"}, {.step = 33, .event = "b"});
    STEPS_REFUSED(PLAIN, bad, 0, {.step = INT64_MIN, .event = "a"});
    STEPS_REFUSED(PLAIN, bad, -1, {.step = 1, .event = "a"}, {.step = 3, .event = "b"});
    STEPS_REFUSED(PLAIN, bad, 1, {.step = 1, .event = "a"}, {.step = 2, .event = "b", .column = "c"});
    STEPS_REFUSED(PLAIN, bad, 1, {.step = 1, .event = "a"}, {.step = 2, .event = "b", .window = -1});
    STEPS_REFUSED(PLAIN, bad, 0, {.step = 1, .event = "a", .window = 5}, {.step = 2, .event = "b"});
    STEPS_REFUSED(PLAIN, bad, 0, {.step = 1, .event = "a", .optional = 1}, {.step = 2, .event = "b"});
    STEPS_REFUSED(PLAIN, bad, 1, {.step = 1, .event = "a"}, {.step = 2, .event = "b", .optional = 1});
    STEPS_REFUSED(PLAIN, bad, 1, {.step = 1, .event = "a"}, {.step = 2, .column = ""});
    STEPS_REFUSED(PLAIN, bad, 1, {.step = 1, .event = "a"}, {.step = 2, .column = "unit"});
    STEPS_REFUSED(PLAIN, bad, 0, {.step = 1, .event = "a", .hold = "h"}, {.step = 2, .event = "b", .hold = "h"});
    const char *const *held = SET("hold_constant=steps");
    STEPS_REFUSED(held, bad, -1, {.step = 1, .event = "a", .hold = "h"}, {.step = 2, .event = "b"});
    STEPS_REFUSED(held, bad, 1, {.step = 1, .event = "a", .hold = "h"}, {.step = 1, .event = "b", .hold = "g"});
    STEPS_REFUSED(held, bad, 0, {.step = 1, .column = "h", .hold = "h"});
    /* Windows and optional steps with what they cannot be combined with. */
    const pdm_status unlike = PDM_E_UNSUPPORTED_COMBINATION;
    static const char *const against_both[] = {"order=strict", "order=fixed", "order=unordered"};
    static const char *const against_windows[] = {"deduplication=break_attempt", "count=totals", "grace=1s"};
    for (size_t i = 0; i < 3; i++) {
        STEPS_REFUSED(SET(against_both[i]), unlike, -1, {.step = 1, .event = "a"},
                      {.step = 2, .event = "b", .window = 5});
        STEPS_REFUSED(SET(against_both[i]), unlike, -1, {.step = 1, .event = "a"},
                      {.step = 2, .event = "b", .optional = 1}, {.step = 3, .event = "c"});
    }
    STEPS_REFUSED(SET("ties=row_order", "strict_increase=break"), unlike, -1, {.step = 1, .event = "a"},
                  {.step = 2, .event = "b", .window = 5});
    for (size_t i = 0; i < 3; i++)
        STEPS_REFUSED(SET(against_windows[i]), unlike, -1, {.step = 1, .event = "a"},
                      {.step = 2, .event = "b", .window = 5});
    STEPS_REFUSED(PLAIN, unlike, -1, {.step = 1, .event = "a"}, {.step = 2, .event = "b", .optional = 1},
                  {.step = 3, .event = "c", .window = 5});
    STEPS_REFUSED(SET("preset=clickhouse", "window=1d"), unlike, -1, {.step = 1, .event = "a"},
                  {.step = 2, .event = "b", .window = 5});
}

static void expect_exclusions_refused(const char *const *set, const exclusion_row *given, int64_t count,
                                      pdm_status status, int64_t row) {
    pdm_state *state = funnel("a,b,c", set);
    pdm_error err;
    size_t size = 0;
    pdm_status got = give_exclusions(state, given, count, &err);
    if (got == PDM_OK) got = pdm_state_serialize(state, NULL, 0, &size, &err);
    if (got != status) fail_msg("%s: %s", pdm_status_name((int32_t)got), err.message);
    assert_string_equal(err.column, "exclusions");
    assert_int_equal(err.row, row);
    pdm_state_free(state);
}
#define EXCLUSIONS_REFUSED(set, status, row, ...)                                                                      \
    expect_exclusions_refused(set, ARRAY(exclusion_row, __VA_ARGS__), status, row)

static void test_bad_exclusions(void **unused) {
    (void)unused;
    const pdm_status bad = PDM_E_BAD_OPTION;
    const pdm_status unlike = PDM_E_UNSUPPORTED_COMBINATION;
    EXCLUSIONS_REFUSED(PLAIN, bad, 0, {.from = 2, .to = 2, .event = "x"});
    EXCLUSIONS_REFUSED(PLAIN, bad, 1, {.from = 1, .to = 2, .event = "x"}, {.from = 3, .to = 2, .event = "x"});
    EXCLUSIONS_REFUSED(PLAIN, bad, 0, {.from = 0, .to = 2, .event = "x"});
    EXCLUSIONS_REFUSED(PLAIN, bad, 0, {.from = 1, .to = 33, .event = "x"});
    EXCLUSIONS_REFUSED(PLAIN, bad, 0, {.from = 1, .to = 4, .event = "x"}); /* the funnel has 3 */
    EXCLUSIONS_REFUSED(PLAIN, bad, 0, {.from = 1, .to = 2, .event = "x", .column = "y"});
    EXCLUSIONS_REFUSED(PLAIN, bad, 0, {.from = 1, .to = 2, .event = "x", .effect = "drop"});
    EXCLUSIONS_REFUSED(PLAIN, bad, 0, {.from = 1, .to = 2, .column = "time"});
    EXCLUSIONS_REFUSED(SET("order=unordered"), unlike, 0, {.from = 1, .to = 2, .event = "x"});
    EXCLUSIONS_REFUSED(SET("order=unordered"), unlike, 0, {.from = 1, .to = 3, .event = "x", .effect = "end_attempt"});
    exclusion_row many[33];
    for (int32_t i = 0; i < 33; i++) many[i] = (exclusion_row){.from = 1, .to = 2, .event = "x"};
    expect_exclusions_refused(PLAIN, many, 33, bad, 32);
}

static void test_bad_edges(void **unused) {
    (void)unused;
    static const struct {
        int64_t edges[3];
        int64_t count;
        int64_t row;
    } bad[] = {{{5}, 1, 0}, {{5, 5}, 2, 1}, {{1, 3, 2}, 3, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pdm_state *state = funnel("a,b", PLAIN);
        pdm_error err;
        assert_int_equal(give_edges(state, bad[i].edges, bad[i].count, &err), PDM_E_BAD_OPTION);
        assert_string_equal(err.column, "edges");
        assert_int_equal(err.row, bad[i].row);
        pdm_state_free(state);
    }
}

/* Lists of unlike kinds of events; more columns than a batch can have. */
static void test_bad_lists_together(void **unused) {
    (void)unused;
    static const int64_t one[] = {1};
    static const int64_t two[] = {2};
    static const int64_t code[] = {7};
    const pdm_column columns[] = {pdm_column_int64("from", one), pdm_column_int64("to", two),
                                  pdm_column_int64("event", code)};
    pdm_batch list = pdm_batch_make(columns, 3, 1);
    pdm_state *state = funnel("a,b", PLAIN);
    pdm_error err;
    size_t size = 0;
    assert_int_equal(pdm_state_set_list(state, "exclusions", &list, &err), PDM_OK);
    assert_int_equal(pdm_state_serialize(state, NULL, 0, &size, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "exclusions");
    pdm_state_free(state);
    static step_row steps[90];
    static char names[90][16];
    for (int32_t i = 0; i < 90; i++) {
        (void)snprintf(names[i], sizeof names[i], "flag_%d", i);
        steps[i] = (step_row){.step = 1 + i % 2, .column = names[i]};
    }
    state = funnel(NULL, PLAIN);
    assert_int_equal(give_steps(state, steps, 80, &err), PDM_OK);
    assert_int_equal(pdm_state_serialize(state, NULL, 0, &size, &err), PDM_OK);
    pdm_state_free(state);
    expect_steps_refused(PLAIN, steps, 90, PDM_E_BAD_OPTION, 86); /* of 96 columns the metric has 10 itself */
}

/* ---- columns ---- */

/* The rows of `small` with units and events laid out in one way after the other: the counts are the same. */
static void test_kinds_of_columns(void **unused) {
    (void)unused;
    static script s;
    parse(&s, small);
    int8_t narrow[MOST];
    uint64_t wide[MOST];
    int32_t offsets[MOST + 1] = {0};
    char texts[MOST];
    uint8_t letter[MOST];
    int64_t wide_offsets[MOST + 1];
    for (int64_t i = 0; i < s.count; i++) {
        narrow[i] = (int8_t)-s.unit[i];
        wide[i] = UINT64_MAX - (uint64_t)s.unit[i];
        texts[i] = (char)('0' + s.unit[i]);
        offsets[i + 1] = (int32_t)i + 1;
        letter[i] = (uint8_t)(s.events[i] - 'a');
    }
    for (int64_t i = 0; i <= s.count; i++) wide_offsets[i] = i;
    pdm_column large = pdm_column_make("unit", PDM_TYPE_LARGE_UTF8, texts);
    large.offsets = wide_offsets;
    const pdm_column units[] = {pdm_column_int64("unit", s.unit), pdm_column_make("unit", PDM_TYPE_INT8, narrow),
                                pdm_column_make("unit", PDM_TYPE_UINT64, wide), pdm_column_utf8("unit", offsets, texts),
                                large};
    static const char *const first_units[] = {"1", "-5", "18446744073709551610", "'1'", "'1'"};
    static const int32_t alphabet_offsets[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
                                               14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26};
    pdm_column alphabet = pdm_column_utf8("", alphabet_offsets, "abcdefghijklmnopqrstuvwxyz");
    pdm_column dictionary = pdm_column_make("event", PDM_TYPE_DICTIONARY, letter);
    dictionary.index_type = PDM_TYPE_UINT8;
    dictionary.dictionary = &alphabet;
    dictionary.dictionary_length = 26;
    const pdm_column events[] = {pdm_column_utf8("event", s.offsets, s.events), dictionary,
                                 pdm_column_int64("event", s.code)};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        for (size_t e = 0; e < sizeof events / sizeof *events; e++) {
            pdm_state *state = funnel(e < 2 ? "a,b,c" : NULL, SET("window=10", "list_units=true"));
            pdm_error err;
            if (e == 2) {
                static const int64_t code[] = {1, 2, 3};
                const pdm_column list[] = {pdm_column_int64("step", code), pdm_column_int64("event", code)};
                pdm_batch batch = pdm_batch_make(list, 2, 3);
                assert_int_equal(pdm_state_set_list(state, "steps", &batch, &err), PDM_OK);
            }
            const pdm_column columns[] = {units[u], pdm_column_int64("time", s.time), events[e]};
            pdm_batch batch = pdm_batch_make(columns, 3, s.count);
            if (pdm_state_update(state, &batch, &err) != PDM_OK) fail_msg("%s", err.message);
            pdm_result *result = result_of(state);
            EXPECT(result, "steps", "step count stopped", "1 4 1", "2 3 1", "3 2 2");
            EXPECT(result, "totals", "units entries", "5 5");
            char cell[64];
            (void)put_cell(pdm_result_table(result, "units"), "unit", 0, cell, sizeof cell);
            assert_string_equal(cell, first_units[u]);
            if (e == 2) {
                (void)put_cell(pdm_result_table(result, "steps"), "name", 1, cell, sizeof cell);
                assert_string_equal(cell, "'2'");
            }
            pdm_result_free(result);
            pdm_state_free(state);
        }
    }
}

/* Codes in a narrow range, and codes as far apart as can be. */
static void test_codes(void **unused) {
    (void)unused;
    static const int64_t unit[] = {1, 1, 1, 1, 2, 2};
    static const int64_t time[] = {0, 1, 2, 3, 0, 1};
    static const int64_t codes[][6] = {{100, 103, 99, 104, 100, 102},
                                       {INT64_MIN, INT64_MAX, 0, 1, INT64_MIN, INT64_MAX - 1},
                                       {-1, 3000, 4095, 4096, -1, 2999}};
    static const int64_t wanted[][3] = {{100, 103, 104}, {INT64_MIN, INT64_MAX, 1}, {-1, 3000, 4096}};
    static const int64_t step[] = {1, 2, 3};
    for (size_t i = 0; i < 3; i++) {
        pdm_state *state = funnel(NULL, PLAIN);
        pdm_error err;
        const pdm_column list[] = {pdm_column_int64("step", step), pdm_column_int64("event", wanted[i])};
        pdm_batch batch = pdm_batch_make(list, 2, 3);
        assert_int_equal(pdm_state_set_list(state, "steps", &batch, &err), PDM_OK);
        pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", time),
                                pdm_column_int64("event", codes[i])};
        batch = pdm_batch_make(columns, 3, 6);
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
        /* Once more, the events of unit 1 unknown. */
        static const uint8_t valid[] = {0x30};
        columns[2].validity = valid;
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
        EXPECT_STATE(state, "steps", "count", "2", "1", "1");
    }
}

/* Mask column: bits beyond the steps mean nothing, nor does null. */
static void test_mask(void **unused) {
    (void)unused;
    static const int64_t unit[] = {1, 1, 2, 2, 3, 4};
    static const int64_t time[] = {0, 1, 0, 1, 0, 0};
    static const uint32_t mask[] = {1, 2, 0xFFFFFFF9, 2, 1, 0xFFFFFFFC};
    static const uint8_t valid[] = {0x2F};
    pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", time),
                            pdm_column_make("steps", PDM_TYPE_UINT32, mask)};
    pdm_batch batch = pdm_batch_make(columns, 3, 6);
    pdm_state *state = funnel(NULL, SET("step_count=2"));
    pdm_error err;
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    EXPECT_STATE(state, "steps", "name count", "'step 1' 3", "'step 2' 2");
    columns[2].validity = valid;
    state = funnel(NULL, SET("step_count=2"));
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    EXPECT_STATE(state, "steps", "count", "2", "2");
    /* As wide as can be. */
    static const uint32_t all[] = {UINT32_MAX};
    columns[2] = pdm_column_make("steps", PDM_TYPE_UINT32, all);
    batch = pdm_batch_make(columns, 3, 1);
    state = funnel(NULL, SET("step_count=32", "event_reuse=allow", "list_units=true"));
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    EXPECT_STATE(state, "units", "unit level t_1 t_32", "1 32 0 0");
    state = funnel(NULL, SET("step_count=2"));
    batch.column_count = 2;
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "steps");
    pdm_state_free(state);
}

/* Boolean columns that the lists name: bits, integers, nulls; one column for two steps; what is missing or of a wrong type. */
static void test_named_columns(void **unused) {
    (void)unused;
    static const int64_t unit[] = {1, 1, 1, 2, 2, 3};
    static const int64_t time[] = {0, 1, 2, 0, 1, 0};
    static const uint8_t seen[] = {0xFF, 0x29}; /* from bit 8 on: rows 0, 3, 5 */
    static const int16_t paid[] = {0, -3, 9, 0, 1, 1};
    static const uint8_t paid_valid[] = {0x2F}; /* row 4 is null */
    static const uint8_t stolen[] = {0, 0, 0, 0, 0, 1};
    const step_row steps[] = {
        {.step = 1, .column = "seen"}, {.step = 2, .column = "paid"}, {.step = 3, .column = "paid", .name = "again"}};
    const exclusion_row exclusions[] = {{.from = 1, .to = 2, .column = "stolen"}};
    pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", time),
                            pdm_column_make("seen", PDM_TYPE_BOOL, seen), pdm_column_make("paid", PDM_TYPE_INT16, paid),
                            pdm_column_make("stolen", PDM_TYPE_UINT8, stolen)};
    columns[2].offset = 8;
    columns[3].validity = paid_valid;
    pdm_batch batch = pdm_batch_make(columns, 5, 6);
    pdm_state *state = funnel(NULL, PLAIN);
    pdm_error err;
    assert_int_equal(give_steps(state, steps, 3, &err), PDM_OK);
    assert_int_equal(give_exclusions(state, exclusions, 1, &err), PDM_OK);
    batch.column_count = 3;
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "paid");
    batch.column_count = 4;
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "stolen");
    batch.column_count = 5;
    columns[4].type = PDM_TYPE_FLOAT64;
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_BAD_TYPE);
    assert_string_equal(err.column, "stolen");
    columns[4].type = PDM_TYPE_UINT8;
    assert_int_equal(pdm_state_rows(state), 0);
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    pdm_result *result = result_of(state);
    /* 3 sees, pays and steals in one row: a row that advances excludes nobody, and it is one row. */
    EXPECT(result, "steps", "name count", "'seen' 3", "'paid' 1", "'again' 1");
    EXPECT(result, "totals", "rows units units_dropped", "6 3 0");
    pdm_result_free(result);
    bytes written = state_bytes(state);
    pdm_state *restored = NULL;
    assert_int_equal(pdm_state_deserialize(NULL, written.data, written.size, &restored, &err), PDM_OK);
    assert_int_equal(pdm_state_update(restored, &batch, &err), PDM_OK);
    assert_int_equal(pdm_state_rows(restored), 12);
    bytes_free(&written);
    pdm_state_free(restored);
    pdm_state_free(state);
}

/* ---- rows ---- */

static void test_null_rows(void **unused) {
    (void)unused;
    static const int64_t unit[] = {1, 1, 2, 3};
    static const int64_t time[] = {0, 1, 0, 0};
    static const uint32_t mask[] = {1, 2, 1, 1};
    static const uint8_t unit_valid[] = {0x0B};
    static const uint8_t time_valid[] = {0x07};
    pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", time),
                            pdm_column_make("steps", PDM_TYPE_UINT32, mask)};
    columns[0].validity = unit_valid;
    columns[1].validity = time_valid;
    pdm_batch batch = pdm_batch_make(columns, 3, 4);
    pdm_error err;
    pdm_state *state = funnel(NULL, SET("step_count=2"));
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_NULL_VALUE);
    assert_int_equal(err.row, 2);
    assert_string_equal(err.column, "unit");
    columns[0].validity = NULL;
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_NULL_VALUE);
    assert_int_equal(err.row, 3);
    assert_string_equal(err.column, "time");
    assert_int_equal(pdm_state_rows(state), 0);
    pdm_state_free(state);
    columns[0].validity = unit_valid;
    state = funnel(NULL, SET("step_count=2", "null_rows=skip"));
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    pdm_result *result = result_of(state);
    EXPECT(result, "steps", "count", "1", "1");
    EXPECT(result, "totals", "rows rows_null units", "4 2 1");
    pdm_result_free(result);
    pdm_state_free(state);
    /* A null session is one too. */
    static const uint8_t session_valid[] = {0x0E};
    const pdm_column with_session[] = {
        pdm_column_int64("unit", unit),
        pdm_column_int64("time", time),
        columns[2],
        {.name = "session", .type = PDM_TYPE_INT64, .values = unit, .validity = session_valid}};
    batch = pdm_batch_make(with_session, 4, 4);
    state = funnel(NULL, SET("step_count=2", "count=sessions", "sessions=column"));
    assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_NULL_VALUE);
    assert_int_equal(err.row, 0);
    assert_string_equal(err.column, "session");
    pdm_state_free(state);
}

/* A list of texts against a column of codes: refused before anything is kept, the batch after it is taken. */
static void test_kinds_of_events(void **unused) {
    (void)unused;
    enum { ROWS = 5000 };
    int64_t *unit = calloc(ROWS, sizeof *unit);
    assert_non_null(unit);
    for (int64_t i = 0; i < ROWS; i++) unit[i] = i % 70;
    uint8_t nulls[ROWS / 8] = {0};
    const char *const *none = PLAIN;
    pdm_state *state = funnel("a,b", none);
    pdm_error err;
    pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", unit),
                            pdm_column_int64("event", unit)};
    pdm_batch batch = pdm_batch_make(columns, 3, ROWS);
    bytes empty = state_bytes(state);
    for (int32_t again = 0; again < 2; again++) {
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_BAD_TYPE);
        assert_string_equal(err.column, "event");
        bytes after = state_bytes(state);
        assert_true(bytes_equal(empty, after));
        bytes_free(&after);
        /* The same where the first bad row comes late: the blocks before it are taken back. */
        memset(nulls, 0, sizeof nulls);
        nulls[4000 / 8] = 1;
        columns[2].validity = nulls;
    }
    bytes_free(&empty);
    feed(state, small);
    EXPECT_STATE(state, "steps", "count", "4", "3");
    free(unit);
}

static void test_row_order_needs_seq(void **unused) {
    (void)unused;
    static const int64_t unit[] = {1};
    static const uint8_t mask[] = {1};
    const pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", unit),
                                  pdm_column_make("steps", PDM_TYPE_UINT8, mask)};
    pdm_batch batch = pdm_batch_make(columns, 3, 1);
    static const char *const ways[][4] = {{"step_count=2", "ties=row_order", NULL},
                                          {"step_count=2", "preset=doris", "window=5", NULL}};
    for (size_t i = 0; i < 2; i++) {
        pdm_state *state = funnel(NULL, ways[i]);
        pdm_error err;
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_E_MISSING_COLUMN);
        assert_string_equal(err.column, "seq");
        pdm_state_free(state);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_good_options),
        cmocka_unit_test(test_bad_steps),
        cmocka_unit_test(test_bad_exclusions),
        cmocka_unit_test(test_bad_edges),
        cmocka_unit_test(test_bad_lists_together),
        cmocka_unit_test(test_kinds_of_columns),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_named_columns),
        cmocka_unit_test(test_null_rows),
        cmocka_unit_test(test_kinds_of_events),
        cmocka_unit_test(test_row_order_needs_seq),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
