/* Calculator `attainment`: how uncertain a formula is, and how likely it reaches its target. Delta method. */
#include "plan/formula_leaves.h"
#include "plan/registry.h"
#include "plan/scalar.h"

#include <pdmetrics/plan/uncertainty.h>

enum { IN_FORMULA, IN_LEAVES, IN_CORRELATIONS, IN_TARGET };
enum { LEAF_SD = PDM__LEAF_VALUE + 1, LEAF_TRIALS };
enum { PAIR_LEAF, PAIR_OTHER, PAIR_CORRELATION };
enum { TABLE_ATTAINMENT, TABLE_LEAVES };

static const char *const scale_names[] = {"linear", "log", NULL};

static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_column_info leaf_columns[] = {
    PDM__LEAF_COLUMNS,
    [PDM__LEAF_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Its value."),
    [LEAF_SD] =
        PDM__COLUMN_OR_NULL("sd", PDM_ROLE_FLOAT, "as the leaf", "Its standard deviation; null = by trials, or 0."),
    [LEAF_TRIALS] = PDM__COLUMN_OR_NULL("trials", PDM_ROLE_FLOAT, "trials",
                                        "Size of the test a rate comes from: sd = √(p(1 − p)/n)."),
};
static const pdm_column_info pair_columns[] = {
    [PAIR_LEAF] = PDM__COLUMN("leaf", PDM_ROLE_TEXT, "", "Leaf."),
    [PAIR_OTHER] = PDM__COLUMN("other", PDM_ROLE_TEXT, "", "Another leaf."),
    [PAIR_CORRELATION] =
        PDM__COLUMN("correlation", PDM_ROLE_FLOAT, "", "Their correlation, −1 to 1; pairs not listed: 0."),
};
static const pdm_column_info target_columns[] = {
    PDM__COLUMN("target", PDM_ROLE_FLOAT, "as the formula", "What the root shall reach."),
};
static const pdm_list_info attainment_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Its leaves and how uncertain they are."),
    [IN_CORRELATIONS] = PDM__INPUT("correlations", pair_columns, PDM_INPUT_OPTIONAL, "Pairs that move together."),
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_OPTIONAL_ONE, "A target; without it no probability."),
};
static const pdm__column_rule attainment_rules[] = {
    {IN_LEAVES, LEAF_SD, PDM_E_BAD_VALUE, 0.0, PDM__INF},
    {IN_LEAVES, LEAF_TRIALS, PDM_E_BAD_COUNT, 1.0, PDM__INF},
    {IN_CORRELATIONS, PAIR_CORRELATION, PDM_E_BAD_RATE, -1.0, 1.0},
};
static const pdm_option_info attainment_options[] = {
    PDM__OPTION_STRICT(pdm_attainment_options),
    PDM__OPTION_ENUM(pdm_attainment_options, scale, scale_names,
                     "The root is normal, or its logarithm is (everything positive)."),
    PDM__OPTION_FLOAT(pdm_attainment_options, level, 0.95, "", "Level of the interval, below 1."),
};
static const pdm_result_column_info attainment_columns[] = {
    PDM__RESULT("scale", PDM_TYPE_DICTIONARY, "", "Scale."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the formula", "Root."),
    PDM__RESULT("sd", PDM_TYPE_FLOAT64, "as the formula (log: of ln)", "Its standard deviation."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the formula", "Lower end of the interval."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the formula", "Upper end of the interval."),
    PDM__RESULT("target", PDM_TYPE_FLOAT64, "as the formula", "Target."),
    PDM__RESULT("probability", PDM_TYPE_FLOAT64, "", "P(root ≥ target)."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info leaf_results[] = {
    PDM__RESULT("leaf", PDM_TYPE_LARGE_UTF8, "", "Leaf."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the leaf", "Its value."),
    PDM__RESULT("sd", PDM_TYPE_FLOAT64, "as the leaf", "Its standard deviation."),
    PDM__RESULT("share_of_variance", PDM_TYPE_FLOAT64, "of the root's variance", "Its own and half of what it shares."),
    PDM__RESULT("degenerate", PDM_TYPE_BOOL, "", "A rate of 0 or 1 from trials: the sd of 0 is not to be believed."),
};
static const pdm_table_info attainment_tables[] = {
    [TABLE_ATTAINMENT] = PDM__TABLE("attainment", attainment_columns, "One row: the answer."),
    [TABLE_LEAVES] = PDM__TABLE("leaves", leaf_results, "A leaf."),
};

typedef struct work {
    pdm__calc *calc;
    const pdm__leaf_set *set;
    double *sd;
    uint8_t *degenerate;
    double *loading; /* slope · sd, on the scale chosen */
    double *share;   /* of the variance, before it is divided */
    double variance;
    double value;
    int32_t status;
} work;

static pdm_status read_deviations(work *w, pdm_error *err) {
    const pdm__values *c = w->calc->sheets[IN_LEAVES].columns;
    for (int32_t i = 0; i < w->set->count; i++) {
        int64_t row = w->set->row[i];
        double p = w->set->point[i];
        w->sd[i] = pdm__number(&c[LEAF_SD], row, 0.0);
        if (pdm__given(&c[LEAF_SD], row) || !pdm__given(&c[LEAF_TRIALS], row)) continue;
        if (!(p >= 0.0 && p <= 1.0)) {
            return pdm__calc_fail(w->calc, IN_LEAVES, LEAF_TRIALS, row, PDM_E_BAD_RATE, err,
                                  "%g comes from trials, but is no rate", p);
        }
        w->sd[i] = sqrt(p * (1.0 - p) / c[LEAF_TRIALS].f64[row]);
        w->degenerate[i] = p == 0.0 || p == 1.0 ? 1 : 0;
    }
    return PDM_OK;
}

/* Variance = Σ loading² + Σ over pairs; a pair's part is halved between the two. */
static pdm_status add_up(work *w, pdm_error *err) {
    const pdm__sheet *pairs = &w->calc->sheets[IN_CORRELATIONS];
    pdm__sum sum = {0.0, 0.0};
    for (int32_t i = 0; i < w->set->count; i++) {
        w->share[i] = w->loading[i] * w->loading[i];
        pdm__sum_add(&sum, w->share[i]);
    }
    for (int64_t row = 0; row < pairs->rows; row++) {
        int32_t a = 0;
        int32_t b = 0;
        PDM__TRY(pdm__leaf_find(w->calc, w->set, IN_CORRELATIONS, PAIR_LEAF, row, &a, err));
        PDM__TRY(pdm__leaf_find(w->calc, w->set, IN_CORRELATIONS, PAIR_OTHER, row, &b, err));
        if (a == b) {
            return pdm__calc_fail(w->calc, IN_CORRELATIONS, PAIR_OTHER, row, PDM_E_DUPLICATE_NAME, err,
                                  "a leaf is not correlated with itself");
        }
        double part = pairs->columns[PAIR_CORRELATION].f64[row] * w->loading[a] * w->loading[b];
        w->share[a] += part;
        w->share[b] += part;
        pdm__sum_add(&sum, 2.0 * part);
    }
    w->variance = pdm__sum_of(&sum);
    if (w->variance >= -1e-12 * fabs(w->value)) {
        w->variance = fmax(w->variance, 0.0);
        return PDM_OK;
    }
    return pdm__calc_fail(w->calc, IN_CORRELATIONS, PAIR_CORRELATION, -1, PDM_E_BAD_RATE, err,
                          "the correlations contradict each other: the variance is %g", w->variance);
}

static double tail_at(void *tail, double z) {
    const double *p = tail;
    return 0.5 * erfc(z / 1.4142135623730950488) - *p;
}

/* z with P(Z > z) = (1 − level)/2. */
static double quantile_of(double level) {
    double tail = (1.0 - level) / 2.0;
    return pdm__brent_root(tail_at, &tail, 0.0, 0.5 - tail, 38.0, -tail, 1e-13);
}

static double probability_of(const work *w, double target, bool logs) {
    double sd = sqrt(w->variance);
    if (sd == 0.0) return w->value >= target ? 1.0 : 0.0;
    if (logs && target <= 0.0) return 1.0;
    double distance = logs ? log(target / w->value) : target - w->value;
    return 0.5 * erfc(distance / (sd * 1.4142135623730950488));
}

static pdm_status put_tables(const work *w, pdm_error *err) {
    const pdm_attainment_options *chosen = w->calc->options;
    const pdm__sheet *target = &w->calc->sheets[IN_TARGET];
    bool logs = chosen->scale == PDM_UNCERTAINTY_LOG;
    bool good = w->status == PDM_STATUS_OK;
    double sd = sqrt(w->variance);
    double reach = quantile_of(chosen->level) * sd;
    double aim = target->rows > 0 ? target->columns[0].f64[0] : PDM__NAN;
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_ATTAINMENT, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->scale, scale_names);
    pdm__put_float(&out, 1, 0, w->value);
    pdm__put_float(&out, 2, 0, good ? sd : PDM__NAN);
    pdm__put_float(&out, 3, 0, !good ? PDM__NAN : logs ? w->value * exp(-reach) : w->value - reach);
    pdm__put_float(&out, 4, 0, !good ? PDM__NAN : logs ? w->value * exp(reach) : w->value + reach);
    pdm__put_float(&out, 5, 0, aim);
    pdm__put_float(&out, 6, 0, !good || isnan(aim) ? PDM__NAN : probability_of(w, aim, logs));
    pdm__put_status(&out, 7, 0, w->status, "scale log needs a positive root");
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_LEAVES, w->set->count, NULL, &out, err));
    for (int32_t i = 0; i < w->set->count; i++) {
        pdm__put_text(&out, 0, i, w->set->leaves[i].name);
        pdm__put_float(&out, 1, i, w->set->point[i]);
        pdm__put_float(&out, 2, i, w->sd[i]);
        pdm__put_float(&out, 3, i, w->variance > 0.0 ? w->share[i] / w->variance : PDM__NAN);
        pdm__put_bool(&out, 4, i, w->degenerate[i] != 0);
    }
    return pdm__rows_end(&out);
}

static pdm_status solve(pdm__calc *calc, const pdm_tree *tree, const pdm__leaf_set *set, pdm_error *err) {
    const pdm_attainment_options *chosen = calc->options;
    work w = {.calc = calc, .set = set};
    pdm__point point;
    double *gradient = NULL;
    if (!(chosen->level < 1.0)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "level", "option \"level\": %g; below 1 expected", chosen->level);
    }
    PDM__TRY(pdm__point_init(&point, tree, &calc->memory, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *gradient, &gradient, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *w.sd, &w.sd, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *w.degenerate, &w.degenerate, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *w.loading, &w.loading, err));
    PDM__TRY(pdm__calc_array(calc, set->count, sizeof *w.share, &w.share, err));
    w.value = pdm__point_value(&point, set->point);
    if (point.status != PDM_STATUS_OK) return pdm__point_fail(&point, err);
    pdm__point_gradient(&point, gradient);
    PDM__TRY(read_deviations(&w, err));
    bool logs = chosen->scale == PDM_UNCERTAINTY_LOG;
    if (logs && !(w.value > 0.0)) w.status = PDM_STATUS_SIGN_CHANGE;
    /* elasticity · sd/x is slope · sd / root: x need not be divided by. */
    for (int32_t i = 0; i < set->count; i++) w.loading[i] = gradient[i] * w.sd[i] / (logs ? w.value : 1.0);
    PDM__TRY(add_up(&w, err));
    return put_tables(&w, err);
}

static pdm_status attainment_run(pdm__calc *calc, pdm_error *err) {
    pdm__leaf_set leaves;
    pdm_tree *tree = NULL;
    PDM__TRY(pdm__leaves_read(calc, IN_LEAVES, PDM__LEAF_ROLE, PDM__LEAF_VALUE, &leaves, err));
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &leaves, NULL, &tree, err));
    pdm_status status = solve(calc, tree, &leaves, err);
    pdm_tree_free(tree);
    return status;
}

PDM__CALCULATOR(attainment, pdm_attainment_options, "Chance of attainment", "目标达成概率",
                "How uncertain a formula is, which leaf makes it so, and how likely it reaches its target.");
