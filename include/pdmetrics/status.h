/**
 * @file status.h
 * @defgroup core_status Errors and statuses
 * @ingroup core
 * @brief Status codes and the caller-owned error record.
 *
 * Every function that can fail returns a ::pdm_status and takes a `pdm_error *` as its last argument. The record is the
 * caller's, of fixed size, never on the heap, and may be NULL. There is no "last error", no errno and no printing.
 * @{
 */
#ifndef PDMETRICS_STATUS_H
#define PDMETRICS_STATUS_H

#include <pdmetrics/export.h>

/** What went wrong. Values are part of the ABI: appended, never renumbered. */
typedef enum pdm_status {
    PDM_OK = 0,
    PDM_E_ARGUMENT = 1,   /**< an argument of the call itself is unusable (NULL, wrong table name …) */
    PDM_E_NOMEM = 2,      /**< the allocator returned NULL */
    PDM_E_LIMIT = 3,      /**< the context's memory limit, or a fixed limit of the library, would be exceeded */
    PDM_E_BUSY = 4,       /**< another call is running on this state */
    PDM_E_STOPPED = 5,    /**< `should_stop` asked to stop; the object is as it was before the call */
    PDM_E_SEQUENCE = 6,   /**< a call that must come before the first update came after it */
    PDM_E_BAD_OPTION = 7, /**< an option, or a row of a list, has a value outside its range */
    PDM_E_UNSUPPORTED_COMBINATION = 8, /**< each option is fine, together they are not */
    PDM_E_MISSING_COLUMN = 9,          /**< a required column is absent */
    PDM_E_BAD_TYPE = 10,               /**< a column has a type that cannot serve */
    PDM_E_NULL_VALUE = 11,             /**< null where a value is needed */
    PDM_E_BAD_VALUE = 12, /**< a value that cannot be used: NaN, not a whole minor unit, offsets that run backwards … */
    PDM_E_OVERFLOW = 13,  /**< a number would leave its range */
    PDM_E_OPTIONS_DIFFER = 14,      /**< states made with different options do not merge */
    PDM_E_CORRUPT_STATE = 15,       /**< bytes that are no valid state */
    PDM_E_UNSUPPORTED_VERSION = 16, /**< a state of a format or metric version that is not read here */
    PDM_E_STREAM = 17,              /**< an Arrow stream reported an error */
    PDM_E_SEGMENT_OVERLAP = 18,     /**< a score code, or a stretch of time, belongs to two segments */
    PDM_E_DUPLICATE_EDGES = 19,     /**< quantile edges coincide */
    PDM_E_EMPTY_PERIOD = 20,        /**< a period holds no time at all */
    PDM_E_EMPTY = 21,               /**< nothing to work on: no rows, no text */
    PDM_E_LENGTH = 22,              /**< arrays or tables that must fit together do not */
    PDM_E_BAD_TOTAL = 23,           /**< a total that is missing or not a whole number */
    PDM_E_BAD_WEIGHT = 24,          /**< a weight that is negative, missing or infinite */
    PDM_E_ZERO_WEIGHTS = 25,        /**< all weights are 0 and nothing says what then */
    PDM_E_BAD_BOUNDS = 26,          /**< lower bound above the upper one, or a bound that cannot be used */
    PDM_E_BAD_RATE = 27,            /**< a rate outside its range */
    PDM_E_BAD_COUNT = 28,           /**< a count that is negative or missing */
    PDM_E_BAD_AMOUNT = 29,          /**< an amount of money that cannot be */
    PDM_E_BAD_PERIOD = 30,          /**< periods or days that make no whole year, month or range */
    PDM_E_BAD_TIERS = 31,           /**< tiers unsorted, repeated, or with a rate that is no number */
    PDM_E_BELOW_FIRST_TIER = 32,    /**< an amount below the first tier */
    PDM_E_BAD_TREE = 33,            /**< a hierarchy that is no tree of sums */
    PDM_E_MARGINS_DISAGREE = 34,    /**< totals that must be equal are not */
    PDM_E_PARSE = 35,               /**< a formula that cannot be read; `row` is the byte position */
    PDM_E_UNKNOWN_NAME = 36,        /**< a name that nobody declared */
    PDM_E_DUPLICATE_NAME = 37,      /**< a name that is given twice */
    PDM_E_CYCLE = 38,               /**< names defined by each other */
    PDM_E_NOT_PRODUCT_FORM = 39,    /**< the method needs a sum of products or quotients */
    PDM_E_TOO_MANY_FACTORS = 40,    /**< more factors than can be enumerated */
    PDM_E_TOO_MANY_CELLS = 41,      /**< a table larger than the limit */
    PDM_E_BAD_WEIGHTS = 42,         /**< weights that do not fit the arms, or do not add up */
    PDM_E_BAD_MOMENTS = 43,     /**< moments that no units could have: a negative variance, a covariance too large */
    PDM_E_BAD_LOOKS = 44,       /**< looks at information that does not rise */
    PDM_E_AFTER_FINAL = 45,     /**< a look after the last one */
    PDM_E_UNKNOWN_VARIANT = 46, /**< a variant that was not declared */
    PDM_E_CROSSOVER = 47,       /**< a unit in several arms */
    PDM_E_NEEDS_UNITS = 48,     /**< what is asked needs the units, and the state keeps moments only */
    PDM_E_NEEDS_SCALE = 49,     /**< sums of real numbers need a decimal scale to be exact */
    PDM_E_MARGIN_REQUIRED = 50, /**< a margin is a business choice: there is no default */
    PDM_E_PLAN_REQUIRED = 51    /**< the planned size is not known */
} pdm_status;

/**
 * What happened to a row of a result: its undefined cells are null while the rest stays valid. It stands in the column `status` of a
 * table, by its lower-case name. Option `strict` turns a row status into the error of the same name. Values are part of the ABI.
 */
typedef enum pdm_row_status {
    PDM_STATUS_OK = 0,              /**< everything is defined */
    PDM_STATUS_MISSING = 1,         /**< a value this row needs is null */
    PDM_STATUS_MISSING_LEAF = 2,    /**< a leaf is null */
    PDM_STATUS_ZERO_TARGET = 3,     /**< the target is 0 */
    PDM_STATUS_ZERO_BASE = 4,       /**< the base of a ratio is 0 */
    PDM_STATUS_ZERO_CHANGE = 5,     /**< there is no change to divide */
    PDM_STATUS_ZERO_COST = 6,       /**< the cost is 0 */
    PDM_STATUS_DIV_BY_ZERO = 7,     /**< a divisor in a formula is 0 */
    PDM_STATUS_NO_ELAPSED = 8,      /**< no day has passed */
    PDM_STATUS_INFEASIBLE = 9,      /**< the total cannot be reached within the bounds; `shortfall` says by how much */
    PDM_STATUS_NO_CONVERGENCE = 10, /**< the iteration stopped short; `residual` says where */
    PDM_STATUS_OUT_OF_BOUNDS = 11,  /**< the answer lies outside the bounds; the best one inside is given */
    PDM_STATUS_NO_SOLUTION = 12,    /**< no value reaches the target; the nearest is given */
    PDM_STATUS_NO_EFFECT = 13,      /**< the lever does not move the result */
    PDM_STATUS_SIGN_CHANGE = 14,    /**< a factor changes its sign, or a ratio has no logarithm */
    PDM_STATUS_MET = 15,            /**< the target is reached already */
    PDM_STATUS_CLOSURE = 16,        /**< the parts do not add up to the total within 1e-12 */
    PDM_STATUS_CONFLICT = 17,       /**< one id with two different amounts */
    PDM_STATUS_OVERFLOW = 18,       /**< a cell is not finite */
    PDM_STATUS_NO_DATA = 19,        /**< an arm is empty */
    PDM_STATUS_TOO_FEW = 20,        /**< an arm has fewer than two units: no variance */
    PDM_STATUS_ZERO_VARIANCE = 21,  /**< nothing varies: no statistic, no interval */
    PDM_STATUS_ZERO_DENOMINATOR = 22, /**< the denominators of an arm add up to 0 */
    PDM_STATUS_DEGENERATE = 23,       /**< all or none converted: statistic 0, p 1, intervals as usual */
    PDM_STATUS_NO_EVENTS = 24,        /**< nobody converted: the ratio may be anything */
    PDM_STATUS_UNREACHABLE = 25,      /**< no value reaches what is asked */
    PDM_STATUS_UNBOUNDED = 26,        /**< the set of lifts is no interval; see `form` */
    PDM_STATUS_UNBOUNDED_ABOVE = 27,  /**< the upper limit is +∞ */
    PDM_STATUS_MISMATCH = 28,         /**< the split is not what was planned */
    PDM_STATUS_SINGLE_ARM = 29,       /**< one arm alone: nothing to compare */
    PDM_STATUS_NO_CONVERSIONS = 30,   /**< nothing converted: there is nothing to share out */
    PDM_STATUS_NO_VALUE = 31,         /**< the conversions have no value together */
    PDM_STATUS_NO_NULL_JOURNEYS = 32  /**< no journey without a conversion is known: rates of conversion are all 1 */
} pdm_row_status;

/** Number of row statuses. */
#define PDM_ROW_STATUS_COUNT 33

/** The error that a row status becomes under `strict`. */
#define PDM_E_ROW_STATUS(status) ((pdm_status)(128 + (int)(status)))

/** Details of a failure. All text is UTF-8 and NUL-terminated (cut on a character boundary if too long). */
typedef struct pdm_error {
    int32_t code;      /**< a ::pdm_status */
    int32_t reserved;  /**< 0 */
    int64_t row;       /**< 0-based row of the batch (for streams: of the whole stream), −1 if no row is to blame */
    char column[64];   /**< column or option to blame, "" if none */
    char message[256]; /**< one line: what was expected, what came */
} pdm_error;

PDM_BEGIN_DECLS

/** Lower-case name of a status, those that stand for row statuses included: "ok", "bad_option", "zero_base" …; "unknown" for a foreign
 * number. Static storage. */
PDM_EXPORT const char *pdm_status_name(int32_t status);

/** Lower-case name of a row status: "ok", "zero_base" …; "unknown" for a foreign number. Static storage. */
PDM_EXPORT const char *pdm_row_status_name(int32_t status);

/** Empties @p err (code 0, row −1, no text). NULL is allowed. */
PDM_EXPORT void pdm_error_reset(pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
