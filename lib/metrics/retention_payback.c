/* Acquisition costs of cohorts, and when they are paid back. */
#include "metrics/retention_internal.h"

enum { COST_COHORT, COST_COST, COST_GROUP };
enum { P_GROUP, P_START, P_COHORT, P_SIZE, P_COST, P_CAC, P_K, P_CUM, P_LTV, P_TO_COST, P_PAYBACK, P_STATUS };
enum { PAID_BACK, PROVISIONAL, OPEN };
static const char *const status_names[] = {"paid_back", "provisional", "open"};

/* ---- costs ---- */

static pdm__value group_value(const pdm__list *list, int64_t row) {
    pdm__value value = {.kind = PDM__VALUE_NONE};
    if (!pdm__list_has(list, COST_GROUP, row)) return value;
    const pdm__cells *cells = &list->cells[COST_GROUP];
    value.word = cells->words[row];
    value.kind = PDM__VALUE_INT;
    if (cells->lengths == NULL) return value;
    value.length = (uint32_t)cells->lengths[row];
    value.bytes = pdm__pointer_of(cells->words[row]);
    value.kind = value.length == 0 ? PDM__VALUE_NONE : PDM__VALUE_TEXT; /* '' is the empty value */
    return value;
}

/* Costs of cohorts or groups that are not shown are of no use, and no mistake. */
static pdm_status add_cost(const pdm__retention_work *work, int64_t row, pdm__retention_cost *costs, pdm_error *err) {
    const pdm__list *list = &work->view->setup->lists[RET_LIST_COSTS];
    int64_t time = pdm__list_int(list, COST_COHORT, row);
    int64_t cohort = pdm_calendar_period(work->plan->calendar, work->plan->period, time);
    pdm__value value = group_value(list, row);
    if (cohort < work->range.first || cohort > work->range.last) return PDM_OK;
    size_t group = (size_t)pdm__value_set_find(&work->groups, &value);
    if (group >= work->groups.count || pdm__value_compare(&work->groups.values[group], &value) != 0) return PDM_OK;
    pdm__retention_cost *mine = &costs[group * (size_t)work->cohorts + (size_t)(cohort - work->range.first)];
    mine->given = true;
    if (!__builtin_add_overflow(mine->cost, pdm__list_int(list, COST_COST, row), &mine->cost)) return PDM_OK;
    return pdm__fail(err, PDM_E_OVERFLOW, row, "costs",
                     "row %lld of list \"costs\": the costs of a cohort exceed int64", (long long)row);
}

pdm_status pdm__retention_costs(const pdm__retention_work *work, pdm__retention_cost **out, size_t *count,
                                pdm_error *err) {
    int64_t rows = work->view->setup->lists[RET_LIST_COSTS].rows;
    *out = NULL;
    *count = 0;
    if (rows == 0) return PDM_OK;
    size_t wanted = work->groups.count * (size_t)work->cohorts;
    PDM__TRY(pdm__new_zero(work->run->context, wanted, sizeof **out, out, err));
    *count = wanted;
    pdm_status status = PDM_OK;
    for (int64_t row = 0; row < rows && status == PDM_OK; row++) status = add_cost(work, row, *out, err);
    if (status == PDM_OK) return PDM_OK;
    pdm__drop(work->run->context, *out, wanted, sizeof **out);
    *out = NULL;
    *count = 0;
    return status;
}

/* ---- payback ---- */

/* What became of a cost. */
typedef struct outcome {
    int32_t last; /* interval that has begun, −1 = none */
    int32_t payback;
    int32_t status;
    int64_t value;
} outcome;

static outcome follow(const pdm__retention_work *work, const int64_t *cells, int64_t cohort, int64_t cost) {
    outcome o = {.last = -1, .payback = -1, .status = OPEN};
    for (int32_t k = 0; k < work->plan->column_count; k++) {
        pdm__cell_status status = pdm__retention_interval_status(work, cohort, k);
        if (status == PDM__CELL_FUTURE) break;
        o.last = k;
        o.value += cells[k * RET_WORDS + RET_SUM];
        if (o.payback >= 0 || o.value < cost) continue;
        o.payback = k;
        o.status = status == PDM__CELL_COMPLETE ? PAID_BACK : PROVISIONAL;
    }
    return o;
}

static pdm_status put_share(const pdm__retention_work *work, pdm_table *table, int32_t column, int64_t row, int64_t a,
                            int64_t b, pdm_error *err) {
    bool zero = work->plan->options->zero_denominator != 0;
    return pdm__table_put_ratio(table, column, row, b != 0 || zero, b != 0 ? pdm__retention_ratio(a, b) : 0.0, err);
}

static pdm_status put_cohort(const pdm__retention_work *work, pdm_table *table, int64_t row, size_t group,
                             int64_t cohort, int64_t cost, pdm_error *err) {
    const pdm__retention_plan *plan = work->plan;
    const int64_t *cells = pdm__retention_counts(work, group, cohort);
    outcome o = follow(work, cells, cohort, cost);
    PDM__TRY(pdm__value_show(&work->groups.values[group], table, P_GROUP, row, err));
    pdm__table_i64(table, P_START)[row] = pdm_calendar_period_start(plan->calendar, plan->period, cohort);
    pdm__table_i64(table, P_COHORT)[row] = cohort;
    pdm__table_i64(table, P_SIZE)[row] = cells[RET_RETAINED];
    pdm__table_i64(table, P_COST)[row] = cost;
    PDM__TRY(put_share(work, table, P_CAC, row, cost, cells[RET_RETAINED], err));
    pdm__table_i32(table, P_K)[row] = o.last;
    if (o.last < 0) PDM__TRY(pdm__table_set_null(table, P_K, row, err));
    pdm__table_i64(table, P_CUM)[row] = o.value;
    PDM__TRY(put_share(work, table, P_LTV, row, o.value, cells[RET_RETAINED], err));
    PDM__TRY(put_share(work, table, P_TO_COST, row, o.value, cost, err));
    pdm__table_i32(table, P_STATUS)[row] = o.status;
    pdm__table_i32(table, P_PAYBACK)[row] = o.payback;
    return o.payback >= 0 ? PDM_OK : pdm__table_set_null(table, P_PAYBACK, row, err);
}

static pdm_status put_all(const pdm__retention_work *work, const pdm__retention_cost *costs, size_t count,
                          pdm_result *result, pdm_error *err) {
    int64_t rows = 0;
    int64_t row = 0;
    pdm_table *table = NULL;
    for (size_t i = 0; i < count; i++) rows += costs[i].given;
    PDM__TRY(pdm__result_add(result, &pdm__retention_tables[RET_PAYBACK], rows, PDM_TYPE_INT64, &table, err));
    PDM__TRY(pdm__table_set_dictionary(table, P_STATUS, status_names, PDM__COUNT(status_names), err));
    for (size_t i = 0; i < count; i++) {
        if (!costs[i].given) continue;
        size_t group = i / (size_t)work->cohorts;
        int64_t cohort = work->range.first + (int64_t)(i % (size_t)work->cohorts);
        PDM__TRY(put_cohort(work, table, row++, group, cohort, costs[i].cost, err));
    }
    return PDM_OK;
}

pdm_status pdm__retention_put_payback(const pdm__retention_work *work, pdm_result *result, pdm_error *err) {
    pdm__retention_cost *costs = NULL;
    size_t count = 0;
    PDM__TRY(pdm__retention_costs(work, &costs, &count, err));
    pdm_status status = put_all(work, costs, count, result, err);
    pdm__drop(work->run->context, costs, count, sizeof *costs);
    return status;
}
