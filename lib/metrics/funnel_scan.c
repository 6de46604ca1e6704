#include "metrics/funnel_internal.h"

/*
 * The chain scan of ClickHouse and StarRocks.
 *
 * Of the chains that stand at a level before an instant only the one with the latest entry matters: whatever another can still do, it
 * can do too. Nor need its steps be known: once the scan is over, the first instant at which the highest level was reached and the
 * entry decide all times, each the earliest possible. So a level costs two words, and an entry of the scan O(1), except in an instant
 * whose rows satisfy several steps each and must not be used twice: there the chains of every level are matched with its rows.
 *
 * Scratch block 4: rows of one instant, as the scan sees them.
 */

/* A chain, by its entry: the first row of its instant. */
typedef struct chain {
    size_t entry;
    int64_t limit;
} chain;

typedef struct scan {
    const pdm__funnel_eval *eval;
    const pdm__funnel_rules *rules;
    const pdm__funnel_row *rows;
    size_t count;
    const pdm__funnel_span *span;
    bool entered;
    bool ended;
    int64_t last_limit; /* of the latest entry */
    size_t begin;       /* the instant that is scanned: its first row, its end, its time */
    size_t end;
    int64_t time;
    uint32_t
        old_levels; /* bit c − 1: a chain has stood at level c since before this instant; the latest is old[c − 1] */
    uint32_t new_levels; /* bit c − 1: a chain came there at this instant */
    chain old[FUNNEL_STEPS];
    chain new[FUNNEL_STEPS];
    size_t part;   /* first row after chains were last forgotten */
    int32_t level; /* the highest reached, when, by which entry, in which part */
    int64_t best_time;
    size_t best_entry;
    size_t best_part;
    size_t best_cut; /* at that instant, later rows did not come to be the last step any more */
} scan;

/* What the chains that stood at level i before an instant (i = 0: those that begin at it) can make of its rows. */
typedef struct weave {
    pdm__funnel_offers offers;
    uint32_t reached[FUNNEL_STEPS];              /* [i]: bit c − 1: level c */
    uint32_t filled[FUNNEL_STEPS][FUNNEL_STEPS]; /* [i]: rows of steps i + 1 … */
} weave;

static uint32_t steps_of(const pdm__funnel_rules *rules, uint32_t mask) {
    return rules->scan_lowest ? mask & (~mask + 1) : mask;
}

static uint32_t bit(int32_t level) { return UINT32_C(1) << (level - 1); }

/* A chain comes to stand at a level. */
static void arrive(scan *s, int32_t level, const chain *c) {
    if ((s->new_levels & bit(level)) == 0 || c->entry > s->new[level - 1].entry) s->new[level - 1] = *c;
    s->new_levels |= bit(level);
    bool further = level > s->level;
    if (!further && !(level == s->level && s->time == s->best_time && c->entry > s->best_entry)) return;
    s->level = level;
    s->best_time = s->time;
    s->best_entry = c->entry;
    s->best_part = s->part;
    s->best_cut = s->end;
    if (level == s->rules->steps) s->ended = true;
}

/* From `row` on, the rows of this instant do nothing more at a level. */
static void cut(scan *s, int32_t level, size_t row) {
    if (level == s->level && s->time == s->best_time && row < s->best_cut) s->best_cut = row;
}

static void forget(scan *s, weave *w) {
    s->old_levels = 0;
    s->new_levels = 0;
    s->part = s->end;
    if (w != NULL) memset(w->reached, 0, sizeof w->reached);
}

static void obey(scan *s, weave *w, int32_t rule, int32_t level, size_t row) {
    if (rule != FUNNEL_SCAN_SKIP) cut(s, level, row);
    if (rule == FUNNEL_SCAN_STOP) s->ended = true;
    if (rule == FUNNEL_SCAN_RESET) forget(s, w);
}

/* Entries that begin chains. They differ in their rows only. */
static void open_chains(scan *s, weave *w) {
    if (s->time < s->span->from || s->time > s->span->to) return;
    if (!pdm__funnel_entry_counts(s->rules, s->eval->as_of, s->time)) return;
    chain c = {s->begin, pdm__funnel_limit(s->rules, s->time)};
    s->entered = true;
    s->last_limit = c.limit;
    arrive(s, 1, &c);
    if (w == NULL) return;
    for (size_t i = s->begin; i < s->end && w->offers.count[0] < FUNNEL_STEPS; i++) {
        if ((s->rows[i].mask & 1) != 0) w->offers.rows[0][w->offers.count[0]++] = (uint32_t)i;
    }
    pdm__funnel_place(&w->offers, 0, 1, w->filled[0]);
    w->reached[0] = 1;
}

/* Continues the chains at level − 1 that do not hold the row, when they may hold others of this instant. */
static void extend_woven(scan *s, weave *w, int32_t level, size_t row) {
    int32_t *offered = &w->offers.count[level - 1];
    if (*offered == FUNNEL_STEPS) return;
    w->offers.rows[level - 1][(*offered)++] = (uint32_t)row;
    for (int32_t i = 0; i < level; i++) {
        bool there = (w->reached[i] & bit(level)) != 0;
        bool before = i == level - 1 ? (s->old_levels & bit(i)) != 0 : (w->reached[i] & bit(level - 1)) != 0;
        if (there || !before || (i > 0 && s->old[i - 1].limit < s->time)) continue;
        if (!pdm__funnel_place(&w->offers, i, level, w->filled[i])) continue;
        w->reached[i] |= bit(level);
        arrive(s, level, i == 0 ? &s->new[0] : &s->old[i - 1]);
    }
}

/* The same when a chain of this instant may always be continued, or never. */
static void extend(scan *s, bool also_new, int32_t level) {
    const chain *best = NULL;
    if ((s->old_levels & bit(level - 1)) != 0 && s->old[level - 2].limit >= s->time) best = &s->old[level - 2];
    if (also_new && (s->new_levels & bit(level - 1)) != 0) {
        if (best == NULL || s->new[level - 2].entry > best->entry) best = &s->new[level - 2];
    }
    if (best != NULL) arrive(s, level, best);
}

static void take_entry(scan *s, weave *w, bool also_new, int32_t level, size_t row) {
    uint32_t stands = s->old_levels | s->new_levels;
    if ((stands & bit(level)) != 0 && s->rules->scan_repeat != FUNNEL_SCAN_IGNORE) {
        obey(s, w, s->rules->scan_repeat, level, row);
    } else if (s->entered && (stands & bit(level - 1)) == 0 && s->rules->scan_leap != FUNNEL_SCAN_IGNORE) {
        obey(s, w, s->rules->scan_leap, level, row);
    } else if (w != NULL) {
        extend_woven(s, w, level, row);
    } else {
        extend(s, also_new, level);
    }
    if (level == s->rules->steps && s->ended) cut(s, level, row + 1);
}

/* All entries of an instant, steps ascending. */
static void take_entries(scan *s, weave *w, bool also_new, uint32_t steps) {
    if ((steps & 1) != 0) open_chains(s, w);
    for (steps &= ~UINT32_C(1); steps != 0 && !s->ended; steps &= steps - 1) {
        int32_t level = __builtin_ctz(steps) + 1;
        for (size_t i = s->begin; i < s->end && !s->ended; i++) {
            if ((steps_of(s->rules, s->rows[i].mask) & bit(level)) != 0) take_entry(s, w, also_new, level, i);
        }
    }
}

static void take_woven(scan *s, uint32_t steps) {
    weave w;
    memset(w.reached, 0, sizeof w.reached);
    memset(w.offers.count, 0, sizeof w.offers.count);
    take_entries(s, &w, false, steps);
}

static void take_instant(scan *s) {
    const pdm__funnel_rules *rules = s->rules;
    bool foreign = false;
    bool several = false; /* a row satisfies more than one step */
    uint32_t all = 0;
    for (size_t i = s->begin; i < s->end; i++) {
        uint32_t steps = steps_of(rules, s->rows[i].mask);
        foreign = foreign || steps == 0;
        several = several || (steps & (steps - 1)) != 0;
        all |= steps;
    }
    if (foreign && s->entered && rules->scan_foreign == FUNNEL_SCAN_STOP) {
        s->ended = true;
        return;
    }
    s->new_levels = 0;
    bool increasing = rules->strict_increase != PDM_FUNNEL_INCREASE_OFF;
    if (!increasing && !rules->event_reuse && several && s->end - s->begin > 1) {
        take_woven(s, all);
    } else {
        take_entries(s, NULL, !increasing && (rules->event_reuse || !several), all);
    }
    /* A chain is never later than those at the levels below it, so what comes to a level is not older than what stands there. */
    for (uint32_t levels = s->new_levels; levels != 0; levels &= levels - 1) {
        int32_t c = __builtin_ctz(levels);
        s->old[c] = s->new[c];
    }
    s->old_levels |= s->new_levels;
}

/* The earliest entry whose chains can have reached the highest level when it was first reached. */
static size_t earliest_entry(const scan *s) {
    for (size_t i = s->best_part; i < s->best_entry; i++) {
        int64_t time = s->rows[i].time;
        if ((s->rows[i].mask & 1) == 0 || time < s->span->from || time > s->span->to) continue;
        if (!pdm__funnel_entry_counts(s->rules, s->eval->as_of, time)) continue;
        if (pdm__funnel_limit(s->rules, time) >= s->best_time) return pdm__funnel_row_at(s->rows, i, time);
    }
    return s->best_entry;
}

/* The rows of the instant that begins with row `begin`, as the scan used them. */
static pdm_status used_rows(const scan *s, size_t begin, size_t count, const pdm__funnel_row **out, pdm_error *err) {
    bool is_cut = s->rows[begin].time == s->best_time && s->best_cut < begin + count;
    pdm__funnel_row *copy = NULL;
    *out = s->rows + begin;
    if (!s->rules->scan_lowest && !is_cut) return PDM_OK;
    PDM__TRY(pdm__funnel_scratch_need(s->eval->scratch, 4, count * sizeof *copy, &copy, err));
    for (size_t i = 0; i < count; i++) {
        copy[i] = s->rows[begin + i];
        copy[i].mask = steps_of(s->rules, copy[i].mask);
        if (is_cut && begin + i >= s->best_cut) copy[i].mask &= ~bit(s->level);
    }
    *out = copy;
    return PDM_OK;
}

/* Goes from the entry as far as possible at every instant: the earliest times there are. */
static pdm_status report(const scan *s, pdm__funnel_attempt *out, pdm_error *err) {
    bool latest = s->rules->attempt_tie != PDM_FUNNEL_TIE_FIRST_ENTERED;
    size_t begin = latest ? s->best_entry : earliest_entry(s);
    out->filled = UINT32_MAX >> (FUNNEL_STEPS - s->level);
    out->limit = pdm__funnel_limit(s->rules, s->rows[begin].time);
    for (size_t end = begin; out->level < s->level; begin = end) {
        const pdm__funnel_row *rows = NULL;
        pdm__funnel_fill fill;
        end = pdm__funnel_instant_end(s->rows, s->count, begin);
        PDM__TRY(used_rows(s, begin, end - begin, &rows, err));
        pdm__funnel_reach_to(s->rules, rows, end - begin, out->level, s->level, &fill);
        for (; out->level < fill.level; out->level++) {
            out->times[out->level] = s->rows[begin].time;
            out->rows[out->level] = (uint32_t)begin + fill.rows[out->level];
        }
    }
    return PDM_OK;
}

pdm_status pdm__funnel_scan_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                 const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err) {
    scan s = {.eval = eval, .rules = eval->rules, .rows = rows, .count = count, .span = span, .last_limit = INT64_MIN};
    out->level = 0;
    out->filled = 0;
    /* Nothing can happen before the first entry. */
    s.begin = pdm__funnel_row_at(rows, count, span->from);
    s.part = s.begin;
    for (; s.begin < count && !s.ended; s.begin = s.end) {
        s.time = rows[s.begin].time;
        if (s.time > span->to && s.time > s.last_limit) break;
        s.end = pdm__funnel_instant_end(rows, count, s.begin);
        take_instant(&s);
    }
    return s.level > 0 ? report(&s, out, err) : PDM_OK;
}
