#include "contexts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pdm_context *context_of(const pdm_context_options *options) {
    pdm_context *context = NULL;
    pdm_error err;
    if (pdm_context_create(options, &context, &err) != PDM_OK) {
        (void)fprintf(stderr, "no context: %s\n", err.message);
        abort();
    }
    return context;
}

pdm_context *context_threads(int32_t threads) {
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    return context_of(&options);
}

pdm_context *context_seed(uint64_t seed) {
    pdm_context_options options = pdm_context_options_default();
    options.hash_seed = seed;
    return context_of(&options);
}

static void backwards(void *user, size_t count, pdm_parallel_body body, void *work) {
    (void)user;
    while (count-- > 0) body(work, count);
}

pdm_context *context_backwards(int32_t threads) {
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    options.parallel_for = backwards;
    return context_of(&options);
}

/* Blocks carry their size in front, so that a wrong old_size is noticed. */
#define HEAD 16

static void *release(failing_memory *memory, uint8_t *raw, size_t held) {
    memory->outstanding--;
    memory->bytes -= (int64_t)held;
    free(raw);
    return NULL;
}

static void *resize(void *user, void *block, size_t old_size, size_t new_size) {
    failing_memory *memory = user;
    uint8_t *raw = block == NULL ? NULL : (uint8_t *)block - HEAD;
    size_t held = 0;
    if (raw != NULL) {
        memcpy(&held, raw, sizeof held);
        if (held != old_size) memory->wrong_size = true;
    }
    if (new_size == 0) return raw == NULL ? NULL : release(memory, raw, held);
    memory->calls++;
    if (memory->fail_at > 0 &&
        (memory->calls == memory->fail_at || (memory->from_there_on && memory->calls > memory->fail_at))) {
        memory->failures++;
        return NULL;
    }
    uint8_t *fresh = malloc(new_size + HEAD);
    if (fresh == NULL) return NULL;
    memcpy(fresh, &new_size, sizeof new_size);
    memset(fresh + HEAD, 0xA5, new_size); /* nobody may count on zeros */
    if (raw != NULL) {
        memcpy(fresh + HEAD, block, held < new_size ? held : new_size);
        (void)release(memory, raw, held);
    }
    memory->outstanding++;
    memory->bytes += (int64_t)new_size;
    return fresh + HEAD;
}

pdm_context *context_failing(failing_memory *memory, pdm_context_options options) {
    options.allocator.resize = resize;
    options.allocator.user = memory;
    return context_of(&options);
}

bool stopper_asks(void *user) {
    stopper *s = user;
    s->asked++;
    return s->stop_at > 0 && s->asked >= s->stop_at;
}
