/* Shared by the files of the store only. */
#ifndef PDM_CORE_STORE_INTERNAL_H
#define PDM_CORE_STORE_INTERNAL_H

#include "core/store.h"

void pdm__buckets_clear(pdm_context *context, const pdm__schema *schema, pdm__buckets *buckets);
void pdm__buckets_reset(pdm__buckets *buckets);                           /* empty again, memory kept */
void pdm__buckets_seal(const pdm__schema *schema, pdm__buckets *buckets); /* counts of the last buckets are written */
uint64_t pdm__buckets_memory(const pdm__schema *schema, const pdm__buckets *buckets);

/* Combines the words of an entry with others. */
void pdm__entry_combine(const pdm__level *level, int64_t *words, const int64_t *more);
void pdm__entry_begin(const pdm__level *level, int64_t *words);
pdm_status pdm__journal_reserve(pdm_context *context, const pdm__journal_info *info, pdm__journal *journal, size_t more,
                                pdm_error *err);
pdm_status pdm__level_resolve(const pdm__level *level, pdm__keymap *map, const pdm__key *keys, size_t count,
                              uint32_t *ids, pdm_error *err);

#endif
