#include "plan/two_way.h"

/* Nodes are rows 0 … R−1 and columns R … R+C−1. Raising a cell goes row → column, lowering it column → row. */
typedef struct flow {
    pdm__calc *calc;
    const pdm__two_way *t;
    int64_t *x;
    double *log_row;    /* ln r_i, moved along with the paths so that every arc keeps a cost ≥ 0 */
    double *log_column; /* ln c_j */
    int64_t *missing;   /* per node: total − sum; columns likewise */
    double *distance;
    int32_t *previous;
    uint8_t *settled;
    pdm__decimal *weights; /* the seed as decimals */
} flow;

static size_t cell(const flow *f, int32_t row, int32_t column) {
    return (size_t)row * (size_t)f->t->columns + (size_t)column;
}

/* Cost of one more unit in a cell at the present factors: ln((x + ½)/(seed·r·c)) ≥ 0. */
static double cost_up(const flow *f, int32_t row, int32_t column) {
    size_t at = cell(f, row, column);
    if (!(f->t->seed[at] > 0.0)) return PDM__INF;
    double cost = log((double)f->x[at] + 0.5) - log(f->t->seed[at]) - f->log_row[row] - f->log_column[column];
    return cost > 0.0 ? cost : 0.0;
}

static double cost_down(const flow *f, int32_t row, int32_t column) {
    size_t at = cell(f, row, column);
    if (f->x[at] == 0) return PDM__INF;
    double cost = log(f->t->seed[at]) + f->log_row[row] + f->log_column[column] - log((double)f->x[at] - 0.5);
    return cost > 0.0 ? cost : 0.0;
}

static bool is_source(const flow *f, int32_t node) {
    return node < f->t->rows ? f->missing[node] > 0 : f->missing[node] < 0;
}
static bool is_sink(const flow *f, int32_t node) {
    return node < f->t->rows ? f->missing[node] < 0 : f->missing[node] > 0;
}

/* Dijkstra on a dense graph from all sources to the nearest sink; −1 if there is none. */
static int32_t nearest_sink(flow *f) {
    int32_t rows = f->t->rows;
    int32_t nodes = rows + f->t->columns;
    for (int32_t n = 0; n < nodes; n++) {
        f->distance[n] = is_source(f, n) ? 0.0 : PDM__INF;
        f->previous[n] = -1;
        f->settled[n] = 0;
    }
    for (;;) {
        int32_t best = -1;
        for (int32_t n = 0; n < nodes; n++) {
            if (f->settled[n] == 0 && f->distance[n] < PDM__INF && (best < 0 || f->distance[n] < f->distance[best]))
                best = n;
        }
        if (best < 0) return -1;
        f->settled[best] = 1;
        if (is_sink(f, best)) return best;
        bool down = best >= rows;
        int32_t from = down ? 0 : rows;
        int32_t to = down ? rows : nodes;
        for (int32_t n = from; n < to; n++) {
            if (f->settled[n] != 0) continue;
            double cost = down ? cost_down(f, n, best - rows) : cost_up(f, best, n - rows);
            if (f->distance[best] + cost < f->distance[n]) {
                f->distance[n] = f->distance[best] + cost;
                f->previous[n] = best;
            }
        }
    }
}

/* Moves the factors so that the shortest path costs nothing and no arc less than nothing, then a unit along it. */
static void send_unit(flow *f, int32_t sink) {
    int32_t rows = f->t->rows;
    double length = f->distance[sink];
    for (int32_t n = 0; n < rows + f->t->columns; n++) {
        double shift = f->settled[n] != 0 ? f->distance[n] : length;
        if (n < rows) {
            f->log_row[n] -= shift;
        } else {
            f->log_column[n - rows] += shift;
        }
    }
    f->missing[sink] += sink < rows ? 1 : -1;
    int32_t node = sink;
    for (; f->previous[node] >= 0; node = f->previous[node]) {
        int32_t from = f->previous[node];
        if (from < rows) {
            f->x[cell(f, from, node - rows)]++;
        } else {
            f->x[cell(f, node, from - rows)]--;
        }
    }
    f->missing[node] += node < rows ? -1 : 1;
}

/* ---- ties ---- */

/* number ·= decimal, its power of ten kept apart. */
static void multiply(uint64_t *number, int32_t words, int32_t *power, pdm__decimal d) {
    (void)pdm__words_scale(number, words, d.digits);
    *power += d.exponent;
}

static void raise(uint64_t *number, int32_t words, int32_t power) {
    for (; power > 0; power -= 19) (void)pdm__words_scale(number, words, pdm__power_of_ten(power < 19 ? power : 19));
}

/*
 * Does the cycle gain (1), lose (−1) or tie (0)? It raises cell (row, column) and runs back from its column to its row along `previous`. Gain
 * is Π seed/(2x + 1) over raised cells against Π seed/(2x − 1) over lowered ones, as products of integers.
 */
static pdm_status compare_cycle(flow *f, int32_t row, int32_t column, int *order, pdm_error *err) {
    int32_t rows = f->t->rows;
    int32_t length = 1;
    int32_t spread = 0;
    for (int32_t n = row; f->previous[n] >= 0; n = f->previous[n]) length++;
    for (size_t at = 0; at < (size_t)rows * (size_t)f->t->columns; at++) {
        int32_t size = f->weights[at].exponent < 0 ? -f->weights[at].exponent : f->weights[at].exponent;
        spread = size > spread ? size : spread;
    }
    int32_t words = 2 * length + 2 + length * spread * 4 / 64 + 1;
    uint64_t *up = NULL;
    uint64_t *down = NULL;
    PDM__TRY(pdm__new_zero(f->calc->context, (size_t)words, 2 * sizeof *up, &up, err));
    down = up + words;
    int32_t power_up = 0;
    int32_t power_down = 0;
    up[0] = down[0] = 1;
    int32_t raised_row = row;
    int32_t raised_column = column;
    int32_t node = row;
    for (bool raising = true;; raising = !raising) {
        size_t at = cell(f, raised_row, raised_column);
        uint64_t twice = 2 * (uint64_t)f->x[at];
        multiply(raising ? up : down, words, raising ? &power_up : &power_down, f->weights[at]);
        (void)pdm__words_scale(raising ? down : up, words, raising ? twice + 1 : twice - 1);
        int32_t before = f->previous[node];
        if (before < 0) break;
        raised_row = node < rows ? node : before;
        raised_column = (node < rows ? before : node) - rows;
        node = before;
    }
    raise(up, words, power_up - power_down);
    raise(down, words, power_down - power_up);
    *order = pdm__words_compare(up, down, words);
    pdm__drop(f->calc->context, up, (size_t)words, 2 * sizeof *up);
    return PDM_OK;
}

/* Breadth-first from `column` to `row` over arcs without cost, through cells after (row, column) in row-major order only. */
static bool path_back(flow *f, int32_t row, int32_t column, int32_t *queue) {
    int32_t rows = f->t->rows;
    int32_t nodes = rows + f->t->columns;
    size_t first = cell(f, row, column);
    for (int32_t n = 0; n < nodes; n++) {
        f->previous[n] = -1;
        f->settled[n] = 0;
    }
    int32_t head = 0;
    int32_t tail = 0;
    queue[tail++] = rows + column;
    f->settled[rows + column] = 1;
    while (head < tail && f->settled[row] == 0) {
        int32_t at = queue[head++];
        bool down = at >= rows;
        for (int32_t n = down ? 0 : rows; n < (down ? rows : nodes); n++) {
            if (f->settled[n] != 0) continue;
            int32_t r = down ? n : at;
            int32_t c = (down ? at : n) - rows;
            if (cell(f, r, c) <= first) continue;
            if ((down ? cost_down(f, r, c) : cost_up(f, r, c)) > 1e-9) continue;
            f->settled[n] = 1;
            f->previous[n] = at;
            queue[tail++] = n;
        }
    }
    return f->settled[row] != 0;
}

/* Gives each cell in turn as much as the ties allow without touching the cells before it. */
static pdm_status settle_ties(flow *f, int32_t *queue, pdm_error *err) {
    for (int32_t row = 0; row < f->t->rows; row++) {
        for (int32_t column = 0; column < f->t->columns; column++) {
            while (cost_up(f, row, column) <= 1e-9 && path_back(f, row, column, queue)) {
                int order = 0;
                PDM__TRY(compare_cycle(f, row, column, &order, err));
                if (order < 0) break;
                f->x[cell(f, row, column)]++;
                for (int32_t node = row; f->previous[node] >= 0; node = f->previous[node]) {
                    int32_t before = f->previous[node];
                    if (node < f->t->rows) {
                        f->x[cell(f, node, before - f->t->rows)]--;
                    } else {
                        f->x[cell(f, before, node - f->t->rows)]++;
                    }
                }
            }
        }
    }
    return PDM_OK;
}

/* ---- entry ---- */

static pdm_status make_flow(pdm__calc *calc, pdm__two_way *t, const int64_t *row_total, const int64_t *column_total,
                            int64_t *amounts, flow *f, pdm_error *err) {
    int64_t nodes = (int64_t)t->rows + t->columns;
    size_t cells = (size_t)t->rows * (size_t)t->columns;
    *f = (flow){.calc = calc, .t = t, .x = amounts};
    PDM__TRY(pdm__calc_array(calc, t->rows, sizeof *f->log_row, &f->log_row, err));
    PDM__TRY(pdm__calc_array(calc, t->columns, sizeof *f->log_column, &f->log_column, err));
    PDM__TRY(pdm__calc_array(calc, nodes, sizeof *f->missing, &f->missing, err));
    PDM__TRY(pdm__calc_array(calc, nodes, sizeof *f->distance, &f->distance, err));
    PDM__TRY(pdm__calc_array(calc, nodes, sizeof *f->previous, &f->previous, err));
    PDM__TRY(pdm__calc_array(calc, nodes, sizeof *f->settled, &f->settled, err));
    PDM__TRY(pdm__calc_array(calc, (int64_t)cells, sizeof *f->weights, &f->weights, err));
    for (size_t at = 0; at < cells; at++) f->weights[at] = pdm__decimal_of_double(t->seed[at]);
    for (int32_t r = 0; r < t->rows; r++) {
        /* A line without total has no factor; a tiny one keeps the logarithm finite and its cells empty. */
        f->log_row[r] = t->row_factor[r] > 0.0 ? log(t->row_factor[r]) : -700.0;
        f->missing[r] = row_total[r];
    }
    for (int32_t c = 0; c < t->columns; c++) {
        f->log_column[c] = t->column_factor[c] > 0.0 ? log(t->column_factor[c]) : -700.0;
        f->missing[t->rows + c] = column_total[c];
    }
    for (size_t at = 0; at < cells; at++) {
        int32_t r = (int32_t)(at / (size_t)t->columns);
        int32_t c = (int32_t)(at % (size_t)t->columns);
        double fit = t->seed[at] > 0.0 ? exp(log(t->seed[at]) + f->log_row[r] + f->log_column[c]) : 0.0;
        f->x[at] = (int64_t)floor(fit + 0.5);
        f->missing[r] -= f->x[at];
        f->missing[t->rows + c] -= f->x[at];
    }
    return PDM_OK;
}

pdm_status pdm__biproportional(pdm__calc *calc, pdm__two_way *t, const int64_t *row_total, const int64_t *column_total,
                               int64_t *amounts, pdm_error *err) {
    PDM__TRY(pdm__ipf(calc, t, 1e-12, 1000, err)); /* only a start: how far it came does not matter */
    if (t->status == PDM_STATUS_INFEASIBLE) return PDM_OK;
    flow f;
    int32_t *queue = NULL;
    PDM__TRY(make_flow(calc, t, row_total, column_total, amounts, &f, err));
    PDM__TRY(pdm__calc_array(calc, (int64_t)t->rows + t->columns, sizeof *queue, &queue, err));
    int32_t nodes = t->rows + t->columns;
    for (;;) {
        bool open = false;
        for (int32_t n = 0; n < nodes && !open; n++) open = f.missing[n] != 0;
        if (!open) break;
        PDM__TRY(pdm__calc_poll(calc, (int64_t)t->rows * t->columns, err));
        int32_t sink = nearest_sink(&f);
        if (sink < 0) {
            t->status = PDM_STATUS_INFEASIBLE;
            return PDM_OK;
        }
        send_unit(&f, sink);
    }
    PDM__TRY(settle_ties(&f, queue, err));
    for (int32_t r = 0; r < t->rows; r++) t->row_factor[r] = exp(f.log_row[r]);
    for (int32_t c = 0; c < t->columns; c++) t->column_factor[c] = exp(f.log_column[c]);
    t->status = PDM_STATUS_OK;
    t->residual = 0.0;
    return PDM_OK;
}
