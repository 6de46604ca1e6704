/**
 * @file attribution.h
 * @defgroup metrics_attribution Attribution
 * @ingroup metrics
 * @brief Attribution (归因): which channels earned the conversions and their value, by rules, Markov chains and Shapley values at once.
 *
 * Rows are touches and conversions of users (journeys are built from them), or ready-made paths with counts. Input columns, options,
 * lists and tables are described by the registry entry `attribution` and in docs/metrics/attribution.md. Which models are computed is
 * said by list `models`. Zero in any option is its default, named in brackets.
 *
 * State: of events, the rows (24 bytes a touch, 40 any other one); once it advances (pdm_state_advance()), those that can still matter,
 * and a path table of what is settled. Of paths, one sum for each path. update O(rows), merge O(rows held), advance O(rows and users
 * held), result O(rows log rows of a user) and then that of the models: rules O(touches of distinct paths), Markov chains of order 1
 * O(channels³), of a higher order O(transitions · iterations) for each channel, Shapley values of rates O(channels · 2^channels).
 * @{
 */
#ifndef PDMETRICS_METRICS_ATTRIBUTION_H
#define PDMETRICS_METRICS_ATTRIBUTION_H

#include <pdmetrics/state.h>

/** Most milestones. */
#define PDM_ATTRIBUTION_MAX_MILESTONES 8
/** Most models in one state. */
#define PDM_ATTRIBUTION_MAX_MODELS 64
/** Most channels, and most touches of a path. */
#define PDM_ATTRIBUTION_MAX_CHANNELS 65535

/** What the rows are. */
typedef enum pdm_attribution_rows {
    PDM_ATTRIBUTION_EVENTS = 0, /**< touches, conversions and milestones of users [default] */
    PDM_ATTRIBUTION_PATHS = 1   /**< paths with counts */
} pdm_attribution_rows;

/** What column `value` holds. */
typedef enum pdm_attribution_value {
    PDM_ATTRIBUTION_MONEY = 0, /**< amounts, in minor units [default] */
    PDM_ATTRIBUTION_DOUBLE = 1 /**< any finite numbers; summed exactly all the same */
} pdm_attribution_value;

/** Which touches before a conversion are candidates, and which conversions count. */
typedef enum pdm_attribution_reset {
    PDM_ATTRIBUTION_RESET_NONE = 0,             /**< all touches before it [default] */
    PDM_ATTRIBUTION_RESET_AFTER_CONVERSION = 1, /**< those after the conversion before it */
    PDM_ATTRIBUTION_RESET_FIRST_ONLY = 2,       /**< as none; only a user's first conversion counts */
    PDM_ATTRIBUTION_RESET_LAST_ONLY = 3         /**< as none; only a user's last conversion counts */
} pdm_attribution_reset;

/** How `lookback` is measured. */
typedef enum pdm_attribution_lookback {
    PDM_ATTRIBUTION_LOOKBACK_ELAPSED = 0,      /**< µs from touch to conversion, inclusive [default] */
    PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS = 1 /**< difference of local days, inclusive; `lookback` is whole days */
} pdm_attribution_lookback;

/** What priorities do besides having lookbacks of their own. */
typedef enum pdm_attribution_priority {
    PDM_ATTRIBUTION_PRIORITY_OFF = 0,         /**< nothing [default] */
    PDM_ATTRIBUTION_PRIORITY_HIGHEST_ONLY = 1 /**< only touches of the largest priority in the journey stay */
} pdm_attribution_priority;

/** What becomes of touches in channels of list `direct`. */
typedef enum pdm_attribution_direct {
    PDM_ATTRIBUTION_DIRECT_KEEP = 0,               /**< they stay [default] */
    PDM_ATTRIBUTION_DIRECT_EXCLUDE_UNLESS_ALL = 1, /**< left out unless there is nothing else */
    PDM_ATTRIBUTION_DIRECT_STRIP_TAIL = 2,         /**< those at the end are left out unless there is nothing else */
    PDM_ATTRIBUTION_DIRECT_EXCLUDE = 3,            /**< left out */
    PDM_ATTRIBUTION_DIRECT_INHERIT_PREVIOUS = 4 /**< they take the channel of the touch before, see `inherit_window` */
} pdm_attribution_direct;

/** What is made of a path before it is counted. */
typedef enum pdm_attribution_transform {
    PDM_ATTRIBUTION_TRANSFORM_NONE = 0,     /**< nothing [default] */
    PDM_ATTRIBUTION_TRANSFORM_EXPOSURE = 1, /**< a touch equal to the one before it is dropped */
    PDM_ATTRIBUTION_TRANSFORM_FIRST = 2,    /**< each channel once, where it first stood */
    PDM_ATTRIBUTION_TRANSFORM_FREQUENCY = 3 /**< each channel once, with how often it stood there: A(2) */
} pdm_attribution_transform;

/** Which touches form journeys without a conversion. */
typedef enum pdm_attribution_nulls {
    PDM_ATTRIBUTION_NULLS_TRAILING = 0,       /**< a user's touches after the last counted conversion [default] */
    PDM_ATTRIBUTION_NULLS_NON_CONVERTERS = 1, /**< all touches of users without any conversion */
    PDM_ATTRIBUTION_NULLS_NONE = 2,           /**< none */
    PDM_ATTRIBUTION_NULLS_EXPIRED = 3         /**< as trailing, for each run of touches at most `lookback` apart */
} pdm_attribution_nulls;

/** How far back such a journey goes. */
typedef enum pdm_attribution_null_window {
    PDM_ATTRIBUTION_NULL_WINDOW_ALL = 0,     /**< to its beginning [default] */
    PDM_ATTRIBUTION_NULL_WINDOW_LOOKBACK = 1 /**< `lookback` before its last touch */
} pdm_attribution_null_window;

/** Options of attribution. Enumerators above are stored as int32_t. */
typedef struct pdm_attribution_options {
    uint32_t struct_size;         /**< sizeof(pdm_attribution_options) */
    int32_t null_rows;            /**< 0 = error, 1 = skip and count */
    int32_t dedupe;               /**< 0 = none, 1 = by column event_id, within a user */
    int32_t naive_time;           /**< timestamps without zone are 0 = UTC, 1 = the calendar's wall clock */
    int32_t currency_exponent;    /**< decimal places for decimal and float amounts, 0…9; floats need it */
    int32_t rows;                 /**< ::pdm_attribution_rows */
    int32_t value_type;           /**< ::pdm_attribution_value */
    int32_t allow_negative_value; /**< 1 = values below 0 are no error */
    int32_t reset;                /**< ::pdm_attribution_reset */
    int32_t lookback_kind;        /**< ::pdm_attribution_lookback */
    int64_t lookback;        /**< µs; 0 = 30 days; #PDM_ZERO_INT64 = 0 (the same instant only), INT64_MAX = unlimited */
    int32_t priority_mode;   /**< ::pdm_attribution_priority */
    int32_t direct_mode;     /**< ::pdm_attribution_direct */
    int64_t inherit_window;  /**< µs; 0 = 1 day */
    int32_t transform;       /**< ::pdm_attribution_transform */
    int32_t max_touches;     /**< longer paths keep their last so many touches; 0 = all */
    int32_t nulls;           /**< ::pdm_attribution_nulls */
    int32_t null_window;     /**< ::pdm_attribution_null_window */
    int32_t top;             /**< rows of table `paths`; 0 = 20; −1 = all */
    int32_t markov_orders;   /**< table `markov_orders` compares orders 1 … this one; 0 = no such table */
    int32_t list_journeys;   /**< 1 = table `journeys` is made */
    int32_t late_rows;       /**< rows before the watermark are 0 = an error, 1 = left out and counted */
    double gross_margin;     /**< share of the value that is margin, in (0, 1], for `roi_margin`; 0 = not known */
    char base[64];           /**< model that table `comparison` compares with; "" = last_touch, else the first */
    char path_separator[64]; /**< between touches of column `path`; "" = ">" */
} pdm_attribution_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_attribution_options pdm_attribution_options_default(void) {
    pdm_attribution_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty attribution state; see pdm_state_create(). Hand over lists before the first update. */
PDM_API pdm_status pdm_attribution_create(pdm_context *context, const pdm_attribution_options *options, pdm_state **out,
                                          pdm_error *err);

/** One shot without lists: the default models; see pdm_compute(). With lists: pdm_state_compute(). */
PDM_API pdm_status pdm_attribution_compute(pdm_context *context, const pdm_attribution_options *options,
                                           const pdm_batch *batch, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
