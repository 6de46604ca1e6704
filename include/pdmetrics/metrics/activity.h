/**
 * @file activity.h
 * @defgroup metrics_activity Stickiness and activity
 * @ingroup metrics
 * @brief Activity: how often units are active (粘性, stickiness), and how many are per day, week, month (日活, 周活, 月活).
 *
 * Rows are (unit, time): any row makes its unit active. Table `stickiness` counts, within the range shown, the units with exactly (or at
 * least) j active groups of `every` periods. Table `active` gives per local day the units active on it (DAU), in the 7 days that end
 * with it (WAU), and in the `mau_days` that end with it (MAU): exact distinct counts, with who came into the month's window and who
 * fell out of it.
 *
 * State: the set of a unit's active days (hours, if the period is one), 64 to a word; with their numbers of rows where `criteria` asks
 * for them. Update O(rows); result O(active days + tables).
 * @{
 */
#ifndef PDMETRICS_METRICS_ACTIVITY_H
#define PDMETRICS_METRICS_ACTIVITY_H

#include <pdmetrics/metrics/lifecycle.h>

/** When a group of periods is active, by its number of rows. */
typedef enum pdm_activity_criteria {
    PDM_ACTIVITY_GTE = 0,  /**< at least `criteria_rows` [default] */
    PDM_ACTIVITY_LTE = 1,  /**< 1 … criteria_rows: no rows is never active */
    PDM_ACTIVITY_EXACT = 2 /**< exactly criteria_rows */
} pdm_activity_criteria;

/** Options of activity. */
typedef struct pdm_activity_options {
    uint32_t struct_size;     /**< sizeof(pdm_activity_options) */
    int32_t null_rows;        /**< 0 = error, 1 = skip and count */
    int32_t dedupe;           /**< 0 = none, 1 = by column event_id */
    int32_t zero_denominator; /**< 0 = null, 1 = zero */
    int32_t naive_time;       /**< 0 = UTC, 1 = wall-clock time of the calendar */
    int32_t period;           /**< ::pdm_cohort_period, of tables stickiness and active_periods */
    int32_t every;            /**< consecutive periods that make a group; default 1 */
    int32_t criteria;         /**< ::pdm_activity_criteria */
    int32_t criteria_rows;    /**< n of the criteria; default 1 */
    int32_t cumulative;       /**< 1 = units with j or more active groups, not exactly j */
    int32_t mau_days;         /**< days of the longest window; default 30 (28 is usual too) */
    int32_t breakdown_by;     /**< ::pdm_cohort_breakdown */
    int32_t list_units;       /**< 1 = table units */
    int64_t date_from;        /**< any instant of the first local day; default that of the first row */
    int64_t date_to;          /**< any instant of the last local day, inclusive; default that of as_of */
    int64_t as_of;            /**< µs, inclusive; default the largest row time */
} pdm_activity_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_activity_options pdm_activity_options_default(void) {
    pdm_activity_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty state; see pdm_state_create(). */
PDM_API pdm_status pdm_activity_create(pdm_context *context, const pdm_activity_options *options, pdm_state **out,
                                       pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_activity_compute(pdm_context *context, const pdm_activity_options *options,
                                        const pdm_batch *batch, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
