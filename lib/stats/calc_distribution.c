/* Calculator `distribution`: cdf, tails and quantiles of the named distributions, over many points. */
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>
#include <pdmetrics/stats/distribution.h>

enum { POINT_X, POINT_A, POINT_B };

static const char *const family_names[] = {"normal",       "t",        "chi2", "f", "beta", "gamma",
                                           "noncentral_t", "binomial", NULL};

static const pdm_column_info point_columns[] = {
    [POINT_X] = PDM__COLUMN("x", PDM_ROLE_FLOAT, "", "Where; for the quantile the probability."),
    [POINT_A] = PDM__COLUMN_OR_NULL("a", PDM_ROLE_FLOAT, "", "First parameter: df, shape, alpha, trials."),
    [POINT_B] =
        PDM__COLUMN_OR_NULL("b", PDM_ROLE_FLOAT, "", "Second parameter: df, scale, beta, noncentrality, probability."),
};
static const pdm_list_info distribution_inputs[] = {PDM__INPUT("points", point_columns, PDM_INPUT_ROWS, "Points.")};
static const pdm__column_rule distribution_rules[] = {PDM__NO_RULE};
static const pdm_option_info distribution_options[] = {
    PDM__OPTION_STRICT(pdm_distribution_options),
    PDM__OPTION_ENUM(pdm_distribution_options, family, family_names, "Distribution."),
};
static const pdm_result_column_info point_results[] = {
    PDM__RESULT("x", PDM_TYPE_FLOAT64, "", "As given."),
    PDM__RESULT("cdf", PDM_TYPE_FLOAT64, "", "P(X ≤ x)."),
    PDM__RESULT("sf", PDM_TYPE_FLOAT64, "", "P(X > x), computed directly."),
    PDM__RESULT("log_cdf", PDM_TYPE_FLOAT64, "", "ln cdf, also where cdf underflows."),
    PDM__RESULT("log_sf", PDM_TYPE_FLOAT64, "", "ln sf, also where sf underflows."),
    PDM__RESULT("quantile", PDM_TYPE_FLOAT64, "", "Where the cdf is x; null unless 0 ≤ x ≤ 1."),
    PDM__RESULT("isf", PDM_TYPE_FLOAT64, "", "Where the sf is x; null unless 0 ≤ x ≤ 1."),
};
static const pdm_table_info distribution_tables[] = {PDM__TABLE("values", point_results, "A point.")};

/* cdf, sf, log cdf, log sf, quantile, isf; NaN where there is none. */
static void at_point(int32_t family, double x, double a, double b, double out[6]) {
    int64_t k = fabs(x) < 0x1p53 ? (int64_t)floor(x) : 0;
    int64_t n = fabs(a) < 0x1p53 ? (int64_t)a : -1;
    for (int32_t i = 0; i < 6; i++) out[i] = PDM__NAN;
#define FILL(prefix, ...)                                                                                              \
    out[0] = prefix##_cdf(x, __VA_ARGS__);                                                                             \
    out[1] = prefix##_sf(x, __VA_ARGS__);                                                                              \
    out[2] = prefix##_log_cdf(x, __VA_ARGS__);                                                                         \
    out[3] = prefix##_log_sf(x, __VA_ARGS__)
#define FILL_ALL(prefix, ...)                                                                                          \
    FILL(prefix, __VA_ARGS__);                                                                                         \
    out[4] = prefix##_quantile(x, __VA_ARGS__);                                                                        \
    out[5] = prefix##_isf(x, __VA_ARGS__)
    switch ((pdm_distribution_family)family) {
    case PDM_DISTRIBUTION_NORMAL:
        out[0] = pdm_normal_cdf(x);
        out[1] = pdm_normal_sf(x);
        out[2] = pdm_normal_log_cdf(x);
        out[3] = pdm_normal_log_sf(x);
        out[4] = pdm_normal_quantile(x);
        out[5] = pdm_normal_isf(x);
        return;
    case PDM_DISTRIBUTION_T: FILL_ALL(pdm_t, a); return;
    case PDM_DISTRIBUTION_CHI2: FILL_ALL(pdm_chi2, a); return;
    case PDM_DISTRIBUTION_F: FILL_ALL(pdm_f, a, b); return;
    case PDM_DISTRIBUTION_BETA: FILL_ALL(pdm_beta, a, b); return;
    case PDM_DISTRIBUTION_GAMMA: FILL_ALL(pdm_gamma, a, b); return;
    case PDM_DISTRIBUTION_NONCENTRAL_T: FILL(pdm_noncentral_t, a, b); return;
    case PDM_DISTRIBUTION_BINOMIAL:
        out[0] = pdm_binomial_cdf(k, n, b);
        out[1] = pdm_binomial_sf(k, n, b);
        out[2] = pdm_binomial_log_cdf(k, n, b);
        out[3] = pdm_binomial_log_sf(k, n, b);
        if (x >= 0.0 && x <= 1.0 && !isnan(pdm_binomial_cdf(0, n, b))) out[4] = (double)pdm_binomial_quantile(x, n, b);
        return;
    }
#undef FILL_ALL
#undef FILL
}

static pdm_status distribution_run(pdm__calc *calc, pdm_error *err) {
    static const int32_t parameters[] = {0, 1, 1, 2, 2, 2, 2, 2};
    const pdm_distribution_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, NULL, &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double numbers[6];
        for (int32_t c = POINT_A; c < POINT_A + parameters[chosen->family]; c++) {
            if (pdm__given(&in->columns[c], i)) continue;
            return pdm__calc_fail(calc, 0, c, i, PDM_E_NULL_VALUE, err, "distribution %s needs it",
                                  family_names[chosen->family]);
        }
        double x = in->columns[POINT_X].f64[i];
        at_point(chosen->family, x, pdm__number(&in->columns[POINT_A], i, PDM__NAN),
                 pdm__number(&in->columns[POINT_B], i, PDM__NAN), numbers);
        if (isnan(numbers[0])) {
            return pdm__calc_fail(calc, 0, POINT_A, i, PDM_E_BAD_VALUE, err, "no %s distribution has these parameters",
                                  family_names[chosen->family]);
        }
        pdm__put_limit(&out, 0, i, x);
        for (int32_t c = 0; c < 6; c++) pdm__put_limit(&out, c + 1, i, numbers[c]);
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(distribution, pdm_distribution_options, "Distributions", "概率分布",
                "Probabilities, their logarithms and quantiles, exact in both tails.");
