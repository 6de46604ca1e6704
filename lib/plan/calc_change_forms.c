/* Calculators `funnel_change` (steps of a funnel as factors) and `series_change` (a formula over several periods). */
#include "plan/formula_leaves.h"
#include "plan/registry.h"
#include "plan/shapley.h"

#include <pdmetrics/plan/change.h>

/* ---- funnel_change ---- */

enum { STEP_NAME, STEP_V0, STEP_V1 };

static const char *const method_names[] = {"shapley", "chain", "order_range", "midpoint", NULL};

static const pdm_column_info step_columns[] = {
    [STEP_NAME] =
        PDM__COLUMN("step", PDM_ROLE_TEXT, "", "Step of the funnel, first to last; the last is what is explained."),
    [STEP_V0] = PDM__COLUMN("v0", PDM_ROLE_FLOAT, "", "Value before."),
    [STEP_V1] = PDM__COLUMN("v1", PDM_ROLE_FLOAT, "", "Value after; it may exceed that of the step before."),
};
static const pdm_list_info funnel_change_inputs[] = {
    PDM__INPUT("steps", step_columns, PDM_INPUT_ROWS, "Steps before and after.")};
static const pdm__column_rule funnel_change_rules[] = {PDM__NO_RULE};
static const pdm_option_info funnel_change_options[] = {
    PDM__OPTION_STRICT(pdm_decompose_options),
    PDM__OPTION_ENUM(pdm_decompose_options, method, method_names,
                     "Average over all orders; chain: in the order of the steps; all orders with their range."),
};
static const pdm_result_column_info step_results[] = {
    PDM__RESULT("step", PDM_TYPE_LARGE_UTF8, "", "Step."),
    PDM__RESULT("factor0", PDM_TYPE_FLOAT64, "", "First step: its value; others: ratio to the step before."),
    PDM__RESULT("factor1", PDM_TYPE_FLOAT64, "", "The same after."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "as the last step", "Its part of the last step's change."),
    PDM__RESULT("effect_share", PDM_TYPE_FLOAT64, "of the change", "effect / total."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the last step", "order_range: least effect."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the last step", "order_range: largest effect."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info change_summary_columns[] = {
    PDM__RESULT("v0", PDM_TYPE_FLOAT64, "", "Value before."),
    PDM__RESULT("v1", PDM_TYPE_FLOAT64, "", "Value after."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "v1 − v0."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "", "Σ effect − total."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info funnel_change_tables[] = {
    PDM__TABLE("effects", step_results, "A step."),
    PDM__TABLE("summary", change_summary_columns, "One row: the last step's change."),
};

static pdm_status put_summary(pdm__calc *calc, int32_t table, double v0, double v1, const double *effects,
                              int32_t count, pdm_error *err) {
    pdm__sum sum = {0.0, 0.0};
    double size = fabs(v0) + fabs(v1);
    for (int32_t i = 0; i < count; i++) {
        pdm__sum_add(&sum, effects[i]);
        size += fabs(effects[i]);
    }
    double closure = pdm__sum_of(&sum) - (v1 - v0);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, table, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, v0);
    pdm__put_float(&out, 1, 0, v1);
    pdm__put_float(&out, 2, 0, v1 - v0);
    pdm__put_float(&out, 3, 0, closure);
    pdm__put_status(&out, 4, 0, fabs(closure) <= 1e-12 * size ? PDM_STATUS_OK : PDM_STATUS_CLOSURE, NULL);
    return pdm__rows_end(&out);
}

/* Factors c_1, c_2/c_1, … of both sides. */
static pdm_status funnel_factors(pdm__calc *calc, double *x0, double *x1, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    for (int64_t i = 0; i < in->rows; i++) {
        for (int32_t side = 0; side < 2; side++) {
            const double *v = in->columns[side == 0 ? STEP_V0 : STEP_V1].f64;
            if (i > 0 && v[i - 1] == 0.0) {
                return pdm__calc_fail(calc, 0, side == 0 ? STEP_V0 : STEP_V1, i - 1,
                                      PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO), err,
                                      "a step of 0 has no ratio behind it");
            }
            (side == 0 ? x0 : x1)[i] = i == 0 ? v[0] : v[i] / v[i - 1];
        }
    }
    return PDM_OK;
}

static pdm_status funnel_with(pdm__calc *calc, const pdm__change *change, const int32_t *order, double *effects,
                              double *low, double *high, pdm_error *err) {
    const pdm_decompose_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    bool ranged = chosen->method == PDM_DECOMPOSE_ORDER_RANGE;
    if (chosen->method == PDM_DECOMPOSE_CHAIN) {
        PDM__TRY(pdm__chain(&calc->memory, change, order, effects, err));
    } else {
        PDM__TRY(pdm__shapley(&calc->memory, change, effects, err));
    }
    if (ranged) PDM__TRY(pdm__order_range(&calc->memory, change, low, high, err));
    double v0 = in->columns[STEP_V0].f64[in->rows - 1];
    double v1 = in->columns[STEP_V1].f64[in->rows - 1];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, NULL, &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__put_text(&out, 0, i, in->columns[STEP_NAME].text[i]);
        pdm__put_float(&out, 1, i, change->x0[i]);
        pdm__put_float(&out, 2, i, change->x1[i]);
        pdm__put_float(&out, 3, i, effects[i]);
        pdm__put_float(&out, 4, i, v1 == v0 ? PDM__NAN : effects[i] / (v1 - v0));
        pdm__put_float(&out, 5, i, ranged ? low[i] : PDM__NAN);
        pdm__put_float(&out, 6, i, ranged ? high[i] : PDM__NAN);
        pdm__put_status(&out, 7, i, v1 == v0 ? PDM_STATUS_ZERO_CHANGE : PDM_STATUS_OK, "nothing changed");
    }
    PDM__TRY(pdm__rows_end(&out));
    return put_summary(calc, 1, v0, v1, effects, (int32_t)in->rows, err);
}

static pdm_status funnel_change_run(pdm__calc *calc, pdm_error *err) {
    const pdm_decompose_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    int32_t count = (int32_t)in->rows;
    double *numbers = NULL; /* x0, x1, effects, low, high */
    int32_t *order = NULL;
    pdm_leaf *leaves = NULL;
    char *text = NULL;
    pdm_tree *tree = NULL;
    if (in->rows > 10000)
        return pdm__calc_fail(calc, 0, -1, -1, PDM_E_TOO_MANY_FACTORS, err, "up to 10000 steps are allowed");
    if (chosen->method == PDM_DECOMPOSE_MIDPOINT && count != 2) {
        return pdm__calc_fail(calc, 0, STEP_NAME, -1, PDM_E_TOO_MANY_FACTORS, err, "method midpoint takes two steps");
    }
    PDM__TRY(pdm__calc_array(calc, 5 * in->rows, sizeof *numbers, &numbers, err));
    PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *order, &order, err));
    PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *leaves, &leaves, err));
    PDM__TRY(pdm__calc_array(calc, 12 * in->rows + 1, 1, &text, err));
    PDM__TRY(funnel_factors(calc, numbers, numbers + count, err));
    PDM__TRY(pdm__product_text(&calc->memory, count, leaves, text, err));
    for (int32_t i = 0; i < count; i++) order[i] = i;
    PDM__TRY(pdm_tree_parse(calc->context, text, strlen(text), leaves, count, NULL, &tree, err));
    pdm__change change = {.tree = tree, .x0 = numbers, .x1 = numbers + count, .player = order, .players = count};
    change.names = in->columns[STEP_NAME].text;
    pdm_status status =
        funnel_with(calc, &change, order, numbers + 2 * count, numbers + 3 * count, numbers + 4 * count, err);
    pdm_tree_free(tree);
    return status;
}

PDM__CALCULATOR(funnel_change, pdm_decompose_options, "Change of a funnel", "漏斗变动拆解",
                "Which step of a funnel explains how much of a change at its end.");

/* ---- series_change ---- */

enum { IN_FORMULA, IN_LEAVES };
enum { SERIES_LEAF, SERIES_VALUE, SERIES_PERIOD };

static const char *const base_names[] = {"chained", "direct", NULL};

static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_column_info series_columns[] = {
    [SERIES_LEAF] = PDM__COLUMN("leaf", PDM_ROLE_TEXT, "", "Leaf of the formula."),
    [SERIES_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Its value in the period."),
    [SERIES_PERIOD] = PDM__COLUMN("period", PDM_ROLE_KEY, "", "Period; they count in order of appearance."),
};
static const pdm_list_info series_change_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] =
        PDM__INPUT("leaves", series_columns, PDM_INPUT_ROWS, "Leaves by period; every period has all of them."),
};
static const pdm__column_rule series_change_rules[] = {PDM__NO_RULE};
static const pdm_option_info series_change_options[] = {
    PDM__OPTION_STRICT(pdm_series_change_options),
    PDM__OPTION_ENUM(pdm_series_change_options, base, base_names,
                     "Sum of the changes from period to period, or last against first."),
};
static const pdm_result_column_info series_effect_columns[] = {
    PDM__RESULT("factor", PDM_TYPE_LARGE_UTF8, "", "Leaf."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "as the formula", "Its part of the change from first to last period."),
    PDM__RESULT("effect_share", PDM_TYPE_FLOAT64, "of the change", "effect / total."),
    PDM__RESULT("base", PDM_TYPE_DICTIONARY, "", "What was compared."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info series_period_columns[] = {
    PDM__RESULT("period", PDM_TYPE_NONE, "", "Period, against the one before (chained) or the first (direct)."),
    PDM__RESULT("factor", PDM_TYPE_LARGE_UTF8, "", "Leaf."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "as the formula", "Its part of that change."),
};
static const pdm_table_info series_change_tables[] = {
    PDM__TABLE("effects", series_effect_columns, "A leaf."),
    PDM__TABLE("periods", series_period_columns, "A leaf in a comparison."),
    PDM__TABLE("summary", change_summary_columns, "One row: the change from first to last."),
};

typedef struct series {
    pdm__calc *calc;
    int32_t leaves;
    int32_t periods;
    int64_t *leaf_row;
    int64_t *period_row;
    double *x;       /* [period · leaves + leaf] */
    double *effects; /* [comparison · leaves + leaf] */
    double *sums;    /* per leaf */
    const char **names;
    pdm_leaf *declared;
    int32_t *player;
} series;

static pdm_status read_series(series *s, pdm_error *err) {
    const pdm__sheet *in = &s->calc->sheets[IN_LEAVES];
    int32_t *leaf = NULL;
    int32_t *period = NULL;
    uint8_t *seen = NULL;
    PDM__TRY(pdm__calc_ids(s->calc, IN_LEAVES, SERIES_LEAF, &leaf, &s->leaf_row, &s->leaves, err));
    PDM__TRY(pdm__calc_ids(s->calc, IN_LEAVES, SERIES_PERIOD, &period, &s->period_row, &s->periods, err));
    int64_t cells = (int64_t)s->leaves * s->periods;
    PDM__TRY(pdm__calc_array(s->calc, cells, sizeof *s->x, &s->x, err));
    PDM__TRY(pdm__calc_array(s->calc, cells, sizeof *s->x, &s->effects, err));
    PDM__TRY(pdm__calc_array(s->calc, s->leaves, sizeof *s->x, &s->sums, err));
    PDM__TRY(pdm__calc_array(s->calc, cells, 1, &seen, err));
    PDM__TRY(pdm__calc_array(s->calc, s->leaves, sizeof *s->names, &s->names, err));
    PDM__TRY(pdm__calc_array(s->calc, s->leaves, sizeof *s->declared, &s->declared, err));
    PDM__TRY(pdm__calc_array(s->calc, s->leaves, sizeof *s->player, &s->player, err));
    for (int64_t row = 0; row < in->rows; row++) {
        int64_t at = (int64_t)period[row] * s->leaves + leaf[row];
        if (seen[at] != 0) {
            return pdm__calc_fail(s->calc, IN_LEAVES, SERIES_LEAF, row, PDM_E_DUPLICATE_NAME, err,
                                  "the period has this leaf already");
        }
        seen[at] = 1;
        s->x[at] = in->columns[SERIES_VALUE].f64[row];
    }
    for (int64_t at = 0; at < cells; at++) {
        if (seen[at] != 0) continue;
        return pdm__calc_fail(s->calc, IN_LEAVES, SERIES_PERIOD, s->period_row[at / s->leaves], PDM_E_LENGTH, err,
                              "the period has no leaf \"%.40s\"",
                              in->columns[SERIES_LEAF].text[s->leaf_row[at % s->leaves]]);
    }
    for (int32_t l = 0; l < s->leaves; l++) {
        s->names[l] = in->columns[SERIES_LEAF].text[s->leaf_row[l]];
        s->declared[l] = (pdm_leaf){.name = s->names[l]};
        s->player[l] = l;
    }
    if (s->periods >= 2) return PDM_OK;
    return pdm__calc_fail(s->calc, IN_LEAVES, SERIES_PERIOD, -1, PDM_E_BAD_PERIOD, err,
                          "one period; two or more expected");
}

static pdm_status compare_periods(series *s, const pdm_tree *tree, double *v0, double *v1, pdm_error *err) {
    const pdm_series_change_options *chosen = s->calc->options;
    bool direct = chosen->base == PDM_SERIES_DIRECT;
    int32_t count = direct ? 1 : s->periods - 1;
    pdm__change change = {.tree = tree, .player = s->player, .names = s->names, .players = s->leaves};
    change.x0 = s->x;
    change.x1 = s->x + (size_t)(s->periods - 1) * (size_t)s->leaves;
    PDM__TRY(pdm__change_ends(&s->calc->memory, &change, v0, v1, err));
    for (int32_t p = 0; p < count; p++) {
        change.x0 = s->x + (size_t)p * (size_t)s->leaves;
        if (!direct) change.x1 = change.x0 + s->leaves;
        PDM__TRY(pdm__shapley(&s->calc->memory, &change, s->effects + (size_t)p * (size_t)s->leaves, err));
    }
    for (int32_t l = 0; l < s->leaves; l++) {
        pdm__sum sum = {0.0, 0.0};
        for (int32_t p = 0; p < count; p++) pdm__sum_add(&sum, s->effects[p * s->leaves + l]);
        s->sums[l] = pdm__sum_of(&sum);
    }
    return PDM_OK;
}

static pdm_status series_with(series *s, const pdm_tree *tree, pdm_error *err) {
    const pdm_series_change_options *chosen = s->calc->options;
    const pdm__values *period = &s->calc->sheets[IN_LEAVES].columns[SERIES_PERIOD];
    bool direct = chosen->base == PDM_SERIES_DIRECT;
    int64_t count = direct ? 1 : s->periods - 1;
    double v0 = 0.0;
    double v1 = 0.0;
    pdm__rows out;
    PDM__TRY(compare_periods(s, tree, &v0, &v1, err));
    PDM__TRY(pdm__rows_begin(s->calc, 0, s->leaves, NULL, &out, err));
    for (int32_t l = 0; l < s->leaves; l++) {
        pdm__put_text(&out, 0, l, s->names[l]);
        pdm__put_float(&out, 1, l, s->sums[l]);
        pdm__put_float(&out, 2, l, v1 == v0 ? PDM__NAN : s->sums[l] / (v1 - v0));
        pdm__put_code(&out, 3, l, chosen->base, base_names);
        pdm__put_status(&out, 4, l, v1 == v0 ? PDM_STATUS_ZERO_CHANGE : PDM_STATUS_OK, "nothing changed");
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(s->calc, 1, count * s->leaves, period, &out, err));
    for (int64_t i = 0; i < count * s->leaves; i++) {
        int64_t p = direct ? s->periods - 1 : i / s->leaves + 1;
        pdm__put_key(&out, 0, i, period, s->period_row[p]);
        pdm__put_text(&out, 1, i, s->names[i % s->leaves]);
        pdm__put_float(&out, 2, i, s->effects[i]);
    }
    PDM__TRY(pdm__rows_end(&out));
    return put_summary(s->calc, 2, v0, v1, s->sums, s->leaves, err);
}

static pdm_status series_change_run(pdm__calc *calc, pdm_error *err) {
    series s = {.calc = calc};
    pdm__leaf_set set;
    pdm_tree *tree = NULL;
    memset(&set, 0, sizeof set);
    PDM__TRY(read_series(&s, err));
    set.count = s.leaves;
    set.leaves = s.declared;
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &set, NULL, &tree, err));
    pdm_status status = series_with(&s, tree, err);
    pdm_tree_free(tree);
    return status;
}

PDM__CALCULATOR(series_change, pdm_series_change_options, "Change over periods", "多期变动拆解",
                "Shapley effects over several periods, chained or last against first.");
