/* Facets in order, the dictionary of breakdown values, and which groups are shown. */
#include "metrics/funnel_subjects.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- facets ---- */

typedef struct item {
    pdm__funnel_values v;
    uint32_t unit;
    uint32_t id;
} item;

static int compare_units(const item *a, const item *b) { return a->unit < b->unit ? -1 : a->unit > b->unit; }

static int by_case(const void *left, const void *right) {
    const item *a = left;
    const item *b = right;
    int order = compare_units(a, b);
    if (order == 0) order = pdm__value_compare(&a->v.session, &b->v.session);
    if (order == 0) order = pdm__value_compare(&a->v.hold, &b->v.hold);
    return order != 0 ? order : pdm__value_compare(&a->v.breakdown, &b->v.breakdown);
}

/* For hold_count per_unit: the values held constant of one part lie side by side. */
static int by_part(const void *left, const void *right) {
    const item *a = left;
    const item *b = right;
    int order = compare_units(a, b);
    if (order == 0) order = pdm__value_compare(&a->v.session, &b->v.session);
    if (order == 0) order = pdm__value_compare(&a->v.breakdown, &b->v.breakdown);
    return order != 0 ? order : pdm__value_compare(&a->v.hold, &b->v.hold);
}

static int by_breakdown(const void *left, const void *right) {
    return pdm__value_compare(&((const item *)left)->v.breakdown, &((const item *)right)->v.breakdown);
}

/* What is made for each partition at once. */
typedef struct making {
    pdm__funnel_work *work;
    item *items[PDM__PARTITIONS];
    pdm__value *values[PDM__PARTITIONS]; /* distinct breakdown values, [facets] room */
    size_t value_counts[PDM__PARTITIONS];
    pdm_status status[PDM__PARTITIONS];
} making;

static pdm_status read_items(making *m, size_t p) {
    const pdm__keymap *map = &m->work->view->store->partitions[p].levels[1];
    pdm__funnel_facets *facets = &m->work->facets[p];
    pdm_context *context = m->work->context;
    facets->count = map->count;
    if (map->count == 0) return PDM_OK;
    PDM__TRY(pdm__new(context, map->count, sizeof **m->items, &m->items[p], NULL));
    PDM__TRY(pdm__new(context, map->count, sizeof **m->values, &m->values[p], NULL));
    PDM__TRY(pdm__new(context, map->count, sizeof *facets->ids, &facets->ids, NULL));
    PDM__TRY(pdm__new(context, map->count, sizeof *facets->places, &facets->places, NULL));
    PDM__TRY(pdm__new(context, map->count, sizeof *facets->units, &facets->units, NULL));
    PDM__TRY(pdm__new(context, map->count, sizeof *facets->runs, &facets->runs, NULL));
    PDM__TRY(pdm__new(context, map->count, sizeof *facets->values, &facets->values, NULL));
    PDM__TRY(pdm__new(context, map->count, sizeof *facets->starts, &facets->starts, NULL));
    for (uint32_t id = 0; id < map->count; id++) {
        pdm__key key = pdm__keymap_key(map, id);
        m->items[p][id].unit = key.scope;
        m->items[p][id].id = id;
        (void)pdm__funnel_facet_read(key.bytes, key.length, &m->items[p][id].v); /* what the state holds was checked */
    }
    return PDM_OK;
}

static void distinct_values(making *m, size_t p) {
    item *items = m->items[p];
    size_t count = m->work->facets[p].count;
    size_t n = 0;
    qsort(items, count, sizeof *items, by_breakdown);
    for (size_t i = 0; i < count; i++) {
        if (items[i].v.breakdown.kind == PDM__VALUE_NONE) continue;
        if (n > 0 && pdm__value_compare(&m->values[p][n - 1], &items[i].v.breakdown) == 0) continue;
        m->values[p][n++] = items[i].v.breakdown;
    }
    m->value_counts[p] = n;
}

static void read_partition(void *argument, size_t p) {
    making *m = argument;
    m->status[p] = read_items(m, p);
    if (m->status[p] == PDM_OK && m->work->facets[p].count > 0 && m->work->plan->has_breakdown) distinct_values(m, p);
}

static int compare_values(const void *a, const void *b) { return pdm__value_compare(a, b); }

static pdm_status make_dictionary(making *m, pdm_error *err) {
    pdm__funnel_dictionary *dictionary = &m->work->dictionary;
    size_t count = 1;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) count += m->value_counts[p];
    if (count > (size_t)INT32_MAX - 1)
        return pdm__fail(err, PDM_E_LIMIT, -1, "breakdown", "more than 2^31 values to break down by");
    PDM__TRY(pdm__new_zero(m->work->context, count, sizeof *dictionary->values, &dictionary->values, err));
    dictionary->capacity = count;
    size_t n = 1; /* the first is the empty value */
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (m->value_counts[p] > 0)
            memcpy(dictionary->values + n, m->values[p], m->value_counts[p] * sizeof *dictionary->values);
        n += m->value_counts[p];
    }
    qsort(dictionary->values, n, sizeof *dictionary->values, compare_values);
    size_t kept = 1;
    for (size_t i = 1; i < n; i++) {
        if (pdm__value_compare(&dictionary->values[kept - 1], &dictionary->values[i]) == 0) continue;
        dictionary->values[kept++] = dictionary->values[i];
    }
    dictionary->count = kept;
    return PDM_OK;
}

static int32_t value_index(const pdm__funnel_dictionary *dictionary, const pdm__value *value) {
    size_t low = 0;
    for (size_t high = dictionary->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (pdm__value_compare(&dictionary->values[middle], value) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int32_t)low;
}

static bool differs(const pdm__value *a, const pdm__value *b) { return pdm__value_compare(a, b) != 0; }

static void order_partition(void *argument, size_t p) {
    making *m = argument;
    const pdm__funnel_plan *plan = m->work->plan;
    pdm__funnel_facets *facets = &m->work->facets[p];
    item *items = m->items[p];
    bool pooled = plan->has_hold && plan->options->hold_count == PDM_FUNNEL_HOLD_PER_UNIT;
    bool every = plan->options->attribution == PDM_FUNNEL_ATTRIBUTION_ALL_EVENTS;
    uint32_t run = 0;
    if (facets->count == 0) return;
    qsort(items, facets->count, sizeof *items, pooled && every ? by_part : by_case);
    for (size_t i = 0; i < facets->count; i++) {
        const item *mine = &items[i];
        const item *before = i == 0 ? NULL : &items[i - 1];
        bool unit = before == NULL || mine->unit != before->unit;
        bool session = unit || differs(&mine->v.session, &before->v.session);
        bool hold = session || differs(&mine->v.hold, &before->v.hold);
        bool value = session || (every && differs(&mine->v.breakdown, &before->v.breakdown));
        bool whole = pooled ? session : hold;
        bool starts_run = hold || value;
        run += i > 0 && starts_run;
        facets->ids[i] = mine->id;
        facets->places[mine->id] = (uint32_t)i;
        facets->units[i] = mine->unit;
        facets->runs[i] = run;
        facets->values[i] = value_index(&m->work->dictionary, &mine->v.breakdown);
        facets->starts[i] =
            (uint8_t)((starts_run ? FUNNEL_STARTS_RUN : 0) | (whole ? FUNNEL_STARTS_CASE : 0) |
                      (whole || value ? FUNNEL_STARTS_PART : 0) |
                      (plan->has_hold && mine->v.hold.kind == PDM__VALUE_NONE ? FUNNEL_WITHOUT_VALUE : 0));
    }
    facets->run_count = run + 1;
}

static pdm_status first_failure(const making *m, pdm_error *err) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (m->status[p] != PDM_OK)
            return pdm__fail(err, m->status[p], -1, NULL, "out of memory for the funnel's facets");
    }
    return PDM_OK;
}

pdm_status pdm__funnel_facets_make(pdm__funnel_work *work, pdm_error *err) {
    making *m = NULL;
    pdm_context *context = work->context;
    PDM__TRY(pdm__new_zero(context, PDM__PARTITIONS, sizeof *work->facets, &work->facets, err));
    PDM__TRY(pdm__new_zero(context, 1, sizeof *m, &m, err));
    m->work = work;
    pdm__run_parallel(work->run, PDM__PARTITIONS, read_partition, m);
    pdm_status status = first_failure(m, err);
    if (status == PDM_OK) status = make_dictionary(m, err);
    if (status == PDM_OK) pdm__run_parallel(work->run, PDM__PARTITIONS, order_partition, m);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        pdm__drop(context, m->items[p], work->facets[p].count, sizeof **m->items);
        pdm__drop(context, m->values[p], work->facets[p].count, sizeof **m->values);
    }
    pdm__drop(context, m, 1, sizeof *m);
    return status;
}

void pdm__funnel_facets_clear(pdm__funnel_work *work) {
    pdm_context *context = work->context;
    for (size_t p = 0; work->facets != NULL && p < PDM__PARTITIONS; p++) {
        pdm__funnel_facets *facets = &work->facets[p];
        pdm__drop(context, facets->ids, facets->count, sizeof *facets->ids);
        pdm__drop(context, facets->places, facets->count, sizeof *facets->places);
        pdm__drop(context, facets->units, facets->count, sizeof *facets->units);
        pdm__drop(context, facets->runs, facets->count, sizeof *facets->runs);
        pdm__drop(context, facets->values, facets->count, sizeof *facets->values);
        pdm__drop(context, facets->starts, facets->count, sizeof *facets->starts);
    }
    pdm__drop(context, work->facets, PDM__PARTITIONS, sizeof *work->facets);
    pdm__drop(context, work->dictionary.values, work->dictionary.capacity, sizeof *work->dictionary.values);
}

/* ---- trend counts ---- */

static size_t slot_of(const pdm__funnel_periods *periods, int32_t group, int64_t period) {
    uint64_t mixed =
        ((uint64_t)period * UINT64_C(0x9E3779B97F4A7C15)) ^ ((uint64_t)(uint32_t)group << 32 | (uint32_t)group);
    size_t at = (size_t)((mixed * UINT64_C(0xE7037ED1A0B428DB)) >> 32) & (periods->capacity - 1);
    while (periods->slots[at].used &&
           (periods->slots[at].bucket.group != group || periods->slots[at].bucket.period != period))
        at = (at + 1) & (periods->capacity - 1);
    return at;
}

static pdm_status grow_periods(pdm_context *context, pdm__funnel_periods *periods, pdm_error *err) {
    pdm__funnel_periods larger = {.capacity = periods->capacity == 0 ? 64 : periods->capacity * 2,
                                  .count = periods->count};
    PDM__TRY(pdm__new_zero(context, larger.capacity, sizeof *larger.slots, &larger.slots, err));
    for (size_t i = 0; i < periods->capacity; i++) {
        const pdm__funnel_slot *slot = &periods->slots[i];
        if (slot->used) larger.slots[slot_of(&larger, slot->bucket.group, slot->bucket.period)] = *slot;
    }
    pdm__drop(context, periods->slots, periods->capacity, sizeof *periods->slots);
    *periods = larger;
    return PDM_OK;
}

pdm_status pdm__funnel_periods_add(pdm_context *context, pdm__funnel_periods *periods, const pdm__funnel_bucket *more,
                                   pdm_error *err) {
    if (periods->count * 2 >= periods->capacity) PDM__TRY(grow_periods(context, periods, err));
    pdm__funnel_slot *slot = &periods->slots[slot_of(periods, more->group, more->period)];
    if (!slot->used) {
        slot->used = true;
        slot->bucket = (pdm__funnel_bucket){.group = more->group, .period = more->period};
        periods->count++;
    }
    slot->bucket.from += more->from;
    slot->bucket.to += more->to;
    return PDM_OK;
}

void pdm__funnel_periods_clear(pdm_context *context, pdm__funnel_periods *periods) {
    pdm__drop(context, periods->slots, periods->capacity, sizeof *periods->slots);
    memset(periods, 0, sizeof *periods);
}

/* ---- which groups are shown ---- */

typedef struct ranked {
    int64_t count;
    int32_t value;
} ranked;

/* Largest first, then the smallest value. */
static int by_size(const void *left, const void *right) {
    const ranked *a = left;
    const ranked *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return a->value < b->value ? -1 : a->value > b->value;
}

/* Attempts of each value that count; −1 = in the trend alone. */
static void count_values(const pdm__funnel_work *work, int64_t *counts) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__funnel_log *log = &work->logs[p];
        const pdm__funnel_periods *periods = &work->tallies[p].periods;
        for (size_t at = 0; at < log->count;) {
            pdm__funnel_seen seen;
            at = pdm__funnel_log_get(log, at, &seen);
            if (!seen.dropped && seen.group >= 0)
                counts[seen.group] = counts[seen.group] < 0 ? 1 : counts[seen.group] + 1;
        }
        for (size_t i = 0; i < periods->capacity; i++) {
            const pdm__funnel_slot *slot = &periods->slots[i];
            if (slot->used && counts[slot->bucket.group] == 0) counts[slot->bucket.group] = -1;
        }
    }
}

static void name_group(pdm__funnel_display *shown, const pdm__value *value) {
    pdm__funnel_group *group = &shown->groups[shown->count];
    char *digits = shown->digits + (size_t)shown->count * 24;
    if (value->kind == PDM__VALUE_TEXT) {
        *group = (pdm__funnel_group){(const char *)value->bytes, value->length};
    } else if (value->kind == PDM__VALUE_NONE) {
        *group = (pdm__funnel_group){NULL, 0};
    } else {
        int length = pdm__value_digits(value, digits);
        *group = (pdm__funnel_group){digits, (size_t)length};
    }
    shown->count++;
}

static void choose(pdm__funnel_work *work, pdm__funnel_display *shown, ranked *order, const int64_t *counts) {
    int32_t limit = work->plan->options->breakdown_limit;
    size_t found = 0;
    for (size_t v = 0; v < work->dictionary.count; v++) {
        if (counts[v] != 0) order[found++] = (ranked){counts[v], (int32_t)v};
        shown->map[v] = -1;
    }
    qsort(order, found, sizeof *order, by_size);
    size_t kept = limit > 0 && (size_t)limit < found ? (size_t)limit : found;
    for (size_t i = 0; i < kept; i++) shown->map[order[i].value] = 0;
    for (size_t v = 0; v < work->dictionary.count; v++) {
        if (shown->map[v] < 0) continue;
        shown->map[v] = shown->count;
        name_group(shown, &work->dictionary.values[v]);
    }
    if (kept == found) return;
    for (size_t i = kept; i < found; i++) shown->map[order[i].value] = shown->count;
    shown->groups[shown->count++] = (pdm__funnel_group){"(other)", 7};
}

pdm_status pdm__funnel_show(pdm__funnel_work *work, pdm__funnel_display *shown, pdm_error *err) {
    pdm_context *context = work->context;
    size_t values = work->dictionary.count;
    int64_t *counts = NULL;
    ranked *order = NULL;
    memset(shown, 0, sizeof *shown);
    shown->capacity = values + 1;
    pdm_status status = pdm__new(context, values + 1, sizeof *shown->groups, &shown->groups, err);
    if (status == PDM_OK) status = pdm__new(context, values + 1, 24, &shown->digits, err);
    if (status == PDM_OK) status = pdm__new(context, values + 1, sizeof *shown->map, &shown->map, err);
    if (status == PDM_OK) status = pdm__new_zero(context, values, sizeof *counts, &counts, err);
    if (status == PDM_OK) status = pdm__new(context, values, sizeof *order, &order, err);
    if (status == PDM_OK) {
        count_values(work, counts);
        choose(work, shown, order, counts);
        for (size_t p = 0; p < PDM__PARTITIONS; p++) pdm__funnel_log_regroup(&work->logs[p], shown->map);
    }
    pdm__drop(context, counts, values, sizeof *counts);
    pdm__drop(context, order, values, sizeof *order);
    return status;
}

void pdm__funnel_show_clear(pdm__funnel_work *work, pdm__funnel_display *shown) {
    pdm__drop(work->context, shown->groups, shown->capacity, sizeof *shown->groups);
    pdm__drop(work->context, shown->digits, shown->capacity, 24);
    pdm__drop(work->context, shown->map, shown->capacity, sizeof *shown->map);
}
