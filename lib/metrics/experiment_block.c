#include "metrics/experiment_block.h"

#define TABLE_SLOTS ((size_t)4096) /* four times the rows of a block */
#define LIMB_BITS 32
#define LOW_BITS ((uint64_t)UINT32_MAX)

/* ---- memory ---- */

static size_t words_of_cell(const pdm__experiment_plan *plan) {
    return (size_t)pdm__experiment_chunks(plan) * EXPERIMENT_CHUNK;
}

/* Without levels the arms are the cells. */
static size_t most_cells(const pdm__experiment_plan *plan, size_t rows) {
    return rows > (size_t)plan->arm_count ? rows : (size_t)plan->arm_count;
}

/* Of each slot, and of each two. */
static size_t known_sums(const pdm__experiment_plan *plan) {
    return (size_t)plan->slot_count * ((size_t)plan->slot_count + 1);
}

size_t pdm__experiment_block_size(const pdm__experiment_plan *plan, size_t rows) {
    size_t cells = most_cells(plan, rows);
    size_t known = known_sums(plan) * (sizeof(pdm__experiment_known) / sizeof(uint64_t));
    size_t halves = rows * (1 + (size_t)plan->slot_count); /* `order` and `sorted` */
    return rows * (3 + (size_t)plan->slot_count) + (halves + 1) / 2 + cells * (2 + words_of_cell(plan)) + 1 +
           TABLE_SLOTS + known;
}

static void lay_out(pdm__experiment_block *b, uint64_t *memory) {
    size_t cells = most_cells(b->plan, b->rows);
    b->arms = memory;
    b->nulls = b->arms + b->rows;
    b->hashed = b->nulls + b->rows;
    b->stands_for = b->hashed + b->rows;
    b->starts = b->stands_for + cells;
    b->table = b->starts + cells + 1;
    b->room = b->table + TABLE_SLOTS;
    b->sums = (int64_t *)(void *)(b->room + b->rows * (size_t)b->plan->slot_count);
    b->known = (pdm__experiment_known *)(void *)(b->sums + cells * b->words);
    b->order = (uint32_t *)(void *)(b->known + known_sums(b->plan));
    b->sorted = (int32_t *)(void *)(b->order + b->rows);
}

/* ---- cells ---- */

static uint64_t hash_of(const pdm__cells *cells, size_t row, uint64_t arm) {
    if (cells->valid != NULL && cells->valid[row] == 0) return arm;
    return cells->lengths != NULL
               ? pdm__hash_text(pdm__pointer_of(cells->words[row]), (size_t)cells->lengths[row], 0, arm)
               : pdm__hash_word(cells->words[row], 0, arm);
}

static bool same_level(const pdm__cells *cells, size_t a, size_t b) {
    bool a_null = cells->valid != NULL && cells->valid[a] == 0;
    bool b_null = cells->valid != NULL && cells->valid[b] == 0;
    if (a_null || b_null) return a_null == b_null;
    if (cells->lengths == NULL) return cells->words[a] == cells->words[b];
    if (cells->lengths[a] != cells->lengths[b]) return false;
    return cells->lengths[a] == 0 ||
           memcmp(pdm__pointer_of(cells->words[a]), pdm__pointer_of(cells->words[b]), (size_t)cells->lengths[a]) == 0;
}

static void find_cells(pdm__experiment_block *b) {
    uint64_t *table = b->table;
    size_t count = 0;
    memset(table, 0, TABLE_SLOTS * sizeof *table);
    for (size_t r = 0; r < b->rows; r++) {
        size_t slot = (size_t)hash_of(b->levels, r, b->arms[r]) & (TABLE_SLOTS - 1);
        while (table[slot] != 0) {
            size_t other = (size_t)b->stands_for[table[slot] - 1];
            if (b->arms[other] == b->arms[r] && same_level(b->levels, other, r)) break;
            slot = (slot + 1) & (TABLE_SLOTS - 1);
        }
        if (table[slot] == 0) {
            b->stands_for[count] = r;
            table[slot] = ++count;
        }
        b->hashed[r] = table[slot] - 1;
    }
    b->cell_of = b->hashed;
    b->count = count;
}

#define FEW_CELLS ((size_t)4)

/* Cell by cell: no row waits for the one before it, as where rows are counted. */
static void order_by_few(const uint64_t *cell_of, size_t rows, size_t cells, uint64_t *starts, uint32_t *order) {
    size_t n = 0;
    for (size_t c = 0; c < cells; c++) {
        starts[c] = n;
        for (size_t r = 0; r < rows && n < rows; r++) {
            order[n] = (uint32_t)r;
            n += cell_of[r] == c;
        }
    }
    starts[cells] = n;
}

static void order_by_many(const uint64_t *cell_of, size_t rows, size_t cells, uint64_t *starts, uint32_t *order) {
    memset(starts, 0, (cells + 1) * sizeof *starts);
    for (size_t r = 0; r < rows; r++) starts[cell_of[r] + 1]++;
    for (size_t c = 0; c < cells; c++) starts[c + 1] += starts[c];
    for (size_t r = 0; r < rows; r++) order[starts[cell_of[r]]++] = (uint32_t)r;
    memmove(starts + 1, starts, cells * sizeof *starts); /* each has become the next one's */
    starts[0] = 0;
}

static void order_rows(pdm__experiment_block *b) {
    if (b->count <= FEW_CELLS) {
        order_by_few(b->cell_of, b->rows, b->count, b->starts, b->order);
    } else {
        order_by_many(b->cell_of, b->rows, b->count, b->starts, b->order);
    }
}

static int32_t *sorted_of(const pdm__experiment_block *b, int32_t slot) { return b->sorted + (size_t)slot * b->rows; }

/* ---- rows ---- */

#define NARROW_BITS 26 /* 1024 products of such numbers add up to less than 2^63 */
#define PLAIN_BITS 31  /* a product of such numbers fits a word */

/* Values cell by cell; returns the bits that any of them has: read once, they are looked at on their way. */
static uint64_t sort_words(const uint64_t *words, const uint32_t *order, size_t rows, int32_t *to) {
    uint64_t seen = 0;
    for (size_t i = 0; i < rows; i++) {
        uint64_t word = words[order[i]];
        to[i] = (int32_t)word;
        seen |= word;
    }
    return seen;
}

/* Bits that integers have, without sign. */
static int32_t bits_of_words(const uint64_t *words, size_t rows, uint64_t seen) {
    uint64_t magnitudes = 0;
    if (seen >> 63 == 0) {
        magnitudes = seen;
    } else {
        for (size_t r = 0; r < rows; r++) magnitudes |= (int64_t)words[r] < 0 ? ~words[r] : words[r];
    }
    return magnitudes == 0 ? 0 : 64 - __builtin_clzll((unsigned long long)magnitudes);
}

/* Integers that are all there are looked at all together; row by row only if one of them is out of range. */
static bool take_integers(pdm__experiment_block *b, int32_t s, const pdm__cells *cells) {
    const pdm__experiment_slot *slot = &b->plan->slots[s];
    if (slot->type == EXPERIMENT_REAL || cells->valid != NULL) return false;
    for (size_t r = 0; r < b->rows; r += 8) __builtin_prefetch(cells->words + b->rows + r);
    uint64_t seen = sort_words(cells->words, b->order, b->rows, sorted_of(b, s));
    b->slots[s] = (experiment_column){cells->words, bits_of_words(cells->words, b->rows, seen), seen >> 63 != 0};
    return pdm__experiment_takes(slot, seen);
}

pdm_status pdm__experiment_block_read(pdm__experiment_block *b, const pdm__experiment_plan *plan,
                                      const pdm__block *block, uint64_t *memory, pdm_error *err) {
    memset(b, 0, sizeof *b);
    b->plan = plan;
    b->rows = block->rows;
    b->words = words_of_cell(plan);
    lay_out(b, memory);
    PDM__TRY(pdm__experiment_find_arms(plan, block, b->arms, err));
    b->dimension = -1;
    b->cell_of = b->arms;
    b->count = (size_t)plan->arm_count;
    order_rows(b);
    memset(b->nulls, 0, b->rows * sizeof *b->nulls);
    for (int32_t s = 0; s < plan->slot_count; s++) {
        if (take_integers(b, s, &block->cells[plan->slots[s].column])) continue;
        uint64_t *room = b->room + (size_t)s * b->rows;
        PDM__TRY(pdm__experiment_slot_column(plan, s, block, room, b->nulls, err));
        b->slots[s] = (experiment_column){.words = room, .bits = 64};
    }
    return PDM_OK;
}

/* ---- sums ---- */

/* Words that adding one by one makes: what is below 2^32 of each number, and what is above. */
static void add_split(int64_t total, int64_t low, int64_t *limbs) {
    limbs[0] += low;
    limbs[1] += (total - low) / ((int64_t)1 << 32);
}

static void add_values(const int32_t *x, size_t count, bool negative, int64_t *limbs) {
    int64_t total = 0;
    int64_t low = 0;
    for (size_t i = 0; i < count; i++) total += x[i];
    if (negative) {
        for (size_t i = 0; i < count; i++) low += (uint32_t)x[i];
    }
    add_split(total, negative ? low : total, limbs);
}

static void add_small_products(const int32_t *x, const int32_t *y, size_t count, int64_t *limbs) {
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) total += (int64_t)x[i] * y[i];
    limbs[0] += total;
}

static void add_narrow_products(const int32_t *x, const int32_t *y, size_t count, int64_t *limbs) {
    int64_t total = 0;
    int64_t low = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t product = (int64_t)x[i] * y[i];
        total += product;
        low += (int64_t)((uint64_t)product & LOW_BITS);
    }
    add_split(total, low, limbs);
}

static void add_any_products(const int32_t *x, const int32_t *y, size_t count, int64_t *limbs) {
    for (size_t i = 0; i < count; i++) pdm__limbs_add_int(limbs, (int64_t)x[i] * y[i]);
}

/* Rows of one cell. */
typedef struct cell_rows {
    const pdm__experiment_block *b;
    int64_t number; /* 1 + that of the cell */
    size_t first;
    size_t count;
} cell_rows;

static const int32_t *values_of(const cell_rows *c, int32_t slot) { return sorted_of(c->b, slot) + c->first; }

/* Of slot s, or with slot t; only added up where no metric has asked for it before. */
static const int64_t *sum_of(const cell_rows *c, int32_t s) {
    pdm__experiment_known *known = &c->b->known[s];
    if (known->cell == c->number) return known->words;
    *known = (pdm__experiment_known){.cell = c->number};
    add_values(values_of(c, s), c->count, c->b->slots[s].negative, known->words);
    return known->words;
}

static const int64_t *product_of(const cell_rows *c, int32_t s, int32_t t) {
    if (s == t && c->b->plan->slots[s].bit) return sum_of(c, s); /* its own square */
    int32_t low = s < t ? s : t;
    int32_t high = s < t ? t : s;
    pdm__experiment_known *known = &c->b->known[(size_t)(1 + high) * (size_t)c->b->plan->slot_count + (size_t)low];
    if (known->cell == c->number) return known->words;
    *known = (pdm__experiment_known){.cell = c->number};
    const experiment_column *x = &c->b->slots[s];
    const experiment_column *y = &c->b->slots[t];
    bool small = !x->negative && !y->negative && x->bits + y->bits <= LIMB_BITS;
    bool narrow = x->bits <= NARROW_BITS && y->bits <= NARROW_BITS;
    (small    ? add_small_products
     : narrow ? add_narrow_products
              : add_any_products)(values_of(c, s), values_of(c, t), c->count, known->words);
    return known->words;
}

static int32_t bits_of(const pdm__experiment_block *b, const pdm__experiment_metric *m) {
    int32_t most = pdm__experiment_is_real(m) ? 64 : 0;
    for (int32_t i = 0; i < m->columns; i++) {
        int32_t bits = b->slots[m->slots[i]].bits;
        most = bits > most ? bits : most;
    }
    return most;
}

static void add_plain(const cell_rows *c, const pdm__experiment_metric *m, int64_t *words) {
    int64_t *to = words + EXPERIMENT_COUNTS;
    int64_t *product = to + m->columns * PDM__INT_LIMBS;
    words[EXPERIMENT_N] = (int64_t)c->count;
    for (int32_t i = 0; i < m->columns; i++, to += PDM__INT_LIMBS) {
        memcpy(to, sum_of(c, m->slots[i]), PDM__INT_LIMBS * sizeof *to);
        for (int32_t j = i; j < m->columns; j++, product += PDM__INT_PRODUCT_LIMBS)
            memcpy(product, product_of(c, m->slots[i], m->slots[j]), PDM__INT_LIMBS * sizeof *product);
    }
}

static void add_any(const cell_rows *c, const pdm__experiment_metric *m, int64_t *words) {
    const pdm__experiment_block *b = c->b;
    int64_t mine[EXPERIMENT_SLOTS];
    for (size_t i = c->first; i < c->first + c->count; i++) {
        size_t row = b->order[i];
        for (int32_t k = 0; k < m->columns; k++) mine[m->slots[k]] = (int64_t)b->slots[m->slots[k]].words[row];
        pdm__experiment_add_slots(b->plan, m, mine, b->nulls[row], NULL, words);
    }
}

static void sum_cell(const cell_rows *c, int64_t *words) {
    const pdm__experiment_plan *plan = c->b->plan;
    words[0] = (int64_t)c->count;
    for (int32_t i = 0; i < plan->metric_count; i++) {
        const pdm__experiment_metric *m = &plan->metrics[i];
        if (bits_of(c->b, m) <= PLAIN_BITS) {
            add_plain(c, m, words + m->at);
        } else {
            add_any(c, m, words + m->at);
        }
    }
}

/* Cells of a segment column in place of the arms. */
static void regroup(pdm__experiment_block *b, int32_t dimension, const pdm__cells *levels) {
    b->dimension = dimension;
    b->levels = levels;
    find_cells(b);
    order_rows(b);
    for (int32_t s = 0; s < b->plan->slot_count; s++) {
        if (b->slots[s].bits <= PLAIN_BITS) (void)sort_words(b->slots[s].words, b->order, b->rows, sorted_of(b, s));
    }
}

void pdm__experiment_block_sum(pdm__experiment_block *b, int32_t dimension, const pdm__cells *levels) {
    if (levels != NULL) regroup(b, dimension, levels);
    memset(b->sums, 0, b->count * b->words * sizeof *b->sums);
    memset(b->known, 0, known_sums(b->plan) * sizeof *b->known);
    for (size_t c = 0; c < b->count; c++) {
        size_t first = (size_t)b->starts[c];
        cell_rows cell = {b, (int64_t)c + 1, first, (size_t)b->starts[c + 1] - first};
        if (cell.count > 0) sum_cell(&cell, b->sums + c * b->words);
    }
}
