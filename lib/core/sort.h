/* Sorting 64-bit keys: radix sorts, stable, without comparisons. */
#ifndef PDM_CORE_SORT_H
#define PDM_CORE_SORT_H

#include "core/base.h"
#include "core/parallel.h"

/* A key and where it came from. */
typedef struct pdm__sort_pair {
    uint64_t key;
    uint64_t index;
} pdm__sort_pair;

/* Order-preserving map of signed to unsigned. */
static inline uint64_t pdm__sort_key_i64(int64_t value) { return (uint64_t)value ^ (UINT64_C(1) << 63); }

/*
 * Sorts pairs by key, ascending, stable; `scratch` is as large. The result is in `pairs`. MSD radix over the range that is in
 * use, then small sorts in cache; O(n) for the usual ids, uses the run's threads.
 */
pdm_status pdm__sort_pairs(pdm__run *run, pdm__sort_pair *pairs, pdm__sort_pair *scratch, size_t count, pdm_error *err);

/* Sorts values ascending; same method. */
pdm_status pdm__sort_i64(pdm__run *run, int64_t *values, int64_t *scratch, size_t count, pdm_error *err);

/* A text key and where it came from. */
typedef struct pdm__sort_text {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t index;
    uint64_t prefix; /* first eight bytes, big-endian, zero-padded: set by the sort */
} pdm__sort_text;

/* Sorts texts by bytes (shorter first where one is a prefix of the other), ties by index. O(n log n). */
pdm_status pdm__sort_texts(pdm__run *run, pdm__sort_text *texts, pdm__sort_text *scratch, size_t count, pdm_error *err);

#endif
