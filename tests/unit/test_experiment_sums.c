/*
 * Sums without units: of values of every size, with and without nulls, in blocks and one row at a time, they are those of the units,
 * and the same words to the bit.
 */
#include "compare.h"

#include <pdmetrics/metrics/experiment.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 5000

typedef struct sample {
    int64_t unit[ROWS];
    int64_t arm[ROWS];
    const char *text; /* of the arms */
    int32_t ends[ROWS + 1];
    int64_t flag[ROWS];
    int64_t x[ROWS];
    int64_t y[ROWS];
    int64_t before[ROWS];
    uint8_t valid[(ROWS + 7) / 8];
    int64_t city[ROWS];
} sample;

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A value of up to so many bits, half of them negative. */
static int64_t value_of(uint64_t *random, int32_t bits) {
    uint64_t word = next_random(random);
    int64_t value = bits == 0 ? 0 : (int64_t)(word >> (64 - bits));
    return (next_random(random) & 1) != 0 ? value : ~value;
}

static void fill(sample *r, int32_t bits, int64_t arms, char *text) {
    uint64_t random = 88172645463325252U + (uint64_t)bits;
    char *to = text;
    r->text = text;
    memset(r->valid, 0, sizeof r->valid);
    for (int64_t i = 0; i < ROWS; i++) {
        r->unit[i] = i * 7;
        r->arm[i] = (int64_t)(next_random(&random) % (uint64_t)arms);
        const char *name = r->arm[i] == 0 ? "control" : "treatment";
        memcpy(to, name, strlen(name));
        to += strlen(name);
        r->ends[i + 1] = (int32_t)(to - text);
        r->flag[i] = (int64_t)(next_random(&random) % 2);
        /* Large values in some blocks only. */
        r->x[i] = value_of(&random, i / 1024 % 2 == 0 ? bits : bits / 2);
        r->y[i] = value_of(&random, bits) & INT64_MAX;
        r->before[i] = value_of(&random, bits);
        r->valid[i / 8] |= (uint8_t)((next_random(&random) % 5 != 0 || i < 2048) << (i % 8));
        r->city[i] = (int64_t)(next_random(&random) % 11);
    }
    r->ends[0] = 0;
}

static void give(pdm_state *state, const char *list, const pdm_column *columns, int32_t count, int64_t length) {
    pdm_error err;
    pdm_batch batch = pdm_batch_make(columns, count, length);
    if (pdm_state_set_list(state, list, &batch, &err) != PDM_OK) fail_msg("%s", err.message);
}

static pdm_state *make_state(bool sums, int64_t arms, bool text) {
    static const int64_t numbers[] = {0, 1, 2, 3, 4, 5};
    static const int32_t arm_ends[] = {0, 7, 16};
    static const int32_t names[] = {0, 4, 5, 6};
    static const int32_t kinds[] = {0, 10, 15, 20};
    static const int32_t denominators[] = {0, 0, 0, 1};
    static const int32_t rules[] = {0, 7, 14, 21};
    static const uint8_t third = 4;
    static const int32_t metric[] = {0, 1};
    static const int32_t column[] = {0, 6};
    static const int32_t segment[] = {0, 4};
    pdm_experiment_options options = pdm_experiment_options_default();
    options.moments_only = sums ? 1 : 0;
    pdm_state *state = NULL;
    assert_int_equal(pdm_experiment_create(NULL, &options, &state, NULL), PDM_OK);
    pdm_column arm =
        text ? pdm_column_utf8("variant", arm_ends, "controltreatment") : pdm_column_int64("variant", numbers);
    give(state, "arms", &arm, 1, arms);
    pdm_column metrics[] = {
        pdm_column_utf8("metric", names, "flagxr"), pdm_column_utf8("kind", kinds, "conversionvalueratio"),
        pdm_column_utf8("column", names, "flagxx"), pdm_column_utf8("denominator", denominators, "y"),
        pdm_column_utf8("null_value", rules, "excludeexcludeexclude")};
    metrics[3].validity = &third;
    give(state, "metrics", metrics, 5, 3);
    const pdm_column covariates[] = {pdm_column_utf8("metric", metric, "x"),
                                     pdm_column_utf8("column", column, "before")};
    give(state, "covariates", covariates, 2, 1);
    pdm_column segments = pdm_column_utf8("column", segment, "city");
    give(state, "segment_columns", &segments, 1, 1);
    return state;
}

static void feed(pdm_state *state, const sample *r, bool text, bool nulls, int64_t step) {
    pdm_column columns[] = {pdm_column_int64("unit", r->unit), pdm_column_int64("variant", r->arm),
                            pdm_column_int64("flag", r->flag), pdm_column_int64("x", r->x),
                            pdm_column_int64("y", r->y),       pdm_column_int64("before", r->before),
                            pdm_column_int64("city", r->city)};
    if (text) columns[1] = pdm_column_utf8("variant", r->ends, r->text);
    if (nulls) columns[3].validity = r->valid;
    for (int64_t first = 0; first < ROWS; first += step) {
        pdm_error err;
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) columns[c].offset = first;
        pdm_batch batch = pdm_batch_make(columns, 7, ROWS - first < step ? ROWS - first : step);
        if (pdm_state_update(state, &batch, &err) != PDM_OK) fail_msg("%s", err.message);
    }
}

/* A table of the state's result as text, from its headline to that of the next. */
static char *table_of(pdm_state *state, const char *headline) {
    pdm_result *result = NULL;
    pdm_error err;
    char *text = NULL;
    size_t size = 0;
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    result_dump(result, out);
    (void)fclose(out);
    pdm_result_free(result);
    char *first = strstr(text, headline);
    assert_non_null(first);
    char *next = strstr(first + 1, "\n# ");
    size_t length = next == NULL ? strlen(first) : (size_t)(next - first);
    char *table = strndup(first, length);
    free(text);
    return table;
}

static void same_table(pdm_state *expected, pdm_state *got, const char *headline) {
    char *a = table_of(expected, headline);
    char *b = table_of(got, headline);
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void check(int32_t bits, int64_t arms, bool text, bool nulls) {
    static sample r;
    static char names[ROWS * 9];
    fill(&r, bits, arms, names);
    pdm_state *units = make_state(false, arms, text);
    pdm_state *sums = make_state(true, arms, text);
    pdm_state *single = make_state(true, arms, text);
    feed(units, &r, text, nulls, ROWS);
    feed(sums, &r, text, nulls, ROWS);
    feed(single, &r, text, nulls, 1);
    same_table(units, sums, "# moments\n");
    same_table(units, sums, "# effects\n");
    bytes blocks = state_bytes(sums);
    bytes singles = state_bytes(single);
    assert_true(bytes_equal(blocks, singles));
    bytes_free(&blocks);
    bytes_free(&singles);
    pdm_state_free(units);
    pdm_state_free(sums);
    pdm_state_free(single);
}

/* Around what fits 1024 products in a word (26 bits), one product (31), and neither. */
static void sums_are_those_of_units(void **unused) {
    (void)unused;
    static const int32_t bits[] = {0, 1, 8, 25, 26, 27, 30, 31, 32, 40, 62, 63};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        check(bits[i], 2, false, false);
        check(bits[i], 6, false, true);
        check(bits[i], 2, true, i % 2 == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums_are_those_of_units)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
