/*
 * How cohort metrics keep what units did in which period, and how results read it.
 *
 * Words of a store merge by sums, minima, maxima and sets only, so active periods are parts of a unit (level 1 of the store). Layout
 * *bits*: a part is a block of 64 periods, its words are sets of them; what is kept grows with the time a unit was active, not with the
 * calendar. Layout *counts*: a part is a period, its words are the metric's. The key is the block or period as an integer; where a value
 * held constant or a breakdown is asked for it is bytes: the period (eight bytes, big-endian, the sign flipped), then the values
 * (core/value.h).
 *
 * A *subject* is what is counted: a unit, or under hold_constant and breakdown same_value a unit with a value.
 */
#ifndef PDM_CORE_PERIOD_PARTS_H
#define PDM_CORE_PERIOD_PARTS_H

#include "core/metric_ops.h"
#include "core/value.h"

/* Option breakdown_by. */
enum { PDM__BREAKDOWN_NONE, PDM__BREAKDOWN_ENTRY, PDM__BREAKDOWN_SAME_VALUE, PDM__BREAKDOWN_LATEST };
static const char *const pdm__breakdown_by_values[] = {"none", "entry", "same_value", "latest", NULL};

typedef struct pdm__part_layout {
    bool bits;
    bool has_hold;
    bool has_breakdown;
    bool breakdown_held; /* the breakdown value tells subjects apart */
} pdm__part_layout;

static inline bool pdm__part_has_values(const pdm__part_layout *layout) {
    return layout->has_hold || layout->has_breakdown;
}
static inline pdm__part_layout pdm__part_layout_of(bool bits, bool hold, int32_t breakdown_by) {
    return (pdm__part_layout){.bits = bits,
                              .has_hold = hold,
                              .has_breakdown = breakdown_by != PDM__BREAKDOWN_NONE,
                              .breakdown_held = breakdown_by == PDM__BREAKDOWN_SAME_VALUE};
}

/* ---- in ---- */

/* Of a block: the columns of the values (NULL if the layout has none), and the rows that matter. */
typedef struct pdm__part_rows {
    const pdm__cells *unit;
    const pdm__cells *hold;
    const pdm__cells *breakdown;
    const int64_t *periods; /* [rows of the block] */
    const uint32_t *kept;   /* [count] rows; NULL = the first `count` */
    size_t count;
} pdm__part_rows;

/*
 * Puts unit and part (of presence alone: the unit) of each kept row into records; the metric's own words go to out->scratch[*own] and
 * on. Fails for lack of memory only.
 */
pdm_status pdm__parts_select(const pdm__part_layout *layout, pdm_context *context, const pdm__part_rows *rows,
                             pdm__records *out, int32_t *own, pdm_error *err);

/* Presence alone: records wait as their unit and own words that say the period (pdm__schema's widen). */
static inline bool pdm__part_is_presence(const pdm__part_layout *layout) {
    return layout->bits && !pdm__part_has_values(layout);
}

/* Makes the record of it: the unit's words, which stand in `narrow`, and those of level 1. Returns where own words go. */
static inline uint64_t *pdm__part_widen(const pdm__schema *schema, const uint64_t *narrow, int64_t period,
                                        uint64_t *record) {
    for (int32_t w = 0; w < schema->part_at; w++) *record++ = narrow[w];
    *record++ = 1;
    *record++ = (uint64_t)((period - (int64_t)((uint64_t)period & 63)) / 64);
    return record;
}

/* The bit of a period in its block. */
static inline uint64_t pdm__period_bit(int64_t period) { return UINT64_C(1) << ((uint64_t)period & 63); }

/* Level 1 as the layout needs it. */
pdm__level pdm__parts_level(const pdm__part_layout *layout, const pdm__field *fields, int32_t count);

/* ---- states from bytes ---- */

/* Whether the keys of all parts are what rows can make: PDM_E_CORRUPT_STATE otherwise. */
pdm_status pdm__parts_verify(const pdm__part_layout *layout, const pdm__store *store, pdm__run *run, pdm_error *err);

/* ---- out ---- */

/* A part, its key read. */
typedef struct pdm__part {
    int64_t period;       /* the first of the block, or the period */
    const uint8_t *bytes; /* values */
    uint32_t held;        /* bytes of them that tell subjects apart */
    uint32_t size;        /* bytes of all */
    uint32_t unit;        /* id in its partition */
    uint32_t id;          /* of the part */
    int32_t group;        /* index of the breakdown value, 0 without */
} pdm__part;

/* Parts of a partition, by unit, subject, period, values. */
typedef struct pdm__parts {
    pdm__part *items;
    size_t count;
} pdm__parts;

/* Different breakdown values of all parts; one without breakdown. */
pdm_status pdm__parts_groups(const pdm__part_layout *layout, const pdm__store *store, pdm__run *run,
                             pdm__value_set *groups, pdm_error *err);
pdm_status pdm__parts_order(const pdm__part_layout *layout, const pdm__store *store, size_t partition,
                            const pdm__value_set *groups, pdm__parts *out, pdm_error *err);
void pdm__parts_clear(pdm_context *context, pdm__parts *parts);

/* Where the subject that begins at `at` ends. */
size_t pdm__parts_subject_end(const pdm__parts *parts, size_t at);

#endif
