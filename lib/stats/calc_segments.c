/* Calculators `heterogeneity` and `cochran_mantel_haenszel`: the same comparison in several segments or strata. */
#include "stats/groups.h"
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>
#include <pdmetrics/stats/segments.h>

#define MOST_ROWS 1000000

/* ---- heterogeneity ---- */

enum { SEGMENT_SEGMENT, SEGMENT_EFFECT, SEGMENT_SE, SEGMENT_NAME };

static const pdm_column_info segment_columns[] = {
    [SEGMENT_SEGMENT] =
        PDM__COLUMN_OR_NULL("segment", PDM_ROLE_TEXT, "", "Segment; for the reader, it changes nothing."),
    [SEGMENT_EFFECT] = PDM__COLUMN_OR_NULL("effect", PDM_ROLE_FLOAT, "as the metric", "Effect in it; null = unknown."),
    [SEGMENT_SE] = PDM__COLUMN_OR_NULL("se", PDM_ROLE_FLOAT, "as the metric", "Its standard error; null = unknown."),
    [SEGMENT_NAME] =
        PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: all rows are segments of one."),
};
static const pdm_list_info heterogeneity_inputs[] = {PDM__INPUT(
    "segments", segment_columns, PDM_INPUT_ROWS, "Effects by segment; rows with the same name are of one comparison.")};
static const pdm__column_rule heterogeneity_rules[] = {{0, SEGMENT_SE, PDM_E_BAD_VALUE, 0.0, PDM__INF}};
static const pdm_option_info heterogeneity_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info heterogeneity_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("segments", PDM_TYPE_INT64, "", "With an effect and a standard error above 0."),
    PDM__RESULT("pooled", PDM_TYPE_FLOAT64, "as the metric", "Effect over them, weights 1/se²."),
    PDM__RESULT("pooled_se", PDM_TYPE_FLOAT64, "as the metric", "Its standard error."),
    PDM__RESULT("q", PDM_TYPE_FLOAT64, "", "Cochran's Q."),
    PDM__RESULT("df", PDM_TYPE_FLOAT64, "", "Segments less one."),
    PDM__RESULT("p", PDM_TYPE_FLOAT64, "", "That the effects are the same everywhere."),
    PDM__RESULT("log_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),
    PDM__RESULT("i2", PDM_TYPE_FLOAT64, "", "Share of the variation that is not chance."),
    PDM__RESULT("tau2", PDM_TYPE_FLOAT64, "squared", "Variance of the true effects (DerSimonian & Laird)."),
    PDM__RESULT("z", PDM_TYPE_FLOAT64, "", "Two segments: first less second, over its se; else null."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info heterogeneity_tables[] = {PDM__TABLE("tests", heterogeneity_results, "A comparison.")};

static pdm_status heterogeneity_run(pdm__calc *calc, pdm_error *err) {
    const pdm__values *cells = calc->sheets[0].columns;
    pdm__groups groups;
    double *effects = NULL;
    double *se = NULL;
    pdm__rows out;
    PDM__TRY(pdm__groups_make(calc, SEGMENT_NAME, &groups, err));
    PDM__TRY(pdm__groups_check(calc, &groups, SEGMENT_SEGMENT, MOST_ROWS, err));
    PDM__TRY(pdm__calc_array(calc, calc->sheets[0].rows, sizeof *effects, &effects, err));
    PDM__TRY(pdm__calc_array(calc, calc->sheets[0].rows, sizeof *se, &se, err));
    for (int64_t i = 0; i < calc->sheets[0].rows; i++) {
        effects[i] = pdm__number(&cells[SEGMENT_EFFECT], groups.rows[i], PDM__NAN);
        se[i] = pdm__number(&cells[SEGMENT_SE], groups.rows[i], PDM__NAN);
    }
    PDM__TRY(pdm__rows_begin(calc, 0, groups.count, &cells[SEGMENT_NAME], &out, err));
    for (int32_t g = 0; g < groups.count; g++) {
        int64_t start = groups.start[g];
        pdm_heterogeneity h;
        pdm_status status =
            pdm_heterogeneity_test(effects + start, se + start, (int32_t)(groups.start[g + 1] - start), &h, err);
        if (status != PDM_OK) return pdm__groups_failed(calc, &groups, g, status, err);
        const double numbers[] = {h.pooled, h.pooled_se, h.q, h.df, h.p, h.log_p, h.i2, h.tau2, h.z};
        pdm__put_key(&out, 0, g, &cells[SEGMENT_NAME], groups.rows[start]);
        pdm__put_int(&out, 1, g, h.used);
        for (int32_t c = 0; c < PDM__COUNT(numbers); c++) pdm__put_limit(&out, c + 2, g, numbers[c]);
        pdm__put_status(&out, 11, g, h.status, "fewer than two segments");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(heterogeneity, pdm_plan_options, "Differences between segments", "人群效果异质性",
                "Whether an effect differs between segments, and what it is over all of them.");

/* ---- cochran_mantel_haenszel ---- */

enum { STRATUM_STRATUM, STRATUM_X_CONTROL, STRATUM_N_CONTROL, STRATUM_X_TREATMENT, STRATUM_N_TREATMENT, STRATUM_NAME };

static const pdm_column_info stratum_columns[] = {
    [STRATUM_STRATUM] =
        PDM__COLUMN_OR_NULL("stratum", PDM_ROLE_TEXT, "", "Stratum; for the reader, it changes nothing."),
    [STRATUM_X_CONTROL] = PDM__COLUMN("x_control", PDM_ROLE_FLOAT, "units", "Units of the control that converted."),
    [STRATUM_N_CONTROL] = PDM__COLUMN("n_control", PDM_ROLE_FLOAT, "units", "Units of the control."),
    [STRATUM_X_TREATMENT] =
        PDM__COLUMN("x_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment that converted."),
    [STRATUM_N_TREATMENT] = PDM__COLUMN("n_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment."),
    [STRATUM_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: all rows are strata of one."),
};
static const pdm_list_info cochran_mantel_haenszel_inputs[] = {PDM__INPUT(
    "strata", stratum_columns, PDM_INPUT_ROWS, "Counts by stratum; rows with the same name are of one comparison.")};
static const pdm__column_rule cochran_mantel_haenszel_rules[] = {PDM__NO_RULE};
static const pdm_option_info cochran_mantel_haenszel_options[] = {
    PDM__OPTION_STRICT(pdm_cmh_options),
    PDM__OPTION_FLOAT(pdm_cmh_options, conf_level, 0.95, "", "Confidence level of the odds ratio."),
};
static const pdm_result_column_info cmh_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("strata", PDM_TYPE_INT64, "", "With units in both arms."),
    PDM__RESULT("chi2", PDM_TYPE_FLOAT64, "", "Without continuity correction, 1 degree of freedom."),
    PDM__RESULT("p", PDM_TYPE_FLOAT64, "", "Its p-value."),
    PDM__RESULT("log_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),
    PDM__RESULT("chi2_cc", PDM_TYPE_FLOAT64, "", "With continuity correction, as R's default."),
    PDM__RESULT("p_cc", PDM_TYPE_FLOAT64, "", "Its p-value."),
    PDM__RESULT("log_p_cc", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),
    PDM__RESULT("odds_ratio", PDM_TYPE_FLOAT64, "", "Of treatment over control, common to the strata."),
    PDM__RESULT("odds_low", PDM_TYPE_FLOAT64, "", "Its interval (Robins, Breslow & Greenland)."),
    PDM__RESULT("odds_high", PDM_TYPE_FLOAT64, "", "Its other end."),
    PDM__RESULT("risk_ratio", PDM_TYPE_FLOAT64, "", "Rate of the treatment over that of the control."),
    PDM__RESULT("risk_difference", PDM_TYPE_FLOAT64, "", "Rate of the treatment less that of the control."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info cochran_mantel_haenszel_tables[] = {PDM__TABLE("tests", cmh_results, "A comparison.")};

static pdm_status read_stratum(const pdm__calc *calc, int64_t row, pdm_two_proportions *out, pdm_error *err) {
    int64_t counts[4];
    for (int32_t i = 0; i < 4; i++)
        PDM__TRY(pdm__calc_whole(calc, 0, STRATUM_X_CONTROL + i, row, PDM_E_BAD_COUNT, &counts[i], err));
    for (int32_t i = 0; i < 4; i += 2) {
        if (counts[i] >= 0 && counts[i] <= counts[i + 1]) continue;
        return pdm__calc_fail(calc, 0, STRATUM_X_CONTROL + i, row, PDM_E_BAD_COUNT, err,
                              "%lld of %lld; 0 <= successes <= trials expected", (long long)counts[i],
                              (long long)counts[i + 1]);
    }
    *out = (pdm_two_proportions){counts[0], counts[1], counts[2], counts[3]};
    return PDM_OK;
}

static pdm_status cochran_mantel_haenszel_run(pdm__calc *calc, pdm_error *err) {
    const pdm_cmh_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[0].columns;
    pdm_two_proportions *strata = NULL;
    pdm__groups groups;
    pdm__rows out;
    PDM__TRY(pdm__groups_make(calc, STRATUM_NAME, &groups, err));
    PDM__TRY(pdm__groups_check(calc, &groups, STRATUM_STRATUM, MOST_ROWS, err));
    PDM__TRY(pdm__calc_array(calc, calc->sheets[0].rows, sizeof *strata, &strata, err));
    for (int64_t i = 0; i < calc->sheets[0].rows; i++) PDM__TRY(read_stratum(calc, groups.rows[i], &strata[i], err));
    PDM__TRY(pdm__rows_begin(calc, 0, groups.count, &cells[STRATUM_NAME], &out, err));
    for (int32_t g = 0; g < groups.count; g++) {
        int64_t start = groups.start[g];
        pdm_cmh t;
        pdm_status status =
            pdm_cmh_test(strata + start, (int32_t)(groups.start[g + 1] - start), chosen->conf_level, &t, err);
        if (status != PDM_OK) return pdm__groups_failed(calc, &groups, g, status, err);
        const double numbers[] = {t.chi2,       t.p,        t.log_p,     t.chi2_cc,    t.p_cc,           t.log_p_cc,
                                  t.odds_ratio, t.odds_low, t.odds_high, t.risk_ratio, t.risk_difference};
        pdm__put_key(&out, 0, g, &cells[STRATUM_NAME], groups.rows[start]);
        pdm__put_int(&out, 1, g, t.used);
        for (int32_t c = 0; c < PDM__COUNT(numbers); c++) pdm__put_limit(&out, c + 2, g, numbers[c]);
        pdm__put_status(&out, 13, g, t.status, "no stratum tells anything");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(cochran_mantel_haenszel, pdm_cmh_options, "Two rates over strata", "分层转化率检验",
                "Whether two conversion rates differ once strata (channels, days) are held apart.");
