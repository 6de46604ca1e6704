/* Calculator `apportion`, and its typed twin. */
#include "core/metric_ops.h"
#include "plan/apportion.h"
#include "plan/registry.h"

enum { IN_TARGET, IN_PARTS };
enum { TARGET_TOTAL };
enum { PART_NAME, PART_WEIGHT };
enum { TABLE_SPLIT, TABLE_SUMMARY };

static const pdm_column_info target_columns[] = {
    PDM__COLUMN("total", PDM_ROLE_MONEY, "minor units, people …", "What is split; a whole number, may be negative."),
};
static const pdm_column_info part_columns[] = {
    [PART_NAME] = PDM__COLUMN_OR_NULL("part", PDM_ROLE_KEY, "", "Name of the part; default: its row number."),
    [PART_WEIGHT] = PDM__COLUMN("weight", PDM_ROLE_FLOAT, "", "Weight, 0 or more; a part of weight 0 gets nothing."),
};
static const pdm_list_info apportion_inputs[] = {
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_ONE, "The total."),
    [IN_PARTS] = PDM__INPUT("parts", part_columns, PDM_INPUT_ROWS, "Who gets a part."),
};
static const pdm__column_rule apportion_rules[] = {
    {IN_TARGET, TARGET_TOTAL, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
    {IN_PARTS, PART_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
};

static const pdm_option_info apportion_options[] = {
    PDM__OPTION_STRICT(pdm_apportion_options),
    PDM__OPTION_ENUM(pdm_apportion_options, method, pdm__apportion_method_names,
                     "Rule; webster never takes a unit back when the total grows, largest_remainder can."),
    PDM__OPTION_ENUM(pdm_apportion_options, zero_policy, pdm__zero_policy_names,
                     "All weights 0: an error, or equal parts."),
};

static const pdm_result_column_info split_columns[] = {
    PDM__RESULT("part", PDM_TYPE_NONE, "", "Part, in the order given."),
    PDM__RESULT("weight", PDM_TYPE_FLOAT64, "", "Its weight."),
    PDM__RESULT("quota", PDM_TYPE_FLOAT64, "as the total", "total · weight / Σ weight."),
    PDM__RESULT("amount", PDM_TYPE_INT64, "as the total", "What it gets."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Rule that was used."),
    PDM__RESULT("total", PDM_TYPE_INT64, "", "What was split."),
    PDM__RESULT("closure", PDM_TYPE_INT64, "as the total", "Σ amount − total: 0."),
    PDM__RESULT("tie_at_cut", PDM_TYPE_BOOL, "", "A tie, broken by the order of the rows, decided the result."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info apportion_tables[] = {
    [TABLE_SPLIT] = PDM__TABLE("split", split_columns, "A part."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: how it was split."),
};

static pdm_status put_tables(pdm__calc *calc, int64_t total, const int64_t *amounts, const double *quotas, bool tie,
                             pdm_error *err) {
    const pdm_apportion_options *chosen = calc->options;
    const pdm__sheet *parts = &calc->sheets[IN_PARTS];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, TABLE_SPLIT, parts->rows, &parts->columns[PART_NAME], &out, err));
    pdm__int128 sum = 0;
    for (int64_t i = 0; i < parts->rows; i++) {
        pdm__put_key(&out, 0, i, &parts->columns[PART_NAME], i);
        pdm__put_float(&out, 1, i, parts->columns[PART_WEIGHT].f64[i]);
        pdm__put_float(&out, 2, i, quotas[i]);
        pdm__put_int(&out, 3, i, amounts[i]);
        sum += amounts[i];
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, pdm__apportion_method_names);
    pdm__put_int(&out, 1, 0, total);
    pdm__put_int(&out, 2, 0, (int64_t)(sum - total));
    pdm__put_bool(&out, 3, 0, tie);
    pdm__put_status(&out, 4, 0, PDM_STATUS_OK, NULL);
    return pdm__rows_end(&out);
}

static pdm_status apportion_run(pdm__calc *calc, pdm_error *err) {
    const pdm_apportion_options *chosen = calc->options;
    const pdm__sheet *parts = &calc->sheets[IN_PARTS];
    const pdm__values *weight = &parts->columns[PART_WEIGHT];
    int64_t total = 0;
    int64_t *amounts = NULL;
    double *quotas = NULL;
    bool tie = false;
    PDM__TRY(pdm__calc_whole(calc, IN_TARGET, TARGET_TOTAL, 0, PDM_E_BAD_TOTAL, &total, err));
    PDM__TRY(pdm__calc_array(calc, parts->rows, sizeof *amounts, &amounts, err));
    PDM__TRY(pdm__calc_array(calc, parts->rows, sizeof *quotas, &quotas, err));
    PDM__TRY(pdm__apportion(calc->context, chosen->method, chosen->zero_policy, total, weight->f64, weight->i64,
                            parts->rows, amounts, quotas, &tie, err));
    return put_tables(calc, total, amounts, quotas, tie, err);
}

PDM__CALCULATOR(apportion, pdm_apportion_options, "Exact integer split", "整数分摊",
                "Splits a whole total over weights so that the parts add up to the last unit.");

/* ---- typed ---- */

static pdm_status split(pdm_context *context, const pdm_apportion_options *options, int64_t total,
                        const double *weights, int64_t count, int64_t *amounts, int32_t *tie_at_cut, pdm_error *err) {
    int64_t *fresh = NULL;
    bool tie = false;
    PDM__TRY(pdm__new(context, (size_t)count, sizeof *fresh, &fresh, err));
    pdm_status status = pdm__apportion(context, options->method, options->zero_policy, total, weights, NULL, count,
                                       fresh, NULL, &tie, err);
    if (status == PDM_OK) {
        memcpy(amounts, fresh, (size_t)count * sizeof *amounts);
        if (tie_at_cut != NULL) *tie_at_cut = tie ? 1 : 0;
    }
    pdm__drop(context, fresh, (size_t)count, sizeof *fresh);
    return status;
}

pdm_status pdm_apportion_split(pdm_context *context, const pdm_apportion_options *options, int64_t total,
                               const double *weights, int64_t count, int64_t *amounts, int32_t *tie_at_cut,
                               pdm_error *err) {
    pdm_apportion_options chosen;
    PDM__TRY(pdm__options_normalize(&pdm__calculator_apportion.about, options, &chosen, err));
    if (count < 1) return pdm__fail(err, PDM_E_EMPTY, -1, "weight", "no weights; at least one expected");
    if (weights == NULL || amounts == NULL) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "weights and amounts must not be NULL");
    }
    for (int64_t i = 0; i < count; i++) {
        if (weights[i] >= 0.0 && isfinite(weights[i])) continue;
        return pdm__fail(err, PDM_E_BAD_WEIGHT, i, "weight", "weight %lld: %g; a finite number ≥ 0 expected",
                         (long long)i, weights[i]);
    }
    pdm_context *own = NULL;
    PDM__TRY(pdm__context_or_default(context, &own, err));
    pdm_status status = split(own, &chosen, total, weights, count, amounts, tie_at_cut, err);
    pdm_context_free(own);
    return status;
}
