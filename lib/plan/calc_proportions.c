/* Calculators `forecast_proportions` (each child's share of its siblings, multiplied down) and `blend` (weighted mean of shares). */
#include "plan/apportion.h"
#include "plan/hierarchy.h"
#include "plan/registry.h"

/* ---- forecast_proportions ---- */

enum { IN_TREE, IN_TARGET };
enum { TREE_NODE, TREE_PARENT, TREE_VALUE };

static const pdm_column_info tree_columns[] = {
    [TREE_NODE] = PDM__COLUMN("node", PDM_ROLE_KEY, "", "Node; one root."),
    [TREE_PARENT] = PDM__COLUMN_OR_NULL("parent", PDM_ROLE_KEY, "", "Node above; null for the root."),
    [TREE_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Its own forecast, 0 or more."),
};
static const pdm_column_info target_columns[] = {
    PDM__COLUMN("total", PDM_ROLE_MONEY, "", "What the root is set to; default: its own value."),
};
static const pdm_list_info forecast_proportions_inputs[] = {
    [IN_TREE] = PDM__INPUT("tree", tree_columns, PDM_INPUT_ROWS, "The tree of forecasts."),
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_OPTIONAL_ONE, "The total of the root."),
};
static const pdm__column_rule forecast_proportions_rules[] = {
    {IN_TREE, TREE_VALUE, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {IN_TARGET, 0, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
};
static const pdm_option_info forecast_proportions_options[] = {
    PDM__OPTION_STRICT(pdm_proportions_options),
    PDM__OPTION_ENUM(pdm_proportions_options, zero_policy, pdm__zero_policy_names,
                     "Siblings whose forecasts sum to 0: an error, or equal shares."),
};
static const pdm_result_column_info node_columns[] = {
    PDM__RESULT("node", PDM_TYPE_NONE, "", "Node, in the order given."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Its own forecast."),
    PDM__RESULT("share_of_siblings", PDM_TYPE_FLOAT64, "", "Its share of its siblings' sum; null at the root."),
    PDM__RESULT("share", PDM_TYPE_FLOAT64, "", "Its share of the root."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "as the total", "share · total."),
};
static const pdm_table_info forecast_proportions_tables[] = {PDM__TABLE("nodes", node_columns, "A node.")};

static pdm_status share_out(pdm__calc *calc, const pdm__hierarchy *h, int32_t parent, double *among, double *share,
                            pdm_error *err) {
    const pdm_proportions_options *chosen = calc->options;
    const pdm__values *value = &calc->sheets[IN_TREE].columns[TREE_VALUE];
    pdm__sum sum = {0.0, 0.0};
    int32_t children = 0;
    for (int32_t c = h->first[parent]; c >= 0; c = h->next[c], children++) pdm__sum_add(&sum, value->f64[c]);
    double all = pdm__sum_of(&sum);
    if (children > 0 && all == 0.0 && chosen->zero_policy == PDM_ZERO_POLICY_ERROR) {
        return pdm__calc_fail(calc, IN_TREE, TREE_VALUE, parent, PDM_E_ZERO_WEIGHTS, err,
                              "the forecasts of its children sum to 0; zero_policy = equal would share equally");
    }
    for (int32_t c = h->first[parent]; c >= 0; c = h->next[c]) {
        among[c] = all == 0.0 ? 1.0 / children : value->f64[c] / all;
        share[c] = share[parent] * among[c];
    }
    return PDM_OK;
}

static pdm_status forecast_proportions_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *tree = &calc->sheets[IN_TREE];
    pdm__hierarchy h;
    double *among = NULL;
    double *share = NULL;
    PDM__TRY(pdm__hierarchy_read(calc, IN_TREE, TREE_NODE, TREE_PARENT, &h, err));
    PDM__TRY(pdm__calc_array(calc, h.count, sizeof *among, &among, err));
    PDM__TRY(pdm__calc_array(calc, h.count, sizeof *share, &share, err));
    if (h.count > 1 && h.parent[h.order[1]] < 0) {
        return pdm__calc_fail(calc, IN_TREE, TREE_PARENT, h.order[1], PDM_E_BAD_TREE, err, "a second root");
    }
    among[h.order[0]] = PDM__NAN;
    share[h.order[0]] = 1.0;
    for (int64_t i = 0; i < h.count; i++) PDM__TRY(share_out(calc, &h, h.order[i], among, share, err));
    double total = tree->columns[TREE_VALUE].f64[h.order[0]];
    if (calc->sheets[IN_TARGET].rows > 0) total = calc->sheets[IN_TARGET].columns[0].f64[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, h.count, &tree->columns[TREE_NODE], &out, err));
    for (int64_t i = 0; i < h.count; i++) {
        pdm__put_key(&out, 0, i, &tree->columns[TREE_NODE], i);
        pdm__put_float(&out, 1, i, tree->columns[TREE_VALUE].f64[i]);
        pdm__put_float(&out, 2, i, among[i]);
        pdm__put_float(&out, 3, i, share[i]);
        pdm__put_float(&out, 4, i, share[i] * total);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(forecast_proportions, pdm_proportions_options, "Forecast proportions", "按预测占比拆分",
                "Splits a target down a tree by each child's forecast share of its siblings.");

/* ---- blend ---- */

enum { IN_SOURCES, IN_ALPHAS };
enum { SOURCE_SOURCE, SOURCE_UNIT, SOURCE_SHARE };
enum { ALPHA_SOURCE, ALPHA_ALPHA };
enum { TABLE_SHARES, TABLE_SOURCES };

static const pdm_column_info source_columns[] = {
    [SOURCE_SOURCE] = PDM__COLUMN("source", PDM_ROLE_TEXT, "", "Where the share comes from: history, capacity …"),
    [SOURCE_UNIT] = PDM__COLUMN("unit", PDM_ROLE_KEY, "", "Unit."),
    [SOURCE_SHARE] = PDM__COLUMN("share", PDM_ROLE_FLOAT, "", "Its share by that source; no row means 0."),
};
static const pdm_column_info alpha_columns[] = {
    [ALPHA_SOURCE] = PDM__COLUMN("source", PDM_ROLE_TEXT, "", "Source."),
    [ALPHA_ALPHA] = PDM__COLUMN("alpha", PDM_ROLE_FLOAT, "", "Weight of the source; they are normalised to 1."),
};
static const pdm_list_info blend_inputs[] = {
    [IN_SOURCES] = PDM__INPUT("sources", source_columns, PDM_INPUT_ROWS, "Shares by source and unit."),
    [IN_ALPHAS] = PDM__INPUT("alphas", alpha_columns, PDM_INPUT_OPTIONAL, "Weights of the sources; default: equal."),
};
static const pdm__column_rule blend_rules[] = {
    {IN_SOURCES, SOURCE_SHARE, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
    {IN_ALPHAS, ALPHA_ALPHA, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
};
static const pdm_option_info blend_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info blend_share_columns[] = {
    PDM__RESULT("unit", PDM_TYPE_NONE, "", "Unit, in order of appearance."),
    PDM__RESULT("share", PDM_TYPE_FLOAT64, "", "Σ alpha · share of the source."),
};
static const pdm_result_column_info blend_source_columns[] = {
    PDM__RESULT("unit", PDM_TYPE_NONE, "", "Unit."),
    PDM__RESULT("source", PDM_TYPE_LARGE_UTF8, "", "Source."),
    PDM__RESULT("share", PDM_TYPE_FLOAT64, "", "Its share by that source."),
    PDM__RESULT("alpha", PDM_TYPE_FLOAT64, "", "Weight of the source, normalised."),
};
static const pdm_table_info blend_tables[] = {
    [TABLE_SHARES] = PDM__TABLE("shares", blend_share_columns, "A unit."),
    [TABLE_SOURCES] = PDM__TABLE("sources", blend_source_columns, "A row of the input with the weight it got."),
};

static pdm_status read_alphas(pdm__calc *calc, const int64_t *first, int32_t sources, double *alpha, pdm_error *err) {
    const pdm__sheet *alphas = &calc->sheets[IN_ALPHAS];
    double sum = 0.0;
    for (int32_t s = 0; s < sources; s++) {
        int64_t row = pdm__key_row(alphas, ALPHA_SOURCE, &calc->sheets[IN_SOURCES].columns[SOURCE_SOURCE], first[s]);
        alpha[s] = alphas->rows == 0 ? 1.0 : row < 0 ? 0.0 : alphas->columns[ALPHA_ALPHA].f64[row];
        sum += alpha[s];
    }
    if (sum == 0.0) {
        return pdm__calc_fail(calc, IN_ALPHAS, ALPHA_ALPHA, -1, PDM_E_ZERO_WEIGHTS, err, "all alphas are 0");
    }
    for (int32_t s = 0; s < sources; s++) alpha[s] /= sum;
    return PDM_OK;
}

static pdm_status blend_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[IN_SOURCES];
    int32_t *source = NULL;
    int32_t *unit = NULL;
    int64_t *source_row = NULL;
    int64_t *unit_row = NULL;
    int32_t sources = 0;
    int32_t units = 0;
    double *alpha = NULL;
    pdm__sum *sums = NULL;
    pdm__rows out;
    PDM__TRY(pdm__calc_ids(calc, IN_SOURCES, SOURCE_SOURCE, &source, &source_row, &sources, err));
    PDM__TRY(pdm__calc_ids(calc, IN_SOURCES, SOURCE_UNIT, &unit, &unit_row, &units, err));
    PDM__TRY(pdm__calc_array(calc, sources, sizeof *alpha, &alpha, err));
    PDM__TRY(pdm__calc_array(calc, units, sizeof *sums, &sums, err));
    PDM__TRY(read_alphas(calc, source_row, sources, alpha, err));
    const pdm__values *key = &in->columns[SOURCE_UNIT];
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__sum_add(&sums[unit[i]], alpha[source[i]] * in->columns[SOURCE_SHARE].f64[i]);
    }
    PDM__TRY(pdm__rows_begin(calc, TABLE_SHARES, units, key, &out, err));
    for (int32_t u = 0; u < units; u++) {
        pdm__put_key(&out, 0, u, key, unit_row[u]);
        pdm__put_float(&out, 1, u, pdm__sum_of(&sums[u]));
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, TABLE_SOURCES, in->rows, key, &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__put_key(&out, 0, i, key, i);
        pdm__put_text(&out, 1, i, in->columns[SOURCE_SOURCE].text[i]);
        pdm__put_float(&out, 2, i, in->columns[SOURCE_SHARE].f64[i]);
        pdm__put_float(&out, 3, i, alpha[source[i]]);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(blend, pdm_plan_options, "Blended shares", "加权占比", "Mixes shares from several sources into one.");
