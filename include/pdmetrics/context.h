/**
 * @file context.h
 * @defgroup core_context Contexts
 * @ingroup core
 * @brief Where memory comes from, how many threads may work, whom to tell and whom to ask.
 *
 * A context is configuration. It is immutable once made, may be shared by any number of states and threads, and is
 * reference-counted by what is made from it, so freeing it early is safe. Wherever a `pdm_context *` is expected NULL
 * means "all defaults": malloc, one thread, no limit, no callbacks.
 *
 * With the default allocator and no memory limit a context keeps up to 256 MiB of released large blocks for the next use (first touch
 * of fresh pages can cost as much as the metric); freeing the context gives them back.
 * @{
 */
#ifndef PDMETRICS_CONTEXT_H
#define PDMETRICS_CONTEXT_H

#include <pdmetrics/status.h>

/** Configuration object; opaque. */
typedef struct pdm_context pdm_context;

/**
 * An allocator as a value. `resize` is the whole interface: `block == NULL` allocates, `new_size == 0` releases and returns
 * NULL, anything else reallocates. Blocks are aligned for any C object (16 bytes). It must be callable from several threads
 * at once. `old_size` is always the size the block was last given.
 */
typedef struct pdm_allocator {
    /** Allocates, grows, shrinks or releases, as said above. */
    void *(*resize)(void *user, void *block, size_t old_size, size_t new_size);
    void *user; /**< handed to every call */
} pdm_allocator;

/** One piece of parallel work: called once for every index. */
typedef void (*pdm_parallel_body)(void *work, size_t index);

/**
 * The embedder's own threads. Must call `body(work, i)` exactly once for each i in [0, count), in any order and on any
 * threads, and return when all calls have returned.
 */
typedef void (*pdm_parallel_for)(void *user, size_t count, pdm_parallel_body body, void *work);

/**
 * Progress of a long call: @p done of @p total rows (total −1 if unknown). Called only on the thread that made the call.
 */
typedef void (*pdm_progress)(void *user, int64_t done, int64_t total);

/** Return true to stop a long call; asked at least every 65 536 rows, only on the thread that made the call. */
typedef bool (*pdm_should_stop)(void *user);

/** Options of a context. Zero everything (or use pdm_context_options_default()) and set what is needed. */
typedef struct pdm_context_options {
    uint32_t struct_size;          /**< sizeof(pdm_context_options) of the caller */
    int32_t threads;               /**< threads a call may use, 0 = 1; results never depend on it */
    uint64_t memory_limit;         /**< bytes that everything made from this context may hold, 0 = no limit */
    uint64_t hash_seed;            /**< seed of all hash tables, 0 = a fixed one; results never depend on it */
    pdm_allocator allocator;       /**< `resize == NULL` = malloc with huge pages for large blocks */
    pdm_parallel_for parallel_for; /**< NULL = the library starts and joins its own threads */
    void *parallel_user;           /**< for `parallel_for` */
    pdm_progress progress;         /**< NULL = silent */
    void *progress_user;           /**< for `progress` */
    pdm_should_stop should_stop;   /**< NULL = never */
    void *stop_user;               /**< for `should_stop` */
} pdm_context_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_context_options pdm_context_options_default(void) {
    pdm_context_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/**
 * Makes a context. @p options may be NULL. Release with pdm_context_free().
 * Errors: PDM_E_BAD_OPTION (threads outside 0…1024, unknown struct_size), PDM_E_NOMEM.
 */
PDM_API pdm_status pdm_context_create(const pdm_context_options *options, pdm_context **out, pdm_error *err);

/** Gives up the caller's reference. NULL is allowed. States and results made from it stay valid. */
PDM_EXPORT void pdm_context_free(pdm_context *context);

/** Bytes now held, and the most ever held, by everything made from @p context. Either pointer may be NULL. */
PDM_EXPORT void pdm_context_memory(const pdm_context *context, uint64_t *now, uint64_t *peak);

PDM_END_DECLS
/** @} */
#endif
