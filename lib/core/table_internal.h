/* How a result is held in memory: shared by what fills and reads it (table.c) and what exports it (arrow_export.c). */
#ifndef PDM_CORE_TABLE_INTERNAL_H
#define PDM_CORE_TABLE_INTERNAL_H

#include "core/table.h"

#include <pthread.h>

/* Text of `count` cells: cell i is bytes[offsets[i]] … bytes[offsets[i + 1]]. Cells are appended one after the other. */
typedef struct pdm__text {
    char *bytes;     /* NULL while nothing but empty text has been put */
    size_t capacity; /* of bytes */
    int64_t *offsets;
    int64_t count;
    int64_t filled; /* cells put so far */
} pdm__text;

typedef struct pdm__table_column {
    int32_t type;
    size_t width;          /* bytes of a fixed-width cell, 0 for text */
    void *values;          /* fixed-width cells: numbers, dictionary codes, one byte per boolean */
    pdm__text text;        /* LARGE_UTF8: the cells; DICTIONARY: the values the codes mean */
    pdm_column dictionary; /* DICTIONARY: view of text */
    uint8_t *validity;     /* NULL as long as no cell is null */
    int64_t null_count;
    uint8_t *bits;      /* BOOL: the cells as bits, made when first asked for */
    atomic_bool packed; /* bits holds them */
} pdm__table_column;

struct pdm_table {
    pdm_result *result;   /* the result that owns this table */
    pdm_table_info shown; /* what `info` points to: the registry's description, or the first columns of it */
    const pdm_table_info *info;
    int64_t rows;
    int64_t allocated;          /* rows there is memory for */
    pdm__table_column *columns; /* info->column_count */
};

struct pdm_result {
    atomic_size_t references; /* the caller's, and one per exported array or stream */
    pdm_context *context;
    pthread_mutex_t packing; /* held while bits are made */
    pdm_table **tables;
    int32_t count;
};

pdm_result *pdm__result_retain(pdm_result *result);

/* Bytes of a validity bitmap or of packed booleans. */
static inline size_t pdm__bitmap_bytes(int64_t rows) { return (size_t)rows / 8 + ((size_t)rows % 8 != 0); }

/* Bytes of the text, never NULL. */
const char *pdm__text_bytes(const pdm__text *text);

/* The cells of a BOOL column as bits; made at the first call, by whichever thread comes first. */
const uint8_t *pdm__table_bits(const pdm_table *table, pdm__table_column *column);

#endif
