#include "glue.h"

#include <errno.h>
#include <stdlib.h>

static pdm_status fail(pdm_error *err, pdm_status code, const char *message) {
    if (err != NULL) {
        pdm_error_reset(err);
        err->code = (int32_t)code;
        strncpy(err->message, message, sizeof err->message - 1);
    }
    return code;
}

/* ---------------------------------------------------------------------------------------------------------------- options */

static pdm_status options_make(const pdm_metric *metric, const pdm_text_pairs *pairs, void **out, pdm_error *err) {
    if (metric == NULL || pairs == NULL) return fail(err, PDM_E_ARGUMENT, "metric and options are needed");
    void *options = calloc(1, metric->options_size);
    if (options == NULL) return fail(err, PDM_E_NOMEM, "out of memory for the options");
    memcpy(options, &metric->options_size, sizeof metric->options_size);
    for (int32_t i = 0; i < pairs->count; i++) {
        const pdm_status status = pdm_options_set(metric, options, pairs->names[i], pairs->values[i], err);
        if (status != PDM_OK) {
            free(options);
            return status;
        }
    }
    *out = options;
    return PDM_OK;
}

pdm_status pdm_glue_create(pdm_context *context, const pdm_metric *metric, const pdm_text_pairs *options,
                           pdm_state **out, pdm_error *err) {
    void *blob = NULL;
    pdm_status status = options_make(metric, options, &blob, err);
    if (status != PDM_OK) return status;
    status = pdm_state_create(context, metric, blob, out, err);
    free(blob);
    return status;
}

pdm_status pdm_glue_calculate(pdm_context *context, const pdm_calculator *calculator, const pdm_text_pairs *options,
                              const pdm_inputs *inputs, pdm_result **out, pdm_error *err) {
    if (calculator == NULL || inputs == NULL) return fail(err, PDM_E_ARGUMENT, "calculator and inputs are needed");
    void *blob = NULL;
    pdm_status status = options_make(&calculator->about, options, &blob, err);
    if (status != PDM_OK) return status;
    status = pdm_calculator_run(context, calculator, blob, inputs->items, inputs->count, out, err);
    free(blob);
    return status;
}

pdm_status pdm_glue_sample(pdm_context *context, int64_t customers, uint64_t seed, pdm_result **out, pdm_error *err) {
    pdm_sample_options options = pdm_sample_options_default();
    options.customers = customers;
    options.seed = seed;
    return pdm_sample_private_domain(context, &options, out, err);
}

/* ---------------------------------------------------------------------------------------------------- streams: selected columns */

/* A schema of which some children are shown, under other names. The original is kept whole: its producer may free by name. */
typedef struct shown_schema {
    struct ArrowSchema inner;
    struct ArrowSchema *copies;
    struct ArrowSchema **children;
    char *text;
} shown_schema;

typedef struct shown_array {
    struct ArrowArray inner;
    struct ArrowArray **children;
} shown_array;

typedef struct shown_stream {
    struct ArrowArrayStream *inner;
    const pdm_selection *selection;
    const char *error; /* of our own making, NULL = the inner stream's */
} shown_stream;

/* Children belong to their parent and are freed with it. */
static void release_borrowed(struct ArrowSchema *schema) { schema->release = NULL; }

static void shown_schema_free(shown_schema *shown) {
    if (shown == NULL) return;
    if (shown->inner.release != NULL) shown->inner.release(&shown->inner);
    free(shown->copies);
    free(shown->children);
    free(shown->text);
    free(shown);
}

static void release_shown_schema(struct ArrowSchema *schema) {
    shown_schema_free(schema->private_data);
    schema->release = NULL;
}

static shown_schema *shown_schema_new(const pdm_selection *selection) {
    const size_t count = (size_t)selection->count;
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++) bytes += strlen(selection->names[i]) + 1;
    shown_schema *shown = calloc(1, sizeof *shown);
    if (shown == NULL) return NULL;
    shown->copies = calloc(count + 1, sizeof *shown->copies);
    shown->children = calloc(count + 1, sizeof *shown->children);
    shown->text = malloc(bytes);
    if (shown->copies != NULL && shown->children != NULL && shown->text != NULL) return shown;
    shown_schema_free(shown);
    return NULL;
}

static int shown_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    shown_stream *self = stream->private_data;
    const pdm_selection *selection = self->selection;
    self->error = NULL;
    shown_schema *shown = shown_schema_new(selection);
    if (shown == NULL) {
        self->error = "out of memory for the schema";
        return ENOMEM;
    }
    const int status = self->inner->get_schema(self->inner, &shown->inner);
    if (status != 0) {
        shown->inner.release = NULL;
        shown_schema_free(shown);
        return status;
    }
    char *text = shown->text;
    for (int32_t i = 0; i < selection->count; i++) {
        if (selection->indices[i] < 0 || selection->indices[i] >= shown->inner.n_children) {
            shown_schema_free(shown);
            self->error = "the stream has fewer columns than were chosen from it";
            return EINVAL;
        }
        const size_t length = strlen(selection->names[i]) + 1;
        memcpy(text, selection->names[i], length);
        shown->copies[i] = *shown->inner.children[selection->indices[i]];
        shown->copies[i].name = text;
        shown->copies[i].release = release_borrowed;
        shown->children[i] = &shown->copies[i];
        text += length;
    }
    *out = shown->inner;
    out->n_children = selection->count;
    out->children = shown->children;
    out->release = release_shown_schema;
    out->private_data = shown;
    return 0;
}

static void release_shown_array(struct ArrowArray *array) {
    shown_array *shown = array->private_data;
    shown->inner.release(&shown->inner);
    free(shown->children);
    free(shown);
    array->release = NULL;
}

static int shown_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    shown_stream *self = stream->private_data;
    const pdm_selection *selection = self->selection;
    self->error = NULL;
    struct ArrowArray inner;
    memset(&inner, 0, sizeof inner);
    const int status = self->inner->get_next(self->inner, &inner);
    if (status != 0 || inner.release == NULL) {
        memset(out, 0, sizeof *out);
        return status;
    }
    shown_array *shown = calloc(1, sizeof *shown);
    struct ArrowArray **children = calloc((size_t)selection->count + 1, sizeof(struct ArrowArray *));
    bool fits = shown != NULL && children != NULL;
    if (!fits) self->error = "out of memory for a batch";
    for (int32_t i = 0; fits && i < selection->count; i++) {
        fits = selection->indices[i] < inner.n_children;
        if (fits)
            children[i] = inner.children[selection->indices[i]];
        else
            self->error = "a batch of the stream has fewer columns than its schema";
    }
    if (!fits) {
        inner.release(&inner);
        free(shown);
        free(children);
        return EINVAL;
    }
    shown->inner = inner;
    shown->children = children;
    *out = inner;
    out->n_children = selection->count;
    out->children = children;
    out->release = release_shown_array;
    out->private_data = shown;
    return 0;
}

static const char *shown_get_last_error(struct ArrowArrayStream *stream) {
    const shown_stream *self = stream->private_data;
    return self->error != NULL ? self->error : self->inner->get_last_error(self->inner);
}

/* The inner stream is released here and not by the caller: both end with the one call that uses them. */
static void release_shown_stream(struct ArrowArrayStream *stream) {
    shown_stream *self = stream->private_data;
    if (self->inner->release != NULL) self->inner->release(self->inner);
    stream->release = NULL;
}

pdm_status pdm_glue_update_stream(pdm_state *state, struct ArrowArrayStream *stream, const pdm_selection *selection,
                                  pdm_error *err) {
    if (stream == NULL || stream->release == NULL)
        return fail(err, PDM_E_ARGUMENT, "the Arrow stream was already used up");
    shown_stream self = {.inner = stream, .selection = selection, .error = NULL};
    struct ArrowArrayStream shown = {.get_schema = shown_get_schema,
                                     .get_next = shown_get_next,
                                     .get_last_error = shown_get_last_error,
                                     .release = release_shown_stream,
                                     .private_data = &self};
    const pdm_status status = pdm_state_update_arrow(state, &shown, NULL, err);
    if (shown.release != NULL) shown.release(&shown);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- streams: of one batch */

typedef struct single_stream {
    struct ArrowSchema schema;
    struct ArrowArray array;
} single_stream;

/* The schema is lent, not copied: it is valid while the stream is. These streams never leave the binding. */
static int single_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    const single_stream *self = stream->private_data;
    *out = self->schema;
    out->release = release_borrowed;
    return 0;
}

static int single_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    single_stream *self = stream->private_data;
    *out = self->array;
    self->array.release = NULL;
    return 0;
}

static const char *single_get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release_single_stream(struct ArrowArrayStream *stream) {
    single_stream *self = stream->private_data;
    if (self->schema.release != NULL) self->schema.release(&self->schema);
    if (self->array.release != NULL) self->array.release(&self->array);
    free(self);
    stream->release = NULL;
}

pdm_status pdm_glue_stream_of_array(struct ArrowSchema *schema, struct ArrowArray *array, struct ArrowArrayStream *out,
                                    pdm_error *err) {
    if (schema == NULL || array == NULL || schema->release == NULL || array->release == NULL) {
        return fail(err, PDM_E_ARGUMENT, "the Arrow array was already used up");
    }
    single_stream *self = calloc(1, sizeof *self);
    if (self == NULL) return fail(err, PDM_E_NOMEM, "out of memory for the stream");
    self->schema = *schema;
    self->array = *array;
    schema->release = NULL;
    array->release = NULL;
    *out = (struct ArrowArrayStream){.get_schema = single_get_schema,
                                     .get_next = single_get_next,
                                     .get_last_error = single_get_last_error,
                                     .release = release_single_stream,
                                     .private_data = self};
    return PDM_OK;
}
