/* Path tables, finished: in canonical order. */
#include "core/sort.h"
#include "stats/fixed_sum.h"
#include "stats/paths.h"

#include <math.h>
#include <stdlib.h>

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

/* What finishing needs for a while. */
typedef struct finishing {
    const pdm__path_builder *b;
    pdm__paths *out;
    uint32_t *map;
    int32_t width; /* bytes of a touch in `bytes` */
    uint8_t *bytes;
    pdm__sort_text *texts;
    pdm__sort_text *scratch;
    double *values;
    size_t *starts; /* [pieces] touches before a piece of the table */
} finishing;

#define PIECE ((size_t)1 << 14) /* rows that are done at a time */
#define AHEAD 8                 /* rows that are on their way to the cache */

static size_t piece_count(size_t rows) { return (rows + PIECE - 1) / PIECE; }
static size_t piece_end(size_t rows, size_t piece) { return rows - piece * PIECE < PIECE ? rows : (piece + 1) * PIECE; }

static uint32_t mapped(const finishing *f, uint32_t touch) {
    return pdm__touch_of(f->map[pdm__touch_token(touch)], pdm__touch_marks(touch));
}

/* Touches as numbers of as few bytes as their order allows. */
static void choose_width(finishing *f) {
    uint32_t all = 0;
    for (size_t i = 0; i < f->b->touch_count; i++) all |= f->b->touches[i];
    f->out->marked = pdm__touch_marks(all) != 0;
    uint32_t tokens = f->out->token_count;
    bool one = !f->out->marked && tokens <= 1U << 8;
    bool two = f->out->marked ? tokens <= 1U << 8 : tokens <= 1U << 16;
    f->width = one ? 1 : two ? 2 : 4;
}

/* Touches of a piece of the builder's rows as bytes whose order is that of the touches: big-endian. */
static void spell_piece(void *argument, size_t piece) {
    const finishing *f = argument;
    size_t end = piece_end(f->b->row_count, piece);
    size_t width = (size_t)f->width;
    uint32_t dropped = f->out->marked || f->width == 4 ? 0 : PDM__PATH_MARK_BITS;
    for (size_t r = piece * PIECE; r < end; r++) {
        const pdm__path_row *row = &f->b->rows[r];
        uint8_t *to = f->bytes + width * row->at;
        f->texts[r] = (pdm__sort_text){.bytes = to, .length = (uint32_t)width * row->length, .index = (uint32_t)r};
        for (uint32_t i = 0; i < row->length; i++) {
            uint32_t number = mapped(f, f->b->touches[row->at + i]) >> dropped;
            for (size_t s = width; s-- > 0;) *to++ = (uint8_t)(number >> (8 * s));
        }
    }
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

static void put_items(void *argument, size_t piece) {
    const finishing *f = argument;
    size_t end = piece_end(f->out->count, piece);
    size_t touches = 0;
    for (size_t i = piece * PIECE; i < end; i++) {
        if (i + AHEAD < end) __builtin_prefetch(&f->b->rows[f->texts[i + AHEAD].index]);
        const pdm__path_row *row = &f->b->rows[f->texts[i].index];
        f->out->items[i] = (pdm__path){.length = row->length,
                                       .conversions = row->conversions,
                                       .nulls = row->nulls,
                                       .value = f->values[f->texts[i].index]};
        touches += row->length;
    }
    f->starts[piece] = touches;
}

static void put_touches(void *argument, size_t piece) {
    const finishing *f = argument;
    const pdm__path_row *rows = f->b->rows;
    size_t end = piece_end(f->out->count, piece);
    uint32_t *to = f->out->touches + f->starts[piece];
    for (size_t i = piece * PIECE; i < end; i++) {
        if (i + 2 * AHEAD < end) __builtin_prefetch(&rows[f->texts[i + 2 * AHEAD].index]);
        if (i + AHEAD < end) __builtin_prefetch(f->b->touches + rows[f->texts[i + AHEAD].index].at);
        const uint32_t *from = f->b->touches + rows[f->texts[i].index].at;
        f->out->items[i].touches = to;
        for (uint32_t t = 0; t < f->out->items[i].length; t++) *to++ = mapped(f, from[t]);
    }
}

static void put_rows(finishing *f, pdm__run *run) {
    pdm__paths *out = f->out;
    size_t pieces = piece_count(out->count);
    size_t at = 0;
    pdm__run_parallel(run, pieces, put_items, f);
    for (size_t p = 0; p < pieces; p++) {
        size_t touches = f->starts[p];
        f->starts[p] = at;
        at += touches;
    }
    pdm__run_parallel(run, pieces, put_touches, f);
    for (size_t i = 0; i < out->count; i++) {
        out->conversions += out->items[i].conversions;
        out->nulls += out->items[i].nulls;
    }
}

static pdm_status finish(pdm__path_builder *b, pdm__run *run, uint32_t channels, finishing *f, pdm_error *err) {
    pdm_context *context = b->context;
    pdm__paths *out = f->out;
    PDM__TRY(pdm__new(context, b->token_count, sizeof *f->map, &f->map, err));
    PDM__TRY(rank_tokens(b, channels, f->map, out, err));
    choose_width(f);
    PDM__TRY(pdm__new(context, b->touch_count, (size_t)f->width, &f->bytes, err));
    PDM__TRY(pdm__new(context, b->row_count, sizeof *f->texts, &f->texts, err));
    PDM__TRY(pdm__new(context, b->row_count, sizeof *f->scratch, &f->scratch, err));
    PDM__TRY(pdm__new(context, b->row_count, sizeof *f->values, &f->values, err));
    PDM__TRY(pdm__new(context, piece_count(b->row_count), sizeof *f->starts, &f->starts, err));
    PDM__TRY(pdm__new(context, b->touch_count, sizeof *out->touches, &out->touches, err));
    out->touch_count = b->touch_count;
    PDM__TRY(pdm__new(context, b->row_count, sizeof *out->items, &out->items, err));
    out->count = b->row_count;
    pdm__run_parallel(run, piece_count(b->row_count), spell_piece, f);
    PDM__TRY(pdm__sort_texts(run, f->texts, f->scratch, b->row_count, err));
    PDM__TRY(sum_amounts(b, f->values, &out->value, err));
    put_rows(f, run);
    return PDM_OK;
}

pdm_status pdm__path_builder_finish(pdm__path_builder *b, pdm__run *run, uint32_t channels, pdm__paths *out,
                                    pdm_error *err) {
    finishing f;
    memset(&f, 0, sizeof f);
    memset(out, 0, sizeof *out);
    PDM__TRY(pdm__path_builder_settle(b, err));
    f.b = b;
    f.out = out;
    out->context = b->context;
    out->channel_count = channels;
    pdm_status status = finish(b, run, channels, &f, err);
    pdm__drop(b->context, f.map, b->token_count, sizeof *f.map);
    pdm__drop(b->context, f.bytes, b->touch_count, (size_t)f.width);
    pdm__drop(b->context, f.texts, b->row_count, sizeof *f.texts);
    pdm__drop(b->context, f.scratch, b->row_count, sizeof *f.scratch);
    pdm__drop(b->context, f.values, b->row_count, sizeof *f.values);
    pdm__drop(b->context, f.starts, piece_count(b->row_count), sizeof *f.starts);
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
