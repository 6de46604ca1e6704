/*
 * From the caller's columns to canonical ones, a block of rows at a time: keys, µs, minor units and counts as 64-bit words, texts as
 * pointer and length. Checks everything on the way; a column that already is canonical is not copied.
 */
#ifndef PDM_CORE_INGEST_H
#define PDM_CORE_INGEST_H

#include "core/base.h"
#include "core/segments.h"
#include "core/store.h"

#include <pdmetrics/calendar.h>
#include <pdmetrics/metric.h>

#define PDM__BLOCK_ROWS ((size_t)1024)
#define PDM__MAX_COLUMNS 96

/* A canonical column of a block. */
typedef struct pdm__cells {
    const uint64_t *words;   /* integers (two's complement), doubles (bits), pointers to text, or places of items */
    const uint64_t *lengths; /* texts: their bytes; lists: how many items */
    const uint8_t *valid;    /* one byte a row, NULL = no nulls */
    const pdm_column *items; /* lists: where their items are (core/items.h); NULL = no lists */
    bool present;            /* the batch has this column */
    bool is_unsigned;        /* keys: uint64, not int64 */
} pdm__cells;

/* What is the same for all blocks of a batch. */
typedef struct pdm__ingest {
    const pdm_column_info *infos;
    int32_t count;
    const pdm_column *columns[PDM__MAX_COLUMNS]; /* NULL = absent */
    int32_t kinds[PDM__MAX_COLUMNS];             /* pdm__key_kind of key columns */
    bool nullable[PDM__MAX_COLUMNS];             /* null is a value here */
    bool summed[PDM__MAX_COLUMNS];               /* numbers that are bounded like amounts */
    const pdm_calendar *calendar;
    const pdm__segments *segments; /* times must lie in an open one; NULL = any time */
    int32_t currency_exponent;     /* −1 = not given */
    const int32_t *scales; /* of columns: PDM__SCALE(n) = numbers times 10^n, integers too; NULL or 0 = as usual */
    bool naive_local;
    bool skip_nulls;
} pdm__ingest;

/* An amount column with decimal places of its own. Its numbers are not added up, so they do not count against the sum of amounts. */
#define PDM__SCALE(places) ((places) + 1)

/* How a metric uses a column under its options. */
typedef enum pdm__use { PDM__UNUSED = 0, PDM__OPTIONAL = 1, PDM__REQUIRED = 2 } pdm__use;

/* A block and its memory. */
typedef struct pdm__block {
    pdm_context *context;
    size_t capacity; /* rows */
    uint64_t *memory;
    int32_t column_count;
    int64_t first;   /* row of the batch that it begins with */
    size_t rows;     /* that are left */
    int64_t skipped; /* rows with nulls, left out */
    bool gaps;       /* rows were left out, for whatever reason */
    pdm__cells cells[PDM__MAX_COLUMNS];
    pdm__uint128 money; /* sum of absolute amounts of all money columns, and of those that are summed like them */
    int64_t time_min;   /* of the first time column; min > max if there is no row */
    int64_t time_max;
} pdm__block;

/* Finds the columns and checks types. use[i] says how column i is used. Fills all of `in` but the settings at its end. */
pdm_status pdm__ingest_begin(pdm__ingest *in, const pdm_column_info *infos, int32_t count, const pdm__use *use,
                             const pdm_batch *batch, pdm_error *err);

pdm_status pdm__block_init(pdm__block *block, pdm_context *context, int32_t column_count, size_t rows, pdm_error *err);
void pdm__block_clear(pdm__block *block);

/* Converts rows [first, first + rows), rows ≤ capacity. Errors name the row of the batch. */
pdm_status pdm__ingest_block(const pdm__ingest *in, pdm__block *block, int64_t first, size_t rows, pdm_error *err);

/* Leaves all rows out but which[0 … n): ascending. */
void pdm__block_keep(const pdm__ingest *in, pdm__block *block, const uint32_t *which, size_t n);

/* Row of the batch that row r of the block is, for messages. */
int64_t pdm__block_row(const pdm__block *block, size_t r);

/* Checks a batch's own fields. */
pdm_status pdm__batch_check(const pdm_batch *batch, pdm_error *err);

#endif
