/* Records into buckets, one list of buckets a partition. */
#include "core/store_internal.h"

#define FIRST_SLAB ((size_t)64)
#define LAST_SLAB ((size_t)4096)
#define AHEAD_WORDS 16 /* two cache lines: a line that is written is had before it is needed */

static size_t bucket_bytes(const pdm__schema *schema) {
    return sizeof(pdm__bucket) + (size_t)schema->bucket_words * PDM__BUCKET_RECORDS * sizeof(uint64_t);
}

static void drop_slabs(pdm_context *context, const pdm__schema *schema, pdm__buckets *buckets, size_t keep) {
    while (buckets->slab_count > keep) {
        pdm__bucket_slab *slab = &buckets->slabs[--buckets->slab_count];
        pdm__drop(context, slab->memory, slab->buckets * bucket_bytes(schema), 1);
    }
}

void pdm__buckets_clear(pdm_context *context, const pdm__schema *schema, pdm__buckets *buckets) {
    drop_slabs(context, schema, buckets, 0);
    pdm__drop(context, buckets->slabs, buckets->slab_capacity, sizeof *buckets->slabs);
    pdm__arena_clear(&buckets->text);
    memset(buckets, 0, sizeof *buckets);
}

void pdm__buckets_reset(pdm__buckets *buckets) {
    memset(buckets->next, 0, sizeof buckets->next);
    memset(buckets->end, 0, sizeof buckets->end);
    memset(buckets->first, 0, sizeof buckets->first);
    memset(buckets->last, 0, sizeof buckets->last);
    memset(buckets->counts, 0, sizeof buckets->counts);
    buckets->place = (pdm__bucket_place){0, 0};
    buckets->records = 0;
    pdm__arena_clear(&buckets->text);
}

void pdm__buckets_seal(const pdm__schema *schema, pdm__buckets *buckets) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        pdm__bucket *last = buckets->last[p];
        if (last != NULL) last->count = (size_t)(buckets->next[p] - last->records) / (size_t)schema->bucket_words;
    }
}

uint64_t pdm__buckets_memory(const pdm__schema *schema, const pdm__buckets *buckets) {
    uint64_t bytes = buckets->slab_capacity * sizeof *buckets->slabs + buckets->text.total;
    for (size_t i = 0; i < buckets->slab_count; i++) bytes += buckets->slabs[i].buckets * bucket_bytes(schema);
    return bytes;
}

void pdm__store_trim_buckets(pdm__store *store, int64_t records) {
    for (int32_t i = 0; i < store->pending_count; i++) {
        pdm__buckets *buckets = &store->pending[i];
        size_t wanted = (size_t)records / PDM__BUCKET_RECORDS + PDM__PARTITIONS;
        size_t keep = 0;
        size_t have = 0;
        if (buckets->records > 0) continue;
        while (keep < buckets->slab_count && have < wanted) have += buckets->slabs[keep++].buckets;
        drop_slabs(store->context, &store->schema, buckets, i == 0 ? keep : 0);
    }
}

pdm_status pdm__store_need_buckets(pdm__store *store, int32_t count, pdm_error *err) {
    if (store->pending_count >= count) return PDM_OK;
    PDM__TRY(pdm__renew(store->context, (size_t)store->pending_count, (size_t)count, sizeof *store->pending,
                        &store->pending, err));
    size_t more = (size_t)(count - store->pending_count);
    memset(store->pending + store->pending_count, 0, more * sizeof *store->pending);
    store->pending_count = count;
    return PDM_OK;
}

static pdm_status add_slab(pdm__scatter *scatter, pdm_error *err) {
    pdm__buckets *buckets = scatter->buckets;
    pdm_context *context = scatter->store->context;
    if (buckets->slab_count == buckets->slab_capacity) {
        size_t capacity = buckets->slab_capacity == 0 ? 16 : buckets->slab_capacity * 2;
        PDM__TRY(pdm__renew(context, buckets->slab_capacity, capacity, sizeof *buckets->slabs, &buckets->slabs, err));
        buckets->slab_capacity = capacity;
    }
    size_t size = buckets->slab_count == 0 ? FIRST_SLAB : buckets->slabs[buckets->slab_count - 1].buckets * 2;
    if (size > LAST_SLAB) size = LAST_SLAB;
    pdm__bucket_slab *slab = &buckets->slabs[buckets->slab_count];
    PDM__TRY(pdm__new(context, size * bucket_bytes(&scatter->store->schema), 1, &slab->memory, err));
    slab->buckets = size;
    buckets->slab_count++;
    return PDM_OK;
}

/* The next bucket of partition p; the one before is full. */
static pdm_status new_bucket(pdm__scatter *scatter, size_t p, pdm_error *err) {
    pdm__buckets *buckets = scatter->buckets;
    const pdm__schema *schema = &scatter->store->schema;
    pdm__bucket_place *place = &buckets->place;
    while (place->slab < buckets->slab_count && place->used == buckets->slabs[place->slab].buckets) {
        *place = (pdm__bucket_place){place->slab + 1, 0};
    }
    if (place->slab == buckets->slab_count) PDM__TRY(add_slab(scatter, err));
    pdm__bucket *bucket =
        (pdm__bucket *)(void *)(buckets->slabs[place->slab].memory + place->used++ * bucket_bytes(schema));
    bucket->next = NULL;
    bucket->count = PDM__BUCKET_RECORDS;
    if (buckets->last[p] == NULL) {
        buckets->first[p] = bucket;
    } else {
        buckets->last[p]->count = PDM__BUCKET_RECORDS;
        buckets->last[p]->next = bucket;
    }
    buckets->last[p] = bucket;
    buckets->counts[p]++;
    buckets->next[p] = bucket->records;
    buckets->end[p] = bucket->records + (size_t)schema->bucket_words * PDM__BUCKET_RECORDS;
    return PDM_OK;
}

/* The place of the next record of partition p. */
static inline pdm_status next_record(pdm__scatter *scatter, size_t p, size_t words, uint64_t **out, pdm_error *err) {
    pdm__buckets *buckets = scatter->buckets;
    if (PDM__UNLIKELY(buckets->next[p] == buckets->end[p])) PDM__TRY(new_bucket(scatter, p, err));
    *out = buckets->next[p];
    __builtin_prefetch(*out + AHEAD_WORDS, 1);
    buckets->next[p] += words;
    return PDM_OK;
}

static pdm_status keep_text(pdm__scatter *scatter, uint64_t *pointer, uint64_t length, pdm_error *err) {
    pdm__arena *arena = &scatter->buckets->text;
    if (arena->context == NULL) pdm__arena_init(arena, scatter->store->context);
    void *copy = NULL;
    PDM__TRY(pdm__arena_take(arena, (size_t)length, &copy, err));
    if (length > 0) memcpy(copy, pdm__pointer_of(*pointer), (size_t)length);
    *pointer = pdm__word_of(copy);
    return PDM_OK;
}

static bool has_part_texts(const pdm__schema *schema) {
    return schema->widen == NULL && schema->level_count > 1 && pdm__key_is_bytes(schema->levels[1].key_kind);
}

/* Texts of a record that outlives its call. */
static pdm_status keep_texts(pdm__scatter *scatter, uint64_t *record, pdm_error *err) {
    const pdm__schema *schema = &scatter->store->schema;
    if (pdm__key_is_bytes(schema->levels[0].key_kind)) PDM__TRY(keep_text(scatter, &record[1], record[2], err));
    if (has_part_texts(schema) && record[schema->part_at] != 0) {
        uint64_t *part = record + schema->part_at;
        PDM__TRY(keep_text(scatter, &part[1], part[2], err));
    }
    return PDM_OK;
}

/* Integers alone. Inlined, so that few words are no loop. */
static inline pdm_status scatter_ints(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, size_t words,
                                      pdm_error *err) {
    const uint64_t *key = columns[0];
    uint64_t seed = scatter->store->schema.seed;
    for (size_t i = 0; i < n; i++) {
        uint64_t *record = NULL;
        PDM__TRY(next_record(scatter, pdm__partition_of(pdm__hash_word(key[i], 0, seed)), words, &record, err));
        for (size_t w = 0; w < words; w++) record[w] = columns[w][i];
    }
    return PDM_OK;
}

/*
 * Packed records: the hash of an integer can be turned back, and its top eight bits are the partition, so a code has room in their
 * place; the time is the second word.
 */
static pdm_status scatter_packed(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, pdm_error *err) {
    const uint64_t *key = columns[0];
    const uint64_t *time = columns[1];
    const uint64_t *code = columns[2];
    uint64_t seed = scatter->store->schema.seed;
    for (size_t i = 0; i < n; i++) {
        uint64_t *record = NULL;
        uint64_t hash = pdm__hash_word(key[i], 0, seed);
        PDM__TRY(next_record(scatter, pdm__partition_of(hash), 2, &record, err));
        record[0] = hash << PDM__PARTITION_BITS | code[i];
        record[1] = time[i];
    }
    return PDM_OK;
}

static inline uint64_t unit_hash(const pdm__schema *schema, bool text, const uint64_t *const *columns, size_t i) {
    return text ? pdm__hash_text(pdm__pointer_of(columns[1][i]), (size_t)columns[2][i], 0, schema->seed)
                : pdm__hash_word(columns[0][i], 0, schema->seed);
}

static pdm_status scatter_any(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, bool unit_text,
                              bool any_text, pdm_error *err) {
    const pdm__schema *schema = &scatter->store->schema;
    size_t words = (size_t)schema->bucket_words;
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = unit_hash(schema, unit_text, columns, i);
        uint64_t *record = NULL;
        PDM__TRY(next_record(scatter, pdm__partition_of(hash), words, &record, err));
        for (size_t w = unit_text ? 1 : 0; w < words; w++) record[w] = columns[w][i];
        if (unit_text) record[0] = hash;
        if (scatter->copy_text && any_text) PDM__TRY(keep_texts(scatter, record, err));
    }
    return PDM_OK;
}

pdm_status pdm__scatter_records(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, pdm_error *err) {
    const pdm__schema *schema = &scatter->store->schema;
    bool unit_text = pdm__key_is_bytes(schema->levels[0].key_kind);
    bool any_text = unit_text || has_part_texts(schema);
    int32_t words = any_text ? 0 : schema->bucket_words;
    PDM__TRY(schema->packed ? scatter_packed(scatter, columns, n, err)
             : words == 2   ? scatter_ints(scatter, columns, n, 2, err)
             : words == 3   ? scatter_ints(scatter, columns, n, 3, err)
                            : scatter_any(scatter, columns, n, unit_text, any_text, err));
    scatter->buckets->records += (int64_t)n;
    return PDM_OK;
}

void pdm__buckets_mark(const pdm__buckets *buckets, pdm__bucket_mark *mark) {
    memcpy(mark->next, buckets->next, sizeof mark->next);
    memcpy(mark->last, buckets->last, sizeof mark->last);
    memcpy(mark->counts, buckets->counts, sizeof mark->counts);
    mark->place = buckets->place;
    mark->records = buckets->records;
}

void pdm__buckets_rollback(pdm__buckets *buckets, const pdm__bucket_mark *mark) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        /* An `end` of a later bucket goes with it; the earlier one's lies the same distance from its records. */
        size_t room = mark->last[p] == NULL ? 0 : (size_t)(buckets->end[p] - buckets->last[p]->records);
        buckets->last[p] = mark->last[p];
        buckets->next[p] = mark->next[p];
        buckets->end[p] = mark->last[p] == NULL ? NULL : mark->last[p]->records + room;
        if (mark->last[p] == NULL) {
            buckets->first[p] = NULL;
        } else {
            mark->last[p]->next = NULL;
        }
    }
    memcpy(buckets->counts, mark->counts, sizeof mark->counts);
    buckets->place = mark->place;
    buckets->records = mark->records;
}
