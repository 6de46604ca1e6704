/*
 * A unit of which the rows are all there is to know: put in order, evaluated, its attempts logged. The usual funnel is evaluated by a
 * loop of its own, everything else as ever; the attempts are the same.
 */
#include "metrics/funnel_subjects.h"

/* ---- canonical order ---- */

static inline bool before(const pdm__funnel_row *a, const pdm__funnel_row *b) {
    if (a->time != b->time) return a->time < b->time;
    return a->mask != b->mask ? a->mask < b->mask : a->exclude < b->exclude;
}

static void insertion_sort(pdm__funnel_row *rows, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (!before(&rows[i], &rows[i - 1])) continue;
        pdm__funnel_row mine = rows[i];
        size_t at = i;
        for (; at > 0 && before(&mine, &rows[at - 1]); at--) rows[at] = rows[at - 1];
        rows[at] = mine;
    }
}

/* Merge sort that leaves alone what is in order. */
static void sort_rows(pdm__funnel_row *rows, pdm__funnel_row *spare, size_t count) {
    if (count <= 48) {
        insertion_sort(rows, count);
        return;
    }
    size_t middle = count / 2;
    sort_rows(rows, spare, middle);
    sort_rows(rows + middle, spare, count - middle);
    if (!before(&rows[middle], &rows[middle - 1])) return;
    size_t a = middle;
    while (a > 0 && before(&rows[middle], &rows[a - 1])) a--; /* what comes before stays */
    size_t left = middle - a;
    memcpy(spare, rows + a, left * sizeof *rows);
    size_t i = 0;
    size_t to = a;
    for (size_t b = middle; i < left;) rows[to++] = b < count && before(&rows[b], &spare[i]) ? rows[b++] : spare[i++];
}

/* ---- the usual funnel ---- */

/*
 * Ordered, elapsed window, every row satisfies one step: one pass without a branch. Among chains of a level the one with the latest
 * entry is all that matters for what comes: entry[l] is its entry, as time since the first row. Among attempts of the furthest level
 * the first to get there is reported (done[l]), of those the latest entry (from[l]).
 */
#define NEVER INT64_MAX
#define NO_ENTRY INT64_MIN /* further than any window from times below 2^62 */
#define FAR (UINT64_C(1) << 62)

static int64_t climb(uint64_t window, int32_t steps, const pdm__funnel_row *rows, size_t count, pdm__funnel_ladder *l) {
    uint64_t origin = (uint64_t)rows[0].time;
    int64_t entries = 0;
    for (int32_t j = 0; j <= steps; j++) {
        l->entry[j] = NO_ENTRY;
        l->done[j] = NEVER;
    }
    for (size_t i = 0; i < count; i++) {
        int32_t step = __builtin_ctz(rows[i].mask);
        entries += rows[i].mask & 1;
        int64_t time = (int64_t)((uint64_t)rows[i].time - origin);
        l->entry[0] = time; /* step 1 follows itself */
        int64_t entry = l->entry[step];
        bool fits = (uint64_t)time - (uint64_t)entry <= window;
        bool first = fits & (time <= l->done[step + 1]);
        l->entry[step + 1] = fits ? entry : l->entry[step + 1];
        l->from[step + 1] = first ? entry : l->from[step + 1];
        l->done[step + 1] = first ? time : l->done[step + 1];
    }
    return entries;
}

/* The reported attempt: its entry and its level are known, each step is the first after the one before. */
static void chain_best(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count, pdm__funnel_ladder *l,
                       pdm__funnel_attempt *best, int64_t *entries) {
    size_t i = 0;
    *entries += climb((uint64_t)rules->window, rules->steps, rows, count, l);
    best->level = rules->steps;
    while (best->level > 0 && l->done[best->level] == NEVER) best->level--;
    if (best->level == 0) return;
    int64_t origin = rows[0].time;
    int64_t entry = l->from[best->level] + origin;
    best->latest = l->entry[1] + origin;
    while (rows[i].time != entry || (rows[i].mask & 1) == 0) i++;
    for (int32_t j = 0; j < best->level; i++) {
        best->times[j] = rows[i].time;
        j += (int32_t)(rows[i].mask >> j & 1);
    }
}

/* Whether the loop above is all that the rules ask for. */
bool pdm__funnel_is_usual(const pdm__funnel_plan *plan) {
    const pdm__funnel_rules *rules = &plan->rules;
    return !rules->scan && rules->order == PDM_FUNNEL_ORDER_ORDERED && rules->entry == PDM_FUNNEL_ENTRY_BEST &&
           rules->attempt_tie == PDM_FUNNEL_TIE_FIRST_COMPLETED && !rules->event_reuse && !rules->row_order &&
           !rules->collapse_ties && rules->grace == 0 && rules->strict_increase == PDM_FUNNEL_INCREASE_OFF &&
           !rules->deduplication && rules->exclusion_count == 0 && !rules->has_step_windows && rules->optional == 0 &&
           !rules->calendar_days && rules->count == PDM_FUNNEL_COUNT_UNIQUES && !rules->has_entry_from &&
           !rules->has_entry_to && !rules->mature_only && plan->options->trend_period == PDM_FUNNEL_TREND_NONE;
}

/* Each row satisfies one step, and times are not so far apart that differences overflow. */
static bool is_simple(const pdm__funnel_plan *plan, const pdm__funnel_row *rows, size_t count) {
    uint32_t several = 0;
    for (size_t i = 0; i < count && !plan->one_each; i++) several |= rows[i].mask & (rows[i].mask - 1);
    return several == 0 && (uint64_t)rows[count - 1].time - (uint64_t)rows[0].time < FAR;
}

static pdm_status put_usual(pdm__funnel_worker *w, uint32_t unit, const pdm__funnel_attempt *best, pdm_error *err) {
    const pdm__funnel_work *work = w->work;
    if (best->level == 0) return PDM_OK;
    pdm__funnel_seen seen = {.level = best->level,
                             .filled = UINT32_MAX >> (32 - best->level),
                             .group = -1,
                             .unit = unit,
                             .facet = -1,
                             .number = 1,
                             .limit = pdm__funnel_limit(&work->plan->rules, best->latest),
                             .times = best->times};
    w->tallies->sums.entered += 1;
    w->tallies->sums.attempts += 1;
    return pdm__funnel_log_put(work->context, w->log, &seen, err);
}

pdm_status pdm__funnel_plain_unit(pdm__funnel_worker *w, pdm__funnel_row *rows, size_t count, pdm__funnel_row *spare,
                                  pdm__funnel_ladder *ladder, uint32_t unit, pdm_error *err) {
    pdm__funnel_totals_sums *sums = &w->tallies->sums;
    bool stands = false;
    bool any = false;
    if (count == 0) return PDM_OK;
    sort_rows(rows, spare, count);
    if (ladder != NULL && is_simple(w->work->plan, rows, count)) {
        pdm__funnel_attempt best;
        chain_best(&w->work->plan->rules, rows, count, ladder, &best, &sums->entries);
        sums->units += 1;
        return put_usual(w, unit, &best, err);
    }
    pdm__funnel_run run = {.rows = rows, .count = count};
    for (size_t i = 0; i < count && !any; i++) any = rows[i].mask != 0;
    PDM__TRY(pdm__funnel_part(w, &run, 1, unit, -1, -1, &stands, err));
    sums->units += any;
    sums->entered += stands;
    return PDM_OK;
}
