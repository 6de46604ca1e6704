/*
 * The inside of RFM. The state keeps, per customer and window, the words below (grain order), or records of orders from which they are
 * made (grain line); everything after that is common.
 */
#ifndef PDM_METRICS_RFM_INTERNAL_H
#define PDM_METRICS_RFM_INTERNAL_H

#include "core/metric_ops.h"
#include "metrics/rfm_map.h"
#include "stats/score.h"
#include "stats/tier.h"

#include <pdmetrics/metrics/rfm.h>

/* Input columns, as in the registry. */
enum { RFM_CUSTOMER, RFM_ORDER, RFM_TIME, RFM_AMOUNT, RFM_ORIGINAL, RFM_EVENT_ID };

/* Lists, as in the registry. */
enum { RFM_LIST_WINDOWS, RFM_LIST_SEGMENTS, RFM_LIST_THRESHOLDS, RFM_LIST_TIERS };

/* Words of a customer in a window. */
enum {
    RFM_FIRST,   /* time of the first counted order */
    RFM_LAST,    /* and of the last */
    RFM_ORDERS,  /* counted orders */
    RFM_GMV,     /* their sales */
    RFM_REFUNDS, /* refunds that count in the window */
    RFM_BASE_WORDS,
    RFM_MAX = RFM_BASE_WORDS, /* largest net of a counted order; only where m_basis asks */
    /* made, never stored: */
    RFM_NET,  /* sales of all orders − refunds */
    RFM_ROWS, /* sale rows of counted orders */
    RFM_DAYS, /* distinct local days with a counted order */
    RFM_WORDS
};

/* Level 1 of grain line: words of an order. */
enum { RFM_ORDER_TIME, RFM_ORDER_SALE, RFM_ORDER_ROWS, RFM_ORDER_WORDS };

/* Counters of a window (grain order). */
enum { RFM_COUNT_OUTSIDE, RFM_COUNT_LATE, RFM_COUNT_UNLINKED, RFM_COUNTERS };

typedef struct pdm__rfm_window {
    const char *name;
    int64_t from;
    int64_t to;    /* exclusive; used if has_to */
    int64_t as_of; /* exclusive; used if has_as_of */
    bool has_from;
    bool has_to;
    bool has_as_of; /* false: local midnight after the largest row time */
} pdm__rfm_window;

/* What options and lists come down to. Follows the struct in one block: windows, boxes, tiers. */
typedef struct pdm__rfm_plan {
    const pdm_rfm_options *options;
    const pdm_calendar *calendar;
    bool line;
    bool gross;
    bool needs_max;
    bool needs_days;
    bool two_steps; /* cn8 of scores: scored by `base`, then split */
    bool nested;
    int32_t map;
    int32_t window_count;      /* that are reported */
    int32_t stored_windows;    /* and one more if absent_detail needs all of time */
    int32_t k[3];              /* of the codes */
    pdm__score_rule rules[3];  /* of the values (nested: of each group) */
    pdm__score_rule splits[3]; /* of the scores, if two_steps */
    pdm__rfm_window *windows;  /* [stored_windows] */
    bool has_tiers;
    pdm__tier_ladder tiers;
} pdm__rfm_plan;

/* Statistics of a window. */
typedef struct pdm__rfm_stats {
    int64_t rows_outside;
    int64_t linked;
    int64_t unlinked;
    int64_t unmatched;
    int64_t late;
    int64_t customers_without_order;
    int64_t money_without_order;
} pdm__rfm_stats;

/* Customers of one window, in canonical order, as the tables need them. */
typedef struct pdm__rfm_population {
    size_t count;
    uint32_t *position; /* [count] place among all units */
    size_t *starts;     /* [pieces] where the customers of each piece of the units begin */
    pdm__rfm_stats stats;
    int64_t *values[3]; /* [count] R in days, F, M */
    pdm_table *table;   /* `rfm`, all windows */
    int64_t first_row;  /* of this window in it */
    int32_t *scores[3]; /* into the table */
    int32_t *segments;  /* into the table: segment ids */
    pdm__score_classes classes[3];
    pdm__score_rule frozen[3];
    pdm__score_rule frozen_split[3];
    int64_t as_of;
} pdm__rfm_population;

/* One result in the making. */
typedef struct pdm__rfm_work {
    const pdm__view *view;
    const pdm__rfm_plan *plan;
    pdm_context *context;
    pdm__run *run;
    pdm_result *result;
    const uint8_t **entries; /* all units, canonical: their entries where they hold the words themselves; */
    pdm__entry_ref *order;   /* else where they are */
    size_t units;
    size_t unit_start[PDM__PARTITIONS]; /* position of a partition's units in `derived` */
    int64_t *derived; /* grain line and days: RFM_WORDS a unit, of the window at hand; NULL = read the state */
    pdm__rfm_map map;
    pdm__rfm_population *populations; /* [window_count] */
    int64_t *firsts;                  /* [units] first counted order ever (absent_detail), INT64_MAX = none */
} pdm__rfm_work;

/* rfm_state.c */
pdm_status pdm__rfm_check(const pdm__setup *setup, int32_t list, pdm_error *err);
pdm_status pdm__rfm_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run,
                           pdm_error *err); /* rfm_verify.c */
pdm_status pdm__rfm_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
pdm_status pdm__rfm_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);

/* rfm_plan.c: fills a plan (windows may point into lists); `own` must have room for pdm__rfm_plan_size. */
size_t pdm__rfm_plan_size(const pdm__setup *setup);
pdm_status pdm__rfm_plan_make(const pdm__setup *setup, pdm__rfm_plan *plan, pdm_error *err);
pdm_status pdm__rfm_plan_map(const pdm__setup *setup, const pdm__rfm_plan *plan, pdm__rfm_map *map, pdm_error *err);

/* rfm_customers.c */
bool pdm__rfm_derives(const pdm__rfm_plan *plan);
pdm__key pdm__rfm_unit_key(const pdm__rfm_work *work, size_t position);
const int64_t *pdm__rfm_unit_words(const pdm__rfm_work *work, int32_t window, size_t position);
int64_t pdm__rfm_as_of(const pdm__rfm_work *work, int32_t window);
pdm_status pdm__rfm_derive(pdm__rfm_work *work, int32_t window, pdm__rfm_stats *stats, pdm_error *err);
size_t pdm__rfm_pieces(const pdm__rfm_work *work);
pdm_status pdm__rfm_count(pdm__rfm_work *work, int32_t window, pdm__rfm_stats *stats, pdm_error *err);
pdm_status pdm__rfm_fill(pdm__rfm_work *work, int32_t window, pdm_error *err);

/* rfm_population.c */
pdm_status pdm__rfm_score(pdm__rfm_work *work, int32_t window, pdm_table *thresholds, int64_t *threshold_row,
                          pdm_error *err);
int64_t pdm__rfm_threshold_rows(const pdm__rfm_plan *plan);

/* rfm_tables.c */
pdm_status pdm__rfm_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);

/* rfm_migration.c */
pdm_status pdm__rfm_migration(pdm__rfm_work *work, pdm_error *err);

/* rfm_results.c: tables by index */
enum {
    RFM_TABLE_RFM,
    RFM_TABLE_SEGMENTS,
    RFM_TABLE_THRESHOLDS,
    RFM_TABLE_STATS,
    RFM_TABLE_MAP,
    RFM_TABLE_COVERAGE,
    RFM_TABLE_MIGRATION,
    RFM_TABLE_MIGRATION_SUMMARY,
    RFM_TABLE_TIERS,
    RFM_TABLE_TIER_SEGMENTS,
    RFM_TABLE_TIER_CUTS,
    RFM_TABLES
};
extern const pdm_table_info pdm__rfm_tables[RFM_TABLES];

#endif
