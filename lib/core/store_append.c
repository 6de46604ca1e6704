/* Stores that are made from other stores: entry by entry, tuple by tuple. */
#include "core/store_internal.h"

static pdm_status resolve(pdm__store *store, int32_t level, size_t partition, const pdm__key *given, uint32_t scope,
                          uint32_t *id, pdm_error *err) {
    pdm__keymap *map = &store->partitions[partition].levels[level];
    pdm__key key = *given;
    key.scope = scope;
    pdm__key_hash(&key, map->is_text, map->seed);
    return pdm__level_resolve(&store->schema.levels[level], map, &key, 1, id, err);
}

pdm_status pdm__store_append(pdm__store *store, size_t partition, const pdm__key *unit, const pdm__key *part,
                             int32_t journal, const int64_t *words, size_t count, pdm_error *err) {
    const pdm__journal_info *info = &store->schema.journals[journal];
    pdm__journal *to = &store->partitions[partition].journals[journal];
    size_t width = (size_t)info->word_count;
    uint32_t id = 0;
    uint32_t mine = 0;
    PDM__TRY(resolve(store, 0, partition, unit, 0, &id, err));
    if (part != NULL) PDM__TRY(resolve(store, 1, partition, part, store->schema.levels[1].shared ? 0 : id, &mine, err));
    int64_t head = info->refers ? pdm__tuple_head(id, mine) : part != NULL ? (int64_t)mine : (int64_t)id;
    PDM__TRY(pdm__journal_reserve(store->context, info, to, count, err));
    for (size_t i = 0; i < count; i++, words += width) {
        int64_t *tuple = to->words + to->count++ * (1 + width);
        tuple[0] = head;
        memcpy(tuple + 1, words, width * sizeof *words);
    }
    return PDM_OK;
}

pdm_status pdm__store_combine(pdm__store *store, const pdm__key *unit, const pdm__key *part, const int64_t *words,
                              pdm_error *err) {
    uint32_t id = 0;
    int32_t level = part == NULL ? 0 : 1;
    pdm__key key = *unit;
    key.scope = 0;
    pdm__key_hash(&key, true, store->schema.seed);
    size_t partition = pdm__partition_of(key.hash);
    PDM__TRY(resolve(store, 0, partition, unit, 0, &id, err));
    if (part != NULL) PDM__TRY(resolve(store, 1, partition, part, id, &id, err));
    int64_t *mine = pdm__keymap_words(&store->partitions[partition].levels[level], id);
    pdm__entry_combine(&store->schema.levels[level], mine, words);
    return PDM_OK;
}

pdm_status pdm__store_keep(pdm__store *store, size_t partition, const pdm__key *unit, const int64_t *words,
                           pdm_error *err) {
    uint32_t id = 0;
    PDM__TRY(resolve(store, 0, partition, unit, 0, &id, err));
    pdm__entry_combine(&store->schema.levels[0], pdm__keymap_words(&store->partitions[partition].levels[0], id), words);
    return PDM_OK;
}

void pdm__store_replace(pdm__store *store, pdm__store *by) {
    pdm__store_clear(store);
    *store = *by;
    pdm__arena_init(&store->arena, by->context); /* a lock does not move; what it guards does */
    store->arena.chunks = by->arena.chunks;
    store->arena.total = by->arena.total;
    by->arena.chunks = NULL;
    pdm__arena_clear(&by->arena);
    memset(by, 0, sizeof *by);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (int32_t l = 0; l < store->schema.level_count; l++) store->partitions[p].levels[l].arena = &store->arena;
    }
}
