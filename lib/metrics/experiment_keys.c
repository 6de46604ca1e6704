/* Segment levels as bytes: their order is null, integers by size, texts by bytes. */
#include "metrics/experiment_internal.h"

#include "core/convert.h"

#include <stdio.h>

static bool is_null(const pdm__cells *cells, size_t row) { return cells->valid != NULL && cells->valid[row] == 0; }

size_t pdm__experiment_level_size(const pdm__cells *cells, size_t row) {
    if (is_null(cells, row)) return 1;
    return 1 + (cells->lengths != NULL ? (size_t)cells->lengths[row] : sizeof(uint64_t));
}

uint8_t *pdm__experiment_level_put(const pdm__cells *cells, size_t row, uint8_t *to) {
    if (is_null(cells, row)) {
        *to++ = EXPERIMENT_LEVEL_NULL;
        return to;
    }
    if (cells->lengths != NULL) {
        size_t length = (size_t)cells->lengths[row];
        *to++ = EXPERIMENT_LEVEL_TEXT;
        if (length > 0) memcpy(to, pdm__pointer_of(cells->words[row]), length);
        return to + length;
    }
    /* Integers that fit int64 are the same level whatever type they came in. */
    uint64_t word = cells->words[row];
    bool large = cells->is_unsigned && word > (uint64_t)INT64_MAX;
    *to++ = large ? EXPERIMENT_LEVEL_UINT : EXPERIMENT_LEVEL_INT;
    if (!large) word ^= UINT64_C(1) << 63;
    for (int32_t shift = 56; shift >= 0; shift -= 8) *to++ = (uint8_t)(word >> shift);
    return to;
}

static uint64_t word_of(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int32_t i = 0; i < 8; i++) word = word << 8 | bytes[i];
    return word;
}

bool pdm__experiment_level_valid(const uint8_t *bytes, uint32_t length) {
    if (length == 0) return false;
    switch (bytes[0]) {
    case EXPERIMENT_LEVEL_NULL: return length == 1;
    case EXPERIMENT_LEVEL_INT: return length == 9;
    case EXPERIMENT_LEVEL_UINT: return length == 9 && word_of(bytes + 1) > (uint64_t)INT64_MAX;
    case EXPERIMENT_LEVEL_TEXT: return pdm__is_utf8(bytes + 1, length - 1);
    default: return false;
    }
}

bool pdm__experiment_levels_split(const uint8_t *bytes, uint32_t length, int32_t count, pdm__experiment_level *levels) {
    for (int32_t i = 0; i < count; i++) {
        uint32_t size = 0;
        if (length < sizeof size) return false;
        memcpy(&size, bytes, sizeof size);
        bytes += sizeof size;
        length -= (uint32_t)sizeof size;
        if (size > length) return false;
        levels[i] = (pdm__experiment_level){bytes, size};
        bytes += size;
        length -= size;
    }
    return length == 0;
}

bool pdm__experiment_level_text(const pdm__experiment_level *level, char *buffer, const char **text, size_t *length) {
    *text = buffer;
    *length = 0;
    switch (level->bytes[0]) {
    case EXPERIMENT_LEVEL_NULL: return false;
    case EXPERIMENT_LEVEL_INT:
        *length =
            (size_t)snprintf(buffer, 24, "%lld", (long long)(int64_t)(word_of(level->bytes + 1) ^ UINT64_C(1) << 63));
        return true;
    case EXPERIMENT_LEVEL_UINT:
        *length = (size_t)snprintf(buffer, 24, "%llu", (unsigned long long)word_of(level->bytes + 1));
        return true;
    default:
        *text = (const char *)level->bytes + 1;
        *length = level->length - 1;
        return true;
    }
}
