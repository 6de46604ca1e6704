/* What attribution refuses, by name; and odd input that has a defined answer. */
#include "attribution_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINEAR SET("models: model=linear")
#define PATHS SET("rows=paths")

/* The rows are refused with this status, row and column, the message holds a word; the state is as it was. */
static void refuses(const char *const *set, const char *const *lists, const char *rows, pdm_status code, int64_t row,
                    const char *column, const char *word) {
    pdm_error err;
    uint8_t before[8192];
    uint8_t after[8192];
    size_t before_size = 0;
    size_t after_size = 0;
    pdm_state *state = attribution(set, lists);
    assert_int_equal(pdm_state_serialize(state, before, sizeof before, &before_size, &err), PDM_OK);
    pdm_status status = attribution_feed(state, rows, &err);
    if (status != code || err.row != row || strcmp(err.column, column) != 0 || strstr(err.message, word) == NULL)
        fail_msg("%s: %s, row %lld, column \"%s\": %s", rows, pdm_status_name((int32_t)status), (long long)err.row,
                 err.column, err.message);
    assert_int_equal(pdm_state_serialize(state, after, sizeof after, &after_size, &err), PDM_OK);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, after_size);
    pdm_state_free(state);
}

#define GOOD "user=1 time=0 kind=touch channel=A; "

static void test_events(void **unused) {
    (void)unused;
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0 kind=click channel=A", PDM_E_BAD_VALUE, 1, "kind", "\"click\"");
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0 kind=touch channel=", PDM_E_BAD_VALUE, 1, "channel", "not empty");
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0 kind=touch channel=(start)", PDM_E_BAD_VALUE, 1, "channel", "(start)");
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0 kind=touch", PDM_E_NULL_VALUE, 1, "channel", "null_rows");
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0 kind=touch channel=A value=5", PDM_E_BAD_VALUE, 1, "value",
            "no conversion");
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0 kind=conversion channel=A", PDM_E_BAD_VALUE, 1, "channel", "no touch");
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0 kind=conversion value=-5", PDM_E_BAD_VALUE, 1, "value",
            "allow_negative_value");
    refuses(PLAIN, LINEAR, GOOD "user=1 time=0", PDM_E_NULL_VALUE, 1, "kind", "null");
    refuses(PLAIN, LINEAR, GOOD "time=0 kind=touch channel=A", PDM_E_NULL_VALUE, 1, "user", "null");
    refuses(PLAIN, LINEAR, GOOD "user=1 kind=touch channel=A", PDM_E_NULL_VALUE, 1, "time", "null");
    refuses(PLAIN, LINEAR, "user=1 time=0", PDM_E_MISSING_COLUMN, -1, "kind", "missing");
    refuses(SET("value_type=double"), LINEAR, GOOD "user=1 time=0 kind=conversion value=nan", PDM_E_BAD_VALUE, 1,
            "value", "finite");
    refuses(SET("priority_mode=highest_only"), LINEAR, GOOD "user=1 time=0 kind=touch channel=A priority=3000000000",
            PDM_E_OVERFLOW, 1, "priority", "int32");
    const char *const lead[] = {"models: model=linear", "milestones: mark=lead", NULL};
    refuses(PLAIN, lead, GOOD "user=1 time=0 kind=milestone mark=sale", PDM_E_BAD_VALUE, 1, "mark", "milestones");
    refuses(PLAIN, lead, GOOD "user=1 time=0 kind=milestone", PDM_E_NULL_VALUE, 1, "mark", "null");
    refuses(PLAIN, lead, GOOD "user=1 time=0 kind=touch channel=A mark=lead", PDM_E_BAD_VALUE, 1, "mark",
            "no milestone");
    /* Refused under dedupe too, before a repeat could hide it. */
    refuses(SET("dedupe=event_id"), LINEAR, "user=1 time=0 kind=click channel=A event_id=7", PDM_E_BAD_VALUE, 0, "kind",
            "touch");
    refuses(
        PLAIN, LINEAR,
        "user=1 time=0 kind=conversion value=9000000000000000000; user=2 time=0 kind=conversion value=900000000000000000",
        PDM_E_OVERFLOW, 1, "value", "int64");
}

static void test_paths(void **unused) {
    (void)unused;
    refuses(PATHS, LINEAR, "path=A conversions=1; path=A conversions=-1", PDM_E_BAD_COUNT, 1, "conversions",
            "0 or more");
    refuses(PATHS, LINEAR, "path=A conversions=1; path=A conversions=0 nulls=-2", PDM_E_BAD_COUNT, 1, "nulls",
            "0 or more");
    refuses(PATHS, LINEAR, "path=A conversions=1.0; path=A conversions=0.5", PDM_E_BAD_VALUE, 1, "conversions", "0.5");
    refuses(PATHS, LINEAR, "path=A conversions=1 value=2; path=A conversions=0 value=3", PDM_E_BAD_VALUE, 1, "value",
            "without conversions");
    refuses(PATHS, LINEAR, "path=A conversions=1; path=A>(null) conversions=1", PDM_E_BAD_VALUE, 1, "path", "(null)");
    refuses(PATHS, LINEAR, "path=A conversions=1; conversions=1", PDM_E_NULL_VALUE, 1, "path", "null");
    refuses(PATHS, LINEAR, "path=A conversions=1; path=A", PDM_E_NULL_VALUE, 1, "conversions", "null");
    refuses(PATHS, LINEAR, "path=A", PDM_E_MISSING_COLUMN, -1, "conversions", "missing");
    refuses(PATHS, LINEAR, "path=A conversions=1 value=-3", PDM_E_BAD_VALUE, 0, "value", "allow_negative_value");
    refuses(PATHS, LINEAR, "path=A conversions=9000000000000000000; path=B conversions=9000000000000000000",
            PDM_E_OVERFLOW, 1, "conversions", "int64");
    const char *const lead[] = {"models: model=linear", "milestones: mark=lead", NULL};
    refuses(PATHS, lead, "path=A>B marks=1 conversions=1", PDM_E_BAD_VALUE, 0, "marks", "each touch");
    refuses(PATHS, lead, "path=A>B marks=1>0>1 conversions=1", PDM_E_BAD_VALUE, 0, "marks", "more marks");
    refuses(PATHS, lead, "path=A>B marks=1>2 conversions=1", PDM_E_BAD_VALUE, 0, "marks", "milestones");
}

/* Odd, but with an answer. */
static void test_defined(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = attribution(PATHS, LINEAR);
    const char *odd =
        "path=>>A>>B> conversions=1 value=4; path=A>B conversions=0 nulls=0; path=> conversions=2 value=6 nulls=3";
    assert_int_equal(attribution_feed(state, odd, &err), PDM_OK);
    EXPECT_STATE(
        state, "totals",
        "conversions attributed_conversions unattributed_conversions unattributed_value unattributed_nulls paths",
        "3 1 2 6 3 1");
    state = attribution(SET("null_rows=skip"), LINEAR);
    assert_int_equal(attribution_feed(state, GOOD "user=2 time=0 kind=touch; time=0 kind=touch channel=A", &err),
                     PDM_OK);
    EXPECT_STATE(state, "totals", "rows rows_skipped users touches", "3 2 1 1");
    /* One channel alone earns everything, by every model. */
    const char *const all[] = {
        "models: model=first_touch; model=last_non_direct; model=u_shaped; model=position_decay; "
        "model=markov; model=markov order=3; model=shapley; model=shapley worth=rate_subsets; "
        "model=shapley_ordered",
        NULL};
    state = attribution(PATHS, all);
    attribution_paths(state, "X 7 70 3, X>X 1 15 2");
    EXPECT_STATE(state, "comparison", "conversions value", "8 85", "8 85", "8 85", "8 85", "8 85", "8 85", "8 85",
                 "8 85", "8 85");
    /* Names are bytes: no case is folded, nothing is trimmed. */
    state = attribution(PLAIN, LINEAR);
    attribution_events(state, "1A0 1a1 1$2=2");
    EXPECT_STATE(state, "paths", "path", "'A > a'");
    /* Times as far apart as can be. */
    state = attribution(SET("lookback=unlimited"), SET("models: model=time_decay"));
    const char *far = "user=1 time=-9223372036854775808 kind=touch channel=A; "
                      "user=1 time=9223372036854775807 kind=conversion value=1";
    assert_int_equal(attribution_feed(state, far, &err), PDM_OK);
    EXPECT_STATE(state, "credits", "conversions", "1", "0", "1");
    /* An event given twice counts once. */
    state = attribution(SET("dedupe=event_id"), LINEAR);
    const char *twice =
        "user=1 time=0 kind=touch channel=A event_id=1; user=1 time=0 kind=touch channel=A event_id=1; "
        "user=1 time=5 kind=conversion value=9 event_id=2; user=1 time=5 kind=conversion value=9 event_id=2";
    assert_int_equal(attribution_feed(state, twice, &err), PDM_OK);
    EXPECT_STATE(state, "totals", "rows rows_duplicate touches conversions value", "4 2 1 1 9");
}

/* ---- options and lists ---- */

static void cannot(const char *const *set, const char *const *lists, pdm_status code, const char *column,
                   const char *word) {
    pdm_error err;
    pdm_state *state = NULL;
    pdm_status status = attribution_create(set, lists, &state, &err);
    if (status == code && strcmp(err.column, column) == 0 && strstr(err.message, word) != NULL) return;
    fail_msg("%s … %s …: %s, \"%s\": %s", set[0] == NULL ? "-" : set[0], lists[0] == NULL ? "-" : lists[0],
             pdm_status_name((int32_t)status), err.column, err.message);
}

#define BAD_MODEL(row, word) cannot(PLAIN, SET("models: " row), PDM_E_BAD_OPTION, "models", word)

static void test_models(void **unused) {
    (void)unused;
    BAD_MODEL("model=magic", "\"magic\"");
    BAD_MODEL("model=linear order=2", "no parameter \"order\"");
    BAD_MODEL("model=position_based first=-1", "below 0");
    BAD_MODEL("model=position_based first=0 middle=0 last=0", "more than 0");
    BAD_MODEL("model=u_shaped two_touch=maybe", "\"maybe\"");
    BAD_MODEL("model=time_decay half_life=0", "half_life");
    BAD_MODEL("model=time_decay half_life=-1", "half_life");
    BAD_MODEL("model=time_decay mode=leap", "\"leap\"");
    BAD_MODEL("model=markov order=0", "1 to 32");
    BAD_MODEL("model=markov order=33", "1 to 32");
    BAD_MODEL("model=markov ignore_nulls=2", "0 or 1");
    BAD_MODEL("model=shapley worth=gold", "\"gold\"");
    BAD_MODEL("model=shapley_ordered repeats=never", "\"never\"");
    BAD_MODEL("model=linear; model=linear", "one name");
    cannot(PLAIN, SET("models: model=custom_weights"), PDM_E_BAD_OPTION, "weights", "no weights");
    cannot(PLAIN, SET("models: model=custom_weights", "weights: model=custom_weights position=1 weight=-1"),
           PDM_E_BAD_OPTION, "weights", "0 or more");
    cannot(PLAIN, SET("models: model=custom_weights", "weights: model=custom_weights mark=lead weight=1"),
           PDM_E_BAD_OPTION, "weights", "position");
    cannot(PLAIN, SET("models: model=milestone", "weights: model=milestone mark=lead weight=1"), PDM_E_BAD_OPTION,
           "weights", "mark of list milestones");
    cannot(PLAIN, SET("models: model=linear", "weights: model=linear position=1 weight=1"), PDM_E_BAD_OPTION, "weights",
           "custom_weights");
    cannot(SET("base=markov"), SET("models: model=linear"), PDM_E_BAD_OPTION, "base", "markov");
    cannot(PATHS, SET("models: model=time_decay"), PDM_E_UNSUPPORTED_COMBINATION, "models", "times");
    cannot(SET("transform=frequency"), SET("models: model=time_decay"), PDM_E_UNSUPPORTED_COMBINATION, "models",
           "frequency");
}

static void test_options(void **unused) {
    (void)unused;
    cannot(SET("lookback=-1"), LINEAR, PDM_E_BAD_OPTION, "lookback", "-1");
    cannot(SET("lookback_kind=calendar_days", "lookback=36h"), LINEAR, PDM_E_BAD_OPTION, "lookback", "whole days");
    cannot(SET("gross_margin=1.5"), LINEAR, PDM_E_BAD_OPTION, "gross_margin", "(0, 1]");
    cannot(SET("top=-2"), LINEAR, PDM_E_BAD_OPTION, "top", "-2");
    cannot(SET("markov_orders=33"), LINEAR, PDM_E_BAD_OPTION, "markov_orders", "33");
    cannot(SET("reset=never"), LINEAR, PDM_E_BAD_OPTION, "reset", "never");
    cannot(SET("rows=paths", "reset=last_only"), LINEAR, PDM_E_UNSUPPORTED_COMBINATION, "reset", "paths");
    cannot(SET("rows=paths", "dedupe=event_id"), LINEAR, PDM_E_UNSUPPORTED_COMBINATION, "dedupe", "paths");
    cannot(SET("rows=paths", "nulls=none"), LINEAR, PDM_E_UNSUPPORTED_COMBINATION, "nulls", "paths");
    cannot(SET("rows=paths", "direct_mode=inherit_previous"), LINEAR, PDM_E_UNSUPPORTED_COMBINATION, "direct_mode",
           "times");
    cannot(SET("rows=paths", "list_journeys=true"), LINEAR, PDM_E_UNSUPPORTED_COMBINATION, "list_journeys", "paths");
    cannot(PLAIN, SET("direct: channel="), PDM_E_BAD_OPTION, "direct", "empty");
    cannot(PLAIN, SET("milestones: mark=rest"), PDM_E_BAD_OPTION, "milestones", "taken");
    cannot(PLAIN, SET("milestones: mark=a; mark=a"), PDM_E_BAD_OPTION, "milestones", "twice");
    cannot(PLAIN, SET("milestones: mark=a; mark=b; mark=c; mark=d; mark=e; mark=f; mark=g; mark=h; mark=i"),
           PDM_E_BAD_OPTION, "milestones", "8");
    cannot(PLAIN, SET("priority_lookbacks: priority=1 lookback=-1"), PDM_E_BAD_OPTION, "priority_lookbacks",
           "0 or more");
    cannot(PLAIN, SET("priority_lookbacks: priority=1 lookback=1; priority=1 lookback=2"), PDM_E_BAD_OPTION,
           "priority_lookbacks", "already");
    cannot(PLAIN, SET("spend: channel=A spend=-1"), PDM_E_BAD_OPTION, "spend", "0 or more");
    cannot(PLAIN, SET("time_bins: edge=5"), PDM_E_BAD_OPTION, "time_bins", "from 0");
    cannot(PLAIN, SET("time_bins: edge=0; edge=0"), PDM_E_BAD_OPTION, "time_bins", "ascending");
}

/* ---- limits ---- */

static void test_too_many_players(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_result *result = NULL;
    for (int32_t players = 20; players <= 21; players++) {
        pdm_state *state = attribution(PATHS, SET("models: model=shapley worth=rate_subsets"));
        char rows[512] = "path=";
        size_t used = strlen(rows);
        for (int32_t c = 0; c < players; c++)
            used += (size_t)snprintf(rows + used, sizeof rows - used, "%sch%02d", c == 0 ? "" : ">", c);
        (void)snprintf(rows + used, sizeof rows - used, " conversions=1 nulls=1");
        assert_int_equal(attribution_feed(state, rows, &err), PDM_OK);
        assert_int_equal(pdm_state_result(state, &result, &err), players == 20 ? PDM_OK : PDM_E_LIMIT);
        if (players == 20) {
            EXPECT(result, "totals", "channels", "20");
            pdm_result_free(result);
        } else {
            assert_non_null(strstr(err.message, "21"));
            assert_non_null(strstr(err.message, "sampled"));
        }
        pdm_state_free(state);
    }
}

#define LONG 65537

static void test_long_journeys(void **unused) {
    (void)unused;
    pdm_error err;
    int64_t *users = calloc(LONG, sizeof *users);
    int64_t *times = calloc(LONG, sizeof *times);
    int32_t *kinds = calloc(LONG + 1, sizeof *kinds);
    int32_t *channels = calloc(LONG + 1, sizeof *channels);
    char *bytes = calloc(LONG, 10);
    char *names = calloc(LONG, 1);
    uint8_t *valid = calloc(LONG / 8 + 1, 1);
    if (users == NULL || times == NULL || kinds == NULL || channels == NULL || bytes == NULL || names == NULL ||
        valid == NULL)
        fail();
    for (int32_t i = 0; i < LONG; i++) {
        bool touch = i < LONG - 1;
        users[i] = 42;
        times[i] = i;
        memcpy(bytes + kinds[i], touch ? "touch" : "conversion", touch ? 5 : 10);
        kinds[i + 1] = kinds[i] + (touch ? 5 : 10);
        names[i] = 'A';
        channels[i + 1] = channels[i] + (touch ? 1 : 0);
        valid[i / 8] = (uint8_t)(valid[i / 8] | (touch ? 1 : 0) << i % 8);
    }
    pdm_column columns[] = {pdm_column_int64("user", users), pdm_column_int64("time", times),
                            pdm_column_utf8("kind", kinds, bytes), pdm_column_utf8("channel", channels, names)};
    columns[3].validity = valid;
    pdm_batch batch = pdm_batch_make(columns, 4, LONG);
    for (int32_t cap = 0; cap < 2; cap++) {
        pdm_result *result = NULL;
        pdm_state *state = attribution(cap == 1 ? SET("max_touches=65535") : PLAIN, LINEAR);
        assert_int_equal(pdm_state_update(state, &batch, &err), PDM_OK);
        assert_int_equal(pdm_state_result(state, &result, &err), cap == 1 ? PDM_OK : PDM_E_LIMIT);
        if (cap == 0) assert_non_null(strstr(err.message, "user 42"));
        if (cap == 1) EXPECT(result, "length_distribution", "length conversions", "65535 1");
        pdm_result_free(result);
        pdm_state_free(state);
    }
    free(users);
    free(times);
    free(kinds);
    free(channels);
    free(bytes);
    free(names);
    free(valid);
}

static void test_unlike_states(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *a = attribution(SET("lookback=1d"), LINEAR);
    pdm_state *b = attribution(SET("lookback=2d"), LINEAR);
    assert_int_equal(pdm_state_merge(a, b, &err), PDM_E_OPTIONS_DIFFER);
    assert_string_equal(err.column, "lookback");
    pdm_state_free(b);
    b = attribution(SET("lookback=1d"), SET("models: model=time_decay"));
    assert_int_equal(pdm_state_merge(a, b, &err), PDM_E_OPTIONS_DIFFER);
    assert_string_equal(err.column, "models");
    pdm_state_free(a);
    pdm_state_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_defined),       cmocka_unit_test(test_models),
        cmocka_unit_test(test_options),       cmocka_unit_test(test_too_many_players),
        cmocka_unit_test(test_long_journeys), cmocka_unit_test(test_unlike_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
