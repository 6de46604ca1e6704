/* Actuals: sums, periods, orders that count once, conflicts, what is refused; small tables worked out by hand. */
#include "compare.h"
#include "contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/metrics/actuals.h>

#define MOST 16

/* Rows to be, a text or −1 (null) a cell. */
typedef struct sheet {
    int64_t count;
    const char *channel[MOST];
    const char *kind[MOST];
    int64_t period[MOST];
    int64_t amount[MOST];
    int64_t order[MOST];
    bool no_kind;
} sheet;

typedef struct texts {
    int32_t offsets[MOST + 1];
    char bytes[512];
    uint8_t valid[2];
} texts;

static pdm_column text_column(const char *name, const char *const *from, int64_t count, texts *room) {
    memset(room, 0, sizeof *room);
    for (int64_t i = 0; i < count; i++) {
        size_t length = from[i] == NULL ? 0 : strlen(from[i]);
        memcpy(room->bytes + room->offsets[i], from[i] == NULL ? "" : from[i], length);
        room->offsets[i + 1] = room->offsets[i] + (int32_t)length;
        if (from[i] != NULL) room->valid[i / 8] = (uint8_t)(room->valid[i / 8] | 1 << i % 8);
    }
    pdm_column column = pdm_column_utf8(name, room->offsets, room->bytes);
    column.validity = room->valid;
    return column;
}

static pdm_status add(pdm_state *state, const sheet *s, const char *period, pdm_error *err) {
    texts channel;
    texts kind;
    const pdm_column columns[] = {pdm_column_int64(period, s->period), pdm_column_int64("amount", s->amount),
                                  pdm_column_int64("order_id", s->order),
                                  text_column("channel", s->channel, s->count, &channel),
                                  text_column("kind", s->kind, s->count, &kind)};
    pdm_batch batch = pdm_batch_make(columns, s->no_kind ? 4 : 5, s->count);
    return pdm_state_update(state, &batch, err);
}

static pdm_result *result_of(const pdm_actuals_options *options, const pdm_calendar *calendar, const sheet *s) {
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    pdm_error err;
    assert_int_equal(pdm_actuals_create(NULL, options, &state, NULL), PDM_OK);
    if (calendar != NULL) assert_int_equal(pdm_state_set_calendar(state, calendar, NULL), PDM_OK);
    const char *period = options != NULL && options->calendar_period != PDM_ACTUALS_NONE ? "time" : "period";
    if (add(state, s, period, &err) != PDM_OK) fail_msg("%s", err.message);
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    pdm_state_free(state);
    return result;
}

static void expect_text(const pdm_table *table, const char *column, int64_t row, const char *expected) {
    size_t length = 0;
    if (expected == NULL) {
        assert_true(pdm_table_is_null(table, column, row));
        return;
    }
    const char *text = pdm_table_utf8(table, column, row, &length);
    assert_non_null(text);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
}

static int64_t cell(const pdm_result *result, const char *table, const char *column, int64_t row) {
    assert_false(pdm_table_is_null(pdm_result_table(result, table), column, row));
    return pdm_table_i64(pdm_result_table(result, table), column)[row];
}

/* Equal rows add up; refunds are subtracted once; places come by period, channel (bytes), segment. */
static void test_sums(void **unused) {
    (void)unused;
    const sheet s = {.count = 6,
                     .period = {202602, 202601, 202601, 202602, 202601, 202602},
                     .channel = {"wecom", "微信", "wecom", "wecom", "wecom", "wecom"},
                     .kind = {"gmv", "gmv", "gmv", "gmv", "refund", "refund"},
                     .amount = {100, 70, 500, 100, 120, 0}};
    pdm_result *result = result_of(NULL, NULL, &s);
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_string_equal(pdm_table_name(table), "actuals");
    static const int64_t period[] = {202601, 202601, 202602};
    static const char *const channel[] = {"wecom", "微信", "wecom"};
    static const int64_t gmv[] = {500, 70, 200};
    static const int64_t refund[] = {120, 0, 0};
    static const int64_t sales[] = {1, 1, 2};
    static const int64_t refunds[] = {1, 0, 1};
    assert_int_equal(pdm_table_rows(table), 3);
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(cell(result, NULL, "period", i), period[i]);
        expect_text(table, "channel", i, channel[i]);
        expect_text(table, "segment", i, NULL);
        assert_int_equal(cell(result, NULL, "gmv", i), gmv[i]);
        assert_int_equal(cell(result, NULL, "refund", i), refund[i]);
        assert_int_equal(cell(result, NULL, "net", i), gmv[i] - refund[i]);
        assert_int_equal(cell(result, NULL, "sales", i), sales[i]);
        assert_int_equal(cell(result, NULL, "refunds", i), refunds[i]);
        assert_true(pdm_table_is_null(table, "period_start", i));
        assert_true(pdm_table_is_null(table, "previous", i));
    }
    assert_int_equal(cell(result, "totals", "rows", 0), 6);
    assert_int_equal(cell(result, "totals", "net", 0), 650);
    assert_true(pdm_table_is_null(pdm_result_table(result, "totals"), "orders", 0));
    assert_null(pdm_result_table(result, "conflicts"));
    pdm_result_free(result);
}

static int64_t at(int64_t year, int32_t month, int32_t day, int64_t hour) {
    return (pdm_calendar_day_of_date(year, month, day) * 24 + hour) * INT64_C(3600000000);
}

/* Every period has its name, its first instant, the one before and the one a year ago. */
static void test_periods(void **unused) {
    (void)unused;
    static const struct {
        int32_t period;
        int64_t time[3]; /* now, before, a year ago */
        const char *names[3];
    } all[] = {
        {PDM_ACTUALS_YEAR, {0}, {"2026", "2025", NULL}},
        {PDM_ACTUALS_QUARTER, {0}, {"2026-Q1", "2025-Q4", "2025-Q1"}},
        {PDM_ACTUALS_MONTH, {0}, {"2026-03", "2026-02", "2025-03"}},
        {PDM_ACTUALS_WEEK, {0}, {"2026-03-02", "2026-02-23", "2025-03-03"}},
        {PDM_ACTUALS_DAY, {0}, {"2026-03-05", "2026-03-04", "2025-03-05"}},
        {PDM_ACTUALS_HOUR, {0}, {"2026-03-05T13", "2026-03-05T12", NULL}},
    };
    static const int64_t quarter_before = 3;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        pdm_actuals_options options = pdm_actuals_options_default();
        options.calendar_period = all[i].period;
        int64_t now = at(2026, 3, 5, 13);
        sheet s = {.count = 3, .channel = {"a", "a", "a"}, .kind = {"gmv", "gmv", "gmv"}, .amount = {7, 50, 900}};
        s.period[0] = now;
        s.period[2] = at(2025, 3, all[i].period == PDM_ACTUALS_WEEK ? 6 : 5, 13);
        s.period[1] = all[i].period == PDM_ACTUALS_YEAR      ? at(2025, 7, 1, 0)
                      : all[i].period == PDM_ACTUALS_QUARTER ? at(2025, 13 - (int32_t)quarter_before, 1, 0)
                      : all[i].period == PDM_ACTUALS_MONTH   ? at(2026, 2, 28, 23)
                      : all[i].period == PDM_ACTUALS_WEEK    ? at(2026, 3, 1, 23)
                      : all[i].period == PDM_ACTUALS_DAY     ? at(2026, 3, 4, 0)
                                                             : now - INT64_C(3600000000);
        pdm_result *result = result_of(&options, NULL, &s);
        const pdm_table *table = pdm_result_table(result, NULL);
        int64_t last = pdm_table_rows(table) - 1;
        expect_text(table, "period", last, all[i].names[0]);
        expect_text(table, "period", last - 1, all[i].names[1]);
        if (all[i].names[2] != NULL) expect_text(table, "period", last - 2, all[i].names[2]);
        assert_int_equal(cell(result, NULL, "net", last), 7);
        bool year = all[i].period == PDM_ACTUALS_YEAR;
        assert_int_equal(cell(result, NULL, "previous", last), year ? 950 : 50);
        if (all[i].period == PDM_ACTUALS_HOUR) {
            assert_true(pdm_table_is_null(table, "year_ago", last));
        } else {
            assert_int_equal(cell(result, NULL, "year_ago", last), year ? 950 : 900);
        }
        assert_true(pdm_table_is_null(table, "previous", 0));
        pdm_result_free(result);
    }
}

/* Another channel is no period before; the 29th of February has no day a year ago; the calendar decides the day. */
static void test_edges_of_periods(void **unused) {
    (void)unused;
    pdm_actuals_options options = pdm_actuals_options_default();
    options.calendar_period = PDM_ACTUALS_DAY;
    const sheet leap = {.count = 3,
                        .channel = {"a", "a", "b"},
                        .kind = {"gmv", "gmv", "gmv"},
                        .period = {at(2024, 2, 29, 0), at(2023, 3, 1, 0), at(2024, 2, 28, 0)},
                        .amount = {1, 2, 3}};
    pdm_result *result = result_of(&options, NULL, &leap);
    const pdm_table *table = pdm_result_table(result, NULL);
    expect_text(table, "period", 2, "2024-02-29");
    assert_true(pdm_table_is_null(table, "year_ago", 2));
    assert_true(pdm_table_is_null(table, "previous", 2));
    pdm_result_free(result);
    const pdm_calendar china = pdm_calendar_fixed(28800);
    options.calendar_period = PDM_ACTUALS_MONTH;
    const sheet night = {
        .count = 1, .channel = {"a"}, .kind = {"gmv"}, .period = {at(2025, 12, 31, 16)}, .amount = {5}};
    result = result_of(&options, &china, &night);
    expect_text(pdm_result_table(result, NULL), "period", 0, "2026-01");
    assert_int_equal(cell(result, NULL, "period_start", 0), at(2025, 12, 31, 16));
    pdm_result_free(result);
    const sheet ends = {
        .count = 2, .channel = {"a", "a"}, .kind = {"gmv", "gmv"}, .period = {INT64_MIN, INT64_MAX}, .amount = {1, 2}};
    for (int32_t period = PDM_ACTUALS_HOUR; period <= PDM_ACTUALS_YEAR; period++) {
        options.calendar_period = period;
        result = result_of(&options, &china, &ends);
        assert_int_equal(pdm_table_rows(pdm_result_table(result, NULL)), 2);
        pdm_result_free(result);
    }
}

/* An order has one sale and one refund, however often its rows come; different amounts or places are conflicts. */
static void test_orders(void **unused) {
    (void)unused;
    pdm_actuals_options options = pdm_actuals_options_default();
    options.dedupe = PDM_ACTUALS_DEDUPE_ORDER_ID;
    const sheet s = {.count = 9,
                     .order = {1, 1, 2, 2, 3, 3, 4, 4, 1},
                     .period = {1, 1, 1, 1, 1, 2, 1, 2, 1},
                     .channel = {"a", "a", "a", "a", "a", "a", "b", "b", "a"},
                     .kind = {"gmv", "gmv", "gmv", "gmv", "gmv", "gmv", "gmv", "refund", "gmv"},
                     .amount = {100, 100, 50, 60, 30, 30, 80, 20, 100}};
    pdm_result *result = result_of(&options, NULL, &s);
    const pdm_table *table = pdm_result_table(result, NULL);
    assert_int_equal(pdm_table_rows(table), 3); /* (1, a), (1, b), (2, b) */
    static const int64_t nets[] = {100, 80, -20};
    for (int64_t i = 0; i < 3; i++) assert_int_equal(cell(result, NULL, "net", i), nets[i]);
    assert_int_equal(cell(result, NULL, "sales", 0), 1);
    assert_int_equal(cell(result, "totals", "orders", 0), 4);
    assert_int_equal(cell(result, "totals", "conflicts", 0), 2);
    assert_int_equal(pdm_table_rows(pdm_result_table(result, "conflicts")), 2);
    static const int64_t expected[2][5] = {{2, 50, 60, 1, 2}, {3, 30, 30, 2, 2}};
    static const char *const names[] = {"order_id", "amount_min", "amount_max", "places", "rows"};
    for (int64_t i = 0; i < 2; i++) {
        for (int32_t c = 0; c < 5; c++) assert_int_equal(cell(result, "conflicts", names[c], i), expected[i][c]);
        expect_text(pdm_result_table(result, "conflicts"), "kind", i, "gmv");
        expect_text(pdm_result_table(result, "conflicts"), "status", i, "conflict");
    }
    pdm_result_free(result);
}

/* What cannot be names its row; the state is as before. */
static void test_refusals(void **unused) {
    (void)unused;
    static const struct {
        const char *kind;
        int64_t amount;
        pdm_status status;
        const char *column;
    } bad[] = {{"gmv", -1, PDM_E_BAD_AMOUNT, "amount"},
               {"refund", -5, PDM_E_BAD_AMOUNT, "amount"},
               {"GMV", 1, PDM_E_BAD_VALUE, "kind"},
               {"", 1, PDM_E_BAD_VALUE, "kind"},
               {NULL, 1, PDM_E_NULL_VALUE, "kind"}};
    pdm_state *state = NULL;
    pdm_error err;
    pdm_actuals_options options = pdm_actuals_options_default();
    assert_int_equal(pdm_actuals_create(NULL, &options, &state, NULL), PDM_OK);
    sheet s = {.count = 3, .channel = {"a", "a", "a"}, .kind = {"gmv", "gmv", "refund"}, .amount = {1, 2, 3}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        s.kind[1] = bad[i].kind;
        s.amount[1] = bad[i].amount;
        assert_int_equal(add(state, &s, "period", &err), bad[i].status);
        assert_int_equal(err.row, 1);
        assert_string_equal(err.column, bad[i].column);
        assert_non_null(strstr(err.message, "row 1, column"));
        assert_int_equal(pdm_state_rows(state), 0);
    }
    pdm_state_free(state);
    /* Rows are named as they came, those that were skipped counted too. */
    options.null_rows = 1;
    assert_int_equal(pdm_actuals_create(NULL, &options, &state, NULL), PDM_OK);
    s.kind[0] = NULL;
    s.kind[1] = "gmv";
    s.amount[1] = 4;
    s.amount[2] = -3;
    assert_int_equal(add(state, &s, "period", &err), PDM_E_BAD_AMOUNT);
    assert_int_equal(err.row, 2);
    s.amount[2] = 3;
    assert_int_equal(add(state, &s, "period", &err), PDM_OK);
    s.no_kind = true;
    assert_int_equal(add(state, &s, "period", &err), PDM_OK);
    pdm_result *result = NULL;
    assert_int_equal(pdm_state_result(state, &result, NULL), PDM_OK);
    assert_int_equal(cell(result, "totals", "rows_null", 0), 1);
    assert_int_equal(cell(result, "totals", "gmv", 0), 4 + 1 + 4 + 3); /* without the column all is sold */
    assert_int_equal(cell(result, "totals", "refund", 0), 3);
    pdm_result_free(result);
    pdm_state_free(state);
}

/* Sums up to int64, and not beyond: the row that would is named. */
static void test_largest(void **unused) {
    (void)unused;
    pdm_state *state = NULL;
    pdm_error err;
    assert_int_equal(pdm_actuals_create(NULL, NULL, &state, NULL), PDM_OK);
    const sheet s = {.count = 2, .channel = {"a", "a"}, .kind = {"gmv", "refund"}, .amount = {INT64_MAX - 5, 5}};
    const sheet more = {.count = 2, .channel = {"a", "a"}, .kind = {"gmv", "gmv"}, .amount = {0, 1}};
    assert_int_equal(add(state, &s, "period", &err), PDM_OK);
    assert_int_equal(add(state, &more, "period", &err), PDM_E_OVERFLOW);
    assert_int_equal(err.row, 1);
    pdm_result *result = NULL;
    assert_int_equal(pdm_state_result(state, &result, NULL), PDM_OK);
    assert_int_equal(cell(result, NULL, "net", 0), INT64_MAX - 10);
    pdm_result_free(result);
    pdm_state_free(state);
}

/* Texts with zeros in them are texts like others, and "a" comes before "a\0". */
static void test_zeros_in_texts(void **unused) {
    (void)unused;
    static const int32_t offsets[] = {0, 2, 3, 6, 6};
    static const char letters[] = {'a', 0, 'a', 'a', 0, 'b'};
    static const int64_t period[] = {1, 1, 1, 1};
    static const int64_t amount[] = {1, 2, 3, 4};
    const pdm_column columns[] = {pdm_column_int64("period", period), pdm_column_int64("amount", amount),
                                  pdm_column_utf8("channel", offsets, letters)};
    pdm_batch batch = pdm_batch_make(columns, 3, 4);
    pdm_result *result = NULL;
    assert_int_equal(pdm_actuals_compute(NULL, NULL, &batch, &result, NULL), PDM_OK);
    static const int64_t expected[] = {4, 2, 1, 3};
    static const size_t lengths[] = {0, 1, 2, 3};
    for (int64_t i = 0; i < 4; i++) {
        size_t length = 0;
        const char *text = pdm_table_utf8(pdm_result_table(result, NULL), "channel", i, &length);
        assert_int_equal(length, lengths[i]);
        if (length > 0) assert_memory_equal(text, letters + offsets[expected[i] - 1], length);
        assert_int_equal(cell(result, NULL, "gmv", i), expected[i]);
    }
    pdm_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),           cmocka_unit_test(test_periods),  cmocka_unit_test(test_edges_of_periods),
        cmocka_unit_test(test_orders),         cmocka_unit_test(test_refusals), cmocka_unit_test(test_largest),
        cmocka_unit_test(test_zeros_in_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
