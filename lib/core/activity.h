/*
 * Who was active when: what lifecycle and activity keep and read. Rows of a unit become its active periods (core/period_parts.h), with
 * counts of rows and first and last times only where they are asked for.
 */
#ifndef PDM_CORE_ACTIVITY_H
#define PDM_CORE_ACTIVITY_H

#include "core/period_parts.h"
#include "core/periods.h"

/* What a metric asks for. Lies in its own plan. */
typedef struct pdm__activity_plan {
    const pdm_calendar *calendar;
    pdm_period grain; /* of what is kept */
    int32_t breakdown_by;
    bool counts;     /* rows of each period */
    bool first_seen; /* a unit's least `first_seen` */
    int32_t unit_column;
    int32_t time_column;
    int32_t breakdown_column;
    int32_t first_seen_column;
    pdm__part_layout layout; /* made from the above */
} pdm__activity_plan;

/* Columns, schema and layout of it; plan->own must be, or begin with, *activity. */
void pdm__activity_prepare(pdm__activity_plan *activity, pdm__plan *plan);
void pdm__activity_essence(const pdm__plan *plan, const pdm__block *block, pdm__essence *out);
pdm_status pdm__activity_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);
pdm_status pdm__activity_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);

/* An active period; rows is 1 where they are not counted. */
typedef struct pdm__active {
    int64_t period;
    int64_t rows;
} pdm__active;

/* What is counted: a unit, or a unit with a value. */
typedef struct pdm__subject {
    uint32_t unit; /* id in its partition */
    int32_t group;
    int64_t first_seen;        /* INT64_MAX = not known */
    const pdm__active *active; /* [count] ascending; valid until the next one is read */
    size_t count;
} pdm__subject;

/* Reads the subjects of a partition, unit by unit. Clear it, also after a failure. */
typedef struct pdm__subjects {
    const pdm__activity_plan *plan;
    const pdm__store *store;
    size_t partition;
    pdm__parts parts;
    size_t at;
    pdm__active *active;
    size_t capacity;
} pdm__subjects;
pdm_status pdm__subjects_begin(pdm__subjects *subjects, const pdm__activity_plan *plan, const pdm__store *store,
                               size_t partition, const pdm__value_set *groups);
/* *more = false: there is none left. Fails for lack of memory only. */
pdm_status pdm__subjects_next(pdm__subjects *subjects, pdm__subject *out, bool *more);
void pdm__subjects_clear(pdm__subjects *subjects);

/* The range of periods that a table shows: the options', else from the first active period to that of as_of. */
pdm__period_range pdm__activity_range(const pdm__view *view, pdm_period period, int64_t date_from, int64_t date_to,
                                      const pdm__as_of *as_of);

#endif
