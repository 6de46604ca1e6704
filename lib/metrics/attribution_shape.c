/* What is made of a journey's touches before they are a path: priority, direct, transform, cap, in this order. */
#include "metrics/attribution_internal.h"

static size_t keep_highest(pdm__attribution_step *steps, size_t count) {
    int32_t most = INT32_MIN;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) most = steps[i].priority > most ? steps[i].priority : most;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].priority == most) steps[kept++] = steps[i];
    }
    return kept;
}

static size_t handle_direct(const pdm__attribution_work *work, pdm__attribution_step *steps, size_t count) {
    int32_t mode = work->plan->options->direct_mode;
    size_t kept = 0;
    size_t indirect = 0;
    for (size_t i = 0; i < count; i++) indirect += work->direct[steps[i].channel] == 0;
    if (mode == PDM_ATTRIBUTION_DIRECT_STRIP_TAIL) {
        while (indirect > 0 && work->direct[steps[count - 1].channel] != 0) count--;
        return count;
    }
    if (mode == PDM_ATTRIBUTION_DIRECT_EXCLUDE_UNLESS_ALL && indirect == 0) return count;
    for (size_t i = 0; i < count; i++) {
        if (work->direct[steps[i].channel] == 0) steps[kept++] = steps[i];
    }
    return kept;
}

/* A touch that is dropped leaves its marks to the one that stands for it. */
static size_t drop_repeats(pdm__attribution_step *steps, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && steps[kept - 1].channel == steps[i].channel) {
            steps[kept - 1].marks |= steps[i].marks;
        } else {
            steps[kept++] = steps[i];
        }
    }
    return kept;
}

static size_t keep_first(pdm__attribution_worker *worker, pdm__attribution_step *steps, size_t count, bool counts) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t *place = &worker->seen[steps[i].channel];
        if (*place > 0) {
            steps[*place - 1].marks |= steps[i].marks;
            steps[*place - 1].times += counts ? 1U : 0U;
            continue;
        }
        steps[kept] = steps[i];
        steps[kept].times = counts ? 1 : 0;
        *place = ++kept;
    }
    for (size_t i = 0; i < kept; i++) worker->seen[steps[i].channel] = 0;
    return kept;
}

static size_t transform(pdm__attribution_worker *worker, pdm__attribution_step *steps, size_t count) {
    switch (worker->work->plan->options->transform) {
    case PDM_ATTRIBUTION_TRANSFORM_EXPOSURE: return drop_repeats(steps, count);
    case PDM_ATTRIBUTION_TRANSFORM_FIRST: return keep_first(worker, steps, count, false);
    case PDM_ATTRIBUTION_TRANSFORM_FREQUENCY: return keep_first(worker, steps, count, true);
    default: return count;
    }
}

void pdm__attribution_shape(pdm__attribution_worker *worker, pdm__attribution_touch *touches, size_t *count,
                            bool *cut) {
    const pdm_attribution_options *options = worker->work->plan->options;
    pdm__attribution_step *steps = worker->steps;
    size_t n = *count;
    bool direct = options->direct_mode != PDM_ATTRIBUTION_DIRECT_KEEP &&
                  options->direct_mode != PDM_ATTRIBUTION_DIRECT_INHERIT_PREVIOUS; /* that was seen to already */
    if (options->priority_mode == PDM_ATTRIBUTION_PRIORITY_HIGHEST_ONLY && n > 0) n = keep_highest(steps, n);
    if (direct && n > 0) n = handle_direct(worker->work, steps, n);
    for (size_t i = 0; touches != NULL && i < n; i++) touches[steps[i].touch].used = true;
    n = transform(worker, steps, n);
    size_t most = options->max_touches > 0 ? (size_t)options->max_touches : n;
    *cut = n > most;
    if (*cut) {
        memmove(steps, steps + (n - most), most * sizeof *steps);
        n = most;
    }
    *count = n;
}
