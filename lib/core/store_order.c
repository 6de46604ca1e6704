/* Canonical order: what is shown or written never depends on hashes. */
#include "core/sort.h"
#include "core/store_internal.h"

static uint64_t pack(pdm__entry_ref ref) { return (uint64_t)ref.partition << 32 | ref.id; }
static pdm__entry_ref unpack(uint64_t word) { return (pdm__entry_ref){(uint32_t)(word >> 32), (uint32_t)word}; }

static uint64_t sortable(int32_t kind, uint64_t word) {
    return kind == PDM__KEY_INT ? pdm__sort_key_i64((int64_t)word) : word;
}

/* What stands for an entry in the sorts: where it is, or its address. */
static uint64_t stand_in(const pdm__keymap *map, pdm__entry_ref ref, bool address) {
    return address ? pdm__word_of(pdm__keymap_entry(map, ref.id)) : pack(ref);
}

typedef struct gather_work {
    const pdm__store *store;
    bool address;
    int32_t level;
    size_t start[PDM__PARTITIONS];
    pdm__sort_pair *pairs;
} gather_work;

static void gather_partition(void *argument, size_t p) {
    gather_work *work = argument;
    const pdm__keymap *map = &work->store->partitions[p].levels[work->level];
    int32_t kind = work->store->schema.levels[work->level].key_kind;
    pdm__sort_pair *pairs = work->pairs + work->start[p];
    for (uint32_t id = 0; id < map->count; id++) {
        pairs[id].key = sortable(kind, pdm__keymap_key(map, id).word);
        pairs[id].index = stand_in(map, (pdm__entry_ref){(uint32_t)p, id}, work->address);
    }
}

static pdm_status order_words(const pdm__store *store, pdm__run *run, int32_t level, bool address, size_t count,
                              pdm__sort_pair *pairs, pdm__sort_pair *scratch, pdm_error *err) {
    gather_work work = {.store = store, .address = address, .level = level, .pairs = pairs};
    size_t at = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        work.start[p] = at;
        at += store->partitions[p].levels[level].count;
    }
    pdm__run_parallel(run, PDM__PARTITIONS, gather_partition, &work);
    return pdm__sort_pairs(run, pairs, scratch, count, err);
}

static pdm_status order_texts(const pdm__store *store, pdm__run *run, int32_t level, bool address, size_t count,
                              pdm__sort_pair *pairs, pdm_error *err) {
    if (count > UINT32_MAX)
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than %u text keys in one state", UINT32_MAX);
    pdm__sort_text *texts = NULL;
    pdm__sort_text *scratch = NULL;
    pdm_status status = pdm__new(store->context, count, sizeof *texts, &texts, err);
    if (status == PDM_OK) status = pdm__new(store->context, count, sizeof *scratch, &scratch, err);
    if (status == PDM_OK) {
        size_t at = 0;
        /* pairs[].index remembers the entry, the text's index points to it. */
        for (size_t p = 0; p < PDM__PARTITIONS; p++) {
            const pdm__keymap *map = &store->partitions[p].levels[level];
            for (uint32_t id = 0; id < map->count; id++, at++) {
                pdm__key key = pdm__keymap_key(map, id);
                texts[at] = (pdm__sort_text){.bytes = key.bytes, .length = key.length, .index = (uint32_t)at};
                pairs[at].key = stand_in(map, (pdm__entry_ref){(uint32_t)p, id}, address);
            }
        }
        status = pdm__sort_texts(run, texts, scratch, count, err);
    }
    if (status == PDM_OK) {
        for (size_t i = 0; i < count; i++) pairs[i].index = pairs[texts[i].index].key;
    }
    pdm__drop(store->context, texts, count, sizeof *texts);
    pdm__drop(store->context, scratch, count, sizeof *scratch);
    return status;
}

/* Parts are in order of their keys; a stable sort by the canonical position of their unit finishes. */
static pdm_status order_by_unit(const pdm__store *store, pdm__run *run, size_t count, pdm__sort_pair *pairs,
                                pdm__sort_pair *scratch, pdm_error *err) {
    size_t units = pdm__store_count(store, 0);
    pdm__entry_ref *order = NULL;
    uint32_t *rank = NULL;
    size_t start[PDM__PARTITIONS];
    size_t at = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        start[p] = at;
        at += store->partitions[p].levels[0].count;
    }
    pdm_status status = pdm__new(store->context, units, sizeof *order, &order, err);
    if (status == PDM_OK) status = pdm__new(store->context, units, sizeof *rank, &rank, err);
    if (status == PDM_OK) status = pdm__store_order(store, run, 0, order, err);
    if (status == PDM_OK) {
        for (size_t i = 0; i < units; i++) rank[start[order[i].partition] + order[i].id] = (uint32_t)i;
        for (size_t i = 0; i < count; i++) {
            pdm__entry_ref ref = unpack(pairs[i].index);
            pairs[i].key = rank[start[ref.partition] + pdm__store_key(store, 1, ref).scope];
        }
        status = pdm__sort_pairs(run, pairs, scratch, count, err);
    }
    pdm__drop(store->context, order, units, sizeof *order);
    pdm__drop(store->context, rank, units, sizeof *rank);
    return status;
}

/* Fills `pairs` with the entries of a level in canonical order. */
static pdm_status order_pairs(const pdm__store *store, pdm__run *run, int32_t level, bool address, size_t count,
                              pdm__sort_pair *pairs, pdm__sort_pair *scratch, pdm_error *err) {
    if (pdm__key_is_bytes(store->schema.levels[level].key_kind)) {
        PDM__TRY(order_texts(store, run, level, address, count, pairs, err));
    } else {
        PDM__TRY(order_words(store, run, level, address, count, pairs, scratch, err));
    }
    bool of_units = level == 1 && !store->schema.levels[1].shared;
    return of_units ? order_by_unit(store, run, count, pairs, scratch, err) : PDM_OK;
}

static pdm_status order_into(const pdm__store *store, pdm__run *run, int32_t level, pdm__entry_ref *order,
                             const uint8_t **entries, pdm_error *err) {
    size_t count = pdm__store_count(store, level);
    pdm__sort_pair *pairs = NULL;
    pdm__sort_pair *scratch = NULL;
    pdm_status status = pdm__new(store->context, count, sizeof *pairs, &pairs, err);
    if (status == PDM_OK) status = pdm__new(store->context, count, sizeof *scratch, &scratch, err);
    if (status == PDM_OK) status = order_pairs(store, run, level, entries != NULL, count, pairs, scratch, err);
    for (size_t i = 0; status == PDM_OK && i < count; i++) {
        if (entries != NULL) {
            entries[i] = pdm__pointer_of(pairs[i].index);
        } else {
            order[i] = unpack(pairs[i].index);
        }
    }
    pdm__drop(store->context, pairs, count, sizeof *pairs);
    pdm__drop(store->context, scratch, count, sizeof *scratch);
    return status;
}

pdm_status pdm__store_order(const pdm__store *store, pdm__run *run, int32_t level, pdm__entry_ref *order,
                            pdm_error *err) {
    return order_into(store, run, level, order, NULL, err);
}

pdm_status pdm__store_units(const pdm__store *store, pdm__run *run, const uint8_t **entries, pdm_error *err) {
    return order_into(store, run, 0, NULL, entries, err);
}
