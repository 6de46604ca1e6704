/*
 * moments_only: the state is sums. Rows of a block are added up per arm and group at once, and the sums of the block
 * are the records: so a row costs its additions and little else. Every chunk of a cell that a row belongs to is a
 * record, whatever stands in it: which entries there are does not depend on how rows are cut into blocks.
 */
#include "metrics/experiment_block.h"

/* ---- keys ---- */

static size_t key_size(const pdm__cells *cells, size_t row) {
    return 1 + (cells == NULL ? 0 : pdm__experiment_level_size(cells, row)) + 3;
}

static uint8_t *put_key(int32_t dimension, const pdm__cells *cells, size_t row, uint64_t arm, int32_t chunk,
                        uint8_t *to) {
    *to++ = (uint8_t)(dimension + 1);
    if (cells != NULL) to = pdm__experiment_level_put(cells, row, to);
    *to++ = (uint8_t)arm;
    *to++ = (uint8_t)(chunk >> 8);
    *to++ = (uint8_t)chunk;
    return to;
}

bool pdm__experiment_chunk_read(const pdm__experiment_plan *plan, const pdm__key *key, pdm__experiment_chunk *out) {
    if (key->length < 4) return false;
    const uint8_t *tail = key->bytes + key->length - 3;
    out->dimension = (int32_t)key->bytes[0] - 1;
    out->level = (pdm__experiment_level){key->bytes + 1, key->length - 4};
    out->arm = tail[0];
    out->number = tail[1] << 8 | tail[2];
    if (out->dimension >= plan->segment_count || out->arm >= plan->arm_count) return false;
    if (out->number >= pdm__experiment_chunks(plan)) return false;
    if (out->dimension < 0) return out->level.length == 0;
    return pdm__experiment_level_valid(out->level.bytes, out->level.length);
}

/* ---- rows to records ---- */

/* Cells become records behind those that are there; keys go to `to`. */
static uint8_t *put_records(const pdm__experiment_block *b, uint8_t *to, pdm__records *out) {
    int32_t chunks = pdm__experiment_chunks(b->plan);
    for (size_t c = 0; c < b->count; c++) {
        if (b->starts[c] == b->starts[c + 1]) continue;
        size_t row = (size_t)b->order[b->starts[c]];
        for (int32_t k = 0; k < chunks; k++) {
            size_t at = out->count++;
            const int64_t *chunk = b->sums + c * b->words + (size_t)k * EXPERIMENT_CHUNK;
            out->scratch[1][at] = pdm__word_of(to);
            uint8_t *end = put_key(b->dimension, b->levels, row, b->arms[row], k, to);
            out->scratch[2][at] = (uint64_t)(end - to);
            to = end;
            for (int32_t w = 0; w < EXPERIMENT_CHUNK; w++) out->scratch[3 + w][at] = (uint64_t)chunk[w];
        }
    }
    return to;
}

/* NULL = all units. */
static const pdm__cells *levels_of(const pdm__experiment_plan *plan, const pdm__block *block, int32_t dimension) {
    return dimension < 0 ? NULL : &block->cells[plan->segments[dimension]];
}

static size_t keys_size(const pdm__experiment_plan *plan, const pdm__block *block) {
    size_t bytes = 0;
    for (int32_t d = -1; d < plan->segment_count; d++) {
        const pdm__cells *levels = levels_of(plan, block, d);
        size_t most = levels == NULL ? (size_t)plan->arm_count : block->rows; /* cells */
        for (size_t r = 0; r < most; r++) bytes += key_size(levels, r);
    }
    return bytes * (size_t)pdm__experiment_chunks(plan);
}

pdm_status pdm__experiment_select_sums(const pdm__plan *plan, const pdm__block *block, pdm__records *out,
                                       pdm_error *err) {
    const pdm__experiment_plan *own = plan->own;
    /* All that a block needs lies in the bytes of its keys, the keys last. */
    size_t words = pdm__experiment_block_size(own, block->rows);
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, words * sizeof(uint64_t) + keys_size(own, block), err));
    uint64_t *memory = (uint64_t *)(void *)out->bytes->memory;
    pdm__experiment_block b;
    PDM__TRY(pdm__experiment_block_read(&b, own, block, memory, err));
    uint8_t *to = (uint8_t *)(memory + words);
    out->count = 0;
    for (int32_t d = -1; d < own->segment_count; d++) {
        pdm__experiment_block_sum(&b, d, levels_of(own, block, d));
        to = put_records(&b, to, out);
    }
    return PDM_OK;
}

void pdm__experiment_step_sums(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        for (int32_t w = 0; w < EXPERIMENT_CHUNK; w++) args->units[i][w] += (int64_t)own[w];
    }
}

/* ---- states from bytes, and results ---- */

pdm_status pdm__experiment_verify_sums(const pdm__plan *plan, const pdm__store *store, pdm_error *err) {
    const pdm__experiment_plan *own = plan->own;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[0];
        for (uint32_t i = 0; i < map->count; i++) {
            pdm__experiment_chunk chunk;
            pdm__key key = pdm__keymap_key(map, i);
            if (!pdm__experiment_chunk_read(own, &key, &chunk))
                return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: sums of nothing");
        }
    }
    return PDM_OK;
}

static void copy_chunk(pdm__experiment_work *work, int32_t group, const pdm__experiment_chunk *chunk,
                       const int64_t *words) {
    size_t cell_words = (size_t)work->plan->cell_words;
    size_t first = (size_t)chunk->number * EXPERIMENT_CHUNK;
    size_t count = cell_words - first < EXPERIMENT_CHUNK ? cell_words - first : EXPERIMENT_CHUNK;
    size_t cell = (size_t)group * (size_t)work->plan->arm_count + (size_t)chunk->arm;
    memcpy(work->cells + cell * cell_words + first, words, count * sizeof *words);
}

/* Twice over the entries: levels first, then their sums. */
pdm_status pdm__experiment_gather_sums(pdm__experiment_work *work, pdm_error *err) {
    for (int32_t pass = 0; pass < 2; pass++) {
        for (size_t p = 0; p < PDM__PARTITIONS; p++) {
            const pdm__keymap *map = &work->view->store->partitions[p].levels[0];
            for (uint32_t i = 0; i < map->count; i++) {
                pdm__experiment_chunk chunk;
                pdm__key key = pdm__keymap_key(map, i);
                (void)pdm__experiment_chunk_read(work->plan, &key, &chunk); /* verified, or made here */
                uint32_t id = 0;
                if (chunk.dimension >= 0)
                    PDM__TRY(pdm__experiment_note_level(work, chunk.dimension, &chunk.level, &id, err));
                if (pass == 0) continue;
                copy_chunk(work, chunk.dimension < 0 ? 0 : (int32_t)work->rank_of[id], &chunk,
                           pdm__keymap_words(map, i));
            }
        }
        if (pass == 0) PDM__TRY(pdm__experiment_order_groups(work, err));
    }
    for (int32_t a = 0; a < work->plan->arm_count; a++) work->all_units += pdm__experiment_units(work, 0, a);
    return PDM_OK;
}
