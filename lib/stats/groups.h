/* Rows of an input that belong together: those with the same name are one question. */
#ifndef PDM_STATS_GROUPS_H
#define PDM_STATS_GROUPS_H

#include "core/calculator.h"

/* Groups in order of first appearance; rows of a group in their order. */
typedef struct pdm__groups {
    const int64_t *rows;  /* row numbers, group by group */
    const int64_t *start; /* where a group begins in them; count + 1 entries */
    int32_t count;
} pdm__groups;

/* By key column `column` of input 0; one group where there is no such column. Memory of the run. */
pdm_status pdm__groups_make(pdm__calc *calc, int32_t column, pdm__groups *out, pdm_error *err);

/* Error PDM_E_LIMIT for a group of more than `most` rows. */
pdm_status pdm__groups_check(const pdm__calc *calc, const pdm__groups *groups, int32_t column, int64_t most,
                             pdm_error *err);

/* What a function said of a group: names the row of its error, which counts within the group; the group's first if it names none. */
pdm_status pdm__groups_failed(const pdm__calc *calc, const pdm__groups *groups, int32_t group, pdm_status status,
                              pdm_error *err);

#endif
