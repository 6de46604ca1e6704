#include "metrics/funnel_internal.h"

/*
 * Step windows: attempts whose step j follows within w_j of step j − 1. Two passes over the rows.
 *
 * Forwards, per level only the newest chain is kept: it has both the latest entry and the latest last step, so it can do whatever an
 * older one can. That gives the level, when it was first reached, and the latest entry that reaches it then. Backwards from there,
 * every group is marked with the levels from which that end can still be reached; the times are then the earliest marked ones. For
 * both, of the groups that can go on from a level the nearest is as good as any.
 *
 * Under strict_increase a step needs a new instant, so rows are taken one by one and chains made at an instant wait for its end.
 *
 * Scratch block 7: marks, one per row; 5 and 6: pdm__funnel_collapse.
 */

typedef struct chain {
    int64_t entry;
    int64_t limit;
    int64_t last; /* time of its last step */
} chain;

typedef struct stepped {
    const pdm__funnel_eval *eval;
    const pdm__funnel_rules *rules;
    const pdm__funnel_row *rows;
    size_t count;
    const pdm__funnel_span *span;
    size_t entry_begin; /* rows that may be entries, as far as `entry` decides it */
    size_t entry_end;
    bool increasing;
    bool breaking;
    uint32_t old_levels; /* bit c − 1: old[c − 1] may be continued */
    uint32_t new_levels; /* bit c − 1: new[c − 1] came there just now */
    chain old[FUNNEL_STEPS];
    chain new[FUNNEL_STEPS];
    int64_t last_limit; /* of the latest entry */
    /* what is reported */
    int32_t level;
    int64_t entry;
    int64_t end;
} stepped;

static size_t group_end(const stepped *s, size_t begin) {
    if (s->increasing) return begin + 1;
    return pdm__funnel_group_end(s->rules, s->rows, s->count, begin);
}

static uint32_t steps_of_group(const stepped *s, size_t begin, size_t end) {
    uint32_t all = 0;
    for (size_t i = begin; i < end; i++) all |= s->rows[i].mask;
    return all;
}

static int32_t reach(const stepped *s, size_t begin, size_t end, int32_t from) {
    pdm__funnel_fill fill;
    if (end - begin == 1) return pdm__funnel_reach_row(s->rules, s->rows[begin].mask, from);
    pdm__funnel_reach(s->rules, s->rows + begin, end - begin, from, &fill);
    return fill.level;
}

/* later ≥ earlier. `level`: steps done. */
static bool within(const stepped *s, int32_t level, int64_t earlier, int64_t later) {
    int64_t width = s->rules->step_windows[level];
    return width == PDM_UNLIMITED || (uint64_t)later - (uint64_t)earlier <= (uint64_t)width;
}

static bool may_enter(const stepped *s, size_t row) {
    int64_t time = s->rows[row].time;
    return row >= s->entry_begin && row < s->entry_end && time >= s->span->from && time <= s->span->to &&
           pdm__funnel_entry_counts(s->rules, s->eval->as_of, time);
}

static bool counts(const stepped *s, size_t row) {
    return (s->rows[row].mask & 1) != 0 && pdm__funnel_entry_counts(s->rules, s->eval->as_of, s->rows[row].time);
}

/* The group of the first or last row that may enter, whatever the span; all rows for `best`. */
static void find_entries(stepped *s) {
    bool last = s->rules->entry == PDM_FUNNEL_ENTRY_LAST;
    size_t row = last ? s->count : 0;
    s->entry_begin = 0;
    s->entry_end = s->count;
    if (s->rules->entry == PDM_FUNNEL_ENTRY_BEST) return;
    if (last) {
        while (row > 0 && !counts(s, row - 1)) row--;
        if (row == 0) return;
        row--;
    } else {
        while (row < s->count && !counts(s, row)) row++;
        if (row == s->count) return;
    }
    s->entry_begin = row;
    s->entry_end = row + 1;
    if (s->rules->row_order) return;
    while (s->entry_begin > 0 && s->rows[s->entry_begin - 1].time == s->rows[row].time) s->entry_begin--;
    s->entry_end = pdm__funnel_instant_end(s->rows, s->count, row);
}

/* ---- forwards: level, end, entry ---- */

static void arrive(stepped *s, int32_t level, const chain *c, int64_t time) {
    chain *slot = &s->new[level - 1];
    if ((s->new_levels >> (level - 1) & 1) == 0 || c->entry > slot->entry) *slot = (chain){c->entry, c->limit, time};
    s->new_levels |= UINT32_C(1) << (level - 1);
    bool further = level > s->level;
    if (!further && !(level == s->level && time == s->end && c->entry > s->entry)) return;
    s->level = level;
    s->end = time;
    s->entry = c->entry;
}

static void take_group(stepped *s, size_t begin, size_t end) {
    int64_t time = s->rows[begin].time;
    uint32_t all = steps_of_group(s, begin, end);
    /* The row breaks off the attempts that took their last step at its own instant. */
    if (s->breaking) s->new_levels &= ~(all >> 1);
    for (uint32_t next = all & (s->old_levels << 1 | 1); next != 0; next &= next - 1) {
        int32_t level = __builtin_ctz(next);
        chain c = {time, 0, time};
        if (level == 0) {
            if (!may_enter(s, begin)) continue;
            c.limit = s->last_limit = pdm__funnel_limit(s->rules, time);
        } else {
            c = s->old[level - 1];
            if (time > c.limit || !within(s, level, c.last, time)) continue;
        }
        int32_t furthest = reach(s, begin, end, level);
        while (level < furthest) arrive(s, ++level, &c, time);
    }
}

static void settle_new(stepped *s) {
    for (uint32_t levels = s->new_levels; levels != 0; levels &= levels - 1) {
        int32_t c = __builtin_ctz(levels);
        s->old[c] = s->new[c];
    }
    s->old_levels |= s->new_levels;
    s->new_levels = 0;
}

static void go_forwards(stepped *s) {
    s->last_limit = INT64_MIN;
    for (size_t begin = pdm__funnel_row_at(s->rows, s->count, s->span->from), end = begin; begin < s->count;
         begin = end) {
        int64_t time = s->rows[begin].time;
        if (time > s->span->to && time > s->last_limit) return;
        if (s->level == s->rules->steps && time != s->end) return;
        end = group_end(s, begin);
        take_group(s, begin, end);
        if (!s->increasing || end == s->count || s->rows[end].time != time) settle_new(s);
    }
}

/* ---- backwards: from where the end can be reached ---- */

/* Levels are bits 0 … level here: bit l of a mark means that l steps are done. */
typedef struct mark {
    uint32_t before; /* l steps done before the group: it can take the next */
    uint32_t after;  /* l steps done, the last of them in the group */
} mark;

_Static_assert(FUNNEL_STEPS <= 32, "the last level needs no bit in a mark: it is the end");

typedef struct road {
    stepped *s;
    bool any_end;     /* whenever the level is reached; else at s->end only */
    uint32_t ways;    /* bit l: a later group takes up l steps; the nearest is at next[l] */
    uint32_t waiting; /* bit l: one of this instant does (increasing) */
    uint32_t seen;    /* steps of the later rows of this instant */
    int64_t next[FUNNEL_STEPS];
    int64_t next_end[FUNNEL_STEPS]; /* where it ends at the earliest */
    int64_t ends[FUNNEL_STEPS];     /* of those that wait */
} road;

/* Earliest end for an attempt whose step `level` is taken at `time`, by a row before which the rest of the road lies. */
static bool end_after(const road *r, int32_t level, int64_t time, int64_t *end) {
    const stepped *s = r->s;
    if (level == s->level) {
        *end = time;
        return r->any_end || time == s->end;
    }
    if ((r->ways >> level & 1) == 0 || !within(s, level, time, r->next[level])) return false;
    if (s->breaking && (r->seen >> level & 1) != 0) return false;
    *end = r->next_end[level];
    return true;
}

static void open_way(road *r, int32_t level, int64_t time, int64_t end) {
    r->ways |= UINT32_C(1) << level;
    r->next[level] = time;
    r->next_end[level] = end;
}

/* What waits is taken up once an earlier instant begins. */
static void leave_instant(road *r, int64_t time) {
    for (; r->waiting != 0; r->waiting &= r->waiting - 1) {
        int32_t level = __builtin_ctz(r->waiting);
        open_way(r, level, time, r->ends[level]);
    }
    r->seen = 0;
}

/* Whether the group can take an attempt of `from` steps to the end, and where that is at the earliest. */
static bool end_from(const road *r, size_t begin, size_t end, int32_t from, uint32_t *after, int64_t *earliest) {
    int32_t furthest = reach(r->s, begin, end, from);
    if (furthest > r->s->level) furthest = r->s->level;
    bool found = false;
    for (int32_t level = from + 1; level <= furthest; level++) {
        int64_t stop = 0;
        if (!end_after(r, level, r->s->rows[begin].time, &stop)) continue;
        if (level < FUNNEL_STEPS) *after |= UINT32_C(1) << level;
        if (!found || stop < *earliest) *earliest = stop;
        found = true;
    }
    return found;
}

/* The group's part of the road; takes the earliest entry with its end if any will do. */
static mark mark_group(road *r, size_t begin, size_t end) {
    stepped *s = r->s;
    int64_t time = s->rows[begin].time;
    int64_t ends[FUNNEL_STEPS];
    mark m = {0, 0};
    uint32_t all = steps_of_group(s, begin, end);
    uint32_t wanted = s->level < FUNNEL_STEPS ? (UINT32_C(1) << s->level) - 1 : UINT32_MAX;
    for (uint32_t next = all & wanted; next != 0; next &= next - 1) {
        int32_t from = __builtin_ctz(next);
        if (from == 0 && !may_enter(s, begin)) continue;
        if (end_from(r, begin, end, from, &m.after, &ends[from])) m.before |= UINT32_C(1) << from;
    }
    for (uint32_t levels = m.before & ~UINT32_C(1); levels != 0; levels &= levels - 1) {
        int32_t level = __builtin_ctz(levels);
        if (!s->increasing) {
            open_way(r, level, time, ends[level]);
        } else {
            r->waiting |= UINT32_C(1) << level;
            r->ends[level] = ends[level];
        }
    }
    r->seen |= all;
    if (r->any_end && (m.before & 1) != 0 && ends[0] <= pdm__funnel_limit(s->rules, time)) {
        s->entry = time;
        s->end = ends[0];
    }
    return m;
}

static size_t group_begin(const stepped *s, size_t end) {
    size_t begin = end - 1;
    if (s->increasing || s->rules->row_order) return begin;
    while (begin > 0 && s->rows[begin - 1].time == s->rows[end - 1].time) begin--;
    return begin;
}

/* Rows first … end − 1, whole groups. marks[i − first] is written where a group begins; NULL if they are not wanted. */
static void go_backwards(road *r, size_t first, size_t end, mark *marks) {
    const pdm__funnel_row *rows = r->s->rows;
    while (end > first) {
        size_t begin = group_begin(r->s, end);
        if (end < r->s->count && rows[begin].time != rows[end].time) leave_instant(r, rows[end].time);
        mark m = mark_group(r, begin, end);
        if (marks != NULL) marks[begin - first] = m;
        end = begin;
    }
}

/* first_entered: the earliest entry that reaches the level, and when. */
static void find_first_entered(stepped *s) {
    road r = {.s = s, .any_end = true};
    go_backwards(&r, pdm__funnel_row_at(s->rows, s->count, s->span->from), s->count, NULL);
}

/* ---- the times ---- */

/* Takes as many steps at the group as the marks allow. */
static void take_steps(const stepped *s, size_t begin, mark m, pdm__funnel_attempt *out) {
    pdm__funnel_fill fill;
    size_t count = group_end(s, begin) - begin;
    int32_t to = reach(s, begin, begin + count, out->level);
    bool ends_here = to >= s->level && s->rows[begin].time == s->end;
    if (ends_here) {
        to = s->level;
    } else {
        if (to >= s->level) to = s->level - 1;
        while ((m.after >> to & 1) == 0) to--;
    }
    pdm__funnel_reach_to(s->rules, s->rows + begin, count, out->level, to, &fill);
    for (; out->level < to; out->level++) {
        out->times[out->level] = s->rows[begin].time;
        out->rows[out->level] = (uint32_t)begin + fill.rows[out->level];
    }
}

static pdm_status report(stepped *s, pdm__funnel_attempt *out, pdm_error *err) {
    mark *marks = NULL;
    road r = {.s = s};
    size_t first = pdm__funnel_row_at(s->rows, s->count, s->entry);
    size_t end = pdm__funnel_row_at(s->rows, s->count, s->end);
    end = pdm__funnel_instant_end(s->rows, s->count, end);
    PDM__TRY(pdm__funnel_scratch_need(s->eval->scratch, 7, (end - first) * sizeof *marks, &marks, err));
    go_backwards(&r, first, end, marks);
    int64_t last = INT64_MIN;
    for (size_t at = first; at < end && out->level < s->level; at = group_end(s, at)) {
        mark m = marks[at - first];
        if ((m.before >> out->level & 1) == 0) continue;
        if (s->increasing && out->level > 0 && s->rows[at].time == last) continue;
        take_steps(s, at, m, out);
        last = s->rows[at].time;
    }
    out->filled = UINT32_MAX >> (FUNNEL_STEPS - out->level);
    out->limit = pdm__funnel_limit(s->rules, s->entry);
    return PDM_OK;
}

pdm_status pdm__funnel_stepped_best(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                    const pdm__funnel_span *span, pdm__funnel_attempt *out, pdm_error *err) {
    const pdm__funnel_rules *rules = eval->rules;
    stepped s = {.eval = eval, .rules = rules, .rows = rows, .count = count, .span = span};
    s.increasing = rules->strict_increase != PDM_FUNNEL_INCREASE_OFF;
    s.breaking = rules->strict_increase == PDM_FUNNEL_INCREASE_BREAK;
    out->level = 0;
    out->filled = 0;
    PDM__TRY(pdm__funnel_collapse(eval, rows, count, &s.rows, err));
    find_entries(&s);
    go_forwards(&s);
    if (s.level == 0) return PDM_OK;
    if (rules->attempt_tie == PDM_FUNNEL_TIE_FIRST_ENTERED) find_first_entered(&s);
    return report(&s, out, err);
}

/* ---- optional steps ---- */

/* Leaves out the bits of `optional` and closes the gaps. */
static uint32_t squeeze(uint32_t mask, uint32_t optional) {
    while (optional != 0) {
        int32_t highest = 31 - __builtin_clz(optional);
        uint32_t below = (UINT32_C(1) << highest) - 1;
        mask = (mask & below) | (mask >> 1 & ~below);
        optional &= below;
    }
    return mask;
}

/* Required steps among 1 … step. */
static int32_t required_up_to(const pdm__funnel_rules *rules, int32_t step) {
    uint64_t up_to = (UINT64_C(1) << step) - 1;
    return step - __builtin_popcountll(rules->optional & up_to);
}

void pdm__funnel_required_rules(const pdm__funnel_rules *rules, pdm__funnel_rules *out) {
    *out = *rules;
    out->optional = 0;
    out->steps = required_up_to(rules, rules->steps);
    for (int32_t e = 0; e < rules->exclusion_count; e++) {
        out->exclusions[e].from = required_up_to(rules, rules->exclusions[e].from - 1) + 1;
        out->exclusions[e].to = required_up_to(rules, rules->exclusions[e].to - 1) + 1;
    }
}

void pdm__funnel_required_rows(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                               pdm__funnel_row *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = rows[i];
        out[i].mask = squeeze(rows[i].mask, rules->optional);
    }
}

/* Gives the steps of an attempt on required steps their own numbers. */
static void expand(const pdm__funnel_rules *rules, pdm__funnel_attempt *attempt) {
    int32_t from = attempt->level;
    attempt->filled = 0;
    for (int32_t step = rules->steps; from > 0; step--) {
        if ((rules->optional >> (step - 1) & 1) != 0 || required_up_to(rules, step) != from) continue;
        from--;
        attempt->times[step - 1] = attempt->times[from];
        attempt->rows[step - 1] = attempt->rows[from];
        attempt->filled |= UINT32_C(1) << (step - 1);
    }
}

/* Where the tie group of `row` begins. A pause longer than `grace` always begins one, so the search starts at the last such. */
static size_t group_of(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count, size_t row) {
    if (rules->row_order) return row;
    size_t begin = row;
    while (begin > 0 && (uint64_t)rows[begin].time - (uint64_t)rows[begin - 1].time <= (uint64_t)rules->grace) begin--;
    for (size_t end = begin; end <= row;) {
        begin = end;
        end = pdm__funnel_group_end(rules, rows, count, begin);
    }
    return begin;
}

static bool used(const pdm__funnel_attempt *attempt, size_t row) {
    for (uint32_t steps = attempt->filled; steps != 0; steps &= steps - 1) {
        if (attempt->rows[__builtin_ctz(steps)] == row) return true;
    }
    return false;
}

/* Fills step + 1 between the step before it, `last` + 1, and the next required one, `bound` + 1 (−1: not filled). */
static void add_step(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                     pdm__funnel_attempt *attempt, int32_t step, int32_t last, int32_t bound) {
    bool increasing = rules->strict_increase != PDM_FUNNEL_INCREASE_OFF;
    size_t begin = increasing ? attempt->rows[last] + UINT32_C(1) : group_of(rules, rows, count, attempt->rows[last]);
    size_t end = count;
    if (bound >= 0) {
        end = group_of(rules, rows, count, attempt->rows[bound]);
        if (!increasing) end = pdm__funnel_group_end(rules, rows, count, end);
    }
    for (size_t i = begin; i < end && rows[i].time <= attempt->limit; i++) {
        if ((rows[i].mask >> step & 1) == 0) continue;
        if (increasing &&
            (rows[i].time <= attempt->times[last] || (bound >= 0 && rows[i].time >= attempt->times[bound])))
            continue;
        if (!rules->event_reuse && used(attempt, i)) continue;
        attempt->filled |= UINT32_C(1) << step;
        attempt->times[step] = rows[i].time;
        attempt->rows[step] = (uint32_t)i;
        return;
    }
}

void pdm__funnel_add_optional(const pdm__funnel_rules *rules, const pdm__funnel_row *rows, size_t count,
                              pdm__funnel_attempt *attempt) {
    if (attempt->level == 0) return;
    expand(rules, attempt);
    int32_t last = 0;
    for (int32_t step = 1; step < rules->steps; step++) {
        if ((rules->optional >> step & 1) != 0) {
            uint32_t after = attempt->filled & ~rules->optional & ~((UINT32_C(2) << step) - 1);
            add_step(rules, rows, count, attempt, step, last, after == 0 ? -1 : __builtin_ctz(after));
        } else if ((attempt->filled >> step & 1) == 0) {
            return; /* nobody comes past a required step that is not filled */
        }
        if ((attempt->filled >> step & 1) != 0) last = step;
    }
}
