#include "stats/paths.h"

#include "core/sort.h"
#include "stats/fixed_sum.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

/* ---- the builder ---- */

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

static bool row_is(const pdm__path_builder *b, const pdm__path_row *row, const uint32_t *touches, uint32_t length,
                   uint32_t hash) {
    return row->hash == hash && row->length == length &&
           memcmp(b->touches + row->at, touches, length * sizeof *touches) == 0;
}

static pdm_status more_slots(pdm__path_builder *b, pdm_error *err) {
    size_t count = b->slot_count == 0 ? 256 : b->slot_count * 2;
    uint32_t *slots = NULL;
    PDM__TRY(pdm__new_zero(b->context, count, sizeof *slots, &slots, err));
    pdm__drop(b->context, b->slots, b->slot_count, sizeof *b->slots);
    b->slots = slots;
    b->slot_count = count;
    for (size_t r = 0; r < b->row_count; r++) {
        size_t at = b->rows[r].hash & (count - 1);
        while (slots[at] != 0) at = (at + 1) & (count - 1);
        slots[at] = (uint32_t)r + 1;
    }
    return PDM_OK;
}

/* The row of a path, made if need be. */
static pdm_status find_row(pdm__path_builder *b, const uint32_t *touches, uint32_t length, size_t *out,
                           pdm_error *err) {
    if (b->row_count * 2 >= b->slot_count) PDM__TRY(more_slots(b, err));
    uint32_t hash = (uint32_t)XXH3_64bits(touches, length * sizeof *touches);
    size_t at = hash & (b->slot_count - 1);
    while (b->slots[at] != 0 && !row_is(b, &b->rows[b->slots[at] - 1], touches, length, hash))
        at = (at + 1) & (b->slot_count - 1);
    if (b->slots[at] == 0) {
        if (b->row_count >= UINT32_MAX - 1) return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than 2^32 paths");
        PDM__TRY(grow(b->context, &b->rows, &b->row_room, b->row_count + 1, sizeof *b->rows, err));
        PDM__TRY(grow(b->context, &b->touches, &b->touch_room, b->touch_count + length, sizeof *b->touches, err));
        memcpy(b->touches + b->touch_count, touches, length * sizeof *touches);
        b->rows[b->row_count++] = (pdm__path_row){.at = b->touch_count, .length = length, .hash = hash};
        b->touch_count += length;
        b->slots[at] = (uint32_t)b->row_count;
    }
    *out = b->slots[at] - 1;
    return PDM_OK;
}

static pdm_status add_amount(pdm__path_builder *b, size_t row, double amount, pdm_error *err) {
    PDM__TRY(grow(b->context, &b->amounts, &b->amount_room, b->amount_count + 1, sizeof *b->amounts, err));
    b->amounts[b->amount_count++] = (pdm__path_amount){.row = (uint32_t)row, .amount = amount};
    return PDM_OK;
}

pdm_status pdm__path_builder_add(pdm__path_builder *b, const uint32_t *touches, uint32_t length,
                                 const pdm__path_gain *gain, pdm_error *err) {
    size_t row = 0;
    PDM__TRY(find_row(b, touches, length, &row, err));
    b->rows[row].conversions += gain->conversions;
    b->rows[row].nulls += gain->nulls;
    b->rows[row].money += gain->money;
    return gain->has_amount ? add_amount(b, row, gain->amount, err) : PDM_OK;
}

static pdm_status merge_rows(pdm__path_builder *b, const pdm__path_builder *from, const uint32_t *map, size_t *rows,
                             uint32_t *touches, pdm_error *err) {
    for (size_t r = 0; r < from->row_count; r++) {
        const pdm__path_row *row = &from->rows[r];
        for (uint32_t i = 0; i < row->length; i++) {
            uint32_t touch = from->touches[row->at + i];
            touches[i] = pdm__touch_of(map[pdm__touch_token(touch)], pdm__touch_marks(touch));
        }
        PDM__TRY(find_row(b, touches, row->length, &rows[r], err));
        b->rows[rows[r]].conversions += row->conversions;
        b->rows[rows[r]].nulls += row->nulls;
        b->rows[rows[r]].money += row->money;
    }
    for (size_t i = 0; i < from->amount_count; i++)
        PDM__TRY(add_amount(b, rows[from->amounts[i].row], from->amounts[i].amount, err));
    return PDM_OK;
}

static uint32_t longest(const pdm__path_builder *b) {
    uint32_t most = 0;
    for (size_t r = 0; r < b->row_count; r++) most = b->rows[r].length > most ? b->rows[r].length : most;
    return most;
}

pdm_status pdm__path_builder_merge(pdm__path_builder *b, const pdm__path_builder *from, pdm_error *err) {
    uint32_t *map = NULL;
    size_t *rows = NULL;
    uint32_t *touches = NULL;
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

/* ---- the table ---- */

void pdm__paths_clear(pdm__paths *paths) {
    if (paths->context == NULL) return;
    pdm__drop(paths->context, paths->items, paths->count, sizeof *paths->items);
    pdm__drop(paths->context, paths->touches, paths->touch_count, sizeof *paths->touches);
    pdm__drop(paths->context, paths->tokens, paths->token_count, sizeof *paths->tokens);
    memset(paths, 0, sizeof *paths);
}

typedef struct ranked_token {
    pdm__token token;
    uint32_t index;
} ranked_token;

static int by_token(const void *left, const void *right) {
    const ranked_token *a = left;
    const ranked_token *b = right;
    if (a->token.channel != b->token.channel) return a->token.channel < b->token.channel ? -1 : 1;
    return a->token.times < b->token.times ? -1 : a->token.times > b->token.times;
}

/* Tokens in canonical order; map[index in the builder] = index in the table. Where all are channels, those that no path has join them. */
static pdm_status rank_tokens(const pdm__path_builder *b, uint32_t channels, uint32_t *map, pdm__paths *out,
                              pdm_error *err) {
    ranked_token *ranked = NULL;
    out->plain = true;
    for (size_t t = 0; t < b->token_count; t++) out->plain = out->plain && b->tokens[t].times == 0;
    out->token_count = out->plain ? channels : (uint32_t)b->token_count;
    PDM__TRY(pdm__new(b->context, out->token_count, sizeof *out->tokens, &out->tokens, err));
    if (out->plain) {
        for (uint32_t c = 0; c < channels; c++) out->tokens[c] = (pdm__token){c, 0};
        for (size_t t = 0; t < b->token_count; t++) map[t] = b->tokens[t].channel;
        return PDM_OK;
    }
    PDM__TRY(pdm__new(b->context, b->token_count, sizeof *ranked, &ranked, err));
    for (size_t t = 0; t < b->token_count; t++) ranked[t] = (ranked_token){b->tokens[t], (uint32_t)t};
    qsort(ranked, b->token_count, sizeof *ranked, by_token);
    for (size_t t = 0; t < b->token_count; t++) {
        out->tokens[t] = ranked[t].token;
        map[ranked[t].index] = (uint32_t)t;
    }
    pdm__drop(b->context, ranked, b->token_count, sizeof *ranked);
    return PDM_OK;
}

/* Rows in canonical order: touches big-endian, compared as bytes. */
static pdm_status sort_rows(const pdm__path_builder *b, pdm__run *run, const uint32_t *map, uint8_t *bytes,
                            pdm__sort_text *texts, pdm__sort_text *scratch, pdm_error *err) {
    for (size_t i = 0; i < b->touch_count; i++) {
        uint32_t touch = b->touches[i];
        touch = pdm__touch_of(map[pdm__touch_token(touch)], pdm__touch_marks(touch));
        for (int32_t s = 0; s < 4; s++) bytes[4 * i + (size_t)s] = (uint8_t)(touch >> (24 - 8 * s));
    }
    for (size_t r = 0; r < b->row_count; r++) {
        texts[r] =
            (pdm__sort_text){.bytes = bytes + 4 * b->rows[r].at, .length = 4 * b->rows[r].length, .index = (uint32_t)r};
    }
    return pdm__sort_texts(run, texts, scratch, b->row_count, err);
}

static int by_row(const void *left, const void *right) {
    const pdm__path_amount *a = left;
    const pdm__path_amount *b = right;
    return a->row < b->row ? -1 : a->row > b->row;
}

void pdm__path_builder_order(pdm__path_builder *b) {
    if (b->amount_count > 0) qsort(b->amounts, b->amount_count, sizeof *b->amounts, by_row);
}

/* Exactly summed and rounded once; two numbers are so by themselves. */
static double sum_of(const pdm__path_amount *amounts, size_t count) {
    if (count == 1) return amounts[0].amount;
    if (count == 2) return amounts[0].amount + amounts[1].amount;
    pdm__fixed_sum sum = {.limbs = {0}};
    for (size_t i = 0; i < count; i++) pdm__fixed_sum_add(&sum, amounts[i].amount);
    return pdm__fixed_sum_value(&sum);
}

/* values[row], and the total alike. */
static pdm_status sum_amounts(pdm__path_builder *b, double *values, double *total, pdm_error *err) {
    pdm__fixed_sum all = {.limbs = {0}};
    bool finite = true;
    for (size_t r = 0; r < b->row_count; r++) values[r] = (double)b->rows[r].money;
    pdm__path_builder_order(b);
    for (size_t i = 0; i < b->amount_count;) {
        size_t first = i;
        uint32_t row = b->amounts[i].row;
        for (; i < b->amount_count && b->amounts[i].row == row; i++) pdm__fixed_sum_add(&all, b->amounts[i].amount);
        values[row] = sum_of(b->amounts + first, i - first);
        finite = finite && isfinite(values[row]);
    }
    int64_t money = 0;
    for (size_t r = 0; r < b->row_count; r++) money += b->rows[r].money;
    *total = b->amount_count > 0 ? pdm__fixed_sum_value(&all) : (double)money;
    if (finite && isfinite(*total)) return PDM_OK;
    return pdm__fail(err, PDM_E_OVERFLOW, -1, "value", "the sum of the values is beyond what a double holds");
}

static void put_rows(const pdm__path_builder *b, const uint32_t *map, const pdm__sort_text *order, const double *values,
                     pdm__paths *out) {
    uint32_t *to = out->touches;
    for (size_t i = 0; i < b->row_count; i++) {
        const pdm__path_row *row = &b->rows[order[i].index];
        out->items[i] = (pdm__path){.touches = to,
                                    .length = row->length,
                                    .conversions = row->conversions,
                                    .nulls = row->nulls,
                                    .value = values[order[i].index]};
        for (uint32_t t = 0; t < row->length; t++) {
            uint32_t touch = b->touches[row->at + t];
            out->marked = out->marked || pdm__touch_marks(touch) != 0;
            *to++ = pdm__touch_of(map[pdm__touch_token(touch)], pdm__touch_marks(touch));
        }
        out->conversions += row->conversions;
        out->nulls += row->nulls;
    }
}

/* What finishing needs for a while. */
typedef struct finishing {
    uint32_t *map;
    uint8_t *bytes;
    pdm__sort_text *texts;
    pdm__sort_text *scratch;
    double *values;
} finishing;

static pdm_status finish(pdm__path_builder *b, pdm__run *run, uint32_t channels, finishing *f, pdm__paths *out,
                         pdm_error *err) {
    pdm_context *context = b->context;
    PDM__TRY(pdm__new(context, b->token_count, sizeof *f->map, &f->map, err));
    PDM__TRY(pdm__new(context, b->touch_count, 4, &f->bytes, err));
    PDM__TRY(pdm__new(context, b->row_count, sizeof *f->texts, &f->texts, err));
    PDM__TRY(pdm__new(context, b->row_count, sizeof *f->scratch, &f->scratch, err));
    PDM__TRY(pdm__new(context, b->row_count, sizeof *f->values, &f->values, err));
    PDM__TRY(rank_tokens(b, channels, f->map, out, err));
    PDM__TRY(pdm__new(context, b->touch_count, sizeof *out->touches, &out->touches, err));
    out->touch_count = b->touch_count;
    PDM__TRY(pdm__new(context, b->row_count, sizeof *out->items, &out->items, err));
    out->count = b->row_count;
    PDM__TRY(sort_rows(b, run, f->map, f->bytes, f->texts, f->scratch, err));
    PDM__TRY(sum_amounts(b, f->values, &out->value, err));
    put_rows(b, f->map, f->texts, f->values, out);
    return PDM_OK;
}

pdm_status pdm__path_builder_finish(pdm__path_builder *b, pdm__run *run, uint32_t channels, pdm__paths *out,
                                    pdm_error *err) {
    finishing f;
    memset(&f, 0, sizeof f);
    memset(out, 0, sizeof *out);
    out->context = b->context;
    out->channel_count = channels;
    pdm_status status = finish(b, run, channels, &f, out, err);
    pdm__drop(b->context, f.map, b->token_count, sizeof *f.map);
    pdm__drop(b->context, f.bytes, b->touch_count, 4);
    pdm__drop(b->context, f.texts, b->row_count, sizeof *f.texts);
    pdm__drop(b->context, f.scratch, b->row_count, sizeof *f.scratch);
    pdm__drop(b->context, f.values, b->row_count, sizeof *f.values);
    if (status != PDM_OK) pdm__paths_clear(out);
    return status;
}

static pdm_status add_unmarked(const pdm__paths *paths, pdm__path_builder *b, uint32_t *touches, pdm_error *err) {
    uint32_t index = 0;
    for (uint32_t t = 0; t < paths->token_count; t++)
        PDM__TRY(pdm__path_builder_token(b, paths->tokens[t], &index, err));
    for (size_t p = 0; p < paths->count; p++) {
        const pdm__path *path = &paths->items[p];
        for (uint32_t i = 0; i < path->length; i++) touches[i] = path->touches[i] & ~PDM__PATH_MARKS;
        pdm__path_gain gain = {.conversions = path->conversions,
                               .nulls = path->nulls,
                               .amount = path->value,
                               .has_amount = path->conversions > 0};
        PDM__TRY(pdm__path_builder_add(b, touches, path->length, &gain, err));
    }
    return PDM_OK;
}

pdm_status pdm__paths_unmark(const pdm__paths *paths, pdm__run *run, pdm__paths *out, pdm_error *err) {
    pdm__path_builder b = {.context = paths->context};
    uint32_t *touches = NULL;
    memset(out, 0, sizeof *out);
    pdm_status status = pdm__new(b.context, PDM__PATH_MAX_TOUCHES, sizeof *touches, &touches, err);
    if (status == PDM_OK) status = add_unmarked(paths, &b, touches, err);
    if (status == PDM_OK) status = pdm__path_builder_finish(&b, run, paths->channel_count, out, err);
    if (status == PDM_OK) out->value = paths->value; /* the total was rounded once */
    pdm__drop(b.context, touches, PDM__PATH_MAX_TOUCHES, sizeof *touches);
    pdm__path_builder_clear(&b);
    return status;
}
