#include "core/tally.h"

#define MOST_COUNTS ((size_t)1 << 23) /* of all pieces together: larger tables are counted on fewer threads */

pdm_status pdm__cell_log_add(pdm__cell_log *log, uint64_t cell, size_t partition, uint32_t unit) {
    if (!log->wanted) return PDM_OK;
    if (log->count == log->capacity) {
        size_t capacity = log->capacity == 0 ? 256 : log->capacity + log->capacity / 2;
        PDM__TRY(pdm__renew(log->context, 2 * log->capacity, 2 * capacity, sizeof *log->words, &log->words, NULL));
        log->capacity = capacity;
    }
    log->words[2 * log->count] = cell;
    log->words[2 * log->count + 1] = (uint64_t)partition << 32 | unit;
    log->count++;
    return PDM_OK;
}

static size_t piece_count(const pdm__run *run, size_t width) {
    size_t pieces = run->threads > 1 ? 4 * (size_t)run->threads : 1; /* the last one to end keeps nobody long */
    if (pieces > PDM__PARTITIONS) pieces = PDM__PARTITIONS;
    while (pieces > 1 && width > MOST_COUNTS / pieces) pieces /= 2;
    return pieces;
}

static void count_piece(void *argument, size_t piece) {
    pdm__tally *tally = argument;
    size_t end = PDM__PARTITIONS * (piece + 1) / tally->pieces;
    for (size_t p = PDM__PARTITIONS * piece / tally->pieces; p < end && tally->status[piece] == PDM_OK; p++) {
        tally->status[piece] = tally->body(tally->own, p, tally->counts + piece * tally->width, &tally->logs[piece]);
        if (pdm__run_poll(tally->run, 0)) break;
    }
}

static pdm_status add_up(pdm__tally *tally, pdm_error *err) {
    for (size_t piece = 0; piece < tally->pieces; piece++) {
        if (tally->status[piece] != PDM_OK)
            return pdm__fail(err, tally->status[piece], -1, NULL, "%s",
                             tally->status[piece] == PDM_E_NOMEM ? "out of memory while counting"
                                                                 : "the result is too large for the memory limit");
    }
    PDM__TRY(pdm__run_status(tally->run, err));
    for (size_t piece = 1; piece < tally->pieces; piece++) {
        const int64_t *more = tally->counts + piece * tally->width;
        for (size_t i = 0; i < tally->width; i++) tally->counts[i] += more[i];
    }
    return PDM_OK;
}

pdm_status pdm__tally_make(pdm__tally *tally, pdm__run *run, const pdm__store *store, size_t width, bool units,
                           pdm__tally_body body, void *own, pdm_error *err) {
    *tally = (pdm__tally){.run = run, .store = store, .body = body, .own = own, .width = width};
    tally->pieces = piece_count(run, width);
    PDM__TRY(pdm__new_zero(run->context, tally->pieces * width, sizeof *tally->counts, &tally->counts, err));
    PDM__TRY(pdm__new_zero(run->context, tally->pieces, sizeof *tally->logs, &tally->logs, err));
    PDM__TRY(pdm__new_zero(run->context, tally->pieces, sizeof *tally->status, &tally->status, err));
    for (size_t i = 0; i < tally->pieces; i++) {
        tally->logs[i].context = run->context;
        tally->logs[i].wanted = units;
    }
    pdm__run_parallel(run, tally->pieces, count_piece, tally);
    return add_up(tally, err);
}

void pdm__tally_clear(pdm__tally *tally) {
    if (tally->run == NULL) return;
    pdm_context *context = tally->run->context;
    for (size_t i = 0; tally->logs != NULL && i < tally->pieces; i++)
        pdm__drop(context, tally->logs[i].words, 2 * tally->logs[i].capacity, sizeof *tally->logs[i].words);
    pdm__drop(context, tally->counts, tally->pieces * tally->width, sizeof *tally->counts);
    pdm__drop(context, tally->logs, tally->pieces, sizeof *tally->logs);
    pdm__drop(context, tally->status, tally->pieces, sizeof *tally->status);
    memset(tally, 0, sizeof *tally);
}

/* ---- units of cells ---- */

typedef struct listing {
    const pdm__tally *tally;
    size_t units;
    size_t entries;
    size_t start[PDM__PARTITIONS];
    pdm__entry_ref *order; /* [units] */
    uint32_t *rank;        /* [units] place of each in canonical order, partition by partition */
    pdm__sort_pair *pairs; /* [entries] */
    pdm__sort_pair *scratch;
} listing;

static pdm_status rank_units(listing *l, pdm_error *err) {
    pdm_context *context = l->tally->run->context;
    PDM__TRY(pdm__new(context, l->units, sizeof *l->order, &l->order, err));
    PDM__TRY(pdm__new(context, l->units, sizeof *l->rank, &l->rank, err));
    PDM__TRY(pdm__store_order(l->tally->store, l->tally->run, 0, l->order, err));
    for (size_t i = 0; i < l->units; i++) l->rank[l->start[l->order[i].partition] + l->order[i].id] = (uint32_t)i;
    return PDM_OK;
}

static pdm_status sort_entries(listing *l, pdm_error *err) {
    pdm_context *context = l->tally->run->context;
    size_t at = 0;
    PDM__TRY(pdm__new(context, l->entries, sizeof *l->pairs, &l->pairs, err));
    PDM__TRY(pdm__new(context, l->entries, sizeof *l->scratch, &l->scratch, err));
    for (size_t piece = 0; piece < l->tally->pieces; piece++) {
        const pdm__cell_log *log = &l->tally->logs[piece];
        for (size_t i = 0; i < log->count; i++, at++) {
            uint64_t unit = log->words[2 * i + 1];
            l->pairs[at].key = log->words[2 * i] << 32 | l->rank[l->start[unit >> 32] + (uint32_t)unit];
            l->pairs[at].index = unit;
        }
    }
    return pdm__sort_pairs(l->tally->run, l->pairs, l->scratch, l->entries, err);
}

static pdm_status list_units(listing *l, pdm__cell_units *out, pdm_error *err) {
    PDM__TRY(rank_units(l, err));
    PDM__TRY(sort_entries(l, err));
    PDM__TRY(pdm__new(l->tally->run->context, l->entries, sizeof *out->items, &out->items, err));
    out->capacity = l->entries;
    for (size_t i = 0; i < l->entries; i++) {
        if (i > 0 && l->pairs[i].key == l->pairs[i - 1].key) continue;
        uint64_t unit = l->pairs[i].index;
        out->items[out->count++] = (pdm__cell_unit){.cell = (uint32_t)(l->pairs[i].key >> 32),
                                                    .unit = {(uint32_t)(unit >> 32), (uint32_t)unit}};
    }
    return PDM_OK;
}

pdm_status pdm__tally_units(const pdm__tally *tally, pdm__cell_units *out, pdm_error *err) {
    listing l = {.tally = tally};
    pdm_context *context = tally->run->context;
    memset(out, 0, sizeof *out);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        l.start[p] = l.units;
        l.units += tally->store->partitions[p].levels[0].count;
    }
    for (size_t piece = 0; piece < tally->pieces; piece++) l.entries += tally->logs[piece].count;
    pdm_status status = list_units(&l, out, err);
    pdm__drop(context, l.order, l.units, sizeof *l.order);
    pdm__drop(context, l.rank, l.units, sizeof *l.rank);
    pdm__drop(context, l.pairs, l.entries, sizeof *l.pairs);
    pdm__drop(context, l.scratch, l.entries, sizeof *l.scratch);
    return status;
}
