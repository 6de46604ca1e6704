/* Tiers: small tables worked out by hand, the edges of its list and options. */
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/metrics/tiers.h>

static pdm_state *make(const pdm_tiers_options *options) {
    pdm_state *state = NULL;
    assert_int_equal(pdm_tiers_create(NULL, options, &state, NULL), PDM_OK);
    return state;
}

static void add(pdm_state *state, const int64_t *customers, const int64_t *values, int64_t count) {
    const pdm_column columns[] = {pdm_column_int64("customer_id", customers), pdm_column_int64("value", values)};
    pdm_batch batch = pdm_batch_make(columns, 2, count);
    pdm_error err;
    if (pdm_state_update(state, &batch, &err) != PDM_OK) fail_msg("%s", err.message);
}

static pdm_result *result_of(pdm_state *state) {
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    pdm_state_free(state);
    return result;
}

static void expect_text(const pdm_table *table, const char *column, int64_t row, const char *expected) {
    size_t length = 0;
    const char *text = pdm_table_utf8(table, column, row, &length);
    assert_non_null(text);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
}

static pdm_status give_cuts(pdm_state *state, const int64_t *cuts, uint8_t validity, int64_t count, pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3, 4};
    pdm_column columns[] = {pdm_column_utf8("tier", names, "abcd"), pdm_column_int64("cut", cuts)};
    columns[1].validity = &validity;
    pdm_batch list = pdm_batch_make(columns, 2, count);
    return pdm_state_set_list(state, "tiers", &list, err);
}

/* Rows of one customer add up; a value on a cut is in the higher tier; tiers come in any order. */
static void test_cuts(void **unused) {
    (void)unused;
    static const int64_t cuts[] = {1000, 0, 100};
    pdm_state *state = make(NULL);
    assert_int_equal(give_cuts(state, cuts, 0x05, 3, NULL), PDM_OK);
    static const int64_t customers[] = {5, -2, 5, 9, 7, 8, 9};
    static const int64_t values[] = {60, 99, 40, 1500, 999, 1000, -600};
    add(state, customers, values, 7);
    pdm_result *result = result_of(state);
    const pdm_table *main_table = pdm_result_table(result, NULL);
    assert_string_equal(pdm_table_name(main_table), "tiers");
    static const int64_t ids[] = {-2, 5, 7, 8, 9};
    static const int64_t sums[] = {99, 100, 999, 1000, 900};
    static const int32_t tiers[] = {1, 2, 2, 3, 2};
    static const char *const names[] = {"b", "c", "c", "a", "c"};
    assert_int_equal(pdm_table_rows(main_table), 5);
    for (int64_t i = 0; i < 5; i++) {
        assert_int_equal(pdm_table_i64(main_table, "customer_id")[i], ids[i]);
        assert_int_equal(pdm_table_i64(main_table, "value")[i], sums[i]);
        assert_int_equal(pdm_table_i32(main_table, "tier_id")[i], tiers[i]);
        expect_text(main_table, "tier", i, names[i]);
    }
    const pdm_table *segments = pdm_result_table(result, "segments");
    assert_int_equal(pdm_table_rows(segments), 4);
    static const int64_t counts[] = {1, 3, 1, 5};
    static const int64_t totals[] = {99, 1999, 1000, 3098};
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(pdm_table_i64(segments, "customers")[i], counts[i]);
        assert_int_equal(pdm_table_i64(segments, "value")[i], totals[i]);
        assert_true(pdm_table_f64(segments, "share")[i] == (double)counts[i] / 5.0);
        assert_true(pdm_table_f64(segments, "mean_value")[i] == (double)totals[i] / (double)counts[i]);
    }
    assert_int_equal(pdm_table_i64(segments, "min_value")[1], 100);
    assert_int_equal(pdm_table_i64(segments, "max_value")[1], 999);
    expect_text(segments, "tier", 3, "total");
    assert_true(pdm_table_is_null(segments, "tier_id", 3));
    const pdm_table *found = pdm_result_table(result, "cuts");
    assert_true(pdm_table_is_null(found, "cut", 0));
    assert_int_equal(pdm_table_i64(found, "cut")[1], 100);
    assert_int_equal(pdm_table_i64(found, "cut")[2], 1000);
    pdm_result_free(result);
}

/* Ten different customers: gold 2, silver 3, bronze 5. */
static void test_default_shares(void **unused) {
    (void)unused;
    int64_t customers[10];
    int64_t values[10];
    for (int64_t i = 0; i < 10; i++) {
        customers[i] = i;
        values[i] = (i * 7 % 10) * 100;
    }
    pdm_state *state = make(NULL);
    add(state, customers, values, 10);
    pdm_result *result = result_of(state);
    const pdm_table *table = pdm_result_table(result, "tiers");
    for (int64_t i = 0; i < 10; i++) {
        int64_t rank = i * 7 % 10;
        assert_int_equal(pdm_table_i32(table, "tier_id")[i], rank >= 8 ? 3 : rank >= 5 ? 2 : 1);
    }
    const pdm_table *segments = pdm_result_table(result, "segments");
    static const int64_t counts[] = {5, 3, 2, 10};
    static const char *const zh[] = {"青铜", "白银", "黄金", "合计"};
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(pdm_table_i64(segments, "customers")[i], counts[i]);
        expect_text(segments, "tier_zh", i, zh[i]);
    }
    const pdm_table *cuts = pdm_result_table(result, "cuts");
    assert_int_equal(pdm_table_i64(cuts, "cut")[1], 500);
    assert_int_equal(pdm_table_i64(cuts, "cut")[2], 800);
    pdm_result_free(result);
}

/* Equal values are never torn apart. */
static void test_ties(void **unused) {
    (void)unused;
    static const int64_t customers[] = {1, 2, 3, 4};
    static const int64_t values[] = {7, 7, 7, 7};
    pdm_state *state = make(NULL);
    add(state, customers, values, 4);
    pdm_result *result = result_of(state);
    const int32_t *tiers = pdm_table_i32(pdm_result_table(result, NULL), "tier_id");
    for (int32_t i = 1; i < 4; i++) assert_int_equal(tiers[i], tiers[0]);
    pdm_result_free(result);
}

static void test_nobody(void **unused) {
    (void)unused;
    for (int32_t zero = 0; zero < 2; zero++) {
        pdm_tiers_options options = pdm_tiers_options_default();
        options.zero_denominator = zero;
        pdm_result *result = result_of(make(&options));
        assert_int_equal(pdm_table_rows(pdm_result_table(result, NULL)), 0);
        const pdm_table *segments = pdm_result_table(result, "segments");
        assert_int_equal(pdm_table_rows(segments), 4);
        assert_int_equal(pdm_table_is_null(segments, "mean_value", 0), zero == 0);
        assert_int_equal(pdm_table_is_null(segments, "value_share", 3), zero == 0);
        assert_true(pdm_table_is_null(segments, "min_value", 0));
        pdm_result_free(result);
    }
}

static void test_bad_lists(void **unused) {
    (void)unused;
    static const struct {
        int64_t cuts[4];
        uint8_t validity;
        int64_t rows;
    } bad[] = {
        {{1, 2, 3, 4}, 0x0F, 3}, /* no lowest tier */
        {{0, 0, 3, 4}, 0x04, 3}, /* two lowest */
        {{0, 5, 5, 4}, 0x06, 3}, /* one cut twice */
        {{0, 5, 5, 4}, 0x00, 1}, /* one tier is none */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pdm_tiers_options options = pdm_tiers_options_default();
        options.method = PDM_TIERS_CUT;
        pdm_state *state = make(&options);
        pdm_error err;
        size_t size = 0;
        pdm_status status = give_cuts(state, bad[i].cuts, bad[i].validity, bad[i].rows, &err);
        if (status == PDM_OK) status = pdm_state_serialize(state, NULL, 0, &size, &err);
        if (status != PDM_E_BAD_OPTION) fail_msg("list %zu: %s", i, pdm_status_name((int32_t)status));
        pdm_state_free(state);
    }
    /* Shares that do not make a whole; a share without a number. */
    static const double shares[][2] = {{0.5, 0.4}, {0.5, 0.6}, {1.0, 0.0}, {1.5, -0.5}};
    static const int32_t names[] = {0, 1, 2};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        pdm_state *state = make(NULL);
        const pdm_column columns[] = {pdm_column_utf8("tier", names, "ab"),
                                      pdm_column_make("share", PDM_TYPE_FLOAT64, shares[i])};
        pdm_batch list = pdm_batch_make(columns, 2, 2);
        pdm_error err;
        size_t size = 0;
        pdm_result *result = NULL;
        pdm_status status = pdm_state_set_list(state, "tiers", &list, &err);
        if (status == PDM_OK) status = pdm_state_serialize(state, NULL, 0, &size, &err);
        if (status == PDM_OK) status = pdm_state_result(state, &result, &err);
        if (status != PDM_E_BAD_OPTION) fail_msg("shares %zu: %s", i, pdm_status_name((int32_t)status));
        pdm_result_free(result);
        pdm_state_free(state);
    }
}

static void test_compute(void **unused) {
    (void)unused;
    static const int32_t offsets[] = {0, 2, 2, 8};
    static const double values[] = {10.5, 0.01, -3.0};
    const pdm_column columns[] = {pdm_column_make("value", PDM_TYPE_FLOAT64, values),
                                  pdm_column_utf8("customer_id", offsets, "zz客户")};
    pdm_batch batch = pdm_batch_make(columns, 2, 3);
    pdm_tiers_options options = pdm_tiers_options_default();
    pdm_result *result = NULL;
    pdm_error err;
    assert_int_equal(pdm_tiers_compute(NULL, &options, &batch, &result, &err), PDM_E_BAD_TYPE);
    assert_null(result);
    options.currency_exponent = 2;
    assert_int_equal(pdm_tiers_compute(NULL, &options, &batch, &result, &err), PDM_OK);
    const pdm_table *table = pdm_result_table(result, NULL);
    static const char *const ids[] = {"", "zz", "客户"}; /* by bytes */
    static const int64_t sums[] = {1, 1050, -300};
    for (int64_t i = 0; i < 3; i++) {
        expect_text(table, "customer_id", i, ids[i]);
        assert_int_equal(pdm_table_i64(table, "value")[i], sums[i]);
    }
    pdm_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),   cmocka_unit_test(test_default_shares), cmocka_unit_test(test_ties),
        cmocka_unit_test(test_nobody), cmocka_unit_test(test_bad_lists),      cmocka_unit_test(test_compute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
