/* Contexts for tests: threads, lent threads that run backwards, other seeds, failing memory, callbacks that stop. */
#ifndef PDM_TEST_CONTEXTS_H
#define PDM_TEST_CONTEXTS_H

#include <pdmetrics/context.h>

/* Aborts if it cannot be made. */
pdm_context *context_of(const pdm_context_options *options);
pdm_context *context_threads(int32_t threads);
pdm_context *context_seed(uint64_t seed);
/* A lent parallel_for that runs everything on the caller's thread, last index first. */
pdm_context *context_backwards(int32_t threads);

/* An allocator that counts and fails. Not for several threads. */
typedef struct failing_memory {
    int64_t outstanding; /* blocks */
    int64_t bytes;
    int64_t calls;      /* that ask for more */
    int64_t fail_at;    /* the call that fails, counted from 1; 0 = none */
    bool from_there_on; /* and all after it */
    int64_t failures;
    bool wrong_size; /* a block came back with another size than it was given */
} failing_memory;

pdm_context *context_failing(failing_memory *memory, pdm_context_options options);

/* should_stop that says yes at the nth question. */
typedef struct stopper {
    int64_t asked;
    int64_t stop_at; /* 0 = never */
} stopper;
bool stopper_asks(void *user);

#endif
