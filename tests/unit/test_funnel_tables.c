/*
 * The funnel's tables steps, durations, units and totals from attempts written by hand, cell by cell: nothing, one, zero denominators,
 * optional steps, groups, facets; the log that attempts travel in. Intervals were computed with mpmath (40 digits).
 */
#include "contexts.h"
#include "funnel_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* -------------------------------------------------------------------------------------------------------- log, list */

static void expect_same(const pdm__funnel_seen *a, const pdm__funnel_seen *b) {
    assert_int_equal(a->level, b->level);
    assert_int_equal(a->filled, b->filled);
    assert_int_equal(a->group, b->group);
    assert_int_equal(a->unit, b->unit);
    assert_int_equal(a->facet, b->facet);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->limit, b->limit);
    assert_int_equal(a->dropped, b->dropped);
    assert_memory_equal(a->times, b->times, (size_t)__builtin_popcount(a->filled) * sizeof *a->times);
}

static void test_regroup(void **unused) {
    (void)unused;
    static const int32_t map[] = {6, -1, 3};
    static const int32_t expected[] = {-1, 6, -1, 3};
    pdm_context *context = context_threads(1);
    pdm__funnel_log log = {0};
    for (int32_t g = -1; g < 3; g++) {
        pdm__funnel_seen seen = funnel_attempt(2, TIMES(g, 5), 9);
        seen.group = g;
        seen.unit = UINT32_MAX - 1;
        assert_int_equal(pdm__funnel_log_put(context, &log, &seen, NULL), PDM_OK);
    }
    pdm__funnel_log_regroup(&log, map);
    size_t at = 0;
    for (int32_t g = -1; g < 3; g++) {
        pdm__funnel_seen got;
        at = pdm__funnel_log_get(&log, at, &got);
        pdm__funnel_seen same = funnel_attempt(2, TIMES(g, 5), 9);
        same.group = expected[g + 1];
        same.unit = UINT32_MAX - 1;
        expect_same(&got, &same);
    }
    pdm__funnel_log_clear(context, &log);
    pdm_context_free(context);
}

static void test_log(void **unused) {
    (void)unused;
    static const int64_t times[32] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    const pdm__funnel_seen seen[] = {
        {.level = 32,
         .filled = UINT32_MAX,
         .group = INT32_MAX - 1,
         .unit = UINT32_MAX - 1,
         .facet = INT64_MAX,
         .number = INT64_MAX,
         .limit = INT64_MAX,
         .dropped = true,
         .times = times},
        {.group = -1, .facet = -1, .number = 1, .limit = INT64_MIN, .times = times},
        {.level = 1, .filled = 5, .group = 0, .facet = 0, .number = 1, .limit = -7, .times = times},
        {.level = 2, .filled = 3, .group = 7, .unit = 9, .facet = -1, .number = 2, .times = times},
    };
    enum { KINDS = 4, TIMES_OVER = 300 };
    failing_memory memory = {.fail_at = 2};
    pdm_context *context = context_failing(&memory, pdm_context_options_default());
    memory.fail_at = memory.calls + 2; /* the first growth fails once */
    pdm__funnel_log log = {0};
    int32_t refused = 0;
    for (int32_t i = 0; i < KINDS * TIMES_OVER; i++) {
        size_t before = log.count;
        if (pdm__funnel_log_put(context, &log, &seen[i % KINDS], NULL) == PDM_OK) continue;
        assert_int_equal(log.count, before);
        refused++;
        i--;
    }
    assert_int_equal(refused, 1);
    size_t at = 0;
    for (int32_t i = 0; i < KINDS * TIMES_OVER; i++) {
        pdm__funnel_seen got;
        at = pdm__funnel_log_get(&log, at, &got);
        expect_same(&got, &seen[i % KINDS]);
    }
    assert_int_equal(at, log.count);
    pdm__funnel_log_clear(context, &log);
    pdm_context_free(context);
    assert_int_equal(memory.outstanding, 0);
}

/* ------------------------------------------------------------------------------------------------------------ plain */

/* Six units of seven; unit 3 was dropped, units 2 and 6 may still convert. */
static funnel_bench *plain(pdm_context *context) {
    static const int64_t keys[] = {-5, 4, 1, 3, 2, 7, 9};
    funnel_bench *b = funnel_bench_new(context, 3);
    funnel_add_units(b, PDM__KEY_INT, keys, 7);
    funnel_put(b, 0, funnel_attempt(3, TIMES(0, 100, 400), 1000));
    funnel_put(b, 2, funnel_attempt(2, TIMES(10, 20), 1010));
    funnel_put(b, 4, funnel_attempt(1, TIMES(500), 1500));
    funnel_put(b, 3, funnel_attempt(1, TIMES(200), 1200)); /* limit = as_of: over */
    funnel_put(b, 6, funnel_attempt(2, TIMES(600, 900), 1600));
    pdm__funnel_seen dropped = funnel_attempt(0, NULL, 5000);
    dropped.dropped = true;
    funnel_put(b, 1, dropped);
    b->view.rows = 77;
    b->view.rows_null = 6;
    b->facts.sums = (pdm__funnel_totals_sums){.units = 7, .entered = 5, .dropped = 1, .entries = 12, .attempts = 5};
    return b;
}

static void expect_plain(funnel_bench *b) {
    EXPECT(b, "steps", "- 1 'a' no 5 5 5 1 0.5655175352168 1 - - - - - - - 2 1",
           "- 2 'b' no 3 3 5 0.6 0.230724281276 0.8823792257674 3 5 0.6 0.230724281276 0.8823792257674 2 0.4 2 1",
           "- 3 'c' no 1 1 5 0.2 0.03622410863243 0.6244653702375 1 3 0.3333333333333 0.0614919447204 0.792340399198 2 "
           "0.6666666666667 1 0");
    EXPECT(b, "durations", "- 1 2 3 136.6666666667 100 55 200 260 280 10 300",
           "- 2 3 1 300 300 300 300 300 300 300 300", "- 1 3 1 400 400 400 400 400 400 400 400");
    EXPECT(b, "histogram", "- 1 3 1 0 1000000 1", "- 1 3 2 1000000 2000000 0");
    EXPECT(b, "totals", "77 6 7 5 1 0 12 5");
}

static void test_plain(void **unused) {
    (void)unused;
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        funnel_bench *b = plain(threads == 1 ? context_threads(1) : context_backwards(threads));
        expect_plain(b);
        assert_null(funnel_table(b, "trend"));
        assert_null(funnel_table(b, "units"));
        assert_int_equal(pdm_result_table_count(b->result), 4);
        assert_string_equal(pdm_table_name(pdm_result_table_at(b->result, 0)), "steps");
        funnel_bench_free(b);
    }
}

static void test_units(void **unused) {
    (void)unused;
    funnel_bench *b = plain(context_threads(1));
    b->options.list_units = 1;
    EXPECT(b, "units", "-5 - - - 1 3 no no 0 100 400", "1 - - - 1 2 no no 10 20 -", "2 - - - 1 1 yes no 500 - -",
           "3 - - - 1 1 no no 200 - -", "4 - - - 1 0 no yes - - -", "9 - - - 1 2 yes no 600 900 -");
    const pdm_table *units = funnel_table(b, "units");
    assert_int_equal(pdm_table_column_count(units), 11); /* as many times as steps */
    assert_string_equal(pdm_table_column_name(units, 10), "t_3");
    assert_null(pdm_table_column_name(units, 11));
    assert_int_equal(pdm_table_column_find(units, "t_4"), -1);
    assert_int_equal(pdm_table_column_type(units, 8), PDM_TYPE_TIMESTAMP_US);
    expect_plain(b);
    funnel_bench_free(b);
}

/* A table may be narrower than its description, not wider. */
static void test_first_columns(void **unused) {
    (void)unused;
    const pdm_table_info *info = &pdm__funnel_tables_info[FUNNEL_TABLE_UNITS];
    pdm_context *context = context_threads(1);
    pdm_result *result = NULL;
    pdm_table *table = NULL;
    pdm_error err;
    assert_int_equal(pdm__result_new(context, &result, NULL), PDM_OK);
    assert_int_equal(pdm__result_add_first(result, info, info->column_count + 1, 1, PDM_TYPE_INT64, &table, &err),
                     PDM_E_ARGUMENT);
    assert_string_equal(err.message, "table units has 40 columns, not 41");
    assert_int_equal(pdm__result_add_first(result, info, -1, 1, PDM_TYPE_INT64, &table, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm__result_add_first(result, info, 1, 1, PDM_TYPE_UINT64, &table, NULL), PDM_OK);
    assert_int_equal(pdm_table_column_count(table), 1);
    assert_int_equal(pdm__table_put_key(table, 0, 0, (pdm__key){.word = 7}, NULL), PDM_OK);
    assert_int_equal(pdm__table_put_key(table, 0, 1, (pdm__key){.word = 7}, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm__table_put_key(table, 1, 0, (pdm__key){.word = 7}, NULL), PDM_E_ARGUMENT);
    assert_int_equal(pdm_table_i64(table, "unit")[0], 7);
    assert_null(pdm_table_i64(table, "attempt"));
    assert_int_equal(pdm__key_column_type(PDM__KEY_NONE), PDM_TYPE_INT64);
    pdm_result_free(result);
    pdm_context_free(context);
}

static void test_zero_rates(void **unused) {
    (void)unused;
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_UINT, TIMES(-1), 1);
    b->options.list_units = 1;
    EXPECT(b, "steps", "- 1 'a' no 0 0 0 - - - - - - - - - - 0 0", "- 2 'b' no 0 0 0 - - - 0 0 - - - 0 - 0 0");
    EXPECT(b, "durations", "- 1 2 0 - - - - - - - -");
    assert_int_equal(pdm_table_rows(funnel_table(b, "histogram")), 0);
    assert_int_equal(pdm_table_rows(funnel_table(b, "units")), 0);
    EXPECT(b, "totals", "0 0 0 0 0 0 0 0");
    funnel_again(b);
    b->plan.rules.zero_rates = true;
    funnel_put(b, 0, funnel_attempt(1, TIMES(1), 1));
    EXPECT(b, "steps", "- 1 'a' no 1 1 1 1 0.2065493143772 1 - - - - - - - 1 0",
           "- 2 'b' no 0 0 1 0 0 0.7934506856228 0 1 0 0 0.7934506856228 1 1 0 0");
    EXPECT(b, "units", "18446744073709551615 - - - 1 1 no no 1 -");
    funnel_bench_free(b);
    b = funnel_bench_new(context_threads(1), 2);
    funnel_no_units(b, PDM__KEY_NONE);
    b->plan.rules.zero_rates = true;
    b->options.list_units = 1;
    EXPECT(b, "steps", "- 1 'a' no 0 0 0 0 - - - - - - - - - 0 0", "- 2 'b' no 0 0 0 0 - - 0 0 0 - - 0 0 0 0");
    assert_int_equal(pdm_table_rows(funnel_table(b, "units")), 0);
    funnel_bench_free(b);
}

/* Attempts are dependent: no intervals. Another level gives other intervals. */
static void test_totals_and_level(void **unused) {
    (void)unused;
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(3, 2), 2);
    b->options.list_units = 1;
    b->options.conf_level = 0.9;
    for (int64_t n = 12; n > 0; n--) { /* not in their order */
        pdm__funnel_seen seen = funnel_attempt(n % 3 == 0 ? 2 : 1, TIMES(10 * n, 10 * n + 3), 5000 * (n % 2));
        seen.number = (n * 5) % 13;
        funnel_put(b, 0, seen);
    }
    b->plan.rules.count = PDM_FUNNEL_COUNT_TOTALS;
    EXPECT(b, "steps", "- 1 'a' no 12 12 12 1 - - - - - - - - - 8 4",
           "- 2 'b' no 4 4 12 0.3333333333333 - - 4 12 0.3333333333333 - - 8 0.6666666666667 4 0");
    const pdm_table *units = funnel_table(b, "units");
    assert_int_equal(pdm_table_rows(units), 12);
    for (int64_t row = 0; row < 12; row++) {
        int64_t n = ((row + 1) * 8) % 13; /* 5·8 = 1 modulo 13 */
        assert_int_equal(pdm_table_i64(units, "attempt")[row], row + 1);
        assert_int_equal(pdm_table_i64(units, "t_1")[row], 10 * n);
    }
    funnel_bench_free(b);
    b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1, 2, 3), 3);
    b->options.conf_level = 0.9;
    funnel_put(b, 0, funnel_attempt(2, TIMES(1, 2), 0));
    funnel_put(b, 1, funnel_attempt(1, TIMES(1), 0));
    funnel_put(b, 2, funnel_attempt(2, TIMES(1, 2), 0));
    funnel_table(b, "steps");
    assert_float_equal(pdm_table_f64(funnel_table(b, "steps"), "rate_prev_lo")[1], 0.253533868281224, 1e-14);
    assert_float_equal(pdm_table_f64(funnel_table(b, "steps"), "rate_first_hi")[1], 0.921734273666272, 1e-14);
    funnel_bench_free(b);
}

/* ----------------------------------------------------------------------------------------- optional steps, breakdown */

static void test_optional(void **unused) {
    (void)unused;
    funnel_bench *b = funnel_bench_new(context_threads(1), 4);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1, 2, 3, 4), 4);
    b->plan.rules.optional = 2 | 4; /* steps 2 and 3 */
    b->options.list_units = 1;
    b->options.histogram_from = 2;
    b->options.histogram_to = 3;
    b->options.bin_unit = 10;
    pdm__funnel_seen all = funnel_attempt(2, TIMES(0, 5, 30, 100), 1000);
    all.filled = 15;
    funnel_put(b, 0, all);
    pdm__funnel_seen third = funnel_attempt(1, TIMES(7, 9), 9999);
    third.filled = 5;
    funnel_put(b, 1, third);
    pdm__funnel_seen none = funnel_attempt(2, TIMES(1, 41), 1001);
    none.filled = 9;
    funnel_put(b, 2, none);
    funnel_put(b, 3, funnel_attempt(1, TIMES(3), 1003));
    EXPECT(b, "steps", "- 1 'a' no 4 4 4 1 0.5101091635454 1 - - - - - - - 2 1",
           "- 2 'b' yes 1 1 4 0.25 0.0455872608097 0.6993581574176 1 4 0.25 0.0455872608097 0.6993581574176 3 0.75 0 0",
           "- 3 'c' yes 2 2 4 0.5 0.1500389891521 0.8499610108479 2 4 0.5 0.1500389891521 0.8499610108479 2 0.5 0 0",
           "- 4 'd' no 2 2 4 0.5 0.1500389891521 0.8499610108479 2 4 0.5 0.1500389891521 0.8499610108479 2 0.5 2 0");
    /* from the required step before; from 1 to 4 is such a pair already */
    EXPECT(b, "durations", "- 1 2 1 5 5 5 5 5 5 5 5", "- 1 3 2 16 16 9 23 27.2 28.6 2 30",
           "- 1 4 2 70 70 55 85 94 97 40 100");
    EXPECT(b, "histogram", "- 2 3 1 20 30 1", "- 2 3 2 30 40 0");
    EXPECT(b, "units", "1 - - - 1 2 no no 0 5 30 100", "2 - - - 1 1 yes no 7 - 9 -", "3 - - - 1 2 no no 1 - - 41",
           "4 - - - 1 1 no no 3 - - -");
    funnel_bench_free(b);
}

static const pdm__funnel_group groups[] = {
    {.text = NULL}, {.text = "应用", .length = 6}, {.text = "(other)", .length = 7}};
/* Facets in their order: sessions 9 and 10, then held values. */
static const char *const facet_names[] = {"9", "10", "", "b", "ba"};

static bool show_facet(const pdm__funnel_facts *facts, size_t partition, int64_t facet, bool session,
                       pdm__funnel_shown *out) {
    (void)facts;
    (void)partition;
    out->length = strlen(facet_names[facet]);
    memcpy(out->digits, facet_names[facet], out->length);
    out->text = out->digits;
    return session == (facet < 2);
}

static pdm__funnel_seen in_group(pdm__funnel_seen seen, int32_t group, int64_t facet) {
    seen.group = group;
    seen.facet = facet;
    return seen;
}

static funnel_bench *broken_down(pdm_context *context) {
    static const char *const keys[] = {"zoe", "", "amy"};
    funnel_bench *b = funnel_bench_new(context, 2);
    funnel_add_texts(b, keys, 3);
    b->facts.has_groups = true;
    b->facts.groups = groups;
    b->facts.group_count = 3;
    b->facts.show_facet = show_facet;
    b->options.list_units = 1;
    for (int64_t facet = 4; facet >= 0; facet--) {
        funnel_put(b, 0, in_group(funnel_attempt(1 + (facet & 1), TIMES(facet, 2 * facet), 0), 1, facet));
    }
    funnel_put(b, 0, in_group(funnel_attempt(1, TIMES(50), 0), 2, 1));
    funnel_put(b, 0, in_group(funnel_attempt(1, TIMES(60), 0), 2, -1));
    funnel_put(b, 1, in_group(funnel_attempt(2, TIMES(1, 8), 0), 0, -1));
    funnel_put(b, 2, in_group(funnel_attempt(2, TIMES(1, 3), 0), -1, -1)); /* in no group: not shown */
    pdm__funnel_seen dropped = in_group(funnel_attempt(1, TIMES(2), 9999), -1, 2);
    dropped.dropped = true;
    funnel_put(b, 2, dropped);
    return b;
}

static void test_groups(void **unused) {
    (void)unused;
    for (int32_t threads = 1; threads <= 4; threads += 3) {
        funnel_bench *b = broken_down(context_threads(threads));
        EXPECT(
            b, "steps", "- 1 'a' no 1 1 1 1 0.2065493143772 1 - - - - - - - 0 0",
            "- 2 'b' no 1 1 1 1 0.2065493143772 1 1 1 1 0.2065493143772 1 0 0 1 0",
            "'应用' 1 'a' no 5 5 5 1 0.5655175352168 1 - - - - - - - 3 0",
            "'应用' 2 'b' no 2 2 5 0.4 0.1176207742326 0.769275718724 2 5 0.4 0.1176207742326 0.769275718724 3 0.6 2 "
            "0",
            "'(other)' 1 'a' no 2 2 2 1 0.3423802275067 1 - - - - - - - 2 0",
            "'(other)' 2 'b' no 0 0 2 0 0 0.6576197724933 0 2 0 0 0.6576197724933 2 1 0 0");
        EXPECT(b, "durations", "- 1 2 1 7 7 7 7 7 7 7 7", "'应用' 1 2 2 2 2 1.5 2.5 2.8 2.9 1 3",
               "'(other)' 1 2 0 - - - - - - - -");
        EXPECT(b, "histogram", "- 1 2 1 0 1000000 1", "- 1 2 2 1000000 2000000 0", "'应用' 1 2 1 0 1000000 2",
               "'应用' 1 2 2 1000000 2000000 0", "'应用' 1 2 3 2000000 3000000 0");
        EXPECT(b, "units", "'' - - - 1 2 no no 1 8", "'amy' - '' - 1 1 no yes 2 -",
               "'zoe' - - '(other)' 1 1 no no 60 -", "'zoe' '9' - '应用' 1 1 no no 0 -",
               "'zoe' '10' - '应用' 1 2 no no 1 2", "'zoe' '10' - '(other)' 1 1 no no 50 -",
               "'zoe' - '' '应用' 1 1 no no 2 -", "'zoe' - 'b' '应用' 1 2 no no 3 6",
               "'zoe' - 'ba' '应用' 1 1 no no 4 -");
        funnel_bench_free(b);
    }
}

static void test_no_groups_at_all(void **unused) {
    (void)unused;
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    funnel_no_units(b, PDM__KEY_NONE);
    b->facts.has_groups = true;
    b->facts.group_count = 0;
    b->options.list_units = 1;
    b->options.trend_period = PDM_FUNNEL_TREND_DAY;
    b->options.time_from = 0;
    static const char *const names[] = {"steps", "durations", "histogram", "trend", "units"};
    for (int32_t i = 0; i < 5; i++) assert_int_equal(pdm_table_rows(funnel_table(b, names[i])), 0);
    assert_int_equal(pdm_table_rows(funnel_table(b, "totals")), 1);
    funnel_bench_free(b);
}

/* ----------------------------------------------------------------------------------------------------------- errors */

static void test_no_memory(void **unused) {
    (void)unused;
    static const pdm__funnel_bucket bucket = {.period = 2, .from = 1};
    for (int64_t n = 1;; n++) {
        failing_memory memory = {0};
        funnel_bench *b = broken_down(context_failing(&memory, pdm_context_options_default()));
        b->options.trend_period = PDM_FUNNEL_TREND_DAY;
        b->facts.buckets = &bucket;
        b->facts.bucket_count = 1;
        assert_int_equal(pdm__result_new(b->context, &b->result, NULL), PDM_OK);
        memory.fail_at = memory.calls + n;
        pdm_status status = pdm__funnel_tables(&b->facts, b->result, NULL);
        int64_t failures = memory.failures;
        memory.fail_at = 0;
        funnel_bench_free(b);
        assert_int_equal(memory.outstanding, 0);
        assert_false(memory.wrong_size);
        assert_int_equal(status, failures == 0 ? PDM_OK : PDM_E_NOMEM);
        if (failures == 0) break;
        assert_true(n < 1000);
    }
}

static void test_stopped(void **unused) {
    (void)unused;
    for (int64_t n = 1; n < 40; n++) {
        stopper s = {.stop_at = 0};
        pdm_context_options options = pdm_context_options_default();
        options.should_stop = stopper_asks;
        options.stop_user = &s;
        funnel_bench *b = broken_down(context_of(&options));
        s.asked = 0;
        s.stop_at = n;
        assert_int_equal(funnel_make(b, NULL), PDM_E_STOPPED);
        funnel_bench_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_regroup),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_first_columns),
        cmocka_unit_test(test_zero_rates),
        cmocka_unit_test(test_totals_and_level),
        cmocka_unit_test(test_optional),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_no_groups_at_all),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
