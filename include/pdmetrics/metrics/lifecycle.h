/**
 * @file lifecycle.h
 * @defgroup metrics_lifecycle Lifecycle
 * @ingroup metrics
 * @brief Lifecycle (生命周期): who is new, stays, comes back, falls asleep.
 *
 * Rows are (unit, time): any row makes its unit active in the local period that holds it. With m = `dormant_after`, a unit active in
 * period t is *new* (新增) if t is its first active period, *returning* (留存活跃) if it was active in one of t−m … t−1, else
 * *resurrecting* (回流); a unit is *dormant* (新流失) in t if it was active in t−m and not since: once, a positive count. Rows before the
 * range shown are read. active = new + returning + resurrecting; with live_t = units active in t−m+1 … t (and no first_seen)
 * live_t = live_{t−1} + new_t + resurrecting_t − dormant_t.
 *
 * State: the set of a unit's active periods, 64 to a word. Update O(rows); result O(active periods + table).
 * @{
 */
#ifndef PDMETRICS_METRICS_LIFECYCLE_H
#define PDMETRICS_METRICS_LIFECYCLE_H

#include <pdmetrics/calendar.h>
#include <pdmetrics/state.h>

/** Option `period` of cohort metrics. */
typedef enum pdm_cohort_period {
    PDM_COHORT_DAY = 0, /**< [default] */
    PDM_COHORT_HOUR = 1,
    PDM_COHORT_WEEK = 2,
    PDM_COHORT_MONTH = 3,
    PDM_COHORT_QUARTER = 4,
    PDM_COHORT_YEAR = 5
} pdm_cohort_period;

/** Option `breakdown_by` of cohort metrics: which value of column `breakdown` a unit counts under. */
typedef enum pdm_cohort_breakdown {
    PDM_COHORT_BREAKDOWN_NONE = 0,       /**< no breakdown [default] */
    PDM_COHORT_BREAKDOWN_ENTRY = 1,      /**< that of its first row (retention: of the row that forms the cohort) */
    PDM_COHORT_BREAKDOWN_SAME_VALUE = 2, /**< each value by itself: a unit with a value is what is counted */
    PDM_COHORT_BREAKDOWN_LATEST = 3      /**< that of its last row */
} pdm_cohort_breakdown;

/** Option `first_seen` of lifecycle. */
typedef enum pdm_lifecycle_first_seen {
    PDM_LIFECYCLE_FIRST_SEEN_NONE = 0,  /**< a unit is new in its first active period [default] */
    PDM_LIFECYCLE_FIRST_SEEN_COLUMN = 1 /**< in the period of its least `first_seen`; without one as above */
} pdm_lifecycle_first_seen;

/** Options of lifecycle. */
typedef struct pdm_lifecycle_options {
    uint32_t struct_size;     /**< sizeof(pdm_lifecycle_options) */
    int32_t null_rows;        /**< 0 = error, 1 = skip and count */
    int32_t dedupe;           /**< 0 = none, 1 = by column event_id */
    int32_t zero_denominator; /**< 0 = null, 1 = zero */
    int32_t naive_time;       /**< 0 = UTC, 1 = wall-clock time of the calendar */
    int32_t period;           /**< ::pdm_cohort_period */
    int32_t dormant_after;    /**< m, periods without activity after which a unit is dormant; default 1 */
    int32_t first_seen;       /**< ::pdm_lifecycle_first_seen */
    int32_t breakdown_by;     /**< ::pdm_cohort_breakdown */
    int32_t list_units;       /**< 1 = table units */
    int64_t date_from;        /**< any instant of the first local day shown; default the first period with a row */
    int64_t date_to;          /**< any instant of the last local day shown; default that of as_of */
    int64_t as_of;            /**< µs, inclusive; default the largest row time */
} pdm_lifecycle_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_lifecycle_options pdm_lifecycle_options_default(void) {
    pdm_lifecycle_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). */
PDM_API pdm_status pdm_lifecycle_create(pdm_context *context, const pdm_lifecycle_options *options, pdm_state **out,
                                        pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_lifecycle_compute(pdm_context *context, const pdm_lifecycle_options *options,
                                         const pdm_batch *batch, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
