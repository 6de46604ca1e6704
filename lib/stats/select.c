#include "stats/select.h"

#include "core/sort.h"

#define CELLS 2048  /* of a grid: one below, one above, the others in between */
#define LEAF 4096   /* as few values are sorted */
#define SAMPLE 1024 /* values that guess where a large column's wanted positions lie */
#define PIECE 65536 /* rows between two polls */
#define BLOCK 1024  /* rows that are cut together, in the first-level cache */

/* Rows of a column dealt out to threads. */
typedef struct chunks {
    size_t count;
    size_t rows; /* of a chunk, the last one has the rest */
} chunks;

static chunks deal(const pdm__run *run, size_t n) {
    size_t pieces = (n + PIECE - 1) / PIECE;
    size_t count = (size_t)run->threads < pieces ? (size_t)run->threads : pieces;
    if (count == 0) count = 1;
    return (chunks){count, (n + count - 1) / count};
}

static size_t chunk_end(const chunks *c, size_t n, size_t index) {
    size_t end = (index + 1) * c->rows;
    return end < n ? end : n;
}

static pdm_status check_rows(size_t n, pdm_error *err) {
    if (n <= UINT32_MAX) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "expected at most %u values to rank, got %zu", UINT32_MAX, n);
}

/* -------------------------------------------------------------------------------------------------------- selection */

/*
 * Cells of equal width: cell c begins at key base + (c << shift). The first also holds all below it, the last all
 * above it.
 */
typedef struct grid {
    uint64_t base;
    uint32_t shift;
} grid;

/* low … high lie inside, neither in the first cell (unless that begins at the smallest key) nor in the last. */
static grid grid_over(int64_t low, int64_t high) {
    grid g = {.base = pdm__sort_key_i64(low)};
    uint64_t span = pdm__sort_key_i64(high) - g.base;
    while ((span >> g.shift) > CELLS - 3) g.shift++;
    uint64_t width = UINT64_C(1) << g.shift;
    g.base = g.base > width ? g.base - width : 0;
    return g;
}

/* Written without branches: nobody could predict them. */
static inline size_t grid_cell(const grid *g, int64_t value) {
    uint64_t key = pdm__sort_key_i64(value);
    uint64_t offset = (key - g->base) & (UINT64_C(0) - (uint64_t)(key > g->base));
    uint64_t cell = offset >> g->shift;
    return (size_t)(cell < CELLS - 1 ? cell : CELLS - 1);
}

static bool cell_is_one_value(const grid *g, size_t cell) { return g->shift == 0 && cell > 0 && cell < CELLS - 1; }

static int64_t cell_value(const grid *g, size_t cell) { return (int64_t)((g->base + cell) ^ (UINT64_C(1) << 63)); }

typedef struct selection {
    pdm__run *run;
    int64_t *sorted;  /* [LEAF] */
    int64_t *scratch; /* [LEAF] */
    pdm_error *err;
} selection;

/* A cell that must be looked into: it holds wanted positions and perhaps several values. */
typedef struct wanted {
    size_t cell;
    size_t less;   /* values of the whole column below the cell */
    size_t offset; /* of its values in `gathered` */
    size_t size;
    int32_t first; /* its positions */
    int32_t positions;
} wanted;

/* One round of selection: part of a column, spread over a grid. */
typedef struct part {
    selection *selection;
    const int64_t *values;
    size_t n;
    grid grid;
    chunks chunks;
    uint32_t *counts; /* [chunks.count][CELLS]; for gathering: where the chunk's next value of the cell goes */
    int32_t wanted_count;
    wanted wanted[PDM__SELECT_MAX];
    uint8_t is_wanted[CELLS];
    int64_t *gathered;
    size_t gathered_size;
} part;

static void count_chunk(void *work, size_t index) {
    part *p = work;
    grid g = p->grid;
    uint32_t *even = p->counts + index * CELLS;
    uint32_t odd[CELLS] = {0}; /* two tables: neighbours of one value need not wait for each other */
    size_t end = chunk_end(&p->chunks, p->n, index);
    for (size_t i = index * p->chunks.rows; i < end;) {
        if (pdm__run_poll(p->selection->run, 0)) return;
        size_t stop = end - i > PIECE ? i + PIECE : end;
        for (; i + 1 < stop; i += 2) {
            even[grid_cell(&g, p->values[i])]++;
            odd[grid_cell(&g, p->values[i + 1])]++;
        }
        for (; i < stop; i++) even[grid_cell(&g, p->values[i])]++;
    }
    for (size_t c = 0; c < CELLS; c++) even[c] += odd[c];
}

static void gather_chunk(void *work, size_t index) {
    part *p = work;
    grid g = p->grid;
    uint32_t *next = p->counts + index * CELLS;
    size_t end = chunk_end(&p->chunks, p->n, index);
    for (size_t i = index * p->chunks.rows; i < end;) {
        if (pdm__run_poll(p->selection->run, 0)) return;
        size_t stop = end - i > PIECE ? i + PIECE : end;
        for (; i < stop; i++) {
            size_t cell = grid_cell(&g, p->values[i]);
            if (p->is_wanted[cell]) p->gathered[next[cell]++] = p->values[i];
        }
    }
}

static size_t cell_size(const part *p, size_t cell) {
    size_t size = 0;
    for (size_t c = 0; c < p->chunks.count; c++) size += p->counts[c * CELLS + cell];
    return size;
}

/*
 * Answers the positions that fall on a cell of one value and lists the cells of the others. `less` values are below
 * the part.
 */
static void place_positions(part *p, size_t less, const size_t *positions, int32_t count, pdm__select_group *groups) {
    size_t cell = 0;
    size_t size = cell_size(p, 0);
    for (int32_t i = 0; i < count; i++) {
        while (positions[i] >= less + size) {
            less += size;
            size = cell_size(p, ++cell);
        }
        if (cell_is_one_value(&p->grid, cell)) {
            groups[i] = (pdm__select_group){cell_value(&p->grid, cell), less, size};
        } else if (p->is_wanted[cell]) {
            p->wanted[p->wanted_count - 1].positions++;
        } else {
            p->is_wanted[cell] = 1;
            p->wanted[p->wanted_count++] = (wanted){cell, less, p->gathered_size, size, i, 1};
            p->gathered_size += size;
        }
    }
}

static void place_chunks(part *p) {
    for (int32_t w = 0; w < p->wanted_count; w++) {
        size_t next = p->wanted[w].offset;
        for (size_t c = 0; c < p->chunks.count; c++) {
            uint32_t *slot = p->counts + c * CELLS + p->wanted[w].cell;
            size_t size = *slot;
            *slot = (uint32_t)next;
            next += size;
        }
    }
}

/* Few values: sort them and read. */
static pdm_status select_sorted(selection *s, const int64_t *values, size_t n, size_t less, const size_t *positions,
                                int32_t count, pdm__select_group *groups) {
    memcpy(s->sorted, values, n * sizeof *values);
    PDM__TRY(pdm__sort_i64(s->run, s->sorted, s->scratch, n, s->err));
    size_t begin = 0;
    size_t end = 0;
    for (int32_t i = 0; i < count; i++) {
        while (positions[i] - less >= end) {
            begin = end;
            while (end < n && s->sorted[end] == s->sorted[begin]) end++;
        }
        groups[i] = (pdm__select_group){s->sorted[begin], less + begin, end - begin};
    }
    return PDM_OK;
}

/*
 * Where a sample says that positions first … last lie, and some more. A sample that misleads costs time only:
 * positions outside fall into the cells below and above, which are looked into like any other.
 */
static pdm_status guess_grid(selection *s, const int64_t *values, size_t n, size_t first, size_t last, grid *out) {
    for (size_t i = 0; i < SAMPLE; i++) s->sorted[i] = values[i * (n / SAMPLE)];
    PDM__TRY(pdm__sort_i64(s->run, s->sorted, s->scratch, SAMPLE, s->err));
    size_t margin = SAMPLE / 16;
    size_t low = (size_t)((pdm__uint128)first * SAMPLE / n);
    size_t high = (size_t)((pdm__uint128)last * SAMPLE / n) + margin;
    low = low > margin ? low - margin : 0;
    if (high > SAMPLE - 1) high = SAMPLE - 1;
    *out = grid_over(s->sorted[low], s->sorted[high]);
    return PDM_OK;
}

static void find_range(const int64_t *values, size_t n, int64_t *low, int64_t *high) {
    *low = *high = values[0];
    for (size_t i = 1; i < n; i++) {
        if (values[i] < *low) *low = values[i];
        if (values[i] > *high) *high = values[i];
    }
}

static pdm_status select_part(selection *s, bool whole, const int64_t *values, size_t n, size_t less,
                              const size_t *positions, int32_t count, pdm__select_group *groups);

static pdm_status select_wanted(part *p, const size_t *positions, pdm__select_group *groups) {
    selection *s = p->selection;
    place_chunks(p);
    pdm__run_parallel(s->run, p->chunks.count, gather_chunk, p);
    PDM__TRY(pdm__run_status(s->run, s->err));
    for (int32_t i = 0; i < p->wanted_count; i++) {
        const wanted *w = &p->wanted[i];
        PDM__TRY(select_part(s, false, p->gathered + w->offset, w->size, w->less, positions + w->first, w->positions,
                             groups + w->first));
    }
    return PDM_OK;
}

static pdm_status select_on_grid(part *p, size_t less, const size_t *positions, int32_t count,
                                 pdm__select_group *groups) {
    selection *s = p->selection;
    pdm_context *context = s->run->context;
    size_t cells = p->chunks.count * CELLS;
    PDM__TRY(pdm__new_zero(context, cells, sizeof *p->counts, &p->counts, s->err));
    pdm__run_parallel(s->run, p->chunks.count, count_chunk, p);
    pdm_status status = pdm__run_status(s->run, s->err);
    if (status == PDM_OK) place_positions(p, less, positions, count, groups);
    if (status == PDM_OK && p->wanted_count > 0) {
        status = pdm__new(context, p->gathered_size, sizeof *p->gathered, &p->gathered, s->err);
        if (status == PDM_OK) {
            status = select_wanted(p, positions, groups);
            pdm__drop(context, p->gathered, p->gathered_size, sizeof *p->gathered);
        }
    }
    pdm__drop(context, p->counts, cells, sizeof *p->counts);
    return status;
}

/*
 * The column as a whole is spread over a guessed grid. All further rounds know their range, so each divides it by some
 * thousand: there are at most eight.
 */
static pdm_status select_part(selection *s, bool whole, const int64_t *values, size_t n, size_t less,
                              const size_t *positions, int32_t count, pdm__select_group *groups) {
    if (n <= LEAF) return select_sorted(s, values, n, less, positions, count, groups);
    part p = {.selection = s, .values = values, .n = n, .chunks = deal(s->run, n)};
    if (whole) {
        PDM__TRY(guess_grid(s, values, n, positions[0], positions[count - 1], &p.grid));
    } else {
        int64_t low;
        int64_t high;
        find_range(values, n, &low, &high);
        if (low == high) {
            for (int32_t i = 0; i < count; i++) groups[i] = (pdm__select_group){low, less, n};
            return PDM_OK;
        }
        p.grid = grid_over(low, high);
    }
    return select_on_grid(&p, less, positions, count, groups);
}

pdm_status pdm__select(pdm__run *run, const int64_t *values, size_t n, const size_t *positions, int32_t count,
                       pdm__select_group *groups, pdm_error *err) {
    if (count == 0) return PDM_OK;
    PDM__TRY(check_rows(n, err));
    selection s = {.run = run, .err = err};
    size_t room = n < LEAF ? n : LEAF;
    PDM__TRY(pdm__new(run->context, 2 * room, sizeof *s.sorted, &s.sorted, err));
    s.scratch = s.sorted + room;
    pdm_status status = select_part(&s, true, values, n, 0, positions, count, groups);
    pdm__drop(run->context, s.sorted, 2 * room, sizeof *s.sorted);
    return status;
}

const pdm__select_group *pdm__select_at(const pdm__select_group *groups, int32_t count, size_t position) {
    for (int32_t i = 0; i < count; i++) {
        if (position >= groups[i].less && position - groups[i].less < groups[i].equal) return &groups[i];
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------------------------------- cutting */

void pdm__cuts_add(pdm__cuts *cuts, pdm__int128 at, size_t stay) {
    if (at > INT64_MAX) return;
    int64_t value = at < INT64_MIN ? INT64_MIN : (int64_t)at;
    cuts->cut[cuts->count++] = (pdm__cut){value, stay};
}

/* What one chunk saw. */
typedef struct cut_tally {
    size_t above[PDM__SELECT_MAX]; /* values at or above cut c */
    size_t ties[PDM__SELECT_MAX];  /* values equal to cut c in the chunks before, then also in this one */
    int64_t min[PDM__SELECT_MAX + 1];
    int64_t max[PDM__SELECT_MAX + 1];
    uint64_t width[PDM__SELECT_MAX + 1]; /* max − min + 1; 0 = no values yet, or all that there are */
} cut_tally;

typedef struct cutting {
    pdm__run *run;
    const pdm__cuts *cuts;
    const int64_t *values;
    const uint32_t *members;
    size_t n;
    int32_t first;
    int32_t step;
    int32_t *codes;
    chunks chunks;
    cut_tally *tallies; /* [chunks.count] */
} cutting;

/* class[i] += the value is above the cut; returns how many are. */
static size_t add_above(const int64_t *values, size_t n, int64_t at, int32_t *class) {
    size_t above = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t is_above = values[i] >= at;
        class[i] += is_above;
        above += (size_t)is_above;
    }
    return above;
}

/* The same for a cut through a run of ties. `ties` have been seen before. */
static size_t add_above_ties(const int64_t *values, size_t n, const pdm__cut *cut, size_t *ties, int32_t *class) {
    size_t above = 0;
    size_t seen = *ties;
    for (size_t i = 0; i < n; i++) {
        int32_t is_tie = values[i] == cut->at;
        int32_t is_above = (values[i] > cut->at) | (is_tie & (seen >= cut->stay));
        seen += (size_t)is_tie;
        class[i] += is_above;
        above += (size_t)is_above;
    }
    *ties = seen;
    return above;
}

/* Values seldom widen the range of their class: one comparison tells. */
static void widen_ranges(const int64_t *values, size_t n, const int32_t *class, cut_tally *tally) {
    for (size_t i = 0; i < n; i++) {
        int32_t c = class[i];
        int64_t value = values[i];
        if (PDM__LIKELY((uint64_t)value - (uint64_t)tally->min[c] < tally->width[c])) continue;
        if (value < tally->min[c]) tally->min[c] = value;
        if (value > tally->max[c]) tally->max[c] = value;
        tally->width[c] = (uint64_t)tally->max[c] - (uint64_t)tally->min[c] + 1;
    }
}

static void cut_block(const cutting *w, size_t begin, size_t n, cut_tally *tally) {
    const int64_t *values = w->values + begin;
    int32_t class[BLOCK];
    memset(class, 0, n * sizeof *class);
    for (int32_t c = 0; c < w->cuts->count; c++) {
        const pdm__cut *cut = &w->cuts->cut[c];
        tally->above[c] += cut->stay == 0 ? add_above(values, n, cut->at, class)
                                          : add_above_ties(values, n, cut, &tally->ties[c], class);
    }
    widen_ranges(values, n, class, tally);
    int32_t first = w->first;
    int32_t step = w->step;
    if (w->members == NULL) {
        for (size_t i = 0; i < n; i++) w->codes[begin + i] = first + step * class[i];
    } else {
        for (size_t i = 0; i < n; i++) w->codes[w->members[begin + i]] = first + step * class[i];
    }
}

static void cut_chunk(void *work, size_t index) {
    const cutting *w = work;
    cut_tally *tally = &w->tallies[index];
    size_t end = chunk_end(&w->chunks, w->n, index);
    size_t row = 0;
    for (size_t i = index * w->chunks.rows; i < end; i += BLOCK, row += BLOCK) {
        if (row % PIECE == 0 && pdm__run_poll(w->run, 0)) return;
        cut_block(w, i, end - i < BLOCK ? end - i : BLOCK, tally);
    }
}

static void count_ties(void *work, size_t index) {
    const cutting *w = work;
    cut_tally *tally = &w->tallies[index];
    size_t end = chunk_end(&w->chunks, w->n, index);
    for (size_t i = index * w->chunks.rows; i < end;) {
        if (pdm__run_poll(w->run, 0)) return;
        size_t stop = end - i > PIECE ? i + PIECE : end;
        for (int32_t c = 0; c < w->cuts->count; c++) {
            if (w->cuts->cut[c].stay == 0) continue;
            size_t ties = 0;
            for (size_t j = i; j < stop; j++) ties += w->values[j] == w->cuts->cut[c].at;
            tally->ties[c] += ties;
        }
        i = stop;
    }
}

/* Every chunk must know how many ties the chunks before it hold. */
static void prepare_ties(cutting *w) {
    bool needed = false;
    for (int32_t c = 0; c < w->cuts->count; c++) needed = needed || w->cuts->cut[c].stay > 0;
    if (!needed || w->chunks.count == 1) return;
    pdm__run_parallel(w->run, w->chunks.count, count_ties, w);
    for (int32_t c = 0; c < w->cuts->count; c++) {
        size_t before = 0;
        for (size_t t = 0; t < w->chunks.count; t++) {
            size_t own = w->tallies[t].ties[c];
            w->tallies[t].ties[c] = before;
            before += own;
        }
    }
}

static void describe_classes(const cutting *w, pdm__cut_class *classes) {
    for (int32_t c = 0; c <= w->cuts->count; c++) {
        size_t begin = 0; /* members of this class and above */
        size_t above = 0;
        pdm__cut_class class = {0, INT64_MAX, INT64_MIN};
        for (size_t t = 0; t < w->chunks.count; t++) {
            const cut_tally *tally = &w->tallies[t];
            if (c > 0) begin += tally->above[c - 1];
            if (c < w->cuts->count) above += tally->above[c];
            if (tally->min[c] < class.min) class.min = tally->min[c];
            if (tally->max[c] > class.max) class.max = tally->max[c];
        }
        class.count = (c == 0 ? w->n : begin) - above;
        classes[c] = class.count > 0 ? class : (pdm__cut_class){0, 0, 0};
    }
}

pdm_status pdm__cuts_apply(pdm__run *run, const pdm__cuts *cuts, const int64_t *values, const uint32_t *members,
                           size_t n, int32_t first, int32_t step, int32_t *codes, pdm__cut_class *classes,
                           pdm_error *err) {
    PDM__TRY(check_rows(n, err));
    cutting w = {run, cuts, values, members, n, first, step, codes, deal(run, n), NULL};
    PDM__TRY(pdm__new_zero(run->context, w.chunks.count, sizeof *w.tallies, &w.tallies, err));
    for (size_t t = 0; t < w.chunks.count; t++) {
        for (int32_t c = 0; c <= cuts->count; c++) {
            w.tallies[t].min[c] = INT64_MAX;
            w.tallies[t].max[c] = INT64_MIN;
        }
    }
    prepare_ties(&w);
    pdm__run_parallel(run, w.chunks.count, cut_chunk, &w);
    pdm_status status = pdm__run_status(run, err);
    if (status == PDM_OK) describe_classes(&w, classes);
    pdm__drop(run->context, w.tallies, w.chunks.count, sizeof *w.tallies);
    return status;
}
