/*
 * Arrow arrays made from the bytes: structures are plausible (buffers are as large as formats and lengths say, since nobody could check
 * that), everything in them is not: offsets, indices, views, validity, lengths, counts, missing pieces. The stream must be released
 * once, and so must every array and schema.
 */
#include "cases.h"
#include "contexts.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_ROWS 24
#define TEXT_BYTES 256
#define MAX_CHILDREN 14

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

static int64_t alive; /* structures handed out and not yet released */

static void check_at(int condition, int line) {
    if (condition) return;
    (void)fprintf(stderr, "%s:%d: this must not be\n", __FILE__, line);
    abort();
}
#define check(condition) check_at(condition, __LINE__)

static uint8_t next(input *in) {
    if (in->left == 0) return 0;
    in->left--;
    return *in->at++;
}

static void *zeroed(size_t size) {
    void *block = calloc(size > 0 ? size : 1, 1);
    if (block == NULL) abort();
    return block;
}

/* ---- formats ---- */

static const char *const formats[] = {
    "l",      "l", "u", "U", "vu", "tsu:", "tsu:UTC", "tsn:", "tsm:UTC", "tss:",   "tdD",
    "i",      "I", "L", "c", "C",  "s",    "S",       "g",    "f",       "d:38,2", "d:10,0,128",
    "d:5,-3", "n", "b", "z", "+l", "w:3",  "",        "tsx:", "d:",      "u2"};
#define FORMATS (sizeof formats / sizeof *formats)

static size_t width_of(const char *format) {
    if (strchr("lLg", format[0]) != NULL || strncmp(format, "ts", 2) == 0) return 8;
    return format[0] == 'd' || format[0] == 'v' ? 16 : format[0] == 's' || format[0] == 'S' ? 2 : 4;
}

/* ---- schema ---- */

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i] == NULL) continue;
        if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    if (schema->dictionary != NULL) schema->dictionary->release(schema->dictionary);
    free(schema->dictionary);
    schema->release = NULL;
    alive--;
}

static void begin_schema(struct ArrowSchema *schema, const char *format, const char *name) {
    memset(schema, 0, sizeof *schema);
    schema->format = format;
    schema->name = name;
    schema->flags = 2;
    schema->release = release_schema;
    alive++;
}

/* What a column is; the schema and every array of the stream follow it. */
typedef struct column {
    const char *format;
    const char *dictionary; /* format of its values, NULL = none */
    const char *items;      /* of lists: format of their items, NULL = no lists */
    const char *name;
} column;

typedef struct producer {
    input *in;
    const pdm_metric *metric;
    bool flags;  /* columns that a list names: of funnels */
    bool values; /* of experiments */
    column columns[MAX_CHILDREN];
    int32_t column_count;
    int32_t batches;
    int32_t fail_at;
} producer;

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    producer *p = stream->private_data;
    if (p->fail_at == 0) return 5;
    begin_schema(out, next(p->in) == 77 ? "l" : "+s", "");
    out->n_children = p->column_count;
    out->children = zeroed((size_t)p->column_count * sizeof *out->children);
    for (int32_t i = 0; i < p->column_count; i++) {
        if (next(p->in) == 99) continue; /* a child that is not there */
        out->children[i] = zeroed(sizeof **out->children);
        begin_schema(out->children[i], p->columns[i].format, p->columns[i].name);
        if (p->columns[i].items != NULL && next(p->in) != 99) {
            out->children[i]->n_children = 1;
            out->children[i]->children = zeroed(sizeof *out->children);
            out->children[i]->children[0] = zeroed(sizeof **out->children);
            begin_schema(out->children[i]->children[0], p->columns[i].items, "item");
        }
        if (p->columns[i].dictionary == NULL) continue;
        out->children[i]->dictionary = zeroed(sizeof **out->children);
        begin_schema(out->children[i]->dictionary, p->columns[i].dictionary, "");
    }
    return 0;
}

/* ---- arrays ---- */

static void release_array(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i] == NULL) continue;
        if (array->children[i]->release != NULL) array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    free(array->children);
    if (array->dictionary != NULL) array->dictionary->release(array->dictionary);
    free(array->dictionary);
    void **owned = array->private_data; /* buffers as they were made, whatever the counts say */
    for (int32_t i = 0; i < 6; i++) free(owned[i]);
    free(owned);
    free(array->buffers);
    array->release = NULL;
    alive--;
}

static void begin_array(struct ArrowArray *array, int64_t length) {
    memset(array, 0, sizeof *array);
    array->length = length;
    array->buffers = zeroed(6 * sizeof *array->buffers);
    array->private_data = zeroed(6 * sizeof(void *));
    array->release = release_array;
    alive++;
}

static uint8_t *fill(struct ArrowArray *array, int32_t index, size_t size, input *in) {
    uint8_t *bytes = zeroed(size);
    size_t n = size < in->left ? size : in->left;
    if (n > 0) memcpy(bytes, in->at, n);
    in->at += n / 2; /* bytes serve twice, so that short inputs go far */
    in->left -= n / 2;
    array->buffers[index] = bytes;
    ((void **)array->private_data)[index] = bytes;
    return bytes;
}

/* Offsets stay inside the text (no array says how long that is) but may run backwards or be negative. */
static void fill_texts(struct ArrowArray *array, const char *format, size_t count, input *in) {
    bool large = format[0] == 'U';
    uint8_t *offsets = fill(array, 1, (count + 1) * (large ? 8 : 4), in);
    for (size_t i = 0; i <= count; i++) {
        int64_t wide = 0;
        int32_t narrow = 0;
        memcpy(large ? (void *)&wide : (void *)&narrow, offsets + i * (large ? 8 : 4), large ? 8 : 4);
        if (!large) wide = narrow;
        wide = wide % (TEXT_BYTES / 2) + (wide % 7 == 0 ? 0 : TEXT_BYTES / 2 - 1);
        narrow = (int32_t)wide;
        memcpy(offsets + i * (large ? 8 : 4), large ? (void *)&wide : (void *)&narrow, large ? 8 : 4);
    }
    (void)fill(array, 2, TEXT_BYTES, in);
    if (next(in) == 3) array->buffers[2] = NULL;
}

/* Offsets of lists mostly ascend, a byte of the input each. */
static void fill_lists(struct ArrowArray *array, const char *format, size_t count, input *in) {
    bool large = format[1] == 'L';
    uint8_t *offsets = fill(array, 1, (count + 1) * (large ? 8 : 4), in);
    int64_t wide = 0;
    for (size_t i = 0; i <= count; i++) {
        uint8_t step = offsets[i * (large ? 8 : 4)];
        wide += step >= 250 ? -1 : step % 3;
        int32_t narrow = (int32_t)wide;
        memcpy(offsets + i * (large ? 8 : 4), large ? (void *)&wide : (void *)&narrow, large ? 8 : 4);
    }
}

static void fill_views(struct ArrowArray *array, size_t count, input *in) {
    (void)fill(array, 1, count * 16, in);
    (void)fill(array, 2, 40, in);
    (void)fill(array, 3, 20, in);
    int64_t sizes[2] = {40, 20};
    memcpy(fill(array, 4, sizeof sizes, in), sizes, sizeof sizes);
}

static void make_array(struct ArrowArray *array, const char *format, int64_t length, input *in) {
    begin_array(array, length);
    array->offset = next(in) % 5;
    size_t count = (size_t)(array->offset + length);
    (void)fill(array, 0, count / 8 + 1, in);
    uint8_t flags = next(in);
    array->null_count = flags % 4 == 0 ? -1 : flags % 4;
    if (flags % 4 == 3) array->null_count = 0;
    if (flags % 8 == 7) array->buffers[0] = NULL;
    bool text = format[0] == 'u' || format[0] == 'U' || format[0] == 'z';
    if (text) {
        fill_texts(array, format, count, in);
    } else if (format[0] == '+') {
        fill_lists(array, format, count, in);
    } else if (format[0] == 'v') {
        fill_views(array, count, in);
    } else {
        (void)fill(array, 1, count * width_of(format), in);
    }
    array->n_buffers = format[0] == 'n' ? 0 : text ? 3 : format[0] == 'v' ? 5 : 2;
    uint8_t odd = next(in);
    if (odd == 201) array->n_buffers = next(in) % 4;
    if (odd == 202) array->length = -1;
    if (odd == 203) array->offset = -1;
    if (odd == 204) array->length = length > 0 ? length - 1 : 0;
    if (odd == 205) array->buffers[1] = NULL;
    if (odd == 206) array->offset = INT64_MAX - 3;
    if (odd == 207) array->null_count = -7;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    producer *p = stream->private_data;
    input *in = p->in;
    memset(out, 0, sizeof *out);
    if (p->batches == 0) return 0;
    if (p->batches-- == p->fail_at) return 22;
    int64_t length = next(in) % MAX_ROWS;
    begin_array(out, length);
    out->n_buffers = next(in) == 88 ? 0 : 1;
    out->offset = next(in) % 16 == 15 ? 2 : 0;
    if (next(in) % 16 == 15) (void)fill(out, 0, (size_t)length / 8 + 2, in);
    out->null_count = out->buffers[0] == NULL ? 0 : -1;
    out->n_children = next(in) == 66 ? p->column_count - 1 : p->column_count;
    out->children = zeroed((size_t)p->column_count * sizeof *out->children);
    for (int32_t i = 0; i < out->n_children; i++) {
        if (next(in) == 99) continue;
        out->children[i] = zeroed(sizeof **out->children);
        make_array(out->children[i], p->columns[i].format, length + out->offset, in);
        if (p->columns[i].items != NULL && next(in) != 99) {
            out->children[i]->n_children = 1;
            out->children[i]->children = zeroed(sizeof *out->children);
            out->children[i]->children[0] = zeroed(sizeof **out->children);
            make_array(out->children[i]->children[0], p->columns[i].items, next(in) % 64, in);
        }
        if (p->columns[i].dictionary == NULL || next(in) == 55) continue;
        out->children[i]->dictionary = zeroed(sizeof **out->children);
        make_array(out->children[i]->dictionary, p->columns[i].dictionary, 1 + next(in) % 6, in);
    }
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    const producer *p = stream->private_data;
    return p->batches % 2 == 0 ? NULL : "the disk is on fire";
}

static void release_stream(struct ArrowArrayStream *stream) {
    check(stream->release != NULL);
    stream->release = NULL;
    alive--;
}

static void choose_columns(producer *p) {
    static const uint8_t usual[] = {0, 0, 0, 11, 0, 0, 0, 0};
    p->column_count = p->metric->column_count < MAX_CHILDREN ? p->metric->column_count : MAX_CHILDREN;
    for (int32_t i = 0; i < p->column_count; i++) {
        column *c = &p->columns[i];
        uint8_t choice = next(p->in);
        /* Mostly what fits the role, so that rows get in at all. */
        switch (p->metric->columns[i].role) {
        case PDM_ROLE_TIME:
            c->format = formats[choice % 3 == 0 ? 5 + choice / 3 % 6 : choice % 3 == 1 ? 0 : (int)(choice % FORMATS)];
            break;
        case PDM_ROLE_MONEY:
            c->format = formats[choice % 3 == 0 ? 20 : choice % 3 == 1 ? usual[choice % 8] : choice % FORMATS];
            break;
        default:
            c->format = formats[choice % 3 == 0 ? choice / 3 % 5 : choice % 3 == 1 ? 0 : (int)(choice % FORMATS)];
            break;
        }
        int32_t items = p->metric->columns[i].items;
        if (items != 0 && (choice & 32) != 0) c->format = (choice & 64) != 0 ? "+L" : "+l";
        if (c->format[0] == '+')
            c->items = formats[next(p->in) % 4 == 0 ? next(p->in) % FORMATS : items == PDM_ROLE_TEXT ? 2 : 0];
        c->name = p->metric->columns[next(p->in) == 44 ? 0 : i].name;
        if (next(p->in) % 4 != 3 || c->items != NULL) continue;
        c->dictionary = c->format;
        c->format = formats[11 + next(p->in) % 7];
    }
    static const char *const flags[] = {"is_cart", "is_order"};
    static const char *const values[] = {"bought", "orders", "spend"};
    static const char *const flag_formats[] = {"b", "b", "b", "C", "l", "n", "u", "tdD"};
    for (int32_t i = 0; p->flags && i < 2; i++) {
        p->columns[p->column_count++] = (column){.name = flags[i], .format = flag_formats[next(p->in) % 8]};
    }
    for (int32_t i = 0; p->values && i < 3; i++) {
        p->columns[p->column_count++] = (column){.name = values[i], .format = flag_formats[next(p->in) % 8]};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = {data, size};
    pdm_context *context = context_seed(0);
    producer p = {.in = &in, .metric = pdm_metric_at(next(&in) % pdm_metric_count())};
    law_case c;
    case_begin(&c, p.metric, "");
    uint8_t flags = next(&in);
    if ((flags & 1) != 0) (void)case_set(&c, "grain", "order");
    if ((flags & 2) != 0) (void)case_set(&c, "null_rows", "skip");
    if ((flags & 4) != 0) (void)case_set(&c, "currency_exponent", "2");
    if ((flags & 8) != 0) (void)case_set(&c, "naive_time", "local");
    if ((flags & 16) != 0) (void)case_set(&c, "rows", "paths");
    if ((flags & 32) != 0) (void)case_add_list(&c, "milestones");
    p.flags = (flags & 1) != 0 && case_add_list(&c, "flag_steps");
    if (!p.flags) (void)case_set(&c, "step_count", "4");
    p.values = case_add_list(&c, (flags & 1) != 0 ? "text_arms" : "code_arms") && case_add_list(&c, "plain_metrics");
    choose_columns(&p);
    p.batches = next(&in) % 4;
    p.fail_at = flags >= 240 ? (int32_t)(flags % 3) : -1;
    struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, release_stream, &p};
    alive = 1;
    pdm_state *state = NULL;
    if (case_create(&c, context, &state, NULL) != PDM_OK) abort();
    int64_t batches = -1;
    pdm_error err;
    pdm_status status = pdm_state_update_arrow(state, &stream, &batches, &err);
    check(alive == 0 && stream.release == NULL && batches >= 0);
    check(status == PDM_OK || err.code == (int32_t)status);
    pdm_result *result = NULL;
    status = pdm_state_result(state, &result, &err);
    check(status == PDM_OK || status == PDM_E_OVERFLOW || status == PDM_E_LIMIT || status == PDM_E_NOMEM);
    pdm_result_free(result);
    pdm_state_free(state);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    check(held == 0);
    pdm_context_free(context);
    return 0;
}
