/**
 * @file retention_array.h
 * @defgroup metrics_retention_array Retention arrays
 * @ingroup metrics
 * @brief Retention as arrays of conditions, as `retention()` of ClickHouse and Doris: no time, no order.
 *
 * A row satisfies some of n conditions (bit i − 1 of column `conditions`). Per unit r_1 = c_1 and r_i = c_1 ∧ c_i over all its rows. The
 * table has their sums over units. State: one word a unit; update O(rows), result O(units).
 * @{
 */
#ifndef PDMETRICS_METRICS_RETENTION_ARRAY_H
#define PDMETRICS_METRICS_RETENTION_ARRAY_H

#include <pdmetrics/state.h>

/** Most conditions. */
#define PDM_RETENTION_ARRAY_MAX 32

/** Options of retention_array. */
typedef struct pdm_retention_array_options {
    uint32_t struct_size;     /**< sizeof(pdm_retention_array_options) */
    int32_t null_rows;        /**< 0 = error, 1 = skip and count */
    int32_t dedupe;           /**< 0 = none, 1 = by column event_id */
    int32_t zero_denominator; /**< 0 = null, 1 = zero */
    int32_t condition_count;  /**< n, 1…32: higher bits are ignored; default 32 */
    int32_t list_units;       /**< 1 = table units */
    double conf_level;        /**< of the intervals; default 0.95 */
} pdm_retention_array_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_retention_array_options pdm_retention_array_options_default(void) {
    pdm_retention_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). */
PDM_API pdm_status pdm_retention_array_create(pdm_context *context, const pdm_retention_array_options *options,
                                              pdm_state **out, pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_retention_array_compute(pdm_context *context, const pdm_retention_array_options *options,
                                               const pdm_batch *batch, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
