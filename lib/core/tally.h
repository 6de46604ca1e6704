/*
 * Counting over the partitions of a store: each thread counts a range of partitions for itself, the sums are added up at the end, so that
 * no thread waits for another and results depend on neither. On request it is kept which units are in which cell of a table.
 */
#ifndef PDM_CORE_TALLY_H
#define PDM_CORE_TALLY_H

#include "core/parallel.h"
#include "core/sort.h"
#include "core/store.h"

/* Units in cells, in no order. */
typedef struct pdm__cell_log {
    pdm_context *context;
    bool wanted;
    uint64_t *words; /* [2 · count] cell, then partition and id of the unit */
    size_t count;
    size_t capacity;
} pdm__cell_log;

/* Does nothing if no such list is wanted. cell < 2^32. */
pdm_status pdm__cell_log_add(pdm__cell_log *log, uint64_t cell, size_t partition, uint32_t unit);

/* Adds a partition to counts[0 … width). */
typedef pdm_status (*pdm__tally_body)(void *own, size_t partition, int64_t *counts, pdm__cell_log *log);

typedef struct pdm__tally {
    pdm__run *run;
    const pdm__store *store;
    pdm__tally_body body;
    void *own;
    size_t width;
    size_t pieces;
    int64_t *counts; /* [pieces][width]; the first has the sums at the end */
    pdm__cell_log *logs;
    pdm_status *status;
} pdm__tally;

/* Counts. Clear it, also after a failure. Errors: PDM_E_NOMEM, PDM_E_LIMIT, PDM_E_STOPPED, and whatever the body gives. */
pdm_status pdm__tally_make(pdm__tally *tally, pdm__run *run, const pdm__store *store, size_t width, bool units,
                           pdm__tally_body body, void *own, pdm_error *err);
void pdm__tally_clear(pdm__tally *tally);

/* A unit in a cell. */
typedef struct pdm__cell_unit {
    uint32_t cell;
    pdm__entry_ref unit;
} pdm__cell_unit;

/* By cell, within it by unit in canonical order, each once. The caller drops `capacity` entries. */
typedef struct pdm__cell_units {
    pdm__cell_unit *items;
    size_t count;
    size_t capacity;
} pdm__cell_units;
pdm_status pdm__tally_units(const pdm__tally *tally, pdm__cell_units *out, pdm_error *err);

#endif
