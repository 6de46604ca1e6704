/*
 * Inside a product of one's own: its memory, its threads, its progress bar, its stop button.
 *
 * The library takes no memory but from the allocator and starts no thread if it is given a parallel_for. Here the allocator counts
 * and can be told to run dry, and the threads are started for each piece of work; a product hands over its arena and its pool.
 */
#include <pdmetrics.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 2
#define MAX_COLUMNS 16

/* ---- memory ---- */

typedef struct own_memory {
    atomic_llong held;
    atomic_llong blocks;
    long long budget;
} own_memory;

/* Called from several threads at once. Releases if new_size is 0. */
static void *own_resize(void *user, void *block, size_t old_size, size_t new_size) {
    own_memory *memory = user;
    const long long change = (long long)new_size - (long long)old_size;
    if (change > 0 && atomic_load(&memory->held) + change > memory->budget) return NULL;
    if (new_size == 0) {
        free(block);
    } else {
        void *moved = realloc(block, new_size);
        if (moved == NULL) return NULL;
        if (block == NULL) atomic_fetch_add(&memory->blocks, 1);
        block = moved;
    }
    atomic_fetch_add(&memory->held, change);
    return new_size == 0 ? NULL : block;
}

/* ---- threads ---- */

typedef struct own_work {
    atomic_size_t next;
    size_t count;
    pdm_parallel_body body;
    void *work;
} own_work;

static void *own_thread(void *argument) {
    own_work *w = argument;
    for (size_t i = atomic_fetch_add(&w->next, 1); i < w->count; i = atomic_fetch_add(&w->next, 1)) w->body(w->work, i);
    return NULL;
}

/* Every index exactly once, on any thread; back when all are done. The caller works too, so a thread less is no harm. */
static void own_parallel_for(void *user, size_t count, pdm_parallel_body body, void *work) {
    atomic_int *calls = user;
    own_work w = {.count = count, .body = body, .work = work};
    pthread_t threads[THREADS - 1];
    size_t started = 0;
    while (started < THREADS - 1 && pthread_create(&threads[started], NULL, own_thread, &w) == 0) started++;
    (void)own_thread(&w);
    for (size_t i = 0; i < started; i++) (void)pthread_join(threads[i], NULL);
    atomic_fetch_add(calls, 1);
}

/* ---- progress and stop ---- */

typedef struct own_button {
    int64_t done;
    bool pressed;
} own_button;

static void own_progress(void *user, int64_t done, int64_t total) {
    (void)total;
    ((own_button *)user)->done = done;
}

static bool own_should_stop(void *user) { return ((own_button *)user)->pressed; }

/* ---- the work ---- */

static pdm_status customers_of(pdm_context *context, const pdm_table *orders, int64_t *customers, pdm_error *err) {
    pdm_column columns[MAX_COLUMNS];
    const int32_t count = pdm_table_column_count(orders) < MAX_COLUMNS ? pdm_table_column_count(orders) : MAX_COLUMNS;
    pdm_status status = PDM_OK;
    for (int32_t i = 0; i < count && status == PDM_OK; i++) status = pdm_table_column(orders, i, &columns[i], err);
    const pdm_batch batch = pdm_batch_make(columns, count, pdm_table_rows(orders));
    pdm_result *result = NULL;
    if (status == PDM_OK) status = pdm_rfm_compute(context, NULL, &batch, &result, err);
    *customers = status == PDM_OK ? pdm_table_rows(pdm_result_table(result, "rfm")) : -1;
    pdm_result_free(result);
    return status;
}

int main(void) {
    own_memory memory = {.budget = 1LL << 30};
    atomic_int parallel_calls = 0;
    own_button button = {.done = 0};

    pdm_context_options options = pdm_context_options_default();
    options.allocator.resize = own_resize;
    options.allocator.user = &memory;
    options.threads = THREADS;
    options.parallel_for = own_parallel_for;
    options.parallel_user = &parallel_calls;
    options.progress = own_progress;
    options.progress_user = &button;
    options.should_stop = own_should_stop;
    options.stop_user = &button;
    pdm_error err;
    pdm_context *context = NULL;
    if (pdm_context_create(&options, &context, &err) != PDM_OK) return (void)puts(err.message), 1;

    pdm_result *sample = NULL;
    pdm_sample_options world = pdm_sample_options_default();
    world.customers = 20000;
    if (pdm_sample_private_domain(NULL, &world, &sample, &err) != PDM_OK) return (void)puts(err.message), 1;
    const pdm_table *orders = pdm_result_table(sample, "orders");

    int64_t customers = 0;
    pdm_status status = customers_of(context, orders, &customers, &err);
    uint64_t peak = 0;
    pdm_context_memory(context, NULL, &peak);
    (void)printf("all is well: %s, %" PRId64 " customers, progress %s, peak %s, own threads %s\n",
                 pdm_status_name((int32_t)status), customers, button.done > 0 ? "seen" : "not seen",
                 peak > 0 ? "known" : "unknown", atomic_load(&parallel_calls) > 0 ? "used" : "not used");
    const bool well = status == PDM_OK && customers > 0;

    button.pressed = true;
    status = customers_of(context, orders, &customers, &err);
    (void)printf("stop button: %s\n", pdm_status_name((int32_t)status));
    const bool stopped = status == PDM_E_STOPPED;

    button.pressed = false;
    memory.budget = 1000 * 1000;
    status = customers_of(context, orders, &customers, &err);
    (void)printf("a megabyte: %s\n", pdm_status_name((int32_t)status));
    const bool dry = status == PDM_E_NOMEM;

    pdm_result_free(sample);
    pdm_context_free(context);
    const long long left = atomic_load(&memory.held);
    (void)printf("memory not given back: %lld bytes\n", left);
    return well && stopped && dry && left == 0 && atomic_load(&memory.blocks) > 0 ? 0 : 1;
}
