/*
 * The store becomes a path table and totals. Partitions are shared out among workers as they come; whatever a worker adds up is exact, so
 * it does not matter who had which.
 */
#include "metrics/attribution_internal.h"

pdm_status pdm__attribution_room(pdm_context *context, void *block, size_t *room, size_t need, size_t size,
                                 pdm_error *err) {
    if (need <= *room) return PDM_OK;
    size_t larger = *room < 32 ? 32 : *room;
    while (larger < need) {
        if (!pdm__mul_size(larger, 2, &larger)) return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "too many touches");
    }
    PDM__TRY(pdm__renew(context, *room, larger, size, block, err));
    *room = larger;
    return PDM_OK;
}

/* ---- workers ---- */

static pdm_status worker_begin(pdm__attribution_work *work, pdm__attribution_worker *worker, pdm_error *err) {
    size_t aged = (size_t)work->plan->age_count * work->names.count;
    worker->work = work;
    worker->builder.context = work->context;
    for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++) worker->times[m].least = UINT64_MAX;
    PDM__TRY(pdm__new_zero(work->context, work->names.count, sizeof *worker->seen, &worker->seen, err));
    PDM__TRY(pdm__new_zero(work->context, work->names.count, sizeof *worker->tokens, &worker->tokens, err));
    return pdm__new_zero(work->context, aged, sizeof *worker->aged, &worker->aged, err);
}

static void worker_end(pdm__attribution_work *work, pdm__attribution_worker *w) {
    pdm_context *context = work->context;
    pdm__path_builder_clear(&w->builder);
    pdm__attribution_bench_clear(context, &w->bench);
    pdm__drop(context, w->seen, work->names.count, sizeof *w->seen);
    pdm__drop(context, w->tokens, work->names.count, sizeof *w->tokens);
    pdm__drop(context, w->aged, (size_t)work->plan->age_count * work->names.count, sizeof *w->aged);
    pdm__drop(context, w->listed, w->listed_room, sizeof *w->listed);
    pdm__drop(context, w->listed_steps, w->step_room, sizeof *w->listed_steps);
    pdm__drop(context, w->steps, w->steps_room, sizeof *w->steps);
    pdm__drop(context, w->touches, w->touches_room, sizeof *w->touches);
    pdm__drop(context, w->weights, w->weights_room, sizeof *w->weights);
}

static void gather_some(void *argument, size_t index) {
    pdm__attribution_work *work = argument;
    pdm__attribution_worker *worker = &work->workers[index];
    size_t p = 0;
    while (worker->status == PDM_OK && (p = atomic_fetch_add(&work->next, 1)) < PDM__PARTITIONS) {
        worker->status = work->plan->paths ? pdm__attribution_path_rows(worker, p, &worker->err)
                                           : pdm__attribution_users(worker, p, &worker->err);
    }
}

/* ---- adding up ---- */

static void add_sum(pdm__attribution_sum *to, const pdm__attribution_sum *from) {
    to->money += from->money;
    pdm__fixed_sum_merge(&to->amount, &from->amount);
}

static void add_count(pdm__attribution_count *to, const pdm__attribution_count *from) {
    to->conversions += from->conversions;
    add_sum(&to->value, &from->value);
}

static void add_totals(pdm__attribution_totals *to, const pdm__attribution_totals *from) {
    to->users += from->users;
    to->touches += from->touches;
    to->used_touches += from->used_touches;
    to->without_value += from->without_value;
    to->null_journeys += from->null_journeys;
    to->unattributed_nulls += from->unattributed_nulls;
    to->truncated_paths += from->truncated_paths;
    add_count(&to->all, &from->all);
    add_count(&to->unattributed, &from->unattributed);
    add_count(&to->ignored, &from->ignored);
}

static void add_times(pdm__attribution_times *to, const pdm__attribution_times *from) {
    for (int32_t b = 0; b < ATTRIBUTION_BINS; b++) add_count(&to->bins[b], &from->bins[b]);
    to->conversions += from->conversions;
    to->least = from->least < to->least ? from->least : to->least;
    to->most = from->most > to->most ? from->most : to->most;
    to->sum += from->sum;
}

static void add_up(pdm__attribution_work *work) {
    size_t aged = (size_t)work->plan->age_count * work->names.count;
    for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++) work->times[m].least = UINT64_MAX;
    for (int32_t w = 0; w < work->worker_count; w++) {
        const pdm__attribution_worker *worker = &work->workers[w];
        add_totals(&work->totals, &worker->totals);
        for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++) add_times(&work->times[m], &worker->times[m]);
        for (size_t i = 0; i < aged; i++) {
            pdm__fixed_sum_merge(&work->aged[i].conversions, &worker->aged[i].conversions);
            pdm__fixed_sum_merge(&work->aged[i].value, &worker->aged[i].value);
        }
    }
}

/* The largest builder takes the others in. */
static pdm_status join_builders(pdm__attribution_work *work, pdm_error *err) {
    pdm__path_builder *first = &work->workers[0].builder;
    for (int32_t w = 1; w < work->worker_count; w++) {
        PDM__TRY(pdm__path_builder_merge(first, &work->workers[w].builder, err));
        pdm__path_builder_clear(&work->workers[w].builder);
    }
    return PDM_OK;
}

static pdm_status build_paths(pdm__attribution_work *work, pdm_error *err) {
    pdm__path_builder *first = &work->workers[0].builder;
    PDM__TRY(join_builders(work, err));
    PDM__TRY(pdm__path_builder_finish(first, work->run, work->names.count, &work->paths, err));
    pdm__path_builder_clear(first);
    work->unmarked = &work->paths;
    if (!work->paths.marked) return PDM_OK;
    PDM__TRY(pdm__paths_unmark(&work->paths, work->run, &work->plain, err));
    work->unmarked = &work->plain;
    return PDM_OK;
}

static pdm_status find_direct(pdm__attribution_work *work, pdm_error *err) {
    const pdm__list *list = &work->plan->lists[ATTRIBUTION_LIST_DIRECT];
    PDM__TRY(pdm__new_zero(work->context, work->names.count, sizeof *work->direct, &work->direct, err));
    for (int64_t row = 0; row < list->rows; row++) {
        uint32_t channel = pdm__attribution_find(&work->names, pdm__list_text(list, 0, row));
        if (channel != UINT32_MAX) work->direct[channel] = 1;
    }
    return PDM_OK;
}

static pdm_status first_failure(const pdm__attribution_work *work, pdm_error *err) {
    for (int32_t w = 0; w < work->worker_count; w++) {
        if (work->workers[w].status == PDM_OK) continue;
        if (err != NULL) *err = work->workers[w].err;
        return work->workers[w].status;
    }
    return PDM_OK;
}

pdm_status pdm__attribution_gather(pdm__attribution_work *work, pdm_error *err) {
    pdm_context *context = work->context;
    size_t rows = pdm__store_count(work->view->store, 0);
    size_t wanted = rows / 4096 + 1;
    work->worker_count = wanted < (size_t)work->run->threads ? (int32_t)wanted : work->run->threads;
    if (work->worker_count > (int32_t)PDM__PARTITIONS) work->worker_count = (int32_t)PDM__PARTITIONS;
    PDM__TRY(pdm__attribution_names_make(work, err));
    PDM__TRY(find_direct(work, err));
    size_t aged = (size_t)work->plan->age_count * work->names.count;
    PDM__TRY(pdm__new_zero(context, aged, sizeof *work->aged, &work->aged, err));
    PDM__TRY(pdm__new_zero(context, (size_t)work->worker_count, sizeof *work->workers, &work->workers, err));
    for (int32_t w = 0; w < work->worker_count; w++) PDM__TRY(worker_begin(work, &work->workers[w], err));
    pdm__run_parallel(work->run, (size_t)work->worker_count, gather_some, work);
    PDM__TRY(first_failure(work, err));
    if (work->view->settled != NULL) PDM__TRY(pdm__attribution_settled_read(work, err));
    add_up(work);
    return work->watermark == NULL ? build_paths(work, err) : join_builders(work, err);
}

void pdm__attribution_gather_clear(pdm__attribution_work *work) {
    for (int32_t w = 0; work->workers != NULL && w < work->worker_count; w++) worker_end(work, &work->workers[w]);
    pdm__drop(work->context, work->workers, (size_t)work->worker_count, sizeof *work->workers);
    pdm__drop(work->context, work->aged, (size_t)work->plan->age_count * work->names.count, sizeof *work->aged);
    pdm__drop(work->context, work->direct, work->names.count, sizeof *work->direct);
    pdm__paths_clear(&work->paths);
    pdm__paths_clear(&work->plain);
    pdm__attribution_names_clear(work);
}
