/* Table units: every attempt that counts, and those that were dropped, unit by unit. */
#include "metrics/funnel_tally.h"

#define AHEAD ((size_t)16)         /* units between the links of a prefetch */
#define POLL_UNITS ((size_t)65536) /* between two polls */

enum { UNIT_KEY, UNIT_SESSION, UNIT_HOLD, UNIT_GROUP, UNIT_ATTEMPT, UNIT_LEVEL, UNIT_OPEN, UNIT_DROPPED, UNIT_TIMES };

typedef struct listing {
    const pdm__funnel_facts *facts;
    int32_t required;                      /* steps */
    size_t units;                          /* of the state */
    size_t unit_start[PDM__PARTITIONS];    /* where a partition's units begin in `starts` */
    size_t attempt_start[PDM__PARTITIONS]; /* and its attempts in `attempts` */
    size_t *starts;   /* [units + 1] where a unit's attempts begin; partition by partition, by id */
    size_t *attempts; /* positions in the partition's log, unit by unit */
    size_t attempt_count;
    pdm__entry_ref *order; /* [units] canonical */
} listing;

/* Units in no group are in no table but totals; what an exclusion removed is listed all the same. */
static bool is_listed(const listing *l, const pdm__funnel_seen *seen) {
    return !l->facts->has_groups || seen->group >= 0 || seen->dropped;
}

/* ---- attempts of each unit, in their order ---- */

/* How many attempts each unit has, in the place of its id. */
static void count_partition(void *argument, size_t p) {
    listing *l = argument;
    const pdm__funnel_log *log = &l->facts->logs[p];
    size_t *counts = l->starts + l->unit_start[p];
    size_t count = 0;
    if (pdm__run_poll(l->facts->run, 0)) return;
    for (size_t at = 0; at < log->count;) {
        pdm__funnel_seen seen;
        at = pdm__funnel_log_get(log, at, &seen);
        if (!is_listed(l, &seen)) continue;
        counts[seen.unit]++;
        count++;
    }
    l->attempt_start[p] = count;
}

/* By facet (none first), group, number. */
static bool comes_before(const listing *l, size_t partition, size_t a, size_t b) {
    const pdm__funnel_log *log = &l->facts->logs[partition];
    pdm__funnel_seen x;
    pdm__funnel_seen y;
    (void)pdm__funnel_log_get(log, a, &x);
    (void)pdm__funnel_log_get(log, b, &y);
    if (x.facet != y.facet) return x.facet < y.facet;
    if (x.group != y.group) return x.group < y.group;
    return x.number < y.number;
}

static void sink(const listing *l, size_t partition, size_t *heap, size_t at, size_t count) {
    size_t moved = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && comes_before(l, partition, heap[child], heap[child + 1])) child++;
        if (!comes_before(l, partition, moved, heap[child])) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* Most units have one attempt, or have them in order already; the others are sorted in place (heapsort: no memory, no bad case). */
static void sort_attempts(const listing *l, size_t partition, size_t *attempts, size_t count) {
    size_t i = 1;
    while (i < count && comes_before(l, partition, attempts[i - 1], attempts[i])) i++;
    if (i >= count) return;
    for (i = count / 2; i-- > 0;) sink(l, partition, attempts, i, count);
    for (size_t left = count; left-- > 1;) {
        size_t last = attempts[left];
        attempts[left] = attempts[0];
        attempts[0] = last;
        sink(l, partition, attempts, 0, left);
    }
}

/* Turns counts into starts, files the attempts under their units and sorts them. */
static void file_partition(void *argument, size_t p) {
    listing *l = argument;
    const pdm__funnel_log *log = &l->facts->logs[p];
    size_t units = l->facts->view->store->partitions[p].levels[0].count;
    size_t *starts = l->starts + l->unit_start[p];
    size_t at_attempt = l->attempt_start[p];
    if (pdm__run_poll(l->facts->run, 0)) return;
    for (size_t u = 0; u < units; u++) {
        size_t count = starts[u];
        starts[u] = at_attempt;
        at_attempt += count;
    }
    for (size_t at = 0; at < log->count;) {
        pdm__funnel_seen seen;
        size_t next = pdm__funnel_log_get(log, at, &seen);
        if (is_listed(l, &seen)) l->attempts[starts[seen.unit]++] = at;
        at = next;
    }
    for (size_t u = units; u-- > 0;) { /* each start now stands where the next unit's attempts begin: move them on */
        size_t end = starts[u];
        starts[u] = u > 0 ? starts[u - 1] : l->attempt_start[p];
        sort_attempts(l, p, l->attempts + starts[u], end - starts[u]);
    }
}

static pdm_status file_attempts(listing *l, pdm_error *err) {
    pdm__run *run = l->facts->run;
    PDM__TRY(pdm__new_zero(run->context, l->units + 1, sizeof *l->starts, &l->starts, err));
    pdm__run_parallel(run, PDM__PARTITIONS, count_partition, l);
    PDM__TRY(pdm__run_status(run, err));
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        size_t count = l->attempt_start[p];
        l->attempt_start[p] = l->attempt_count;
        l->attempt_count += count;
    }
    l->starts[l->units] = l->attempt_count;
    PDM__TRY(pdm__new(run->context, l->attempt_count, sizeof *l->attempts, &l->attempts, err));
    pdm__run_parallel(run, PDM__PARTITIONS, file_partition, l);
    return pdm__run_status(run, err);
}

/* ---- rows ---- */

/* The session, or the value held constant. */
static pdm_status put_facet(const listing *l, pdm_table *table, int64_t row, size_t partition, int64_t facet,
                            bool session, pdm_error *err) {
    int32_t column = session ? UNIT_SESSION : UNIT_HOLD;
    pdm__funnel_shown shown;
    if (facet >= 0 && l->facts->show_facet(l->facts, partition, facet, session, &shown)) {
        return pdm__table_put_text(table, column, row, shown.text, shown.length, err);
    }
    PDM__TRY(pdm__table_put_text(table, column, row, "", 0, err));
    return pdm__table_set_null(table, column, row, err);
}

static pdm_status put_times(const listing *l, pdm_table *table, int64_t row, const pdm__funnel_seen *seen,
                            pdm_error *err) {
    const int64_t *time = seen->times;
    for (int32_t j = 0; j < l->facts->plan->rules.steps; j++) {
        if ((seen->filled >> j & 1) != 0) {
            pdm__table_i64(table, UNIT_TIMES + j)[row] = *time++;
        } else {
            PDM__TRY(pdm__table_set_null(table, UNIT_TIMES + j, row, err));
        }
    }
    return PDM_OK;
}

static pdm_status put_attempt(const listing *l, pdm_table *table, int64_t row, pdm__entry_ref unit, size_t at,
                              pdm_error *err) {
    const pdm__funnel_facts *facts = l->facts;
    pdm__funnel_seen seen;
    (void)pdm__funnel_log_get(&facts->logs[unit.partition], at, &seen);
    bool open = !seen.dropped && seen.level < l->required && seen.limit > facts->as_of;
    PDM__TRY(pdm__table_put_key(table, UNIT_KEY, row, pdm__store_key(facts->view->store, 0, unit), err));
    PDM__TRY(put_facet(l, table, row, unit.partition, seen.facet, true, err));
    PDM__TRY(put_facet(l, table, row, unit.partition, seen.facet, false, err));
    PDM__TRY(pdm__funnel_put_group(facts, table, UNIT_GROUP, row, seen.group, err));
    pdm__table_i64(table, UNIT_ATTEMPT)[row] = seen.number;
    pdm__table_i32(table, UNIT_LEVEL)[row] = seen.level;
    pdm__table_bool(table, UNIT_OPEN)[row] = open;
    pdm__table_bool(table, UNIT_DROPPED)[row] = seen.dropped;
    return put_times(l, table, row, &seen, err);
}

/* Where the n-th unit in canonical order has its start. */
static size_t place_of(const listing *l, size_t n) { return l->unit_start[l->order[n].partition] + l->order[n].id; }

/* Canonical order jumps through memory: asks early for what the units to come need, one link of the chain after the other. */
static void ahead(const listing *l, size_t i) {
    if (l->units - i <= 3 * AHEAD) return;
    size_t near = l->starts[place_of(l, i + AHEAD)];
    size_t mid = l->starts[place_of(l, i + 2 * AHEAD)];
    __builtin_prefetch(&l->starts[place_of(l, i + 3 * AHEAD)]);
    if (mid < l->attempt_count) __builtin_prefetch(&l->attempts[mid]);
    if (near >= l->attempt_count) return;
    /* A unit without attempts points to those of the next one, which may lie in another log. */
    const pdm__funnel_log *log = &l->facts->logs[l->order[i + AHEAD].partition];
    if (l->attempts[near] < log->count) __builtin_prefetch(log->words + l->attempts[near]);
}

static pdm_status put_attempts(const listing *l, pdm_table *table, pdm_error *err) {
    int64_t row = 0;
    for (size_t i = 0; i < l->units; i++) {
        pdm__entry_ref unit = l->order[i];
        size_t place = place_of(l, i);
        ahead(l, i);
        if (i % POLL_UNITS == 0 && pdm__run_poll(l->facts->run, 0)) break;
        for (size_t a = l->starts[place]; a < l->starts[place + 1]; a++) {
            PDM__TRY(put_attempt(l, table, row++, unit, l->attempts[a], err));
        }
    }
    return pdm__run_status(l->facts->run, err);
}

static pdm_status list_attempts(listing *l, pdm_result *result, pdm_error *err) {
    const pdm__store *store = l->facts->view->store;
    int32_t key = pdm__key_column_type(store->schema.levels[0].key_kind);
    int32_t columns = UNIT_TIMES + l->facts->plan->rules.steps;
    pdm_table *table = NULL;
    PDM__TRY(file_attempts(l, err));
    PDM__TRY(pdm__new(l->facts->run->context, l->units, sizeof *l->order, &l->order, err));
    PDM__TRY(pdm__store_order(store, l->facts->run, 0, l->order, err));
    PDM__TRY(pdm__result_add_first(result, &pdm__funnel_tables_info[FUNNEL_TABLE_UNITS], columns,
                                   (int64_t)l->attempt_count, key, &table, err));
    return put_attempts(l, table, err);
}

pdm_status pdm__funnel_units(const pdm__funnel_facts *facts, pdm_result *result, pdm_error *err) {
    pdm_context *context = facts->run->context;
    const pdm__funnel_rules *rules = &facts->plan->rules;
    listing *l = NULL;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *l, &l, err));
    l->facts = facts;
    l->required = rules->steps - __builtin_popcount(rules->optional);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        l->unit_start[p] = l->units;
        l->units += facts->view->store->partitions[p].levels[0].count;
    }
    pdm_status status = list_attempts(l, result, err);
    pdm__drop(context, l->starts, l->units + 1, sizeof *l->starts);
    pdm__drop(context, l->attempts, l->attempt_count, sizeof *l->attempts);
    pdm__drop(context, l->order, l->units, sizeof *l->order);
    pdm__drop(context, l, 1, sizeof *l);
    return status;
}
