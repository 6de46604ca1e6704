/* Lists: small tables of settings, kept as canonical columns. */
#include "core/state.h"

#include <inttypes.h>

#define MAX_LIST_ROWS ((int64_t)100000)

/* Moves one column of a block behind what the list already has; texts are copied and get a NUL. */
static pdm_status keep_column(pdm_state *state, const pdm__block *block, int32_t c, size_t at, uint64_t *words,
                              uint64_t *lengths, uint8_t *valid, pdm_error *err) {
    const pdm__cells *cells = &block->cells[c];
    for (size_t r = 0; r < block->rows; r++) {
        words[at + r] = cells->words[r];
        lengths[at + r] = cells->lengths == NULL ? 0 : cells->lengths[r];
        valid[at + r] = cells->valid == NULL ? 1 : cells->valid[r];
        if (cells->lengths == NULL) continue;
        char *copy = NULL;
        size_t length = (size_t)lengths[at + r];
        PDM__TRY(pdm__arena_take(&state->memory, length + 1, &copy, err));
        if (length > 0) memcpy(copy, (const void *)(uintptr_t)cells->words[r], length);
        copy[length] = '\0';
        words[at + r] = (uint64_t)(uintptr_t)copy;
    }
    return PDM_OK;
}

static pdm_status read_blocks(pdm_state *state, const pdm__ingest *in, pdm__block *block, int64_t rows, pdm__list *out,
                              pdm_error *err) {
    uint64_t *words[PDM__MAX_COLUMNS] = {NULL};
    uint64_t *lengths[PDM__MAX_COLUMNS] = {NULL};
    uint8_t *valid[PDM__MAX_COLUMNS] = {NULL};
    size_t room = (size_t)rows + 1;
    for (int32_t c = 0; c < in->count; c++) {
        if (in->columns[c] == NULL) continue;
        PDM__TRY(pdm__arena_take(&state->memory, room * sizeof **words, &words[c], err));
        PDM__TRY(pdm__arena_take(&state->memory, room * sizeof **lengths, &lengths[c], err));
        PDM__TRY(pdm__arena_take(&state->memory, room, &valid[c], err));
    }
    for (int64_t first = 0; first < rows; first += (int64_t)block->rows) {
        int64_t left = rows - first;
        size_t n = left < (int64_t)block->capacity ? (size_t)left : block->capacity;
        PDM__TRY(pdm__ingest_block(in, block, first, n, err));
        for (int32_t c = 0; c < in->count; c++) {
            if (in->columns[c] == NULL) continue;
            PDM__TRY(keep_column(state, block, c, (size_t)first, words[c], lengths[c], valid[c], err));
        }
    }
    for (int32_t c = 0; c < in->count; c++) {
        pdm__cells *cells = &out->cells[c];
        if (in->columns[c] == NULL) continue;
        bool text = in->kinds[c] == PDM__KEY_TEXT;
        *cells =
            (pdm__cells){.words = words[c], .lengths = text ? lengths[c] : NULL, .valid = valid[c], .present = true};
    }
    return PDM_OK;
}

pdm_status pdm__list_read(pdm_state *state, int32_t list, const pdm_batch *rows, pdm__list *out, pdm_error *err) {
    const pdm_list_info *info = &state->setup.metric->lists[list];
    memset(out, 0, sizeof *out);
    pdm__use use[PDM__MAX_COLUMNS];
    for (int32_t c = 0; c < info->column_count; c++)
        use[c] = info->columns[c].required != 0 ? PDM__REQUIRED : PDM__OPTIONAL;
    pdm__ingest in = {.calendar = &state->calendar};
    in.currency_exponent = (int32_t)pdm__option_int(state->setup.metric, state->options, "currency_exponent", -1);
    if (in.currency_exponent == INT32_MIN) in.currency_exponent = -1;
    in.naive_local = pdm__option_int(state->setup.metric, state->options, "naive_time", 0) != 0;
    PDM__TRY(pdm__ingest_begin(&in, info->columns, info->column_count, use, rows, err));
    if (rows->length > MAX_LIST_ROWS) {
        return pdm__fail(err, PDM_E_LIMIT, -1, info->name, "list \"%s\" has %" PRId64 " rows, %" PRId64 " are allowed",
                         info->name, rows->length, MAX_LIST_ROWS);
    }
    pdm__block block;
    PDM__TRY(pdm__block_init(&block, state->context, info->column_count, (size_t)rows->length, err));
    pdm_status status = read_blocks(state, &in, &block, rows->length, out, err);
    pdm__block_clear(&block);
    out->rows = rows->length;
    return status;
}

static bool cells_equal(const pdm__cells *a, const pdm__cells *b, int64_t r) {
    if (a->valid[r] != b->valid[r]) return false;
    if (a->valid[r] == 0) return true;
    if (a->lengths == NULL || b->lengths == NULL) return a->lengths == b->lengths && a->words[r] == b->words[r];
    if (a->lengths[r] != b->lengths[r]) return false;
    return memcmp((const void *)(uintptr_t)a->words[r], (const void *)(uintptr_t)b->words[r], (size_t)a->lengths[r]) ==
           0;
}

static bool lists_equal(const pdm__list *a, const pdm__list *b, int32_t columns) {
    if (a->rows != b->rows) return false;
    for (int32_t c = 0; c < columns; c++) {
        if (a->cells[c].present != b->cells[c].present) return false;
        for (int64_t r = 0; a->cells[c].present && r < a->rows; r++) {
            if (!cells_equal(&a->cells[c], &b->cells[c], r)) return false;
        }
    }
    return true;
}

const char *pdm__lists_difference(const pdm_state *a, const pdm_state *b) {
    const pdm_metric *metric = a->setup.metric;
    for (int32_t i = 0; i < metric->list_count; i++) {
        if (!lists_equal(&a->lists[i], &b->lists[i], metric->lists[i].column_count)) return metric->lists[i].name;
    }
    return NULL;
}

bool pdm__calendars_equal(const pdm_calendar *a, const pdm_calendar *b) {
    size_t count = (size_t)a->change_count;
    return a->week_start == b->week_start && a->utc_offset_s == b->utc_offset_s && a->change_count == b->change_count &&
           (count == 0 || (memcmp(a->change_s, b->change_s, count * sizeof *a->change_s) == 0 &&
                           memcmp(a->offset_s, b->offset_s, count * sizeof *a->offset_s) == 0));
}
