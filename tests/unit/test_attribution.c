/*
 * Attribution through the public interface: journeys, rules and tables worked out by hand. What it refuses is held in
 * test_attribution_input.c, the chains and games under it in test_markov.c and test_coalition.c; conformance cases are in tests/vectors.
 */
#include "attribution_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PATHS SET("rows=paths")
#define LINEAR SET("models: model=linear")

/* The paths of a state, most conversions first; and its end. */
#define EXPECT_PATHS(state, ...) EXPECT_STATE(state, "paths", "path conversions value nulls", __VA_ARGS__)

static pdm_state *fed(const char *const *set, const char *const *lists, const char *events) {
    pdm_state *state = attribution(set, lists);
    attribution_events(state, events);
    return state;
}

static pdm_state *fed_paths(const char *const *set, const char *const *lists, const char *paths) {
    pdm_state *state = attribution(set, lists);
    attribution_paths(state, paths);
    return state;
}

/* ---- journeys ---- */

static void test_reset(void **unused) {
    (void)unused;
    const char *two = "1A0 1$1=10 1B2 1$3=5 1C4";
    EXPECT_PATHS(fed(SET("reset=none"), LINEAR, two), "'A' 1 10 0", "'A > B' 1 5 0", "'C' 0 0 1");
    EXPECT_PATHS(fed(SET("reset=after_conversion"), LINEAR, two), "'A' 1 10 0", "'B' 1 5 0", "'C' 0 0 1");
    EXPECT_PATHS(fed(SET("reset=first_only"), LINEAR, two), "'A' 1 10 0", "'B > C' 0 0 1");
    EXPECT_PATHS(fed(SET("reset=last_only"), LINEAR, two), "'A > B' 1 5 0", "'C' 0 0 1");
    EXPECT_STATE(fed(SET("reset=first_only"), LINEAR, two), "totals",
                 "conversions attributed_conversions unattributed_conversions ignored_conversions value ignored_value",
                 "2 1 0 1 15 5");
    /* Two conversions at one instant: the second has no candidates. */
    EXPECT_STATE(fed(SET("reset=after_conversion"), LINEAR, "1A0 1$1=10 1$1=20"), "totals",
                 "attributed_conversions unattributed_conversions attributed_value unattributed_value", "1 1 10 20");
}

static void test_lookback(void **unused) {
    (void)unused;
    const char *rows = "1A0 1B9 1$10=1";
    EXPECT_PATHS(fed(SET("lookback=10s"), LINEAR, rows), "'A > B' 1 1 0");
    EXPECT_PATHS(fed(SET("lookback=9999999us"), LINEAR, rows), "'B' 1 1 0");
    EXPECT_PATHS(fed(SET("lookback=unlimited"), LINEAR, rows), "'A > B' 1 1 0");
    /* 0 is the same instant; a touch that the log has after the conversion does not count. */
    EXPECT_PATHS(fed(SET("lookback=0", "nulls=none"), LINEAR, "1A9 1B10 1$10=1 1C10"), "'B' 1 1 0");
    EXPECT_STATE(fed(SET("lookback=1s"), LINEAR, rows), "totals", "users touches used_touches conversions", "1 2 1 1");
    /* Days: 23:59 of the day before is one day away, whatever the hours; the default calendar is UTC. */
    const char *days = "1A86340 1B172740 1$172860=1";
    EXPECT_PATHS(fed(SET("lookback_kind=calendar_days", "lookback=1d"), LINEAR, days), "'B' 1 1 0");
    EXPECT_PATHS(fed(SET("lookback_kind=calendar_days", "lookback=2d"), LINEAR, days), "'A > B' 1 1 0");
    EXPECT_PATHS(fed(SET("lookback_kind=calendar_days", "lookback=0", "nulls=none"), LINEAR, "1A0 1B86400 1$86405=1"),
                 "'B' 1 1 0");
}

/* The touch is after the conversion: it is none of its journey, and no error. */
static void test_touches_after(void **unused) {
    (void)unused;
    EXPECT_STATE(fed(PLAIN, LINEAR, "1$5=7 1A6"), "totals",
                 "attributed_conversions unattributed_conversions unattributed_value null_journeys", "0 1 7 1");
    EXPECT_STATE(fed(PLAIN, LINEAR, "1$5=7 1A6"), "credits", "row_kind channel conversions value share_conversions",
                 "'channel' 'A' 0 0 -", "'unattributed' - 1 7 -", "'total' - 1 7 -");
}

static void test_priority(void **unused) {
    (void)unused;
    pdm_error err;
    const char *rows = "user=1 time=0 kind=touch channel=A priority=1; user=1 time=5 kind=touch channel=B; "
                       "user=1 time=9 kind=conversion value=4";
    pdm_state *state = attribution(SET("priority_mode=highest_only"), LINEAR);
    assert_int_equal(attribution_feed(state, rows, &err), PDM_OK);
    EXPECT_PATHS(state, "'A' 1 4 0");
    state = attribution(PLAIN, LINEAR);
    assert_int_equal(attribution_feed(state, rows, &err), PDM_OK);
    EXPECT_PATHS(state, "'A > B' 1 4 0");
    /* Priority 1 looks back 9 µs, all others 3 µs; then 1 only 8. */
    state = attribution(SET("lookback=3us"), SET("models: model=linear", "priority_lookbacks: priority=1 lookback=9"));
    assert_int_equal(attribution_feed(state, rows, &err), PDM_OK);
    EXPECT_PATHS(state, "'A' 1 4 0");
    state = attribution(SET("lookback=4us"), SET("models: model=linear", "priority_lookbacks: priority=1 lookback=8"));
    assert_int_equal(attribution_feed(state, rows, &err), PDM_OK);
    EXPECT_PATHS(state, "'B' 1 4 0");
}

static void test_direct(void **unused) {
    (void)unused;
    const char *const lists[] = {"models: model=linear", "direct: channel=D", NULL};
    const char *rows = "1D0 1A1 1D2 1$3=1 2D0 2$1=1";
    EXPECT_PATHS(fed(PLAIN, lists, rows), "'D' 1 1 0", "'D > A > D' 1 1 0");
    EXPECT_PATHS(fed(SET("direct_mode=exclude_unless_all"), lists, rows), "'A' 1 1 0", "'D' 1 1 0");
    EXPECT_PATHS(fed(SET("direct_mode=strip_tail"), lists, rows), "'D' 1 1 0", "'D > A' 1 1 0");
    EXPECT_PATHS(fed(SET("direct_mode=exclude"), lists, rows), "'A' 1 1 0");
    EXPECT_STATE(fed(SET("direct_mode=exclude"), lists, rows), "totals", "unattributed_conversions", "1");
    /* A direct touch is what was there before, a day ago at most, even beyond the lookback. */
    EXPECT_PATHS(fed(SET("direct_mode=inherit_previous"), lists, rows), "'D' 1 1 0", "'D > A > A' 1 1 0");
    EXPECT_PATHS(fed(SET("direct_mode=inherit_previous", "inherit_window=2s"), lists, "1A0 1D2 1D3 1$3=1"),
                 "'A > A > D' 1 1 0");
    EXPECT_PATHS(fed(SET("direct_mode=inherit_previous", "lookback=1s"), lists, "1A0 1D2 1$3=1"), "'A' 1 1 0");
}

static void test_transform(void **unused) {
    (void)unused;
    const char *path = "D>A>B>B>C>D>C>C 1 4 0";
    EXPECT_PATHS(fed_paths(PATHS, LINEAR, path), "'D > A > B > B > C > D > C > C' 1 4 0");
    EXPECT_PATHS(fed_paths(SET("rows=paths", "transform=exposure"), LINEAR, path), "'D > A > B > C > D > C' 1 4 0");
    EXPECT_PATHS(fed_paths(SET("rows=paths", "transform=first"), LINEAR, path), "'D > A > B > C' 1 4 0");
    EXPECT_PATHS(fed_paths(SET("rows=paths", "transform=frequency"), LINEAR, path),
                 "'D(2) > A(1) > B(2) > C(3)' 1 4 0");
    EXPECT_PATHS(fed_paths(SET("rows=paths", "max_touches=3"), LINEAR, path), "'D > C > C' 1 4 0");
    EXPECT_STATE(fed_paths(SET("rows=paths", "max_touches=3"), LINEAR, path), "totals", "truncated_paths", "1");
    /* Frequencies are credited to their channel, and are states of their own. */
    EXPECT_STATE(fed_paths(SET("rows=paths", "transform=frequency"), SET("models: model=markov"), "A>A 1 1 0, A 1 1 2"),
                 "transitions", "from to count", "'(start)' 'A(1)' 3", "'(start)' 'A(2)' 1", "'A(1)' '(conversion)' 1",
                 "'A(1)' '(null)' 2", "'A(2)' '(conversion)' 1");
    EXPECT_STATE(fed_paths(SET("rows=paths", "transform=frequency"), SET("models: model=markov"), "A>A 1 1 0, A 1 1 2"),
                 "removal_effects", "channel removal_effect conversions", "'A' 1 2");
    /* Paths that become equal are one. */
    EXPECT_PATHS(fed_paths(SET("rows=paths", "transform=first"), LINEAR, "A>A 1 4 2, A 3 1 0"), "'A' 4 5 2");
}

static void test_nulls(void **unused) {
    (void)unused;
    const char *rows = "1A0 1$1=1 1B2 2C0 3$0=1";
    EXPECT_PATHS(fed(PLAIN, LINEAR, rows), "'A' 1 1 0", "'B' 0 0 1", "'C' 0 0 1");
    EXPECT_PATHS(fed(SET("nulls=non_converters"), LINEAR, rows), "'A' 1 1 0", "'C' 0 0 1");
    EXPECT_PATHS(fed(SET("nulls=none"), LINEAR, rows), "'A' 1 1 0");
    /* Runs of touches at most 5 s apart; a conversion up to 5 s after a run's end takes what was before it. */
    const char *runs = "1A0 1B4 1C20 1D21 1$23=1 1E24 1F40";
    EXPECT_PATHS(fed(SET("nulls=expired", "lookback=5s"), LINEAR, runs), "'C > D' 1 1 0", "'A > B' 0 0 1", "'E' 0 0 1",
                 "'F' 0 0 1");
    EXPECT_PATHS(fed(SET("null_window=lookback", "lookback=5s"), LINEAR, "1A0 1B4 1C9"), "'B > C' 0 0 1");
    EXPECT_STATE(fed(SET("direct_mode=exclude"), SET("models: model=linear", "direct: channel=D"), "1D0"), "totals",
                 "null_journeys unattributed_nulls paths status", "1 1 0 'no_conversions'");
}

static void test_journeys_table(void **unused) {
    (void)unused;
    EXPECT_STATE(fed(SET("list_journeys=true"), LINEAR, "2A1 1A0 1B2 1$3=7 1$4 1C9"), "journeys",
                 "user conversion_time path ages conversions value nulls", "1 3000000 'A > B' '3000000,1000000' 1 7 0",
                 "1 4000000 'A > B' '4000000,2000000' 1 0 0", "1 - 'C' - 0 0 1", "2 - 'A' - 0 0 1");
    EXPECT_STATE(fed(PLAIN, LINEAR, "1A0 1$3=7 1$4"), "totals", "conversions_without_value", "1");
}

/* ---- rules ---- */

static void expect_weights(const char *const *lists, const char *path, const char *const *expected, int64_t count) {
    pdm_state *state = fed_paths(PATHS, lists, path);
    pdm_result *result = result_of(state);
    const pdm_table *table = pdm_result_table(result, "credits");
    assert_int_equal(pdm_table_rows(table), count + 2);
    for (int64_t row = 0; row < count; row++) {
        char cell[64];
        (void)put_cell(table, "conversions", row, cell, sizeof cell);
        assert_string_equal(cell, expected[row]);
    }
    pdm_result_free(result);
    pdm_state_free(state);
}
#define WEIGHTS(lists, path, ...) expect_weights(lists, path, ARRAY(const char *const, __VA_ARGS__))

static void test_rules(void **unused) {
    (void)unused;
    const char *four = "A>B>C>D 1 1 0";
    WEIGHTS(SET("models: model=first_touch"), four, "1", "0", "0", "0");
    WEIGHTS(SET("models: model=last_touch"), four, "0", "0", "0", "1");
    WEIGHTS(SET("models: model=linear"), four, "0.25", "0.25", "0.25", "0.25");
    WEIGHTS(SET("models: model=u_shaped"), four, "0.4", "0.1", "0.1", "0.4");
    WEIGHTS(SET("models: model=j_shaped"), four, "0.2", "0.1", "0.1", "0.6");
    WEIGHTS(SET("models: model=inverse_j_shaped"), four, "0.6", "0.1", "0.1", "0.2");
    WEIGHTS(SET("models: model=position_decay"), four, "0.1", "0.2", "0.3", "0.4");
    WEIGHTS(SET("models: model=position_based first=1 middle=2 last=1"), four, "0.25", "0.25", "0.25", "0.25");
    WEIGHTS(SET("models: model=j_shaped"), "A>B 1 1 0", "0.25", "0.75");
    WEIGHTS(SET("models: model=j_shaped two_touch=split_middle"), "A>B 1 1 0", "0.3", "0.7");
    WEIGHTS(SET("models: model=position_based first=0 middle=1 last=0"), "A>B 1 1 0", "0.5", "0.5");
    WEIGHTS(SET("models: model=j_shaped"), "A 1 1 0", "1");
    WEIGHTS(SET("models: model=linear"), "A>B>A 1 1 0", "0.666667", "0.333333");
    WEIGHTS(SET("models: model=linear_unique"), "A>B>A 1 1 0", "0.5", "0.5");
    WEIGHTS(SET("models: model=participation"), "A>B>A 1 1 0", "1", "1");
    const char *const custom[] = {
        "models: model=custom_weights",
        "weights: model=custom_weights position=1 weight=3; model=custom_weights position=2 weight=1", NULL};
    WEIGHTS(custom, four, "0", "0", "0.25", "0.75");
    WEIGHTS(custom, "A 1 1 0", "1");
    const char *const front[] = {"models: model=custom_weights anchor=first name=mine",
                                 "weights: model=mine position=2 weight=5", NULL};
    WEIGHTS(front, four, "0", "1", "0", "0");
    WEIGHTS(front, "A 1 1 0", "1"); /* weights of 0 alone: evenly */
    const char *const direct[] = {"models: model=last_non_direct", "direct: channel=D; channel=A", NULL};
    WEIGHTS(direct, four, "0", "0", "1", "0");
    WEIGHTS(direct, "A>D 1 1 0", "0", "1");
    const char *const first[] = {"models: model=first_non_direct", "direct: channel=D; channel=A", NULL};
    WEIGHTS(first, four, "0", "1", "0", "0");
    WEIGHTS(first, "A>D 1 1 0", "1", "0");
}

static void test_milestones(void **unused) {
    (void)unused;
    const char *const lists[] = {"models: model=w_shaped", "milestones: mark=lead; mark=opportunity", NULL};
    pdm_error err;
    pdm_state *state = attribution(PATHS, lists);
    assert_int_equal(attribution_feed(state, "path=A>B>C>D>E marks=0>1>0>2>0 conversions=1", &err), PDM_OK);
    EXPECT_STATE(state, "credits", "conversions", "0.3", "0.3", "0.05", "0.3", "0.05", "0", "1");
    state = attribution(PATHS, lists);
    assert_int_equal(attribution_feed(state, "path=A>B>C marks=1>0>2 conversions=1", &err), PDM_OK);
    EXPECT_STATE(state, "credits", "conversions", "0.6", "0.1", "0.3", "0", "1");
    state = attribution(PATHS, lists);
    assert_int_equal(attribution_feed(state, "path=A>B>C marks=0>1>0 conversions=1", &err), PDM_OK);
    EXPECT_STATE(state, "credits", "conversions", "0.428571", "0.428571", "0.142857", "0", "1");
    /* From events: the last touch before the milestone; a later conversion sees it, an earlier one does not. */
    const char *const own[] = {"models: model=milestone", "milestones: mark=lead",
                               "weights: model=milestone mark=lead weight=1", NULL};
    EXPECT_STATE(fed(PLAIN, own, "1A0 1B1 1!2 1C3 1$4=1"), "credits", "conversions", "0", "1", "0", "0", "1");
    EXPECT_STATE(fed(PLAIN, own, "1A0 1B1 1$2=1 1!3"), "credits", "conversions", "0.5", "0.5", "0", "1");
    /* Marks of a dropped repeat go to the touch that stays; without a list, milestones are no matter. */
    EXPECT_STATE(fed(SET("transform=exposure"), own, "1A0 1A1 1!2 1C3 1$4=1"), "credits", "conversions", "1", "0", "0",
                 "1");
    EXPECT_STATE(fed(PLAIN, LINEAR, "1A0 1!2 1$4=1"), "credits", "conversions", "1", "0", "1");
    /* Models blind to marks see one path. */
    state = attribution(PATHS, SET("models: model=markov", "milestones: mark=lead"));
    assert_int_equal(
        attribution_feed(state, "path=A>B marks=0>1 conversions=1; path=A>B marks=0>0 conversions=2", &err), PDM_OK);
    EXPECT_PATHS(state, "'A > B' 3 0 0");
}

static void test_time_decay(void **unused) {
    (void)unused;
    const char *rows = "1A0 1B604800 1$1209600=30"; /* two weeks and one week before */
    EXPECT_STATE(fed(PLAIN, SET("models: model=time_decay"), rows), "credits", "conversions value", "0.333333 10",
                 "0.666667 20", "0 0", "1 30");
    EXPECT_STATE(fed(PLAIN, SET("models: model=time_decay half_life=1209600000000"), rows), "credits", "conversions",
                 "0.414214", "0.585786", "0", "1");
    /* Steps of three weeks: both touches are in the first. From the last touch or not: 1.9 and 0.9 weeks are 1 and 0 of the conversion's. */
    EXPECT_STATE(fed(PLAIN, SET("models: model=time_decay mode=step half_life=1814400000000"), rows), "credits",
                 "conversions", "0.5", "0.5", "0", "1");
    const char *near = "1A0 1B604799 1$1149120=1";
    EXPECT_STATE(fed(PLAIN, SET("models: model=time_decay mode=step"), near), "credits", "conversions", "0.333333",
                 "0.666667", "0", "1");
    EXPECT_STATE(fed(PLAIN, SET("models: model=time_decay mode=step age_from=last_touch"), near), "credits",
                 "conversions", "0.5", "0.5", "0", "1");
    /* Touches of ages ago are nothing, and no division of 0 by 0. */
    EXPECT_STATE(fed(SET("lookback=unlimited"), SET("models: model=time_decay half_life=1"), "1A0 1B100000 1$200000=1"),
                 "credits", "conversions", "0", "1", "0", "1");
}

/* ---- chains and games in the tables ---- */

static void test_markov(void **unused) {
    (void)unused;
    const char *paths = "C1>C2>C3 1 9 0, C1 0 0 1, C2>C3 0 0 1";
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov"), paths), "removal_effects",
                 "channel removal_effect removal_effect_value conversions value", "'C1' 0.5 0.5 0.2 1.8",
                 "'C2' 1 1 0.4 3.6", "'C3' 1 1 0.4 3.6");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov"), paths), "markov_summary",
                 "order states distinct_transitions journeys p_conversion value_per_journey sweeps status",
                 "1 4 7 3 0.333333 3 0 'ok'");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov self_transitions=1"), "A>A>B 1 1 0, A 0 0 1"),
                 "transitions", "from to count probability", "'(start)' 'A' 2 1", "'A' 'A' 1 0.333333",
                 "'A' 'B' 1 0.333333", "'A' '(null)' 1 0.333333", "'B' '(conversion)' 1 1");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov order=2"), "A>B>A 1 1 0, A>B 0 0 1, C 1 1 0"),
                 "transitions", "from to count", "'(start)' 'A > B' 2", "'(start)' 'C' 1", "'A > B' 'B > A' 1",
                 "'A > B' '(null)' 1", "'B > A' '(conversion)' 1", "'C' '(conversion)' 1");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov ignore_nulls=1"), paths), "markov_summary",
                 "journeys p_conversion status", "1 1 'no_null_journeys'");
    /* Nothing to lose. */
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov"), "A 0 0 3"), "removal_effects",
                 "channel removal_effect removal_effect_value conversions value", "'A' 0 0 0 0");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov"), "A 2 0 3"), "markov_summary", "status", "'no_value'");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=markov"), "A 3 9 0"), "removal_effects",
                 "channel removal_effect removal_effect_value conversions value", "'A' 1 1 3 9");
}

static void test_markov_orders(void **unused) {
    (void)unused;
    /* Order 1 cannot tell B after A from B alone; order 2 can: its last states A > B (20 : 0) and B (0 : 20) are without error. */
    EXPECT_STATE(fed_paths(SET("rows=paths", "markov_orders=2"), LINEAR, "A>B 20 20 0, B 0 0 20"), "markov_orders",
                 "order states parameters auc penalised_auc best", "1 3 2 0.5 0.472973 0", "2 3 3 1 1 1");
    EXPECT_STATE(fed_paths(SET("rows=paths", "markov_orders=1"), LINEAR, "A 2 2 0"), "markov_orders",
                 "auc penalised_auc best log_likelihood free_parameters bic best_bic", "- - 0 0 0 0 1");
    /* Two journeys of four each: 4 ln ½, twice from the start; one free parameter there: BIC = ln 8 · 1 + 16 ln 2 for order 1. */
    EXPECT_STATE(fed_paths(SET("rows=paths", "markov_orders=1"), LINEAR, "A 4 4 0, B 4 4 0"), "markov_orders",
                 "log_likelihood free_parameters bic", "-5.54518 1 13.1698");
}

static void test_shapley(void **unused) {
    (void)unused;
    const char *paths = "A>B 2 10 2, B>A 2 10 2";
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=shapley"), paths), "shapley",
                 "channel shapley_value conversions value", "'A' 2 2 10", "'B' 2 2 10");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=shapley worth=rate_subsets"), paths), "shapley",
                 "model channel shapley_value conversions value", "'shapley_rate_subsets' 'A' 0.25 2 10",
                 "'shapley_rate_subsets' 'B' 0.25 2 10");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=shapley_ordered"), "A>B>A 1 6 0"), "shapley_positions",
                 "channel position conversions value", "'A' 1 0.25 1.5", "'A' 3 0.25 1.5", "'B' 2 0.5 3");
    EXPECT_STATE(fed_paths(PATHS, SET("models: model=shapley_ordered repeats=full_each"), "A>B>A 1 6 0"),
                 "conservation", "attributed_conversions credit_sum ok inflates", "1 1.5 - 1");
}

/* ---- reports ---- */

static void test_compare(void **unused) {
    (void)unused;
    const char *const lists[] = {"models: model=last_touch; model=linear", NULL};
    EXPECT_STATE(fed_paths(PATHS, lists, "A>B 1 8 1, B 1 0 1"), "comparison",
                 "channel model conversions value share_conversions difference share_value difference_value",
                 "'A' 'last_touch' 0 0 0 0 0 0", "'A' 'linear' 0.5 4 0.25 25 0.5 50", "'B' 'last_touch' 2 8 1 0 1 0",
                 "'B' 'linear' 1.5 4 0.75 -25 0.5 -50");
    EXPECT_STATE(fed_paths(SET("rows=paths", "base=linear"), lists, "A>B 1 8 1, B 1 0 1"), "comparison", "difference",
                 "-25", "0", "25", "0");
    EXPECT_STATE(fed_paths(PATHS, lists, "A>B 1 8 1, B 1 0 1"), "conservation",
                 "model attributed_conversions credit_sum gap attributed_value credit_value_sum gap_value ok status",
                 "'last_touch' 2 2 0 8 8 0 1 'ok'", "'linear' 2 2 0 8 8 0 1 'ok'");
    /* The usual models are there without a list. */
    pdm_state *state = fed_paths(PATHS, PLAIN, "A>B 1 8 1");
    EXPECT_STATE(state, "conservation", "model", "'first_touch'", "'last_touch'", "'last_non_direct'", "'linear'",
                 "'u_shaped'", "'j_shaped'", "'inverse_j_shaped'", "'position_decay'", "'markov'", "'shapley'");
}

static void test_reports(void **unused) {
    (void)unused;
    const char *paths = "A>B>A 1 8 1, B 3 6 1, C 0 0 4";
    EXPECT_STATE(fed_paths(PATHS, LINEAR, paths), "paths",
                 "path length conversions conversion_rate share cumulative_share", "'B' 1 3 0.75 0.75 0.75",
                 "'A > B > A' 3 1 0.5 0.25 1", "'C' 1 0 0 0 1");
    EXPECT_STATE(fed_paths(SET("rows=paths", "top=1"), LINEAR, paths), "paths", "path", "'B'");
    EXPECT_STATE(fed_paths(PATHS, LINEAR, paths), "length_distribution", "length conversions value nulls", "1 3 6 5",
                 "3 1 8 1");
    EXPECT_STATE(fed_paths(PATHS, LINEAR, paths), "assists",
                 "channel conversions first_conversions last_conversions assisted_conversions assist_only_conversions "
                 "assist_ratio assisted_value assist_only_value touches nulls",
                 "'A' 1 1 1 1 0 1 8 0 2 1", "'B' 4 3 3 1 1 0.333333 8 8 4 2", "'C' 0 0 0 0 0 - 0 0 0 4");
    EXPECT_STATE(fed_paths(PATHS, LINEAR, "A 2 2 0"), "paths", "conversion_rate", "-");
    pdm_state *state = fed_paths(PATHS, LINEAR, "A 2 2 0");
    EXPECT_STATE(state, "totals", "paths channels status", "1 1 'no_null_journeys'");
}

static void test_times(void **unused) {
    (void)unused;
    const char *const lists[] = {"models: model=linear", "time_bins: edge=0; edge=2000000; edge=10000000", NULL};
    const char *rows = "1A0 1B8 1$10=5 2A0 2$1=3 3$0=9";
    EXPECT_STATE(fed(PLAIN, lists, rows), "time_to_convert", "measure from to conversions value share",
                 "'first_touch' 0 2 1 3 0.5", "'first_touch' 2 10 0 0 0", "'first_touch' 10 - 1 5 0.5",
                 "'last_touch' 0 2 1 3 0.5", "'last_touch' 2 10 1 5 0.5", "'last_touch' 10 - 0 0 0");
    EXPECT_STATE(fed(PLAIN, lists, rows), "time_summary", "measure conversions minimum maximum mean",
                 "'first_touch' 2 1 10 5.5", "'last_touch' 2 1 2 1.5");
    EXPECT_STATE(attribution(PLAIN, lists), "time_summary", "conversions minimum maximum mean", "0 - - -", "0 - - -");
}

static void test_returns(void **unused) {
    (void)unused;
    const char *const lists[] = {"models: model=last_touch",
                                 "spend: channel=A spend=10; channel=Z spend=5; channel=A spend=10; channel=C spend=0",
                                 NULL};
    EXPECT_STATE(fed(SET("gross_margin=0.5"), lists, "1A0 1$1=60 2B0 2$1=7 3C0 3$1=9 4$1=40"), "returns",
                 "row_kind channel spend spend_share conversions cost_per_conversion roas roi_gmv roi_margin status",
                 "'channel' 'A' 20 0.8 1 20 3 2 0.5 'ok'", "'channel' 'B' - - 1 - - - - 'missing'",
                 "'channel' 'C' 0 0 1 0 - - - 'zero_base'", "'channel' 'Z' 5 0.2 0 - 0 -1 -1 'zero_base'",
                 "'total' - 25 1 3 8.33333 3.04 2.04 0.52 'ok'", "'blended' - 25 1 4 6.25 4.64 3.64 1.32 'ok'");
    pdm_state *state = fed(PLAIN, LINEAR, "1A0");
    pdm_result *result = result_of(state);
    assert_null(pdm_result_table(result, "returns"));
    pdm_result_free(result);
    pdm_state_free(state);
}

static void test_nothing(void **unused) {
    (void)unused;
    pdm_state *state = attribution(PLAIN, PLAIN);
    pdm_result *result = result_of(state);
    EXPECT(result, "totals", "rows users touches conversions value null_journeys paths channels status",
           "0 0 0 0 0 0 0 0 'no_conversions'");
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "paths")), 0);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "comparison")), 0);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "transitions")), 0);
    EXPECT(result, "markov_summary", "states p_conversion value_per_journey status", "1 - - 'no_conversions'");
    pdm_result_free(result);
    pdm_state_free(state);
}

/* ---- values ---- */

static void test_doubles(void **unused) {
    (void)unused;
    /* Added in the order of coming, 1e100 + 1 − 1e100 is 0. */
    pdm_error err;
    pdm_state *state = attribution(SET("rows=paths", "value_type=double", "allow_negative_value=true"), LINEAR);
    assert_int_equal(attribution_feed(state,
                                      "path=A conversions=1 value=1e100.0; path=A conversions=1 value=1.25; "
                                      "path=A conversions=1 value=-1e100.0",
                                      &err),
                     PDM_OK);
    EXPECT_STATE(state, "totals", "value attributed_value", "1.25 1.25");
    state = attribution(SET("value_type=double"), LINEAR);
    attribution_events(state, "1A0 1$1=0.5 2$3=0.25");
    EXPECT_STATE(state, "totals", "value attributed_value unattributed_value", "0.75 0.5 0.25");
    state = attribution(SET("allow_negative_value=true"), SET("models: model=markov"));
    attribution_events(state, "1A0 1$1=-5 2B0 2$1=5");
    EXPECT_STATE(state, "removal_effects", "removal_effect removal_effect_value conversions", "0.5 0 1", "0.5 0 1");
}

/* Users cut in two before their journeys are built: merging unites their rows. */
static void test_shards(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *whole = fed(PLAIN, PLAIN, "1A0 1B1 1$2=5 2C0");
    pdm_state *left = attribution(PLAIN, PLAIN);
    pdm_state *right = attribution(PLAIN, PLAIN);
    const char *first = "user=1 time=2000000 seq=2 kind=conversion value=5; user=2 time=0 seq=3 kind=touch channel=C";
    const char *second = "user=1 time=1000000 seq=1 kind=touch channel=B; user=1 time=0 seq=0 kind=touch channel=A";
    assert_int_equal(attribution_feed(left, first, &err), PDM_OK);
    assert_int_equal(attribution_feed(right, second, &err), PDM_OK);
    assert_int_equal(pdm_state_merge(left, right, &err), PDM_OK);
    uint8_t a[4096];
    uint8_t b[4096];
    size_t a_size = 0;
    size_t b_size = 0;
    assert_int_equal(pdm_state_serialize(whole, a, sizeof a, &a_size, &err), PDM_OK);
    assert_int_equal(pdm_state_serialize(left, b, sizeof b, &b_size, &err), PDM_OK);
    assert_int_equal(a_size, b_size);
    assert_memory_equal(a, b, a_size);
    EXPECT_PATHS(left, "'A > B' 1 5 0", "'C' 0 0 1");
    pdm_state_free(whole);
    pdm_state_free(right);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset),         cmocka_unit_test(test_lookback),
        cmocka_unit_test(test_touches_after), cmocka_unit_test(test_priority),
        cmocka_unit_test(test_direct),        cmocka_unit_test(test_transform),
        cmocka_unit_test(test_nulls),         cmocka_unit_test(test_journeys_table),
        cmocka_unit_test(test_rules),         cmocka_unit_test(test_milestones),
        cmocka_unit_test(test_time_decay),    cmocka_unit_test(test_markov),
        cmocka_unit_test(test_markov_orders), cmocka_unit_test(test_shapley),
        cmocka_unit_test(test_compare),       cmocka_unit_test(test_reports),
        cmocka_unit_test(test_times),         cmocka_unit_test(test_returns),
        cmocka_unit_test(test_nothing),       cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
