/**
 * @file status.h
 * @brief Errors and row statuses of the planning calculators, by the names of their specification.
 *
 * An *error* fails the call and nothing is written. A *row status* marks a row whose undefined cells are null while the rest stays
 * valid; it stands in the column `status` of every table that can have one, in lower case ("ok", "zero_base" …). Option
 * `strict` turns a row status into the error of the same name.
 */
#ifndef PDMETRICS_PLAN_STATUS_H
#define PDMETRICS_PLAN_STATUS_H

#include <pdmetrics/status.h>

/* Errors. Values continue ::pdm_status and are part of the ABI: appended, never renumbered. */
#define PDM_E_EMPTY ((pdm_status)100)            /**< nothing to work on: no rows, no text */
#define PDM_E_LENGTH ((pdm_status)101)           /**< arrays or tables that must fit together do not */
#define PDM_E_BAD_TOTAL ((pdm_status)102)        /**< a total that is missing or not a whole number */
#define PDM_E_BAD_WEIGHT ((pdm_status)103)       /**< a weight that is negative, missing or infinite */
#define PDM_E_ZERO_WEIGHTS ((pdm_status)104)     /**< all weights are 0 and nothing says what then */
#define PDM_E_BAD_BOUNDS ((pdm_status)105)       /**< lower bound above the upper one, or a bound that cannot be used */
#define PDM_E_BAD_RATE ((pdm_status)106)         /**< a rate outside its range */
#define PDM_E_BAD_COUNT ((pdm_status)107)        /**< a count that is negative or missing */
#define PDM_E_BAD_AMOUNT ((pdm_status)108)       /**< an amount of money that cannot be */
#define PDM_E_BAD_PERIOD ((pdm_status)109)       /**< periods or days that make no whole year, month or range */
#define PDM_E_BAD_TIERS ((pdm_status)110)        /**< tiers unsorted, repeated, or with a rate that is no number */
#define PDM_E_BELOW_FIRST_TIER ((pdm_status)111) /**< an amount below the first tier */
#define PDM_E_BAD_TREE ((pdm_status)112)         /**< a hierarchy that is no tree of sums */
#define PDM_E_MARGINS_DISAGREE ((pdm_status)113) /**< totals that must be equal are not */
#define PDM_E_PARSE ((pdm_status)114)            /**< a formula that cannot be read; `row` is the byte position */
#define PDM_E_UNKNOWN_NAME ((pdm_status)115)     /**< a name that nobody declared */
#define PDM_E_DUPLICATE_NAME ((pdm_status)116)   /**< a name that is given twice */
#define PDM_E_CYCLE ((pdm_status)117)            /**< names defined by each other */
#define PDM_E_NOT_PRODUCT_FORM ((pdm_status)118) /**< the method needs a sum of products or quotients */
#define PDM_E_TOO_MANY_FACTORS ((pdm_status)119) /**< more factors than can be enumerated */
#define PDM_E_TOO_MANY_CELLS ((pdm_status)120)   /**< a table larger than the limit */

/** What happened to a row. Values are part of the ABI. */
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
    PDM_STATUS_SIGN_CHANGE = 14,    /**< a factor changes its sign, which the method cannot divide */
    PDM_STATUS_MET = 15,            /**< the target is reached already */
    PDM_STATUS_CLOSURE = 16,        /**< the parts do not add up to the total within 1e-12 */
    PDM_STATUS_CONFLICT = 17,       /**< one id with two different amounts */
    PDM_STATUS_OVERFLOW = 18        /**< a cell is not finite */
} pdm_row_status;

/** Number of row statuses. */
#define PDM_ROW_STATUS_COUNT 19

/** The error that a row status becomes under `strict`. */
#define PDM_E_ROW_STATUS(status) ((pdm_status)(130 + (int)(status)))

PDM_BEGIN_DECLS

/** Lower-case name of a row status: "ok", "zero_base" …; "unknown" for a foreign number. Static storage. */
PDM_EXPORT const char *pdm_row_status_name(int32_t status);

/** Lower-case name of any error of the library, those of this header included. Static storage. */
PDM_EXPORT const char *pdm_plan_error_name(int32_t status);

PDM_END_DECLS
#endif
