/*
 * moments_only: the state is sums. Rows of a block are added up per arm and group at once, and the sums of the block
 * are the records: so a row costs its additions and little else. Every chunk of a cell that a row belongs to is a
 * record, whatever stands in it: which entries there are does not depend on how rows are cut into blocks.
 */
#include "metrics/experiment_internal.h"

#define TABLE_SLOTS ((size_t)4096) /* four times the rows of a block */

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

/* ---- cells of a block ---- */

/* Rows that share arm and level; one row stands for them. */
typedef struct block_cells {
    int32_t dimension;
    const pdm__cells *levels; /* NULL = all units */
    const uint64_t *arms;
    uint64_t *cell_of; /* [rows] */
    uint64_t *table;   /* [TABLE_SLOTS] row + 1 of a cell, 0 = empty */
    uint64_t *rows;    /* [cells] */
    size_t count;
} block_cells;

static uint64_t hash_of(const pdm__cells *cells, size_t row, uint64_t arm) {
    if (cells == NULL) return arm;
    if (cells->valid != NULL && cells->valid[row] == 0) return arm + 64;
    uint64_t hash = cells->lengths != NULL
                        ? pdm__hash_text(pdm__pointer_of(cells->words[row]), (size_t)cells->lengths[row], 0, arm)
                        : pdm__hash_word(cells->words[row], 0, arm);
    return hash;
}

static bool same_level(const pdm__cells *cells, size_t a, size_t b) {
    if (cells == NULL) return true;
    bool a_null = cells->valid != NULL && cells->valid[a] == 0;
    bool b_null = cells->valid != NULL && cells->valid[b] == 0;
    if (a_null || b_null) return a_null == b_null;
    if (cells->lengths == NULL) return cells->words[a] == cells->words[b];
    if (cells->lengths[a] != cells->lengths[b]) return false;
    return cells->lengths[a] == 0 ||
           memcmp(pdm__pointer_of(cells->words[a]), pdm__pointer_of(cells->words[b]), (size_t)cells->lengths[a]) == 0;
}

static void find_cells(block_cells *b, size_t rows) {
    memset(b->table, 0, TABLE_SLOTS * sizeof *b->table);
    b->count = 0;
    for (size_t r = 0; r < rows; r++) {
        size_t slot = (size_t)hash_of(b->levels, r, b->arms[r]) & (TABLE_SLOTS - 1);
        while (b->table[slot] != 0) {
            size_t other = (size_t)b->rows[b->table[slot] - 1];
            if (b->arms[other] == b->arms[r] && same_level(b->levels, other, r)) break;
            slot = (slot + 1) & (TABLE_SLOTS - 1);
        }
        if (b->table[slot] == 0) {
            b->rows[b->count] = r;
            b->table[slot] = ++b->count;
        }
        b->cell_of[r] = b->table[slot] - 1;
    }
}

/* ---- sums ---- */

static void add_rows(const pdm__experiment_plan *plan, const block_cells *b, const int64_t *slots,
                     const uint64_t *nulls, size_t rows, size_t words, int64_t *sums) {
    memset(sums, 0, b->count * words * sizeof *sums);
    for (size_t r = 0; r < rows; r++) {
        int64_t *cell = sums + (size_t)b->cell_of[r] * words;
        cell[0]++;
        const int64_t *mine = slots + r * (size_t)plan->slot_count;
        for (int32_t m = 0; m < plan->metric_count; m++) {
            const pdm__experiment_metric *metric = &plan->metrics[m];
            pdm__experiment_add_slots(plan, metric, mine, nulls[r], NULL, cell + metric->at);
        }
    }
}

/* Cells become records behind those that are there; keys go to `to`. */
static uint8_t *put_records(const pdm__experiment_plan *plan, const block_cells *b, size_t words, const int64_t *sums,
                            uint8_t *to, pdm__records *out) {
    int32_t chunks = pdm__experiment_chunks(plan);
    for (size_t c = 0; c < b->count; c++) {
        for (int32_t k = 0; k < chunks; k++) {
            size_t at = out->count++;
            const int64_t *chunk = sums + c * words + (size_t)k * EXPERIMENT_CHUNK;
            size_t row = (size_t)b->rows[c];
            out->scratch[1][at] = pdm__word_of(to);
            uint8_t *end = put_key(b->dimension, b->levels, row, b->arms[row], k, to);
            out->scratch[2][at] = (uint64_t)(end - to);
            to = end;
            for (int32_t w = 0; w < EXPERIMENT_CHUNK; w++) out->scratch[3 + w][at] = (uint64_t)chunk[w];
        }
    }
    return to;
}

/* Memory of a block, all of it in the bytes of its keys: tables, values, sums, and the keys themselves. */
typedef struct block_memory {
    uint64_t *arms;
    uint64_t *nulls;
    uint64_t *cell_of;
    uint64_t *rows;
    uint64_t *table;
    int64_t *slots;
    int64_t *sums;
    uint8_t *keys;
} block_memory;

static pdm_status take_memory(const pdm__experiment_plan *plan, const pdm__block *block, size_t words,
                              pdm__records *out, block_memory *m, pdm_error *err) {
    size_t rows = block->rows;
    size_t keys = 0;
    for (int32_t d = -1; d < plan->segment_count; d++) {
        const pdm__cells *cells = d < 0 ? NULL : &block->cells[plan->segments[d]];
        for (size_t r = 0; r < rows; r++) keys += key_size(cells, r);
    }
    size_t numbers = 4 * rows + TABLE_SLOTS + rows * (size_t)plan->slot_count + rows * words;
    size_t bytes = numbers * sizeof(uint64_t) + keys * (size_t)pdm__experiment_chunks(plan);
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, bytes, err));
    m->arms = (uint64_t *)(void *)out->bytes->memory;
    m->nulls = m->arms + rows;
    m->cell_of = m->nulls + rows;
    m->rows = m->cell_of + rows;
    m->table = m->rows + rows;
    m->slots = (int64_t *)(void *)(m->table + TABLE_SLOTS);
    m->sums = m->slots + rows * (size_t)plan->slot_count;
    m->keys = (uint8_t *)(m->sums + rows * words);
    return PDM_OK;
}

pdm_status pdm__experiment_select_sums(const pdm__plan *plan, const pdm__block *block, pdm__records *out,
                                       pdm_error *err) {
    const pdm__experiment_plan *own = plan->own;
    size_t words = (size_t)pdm__experiment_chunks(own) * EXPERIMENT_CHUNK;
    block_memory memory;
    PDM__TRY(take_memory(own, block, words, out, &memory, err));
    PDM__TRY(pdm__experiment_find_arms(own, block, memory.arms, err));
    memset(memory.nulls, 0, block->rows * sizeof *memory.nulls);
    for (int32_t s = 0; s < own->slot_count; s++) {
        PDM__TRY(
            pdm__experiment_slot_column(own, s, block, memory.slots + s, (size_t)own->slot_count, memory.nulls, err));
    }
    uint8_t *to = memory.keys;
    out->count = 0;
    for (int32_t d = -1; d < own->segment_count; d++) {
        block_cells cells = {.dimension = d,
                             .levels = d < 0 ? NULL : &block->cells[own->segments[d]],
                             .arms = memory.arms,
                             .cell_of = memory.cell_of,
                             .table = memory.table,
                             .rows = memory.rows};
        find_cells(&cells, block->rows);
        add_rows(own, &cells, memory.slots, memory.nulls, block->rows, words, memory.sums);
        to = put_records(own, &cells, words, memory.sums, to, out);
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
