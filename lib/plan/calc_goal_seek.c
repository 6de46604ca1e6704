/* Calculator `goal_seek`: which value of one lever reaches the target. */
#include "plan/formula_leaves.h"
#include "plan/registry.h"
#include "plan/seek.h"

#include <pdmetrics/plan/solve.h>

enum { IN_FORMULA, IN_LEAVES, IN_TARGET };
enum { TARGET_TARGET, TARGET_LEVER, TARGET_LOW, TARGET_HIGH };
enum { TABLE_SOLUTION, TABLE_NODES, TABLE_ROOTS };

static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_column_info leaf_columns[] = {
    PDM__LEAF_COLUMNS,
    [PDM__LEAF_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Its value now."),
};
static const pdm_column_info target_columns[] = {
    [TARGET_TARGET] = PDM__COLUMN("target", PDM_ROLE_FLOAT, "as the formula", "What the root shall be."),
    [TARGET_LEVER] = PDM__COLUMN("lever", PDM_ROLE_TEXT, "", "Leaf that may move."),
    [TARGET_LOW] = PDM__COLUMN_OR_NULL("low", PDM_ROLE_FLOAT, "as the lever", "Lower bound; null = that of its role."),
    [TARGET_HIGH] =
        PDM__COLUMN_OR_NULL("high", PDM_ROLE_FLOAT, "as the lever", "Upper bound; null = that of its role."),
};
static const pdm_list_info goal_seek_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Its leaves now."),
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_ONE, "Target and lever."),
};
static const pdm__column_rule goal_seek_rules[] = {PDM__NO_RULE};
static const pdm_option_info goal_seek_options[] = {
    PDM__OPTION_STRICT(pdm_goal_seek_options),
    PDM__OPTION_BOOL(pdm_goal_seek_options, find_all,
                     "List every root found; the answer is the one nearest the start."),
    PDM__OPTION_INT32(pdm_goal_seek_options, scan_points, 8, 1000000, 128, "points",
                      "Points searched for a sign change."),
    PDM__OPTION_FLOAT(pdm_goal_seek_options, tol, 1e-12, "relative", "Tolerance of the lever."),
};
static const pdm_result_column_info solution_columns[] = {
    PDM__RESULT("lever", PDM_TYPE_LARGE_UTF8, "", "Lever."),
    PDM__RESULT("from", PDM_TYPE_FLOAT64, "as the lever", "Its value now."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the lever", "Value that reaches the target; null if there is none."),
    PDM__RESULT("change_abs", PDM_TYPE_FLOAT64, "as the lever", "value − from."),
    PDM__RESULT("change_rel", PDM_TYPE_FLOAT64, "of from", "change_abs / from."),
    PDM__RESULT("target", PDM_TYPE_FLOAT64, "as the formula", "Target."),
    PDM__RESULT("achieved", PDM_TYPE_FLOAT64, "as the formula", "Root at value."),
    PDM__RESULT("residual", PDM_TYPE_FLOAT64, "as the formula", "achieved − target."),
    PDM__RESULT("best_x", PDM_TYPE_FLOAT64, "as the lever", "Value within the bounds that comes nearest."),
    PDM__RESULT("best_value", PDM_TYPE_FLOAT64, "as the formula", "Root there."),
    PDM__RESULT("shortfall", PDM_TYPE_FLOAT64, "as the formula", "Distance of best_value to the target."),
    PDM__RESULT("unbounded_solution", PDM_TYPE_FLOAT64, "as the lever", "Solution if there were no bounds."),
    PDM__RESULT("multiple", PDM_TYPE_BOOL, "", "Other values reach the target too."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info node_columns[] = {
    PDM__RESULT("node", PDM_TYPE_LARGE_UTF8, "", "Named node, or the root."),
    PDM__RESULT("before", PDM_TYPE_FLOAT64, "", "Its value now."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Its value at the solution."),
};
static const pdm_result_column_info root_columns[] = {
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the lever", "A value of the lever that reaches the target, ascending."),
};
static const pdm_table_info goal_seek_tables[] = {
    [TABLE_SOLUTION] = PDM__TABLE("solution", solution_columns, "One row: the answer."),
    [TABLE_NODES] = PDM__TABLE("nodes", node_columns, "A named node before and after."),
    [TABLE_ROOTS] = {.name = "roots",
                     .columns = root_columns,
                     .column_count = PDM__COUNT(root_columns),
                     .optional = 1,
                     .doc = "A root, with find_all."},
};

static pdm_status put_solution(pdm__calc *calc, const pdm__seek *s, const pdm__seek_answer *a, pdm_error *err) {
    pdm__rows out;
    double change = a->value - s->start;
    PDM__TRY(pdm__rows_begin(calc, TABLE_SOLUTION, 1, NULL, &out, err));
    pdm__put_text(&out, 0, 0, s->tree->leaves[s->lever].name);
    pdm__put_float(&out, 1, 0, s->start);
    pdm__put_float(&out, 2, 0, a->value);
    pdm__put_float(&out, 3, 0, change);
    pdm__put_float(&out, 4, 0, s->start == 0.0 ? PDM__NAN : change / s->start);
    pdm__put_float(&out, 5, 0, s->target);
    pdm__put_float(&out, 6, 0, a->achieved);
    pdm__put_float(&out, 7, 0, a->achieved - s->target);
    pdm__put_float(&out, 8, 0, a->best_x);
    pdm__put_float(&out, 9, 0, a->best_value);
    pdm__put_float(&out, 10, 0, fabs(a->best_value - s->target));
    pdm__put_float(&out, 11, 0, a->unbounded);
    pdm__put_bool(&out, 12, 0, a->multiple);
    pdm__put_status(&out, 13, 0, a->status, "best_x and best_value say how far the lever can carry");
    return pdm__rows_end(&out);
}

pdm_status pdm__put_nodes_before_after(pdm__calc *calc, int32_t table, pdm__point *point, const double *before,
                                       const double *after, pdm_error *err) {
    const pdm_tree *tree = point->tree;
    int32_t *status = NULL;
    double *first = NULL;
    int64_t rows = 0;
    int64_t row = 0;
    pdm__rows out;
    PDM__TRY(pdm__calc_array(calc, tree->count, sizeof *status, &status, err));
    PDM__TRY(pdm__calc_array(calc, tree->count, sizeof *first, &first, err));
    pdm__point_all(point, before, status);
    memcpy(first, point->value, (size_t)tree->count * sizeof *first);
    pdm__point_all(point, after, status);
    for (int32_t pass = 0; pass < 2; pass++) {
        if (pass == 1) PDM__TRY(pdm__rows_begin(calc, table, rows, NULL, &out, err));
        for (int32_t i = 0; i < tree->count; i++) {
            const pdm__node *node = &tree->nodes[i];
            char buffer[128];
            if (i != tree->live - 1 && (node->name == NULL || node->op == PDM__OP_LEAF)) continue;
            if (pass == 0) {
                rows++;
                continue;
            }
            pdm__put_text(&out, 0, row, pdm__node_label(tree, node, buffer, sizeof buffer));
            pdm__put_float(&out, 1, row, first[i]);
            pdm__put_float(&out, 2, row++, point->value[i]);
        }
    }
    return pdm__rows_end(&out);
}

static pdm_status solve(pdm__calc *calc, const pdm_tree *tree, const pdm__leaf_set *leaves, pdm_error *err) {
    const pdm_goal_seek_options *chosen = calc->options;
    const pdm__values *target = calc->sheets[IN_TARGET].columns;
    pdm__seek s;
    pdm__seek_answer answer;
    PDM__TRY(pdm__seek_init(&s, tree, leaves->point, &calc->memory, err));
    PDM__TRY(pdm__leaf_find(calc, leaves, IN_TARGET, TARGET_LEVER, 0, &s.lever, err));
    pdm__leaf_bounds(leaves->leaves[s.lever].role, &s.low, &s.high);
    s.start = leaves->point[s.lever];
    s.target = target[TARGET_TARGET].f64[0];
    s.low = fmax(s.low, pdm__number(&target[TARGET_LOW], 0, -PDM__INF));
    s.high = fmin(s.high, pdm__number(&target[TARGET_HIGH], 0, PDM__INF));
    s.scan_points = chosen->scan_points;
    s.tol = chosen->tol;
    if (s.low > s.high) {
        return pdm__calc_fail(calc, IN_TARGET, TARGET_LOW, 0, PDM_E_BAD_BOUNDS, err,
                              "lower bound %g above upper bound %g", s.low, s.high);
    }
    PDM__TRY(pdm__seek_solve(&s, &calc->memory, &answer, err));
    PDM__TRY(put_solution(calc, &s, &answer, err));
    PDM__TRY(pdm__put_nodes_before_after(calc, TABLE_NODES, &s.point, leaves->point, s.leaves, err));
    if (chosen->find_all == 0) return PDM_OK;
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, TABLE_ROOTS, answer.root_count, NULL, &out, err));
    for (int32_t i = 0; i < answer.root_count; i++) pdm__put_float(&out, 0, i, answer.roots[i]);
    return pdm__rows_end(&out);
}

static pdm_status goal_seek_run(pdm__calc *calc, pdm_error *err) {
    pdm__leaf_set leaves;
    pdm_tree *tree = NULL;
    PDM__TRY(pdm__leaves_read(calc, IN_LEAVES, PDM__LEAF_ROLE, PDM__LEAF_VALUE, &leaves, err));
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &leaves, NULL, &tree, err));
    pdm_status status = solve(calc, tree, &leaves, err);
    pdm_tree_free(tree);
    return status;
}

PDM__CALCULATOR(goal_seek, pdm_goal_seek_options, "Goal-seek", "目标倒推",
                "Which value of one lever brings a formula to its target.");
