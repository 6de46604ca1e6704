/* The funnel's tables histogram and trend from attempts written by hand: bins, edges, the widest and narrowest, periods, ranges. */
#include "contexts.h"
#include "funnel_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)

static const pdm__funnel_group groups[] = {
    {.text = NULL}, {.text = "应用", .length = 6}, {.text = "(other)", .length = 7}};
/* -------------------------------------------------------------------------------------------------------- histogram */

/* Units 0 … count − 1 take durations[i] from step 1 to 2. */
static funnel_bench *with_durations(const int64_t *durations, int32_t count) {
    int64_t keys[64] = {0};
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    for (int32_t i = 0; i < count; i++) keys[i] = i;
    funnel_add_units(b, PDM__KEY_INT, keys, count);
    for (int32_t i = 0; i < count; i++) funnel_put(b, i, funnel_attempt(2, TIMES(-9, durations[i] - 9), 0));
    return b;
}

static void test_automatic_bins(void **unused) {
    (void)unused;
    /* eight values: two bins and one for the closing edge; width ⌈(40 − 10)/(2·5)⌉·5 = 15 */
    funnel_bench *b = with_durations(TIMES(12, 24, 25, 39, 40, 12, 13, 26), 8);
    b->options.bin_unit = 5;
    EXPECT(b, "histogram", "- 1 2 1 10 25 4", "- 1 2 2 25 40 3", "- 1 2 3 40 55 1");
    funnel_bench_free(b);
    /* nine: three; ⌈(80 − 0)/(3·10)⌉·10 = 30 */
    b = with_durations(TIMES(0, 10, 20, 30, 40, 50, 60, 70, 80), 9);
    b->options.bin_unit = 10;
    EXPECT(b, "histogram", "- 1 2 1 0 30 3", "- 1 2 2 30 60 3", "- 1 2 3 60 90 3", "- 1 2 4 90 120 0");
    funnel_bench_free(b);
    /* as many as asked for, and one */
    b = with_durations(TIMES(3, 8), 2);
    b->options.bin_unit = 1;
    b->options.bins = 5;
    EXPECT(b, "histogram", "- 1 2 1 3 4 1", "- 1 2 2 4 5 0", "- 1 2 3 5 6 0", "- 1 2 4 6 7 0", "- 1 2 5 7 8 0",
           "- 1 2 6 8 9 1");
    funnel_bench_free(b);
}

static void test_width_of_one_edge(void **unused) {
    (void)unused;
    /* all on a multiple of the unit: no width at all, so 60 s */
    funnel_bench *b = with_durations(TIMES(2000000, 2000000), 2);
    EXPECT(b, "histogram", "- 1 2 1 2000000 62000000 2", "- 1 2 2 62000000 122000000 0",
           "- 1 2 3 122000000 182000000 0");
    funnel_bench_free(b);
    b = with_durations(TIMES(0), 1);
    EXPECT(b, "histogram", "- 1 2 1 0 60000000 1", "- 1 2 2 60000000 120000000 0");
    funnel_bench_free(b);
    /* all equal, but above the edge: one unit is enough */
    b = with_durations(TIMES(2000001), 1);
    EXPECT(b, "histogram", "- 1 2 1 2000000 3000000 1", "- 1 2 2 3000000 4000000 0");
    funnel_bench_free(b);
}

static void test_given_edges(void **unused) {
    (void)unused;
    int64_t edges[] = {10, 20, 50};
    funnel_bench *b = with_durations(TIMES(9, 10, 19, 20, 49, 50, 51, 0, 1000), 9);
    b->plan.edges = edges;
    b->plan.edge_count = 3;
    EXPECT(b, "histogram", "- 1 2 0 - 10 2", "- 1 2 1 10 20 2", "- 1 2 2 20 50 3", "- 1 2 3 50 - 2");
    funnel_bench_free(b);
    b = with_durations(NULL, 0);
    b->plan.edges = edges;
    b->plan.edge_count = 2;
    EXPECT(b, "histogram", "- 1 2 0 - 10 0", "- 1 2 1 10 20 0", "- 1 2 2 20 - 0");
    funnel_bench_free(b);
}

static void test_one_step(void **unused) {
    (void)unused;
    funnel_bench *b = funnel_bench_new(context_threads(1), 1);
    funnel_add_units(b, PDM__KEY_INT, TIMES(4), 1);
    funnel_put(b, 0, funnel_attempt(1, TIMES(88), 9999));
    EXPECT(b, "steps", "- 1 'a' no 1 1 1 1 0.2065493143772 1 - - - - - - - 1 0"); /* done, so not open */
    assert_int_equal(pdm_table_rows(funnel_table(b, "durations")), 0);
    EXPECT(b, "histogram", "- 1 1 1 0 60000000 1", "- 1 1 2 60000000 120000000 0");
    funnel_bench_free(b);
}

static void test_limits(void **unused) {
    (void)unused;
    pdm_error err;
    /* within `grace` a step may lie before the one before it: duration 0 */
    funnel_bench *b = with_durations(TIMES(-3, 4), 2);
    EXPECT(b, "durations", "- 1 2 2 2 2 1 3 3.6 3.8 0 4");
    funnel_bench_free(b);
    b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    funnel_put(b, 0, funnel_attempt(2, TIMES(-2, INT64_MAX), INT64_MAX));
    assert_int_equal(funnel_make(b, &err), PDM_E_OVERFLOW);
    assert_string_equal(err.message, "expected durations below 2^63 µs, got a longer one from step 1 to step 2");
    funnel_bench_free(b);
    b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    funnel_put(b, 0, funnel_attempt(2, TIMES(-1, INT64_MAX - 1), INT64_MAX));
    assert_int_equal(funnel_make(b, &err), PDM_E_OVERFLOW); /* the right edge of the last bin */
    assert_string_equal(err.column, "bin_unit");
    funnel_bench_free(b);
    b = funnel_bench_new(context_threads(1), 2);
    int64_t edges[] = {0, 5};
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    b->plan.edges = edges;
    b->plan.edge_count = 2;
    funnel_put(b, 0, funnel_attempt(2, TIMES(-1, INT64_MAX - 1), INT64_MAX));
    EXPECT(b, "durations",
           "- 1 2 1 9.223372036855e+18 9.223372036855e+18 9.223372036855e+18 9.223372036855e+18 9.223372036855e+18 "
           "9.223372036855e+18 9223372036854775807 9223372036854775807");
    funnel_bench_free(b);
}

static void test_most_steps(void **unused) {
    (void)unused;
    int64_t times[FUNNEL_STEPS];
    for (int32_t i = 0; i < FUNNEL_STEPS; i++) times[i] = i * i;
    funnel_bench *b = funnel_bench_new(context_threads(2), FUNNEL_STEPS);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    b->options.list_units = 1;
    b->options.histogram_from = 3;
    b->options.histogram_to = 30;
    b->options.bin_unit = 1;
    funnel_put(b, 0, funnel_attempt(FUNNEL_STEPS, times, 5));
    const pdm_table *units = funnel_table(b, "units");
    assert_int_equal(pdm_table_column_count(units), 8 + FUNNEL_STEPS);
    assert_int_equal(pdm_table_i64(units, "t_32")[0], 31 * 31);
    const pdm_table *durations = funnel_table(b, "durations");
    assert_int_equal(pdm_table_rows(durations), FUNNEL_STEPS);
    for (int64_t row = 0; row + 1 < FUNNEL_STEPS; row++)
        assert_int_equal(pdm_table_i64(durations, "min")[row], 2 * row + 1);
    assert_int_equal(pdm_table_i64(durations, "max")[FUNNEL_STEPS - 1], 31 * 31);
    EXPECT(b, "histogram", "- 3 30 1 837 60000837 1", "- 3 30 2 60000837 120000837 0");
    funnel_bench_free(b);
}

/* ------------------------------------------------------------------------------------------------------------ trend */

static void test_trend(void **unused) {
    (void)unused;
    static const pdm__funnel_bucket buckets[] = {{.period = 3, .from = 2, .to = 1}, {.period = 1, .from = 3, .to = 3}};
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    b->options.trend_period = PDM_FUNNEL_TREND_DAY;
    b->facts.buckets = buckets;
    b->facts.bucket_count = 2;
    b->plan.rules.window = HOUR;
    b->facts.as_of = 3 * DAY + HOUR - 1; /* a window from the last µs of day 2 is just over */
    EXPECT(b, "trend", "- 86400000000 1 3 3 1 0.438502968245 1 yes", "- 172800000000 2 0 0 - - - yes",
           "- 259200000000 3 2 1 0.5 0.09453120573423 0.9054687942658 no");
    funnel_again(b);
    b->facts.as_of--;
    b->options.trend_count = PDM_FUNNEL_TREND_EVERY; /* attempts: no intervals */
    b->plan.rules.zero_rates = true;
    EXPECT(b, "trend", "- 86400000000 1 3 3 1 - - yes", "- 172800000000 2 0 0 0 - - no",
           "- 259200000000 3 2 1 0.5 - - no");
    funnel_bench_free(b);
}

static void test_trend_range(void **unused) {
    (void)unused;
    static const pdm__funnel_bucket bucket = {.period = 2, .from = 1};
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    b->options.trend_period = PDM_FUNNEL_TREND_DAY;
    b->plan.rules.window = PDM_UNLIMITED; /* never over */
    b->plan.rules.count = PDM_FUNNEL_COUNT_TOTALS;
    assert_int_equal(pdm_table_rows(funnel_table(b, "trend")), 0);
    funnel_again(b);
    b->options.time_from = DAY + 5;
    EXPECT(b, "trend", "- 86400000000 1 0 0 - - - no"); /* nothing seen: the period that time_from is in */
    funnel_again(b);
    b->facts.buckets = &bucket;
    b->facts.bucket_count = 1;
    EXPECT(b, "trend", "- 86400000000 1 0 0 - - - no", "- 172800000000 2 1 0 0 - - no");
    funnel_again(b);
    b->options.time_to = 4 * DAY; /* exclusive: day 3 is the last */
    EXPECT(b, "trend", "- 86400000000 1 0 0 - - - no", "- 172800000000 2 1 0 0 - - no",
           "- 259200000000 3 0 0 - - - no");
    funnel_again(b);
    b->options.time_from = PDM_ZERO_INT64;
    EXPECT(b, "trend", "- 172800000000 2 1 0 0 - - no", "- 259200000000 3 0 0 - - - no");
    funnel_bench_free(b);
}

/* Shanghai, weeks from Sunday, two groups. */
static void test_trend_weeks(void **unused) {
    (void)unused;
    static const pdm__funnel_bucket buckets[] = {{.group = 2, .period = 0, .from = 4, .to = 3},
                                                 {.group = 0, .period = 0, .from = 1, .to = 1},
                                                 {.group = 0, .period = -1, .from = 2, .to = 0}};
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    b->options.trend_period = PDM_FUNNEL_TREND_WEEK;
    b->calendar = pdm_calendar_fixed(28800);
    b->calendar.week_start = PDM_SUNDAY;
    b->plan.rules.window = 1;
    b->plan.rules.calendar_days = true;
    b->facts.as_of = 3 * DAY - 8 * HOUR - 1; /* the end of Saturday 1970-01-03, local */
    b->facts.has_groups = true;
    b->facts.groups = groups;
    b->facts.group_count = 3;
    b->facts.buckets = buckets;
    b->facts.bucket_count = 3;
    EXPECT(b, "trend", "- -374400000000 -1 2 0 0 0 0.6576197724933 yes", "- 230400000000 0 1 1 1 0.2065493143772 1 no",
           "'应用' -374400000000 -1 0 0 - - - yes", "'应用' 230400000000 0 0 0 - - - no",
           "'(other)' -374400000000 -1 0 0 - - - yes",
           "'(other)' 230400000000 0 4 3 0.75 0.3006418425824 0.9544127391903 no");
    funnel_bench_free(b);
}

static void test_trend_too_long(void **unused) {
    (void)unused;
    static const pdm__funnel_bucket buckets[] = {{.period = INT64_MIN / HOUR}, {.period = INT64_MAX / HOUR}};
    pdm_error err;
    funnel_bench *b = funnel_bench_new(context_threads(1), 2);
    funnel_add_units(b, PDM__KEY_INT, TIMES(1), 1);
    b->options.trend_period = PDM_FUNNEL_TREND_HOUR;
    b->facts.buckets = buckets;
    b->facts.bucket_count = 2;
    assert_int_equal(funnel_make(b, &err), PDM_E_LIMIT);
    assert_string_equal(err.column, "trend_period");
    funnel_bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_automatic_bins), cmocka_unit_test(test_width_of_one_edge),
        cmocka_unit_test(test_given_edges),    cmocka_unit_test(test_one_step),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_most_steps),
        cmocka_unit_test(test_trend),          cmocka_unit_test(test_trend_range),
        cmocka_unit_test(test_trend_weeks),    cmocka_unit_test(test_trend_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
