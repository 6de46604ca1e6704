/* From the state to buyers: the orders of each unit in each group, by time. Partitions are worked on side by side. */
#include "metrics/repurchase_internal.h"

#include <pdmetrics/stats/distribution.h>

#include <stdlib.h>

#define SMALL_RUN 24
#define DAY_US INT64_C(86400000000)

/* What an entry of the state says of an order, where there is a breakdown. */
typedef struct piece {
    int64_t first; /* least time of its rows */
    int64_t last;  /* largest; only for breakdown_by latest */
    const uint8_t *order;
    uint32_t length;
    int32_t value; /* index in the dictionary */
} piece;

/* A partition's memory while its orders are gathered. */
typedef struct bench {
    size_t *starts; /* [units + 1] where the orders (pieces) of a unit begin */
    size_t units;
    piece *pieces; /* [entries] */
    size_t entries;
} bench;

typedef struct gathering {
    pdm__repurchase_facts *facts;
    bench *benches; /* [PDM__PARTITIONS] */
    int32_t breakdown_by;
} gathering;

static const pdm__keymap *orders_of(const gathering *g, size_t p) {
    return &g->facts->view->store->partitions[p].levels[1];
}

/* ---- memory: all of it before threads begin ---- */

static pdm_status reserve(gathering *g, pdm_error *err) {
    pdm_context *context = g->facts->run->context;
    bool pieces = g->breakdown_by != PDM_REPURCHASE_BREAKDOWN_NONE;
    PDM__TRY(pdm__new_zero(context, PDM__PARTITIONS, sizeof *g->benches, &g->benches, err));
    PDM__TRY(pdm__new_zero(context, PDM__PARTITIONS, sizeof *g->facts->parts, &g->facts->parts, err));
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        bench *b = &g->benches[p];
        pdm__repurchase_part *part = &g->facts->parts[p];
        b->units = g->facts->view->store->partitions[p].levels[0].count;
        b->entries = orders_of(g, p)->count;
        PDM__TRY(pdm__new_zero(context, b->units + 1, sizeof *b->starts, &b->starts, err));
        PDM__TRY(pdm__new(context, b->entries, sizeof *part->orders, &part->orders, err));
        part->capacity = b->entries;
        if (!pieces) continue;
        PDM__TRY(pdm__new(context, b->entries, sizeof *b->pieces, &b->pieces, err));
    }
    return PDM_OK;
}

static void release(gathering *g) {
    pdm_context *context = g->facts->run->context;
    for (size_t p = 0; g->benches != NULL && p < PDM__PARTITIONS; p++) {
        bench *b = &g->benches[p];
        pdm__drop(context, b->starts, b->units + 1, sizeof *b->starts);
        pdm__drop(context, b->pieces, b->entries, sizeof *b->pieces);
    }
    pdm__drop(context, g->benches, PDM__PARTITIONS, sizeof *g->benches);
}

/* ---- sorting ---- */

static bool precedes(const pdm__repurchase_order *a, const pdm__repurchase_order *b) {
    return a->group != b->group ? a->group < b->group : a->time < b->time;
}

static int by_group_and_time(const void *a, const void *b) { return precedes(a, b) ? -1 : precedes(b, a); }

/* Most units have few orders, and many have them in order. */
static void sort_orders(pdm__repurchase_order *orders, size_t count) {
    size_t sorted = 1;
    while (sorted < count && !precedes(&orders[sorted], &orders[sorted - 1])) sorted++;
    if (sorted >= count) return;
    if (count > SMALL_RUN) {
        qsort(orders, count, sizeof *orders, by_group_and_time);
        return;
    }
    for (size_t i = sorted; i < count; i++) {
        pdm__repurchase_order mine = orders[i];
        size_t at = i;
        for (; at > 0 && precedes(&mine, &orders[at - 1]); at--) orders[at] = orders[at - 1];
        orders[at] = mine;
    }
}

/* Whether an order of that local day is among the kept ones of the group, from the last back to `earliest`. */
static bool has_day(const pdm__repurchase_plan *plan, const pdm__repurchase_order *orders, size_t kept, int32_t group,
                    int64_t earliest, int64_t day) {
    for (size_t i = kept; i-- > 0 && orders[i].group == group && orders[i].time >= earliest;) {
        if (pdm_calendar_day(plan->calendar, orders[i].time) == day) return true;
    }
    return false;
}

/* Several orders of one local day become one. Returns how many are left. Where clocks are set back days can come again. */
static size_t merge_days(const pdm__repurchase_plan *plan, pdm__repurchase_order *orders, size_t count) {
    const int64_t longest_day = 4 * DAY_US;
    size_t kept = 0;
    int64_t latest = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t time = orders[i].time;
        int64_t day = pdm_calendar_day(plan->calendar, time);
        bool first = kept == 0 || orders[kept - 1].group != orders[i].group;
        int64_t earliest = time < INT64_MIN + longest_day ? INT64_MIN : time - longest_day;
        if (!first && day == latest) continue;
        if (!first && day < latest && has_day(plan, orders, kept, orders[i].group, earliest, day)) continue;
        latest = first || day > latest ? day : latest;
        orders[kept++] = orders[i];
    }
    return kept;
}

/* Counts of units become starts. */
static void add_up(size_t *starts, size_t units) {
    for (size_t u = 0; u < units; u++) starts[u + 1] += starts[u];
}

/* Starts have moved on to where each unit ends: back again. */
static void step_back(size_t *starts, size_t units) {
    for (size_t u = units; u > 0; u--) starts[u] = starts[u - 1];
    starts[0] = 0;
}

/* ---- without a breakdown: an entry is an order ---- */

static void place_orders(const gathering *g, size_t p) {
    const pdm__keymap *map = orders_of(g, p);
    bench *b = &g->benches[p];
    pdm__repurchase_part *part = &g->facts->parts[p];
    for (uint32_t id = 0; id < map->count; id++) b->starts[pdm__keymap_key(map, id).scope + 1]++;
    add_up(b->starts, b->units);
    for (uint32_t id = 0; id < map->count; id++) {
        uint32_t unit = pdm__keymap_key(map, id).scope;
        part->orders[b->starts[unit]++] =
            (pdm__repurchase_order){.time = pdm__keymap_words(map, id)[REPURCHASE_FIRST], .unit = unit, .group = 0};
    }
    step_back(b->starts, b->units);
}

/* ---- with one: entries are pieces of orders ---- */

static pdm__value value_of(const pdm__keymap *map, uint32_t id, const uint8_t **order, uint32_t *length) {
    pdm__key key = pdm__keymap_key(map, id);
    const uint8_t *at = key.bytes;
    const uint8_t *end = key.bytes + key.length;
    pdm__value value;
    (void)pdm__value_read(&at, end, &value); /* what the state holds was checked */
    *order = key.bytes;
    *length = (uint32_t)(at - key.bytes);
    (void)pdm__value_read(&at, end, &value);
    return value;
}

/* Different values of all orders. Neighbours are mostly alike, and a set that has grown much is settled before it grows again. */
static pdm_status collect_values(gathering *g, pdm_error *err) {
    pdm__value_set *set = &g->facts->values;
    size_t settled = 0;
    const uint8_t *order = NULL;
    uint32_t length = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = orders_of(g, p);
        for (uint32_t id = 0; id < map->count; id++) {
            pdm__value value = value_of(map, id, &order, &length);
            if (set->count > 0 && pdm__value_compare(&set->values[set->count - 1], &value) == 0) continue;
            if (set->count == set->capacity && set->count > 2 * settled) {
                pdm__value_set_settle(set);
                settled = set->count;
            }
            PDM__TRY(pdm__value_set_add(g->facts->run->context, set, &value, err));
        }
        if (pdm__run_poll(g->facts->run, 0)) return pdm__run_status(g->facts->run, err);
    }
    pdm__value_set_settle(set);
    if (set->count > (size_t)INT32_MAX - 1)
        return pdm__fail(err, PDM_E_LIMIT, -1, "breakdown", "more than 2^31 values to break down by");
    return PDM_OK;
}

static void place_pieces(const gathering *g, size_t p) {
    const pdm__keymap *map = orders_of(g, p);
    bench *b = &g->benches[p];
    bool has_last = g->breakdown_by == PDM_REPURCHASE_BREAKDOWN_LATEST;
    for (uint32_t id = 0; id < map->count; id++) b->starts[pdm__keymap_key(map, id).scope + 1]++;
    add_up(b->starts, b->units);
    for (uint32_t id = 0; id < map->count; id++) {
        piece *mine = &b->pieces[b->starts[pdm__keymap_key(map, id).scope]++];
        const int64_t *words = pdm__keymap_words(map, id);
        pdm__value value = value_of(map, id, &mine->order, &mine->length);
        mine->value = pdm__value_set_find(&g->facts->values, &value);
        mine->first = words[REPURCHASE_FIRST];
        mine->last = has_last ? words[REPURCHASE_LAST] : 0;
    }
    step_back(b->starts, b->units);
}

static int by_order(const void *left, const void *right) {
    const piece *a = left;
    const piece *b = right;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return memcmp(a->order, b->order, a->length);
}

/* The group of a unit: the value of its first row or of its last one; of several at that time the smallest. */
static int32_t group_of(const gathering *g, const piece *pieces, size_t count) {
    bool latest = g->breakdown_by == PDM_REPURCHASE_BREAKDOWN_LATEST;
    const piece *found = &pieces[0];
    for (size_t i = 1; i < count; i++) {
        const piece *mine = &pieces[i];
        bool tied = latest ? mine->last == found->last : mine->first == found->first;
        bool further = latest ? mine->last > found->last : mine->first < found->first;
        if (further || (tied && mine->value < found->value)) found = mine;
    }
    return found->value;
}

/* Writes the orders of a unit; returns how many. */
static size_t join_pieces(const gathering *g, uint32_t unit, piece *pieces, size_t count, pdm__repurchase_order *to) {
    size_t orders = 0;
    if (g->breakdown_by == PDM_REPURCHASE_BREAKDOWN_SAME_VALUE) {
        for (size_t i = 0; i < count; i++)
            to[i] = (pdm__repurchase_order){.time = pieces[i].first, .unit = unit, .group = pieces[i].value};
        return count;
    }
    int32_t group = count > 0 ? group_of(g, pieces, count) : 0;
    if (count > 1) qsort(pieces, count, sizeof *pieces, by_order);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && by_order(&pieces[i - 1], &pieces[i]) == 0) {
            if (pieces[i].first < to[orders - 1].time) to[orders - 1].time = pieces[i].first;
        } else {
            to[orders++] = (pdm__repurchase_order){.time = pieces[i].first, .unit = unit, .group = group};
        }
    }
    return orders;
}

/* ---- a partition ---- */

static void gather_partition(void *argument, size_t p) {
    gathering *g = argument;
    bench *b = &g->benches[p];
    const pdm__repurchase_plan *plan = g->facts->plan;
    pdm__repurchase_part *part = &g->facts->parts[p];
    bool pieces = g->breakdown_by != PDM_REPURCHASE_BREAKDOWN_NONE;
    if (pdm__run_poll(g->facts->run, 0)) return;
    if (pieces) {
        place_pieces(g, p);
    } else {
        place_orders(g, p);
    }
    for (size_t u = 0; u < b->units; u++) {
        size_t first = b->starts[u];
        size_t count = b->starts[u + 1] - first;
        pdm__repurchase_order *to = part->orders + part->count;
        if (pieces) {
            count = join_pieces(g, (uint32_t)u, b->pieces + first, count, to);
        } else if (to != part->orders + first) { /* days were merged before */
            memmove(to, part->orders + first, count * sizeof *to);
        }
        sort_orders(to, count);
        if (plan->options->same_day == PDM_REPURCHASE_SAME_DAY_MERGE) count = merge_days(plan, to, count);
        part->count += count;
    }
}

/* ---- groups and periods ---- */

/* Only values that somebody is grouped under are groups. */
static void number_groups(pdm__repurchase_facts *facts, int32_t *map) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (size_t i = 0; i < facts->parts[p].count; i++) map[facts->parts[p].orders[i].group] = 1;
    }
    for (size_t v = 0; v < facts->value_count; v++) {
        if (map[v] == 0) continue;
        facts->groups[facts->group_count] = (int32_t)v;
        map[v] = facts->group_count++;
    }
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        pdm__repurchase_part *part = &facts->parts[p];
        for (size_t i = 0; i < part->count; i++) part->orders[i].group = map[part->orders[i].group];
    }
}

static pdm_status make_groups(gathering *g, pdm_error *err) {
    pdm__repurchase_facts *facts = g->facts;
    pdm_context *context = facts->run->context;
    int32_t *map = NULL;
    if (g->breakdown_by == PDM_REPURCHASE_BREAKDOWN_NONE) {
        facts->group_count = 1;
        return PDM_OK;
    }
    facts->value_count = facts->values.count;
    PDM__TRY(pdm__new(context, facts->value_count, sizeof *facts->groups, &facts->groups, err));
    PDM__TRY(pdm__new_zero(context, facts->value_count, sizeof *map, &map, err));
    number_groups(facts, map);
    pdm__drop(context, map, facts->value_count, sizeof *map);
    return PDM_OK;
}

/* The first order of all, and the most that a buyer has. false: there is none. */
static bool look_over(pdm__repurchase_facts *facts, int64_t *earliest) {
    bool any = false;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (size_t at = 0; at < facts->parts[p].count;) {
            pdm__repurchase_buyer buyer = pdm__repurchase_buyer_at(facts, p, at);
            int64_t mine = buyer.orders[0].time;
            if (!any || mine < *earliest) *earliest = mine;
            facts->longest = buyer.count > facts->longest ? buyer.count : facts->longest;
            any = true;
            at += buyer.count;
        }
    }
    return any;
}

static void choose_periods(pdm__repurchase_facts *facts) {
    const pdm__period_range *range = &facts->plan->range;
    int64_t earliest = 0;
    bool any = look_over(facts, &earliest);
    facts->as_of = pdm__as_of_view(facts->view, facts->plan->options->as_of);
    facts->first = 0;
    facts->last = -1;
    if ((!range->has_first && !any) || (!range->has_last && !facts->as_of.known)) return;
    facts->first = range->has_first ? range->first : pdm__repurchase_period(facts, earliest);
    facts->last = range->has_last ? range->last : pdm__repurchase_period(facts, facts->as_of.time);
}

pdm_status pdm__repurchase_gather(pdm__repurchase_facts *facts, pdm_error *err) {
    gathering g = {.facts = facts, .breakdown_by = facts->plan->options->breakdown_by};
    pdm_status status = reserve(&g, err);
    if (status == PDM_OK && g.breakdown_by != PDM_REPURCHASE_BREAKDOWN_NONE) status = collect_values(&g, err);
    if (status == PDM_OK) {
        pdm__run_parallel(facts->run, PDM__PARTITIONS, gather_partition, &g);
        status = pdm__run_status(facts->run, err);
    }
    if (status == PDM_OK) status = make_groups(&g, err);
    release(&g);
    if (status != PDM_OK) return status;
    choose_periods(facts);
    facts->z = pdm_normal_isf((1 - facts->plan->options->conf_level) / 2);
    return PDM_OK;
}

void pdm__repurchase_clear(pdm__repurchase_facts *facts) {
    pdm_context *context = facts->run->context;
    for (size_t p = 0; facts->parts != NULL && p < PDM__PARTITIONS; p++)
        pdm__drop(context, facts->parts[p].orders, facts->parts[p].capacity, sizeof *facts->parts[p].orders);
    pdm__drop(context, facts->parts, PDM__PARTITIONS, sizeof *facts->parts);
    pdm__value_set_clear(context, &facts->values);
    pdm__drop(context, facts->groups, facts->value_count, sizeof *facts->groups);
}

pdm__repurchase_buyer pdm__repurchase_buyer_at(const pdm__repurchase_facts *facts, size_t partition, size_t at) {
    const pdm__repurchase_part *part = &facts->parts[partition];
    const pdm__repurchase_order *first = &part->orders[at];
    size_t end = at + 1;
    while (end < part->count && part->orders[end].unit == first->unit && part->orders[end].group == first->group) end++;
    return (pdm__repurchase_buyer){.orders = first, .count = end - at, .partition = partition};
}
