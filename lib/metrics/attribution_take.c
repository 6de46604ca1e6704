/* A shaped journey goes into the path table, the totals, the times and the models that need ages. */
#include "metrics/attribution_internal.h"

#include <inttypes.h>

static pdm_status too_long(const pdm__attribution_worker *worker, size_t count, const pdm__attribution_gain *gain,
                           pdm_error *err) {
    const pdm__store *store = worker->work->view->store;
    const char *advice = "65535 are allowed; max_touches keeps the last ones";
    if (gain->user == NULL) return pdm__fail(err, PDM_E_LIMIT, -1, "path", "a path of %zu touches; %s", count, advice);
    pdm__key key = pdm__keymap_key(&store->partitions[gain->user->partition].levels[0], gain->user->id);
    if (store->schema.levels[0].key_kind == PDM__KEY_TEXT) {
        return pdm__fail(err, PDM_E_LIMIT, -1, "user", "user \"%.*s\": a journey of %zu touches; %s",
                         key.length > 64 ? 64 : (int)key.length, (const char *)key.bytes, count, advice);
    }
    return pdm__fail(err, PDM_E_LIMIT, -1, "user", "user %" PRId64 ": a journey of %zu touches; %s", (int64_t)key.word,
                     count, advice);
}

static double value_of(bool doubles, int64_t word) {
    double value = (double)word;
    if (doubles) memcpy(&value, &word, sizeof value);
    return value;
}

static void note_times(pdm__attribution_worker *worker, size_t count, const pdm__attribution_gain *gain) {
    const pdm__attribution_plan *plan = worker->work->plan;
    const uint64_t ages[ATTRIBUTION_MEASURES] = {worker->steps[0].age, worker->steps[count - 1].age};
    for (int32_t m = 0; m < ATTRIBUTION_MEASURES; m++) {
        pdm__attribution_times *times = &worker->times[m];
        int32_t bin = 0;
        while (bin + 1 < plan->bin_count && ages[m] >= plan->bins[bin + 1]) bin++;
        times->bins[bin].conversions += 1;
        pdm__attribution_add(&times->bins[bin].value, plan->doubles, gain->value);
        times->conversions += 1;
        times->sum += ages[m];
        times->least = ages[m] < times->least ? ages[m] : times->least;
        times->most = ages[m] > times->most ? ages[m] : times->most;
    }
}

static pdm_status note_aged(pdm__attribution_worker *worker, size_t count, const pdm__attribution_gain *gain,
                            pdm_error *err) {
    const pdm__attribution_plan *plan = worker->work->plan;
    double value = value_of(plan->doubles, gain->value);
    PDM__TRY(pdm__attribution_room(worker->work->context, &worker->weights, &worker->weights_room, count,
                                   sizeof *worker->weights, err));
    for (int32_t m = 0; m < plan->model_count; m++) {
        const pdm__attribution_model *model = &plan->models[m];
        if (model->age < 0) continue;
        pdm__attribution_aged *sums = worker->aged + (size_t)model->age * worker->work->names.count;
        pdm__attribution_age_weights(model, worker->steps, count, worker->weights);
        for (size_t i = 0; i < count; i++) {
            pdm__attribution_aged *sum = &sums[worker->steps[i].channel];
            pdm__fixed_sum_add(&sum->conversions, worker->weights[i]);
            pdm__fixed_sum_add(&sum->value, worker->weights[i] * value);
        }
    }
    return PDM_OK;
}

static pdm_status list_journey(pdm__attribution_worker *worker, size_t count, const pdm__attribution_gain *gain,
                               pdm_error *err) {
    pdm_context *context = worker->work->context;
    PDM__TRY(pdm__attribution_room(context, &worker->listed, &worker->listed_room, worker->listed_count + 1,
                                   sizeof *worker->listed, err));
    PDM__TRY(pdm__attribution_room(context, &worker->listed_steps, &worker->step_room, worker->step_count + count,
                                   sizeof *worker->listed_steps, err));
    if (count > 0) memcpy(worker->listed_steps + worker->step_count, worker->steps, count * sizeof *worker->steps);
    worker->listed[worker->listed_count++] =
        (pdm__attribution_listed){.unit = (uint64_t)gain->user->partition << 32 | gain->user->id,
                                  .number = gain->number,
                                  .time = gain->time,
                                  .value = gain->value,
                                  .at = worker->step_count,
                                  .length = (uint32_t)count,
                                  .converted = gain->conversions > 0};
    worker->step_count += count;
    return PDM_OK;
}

static void take_nothing(pdm__attribution_worker *worker, const pdm__attribution_gain *gain) {
    pdm__attribution_totals *totals = &worker->totals;
    totals->unattributed_nulls += gain->nulls;
    totals->unattributed.conversions += gain->conversions;
    if (gain->conversions > 0)
        pdm__attribution_add(&totals->unattributed.value, worker->work->plan->doubles, gain->value);
}

/* The token of a step; those of channels themselves are remembered. */
static pdm_status token_of(pdm__attribution_worker *worker, const pdm__attribution_step *step, uint32_t *token,
                           pdm_error *err) {
    pdm__token wanted = {step->channel, step->times};
    PDM__TRY(pdm__path_builder_token(&worker->builder, wanted, token, err));
    if (step->times == 0) worker->tokens[step->channel] = *token + 1;
    return PDM_OK;
}

static pdm_status add_path(pdm__attribution_worker *worker, size_t count, const pdm__attribution_gain *gain,
                           pdm_error *err) {
    bool doubles = worker->work->plan->doubles;
    PDM__TRY(pdm__attribution_room(worker->work->context, &worker->touches, &worker->touches_room, count,
                                   sizeof *worker->touches, err));
    for (size_t i = 0; i < count; i++) {
        const pdm__attribution_step *step = &worker->steps[i];
        uint32_t token = worker->tokens[step->channel] - 1;
        if (step->times != 0 || token == UINT32_MAX) PDM__TRY(token_of(worker, step, &token, err));
        worker->touches[i] = pdm__touch_of(token, step->marks);
    }
    pdm__path_gain more = {.conversions = gain->conversions,
                           .nulls = gain->nulls,
                           .money = doubles ? 0 : gain->value,
                           .amount = doubles ? value_of(true, gain->value) : 0.0,
                           .has_amount = doubles && gain->value != 0};
    return pdm__path_builder_add(&worker->builder, worker->touches, (uint32_t)count, &more, err);
}

pdm_status pdm__attribution_take(pdm__attribution_worker *worker, size_t count, bool cut,
                                 const pdm__attribution_gain *gain, pdm_error *err) {
    const pdm__attribution_plan *plan = worker->work->plan;
    if (count > PDM__PATH_MAX_TOUCHES) return too_long(worker, count, gain, err);
    worker->totals.truncated_paths += cut ? gain->conversions + gain->nulls : 0;
    worker->totals.null_journeys += gain->nulls;
    if (plan->options->list_journeys != 0) PDM__TRY(list_journey(worker, count, gain, err));
    if (count == 0) {
        take_nothing(worker, gain);
        return PDM_OK;
    }
    if (gain->conversions > 0 && gain->has_ages) {
        worker->addends += count;
        note_times(worker, count, gain);
        if (plan->age_count > 0) PDM__TRY(note_aged(worker, count, gain, err));
    }
    return add_path(worker, count, gain, err);
}
