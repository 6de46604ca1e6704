/* Segments of a state that are complete: sealed, and made one where they abut. */
#include "core/state.h"

/* Below this many tuples it is not worth the while to combine before somebody asks. */
#define FEW_TUPLES ((size_t)1 << 14)

static size_t count_tuples(const pdm__store *store) {
    size_t count = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (int32_t j = 0; j < store->schema.journal_count; j++) count += store->partitions[p].journals[j].count;
    }
    return count;
}

/* What is kept is made anew beside what there is, then takes its place: a failure leaves the state as it was. */
static pdm_status rewrite(pdm_state *state, bool seal, pdm__run *run, pdm_error *err) {
    pdm__segments after;
    pdm__store store;
    PDM__TRY(pdm__segments_settle(state->context, &state->segments, seal, &after, err));
    memset(&store, 0, sizeof store);
    pdm_status status = pdm__store_init(&store, state->context, &state->store.schema, err);
    if (status == PDM_OK)
        status = state->setup.metric->ops->seal(&state->plan, &state->store, &after, run, &store, err);
    if (status == PDM_OK) status = pdm__run_status(run, err);
    if (status != PDM_OK) {
        pdm__store_clear(&store);
        pdm__segments_clear(state->context, &after);
        return status;
    }
    pdm__store_replace(&state->store, &store);
    pdm__segments_clear(state->context, &state->segments);
    state->segments = after;
    state->combined = count_tuples(&state->store);
    return PDM_OK;
}

pdm_status pdm__state_settle(pdm_state *state, pdm__run *run, pdm_error *err) {
    return pdm__segments_settled(&state->segments) ? PDM_OK : rewrite(state, false, run, err);
}

/* Each time the state has doubled: then combining costs no more than the merges did. */
void pdm__state_settle_some(pdm_state *state, pdm__run *run) {
    if (pdm__segments_settled(&state->segments)) return;
    size_t count = count_tuples(&state->store);
    if (count > FEW_TUPLES && count / 2 > state->combined) (void)rewrite(state, false, run, NULL);
}

static pdm_status seal(pdm_state *state, pdm_error *err) {
    const pdm_metric *metric = state->setup.metric;
    if (metric->ops->seal == NULL) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, NULL,
                         "a state of metric \"%s\" cannot be sealed; it need not be: any two of like options merge",
                         metric->name);
    }
    pdm__run run;
    pdm__run_begin(&run, state->context, 0);
    PDM__TRY(pdm__state_prepare(state, err));
    PDM__TRY(pdm__store_fold(&state->store, &run, err));
    if (!pdm__segments_any_open(&state->segments)) return pdm__state_settle(state, &run, err);
    return rewrite(state, true, &run, err);
}

pdm_status pdm_state_seal(pdm_state *state, pdm_error *err) {
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter(state, &mine, err));
    pdm_status status = seal(mine, err);
    pdm__state_leave(mine);
    return status;
}
