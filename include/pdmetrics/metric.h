/**
 * @file metric.h
 * @defgroup metrics_registry Registry of metrics
 * @ingroup metrics
 * @brief The registry: what the library can measure, described in data.
 *
 * Every row metric is one ::pdm_metric: its input columns, options, lists and result tables, each with its documentation. Options
 * are validated from it, the docs, the Python package and the command line are made from it, and the tests that must hold for
 * every metric walk it. All of it is static and immutable.
 * @{
 */
#ifndef PDMETRICS_METRIC_H
#define PDMETRICS_METRIC_H

#include <pdmetrics/column.h>
#include <pdmetrics/status.h>

/** What an input column is used as; decides which types are accepted and what it is turned into. */
typedef enum pdm_role {
    PDM_ROLE_KEY = 1,     /**< any integer, text or dictionary of either: who or what */
    PDM_ROLE_TIME = 2,    /**< timestamps, date32, or int64 µs */
    PDM_ROLE_MONEY = 3,   /**< integers (minor units), decimal128, or floats once `currency_exponent` is given */
    PDM_ROLE_INTEGER = 4, /**< any integer; floats that are whole numbers; booleans are 0 and 1 */
    PDM_ROLE_FLOAT = 5,   /**< float or integer, finite */
    PDM_ROLE_TEXT = 6,    /**< text or dictionary of text */
    PDM_ROLE_FLAG = 7     /**< booleans, or integers of which 0 is false; null is false */
} pdm_role;

/** An input column, of the rows or of a list. */
typedef struct pdm_column_info {
    const char *name; /**< canonical name */
    int32_t role;     /**< a ::pdm_role */
    int32_t required; /**< 1 = the column must be there */
    int32_t nullable; /**< 1 = null is a value of its own; 0 = `null_rows` decides */
    int32_t items;    /**< a ::pdm_role (text, integer): lists of such items are taken, too; 0 = no lists */
    const char *unit; /**< "µs", "minor units", "" */
    const char *doc;  /**< one sentence */
} pdm_column_info;

/** How an option is stored in the options struct. */
typedef enum pdm_option_type {
    PDM_OPTION_ENUM = 1,    /**< int32_t, index into `values`; 0 is the default */
    PDM_OPTION_BOOL = 2,    /**< int32_t 0 or 1 */
    PDM_OPTION_INT32 = 3,   /**< int32_t */
    PDM_OPTION_INT64 = 4,   /**< int64_t */
    PDM_OPTION_TIME = 5,    /**< int64_t µs since the epoch */
    PDM_OPTION_FLOAT = 6,   /**< double */
    PDM_OPTION_TEXT = 7,    /**< char[64], NUL-terminated UTF-8 */
    PDM_OPTION_DURATION = 8 /**< int64_t µs; as text also "7d", "36h", "30m", "90s", "250ms", "10us", "unlimited" */
} pdm_option_type;

/**
 * In an options struct zero always means "the default". Where the default is another number, write these to say a true zero.
 */
#define PDM_ZERO_INT32 INT32_MIN
#define PDM_ZERO_INT64 INT64_MIN /**< see #PDM_ZERO_INT32 */

/** An option. */
typedef struct pdm_option_info {
    const char *name;          /**< as in the struct, Python and the command line */
    int32_t type;              /**< a ::pdm_option_type */
    uint32_t offset;           /**< offsetof() in the options struct */
    const char *const *values; /**< PDM_OPTION_ENUM: names, NULL-terminated */
    int64_t minimum;           /**< integers and times: inclusive range */
    int64_t maximum;           /**< integers and times: inclusive range */
    int64_t fallback;          /**< default of an integer or time; #PDM_ZERO_INT64 = none ("decided from the data") */
    double fallback_float;     /**< default of a float; finite, 0 or more is required of values */
    const char *unit;          /**< unit of the value, "" */
    const char *doc;           /**< one or two sentences */
    int32_t own;               /**< 1 = of one state alone: states that differ in it merge all the same */
    int32_t reserved;          /**< 0 */
} pdm_option_info;

/** A list that is handed over before the first update: windows, segments, thresholds … Each row of it is described like input. */
typedef struct pdm_list_info {
    const char *name;               /**< as in pdm_state_set_list() */
    const pdm_column_info *columns; /**< its columns */
    int32_t column_count;           /**< how many */
    int32_t shape;                  /**< how many rows: ::pdm_input_shape of calculators' inputs; 0 = any number */
    const char *doc;                /**< what it is for, what happens without it */
} pdm_list_info;

/** A column of a result table. */
typedef struct pdm_result_column_info {
    const char *name; /**< column name */
    int32_t
        type; /**< as of pdm_table_column_type(); PDM_TYPE_NONE = a key, of the input's kind: INT64, UINT64 or LARGE_UTF8 */
    int32_t reserved; /**< 0 */
    const char *unit; /**< unit, "" */
    const char *doc;  /**< one sentence */
} pdm_result_column_info;

/** A result table. */
typedef struct pdm_table_info {
    const char *name;                      /**< table name */
    const pdm_result_column_info *columns; /**< its columns, in order */
    int32_t column_count;                  /**< how many */
    int32_t optional;                      /**< 1 = present only if asked for by an option or list */
    const char *doc;                       /**< what a row is */
} pdm_table_info;

/** A row metric. */
typedef struct pdm_metric {
    const char *name;                  /**< "rfm" */
    int32_t version;                   /**< of meaning and serialised state */
    uint32_t options_size;             /**< sizeof its options struct */
    const char *summary;               /**< one sentence: the question it answers */
    const char *title;                 /**< heading, English */
    const char *title_zh;              /**< heading, 简体中文 */
    const pdm_column_info *columns;    /**< input columns */
    int32_t column_count;              /**< how many */
    int32_t option_count;              /**< how many */
    const pdm_option_info *options;    /**< options */
    const pdm_list_info *lists;        /**< lists */
    int32_t list_count;                /**< how many */
    int32_t table_count;               /**< how many */
    const pdm_table_info *tables;      /**< result tables, the main one first */
    const struct pdm__metric_ops *ops; /**< the library's own */
} pdm_metric;

PDM_BEGIN_DECLS

/** Number of row metrics. */
PDM_EXPORT int32_t pdm_metric_count(void);

/** Metric at @p index, NULL if out of range. */
PDM_EXPORT const pdm_metric *pdm_metric_at(int32_t index);

/** Metric called @p name, NULL if there is none. */
PDM_EXPORT const pdm_metric *pdm_metric_find(const char *name);

/**
 * Sets one option by name from text, as Python and the command line do: names of enumerators, "true"/"false", decimal numbers;
 * text as it is. Floats: decimals of at most 15 digits, or as C's %a writes them ("0x1.8p-3"), which says every one exactly.
 * "0" is a true zero. @p options is the metric's options struct.
 * Errors: PDM_E_BAD_OPTION (unknown option, value that does not parse or is out of range; the message lists what is possible).
 */
PDM_API pdm_status pdm_options_set(const pdm_metric *metric, void *options, const char *name, const char *value,
                                   pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
