/* Deterministic CBOR out, untrusted CBOR in. */
#include "core/cbor_io.h"

#include <cbor.h>

#define HEAD_MAX 9 /* initial byte and eight more */

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Room for `length` more bytes, NULL if there is none or nothing is to be written. Counts in any case. */
static uint8_t *claim(pdm__cbor_writer *w, size_t length) {
    size_t start = w->size;
    if (!pdm__add_size(start, length, &w->size)) {
        w->size = SIZE_MAX;
        w->overflow = true;
        return NULL;
    }
    if (w->buffer == NULL) return NULL;
    if (w->overflow || w->size > w->capacity) {
        w->overflow = true;
        return NULL;
    }
    return w->buffer + start;
}

/* The heads go through a buffer of their own: libcbor's encoders want to know the room, which a counting writer has not. */
static void put(pdm__cbor_writer *w, const uint8_t *head, size_t length) {
    uint8_t *to = claim(w, length);
    if (to != NULL) memcpy(to, head, length);
}

void pdm__cbor_uint(pdm__cbor_writer *w, uint64_t value) {
    uint8_t head[HEAD_MAX];
    put(w, head, cbor_encode_uint(value, head, sizeof head));
}

void pdm__cbor_int(pdm__cbor_writer *w, int64_t value) {
    uint8_t head[HEAD_MAX];
    size_t length = value < 0 ? cbor_encode_negint(~(uint64_t)value, head, sizeof head)
                              : cbor_encode_uint((uint64_t)value, head, sizeof head);
    put(w, head, length);
}

void pdm__cbor_double(pdm__cbor_writer *w, double value) {
    uint8_t head[HEAD_MAX];
    put(w, head, cbor_encode_double(value, head, sizeof head));
}

void pdm__cbor_null(pdm__cbor_writer *w) {
    uint8_t head[HEAD_MAX];
    put(w, head, cbor_encode_null(head, sizeof head));
}

void pdm__cbor_text(pdm__cbor_writer *w, const char *text, size_t length) {
    uint8_t head[HEAD_MAX];
    put(w, head, cbor_encode_string_start(length, head, sizeof head));
    uint8_t *to = claim(w, length);
    if (to != NULL && length > 0) memcpy(to, text, length);
}

void pdm__cbor_array(pdm__cbor_writer *w, size_t count) {
    uint8_t head[HEAD_MAX];
    put(w, head, cbor_encode_array_start(count, head, sizeof head));
}

void pdm__cbor_tag(pdm__cbor_writer *w, uint64_t tag) {
    uint8_t head[HEAD_MAX];
    put(w, head, cbor_encode_tag(tag, head, sizeof head));
}

uint8_t *pdm__cbor_bytes(pdm__cbor_writer *w, size_t length) {
    uint8_t head[HEAD_MAX];
    put(w, head, cbor_encode_bytestring_start(length, head, sizeof head));
    return claim(w, length);
}

static size_t typed_width(pdm__cbor_typed type) {
    switch (type) {
    case PDM__CBOR_U8: return 1;
    case PDM__CBOR_U32:
    case PDM__CBOR_I32: return 4;
    case PDM__CBOR_U64:
    case PDM__CBOR_I64:
    case PDM__CBOR_F64:
    default: return 8;
    }
}

uint8_t *pdm__cbor_typed_array(pdm__cbor_writer *w, pdm__cbor_typed type, size_t count) {
    size_t length = 0;
    if (!pdm__mul_size(count, typed_width(type), &length)) {
        w->size = SIZE_MAX;
        w->overflow = true;
        return NULL;
    }
    pdm__cbor_tag(w, type);
    return pdm__cbor_bytes(w, length);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef enum item_kind {
    ITEM_OTHER = 0,
    ITEM_UINT,
    ITEM_NEGINT,
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_ARRAY,
    ITEM_MAP,
    ITEM_TAG,
    ITEM_DOUBLE,
    ITEM_SHORT_FLOAT,
    ITEM_NULL,
    ITEM_BOOLEAN,
    ITEM_INDEFINITE
} item_kind;

static const char *kind_name(item_kind kind) {
    static const char *const names[] = {"another simple value",
                                        "an unsigned integer",
                                        "a negative integer",
                                        "a byte string",
                                        "a text",
                                        "an array",
                                        "a map",
                                        "a tag",
                                        "a double",
                                        "a shorter float",
                                        "null",
                                        "a boolean",
                                        "an item of indefinite length"};
    return names[kind];
}

/* One item's head: argument is the value of an integer or tag, the length of a string or array. */
typedef struct item {
    item_kind kind;
    uint64_t argument;
    double number;
    const uint8_t *bytes;
} item;

static void on_argument(void *context, item_kind kind, uint64_t argument) {
    item *it = context;
    it->kind = kind;
    it->argument = argument;
}

static void on_uint8(void *context, uint8_t value) { on_argument(context, ITEM_UINT, value); }
static void on_uint16(void *context, uint16_t value) { on_argument(context, ITEM_UINT, value); }
static void on_uint32(void *context, uint32_t value) { on_argument(context, ITEM_UINT, value); }
static void on_uint64(void *context, uint64_t value) { on_argument(context, ITEM_UINT, value); }
static void on_negint8(void *context, uint8_t value) { on_argument(context, ITEM_NEGINT, value); }
static void on_negint16(void *context, uint16_t value) { on_argument(context, ITEM_NEGINT, value); }
static void on_negint32(void *context, uint32_t value) { on_argument(context, ITEM_NEGINT, value); }
static void on_negint64(void *context, uint64_t value) { on_argument(context, ITEM_NEGINT, value); }
static void on_array(void *context, size_t count) { on_argument(context, ITEM_ARRAY, count); }
static void on_map(void *context, size_t count) { on_argument(context, ITEM_MAP, count); }
static void on_tag(void *context, uint64_t tag) { on_argument(context, ITEM_TAG, tag); }
static void on_null(void *context) { on_argument(context, ITEM_NULL, 0); }
static void on_undefined(void *context) { on_argument(context, ITEM_OTHER, 0); }
static void on_boolean(void *context, bool value) { on_argument(context, ITEM_BOOLEAN, value); }
static void on_indefinite(void *context) { on_argument(context, ITEM_INDEFINITE, 0); }

static void on_short_float(void *context, float value) {
    (void)value;
    on_argument(context, ITEM_SHORT_FLOAT, 0);
}

static void on_double(void *context, double value) {
    on_argument(context, ITEM_DOUBLE, 0);
    ((item *)context)->number = value;
}

static void on_bytes(void *context, cbor_data bytes, size_t length) {
    on_argument(context, ITEM_BYTES, length);
    ((item *)context)->bytes = bytes;
}

static void on_text(void *context, cbor_data bytes, size_t length) {
    on_argument(context, ITEM_TEXT, length);
    ((item *)context)->bytes = bytes;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_indefinite,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_indefinite,
    .indef_array_start = on_indefinite,
    .array_start = on_array,
    .indef_map_start = on_indefinite,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_short_float,
    .float4 = on_short_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_boolean,
    .indef_break = on_indefinite,
};

/* Bytes of the shortest head with this argument. */
static size_t head_bytes(uint64_t argument) {
    return argument < 24 ? 1 : argument <= UINT8_MAX ? 2 : argument <= UINT16_MAX ? 3 : argument <= UINT32_MAX ? 5 : 9;
}

/* Bytes an item takes in its shortest form (for arrays and tags: without what follows). Lengths were checked by libcbor. */
static uint64_t shortest_bytes(const item *it) {
    switch (it->kind) {
    case ITEM_BYTES:
    case ITEM_TEXT: return head_bytes(it->argument) + it->argument;
    case ITEM_DOUBLE: return HEAD_MAX;
    case ITEM_UINT:
    case ITEM_NEGINT:
    case ITEM_ARRAY:
    case ITEM_TAG:
    case ITEM_NULL: return head_bytes(it->argument);
    case ITEM_OTHER:
    case ITEM_MAP:
    case ITEM_SHORT_FLOAT:
    case ITEM_BOOLEAN:
    case ITEM_INDEFINITE:
    default: return 0;
    }
}

/* Looks at the next item without moving on. `wanted` is for the message. */
static pdm_status peek(const pdm__cbor_reader *r, const char *wanted, item *it, size_t *length, pdm_error *err) {
    memset(it, 0, sizeof *it);
    size_t left = r->position < r->size ? r->size - r->position : 0;
    if (left == 0) {
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "expected %s at byte %zu, but the data ends there", wanted,
                         r->position);
    }
    struct cbor_decoder_result result = cbor_stream_decode(r->bytes + r->position, left, &callbacks, it);
    switch (result.status) {
    case CBOR_DECODER_FINISHED: break;
    case CBOR_DECODER_NEDATA:
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "expected %s at byte %zu, but the item runs past the end",
                         wanted, r->position);
    case CBOR_DECODER_ERROR:
    default:
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "expected %s at byte %zu, found byte 0x%02x", wanted,
                         r->position, (unsigned)r->bytes[r->position]);
    }
    *length = result.read;
    return PDM_OK;
}

static pdm_status fail_kind(const pdm__cbor_reader *r, const char *wanted, item_kind found, pdm_error *err) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "expected %s at byte %zu, found %s", wanted, r->position,
                     kind_name(found));
}

/* Takes the next item, which must be of kind `kind` (or `or_kind`) and in its shortest form. */
static pdm_status take(pdm__cbor_reader *r, item_kind kind, item_kind or_kind, item *it, pdm_error *err) {
    const char *wanted = kind == or_kind ? kind_name(kind) : "an integer";
    size_t length = 0;
    PDM__TRY(peek(r, wanted, it, &length, err));
    if (it->kind != kind && it->kind != or_kind) return fail_kind(r, wanted, it->kind, err);
    if (length != shortest_bytes(it)) {
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "%s at byte %zu is not in its shortest form",
                         kind_name(it->kind), r->position);
    }
    r->position += length;
    return PDM_OK;
}

pdm_status pdm__cbor_read_uint(pdm__cbor_reader *r, uint64_t *value, pdm_error *err) {
    item it;
    PDM__TRY(take(r, ITEM_UINT, ITEM_UINT, &it, err));
    *value = it.argument;
    return PDM_OK;
}

pdm_status pdm__cbor_read_int(pdm__cbor_reader *r, int64_t *value, pdm_error *err) {
    item it;
    size_t start = r->position;
    PDM__TRY(take(r, ITEM_UINT, ITEM_NEGINT, &it, err));
    if (it.argument > INT64_MAX) {
        r->position = start;
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "integer at byte %zu does not fit 64 bits with sign",
                         start);
    }
    *value = it.kind == ITEM_UINT ? (int64_t)it.argument : -1 - (int64_t)it.argument;
    return PDM_OK;
}

pdm_status pdm__cbor_read_double(pdm__cbor_reader *r, double *value, pdm_error *err) {
    item it;
    PDM__TRY(take(r, ITEM_DOUBLE, ITEM_DOUBLE, &it, err));
    *value = it.number;
    return PDM_OK;
}

pdm_status pdm__cbor_read_null(pdm__cbor_reader *r, bool *was_null, pdm_error *err) {
    item it;
    size_t length = 0;
    PDM__TRY(peek(r, "null or a value", &it, &length, err));
    *was_null = it.kind == ITEM_NULL;
    if (*was_null) r->position += length;
    return PDM_OK;
}

pdm_status pdm__cbor_read_text(pdm__cbor_reader *r, const char **text, size_t *length, pdm_error *err) {
    item it;
    PDM__TRY(take(r, ITEM_TEXT, ITEM_TEXT, &it, err));
    *text = (const char *)it.bytes;
    *length = (size_t)it.argument;
    return PDM_OK;
}

pdm_status pdm__cbor_read_array(pdm__cbor_reader *r, size_t *count, pdm_error *err) {
    item it;
    size_t start = r->position;
    PDM__TRY(take(r, ITEM_ARRAY, ITEM_ARRAY, &it, err));
    if (it.argument > r->size - r->position) {
        pdm_status status = pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                                      "array at byte %zu announces %llu items, but only %zu bytes are left", start,
                                      (unsigned long long)it.argument, r->size - r->position);
        r->position = start;
        return status;
    }
    *count = (size_t)it.argument;
    return PDM_OK;
}

pdm_status pdm__cbor_read_tag(pdm__cbor_reader *r, uint64_t tag, pdm_error *err) {
    item it;
    size_t start = r->position;
    PDM__TRY(take(r, ITEM_TAG, ITEM_TAG, &it, err));
    if (it.argument == tag) return PDM_OK;
    r->position = start;
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "expected tag %llu at byte %zu, found tag %llu",
                     (unsigned long long)tag, start, (unsigned long long)it.argument);
}

pdm_status pdm__cbor_read_bytes(pdm__cbor_reader *r, const uint8_t **bytes, size_t *length, pdm_error *err) {
    item it;
    PDM__TRY(take(r, ITEM_BYTES, ITEM_BYTES, &it, err));
    *bytes = it.bytes;
    *length = (size_t)it.argument;
    return PDM_OK;
}

static pdm_status read_elements(pdm__cbor_reader *r, size_t width, const uint8_t **values, size_t *count,
                                pdm_error *err) {
    size_t start = r->position;
    const uint8_t *bytes;
    size_t length = 0;
    PDM__TRY(pdm__cbor_read_bytes(r, &bytes, &length, err));
    if (length % width != 0) {
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                         "typed array at byte %zu has %zu bytes, no multiple of %zu", start, length, width);
    }
    *values = bytes;
    *count = length / width;
    return PDM_OK;
}

pdm_status pdm__cbor_read_typed_array(pdm__cbor_reader *r, pdm__cbor_typed type, const uint8_t **values, size_t *count,
                                      pdm_error *err) {
    size_t start = r->position;
    PDM__TRY(pdm__cbor_read_tag(r, type, err));
    pdm_status status = read_elements(r, typed_width(type), values, count, err);
    if (status != PDM_OK) r->position = start; /* a failed call moves nothing */
    return status;
}
