#include "metrics/funnel_internal.h"

/*
 * Steps in any sequence: the largest number of different steps that distinct rows of one trailing window can fill.
 *
 * Sets of rows that can be given different steps are the independent sets of a transversal matroid (J. Edmonds, D. R. Fulkerson,
 * Transversals and matroid partition, 1965). Of all rows so far we keep a largest such set, and of those the latest: a new row joins
 * it, and if that is one too many, the oldest row of the circuit it closes leaves. Because the set is greedy by time, as many of its
 * rows lie in a window as rows of the window can fill steps. At most k rows are kept, and a row costs O(k) or, where steps overlap,
 * O(k²); nothing has to be undone when rows fall out of the window.
 *
 * Scratch blocks 5 and 6: pdm__funnel_collapse.
 */

#define NO_STEP (-1)

typedef struct member {
    int64_t time;
    int64_t limit; /* last instant whose window holds the row */
    uint32_t mask;
} member;

/* Rows in a set, each at the step it fills (with event_reuse: the latest row that satisfies the step). */
typedef struct set {
    uint32_t filled;
    int64_t soonest; /* no member falls out of the window before */
    member at[FUNNEL_STEPS];
} set;

static void set_clear(set *s) {
    s->filled = 0;
    s->soonest = INT64_MAX;
}

static void set_expire(set *s, int64_t time) {
    if (s->soonest >= time) return;
    s->soonest = INT64_MAX;
    for (uint32_t bits = s->filled; bits != 0; bits &= bits - 1) {
        int32_t j = __builtin_ctz(bits);
        if (s->at[j].limit < time) {
            s->filled &= ~(UINT32_C(1) << j);
        } else if (s->at[j].limit < s->soonest) {
            s->soonest = s->at[j].limit;
        }
    }
}

/* Lets the row in at `step`, and everybody on the way there one place on. */
static void set_shift(set *s, const member *row, const int8_t *came_from, int32_t step) {
    for (; came_from[step] != NO_STEP; step = came_from[step]) s->at[step] = s->at[came_from[step]];
    s->at[step] = *row;
}

/*
 * Joins a row with mask ≠ 0. If the set cannot grow, the oldest row that can make room leaves (never the new one); with `only_grow`
 * the row is refused instead. Returns whether the set grew.
 */
static bool set_join(set *s, const member *row, bool only_grow) {
    int8_t came_from[FUNNEL_STEPS];
    uint32_t visited = row->mask;
    uint32_t todo = row->mask;
    int32_t oldest = NO_STEP;
    for (uint32_t bits = row->mask; bits != 0; bits &= bits - 1) came_from[__builtin_ctz(bits)] = NO_STEP;
    while (todo != 0) {
        int32_t step = __builtin_ctz(todo);
        todo &= todo - 1;
        if ((s->filled >> step & 1) == 0) {
            set_shift(s, row, came_from, step);
            s->filled |= UINT32_C(1) << step;
            return true;
        }
        if (oldest == NO_STEP || s->at[step].time < s->at[oldest].time) oldest = step;
        uint32_t fresh = s->at[step].mask & ~visited;
        for (uint32_t bits = fresh; bits != 0; bits &= bits - 1) came_from[__builtin_ctz(bits)] = (int8_t)step;
        visited |= fresh;
        todo |= fresh;
    }
    if (!only_grow) set_shift(s, row, came_from, oldest);
    return false;
}

static void set_add(set *s, const pdm__funnel_rules *rules, const pdm__funnel_row *row) {
    member m = {row->time, pdm__funnel_limit(rules, row->time), row->mask};
    if (m.limit < s->soonest) s->soonest = m.limit;
    if (!rules->event_reuse) {
        set_join(s, &m, false);
        return;
    }
    s->filled |= m.mask;
    for (uint32_t bits = m.mask; bits != 0; bits &= bits - 1) s->at[__builtin_ctz(bits)] = m;
}

/* A search through the rows of a subject, instant by instant. */
typedef struct search {
    const pdm__funnel_eval *eval;
    const pdm__funnel_row *rows;
    size_t count;
    int64_t last_entry; /* the first row of the set may not be later */
    set set;
    size_t first; /* first row of the window that fills a step */
    int32_t level;
    size_t best_first; /* the window that reached the level: its first row, its end */
    size_t best_end;
} search;

static bool fills(const search *s, size_t row) {
    return s->rows[row].mask != 0 && (s->eval->rules->exclusion_count == 0 || s->rows[row].exclude == 0);
}

/* Exclusions forget what was before them; rows of the same instant count as later. */
static void wipe(search *s, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        if (s->rows[i].exclude == 0) continue;
        set_clear(&s->set);
        s->first = begin;
        s->level = 0;
        return;
    }
}

/* Moves to the window's first row as of the instant that ends at `end`; `end` if there is none. */
static void move_first(search *s, int64_t time, size_t end) {
    while (s->first < end && (!fills(s, s->first) || pdm__funnel_limit(s->eval->rules, s->rows[s->first].time) < time))
        s->first++;
}

static void look(search *s, size_t end) {
    const pdm__funnel_rules *rules = s->eval->rules;
    int32_t level = __builtin_popcount(s->set.filled);
    if (level <= s->level) return;
    int64_t entry = s->rows[s->first].time;
    if (entry > s->last_entry || !pdm__funnel_entry_counts(rules, s->eval->as_of, entry)) return;
    s->level = level;
    s->best_first = s->first;
    s->best_end = end;
}

static void run(search *s) {
    const pdm__funnel_rules *rules = s->eval->rules;
    for (size_t begin = s->first, end = begin; begin < s->count && s->level < rules->steps; begin = end) {
        int64_t time = s->rows[begin].time;
        end = pdm__funnel_instant_end(s->rows, s->count, begin);
        if (rules->exclusion_count > 0) wipe(s, begin, end);
        set_expire(&s->set, time);
        for (size_t i = begin; i < end; i++) {
            if (fills(s, i)) set_add(&s->set, rules, &s->rows[i]);
        }
        move_first(s, time, end);
        if (s->first == end) continue;
        look(s, end);
        /* Later windows begin later still; only an exclusion may yet forget what was found. */
        if (rules->exclusion_count == 0 && s->rows[s->first].time > s->last_entry) return;
    }
}

/* Rows of the window in time order, each kept if it enlarges the set. */
static void report(const search *s, pdm__funnel_attempt *out) {
    bool reuse = s->eval->rules->event_reuse;
    set kept;
    int32_t level = 0;
    set_clear(&kept);
    for (size_t i = s->best_first; i < s->best_end && level < s->level; i++) {
        if (!fills(s, i)) continue;
        member m = {.time = s->rows[i].time, .mask = s->rows[i].mask};
        uint32_t more = reuse ? m.mask & ~kept.filled : (uint32_t)set_join(&kept, &m, true);
        if (reuse) kept.filled |= more;
        for (int32_t n = reuse ? __builtin_popcount(more) : (int32_t)more; n > 0; n--) {
            out->times[level] = m.time;
            out->rows[level++] = (uint32_t)i;
        }
    }
    out->level = level;
    out->filled = UINT32_MAX >> (FUNNEL_STEPS - level);
    out->limit = pdm__funnel_limit(s->eval->rules, out->times[0]);
}

pdm_status pdm__funnel_unordered_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                      const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err) {
    search s = {.eval = eval, .rows = rows, .count = count, .last_entry = span->to};
    int64_t from = span->from;
    out->level = 0;
    out->filled = 0;
    if (eval->rules->has_entry_from && eval->rules->entry_from > from) from = eval->rules->entry_from;
    PDM__TRY(pdm__funnel_collapse(eval, rows, count, &s.rows, err));
    s.first = pdm__funnel_row_at(rows, count, from);
    set_clear(&s.set);
    run(&s);
    if (s.level > 0) report(&s, out);
    return PDM_OK;
}
