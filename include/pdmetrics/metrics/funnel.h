/**
 * @file funnel.h
 * @defgroup metrics_funnel Conversion funnels
 * @ingroup metrics
 * @brief Conversion funnels (转化漏斗): how far units get through a sequence of steps within a window, when, and where they stop.
 *
 * Rows are events. Input columns, options, lists and tables are described by the registry entry `funnel` and in
 * docs/metrics/funnel.md. What a step is says list `steps`: event names or codes, boolean columns, or bits of a mask column. Zero in
 * any option is its default, named in brackets; where a `preset` is set, the default is the preset's.
 *
 * State: the rows that can matter (a journal of 16 bytes or more an event). update O(rows), merge O(events), result O(events log
 * events of a unit). A sealed state, see pdm_state_seal(), holds O(steps²) times a unit instead, and merges with those of other
 * stretches of time; for ordered, best, first_completed funnels with favourable ties and little else.
 * @{
 */
#ifndef PDMETRICS_METRICS_FUNNEL_H
#define PDMETRICS_METRICS_FUNNEL_H

#include <pdmetrics/state.h>

/** Most steps, and most exclusions, of a funnel. */
#define PDM_FUNNEL_MAX_STEPS 32

/** `window` of this length never ends. */
#define PDM_UNLIMITED INT64_MAX

/** Sets the switches below to what another product does. Options given explicitly win. */
typedef enum pdm_funnel_preset {
    PDM_FUNNEL_PRESET_NONE = 0,             /**< the library's own meaning [default] */
    PDM_FUNNEL_PRESET_CLICKHOUSE = 1,       /**< windowFunnel of ClickHouse, see `mode` */
    PDM_FUNNEL_PRESET_DORIS = 2,            /**< window_funnel of Apache Doris before 4.1, see `mode` */
    PDM_FUNNEL_PRESET_DORIS41 = 3,          /**< window_funnel of Apache Doris 4.1, see `mode` */
    PDM_FUNNEL_PRESET_STARROCKS = 4,        /**< window_funnel of StarRocks, see `mode` */
    PDM_FUNNEL_PRESET_POSTHOG = 5,          /**< PostHog */
    PDM_FUNNEL_PRESET_MIXPANEL = 6,         /**< Mixpanel, first entry */
    PDM_FUNNEL_PRESET_MIXPANEL_REENTRY = 7, /**< Mixpanel, optimised re-entry */
    PDM_FUNNEL_PRESET_AMPLITUDE = 8         /**< Amplitude */
} pdm_funnel_preset;

/** What rows between the steps do. */
typedef enum pdm_funnel_order {
    PDM_FUNNEL_ORDER_DEFAULT = 0,  /**< the preset's; else ordered */
    PDM_FUNNEL_ORDER_ORDERED = 1,  /**< they are ignored */
    PDM_FUNNEL_ORDER_STRICT = 2,   /**< they end the attempt */
    PDM_FUNNEL_ORDER_FIXED = 3,    /**< they end it if they satisfy some step */
    PDM_FUNNEL_ORDER_UNORDERED = 4 /**< steps in any sequence */
} pdm_funnel_order;

/** Which step-1 rows may start an attempt. */
typedef enum pdm_funnel_entry {
    PDM_FUNNEL_ENTRY_DEFAULT = 0, /**< the preset's; else best */
    PDM_FUNNEL_ENTRY_BEST = 1,    /**< all; the best attempt is reported */
    PDM_FUNNEL_ENTRY_FIRST = 2,   /**< the unit's first */
    PDM_FUNNEL_ENTRY_LAST = 3     /**< the unit's last */
} pdm_funnel_entry;

/** Which of the furthest attempts is reported. */
typedef enum pdm_funnel_attempt_tie {
    PDM_FUNNEL_TIE_DEFAULT = 0,         /**< the preset's; else first_completed */
    PDM_FUNNEL_TIE_FIRST_COMPLETED = 1, /**< earliest last step, then latest entry */
    PDM_FUNNEL_TIE_FIRST_ENTERED = 2    /**< earliest entry, then earliest last step */
} pdm_funnel_attempt_tie;

/** Whether one row may fill several steps of an attempt. */
typedef enum pdm_funnel_event_reuse {
    PDM_FUNNEL_REUSE_DEFAULT = 0, /**< the preset's; else forbid */
    PDM_FUNNEL_REUSE_FORBID = 1,
    PDM_FUNNEL_REUSE_ALLOW = 2
} pdm_funnel_event_reuse;

/** How rows of equal time are used. */
typedef enum pdm_funnel_ties {
    PDM_FUNNEL_TIES_DEFAULT = 0,    /**< the preset's; else favourable */
    PDM_FUNNEL_TIES_FAVOURABLE = 1, /**< in whatever order brings the unit further */
    PDM_FUNNEL_TIES_ROW_ORDER = 2   /**< strictly by column `seq`, which is required then */
} pdm_funnel_ties;

/** Whether a step needs a later time than the step before. */
typedef enum pdm_funnel_strict_increase {
    PDM_FUNNEL_INCREASE_DEFAULT = 0, /**< the preset's; else off */
    PDM_FUNNEL_INCREASE_OFF = 1,
    PDM_FUNNEL_INCREASE_SKIP = 2, /**< a row that fails only this is ignored */
    PDM_FUNNEL_INCREASE_BREAK = 3 /**< such a row ends the attempt */
} pdm_funnel_strict_increase;

/** Whether a row that satisfies an already filled step ends the attempt. */
typedef enum pdm_funnel_deduplication {
    PDM_FUNNEL_DEDUPLICATION_DEFAULT = 0, /**< the preset's; else off */
    PDM_FUNNEL_DEDUPLICATION_OFF = 1,
    PDM_FUNNEL_DEDUPLICATION_BREAK_ATTEMPT = 2
} pdm_funnel_deduplication;

/** A switch that a preset may have set. */
typedef enum pdm_funnel_switch {
    PDM_FUNNEL_SWITCH_DEFAULT = 0, /**< the preset's; else off */
    PDM_FUNNEL_SWITCH_OFF = 1,
    PDM_FUNNEL_SWITCH_ON = 2
} pdm_funnel_switch;

/** How `window` is measured. */
typedef enum pdm_funnel_window_kind {
    PDM_FUNNEL_WINDOW_ELAPSED = 0,      /**< µs from step 1 to the last step, inclusive [default] */
    PDM_FUNNEL_WINDOW_CALENDAR_DAYS = 1 /**< `window` = N local days; 1 = the entry's own day (当天转化) */
} pdm_funnel_window_kind;

/** What is counted. */
typedef enum pdm_funnel_count {
    PDM_FUNNEL_COUNT_UNIQUES = 0, /**< units, each by its reported attempt [default] */
    PDM_FUNNEL_COUNT_TOTALS = 1,  /**< attempts, see `totals_mode` */
    PDM_FUNNEL_COUNT_SESSIONS = 2 /**< (unit, session), see `sessions` */
} pdm_funnel_count;

/** Which attempts `count = totals` counts. */
typedef enum pdm_funnel_totals_mode {
    PDM_FUNNEL_TOTALS_DEFAULT = 0,    /**< the preset's; else sequential */
    PDM_FUNNEL_TOTALS_SEQUENTIAL = 1, /**< one after the other */
    PDM_FUNNEL_TOTALS_EVERY_ENTRY = 2 /**< every step-1 row is an attempt */
} pdm_funnel_totals_mode;

/** Where sessions come from. */
typedef enum pdm_funnel_sessions {
    PDM_FUNNEL_SESSIONS_GAP = 0,   /**< cut where a unit pauses for more than `session_gap` [default] */
    PDM_FUNNEL_SESSIONS_COLUMN = 1 /**< column `session` */
} pdm_funnel_sessions;

/** Whether all steps need the same value (关联属性). */
typedef enum pdm_funnel_hold_constant {
    PDM_FUNNEL_HOLD_NONE = 0,   /**< no [default] */
    PDM_FUNNEL_HOLD_COLUMN = 1, /**< of column `hold` */
    PDM_FUNNEL_HOLD_STEPS = 2   /**< of each step's own column: `hold` in list `steps` */
} pdm_funnel_hold_constant;

/** What is counted under `hold_constant`. */
typedef enum pdm_funnel_hold_count {
    PDM_FUNNEL_HOLD_PER_VALUE = 0, /**< (unit, value) pairs [default] */
    PDM_FUNNEL_HOLD_PER_UNIT = 1   /**< each unit once, by its best attempt over its values */
} pdm_funnel_hold_count;

/** Which value of column `breakdown` a unit is shown under. */
typedef enum pdm_funnel_attribution {
    PDM_FUNNEL_ATTRIBUTION_NONE = 0,        /**< no breakdown [default] */
    PDM_FUNNEL_ATTRIBUTION_FIRST_TOUCH = 1, /**< the first non-empty on rows that satisfy a step */
    PDM_FUNNEL_ATTRIBUTION_LAST_TOUCH = 2,  /**< the last */
    PDM_FUNNEL_ATTRIBUTION_ALL_EVENTS = 3,  /**< every value, on the rows that bear it */
    PDM_FUNNEL_ATTRIBUTION_STEP = 4         /**< that of the row filling step `attribution_step` */
} pdm_funnel_attribution;

/** What `time_from` and `time_to` cut. */
typedef enum pdm_funnel_range {
    PDM_FUNNEL_RANGE_ROWS = 0,   /**< all rows [default] */
    PDM_FUNNEL_RANGE_ENTRIES = 1 /**< entries only: later steps may fall after `time_to` */
} pdm_funnel_range;

/** Buckets of table `trend`. */
typedef enum pdm_funnel_trend {
    PDM_FUNNEL_TREND_NONE = 0, /**< no such table [default] */
    PDM_FUNNEL_TREND_HOUR = 1,
    PDM_FUNNEL_TREND_DAY = 2,
    PDM_FUNNEL_TREND_WEEK = 3,
    PDM_FUNNEL_TREND_MONTH = 4,
    PDM_FUNNEL_TREND_QUARTER = 5,
    PDM_FUNNEL_TREND_YEAR = 6
} pdm_funnel_trend;

/** Which attempts table `trend` counts. */
typedef enum pdm_funnel_trend_count {
    PDM_FUNNEL_TREND_ONCE = 0, /**< a unit's best attempt among the entries of a period [default] */
    PDM_FUNNEL_TREND_EVERY = 1 /**< every attempt */
} pdm_funnel_trend_count;

/** Options of funnels. Enumerators above are stored as int32_t. */
typedef struct pdm_funnel_options {
    uint32_t struct_size;     /**< sizeof(pdm_funnel_options) */
    int32_t null_rows;        /**< 0 = error, 1 = skip and count */
    int32_t dedupe;           /**< 0 = none, 1 = by column event_id */
    int32_t zero_denominator; /**< 0 = the preset's, else null; 1 = null; 2 = zero */
    int32_t naive_time;       /**< timestamps without zone are 0 = UTC, 1 = the calendar's wall clock */
    int32_t preset;           /**< ::pdm_funnel_preset */
    char mode
        [64]; /**< modes of the presets clickhouse, doris, doris41 and starrocks, separated by commas; see the docs */
    int32_t step_count;    /**< steps of mask column `steps`, 1…32; 0 = as many as list `steps` has */
    int32_t order;         /**< ::pdm_funnel_order */
    int32_t entry;         /**< ::pdm_funnel_entry */
    int32_t attempt_tie;   /**< ::pdm_funnel_attempt_tie */
    int32_t event_reuse;   /**< ::pdm_funnel_event_reuse */
    int32_t ties;          /**< ::pdm_funnel_ties */
    int32_t collapse_ties; /**< ::pdm_funnel_switch: rows of one tie group with the same steps count once */
    int64_t grace;         /**< µs: a tie group also holds rows up to this after its first; 0 = the preset's, else 0 */
    int32_t strict_increase; /**< ::pdm_funnel_strict_increase */
    int32_t deduplication;   /**< ::pdm_funnel_deduplication */
    int32_t strict_repeat;   /**< ::pdm_funnel_switch: `strict` bears repeats of the step filled last */
    int32_t window_kind;     /**< ::pdm_funnel_window_kind */
    int64_t window;        /**< µs or local days; 0 = the preset's, else 14 days; #PDM_ZERO_INT64 = 0, #PDM_UNLIMITED */
    int32_t count;         /**< ::pdm_funnel_count */
    int32_t totals_mode;   /**< ::pdm_funnel_totals_mode */
    int32_t sessions;      /**< ::pdm_funnel_sessions */
    int32_t hold_constant; /**< ::pdm_funnel_hold_constant */
    int64_t session_gap;   /**< µs; 0 = 30 minutes */
    int32_t hold_count;    /**< ::pdm_funnel_hold_count */
    int32_t attribution;   /**< ::pdm_funnel_attribution */
    int32_t attribution_step; /**< for PDM_FUNNEL_ATTRIBUTION_STEP, 1…; 0 = 1 */
    int32_t breakdown_limit;  /**< so many largest groups, the others as "(other)"; 0 = all */
    int64_t time_from;        /**< µs, inclusive; 0 = none (#PDM_ZERO_INT64 = 0) */
    int64_t time_to;          /**< µs, exclusive; 0 = none (#PDM_ZERO_INT64 = 0) */
    int32_t range_applies_to; /**< ::pdm_funnel_range */
    int32_t mature_only;      /**< 1 = only entries whose window is complete at `as_of` */
    int64_t as_of;            /**< µs, inclusive: data are complete up to here; 0 = the largest row time seen */
    double conf_level;        /**< of intervals; 0 = 0.95 */
    int32_t histogram_from;   /**< first step of table `histogram`; 0 = 1 */
    int32_t histogram_to;     /**< last step of it; 0 = the last of the funnel */
    int32_t bins;             /**< bins of it, 1…1000; 0 = from the data */
    int32_t trend_period;     /**< ::pdm_funnel_trend */
    int64_t bin_unit;         /**< µs: bins are whole multiples of it; 0 = 1 s */
    int32_t trend_from;       /**< first step of table `trend`; 0 = 1 */
    int32_t trend_to;         /**< last step of it; 0 = the last of the funnel */
    int32_t trend_count;      /**< ::pdm_funnel_trend_count */
    int32_t list_units;       /**< 1 = table `units` is made */
    int64_t segment_from;     /**< µs, inclusive: this state covers time from here on; 0 = all (#PDM_ZERO_INT64 = 0) */
    int64_t segment_to;       /**< µs, exclusive: up to here; 0 = all (#PDM_ZERO_INT64 = 0). See pdm_state_seal() */
} pdm_funnel_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_funnel_options pdm_funnel_options_default(void) {
    pdm_funnel_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty funnel state; see pdm_state_create(). Hand over list `steps` (or set `step_count`) before the first update. */
PDM_API pdm_status pdm_funnel_create(pdm_context *context, const pdm_funnel_options *options, pdm_state **out,
                                     pdm_error *err);

/** One shot, steps by the bits of mask column `steps` (`step_count`); see pdm_compute(). With lists: pdm_state_compute(). */
PDM_API pdm_status pdm_funnel_compute(pdm_context *context, const pdm_funnel_options *options, const pdm_batch *batch,
                                      pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
