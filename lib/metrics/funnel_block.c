/* The algebra of sealed blocks. Letters in comments are those of the specification: T earliest, C latest, R reported. */
#include "metrics/funnel_block.h"

void pdm__funnel_block_begin(pdm__funnel_block *block, int32_t steps) {
    block->steps = steps;
    block->level = 0;
    for (int32_t i = 0; i <= steps; i++) block->far[i] = i;
}

/* ---- one after the other ---- */

/* on[i]: how far b's rows bring a's latest entry that stands at level i. Returns the furthest level of both together. */
static int32_t carry_on(const pdm__funnel_rules *rules, const pdm__funnel_block *a, const pdm__funnel_block *b,
                        int32_t *on) {
    int32_t level = a->level > b->level ? a->level : b->level;
    for (int32_t i = 1; i <= a->level; i++) {
        on[i] = i;
        if (b->far[i] == i) continue;
        int64_t limit = pdm__funnel_limit(rules, a->latest[i][1]);
        while (on[i] < b->far[i] && b->earliest[i][on[i] + 1] <= limit) on[i]++;
        level = on[i] > level ? on[i] : level;
    }
    return level;
}

static void copy_times(int64_t *to, const int64_t *from, int32_t first, int32_t last) {
    if (first <= last) memcpy(to + first, from + first, (size_t)(last - first + 1) * sizeof *to);
}

/* a's attempt stays if nobody gets further; else the earliest completion, then the latest entry, then the largest i. */
static void join_reported(pdm__funnel_block *a, const pdm__funnel_block *b, const int32_t *on, int32_t level) {
    if (a->level == level) return;
    int32_t from = b->level == level ? level : 0;
    int64_t done = from > 0 ? b->reported[level] : 0;
    int64_t entry = from > 0 ? b->reported[1] : 0;
    for (int32_t i = a->level; i > 0; i--) {
        if (on[i] < level) continue;
        int64_t mine = b->earliest[i][level];
        if (from > 0 && (mine > done || (mine == done && a->latest[i][1] <= entry))) continue;
        from = i;
        done = mine;
        entry = a->latest[i][1];
    }
    if (from == level) {
        copy_times(a->reported, b->reported, 1, level);
        return;
    }
    copy_times(a->reported, a->latest[from], 1, from);
    copy_times(a->reported, b->earliest[from], from + 1, level);
}

/* Highest chain first: each is made of lower ones, as they were. */
static void join_latest(pdm__funnel_block *a, const pdm__funnel_block *b, const int32_t *on, int32_t level) {
    for (int32_t j = level; j > 0; j--) {
        if (j <= b->level) {
            copy_times(a->latest[j], b->latest[j], 1, j);
            continue;
        }
        int32_t from = j <= a->level ? j : 0;
        for (int32_t i = j - 1 < a->level ? j - 1 : a->level; i > 0; i--) {
            if (on[i] >= j && (from == 0 || a->latest[i][1] > a->latest[from][1])) from = i;
        }
        if (from == j) continue;
        copy_times(a->latest[j], a->latest[from], 1, from);
        copy_times(a->latest[j], b->earliest[from], from + 1, j);
    }
}

static void join_earliest(pdm__funnel_block *a, const pdm__funnel_block *b) {
    for (int32_t i = 1; i < a->steps; i++) {
        int32_t far = a->far[i];
        copy_times(a->earliest[i], b->earliest[far], far + 1, b->far[far]);
        a->far[i] = b->far[far];
    }
}

void pdm__funnel_block_join(const pdm__funnel_rules *rules, pdm__funnel_block *a, const pdm__funnel_block *b) {
    int32_t on[FUNNEL_STEPS + 1];
    int32_t level = carry_on(rules, a, b, on);
    join_reported(a, b, on, level);
    join_latest(a, b, on, level);
    join_earliest(a, b);
    a->level = level;
}

/* ---- rows ---- */

/* reach(group, from). */
static int32_t reach(const pdm__funnel_rules *rules, const pdm__funnel_row *group, size_t count, uint32_t any,
                     int32_t from) {
    if ((any >> from & 1) == 0) return from;
    if (count == 1) return pdm__funnel_reach_row(rules, any, from);
    pdm__funnel_fill fill;
    pdm__funnel_reach(rules, group, count, from, &fill);
    return fill.level;
}

void pdm__funnel_block_instant(const pdm__funnel_rules *rules, const pdm__funnel_row *group, size_t count,
                               pdm__funnel_block *out) {
    uint32_t any = 0;
    int64_t time = group[0].time;
    for (size_t r = 0; r < count; r++) any |= group[r].mask;
    pdm__funnel_block_begin(out, rules->steps);
    for (int32_t i = 1; i < rules->steps; i++) {
        out->far[i] = reach(rules, group, count, any, i);
        for (int32_t j = i + 1; j <= out->far[i]; j++) out->earliest[i][j] = time;
    }
    out->level = reach(rules, group, count, any, 0);
    for (int32_t j = 1; j <= out->level; j++) {
        out->reported[j] = time;
        for (int32_t r = 1; r <= j; r++) out->latest[j][r] = time;
    }
}

pdm_status pdm__funnel_block_add(const pdm__funnel_eval *eval, pdm__funnel_block *block, const pdm__funnel_row *rows,
                                 size_t count, pdm_error *err) {
    pdm__funnel_block instant;
    const pdm__funnel_row *kept = rows;
    PDM__TRY(pdm__funnel_collapse(eval, rows, count, &kept, err));
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        end = pdm__funnel_instant_end(kept, count, begin);
        pdm__funnel_block_instant(eval->rules, kept + begin, end - begin, &instant);
        pdm__funnel_block_join(eval->rules, block, &instant);
    }
    return PDM_OK;
}

void pdm__funnel_block_attempt(const pdm__funnel_rules *rules, const pdm__funnel_block *block,
                               pdm__funnel_attempt *out) {
    memset(out, 0, sizeof *out);
    out->end = UINT32_MAX;
    out->level = block->level;
    if (block->level == 0) return;
    out->has_latest = true;
    out->latest = block->latest[1][1];
    out->filled = UINT32_MAX >> (FUNNEL_STEPS - block->level);
    out->limit = pdm__funnel_limit(rules, block->reported[1]);
    memcpy(out->times, block->reported + 1, (size_t)block->level * sizeof *out->times);
}

/* ---- tuples ---- */

static bool begins_alike(const int64_t *a, const int64_t *b, int32_t steps) {
    return memcmp(a + 1, b + 1, (size_t)steps * sizeof *a) == 0;
}

/* Chain j is what the chain above it begins with. */
static bool chain_follows(const pdm__funnel_block *block, int32_t j) {
    return j < block->level && begins_alike(block->latest[j], block->latest[j + 1], j);
}

size_t pdm__funnel_block_write(const pdm__funnel_block *block, pdm__funnel_row *out) {
    size_t n = 0;
    int32_t level = block->level;
    for (int32_t i = 1; i < block->steps; i++) {
        for (int32_t j = i + 1; j <= block->far[i]; j++)
            out[n++] = (pdm__funnel_row){block->earliest[i][j], FUNNEL_MARK(FUNNEL_MARK_EARLIEST, i, j), 0};
    }
    for (int32_t j = 1; j <= level; j++) {
        if (chain_follows(block, j)) continue;
        for (int32_t r = 1; r <= j; r++)
            out[n++] = (pdm__funnel_row){block->latest[j][r], FUNNEL_MARK(FUNNEL_MARK_LATEST, j, r), 0};
    }
    if (level == 0 || begins_alike(block->reported, block->latest[level], level)) return n;
    for (int32_t r = 1; r <= level; r++)
        out[n++] = (pdm__funnel_row){block->reported[r], FUNNEL_MARK(FUNNEL_MARK_REPORTED, 0, r), 0};
    return n;
}

/* How many times of each chain have been read; [0] is the reported attempt. */
typedef struct reading {
    pdm__funnel_block *block;
    int32_t chains[FUNNEL_STEPS + 1];
} reading;

/* Tuples come by time, and of one time in the order of their marks: so steps come in their order. */
static bool take_mark(reading *r, const pdm__funnel_row *mark) {
    pdm__funnel_block *block = r->block;
    int32_t a = (int32_t)(mark->mask >> 6 & 63);
    int32_t b = (int32_t)(mark->mask & 63);
    if (mark->exclude != 0 || a > block->steps || b > block->steps || b == 0) return false;
    switch (FUNNEL_MARK_KIND(mark->mask)) {
    case FUNNEL_MARK_EARLIEST:
        if (a == 0 || a >= b || b != block->far[a] + 1) return false;
        block->earliest[a][b] = mark->time;
        block->far[a] = b;
        return true;
    case FUNNEL_MARK_LATEST:
        if (a == 0 || b > a || b != r->chains[a] + 1) return false;
        block->latest[a][b] = mark->time;
        block->level = a > block->level ? a : block->level;
        r->chains[a] = b;
        return true;
    case FUNNEL_MARK_REPORTED:
        if (a != 0 || b != r->chains[0] + 1) return false;
        block->reported[b] = mark->time;
        r->chains[0] = b;
        return true;
    default: return false;
    }
}

/* What was left out is what stands above it. */
static bool fill_in(reading *r) {
    pdm__funnel_block *block = r->block;
    int32_t level = block->level;
    for (int32_t j = level; j > 0; j--) {
        if (r->chains[j] == 0) {
            copy_times(block->latest[j], block->latest[j + 1], 1, j);
        } else if (r->chains[j] != j || chain_follows(block, j)) {
            return false;
        }
    }
    if (r->chains[0] == 0) {
        if (level > 0) copy_times(block->reported, block->latest[level], 1, level);
        return true;
    }
    return r->chains[0] == level && !begins_alike(block->reported, block->latest[level], level);
}

/* What holds in every block that rows make. */
static bool is_sound(const pdm__funnel_rules *rules, const pdm__funnel_block *block) {
    int32_t level = block->level;
    if (level == 0) return true;
    if (block->reported[level] > block->latest[level][level] ||
        block->reported[level] > pdm__funnel_limit(rules, block->reported[1]))
        return false;
    for (int32_t j = 1; j <= level; j++) {
        const int64_t *chain = block->latest[j];
        if (chain[j] > pdm__funnel_limit(rules, chain[1])) return false;
        if (j < level && chain[1] < block->latest[j + 1][1]) return false;
        for (int32_t i = 1; i < j; i++) {
            if (block->far[i] < j || block->earliest[i][j] > chain[j]) return false;
        }
    }
    return true;
}

bool pdm__funnel_block_read(const pdm__funnel_rules *rules, const pdm__funnel_row *marks, size_t count,
                            pdm__funnel_block *out) {
    reading r = {.block = out};
    pdm__funnel_block_begin(out, rules->steps);
    for (size_t i = 0; i < count; i++) {
        if (marks[i].mask == FUNNEL_MARK(FUNNEL_MARK_TOUCH, 0, 0) && marks[i].exclude == 0) continue;
        if (!take_mark(&r, &marks[i])) return false;
    }
    return fill_in(&r) && is_sound(rules, out);
}

/* ---- segments ---- */

pdm_status pdm__funnel_block_fold(const pdm__funnel_eval *eval, const pdm__segments *segments,
                                  const pdm__funnel_row *rows, size_t count, pdm__funnel_block *out, pdm_error *err) {
    pdm__funnel_block block;
    pdm__funnel_block_begin(out, eval->rules->steps);
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        const pdm__segment *segment = pdm__segments_find(segments, rows[begin].time);
        end = segment->last == INT64_MAX ? count : begin;
        if (end == begin) end += pdm__funnel_row_at(rows + begin, count - begin, segment->last + 1);
        if (!segment->sealed) {
            PDM__TRY(pdm__funnel_block_add(eval, out, rows + begin, end - begin, err));
            continue;
        }
        (void)pdm__funnel_block_read(eval->rules, rows + begin, end - begin,
                                     &block); /* what the state holds was checked */
        pdm__funnel_block_join(eval->rules, out, &block);
    }
    return PDM_OK;
}
