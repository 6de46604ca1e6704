#include "metrics/funnel_internal.h"

/*
 * Steps are matched with rows by augmenting paths (H. W. Kuhn, The Hungarian method for the assignment problem, 1955; here without
 * weights), the steps in ascending order: once a step cannot be had, no later one counts. Of several matchings the one with the
 * smallest rows is taken, step by step, so that the answer depends on the rows alone.
 */

#define NO_ROW UINT32_MAX

static int32_t owner_of(uint32_t row, int32_t from, int32_t last, const uint32_t *filled) {
    for (int32_t j = from; j < last; j++) {
        if (filled[j] == row) return j;
    }
    return -1;
}

/*
 * Gives step + 1 a row; steps that lose theirs get another, except those in `barred`. Steps are counted from 0 in here, and a step
 * that has no row holds NO_ROW. Nothing changes if it fails.
 */
static bool place(const pdm__funnel_offers *offers, int32_t from, int32_t last, int32_t step, uint32_t *barred,
                  uint32_t *filled) {
    const uint32_t *rows = offers->rows[step];
    for (int32_t r = 0; r < offers->count[step]; r++) {
        if (owner_of(rows[r], from, last, filled) >= 0) continue;
        filled[step] = rows[r];
        return true;
    }
    for (int32_t r = 0; r < offers->count[step]; r++) {
        int32_t owner = owner_of(rows[r], from, last, filled);
        if ((*barred >> owner & 1) != 0) continue;
        *barred |= UINT32_C(1) << owner;
        if (!place(offers, from, last, owner, barred, filled)) continue;
        filled[step] = rows[r];
        return true;
    }
    return false;
}

bool pdm__funnel_place(const pdm__funnel_offers *offers, int32_t from, int32_t step, uint32_t *filled) {
    uint32_t barred = UINT32_C(1) << (step - 1);
    filled[step - 1] = NO_ROW;
    return place(offers, from, step, step - 1, &barred, filled);
}

/* Whether `step` can have `row` while no step before it changes; if so, it gets it. */
static bool prefer(const pdm__funnel_offers *offers, int32_t from, int32_t last, int32_t step, uint32_t row,
                   uint32_t *filled) {
    int32_t owner = owner_of(row, from, last, filled);
    if (owner >= 0 && owner < step) return false;
    uint32_t before = filled[step];
    filled[step] = row;
    if (owner < 0) return true;
    uint32_t barred = (UINT32_C(2) << step) - 1;
    barred |= UINT32_C(1) << owner;
    filled[owner] = NO_ROW;
    if (place(offers, from, last, owner, &barred, filled)) return true;
    filled[owner] = row;
    filled[step] = before;
    return false;
}

/* Makes a matching the one with the smallest rows. */
static void settle(const pdm__funnel_offers *offers, int32_t from, int32_t last, uint32_t *filled) {
    for (int32_t step = from; step < last; step++) {
        const uint32_t *rows = offers->rows[step];
        for (int32_t r = 0; rows[r] != filled[step]; r++) {
            if (prefer(offers, from, last, step, rows[r], filled)) break;
        }
    }
}

/* Steps from + 1 … to, each of which some row satisfies, but not all of which are another row's. */
static void match(const pdm__funnel_row *group, size_t count, int32_t from, int32_t to, pdm__funnel_fill *fill) {
    pdm__funnel_offers offers;
    uint32_t open = 0; /* steps that have not been offered enough */
    for (int32_t j = from; j < to; j++) {
        offers.count[j] = 0;
        fill->rows[j] = NO_ROW;
        open |= UINT32_C(1) << j;
    }
    for (size_t r = 0; r < count && open != 0; r++) {
        for (uint32_t bits = group[r].mask & open; bits != 0; bits &= bits - 1) {
            int32_t j = __builtin_ctz(bits);
            offers.rows[j][offers.count[j]++] = (uint32_t)r;
            if (offers.count[j] == to - from) open &= ~(UINT32_C(1) << j);
        }
    }
    fill->level = from;
    while (fill->level < to && pdm__funnel_place(&offers, from, fill->level + 1, fill->rows)) fill->level++;
    settle(&offers, from, fill->level, fill->rows);
}

static bool all_differ(const uint32_t *rows, int32_t from, int32_t to) {
    for (int32_t j = from + 1; j < to; j++) {
        if (owner_of(rows[j], from, j, rows) >= 0) return false;
    }
    return true;
}

void pdm__funnel_reach_to(const pdm__funnel_rules *rules, const pdm__funnel_row *group, size_t count, int32_t from,
                          int32_t to, pdm__funnel_fill *fill) {
    if (rules->strict_increase != PDM_FUNNEL_INCREASE_OFF && to > from + 1) to = from + 1;
    uint64_t wanted = (UINT64_C(1) << to) - (UINT64_C(1) << from);
    uint32_t missing = (uint32_t)wanted;
    for (size_t r = 0; r < count && missing != 0; r++) {
        uint32_t bits = group[r].mask & missing;
        missing &= ~bits;
        for (; bits != 0; bits &= bits - 1) fill->rows[__builtin_ctz(bits)] = (uint32_t)r;
    }
    if (missing != 0) to = __builtin_ctz(missing);
    fill->level = to;
    /* If the first rows that satisfy the steps are different ones, nothing can be better. */
    if (rules->event_reuse || all_differ(fill->rows, from, to)) return;
    match(group, count, from, to, fill);
}

void pdm__funnel_reach(const pdm__funnel_rules *rules, const pdm__funnel_row *group, size_t count, int32_t from,
                       pdm__funnel_fill *fill) {
    pdm__funnel_reach_to(rules, group, count, from, rules->steps, fill);
}

/* ---- rows of one tie group with the same steps ---- */

/* Whether `mask` is in the table already; if not, it is now. A table of 2^bits slots; 0 = free, which no mask here is. */
static bool seen_before(uint32_t *table, int32_t bits, uint32_t mask) {
    size_t slots = (size_t)1 << bits;
    size_t at = (size_t)((uint64_t)mask * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits));
    for (; table[at] != 0; at = (at + 1) & (slots - 1)) {
        if (table[at] == mask) return true;
    }
    table[at] = mask;
    return false;
}

static pdm_status collapse_group(const pdm__funnel_eval *eval, pdm__funnel_row *group, size_t count, pdm_error *err) {
    uint32_t *table = NULL;
    int32_t bits = 2;
    while ((size_t)1 << bits < 2 * count) bits++;
    PDM__TRY(pdm__funnel_scratch_need(eval->scratch, 5, ((size_t)1 << bits) * sizeof *table, &table, err));
    memset(table, 0, ((size_t)1 << bits) * sizeof *table);
    for (size_t i = 0; i < count; i++) {
        if (group[i].mask == 0 || group[i].exclude != 0) continue;
        if (seen_before(table, bits, group[i].mask)) group[i].mask = 0;
    }
    return PDM_OK;
}

pdm_status pdm__funnel_collapse(const pdm__funnel_eval *eval, const pdm__funnel_row *rows, size_t count,
                                const pdm__funnel_row **out, pdm_error *err) {
    pdm__funnel_row *copy = NULL;
    *out = rows;
    if (!eval->rules->collapse_ties || count == 0) return PDM_OK;
    PDM__TRY(pdm__funnel_scratch_need(eval->scratch, 6, count * sizeof *copy, &copy, err));
    memcpy(copy, rows, count * sizeof *copy);
    *out = copy;
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        end = pdm__funnel_group_end(eval->rules, rows, count, begin);
        if (end - begin > 1) PDM__TRY(collapse_group(eval, copy + begin, end - begin, err));
    }
    return PDM_OK;
}
