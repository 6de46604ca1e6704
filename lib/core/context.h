/* The inside of a context. Only context.c and parallel.c look at it. */
#ifndef PDM_CORE_CONTEXT_H
#define PDM_CORE_CONTEXT_H

#include "core/base.h"

#include <pthread.h>

#define PDM__CACHED_BLOCKS 64

/* Large blocks given back, kept for the next taker: their pages have been touched already. Default allocator only. */
typedef struct pdm__block_cache {
    pthread_mutex_t lock;
    void *blocks[PDM__CACHED_BLOCKS];
    size_t sizes[PDM__CACHED_BLOCKS];
    int32_t count;
    size_t bytes;
    size_t limit;
} pdm__block_cache;

struct pdm_context {
    pdm_context_options options; /* threads ≥ 1, allocator set */
    atomic_int references;
    _Atomic(uint64_t) now;  /* bytes held */
    _Atomic(uint64_t) peak; /* most bytes ever held */
    pdm__block_cache cache;
};

#endif
