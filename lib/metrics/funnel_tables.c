/* The funnel's tables: steps, durations, units, totals. */
#include "metrics/funnel_tally.h"
#include "stats/ratio.h"
#include "stats/summary.h"

/* ---- steps ---- */

enum {
    STEP_GROUP,
    STEP_NUMBER,
    STEP_NAME,
    STEP_OPTIONAL,
    STEP_COUNT,
    STEP_RATE_FIRST, /* num, den, rate, lower, upper */
    STEP_RATE_PREV = STEP_RATE_FIRST + 5,
    STEP_DROPPED = STEP_RATE_PREV + 5,
    STEP_DROP_RATE,
    STEP_STOPPED,
    STEP_OPEN
};

static pdm_status put_ratio(const pdm__funnel_cells *cells, pdm_table *table, int32_t column, int64_t row,
                            int64_t count, int64_t n, pdm_error *err) {
    pdm__table_i64(table, column)[row] = count;
    pdm__table_i64(table, column + 1)[row] = n;
    return pdm__funnel_put_rate(cells, table, column + 2, row, count, n, err);
}

/* Cells that look back at the step before; step 1 has none. */
static pdm_status put_against_previous(const pdm__funnel_cells *cells, pdm_table *table, int64_t row, int64_t count,
                                       int64_t before, pdm_error *err) {
    bool zero = cells->facts->plan->rules.zero_rates;
    PDM__TRY(put_ratio(cells, table, STEP_RATE_PREV, row, count, before, err));
    pdm__table_i64(table, STEP_DROPPED)[row] = before - count;
    return pdm__table_put_ratio(table, STEP_DROP_RATE, row, before != 0 || zero,
                                before != 0 ? pdm__ratio(before - count, before) : 0.0, err);
}

static pdm_status put_step(const pdm__funnel_tally *tally, const pdm__funnel_cells *cells, pdm_table *table,
                           int64_t row, int32_t group, int32_t step, pdm_error *err) {
    const pdm__funnel_plan *plan = tally->facts->plan;
    int32_t before = pdm__funnel_step_before(&plan->rules, step);
    int64_t count = pdm__funnel_done(tally, group, step);
    PDM__TRY(pdm__funnel_put_group(tally->facts, table, STEP_GROUP, row, group, err));
    pdm__table_i32(table, STEP_NUMBER)[row] = step;
    PDM__TRY(pdm__table_put_string(table, STEP_NAME, row, plan->names[step - 1], err));
    pdm__table_bool(table, STEP_OPTIONAL)[row] = (plan->rules.optional >> (step - 1) & 1) != 0;
    pdm__table_i64(table, STEP_COUNT)[row] = count;
    PDM__TRY(put_ratio(cells, table, STEP_RATE_FIRST, row, count, pdm__funnel_done(tally, group, 1), err));
    pdm__table_i64(table, STEP_STOPPED)[row] = pdm__funnel_stopped(tally, group, step);
    pdm__table_i64(table, STEP_OPEN)[row] = pdm__funnel_open(tally, group, step);
    if (before > 0) {
        return put_against_previous(cells, table, row, count, pdm__funnel_done(tally, group, before), err);
    }
    for (int32_t c = STEP_RATE_PREV; c <= STEP_DROP_RATE; c++) PDM__TRY(pdm__table_set_null(table, c, row, err));
    return PDM_OK;
}

static pdm_status put_steps(const pdm__funnel_tally *tally, pdm_result *result, pdm_error *err) {
    const pdm__funnel_facts *facts = tally->facts;
    int32_t steps = facts->plan->rules.steps;
    pdm__funnel_cells cells = pdm__funnel_cells_of(facts, facts->plan->rules.count == PDM_FUNNEL_COUNT_TOTALS);
    int64_t rows = (int64_t)pdm__funnel_visible_count(tally) * steps;
    int64_t row = 0;
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &pdm__funnel_tables_info[FUNNEL_TABLE_STEPS], rows, PDM_TYPE_INT64, &table, err));
    for (int32_t g = 0; g < facts->group_count; g++) {
        if (!pdm__funnel_visible(tally, g)) continue;
        for (int32_t j = 1; j <= steps; j++) PDM__TRY(put_step(tally, &cells, table, row++, g, j, err));
    }
    return PDM_OK;
}

/* ---- durations ---- */

enum { DURATION_GROUP, DURATION_FROM, DURATION_TO, DURATION_N, DURATION_MEAN, DURATION_QUANTILE };
static const int32_t percents[] = {50, 25, 75, 90, 95};
enum { DURATION_MIN = DURATION_QUANTILE + PDM__COUNT(percents), DURATION_MAX };

static pdm_status put_nothing(pdm_table *table, int64_t row, pdm_error *err) {
    pdm__table_i64(table, DURATION_N)[row] = 0;
    for (int32_t c = DURATION_MEAN; c <= DURATION_MAX; c++) PDM__TRY(pdm__table_set_null(table, c, row, err));
    return PDM_OK;
}

static pdm_status put_summary(pdm__run *run, pdm_table *table, int64_t row, const int64_t *values, size_t n,
                              pdm_error *err) {
    pdm__summary s;
    PDM__TRY(pdm__summarise(run, values, n, percents, PDM__COUNT(percents), &s, err));
    pdm__table_i64(table, DURATION_N)[row] = (int64_t)n;
    pdm__table_f64(table, DURATION_MEAN)[row] = s.mean;
    for (int32_t i = 0; i < PDM__COUNT(percents); i++) {
        pdm__table_f64(table, DURATION_QUANTILE + i)[row] = s.quantiles[i];
    }
    pdm__table_i64(table, DURATION_MIN)[row] = s.least;
    pdm__table_i64(table, DURATION_MAX)[row] = s.most;
    return PDM_OK;
}

/* One pair of steps, in all groups: every pair_count-th row, from row `pair` on. Text is put afterwards, row by row. */
static pdm_status put_pair(const pdm__funnel_tally *tally, int32_t pair, pdm__funnel_durations *durations,
                           pdm_table *table, pdm_error *err) {
    const pdm__funnel_facts *facts = tally->facts;
    PDM__TRY(pdm__funnel_durations_collect(tally, pair, durations, err));
    int64_t row = pair - tally->pair_count;
    for (int32_t g = 0; g < facts->group_count; g++) {
        if (!pdm__funnel_visible(tally, g)) continue;
        row += tally->pair_count;
        size_t start = durations->starts[g];
        size_t n = durations->starts[g + 1] - start;
        pdm__table_i32(table, DURATION_FROM)[row] = tally->pairs[pair].from;
        pdm__table_i32(table, DURATION_TO)[row] = tally->pairs[pair].to;
        if (n == 0) {
            PDM__TRY(put_nothing(table, row, err));
        } else {
            PDM__TRY(put_summary(facts->run, table, row, durations->values + start, n, err));
        }
    }
    return PDM_OK;
}

static pdm_status put_durations(const pdm__funnel_tally *tally, pdm_result *result, pdm_error *err) {
    const pdm__funnel_facts *facts = tally->facts;
    int64_t rows = (int64_t)pdm__funnel_visible_count(tally) * tally->pair_count;
    int64_t row = 0;
    pdm__funnel_durations durations = {0};
    pdm_table *table = NULL;
    PDM__TRY(
        pdm__result_add(result, &pdm__funnel_tables_info[FUNNEL_TABLE_DURATIONS], rows, PDM_TYPE_INT64, &table, err));
    pdm_status status = PDM_OK;
    for (int32_t pair = 0; status == PDM_OK && pair < tally->pair_count; pair++) {
        status = put_pair(tally, pair, &durations, table, err);
    }
    pdm__funnel_durations_clear(tally, &durations);
    for (int32_t g = 0; g < facts->group_count; g++) {
        for (int32_t i = 0; pdm__funnel_visible(tally, g) && status == PDM_OK && i < tally->pair_count; i++)
            status = pdm__funnel_put_group(facts, table, DURATION_GROUP, row++, g, err);
    }
    return status;
}

/* ---- totals ---- */

static pdm_status put_totals(const pdm__funnel_facts *facts, pdm_result *result, pdm_error *err) {
    const pdm__funnel_totals_sums *sums = &facts->sums;
    const int64_t values[] = {facts->view->rows, facts->view->rows_null, sums->units,   sums->entered,
                              sums->dropped,     sums->unattributed,     sums->entries, sums->attempts};
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &pdm__funnel_tables_info[FUNNEL_TABLE_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    for (int32_t i = 0; i < PDM__COUNT(values); i++) pdm__table_i64(table, i)[0] = values[i];
    return PDM_OK;
}

/* ---- all of it ---- */

static pdm_status put_tables(const pdm__funnel_tally *tally, pdm_result *result, pdm_error *err) {
    const pdm__funnel_facts *facts = tally->facts;
    const pdm_funnel_options *options = facts->plan->options;
    PDM__TRY(put_steps(tally, result, err));
    PDM__TRY(put_durations(tally, result, err));
    PDM__TRY(pdm__funnel_histogram(tally, result, err));
    if (options->trend_period != PDM_FUNNEL_TREND_NONE) PDM__TRY(pdm__funnel_trend(facts, result, err));
    if (options->list_units != 0) PDM__TRY(pdm__funnel_units(facts, result, err));
    return put_totals(facts, result, err);
}

pdm_status pdm__funnel_tables(const pdm__funnel_facts *facts, pdm_result *result, pdm_error *err) {
    pdm__funnel_tally tally;
    pdm_status status = pdm__funnel_tally_make(facts, &tally, err);
    if (status == PDM_OK) status = put_tables(&tally, result, err);
    pdm__funnel_tally_clear(&tally);
    return status;
}
