/*
 * Rows of a block and their sums, column by column. Once the rows of a cell (an arm in a group) stand together a sum is
 * a loop over numbers that lie side by side, with nothing in it but the addition.
 */
#ifndef PDM_METRICS_EXPERIMENT_BLOCK_H
#define PDM_METRICS_EXPERIMENT_BLOCK_H

#include "metrics/experiment_internal.h"

/* The sum of the products of two slots in a cell, or of one slot's values: metrics share them. */
typedef struct pdm__experiment_known {
    int64_t cell; /* 1 + the one it is of, 0 = none */
    int64_t words[PDM__INT_LIMBS];
} pdm__experiment_known;

/* A slot's column. */
typedef struct experiment_column {
    const uint64_t *words; /* integers, or doubles in an order of their own; in the block, or in `room` */
    int32_t bits;          /* that the integers have, without sign; 64 = some are null, or they are no integers */
    bool negative;         /* some are */
} experiment_column;

typedef struct pdm__experiment_block {
    const pdm__experiment_plan *plan;
    size_t rows;
    size_t words;    /* of a cell: whole chunks */
    uint64_t *arms;  /* [rows] */
    uint64_t *nulls; /* [rows] sets of slots */
    experiment_column slots[EXPERIMENT_SLOTS];
    uint64_t *room; /* [slots][rows] for what is not in the block */
    /* of one dimension after the other */
    int32_t dimension;        /* −1 = all units */
    const pdm__cells *levels; /* NULL = all units */
    size_t count;             /* cells; of all units the arms, some of them empty */
    const uint64_t *cell_of;  /* [rows] */
    uint64_t *hashed;         /* [rows] cells that were found by hash */
    uint64_t *stands_for;     /* [cells] the first row of each that was found by hash */
    uint64_t *table;
    uint64_t *starts;             /* [cells + 1] where the rows of a cell begin in `order` */
    uint32_t *order;              /* [rows] */
    int32_t *sorted;              /* [slots][rows] in that order, of slots whose integers fit */
    int64_t *sums;                /* [cells][words] */
    pdm__experiment_known *known; /* [slots + 1][slots] sums, then products */
} pdm__experiment_block;

/* Words of memory that a block of so many rows takes. */
size_t pdm__experiment_block_size(const pdm__experiment_plan *plan, size_t rows);
/* Lays the block out in its memory and reads arms and slots. */
pdm_status pdm__experiment_block_read(pdm__experiment_block *b, const pdm__experiment_plan *plan,
                                      const pdm__block *block, uint64_t *memory, pdm_error *err);
/* Sums of the cells of a dimension; those of all units first. */
void pdm__experiment_block_sum(pdm__experiment_block *b, int32_t dimension, const pdm__cells *levels);

#endif
