/*
 * Rows that came a short while ago. Where a row that comes twice says nothing new (a metric says so by its `essence`), most rows of units
 * that are just being active need not go any further. What rows say is compared in full, so what is left out changes nothing.
 */
#ifndef PDM_CORE_SEEN_H
#define PDM_CORE_SEEN_H

#include "core/metric_ops.h"

typedef struct pdm__seen {
    pdm_context *context;
    int64_t rows;      /* of the batch */
    uint64_t *entries; /* of the rows that came last; NULL = none yet */
    size_t words;      /* of all entries */
    size_t stride;     /* words of an entry */
    uint32_t texts;    /* which of unit and essence are texts, bit by bit */
    int32_t bits;      /* 2^bits entries */
    bool off;          /* it is not worth while, or there is no memory */
    uint64_t looked_at;
    uint64_t found;
} pdm__seen;

/* For one thread's share of a batch of `rows`; texts of rows must last as long as it does. */
void pdm__seen_begin(pdm__seen *seen, pdm_context *context, int64_t rows);
void pdm__seen_end(pdm__seen *seen);

/* Leaves those rows out of the block that say what one of the last rows said. `unit` is the column of units. */
void pdm__seen_leave_out(pdm__seen *seen, const pdm__ingest *in, int32_t unit, const pdm__essence *essence,
                         pdm__block *block);

#endif
