/* Calculator `roll_inverse`: what one month of the roll-forward says backwards, and where it ends. */
#include "plan/registry.h"

#include <pdmetrics/plan/rollforward.h>

enum { ROW_NAME, ROW_START, ROW_END, ROW_CHURN, ROW_ADDS, ROW_MONTHS };

static const pdm_column_info row_columns[] = {
    [ROW_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Name of the row; default: its number."),
    [ROW_START] = PDM__COLUMN_OR_NULL("users_start", PDM_ROLE_FLOAT, "users", "Users at the beginning."),
    [ROW_END] = PDM__COLUMN_OR_NULL("users_end", PDM_ROLE_FLOAT, "users", "Users at the end."),
    [ROW_CHURN] = PDM__COLUMN_OR_NULL("churn", PDM_ROLE_FLOAT, "per month", "Churn; null = asked for."),
    [ROW_ADDS] = PDM__COLUMN_OR_NULL("adds", PDM_ROLE_FLOAT, "users", "Users added a month; null = asked for."),
    [ROW_MONTHS] = PDM__COLUMN_OR_NULL("months", PDM_ROLE_FLOAT, "months", "Months to compound churn over; null = 12."),
};
static const pdm_list_info roll_inverse_inputs[] = {PDM__INPUT("rows", row_columns, PDM_INPUT_ROWS, "What is known.")};
static const pdm__column_rule roll_inverse_rules[] = {
    {0, ROW_START, PDM_E_BAD_COUNT, 0.0, PDM__INF},   {0, ROW_END, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, ROW_CHURN, PDM_E_BAD_RATE, 0.0, 1.0},         {0, ROW_ADDS, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, ROW_MONTHS, PDM_E_BAD_PERIOD, 0.0, PDM__INF},
};
static const pdm_option_info roll_inverse_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info result_columns[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Row."),
    PDM__RESULT("lost", PDM_TYPE_FLOAT64, "users", "users_start · churn."),
    PDM__RESULT("adds", PDM_TYPE_FLOAT64, "users", "As given, or users_end − users_start·(1 − churn)."),
    PDM__RESULT("churn", PDM_TYPE_FLOAT64, "per month", "As given, or 1 − (users_end − adds)/users_start."),
    PDM__RESULT("net", PDM_TYPE_FLOAT64, "users", "users_end − users_start."),
    PDM__RESULT("feasible", PDM_TYPE_BOOL, "", "churn lies in [0, 1] and adds are not negative."),
    PDM__RESULT("steady_state", PDM_TYPE_FLOAT64, "users", "adds / churn: where it levels off."),
    PDM__RESULT("half_life", PDM_TYPE_FLOAT64, "months", "ln ½ / ln(1 − churn)."),
    PDM__RESULT("compound_churn", PDM_TYPE_FLOAT64, "in all", "1 − (1 − churn)^months."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info roll_inverse_tables[] = {PDM__TABLE("rows", result_columns, "A row of the input.")};

static void put_row(pdm__rows *out, const pdm__sheet *in, int64_t i) {
    const pdm__values *c = in->columns;
    double start = pdm__number(&c[ROW_START], i, PDM__NAN);
    double end = pdm__number(&c[ROW_END], i, PDM__NAN);
    double churn = pdm__number(&c[ROW_CHURN], i, PDM__NAN);
    double adds = pdm__number(&c[ROW_ADDS], i, PDM__NAN);
    int32_t status = PDM_STATUS_OK;
    if (isnan(adds)) adds = end - (start - start * churn);
    if (isnan(churn) && start == 0.0) status = PDM_STATUS_ZERO_BASE;
    if (isnan(churn) && start != 0.0) churn = 1.0 - (end - adds) / start;
    bool feasible = !(churn < 0.0) && !(churn > 1.0) && !(adds < 0.0);
    if (churn == 0.0) status = PDM_STATUS_ZERO_BASE;
    if (status == PDM_STATUS_OK && isnan(churn)) status = PDM_STATUS_MISSING;
    bool decays = churn > 0.0 && churn <= 1.0;
    pdm__put_key(out, 0, i, &c[ROW_NAME], i);
    pdm__put_float(out, 1, i, start * churn);
    pdm__put_float(out, 2, i, adds);
    pdm__put_float(out, 3, i, churn);
    pdm__put_float(out, 4, i, end - start);
    pdm__put_bool(out, 5, i, feasible);
    if (isnan(churn)) pdm__put_null(out, 5, i);
    pdm__put_float(out, 6, i, decays ? adds / churn : PDM__NAN);
    pdm__put_float(out, 7, i, !decays ? PDM__NAN : churn == 1.0 ? 0.0 : log(0.5) / log1p(-churn));
    pdm__put_float(out, 8, i, churn == 1.0 ? 1.0 : -expm1(pdm__number(&c[ROW_MONTHS], i, 12.0) * log1p(-churn)));
    pdm__put_status(out, 9, i, status, "churn is 0 or cannot be found");
}

static pdm_status roll_inverse_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[ROW_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) put_row(&out, in, i);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(roll_inverse, pdm_plan_options, "Roll-forward, backwards", "测算表反推",
                "Adds needed, churn implied, steady state, half-life and compound churn.");
