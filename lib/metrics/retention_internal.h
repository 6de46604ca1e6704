/*
 * The inside of retention. The state keeps active periods (core/period_parts.h) or, under rolling_24h, rows; counting reads them subject
 * by subject into one array of cells; tables are made from that.
 */
#ifndef PDM_METRICS_RETENTION_INTERNAL_H
#define PDM_METRICS_RETENTION_INTERNAL_H

#include "core/period_parts.h"
#include "core/periods.h"
#include "core/tally.h"

#include <pdmetrics/metrics/retention.h>

/* Input columns, as in the registry. */
enum { RET_UNIT, RET_TIME, RET_START, RET_RETURN, RET_START_ANY, RET_VALUE, RET_HOLD, RET_BREAKDOWN, RET_EVENT_ID };

/* Lists, as in the registry. */
enum { RET_LIST_BRACKETS, RET_LIST_COSTS };

/* Tables, as in the registry. */
enum { RET_CELLS, RET_AVERAGE, RET_PAYBACK, RET_UNITS, RET_TOTALS, RET_TABLES };
extern const pdm_table_info pdm__retention_tables[RET_TABLES];

/* What a row is. */
enum { RET_IS_START = 1, RET_IS_RETURN = 2, RET_IS_ANY = 4 };

/* Intervals first … last of a column. */
typedef struct pdm__retention_column {
    int64_t first;
    int64_t last;
} pdm__retention_column;

/* What options and lists come down to. Follows the struct in one block: columns. */
typedef struct pdm__retention_plan {
    const pdm_retention_options *options;
    const pdm_calendar *calendar;
    pdm_period period;
    pdm__part_layout layout;
    bool rolling;
    bool values;
    bool needs_any;
    bool every_row;        /* latest: rows that are neither start nor return matter too */
    int64_t width;         /* µs of an interval of rolling_24h */
    int64_t last_interval; /* of any column */
    int32_t column_count;  /* column 0 included */
    int32_t brackets;      /* 0 = columns are intervals */
    int32_t any_word;      /* words of a part, −1 = not kept */
    int32_t last_word;
    int32_t value_word;
    int32_t part_words;
    pdm__field fields[6]; /* of parts */
    pdm__retention_column *columns;
} pdm__retention_plan;

enum { RET_PART_START, RET_PART_RETURNS, RET_PART_MORE }; /* words of a part; bits: sets of both */

/* retention_plan.c */
size_t pdm__retention_plan_size(const pdm__setup *setup);
pdm_status pdm__retention_plan_make(const pdm__setup *setup, pdm__retention_plan *plan, pdm_error *err);
pdm_status pdm__retention_check(const pdm__setup *setup, int32_t list, pdm_error *err);

/* retention_state.c */
pdm_status pdm__retention_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
void pdm__retention_essence(const pdm__plan *plan, const pdm__block *block, pdm__essence *out);
pdm_status pdm__retention_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);
pdm_status pdm__retention_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);

/* One result in the making. */
typedef struct pdm__retention_work {
    const pdm__view *view;
    const pdm__retention_plan *plan;
    pdm__run *run;
    pdm__as_of as_of;
    pdm__period_range range; /* of cohorts */
    int64_t cohorts;
    pdm__value_set groups;
    pdm__tally tally; /* [group][cohort][column][word] */
} pdm__retention_work;

enum { RET_RETAINED, RET_SUM, RET_WORDS };

/* Number of a cell. */
static inline size_t pdm__retention_cell(const pdm__retention_work *work, size_t group, int64_t cohort) {
    size_t row = group * (size_t)work->cohorts + (size_t)(cohort - work->range.first);
    return row * (size_t)work->plan->column_count;
}
static inline const int64_t *pdm__retention_counts(const pdm__retention_work *work, size_t group, int64_t cohort) {
    return work->tally.counts + pdm__retention_cell(work, group, cohort) * RET_WORDS;
}

/* Status of interval k of a cohort, and of a cell. */
pdm__cell_status pdm__retention_interval_status(const pdm__retention_work *work, int64_t cohort, int64_t k);
pdm__cell_status pdm__retention_status(const pdm__retention_work *work, int64_t cohort, int32_t column);

/* A unit's (or unit and value's) entry into a cohort, and what it did since. */
typedef struct pdm__retention_entry_into {
    size_t partition;
    uint32_t unit;
    int32_t group;
    int64_t cohort;
    const bool *hits;      /* [column_count] whether it counts there; [0] is not asked */
    const int64_t *values; /* [last_interval + 1] of its return rows in each interval, NULL without */
} pdm__retention_entry_into;
pdm_status pdm__retention_enter(const pdm__retention_work *work, const pdm__retention_entry_into *entry,
                                int64_t *counts, pdm__cell_log *log);

/* Which columns are satisfied by so many return rows in each interval, returns[0 … last_interval]. */
void pdm__retention_hits(const pdm__retention_plan *plan, const int64_t *returns, bool *hits);

/* retention_count.c, retention_bits.c, retention_rolling.c: bodies of the tally */
pdm_status pdm__retention_count(void *own, size_t partition, int64_t *counts, pdm__cell_log *log);
pdm_status pdm__retention_count_bits(void *own, size_t partition, int64_t *counts, pdm__cell_log *log);
pdm_status pdm__retention_count_rolling(void *own, size_t partition, int64_t *counts, pdm__cell_log *log);

/* retention_tables.c */
pdm_status pdm__retention_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);

/* retention_cells.c, retention_payback.c */
bool pdm__retention_shown(const pdm__retention_work *work, size_t group);
int64_t pdm__retention_groups(const pdm__retention_work *work);
pdm_status pdm__retention_put_cells(const pdm__retention_work *work, pdm_result *result, pdm_error *err);
pdm_status pdm__retention_put_average(const pdm__retention_work *work, pdm_result *result, pdm_error *err);
pdm_status pdm__retention_put_payback(const pdm__retention_work *work, pdm_result *result, pdm_error *err);
/* Acquisition cost of a cohort; false: none is given. */
typedef struct pdm__retention_cost {
    int64_t cost;
    bool given;
} pdm__retention_cost;
pdm_status pdm__retention_costs(const pdm__retention_work *work, pdm__retention_cost **out, size_t *count,
                                pdm_error *err);
double pdm__retention_ratio(pdm__int128 a, int64_t b);

#endif
