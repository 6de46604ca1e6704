/* Counting buyers by period and by cohort; the tables periods, repurchase_n and totals, and cells that several tables have. */
#include "metrics/repurchase_internal.h"
#include "stats/ratio.h"
#include "stats/wilson.h"

#define DAY_US INT64_C(86400000000)
#define MOST_CELLS (INT64_C(1) << 24) /* more periods than anybody looks at: a stray time, say */
#define POLL_BUYERS 4096

/* ---- cells that several tables have ---- */

int64_t pdm__repurchase_period(const pdm__repurchase_facts *facts, int64_t time) {
    return pdm_calendar_period(facts->plan->calendar, facts->plan->period, time);
}

int64_t pdm__repurchase_period_start(const pdm__repurchase_facts *facts, int64_t period) {
    return pdm_calendar_period_start(facts->plan->calendar, facts->plan->period, period);
}

bool pdm__repurchase_complete(const pdm__repurchase_facts *facts, int64_t period, int64_t more) {
    int64_t last = pdm__period_last(facts->plan->calendar, facts->plan->period, period);
    return facts->as_of.known && (pdm__int128)last + more <= facts->as_of.time;
}

pdm_status pdm__repurchase_put_group(const pdm__repurchase_facts *facts, pdm_table *table, int32_t column, int64_t row,
                                     int32_t group, pdm_error *err) {
    const pdm__value *value = facts->groups == NULL ? NULL : &facts->values.values[facts->groups[group]];
    return pdm__value_show(value, table, column, row, err);
}

pdm_status pdm__repurchase_put_rate(const pdm__repurchase_facts *facts, pdm_table *table, int32_t column, int64_t row,
                                    bool known, int64_t count, int64_t n, pdm_error *err) {
    bool zero = facts->plan->options->zero_denominator != 0;
    bool interval = known && n > 0;
    pdm__interval ends = {0, 0};
    if (interval) ends = pdm__wilson(count, n, facts->z);
    pdm__table_i64(table, column)[row] = count;
    if (!known) PDM__TRY(pdm__table_set_null(table, column, row, err));
    pdm__table_i64(table, column + 1)[row] = n;
    PDM__TRY(pdm__table_put_ratio(table, column + 2, row, known && (n > 0 || zero), n > 0 ? pdm__ratio(count, n) : 0.0,
                                  err));
    PDM__TRY(pdm__table_put_ratio(table, column + 3, row, interval, ends.low, err));
    return pdm__table_put_ratio(table, column + 4, row, interval, ends.high, err);
}

void pdm__repurchase_periods(const pdm__repurchase_facts *facts, const pdm__repurchase_buyer *buyer, int64_t *out) {
    for (size_t i = 0; i < buyer->count; i++) out[i] = buyer->orders[i].time;
    pdm__periods_of(facts->plan->calendar, facts->plan->period, out, buyer->count, out);
    for (size_t i = 1; i < buyer->count; i++) {
        int64_t mine = out[i];
        size_t at = i;
        for (; at > 0 && out[at - 1] > mine; at--) out[at] = out[at - 1]; /* only where clocks were set back */
        out[at] = mine;
    }
}

/* ---- counting ---- */

/* A period of a group. */
typedef struct cell {
    int64_t buyers;
    int64_t orders;
    int64_t repeats; /* buyers with two orders or more in it */
    int64_t back;    /* buyers of the next period too */
    int64_t old;     /* buyers with an order before it */
    int64_t size;    /* buyers whose first order is in it */
} cell;

/* An n of a cohort. */
typedef struct n_cell {
    int64_t mature;
    int64_t again;
} n_cell;

typedef struct counts {
    const pdm__repurchase_facts *facts;
    size_t periods;    /* of each group */
    size_t cell_count; /* groups · periods */
    size_t n_count;    /* cells · n */
    cell *cells;
    n_cell *n_cells;
    int64_t *scratch; /* [longest] periods of a buyer */
    int64_t units;
    int64_t orders;
} counts;

static pdm_status count_cells(const pdm__repurchase_facts *facts, counts *c, pdm_error *err) {
    if (facts->first > facts->last) return PDM_OK;
    pdm__int128 periods = (pdm__int128)facts->last - facts->first + 1;
    pdm__int128 all = periods * facts->group_count * facts->plan->n_count;
    if (all > MOST_CELLS) {
        return pdm__fail(err, PDM_E_LIMIT, -1, "period",
                         "expected at most %lld cells, got %.0f (%d groups, %d n-day rates, periods %lld to %lld)",
                         (long long)MOST_CELLS, (double)all, (int)facts->group_count, (int)facts->plan->n_count,
                         (long long)facts->first, (long long)facts->last);
    }
    c->periods = (size_t)periods;
    c->cell_count = (size_t)periods * (size_t)facts->group_count;
    c->n_count = (size_t)all;
    return PDM_OK;
}

static bool is_shown(const pdm__repurchase_facts *facts, int64_t period) {
    return period >= facts->first && period <= facts->last;
}

static size_t cell_at(const counts *c, int32_t group, int64_t period) {
    return (size_t)group * c->periods + (size_t)(period - c->facts->first);
}

static void add_cohort(counts *c, const pdm__repurchase_buyer *buyer) {
    const pdm__repurchase_facts *facts = c->facts;
    const pdm__repurchase_order *orders = buyer->orders;
    int64_t period = pdm__repurchase_period(facts, orders[0].time);
    if (!is_shown(facts, period)) return;
    size_t at = cell_at(c, orders[0].group, period);
    c->cells[at].size += 1;
    for (int32_t i = 0; i < facts->plan->n_count; i++) {
        uint64_t width = (uint64_t)facts->plan->n[i] * (uint64_t)DAY_US;
        n_cell *mine = &c->n_cells[at * (size_t)facts->plan->n_count + (size_t)i];
        bool mature = facts->as_of.known && facts->as_of.time >= orders[0].time &&
                      (uint64_t)facts->as_of.time - (uint64_t)orders[0].time >= width;
        if (!mature) continue;
        mine->mature += 1;
        mine->again += buyer->count > 1 && (uint64_t)orders[1].time - (uint64_t)orders[0].time <= width;
    }
}

static void add_periods(counts *c, const pdm__repurchase_buyer *buyer) {
    const int64_t *periods = c->scratch;
    pdm__repurchase_periods(c->facts, buyer, c->scratch);
    for (size_t i = 0, end = 0; i < buyer->count; i = end) {
        while (end < buyer->count && periods[end] == periods[i]) end++;
        if (!is_shown(c->facts, periods[i])) continue;
        cell *mine = &c->cells[cell_at(c, buyer->orders[0].group, periods[i])];
        mine->buyers += 1;
        mine->orders += (int64_t)(end - i);
        mine->repeats += end - i >= 2;
        mine->back += end < buyer->count && periods[end] == periods[i] + 1;
        mine->old += i > 0;
    }
}

static pdm_status count_buyers(counts *c, pdm_error *err) {
    const pdm__repurchase_facts *facts = c->facts;
    size_t seen = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__repurchase_part *part = &facts->parts[p];
        for (size_t at = 0; at < part->count;) {
            pdm__repurchase_buyer buyer = pdm__repurchase_buyer_at(facts, p, at);
            c->units += at == 0 || part->orders[at - 1].unit != part->orders[at].unit;
            c->orders += (int64_t)buyer.count;
            at += buyer.count;
            if (c->cell_count > 0) {
                add_periods(c, &buyer);
                add_cohort(c, &buyer);
            }
            if (++seen % POLL_BUYERS == 0 && pdm__run_poll(facts->run, 0)) return pdm__run_status(facts->run, err);
        }
    }
    return PDM_OK;
}

/* ---- periods ---- */

enum {
    PERIOD_GROUP,
    PERIOD_START,
    PERIOD_INDEX,
    PERIOD_BUYERS,
    PERIOD_ORDERS,
    PERIOD_FREQUENCY,
    PERIOD_REPEAT,
    PERIOD_RETURN = PERIOD_REPEAT + 5,
    PERIOD_RETURNING = PERIOD_RETURN + 5,
    PERIOD_COMPLETE = PERIOD_RETURNING + 5
};

static pdm_status put_period(const counts *c, pdm_table *table, int64_t row, int32_t group, int64_t period,
                             pdm_error *err) {
    const pdm__repurchase_facts *facts = c->facts;
    const cell *mine = &c->cells[row];
    bool zero = facts->plan->options->zero_denominator != 0;
    bool some = mine->buyers > 0;
    PDM__TRY(pdm__repurchase_put_group(facts, table, PERIOD_GROUP, row, group, err));
    pdm__table_i64(table, PERIOD_START)[row] = pdm__repurchase_period_start(facts, period);
    pdm__table_i64(table, PERIOD_INDEX)[row] = period;
    pdm__table_i64(table, PERIOD_BUYERS)[row] = mine->buyers;
    pdm__table_i64(table, PERIOD_ORDERS)[row] = mine->orders;
    PDM__TRY(pdm__table_put_ratio(table, PERIOD_FREQUENCY, row, some || zero,
                                  some ? pdm__ratio(mine->orders, mine->buyers) : 0.0, err));
    bool known = pdm__repurchase_complete(facts, period + 1, 0);
    PDM__TRY(pdm__repurchase_put_rate(facts, table, PERIOD_REPEAT, row, true, mine->repeats, mine->buyers, err));
    PDM__TRY(pdm__repurchase_put_rate(facts, table, PERIOD_RETURN, row, known, mine->back, mine->buyers, err));
    PDM__TRY(pdm__repurchase_put_rate(facts, table, PERIOD_RETURNING, row, true, mine->old, mine->buyers, err));
    pdm__table_bool(table, PERIOD_COMPLETE)[row] = pdm__repurchase_complete(facts, period, 0);
    return PDM_OK;
}

static pdm_status put_periods(const counts *c, pdm_result *result, pdm_error *err) {
    const pdm__repurchase_facts *facts = c->facts;
    pdm_table *table = NULL;
    int64_t row = 0;
    PDM__TRY(pdm__result_add(result, &pdm__repurchase_tables[REPURCHASE_TABLE_PERIODS], (int64_t)c->cell_count,
                             PDM_TYPE_INT64, &table, err));
    for (int32_t g = 0; g < facts->group_count; g++) {
        for (int64_t p = facts->first; p <= facts->last; p++) PDM__TRY(put_period(c, table, row++, g, p, err));
        if (pdm__run_poll(facts->run, 0)) return pdm__run_status(facts->run, err);
    }
    return PDM_OK;
}

/* ---- repurchase_n ---- */

enum { N_GROUP, N_START, N_COHORT, N_N, N_SIZE, N_RATE, N_COMPLETE = N_RATE + 5 };

static pdm_status put_n(const counts *c, pdm_table *table, int64_t row, int32_t group, int32_t n, int64_t size,
                        n_cell mine, pdm_error *err) {
    PDM__TRY(pdm__repurchase_put_group(c->facts, table, N_GROUP, row, group, err));
    pdm__table_i64(table, N_N)[row] = c->facts->plan->n[n];
    pdm__table_i64(table, N_SIZE)[row] = size;
    return pdm__repurchase_put_rate(c->facts, table, N_RATE, row, true, mine.again, mine.mature, err);
}

/* All cohorts of a group together. */
static pdm_status put_pooled(const counts *c, pdm_table *table, int64_t row, int32_t group, int32_t n, pdm_error *err) {
    const pdm__repurchase_facts *facts = c->facts;
    size_t first = (size_t)group * c->periods;
    int64_t size = 0;
    n_cell sum = {0, 0};
    for (size_t i = first; i < first + c->periods; i++) {
        const n_cell *mine = &c->n_cells[i * (size_t)facts->plan->n_count + (size_t)n];
        size += c->cells[i].size;
        sum.mature += mine->mature;
        sum.again += mine->again;
    }
    PDM__TRY(put_n(c, table, row, group, n, size, sum, err));
    PDM__TRY(pdm__table_set_null(table, N_START, row, err));
    PDM__TRY(pdm__table_set_null(table, N_COHORT, row, err));
    pdm__table_bool(table, N_COMPLETE)[row] =
        c->periods > 0 && pdm__repurchase_complete(facts, facts->last, facts->plan->n[n] * DAY_US);
    return PDM_OK;
}

static pdm_status put_cohort(const counts *c, pdm_table *table, int64_t row, int32_t group, int64_t period,
                             pdm_error *err) {
    const pdm__repurchase_facts *facts = c->facts;
    size_t at = cell_at(c, group, period);
    for (int32_t n = 0; n < facts->plan->n_count; n++, row++) {
        n_cell mine = c->n_cells[at * (size_t)facts->plan->n_count + (size_t)n];
        PDM__TRY(put_n(c, table, row, group, n, c->cells[at].size, mine, err));
        pdm__table_i64(table, N_START)[row] = pdm__repurchase_period_start(facts, period);
        pdm__table_i64(table, N_COHORT)[row] = period;
        pdm__table_bool(table, N_COMPLETE)[row] = pdm__repurchase_complete(facts, period, facts->plan->n[n] * DAY_US);
    }
    return PDM_OK;
}

static pdm_status put_cohorts(const counts *c, pdm_result *result, pdm_error *err) {
    const pdm__repurchase_facts *facts = c->facts;
    int64_t each = facts->plan->n_count;
    int64_t rows = (int64_t)c->n_count + each * facts->group_count;
    pdm_table *table = NULL;
    int64_t row = 0;
    PDM__TRY(pdm__result_add(result, &pdm__repurchase_tables[REPURCHASE_TABLE_N], rows, PDM_TYPE_INT64, &table, err));
    for (int32_t g = 0; g < facts->group_count; g++) {
        for (int32_t n = 0; n < each; n++) PDM__TRY(put_pooled(c, table, row++, g, n, err));
        for (int64_t p = facts->first; p <= facts->last; p++, row += each)
            PDM__TRY(put_cohort(c, table, row, g, p, err));
        if (pdm__run_poll(facts->run, 0)) return pdm__run_status(facts->run, err);
    }
    return PDM_OK;
}

/* ---- totals ---- */

static pdm_status put_totals(const counts *c, pdm_result *result, pdm_error *err) {
    const pdm__repurchase_facts *facts = c->facts;
    const int64_t values[] = {facts->view->rows, facts->view->rows_null, c->units, c->orders, facts->as_of.time};
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &pdm__repurchase_tables[REPURCHASE_TABLE_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    for (int32_t i = 0; i < PDM__COUNT(values); i++) pdm__table_i64(table, i)[0] = values[i];
    return facts->as_of.known ? PDM_OK : pdm__table_set_null(table, PDM__COUNT(values) - 1, 0, err);
}

/* ---- all of it ---- */

static pdm_status put_counts(counts *c, pdm_result *result, pdm_error *err) {
    pdm_context *context = c->facts->run->context;
    PDM__TRY(count_cells(c->facts, c, err));
    PDM__TRY(pdm__new_zero(context, c->cell_count, sizeof *c->cells, &c->cells, err));
    PDM__TRY(pdm__new_zero(context, c->n_count, sizeof *c->n_cells, &c->n_cells, err));
    PDM__TRY(pdm__new(context, c->facts->longest, sizeof *c->scratch, &c->scratch, err));
    PDM__TRY(count_buyers(c, err));
    PDM__TRY(put_periods(c, result, err));
    PDM__TRY(put_cohorts(c, result, err));
    PDM__TRY(pdm__repurchase_put_gap_tables(c->facts, result, err));
    PDM__TRY(put_totals(c, result, err));
    if (c->facts->plan->options->list_units == 0) return PDM_OK;
    return pdm__repurchase_put_lists(c->facts, result, err);
}

static pdm_status put_tables(const pdm__repurchase_facts *facts, pdm_result *result, pdm_error *err) {
    pdm_context *context = facts->run->context;
    counts c = {.facts = facts};
    pdm_status status = put_counts(&c, result, err);
    pdm__drop(context, c.cells, c.cell_count, sizeof *c.cells);
    pdm__drop(context, c.n_cells, c.n_count, sizeof *c.n_cells);
    pdm__drop(context, c.scratch, facts->longest, sizeof *c.scratch);
    return status;
}

pdm_status pdm__repurchase_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    pdm__repurchase_facts facts = {.view = view, .plan = view->plan->own, .run = run};
    pdm_status status = pdm__repurchase_gather(&facts, err);
    if (status == PDM_OK) status = put_tables(&facts, result, err);
    pdm__repurchase_clear(&facts);
    return status;
}
