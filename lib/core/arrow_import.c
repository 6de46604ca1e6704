#include "core/arrow.h"

#include "core/convert.h"

static _Alignas(16) const uint8_t nothing[16]; /* stands in for empty buffers that came as NULL */

#define LARGEST_END (INT64_MAX / 16) /* of offset + length: no position in bytes can wrap */

/* What an Arrow format string means here. */
typedef struct format_info {
    int32_t type;    /* a pdm_type, PDM_TYPE_NONE if no role can use it */
    int32_t naive;   /* timestamps without a zone */
    int32_t scale;   /* decimals */
    size_t width;    /* bytes of a fixed-width value; 0 for bits, text and nothing */
    size_t aligned;  /* what buffer 1 must be aligned to */
    int64_t buffers; /* how many; for views at least as many */
} format_info;

/* Where a column is looked for and how it is called when something is wrong with it. */
typedef struct column_source {
    const char *name;
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    int64_t offset; /* first row in the buffers */
    int64_t length; /* rows that will be read */
    pdm_error *err;
} column_source;

/* ---- formats ---- */

static bool fixed_format(char letter, format_info *out) {
    static const struct {
        char letter;
        uint8_t width;
        int16_t type;
    } known[] = {
        {'c', 1, PDM_TYPE_INT8},    {'C', 1, PDM_TYPE_UINT8},   {'s', 2, PDM_TYPE_INT16}, {'S', 2, PDM_TYPE_UINT16},
        {'i', 4, PDM_TYPE_INT32},   {'I', 4, PDM_TYPE_UINT32},  {'l', 8, PDM_TYPE_INT64}, {'L', 8, PDM_TYPE_UINT64},
        {'f', 4, PDM_TYPE_FLOAT32}, {'g', 8, PDM_TYPE_FLOAT64},
    };
    for (int32_t i = 0; i < PDM__COUNT(known); i++) {
        if (known[i].letter != letter) continue;
        *out = (format_info){.type = known[i].type, .width = known[i].width, .aligned = known[i].width, .buffers = 2};
        return true;
    }
    return false;
}

static format_info letter_format(char letter) {
    format_info info = {.type = PDM_TYPE_NONE};
    if (fixed_format(letter, &info)) return info;
    if (letter == 'b') info = (format_info){.type = PDM_TYPE_BOOL, .aligned = 1, .buffers = 2};
    if (letter == 'u') info = (format_info){.type = PDM_TYPE_UTF8, .aligned = sizeof(int32_t), .buffers = 3};
    if (letter == 'U') info = (format_info){.type = PDM_TYPE_LARGE_UTF8, .aligned = sizeof(int64_t), .buffers = 3};
    if (letter == 'n') info.type = PDM_TYPE_ALL_NULL;
    return info;
}

/* "tsu:Asia/Shanghai" is an instant, "tsu:" what a clock on the wall shows. */
static format_info timestamp_format(const char *format) {
    static const char units[] = "smun";
    format_info info = {.type = PDM_TYPE_NONE};
    const char *unit = format[2] == '\0' ? NULL : strchr(units, format[2]);
    if (unit == NULL || format[3] != ':') return info;
    info.type = PDM_TYPE_TIMESTAMP_S + (int32_t)(unit - units);
    info.naive = format[4] == '\0';
    info.width = sizeof(int64_t);
    info.aligned = sizeof(int64_t);
    info.buffers = 2;
    return info;
}

/* Reads a whole number of at most 4 digits and moves *text behind it. */
static bool read_number(const char **text, int32_t *out) {
    const char *at = *text;
    bool negative = *at == '-';
    if (negative) at++;
    int32_t value = 0;
    int32_t digits = 0;
    for (; *at >= '0' && *at <= '9' && digits < 5; at++, digits++) value = value * 10 + (*at - '0');
    if (digits == 0 || digits > 4) return false;
    *out = negative ? -value : value;
    *text = at;
    return true;
}

/* "d:19,2" or "d:19,2,128". */
static format_info decimal_format(const char *format) {
    format_info info = {.type = PDM_TYPE_NONE};
    const char *at = format + 2;
    int32_t precision = 0;
    int32_t scale = 0;
    int32_t bits = 128;
    if (!read_number(&at, &precision) || *at != ',') return info;
    at++;
    if (!read_number(&at, &scale)) return info;
    if (*at == ',') {
        at++;
        if (!read_number(&at, &bits)) return info;
    }
    if (*at != '\0' || bits != 128 || precision < 1 || precision > 38) return info;
    info.type = PDM_TYPE_DECIMAL128;
    info.scale = scale;
    info.width = 16;
    info.aligned = sizeof(int64_t); /* what producers keep; C would like 16 */
    info.buffers = 2;
    return info;
}

static format_info read_format(const char *format) {
    format_info info = {.type = PDM_TYPE_NONE};
    if (format[0] == '\0') return info;
    if (format[1] == '\0') return letter_format(format[0]);
    if (strcmp(format, "vu") == 0) {
        return (format_info){.type = PDM_TYPE_UTF8_VIEW, .aligned = sizeof(int64_t), .buffers = 3};
    }
    if (strcmp(format, "tdD") == 0) {
        return (format_info){.type = PDM_TYPE_DATE32, .width = 4, .aligned = sizeof(int32_t), .buffers = 2};
    }
    if (strcmp(format, "+l") == 0) {
        return (format_info){.type = PDM_TYPE_LIST, .aligned = sizeof(int32_t), .buffers = 2};
    }
    if (strcmp(format, "+L") == 0) {
        return (format_info){.type = PDM_TYPE_LARGE_LIST, .aligned = sizeof(int64_t), .buffers = 2};
    }
    if (strncmp(format, "ts", 2) == 0) return timestamp_format(format);
    if (strncmp(format, "d:", 2) == 0) return decimal_format(format);
    return info;
}

/* ---- checks ---- */

/* What must hold of any array, whatever its type. */
static pdm_status check_array(const struct ArrowSchema *schema, const struct ArrowArray *array, const char *name,
                              pdm_error *err) {
    if (schema == NULL || array == NULL) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, name, "an Arrow child or dictionary is missing (NULL pointer)");
    }
    if (schema->release == NULL || array->release == NULL) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, name, "the Arrow %s has been released already",
                         schema->release == NULL ? "schema" : "array");
    }
    if (schema->format == NULL) return pdm__fail(err, PDM_E_BAD_VALUE, -1, name, "the Arrow schema has no format");
    if (array->length < 0 || array->offset < 0 || array->null_count < -1 || array->n_buffers < 0) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, name,
                         "negative number in an Arrow array: length %lld, offset %lld, null_count %lld, n_buffers %lld",
                         (long long)array->length, (long long)array->offset, (long long)array->null_count,
                         (long long)array->n_buffers);
    }
    int64_t end = 0;
    if (__builtin_add_overflow(array->offset, array->length, &end) || end > LARGEST_END) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, name,
                         "offset %lld + length %lld of an Arrow array leave their range", (long long)array->offset,
                         (long long)array->length);
    }
    if (array->n_buffers > 0 && array->buffers == NULL) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, name, "an Arrow array of %lld buffers has none (NULL pointer)",
                         (long long)array->n_buffers);
    }
    return PDM_OK;
}

static pdm_status check_buffer_count(const column_source *source, const format_info *info) {
    int64_t came = source->array->n_buffers;
    bool is_view = info->type == PDM_TYPE_UTF8_VIEW;
    if (is_view ? came >= info->buffers : came == info->buffers) return PDM_OK;
    return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name,
                     "Arrow format %.24s needs %s%lld buffers, %lld came", source->schema->format,
                     is_view ? "at least " : "", (long long)info->buffers, (long long)came);
}

/* Buffer `index`, which may be NULL only if there are no rows. */
static pdm_status take_buffer(const column_source *source, int64_t index, size_t aligned, const void **out) {
    const void *buffer = source->array->buffers[index];
    if (buffer == NULL && source->length > 0) {
        return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name,
                         "Arrow buffer %lld is NULL, but there are %lld rows", (long long)index,
                         (long long)source->length);
    }
    if ((uintptr_t)buffer % aligned != 0) {
        return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name,
                         "Arrow buffer %lld is not aligned to %zu bytes", (long long)index, aligned);
    }
    *out = buffer != NULL ? buffer : nothing;
    return PDM_OK;
}

static pdm_status take_validity(const column_source *source, const uint8_t **out) {
    const struct ArrowArray *array = source->array;
    *out = array->null_count == 0 ? NULL : array->buffers[0];
    if (array->null_count > 0 && *out == NULL && source->length > 0) {
        return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name,
                         "null_count is %lld, but there is no validity bitmap", (long long)array->null_count);
    }
    return PDM_OK;
}

/* ---- columns ---- */

/* Offset of row `row` of a text column; memcpy because only its pointer has been looked at. */
static int64_t text_offset(const pdm_column *column, int64_t row) {
    const char *offsets = column->offsets;
    if (column->type == PDM_TYPE_LARGE_UTF8) {
        int64_t wide = 0;
        memcpy(&wide, offsets + (size_t)row * sizeof wide, sizeof wide);
        return wide;
    }
    int32_t narrow = 0;
    memcpy(&narrow, offsets + (size_t)row * sizeof narrow, sizeof narrow);
    return narrow;
}

static pdm_status import_text(const column_source *source, const format_info *info, pdm_column *column) {
    PDM__TRY(take_buffer(source, 1, info->aligned, &column->offsets));
    column->values = source->array->buffers[2];
    if (column->values != NULL) return PDM_OK;
    /* Producers may leave out the bytes when there are none. */
    for (int64_t row = 0; row < source->length; row++) {
        if (text_offset(column, source->offset + row) == text_offset(column, source->offset + row + 1)) continue;
        return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name,
                         "Arrow buffer 2 is NULL, but the text is not empty");
    }
    column->values = nothing;
    return PDM_OK;
}

static pdm_status import_views(const column_source *source, const format_info *info, pdm_column *column) {
    const struct ArrowArray *array = source->array;
    int64_t count = array->n_buffers - info->buffers;
    PDM__TRY(take_buffer(source, 1, info->aligned, &column->values));
    if (count == 0) return PDM_OK;
    const int64_t *sizes = array->buffers[array->n_buffers - 1];
    if (sizes == NULL || (uintptr_t)sizes % sizeof *sizes != 0) {
        return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name, "the sizes of %lld view buffers are %s",
                         (long long)count, sizes == NULL ? "missing (NULL pointer)" : "not aligned to 8 bytes");
    }
    for (int64_t i = 0; i < count; i++) {
        if (sizes[i] >= 0 && (sizes[i] == 0 || array->buffers[2 + i] != NULL)) continue;
        return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name,
                         "view buffer %lld of %lld bytes is impossible%s", (long long)i, (long long)sizes[i],
                         array->buffers[2 + i] == NULL ? " (NULL pointer)" : "");
    }
    column->variadic = array->buffers + 2;
    column->variadic_sizes = sizes;
    column->variadic_count = count;
    return PDM_OK;
}

/* Fills a column that has a name only. It keeps PDM_TYPE_NONE if no role can use the format. */
static pdm_status import_plain(const column_source *source, const format_info *info, pdm_column *column) {
    if (info->type == PDM_TYPE_NONE) return PDM_OK;
    pdm_column made = *column;
    made.type = info->type;
    made.naive = info->naive;
    made.scale = info->scale;
    made.offset = source->offset;
    if (info->type != PDM_TYPE_ALL_NULL) {
        PDM__TRY(check_buffer_count(source, info));
        PDM__TRY(take_validity(source, &made.validity));
        if (info->type == PDM_TYPE_UTF8_VIEW) {
            PDM__TRY(import_views(source, info, &made));
        } else if (pdm__is_text(info->type)) {
            PDM__TRY(import_text(source, info, &made));
        } else {
            PDM__TRY(take_buffer(source, 1, info->aligned, pdm__is_list(info->type) ? &made.offsets : &made.values));
        }
    }
    *column = made;
    return PDM_OK;
}

/* `values` is the place for the view of the dictionary. */
static pdm_status import_dictionary(const column_source *source, const format_info *info, pdm_column *values,
                                    pdm_column *column) {
    const struct ArrowSchema *schema = source->schema->dictionary;
    const struct ArrowArray *array = source->array->dictionary;
    PDM__TRY(check_array(schema, array, source->name, source->err));
    format_info value_info = read_format(schema->format);
    bool usable = pdm__is_integer(info->type) && schema->dictionary == NULL &&
                  (pdm__is_integer(value_info.type) || pdm__is_text(value_info.type));
    if (!usable) return PDM_OK;
    column_source value_source = {source->name, schema, array, array->offset, array->length, source->err};
    values->name = source->name;
    PDM__TRY(import_plain(&value_source, &value_info, values));
    PDM__TRY(import_plain(source, info, column));
    column->type = PDM_TYPE_DICTIONARY;
    column->index_type = info->type;
    column->dictionary = values;
    column->dictionary_length = array->length;
    return PDM_OK;
}

static bool has_dictionary(const column_source *source) {
    return source->schema->dictionary != NULL || source->array->dictionary != NULL;
}

/* `nested` is the place for the views of the items and of their dictionary. Items that are lists keep PDM_TYPE_NONE. */
static pdm_status import_list(const column_source *source, const format_info *info, pdm_column *nested,
                              pdm_column *column) {
    const struct ArrowSchema *schema = source->schema;
    const struct ArrowArray *array = source->array;
    if (schema->n_children != 1 || array->n_children != 1 || schema->children == NULL || array->children == NULL) {
        return pdm__fail(source->err, PDM_E_BAD_VALUE, -1, source->name,
                         "Arrow format %.24s needs 1 child, %lld came in the schema, %lld in the array", schema->format,
                         (long long)schema->n_children, (long long)array->n_children);
    }
    column_source items = {source->name, schema->children[0], array->children[0], 0, 0, source->err};
    PDM__TRY(check_array(items.schema, items.array, items.name, items.err));
    items.offset = items.array->offset;
    items.length = items.array->length;
    format_info item_info = read_format(items.schema->format);
    nested[0].name = source->name;
    if (has_dictionary(&items)) {
        PDM__TRY(import_dictionary(&items, &item_info, &nested[1], &nested[0]));
    } else if (!pdm__is_list(item_info.type)) {
        PDM__TRY(import_plain(&items, &item_info, &nested[0]));
    }
    PDM__TRY(import_plain(source, info, column));
    column->items = nested;
    column->dictionary_length = items.length;
    return PDM_OK;
}

/* How many views a column needs besides its own. */
static int64_t nested_views(const struct ArrowSchema *schema) {
    if (schema == NULL || schema->release == NULL || schema->format == NULL) return 0;
    if (schema->dictionary != NULL) return 1;
    return pdm__is_list(read_format(schema->format).type) ? 2 : 0;
}

/* Child `index`; takes the next entries of *nested if it needs any. */
static pdm_status import_child(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t index,
                               pdm_column *column, pdm_column **nested, pdm_error *err) {
    column_source source = {"", schema->children[index], array->children[index], 0, array->length, err};
    if (source.schema != NULL && source.schema->release != NULL && source.schema->name != NULL) {
        source.name = source.schema->name;
    }
    PDM__TRY(check_array(source.schema, source.array, source.name, err));
    if (source.array->length < array->offset + array->length) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, source.name, "the column has %lld rows, its table needs %lld + %lld",
                         (long long)source.array->length, (long long)array->offset, (long long)array->length);
    }
    source.offset = source.array->offset + array->offset; /* at most offset + length of the child, which was checked */
    column->name = source.name;
    format_info info = read_format(source.schema->format);
    pdm_column *mine = *nested;
    *nested += nested_views(source.schema);
    if (has_dictionary(&source)) return import_dictionary(&source, &info, mine, column);
    return pdm__is_list(info.type) ? import_list(&source, &info, mine, column) : import_plain(&source, &info, column);
}

/* ---- the table ---- */

static pdm_status check_struct(const struct ArrowSchema *schema, const struct ArrowArray *array, pdm_error *err) {
    PDM__TRY(check_array(schema, array, NULL, err));
    if (strcmp(schema->format, "+s") != 0) {
        return pdm__fail(err, PDM_E_BAD_TYPE, -1, NULL,
                         "an Arrow struct (+s) of columns is expected, a single column of format %.24s came",
                         schema->format);
    }
    if (schema->n_children < 0 || schema->n_children != array->n_children) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, NULL, "the Arrow schema has %lld columns, the array %lld",
                         (long long)schema->n_children, (long long)array->n_children);
    }
    if (schema->n_children > 0 && (schema->children == NULL || array->children == NULL)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, NULL, "the columns of an Arrow table are missing (NULL pointer)");
    }
    if (schema->n_children > INT32_MAX / 2) {
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "%lld columns are more than a table may have",
                         (long long)schema->n_children);
    }
    if (array->n_buffers != 1) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, NULL, "Arrow format +s needs 1 buffer, %lld came",
                         (long long)array->n_buffers);
    }
    return PDM_OK;
}

static pdm_status refuse_null_rows(const struct ArrowArray *array, pdm_error *err) {
    column_source source = {NULL, NULL, array, array->offset, array->length, err};
    const uint8_t *validity = NULL;
    PDM__TRY(take_validity(&source, &validity));
    if (validity == NULL) return PDM_OK;
    for (int64_t i = 0; i < array->length; i++) {
        int64_t at = array->offset + i;
        if ((validity[at >> 3] >> (at & 7) & 1) != 0) continue;
        return pdm__fail(err, PDM_E_BAD_VALUE, i, NULL, "row %lld is null as a whole; rows of a table must be present",
                         (long long)i);
    }
    return PDM_OK;
}

static int64_t count_nested(const struct ArrowSchema *schema) {
    int64_t count = 0;
    for (int64_t i = 0; i < schema->n_children; i++) count += nested_views(schema->children[i]);
    return count;
}

pdm_status pdm__arrow_import(pdm_context *context, const struct ArrowSchema *schema, const struct ArrowArray *array,
                             pdm__arrow_batch *out, pdm_error *err) {
    PDM__TRY(check_struct(schema, array, err));
    PDM__TRY(refuse_null_rows(array, err));
    pdm__arrow_batch made;
    memset(&made, 0, sizeof made);
    made.allocated = (size_t)(schema->n_children + count_nested(schema));
    PDM__TRY(pdm__new_zero(context, made.allocated, sizeof *made.columns, &made.columns, err));
    made.context = pdm__context_retain(context);
    pdm_column *nested = made.columns + schema->n_children;
    for (int64_t i = 0; i < schema->n_children; i++) {
        pdm_status status = import_child(schema, array, i, &made.columns[i], &nested, err);
        if (status != PDM_OK) {
            pdm__arrow_batch_clear(&made);
            return status;
        }
    }
    made.batch = pdm_batch_make(made.columns, (int32_t)schema->n_children, array->length);
    *out = made;
    return PDM_OK;
}

void pdm__arrow_batch_clear(pdm__arrow_batch *batch) {
    if (batch == NULL || batch->context == NULL) return;
    pdm__drop(batch->context, batch->columns, batch->allocated, sizeof *batch->columns);
    pdm_context_free(batch->context);
    memset(batch, 0, sizeof *batch);
}
