/*
 * Calculator `reconcile`: the least change that makes a tree of sums add up. With weights w (variances) and a multiplier for every parent
 * the normal equations have the shape of the tree itself: they are solved from the leaves to the roots and back.
 */
#include "plan/apportion.h"
#include "plan/hierarchy.h"
#include "plan/registry.h"

#include <pdmetrics/plan/reconcile.h>

enum { NODE_NAME, NODE_PARENT, NODE_VALUE, NODE_WEIGHT, NODE_LOW, NODE_HIGH };
enum { TABLE_NODES, TABLE_DISCREPANCIES, TABLE_SUMMARY };

static const char *const weight_names[] = {"ols", "struct", "var", NULL};
static const char *const bound_names[] = {"lo", "hi", NULL};

static const pdm_column_info node_columns[] = {
    [NODE_NAME] = PDM__COLUMN("node", PDM_ROLE_KEY, "", "Node."),
    [NODE_PARENT] = PDM__COLUMN_OR_NULL("parent", PDM_ROLE_KEY, "", "Node that it is part of; null at the top."),
    [NODE_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Its own target or forecast."),
    [NODE_WEIGHT] =
        PDM__COLUMN_OR_NULL("weight", PDM_ROLE_FLOAT, "", "Weight var: how freely it moves, 0 = not at all."),
    [NODE_LOW] = PDM__COLUMN_OR_NULL("low", PDM_ROLE_FLOAT, "", "bounded: least value; null = 0."),
    [NODE_HIGH] = PDM__COLUMN_OR_NULL("high", PDM_ROLE_FLOAT, "", "bounded: largest value; null = none."),
};
static const pdm_list_info reconcile_inputs[] = {PDM__INPUT("nodes", node_columns, PDM_INPUT_ROWS, "The tree.")};
static const pdm__column_rule reconcile_rules[] = {{0, NODE_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF}};
static const pdm_option_info reconcile_options[] = {
    PDM__OPTION_STRICT(pdm_reconcile_options),
    PDM__OPTION_ENUM(pdm_reconcile_options, weights, weight_names, "1, the number of leaves below, or column weight."),
    PDM__OPTION_BOOL(pdm_reconcile_options, bounded, "Keep every node between low and high."),
    PDM__OPTION_BOOL(pdm_reconcile_options, exact_int, "Whole amounts: tops rounded, then split down the tree."),
};
static const pdm_result_column_info node_results[] = {
    PDM__RESULT("node", PDM_TYPE_NONE, "", "Node."),
    PDM__RESULT("given", PDM_TYPE_FLOAT64, "", "Its own value."),
    PDM__RESULT("reconciled", PDM_TYPE_FLOAT64, "", "Value that adds up."),
    PDM__RESULT("reconciled_int", PDM_TYPE_INT64, "", "The same in whole units, with exact_int."),
    PDM__RESULT("move", PDM_TYPE_FLOAT64, "", "reconciled − given."),
    PDM__RESULT("w", PDM_TYPE_FLOAT64, "", "Weight that was used."),
    PDM__RESULT("unconstrained", PDM_TYPE_FLOAT64, "", "Least squares without bounds."),
    PDM__RESULT("negative", PDM_TYPE_BOOL, "", "reconciled is below 0."),
    PDM__RESULT("at_bound", PDM_TYPE_DICTIONARY, "", "lo or hi where a bound holds."),
};
static const pdm_result_column_info discrepancy_columns[] = {
    PDM__RESULT("parent", PDM_TYPE_NONE, "", "Node with children."),
    PDM__RESULT("discrepancy", PDM_TYPE_FLOAT64, "", "Its own value − the sum of its children's."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "", "The same after reconciliation."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("weights", PDM_TYPE_DICTIONARY, "", "Weights that were used."),
    PDM__RESULT("distance", PDM_TYPE_FLOAT64, "", "Σ move²/w over the nodes that may move."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info reconcile_tables[] = {
    [TABLE_NODES] = PDM__TABLE("nodes", node_results, "A node, in the order given."),
    [TABLE_DISCREPANCIES] = PDM__TABLE("discrepancies", discrepancy_columns, "A node with children."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: how it went."),
};

typedef struct work {
    pdm__calc *calc;
    const pdm_reconcile_options *chosen;
    pdm__hierarchy tree;
    const double *given;
    double *w;      /* as chosen */
    double *value;  /* solved from: given, or a bound */
    double *free_w; /* w, or 0 at a bound */
    double *spread; /* parallel weight of what is below a parent */
    double *rest;   /* discrepancies on their way up */
    double *lambda; /* multipliers of parents */
    double *out;
    double *unbounded;
    double *low;
    double *high;
    int32_t *at; /* −1, 1: held at a bound */
    int64_t *whole;
    int32_t status;
} work;

static pdm_status make_room(work *w, pdm_error *err) {
    double **fields[] = {&w->w,      &w->value, &w->free_w,    &w->spread, &w->rest,
                         &w->lambda, &w->out,   &w->unbounded, &w->low,    &w->high};
    int64_t count = w->tree.count;
    for (int32_t i = 0; i < PDM__COUNT(fields); i++) {
        PDM__TRY(pdm__calc_array(w->calc, count, sizeof(double), fields[i], err));
    }
    PDM__TRY(pdm__calc_array(w->calc, count, sizeof *w->at, &w->at, err));
    return pdm__calc_array(w->calc, count, sizeof *w->whole, &w->whole, err);
}

static pdm_status read_nodes(work *w, pdm_error *err) {
    const pdm__values *c = w->calc->sheets[0].columns;
    for (int64_t i = 0; i < w->tree.count; i++) {
        if (w->chosen->weights == PDM_RECONCILE_VAR && !pdm__given(&c[NODE_WEIGHT], i)) {
            return pdm__calc_fail(w->calc, 0, NODE_WEIGHT, i, PDM_E_BAD_WEIGHT, err, "weights = var needs a weight");
        }
        w->w[i] = w->chosen->weights == PDM_RECONCILE_VAR      ? c[NODE_WEIGHT].f64[i]
                  : w->chosen->weights == PDM_RECONCILE_STRUCT ? (double)w->tree.leaves[i]
                                                               : 1.0;
        w->low[i] = pdm__number(&c[NODE_LOW], i, 0.0);
        w->high[i] = pdm__number(&c[NODE_HIGH], i, PDM__INF);
        if (w->low[i] <= w->high[i]) continue;
        return pdm__calc_fail(w->calc, 0, NODE_LOW, i, PDM_E_BAD_BOUNDS, err, "%g is above high, %g", w->low[i],
                              w->high[i]);
    }
    return PDM_OK;
}

/* Least squares with the present values and free weights; false if a violated sum has no node that may move. */
static bool solve(work *w) {
    const pdm__hierarchy *t = &w->tree;
    bool solvable = true;
    for (int64_t k = t->count - 1; k >= 0; k--) {
        int32_t p = t->order[k];
        pdm__sum children = {0.0, 0.0};
        double size = fabs(w->value[p]);
        w->lambda[p] = w->spread[p] = w->rest[p] = 0.0;
        if (t->first[p] < 0) continue;
        for (int32_t c = t->first[p]; c >= 0; c = t->next[c]) {
            double own = w->free_w[c];
            double all = own + w->spread[c];
            pdm__sum_add(&children, w->value[c]);
            size += fabs(w->value[c]);
            if (t->first[c] < 0) {
                w->spread[p] += own;
            } else if (all > 0.0) {
                w->spread[p] += own * w->spread[c] / all;
                w->rest[p] += own * w->rest[c] / all;
            }
        }
        w->rest[p] += w->value[p] - pdm__sum_of(&children);
        if (!(w->free_w[p] + w->spread[p] > 0.0) && fabs(w->rest[p]) > 1e-12 * size) solvable = false;
    }
    for (int64_t k = 0; k < t->count; k++) {
        int32_t i = t->order[k];
        double all = w->free_w[i] + w->spread[i];
        double above = t->parent[i] < 0 ? 0.0 : w->lambda[t->parent[i]];
        bool inner = t->first[i] >= 0;
        w->lambda[i] = inner && all > 0.0 ? (w->rest[i] + w->free_w[i] * above) / all : 0.0;
        w->out[i] = w->value[i] - w->free_w[i] * (w->lambda[i] - above);
    }
    return solvable;
}

/* How far node i is from what its bound allows: > 0 = it must be toggled. */
static double wrongness(const work *w, int64_t i) {
    if (w->w[i] == 0.0) return 0.0; /* law: bounds do not move it */
    double above = w->tree.parent[i] < 0 ? 0.0 : w->lambda[w->tree.parent[i]];
    if (w->at[i] == 0) {
        double over = fmax(w->low[i] - w->out[i], w->out[i] - w->high[i]);
        return over > 1e-12 * (1.0 + fabs(w->out[i])) ? over : 0.0;
    }
    /* Where it would go if it were let off. */
    double pull = w->given[i] - w->w[i] * (w->lambda[i] - above);
    double back = w->at[i] < 0 ? pull - w->low[i] : w->high[i] - pull;
    return back > 1e-12 * (1.0 + fabs(pull)) ? back : 0.0;
}

static void toggle(work *w, int64_t i) {
    if (w->at[i] != 0) {
        w->at[i] = 0;
        w->value[i] = w->given[i];
        w->free_w[i] = w->w[i];
        return;
    }
    w->at[i] = w->out[i] < w->low[i] ? -1 : 1;
    w->value[i] = w->at[i] < 0 ? w->low[i] : w->high[i];
    w->free_w[i] = 0.0;
}

/* Projection: all wrong nodes are toggled at once; if that wanders, one at a time by lowest index, which ends (Murty 1974). */
static void bound(work *w) {
    int64_t rounds = 50 + 20 * w->tree.count;
    for (int64_t round = 0; round < rounds; round++) {
        bool solvable = solve(w);
        bool any = false;
        bool one = round >= 50;
        for (int64_t i = 0; i < w->tree.count && !(any && one); i++) {
            if (wrongness(w, i) <= 0.0) continue;
            toggle(w, i);
            any = true;
        }
        if (any) continue;
        w->status = solvable ? PDM_STATUS_OK : PDM_STATUS_INFEASIBLE;
        return;
    }
    w->status = solve(w) ? PDM_STATUS_NO_CONVERGENCE : PDM_STATUS_INFEASIBLE;
}

/* Tops half to even, then largest remainders from every parent to its children. */
static pdm_status round_down_the_tree(work *w, pdm_error *err) {
    const pdm__hierarchy *t = &w->tree;
    double *weights = NULL;
    int64_t *amounts = NULL;
    double largest = 1.0;
    PDM__TRY(pdm__calc_array(w->calc, t->count, sizeof *weights, &weights, err));
    PDM__TRY(pdm__calc_array(w->calc, t->count, sizeof *amounts, &amounts, err));
    for (int64_t i = 0; i < t->count; i++) largest = fmax(largest, fabs(w->out[i]));
    for (int64_t k = 0; k < t->count; k++) {
        int32_t p = t->order[k];
        int64_t n = 0;
        bool tie = false;
        if (t->parent[p] < 0) {
            if (!(fabs(w->out[p]) < 0x1p62))
                return pdm__calc_fail(w->calc, 0, NODE_VALUE, p, PDM_E_OVERFLOW, err, "it does not fit int64");
            w->whole[p] = (int64_t)nearbyint(w->out[p]);
        }
        for (int32_t c = t->first[p]; c >= 0; c = t->next[c]) {
            if (w->out[c] < -1e-12 * largest) { /* a little less than 0 is rounding */
                return pdm__calc_fail(w->calc, 0, NODE_VALUE, c, PDM_E_BAD_WEIGHT, err,
                                      "reconciled to %g; exact_int needs values of 0 or more (bounded keeps them)",
                                      w->out[c]);
            }
            weights[n++] = fmax(w->out[c], 0.0);
        }
        if (n == 0) continue;
        int32_t zero = w->whole[p] == 0 ? PDM_ZERO_POLICY_EQUAL : PDM_ZERO_POLICY_ERROR;
        PDM__TRY(pdm__apportion(w->calc->context, PDM_APPORTION_LARGEST_REMAINDER, zero, w->whole[p], weights, NULL, n,
                                amounts, NULL, &tie, err));
        n = 0;
        for (int32_t c = t->first[p]; c >= 0; c = t->next[c]) w->whole[c] = amounts[n++];
    }
    for (int64_t i = 0; i < t->count; i++) w->out[i] = (double)w->whole[i];
    return PDM_OK;
}

static double gap_of(const work *w, int32_t p, const double *values) {
    pdm__sum s = {values[p], 0.0};
    for (int32_t c = w->tree.first[p]; c >= 0; c = w->tree.next[c]) pdm__sum_add(&s, -values[c]);
    return pdm__sum_of(&s);
}

static pdm_status put_tables(work *w, pdm_error *err) {
    const pdm__values *key = &w->calc->sheets[0].columns[NODE_NAME];
    bool solved = w->status == PDM_STATUS_OK;
    pdm__rows out;
    pdm__sum distance = {0.0, 0.0};
    int64_t parents = 0;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_NODES, w->tree.count, key, &out, err));
    for (int64_t i = 0; i < w->tree.count; i++) {
        double value = solved ? w->out[i] : PDM__NAN;
        double move = value - w->given[i];
        pdm__put_key(&out, 0, i, key, i);
        pdm__put_float(&out, 1, i, w->given[i]);
        pdm__put_float(&out, 2, i, value);
        pdm__put_int(&out, 3, i, w->whole[i]);
        if (!solved || w->chosen->exact_int == 0) pdm__put_null(&out, 3, i);
        pdm__put_float(&out, 4, i, move);
        pdm__put_float(&out, 5, i, w->w[i]);
        pdm__put_float(&out, 6, i, w->unbounded[i]);
        pdm__put_bool(&out, 7, i, value < 0.0);
        pdm__put_code(&out, 8, i, w->at[i] == 0 ? -1 : w->at[i] < 0 ? 0 : 1, bound_names);
        if (w->w[i] > 0.0) pdm__sum_add(&distance, move * move / w->w[i]);
        parents += w->tree.first[i] >= 0 ? 1 : 0;
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_DISCREPANCIES, parents, key, &out, err));
    int64_t row = 0;
    for (int32_t i = 0; i < w->tree.count; i++) {
        if (w->tree.first[i] < 0) continue;
        pdm__put_key(&out, 0, row, key, i);
        pdm__put_float(&out, 1, row, gap_of(w, i, w->given));
        pdm__put_float(&out, 2, row, solved ? gap_of(w, i, w->out) : PDM__NAN);
        row++;
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, w->chosen->weights, weight_names);
    pdm__put_float(&out, 1, 0, pdm__sum_of(&distance));
    pdm__put_status(&out, 2, 0, w->status, "a sum is violated, and none of its nodes may move");
    return pdm__rows_end(&out);
}

static pdm_status reconcile_run(pdm__calc *calc, pdm_error *err) {
    work w = {.calc = calc, .chosen = calc->options, .given = calc->sheets[0].columns[NODE_VALUE].f64};
    PDM__TRY(pdm__hierarchy_read(calc, 0, NODE_NAME, NODE_PARENT, &w.tree, err));
    PDM__TRY(make_room(&w, err));
    PDM__TRY(read_nodes(&w, err));
    memcpy(w.value, w.given, (size_t)w.tree.count * sizeof *w.value);
    memcpy(w.free_w, w.w, (size_t)w.tree.count * sizeof *w.free_w);
    w.status = solve(&w) ? PDM_STATUS_OK : PDM_STATUS_INFEASIBLE;
    for (int64_t i = 0; i < w.tree.count; i++) w.unbounded[i] = w.status == PDM_STATUS_OK ? w.out[i] : PDM__NAN;
    if (w.status == PDM_STATUS_OK && w.chosen->bounded != 0) bound(&w);
    if (w.status == PDM_STATUS_OK && w.chosen->exact_int != 0) PDM__TRY(round_down_the_tree(&w, err));
    return put_tables(&w, err);
}

PDM__CALCULATOR(reconcile, pdm_reconcile_options, "Reconciliation", "目标校对",
                "Moves the nodes of a tree as little as possible so that everything adds up.");
