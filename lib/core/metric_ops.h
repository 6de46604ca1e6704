/* What a metric adds to the core: four functions. Everything else about it is data in the registry. */
#ifndef PDM_CORE_METRIC_OPS_H
#define PDM_CORE_METRIC_OPS_H

#include "core/ingest.h"
#include "core/parallel.h"
#include "core/segments.h"
#include "core/store.h"
#include "core/table.h"

#include <pdmetrics/calendar.h>
#include <pdmetrics/metric.h>

/* A list as the metric sees it: canonical columns, texts NUL-terminated. rows 0 = not given. */
typedef struct pdm__list {
    int64_t rows;
    pdm__cells cells[PDM__MAX_COLUMNS];
} pdm__list;

static inline bool pdm__list_has(const pdm__list *list, int32_t column, int64_t row) {
    return list->rows > 0 && list->cells[column].present && list->cells[column].valid[row] != 0;
}
static inline int64_t pdm__list_int(const pdm__list *list, int32_t column, int64_t row) {
    return (int64_t)list->cells[column].words[row];
}
static inline const char *pdm__list_text(const pdm__list *list, int32_t column, int64_t row) {
    return (const char *)(uintptr_t)list->cells[column].words[row];
}

/* What the user asked for. Lives as long as the state; options are checked and defaults filled in. */
typedef struct pdm__setup {
    pdm_context *context;
    const pdm_metric *metric;
    const void *options;
    const pdm__list *lists; /* as in metric->lists */
    const pdm_calendar *calendar;
} pdm__setup;

/* What the metric makes of it before the first row. */
typedef struct pdm__plan {
    const pdm_column_info *columns; /* of the rows: metric->columns, or the metric's own that begin with them */
    int32_t column_count;
    int32_t fanout;                 /* records that select makes of a row, at most */
    pdm__use use[PDM__MAX_COLUMNS]; /* of columns */
    bool summed[PDM__MAX_COLUMNS];  /* columns of integers that are bounded like amounts, for they add up like them */
    int32_t unit_column;            /* key of level 0, −1 if it is made of several (PDM__KEY_BYTES) */
    int32_t part_column;            /* key of level 1 if it comes from a column, −1 otherwise */
    int32_t part_column_too;        /* another column whose values are keys of level 1 too, −1 if none */
    pdm__schema schema;
    /* Of the store once the state has advanced: levels and journals of `schema`, words may be added at their ends. */
    pdm__schema advanced;
    pdm__schema settled; /* of what is then kept of the time before; keys of level 0 are bytes */
    /* Rows before it are left out by select and counted in its records; the least int64 = none are. */
    int64_t late_before;
    const pdm__segments *segments; /* that the state covers; the state's own */
    const int32_t *scales;         /* see pdm__ingest; NULL = none */
    int64_t max_rows;              /* of the state; 0 = any number. PDM__LIMB_ROWS where there are limbs */
    bool dedupe_by_unit;           /* rows of different units are never repeats of one event */
    bool reads_packed; /* result can do with packed records that have not been folded, as long as all are so */
    void *own;         /* the metric's, given to select, step (schema.plan) and result */
    size_t own_size;
} pdm__plan;

/* Bytes of keys that are made from rows. */
typedef struct pdm__key_bytes {
    uint8_t *memory;
    size_t capacity;
} pdm__key_bytes;

/* At least `size` bytes; what was there may be gone. */
pdm_status pdm__key_bytes_need(pdm_context *context, pdm__key_bytes *bytes, size_t size, pdm_error *err);

/* A block of records on their way out: columns of words, pointing into the block or into `scratch`. */
typedef struct pdm__records {
    const uint64_t *columns[PDM__MAX_RECORD_WORDS];
    uint64_t *scratch[PDM__MAX_RECORD_WORDS]; /* one word for each record that the block can give */
    pdm__key_bytes *bytes;                    /* lives until the records are scattered */
    size_t count;
    size_t late; /* rows left out that are before plan->late_before */
} pdm__records;

/*
 * What the rows of a block say besides their unit, column by column: rows of a unit that are equal in all of them say the same.
 */
#define PDM__ESSENCE_COLUMNS 2
typedef struct pdm__essence {
    int32_t count;                                 /* of columns; 0 = not known */
    const uint64_t *words[PDM__ESSENCE_COLUMNS];   /* integers, or pointers to texts */
    const uint64_t *lengths[PDM__ESSENCE_COLUMNS]; /* of texts; NULL = integers */
    uint64_t scratch[PDM__ESSENCE_COLUMNS][PDM__BLOCK_ROWS];
} pdm__essence;

/* What a result is made from. */
typedef struct pdm__view {
    const pdm__setup *setup;
    const pdm__plan *plan;
    const pdm__store *store;   /* folded */
    const pdm__store *settled; /* NULL = the state has not advanced */
    int64_t rows;              /* all, skipped ones included */
    int64_t rows_null;
    int64_t rows_duplicate; /* repeats of an event_id */
    int64_t rows_late;      /* left out, see plan->late_before */
    int64_t time_min;       /* of the rows taken; min > max if there are none */
    int64_t time_max;
} pdm__view;

typedef struct pdm__metric_ops {
    /* Checks options together (and the lists given so far; `list` = the one just given, −1 = none). May be NULL. */
    pdm_status (*check)(const pdm__setup *setup, int32_t list, pdm_error *err);
    /* Decides columns and schema once options and lists are final. plan->own is freed with own_size bytes. */
    pdm_status (*prepare)(const pdm__setup *setup, pdm__plan *plan, pdm_error *err);
    /* Refuses rows that no metric could take, naming row and column. NULL: types and roles say enough. */
    pdm_status (*inspect)(const pdm__plan *plan, const pdm__block *block, pdm_error *err);
    /*
     * For metrics that keep only sets, minima and maxima: what rows say. A row that says what another one said may then be left out
     * before it is selected. NULL: every row counts. Not asked where rows are deduplicated.
     */
    void (*essence)(const pdm__plan *plan, const pdm__block *block, pdm__essence *out);
    /*
     * Turns rows into records; rows that cannot matter are left out. Fails for lack of memory, or for a value that the metric cannot
     * use, naming its row by pdm__block_row().
     */
    pdm_status (*select)(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err);
    /* Refuses (PDM_E_CORRUPT_STATE) a restored store that no rows could have made. NULL: bounds of the fields are enough. */
    pdm_status (*verify)(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err);
    /*
     * Fills `out`, an empty store of the same schema, with what is kept of `store` once the state's segments have become `after`: open
     * ones are sealed, or sealed ones that abut are one. Refuses options under which that cannot be. NULL: no such state.
     */
    pdm_status (*seal)(const pdm__plan *plan, const pdm__store *store, const pdm__segments *after, pdm__run *run,
                       pdm__store *out, pdm_error *err);
    /*
     * The time before `watermark` is complete: fills `out`, an empty store of schema `advanced`, with what is still to be known of `store`,
     * whose schema is that or `schema`, and `settled`, an empty one of that schema, with what the rest has given; *addends gets a bound of
     * those of its numbers. Refuses options under which that cannot be. Units with rows stay units. NULL: no such state.
     */
    pdm_status (*advance)(const pdm__plan *plan, const pdm__store *store, int64_t watermark, pdm__run *run,
                          pdm__store *out, pdm__store *settled, uint64_t *addends, pdm_error *err);
    /* Refuses (PDM_E_CORRUPT_STATE) what no call of it could have made, once verify is content with the store. */
    pdm_status (*verify_settled)(const pdm__plan *plan, const pdm__store *store, const pdm__store *settled,
                                 int64_t watermark, uint64_t money, pdm__run *run, pdm_error *err);
    /* Makes the tables. */
    pdm_status (*result)(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);
    /*
     * One shot: makes the tables of one batch without a store, if there is a shorter way; *done = false: there is none, nothing has
     * happened. Completes rows and times of the view. May be NULL. Not asked where rows are deduplicated.
     */
    pdm_status (*shortcut)(pdm__view *view, pdm__run *run, const pdm__ingest *in, int64_t rows, bool *done,
                           pdm_result *result, pdm_error *err);
    /* The oldest version of the metric whose states are still read; 0 = all are. */
    int32_t oldest_version;
} pdm__metric_ops;

/* Options: defaults, ranges, text. */
pdm_status pdm__options_normalize(const pdm_metric *metric, const void *given, void *out, pdm_error *err);
/* Stored in 64 bits, as an integer. */
bool pdm__option_is_wide(const pdm_option_info *info);
const pdm_option_info *pdm__option_find(const pdm_metric *metric, const char *name);
/* Integer value of an option (enum, bool, integer, time); `fallback` if the metric has no such option. */
int64_t pdm__option_int(const pdm_metric *metric, const void *options, const char *name, int64_t fallback);
/* Name of the first option in which a and b differ, NULL if none. */
const char *pdm__options_difference(const pdm_metric *metric, const void *a, const void *b);

#endif
