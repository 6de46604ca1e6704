/* Calculators `mean_test`, `ratio_test` and `mean_margin_test`: from moments of two arms. */
#include "stats/margin_table.h"
#include "stats/mean_table.h"

#include <pdmetrics/stats/calculators.h>

#define ARM(arm)                                                                                                       \
    PDM__COLUMN("n_" arm, PDM_ROLE_FLOAT, "units", "Units of the " arm "."),                                           \
        PDM__COLUMN("mean_" arm, PDM_ROLE_FLOAT, "as the metric", "Mean per unit of the " arm "."),                    \
        PDM__COLUMN("variance_" arm, PDM_ROLE_FLOAT, "squared", "Variance of a unit of the " arm ", divisor n − 1.")
#define ARM_COVARIATE(arm)                                                                                             \
    PDM__COLUMN_OR_NULL("covariate_mean_" arm, PDM_ROLE_FLOAT, "", "Mean of the covariate in the " arm "."),           \
        PDM__COLUMN_OR_NULL("covariate_variance_" arm, PDM_ROLE_FLOAT, "",                                             \
                            "Variance of the covariate, divisor n − 1."),                                              \
        PDM__COLUMN_OR_NULL("covariance_" arm, PDM_ROLE_FLOAT, "",                                                     \
                            "Covariance of metric and covariate, divisor n − 1.")

static const pdm_result_column_info effect_columns[] = {PDM__EFFECT_COLUMNS};

/* ---- mean_test ---- */

enum { MEAN_NAME, MEAN_CONTROL, MEAN_TREATMENT = MEAN_CONTROL + 3, MEAN_X_CONTROL = MEAN_TREATMENT + 3 };
enum { MEAN_X_TREATMENT = MEAN_X_CONTROL + 3 };

static const pdm_column_info mean_columns[] = {
    PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    ARM("control"),
    ARM("treatment"),
    ARM_COVARIATE("control"),
    ARM_COVARIATE("treatment"),
};
static const pdm_list_info mean_test_inputs[] = {
    PDM__INPUT("moments", mean_columns, PDM_INPUT_ROWS, "Comparisons; covariate moments are all given or none.")};
static const pdm__column_rule mean_test_rules[] = {PDM__NO_RULE};
static const pdm_option_info mean_test_options[] = {PDM__MEAN_OPTIONS};
static const pdm_table_info mean_test_tables[] = {PDM__TABLE("effects", effect_columns, "A comparison.")};

/* Whether all (or none) of `count` cells from `column` on are given; some: an error. */
static pdm_status all_or_none(const pdm__calc *calc, int64_t row, int32_t column, int32_t count, bool *all,
                              pdm_error *err) {
    const pdm__values *cells = calc->sheets[0].columns;
    int32_t given = 0;
    int32_t missing = column;
    for (int32_t i = 0; i < count; i++) {
        if (pdm__given(&cells[column + i], row)) {
            given++;
        } else {
            missing = column + i;
        }
    }
    *all = given == count;
    if (given == 0 || given == count) return PDM_OK;
    return pdm__calc_fail(calc, 0, missing, row, PDM_E_NULL_VALUE, err,
                          "some moments of the covariate are given, this one is not");
}

static pdm_status read_arm(const pdm__calc *calc, int64_t row, int32_t column, pdm_covariate_moments *out,
                           pdm_error *err) {
    const pdm__values *cells = calc->sheets[0].columns;
    PDM__TRY(pdm__calc_whole(calc, 0, column, row, PDM_E_BAD_COUNT, &out->n, err));
    out->mean = cells[column + 1].f64[row];
    out->variance = cells[column + 2].f64[row];
    return PDM_OK;
}

static void read_covariate(const pdm__calc *calc, int64_t row, int32_t column, pdm_covariate_moments *out) {
    const pdm__values *cells = calc->sheets[0].columns;
    out->covariate_mean = cells[column].f64[row];
    out->covariate_variance = cells[column + 1].f64[row];
    out->covariance = cells[column + 2].f64[row];
}

static pdm_arm_moments plain(const pdm_covariate_moments *arm) {
    return (pdm_arm_moments){arm->n, arm->mean, arm->variance};
}

static pdm_status compare_arms(const pdm_covariate_moments arms[2], bool adjusted, const pdm_mean_options *options,
                               pdm_mean_effect *out, pdm_error *err) {
    if (adjusted) return pdm_mean_compare_adjusted(&arms[0], &arms[1], options, out, err);
    pdm_arm_moments control = plain(&arms[0]);
    pdm_arm_moments treatment = plain(&arms[1]);
    return pdm_mean_compare(&control, &treatment, options, out, err);
}

static pdm_status read_means(const pdm__calc *calc, int64_t row, pdm_covariate_moments arms[2], bool *adjusted,
                             pdm_error *err) {
    PDM__TRY(read_arm(calc, row, MEAN_CONTROL, &arms[0], err));
    PDM__TRY(read_arm(calc, row, MEAN_TREATMENT, &arms[1], err));
    PDM__TRY(all_or_none(calc, row, MEAN_X_CONTROL, 6, adjusted, err));
    if (!*adjusted) return PDM_OK;
    read_covariate(calc, row, MEAN_X_CONTROL, &arms[0]);
    read_covariate(calc, row, MEAN_X_TREATMENT, &arms[1]);
    return PDM_OK;
}

static pdm_status mean_test_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm_mean_options options = pdm__mean_options_of(calc->options, false);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[MEAN_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_covariate_moments arms[2];
        pdm_mean_effect effect;
        bool adjusted = false;
        PDM__TRY(read_means(calc, i, arms, &adjusted, err));
        pdm_status status = compare_arms(arms, adjusted, &options, &effect, err);
        if (status != PDM_OK) return pdm__moments_failed(calc, i, status, err);
        pdm__put_mean(&out, i, &in->columns[MEAN_NAME], &effect);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(mean_test, pdm_mean_test_options, "Test of two means", "均值显著性检验",
                "Whether two means per unit differ, by how much, and how sure that is; with or without CUPED.");

/* ---- ratio_test ---- */

#define RATIO_ARM(arm)                                                                                                 \
    PDM__COLUMN("numerator_mean_" arm, PDM_ROLE_FLOAT, "", "Mean numerator per unit of the " arm "."),                 \
        PDM__COLUMN("denominator_mean_" arm, PDM_ROLE_FLOAT, "", "Mean denominator per unit of the " arm "."),         \
        PDM__COLUMN("numerator_variance_" arm, PDM_ROLE_FLOAT, "", "Variance of a unit's numerator."),                 \
        PDM__COLUMN("denominator_variance_" arm, PDM_ROLE_FLOAT, "", "Variance of a unit's denominator."),             \
        PDM__COLUMN("covariance_" arm, PDM_ROLE_FLOAT, "", "Covariance of a unit's numerator and denominator.")

enum { RATIO_NAME, RATIO_CONTROL, RATIO_TREATMENT = RATIO_CONTROL + 6 };

static const pdm_column_info ratio_columns[] = {
    PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    PDM__COLUMN("n_control", PDM_ROLE_FLOAT, "units", "Units of the control."),
    RATIO_ARM("control"),
    PDM__COLUMN("n_treatment", PDM_ROLE_FLOAT, "units", "Units of the treatment."),
    RATIO_ARM("treatment"),
};
static const pdm_list_info ratio_test_inputs[] = {
    PDM__INPUT("moments", ratio_columns, PDM_INPUT_ROWS,
               "Comparisons of Σ numerator / Σ denominator over units; variances and covariances with divisor n − 1.")};
static const pdm__column_rule ratio_test_rules[] = {PDM__NO_RULE};
static const pdm_option_info ratio_test_options[] = {PDM__MEAN_OPTIONS};
static const pdm_table_info ratio_test_tables[] = {PDM__TABLE("effects", effect_columns, "A comparison.")};

static pdm_status read_ratio(const pdm__calc *calc, int64_t row, int32_t column, pdm_arm_moments *out, pdm_error *err) {
    const pdm__values *cells = calc->sheets[0].columns;
    pdm_ratio_moments ratio;
    PDM__TRY(pdm__calc_whole(calc, 0, column, row, PDM_E_BAD_COUNT, &ratio.n, err));
    ratio.numerator_mean = cells[column + 1].f64[row];
    ratio.denominator_mean = cells[column + 2].f64[row];
    ratio.numerator_variance = cells[column + 3].f64[row];
    ratio.denominator_variance = cells[column + 4].f64[row];
    ratio.covariance = cells[column + 5].f64[row];
    pdm_status status = pdm_arm_from_ratio(&ratio, out, err);
    return status == PDM_OK ? PDM_OK : pdm__moments_failed(calc, row, status, err);
}

static pdm_status ratio_test_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm_mean_options options = pdm__mean_options_of(calc->options, true);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[RATIO_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_arm_moments control;
        pdm_arm_moments treatment;
        pdm_mean_effect effect;
        PDM__TRY(read_ratio(calc, i, RATIO_CONTROL, &control, err));
        PDM__TRY(read_ratio(calc, i, RATIO_TREATMENT, &treatment, err));
        pdm_status status = pdm_mean_compare(&control, &treatment, &options, &effect, err);
        if (status != PDM_OK) return pdm__moments_failed(calc, i, status, err);
        pdm__put_mean(&out, i, &in->columns[RATIO_NAME], &effect);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(ratio_test, pdm_mean_test_options, "Test of two ratios", "比率指标显著性检验",
                "Whether two ratios of sums, such as the order value, differ; the unit is what was randomised.");

/* ---- mean_margin_test ---- */

enum { MARGIN_MARGIN = MEAN_TREATMENT + 3 };

static const pdm_column_info margin_columns[] = {
    PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Comparison; default: its row number."),
    ARM("control"),
    ARM("treatment"),
    PDM__COLUMN_OR_NULL("margin", PDM_ROLE_FLOAT, "as `scale` says",
                        "How much worse is still good enough; must be given."),
};
static const pdm_list_info mean_margin_test_inputs[] = {
    PDM__INPUT("moments", margin_columns, PDM_INPUT_ROWS, "Comparisons of a treatment with a control.")};
static const pdm__column_rule mean_margin_test_rules[] = {{0, MARGIN_MARGIN, PDM_E_BAD_VALUE, 0.0, PDM__INF}};
static const pdm_option_info mean_margin_test_options[] = {PDM__MARGIN_OPTIONS};
static const pdm_result_column_info test_columns[] = {PDM__MARGIN_COLUMNS};
static const pdm_table_info mean_margin_test_tables[] = {PDM__TABLE("tests", test_columns, "A comparison.")};

static pdm_status test_mean(const void *subject, const pdm_margin_test_options *chosen, int32_t alternative,
                            double margin, pdm_test *out, pdm_error *err) {
    return pdm_mean_margin_test(subject, chosen->scale, alternative, margin, out, err);
}

static pdm_status mean_margin_test_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm_mean_options options = pdm_mean_options_default();
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[MEAN_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_covariate_moments arms[2];
        pdm_mean_effect effect;
        PDM__TRY(read_arm(calc, i, MEAN_CONTROL, &arms[0], err));
        PDM__TRY(read_arm(calc, i, MEAN_TREATMENT, &arms[1], err));
        pdm_status status = compare_arms(arms, false, &options, &effect, err);
        if (status != PDM_OK) return pdm__moments_failed(calc, i, status, err);
        PDM__TRY(pdm__put_margin(calc, &out, i, &in->columns[MEAN_NAME], &in->columns[MARGIN_MARGIN], test_mean,
                                 &effect, err));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(mean_margin_test, pdm_margin_test_options, "Means within a margin", "均值非劣效与等效检验",
                "Whether a mean is not worse than another by a margin, or the same within it.");
