/* The journal, unit by unit: runs in canonical order, sessions, cases; then the tables. Partitions are worked on side by side. */
#include "metrics/funnel_subjects.h"

#include <stdlib.h>

#define POLL_UNITS 4096

/* A partition's events by run, and memory for one unit. */
typedef struct bench {
    pdm__funnel_worker worker;
    const pdm__partition *partition;
    const pdm__funnel_facets *facets; /* NULL = a run is a unit */
    pdm__funnel_entry *entries;       /* [events] run after run */
    pdm__funnel_entry *spare;         /* [events] for sorting */
    size_t *starts;                   /* [runs + 1] */
    uint32_t *firsts;                 /* [runs] first place of a run among the facets */
    size_t runs;
    size_t events;
    pdm__funnel_row *rows;   /* [events] of one unit, as evaluation sees them */
    int32_t *values;         /* [events] */
    pdm__funnel_run *pieces; /* [runs + 1] of the part at hand */
    size_t *offsets;         /* [runs + 1] of the unit at hand: where each run's rows begin */
    int64_t *times;          /* [events] sessions by gap: their starts */
    size_t room;             /* events that there is memory for */
    bool usual;              /* pdm__funnel_plain_unit serves */
    pdm__funnel_ladder rungs;
} bench;

/* ---- canonical order ---- */

static bool before(const pdm__funnel_entry *a, const pdm__funnel_entry *b) {
    if (a->time != b->time) return a->time < b->time;
    if (a->seq != b->seq) return a->seq < b->seq;
    if ((uint32_t)a->satisfies != (uint32_t)b->satisfies) return (uint32_t)a->satisfies < (uint32_t)b->satisfies;
    if (a->satisfies != b->satisfies) return a->satisfies < b->satisfies;
    return a->facet < b->facet;
}

static void insertion_sort(pdm__funnel_entry *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (!before(&entries[i], &entries[i - 1])) continue;
        pdm__funnel_entry mine = entries[i];
        size_t at = i;
        for (; at > 0 && before(&mine, &entries[at - 1]); at--) entries[at] = entries[at - 1];
        entries[at] = mine;
    }
}

static void merge_halves(const pdm__funnel_entry *from, size_t middle, size_t count, pdm__funnel_entry *to) {
    size_t a = 0;
    size_t b = middle;
    for (size_t i = 0; i < count; i++)
        to[i] = b == count || (a < middle && !before(&from[b], &from[a])) ? from[a++] : from[b++];
}

#define SMALL_RUN ((size_t)24)

/* Merge sort that leaves alone what is in order: events mostly arrive that way. The result is in `entries`. */
static void sort_entries(pdm__funnel_entry *entries, pdm__funnel_entry *spare, size_t count) {
    if (count <= SMALL_RUN) {
        insertion_sort(entries, count);
        return;
    }
    size_t middle = count / 2;
    sort_entries(entries, spare, middle);
    sort_entries(entries + middle, spare + middle, count - middle);
    if (!before(&entries[middle], &entries[middle - 1])) return;
    merge_halves(entries, middle, count, spare);
    memcpy(entries, spare, count * sizeof *entries);
}

/* ---- gathering ---- */

static size_t journal_tuple(const bench *b) { return (size_t)(1 + b->worker.work->plan->rules.row_order + 2); }

static uint32_t run_of(const bench *b, uint32_t id) {
    return b->facets == NULL ? id : b->facets->runs[b->facets->places[id]];
}

static void gather(bench *b) {
    const pdm__journal *journal = &b->partition->journals[0];
    size_t tuple = journal_tuple(b);
    bool ordered = b->worker.work->plan->rules.row_order;
    memset(b->starts, 0, (b->runs + 1) * sizeof *b->starts);
    for (size_t i = 0; i < b->events; i++) b->starts[run_of(b, (uint32_t)journal->words[i * tuple]) + 1]++;
    for (size_t r = 0; r < b->runs; r++) b->starts[r + 1] += b->starts[r];
    for (size_t i = 0; i < b->events; i++) {
        const int64_t *words = journal->words + i * tuple;
        uint32_t id = (uint32_t)words[0];
        uint32_t run = run_of(b, id);
        b->entries[b->starts[run]++] = (pdm__funnel_entry){.time = words[1],
                                                           .satisfies = (uint64_t)words[2],
                                                           .seq = ordered ? words[3] : 0,
                                                           .facet = b->facets == NULL ? 0 : b->facets->places[id]};
    }
    for (size_t r = b->runs; r > 0; r--) b->starts[r] = b->starts[r - 1];
    b->starts[0] = 0;
    for (size_t r = 0; r < b->runs; r++)
        sort_entries(b->entries + b->starts[r], b->spare, b->starts[r + 1] - b->starts[r]);
    if (b->facets == NULL) return;
    for (size_t place = b->facets->count; place-- > 0;) b->firsts[b->facets->runs[place]] = (uint32_t)place;
}

/* ---- sessions by gap ---- */

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Starts of the sessions of a unit, into times[0 …). */
static size_t cut_sessions(bench *b, size_t first, size_t end) {
    size_t n = 0;
    size_t sessions = 0;
    uint64_t gap = (uint64_t)b->worker.work->plan->options->session_gap;
    for (size_t i = b->starts[first]; i < b->starts[end]; i++) b->times[n++] = b->entries[i].time;
    if (end - first > 1) qsort(b->times, n, sizeof *b->times, by_time);
    int64_t last = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t time = b->times[i];
        if (i == 0 || (uint64_t)time - (uint64_t)last > gap) b->times[sessions++] = time;
        last = time;
    }
    return sessions;
}

/* ---- cases ---- */

static bool evaluated(const pdm__funnel_plan *plan, uint64_t satisfies) {
    return satisfies != 0 || (plan->rules.scan ? plan->rules.scan_foreign == FUNNEL_SCAN_STOP
                                               : plan->rules.order == PDM_FUNNEL_ORDER_STRICT);
}

/* Rows of all runs of a unit as evaluation sees them. */
static void extract(bench *b, size_t first, size_t end) {
    const pdm__funnel_plan *plan = b->worker.work->plan;
    size_t n = 0;
    for (size_t r = first; r < end; r++) {
        b->offsets[r - first] = n;
        for (size_t i = b->starts[r]; i < b->starts[r + 1]; i++) {
            const pdm__funnel_entry *entry = &b->entries[i];
            if (!evaluated(plan, entry->satisfies)) continue;
            b->rows[n] = (pdm__funnel_row){entry->time, (uint32_t)entry->satisfies, (uint32_t)(entry->satisfies >> 32)};
            if (plan->has_breakdown) b->values[n] = b->facets->values[entry->facet];
            n++;
        }
    }
    b->offsets[end - first] = n;
}

/* A case in the making. */
typedef struct casing {
    bench *b;
    uint32_t unit;
    int64_t session; /* by gap, from 1; 0 = none */
    size_t pieces;   /* of the part at hand */
    int32_t group;   /* of the part at hand */
    int64_t facet;
    bool any;    /* a row satisfies a step */
    bool stands; /* an attempt counts */
} casing;

static pdm_status end_part(casing *c, pdm_error *err) {
    pdm_status status = PDM_OK;
    if (c->pieces > 0) {
        status = pdm__funnel_part(&c->b->worker, c->b->pieces, c->pieces, c->unit, c->facet, c->group, &c->stands, err);
    }
    c->pieces = 0;
    return status;
}

static pdm_status end_case(casing *c, pdm_error *err) {
    PDM__TRY(end_part(c, err));
    c->b->worker.tallies->sums.units += c->any;
    c->b->worker.tallies->sums.entered += c->stands;
    c->any = false;
    c->stands = false;
    return PDM_OK;
}

static void add_piece(casing *c, size_t begin, size_t end) {
    bench *b = c->b;
    if (begin == end) return;
    for (size_t i = begin; i < end && !c->any; i++) c->any = b->rows[i].mask != 0;
    b->pieces[c->pieces++] = (pdm__funnel_run){
        .rows = b->rows + begin, .values = b->values == NULL ? NULL : b->values + begin, .count = end - begin};
}

/* Number of the facet by which a case is shown and sorted: session by gap, then place; −1 = it is the unit itself. */
static int64_t facet_of(const casing *c, size_t run) {
    const pdm__funnel_plan *plan = c->b->worker.work->plan;
    bool per_value = plan->has_hold && plan->options->hold_count == PDM_FUNNEL_HOLD_PER_VALUE;
    if (c->session == 0 && !plan->has_session && !per_value) return -1;
    bool place = plan->has_session || per_value;
    return c->session << 32 | (place ? (int64_t)c->b->firsts[run] : 0);
}

/* The cases of a unit's runs, within the times [from, to] of a session. */
static pdm_status make_cases(casing *c, size_t first, size_t end, int64_t from, int64_t to, pdm_error *err) {
    bench *b = c->b;
    bool every = b->worker.work->plan->options->attribution == PDM_FUNNEL_ATTRIBUTION_ALL_EVENTS;
    for (size_t r = first; r < end; r++) {
        uint8_t starts = b->facets == NULL ? FUNNEL_STARTS_CASE | FUNNEL_STARTS_PART : b->facets->starts[b->firsts[r]];
        if ((starts & FUNNEL_STARTS_CASE) != 0) {
            PDM__TRY(end_case(c, err));
            c->facet = facet_of(c, r);
        } else if ((starts & FUNNEL_STARTS_PART) != 0) {
            PDM__TRY(end_part(c, err));
        }
        if ((starts & FUNNEL_WITHOUT_VALUE) != 0) continue;
        size_t begin = b->offsets[r - first];
        size_t last = b->offsets[r - first + 1];
        const pdm__funnel_row *rows = b->rows + begin;
        size_t low = from == INT64_MIN ? 0 : pdm__funnel_row_at(rows, last - begin, from);
        size_t high = to == INT64_MAX ? last - begin : pdm__funnel_row_at(rows, last - begin, to + 1);
        c->group = every ? b->facets->values[b->firsts[r]] : -1;
        add_piece(c, begin + low, begin + high);
    }
    return end_case(c, err);
}

static pdm_status work_unit(bench *b, uint32_t unit, size_t first, size_t end, pdm_error *err) {
    const pdm_funnel_options *options = b->worker.work->plan->options;
    casing c = {.b = b, .unit = unit};
    extract(b, first, end);
    if (b->usual) {
        void *spare = b->spare; /* its entries are larger than rows */
        return pdm__funnel_plain_unit(&b->worker, b->rows, b->offsets[end - first], spare, &b->rungs, unit, err);
    }
    if (options->count != PDM_FUNNEL_COUNT_SESSIONS || options->sessions == PDM_FUNNEL_SESSIONS_COLUMN)
        return make_cases(&c, first, end, INT64_MIN, INT64_MAX, err);
    size_t sessions = cut_sessions(b, first, end);
    for (size_t s = 0; s < sessions; s++) {
        c.session = (int64_t)s + 1;
        int64_t to = s + 1 < sessions ? b->times[s + 1] - 1 : INT64_MAX;
        PDM__TRY(make_cases(&c, first, end, b->times[s], to, err));
    }
    return PDM_OK;
}

/* ---- partitions ---- */

/* Blocks so large that the context keeps them for the next partition: fresh pages are dear. */
#define SMALL_EVENTS ((size_t)4096)
#define LEAST_EVENTS ((size_t)1 << 16)

static pdm_status bench_begin(bench *b, pdm_error *err) {
    pdm_context *context = b->worker.work->context;
    b->room = b->events > SMALL_EVENTS && b->events < LEAST_EVENTS ? LEAST_EVENTS : b->events;
    PDM__TRY(pdm__new(context, b->room, sizeof *b->entries, &b->entries, err));
    PDM__TRY(pdm__new(context, b->room, sizeof *b->spare, &b->spare, err));
    PDM__TRY(pdm__new(context, b->room, sizeof *b->rows, &b->rows, err));
    if (b->worker.work->plan->has_breakdown) PDM__TRY(pdm__new(context, b->room, sizeof *b->values, &b->values, err));
    if (b->worker.work->plan->rules.count == PDM_FUNNEL_COUNT_SESSIONS)
        PDM__TRY(pdm__new(context, b->room, sizeof *b->times, &b->times, err));
    PDM__TRY(pdm__new(context, b->runs + 1, sizeof *b->starts, &b->starts, err));
    PDM__TRY(pdm__new(context, b->runs + 1, sizeof *b->offsets, &b->offsets, err));
    PDM__TRY(pdm__new(context, b->runs + 1, sizeof *b->pieces, &b->pieces, err));
    return pdm__new(context, b->runs + 1, sizeof *b->firsts, &b->firsts, err);
}

static void bench_end(bench *b) {
    pdm_context *context = b->worker.work->context;
    pdm__drop(context, b->entries, b->room, sizeof *b->entries);
    pdm__drop(context, b->spare, b->room, sizeof *b->spare);
    pdm__drop(context, b->rows, b->room, sizeof *b->rows);
    pdm__drop(context, b->values, b->room, sizeof *b->values);
    pdm__drop(context, b->times, b->room, sizeof *b->times);
    pdm__drop(context, b->starts, b->runs + 1, sizeof *b->starts);
    pdm__drop(context, b->offsets, b->runs + 1, sizeof *b->offsets);
    pdm__drop(context, b->pieces, b->runs + 1, sizeof *b->pieces);
    pdm__drop(context, b->firsts, b->runs + 1, sizeof *b->firsts);
    pdm__funnel_scratch_clear(&b->worker.scratch);
}

static pdm_status work_runs(bench *b, pdm_error *err) {
    pdm__run *run = b->worker.work->run;
    int64_t since = 0;
    size_t end = 0;
    gather(b);
    for (size_t first = 0; first < b->runs; first = end) {
        uint32_t unit = b->facets == NULL ? (uint32_t)first : b->facets->units[b->firsts[first]];
        end = first + 1;
        while (b->facets != NULL && end < b->runs && b->facets->units[b->firsts[end]] == unit) end++;
        PDM__TRY(work_unit(b, unit, first, end, err));
        since += (int64_t)(b->starts[end] - b->starts[first]) + 1;
        if (since < POLL_UNITS) continue;
        if (pdm__run_poll(run, since)) return pdm__run_status(run, err);
        since = 0;
    }
    return PDM_OK;
}

static void bench_for(bench *b, const pdm__funnel_work *work, size_t p) {
    *b = (bench){.partition = &work->view->store->partitions[p]};
    b->worker = (pdm__funnel_worker){.work = work};
    b->worker.scratch.context = work->context;
    b->facets = work->facets == NULL ? NULL : &work->facets[p];
    b->usual = b->facets == NULL && !work->sealed && pdm__funnel_is_usual(work->plan);
    b->runs = b->facets == NULL ? b->partition->levels[0].count : b->facets->run_count;
    b->events = b->partition->journals[0].count;
}

pdm_status pdm__funnel_each_run(const pdm__funnel_work *work, size_t p, const pdm__funnel_run_sink *sink,
                                pdm_error *err) {
    bench b;
    bench_for(&b, work, p);
    if (b.events == 0) return PDM_OK;
    pdm_status status = bench_begin(&b, err);
    if (status == PDM_OK) gather(&b);
    for (size_t r = 0; status == PDM_OK && r < b.runs; r++) {
        uint32_t place = b.facets == NULL ? (uint32_t)r : b.firsts[r];
        size_t count = b.starts[r + 1] - b.starts[r];
        if (count > 0) status = sink->take(sink->own, place, b.entries + b.starts[r], count, err);
        if (status == PDM_OK && pdm__run_poll(work->run, (int64_t)count)) status = pdm__run_status(work->run, err);
    }
    bench_end(&b);
    return status;
}

static void work_partition(void *argument, size_t p) {
    pdm__funnel_work *work = argument;
    pdm__funnel_tallies *tallies = &work->tallies[p];
    if (work->view->store->schema.packed && pdm__store_pending(work->view->store) > 0) {
        pdm__funnel_packed_partition(work, p);
        return;
    }
    bench b;
    bench_for(&b, work, p);
    b.worker.log = &work->logs[p];
    b.worker.tallies = tallies;
    if (b.events == 0) return;
    tallies->status = bench_begin(&b, &tallies->err);
    if (tallies->status == PDM_OK) tallies->status = work_runs(&b, &tallies->err);
    bench_end(&b);
}

/* ---- the result ---- */

static void show_value(const pdm__value *value, pdm__funnel_shown *out) {
    out->text = value->kind == PDM__VALUE_TEXT ? (const char *)value->bytes : out->digits;
    out->length = value->kind == PDM__VALUE_TEXT   ? value->length
                  : value->kind == PDM__VALUE_NONE ? 0
                                                   : (size_t)pdm__value_digits(value, out->digits);
}

/* false: the facet has no such part. */
static bool show_facet(const pdm__funnel_facts *facts, size_t partition, int64_t facet, bool session,
                       pdm__funnel_shown *out) {
    const pdm__funnel_work *work = facts->work;
    pdm__value number = {.kind = PDM__VALUE_INT, .word = (uint64_t)(facet >> 32)};
    if (session && !work->plan->has_session) {
        show_value(&number, out);
        return facet >> 32 > 0;
    }
    if (session ? !work->plan->has_session : !work->plan->has_hold) return false;
    if (!session && work->plan->options->hold_count == PDM_FUNNEL_HOLD_PER_UNIT) return false;
    uint32_t id = work->facets[partition].ids[(uint32_t)facet];
    pdm__key key = pdm__keymap_key(&work->view->store->partitions[partition].levels[1], id);
    pdm__funnel_values values;
    (void)pdm__funnel_facet_read(key.bytes, key.length, &values);
    const pdm__value *value = session ? &values.session : &values.hold;
    if (value->kind == PDM__VALUE_TEXT) { /* the text lies in the state, not in `values` */
        out->text = (const char *)value->bytes;
        out->length = value->length;
    } else {
        show_value(value, out);
    }
    return value->kind != PDM__VALUE_NONE;
}

static void add_sums(pdm__funnel_totals_sums *to, const pdm__funnel_totals_sums *from) {
    to->units += from->units;
    to->entered += from->entered;
    to->dropped += from->dropped;
    to->unattributed += from->unattributed;
    to->entries += from->entries;
    to->attempts += from->attempts;
}

/* The trend's buckets of all partitions, in one list. */
static pdm_status collect_periods(pdm__funnel_work *work, const int32_t *map, pdm__funnel_periods *all,
                                  pdm_error *err) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__funnel_periods *periods = &work->tallies[p].periods;
        for (size_t i = 0; i < periods->capacity; i++) {
            pdm__funnel_bucket bucket = periods->slots[i].bucket;
            if (!periods->slots[i].used) continue;
            if (map != NULL) bucket.group = map[bucket.group];
            PDM__TRY(pdm__funnel_periods_add(work->context, all, &bucket, err));
        }
    }
    return PDM_OK;
}

static pdm_status list_periods(const pdm__funnel_periods *all, pdm_context *context, pdm__funnel_bucket **out,
                               pdm_error *err) {
    size_t n = 0;
    PDM__TRY(pdm__new(context, all->count, sizeof **out, out, err));
    for (size_t i = 0; i < all->capacity; i++) {
        if (all->slots[i].used) (*out)[n++] = all->slots[i].bucket;
    }
    return PDM_OK;
}

static pdm_status make_tables(pdm__funnel_work *work, pdm_result *result, pdm_error *err) {
    pdm__funnel_display shown = {.count = 1};
    pdm__funnel_periods all = {.count = 0};
    bool grouped = work->plan->has_breakdown;
    pdm__funnel_bucket *buckets = NULL;
    pdm_status status = grouped ? pdm__funnel_show(work, &shown, err) : PDM_OK;
    if (status == PDM_OK) status = collect_periods(work, grouped ? shown.map : NULL, &all, err);
    if (status == PDM_OK) status = list_periods(&all, work->context, &buckets, err);
    if (status == PDM_OK) {
        pdm__funnel_facts facts = {.view = work->view,
                                   .plan = work->plan,
                                   .run = work->run,
                                   .as_of = work->as_of,
                                   .has_groups = grouped,
                                   .group_count = shown.count,
                                   .groups = shown.groups,
                                   .logs = work->logs,
                                   .buckets = buckets,
                                   .bucket_count = all.count,
                                   .work = work,
                                   .show_facet = show_facet};
        for (size_t p = 0; p < PDM__PARTITIONS; p++) add_sums(&facts.sums, &work->tallies[p].sums);
        facts.sums.entries += pdm__store_counter(work->view->store, 0);
        status = pdm__funnel_tables(&facts, result, err);
    }
    pdm__drop(work->context, buckets, all.count, sizeof *buckets);
    pdm__funnel_periods_clear(work->context, &all);
    if (grouped) pdm__funnel_show_clear(work, &shown);
    return status;
}

static pdm_status read_state(pdm__funnel_work *work, void *own, pdm_error *err) {
    (void)own;
    if (work->plan->has_facets) PDM__TRY(pdm__funnel_facets_make(work, err));
    pdm__run_parallel(work->run, PDM__PARTITIONS, work_partition, work);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (work->tallies[p].status == PDM_OK) continue;
        if (err != NULL) *err = work->tallies[p].err;
        return work->tallies[p].status;
    }
    return PDM_OK;
}

pdm_status pdm__funnel_result_from(const pdm__view *view, pdm__run *run, pdm__funnel_fill_logs fill, void *own,
                                   pdm_result *result, pdm_error *err) {
    const pdm__funnel_plan *plan = view->plan->own;
    pdm__funnel_work work = {.view = view, .plan = plan, .context = view->setup->context, .run = run};
    bool any = view->time_min <= view->time_max;
    work.as_of = plan->options->as_of != PDM_ZERO_INT64 ? plan->options->as_of : any ? view->time_max : 0;
    work.sealed = pdm__segments_any_sealed(view->plan->segments);
    pdm_status status = pdm__new_zero(work.context, PDM__PARTITIONS, sizeof *work.logs, &work.logs, err);
    if (status == PDM_OK)
        status = pdm__new_zero(work.context, PDM__PARTITIONS, sizeof *work.tallies, &work.tallies, err);
    if (status == PDM_OK) status = fill(&work, own, err);
    if (status == PDM_OK) status = make_tables(&work, result, err);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (work.logs != NULL) pdm__funnel_log_clear(work.context, &work.logs[p]);
        if (work.tallies != NULL) pdm__funnel_periods_clear(work.context, &work.tallies[p].periods);
    }
    pdm__drop(work.context, work.logs, PDM__PARTITIONS, sizeof *work.logs);
    pdm__drop(work.context, work.tallies, PDM__PARTITIONS, sizeof *work.tallies);
    if (plan->has_facets) pdm__funnel_facets_clear(&work);
    return status;
}

pdm_status pdm__funnel_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    return pdm__funnel_result_from(view, run, read_state, NULL, result, err);
}
