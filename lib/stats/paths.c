/* Path tables in the making. */
#include "stats/paths.h"

#include <xxhash.h>

void pdm__path_builder_clear(pdm__path_builder *b) {
    pdm_context *context = b->context;
    if (context == NULL) return;
    pdm__drop(context, b->touches, b->touch_room, sizeof *b->touches);
    pdm__drop(context, b->rows, b->row_room, sizeof *b->rows);
    pdm__drop(context, b->slots, b->slot_count, sizeof *b->slots);
    pdm__drop(context, b->amounts, b->amount_room, sizeof *b->amounts);
    pdm__drop(context, b->tokens, b->token_room, sizeof *b->tokens);
    pdm__drop(context, b->token_slots, b->token_slot_count, sizeof *b->token_slots);
    memset(b, 0, sizeof *b);
    b->context = context;
}

static pdm_status grow(pdm_context *context, void *block, size_t *room, size_t need, size_t size, pdm_error *err) {
    if (need <= *room) return PDM_OK;
    size_t larger = *room < 64 ? 64 : *room;
    while (larger < need) {
        if (!pdm__mul_size(larger, 2, &larger)) return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "too many paths");
    }
    PDM__TRY(pdm__renew(context, *room, larger, size, block, err));
    *room = larger;
    return PDM_OK;
}

static size_t token_slot(const pdm__path_builder *b, pdm__token token) {
    uint64_t mixed = ((uint64_t)token.channel << 32 | token.times) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(mixed >> 32) & (b->token_slot_count - 1);
    while (b->token_slots[at] != 0) {
        const pdm__token *seen = &b->tokens[b->token_slots[at] - 1];
        if (seen->channel == token.channel && seen->times == token.times) break;
        at = (at + 1) & (b->token_slot_count - 1);
    }
    return at;
}

static pdm_status more_token_slots(pdm__path_builder *b, pdm_error *err) {
    size_t count = b->token_slot_count == 0 ? 64 : b->token_slot_count * 2;
    uint32_t *slots = NULL;
    PDM__TRY(pdm__new_zero(b->context, count, sizeof *slots, &slots, err));
    pdm__drop(b->context, b->token_slots, b->token_slot_count, sizeof *b->token_slots);
    b->token_slots = slots;
    b->token_slot_count = count;
    for (size_t t = 0; t < b->token_count; t++) slots[token_slot(b, b->tokens[t])] = (uint32_t)t + 1;
    return PDM_OK;
}

pdm_status pdm__path_builder_token(pdm__path_builder *b, pdm__token token, uint32_t *out, pdm_error *err) {
    if (b->token_count * 2 >= b->token_slot_count) PDM__TRY(more_token_slots(b, err));
    size_t at = token_slot(b, token);
    if (b->token_slots[at] == 0) {
        if (b->token_count >= PDM__PATH_MAX_TOKENS)
            return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than %u different touches", PDM__PATH_MAX_TOKENS);
        PDM__TRY(grow(b->context, &b->tokens, &b->token_room, b->token_count + 1, sizeof *b->tokens, err));
        b->tokens[b->token_count++] = token;
        b->token_slots[at] = (uint32_t)b->token_count;
    }
    *out = b->token_slots[at] - 1;
    return PDM_OK;
}

static bool row_is(const pdm__path_builder *b, const pdm__path_row *row, const pdm__path_row *other) {
    return row->length == other->length &&
           memcmp(b->touches + row->at, b->touches + other->at, row->length * sizeof *b->touches) == 0;
}

static pdm_status more_slots(pdm__path_builder *b, pdm_error *err) {
    size_t count = b->slot_count == 0 ? 256 : b->slot_count * 2;
    pdm__path_slot *slots = NULL;
    PDM__TRY(pdm__new_zero(b->context, count, sizeof *slots, &slots, err));
    for (size_t s = 0; s < b->slot_count; s++) {
        if (b->slots[s].row == 0) continue;
        size_t at = b->slots[s].hash & (count - 1);
        while (slots[at].row != 0) at = (at + 1) & (count - 1);
        slots[at] = b->slots[s];
    }
    pdm__drop(b->context, b->slots, b->slot_count, sizeof *b->slots);
    b->slots = slots;
    b->slot_count = count;
    return PDM_OK;
}

static pdm_status add_amount(pdm__path_builder *b, size_t row, double amount, pdm_error *err) {
    PDM__TRY(grow(b->context, &b->amounts, &b->amount_room, b->amount_count + 1, sizeof *b->amounts, err));
    b->amounts[b->amount_count++] = (pdm__path_amount){.row = (uint32_t)row, .amount = amount};
    return PDM_OK;
}

/* The row of a path, made if need be; room for it is there. Touches of rows close up. */
static size_t place_of(pdm__path_builder *b, const pdm__path_row *path) {
    size_t at = path->hash & (b->slot_count - 1);
    for (; b->slots[at].row != 0; at = (at + 1) & (b->slot_count - 1)) {
        if (b->slots[at].hash == path->hash && row_is(b, &b->rows[b->slots[at].row - 1], path))
            return b->slots[at].row - 1;
    }
    if (path->at != b->touch_count)
        memmove(b->touches + b->touch_count, b->touches + path->at, path->length * sizeof *b->touches);
    b->rows[b->row_count++] = (pdm__path_row){.at = b->touch_count, .length = path->length, .hash = path->hash};
    b->touch_count += path->length;
    b->slots[at] = (pdm__path_slot){.hash = path->hash, .row = (uint32_t)b->row_count};
    return b->row_count - 1;
}

/* The row that a path is most likely found in, NULL if there is none. */
static const pdm__path_row *candidate(const pdm__path_builder *b, const pdm__path_row *path) {
    const pdm__path_slot *slot = &b->slots[path->hash & (b->slot_count - 1)];
    return slot->row != 0 && slot->hash == path->hash ? &b->rows[slot->row - 1] : NULL;
}

/* Passes over what waits, so that the misses of one path overlap with those of the others. */
pdm_status pdm__path_builder_settle(pdm__path_builder *b, pdm_error *err) {
    size_t most = b->row_count + (size_t)b->waiting_count;
    if (b->waiting_count == 0) return PDM_OK;
    if (most >= UINT32_MAX) return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than 2^32 paths");
    while (most * 2 > b->slot_count) PDM__TRY(more_slots(b, err));
    PDM__TRY(grow(b->context, &b->rows, &b->row_room, most, sizeof *b->rows, err));
    for (int32_t i = 0; i < b->waiting_count; i++) {
        const pdm__path_row *row = candidate(b, &b->waiting[i].path);
        if (row != NULL) __builtin_prefetch(row, 1);
    }
    for (int32_t i = 0; i < b->waiting_count; i++) {
        const pdm__path_row *row = candidate(b, &b->waiting[i].path);
        if (row != NULL) __builtin_prefetch(b->touches + row->at);
    }
    for (int32_t i = 0; i < b->waiting_count; i++) {
        const pdm__path_waiting *w = &b->waiting[i];
        size_t row = place_of(b, &w->path);
        b->rows[row].conversions += w->path.conversions;
        b->rows[row].nulls += w->path.nulls;
        b->rows[row].money += w->path.money;
        if (w->place != NULL) *w->place = row;
        if (w->has_amount) PDM__TRY(add_amount(b, row, w->amount, err));
    }
    b->waiting_count = 0;
    b->touch_end = b->touch_count;
    return PDM_OK;
}

/* The path waits for its row, whose number goes to *place (unless NULL) once it has one. */
static pdm_status await_row(pdm__path_builder *b, const uint32_t *touches, uint32_t length, const pdm__path_gain *gain,
                            size_t *place, pdm_error *err) {
    if (b->waiting_count == PDM__PATH_WAITING) PDM__TRY(pdm__path_builder_settle(b, err));
    PDM__TRY(grow(b->context, &b->touches, &b->touch_room, b->touch_end + length, sizeof *b->touches, err));
    memcpy(b->touches + b->touch_end, touches, length * sizeof *touches);
    uint32_t hash = (uint32_t)XXH3_64bits(touches, length * sizeof *touches);
    if (b->slot_count > 0) __builtin_prefetch(&b->slots[hash & (b->slot_count - 1)], 1);
    b->waiting[b->waiting_count++] = (pdm__path_waiting){.path = {.at = b->touch_end,
                                                                  .length = length,
                                                                  .hash = hash,
                                                                  .conversions = gain->conversions,
                                                                  .nulls = gain->nulls,
                                                                  .money = gain->money},
                                                         .amount = gain->amount,
                                                         .place = place,
                                                         .has_amount = gain->has_amount};
    b->touch_end += length;
    return PDM_OK;
}

pdm_status pdm__path_builder_add(pdm__path_builder *b, const uint32_t *touches, uint32_t length,
                                 const pdm__path_gain *gain, pdm_error *err) {
    return await_row(b, touches, length, gain, NULL, err);
}

static pdm_status merge_rows(pdm__path_builder *b, const pdm__path_builder *from, const uint32_t *map, size_t *rows,
                             uint32_t *touches, pdm_error *err) {
    for (size_t r = 0; r < from->row_count; r++) {
        const pdm__path_row *row = &from->rows[r];
        const pdm__path_gain gain = {.conversions = row->conversions, .nulls = row->nulls, .money = row->money};
        for (uint32_t i = 0; i < row->length; i++) {
            uint32_t touch = from->touches[row->at + i];
            touches[i] = pdm__touch_of(map[pdm__touch_token(touch)], pdm__touch_marks(touch));
        }
        PDM__TRY(await_row(b, touches, row->length, &gain, &rows[r], err));
    }
    PDM__TRY(pdm__path_builder_settle(b, err));
    for (size_t i = 0; i < from->amount_count; i++)
        PDM__TRY(add_amount(b, rows[from->amounts[i].row], from->amounts[i].amount, err));
    return PDM_OK;
}

static uint32_t longest(const pdm__path_builder *b) {
    uint32_t most = 0;
    for (size_t r = 0; r < b->row_count; r++) most = b->rows[r].length > most ? b->rows[r].length : most;
    return most;
}

pdm_status pdm__path_builder_merge(pdm__path_builder *b, pdm__path_builder *from, pdm_error *err) {
    uint32_t *map = NULL;
    size_t *rows = NULL;
    uint32_t *touches = NULL;
    PDM__TRY(pdm__path_builder_settle(from, err));
    uint32_t most = longest(from);
    pdm_status status = pdm__new(b->context, from->token_count, sizeof *map, &map, err);
    if (status == PDM_OK) status = pdm__new(b->context, from->row_count, sizeof *rows, &rows, err);
    if (status == PDM_OK) status = pdm__new(b->context, most, sizeof *touches, &touches, err);
    for (size_t t = 0; status == PDM_OK && t < from->token_count; t++)
        status = pdm__path_builder_token(b, from->tokens[t], &map[t], err);
    if (status == PDM_OK) status = merge_rows(b, from, map, rows, touches, err);
    pdm__drop(b->context, map, from->token_count, sizeof *map);
    pdm__drop(b->context, rows, from->row_count, sizeof *rows);
    pdm__drop(b->context, touches, most, sizeof *touches);
    return status;
}
