/* Attempts that count, packed into words on their way from evaluation to the tables. */
#include "metrics/funnel_internal.h"

/*
 * Layout: [head][unit | (group + 1) << 32][limit], then [facet] and [number] where the head says so (a facet, a number other than 1),
 * then the times of the filled steps.
 * Head: bits 0…5 level, then the marks below, bits 16…21 the number of times, bits 32…63 filled.
 */
#define LEVEL_MASK UINT64_C(0x3F)
#define DROPPED (UINT64_C(1) << 6)
#define HAS_FACET (UINT64_C(1) << 7)
#define HAS_NUMBER (UINT64_C(1) << 8)
#define TIMES_SHIFT 16
#define TIMES_MASK UINT64_C(0x3F)
#define FIXED_WORDS 3
#define MOST_WORDS ((size_t)(FIXED_WORDS + 2 + FUNNEL_STEPS))
#define SMALLEST_LOG ((size_t)256)

_Static_assert(FUNNEL_STEPS <= 32, "filled has 32 bits, level and the number of times 6");

static pdm_status make_room(pdm_context *context, pdm__funnel_log *log, pdm_error *err) {
    if (log->capacity - log->count >= MOST_WORDS) return PDM_OK;
    size_t capacity = SMALLEST_LOG;
    if (log->capacity > 0 && !pdm__mul_size(log->capacity, 2, &capacity)) {
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "a part of the state cannot hold more than %zu words of attempts",
                         log->capacity);
    }
    PDM__TRY(pdm__renew(context, log->capacity, capacity, sizeof *log->words, &log->words, err));
    log->capacity = capacity;
    return PDM_OK;
}

pdm_status pdm__funnel_log_put(pdm_context *context, pdm__funnel_log *log, const pdm__funnel_seen *seen,
                               pdm_error *err) {
    PDM__TRY(make_room(context, log, err));
    size_t times = (size_t)__builtin_popcount(seen->filled);
    uint64_t head = (uint64_t)seen->level | times << TIMES_SHIFT | (uint64_t)seen->filled << 32;
    if (seen->dropped) head |= DROPPED;
    if (seen->facet >= 0) head |= HAS_FACET;
    if (seen->number != 1) head |= HAS_NUMBER;
    int64_t *word = log->words + log->count;
    *word++ = (int64_t)head;
    *word++ = (int64_t)((uint64_t)seen->unit | (uint64_t)(uint32_t)(seen->group + 1) << 32);
    *word++ = seen->limit;
    if ((head & HAS_FACET) != 0) *word++ = seen->facet;
    if ((head & HAS_NUMBER) != 0) *word++ = seen->number;
    if (times > 0) memcpy(word, seen->times, times * sizeof *word);
    log->count = (size_t)(word - log->words) + times;
    return PDM_OK;
}

size_t pdm__funnel_log_get(const pdm__funnel_log *log, size_t at, pdm__funnel_seen *seen) {
    const int64_t *word = log->words + at;
    uint64_t head = (uint64_t)*word++;
    uint64_t owner = (uint64_t)*word++;
    seen->level = (int32_t)(head & LEVEL_MASK);
    seen->filled = (uint32_t)(head >> 32);
    seen->dropped = (head & DROPPED) != 0;
    seen->unit = (uint32_t)owner;
    seen->group = (int32_t)(uint32_t)(owner >> 32) - 1;
    seen->limit = *word++;
    seen->facet = (head & HAS_FACET) != 0 ? *word++ : -1;
    seen->number = (head & HAS_NUMBER) != 0 ? *word++ : 1;
    seen->times = word;
    return (size_t)(word - log->words) + (size_t)(head >> TIMES_SHIFT & TIMES_MASK);
}

void pdm__funnel_log_regroup(pdm__funnel_log *log, const int32_t *map) {
    for (size_t at = 0; at < log->count;) {
        pdm__funnel_seen seen;
        size_t next = pdm__funnel_log_get(log, at, &seen);
        int32_t group = seen.group < 0 ? -1 : map[seen.group];
        log->words[at + 1] = (int64_t)((uint64_t)seen.unit | (uint64_t)(uint32_t)(group + 1) << 32);
        at = next;
    }
}

void pdm__funnel_log_clear(pdm_context *context, pdm__funnel_log *log) {
    pdm__drop(context, log->words, log->capacity, sizeof *log->words);
    memset(log, 0, sizeof *log);
}
