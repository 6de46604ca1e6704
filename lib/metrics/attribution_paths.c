/* Rows that are paths already. */
#include "metrics/attribution_internal.h"

static pdm_status read_path(pdm__attribution_worker *worker, const pdm__key *key, size_t *count, pdm_error *err) {
    const uint8_t *at = key->bytes;
    const uint8_t *end = at + key->length;
    size_t n = 0;
    PDM__TRY(pdm__attribution_room(worker->work->context, &worker->steps, &worker->steps_room, key->length / 3 + 1,
                                   sizeof *worker->steps, err));
    while (at < end) {
        const uint8_t *channel = NULL;
        uint32_t length = 0;
        pdm__attribution_step *step = &worker->steps[n++];
        memset(step, 0, sizeof *step);
        pdm__attribution_read_touch(&at, &channel, &length, &step->marks);
        step->channel = pdm__attribution_rank(&worker->work->names, &worker->memo, channel, length);
    }
    *count = n;
    return PDM_OK;
}

static pdm_status take_path(pdm__attribution_worker *worker, const pdm__keymap *map, uint32_t id, pdm_error *err) {
    pdm__key key = pdm__keymap_key(map, id);
    const int64_t *words = pdm__keymap_words(map, id);
    bool doubles = worker->work->plan->doubles;
    size_t count = 0;
    bool cut = false;
    PDM__TRY(read_path(worker, &key, &count, err));
    pdm__attribution_shape(worker, NULL, &count, &cut);
    pdm__attribution_gain gain = {
        .conversions = words[PATH_CONVERSIONS], .nulls = words[PATH_NULLS], .value = doubles ? 0 : words[PATH_VALUE]};
    worker->totals.all.conversions += gain.conversions;
    if (!doubles) worker->totals.all.value.money += gain.value;
    return pdm__attribution_take(worker, count, cut, &gain, err);
}

/* Values of a path: those of its rows, one by one. */
static pdm_status take_amount(pdm__attribution_worker *worker, const pdm__keymap *map, const int64_t *tuple,
                              pdm_error *err) {
    pdm__key key = pdm__keymap_key(map, (uint32_t)tuple[0]);
    size_t count = 0;
    bool cut = false;
    PDM__TRY(read_path(worker, &key, &count, err));
    pdm__attribution_shape(worker, NULL, &count, &cut);
    pdm__attribution_add(&worker->totals.all.value, true, tuple[1]);
    if (count == 0) {
        pdm__attribution_add(&worker->totals.unattributed.value, true, tuple[1]);
        return PDM_OK;
    }
    pdm__attribution_gain gain = {.value = tuple[1]};
    return pdm__attribution_take(worker, count, false, &gain, err);
}

pdm_status pdm__attribution_path_rows(pdm__attribution_worker *worker, size_t p, pdm_error *err) {
    const pdm__partition *partition = &worker->work->view->store->partitions[p];
    const pdm__keymap *map = &partition->levels[0];
    for (uint32_t id = 0; id < map->count; id++) PDM__TRY(take_path(worker, map, id, err));
    const pdm__journal *values = &partition->journals[0];
    for (size_t i = 0; worker->work->plan->doubles && i < values->count; i++)
        PDM__TRY(take_amount(worker, map, values->words + 2 * i, err));
    if (pdm__run_poll(worker->work->run, (int64_t)map->count)) return pdm__run_status(worker->work->run, err);
    return PDM_OK;
}
