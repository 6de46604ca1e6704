/* Whether a restored state could have come from rows. */
#include "core/convert.h"
#include "metrics/attribution_internal.h"

#include <math.h>

static pdm_status corrupt(pdm_error *err, const char *what) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: %s", what);
}

static bool fits_value(const pdm__attribution_plan *plan, int64_t word) {
    double value = 0.0;
    if (!plan->doubles) return word >= 0 || plan->options->allow_negative_value != 0;
    memcpy(&value, &word, sizeof value);
    return isfinite(value) && (value >= 0.0 || plan->options->allow_negative_value != 0);
}

static bool fits_event(const pdm__attribution_plan *plan, const int64_t *words) {
    int64_t what = words[EVENT_WHAT];
    if (what < EVENT_CONVERSION || what >= EVENT_MILESTONE + plan->milestone_count) return false;
    return what == EVENT_CONVERSION ? fits_value(plan, words[EVENT_VALUE]) : words[EVENT_VALUE] == 0;
}

static pdm_status verify_events(const pdm__attribution_plan *plan, const pdm__schema *schema,
                                const pdm__partition *partition, pdm_error *err) {
    const pdm__journal *touches = &partition->journals[0];
    const pdm__journal *events = &partition->journals[1];
    size_t stride = 1 + (size_t)schema->journals[0].word_count;
    for (uint32_t id = 0; id < partition->levels[1].count; id++) {
        pdm__key key = pdm__keymap_key(&partition->levels[1], id);
        if (pdm__attribution_reserved((const char *)key.bytes, key.length)) return corrupt(err, "no name of a channel");
    }
    for (size_t i = 0; plan->has_priority && i < touches->count; i++) {
        int64_t priority = touches->words[i * stride + 1 + TOUCH_PRIORITY];
        if (priority < INT32_MIN || priority > INT32_MAX) return corrupt(err, "a priority beyond int32");
    }
    for (size_t i = 0; i < events->count; i++) {
        if (!fits_event(plan, events->words + i * (1 + EVENT_WORDS) + 1)) return corrupt(err, "an event that is none");
    }
    return PDM_OK;
}

static bool fits_path(const pdm__attribution_plan *plan, const uint8_t *at, const uint8_t *end) {
    size_t touches = 0;
    while (at < end) {
        const uint8_t *stop = memchr(at, ATTRIBUTION_PATH_END, (size_t)(end - at));
        if (stop == NULL || end - stop < 2 || !pdm__is_utf8(at, (size_t)(stop - at))) return false;
        if (pdm__attribution_reserved((const char *)at, (size_t)(stop - at)) || stop[1] >> plan->milestone_count != 0)
            return false;
        at = stop + 2;
        if (++touches > PDM__PATH_MAX_TOUCHES) return false;
    }
    return true;
}

static pdm_status verify_paths(const pdm__attribution_plan *plan, const pdm__partition *partition,
                               pdm__uint128 *journeys, pdm_error *err) {
    for (uint32_t id = 0; id < partition->levels[0].count; id++) {
        pdm__key key = pdm__keymap_key(&partition->levels[0], id);
        const int64_t *words = pdm__keymap_words(&partition->levels[0], id);
        if (words[PATH_CONVERSIONS] < 0 || words[PATH_NULLS] < 0 || (words[PATH_CONVERSIONS] | words[PATH_NULLS]) == 0)
            return corrupt(err, "a path without journeys");
        *journeys += (pdm__uint128)words[PATH_CONVERSIONS] + (pdm__uint128)words[PATH_NULLS];
        if (plan->doubles ? words[PATH_VALUE] != 0 : !fits_value(plan, words[PATH_VALUE]))
            return corrupt(err, "a value that is none");
        if (words[PATH_CONVERSIONS] == 0 && words[PATH_VALUE] != 0) return corrupt(err, "a value without conversions");
        if (!fits_path(plan, key.bytes, key.bytes + key.length)) return corrupt(err, "a path that is none");
    }
    const pdm__journal *values = &partition->journals[0];
    for (size_t i = 0; plan->doubles && i < values->count; i++) {
        const int64_t *words = pdm__keymap_words(&partition->levels[0], (uint32_t)values->words[2 * i]);
        if (words[PATH_CONVERSIONS] == 0 || !fits_value(plan, values->words[2 * i + 1]))
            return corrupt(err, "a value that is none");
    }
    return PDM_OK;
}

pdm_status pdm__attribution_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    const pdm__attribution_plan *own = plan->own;
    pdm__uint128 journeys = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        PDM__TRY(own->paths ? verify_paths(own, partition, &journeys, err)
                            : verify_events(own, &store->schema, partition, err));
        if (pdm__run_poll(run, (int64_t)partition->levels[0].count)) return pdm__run_status(run, err);
    }
    return journeys <= (pdm__uint128)INT64_MAX ? PDM_OK : corrupt(err, "more journeys than can be");
}
