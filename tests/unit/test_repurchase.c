/* Repurchase: the worked example, boundaries of windows and periods, days that are not 24 h long, groups, lists, refusals, extremes. */
#include "cohort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE ((double)NAN) /* a null among expected floats */
#define A 1
#define B 2
#define C 3
#define D 4

static pdm_repurchase_options defaults(void) { return pdm_repurchase_options_default(); }

/* rows: unit, time, order_id */
static pdm_result *ask(const pdm_repurchase_options *options, const pdm_calendar *calendar, const int64_t *n,
                       int64_t n_count, const int64_t *rows, int64_t count) {
    pdm_state *state = cohort_state("repurchase", options, calendar);
    if (n_count > 0) {
        const pdm_column column = pdm_column_int64("n", n);
        pdm_batch list = pdm_batch_make(&column, 1, n_count);
        assert_int_equal(pdm_state_set_list(state, "n", &list, NULL), PDM_OK);
    }
    if (count > 0) cohort_add(state, "unit time order_id", rows, count);
    return cohort_result(state);
}

static int64_t january(int32_t day, int64_t more_us) { return cohort_at(2024, 1, day, 10, 0) + more_us; }

/* The example of docs/metrics/repurchase.md. */
static pdm_result *worked(const pdm_repurchase_options *options) {
    const int64_t n[] = {7};
    const int64_t rows[] = {A, january(1, 0), 1, A, january(8, 0),  2, A, january(8, 1000000), 2, B, january(2, 0),  3,
                            B, january(9, 1), 4, C, january(30, 0), 5, D, january(3, 0),       6, A, january(32, 0), 7};
    return ask(options, NULL, n, 1, rows, 8);
}

static void test_worked_example(void **unused) {
    (void)unused;
    pdm_repurchase_options options = defaults();
    options.as_of = cohort_at(2024, 2, 5, 10, 0);
    pdm_result *r = worked(&options);
    COHORT_EXPECT(r, "periods", "period_start", cohort_at(2024, 1, 1, 0, 0), cohort_at(2024, 2, 1, 0, 0));
    COHORT_EXPECT(r, "periods", "buyers", 4, 1);
    COHORT_EXPECT(r, "periods", "orders", 6, 1);
    COHORT_EXPECT_F64(r, "periods", "frequency", 1.5, 1.0);
    COHORT_EXPECT(r, "periods", "repeat_rate_num", 2, 0);
    COHORT_EXPECT(r, "periods", "repeat_rate_den", 4, 1);
    COHORT_EXPECT_F64(r, "periods", "repeat_rate", 0.5, 0.0);
    COHORT_EXPECT(r, "periods", "return_rate_num", COHORT_NULL, COHORT_NULL);
    COHORT_EXPECT(r, "periods", "return_rate_den", 4, 1);
    COHORT_EXPECT_F64(r, "periods", "return_rate", NONE, NONE);
    COHORT_EXPECT_F64(r, "periods", "return_rate_lo", NONE, NONE);
    COHORT_EXPECT(r, "periods", "returning_share_num", 0, 1);
    COHORT_EXPECT(r, "periods", "complete", 1, 0);
    COHORT_EXPECT(r, "repurchase_n", "cohort", COHORT_NULL, 12 * 2024, 12 * 2024 + 1);
    COHORT_EXPECT(r, "repurchase_n", "size", 4, 4, 0);
    COHORT_EXPECT(r, "repurchase_n", "num", 1, 1, 0);
    COHORT_EXPECT(r, "repurchase_n", "den", 3, 3, 0);
    COHORT_EXPECT_F64(r, "repurchase_n", "rate", 1.0 / 3, 1.0 / 3, NONE);
    COHORT_EXPECT(r, "repurchase_n", "complete", 0, 0, 0);
    COHORT_EXPECT(r, "ladder", "from", 1, 2);
    COHORT_EXPECT(r, "ladder", "num", 2, 1);
    COHORT_EXPECT(r, "ladder", "den", 4, 2);
    COHORT_EXPECT(r, "ladder", "stopped", 2, 1);
    COHORT_EXPECT_F64(r, "ladder", "median", 604800000000.5, 2073600000000.0);
    COHORT_EXPECT_TEXT(r, "gaps", "over", "gaps", "units");
    COHORT_EXPECT(r, "gaps", "n", 3, 2);
    COHORT_EXPECT_F64(r, "gaps", "median", 604800000001.0, 972000000000.5);
    COHORT_EXPECT_F64(r, "gaps", "mean", 3283200000001.0 / 3, 972000000000.5);
    COHORT_EXPECT(r, "gaps", "single_order_units", 2, 2);
    COHORT_EXPECT(r, "gaps", "open_gaps", 4, 4);
    COHORT_EXPECT(r, "totals", "rows", 8);
    COHORT_EXPECT(r, "totals", "units", 4);
    COHORT_EXPECT(r, "totals", "orders", 7);
    assert_null(pdm_result_table(r, "units"));
    pdm_result_free(r);
}

static void test_lists(void **unused) {
    (void)unused;
    pdm_repurchase_options options = defaults();
    options.as_of = cohort_at(2024, 3, 1, 0, 0);
    options.list_units = 1;
    pdm_result *r = worked(&options);
    COHORT_EXPECT(r, "units", "unit", A, B, C, D);
    COHORT_EXPECT(r, "units", "orders", 3, 2, 1, 1);
    COHORT_EXPECT(r, "units", "second_time", january(8, 0), january(9, 1), COHORT_NULL, COHORT_NULL);
    COHORT_EXPECT(r, "units", "last_time", january(32, 0), january(9, 1), january(30, 0), january(3, 0));
    COHORT_EXPECT_F64(r, "units", "median_gap", 1339200000000.0, 604800000001.0, NONE, NONE);
    COHORT_EXPECT(r, "units", "open_gap", 28 * COHORT_DAY + 14 * COHORT_HOUR, 51 * COHORT_DAY + 14 * COHORT_HOUR - 1,
                  30 * COHORT_DAY + 14 * COHORT_HOUR, 57 * COHORT_DAY + 14 * COHORT_HOUR);
    COHORT_EXPECT(r, "buyers", "unit", A, B, C, D, A);
    COHORT_EXPECT(r, "buyers", "orders", 2, 2, 1, 1, 1);
    COHORT_EXPECT(r, "buyers", "earlier", 0, 0, 0, 0, 1);
    COHORT_EXPECT(r, "buyers", "returned", 1, 0, 0, 0, COHORT_NULL); /* March is not over */
    COHORT_EXPECT_F64(r, "periods", "return_rate", 0.25, NONE, NONE);
    COHORT_EXPECT_F64(r, "periods", "repeat_rate", 0.5, 0.0, NONE); /* nobody has bought in March */
    pdm_result_free(r);
}

/* Mature on the very µs; second orders on it count. */
static void test_boundaries_of_n(void **unused) {
    (void)unused;
    const int64_t n[] = {1, 2};
    const int64_t rows[] = {A, 0, 1, A, COHORT_DAY, 2, B, 0, 1, B, COHORT_DAY + 1, 2, C, 1, 1, C, 2, 2};
    pdm_repurchase_options options = defaults();
    options.as_of = COHORT_DAY;
    pdm_result *r = ask(&options, NULL, n, 2, rows, 6);
    COHORT_EXPECT(r, "repurchase_n", "n", 1, 2, 1, 2);
    COHORT_EXPECT(r, "repurchase_n", "size", 3, 3, 3, 3);
    COHORT_EXPECT(r, "repurchase_n", "den", 2, 0, 2, 0);
    COHORT_EXPECT(r, "repurchase_n", "num", 1, 0, 1, 0);
    COHORT_EXPECT(r, "totals", "as_of", COHORT_DAY);
    pdm_result_free(r);
    options.period = PDM_REPURCHASE_PERIOD_DAY;
    options.as_of = 2 * COHORT_DAY - 1;
    r = ask(&options, NULL, n, 2, rows, 6);
    COHORT_EXPECT(r, "repurchase_n", "complete", 0, 0, 1, 0, 0, 0);
    pdm_result_free(r);
}

/* The clock of New York: 10 March 2024 has 23 h, 3 November 25 h; orders of a day are one across midnight UTC. */
static void test_local_days(void **unused) {
    (void)unused;
    pdm_calendar calendar = cohort_new_york();
    pdm_repurchase_options options = defaults();
    options.same_day = PDM_REPURCHASE_SAME_DAY_MERGE;
    options.period = PDM_REPURCHASE_PERIOD_DAY;
    const int64_t rows[] = {A, cohort_at(2024, 3, 10, 5, 0), 1, A, cohort_at(2024, 3, 11, 3, 59), 2,
                            A, cohort_at(2024, 3, 11, 4, 0), 3, B, cohort_at(2024, 3, 10, 4, 59), 4};
    pdm_result *r = ask(&options, &calendar, NULL, 0, rows, 4);
    COHORT_EXPECT(r, "periods", "period_start", cohort_at(2024, 3, 9, 5, 0), cohort_at(2024, 3, 10, 5, 0),
                  cohort_at(2024, 3, 11, 4, 0));
    COHORT_EXPECT(r, "periods", "orders", 1, 1, 1);
    COHORT_EXPECT(r, "periods", "returning_share_num", 0, 0, 1);
    COHORT_EXPECT(r, "gaps", "n", 1, 1);
    COHORT_EXPECT_F64(r, "gaps", "mean", 23.0 * (double)COHORT_HOUR, 23.0 * (double)COHORT_HOUR);
    pdm_result_free(r);
    options.same_day = PDM_REPURCHASE_SAME_DAY_SEPARATE;
    r = ask(&options, &calendar, NULL, 0, rows, 4);
    COHORT_EXPECT(r, "periods", "repeat_rate_num", 0, 1, 0);
    COHORT_EXPECT(r, "periods", "orders", 1, 2, 1);
    pdm_result_free(r);
}

/* Clocks set back past midnight show a day twice; it is one day all the same. */
static void test_a_day_that_comes_again(void **unused) {
    (void)unused;
    const int64_t change[] = {COHORT_DAY / 1000000 + 60}; /* 00:01 of day 1 becomes 23:01 of day 0 */
    const int32_t offset[] = {-3600};
    pdm_calendar calendar = pdm_calendar_fixed(0);
    calendar.change_count = 1;
    calendar.change_s = change;
    calendar.offset_s = offset;
    pdm_repurchase_options options = defaults();
    options.same_day = PDM_REPURCHASE_SAME_DAY_MERGE;
    options.period = PDM_REPURCHASE_PERIOD_DAY;
    const int64_t minute = COHORT_HOUR / 60;
    const int64_t rows[] = {A, COHORT_DAY - minute,          1, A, COHORT_DAY, 2, A, COHORT_DAY + 2 * minute, 3,
                            A, COHORT_DAY + 2 * COHORT_HOUR, 4};
    pdm_result *r = ask(&options, &calendar, NULL, 0, rows, 4);
    COHORT_EXPECT(r, "periods", "orders", 1, 1);
    COHORT_EXPECT_F64(r, "gaps", "mean", (double)minute, (double)minute);
    pdm_result_free(r);
    options.same_day = PDM_REPURCHASE_SAME_DAY_SEPARATE;
    options.list_units = 1;
    r = ask(&options, &calendar, NULL, 0, rows, 4);
    COHORT_EXPECT(r, "periods", "orders", 2, 2);
    COHORT_EXPECT(r, "buyers", "orders", 2, 2);
    COHORT_EXPECT(r, "buyers", "earlier", 0, 1);
    pdm_result_free(r);
}

/* Before 1970, with a range of dates: history before it is read, cohorts outside are not shown. */
static void test_dates(void **unused) {
    (void)unused;
    pdm_repurchase_options options = defaults();
    const int64_t n[] = {30};
    const int64_t rows[] = {A, cohort_at(1969, 10, 5, 0, 0),  1, A, cohort_at(1969, 11, 30, 23, 59), 2,
                            B, cohort_at(1969, 11, 1, 0, 0),  1, B, cohort_at(1969, 11, 2, 0, 0),    2,
                            C, cohort_at(1969, 12, 31, 0, 0), 1};
    options.date_from = cohort_at(1969, 11, 15, 12, 0);
    options.date_to = cohort_at(1969, 11, 20, 0, 0);
    pdm_result *r = ask(&options, NULL, n, 1, rows, 5);
    COHORT_EXPECT(r, "periods", "period_start", cohort_at(1969, 11, 1, 0, 0));
    COHORT_EXPECT(r, "periods", "buyers", 2);
    COHORT_EXPECT(r, "periods", "returning_share_num", 1);
    COHORT_EXPECT(r, "periods", "complete", 1);
    COHORT_EXPECT(r, "periods", "return_rate_num", COHORT_NULL); /* the last µs of December is not seen */
    COHORT_EXPECT(r, "repurchase_n", "size", 1, 1);
    COHORT_EXPECT(r, "repurchase_n", "num", 1, 1);
    COHORT_EXPECT(r, "totals", "orders", 5);
    pdm_result_free(r);
}

static void test_groups(void **unused) {
    (void)unused;
    /* A: first row 7, last row 8; order 2 has rows of both. B: 8 only. C: none. */
    const int64_t rows[] = {A, 10, 1, 7, A, 20, 2, 8, A, 25, 2, 7, A, 40,
                            3, 8,  B, 5, 1, 8,  B, 9, 2, 8,  C, 7, 1, COHORT_NULL};
    static const struct {
        int32_t by;
        int64_t groups;
        int64_t den[3];
        int64_t num[3];
    } cases[] = {
        {PDM_REPURCHASE_BREAKDOWN_ENTRY, 3, {1, 1, 1}, {0, 1, 1}},
        {PDM_REPURCHASE_BREAKDOWN_LATEST, 2, {1, 2, 0}, {0, 2, 0}},
        {PDM_REPURCHASE_BREAKDOWN_SAME_VALUE, 3, {1, 1, 2}, {0, 1, 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pdm_repurchase_options options = defaults();
        options.breakdown_by = cases[i].by;
        pdm_state *state = cohort_state("repurchase", &options, NULL);
        cohort_add(state, "unit time order_id breakdown?", rows, 7);
        pdm_result *r = cohort_result(state);
        const pdm_table *gaps = pdm_result_table(r, "gaps");
        assert_int_equal(pdm_table_rows(gaps), 2 * cases[i].groups);
        /* The ladder of a group that gets to order 3 has two rows. */
        int64_t nums[3] = {0};
        int64_t dens[3] = {0};
        const pdm_table *ladder = pdm_result_table(r, "ladder");
        int64_t group = -1;
        for (int64_t row = 0; row < pdm_table_rows(ladder); row++) {
            if (pdm_table_i64(ladder, "from")[row] != 1) continue;
            group++;
            nums[group] = pdm_table_i64(ladder, "num")[row];
            dens[group] = pdm_table_i64(ladder, "den")[row];
        }
        assert_int_equal(group + 1, cases[i].groups);
        assert_memory_equal(nums, cases[i].num, sizeof nums);
        assert_memory_equal(dens, cases[i].den, sizeof dens);
        pdm_result_free(r);
    }
}

static void test_nothing(void **unused) {
    (void)unused;
    pdm_repurchase_options options = defaults();
    options.list_units = 1;
    pdm_result *r = ask(&options, NULL, NULL, 0, NULL, 0);
    assert_int_equal(pdm_table_rows(pdm_result_table(r, "periods")), 0);
    assert_int_equal(pdm_table_rows(pdm_result_table(r, "units")), 0);
    assert_int_equal(pdm_table_rows(pdm_result_table(r, "buyers")), 0);
    COHORT_EXPECT(r, "repurchase_n", "n", 7, 30, 90);
    COHORT_EXPECT(r, "repurchase_n", "den", 0, 0, 0);
    COHORT_EXPECT_F64(r, "repurchase_n", "rate", NONE, NONE, NONE);
    COHORT_EXPECT(r, "ladder", "den", 0);
    COHORT_EXPECT(r, "gaps", "n", 0, 0);
    COHORT_EXPECT(r, "totals", "as_of", COHORT_NULL);
    pdm_result_free(r);
    options.date_from = cohort_at(2024, 1, 31, 0, 0);
    options.date_to = cohort_at(2024, 2, 1, 0, 0);
    options.zero_denominator = 1;
    r = ask(&options, NULL, NULL, 0, NULL, 0);
    COHORT_EXPECT(r, "periods", "buyers", 0, 0);
    COHORT_EXPECT_F64(r, "periods", "repeat_rate", 0.0, 0.0);
    COHORT_EXPECT_F64(r, "periods", "return_rate", NONE, NONE); /* not known is not nothing */
    COHORT_EXPECT_F64(r, "periods", "repeat_rate_lo", NONE, NONE);
    pdm_result_free(r);
}

/* As_of before the data: no period is shown, nobody is mature, no gap is open. */
static void test_as_of_before_the_data(void **unused) {
    (void)unused;
    pdm_repurchase_options options = defaults();
    const int64_t rows[] = {A, 2 * COHORT_DAY, 1, A, 3 * COHORT_DAY, 2};
    options.as_of = -COHORT_DAY;
    pdm_result *r = ask(&options, NULL, NULL, 0, rows, 2);
    assert_int_equal(pdm_table_rows(pdm_result_table(r, "periods")), 0);
    COHORT_EXPECT(r, "gaps", "open_gaps", 0, 0);
    COHORT_EXPECT_F64(r, "gaps", "open_mean", NONE, NONE);
    COHORT_EXPECT(r, "gaps", "n", 1, 1);
    pdm_result_free(r);
}

static void test_intervals(void **unused) {
    (void)unused;
    pdm_repurchase_options options = defaults();
    const int64_t rows[] = {A, 0, 1, A, 1, 2, B, 0, 1, C, 0, 1, D, 0,  1, 5, 0,
                            1, 6, 0, 1, 7, 0, 1, 8, 0, 1, 9, 0, 1, 10, 0, 1};
    pdm_result *r = ask(&options, NULL, NULL, 0, rows, 11);
    const pdm_table *ladder = pdm_result_table(r, "ladder");
    assert_true(fabs(pdm_table_f64(ladder, "lo")[0] - 0.017876213095072903) < 1e-14);
    assert_true(fabs(pdm_table_f64(ladder, "hi")[0] - 0.4041500267952385) < 1e-14);
    pdm_result_free(r);
}

static pdm_status result_of(const pdm_repurchase_options *options, const int64_t *rows, int64_t count, pdm_error *err) {
    pdm_state *state = cohort_state("repurchase", options, NULL);
    pdm_result *r = NULL;
    cohort_add(state, "unit time order_id", rows, count);
    pdm_status status = pdm_state_result(state, &r, err);
    pdm_result_free(r);
    pdm_state_free(state);
    return status;
}

static void test_extremes(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_repurchase_options options = defaults();
    options.period = PDM_REPURCHASE_PERIOD_YEAR;
    const int64_t half[] = {A, INT64_MIN, 1, B, -1, 1, B, INT64_MAX / 4, 2};
    assert_int_equal(result_of(&options, half, 3, &err), PDM_E_OVERFLOW); /* from the first order of A to as_of */
    assert_non_null(strstr(err.message, "longer than int64 holds"));
    options.as_of = -2;
    options.date_to = -2;
    assert_int_equal(result_of(&options, half, 3, &err), PDM_OK);
    const int64_t far[] = {A, -2, 1, A, INT64_MAX - 1, 2};
    assert_int_equal(result_of(&options, far, 2, &err), PDM_E_OVERFLOW);
    const int64_t twice[] = {A, 0, 1, A, INT64_MAX, 2};
    assert_int_equal(result_of(&options, twice, 2, &err), PDM_E_OVERFLOW);
    assert_non_null(strstr(err.message, "median"));
    options = defaults();
    options.period = PDM_REPURCHASE_PERIOD_HOUR;
    options.as_of = INT64_MAX;
    const int64_t one[] = {A, 0, 1};
    assert_int_equal(result_of(&options, one, 1, &err), PDM_E_LIMIT);
    assert_string_equal(err.column, "period");
}

/* ---- refusals ---- */

static void refuse_n(const int64_t *n, int64_t count, const char *message) {
    pdm_repurchase_options options = defaults();
    pdm_state *state = cohort_state("repurchase", &options, NULL);
    const pdm_column column = pdm_column_int64("n", n);
    pdm_batch list = pdm_batch_make(&column, 1, count);
    pdm_error err;
    assert_int_equal(pdm_state_set_list(state, "n", &list, &err), PDM_E_BAD_OPTION);
    assert_non_null(strstr(err.message, message));
    pdm_state_free(state);
}

static void test_refused(void **unused) {
    (void)unused;
    pdm_error err;
    pdm_state *state = NULL;
    int64_t many[33];
    for (int64_t i = 0; i < 33; i++) many[i] = i + 1;
    refuse_n((const int64_t[]){0}, 1, "row 0 of list \"n\": 0 days; 1 to 36500 expected");
    refuse_n((const int64_t[]){1, 36501}, 2, "row 1 of list \"n\": 36501 days");
    refuse_n((const int64_t[]){30, 7}, 2, "n must ascend, but 7 follows 30");
    refuse_n(many, 33, "33 rows; at most 32");
    pdm_repurchase_options options = defaults();
    options.conf_level = 1;
    assert_int_equal(pdm_repurchase_create(NULL, &options, &state, &err), PDM_E_BAD_OPTION);
    assert_string_equal(err.column, "conf_level");
    options = defaults();
    options.date_from = COHORT_DAY;
    options.date_to = COHORT_DAY - 1;
    size_t size = 0;
    assert_int_equal(pdm_repurchase_create(NULL, &options, &state, &err), PDM_OK);
    assert_int_equal(pdm_state_serialize(state, NULL, 0, &size, &err), PDM_E_BAD_OPTION);
    pdm_state_free(state);
}

/* A null that is no value names its row and column; the state is as it was. */
static void test_nulls(void **unused) {
    (void)unused;
    static const uint8_t valid[] = {0x05};
    const int64_t unit[] = {A, A, B};
    const int64_t time[] = {0, 1, 2};
    const int64_t order[] = {1, 2, 3};
    pdm_column columns[] = {pdm_column_int64("unit", unit), pdm_column_int64("time", time),
                            pdm_column_int64("order_id", order)};
    columns[2].validity = valid;
    pdm_batch batch = pdm_batch_make(columns, 3, 3);
    pdm_repurchase_options options = defaults();
    pdm_result *r = NULL;
    pdm_error err;
    assert_int_equal(pdm_repurchase_compute(NULL, &options, &batch, &r, &err), PDM_E_NULL_VALUE);
    assert_int_equal(err.row, 1);
    assert_string_equal(err.column, "order_id");
    options.null_rows = 1;
    assert_int_equal(pdm_repurchase_compute(NULL, &options, &batch, &r, &err), PDM_OK);
    COHORT_EXPECT(r, "totals", "rows", 3);
    COHORT_EXPECT(r, "totals", "rows_null", 1);
    COHORT_EXPECT(r, "totals", "orders", 2);
    pdm_result_free(r);
    options.breakdown_by = PDM_REPURCHASE_BREAKDOWN_ENTRY;
    assert_int_equal(pdm_repurchase_compute(NULL, &options, &batch, &r, &err), PDM_E_MISSING_COLUMN);
    assert_string_equal(err.column, "breakdown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_example),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_boundaries_of_n),
        cmocka_unit_test(test_local_days),
        cmocka_unit_test(test_a_day_that_comes_again),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_as_of_before_the_data),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nulls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
