/**
 * @file actuals.h
 * @defgroup metrics_actuals Actuals
 * @ingroup metrics
 * @brief Actuals (实际完成): sales and refunds per period, channel and segment, ready to be held against targets.
 *
 * Rows are (period or time, channel, segment, kind, amount, order_id). Refunds are rows of their own with positive amounts: net =
 * gmv − refund. The main table is what calculator `track` takes: net, the period before and the same period a year ago.
 *
 * State: four sums per (period, channel, segment); with dedupe order_id, what every order claims. Update O(rows), result O(n log n). The
 * sum of all amounts must fit int64, so no sum can overflow.
 * @{
 */
#ifndef PDMETRICS_METRICS_ACTUALS_H
#define PDMETRICS_METRICS_ACTUALS_H

#include <pdmetrics/state.h>

/** Whether rows that repeat an order count again. */
typedef enum pdm_actuals_dedupe {
    PDM_ACTUALS_DEDUPE_NONE = 0,    /**< rows add up [default] */
    PDM_ACTUALS_DEDUPE_ORDER_ID = 1 /**< one sale and one refund an order; unlike ones are conflicts and left out */
} pdm_actuals_dedupe;

/** Where the period of a row comes from. */
typedef enum pdm_actuals_calendar_period {
    PDM_ACTUALS_NONE = 0,    /**< column `period`, any integers or texts [default] */
    PDM_ACTUALS_HOUR = 1,    /**< column `time`, by the calendar */
    PDM_ACTUALS_DAY = 2,     /**< same */
    PDM_ACTUALS_WEEK = 3,    /**< same */
    PDM_ACTUALS_MONTH = 4,   /**< same */
    PDM_ACTUALS_QUARTER = 5, /**< same */
    PDM_ACTUALS_YEAR = 6     /**< same */
} pdm_actuals_calendar_period;

/** Options of actuals. */
typedef struct pdm_actuals_options {
    uint32_t struct_size;      /**< sizeof(pdm_actuals_options) */
    int32_t null_rows;         /**< 0 = error, 1 = skip and count */
    int32_t dedupe;            /**< ::pdm_actuals_dedupe */
    int32_t calendar_period;   /**< ::pdm_actuals_calendar_period */
    int32_t naive_time;        /**< 0 = UTC, 1 = wall-clock time of the calendar */
    int32_t currency_exponent; /**< decimal places for decimal and float amounts, 0…9; floats need it */
} pdm_actuals_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_actuals_options pdm_actuals_options_default(void) {
    pdm_actuals_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). Updates also fail with PDM_E_BAD_VALUE (a kind that is neither gmv nor refund) and
 * PDM_E_BAD_AMOUNT (an amount below 0). */
PDM_API pdm_status pdm_actuals_create(pdm_context *context, const pdm_actuals_options *options, pdm_state **out,
                                      pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_actuals_compute(pdm_context *context, const pdm_actuals_options *options, const pdm_batch *batch,
                                       pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
