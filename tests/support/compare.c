#include "compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const pdm_error *err) {
    (void)fprintf(stderr, "%s: %s\n", what, err->message);
    abort();
}

bytes state_bytes(const pdm_state *state) {
    bytes b = {NULL, 0};
    pdm_error err;
    size_t needed = 0;
    if (pdm_state_serialize(state, NULL, 0, &needed, &err) != PDM_OK) give_up("measuring a state", &err);
    b.data = malloc(needed);
    if (b.data == NULL) abort();
    if (pdm_state_serialize(state, b.data, needed, &b.size, &err) != PDM_OK) give_up("writing a state", &err);
    if (b.size != needed) {
        (void)fprintf(stderr, "a state of %zu bytes was measured as %zu\n", b.size, needed);
        abort();
    }
    return b;
}

void bytes_free(bytes *b) {
    free(b->data);
    *b = (bytes){NULL, 0};
}

bool bytes_equal(bytes a, bytes b) { return a.size == b.size && memcmp(a.data, b.data, a.size) == 0; }

static size_t cell_bytes(int32_t type) {
    switch (type) {
    case PDM_TYPE_INT32:
    case PDM_TYPE_DICTIONARY: return 4;
    case PDM_TYPE_BOOL: return 1;
    case PDM_TYPE_LARGE_UTF8: return 0;
    default: return 8;
    }
}

static const void *cells_of(const pdm_table *table, const char *name, int32_t type) {
    switch (type) {
    case PDM_TYPE_INT32:
    case PDM_TYPE_DICTIONARY: return pdm_table_i32(table, name);
    case PDM_TYPE_FLOAT64: return pdm_table_f64(table, name);
    case PDM_TYPE_BOOL: return pdm_table_bool(table, name);
    case PDM_TYPE_LARGE_UTF8: return NULL;
    default: return pdm_table_i64(table, name);
    }
}

static bool texts_equal(const pdm_table *a, const pdm_table *b, const char *name, int64_t row) {
    size_t x = 0;
    size_t y = 0;
    const char *s = pdm_table_utf8(a, name, row, &x);
    const char *t = pdm_table_utf8(b, name, row, &y);
    if (s == NULL || t == NULL) return s == t;
    return x == y && (x == 0 || memcmp(s, t, x) == 0);
}

static bool columns_equal(const pdm_table *a, const pdm_table *b, int32_t column, char *why) {
    const char *name = pdm_table_column_name(a, column);
    int32_t type = pdm_table_column_type(a, column);
    if (strcmp(name, pdm_table_column_name(b, column)) != 0 || type != pdm_table_column_type(b, column)) {
        (void)snprintf(why, 256, "table %s: column %d differs in name or type", pdm_table_name(a), column);
        return false;
    }
    size_t size = cell_bytes(type);
    const uint8_t *x = cells_of(a, name, type);
    const uint8_t *y = cells_of(b, name, type);
    for (int64_t row = 0; row < pdm_table_rows(a); row++) {
        bool same = pdm_table_is_null(a, name, row) == pdm_table_is_null(b, name, row);
        if (size > 0) same = same && memcmp(x + (size_t)row * size, y + (size_t)row * size, size) == 0;
        if (size == 0 || type == PDM_TYPE_DICTIONARY) same = same && texts_equal(a, b, name, row);
        if (same) continue;
        (void)snprintf(why, 256, "table %s, column %s, row %" PRId64, pdm_table_name(a), name, row);
        return false;
    }
    return true;
}

bool results_equal(const pdm_result *a, const pdm_result *b, char *why) {
    if (pdm_result_table_count(a) != pdm_result_table_count(b)) {
        (void)snprintf(why, 256, "%d tables and %d", pdm_result_table_count(a), pdm_result_table_count(b));
        return false;
    }
    for (int32_t t = 0; t < pdm_result_table_count(a); t++) {
        const pdm_table *x = pdm_result_table_at(a, t);
        const pdm_table *y = pdm_result_table_at(b, t);
        if (strcmp(pdm_table_name(x), pdm_table_name(y)) != 0 || pdm_table_rows(x) != pdm_table_rows(y) ||
            pdm_table_column_count(x) != pdm_table_column_count(y)) {
            (void)snprintf(why, 256, "table %s: name, rows (%" PRId64 ", %" PRId64 ") or columns differ",
                           pdm_table_name(x), pdm_table_rows(x), pdm_table_rows(y));
            return false;
        }
        for (int32_t c = 0; c < pdm_table_column_count(x); c++) {
            if (!columns_equal(x, y, c, why)) return false;
        }
    }
    return true;
}

outcome outcome_of(const pdm_state *state) {
    outcome o = {.rows = pdm_state_rows(state)};
    o.state = state_bytes(state);
    o.status = pdm_state_result(state, &o.result, NULL);
    return o;
}

void outcome_free(outcome *o) {
    bytes_free(&o->state);
    pdm_result_free(o->result);
    o->result = NULL;
}

bool outcomes_equal(const law_case *c, const char *law, const outcome *expected, const outcome *got) {
    char why[256] = "";
    if (expected->rows != got->rows) {
        (void)snprintf(why, sizeof why, "%" PRId64 " rows and %" PRId64, expected->rows, got->rows);
    } else if (!bytes_equal(expected->state, got->state)) {
        (void)snprintf(why, sizeof why, "bytes of the state (%zu and %zu)", expected->state.size, got->state.size);
    } else if (expected->status != got->status) {
        (void)snprintf(why, sizeof why, "status %s and %s", pdm_status_name((int32_t)expected->status),
                       pdm_status_name((int32_t)got->status));
    } else if (expected->status != PDM_OK || results_equal(expected->result, got->result, why)) {
        return true;
    }
    (void)fprintf(stderr, "%s: %s: %s\n", c->name, law, why);
    return false;
}

bool state_is(const law_case *c, const char *law, const outcome *expected, const pdm_state *state) {
    outcome got = outcome_of(state);
    bool same = outcomes_equal(c, law, expected, &got);
    outcome_free(&got);
    return same;
}

pdm_status take_rows(pdm_state *state, const rows *r, int64_t first, int64_t count, pdm_error *err) {
    pdm_column columns[ROWS_MAX_COLUMNS];
    pdm_batch batch = rows_slice(r, first, count, columns);
    return pdm_state_update(state, &batch, err);
}

static void dump_text(const pdm_table *table, const char *name, int64_t row, FILE *out) {
    size_t length = 0;
    const char *text = pdm_table_utf8(table, name, row, &length);
    (void)fprintf(out, "%.*s", (int)length, text == NULL ? "" : text);
}

static void dump_cell(const pdm_table *table, int32_t column, int64_t row, FILE *out) {
    const char *name = pdm_table_column_name(table, column);
    if (pdm_table_is_null(table, name, row)) {
        (void)fputs("null", out);
        return;
    }
    switch (pdm_table_column_type(table, column)) {
    case PDM_TYPE_INT32: (void)fprintf(out, "%" PRId32, pdm_table_i32(table, name)[row]); break;
    case PDM_TYPE_FLOAT64: (void)fprintf(out, "%a", pdm_table_f64(table, name)[row]); break;
    case PDM_TYPE_BOOL: (void)fprintf(out, "%d", pdm_table_bool(table, name)[row]); break;
    case PDM_TYPE_DICTIONARY:
    case PDM_TYPE_LARGE_UTF8: dump_text(table, name, row, out); break;
    case PDM_TYPE_UINT64: (void)fprintf(out, "%" PRIu64, (uint64_t)pdm_table_i64(table, name)[row]); break;
    default: (void)fprintf(out, "%" PRId64, pdm_table_i64(table, name)[row]); break;
    }
}

void result_dump(const pdm_result *result, FILE *out) {
    for (int32_t t = 0; t < pdm_result_table_count(result); t++) {
        const pdm_table *table = pdm_result_table_at(result, t);
        (void)fprintf(out, "# %s\n", pdm_table_name(table));
        for (int32_t c = 0; c < pdm_table_column_count(table); c++) {
            (void)fprintf(out, "%s%s:%d", c == 0 ? "" : "\t", pdm_table_column_name(table, c),
                          pdm_table_column_type(table, c));
        }
        (void)fputc('\n', out);
        for (int64_t row = 0; row < pdm_table_rows(table); row++) {
            for (int32_t c = 0; c < pdm_table_column_count(table); c++) {
                if (c > 0) (void)fputc('\t', out);
                dump_cell(table, c, row, out);
            }
            (void)fputc('\n', out);
        }
    }
}
