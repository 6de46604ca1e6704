/* Retention counted from sets of periods: only the intervals in which a subject came back are looked at. */
#include "metrics/retention_internal.h"

typedef struct sets {
    const pdm__retention_work *work;
    const pdm__keymap *map;
    size_t partition;
    int64_t *counts;
    pdm__cell_log *log;
    pdm__parts parts;
    uint64_t *brackets; /* those that the entry at hand came back in, bit by bit */
} sets;

static inline uint64_t set_of(const sets *s, size_t part, int32_t word) {
    return (uint64_t)pdm__keymap_words(s->map, s->parts.items[part].id)[word];
}

static inline pdm_status count_in(const sets *s, size_t cell, uint32_t unit) {
    s->counts[cell * RET_WORDS + RET_RETAINED]++;
    return s->log->wanted ? pdm__cell_log_add(s->log, cell, s->partition, unit) : PDM_OK;
}

/* Those periods of the part that lie 0 … last intervals after `entry`. */
static inline uint64_t returns_after(const sets *s, size_t part, int64_t entry, int64_t last) {
    uint64_t bits = set_of(s, part, RET_PART_RETURNS);
    int64_t base = s->parts.items[part].period - entry;
    if (base < 0) bits &= UINT64_MAX << -base;
    return base + 63 <= last ? bits : bits & UINT64_MAX >> (base + 63 - last);
}

static inline size_t bracket_words(const pdm__retention_plan *plan) { return (size_t)plan->column_count / 64 + 1; }

static void note_brackets(const sets *s, int64_t k) {
    const pdm__retention_plan *plan = s->work->plan;
    for (int32_t c = 1; c < plan->column_count; c++) {
        if (k >= plan->columns[c].first && k <= plan->columns[c].last) s->brackets[c / 64] |= UINT64_C(1) << (c % 64);
    }
}

static pdm_status count_brackets(const sets *s, size_t cell, uint32_t unit) {
    for (size_t w = 0; w < bracket_words(s->work->plan); w++) {
        for (uint64_t left = s->brackets[w]; left != 0; left &= left - 1)
            PDM__TRY(count_in(s, cell + 64 * w + (size_t)__builtin_ctzll(left), unit));
        s->brackets[w] = 0;
    }
    return PDM_OK;
}

/* The subject, whose parts end at `end`, enters the cohort `entry`, a period of part `at`. */
static pdm_status enter(const sets *s, size_t at, size_t end, int64_t entry) {
    const pdm__retention_plan *plan = s->work->plan;
    const pdm__part *first = &s->parts.items[at];
    int32_t mode = plan->options->mode;
    int64_t latest = 0;
    if (entry < s->work->range.first || entry > s->work->range.last) return PDM_OK;
    size_t cell = pdm__retention_cell(s->work, (size_t)first->group, entry);
    PDM__TRY(count_in(s, cell, first->unit));
    for (size_t i = at; i < end && s->parts.items[i].period - entry <= plan->last_interval; i++) {
        int64_t base = s->parts.items[i].period - entry;
        for (uint64_t left = returns_after(s, i, entry, plan->last_interval); left != 0; left &= left - 1) {
            int64_t k = base + __builtin_ctzll(left);
            latest = k;
            if (mode == PDM_RETENTION_BRACKETS) note_brackets(s, k);
            if (mode == PDM_RETENTION_N_DAY && k > 0) PDM__TRY(count_in(s, cell + (size_t)k, first->unit));
        }
    }
    if (mode == PDM_RETENTION_BRACKETS) return count_brackets(s, cell, first->unit);
    if (mode != PDM_RETENTION_ON_OR_AFTER) return PDM_OK;
    for (int64_t k = 1; k <= latest; k++) PDM__TRY(count_in(s, cell + (size_t)k, first->unit));
    return PDM_OK;
}

/* Parts [at, end): one subject. */
static pdm_status count_subject(const sets *s, size_t at, size_t end) {
    bool once = s->work->plan->options->cohort_entry != PDM_RETENTION_RECURRING;
    for (size_t i = at; i < end; i++) {
        for (uint64_t left = set_of(s, i, RET_PART_START); left != 0; left &= left - 1) {
            PDM__TRY(enter(s, i, end, s->parts.items[i].period + __builtin_ctzll(left)));
            if (once) return PDM_OK;
        }
    }
    return PDM_OK;
}

static pdm_status count_subjects(sets *s) {
    const pdm__retention_plan *plan = s->work->plan;
    PDM__TRY(pdm__parts_order(&plan->layout, s->work->view->store, s->partition, &s->work->groups, &s->parts, NULL));
    for (size_t at = 0; at < s->parts.count;) {
        size_t end = pdm__parts_subject_end(&s->parts, at);
        PDM__TRY(count_subject(s, at, end));
        at = end;
    }
    return PDM_OK;
}

pdm_status pdm__retention_count_bits(void *own, size_t partition, int64_t *counts, pdm__cell_log *log) {
    const pdm__retention_work *work = own;
    pdm_context *context = work->run->context;
    sets s = {.work = work,
              .map = &work->view->store->partitions[partition].levels[1],
              .partition = partition,
              .counts = counts,
              .log = log};
    if (s.map->count == 0) return PDM_OK;
    PDM__TRY(pdm__new_zero(context, bracket_words(work->plan), sizeof *s.brackets, &s.brackets, NULL));
    pdm_status status = count_subjects(&s);
    pdm__parts_clear(context, &s.parts);
    pdm__drop(context, s.brackets, bracket_words(work->plan), sizeof *s.brackets);
    return status;
}
