/* Table journeys. */
#include "metrics/attribution_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A journey and the steps that it is made of. */
typedef struct entry {
    const pdm__attribution_listed *listed;
    const pdm__attribution_step *steps;
    uint64_t unit; /* rank of the user */
} entry;

typedef struct listing {
    const pdm__attribution_facts *facts;
    pdm_table *table;
    entry *entries;
    size_t count;
    pdm__entry_ref *order;
    size_t users;
    uint32_t *ranks[PDM__PARTITIONS]; /* of users, by id */
    pdm__attribution_text text;
} listing;

static int by_user(const void *left, const void *right) {
    const entry *a = left;
    const entry *b = right;
    if (a->unit != b->unit) return a->unit < b->unit ? -1 : 1;
    return a->listed->number < b->listed->number ? -1 : a->listed->number > b->listed->number;
}

static pdm_status rank_users(listing *l, pdm_error *err) {
    const pdm__attribution_work *work = l->facts->work;
    const pdm__store *store = work->view->store;
    l->users = pdm__store_count(store, 0);
    PDM__TRY(pdm__new(work->context, l->users, sizeof *l->order, &l->order, err));
    PDM__TRY(pdm__store_order(store, work->run, 0, l->order, err));
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        uint32_t count = store->partitions[p].levels[0].count;
        PDM__TRY(pdm__new(work->context, count, sizeof **l->ranks, &l->ranks[p], err));
    }
    for (size_t i = 0; i < l->users; i++) l->ranks[l->order[i].partition][l->order[i].id] = (uint32_t)i;
    return PDM_OK;
}

static pdm_status collect(listing *l, pdm_error *err) {
    const pdm__attribution_work *work = l->facts->work;
    for (int32_t w = 0; w < work->worker_count; w++) l->count += work->workers[w].listed_count;
    PDM__TRY(pdm__new(work->context, l->count, sizeof *l->entries, &l->entries, err));
    size_t n = 0;
    for (int32_t w = 0; w < work->worker_count; w++) {
        const pdm__attribution_worker *worker = &work->workers[w];
        for (size_t i = 0; i < worker->listed_count; i++) {
            const pdm__attribution_listed *mine = &worker->listed[i];
            uint32_t rank = l->ranks[mine->unit >> 32][(uint32_t)mine->unit];
            l->entries[n++] =
                (entry){mine, worker->listed_steps == NULL ? NULL : worker->listed_steps + mine->at, rank};
        }
    }
    if (n > 0) qsort(l->entries, n, sizeof *l->entries, by_user);
    return PDM_OK;
}

static pdm_status put_path(listing *l, int64_t row, const entry *e, pdm_error *err) {
    const pdm__attribution_names *names = &l->facts->work->names;
    l->text.length = 0;
    for (uint32_t i = 0; i < e->listed->length; i++) {
        const pdm__key *name = &names->sorted[e->steps[i].channel];
        char times[16];
        int digits = e->steps[i].times == 0 ? 0 : snprintf(times, sizeof times, "(%u)", e->steps[i].times);
        if (i > 0) PDM__TRY(pdm__attribution_text_put(&l->text, " > ", 3, err));
        PDM__TRY(pdm__attribution_text_put(&l->text, (const char *)name->bytes, name->length, err));
        PDM__TRY(pdm__attribution_text_put(&l->text, times, (size_t)digits, err));
    }
    return pdm__table_put_text(l->table, 2, row, l->text.length > 0 ? l->text.bytes : "", l->text.length, err);
}

static pdm_status put_ages(listing *l, int64_t row, const entry *e, pdm_error *err) {
    l->text.length = 0;
    for (uint32_t i = 0; e->listed->converted && i < e->listed->length; i++) {
        char digits[24];
        int length = snprintf(digits, sizeof digits, "%s%" PRIu64, i == 0 ? "" : ",", e->steps[i].age);
        PDM__TRY(pdm__attribution_text_put(&l->text, digits, (size_t)length, err));
    }
    PDM__TRY(pdm__table_put_text(l->table, 3, row, l->text.length > 0 ? l->text.bytes : "", l->text.length, err));
    return e->listed->converted ? PDM_OK : pdm__table_set_null(l->table, 3, row, err);
}

static pdm_status put_journey(listing *l, int64_t row, const entry *e, pdm_error *err) {
    const pdm__attribution_work *work = l->facts->work;
    double value = (double)e->listed->value;
    if (work->plan->doubles) memcpy(&value, &e->listed->value, sizeof value);
    PDM__TRY(pdm__table_put_key(l->table, 0, row, pdm__store_key(work->view->store, 0, l->order[e->unit]), err));
    pdm__table_i64(l->table, 1)[row] = e->listed->time;
    if (!e->listed->converted) PDM__TRY(pdm__table_set_null(l->table, 1, row, err));
    PDM__TRY(put_path(l, row, e, err));
    PDM__TRY(put_ages(l, row, e, err));
    pdm__table_i64(l->table, 4)[row] = e->listed->converted;
    pdm__table_f64(l->table, 5)[row] = value;
    pdm__table_i64(l->table, 6)[row] = !e->listed->converted;
    return PDM_OK;
}

static pdm_status put_all(listing *l, pdm_error *err) {
    const pdm__attribution_work *work = l->facts->work;
    int32_t key = pdm__key_column_type(work->view->store->schema.levels[0].key_kind);
    PDM__TRY(rank_users(l, err));
    PDM__TRY(collect(l, err));
    PDM__TRY(pdm__result_add(l->facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_JOURNEYS],
                             (int64_t)l->count, key, &l->table, err));
    for (size_t i = 0; i < l->count; i++) PDM__TRY(put_journey(l, (int64_t)i, &l->entries[i], err));
    return PDM_OK;
}

pdm_status pdm__attribution_put_journeys(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__attribution_work *work = facts->work;
    pdm_context *context = work->context;
    if (work->plan->options->list_journeys == 0) return PDM_OK;
    listing l = {.facts = facts, .text = {.context = context}};
    pdm_status status = put_all(&l, err);
    for (size_t p = 0; p < PDM__PARTITIONS; p++)
        pdm__drop(context, l.ranks[p], work->view->store->partitions[p].levels[0].count, sizeof **l.ranks);
    pdm__drop(context, l.order, l.users, sizeof *l.order);
    pdm__drop(context, l.entries, l.count, sizeof *l.entries);
    pdm__attribution_text_clear(&l.text);
    return status;
}
