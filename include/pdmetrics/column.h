/**
 * @file column.h
 * @defgroup columns Columns
 * @brief Views of the caller's columns. Nothing is copied or owned: a view must outlive only the call it is handed to.
 *
 * The layout is Arrow's, so importing Arrow data assigns pointers. Rows are numbered from 0.
 * @{
 */
#ifndef PDMETRICS_COLUMN_H
#define PDMETRICS_COLUMN_H

#include <pdmetrics/export.h>

/** Physical types of input columns and of result columns. Values are part of the ABI. */
typedef enum pdm_type {
    PDM_TYPE_NONE = 0,
    PDM_TYPE_INT8 = 1,
    PDM_TYPE_INT16 = 2,
    PDM_TYPE_INT32 = 3,
    PDM_TYPE_INT64 = 4,
    PDM_TYPE_UINT8 = 5,
    PDM_TYPE_UINT16 = 6,
    PDM_TYPE_UINT32 = 7,
    PDM_TYPE_UINT64 = 8,
    PDM_TYPE_FLOAT64 = 9,
    PDM_TYPE_BOOL = 10,        /**< one bit a row, least significant first */
    PDM_TYPE_UTF8 = 11,        /**< int32 offsets + bytes */
    PDM_TYPE_LARGE_UTF8 = 12,  /**< int64 offsets + bytes */
    PDM_TYPE_UTF8_VIEW = 13,   /**< 16-byte views + variadic buffers */
    PDM_TYPE_DICTIONARY = 14,  /**< `index_type` indices into `dictionary` */
    PDM_TYPE_DATE32 = 15,      /**< int32 days since 1970-01-01: local midnight of that day */
    PDM_TYPE_TIMESTAMP_S = 16, /**< int64 since the epoch; see `naive` */
    PDM_TYPE_TIMESTAMP_MS = 17,
    PDM_TYPE_TIMESTAMP_US = 18,
    PDM_TYPE_TIMESTAMP_NS = 19,
    PDM_TYPE_DECIMAL128 = 20, /**< 128-bit integers, value = integer · 10^−scale */
    PDM_TYPE_FLOAT32 = 21,
    PDM_TYPE_ALL_NULL = 22,  /**< no buffers, every row null */
    PDM_TYPE_LIST = 23,      /**< int32 offsets into `items`: every row a list; only where a column takes lists */
    PDM_TYPE_LARGE_LIST = 24 /**< int64 offsets into `items` */
} pdm_type;

/** A borrowed column. Zero it and fill what its type needs, or use one of the makers below. */
typedef struct pdm_column {
    const char *name;                    /**< which input this is: the metric's column name */
    int32_t type;                        /**< a ::pdm_type */
    int32_t index_type;                  /**< PDM_TYPE_DICTIONARY: an integer type */
    int32_t scale;                       /**< PDM_TYPE_DECIMAL128: digits after the point */
    int32_t naive;                       /**< timestamps: 1 = wall-clock time without a zone, 0 = an instant (UTC) */
    int64_t offset;                      /**< first row's position in the buffers (Arrow's offset) */
    const uint8_t *validity;             /**< bit 1 = present; NULL = no nulls */
    const void *values;                  /**< fixed-width values, dictionary indices, string bytes, or views */
    const void *offsets;                 /**< strings and lists: rows + 1 offsets */
    const void *const *variadic;         /**< PDM_TYPE_UTF8_VIEW: data buffers */
    const int64_t *variadic_sizes;       /**< PDM_TYPE_UTF8_VIEW: their sizes in bytes */
    int64_t variadic_count;              /**< PDM_TYPE_UTF8_VIEW: their number */
    const struct pdm_column *dictionary; /**< PDM_TYPE_DICTIONARY: the values (no dictionary itself) */
    int64_t dictionary_length;           /**< PDM_TYPE_DICTIONARY: how many; lists: how many items */
    const struct pdm_column *items;      /**< lists: the items of all rows, one after the other (no lists themselves) */
    const void *reserved[1];             /**< NULL */
} pdm_column;

/** Columns of equal length. */
typedef struct pdm_batch {
    uint32_t struct_size;      /**< sizeof(pdm_batch) */
    int32_t column_count;      /**< entries of `columns` */
    int64_t length;            /**< rows */
    const pdm_column *columns; /**< looked up by name; columns that the metric does not know are ignored */
} pdm_batch;

/** A column of fixed-width values without nulls. */
static inline pdm_column pdm_column_make(const char *name, pdm_type type, const void *values) {
    pdm_column column;
    memset(&column, 0, sizeof column);
    column.name = name;
    column.type = (int32_t)type;
    column.values = values;
    return column;
}

/** A column of int64 (ids, counts, µs since the epoch, minor units). */
static inline pdm_column pdm_column_int64(const char *name, const int64_t *values) {
    return pdm_column_make(name, PDM_TYPE_INT64, values);
}

/** A column of UTF-8 text: `offsets[i]…offsets[i+1]` are the bytes of row i. */
static inline pdm_column pdm_column_utf8(const char *name, const int32_t *offsets, const char *bytes) {
    pdm_column column = pdm_column_make(name, PDM_TYPE_UTF8, bytes);
    column.offsets = offsets;
    return column;
}

/**
 * A column of lists: `offsets[i]…offsets[i+1]` are the items of row i, of @p count that @p items holds. A column takes
 * lists if its pdm_column_info::items says so.
 */
static inline pdm_column pdm_column_list(const char *name, const int32_t *offsets, const pdm_column *items,
                                         int64_t count) {
    pdm_column column = pdm_column_make(name, PDM_TYPE_LIST, NULL);
    column.offsets = offsets;
    column.items = items;
    column.dictionary_length = count;
    return column;
}

/** A batch over @p columns. */
static inline pdm_batch pdm_batch_make(const pdm_column *columns, int32_t column_count, int64_t length) {
    pdm_batch batch;
    memset(&batch, 0, sizeof batch);
    batch.struct_size = (uint32_t)sizeof batch;
    batch.column_count = column_count;
    batch.length = length;
    batch.columns = columns;
    return batch;
}

/** @} */
#endif
