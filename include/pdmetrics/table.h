/**
 * @file table.h
 * @defgroup results Results and tables
 * @brief Results: named tables of named columns.
 *
 * A result is immutable. Its tables, their columns and all pointers handed out are borrowed from it and live as long as it does;
 * what is exported to Arrow shares the memory (nothing is copied) and may outlive it. Any number of threads may read.
 *
 * Column types are few: INT32, INT64, UINT64 (keys only), FLOAT64, TIMESTAMP_US (instants), BOOL (one byte a row here, bits in Arrow), UTF8, and UTF8
 * held as a dictionary where few values repeat (text has
 * int64 offsets, so a column may exceed 2 GiB). An undefined cell is null, never NaN.
 * @{
 */
#ifndef PDMETRICS_TABLE_H
#define PDMETRICS_TABLE_H

#include <pdmetrics/arrow.h>
#include <pdmetrics/column.h>

/** One or more named tables; opaque. */
typedef struct pdm_result pdm_result;
/** One table; opaque, borrowed from its result. */
typedef struct pdm_table pdm_table;

PDM_BEGIN_DECLS

/** Releases @p result. NULL is allowed. */
PDM_EXPORT void pdm_result_free(pdm_result *result);

/** Number of tables. */
PDM_EXPORT int32_t pdm_result_table_count(const pdm_result *result);

/** Table at @p index (0 is the main table), NULL if out of range. */
PDM_EXPORT const pdm_table *pdm_result_table_at(const pdm_result *result, int32_t index);

/** Table called @p name, NULL if there is none; @p name == NULL is the main table. */
PDM_EXPORT const pdm_table *pdm_result_table(const pdm_result *result, const char *name);

/** Name of the table. */
PDM_EXPORT const char *pdm_table_name(const pdm_table *table);

/** Rows of the table. */
PDM_EXPORT int64_t pdm_table_rows(const pdm_table *table);

/** Columns of the table. */
PDM_EXPORT int32_t pdm_table_column_count(const pdm_table *table);

/** Name of column @p index, NULL if out of range. */
PDM_EXPORT const char *pdm_table_column_name(const pdm_table *table, int32_t index);

/** Type of column @p index: INT32, INT64, UINT64, FLOAT64, TIMESTAMP_US, BOOL, LARGE_UTF8 or DICTIONARY (int32 indices
 *  into LARGE_UTF8). */
PDM_EXPORT int32_t pdm_table_column_type(const pdm_table *table, int32_t index);

/** Index of the column called @p name, −1 if there is none. */
PDM_EXPORT int32_t pdm_table_column_find(const pdm_table *table, const char *name);

/** Values of an INT64, UINT64 (same bits) or TIMESTAMP_US column; NULL if there is no such column of that type. Null cells hold 0. */
PDM_EXPORT const int64_t *pdm_table_i64(const pdm_table *table, const char *column);

/** Values of an INT32 column, or the indices of a DICTIONARY column; NULL if there is none. Null cells hold 0. */
PDM_EXPORT const int32_t *pdm_table_i32(const pdm_table *table, const char *column);

/** Values of a FLOAT64 column; NULL if there is none. Null cells hold 0. */
PDM_EXPORT const double *pdm_table_f64(const pdm_table *table, const char *column);

/** Values of a BOOL column, one byte each; NULL if there is none. Null cells hold 0. */
PDM_EXPORT const uint8_t *pdm_table_bool(const pdm_table *table, const char *column);

/**
 * Text of a cell of a text or DICTIONARY column; @p length gets its bytes (the text is not NUL-terminated). NULL if the cell is
 * null, out of range, or the column is of another type.
 */
PDM_EXPORT const char *pdm_table_utf8(const pdm_table *table, const char *column, int64_t row, size_t *length);

/** Whether a cell is null. Also true for a column or row that does not exist. */
PDM_EXPORT bool pdm_table_is_null(const pdm_table *table, const char *column, int64_t row);

/**
 * A borrowed view of column @p index, to hand a result on as input. BOOL columns come as bits.
 * Errors: PDM_E_ARGUMENT (index out of range).
 */
PDM_API pdm_status pdm_table_column(const pdm_table *table, int32_t index, pdm_column *out, pdm_error *err);

/**
 * Exports the table as one Arrow struct array with its schema. The exports share the table's memory and stay valid after the
 * result is freed; release them by their own callbacks. @p schema or @p array may be NULL if only one is wanted.
 * Errors: PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_table_export(const pdm_table *table, struct ArrowSchema *schema, struct ArrowArray *array,
                                    pdm_error *err);

/** Exports the table as an Arrow stream of one batch. Errors as pdm_table_export(). */
PDM_API pdm_status pdm_table_export_stream(const pdm_table *table, struct ArrowArrayStream *out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
