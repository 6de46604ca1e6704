/* The funnel's tables of many attempts, on one thread and several, against counting and sorting everything again. */
#include "contexts.h"
#include "funnel_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const pdm__funnel_group groups[] = {
    {.text = NULL}, {.text = "应用", .length = 6}, {.text = "(other)", .length = 7}};

#define MANY 20000
#define MANY_GROUPS 3

typedef struct sample {
    int32_t unit;
    pdm__funnel_seen seen;
    int64_t times[6];
} sample;

static uint64_t noise(uint64_t n) {
    uint64_t x = (n + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return x ^ x >> 32;
}

/* Six steps, step 4 optional. */
static void nth_sample(uint64_t n, sample *out) {
    out->unit = (int32_t)(noise(7 * n) % FUNNEL_MOST_UNITS);
    int32_t level = 1 + (int32_t)(noise(7 * n + 1) % 5);
    uint32_t filled = level < 4 ? UINT32_MAX >> (32 - level) : level == 4 ? 0x17U : 0x37U;
    if (level >= 3 && noise(7 * n + 2) % 2 == 0) filled |= 8;
    int64_t time = (int64_t)(noise(7 * n + 3) % 1000000) - 500000;
    for (int32_t i = 0; i < __builtin_popcount(filled); i++) {
        out->times[i] = time;
        time += (int64_t)(noise(11 * n + (uint64_t)i) % (i == 2 ? 3 : 100000));
    }
    out->seen = funnel_attempt(level, out->times, (int64_t)(noise(7 * n + 4) % 2400));
    out->seen.filled = filled;
    out->seen.group = (int32_t)(noise(7 * n + 5) % (MANY_GROUPS + 1)) - 1;
    out->seen.number = (int64_t)n + 1;
    out->seen.dropped = noise(7 * n + 6) % 10 == 0;
}

static int64_t time_at(const sample *s, int32_t step) {
    return s->times[__builtin_popcount(s->seen.filled & ((1U << (step - 1)) - 1))];
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Naively: collect, sort, look up. */
static void expect_durations(const pdm_table *table, int64_t row, const sample *samples, int32_t group) {
    static const char *const names[] = {"median", "p25", "p75", "p90", "p95"};
    static const int32_t parts[] = {50, 25, 75, 90, 95};
    int32_t from = pdm_table_i32(table, "from")[row];
    int32_t to = pdm_table_i32(table, "to")[row];
    uint32_t mask = 1U << (from - 1) | 1U << (to - 1);
    int64_t *values = calloc(MANY, sizeof *values);
    int64_t n = 0;
    int64_t sum = 0;
    assert_non_null(values);
    for (int32_t i = 0; i < MANY; i++) {
        const sample *s = &samples[i];
        if (s->seen.dropped || s->seen.group != group || (s->seen.filled & mask) != mask) continue;
        values[n++] = time_at(s, to) - time_at(s, from);
        sum += values[n - 1];
    }
    qsort(values, (size_t)n, sizeof *values, by_value);
    assert_int_equal(pdm_table_i64(table, "n")[row], n);
    assert_int_equal(pdm_table_i64(table, "min")[row], values[0]);
    assert_int_equal(pdm_table_i64(table, "max")[row], values[n - 1]);
    assert_true(pdm_table_f64(table, "mean")[row] == (double)sum / (double)n);
    for (int32_t i = 0; i < 5; i++) {
        int64_t at = (n - 1) * parts[i] / 100;
        int64_t rest = (n - 1) * parts[i] % 100;
        int64_t next = at + 1 < n ? values[at + 1] : values[at];
        double exact = (double)(100 * values[at] + rest * (next - values[at])) / 100;
        assert_true(pdm_table_f64(table, names[i])[row] == exact);
    }
    free(values);
}

static void expect_counts(const pdm_table *table, int64_t row, const sample *samples, int32_t group) {
    static const int32_t level_of[] = {1, 2, 3, 0, 4, 5};
    int32_t step = pdm_table_i32(table, "step")[row];
    int64_t counts[3] = {0};
    for (int32_t i = 0; i < MANY; i++) {
        const pdm__funnel_seen *seen = &samples[i].seen;
        if (seen->dropped || seen->group != group) continue;
        bool here = seen->level == level_of[step - 1];
        counts[0] += seen->filled >> (step - 1) & 1;
        counts[1] += here;
        counts[2] += here && seen->level < 5 && seen->limit > 1200;
    }
    assert_int_equal(pdm_table_i64(table, "count")[row], counts[0]);
    assert_int_equal(pdm_table_i64(table, "stopped")[row], counts[1]);
    assert_int_equal(pdm_table_i64(table, "open")[row], counts[2]);
}

static void expect_listed(const pdm_table *table, const funnel_bench *b, const sample *samples) {
    int64_t row = 0;
    for (int32_t unit = 0; unit < b->units; unit++) { /* keys rise with the numbers; facets are none */
        for (int32_t group = -1; group < MANY_GROUPS; group++) {
            for (int32_t i = 0; i < MANY; i++) {
                const sample *s = &samples[i];
                if (s->unit != unit || s->seen.group != group || (group < 0 && !s->seen.dropped)) continue;
                assert_int_equal(pdm_table_i64(table, "unit")[row], unit * 3 - 100);
                assert_int_equal(pdm_table_i64(table, "attempt")[row], i + 1);
                assert_int_equal(pdm_table_bool(table, "dropped")[row], s->seen.dropped);
                row++;
            }
        }
    }
    assert_int_equal(pdm_table_rows(table), row);
}

static void test_many(void **unused) {
    (void)unused;
    static int64_t keys[FUNNEL_MOST_UNITS];
    sample *samples = calloc(MANY, sizeof *samples);
    assert_non_null(samples);
    for (int32_t i = 0; i < FUNNEL_MOST_UNITS; i++) keys[i] = i * 3 - 100;
    for (uint64_t n = 0; n < MANY; n++) nth_sample(n, &samples[n]);
    for (int32_t threads = 1; threads <= 300; threads = threads == 1 ? 3 : threads * 100) {
        funnel_bench *b = funnel_bench_new(threads < 4 ? context_threads(threads) : context_backwards(threads), 6);
        b->plan.rules.optional = 8;
        b->facts.has_groups = true;
        b->facts.groups = groups;
        b->facts.group_count = MANY_GROUPS;
        b->options.list_units = threads == 3;
        funnel_add_units(b, PDM__KEY_INT, keys, FUNNEL_MOST_UNITS);
        for (int32_t i = 0; i < MANY; i++)
            funnel_put(b, samples[(i * 7919) % MANY].unit, samples[(i * 7919) % MANY].seen);
        for (int64_t row = 0; row < MANY_GROUPS * 6; row++) {
            expect_counts(funnel_table(b, "steps"), row, samples, (int32_t)(row / 6));
            expect_durations(funnel_table(b, "durations"), row, samples, (int32_t)(row / 6));
        }
        int64_t shown = 0;
        const pdm_table *bins = funnel_table(b, "histogram");
        for (int64_t row = 0; row < pdm_table_rows(bins); row++) shown += pdm_table_i64(bins, "count")[row];
        const int64_t *n = pdm_table_i64(funnel_table(b, "durations"), "n");
        assert_int_equal(shown, n[5] + n[11] + n[17]); /* from 1 to 6 */
        if (threads == 3) expect_listed(funnel_table(b, "units"), b, samples);
        funnel_bench_free(b);
    }
    free(samples);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
