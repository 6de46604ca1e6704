#include "metrics/funnel_facet.h"

#include "core/convert.h"

#include <inttypes.h>
#include <stdio.h>

bool pdm__funnel_cell_given(const pdm__cells *cells, size_t row) {
    return cells->valid == NULL || cells->valid[row] != 0;
}

bool pdm__funnel_cells_equal(const pdm__cells *a, const pdm__cells *b, size_t row) {
    if (a == b) return true;
    if ((a->lengths == NULL) != (b->lengths == NULL)) return false;
    bool same = a->is_unsigned == b->is_unsigned || (int64_t)a->words[row] >= 0; /* −1 is not 2^64 − 1 */
    if (a->lengths == NULL) return same && a->words[row] == b->words[row];
    return a->lengths[row] == b->lengths[row] &&
           (a->lengths[row] == 0 ||
            memcmp(pdm__pointer_of(a->words[row]), pdm__pointer_of(b->words[row]), (size_t)a->lengths[row]) == 0);
}

static bool is_none(const pdm__cells *cells, size_t row, bool empty_too) {
    if (cells == NULL || !cells->present || !pdm__funnel_cell_given(cells, row)) return true;
    return empty_too && cells->lengths != NULL && cells->lengths[row] == 0;
}

static size_t value_size(const pdm__cells *cells, size_t row, bool empty_too) {
    if (is_none(cells, row, empty_too)) return 1;
    return cells->lengths == NULL ? 9 : 5 + (size_t)cells->lengths[row];
}

static uint8_t *put_value(const pdm__cells *cells, size_t row, bool empty_too, uint8_t *to) {
    if (is_none(cells, row, empty_too)) {
        *to++ = FUNNEL_VALUE_NONE;
        return to;
    }
    uint64_t word = cells->words[row];
    if (cells->lengths == NULL) {
        bool large = cells->is_unsigned && word > (uint64_t)INT64_MAX; /* equal numbers, equal bytes */
        *to++ = large ? FUNNEL_VALUE_UINT : FUNNEL_VALUE_INT;
        word ^= large ? 0 : UINT64_C(1) << 63;
        for (int32_t i = 7; i >= 0; i--) *to++ = (uint8_t)(word >> (8 * i));
        return to;
    }
    size_t length = (size_t)cells->lengths[row];
    *to++ = FUNNEL_VALUE_TEXT;
    for (int32_t i = 3; i >= 0; i--) *to++ = (uint8_t)(length >> (8 * i));
    if (length > 0) memcpy(to, pdm__pointer_of(word), length);
    return to + length;
}

size_t pdm__funnel_facet_size(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                              size_t row) {
    return value_size(session, row, false) + value_size(hold, row, false) + value_size(breakdown, row, true);
}

uint8_t *pdm__funnel_facet_put(const pdm__cells *session, const pdm__cells *hold, const pdm__cells *breakdown,
                               size_t row, uint8_t *to) {
    to = put_value(session, row, false, to);
    to = put_value(hold, row, false, to);
    return put_value(breakdown, row, true, to);
}

static uint64_t big_endian(const uint8_t *from, int32_t bytes) {
    uint64_t value = 0;
    for (int32_t i = 0; i < bytes; i++) value = value << 8 | from[i];
    return value;
}

/* The next value of [*at, end). */
static bool read_value(const uint8_t **at, const uint8_t *end, pdm__funnel_value *out) {
    memset(out, 0, sizeof *out);
    if (*at == end) return false;
    out->kind = *(*at)++;
    if (out->kind == FUNNEL_VALUE_NONE) return true;
    if (out->kind > FUNNEL_VALUE_TEXT) return false;
    size_t head = out->kind == FUNNEL_VALUE_TEXT ? 4 : 8;
    if ((size_t)(end - *at) < head) return false;
    uint64_t word = big_endian(*at, (int32_t)head);
    *at += head;
    if (out->kind != FUNNEL_VALUE_TEXT) {
        out->word = out->kind == FUNNEL_VALUE_UINT ? word : word ^ UINT64_C(1) << 63;
        return out->kind == FUNNEL_VALUE_INT || word > (uint64_t)INT64_MAX;
    }
    if ((size_t)(end - *at) < word || !pdm__is_utf8(*at, (size_t)word)) return false;
    out->bytes = *at;
    out->length = (uint32_t)word;
    *at += word;
    return true;
}

bool pdm__funnel_facet_read(const uint8_t *bytes, size_t size, pdm__funnel_values *out) {
    const uint8_t *end = bytes + size;
    return read_value(&bytes, end, &out->session) && read_value(&bytes, end, &out->hold) &&
           read_value(&bytes, end, &out->breakdown) && bytes == end;
}

uint32_t pdm__funnel_facet_plain(const uint8_t *bytes, uint32_t size, uint8_t *to) {
    pdm__funnel_value value;
    const uint8_t *at = bytes;
    (void)read_value(&at, bytes + size, &value);
    (void)read_value(&at, bytes + size, &value);
    size_t kept = (size_t)(at - bytes);
    memcpy(to, bytes, kept);
    to[kept] = FUNNEL_VALUE_NONE;
    return (uint32_t)kept + 1;
}

int pdm__funnel_digits(const pdm__funnel_value *value, char *digits) {
    return value->kind == FUNNEL_VALUE_UINT ? snprintf(digits, 24, "%" PRIu64, value->word)
                                            : snprintf(digits, 24, "%" PRId64, (int64_t)value->word);
}

static int compare_numbers(const pdm__funnel_value *a, const pdm__funnel_value *b) {
    bool a_negative = a->kind == FUNNEL_VALUE_INT && (int64_t)a->word < 0;
    bool b_negative = b->kind == FUNNEL_VALUE_INT && (int64_t)b->word < 0;
    if (a_negative != b_negative) return a_negative ? -1 : 1;
    return a->word < b->word ? -1 : a->word > b->word; /* two's complement keeps the order among negatives */
}

int pdm__funnel_value_compare(const pdm__funnel_value *a, const pdm__funnel_value *b) {
    int32_t a_class = a->kind == FUNNEL_VALUE_UINT ? FUNNEL_VALUE_INT : a->kind;
    int32_t b_class = b->kind == FUNNEL_VALUE_UINT ? FUNNEL_VALUE_INT : b->kind;
    if (a_class != b_class) return a_class < b_class ? -1 : 1;
    if (a_class == FUNNEL_VALUE_NONE) return 0;
    if (a_class == FUNNEL_VALUE_INT) return compare_numbers(a, b);
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter == 0 ? 0 : memcmp(a->bytes, b->bytes, shorter);
    if (order != 0) return order;
    return a->length < b->length ? -1 : a->length > b->length;
}
