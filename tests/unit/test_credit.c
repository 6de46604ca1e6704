/* Credit: the three policies by hand, weights, conflicts, orders without staff, what is refused; and against a naive reference. */
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/metrics/credit.h>

#define MOST 400

typedef struct sheet {
    int64_t count;
    int64_t order[MOST];
    int64_t amount[MOST];
    int64_t staff[MOST]; /* 0 = null */
    int64_t role[MOST];  /* 0 = null, else one of the names below */
} sheet;

static const char *const role_names[] = {"", "store", "private", "guide", "lead"};

static pdm_status add(pdm_state *state, const sheet *s, pdm_error *err) {
    static char letters[MOST * 8];
    static int32_t offsets[MOST + 1];
    uint8_t staff_valid[MOST / 8 + 1] = {0};
    uint8_t role_valid[MOST / 8 + 1] = {0};
    for (int64_t i = 0; i < s->count; i++) {
        size_t length = strlen(role_names[s->role[i]]);
        memcpy(letters + offsets[i], role_names[s->role[i]], length);
        offsets[i + 1] = offsets[i] + (int32_t)length;
        if (s->staff[i] != 0) staff_valid[i / 8] = (uint8_t)(staff_valid[i / 8] | 1 << i % 8);
        if (s->role[i] != 0) role_valid[i / 8] = (uint8_t)(role_valid[i / 8] | 1 << i % 8);
    }
    pdm_column columns[] = {pdm_column_int64("order_id", s->order), pdm_column_int64("amount", s->amount),
                            pdm_column_int64("staff_id", s->staff), pdm_column_utf8("role", offsets, letters)};
    columns[2].validity = staff_valid;
    columns[3].validity = role_valid;
    pdm_batch batch = pdm_batch_make(columns, 4, s->count);
    return pdm_state_update(state, &batch, err);
}

static pdm_status give_roles(pdm_state *state, const double *weights, int64_t count, pdm_error *err) {
    static const int32_t offsets[] = {0, 5, 12, 17, 21, 26};
    const pdm_column columns[] = {pdm_column_utf8("role", offsets, "storeprivateguideleadstore"),
                                  pdm_column_make("weight", PDM_TYPE_FLOAT64, weights)};
    pdm_batch list = pdm_batch_make(columns, 2, count);
    return pdm_state_set_list(state, "roles", &list, err);
}

static pdm_result *result_of(int32_t policy, const double *weights, int64_t roles, const sheet *s) {
    pdm_credit_options options = pdm_credit_options_default();
    options.policy = policy;
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    pdm_error err;
    assert_int_equal(pdm_credit_create(NULL, &options, &state, NULL), PDM_OK);
    if (weights != NULL) assert_int_equal(give_roles(state, weights, roles, NULL), PDM_OK);
    if (add(state, s, &err) != PDM_OK) fail_msg("%s", err.message);
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    pdm_state_free(state);
    return result;
}

static int64_t total(const pdm_result *result, const char *column) {
    return pdm_table_i64(pdm_result_table(result, "totals"), column)[0];
}

static void expect_staff(const pdm_result *result, const int64_t (*expected)[3], int64_t count) {
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_string_equal(pdm_table_name(table), "staff");
    assert_int_equal(pdm_table_rows(table), count);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(pdm_table_i64(table, "staff_id")[i], expected[i][0]);
        assert_int_equal(pdm_table_i64(table, "orders")[i], expected[i][1]);
        assert_int_equal(pdm_table_i64(table, "credited")[i], expected[i][2]);
    }
}

/* Three orders: two people, one person, one person in two roles. Clerk s1 is 1, agent p1 is 2. */
static void test_policies(void **unused) {
    (void)unused;
    const sheet s = {.count = 5,
                     .order = {1, 1, 2, 3, 3},
                     .amount = {100, 100, 50, 30, 30},
                     .staff = {1, 2, 1, 2, 2},
                     .role = {1, 2, 1, 1, 2}};
    static const int64_t dedup[][3] = {{1, 2, 150}, {2, 2, 130}};
    static const int64_t full[][3] = {{1, 2, 150}, {2, 2, 160}};
    static const int64_t halves[][3] = {{1, 2, 100}, {2, 2, 80}};
    pdm_result *result = result_of(PDM_CREDIT_DEDUP, NULL, 0, &s);
    expect_staff(result, dedup, 2);
    assert_int_equal(total(result, "credited_total"), 280);
    assert_int_equal(total(result, "company_total"), 180);
    assert_int_equal(total(result, "uncredited"), 0);
    assert_true(pdm_table_f64(pdm_result_table(result, "totals"), "inflation")[0] == 280.0 / 180.0);
    assert_true(pdm_table_f64(pdm_result_table(result, NULL), "share")[0] == 150.0 / 280.0);
    pdm_result_free(result);
    result = result_of(PDM_CREDIT_FULL, NULL, 0, &s);
    expect_staff(result, full, 2);
    assert_int_equal(total(result, "credited_total"), 310);
    pdm_result_free(result);
    result = result_of(PDM_CREDIT_SPLIT, NULL, 0, &s);
    expect_staff(result, halves, 2);
    assert_int_equal(total(result, "credited_total"), 180);
    pdm_result_free(result);
}

/* Weights are those of the roles that are there; within a role the parts are equal, the first get what is left over. */
static void test_weights(void **unused) {
    (void)unused;
    static const double weights[] = {0.6, 0.2, 0.2, 0.0};
    const sheet s = {.count = 8,
                     .order = {1, 1, 1, 2, 2, 3, 4, 4},
                     .amount = {101, 101, 101, 10, 10, 7, 5, 5},
                     .staff = {1, 2, 3, 1, 2, 4, 4, 5},
                     .role = {1, 2, 2, 2, 3, 4, 4, 4}};
    /* Order 1: store 75.75, private 25.25 of 101 → 76, 25 → 13, 12. Order 2: 5, 5. Orders 3 and 4: only roles of weight 0. */
    static const int64_t expected[][3] = {{1, 2, 81}, {2, 2, 18}, {3, 1, 12}, {4, 2, 0}, {5, 1, 0}};
    pdm_result *result = result_of(PDM_CREDIT_SPLIT, weights, 4, &s);
    expect_staff(result, expected, 5);
    assert_int_equal(total(result, "company_total"), 123);
    assert_int_equal(total(result, "credited_total"), 111);
    assert_int_equal(total(result, "uncredited"), 12);
    pdm_result_free(result);
}

/* An order without staff is sold all the same; one with two amounts is left out and listed. */
static void test_conflicts(void **unused) {
    (void)unused;
    const sheet s = {.count = 7,
                     .order = {9, 8, 8, 7, 7, 6, 6},
                     .amount = {40, 10, 10, 5, 6, 0, 0},
                     .staff = {0, 1, 0, 1, 2, 3, 3},
                     .role = {0, 1, 0, 1, 1, 0, 0}};
    static const int64_t expected[][3] = {{1, 1, 10}, {3, 1, 0}};
    pdm_result *result = result_of(PDM_CREDIT_DEDUP, NULL, 0, &s);
    expect_staff(result, expected, 2);
    assert_int_equal(total(result, "orders"), 3);
    assert_int_equal(total(result, "company_total"), 50);
    assert_int_equal(total(result, "uncredited"), 40);
    assert_int_equal(total(result, "conflicts"), 1);
    const pdm_table *conflicts = pdm_result_table(result, "conflicts");
    assert_int_equal(pdm_table_i64(conflicts, "order_id")[0], 7);
    assert_int_equal(pdm_table_i64(conflicts, "amount_min")[0], 5);
    assert_int_equal(pdm_table_i64(conflicts, "amount_max")[0], 6);
    assert_int_equal(pdm_table_i64(conflicts, "rows")[0], 2);
    pdm_result_free(result);
    const sheet none = {.count = 1, .order = {1}};
    result = result_of(PDM_CREDIT_FULL, NULL, 0, &none);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, NULL)), 0);
    assert_true(pdm_table_is_null(pdm_result_table(result, "totals"), "inflation", 0));
    pdm_result_free(result);
}

static void test_refusals(void **unused) {
    (void)unused;
    static const double weights[] = {0.5, 0.5, 1, 1, 1};
    static const double negative[] = {0.5, -0.5};
    pdm_state *state = NULL;
    pdm_error err;
    assert_int_equal(pdm_credit_create(NULL, NULL, &state, NULL), PDM_OK);
    assert_int_equal(give_roles(state, negative, 2, &err), PDM_E_BAD_OPTION);
    assert_int_equal(err.row, 1);
    assert_int_equal(give_roles(state, weights, 5, &err), PDM_E_BAD_OPTION); /* store twice */
    assert_int_equal(err.row, 4);
    assert_int_equal(give_roles(state, weights, 2, &err), PDM_OK);
    sheet s = {.count = 2, .order = {1, 2}, .amount = {1, 2}, .staff = {1, 1}, .role = {1, 3}};
    assert_int_equal(add(state, &s, &err), PDM_E_BAD_VALUE);
    assert_int_equal(err.row, 1);
    assert_non_null(strstr(err.message, "guide"));
    s.role[1] = 0;
    assert_int_equal(add(state, &s, &err), PDM_E_BAD_VALUE);
    s.staff[1] = 0; /* nobody needs no role */
    assert_int_equal(add(state, &s, &err), PDM_OK);
    s.amount[0] = -1;
    assert_int_equal(add(state, &s, &err), PDM_E_BAD_AMOUNT);
    assert_int_equal(err.row, 0);
    assert_int_equal(pdm_state_rows(state), 2);
    pdm_state_free(state);
}

/* ---- by another road: every order is looked through for every member of staff ---- */

static bool first_of(const sheet *s, int64_t row, bool with_role) {
    for (int64_t i = 0; i < row; i++) {
        bool same = s->order[i] == s->order[row] && s->staff[i] == s->staff[row];
        if (same && (!with_role || s->role[i] == s->role[row])) return false;
    }
    return true;
}

static int64_t naive(const sheet *s, int64_t staff, int32_t policy, int64_t *orders) {
    int64_t credited = 0;
    *orders = 0;
    for (int64_t i = 0; i < s->count; i++) {
        if (s->staff[i] != staff) continue;
        if (first_of(s, i, false)) *orders += 1;
        if (first_of(s, i, policy == PDM_CREDIT_FULL)) credited += s->amount[i];
    }
    return credited;
}

static void test_against_naive(void **unused) {
    (void)unused;
    uint64_t random = 11;
    for (int32_t round = 0; round < 40; round++) {
        sheet s = {.count = 1 + rows_below(&random, MOST)};
        for (int64_t i = 0; i < s.count; i++) {
            s.order[i] = rows_below(&random, 90);
            s.amount[i] = s.order[i] * 37 % 100;
            s.staff[i] = rows_below(&random, 12);
            s.role[i] = rows_below(&random, 5);
        }
        for (int32_t policy = PDM_CREDIT_DEDUP; policy <= PDM_CREDIT_SPLIT; policy++) {
            pdm_result *result = result_of(policy, NULL, 0, &s);
            const pdm_table *table = pdm_result_table(result, NULL);
            int64_t sum = 0;
            for (int64_t i = 0; i < pdm_table_rows(table); i++) {
                int64_t orders = 0;
                int64_t credited = naive(&s, pdm_table_i64(table, "staff_id")[i], policy, &orders);
                assert_int_equal(pdm_table_i64(table, "orders")[i], orders);
                if (policy != PDM_CREDIT_SPLIT) assert_int_equal(pdm_table_i64(table, "credited")[i], credited);
                sum += pdm_table_i64(table, "credited")[i];
            }
            assert_int_equal(total(result, "credited_total"), sum);
            if (policy == PDM_CREDIT_SPLIT)
                assert_int_equal(sum + total(result, "uncredited"), total(result, "company_total"));
            pdm_result_free(result);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies), cmocka_unit_test(test_weights),       cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_against_naive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
