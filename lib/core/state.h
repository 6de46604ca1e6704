/* The inside of a state. Shared by the state_*.c files only. */
#ifndef PDM_CORE_STATE_H
#define PDM_CORE_STATE_H

#include "core/cbor_io.h"
#include "core/metric_ops.h"
#include "core/word_column.h"

#include <pdmetrics/state.h>

#define PDM__FORMAT_VERSION 2
#define PDM__FORMAT_PACKED 2 /* since which journals are bits */

/* The journals of a store as they are written: entries, what they refer to, words. Made by measuring a state, kept until it is written. */
typedef struct pdm__images {
    bool ready;
    pdm__bits bits;
    size_t ends[PDM__MAX_JOURNALS][2 + PDM__MAX_RECORD_WORDS]; /* of the columns, in bits.bytes */
} pdm__images;
void pdm__images_clear(pdm__images *images);

struct pdm_state {
    pdm_context *context; /* a reference */
    pdm__setup setup;
    void *options;     /* [metric->options_size] */
    pdm__list *lists;  /* [metric->list_count] */
    pdm__arena memory; /* of lists and calendar */
    pdm_calendar calendar;
    pdm__plan plan;
    pdm__store store;
    bool prepared; /* plan and store exist: options, lists and calendar are final */
    bool dedupe;   /* `store` holds rows, not what the metric keeps of them */
    atomic_flag busy;
    int32_t kinds[PDM__MAX_COLUMNS]; /* pdm__key_kind of each key column so far */
    int64_t rows;
    int64_t rows_null;
    int64_t time_min;
    int64_t time_max;
    uint64_t money;         /* sum of absolute amounts: while it fits int64, no sum of amounts can overflow */
    pdm__segments segments; /* of time, that the state covers */
    pdm__images images;     /* of the store as it is; gone with the next call that is not pdm_state_serialize() */
    size_t combined;        /* tuples of the journals when sealed segments were last combined */
    bool advanced;          /* the store has schema plan.advanced, segments say how far */
    pdm__store settled;     /* of a state that has advanced */
    uint64_t addends;       /* of its numbers: while they are few enough, no sum of digits can overflow */
    int64_t rows_late;      /* left out */
};

/* Takes the state for one call; pdm__state_leave ends it. Const calls take it too: folding pending rows is invisible from outside. */
pdm_status pdm__state_enter(const pdm_state *state, pdm_state **out, pdm_error *err);
void pdm__state_leave(pdm_state *state);
/* The same for a call that goes on with what the last one measured. */
pdm_status pdm__state_enter_again(const pdm_state *state, pdm_state **out, pdm_error *err);

/* Makes options, lists and calendar final. */
pdm_status pdm__state_prepare(pdm_state *state, pdm_error *err);

/* pdm_state_update(), pdm_state_result() of a state that is already taken. */
pdm_status pdm__state_update(pdm_state *state, const pdm_batch *batch, pdm_error *err);
pdm_status pdm__state_result(pdm_state *state, pdm_result **out, pdm_error *err);
/* PDM_E_LIMIT if the metric's sums do not hold so many rows; the state is prepared. */
pdm_status pdm__state_check_rows(const pdm_state *state, int64_t rows, pdm_error *err);
/* A batch's columns as the state wants them; the state is prepared. */
pdm_status pdm__state_ingest(pdm_state *state, const pdm_batch *batch, pdm__ingest *in, pdm_error *err);
/* Leaves nothing in the store. */
void pdm__state_empty(pdm_state *state);

/*
 * Sealed segments that abut become one: then equal states are equal bytes. state_seal.c. The other one does so if it is worth the while;
 * where memory does not suffice they stay as they are, which means the same.
 */
pdm_status pdm__state_settle(pdm_state *state, pdm__run *run, pdm_error *err);
void pdm__state_settle_some(pdm_state *state, pdm__run *run);

/*
 * States that advance. state_advance.c. The first puts two empty stores and cut segments in the place of what an empty state has; the
 * second undoes that. The last one makes dst, if need be, like src for a merge, or refuses; *changed: pdm__state_retreat takes it back.
 */
void pdm__state_note_watermark(pdm_state *state); /* to the plan, for select */
pdm_status pdm__state_begin_advanced(pdm_state *state, int64_t watermark, pdm_error *err);
void pdm__state_retreat(pdm_state *state);
pdm_status pdm__state_join_advanced(pdm_state *dst, const pdm_state *src, bool *changed, pdm_error *err);
/* Time before it is complete; of a state that has advanced. */
static inline int64_t pdm__state_watermark(const pdm_state *state) { return state->segments.items[1].from; }

/* pdm_state_serialize() of a state that is already taken. */
pdm_status pdm__state_serialize(pdm_state *state, void *buffer, size_t capacity, size_t *size, pdm_error *err);

/* Copies a calendar into the state's memory. */
pdm_status pdm__state_keep_calendar(pdm_state *state, const pdm_calendar *calendar, pdm_error *err);
/* Copies canonical columns as a list (texts get a NUL). */
pdm_status pdm__list_read(pdm_state *state, int32_t list, const pdm_batch *rows, pdm__list *out, pdm_error *err);
/* Name of the first list in which a and b differ, NULL if none. */
const char *pdm__lists_difference(const pdm_state *a, const pdm_state *b);
bool pdm__calendars_equal(const pdm_calendar *a, const pdm_calendar *b);

/* Writes and reads what a store holds. */
pdm_status pdm__store_encode(const pdm__store *store, pdm__run *run, pdm__images *images, pdm__cbor_writer *w,
                             pdm_error *err);
/* rows and money bound the sums; key kinds of the store are set. On failure the store is of no use but to be cleared. */
pdm_status pdm__store_decode(pdm__store *store, pdm__run *run, pdm__cbor_reader *r, int64_t rows, uint64_t money,
                             pdm_error *err);

/* Options as name, value pairs. */
void pdm__options_encode(const pdm_metric *metric, const void *options, pdm__cbor_writer *w);
pdm_status pdm__options_decode(const pdm_metric *metric, void *options, pdm__cbor_reader *r, pdm_error *err);

#endif
