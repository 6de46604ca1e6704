/*
 * Winsorising: caps are quantiles of the units' values over all arms and segments, so that no arm has a cap of its own.
 */
#include "metrics/experiment_internal.h"

#include "core/sort.h"
#include "stats/quantile.h"

/* Values of column i of a metric, as ordered words. Returns how many. */
static size_t collect(const pdm__experiment_work *work, const pdm__experiment_metric *m, int32_t column, int64_t *out) {
    const pdm__store *store = work->view->store;
    int64_t slots[EXPERIMENT_SLOTS];
    size_t n = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *units = &store->partitions[p].levels[0];
        for (uint32_t i = 0; i < units->count; i++) {
            uint64_t nulls = 0;
            int32_t arm = 0;
            pdm__experiment_values values;
            const int64_t *words = pdm__keymap_words(units, i);
            if (pdm__experiment_unit_read(work->plan, words, slots, &nulls, &arm) != EXPERIMENT_UNIT_GOOD) continue;
            pdm__experiment_values_of(work->plan, m, slots, nulls, &values);
            if (values.excluded || (m->ignore_zeros && values.real[column] == 0)) continue;
            out[n++] = pdm__experiment_ordered(values.real[column]);
        }
    }
    return n;
}

static double quantile(const int64_t *sorted, size_t n, double share, int32_t type) {
    pdm__quantile at = pdm__quantile_find(share, n, type);
    double low = pdm__experiment_unordered(sorted[at.low]);
    return pdm__quantile_between(&at, low, pdm__experiment_unordered(sorted[at.high]));
}

static pdm_status cap_column(pdm__experiment_work *work, int32_t metric, int32_t column, int64_t *values,
                             int64_t *scratch, pdm_error *err) {
    const pdm__experiment_metric *m = &work->plan->metrics[metric];
    pdm__experiment_caps *caps = &work->caps[metric][column];
    int32_t type = work->plan->options->winsor_quantile;
    size_t n = collect(work, m, column, values);
    if (n == 0) return PDM_OK;
    PDM__TRY(pdm__sort_i64(work->run, values, scratch, n, err));
    caps->low_on = m->winsor_low > 0;
    caps->high_on = m->winsor_high < 1;
    if (caps->low_on) caps->low = quantile(values, n, m->winsor_low, type);
    if (caps->high_on) caps->high = quantile(values, n, m->winsor_high, type);
    return PDM_OK;
}

pdm_status pdm__experiment_find_caps(pdm__experiment_work *work, pdm_error *err) {
    size_t units = pdm__store_count(work->view->store, 0);
    int64_t *values = NULL;
    int64_t *scratch = NULL;
    bool any = false;
    for (int32_t m = 0; m < work->plan->metric_count; m++)
        any |= pdm__experiment_is_winsorised(&work->plan->metrics[m]);
    if (!any) return PDM_OK;
    pdm_status status = pdm__new(work->context, units, sizeof *values, &values, err);
    if (status == PDM_OK) status = pdm__new(work->context, units, sizeof *scratch, &scratch, err);
    for (int32_t m = 0; m < work->plan->metric_count && status == PDM_OK; m++) {
        const pdm__experiment_metric *metric = &work->plan->metrics[m];
        bool ratio = metric->kind == EXPERIMENT_RATIO;
        if (!pdm__experiment_is_winsorised(metric)) continue;
        for (int32_t c = 0; c < metric->columns && status == PDM_OK; c += ratio ? 2 : 1)
            status = cap_column(work, m, c, values, scratch, err);
    }
    pdm__drop(work->context, values, units, sizeof *values);
    pdm__drop(work->context, scratch, units, sizeof *scratch);
    return status;
}
