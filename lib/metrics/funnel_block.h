/*
 * Sealed blocks: all that can matter of a subject's rows of a stretch of time, in a size that does not grow with them, and how the
 * blocks of two stretches become the block of both (spec funnels-and-cohorts.md, 1.11).
 *
 * Why it is exact: among attempts that stand at one level the one with the latest entry can do whatever the others can, and being
 * further never hurts. So of what comes before, a later stretch has to know the latest entry of each level only; of what comes after,
 * an earlier stretch has to know how early steps i + 1 … j can be done only.
 */
#ifndef PDM_METRICS_FUNNEL_BLOCK_H
#define PDM_METRICS_FUNNEL_BLOCK_H

#include "core/segments.h"
#include "metrics/funnel_internal.h"

/* Levels and steps count from 1 here; [0] is not used. What lies beyond `far` and `level` is undefined. */
typedef struct pdm__funnel_block {
    int32_t steps;
    int32_t level;                                        /* the furthest that is reached inside; 0 = no entry */
    int32_t far[FUNNEL_STEPS + 1];                        /* [i]: steps i + 1 … far are done in order; i = none is */
    int64_t earliest[FUNNEL_STEPS + 1][FUNNEL_STEPS + 1]; /* [i][j]: when steps i + 1 … j are done at the earliest */
    int64_t latest[FUNNEL_STEPS + 1][FUNNEL_STEPS + 1];   /* [j]: step times of the latest entry that reaches level j */
    int64_t reported[FUNNEL_STEPS + 1];                   /* step times of the reported attempt, of `level` */
} pdm__funnel_block;

/* The block of no rows. */
void pdm__funnel_block_begin(pdm__funnel_block *block, int32_t steps);

/* Adds to `a` the block of a later stretch; all times in b are after those in a. O(steps²). */
void pdm__funnel_block_join(const pdm__funnel_rules *rules, pdm__funnel_block *a, const pdm__funnel_block *b);

/* The block of the rows of one instant. */
void pdm__funnel_block_instant(const pdm__funnel_rules *rules, const pdm__funnel_row *group, size_t count,
                               pdm__funnel_block *out);

/* Adds rows in canonical order, all of them after what the block holds. */
pdm_status pdm__funnel_block_add(const pdm__funnel_eval *eval, pdm__funnel_block *block, const pdm__funnel_row *rows,
                                 size_t count, pdm_error *err);

/* The reported attempt. */
void pdm__funnel_block_attempt(const pdm__funnel_rules *rules, const pdm__funnel_block *block,
                               pdm__funnel_attempt *out);

/*
 * A block as tuples of the journal, like rows: a time, and in place of the steps what it is the time of. Chains that begin like the
 * chain above them, and a reported attempt that is the highest chain, are left out, so a block of few rows is no larger than they are.
 */
enum {
    FUNNEL_MARK_EARLIEST = 1, /* [i][j] */
    FUNNEL_MARK_LATEST = 2,   /* step r of chain j */
    FUNNEL_MARK_REPORTED = 3, /* step r */
    FUNNEL_MARK_TOUCH = 4     /* not of the block: the first (last) row with the facet's breakdown value */
};
#define FUNNEL_MARK_KIND(mask) ((mask) >> 12)
#define FUNNEL_MARK(kind, a, b) ((uint32_t)(kind) << 12 | (uint32_t)(a) << 6 | (uint32_t)(b))
#define FUNNEL_MOST_MARKS (FUNNEL_STEPS * (FUNNEL_STEPS + 1))

/* Writes the block's tuples, FUNNEL_MOST_MARKS at most; returns how many. */
size_t pdm__funnel_block_write(const pdm__funnel_block *block, pdm__funnel_row *out);

/* Reads tuples in canonical order, touches left aside; false: no block is written like that. */
bool pdm__funnel_block_read(const pdm__funnel_rules *rules, const pdm__funnel_row *marks, size_t count,
                            pdm__funnel_block *out);

/* One block of all of a subject's tuples, in canonical order: rows in open segments, blocks in sealed ones. */
pdm_status pdm__funnel_block_fold(const pdm__funnel_eval *eval, const pdm__segments *segments,
                                  const pdm__funnel_row *rows, size_t count, pdm__funnel_block *out, pdm_error *err);

/* Refuses (PDM_E_UNSUPPORTED_COMBINATION, naming it) the first option under which blocks do not say all that can matter. */
pdm_status pdm__funnel_sealable(const pdm__funnel_plan *plan, pdm_error *err);

#endif
