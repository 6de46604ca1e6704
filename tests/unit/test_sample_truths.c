/* The simulator: every planted truth is found in the rows, the naive way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pdmetrics/sample.h>

#include <math.h>
#include <stdlib.h>

#define FIRST_ID INT64_C(10000001)
#define DAYS 731
#define US INT64_C(1000000)
#define DAY_US (86400 * US)
#define WORLD 40000
#define MAX_TRUTHS 64

static const int64_t *i64(const pdm_table *table, const char *column) {
    const int64_t *values = pdm_table_i64(table, column);
    assert_non_null(values);
    return values;
}

static const int32_t *codes(const pdm_table *table, const char *column) {
    const int32_t *values = pdm_table_i32(table, column);
    assert_non_null(values);
    return values;
}

static bool is_text(const pdm_table *table, const char *column, int64_t row, const char *text) {
    size_t length = 0;
    const char *cell = pdm_table_utf8(table, column, row, &length);
    return cell != NULL && length == strlen(text) && memcmp(cell, text, length) == 0;
}

/* Code of a word in a dictionary column, by looking for a row that has it; −1 if none has. */
static int32_t code_of(const pdm_table *table, const char *column, const char *word) {
    bool seen[256] = {false};
    const int32_t *values = codes(table, column);
    for (int64_t i = 0; i < pdm_table_rows(table); i++) {
        if (pdm_table_is_null(table, column, i) || seen[values[i]]) continue;
        seen[values[i]] = true;
        if (is_text(table, column, i, word)) return values[i];
    }
    return -1;
}

static void *allocate(size_t count, size_t size) {
    void *block = calloc(count, size);
    assert_non_null(block);
    return block;
}

static int32_t day_of(int64_t time) { return (int32_t)((time - PDM_SAMPLE_FROM) / DAY_US); }

static bool truth_checked[MAX_TRUTHS];

static double truth(const pdm_result *result, const char *name) {
    const pdm_table *truths = pdm_result_table(result, "truths");
    for (int64_t i = 0; i < pdm_table_rows(truths); i++) {
        if (!is_text(truths, "name", i, name)) continue;
        assert_false(pdm_table_is_null(truths, "value", i));
        truth_checked[i] = true;
        return pdm_table_f64(truths, "value")[i];
    }
    fail_msg("no truth %s", name);
    return 0;
}

static void check_truth(const pdm_result *result, const char *name, double found, double tolerance) {
    double planted = truth(result, name);
    if (!(fabs(found - planted) <= tolerance)) {
        fail_msg("%s: planted %.6f, found %.6f, tolerance %.6f", name, planted, found, tolerance);
    }
}

/* What the orders table says of a customer. */
typedef struct buyer {
    int64_t orders;
    int64_t first;
    int64_t last;
    int64_t last_order;
    int64_t net;
    int32_t first_channel;
} buyer;

static buyer *read_buyers(const pdm_result *result) {
    const pdm_table *orders = pdm_result_table(result, "orders");
    const int64_t *ids = i64(orders, "order_id"), *owners = i64(orders, "customer_id");
    const int64_t *amounts = i64(orders, "amount"), *times = i64(orders, "time");
    buyer *buyers = allocate(WORLD, sizeof *buyers);
    for (int64_t i = 0; i < pdm_table_rows(orders); i++) {
        buyer *who = &buyers[owners[i] - FIRST_ID];
        who->net += amounts[i];
        if (amounts[i] < 0 || who->last_order == ids[i]) continue;
        if (who->orders++ == 0) {
            who->first = times[i];
            who->first_channel = codes(orders, "channel")[i];
        }
        who->last = times[i];
        who->last_order = ids[i];
    }
    return buyers;
}

static void test_rfm_groups(void **state) {
    static const char *const names[6][2] = {
        {"loyal_share", "loyal_customers"},       {"lapsed_vip_share", "lapsed_vip_customers"},
        {"one_time_share", "one_time_customers"}, {"new_share", "new_customers"},
        {"regular_share", "regular_customers"},   {"silent_share", "silent_customers"}};
    buyer *buyers = read_buyers(*state);
    int64_t counts[6] = {0};
    for (int64_t i = 0; i < WORLD; i++) {
        const buyer *who = &buyers[i];
        int32_t since_last = DAYS - day_of(who->last), since_first = DAYS - day_of(who->first), hits = 0;
        bool rules[6] = {who->orders >= 10 && since_last <= 30,
                         who->orders >= 9 && since_last >= 180,
                         who->orders == 1 && since_last >= 90,
                         who->orders >= 1 && who->orders <= 2 && since_first <= 60,
                         who->orders >= 3 && who->orders <= 7 && since_last <= 150,
                         who->orders == 0};
        for (int32_t j = 0; j < 6; j++) {
            counts[j] += rules[j] ? 1 : 0;
            hits += rules[j] ? 1 : 0;
        }
        assert_int_equal(hits, 1);
    }
    for (int32_t j = 0; j < 6; j++) {
        check_truth(*state, names[j][0], (double)counts[j] / WORLD, 1e-12);
        check_truth(*state, names[j][1], (double)counts[j], 0);
    }
    free(buyers);
}

static void test_bad_cohort(void **state) {
    const pdm_table *orders = pdm_result_table(*state, "orders");
    int32_t livestream = code_of(orders, "channel", "livestream");
    assert_true(truth(*state, "bad_cohort_month") == 202503);
    buyer *buyers = read_buyers(*state);
    int64_t count[2] = {0}, repeats[2] = {0};
    for (int64_t i = 0; i < WORLD; i++) {
        if (buyers[i].orders == 0) continue;
        /* 2025-03-01 is day 425, 2025-04-01 day 456. */
        int32_t day = day_of(buyers[i].first);
        bool bad = buyers[i].first_channel == livestream && day >= 425 && day < 456;
        count[bad]++;
        repeats[bad] += buyers[i].orders > 1 ? 1 : 0;
    }
    check_truth(*state, "bad_cohort_repeat_rate", (double)repeats[1] / (double)count[1], 1e-12);
    check_truth(*state, "other_repeat_rate", (double)repeats[0] / (double)count[0], 1e-12);
    assert_true(repeats[0] * count[1] > 6 * repeats[1] * count[0]);
    free(buyers);
}

static void test_funnel_leak(void **state) {
    static const char *const steps[4] = {"view", "cart", "order", "pay"};
    const pdm_table *events = pdm_result_table(*state, "events");
    const int64_t *sessions = i64(events, "session_id");
    int32_t mini = code_of(events, "channel", "miniprogram"), step_codes[4];
    for (int32_t i = 0; i < 4; i++) step_codes[i] = code_of(events, "event", steps[i]);
    size_t limit = ((size_t)WORLD + 1) * 256;
    uint8_t *masks = allocate(limit, 1);
    for (int64_t i = 0; i < pdm_table_rows(events); i++) {
        assert_true(sessions[i] > 0 && (size_t)sessions[i] < limit);
        for (int32_t j = 0; j < 4; j++) {
            if (codes(events, "event")[i] == step_codes[j]) masks[sessions[i]] |= (uint8_t)(1 << j);
        }
        if (codes(events, "channel")[i] == mini) masks[sessions[i]] |= 16;
    }
    double n[2][4] = {{0}};
    for (size_t i = 0; i < limit; i++) {
        for (int32_t j = 0; j < 4; j++) n[masks[i] >> 4][j] += (masks[i] >> j) & 1;
    }
    check_truth(*state, "miniprogram_cart_to_order", n[1][2] / n[1][1], 0.01);
    check_truth(*state, "other_cart_to_order", n[0][2] / n[0][1], 0.01);
    check_truth(*state, "miniprogram_view_to_cart", n[1][1] / n[1][0], 0.01);
    check_truth(*state, "order_to_pay", (n[0][3] + n[1][3]) / (n[0][2] + n[1][2]), 0.005);
    free(masks);
}

static void test_assisting_channel(void **state) {
    const pdm_table *touches = pdm_result_table(*state, "touches");
    const int64_t *owners = i64(touches, "customer_id"), *values = i64(touches, "value");
    int32_t moments = code_of(touches, "channel", "moments"), conversion = code_of(touches, "kind", "conversion");
    int8_t *assisted = allocate(WORLD, 1), *last = allocate(WORLD, 1);
    double conversions = 0, with = 0, closed = 0;
    int64_t value = 0, sales = 0;
    for (int64_t i = 0; i < pdm_table_rows(touches); i++) {
        int64_t who = owners[i] - FIRST_ID;
        if (codes(touches, "kind")[i] != conversion) {
            bool is_moments = codes(touches, "channel")[i] == moments;
            last[who] = is_moments ? 2 : 1;
            if (is_moments) assisted[who] = 1;
            continue;
        }
        assert_true(pdm_table_is_null(touches, "channel", i) && last[who] > 0);
        conversions++;
        with += assisted[who];
        closed += last[who] == 2 ? 1 : 0;
        assisted[who] = last[who] = 0;
        value += values[i];
    }
    check_truth(*state, "moments_path_share", with / conversions, 0.01);
    check_truth(*state, "moments_last_share", closed / conversions, 0.003);
    const pdm_table *orders = pdm_result_table(*state, "orders");
    for (int64_t i = 0; i < pdm_table_rows(orders); i++) {
        if (i64(orders, "amount")[i] > 0) sales += i64(orders, "amount")[i];
    }
    assert_int_equal(value, sales);
    free(assisted);
    free(last);
}

/* Sums of an experiment, [1] = treatment. */
typedef struct arms {
    double units[2];
    double converted[2];
    double orders[2];
    double value[2];
} arms;

static arms read_arms(const pdm_result *result, const char *name) {
    const pdm_table *table = pdm_result_table(result, "assignments");
    int32_t experiment = code_of(table, "experiment", name), treatment = code_of(table, "variant", "treatment");
    arms sums;
    memset(&sums, 0, sizeof sums);
    for (int64_t i = 0; i < pdm_table_rows(table); i++) {
        if (codes(table, "experiment")[i] != experiment) continue;
        bool arm = codes(table, "variant")[i] == treatment;
        sums.units[arm] += 1;
        sums.converted[arm] += pdm_table_bool(table, "converted")[i];
        sums.orders[arm] += (double)i64(table, "orders")[i];
        sums.value[arm] += (double)i64(table, "value")[i];
        assert_int_equal(pdm_table_bool(table, "converted")[i], i64(table, "value")[i] > 0);
    }
    return sums;
}

static double lift(const double *sums, const double *units) { return (sums[1] / units[1]) / (sums[0] / units[0]) - 1; }

static void test_experiments(void **state) {
    arms coupon = read_arms(*state, "welcome_coupon"), aa = read_arms(*state, "aa_check");
    arms reminder = read_arms(*state, "live_reminder");
    check_truth(*state, "welcome_coupon_lift", lift(coupon.converted, coupon.units), 0.05);
    check_truth(*state, "welcome_coupon_lift", lift(coupon.orders, coupon.units), 0.06);
    check_truth(*state, "welcome_coupon_lift", lift(coupon.value, coupon.units), 0.07);
    check_truth(*state, "aa_check_lift", lift(aa.converted, aa.units), 0.05);
    check_truth(*state, "aa_check_lift", lift(aa.value, aa.units), 0.07);
    check_truth(*state, "live_reminder_treatment_share", reminder.units[1] / (reminder.units[0] + reminder.units[1]),
                0.01);
    assert_true(fabs(coupon.units[1] / (coupon.units[0] + coupon.units[1]) - 0.5) < 0.01);
}

/* The covariate is what the orders say. */
static void test_value_before(void **state) {
    const pdm_table *table = pdm_result_table(*state, "assignments"), *orders = pdm_result_table(*state, "orders");
    int64_t checked = 0, rows = pdm_table_rows(table), found = 0;
    for (int64_t i = 0; i < rows; i += rows / 40) {
        int64_t to = i64(table, "time")[i], from = to - 180 * DAY_US, sum = 0;
        for (int64_t j = 0; j < pdm_table_rows(orders); j++) {
            int64_t time = i64(orders, "time")[j], amount = i64(orders, "amount")[j];
            if (i64(orders, "customer_id")[j] != i64(table, "customer_id")[i] || amount < 0) continue;
            if (time >= from && time < to) sum += amount;
        }
        assert_int_equal(sum, i64(table, "value_before")[i]);
        found += sum > 0 ? 1 : 0;
        checked++;
    }
    assert_true(checked >= 40 && found > 5);
}

static bool is_peak(int32_t day) {
    /* Days of the year from 1 March on: 8 March, 16–19 June, 10–12 November. */
    int32_t of_year = day < 366 ? day - 60 : day - 425;
    return of_year == 7 || (of_year >= 107 && of_year <= 110) || (of_year >= 254 && of_year <= 256);
}

/* Mean of ordinary Mondays to Thursdays (weekend false), or of Saturdays and Sundays. Day 0 was a Monday. */
static double ordinary(const double *days, int32_t from, int32_t to, bool weekend) {
    double sum = 0, count = 0;
    for (int32_t day = from; day < to; day++) {
        if (is_peak(day) || (weekend ? day % 7 < 5 : day % 7 > 3)) continue;
        sum += days[day];
        count++;
    }
    return sum / count;
}

static void test_seasons(void **state) {
    const pdm_table *orders = pdm_result_table(*state, "orders");
    const int64_t *ids = i64(orders, "order_id"), *times = i64(orders, "time"), *amounts = i64(orders, "amount");
    double days[DAYS] = {0};
    for (int64_t i = 0; i < pdm_table_rows(orders); i++) {
        if (amounts[i] < 0 || (i > 0 && ids[i] == ids[i - 1])) continue;
        days[day_of(times[i])] += 1;
    }
    check_truth(*state, "weekend_weight", ordinary(days, 0, DAYS, true) / ordinary(days, 0, DAYS, false), 0.03);
    check_truth(*state, "peak_1111_weight", days[680] / ordinary(days, 672, 700, false), 0.5);
    check_truth(*state, "peak_618_weight", days[534] / ordinary(days, 504, 532, false), 0.5);
}

static void test_refund_rates(void **state) {
    const pdm_table *orders = pdm_result_table(*state, "orders");
    int32_t device = code_of(orders, "category", "device");
    double sold[2] = {0}, refunds[2] = {0}, unlinked = 0;
    for (int64_t i = 0; i < pdm_table_rows(orders); i++) {
        bool bad = codes(orders, "category")[i] == device;
        int64_t amount = i64(orders, "amount")[i];
        if (amount > 0) sold[bad] += 1;
        if (amount < 0) refunds[bad] += 1;
        if (amount < 0 && pdm_table_is_null(orders, "original_order_id", i)) unlinked += 1;
    }
    check_truth(*state, "device_refund_rate", refunds[1] / sold[1], 0.012);
    check_truth(*state, "other_refund_rate", refunds[0] / sold[0], 0.003);
    check_truth(*state, "unlinked_refund_share", unlinked / (refunds[0] + refunds[1]), 0.02);
}

static void test_staff(void **state) {
    const pdm_table *friends = pdm_result_table(*state, "friends");
    int32_t bad = code_of(friends, "staff", "staff_07"), add = code_of(friends, "kind", "add");
    /* Per customer and staff member: 1 = added, 2 = deleted after that. */
    uint8_t(*pairs)[32] = allocate(WORLD, sizeof *pairs);
    double added[2] = {0}, deleted[2] = {0};
    for (int64_t i = 0; i < pdm_table_rows(friends); i++) {
        int32_t staff = codes(friends, "staff")[i];
        uint8_t *pair = &pairs[i64(friends, "customer_id")[i] - FIRST_ID][staff];
        if (codes(friends, "kind")[i] == add) {
            added[staff == bad] += *pair == 0 ? 1 : 0;
            if (*pair == 0) *pair = 1;
        } else {
            assert_int_equal(*pair, 1);
            deleted[staff == bad] += 1;
            *pair = 2;
        }
    }
    check_truth(*state, "staff_07_delete_rate", deleted[1] / added[1], 0.03);
    check_truth(*state, "other_delete_rate", deleted[0] / added[0], 0.005);
    free(pairs);
}

static void test_referrals(void **state) {
    const pdm_table *table = pdm_result_table(*state, "invitations");
    const int64_t *inviters = i64(table, "inviter_id"), *invitees = i64(table, "invitee_id");
    const pdm_table *friends = pdm_result_table(*state, "friends");
    int64_t *joined = allocate(WORLD, sizeof *joined);
    for (int64_t i = pdm_table_rows(friends) - 1; i >= 0; i--) {
        joined[i64(friends, "customer_id")[i] - FIRST_ID] = i64(friends, "time")[i];
    }
    bool *referred = allocate(WORLD, sizeof *referred);
    for (int64_t i = 0; i < pdm_table_rows(table); i++) {
        assert_false(referred[invitees[i] - FIRST_ID]);
        referred[invitees[i] - FIRST_ID] = true;
        assert_true(joined[inviters[i] - FIRST_ID] < i64(table, "time")[i]);
        assert_int_equal(joined[invitees[i] - FIRST_ID], i64(table, "time")[i]);
    }
    buyer *buyers = read_buyers(*state);
    double count[2] = {0}, net[2] = {0};
    for (int64_t i = 0; i < WORLD; i++) {
        count[referred[i]] += 1;
        net[referred[i]] += (double)buyers[i].net;
    }
    double ratio = (net[1] / count[1]) / (net[0] / count[0]);
    check_truth(*state, "referred_share", count[1] / WORLD, 1e-12);
    check_truth(*state, "referred_value_ratio", ratio, 1e-9);
    assert_true(ratio > 1.5);
    free(buyers);
    free(referred);
    free(joined);
}

static void test_targets(void **state) {
    const pdm_table *targets = pdm_result_table(*state, "targets"), *orders = pdm_result_table(*state, "orders");
    const int64_t *months = i64(targets, "month"), *target = i64(targets, "target_gmv");
    const int64_t *actual = i64(targets, "actual_gmv"), *counts = i64(targets, "actual_orders");
    int64_t *last_month = allocate(WORLD, sizeof *last_month);
    int64_t gmv[24] = {0}, order_count[24] = {0}, buyers[24] = {0}, month = 0;
    assert_int_equal(pdm_table_rows(targets), 24);
    for (int64_t i = 0; i < pdm_table_rows(orders); i++) {
        if (i64(orders, "amount")[i] < 0) continue;
        while (month < 23 && i64(orders, "time")[i] >= months[month + 1]) month++;
        int64_t *seen = &last_month[i64(orders, "customer_id")[i] - FIRST_ID];
        gmv[month] += i64(orders, "amount")[i];
        if (i == 0 || i64(orders, "order_id")[i] != i64(orders, "order_id")[i - 1]) order_count[month]++;
        buyers[month] += *seen != month + 1 ? 1 : 0;
        *seen = month + 1;
    }
    int64_t misses = 0, missed = 0;
    for (int64_t i = 0; i < 24; i++) {
        assert_int_equal(gmv[i], actual[i]);
        assert_int_equal(order_count[i], counts[i]);
        assert_int_equal(buyers[i], i64(targets, "actual_buyers")[i]);
        assert_true(pdm_table_f64(targets, "actual_aov")[i] == (double)gmv[i] / (double)order_count[i]);
        if (actual[i] >= target[i]) continue;
        misses++;
        missed = i;
    }
    assert_int_equal(misses, 1);
    /* 2025-09-01 00:00 +08:00 */
    assert_int_equal(months[missed], INT64_C(1756656000) * US);
    assert_true(truth(*state, "shortfall_month") == 202509);
    check_truth(*state, "shortfall_gmv_ratio", (double)actual[missed] / (double)target[missed], 0.001);
    check_truth(*state, "shortfall_aov_ratio",
                pdm_table_f64(targets, "actual_aov")[missed] / pdm_table_f64(targets, "target_aov")[missed], 0.001);
    assert_int_equal(i64(targets, "target_buyers")[missed], buyers[missed]);
    assert_int_equal(i64(targets, "target_orders")[missed], order_count[missed]);
    free(last_month);
}

/* Runs last of those that look for truths. */
static void test_every_truth_was_looked_for(void **state) {
    const pdm_table *truths = pdm_result_table(*state, "truths");
    assert_true(pdm_table_rows(truths) <= MAX_TRUTHS);
    for (int64_t i = 0; i < pdm_table_rows(truths); i++) {
        size_t length = 0;
        const char *name = pdm_table_utf8(truths, "name", i, &length);
        if (!truth_checked[i]) fail_msg("nobody looked for %.*s", (int)length, name);
    }
}

static int make_world(void **state) {
    pdm_sample_options options = pdm_sample_options_default();
    options.customers = WORLD;
    options.seed = 2026;
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_sample_private_domain(NULL, &options, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    *state = result;
    return 0;
}

static int free_world(void **state) {
    pdm_result_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfm_groups),  cmocka_unit_test(test_bad_cohort),
        cmocka_unit_test(test_funnel_leak), cmocka_unit_test(test_assisting_channel),
        cmocka_unit_test(test_experiments), cmocka_unit_test(test_value_before),
        cmocka_unit_test(test_seasons),     cmocka_unit_test(test_refund_rates),
        cmocka_unit_test(test_staff),       cmocka_unit_test(test_referrals),
        cmocka_unit_test(test_targets),     cmocka_unit_test(test_every_truth_was_looked_for),
    };
    return cmocka_run_group_tests_name("sample truths", tests, make_world, free_world);
}
