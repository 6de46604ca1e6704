#include "core/arena.h"

#define FIRST_CHUNK ((size_t)1 << 15)
#define LAST_CHUNK ((size_t)1 << 22)

struct pdm__arena_chunk {
    pdm__arena_chunk *next;
    size_t size; /* of the whole chunk, this header included */
    size_t used;
    size_t padding;
};

void pdm__arena_init(pdm__arena *arena, pdm_context *context) {
    memset(arena, 0, sizeof *arena);
    arena->context = context;
    (void)pthread_mutex_init(&arena->lock, NULL);
}

static pdm_status add_chunk(pdm__arena *arena, size_t size, pdm_error *err) {
    size_t wanted = arena->total < FIRST_CHUNK ? FIRST_CHUNK : arena->total / 2;
    if (wanted > LAST_CHUNK) wanted = LAST_CHUNK;
    size_t needed = 0;
    if (!pdm__add_size(size, sizeof(pdm__arena_chunk), &needed)) needed = SIZE_MAX;
    if (wanted < needed) wanted = needed;
    pdm__arena_chunk *chunk = NULL;
    PDM__TRY(pdm__new(arena->context, wanted, 1, &chunk, err));
    chunk->next = arena->chunks;
    chunk->size = wanted;
    chunk->used = sizeof *chunk;
    arena->chunks = chunk;
    arena->total += wanted;
    return PDM_OK;
}

pdm_status pdm__arena_take(pdm__arena *arena, size_t size, void *out, pdm_error *err) {
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded < size) return pdm__fail(err, PDM_E_NOMEM, -1, NULL, "out of memory for %zu bytes", size);
    (void)pthread_mutex_lock(&arena->lock);
    pdm_status status = PDM_OK;
    if (arena->chunks == NULL || arena->chunks->size - arena->chunks->used < rounded)
        status = add_chunk(arena, rounded, err);
    if (status == PDM_OK) {
        void *block = (uint8_t *)arena->chunks + arena->chunks->used;
        arena->chunks->used += rounded;
        memcpy(out, &block, sizeof block);
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

void pdm__arena_clear(pdm__arena *arena) {
    pdm_context *context = arena->context;
    if (context == NULL) return;
    while (arena->chunks != NULL) {
        pdm__arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        pdm__drop(context, chunk, chunk->size, 1);
    }
    (void)pthread_mutex_destroy(&arena->lock);
    memset(arena, 0, sizeof *arena);
}
