/*
 * Cut points of a column without sorting it: find the values that stand at given positions of the sorted column, then
 * cut the column at such values. Linear time. Knows numbers only.
 */
#ifndef PDM_STATS_SELECT_H
#define PDM_STATS_SELECT_H

#include "core/base.h"
#include "core/parallel.h"

#define PDM__SELECT_MAX 64 /* positions, and cuts */

/* A run of equal values in the sorted column. It stands at positions less … less + equal − 1. */
typedef struct pdm__select_group {
    int64_t value;
    size_t less;  /* values smaller than it */
    size_t equal; /* values equal to it, at least 1 */
} pdm__select_group;

/*
 * groups[i] = the run that holds positions[i] of the sorted column. positions are non-decreasing and below n; count ≤
 * PDM__SELECT_MAX.
 * Errors: PDM_E_NOMEM, PDM_E_LIMIT (also n above 2^32 − 1), PDM_E_STOPPED.
 */
pdm_status pdm__select(pdm__run *run, const int64_t *values, size_t n, const size_t *positions, int32_t count,
                       pdm__select_group *groups, pdm_error *err);

/* The run that holds `position`, out of the runs found. */
const pdm__select_group *pdm__select_at(const pdm__select_group *groups, int32_t count, size_t position);

/* A class above another begins at values ≥ at. Of those that equal `at` the first `stay` by position remain below. */
typedef struct pdm__cut {
    int64_t at;
    size_t stay;
} pdm__cut;

/* Cuts in rising order. A cut above all int64 is left out, and so are all after it: nothing can reach their classes. */
typedef struct pdm__cuts {
    int32_t count;
    pdm__cut cut[PDM__SELECT_MAX];
} pdm__cuts;

void pdm__cuts_add(pdm__cuts *cuts, pdm__int128 at, size_t stay);

/* The members of one class; min and max are 0 if there are none. */
typedef struct pdm__cut_class {
    size_t count;
    int64_t min;
    int64_t max;
} pdm__cut_class;

/*
 * Classes 0 … cuts->count of values[0..n): codes[members[i]], or codes[i] if members is NULL, becomes first + step ·
 * class, and classes[c] describes class c. Errors: as pdm__select.
 */
pdm_status pdm__cuts_apply(pdm__run *run, const pdm__cuts *cuts, const int64_t *values, const uint32_t *members,
                           size_t n, int32_t first, int32_t step, int32_t *codes, pdm__cut_class *classes,
                           pdm_error *err);

/*
 * Rank policies that look at the middle of a run ask for the first run with 2·less + equal ≥ twice_rank. It holds
 * position pdm__middle_position(…) or follows the run that does; pdm__middle_cut gives the smallest integer that is in
 * it or, where it follows, above the run before.
 */
static inline size_t pdm__middle_position(pdm__int128 twice_rank) { return (size_t)(twice_rank / 2); }

static inline pdm__int128 pdm__middle_cut(const pdm__select_group *group, pdm__int128 twice_rank) {
    pdm__int128 middle = 2 * (pdm__int128)group->less + (pdm__int128)group->equal;
    return middle >= twice_rank ? group->value : (pdm__int128)group->value + 1;
}

/* ⌊a / b⌋ and ⌈a / b⌉ for b > 0. */
static inline pdm__int128 pdm__floor_div(pdm__int128 a, pdm__int128 b) { return a / b - (a % b < 0); }
static inline pdm__int128 pdm__ceil_div(pdm__int128 a, pdm__int128 b) { return a / b + (a % b > 0); }

#endif
