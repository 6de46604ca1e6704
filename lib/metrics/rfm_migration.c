/* Who moved where: segments of one window against those of the next. */
#include "metrics/rfm_internal.h"

#include "stats/ratio.h"

/* Sides of a cell beyond the segments. From: absent (or new, dormant); to: absent (or lost). */
typedef struct matrix {
    int32_t segments;
    int32_t from_count; /* segments and from-side absences */
    int32_t to_count;
    bool detail;
    int64_t *cells; /* [from_count][to_count] */
} matrix;

typedef struct totals {
    int64_t both;
    int64_t upgraded;
    int64_t unchanged;
    int64_t downgraded;
    int64_t lost;
    int64_t joined;
    int64_t a;
    int64_t b;
} totals;

static int32_t absent_from(const pdm__rfm_work *work, const matrix *m, const pdm__rfm_window *b, uint32_t position) {
    if (!m->detail) return m->segments;
    int64_t first = work->firsts[position];
    bool is_new = !b->has_from || first >= b->from;
    return m->segments + (is_new ? 0 : 1);
}

/* Both windows list their customers by rising position: one walk pairs them. */
static void fill(const pdm__rfm_work *work, int32_t window, matrix *m, totals *t) {
    const pdm__rfm_population *a = &work->populations[window];
    const pdm__rfm_population *b = &work->populations[window + 1];
    const int32_t *ranks = work->map.ranks;
    size_t i = 0;
    size_t j = 0;
    while (i < a->count || j < b->count) {
        bool in_a = i < a->count && (j == b->count || a->position[i] <= b->position[j]);
        bool in_b = j < b->count && (i == a->count || b->position[j] <= a->position[i]);
        int32_t from =
            in_a ? a->segments[i] - 1 : absent_from(work, m, &work->plan->windows[window + 1], b->position[j]);
        int32_t to = in_b ? b->segments[j] - 1 : m->segments;
        m->cells[from * m->to_count + to] += 1;
        if (in_a && in_b) {
            t->both += 1;
            t->upgraded += ranks[to] < ranks[from];
            t->unchanged += ranks[to] == ranks[from];
            t->downgraded += ranks[to] > ranks[from];
        }
        t->lost += in_a && !in_b;
        t->joined += in_b && !in_a;
        i += in_a;
        j += in_b;
    }
    t->a = (int64_t)a->count;
    t->b = (int64_t)b->count;
}

static const char *from_name(const pdm__rfm_work *work, const matrix *m, int32_t from) {
    if (from < m->segments) return work->map.names[from];
    if (!m->detail) return "absent";
    return from == m->segments ? "new" : "dormant";
}

static const char *to_name(const pdm__rfm_work *work, const matrix *m, int32_t to) {
    if (to < m->segments) return work->map.names[to];
    return m->detail ? "lost" : "absent";
}

static pdm_status put_ratio(const pdm__rfm_work *work, pdm_table *table, int32_t column, int64_t row, int64_t a,
                            int64_t b, pdm_error *err) {
    bool zero = b == 0 && work->plan->options->zero_denominator != 0;
    return pdm__table_put_ratio(table, column, row, b != 0 || zero, b != 0 ? pdm__ratio(a, b) : 0.0, err);
}

static pdm_status put_cell(const pdm__rfm_work *work, const matrix *m, int32_t window, int32_t from, int32_t to,
                           pdm_table *table, int64_t row, pdm_error *err) {
    int64_t row_sum = 0;
    int64_t column_sum = 0;
    for (int32_t c = 0; c < m->to_count; c++) row_sum += m->cells[from * m->to_count + c];
    for (int32_t r = 0; r < m->from_count; r++) column_sum += m->cells[r * m->to_count + to];
    int64_t customers = m->cells[from * m->to_count + to];
    bool both = from < m->segments && to < m->segments;
    PDM__TRY(pdm__table_put_string(table, 0, row, work->plan->windows[window].name, err));
    PDM__TRY(pdm__table_put_string(table, 1, row, work->plan->windows[window + 1].name, err));
    PDM__TRY(pdm__table_put_string(table, 2, row, from_name(work, m, from), err));
    PDM__TRY(pdm__table_put_string(table, 3, row, to_name(work, m, to), err));
    pdm__table_i64(table, 4)[row] = customers;
    PDM__TRY(put_ratio(work, table, 5, row, customers, row_sum, err));
    PDM__TRY(put_ratio(work, table, 6, row, customers, column_sum, err));
    pdm__table_i32(table, 7)[row] = both ? work->map.ranks[from] - work->map.ranks[to] : 0;
    return both ? PDM_OK : pdm__table_set_null(table, 7, row, err);
}

static pdm_status put_matrix(const pdm__rfm_work *work, const matrix *m, int32_t window, pdm_table *table, int64_t *row,
                             pdm_error *err) {
    for (int32_t from = 0; from < m->from_count; from++) {
        for (int32_t to = 0; to < m->to_count; to++) {
            if (from >= m->segments && to >= m->segments) continue; /* in neither window */
            PDM__TRY(put_cell(work, m, window, from, to, table, (*row)++, err));
        }
    }
    return PDM_OK;
}

static pdm_status put_summary(const pdm__rfm_work *work, const totals *t, int32_t window, pdm_table *table,
                              pdm_error *err) {
    PDM__TRY(pdm__table_put_string(table, 0, window, work->plan->windows[window].name, err));
    PDM__TRY(pdm__table_put_string(table, 1, window, work->plan->windows[window + 1].name, err));
    const int64_t counts[] = {t->both, t->upgraded, t->unchanged, t->downgraded};
    for (int32_t i = 0; i < PDM__COUNT(counts); i++) pdm__table_i64(table, 2 + i)[window] = counts[i];
    PDM__TRY(put_ratio(work, table, 6, window, t->upgraded, t->both, err));
    PDM__TRY(put_ratio(work, table, 7, window, t->downgraded, t->both, err));
    pdm__table_i64(table, 8)[window] = t->lost;
    PDM__TRY(put_ratio(work, table, 9, window, t->lost, t->a, err));
    pdm__table_i64(table, 10)[window] = t->joined;
    return put_ratio(work, table, 11, window, t->joined, t->b, err);
}

static pdm_status migrate(const pdm__rfm_work *work, matrix *m, pdm_table *table, pdm_table *summary, pdm_error *err) {
    int64_t row = 0;
    for (int32_t window = 0; window + 1 < work->plan->window_count; window++) {
        totals t;
        memset(&t, 0, sizeof t);
        memset(m->cells, 0, (size_t)(m->from_count * m->to_count) * sizeof *m->cells);
        fill(work, window, m, &t);
        PDM__TRY(put_matrix(work, m, window, table, &row, err));
        PDM__TRY(put_summary(work, &t, window, summary, err));
    }
    return PDM_OK;
}

pdm_status pdm__rfm_migration(pdm__rfm_work *work, pdm_error *err) {
    if (work->map.count == 0) return PDM_OK;
    matrix m = {.segments = work->map.count, .detail = work->plan->options->absent_detail != 0};
    m.from_count = m.segments + (m.detail ? 2 : 1);
    m.to_count = m.segments + 1;
    int64_t pairs = work->plan->window_count - 1;
    int64_t cells = (int64_t)m.from_count * m.to_count - (m.from_count - m.segments);
    pdm_table *table = NULL;
    pdm_table *summary = NULL;
    PDM__TRY(pdm__result_add(work->result, &pdm__rfm_tables[RFM_TABLE_MIGRATION], pairs * cells, PDM_TYPE_INT64, &table,
                             err));
    PDM__TRY(pdm__result_add(work->result, &pdm__rfm_tables[RFM_TABLE_MIGRATION_SUMMARY], pairs, PDM_TYPE_INT64,
                             &summary, err));
    size_t room = (size_t)m.from_count * (size_t)m.to_count;
    PDM__TRY(pdm__new(work->context, room, sizeof *m.cells, &m.cells, err));
    pdm_status status = migrate(work, &m, table, summary, err);
    pdm__drop(work->context, m.cells, room, sizeof *m.cells);
    return status;
}
