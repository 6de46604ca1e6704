/* Calculator `replan`: the plan after a miss. */
#include "plan/apportion.h"
#include "plan/bounded.h"
#include "plan/registry.h"

#include <pdmetrics/plan/uncertainty.h>

enum { IN_PLAN, IN_ACTUALS, IN_REMAINING };
enum { R_PERIOD, R_WEIGHT, R_TARGET, R_HIGH };
enum { TABLE_PERIODS, TABLE_SUMMARY };

static const char *const method_names[] = {"keep_total", "keep_remaining", "next", "spread", NULL};
static const char *const bound_names[] = {"lo", "hi", NULL};

static const pdm_column_info plan_columns[] = {PDM__COLUMN("annual", PDM_ROLE_MONEY, "", "Target of the whole.")};
static const pdm_column_info actual_columns[] = {
    PDM__COLUMN("actual", PDM_ROLE_MONEY, "as the target", "What a period brought.")};
static const pdm_column_info remaining_columns[] = {
    [R_PERIOD] = PDM__COLUMN_OR_NULL("period", PDM_ROLE_KEY, "", "Period to come; default: its row number."),
    [R_WEIGHT] = PDM__COLUMN_OR_NULL("weight", PDM_ROLE_FLOAT, "", "Its original weight; null = its old target."),
    [R_TARGET] = PDM__COLUMN_OR_NULL("old_target", PDM_ROLE_MONEY, "as the target",
                                     "Its target so far; only keep_total does without."),
    [R_HIGH] = PDM__COLUMN_OR_NULL("high", PDM_ROLE_FLOAT, "as the target", "Most it can do; null = no cap."),
};
static const pdm_list_info replan_inputs[] = {
    [IN_PLAN] = PDM__INPUT("plan", plan_columns, PDM_INPUT_ONE, "The target."),
    [IN_ACTUALS] = PDM__INPUT("actuals", actual_columns, PDM_INPUT_OPTIONAL, "What has been reached so far."),
    [IN_REMAINING] = PDM__INPUT("remaining", remaining_columns, PDM_INPUT_ROWS, "Periods to come, in order."),
};
static const pdm__column_rule replan_rules[] = {
    {IN_PLAN, 0, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
    {IN_REMAINING, R_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
    {IN_REMAINING, R_HIGH, PDM_E_BAD_BOUNDS, 0.0, PDM__INF},
};
static const pdm_option_info replan_options[] = {
    PDM__OPTION_STRICT(pdm_replan_options),
    PDM__OPTION_ENUM(pdm_replan_options, method, method_names,
                     "All that remain, nobody (the year falls short), the next period, or the next few equally."),
    PDM__OPTION_BOOL(pdm_replan_options, exact_int, "Whole targets."),
    PDM__OPTION_INT32(pdm_replan_options, spread, 1, 1000000, 3, "periods", "spread: periods that share the miss."),
    PDM__OPTION_ENUM(
        pdm_replan_options, apportion, pdm__apportion_method_names,
        "keep_total in whole targets without caps: rule; webster never lowers a target when the total is raised."),
};
static const pdm_result_column_info period_columns[] = {
    PDM__RESULT("period", PDM_TYPE_NONE, "", "Period to come."),
    PDM__RESULT("old_target", PDM_TYPE_FLOAT64, "as the target", "Its target so far."),
    PDM__RESULT("new_target", PDM_TYPE_FLOAT64, "as the target", "Its target now."),
    PDM__RESULT("new_target_int", PDM_TYPE_INT64, "as the target", "The same in whole units, with exact_int."),
    PDM__RESULT("change", PDM_TYPE_FLOAT64, "as the target", "new_target − old_target."),
    PDM__RESULT("at_bound", PDM_TYPE_DICTIONARY, "", "hi where the cap holds."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Who makes up for the miss."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "as the target", "Target of the whole."),
    PDM__RESULT("actual", PDM_TYPE_FLOAT64, "as the target", "Reached so far."),
    PDM__RESULT("remaining", PDM_TYPE_FLOAT64, "as the target", "total − actual."),
    PDM__RESULT("forecast", PDM_TYPE_FLOAT64, "as the target", "actual + Σ new_target."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the target", "forecast − total."),
    PDM__RESULT("shortfall", PDM_TYPE_FLOAT64, "as the target", "What the caps do not hold, or nobody makes up for."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info replan_tables[] = {
    [TABLE_PERIODS] = PDM__TABLE("periods", period_columns, "A period to come."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: the whole."),
};

typedef struct work {
    pdm__calc *calc;
    const pdm_replan_options *chosen;
    int64_t count;
    double total;
    double actual;
    double remaining;
    int64_t whole_remaining;
    double *target; /* new */
    int64_t *whole;
    int32_t *at;
    double shortfall;
    int32_t status;
} work;

static pdm_status sum_up(work *w, pdm_error *err) {
    const pdm__sheet *actuals = &w->calc->sheets[IN_ACTUALS];
    pdm__sum sum = {0.0, 0.0};
    pdm__int128 exact = 0;
    int64_t value = 0;
    for (int64_t i = 0; i < actuals->rows; i++) pdm__sum_add(&sum, actuals->columns[0].f64[i]);
    w->total = w->calc->sheets[IN_PLAN].columns[0].f64[0];
    w->actual = pdm__sum_of(&sum);
    w->remaining = w->total - w->actual;
    if (w->chosen->exact_int == 0) return PDM_OK;
    PDM__TRY(pdm__calc_whole(w->calc, IN_PLAN, 0, 0, PDM_E_BAD_TOTAL, &value, err));
    exact = value;
    for (int64_t i = 0; i < actuals->rows; i++) {
        PDM__TRY(pdm__calc_whole(w->calc, IN_ACTUALS, 0, i, PDM_E_BAD_AMOUNT, &value, err));
        exact -= value;
    }
    if (exact > INT64_MAX || exact < INT64_MIN)
        return pdm__fail(err, PDM_E_OVERFLOW, -1, "annual", "what remains does not fit int64");
    w->whole_remaining = (int64_t)exact;
    return PDM_OK;
}

/* Splits what remains between the floors and caps of `parts`; `from_zero` as in bounded.h. */
static pdm_status split(work *w, pdm__bounded_part *parts, bool from_zero, pdm_error *err) {
    pdm_context *context = w->calc->context;
    pdm__bounded_answer answer;
    if (w->chosen->exact_int != 0) {
        PDM__TRY(pdm__bounded_whole(context, parts, w->count, w->whole_remaining, from_zero, &answer, err));
    } else {
        PDM__TRY(pdm__bounded_solve(context, parts, w->count, w->remaining, from_zero, &answer, err));
    }
    bool solved = answer.shortfall == 0.0;
    w->shortfall = answer.shortfall;
    if (!solved) w->status = PDM_STATUS_INFEASIBLE;
    for (int64_t i = 0; i < w->count; i++) {
        w->target[i] = solved ? parts[i].amount : PDM__NAN;
        w->whole[i] = parts[i].whole;
        w->at[i] = solved && parts[i].slope > 0.0 ? parts[i].at : 0;
    }
    return PDM_OK;
}

/* Remaining total by the original weights, between 0 and the caps. */
static pdm_status keep_total(work *w, pdm__bounded_part *parts, pdm_error *err) {
    const pdm__values *c = w->calc->sheets[IN_REMAINING].columns;
    double *weights = NULL;
    bool capped = false;
    bool tie = false;
    PDM__TRY(pdm__calc_array(w->calc, w->count, sizeof *weights, &weights, err));
    for (int64_t i = 0; i < w->count; i++) {
        weights[i] = pdm__number(&c[R_WEIGHT], i, pdm__number(&c[R_TARGET], i, PDM__NAN));
        if (!(weights[i] >= 0.0)) {
            return pdm__calc_fail(w->calc, IN_REMAINING, R_WEIGHT, i, PDM_E_BAD_WEIGHT, err,
                                  "a weight, or an old target ≥ 0, is needed");
        }
        parts[i] = (pdm__bounded_part){.slope = weights[i], .high = pdm__number(&c[R_HIGH], i, PDM__INF)};
        capped = capped || !isinf(parts[i].high);
    }
    if (w->chosen->exact_int == 0 || capped) return split(w, parts, true, err);
    return pdm__apportion(w->calc->context, w->chosen->apportion, PDM_ZERO_POLICY_ERROR, w->whole_remaining, weights,
                          NULL, w->count, w->whole, NULL, &tie, err);
}

/* Old targets; what they leave open is shared equally by the first `sharers` periods, between 0 and their caps. */
static pdm_status add_miss(work *w, pdm__bounded_part *parts, int64_t sharers, pdm_error *err) {
    const pdm__values *c = w->calc->sheets[IN_REMAINING].columns;
    pdm__sum planned = {0.0, 0.0};
    int64_t whole = 0;
    for (int64_t i = 0; i < w->count; i++) {
        if (!pdm__given(&c[R_TARGET], i)) {
            return pdm__calc_fail(w->calc, IN_REMAINING, R_TARGET, i, PDM_E_NULL_VALUE, err,
                                  "method %s starts from the old targets", method_names[w->chosen->method]);
        }
        if (w->chosen->exact_int != 0)
            PDM__TRY(pdm__calc_whole(w->calc, IN_REMAINING, R_TARGET, i, PDM_E_BAD_AMOUNT, &whole, err));
        w->target[i] = c[R_TARGET].f64[i];
        w->whole[i] = whole;
        pdm__sum_add(&planned, w->target[i]);
        parts[i] = (pdm__bounded_part){.start = w->target[i], .low = w->target[i], .high = w->target[i]};
        if (i >= sharers) continue;
        parts[i].slope = 1.0;
        parts[i].low = 0.0;
        parts[i].high = pdm__number(&c[R_HIGH], i, PDM__INF);
    }
    if (sharers > 0) return split(w, parts, false, err);
    w->shortfall = fmax(w->remaining - pdm__sum_of(&planned), 0.0);
    return PDM_OK;
}

static pdm_status put_tables(const work *w, pdm_error *err) {
    const pdm__values *c = w->calc->sheets[IN_REMAINING].columns;
    bool exact = w->chosen->exact_int != 0;
    bool solved = w->status != PDM_STATUS_INFEASIBLE;
    pdm__sum sum = {w->actual, 0.0};
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_PERIODS, w->count, &c[R_PERIOD], &out, err));
    for (int64_t i = 0; i < w->count; i++) {
        double old = pdm__number(&c[R_TARGET], i, PDM__NAN);
        double target = !solved ? PDM__NAN : exact ? (double)w->whole[i] : w->target[i];
        pdm__put_key(&out, 0, i, &c[R_PERIOD], i);
        pdm__put_float(&out, 1, i, old);
        pdm__put_float(&out, 2, i, target);
        pdm__put_int(&out, 3, i, w->whole[i]);
        if (!exact || !solved) pdm__put_null(&out, 3, i);
        pdm__put_float(&out, 4, i, target - old);
        pdm__put_code(&out, 5, i, w->at[i] == 0 ? -1 : w->at[i] < 0 ? 0 : 1, bound_names);
        pdm__sum_add(&sum, target);
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, w->chosen->method, method_names);
    pdm__put_float(&out, 1, 0, w->total);
    pdm__put_float(&out, 2, 0, w->actual);
    pdm__put_float(&out, 3, 0, w->remaining);
    pdm__put_float(&out, 4, 0, pdm__sum_of(&sum));
    pdm__put_float(&out, 5, 0, pdm__sum_of(&sum) - w->total);
    pdm__put_float(&out, 6, 0, w->shortfall);
    pdm__put_status(&out, 7, 0, w->status, "the caps hold less than what remains, or nothing remains");
    return pdm__rows_end(&out);
}

static pdm_status replan_run(pdm__calc *calc, pdm_error *err) {
    work w = {.calc = calc, .chosen = calc->options, .count = calc->sheets[IN_REMAINING].rows};
    pdm__bounded_part *parts = NULL;
    PDM__TRY(pdm__calc_array(calc, w.count, sizeof *w.target, &w.target, err));
    PDM__TRY(pdm__calc_array(calc, w.count, sizeof *w.whole, &w.whole, err));
    PDM__TRY(pdm__calc_array(calc, w.count, sizeof *w.at, &w.at, err));
    PDM__TRY(pdm__calc_array(calc, w.count, sizeof *parts, &parts, err));
    PDM__TRY(sum_up(&w, err));
    if (w.remaining <= 0.0 && w.chosen->method != PDM_REPLAN_KEEP_REMAINING) {
        w.status = PDM_STATUS_MET; /* zeros */
    } else if (w.chosen->method == PDM_REPLAN_KEEP_TOTAL) {
        PDM__TRY(keep_total(&w, parts, err));
    } else {
        int64_t sharers = w.chosen->method == PDM_REPLAN_NEXT     ? 1
                          : w.chosen->method == PDM_REPLAN_SPREAD ? w.chosen->spread
                                                                  : 0;
        PDM__TRY(add_miss(&w, parts, sharers, err));
    }
    return put_tables(&w, err);
}

PDM__CALCULATOR(replan, pdm_replan_options, "Re-plan", "滚动调整目标",
                "New targets for the periods to come once some of the year is known.");
