/*
 * The short way from packed records to attempts, where the rows of a unit are all there is to know of it (no facets, no log position,
 * no list of units): a partition's records are told apart by unit, laid out unit by unit and evaluated, without a state being folded.
 */
#include "metrics/funnel_subjects.h"

#define POLL_RECORDS 32768
#define FIRST_SLOTS ((size_t)1024)

/* Units of a partition: a table from what is left of the hash to a number. */
typedef struct slot {
    uint64_t key; /* + 1; 0 = free */
    uint32_t unit;
} slot;

typedef struct packed {
    pdm__funnel_worker worker;
    const pdm__store *store;
    size_t partition;
    size_t events; /* as many as there can be */
    slot *slots;
    size_t slot_count;
    uint32_t units;
    uint32_t *unit_of;      /* [events] */
    uint32_t *starts;       /* [events + 2] of the units' rows */
    pdm__funnel_row *rows;  /* [events] */
    pdm__funnel_row *spare; /* [events] */
} packed;

/* ---- units ---- */

static pdm_status grow_slots(packed *w, pdm_error *err) {
    size_t count = w->slot_count == 0 ? FIRST_SLOTS : w->slot_count * 4;
    slot *larger = NULL;
    PDM__TRY(pdm__new_zero(w->worker.work->context, count, sizeof *larger, &larger, err));
    for (size_t i = 0; i < w->slot_count; i++) {
        if (w->slots[i].key == 0) continue;
        size_t at = (size_t)(w->slots[i].key - 1) & (count - 1);
        while (larger[at].key != 0) at = (at + 1) & (count - 1);
        larger[at] = w->slots[i];
    }
    pdm__drop(w->worker.work->context, w->slots, w->slot_count, sizeof *w->slots);
    w->slots = larger;
    w->slot_count = count;
    return PDM_OK;
}

static inline slot *find_slot(const packed *w, uint64_t key) {
    size_t at = (size_t)key & (w->slot_count - 1);
    while (w->slots[at].key != key + 1 && w->slots[at].key != 0) at = (at + 1) & (w->slot_count - 1);
    return &w->slots[at];
}

/* Numbers the units of a bucket's records and counts their rows in starts[unit + 2]. */
static pdm_status number_bucket(packed *w, const pdm__bucket *bucket, uint32_t *unit_of, pdm_error *err) {
    if ((size_t)w->units * 2 + 2 * PDM__BUCKET_RECORDS > w->slot_count) PDM__TRY(grow_slots(w, err));
    const uint64_t *ahead = bucket->next == NULL ? bucket->records : bucket->next->records;
    for (size_t i = 0; i < bucket->count; i++) {
        if (i % 4 == 0) __builtin_prefetch(ahead + 2 * i); /* buckets lie apart */
        uint64_t key = bucket->records[2 * i] >> 8;
        slot *mine = find_slot(w, key);
        if (PDM__UNLIKELY(mine->key == 0)) {
            *mine = (slot){key + 1, w->units++};
            w->starts[mine->unit + 2] = 0;
        }
        unit_of[i] = mine->unit;
        w->starts[mine->unit + 2]++;
    }
    return PDM_OK;
}

static pdm_status lay_out(packed *w, pdm_error *err) {
    const pdm__schema *schema = &w->store->schema;
    size_t n = 0;
    for (int32_t s = 0; s < w->store->pending_count; s++) {
        for (const pdm__bucket *b = w->store->pending[s].first[w->partition]; b != NULL; b = b->next) {
            PDM__TRY(number_bucket(w, b, w->unit_of + n, err));
            n += b->count;
        }
    }
    uint32_t sum = 0;
    w->starts[1] = 0;
    for (uint32_t u = 0; u < w->units; u++) {
        uint32_t mine = w->starts[u + 2];
        w->starts[u + 1] = sum; /* moves on to the unit's end while its rows are put */
        sum += mine;
    }
    n = 0;
    for (int32_t s = 0; s < w->store->pending_count; s++) {
        for (const pdm__bucket *b = w->store->pending[s].first[w->partition]; b != NULL; b = b->next) {
            for (size_t i = 0; i < b->count; i++) {
                uint64_t word = schema->codes[b->records[2 * i] & 0xFF];
                w->rows[w->starts[w->unit_of[n++] + 1]++] =
                    (pdm__funnel_row){(int64_t)b->records[2 * i + 1], (uint32_t)word, (uint32_t)(word >> 32)};
            }
        }
    }
    w->starts[0] = 0;
    return PDM_OK;
}

/* ---- unit by unit ---- */

static pdm_status work_units(packed *w, pdm_error *err) {
    pdm__run *run = w->worker.work->run;
    pdm__funnel_ladder rungs;
    pdm__funnel_ladder *usual = pdm__funnel_is_usual(w->worker.work->plan) ? &rungs : NULL;
    int64_t since = 0;
    PDM__TRY(lay_out(w, err));
    for (uint32_t u = 0; u < w->units; u++) {
        pdm__funnel_row *rows = w->rows + w->starts[u];
        size_t count = w->starts[u + 1] - w->starts[u];
        PDM__TRY(pdm__funnel_plain_unit(&w->worker, rows, count, w->spare, usual, 0, err));
        since += (int64_t)count;
        if (since < POLL_RECORDS) continue;
        if (pdm__run_poll(run, since)) return pdm__run_status(run, err);
        since = 0;
    }
    return PDM_OK;
}

/* One block for all, large enough that the context keeps it for the next partition: fresh pages are dear. */
#define LEAST_BLOCK ((size_t)1 << 20)

static pdm_status work_all(packed *w, pdm_error *err) {
    pdm_context *context = w->worker.work->context;
    uint8_t *block = NULL;
    if (w->events > UINT32_MAX / 2)
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than 2^31 events in one part of the state");
    size_t size = (w->events + 2) * (2 * sizeof *w->rows + sizeof *w->unit_of + sizeof *w->starts);
    size = size < LEAST_BLOCK ? LEAST_BLOCK : size;
    PDM__TRY(pdm__new(context, size, 1, &block, err));
    w->rows = (pdm__funnel_row *)(void *)block;
    w->spare = w->rows + w->events + 2;
    w->starts = (uint32_t *)(void *)(w->spare + w->events + 2);
    w->unit_of = w->starts + w->events + 2;
    pdm_status status = work_units(w, err);
    pdm__drop(context, block, size, 1);
    pdm__drop(context, w->slots, w->slot_count, sizeof *w->slots);
    pdm__funnel_scratch_clear(&w->worker.scratch);
    return status;
}

void pdm__funnel_packed_partition(const pdm__funnel_work *work, size_t p) {
    pdm__funnel_tallies *tallies = &work->tallies[p];
    packed w = {.store = work->view->store, .partition = p};
    w.worker = (pdm__funnel_worker){.work = work, .log = &work->logs[p], .tallies = tallies};
    w.worker.scratch.context = work->context;
    for (int32_t s = 0; s < w.store->pending_count; s++) w.events += pdm__buckets_room(&w.store->pending[s], p);
    if (w.events > 0) tallies->status = work_all(&w, &tallies->err);
}
