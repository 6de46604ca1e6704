/* Winsorising: caps are quantiles of the units' values over all arms and segments, so that no arm has a cap of its own. */
#include "metrics/experiment_internal.h"

#include "core/sort.h"

#include <math.h>

#define ONE INT64_C(1000000000000000) /* shares are read as decimals of 15 places */

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

/* Position of the quantile `share` among n values, times 3·ONE, counted from 1 (Hyndman and Fan 1996, table 1). */
static pdm__int128 position(int32_t type, size_t n, int64_t share) {
    pdm__int128 p = share;
    pdm__int128 count = (pdm__int128)n;
    switch (type) {
    case 3: return 3 * (count + 1) * p;
    case 4: return (3 * count + 1) * p + ONE;
    default: return 3 * (count - 1) * p + 3 * (pdm__int128)ONE;
    }
}

static double value_at(const int64_t *sorted, pdm__int128 at, size_t n) {
    if (at < 1) at = 1;
    if (at > (pdm__int128)n) at = (pdm__int128)n;
    return pdm__experiment_unordered(sorted[at - 1]);
}

static double quantile(const int64_t *sorted, size_t n, double share_given, int32_t type) {
    int64_t share = llround(share_given * (double)ONE);
    if (type == 1 || type == 2) { /* the inverse of the distribution function; averaged at its steps */
        pdm__int128 exact = (pdm__int128)n * share;
        pdm__int128 at = (exact + ONE - 1) / ONE;
        double low = value_at(sorted, at, n);
        return type == 2 && exact % ONE == 0 ? low + (value_at(sorted, at + 1, n) - low) / 2 : low;
    }
    pdm__int128 unit = 3 * (pdm__int128)ONE;
    pdm__int128 at = position(type, n, share);
    double part = (double)(int64_t)(at % unit) / (double)(int64_t)unit;
    double low = value_at(sorted, at / unit, n);
    double high = value_at(sorted, at / unit + 1, n);
    return part == 0 || low == high ? low : low + part * (high - low);
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
