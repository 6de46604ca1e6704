/*
 * Retention's state. Presence alone: two sets of periods for each block of 64. Otherwise a part per period: least start time, return
 * rows, and as options ask least start_any time, last time, value. Under rolling_24h the rows themselves, in a journal of the unit or of
 * its values.
 */
#include "metrics/retention_internal.h"

static const pdm__field row_words[] = {
    {.name = "time", .merge = PDM__FREE},
    {.name = "is", .merge = PDM__FREE},
    {.name = "value", .merge = PDM__SUM_MONEY},
};

/* ---- steps ---- */

static void step_bits(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *words = pdm__keymap_words(&args->partition->levels[1], args->parts[i]);
        words[RET_PART_START] = (int64_t)((uint64_t)words[RET_PART_START] | own[0]);
        words[RET_PART_RETURNS] = (int64_t)((uint64_t)words[RET_PART_RETURNS] | own[1]);
    }
}

/* Presence alone: the period, and what the row is, in one word. */
enum { PRESENCE_BITS = 2, PRESENCE_MASK = RET_IS_START | RET_IS_RETURN };

static void widen_presence(const pdm__schema *schema, const uint64_t *narrow, size_t count, uint64_t *records) {
    size_t unit = (size_t)schema->part_at;
    for (size_t i = 0; i < count; i++) {
        uint64_t word = narrow[unit];
        int64_t period = (int64_t)(word & ~(uint64_t)PRESENCE_MASK) / (1 << PRESENCE_BITS);
        uint64_t bit = pdm__period_bit(period);
        uint64_t *own = pdm__part_widen(schema, narrow, period, records);
        own[0] = (word & RET_IS_START) != 0 ? bit : 0;
        own[1] = (word & RET_IS_RETURN) != 0 ? bit : 0;
        narrow += unit + 1;
        records += schema->record_words;
    }
}

static inline void take_least(int64_t *word, int64_t time) { *word = time < *word ? time : *word; }

static void step_counts(const pdm__step_args *args) {
    const pdm__retention_plan *plan = args->schema->plan;
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *words = pdm__keymap_words(&args->partition->levels[1], args->parts[i]);
        int64_t time = (int64_t)own[0];
        bool returns = (own[1] & RET_IS_RETURN) != 0;
        if ((own[1] & RET_IS_START) != 0) take_least(&words[RET_PART_START], time);
        if (plan->any_word >= 0 && (own[1] & RET_IS_ANY) != 0) take_least(&words[plan->any_word], time);
        if (plan->last_word >= 0 && time > words[plan->last_word]) words[plan->last_word] = time;
        words[RET_PART_RETURNS] += returns;
        if (plan->value_word >= 0) words[plan->value_word] += returns ? (int64_t)own[2] : 0;
    }
}

static void step_rows(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    pdm__journal *journal = &args->partition->journals[0];
    int32_t words = args->schema->journals[0].word_count;
    int64_t *to = journal->words + journal->count * (size_t)(1 + words);
    const uint64_t *own = args->records + args->schema->own_at;
    const uint32_t *ids = args->parts != NULL ? args->parts : args->ids;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        *to++ = (int64_t)ids[i];
        for (int32_t w = 0; w < words; w++) *to++ = (int64_t)own[w];
    }
    journal->count += args->count;
}

/* ---- preparing ---- */

static void use_columns(const pdm__retention_plan *mine, pdm__plan *plan) {
    const pdm_retention_options *options = mine->options;
    plan->unit_column = RET_UNIT;
    plan->use[RET_UNIT] = PDM__REQUIRED;
    plan->use[RET_TIME] = PDM__REQUIRED;
    plan->use[RET_START] = PDM__OPTIONAL;
    plan->use[RET_RETURN] = PDM__OPTIONAL;
    plan->use[RET_START_ANY] = mine->needs_any ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[RET_VALUE] = mine->values ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[RET_HOLD] = mine->layout.has_hold ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[RET_BREAKDOWN] = mine->layout.has_breakdown ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[RET_EVENT_ID] = options->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->dedupe_by_unit = true;
}

pdm_status pdm__retention_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    plan->own_size = pdm__retention_plan_size(setup);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__retention_plan *mine = plan->own;
    PDM__TRY(pdm__retention_plan_make(setup, mine, err));
    use_columns(mine, plan);
    pdm__schema *schema = &plan->schema;
    bool valued = pdm__part_has_values(&mine->layout);
    schema->levels[0] = (pdm__level){.name = "units", .repeat = 1};
    schema->level_count = mine->rolling && !valued ? 1 : 2;
    schema->levels[1] = mine->rolling ? pdm__parts_level(&mine->layout, NULL, 0)
                                      : pdm__parts_level(&mine->layout, mine->fields, mine->part_words);
    schema->own_words = mine->values ? 3 : 2;
    schema->step = mine->rolling ? step_rows : mine->layout.bits ? step_bits : step_counts;
    if (pdm__part_is_presence(&mine->layout)) {
        schema->widen = widen_presence;
        schema->narrow_words = 1;
    }
    if (!mine->rolling) return PDM_OK;
    schema->journals[0] = (pdm__journal_info){
        .name = "rows", .words = row_words, .word_count = schema->own_words, .level = valued ? 1 : 0};
    schema->journal_count = 1;
    return PDM_OK;
}

/* ---- rows to records ---- */

/* A condition that no column gives is satisfied by every row. */
static inline bool satisfies(const pdm__cells *cells, size_t row) { return !cells->present || cells->words[row] != 0; }

/* Units of the rows that are kept, and nothing of level 1; returns where own words go. */
static int32_t put_units(const pdm__cells *unit, const uint32_t *kept, size_t n, pdm__records *out) {
    bool text = unit->lengths != NULL;
    uint64_t *to = out->scratch[text ? 1 : 0];
    for (size_t i = 0; i < n; i++) to[i] = unit->words[kept[i]];
    for (size_t i = 0; text && i < n; i++) out->scratch[2][i] = unit->lengths[kept[i]];
    out->count = n;
    return text ? 3 : 1;
}

static void put_presence(const pdm__retention_plan *plan, const pdm__block *block, uint64_t *to) {
    const int64_t *times = (const int64_t *)(const void *)block->cells[RET_TIME].words;
    const pdm__cells *start = &block->cells[RET_START];
    const pdm__cells *returns = &block->cells[RET_RETURN];
    pdm__periods_of(plan->calendar, plan->period, times, block->rows, (int64_t *)(void *)to);
    if (!start->present && !returns->present) {
        for (size_t i = 0; i < block->rows; i++) to[i] = to[i] << PRESENCE_BITS | PRESENCE_MASK;
        return;
    }
    for (size_t i = 0; i < block->rows; i++) {
        uint64_t is = (satisfies(start, i) ? RET_IS_START : 0U) | (satisfies(returns, i) ? RET_IS_RETURN : 0U);
        to[i] = to[i] << PRESENCE_BITS | is;
    }
}

void pdm__retention_essence(const pdm__plan *plan, const pdm__block *block, pdm__essence *out) {
    const pdm__retention_plan *mine = plan->own;
    if (!pdm__part_is_presence(&mine->layout)) return;
    put_presence(mine, block, out->scratch[0]);
    out->count = 1;
    out->words[0] = out->scratch[0];
}

/* Rows that neither start nor return do not matter. */
static void select_presence(const pdm__retention_plan *plan, const pdm__block *block, pdm__records *out) {
    const pdm__cells *unit = &block->cells[RET_UNIT];
    int32_t own = unit->lengths != NULL ? 3 : 1;
    uint64_t *words = out->scratch[own];
    uint32_t kept[PDM__BLOCK_ROWS];
    size_t n = 0;
    put_presence(plan, block, words);
    for (size_t i = 0; i < block->rows; i++) {
        words[n] = words[i];
        kept[n] = (uint32_t)i;
        n += (words[i] & PRESENCE_MASK) != 0;
    }
    (void)put_units(unit, kept, n, out);
}

/* What each row is; returns how many matter, their numbers in `kept`. */
static size_t look_at_rows(const pdm__retention_plan *plan, const pdm__block *block, uint8_t *is, uint32_t *kept) {
    const pdm__cells *start = &block->cells[RET_START];
    const pdm__cells *any = &block->cells[RET_START_ANY];
    const pdm__cells *hold = &block->cells[RET_HOLD];
    size_t n = 0;
    for (size_t i = 0; i < block->rows; i++) {
        bool starts = satisfies(start, i);
        bool returns = satisfies(&block->cells[RET_RETURN], i);
        bool starts_any = plan->needs_any && (starts || satisfies(any, i));
        is[i] = (uint8_t)((starts ? RET_IS_START : 0) | (returns ? RET_IS_RETURN : 0) | (starts_any ? RET_IS_ANY : 0));
        bool held = !plan->layout.has_hold || pdm__cell_given(hold, i);
        kept[n] = (uint32_t)i;
        n += held && (is[i] != 0 || plan->every_row);
    }
    return n;
}

pdm_status pdm__retention_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__retention_plan *mine = plan->own;
    const uint64_t *times = block->cells[RET_TIME].words;
    int64_t periods[PDM__BLOCK_ROWS] = {0};
    uint32_t kept[PDM__BLOCK_ROWS];
    uint8_t is[PDM__BLOCK_ROWS];
    int32_t own = 0;
    if (pdm__part_is_presence(&mine->layout)) {
        select_presence(mine, block, out);
        return PDM_OK;
    }
    size_t n = look_at_rows(mine, block, is, kept);
    if (!mine->rolling)
        pdm__periods_of(mine->calendar, mine->period, (const int64_t *)(const void *)times, block->rows, periods);
    if (plan->schema.level_count == 1) {
        own = put_units(&block->cells[RET_UNIT], kept, n, out);
    } else {
        pdm__part_rows rows = {.unit = &block->cells[RET_UNIT],
                               .hold = &block->cells[RET_HOLD],
                               .breakdown = &block->cells[RET_BREAKDOWN],
                               .periods = periods,
                               .kept = kept,
                               .count = n};
        PDM__TRY(pdm__parts_select(&mine->layout, block->context, &rows, out, &own, err));
    }
    for (size_t i = 0; i < n; i++) {
        size_t row = kept[i];
        uint64_t bit = mine->layout.bits ? pdm__period_bit(periods[row]) : 0;
        out->scratch[own][i] = !mine->layout.bits ? times[row] : (is[row] & RET_IS_START) != 0 ? bit : 0;
        out->scratch[own + 1][i] = !mine->layout.bits ? is[row] : (is[row] & RET_IS_RETURN) != 0 ? bit : 0;
    }
    if (!mine->values) return PDM_OK;
    const uint64_t *values = block->cells[RET_VALUE].words;
    for (size_t i = 0; i < n; i++) out->scratch[own + 2][i] = (is[kept[i]] & RET_IS_RETURN) != 0 ? values[kept[i]] : 0;
    return PDM_OK;
}

/* ---- states from bytes ---- */

static bool part_fits(const pdm__retention_plan *plan, const int64_t *words) {
    if (plan->layout.bits) return (words[RET_PART_START] | words[RET_PART_RETURNS]) != 0;
    if (plan->value_word >= 0 && words[RET_PART_RETURNS] == 0 && words[plan->value_word] != 0) return false;
    return plan->any_word < 0 || words[plan->any_word] <= words[RET_PART_START];
}

static bool rows_fit(const pdm__retention_plan *plan, const pdm__journal *journal, int32_t words) {
    for (size_t i = 0; i < journal->count; i++) {
        const int64_t *tuple = journal->words + i * (size_t)(1 + words);
        int64_t most = RET_IS_START | RET_IS_RETURN | (plan->needs_any ? RET_IS_ANY : 0);
        if (tuple[2] < (plan->every_row ? 0 : 1) || tuple[2] > most) return false;
    }
    return true;
}

static pdm_status corrupt(pdm_error *err) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                     "these bytes are no valid state: activity that no rows could make");
}

pdm_status pdm__retention_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    const pdm__retention_plan *mine = plan->own;
    if (plan->schema.level_count > 1) PDM__TRY(pdm__parts_verify(&mine->layout, store, run, err));
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        if (mine->rolling) {
            if (!rows_fit(mine, &partition->journals[0], plan->schema.own_words)) return corrupt(err);
            continue;
        }
        const pdm__keymap *map = &partition->levels[1];
        for (uint32_t id = 0; id < map->count; id++) {
            if (!part_fits(mine, pdm__keymap_words(map, id))) return corrupt(err);
        }
    }
    return PDM_OK;
}
