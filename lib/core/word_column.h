/*
 * Columns of a journal in few bits. Tuples of an entry stand together, ascending; whole columns are written and read in order.
 *
 * Bits are filled from the lowest of a byte up; what is left of the last byte is 0. A *number* is six bits l, then: l = 0, one bit, the
 * number; l > 0, the l lowest bits of a number whose highest bit is the (l + 1)th.
 *
 * entries   for each entry with tuples the number of entries without any since the last one, and the number of its tuples − 1
 * words     two bits of form, then
 *   0 plain     least value (a number: zigzag, 0, −1, 1, …), a common divisor of all differences from it (a number), then for each tuple
 *               the difference divided by it (a number)
 *   1 rising    the same, but in an entry the difference from the tuple before; only where values rise or stay in every entry
 *   2 few       the number of different values − 1 in eight bits, the values ascending (the least as above, then differences − 1), then
 *               for each tuple which one it is, in as few bits as tell them apart; one bit at least
 *   3 one       the value (a number: zigzag): all tuples have it
 *
 * Of these the shortest is written, of equally short ones the first; so equal columns are equal bytes. The first column of words is never
 * of form 3: there are no more tuples than bits, and nobody has to make room for more than he was sent.
 */
#ifndef PDM_CORE_WORD_COLUMN_H
#define PDM_CORE_WORD_COLUMN_H

#include "core/base.h"

/* What is written so far. Zero it, set the context; pdm__bits_clear() at the end. */
typedef struct pdm__bits {
    pdm_context *context;
    uint8_t *bytes;
    size_t capacity;
    size_t size;
    uint64_t hold;
    int32_t held;
} pdm__bits;
void pdm__bits_clear(pdm__bits *bits);

/* The words of a column; begins[i] says whether tuple i is the first of its entry. count > 0. */
typedef struct pdm__word_column {
    const int64_t *words;
    const uint8_t *begins;
    size_t count;
    bool first; /* of the journal */
} pdm__word_column;

/* Append a column. Fail for lack of memory only. O(count). */
pdm_status pdm__put_entries(pdm__bits *bits, const uint32_t *entries, size_t count, pdm_error *err);
pdm_status pdm__put_words(pdm__bits *bits, const pdm__word_column *column, pdm_error *err);

/* What is being read. A read beyond the end gives zeros and says so at the end. */
typedef struct pdm__bit_reader {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    uint64_t hold;
    int32_t held;
    bool failed;
} pdm__bit_reader;

/* Reads a column tuple by tuple. */
typedef struct pdm__entry_reader {
    pdm__bit_reader bits;
    uint64_t entry; /* the next one that could have tuples, − 1 */
    uint64_t left;  /* tuples of `entry` to come */
    bool started;
} pdm__entry_reader;
void pdm__entries_begin(pdm__entry_reader *r, const uint8_t *bytes, size_t size);
/* Entry of the next tuple; *begins: it is its first. false: these are no entries below `limit`. */
bool pdm__next_entry(pdm__entry_reader *r, uint64_t limit, uint32_t *entry, bool *begins);

typedef struct pdm__word_reader {
    pdm__bit_reader bits;
    int32_t form;
    int32_t width; /* few: bits of an index */
    uint64_t least;
    uint64_t divisor;
    uint64_t step; /* rising: of the tuple before */
    int32_t value_count;
    int64_t values[256];
} pdm__word_reader;
/* false: these bytes are no column. */
bool pdm__words_begin(pdm__word_reader *r, const uint8_t *bytes, size_t size, bool first);
bool pdm__next_word(pdm__word_reader *r, bool begins, int64_t *word);
/* Whether the column that was read, these words, would be written just as it was. O(count). */
bool pdm__words_are_canonical(const pdm__word_reader *r, const pdm__word_column *column);

/* Whether all has been read, and nothing is left. */
bool pdm__bits_at_end(const pdm__bit_reader *r);

#endif
