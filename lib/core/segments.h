/*
 * The segments of a state: the stretches of time that it covers.
 *
 * A state begins with one (options segment_from and segment_to; all time without them), open for rows. Sealing says that a segment is
 * complete; then the metric may keep less than rows of it. Merging puts the segments of both states side by side: no two overlap, save
 * that the same one may be open in both.
 */
#ifndef PDM_CORE_SEGMENTS_H
#define PDM_CORE_SEGMENTS_H

#include "core/base.h"
#include "core/cbor_io.h"

#include <pdmetrics/metric.h>

/* All µs from `from` to `last`, both inclusive. */
typedef struct pdm__segment {
    int64_t from;
    int64_t last;
    bool sealed;
} pdm__segment;

/* Ascending, apart from each other. */
typedef struct pdm__segments {
    pdm__segment *items;
    size_t count;
    size_t capacity;
} pdm__segments;

/* The one open segment that the options ask for. PDM_E_BAD_OPTION: it holds no time at all. */
pdm_status pdm__segments_begin(pdm_context *context, const pdm_metric *metric, const void *options, pdm__segments *out,
                               pdm_error *err);
void pdm__segments_clear(pdm_context *context, pdm__segments *segments);

/* Makes the options say what the segments span together. */
void pdm__segments_tell(const pdm__segments *segments, const pdm_metric *metric, void *options);

/* The segment that holds `time`, NULL if none does. O(log segments). */
const pdm__segment *pdm__segments_find(const pdm__segments *segments, int64_t time);

/* All time, and open: any row is welcome. */
bool pdm__segments_unbounded(const pdm__segments *segments);
bool pdm__segments_any_sealed(const pdm__segments *segments);
bool pdm__segments_any_open(const pdm__segments *segments);
/* No two sealed ones abut. */
bool pdm__segments_settled(const pdm__segments *segments);

/* Says what is wrong with a row at `time` that lies in no open segment: PDM_E_SEGMENT_OVERLAP in a sealed one, else PDM_E_BAD_VALUE. */
pdm_status pdm__segments_refuse(const pdm__segments *segments, int64_t row, const char *column, int64_t time,
                                pdm_error *err);

/*
 * The segments of two states together. Of the same segment, open is one with open; an open one in a state that keeps nothing
 * (`a_empty`, `b_empty`) yields to a sealed one; and such a state that covers all time yields to whatever the other covers. Everything
 * else that overlaps is PDM_E_SEGMENT_OVERLAP.
 */
pdm_status pdm__segments_join(pdm_context *context, const pdm__segments *a, bool a_empty, const pdm__segments *b,
                              bool b_empty, pdm__segments *out, pdm_error *err);

/* The same with sealed ones that abut made one, open ones sealed before if `seal`. */
pdm_status pdm__segments_settle(pdm_context *context, const pdm__segments *segments, bool seal, pdm__segments *out,
                                pdm_error *err);

/* All time, sealed before `time`, which is not the least, and open from there on. */
pdm_status pdm__segments_cut(pdm_context *context, int64_t time, pdm__segments *out, pdm_error *err);

/* [from, last, sealed, …] */
void pdm__segments_encode(const pdm__segments *segments, pdm__cbor_writer *w);
pdm_status pdm__segments_decode(pdm_context *context, pdm__cbor_reader *r, pdm__segments *out, pdm_error *err);

#endif
