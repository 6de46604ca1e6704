/* Calculators `tornado` (one lever at a time) and `scenarios` (all combinations of listed values). */
#include "plan/formula_leaves.h"
#include "plan/registry.h"

#include <pdmetrics/plan/solve.h>

#define MAX_CELLS INT64_C(10000000)

enum { IN_FORMULA, IN_LEAVES, IN_LEVERS };
enum { LEVER_LEVER, LEVER_LOW, LEVER_HIGH };
enum { AXIS_LEVER, AXIS_VALUE };

static const char *const end_names[] = {"low", "high", NULL};

static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_column_info leaf_columns[] = {
    PDM__LEAF_COLUMNS,
    [PDM__LEAF_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Its value now."),
};
static const pdm_column_info lever_columns[] = {
    [LEVER_LEVER] = PDM__COLUMN("lever", PDM_ROLE_TEXT, "", "Leaf to move."),
    [LEVER_LOW] = PDM__COLUMN_OR_NULL("low", PDM_ROLE_FLOAT, "as the lever", "Its low end; null = value · (1 − pct)."),
    [LEVER_HIGH] =
        PDM__COLUMN_OR_NULL("high", PDM_ROLE_FLOAT, "as the lever", "Its high end; null = value · (1 + pct)."),
};
static const pdm_list_info tornado_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Its leaves now."),
    [IN_LEVERS] = PDM__INPUT("levers", lever_columns, PDM_INPUT_OPTIONAL, "Who is moved; default: every leaf in use."),
};
static const pdm__column_rule tornado_rules[] = {PDM__NO_RULE};
static const pdm_option_info tornado_options[] = {
    PDM__OPTION_STRICT(pdm_tornado_options),
    PDM__OPTION_FLOAT(pdm_tornado_options, pct, 0.1, "of the value", "How far levers without ends of their own move."),
};
static const pdm_result_column_info tornado_columns[] = {
    PDM__RESULT("lever", PDM_TYPE_LARGE_UTF8, "", "Lever."),
    PDM__RESULT("end", PDM_TYPE_DICTIONARY, "", "low or high: a ratio is not symmetric, so both are given."),
    PDM__RESULT("x", PDM_TYPE_FLOAT64, "as the lever", "Its value there."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the formula", "Root there."),
    PDM__RESULT("delta", PDM_TYPE_FLOAT64, "as the formula", "Against the root now."),
    PDM__RESULT("rank", PDM_TYPE_INT64, "", "1 = the lever with the largest |delta|; ties in the order of the rows."),
    PDM__RESULT("clipped", PDM_TYPE_BOOL, "", "The end was cut to what the role allows."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info tornado_tables[] = {PDM__TABLE("tornado", tornado_columns, "An end of a lever.")};

typedef struct swing {
    int32_t leaf;
    int32_t rank;
    double x[2];
    double value[2];
    int32_t status[2];
    bool clipped[2];
} swing;

static pdm_status read_swings(pdm__calc *calc, const pdm_tree *tree, const pdm__leaf_set *set, swing *swings,
                              int64_t *count, pdm_error *err) {
    const pdm_tornado_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[IN_LEVERS];
    *count = 0;
    for (int64_t i = 0; i < (in->rows > 0 ? in->rows : set->count); i++) {
        swing *s = &swings[*count];
        s->leaf = (int32_t)i;
        if (in->rows > 0) PDM__TRY(pdm__leaf_find(calc, set, IN_LEVERS, LEVER_LEVER, i, &s->leaf, err));
        if (in->rows == 0 && tree->used[i] == 0) continue;
        double x = set->point[s->leaf];
        double low = 0.0;
        double high = 0.0;
        s->x[0] = pdm__number(&in->columns[LEVER_LOW], i, x * (1.0 - chosen->pct));
        s->x[1] = pdm__number(&in->columns[LEVER_HIGH], i, x * (1.0 + chosen->pct));
        pdm__leaf_bounds(set->leaves[s->leaf].role, &low, &high);
        for (int32_t end = 0; end < 2; end++) {
            double cut = fmin(fmax(s->x[end], low), high);
            s->clipped[end] = cut != s->x[end];
            s->x[end] = cut;
        }
        (*count)++;
    }
    return PDM_OK;
}

static double width(const swing *s, double base) {
    double low = isnan(s->value[0]) ? 0.0 : fabs(s->value[0] - base);
    double high = isnan(s->value[1]) ? 0.0 : fabs(s->value[1] - base);
    return fmax(low, high);
}

static pdm_status tornado(pdm__calc *calc, const pdm_tree *tree, const pdm__leaf_set *set, pdm_error *err) {
    pdm__point point;
    swing *swings = NULL;
    double *leaves = NULL;
    int64_t count = 0;
    int64_t room = calc->sheets[IN_LEVERS].rows > 0 ? calc->sheets[IN_LEVERS].rows : set->count;
    PDM__TRY(pdm__point_init(&point, tree, &calc->memory, err));
    PDM__TRY(pdm__calc_array(calc, room, sizeof *swings, &swings, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *leaves, &leaves, err));
    PDM__TRY(read_swings(calc, tree, set, swings, &count, err));
    memcpy(leaves, set->point, (size_t)set->count * sizeof *leaves);
    double base = pdm__point_value(&point, leaves);
    if (point.status != PDM_STATUS_OK) return pdm__point_fail(&point, err);
    for (int64_t i = 0; i < count; i++) {
        for (int32_t end = 0; end < 2; end++) {
            leaves[swings[i].leaf] = swings[i].x[end];
            swings[i].value[end] = pdm__point_value(&point, leaves);
            swings[i].status[end] = point.status;
        }
        leaves[swings[i].leaf] = set->point[swings[i].leaf];
    }
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, 2 * count, NULL, &out, err));
    for (int64_t i = 0; i < count; i++) {
        int64_t rank = 1;
        for (int64_t k = 0; k < count; k++) {
            double other = width(&swings[k], base);
            double own = width(&swings[i], base);
            bool tie = fabs(other - own) <= 1e-12 * fmax(other, own); /* equal but for rounding */
            if (tie ? k < i : other > own) rank++;
        }
        for (int32_t end = 0; end < 2; end++) {
            int64_t row = 2 * i + end;
            pdm__put_text(&out, 0, row, set->leaves[swings[i].leaf].name);
            pdm__put_code(&out, 1, row, end, end_names);
            pdm__put_float(&out, 2, row, swings[i].x[end]);
            pdm__put_float(&out, 3, row, swings[i].value[end]);
            pdm__put_float(&out, 4, row, swings[i].value[end] - base);
            pdm__put_int(&out, 5, row, rank);
            pdm__put_bool(&out, 6, row, swings[i].clipped[end]);
            pdm__put_status(&out, 7, row, swings[i].status[end], set->leaves[swings[i].leaf].name);
        }
    }
    return pdm__rows_end(&out);
}

static pdm_status with_tree(pdm__calc *calc,
                            pdm_status (*body)(pdm__calc *, const pdm_tree *, const pdm__leaf_set *, pdm_error *),
                            pdm_error *err) {
    pdm__leaf_set leaves;
    pdm_tree *tree = NULL;
    PDM__TRY(pdm__leaves_read(calc, IN_LEAVES, PDM__LEAF_ROLE, PDM__LEAF_VALUE, &leaves, err));
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &leaves, NULL, &tree, err));
    pdm_status status = body(calc, tree, &leaves, err);
    pdm_tree_free(tree);
    return status;
}

static pdm_status tornado_run(pdm__calc *calc, pdm_error *err) { return with_tree(calc, tornado, err); }

PDM__CALCULATOR(tornado, pdm_tornado_options, "Tornado", "敏感性分析",
                "What each lever does to the result when it moves by itself.");

/* ---- scenarios ---- */

static const pdm_column_info axis_columns[] = {
    [AXIS_LEVER] = PDM__COLUMN("lever", PDM_ROLE_TEXT, "", "Leaf; the first one named varies slowest."),
    [AXIS_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "as the lever", "A value it takes."),
};
static const pdm_list_info scenarios_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Its leaves now."),
    [IN_LEVERS] = PDM__INPUT("axes", axis_columns, PDM_INPUT_ROWS, "Values of the levers."),
};
static const pdm__column_rule scenarios_rules[] = {PDM__NO_RULE};
static const pdm_option_info scenarios_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info value_columns[] = {
    PDM__RESULT("scenario", PDM_TYPE_INT64, "", "Number of the combination, from 0."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the formula", "Root."),
    PDM__RESULT("delta_vs_base", PDM_TYPE_FLOAT64, "as the formula", "Against the root now."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info setting_columns[] = {
    PDM__RESULT("scenario", PDM_TYPE_INT64, "", "Number of the combination."),
    PDM__RESULT("lever", PDM_TYPE_LARGE_UTF8, "", "Lever."),
    PDM__RESULT("x", PDM_TYPE_FLOAT64, "as the lever", "Its value there."),
};
static const pdm_table_info scenarios_tables[] = {
    PDM__TABLE("values", value_columns, "A combination."),
    PDM__TABLE("settings", setting_columns, "A lever in a combination."),
};

/* Axes: rows of one lever, chained. */
typedef struct axes {
    int32_t *ids;
    int64_t *first;
    int32_t count;
    int32_t *leaf;   /* per axis */
    int64_t *size;   /* per axis */
    int64_t *stride; /* per axis */
    double *values;  /* axis after axis */
    int64_t *from;   /* per axis, in values */
    int64_t cells;
} axes;

static pdm_status read_axes(pdm__calc *calc, const pdm__leaf_set *set, axes *a, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[IN_LEVERS];
    int64_t *filled = NULL;
    PDM__TRY(pdm__calc_ids(calc, IN_LEVERS, AXIS_LEVER, &a->ids, &a->first, &a->count, err));
    PDM__TRY(pdm__calc_array(calc, a->count, sizeof *a->leaf, &a->leaf, err));
    PDM__TRY(pdm__calc_array(calc, a->count, sizeof *a->size, &a->size, err));
    PDM__TRY(pdm__calc_array(calc, a->count, sizeof *a->stride, &a->stride, err));
    PDM__TRY(pdm__calc_array(calc, a->count, sizeof *a->from, &a->from, err));
    PDM__TRY(pdm__calc_array(calc, a->count, sizeof *filled, &filled, err));
    PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *a->values, &a->values, err));
    for (int64_t row = 0; row < in->rows; row++) a->size[a->ids[row]]++;
    a->cells = 1;
    for (int32_t i = a->count - 1; i >= 0; i--) {
        PDM__TRY(pdm__leaf_find(calc, set, IN_LEVERS, AXIS_LEVER, a->first[i], &a->leaf[i], err));
        a->stride[i] = a->cells;
        if (a->cells > MAX_CELLS / a->size[i] / a->count) {
            return pdm__calc_fail(calc, IN_LEVERS, -1, -1, PDM_E_TOO_MANY_CELLS, err, "more than %lld cells",
                                  (long long)MAX_CELLS);
        }
        a->cells *= a->size[i];
    }
    for (int32_t i = 1; i < a->count; i++) a->from[i] = a->from[i - 1] + a->size[i - 1];
    for (int64_t row = 0; row < in->rows; row++) {
        int32_t axis = a->ids[row];
        const pdm_leaf *leaf = &set->leaves[a->leaf[axis]];
        double x = in->columns[AXIS_VALUE].f64[row];
        pdm_status status = pdm__leaf_check(leaf->role, x);
        if (status != PDM_OK) {
            return pdm__calc_fail(calc, IN_LEVERS, AXIS_VALUE, row, status, err, "%.17g is no %s", x,
                                  pdm__leaf_role_names[leaf->role]);
        }
        a->values[a->from[axis] + filled[axis]++] = x;
    }
    return PDM_OK;
}

static pdm_status scenarios(pdm__calc *calc, const pdm_tree *tree, const pdm__leaf_set *set, pdm_error *err) {
    axes a;
    pdm__point point;
    double *leaves = NULL;
    pdm__rows values;
    pdm__rows settings;
    memset(&a, 0, sizeof a);
    PDM__TRY(read_axes(calc, set, &a, err));
    PDM__TRY(pdm__point_init(&point, tree, &calc->memory, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *leaves, &leaves, err));
    memcpy(leaves, set->point, (size_t)set->count * sizeof *leaves);
    double base = pdm__point_value(&point, leaves);
    PDM__TRY(pdm__rows_begin(calc, 0, a.cells, NULL, &values, err));
    PDM__TRY(pdm__rows_begin(calc, 1, a.cells * a.count, NULL, &settings, err));
    for (int64_t cell = 0; cell < a.cells; cell++) {
        if (cell % 65536 == 0) PDM__TRY(pdm__calc_poll(calc, 65536, err));
        for (int32_t i = 0; i < a.count; i++) {
            double x = a.values[a.from[i] + cell / a.stride[i] % a.size[i]];
            leaves[a.leaf[i]] = x;
            pdm__put_int(&settings, 0, cell * a.count + i, cell);
            pdm__put_text(&settings, 1, cell * a.count + i, set->leaves[a.leaf[i]].name);
            pdm__put_float(&settings, 2, cell * a.count + i, x);
        }
        double value = pdm__point_value(&point, leaves);
        pdm__put_int(&values, 0, cell, cell);
        pdm__put_float(&values, 1, cell, value);
        pdm__put_float(&values, 2, cell, value - base);
        pdm__put_status(&values, 3, cell, point.status, "the formula is undefined there");
    }
    PDM__TRY(pdm__rows_end(&values));
    return pdm__rows_end(&settings);
}

static pdm_status scenarios_run(pdm__calc *calc, pdm_error *err) { return with_tree(calc, scenarios, err); }

PDM__CALCULATOR(scenarios, pdm_plan_options, "Scenarios", "情景测算",
                "The result for every combination of listed values of levers.");
