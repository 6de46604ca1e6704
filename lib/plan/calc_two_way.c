/* Calculator `two_way`: a seed table made to meet its row and column totals. */
#include "plan/registry.h"
#include "plan/two_way.h"

#include <pdmetrics/plan/allocate.h>

#define MAX_CELLS ((int64_t)10000000)

enum { IN_SEED, IN_ROWS, IN_COLUMNS };
enum { SEED_ROW, SEED_COLUMN, SEED_VALUE };
enum { TOTAL_KEY, TOTAL_TOTAL };
enum { TABLE_CELLS, TABLE_SUMMARY };

static const char *const method_names[] = {"ipf", "biproportional", NULL};

static const pdm_column_info seed_columns[] = {
    [SEED_ROW] = PDM__COLUMN("row", PDM_ROLE_TEXT, "", "Row of the table: channel …"),
    [SEED_COLUMN] = PDM__COLUMN("column", PDM_ROLE_TEXT, "", "Column of the table: month …"),
    [SEED_VALUE] = PDM__COLUMN("value", PDM_ROLE_FLOAT, "", "Pattern, 0 or more; cells not listed are 0 and stay so."),
};
static const pdm_column_info row_columns[] = {
    [TOTAL_KEY] = PDM__COLUMN("row", PDM_ROLE_TEXT, "", "Row."),
    [TOTAL_TOTAL] = PDM__COLUMN("row_total", PDM_ROLE_MONEY, "", "Its total, 0 or more."),
};
static const pdm_column_info column_columns[] = {
    [TOTAL_KEY] = PDM__COLUMN("column", PDM_ROLE_TEXT, "", "Column."),
    [TOTAL_TOTAL] = PDM__COLUMN("column_total", PDM_ROLE_MONEY, "", "Its total, 0 or more."),
};
static const pdm_list_info two_way_inputs[] = {
    [IN_SEED] = PDM__INPUT("seed", seed_columns, PDM_INPUT_ROWS, "The pattern to keep."),
    [IN_ROWS] = PDM__INPUT("row_totals", row_columns, PDM_INPUT_ROWS, "What the rows shall sum to."),
    [IN_COLUMNS] = PDM__INPUT("column_totals", column_columns, PDM_INPUT_ROWS, "What the columns shall sum to."),
};
static const pdm__column_rule two_way_rules[] = {
    {IN_SEED, SEED_VALUE, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
    {IN_ROWS, TOTAL_TOTAL, PDM_E_BAD_TOTAL, 0.0, PDM__INF},
    {IN_COLUMNS, TOTAL_TOTAL, PDM_E_BAD_TOTAL, 0.0, PDM__INF},
};

static const pdm_option_info two_way_options[] = {
    PDM__OPTION_STRICT(pdm_two_way_options),
    PDM__OPTION_ENUM(pdm_two_way_options, method, method_names,
                     "Reals that keep zeros and odds ratios, or integers by Webster's rule in both directions."),
    PDM__OPTION_INT32(pdm_two_way_options, max_iter, 1, INT32_MAX, 10000, "rounds", "ipf: most rounds."),
    PDM__OPTION_FLOAT(pdm_two_way_options, tol, 1e-12, "of max(1, total)", "ipf: largest residual of a row."),
};

static const pdm_result_column_info cell_columns[] = {
    PDM__RESULT("row", PDM_TYPE_LARGE_UTF8, "", "Row."),
    PDM__RESULT("column", PDM_TYPE_LARGE_UTF8, "", "Column."),
    PDM__RESULT("seed", PDM_TYPE_FLOAT64, "", "Pattern."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "as the totals", "Fitted value; null if the totals cannot be met."),
    PDM__RESULT("amount", PDM_TYPE_INT64, "as the totals", "biproportional: the value exactly."),
    PDM__RESULT("row_factor", PDM_TYPE_FLOAT64, "", "What the seed is multiplied with for its row."),
    PDM__RESULT("column_factor", PDM_TYPE_FLOAT64, "", "And for its column."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Rule that was used."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "Sum of the row totals."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the totals", "Σ value − total."),
    PDM__RESULT("iterations", PDM_TYPE_INT64, "rounds", "Rounds of scaling."),
    PDM__RESULT("residual", PDM_TYPE_FLOAT64, "as the totals", "Largest distance of a row to its total."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info two_way_tables[] = {
    [TABLE_CELLS] = PDM__TABLE("cells", cell_columns, "A cell of the table, row by row."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: how it went."),
};

/* Row of `sheet` for each cell of the seed; totals are few beside the cells, so their names are hashed once. */
static pdm_status locate(pdm__calc *calc, int32_t seed_column, int32_t input, int32_t **out, pdm_error *err) {
    const pdm__values *key = &calc->sheets[IN_SEED].columns[seed_column];
    const pdm__sheet *totals = &calc->sheets[input];
    int32_t *ids = NULL;
    int64_t *first = NULL;
    int32_t count = 0;
    PDM__TRY(pdm__calc_ids(calc, input, TOTAL_KEY, &ids, &first, &count, err));
    for (int64_t i = 0; i < totals->rows; i++) {
        if (first[ids[i]] == i) continue;
        return pdm__calc_fail(calc, input, TOTAL_KEY, i, PDM_E_DUPLICATE_NAME, err,
                              "\"%.40s\" stands in row %lld already", totals->columns[TOTAL_KEY].text[i],
                              (long long)first[ids[i]]);
    }
    PDM__TRY(pdm__calc_ids(calc, IN_SEED, seed_column, &ids, &first, &count, err));
    for (int32_t id = 0; id < count; id++) {
        int64_t row = pdm__key_row(totals, TOTAL_KEY, key, first[id]);
        if (row < 0) {
            return pdm__calc_fail(calc, IN_SEED, seed_column, first[id], PDM_E_UNKNOWN_NAME, err,
                                  "\"%.40s\" has no total", key->text[first[id]]);
        }
        first[id] = row;
    }
    for (int64_t i = 0; i < calc->sheets[IN_SEED].rows; i++) ids[i] = (int32_t)first[ids[i]];
    *out = ids;
    return PDM_OK;
}

static pdm_status load_seed(pdm__calc *calc, pdm__two_way *t, pdm_error *err) {
    const pdm__sheet *seed = &calc->sheets[IN_SEED];
    int32_t *row = NULL;
    int32_t *column = NULL;
    double *dense = NULL;
    uint8_t *seen = NULL;
    int64_t cells = (int64_t)t->rows * t->columns;
    PDM__TRY(locate(calc, SEED_ROW, IN_ROWS, &row, err));
    PDM__TRY(locate(calc, SEED_COLUMN, IN_COLUMNS, &column, err));
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *dense, &dense, err));
    PDM__TRY(pdm__calc_array(calc, cells, 1, &seen, err));
    for (int64_t i = 0; i < seed->rows; i++) {
        size_t at = (size_t)row[i] * (size_t)t->columns + (size_t)column[i];
        if (seen[at] != 0) {
            return pdm__calc_fail(calc, IN_SEED, SEED_VALUE, i, PDM_E_DUPLICATE_NAME, err, "the cell is given twice");
        }
        seen[at] = 1;
        dense[at] = seed->columns[SEED_VALUE].f64[i];
    }
    t->seed = dense;
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *t->value, &t->value, err));
    PDM__TRY(pdm__calc_array(calc, t->rows, sizeof *t->row_factor, &t->row_factor, err));
    return pdm__calc_array(calc, t->columns, sizeof *t->column_factor, &t->column_factor, err);
}

static pdm_status check_margins(const pdm__two_way *t, pdm_error *err) {
    pdm__sum rows = {0.0, 0.0};
    pdm__sum columns = {0.0, 0.0};
    for (int32_t r = 0; r < t->rows; r++) pdm__sum_add(&rows, t->row_total[r]);
    for (int32_t c = 0; c < t->columns; c++) pdm__sum_add(&columns, t->column_total[c]);
    double a = pdm__sum_of(&rows);
    double b = pdm__sum_of(&columns);
    if (fabs(a - b) <= 1e-9 * fmax(a, b)) return PDM_OK;
    return pdm__fail(err, PDM_E_MARGINS_DISAGREE, -1, "row_total", "rows sum to %.17g, columns to %.17g", a, b);
}

static pdm_status run_whole(pdm__calc *calc, pdm__two_way *t, int64_t *amounts, pdm_error *err) {
    int64_t *totals[2] = {NULL, NULL};
    pdm__int128 sums[2] = {0, 0};
    const int32_t sizes[2] = {t->rows, t->columns};
    for (int32_t side = 0; side < 2; side++) {
        int32_t input = side == 0 ? IN_ROWS : IN_COLUMNS;
        PDM__TRY(pdm__calc_array(calc, sizes[side], sizeof *totals[side], &totals[side], err));
        for (int32_t i = 0; i < sizes[side]; i++) {
            PDM__TRY(pdm__calc_whole(calc, input, TOTAL_TOTAL, i, PDM_E_BAD_TOTAL, &totals[side][i], err));
            if (totals[side][i] > INT64_C(1) << 52) {
                return pdm__calc_fail(calc, input, TOTAL_TOTAL, i, PDM_E_OVERFLOW, err,
                                      "totals up to 2^52 are allowed");
            }
            sums[side] += totals[side][i];
        }
    }
    if (sums[0] != sums[1]) {
        return pdm__fail(err, PDM_E_MARGINS_DISAGREE, -1, "row_total", "rows sum to %lld, columns to %lld",
                         (long long)sums[0], (long long)sums[1]);
    }
    return pdm__biproportional(calc, t, totals[0], totals[1], amounts, err);
}

static pdm_status put_tables(pdm__calc *calc, const pdm__two_way *t, const int64_t *amounts, pdm_error *err) {
    const pdm_two_way_options *chosen = calc->options;
    bool whole = chosen->method == PDM_TWO_WAY_BIPROPORTIONAL;
    bool solved = t->status == PDM_STATUS_OK || (t->status == PDM_STATUS_NO_CONVERGENCE && !whole);
    int64_t cells = (int64_t)t->rows * t->columns;
    pdm__sum sum = {0.0, 0.0};
    pdm__sum total = {0.0, 0.0};
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, TABLE_CELLS, cells, NULL, &out, err));
    for (int64_t i = 0; i < cells; i++) {
        int32_t r = (int32_t)(i / t->columns);
        int32_t c = (int32_t)(i % t->columns);
        double value = !solved ? PDM__NAN : whole ? (double)amounts[i] : t->value[i];
        pdm__put_text(&out, 0, i, calc->sheets[IN_ROWS].columns[TOTAL_KEY].text[r]);
        pdm__put_text(&out, 1, i, calc->sheets[IN_COLUMNS].columns[TOTAL_KEY].text[c]);
        pdm__put_float(&out, 2, i, t->seed[i]);
        pdm__put_float(&out, 3, i, value);
        pdm__put_int(&out, 4, i, amounts[i]);
        if (!whole || !solved) pdm__put_null(&out, 4, i);
        pdm__put_float(&out, 5, i, solved ? t->row_factor[r] : PDM__NAN);
        pdm__put_float(&out, 6, i, solved ? t->column_factor[c] : PDM__NAN);
        pdm__sum_add(&sum, value);
    }
    PDM__TRY(pdm__rows_end(&out));
    for (int32_t r = 0; r < t->rows; r++) pdm__sum_add(&total, t->row_total[r]);
    PDM__TRY(pdm__rows_begin(calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, method_names);
    pdm__put_float(&out, 1, 0, pdm__sum_of(&total));
    pdm__put_float(&out, 2, 0, pdm__sum_of(&sum) - pdm__sum_of(&total));
    pdm__put_int(&out, 3, 0, t->iterations);
    pdm__put_float(&out, 4, 0, t->residual);
    pdm__put_status(&out, 5, 0, t->status, "the zeros of the seed do not let the totals be met");
    return pdm__rows_end(&out);
}

static pdm_status two_way_run(pdm__calc *calc, pdm_error *err) {
    const pdm_two_way_options *chosen = calc->options;
    const pdm__sheet *rows = &calc->sheets[IN_ROWS];
    const pdm__sheet *columns = &calc->sheets[IN_COLUMNS];
    if (rows->rows > MAX_CELLS / columns->rows) {
        return pdm__fail(err, PDM_E_TOO_MANY_CELLS, -1, NULL, "%lld rows by %lld columns; up to %lld cells are allowed",
                         (long long)rows->rows, (long long)columns->rows, (long long)MAX_CELLS);
    }
    pdm__two_way t = {.rows = (int32_t)rows->rows, .columns = (int32_t)columns->rows};
    int64_t *amounts = NULL;
    t.row_total = rows->columns[TOTAL_TOTAL].f64;
    t.column_total = columns->columns[TOTAL_TOTAL].f64;
    PDM__TRY(check_margins(&t, err));
    PDM__TRY(load_seed(calc, &t, err));
    PDM__TRY(pdm__calc_array(calc, (int64_t)t.rows * t.columns, sizeof *amounts, &amounts, err));
    if (chosen->method == PDM_TWO_WAY_BIPROPORTIONAL) {
        PDM__TRY(run_whole(calc, &t, amounts, err));
    } else {
        PDM__TRY(pdm__ipf(calc, &t, chosen->tol, chosen->max_iter, err));
    }
    return put_tables(calc, &t, amounts, err);
}

PDM__CALCULATOR(two_way, pdm_two_way_options, "Table by its margins", "双向目标拆分",
                "Fits a table of cells to row and column totals, in reals or in whole numbers.");
