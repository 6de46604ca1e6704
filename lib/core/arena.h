/*
 * An arena: many blocks, one release. Chunks grow from small to huge-page size. One arena serves all partitions of a store, so taking
 * a block is guarded by a lock; takers ask for thousands of bytes at a time.
 */
#ifndef PDM_CORE_ARENA_H
#define PDM_CORE_ARENA_H

#include "core/base.h"

#include <pthread.h>

typedef struct pdm__arena_chunk pdm__arena_chunk;

typedef struct pdm__arena {
    pdm_context *context; /* borrowed */
    pthread_mutex_t lock;
    pdm__arena_chunk *chunks; /* newest first */
    size_t total;             /* bytes of all chunks */
} pdm__arena;

void pdm__arena_init(pdm__arena *arena, pdm_context *context);
/* `size` bytes, 16-aligned, not initialised, valid until the arena is cleared. */
pdm_status pdm__arena_take(pdm__arena *arena, size_t size, void *out, pdm_error *err);
void pdm__arena_clear(pdm__arena *arena);

#endif
