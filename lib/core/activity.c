#include "core/activity.h"

enum { COUNT_ROWS, COUNT_FIRST, COUNT_LAST, COUNT_WORDS };

static const pdm__field bit_fields[] = {{.name = "active", .merge = PDM__OR}};
static const pdm__field count_fields[] = {
    [COUNT_ROWS] = {.name = "rows", .merge = PDM__SUM_COUNT},
    [COUNT_FIRST] = {.name = "first", .merge = PDM__MIN, .identity = INT64_MAX},
    [COUNT_LAST] = {.name = "last", .merge = PDM__MAX, .identity = INT64_MIN},
};
static const pdm__field seen_fields[] = {{.name = "first_seen", .merge = PDM__MIN, .identity = INT64_MAX}};

/* ---- in ---- */

static inline void step_seen(const pdm__step_args *args, size_t i, const uint64_t *own) {
    int64_t seen = (int64_t)own[1];
    if (seen < args->units[i][0]) args->units[i][0] = seen;
}

static void step_bits(const pdm__step_args *args) {
    const pdm__activity_plan *plan = args->schema->plan;
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *words = pdm__keymap_words(&args->partition->levels[1], args->parts[i]);
        words[0] = (int64_t)((uint64_t)words[0] | own[0]);
        if (plan->first_seen) step_seen(args, i, own);
    }
}

static void step_counts(const pdm__step_args *args) {
    const pdm__activity_plan *plan = args->schema->plan;
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *words = pdm__keymap_words(&args->partition->levels[1], args->parts[i]);
        int64_t time = (int64_t)own[0];
        words[COUNT_ROWS] += 1;
        words[COUNT_FIRST] = time < words[COUNT_FIRST] ? time : words[COUNT_FIRST];
        words[COUNT_LAST] = time > words[COUNT_LAST] ? time : words[COUNT_LAST];
        if (plan->first_seen) step_seen(args, i, own);
    }
}

/* Presence alone: the period, and first_seen if it is asked for. */
static void widen_presence(const pdm__schema *schema, const uint64_t *narrow, size_t count, uint64_t *records) {
    size_t unit = (size_t)schema->part_at;
    for (size_t i = 0; i < count; i++) {
        int64_t period = (int64_t)narrow[unit];
        uint64_t *own = pdm__part_widen(schema, narrow, period, records);
        own[0] = pdm__period_bit(period);
        if (schema->own_words > 1) own[1] = narrow[unit + 1];
        narrow += schema->bucket_words;
        records += schema->record_words;
    }
}

void pdm__activity_prepare(pdm__activity_plan *activity, pdm__plan *plan) {
    bool by_time = activity->breakdown_by == PDM__BREAKDOWN_ENTRY || activity->breakdown_by == PDM__BREAKDOWN_LATEST;
    bool bits = !activity->counts && !by_time;
    activity->layout = pdm__part_layout_of(bits, false, activity->breakdown_by);
    plan->unit_column = activity->unit_column;
    plan->use[activity->unit_column] = PDM__REQUIRED;
    plan->use[activity->time_column] = PDM__REQUIRED;
    plan->use[activity->breakdown_column] = activity->layout.has_breakdown ? PDM__REQUIRED : PDM__UNUSED;
    if (activity->first_seen) plan->use[activity->first_seen_column] = PDM__REQUIRED;
    pdm__schema *schema = &plan->schema;
    schema->levels[0] =
        (pdm__level){.name = "units", .fields = seen_fields, .field_count = activity->first_seen ? 1 : 0, .repeat = 1};
    schema->levels[1] =
        pdm__parts_level(&activity->layout, bits ? bit_fields : count_fields, bits ? 1 : (int32_t)COUNT_WORDS);
    schema->level_count = 2;
    schema->own_words = activity->first_seen ? 2 : 1;
    schema->step = bits ? step_bits : step_counts;
    if (pdm__part_is_presence(&activity->layout)) {
        schema->widen = widen_presence;
        schema->narrow_words = schema->own_words;
    }
}

/* A unit without a date is as if it came last. */
static void put_first_seen(const pdm__activity_plan *activity, const pdm__block *block, uint64_t *to) {
    const pdm__cells *seen = &block->cells[activity->first_seen_column];
    for (size_t i = 0; i < block->rows; i++) to[i] = pdm__cell_given(seen, i) ? seen->words[i] : (uint64_t)INT64_MAX;
}

void pdm__activity_essence(const pdm__plan *plan, const pdm__block *block, pdm__essence *out) {
    const pdm__activity_plan *activity = plan->own;
    const int64_t *times = (const int64_t *)(const void *)block->cells[activity->time_column].words;
    if (!pdm__part_is_presence(&activity->layout)) return;
    pdm__periods_of(activity->calendar, activity->grain, times, block->rows, (int64_t *)(void *)out->scratch[0]);
    if (activity->first_seen) put_first_seen(activity, block, out->scratch[1]);
    out->count = activity->first_seen ? 2 : 1;
    for (int32_t c = 0; c < out->count; c++) out->words[c] = out->scratch[c];
}

pdm_status pdm__activity_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__activity_plan *activity = plan->own;
    const uint64_t *times = block->cells[activity->time_column].words;
    int64_t periods[PDM__BLOCK_ROWS];
    int32_t own = 0;
    pdm__periods_of(activity->calendar, activity->grain, (const int64_t *)(const void *)times, block->rows, periods);
    pdm__part_rows rows = {.unit = &block->cells[activity->unit_column],
                           .breakdown = &block->cells[activity->breakdown_column],
                           .periods = periods,
                           .count = block->rows};
    PDM__TRY(pdm__parts_select(&activity->layout, block->context, &rows, out, &own, err));
    uint64_t *words = out->scratch[own];
    bool presence = pdm__part_is_presence(&activity->layout);
    for (size_t i = 0; i < block->rows; i++) {
        words[i] = presence ? (uint64_t)periods[i] : activity->layout.bits ? pdm__period_bit(periods[i]) : times[i];
    }
    if (activity->first_seen) put_first_seen(activity, block, out->scratch[own + 1]);
    return PDM_OK;
}

/* ---- states from bytes ---- */

pdm_status pdm__activity_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    const pdm__activity_plan *activity = plan->own;
    PDM__TRY(pdm__parts_verify(&activity->layout, store, run, err));
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[1];
        for (uint32_t id = 0; id < map->count; id++) {
            const int64_t *words = pdm__keymap_words(map, id);
            bool good = activity->layout.bits ? words[0] != 0
                                              : words[COUNT_ROWS] > 0 && words[COUNT_FIRST] <= words[COUNT_LAST];
            if (!good)
                return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                                 "these bytes are no valid state: a period without activity");
        }
    }
    return PDM_OK;
}

/* ---- out ---- */

pdm_status pdm__subjects_begin(pdm__subjects *subjects, const pdm__activity_plan *plan, const pdm__store *store,
                               size_t partition, const pdm__value_set *groups) {
    *subjects = (pdm__subjects){.plan = plan, .store = store, .partition = partition};
    return pdm__parts_order(&plan->layout, store, partition, groups, &subjects->parts, NULL);
}

void pdm__subjects_clear(pdm__subjects *subjects) {
    if (subjects->store == NULL) return;
    pdm__parts_clear(subjects->store->context, &subjects->parts);
    pdm__drop(subjects->store->context, subjects->active, subjects->capacity, sizeof *subjects->active);
    memset(subjects, 0, sizeof *subjects);
}

static pdm_status need_active(pdm__subjects *subjects, size_t parts) {
    size_t wanted = subjects->plan->layout.bits ? 64 * parts : parts;
    if (wanted <= subjects->capacity) return PDM_OK;
    wanted += wanted / 2;
    PDM__TRY(pdm__renew(subjects->store->context, subjects->capacity, wanted, sizeof *subjects->active,
                        &subjects->active, NULL));
    subjects->capacity = wanted;
    return PDM_OK;
}

static size_t expand_bits(int64_t first, uint64_t bits, pdm__active *to) {
    size_t n = 0;
    for (; bits != 0; bits &= bits - 1) to[n++] = (pdm__active){first + __builtin_ctzll(bits), 1};
    return n;
}

/* Of the parts of one unit: the value of its first row, or of its last; at equal times the smallest one. */
typedef struct touch {
    int64_t time;
    int32_t group;
} touch;

static void touch_part(touch *best, bool latest, const int64_t *words, int32_t group) {
    int64_t time = latest ? words[COUNT_LAST] : words[COUNT_FIRST];
    bool better = latest ? time > best->time : time < best->time;
    if (better || (time == best->time && group < best->group)) *best = (touch){time, group};
}

pdm_status pdm__subjects_next(pdm__subjects *subjects, pdm__subject *out, bool *more) {
    const pdm__parts *parts = &subjects->parts;
    const pdm__partition *partition = &subjects->store->partitions[subjects->partition];
    bool latest = subjects->plan->breakdown_by == PDM__BREAKDOWN_LATEST;
    *more = subjects->at < parts->count;
    if (!*more) return PDM_OK;
    size_t end = pdm__parts_subject_end(parts, subjects->at);
    const pdm__part *first = &parts->items[subjects->at];
    touch best = {latest ? INT64_MIN : INT64_MAX, INT32_MAX};
    size_t n = 0;
    PDM__TRY(need_active(subjects, end - subjects->at));
    for (size_t i = subjects->at; i < end; i++) {
        const pdm__part *part = &parts->items[i];
        const int64_t *words = pdm__keymap_words(&partition->levels[1], part->id);
        if (subjects->plan->layout.bits) {
            n += expand_bits(part->period, (uint64_t)words[0], subjects->active + n);
            continue;
        }
        touch_part(&best, latest, words, part->group);
        if (n > 0 && subjects->active[n - 1].period == part->period) {
            subjects->active[n - 1].rows += words[COUNT_ROWS];
        } else {
            subjects->active[n++] = (pdm__active){part->period, words[COUNT_ROWS]};
        }
    }
    bool held = subjects->plan->layout.bits || subjects->plan->layout.breakdown_held;
    *out = (pdm__subject){.unit = first->unit,
                          .group = held ? first->group : best.group,
                          .first_seen = INT64_MAX,
                          .active = subjects->active,
                          .count = n};
    if (subjects->plan->first_seen) out->first_seen = pdm__keymap_words(&partition->levels[0], first->unit)[0];
    subjects->at = end;
    return PDM_OK;
}

pdm__period_range pdm__activity_range(const pdm__view *view, pdm_period period, int64_t date_from, int64_t date_to,
                                      const pdm__as_of *as_of) {
    const pdm_calendar *calendar = view->setup->calendar;
    pdm__period_range range = pdm__dates_range(calendar, period, date_from, date_to);
    bool any = view->time_min <= view->time_max;
    if (!range.has_first) range.first = any ? pdm_calendar_period(calendar, period, view->time_min) : 1;
    if (!range.has_last) range.last = as_of->known ? pdm_calendar_period(calendar, period, as_of->time) : 0;
    if (!range.has_first && !any) range.last = 0; /* nothing says where to begin */
    if (!range.has_last && !as_of->known) range.last = range.first - 1;
    return range;
}
