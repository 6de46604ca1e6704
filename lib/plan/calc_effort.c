/* Calculator `equal_effort`: several levers share the way to the target. */
#include "plan/formula_leaves.h"
#include "plan/registry.h"
#include "plan/scalar.h"
#include "plan/shapley.h"

#include <pdmetrics/plan/solve.h>

enum { IN_FORMULA, IN_LEAVES, IN_TARGET, IN_LEVERS };
enum { LEVER_LEVER, LEVER_WEIGHT, LEVER_DIRECTION, LEVER_LOW, LEVER_HIGH };
enum { TABLE_LEVERS, TABLE_SOLUTION, TABLE_NODES };

static const char *const method_names[] = {"pct", "log", "min_sq", NULL};
static const char *const direction_names[] = {"auto", "up", "down", NULL};
static const char *const bound_names[] = {"lo", "hi", NULL};

static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_column_info leaf_columns[] = {
    PDM__LEAF_COLUMNS,
    [PDM__LEAF_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Its value now."),
};
static const pdm_column_info target_columns[] = {
    PDM__COLUMN("target", PDM_ROLE_FLOAT, "as the formula", "What the root shall be."),
};
static const pdm_column_info lever_columns[] = {
    [LEVER_LEVER] = PDM__COLUMN("lever", PDM_ROLE_TEXT, "", "Leaf that may move."),
    [LEVER_WEIGHT] = PDM__COLUMN_OR_NULL("weight", PDM_ROLE_FLOAT, "", "Its share of the effort; null = 1, 0 = none."),
    [LEVER_DIRECTION] = PDM__COLUMN_OR_NULL(
        "direction", PDM_ROLE_TEXT, "", "Which way raises the root: up, down, auto (null): sign of the elasticity."),
    [LEVER_LOW] = PDM__COLUMN_OR_NULL("low", PDM_ROLE_FLOAT, "as the lever", "Lower bound; null = that of its role."),
    [LEVER_HIGH] = PDM__COLUMN_OR_NULL("high", PDM_ROLE_FLOAT, "as the lever", "Upper bound; null = that of its role."),
};
static const pdm_list_info equal_effort_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Its leaves now."),
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_ONE, "Target."),
    [IN_LEVERS] = PDM__INPUT("levers", lever_columns, PDM_INPUT_ROWS, "Who moves."),
};
static const pdm__column_rule equal_effort_rules[] = {{IN_LEVERS, LEVER_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF}};
static const pdm_option_info equal_effort_options[] = {
    PDM__OPTION_STRICT(pdm_equal_effort_options),
    PDM__OPTION_ENUM(pdm_equal_effort_options, method, method_names,
                     "The same percentage, the same factor, or the least sum of squared relative changes."),
    PDM__OPTION_FLOAT(pdm_equal_effort_options, tol, 1e-12, "relative", "Tolerance of the effort."),
};
static const pdm_result_column_info lever_results[] = {
    PDM__RESULT("lever", PDM_TYPE_LARGE_UTF8, "", "Lever."),
    PDM__RESULT("from", PDM_TYPE_FLOAT64, "as the lever", "Its value now."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the lever", "Its value at the solution, or at the end of the way."),
    PDM__RESULT("change_abs", PDM_TYPE_FLOAT64, "as the lever", "value − from."),
    PDM__RESULT("change_rel", PDM_TYPE_FLOAT64, "of from", "change_abs / from."),
    PDM__RESULT("at_bound", PDM_TYPE_DICTIONARY, "", "lo or hi if it was stopped there."),
    PDM__RESULT("fixed", PDM_TYPE_BOOL, "", "It cannot move: 0, without weight or without effect."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "as the formula",
                "Its part of achieved − start: Shapley value; null where a combination of levers has none."),
    PDM__RESULT("effect_share", PDM_TYPE_FLOAT64, "of the gap closed", "effect / (achieved − start)."),
};
static const pdm_result_column_info solution_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "How the effort is shared."),
    PDM__RESULT("target", PDM_TYPE_FLOAT64, "as the formula", "Target."),
    PDM__RESULT("start", PDM_TYPE_FLOAT64, "as the formula", "Root now."),
    PDM__RESULT("achieved", PDM_TYPE_FLOAT64, "as the formula", "Root at the solution."),
    PDM__RESULT("residual", PDM_TYPE_FLOAT64, "as the formula", "achieved − target."),
    PDM__RESULT("effort", PDM_TYPE_FLOAT64, "", "λ of pct, t of log, Lagrange multiplier of min_sq."),
    PDM__RESULT("shortfall", PDM_TYPE_FLOAT64, "as the formula",
                "Distance that is left when all levers are at their bounds."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info node_columns[] = {
    PDM__RESULT("node", PDM_TYPE_LARGE_UTF8, "", "Named node, or the root."),
    PDM__RESULT("before", PDM_TYPE_FLOAT64, "", "Its value now."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Its value at the solution."),
};
static const pdm_table_info equal_effort_tables[] = {
    [TABLE_LEVERS] = PDM__TABLE("levers", lever_results, "A lever."),
    [TABLE_SOLUTION] = PDM__TABLE("solution", solution_columns, "One row: the answer."),
    [TABLE_NODES] = PDM__TABLE("nodes", node_columns, "A named node before and after."),
};

typedef struct lever {
    int32_t leaf;
    double start;
    double weight;
    double sign; /* way that raises the root; 0 = fixed */
    double low;
    double high;
    int32_t at; /* −1, 1: stopped at a bound */
} lever;

typedef struct effort {
    const pdm_equal_effort_options *chosen;
    pdm__point point;
    double *leaves;
    double *gradient;
    lever *levers;
    int64_t count;
    double target;
    double value; /* of the effort, at the solution */
    int32_t status;
} effort;

static pdm_status read_lever(pdm__calc *calc, const pdm__leaf_set *set, const double *gradient, int64_t row, lever *l,
                             pdm_error *err) {
    const pdm__values *c = calc->sheets[IN_LEVERS].columns;
    int32_t direction = 0;
    PDM__TRY(pdm__leaf_find(calc, set, IN_LEVERS, LEVER_LEVER, row, &l->leaf, err));
    if (pdm__given(&c[LEVER_DIRECTION], row)) {
        PDM__TRY(pdm__calc_choice(calc, IN_LEVERS, LEVER_DIRECTION, row, direction_names, &direction, err));
    }
    l->start = set->point[l->leaf];
    l->weight = pdm__number(&c[LEVER_WEIGHT], row, 1.0);
    double elasticity = l->start * gradient[l->leaf];
    l->sign = direction == 1 ? 1.0 : direction == 2 ? -1.0 : (double)((elasticity > 0.0) - (elasticity < 0.0));
    if (l->start == 0.0 || l->weight == 0.0) l->sign = 0.0;
    pdm__leaf_bounds(set->leaves[l->leaf].role, &l->low, &l->high);
    l->low = fmax(l->low, pdm__number(&c[LEVER_LOW], row, -PDM__INF));
    l->high = fmin(l->high, pdm__number(&c[LEVER_HIGH], row, PDM__INF));
    if (l->start >= l->low && l->start <= l->high) return PDM_OK;
    return pdm__calc_fail(calc, IN_LEVERS, LEVER_LOW, row, PDM_E_BAD_BOUNDS, err, "%g now; bounds are %g to %g",
                          l->start, l->low, l->high);
}

/* Moves all levers by the effort, stops them at their bounds, and gives the miss. */
static double miss_at(void *work, double amount) {
    effort *e = work;
    for (int64_t i = 0; i < e->count; i++) {
        lever *l = &e->levers[i];
        double by = l->sign * l->weight * amount;
        double x = e->chosen->method == PDM_EFFORT_LOG ? l->start * exp(by) : l->start * (1.0 + by);
        l->at = l->sign == 0.0 ? 0 : x < l->low ? -1 : x > l->high ? 1 : 0;
        e->leaves[l->leaf] = l->at < 0 ? l->low : l->at > 0 ? l->high : x;
    }
    return pdm__point_value(&e->point, e->leaves) - e->target;
}

static bool all_stopped(const effort *e) {
    for (int64_t i = 0; i < e->count; i++) {
        if (e->levers[i].sign != 0.0 && e->levers[i].at == 0) return false;
    }
    return true;
}

/* Walks outwards in the helpful direction until the target is passed, then brackets. */
static void walk(effort *e) {
    double before = 0.0;
    double miss = miss_at(e, 0.0);
    bool moves = false;
    double way = miss < 0.0 ? 1.0 : -1.0;
    for (int64_t i = 0; i < e->count; i++) moves = moves || e->levers[i].sign != 0.0;
    e->value = 0.0;
    e->status = miss == 0.0 ? PDM_STATUS_OK : moves ? PDM_STATUS_NO_SOLUTION : PDM_STATUS_NO_EFFECT;
    if (miss == 0.0 || !moves) return;
    for (double reach = 1e-3; reach < 1e12; reach *= 1.5) {
        /* A percentage of −100 is the end of the way down: beyond it signs change. */
        bool last = e->chosen->method == PDM_EFFORT_PCT && way < 0.0 && reach >= 1.0;
        double at = way * (last ? 1.0 : reach);
        double now = miss_at(e, at);
        if (isnan(now)) return;
        if (now == 0.0 || now * miss < 0.0) {
            e->value = now == 0.0 ? at : pdm__brent_root(miss_at, e, before, miss, at, now, e->chosen->tol);
            (void)miss_at(e, e->value);
            e->status = PDM_STATUS_OK;
            return;
        }
        e->value = at;
        if (all_stopped(e)) {
            e->status = PDM_STATUS_OUT_OF_BOUNDS;
            return;
        }
        if (last) return;
        before = at;
        miss = now;
    }
}

/* One Lagrange step from the present point; returns the largest relative move. Levers at a bound stay there. */
static double newton_step(effort *e, double value, double *multiplier) {
    double weight = 0.0;
    double back = 0.0;
    double largest = 0.0;
    pdm__point_gradient(&e->point, e->gradient);
    for (int64_t i = 0; i < e->count; i++) {
        const lever *l = &e->levers[i];
        double g = e->gradient[l->leaf];
        back += g * (e->leaves[l->leaf] - (l->at == 0 ? l->start : e->leaves[l->leaf]));
        if (l->sign != 0.0 && l->at == 0) weight += l->weight * l->start * l->start * g * g;
    }
    if (!(weight > 0.0)) return PDM__NAN;
    *multiplier = (e->target - value + back) / weight;
    for (int64_t i = 0; i < e->count; i++) {
        lever *l = &e->levers[i];
        if (l->sign == 0.0 || l->at != 0) continue;
        double x = l->start + *multiplier * l->weight * l->start * l->start * e->gradient[l->leaf];
        l->at = x < l->low ? -1 : x > l->high ? 1 : 0;
        x = l->at < 0 ? l->low : l->at > 0 ? l->high : x;
        largest = fmax(largest, fabs(x - e->leaves[l->leaf]) / fabs(l->start));
        e->leaves[l->leaf] = x;
    }
    return largest;
}

static void least_squares(effort *e) {
    for (int64_t i = 0; i < e->count; i++) {
        /* Both ways are open: only 0, no weight or no slope fixes a lever. */
        lever *l = &e->levers[i];
        l->sign = l->start != 0.0 && l->weight > 0.0 ? 1.0 : 0.0;
        l->at = 0;
    }
    e->status = PDM_STATUS_NO_CONVERGENCE;
    for (int32_t round = 0; round < 500; round++) {
        double value = pdm__point_value(&e->point, e->leaves);
        if (isnan(value)) return;
        double moved = newton_step(e, value, &e->value);
        if (isnan(moved)) {
            e->status = all_stopped(e) ? PDM_STATUS_OUT_OF_BOUNDS : PDM_STATUS_NO_EFFECT;
            return;
        }
        value = pdm__point_value(&e->point, e->leaves);
        if (moved <= e->chosen->tol && fabs(value - e->target) <= 1e-9 * fmax(1.0, fabs(e->target))) {
            e->status = PDM_STATUS_OK;
            return;
        }
    }
}

/* Who carries how much of the way; NaN where the formula cannot be divided (too many levers in one ratio, a combination without value). */
static pdm_status share_way(pdm__calc *calc, const effort *e, const pdm__leaf_set *set, double *effects,
                            pdm_error *err) {
    int32_t *player = NULL;
    const char **names = NULL;
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *player, &player, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *names, &names, err));
    for (int32_t l = 0; l < set->count; l++) {
        player[l] = l;
        names[l] = set->leaves[l].name;
    }
    pdm__change way = {.tree = e->point.tree, .x0 = set->point, .x1 = e->leaves, .player = player, .names = names};
    way.players = set->count;
    pdm_status status = pdm__shapley(&calc->memory, &way, effects, err);
    if (status == PDM_OK || status == PDM_E_NOMEM || status == PDM_E_LIMIT) return status;
    for (int32_t l = 0; l < set->count; l++) effects[l] = PDM__NAN;
    pdm_error_reset(err);
    return PDM_OK;
}

static pdm_status put_tables(pdm__calc *calc, effort *e, const pdm__leaf_set *set, double start, pdm_error *err) {
    pdm__rows out;
    double achieved = pdm__point_value(&e->point, e->leaves);
    double *effects = NULL;
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *effects, &effects, err));
    PDM__TRY(share_way(calc, e, set, effects, err));
    PDM__TRY(pdm__rows_begin(calc, TABLE_LEVERS, e->count, NULL, &out, err));
    for (int64_t i = 0; i < e->count; i++) {
        const lever *l = &e->levers[i];
        double x = e->leaves[l->leaf];
        pdm__put_text(&out, 0, i, set->leaves[l->leaf].name);
        pdm__put_float(&out, 1, i, l->start);
        pdm__put_float(&out, 2, i, x);
        pdm__put_float(&out, 3, i, x - l->start);
        pdm__put_float(&out, 4, i, l->start == 0.0 ? PDM__NAN : (x - l->start) / l->start);
        pdm__put_code(&out, 5, i, l->at == 0 ? -1 : l->at < 0 ? 0 : 1, bound_names);
        pdm__put_bool(&out, 6, i, l->sign == 0.0);
        pdm__put_float(&out, 7, i, effects[l->leaf]);
        pdm__put_float(&out, 8, i, pdm__over(effects[l->leaf], achieved - start));
    }
    PDM__TRY(pdm__rows_end(&out));
    bool short_of = e->status != PDM_STATUS_OK;
    PDM__TRY(pdm__rows_begin(calc, TABLE_SOLUTION, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, e->chosen->method, method_names);
    pdm__put_float(&out, 1, 0, e->target);
    pdm__put_float(&out, 2, 0, start);
    pdm__put_float(&out, 3, 0, achieved);
    pdm__put_float(&out, 4, 0, achieved - e->target);
    pdm__put_float(&out, 5, 0, e->value);
    pdm__put_float(&out, 6, 0, short_of ? fabs(achieved - e->target) : 0.0);
    pdm__put_status(&out, 7, 0, e->status, "shortfall says what is missing");
    PDM__TRY(pdm__rows_end(&out));
    return pdm__put_nodes_before_after(calc, TABLE_NODES, &e->point, set->point, e->leaves, err);
}

static pdm_status solve(pdm__calc *calc, const pdm_tree *tree, const pdm__leaf_set *set, pdm_error *err) {
    effort e = {.chosen = calc->options, .count = calc->sheets[IN_LEVERS].rows};
    e.target = calc->sheets[IN_TARGET].columns[0].f64[0];
    PDM__TRY(pdm__point_init(&e.point, tree, &calc->memory, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *e.leaves, &e.leaves, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *e.gradient, &e.gradient, err));
    PDM__TRY(pdm__calc_array(calc, e.count, sizeof *e.levers, &e.levers, err));
    memcpy(e.leaves, set->point, (size_t)set->count * sizeof *e.leaves);
    double start = pdm__point_value(&e.point, e.leaves);
    if (e.point.status != PDM_STATUS_OK) return pdm__point_fail(&e.point, err);
    pdm__point_gradient(&e.point, e.gradient);
    for (int64_t i = 0; i < e.count; i++) {
        PDM__TRY(read_lever(calc, set, e.gradient, i, &e.levers[i], err));
        for (int64_t k = 0; k < i; k++) {
            if (e.levers[k].leaf != e.levers[i].leaf) continue;
            return pdm__calc_fail(calc, IN_LEVERS, LEVER_LEVER, i, PDM_E_DUPLICATE_NAME, err,
                                  "the lever is given twice");
        }
    }
    if (e.chosen->method == PDM_EFFORT_MIN_SQ) {
        least_squares(&e);
    } else {
        walk(&e);
    }
    return put_tables(calc, &e, set, start, err);
}

static pdm_status equal_effort_run(pdm__calc *calc, pdm_error *err) {
    pdm__leaf_set leaves;
    pdm_tree *tree = NULL;
    PDM__TRY(pdm__leaves_read(calc, IN_LEAVES, PDM__LEAF_ROLE, PDM__LEAF_VALUE, &leaves, err));
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &leaves, NULL, &tree, err));
    pdm_status status = solve(calc, tree, &leaves, err);
    pdm_tree_free(tree);
    return status;
}

PDM__CALCULATOR(equal_effort, pdm_equal_effort_options, "Equal effort", "多杠杆均摊倒推",
                "What several levers must do together to bring a formula to its target.");
