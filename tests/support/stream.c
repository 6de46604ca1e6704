/* Rows as an Arrow stream: what a well-behaved producer hands over. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct source {
    const rows *r;
    int64_t next;
    int64_t end;
    int64_t batch_rows;
} source;

static const char *format_of(const pdm_column *column) {
    int32_t type = column->type == PDM_TYPE_DICTIONARY ? column->index_type : column->type;
    switch (type) {
    case PDM_TYPE_BOOL: return "b";
    case PDM_TYPE_UINT8: return "C";
    case PDM_TYPE_INT16: return "s";
    case PDM_TYPE_INT32: return "i";
    case PDM_TYPE_INT64: return "l";
    case PDM_TYPE_UINT64: return "L";
    case PDM_TYPE_FLOAT64: return "g";
    case PDM_TYPE_UTF8: return "u";
    case PDM_TYPE_LARGE_UTF8: return "U";
    case PDM_TYPE_DATE32: return "tdD";
    case PDM_TYPE_TIMESTAMP_US: return "tsu:UTC";
    case PDM_TYPE_TIMESTAMP_MS: return column->naive != 0 ? "tsm:" : "tsm:UTC";
    case PDM_TYPE_TIMESTAMP_NS: return "tsn:UTC";
    case PDM_TYPE_DECIMAL128: return "d:38,0";
    default: return "n";
    }
}

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    if (schema->dictionary != NULL) {
        schema->dictionary->release(schema->dictionary);
        free(schema->dictionary);
    }
    schema->release = NULL;
}

static void column_schema(const pdm_column *column, struct ArrowSchema *out) {
    memset(out, 0, sizeof *out);
    out->format = format_of(column);
    out->name = column->name;
    out->flags = 2; /* nullable */
    out->release = release_schema;
    if (column->type != PDM_TYPE_DICTIONARY) return;
    out->dictionary = calloc(1, sizeof *out->dictionary);
    if (out->dictionary == NULL) abort();
    column_schema(column->dictionary, out->dictionary);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    const source *s = stream->private_data;
    memset(out, 0, sizeof *out);
    out->format = "+s";
    out->name = "";
    out->n_children = s->r->column_count;
    out->children = calloc((size_t)s->r->column_count, sizeof *out->children);
    if (out->children == NULL) return ENOMEM;
    for (int32_t i = 0; i < s->r->column_count; i++) {
        out->children[i] = calloc(1, sizeof **out->children);
        if (out->children[i] == NULL) abort();
        column_schema(&s->r->columns[i].column, out->children[i]);
    }
    out->release = release_schema;
    return 0;
}

static void release_array(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release != NULL) array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    free(array->children);
    if (array->dictionary != NULL) {
        array->dictionary->release(array->dictionary);
        free(array->dictionary);
    }
    free(array->buffers);
    array->release = NULL;
}

static void column_array(const pdm_column *column, int64_t first, int64_t count, struct ArrowArray *out) {
    memset(out, 0, sizeof *out);
    bool text = column->type == PDM_TYPE_UTF8 || column->type == PDM_TYPE_LARGE_UTF8;
    out->length = count;
    out->offset = first;
    out->null_count = column->validity == NULL ? 0 : -1;
    out->n_buffers = text ? 3 : 2;
    out->buffers = calloc(3, sizeof *out->buffers);
    if (out->buffers == NULL) abort();
    out->buffers[0] = column->validity;
    out->buffers[1] = text ? column->offsets : column->values;
    if (text) out->buffers[2] = column->values;
    out->release = release_array;
    if (column->type != PDM_TYPE_DICTIONARY) return;
    out->dictionary = calloc(1, sizeof *out->dictionary);
    if (out->dictionary == NULL) abort();
    column_array(column->dictionary, 0, column->dictionary_length, out->dictionary);
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    source *s = stream->private_data;
    memset(out, 0, sizeof *out);
    if (s->next == s->end) return 0;
    int64_t count = s->end - s->next < s->batch_rows ? s->end - s->next : s->batch_rows;
    out->length = count;
    out->n_buffers = 1;
    out->n_children = s->r->column_count;
    out->buffers = calloc(1, sizeof *out->buffers);
    out->children = calloc((size_t)s->r->column_count, sizeof *out->children);
    if (out->buffers == NULL || out->children == NULL) abort();
    for (int32_t i = 0; i < s->r->column_count; i++) {
        out->children[i] = calloc(1, sizeof **out->children);
        if (out->children[i] == NULL) abort();
        column_array(&s->r->columns[i].column, s->next, count, out->children[i]);
    }
    out->release = release_array;
    s->next += count;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
    free(stream->private_data);
    stream->release = NULL;
}

void rows_stream(const rows *r, int64_t first, int64_t count, int64_t batch_rows, struct ArrowArrayStream *out) {
    source *s = calloc(1, sizeof *s);
    if (s == NULL) abort();
    *s = (source){.r = r, .next = first, .end = first + count, .batch_rows = batch_rows};
    *out = (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release_stream,
                                     .private_data = s};
}
