/*
 * The funnel through the public interface: switches, presets, and tables of small funnels worked out by hand. What it refuses and the
 * columns it takes are held in test_funnel_input.c, the evaluators by themselves in test_funnel_evaluators.c, the tables in
 * test_funnel_tables.c and test_funnel_series.c; against a full reference it is held in tests/vectors.
 */
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

/* ---- small funnels ---- */

static void test_small(void **unused) {
    (void)unused;
    pdm_state *state = funnel("a,b,c", SET("window=10", "list_units=true"));
    feed(state, small);
    pdm_result *result = result_of(state);
    assert_string_equal(pdm_table_name(pdm_result_table(result, NULL)), "steps");
    EXPECT(result, "steps", "group step name optional count stopped open dropped", "- 1 'a' 0 4 1 1 -",
           "- 2 'b' 0 3 1 0 1", "- 3 'c' 0 2 2 0 1");
    EXPECT(result, "steps", "rate_first_num rate_first_den rate_first rate_prev_num rate_prev_den rate_prev drop_rate",
           "4 4 1 - - - -", "3 4 0.75 3 4 0.75 0.25", "2 4 0.5 2 3 0.666667 0.333333");
    EXPECT(result, "durations", "from to n mean median min max", "1 2 3 2.66667 3 1 4", "2 3 2 7 7 6 8",
           "1 3 2 9 9 9 9");
    EXPECT(result, "units", "unit level t_1 t_2 t_3 open dropped", "1 3 0 3 9 0 0", "2 2 0 4 - 0 0", "3 3 5 6 14 0 0",
           "5 1 7 - - 1 0");
    EXPECT(result, "totals", "rows rows_null units units_entered units_dropped units_unattributed entries attempts",
           "15 0 5 4 0 0 5 4");
    assert_null(pdm_result_table(result, "trend"));
    assert_int_equal(pdm_table_column_count(pdm_result_table(result, "units")), 8 + 3);
    pdm_result_free(result);
    pdm_state_free(state);
}

/* An interval from an independent source: Wilson for 3 of 4 at 95 % is 0.300642 … 0.954413. */
static void test_intervals(void **unused) {
    (void)unused;
    pdm_state *state = funnel("a,b,c", SET("window=10"));
    feed(state, small);
    EXPECT_STATE(state, "steps", "rate_first_lo rate_first_hi rate_prev_lo rate_prev_hi", "0.510109 1 - -",
                 "0.300642 0.954413 0.300642 0.954413", "0.150039 0.849961 0.20766 0.938508");
    state = funnel("a,b,c", SET("window=10", "count=totals"));
    feed(state, small);
    EXPECT_STATE(state, "steps", "count rate_first_lo rate_first_hi", "4 - -", "3 - -", "1 - -");
}

static void expect_counts(const char *steps, const char *rows_text, const char *const *set, const char *counts) {
    pdm_state *state = funnel(steps, set);
    feed(state, rows_text);
    pdm_result *result = result_of(state);
    const pdm_table *table = pdm_result_table(result, "steps");
    char line[256] = "";
    size_t used = 0;
    for (int64_t row = 0; row < pdm_table_rows(table); row++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%" PRId64, row == 0 ? "" : " ",
                                 pdm_table_i64(table, "count")[row]);
    if (strcmp(line, counts) != 0)
        fail_msg("%s over %s, %s …: %s, not %s", steps, rows_text, set[0] == NULL ? "-" : set[0], line, counts);
    pdm_result_free(result);
    pdm_state_free(state);
}

static void test_switches(void **unused) {
    (void)unused;
    /* The window is inclusive, and may be 0 or unlimited. */
    expect_counts("a,b", "1a0 1b10", SET("window=10"), "1 1");
    expect_counts("a,b", "1a0 1b11", SET("window=10"), "1 0");
    expect_counts("a,b", "1a5 1b5", SET("window=0"), "1 1");
    expect_counts("a,b", "1a-4000000000000000000 1b5000000000000000000", SET("window=unlimited"), "1 1");
    /* Orders. */
    expect_counts("a,b,c", "1a0 1x1 1b2 1c3", SET("order=ordered"), "1 1 1");
    expect_counts("a,b,c", "1a0 1x1 1b2 1c3", SET("order=strict"), "1 0 0");
    expect_counts("a,b,c", "1a0 1x1 1b2 1c3", SET("order=fixed"), "1 1 1");
    expect_counts("a,b,c", "1a0 1c1 1b2 1c3", SET("order=fixed"), "1 0 0");
    expect_counts("a,b,c", "1c0 1a1 1b2", SET("order=unordered"), "1 1 1");
    expect_counts("a,b", "1a0 1a1 1b2", SET("order=strict", "strict_repeat=on"), "1 1");
    /* Entries. */
    expect_counts("a,b", "1a0 1a50 1b55", SET("window=10"), "1 1");
    expect_counts("a,b", "1a0 1a50 1b55", SET("window=10", "entry=first"), "1 0");
    expect_counts("a,b", "1a0 1b5 1a50", SET("window=10", "entry=last"), "1 0");
    /* One row is one step, unless it may be several; a step may come twice. */
    expect_counts("a,a", "1a0", PLAIN, "1 0");
    expect_counts("a,a", "1a0", SET("event_reuse=allow"), "1 1");
    expect_counts("a,a", "1a0 1a0", PLAIN, "1 1");
    /* Ties are favourable; by the log they may not be; seq decides. */
    expect_counts("a,b", "1b5 1a5", PLAIN, "1 1");
    expect_counts("a,b", "1b5 1a5", SET("ties=row_order"), "1 0");
    expect_counts("a,b", "1a5 1b5", SET("ties=row_order"), "1 1");
    expect_counts("a,b", "1a5 1b5", SET("ties=row_order", "strict_increase=skip"), "1 0");
    expect_counts("a,b", "1b5 1a6", SET("grace=1us"), "1 1");
    expect_counts("a,b", "1b5 1a7", SET("grace=1us"), "1 0");
    /* Deduplication. */
    expect_counts("a,b,c", "1a0 1b1 1b2 1c3", PLAIN, "1 1 1");
    expect_counts("a,b,c", "1a0 1b1 1b2 1c3", SET("deduplication=break_attempt"), "1 1 0");
    /* Alternatives. */
    expect_counts("a,bc,d", "1a0 1c1 1d2 2a0 2b1 2d2", PLAIN, "2 2 2");
    /* Time range: rows, or entries. */
    expect_counts("a,b", "1a0 1b5", SET("time_from=0", "time_to=5"), "1 0");
    expect_counts("a,b", "1a0 1b5", SET("time_from=0", "time_to=5", "range_applies_to=entries"), "1 1");
    expect_counts("a,b", "1a0 1b5", SET("time_from=1"), "0 0");
    /* Maturity: the window of 10 is over at 10. */
    expect_counts("a,b", "1a0 1b5", SET("window=10", "mature_only=true", "as_of=9"), "0 0");
    expect_counts("a,b", "1a0 1b5", SET("window=10", "mature_only=true", "as_of=10"), "1 1");
    /* Local days: hour 0 of the next day is too late. */
    expect_counts("a,b", "1a0 1b86399999999", SET("window_kind=calendar_days", "window=1"), "1 1");
    expect_counts("a,b", "1a0 1b86400000000", SET("window_kind=calendar_days", "window=1"), "1 0");
    expect_counts("a,b", "1a0 1b86400000000", SET("window_kind=calendar_days", "window=2"), "1 1");
}

/* Events in the order `a d b c a b c`, and others, under the meanings of other products. */
static void test_presets(void **unused) {
    (void)unused;
    const char *broken = "1a0 1d1 1b2 1c3 1a4 1b5 1c6";
    expect_counts("a,b,c", broken, SET("preset=clickhouse", "window=100"), "1 1 1");
    expect_counts("a,b,c", broken, SET("preset=clickhouse", "window=100", "mode=strict_order"), "1 0 0");
    expect_counts("a,b,c", broken, SET("order=strict", "window=100"), "1 1 1");
    /* One event of several steps counts for all of them there, unless strict_once. */
    expect_counts("a,a", "1a0", SET("preset=clickhouse", "window=100"), "1 1");
    expect_counts("a,a", "1a0", SET("preset=clickhouse", "window=100", "mode=strict_once"), "1 0");
    expect_counts("a,b", "1a0 1b0", SET("preset=clickhouse", "window=100", "mode=increase"), "1 0");
    expect_counts("a,b,c", "1a0 1b1 1b2 1c3", SET("preset=clickhouse", "window=100", "mode=deduplication"), "1 1 0");
    expect_counts("a,b,c", "1a0 1x1 1b2", SET("preset=doris", "window=100", "mode=fixed"), "1 0 0");
    expect_counts("a,b,c", "1a0 1x1 1b2", SET("preset=doris41", "window=100", "mode=fixed"), "1 1 0");
    expect_counts("a,b,c", "1a0 1c1 1b2", SET("preset=doris41", "window=100", "mode=fixed"), "1 0 0");
    expect_counts("a,b,c", "1a0 1b1 1b2 1c3", SET("preset=doris", "window=100", "mode=deduplication"), "1 1 0");
    expect_counts("a,b", "1a0 1a20000000 1b22000001", SET("preset=mixpanel", "window=5s"), "1 0");
    expect_counts("a,b", "1a0 1a20000000 1b22000001", SET("preset=mixpanel_reentry", "window=5s"), "1 1");
    expect_counts("a,b", "1b0 1a1000000", SET("preset=amplitude", "window=100"), "1 1");
    expect_counts("a,b", "1b0 1a1000001", SET("preset=amplitude", "window=100"), "1 0");
    /* The default windows: 14 days and 7 days. */
    expect_counts("a,b", "1a0 1b1209600000000", PLAIN, "1 1");
    expect_counts("a,b", "1a0 1b1209600000001", SET("preset=posthog"), "1 0");
    expect_counts("a,b", "1a0 1b604800000000", SET("preset=mixpanel"), "1 1");
    expect_counts("a,b", "1a0 1b604800000001", SET("preset=mixpanel"), "1 0");
    /* PostHog's rates of nothing are 0. */
    EXPECT_STATE(funnel("a,b", SET("preset=posthog")), "steps", "count rate_first rate_prev", "0 0 -", "0 0 0");
    EXPECT_STATE(funnel("a,b", SET("preset=posthog", "zero_denominator=null")), "steps", "rate_first rate_prev", "- -",
                 "- -");
    EXPECT_STATE(funnel("a,b", SET("zero_denominator=zero")), "steps", "rate_first rate_prev", "0 -", "0 0");
}

/* x between a and c; by effect. */
static void test_exclusions(void **unused) {
    (void)unused;
    static const struct {
        const char *effect;
        const char *steps[3];
        const char *totals;
    } effects[] = {{NULL, {"1 1", "2 1", "3 1"}, "1 2"},
                   {"drop_unit", {"1 1", "2 1", "3 1"}, "1 2"},
                   {"end_attempt", {"1 2", "2 2", "3 1"}, "0 2"},
                   {"wipe_progress", {"1 1", "2 1", "3 1"}, "0 2"}};
    for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
        pdm_state *state = funnel("a,b,c", PLAIN);
        pdm_error err;
        const exclusion_row list[] = {{.from = 1, .to = 3, .event = "x", .effect = effects[i].effect}};
        assert_int_equal(give_exclusions(state, list, 1, &err), PDM_OK);
        feed(state, "1a0 1b1 1x2 1c3 2x0 2a1 2b2 2c3 2x4");
        pdm_result *result = result_of(state);
        expect_rows(result, "steps", "step count", effects[i].steps, 3);
        EXPECT(result, "totals", "units_dropped units", effects[i].totals);
        pdm_result_free(result);
        pdm_state_free(state);
    }
}

static void test_optional_and_timed(void **unused) {
    (void)unused;
    pdm_state *state = funnel(NULL, SET("list_units=true"));
    pdm_error err;
    const step_row optional[] = {
        {.step = 1, .event = "a", .name = "看"}, {.step = 2, .event = "b", .optional = 1}, {.step = 3, .event = "c"}};
    assert_int_equal(give_steps(state, optional, 3, &err), PDM_OK);
    feed(state, "1a0 1c5 2a0 2b1 2c5 3a0 3b7");
    pdm_result *result = result_of(state);
    EXPECT(result, "steps", "step name optional count rate_prev_den", "1 '看' 0 3 -", "2 'b' 1 2 3", "3 'c' 0 2 3");
    EXPECT(result, "units", "unit level t_1 t_2 t_3", "1 2 0 - 5", "2 2 0 1 5", "3 1 0 7 -");
    pdm_result_free(result);
    pdm_state_free(state);
    state = funnel(NULL, PLAIN);
    const step_row timed[] = {
        {.step = 1, .event = "a"}, {.step = 2, .event = "b"}, {.step = 3, .event = "c", .window = 1}};
    assert_int_equal(give_steps(state, timed, 3, &err), PDM_OK);
    feed(state, "1a0 1b1 1b10 1c11 2a0 2b1 2c3 3a0 3b4 3c5"); /* 1 does it from the second b */
    EXPECT_STATE(state, "steps", "count", "3", "3", "2");
    state = funnel(NULL, PLAIN);
    const step_row at_once[] = {{.step = 1, .event = "a"}, {.step = 2, .event = "b", .window = PDM_ZERO_INT64}};
    assert_int_equal(give_steps(state, at_once, 2, &err), PDM_OK);
    feed(state, "1a0 1b0 2a0 2b1");
    EXPECT_STATE(state, "steps", "count", "2", "1");
}

static void test_counting(void **unused) {
    (void)unused;
    const char *text = "1a0 1b1 1a10 1a11 1b12 1a20 2a0";
    pdm_state *state = funnel("a,b", SET("window=5", "count=totals", "list_units=true"));
    feed(state, text);
    pdm_result *result = result_of(state);
    EXPECT(result, "steps", "count", "4", "2");
    EXPECT(result, "units", "unit attempt level t_1 t_2", "1 1 2 0 1", "1 2 2 10 12", "1 3 1 20 -", "2 1 1 0 -");
    pdm_result_free(result);
    pdm_state_free(state);
    state = funnel("a,b", SET("window=5", "count=totals", "totals_mode=every_entry"));
    feed(state, text);
    EXPECT_STATE(state, "steps", "count", "5", "3");
    /* Sessions: a pause of more than 9 starts a new one. */
    state = funnel("a,b", SET("count=sessions", "session_gap=9us", "list_units=true"));
    feed(state, "1a0 1b9 1a19 1x28 1b37 1a47");
    result = result_of(state);
    EXPECT(result, "steps", "count", "3", "2");
    EXPECT(result, "units", "unit session level t_1 t_2", "1 '1' 2 0 9", "1 '2' 2 19 37", "1 '3' 1 47 -");
    pdm_result_free(result);
    pdm_state_free(state);
}

/* ---- facets: sessions, values held constant, breakdowns ---- */

static void test_sessions_and_holds(void **unused) {
    (void)unused;
    pdm_error err;
    static const int64_t values[] = {7, 8, 7, 7, 7};
    pdm_column column = pdm_column_int64("session", values);
    pdm_state *state = funnel("a,b", SET("count=sessions", "sessions=column", "list_units=true"));
    assert_int_equal(feed_with(state, "1a0 1b1 1b2 2a0 2b5", &column, 1, &err), PDM_OK);
    EXPECT_STATE(state, "units", "unit session level t_1 t_2", "1 '7' 2 0 2", "2 '7' 2 0 5");
    /* (unit, value) pairs, or each unit once; null satisfies no step. */
    static const int64_t held[] = {1, 1, 2, 3, 3, 0};
    static const uint8_t valid[] = {0x1F};
    column = pdm_column_int64("hold", held);
    column.validity = valid;
    state = funnel("a,b", SET("hold_constant=column", "list_units=true"));
    assert_int_equal(feed_with(state, "1a0 1b1 1a2 2a0 2b5 3a9", &column, 1, &err), PDM_OK);
    EXPECT_STATE(state, "units", "unit hold level t_1 t_2", "1 '1' 2 0 1", "1 '2' 1 2 -", "2 '3' 2 0 5");
    state = funnel("a,b", SET("hold_constant=column", "hold_count=per_unit"));
    assert_int_equal(feed_with(state, "1a0 1b1 1a2 2a0 2b5 3a9", &column, 1, &err), PDM_OK);
    EXPECT_STATE(state, "steps", "count", "2", "2");
}

/* The item viewed must be the item bought, each in a column of its own; a number is a number, whatever its width and sign. */
static void test_hold_steps(void **unused) {
    (void)unused;
    static const int32_t viewed[] = {5, 0, 5, 0, -1, 0};
    static const uint64_t bought[] = {0, 5, 0, 6, 0, UINT64_MAX};
    static const uint8_t viewed_valid[] = {0x15};
    static const uint8_t bought_valid[] = {0x2A};
    pdm_column columns[] = {pdm_column_make("viewed", PDM_TYPE_INT32, viewed),
                            pdm_column_make("bought", PDM_TYPE_UINT64, bought)};
    columns[0].validity = viewed_valid;
    columns[1].validity = bought_valid;
    const step_row steps[] = {{.step = 1, .event = "a", .hold = "viewed"}, {.step = 2, .event = "b", .hold = "bought"}};
    pdm_state *state = funnel(NULL, SET("hold_constant=steps", "list_units=true"));
    pdm_error err;
    assert_int_equal(give_steps(state, steps, 2, &err), PDM_OK);
    if (feed_with(state, "1a0 1b1 2a0 2b1 3a0 3b1", columns, 2, &err) != PDM_OK) fail_msg("%s", err.message);
    EXPECT_STATE(state, "units", "unit hold level", "1 '5' 2", "2 '5' 1", "3 '-1' 1");
    /* −1 and 2^64 − 1 in one row are two values. */
    static const int64_t minus_one[] = {-1};
    static const uint64_t largest[] = {UINT64_MAX};
    const pdm_column both[] = {pdm_column_int64("viewed", minus_one),
                               pdm_column_make("bought", PDM_TYPE_UINT64, largest)};
    const step_row same[] = {{.step = 1, .event = "a", .hold = "viewed"}, {.step = 2, .event = "a", .hold = "bought"}};
    state = funnel(NULL, SET("hold_constant=steps", "event_reuse=allow", "list_units=true"));
    assert_int_equal(give_steps(state, same, 2, &err), PDM_OK);
    assert_int_equal(feed_with(state, "1a0", both, 2, &err), PDM_OK);
    EXPECT_STATE(state, "units", "unit hold level", "1 '-1' 1");
    /* Each hold column must be there. */
    state = funnel(NULL, SET("hold_constant=steps"));
    assert_int_equal(give_steps(state, steps, 2, &err), PDM_OK);
    assert_int_equal(feed_with(state, "1a0", both, 1, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "bought");
    pdm_state_free(state);
}

static void test_breakdown(void **unused) {
    (void)unused;
    /* 1: web, app; 2: null, web; 3: ''; 4: app */
    const char *text = "1a0 1b1 2a0 2b1 3a0 4a0";
    static const int32_t offsets[] = {0, 3, 6, 6, 9, 9, 12};
    static const uint8_t valid[] = {0x3B};
    pdm_column column = pdm_column_utf8("breakdown", offsets, "webappwebapp");
    column.validity = valid;
    static const struct {
        const char *attribution;
        const char *expected[6];
        int64_t count;
    } ways[] = {
        {"attribution=first_touch", {"- 1 1", "- 2 0", "'app' 1 1", "'app' 2 0", "'web' 1 2", "'web' 2 2"}, 6},
        {"attribution=last_touch", {"- 1 1", "- 2 0", "'app' 1 2", "'app' 2 1", "'web' 1 1", "'web' 2 1"}, 6},
        {"attribution=all_events", {"- 1 2", "- 2 0", "'app' 1 1", "'app' 2 0", "'web' 1 1", "'web' 2 0"}, 6},
        {"attribution=step", {"- 1 2", "- 2 1", "'app' 1 1", "'app' 2 0", "'web' 1 1", "'web' 2 1"}, 6},
    };
    pdm_error err;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        pdm_state *state = funnel("a,b", SET(ways[i].attribution));
        assert_int_equal(feed_with(state, text, &column, 1, &err), PDM_OK);
        pdm_result *result = result_of(state);
        expect_rows(result, "steps", "group step count", ways[i].expected, ways[i].count);
        pdm_result_free(result);
        pdm_state_free(state);
    }
    pdm_state *state = funnel("a,b", SET("attribution=step", "attribution_step=2"));
    assert_int_equal(feed_with(state, text, &column, 1, &err), PDM_OK);
    pdm_result *result = result_of(state);
    EXPECT(result, "steps", "group step count", "'app' 1 1", "'app' 2 1", "'web' 1 1", "'web' 2 1");
    EXPECT(result, "totals", "units_unattributed", "2");
    pdm_result_free(result);
    pdm_state_free(state);
    state = funnel("a,b", SET("attribution=first_touch", "breakdown_limit=1"));
    assert_int_equal(feed_with(state, text, &column, 1, &err), PDM_OK);
    EXPECT_STATE(state, "steps", "group step count", "'web' 1 2", "'web' 2 2", "'(other)' 1 2", "'(other)' 2 0");
    state = funnel("a,b", SET("attribution=first_touch"));
    assert_int_equal(feed_with(state, text, NULL, 0, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "breakdown");
    pdm_state_free(state);
}

/* ---- tables over time ---- */

static void test_trend_and_histogram(void **unused) {
    (void)unused;
    const int64_t day = INT64_C(86400000000);
    char text[256];
    (void)snprintf(text, sizeof text, "1a0 1b5 2a1 1a%lld 2a%lld 2b%lld", (long long)day, (long long)(2 * day),
                   (long long)(2 * day + 9));
    pdm_state *state = funnel("a,b", SET("window=10", "trend_period=day"));
    feed(state, text);
    EXPECT_STATE(state, "trend", "period n_from n_to rate complete", "0 2 1 0.5 1", "1 1 0 0 1", "2 1 1 1 0");
    state = funnel("a,b", SET("window=unlimited", "bin_unit=1us", "bins=2"));
    feed(state, "1a0 1b1 2a0 2b2 3a0 3b8");
    EXPECT_STATE(state, "histogram", "bin left right count", "1 1 5 2", "2 5 9 1", "3 9 13 0");
    state = funnel("a,b", SET("window=unlimited"));
    pdm_error err;
    static const int64_t edges[] = {2, 4, 8};
    assert_int_equal(give_edges(state, edges, 3, &err), PDM_OK);
    feed(state, "1a0 1b1 2a0 2b2 3a0 3b8 4a0 4b9 5a0 5b4");
    EXPECT_STATE(state, "histogram", "bin left right count", "0 - 2 1", "1 2 4 1", "2 4 8 2", "3 8 - 1");
}

/* ---- edges, merging, dedupe ---- */

static void test_extreme_times(void **unused) {
    (void)unused;
    const char *far = "1a-9223372036854775808 1b9223372036854775807 2a9223372036854775806 2b9223372036854775807 "
                      "3a-9223372036854775808 3b-9223372036854775807";
    expect_counts("a,b", far, SET("window=1"), "3 2");
    expect_counts("a,b", far, SET("window=9223372036854775806"), "3 2");
    expect_counts("a,b", far, SET("window=1", "window_kind=calendar_days"), "3 2");
    expect_counts("a,b", far, SET("window=1", "count=totals"), "3 2");
    expect_counts("a,b", far, SET("window=1", "order=unordered"), "3 2");
    expect_counts("a,b", far, SET("window=1", "grace=unlimited"), "3 2");
    /* From one end to the other it is longer than int64 can say. */
    pdm_state *endless = funnel("a,b", SET("window=unlimited"));
    pdm_result *none = NULL;
    pdm_error err;
    feed(endless, far);
    assert_int_equal(pdm_state_result(endless, &none, &err), PDM_E_OVERFLOW);
    assert_true(none == NULL && err.message[0] != '\0');
    pdm_state_free(endless);
    /* Each end of time is a session of its own. */
    expect_counts("a,b", far, SET("count=sessions", "window=unlimited"), "3 2");
    pdm_state *state = funnel("a,b", SET("window=1", "trend_period=year", "trend_count=every_attempt"));
    feed(state, "1a9223372036854775807 1b9223372036854775807");
    EXPECT_STATE(state, "trend", "n_from n_to", "1 1");
}

static void test_nobody_and_one(void **unused) {
    (void)unused;
    pdm_state *state = funnel("a,b", SET("list_units=true", "trend_period=month"));
    feed(state, "");
    pdm_result *result = result_of(state);
    EXPECT(result, "steps", "step count rate_first rate_first_lo rate_prev dropped drop_rate stopped open",
           "1 0 - - - - - 0 0", "2 0 - - - 0 - 0 0");
    EXPECT(result, "durations", "from to n mean min", "1 2 0 - -");
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "units")), 0);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "trend")), 0);
    EXPECT(result, "totals", "rows units units_entered entries attempts", "0 0 0 0 0");
    pdm_result_free(result);
    feed(state, "9a5");
    result = result_of(state);
    EXPECT(result, "steps", "step count rate_first stopped open", "1 1 1 1 1", "2 0 0 0 0");
    EXPECT(result, "units", "unit session hold group attempt level t_1 t_2", "9 - - - 1 1 5 -");
    pdm_result_free(result);
    pdm_state_free(state);
    EXPECT_STATE(funnel(NULL, SET("step_count=1")), "steps", "step count", "1 0");
}

/* Rows of each unit over two states, written and read between them. */
static void test_merging(void **unused) {
    (void)unused;
    const char *const *set = SET("window=10", "list_units=true");
    pdm_state *whole = funnel("a,b,c", set);
    feed(whole, small);
    pdm_state *late = funnel("a,b,c", set);
    pdm_state *early = funnel("a,b,c", set);
    feed(late, "3c14 2c11 1c9 5a7 3b6 3a5 2b4");
    feed(early, "6y2 6x1 4c2 4b1 3a0 2a0 1b3 1a0");
    bytes written = state_bytes(early);
    pdm_state *restored = NULL;
    pdm_error err;
    assert_int_equal(pdm_state_deserialize(NULL, written.data, written.size, &restored, &err), PDM_OK);
    assert_int_equal(pdm_state_merge(late, restored, &err), PDM_OK);
    bytes a = state_bytes(whole);
    bytes b = state_bytes(late);
    assert_true(bytes_equal(a, b));
    bytes_free(&a);
    bytes_free(&b);
    bytes_free(&written);
    pdm_state_free(restored);
    pdm_state_free(early);
    pdm_result *x = result_of(whole);
    pdm_result *y = result_of(late);
    char why[256] = "";
    if (!results_equal(x, y, why)) fail_msg("%s", why);
    pdm_result_free(x);
    pdm_result_free(y);
    /* Other options, other steps. */
    pdm_state *other = funnel("a,b,c", SET("window=11", "list_units=true"));
    assert_int_equal(pdm_state_merge(whole, other, &err), PDM_E_OPTIONS_DIFFER);
    assert_non_null(strstr(err.message, "window"));
    pdm_state_free(other);
    other = funnel("a,b,d", set);
    assert_int_equal(pdm_state_merge(whole, other, &err), PDM_E_OPTIONS_DIFFER);
    assert_non_null(strstr(err.message, "steps"));
    pdm_state_free(other);
    pdm_state_free(whole);
    pdm_state_free(late);
}

/* Of equal ids one row stays, the least; many units with facets, so that blocks of rows follow one another. */
static void test_dedupe(void **unused) {
    (void)unused;
    enum { UNITS = 3000, ROWS = 2 * UNITS };
    static int64_t unit[ROWS];
    static int64_t time[ROWS];
    static uint8_t mask[ROWS];
    static int64_t id[ROWS];
    static int32_t offsets[ROWS + 1];
    static char texts[ROWS * 8];
    for (int64_t i = 0; i < ROWS; i++) {
        unit[i] = i / 2;
        time[i] = i % 2;
        mask[i] = (uint8_t)(1 + i % 2);
        id[i] = i;
        offsets[i + 1] = offsets[i] + snprintf(texts + offsets[i], 9, "s%05d", (int)(i / 2));
    }
    const pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", time),
                                  pdm_column_make("steps", PDM_TYPE_UINT8, mask),
                                  pdm_column_utf8("session", offsets, texts), pdm_column_int64("event_id", id)};
    pdm_batch batch = pdm_batch_make(columns, 5, ROWS);
    pdm_state *state =
        funnel(NULL, SET("step_count=2", "dedupe=event_id", "count=sessions", "sessions=column", "list_units=true"));
    pdm_error err;
    for (int32_t again = 0; again < 2; again++) assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
    pdm_result *result = result_of(state);
    EXPECT(result, "steps", "count", "3000", "3000");
    EXPECT(result, "totals", "rows units", "12000 3000");
    const pdm_table *table = pdm_result_table(result, "units");
    assert_int_equal(pdm_table_rows(table), UNITS);
    for (int64_t i = 0; i < UNITS; i++) {
        size_t length = 0;
        const char *session = pdm_table_utf8(table, "session", i, &length);
        assert_int_equal(length, 6);
        assert_memory_equal(session, texts + 6 * 2 * i, 6);
    }
    pdm_result_free(result);
    pdm_state_free(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_exclusions),
        cmocka_unit_test(test_optional_and_timed),
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_sessions_and_holds),
        cmocka_unit_test(test_hold_steps),
        cmocka_unit_test(test_breakdown),
        cmocka_unit_test(test_trend_and_histogram),
        cmocka_unit_test(test_extreme_times),
        cmocka_unit_test(test_nobody_and_one),
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_dedupe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
