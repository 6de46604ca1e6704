/* Life of a state: created, told its lists and calendar, made final, freed. */
#include "core/state.h"

#include "core/dedupe.h"

static pdm_status make_state(pdm_context *context, const pdm_metric *metric, const void *options, pdm_state *state,
                             pdm_error *err) {
    state->context = context;
    atomic_flag_clear(&state->busy);
    pdm__arena_init(&state->memory, context);
    state->calendar = pdm_calendar_fixed(0);
    state->time_min = INT64_MAX;
    state->time_max = INT64_MIN;
    state->setup = (pdm__setup){.context = context, .metric = metric, .calendar = &state->calendar};
    PDM__TRY(pdm__new_zero(context, 1, metric->options_size, &state->options, err));
    state->setup.options = state->options;
    PDM__TRY(pdm__new_zero(context, (size_t)metric->list_count, sizeof *state->lists, &state->lists, err));
    state->setup.lists = state->lists;
    PDM__TRY(pdm__options_normalize(metric, options, state->options, err));
    PDM__TRY(pdm__segments_begin(context, metric, state->options, &state->segments, err));
    state->dedupe = pdm__dedupe_column(metric) >= 0 && pdm__option_int(metric, state->options, "dedupe", 0) != 0;
    if (metric->ops->check == NULL) return PDM_OK;
    return metric->ops->check(&state->setup, -1, err);
}

pdm_status pdm_state_create(pdm_context *context, const pdm_metric *metric, const void *options, pdm_state **out,
                            pdm_error *err) {
    pdm_error_reset(err);
    if (metric == NULL || out == NULL)
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "metric and out must not be NULL");
    pdm_context *held = NULL;
    PDM__TRY(pdm__context_or_default(context, &held, err));
    pdm_state *state = NULL;
    pdm_status status = pdm__new_zero(held, 1, sizeof *state, &state, err);
    if (status != PDM_OK) {
        pdm_context_free(held);
        return status;
    }
    status = make_state(held, metric, options, state, err);
    if (status != PDM_OK) {
        pdm_state_free(state);
        return status;
    }
    *out = state;
    return PDM_OK;
}

void pdm_state_free(pdm_state *state) {
    if (state == NULL) return;
    pdm_context *context = state->context;
    const pdm_metric *metric = state->setup.metric;
    pdm__store_clear(&state->store);
    pdm__images_clear(&state->images);
    pdm__store_clear(&state->settled);
    pdm__drop(context, state->plan.own, 1, state->plan.own_size);
    pdm__drop(context, state->lists, (size_t)metric->list_count, sizeof *state->lists);
    pdm__drop(context, state->options, 1, metric->options_size);
    pdm__arena_clear(&state->memory);
    pdm__segments_clear(context, &state->segments);
    pdm__drop(context, state, 1, sizeof *state);
    pdm_context_free(context);
}

pdm_status pdm__state_enter_again(const pdm_state *state, pdm_state **out, pdm_error *err) {
    pdm_error_reset(err);
    if (state == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "state is NULL");
    pdm_state *mine = NULL;
    memcpy(&mine, &state, sizeof mine); /* the public const is about what can be seen */
    if (atomic_flag_test_and_set(&mine->busy)) {
        return pdm__fail(err, PDM_E_BUSY, -1, NULL,
                         "another call is running on this state; give each thread its own and merge");
    }
    *out = mine;
    return PDM_OK;
}

pdm_status pdm__state_enter(const pdm_state *state, pdm_state **out, pdm_error *err) {
    PDM__TRY(pdm__state_enter_again(state, out, err));
    pdm__images_clear(&(*out)->images);
    return PDM_OK;
}

pdm_status pdm__key_bytes_need(pdm_context *context, pdm__key_bytes *bytes, size_t size, pdm_error *err) {
    if (size <= bytes->capacity) return PDM_OK;
    PDM__TRY(pdm__renew(context, bytes->capacity, size, 1, &bytes->memory, err));
    bytes->capacity = size;
    return PDM_OK;
}

void pdm__state_leave(pdm_state *state) { atomic_flag_clear(&state->busy); }

pdm_status pdm__state_prepare(pdm_state *state, pdm_error *err) {
    if (state->prepared) return PDM_OK;
    memset(&state->plan, 0, sizeof state->plan);
    state->plan.part_column = -1;
    state->plan.part_column_too = -1;
    state->plan.columns = state->setup.metric->columns;
    state->plan.column_count = state->setup.metric->column_count;
    state->plan.fanout = 1;
    state->plan.segments = &state->segments;
    pdm_status status = state->setup.metric->ops->prepare(&state->setup, &state->plan, err);
    if (status == PDM_OK) {
        pdm__schema rows;
        pdm__dedupe_schema(&rows);
        state->plan.schema.plan = state->plan.own;
        state->plan.advanced.plan = state->plan.own;
        const pdm__schema *own = state->advanced ? &state->plan.advanced : &state->plan.schema;
        status = pdm__store_init(&state->store, state->context, state->dedupe ? &rows : own, err);
    }
    if (status != PDM_OK) {
        pdm__drop(state->context, state->plan.own, 1, state->plan.own_size);
        memset(&state->plan, 0, sizeof state->plan);
        return status;
    }
    pdm__state_note_watermark(state);
    state->prepared = true;
    return PDM_OK;
}

const pdm_metric *pdm_state_metric(const pdm_state *state) { return state == NULL ? NULL : state->setup.metric; }

int64_t pdm_state_rows(const pdm_state *state) { return state == NULL ? 0 : state->rows; }

const pdm_column_info *pdm_state_column_at(const pdm_state *state, int32_t index) {
    const pdm_column_info *column = NULL;
    pdm_state *mine = NULL;
    if (pdm__state_enter(state, &mine, NULL) != PDM_OK) return NULL;
    if (pdm__state_prepare(mine, NULL) == PDM_OK && index >= 0 && index < mine->plan.column_count)
        column = &mine->plan.columns[index];
    pdm__state_leave(mine);
    return column;
}

uint64_t pdm_state_memory(const pdm_state *state) {
    if (state == NULL) return 0;
    uint64_t bytes = sizeof *state + state->setup.metric->options_size + state->memory.total + state->plan.own_size +
                     state->segments.capacity * sizeof *state->segments.items;
    if (state->advanced) bytes += pdm__store_memory(&state->settled);
    return state->prepared ? bytes + pdm__store_memory(&state->store) : bytes;
}

static pdm_status refuse_late(const pdm_state *state, const char *what, pdm_error *err) {
    if (!state->prepared) return PDM_OK;
    return pdm__fail(err, PDM_E_SEQUENCE, -1, what, "\"%s\" must be set before the first update, merge or result",
                     what);
}

pdm_status pdm__state_keep_calendar(pdm_state *state, const pdm_calendar *calendar, pdm_error *err) {
    PDM__TRY(pdm_calendar_validate(calendar, err));
    size_t count = (size_t)calendar->change_count;
    int64_t *change_s = NULL;
    int32_t *offset_s = NULL;
    PDM__TRY(pdm__arena_take(&state->memory, (count + 1) * sizeof *change_s, &change_s, err));
    PDM__TRY(pdm__arena_take(&state->memory, (count + 1) * sizeof *offset_s, &offset_s, err));
    if (count > 0) {
        memcpy(change_s, calendar->change_s, count * sizeof *change_s);
        memcpy(offset_s, calendar->offset_s, count * sizeof *offset_s);
    }
    state->calendar = *calendar;
    state->calendar.change_s = change_s;
    state->calendar.offset_s = offset_s;
    return PDM_OK;
}

pdm_status pdm_state_set_calendar(pdm_state *state, const pdm_calendar *calendar, pdm_error *err) {
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter(state, &mine, err));
    pdm_status status = refuse_late(mine, "calendar", err);
    if (status == PDM_OK && calendar == NULL)
        status = pdm__fail(err, PDM_E_ARGUMENT, -1, "calendar", "calendar is NULL");
    if (status == PDM_OK) status = pdm__state_keep_calendar(mine, calendar, err);
    pdm__state_leave(mine);
    return status;
}

static int32_t find_list(const pdm_metric *metric, const char *name) {
    for (int32_t i = 0; name != NULL && i < metric->list_count; i++) {
        if (strcmp(metric->lists[i].name, name) == 0) return i;
    }
    return -1;
}

static pdm_status set_list(pdm_state *state, const char *name, const pdm_batch *rows, pdm_error *err) {
    const pdm_metric *metric = state->setup.metric;
    int32_t list = find_list(metric, name);
    if (list < 0) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, name, "metric \"%s\" has no list \"%s\"", metric->name,
                         name == NULL ? "" : name);
    }
    PDM__TRY(refuse_late(state, name, err));
    pdm__list fresh;
    PDM__TRY(pdm__list_read(state, list, rows, &fresh, err));
    pdm__list before = state->lists[list];
    state->lists[list] = fresh;
    pdm_status status = metric->ops->check == NULL ? PDM_OK : metric->ops->check(&state->setup, list, err);
    if (status != PDM_OK) state->lists[list] = before;
    return status;
}

pdm_status pdm_state_set_list(pdm_state *state, const char *list, const pdm_batch *rows, pdm_error *err) {
    pdm_state *mine = NULL;
    PDM__TRY(pdm__state_enter(state, &mine, err));
    pdm_status status = set_list(mine, list, rows, err);
    pdm__state_leave(mine);
    return status;
}
