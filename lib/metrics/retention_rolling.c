/*
 * Retention counted from rows: clock rolling_24h. Interval k of an entry e is [f(e) + k·D, f(e) + (k + 1)·D) on times rounded down by f,
 * of rows at e or later.
 */
#include "metrics/retention_internal.h"

#include <stdlib.h>

typedef struct row {
    int64_t time;
    int64_t floored;
    int64_t value;
    int32_t is;
    int32_t group;
} row;

typedef struct reader {
    const pdm__retention_work *work;
    const pdm__retention_plan *plan;
    size_t partition;
    int64_t *counts;
    pdm__cell_log *log;
    pdm__parts parts;
    uint32_t *starts; /* [owners + 1] where the tuples of each owner (part or unit) begin */
    uint32_t *tuples; /* [journal] */
    size_t owners;
    size_t tuple_count;
    row *rows;       /* of a subject, by time */
    int64_t *times;  /* of its return rows */
    size_t capacity; /* of both */
    size_t count;
    size_t returns;
    uint32_t unit;
    int32_t group;
    int64_t *tally;  /* [last_interval + 1] return rows of an entry */
    int64_t *values; /* [last_interval + 1] */
    bool *hits;      /* [column_count] */
    bool *now;       /* [column_count] of one start of several */
} reader;

/* ---- rows of each unit or part ---- */

static const int64_t *tuple_at(const reader *r, size_t i) {
    const pdm__journal *journal = &r->work->view->store->partitions[r->partition].journals[0];
    return journal->words + i * (size_t)(1 + r->work->view->store->schema.journals[0].word_count);
}

static pdm_status file_tuples(reader *r) {
    const pdm__partition *partition = &r->work->view->store->partitions[r->partition];
    bool valued = pdm__part_has_values(&r->plan->layout);
    pdm_context *context = r->work->run->context;
    if (partition->journals[0].count > UINT32_MAX) return PDM_E_LIMIT;
    r->owners = partition->levels[valued ? 1 : 0].count;
    r->tuple_count = partition->journals[0].count;
    PDM__TRY(pdm__new_zero(context, r->owners + 1, sizeof *r->starts, &r->starts, NULL));
    PDM__TRY(pdm__new(context, r->tuple_count, sizeof *r->tuples, &r->tuples, NULL));
    for (size_t i = 0; i < r->tuple_count; i++) r->starts[tuple_at(r, i)[0] + 1]++;
    for (size_t o = 0; o < r->owners; o++) r->starts[o + 1] += r->starts[o];
    for (size_t i = 0; i < r->tuple_count; i++) r->tuples[r->starts[tuple_at(r, i)[0]]++] = (uint32_t)i;
    for (size_t o = r->owners; o > 0; o--) r->starts[o] = r->starts[o - 1]; /* they now stand where the next begins */
    r->starts[0] = 0;
    return PDM_OK;
}

static pdm_status add_rows(reader *r, uint32_t owner, int32_t group) {
    size_t more = r->starts[owner + 1] - r->starts[owner];
    if (r->count + more > r->capacity) {
        size_t wanted = r->count + more + (r->count + more) / 2;
        pdm_context *context = r->work->run->context;
        int64_t *times = NULL;
        PDM__TRY(pdm__new(context, wanted, sizeof *times, &times, NULL));
        pdm_status status = pdm__renew(context, r->capacity, wanted, sizeof *r->rows, &r->rows, NULL);
        if (status != PDM_OK) {
            pdm__drop(context, times, wanted, sizeof *times);
            return status;
        }
        pdm__drop(context, r->times, r->capacity, sizeof *r->times);
        r->times = times;
        r->capacity = wanted;
    }
    for (size_t i = r->starts[owner]; i < r->starts[owner + 1]; i++) {
        const int64_t *tuple = tuple_at(r, r->tuples[i]);
        r->rows[r->count++] = (row){.time = tuple[1],
                                    .floored = tuple[1],
                                    .is = (int32_t)tuple[2],
                                    .value = r->plan->values ? tuple[3] : 0,
                                    .group = group};
    }
    return PDM_OK;
}

static int by_time(const void *left, const void *right) {
    const row *a = left;
    const row *b = right;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->group < b->group ? -1 : a->group > b->group;
}

/* Times rounded down: to the first instant of the local hour or day. */
static void floor_times(reader *r) {
    pdm_period unit = r->plan->options->floor == PDM_RETENTION_FLOOR_HOUR ? PDM_PERIOD_HOUR : PDM_PERIOD_DAY;
    if (r->plan->options->floor == PDM_RETENTION_FLOOR_NONE) return;
    for (size_t i = 0; i < r->count; i++) {
        int64_t index = pdm_calendar_period(r->plan->calendar, unit, r->rows[i].time);
        r->rows[i].floored = pdm_calendar_period_start(r->plan->calendar, unit, index);
    }
}

static void settle_rows(reader *r) {
    size_t last = r->count - 1;
    qsort(r->rows, r->count, sizeof *r->rows, by_time);
    floor_times(r);
    r->returns = 0;
    for (size_t i = 0; i < r->count; i++) {
        if ((r->rows[i].is & RET_IS_RETURN) != 0) r->times[r->returns++] = r->rows[i].time;
    }
    if (!r->plan->every_row) return;
    while (last > 0 && r->rows[last - 1].time == r->rows[last].time)
        last--; /* the smallest value of the last instant */
    r->group = r->rows[last].group;
}

/* ---- one entry ---- */

/* Return rows and values of each interval, seen from rows[at]. */
static void look_from(reader *r, size_t at) {
    const row *entry = &r->rows[at];
    const pdm__retention_plan *plan = r->plan;
    size_t room = (size_t)(plan->last_interval + 1);
    uint64_t horizon = 0;
    /* Rounding moves a time by two days at most, whatever the clock does. */
    bool bounded = !__builtin_mul_overflow((uint64_t)room + 1, (uint64_t)plan->width, &horizon) &&
                   !__builtin_add_overflow(horizon, UINT64_C(172800000000), &horizon);
    memset(r->tally, 0, room * sizeof *r->tally);
    memset(r->values, 0, room * sizeof *r->values);
    while (at > 0 && r->rows[at - 1].time == entry->time) at--; /* rows of the entry's own instant */
    for (size_t i = at; i < r->count; i++) {
        const row *mine = &r->rows[i];
        if (bounded && (uint64_t)mine->time - (uint64_t)entry->time > horizon) break;
        if ((mine->is & RET_IS_RETURN) == 0 || mine->floored < entry->floored) continue;
        uint64_t k = ((uint64_t)mine->floored - (uint64_t)entry->floored) / (uint64_t)plan->width;
        if (k > (uint64_t)plan->last_interval) continue;
        r->tally[k]++;
        r->values[k] += mine->value;
    }
}

/* Return rows before an instant. */
static size_t returns_before(const reader *r, size_t from, int64_t time) {
    size_t low = from;
    for (size_t high = r->returns; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (r->times[middle] < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The same without values, for exact times: by halving instead of row by row, as there may be many starts. */
static void look_fast(reader *r, int64_t entry) {
    size_t before = returns_before(r, 0, entry);
    memset(r->tally, 0, (size_t)(r->plan->last_interval + 1) * sizeof *r->tally);
    for (int64_t k = 0; k <= r->plan->last_interval && before < r->returns; k++) {
        int64_t end = 0;
        bool last = __builtin_mul_overflow(k + 1, r->plan->width, &end) || __builtin_add_overflow(end, entry, &end);
        size_t until = last ? r->returns : returns_before(r, before, end);
        r->tally[k] = (int64_t)(until - before);
        before = until;
    }
}

static bool all_hit(const reader *r) {
    bool all = true;
    for (int32_t k = 1; k < r->plan->column_count && all; k++) all = r->hits[k];
    return all;
}

/* Starts rows[from … end) lie in one period: a unit counts if one of them makes it. */
static void add_other_starts(reader *r, size_t from, size_t end) {
    bool exact = r->plan->options->floor == PDM_RETENTION_FLOOR_NONE;
    const row *before = &r->rows[from];
    for (size_t i = from + 1; i < end && !all_hit(r); i++) {
        const row *mine = &r->rows[i];
        /* Of starts that round to one instant the first sees most. */
        if ((mine->is & RET_IS_START) == 0 || mine->floored == before->floored) continue;
        before = mine;
        if (exact) {
            look_fast(r, mine->time);
        } else {
            look_from(r, i);
        }
        pdm__retention_hits(r->plan, r->tally, r->now);
        for (int32_t k = 1; k < r->plan->column_count; k++) r->hits[k] |= r->now[k];
    }
}

static pdm_status enter(reader *r, size_t at, size_t end, int64_t cohort) {
    const pdm__period_range *range = &r->work->range;
    if (cohort < range->first || cohort > range->last) return PDM_OK;
    look_from(r, at);
    pdm__retention_hits(r->plan, r->tally, r->hits);
    /* The values are those of the first start: others must not write over them. */
    bool own_group = r->plan->options->breakdown_by == PDM__BREAKDOWN_ENTRY;
    pdm__retention_entry_into into = {.partition = r->partition,
                                      .unit = r->unit,
                                      .group = own_group ? r->rows[at].group : r->group,
                                      .cohort = cohort,
                                      .hits = r->hits,
                                      .values = r->plan->values ? r->values : NULL};
    if (r->plan->options->window_entry == PDM_RETENTION_EVERY_START) {
        add_other_starts(r, at, end);
        if (r->plan->values) look_from(r, at);
    }
    return pdm__retention_enter(r->work, &into, r->counts, r->log);
}

static bool starts_first(const reader *r, size_t first) {
    for (size_t i = 0; i < r->count && r->rows[i].time < r->rows[first].time; i++) {
        if ((r->rows[i].is & RET_IS_ANY) != 0) return false;
    }
    return true;
}

/* A clock set back past midnight comes to a day twice, with another one between: a cohort is entered the first time. */
typedef struct entered {
    int64_t cohorts[2];
    int32_t count;
} entered;

static bool note_entry(entered *seen, int64_t cohort) {
    for (int32_t i = 0; i < seen->count; i++) {
        if (seen->cohorts[i] == cohort) return false;
    }
    seen->cohorts[1] = seen->cohorts[0];
    seen->cohorts[0] = cohort;
    seen->count += seen->count < 2;
    return true;
}

static pdm_status count_subject(reader *r) {
    bool once = r->plan->options->cohort_entry != PDM_RETENTION_RECURRING;
    entered seen = {.count = 0};
    settle_rows(r);
    for (size_t i = 0; i < r->count;) {
        if ((r->rows[i].is & RET_IS_START) == 0) {
            i++;
            continue;
        }
        if (r->plan->needs_any && !starts_first(r, i)) return PDM_OK;
        int64_t cohort = pdm_calendar_period(r->plan->calendar, r->plan->period, r->rows[i].time);
        int64_t last = pdm__period_last(r->plan->calendar, r->plan->period, cohort);
        size_t end = i + 1;
        while (end < r->count && r->rows[end].time <= last) end++;
        if (note_entry(&seen, cohort)) PDM__TRY(enter(r, i, end, cohort));
        if (once) return PDM_OK;
        i = end;
    }
    return PDM_OK;
}

/* ---- all subjects ---- */

static pdm_status count_valued(reader *r) {
    PDM__TRY(pdm__parts_order(&r->plan->layout, r->work->view->store, r->partition, &r->work->groups, &r->parts, NULL));
    for (size_t at = 0; at < r->parts.count;) {
        size_t end = pdm__parts_subject_end(&r->parts, at);
        r->unit = r->parts.items[at].unit;
        r->group = r->parts.items[at].group;
        r->count = 0;
        for (; at < end; at++) PDM__TRY(add_rows(r, r->parts.items[at].id, r->parts.items[at].group));
        if (r->count > 0) PDM__TRY(count_subject(r));
    }
    return PDM_OK;
}

static pdm_status count_plain(reader *r) {
    for (uint32_t unit = 0; unit < r->owners; unit++) {
        r->unit = unit;
        r->count = 0;
        PDM__TRY(add_rows(r, unit, 0));
        if (r->count > 0) PDM__TRY(count_subject(r));
    }
    return PDM_OK;
}

static pdm_status count_subjects(reader *r) {
    pdm_context *context = r->work->run->context;
    size_t room = (size_t)(r->plan->last_interval + 1);
    PDM__TRY(pdm__new(context, room, sizeof *r->tally, &r->tally, NULL));
    PDM__TRY(pdm__new(context, room, sizeof *r->values, &r->values, NULL));
    PDM__TRY(pdm__new(context, (size_t)r->plan->column_count, sizeof *r->hits, &r->hits, NULL));
    PDM__TRY(pdm__new(context, (size_t)r->plan->column_count, sizeof *r->now, &r->now, NULL));
    PDM__TRY(file_tuples(r));
    return pdm__part_has_values(&r->plan->layout) ? count_valued(r) : count_plain(r);
}

pdm_status pdm__retention_count_rolling(void *own, size_t partition, int64_t *counts, pdm__cell_log *log) {
    const pdm__retention_work *work = own;
    const pdm__retention_plan *plan = work->plan;
    pdm_context *context = work->run->context;
    size_t room = (size_t)(plan->last_interval + 1);
    reader r = {.work = work, .plan = plan, .partition = partition, .counts = counts, .log = log};
    if (work->view->store->partitions[partition].journals[0].count == 0) return PDM_OK;
    pdm_status status = count_subjects(&r);
    pdm__parts_clear(context, &r.parts);
    pdm__drop(context, r.starts, r.owners + 1, sizeof *r.starts);
    pdm__drop(context, r.tuples, r.tuple_count, sizeof *r.tuples);
    pdm__drop(context, r.rows, r.capacity, sizeof *r.rows);
    pdm__drop(context, r.times, r.capacity, sizeof *r.times);
    pdm__drop(context, r.tally, room, sizeof *r.tally);
    pdm__drop(context, r.values, room, sizeof *r.values);
    pdm__drop(context, r.hits, (size_t)plan->column_count, sizeof *r.hits);
    pdm__drop(context, r.now, (size_t)plan->column_count, sizeof *r.now);
    return status;
}
