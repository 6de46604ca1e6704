/**
 * @file rfm.h
 * @defgroup metrics_rfm RFM
 * @ingroup metrics
 * @brief RFM: recency, frequency, monetary value per customer; scores, segments, tiers and migration.
 *
 * Rows are order lines (or whole orders). Input columns, options, lists and tables are described by the registry entry `rfm`
 * and in docs/metrics/rfm.md. Zero in any option is its default, named in brackets.
 *
 * State: one record per order (`grain = line`) or per customer and window (`grain = order`). update O(rows), merge O(records),
 * result O(n log n) in customers.
 * @{
 */
#ifndef PDMETRICS_METRICS_RFM_H
#define PDMETRICS_METRICS_RFM_H

#include <pdmetrics/state.h>

/** What a row is. */
typedef enum pdm_rfm_grain {
    PDM_RFM_GRAIN_LINE = 0, /**< rows with the same customer and order_id are one order [default] */
    PDM_RFM_GRAIN_ORDER = 1 /**< every row is an order of its own; all refunds are unlinked */
} pdm_rfm_grain;

/** How refunds count. */
typedef enum pdm_rfm_refund_policy {
    PDM_RFM_NET_IN_M_KEEP_F = 0,     /**< they lower money, the order still counts [default] */
    PDM_RFM_DROP_FULLY_REFUNDED = 1, /**< an order with nothing left does not count */
    PDM_RFM_GROSS = 2                /**< they are ignored */
} pdm_rfm_refund_policy;

/** What is known of refunds made at or after `as_of`. */
typedef enum pdm_rfm_refund_cutoff {
    PDM_RFM_CUTOFF_AS_OF = 0, /**< not known yet [default] */
    PDM_RFM_CUTOFF_NONE = 1   /**< history is restated with them */
} pdm_rfm_refund_cutoff;

/** From where recency is counted. */
typedef enum pdm_rfm_r_base {
    PDM_RFM_AS_OF_DAY = 0, /**< local day of as_of [default] */
    PDM_RFM_LAST_DAY = 1   /**< local day of the last µs before as_of */
} pdm_rfm_r_base;

/** What frequency counts. */
typedef enum pdm_rfm_f_basis {
    PDM_RFM_F_ORDERS = 0, /**< counted orders [default] */
    PDM_RFM_F_DAYS = 1,   /**< distinct local days with a counted order */
    PDM_RFM_F_ROWS = 2,   /**< sale rows of counted orders */
    PDM_RFM_F_REPEAT = 3  /**< counted orders − 1 */
} pdm_rfm_f_basis;

/** What monetary value is. */
typedef enum pdm_rfm_m_basis {
    PDM_RFM_M_NET_SUM = 0,   /**< sales − refunds [default] */
    PDM_RFM_M_GROSS_SUM = 1, /**< sales of counted orders */
    PDM_RFM_M_NET_MEAN = 2,  /**< net_sum / frequency, half-even to a minor unit */
    PDM_RFM_M_NET_MAX = 3    /**< largest net of a counted order */
} pdm_rfm_m_basis;

/** How values become scores 1…k. Formulas: docs/metrics/rfm.md. */
typedef enum pdm_rfm_policy {
    PDM_RFM_POLICY_DEFAULT = 0,        /**< midrank (for map cn8: split) [default] */
    PDM_RFM_POLICY_MIDRANK = 1,        /**< ties share the middle of their ranks */
    PDM_RFM_POLICY_PCT_RANK = 2,       /**< ceiling of the percent rank, see `ties` */
    PDM_RFM_POLICY_NTILE = 3,          /**< SQL NTILE, ties split by customer */
    PDM_RFM_POLICY_RANK_FIRST = 4,     /**< pandas qcut(rank(method="first")) */
    PDM_RFM_POLICY_QUANTILE_RIGHT = 5, /**< pandas qcut: classes (lo, hi] */
    PDM_RFM_POLICY_QUANTILE_RFM_R = 6, /**< R package rfm: classes [lo, hi), upper cut + delta */
    PDM_RFM_POLICY_FIXED = 7,          /**< list `thresholds` */
    PDM_RFM_POLICY_NESTED = 8,         /**< F inside each R score, M inside each (R, F) */
    PDM_RFM_POLICY_SPLIT = 9           /**< high or low, see `split_by` */
} pdm_rfm_policy;

/** Rank of a group of ties for PDM_RFM_POLICY_PCT_RANK. */
typedef enum pdm_rfm_ties { PDM_RFM_TIES_AVG = 0, PDM_RFM_TIES_MIN = 1, PDM_RFM_TIES_MAX = 2 } pdm_rfm_ties;

/** What to do when quantile edges coincide. */
typedef enum pdm_rfm_duplicates {
    PDM_RFM_DUPLICATES_ERROR = 0, /**< PDM_E_DUPLICATE_EDGES [default] */
    PDM_RFM_DUPLICATES_DROP = 1   /**< merge equal edges: fewer classes */
} pdm_rfm_duplicates;

/** Where PDM_RFM_POLICY_SPLIT cuts. */
typedef enum pdm_rfm_split_by {
    PDM_RFM_SPLIT_DEFAULT = 0, /**< `split_by` of the whole metric; there: mean */
    PDM_RFM_SPLIT_MEAN = 1,
    PDM_RFM_SPLIT_MEDIAN = 2,
    PDM_RFM_SPLIT_VALUE = 3 /**< `split_r`, `split_f`, `split_m` */
} pdm_rfm_split_by;

/** Whether a value on the split is high. */
typedef enum pdm_rfm_compare {
    PDM_RFM_COMPARE_DEFAULT = 0, /**< gt */
    PDM_RFM_COMPARE_GT = 1,
    PDM_RFM_COMPARE_GE = 2
} pdm_rfm_compare;

/** The segment map. */
typedef enum pdm_rfm_map {
    PDM_RFM_MAP_EN11 = 0,    /**< eleven segments on 125 codes (k = 5) [default] */
    PDM_RFM_MAP_EN10_RF = 1, /**< ten segments on R and F (k = 5) */
    PDM_RFM_MAP_CN8 = 2,     /**< 八分群, two halves a dimension */
    PDM_RFM_MAP_RFM_R10 = 3, /**< ten boxes of the R package rfm, and Others (k = 5) */
    PDM_RFM_MAP_PYMC5 = 4,   /**< five segments of pymc-marketing, and Other (k = 4) */
    PDM_RFM_MAP_USER = 5,    /**< list `segments` (also chosen by giving that list) */
    PDM_RFM_MAP_NONE = 6     /**< scores only */
} pdm_rfm_map;

/** What the R bit of cn8 means. */
typedef enum pdm_rfm_cn8_convention {
    PDM_RFM_CN8_RECENT_HIGH = 0, /**< 1 = bought recently (近) [default] */
    PDM_RFM_CN8_DAYS_HIGH = 1    /**< 1 = many days ago (远); swaps 价值 and 保持 */
} pdm_rfm_cn8_convention;

/** Names of the eight segments. */
typedef enum pdm_rfm_cn8_names { PDM_RFM_CN8_STANDARD = 0, PDM_RFM_CN8_ALT = 1 } pdm_rfm_cn8_names;

/** What cn8 splits. */
typedef enum pdm_rfm_split_on {
    PDM_RFM_SPLIT_RAW = 0,  /**< R, F and M themselves [default] */
    PDM_RFM_SPLIT_SCORE = 1 /**< the 1…k scores of `base` */
} pdm_rfm_split_on;

/** Whose cuts score the later window of a migration. */
typedef enum pdm_rfm_thresholds {
    PDM_RFM_PER_WINDOW = 0, /**< each window its own [default] */
    PDM_RFM_FROZEN = 1      /**< those of the first window */
} pdm_rfm_thresholds;

/** Membership tiers. */
typedef enum pdm_rfm_tiers {
    PDM_RFM_TIERS_NONE = 0, /**< no tier tables [default] */
    PDM_RFM_TIERS_CUT = 1,  /**< by amounts: list `tiers` with `cut` */
    PDM_RFM_TIERS_SHARE =
        2 /**< by shares from the top: list `tiers` with `share`, default gold 0.2, silver 0.3, bronze 0.5 */
} pdm_rfm_tiers;

/** Column that tiers are made from. */
typedef enum pdm_rfm_tier_value {
    PDM_RFM_TIER_NET = 0, /**< sales − refunds [default] */
    PDM_RFM_TIER_MONETARY = 1,
    PDM_RFM_TIER_GMV = 2,
    PDM_RFM_TIER_ORDERS = 3,
    PDM_RFM_TIER_FREQUENCY = 4
} pdm_rfm_tier_value;

/** Options of RFM. Enumerators above are stored as int32_t. */
typedef struct pdm_rfm_options {
    uint32_t struct_size;      /**< sizeof(pdm_rfm_options) */
    int32_t null_rows;         /**< 0 = error, 1 = skip and count */
    int32_t dedupe;            /**< 0 = none, 1 = by column event_id */
    int32_t zero_denominator;  /**< 0 = null, 1 = zero */
    int32_t naive_time;        /**< timestamps without zone are 0 = UTC, 1 = the calendar's wall clock */
    int32_t currency_exponent; /**< decimal places of the currency for decimal and float amounts, 0…9; floats need it */
    char currency[64];         /**< "CNY"; states of another currency do not merge */
    int32_t grain;             /**< ::pdm_rfm_grain */
    int32_t refund_policy;     /**< ::pdm_rfm_refund_policy */
    int32_t refund_cutoff;     /**< ::pdm_rfm_refund_cutoff */
    int32_t count_zero_orders; /**< 1 = orders with sale 0 (gifts) count */
    int32_t r_base;            /**< ::pdm_rfm_r_base */
    int32_t f_basis;           /**< ::pdm_rfm_f_basis */
    int32_t m_basis;           /**< ::pdm_rfm_m_basis */
    int32_t policy;            /**< ::pdm_rfm_policy */
    int32_t policy_r;          /**< for R alone; 0 = `policy` */
    int32_t policy_f;          /**< for F alone; 0 = `policy` */
    int32_t policy_m;          /**< for M alone; 0 = `policy` */
    int32_t base;              /**< policy inside `nested`, and of the scores that `split_on = score` splits */
    int32_t k;                 /**< scores 1…k, 2…10; 0 = 5 (pymc5: 4) */
    int32_t k_r;               /**< for R alone; 0 = `k` */
    int32_t k_f;               /**< for F alone; 0 = `k` */
    int32_t k_m;               /**< for M alone; 0 = `k` */
    int32_t ties;              /**< ::pdm_rfm_ties */
    int32_t duplicates;        /**< ::pdm_rfm_duplicates */
    int32_t split_by;          /**< ::pdm_rfm_split_by */
    int32_t split_by_r;        /**< for R alone */
    int32_t split_by_f;        /**< for F alone */
    int32_t split_by_m;        /**< for M alone */
    int32_t split_on;          /**< ::pdm_rfm_split_on */
    int32_t compare;           /**< ::pdm_rfm_compare */
    int32_t map;               /**< ::pdm_rfm_map */
    int32_t cn8_convention;    /**< ::pdm_rfm_cn8_convention */
    int32_t cn8_names;         /**< ::pdm_rfm_cn8_names */
    int32_t ordered;           /**< list `segments`: 1 = first match wins, 0 = overlap is an error */
    int32_t thresholds;        /**< ::pdm_rfm_thresholds */
    int32_t absent_detail;     /**< 1 = migration tells new, dormant and lost apart */
    int32_t tiers;             /**< ::pdm_rfm_tiers */
    int32_t tier_value;        /**< ::pdm_rfm_tier_value */
    int64_t as_of;       /**< µs, exclusive; 0 = local midnight after the largest row time (windows: their `to`) */
    int64_t delta_r;     /**< quantile_rfm_r: days added to the cuts, 0 = 1 (#PDM_ZERO_INT64 = 0) */
    int64_t delta_f;     /**< quantile_rfm_r: orders, 0 = 1 */
    int64_t delta_m;     /**< quantile_rfm_r: minor units, 0 = 1 */
    int64_t split_r;     /**< split_by = value: days (or score) */
    int64_t split_f;     /**< split_by = value: orders (or score) */
    int64_t split_m;     /**< split_by = value: minor units (or score) */
    char other_name[64]; /**< segment of codes that no row of list `segments` covers, "" = "Other" */
} pdm_rfm_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_rfm_options pdm_rfm_options_default(void) {
    pdm_rfm_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Makes an empty RFM state; see pdm_state_create(). */
PDM_API pdm_status pdm_rfm_create(pdm_context *context, const pdm_rfm_options *options, pdm_state **out,
                                  pdm_error *err);

/** One shot; see pdm_compute(). */
PDM_API pdm_status pdm_rfm_compute(pdm_context *context, const pdm_rfm_options *options, const pdm_batch *batch,
                                   pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
