/* One column of one block: every accepted type of every role into canonical words. Used by ingest and items only. */
#ifndef PDM_CORE_CONVERT_H
#define PDM_CORE_CONVERT_H

#include "core/ingest.h"

/* Where converted values go if the source cannot be pointed at. */
typedef struct pdm__convert_to {
    uint64_t *words;
    uint64_t *lengths;
    uint8_t *valid;
} pdm__convert_to;

/* Whether the column's type can serve the role, and its buffers are there. */
pdm_status pdm__convert_check(const pdm_column_info *info, const pdm_column *column, int32_t currency_exponent,
                              int64_t rows, pdm_error *err);

/* Kind of the keys of a key or text column (NONE if every row is null). */
int32_t pdm__convert_key_kind(const pdm_column_info *info, const pdm_column *column);

/* Converts rows [first, first + rows) of column c. Null cells get word 0, length 0. */
pdm_status pdm__convert(const pdm__ingest *in, int32_t c, int64_t first, size_t rows, const pdm__convert_to *to,
                        pdm__cells *out, pdm_error *err);

/* Start and length of the text at a place of a text column that is no dictionary; false if its buffers contradict themselves. */
bool pdm__convert_text_at(const pdm_column *column, int64_t at, const uint8_t **bytes, uint64_t *length);

/* Integers of any width, sign- or zero-extended. */
void pdm__convert_widen(int32_t type, const void *values, int64_t at, size_t rows, uint64_t *words);

/* What a column's type is. */
static inline bool pdm__is_integer(int32_t type) { return type >= PDM_TYPE_INT8 && type <= PDM_TYPE_UINT64; }
static inline bool pdm__is_text(int32_t type) {
    return type == PDM_TYPE_UTF8 || type == PDM_TYPE_LARGE_UTF8 || type == PDM_TYPE_UTF8_VIEW;
}
static inline bool pdm__is_list(int32_t type) { return type == PDM_TYPE_LIST || type == PDM_TYPE_LARGE_LIST; }

static inline bool pdm__bit_at(const uint8_t *bits, int64_t at) { return (bits[at >> 3] >> (at & 7) & 1) != 0; }

/* Whether bytes are valid UTF-8. */
bool pdm__is_utf8(const uint8_t *bytes, size_t length);

#endif
