#include "core/store.h"

#include "core/store_internal.h"

#define FOLD_STRIP PDM__BUCKET_RECORDS

static int32_t key_words(int32_t kind, bool with_hash) {
    if (!pdm__key_is_bytes(kind)) return 1;
    return with_hash ? 3 : 2;
}

/* The layout of records follows from the kinds of the keys. */
static void lay_out_records(pdm__schema *schema) {
    int32_t words = key_words(schema->levels[0].key_kind, true);
    schema->part_at = words;
    if (schema->level_count > 1) words += 1 + key_words(schema->levels[1].key_kind, false);
    schema->own_at = words;
    schema->unit_ids = schema->level_count > 1;
    for (int32_t j = 0; j < schema->journal_count; j++) schema->unit_ids |= schema->journals[j].level == 0;
    schema->record_words = words + schema->own_words;
    int32_t kind = schema->levels[0].key_kind;
    schema->packed = schema->codes != NULL && (kind == PDM__KEY_INT || kind == PDM__KEY_UINT);
    int32_t narrow = key_words(kind, true) + schema->narrow_words;
    schema->bucket_words = schema->packed ? 2 : schema->widen != NULL ? narrow : schema->record_words;
}

static void init_level(pdm__store *store, int32_t l) {
    const pdm__level *level = &store->schema.levels[l];
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        pdm__keymap_clear(&store->partitions[p].levels[l]);
        pdm__keymap_init(&store->partitions[p].levels[l], &store->arena, store->schema.seed,
                         pdm__key_is_bytes(level->key_kind), l > 0 && !level->shared,
                         (uint32_t)(level->field_count * level->repeat));
    }
}

pdm_status pdm__store_init(pdm__store *store, pdm_context *context, const pdm__schema *schema, pdm_error *err) {
    memset(store, 0, sizeof *store);
    store->context = context;
    store->schema = *schema;
    store->schema.seed = pdm__context_seed(context);
    PDM__TRY(pdm__new_zero(context, PDM__PARTITIONS, sizeof *store->partitions, &store->partitions, err));
    pdm__arena_init(&store->arena, context);
    store->ready = true;
    size_t counters = (size_t)schema->counter_count;
    pdm_status status =
        pdm__new_zero(context, PDM__PARTITIONS * counters, sizeof *store->counters, &store->counters, err);
    if (status != PDM_OK) {
        pdm__store_clear(store);
        return status;
    }
    for (size_t p = 0; p < PDM__PARTITIONS; p++) store->partitions[p].counters = store->counters + p * counters;
    for (int32_t l = 0; l < schema->level_count; l++) init_level(store, l);
    lay_out_records(&store->schema);
    return PDM_OK;
}

static void clear_journal(pdm_context *context, const pdm__journal_info *info, pdm__journal *journal) {
    pdm__drop(context, journal->words, journal->capacity * (size_t)(1 + info->word_count), sizeof *journal->words);
    memset(journal, 0, sizeof *journal);
}

void pdm__store_clear(pdm__store *store) {
    if (!store->ready) return;
    for (int32_t i = 0; i < store->pending_count; i++)
        pdm__buckets_clear(store->context, &store->schema, &store->pending[i]);
    pdm__drop(store->context, store->pending, (size_t)store->pending_count, sizeof *store->pending);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        pdm__partition *partition = &store->partitions[p];
        for (int32_t l = 0; l < store->schema.level_count; l++) pdm__keymap_clear(&partition->levels[l]);
        pdm__drop(store->context, partition->hints, partition->hint_capacity, sizeof *partition->hints);
        for (int32_t j = 0; j < store->schema.journal_count; j++) {
            clear_journal(store->context, &store->schema.journals[j], &partition->journals[j]);
        }
    }
    pdm__drop(store->context, store->partitions, PDM__PARTITIONS, sizeof *store->partitions);
    pdm__drop(store->context, store->counters, PDM__PARTITIONS * (size_t)store->schema.counter_count,
              sizeof *store->counters);
    pdm__arena_clear(&store->arena);
    memset(store, 0, sizeof *store);
}

void pdm__store_reset_key_kind(pdm__store *store, int32_t level, int32_t kind) {
    int32_t *mine = &store->schema.levels[level].key_kind;
    if (*mine == kind || pdm__store_count(store, level) > 0 || pdm__store_pending(store) > 0) return;
    for (int32_t i = 0; i < store->pending_count; i++)
        pdm__buckets_clear(store->context, &store->schema, &store->pending[i]);
    /* Empty, but room for keys may have been made. */
    for (size_t p = 0; p < PDM__PARTITIONS; p++) pdm__keymap_clear(&store->partitions[p].levels[level]);
    *mine = kind;
    init_level(store, level);
    lay_out_records(&store->schema);
}

bool pdm__store_set_key_kind(pdm__store *store, int32_t level, int32_t kind) {
    int32_t *mine = &store->schema.levels[level].key_kind;
    if (*mine == kind) return true;
    if (*mine != PDM__KEY_NONE) return false;
    /* Buckets are cut for records of the old layout; nothing is in them, the caller has folded. */
    for (int32_t i = 0; i < store->pending_count; i++)
        pdm__buckets_clear(store->context, &store->schema, &store->pending[i]);
    *mine = kind;
    init_level(store, level);
    lay_out_records(&store->schema);
    return true;
}

int64_t pdm__store_pending(const pdm__store *store) {
    int64_t records = 0;
    for (int32_t i = 0; i < store->pending_count; i++) records += store->pending[i].records;
    return records;
}

size_t pdm__store_count(const pdm__store *store, int32_t level) {
    size_t count = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) count += store->partitions[p].levels[level].count;
    return count;
}

int64_t pdm__store_counter(const pdm__store *store, int32_t counter) {
    int64_t sum = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) sum += store->partitions[p].counters[counter];
    return sum;
}

uint64_t pdm__store_memory(const pdm__store *store) {
    const pdm__schema *schema = &store->schema;
    uint64_t bytes = store->arena.total + PDM__PARTITIONS * sizeof *store->partitions;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        for (int32_t l = 0; l < schema->level_count; l++) bytes += pdm__keymap_memory(&partition->levels[l]);
        bytes += partition->hint_capacity * sizeof *partition->hints;
        for (int32_t j = 0; j < schema->journal_count; j++) {
            bytes += partition->journals[j].capacity * (size_t)(1 + schema->journals[j].word_count) * sizeof(int64_t);
        }
    }
    for (int32_t i = 0; i < store->pending_count; i++) bytes += pdm__buckets_memory(schema, &store->pending[i]);
    return bytes;
}

void pdm__entry_begin(const pdm__level *level, int64_t *words) {
    for (int32_t r = 0; r < level->repeat; r++) {
        for (int32_t f = 0; f < level->field_count; f++) *words++ = level->fields[f].identity;
    }
}

pdm_status pdm__journal_reserve(pdm_context *context, const pdm__journal_info *info, pdm__journal *journal, size_t more,
                                pdm_error *err) {
    if (journal->capacity - journal->count >= more) return PDM_OK;
    size_t tuple = (size_t)(1 + info->word_count);
    size_t capacity = journal->capacity + journal->capacity / 2 + more;
    PDM__TRY(
        pdm__renew(context, journal->capacity * tuple, capacity * tuple, sizeof *journal->words, &journal->words, err));
    journal->capacity = capacity;
    return PDM_OK;
}

/* Finds or adds `keys`; new entries begin with their identities. On failure nothing was added. */
pdm_status pdm__level_resolve(const pdm__level *level, pdm__keymap *map, const pdm__key *keys, size_t count,
                              uint32_t *ids, pdm_error *err) {
    size_t absent = pdm__keymap_find_many(map, keys, count, ids);
    if (absent == 0) return PDM_OK;
    size_t bytes = 0;
    if (map->is_text) {
        for (size_t i = 0; i < count; i++) bytes += ids[i] == PDM__NO_ID ? keys[i].length : 0;
    }
    PDM__TRY(pdm__keymap_reserve(map, absent, bytes, err));
    for (size_t i = 0; i < count; i++) {
        if (ids[i] != PDM__NO_ID) continue;
        bool added = false;
        ids[i] = pdm__keymap_add(map, &keys[i], &added);
        if (added) pdm__entry_begin(level, pdm__keymap_words(map, ids[i]));
    }
    return PDM_OK;
}

/* Of units without words nobody asks where they are. */
static void find_entries(const pdm__schema *schema, const pdm__keymap *map, const uint32_t *ids, size_t count,
                         int64_t **words) {
    if (schema->levels[0].field_count == 0) return;
    for (size_t i = 0; i < count; i++) words[i] = pdm__keymap_words(map, ids[i]);
}

static pdm_status resolve_texts(const pdm__schema *schema, pdm__keymap *map, const uint64_t *records, size_t count,
                                uint32_t *ids, int64_t **words, pdm_error *err) {
    pdm__key keys[FOLD_STRIP];
    for (size_t i = 0; i < count; i++) {
        const uint64_t *record = records + i * (size_t)schema->record_words;
        keys[i] = (pdm__key){.hash = record[0], .bytes = pdm__pointer_of(record[1]), .length = (uint32_t)record[2]};
    }
    PDM__TRY(pdm__level_resolve(&schema->levels[0], map, keys, count, ids, err));
    find_entries(schema, map, ids, count, words);
    return PDM_OK;
}

static pdm_status add_ints(const pdm__schema *schema, pdm__keymap *map, const uint64_t *records, size_t count,
                           size_t absent, uint32_t *ids, int64_t **words, pdm_error *err) {
    uint8_t *first = map->block_count == 0 ? NULL : map->blocks[0];
    size_t stride = (size_t)schema->record_words;
    PDM__TRY(pdm__keymap_reserve(map, absent, 0, err));
    bool moved = first != NULL && map->blocks[0] != first; /* the first block grows by moving */
    for (size_t i = 0; i < count; i++) {
        if (words[i] != NULL && !moved) continue;
        bool added = false;
        pdm__key key = {.hash = pdm__hash_word(records[i * stride], 0, schema->seed), .word = records[i * stride]};
        ids[i] = pdm__keymap_add(map, &key, &added);
        words[i] = pdm__keymap_words(map, ids[i]);
        if (added) pdm__entry_begin(&schema->levels[0], words[i]);
    }
    return PDM_OK;
}

/* Integers, the usual case: found without building keys; only what is new goes the long way. */
static pdm_status resolve_ints(const pdm__schema *schema, pdm__keymap *map, const uint64_t *records, size_t count,
                               uint32_t *ids, int64_t **words, pdm_error *err) {
    size_t stride = (size_t)schema->record_words;
    size_t absent = pdm__keymap_find_words(map, records, stride, count, ids, words);
    if (absent > 0) PDM__TRY(add_ints(schema, map, records, count, absent, ids, words, err));
    return PDM_OK;
}

/*
 * A unit comes back to the part that it was in last: for each unit two parts of integer keys, an even and an odd one, are looked at
 * before they are looked up. They are hints, compared in full, that nobody has to keep right.
 */
static bool has_hints(const pdm__schema *schema) {
    const pdm__level *level = &schema->levels[1];
    return !level->shared && level->key_kind != PDM__KEY_NONE && !pdm__key_is_bytes(level->key_kind);
}

static bool need_hints(const pdm__store *store, pdm__partition *partition) {
    size_t wanted = 2 * (size_t)partition->levels[0].count;
    size_t capacity = partition->hint_capacity;
    if (wanted <= capacity) return true;
    size_t larger = wanted + wanted / 2;
    if (!pdm__context_spares(store->context, larger * sizeof *partition->hints)) return false;
    if (pdm__renew(store->context, capacity, larger, sizeof *partition->hints, &partition->hints, NULL) != PDM_OK)
        return false;
    memset(partition->hints + capacity, 0xFF, (larger - capacity) * sizeof *partition->hints);
    partition->hint_capacity = larger;
    return true;
}

static inline uint32_t *hint_of(const pdm__partition *partition, uint32_t unit, uint64_t key) {
    return &partition->hints[2 * (size_t)unit + (key & 1)];
}

/* As resolve_parts. */
static pdm_status resolve_int_parts(const pdm__schema *schema, pdm__partition *partition, const uint64_t *records,
                                    const uint32_t *units, size_t count, uint32_t *parts, pdm_error *err) {
    pdm__key keys[FOLD_STRIP];
    uint32_t which[FOLD_STRIP];
    uint32_t ids[FOLD_STRIP];
    const pdm__keymap *map = &partition->levels[1];
    size_t stride = (size_t)schema->record_words;
    size_t others = 0;
    records += schema->part_at;
    for (size_t i = 0; i < count; i++) {
        const uint64_t *mark = records + i * stride;
        parts[i] = mark[0] == 0 ? PDM__NO_ID : *hint_of(partition, units[i], mark[1]);
        if (parts[i] < map->count) __builtin_prefetch(pdm__keymap_entry(map, parts[i]), 1);
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t *mark = records + i * stride;
        if (mark[0] == 0) continue;
        if (parts[i] < map->count) {
            pdm__key hinted = pdm__keymap_key(map, parts[i]);
            if (hinted.word == mark[1] && hinted.scope == units[i]) continue;
        }
        keys[others] = (pdm__key){.word = mark[1], .scope = units[i]};
        pdm__key_hash(&keys[others], false, schema->seed);
        which[others++] = (uint32_t)i;
    }
    PDM__TRY(pdm__level_resolve(&schema->levels[1], &partition->levels[1], keys, others, ids, err));
    for (size_t i = 0; i < others; i++) {
        parts[which[i]] = ids[i];
        *hint_of(partition, keys[i].scope, keys[i].word) = ids[i];
    }
    return PDM_OK;
}

/* Keys of level 1 of the records that have one, and which records those are. */
static size_t part_keys(const pdm__schema *schema, const uint64_t *records, const uint32_t *units, size_t count,
                        pdm__key *keys, uint32_t *which) {
    bool is_text = pdm__key_is_bytes(schema->levels[1].key_kind);
    bool shared = schema->levels[1].shared;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t *mark = records + i * (size_t)schema->record_words + schema->part_at;
        if (mark[0] == 0) continue;
        pdm__key key = {.scope = shared ? 0 : units[i]};
        if (is_text) {
            key.bytes = pdm__pointer_of(mark[1]);
            key.length = (uint32_t)mark[2];
        } else {
            key.word = mark[1];
        }
        pdm__key_hash(&key, is_text, schema->seed);
        keys[found] = key;
        which[found++] = (uint32_t)i;
    }
    return found;
}

/* Texts of a shared level that came a short while ago: there are few, and they come again and again. Good for one fold. */
#define MEMO 64
typedef struct text_memo {
    const uint8_t *bytes[MEMO];
    uint32_t lengths[MEMO]; /* 0 = nobody */
    uint32_t ids[MEMO];
} text_memo;

static size_t memo_place(const uint8_t *bytes, uint32_t length) {
    if (length == 0) return 0;
    return (31 * length + 7U * bytes[0] + 13U * bytes[length / 2] + 3U * bytes[length - 1]) % MEMO;
}

static bool is_noted(const text_memo *memo, size_t at, const uint8_t *bytes, uint32_t length) {
    if (length == 0 || memo->lengths[at] != length) return false;
    return memo->bytes[at] == bytes || memcmp(memo->bytes[at], bytes, length) == 0;
}

static pdm_status resolve_shared(const pdm__schema *schema, pdm__keymap *map, const uint64_t *records, size_t count,
                                 text_memo *memo, uint32_t *parts, pdm_error *err) {
    const uint64_t *mark = records + schema->part_at;
    for (size_t i = 0; i < count; i++, mark += schema->record_words) {
        parts[i] = PDM__NO_ID;
        if (mark[0] == 0) continue;
        pdm__key key = {.bytes = pdm__pointer_of(mark[1]), .length = (uint32_t)mark[2]};
        size_t at = memo_place(key.bytes, key.length);
        if (!is_noted(memo, at, key.bytes, key.length)) {
            pdm__key_hash(&key, true, schema->seed);
            PDM__TRY(pdm__level_resolve(&schema->levels[1], map, &key, 1, &memo->ids[at], err));
            memo->bytes[at] = key.bytes;
            memo->lengths[at] = key.length;
        }
        parts[i] = memo->ids[at];
    }
    return PDM_OK;
}

static pdm_status resolve_parts(const pdm__schema *schema, pdm__partition *partition, const uint64_t *records,
                                const uint32_t *units, size_t count, text_memo *memo, uint32_t *parts, pdm_error *err) {
    const pdm__level *level = &schema->levels[1];
    if (level->shared && pdm__key_is_bytes(level->key_kind))
        return resolve_shared(schema, &partition->levels[1], records, count, memo, parts, err);
    pdm__key keys[FOLD_STRIP];
    uint32_t which[FOLD_STRIP];
    uint32_t ids[FOLD_STRIP];
    size_t found = part_keys(schema, records, units, count, keys, which);
    PDM__TRY(pdm__level_resolve(level, &partition->levels[1], keys, found, ids, err));
    for (size_t i = 0; i < count; i++) parts[i] = PDM__NO_ID;
    for (size_t i = 0; i < found; i++) parts[which[i]] = ids[i];
    return PDM_OK;
}

/* Everything that can fail comes before the step, and is taken back if a later part of it fails; the memo is no good then. */
static pdm_status fold_records(const pdm__store *store, pdm__partition *partition, const uint64_t *records,
                               size_t count, text_memo *memo, pdm_error *err) {
    const pdm__schema *schema = &store->schema;
    uint32_t units[FOLD_STRIP];
    uint32_t parts[FOLD_STRIP];
    int64_t *words[FOLD_STRIP];
    uint32_t units_before = partition->levels[0].count;
    uint32_t parts_before = schema->level_count > 1 ? partition->levels[1].count : 0;
    bool text = pdm__key_is_bytes(schema->levels[0].key_kind);
    PDM__TRY(text ? resolve_texts(schema, &partition->levels[0], records, count, units, words, err)
                  : resolve_ints(schema, &partition->levels[0], records, count, units, words, err));
    pdm_status status = PDM_OK;
    if (schema->level_count > 1) {
        status = has_hints(schema) && need_hints(store, partition)
                     ? resolve_int_parts(schema, partition, records, units, count, parts, err)
                     : resolve_parts(schema, partition, records, units, count, memo, parts, err);
    }
    for (int32_t j = 0; status == PDM_OK && j < schema->journal_count; j++) {
        status = pdm__journal_reserve(store->context, &schema->journals[j], &partition->journals[j], count, err);
    }
    if (status != PDM_OK) {
        pdm__keymap_truncate(&partition->levels[0], units_before);
        if (schema->level_count > 1) pdm__keymap_truncate(&partition->levels[1], parts_before);
        return status;
    }
    pdm__step_args args = {.schema = schema,
                           .partition = partition,
                           .records = records,
                           .units = schema->levels[0].field_count > 0 ? words : NULL,
                           .ids = schema->unit_ids ? units : NULL,
                           .parts = schema->level_count > 1 ? parts : NULL,
                           .count = count};
    schema->step(&args);
    return PDM_OK;
}

typedef struct fold_work {
    pdm__store *store;
    pdm_status status[PDM__PARTITIONS];
} fold_work;

/* Buckets lie apart: the next one is asked for while this one is worked on. */
static void prefetch_bucket(const pdm__schema *schema, const pdm__bucket *bucket) {
    if (bucket == NULL) return;
    const uint8_t *at = (const uint8_t *)bucket;
    size_t bytes = (size_t)schema->bucket_words * PDM__BUCKET_RECORDS * sizeof(uint64_t);
    for (size_t i = 0; i < bytes && i < 256; i += 64)
        __builtin_prefetch(at + i); /* from there on the machine sees the stream */
}

static const uint64_t *unpack(const pdm__schema *schema, size_t p, const pdm__bucket *bucket, uint64_t *out) {
    for (size_t i = 0; i < bucket->count; i++) {
        out[3 * i] = pdm__packed_key(schema, p, bucket->records[2 * i]);
        out[3 * i + 1] = bucket->records[2 * i + 1];
        out[3 * i + 2] = schema->codes[bucket->records[2 * i] & 0xFF];
    }
    return out;
}

/* A bucket's records as the step wants them; made in `memory` where they wait in another form. */
static const uint64_t *records_of(const pdm__schema *schema, size_t p, const pdm__bucket *bucket, uint64_t *memory) {
    if (schema->packed) return unpack(schema, p, bucket, memory);
    if (schema->widen == NULL) return bucket->records;
    schema->widen(schema, bucket->records, bucket->count, memory);
    return memory;
}

static void fold_partition(void *argument, size_t p) {
    fold_work *work = argument;
    pdm__store *store = work->store;
    text_memo memo;
    pdm_error err;
    pdm_error_reset(&err);
    memset(memo.lengths, 0, sizeof memo.lengths);
    for (int32_t s = 0; s < store->pending_count && work->status[p] == PDM_OK; s++) {
        pdm__buckets *pending = &store->pending[s];
        while (pending->first[p] != NULL) {
            pdm__bucket *bucket = pending->first[p];
            prefetch_bucket(&store->schema, bucket->next);
            uint64_t memory[PDM__WIDE_WORDS * PDM__BUCKET_RECORDS];
            const uint64_t *records = records_of(&store->schema, p, bucket, memory);
            work->status[p] = fold_records(store, &store->partitions[p], records, bucket->count, &memo, &err);
            if (work->status[p] != PDM_OK) break;
            bucket->count = 0;
            pending->first[p] = bucket->next;
        }
        if (pending->first[p] != NULL) continue;
        pending->last[p] = NULL;
        pending->next[p] = NULL;
        pending->end[p] = NULL;
    }
}

/* What is left after a failure stays in its buckets; their memory is reused once all is folded. */
static void count_pending(pdm__store *store) {
    for (int32_t s = 0; s < store->pending_count; s++) {
        pdm__buckets *pending = &store->pending[s];
        pending->records = 0;
        for (size_t p = 0; p < PDM__PARTITIONS; p++) {
            for (const pdm__bucket *b = pending->first[p]; b != NULL; b = b->next)
                pending->records += (int64_t)b->count;
        }
        if (pending->records == 0) pdm__buckets_reset(pending);
    }
}

void pdm__store_seal(pdm__store *store) {
    for (int32_t s = 0; s < store->pending_count; s++) pdm__buckets_seal(&store->schema, &store->pending[s]);
}

pdm_status pdm__store_fold(pdm__store *store, pdm__run *run, pdm_error *err) {
    if (pdm__store_pending(store) == 0) return PDM_OK;
    pdm__store_seal(store);
    fold_work work = {.store = store};
    pdm__run_parallel(run, PDM__PARTITIONS, fold_partition, &work);
    count_pending(store);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (work.status[p] == PDM_OK) continue;
        return pdm__fail(err, work.status[p], -1, NULL,
                         "%s while folding rows into the state; they are kept and tried again",
                         work.status[p] == PDM_E_LIMIT ? "memory_limit or key limit reached" : "out of memory");
    }
    return PDM_OK;
}
