/**
 * @file retention.h
 * @defgroup metrics_retention Cohorts and retention
 * @ingroup metrics
 * @brief Cohorts and retention (同期群, 留存): who comes back, and what a cohort is worth.
 *
 * Rows are (unit, time) with two conditions: `start` rows form cohorts by the period they lie in, `return` rows say that a unit came
 * back. Column 0 of a cohort is its size; column k ≥ 1 counts those of its units with return rows in interval k: a calendar period, or
 * k·24 h (7·24 h, 30·24 h) after the unit's own start. A cell is complete, partial (as_of falls inside: a lower bound) or future (null,
 * never 0), and only complete cells are averaged. With `retained_value` every cell has the value of its return rows and the cumulative
 * value per acquired unit (LTV); list `costs` adds acquisition costs and the payback period.
 *
 * State: per unit and 64 periods two words, where presence is enough; else per active period a count, a sum and least times; under
 * rolling_24h the return rows themselves. Update O(rows); result O(active periods · columns).
 * @{
 */
#ifndef PDMETRICS_METRICS_RETENTION_H
#define PDMETRICS_METRICS_RETENTION_H

#include <pdmetrics/metrics/lifecycle.h>

/** Which start rows make a unit enter a cohort. */
typedef enum pdm_retention_entry {
    PDM_RETENTION_FIRST_TIME = 0, /**< the first in history: one cohort a unit [default] */
    PDM_RETENTION_RECURRING = 1,  /**< the first of each period: a unit may be in many cohorts */
    PDM_RETENTION_FIRST_EVER = 2  /**< the first `start_any` row in history, if it is also a start */
} pdm_retention_entry;

/** What column k ≥ 1 asks for. */
typedef enum pdm_retention_mode {
    PDM_RETENTION_N_DAY = 0,       /**< return rows in interval k (第 n 日留存) [default] */
    PDM_RETENTION_ON_OR_AFTER = 1, /**< in interval k or that of any later column */
    PDM_RETENTION_BRACKETS = 2     /**< in the intervals of bracket k of list `brackets` */
} pdm_retention_mode;

/** What intervals are. */
typedef enum pdm_retention_clock {
    PDM_RETENTION_CALENDAR = 0,   /**< local periods [default] */
    PDM_RETENTION_ROLLING_24H = 1 /**< from the unit's own start row on */
} pdm_retention_clock;

/** Denominator of the rate. */
typedef enum pdm_retention_denominator {
    PDM_RETENTION_COHORT_SIZE = 0,      /**< [default] */
    PDM_RETENTION_PREVIOUS_INTERVAL = 1 /**< retained in the column before; column 1: the size. Not with brackets */
} pdm_retention_denominator;

/** Rounding of times down before they are differenced (rolling_24h). */
typedef enum pdm_retention_floor {
    PDM_RETENTION_FLOOR_NONE = 0, /**< [default] */
    PDM_RETENTION_FLOOR_HOUR = 1, /**< to the local hour */
    PDM_RETENTION_FLOOR_DAY = 2   /**< to the local day */
} pdm_retention_floor;

/** From which start rows of the cohort's period windows run (rolling_24h). */
typedef enum pdm_retention_window_entry {
    PDM_RETENTION_FIRST_IN_PERIOD = 0, /**< [default] */
    PDM_RETENTION_EVERY_START = 1      /**< a unit counts if one of its starts does; values follow the first */
} pdm_retention_window_entry;

/** Cells whose interval begins after as_of. */
typedef enum pdm_retention_future_cells {
    PDM_RETENTION_FUTURE_NULL = 0, /**< [default] */
    PDM_RETENTION_FUTURE_ZERO = 1  /**< as counted, 0 as a rule */
} pdm_retention_future_cells;

/** What all steps must share. */
typedef enum pdm_retention_hold {
    PDM_RETENTION_HOLD_NONE = 0,  /**< [default] */
    PDM_RETENTION_HOLD_COLUMN = 1 /**< column `hold`: counted are units with a value, null is none */
} pdm_retention_hold;

/** How table `average` averages cohorts. */
typedef enum pdm_retention_average {
    PDM_RETENTION_WEIGHTED = 0,  /**< sum of numerators over sum of denominators [default] */
    PDM_RETENTION_SIMPLE = 1,    /**< mean of the cohorts' rates */
    PDM_RETENTION_NO_AVERAGE = 2 /**< no such table */
} pdm_retention_average;

/** Options of retention. */
typedef struct pdm_retention_options {
    uint32_t struct_size;      /**< sizeof(pdm_retention_options) */
    int32_t null_rows;         /**< 0 = error, 1 = skip and count */
    int32_t dedupe;            /**< 0 = none, 1 = by column event_id */
    int32_t zero_denominator;  /**< 0 = null, 1 = zero */
    int32_t naive_time;        /**< 0 = UTC, 1 = wall-clock time of the calendar */
    int32_t currency_exponent; /**< decimal places for decimal and float values, 0…9; floats need it */
    int32_t period;            /**< ::pdm_cohort_period: cohort rows and intervals */
    int32_t cohort_entry;      /**< ::pdm_retention_entry */
    int32_t intervals;       /**< columns 0 … intervals − 1; without date_from also the number of cohorts; default 12 */
    int32_t mode;            /**< ::pdm_retention_mode */
    int32_t clock;           /**< ::pdm_retention_clock */
    int32_t min_occurrences; /**< return rows needed in one interval, or in the bracket; default 1 */
    int32_t denominator;     /**< ::pdm_retention_denominator */
    int32_t floor;           /**< ::pdm_retention_floor */
    int32_t window_entry;    /**< ::pdm_retention_window_entry */
    int32_t future_cells;    /**< ::pdm_retention_future_cells */
    int32_t breakdown_by;    /**< ::pdm_cohort_breakdown */
    int32_t hold_constant;   /**< ::pdm_retention_hold */
    int32_t average;         /**< ::pdm_retention_average */
    int32_t retained_value;  /**< 1 = value columns, from column `value` of return rows */
    int32_t list_units;      /**< 1 = table units */
    int32_t reserved;        /**< 0 */
    int64_t
        date_from; /**< any instant of the local day whose period is the first cohort; default: so that there are `intervals` */
    int64_t date_to;   /**< any instant of the local day whose period is the last cohort; default that of as_of */
    int64_t as_of;     /**< µs, inclusive; default the largest row time */
    double conf_level; /**< of the intervals; default 0.95 */
} pdm_retention_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_retention_options pdm_retention_options_default(void) {
    pdm_retention_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). */
PDM_API pdm_status pdm_retention_create(pdm_context *context, const pdm_retention_options *options, pdm_state **out,
                                        pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_retention_compute(pdm_context *context, const pdm_retention_options *options,
                                         const pdm_batch *batch, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
