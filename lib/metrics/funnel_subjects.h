/*
 * What a funnel is evaluated for.
 *
 * The events of a unit are told apart by session, value held constant and (attribution all_events) breakdown value: such a part is a
 * run. A case is what one result is made for: a unit, a session, a (unit, value) pair; under hold_count per_unit it has a run for each
 * value. Shared by the funnel's files only.
 */
#ifndef PDM_METRICS_FUNNEL_SUBJECTS_H
#define PDM_METRICS_FUNNEL_SUBJECTS_H

#include "metrics/funnel_facet.h"
#include "metrics/funnel_internal.h"

/* An event of the journal, unpacked. */
typedef struct pdm__funnel_entry {
    int64_t time;
    int64_t seq;
    uint64_t satisfies; /* steps | exclusions << 32 */
    uint32_t facet;     /* place of its facet in the canonical order of the partition's facets */
    uint32_t number;    /* of its run in the partition */
} pdm__funnel_entry;

/* Facets of a partition in canonical order: by unit, session, then value and breakdown (or the other way round). */
typedef struct pdm__funnel_facets {
    size_t count;
    uint32_t run_count;
    uint32_t *ids;    /* [place] id of the facet */
    uint32_t *places; /* [id] */
    uint32_t *units;  /* [place] */
    uint32_t *runs;   /* [place] number of the run its events belong to */
    int32_t *values;  /* [place] index into the dictionary of breakdown values, 0 = empty */
    uint8_t *starts;  /* [place] FUNNEL_STARTS_… */
} pdm__funnel_facets;
enum { FUNNEL_STARTS_CASE = 1, FUNNEL_STARTS_PART = 2, FUNNEL_STARTS_RUN = 4, FUNNEL_WITHOUT_VALUE = 8 };

/* Values of the breakdown over all partitions, in their order; 0 is the empty value. */
typedef struct pdm__funnel_dictionary {
    pdm__value *values;
    size_t count;
    size_t capacity;
} pdm__funnel_dictionary;

/* One result in the making. */
typedef struct pdm__funnel_work {
    const pdm__view *view;
    const pdm__funnel_plan *plan;
    pdm_context *context;
    pdm__run *run;
    int64_t as_of;
    bool sealed;                /* there are blocks among the rows */
    pdm__funnel_facets *facets; /* [PDM__PARTITIONS]; NULL without level 1 */
    pdm__funnel_dictionary dictionary;
    pdm__funnel_log *logs;               /* [PDM__PARTITIONS] */
    struct pdm__funnel_tallies *tallies; /* [PDM__PARTITIONS] */
} pdm__funnel_work;

/* Trend counts by (group, period), a small hash table. */
typedef struct pdm__funnel_slot {
    pdm__funnel_bucket bucket;
    bool used;
} pdm__funnel_slot;
typedef struct pdm__funnel_periods {
    pdm__funnel_slot *slots;
    size_t capacity; /* a power of two */
    size_t count;
} pdm__funnel_periods;

/* What a partition's evaluation counts besides its log. */
typedef struct pdm__funnel_tallies {
    pdm__funnel_totals_sums sums;
    pdm__funnel_periods periods;
    pdm_status status;
    pdm_error err;
} pdm__funnel_tallies;

/* funnel_groups.c */
pdm_status pdm__funnel_facets_make(pdm__funnel_work *work, pdm_error *err);
void pdm__funnel_facets_clear(pdm__funnel_work *work);
/* Adds the counts of a bucket to the one of its group and period. */
pdm_status pdm__funnel_periods_add(pdm_context *context, pdm__funnel_periods *periods, const pdm__funnel_bucket *more,
                                   pdm_error *err);
void pdm__funnel_periods_clear(pdm_context *context, pdm__funnel_periods *periods);
/* Chooses and names the groups that are shown, and rewrites the logs' groups to them. */
typedef struct pdm__funnel_display {
    pdm__funnel_group *groups;
    char *digits; /* of integer values */
    int32_t *map; /* [dictionary] group, −1 = not shown */
    int32_t count;
    size_t capacity;
} pdm__funnel_display;
pdm_status pdm__funnel_show(pdm__funnel_work *work, pdm__funnel_display *shown, pdm_error *err);
void pdm__funnel_show_clear(pdm__funnel_work *work, pdm__funnel_display *shown);

/*
 * funnel_units.c: hands over every run of a partition, its events in canonical order. `place` is that of a facet of the run (without
 * facets the unit's id).
 */
typedef struct pdm__funnel_run_sink {
    pdm_status (*take)(void *own, uint32_t place, const pdm__funnel_entry *entries, size_t count, pdm_error *err);
    void *own;
} pdm__funnel_run_sink;
pdm_status pdm__funnel_each_run(const pdm__funnel_work *work, size_t p, const pdm__funnel_run_sink *sink,
                                pdm_error *err);

/* funnel_packed.c: evaluates the packed records of a partition. */
void pdm__funnel_packed_partition(const pdm__funnel_work *work, size_t p);

/* funnel_case.c: a run ready for evaluation. */
typedef struct pdm__funnel_run {
    const pdm__funnel_row *rows;
    const int32_t *values; /* breakdown of each row; NULL without */
    size_t count;
} pdm__funnel_run;

/* A thread's means to evaluate. */
typedef struct pdm__funnel_worker {
    const pdm__funnel_work *work;
    pdm__funnel_scratch scratch;
    pdm__funnel_log *log;
    pdm__funnel_tallies *tallies;
} pdm__funnel_worker;

/*
 * funnel_plain.c: a unit whose rows are all there is to know of it. Rows in any order; spare as large. ladder: memory for the usual
 * funnel, NULL = it is not that.
 */
typedef struct pdm__funnel_ladder {
    int64_t entry[FUNNEL_STEPS + 1];
    int64_t from[FUNNEL_STEPS + 1];
    int64_t done[FUNNEL_STEPS + 1];
} pdm__funnel_ladder;
bool pdm__funnel_is_usual(const pdm__funnel_plan *plan);
pdm_status pdm__funnel_plain_unit(pdm__funnel_worker *worker, pdm__funnel_row *rows, size_t count,
                                  pdm__funnel_row *spare, pdm__funnel_ladder *ladder, uint32_t unit, pdm_error *err);

/* funnel_sorted.c: rows that come sorted by unit and time, straight from the batch; *done = false: they do not. */
pdm_status pdm__funnel_shortcut(pdm__view *view, pdm__run *run, const pdm__ingest *in, int64_t rows, bool *done,
                                pdm_result *result, pdm_error *err);
/* funnel_units.c: a result from logs and tallies that `fill` makes. */
typedef pdm_status (*pdm__funnel_fill_logs)(pdm__funnel_work *work, void *own, pdm_error *err);
pdm_status pdm__funnel_result_from(const pdm__view *view, pdm__run *run, pdm__funnel_fill_logs fill, void *own,
                                   pdm_result *result, pdm_error *err);

/* Part of a case: all of it, or under all_events its events of one breakdown value. group −1: decided here. */
pdm_status pdm__funnel_part(pdm__funnel_worker *worker, const pdm__funnel_run *runs, size_t count, uint32_t unit,
                            int64_t facet, int32_t group, bool *stands, pdm_error *err);

#endif
