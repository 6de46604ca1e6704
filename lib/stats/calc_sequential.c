/* Calculators `msprt_tau2` and `normal_mixture`: what the always-valid methods are tuned with. */
#include "stats/effect_table.h"

#include <pdmetrics/stats/calculators.h>

/* ---- msprt_tau2 ---- */

enum { PLAN_NAME, PLAN_SIGMA, PLAN_PAIRS };

static const pdm_column_info plan_columns[] = {
    [PLAN_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Plan; default: its row number."),
    [PLAN_SIGMA] = PDM__COLUMN("sigma", PDM_ROLE_FLOAT, "as the metric", "Standard deviation of a unit."),
    [PLAN_PAIRS] = PDM__COLUMN("pairs", PDM_ROLE_FLOAT, "units", "Units of an arm at most: planned pairs."),
};
static const pdm_list_info msprt_tau2_inputs[] = {PDM__INPUT("plans", plan_columns, PDM_INPUT_ROWS, "Experiments.")};
static const pdm__column_rule msprt_tau2_rules[] = {PDM__NO_RULE};
static const pdm_option_info msprt_tau2_options[] = {
    PDM__OPTION_STRICT(pdm_level_options),
    PDM__OPTION_FLOAT(pdm_level_options, alpha, 0.05, "", "Level."),
};
static const pdm_result_column_info tau2_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("tau2", PDM_TYPE_FLOAT64, "squared", "Mixing variance: option tau2 of always_valid."),
};
static const pdm_table_info msprt_tau2_tables[] = {PDM__TABLE("answers", tau2_results, "A plan.")};

static pdm_status msprt_tau2_run(pdm__calc *calc, pdm_error *err) {
    const pdm_level_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[PLAN_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double tau2 = 0.0;
        pdm_status status =
            pdm_msprt_tau2(in->columns[PLAN_SIGMA].f64[i], in->columns[PLAN_PAIRS].f64[i], chosen->alpha, &tau2, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[PLAN_NAME], i);
        pdm__put_float(&out, 1, i, tau2);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(msprt_tau2, pdm_level_options, "Mixing variance of the mSPRT", "mSPRT 混合方差",
                "A mixing variance for a mixture sequential probability ratio test of planned length.");

/* ---- normal_mixture ---- */

enum { TIME_V, TIME_SUM, TIME_V_OPT };

static const char *const side_names[] = {"two_sided", "greater", NULL};
static const pdm_column_info time_columns[] = {
    [TIME_V] = PDM__COLUMN("v", PDM_ROLE_FLOAT, "", "Intrinsic time: variance of the sum so far."),
    [TIME_SUM] = PDM__COLUMN_OR_NULL("s", PDM_ROLE_FLOAT, "", "The sum so far, centred under no effect."),
    [TIME_V_OPT] = PDM__COLUMN("v_opt", PDM_ROLE_FLOAT, "", "Intrinsic time at which the bound shall be lowest."),
};
static const pdm_list_info normal_mixture_inputs[] = {
    PDM__INPUT("times", time_columns, PDM_INPUT_ROWS, "Times of a sum that is watched.")};
static const pdm__column_rule normal_mixture_rules[] = {{0, TIME_V, PDM_E_BAD_VALUE, 0.0, PDM__INF}};
static const pdm_option_info normal_mixture_options[] = {
    PDM__OPTION_STRICT(pdm_mixture_options),
    PDM__OPTION_ENUM(pdm_mixture_options, alternative, side_names, "Both sides are watched, or the upper one."),
    PDM__OPTION_BOOL(pdm_mixture_options, exact,
                     "The exact optimum by Lambert's function, not the usual approximation."),
    PDM__OPTION_FLOAT(pdm_mixture_options, alpha, 0.05, "", "Level of all times together."),
};
static const pdm_result_column_info mixture_results[] = {
    PDM__RESULT("v", PDM_TYPE_FLOAT64, "", "As given."),
    PDM__RESULT("rho", PDM_TYPE_FLOAT64, "", "Tuning of the mixture."),
    PDM__RESULT("bound", PDM_TYPE_FLOAT64, "", "The sum at which the evidence reaches 1/alpha."),
    PDM__RESULT("log_e_value", PDM_TYPE_FLOAT64, "", "ln of the evidence in s; null without it."),
    PDM__RESULT("crossed", PDM_TYPE_BOOL, "", "s has reached the bound, at this time; null without it."),
};
static const pdm_table_info normal_mixture_tables[] = {PDM__TABLE("bounds", mixture_results, "A time.")};

static pdm_status normal_mixture_run(pdm__calc *calc, pdm_error *err) {
    const pdm_mixture_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, NULL, &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double v = in->columns[TIME_V].f64[i];
        double s = pdm__number(&in->columns[TIME_SUM], i, PDM__NAN);
        double rho = 0.0;
        double bound = 0.0;
        pdm_status status = pdm_mixture_rho(in->columns[TIME_V_OPT].f64[i], chosen->alpha, chosen->alternative,
                                            chosen->exact != 0, &rho, err);
        if (status == PDM_OK) status = pdm_mixture_bound(v, rho, chosen->alpha, chosen->alternative, &bound, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        double evidence = isnan(s) ? PDM__NAN : pdm_mixture_log(s, v, rho, chosen->alternative);
        pdm__put_float(&out, 0, i, v);
        pdm__put_float(&out, 1, i, rho);
        pdm__put_float(&out, 2, i, bound);
        pdm__put_float(&out, 3, i, evidence);
        pdm__put_bool(&out, 4, i, (chosen->alternative == PDM_GREATER ? s : fabs(s)) >= bound);
        if (isnan(s)) pdm__put_null(&out, 4, i);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(normal_mixture, pdm_mixture_options, "Normal mixture bound", "正态混合边界",
                "How far a sum may stray by chance, at any time one looks (Howard et al. 2021).");
