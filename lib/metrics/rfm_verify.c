/*
 * Whether a restored store could have come from rows. Its sums are within the totals already (store_decode.c); here they must fit one
 * another, so that nothing computed from them leaves its range.
 */
#include "metrics/rfm_internal.h"

typedef struct verify_work {
    const pdm__rfm_plan *plan;
    const pdm__store *store;
    pdm_status status[PDM__PARTITIONS];
} verify_work;

/* Words of a customer in a window, grain order. */
static bool customer_fits(const pdm__rfm_plan *plan, const int64_t *words) {
    bool max_fits = true;
    if (words[RFM_REFUNDS] < 0) return false;
    if (words[RFM_ORDERS] == 0) {
        if (plan->needs_max) max_fits = words[RFM_MAX] == INT64_MIN;
        return max_fits && words[RFM_GMV] == 0 && words[RFM_FIRST] == INT64_MAX && words[RFM_LAST] == INT64_MIN;
    }
    if (plan->needs_max) max_fits = words[RFM_MAX] >= 0 && words[RFM_MAX] <= words[RFM_GMV];
    return max_fits && words[RFM_GMV] >= 0 && words[RFM_FIRST] <= words[RFM_LAST];
}

/* A customer has days in a window exactly if it has orders there, and no more than orders. */
static pdm_status days_fit(const verify_work *work, const pdm__partition *partition, int32_t window) {
    const pdm__keymap *units = &partition->levels[0];
    const pdm__keymap *days = &partition->levels[1];
    int64_t *left = NULL;
    PDM__TRY(pdm__new(work->store->context, units->count, sizeof *left, &left, NULL));
    const int64_t skip = window * (int64_t)work->store->schema.levels[0].field_count;
    bool fits = true;
    for (uint32_t id = 0; id < units->count; id++) left[id] = pdm__keymap_words(units, id)[skip + RFM_ORDERS];
    for (uint32_t id = 0; id < days->count && fits; id++) {
        int64_t counted = pdm__keymap_words(days, id)[window];
        uint32_t unit = pdm__keymap_key(days, id).scope;
        fits = counted == 0 || (counted == 1 && left[unit] > 0);
        if (fits) left[unit] -= counted;
    }
    for (uint32_t id = 0; id < units->count && fits; id++) {
        int64_t orders = pdm__keymap_words(units, id)[skip + RFM_ORDERS];
        fits = orders == 0 || left[id] < orders;
    }
    pdm__drop(work->store->context, left, units->count, sizeof *left);
    return fits ? PDM_OK : PDM_E_CORRUPT_STATE;
}

static pdm_status verify_order(const verify_work *work, const pdm__partition *partition) {
    const pdm__keymap *units = &partition->levels[0];
    for (uint32_t id = 0; id < units->count; id++) {
        const int64_t *words = pdm__keymap_words(units, id);
        for (int32_t w = 0; w < work->plan->stored_windows; w++, words += work->store->schema.levels[0].field_count) {
            if (!customer_fits(work->plan, words)) return PDM_E_CORRUPT_STATE;
        }
    }
    for (int32_t w = 0; work->plan->needs_days && w < work->plan->stored_windows; w++)
        PDM__TRY(days_fit(work, partition, w));
    return PDM_OK;
}

/* Orders and refunds of grain line. */
static pdm_status verify_line(const pdm__partition *partition) {
    const pdm__keymap *orders = &partition->levels[1];
    const pdm__journal *refunds = &partition->journals[0];
    for (uint32_t id = 0; id < orders->count; id++) {
        const int64_t *words = pdm__keymap_words(orders, id);
        bool empty = words[RFM_ORDER_SALE] == 0 && words[RFM_ORDER_TIME] == INT64_MAX;
        if (words[RFM_ORDER_SALE] < 0 || (words[RFM_ORDER_ROWS] == 0 && !empty)) return PDM_E_CORRUPT_STATE;
    }
    for (size_t i = 0; i < refunds->count; i++) {
        const int64_t *tuple = refunds->words + 4 * i; /* order, time, amount, explicit */
        if (tuple[2] <= 0 || tuple[3] < 0 || tuple[3] > 1) return PDM_E_CORRUPT_STATE;
    }
    return PDM_OK;
}

static void verify_partition(void *argument, size_t p) {
    verify_work *work = argument;
    const pdm__partition *partition = &work->store->partitions[p];
    work->status[p] = work->plan->line ? verify_line(partition) : verify_order(work, partition);
}

pdm_status pdm__rfm_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    verify_work work = {.plan = plan->own, .store = store};
    pdm__run_parallel(run, PDM__PARTITIONS, verify_partition, &work);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (work.status[p] == PDM_OK) continue;
        const char *what = work.status[p] == PDM_E_CORRUPT_STATE
                               ? "these bytes are no valid state: orders that no rows could make"
                               : "out of memory while restoring a state";
        return pdm__fail(err, work.status[p], -1, NULL, "%s", what);
    }
    return PDM_OK;
}
