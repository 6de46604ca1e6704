/* One call's worth of work: its threads, its progress, its right to be stopped. */
#ifndef PDM_CORE_PARALLEL_H
#define PDM_CORE_PARALLEL_H

#include "core/base.h"

#include <pthread.h>

typedef struct pdm__run {
    pdm_context *context;
    pthread_t caller;   /* callbacks are called on this thread only */
    int32_t threads;    /* how many pieces to cut work into, at least 1 */
    atomic_int stopped; /* should_stop said yes */
    atomic_llong done;  /* rows, for progress */
    int64_t total;      /* rows, −1 unknown */
} pdm__run;

void pdm__run_begin(pdm__run *run, pdm_context *context, int64_t total_rows);

/* Adds `rows` to the progress and asks the callbacks if this is the calling thread. True = stop now. Cheap; call every ≤ 65 536 rows. */
bool pdm__run_poll(pdm__run *run, int64_t rows);

/* PDM_E_STOPPED if stopped, PDM_OK otherwise. */
pdm_status pdm__run_status(pdm__run *run, pdm_error *err);

/* Calls body(work, i) for i in [0, count) on the run's threads; returns when all have returned. With one thread: a plain loop. */
void pdm__run_parallel(pdm__run *run, size_t count, pdm_parallel_body body, void *work);

#endif
