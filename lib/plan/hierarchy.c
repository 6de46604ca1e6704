#include "plan/hierarchy.h"

/* Row of each node by its name: an open table of row + 1. */
static pdm_status index_nodes(pdm__calc *calc, int32_t input, int32_t node, int32_t *table, size_t slots,
                              pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[input];
    const pdm__values *key = &sheet->columns[node];
    for (int64_t row = 0; row < sheet->rows; row++) {
        size_t at = (size_t)pdm__cell_hash(key, row, 0) & (slots - 1);
        while (table[at] != 0 && !pdm__keys_equal(key, row, key, table[at] - 1)) at = (at + 1) & (slots - 1);
        if (table[at] != 0) {
            return pdm__calc_fail(calc, input, node, row, PDM_E_BAD_TREE, err,
                                  "the node stands in row %d already; a node has one parent", table[at] - 1);
        }
        table[at] = (int32_t)row + 1;
    }
    return PDM_OK;
}

static pdm_status find_parents(pdm__calc *calc, int32_t input, int32_t node, int32_t parent, const int32_t *table,
                               size_t slots, pdm__hierarchy *out, pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[input];
    const pdm__values *key = &sheet->columns[node];
    const pdm__values *up = &sheet->columns[parent];
    for (int64_t row = 0; row < sheet->rows; row++) {
        out->parent[row] = -1;
        if (!pdm__given(up, row)) continue;
        size_t at = (size_t)pdm__cell_hash(up, row, 0) & (slots - 1);
        while (table[at] != 0 && !pdm__keys_equal(up, row, key, table[at] - 1)) at = (at + 1) & (slots - 1);
        if (table[at] == 0) {
            return pdm__calc_fail(calc, input, parent, row, PDM_E_BAD_TREE, err, "no row describes this parent");
        }
        out->parent[row] = table[at] - 1;
    }
    return PDM_OK;
}

/* Parents before children, by walking down from the roots; what is never reached lies on a cycle. */
static pdm_status put_in_order(pdm__calc *calc, int32_t input, int32_t node, pdm__hierarchy *h, pdm_error *err) {
    int64_t done = 0;
    for (int64_t row = 0; row < h->count; row++) {
        if (h->parent[row] < 0) h->order[done++] = (int32_t)row;
    }
    for (int64_t at = 0; at < done; at++) {
        for (int32_t child = h->first[h->order[at]]; child >= 0; child = h->next[child]) h->order[done++] = child;
    }
    if (done < h->count) {
        int64_t row = 0;
        bool reached = true;
        for (; reached && row < h->count; row++) {
            reached = false;
            for (int64_t i = 0; i < done && !reached; i++) reached = h->order[i] == row;
        }
        return pdm__calc_fail(calc, input, node, row - 1, PDM_E_BAD_TREE, err, "the node is below itself");
    }
    for (int64_t at = h->count - 1; at >= 0; at--) {
        int32_t row = h->order[at];
        if (h->first[row] < 0) h->leaves[row] = 1;
        if (h->parent[row] >= 0) h->leaves[h->parent[row]] += h->leaves[row];
    }
    return PDM_OK;
}

pdm_status pdm__hierarchy_read(pdm__calc *calc, int32_t input, int32_t node, int32_t parent, pdm__hierarchy *out,
                               pdm_error *err) {
    int64_t rows = calc->sheets[input].rows;
    if (rows > INT32_MAX / 2) {
        return pdm__calc_fail(calc, input, -1, -1, PDM_E_LIMIT, err, "%lld nodes are too many", (long long)rows);
    }
    size_t slots = 16;
    while (slots < 2 * (size_t)rows) slots *= 2;
    int32_t *table = NULL;
    out->count = rows;
    PDM__TRY(pdm__calc_array(calc, (int64_t)slots, sizeof *table, &table, err));
    PDM__TRY(pdm__calc_array(calc, rows, sizeof *out->parent, &out->parent, err));
    PDM__TRY(pdm__calc_array(calc, rows, sizeof *out->first, &out->first, err));
    PDM__TRY(pdm__calc_array(calc, rows, sizeof *out->next, &out->next, err));
    PDM__TRY(pdm__calc_array(calc, rows, sizeof *out->order, &out->order, err));
    PDM__TRY(pdm__calc_array(calc, rows, sizeof *out->leaves, &out->leaves, err));
    PDM__TRY(index_nodes(calc, input, node, table, slots, err));
    PDM__TRY(find_parents(calc, input, node, parent, table, slots, out, err));
    for (int64_t row = 0; row < rows; row++) out->first[row] = out->next[row] = -1;
    for (int64_t row = rows - 1; row >= 0; row--) {
        int32_t up = out->parent[row];
        if (up < 0) continue;
        out->next[row] = out->first[up];
        out->first[up] = (int32_t)row;
    }
    return put_in_order(calc, input, node, out, err);
}
