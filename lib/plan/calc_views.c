/* Calculator `views`: several formulas of one total, compared. */
#include "plan/formula_leaves.h"
#include "plan/registry.h"

enum { IN_FORMULAS, IN_LEAVES };
enum { VIEW_NAME, VIEW_TEXT };

static const pdm_column_info view_columns[] = {
    [VIEW_NAME] = PDM__COLUMN("view", PDM_ROLE_KEY, "", "View: by old and new, by channel, by lifecycle …"),
    [VIEW_TEXT] = PDM__COLUMN("text", PDM_ROLE_TEXT, "", "Its formula."),
};
static const pdm_column_info leaf_columns[] = {
    PDM__LEAF_COLUMNS,
    [PDM__LEAF_VALUE] =
        {.name = "value", .role = PDM_ROLE_FLOAT, .required = 1, .nullable = 1, .unit = "", .doc = "Its value."},
};
static const pdm_list_info views_inputs[] = {
    [IN_FORMULAS] = PDM__INPUT("formulas", view_columns, PDM_INPUT_ROWS,
                               "One formula a view; the first is what others are compared with."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Leaves of all formulas."),
};
static const pdm__column_rule views_rules[] = {PDM__NO_RULE};
static const pdm_option_info views_options[] = {
    PDM__OPTION_STRICT(pdm_formula_options),
    PDM__OPTION_FLOAT(pdm_formula_options, tolerance, 1e-9, "relative", "Difference up to which views agree."),
};
static const pdm_result_column_info view_results[] = {
    PDM__RESULT("view", PDM_TYPE_NONE, "", "View."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Its root."),
    PDM__RESULT("difference", PDM_TYPE_FLOAT64, "as the root", "Against the first view."),
    PDM__RESULT("agrees", PDM_TYPE_BOOL, "", "Within the tolerance."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info views_tables[] = {PDM__TABLE("views", view_results, "A view.")};

/* The parser says where in a text; which text is said here. */
static pdm_status name_view(pdm_status status, int64_t row, pdm_error *err) {
    if (err == NULL || status == PDM_E_NOMEM || status == PDM_E_LIMIT) return status;
    pdm_error inner = *err;
    return pdm__fail(err, status, inner.row, inner.column, "input \"formulas\", row %lld: %s", (long long)row,
                     inner.message);
}

static pdm_status evaluate_view(pdm__calc *calc, const pdm__leaf_set *leaves, int64_t row, double *value,
                                int32_t *status, pdm_error *err) {
    const char *text = calc->sheets[IN_FORMULAS].columns[VIEW_TEXT].text[row];
    pdm_tree *tree = NULL;
    pdm__point point;
    pdm_status result =
        pdm_tree_parse(calc->context, text, strlen(text), leaves->leaves, leaves->count, NULL, &tree, err);
    if (result != PDM_OK) return name_view(result, row, err);
    result = pdm__point_init(&point, tree, &calc->memory, err);
    if (result == PDM_OK) {
        *value = pdm__point_value(&point, leaves->point);
        *status = point.status;
    }
    pdm_tree_free(tree);
    return result;
}

static pdm_status views_run(pdm__calc *calc, pdm_error *err) {
    const pdm_formula_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[IN_FORMULAS];
    pdm__leaf_set leaves;
    pdm__rows out;
    double first = PDM__NAN;
    PDM__TRY(pdm__leaves_read(calc, IN_LEAVES, PDM__LEAF_ROLE, PDM__LEAF_VALUE, &leaves, err));
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[VIEW_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double value = PDM__NAN;
        int32_t status = PDM_STATUS_OK;
        PDM__TRY(evaluate_view(calc, &leaves, i, &value, &status, err));
        if (i == 0) first = value;
        double difference = value - first;
        bool agrees = fabs(difference) <= chosen->tolerance * fmax(fabs(value), fabs(first));
        pdm__put_key(&out, 0, i, &in->columns[VIEW_NAME], i);
        pdm__put_float(&out, 1, i, value);
        pdm__put_float(&out, 2, i, difference);
        pdm__put_bool(&out, 3, i, agrees);
        pdm__put_status(&out, 4, i,
                        status != PDM_STATUS_OK ? status
                        : agrees                ? PDM_STATUS_OK
                                                : PDM_STATUS_CONFLICT,
                        "the view does not agree with the first");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(views, pdm_formula_options, "Views of one total", "多视角校验",
                "Whether several formulas of one total agree, and where they differ.");
