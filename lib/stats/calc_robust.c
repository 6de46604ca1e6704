/* Calculators `quantile` and `winsorise`: values by a named definition of the quantile, and what becomes of them when they are cut there. */
#include "stats/calculator.h"
#include "stats/groups.h"
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>
#include <pdmetrics/stats/robust.h>

#include <stdlib.h>

static const char *const quantile_types[] = {"type7", "type1", "type2", "type6", "type8", NULL};

/* Values of a group, in the order of its rows. */
static pdm_status gather(pdm__calc *calc, const pdm__groups *groups, int32_t g, int32_t column, double **out,
                         int64_t *count, pdm_error *err) {
    const pdm__values *from = &calc->sheets[0].columns[column];
    int64_t start = groups->start[g];
    *count = groups->start[g + 1] - start;
    PDM__TRY(pdm__calc_array(calc, *count, sizeof **out, out, err));
    for (int64_t i = 0; i < *count; i++) (*out)[i] = from->f64[groups->rows[start + i]];
    return PDM_OK;
}

/* ---- quantile ---- */

enum { VALUE_VALUE, VALUE_NAME };

static const pdm_column_info value_columns[] = {
    [VALUE_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "as the metric", "Value of a unit."),
    [VALUE_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Sample; default: all rows are one."),
};
static const pdm_list_info quantile_inputs[] = {
    PDM__INPUT("values", value_columns, PDM_INPUT_ROWS, "Values; those with the same name are one sample.")};
static const pdm__column_rule quantile_rules[] = {PDM__NO_RULE};
static const pdm_option_info quantile_options[] = {
    PDM__OPTION_STRICT(pdm_quantile_options),
    PDM__OPTION_ENUM(pdm_quantile_options, type, quantile_types, "Definition of the quantile (Hyndman & Fan 1996)."),
    PDM__OPTION_FLOAT(pdm_quantile_options, p, 0.5, "", "Share of the values that lie below it, in (0, 1]."),
};
static const pdm_result_column_info quantile_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("n", PDM_TYPE_INT64, "", "Values."),
    PDM__RESULT("quantile", PDM_TYPE_FLOAT64, "as the metric", "The p quantile."),
};
static const pdm_table_info quantile_tables[] = {PDM__TABLE("quantiles", quantile_results, "A sample.")};

static int compare_numbers(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

static pdm_status quantile_run(pdm__calc *calc, pdm_error *err) {
    const pdm_quantile_options *chosen = calc->options;
    pdm__groups groups;
    pdm__rows out;
    PDM__TRY(pdm__groups_make(calc, VALUE_NAME, &groups, err));
    PDM__TRY(pdm__rows_begin(calc, 0, groups.count, &calc->sheets[0].columns[VALUE_NAME], &out, err));
    if (!(chosen->p > 0 && chosen->p <= 1)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "p", "expected a share above 0, at most 1, got %.17g", chosen->p);
    }
    for (int32_t g = 0; g < groups.count; g++) {
        double *values = NULL;
        int64_t count = 0;
        PDM__TRY(gather(calc, &groups, g, VALUE_VALUE, &values, &count, err));
        PDM__TRY(pdm__calc_poll(calc, count, err));
        qsort(values, (size_t)count, sizeof *values, compare_numbers);
        pdm__put_key(&out, 0, g, &calc->sheets[0].columns[VALUE_NAME], groups.rows[groups.start[g]]);
        pdm__put_int(&out, 1, g, count);
        pdm__put_float(&out, 2, g, pdm_quantile_sorted(values, (size_t)count, chosen->p, chosen->type));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(quantile, pdm_quantile_options, "Quantile of values", "分位数",
                "The value below which a share of all values lies, by a named definition.");

/* ---- winsorise ---- */

enum { CUT_VALUE, CUT_VARIANT, CUT_NAME };

static const pdm_column_info cut_columns[] = {
    [CUT_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "as the metric", "Value of a unit."),
    [CUT_VARIANT] =
        PDM__COLUMN_OR_NULL("variant", PDM_ROLE_TEXT, "", "Its arm, as given back; arms are cut at the same caps."),
    [CUT_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Experiment; default: all rows are one."),
};
static const pdm_list_info winsorise_inputs[] = {PDM__INPUT(
    "values", cut_columns, PDM_INPUT_ROWS, "Values of all arms; those with the same name are cut at the same caps.")};
static const pdm__column_rule winsorise_rules[] = {PDM__NO_RULE};
static const pdm_option_info winsorise_options[] = {
    PDM__OPTION_STRICT(pdm_winsorise_options),
    PDM__OPTION_ENUM(pdm_winsorise_options, type, quantile_types, "Definition of the quantile (Hyndman & Fan 1996)."),
    PDM__OPTION_BOOL(pdm_winsorise_options, ignore_zeros, "Zeros do not count for the quantile; they stay."),
    PDM__OPTION_FLOAT(pdm_winsorise_options, upper, 1.0, "", "Share at which high values are cut, in (0.5, 1]."),
    PDM__OPTION_FLOAT(pdm_winsorise_options, lower, 0.0, "", "Share at which low values are cut, in [0, 0.5)."),
};
static const pdm_result_column_info cap_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("n", PDM_TYPE_INT64, "", "Values."),
    PDM__RESULT("cap_low", PDM_TYPE_FLOAT64, "as the metric", "Lower cap; null: none."),
    PDM__RESULT("cap_high", PDM_TYPE_FLOAT64, "as the metric", "Upper cap; null: none."),
    PDM__RESULT("n_capped_low", PDM_TYPE_INT64, "", "Values that were raised."),
    PDM__RESULT("n_capped_high", PDM_TYPE_INT64, "", "Values that were lowered."),
    PDM__RESULT("mean", PDM_TYPE_FLOAT64, "as the metric", "Mean of the cut values."),
    PDM__RESULT("variance", PDM_TYPE_FLOAT64, "squared", "Their variance, divisor n − 1."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info cut_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("variant", PDM_TYPE_LARGE_UTF8, "", "As given."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the metric", "As given."),
    PDM__RESULT("cut", PDM_TYPE_FLOAT64, "as the metric", "The value, raised or lowered to a cap."),
};
static const pdm_table_info winsorise_tables[] = {
    PDM__TABLE("caps", cap_results, "An experiment."),
    PDM__TABLE("values", cut_results, "A value, experiment by experiment.")};

static void put_caps(pdm__rows *out, int32_t g, const pdm_winsorised *w) {
    pdm__put_int(out, 1, g, w->n);
    pdm__put_float(out, 2, g, w->cap_low);
    pdm__put_float(out, 3, g, w->cap_high);
    pdm__put_int(out, 4, g, w->n_low);
    pdm__put_int(out, 5, g, w->n_high);
    pdm__put_float(out, 6, g, w->mean);
    pdm__put_float(out, 7, g, w->variance);
    pdm__put_status(out, 8, g, w->status, "a variance needs two values");
}

static pdm_status winsorise_group(pdm__calc *calc, const pdm__groups *groups, int32_t g, pdm__rows *caps,
                                  pdm__rows *cut, pdm_error *err) {
    const pdm_winsorise_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[0].columns;
    pdm_winsor_options options = pdm_winsor_options_default();
    pdm_winsorised told;
    double *values = NULL;
    int64_t count = 0;
    int64_t start = groups->start[g];
    options.type = chosen->type;
    options.ignore_zeros = chosen->ignore_zeros;
    options.upper = chosen->upper;
    options.lower = chosen->lower;
    PDM__TRY(gather(calc, groups, g, CUT_VALUE, &values, &count, err));
    pdm_status status = pdm_winsorise(calc->context, values, (size_t)count, &options, values, &told, err);
    if (status == PDM_E_BAD_VALUE) return pdm__groups_failed(calc, groups, g, status, err);
    if (status != PDM_OK) return status;
    pdm__put_key(caps, 0, g, &cells[CUT_NAME], groups->rows[start]);
    put_caps(caps, g, &told);
    for (int64_t i = 0; i < count; i++) {
        int64_t row = groups->rows[start + i];
        pdm__put_key(cut, 0, start + i, &cells[CUT_NAME], row);
        pdm__put_text(cut, 1, start + i, pdm__text_at(&cells[CUT_VARIANT], row, NULL));
        pdm__put_float(cut, 2, start + i, cells[CUT_VALUE].f64[row]);
        pdm__put_float(cut, 3, start + i, values[i]);
    }
    return pdm__calc_poll(calc, count, err);
}

static pdm_status winsorise_run(pdm__calc *calc, pdm_error *err) {
    const pdm__values *name = &calc->sheets[0].columns[CUT_NAME];
    pdm__groups groups;
    pdm__rows caps;
    pdm__rows cut;
    PDM__TRY(pdm__groups_make(calc, CUT_NAME, &groups, err));
    PDM__TRY(pdm__rows_begin(calc, 0, groups.count, name, &caps, err));
    PDM__TRY(pdm__rows_begin(calc, 1, calc->sheets[0].rows, name, &cut, err));
    for (int32_t g = 0; g < groups.count; g++) PDM__TRY(winsorise_group(calc, &groups, g, &caps, &cut, err));
    PDM__TRY(pdm__rows_end(&caps));
    return pdm__rows_end(&cut);
}

PDM__CALCULATOR(winsorise, pdm_winsorise_options, "Winsorised values", "缩尾",
                "Values cut at their quantiles, all arms at the same caps, and what mean and variance become.");
