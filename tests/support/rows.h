/*
 * Rows for any metric, made from the column descriptions in the registry: few customers, colliding keys, refunds, gifts, times before
 * 1970. Metrics whose lists name input columns also get a few of these (funnels is_cart, is_order, is_refund: flags; held_a, held_b: keys;
 * experiments what they measure); funnels get few events, few instants and masks. The same numbers can be laid out in several physical styles, shuffled, cut into
 * batches and streamed.
 */
#ifndef PDM_TEST_ROWS_H
#define PDM_TEST_ROWS_H

#include <pdmetrics/metric.h>
#include <pdmetrics/state.h>

#define ROWS_MAX_COLUMNS 24

typedef enum rows_style {
    ROWS_INT = 0,        /* int64 keys, int64 µs, int64 minor units */
    ROWS_TEXT = 1,       /* utf8 keys, timestamps in µs, int32 minor units */
    ROWS_MIXED = 2,      /* first key large_utf8, others int32; naive timestamps in ms, int16 minor units */
    ROWS_DICTIONARY = 3, /* dictionaries of utf8, dates, int32 minor units */
    ROWS_UINT = 4,       /* uint64 keys, timestamps in ns, decimals */
    ROWS_STYLES = 5
} rows_style;

/* What the values of a column look like where its role does not say enough. */
typedef enum rows_shape {
    ROWS_BY_ROLE = 0,
    ROWS_INSTANTS = 1, /* a few days, a few hours, a few seconds: many ties */
    ROWS_EVENTS =
        2, /* 0 … 7; codes are the numbers themselves, but 6 and 7 are the extremes of int64 where the style is ROWS_INT */
    ROWS_MASKS = 3,       /* one bit, or several, or bits beyond the 6 lowest */
    ROWS_FEW = 4,         /* 0 … 3 */
    ROWS_KINDS = 5,       /* texts gmv and refund */
    ROWS_PRICES = 6,      /* of few different, none below 0 */
    ROWS_COUNTS = 7,      /* 0 … 63, often 0 */
    ROWS_EVENT_KINDS = 8, /* touch, conversion, milestone */
    ROWS_CHANNELS = 9,    /* a few names */
    ROWS_MILESTONES = 10, /* lead, opportunity */
    ROWS_PATHS = 11,      /* none to four channels */
    ROWS_PATH_MASKS = 12, /* a number for each of the path's */
    ROWS_UNITS = 13,      /* 0 … 511: most of few rows are apart */
    ROWS_ARMS = 14,       /* 0 … 2; codes are the numbers themselves */
    ROWS_BITS = 15,       /* 0 or 1 */
    ROWS_AMOUNTS = 16     /* many zeros, else a few thousands, some negative */
} rows_shape;

typedef struct rows_column {
    const pdm_column_info *info;
    rows_shape shape;
    int64_t *values; /* the model: small numbers, whatever the physical type */
    uint8_t *valid;  /* one byte a row */
    pdm_column column;
    pdm_column dictionary;
    void *owned[6];
} rows_column;

typedef struct rows {
    const pdm_metric *metric;
    rows_style style;
    int64_t count;
    int32_t column_count;
    rows_column columns[ROWS_MAX_COLUMNS];
} rows;

/* `nulls`: columns that are not nullable hold some nulls too. */
rows *rows_make(const pdm_metric *metric, uint64_t seed, int64_t count, rows_style style, bool nulls);
/* The numbers come from `bytes`, three a cell, as many rows as they make; some are extreme. */
rows *rows_from_bytes(const pdm_metric *metric, const uint8_t *bytes, size_t size, rows_style style);
rows *rows_shuffled(const rows *source, uint64_t seed);
void rows_free(rows *r);

/* Rows [first, first + count) as a batch over `columns` (room for ROWS_MAX_COLUMNS). Nothing is copied. */
pdm_batch rows_slice(const rows *r, int64_t first, int64_t count, pdm_column *columns);

/* A stream of batches of `batch_rows` rows over r, which must outlive it. */
void rows_stream(const rows *r, int64_t first, int64_t count, int64_t batch_rows, struct ArrowArrayStream *out);

/* splitmix64 */
uint64_t rows_random(uint64_t *state);
/* In [0, bound). */
int64_t rows_below(uint64_t *state, int64_t bound);

#endif
