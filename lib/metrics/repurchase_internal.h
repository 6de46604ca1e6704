/*
 * Repurchase, inside.
 *
 *   repurchase.c         columns, options, tables: the registry entry
 *   repurchase_state.c   what is kept: the orders of each unit
 *   repurchase_orders.c  from the state to buyers: times of orders, ascending, of a unit in a group
 *   repurchase_tables.c  counting buyers: periods, n-day rates, ladder, gaps, totals
 *   repurchase_gaps.c    gaps between orders, for ladder and gaps
 *   repurchase_units.c   lists of units
 */
#ifndef PDM_METRICS_REPURCHASE_INTERNAL_H
#define PDM_METRICS_REPURCHASE_INTERNAL_H

#include "core/periods.h"
#include "core/value.h"

#include <pdmetrics/metrics/repurchase.h>

enum {
    REPURCHASE_UNIT,
    REPURCHASE_TIME,
    REPURCHASE_ORDER,
    REPURCHASE_BREAKDOWN,
    REPURCHASE_EVENT_ID,
    REPURCHASE_COLUMNS
};
enum { REPURCHASE_LIST_N };

#define REPURCHASE_MOST_N 32

/* Words of an order. */
enum { REPURCHASE_FIRST, REPURCHASE_LAST };

enum {
    REPURCHASE_TABLE_PERIODS,
    REPURCHASE_TABLE_N,
    REPURCHASE_TABLE_LADDER,
    REPURCHASE_TABLE_GAPS,
    REPURCHASE_TABLE_TOTALS,
    REPURCHASE_TABLE_UNITS,
    REPURCHASE_TABLE_BUYERS,
    REPURCHASE_TABLES
};
extern const pdm_table_info pdm__repurchase_tables[REPURCHASE_TABLES];

typedef struct pdm__repurchase_plan {
    const pdm_repurchase_options *options;
    const pdm_calendar *calendar;
    pdm_period period;
    pdm__period_range range; /* asked for */
    int32_t n_count;
    int64_t n[REPURCHASE_MOST_N]; /* days */
} pdm__repurchase_plan;

/* An order, and whose it is. */
typedef struct pdm__repurchase_order {
    int64_t time;
    uint32_t unit; /* id in the partition */
    int32_t group;
} pdm__repurchase_order;

/* The orders of a partition by (unit, group, time). */
typedef struct pdm__repurchase_part {
    pdm__repurchase_order *orders;
    size_t count;
    size_t capacity;
} pdm__repurchase_part;

/* What tables are made from. */
typedef struct pdm__repurchase_facts {
    const pdm__view *view;
    const pdm__repurchase_plan *plan;
    pdm__run *run;
    pdm__repurchase_part *parts; /* [PDM__PARTITIONS] */
    pdm__value_set values;       /* of the breakdown; their texts are the store's */
    int32_t group_count;         /* without a breakdown 1, else values that somebody is grouped under */
    int32_t *groups;             /* [value_count] value of each group */
    size_t value_count;
    size_t longest; /* most orders of a buyer */
    pdm__as_of as_of;
    int64_t first; /* periods shown: first … last; first > last: none */
    int64_t last;
    double z; /* of conf_level */
} pdm__repurchase_facts;

/* A buyer: a unit in a group, with at least one order. */
typedef struct pdm__repurchase_buyer {
    const pdm__repurchase_order *orders;
    size_t count;
    size_t partition;
} pdm__repurchase_buyer;

/* repurchase_state.c */
pdm_status pdm__repurchase_check(const pdm__setup *setup, int32_t list, pdm_error *err);
pdm_status pdm__repurchase_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
void pdm__repurchase_essence(const pdm__plan *plan, const pdm__block *block, pdm__essence *out);
pdm_status pdm__repurchase_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);
pdm_status pdm__repurchase_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);

/* repurchase_orders.c: fills parts, groups and periods of facts; clear also what a failed call has left. */
pdm_status pdm__repurchase_gather(pdm__repurchase_facts *facts, pdm_error *err);
void pdm__repurchase_clear(pdm__repurchase_facts *facts);
/* The buyer whose orders begin at `at` of a partition's; the next one begins at at + count. */
pdm__repurchase_buyer pdm__repurchase_buyer_at(const pdm__repurchase_facts *facts, size_t partition, size_t at);

/* repurchase_tables.c */
pdm_status pdm__repurchase_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);
/* Periods of a buyer's orders, ascending; `out` has room for as many. */
void pdm__repurchase_periods(const pdm__repurchase_facts *facts, const pdm__repurchase_buyer *buyer, int64_t *out);
int64_t pdm__repurchase_period(const pdm__repurchase_facts *facts, int64_t time);
int64_t pdm__repurchase_period_start(const pdm__repurchase_facts *facts, int64_t period);
/* Whether a period's last µs + `more` ≤ as_of. */
bool pdm__repurchase_complete(const pdm__repurchase_facts *facts, int64_t period, int64_t more);
pdm_status pdm__repurchase_put_group(const pdm__repurchase_facts *facts, pdm_table *table, int32_t column, int64_t row,
                                     int32_t group, pdm_error *err);
/* count of n in columns `column` … + 4: num, den, rate, lo, hi. known = false: count is not known yet, all but den are null. */
pdm_status pdm__repurchase_put_rate(const pdm__repurchase_facts *facts, pdm_table *table, int32_t column, int64_t row,
                                    bool known, int64_t count, int64_t n, pdm_error *err);

/* repurchase_gaps.c */
#define REPURCHASE_QUANTILES 5
pdm_status pdm__repurchase_put_gap_tables(const pdm__repurchase_facts *facts, pdm_result *result, pdm_error *err);
/* later − earlier, at most INT64_MAX. Errors: PDM_E_OVERFLOW. */
pdm_status pdm__repurchase_gap(int64_t earlier, int64_t later, int64_t *gap, pdm_error *err);
/* Whether there is an open gap, from the last order to as_of. */
bool pdm__repurchase_open(const pdm__repurchase_facts *facts, const pdm__repurchase_buyer *buyer);
/* Twice the median gap of a buyer with two orders or more; `gaps` has room for as many gaps as there are. */
pdm_status pdm__repurchase_twice_median(const pdm__repurchase_buyer *buyer, int64_t *gaps, int64_t *twice,
                                        pdm_error *err);

/* repurchase_units.c */
pdm_status pdm__repurchase_put_lists(const pdm__repurchase_facts *facts, pdm_result *result, pdm_error *err);

#endif
