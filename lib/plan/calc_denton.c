/*
 * Calculator `denton`: periods that meet annual totals and keep the movement of an indicator, without a step in January. Denton 1971;
 * Cholette 1984 for the start; the first-order conditions are one banded system.
 */
#include "plan/registry.h"

#include <pdmetrics/plan/season.h>

enum { IN_INDICATOR, IN_ANNUAL };
enum { TABLE_PERIODS, TABLE_YEARS };

static const char *const method_names[] = {"proportional", "additive", "pro_rata", NULL};

static const pdm_column_info indicator_columns[] = {
    PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Indicator of the period: last year's months, a seasonal index …"),
};
static const pdm_column_info annual_columns[] = {
    PDM__COLUMN("total", PDM_ROLE_FLOAT, "", "What the periods of the year shall sum to."),
};
static const pdm_list_info denton_inputs[] = {
    [IN_INDICATOR] = PDM__INPUT("indicator", indicator_columns, PDM_INPUT_ROWS,
                                "Periods in order; those after the last annual total go on from its end."),
    [IN_ANNUAL] = PDM__INPUT("annual", annual_columns, PDM_INPUT_ROWS, "Annual totals in order."),
};
static const pdm__column_rule denton_rules[] = {{IN_ANNUAL, 0, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF}};
static const pdm_option_info denton_options[] = {
    PDM__OPTION_STRICT(pdm_denton_options),
    PDM__OPTION_ENUM(pdm_denton_options, method, method_names,
                     "Keep the ratio to the indicator smooth, or the difference, or neither."),
    PDM__OPTION_INT32(pdm_denton_options, season_length, 1, 1000, 12, "periods", "Periods of a year."),
};
static const pdm_result_column_info period_columns[] = {
    PDM__RESULT("period", PDM_TYPE_INT64, "", "Period, from 1."),
    PDM__RESULT("year", PDM_TYPE_INT64, "", "Year, from 1; null after the last annual total."),
    PDM__RESULT("indicator", PDM_TYPE_FLOAT64, "", "Indicator."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the totals", "Value of the period."),
    PDM__RESULT("ratio", PDM_TYPE_FLOAT64, "", "value / indicator."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info year_columns[] = {
    PDM__RESULT("year", PDM_TYPE_INT64, "", "Year, from 1."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "Its total."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the totals", "Σ value − total."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info denton_tables[] = {
    [TABLE_PERIODS] = PDM__TABLE("periods", period_columns, "A period."),
    [TABLE_YEARS] = PDM__TABLE("years", year_columns, "A year."),
};

/* A square band matrix, `half` diagonals on either side, room for the fill-in of row exchanges. */
typedef struct band {
    double *cells;
    int64_t size;
    int64_t half;
} band;

static double *cell(const band *b, int64_t row, int64_t column) {
    return &b->cells[row * (3 * b->half + 1) + (column - row + b->half)];
}

/* Gaussian elimination with row exchanges inside the band. O(size · half²). */
static void solve_band(const band *b, double *x) {
    for (int64_t k = 0; k < b->size; k++) {
        int64_t last = k + b->half < b->size ? k + b->half : b->size - 1;
        int64_t right = k + 2 * b->half < b->size ? k + 2 * b->half : b->size - 1;
        int64_t pivot = k;
        for (int64_t r = k + 1; r <= last; r++) {
            if (fabs(*cell(b, r, k)) > fabs(*cell(b, pivot, k))) pivot = r;
        }
        for (int64_t c = k; pivot != k && c <= right; c++) {
            double swapped = *cell(b, k, c);
            *cell(b, k, c) = *cell(b, pivot, c);
            *cell(b, pivot, c) = swapped;
        }
        double swapped = x[k];
        x[k] = x[pivot];
        x[pivot] = swapped;
        for (int64_t r = k + 1; r <= last; r++) {
            double factor = *cell(b, r, k) / *cell(b, k, k);
            if (factor == 0.0) continue;
            for (int64_t c = k; c <= right; c++) *cell(b, r, c) -= factor * *cell(b, k, c);
            x[r] -= factor * x[k];
        }
    }
    for (int64_t k = b->size - 1; k >= 0; k--) {
        int64_t right = k + 2 * b->half < b->size ? k + 2 * b->half : b->size - 1;
        for (int64_t c = k + 1; c <= right; c++) x[k] -= *cell(b, k, c) * x[c];
        x[k] /= *cell(b, k, k);
    }
}

/*
 * Least Σ(u_t − u_{t−1})² with Σ weight_t·u_t = total_y in every year: unknowns are s values and one multiplier a year, in that order. Weights
 * are scaled to about 1 by the caller.
 */
static pdm_status smooth(pdm__calc *calc, const double *weight, const double *total, int64_t years, int64_t s,
                         double *u, pdm_error *err) {
    band b = {.size = years * (s + 1), .half = s > 2 ? s : 2};
    double *x = NULL;
    PDM__TRY(pdm__calc_array(calc, b.size * (3 * b.half + 1), sizeof *b.cells, &b.cells, err));
    PDM__TRY(pdm__calc_array(calc, b.size, sizeof *x, &x, err));
    int64_t n = years * s;
    for (int64_t t = 0; t < n; t++) {
        int64_t at = t / s * (s + 1) + t % s;
        int64_t multiplier = t / s * (s + 1) + s;
        *cell(&b, at, multiplier) = weight[t];
        *cell(&b, multiplier, at) = weight[t];
        if (t + 1 == n) continue;
        int64_t next = (t + 1) / s * (s + 1) + (t + 1) % s;
        *cell(&b, at, at) += 1.0;
        *cell(&b, next, next) += 1.0;
        *cell(&b, at, next) -= 1.0;
        *cell(&b, next, at) -= 1.0;
    }
    for (int64_t y = 0; y < years; y++) x[y * (s + 1) + s] = total[y];
    solve_band(&b, x);
    for (int64_t t = 0; t < n; t++) u[t] = x[t / s * (s + 1) + t % s];
    return PDM_OK;
}

/* Values of the periods from their ratios or differences; NaN where it cannot be. */
static pdm_status benchmark(pdm__calc *calc, const double *z, int64_t n, const double *annual, int64_t years, int64_t s,
                            double *value, int32_t *status, pdm_error *err) {
    const pdm_denton_options *chosen = calc->options;
    bool additive = chosen->method == PDM_DENTON_ADDITIVE;
    double *weight = NULL;
    double *total = NULL;
    double *u = NULL;
    double scale = 0.0;
    PDM__TRY(pdm__calc_array(calc, n, sizeof *weight, &weight, err));
    PDM__TRY(pdm__calc_array(calc, years, sizeof *total, &total, err));
    PDM__TRY(pdm__calc_array(calc, n, sizeof *u, &u, err));
    for (int64_t t = 0; t < n; t++) scale = fmax(scale, fabs(z[t]));
    for (int64_t t = 0; t < n && chosen->method == PDM_DENTON_PROPORTIONAL; t++) {
        if (z[t] == 0.0) *status = PDM_STATUS_DIV_BY_ZERO;
    }
    for (int64_t y = 0; y < years; y++) {
        pdm__sum sum = {0.0, 0.0};
        for (int64_t t = y * s; t < (y + 1) * s; t++) pdm__sum_add(&sum, z[t]);
        double year = pdm__sum_of(&sum);
        total[y] = additive ? annual[y] - year : annual[y] / scale;
        for (int64_t t = y * s; t < (y + 1) * s; t++) weight[t] = additive ? 1.0 : z[t] / scale;
        if (chosen->method == PDM_DENTON_PRO_RATA && year == 0.0) *status = PDM_STATUS_DIV_BY_ZERO;
        for (int64_t t = y * s; chosen->method == PDM_DENTON_PRO_RATA && t < (y + 1) * s; t++) u[t] = annual[y] / year;
    }
    if (*status != PDM_STATUS_OK) return PDM_OK;
    if (chosen->method != PDM_DENTON_PRO_RATA) PDM__TRY(smooth(calc, weight, total, years, s, u, err));
    for (int64_t t = years * s; t < n; t++) u[t] = u[years * s - 1];
    for (int64_t t = 0; t < n; t++) value[t] = additive ? z[t] + u[t] : z[t] * u[t];
    return PDM_OK;
}

static pdm_status put_tables(pdm__calc *calc, const double *z, int64_t n, const double *annual, int64_t years,
                             int64_t s, const double *value, int32_t status, pdm_error *err) {
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, TABLE_PERIODS, n, NULL, &out, err));
    for (int64_t t = 0; t < n; t++) {
        pdm__put_int(&out, 0, t, t + 1);
        pdm__put_int(&out, 1, t, t / s + 1);
        if (t >= years * s) pdm__put_null(&out, 1, t);
        pdm__put_float(&out, 2, t, z[t]);
        pdm__put_float(&out, 3, t, value[t]);
        pdm__put_float(&out, 4, t, z[t] == 0.0 ? PDM__NAN : value[t] / z[t]);
        pdm__put_status(&out, 5, t, status, "an indicator of 0; method additive can do it");
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, TABLE_YEARS, years, NULL, &out, err));
    for (int64_t y = 0; y < years; y++) {
        pdm__sum sum = {0.0, 0.0};
        pdm__sum size = {0.0, 0.0};
        for (int64_t t = y * s; t < (y + 1) * s; t++) {
            pdm__sum_add(&sum, value[t]);
            pdm__sum_add(&size, fabs(value[t]));
        }
        double closure = pdm__sum_of(&sum) - annual[y];
        bool closes = status != PDM_STATUS_OK || fabs(closure) <= 1e-12 * fmax(fabs(annual[y]), pdm__sum_of(&size));
        pdm__put_int(&out, 0, y, y + 1);
        pdm__put_float(&out, 1, y, annual[y]);
        pdm__put_float(&out, 2, y, closure);
        pdm__put_status(&out, 3, y,
                        status != PDM_STATUS_OK ? status
                        : closes                ? PDM_STATUS_OK
                                                : PDM_STATUS_CLOSURE,
                        NULL);
    }
    return pdm__rows_end(&out);
}

static pdm_status denton_run(pdm__calc *calc, pdm_error *err) {
    const pdm_denton_options *chosen = calc->options;
    const pdm__sheet *indicator = &calc->sheets[IN_INDICATOR];
    int64_t years = calc->sheets[IN_ANNUAL].rows;
    int64_t s = chosen->season_length;
    double *value = NULL;
    int32_t status = PDM_STATUS_OK;
    if (indicator->rows < years * s) {
        return pdm__calc_fail(calc, IN_INDICATOR, 0, -1, PDM_E_LENGTH, err,
                              "%lld periods; %lld years of %lld need %lld", (long long)indicator->rows,
                              (long long)years, (long long)s, (long long)(years * s));
    }
    PDM__TRY(pdm__calc_array(calc, indicator->rows, sizeof *value, &value, err));
    for (int64_t t = 0; t < indicator->rows; t++) value[t] = PDM__NAN;
    const double *z = indicator->columns[0].f64;
    const double *annual = calc->sheets[IN_ANNUAL].columns[0].f64;
    PDM__TRY(benchmark(calc, z, indicator->rows, annual, years, s, value, &status, err));
    return put_tables(calc, z, indicator->rows, annual, years, s, value, status, err);
}

PDM__CALCULATOR(denton, pdm_denton_options, "Annual totals without steps", "年度目标平滑分月",
                "Makes periods meet annual totals while they keep the movement of an indicator.");
