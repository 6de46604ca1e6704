/*
 * Kept units become sums: twice over the partitions, first for the levels of the segments and the caps, then for the
 * sums.
 */
#include "metrics/experiment_internal.h"

#include <inttypes.h>
#include <stdio.h>

#define NO_GROUP UINT32_MAX
#define SEVERAL_GROUPS (UINT32_MAX - 1)

/* ---- units that contradict themselves ---- */

static pdm_status note_crossing(pdm__experiment_work *work, uint64_t arms, pdm_error *err) {
    work->crossovers++;
    for (int32_t i = 0; i < work->crossing_count; i++) {
        if (work->crossings[i].arms != arms) continue;
        work->crossings[i].units++;
        return PDM_OK;
    }
    if (work->crossing_count == work->crossing_capacity) {
        int32_t capacity = work->crossing_capacity == 0 ? 16 : work->crossing_capacity * 2;
        PDM__TRY(pdm__renew(work->context, (size_t)work->crossing_capacity, (size_t)capacity, sizeof *work->crossings,
                            &work->crossings, err));
        work->crossing_capacity = capacity;
    }
    work->crossings[work->crossing_count++] = (pdm__experiment_crossing){arms, 1};
    return PDM_OK;
}

static void name_key(int32_t kind, const pdm__key *key, char *out, size_t room) {
    if (kind == PDM__KEY_TEXT) {
        int shown = key->length > 60 ? 60 : (int)key->length;
        while (shown > 0 && shown < (int)key->length && (key->bytes[shown] & 0xC0) == 0x80) shown--;
        (void)snprintf(out, room, "\"%.*s\"", shown, shown == 0 ? "" : (const char *)key->bytes);
    } else if (kind == PDM__KEY_UINT) {
        (void)snprintf(out, room, "%" PRIu64, key->word);
    } else {
        (void)snprintf(out, room, "%" PRId64, (int64_t)key->word);
    }
}

static pdm_status refuse_unit(const pdm__experiment_work *work, const int64_t *words, const char *name,
                              pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    int64_t slots[EXPERIMENT_SLOTS];
    uint64_t nulls = 0;
    int32_t arm = 0;
    experiment_unit_state state = pdm__experiment_unit_read(plan, words, slots, &nulls, &arm);
    if (state == EXPERIMENT_UNIT_CROSSOVER && plan->options->crossover == PDM_EXPERIMENT_ERROR)
        return pdm__fail(err, PDM_E_CROSSOVER, -1, "variant", "unit %s is in several arms (crossover error)", name);
    if (state == EXPERIMENT_UNIT_CONFLICT && plan->options->conflict == PDM_EXPERIMENT_ERROR)
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "unit", "unit %s has rows of different values (conflict error)",
                         name);
    int32_t over = state == EXPERIMENT_UNIT_CROSSOVER ? -1 : pdm__experiment_unit_overflows(plan, words);
    if (over < 0) return PDM_OK;
    const char *column = plan->columns[plan->slots[over].column].name;
    return pdm__fail(err, PDM_E_OVERFLOW, -1, column, "column \"%s\": the sum of unit %s exceeds int64", column, name);
}

/* The least unit that the policies refuse, so that the message is always the same. */
static pdm_status refuse(const pdm__experiment_work *work, pdm_error *err) {
    const pdm__store *store = work->view->store;
    size_t count = pdm__store_count(store, 0);
    pdm__entry_ref *order = NULL;
    PDM__TRY(pdm__new(work->context, count, sizeof *order, &order, err));
    pdm_status status = pdm__store_order(store, work->run, 0, order, err);
    for (size_t i = 0; i < count && status == PDM_OK; i++) {
        char name[96];
        pdm__key key = pdm__store_key(store, 0, order[i]);
        name_key(store->schema.levels[0].key_kind, &key, name, sizeof name);
        status = refuse_unit(work, pdm__store_words(store, 0, order[i]), name, err);
    }
    pdm__drop(work->context, order, count, sizeof *order);
    return status;
}

/* ---- segments of a partition's units ---- */

/* Entries of a unit say the same of a dimension, or the unit is in none of its groups. */
static void compare_parts(const pdm__experiment_plan *plan, const pdm__keymap *parts, uint32_t *groups) {
    size_t width = (size_t)plan->segment_count;
    pdm__experiment_level first[PDM_EXPERIMENT_MAX_SEGMENTS];
    pdm__experiment_level mine[PDM_EXPERIMENT_MAX_SEGMENTS];
    for (uint32_t i = 0; i < parts->count; i++) {
        pdm__key key = pdm__keymap_key(parts, i);
        uint32_t *of_unit =
            groups + key.scope * (width + 1); /* the first entry of the unit, then a word for each dimension */
        if (of_unit[0] == NO_GROUP) {
            of_unit[0] = i;
            continue;
        }
        pdm__key other = pdm__keymap_key(parts, of_unit[0]);
        (void)pdm__experiment_levels_split(other.bytes, other.length, plan->segment_count, first);
        (void)pdm__experiment_levels_split(key.bytes, key.length, plan->segment_count, mine);
        for (size_t d = 0; d < width; d++) {
            bool same =
                first[d].length == mine[d].length && memcmp(first[d].bytes, mine[d].bytes, first[d].length) == 0;
            if (!same) of_unit[1 + d] = SEVERAL_GROUPS;
        }
    }
}

/* groups[unit][1 + dimension]: id of its level, or that it has several. Units that do not count give no levels. */
static pdm_status find_segments(pdm__experiment_work *work, const pdm__partition *partition, uint32_t *groups,
                                pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    size_t width = (size_t)plan->segment_count;
    const pdm__keymap *units = &partition->levels[0];
    pdm__experiment_level levels[PDM_EXPERIMENT_MAX_SEGMENTS];
    int64_t slots[EXPERIMENT_SLOTS];
    uint64_t nulls = 0;
    int32_t arm = 0;
    for (size_t i = 0; i < units->count * (width + 1); i++) groups[i] = NO_GROUP;
    compare_parts(plan, &partition->levels[1], groups);
    for (uint32_t i = 0; i < units->count; i++) {
        uint32_t *mine = groups + i * (width + 1);
        const int64_t *words = pdm__keymap_words(units, i);
        if (pdm__experiment_unit_read(plan, words, slots, &nulls, &arm) != EXPERIMENT_UNIT_GOOD) continue;
        pdm__key key = pdm__keymap_key(&partition->levels[1], mine[0]);
        (void)pdm__experiment_levels_split(key.bytes, key.length, plan->segment_count, levels);
        for (size_t d = 0; d < width; d++) {
            if (mine[1 + d] == SEVERAL_GROUPS) continue;
            PDM__TRY(pdm__experiment_note_level(work, (int32_t)d, &levels[d], &mine[1 + d], err));
        }
    }
    return PDM_OK;
}

/* Calls `body` with each partition and the segments of its units. */
static pdm_status walk(pdm__experiment_work *work,
                       pdm_status (*body)(pdm__experiment_work *, const pdm__partition *, const uint32_t *,
                                          pdm_error *),
                       pdm_error *err) {
    const pdm__store *store = work->view->store;
    size_t width = (size_t)work->plan->segment_count;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        size_t count = width == 0 ? 0 : partition->levels[0].count * (width + 1);
        uint32_t *groups = NULL;
        PDM__TRY(pdm__new(work->context, count, sizeof *groups, &groups, err));
        pdm_status status = width == 0 ? PDM_OK : find_segments(work, partition, groups, err);
        if (status == PDM_OK) status = body(work, partition, groups, err);
        pdm__drop(work->context, groups, count, sizeof *groups);
        PDM__TRY(status);
        if (pdm__run_poll(work->run, (int64_t)partition->levels[0].count)) return pdm__run_status(work->run, err);
    }
    return PDM_OK;
}

/* ---- first pass: what there is ---- */

static pdm_status look_at(pdm__experiment_work *work, const pdm__partition *partition, const uint32_t *groups,
                          pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    const pdm__keymap *units = &partition->levels[0];
    int64_t slots[EXPERIMENT_SLOTS];
    uint64_t nulls = 0;
    int32_t arm = 0;
    (void)groups;
    for (uint32_t i = 0; i < units->count; i++) {
        const int64_t *words = pdm__keymap_words(units, i);
        experiment_unit_state state = pdm__experiment_unit_read(work->plan, words, slots, &nulls, &arm);
        work->all_units++;
        if (state == EXPERIMENT_UNIT_CROSSOVER) {
            if (o->crossover == PDM_EXPERIMENT_ERROR) return refuse(work, err);
            PDM__TRY(note_crossing(work, (uint64_t)words[EXPERIMENT_ARMS], err));
            continue;
        }
        if (pdm__experiment_unit_overflows(work->plan, words) >= 0) return refuse(work, err);
        if (state == EXPERIMENT_UNIT_CONFLICT) {
            if (o->conflict == PDM_EXPERIMENT_ERROR) return refuse(work, err);
            work->conflicts++;
            continue;
        }
        if (o->unit_rows == PDM_EXPERIMENT_ONE) work->duplicate_rows += words[EXPERIMENT_ROWS] - 1;
    }
    return PDM_OK;
}

/* ---- second pass: sums ---- */

static int64_t *cell_at(const pdm__experiment_work *work, int32_t group, int32_t arm) {
    size_t cell = (size_t)group * (size_t)work->plan->arm_count + (size_t)arm;
    return work->cells + cell * (size_t)work->plan->cell_words;
}

static void add_unit(const pdm__experiment_work *work, int32_t group, int32_t arm, const int64_t *slots,
                     uint64_t nulls) {
    const pdm__experiment_plan *plan = work->plan;
    int64_t *cell = cell_at(work, group, arm);
    cell[0]++;
    for (int32_t m = 0; m < plan->metric_count; m++) {
        const pdm__experiment_metric *metric = &plan->metrics[m];
        const pdm__experiment_caps *caps = pdm__experiment_is_winsorised(metric) ? work->caps[m] : NULL;
        pdm__experiment_add_slots(plan, metric, slots, nulls, caps, cell + metric->at);
    }
}

static pdm_status add_units(pdm__experiment_work *work, const pdm__partition *partition, const uint32_t *groups,
                            pdm_error *err) {
    const pdm__keymap *units = &partition->levels[0];
    size_t width = (size_t)work->plan->segment_count;
    int64_t slots[EXPERIMENT_SLOTS];
    (void)err;
    for (uint32_t i = 0; i < units->count; i++) {
        uint64_t nulls = 0;
        int32_t arm = 0;
        const int64_t *words = pdm__keymap_words(units, i);
        if (pdm__experiment_unit_read(work->plan, words, slots, &nulls, &arm) != EXPERIMENT_UNIT_GOOD) continue;
        add_unit(work, 0, arm, slots, nulls);
        bool several = false;
        for (size_t d = 0; d < width; d++) {
            uint32_t id = groups[i * (width + 1) + 1 + d];
            several |= id == SEVERAL_GROUPS;
            if (id != SEVERAL_GROUPS) add_unit(work, (int32_t)work->rank_of[id], arm, slots, nulls);
        }
        work->segment_conflicts += several;
    }
    return PDM_OK;
}

pdm_status pdm__experiment_gather_units(pdm__experiment_work *work, pdm_error *err) {
    PDM__TRY(walk(work, look_at, err));
    PDM__TRY(pdm__experiment_order_groups(work, err));
    PDM__TRY(pdm__experiment_find_caps(work, err));
    return walk(work, add_units, err);
}
