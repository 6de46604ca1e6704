#include "core/value.h"

#include "core/convert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool pdm__cell_given(const pdm__cells *cells, size_t row) { return cells->valid == NULL || cells->valid[row] != 0; }

bool pdm__cells_equal(const pdm__cells *a, const pdm__cells *b, size_t row) {
    if (a == b) return true;
    if ((a->lengths == NULL) != (b->lengths == NULL)) return false;
    bool same = a->is_unsigned == b->is_unsigned || (int64_t)a->words[row] >= 0; /* −1 is not 2^64 − 1 */
    if (a->lengths == NULL) return same && a->words[row] == b->words[row];
    return a->lengths[row] == b->lengths[row] &&
           (a->lengths[row] == 0 ||
            memcmp(pdm__pointer_of(a->words[row]), pdm__pointer_of(b->words[row]), (size_t)a->lengths[row]) == 0);
}

/* ---- bytes ---- */

static bool is_none(const pdm__cells *cells, size_t row, bool empty_too) {
    if (cells == NULL || !cells->present || !pdm__cell_given(cells, row)) return true;
    return empty_too && cells->lengths != NULL && cells->lengths[row] == 0;
}

/* Not one of pdm__value's kinds: what stands before a text that its end could not be told of. */
#define TEXT_WITH_ZEROS 4

static bool has_zero(uint64_t word, size_t length) {
    return length > 0 && memchr(pdm__pointer_of(word), 0, length) != NULL;
}

size_t pdm__value_size(const pdm__cells *cells, size_t row, bool empty_too) {
    if (is_none(cells, row, empty_too)) return 1;
    if (cells->lengths == NULL) return PDM__VALUE_INT_SIZE;
    size_t length = (size_t)cells->lengths[row];
    return length + (has_zero(cells->words[row], length) ? 5 : 2);
}

static uint8_t *put_big_endian(uint64_t value, int32_t bytes, uint8_t *to) {
    while (bytes-- > 0) *to++ = (uint8_t)(value >> (8 * bytes));
    return to;
}

static uint8_t *put_text(uint64_t word, size_t length, uint8_t *to) {
    bool zero = has_zero(word, length);
    *to++ = zero ? TEXT_WITH_ZEROS : PDM__VALUE_TEXT;
    if (zero) to = put_big_endian(length, 4, to);
    if (length > 0) memcpy(to, pdm__pointer_of(word), length);
    to += length;
    if (!zero) *to++ = 0;
    return to;
}

uint8_t *pdm__value_put_int(int64_t value, uint8_t *to) {
    *to++ = PDM__VALUE_INT;
    return put_big_endian((uint64_t)value ^ UINT64_C(1) << 63, 8, to);
}

uint8_t *pdm__value_put(const pdm__cells *cells, size_t row, bool empty_too, uint8_t *to) {
    if (is_none(cells, row, empty_too)) {
        *to++ = PDM__VALUE_NONE;
        return to;
    }
    uint64_t word = cells->words[row];
    if (cells->lengths != NULL) return put_text(word, (size_t)cells->lengths[row], to);
    bool large = cells->is_unsigned && word > (uint64_t)INT64_MAX; /* equal numbers, equal bytes */
    if (!large) return pdm__value_put_int((int64_t)word, to);
    *to++ = PDM__VALUE_UINT;
    return put_big_endian(word, 8, to);
}

static uint64_t big_endian(const uint8_t *from, int32_t bytes) {
    uint64_t value = 0;
    for (int32_t i = 0; i < bytes; i++) value = value << 8 | from[i];
    return value;
}

static bool read_text(const uint8_t **at, const uint8_t *end, bool zeros, pdm__value *out) {
    const uint8_t *from = *at;
    size_t length = 0;
    if (zeros) {
        if (end - from < 4) return false;
        length = (size_t)big_endian(from, 4);
        from += 4;
        if ((size_t)(end - from) < length || length == 0 || memchr(from, 0, length) == NULL) return false;
    } else {
        const uint8_t *stop = from == end ? NULL : memchr(from, 0, (size_t)(end - from));
        if (stop == NULL) return false;
        length = (size_t)(stop - from);
    }
    if (length > UINT32_MAX || !pdm__is_utf8(from, length)) return false;
    out->kind = PDM__VALUE_TEXT;
    out->bytes = from;
    out->length = (uint32_t)length;
    *at = from + length + (zeros ? 0 : 1);
    return true;
}

bool pdm__value_read(const uint8_t **at, const uint8_t *end, pdm__value *out) {
    memset(out, 0, sizeof *out);
    if (*at == end) return false;
    uint8_t kind = *(*at)++;
    if (kind == PDM__VALUE_NONE) return true;
    if (kind == PDM__VALUE_TEXT || kind == TEXT_WITH_ZEROS) return read_text(at, end, kind == TEXT_WITH_ZEROS, out);
    if (kind > PDM__VALUE_UINT || end - *at < 8) return false;
    out->kind = kind;
    out->word = big_endian(*at, 8);
    *at += 8;
    if (kind == PDM__VALUE_UINT) return out->word > (uint64_t)INT64_MAX;
    out->word ^= UINT64_C(1) << 63;
    return true;
}

/* ---- order, digits ---- */

int pdm__value_digits(const pdm__value *value, char *digits) {
    return value->kind == PDM__VALUE_UINT ? snprintf(digits, 24, "%" PRIu64, value->word)
                                          : snprintf(digits, 24, "%" PRId64, (int64_t)value->word);
}

static int compare_numbers(const pdm__value *a, const pdm__value *b) {
    bool a_negative = a->kind == PDM__VALUE_INT && (int64_t)a->word < 0;
    bool b_negative = b->kind == PDM__VALUE_INT && (int64_t)b->word < 0;
    if (a_negative != b_negative) return a_negative ? -1 : 1;
    return a->word < b->word ? -1 : a->word > b->word; /* two's complement keeps the order among negatives */
}

int pdm__value_compare(const pdm__value *a, const pdm__value *b) {
    int32_t a_class = a->kind == PDM__VALUE_UINT ? PDM__VALUE_INT : a->kind;
    int32_t b_class = b->kind == PDM__VALUE_UINT ? PDM__VALUE_INT : b->kind;
    if (a_class != b_class) return a_class < b_class ? -1 : 1;
    if (a_class == PDM__VALUE_NONE) return 0;
    if (a_class == PDM__VALUE_INT) return compare_numbers(a, b);
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter == 0 ? 0 : memcmp(a->bytes, b->bytes, shorter);
    if (order != 0) return order;
    return a->length < b->length ? -1 : a->length > b->length;
}

pdm_status pdm__value_show(const pdm__value *value, pdm_table *table, int32_t column, int64_t row, pdm_error *err) {
    if (value != NULL && value->kind == PDM__VALUE_TEXT)
        return pdm__table_put_text(table, column, row, (const char *)value->bytes, value->length, err);
    if (value != NULL && value->kind != PDM__VALUE_NONE) {
        char digits[24];
        int length = pdm__value_digits(value, digits);
        return pdm__table_put_text(table, column, row, digits, (size_t)length, err);
    }
    PDM__TRY(pdm__table_put_text(table, column, row, "", 0, err));
    return pdm__table_set_null(table, column, row, err);
}

/* ---- sets ---- */

pdm_status pdm__value_set_add(pdm_context *context, pdm__value_set *set, const pdm__value *value, pdm_error *err) {
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? 16 : 2 * set->capacity;
        PDM__TRY(pdm__renew(context, set->capacity, capacity, sizeof *set->values, &set->values, err));
        set->capacity = capacity;
    }
    set->values[set->count++] = *value;
    return PDM_OK;
}

static int compare_any(const void *a, const void *b) { return pdm__value_compare(a, b); }

void pdm__value_set_settle(pdm__value_set *set) {
    size_t kept = 0;
    if (set->count == 0) return;
    qsort(set->values, set->count, sizeof *set->values, compare_any);
    for (size_t i = 1; i < set->count; i++) {
        if (pdm__value_compare(&set->values[kept], &set->values[i]) != 0) set->values[++kept] = set->values[i];
    }
    set->count = kept + 1;
}

int32_t pdm__value_set_find(const pdm__value_set *set, const pdm__value *value) {
    size_t low = 0;
    for (size_t high = set->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (pdm__value_compare(&set->values[middle], value) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int32_t)low;
}

void pdm__value_set_clear(pdm_context *context, pdm__value_set *set) {
    pdm__drop(context, set->values, set->capacity, sizeof *set->values);
    memset(set, 0, sizeof *set);
}
