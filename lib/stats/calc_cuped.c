/* Calculator `cuped_test`: two means, several covariates taken off. */
#include "stats/mean_table.h"

enum { IN_MOMENTS, IN_COVARIATES, IN_COVARIANCES };
enum { ARM_N, ARM_MEAN, ARM_VARIANCE, ARM_COLUMNS };
enum { X_COVARIATE, X_CONTROL, X_TREATMENT = X_CONTROL + 2 };
enum { PAIR_COVARIATE, PAIR_OTHER, PAIR_CONTROL, PAIR_TREATMENT };

#define ARM(arm)                                                                                                       \
    PDM__COLUMN("n_" arm, PDM_ROLE_FLOAT, "units", "Units of the " arm "."),                                           \
        PDM__COLUMN("mean_" arm, PDM_ROLE_FLOAT, "as the metric", "Mean per unit of the " arm "."),                    \
        PDM__COLUMN("variance_" arm, PDM_ROLE_FLOAT, "squared", "Variance of a unit of the " arm ", divisor n − 1.")
#define COVARIATE_ARM(arm)                                                                                             \
    PDM__COLUMN("mean_" arm, PDM_ROLE_FLOAT, "", "Its mean in the " arm "."),                                          \
        PDM__COLUMN("covariance_" arm, PDM_ROLE_FLOAT, "", "Its covariance with the metric in the " arm ".")

static const pdm_column_info moment_columns[] = {ARM("control"), ARM("treatment")};
static const pdm_column_info covariate_columns[] = {
    PDM__COLUMN("covariate", PDM_ROLE_TEXT, "", "Name."),
    COVARIATE_ARM("control"),
    COVARIATE_ARM("treatment"),
};
static const pdm_column_info pair_columns[] = {
    [PAIR_COVARIATE] = PDM__COLUMN("covariate", PDM_ROLE_TEXT, "", "Covariate."),
    [PAIR_OTHER] = PDM__COLUMN("other", PDM_ROLE_TEXT, "", "The other; the same: its variance."),
    [PAIR_CONTROL] = PDM__COLUMN("control", PDM_ROLE_FLOAT, "", "Their covariance in the control, divisor n − 1."),
    [PAIR_TREATMENT] = PDM__COLUMN("treatment", PDM_ROLE_FLOAT, "", "In the treatment."),
};
static const pdm_list_info cuped_test_inputs[] = {
    [IN_MOMENTS] = PDM__INPUT("moments", moment_columns, PDM_INPUT_ONE, "The metric in both arms."),
    [IN_COVARIATES] = PDM__INPUT("covariates", covariate_columns, PDM_INPUT_ROWS,
                                 "Up to 8; of those that tell the same the first is used."),
    [IN_COVARIANCES] =
        PDM__INPUT("covariances", pair_columns, PDM_INPUT_ROWS, "Every pair once, each with itself as well."),
};
static const pdm__column_rule cuped_test_rules[] = {PDM__NO_RULE};
static const pdm_option_info cuped_test_options[] = {PDM__MEAN_OPTIONS};
static const pdm_result_column_info effect_columns[] = {PDM__EFFECT_COLUMNS};
static const pdm_result_column_info theta_columns[] = {
    PDM__RESULT("covariate", PDM_TYPE_LARGE_UTF8, "", "As given."),
    PDM__RESULT("theta", PDM_TYPE_FLOAT64, "", "Its coefficient; 0 = not used."),
    PDM__RESULT("used", PDM_TYPE_BOOL, "", "It tells something that those before it do not."),
};
static const pdm_table_info cuped_test_tables[] = {
    PDM__TABLE("effects", effect_columns, "One row; theta is 1 if anything is taken off, else 0."),
    PDM__TABLE("covariates", theta_columns, "A covariate."),
};

/* An arm, with what its moments point to. */
typedef struct arm {
    pdm_arm_covariates moments;
    double means[PDM_MAX_COVARIATES];
    double covariances[PDM_MAX_COVARIATES];
    double matrix[PDM_MAX_COVARIATES * PDM_MAX_COVARIATES];
} arm;

static pdm_status read_arm(const pdm__calc *calc, int32_t which, arm *out, pdm_error *err) {
    const pdm__values *cells = &calc->sheets[IN_MOMENTS].columns[ARM_COLUMNS * which];
    const pdm__sheet *covariates = &calc->sheets[IN_COVARIATES];
    const pdm__values *columns = &covariates->columns[which == 0 ? X_CONTROL : X_TREATMENT];
    int32_t n = ARM_COLUMNS * which + ARM_N;
    PDM__TRY(pdm__calc_whole(calc, IN_MOMENTS, n, 0, PDM_E_BAD_COUNT, &out->moments.n, err));
    out->moments.mean = cells[ARM_MEAN].f64[0];
    out->moments.variance = cells[ARM_VARIANCE].f64[0];
    for (int64_t i = 0; i < covariates->rows; i++) {
        out->means[i] = columns[0].f64[i];
        out->covariances[i] = columns[1].f64[i];
    }
    out->moments.means = out->means;
    out->moments.covariances = out->covariances;
    out->moments.matrix = out->matrix;
    return PDM_OK;
}

static pdm_status find_covariate(const pdm__calc *calc, int32_t column, int64_t row, int64_t *out, pdm_error *err) {
    const pdm__values *name = &calc->sheets[IN_COVARIANCES].columns[column];
    *out = pdm__key_row(&calc->sheets[IN_COVARIATES], X_COVARIATE, name, row);
    if (*out >= 0) return PDM_OK;
    return pdm__calc_fail(calc, IN_COVARIANCES, column, row, PDM_E_UNKNOWN_NAME, err, "no covariate \"%.60s\"",
                          name->text[row]);
}

static pdm_status read_pairs(const pdm__calc *calc, arm arms[2], pdm_error *err) {
    const pdm__sheet *pairs = &calc->sheets[IN_COVARIANCES];
    const pdm__sheet *covariates = &calc->sheets[IN_COVARIATES];
    int64_t k = covariates->rows;
    bool given[PDM_MAX_COVARIATES * PDM_MAX_COVARIATES] = {false};
    for (int64_t row = 0; row < pairs->rows; row++) {
        int64_t i = 0;
        int64_t j = 0;
        PDM__TRY(find_covariate(calc, PAIR_COVARIATE, row, &i, err));
        PDM__TRY(find_covariate(calc, PAIR_OTHER, row, &j, err));
        if (given[i * k + j]) {
            return pdm__calc_fail(calc, IN_COVARIANCES, PAIR_OTHER, row, PDM_E_DUPLICATE_NAME, err,
                                  "this pair is given twice");
        }
        given[i * k + j] = given[j * k + i] = true;
        for (int32_t a = 0; a < 2; a++) {
            double value = pairs->columns[a == 0 ? PAIR_CONTROL : PAIR_TREATMENT].f64[row];
            arms[a].matrix[i * k + j] = arms[a].matrix[j * k + i] = value;
        }
    }
    for (int64_t at = 0; at < k * k; at++) {
        if (given[at]) continue;
        return pdm__calc_fail(calc, IN_COVARIATES, X_COVARIATE, at / k, PDM_E_NULL_VALUE, err,
                              "its covariance with \"%.60s\" is not given",
                              covariates->columns[X_COVARIATE].text[at % k]);
    }
    return PDM_OK;
}

static pdm_status check_covariates(const pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *covariates = &calc->sheets[IN_COVARIATES];
    const pdm__values *name = &covariates->columns[X_COVARIATE];
    if (covariates->rows > PDM_MAX_COVARIATES) {
        return pdm__calc_fail(calc, IN_COVARIATES, -1, -1, PDM_E_LIMIT, err, "%lld covariates; up to %d are allowed",
                              (long long)covariates->rows, PDM_MAX_COVARIATES);
    }
    for (int64_t i = 0; i < covariates->rows; i++) {
        if (pdm__key_row(covariates, X_COVARIATE, name, i) == i) continue;
        return pdm__calc_fail(calc, IN_COVARIATES, X_COVARIATE, i, PDM_E_DUPLICATE_NAME, err,
                              "\"%.60s\" is given twice", name->text[i]);
    }
    return PDM_OK;
}

static pdm_status cuped_test_run(pdm__calc *calc, pdm_error *err) {
    static const pdm__values no_name = {.present = false};
    const pdm__sheet *covariates = &calc->sheets[IN_COVARIATES];
    pdm_mean_options options = pdm__mean_options_of(calc->options, false);
    double thetas[PDM_MAX_COVARIATES];
    pdm_mean_effect effect;
    arm arms[2];
    pdm__rows out;
    PDM__TRY(check_covariates(calc, err));
    for (int32_t a = 0; a < 2; a++) PDM__TRY(read_arm(calc, a, &arms[a], err));
    PDM__TRY(read_pairs(calc, arms, err));
    pdm_status status = pdm_mean_compare_covariates(&arms[0].moments, &arms[1].moments, (int32_t)covariates->rows,
                                                    &options, thetas, &effect, err);
    if (status != PDM_OK) return pdm__moments_failed(calc, 0, status, err);
    PDM__TRY(pdm__rows_begin(calc, 0, 1, NULL, &out, err));
    pdm__put_mean(&out, 0, &no_name, &effect);
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, covariates->rows, NULL, &out, err));
    for (int64_t i = 0; i < covariates->rows; i++) {
        pdm__put_text(&out, 0, i, covariates->columns[X_COVARIATE].text[i]);
        pdm__put_float(&out, 1, i, thetas[i]);
        pdm__put_bool(&out, 2, i, thetas[i] != 0.0);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(cuped_test, pdm_mean_test_options, "Test of two means with several covariates", "多协变量 CUPED 检验",
                "Whether two means differ once what was known before the experiment is taken off.");
