#include "core/items.h"

bool pdm__items_serve(int32_t role, const pdm_column *items) {
    if (items == NULL) return false;
    if (items->type == PDM_TYPE_ALL_NULL) return true;
    if (role == PDM_ROLE_INTEGER) return pdm__is_integer(items->type);
    if (items->type != PDM_TYPE_DICTIONARY) return pdm__is_text(items->type);
    return items->dictionary != NULL && pdm__is_integer(items->index_type) && pdm__is_text(items->dictionary->type);
}

/* ---- one item ---- */

/* Follows a dictionary: which column an item lies in, and where. NULL: it is null. A place outside the dictionary is −1. */
static const pdm_column *resolve(const pdm_column *items, uint64_t place, int64_t *at) {
    *at = items->offset + (int64_t)place;
    if (items->type == PDM_TYPE_ALL_NULL) return NULL;
    if (items->validity != NULL && !pdm__bit_at(items->validity, *at)) return NULL;
    if (items->type != PDM_TYPE_DICTIONARY) return items;
    const pdm_column *values = items->dictionary;
    uint64_t index = 0;
    pdm__convert_widen(items->index_type, items->values, *at, 1, &index);
    *at = index < (uint64_t)items->dictionary_length ? values->offset + (int64_t)index : -1;
    if (*at >= 0 && values->validity != NULL && !pdm__bit_at(values->validity, *at)) return NULL;
    return values;
}

/* NULL, or what is wrong with an item. */
static const char *fault_of(const pdm_column *items, uint64_t place) {
    int64_t at = 0;
    const uint8_t *bytes = NULL;
    uint64_t length = 0;
    const pdm_column *column = resolve(items, place, &at);
    if (column == NULL) return "is null";
    if (at < 0) return "is no entry of the dictionary";
    if (pdm__is_integer(column->type)) {
        pdm__convert_widen(column->type, column->values, at, 1, &length);
        return column->type == PDM_TYPE_UINT64 && length > (uint64_t)INT64_MAX ? "does not fit int64" : NULL;
    }
    if (!pdm__convert_text_at(column, at, &bytes, &length))
        return "has offsets that run backwards or out of its buffers";
    if (length > UINT32_MAX) return "is longer than 4 GiB";
    return pdm__is_utf8(bytes, (size_t)length) ? NULL : "is not valid UTF-8";
}

const char *pdm__item_text(const pdm_column *items, uint64_t place, size_t *length) {
    int64_t at = 0;
    const uint8_t *bytes = NULL;
    uint64_t size = 0;
    const pdm_column *column = resolve(items, place, &at);
    (void)pdm__convert_text_at(column, at, &bytes, &size);
    *length = (size_t)size;
    return (const char *)bytes;
}

int64_t pdm__item_integer(const pdm_column *items, uint64_t place) {
    uint64_t word = 0;
    pdm__convert_widen(items->type, items->values, items->offset + (int64_t)place, 1, &word);
    return (int64_t)word;
}

/* ---- rows ---- */

/* First item of a row and how many there are; false if its offsets contradict themselves or the items. */
static bool list_at(const pdm_column *column, int64_t at, uint64_t *place, uint64_t *count) {
    int32_t narrow[2];
    int64_t wide[2];
    if (column->type == PDM_TYPE_LIST) {
        memcpy(narrow, (const uint8_t *)column->offsets + (size_t)at * sizeof *narrow, sizeof narrow);
        wide[0] = narrow[0];
        wide[1] = narrow[1];
    } else {
        memcpy(wide, (const uint8_t *)column->offsets + (size_t)at * sizeof *wide, sizeof wide);
    }
    if (wide[0] < 0 || wide[1] < wide[0] || wide[1] > column->dictionary_length) return false;
    *place = (uint64_t)wide[0];
    *count = (uint64_t)(wide[1] - wide[0]);
    return true;
}

static pdm_status check_items(const pdm_column_info *info, const pdm_column *items, int64_t row, uint64_t place,
                              uint64_t count, pdm_error *err) {
    for (uint64_t i = 0; i < count; i++) {
        const char *fault = fault_of(items, place + i);
        if (fault == NULL) continue;
        return pdm__fail(err, PDM_E_BAD_VALUE, row, info->name, "row %lld, column \"%s\": item %llu of the list %s",
                         (long long)row, info->name, (unsigned long long)i, fault);
    }
    return PDM_OK;
}

pdm_status pdm__items_convert(const pdm_column_info *info, const pdm_column *column, int64_t first, size_t rows,
                              const pdm__convert_to *to, pdm__cells *out, pdm_error *err) {
    out->words = to->words;
    out->lengths = to->lengths;
    out->items = column->items;
    for (size_t r = 0; r < rows; r++) {
        int64_t row = first + (int64_t)r;
        to->words[r] = 0;
        to->lengths[r] = 0;
        if (out->valid != NULL && out->valid[r] == 0) continue;
        if (!list_at(column, column->offset + row, &to->words[r], &to->lengths[r]))
            return pdm__fail(err, PDM_E_BAD_VALUE, row, info->name,
                             "row %lld, column \"%s\": the list's offsets run backwards or out of its %lld items",
                             (long long)row, info->name, (long long)column->dictionary_length);
        PDM__TRY(check_items(info, column->items, row, to->words[r], to->lengths[r], err));
    }
    return PDM_OK;
}
