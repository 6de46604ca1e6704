/* Calculator `group_sequential`: bounds of planned looks, what they cost in units, and whether the data crossed them. */
#include "stats/effect_table.h"

#include <pdmetrics/stats/calculators.h>
#include <pdmetrics/stats/group_sequential.h>

#define MOST_LOOKS 10000
#define EQUALLY_SPACED 1e-9

enum { LOOK_NAME, LOOK_INFO, LOOK_ESTIMATE, LOOK_SE, LOOK_STATISTIC };
enum { CLASSIC_NONE, CLASSIC_POCOCK, CLASSIC_OBRIEN_FLEMING, CLASSIC_WANG_TSIATIS };

static const char *const spending_names[] = {"lan_demets_obf", "lan_demets_pocock", "power", NULL};
static const char *const classic_names[] = {"none", "pocock", "obrien_fleming", "wang_tsiatis", NULL};
static const char *const scale_names[] = {"per_side", "total", NULL};

static const pdm_column_info look_columns[] = {
    [LOOK_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Look (a date, say); default: its row number."),
    [LOOK_INFO] = PDM__COLUMN("info", PDM_ROLE_FLOAT, "of the plan",
                              "Units by then / units planned; rising, the look with 1 or more is the last."),
    [LOOK_ESTIMATE] = PDM__COLUMN_OR_NULL("estimate", PDM_ROLE_FLOAT, "as the metric", "Effect by then."),
    [LOOK_SE] = PDM__COLUMN_OR_NULL("se", PDM_ROLE_FLOAT, "as the metric", "Its standard error."),
    [LOOK_STATISTIC] = PDM__COLUMN_OR_NULL("statistic", PDM_ROLE_FLOAT, "",
                                           "z by then, of the score test for conversions; default: estimate / se."),
};
static const pdm_list_info group_sequential_inputs[] = {
    PDM__INPUT("looks", look_columns, PDM_INPUT_ROWS, "Looks at one comparison, past and planned, in order.")};
static const pdm__column_rule group_sequential_rules[] = {{0, LOOK_SE, PDM_E_BAD_VALUE, 0.0, PDM__INF}};
static const pdm_option_info group_sequential_options[] = {
    PDM__OPTION_STRICT(pdm_group_sequential_options),
    PDM__OPTION_ENUM(pdm_group_sequential_options, spending, spending_names,
                     "How alpha is spent: strict at first (O'Brien–Fleming), about evenly (Pocock), or a power of "
                     "the information."),
    PDM__OPTION_ENUM(pdm_group_sequential_options, alternative, pdm__alternative_names,
                     "Both sides are watched, or one."),
    PDM__OPTION_ENUM(pdm_group_sequential_options, spend_scale, scale_names,
                     "two_sided: each side spends alpha/2 by the function, or the function spends alpha and each side "
                     "gets half."),
    PDM__OPTION_ENUM(pdm_group_sequential_options, classic, classic_names,
                     "Instead of spending: the bounds of equally spaced looks, two-sided."),
    PDM__OPTION_FLOAT(pdm_group_sequential_options, alpha, 0.05, "", "Level of all looks together."),
    PDM__OPTION_FLOAT(pdm_group_sequential_options, power, 0.8, "", "Power for which `inflation` is."),
    PDM__OPTION_FLOAT(pdm_group_sequential_options, exponent, 1.0, "", "spending power: the exponent."),
    PDM__OPTION_FLOAT(pdm_group_sequential_options, shape, 0.25, "",
                      "classic wang_tsiatis: between 0 (O'Brien–Fleming) and 0.5 (Pocock)."),
};
static const pdm_result_column_info look_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("info", PDM_TYPE_FLOAT64, "of the plan", "As given."),
    PDM__RESULT("bound", PDM_TYPE_FLOAT64, "", "Stop where z is this far out."),
    PDM__RESULT("nominal_p", PDM_TYPE_FLOAT64, "", "p-value of a z on the bound."),
    PDM__RESULT("log_nominal_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),
    PDM__RESULT("alpha_spent", PDM_TYPE_FLOAT64, "", "Up to and with this look, of one side."),
    PDM__RESULT("log_alpha_spent", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),
    PDM__RESULT("statistic", PDM_TYPE_FLOAT64, "", "z by then; null for looks to come."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the metric", "Interval estimate ± bound·se; repeated looks keep alpha."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the metric", "Its other end."),
    PDM__RESULT("crossed", PDM_TYPE_BOOL, "",
                "The bound is reached, here or at an earlier look; null for looks to come."),
};
static const pdm_result_column_info summary_results[] = {
    PDM__RESULT("looks", PDM_TYPE_INT64, "", "How many."),
    PDM__RESULT("alternative", PDM_TYPE_DICTIONARY, "", "Which sides are watched."),
    PDM__RESULT("alpha", PDM_TYPE_FLOAT64, "", "Level of all looks together."),
    PDM__RESULT("power", PDM_TYPE_FLOAT64, "", "Power asked for."),
    PDM__RESULT("inflation", PDM_TYPE_FLOAT64, "of a fixed test",
                "Units it takes for that power; null unless the last information is 1."),
    PDM__RESULT("crossed", PDM_TYPE_BOOL, "", "A bound was reached."),
    PDM__RESULT("first_crossed", PDM_TYPE_INT64, "", "Row of the look at which; null = none."),
};
static const pdm_table_info group_sequential_tables[] = {
    PDM__TABLE("looks", look_results, "A look."),
    PDM__TABLE("summary", summary_results, "One row: the plan."),
};

static pdm_status classic_bounds(pdm__calc *calc, int32_t count, pdm_look *looks, pdm_error *err) {
    const pdm_group_sequential_options *chosen = calc->options;
    const double *info = calc->sheets[0].columns[LOOK_INFO].f64;
    double shape = chosen->classic == CLASSIC_POCOCK           ? 0.5
                   : chosen->classic == CLASSIC_OBRIEN_FLEMING ? 0
                                                               : chosen->shape;
    if (chosen->alternative != PDM_TWO_SIDED) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "alternative",
                         "classic bounds are two-sided; spending has one-sided ones");
    }
    for (int32_t k = 0; k < count; k++) {
        if (fabs(info[k] - (k + 1.0) / count) <= EQUALLY_SPACED) continue;
        return pdm__calc_fail(calc, 0, LOOK_INFO, k, PDM_E_BAD_LOOKS, err,
                              "%.17g; classic bounds are for equally spaced looks, %.17g expected", info[k],
                              (k + 1.0) / count);
    }
    return pdm_group_classic(calc->context, count, shape, chosen->alpha, looks, err);
}

static pdm_status find_bounds(pdm__calc *calc, int32_t count, pdm_look *looks, pdm_error *err) {
    const pdm_group_sequential_options *chosen = calc->options;
    pdm_spending_options options = pdm_spending_options_default();
    if (chosen->classic != CLASSIC_NONE) return classic_bounds(calc, count, looks, err);
    options.spending = chosen->spending;
    options.alternative = chosen->alternative;
    options.total = chosen->spend_scale;
    options.alpha = chosen->alpha;
    options.parameter = chosen->spending == PDM_SPENDING_POWER ? chosen->exponent : 0;
    pdm_status status =
        pdm_group_bounds(calc->context, calc->sheets[0].columns[LOOK_INFO].f64, count, &options, looks, err);
    bool in_row = err != NULL && err->row >= 0;
    return status != PDM_OK && in_row ? pdm__calc_row_failed(calc, 0, err->row, status, err) : status;
}

/* z at a look, NaN for those to come. */
static double statistic_of(const pdm__values *cells, int64_t row) {
    if (pdm__given(&cells[LOOK_STATISTIC], row)) return cells[LOOK_STATISTIC].f64[row];
    double estimate = pdm__number(&cells[LOOK_ESTIMATE], row, PDM__NAN);
    double se = pdm__number(&cells[LOOK_SE], row, PDM__NAN);
    return se > 0.0 ? estimate / se : PDM__NAN;
}

static bool reaches(double z, double bound, int32_t alternative) {
    if (alternative == PDM_GREATER) return z >= bound;
    return (alternative == PDM_LESS ? -z : fabs(z)) >= bound;
}

static void put_look(pdm__rows *out, int64_t row, const pdm__calc *calc, const pdm_look *look, double z, bool crossed) {
    const pdm_group_sequential_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[0].columns;
    double estimate = pdm__number(&cells[LOOK_ESTIMATE], row, PDM__NAN);
    double half = look->z * pdm__number(&cells[LOOK_SE], row, PDM__NAN);
    bool known = !isnan(estimate) && !isnan(half);
    double low = chosen->alternative == PDM_LESS ? -PDM__INF : estimate - half;
    double high = chosen->alternative == PDM_GREATER ? PDM__INF : estimate + half;
    const double numbers[] = {look->info,
                              look->z,
                              look->nominal_p,
                              look->log_nominal_p,
                              look->alpha_spent,
                              look->log_alpha_spent,
                              z,
                              known ? low : PDM__NAN,
                              known ? high : PDM__NAN};
    pdm__put_key(out, 0, row, &cells[LOOK_NAME], row);
    for (int32_t c = 0; c < PDM__COUNT(numbers); c++) pdm__put_limit(out, c + 1, row, numbers[c]);
    pdm__put_bool(out, 10, row, crossed);
    if (isnan(z)) pdm__put_null(out, 10, row);
}

static pdm_status put_summary(pdm__calc *calc, const pdm_look *looks, int32_t count, int64_t first, pdm_error *err) {
    const pdm_group_sequential_options *chosen = calc->options;
    double inflation = PDM__NAN;
    pdm__rows out;
    if (fabs(looks[count - 1].info - 1.0) <= EQUALLY_SPACED) {
        PDM__TRY(pdm_group_inflation(calc->context, looks, count, chosen->alternative, chosen->alpha, chosen->power,
                                     &inflation, err));
    }
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_int(&out, 0, 0, count);
    pdm__put_code(&out, 1, 0, chosen->alternative, pdm__alternative_names);
    pdm__put_float(&out, 2, 0, chosen->alpha);
    pdm__put_float(&out, 3, 0, chosen->power);
    pdm__put_float(&out, 4, 0, inflation);
    pdm__put_bool(&out, 5, 0, first >= 0);
    pdm__put_int(&out, 6, 0, first);
    if (first < 0) pdm__put_null(&out, 6, 0);
    return pdm__rows_end(&out);
}

static pdm_status group_sequential_run(pdm__calc *calc, pdm_error *err) {
    const pdm_group_sequential_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm_look *looks = NULL;
    int64_t first = -1;
    pdm__rows out;
    if (in->rows > MOST_LOOKS) {
        return pdm__calc_fail(calc, 0, -1, -1, PDM_E_LIMIT, err, "%lld looks; up to %d are allowed",
                              (long long)in->rows, MOST_LOOKS);
    }
    int32_t count = (int32_t)in->rows;
    PDM__TRY(pdm__calc_array(calc, count, sizeof *looks, &looks, err));
    PDM__TRY(find_bounds(calc, count, looks, err));
    PDM__TRY(pdm__rows_begin(calc, 0, count, &in->columns[LOOK_NAME], &out, err));
    for (int32_t k = 0; k < count; k++) {
        double z = statistic_of(in->columns, k);
        if (first < 0 && reaches(z, looks[k].z, chosen->alternative)) first = k;
        put_look(&out, k, calc, &looks[k], z, first >= 0);
    }
    PDM__TRY(pdm__rows_end(&out));
    return put_summary(calc, looks, count, first, err);
}

PDM__CALCULATOR(group_sequential, pdm_group_sequential_options, "Planned looks", "分组序贯边界",
                "How far out a result must be at each of a few planned looks, and what they cost in units.");
