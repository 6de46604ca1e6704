/*
 * The state where units are kept: a record per unit, and where there are segment columns an entry per unit and
 * combination of levels.
 *
 * A unit is a lattice: rows only ever add arms to its set of arms, stretch the smallest and largest value of a slot, or
 * (parts) are added up. So what it comes to does not depend on their order; whether it is a repeat, a conflict or a
 * crossover is seen at the end.
 */
#include "metrics/experiment_internal.h"

#include <math.h>

#define LARGEST_COUNT (INT64_C(1) << 53)

/* ---- rows to records ---- */

static pdm_status unknown_variant(const pdm__experiment_plan *plan, const pdm__block *block, size_t r, pdm_error *err) {
    const pdm__cells *cells = &block->cells[EXPERIMENT_VARIANT];
    int64_t row = pdm__block_row(block, r);
    if (plan->text_arms) {
        int shown = cells->lengths[r] > 60 ? 60 : (int)cells->lengths[r];
        return pdm__fail(err, PDM_E_UNKNOWN_VARIANT, row, "variant",
                         "row %lld, column \"variant\": \"%.*s\" is none of the arms", (long long)row, shown,
                         shown == 0 ? "" : (const char *)pdm__pointer_of(cells->words[r]));
    }
    return pdm__fail(err, PDM_E_UNKNOWN_VARIANT, row, "variant",
                     "row %lld, column \"variant\": %lld is none of the arms", (long long)row,
                     (long long)(int64_t)cells->words[r]);
}

#define NO_ARM ((uint64_t)PDM_EXPERIMENT_MAX_ARMS)

/* One arm after the other, no branch in a row: which arm comes next cannot be foreseen. */
static bool find_words(const pdm__experiment_plan *plan, const pdm__cells *cells, size_t rows, uint64_t *arms) {
    uint64_t seen = 0; /* after the last arm: of all that were found */
    for (size_t r = 0; r < rows; r += 8) __builtin_prefetch(cells->words + rows + r);
    for (int32_t a = 0; a < plan->arm_count; a++) {
        uint64_t word = (uint64_t)plan->arms[a].word;
        uint64_t found = cells->is_unsigned && plan->arms[a].word < 0 ? NO_ARM : (uint64_t)a;
        seen = 0;
        for (size_t r = 0; r < rows; r++) {
            uint64_t before = a == 0 ? NO_ARM : arms[r];
            arms[r] = cells->words[r] == word ? found : before;
            seen |= arms[r];
        }
    }
    return (seen & NO_ARM) == 0;
}

static bool is_arm(const pdm__experiment_arm *arm, const char *text, size_t length) {
    return arm->length == length && (length == 0 || memcmp(arm->name, text, length) == 0);
}

static uint64_t find_text(const pdm__experiment_plan *plan, const char *text, size_t length) {
    for (int32_t a = 0; a < plan->arm_count; a++) {
        if (is_arm(&plan->arms[a], text, length)) return (uint64_t)a;
    }
    return NO_ARM;
}

/* The same by hashes: the one text with that hash is then compared. */
static bool find_texts(const pdm__experiment_plan *plan, const pdm__cells *cells, size_t rows, uint64_t *arms) {
    uint64_t hashes[PDM_EXPERIMENT_MAX_ARMS];
    uint64_t seen = 0;
    for (int32_t a = 0; a < plan->arm_count; a++)
        hashes[a] = pdm__hash_text(plan->arms[a].name, (size_t)plan->arms[a].length, 0, 0);
    for (size_t r = 0; r < rows; r++) {
        const char *text = pdm__pointer_of(cells->words[r]);
        size_t length = (size_t)cells->lengths[r];
        uint64_t hash = pdm__hash_text(text, length, 0, 0);
        uint64_t arm = 0;
        for (int32_t a = 1; a < plan->arm_count; a++) arm = hashes[a] == hash ? (uint64_t)a : arm;
        arms[r] = is_arm(&plan->arms[arm], text, length) ? arm : find_text(plan, text, length);
        seen |= arms[r];
    }
    return (seen & NO_ARM) == 0;
}

pdm_status pdm__experiment_find_arms(const pdm__experiment_plan *plan, const pdm__block *block, uint64_t *arms,
                                     pdm_error *err) {
    const pdm__cells *cells = &block->cells[EXPERIMENT_VARIANT];
    bool text = cells->lengths != NULL;
    if (block->rows == 0) return PDM_OK;
    if (text != plan->text_arms) {
        return pdm__fail(err, PDM_E_BAD_TYPE, -1, "variant",
                         "column \"variant\": %s, but list \"arms\" has %s; convert one of them",
                         text ? "text" : "integers", plan->text_arms ? "text" : "integers");
    }
    if (text ? find_texts(plan, cells, block->rows, arms) : find_words(plan, cells, block->rows, arms)) return PDM_OK;
    size_t r = 0;
    while (arms[r] < NO_ARM) r++;
    return unknown_variant(plan, block, r, err);
}

static pdm_status bad_value(const pdm__experiment_slot *slot, const pdm__experiment_plan *plan, const pdm__block *block,
                            size_t r, const char *what, int64_t value, pdm_error *err) {
    const char *name = plan->columns[slot->column].name;
    int64_t row = pdm__block_row(block, r);
    return pdm__fail(err, PDM_E_BAD_VALUE, row, name, "row %lld, column \"%s\": %s expected, got %lld", (long long)row,
                     name, what, (long long)value);
}

static pdm_status bad_real(const pdm__experiment_slot *slot, const pdm__experiment_plan *plan, const pdm__block *block,
                           size_t r, double value, pdm_error *err) {
    const char *name = plan->columns[slot->column].name;
    int64_t row = pdm__block_row(block, r);
    return pdm__fail(err, PDM_E_BAD_VALUE, row, name, "row %lld, column \"%s\": 0 or more expected, got %g",
                     (long long)row, name, value);
}

static pdm_status null_value(const pdm__experiment_slot *slot, const pdm__experiment_plan *plan,
                             const pdm__block *block, size_t r, pdm_error *err) {
    const char *name = plan->columns[slot->column].name;
    int64_t row = pdm__block_row(block, r);
    return pdm__fail(err, PDM_E_NULL_VALUE, row, name,
                     "row %lld, column \"%s\": null; null_value zero or exclude of list metrics allows it",
                     (long long)row, name);
}

static pdm_status slot_word(const pdm__experiment_slot *slot, const pdm__experiment_plan *plan, const pdm__block *block,
                            size_t r, int64_t *word, bool *null, pdm_error *err) {
    const pdm__cells *cells = &block->cells[slot->column];
    *word = 0;
    *null = cells->valid != NULL && cells->valid[r] == 0;
    if (*null) return slot->null_error ? null_value(slot, plan, block, r, err) : PDM_OK;
    int64_t value = (int64_t)cells->words[r];
    bool read_whole = slot->type != EXPERIMENT_REAL || slot->whole;
    if (slot->bit && value != 0 && value != 1) return bad_value(slot, plan, block, r, "0 or 1", value, err);
    if (read_whole && slot->not_negative && value < 0) return bad_value(slot, plan, block, r, "0 or more", value, err);
    if (slot->type != EXPERIMENT_REAL) {
        *word = value;
        return PDM_OK;
    }
    double real = 0;
    if (slot->whole) {
        if (value > LARGEST_COUNT) return bad_value(slot, plan, block, r, "at most 2^53", value, err);
        real = (double)value;
    } else {
        memcpy(&real, &cells->words[r], sizeof real);
        if (slot->not_negative && real < 0) return bad_real(slot, plan, block, r, real, err);
    }
    *word = pdm__experiment_ordered(real);
    return PDM_OK;
}

/* Integers that are all there are looked at all together; row by row only if one of them is out of range. */
static bool all_in_range(const pdm__experiment_slot *slot, const pdm__cells *cells, size_t rows) {
    if (slot->type == EXPERIMENT_REAL || cells->valid != NULL) return false;
    uint64_t seen = 0;
    for (size_t r = 0; r < rows; r++) seen |= cells->words[r];
    return pdm__experiment_takes(slot, seen);
}

pdm_status pdm__experiment_slot_column(const pdm__experiment_plan *plan, int32_t s, const pdm__block *block,
                                       uint64_t *room, uint64_t *nulls, pdm_error *err) {
    const pdm__experiment_slot *slot = &plan->slots[s];
    for (size_t r = 0; r < block->rows; r++) {
        bool null = false;
        int64_t word = 0;
        PDM__TRY(slot_word(slot, plan, block, r, &word, &null, err));
        room[r] = (uint64_t)word;
        nulls[r] |= (uint64_t)null << s;
    }
    return PDM_OK;
}

/* Key bytes of level 1: the levels of all segment columns, each with its length. */
static pdm_status put_levels(const pdm__experiment_plan *plan, const pdm__block *block, int32_t part, pdm__records *out,
                             pdm_error *err) {
    size_t bytes = 0;
    for (size_t r = 0; r < block->rows; r++) {
        for (int32_t d = 0; d < plan->segment_count; d++)
            bytes += sizeof(uint32_t) + pdm__experiment_level_size(&block->cells[plan->segments[d]], r);
    }
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, bytes, err));
    uint8_t *to = out->bytes->memory;
    for (size_t r = 0; r < block->rows; r++) {
        uint8_t *first = to;
        for (int32_t d = 0; d < plan->segment_count; d++) {
            const pdm__cells *cells = &block->cells[plan->segments[d]];
            uint32_t size = (uint32_t)pdm__experiment_level_size(cells, r);
            memcpy(to, &size, sizeof size);
            to = pdm__experiment_level_put(cells, r, to + sizeof size);
        }
        out->scratch[part][r] = 1;
        out->scratch[part + 1][r] = pdm__word_of(first);
        out->scratch[part + 2][r] = (uint64_t)(to - first);
    }
    return PDM_OK;
}

pdm_status pdm__experiment_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__experiment_plan *own = plan->own;
    if (own->options->moments_only != 0) return pdm__experiment_select_sums(plan, block, out, err);
    const pdm__cells *unit = &block->cells[EXPERIMENT_UNIT];
    int32_t at = 1;
    if (unit->lengths != NULL) {
        out->columns[1] = unit->words;
        out->columns[2] = unit->lengths;
        at = 3;
    } else {
        out->columns[0] = unit->words;
    }
    if (own->segment_count > 0) {
        PDM__TRY(put_levels(own, block, at, out, err));
        at += 3;
    }
    PDM__TRY(pdm__experiment_find_arms(own, block, out->scratch[at + EXPERIMENT_RECORD_ARM], err));
    uint64_t *nulls = out->scratch[at + EXPERIMENT_RECORD_NULLS];
    memset(nulls, 0, block->rows * sizeof *nulls);
    for (int32_t s = 0; s < own->slot_count; s++) {
        int32_t w = at + EXPERIMENT_RECORD_VALUES + s;
        const pdm__cells *cells = &block->cells[own->slots[s].column];
        if (all_in_range(&own->slots[s], cells, block->rows)) {
            out->columns[w] = cells->words;
        } else {
            PDM__TRY(pdm__experiment_slot_column(own, s, block, out->scratch[w], nulls, err));
            out->columns[w] = out->scratch[w];
        }
    }
    out->count = block->rows;
    return PDM_OK;
}

/* ---- records to units ---- */

static void add_part(const pdm__experiment_slot *slot, int64_t *words, int64_t value) {
    if (slot->bit) {
        words[0] |= value;
    } else {
        pdm__limbs_add_int(words, value);
    }
}

static void widen_range(int64_t *words, int64_t value) {
    words[0] = value < words[0] ? value : words[0];
    words[1] = value > words[1] ? value : words[1];
}

void pdm__experiment_step(const pdm__step_args *args) {
    const pdm__experiment_plan *plan = args->schema->plan;
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    uint64_t all = (UINT64_C(1) << plan->slot_count) - 1;
    bool adds = plan->options->unit_rows == PDM_EXPERIMENT_SUM;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *unit = args->units[i];
        uint64_t nulls = own[EXPERIMENT_RECORD_NULLS];
        unit[EXPERIMENT_ROWS]++;
        unit[EXPERIMENT_ARMS] = (int64_t)((uint64_t)unit[EXPERIMENT_ARMS] | UINT64_C(1) << own[EXPERIMENT_RECORD_ARM]);
        unit[EXPERIMENT_NULLS] |= (int64_t)nulls;
        unit[EXPERIMENT_VALUES] |= (int64_t)(all & ~nulls);
        for (int32_t s = 0; s < plan->slot_count; s++) {
            int64_t value = (int64_t)own[EXPERIMENT_RECORD_VALUES + s];
            int64_t *words = unit + EXPERIMENT_UNIT_WORDS + 2 * s;
            if ((nulls >> s & 1) != 0) continue;
            if (adds) {
                add_part(&plan->slots[s], words, value);
            } else {
                widen_range(words, value);
            }
        }
    }
}

/* ---- what a unit comes to ---- */

static pdm__int128 part_sum(const int64_t *words) {
    return ((pdm__int128)words[1] * ((pdm__int128)1 << 32)) + words[0];
}

int32_t pdm__experiment_unit_overflows(const pdm__experiment_plan *plan, const int64_t *words) {
    if (plan->options->unit_rows != PDM_EXPERIMENT_SUM) return -1;
    for (int32_t s = 0; s < plan->slot_count; s++) {
        if (plan->slots[s].bit) continue;
        pdm__int128 sum = part_sum(words + EXPERIMENT_UNIT_WORDS + 2 * s);
        if (sum < INT64_MIN || sum > INT64_MAX) return s;
    }
    return -1;
}

experiment_unit_state pdm__experiment_unit_read(const pdm__experiment_plan *plan, const int64_t *words, int64_t *slots,
                                                uint64_t *nulls, int32_t *arm) {
    uint64_t arms = (uint64_t)words[EXPERIMENT_ARMS];
    bool adds = plan->options->unit_rows == PDM_EXPERIMENT_SUM;
    if ((arms & (arms - 1)) != 0) return EXPERIMENT_UNIT_CROSSOVER;
    *arm = __builtin_ctzll(arms);
    *nulls = (uint64_t)words[EXPERIMENT_NULLS];
    if (!adds && (words[EXPERIMENT_NULLS] & words[EXPERIMENT_VALUES]) != 0) return EXPERIMENT_UNIT_CONFLICT;
    for (int32_t s = 0; s < plan->slot_count; s++) {
        const int64_t *slot = words + EXPERIMENT_UNIT_WORDS + 2 * s;
        bool has = ((uint64_t)words[EXPERIMENT_VALUES] >> s & 1) != 0;
        slots[s] = 0;
        if (!has) continue;
        if (adds) {
            slots[s] = plan->slots[s].bit ? slot[0] : (int64_t)part_sum(slot);
        } else if (slot[0] != slot[1]) {
            return EXPERIMENT_UNIT_CONFLICT;
        } else {
            slots[s] = slot[0];
        }
    }
    return EXPERIMENT_UNIT_GOOD;
}

/* ---- states from bytes ---- */

static pdm_status corrupt(const char *what, pdm_error *err) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: %s", what);
}

static bool real_in_range(const pdm__experiment_slot *slot, int64_t word) {
    double value = pdm__experiment_unordered(word);
    if (!isfinite(value) || pdm__experiment_ordered(value) != word) return false;
    if (slot->bit) return value == 0 || value == 1;
    if (slot->whole && (value != floor(value) || fabs(value) > 0x1p53)) return false;
    return !slot->not_negative || value >= 0;
}

static bool range_possible(const pdm__experiment_slot *slot, const int64_t *words, bool has) {
    if (!has) return words[0] == INT64_MAX && words[1] == INT64_MIN;
    if (words[0] > words[1]) return false;
    if (slot->type == EXPERIMENT_REAL) return real_in_range(slot, words[0]) && real_in_range(slot, words[1]);
    if (slot->bit) return words[0] >= 0 && words[1] <= 1;
    return !slot->not_negative || words[0] >= 0;
}

static bool sum_possible(const pdm__experiment_slot *slot, const int64_t *words, bool has) {
    if (!has) return words[0] == 0 && words[1] == 0;
    if (slot->bit) return words[0] >= 0 && words[0] <= 1 && words[1] == 0;
    return words[0] >= 0 && (!slot->not_negative || words[1] >= 0);
}

static pdm_status verify_unit(const pdm__experiment_plan *plan, const int64_t *words, pdm_error *err) {
    uint64_t all = (UINT64_C(1) << plan->slot_count) - 1;
    uint64_t arms = (uint64_t)words[EXPERIMENT_ARMS];
    uint64_t nulls = (uint64_t)words[EXPERIMENT_NULLS];
    uint64_t values = (uint64_t)words[EXPERIMENT_VALUES];
    bool adds = plan->options->unit_rows == PDM_EXPERIMENT_SUM;
    if (words[EXPERIMENT_ROWS] < 1) return corrupt("a unit without rows", err);
    if (arms == 0 || (plan->arm_count < 64 && arms >> plan->arm_count != 0)) return corrupt("a unit of no arm", err);
    if (__builtin_popcountll(arms) > words[EXPERIMENT_ROWS]) return corrupt("more arms than rows", err);
    if ((nulls | values) != all) return corrupt("a value that is neither null nor there", err);
    if ((nulls & values) != 0 && words[EXPERIMENT_ROWS] < 2) return corrupt("a value both null and there", err);
    for (int32_t s = 0; s < plan->slot_count; s++) {
        const int64_t *slot = words + EXPERIMENT_UNIT_WORDS + 2 * s;
        bool has = (values >> s & 1) != 0;
        bool null = (nulls >> s & 1) != 0;
        if (null && plan->slots[s].null_error) return corrupt("a null where none may be", err);
        if (adds ? !sum_possible(&plan->slots[s], slot, has) : !range_possible(&plan->slots[s], slot, has))
            return corrupt("values that no rows have", err);
        if (!adds && has && slot[0] != slot[1] && words[EXPERIMENT_ROWS] < 2)
            return corrupt("more values than rows", err);
    }
    return PDM_OK;
}

/* Every unit has segments, not more of them than rows; `counts` has room for the units. */
static pdm_status verify_segments(const pdm__experiment_plan *plan, const pdm__partition *partition, uint32_t *counts,
                                  pdm_error *err) {
    const pdm__keymap *units = &partition->levels[0];
    const pdm__keymap *parts = &partition->levels[1];
    pdm__experiment_level levels[PDM_EXPERIMENT_MAX_SEGMENTS];
    memset(counts, 0, units->count * sizeof *counts);
    for (uint32_t i = 0; i < parts->count; i++) {
        pdm__key key = pdm__keymap_key(parts, i);
        bool good = pdm__experiment_levels_split(key.bytes, key.length, plan->segment_count, levels);
        for (int32_t d = 0; good && d < plan->segment_count; d++)
            good = pdm__experiment_level_valid(levels[d].bytes, levels[d].length);
        if (!good) return corrupt("segments that are none", err);
        counts[key.scope]++;
    }
    for (uint32_t i = 0; i < units->count; i++) {
        if (counts[i] == 0 || counts[i] > pdm__keymap_words(units, i)[EXPERIMENT_ROWS])
            return corrupt("a unit without segments, or with more than rows", err);
    }
    return PDM_OK;
}

pdm_status pdm__experiment_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    const pdm__experiment_plan *own = plan->own;
    if (own->options->moments_only != 0) return pdm__experiment_verify_sums(plan, store, err);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *units = &store->partitions[p].levels[0];
        for (uint32_t i = 0; i < units->count; i++) PDM__TRY(verify_unit(own, pdm__keymap_words(units, i), err));
        if (own->segment_count == 0) continue;
        uint32_t *counts = NULL;
        PDM__TRY(pdm__new(run->context, units->count, sizeof *counts, &counts, err));
        pdm_status status = verify_segments(own, &store->partitions[p], counts, err);
        pdm__drop(run->context, counts, units->count, sizeof *counts);
        PDM__TRY(status);
    }
    return PDM_OK;
}
