/* Rows in: convert, select, scatter, fold. Either all rows of a batch are taken or none. */
#include "core/arrow.h"
#include "core/dedupe.h"
#include "core/seen.h"
#include "core/state.h"

#include <inttypes.h>
#include <limits.h>

/* Records that wait before they are folded: enough that folding is a stream of work a partition, few enough to stay small. */
#define PENDING_RECORDS ((int64_t)1 << 18)
/* Room for records that is kept once they are folded. */
#define KEPT_RECORDS ((int64_t)1 << 16)
/* A large first batch goes in pieces of this size: fewer rounds for the threads, each entry touched more often while in cache. */
#define PIECE_RECORDS ((int64_t)1 << 20)
/* Below this a thread costs more than it brings. */
#define SLICE_ROWS ((int64_t)1 << 14)

/* One thread's share of a piece of a batch. */
typedef struct slice {
    int64_t first;
    int64_t end;
    pdm__block block;
    uint64_t *scratch; /* of the records' columns */
    pdm__key_bytes bytes;
    pdm__seen seen;
    pdm__essence essence;
    pdm__bucket_mark mark;
    pdm_status status;
    pdm_error err;
    int64_t rows_null;
    int64_t rows_late;
    int64_t time_min;
    int64_t time_max;
    pdm__uint128 money;
} slice;

typedef struct update_work {
    pdm_state *state;
    pdm__run *run;
    const pdm__ingest *in;
    slice *slices;
    int32_t slice_count;
    bool copy_text;
} update_work;

static void take_block(update_work *work, slice *s, pdm__scatter *scatter, int64_t first, size_t n) {
    const pdm__plan *plan = &work->state->plan;
    s->status = pdm__ingest_block(work->in, &s->block, first, n, &s->err);
    if (s->status != PDM_OK) return;
    const pdm__metric_ops *ops = work->state->setup.metric->ops;
    if (ops->inspect != NULL) s->status = ops->inspect(plan, &s->block, &s->err);
    if (s->status != PDM_OK) return;
    if (ops->essence != NULL && !work->state->dedupe) {
        s->essence.count = 0;
        memset(s->essence.lengths, 0, sizeof s->essence.lengths);
        if (!s->seen.off) ops->essence(plan, &s->block, &s->essence);
        pdm__seen_leave_out(&s->seen, work->in, plan->unit_column, &s->essence, &s->block);
    }
    pdm__records records = {.count = 0};
    for (int32_t w = 0; w < scatter->store->schema.record_words; w++) {
        records.scratch[w] = s->scratch + (size_t)w * s->block.capacity * (size_t)plan->fanout;
        records.columns[w] = records.scratch[w];
    }
    records.bytes = &s->bytes;
    s->status = work->state->dedupe ? pdm__dedupe_select(work->state, &s->block, &records, &s->err)
                                    : ops->select(plan, &s->block, &records, &s->err);
    if (s->status != PDM_OK) return;
    s->status = pdm__scatter_records(scatter, records.columns, records.count, &s->err);
    s->rows_null += s->block.skipped;
    s->rows_late += (int64_t)records.late;
    s->money += s->block.money;
    s->time_min = s->block.time_min < s->time_min ? s->block.time_min : s->time_min;
    s->time_max = s->block.time_max > s->time_max ? s->block.time_max : s->time_max;
}

static void scatter_slice(void *argument, size_t index) {
    update_work *work = argument;
    slice *s = &work->slices[index];
    pdm__scatter scatter = {
        .store = &work->state->store, .buckets = &work->state->store.pending[index], .copy_text = work->copy_text};
    for (int64_t first = s->first; first < s->end && s->status == PDM_OK; first += (int64_t)s->block.capacity) {
        int64_t left = s->end - first;
        size_t n = left < (int64_t)s->block.capacity ? (size_t)left : s->block.capacity;
        take_block(work, s, &scatter, first, n);
        if (s->status == PDM_OK && pdm__run_poll(work->run, (int64_t)n))
            s->status = pdm__run_status(work->run, &s->err);
    }
}

/* Of a row: all the records it may become. */
static size_t scratch_words(const update_work *work) {
    return (size_t)work->state->store.schema.record_words * (size_t)work->state->plan.fanout;
}

static pdm_status slices_begin(update_work *work, int64_t rows, pdm_error *err) {
    pdm_context *context = work->state->context;
    size_t words = scratch_words(work);
    for (int32_t i = 0; i < work->slice_count; i++) {
        slice *s = &work->slices[i];
        PDM__TRY(pdm__block_init(&s->block, context, work->in->count,
                                 rows > (int64_t)PDM__BLOCK_ROWS ? PDM__BLOCK_ROWS : (size_t)rows, err));
        PDM__TRY(pdm__new(context, words * s->block.capacity, sizeof *s->scratch, &s->scratch, err));
        pdm__seen_begin(&s->seen, context, rows / work->slice_count);
        s->time_min = INT64_MAX;
        s->time_max = INT64_MIN;
    }
    return PDM_OK;
}

static void slices_end(update_work *work) {
    size_t words = scratch_words(work);
    for (int32_t i = 0; i < work->slice_count; i++) {
        slice *s = &work->slices[i];
        pdm__drop(work->state->context, s->bytes.memory, s->bytes.capacity, 1);
        pdm__seen_end(&s->seen);
        pdm__drop(work->state->context, s->scratch, words * s->block.capacity, sizeof *s->scratch);
        pdm__block_clear(&s->block);
    }
}

static void mark_all(update_work *work) {
    for (int32_t i = 0; i < work->slice_count; i++)
        pdm__buckets_mark(&work->state->store.pending[i], &work->slices[i].mark);
}

static void rollback_all(update_work *work) {
    for (int32_t i = 0; i < work->slice_count; i++)
        pdm__buckets_rollback(&work->state->store.pending[i], &work->slices[i].mark);
}

/* Scatters rows [first, end). The slices are in row order, so the first failing one names the first bad row. */
static pdm_status scatter_rows(update_work *work, int64_t first, int64_t end, pdm_error *err) {
    int64_t rows = end - first;
    for (int32_t i = 0; i < work->slice_count; i++) {
        slice *s = &work->slices[i];
        s->first = first + rows * i / work->slice_count;
        s->end = first + rows * (i + 1) / work->slice_count;
        s->status = PDM_OK;
        pdm_error_reset(&s->err);
    }
    pdm__run_parallel(work->run, (size_t)work->slice_count, scatter_slice, work);
    for (int32_t i = 0; i < work->slice_count; i++) {
        if (work->slices[i].status == PDM_OK) continue;
        if (err != NULL) *err = work->slices[i].err;
        return work->slices[i].status;
    }
    return PDM_OK;
}

static pdm__uint128 money_so_far(const update_work *work) {
    pdm__uint128 money = work->state->money;
    for (int32_t i = 0; i < work->slice_count; i++) money += work->slices[i].money;
    return money;
}

/* Rows once more, one at a time, to name the one with which the sum leaves int64. */
static pdm_status name_overflow(update_work *work, int64_t rows, pdm_error *err) {
    pdm__uint128 money = work->state->money;
    pdm__block *block = &work->slices[0].block;
    for (int64_t row = 0; row < rows; row++) {
        PDM__TRY(pdm__ingest_block(work->in, block, row, 1, err));
        money += block->money;
        if (money <= (pdm__uint128)INT64_MAX) continue;
        const char *name = NULL;
        for (int32_t c = 0; c < work->in->count; c++) {
            bool summed = work->in->infos[c].role == PDM_ROLE_MONEY || work->in->summed[c];
            if (summed && work->in->columns[c] != NULL) name = work->in->infos[c].name;
        }
        return pdm__fail(
            err, PDM_E_OVERFLOW, row, name,
            "row %" PRId64
            ", column \"%s\": with it the absolute amounts of this state exceed int64 (9.2e18 minor units)",
            row, name);
    }
    return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "the absolute amounts of this state exceed int64");
}

static pdm_status check_money(update_work *work, int64_t rows, pdm_error *err) {
    if (money_so_far(work) <= (pdm__uint128)INT64_MAX) return PDM_OK;
    return name_overflow(work, rows, err);
}

static void commit(update_work *work, int64_t rows) {
    pdm_state *state = work->state;
    state->money = (uint64_t)money_so_far(work);
    state->rows += rows;
    for (int32_t i = 0; i < work->slice_count; i++) {
        const slice *s = &work->slices[i];
        state->rows_null += s->rows_null;
        state->rows_late += s->rows_late;
        state->time_min = s->time_min < state->time_min ? s->time_min : state->time_min;
        state->time_max = s->time_max > state->time_max ? s->time_max : state->time_max;
    }
}

/* Emptying cannot fail: a store that cannot be made again is made at the next use. */
void pdm__state_empty(pdm_state *state) {
    pdm__schema schema = state->store.schema;
    pdm__store_clear(&state->store);
    if (pdm__store_init(&state->store, state->context, &schema, NULL) == PDM_OK) return;
    pdm__drop(state->context, state->plan.own, 1, state->plan.own_size);
    memset(&state->plan, 0, sizeof state->plan);
    state->prepared = false;
}

/* A large first batch: piece by piece, so that it never lies in memory twice. A failure leaves the state empty, as it was. */
static pdm_status take_in_pieces(update_work *work, int64_t rows, pdm_error *err) {
    pdm_state *state = work->state;
    pdm_status status = PDM_OK;
    for (int64_t first = 0; first < rows && status == PDM_OK; first += PIECE_RECORDS) {
        int64_t end = rows - first < PIECE_RECORDS ? rows : first + PIECE_RECORDS;
        status = scatter_rows(work, first, end, err);
        if (status == PDM_OK) status = check_money(work, rows, err);
        bool enough = end == rows || pdm__store_pending(&state->store) >= PIECE_RECORDS / 2; /* many may be left out */
        if (status == PDM_OK && enough) status = pdm__store_fold(&state->store, work->run, err);
    }
    if (status == PDM_OK) {
        commit(work, rows);
        pdm__store_trim_buckets(&state->store, KEPT_RECORDS);
        return PDM_OK;
    }
    pdm__state_empty(state);
    return status;
}

/* Any other batch: all of it waits in buckets, and can be taken back from there. */
static pdm_status take_whole(update_work *work, int64_t rows, pdm_error *err) {
    mark_all(work);
    pdm_status status = scatter_rows(work, 0, rows, err);
    if (status == PDM_OK) status = check_money(work, rows, err);
    if (status != PDM_OK) {
        rollback_all(work);
        return status;
    }
    commit(work, rows);
    /* The rows are in. If folding them fails for lack of memory they wait, and the next call says so. */
    if (!work->state->store.schema.packed && pdm__store_pending(&work->state->store) > PENDING_RECORDS)
        (void)pdm__store_fold(&work->state->store, work->run, NULL);
    pdm__store_trim_buckets(&work->state->store, KEPT_RECORDS);
    return PDM_OK;
}

static const char *kind_name(int32_t kind) {
    return kind == PDM__KEY_TEXT ? "text" : kind == PDM__KEY_UINT ? "uint64" : "int64";
}

/* Keys stay of the kind that the first batch gave them. */
static pdm_status settle_kind(pdm_state *state, const pdm__ingest *in, int32_t column, pdm_error *err) {
    if (column < 0 || in->kinds[column] == PDM__KEY_NONE || state->kinds[column] == in->kinds[column]) return PDM_OK;
    if (state->kinds[column] == PDM__KEY_NONE) {
        state->kinds[column] = in->kinds[column];
        return PDM_OK;
    }
    const char *name = in->infos[column].name;
    return pdm__fail(err, PDM_E_BAD_TYPE, -1, name,
                     "column \"%s\": keys are %s here and %s before; convert one of them", name,
                     kind_name(in->kinds[column]), kind_name(state->kinds[column]));
}

/* Two columns that hold keys of the same things must agree. */
static pdm_status settle_kinds(pdm_state *state, const pdm__ingest *in, pdm_error *err) {
    for (int32_t c = 0; c < in->count; c++) PDM__TRY(settle_kind(state, in, c, err));
    int32_t a = state->plan.part_column;
    int32_t b = state->plan.part_column_too;
    if (a < 0 || b < 0 || state->kinds[a] == PDM__KEY_NONE || state->kinds[b] == PDM__KEY_NONE) return PDM_OK;
    if (state->kinds[a] == state->kinds[b]) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_TYPE, -1, in->infos[b].name,
                     "column \"%s\": keys are %s, those of \"%s\" %s; convert one of them", in->infos[b].name,
                     kind_name(state->kinds[b]), in->infos[a].name, kind_name(state->kinds[a]));
}

static pdm_status settle_level(pdm_state *state, pdm__run *run, int32_t level, int32_t column, pdm_error *err) {
    if (column < 0 || state->kinds[column] == PDM__KEY_NONE) return PDM_OK;
    if (state->store.schema.levels[level].key_kind != PDM__KEY_NONE) return PDM_OK;
    PDM__TRY(pdm__store_fold(&state->store, run, err));
    (void)pdm__store_set_key_kind(&state->store, level, state->kinds[column]);
    return PDM_OK;
}

static pdm_status settle_levels(pdm_state *state, pdm__run *run, pdm_error *err) {
    if (state->dedupe) return settle_level(state, run, 0, pdm__dedupe_column(state->setup.metric), err);
    PDM__TRY(settle_level(state, run, 0, state->plan.unit_column, err));
    PDM__TRY(settle_level(state, run, 1, state->plan.part_column, err));
    return settle_level(state, run, 1, state->plan.part_column_too, err);
}

pdm_status pdm__state_ingest(pdm_state *state, const pdm_batch *batch, pdm__ingest *in, pdm_error *err) {
    const pdm_metric *metric = state->setup.metric;
    int64_t exponent = pdm__option_int(metric, state->options, "currency_exponent", -1);
    in->calendar = &state->calendar;
    bool any = pdm__segments_unbounded(&state->segments) || state->plan.late_before != INT64_MIN;
    in->segments = any ? NULL : &state->segments;
    in->currency_exponent = exponent < 0 ? -1 : (int32_t)exponent;
    in->naive_local = pdm__option_int(metric, state->options, "naive_time", 0) != 0;
    in->scales = state->dedupe ? NULL : state->plan.scales;
    in->skip_nulls = pdm__option_int(metric, state->options, "null_rows", 0) != 0;
    memcpy(in->summed, state->plan.summed, sizeof in->summed);
    return pdm__ingest_begin(in, state->plan.columns, state->plan.column_count, state->plan.use, batch, err);
}

/* Keys that are made from rows live no longer than their block. */
static bool makes_bytes(const pdm__schema *schema) {
    for (int32_t l = 0; l < schema->level_count; l++) {
        if (schema->levels[l].key_kind == PDM__KEY_BYTES) return true;
    }
    return false;
}

static pdm_status take_batch(pdm_state *state, pdm__run *run, const pdm__ingest *in, int64_t rows, pdm_error *err) {
    int64_t wanted = (rows + SLICE_ROWS - 1) / SLICE_ROWS;
    update_work work = {.state = state, .run = run, .in = in};
    work.slice_count = wanted < run->threads ? (int32_t)wanted : run->threads;
    bool packed = state->store.schema.packed; /* small enough to stay as they are */
    bool whole = packed || state->rows > 0 || rows <= PENDING_RECORDS;
    work.copy_text = whole || makes_bytes(&state->store.schema);
    if (!packed && pdm__store_pending(&state->store) + rows > PENDING_RECORDS)
        PDM__TRY(pdm__store_fold(&state->store, run, err));
    PDM__TRY(pdm__store_need_buckets(&state->store, work.slice_count, err));
    PDM__TRY(pdm__new_zero(state->context, (size_t)work.slice_count, sizeof *work.slices, &work.slices, err));
    pdm_status status = slices_begin(&work, rows, err);
    if (status == PDM_OK) status = whole ? take_whole(&work, rows, err) : take_in_pieces(&work, rows, err);
    slices_end(&work);
    pdm__drop(state->context, work.slices, (size_t)work.slice_count, sizeof *work.slices);
    return status;
}

pdm_status pdm__state_check_rows(const pdm_state *state, int64_t rows, pdm_error *err) {
    int64_t most = state->plan.max_rows;
    if (most == 0 || rows <= most) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "%" PRId64 " rows, a state of metric \"%s\" holds %" PRId64, rows,
                     state->setup.metric->name, most);
}

pdm_status pdm__state_update(pdm_state *state, const pdm_batch *batch, pdm_error *err) {
    PDM__TRY(pdm__state_prepare(state, err));
    pdm__ingest in;
    memset(&in, 0, sizeof in);
    PDM__TRY(pdm__state_ingest(state, batch, &in, err));
    if (batch->length == 0) return PDM_OK;
    if (INT64_MAX - state->rows < batch->length) return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "more than 2^63 rows");
    PDM__TRY(pdm__state_check_rows(state, state->rows + batch->length, err));
    pdm__run run;
    pdm__run_begin(&run, state->context, batch->length);
    int32_t kinds[PDM__MAX_COLUMNS];
    int32_t level_kinds[PDM__MAX_LEVELS];
    memcpy(kinds, state->kinds, sizeof kinds);
    for (int32_t l = 0; l < PDM__MAX_LEVELS; l++) level_kinds[l] = state->store.schema.levels[l].key_kind;
    pdm_status status = settle_kinds(state, &in, err);
    if (status == PDM_OK) status = settle_levels(state, &run, err);
    if (status == PDM_OK) status = take_batch(state, &run, &in, batch->length, err);
    if (status == PDM_OK) return PDM_OK;
    /* A batch that was refused decides nothing. */
    memcpy(state->kinds, kinds, sizeof kinds);
    for (int32_t l = 0; state->prepared && l < state->store.schema.level_count; l++) {
        pdm__store_reset_key_kind(&state->store, l, level_kinds[l]);
    }
    return status;
}

pdm_status pdm_state_update(pdm_state *state, const pdm_batch *batch, pdm_error *err) {
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter(state, &mine, err));
    pdm_status status = pdm__state_update(mine, batch, err);
    pdm__state_leave(mine);
    return status;
}

static pdm_status stream_failed(struct ArrowArrayStream *stream, int64_t batches, int code, pdm_error *err) {
    const char *text = stream->get_last_error == NULL ? NULL : stream->get_last_error(stream);
    return pdm__fail(err, PDM_E_STREAM, -1, NULL, "the stream failed after %" PRId64 " batches (error %d): %s", batches,
                     code, text == NULL ? "it gave no reason" : text);
}

/* Rows of the stream are numbered through. */
static void shift_row(pdm_error *err, int64_t rows) {
    if (err == NULL || err->row < 0 || rows == 0) return;
    int64_t row = err->row + rows;
    char message[sizeof err->message];
    const char *rest = strncmp(err->message, "row ", 4) == 0 ? strchr(err->message, ',') : NULL;
    memcpy(message, rest == NULL ? err->message : rest, strlen(rest == NULL ? err->message : rest) + 1);
    char column[sizeof err->column];
    memcpy(column, err->column, sizeof column);
    if (rest == NULL) {
        (void)pdm__fail(err, (pdm_status)err->code, row, column, "%s", message);
    } else {
        (void)pdm__fail(err, (pdm_status)err->code, row, column, "row %" PRId64 "%s", row, message);
    }
}

static pdm_status update_from(pdm_state *state, struct ArrowArrayStream *stream, int64_t *batches, pdm_error *err) {
    struct ArrowSchema schema;
    memset(&schema, 0, sizeof schema);
    int code = stream->get_schema(stream, &schema);
    if (code != 0) return stream_failed(stream, 0, code, err);
    int64_t rows = 0;
    pdm_status status = PDM_OK;
    while (status == PDM_OK) {
        struct ArrowArray array;
        memset(&array, 0, sizeof array);
        code = stream->get_next(stream, &array);
        if (code != 0) {
            status = stream_failed(stream, *batches, code, err);
            break;
        }
        if (array.release == NULL) break;
        pdm__arrow_batch view;
        memset(&view, 0, sizeof view);
        status = pdm__arrow_import(state->context, &schema, &array, &view, err);
        if (status == PDM_OK) status = pdm__state_update(state, &view.batch, err);
        if (status == PDM_OK) {
            *batches += 1;
            rows += array.length;
        } else {
            shift_row(err, rows);
        }
        pdm__arrow_batch_clear(&view);
        array.release(&array);
    }
    if (schema.release != NULL) schema.release(&schema);
    return status;
}

pdm_status pdm_state_update_arrow(pdm_state *state, struct ArrowArrayStream *stream, int64_t *batches, pdm_error *err) {
    int64_t taken = 0;
    if (stream == NULL || stream->release == NULL)
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "stream is NULL or released");
    pdm_state *mine = NULL;
    pdm_status status = pdm__state_enter(state, &mine, err);
    if (status == PDM_OK) {
        status = update_from(mine, stream, &taken, err);
        pdm__state_leave(mine);
    }
    stream->release(stream);
    if (batches != NULL) *batches = taken;
    return status;
}
