#include "core/seen.h"

#define MOST_BITS 14  /* more entries than this leave the cache */
#define LEAST_BITS 10 /* for the smallest batches */
#define LEAST_ROWS ((int64_t)1 << 12)
#define TRIAL_ROWS 2048 /* after which it is known whether looking is worth while */
#define FIELDS (1 + PDM__ESSENCE_COLUMNS)

#define UNIT_FACTOR PDM__HASH_FACTOR
#define WORD_FACTOR UINT64_C(0x9E3779B97F4A7C15)

void pdm__seen_begin(pdm__seen *seen, pdm_context *context, int64_t rows) {
    *seen = (pdm__seen){.context = context, .rows = rows, .bits = LEAST_BITS, .off = rows < LEAST_ROWS};
    while (seen->bits < MOST_BITS && rows >> seen->bits >= 4) seen->bits++;
}

void pdm__seen_end(pdm__seen *seen) {
    if (seen->entries != NULL) pdm__drop(seen->context, seen->entries, seen->words, sizeof *seen->entries);
    seen->entries = NULL;
    seen->off = true;
}

/* What a row is compared by: its unit, and what it says. */
typedef struct fields {
    int32_t count;
    uint32_t texts;
    const uint64_t *words[FIELDS];
    const uint64_t *lengths[FIELDS];
} fields;

static fields fields_of(const pdm__cells *unit, const pdm__essence *essence) {
    fields f = {.count = 1 + essence->count, .texts = unit->lengths != NULL ? 1 : 0};
    f.words[0] = unit->words;
    f.lengths[0] = unit->lengths;
    for (int32_t c = 0; c < essence->count; c++) {
        f.words[1 + c] = essence->words[c];
        f.lengths[1 + c] = essence->lengths[c];
        if (essence->lengths[c] != NULL) f.texts |= UINT32_C(2) << c;
    }
    return f;
}

/* Two integers stand there as they are; everything else behind a mark, texts with their lengths. */
static bool is_pair(const fields *f) { return f->count == 2 && f->texts == 0; }

/* Without memory for it everything takes longer, that is all. */
static bool make_entries(pdm__seen *seen, const fields *f) {
    seen->texts = f->texts;
    seen->stride = is_pair(f) ? 2 : 1 + (size_t)f->count + (size_t)__builtin_popcount(f->texts);
    seen->words = seen->stride << seen->bits;
    if (!pdm__context_spares(seen->context, seen->words * sizeof *seen->entries)) return false;
    if (pdm__new_zero(seen->context, seen->words, sizeof *seen->entries, &seen->entries, NULL) != PDM_OK) return false;
    /* A pair of zeros has its place in the first entry: there stands one that has its place elsewhere. */
    if (is_pair(f)) seen->entries[0] = 1;
    return true;
}

/* Numbers of the rows that are new, without a branch: whether one is cannot be foreseen. */
static size_t find_new_pairs(pdm__seen *seen, const fields *f, size_t rows, uint32_t *kept) {
    uint64_t *entries = seen->entries;
    const uint64_t *units = f->words[0];
    const uint64_t *words = f->words[1];
    int32_t shift = 64 - seen->bits;
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) {
        uint64_t *entry = entries + 2 * ((units[i] * UNIT_FACTOR + words[i] * WORD_FACTOR) >> shift);
        uint64_t different = (entry[0] ^ units[i]) | (entry[1] ^ words[i]);
        entry[0] = units[i];
        entry[1] = words[i];
        kept[n] = (uint32_t)i;
        n += different != 0;
    }
    return n;
}

/* Never 0. */
static uint64_t mark_of(const fields *f, size_t i) {
    uint64_t mark = 0;
    for (int32_t c = 0; c < f->count; c++) {
        uint64_t word = f->lengths[c] == NULL
                            ? f->words[c][i]
                            : pdm__hash_text(pdm__pointer_of(f->words[c][i]), (size_t)f->lengths[c][i], 0, 0);
        mark = (mark ^ word) * UNIT_FACTOR;
        mark ^= mark >> 29;
    }
    return mark | 1;
}

/* Of texts the bytes are compared, not where they lie. */
static bool same_fields(const uint64_t *entry, const fields *f, size_t i) {
    for (int32_t c = 0; c < f->count; c++) {
        uint64_t mine = *entry++;
        uint64_t here = f->words[c][i];
        if (f->lengths[c] == NULL) {
            if (mine != here) return false;
            continue;
        }
        uint64_t length = *entry++;
        if (length != f->lengths[c][i]) return false;
        if (mine != here && memcmp(pdm__pointer_of(mine), pdm__pointer_of(here), (size_t)length) != 0) return false;
    }
    return true;
}

static size_t find_new(pdm__seen *seen, const fields *f, size_t rows, uint32_t *kept) {
    uint64_t marks[PDM__BLOCK_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) {
        marks[i] = mark_of(f, i);
        __builtin_prefetch(seen->entries + (size_t)(marks[i] >> (64 - seen->bits)) * seen->stride, 1);
    }
    for (size_t i = 0; i < rows; i++) {
        uint64_t *entry = seen->entries + (size_t)(marks[i] >> (64 - seen->bits)) * seen->stride;
        if (*entry == marks[i] && same_fields(entry + 1, f, i)) continue;
        *entry++ = marks[i];
        for (int32_t c = 0; c < f->count; c++) {
            *entry++ = f->words[c][i];
            if (f->lengths[c] != NULL) *entry++ = f->lengths[c][i];
        }
        kept[n++] = (uint32_t)i;
    }
    return n;
}

void pdm__seen_leave_out(pdm__seen *seen, const pdm__ingest *in, int32_t unit, const pdm__essence *essence,
                         pdm__block *block) {
    if (seen->off || essence->count == 0) return;
    fields f = fields_of(&block->cells[unit], essence);
    if (seen->entries == NULL) seen->off = !make_entries(seen, &f);
    if (seen->off || seen->texts != f.texts) return;
    uint32_t kept[PDM__BLOCK_ROWS];
    size_t rows = block->rows;
    size_t n = is_pair(&f) ? find_new_pairs(seen, &f, rows, kept) : find_new(seen, &f, rows, kept);
    seen->looked_at += rows;
    seen->found += rows - n;
    /* Rows by chance come again too late. */
    seen->off = seen->looked_at >= TRIAL_ROWS && 10 * seen->found < 3 * seen->looked_at;
    if (n < rows) pdm__block_keep(in, block, kept, n);
}
