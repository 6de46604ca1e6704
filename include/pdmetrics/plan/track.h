/**
 * @file track.h
 * @defgroup plan_track Tracking
 * @ingroup plan
 * @brief The tracking table (目标完成跟踪表): attainment, growth, pace, cumulative progress, alerts.
 *
 * Calculators (inputs → tables):
 * - `track`: rows(name, actual, target, previous, year_ago, direction, elapsed, days, planned) → rows, total.
 * - `pace`: pace(actual, target, elapsed, total_days, or first_day, last_day, today), days(weight) → pace, remaining(day, weight, required).
 * - `cumulative`: periods(period, actual, target) → periods, summary.
 * - `growth_series`: values(period, value) → growth, summary(cagr).
 * - `alerts`: rows(name, value, op, threshold) → rows(name, value, ok, alert).
 *
 * attainment = 1 + (A − T)/|T| (1 − … where lower is better): 100 % on target, above is better, in both directions. mom is growth, never
 * the index. Elapsed days count the current day.
 * @{
 */
#ifndef PDMETRICS_PLAN_TRACK_H
#define PDMETRICS_PLAN_TRACK_H

#include <pdmetrics/calculator.h>

/** Whether the current day counts as elapsed when pace is given dates. */
typedef enum pdm_inclusive_dates {
    PDM_DATES_INCLUSIVE = 0, /**< 1st to 11th are 11 days [default] */
    PDM_DATES_EXCLUSIVE = 1  /**< 1st to 11th are 10 days */
} pdm_inclusive_dates;

/** Options of `track`. */
typedef struct pdm_track_options {
    uint32_t struct_size;   /**< sizeof(pdm_track_options) */
    int32_t strict;         /**< row statuses fail the call */
    int32_t mean_of_ratios; /**< 1 = the total row also has the plain mean of the attainments */
    int32_t reserved;       /**< 0 */
    double red_below;       /**< attainment below which a row is red, 0 = 0.9 */
    double green_from;      /**< attainment from which a row is green, 0 = 1.0 */
} pdm_track_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_track_options pdm_track_options_default(void) {
    pdm_track_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `pace`. */
typedef struct pdm_pace_options {
    uint32_t struct_size; /**< sizeof(pdm_pace_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t dates;        /**< ::pdm_inclusive_dates */
} pdm_pace_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_pace_options pdm_pace_options_default(void) {
    pdm_pace_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
