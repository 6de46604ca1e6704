/* Groups of units, and the exact sums of a metric in an arm and group. */
#include "metrics/experiment_internal.h"

#include <math.h>
#include <stdlib.h>

/* ---- groups ---- */

#define KEY_ROOM 512 /* longer levels are looked up from the heap */

static pdm_status find_level(pdm__experiment_work *work, int32_t dimension, pdm__key *key, uint32_t *id,
                             pdm_error *err) {
    bool added = false;
    pdm__key_hash(key, true, work->keys.seed);
    *id = pdm__keymap_find(&work->keys, key);
    if (*id != PDM__NO_ID) return PDM_OK;
    if (++work->level_counts[dimension] > work->plan->options->max_levels) {
        const char *name = work->plan->columns[work->plan->segments[dimension]].name;
        return pdm__fail(err, PDM_E_LIMIT, -1, name,
                         "column \"%s\": more than %d different segment levels (option max_levels)", name,
                         work->plan->options->max_levels);
    }
    PDM__TRY(pdm__keymap_reserve(&work->keys, 1, key->length, err));
    *id = pdm__keymap_add(&work->keys, key, &added);
    return PDM_OK;
}

pdm_status pdm__experiment_note_level(pdm__experiment_work *work, int32_t dimension, const pdm__experiment_level *level,
                                      uint32_t *id, pdm_error *err) {
    uint8_t room[KEY_ROOM];
    uint8_t *bytes = room;
    size_t size = 1 + (size_t)level->length;
    if (size > sizeof room) PDM__TRY(pdm__new(work->context, size, 1, &bytes, err));
    bytes[0] = (uint8_t)dimension;
    memcpy(bytes + 1, level->bytes, level->length);
    pdm__key key = {.bytes = bytes, .length = (uint32_t)size};
    pdm_status status = find_level(work, dimension, &key, id, err);
    if (bytes != room) pdm__drop(work->context, bytes, size, 1);
    return status;
}

static int compare_groups(const void *a, const void *b) {
    const pdm__experiment_group *x = a;
    const pdm__experiment_group *y = b;
    if (x->dimension != y->dimension) return x->dimension < y->dimension ? -1 : 1;
    uint32_t shorter = x->level.length < y->level.length ? x->level.length : y->level.length;
    int order = shorter == 0 ? 0 : memcmp(x->level.bytes, y->level.bytes, shorter);
    if (order != 0) return order;
    return x->level.length < y->level.length ? -1 : x->level.length > y->level.length;
}

pdm_status pdm__experiment_order_groups(pdm__experiment_work *work, pdm_error *err) {
    uint32_t levels = work->keys.count;
    work->group_count = (int32_t)levels + 1;
    size_t count = (size_t)work->group_count;
    PDM__TRY(pdm__new(work->context, count, sizeof *work->groups, &work->groups, err));
    PDM__TRY(pdm__new_zero(work->context, count, sizeof *work->rank_of, &work->rank_of, err));
    work->groups[0] = (pdm__experiment_group){.dimension = -1};
    for (uint32_t id = 0; id < levels; id++) {
        pdm__key key = pdm__keymap_key(&work->keys, id);
        work->groups[1 + id] = (pdm__experiment_group){key.bytes[0], {key.bytes + 1, key.length - 1}};
    }
    qsort(work->groups, count, sizeof *work->groups, compare_groups);
    for (int32_t g = 1; g < work->group_count; g++) {
        uint32_t id = 0;
        PDM__TRY(pdm__experiment_note_level(work, work->groups[g].dimension, &work->groups[g].level, &id, err));
        work->rank_of[id] = (uint32_t)g;
    }
    size_t arms = (size_t)work->plan->arm_count;
    return pdm__new_zero(work->context, count * arms, (size_t)work->plan->cell_words * sizeof *work->cells,
                         &work->cells, err);
}

void pdm__experiment_release(pdm__experiment_work *work) {
    size_t count = (size_t)work->group_count;
    size_t arms = (size_t)work->plan->arm_count;
    pdm__drop(work->context, work->groups, count, sizeof *work->groups);
    pdm__drop(work->context, work->rank_of, count, sizeof *work->rank_of);
    pdm__drop(work->context, work->cells, count * arms, (size_t)work->plan->cell_words * sizeof *work->cells);
    pdm__drop(work->context, work->crossings, (size_t)work->crossing_capacity, sizeof *work->crossings);
    pdm__keymap_clear(&work->keys);
    pdm__arena_clear(&work->keys_arena);
}

/* ---- values of a unit ---- */

static double power_of_ten(int32_t places) {
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    return powers[places];
}

void pdm__experiment_values_of(const pdm__experiment_plan *plan, const pdm__experiment_metric *m, const int64_t *slots,
                               uint64_t nulls, pdm__experiment_values *out) {
    int32_t own = m->kind == EXPERIMENT_RATIO ? 2 : 1;
    bool real = pdm__experiment_is_real(m);
    out->excluded = false;
    out->covariate_null = false;
    for (int32_t i = 0; i < m->columns; i++) {
        int32_t s = m->slots[i];
        bool null = (nulls >> s & 1) != 0;
        out->excluded |= null && i < own && m->null_value == EXPERIMENT_NULL_EXCLUDE;
        out->covariate_null |= null && i >= own;
        if (!real) {
            out->whole[i] = slots[s];
        } else if (plan->slots[s].type == EXPERIMENT_REAL) {
            out->real[i] = pdm__experiment_unordered(slots[s]);
        } else {
            out->real[i] = (double)slots[s] / power_of_ten(m->scales[i]);
        }
    }
}

static void add_reals(const pdm__experiment_metric *m, pdm__experiment_values *v, const pdm__experiment_caps *caps,
                      int64_t *words) {
    for (int32_t i = 0; caps != NULL && i < m->columns; i++) {
        bool low = caps[i].low_on && v->real[i] < caps[i].low;
        bool high = caps[i].high_on && v->real[i] > caps[i].high;
        words[EXPERIMENT_CAPPED_LOW] += i == 0 && low;
        words[EXPERIMENT_CAPPED_HIGH] += i == 0 && high;
        v->real[i] = low ? caps[i].low : high ? caps[i].high : v->real[i];
    }
    int32_t pair = 0;
    for (int32_t i = 0; i < m->columns; i++) {
        pdm__limbs_add_real(pdm__experiment_sum(m, words, i), v->real[i]);
        for (int32_t j = i; j < m->columns; j++, pair++)
            pdm__limbs_add_real_product(pdm__experiment_product(m, words, pair), v->real[i], v->real[j]);
    }
}

void pdm__experiment_add(const pdm__experiment_metric *m, pdm__experiment_values *v, const pdm__experiment_caps *caps,
                         int64_t *words) {
    if (v->excluded) {
        words[EXPERIMENT_EXCLUDED]++;
        return;
    }
    words[EXPERIMENT_N]++;
    words[EXPERIMENT_COVARIATE_NULLS] += v->covariate_null;
    if (pdm__experiment_is_real(m)) {
        add_reals(m, v, caps, words);
        return;
    }
    int64_t *sum = words + EXPERIMENT_COUNTS;
    int64_t *product = sum + m->columns * PDM__INT_LIMBS;
    for (int32_t i = 0; i < m->columns; i++, sum += PDM__INT_LIMBS) {
        pdm__limbs_add_int(sum, v->whole[i]);
        for (int32_t j = i; j < m->columns; j++, product += PDM__INT_PRODUCT_LIMBS)
            pdm__limbs_add_product(product, v->whole[i], v->whole[j]);
    }
}

void pdm__experiment_add_slots(const pdm__experiment_plan *plan, const pdm__experiment_metric *m, const int64_t *slots,
                               uint64_t nulls, const pdm__experiment_caps *caps, int64_t *words) {
    if (nulls != 0 || pdm__experiment_is_real(m)) {
        pdm__experiment_values values;
        pdm__experiment_values_of(plan, m, slots, nulls, &values);
        pdm__experiment_add(m, &values, caps, words);
        return;
    }
    /* Integers that are all there, as a rule: nothing but the sums. */
    int32_t k = m->columns;
    int64_t *sum = words + EXPERIMENT_COUNTS;
    int64_t *product = sum + k * PDM__INT_LIMBS;
    words[EXPERIMENT_N]++;
    for (int32_t i = 0; i < k; i++, sum += PDM__INT_LIMBS) {
        int64_t x = slots[m->slots[i]];
        pdm__limbs_add_int(sum, x);
        for (int32_t j = i; j < k; j++, product += PDM__INT_PRODUCT_LIMBS)
            pdm__limbs_add_product(product, x, slots[m->slots[j]]);
    }
}
