/*
 * Elimination of chains with many states, row by row, keeping only what is not zero: Grassmann, Taksar and Heyman again, in the order of
 * how many transitions lead to and from a state.
 */
#include "stats/chain.h"

#include <stdlib.h>

typedef struct cell {
    uint32_t at;
    uint32_t reserved;
    double share;
} cell;

typedef struct cells {
    cell *items;
    size_t count;
    size_t room;
} cells;

typedef struct sparse {
    pdm_context *context;
    size_t count;
    cells *rows;    /* transitions to states that are left; of an eliminated state, to those that were left then */
    cells *columns; /* states that lead to this one: with the multipliers once it is eliminated */
    double *leave;
    double *pivot;
    uint32_t *order; /* state eliminated at each turn, the start last */
    uint8_t *gone;
    size_t *place; /* + 1: of a state in the row at hand; 0 = not there */
} sparse;

static pdm_status put(pdm_context *context, cells *list, uint32_t at, double share, pdm_error *err) {
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 4 : list->room * 2;
        PDM__TRY(pdm__renew(context, list->room, room, sizeof *list->items, &list->items, err));
        list->room = room;
    }
    list->items[list->count++] = (cell){.at = at, .share = share};
    return PDM_OK;
}

static void sparse_clear(sparse *m) {
    for (size_t s = 0; s < m->count; s++) {
        if (m->rows != NULL) pdm__drop(m->context, m->rows[s].items, m->rows[s].room, sizeof(cell));
        if (m->columns != NULL) pdm__drop(m->context, m->columns[s].items, m->columns[s].room, sizeof(cell));
    }
    pdm__drop(m->context, m->rows, m->count, sizeof *m->rows);
    pdm__drop(m->context, m->columns, m->count, sizeof *m->columns);
    pdm__drop(m->context, m->leave, m->count, sizeof *m->leave);
    pdm__drop(m->context, m->pivot, m->count, sizeof *m->pivot);
    pdm__drop(m->context, m->order, m->count, sizeof *m->order);
    pdm__drop(m->context, m->gone, m->count, sizeof *m->gone);
    pdm__drop(m->context, m->place, m->count, sizeof *m->place);
}

typedef struct rank {
    uint64_t weight;
    uint32_t state;
} rank;

static int by_weight(const void *left, const void *right) {
    const rank *a = left;
    const rank *b = right;
    if (a->weight != b->weight) return a->weight < b->weight ? -1 : 1;
    return a->state > b->state ? -1 : a->state < b->state; /* later states first */
}

static pdm_status choose_order(sparse *m, pdm_error *err) {
    rank *ranks = NULL;
    PDM__TRY(pdm__new(m->context, m->count, sizeof *ranks, &ranks, err));
    for (size_t s = 0; s < m->count; s++) {
        uint64_t weight = s == 0 ? UINT64_MAX : (uint64_t)m->rows[s].count * (uint64_t)m->columns[s].count;
        ranks[s] = (rank){weight, (uint32_t)s};
    }
    qsort(ranks, m->count, sizeof *ranks, by_weight);
    for (size_t i = 0; i < m->count; i++) m->order[i] = ranks[i].state;
    pdm__drop(m->context, ranks, m->count, sizeof *ranks);
    return PDM_OK;
}

static pdm_status sparse_fill(sparse *m, const pdm__chain *chain, const uint8_t *dead, pdm_error *err) {
    for (size_t s = 0; s < m->count; s++) {
        m->leave[s] = chain->leave[s];
        if (dead != NULL && dead[s] != 0) {
            m->leave[s] = 1.0;
            continue;
        }
        for (size_t i = chain->starts[s]; i < chain->starts[s + 1]; i++) {
            uint32_t to = chain->to[i];
            if (dead != NULL && dead[to] != 0) {
                m->leave[s] += chain->share[i];
                continue;
            }
            PDM__TRY(put(m->context, &m->rows[s], to, chain->share[i], err));
            PDM__TRY(put(m->context, &m->columns[to], (uint32_t)s, 0.0, err));
        }
    }
    return PDM_OK;
}

/* Leaves out of a row what has been eliminated. */
static void compact(sparse *m, cells *row) {
    size_t kept = 0;
    for (size_t i = 0; i < row->count; i++) {
        if (m->gone[row->items[i].at] == 0) row->items[kept++] = row->items[i];
    }
    row->count = kept;
}

/* row i: what went to `state` goes where that leads. */
static pdm_status bypass(sparse *m, uint32_t i, uint32_t state, double *factor, pdm_error *err) {
    cells *row = &m->rows[i];
    const cells *over = &m->rows[state];
    for (size_t c = 0; c < row->count; c++) m->place[row->items[c].at] = c + 1;
    *factor = row->items[m->place[state] - 1].share / m->pivot[state];
    pdm_status status = PDM_OK;
    for (size_t c = 0; c < over->count && status == PDM_OK; c++) {
        uint32_t to = over->items[c].at;
        if (to == i) continue; /* a way back to itself: the pivot does not look at it */
        if (m->place[to] > 0) {
            row->items[m->place[to] - 1].share += *factor * over->items[c].share;
            continue;
        }
        status = put(m->context, row, to, *factor * over->items[c].share, err);
        if (status == PDM_OK) status = put(m->context, &m->columns[to], i, 0.0, err);
    }
    m->leave[i] += *factor * m->leave[state];
    for (size_t c = 0; c < row->count; c++) m->place[row->items[c].at] = 0;
    return status;
}

static pdm_status eliminate_state(sparse *m, uint32_t state, pdm_error *err) {
    cells *column = &m->columns[state];
    compact(m, &m->rows[state]);
    m->pivot[state] = m->leave[state];
    for (size_t c = 0; c < m->rows[state].count; c++) m->pivot[state] += m->rows[state].items[c].share;
    size_t kept = 0;
    for (size_t c = 0; c < column->count; c++) {
        uint32_t i = column->items[c].at;
        if (m->gone[i] != 0) continue;
        double factor = 0.0;
        compact(m, &m->rows[i]);
        PDM__TRY(bypass(m, i, state, &factor, err));
        column->items[kept++] = (cell){.at = i, .share = factor};
    }
    column->count = kept;
    m->gone[state] = 1;
    return PDM_OK;
}

static pdm_status sparse_make(sparse *m, const pdm__chain *chain, const uint8_t *dead, pdm_error *err) {
    PDM__TRY(pdm__new_zero(m->context, m->count, sizeof *m->rows, &m->rows, err));
    PDM__TRY(pdm__new_zero(m->context, m->count, sizeof *m->columns, &m->columns, err));
    PDM__TRY(pdm__new(m->context, m->count, sizeof *m->leave, &m->leave, err));
    PDM__TRY(pdm__new(m->context, m->count, sizeof *m->pivot, &m->pivot, err));
    PDM__TRY(pdm__new(m->context, m->count, sizeof *m->order, &m->order, err));
    PDM__TRY(pdm__new_zero(m->context, m->count, sizeof *m->gone, &m->gone, err));
    PDM__TRY(pdm__new_zero(m->context, m->count, sizeof *m->place, &m->place, err));
    PDM__TRY(sparse_fill(m, chain, dead, err));
    PDM__TRY(choose_order(m, err));
    for (size_t i = 0; i < m->count; i++) PDM__TRY(eliminate_state(m, m->order[i], err));
    return PDM_OK;
}

static void sparse_gains(const sparse *m, const double *gain, double *out) {
    memcpy(out, gain, m->count * sizeof *out);
    for (size_t k = 0; k < m->count; k++) {
        const cells *column = &m->columns[m->order[k]];
        for (size_t c = 0; c < column->count; c++)
            out[column->items[c].at] += column->items[c].share * out[m->order[k]];
    }
    for (size_t k = m->count; k-- > 0;) {
        const cells *row = &m->rows[m->order[k]];
        double sum = out[m->order[k]];
        for (size_t c = 0; c < row->count; c++) sum += row->items[c].share * out[row->items[c].at];
        out[m->order[k]] = sum / m->pivot[m->order[k]];
    }
}

static void sparse_visits(const sparse *m, double *out) {
    memset(out, 0, m->count * sizeof *out);
    for (size_t k = m->count; k-- > 0;) {
        uint32_t state = m->order[k];
        const cells *column = &m->columns[state];
        double sum = 0.0;
        for (size_t c = 0; c < column->count; c++) sum += out[column->items[c].at] * column->items[c].share;
        out[state] = state == 0 ? 1.0 / m->pivot[0] : sum;
    }
}

pdm_status pdm__chain_eliminate(const pdm__chain *chain, const double *gain, const uint8_t *dead, double *out,
                                pdm_error *err) {
    sparse m = {.context = chain->context, .count = chain->count};
    pdm_status status = sparse_make(&m, chain, dead, err);
    if (status == PDM_OK && gain != NULL) sparse_gains(&m, gain, out);
    if (status == PDM_OK && gain == NULL) sparse_visits(&m, out);
    sparse_clear(&m);
    return status;
}
