/**
 * @file experiment.h
 * @defgroup metrics_experiment A/B experiments
 * @ingroup metrics
 * @brief A/B experiments (A/B 实验显著性): was the split honest, did the treatment win, by how much, and what now.
 *
 * Rows are units (whoever was randomised) with their variant and what is measured of them; lists `arms`, `metrics`,
 * `covariates` and `segment_columns` say what the columns mean. Input columns, options, lists and tables are described
 * by the registry entry `experiment` and in docs/metrics/experiment.md. Zero in any option is its default, named in
 * brackets.
 *
 * State: one record per unit, or exact sums alone (`moments_only`). No floating sums: any split, order, merge and
 * number of threads gives the same bytes and the same results.
 * update O(rows · columns), merge O(units), result O(units · columns).
 * @{
 */
#ifndef PDMETRICS_METRICS_EXPERIMENT_H
#define PDMETRICS_METRICS_EXPERIMENT_H

#include <pdmetrics/state.h>

#define PDM_EXPERIMENT_MAX_ARMS 64      /**< rows of list `arms` */
#define PDM_EXPERIMENT_MAX_METRICS 64   /**< rows of list `metrics` */
#define PDM_EXPERIMENT_MAX_COVARIATES 8 /**< of one metric */
#define PDM_EXPERIMENT_MAX_SEGMENTS 8   /**< rows of list `segment_columns` */

/** What several rows of one unit are. */
typedef enum pdm_experiment_unit_rows {
    PDM_EXPERIMENT_ONE = 0, /**< repeats: identical ones count once, others make the unit a conflict [default] */
    PDM_EXPERIMENT_SUM = 1  /**< parts: conversions are or-ed, all else is added */
} pdm_experiment_unit_rows;

/** What to do with units that contradict themselves. */
typedef enum pdm_experiment_policy {
    PDM_EXPERIMENT_EXCLUDE = 0, /**< left out of everything and counted [default] */
    PDM_EXPERIMENT_ERROR = 1    /**< the result is refused, naming the unit */
} pdm_experiment_policy;

/** Which arms are compared. */
typedef enum pdm_experiment_comparisons {
    PDM_EXPERIMENT_VERSUS_CONTROL = 0, /**< every other arm with the control [default] */
    PDM_EXPERIMENT_ALL_PAIRS = 1       /**< every two arms; the earlier one is the control of the pair */
} pdm_experiment_comparisons;

/** Confidence set of the lift. */
typedef enum pdm_experiment_lift {
    PDM_EXPERIMENT_LIFT_DUAL = 0,         /**< Koopman for conversions, Fieller for means: agree with p [default] */
    PDM_EXPERIMENT_LIFT_LOG = 1,          /**< on ln(ratio); Katz for conversions */
    PDM_EXPERIMENT_LIFT_LOG_ADJUSTED = 2, /**< conversions: with ½ added; means: as log */
    PDM_EXPERIMENT_LIFT_FIELLER = 3,      /**< Fieller for all */
    PDM_EXPERIMENT_LIFT_DELTA = 4         /**< estimate ± k·se; parity with other tools */
} pdm_experiment_lift;

/** When one may look at the results. */
typedef enum pdm_experiment_horizon {
    PDM_EXPERIMENT_FIXED = 0,            /**< once, at the end [default] */
    PDM_EXPERIMENT_ASYMP_CS = 1,         /**< as often as one likes: asymptotic confidence sequence */
    PDM_EXPERIMENT_MSPRT = 2,            /**< as often as one likes: mixture SPRT with `tau2` */
    PDM_EXPERIMENT_GROUP_SEQUENTIAL = 3, /**< at planned looks (list `looks`), by α-spending */
    PDM_EXPERIMENT_HYBRID = 4 /**< half of alpha on an asymptotic sequence while running, half at the planned end */
} pdm_experiment_horizon;

/** Which groups of units get a posterior. */
typedef enum pdm_experiment_posterior {
    PDM_EXPERIMENT_POSTERIOR_NONE = 0,    /**< no table posterior [default] */
    PDM_EXPERIMENT_POSTERIOR_TOTAL = 1,   /**< all units together */
    PDM_EXPERIMENT_POSTERIOR_SEGMENTS = 2 /**< and each segment; some 10 ms for a comparison of conversions */
} pdm_experiment_posterior;

/** How the p-values of a family are adjusted, and the intervals that agree with them. */
typedef enum pdm_experiment_adjust {
    PDM_EXPERIMENT_ADJUST_DEFAULT = 0, /**< holm (segments: bh) [default] */
    PDM_EXPERIMENT_ADJUST_NONE = 1,
    PDM_EXPERIMENT_ADJUST_BONFERRONI = 2,
    PDM_EXPERIMENT_ADJUST_HOLM = 3,
    PDM_EXPERIMENT_ADJUST_HOCHBERG = 4,
    PDM_EXPERIMENT_ADJUST_BH = 5,
    PDM_EXPERIMENT_ADJUST_BY = 6,
    PDM_EXPERIMENT_ADJUST_SIDAK = 7,
    PDM_EXPERIMENT_ADJUST_HOLM_SIDAK = 8,
    PDM_EXPERIMENT_ADJUST_HOMMEL = 9,
    PDM_EXPERIMENT_ADJUST_DUNNETT = 10, /**< many arms against one control, each metric a family of its own */
    PDM_EXPERIMENT_ADJUST_WEIGHTED = 11 /**< the family's first metric gets `primary_share` of alpha */
} pdm_experiment_adjust;

/** Options of an experiment. Enumerators above are stored as int32_t. */
typedef struct pdm_experiment_options {
    uint32_t struct_size;        /**< sizeof(pdm_experiment_options) */
    int32_t null_rows;           /**< rows without unit or variant: 0 = error, 1 = skip and count */
    int32_t unit_rows;           /**< ::pdm_experiment_unit_rows */
    int32_t moments_only;        /**< 1 = the caller promises one row a unit; only sums are held */
    int32_t crossover;           /**< units seen in several arms: ::pdm_experiment_policy */
    int32_t conflict;            /**< units whose rows contradict each other: ::pdm_experiment_policy */
    int32_t comparisons;         /**< ::pdm_experiment_comparisons */
    int32_t max_levels;          /**< levels of a segment column, 1…100 000 [1000] */
    int32_t alternative;         /**< ::pdm_alternative */
    int32_t test;                /**< of conversions: ::pdm_proportion_test_kind */
    int32_t difference_interval; /**< of conversions: ::pdm_difference_interval */
    int32_t lift_interval;       /**< ::pdm_experiment_lift */
    int32_t rate_interval;       /**< of one conversion rate: ::pdm_rate_interval */
    int32_t critical;            /**< of means: 0 = t, 1 = normal */
    int32_t equal_var;           /**< of means: 1 = pooled variance */
    int32_t variance;            /**< of conversions: 0 = score test, 1 = as means with variance p(1 − p) */
    int32_t winsor_quantile; /**< caps are quantiles of type 0 = 7, 1 = 1, 2 = 2, 3 = 6, 4 = 8 (Hyndman and Fan 1996) */
    int32_t srm_method;      /**< 0 = auto, 1 = chi2, 2 = exact, 3 = z_cc, 4 = sequential */
    int32_t horizon;         /**< ::pdm_experiment_horizon */
    int32_t adjust;          /**< ::pdm_experiment_adjust, of all units together */
    int32_t adjust_segments; /**< ::pdm_experiment_adjust, within segments, up to hommel; default bh */
    int32_t spending;        /**< group_sequential: ::pdm_spending */
    int32_t spend_total;     /**< group_sequential: 1 = the function spends alpha, not alpha/2 a side */
    int32_t harm_watch;      /**< hybrid: 1 = while running only harm may end it (alpha/4 on that side) */
    int32_t guardrail_rule;  /**< ::pdm_guardrail_rule */
    int32_t if_equivalent;   /**< 0 = drop, 1 = keep */
    int32_t if_inconclusive; /**< 0 = review, 1 = keep, 2 = adjust, 3 = drop, 4 = keep_running */
    int32_t last_look;       /**< 1 = nothing more will come, whatever was planned */
    int32_t min_days;        /**< least days to run, 0…3650 [7, a weekly cycle] (#PDM_ZERO_INT32 = none) */
    int64_t required_n;      /**< units per arm that were planned; given: tables decision and reasons */
    int64_t planned_n_total; /**< units of a comparison's two arms at the planned end; needed unless fixed */
    double alpha;            /**< significance level [0.05] */
    double tau2;             /**< msprt: mixing variance on the scale of the difference; no default */
    double srm_alpha;        /**< [0.001] */
    double srm_concentration;   /**< sequential SRM: κ of the Dirichlet prior [10 000] */
    double primary_share;       /**< adjust = weighted: share of alpha of the family's first metric; no default */
    double spending_parameter;  /**< of the spending functions power and hwang */
    double days;                /**< days the experiment has run, for the decision */
    double max_crossover_share; /**< a larger share of crossovers is reviewed [0.01] */
    double power;               /**< of the smallest detectable effect [0.8] */
    double planned_lift;        /**< relative effect whose power is reported; 0 = none */
    char control[64];           /**< name of the control, "" = first arm */
    double credible_level;      /**< of the intervals in table posterior, in (0, 1) [0.95] */
    int32_t posterior;          /**< ::pdm_experiment_posterior */
    int32_t posterior_scale;    /**< of means and ratios: 0 = lift, 1 = diff; conversions: always diff */
} pdm_experiment_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_experiment_options pdm_experiment_options_default(void) {
    pdm_experiment_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty experiment; lists `arms` and `metrics` must follow. See pdm_state_create(). */
PDM_API pdm_status pdm_experiment_create(pdm_context *context, const pdm_experiment_options *options, pdm_state **out,
                                         pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
