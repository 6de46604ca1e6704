/*
 * States of sealed blocks: rows of complete segments become blocks, blocks of segments that abut become one, and blocks from bytes are
 * looked at before they are believed. Scratch: 10 tuples of a run, 11 those of a block.
 *
 * A block belongs to its unit, or to the facet with its session, value held constant and (all_events) breakdown value. First and last
 * touch need of the breakdown besides one tuple in a segment: in the facet with the value that was touched, with the time of the touch.
 */
#include "metrics/funnel_block.h"
#include "metrics/funnel_subjects.h"

/* ---- what can be sealed ---- */

pdm_status pdm__funnel_sealable(const pdm__funnel_plan *plan, pdm_error *err) {
    const pdm__funnel_rules *rules = &plan->rules;
    const pdm_funnel_options *options = plan->options;
    bool by_gap = rules->count == PDM_FUNNEL_COUNT_SESSIONS && !plan->has_session;
    const struct {
        bool used;
        const char *option;
        const char *needs;
    } journal_only[] = {
        {options->dedupe != 0, "dedupe", "dedupe none"},
        {rules->scan, "preset", "the walk, which clickhouse and starrocks are not"},
        {rules->order != PDM_FUNNEL_ORDER_ORDERED, "order", "order ordered"},
        {rules->entry != PDM_FUNNEL_ENTRY_BEST, "entry", "entry best"},
        {rules->attempt_tie != PDM_FUNNEL_TIE_FIRST_COMPLETED, "attempt_tie", "attempt_tie first_completed"},
        {rules->row_order, "ties", "ties favourable"},
        {rules->grace > 0, "grace", "grace 0"},
        {rules->strict_increase == PDM_FUNNEL_INCREASE_BREAK, "strict_increase", "strict_increase off or skip"},
        {rules->deduplication, "deduplication", "deduplication off"},
        {rules->exclusion_count > 0, "exclusions", "a funnel without exclusions"},
        {rules->has_step_windows, "steps", "steps without windows of their own"},
        {rules->optional != 0, "steps", "no optional steps"},
        {rules->count == PDM_FUNNEL_COUNT_TOTALS, "count", "count uniques or sessions"},
        {by_gap, "sessions", "sessions column"},
        {options->attribution == PDM_FUNNEL_ATTRIBUTION_STEP, "attribution", "another attribution than step"},
        {options->range_applies_to != PDM_FUNNEL_RANGE_ROWS, "range_applies_to", "range_applies_to rows"},
        {rules->mature_only, "mature_only", "mature_only off"},
        {options->trend_period != PDM_FUNNEL_TREND_NONE, "trend_period", "no trend"},
    };
    for (int32_t i = 0; i < PDM__COUNT(journal_only); i++) {
        if (!journal_only[i].used) continue;
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, journal_only[i].option,
                         "option \"%s\": sealing a funnel needs %s; states that are not sealed merge as well",
                         journal_only[i].option, journal_only[i].needs);
    }
    return PDM_OK;
}

/* ---- runs ---- */

/* The runs of a store, and what is made of them. */
typedef struct sealing {
    pdm__view view;
    pdm__funnel_work work;
    const pdm__segments *after; /* NULL: blocks are only looked at */
    pdm__store *out;
    pdm_status status[PDM__PARTITIONS];
    pdm_error err[PDM__PARTITIONS];
} sealing;

/* One partition of it. */
typedef struct desk {
    sealing *all;
    size_t partition;
    pdm__funnel_eval eval;
    pdm__funnel_scratch scratch;
    pdm__key_bytes home; /* key of a facet without a breakdown value */
} desk;

static bool by_touch(const desk *d) {
    int32_t attribution = d->all->work.plan->options->attribution;
    return attribution == PDM_FUNNEL_ATTRIBUTION_FIRST_TOUCH || attribution == PDM_FUNNEL_ATTRIBUTION_LAST_TOUCH;
}

static int32_t value_of(const desk *d, const pdm__funnel_entry *entry) {
    return by_touch(d) ? d->all->work.facets[d->partition].values[entry->facet] : 0;
}

static pdm_status copy_rows(desk *d, const pdm__funnel_entry *entries, size_t count, pdm__funnel_row **out,
                            pdm_error *err) {
    PDM__TRY(pdm__funnel_scratch_need(&d->scratch, 10, count * sizeof **out, out, err));
    for (size_t i = 0; i < count; i++) {
        uint64_t word = entries[i].satisfies;
        (*out)[i] = (pdm__funnel_row){entries[i].time, (uint32_t)word, (uint32_t)(word >> 32)};
    }
    return PDM_OK;
}

/* Where the tuples of a segment end that begins at or before the first one. */
static size_t segment_end(const pdm__segment *segment, const pdm__funnel_row *rows, size_t count) {
    return segment->last == INT64_MAX ? count : pdm__funnel_row_at(rows, count, segment->last + 1);
}

/* The row whose breakdown value is the first (or last) in these; of rows of one time the smallest. NULL: none has a value. */
static const pdm__funnel_entry *touched(const desk *d, const pdm__funnel_entry *entries, size_t count) {
    bool first = d->all->work.plan->options->attribution == PDM_FUNNEL_ATTRIBUTION_FIRST_TOUCH;
    const pdm__funnel_entry *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (value_of(d, &entries[i]) == 0) continue;
        bool better = best == NULL || (!first && entries[i].time > best->time);
        if (better || (entries[i].time == best->time && value_of(d, &entries[i]) < value_of(d, best)))
            best = &entries[i];
    }
    return best;
}

/* ---- making blocks ---- */

static pdm_status put(desk *d, uint32_t place, bool without_value, const pdm__funnel_row *tuples, size_t count,
                      pdm_error *err) {
    const pdm__partition *from = &d->all->view.store->partitions[d->partition];
    const pdm__funnel_facets *facets = d->all->work.facets == NULL ? NULL : &d->all->work.facets[d->partition];
    pdm__key unit = pdm__keymap_key(&from->levels[0], facets == NULL ? place : facets->units[place]);
    pdm__key facet = {0};
    if (facets != NULL) facet = pdm__keymap_key(&from->levels[1], facets->ids[place]);
    if (facets != NULL && without_value) {
        PDM__TRY(pdm__key_bytes_need(d->all->work.context, &d->home, facet.length + 1, err));
        facet.length = pdm__funnel_facet_plain(facet.bytes, facet.length, d->home.memory);
        facet.bytes = d->home.memory;
    }
    int64_t words[2 * 64];
    for (size_t done = 0, n = 0; done < count; done += n) {
        n = count - done < 64 ? count - done : 64;
        for (size_t i = 0; i < n; i++) {
            words[2 * i] = tuples[done + i].time;
            words[2 * i + 1] = (int64_t)(tuples[done + i].mask | (uint64_t)tuples[done + i].exclude << 32);
        }
        PDM__TRY(pdm__store_append(d->all->out, d->partition, &unit, facets == NULL ? NULL : &facet, 0, words, n, err));
    }
    return PDM_OK;
}

static int64_t open_entries(const desk *d, const pdm__funnel_row *rows, size_t count) {
    int64_t entries = 0;
    for (size_t i = 0; i < count; i++) {
        if ((rows[i].mask & 1) == 0) continue;
        entries += !pdm__segments_find(d->all->view.plan->segments, rows[i].time)->sealed;
    }
    return entries;
}

static pdm_status put_block(desk *d, uint32_t place, const pdm__funnel_entry *entries, const pdm__funnel_row *rows,
                            size_t count, pdm_error *err) {
    pdm__funnel_block block;
    pdm__funnel_row *marks = NULL;
    PDM__TRY(pdm__funnel_scratch_need(&d->scratch, 11, FUNNEL_MOST_MARKS * sizeof *marks, &marks, err));
    PDM__TRY(pdm__funnel_block_fold(&d->eval, d->all->view.plan->segments, rows, count, &block, err));
    d->all->out->partitions[d->partition].counters[0] += open_entries(d, rows, count);
    PDM__TRY(put(d, place, by_touch(d), marks, pdm__funnel_block_write(&block, marks), err));
    const pdm__funnel_entry *touch = by_touch(d) ? touched(d, entries, count) : NULL;
    if (touch == NULL) return PDM_OK;
    pdm__funnel_row mark = {touch->time, FUNNEL_MARK(FUNNEL_MARK_TOUCH, 0, 0), 0};
    return put(d, touch->facet, false, &mark, 1, err);
}

/* Segment by segment, as they are to be: a block, or rows as they were. */
static pdm_status seal_run(void *own, uint32_t place, const pdm__funnel_entry *entries, size_t count, pdm_error *err) {
    desk *d = own;
    pdm__funnel_row *rows = NULL;
    PDM__TRY(copy_rows(d, entries, count, &rows, err));
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        const pdm__segment *segment = pdm__segments_find(d->all->after, rows[begin].time);
        end = begin + segment_end(segment, rows + begin, count - begin);
        if (segment->sealed) {
            PDM__TRY(put_block(d, place, entries + begin, rows + begin, end - begin, err));
            continue;
        }
        for (size_t i = begin; i < end; i++) {
            uint32_t mine = d->all->work.facets == NULL ? place : entries[i].facet;
            PDM__TRY(put(d, mine, false, rows + i, 1, err));
        }
    }
    return PDM_OK;
}

/* ---- blocks from bytes ---- */

static pdm_status no_block(pdm_error *err) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                     "these bytes are no valid state: a sealed block that no rows could have made");
}

/* A touch is in a facet with a value, at most one in a segment; everything else is in one without. */
static bool touches_fit(const desk *d, const pdm__funnel_entry *entries, size_t count) {
    int32_t touches = 0;
    for (size_t i = 0; i < count; i++) {
        bool touch = FUNNEL_MARK_KIND((uint32_t)entries[i].satisfies) == FUNNEL_MARK_TOUCH;
        touches += touch;
        if (touch && !by_touch(d)) return false;
        if (by_touch(d) && touch != (value_of(d, &entries[i]) != 0)) return false;
    }
    return touches <= 1;
}

static pdm_status verify_run(void *own, uint32_t place, const pdm__funnel_entry *entries, size_t count,
                             pdm_error *err) {
    (void)place;
    desk *d = own;
    pdm__funnel_row *rows = NULL;
    pdm__funnel_row *marks = NULL;
    pdm__funnel_block block;
    PDM__TRY(copy_rows(d, entries, count, &rows, err));
    PDM__TRY(pdm__funnel_scratch_need(&d->scratch, 11, FUNNEL_MOST_MARKS * sizeof *marks, &marks, err));
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        const pdm__segment *segment = pdm__segments_find(d->all->view.plan->segments, rows[begin].time);
        end = begin + segment_end(segment, rows + begin, count - begin);
        if (!segment->sealed) continue;
        if (!touches_fit(d, entries + begin, end - begin)) return no_block(err);
        if (!pdm__funnel_block_read(d->eval.rules, rows + begin, end - begin, &block)) return no_block(err);
        size_t touches = by_touch(d) && touched(d, entries + begin, end - begin) != NULL ? 1 : 0;
        size_t written = pdm__funnel_block_write(&block, marks);
        if (written == 0 || written + touches != end - begin) return no_block(err);
    }
    return PDM_OK;
}

/* ---- all runs ---- */

static void work_partition(void *argument, size_t p) {
    sealing *all = argument;
    pdm__funnel_work *work = &all->work;
    desk d = {.all = all, .partition = p};
    d.scratch.context = work->context;
    d.eval = (pdm__funnel_eval){&work->plan->rules, 0, &d.scratch};
    pdm__funnel_run_sink sink = {all->after == NULL ? verify_run : seal_run, &d};
    if (all->out != NULL) all->out->partitions[p].counters[0] += all->view.store->partitions[p].counters[0];
    all->status[p] = pdm__funnel_each_run(work, p, &sink, &all->err[p]);
    pdm__drop(work->context, d.home.memory, d.home.capacity, 1);
    pdm__funnel_scratch_clear(&d.scratch);
}

static pdm_status work_all(sealing *all, pdm_error *err) {
    if (all->work.plan->has_facets) PDM__TRY(pdm__funnel_facets_make(&all->work, err));
    pdm__run_parallel(all->work.run, PDM__PARTITIONS, work_partition, all);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (all->status[p] == PDM_OK) continue;
        if (err != NULL) *err = all->err[p];
        return all->status[p];
    }
    return PDM_OK;
}

static pdm_status work_on(const pdm__plan *plan, const pdm__store *store, const pdm__segments *after, pdm__run *run,
                          pdm__store *out, pdm_error *err) {
    sealing *all = NULL;
    PDM__TRY(pdm__new_zero(store->context, 1, sizeof *all, &all, err));
    all->view = (pdm__view){.plan = plan, .store = store};
    all->work = (pdm__funnel_work){.view = &all->view, .plan = plan->own, .context = store->context, .run = run};
    all->after = after;
    all->out = out;
    pdm_status status = work_all(all, err);
    if (all->work.plan->has_facets) pdm__funnel_facets_clear(&all->work);
    pdm__drop(store->context, all, 1, sizeof *all);
    return status;
}

pdm_status pdm__funnel_seal(const pdm__plan *plan, const pdm__store *store, const pdm__segments *after, pdm__run *run,
                            pdm__store *out, pdm_error *err) {
    PDM__TRY(pdm__funnel_sealable(plan->own, err));
    return work_on(plan, store, after, run, out, err);
}

pdm_status pdm__funnel_verify_sealed(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    if (!pdm__segments_any_sealed(plan->segments)) {
        if (pdm__store_counter(store, 0) == 0) return PDM_OK;
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                         "these bytes are no valid state: entries of sealed segments, but none is sealed");
    }
    if (pdm__funnel_sealable(plan->own, NULL) != PDM_OK) {
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                         "these bytes are no valid state: sealed segments under options that know none");
    }
    return work_on(plan, store, NULL, run, NULL, err);
}
