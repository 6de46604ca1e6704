/* States into each other, and out as tables. */
#include "core/dedupe.h"

static const char *difference(const pdm_state *a, const pdm_state *b, const char **what) {
    *what = "option";
    const char *name = pdm__options_difference(a->setup.metric, a->options, b->options);
    if (name != NULL) return name;
    *what = "list";
    name = pdm__lists_difference(a, b);
    if (name != NULL) return name;
    *what = "setting";
    return pdm__calendars_equal(&a->calendar, &b->calendar) ? NULL : "calendar";
}

static pdm_status check_alike(const pdm_state *dst, const pdm_state *src, pdm_error *err) {
    const pdm_metric *metric = dst->setup.metric;
    if (metric != src->setup.metric) {
        return pdm__fail(err, PDM_E_OPTIONS_DIFFER, -1, NULL, "a state of metric \"%s\" cannot merge one of \"%s\"",
                         metric->name, src->setup.metric->name);
    }
    const char *what = NULL;
    const char *name = difference(dst, src, &what);
    if (name != NULL) {
        return pdm__fail(err, PDM_E_OPTIONS_DIFFER, -1, name, "the states differ in %s \"%s\"; only like states merge",
                         what, name);
    }
    for (int32_t c = 0; c < dst->plan.column_count; c++) {
        int32_t a = dst->kinds[c];
        int32_t b = src->kinds[c];
        if (a == b || a == PDM__KEY_NONE || b == PDM__KEY_NONE) continue;
        const char *key = dst->plan.columns[c].name;
        return pdm__fail(err, PDM_E_OPTIONS_DIFFER, -1, key,
                         "keys of \"%s\" are of different types (int64, uint64, text) in the states", key);
    }
    return PDM_OK;
}

static pdm_status check_totals(const pdm_state *dst, const pdm_state *src, pdm_error *err) {
    if (INT64_MAX - dst->rows < src->rows || (uint64_t)INT64_MAX - dst->money < src->money) {
        return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL,
                         "rows or absolute amounts of both states together exceed int64");
    }
    if (PDM__MOST_ADDENDS - dst->addends < src->addends)
        return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "more than 2^42 numbers to add up in both states together");
    return pdm__state_check_rows(dst, dst->rows + src->rows, err);
}

/* Partitions of unlike seeds do not correspond: a copy of src in dst's context has its seed. */
static pdm_status reseed(pdm_state *src, pdm_context *context, pdm_state **out, pdm_error *err) {
    size_t size = 0;
    uint8_t *bytes = NULL;
    pdm_status status = pdm__state_serialize(src, NULL, 0, &size, err);
    if (status == PDM_OK) status = pdm__new(context, size, 1, &bytes, err);
    size_t room = size;
    if (status == PDM_OK) status = pdm__state_serialize(src, bytes, room, &size, err);
    if (status == PDM_OK) status = pdm_state_deserialize(context, bytes, size, out, err);
    pdm__drop(context, bytes, room, 1);
    return status;
}

/* Nothing is kept; what has been seen was no matter to anybody. */
static bool is_empty(const pdm_state *state) { return pdm__store_count(&state->store, 0) == 0; }

static void take_segments(pdm_state *state, pdm__segments *segments) {
    pdm__segments_clear(state->context, &state->segments);
    state->segments = *segments;
    pdm__segments_tell(segments, state->setup.metric, state->options);
}

/* What both have settled; nothing if there is none to add. */
static pdm_status join_settled(const pdm_state *dst, const pdm_state *src, pdm__run *run, pdm__store *out,
                               pdm_error *err) {
    memset(out, 0, sizeof *out);
    if (!src->advanced) return PDM_OK;
    PDM__TRY(pdm__store_init(out, dst->context, &dst->plan.settled, err));
    pdm_status status = pdm__store_merge(out, &dst->settled, run, err);
    if (status == PDM_OK) status = pdm__store_merge(out, &src->settled, run, err);
    if (status != PDM_OK) pdm__store_clear(out);
    return status;
}

/* Stores of states that are found to be alike, all of them or none; kinds of unknown keys become known. */
static pdm_status merge_stores(pdm_state *dst, const pdm_state *src, pdm__run *run, pdm_error *err) {
    pdm__store settled;
    int32_t kinds[PDM__MAX_LEVELS];
    PDM__TRY(join_settled(dst, src, run, &settled, err));
    for (int32_t l = 0; l < dst->store.schema.level_count; l++) {
        int32_t kind = src->store.schema.levels[l].key_kind;
        kinds[l] = dst->store.schema.levels[l].key_kind;
        if (kind != PDM__KEY_NONE) (void)pdm__store_set_key_kind(&dst->store, l, kind);
    }
    pdm_status status = pdm__store_merge(&dst->store, &src->store, run, err);
    if (status != PDM_OK) {
        for (int32_t l = 0; l < dst->store.schema.level_count; l++) pdm__store_reset_key_kind(&dst->store, l, kinds[l]);
        pdm__store_clear(&settled);
        return status;
    }
    if (src->advanced) pdm__store_replace(&dst->settled, &settled);
    return PDM_OK;
}

static pdm_status merge(pdm_state *dst, pdm_state *src, pdm_error *err) {
    pdm__run run;
    pdm__run_begin(&run, dst->context, 0);
    PDM__TRY(pdm__state_prepare(dst, err));
    PDM__TRY(pdm__state_prepare(src, err));
    PDM__TRY(check_alike(dst, src, err));
    PDM__TRY(check_totals(dst, src, err));
    PDM__TRY(pdm__store_fold(&dst->store, &run, err));
    PDM__TRY(pdm__store_fold(&src->store, &run, err));
    pdm__segments segments = {.count = 0};
    bool changed = false;
    PDM__TRY(pdm__state_join_advanced(dst, src, &changed, err));
    if (!dst->advanced)
        PDM__TRY(pdm__segments_join(dst->context, &dst->segments, is_empty(dst), &src->segments, is_empty(src),
                                    &segments, err));
    pdm_status status = merge_stores(dst, src, &run, err);
    if (status != PDM_OK) {
        if (changed) pdm__state_retreat(dst);
        pdm__segments_clear(dst->context, &segments);
        return status;
    }
    for (int32_t c = 0; c < dst->plan.column_count; c++) {
        if (dst->kinds[c] == PDM__KEY_NONE) dst->kinds[c] = src->kinds[c];
    }
    dst->rows += src->rows;
    dst->rows_null += src->rows_null;
    dst->rows_late += src->rows_late;
    dst->addends += src->addends;
    dst->money += src->money;
    dst->time_min = src->time_min < dst->time_min ? src->time_min : dst->time_min;
    dst->time_max = src->time_max > dst->time_max ? src->time_max : dst->time_max;
    if (!dst->advanced) take_segments(dst, &segments);
    pdm__state_settle_some(dst, &run);
    return PDM_OK;
}

static pdm_status merge_any(pdm_state *dst, pdm_state *src, pdm_error *err) {
    if (pdm__context_seed(dst->context) == pdm__context_seed(src->context)) return merge(dst, src, err);
    pdm_state *copy = NULL;
    pdm_status status = reseed(src, dst->context, &copy, err);
    if (status == PDM_OK) status = merge(dst, copy, err);
    pdm_state_free(copy);
    return status;
}

pdm_status pdm_state_merge(pdm_state *dst, const pdm_state *src, pdm_error *err) {
    if (dst != NULL && dst == src)
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "a state cannot be merged into itself");
    pdm_state *to = NULL;
    pdm_state *from = NULL;
    PDM__TRY(pdm__state_enter(dst, &to, err));
    pdm_status status = pdm__state_enter(src, &from, err);
    if (status == PDM_OK) {
        status = merge_any(to, from, err);
        pdm__state_leave(from);
    }
    pdm__state_leave(to);
    return status;
}

static pdm_status make_result(pdm_state *state, pdm_result *result, pdm_error *err) {
    pdm__run run;
    pdm__run_begin(&run, state->context, 0);
    pdm__store_seal(&state->store);
    bool as_is = state->plan.reads_packed && state->store.schema.packed && pdm__store_count(&state->store, 0) == 0;
    if (!as_is) PDM__TRY(pdm__store_fold(&state->store, &run, err));
    pdm__view view = {.setup = &state->setup,
                      .plan = &state->plan,
                      .store = &state->store,
                      .settled = state->advanced ? &state->settled : NULL,
                      .rows = state->rows,
                      .rows_null = state->rows_null,
                      .rows_late = state->rows_late,
                      .time_min = state->time_min,
                      .time_max = state->time_max};
    pdm__store kept;
    memset(&kept, 0, sizeof kept);
    pdm_status status = PDM_OK;
    if (state->dedupe) {
        view.store = &kept;
        status = pdm__store_init(&kept, state->context, &state->plan.schema, err);
        if (status == PDM_OK) status = pdm__dedupe_replay(state, &run, &kept, &view, err);
    }
    if (status == PDM_OK) status = state->setup.metric->ops->result(&view, &run, result, err);
    if (status == PDM_OK) status = pdm__run_status(&run, err);
    pdm__store_clear(&kept);
    return status;
}

pdm_status pdm__state_result(pdm_state *state, pdm_result **out, pdm_error *err) {
    pdm_result *result = NULL;
    pdm_status status = pdm__state_prepare(state, err);
    if (status == PDM_OK) status = pdm__result_new(state->context, &result, err);
    if (status == PDM_OK) status = make_result(state, result, err);
    if (status != PDM_OK) {
        pdm_result_free(result);
        return status;
    }
    *out = result;
    return PDM_OK;
}

pdm_status pdm_state_result(const pdm_state *state, pdm_result **out, pdm_error *err) {
    if (out == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "out is NULL");
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter(state, &mine, err));
    pdm_status status = pdm__state_result(mine, out, err);
    pdm__state_leave(mine);
    return status;
}
