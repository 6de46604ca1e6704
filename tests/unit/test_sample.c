/* The simulator: the same rows everywhere, small worlds inside large ones, well-formed rows, and clean failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pdmetrics/sample.h>

#include <stdlib.h>

#define FIRST_ID INT64_C(10000001)
#define US INT64_C(1000000)
#define WORLD 5000

static pdm_result *make(int64_t customers, uint64_t seed) {
    pdm_sample_options options = pdm_sample_options_default();
    options.customers = customers;
    options.seed = seed;
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_sample_private_domain(NULL, &options, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    return result;
}

static const int64_t *i64(const pdm_table *table, const char *column) {
    const int64_t *values = pdm_table_i64(table, column);
    assert_non_null(values);
    return values;
}

static void *allocate(size_t count, size_t size) {
    void *block = calloc(count, size);
    assert_non_null(block);
    return block;
}

/* ---- the same everywhere ---- */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t hash_cell(uint64_t hash, const pdm_table *table, int32_t column, int64_t row) {
    const char *name = pdm_table_column_name(table, column);
    size_t length = 0;
    if (pdm_table_is_null(table, name, row)) return hash_bytes(hash, "null", 4);
    switch (pdm_table_column_type(table, column)) {
    case PDM_TYPE_INT64:
    case PDM_TYPE_TIMESTAMP_US: return hash_bytes(hash, pdm_table_i64(table, name) + row, 8);
    case PDM_TYPE_FLOAT64: return hash_bytes(hash, pdm_table_f64(table, name) + row, 8);
    case PDM_TYPE_BOOL: return hash_bytes(hash, pdm_table_bool(table, name) + row, 1);
    default: {
        const char *text = pdm_table_utf8(table, name, row, &length);
        assert_non_null(text);
        return hash_bytes(hash, text, length);
    }
    }
}

static uint64_t hash_row(uint64_t hash, const pdm_table *table, int64_t row) {
    for (int32_t i = 0; i < pdm_table_column_count(table); i++) hash = hash_cell(hash, table, i, row);
    return hash;
}

static uint64_t hash_result(const pdm_result *result) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (int32_t i = 0; i < pdm_result_table_count(result); i++) {
        const pdm_table *table = pdm_result_table_at(result, i);
        for (int64_t row = 0; row < pdm_table_rows(table); row++) hash = hash_row(hash, table, row);
    }
    return hash;
}

static void test_same_rows_everywhere(void **state) {
    (void)state;
    pdm_result *result = make(1000, 42);
    pdm_result *again = make(1000, 42);
    pdm_result *other = make(1000, 43);
    uint64_t hash = hash_result(result);
    /* Recorded once; a change of it is a change of everybody's examples. */
    assert_int_equal(hash, UINT64_C(0x4640fad68cde67c3));
    assert_int_equal(hash_result(again), hash);
    assert_int_not_equal(hash_result(other), hash);
    pdm_result_free(result);
    pdm_result_free(again);
    pdm_result_free(other);
}

static void test_tables_and_default_size(void **state) {
    (void)state;
    static const char *const names[] = {"orders",      "events",      "touches", "friends",
                                        "invitations", "assignments", "targets", "truths"};
    pdm_result *result = NULL;
    pdm_error err;
    assert_int_equal(pdm_sample_private_domain(NULL, NULL, &result, &err), PDM_OK);
    pdm_result *same = make(10000, 0);
    assert_int_equal(pdm_result_table_count(result), 8);
    for (int32_t i = 0; i < 8; i++) {
        const pdm_table *table = pdm_result_table_at(result, i);
        assert_string_equal(pdm_table_name(table), names[i]);
        assert_true(pdm_table_rows(table) > 0);
        assert_int_equal(pdm_table_rows(table), pdm_table_rows(pdm_result_table_at(same, i)));
    }
    assert_ptr_equal(pdm_result_table(result, NULL), pdm_result_table(result, "orders"));
    pdm_result_free(result);
    pdm_result_free(same);
}

/* ---- small worlds inside large ones ---- */

static void check_prefix(const pdm_table *small, const pdm_table *large, int64_t customers) {
    const char *id = pdm_table_column_find(small, "invitee_id") >= 0 ? "invitee_id" : "customer_id";
    const int64_t *owners = i64(large, id);
    int64_t at = 0;
    for (int64_t i = 0; i < pdm_table_rows(large); i++) {
        if (owners[i] >= FIRST_ID + customers) continue;
        assert_true(at < pdm_table_rows(small));
        assert_int_equal(hash_row(1, large, i), hash_row(1, small, at));
        at++;
    }
    assert_int_equal(at, pdm_table_rows(small));
}

static void test_small_world_is_part_of_large(void **state) {
    (void)state;
    static const int64_t sizes[] = {1, 99, 1000};
    pdm_result *large = make(2500, 7);
    for (size_t i = 0; i < 3; i++) {
        pdm_result *small = make(sizes[i], 7);
        for (int32_t j = 0; j < 6; j++) {
            check_prefix(pdm_result_table_at(small, j), pdm_result_table_at(large, j), sizes[i]);
        }
        pdm_result_free(small);
    }
    pdm_result_free(large);
}

/* ---- well-formed rows ---- */

static void test_sorted_and_in_range(void **state) {
    const pdm_result *result = *state;
    for (int32_t i = 0; i < 6; i++) {
        const pdm_table *table = pdm_result_table_at(result, i);
        const int64_t *times = i64(table, "time");
        const int64_t *owners = i64(table, i == 4 ? "invitee_id" : "customer_id");
        for (int64_t row = 0; row < pdm_table_rows(table); row++) {
            assert_true(times[row] >= PDM_SAMPLE_FROM && times[row] < PDM_SAMPLE_AS_OF && times[row] % US == 0);
            assert_true(owners[row] >= FIRST_ID && owners[row] < FIRST_ID + WORLD);
            if (row == 0) continue;
            assert_true(times[row] > times[row - 1] ||
                        (times[row] == times[row - 1] && owners[row] >= owners[row - 1]));
        }
    }
}

/* Each refund is of an order of the same customer, later, and not more than was paid. */
static void test_refunds_fit_orders(void **state) {
    const pdm_table *orders = pdm_result_table(*state, "orders");
    const int64_t *ids = i64(orders, "order_id"), *originals = i64(orders, "original_order_id");
    const int64_t *owners = i64(orders, "customer_id"), *amounts = i64(orders, "amount"), *times = i64(orders, "time");
    int64_t limit = 0;
    for (int64_t i = 0; i < pdm_table_rows(orders); i++) limit = ids[i] > limit ? ids[i] : limit;
    int64_t *left = allocate((size_t)limit + 1, sizeof *left);
    int64_t *owner = allocate((size_t)limit + 1, sizeof *owner);
    int64_t *when = allocate((size_t)limit + 1, sizeof *when);
    for (int64_t i = 0; i < pdm_table_rows(orders); i++) {
        assert_true(ids[i] > 0 && (owner[ids[i]] == 0 || owner[ids[i]] == owners[i]));
        owner[ids[i]] = owners[i];
        if (amounts[i] >= 0) {
            assert_true(pdm_table_is_null(orders, "original_order_id", i));
            assert_true(when[ids[i]] == 0 || when[ids[i]] == times[i]);
            left[ids[i]] += amounts[i];
            when[ids[i]] = times[i];
            continue;
        }
        assert_int_equal(when[ids[i]], 0);
        if (pdm_table_is_null(orders, "original_order_id", i)) continue;
        int64_t original = originals[i];
        assert_true(original > 0 && original <= limit && owner[original] == owners[i] && when[original] < times[i]);
        left[original] += amounts[i];
        assert_true(left[original] >= 0);
    }
    free(left);
    free(owner);
    free(when);
}

/* ---- failing ---- */

static void test_options_are_checked(void **state) {
    (void)state;
    pdm_result *result = NULL;
    pdm_error err;
    pdm_sample_options options = pdm_sample_options_default();
    options.customers = 50000001;
    assert_int_equal(pdm_sample_private_domain(NULL, &options, &result, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "customers");
    options.customers = -1;
    assert_int_equal(pdm_sample_private_domain(NULL, &options, &result, NULL), PDM_E_BAD_OPTION);
    options = pdm_sample_options_default();
    options.reserved = 1;
    assert_int_equal(pdm_sample_private_domain(NULL, &options, &result, &err), PDM_E_BAD_OPTION);
    options = pdm_sample_options_default();
    options.struct_size = 8;
    assert_int_equal(pdm_sample_private_domain(NULL, &options, &result, &err), PDM_E_BAD_OPTION);
    assert_null(result);
    assert_int_equal(pdm_sample_private_domain(NULL, NULL, NULL, &err), PDM_E_ARGUMENT);
}

static bool stop_later(void *user) {
    int32_t *left = user;
    return --*left < 0;
}

/* Stopping at any of the polls gives nothing but the status. */
static void test_stopping(void **state) {
    (void)state;
    pdm_status status = PDM_E_STOPPED;
    int32_t polls = 0;
    for (; status != PDM_OK; polls = polls * 2 + 1) {
        int32_t left = polls;
        pdm_context_options config = pdm_context_options_default();
        config.should_stop = stop_later;
        config.stop_user = &left;
        pdm_context *context = NULL;
        pdm_sample_options options = pdm_sample_options_default();
        options.customers = 2000;
        pdm_result *result = NULL;
        assert_int_equal(pdm_context_create(&config, &context, NULL), PDM_OK);
        status = pdm_sample_private_domain(context, &options, &result, NULL);
        assert_true(status == PDM_OK || (status == PDM_E_STOPPED && result == NULL));
        pdm_result_free(result);
        pdm_context_free(context);
    }
    assert_true(polls > 7);
}

/* An allocator that fails once it has been asked often enough. */
static void *scarce(void *user, void *block, size_t old_size, size_t new_size) {
    int64_t *left = user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return --*left < 0 ? NULL : realloc(block, new_size);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    pdm_status status = PDM_E_NOMEM;
    int64_t allocations = 0;
    for (; status != PDM_OK; allocations++) {
        int64_t left = INT64_MAX;
        pdm_context_options config = pdm_context_options_default();
        config.allocator.resize = scarce;
        config.allocator.user = &left;
        pdm_context *context = NULL;
        pdm_sample_options options = pdm_sample_options_default();
        options.customers = 30;
        pdm_result *result = NULL;
        assert_int_equal(pdm_context_create(&config, &context, NULL), PDM_OK);
        uint64_t before = 0, after = 0;
        pdm_context_memory(context, &before, NULL);
        left = allocations;
        status = pdm_sample_private_domain(context, &options, &result, NULL);
        left = INT64_MAX;
        assert_true(status == PDM_OK || (status == PDM_E_NOMEM && result == NULL));
        pdm_result_free(result);
        pdm_context_memory(context, &after, NULL);
        assert_int_equal(before, after);
        pdm_context_free(context);
        assert_true(allocations < 10000);
    }
    assert_true(allocations > 60);
}

static void test_memory_limit(void **state) {
    (void)state;
    pdm_context_options config = pdm_context_options_default();
    config.memory_limit = 1 << 20;
    pdm_context *context = NULL;
    pdm_result *result = NULL;
    assert_int_equal(pdm_context_create(&config, &context, NULL), PDM_OK);
    assert_int_equal(pdm_sample_private_domain(context, NULL, &result, NULL), PDM_E_LIMIT);
    assert_null(result);
    pdm_context_free(context);
}

static int make_world(void **state) {
    *state = make(WORLD, 2026);
    return 0;
}

static int free_world(void **state) {
    pdm_result_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_rows_everywhere),
        cmocka_unit_test(test_tables_and_default_size),
        cmocka_unit_test(test_small_world_is_part_of_large),
        cmocka_unit_test(test_sorted_and_in_range),
        cmocka_unit_test(test_refunds_fit_orders),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_memory_limit),
    };
    return cmocka_run_group_tests_name("sample", tests, make_world, free_world);
}
