/* Calculators `p_adjust` and `dunnett`: several comparisons at once. */
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>

/* ---- p_adjust ---- */

enum { P_NAME, P_P };

static const char *const method_names[] = {"holm", "none",  "bonferroni", "hochberg", "bh",
                                           "by",   "sidak", "holm_sidak", "hommel",   NULL};
static const int32_t methods[] = {PDM_ADJUST_HOLM,     PDM_ADJUST_NONE,       PDM_ADJUST_BONFERRONI,
                                  PDM_ADJUST_HOCHBERG, PDM_ADJUST_BH,         PDM_ADJUST_BY,
                                  PDM_ADJUST_SIDAK,    PDM_ADJUST_HOLM_SIDAK, PDM_ADJUST_HOMMEL};
_Static_assert(PDM__COUNT(methods) + 1 == PDM__COUNT(method_names), "a method for every name");

static const pdm_column_info p_columns[] = {
    [P_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    [P_P] = PDM__COLUMN("p", PDM_ROLE_FLOAT, "", "p-value."),
};
static const pdm_list_info p_adjust_inputs[] = {PDM__INPUT("tests", p_columns, PDM_INPUT_ROWS, "One family of tests.")};
static const pdm__column_rule p_adjust_rules[] = {{0, P_P, PDM_E_BAD_VALUE, 0.0, 1.0}};
static const pdm_option_info p_adjust_options[] = {
    PDM__OPTION_STRICT(pdm_p_adjust_options),
    PDM__OPTION_ENUM(pdm_p_adjust_options, method, method_names,
                     "How the family is corrected; bh and by bound the false discovery rate."),
    PDM__OPTION_FLOAT(pdm_p_adjust_options, alpha, 0.05, "", "Level of the family."),
};
static const pdm_result_column_info p_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("p", PDM_TYPE_FLOAT64, "", "As given."),
    PDM__RESULT("p_adjusted", PDM_TYPE_FLOAT64, "", "Adjusted p-value."),
    PDM__RESULT("alpha_adjusted", PDM_TYPE_FLOAT64, "",
                "An interval at the level 1 − this excludes no effect exactly if the test is significant; null for "
                "holm_sidak and hommel."),
    PDM__RESULT("significant", PDM_TYPE_BOOL, "", "p_adjusted ≤ alpha."),
};
static const pdm_table_info p_adjust_tables[] = {PDM__TABLE("tests", p_results, "A test.")};

static pdm_status p_adjust_run(pdm__calc *calc, pdm_error *err) {
    const pdm_p_adjust_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    const double *p = in->columns[P_P].f64;
    int32_t method = methods[chosen->method];
    double *adjusted = NULL;
    double *alphas = NULL;
    pdm__rows out;
    PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *adjusted, &adjusted, err));
    PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *alphas, &alphas, err));
    PDM__TRY(pdm_p_adjust(calc->context, p, (size_t)in->rows, method, adjusted, err));
    PDM__TRY(pdm_p_adjust_alphas(calc->context, p, (size_t)in->rows, method, chosen->alpha, alphas, err));
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[P_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__put_key(&out, 0, i, &in->columns[P_NAME], i);
        pdm__put_float(&out, 1, i, p[i]);
        pdm__put_float(&out, 2, i, adjusted[i]);
        pdm__put_float(&out, 3, i, alphas[i]);
        pdm__put_bool(&out, 4, i, adjusted[i] <= chosen->alpha);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(p_adjust, pdm_p_adjust_options, "Adjusted p-values", "多重比较校正",
                "Which of several tests are significant once it is counted how many there are.");

/* ---- dunnett ---- */

#define MOST_TREATMENTS 63

enum { DUNNETT_NAME, DUNNETT_STATISTIC, DUNNETT_LAMBDA };

static const pdm_column_info dunnett_columns[] = {
    [DUNNETT_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Treatment; default: its row number."),
    [DUNNETT_STATISTIC] = PDM__COLUMN("statistic", PDM_ROLE_FLOAT, "", "Its t or z against the control."),
    [DUNNETT_LAMBDA] =
        PDM__COLUMN("lambda", PDM_ROLE_FLOAT, "", "√(V_c/(V_c + V_i)) of variances of the means; √½ with equal arms."),
};
static const pdm_list_info dunnett_inputs[] = {
    PDM__INPUT("treatments", dunnett_columns, PDM_INPUT_ROWS, "Treatments against one control.")};
static const pdm__column_rule dunnett_rules[] = {{0, DUNNETT_LAMBDA, PDM_E_BAD_VALUE, 0.0, 1.0}};
static const pdm_option_info dunnett_options[] = {
    PDM__OPTION_STRICT(pdm_dunnett_options),
    PDM__OPTION_FLOAT(pdm_dunnett_options, alpha, 0.05, "", "Level of the family, two-sided."),
    PDM__OPTION_FLOAT(pdm_dunnett_options, df, 0.0, "", "Degrees of freedom; default: normal."),
};
static const pdm_result_column_info dunnett_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("statistic", PDM_TYPE_FLOAT64, "", "As given."),
    PDM__RESULT("p_adjusted", PDM_TYPE_FLOAT64, "", "Chance that the largest of all is this large without effect."),
    PDM__RESULT("significant", PDM_TYPE_BOOL, "", "|statistic| ≥ critical."),
};
static const pdm_result_column_info dunnett_summary[] = {
    PDM__RESULT("treatments", PDM_TYPE_INT64, "", "How many."),
    PDM__RESULT("critical", PDM_TYPE_FLOAT64, "", "Critical value of |statistic|."),
    PDM__RESULT("df", PDM_TYPE_FLOAT64, "", "Degrees of freedom; infinite = normal."),
};
static const pdm_table_info dunnett_tables[] = {
    PDM__TABLE("treatments", dunnett_results, "A treatment."),
    PDM__TABLE("summary", dunnett_summary, "One row: the family."),
};

static pdm_status dunnett_run(pdm__calc *calc, pdm_error *err) {
    const pdm_dunnett_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    const double *lambda = in->columns[DUNNETT_LAMBDA].f64;
    double df = chosen->df == 0.0 ? PDM__INF : chosen->df;
    double critical = 0.0;
    pdm__rows out;
    if (in->rows > MOST_TREATMENTS) {
        return pdm__calc_fail(calc, 0, -1, -1, PDM_E_LIMIT, err, "%lld treatments; up to %d are allowed",
                              (long long)in->rows, MOST_TREATMENTS);
    }
    int32_t count = (int32_t)in->rows;
    PDM__TRY(pdm_dunnett_critical(chosen->alpha, lambda, count, df, &critical, err));
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[DUNNETT_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double statistic = in->columns[DUNNETT_STATISTIC].f64[i];
        double p = 0.0;
        pdm_status status = pdm_dunnett_p(statistic, lambda, count, df, &p, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        pdm__put_key(&out, 0, i, &in->columns[DUNNETT_NAME], i);
        pdm__put_float(&out, 1, i, statistic);
        pdm__put_float(&out, 2, i, p);
        pdm__put_bool(&out, 3, i, fabs(statistic) >= critical);
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_int(&out, 0, 0, in->rows);
    pdm__put_float(&out, 1, 0, critical);
    pdm__put_limit(&out, 2, 0, df);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(dunnett, pdm_dunnett_options, "Many treatments, one control", "多组对一组比较",
                "Which of several treatments differ from their common control (Dunnett 1955).");
