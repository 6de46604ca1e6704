/* One shot: the result of one batch, by the shortest way. */
#include "core/state.h"

/* The metric's own way, if it has one for these rows. */
static pdm_status take_shortcut(pdm_state *state, const pdm_batch *batch, bool *done, pdm_result **out,
                                pdm_error *err) {
    const pdm__metric_ops *ops = state->setup.metric->ops;
    pdm__ingest in;
    memset(&in, 0, sizeof in);
    *done = false;
    if (ops->shortcut == NULL || state->dedupe) return PDM_OK;
    PDM__TRY(pdm__state_ingest(state, batch, &in, err));
    if (in.segments != NULL) return PDM_OK;
    pdm__run run;
    pdm__run_begin(&run, state->context, batch->length);
    pdm__view view = {.setup = &state->setup,
                      .plan = &state->plan,
                      .store = &state->store,
                      .time_min = INT64_MAX,
                      .time_max = INT64_MIN};
    pdm_result *result = NULL;
    pdm_status status = pdm__result_new(state->context, &result, err);
    if (status == PDM_OK) status = ops->shortcut(&view, &run, &in, batch->length, done, result, err);
    if (status == PDM_OK) status = pdm__run_status(&run, err);
    if (status == PDM_OK && *done) {
        *out = result;
        return PDM_OK;
    }
    pdm_result_free(result);
    return status;
}

/* What the rows have left in the state. */
static void forget(pdm_state *state, const int32_t *kinds, const int32_t *level_kinds) {
    pdm__state_empty(state);
    memcpy(state->kinds, kinds, sizeof state->kinds);
    for (int32_t l = 0; state->prepared && l < state->store.schema.level_count; l++) {
        pdm__store_reset_key_kind(&state->store, l, level_kinds[l]);
    }
    state->rows = 0;
    state->rows_null = 0;
    state->rows_late = 0;
    state->time_min = INT64_MAX;
    state->time_max = INT64_MIN;
    state->money = 0;
}

static pdm_status compute(pdm_state *state, const pdm_batch *batch, pdm_result **out, pdm_error *err) {
    bool done = false;
    int32_t kinds[PDM__MAX_COLUMNS];
    int32_t level_kinds[PDM__MAX_LEVELS];
    if (state->rows > 0) {
        return pdm__fail(err, PDM_E_SEQUENCE, -1, NULL,
                         "compute is for a state without rows, this one has %lld; use update and result",
                         (long long)state->rows);
    }
    PDM__TRY(pdm__state_prepare(state, err));
    PDM__TRY(take_shortcut(state, batch, &done, out, err));
    if (done) return PDM_OK;
    memcpy(kinds, state->kinds, sizeof kinds);
    for (int32_t l = 0; l < PDM__MAX_LEVELS; l++) level_kinds[l] = state->store.schema.levels[l].key_kind;
    PDM__TRY(pdm__state_update(state, batch, err));
    pdm_status status = pdm__state_result(state, out, err);
    forget(state, kinds, level_kinds);
    return status;
}

pdm_status pdm_state_compute(pdm_state *state, const pdm_batch *batch, pdm_result **out, pdm_error *err) {
    if (out == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "out is NULL");
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter(state, &mine, err));
    pdm_status status = compute(mine, batch, out, err);
    pdm__state_leave(mine);
    return status;
}

pdm_status pdm_compute(pdm_context *context, const pdm_metric *metric, const void *options, const pdm_batch *batch,
                       pdm_result **out, pdm_error *err) {
    pdm_state *state = NULL;
    pdm_status status = pdm_state_create(context, metric, options, &state, err);
    if (status == PDM_OK) status = pdm_state_compute(state, batch, out, err);
    pdm_state_free(state);
    return status;
}
