#include "funnel_naive.h"

#include "rows.h"

#include <stdlib.h>

pdm__funnel_rules plain_rules(int32_t steps, int64_t window) {
    static const pdm_calendar utc;
    pdm__funnel_rules rules = {.steps = steps, .window = window, .calendar = &utc};
    rules.order = PDM_FUNNEL_ORDER_ORDERED;
    rules.entry = PDM_FUNNEL_ENTRY_BEST;
    rules.attempt_tie = PDM_FUNNEL_TIE_FIRST_COMPLETED;
    rules.strict_increase = PDM_FUNNEL_INCREASE_OFF;
    for (int32_t j = 0; j < FUNNEL_STEPS; j++) rules.step_windows[j] = PDM_UNLIMITED;
    return rules;
}

/* ---- random subjects ---- */

int64_t subject_below(subject *s, int64_t bound) { return rows_below(&s->seed, bound); }

bool subject_coin(subject *s, int64_t of) { return rows_below(&s->seed, of) == 0; }

/* Few instants, so that there are ties; masks from thin to overlapping. */
subject random_subject(uint64_t seed, int32_t most_steps) {
    subject s = {.seed = seed * UINT64_C(0xD6E8FEB86659FD93) + 1, .span = {INT64_MIN, INT64_MAX}};
    int32_t steps = 1 + (int32_t)subject_below(&s, most_steps);
    s.rules = plain_rules(steps, subject_coin(&s, 4) ? PDM_UNLIMITED : subject_below(&s, 9));
    s.count = (int32_t)subject_below(&s, SUBJECT_ROWS + 1);
    int64_t thin = 1 + subject_below(&s, 3);
    int64_t time = -3;
    int64_t gap = 1 + subject_below(&s, 4);
    for (int32_t i = 0; i < s.count; i++) {
        time += subject_below(&s, gap);
        uint32_t mask = UINT32_C(1) << subject_below(&s, steps);
        if (subject_coin(&s, thin)) mask |= (uint32_t)subject_below(&s, INT64_C(1) << steps);
        s.rows[i] = (pdm__funnel_row){.time = time, .mask = subject_coin(&s, 10) ? 0 : mask};
    }
    s.as_of = time;
    s.rules.event_reuse = subject_coin(&s, 3);
    if (subject_coin(&s, 3)) s.rules.attempt_tie = PDM_FUNNEL_TIE_FIRST_ENTERED;
    if (subject_coin(&s, 4)) s.span = (pdm__funnel_span){subject_below(&s, 6) - 3, subject_below(&s, 6)};
    s.rules.mature_only = subject_coin(&s, 8);
    s.rules.has_entry_to = subject_coin(&s, 8);
    s.rules.entry_to = subject_below(&s, 5);
    s.rules.has_entry_from = subject_coin(&s, 8);
    s.rules.entry_from = subject_below(&s, 4) - 2;
    return s;
}

int64_t naive_limit(const subject *s, int64_t time) {
    return s->rules.window == PDM_UNLIMITED ? INT64_MAX : time + s->rules.window;
}

static bool counted(const subject *s, int64_t time) {
    if (s->rules.has_entry_from && time < s->rules.entry_from) return false;
    if (s->rules.has_entry_to && time >= s->rules.entry_to) return false;
    return !s->rules.mature_only || (s->rules.window != PDM_UNLIMITED && time + s->rules.window <= s->as_of);
}

static bool in_span(const subject *s, int64_t time) { return time >= s->span.from && time <= s->span.to; }

bool satisfies(const subject *s, int32_t row, int32_t step) { return (s->rows[row].mask >> (step - 1) & 1) != 0; }

/* Tie groups by their definition. */
void number_groups(const subject *s, int32_t *groups) {
    int64_t first = 0;
    for (int32_t i = 0; i < s->count; i++) {
        bool joins = i > 0 && !s->rules.row_order && s->rows[i].time - first <= s->rules.grace;
        groups[i] = i == 0 ? 0 : groups[i - 1] + (joins ? 0 : 1);
        if (!joins) first = s->rows[i].time;
    }
}

/* Takes out what collapse_ties does not count. */
void collapse_naively(subject *s) {
    int32_t groups[SUBJECT_ROWS];
    if (!s->rules.collapse_ties) return;
    number_groups(s, groups);
    for (int32_t i = s->count; i-- > 0;) {
        for (int32_t j = 0; j < i && s->rows[i].exclude == 0; j++) {
            if (groups[i] == groups[j] && s->rows[j].exclude == 0 && s->rows[i].mask == s->rows[j].mask)
                s->rows[i].mask = 0;
        }
    }
}

static int64_t time_at(const subject *s, const sequence *q, int32_t place) { return s->rows[q->rows[place]].time; }

static int order_of(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

/* Whether a is reported rather than b (1.2); equal times are told apart by rows. */
static bool better(const subject *s, const sequence *a, const sequence *b) {
    if (a->level != b->level) return a->level > b->level;
    int entry = order_of(time_at(s, a, 0), time_at(s, b, 0));
    int end = order_of(time_at(s, a, a->level - 1), time_at(s, b, b->level - 1));
    bool first_entered = s->rules.attempt_tie == PDM_FUNNEL_TIE_FIRST_ENTERED;
    int first = first_entered ? entry : end;
    int second = first_entered ? end : -entry;
    if (first != 0) return first < 0;
    if (second != 0) return second < 0;
    for (int32_t j = 0; j < a->level; j++) {
        int time = order_of(time_at(s, a, j), time_at(s, b, j));
        if (time != 0) return time < 0;
    }
    for (int32_t j = 0; j < a->level; j++) {
        if (a->rows[j] != b->rows[j]) return a->rows[j] < b->rows[j];
    }
    return false;
}

static bool holds(const sequence *q, int32_t row) {
    for (int32_t j = 0; j < q->level; j++) {
        if (q->rows[j] == row) return true;
    }
    return false;
}

/* The first assignment found, rows in their order, is the smallest. */
bool assign_naively(const subject *s, int32_t step, int32_t to, uint32_t taken, uint32_t *filled) {
    if (step > to) return true;
    for (int32_t i = 0; i < s->count; i++) {
        if (!satisfies(s, i, step) || (!s->rules.event_reuse && (taken >> i & 1) != 0)) continue;
        filled[step - 1] = (uint32_t)i;
        if (assign_naively(s, step + 1, to, taken | UINT32_C(1) << i, filled)) return true;
    }
    return false;
}

#define CHAINS 20000

/* Every chain is kept, every rule is taken by its word. */
typedef struct naive_scan {
    sequence chains[CHAINS];
    int32_t first; /* chains before it were forgotten */
    int32_t count;
} naive_scan;

static bool stands(const naive_scan *n, int32_t level) {
    for (int32_t i = n->first; i < n->count; i++) {
        if (n->chains[i].level == level) return true;
    }
    return false;
}

static void keep(naive_scan *n, const sequence *chain, int32_t row) {
    if (n->count == CHAINS) abort();
    sequence *next = &n->chains[n->count++];
    *next = *chain;
    next->rows[next->level++] = row;
}

static void continue_all(const subject *s, naive_scan *n, int32_t level, int32_t row) {
    for (int32_t i = n->first, end = n->count; i < end; i++) {
        const sequence *chain = &n->chains[i];
        if (chain->level != level - 1 || s->rows[row].time > naive_limit(s, s->rows[chain->rows[0]].time)) continue;
        if (s->rules.strict_increase != PDM_FUNNEL_INCREASE_OFF &&
            s->rows[row].time <= s->rows[chain->rows[chain->level - 1]].time)
            continue;
        if (!s->rules.event_reuse && holds(chain, row)) continue;
        keep(n, chain, row);
    }
}

/* false: the scan is over. */
static bool scan_entry(const subject *s, naive_scan *n, bool *entered, int32_t level, int32_t row) {
    const sequence empty = {0};
    int64_t time = s->rows[row].time;
    if (level == 0) return !*entered;
    if (level == 1) {
        if (!in_span(s, time) || !counted(s, time)) return true;
        *entered = true;
        keep(n, &empty, row);
        return s->rules.steps > 1;
    }
    bool repeats = stands(n, level) && s->rules.scan_repeat != FUNNEL_SCAN_IGNORE;
    bool leaps = *entered && !stands(n, level - 1) && s->rules.scan_leap != FUNNEL_SCAN_IGNORE;
    if (repeats || leaps) {
        int32_t rule = repeats ? s->rules.scan_repeat : s->rules.scan_leap;
        if (rule == FUNNEL_SCAN_RESET) n->first = n->count;
        return rule != FUNNEL_SCAN_STOP;
    }
    continue_all(s, n, level, row);
    return level < s->rules.steps || !stands(n, level);
}

static sequence scan_with(const subject *s, naive_scan *n) {
    bool entered = false;
    bool on = true;
    sequence best = {0};
    n->first = n->count = 0;
    for (int32_t begin = 0, end = 0; begin < s->count && on; begin = end) {
        while (end < s->count && s->rows[end].time == s->rows[begin].time) end++;
        for (int32_t level = 0; level <= s->rules.steps; level++) {
            for (int32_t row = begin; row < end && on; row++) {
                uint32_t mask = s->rows[row].mask;
                if (s->rules.scan_lowest && mask != 0) mask = UINT32_C(1) << __builtin_ctz(mask);
                bool is_entry = level == 0 ? mask == 0 && s->rules.scan_foreign == FUNNEL_SCAN_STOP
                                           : (mask >> (level - 1) & 1) != 0;
                if (is_entry) on = scan_entry(s, n, &entered, level, row);
            }
        }
    }
    for (int32_t i = 0; i < n->count; i++) {
        if (best.level == 0 || better(s, &n->chains[i], &best)) best = n->chains[i];
    }
    return best;
}

sequence scan_naively(const subject *s) {
    naive_scan *n = malloc(sizeof *n);
    if (n == NULL) abort();
    sequence best = scan_with(s, n);
    free(n);
    return best;
}

/* Largest number of steps that distinct rows can fill: by the sets of steps they can fill. */
static int32_t most_steps(const subject *s, const int32_t *chosen, int32_t count) {
    bool possible[64] = {true};
    int32_t most = 0;
    for (int32_t i = 0; i < count; i++) {
        for (int32_t set = 63; set >= 0; set--) {
            for (int32_t step = 0; possible[set] && step < 6; step++) {
                if ((s->rows[chosen[i]].mask >> step & 1) != 0 && (set >> step & 1) == 0)
                    possible[set | 1 << step] = true;
            }
        }
    }
    for (int32_t set = 0; set < 64; set++) {
        if (possible[set] && __builtin_popcount((uint32_t)set) > most) most = __builtin_popcount((uint32_t)set);
    }
    return most;
}

/* Rows of [from, until] in time order, each kept if it enlarges the matching. */
static sequence kept_rows(const subject *s, int64_t from, int64_t until) {
    sequence kept = {0};
    for (int32_t i = 0; i < s->count; i++) {
        const pdm__funnel_row *row = &s->rows[i];
        if (row->time < from || row->time > until || row->mask == 0 || row->exclude != 0) continue;
        int32_t trial[SUBJECT_ROWS + 1];
        uint32_t done = 0;
        for (int32_t j = 0; j < kept.level; j++) {
            trial[j] = kept.rows[j];
            done |= s->rows[kept.rows[j]].mask;
        }
        trial[kept.level] = i;
        int32_t more = s->rules.event_reuse ? __builtin_popcount(row->mask & ~done)
                                            : most_steps(s, trial, kept.level + 1) - kept.level;
        for (; more > 0; more--) kept.rows[kept.level++] = i;
    }
    return kept;
}

sequence unordered_naively(const subject *s) {
    sequence best = {0};
    int64_t from = s->span.from;
    if (s->rules.has_entry_from && s->rules.entry_from > from) from = s->rules.entry_from;
    for (int32_t i = 0; i < s->count; i++) {
        int64_t time = s->rows[i].time;
        if (time < from || best.level == s->rules.steps) continue;
        for (int32_t j = 0; j < s->count; j++) {
            if (s->rows[j].time != time || s->rows[j].exclude == 0) continue;
            if (from < time) best.level = 0;
            from = time;
        }
        bool clipped = s->rules.window == PDM_UNLIMITED || time - s->rules.window < from;
        sequence kept = kept_rows(s, clipped ? from : time - s->rules.window, time);
        if (kept.level <= best.level) continue;
        int64_t entry = s->rows[kept.rows[0]].time;
        if (entry <= s->span.to && counted(s, entry)) best = kept;
    }
    return best;
}

/* Which rows may enter as `entry` has it: the group of the first or the last one that counts. */
static void mark_entries(const subject *s, bool *may) {
    int32_t groups[SUBJECT_ROWS];
    int32_t chosen = -1;
    number_groups(s, groups);
    for (int32_t i = 0; i < s->count; i++) {
        may[i] = satisfies(s, i, 1) && counted(s, s->rows[i].time);
        if (may[i] && (chosen < 0 || s->rules.entry == PDM_FUNNEL_ENTRY_LAST)) chosen = groups[i];
    }
    for (int32_t i = 0; i < s->count; i++) {
        if (s->rules.entry != PDM_FUNNEL_ENTRY_BEST && groups[i] != chosen) may[i] = false;
        if (!in_span(s, s->rows[i].time)) may[i] = false;
    }
}

/* A row after `row` at its very instant that satisfies the next step ends an attempt under strict_increase = break. */
static bool broken_off(const subject *s, int32_t row, int32_t next_step) {
    for (int32_t i = row + 1; i < s->count && s->rows[i].time == s->rows[row].time; i++) {
        if (satisfies(s, i, next_step)) return true;
    }
    return false;
}

static bool may_follow(const subject *s, const int32_t *groups, const sequence *q, int32_t row) {
    int32_t last = q->rows[q->level - 1];
    int64_t width = s->rules.step_windows[q->level];
    int64_t time = s->rows[row].time;
    if (!satisfies(s, row, q->level + 1) || time > naive_limit(s, s->rows[q->rows[0]].time)) return false;
    if (!s->rules.event_reuse && holds(q, row)) return false;
    if (width != PDM_UNLIMITED && time - s->rows[last].time > width) return false;
    if (s->rules.strict_increase != PDM_FUNNEL_INCREASE_OFF && time <= s->rows[last].time) return false;
    if (s->rules.strict_increase == PDM_FUNNEL_INCREASE_BREAK && broken_off(s, last, q->level + 1)) return false;
    return s->rules.row_order ? row >= last : groups[row] >= groups[last];
}

static void try_all(const subject *s, const int32_t *groups, sequence *q, sequence *best) {
    if (best->level == 0 || better(s, q, best)) *best = *q;
    for (int32_t i = 0; i < s->count && q->level < s->rules.steps; i++) {
        if (!may_follow(s, groups, q, i)) continue;
        q->rows[q->level++] = i;
        try_all(s, groups, q, best);
        q->level--;
    }
}

/* Every attempt that there is (1.2). */
sequence attempt_naively(const subject *s) {
    int32_t groups[SUBJECT_ROWS];
    bool may[SUBJECT_ROWS];
    sequence best = {0};
    number_groups(s, groups);
    mark_entries(s, may);
    for (int32_t i = 0; i < s->count; i++) {
        sequence q = {.level = 1, .rows = {i}};
        if (may[i]) try_all(s, groups, &q, &best);
    }
    return best;
}

/* Whether b may come after a (the same row, if rows may be used again). */
static bool comes_after(const subject *s, const int32_t *groups, int32_t a, int32_t b) {
    if (s->rules.strict_increase != PDM_FUNNEL_INCREASE_OFF) return s->rows[b].time > s->rows[a].time;
    return s->rules.row_order ? b >= a : groups[b] >= groups[a];
}

void add_optional_naively(const subject *s, const int32_t *groups, int32_t *filled) {
    for (int32_t step = 1; step < s->rules.steps; step++) {
        if ((s->rules.optional >> step & 1) == 0) continue;
        int32_t before = step - 1, last = step - 1, bound = step + 1;
        while ((s->rules.optional >> before & 1) != 0) before--;
        if (filled[before] < 0) continue;
        while (filled[last] < 0) last--;
        while ((s->rules.optional >> bound & 1) != 0) bound++;
        for (int32_t i = 0; i < s->count && filled[step] < 0; i++) {
            bool used = false;
            for (int32_t j = 0; j < s->rules.steps; j++) used = used || (!s->rules.event_reuse && filled[j] == i);
            if (used || !satisfies(s, i, step + 1) || s->rows[i].time > naive_limit(s, s->rows[filled[0]].time))
                continue;
            if (!comes_after(s, groups, filled[last], i)) continue;
            if (filled[bound] < 0 || comes_after(s, groups, i, filled[bound])) filled[step] = i;
        }
    }
}
