/*
 * The funnel's state: the rows that can matter, as a journal.
 *
 * Level 0 holds the units. Where a session, a value held constant or a breakdown is asked for, level 1 holds their combinations
 * (facets), as bytes: see funnel_facet.h. Every kept row is a tuple of the journal: its unit or facet, time, and what it satisfies (steps
 * in the lower half of a word, exclusions in the upper); with row_order its place in the log. In a sealed segment the tuples are blocks
 * instead, see funnel_block.h: every time in a block is that of a row, so a tuple's time says what it is.
 */
#include "metrics/funnel_facet.h"
#include "metrics/funnel_internal.h"

/* ---- schema ---- */

static const pdm__field event_words[] = {
    {.name = "time", .merge = PDM__FREE},
    {.name = "satisfies", .merge = PDM__FREE},
    {.name = "seq", .merge = PDM__FREE},
};

static void step(const pdm__step_args *args) {
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

pdm_status pdm__funnel_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_funnel_options *options = setup->options;
    plan->own_size = pdm__funnel_plan_size(setup);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__funnel_plan *funnel = plan->own;
    PDM__TRY(pdm__funnel_plan_make(setup, funnel, err));
    plan->columns = funnel->columns;
    plan->column_count = funnel->column_count;
    plan->unit_column = FUNNEL_UNIT;
    plan->use[FUNNEL_UNIT] = PDM__REQUIRED;
    plan->use[FUNNEL_TIME] = PDM__REQUIRED;
    plan->use[FUNNEL_EVENT] = funnel->event_count > 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[FUNNEL_MASK] = funnel->mask_bits != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[FUNNEL_EXCLUDE] = funnel->exclude_bits != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[FUNNEL_SEQ] = funnel->rules.row_order ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[FUNNEL_SESSION] = funnel->has_session ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[FUNNEL_HOLD] = options->hold_constant == PDM_FUNNEL_HOLD_COLUMN ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[FUNNEL_BREAKDOWN] = funnel->has_breakdown ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[FUNNEL_EVENT_ID] = options->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    for (int32_t c = FUNNEL_COLUMNS; c < funnel->column_count; c++) plan->use[c] = PDM__REQUIRED;
    plan->fanout = options->hold_constant == PDM_FUNNEL_HOLD_STEPS ? funnel->rules.steps : 1;
    pdm__schema *schema = &plan->schema;
    int32_t words = funnel->rules.row_order ? 3 : 2;
    schema->levels[0] = (pdm__level){.name = "units", .repeat = 1};
    schema->levels[1] = (pdm__level){.name = "facets", .repeat = 1, .key_kind = PDM__KEY_BYTES};
    schema->level_count = funnel->has_facets ? 2 : 1;
    schema->journals[0] = (pdm__journal_info){
        .name = "events", .words = event_words, .word_count = words, .level = funnel->has_facets ? 1 : 0};
    schema->journal_count = 1;
    schema->counter_count = 1; /* entries in sealed segments */
    schema->own_words = words;
    schema->step = step;
    schema->codes = funnel->packing != FUNNEL_PACKED_NOT ? funnel->packed_words : NULL;
    plan->dedupe_by_unit = true;
    plan->reads_packed = options->list_units == 0 && options->count != PDM_FUNNEL_COUNT_SESSIONS;
    return PDM_OK;
}

/* ---- what rows satisfy ---- */

static const pdm__funnel_event *find_int(const pdm__funnel_plan *plan, int64_t word) {
    int32_t low = 0;
    int32_t high = plan->event_count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if ((int64_t)plan->events[middle].word < word) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < plan->event_count && (int64_t)plan->events[low].word == word ? &plan->events[low] : NULL;
}

static uint64_t find_text(const pdm__funnel_plan *plan, const char *text, uint64_t length) {
    int32_t low = 0;
    int32_t high = plan->event_count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        const pdm__funnel_event *event = &plan->events[middle];
        int order = pdm__funnel_compare_texts(event->bytes, event->length, text, length);
        if (order == 0) return event->mask | (uint64_t)event->exclude << 32;
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0;
}

/* Texts of a dictionary come again and again from one place: what stands there is looked up once a block. */
#define TEXT_CACHE 64
typedef struct seen_text {
    const char *bytes;
    uint64_t length;
    uint64_t word;
} seen_text;

static void match_texts(const pdm__funnel_plan *plan, const pdm__cells *cells, size_t rows, uint64_t *words) {
    seen_text cache[TEXT_CACHE];
    memset(cache, 0, sizeof cache);
    for (size_t r = 0; r < rows; r++) {
        if (cells->valid != NULL && cells->valid[r] == 0) continue;
        const char *bytes = pdm__pointer_of(cells->words[r]);
        seen_text *seen = &cache[(cells->words[r] >> 2) % TEXT_CACHE];
        if (seen->bytes != bytes || seen->length != cells->lengths[r]) {
            *seen = (seen_text){bytes, cells->lengths[r], find_text(plan, bytes, cells->lengths[r])};
        }
        words[r] |= seen->word;
    }
}

static void match_ints(const pdm__funnel_plan *plan, const pdm__cells *cells, size_t rows, uint64_t *words) {
    for (size_t r = 0; r < rows; r++) {
        if (plan->code_count > 0) {
            uint64_t at = cells->words[r] - (uint64_t)plan->code_base;
            uint64_t inside = at < plan->code_count ? at : plan->code_count;
            words[r] |= plan->codes[inside]; /* one past the last is 0 */
            continue;
        }
        const pdm__funnel_event *event = find_int(plan, (int64_t)cells->words[r]);
        if (event != NULL) words[r] |= event->mask | (uint64_t)event->exclude << 32;
    }
    for (size_t r = 0; cells->valid != NULL && r < rows; r++) words[r] = cells->valid[r] != 0 ? words[r] : 0;
}

static pdm_status match_events(const pdm__funnel_plan *plan, const pdm__block *block, uint64_t *words, pdm_error *err) {
    const pdm__cells *cells = &block->cells[FUNNEL_EVENT];
    bool text = cells->lengths != NULL;
    bool all_null = cells->valid != NULL;
    for (size_t r = 0; all_null && r < block->rows; r++) all_null = cells->valid[r] == 0;
    if (all_null) return PDM_OK;
    if (text != plan->text_events) {
        return pdm__fail(err, PDM_E_BAD_TYPE, -1, "event",
                         "column \"event\": %s, but the lists name events by %s; convert one of them",
                         text ? "text" : "integers", text ? "integers" : "text");
    }
    if (text) {
        match_texts(plan, cells, block->rows, words);
    } else {
        match_ints(plan, cells, block->rows, words);
    }
    return PDM_OK;
}

static void match_bits(const pdm__cells *cells, uint32_t bits, int32_t shift, size_t rows, uint64_t *words) {
    for (size_t r = 0; r < rows; r++) {
        bool known = cells->valid == NULL || cells->valid[r] != 0;
        words[r] |= known ? (cells->words[r] & bits) << shift : 0;
    }
}

/* words[r] = steps | exclusions << 32 of row r. */
static pdm_status match(const pdm__funnel_plan *plan, const pdm__block *block, uint64_t *words, pdm_error *err) {
    memset(words, 0, block->rows * sizeof *words);
    if (plan->event_count > 0) PDM__TRY(match_events(plan, block, words, err));
    if (plan->mask_bits != 0) match_bits(&block->cells[FUNNEL_MASK], plan->mask_bits, 0, block->rows, words);
    if (plan->exclude_bits != 0) match_bits(&block->cells[FUNNEL_EXCLUDE], plan->exclude_bits, 32, block->rows, words);
    for (int32_t f = 0; f < plan->flag_count; f++) {
        const uint64_t *flags = block->cells[plan->flags[f].column].words;
        uint64_t word = plan->flags[f].mask | (uint64_t)plan->flags[f].exclude << 32;
        for (size_t r = 0; r < block->rows; r++) words[r] |= flags[r] != 0 ? word : 0;
    }
    return PDM_OK;
}

/* ---- rows to records ---- */

/* Rows that matter, as their numbers. */
static size_t keep_rows(const pdm__funnel_plan *plan, const pdm__block *block, const uint64_t *words, uint32_t *kept) {
    const pdm_funnel_options *options = plan->options;
    const int64_t *times = (const int64_t *)(const void *)block->cells[FUNNEL_TIME].words;
    size_t n = 0;
    bool to = options->range_applies_to == PDM_FUNNEL_RANGE_ROWS && options->time_to != PDM_ZERO_INT64;
    bool cut = options->time_from != PDM_ZERO_INT64 || to; /* what is before every entry matters to none */
    if (!cut) {
        for (size_t r = 0; r < block->rows; r++) {
            kept[n] = (uint32_t)r;
            n += words[r] != 0 || plan->keep_foreign;
        }
        return n;
    }
    int64_t from = options->time_from; /* none is INT64_MIN */
    int64_t last = to ? options->time_to - 1 : INT64_MAX;
    for (size_t r = 0; r < block->rows; r++) {
        kept[n] = (uint32_t)r;
        n += (words[r] != 0 || plan->keep_foreign) && times[r] >= from && times[r] <= last;
    }
    return n;
}

static int32_t put_unit(const pdm__block *block, const uint32_t *kept, size_t n, pdm__records *out) {
    const pdm__cells *unit = &block->cells[FUNNEL_UNIT];
    bool text = unit->lengths != NULL;
    uint64_t *to = out->scratch[text ? 1 : 0];
    for (size_t i = 0; i < n; i++) to[i] = unit->words[kept[i]];
    for (size_t i = 0; text && i < n; i++) out->scratch[2][i] = unit->lengths[kept[i]];
    return text ? 3 : 1;
}

static void put_own(const pdm__block *block, const uint32_t *kept, const uint64_t *words, size_t n, int32_t own,
                    bool row_order, pdm__records *out) {
    for (size_t i = 0; i < n; i++) out->scratch[own][i] = block->cells[FUNNEL_TIME].words[kept[i]];
    for (size_t i = 0; i < n; i++) out->scratch[own + 1][i] = words[i];
    for (size_t i = 0; row_order && i < n; i++) out->scratch[own + 2][i] = block->cells[FUNNEL_SEQ].words[kept[i]];
}

/*
 * Under hold_constant steps a row belongs to every value in its columns, and serves under a value the steps whose column bears it: a
 * record for each different value.
 */
static size_t split_by_value(const pdm__funnel_plan *plan, const pdm__block *block, size_t row, uint64_t word,
                             uint64_t *words, int32_t *columns) {
    size_t n = 0;
    for (int32_t j = 0; j < plan->rules.steps; j++) {
        const pdm__cells *mine = &block->cells[plan->hold_columns[j]];
        if (!pdm__cell_given(mine, row)) continue;
        size_t same = 0;
        while (same < n && !pdm__cells_equal(&block->cells[columns[same]], mine, row)) same++;
        if (same == n) {
            columns[n] = plan->hold_columns[j];
            words[n++] = word >> 32 << 32;
        }
        words[same] |= word & UINT64_C(1) << j;
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (words[i] == 0 && !plan->keep_foreign) continue;
        words[kept] = words[i];
        columns[kept++] = columns[i];
    }
    return kept;
}

static size_t split_row(const pdm__funnel_plan *plan, const pdm__block *block, size_t row, uint64_t word,
                        uint64_t *words, int32_t *columns) {
    if (plan->options->hold_constant == PDM_FUNNEL_HOLD_STEPS)
        return split_by_value(plan, block, row, word, words, columns);
    words[0] = word;
    columns[0] = plan->has_hold ? FUNNEL_HOLD : -1;
    return plan->has_hold && !pdm__cell_given(&block->cells[FUNNEL_HOLD], row) ? 0 : 1;
}

static pdm_status select_facets(const pdm__plan *plan, const pdm__block *block, const uint64_t *words,
                                const uint32_t *kept, size_t n, pdm__records *out, pdm_error *err) {
    const pdm__funnel_plan *funnel = plan->own;
    const pdm__cells *session = funnel->has_session ? &block->cells[FUNNEL_SESSION] : NULL;
    const pdm__cells *breakdown = funnel->has_breakdown ? &block->cells[FUNNEL_BREAKDOWN] : NULL;
    const pdm__cells *unit = &block->cells[FUNNEL_UNIT];
    bool text = unit->lengths != NULL;
    int32_t part = text ? 3 : 1;
    int32_t own = part + 3;
    uint64_t mine[FUNNEL_STEPS];
    int32_t columns[FUNNEL_STEPS];
    size_t bytes = 0;
    size_t records = 0;
    for (size_t i = 0; i < n; i++) {
        size_t pieces = split_row(funnel, block, kept[i], words[kept[i]], mine, columns);
        for (size_t s = 0; s < pieces; s++) {
            const pdm__cells *hold = columns[s] < 0 ? NULL : &block->cells[columns[s]];
            bytes += pdm__funnel_facet_size(session, hold, breakdown, kept[i]);
        }
    }
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, bytes, err));
    uint8_t *to = out->bytes->memory;
    for (size_t i = 0; i < n; i++) {
        size_t row = kept[i];
        size_t pieces = split_row(funnel, block, row, words[row], mine, columns);
        for (size_t s = 0; s < pieces; s++, records++) {
            const pdm__cells *hold = columns[s] < 0 ? NULL : &block->cells[columns[s]];
            uint8_t *end = pdm__funnel_facet_put(session, hold, breakdown, row, to);
            out->scratch[text ? 1 : 0][records] = unit->words[row];
            if (text) out->scratch[2][records] = unit->lengths[row];
            out->scratch[part][records] = 1;
            out->scratch[part + 1][records] = pdm__word_of(to);
            out->scratch[part + 2][records] = (uint64_t)(end - to);
            out->scratch[own][records] = block->cells[FUNNEL_TIME].words[row];
            out->scratch[own + 1][records] = mine[s];
            if (funnel->rules.row_order) out->scratch[own + 2][records] = block->cells[FUNNEL_SEQ].words[row];
            to = end;
        }
    }
    out->count = records;
    return PDM_OK;
}

static void pack(const pdm__funnel_plan *plan, uint64_t *words, size_t n) {
    for (size_t i = 0; i < n; i++) words[i] = pdm__funnel_code(plan, words[i]);
}

/*
 * The usual rows in one go: integer units, integer events from a table, no time range. Rows are written whether they matter or not, and
 * the place moves on only if they do.
 */
static void select_usual(const pdm__funnel_plan *plan, const pdm__block *block, pdm__records *out) {
    const uint64_t *units = block->cells[FUNNEL_UNIT].words;
    const uint64_t *times = block->cells[FUNNEL_TIME].words;
    const uint64_t *events = block->cells[FUNNEL_EVENT].words;
    uint64_t *to[3] = {out->scratch[0], out->scratch[1], out->scratch[2]};
    const uint8_t *codes = plan->event_codes;
    uint64_t base = (uint64_t)plan->code_base;
    uint64_t most = plan->code_count;
    size_t n = 0;
    for (size_t r = 0; r < block->rows; r++) {
        uint64_t at = events[r] - base;
        uint64_t code = codes[at < most ? at : most];
        to[0][n] = units[r];
        to[1][n] = times[r];
        to[2][n] = code;
        n += code != 0;
    }
    out->count = n;
}

static bool is_usual(const pdm__funnel_plan *plan, const pdm__block *block) {
    const pdm_funnel_options *options = plan->options;
    bool events = plan->flag_count == 0 && plan->mask_bits == 0 && plan->exclude_bits == 0 && plan->code_count > 0;
    return events && plan->packing != FUNNEL_PACKED_NOT && !plan->keep_foreign &&
           options->time_from == PDM_ZERO_INT64 && options->time_to == PDM_ZERO_INT64 &&
           block->cells[FUNNEL_UNIT].lengths == NULL && block->cells[FUNNEL_EVENT].lengths == NULL &&
           block->cells[FUNNEL_EVENT].valid == NULL;
}

pdm_status pdm__funnel_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__funnel_plan *funnel = plan->own;
    if (is_usual(funnel, block)) {
        select_usual(funnel, block, out);
        return PDM_OK;
    }
    uint64_t words[PDM__BLOCK_ROWS];
    uint32_t kept[PDM__BLOCK_ROWS];
    PDM__TRY(match(funnel, block, words, err));
    size_t n = keep_rows(funnel, block, words, kept);
    if (funnel->has_facets) return select_facets(plan, block, words, kept, n, out, err);
    for (size_t i = 0; i < n; i++) words[i] = words[kept[i]];
    if (funnel->packing != FUNNEL_PACKED_NOT && block->cells[FUNNEL_UNIT].lengths == NULL) pack(funnel, words, n);
    int32_t own = put_unit(block, kept, n, out);
    put_own(block, kept, words, n, own, funnel->rules.row_order, out);
    out->count = n;
    return PDM_OK;
}

/* ---- states from bytes ---- */

pdm_status pdm__funnel_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    const pdm__funnel_plan *funnel = plan->own;
    uint32_t steps = UINT32_MAX >> (32 - funnel->rules.steps);
    int32_t count = funnel->rules.exclusion_count;
    uint32_t exclusions = count == 0 ? 0 : UINT32_MAX >> (32 - count);
    uint64_t allowed = steps | (uint64_t)exclusions << 32;
    size_t tuple = (size_t)(1 + plan->schema.journals[0].word_count);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        const pdm__journal *journal = &partition->journals[0];
        for (size_t i = 0; i < journal->count; i++) {
            uint64_t word = (uint64_t)journal->words[i * tuple + 2];
            const pdm__segment *segment = pdm__segments_find(plan->segments, journal->words[i * tuple + 1]);
            if (segment == NULL)
                return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                                 "these bytes are no valid state: an event outside its segments");
            if (segment->sealed) continue;
            if ((word & ~allowed) == 0 && (word != 0 || funnel->keep_foreign)) continue;
            return pdm__fail(
                err, PDM_E_CORRUPT_STATE, -1, NULL,
                "these bytes are no valid state: an event that satisfies no step or exclusion of the funnel");
        }
        if (pdm__run_poll(run, (int64_t)journal->count)) return pdm__run_status(run, err);
        if (!funnel->has_facets) continue;
        for (uint32_t id = 0; id < partition->levels[1].count; id++) {
            pdm__key key = pdm__keymap_key(&partition->levels[1], id);
            pdm__funnel_values facet;
            if (pdm__funnel_facet_read(key.bytes, key.length, &facet)) continue;
            return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                             "these bytes are no valid state: a facet of a unit that is none");
        }
    }
    return pdm__funnel_verify_sealed(plan, store, run, err);
}
