/**
 * @file repurchase.h
 * @defgroup metrics_repurchase Repurchase
 * @ingroup metrics
 * @brief Repurchase (复购): who buys again, how soon, how often, and how many get from each order to the next.
 *
 * Rows are orders, or lines of orders: unit, time, order_id. Rows of one unit with the same order_id are one order, at the least of their
 * times. Input columns, options, lists and tables are described by the registry entry `repurchase` and in docs/metrics/repurchase.md;
 * list `n` holds the days of the n-day rates [7, 30, 90]. Zero in any option is its default, named in brackets.
 *
 * State: per unit its orders and their times; 16 bytes an order besides the keys. update O(rows), merge O(orders), result O(orders)
 * expected, plus sorting the orders of a unit.
 * @{
 */
#ifndef PDMETRICS_METRICS_REPURCHASE_H
#define PDMETRICS_METRICS_REPURCHASE_H

#include <pdmetrics/state.h>

/** Largest n of an n-day rate. */
#define PDM_REPURCHASE_MAX_DAYS 36500

/** What a period is, and with it a cohort of first orders. */
typedef enum pdm_repurchase_period {
    PDM_REPURCHASE_PERIOD_MONTH = 0, /**< local calendar month [default] */
    PDM_REPURCHASE_PERIOD_HOUR = 1,  /**< 3 600 s of the local clock */
    PDM_REPURCHASE_PERIOD_DAY = 2,
    PDM_REPURCHASE_PERIOD_WEEK = 3, /**< from the calendar's `week_start` on */
    PDM_REPURCHASE_PERIOD_QUARTER = 4,
    PDM_REPURCHASE_PERIOD_YEAR = 5
} pdm_repurchase_period;

/** Several orders of a unit on one local day. */
typedef enum pdm_repurchase_same_day {
    PDM_REPURCHASE_SAME_DAY_SEPARATE = 0, /**< each counts [default] */
    PDM_REPURCHASE_SAME_DAY_MERGE = 1     /**< they are one order, at the least of their times */
} pdm_repurchase_same_day;

/** Which value of column `breakdown` a unit counts under. */
typedef enum pdm_repurchase_breakdown_by {
    PDM_REPURCHASE_BREAKDOWN_NONE = 0,  /**< the column is not read [default] */
    PDM_REPURCHASE_BREAKDOWN_ENTRY = 1, /**< that of its first row */
    PDM_REPURCHASE_BREAKDOWN_SAME_VALUE =
        2, /**< unit becomes (unit, value): only orders of the same value follow each other */
    PDM_REPURCHASE_BREAKDOWN_LATEST = 3 /**< that of its last row */
} pdm_repurchase_breakdown_by;

/** Options of repurchase. */
typedef struct pdm_repurchase_options {
    uint32_t struct_size;     /**< sizeof(pdm_repurchase_options) */
    int32_t null_rows;        /**< 0 = error, 1 = skip and count */
    int32_t dedupe;           /**< 0 = none, 1 = by column event_id, within a unit */
    int32_t zero_denominator; /**< 0 = null, 1 = zero */
    int32_t naive_time;       /**< 0 = UTC, 1 = wall-clock time of the calendar */
    int32_t period;           /**< ::pdm_repurchase_period */
    int32_t same_day;         /**< ::pdm_repurchase_same_day */
    int32_t breakdown_by;     /**< ::pdm_repurchase_breakdown_by */
    int32_t list_units;       /**< 1 = make tables `units` and `buyers` */
    int32_t reserved;         /**< 0 */
    int64_t date_from;        /**< µs, an instant of the first local day shown; #PDM_ZERO_INT64 for 1970-01-01T00:00Z */
    int64_t date_to;          /**< µs, an instant of the last local day shown, as above */
    int64_t as_of;            /**< µs up to which (inclusive) the data are complete, as above [the largest row time] */
    double conf_level;        /**< of the intervals, between 0 and 1 [0.95] */
} pdm_repurchase_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_repurchase_options pdm_repurchase_options_default(void) {
    pdm_repurchase_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). */
PDM_API pdm_status pdm_repurchase_create(pdm_context *context, const pdm_repurchase_options *options, pdm_state **out,
                                         pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_repurchase_compute(pdm_context *context, const pdm_repurchase_options *options,
                                          const pdm_batch *batch, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
