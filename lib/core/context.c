#include "core/context.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Blocks from here on are worth pages of their own, on huge pages where the system has them: first touch is 4 times cheaper. */
#define LARGE_BLOCK ((size_t)1 << 20)
#define HUGE_PAGE ((size_t)1 << 21)
/* Large blocks that a context without memory_limit keeps for reuse. */
#define CACHE_LIMIT ((size_t)256 << 20)

static size_t page_bytes(size_t size) { return (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1); }

static void *large_new(size_t size) {
    size_t bytes = page_bytes(size);
    if (bytes < size || bytes + HUGE_PAGE < bytes) return NULL;
    uint8_t *raw = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) return NULL;
    size_t head = (size_t)(-(uintptr_t)raw & (HUGE_PAGE - 1));
    if (head > 0) (void)munmap(raw, head);
    if (head < HUGE_PAGE) (void)munmap(raw + head + bytes, HUGE_PAGE - head);
#ifdef MADV_HUGEPAGE
    (void)madvise(raw + head, bytes, MADV_HUGEPAGE); /* a hint: without it everything works, slower */
#endif
    return raw + head;
}

static void *cache_take(pdm__block_cache *cache, size_t bytes) {
    void *block = NULL;
    (void)pthread_mutex_lock(&cache->lock);
    for (int32_t i = cache->count - 1; i >= 0 && block == NULL; i--) {
        if (cache->sizes[i] != bytes) continue;
        block = cache->blocks[i];
        cache->count--;
        cache->blocks[i] = cache->blocks[cache->count];
        cache->sizes[i] = cache->sizes[cache->count];
        cache->bytes -= bytes;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return block;
}

static bool cache_put(pdm__block_cache *cache, void *block, size_t bytes) {
    (void)pthread_mutex_lock(&cache->lock);
    bool room = cache->count < PDM__CACHED_BLOCKS && bytes <= cache->limit - cache->bytes;
    if (room) {
        cache->blocks[cache->count] = block;
        cache->sizes[cache->count++] = bytes;
        cache->bytes += bytes;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return room;
}

static void *large_take(pdm_context *context, size_t size) {
    void *block = cache_take(&context->cache, page_bytes(size));
    return block != NULL ? block : large_new(size);
}

static void large_give(pdm_context *context, void *block, size_t size) {
    if (!cache_put(&context->cache, block, page_bytes(size))) (void)munmap(block, page_bytes(size));
}

/* `user` is the context; its own block, taken before there is one, is small. */
static void *default_resize(void *user, void *block, size_t old_size, size_t new_size) {
    bool was_large = block != NULL && old_size >= LARGE_BLOCK;
    bool is_large = new_size >= LARGE_BLOCK;
    if (!was_large && !is_large) {
        if (new_size == 0) {
            free(block);
            return NULL;
        }
        return realloc(block, new_size);
    }
    if (was_large && is_large && page_bytes(old_size) == page_bytes(new_size)) return block;
    void *fresh = NULL;
    if (new_size > 0) {
        fresh = is_large ? large_take(user, new_size) : malloc(new_size);
        if (fresh == NULL) return NULL;
        if (block != NULL) memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    }
    if (was_large) {
        large_give(user, block, old_size);
    } else {
        free(block);
    }
    return fresh;
}

pdm_status pdm_context_create(const pdm_context_options *options, pdm_context **out, pdm_error *err) {
    if (out == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "out is NULL; a place for the context is needed");
    pdm_context_options given = pdm_context_options_default();
    if (options != NULL) {
        if (options->struct_size == 0 || options->struct_size > sizeof given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size",
                             "struct_size is %u; this library knows 1…%zu (use pdm_context_options_default())",
                             options->struct_size, sizeof given);
        }
        memcpy(&given, options, options->struct_size);
    }
    if (given.threads < 0 || given.threads > 1024) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "threads", "threads is %d; 0…1024 expected", given.threads);
    }
    if (given.allocator.resize == NULL) given.allocator.resize = default_resize;
    pdm_context *context = given.allocator.resize(given.allocator.user, NULL, 0, sizeof *context);
    if (context == NULL) return pdm__fail(err, PDM_E_NOMEM, -1, NULL, "out of memory for %zu bytes", sizeof *context);
    memset(context, 0, sizeof *context);
    context->options = given;
    if (context->options.threads == 0) context->options.threads = 1;
    if (given.allocator.resize == default_resize) context->options.allocator.user = context;
    (void)pthread_mutex_init(&context->cache.lock, NULL);
    context->cache.limit = given.memory_limit > 0 ? 0 : CACHE_LIMIT;
    atomic_init(&context->references, 1);
    atomic_init(&context->now, 0);
    atomic_init(&context->peak, 0);
    *out = context;
    return PDM_OK;
}

void pdm_context_free(pdm_context *context) {
    if (context == NULL || atomic_fetch_sub(&context->references, 1) != 1) return;
    pdm_allocator allocator = context->options.allocator;
    for (int32_t i = 0; i < context->cache.count; i++) (void)munmap(context->cache.blocks[i], context->cache.sizes[i]);
    (void)pthread_mutex_destroy(&context->cache.lock);
    (void)allocator.resize(allocator.user, context, sizeof *context, 0);
}

void pdm_context_memory(const pdm_context *context, uint64_t *now, uint64_t *peak) {
    if (now != NULL) *now = context == NULL ? 0 : (uint64_t)atomic_load(&context->now);
    if (peak != NULL) *peak = context == NULL ? 0 : (uint64_t)atomic_load(&context->peak);
}

pdm_context *pdm__context_retain(pdm_context *context) {
    (void)atomic_fetch_add(&context->references, 1);
    return context;
}

pdm_status pdm__context_or_default(pdm_context *context, pdm_context **out, pdm_error *err) {
    if (context == NULL) return pdm_context_create(NULL, out, err);
    *out = pdm__context_retain(context);
    return PDM_OK;
}

int32_t pdm__context_threads(const pdm_context *context) { return context->options.threads; }

uint64_t pdm__context_seed(const pdm_context *context) { return context->options.hash_seed; }

#define SPARE 16

bool pdm__context_spares(const pdm_context *context, size_t bytes) {
    uint64_t limit = context->options.memory_limit;
    uint64_t now = atomic_load(&context->now);
    return limit == 0 || (now < limit && (limit - now) / SPARE >= bytes);
}

/* Books `bytes` more; false (and nothing booked) if the limit does not allow it. */
static bool account(pdm_context *context, size_t bytes) {
    uint64_t limit = context->options.memory_limit;
    uint64_t now = atomic_fetch_add(&context->now, bytes) + bytes;
    if (limit > 0 && now > limit) {
        (void)atomic_fetch_sub(&context->now, bytes);
        return false;
    }
    uint64_t peak = atomic_load(&context->peak);
    while (now > peak && !atomic_compare_exchange_weak(&context->peak, &peak, now)) {
    }
    return true;
}

static pdm_status resize(pdm_context *context, void **block, size_t old_size, size_t new_size, pdm_error *err) {
    if (new_size > old_size && !account(context, new_size - old_size)) {
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL,
                         "%zu more bytes would exceed the context's memory_limit of %llu bytes (%llu in use)",
                         new_size - old_size, (unsigned long long)context->options.memory_limit,
                         (unsigned long long)atomic_load(&context->now));
    }
    void *fresh = context->options.allocator.resize(context->options.allocator.user, *block, old_size, new_size);
    if (fresh == NULL && new_size > 0) {
        if (new_size > old_size) (void)atomic_fetch_sub(&context->now, new_size - old_size);
        return pdm__fail(err, PDM_E_NOMEM, -1, NULL, "out of memory for %zu bytes", new_size);
    }
    if (new_size < old_size) (void)atomic_fetch_sub(&context->now, old_size - new_size);
    *block = fresh;
    return PDM_OK;
}

static pdm_status too_large(size_t count, size_t size, pdm_error *err) {
    return pdm__fail(err, PDM_E_NOMEM, -1, NULL, "%zu entries of %zu bytes are more than memory can address", count,
                     size);
}

/* Empty arrays own one entry, so that NULL always means "not allocated". */
static size_t at_least_one(size_t count) { return count == 0 ? 1 : count; }

pdm_status pdm__new(pdm_context *context, size_t count, size_t size, void *out, pdm_error *err) {
    size_t bytes = 0;
    if (!pdm__mul_size(at_least_one(count), size, &bytes)) return too_large(count, size, err);
    void *block = NULL;
    PDM__TRY(resize(context, &block, 0, bytes, err));
    memcpy(out, &block, sizeof block);
    return PDM_OK;
}

pdm_status pdm__new_zero(pdm_context *context, size_t count, size_t size, void *out, pdm_error *err) {
    void *block = NULL;
    PDM__TRY(pdm__new(context, count, size, &block, err));
    memset(block, 0, at_least_one(count) * size);
    memcpy(out, &block, sizeof block);
    return PDM_OK;
}

pdm_status pdm__renew(pdm_context *context, size_t old_count, size_t new_count, size_t size, void *block,
                      pdm_error *err) {
    void *old = NULL;
    memcpy(&old, block, sizeof old);
    size_t bytes = 0;
    if (!pdm__mul_size(at_least_one(new_count), size, &bytes)) return too_large(new_count, size, err);
    PDM__TRY(resize(context, &old, old == NULL ? 0 : at_least_one(old_count) * size, bytes, err));
    memcpy(block, &old, sizeof old);
    return PDM_OK;
}

void pdm__drop(pdm_context *context, void *block, size_t count, size_t size) {
    if (block == NULL) return;
    (void)resize(context, &block, at_least_one(count) * size, 0, NULL);
}
