/*
 * dedupe = event_id: rows with the same event_id count once.
 *
 * Whether a row is a repeat is known only when all rows are: so the state keeps the rows themselves, as byte strings in a canonical
 * order, each under its event_id (a store like any other: merged, serialised and restored by the same code). A result first takes
 * the least row of every event_id (of every unit, where the metric says so) and feeds those to a fresh store of the metric.
 */
#ifndef PDM_CORE_DEDUPE_H
#define PDM_CORE_DEDUPE_H

#include "core/state.h"

/* The column "event_id" of the metric, −1 if it has none. */
int32_t pdm__dedupe_column(const pdm_metric *metric);

/* The schema of a store of rows. */
void pdm__dedupe_schema(pdm__schema *schema);

/* Rows of a block as records of that store; their bytes are in out->bytes. */
pdm_status pdm__dedupe_select(const pdm_state *state, const pdm__block *block, pdm__records *out, pdm_error *err);

/* Whether what is kept are rows at all, of amounts that state->money covers; for states that come from bytes. */
pdm_status pdm__dedupe_check(pdm_state *state, pdm_error *err);

/* Fills `out`, an initialised store of the metric's schema, from the rows kept, and the rows, times and repeats of the view. */
pdm_status pdm__dedupe_replay(pdm_state *state, pdm__run *run, pdm__store *out, pdm__view *view, pdm_error *err);

#endif
