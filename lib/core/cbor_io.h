/*
 * Deterministic CBOR out, untrusted CBOR in. Both on libcbor's calls that do not allocate (cbor_encode_*, cbor_stream_decode).
 * Columns are RFC 8746 typed arrays (little-endian): tag + one byte string.
 */
#ifndef PDM_CORE_CBOR_IO_H
#define PDM_CORE_CBOR_IO_H

#include "core/base.h"

#include <xxhash.h>

/* A writer. With buffer == NULL it only counts, so the same code measures and writes. */
typedef struct pdm__cbor_writer {
    uint8_t *buffer;
    size_t capacity;
    size_t size;   /* bytes written, or that would be */
    bool overflow; /* did not fit */
} pdm__cbor_writer;

void pdm__cbor_uint(pdm__cbor_writer *w, uint64_t value);
void pdm__cbor_int(pdm__cbor_writer *w, int64_t value);
void pdm__cbor_double(pdm__cbor_writer *w, double value);
void pdm__cbor_null(pdm__cbor_writer *w);
void pdm__cbor_text(pdm__cbor_writer *w, const char *text, size_t length);
void pdm__cbor_array(pdm__cbor_writer *w, size_t count);
void pdm__cbor_tag(pdm__cbor_writer *w, uint64_t tag);
/* Starts a byte string of `length` bytes and returns where to put them (NULL when only counting or on overflow). */
uint8_t *pdm__cbor_bytes(pdm__cbor_writer *w, size_t length);

/* RFC 8746 typed arrays, little-endian: tag, byte string. Returns where the values go (unaligned!), NULL when counting. */
typedef enum pdm__cbor_typed {
    PDM__CBOR_U8 = 64,
    PDM__CBOR_U32 = 70,
    PDM__CBOR_U64 = 71,
    PDM__CBOR_I32 = 78,
    PDM__CBOR_I64 = 79,
    PDM__CBOR_F64 = 86
} pdm__cbor_typed;
uint8_t *pdm__cbor_typed_array(pdm__cbor_writer *w, pdm__cbor_typed type, size_t count);

/*
 * A reader. Every call fails with PDM_E_CORRUPT_STATE unless the next item is what is asked for, in its shortest form, and lies
 * within the bytes.
 */
typedef struct pdm__cbor_reader {
    const uint8_t *bytes;
    size_t size;
    size_t position;
    int32_t format; /* of the bytes, once it is known */
} pdm__cbor_reader;

pdm_status pdm__cbor_read_uint(pdm__cbor_reader *r, uint64_t *value, pdm_error *err);
pdm_status pdm__cbor_read_int(pdm__cbor_reader *r, int64_t *value, pdm_error *err);
pdm_status pdm__cbor_read_double(pdm__cbor_reader *r, double *value, pdm_error *err);
pdm_status pdm__cbor_read_null(pdm__cbor_reader *r, bool *was_null,
                               pdm_error *err); /* consumes a null if there is one */
pdm_status pdm__cbor_read_text(pdm__cbor_reader *r, const char **text, size_t *length, pdm_error *err);
pdm_status pdm__cbor_read_array(pdm__cbor_reader *r, size_t *count, pdm_error *err); /* count ≤ bytes left */
pdm_status pdm__cbor_read_tag(pdm__cbor_reader *r, uint64_t tag, pdm_error *err);
pdm_status pdm__cbor_read_bytes(pdm__cbor_reader *r, const uint8_t **bytes, size_t *length, pdm_error *err);
/* A typed array of exactly that type; values is unaligned memory inside the input. */
pdm_status pdm__cbor_read_typed_array(pdm__cbor_reader *r, pdm__cbor_typed type, const uint8_t **values, size_t *count,
                                      pdm_error *err);

#endif
