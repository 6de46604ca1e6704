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

size_t pdm__value_size(const pdm__cells *cells, size_t row, bool empty_too) {
    if (is_none(cells, row, empty_too)) return 1;
    return cells->lengths == NULL ? 9 : 5 + (size_t)cells->lengths[row];
}

uint8_t *pdm__value_put(const pdm__cells *cells, size_t row, bool empty_too, uint8_t *to) {
    if (is_none(cells, row, empty_too)) {
        *to++ = PDM__VALUE_NONE;
        return to;
    }
    uint64_t word = cells->words[row];
    if (cells->lengths == NULL) {
        bool large = cells->is_unsigned && word > (uint64_t)INT64_MAX; /* equal numbers, equal bytes */
        *to++ = large ? PDM__VALUE_UINT : PDM__VALUE_INT;
        word ^= large ? 0 : UINT64_C(1) << 63;
        for (int32_t i = 7; i >= 0; i--) *to++ = (uint8_t)(word >> (8 * i));
        return to;
    }
    size_t length = (size_t)cells->lengths[row];
    *to++ = PDM__VALUE_TEXT;
    for (int32_t i = 3; i >= 0; i--) *to++ = (uint8_t)(length >> (8 * i));
    if (length > 0) memcpy(to, pdm__pointer_of(word), length);
    return to + length;
}

static uint64_t big_endian(const uint8_t *from, int32_t bytes) {
    uint64_t value = 0;
    for (int32_t i = 0; i < bytes; i++) value = value << 8 | from[i];
    return value;
}

bool pdm__value_read(const uint8_t **at, const uint8_t *end, pdm__value *out) {
    memset(out, 0, sizeof *out);
    if (*at == end) return false;
    out->kind = *(*at)++;
    if (out->kind == PDM__VALUE_NONE) return true;
    if (out->kind > PDM__VALUE_TEXT) return false;
    size_t head = out->kind == PDM__VALUE_TEXT ? 4 : 8;
    if ((size_t)(end - *at) < head) return false;
    uint64_t word = big_endian(*at, (int32_t)head);
    *at += head;
    if (out->kind != PDM__VALUE_TEXT) {
        out->word = out->kind == PDM__VALUE_UINT ? word : word ^ UINT64_C(1) << 63;
        return out->kind == PDM__VALUE_INT || word > (uint64_t)INT64_MAX;
    }
    if ((size_t)(end - *at) < word || !pdm__is_utf8(*at, (size_t)word)) return false;
    out->bytes = *at;
    out->length = (uint32_t)word;
    *at += word;
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
