#include "core/dedupe.h"

#include "core/convert.h"

#include <stdlib.h>

/*
 * A row as bytes, compared as bytes: the time column first, then the others in the registry's order. A column is 0 (null or absent), or
 * 1 and its value: integers big-endian with the sign flipped, texts their length (4 bytes) and bytes.
 */

int32_t pdm__dedupe_column(const pdm_metric *metric) {
    for (int32_t c = 0; c < metric->column_count; c++) {
        if (strcmp(metric->columns[c].name, "event_id") == 0) return c;
    }
    return -1;
}

static void step_nothing(const pdm__step_args *args) { (void)args; }

void pdm__dedupe_schema(pdm__schema *schema) {
    memset(schema, 0, sizeof *schema);
    schema->levels[0] = (pdm__level){.name = "events", .repeat = 1};
    schema->levels[1] = (pdm__level){.name = "rows", .repeat = 1, .key_kind = PDM__KEY_BYTES};
    schema->level_count = 2;
    schema->step = step_nothing;
}

/* Columns of a row in the order of its bytes. Returns how many. */
static int32_t column_order(const pdm_state *state, int32_t order[PDM__MAX_COLUMNS]) {
    const pdm__plan *plan = &state->plan;
    int32_t event = pdm__dedupe_column(state->setup.metric);
    int32_t count = 0;
    int32_t time = -1;
    for (int32_t c = 0; c < plan->column_count && time < 0; c++) {
        if (plan->columns[c].role == PDM_ROLE_TIME && plan->use[c] != PDM__UNUSED) time = c;
    }
    if (time >= 0) order[count++] = time;
    for (int32_t c = 0; c < plan->column_count; c++) {
        if (c != event && c != time && plan->use[c] != PDM__UNUSED) order[count++] = c;
    }
    return count;
}

/* ---- rows to bytes ---- */

static bool cell_present(const pdm__cells *cells, size_t row) {
    return cells->present && (cells->valid == NULL || cells->valid[row] != 0);
}

static size_t row_size(const pdm__block *block, const int32_t *order, int32_t count, size_t row) {
    size_t size = 0;
    for (int32_t i = 0; i < count; i++) {
        const pdm__cells *cells = &block->cells[order[i]];
        size += 1;
        if (!cell_present(cells, row)) continue;
        size += cells->lengths == NULL ? 8 : 4 + (size_t)cells->lengths[row];
    }
    return size;
}

static uint8_t *put_big_endian(uint8_t *to, uint64_t value, int32_t bytes) {
    for (int32_t i = bytes - 1; i >= 0; i--) *to++ = (uint8_t)(value >> (8 * i));
    return to;
}

static uint8_t *put_row(const pdm__block *block, const int32_t *order, int32_t count, size_t row, uint8_t *to) {
    for (int32_t i = 0; i < count; i++) {
        const pdm__cells *cells = &block->cells[order[i]];
        *to++ = cell_present(cells, row) ? 1 : 0;
        if (!cell_present(cells, row)) continue;
        if (cells->lengths == NULL) {
            to = put_big_endian(to, cells->words[row] ^ (UINT64_C(1) << 63), 8);
            continue;
        }
        size_t length = (size_t)cells->lengths[row];
        to = put_big_endian(to, length, 4);
        if (length > 0) memcpy(to, (const void *)(uintptr_t)cells->words[row], length);
        to += length;
    }
    return to;
}

pdm_status pdm__dedupe_select(const pdm_state *state, const pdm__block *block, pdm__records *out, pdm_error *err) {
    int32_t order[PDM__MAX_COLUMNS];
    int32_t count = column_order(state, order);
    size_t total = 0;
    for (size_t r = 0; r < block->rows; r++) total += row_size(block, order, count, r);
    PDM__TRY(pdm__key_bytes_need(state->context, out->bytes, total, err));
    const pdm__cells *event = &block->cells[pdm__dedupe_column(state->setup.metric)];
    int32_t at = event->lengths == NULL ? 1 : 3;
    out->columns[at == 1 ? 0 : 1] = event->words;
    if (at == 3) out->columns[2] = event->lengths;
    uint8_t *to = out->bytes->memory;
    for (size_t r = 0; r < block->rows; r++) {
        uint8_t *end = put_row(block, order, count, r, to);
        out->scratch[at][r] = 1;
        out->scratch[at + 1][r] = (uint64_t)(uintptr_t)to;
        out->scratch[at + 2][r] = (uint64_t)(end - to);
        to = end;
    }
    out->count = block->rows;
    return PDM_OK;
}

/* ---- bytes to rows ---- */

typedef struct replay {
    pdm_state *state;
    pdm__run *run;
    pdm__store *out;
    pdm__view *view;
    pdm__block block;
    uint64_t *scratch; /* of the records */
    pdm__key_bytes bytes;
    int32_t order[PDM__MAX_COLUMNS];
    int32_t count;
    uint64_t *words[PDM__MAX_COLUMNS];
    uint64_t *lengths[PDM__MAX_COLUMNS];
    uint8_t *valid[PDM__MAX_COLUMNS];
    uint64_t *memory;
    int64_t taken; /* rows that are no repeats */
} replay;

static pdm_status corrupt(pdm_error *err) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: a kept row that is no row");
}

static uint64_t big_endian(const uint8_t *from, int32_t bytes) {
    uint64_t value = 0;
    for (int32_t i = 0; i < bytes; i++) value = value << 8 | from[i];
    return value;
}

/* One row's bytes into the block; they may come from a hostile file. */
static pdm_status read_row(replay *r, const uint8_t *from, size_t size, size_t row, pdm_error *err) {
    const uint8_t *end = from + size;
    for (int32_t i = 0; i < r->count; i++) {
        int32_t c = r->order[i];
        const pdm_column_info *info = &r->state->plan.columns[c];
        bool text = r->state->kinds[c] == PDM__KEY_TEXT;
        bool keyless =
            r->state->kinds[c] == PDM__KEY_NONE && (info->role == PDM_ROLE_KEY || info->role == PDM_ROLE_TEXT);
        if (from == end || *from > 1) return corrupt(err);
        r->valid[c][row] = *from++;
        r->words[c][row] = 0;
        r->lengths[c][row] = 0;
        if (r->valid[c][row] == 0) {
            if (r->state->plan.use[c] == PDM__REQUIRED && info->nullable == 0) return corrupt(err);
            continue;
        }
        if (keyless) return corrupt(err);
        size_t head = text ? 4 : 8;
        if ((size_t)(end - from) < head) return corrupt(err);
        if (!text) {
            r->words[c][row] = big_endian(from, 8) ^ (UINT64_C(1) << 63);
            from += 8;
            continue;
        }
        size_t length = (size_t)big_endian(from, 4);
        from += 4;
        if ((size_t)(end - from) < length || !pdm__is_utf8(from, length)) return corrupt(err);
        r->words[c][row] = (uint64_t)(uintptr_t)from;
        r->lengths[c][row] = length;
        from += length;
    }
    return from == end ? PDM_OK : corrupt(err);
}

static void point_cells(replay *r) {
    for (int32_t i = 0; i < r->count; i++) {
        int32_t c = r->order[i];
        pdm__cells *cells = &r->block.cells[c];
        cells->words = r->words[c];
        cells->lengths = r->state->kinds[c] == PDM__KEY_TEXT ? r->lengths[c] : NULL;
        cells->valid = r->state->plan.columns[c].nullable != 0 ? r->valid[c] : NULL;
        cells->present = true;
        cells->is_unsigned = r->state->kinds[c] == PDM__KEY_UINT;
    }
}

static void note_times(replay *r) {
    int32_t c = r->order[0];
    if (r->state->plan.columns[c].role != PDM_ROLE_TIME) return;
    for (size_t i = 0; i < r->block.rows; i++) {
        int64_t time = (int64_t)r->words[c][i];
        r->view->time_min = time < r->view->time_min ? time : r->view->time_min;
        r->view->time_max = time > r->view->time_max ? time : r->view->time_max;
    }
}

static pdm_status flush(replay *r, pdm_error *err) {
    if (r->block.rows == 0) return PDM_OK;
    pdm__records records = {.count = 0};
    for (int32_t w = 0; w < r->out->schema.record_words; w++) {
        records.scratch[w] = r->scratch + (size_t)w * PDM__BLOCK_ROWS * (size_t)r->state->plan.fanout;
        records.columns[w] = records.scratch[w];
    }
    records.bytes = &r->bytes;
    point_cells(r);
    note_times(r);
    PDM__TRY(r->state->setup.metric->ops->select(&r->state->plan, &r->block, &records, err));
    /* Kept rows stay where they are; keys that select makes of them live in r->bytes, until the next block. */
    bool makes_bytes = r->bytes.capacity > 0;
    pdm__scatter scatter = {.store = r->out, .buckets = &r->out->pending[0], .copy_text = makes_bytes};
    PDM__TRY(pdm__scatter_records(&scatter, records.columns, records.count, err));
    bool stop = pdm__run_poll(r->run, (int64_t)r->block.rows);
    r->block.rows = 0;
    if (stop) return pdm__run_status(r->run, err);
    return pdm__store_pending(r->out) < INT64_C(1) << 18 ? PDM_OK : pdm__store_fold(r->out, r->run, err);
}

/* A kept row with what it is a repeat of: its event and, where events are told apart by unit, its unit. */
typedef struct kept_row {
    pdm__key key; /* scope = event */
    const uint8_t *unit;
    uint32_t unit_length;
} kept_row;

static int compare_bytes(const uint8_t *a, uint32_t a_length, const uint8_t *b, uint32_t b_length) {
    uint32_t shorter = a_length < b_length ? a_length : b_length;
    int order = shorter == 0 ? 0 : memcmp(a, b, shorter);
    if (order != 0) return order;
    return a_length < b_length ? -1 : a_length > b_length;
}

static bool same_event(const kept_row *a, const kept_row *b) {
    return a->key.scope == b->key.scope && compare_bytes(a->unit, a->unit_length, b->unit, b->unit_length) == 0;
}

static int compare_rows(const void *left, const void *right) {
    const kept_row *a = left;
    const kept_row *b = right;
    if (a->key.scope != b->key.scope) return a->key.scope < b->key.scope ? -1 : 1;
    int order = compare_bytes(a->unit, a->unit_length, b->unit, b->unit_length);
    return order != 0 ? order : compare_bytes(a->key.bytes, a->key.length, b->key.bytes, b->key.length);
}

/* The bytes of the unit in those of a row: the columns before it are passed over. */
static void find_unit(const replay *r, kept_row *row) {
    const uint8_t *at = row->key.bytes;
    for (int32_t i = 0; i < r->count; i++) {
        int32_t c = r->order[i];
        bool text = r->state->kinds[c] == PDM__KEY_TEXT;
        size_t size = *at == 0 ? 1 : text ? 5 + (size_t)big_endian(at + 1, 4) : 9;
        if (c == r->state->plan.unit_column) {
            row->unit = at;
            row->unit_length = (uint32_t)size;
            return;
        }
        at += size;
    }
}

/* The least row of every event of a partition, one after the other. */
static pdm_status replay_rows(replay *r, const pdm__partition *partition, kept_row *rows, pdm_error *err) {
    uint32_t count = partition->levels[1].count;
    memset(rows, 0, count * sizeof *rows);
    for (uint32_t id = 0; id < count; id++) {
        rows[id].key = pdm__keymap_key(&partition->levels[1], id);
        if (r->state->plan.dedupe_by_unit) find_unit(r, &rows[id]);
    }
    qsort(rows, count, sizeof *rows, compare_rows);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && same_event(&rows[i - 1], &rows[i])) continue;
        r->taken++;
        PDM__TRY(read_row(r, rows[i].key.bytes, rows[i].key.length, r->block.rows, err));
        if (++r->block.rows == PDM__BLOCK_ROWS) PDM__TRY(flush(r, err));
    }
    return PDM_OK;
}

static pdm_status replay_partition(replay *r, size_t p, pdm_error *err) {
    const pdm__partition *partition = &r->state->store.partitions[p];
    uint32_t count = partition->levels[1].count;
    kept_row *rows = NULL;
    if (count == 0) return PDM_OK;
    PDM__TRY(pdm__new(r->state->context, count, sizeof *rows, &rows, err));
    pdm_status status = replay_rows(r, partition, rows, err);
    pdm__drop(r->state->context, rows, count, sizeof *rows);
    return status;
}

static size_t replay_words(const pdm_state *state, int32_t record_words) {
    size_t columns = (size_t)state->plan.column_count;
    size_t records = (size_t)record_words * (size_t)state->plan.fanout;
    return PDM__BLOCK_ROWS * (columns * 2 + records) + columns * PDM__BLOCK_ROWS / 8;
}

static void divide_memory(replay *r) {
    uint64_t *at = r->memory;
    for (int32_t c = 0; c < r->state->plan.column_count; c++) {
        r->words[c] = at;
        r->lengths[c] = at + PDM__BLOCK_ROWS;
        r->valid[c] = (uint8_t *)(at + 2 * PDM__BLOCK_ROWS);
        at += 2 * PDM__BLOCK_ROWS + PDM__BLOCK_ROWS / 8;
    }
    r->scratch = at;
}

/* Kinds of the metric's keys, as its columns had them. */
static void settle_kinds(const pdm_state *state, pdm__store *out) {
    const pdm__plan *plan = &state->plan;
    const int32_t columns[3] = {plan->unit_column, plan->part_column, plan->part_column_too};
    for (int32_t i = 0; i < 3; i++) {
        int32_t level = i == 0 ? 0 : 1;
        if (columns[i] < 0 || state->kinds[columns[i]] == PDM__KEY_NONE) continue;
        (void)pdm__store_set_key_kind(out, level, state->kinds[columns[i]]);
    }
}

pdm_status pdm__dedupe_replay(pdm_state *state, pdm__run *run, pdm__store *out, pdm__view *view, pdm_error *err) {
    replay r = {.state = state, .run = run, .out = out, .view = view};
    r.block.context = state->context; /* for what select makes; the block's memory is the replay's own */
    settle_kinds(state, out);
    r.count = column_order(state, r.order);
    view->time_min = INT64_MAX;
    view->time_max = INT64_MIN;
    size_t words = replay_words(state, out->schema.record_words);
    PDM__TRY(pdm__store_need_buckets(out, 1, err));
    PDM__TRY(pdm__new(state->context, words, sizeof *r.memory, &r.memory, err));
    divide_memory(&r);
    pdm_status status = PDM_OK;
    for (size_t p = 0; p < PDM__PARTITIONS && status == PDM_OK; p++) status = replay_partition(&r, p, err);
    if (status == PDM_OK) status = flush(&r, err);
    view->rows_duplicate = state->rows - state->rows_null - r.taken;
    if (status == PDM_OK) status = pdm__store_fold(out, run, err);
    pdm__drop(state->context, r.bytes.memory, r.bytes.capacity, 1);
    pdm__drop(state->context, r.memory, words, sizeof *r.memory);
    return status;
}

/* ---- rows from a file ---- */

static pdm__uint128 money_of(const replay *r) {
    pdm__uint128 money = 0;
    for (int32_t i = 0; i < r->count; i++) {
        int32_t c = r->order[i];
        int64_t amount = (int64_t)r->words[c][0];
        if (r->state->plan.columns[c].role != PDM_ROLE_MONEY || r->valid[c][0] == 0) continue;
        money += amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
    }
    return money;
}

/* The metric would have taken the row. */
static pdm_status inspect_row(replay *r, pdm_error *err) {
    const pdm__metric_ops *ops = r->state->setup.metric->ops;
    if (ops->inspect == NULL) return PDM_OK;
    r->block.rows = 1;
    point_cells(r);
    pdm_status status = ops->inspect(&r->state->plan, &r->block, NULL);
    r->block.rows = 0;
    return status == PDM_OK ? PDM_OK : corrupt(err);
}

/* Every kept row of a partition is a row, and every event has one. */
static pdm_status check_partition(replay *r, const pdm__partition *partition, pdm__uint128 *money, pdm_error *err) {
    uint32_t events = partition->levels[0].count;
    uint32_t missing = events;
    uint8_t *seen = NULL;
    PDM__TRY(pdm__new_zero(r->state->context, events, sizeof *seen, &seen, err));
    pdm_status status = PDM_OK;
    for (uint32_t id = 0; id < partition->levels[1].count && status == PDM_OK; id++) {
        pdm__key key = pdm__keymap_key(&partition->levels[1], id);
        missing -= seen[key.scope] == 0;
        seen[key.scope] = 1;
        status = read_row(r, key.bytes, key.length, 0, err);
        if (status == PDM_OK) status = inspect_row(r, err);
        if (status == PDM_OK) *money += money_of(r);
    }
    if (status == PDM_OK && missing > 0) status = corrupt(err);
    pdm__drop(r->state->context, seen, events, sizeof *seen);
    return status;
}

pdm_status pdm__dedupe_check(pdm_state *state, pdm_error *err) {
    replay r = {.state = state};
    pdm__uint128 money = 0;
    if ((int64_t)pdm__store_count(&state->store, 1) > state->rows - state->rows_null) return corrupt(err);
    r.count = column_order(state, r.order);
    size_t words = replay_words(state, 0);
    PDM__TRY(pdm__new(state->context, words, sizeof *r.memory, &r.memory, err));
    divide_memory(&r);
    pdm_status status = PDM_OK;
    for (size_t p = 0; p < PDM__PARTITIONS && status == PDM_OK; p++) {
        status = check_partition(&r, &state->store.partitions[p], &money, err);
    }
    if (status == PDM_OK && money > state->money) status = corrupt(err);
    pdm__drop(state->context, r.memory, words, sizeof *r.memory);
    return status;
}
