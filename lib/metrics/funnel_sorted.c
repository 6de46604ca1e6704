/*
 * Rows that come sorted by unit and time, one shot: every unit's rows lie together, so they are evaluated where they pass by and nothing
 * is kept. The first row out of order ends the attempt to do so.
 */
#include "metrics/funnel_subjects.h"

#define PROBE_ROWS ((int64_t)4096)
#define LEAST_PIECE ((int64_t)1 << 16)

/* A range of rows for one thread; it begins with the first unit that begins in it, and ends with the last. */
typedef struct piece {
    const struct sorted *all;
    int64_t first;
    int64_t end;
    pdm__funnel_worker worker;
    pdm__block block;
    pdm__funnel_row *rows; /* of the unit at hand */
    pdm__funnel_row *spare;
    size_t count;
    size_t capacity;
    uint64_t unit;
    int64_t time; /* of the row before */
    bool begun;   /* there is a unit at hand */
    bool unsorted;
    int64_t time_min;
    int64_t time_max;
    pdm__funnel_ladder rungs;
} piece;

typedef struct sorted {
    pdm__view *view;
    const pdm__ingest *in;
    int64_t rows;
    pdm__run *run;
    piece *pieces;
    size_t piece_count;
    uint64_t flip; /* makes keys comparable as unsigned */
    bool unsorted;
} sorted;

static pdm_status need_rows(piece *p, size_t more, pdm_error *err) {
    pdm_context *context = p->worker.work->context;
    if (p->count + more <= p->capacity) return PDM_OK;
    size_t capacity = p->capacity * 2 + more;
    PDM__TRY(pdm__renew(context, p->capacity, capacity, sizeof *p->rows, &p->rows, err));
    pdm__drop(context, p->spare, p->capacity, sizeof *p->spare);
    p->spare = NULL;
    p->capacity = 0; /* of both, in case the next fails */
    pdm_status status = pdm__new(context, capacity, sizeof *p->spare, &p->spare, err);
    if (status != PDM_OK) {
        pdm__drop(context, p->rows, capacity, sizeof *p->rows);
        p->rows = NULL;
        return status;
    }
    p->capacity = capacity;
    return PDM_OK;
}

static pdm_status end_unit(piece *p, pdm_error *err) {
    size_t count = p->count;
    p->count = 0;
    if (count == 0) return PDM_OK;
    return pdm__funnel_plain_unit(&p->worker, p->rows, count, p->spare, &p->rungs, 0, err);
}

/*
 * Takes the rows of the block; with `tail` only those of the unit at hand: *over = its end was seen. Rows are written whether they
 * matter or not, and the place moves on only if they do.
 */
static pdm_status take_block(piece *p, bool tail, bool *over, pdm_error *err) {
    const pdm__funnel_plan *plan = p->worker.work->plan;
    const uint64_t *units = p->block.cells[FUNNEL_UNIT].words;
    const uint64_t *events = p->block.cells[FUNNEL_EVENT].words;
    const int64_t *times = (const int64_t *)(const void *)p->block.cells[FUNNEL_TIME].words;
    const uint64_t *codes = plan->codes;
    uint64_t base = (uint64_t)plan->code_base;
    uint64_t most = plan->code_count;
    uint64_t flip = p->all->flip;
    size_t n = p->block.rows;
    bool bad = false;
    PDM__TRY(need_rows(p, n, err));
    for (size_t r = 0; r < n;) {
        if (units[r] != p->unit || !p->begun) {
            *over = tail;
            if (tail) break;
            bad |= p->begun && (units[r] ^ flip) < (p->unit ^ flip);
            PDM__TRY(end_unit(p, err));
            p->unit = units[r];
            p->begun = true;
            p->time = INT64_MIN;
        }
        uint64_t unit = p->unit;
        int64_t time = p->time;
        pdm__funnel_row *to = p->rows + p->count;
        for (; r < n && units[r] == unit; r++) {
            uint64_t at = events[r] - base;
            uint64_t word = codes[at < most ? at : most];
            bad |= times[r] < time;
            time = times[r];
            *to = (pdm__funnel_row){time, (uint32_t)word, (uint32_t)(word >> 32)};
            to += word != 0;
        }
        p->time = time;
        p->count = (size_t)(to - p->rows);
    }
    p->unsorted |= bad;
    return PDM_OK;
}

/* Columns as they must be for this way; anything else goes the long one. */
static bool block_serves(const pdm__block *block) {
    const pdm__cells *unit = &block->cells[FUNNEL_UNIT];
    const pdm__cells *event = &block->cells[FUNNEL_EVENT];
    return block->skipped == 0 && unit->lengths == NULL && event->lengths == NULL && event->valid == NULL;
}

static pdm_status next_block(piece *p, int64_t at, int64_t end, pdm_error *err) {
    size_t n = end - at < (int64_t)PDM__BLOCK_ROWS ? (size_t)(end - at) : PDM__BLOCK_ROWS;
    PDM__TRY(pdm__ingest_block(p->all->in, &p->block, at, n, err));
    p->unsorted |= !block_serves(&p->block);
    return PDM_OK;
}

static void note_times(piece *p) {
    p->time_min = p->block.time_min < p->time_min ? p->block.time_min : p->time_min;
    p->time_max = p->block.time_max > p->time_max ? p->block.time_max : p->time_max;
}

/* Where the first unit begins that begins in the piece. */
static pdm_status find_begin(piece *p, int64_t *begin, pdm_error *err) {
    *begin = p->first;
    if (p->first == 0) return PDM_OK;
    PDM__TRY(next_block(p, p->first - 1, p->first, err));
    uint64_t before = p->block.cells[FUNNEL_UNIT].words[0];
    while (*begin < p->end && !p->unsorted) {
        PDM__TRY(next_block(p, *begin, p->end, err));
        note_times(p);
        for (size_t r = 0; r < p->block.rows; r++, *begin += 1) {
            uint64_t unit = p->block.cells[FUNNEL_UNIT].words[r];
            if (unit == before) continue;
            p->unsorted |= (unit ^ p->all->flip) < (before ^ p->all->flip);
            return PDM_OK;
        }
    }
    return PDM_OK;
}

static pdm_status scan_piece(piece *p, pdm_error *err) {
    int64_t at = 0;
    bool over = false;
    PDM__TRY(find_begin(p, &at, err));
    if (at == p->end) return PDM_OK; /* all of it belongs to a unit that began before */
    while (!p->unsorted && !over && at < p->all->rows) {
        bool tail = at >= p->end;
        PDM__TRY(next_block(p, at, tail ? p->all->rows : p->end, err));
        if (p->unsorted) break;
        if (!tail) note_times(p);
        int64_t rows = (int64_t)p->block.rows;
        PDM__TRY(take_block(p, tail, &over, err));
        at += rows;
        if (pdm__run_poll(p->all->run, rows)) return pdm__run_status(p->all->run, err);
    }
    return p->unsorted ? PDM_OK : end_unit(p, err);
}

static void work_piece(void *argument, size_t index) {
    piece *p = &((sorted *)argument)->pieces[index];
    pdm__funnel_tallies *tallies = p->worker.tallies;
    p->time_min = INT64_MAX;
    p->time_max = INT64_MIN;
    tallies->status =
        pdm__block_init(&p->block, p->worker.work->context, p->all->in->count, PDM__BLOCK_ROWS, &tallies->err);
    if (tallies->status == PDM_OK) tallies->status = scan_piece(p, &tallies->err);
}

static void end_piece(piece *p) {
    pdm_context *context = p->worker.work->context;
    pdm__block_clear(&p->block);
    pdm__drop(context, p->rows, p->capacity, sizeof *p->rows);
    pdm__drop(context, p->spare, p->capacity, sizeof *p->spare);
    pdm__funnel_scratch_clear(&p->worker.scratch);
}

static void gather(sorted *all, pdm__funnel_work *work) {
    pdm__view *view = all->view;
    for (size_t i = 0; i < all->piece_count; i++) {
        const piece *p = &all->pieces[i];
        all->unsorted |= p->unsorted;
        view->time_min = p->time_min < view->time_min ? p->time_min : view->time_min;
        view->time_max = p->time_max > view->time_max ? p->time_max : view->time_max;
    }
    view->rows = all->rows;
    if (work->plan->options->as_of == PDM_ZERO_INT64) work->as_of = view->time_max;
}

static pdm_status scan(pdm__funnel_work *work, void *own, pdm_error *err) {
    sorted *all = own;
    int64_t wanted = all->rows / LEAST_PIECE;
    all->piece_count = wanted < 1 ? 1 : wanted < all->run->threads ? (size_t)wanted : (size_t)all->run->threads;
    if (all->piece_count > PDM__PARTITIONS) all->piece_count = PDM__PARTITIONS;
    PDM__TRY(pdm__new_zero(work->context, all->piece_count, sizeof *all->pieces, &all->pieces, err));
    for (size_t i = 0; i < all->piece_count; i++) {
        piece *p = &all->pieces[i];
        p->all = all;
        p->first = all->rows * (int64_t)i / (int64_t)all->piece_count;
        p->end = all->rows * (int64_t)(i + 1) / (int64_t)all->piece_count;
        p->worker = (pdm__funnel_worker){.work = work, .log = &work->logs[i], .tallies = &work->tallies[i]};
        p->worker.scratch.context = work->context;
    }
    pdm__run_parallel(all->run, all->piece_count, work_piece, all);
    gather(all, work);
    pdm_status status = PDM_OK;
    for (size_t i = 0; i < all->piece_count; i++) {
        end_piece(&all->pieces[i]);
        if (status != PDM_OK || work->tallies[i].status == PDM_OK) continue;
        status = work->tallies[i].status;
        if (err != NULL) *err = work->tallies[i].err;
    }
    pdm__drop(work->context, all->pieces, all->piece_count, sizeof *all->pieces);
    /* Not sorted: whatever was found is void, and the tables are not made. */
    return status == PDM_OK && all->unsorted ? PDM_E_BAD_VALUE : status;
}

/* Whether the first rows are sorted: most that are not say so at once. */
static pdm_status probe(sorted *all, bool *sorted_so_far, pdm_error *err) {
    pdm__block block;
    uint64_t unit = 0;
    int64_t time = 0;
    int64_t end = all->rows < PROBE_ROWS ? all->rows : PROBE_ROWS;
    *sorted_so_far = true;
    PDM__TRY(pdm__block_init(&block, all->view->setup->context, all->in->count, PDM__BLOCK_ROWS, err));
    pdm_status status = PDM_OK;
    for (int64_t at = 0; at < end && *sorted_so_far && status == PDM_OK; at += (int64_t)PDM__BLOCK_ROWS) {
        size_t n = end - at < (int64_t)PDM__BLOCK_ROWS ? (size_t)(end - at) : PDM__BLOCK_ROWS;
        status = pdm__ingest_block(all->in, &block, at, n, err);
        if (status != PDM_OK) break;
        *sorted_so_far = block_serves(&block);
        for (size_t r = 0; r < block.rows && *sorted_so_far; r++) {
            uint64_t mine = block.cells[FUNNEL_UNIT].words[r] ^ all->flip;
            int64_t now = (int64_t)block.cells[FUNNEL_TIME].words[r];
            bool first = at == 0 && r == 0;
            *sorted_so_far = first || mine > unit || (mine == unit && now >= time);
            unit = mine;
            time = now;
        }
    }
    pdm__block_clear(&block);
    return status;
}

pdm_status pdm__funnel_shortcut(pdm__view *view, pdm__run *run, const pdm__ingest *in, int64_t rows, bool *done,
                                pdm_result *result, pdm_error *err) {
    const pdm__funnel_plan *plan = view->plan->own;
    const pdm_funnel_options *options = plan->options;
    sorted all = {.view = view, .in = in, .rows = rows, .run = run};
    bool events = plan->flag_count == 0 && plan->mask_bits == 0 && plan->exclude_bits == 0 && plan->code_count > 0;
    bool serves = events && rows > 0 && view->plan->reads_packed && plan->packing != FUNNEL_PACKED_NOT &&
                  !plan->keep_foreign && options->time_from == PDM_ZERO_INT64 && options->time_to == PDM_ZERO_INT64 &&
                  in->kinds[FUNNEL_UNIT] != PDM__KEY_TEXT && in->kinds[FUNNEL_EVENT] != PDM__KEY_TEXT &&
                  pdm__funnel_is_usual(plan);
    *done = false;
    if (!serves) return PDM_OK;
    all.flip = in->kinds[FUNNEL_UNIT] == PDM__KEY_UINT ? 0 : UINT64_C(1) << 63;
    PDM__TRY(probe(&all, &serves, err));
    if (!serves) return PDM_OK;
    pdm_status status = pdm__funnel_result_from(view, run, scan, &all, result, err);
    if (all.unsorted && status == PDM_E_BAD_VALUE) return PDM_OK;
    *done = status == PDM_OK;
    return status;
}
