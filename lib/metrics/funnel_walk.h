/* What the walk leaves behind: all attempts of a subject, in the order of their entries. Shared by the funnel's files only. */
#ifndef PDM_METRICS_FUNNEL_WALK_H
#define PDM_METRICS_FUNNEL_WALK_H

#include "metrics/funnel_internal.h"

#define FUNNEL_NO_SEGMENT UINT32_MAX
#define FUNNEL_NO_CHAIN UINT32_MAX

/* An attempt. */
typedef struct pdm__funnel_chain {
    int64_t entry;
    int64_t limit;
    int64_t last;  /* time of the step filled last, once the walk is over */
    uint32_t row;  /* of step 1 */
    uint32_t end;  /* row with which it was ended, UINT32_MAX = it was not */
    uint32_t next; /* excluded: the next one that waits at this level */
    int8_t level;
    int8_t state;
    int8_t standing; /* excluded: how far it stands */
} pdm__funnel_chain;

/* Chains from `first` to the first of the next segment of the same step took the step at `time`, with row `row`. */
typedef struct pdm__funnel_segment {
    int64_t time;
    uint32_t first;
    uint32_t row;
    uint32_t beside; /* the segment of this step before it (walking) or after it (once the walk is over) */
} pdm__funnel_segment;

typedef struct pdm__funnel_walk {
    const pdm__funnel_eval *eval;
    pdm__funnel_span span;
    bool every;        /* all entries open attempts, whatever `entry` says */
    size_t last_entry; /* entry = last: groups that end before this row open nothing */
    pdm__funnel_chain *chains;
    size_t chain_count;
    size_t chain_capacity;
    pdm__funnel_segment *segments;
    size_t segment_count;
    size_t segment_capacity;
    uint32_t ends[FUNNEL_STEPS + 1]; /* [j] latest segment of step j; once the walk is over the earliest */
    uint64_t live;                   /* bit l: chains stand at level l: [start[l], end[l]), dead ones among them */
    uint32_t start[FUNNEL_STEPS + 1];
    uint32_t end[FUNNEL_STEPS + 1];
    uint64_t waiting; /* bit l: chains excluded at level l wait for their next step, from waits[l] on */
    uint32_t waits[FUNNEL_STEPS + 1];
} pdm__funnel_walk;

/* Walks the entries in `span`; every = all of them, whatever `entry` says. */
pdm_status pdm__funnel_walk_run(pdm__funnel_walk *walk, const pdm__funnel_eval *eval, const pdm__funnel_row *rows,
                                size_t count, const pdm__funnel_span *span, bool every, pdm_error *err);

/* The reported one of chains [first, end), read into *out (level 0 if there is none). Cursor as for pdm__funnel_walk_read. */
void pdm__funnel_walk_pick(const pdm__funnel_walk *walk, size_t first, size_t end, uint32_t *cursor,
                           pdm__funnel_attempt *out);

/* Reads a chain. `cursor` begins as a copy of walk->ends and serves for chains in rising order. */
void pdm__funnel_walk_read(const pdm__funnel_walk *walk, size_t chain, uint32_t *cursor, pdm__funnel_attempt *out);

#endif
