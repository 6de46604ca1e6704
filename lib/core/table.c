#include "core/table_internal.h"

#include "core/store.h"

#define SMALLEST_TEXT ((size_t)256) /* first reservation of a text column that nobody reserved */

/* ---- text ---- */

const char *pdm__text_bytes(const pdm__text *text) { return text->bytes != NULL ? text->bytes : ""; }

static pdm_status text_init(pdm_context *context, pdm__text *text, int64_t count, pdm_error *err) {
    memset(text, 0, sizeof *text);
    PDM__TRY(pdm__new(context, (size_t)count + 1, sizeof *text->offsets, &text->offsets, err));
    text->count = count;
    text->offsets[0] = 0;
    return PDM_OK;
}

static void text_clear(pdm_context *context, pdm__text *text) {
    pdm__drop(context, text->bytes, text->capacity, 1);
    pdm__drop(context, text->offsets, (size_t)text->count + 1, sizeof *text->offsets);
    memset(text, 0, sizeof *text);
}

/* Makes room for `extra` more bytes, and for at least `smallest` in all. */
static pdm_status text_reserve(pdm_context *context, pdm__text *text, size_t extra, size_t smallest, pdm_error *err) {
    size_t need = 0;
    if (!pdm__add_size((size_t)text->offsets[text->filled], extra, &need) || need > (size_t)INT64_MAX) {
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "a text column cannot hold %zu more bytes", extra);
    }
    if (need <= text->capacity) return PDM_OK;
    if (need < smallest) need = smallest;
    PDM__TRY(pdm__renew(context, text->capacity, need, 1, &text->bytes, err));
    text->capacity = need;
    return PDM_OK;
}

static pdm_status text_put(pdm_context *context, pdm__text *text, const char *bytes, size_t length, pdm_error *err) {
    if (length > text->capacity - (size_t)text->offsets[text->filled]) {
        size_t doubled = text->capacity < SIZE_MAX / 2 ? text->capacity * 2 : text->capacity;
        PDM__TRY(text_reserve(context, text, length, doubled > SMALLEST_TEXT ? doubled : SMALLEST_TEXT, err));
    }
    int64_t start = text->offsets[text->filled];
    if (length > 0) memcpy(text->bytes + start, bytes, length);
    text->filled++;
    text->offsets[text->filled] = start + (int64_t)length;
    return PDM_OK;
}

/* ---- making and freeing ---- */

static bool is_supported(int32_t type) {
    return type == PDM_TYPE_INT32 || type == PDM_TYPE_INT64 || type == PDM_TYPE_UINT64 || type == PDM_TYPE_FLOAT64 ||
           type == PDM_TYPE_TIMESTAMP_US || type == PDM_TYPE_BOOL || type == PDM_TYPE_LARGE_UTF8 ||
           type == PDM_TYPE_DICTIONARY;
}

static bool is_int64(int32_t type) {
    return type == PDM_TYPE_INT64 || type == PDM_TYPE_UINT64 || type == PDM_TYPE_TIMESTAMP_US;
}

static bool is_int32(int32_t type) { return type == PDM_TYPE_INT32 || type == PDM_TYPE_DICTIONARY; }

static size_t type_width(int32_t type) {
    if (type == PDM_TYPE_LARGE_UTF8) return 0;
    if (type == PDM_TYPE_BOOL) return 1;
    return is_int32(type) ? sizeof(int32_t) : sizeof(int64_t);
}

static void column_clear(pdm_context *context, pdm__table_column *column, int64_t rows) {
    pdm__drop(context, column->values, (size_t)rows, column->width);
    pdm__drop(context, column->validity, pdm__bitmap_bytes(rows), 1);
    pdm__drop(context, column->bits, pdm__bitmap_bytes(rows), 1);
    if (column->text.offsets != NULL) text_clear(context, &column->text);
}

/* The column is zero; what is left behind on failure is for column_clear(). */
static pdm_status column_init(pdm_context *context, pdm__table_column *column, int32_t type, int64_t rows,
                              pdm_error *err) {
    column->type = type;
    column->width = type_width(type);
    atomic_init(&column->packed, false);
    if (type == PDM_TYPE_LARGE_UTF8) return text_init(context, &column->text, rows, err);
    PDM__TRY(pdm__new(context, (size_t)rows, column->width, &column->values, err));
    if (type == PDM_TYPE_BOOL) return pdm__new_zero(context, pdm__bitmap_bytes(rows), 1, &column->bits, err);
    return PDM_OK;
}

static void table_free(pdm_context *context, pdm_table *table) {
    for (int32_t i = 0; i < table->info->column_count && table->columns != NULL; i++) {
        column_clear(context, &table->columns[i], table->allocated);
    }
    pdm__drop(context, table->columns, (size_t)table->info->column_count, sizeof *table->columns);
    pdm__drop(context, table, 1, sizeof *table);
}

static pdm_status fill_columns(pdm_context *context, pdm_table *table, int32_t key_type, pdm_error *err) {
    const pdm_table_info *info = table->info;
    PDM__TRY(pdm__new_zero(context, (size_t)info->column_count, sizeof *table->columns, &table->columns, err));
    for (int32_t i = 0; i < info->column_count; i++) {
        int32_t type = info->columns[i].type == PDM_TYPE_NONE ? key_type : info->columns[i].type;
        if (!is_supported(type)) {
            return pdm__fail(err, PDM_E_ARGUMENT, -1, info->columns[i].name, "type %d is not one of a result column",
                             (int)type);
        }
        PDM__TRY(column_init(context, &table->columns[i], type, table->rows, err));
        if (type == PDM_TYPE_DICTIONARY) PDM__TRY(pdm__table_set_dictionary(table, i, NULL, 0, err));
    }
    return PDM_OK;
}

pdm_status pdm__result_new(pdm_context *context, pdm_result **out, pdm_error *err) {
    pdm_result *result = NULL;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *result, &result, err));
    if (pthread_mutex_init(&result->packing, NULL) != 0) {
        pdm__drop(context, result, 1, sizeof *result);
        return pdm__fail(err, PDM_E_NOMEM, -1, NULL, "the system has no mutex left");
    }
    atomic_init(&result->references, 1);
    result->context = pdm__context_retain(context);
    *out = result;
    return PDM_OK;
}

pdm_result *pdm__result_retain(pdm_result *result) {
    (void)atomic_fetch_add(&result->references, 1);
    return result;
}

void pdm_result_free(pdm_result *result) {
    if (result == NULL || atomic_fetch_sub(&result->references, 1) != 1) return;
    pdm_context *context = result->context;
    for (int32_t i = 0; i < result->count; i++) table_free(context, result->tables[i]);
    pdm__drop(context, result->tables, (size_t)result->count, sizeof(pdm_table *));
    (void)pthread_mutex_destroy(&result->packing);
    pdm__drop(context, result, 1, sizeof *result);
    pdm_context_free(context);
}

pdm_status pdm__result_add_first(pdm_result *result, const pdm_table_info *info, int32_t columns, int64_t rows,
                                 int32_t key_type, pdm_table **out, pdm_error *err) {
    if (columns < 0 || columns > info->column_count) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "table %s has %d columns, not %d", info->name,
                         (int)info->column_count, (int)columns);
    }
    if (rows < 0 || rows == INT64_MAX) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "table %s cannot have %lld rows", info->name, (long long)rows);
    }
    pdm_context *context = result->context;
    pdm_table *table = NULL;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *table, &table, err));
    table->result = result;
    table->shown = *info;
    table->shown.column_count = columns;
    table->info = &table->shown;
    table->rows = rows;
    table->allocated = rows;
    pdm_status status = fill_columns(context, table, key_type, err);
    if (status == PDM_OK) {
        /* The list is as long as its count says, so growing it is the last thing that may fail. */
        status = pdm__renew(context, (size_t)result->count, (size_t)result->count + 1, sizeof(pdm_table *),
                            &result->tables, err);
    }
    if (status != PDM_OK) {
        table_free(context, table);
        return status;
    }
    result->tables[result->count] = table;
    result->count++;
    *out = table;
    return PDM_OK;
}

pdm_status pdm__result_add(pdm_result *result, const pdm_table_info *info, int64_t rows, int32_t key_type,
                           pdm_table **out, pdm_error *err) {
    return pdm__result_add_first(result, info, info->column_count, rows, key_type, out, err);
}

int32_t pdm__key_column_type(int32_t kind) {
    if (pdm__key_is_bytes(kind)) return PDM_TYPE_LARGE_UTF8;
    return kind == PDM__KEY_UINT ? PDM_TYPE_UINT64 : PDM_TYPE_INT64;
}

/* ---- filling ---- */

int32_t pdm__table_column_index(const pdm_table_info *info, const char *name) {
    for (int32_t i = 0; i < info->column_count; i++) {
        if (strcmp(info->columns[i].name, name) == 0) return i;
    }
    return -1;
}

/* Column by index, NULL if there is none. */
static pdm__table_column *column_at(const pdm_table *table, int32_t index) {
    if (table == NULL || index < 0 || index >= table->info->column_count) return NULL;
    return &table->columns[index];
}

int64_t *pdm__table_i64(pdm_table *table, int32_t column) {
    pdm__table_column *found = column_at(table, column);
    return found != NULL && is_int64(found->type) ? found->values : NULL;
}

int32_t *pdm__table_i32(pdm_table *table, int32_t column) {
    pdm__table_column *found = column_at(table, column);
    return found != NULL && is_int32(found->type) ? found->values : NULL;
}

double *pdm__table_f64(pdm_table *table, int32_t column) {
    pdm__table_column *found = column_at(table, column);
    return found != NULL && found->type == PDM_TYPE_FLOAT64 ? found->values : NULL;
}

uint8_t *pdm__table_bool(pdm_table *table, int32_t column) {
    pdm__table_column *found = column_at(table, column);
    return found != NULL && found->type == PDM_TYPE_BOOL ? found->values : NULL;
}

static pdm_status no_such_cell(const pdm_table *table, int32_t column, int64_t row, pdm_error *err) {
    return pdm__fail(err, PDM_E_ARGUMENT, row, NULL, "table %s has no such cell: column %d of %d, row %lld of %lld",
                     table->info->name, (int)column, (int)table->info->column_count, (long long)row,
                     (long long)table->rows);
}

static pdm_status need_validity(const pdm_table *table, pdm__table_column *column, pdm_error *err) {
    if (column->validity != NULL) return PDM_OK;
    size_t bytes = pdm__bitmap_bytes(table->allocated);
    PDM__TRY(pdm__new(table->result->context, bytes, 1, &column->validity, err));
    memset(column->validity, 0xFF, bytes);
    /* Bits behind the last row stay 0, so that equal tables have equal bytes. */
    if (table->allocated % 8 != 0) column->validity[bytes - 1] = (uint8_t)((1U << (table->allocated % 8)) - 1U);
    return PDM_OK;
}

pdm_status pdm__table_set_null(pdm_table *table, int32_t column, int64_t row, pdm_error *err) {
    pdm__table_column *found = column_at(table, column);
    if (found == NULL || row < 0 || row >= table->rows) return no_such_cell(table, column, row, err);
    PDM__TRY(need_validity(table, found, err));
    uint8_t bit = (uint8_t)(1U << (row & 7));
    if ((found->validity[row >> 3] & bit) != 0) {
        found->validity[row >> 3] = (uint8_t)(found->validity[row >> 3] ^ bit);
        found->null_count++;
    }
    if (found->width > 0) memset((uint8_t *)found->values + (size_t)row * found->width, 0, found->width);
    return PDM_OK;
}

pdm_status pdm__table_put_ratio(pdm_table *table, int32_t column, int64_t row, bool defined, double value,
                                pdm_error *err) {
    if (!defined) return pdm__table_set_null(table, column, row, err);
    double *values = pdm__table_f64(table, column);
    if (values == NULL || row < 0 || row >= table->rows) return no_such_cell(table, column, row, err);
    values[row] = value;
    return PDM_OK;
}

static pdm__text *text_column(pdm_table *table, int32_t column) {
    pdm__table_column *found = column_at(table, column);
    return found != NULL && found->type == PDM_TYPE_LARGE_UTF8 ? &found->text : NULL;
}

pdm_status pdm__table_put_text(pdm_table *table, int32_t column, int64_t row, const char *text, size_t length,
                               pdm_error *err) {
    pdm__text *cells = text_column(table, column);
    if (cells == NULL || row < 0 || row >= table->rows) return no_such_cell(table, column, row, err);
    if (row != cells->filled) {
        return pdm__fail(err, PDM_E_ARGUMENT, row, table->info->columns[column].name,
                         "text is put row by row: row %lld expected, row %lld came", (long long)cells->filled,
                         (long long)row);
    }
    return text_put(table->result->context, cells, text, length, err);
}

pdm_status pdm__table_put_string(pdm_table *table, int32_t column, int64_t row, const char *text, pdm_error *err) {
    return pdm__table_put_text(table, column, row, text, strlen(text), err);
}

pdm_status pdm__table_put_key(pdm_table *table, int32_t column, int64_t row, pdm__key key, pdm_error *err) {
    int64_t *words = pdm__table_i64(table, column);
    if (words == NULL) return pdm__table_put_text(table, column, row, (const char *)key.bytes, key.length, err);
    if (row < 0 || row >= table->rows) return no_such_cell(table, column, row, err);
    words[row] = (int64_t)key.word;
    return PDM_OK;
}

pdm_status pdm__table_reserve_text(pdm_table *table, int32_t column, size_t bytes, pdm_error *err) {
    pdm__text *cells = text_column(table, column);
    if (cells == NULL) return no_such_cell(table, column, 0, err);
    return text_reserve(table->result->context, cells, bytes, 0, err);
}

static pdm_column text_view(const char *name, const pdm__text *text) {
    pdm_column view = pdm_column_make(name, PDM_TYPE_LARGE_UTF8, pdm__text_bytes(text));
    view.offsets = text->offsets;
    return view;
}

/* Fills an empty text with all values. What is left behind on failure is for text_clear(). */
static pdm_status copy_values(pdm_context *context, pdm__text *text, const char *const *values, int32_t count,
                              pdm_error *err) {
    size_t bytes = 0;
    for (int32_t i = 0; i < count; i++) bytes += strlen(values[i]);
    PDM__TRY(text_reserve(context, text, bytes, 0, err));
    for (int32_t i = 0; i < count; i++) PDM__TRY(text_put(context, text, values[i], strlen(values[i]), err));
    return PDM_OK;
}

pdm_status pdm__table_set_dictionary(pdm_table *table, int32_t column, const char *const *values, int32_t count,
                                     pdm_error *err) {
    pdm__table_column *found = column_at(table, column);
    if (found == NULL || found->type != PDM_TYPE_DICTIONARY || count < 0) {
        return no_such_cell(table, column, 0, err);
    }
    pdm_context *context = table->result->context;
    pdm__text fresh;
    PDM__TRY(text_init(context, &fresh, count, err));
    pdm_status status = copy_values(context, &fresh, values, count, err);
    if (status != PDM_OK) {
        text_clear(context, &fresh);
        return status;
    }
    if (found->text.offsets != NULL) text_clear(context, &found->text);
    found->text = fresh;
    found->dictionary = text_view(table->info->columns[column].name, &found->text);
    return PDM_OK;
}

/* ---- reading ---- */

int32_t pdm_result_table_count(const pdm_result *result) { return result == NULL ? 0 : result->count; }

const pdm_table *pdm_result_table_at(const pdm_result *result, int32_t index) {
    if (result == NULL || index < 0 || index >= result->count) return NULL;
    return result->tables[index];
}

const pdm_table *pdm_result_table(const pdm_result *result, const char *name) {
    if (name == NULL) return pdm_result_table_at(result, 0);
    for (int32_t i = 0; i < pdm_result_table_count(result); i++) {
        if (strcmp(result->tables[i]->info->name, name) == 0) return result->tables[i];
    }
    return NULL;
}

const char *pdm_table_name(const pdm_table *table) { return table == NULL ? NULL : table->info->name; }

void pdm__table_truncate(pdm_table *table, int64_t rows) { table->rows = rows; }

int64_t pdm_table_rows(const pdm_table *table) { return table == NULL ? 0 : table->rows; }

int32_t pdm_table_column_count(const pdm_table *table) { return table == NULL ? 0 : table->info->column_count; }

const char *pdm_table_column_name(const pdm_table *table, int32_t index) {
    return column_at(table, index) == NULL ? NULL : table->info->columns[index].name;
}

int32_t pdm_table_column_type(const pdm_table *table, int32_t index) {
    const pdm__table_column *column = column_at(table, index);
    return column == NULL ? PDM_TYPE_NONE : column->type;
}

int32_t pdm_table_column_find(const pdm_table *table, const char *name) {
    if (table == NULL || name == NULL) return -1;
    return pdm__table_column_index(table->info, name);
}

/* Column by name, NULL if there is none. */
static const pdm__table_column *column_named(const pdm_table *table, const char *name) {
    return column_at(table, pdm_table_column_find(table, name));
}

const int64_t *pdm_table_i64(const pdm_table *table, const char *column) {
    const pdm__table_column *found = column_named(table, column);
    return found != NULL && is_int64(found->type) ? found->values : NULL;
}

const int32_t *pdm_table_i32(const pdm_table *table, const char *column) {
    const pdm__table_column *found = column_named(table, column);
    return found != NULL && is_int32(found->type) ? found->values : NULL;
}

const double *pdm_table_f64(const pdm_table *table, const char *column) {
    const pdm__table_column *found = column_named(table, column);
    return found != NULL && found->type == PDM_TYPE_FLOAT64 ? found->values : NULL;
}

const uint8_t *pdm_table_bool(const pdm_table *table, const char *column) {
    const pdm__table_column *found = column_named(table, column);
    return found != NULL && found->type == PDM_TYPE_BOOL ? found->values : NULL;
}

static bool cell_is_null(const pdm_table *table, const pdm__table_column *column, int64_t row) {
    if (column == NULL || row < 0 || row >= table->rows) return true;
    return column->validity != NULL && (column->validity[row >> 3] >> (row & 7) & 1) == 0;
}

const char *pdm_table_utf8(const pdm_table *table, const char *column, int64_t row, size_t *length) {
    if (length != NULL) *length = 0;
    const pdm__table_column *found = column_named(table, column);
    if (cell_is_null(table, found, row)) return NULL;
    int64_t cell = row;
    if (found->type == PDM_TYPE_DICTIONARY) {
        cell = ((const int32_t *)found->values)[row];
    } else if (found->type != PDM_TYPE_LARGE_UTF8) {
        return NULL;
    }
    if (cell < 0 || cell >= found->text.filled) return NULL;
    int64_t start = found->text.offsets[cell];
    if (length != NULL) *length = (size_t)(found->text.offsets[cell + 1] - start);
    return pdm__text_bytes(&found->text) + start;
}

bool pdm_table_is_null(const pdm_table *table, const char *column, int64_t row) {
    return cell_is_null(table, column_named(table, column), row);
}

static void pack_bits(const uint8_t *bytes, int64_t rows, uint8_t *bits) {
    for (int64_t i = 0; i < rows; i++) {
        bits[i >> 3] = (uint8_t)(bits[i >> 3] | (unsigned)(bytes[i] != 0) << (i & 7));
    }
}

const uint8_t *pdm__table_bits(const pdm_table *table, pdm__table_column *column) {
    if (!atomic_load_explicit(&column->packed, memory_order_acquire)) {
        (void)pthread_mutex_lock(&table->result->packing);
        if (!atomic_load_explicit(&column->packed, memory_order_relaxed)) {
            pack_bits(column->values, table->rows, column->bits);
            atomic_store_explicit(&column->packed, true, memory_order_release);
        }
        (void)pthread_mutex_unlock(&table->result->packing);
    }
    return column->bits;
}

pdm_status pdm_table_column(const pdm_table *table, int32_t index, pdm_column *out, pdm_error *err) {
    if (table == NULL || out == NULL) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "%s is NULL", table == NULL ? "table" : "out");
    }
    pdm__table_column *column = column_at(table, index);
    if (column == NULL) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "table %s has columns 0…%d, no column %d", table->info->name,
                         (int)(table->info->column_count - 1), (int)index);
    }
    pdm_column view = text_view(table->info->columns[index].name, &column->text);
    if (column->type != PDM_TYPE_LARGE_UTF8) {
        view.offsets = NULL;
        view.values = column->type == PDM_TYPE_BOOL ? pdm__table_bits(table, column) : column->values;
    }
    view.type = column->type;
    view.validity = column->null_count > 0 ? column->validity : NULL;
    if (column->type == PDM_TYPE_DICTIONARY) {
        view.index_type = PDM_TYPE_INT32;
        view.dictionary = &column->dictionary;
        view.dictionary_length = column->text.count;
    }
    *out = view;
    return PDM_OK;
}
