/* Tables as Arrow structures. Every array node keeps the whole result alive: any may be moved away and released alone. */
#include "core/table_internal.h"

#include <errno.h>

/* What a schema node owns: the places of its children, or of its dictionary. */
typedef struct schema_node {
    pdm_context *context;
    struct ArrowSchema *places;
    struct ArrowSchema **children;
    size_t count;
} schema_node;

/* What an array node owns: the same, the list of its buffers, and a share of the result the buffers belong to. */
typedef struct array_node {
    pdm_result *result;
    struct ArrowArray *places;
    struct ArrowArray **children;
    size_t count;
    const void *buffers[3];
} array_node;

/* ---- schema ---- */

static void schema_release(struct ArrowSchema *schema) {
    if (schema == NULL || schema->release == NULL) return;
    /* Children that were moved away are marked as released and are their new owner's. */
    for (int64_t i = 0; i < schema->n_children; i++) schema_release(schema->children[i]);
    schema_release(schema->dictionary);
    schema_node *node = schema->private_data;
    pdm_context *context = node->context;
    pdm__drop(context, node->places, node->count, sizeof *node->places);
    pdm__drop(context, node->children, node->count, sizeof(struct ArrowSchema *));
    pdm__drop(context, node, 1, sizeof *node);
    pdm_context_free(context);
    schema->private_data = NULL;
    schema->release = NULL;
}

/* A node with `count` places for children or a dictionary, none of which is filled. */
static pdm_status schema_init(pdm_context *context, const char *format, const char *name, size_t count,
                              struct ArrowSchema *schema, pdm_error *err) {
    memset(schema, 0, sizeof *schema);
    schema_node *node = NULL;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *node, &node, err));
    node->context = pdm__context_retain(context);
    node->count = count;
    schema->format = format;
    schema->name = name;
    schema->private_data = node;
    schema->release = schema_release;
    if (count == 0) return PDM_OK;
    pdm_status status = pdm__new_zero(context, count, sizeof *node->places, &node->places, err);
    if (status == PDM_OK) status = pdm__new(context, count, sizeof(struct ArrowSchema *), &node->children, err);
    if (status != PDM_OK) {
        schema_release(schema);
        return status;
    }
    for (size_t i = 0; i < count; i++) node->children[i] = &node->places[i];
    return PDM_OK;
}

static const char *format_of(int32_t type) {
    switch (type) {
    case PDM_TYPE_INT32:
    case PDM_TYPE_DICTIONARY: return "i";
    case PDM_TYPE_INT64: return "l";
    case PDM_TYPE_UINT64: return "L";
    case PDM_TYPE_FLOAT64: return "g";
    case PDM_TYPE_TIMESTAMP_US: return "tsu:UTC";
    case PDM_TYPE_BOOL: return "b";
    default: return "U"; /* the only one left of a result's types */
    }
}

static pdm_status export_column_schema(pdm_context *context, const char *name, int32_t type, struct ArrowSchema *schema,
                                       pdm_error *err) {
    bool has_dictionary = type == PDM_TYPE_DICTIONARY;
    PDM__TRY(schema_init(context, format_of(type), name, has_dictionary ? 1 : 0, schema, err));
    schema->flags = ARROW_FLAG_NULLABLE;
    if (!has_dictionary) return PDM_OK;
    schema_node *node = schema->private_data;
    pdm_status status = schema_init(context, "U", "", 0, node->places, err);
    if (status != PDM_OK) {
        schema_release(schema);
        return status;
    }
    node->places->flags = ARROW_FLAG_NULLABLE;
    schema->dictionary = node->places;
    return PDM_OK;
}

static pdm_status export_schema(const pdm_table *table, struct ArrowSchema *schema, pdm_error *err) {
    pdm_context *context = table->result->context;
    int32_t count = table->info->column_count;
    PDM__TRY(schema_init(context, "+s", "", (size_t)count, schema, err));
    schema_node *node = schema->private_data;
    schema->n_children = count;
    schema->children = node->children;
    for (int32_t i = 0; i < count; i++) {
        pdm_status status = export_column_schema(context, table->info->columns[i].name, table->columns[i].type,
                                                 schema->children[i], err);
        if (status != PDM_OK) {
            schema_release(schema);
            return status;
        }
    }
    return PDM_OK;
}

/* ---- array ---- */

static void array_release(struct ArrowArray *array) {
    if (array == NULL || array->release == NULL) return;
    for (int64_t i = 0; i < array->n_children; i++) array_release(array->children[i]);
    array_release(array->dictionary);
    array_node *node = array->private_data;
    pdm_result *result = node->result;
    pdm__drop(result->context, node->places, node->count, sizeof *node->places);
    pdm__drop(result->context, node->children, node->count, sizeof(struct ArrowArray *));
    pdm__drop(result->context, node, 1, sizeof *node);
    pdm_result_free(result);
    array->private_data = NULL;
    array->release = NULL;
}

static pdm_status array_init(pdm_result *result, int64_t length, int64_t buffers, size_t count,
                             struct ArrowArray *array, pdm_error *err) {
    memset(array, 0, sizeof *array);
    pdm_context *context = result->context;
    array_node *node = NULL;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *node, &node, err));
    node->result = pdm__result_retain(result);
    node->count = count;
    array->length = length;
    array->n_buffers = buffers;
    array->buffers = node->buffers;
    array->private_data = node;
    array->release = array_release;
    if (count == 0) return PDM_OK;
    pdm_status status = pdm__new_zero(context, count, sizeof *node->places, &node->places, err);
    if (status == PDM_OK) status = pdm__new(context, count, sizeof(struct ArrowArray *), &node->children, err);
    if (status != PDM_OK) {
        array_release(array);
        return status;
    }
    for (size_t i = 0; i < count; i++) node->children[i] = &node->places[i];
    return PDM_OK;
}

static pdm_status export_text(pdm_result *result, const pdm__text *text, struct ArrowArray *array, pdm_error *err) {
    PDM__TRY(array_init(result, text->count, 3, 0, array, err));
    array->buffers[1] = text->offsets;
    array->buffers[2] = pdm__text_bytes(text);
    return PDM_OK;
}

static pdm_status export_column(const pdm_table *table, pdm__table_column *column, struct ArrowArray *array,
                                pdm_error *err) {
    pdm_result *result = table->result;
    if (column->type == PDM_TYPE_LARGE_UTF8) {
        PDM__TRY(export_text(result, &column->text, array, err));
    } else {
        bool has_dictionary = column->type == PDM_TYPE_DICTIONARY;
        PDM__TRY(array_init(result, table->rows, 2, has_dictionary ? 1 : 0, array, err));
        array->buffers[1] = column->type == PDM_TYPE_BOOL ? pdm__table_bits(table, column) : column->values;
        if (has_dictionary) {
            array_node *node = array->private_data;
            pdm_status status = export_text(result, &column->text, node->places, err);
            if (status != PDM_OK) {
                array_release(array);
                return status;
            }
            array->dictionary = node->places;
        }
    }
    array->buffers[0] = column->null_count > 0 ? column->validity : NULL;
    array->null_count = column->null_count;
    return PDM_OK;
}

static pdm_status export_array(const pdm_table *table, struct ArrowArray *array, pdm_error *err) {
    int32_t count = table->info->column_count;
    PDM__TRY(array_init(table->result, table->rows, 1, (size_t)count, array, err));
    array_node *node = array->private_data;
    array->n_children = count;
    array->children = node->children;
    for (int32_t i = 0; i < count; i++) {
        pdm_status status = export_column(table, &table->columns[i], array->children[i], err);
        if (status != PDM_OK) {
            array_release(array);
            return status;
        }
    }
    return PDM_OK;
}

pdm_status pdm_table_export(const pdm_table *table, struct ArrowSchema *schema, struct ArrowArray *array,
                            pdm_error *err) {
    if (table == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "table is NULL");
    struct ArrowSchema made_schema = {0};
    struct ArrowArray made_array = {0};
    if (schema != NULL) PDM__TRY(export_schema(table, &made_schema, err));
    if (array != NULL) {
        pdm_status status = export_array(table, &made_array, err);
        if (status != PDM_OK) {
            schema_release(&made_schema);
            return status;
        }
        *array = made_array;
    }
    if (schema != NULL) *schema = made_schema;
    return PDM_OK;
}

/* ---- stream ---- */

typedef struct stream_node {
    pdm_result *result;
    const pdm_table *table;
    bool done;       /* the batch has been given */
    pdm_error error; /* of the last call */
} stream_node;

static int stream_status(pdm_status status) {
    if (status == PDM_OK) return 0;
    return status == PDM_E_NOMEM || status == PDM_E_LIMIT ? ENOMEM : EINVAL;
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    stream_node *node = stream->private_data;
    pdm_error_reset(&node->error);
    return stream_status(pdm_table_export(node->table, out, NULL, &node->error));
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    stream_node *node = stream->private_data;
    pdm_error_reset(&node->error);
    if (node->done) {
        memset(out, 0, sizeof *out);
        return 0;
    }
    pdm_status status = pdm_table_export(node->table, NULL, out, &node->error);
    node->done = status == PDM_OK;
    return stream_status(status);
}

static const char *stream_error(struct ArrowArrayStream *stream) {
    const stream_node *node = stream->private_data;
    return node->error.code == PDM_OK ? NULL : node->error.message;
}

static void stream_release(struct ArrowArrayStream *stream) {
    if (stream == NULL || stream->release == NULL) return;
    stream_node *node = stream->private_data;
    pdm_result *result = node->result;
    pdm__drop(result->context, node, 1, sizeof *node);
    pdm_result_free(result);
    stream->private_data = NULL;
    stream->release = NULL;
}

pdm_status pdm_table_export_stream(const pdm_table *table, struct ArrowArrayStream *out, pdm_error *err) {
    if (table == NULL || out == NULL) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "%s is NULL", table == NULL ? "table" : "out");
    }
    stream_node *node = NULL;
    PDM__TRY(pdm__new_zero(table->result->context, 1, sizeof *node, &node, err));
    node->result = pdm__result_retain(table->result);
    node->table = table;
    pdm_error_reset(&node->error);
    memset(out, 0, sizeof *out);
    out->get_schema = stream_schema;
    out->get_next = stream_next;
    out->get_last_error = stream_error;
    out->release = stream_release;
    out->private_data = node;
    return PDM_OK;
}
