/* One store into another: first find or make room for everything, then combine without failing. */
#include "core/store_internal.h"

#define STRIP 64

typedef struct partition_merge {
    uint32_t *ids[PDM__MAX_LEVELS];   /* of src's entries in dst */
    uint32_t before[PDM__MAX_LEVELS]; /* dst's counts */
    pdm_status status;
} partition_merge;

typedef struct merge_work {
    pdm__store *dst;
    const pdm__store *src;
    partition_merge *partitions;
} merge_work;

/* Same seed, same partition: slots need only the low half of the hash, which texts keep in their entries. */
static void strip_keys(const pdm__keymap *map, const uint32_t *unit_ids, uint32_t base, size_t n, pdm__key *keys) {
    for (size_t i = 0; i < n; i++) {
        keys[i] = pdm__keymap_key(map, base + (uint32_t)i);
        if (map->is_scoped) keys[i].scope = unit_ids[keys[i].scope];
        pdm__key_hash(&keys[i], map->is_text, map->seed);
    }
}

static pdm_status resolve_level(merge_work *work, size_t p, int32_t l) {
    pdm_context *context = work->dst->context;
    partition_merge *merge = &work->partitions[p];
    const pdm__keymap *src = &work->src->partitions[p].levels[l];
    pdm__keymap *dst = &work->dst->partitions[p].levels[l];
    PDM__TRY(pdm__new(context, src->count, sizeof *merge->ids[l], &merge->ids[l], NULL));
    for (uint32_t base = 0; base < src->count; base += STRIP) {
        pdm__key keys[STRIP];
        size_t n = src->count - base < STRIP ? src->count - base : STRIP;
        strip_keys(src, merge->ids[0], base, n, keys);
        PDM__TRY(pdm__level_resolve(&work->dst->schema.levels[l], dst, keys, n, merge->ids[l] + base, NULL));
    }
    return PDM_OK;
}

static pdm_status resolve(merge_work *work, size_t p) {
    const pdm__schema *schema = &work->dst->schema;
    for (int32_t l = 0; l < schema->level_count; l++) PDM__TRY(resolve_level(work, p, l));
    for (int32_t j = 0; j < schema->journal_count; j++) {
        PDM__TRY(pdm__journal_reserve(work->dst->context, &schema->journals[j], &work->dst->partitions[p].journals[j],
                                      work->src->partitions[p].journals[j].count, NULL));
    }
    return PDM_OK;
}

static void resolve_partition(void *argument, size_t p) {
    merge_work *work = argument;
    for (int32_t l = 0; l < work->dst->schema.level_count; l++) {
        work->partitions[p].before[l] = work->dst->partitions[p].levels[l].count;
    }
    work->partitions[p].status = resolve(work, p);
}

void pdm__entry_combine(const pdm__level *level, int64_t *dst, const int64_t *src) {
    for (int32_t r = 0; r < level->repeat; r++, dst += level->field_count, src += level->field_count) {
        for (int32_t f = 0; f < level->field_count; f++) {
            switch (level->fields[f].merge) {
            case PDM__SUM_COUNT:
            case PDM__SUM_LIMB:
            case PDM__SUM_DIGIT:
            case PDM__SUM_MONEY: dst[f] += src[f]; break;
            case PDM__MIN: dst[f] = dst[f] < src[f] ? dst[f] : src[f]; break;
            case PDM__MAX: dst[f] = dst[f] > src[f] ? dst[f] : src[f]; break;
            default: dst[f] = (int64_t)((uint64_t)dst[f] | (uint64_t)src[f]); break;
            }
        }
    }
}

static void combine_partition(void *argument, size_t p) {
    merge_work *work = argument;
    const pdm__schema *schema = &work->dst->schema;
    pdm__partition *dst = &work->dst->partitions[p];
    const pdm__partition *src = &work->src->partitions[p];
    for (int32_t l = 0; l < schema->level_count; l++) {
        const uint32_t *ids = work->partitions[p].ids[l];
        for (uint32_t i = 0; i < src->levels[l].count; i++) {
            pdm__entry_combine(&schema->levels[l], pdm__keymap_words(&dst->levels[l], ids[i]),
                               pdm__keymap_words(&src->levels[l], i));
        }
    }
    for (int32_t j = 0; j < schema->journal_count; j++) {
        if (src->journals[j].count == 0) continue; /* it may have no memory at all */
        size_t tuple = (size_t)(1 + schema->journals[j].word_count);
        const uint32_t *ids = work->partitions[p].ids[schema->journals[j].level];
        const uint32_t *parts = schema->journals[j].refers ? work->partitions[p].ids[1] : NULL;
        int64_t *to = dst->journals[j].words + dst->journals[j].count * tuple;
        const int64_t *from = src->journals[j].words;
        for (size_t i = 0; i < src->journals[j].count; i++, to += tuple, from += tuple) {
            memcpy(to, from, tuple * sizeof *to);
            uint32_t id = ids[pdm__tuple_id(from[0])];
            to[0] = parts == NULL ? (int64_t)id : pdm__tuple_head(id, parts[pdm__tuple_part(from[0])]);
        }
        dst->journals[j].count += src->journals[j].count;
    }
    for (int32_t c = 0; c < schema->counter_count; c++) dst->counters[c] += src->counters[c];
}

static pdm_status first_failure(const merge_work *work) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (work->partitions[p].status != PDM_OK) return work->partitions[p].status;
    }
    return PDM_OK;
}

static void take_back(merge_work *work) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (int32_t l = 0; l < work->dst->schema.level_count; l++) {
            pdm__keymap_truncate(&work->dst->partitions[p].levels[l], work->partitions[p].before[l]);
        }
    }
}

pdm_status pdm__store_merge(pdm__store *dst, const pdm__store *src, pdm__run *run, pdm_error *err) {
    merge_work work = {.dst = dst, .src = src};
    PDM__TRY(pdm__new_zero(dst->context, PDM__PARTITIONS, sizeof *work.partitions, &work.partitions, err));
    pdm__run_parallel(run, PDM__PARTITIONS, resolve_partition, &work);
    pdm_status status = first_failure(&work);
    if (status == PDM_OK) {
        pdm__run_parallel(run, PDM__PARTITIONS, combine_partition, &work);
    } else {
        take_back(&work);
        (void)pdm__fail(err, status, -1, NULL, "%s while merging; nothing was merged",
                        status == PDM_E_LIMIT ? "memory_limit or key limit reached" : "out of memory");
    }
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (int32_t l = 0; l < dst->schema.level_count; l++) {
            pdm__drop(dst->context, work.partitions[p].ids[l], src->partitions[p].levels[l].count, sizeof(uint32_t));
        }
    }
    pdm__drop(dst->context, work.partitions, PDM__PARTITIONS, sizeof *work.partitions);
    return status;
}
