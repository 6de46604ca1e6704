/**
 * @file credit.h
 * @defgroup metrics_credit Credit
 * @ingroup metrics
 * @brief Credit (业绩归属, 业绩双算): what every member of staff is credited with, beside what the company really sold.
 *
 * Rows are (order_id, amount, staff_id, role), one for each part that somebody had in an order; the amount is the order's, the same on
 * each of them. A row without staff_id says that the order is there and nobody is credited. The board's number is company_total, where
 * every order counts once, never the sum of credits.
 *
 * State: per order the least and the largest amount and the set of (staff, role). Update O(rows), result O(n log n).
 * @{
 */
#ifndef PDMETRICS_METRICS_CREDIT_H
#define PDMETRICS_METRICS_CREDIT_H

#include <pdmetrics/state.h>

/** How an order is credited where several had a part in it. */
typedef enum pdm_credit_policy {
    PDM_CREDIT_DEDUP = 0, /**< all of it to everybody, a person once even in two roles [default] */
    PDM_CREDIT_FULL = 1,  /**< all of it to every (staff, role) */
    PDM_CREDIT_SPLIT = 2  /**< divided by role weights, then equally within a role, to the last minor unit */
} pdm_credit_policy;

/** Options of credit. */
typedef struct pdm_credit_options {
    uint32_t struct_size;      /**< sizeof(pdm_credit_options) */
    int32_t null_rows;         /**< 0 = error, 1 = skip and count */
    int32_t policy;            /**< ::pdm_credit_policy */
    int32_t currency_exponent; /**< decimal places for decimal and float amounts, 0…9; floats need it */
} pdm_credit_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_credit_options pdm_credit_options_default(void) {
    pdm_credit_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). Updates also fail with PDM_E_BAD_AMOUNT (an amount below 0) and PDM_E_BAD_VALUE (a
 * role that list `roles` does not have). */
PDM_API pdm_status pdm_credit_create(pdm_context *context, const pdm_credit_options *options, pdm_state **out,
                                     pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_credit_compute(pdm_context *context, const pdm_credit_options *options, const pdm_batch *batch,
                                      pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
