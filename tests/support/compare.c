#include "compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

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

void bytes_sign(bytes b) {
    uint64_t hash = XXH64(b.data, b.size - 9, 0);
    memcpy(b.data + b.size - 8, &hash, sizeof hash);
}

/* ---- cells ---- */

/* Columns are looked up once, then compared as buffers: a look-up by name for every cell would be most of the time of the tests. */

static size_t cell_bytes(int32_t type) { return type == PDM_TYPE_INT32 || type == PDM_TYPE_DICTIONARY ? 4 : 8; }

static bool bit(const uint8_t *bits, int64_t row) { return (bits[row >> 3] >> (row & 7) & 1) != 0; }

static bool has_value(const pdm_column *c, int64_t row) { return c->validity == NULL || bit(c->validity, row); }

/* Text `row` and its length. */
static const char *text_bounds(const pdm_column *c, int64_t row, int64_t *length) {
    const int64_t *offsets = c->offsets;
    *length = offsets[row + 1] - offsets[row];
    return *length == 0 ? "" : (const char *)c->values + offsets[row];
}

static bool texts_equal(const pdm_column *a, const pdm_column *b, int64_t row) {
    int64_t x = 0;
    int64_t y = 0;
    const char *s = text_bounds(a, row, &x);
    const char *t = text_bounds(b, row, &y);
    return x == y && memcmp(s, t, (size_t)x) == 0;
}

/* The first row that differs, `count` if none does. */
static int64_t first_difference(const pdm_column *a, const pdm_column *b, int64_t count) {
    size_t size = cell_bytes(a->type);
    for (int64_t row = 0; row < count; row++) {
        if (has_value(a, row) != has_value(b, row)) return row;
        bool same = true;
        if (a->type == PDM_TYPE_BOOL) {
            same = bit(a->values, row) == bit(b->values, row);
        } else if (a->type == PDM_TYPE_LARGE_UTF8) {
            same = texts_equal(a, b, row);
        } else {
            const uint8_t *x = (const uint8_t *)a->values + (size_t)row * size;
            const uint8_t *y = (const uint8_t *)b->values + (size_t)row * size;
            same = memcmp(x, y, size) == 0;
        }
        if (!same) return row;
    }
    return count;
}

static bool columns_equal(const pdm_table *a, const pdm_table *b, int32_t column, char *why) {
    pdm_column x;
    pdm_column y;
    int64_t count = pdm_table_rows(a);
    bool known = pdm_table_column(a, column, &x, NULL) == PDM_OK && pdm_table_column(b, column, &y, NULL) == PDM_OK;
    if (!known || strcmp(x.name, y.name) != 0 || x.type != y.type) {
        (void)snprintf(why, 256, "table %s: column %d differs in name or type", pdm_table_name(a), column);
        return false;
    }
    int64_t row = first_difference(&x, &y, count);
    if (row == count && x.type == PDM_TYPE_DICTIONARY) {
        bool same = x.dictionary_length == y.dictionary_length &&
                    first_difference(x.dictionary, y.dictionary, x.dictionary_length) == x.dictionary_length;
        if (same) return true;
        (void)snprintf(why, 256, "table %s, column %s: the dictionary", pdm_table_name(a), x.name);
        return false;
    }
    if (row == count) return true;
    (void)snprintf(why, 256, "table %s, column %s, row %" PRId64, pdm_table_name(a), x.name, row);
    return false;
}

/* ---- results and states ---- */

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
