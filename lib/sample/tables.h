/* The tables of the simulated world: their descriptions, their dictionaries, and how rows become columns. */
#ifndef PDM_SAMPLE_TABLES_H
#define PDM_SAMPLE_TABLES_H

#include "core/table.h"
#include "sample/rows.h"

/* Descriptions of the log tables, by number, and of the two small ones. */
extern const pdm_table_info pdm__sample_log_tables[LOG_TABLE_COUNT];
extern const pdm_table_info pdm__sample_targets_table;
extern const pdm_table_info pdm__sample_truths_table;

/* Columns of the small tables, in order. */
enum {
    TARGETS_MONTH,
    TARGETS_TARGET_GMV,
    TARGETS_ACTUAL_GMV,
    TARGETS_TARGET_BUYERS,
    TARGETS_ACTUAL_BUYERS,
    TARGETS_TARGET_ORDERS,
    TARGETS_ACTUAL_ORDERS,
    TARGETS_TARGET_AOV,
    TARGETS_ACTUAL_AOV
};
enum { TRUTHS_TOPIC, TRUTHS_NAME, TRUTHS_VALUE, TRUTHS_UNIT, TRUTHS_TEXT };

/* Adds log table number `table` with its dictionaries. */
pdm_status pdm__sample_table_add(pdm_result *result, int32_t table, int64_t rows, pdm_table **out, pdm_error *err);

/* Writes `count` rows of one day at row `at`. */
pdm_status pdm__sample_table_write(pdm_table *target, int32_t table, int64_t at, int32_t day,
                                   const pdm__sample_row *rows, int64_t count, pdm_error *err);

#endif
