/* Calculators `power_lift`, `mde_lift`, `design_effect` and `weighted_alphas`: more of planning. */
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>

static pdm_power_options options_of(const pdm_lift_design_options *chosen) {
    pdm_power_options options = pdm_power_options_default();
    options.alpha = chosen->alpha;
    options.power = chosen->power;
    return options;
}

/* ---- power_lift, mde_lift ---- */

enum { LIFT_NAME, LIFT_MEAN, LIFT_VARIANCE, LIFT_N, LIFT_EFFECT };

#define LIFT_COLUMNS                                                                                                   \
    [LIFT_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Design; default: its row number."),                   \
    [LIFT_MEAN] = PDM__COLUMN("mean", PDM_ROLE_FLOAT, "as the metric", "Mean of the control."),                        \
    [LIFT_VARIANCE] = PDM__COLUMN("variance", PDM_ROLE_FLOAT, "squared",                                               \
                                  "Variance of a unit; of a ratio metric: of its linearised unit."),                   \
    [LIFT_N] = PDM__COLUMN("n", PDM_ROLE_FLOAT, "units", "Units of each of two arms.")

static const pdm_column_info power_lift_columns[] = {
    LIFT_COLUMNS,
    [LIFT_EFFECT] = PDM__COLUMN("effect", PDM_ROLE_FLOAT, "of the mean", "Relative effect: 0.05 = 5 % more."),
};
static const pdm_column_info mde_lift_columns[] = {LIFT_COLUMNS};
static const pdm_list_info power_lift_inputs[] = {
    PDM__INPUT("designs", power_lift_columns, PDM_INPUT_ROWS, "What is expected.")};
static const pdm_list_info mde_lift_inputs[] = {
    PDM__INPUT("designs", mde_lift_columns, PDM_INPUT_ROWS, "What is expected.")};
static const pdm__column_rule power_lift_rules[] = {PDM__NO_RULE};
static const pdm__column_rule mde_lift_rules[] = {PDM__NO_RULE};
static const pdm_option_info power_lift_options[] = {
    PDM__OPTION_STRICT(pdm_lift_design_options),
    PDM__OPTION_FLOAT(pdm_lift_design_options, alpha, 0.05, "", "Level, two-sided."),
};
static const pdm_option_info mde_lift_options[] = {
    PDM__OPTION_STRICT(pdm_lift_design_options),
    PDM__OPTION_FLOAT(pdm_lift_design_options, alpha, 0.05, "", "Level, two-sided."),
    PDM__OPTION_FLOAT(pdm_lift_design_options, power, 0.8, "", "Power wanted."),
};
static const pdm_result_column_info power_lift_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("power", PDM_TYPE_FLOAT64, "", "Chance to see the effect, both tails."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info mde_lift_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "of the mean", "Relative effect that is seen with the power wanted."),
    PDM__RESULT("status", PDM_TYPE_DICTIONARY, "", "ok; unreachable = too few units for any effect."),
};
static const pdm_table_info power_lift_tables[] = {PDM__TABLE("answers", power_lift_results, "A design.")};
static const pdm_table_info mde_lift_tables[] = {PDM__TABLE("answers", mde_lift_results, "A design.")};

typedef pdm_status (*ask)(const pdm__values *cells, int64_t row, const pdm_power_options *options, pdm_plan *out,
                          pdm_error *err);

static pdm_status ask_power(const pdm__values *cells, int64_t row, const pdm_power_options *options, pdm_plan *out,
                            pdm_error *err) {
    return pdm_power_lift(cells[LIFT_EFFECT].f64[row], cells[LIFT_MEAN].f64[row], cells[LIFT_VARIANCE].f64[row],
                          cells[LIFT_N].f64[row], options, out, err);
}

static pdm_status ask_mde(const pdm__values *cells, int64_t row, const pdm_power_options *options, pdm_plan *out,
                          pdm_error *err) {
    return pdm_mde_lift(cells[LIFT_MEAN].f64[row], cells[LIFT_VARIANCE].f64[row], cells[LIFT_N].f64[row], options, out,
                        err);
}

static pdm_status answer_all(pdm__calc *calc, ask question, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm_power_options options = options_of(calc->options);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[LIFT_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_plan answer;
        pdm_status status = question(in->columns, i, &options, &answer, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[LIFT_NAME], i);
        pdm__put_float(&out, 1, i, answer.value);
        pdm__put_status(&out, 2, i, answer.status, "too few units for any effect");
    }
    return pdm__rows_end(&out);
}

static pdm_status power_lift_run(pdm__calc *calc, pdm_error *err) { return answer_all(calc, ask_power, err); }
static pdm_status mde_lift_run(pdm__calc *calc, pdm_error *err) { return answer_all(calc, ask_mde, err); }

PDM__CALCULATOR(power_lift, pdm_lift_design_options, "Power of a relative effect", "相对提升的检验功效",
                "How likely a relative effect on a mean is seen with these units.");
PDM__CALCULATOR(mde_lift, pdm_lift_design_options, "Relative effect that can be seen", "最小可检测相对提升",
                "What relative effect on a mean these units can show.");

/* ---- design_effect ---- */

enum { CLUSTER_NAME, CLUSTER_SIZE, CLUSTER_ICC, CLUSTER_CV, CLUSTER_UNITS };

static const pdm_column_info cluster_columns[] = {
    [CLUSTER_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Design; default: its row number."),
    [CLUSTER_SIZE] = PDM__COLUMN("size", PDM_ROLE_FLOAT, "units", "Mean units of a cluster (a group chat, a store)."),
    [CLUSTER_ICC] = PDM__COLUMN("icc", PDM_ROLE_FLOAT, "", "Intra-class correlation."),
    [CLUSTER_CV] = PDM__COLUMN_OR_NULL("cv", PDM_ROLE_FLOAT, "",
                                       "Coefficient of variation of the sizes; default 0: all the same."),
    [CLUSTER_UNITS] =
        PDM__COLUMN_OR_NULL("n", PDM_ROLE_FLOAT, "units", "Units needed if each were randomised by itself."),
};
static const pdm_list_info design_effect_inputs[] = {
    PDM__INPUT("clusters", cluster_columns, PDM_INPUT_ROWS, "Designs that randomise clusters of units.")};
static const pdm__column_rule design_effect_rules[] = {
    {0, CLUSTER_SIZE, PDM_E_BAD_VALUE, 1.0, PDM__INF},
    {0, CLUSTER_ICC, PDM_E_BAD_VALUE, 0.0, 1.0},
    {0, CLUSTER_CV, PDM_E_BAD_VALUE, 0.0, PDM__INF},
    {0, CLUSTER_UNITS, PDM_E_BAD_VALUE, 0.0, 0x1p53},
};
static const pdm_option_info design_effect_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info cluster_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("factor", PDM_TYPE_FLOAT64, "", "What clusters multiply the units with."),
    PDM__RESULT("exact", PDM_TYPE_FLOAT64, "units", "Units needed, before rounding."),
    PDM__RESULT("n", PDM_TYPE_INT64, "units", "Units needed, rounded up; null without n."),
    PDM__RESULT("clusters", PDM_TYPE_INT64, "", "Clusters needed, rounded up; null without n."),
};
static const pdm_table_info design_effect_tables[] = {PDM__TABLE("answers", cluster_results, "A design.")};

static void put_whole(pdm__rows *out, int32_t column, int64_t row, double value) {
    bool fits = fabs(value) < 0x1p62;
    pdm__put_int(out, column, row, fits ? (int64_t)ceil(value) : 0);
    if (!fits) pdm__put_null(out, column, row);
}

static pdm_status design_effect_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[CLUSTER_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double size = in->columns[CLUSTER_SIZE].f64[i];
        double factor =
            pdm_design_effect(size, pdm__number(&in->columns[CLUSTER_CV], i, 0.0), in->columns[CLUSTER_ICC].f64[i]);
        double units = factor * pdm__number(&in->columns[CLUSTER_UNITS], i, PDM__NAN);
        pdm__put_key(&out, 0, i, &in->columns[CLUSTER_NAME], i);
        pdm__put_float(&out, 1, i, factor);
        pdm__put_float(&out, 2, i, units);
        put_whole(&out, 3, i, units);
        put_whole(&out, 4, i, units / size);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(design_effect, pdm_plan_options, "Design effect of clusters", "整群设计效应",
                "How many more units it takes when whole clusters are randomised.");

/* ---- weighted_alphas ---- */

enum { FAMILY_NAME, FAMILY_SHARE, FAMILY_TREATMENTS, FAMILY_METRICS };

static const pdm_column_info family_columns[] = {
    [FAMILY_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Family; default: its row number."),
    [FAMILY_SHARE] =
        PDM__COLUMN("primary_share", PDM_ROLE_FLOAT, "of alpha", "What the primary metric gets, in (0, 1)."),
    [FAMILY_TREATMENTS] = PDM__COLUMN("treatments", PDM_ROLE_FLOAT, "", "Treatments against one control."),
    [FAMILY_METRICS] = PDM__COLUMN("metrics", PDM_ROLE_FLOAT, "", "Metrics in all, the primary one among them."),
};
static const pdm_list_info weighted_alphas_inputs[] = {
    PDM__INPUT("families", family_columns, PDM_INPUT_ROWS, "Families of comparisons with one primary metric.")};
static const pdm__column_rule weighted_alphas_rules[] = {{0, FAMILY_TREATMENTS, PDM_E_BAD_VALUE, 1.0, 1e6},
                                                         {0, FAMILY_METRICS, PDM_E_BAD_VALUE, 1.0, 1e6}};
static const pdm_option_info weighted_alphas_options[] = {
    PDM__OPTION_STRICT(pdm_level_options),
    PDM__OPTION_FLOAT(pdm_level_options, alpha, 0.05, "", "Level of the family."),
};
static const pdm_result_column_info family_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("alpha_primary", PDM_TYPE_FLOAT64, "", "Level of each comparison of the primary metric."),
    PDM__RESULT("alpha_other", PDM_TYPE_FLOAT64, "", "Level of each other comparison; null if there is none."),
};
static const pdm_table_info weighted_alphas_tables[] = {PDM__TABLE("families", family_results, "A family.")};

static pdm_status weighted_alphas_run(pdm__calc *calc, pdm_error *err) {
    const pdm_level_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[FAMILY_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        int64_t counts[2];
        double primary = 0.0;
        double other = 0.0;
        for (int32_t c = 0; c < 2; c++)
            PDM__TRY(pdm__calc_whole(calc, 0, FAMILY_TREATMENTS + c, i, PDM_E_BAD_VALUE, &counts[c], err));
        pdm_status status = pdm_weighted_alphas(chosen->alpha, in->columns[FAMILY_SHARE].f64[i], (int32_t)counts[0],
                                                (int32_t)counts[1], &primary, &other, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[FAMILY_NAME], i);
        pdm__put_float(&out, 1, i, primary);
        pdm__put_float(&out, 2, i, other);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(weighted_alphas, pdm_level_options, "Levels of a weighted family", "加权显著性水平",
                "What level each comparison has when one metric is primary.");
