#include "plan/formula_leaves.h"

static pdm_status read_role(pdm__calc *calc, int32_t input, int32_t column, int64_t row, int32_t *role,
                            pdm_error *err) {
    if (column < 0 || !pdm__given(&calc->sheets[input].columns[column], row)) return PDM_OK;
    return pdm__calc_choice(calc, input, column, row, pdm__leaf_role_names, role, err);
}

static pdm_status check_value(const pdm__calc *calc, int32_t input, int32_t column, int64_t row, const pdm_leaf *leaf,
                              pdm_error *err) {
    const pdm__values *value = &calc->sheets[input].columns[column];
    if (!pdm__given(value, row)) return PDM_OK;
    pdm_status status = pdm__leaf_check(leaf->role, value->f64[row]);
    if (status == PDM_OK) return PDM_OK;
    return pdm__calc_fail(calc, input, column, row, status, err, "leaf \"%.40s\": %.17g is no %s", leaf->name,
                          value->f64[row], pdm__leaf_role_names[leaf->role]);
}

static pdm_status read_names(pdm__calc *calc, int32_t input, int32_t role, int32_t **ids, pdm__leaf_set *out,
                             pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[input];
    PDM__TRY(pdm__calc_ids(calc, input, PDM__LEAF_NAME, ids, &out->row, &out->count, err));
    PDM__TRY(pdm__calc_array(calc, out->count, sizeof *out->leaves, &out->leaves, err));
    for (int32_t i = 0; i < out->count; i++) out->leaves[i].name = sheet->columns[PDM__LEAF_NAME].text[out->row[i]];
    for (int64_t row = 0; row < sheet->rows; row++) {
        PDM__TRY(read_role(calc, input, role, row, &out->leaves[(*ids)[row]].role, err));
    }
    return PDM_OK;
}

pdm_status pdm__leaves_read(pdm__calc *calc, int32_t input, int32_t role, int32_t value, pdm__leaf_set *out,
                            pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[input];
    int32_t *ids = NULL;
    memset(out, 0, sizeof *out);
    PDM__TRY(read_names(calc, input, role, &ids, out, err));
    PDM__TRY(pdm__calc_array(calc, out->count, sizeof *out->point, &out->point, err));
    for (int64_t row = 0; row < sheet->rows; row++) {
        int32_t leaf = ids[row];
        if (out->row[leaf] != row) {
            return pdm__calc_fail(calc, input, PDM__LEAF_NAME, row, PDM_E_DUPLICATE_NAME, err,
                                  "leaf \"%.40s\" stands in row %lld already", out->leaves[leaf].name,
                                  (long long)out->row[leaf]);
        }
        if (value < 0) continue;
        PDM__TRY(check_value(calc, input, value, row, &out->leaves[leaf], err));
        out->point[leaf] = pdm__number(&sheet->columns[value], row, PDM__NAN);
    }
    return PDM_OK;
}

/* Members of one dimension in order of appearance: member[row], −1 where the row does not carry it. */
static pdm_status read_members(pdm__calc *calc, int32_t input, int32_t column, int32_t **member, int64_t **rows,
                               int64_t *count, pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[input];
    int32_t *ids = NULL;
    int64_t *first = NULL;
    int32_t *numbers = NULL;
    int32_t all = 0;
    *count = 0;
    PDM__TRY(pdm__calc_ids(calc, input, column, &ids, &first, &all, err));
    PDM__TRY(pdm__calc_array(calc, all, sizeof *numbers, &numbers, err));
    PDM__TRY(pdm__calc_array(calc, all, sizeof **rows, rows, err));
    for (int32_t i = 0; i < all; i++) {
        numbers[i] = -1;
        if (!pdm__given(&sheet->columns[column], first[i])) continue;
        (*rows)[*count] = first[i];
        numbers[i] = (int32_t)(*count)++;
    }
    for (int64_t row = 0; row < sheet->rows; row++) ids[row] = numbers[ids[row]];
    *member = ids;
    return PDM_OK;
}

static pdm_status fill_tables(pdm__calc *calc, int32_t input, const int32_t *ids, int32_t *const member[3],
                              pdm__leaf_set *out, pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[input];
    pdm__table_run shape = {.sizes = {out->sizes.month, out->sizes.channel, out->sizes.segment}};
    uint8_t **seen = NULL;
    PDM__TRY(pdm__calc_array(calc, out->count, sizeof *out->table, &out->table, err));
    PDM__TRY(pdm__calc_array(calc, out->count, sizeof *seen, &seen, err));
    for (int32_t i = 0; i < out->count; i++) {
        int64_t cells = pdm__table_cells(&shape, out->leaves[i].dimensions);
        PDM__TRY(pdm__calc_array(calc, cells, sizeof **out->table, &out->table[i], err));
        PDM__TRY(pdm__calc_array(calc, cells, 1, &seen[i], err));
        for (int64_t c = 0; c < cells; c++) out->table[i][c] = PDM__NAN;
    }
    for (int64_t row = 0; row < sheet->rows; row++) {
        const pdm_leaf *leaf = &out->leaves[ids[row]];
        int64_t at[3] = {0, 0, 0};
        for (int32_t d = 0; d < 3; d++) {
            bool carries = (leaf->dimensions & 1 << d) != 0;
            if (carries != (member[d][row] >= 0)) {
                return pdm__calc_fail(calc, input, PDM__LEAF_MONTH + d, row, PDM_E_LENGTH, err,
                                      "leaf \"%.40s\" carries this dimension in some rows only", leaf->name);
            }
            at[d] = carries ? member[d][row] : 0;
        }
        int64_t cell = pdm__table_at(&shape, leaf->dimensions, at);
        if (seen[ids[row]][cell] != 0) {
            return pdm__calc_fail(calc, input, PDM__LEAF_NAME, row, PDM_E_DUPLICATE_NAME, err,
                                  "leaf \"%.40s\" has this cell already", leaf->name);
        }
        seen[ids[row]][cell] = 1;
        PDM__TRY(check_value(calc, input, PDM__LEAF_VALUE, row, leaf, err));
        out->table[ids[row]][cell] = pdm__number(&sheet->columns[PDM__LEAF_VALUE], row, PDM__NAN);
    }
    return PDM_OK;
}

pdm_status pdm__leaves_read_tables(pdm__calc *calc, int32_t input, pdm__leaf_set *out, pdm_error *err) {
    int32_t *ids = NULL;
    int32_t *member[3] = {NULL, NULL, NULL};
    int64_t counts[3] = {0, 0, 0};
    memset(out, 0, sizeof *out);
    PDM__TRY(read_names(calc, input, PDM__LEAF_ROLE, &ids, out, err));
    for (int32_t d = 0; d < 3; d++) {
        PDM__TRY(read_members(calc, input, PDM__LEAF_MONTH + d, &member[d], &out->member_row[d], &counts[d], err));
        if (counts[d] == 0) counts[d] = 1;
    }
    out->sizes = (pdm_tree_sizes){counts[0], counts[1], counts[2]};
    if (counts[0] * counts[1] > INT64_C(10000000) / counts[2]) {
        return pdm__calc_fail(calc, input, -1, -1, PDM_E_TOO_MANY_CELLS, err, "%lld × %lld × %lld cells; up to 10^7",
                              (long long)counts[0], (long long)counts[1], (long long)counts[2]);
    }
    for (int32_t i = 0; i < out->count; i++) {
        for (int32_t d = 0; d < 3; d++) {
            if (member[d][out->row[i]] >= 0) out->leaves[i].dimensions |= 1 << d;
        }
    }
    return fill_tables(calc, input, ids, member, out, err);
}

pdm_status pdm__formula_read(pdm__calc *calc, int32_t input, const pdm__leaf_set *leaves, const char *root,
                             pdm_tree **out, pdm_error *err) {
    const char *text = calc->sheets[input].columns[0].text[0];
    return pdm_tree_parse(calc->context, text, strlen(text), leaves->leaves, leaves->count, root, out, err);
}

pdm_status pdm__leaf_find(const pdm__calc *calc, const pdm__leaf_set *leaves, int32_t input, int32_t column,
                          int64_t row, int32_t *out, pdm_error *err) {
    const char *name = calc->sheets[input].columns[column].text[row];
    for (int32_t i = 0; i < leaves->count; i++) {
        if (strcmp(leaves->leaves[i].name, name) != 0) continue;
        *out = i;
        return PDM_OK;
    }
    return pdm__calc_fail(calc, input, column, row, PDM_E_UNKNOWN_NAME, err, "there is no leaf \"%.40s\"", name);
}
