/* Retention's result: the range of cohorts, counting, tables units and totals. */
#include "metrics/retention_internal.h"

#include "stats/ratio.h"

#define MOST_CELLS (INT64_C(1) << 24)

double pdm__retention_ratio(pdm__int128 a, int64_t b) {
    if (a >= INT64_MIN && a <= INT64_MAX) return pdm__ratio((int64_t)a, b);
    return (double)((long double)a / (long double)b);
}

/* ---- status ---- */

static int64_t saturate(pdm__int128 time) {
    return time > INT64_MAX ? INT64_MAX : time < INT64_MIN ? INT64_MIN : (int64_t)time;
}

/* Of interval k of a cohort. Under rolling_24h it is over when it is for a unit that started in the last µs of the period. */
pdm__cell_status pdm__retention_interval_status(const pdm__retention_work *work, int64_t cohort, int64_t k) {
    const pdm__retention_plan *plan = work->plan;
    int64_t at = plan->rolling ? cohort : cohort + k;
    int64_t start = pdm_calendar_period_start(plan->calendar, plan->period, at);
    int64_t last = pdm__period_last(plan->calendar, plan->period, at);
    if (plan->rolling) {
        start = saturate((pdm__int128)start + (pdm__int128)k * plan->width);
        last = saturate((pdm__int128)last + ((pdm__int128)k + 1) * plan->width);
    }
    return pdm__status_at(&work->as_of, start, last);
}

pdm__cell_status pdm__retention_status(const pdm__retention_work *work, int64_t cohort, int32_t column) {
    const pdm__retention_plan *plan = work->plan;
    pdm__cell_status status = pdm__retention_interval_status(work, cohort, plan->columns[column].last);
    bool later = plan->options->mode == PDM_RETENTION_ON_OR_AFTER && column > 0;
    if (!later || status != PDM__CELL_COMPLETE) return status;
    /* How many came back later depends on how long the cohort was seen. */
    pdm__cell_status whole = pdm__retention_interval_status(work, cohort, plan->columns[plan->column_count - 1].last);
    return whole == PDM__CELL_COMPLETE ? whole : PDM__CELL_PARTIAL;
}

/* ---- groups ---- */

bool pdm__retention_shown(const pdm__retention_work *work, size_t group) {
    if (!work->plan->layout.has_breakdown) return true;
    bool any = false;
    for (int64_t c = work->range.first; c <= work->range.last && !any; c++)
        any = pdm__retention_counts(work, group, c)[RET_RETAINED] > 0;
    return any;
}

int64_t pdm__retention_groups(const pdm__retention_work *work) {
    int64_t groups = 0;
    for (size_t g = 0; g < work->groups.count; g++) groups += pdm__retention_shown(work, g);
    return groups;
}

/* ---- units, totals ---- */

enum { U_GROUP, U_START, U_COHORT, U_K, U_UNIT };

static bool is_listed(const pdm__retention_work *work, uint32_t cell) {
    int32_t k = (int32_t)(cell % (uint32_t)work->plan->column_count);
    int64_t cohort = work->range.first + (cell / (uint32_t)work->plan->column_count) % work->cohorts;
    return work->plan->options->future_cells != PDM_RETENTION_FUTURE_NULL ||
           pdm__retention_status(work, cohort, k) != PDM__CELL_FUTURE;
}

static pdm_status put_units(const pdm__retention_work *work, pdm__cell_units *units, pdm_result *result,
                            pdm_error *err) {
    const pdm__retention_plan *plan = work->plan;
    int32_t key = pdm__key_column_type(work->view->store->schema.levels[0].key_kind);
    pdm_table *table = NULL;
    size_t kept = 0;
    bool listed = false;
    for (size_t i = 0; i < units->count; i++) {
        if (i == 0 || units->items[i].cell != units->items[i - 1].cell) listed = is_listed(work, units->items[i].cell);
        if (listed) units->items[kept++] = units->items[i];
    }
    units->count = kept;
    PDM__TRY(pdm__result_add(result, &pdm__retention_tables[RET_UNITS], (int64_t)kept, key, &table, err));
    for (size_t i = 0; i < kept; i++) {
        const pdm__cell_unit *item = &units->items[i];
        int64_t row = (int64_t)i;
        size_t line = item->cell / (uint32_t)plan->column_count;
        int64_t cohort = work->range.first + (int64_t)(line % (size_t)work->cohorts);
        PDM__TRY(pdm__value_show(&work->groups.values[line / (size_t)work->cohorts], table, U_GROUP, row, err));
        pdm__table_i64(table, U_START)[row] = pdm_calendar_period_start(plan->calendar, plan->period, cohort);
        pdm__table_i64(table, U_COHORT)[row] = cohort;
        pdm__table_i32(table, U_K)[row] = (int32_t)(item->cell % (uint32_t)plan->column_count);
        PDM__TRY(pdm__table_put_key(table, U_UNIT, row, pdm__store_key(work->view->store, 0, item->unit), err));
    }
    return PDM_OK;
}

static pdm_status list_units(const pdm__retention_work *work, pdm_result *result, pdm_error *err) {
    pdm__cell_units listed;
    pdm_status status = pdm__tally_units(&work->tally, &listed, err);
    if (status == PDM_OK) status = put_units(work, &listed, result, err);
    pdm__drop(work->run->context, listed.items, listed.capacity, sizeof *listed.items);
    return status;
}

static pdm_status put_totals(const pdm__retention_work *work, pdm_result *result, pdm_error *err) {
    int64_t entries = 0;
    pdm_table *table = NULL;
    for (size_t g = 0; g < work->groups.count; g++) {
        for (int64_t c = work->range.first; c <= work->range.last; c++)
            entries += pdm__retention_counts(work, g, c)[RET_RETAINED];
    }
    PDM__TRY(pdm__result_add(result, &pdm__retention_tables[RET_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    pdm__table_i64(table, 0)[0] = work->view->rows;
    pdm__table_i64(table, 1)[0] = work->view->rows_null;
    pdm__table_i64(table, 2)[0] = (int64_t)pdm__store_count(work->view->store, 0);
    pdm__table_i64(table, 3)[0] = entries;
    return PDM_OK;
}

/* ---- all of it ---- */

/* Cohorts shown: the options', else the last `intervals` up to that of as_of; none if neither says where they end. */
static void settle_range(pdm__retention_work *work) {
    const pdm__retention_plan *plan = work->plan;
    const pdm_retention_options *options = plan->options;
    work->as_of = pdm__as_of_view(work->view, options->as_of);
    work->range = pdm__dates_range(plan->calendar, plan->period, options->date_from, options->date_to);
    pdm__period_range *range = &work->range;
    if (!range->has_last && work->as_of.known)
        range->last = pdm_calendar_period(plan->calendar, plan->period, work->as_of.time);
    if (!range->has_last && !work->as_of.known) {
        range->first = 1;
        range->last = 0;
    } else if (!range->has_first) {
        range->first = range->last - options->intervals + 1;
    }
    work->cohorts = range->first > range->last ? 0 : range->last - range->first + 1;
}

static pdm_status check_size(const pdm__retention_work *work, pdm_error *err) {
    pdm__int128 rows = (pdm__int128)work->cohorts * work->plan->column_count;
    if (rows <= MOST_CELLS && rows * (int64_t)work->groups.count <= MOST_CELLS) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, "intervals",
                     "expected at most %lld cells, got %lld cohorts of %d columns in %zu groups", (long long)MOST_CELLS,
                     (long long)work->cohorts, (int)work->plan->column_count, work->groups.count);
}

static pdm_status make_tables(pdm__retention_work *work, pdm_result *result, pdm_error *err) {
    const pdm__retention_plan *plan = work->plan;
    bool units = plan->options->list_units != 0;
    PDM__TRY(pdm__parts_groups(&plan->layout, work->view->store, work->run, &work->groups, err));
    PDM__TRY(check_size(work, err));
    size_t width = work->groups.count * (size_t)work->cohorts * (size_t)plan->column_count * RET_WORDS;
    pdm__tally_body body = plan->rolling       ? pdm__retention_count_rolling
                           : plan->layout.bits ? pdm__retention_count_bits
                                               : pdm__retention_count;
    PDM__TRY(pdm__tally_make(&work->tally, work->run, work->view->store, width, units, body, work, err));
    PDM__TRY(pdm__retention_put_cells(work, result, err));
    if (plan->options->average != PDM_RETENTION_NO_AVERAGE) PDM__TRY(pdm__retention_put_average(work, result, err));
    if (work->view->setup->lists[RET_LIST_COSTS].rows > 0) PDM__TRY(pdm__retention_put_payback(work, result, err));
    if (units) PDM__TRY(list_units(work, result, err));
    return put_totals(work, result, err);
}

pdm_status pdm__retention_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    pdm__retention_work work = {.view = view, .plan = view->plan->own, .run = run};
    settle_range(&work);
    pdm_status status = make_tables(&work, result, err);
    pdm__tally_clear(&work.tally);
    pdm__value_set_clear(run->context, &work.groups);
    return status;
}
