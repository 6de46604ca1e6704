/*
 * Values of key columns as bytes, for keys that a store makes from several columns: what besides the unit tells rows apart.
 *
 * A value is 0 (none: not used, null, or '' where that means none), or 1 and an int64, 2 and a uint64 beyond int64 (eight bytes,
 * big-endian, the sign flipped), or 3 and a text (its bytes, then 0; a text that holds a 0: 4, four bytes of length, its bytes). Equal
 * values, equal bytes; bytes compare as the values do, one after the other (but for texts that hold a 0); a value says where it ends.
 */
#ifndef PDM_CORE_VALUE_H
#define PDM_CORE_VALUE_H

#include "core/ingest.h"
#include "core/table.h"

enum { PDM__VALUE_NONE = 0, PDM__VALUE_INT = 1, PDM__VALUE_UINT = 2, PDM__VALUE_TEXT = 3 };

/* A value that was read; a text points into the bytes. */
typedef struct pdm__value {
    int32_t kind;
    uint64_t word;
    const uint8_t *bytes;
    uint32_t length;
} pdm__value;

/* Whether a row has a value in a column (the empty text is one). */
bool pdm__cell_given(const pdm__cells *cells, size_t row);
/* Whether two columns hold the same value in a row, both given. */
bool pdm__cells_equal(const pdm__cells *a, const pdm__cells *b, size_t row);

/* Bytes that the value of a row takes, and the bytes themselves; returns their end. cells may be NULL; empty_too: '' is none. */
size_t pdm__value_size(const pdm__cells *cells, size_t row, bool empty_too);
uint8_t *pdm__value_put(const pdm__cells *cells, size_t row, bool empty_too, uint8_t *to);

/* The same for a number that is no cell. */
#define PDM__VALUE_INT_SIZE 9
uint8_t *pdm__value_put_int(int64_t value, uint8_t *to);

/* Reads the value at *at and moves on behind it; false: [*at, end) begins with none. Texts are checked to be UTF-8. */
bool pdm__value_read(const uint8_t **at, const uint8_t *end, pdm__value *out);

/* The same as a key: only word, bytes and length are set. */
static inline pdm__key pdm__value_key(const pdm__value *value) {
    return (pdm__key){.word = value->word, .bytes = value->bytes, .length = value->length};
}

/* The decimal digits of an integer value; `digits` has room for 24. Returns their number. */
int pdm__value_digits(const pdm__value *value, char *digits);

/* Order of values: none, integers by number, texts by bytes. */
int pdm__value_compare(const pdm__value *a, const pdm__value *b);

/* A value in a text column (rows in ascending order): integers as digits, none as null. */
pdm_status pdm__value_show(const pdm__value *value, pdm_table *table, int32_t column, int64_t row, pdm_error *err);

/* Different values in order; the index of one is the number of the group that it makes. */
typedef struct pdm__value_set {
    pdm__value *values;
    size_t count;
    size_t capacity;
} pdm__value_set;

/* Adds a value without looking at the others; the set is in order again after pdm__value_set_settle(). */
pdm_status pdm__value_set_add(pdm_context *context, pdm__value_set *set, const pdm__value *value, pdm_error *err);
void pdm__value_set_settle(pdm__value_set *set);
/* Index of a value that is in the set. O(log count). */
int32_t pdm__value_set_find(const pdm__value_set *set, const pdm__value *value);
void pdm__value_set_clear(pdm_context *context, pdm__value_set *set);

#endif
