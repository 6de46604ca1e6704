/* Retention's tables cells and average. */
#include "metrics/retention_internal.h"

#include "stats/wilson.h"

#include <pdmetrics/stats/distribution.h>

enum {
    C_GROUP,
    C_START,
    C_COHORT,
    C_K,
    C_FROM,
    C_TO,
    C_SIZE,
    C_RETAINED,
    C_NUM,
    C_DEN,
    C_RATE,
    C_LO,
    C_HI,
    C_STATUS,
    C_VALUE,
    C_PER_UNIT,
    C_PER_RETAINED,
    C_VALUE_RATE,
    C_CUM,
    C_LTV,
    C_TO_COST
};
enum { A_GROUP, A_K, A_FROM, A_TO, A_COHORTS, A_NUM, A_DEN, A_RATE, A_LO, A_HI, A_LTV };

static const char *const status_names[] = {"complete", "partial", "future"};

/* A table being filled. */
typedef struct filling {
    const pdm__retention_work *work;
    const pdm__retention_plan *plan;
    pdm_table *table;
    double z;
    bool zero; /* ratios without a denominator are 0 */
} filling;

static filling begin(const pdm__retention_work *work) {
    const pdm_retention_options *options = work->plan->options;
    return (filling){.work = work,
                     .plan = work->plan,
                     .z = pdm_normal_isf((1 - options->conf_level) / 2),
                     .zero = options->zero_denominator != 0};
}

static pdm_status put_share(const filling *f, int32_t column, int64_t row, pdm__int128 a, int64_t b, pdm_error *err) {
    return pdm__table_put_ratio(f->table, column, row, b != 0 || f->zero, b != 0 ? pdm__retention_ratio(a, b) : 0.0,
                                err);
}

/* Columns num, den, rate, lo, hi from `column` on. A rate above 1 (previous_interval) is no proportion: no interval. */
static pdm_status put_rate(const filling *f, int32_t column, int64_t row, int64_t num, int64_t den, bool interval,
                           pdm_error *err) {
    bool proportion = interval && den > 0 && num <= den;
    pdm__interval ends = {0, 0};
    if (proportion) ends = pdm__wilson(num, den, f->z);
    pdm__table_i64(f->table, column)[row] = num;
    pdm__table_i64(f->table, column + 1)[row] = den;
    PDM__TRY(put_share(f, column + 2, row, num, den, err));
    PDM__TRY(pdm__table_put_ratio(f->table, column + 3, row, proportion, ends.low, err));
    return pdm__table_put_ratio(f->table, column + 4, row, proportion, ends.high, err);
}

static pdm_status put_nulls(pdm_table *table, int64_t row, int32_t first, int32_t last, pdm_error *err) {
    for (int32_t c = first; c <= last; c++) PDM__TRY(pdm__table_set_null(table, c, row, err));
    return PDM_OK;
}

/* Denominator of column k of a cohort. */
static int64_t denominator(const pdm__retention_plan *plan, const int64_t *cells, int32_t k) {
    bool previous = plan->options->denominator == PDM_RETENTION_PREVIOUS_INTERVAL && k > 1;
    return cells[(previous ? k - 1 : 0) * RET_WORDS + RET_RETAINED];
}

/* ---- cells ---- */

static pdm_status put_values(const filling *f, int64_t row, const int64_t *cells, int32_t k, int64_t cumulative,
                             const pdm__retention_cost *cost, pdm_error *err) {
    int64_t value = cells[k * RET_WORDS + RET_SUM];
    if (!f->plan->values) return put_nulls(f->table, row, C_VALUE, C_TO_COST, err);
    pdm__table_i64(f->table, C_VALUE)[row] = value;
    PDM__TRY(put_share(f, C_PER_UNIT, row, value, cells[RET_RETAINED], err));
    PDM__TRY(put_share(f, C_PER_RETAINED, row, value, cells[k * RET_WORDS + RET_RETAINED], err));
    if (f->plan->brackets > 0) return put_nulls(f->table, row, C_VALUE_RATE, C_TO_COST, err);
    PDM__TRY(put_share(f, C_VALUE_RATE, row, value, cells[RET_SUM], err));
    pdm__table_i64(f->table, C_CUM)[row] = cumulative;
    PDM__TRY(put_share(f, C_LTV, row, cumulative, cells[RET_RETAINED], err));
    if (cost == NULL || !cost->given) return pdm__table_set_null(f->table, C_TO_COST, row, err);
    return put_share(f, C_TO_COST, row, cumulative, cost->cost, err);
}

static pdm_status put_cell(const filling *f, int64_t row, const int64_t *cells, int64_t cohort, int32_t k,
                           int64_t cumulative, const pdm__retention_cost *cost, pdm_error *err) {
    pdm__cell_status status = pdm__retention_status(f->work, cohort, k);
    int64_t retained = cells[k * RET_WORDS + RET_RETAINED];
    pdm__table_i32(f->table, C_K)[row] = k;
    pdm__table_i64(f->table, C_FROM)[row] = f->plan->columns[k].first;
    pdm__table_i64(f->table, C_TO)[row] = f->plan->columns[k].last;
    pdm__table_i64(f->table, C_SIZE)[row] = cells[RET_RETAINED];
    pdm__table_i32(f->table, C_STATUS)[row] = (int32_t)status;
    if (status == PDM__CELL_FUTURE && f->plan->options->future_cells == PDM_RETENTION_FUTURE_NULL) {
        PDM__TRY(put_nulls(f->table, row, C_RETAINED, C_NUM, err));
        pdm__table_i64(f->table, C_DEN)[row] = denominator(f->plan, cells, k);
        PDM__TRY(put_nulls(f->table, row, C_RATE, C_HI, err));
        return put_nulls(f->table, row, C_VALUE, C_TO_COST, err);
    }
    pdm__table_i64(f->table, C_RETAINED)[row] = retained;
    PDM__TRY(put_rate(f, C_NUM, row, retained, denominator(f->plan, cells, k), true, err));
    return put_values(f, row, cells, k, cumulative, cost, err);
}

static pdm_status put_cohort(const filling *f, int64_t row, size_t group, int64_t cohort,
                             const pdm__retention_cost *cost, pdm_error *err) {
    const int64_t *cells = pdm__retention_counts(f->work, group, cohort);
    int64_t start = pdm_calendar_period_start(f->plan->calendar, f->plan->period, cohort);
    int64_t cumulative = 0;
    for (int32_t k = 0; k < f->plan->column_count; k++, row++) {
        PDM__TRY(pdm__value_show(&f->work->groups.values[group], f->table, C_GROUP, row, err));
        pdm__table_i64(f->table, C_START)[row] = start;
        pdm__table_i64(f->table, C_COHORT)[row] = cohort;
        if (f->plan->brackets == 0) cumulative += cells[k * RET_WORDS + RET_SUM]; /* brackets may overlap */
        PDM__TRY(put_cell(f, row, cells, cohort, k, cumulative, cost, err));
    }
    return PDM_OK;
}

static pdm_status put_all_cells(filling *f, const pdm__retention_cost *costs, pdm_error *err) {
    const pdm__retention_work *work = f->work;
    int64_t row = 0;
    PDM__TRY(pdm__table_set_dictionary(f->table, C_STATUS, status_names, PDM__COUNT(status_names), err));
    for (size_t g = 0; g < work->groups.count; g++) {
        if (!pdm__retention_shown(work, g)) continue;
        for (int64_t c = work->range.first; c <= work->range.last; c++) {
            size_t at = g * (size_t)work->cohorts + (size_t)(c - work->range.first);
            PDM__TRY(put_cohort(f, row, g, c, costs == NULL ? NULL : &costs[at], err));
            row += f->plan->column_count;
        }
        if (pdm__run_poll(work->run, 0)) break;
    }
    return pdm__run_status(work->run, err);
}

pdm_status pdm__retention_put_cells(const pdm__retention_work *work, pdm_result *result, pdm_error *err) {
    filling f = begin(work);
    pdm__retention_cost *costs = NULL;
    size_t count = 0;
    int64_t rows = pdm__retention_groups(work) * work->cohorts * work->plan->column_count;
    PDM__TRY(pdm__result_add(result, &pdm__retention_tables[RET_CELLS], rows, PDM_TYPE_INT64, &f.table, err));
    PDM__TRY(pdm__retention_costs(work, &costs, &count, err));
    pdm_status status = put_all_cells(&f, costs, err);
    pdm__drop(work->run->context, costs, count, sizeof *costs);
    return status;
}

/* ---- average ---- */

/* Sums over the complete cells of a column. */
typedef struct sums {
    int64_t cohorts;
    int64_t num;
    int64_t den;
    int64_t size;
    pdm__int128 value;
    int64_t rates; /* cohorts with a rate, and their sums */
    double rate_sum;
    int64_t worths;
    double worth_sum;
} sums;

static void add_cohort(const pdm__retention_plan *plan, const int64_t *cells, int32_t k, int64_t value, sums *s) {
    int64_t num = cells[k * RET_WORDS + RET_RETAINED];
    int64_t den = denominator(plan, cells, k);
    int64_t size = cells[RET_RETAINED];
    s->cohorts++;
    s->num += num;
    s->den += den;
    s->size += size;
    s->value += value;
    if (den > 0) {
        s->rates++;
        s->rate_sum += pdm__retention_ratio(num, den);
    }
    if (size > 0) {
        s->worths++;
        s->worth_sum += pdm__retention_ratio(value, size);
    }
}

/* values: of each cohort up to the column before; is brought up to this one. */
static sums sum_column(const pdm__retention_work *work, size_t group, int32_t k, int64_t *values) {
    sums s = {.cohorts = 0};
    for (int64_t c = 0; c < work->cohorts; c++) {
        const int64_t *cells = pdm__retention_counts(work, group, work->range.first + c);
        if (work->plan->brackets == 0) values[c] += cells[k * RET_WORDS + RET_SUM];
        if (pdm__retention_status(work, work->range.first + c, k) == PDM__CELL_COMPLETE)
            add_cohort(work->plan, cells, k, values[c], &s);
    }
    return s;
}

static pdm_status put_average(const filling *f, int64_t row, size_t group, int32_t k, int64_t *values, pdm_error *err) {
    const pdm__retention_plan *plan = f->plan;
    sums s = sum_column(f->work, group, k, values);
    bool simple = plan->options->average == PDM_RETENTION_SIMPLE;
    PDM__TRY(pdm__value_show(&f->work->groups.values[group], f->table, A_GROUP, row, err));
    pdm__table_i32(f->table, A_K)[row] = k;
    pdm__table_i64(f->table, A_FROM)[row] = plan->columns[k].first;
    pdm__table_i64(f->table, A_TO)[row] = plan->columns[k].last;
    pdm__table_i64(f->table, A_COHORTS)[row] = s.cohorts;
    PDM__TRY(put_rate(f, A_NUM, row, s.num, s.den, !simple, err));
    if (simple && s.rates > 0) pdm__table_f64(f->table, A_RATE)[row] = s.rate_sum / (double)s.rates;
    if (!plan->values || plan->brackets > 0) return pdm__table_set_null(f->table, A_LTV, row, err);
    if (!simple) return put_share(f, A_LTV, row, s.value, s.size, err);
    return pdm__table_put_ratio(f->table, A_LTV, row, s.worths > 0 || f->zero,
                                s.worths > 0 ? s.worth_sum / (double)s.worths : 0.0, err);
}

static pdm_status put_averages(const filling *f, int32_t columns, int64_t *values, pdm_error *err) {
    const pdm__retention_work *work = f->work;
    int64_t row = 0;
    for (size_t g = 0; g < work->groups.count; g++) {
        memset(values, 0, (size_t)work->cohorts * sizeof *values);
        for (int32_t k = 0; pdm__retention_shown(work, g) && k < columns; k++)
            PDM__TRY(put_average(f, row++, g, k, values, err));
        if (pdm__run_poll(work->run, 0)) break;
    }
    return pdm__run_status(work->run, err);
}

pdm_status pdm__retention_put_average(const pdm__retention_work *work, pdm_result *result, pdm_error *err) {
    filling f = begin(work);
    int64_t *values = NULL;
    size_t cohorts = (size_t)work->cohorts;
    int32_t columns = cohorts > 0 ? work->plan->column_count : 0;
    int64_t rows = pdm__retention_groups(work) * columns;
    PDM__TRY(pdm__result_add(result, &pdm__retention_tables[RET_AVERAGE], rows, PDM_TYPE_INT64, &f.table, err));
    PDM__TRY(pdm__new(work->run->context, cohorts, sizeof *values, &values, err));
    pdm_status status = cohorts > 0 ? put_averages(&f, columns, values, err) : PDM_OK;
    pdm__drop(work->run->context, values, cohorts, sizeof *values);
    return status;
}
