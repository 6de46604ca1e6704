/**
 * @file decision.h
 * @defgroup stats_decision Decisions
 * @ingroup stats
 * @brief What now? From the intervals of an experiment to keep 保留, adjust 调整, drop 砍掉, keep running 继续观察 or review 复核, with
 * the reasons.
 *
 * A pure function: what each metric is for (goal or guardrail), its intervals, the plan, the quality of the split. Only intervals
 * decide; p-values do not. The first rule that applies wins:
 *
 * | # | if | decision | reasons |
 * |---|---|---|---|
 * | 1 | sample ratio mismatch, too many crossovers, a metric without interval | review | `srm`, `crossovers`, `no_data` |
 * | 2 | running, and a watched interval shows harm | drop | `harm_shown_early` |
 * | 3 | running, and no goal's watched interval excludes 0 | keep running | `below_required_sample`, `below_min_days` |
 * | 4 | a goal is worse | drop; adjust if another goal is better | `goal_worse`, `goals_disagree` |
 * | 5 | a guardrail is harmed | its `on_harm` if a goal is better, else drop | `guardrail_harmed` |
 * | 6 | a goal is better, all guardrails are safe | keep | `goal_better`, `guardrails_safe`, `worse_within_margin` |
 * | 7 | a goal is better, a guardrail is unclear | final: adjust; else keep running | `guardrail_not_proven` |
 * | 8 | every goal is equivalent | `if_equivalent` | `equivalent` |
 * | 9 | otherwise | final: `if_inconclusive`; else keep running | `inconclusive` |
 *
 * *Final* = the required units in each arm and the least number of days, or the last planned look; else the experiment is running,
 * and the watched (sequential) intervals stand for all others: an interval that only holds at the end decides nothing before, and
 * nothing is equivalent.
 * With + the good direction: a goal is better if its adjusted interval lies above 0, worse if below, equivalent if its 1 − 2 alpha
 * interval lies within ± `equivalence` (TOST). A guardrail is safe if its interval lies above −`margin` (or, with
 * PDM_GUARDRAIL_NOT_HARMED, does not lie below 0), harmed if it lies below 0 and it is not safe, else unclear.
 * @{
 */
#ifndef PDMETRICS_STATS_DECISION_H
#define PDMETRICS_STATS_DECISION_H

#include <pdmetrics/stats/proportion.h>

#include <math.h>

/** What to do. Values are part of the ABI. */
typedef enum pdm_decision {
    PDM_DECISION_KEEP = 1,         /**< 保留 */
    PDM_DECISION_ADJUST = 2,       /**< 调整 */
    PDM_DECISION_DROP = 3,         /**< 砍掉 */
    PDM_DECISION_KEEP_RUNNING = 4, /**< 继续观察 */
    PDM_DECISION_REVIEW = 5        /**< 复核: somebody must look */
} pdm_decision;

/** Why. Values are part of the ABI: appended, never renumbered. */
typedef enum pdm_reason_code {
    PDM_REASON_SRM = 1,                   /**< the split is not the planned one: value p, threshold alpha */
    PDM_REASON_CROSSOVERS = 2,            /**< units in several arms: value their share, threshold the most allowed */
    PDM_REASON_NO_DATA = 3,               /**< a metric has no interval: value its ::pdm_row_status */
    PDM_REASON_HARM_SHOWN_EARLY = 4,      /**< value the good end of the watched interval, threshold 0 */
    PDM_REASON_BELOW_REQUIRED_SAMPLE = 5, /**< value the units missing in the smaller arm, threshold those required */
    PDM_REASON_BELOW_MIN_DAYS = 6,        /**< value days so far, threshold the least */
    PDM_REASON_GOAL_WORSE = 7,            /**< value the good end of the interval, threshold 0 */
    PDM_REASON_GOALS_DISAGREE = 8,        /**< one goal is worse, this one better: value the bad end, threshold 0 */
    PDM_REASON_GUARDRAIL_HARMED = 9,      /**< value the bad end of the interval, threshold −margin */
    PDM_REASON_GOAL_BETTER = 10,          /**< value the bad end of the interval, threshold 0 */
    PDM_REASON_GUARDRAILS_SAFE = 11,      /**< no single metric: value how many */
    PDM_REASON_WORSE_WITHIN_MARGIN =
        12, /**< significantly worse but within what is allowed: value the bad end, threshold −margin */
    PDM_REASON_GUARDRAIL_NOT_PROVEN = 13, /**< value the bad end, threshold −margin */
    PDM_REASON_EQUIVALENT = 14,           /**< value the end farther from 0, threshold the equivalence bound */
    PDM_REASON_INCONCLUSIVE = 15,         /**< value how many more units in all might decide it (NaN = unknown) */
    PDM_REASON_CONFLICTS = 16,            /**< warning: units with contradicting rows: value how many */
    PDM_REASON_IMBALANCE = 17             /**< warning: the arms differed before the start: value p */
} pdm_reason_code;

/** What a metric is for. */
typedef enum pdm_metric_role {
    PDM_ROLE_GOAL = 0,     /**< it should become better [default] */
    PDM_ROLE_GUARDRAIL = 1 /**< it must not become worse by more than its margin */
} pdm_metric_role;

/** Which way is better. */
typedef enum pdm_direction {
    PDM_HIGHER_IS_BETTER = 0, /**< [default] */
    PDM_LOWER_IS_BETTER = 1
} pdm_direction;

/** How a guardrail proves itself. */
typedef enum pdm_guardrail_rule {
    PDM_GUARDRAIL_NON_INFERIOR = 0, /**< non-inferiority is shown [default] */
    PDM_GUARDRAIL_NOT_HARMED = 1    /**< harm is not shown: weaker, a wide interval passes */
} pdm_guardrail_rule;

/** Language of texts. */
typedef enum pdm_language { PDM_ENGLISH = 0, PDM_CHINESE = 1 } pdm_language;

/** A metric, its rule, and what is known of treatment − control. Intervals in the metric's own direction; NaN at
 * either end = there is none (a lift without base, an unbounded lift set); ends may be ±∞. Frozen. */
typedef struct pdm_decision_metric {
    int32_t role;        /**< ::pdm_metric_role */
    int32_t direction;   /**< ::pdm_direction */
    int32_t scale;       /**< ::pdm_margin_scale of margin, equivalence and the `scaled` intervals */
    int32_t on_harm;     /**< guardrail: PDM_DECISION_ADJUST (0 = default) or PDM_DECISION_DROP */
    double margin;       /**< guardrail: ≥ 0, required; goals do not use it */
    double equivalence;  /**< goal: bound of a difference too small to matter; 0 = none */
    int32_t status;      /**< ::pdm_row_status of the comparison */
    int32_t reserved;    /**< 0 */
    pdm_range reported;  /**< 1 − alpha interval of the difference */
    pdm_range scaled;    /**< the same on the rule's scale */
    pdm_range adjusted;  /**< goal: of the difference, at the level of its family; NaN = `reported` */
    pdm_range two_alpha; /**< goal with `equivalence`: 1 − 2 alpha interval on the rule's scale */
    pdm_range
        watched; /**< of the difference, holds while running; one-sided (harm_watch) with an infinite end; NaN = none */
    pdm_range watched_scaled; /**< the same on the rule's scale */
    double estimate;          /**< difference; used only for the units missing */
    double se;                /**< of the difference; likewise, NaN or 0 = unknown */
    double planned_effect;    /**< difference the experiment was planned for; likewise, 0 = the estimate */
} pdm_decision_metric;

/** Everything unknown: intervals NaN, a guardrail's margin NaN (it must be given). */
static inline pdm_decision_metric pdm_decision_metric_default(void) {
    const double none = (double)NAN;
    pdm_decision_metric metric = {PDM_ROLE_GOAL,
                                  PDM_HIGHER_IS_BETTER,
                                  PDM_SCALE_LIFT,
                                  0,
                                  none,
                                  0,
                                  0,
                                  0,
                                  {none, none},
                                  {none, none},
                                  {none, none},
                                  {none, none},
                                  {none, none},
                                  {none, none},
                                  none,
                                  none,
                                  0};
    return metric;
}

/** Plan, quality and options; all-zero is every default but `required_n`, which must be given. */
typedef struct pdm_decision_options {
    uint32_t struct_size;       /**< sizeof(pdm_decision_options) */
    int32_t guardrail_rule;     /**< ::pdm_guardrail_rule */
    int32_t if_equivalent;      /**< PDM_DECISION_DROP (0 = default) or PDM_DECISION_KEEP */
    int32_t if_inconclusive;    /**< ::pdm_decision; 0 = PDM_DECISION_REVIEW */
    int32_t last_look;          /**< 1 = this is the last planned look, whatever the units */
    int32_t srm_status;         /**< ::pdm_row_status of the split: PDM_STATUS_MISMATCH stops everything */
    int32_t imbalance;          /**< 1 = a covariate differed between the arms before the start: a warning */
    int32_t reserved;           /**< 0 */
    int64_t required_n;         /**< units per arm, > 0 */
    int64_t n_control;          /**< units of the control so far */
    int64_t n_treatment;        /**< of the treatment */
    int64_t conflicts;          /**< units left out because their rows contradict each other */
    double days;                /**< so far */
    double min_days;            /**< 0 = 7, a weekly cycle; negative = none */
    double srm_p;               /**< for the text */
    double srm_alpha;           /**< 0 = 0.001 */
    double crossover_share;     /**< of all units, 0 … 1 */
    double max_crossover_share; /**< 0 = 0.01; negative = none is allowed */
    double balance_p;           /**< of that covariate, for the text */
    double alpha;               /**< of the units missing; 0 = 0.05 */
    double power;               /**< likewise; 0 = 0.8 */
} pdm_decision_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_decision_options pdm_decision_options_default(void) {
    pdm_decision_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** A reason. Frozen. */
typedef struct pdm_reason {
    int32_t code;     /**< ::pdm_reason_code */
    int32_t metric;   /**< index of the metric, −1 if it is about the whole */
    double value;     /**< as the code says; intervals with + the good direction */
    double threshold; /**< what it is held against; NaN if nothing */
    int32_t scale;    /**< ::pdm_margin_scale of value and threshold where they are of a metric */
    int32_t reserved; /**< 0 */
} pdm_reason;

/** As many reasons as @p metrics metrics can have. */
#define PDM_DECISION_REASONS(metrics) (2 * (metrics) + 8)

/** The decision. Frozen. */
typedef struct pdm_decision_result {
    int32_t decision;     /**< ::pdm_decision */
    int32_t rule;         /**< which row of the table above, 1 … 9 */
    int32_t is_final;     /**< 1 = the plan is fulfilled */
    int32_t reason_count; /**< reasons written */
    int64_t n_required;   /**< per arm */
    int64_t n_min;        /**< units of the smaller arm */
    double days;          /**< so far */
} pdm_decision_result;

PDM_BEGIN_DECLS

/**
 * Decides about one treatment against the control. @p reasons has room for PDM_DECISION_REASONS(@p count): in the order of the metrics,
 * those that decide first, warnings last. Needs at least one goal.
 * Errors: PDM_E_PLAN_REQUIRED (no required_n), PDM_E_MARGIN_REQUIRED (a guardrail without margin; row = the metric),
 * PDM_E_BAD_OPTION (unknown role …, no goal; row = the metric), PDM_E_BAD_VALUE (negative counts, days or shares).
 */
PDM_API pdm_status pdm_decide(const pdm_decision_metric *metrics, int32_t count, const pdm_decision_options *options,
                              pdm_decision_result *out, pdm_reason *reasons, pdm_error *err);

/** "keep", "keep_running" … or 保留, 继续观察 …; "unknown" for a foreign number. Static storage. */
PDM_EXPORT const char *pdm_decision_name(int32_t decision, int32_t language);

/** "goal_better" …; "unknown" for a foreign number. Static storage. */
PDM_EXPORT const char *pdm_reason_name(int32_t code);

/**
 * A reason as a sentence in UTF-8, of the metric called @p metric (NULL = "the metric"). Writes at most @p capacity bytes, the
 * last one NUL, cut between characters; returns the bytes the whole sentence has without it. Independent of the locale.
 */
PDM_EXPORT size_t pdm_reason_text(const pdm_reason *reason, const char *metric, int32_t language, char *buffer,
                                  size_t capacity);

PDM_END_DECLS
/** @} */
#endif
