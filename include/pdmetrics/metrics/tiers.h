/**
 * @file tiers.h
 * @defgroup metrics_tiers Membership tiers
 * @ingroup metrics
 * @brief Membership tiers (青铜/白银/黄金) from any value per customer.
 *
 * Rows are (customer_id, value); rows of one customer add up. Tiers are cut at amounts, or at shares of the customers from the top.
 * Tiers of money earned in a window come with RFM itself (option `tiers` there). State: one sum per customer; update O(rows), result
 * O(n log n).
 * @{
 */
#ifndef PDMETRICS_METRICS_TIERS_H
#define PDMETRICS_METRICS_TIERS_H

#include <pdmetrics/state.h>

/** How tiers are cut. */
typedef enum pdm_tiers_method {
    PDM_TIERS_AUTO = 0, /**< cut if list `tiers` has cuts, share otherwise [default] */
    PDM_TIERS_CUT = 1,  /**< amounts; a value on a cut takes the higher tier */
    PDM_TIERS_SHARE = 2 /**< shares of the customers from the top */
} pdm_tiers_method;

/** Options of tiers. */
typedef struct pdm_tiers_options {
    uint32_t struct_size;      /**< sizeof(pdm_tiers_options) */
    int32_t null_rows;         /**< 0 = error, 1 = skip and count */
    int32_t dedupe;            /**< 0 = none, 1 = by column event_id */
    int32_t zero_denominator;  /**< 0 = null, 1 = zero */
    int32_t method;            /**< ::pdm_tiers_method */
    int32_t currency_exponent; /**< decimal places for decimal and float values, 0…9; floats need it */
} pdm_tiers_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_tiers_options pdm_tiers_options_default(void) {
    pdm_tiers_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). */
PDM_API pdm_status pdm_tiers_create(pdm_context *context, const pdm_tiers_options *options, pdm_state **out,
                                    pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_tiers_compute(pdm_context *context, const pdm_tiers_options *options, const pdm_batch *batch,
                                     pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
