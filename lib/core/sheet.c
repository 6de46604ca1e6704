/* Cells of inputs, cells of tables. */
#include "core/calculator.h"

#include <stdio.h>
#include <xxhash.h>

/* ---- reading ---- */

pdm_status pdm__calc_choice(const pdm__calc *calc, int32_t input, int32_t column, int64_t row, const char *const *names,
                            int32_t *out, pdm_error *err) {
    const char *text = pdm__text_at(&calc->sheets[input].columns[column], row, NULL);
    *out = 0;
    if (text == NULL) return PDM_OK;
    char possible[128] = "";
    for (int32_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return PDM_OK;
        }
        size_t used = strlen(possible);
        (void)snprintf(possible + used, sizeof possible - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    return pdm__calc_fail(calc, input, column, row, PDM_E_BAD_OPTION, err, "\"%.40s\" is not one of %s", text,
                          possible);
}

pdm_status pdm__calc_whole(const pdm__calc *calc, int32_t input, int32_t column, int64_t row, pdm_status code,
                           int64_t *out, pdm_error *err) {
    const pdm__values *values = &calc->sheets[input].columns[column];
    if (!pdm__given(values, row)) return pdm__calc_fail(calc, input, column, row, code, err, "the value is missing");
    if (values->i64 != NULL) {
        *out = values->i64[row];
        return PDM_OK;
    }
    double number = values->f64[row];
    if (!(number >= -0x1p63 && number < 0x1p63) || number != floor(number)) {
        return pdm__calc_fail(calc, input, column, row, code, err, "%.17g is no whole number (int64)", number);
    }
    *out = (int64_t)number;
    return PDM_OK;
}

pdm_status pdm__calc_row_failed(const pdm__calc *calc, int32_t input, int64_t row, pdm_status status, pdm_error *err) {
    if (err == NULL) return status;
    pdm_error inner = *err;
    const char *name = calc->calculator->about.lists[input].name;
    return pdm__fail(err, status, row, inner.column[0] == '\0' ? name : inner.column, "input \"%s\", row %lld: %s",
                     name, (long long)row, inner.message);
}

bool pdm__keys_equal(const pdm__values *a, int64_t row_a, const pdm__values *b, int64_t row_b) {
    bool given = pdm__given(a, row_a);
    if (given != pdm__given(b, row_b)) return false;
    if (!given) return true;
    if (a->text != NULL && b->text != NULL) return strcmp(a->text[row_a], b->text[row_b]) == 0;
    return a->i64 != NULL && b->i64 != NULL && a->i64[row_a] == b->i64[row_b];
}

int64_t pdm__key_row(const pdm__sheet *sheet, int32_t column, const pdm__values *from, int64_t row) {
    for (int64_t i = 0; i < sheet->rows; i++) {
        if (pdm__keys_equal(&sheet->columns[column], i, from, row)) return i;
    }
    return -1;
}

uint64_t pdm__cell_hash(const pdm__values *key, int64_t row, uint64_t seed) {
    if (!pdm__given(key, row)) return seed;
    if (key->text != NULL) return XXH3_64bits_withSeed(key->text[row], strlen(key->text[row]), seed);
    return XXH3_64bits_withSeed(&key->i64[row], sizeof key->i64[row], seed);
}

pdm_status pdm__calc_ids(pdm__calc *calc, int32_t input, int32_t column, int32_t **ids, int64_t **first, int32_t *count,
                         pdm_error *err) {
    const pdm__sheet *sheet = &calc->sheets[input];
    const pdm__values *keys = &sheet->columns[column];
    size_t slots = 16;
    while (slots < 2 * (size_t)sheet->rows) slots *= 2;
    int32_t *table = NULL;
    PDM__TRY(pdm__calc_array(calc, (int64_t)slots, sizeof *table, &table, err)); /* id + 1, 0 = free */
    PDM__TRY(pdm__calc_array(calc, sheet->rows, sizeof **ids, ids, err));
    PDM__TRY(pdm__calc_array(calc, sheet->rows, sizeof **first, first, err));
    *count = 0;
    for (int64_t row = 0; row < sheet->rows; row++) {
        if (row > 0 && pdm__keys_equal(keys, row, keys, row - 1)) { /* long tables come in runs */
            (*ids)[row] = (*ids)[row - 1];
            continue;
        }
        size_t at = (size_t)pdm__cell_hash(keys, row, pdm__context_seed(calc->context)) & (slots - 1);
        while (table[at] != 0 && !pdm__keys_equal(keys, row, keys, (*first)[table[at] - 1]))
            at = (at + 1) & (slots - 1);
        if (table[at] == 0) {
            (*first)[*count] = row;
            table[at] = ++*count;
        }
        (*ids)[row] = table[at] - 1;
    }
    return PDM_OK;
}

/* ---- writing ---- */

pdm_status pdm__rows_begin(pdm__calc *calc, int32_t index, int64_t rows, const pdm__values *key, pdm__rows *out,
                           pdm_error *err) {
    const pdm_table_info *info = &calc->calculator->about.tables[index];
    bool text = key != NULL && key->present && key->text != NULL;
    *out = (pdm__rows){.calc = calc, .info = info, .err = err, .failed = PDM_OK};
    return pdm__result_add(calc->result, info, rows, text ? PDM_TYPE_LARGE_UTF8 : PDM_TYPE_INT64, &out->table, err);
}

pdm_status pdm__rows_end(pdm__rows *rows) { return rows->failed; }

static bool good(const pdm__rows *rows) { return rows->failed == PDM_OK; }

void pdm__put_null(pdm__rows *rows, int32_t column, int64_t row) {
    if (!good(rows)) return;
    /* Text cells are appended, the null ones too. */
    if (pdm_table_column_type(rows->table, column) == PDM_TYPE_LARGE_UTF8) {
        rows->failed = pdm__table_put_text(rows->table, column, row, "", 0, rows->err);
    }
    if (good(rows)) rows->failed = pdm__table_set_null(rows->table, column, row, rows->err);
}

void pdm__put_float(pdm__rows *rows, int32_t column, int64_t row, double value) {
    if (!good(rows)) return;
    rows->failed = pdm__table_put_ratio(rows->table, column, row, isfinite(value), value, rows->err);
}

void pdm__put_limit(pdm__rows *rows, int32_t column, int64_t row, double value) {
    if (!good(rows)) return;
    rows->failed = pdm__table_put_ratio(rows->table, column, row, !isnan(value), value, rows->err);
}

void pdm__put_int(pdm__rows *rows, int32_t column, int64_t row, int64_t value) {
    if (!good(rows)) return;
    int64_t *wide = pdm__table_i64(rows->table, column);
    if (wide != NULL) {
        wide[row] = value;
    } else {
        pdm__table_i32(rows->table, column)[row] = (int32_t)value;
    }
}

void pdm__put_bool(pdm__rows *rows, int32_t column, int64_t row, bool value) {
    if (good(rows)) pdm__table_bool(rows->table, column)[row] = value ? 1 : 0;
}

void pdm__put_text(pdm__rows *rows, int32_t column, int64_t row, const char *text) {
    if (!good(rows)) return;
    if (text == NULL) {
        pdm__put_null(rows, column, row);
        return;
    }
    rows->failed = pdm__table_put_text(rows->table, column, row, text, strlen(text), rows->err);
}

void pdm__put_key(pdm__rows *rows, int32_t column, int64_t row, const pdm__values *from, int64_t from_row) {
    if (!from->present) {
        pdm__put_int(rows, column, row, from_row);
    } else if (!pdm__given(from, from_row)) {
        pdm__put_null(rows, column, row);
    } else if (from->text != NULL) {
        pdm__put_text(rows, column, row, from->text[from_row]);
    } else {
        pdm__put_int(rows, column, row, from->i64[from_row]);
    }
}

void pdm__put_code(pdm__rows *rows, int32_t column, int64_t row, int32_t code, const char *const *names) {
    if (!good(rows)) return;
    if (row == 0) {
        int32_t count = 0;
        while (names[count] != NULL) count++;
        rows->failed = pdm__table_set_dictionary(rows->table, column, names, count, rows->err);
        if (!good(rows)) return;
    }
    if (code < 0) {
        pdm__put_null(rows, column, row);
        return;
    }
    pdm__table_i32(rows->table, column)[row] = code;
}

void pdm__put_status(pdm__rows *rows, int32_t column, int64_t row, int32_t status, const char *detail) {
    if (good(rows) && status != PDM_STATUS_OK && rows->calc->strict) {
        rows->failed = pdm__fail(rows->err, PDM_E_ROW_STATUS(status), row, rows->info->name,
                                 "table \"%s\", row %lld: %s%s%s", rows->info->name, (long long)row,
                                 pdm_row_status_name(status), detail == NULL ? "" : "; ", detail == NULL ? "" : detail);
        return;
    }
    pdm__put_code(rows, column, row, status, pdm__row_status_names);
}
