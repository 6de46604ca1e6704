/* Building results. A table is allocated whole from its registry description, then its columns are filled in place. */
#ifndef PDM_CORE_TABLE_H
#define PDM_CORE_TABLE_H

#include "core/base.h"
#include "core/keymap.h"

#include <pdmetrics/metric.h>
#include <pdmetrics/table.h>

/* An empty result; holds a reference to the context. */
pdm_status pdm__result_new(pdm_context *context, pdm_result **out, pdm_error *err);

/*
 * Adds a table of `rows` rows with the columns of `info` (its names, columns and texts must be static). key_type is the type of its
 * key columns (PDM_TYPE_NONE in info): INT64, UINT64 or LARGE_UTF8. Fixed-width columns are allocated but not initialised; text
 * columns are filled by pdm__table_put_text and its like. All cells are non-null until said otherwise.
 */
pdm_status pdm__result_add(pdm_result *result, const pdm_table_info *info, int64_t rows, int32_t key_type,
                           pdm_table **out, pdm_error *err);

/* The same with only the first `columns` columns of `info`: for tables that are as wide as what they are made from. */
pdm_status pdm__result_add_first(pdm_result *result, const pdm_table_info *info, int32_t columns, int64_t rows,
                                 int32_t key_type, pdm_table **out, pdm_error *err);

/* Type of the columns that hold keys of a kind (pdm__key_kind). */
int32_t pdm__key_column_type(int32_t kind);

/* Buffers of column `column` (index in info), to be written. BOOL: one byte a row. DICTIONARY: int32 codes. */
int64_t *pdm__table_i64(pdm_table *table, int32_t column);
int32_t *pdm__table_i32(pdm_table *table, int32_t column);
double *pdm__table_f64(pdm_table *table, int32_t column);
uint8_t *pdm__table_bool(pdm_table *table, int32_t column);

/* Makes cells null: allocates the validity bitmap at the first call for that column, and writes 0 to a fixed-width cell. */
pdm_status pdm__table_set_null(pdm_table *table, int32_t column, int64_t row, pdm_error *err);

/* Writes f (NULL = null) or null if !defined: the usual ratio cell. */
pdm_status pdm__table_put_ratio(pdm_table *table, int32_t column, int64_t row, bool defined, double value,
                                pdm_error *err);

/* Text of row `row` of a LARGE_UTF8 column; rows in ascending order, each once (a null row is put with length 0, then set null). */
pdm_status pdm__table_put_text(pdm_table *table, int32_t column, int64_t row, const char *text, size_t length,
                               pdm_error *err);

/* The same for text that ends with a NUL. */
pdm_status pdm__table_put_string(pdm_table *table, int32_t column, int64_t row, const char *text, pdm_error *err);

/* A key in a column of pdm__key_column_type() of its kind. Text keys: rows in ascending order, as for other text. */
pdm_status pdm__table_put_key(pdm_table *table, int32_t column, int64_t row, pdm__key key, pdm_error *err);

/* Reserves `bytes` of text at once, so that the next puts of that many bytes do not allocate. */
pdm_status pdm__table_reserve_text(pdm_table *table, int32_t column, size_t bytes, pdm_error *err);

/* Values of a DICTIONARY column; copied. */
pdm_status pdm__table_set_dictionary(pdm_table *table, int32_t column, const char *const *values, int32_t count,
                                     pdm_error *err);

/* Leaves out the rows from `rows` on (fixed-width columns only, before the table is shown to anybody). */
void pdm__table_truncate(pdm_table *table, int64_t rows);

/* Index of a column of `info`; the column must exist (programming error otherwise: −1). */
int32_t pdm__table_column_index(const pdm_table_info *info, const char *name);

#endif
