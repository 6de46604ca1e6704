/*
 * Counts of the attempts of all logs, and their durations: what tables steps, durations and histogram are made from. One pass over
 * the logs for all counts, one for each pair of steps.
 */
#ifndef PDM_METRICS_FUNNEL_TALLY_H
#define PDM_METRICS_FUNNEL_TALLY_H

#include "metrics/funnel_internal.h"

#define FUNNEL_PAIRS (FUNNEL_STEPS + 1)

/* Two steps between which time is measured, 1-based. */
typedef struct pdm__funnel_pair {
    int32_t from;
    int32_t to;
} pdm__funnel_pair;

typedef struct pdm__funnel_tally {
    const pdm__funnel_facts *facts;
    int32_t pair_count; /* of table durations */
    int32_t histogram;  /* which pair the histogram shows: one of them, or the one after them */
    pdm__funnel_pair pairs[FUNNEL_PAIRS];
    int32_t required;                  /* required steps */
    int32_t required_at[FUNNEL_STEPS]; /* [level − 1] the step that it reaches, 1-based */
    size_t pieces;                     /* ranges of partitions that are counted apart */
    size_t width;                      /* counts of a group */
    int64_t *counts;                   /* [pieces + 1][groups][width], the sums of all pieces at the end */
} pdm__funnel_tally;

/* Counts. Clear it, also after a failure. */
pdm_status pdm__funnel_tally_make(const pdm__funnel_facts *facts, pdm__funnel_tally *tally, pdm_error *err);
void pdm__funnel_tally_clear(pdm__funnel_tally *tally);

/* Attempts of a group … */
int64_t pdm__funnel_done(const pdm__funnel_tally *tally, int32_t group, int32_t step);    /* that filled a step */
int64_t pdm__funnel_stopped(const pdm__funnel_tally *tally, int32_t group, int32_t step); /* that got exactly there */
int64_t pdm__funnel_open(const pdm__funnel_tally *tally, int32_t group, int32_t step);    /* of those, that may go on */

/* Whether a group has anybody; one that only the trend knows is shown nowhere else. */
bool pdm__funnel_visible(const pdm__funnel_tally *tally, int32_t group);
int32_t pdm__funnel_visible_count(const pdm__funnel_tally *tally);

/* The required step before a step, 0 = none. */
int32_t pdm__funnel_step_before(const pdm__funnel_rules *rules, int32_t step);

/* The durations of a pair, group by group: those of group g are values[starts[g]] … values[starts[g + 1] − 1], in no order. */
typedef struct pdm__funnel_durations {
    int64_t *values;
    size_t *starts;  /* [groups + 1] */
    size_t capacity; /* of values */
} pdm__funnel_durations;

/*
 * Collects them, in the memory of the pair before if there was one: zero it at first, clear it in the end, also after a failure.
 * Errors: PDM_E_OVERFLOW (a duration above 2^63 − 1 µs), PDM_E_NOMEM, PDM_E_LIMIT, PDM_E_STOPPED.
 */
pdm_status pdm__funnel_durations_collect(const pdm__funnel_tally *tally, int32_t pair, pdm__funnel_durations *durations,
                                         pdm_error *err);
void pdm__funnel_durations_clear(const pdm__funnel_tally *tally, pdm__funnel_durations *durations);

/* Cells that several tables have: the group (column 0), a rate (null if n = 0 and the rules say so), its Wilson interval. */
typedef struct pdm__funnel_cells {
    const pdm__funnel_facts *facts;
    bool intervals;
    double z; /* of conf_level */
} pdm__funnel_cells;

/* attempts_counted: what is counted are attempts of the same units, which are dependent: no intervals. */
pdm__funnel_cells pdm__funnel_cells_of(const pdm__funnel_facts *facts, bool attempts_counted);
pdm_status pdm__funnel_put_group(const pdm__funnel_facts *facts, pdm_table *table, int32_t column, int64_t row,
                                 int32_t group, pdm_error *err);
/* count of n in columns `column` (rate), + 1 (lower end) and + 2 (upper end). */
pdm_status pdm__funnel_put_rate(const pdm__funnel_cells *cells, pdm_table *table, int32_t column, int64_t row,
                                int64_t count, int64_t n, pdm_error *err);

/* funnel_list.c */
pdm_status pdm__funnel_units(const pdm__funnel_facts *facts, pdm_result *result, pdm_error *err);

/* funnel_series.c */
pdm_status pdm__funnel_histogram(const pdm__funnel_tally *tally, pdm_result *result, pdm_error *err);
pdm_status pdm__funnel_trend(const pdm__funnel_facts *facts, pdm_result *result, pdm_error *err);

#endif
