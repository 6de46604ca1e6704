/**
 * @file status.h
 * @brief Status codes and the caller-owned error record.
 *
 * Every function that can fail returns a ::pdm_status and takes a `pdm_error *` as its last argument. The record is the
 * caller's, of fixed size, never on the heap, and may be NULL. There is no "last error", no errno and no printing.
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
    PDM_E_UNSUPPORTED_VERSION = 16, /**< a valid state of a newer format or metric version */
    PDM_E_STREAM = 17,              /**< an Arrow stream reported an error */
    PDM_E_SEGMENT_OVERLAP = 18,     /**< a score code, or a stretch of time, belongs to two segments */
    PDM_E_DUPLICATE_EDGES = 19,     /**< quantile edges coincide */
    PDM_E_EMPTY_PERIOD = 20         /**< a period holds no time at all */
} pdm_status;

/** Details of a failure. All text is UTF-8 and NUL-terminated (cut on a character boundary if too long). */
typedef struct pdm_error {
    int32_t code;      /**< a ::pdm_status */
    int32_t reserved;  /**< 0 */
    int64_t row;       /**< 0-based row of the batch (for streams: of the whole stream), −1 if no row is to blame */
    char column[64];   /**< column or option to blame, "" if none */
    char message[256]; /**< one line: what was expected, what came */
} pdm_error;

PDM_BEGIN_DECLS

/** Lower-case name of a status: "ok", "bad_option", "null_value" …; "unknown" for a foreign number. Static storage. */
PDM_EXPORT const char *pdm_status_name(int32_t status);

/** Empties @p err (code 0, row −1, no text). NULL is allowed. */
PDM_EXPORT void pdm_error_reset(pdm_error *err);

PDM_END_DECLS
#endif
