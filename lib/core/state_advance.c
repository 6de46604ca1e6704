/* States that advance: what the time before a watermark has given is settled, and no more is kept of its rows than can still matter. */
#include "core/state.h"

#include <inttypes.h>

static pdm_status make_stores(const pdm_state *state, pdm__store *store, pdm__store *settled, pdm_error *err) {
    pdm__schema schema = state->plan.advanced;
    for (int32_t l = 0; l < schema.level_count; l++) schema.levels[l].key_kind = state->store.schema.levels[l].key_kind;
    PDM__TRY(pdm__store_init(store, state->context, &schema, err));
    pdm_status status = pdm__store_init(settled, state->context, &state->plan.settled, err);
    if (status != PDM_OK) pdm__store_clear(store);
    return status;
}

static void take(pdm_state *state, pdm__store *store, pdm__segments *cut) {
    pdm__store_replace(&state->store, store);
    pdm__segments_clear(state->context, &state->segments);
    state->segments = *cut;
    state->advanced = true;
    pdm__state_note_watermark(state);
}

void pdm__state_note_watermark(pdm_state *state) {
    bool drops = pdm__option_int(state->setup.metric, state->options, "late_rows", 0) != 0;
    state->plan.late_before = state->advanced && drops ? pdm__state_watermark(state) : INT64_MIN;
}

/* ---- states without rows ---- */

pdm_status pdm__state_begin_advanced(pdm_state *state, int64_t watermark, pdm_error *err) {
    pdm__store store;
    pdm__store settled;
    pdm__segments cut;
    PDM__TRY(make_stores(state, &store, &settled, err));
    pdm_status status = pdm__segments_cut(state->context, watermark, &cut, err);
    if (status != PDM_OK) {
        pdm__store_clear(&store);
        pdm__store_clear(&settled);
        return status;
    }
    pdm__store_replace(&state->settled, &settled);
    take(state, &store, &cut);
    return PDM_OK;
}

void pdm__state_retreat(pdm_state *state) {
    int32_t kinds[PDM__MAX_LEVELS];
    for (int32_t l = 0; l < PDM__MAX_LEVELS; l++) kinds[l] = state->store.schema.levels[l].key_kind;
    pdm__store_clear(&state->settled);
    pdm__store_clear(&state->store);
    state->advanced = false;
    state->segments.count = 1;
    state->segments.items[0] = (pdm__segment){.from = INT64_MIN, .last = INT64_MAX};
    if (pdm__store_init(&state->store, state->context, &state->plan.schema, NULL) == PDM_OK) {
        for (int32_t l = 0; l < state->store.schema.level_count; l++)
            (void)pdm__store_set_key_kind(&state->store, l, kinds[l]);
        pdm__state_note_watermark(state);
        return;
    }
    pdm__drop(state->context, state->plan.own, 1, state->plan.own_size);
    memset(&state->plan, 0, sizeof state->plan);
    state->prepared = false; /* made again at the next use */
}

/* ---- together ---- */

static pdm_status refuse_unit(const pdm_state *state, int32_t kind, const pdm__key *key, pdm_error *err) {
    static const char what[] = "is in both states; states that have advanced merge if none is";
    const char *column = state->plan.columns[state->plan.unit_column].name;
    if (kind == PDM__KEY_INT)
        return pdm__fail(err, PDM_E_SEGMENT_OVERLAP, -1, column, "%s %" PRId64 " %s", column, (int64_t)key->word, what);
    if (kind == PDM__KEY_UINT)
        return pdm__fail(err, PDM_E_SEGMENT_OVERLAP, -1, column, "%s %" PRIu64 " %s", column, key->word, what);
    return pdm__fail(err, PDM_E_SEGMENT_OVERLAP, -1, column, "%s \"%.*s\" %s", column,
                     key->length > 64 ? 64 : (int)key->length, (const char *)key->bytes, what);
}

/* Units of both: what one knows of the time before the watermark the other does not. */
static pdm_status check_apart(const pdm_state *dst, const pdm_state *src, pdm_error *err) {
    bool text = pdm__key_is_bytes(src->store.schema.levels[0].key_kind);
    if (pdm__store_count(&dst->store, 0) == 0) return PDM_OK;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *mine = &dst->store.partitions[p].levels[0];
        const pdm__keymap *other = &src->store.partitions[p].levels[0];
        for (uint32_t id = 0; id < other->count && mine->count > 0; id++) {
            pdm__key key = pdm__keymap_key(other, id);
            pdm__key_hash(&key, text, mine->seed);
            if (pdm__keymap_find(mine, &key) == PDM__NO_ID) continue;
            return refuse_unit(dst, src->store.schema.levels[0].key_kind, &key, err);
        }
    }
    return PDM_OK;
}

pdm_status pdm__state_join_advanced(pdm_state *dst, const pdm_state *src, bool *changed, pdm_error *err) {
    bool nothing = pdm__store_count(&src->store, 0) == 0;
    *changed = false;
    if (!src->advanced && (!dst->advanced || nothing)) return PDM_OK;
    if (!dst->advanced && pdm__store_count(&dst->store, 0) == 0) {
        *changed = true;
        return pdm__state_begin_advanced(dst, pdm__state_watermark(src), err);
    }
    if (!dst->advanced || !src->advanced)
        return pdm__fail(err, PDM_E_OPTIONS_DIFFER, -1, "watermark",
                         "one state has advanced to %" PRId64 ", the other has not; advance it as far, then they merge",
                         pdm__state_watermark(dst->advanced ? dst : src));
    if (pdm__state_watermark(dst) != pdm__state_watermark(src))
        return pdm__fail(err, PDM_E_OPTIONS_DIFFER, -1, "watermark",
                         "the states have advanced to %" PRId64 " and to %" PRId64 "; only as far merge",
                         pdm__state_watermark(dst), pdm__state_watermark(src));
    return check_apart(dst, src, err);
}

/* ---- advancing ---- */

static pdm_status refuse(const pdm_state *state, pdm_error *err) {
    const pdm_metric *metric = state->setup.metric;
    if (metric->ops->advance == NULL)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, NULL,
                         "a state of metric \"%s\" cannot advance: it knows nothing that time completes", metric->name);
    if (state->dedupe)
        return pdm__fail(
            err, PDM_E_UNSUPPORTED_COMBINATION, -1, "dedupe",
            "option \"dedupe\": repeats are found when a result is made, among all rows, so all are kept; advance needs "
            "dedupe none");
    return PDM_OK;
}

static pdm_status advance_stores(pdm_state *state, int64_t watermark, pdm__run *run, pdm__store *store,
                                 pdm__store *settled, pdm_error *err) {
    uint64_t addends = 0;
    PDM__TRY(
        state->setup.metric->ops->advance(&state->plan, &state->store, watermark, run, store, settled, &addends, err));
    PDM__TRY(pdm__run_status(run, err));
    if (addends > PDM__MOST_ADDENDS - state->addends)
        return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "more than 2^42 numbers to add up");
    if (state->advanced) PDM__TRY(pdm__store_merge(&state->settled, settled, run, err));
    state->addends += addends;
    return PDM_OK;
}

static pdm_status advance(pdm_state *state, int64_t watermark, pdm_error *err) {
    pdm__run run;
    pdm__store store;
    pdm__store settled;
    pdm__segments cut;
    pdm__run_begin(&run, state->context, 0);
    PDM__TRY(refuse(state, err));
    PDM__TRY(pdm__state_prepare(state, err));
    if (state->advanced && watermark < pdm__state_watermark(state))
        return pdm__fail(err, PDM_E_ARGUMENT, -1, "watermark",
                         "the state has advanced to %" PRId64 " already, %" PRId64 " is before that",
                         pdm__state_watermark(state), watermark);
    if (state->advanced && watermark == pdm__state_watermark(state)) return PDM_OK;
    PDM__TRY(pdm__store_fold(&state->store, &run, err));
    PDM__TRY(make_stores(state, &store, &settled, err));
    pdm_status status = pdm__segments_cut(state->context, watermark, &cut, err);
    if (status == PDM_OK) {
        status = advance_stores(state, watermark, &run, &store, &settled, err);
        if (status != PDM_OK) pdm__segments_clear(state->context, &cut);
    }
    if (status != PDM_OK) {
        pdm__store_clear(&store);
        pdm__store_clear(&settled);
        return status;
    }
    if (state->advanced) {
        pdm__store_clear(&settled);
    } else {
        pdm__store_replace(&state->settled, &settled);
    }
    take(state, &store, &cut);
    return PDM_OK;
}

pdm_status pdm_state_advance(pdm_state *state, int64_t watermark_us, pdm_error *err) {
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter(state, &mine, err));
    pdm_status status = PDM_OK;
    if (watermark_us == INT64_MIN)
        status = pdm__fail(err, PDM_E_ARGUMENT, -1, "watermark", "no time is before the least one");
    if (status == PDM_OK) status = advance(mine, watermark_us, err);
    pdm__state_leave(mine);
    return status;
}
