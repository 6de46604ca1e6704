/* Assignment: shares, stability, layers, namespaces, holdout, texts and numbers, refusals. */
#include <pdmetrics/stats/assign.h>
#include <pdmetrics/stats/srm.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNITS 20000

static int64_t ids[UNITS];
static pdm_assigned first[UNITS];
static pdm_assigned second[UNITS];

static void assign(const pdm_assignment *plan, pdm_assigned *out) {
    pdm_error err;
    for (int32_t i = 0; i < UNITS; i++) ids[i] = 1000000 + 37 * i;
    if (pdm_assign_integers(plan, ids, UNITS, out, &err) != PDM_OK) fail_msg("%s: %s", err.column, err.message);
}

static void expect_split(const pdm_assigned *units, const double *weights, int32_t count) {
    int64_t observed[8] = {0};
    pdm_srm srm;
    for (int32_t i = 0; i < UNITS; i++) observed[units[i].variation < 0 ? count - 1 : units[i].variation]++;
    assert_int_equal(pdm_srm_test(observed, weights, count, NULL, &srm, NULL), PDM_OK);
    assert_int_equal(srm.status, PDM_STATUS_OK);
}

static void test_shares(void **state) {
    (void)state;
    for (int32_t hash = PDM_BUCKET_V2; hash <= PDM_BUCKET_XXH3; hash++) {
        const double weights[] = {0.5, 0.3, 0.2};
        const double covered[] = {0.2, 0.12, 0.08, 0.6};
        pdm_assignment plan = pdm_assignment_default();
        plan.hash = hash;
        plan.seed = "spring-scripts";
        plan.variations = 3;
        plan.weights = weights;
        plan.weight_count = 3;
        assign(&plan, first);
        expect_split(first, weights, 3);
        plan.coverage = 0.4;
        assign(&plan, second);
        expect_split(second, covered, 4);
        for (int32_t i = 0; i < UNITS; i++) { /* more coverage moves nobody */
            assert_true(first[i].n >= 0 && first[i].n < 1 && first[i].n == second[i].n);
            assert_true(second[i].variation == first[i].variation || second[i].variation == -1);
            assert_int_equal(second[i].reason, second[i].variation < 0 ? PDM_ASSIGN_NOT_COVERED : PDM_ASSIGN_ASSIGNED);
        }
        plan.coverage = 0;
        assign(&plan, second);
        for (int32_t i = 0; i < UNITS; i++) assert_int_equal(second[i].variation, -1);
    }
}

/* Layers with similar seeds: independent under v2 and XXH3, correlated under v1. */
static void test_layers(void **state) {
    (void)state;
    for (int32_t hash = PDM_BUCKET_V2; hash <= PDM_BUCKET_XXH3; hash++) {
        pdm_assignment plan = pdm_assignment_default();
        int64_t cells[4] = {0};
        pdm_srm srm;
        plan.hash = hash;
        plan.seed = "layer-a";
        assign(&plan, first);
        plan.seed = "layer-b";
        assign(&plan, second);
        for (int32_t i = 0; i < UNITS; i++) cells[2 * first[i].variation + second[i].variation]++;
        assert_int_equal(pdm_srm_test(cells, NULL, 4, NULL, &srm, NULL), PDM_OK);
        assert_int_equal(srm.status, hash == PDM_BUCKET_V1 ? PDM_STATUS_MISMATCH : PDM_STATUS_OK);
    }
}

static void test_exclusion(void **state) {
    (void)state;
    pdm_assignment one = pdm_assignment_default();
    pdm_assignment two = pdm_assignment_default();
    int32_t held = 0;
    one.seed = "one";
    two.seed = "two";
    one.name_space = two.name_space = "checkout";
    one.name_space_range = (pdm_range){0, 0.3};
    two.name_space_range = (pdm_range){0.3, 0.9};
    one.holdout_seed = two.holdout_seed = "2026";
    one.holdout_share = two.holdout_share = 0.1;
    assign(&one, first);
    assign(&two, second);
    for (int32_t i = 0; i < UNITS; i++) {
        assert_true(first[i].variation < 0 || second[i].variation < 0);
        assert_int_equal(first[i].reason == PDM_ASSIGN_HOLDOUT, second[i].reason == PDM_ASSIGN_HOLDOUT);
        held += first[i].reason == PDM_ASSIGN_HOLDOUT;
    }
    assert_true(abs(held - UNITS / 10) < 200);
    const pdm_range half = {0, 0.5};
    const pdm_bucket_filter filter = {.seed = "gate", .ranges = &half, .range_count = 1};
    const pdm_bucket_filter other = {.seed = "gate", .value = "this device", .ranges = &half, .range_count = 1};
    double n = 0;
    one.filters = &filter;
    one.filter_count = 1;
    one.name_space_range = (pdm_range){0, 0}; /* not asked any more */
    assign(&one, first);
    for (int32_t i = 0; i < 200; i++) {
        char id[24];
        int length = 0;
        for (int64_t x = ids[i]; x > 0; x /= 10) length++;
        for (int64_t x = ids[i], at = length; x > 0; x /= 10) id[--at] = (char)('0' + x % 10);
        assert_int_equal(pdm_bucket("gate", id, (size_t)length, PDM_BUCKET_V2, 0, &n, NULL), PDM_OK);
        if (first[i].reason == PDM_ASSIGN_HOLDOUT) continue;
        assert_int_equal(first[i].reason, n < 0.5 ? PDM_ASSIGN_ASSIGNED : PDM_ASSIGN_NOT_IN_NAMESPACE);
    }
    assert_int_equal(pdm_bucket("gate", "this device", 11, PDM_BUCKET_V2, 0, &n, NULL), PDM_OK);
    one.filters = &other; /* one attribute decides for all */
    assign(&one, first);
    for (int32_t i = 0; i < UNITS; i++) {
        if (first[i].reason != PDM_ASSIGN_HOLDOUT) assert_int_equal(first[i].variation >= 0, n < 0.5);
    }
}

static void test_texts(void **state) {
    (void)state;
    const char *bytes = "42用户-7\xf0\x9f\x98\x80";
    const int64_t offsets[] = {0, 2, 2, 8, 10, 14};
    const int64_t numbers[] = {42, -7, INT64_MIN};
    pdm_assignment plan = pdm_assignment_default();
    pdm_assigned texts[5];
    pdm_assigned integers[3];
    plan.seed = "实验";
    assert_int_equal(pdm_assign_texts(&plan, bytes, offsets, 5, texts, NULL), PDM_OK);
    assert_int_equal(pdm_assign_integers(&plan, numbers, 3, integers, NULL), PDM_OK);
    assert_true(texts[0].n == integers[0].n && texts[3].n == integers[1].n);
    assert_true(texts[1].reason == PDM_ASSIGN_NO_ID && isnan(texts[1].n) && texts[1].variation == -1);
    double n = 0;
    assert_int_equal(pdm_bucket(plan.seed, "-9223372036854775808", 20, 0, 0, &n, NULL), PDM_OK);
    assert_true(n == integers[2].n);
    /* 😀 is D83D DE00: two units, one code point, four bytes. By hand: h = (h XOR u)·16777619. */
    const uint32_t units[3][4] = {{0xD83D, 0xDE00}, {0xF0, 0x9F, 0x98, 0x80}, {0x1F600}};
    const int32_t counts[3] = {2, 4, 1};
    for (int32_t kind = 0; kind < 3; kind++) {
        uint32_t h = 2166136261U;
        uint32_t got = 0;
        for (int32_t i = 0; i < counts[kind]; i++) h = (h ^ units[kind][i]) * 16777619U;
        assert_int_equal(pdm_fnv1a32(bytes + 10, 4, kind, &got, NULL), PDM_OK);
        assert_int_equal(got, h);
    }
    assert_int_equal(pdm_assign_texts(&plan, NULL, (const int64_t[]){0, 0}, 1, texts, NULL), PDM_OK);
    assert_int_equal(texts[0].reason, PDM_ASSIGN_NO_ID);
    assert_string_equal(pdm_assign_reason_name(PDM_ASSIGN_NOT_COVERED), "not_covered");
    assert_string_equal(pdm_assign_reason_name(9), "unknown");
}

/* A million buckets: what 10 000 cannot tell apart. */
static void test_fine_buckets(void **state) {
    (void)state;
    double distinct = 0;
    pdm_assignment plan = pdm_assignment_default();
    plan.hash = PDM_BUCKET_XXH3;
    plan.seed = "fine";
    assign(&plan, first);
    for (int32_t i = 0; i < UNITS; i++) {
        double millionths = first[i].n * 1e6;
        assert_true(fabs(millionths - round(millionths)) < 1e-6);
        distinct += fabs(first[i].n * 1e4 - round(first[i].n * 1e4)) > 1e-3;
    }
    assert_true(distinct > 0.98 * UNITS);
}

static void refused(const pdm_assignment *plan, pdm_status code, const char *column, int64_t row) {
    pdm_assigned out;
    pdm_error err;
    const int64_t id = 1;
    assert_int_equal(pdm_assign_integers(plan, &id, 1, &out, &err), code);
    assert_string_equal(err.column, column);
    assert_int_equal(err.row, row);
}

static void test_refusals(void **state) {
    (void)state;
    const double short_sum[] = {0.4, 0.1};
    const double negative[] = {1.5, -0.5};
    const pdm_range overlapping[] = {{0, 0.5}, {0.4, 1}};
    const pdm_range outside[] = {{0, 0.5}, {0.5, 1.2}};
    const pdm_range touching[] = {{0, 0.5}, {0.5, 1}};
    pdm_assignment plan = pdm_assignment_default();
    pdm_range ranges[2];
    plan.weights = short_sum;
    plan.weight_count = 2;
    refused(&plan, PDM_E_BAD_WEIGHTS, "weights", -1);
    plan.growthbook_compat = 1;
    assert_int_equal(pdm_bucket_ranges(&plan, ranges, NULL), PDM_OK);
    assert_true(ranges[0].high == 0.5 && ranges[1].high == 1);
    plan.growthbook_compat = 0;
    plan.weights = negative;
    refused(&plan, PDM_E_BAD_WEIGHTS, "weights", 1);
    plan.weight_count = 1;
    refused(&plan, PDM_E_BAD_WEIGHTS, "weights", -1);
    plan = pdm_assignment_default();
    plan.coverage = 1.5;
    refused(&plan, PDM_E_BAD_OPTION, "coverage", -1);
    plan.growthbook_compat = 1;
    assert_int_equal(pdm_bucket_ranges(&plan, ranges, NULL), PDM_OK);
    assert_true(ranges[1].high == 1);
    plan = pdm_assignment_default();
    plan.ranges = overlapping;
    plan.range_count = 2;
    refused(&plan, PDM_E_BAD_OPTION, "ranges", 1);
    plan.ranges = outside;
    refused(&plan, PDM_E_BAD_OPTION, "ranges", 1);
    plan.ranges = touching;
    assert_int_equal(pdm_bucket_ranges(&plan, ranges, NULL), PDM_OK);
    plan.range_count = 1;
    refused(&plan, PDM_E_BAD_OPTION, "ranges", -1);
    plan = pdm_assignment_default();
    plan.variations = 0;
    refused(&plan, PDM_E_BAD_OPTION, "variations", -1);
    plan.variations = 2;
    plan.hash = 3;
    refused(&plan, PDM_E_BAD_OPTION, "hash", -1);
    plan.hash = 0;
    plan.seed = "\xff";
    refused(&plan, PDM_E_BAD_VALUE, "seed", -1);
    plan.seed = "a";
    plan.holdout_seed = "h";
    plan.holdout_share = -0.1;
    refused(&plan, PDM_E_BAD_OPTION, "holdout_share", -1);
    plan.holdout_share = 0;
    plan.name_space = "n";
    plan.name_space_range = (pdm_range){0.5, 0.2};
    refused(&plan, PDM_E_BAD_OPTION, "name_space_range", 0);
    plan.name_space = NULL;
    const pdm_bucket_filter filters[2] = {{.seed = "x"}, {.seed = "x", .hash = 7}};
    plan.filters = filters;
    plan.filter_count = 2;
    refused(&plan, PDM_E_BAD_OPTION, "filters", 1);
    plan.struct_size = 4;
    refused(&plan, PDM_E_BAD_OPTION, "struct_size", -1);
    plan = pdm_assignment_default();
    const int64_t offsets[] = {0, 1, 3};
    pdm_assigned out[2] = {{7, 7, 7}, {7, 7, 7}};
    pdm_error err;
    assert_int_equal(pdm_assign_texts(&plan, "a\xc3(", offsets, 2, out, &err), PDM_E_BAD_VALUE);
    assert_true(err.row == 1 && out[0].variation == 7);
    const int64_t falling[] = {0, 1, 0};
    assert_int_equal(pdm_assign_texts(&plan, "a", falling, 2, out, &err), PDM_E_BAD_VALUE);
    assert_string_equal(err.column, "offsets");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares), cmocka_unit_test(test_layers),       cmocka_unit_test(test_exclusion),
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_fine_buckets), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
