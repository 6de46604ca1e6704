/* Calculator `always_valid`: intervals and p-values of a running experiment that hold at every look. */
#include "stats/effect_table.h"

#include <pdmetrics/stats/calculators.h>

enum { LOOK_NAME, LOOK_ESTIMATE, LOOK_SE, LOOK_TOTAL };

static const char *const method_names[] = {"asymptotic", "msprt", NULL};

static const pdm_column_info look_columns[] = {
    [LOOK_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Look (a date, say); default: its row number."),
    [LOOK_ESTIMATE] = PDM__COLUMN("estimate", PDM_ROLE_FLOAT, "as the metric", "Effect so far."),
    [LOOK_SE] = PDM__COLUMN("se", PDM_ROLE_FLOAT, "as the metric", "Its standard error."),
    [LOOK_TOTAL] = PDM__COLUMN_OR_NULL("n_total", PDM_ROLE_FLOAT, "units",
                                       "Units so far, both arms; method asymptotic needs them."),
};
static const pdm_list_info always_valid_inputs[] = {
    PDM__INPUT("looks", look_columns, PDM_INPUT_ROWS, "Looks at one comparison, in order.")};
static const pdm__column_rule always_valid_rules[] = {{0, LOOK_SE, PDM_E_BAD_VALUE, 0.0, PDM__INF}};
static const pdm_option_info always_valid_options[] = {
    PDM__OPTION_STRICT(pdm_always_valid_options),
    PDM__OPTION_ENUM(pdm_always_valid_options, method, method_names,
                     "Asymptotic confidence sequence, or mixture sequential probability ratio test."),
    PDM__OPTION_ENUM(pdm_always_valid_options, alternative, pdm__alternative_names, "asymptotic: what is shown."),
    PDM__OPTION_BOOL(pdm_always_valid_options, running_intersection, "Each interval is cut to those before it."),
    PDM__OPTION_FLOAT(pdm_always_valid_options, conf_level, 0.95, "", "Confidence level."),
    PDM__OPTION_FLOAT(pdm_always_valid_options, n_tune, 0.0, "units",
                      "asymptotic: units in all at which it is narrowest: the planned total. Must be given."),
    PDM__OPTION_FLOAT(pdm_always_valid_options, tau2, 0.0, "squared", "msprt: mixing variance. Must be given."),
};
static const pdm_result_column_info look_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("n_total", PDM_TYPE_FLOAT64, "units", "As given."),
    PDM__RESULT("estimate", PDM_TYPE_FLOAT64, "as the metric", "As given."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the metric", "Interval that holds at every look."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the metric", "Its other end."),
    PDM__RESULT("p", PDM_TYPE_FLOAT64, "", "p-value that holds at every look."),
    PDM__RESULT("log_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm."),
    PDM__RESULT("log_e_value", PDM_TYPE_FLOAT64, "", "ln of the evidence against no effect; two-sided only."),
    PDM__RESULT("multiplier", PDM_TYPE_FLOAT64, "", "Half width / se, before any intersection."),
    PDM__RESULT("rho", PDM_TYPE_FLOAT64, "", "asymptotic: the tuning."),
    PDM__RESULT("crossed", PDM_TYPE_BOOL, "", "The interval excludes 0, here or at an earlier look."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info always_valid_tables[] = {PDM__TABLE("looks", look_results, "A look.")};

static pdm_status look(const pdm__calc *calc, int64_t row, const pdm_interval *before, pdm_sequence *out,
                       pdm_error *err) {
    const pdm_always_valid_options *chosen = calc->options;
    const pdm__values *cells = calc->sheets[0].columns;
    double estimate = cells[LOOK_ESTIMATE].f64[row];
    double se = cells[LOOK_SE].f64[row];
    if (chosen->method == PDM_SEQUENCE_MSPRT) {
        PDM__TRY(pdm_msprt(estimate, se, chosen->tau2, chosen->conf_level, out, err));
        if (before != NULL) {
            out->low = fmax(out->low, before->low);
            out->high = fmin(out->high, before->high);
        }
        return PDM_OK;
    }
    if (!pdm__given(&cells[LOOK_TOTAL], row)) {
        return pdm__fail(err, PDM_E_NULL_VALUE, -1, "n_total", "method asymptotic needs the units so far");
    }
    return pdm_asymptotic_sequence(estimate, se, cells[LOOK_TOTAL].f64[row], chosen->n_tune, chosen->alternative,
                                   chosen->conf_level, before, out, err);
}

static pdm_status check_plan(const pdm_always_valid_options *chosen, pdm_error *err) {
    bool mixture = chosen->method == PDM_SEQUENCE_MSPRT;
    if ((mixture ? chosen->tau2 : chosen->n_tune) > 0.0) return PDM_OK;
    return pdm__fail(err, mixture ? PDM_E_BAD_OPTION : PDM_E_PLAN_REQUIRED, -1, mixture ? "tau2" : "n_tune",
                     "%s must be given and above 0: a sequence is tuned to what is planned",
                     mixture ? "tau2" : "n_tune");
}

static pdm_status always_valid_run(pdm__calc *calc, pdm_error *err) {
    const pdm_always_valid_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    pdm_interval before = {.low = -PDM__INF, .high = PDM__INF};
    bool crossed = false;
    pdm__rows out;
    PDM__TRY(check_plan(chosen, err));
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[LOOK_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm_sequence now;
        pdm_status status = look(calc, i, chosen->running_intersection != 0 ? &before : NULL, &now, err);
        if (status != PDM_OK) return pdm__calc_row_failed(calc, 0, i, status, err);
        if (now.status == PDM_STATUS_OK) before = (pdm_interval){.low = now.low, .high = now.high};
        crossed = crossed || now.low > 0.0 || now.high < 0.0;
        const double numbers[] = {pdm__number(&in->columns[LOOK_TOTAL], i, PDM__NAN),
                                  in->columns[LOOK_ESTIMATE].f64[i],
                                  now.low,
                                  now.high,
                                  now.p,
                                  now.log_p,
                                  now.log_e_value,
                                  now.multiplier,
                                  now.rho};
        pdm__put_key(&out, 0, i, &in->columns[LOOK_NAME], i);
        for (int32_t c = 0; c < PDM__COUNT(numbers); c++) pdm__put_limit(&out, c + 1, i, numbers[c]);
        pdm__put_bool(&out, 10, i, crossed);
        pdm__put_status(&out, 11, i, now.status, "nothing varies");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(always_valid, pdm_always_valid_options, "Always-valid intervals", "随时可看的置信序列",
                "What a running experiment shows, however often one looks.");
