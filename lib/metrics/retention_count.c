/* Retention counted from parts that are periods (sets of them: retention_bits.c): each subject's entries into cohorts, and the intervals in which it came back. */
#include "metrics/retention_internal.h"

/* What a subject did in a period. */
typedef struct span {
    int64_t period;
    int64_t start; /* least start time, INT64_MAX = none */
    int64_t any;
    int64_t returns;
    int64_t value;
    int32_t group; /* of the row at `start` */
} span;

typedef struct reader {
    const pdm__retention_work *work;
    size_t partition;
    int64_t *counts;
    pdm__cell_log *log;
    pdm__parts parts;
    span *spans;
    size_t capacity;
    size_t count;
    uint32_t unit;    /* of the subject */
    int32_t group;    /* of the subject, where the entry has none of its own */
    int64_t *returns; /* [last_interval + 1] of an entry */
    int64_t *values;
    bool *hits; /* [column_count] */
} reader;

/* ---- reading ---- */

static pdm_status need_spans(reader *r, size_t parts) {
    if (parts <= r->capacity) return PDM_OK;
    size_t wanted = parts + parts / 2;
    PDM__TRY(pdm__renew(r->work->run->context, r->capacity, wanted, sizeof *r->spans, &r->spans, NULL));
    r->capacity = wanted;
    return PDM_OK;
}

static void read_counts(reader *r, const pdm__part *part, const int64_t *words) {
    const pdm__retention_plan *plan = r->work->plan;
    span *mine = r->count > 0 ? &r->spans[r->count - 1] : NULL;
    if (mine == NULL || mine->period != part->period) {
        mine = &r->spans[r->count++];
        *mine = (span){.period = part->period, .start = INT64_MAX, .any = INT64_MAX, .group = part->group};
    }
    int64_t start = words[RET_PART_START];
    /* Parts of a period come in order of their values: at equal times the smallest stays. */
    if (start < mine->start) mine->group = part->group;
    mine->start = start < mine->start ? start : mine->start;
    mine->returns += words[RET_PART_RETURNS];
    if (plan->any_word >= 0 && words[plan->any_word] < mine->any) mine->any = words[plan->any_word];
    if (plan->value_word >= 0) mine->value += words[plan->value_word];
}

/* Reads parts [at, end), one subject. */
static pdm_status read_subject(reader *r, size_t at, size_t end) {
    const pdm__retention_plan *plan = r->work->plan;
    const pdm__keymap *map = &r->work->view->store->partitions[r->partition].levels[1];
    int64_t last = INT64_MIN;
    PDM__TRY(need_spans(r, end - at));
    r->count = 0;
    r->unit = r->parts.items[at].unit;
    r->group = r->parts.items[at].group;
    for (size_t i = at; i < end; i++) {
        const pdm__part *part = &r->parts.items[i];
        const int64_t *words = pdm__keymap_words(map, part->id);
        read_counts(r, part, words);
        if (plan->last_word < 0) continue;
        int64_t time = words[plan->last_word];
        if (i == at || time > last || (time == last && part->group < r->group)) r->group = part->group;
        last = time > last ? time : last;
    }
    return PDM_OK;
}

/* ---- entries ---- */

static pdm_status enter(reader *r, size_t at) {
    const pdm__retention_plan *plan = r->work->plan;
    const span *entry = &r->spans[at];
    const pdm__period_range *range = &r->work->range;
    if (entry->period < range->first || entry->period > range->last) return PDM_OK;
    size_t room = (size_t)(plan->last_interval + 1);
    memset(r->returns, 0, room * sizeof *r->returns);
    if (plan->values) memset(r->values, 0, room * sizeof *r->values);
    for (size_t i = at; i < r->count; i++) {
        int64_t k = r->spans[i].period - entry->period;
        if (k > plan->last_interval) break;
        r->returns[k] = r->spans[i].returns;
        if (plan->values) r->values[k] = r->spans[i].value;
    }
    pdm__retention_hits(plan, r->returns, r->hits);
    bool own_group = plan->options->breakdown_by == PDM__BREAKDOWN_ENTRY;
    pdm__retention_entry_into into = {.partition = r->partition,
                                      .unit = r->unit,
                                      .group = own_group ? entry->group : r->group,
                                      .cohort = entry->period,
                                      .hits = r->hits,
                                      .values = plan->values ? r->values : NULL};
    return pdm__retention_enter(r->work, &into, r->counts, r->log);
}

/* first_ever: whether the first start_any row (one of them, if there are several at that instant) is a start. */
static bool starts_first(const reader *r, size_t first) {
    int64_t any = INT64_MAX;
    for (size_t i = 0; i < r->count; i++) any = r->spans[i].any < any ? r->spans[i].any : any;
    return r->spans[first].start == any;
}

static pdm_status count_subject(reader *r) {
    const pdm__retention_plan *plan = r->work->plan;
    bool once = plan->options->cohort_entry != PDM_RETENTION_RECURRING;
    for (size_t i = 0; i < r->count; i++) {
        if (r->spans[i].start == INT64_MAX) continue;
        if (plan->needs_any && !starts_first(r, i)) return PDM_OK;
        PDM__TRY(enter(r, i));
        if (once) return PDM_OK;
    }
    return PDM_OK;
}

static pdm_status count_subjects(reader *r) {
    pdm_context *context = r->work->run->context;
    size_t room = (size_t)(r->work->plan->last_interval + 1);
    PDM__TRY(pdm__new(context, room, sizeof *r->returns, &r->returns, NULL));
    PDM__TRY(pdm__new(context, room, sizeof *r->values, &r->values, NULL));
    PDM__TRY(pdm__new(context, (size_t)r->work->plan->column_count, sizeof *r->hits, &r->hits, NULL));
    PDM__TRY(pdm__parts_order(&r->work->plan->layout, r->work->view->store, r->partition, &r->work->groups, &r->parts,
                              NULL));
    for (size_t at = 0; at < r->parts.count;) {
        size_t end = pdm__parts_subject_end(&r->parts, at);
        PDM__TRY(read_subject(r, at, end));
        PDM__TRY(count_subject(r));
        at = end;
    }
    return PDM_OK;
}

pdm_status pdm__retention_count(void *own, size_t partition, int64_t *counts, pdm__cell_log *log) {
    const pdm__retention_work *work = own;
    pdm_context *context = work->run->context;
    size_t room = (size_t)(work->plan->last_interval + 1);
    reader r = {.work = work, .partition = partition, .counts = counts, .log = log};
    if (work->view->store->partitions[partition].levels[1].count == 0) return PDM_OK;
    pdm_status status = count_subjects(&r);
    pdm__parts_clear(context, &r.parts);
    pdm__drop(context, r.spans, r.capacity, sizeof *r.spans);
    pdm__drop(context, r.returns, room, sizeof *r.returns);
    pdm__drop(context, r.values, room, sizeof *r.values);
    pdm__drop(context, r.hits, (size_t)work->plan->column_count, sizeof *r.hits);
    return status;
}

/* ---- what an entry adds to the cells; also for rolling_24h ---- */

void pdm__retention_hits(const pdm__retention_plan *plan, const int64_t *returns, bool *hits) {
    int64_t least = plan->options->min_occurrences;
    for (int32_t k = 1; k < plan->column_count; k++) {
        int64_t rows = 0;
        for (int64_t i = plan->columns[k].first; i <= plan->columns[k].last; i++) rows += returns[i];
        hits[k] = rows >= least;
    }
    if (plan->options->mode != PDM_RETENTION_ON_OR_AFTER) return;
    for (int32_t k = plan->column_count - 2; k >= 1; k--) hits[k] |= hits[k + 1];
}

static int64_t value_of(const pdm__retention_plan *plan, const int64_t *values, int32_t k) {
    int64_t sum = 0;
    for (int64_t i = plan->columns[k].first; i <= plan->columns[k].last; i++) sum += values[i];
    return sum;
}

pdm_status pdm__retention_enter(const pdm__retention_work *work, const pdm__retention_entry_into *entry,
                                int64_t *counts, pdm__cell_log *log) {
    const pdm__retention_plan *plan = work->plan;
    size_t cell = pdm__retention_cell(work, (size_t)entry->group, entry->cohort);
    for (int32_t k = 0; k < plan->column_count; k++, cell++) {
        if (entry->values != NULL) counts[cell * RET_WORDS + RET_SUM] += value_of(plan, entry->values, k);
        if (k > 0 && !entry->hits[k]) continue;
        counts[cell * RET_WORDS + RET_RETAINED]++;
        PDM__TRY(pdm__cell_log_add(log, cell, entry->partition, entry->unit));
    }
    return PDM_OK;
}
