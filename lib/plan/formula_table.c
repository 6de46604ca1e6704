/* A formula over tables of months, channels and segments: node by node, cell by cell, leaves spread over what they do not carry. */
#include "plan/formula.h"

/* Steps of an operand's table per month, channel and segment: 0 where it does not carry the dimension. */
typedef struct steps {
    int64_t by[3];
} steps;

static steps steps_of(const pdm__table_run *run, int32_t dimensions) {
    steps s = {{0, 0, 0}};
    int64_t step = 1;
    for (int32_t d = 2; d >= 0; d--) {
        if ((dimensions & 1 << d) == 0) continue;
        s.by[d] = step;
        step *= run->sizes[d];
    }
    return s;
}

int64_t pdm__table_cells(const pdm__table_run *run, int32_t dimensions) {
    int64_t cells = 1;
    for (int32_t d = 0; d < 3; d++) cells *= (dimensions & 1 << d) != 0 ? run->sizes[d] : 1;
    return cells;
}

int64_t pdm__table_at(const pdm__table_run *run, int32_t dimensions, const int64_t at[3]) {
    steps s = steps_of(run, dimensions);
    return at[0] * s.by[0] + at[1] * s.by[1] + at[2] * s.by[2];
}

/*
 * Walks the cells of a table over `dimensions`, with the position in an operand's table over `other`. `cell` and `from` are set for each run
 * of `length` cells in which the operand moves by `step`.
 */
typedef struct walk {
    int64_t sizes[3];
    steps other;
    int64_t at[3];
    int64_t cell;
    int64_t from;
    int64_t length;
    int64_t step;
    bool started;
} walk;

static walk walk_begin(const pdm__table_run *run, int32_t dimensions, int32_t other) {
    walk w = {.started = false};
    for (int32_t d = 0; d < 3; d++) w.sizes[d] = (dimensions & 1 << d) != 0 ? run->sizes[d] : 1;
    w.other = steps_of(run, other);
    w.length = w.sizes[2];
    w.step = (dimensions & 4) != 0 ? w.other.by[2] : 0;
    return w;
}

static bool walk_next(walk *w) {
    if (w->started) {
        w->cell += w->length;
        if (++w->at[1] == w->sizes[1]) {
            w->at[1] = 0;
            if (++w->at[0] == w->sizes[0]) return false;
        }
    }
    w->started = true;
    w->from = w->at[0] * (w->sizes[0] > 1 ? w->other.by[0] : 0) + w->at[1] * (w->sizes[1] > 1 ? w->other.by[1] : 0);
    return true;
}

/* ---- evaluating ---- */

static void combine(int32_t op, double *out, const double *in, int64_t length, int64_t step) {
    switch (op) {
    case PDM__OP_ADD:
        for (int64_t i = 0; i < length; i++) out[i] += in[i * step];
        break;
    case PDM__OP_SUB:
        for (int64_t i = 0; i < length; i++) out[i] -= in[i * step];
        break;
    case PDM__OP_MUL:
        for (int64_t i = 0; i < length; i++) out[i] *= in[i * step];
        break;
    case PDM__OP_DIV: /* a divisor of 0 gives inf or NaN here, and a status by its cell */
        for (int64_t i = 0; i < length; i++) out[i] /= in[i * step];
        break;
    default: /* MIN, MAX */
        for (int64_t i = 0; i < length; i++) {
            double value = in[i * step];
            bool better = op == PDM__OP_MIN ? value < out[i] : value > out[i];
            if (better || isnan(value)) out[i] = value;
        }
        break;
    }
}

static void copy_operand(const pdm__table_run *run, const pdm__node *node, int32_t operand, double *out) {
    walk w = walk_begin(run, node->dimensions, run->tree->nodes[operand].dimensions);
    while (walk_next(&w)) {
        for (int64_t i = 0; i < w.length; i++) out[w.cell + i] = run->value[operand][w.from + i * w.step];
    }
}

/* Σ over one dimension of the operand; where it does not carry it, its value counts once for each member. */
static pdm_status sum_dimension(pdm__table_run *run, const pdm__node *node, double *out, pdm_error *err) {
    int32_t operand = pdm__operand_index(run->tree, node, 0);
    const pdm__node *inner = &run->tree->nodes[operand];
    int32_t bit = node->sum == 1 ? 0 : node->sum == 2 ? 1 : 2;
    int64_t cells = pdm__table_cells(run, node->dimensions);
    if ((inner->dimensions & node->sum) == 0) {
        copy_operand(run, node, operand, out);
        for (int64_t i = 0; i < cells; i++) out[i] *= (double)run->sizes[bit];
        return PDM_OK;
    }
    pdm__sum *sums = NULL;
    PDM__TRY(pdm__arena_take(run->memory, (size_t)cells * sizeof *sums, &sums, err));
    memset(sums, 0, (size_t)cells * sizeof *sums);
    walk w = walk_begin(run, inner->dimensions, node->dimensions);
    while (walk_next(&w)) {
        for (int64_t i = 0; i < w.length; i++)
            pdm__sum_add(&sums[w.from + i * w.step], run->value[operand][w.cell + i]);
    }
    for (int64_t i = 0; i < cells; i++) out[i] = isfinite(sums[i].sum) ? pdm__sum_of(&sums[i]) : sums[i].sum;
    return PDM_OK;
}

static bool all_finite(const double *values, int64_t count) {
    double zero = 0.0;
    for (int64_t i = 0; i < count; i++) zero += values[i] * 0.0; /* NaN and ∞ make it NaN */
    return zero == 0.0;
}

/* A status of an operand is passed on to the cells made from it. */
static void pass_on(pdm__table_run *run, const pdm__node *node, int32_t operand, uint8_t *status) {
    const uint8_t *from = run->status[operand];
    int32_t inner = run->tree->nodes[operand].dimensions;
    if (from == NULL) return;
    bool down = node->op == PDM__OP_SUM;
    walk w = down ? walk_begin(run, inner, node->dimensions) : walk_begin(run, node->dimensions, inner);
    while (walk_next(&w)) {
        for (int64_t i = 0; i < w.length; i++) {
            int64_t cell = down ? w.from + i * w.step : w.cell + i;
            int64_t other = down ? w.cell + i : w.from + i * w.step;
            if (status[cell] == PDM_STATUS_OK) status[cell] = from[other];
        }
    }
}

static void mark_zero_divisors(const pdm__table_run *run, const pdm__node *node, uint8_t *status) {
    int32_t by = pdm__operand_index(run->tree, node, node->op == PDM__OP_DIV ? 1 : 0);
    walk w = walk_begin(run, node->dimensions, run->tree->nodes[by].dimensions);
    while (walk_next(&w)) {
        for (int64_t i = 0; i < w.length; i++) {
            if (run->value[by][w.from + i * w.step] == 0.0 && status[w.cell + i] == PDM_STATUS_OK) {
                status[w.cell + i] = PDM_STATUS_DIV_BY_ZERO;
            }
        }
    }
}

/* Only where a cell came out undefined: says why, and makes the cell NaN. */
static pdm_status settle(pdm__table_run *run, int32_t at, pdm_error *err) {
    const pdm__node *node = &run->tree->nodes[at];
    int64_t cells = pdm__table_cells(run, node->dimensions);
    uint8_t *status = NULL;
    bool clean = all_finite(run->value[at], cells);
    for (int32_t k = 0; k < node->count && clean; k++) {
        clean = run->status[pdm__operand_index(run->tree, node, k)] == NULL;
    }
    if (clean) return PDM_OK;
    PDM__TRY(pdm__arena_take(run->memory, (size_t)cells, &status, err));
    memset(status, 0, (size_t)cells);
    for (int32_t k = 0; k < node->count; k++) pass_on(run, node, pdm__operand_index(run->tree, node, k), status);
    if (node->op == PDM__OP_DIV || (node->op == PDM__OP_POW && node->value < 0.0))
        mark_zero_divisors(run, node, status);
    for (int64_t i = 0; i < cells; i++) {
        if (status[i] == PDM_STATUS_OK && !isfinite(run->value[at][i])) {
            status[i] = node->op == PDM__OP_LEAF ? PDM_STATUS_MISSING_LEAF : PDM_STATUS_OVERFLOW;
        }
        if (status[i] != PDM_STATUS_OK) run->value[at][i] = PDM__NAN;
    }
    run->status[at] = status;
    return PDM_OK;
}

/* Whether two operands share the extreme value of a cell. */
static bool has_tie(const pdm__table_run *run, int32_t at) {
    const pdm__node *node = &run->tree->nodes[at];
    const int32_t *operands = run->tree->operands + node->first;
    if (node->op != PDM__OP_MIN && node->op != PDM__OP_MAX) return false;
    int64_t sizes[3];
    int64_t cell[3];
    int64_t out = 0;
    for (int32_t d = 0; d < 3; d++) sizes[d] = (node->dimensions & 1 << d) != 0 ? run->sizes[d] : 1;
    for (cell[0] = 0; cell[0] < sizes[0]; cell[0]++) {
        for (cell[1] = 0; cell[1] < sizes[1]; cell[1]++) {
            for (cell[2] = 0; cell[2] < sizes[2]; cell[2]++, out++) {
                int32_t equal = 0;
                for (int32_t k = 0; k < node->count; k++) {
                    int64_t place = pdm__table_at(run, run->tree->nodes[operands[k]].dimensions, cell);
                    if (run->value[operands[k]][place] == run->value[at][out]) equal++;
                }
                if (equal > 1) return true;
            }
        }
    }
    return false;
}

static pdm_status evaluate_node(pdm__table_run *run, int32_t at, const double *const *values, pdm_error *err) {
    const pdm__node *node = &run->tree->nodes[at];
    int64_t cells = pdm__table_cells(run, node->dimensions);
    double *out = NULL;
    PDM__TRY(pdm__arena_take(run->memory, (size_t)cells * sizeof *out, &out, err));
    run->value[at] = out;
    if (node->op == PDM__OP_LEAF) {
        memcpy(out, values[node->leaf], (size_t)cells * sizeof *out);
    } else if (node->op == PDM__OP_CONST) {
        out[0] = node->value;
    } else if (node->op == PDM__OP_SUM) {
        PDM__TRY(sum_dimension(run, node, out, err));
    } else {
        copy_operand(run, node, pdm__operand_index(run->tree, node, 0), out);
        for (int64_t i = 0; node->op == PDM__OP_NEG && i < cells; i++) out[i] = -out[i];
        for (int64_t i = 0; node->op == PDM__OP_POW && i < cells; i++) out[i] = pow(out[i], node->value);
    }
    for (int32_t k = 1; k < node->count; k++) {
        int32_t operand = pdm__operand_index(run->tree, node, k);
        walk w = walk_begin(run, node->dimensions, run->tree->nodes[operand].dimensions);
        while (walk_next(&w)) {
            combine(node->op, out + w.cell, run->value[operand] + w.from, w.length, w.step);
        }
    }
    run->kink[at] = has_tie(run, at) ? 1 : 0;
    return settle(run, at, err);
}

pdm_status pdm__table_evaluate(pdm__table_run *run, const pdm_tree *tree, const pdm_tree_sizes *sizes,
                               const double *const *values, pdm__arena *memory, pdm_error *err) {
    size_t count = (size_t)tree->count;
    memset(run, 0, sizeof *run);
    run->tree = tree;
    run->memory = memory;
    run->sizes[0] = sizes->month;
    run->sizes[1] = sizes->channel;
    run->sizes[2] = sizes->segment;
    PDM__TRY(pdm__arena_take(memory, count * sizeof *run->value, &run->value, err));
    PDM__TRY(pdm__arena_take(memory, count * sizeof *run->status, &run->status, err));
    PDM__TRY(pdm__arena_take(memory, count * sizeof *run->adjoint, &run->adjoint, err));
    PDM__TRY(pdm__arena_take(memory, count, &run->kink, err));
    PDM__TRY(pdm__arena_take(memory, ((size_t)tree->most_operands + 1) * 2 * sizeof *run->scratch, &run->scratch, err));
    for (size_t i = 0; i < count; i++) {
        run->status[i] = NULL;
        run->adjoint[i] = NULL;
    }
    for (int32_t i = 0; i < tree->count; i++) PDM__TRY(evaluate_node(run, i, values, err));
    return PDM_OK;
}

/* ---- gradient ---- */

/* Adds slope · adjoint to an operand, cell by cell; `slope` NULL = `constant`. */
static void spread(pdm__table_run *run, int32_t at, int32_t operand, double constant, const double *slope) {
    const pdm__node *node = &run->tree->nodes[at];
    walk w = walk_begin(run, node->dimensions, run->tree->nodes[operand].dimensions);
    const double *from = run->adjoint[at];
    while (walk_next(&w)) {
        double *to = run->adjoint[operand] + w.from;
        for (int64_t i = 0; i < w.length; i++) {
            double a = from[w.cell + i];
            double by = slope == NULL ? constant : slope[w.cell + i];
            if (a != 0.0 && by != 0.0) to[i * w.step] += a * by; /* 0 · ∞ would be none */
        }
    }
}

static void spread_sum(pdm__table_run *run, int32_t at) {
    const pdm__node *node = &run->tree->nodes[at];
    int32_t operand = pdm__operand_index(run->tree, node, 0);
    int32_t inner = run->tree->nodes[operand].dimensions;
    if ((inner & node->sum) == 0) {
        spread(run, at, operand, (double)run->sizes[node->sum == 1 ? 0 : node->sum == 2 ? 1 : 2], NULL);
        return;
    }
    walk w = walk_begin(run, inner, node->dimensions);
    while (walk_next(&w)) {
        for (int64_t i = 0; i < w.length; i++) {
            run->adjoint[operand][w.cell + i] += run->adjoint[at][w.from + i * w.step];
        }
    }
}

/* Products of the other operands cell by cell, by prefix and suffix: right at zeros too. */
static void spread_product(pdm__table_run *run, int32_t at) {
    const pdm_tree *tree = run->tree;
    const pdm__node *node = &tree->nodes[at];
    double *prefix = run->scratch;
    const int32_t *operands = tree->operands + node->first;
    int64_t cell[3];
    int64_t sizes[3];
    int64_t out = 0;
    for (int32_t d = 0; d < 3; d++) sizes[d] = (node->dimensions & 1 << d) != 0 ? run->sizes[d] : 1;
    for (cell[0] = 0; cell[0] < sizes[0]; cell[0]++) {
        for (cell[1] = 0; cell[1] < sizes[1]; cell[1]++) {
            for (cell[2] = 0; cell[2] < sizes[2]; cell[2]++, out++) {
                double a = run->adjoint[at][out];
                double running = 1.0;
                if (a == 0.0) continue;
                for (int32_t k = 0; k < node->count; k++) {
                    prefix[k] = running;
                    running *= run->value[operands[k]][pdm__table_at(run, tree->nodes[operands[k]].dimensions, cell)];
                }
                running = a;
                for (int32_t k = node->count - 1; k >= 0; k--) {
                    int64_t place = pdm__table_at(run, tree->nodes[operands[k]].dimensions, cell);
                    run->adjoint[operands[k]][place] += running * prefix[k];
                    running *= run->value[operands[k]][place];
                }
            }
        }
    }
}

/* The first operand that has the extreme value takes the slope. `slope` is room for one number a cell. */
static void spread_extreme(pdm__table_run *run, int32_t at, double *slope) {
    const pdm__node *node = &run->tree->nodes[at];
    int64_t cells = pdm__table_cells(run, node->dimensions);
    double *taken = slope + cells;
    memset(taken, 0, (size_t)cells * sizeof *taken);
    for (int32_t k = 0; k < node->count; k++) {
        int32_t operand = pdm__operand_index(run->tree, node, k);
        walk w = walk_begin(run, node->dimensions, run->tree->nodes[operand].dimensions);
        while (walk_next(&w)) {
            for (int64_t i = 0; i < w.length; i++) {
                int64_t c = w.cell + i;
                bool mine = taken[c] == 0.0 && run->value[operand][w.from + i * w.step] == run->value[at][c];
                slope[c] = mine ? 1.0 : 0.0;
                taken[c] += slope[c];
            }
        }
        spread(run, at, operand, 0.0, slope);
    }
}

/* slope = 1/b for a, −a/b² = −value/b for b; or the power's. */
static void spread_quotient(pdm__table_run *run, int32_t at, double *slope) {
    const pdm__node *node = &run->tree->nodes[at];
    int32_t by = pdm__operand_index(run->tree, node, node->count - 1);
    for (int32_t k = 0; k < node->count; k++) {
        walk w = walk_begin(run, node->dimensions, run->tree->nodes[by].dimensions);
        while (walk_next(&w)) {
            for (int64_t i = 0; i < w.length; i++) {
                double b = run->value[by][w.from + i * w.step];
                double value = run->value[at][w.cell + i];
                slope[w.cell + i] = node->op == PDM__OP_POW
                                        ? node->value == 0.0 ? 0.0 : node->value * pow(b, node->value - 1.0)
                                    : k == 0 ? 1.0 / b
                                             : -value / b;
            }
        }
        spread(run, at, pdm__operand_index(run->tree, node, k), 0.0, slope);
    }
}

static void spread_node(pdm__table_run *run, int32_t at, double *slope) {
    const pdm__node *node = &run->tree->nodes[at];
    switch ((pdm__op)node->op) {
    case PDM__OP_ADD:
        for (int32_t k = 0; k < node->count; k++) spread(run, at, pdm__operand_index(run->tree, node, k), 1.0, NULL);
        break;
    case PDM__OP_SUB:
        spread(run, at, pdm__operand_index(run->tree, node, 0), 1.0, NULL);
        spread(run, at, pdm__operand_index(run->tree, node, 1), -1.0, NULL);
        break;
    case PDM__OP_NEG: spread(run, at, pdm__operand_index(run->tree, node, 0), -1.0, NULL); break;
    case PDM__OP_MUL: spread_product(run, at); break;
    case PDM__OP_DIV:
    case PDM__OP_POW: spread_quotient(run, at, slope); break;
    case PDM__OP_MIN:
    case PDM__OP_MAX: spread_extreme(run, at, slope); break;
    case PDM__OP_SUM: spread_sum(run, at); break;
    case PDM__OP_CONST:
    case PDM__OP_LEAF:
    case PDM__OP_REF: break;
    }
}

pdm_status pdm__table_gradient(pdm__table_run *run, pdm_error *err) {
    const pdm_tree *tree = run->tree;
    int32_t root = tree->live - 1;
    int64_t most = 1;
    double *slope = NULL;
    for (int32_t i = 0; i < tree->live; i++) {
        int64_t cells = pdm__table_cells(run, tree->nodes[i].dimensions);
        most = cells > most ? cells : most;
        PDM__TRY(pdm__arena_take(run->memory, (size_t)cells * sizeof(double), &run->adjoint[i], err));
        memset(run->adjoint[i], 0, (size_t)cells * sizeof(double));
    }
    PDM__TRY(pdm__arena_take(run->memory, 2 * (size_t)most * sizeof *slope, &slope, err));
    int64_t cells = pdm__table_cells(run, tree->nodes[root].dimensions);
    for (int64_t i = 0; i < cells; i++) run->adjoint[root][i] = isfinite(run->value[root][i]) ? 1.0 : 0.0;
    for (int32_t i = root; i >= 0; i--) spread_node(run, i, slope);
    return PDM_OK;
}

/* ---- typed ---- */

static pdm_status check_leaves(const pdm__table_run *shape, const double *const *values, pdm_error *err) {
    const pdm_tree *tree = shape->tree;
    for (int32_t i = 0; i < tree->leaf_count; i++) {
        const pdm_leaf *leaf = &tree->leaves[i];
        int64_t cells = pdm__table_cells(shape, leaf->dimensions);
        for (int64_t c = 0; c < cells; c++) {
            double value = values[i][c];
            if (isnan(value)) continue;
            pdm_status status = isinf(value) ? PDM_E_BAD_VALUE : pdm__leaf_check(leaf->role, value);
            if (status == PDM_OK) continue;
            return pdm__fail(err, status, c, leaf->name, "leaf \"%s\", cell %lld: %.17g is no %s", leaf->name,
                             (long long)c, value, pdm__leaf_role_names[leaf->role]);
        }
    }
    return PDM_OK;
}

static pdm_status evaluate_table(const pdm_tree *tree, pdm__arena *memory, const pdm_tree_sizes *sizes,
                                 const double *const *values, double *root, double *const *gradients, pdm_error *err) {
    pdm__table_run run;
    PDM__TRY(pdm__table_evaluate(&run, tree, sizes, values, memory, err));
    if (gradients != NULL) PDM__TRY(pdm__table_gradient(&run, err));
    const pdm__node *top = &tree->nodes[tree->live - 1];
    memcpy(root, run.value[tree->live - 1], (size_t)pdm__table_cells(&run, top->dimensions) * sizeof *root);
    for (int32_t i = 0; gradients != NULL && i < tree->leaf_count; i++) {
        if (gradients[i] == NULL) continue;
        memset(gradients[i], 0, (size_t)pdm__table_cells(&run, tree->leaves[i].dimensions) * sizeof **gradients);
    }
    for (int32_t i = 0; gradients != NULL && i < tree->live; i++) {
        const pdm__node *node = &tree->nodes[i];
        if (node->op != PDM__OP_LEAF || gradients[node->leaf] == NULL) continue;
        memcpy(gradients[node->leaf], run.adjoint[i],
               (size_t)pdm__table_cells(&run, node->dimensions) * sizeof(double));
    }
    return PDM_OK;
}

pdm_status pdm_tree_evaluate_table(const pdm_tree *tree, const pdm_tree_sizes *sizes, const double *const *values,
                                   double *root, double *const *gradients, pdm_error *err) {
    if (tree == NULL || sizes == NULL || root == NULL || (values == NULL && tree->leaf_count > 0)) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "tree, sizes, values and root must not be NULL");
    }
    pdm__table_run shape = {.tree = tree, .sizes = {sizes->month, sizes->channel, sizes->segment}};
    const int64_t limit = INT64_C(1) << 40;
    for (int32_t d = 0; d < 3; d++) {
        if (shape.sizes[d] >= 1 && shape.sizes[d] <= INT64_C(1) << 30) continue;
        return pdm__fail(err, PDM_E_LENGTH, -1, NULL, "sizes must be 1 to 2^30, not %lld", (long long)shape.sizes[d]);
    }
    if (shape.sizes[0] * shape.sizes[1] > limit / shape.sizes[2]) {
        return pdm__fail(err, PDM_E_LENGTH, -1, NULL, "the sizes multiply to more than 2^40 cells");
    }
    PDM__TRY(check_leaves(&shape, values, err));
    pdm__arena memory;
    pdm__arena_init(&memory, tree->context);
    pdm_status status = evaluate_table(tree, &memory, sizes, values, root, gradients, err);
    pdm__arena_clear(&memory);
    return status;
}
