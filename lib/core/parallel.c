#include "core/parallel.h"

#include "core/context.h"

#define MAX_THREADS 64 /* of our own making; an embedder's parallel_for may have more */

void pdm__run_begin(pdm__run *run, pdm_context *context, int64_t total_rows) {
    run->context = context;
    run->caller = pthread_self();
    run->threads = pdm__context_threads(context);
    run->total = total_rows;
    atomic_init(&run->stopped, 0);
    atomic_init(&run->done, 0);
}

static void tell_progress(const pdm__run *run, int64_t done) {
    const pdm_context_options *options = &run->context->options;
    if (options->progress != NULL && run->total != 0) options->progress(options->progress_user, done, run->total);
}

bool pdm__run_poll(pdm__run *run, int64_t rows) {
    const pdm_context_options *options = &run->context->options;
    long long done = atomic_fetch_add_explicit(&run->done, rows, memory_order_relaxed) + rows;
    if ((options->should_stop != NULL || options->progress != NULL) && pthread_equal(pthread_self(), run->caller)) {
        tell_progress(run, done);
        if (options->should_stop != NULL && options->should_stop(options->stop_user)) atomic_store(&run->stopped, 1);
    }
    return atomic_load_explicit(&run->stopped, memory_order_relaxed) != 0;
}

pdm_status pdm__run_status(pdm__run *run, pdm_error *err) {
    if (atomic_load(&run->stopped) == 0) return PDM_OK;
    return pdm__fail(err, PDM_E_STOPPED, -1, NULL, "stopped by should_stop");
}

typedef struct team {
    pdm_parallel_body body;
    void *work;
    size_t count;
    atomic_size_t next;
} team;

static void *team_member(void *argument) {
    team *t = argument;
    for (;;) {
        size_t index = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed);
        if (index >= t->count) return NULL;
        t->body(t->work, index);
    }
}

static void run_team(const pdm__run *run, size_t count, pdm_parallel_body body, void *work) {
    team t = {.body = body, .work = work, .count = count};
    atomic_init(&t.next, 0);
    pthread_t threads[MAX_THREADS];
    size_t wanted = (size_t)run->threads - 1;
    if (wanted > count - 1) wanted = count - 1;
    if (wanted > MAX_THREADS) wanted = MAX_THREADS;
    size_t started = 0;
    /* A thread that cannot be had is no error: the others, at least the caller, do its share. */
    while (started < wanted && pthread_create(&threads[started], NULL, team_member, &t) == 0) started++;
    (void)team_member(&t);
    for (size_t i = 0; i < started; i++) (void)pthread_join(threads[i], NULL);
}

void pdm__run_parallel(pdm__run *run, size_t count, pdm_parallel_body body, void *work) {
    const pdm_context_options *options = &run->context->options;
    if (run->threads == 1 || count <= 1) {
        for (size_t i = 0; i < count; i++) body(work, i);
        return;
    }
    if (options->parallel_for != NULL) {
        options->parallel_for(options->parallel_user, count, body, work);
    } else {
        run_team(run, count, body, work);
    }
    /* Others may have done all of it before the caller came. */
    if (pthread_equal(pthread_self(), run->caller)) tell_progress(run, atomic_load(&run->done));
}
