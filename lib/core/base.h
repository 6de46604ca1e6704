/* Ground floor of the ground floor: failing, allocating, counting bytes, doing sums that cannot wrap. */
#ifndef PDM_CORE_BASE_H
#define PDM_CORE_BASE_H

#include <pdmetrics/context.h>
#include <pdmetrics/status.h>

#include <stdatomic.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libpdmetrics stores and reads little-endian columns in place; big-endian hosts are not supported"
#endif

__extension__ typedef __int128 pdm__int128;
__extension__ typedef unsigned __int128 pdm__uint128;

#define PDM__LIKELY(x) __builtin_expect(!!(x), 1)
#define PDM__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PDM__COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))

/* Returns from the calling function unless the call worked. */
#define PDM__TRY(call)                                                                                                 \
    do {                                                                                                               \
        pdm_status pdm__try_status = (call);                                                                           \
        if (PDM__UNLIKELY(pdm__try_status != PDM_OK)) return pdm__try_status;                                          \
    } while (0)

/* By ::pdm_row_status, ending in NULL. */
extern const char *const pdm__row_status_names[];

/* Fills err (if there is one) and returns code. row −1 and column NULL mean none. The message is one line, cut on a character. */
pdm_status pdm__fail(pdm_error *err, pdm_status code, int64_t row, const char *column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* a + b and a · b; false if the result does not fit. */
static inline bool pdm__add_size(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline bool pdm__mul_size(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }

/*
 * Memory. All of it comes from here. Blocks are counted in the context; a NULL context is not allowed inside the library (the
 * public calls replace it by a default one). count · size is checked. `out` points to the caller's pointer variable, whatever its
 * type, and is written only on success.
 */
pdm_status pdm__new(pdm_context *context, size_t count, size_t size, void *out, pdm_error *err);
pdm_status pdm__new_zero(pdm_context *context, size_t count, size_t size, void *out, pdm_error *err);
/* Grows or shrinks *block from old_count to new_count entries; the block is untouched on failure. */
pdm_status pdm__renew(pdm_context *context, size_t old_count, size_t new_count, size_t size, void *block,
                      pdm_error *err);
/* Same count and size as the block was last given. NULL is allowed. */
void pdm__drop(pdm_context *context, void *block, size_t count, size_t size);

/* Context references. pdm__context_or_default gives a new reference to context, or a new default context. */
pdm_status pdm__context_or_default(pdm_context *context, pdm_context **out, pdm_error *err);
pdm_context *pdm__context_retain(pdm_context *context);
int32_t pdm__context_threads(const pdm_context *context);
uint64_t pdm__context_seed(const pdm_context *context);
/* Whether memory that only saves time is no burden: there is no limit, or it leaves many times as much. */
bool pdm__context_spares(const pdm_context *context, size_t bytes);

/* Pointers as words of records, and back. */
static inline uint64_t pdm__word_of(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }
static inline const void *pdm__pointer_of(uint64_t word) { return (const void *)(uintptr_t)word; }

#endif
