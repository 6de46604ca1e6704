#include "core/period_parts.h"

#include "core/periods.h"

#include <stdlib.h>

/* ---- in ---- */

/* The periods of a block are 64 · block …; an arithmetic shift floors. */
static inline int64_t part_number(const pdm__part_layout *layout, int64_t period) {
    return layout->bits ? (period - (int64_t)((uint64_t)period & 63)) / 64 : period;
}

static size_t values_size(const pdm__part_layout *layout, const pdm__part_rows *rows, size_t row) {
    return (layout->has_hold ? pdm__value_size(rows->hold, row, false) : 0) +
           (layout->has_breakdown ? pdm__value_size(rows->breakdown, row, true) : 0);
}

static inline size_t row_of(const pdm__part_rows *rows, size_t i) { return rows->kept == NULL ? i : rows->kept[i]; }

static uint8_t *put_key(const pdm__part_layout *layout, const pdm__part_rows *rows, size_t row, uint8_t *to) {
    uint64_t word = (uint64_t)part_number(layout, rows->periods[row]) ^ UINT64_C(1) << 63;
    for (int32_t i = 7; i >= 0; i--) *to++ = (uint8_t)(word >> (8 * i));
    if (layout->has_hold) to = pdm__value_put(rows->hold, row, false, to);
    return layout->has_breakdown ? pdm__value_put(rows->breakdown, row, true, to) : to;
}

static pdm_status put_keys(const pdm__part_layout *layout, pdm_context *context, const pdm__part_rows *rows,
                           int32_t part, pdm__records *out, pdm_error *err) {
    size_t bytes = 8 * rows->count;
    for (size_t i = 0; i < rows->count; i++) bytes += values_size(layout, rows, row_of(rows, i));
    PDM__TRY(pdm__key_bytes_need(context, out->bytes, bytes, err));
    uint8_t *to = out->bytes->memory;
    for (size_t i = 0; i < rows->count; i++) {
        uint8_t *end = put_key(layout, rows, row_of(rows, i), to);
        out->scratch[part][i] = 1;
        out->scratch[part + 1][i] = pdm__word_of(to);
        out->scratch[part + 2][i] = (uint64_t)(end - to);
        to = end;
    }
    return PDM_OK;
}

/* Of the rows that matter; all of them need no copy. */
static void put_column(const pdm__part_rows *rows, const uint64_t *words, int32_t w, pdm__records *out) {
    if (rows->kept == NULL) {
        out->columns[w] = words;
        return;
    }
    for (size_t i = 0; i < rows->count; i++) out->scratch[w][i] = words[rows->kept[i]];
}

pdm_status pdm__parts_select(const pdm__part_layout *layout, pdm_context *context, const pdm__part_rows *rows,
                             pdm__records *out, int32_t *own, pdm_error *err) {
    bool text = rows->unit->lengths != NULL;
    int32_t part = text ? 3 : 1;
    put_column(rows, rows->unit->words, text ? 1 : 0, out);
    if (text) put_column(rows, rows->unit->lengths, 2, out);
    out->count = rows->count;
    if (pdm__part_has_values(layout)) {
        *own = part + 3;
        return put_keys(layout, context, rows, part, out, err);
    }
    if (layout->bits) { /* in buckets there is nothing of level 1 */
        *own = part;
        return PDM_OK;
    }
    *own = part + 2;
    for (size_t i = 0; i < rows->count; i++) {
        out->scratch[part][i] = 1;
        out->scratch[part + 1][i] = (uint64_t)rows->periods[row_of(rows, i)];
    }
    return PDM_OK;
}

pdm__level pdm__parts_level(const pdm__part_layout *layout, const pdm__field *fields, int32_t count) {
    return (pdm__level){.name = layout->bits ? "blocks" : "periods",
                        .fields = fields,
                        .field_count = count,
                        .repeat = 1,
                        .key_kind = pdm__part_has_values(layout) ? PDM__KEY_BYTES : PDM__KEY_INT};
}

/* ---- keys read ---- */

/* false: no key of this layout. Leaves unit, id and group alone; *breakdown is the value, if there is one. */
static bool read_key(const pdm__part_layout *layout, const pdm__key *key, pdm__part *out, pdm__value *breakdown) {
    int64_t number = (int64_t)key->word;
    out->bytes = NULL;
    out->held = 0;
    out->size = 0;
    if (pdm__part_has_values(layout)) {
        const uint8_t *at = key->bytes;
        const uint8_t *end = at + key->length;
        uint64_t word = 0;
        pdm__value hold;
        if (key->length < 8) return false;
        for (int32_t i = 0; i < 8; i++) word = word << 8 | *at++;
        number = (int64_t)(word ^ UINT64_C(1) << 63);
        out->bytes = at;
        out->size = (uint32_t)(end - at);
        if (layout->has_hold && !pdm__value_read(&at, end, &hold)) return false;
        out->held = (uint32_t)(at - out->bytes);
        if (layout->has_breakdown && !pdm__value_read(&at, end, breakdown)) return false;
        if (layout->breakdown_held) out->held = out->size;
        if (at != end) return false;
    }
    if (number < -PDM__PERIOD_LIMIT || number > PDM__PERIOD_LIMIT) return false;
    out->period = layout->bits ? number * 64 : number;
    return out->period >= -PDM__PERIOD_LIMIT && out->period <= PDM__PERIOD_LIMIT;
}

pdm_status pdm__parts_verify(const pdm__part_layout *layout, const pdm__store *store, pdm__run *run, pdm_error *err) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[1];
        for (uint32_t id = 0; id < map->count; id++) {
            pdm__key key = pdm__keymap_key(map, id);
            pdm__part part;
            pdm__value breakdown;
            if (!read_key(layout, &key, &part, &breakdown))
                return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                                 "these bytes are no valid state: a period of a unit that no time lies in");
        }
        if (pdm__run_poll(run, (int64_t)map->count)) break;
    }
    return pdm__run_status(run, err);
}

/* ---- out ---- */

typedef struct group_work {
    const pdm__part_layout *layout;
    const pdm__store *store;
    pdm__run *run;
    pdm__value_set sets[PDM__PARTITIONS];
    pdm_status status[PDM__PARTITIONS];
} group_work;

/* What was restored has been verified: keys are what they should be. */
static void gather_groups(void *argument, size_t p) {
    group_work *work = argument;
    const pdm__keymap *map = &work->store->partitions[p].levels[1];
    size_t settled = 0;
    for (uint32_t id = 0; id < map->count && work->status[p] == PDM_OK; id++) {
        pdm__key key = pdm__keymap_key(map, id);
        pdm__part part;
        pdm__value value = {0};
        (void)read_key(work->layout, &key, &part, &value);
        work->status[p] = pdm__value_set_add(work->run->context, &work->sets[p], &value, NULL);
        if (work->sets[p].count < 2 * settled + 1024) continue;
        pdm__value_set_settle(&work->sets[p]); /* few values come again and again */
        settled = work->sets[p].count;
    }
    pdm__value_set_settle(&work->sets[p]);
    (void)pdm__run_poll(work->run, 0);
}

static pdm_status join_groups(group_work *work, pdm__value_set *groups, pdm_error *err) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (work->status[p] != PDM_OK)
            return pdm__fail(err, work->status[p], -1, NULL, "out of memory for the values of a breakdown");
        for (size_t i = 0; i < work->sets[p].count; i++)
            PDM__TRY(pdm__value_set_add(work->run->context, groups, &work->sets[p].values[i], err));
    }
    pdm__value_set_settle(groups);
    if (groups->count <= (size_t)INT32_MAX) return pdm__run_status(work->run, err);
    return pdm__fail(err, PDM_E_LIMIT, -1, "breakdown", "more than 2^31 values to break down by");
}

pdm_status pdm__parts_groups(const pdm__part_layout *layout, const pdm__store *store, pdm__run *run,
                             pdm__value_set *groups, pdm_error *err) {
    static const pdm__value none = {.kind = PDM__VALUE_NONE};
    memset(groups, 0, sizeof *groups);
    if (!layout->has_breakdown) return pdm__value_set_add(run->context, groups, &none, err);
    group_work *work = NULL;
    PDM__TRY(pdm__new_zero(run->context, 1, sizeof *work, &work, err));
    work->layout = layout;
    work->store = store;
    work->run = run;
    pdm__run_parallel(run, PDM__PARTITIONS, gather_groups, work);
    pdm_status status = join_groups(work, groups, err);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) pdm__value_set_clear(run->context, &work->sets[p]);
    pdm__drop(run->context, work, 1, sizeof *work);
    return status;
}

static int compare_bytes(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size) {
    uint32_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter == 0 ? 0 : memcmp(a, b, shorter);
    if (order != 0) return order;
    return a_size < b_size ? -1 : a_size > b_size;
}

static int compare_parts(const void *left, const void *right) {
    const pdm__part *a = left;
    const pdm__part *b = right;
    if (a->unit != b->unit) return a->unit < b->unit ? -1 : 1;
    int order = compare_bytes(a->bytes, a->held, b->bytes, b->held);
    if (order != 0) return order;
    if (a->period != b->period) return a->period < b->period ? -1 : 1;
    return a->group < b->group ? -1 : a->group > b->group;
}

#define FEW 12

/* The parts of a unit: few as a rule, and often in order. */
static void sort_unit(pdm__part *parts, size_t count) {
    if (count > FEW) {
        qsort(parts, count, sizeof *parts, compare_parts);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        pdm__part moved = parts[i];
        size_t at = i;
        for (; at > 0 && compare_parts(&moved, &parts[at - 1]) < 0; at--) parts[at] = parts[at - 1];
        parts[at] = moved;
    }
}

static void place_parts(const pdm__part_layout *layout, const pdm__keymap *map, const pdm__value_set *groups,
                        uint32_t *starts, pdm__part *items) {
    for (uint32_t id = 0; id < map->count; id++) {
        pdm__key key = pdm__keymap_key(map, id);
        pdm__part *part = &items[starts[key.scope]++];
        pdm__value value = {0};
        (void)read_key(layout, &key, part, &value);
        part->unit = key.scope;
        part->id = id;
        part->group = layout->has_breakdown ? pdm__value_set_find(groups, &value) : 0;
    }
}

pdm_status pdm__parts_order(const pdm__part_layout *layout, const pdm__store *store, size_t partition,
                            const pdm__value_set *groups, pdm__parts *out, pdm_error *err) {
    const pdm__keymap *map = &store->partitions[partition].levels[1];
    size_t units = store->partitions[partition].levels[0].count;
    uint32_t *starts = NULL;
    memset(out, 0, sizeof *out);
    PDM__TRY(pdm__new(store->context, map->count, sizeof *out->items, &out->items, err));
    out->count = map->count;
    pdm_status status = pdm__new_zero(store->context, units + 1, sizeof *starts, &starts, err);
    if (status != PDM_OK) {
        pdm__parts_clear(store->context, out);
        return status;
    }
    for (uint32_t id = 0; id < map->count; id++) starts[pdm__keymap_key(map, id).scope + 1]++;
    for (size_t u = 0; u < units; u++) starts[u + 1] += starts[u];
    place_parts(layout, map, groups, starts, out->items); /* now starts[u] is where unit u ends */
    for (size_t u = 0; u < units; u++) {
        uint32_t begin = u == 0 ? 0 : starts[u - 1];
        if (starts[u] - begin > 1) sort_unit(out->items + begin, starts[u] - begin);
    }
    pdm__drop(store->context, starts, units + 1, sizeof *starts);
    return PDM_OK;
}

void pdm__parts_clear(pdm_context *context, pdm__parts *parts) {
    pdm__drop(context, parts->items, parts->count, sizeof *parts->items);
    memset(parts, 0, sizeof *parts);
}

size_t pdm__parts_subject_end(const pdm__parts *parts, size_t at) {
    const pdm__part *first = &parts->items[at];
    for (at++; at < parts->count; at++) {
        const pdm__part *part = &parts->items[at];
        if (part->unit != first->unit || compare_bytes(part->bytes, part->held, first->bytes, first->held) != 0) break;
    }
    return at;
}
