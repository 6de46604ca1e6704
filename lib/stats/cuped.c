/* CUPED with several covariates (Deng et al. 2013): the best combination of them is one covariate, with coefficient 1. */
#include "stats/cuped.h"

#include "stats/calculator.h"

#define LEAST_PIVOT 1e-10 /* of a covariate's variance: below it the others tell it already */

typedef struct equations {
    int32_t k;
    double s_xx[PDM_MAX_COVARIATES][PDM_MAX_COVARIATES];
    double s_xy[PDM_MAX_COVARIATES];
} equations;

/* Sums of squares and products of both arms; the shift between the arms counts for PDM_THETA_TOTAL. */
static void add_up(const pdm_arm_covariates *c, const pdm_arm_covariates *t, int32_t kind, equations *e) {
    double w_c = kind == PDM_THETA_TOTAL ? (double)c->n - 1 : 1;
    double w_t = kind == PDM_THETA_TOTAL ? (double)t->n - 1 : 1;
    double n_c = (double)c->n;
    double n_t = (double)t->n;
    double between = kind == PDM_THETA_TOTAL ? n_c * (n_t / (n_c + n_t)) : 0;
    for (int32_t i = 0; i < e->k; i++) {
        double shift = between * (t->means[i] - c->means[i]);
        e->s_xy[i] = w_c * c->covariances[i] + w_t * t->covariances[i] + shift * (t->mean - c->mean);
        for (int32_t j = 0; j < e->k; j++) {
            int32_t at = i * e->k + j;
            e->s_xx[i][j] = w_c * c->matrix[at] + w_t * t->matrix[at] + shift * (t->means[j] - c->means[j]);
        }
    }
}

/* Cholesky, row by row; a row without a pivot stays empty. Then both triangles. */
static int32_t solve(const equations *e, double *thetas) {
    double lower[PDM_MAX_COVARIATES][PDM_MAX_COVARIATES] = {{0}};
    double y[PDM_MAX_COVARIATES] = {0};
    int32_t used = 0;
    for (int32_t i = 0; i < e->k; i++) {
        double pivot = e->s_xx[i][i];
        double rest = e->s_xy[i];
        double row[PDM_MAX_COVARIATES] = {0};
        for (int32_t j = 0; j < i; j++) {
            if (lower[j][j] == 0) continue;
            double sum = e->s_xx[i][j];
            for (int32_t l = 0; l < j; l++) sum -= row[l] * lower[j][l];
            row[j] = sum / lower[j][j];
            pivot -= row[j] * row[j];
            rest -= row[j] * y[j];
        }
        if (!(pivot > 0 && pivot >= LEAST_PIVOT * e->s_xx[i][i])) continue;
        row[i] = sqrt(pivot);
        y[i] = rest / row[i];
        memcpy(lower[i], row, sizeof row);
        used++;
    }
    for (int32_t i = e->k - 1; i >= 0; i--) {
        thetas[i] = 0;
        if (lower[i][i] == 0) continue;
        double sum = y[i];
        for (int32_t j = i + 1; j < e->k; j++) sum -= lower[j][i] * thetas[j];
        thetas[i] = sum / lower[i][i];
    }
    return used;
}

static pdm_covariate_moments combine(const pdm_arm_covariates *arm, int32_t k, const double *thetas) {
    pdm_covariate_moments out = {.n = arm->n, .mean = arm->mean, .variance = arm->variance};
    for (int32_t i = 0; i < k; i++) {
        out.covariate_mean += thetas[i] * arm->means[i];
        out.covariance += thetas[i] * arm->covariances[i];
        for (int32_t j = 0; j < k; j++) out.covariate_variance += thetas[i] * thetas[j] * arm->matrix[i * k + j];
    }
    if (out.covariate_variance < 0) out.covariate_variance = 0;
    return out;
}

int32_t pdm__combine_covariates(const pdm_arm_covariates *control, const pdm_arm_covariates *treatment, int32_t k,
                                int32_t kind, double *thetas, pdm_covariate_moments *c, pdm_covariate_moments *t) {
    equations e = {.k = k};
    add_up(control, treatment, kind, &e);
    int32_t used = solve(&e, thetas);
    *c = combine(control, k, thetas);
    *t = combine(treatment, k, thetas);
    return used;
}

/* ------------------------------------------------------------------------------------------------------------- public */

/* Covariate i of an arm alone. */
static pdm_covariate_moments single(const pdm_arm_covariates *arm, int32_t i, int32_t k) {
    return (pdm_covariate_moments){
        arm->n, arm->mean, arm->variance, arm->means[i], arm->matrix[i * k + i], arm->covariances[i]};
}

static pdm_status check_matrix(const pdm_arm_covariates *arm, int32_t k, const char *name, pdm_error *err) {
    for (int32_t i = 0; i < k; i++) {
        for (int32_t j = 0; j < i; j++) {
            double a = arm->matrix[i * k + j];
            double most = sqrt(arm->matrix[i * k + i]) * sqrt(arm->matrix[j * k + j]);
            if (a == arm->matrix[j * k + i] && fabs(a) <= most * (1 + 1e-9)) continue;
            return pdm__fail(err, PDM_E_BAD_VALUE, i, name,
                             "expected a symmetric matrix of possible covariances, got %.17g and %.17g for %d and %d",
                             a, arm->matrix[j * k + i], i, j);
        }
    }
    return PDM_OK;
}

/* The comparisons with each covariate alone check it, and know its balance. */
static pdm_status check_covariates(const pdm_arm_covariates *control, const pdm_arm_covariates *treatment, int32_t k,
                                   const pdm_mean_options *options, pdm_mean_effect *alone, double *balance,
                                   pdm_error *err) {
    *balance = PDM__NAN;
    for (int32_t i = 0; i < k; i++) {
        pdm_covariate_moments c = single(control, i, k);
        pdm_covariate_moments t = single(treatment, i, k);
        pdm_status status = pdm_mean_compare_adjusted(&c, &t, options, alone, err);
        if (status == PDM_E_BAD_VALUE && err != NULL) err->row = i;
        PDM__TRY(status);
        *balance = fmin(*balance, k * alone->balance_p); /* fmin ignores NaN */
    }
    return PDM_OK;
}

pdm_status pdm_mean_compare_covariates(const pdm_arm_covariates *control, const pdm_arm_covariates *treatment,
                                       int32_t k, const pdm_mean_options *options, double *thetas, pdm_mean_effect *out,
                                       pdm_error *err) {
    pdm_covariate_moments c;
    pdm_covariate_moments t;
    pdm_mean_effect effect;
    double balance = 0;
    if (k < 1 || k > PDM_MAX_COVARIATES) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "k", "expected 1 to %d covariates, got %d", PDM_MAX_COVARIATES, k);
    }
    PDM__TRY(check_covariates(control, treatment, k, options, &effect, &balance, err));
    bool checked = options == NULL || !options->unchecked;
    if (checked && control->n > 1) PDM__TRY(check_matrix(control, k, "control", err));
    if (checked && treatment->n > 1) PDM__TRY(check_matrix(treatment, k, "treatment", err));
    for (int32_t i = 0; i < k; i++) thetas[i] = 0;
    if (k == 1) {
        thetas[0] = isnan(effect.theta) ? 0 : effect.theta;
        if (effect.theta != 0 && !isnan(effect.theta)) effect.theta = 1;
    } else if (effect.status == PDM_STATUS_OK || effect.status == PDM_STATUS_ZERO_VARIANCE) {
        int32_t kind = options == NULL ? PDM_THETA_TOTAL : options->theta;
        (void)pdm__combine_covariates(control, treatment, k, kind, thetas, &c, &t);
        PDM__TRY(pdm_mean_compare_adjusted(&c, &t, options, &effect, err));
        effect.balance_p = balance > 1 ? 1 : balance;
    }
    *out = effect;
    return PDM_OK;
}
