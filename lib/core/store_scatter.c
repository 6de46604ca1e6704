/* Records into buckets, one list of buckets a partition. */
#include "core/store_internal.h"

#define SLAB_BUCKETS 64
#define TEXT_CHUNK ((size_t)1 << 16)

static size_t bucket_bytes(const pdm__schema *schema) {
    return sizeof(pdm__bucket) + (size_t)schema->record_words * PDM__BUCKET_RECORDS * sizeof(uint64_t);
}

void pdm__buckets_clear(pdm_context *context, const pdm__schema *schema, pdm__buckets *buckets) {
    for (size_t i = 0; i < buckets->slab_count; i++) {
        pdm__drop(context, buckets->slabs[i], SLAB_BUCKETS * bucket_bytes(schema), 1);
    }
    pdm__drop(context, buckets->slabs, buckets->slab_capacity, sizeof *buckets->slabs);
    pdm__arena_clear(&buckets->text);
    memset(buckets, 0, sizeof *buckets);
}

void pdm__buckets_reset(pdm__buckets *buckets) {
    memset(buckets->first, 0, sizeof buckets->first);
    memset(buckets->last, 0, sizeof buckets->last);
    buckets->used = 0;
    buckets->records = 0;
    pdm__arena_clear(&buckets->text);
}

uint64_t pdm__buckets_memory(const pdm__schema *schema, const pdm__buckets *buckets) {
    return buckets->slab_count * SLAB_BUCKETS * bucket_bytes(schema) + buckets->slab_capacity * sizeof *buckets->slabs +
           buckets->text.total;
}

pdm_status pdm__store_need_buckets(pdm__store *store, int32_t count, pdm_error *err) {
    if (store->pending_count >= count) return PDM_OK;
    PDM__TRY(pdm__renew(store->context, (size_t)store->pending_count, (size_t)count, sizeof *store->pending, &store->pending, err));
    size_t more = (size_t)(count - store->pending_count);
    memset(store->pending + store->pending_count, 0, more * sizeof *store->pending);
    store->pending_count = count;
    return PDM_OK;
}

static pdm_status new_bucket(pdm__scatter *scatter, size_t p, pdm__bucket **out, pdm_error *err) {
    pdm__buckets *buckets = scatter->buckets;
    pdm_context *context = scatter->store->context;
    size_t bytes = bucket_bytes(&scatter->store->schema);
    size_t slab = buckets->used / SLAB_BUCKETS;
    if (slab == buckets->slab_capacity) {
        size_t capacity = buckets->slab_capacity == 0 ? 16 : buckets->slab_capacity * 2;
        PDM__TRY(pdm__renew(context, buckets->slab_capacity, capacity, sizeof *buckets->slabs, &buckets->slabs, err));
        buckets->slab_capacity = capacity;
    }
    if (slab == buckets->slab_count) {
        PDM__TRY(pdm__new(context, SLAB_BUCKETS * bytes, 1, &buckets->slabs[slab], err));
        buckets->slab_count++;
    }
    pdm__bucket *bucket = (pdm__bucket *)(void *)(buckets->slabs[slab] + (buckets->used % SLAB_BUCKETS) * bytes);
    bucket->next = NULL;
    bucket->count = 0;
    if (buckets->last[p] == NULL) {
        buckets->first[p] = bucket;
    } else {
        buckets->last[p]->next = bucket;
    }
    buckets->last[p] = bucket;
    buckets->used++;
    *out = bucket;
    return PDM_OK;
}

/* The place of the next record of partition p. */
static inline pdm_status next_record(pdm__scatter *scatter, size_t p, uint64_t **out, pdm_error *err) {
    pdm__bucket *bucket = scatter->buckets->last[p];
    if (bucket == NULL || bucket->count == PDM__BUCKET_RECORDS) PDM__TRY(new_bucket(scatter, p, &bucket, err));
    *out = bucket->records + bucket->count * (size_t)scatter->store->schema.record_words;
    bucket->count++;
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

/* Texts of a record that outlives its call. */
static pdm_status keep_texts(pdm__scatter *scatter, uint64_t *record, pdm_error *err) {
    const pdm__schema *schema = &scatter->store->schema;
    if (schema->levels[0].key_kind == PDM__KEY_TEXT) PDM__TRY(keep_text(scatter, &record[1], record[2], err));
    if (schema->level_count > 1 && schema->levels[1].key_kind == PDM__KEY_TEXT && record[schema->part_at] != 0) {
        uint64_t *part = record + schema->part_at;
        PDM__TRY(keep_text(scatter, &part[1], part[2], err));
    }
    return PDM_OK;
}

/* The usual small case, written out: three words, an integer key. */
static pdm_status scatter_three(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, pdm_error *err) {
    const uint64_t *key = columns[0];
    const uint64_t *second = columns[1];
    const uint64_t *third = columns[2];
    uint64_t seed = scatter->store->schema.seed;
    for (size_t i = 0; i < n; i++) {
        uint64_t *record = NULL;
        PDM__TRY(next_record(scatter, pdm__partition_of(pdm__hash_word(key[i], 0, seed)), &record, err));
        record[0] = key[i];
        record[1] = second[i];
        record[2] = third[i];
    }
    return PDM_OK;
}

static pdm_status scatter_any(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, pdm_error *err) {
    const pdm__schema *schema = &scatter->store->schema;
    size_t words = (size_t)schema->record_words;
    bool unit_text = schema->levels[0].key_kind == PDM__KEY_TEXT;
    bool any_text = unit_text || (schema->level_count > 1 && schema->levels[1].key_kind == PDM__KEY_TEXT);
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = unit_text ? pdm__hash_text(pdm__pointer_of(columns[1][i]), (size_t)columns[2][i], 0, schema->seed)
                                  : pdm__hash_word(columns[0][i], 0, schema->seed);
        uint64_t *record = NULL;
        PDM__TRY(next_record(scatter, pdm__partition_of(hash), &record, err));
        for (size_t w = unit_text ? 1 : 0; w < words; w++) record[w] = columns[w][i];
        if (unit_text) record[0] = hash;
        if (!scatter->copy_text || !any_text) continue;
        pdm_status status = keep_texts(scatter, record, err);
        if (status != PDM_OK) return status;
    }
    return PDM_OK;
}

pdm_status pdm__scatter_records(pdm__scatter *scatter, const uint64_t *const *columns, size_t n, pdm_error *err) {
    const pdm__schema *schema = &scatter->store->schema;
    bool three = schema->record_words == 3 && schema->level_count == 1 && schema->levels[0].key_kind != PDM__KEY_TEXT;
    PDM__TRY(three ? scatter_three(scatter, columns, n, err) : scatter_any(scatter, columns, n, err));
    scatter->buckets->records += (int64_t)n;
    return PDM_OK;
}

void pdm__buckets_mark(const pdm__buckets *buckets, pdm__bucket_mark *mark) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        mark->last[p] = buckets->last[p];
        mark->count[p] = buckets->last[p] == NULL ? 0 : buckets->last[p]->count;
    }
    mark->used = buckets->used;
    mark->records = buckets->records;
}

void pdm__buckets_rollback(pdm__buckets *buckets, const pdm__bucket_mark *mark) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        buckets->last[p] = mark->last[p];
        if (mark->last[p] == NULL) {
            buckets->first[p] = NULL;
        } else {
            mark->last[p]->count = mark->count[p];
            mark->last[p]->next = NULL;
        }
    }
    buckets->used = mark->used;
    buckets->records = mark->records;
}
