/*
 * The walk (docs/metrics/funnel.md, "How attempts are made"): every tie group with a step-1 row opens an attempt, and every later group
 * brings each attempt on, leaves it, or ends it.
 *
 * Attempts are chains in the order of their entries. What a group does to a chain depends on the chain's level alone, and an older chain
 * is never at a lower level than a younger one, so the live chains of a level are one interval and move together: a group costs O(steps)
 * however many chains there are. Where the intervals passed a step is noted in segments; from them the step times of any chain can be
 * read afterwards. O(rows · steps) in all.
 *
 * Scratch: 0 chains, 1 segments, 2 a group without repeats, 3 its row numbers, 9 a group with the rows that may open.
 */
#include "metrics/funnel_walk.h"

enum { CHAIN_LIVE = 0, CHAIN_DONE = 1, CHAIN_EXCLUDED = 2, CHAIN_WIPED = 3 };

/* ---- tie groups ---- */

typedef struct group {
    const pdm__funnel_row *rows;
    const uint32_t *numbers; /* of the rows in the subject; NULL = first + i */
    size_t first;            /* in the subject */
    size_t count;
    size_t next;   /* where the next group begins */
    uint32_t mask; /* of all rows together */
    uint32_t exclude;
} group;

static uint32_t row_number(const group *g, uint32_t i) {
    return g->numbers != NULL ? g->numbers[i] : (uint32_t)(g->first + i);
}

/* Equal steps count once: leaves the first of each, and hands on what any of them excludes. */
static pdm_status collapse(const pdm__funnel_eval *eval, group *g, pdm_error *err) {
    pdm__funnel_row *rows = NULL;
    uint32_t *numbers = NULL;
    PDM__TRY(pdm__funnel_scratch_need(eval->scratch, 2, g->count * sizeof *rows, &rows, err));
    PDM__TRY(pdm__funnel_scratch_need(eval->scratch, 3, g->count * sizeof *numbers, &numbers, err));
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        size_t same = 0;
        while (same < n && rows[same].mask != g->rows[i].mask) same++;
        if (same < n) {
            rows[same].exclude |= g->rows[i].exclude;
            continue;
        }
        numbers[n] = (uint32_t)(g->first + i);
        rows[n++] = g->rows[i];
    }
    g->rows = rows;
    g->numbers = numbers;
    g->count = n;
    return PDM_OK;
}

static pdm_status next_group(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count, size_t first,
                             group *g, pdm_error *err) {
    const pdm__funnel_rules *rules = eval->rules;
    size_t end = pdm__funnel_group_end(rules, rows, count, first);
    *g = (group){.rows = rows + first, .first = first, .count = end - first, .next = end};
    for (size_t i = first; i < end; i++) {
        g->mask |= rows[i].mask;
        g->exclude |= rows[i].exclude;
    }
    return rules->collapse_ties && g->count > 1 ? collapse(eval, g, err) : PDM_OK;
}

/* The first `count` rows of a group. */
static group prefix_of(const group *g, size_t count) {
    group part = *g;
    part.count = count;
    part.mask = 0;
    part.exclude = 0;
    for (size_t i = 0; i < count; i++) {
        part.mask |= g->rows[i].mask;
        part.exclude |= g->rows[i].exclude;
    }
    return part;
}

/* ---- what a group does to an attempt at a level ---- */

enum { IGNORED, ADVANCED, EXCLUDED, STOPPED };

static bool all_repeat(const group *g, int32_t level) {
    for (size_t i = 0; i < g->count; i++) {
        if ((g->rows[i].mask >> (level - 1) & 1) == 0) return false;
    }
    return true;
}

static bool stops(const pdm__funnel_rules *rules, const group *g, int32_t level) {
    if (rules->strict_increase == PDM_FUNNEL_INCREASE_BREAK && (g->mask >> level & 1) != 0) return true;
    if (rules->deduplication && (g->mask & (UINT32_MAX >> (32 - level))) != 0) return true;
    if (rules->order == PDM_FUNNEL_ORDER_STRICT) return !(rules->strict_repeat && all_repeat(g, level));
    return rules->order == PDM_FUNNEL_ORDER_FIXED && g->mask != 0;
}

/* may_advance: false where the group's time is not later than the last step's, under strict_increase. */
static int32_t decide(const pdm__funnel_rules *rules, const group *g, int32_t level, bool may_advance,
                      pdm__funnel_fill *fill, int32_t *effect) {
    fill->level = level;
    if (may_advance && (g->mask >> level & 1) != 0) {
        pdm__funnel_reach(rules, g->rows, g->count, level, fill);
        if (rules->strict_increase != PDM_FUNNEL_INCREASE_OFF && fill->level > level + 1) fill->level = level + 1;
        if (fill->level > level) return ADVANCED;
    }
    for (int32_t e = 0; g->exclude != 0 && e < rules->exclusion_count; e++) {
        const pdm__funnel_exclusion *x = &rules->exclusions[e];
        if ((g->exclude >> e & 1) == 0 || level < x->from || level >= x->to) continue;
        *effect = x->effect;
        return EXCLUDED;
    }
    return stops(rules, g, level) ? STOPPED : IGNORED;
}

/* Which rows may open an attempt: those in the span that the rules let in; `only` = this one (number in the group), −1 = any. */
typedef struct door {
    const pdm__funnel_eval *eval;
    pdm__funnel_span span;
    int64_t only;
} door;

static bool enters(const door *d, const group *g, size_t i) {
    int64_t time = g->rows[i].time;
    if ((g->rows[i].mask & 1) == 0 || (d->only >= 0 && (size_t)d->only != i)) return false;
    return time >= d->span.from && time <= d->span.to && pdm__funnel_entry_counts(d->eval->rules, d->eval->as_of, time);
}

/* reach(g, 0) with step 1 filled by a row that may; 0 = none. */
static pdm_status begin(const door *d, const group *g, pdm__funnel_fill *fill, pdm_error *err) {
    size_t open = 0;
    fill->level = 0;
    if ((g->mask & 1) == 0) return PDM_OK;
    for (size_t i = 0; i < g->count; i++) open += enters(d, g, i);
    if (open == 0) return PDM_OK;
    const pdm__funnel_row *rows = g->rows;
    if (g->count > 1) { /* the others serve later steps only */
        pdm__funnel_row *copy = NULL;
        PDM__TRY(pdm__funnel_scratch_need(d->eval->scratch, 9, g->count * sizeof *copy, &copy, err));
        memcpy(copy, g->rows, g->count * sizeof *copy);
        for (size_t i = 0; i < g->count; i++) copy[i].mask &= enters(d, g, i) ? UINT32_MAX : ~UINT32_C(1);
        rows = copy;
    }
    pdm__funnel_reach(d->eval->rules, rows, g->count, 0, fill);
    if (d->eval->rules->strict_increase != PDM_FUNNEL_INCREASE_OFF && fill->level > 1) fill->level = 1;
    return PDM_OK;
}

/* ---- chains ---- */

static pdm_status need_chain(pdm__funnel_walk *walk, pdm_error *err) {
    if (walk->chain_count < walk->chain_capacity) return PDM_OK;
    size_t capacity = walk->chain_capacity == 0 ? 64 : walk->chain_capacity * 2;
    PDM__TRY(pdm__funnel_scratch_need(walk->eval->scratch, 0, capacity * sizeof *walk->chains, &walk->chains, err));
    walk->chain_capacity = capacity;
    return PDM_OK;
}

static pdm_status need_segments(pdm__funnel_walk *walk, size_t more, pdm_error *err) {
    if (walk->segment_count + more <= walk->segment_capacity) return PDM_OK;
    size_t capacity = (walk->segment_capacity == 0 ? 128 : walk->segment_capacity * 2) + more;
    PDM__TRY(pdm__funnel_scratch_need(walk->eval->scratch, 1, capacity * sizeof *walk->segments, &walk->segments, err));
    walk->segment_capacity = capacity;
    return PDM_OK;
}

/* Chains from `first` on pass the steps after `from` with a group. */
static void note_steps(pdm__funnel_walk *walk, const group *g, const pdm__funnel_fill *fill, int32_t from,
                       uint32_t first) {
    for (int32_t j = from + 1; j <= fill->level; j++) {
        uint32_t row = fill->rows[j - 1];
        walk->segments[walk->segment_count] = (pdm__funnel_segment){
            .first = first, .beside = walk->ends[j], .time = g->rows[row].time, .row = row_number(g, row)};
        walk->ends[j] = (uint32_t)walk->segment_count++;
    }
}

static void finish_at(pdm__funnel_walk *walk, uint32_t first, uint32_t end, int32_t level, int32_t state,
                      uint32_t row) {
    for (uint32_t i = first; i < end; i++) {
        pdm__funnel_chain *chain = &walk->chains[i];
        if (chain->state != CHAIN_LIVE) continue;
        chain->state = (int8_t)state;
        chain->level = (int8_t)level;
        chain->end = row;
    }
}

static void finish(pdm__funnel_walk *walk, uint32_t first, uint32_t end, int32_t level) {
    finish_at(walk, first, end, level, CHAIN_DONE, UINT32_MAX);
}

static void join(pdm__funnel_walk *walk, int32_t level, uint32_t first, uint32_t end) {
    if ((walk->live >> level & 1) == 0) walk->start[level] = first;
    walk->live |= UINT64_C(1) << level;
    walk->end[level] = end;
}

static void exclude(pdm__funnel_walk *walk, const group *g, uint32_t first, uint32_t end, int32_t level,
                    int32_t effect) {
    for (uint32_t i = first; effect == FUNNEL_DROP_UNIT && i < end; i++) {
        pdm__funnel_chain *chain = &walk->chains[i];
        if (chain->state != CHAIN_LIVE) continue;
        chain->standing = (int8_t)level;
        chain->next = (walk->waiting >> level & 1) != 0 ? walk->waits[level] : FUNNEL_NO_CHAIN;
        walk->waits[level] = i;
        walk->waiting |= UINT64_C(1) << level;
    }
    int32_t state = effect == FUNNEL_DROP_UNIT       ? CHAIN_EXCLUDED
                    : effect == FUNNEL_WIPE_PROGRESS ? CHAIN_WIPED
                                                     : CHAIN_DONE;
    finish_at(walk, first, end, level, state, (uint32_t)g->first);
}

/* Chains [first, end) of a level meet a group; `over`: it is the last one they can see. */
static void meet(pdm__funnel_walk *walk, const group *g, int32_t level, uint32_t first, uint32_t end, bool may_advance,
                 bool over) {
    pdm__funnel_fill fill;
    int32_t effect = 0;
    switch (decide(walk->eval->rules, g, level, may_advance, &fill, &effect)) {
    case ADVANCED:
        note_steps(walk, g, &fill, level, first);
        if (fill.level == walk->eval->rules->steps || over) {
            finish(walk, first, end, fill.level);
        } else {
            join(walk, fill.level, first, end);
        }
        return;
    case EXCLUDED: exclude(walk, g, first, end, level, effect); return;
    case STOPPED: finish_at(walk, first, end, level, CHAIN_DONE, (uint32_t)g->first); return;
    default: break;
    }
    if (over) {
        finish(walk, first, end, level);
    } else {
        join(walk, level, first, end);
    }
}

/* Under strict_increase the chains that took their last step at this very instant stay behind: they are the youngest. */
static uint32_t first_at(const pdm__funnel_walk *walk, int32_t level, int64_t time, uint32_t first, uint32_t end) {
    if (level > 1) {
        uint32_t at = end;
        for (uint32_t s = walk->ends[level]; s != FUNNEL_NO_SEGMENT && walk->segments[s].time == time;
             s = walk->segments[s].beside)
            at = walk->segments[s].first;
        return at < first ? first : at > end ? end : at;
    }
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (walk->chains[middle].entry < time) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

static void meet_level(pdm__funnel_walk *walk, const group *g, int32_t level) {
    uint32_t first = walk->start[level];
    uint32_t end = walk->end[level];
    int64_t last = g->rows[g->count - 1].time;
    walk->live &= ~(UINT64_C(1) << level);
    if (walk->eval->rules->strict_increase != PDM_FUNNEL_INCREASE_OFF) {
        uint32_t split = first_at(walk, level, last, first, end);
        if (first < split) meet(walk, g, level, first, split, true, false);
        if (split < end) meet(walk, g, level, split, end, false, false);
        return;
    }
    /* With grace the window of old chains may end inside the group. */
    while (first < end && walk->chains[first].limit < last) {
        size_t allowed = 0;
        while (g->rows[allowed].time <= walk->chains[first].limit) allowed++;
        uint32_t same = first;
        while (same < end && walk->chains[same].limit < g->rows[allowed].time) same++;
        group part = prefix_of(g, allowed);
        meet(walk, &part, level, first, same, true, true);
        first = same;
    }
    if (first < end) meet(walk, g, level, first, end, true, false);
}

/* Chains whose window ended before `time`: the oldest, at the highest levels. */
static void expire(pdm__funnel_walk *walk, int64_t time) {
    while (walk->live != 0) {
        int32_t level = 63 - __builtin_clzll(walk->live);
        uint32_t first = walk->start[level];
        while (first < walk->end[level] &&
               (walk->chains[first].state != CHAIN_LIVE || walk->chains[first].limit < time)) {
            finish(walk, first, first + 1, level);
            first++;
        }
        walk->start[level] = first;
        if (first < walk->end[level]) return;
        walk->live &= ~(UINT64_C(1) << level);
    }
}

/* An excluded chain of an ordered funnel stands one level higher if its next step follows in time: at the first such group. */
static void promote(pdm__funnel_walk *walk, const group *g) {
    for (uint64_t levels = walk->waiting; levels != 0; levels &= levels - 1) {
        int32_t level = __builtin_ctzll(levels);
        size_t i = 0;
        if ((g->mask >> level & 1) == 0) continue;
        while ((g->rows[i].mask >> level & 1) == 0) i++;
        for (uint32_t at = walk->waits[level]; at != FUNNEL_NO_CHAIN; at = walk->chains[at].next) {
            if (g->rows[i].time <= walk->chains[at].limit) walk->chains[at].standing = (int8_t)(level + 1);
        }
        walk->waiting &= ~(UINT64_C(1) << level);
    }
}

static bool all_entries(const pdm__funnel_walk *walk) {
    return walk->every || walk->eval->rules->entry == PDM_FUNNEL_ENTRY_BEST;
}

static pdm_status open_chain(pdm__funnel_walk *walk, const group *g, pdm_error *err) {
    const pdm__funnel_rules *rules = walk->eval->rules;
    pdm__funnel_fill fill;
    door d = {walk->eval, walk->span, -1};
    if (!all_entries(walk) && rules->entry == PDM_FUNNEL_ENTRY_FIRST && walk->chain_count > 0) return PDM_OK;
    if (g->next <= walk->last_entry) return PDM_OK;
    PDM__TRY(begin(&d, g, &fill, err));
    if (fill.level == 0) return PDM_OK;
    PDM__TRY(need_chain(walk, err));
    uint32_t chain = (uint32_t)walk->chain_count++;
    int64_t entry = g->rows[fill.rows[0]].time;
    walk->chains[chain] = (pdm__funnel_chain){
        .entry = entry, .limit = pdm__funnel_limit(rules, entry), .row = row_number(g, fill.rows[0])};
    note_steps(walk, g, &fill, 1, chain);
    if (fill.level == rules->steps) {
        finish(walk, chain, chain + 1, fill.level);
    } else {
        join(walk, fill.level, chain, chain + 1);
    }
    return PDM_OK;
}

static pdm_status walk_group(pdm__funnel_walk *walk, const group *g, pdm_error *err) {
    PDM__TRY(
        need_segments(walk, (size_t)walk->eval->rules->steps * (g->count + 1) + 2 * FUNNEL_STEPS * FUNNEL_STEPS, err));
    expire(walk, g->rows[0].time);
    if (walk->waiting != 0 && walk->eval->rules->order == PDM_FUNNEL_ORDER_ORDERED) promote(walk, g);
    for (uint64_t levels = walk->live; levels != 0;) {
        int32_t level = 63 - __builtin_clzll(levels);
        levels &= ~(UINT64_C(1) << level);
        meet_level(walk, g, level);
    }
    return open_chain(walk, g, err);
}

/* Where the last group that may open an attempt begins. */
static pdm_status find_last_entry(pdm__funnel_walk *walk, const pdm__funnel_row *rows, size_t count, pdm_error *err) {
    group g;
    door d = {walk->eval, walk->span, -1};
    walk->last_entry = count;
    for (size_t at = 0; at < count; at = g.next) {
        pdm__funnel_fill fill;
        PDM__TRY(next_group(walk->eval, rows, count, at, &g, err));
        PDM__TRY(begin(&d, &g, &fill, err));
        if (fill.level > 0) walk->last_entry = at;
    }
    return PDM_OK;
}

/* Turns the segments' lists round: from here on they are read from the oldest. */
static void turn(pdm__funnel_walk *walk) {
    for (int32_t j = 0; j <= FUNNEL_STEPS; j++) {
        uint32_t after = FUNNEL_NO_SEGMENT;
        for (uint32_t at = walk->ends[j]; at != FUNNEL_NO_SEGMENT;) {
            uint32_t before = walk->segments[at].beside;
            walk->segments[at].beside = after;
            after = at;
            at = before;
        }
        walk->ends[j] = after;
    }
}

/* Times of the last steps of all chains, youngest first. */
static void settle(pdm__funnel_walk *walk) {
    uint32_t cursor[FUNNEL_STEPS + 1];
    memcpy(cursor, walk->ends, sizeof cursor);
    for (size_t i = walk->chain_count; i-- > 0;) {
        pdm__funnel_chain *chain = &walk->chains[i];
        chain->last = chain->entry;
        if (chain->level < 2) continue;
        uint32_t *at = &cursor[chain->level];
        while (walk->segments[*at].first > i) *at = walk->segments[*at].beside;
        chain->last = walk->segments[*at].time;
    }
    turn(walk);
}

pdm_status pdm__funnel_walk_run(pdm__funnel_walk *walk, const pdm__funnel_eval *eval, const pdm__funnel_row *rows,
                                size_t count, const pdm__funnel_span *span, bool every, pdm_error *err) {
    memset(walk, 0, sizeof *walk);
    walk->every = every;
    walk->eval = eval;
    walk->span = *span;
    for (int32_t j = 0; j <= FUNNEL_STEPS; j++) walk->ends[j] = FUNNEL_NO_SEGMENT;
    if (!all_entries(walk) && eval->rules->entry == PDM_FUNNEL_ENTRY_LAST)
        PDM__TRY(find_last_entry(walk, rows, count, err));
    group g;
    for (size_t at = 0; at < count; at = g.next) {
        PDM__TRY(next_group(eval, rows, count, at, &g, err));
        PDM__TRY(walk_group(walk, &g, err));
    }
    while (walk->live != 0) {
        int32_t level = __builtin_ctzll(walk->live);
        finish(walk, walk->start[level], walk->end[level], level);
        walk->live &= walk->live - 1;
    }
    settle(walk);
    return PDM_OK;
}

void pdm__funnel_walk_read(const pdm__funnel_walk *walk, size_t chain, uint32_t *cursor, pdm__funnel_attempt *out) {
    const pdm__funnel_chain *c = &walk->chains[chain];
    out->level = c->level;
    out->limit = c->limit;
    out->end = c->end;
    out->filled = c->level == 0 ? 0 : UINT32_MAX >> (32 - c->level);
    out->times[0] = c->entry;
    out->rows[0] = c->row;
    for (int32_t j = 2; j <= c->level; j++) {
        uint32_t next = walk->segments[cursor[j]].beside;
        while (next != FUNNEL_NO_SEGMENT && walk->segments[next].first <= chain) {
            cursor[j] = next;
            next = walk->segments[next].beside;
        }
        out->times[j - 1] = walk->segments[cursor[j]].time;
        out->rows[j - 1] = walk->segments[cursor[j]].row;
    }
}

bool pdm__funnel_better(const pdm__funnel_rules *rules, const pdm__funnel_attempt *a, const pdm__funnel_attempt *b) {
    if (a->level != b->level) return a->level > b->level;
    int32_t last_a = 31 - __builtin_clz(a->filled);
    int32_t last_b = 31 - __builtin_clz(b->filled);
    if (rules->attempt_tie == PDM_FUNNEL_TIE_FIRST_ENTERED && a->times[0] != b->times[0])
        return a->times[0] < b->times[0];
    if (a->times[last_a] != b->times[last_b]) return a->times[last_a] < b->times[last_b];
    if (a->times[0] != b->times[0]) return a->times[0] > b->times[0];
    for (int32_t j = 1; j < last_a; j++) {
        if (a->times[j] != b->times[j]) return a->times[j] < b->times[j];
    }
    return false;
}

/* Whether chain a is reported rather than b. */
static bool better(const pdm__funnel_rules *rules, const pdm__funnel_chain *a, const pdm__funnel_chain *b) {
    if (a->level != b->level) return a->level > b->level;
    if (rules->attempt_tie == PDM_FUNNEL_TIE_FIRST_ENTERED)
        return a->entry != b->entry ? a->entry < b->entry : a->last < b->last;
    return a->last != b->last ? a->last < b->last : a->entry > b->entry;
}

void pdm__funnel_walk_pick(const pdm__funnel_walk *walk, size_t first, size_t end, uint32_t *cursor,
                           pdm__funnel_attempt *out) {
    const pdm__funnel_chain *best = NULL;
    out->level = 0;
    out->filled = 0;
    out->standing = 0;
    out->has_latest = end > first;
    if (end > first) out->latest = walk->chains[end - 1].entry;
    for (size_t i = first; i < end; i++) {
        const pdm__funnel_chain *chain = &walk->chains[i];
        if (chain->state == CHAIN_EXCLUDED && chain->standing > out->standing) out->standing = chain->standing;
        if (chain->state != CHAIN_DONE) continue;
        if (best == NULL || better(walk->eval->rules, chain, best)) best = chain;
    }
    if (best != NULL) pdm__funnel_walk_read(walk, (size_t)(best - walk->chains), cursor, out);
}

pdm_status pdm__funnel_walk_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                 const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err) {
    pdm__funnel_walk walk;
    PDM__TRY(pdm__funnel_walk_run(&walk, eval, rows, count, span, false, err));
    uint32_t cursor[FUNNEL_STEPS + 1];
    memcpy(cursor, walk.ends, sizeof cursor);
    pdm__funnel_walk_pick(&walk, 0, walk.chain_count, cursor, out);
    return PDM_OK;
}

/* ---- totals ---- */

typedef struct single {
    const pdm__funnel_eval *eval;
    const pdm__funnel_row *rows;
    size_t count;
} single;

/* Walks one attempt opened by group g; *next = row where the search for the next one begins. */
static pdm_status walk_one(const single *s, group g, pdm__funnel_attempt *attempt, bool *wiped, size_t *next,
                           pdm_error *err) {
    const pdm__funnel_rules *rules = s->eval->rules;
    bool increasing = rules->strict_increase != PDM_FUNNEL_INCREASE_OFF;
    while (attempt->level < rules->steps) {
        int32_t effect = 0;
        pdm__funnel_fill fill;
        *next = g.next;
        if (g.next == s->count) return PDM_OK;
        PDM__TRY(next_group(s->eval, s->rows, s->count, g.next, &g, err));
        size_t allowed = 0;
        while (allowed < g.count && g.rows[allowed].time <= attempt->limit) allowed++;
        *next = g.first;
        if (allowed == 0) return PDM_OK;
        group part = allowed < g.count ? prefix_of(&g, allowed) : g;
        bool may = !increasing || g.rows[0].time > attempt->times[attempt->level - 1];
        int32_t outcome = decide(rules, &part, attempt->level, may, &fill, &effect);
        attempt->end = outcome == STOPPED || outcome == EXCLUDED ? (uint32_t)g.first : UINT32_MAX;
        if (outcome == STOPPED) return PDM_OK; /* this group may open the next attempt */
        if (outcome == EXCLUDED) {
            if (effect == FUNNEL_DROP_UNIT) attempt->standing = attempt->level;
            *wiped = effect == FUNNEL_WIPE_PROGRESS;
            *next = g.next;
            return PDM_OK;
        }
        for (int32_t j = attempt->level; outcome == ADVANCED && j < fill.level; j++) {
            attempt->times[j] = g.rows[fill.rows[j]].time;
            attempt->rows[j] = row_number(&g, fill.rows[j]);
        }
        if (outcome == ADVANCED) attempt->level = fill.level;
    }
    *next = g.next;
    return PDM_OK;
}

/* The attempt that begins with `fill` of group g. */
static pdm_status walk_from(const single *s, const group *g, const pdm__funnel_fill *fill, pdm__funnel_attempt *attempt,
                            bool *wiped, size_t *next, pdm_error *err) {
    memset(attempt, 0, sizeof *attempt);
    attempt->end = UINT32_MAX;
    attempt->level = fill->level;
    for (int32_t j = 0; j < fill->level; j++) {
        attempt->times[j] = g->rows[fill->rows[j]].time;
        attempt->rows[j] = row_number(g, fill->rows[j]);
    }
    attempt->limit = pdm__funnel_limit(s->eval->rules, attempt->times[0]);
    attempt->latest = attempt->times[0];
    attempt->has_latest = true;
    *wiped = false;
    *next = g->next;
    PDM__TRY(walk_one(s, *g, attempt, wiped, next, err));
    attempt->filled = UINT32_MAX >> (32 - attempt->level);
    if (attempt->standing > 0) attempt->level = 0;
    return PDM_OK;
}

static const pdm__funnel_span all_time = {INT64_MIN, INT64_MAX};

/* Rows that open attempts alike (same time, same steps) do so with the same times: the walk is made once for all of them. */
static pdm_status starts_of_group(const single *s, const group *g, const pdm__funnel_sink *sink, pdm_error *err) {
    door d = {s->eval, all_time, -1};
    pdm__funnel_attempt attempt;
    bool wiped = false;
    size_t walked = g->count;
    for (size_t i = 0; i < g->count; i++) {
        pdm__funnel_fill fill;
        size_t next = 0;
        d.only = -1;
        if (!enters(&d, g, i)) continue;
        bool again =
            walked < g->count && g->rows[walked].time == g->rows[i].time && g->rows[walked].mask == g->rows[i].mask;
        if (again) {
            for (int32_t j = 0; j < FUNNEL_STEPS && (attempt.filled >> j & 1) != 0; j++) {
                uint32_t row = attempt.rows[j];
                if (row == row_number(g, (uint32_t)walked)) attempt.rows[j] = row_number(g, (uint32_t)i);
                if (row == row_number(g, (uint32_t)i)) attempt.rows[j] = row_number(g, (uint32_t)walked);
            }
        } else {
            d.only = (int64_t)i;
            PDM__TRY(begin(&d, g, &fill, err));
            PDM__TRY(walk_from(s, g, &fill, &attempt, &wiped, &next, err));
        }
        walked = i;
        if (!wiped) PDM__TRY(sink->take(sink->own, &attempt, err));
    }
    return PDM_OK;
}

/* Groups with one such row, the usual case, have been walked all together; others go one by one. */
static pdm_status every_entry(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                              const pdm__funnel_sink *sink, pdm_error *err) {
    pdm__funnel_walk walk;
    single s = {eval, rows, count};
    door d = {eval, all_time, -1};
    group g;
    size_t chain = 0;
    PDM__TRY(pdm__funnel_walk_run(&walk, eval, rows, count, &all_time, true, err));
    uint32_t cursor[FUNNEL_STEPS + 1];
    memcpy(cursor, walk.ends, sizeof cursor);
    for (size_t at = 0; at < count; at = g.next) {
        size_t starts = 0;
        PDM__TRY(next_group(eval, rows, count, at, &g, err));
        for (size_t i = 0; (g.mask & 1) != 0 && i < g.count; i++) starts += enters(&d, &g, i);
        if (starts == 0) continue;
        size_t mine = chain++;
        if (starts > 1) {
            PDM__TRY(starts_of_group(&s, &g, sink, err));
            continue;
        }
        pdm__funnel_attempt attempt = {.standing = 0};
        if (walk.chains[mine].state == CHAIN_WIPED) continue;
        pdm__funnel_walk_read(&walk, mine, cursor, &attempt);
        if (walk.chains[mine].state == CHAIN_EXCLUDED) {
            attempt.standing = attempt.level;
            attempt.level = 0;
        }
        attempt.latest = attempt.times[0];
        attempt.has_latest = true;
        PDM__TRY(sink->take(sink->own, &attempt, err));
    }
    return PDM_OK;
}

static pdm_status sequential(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                             const pdm__funnel_sink *sink, pdm_error *err) {
    single s = {eval, rows, count};
    door d = {eval, all_time, -1};
    size_t next = 0;
    for (size_t at = 0; at < count; at = next) {
        group g;
        pdm__funnel_fill fill;
        pdm__funnel_attempt attempt;
        bool wiped = false;
        PDM__TRY(next_group(eval, rows, count, at, &g, err));
        next = g.next;
        PDM__TRY(begin(&d, &g, &fill, err));
        if (fill.level == 0) continue;
        PDM__TRY(walk_from(&s, &g, &fill, &attempt, &wiped, &next, err));
        if (!wiped) PDM__TRY(sink->take(sink->own, &attempt, err));
    }
    return PDM_OK;
}

pdm_status pdm__funnel_walk_totals(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                   const pdm__funnel_sink *sink, pdm_error *err) {
    return eval->rules->every_entry ? every_entry(eval, rows, count, sink, err)
                                    : sequential(eval, rows, count, sink, err);
}
