#include "core/segments.h"

#include "core/metric_ops.h"

#include <stdio.h>

#define SHOWN 64

static bool same(const pdm__segment *a, const pdm__segment *b) { return a->from == b->from && a->last == b->last; }

static bool is_all_time(const pdm__segment *s) { return s->from == INT64_MIN && s->last == INT64_MAX; }

static const char *show(const pdm__segment *s, char *text) {
    char to[24] = "∞";
    if (is_all_time(s)) return "all time";
    if (s->last < INT64_MAX) (void)snprintf(to, sizeof to, "%lld", (long long)s->last + 1);
    if (s->from == INT64_MIN) {
        (void)snprintf(text, SHOWN, "[−∞, %s)", to);
    } else {
        (void)snprintf(text, SHOWN, "[%lld, %s)", (long long)s->from, to);
    }
    return text;
}

static const char *kind(const pdm__segment *s) { return s->sealed ? "sealed" : "open"; }

static pdm_status make(pdm_context *context, size_t capacity, pdm__segments *out, pdm_error *err) {
    memset(out, 0, sizeof *out);
    PDM__TRY(pdm__new(context, capacity, sizeof *out->items, &out->items, err));
    out->capacity = capacity;
    return PDM_OK;
}

void pdm__segments_clear(pdm_context *context, pdm__segments *segments) {
    pdm__drop(context, segments->items, segments->capacity, sizeof *segments->items);
    memset(segments, 0, sizeof *segments);
}

pdm_status pdm__segments_begin(pdm_context *context, const pdm_metric *metric, const void *options, pdm__segments *out,
                               pdm_error *err) {
    int64_t to = pdm__option_int(metric, options, "segment_to", PDM_ZERO_INT64);
    pdm__segment all = {.from = pdm__option_int(metric, options, "segment_from", PDM_ZERO_INT64),
                        .last = to == PDM_ZERO_INT64 ? INT64_MAX : to - 1};
    if (all.from > all.last) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "segment_to",
                         "option \"segment_to\": %lld is not after segment_from %lld", (long long)to,
                         (long long)all.from);
    }
    PDM__TRY(make(context, 1, out, err));
    out->items[0] = all;
    out->count = 1;
    return PDM_OK;
}

static void tell(const pdm_metric *metric, void *options, const char *name, int64_t value) {
    const pdm_option_info *info = pdm__option_find(metric, name);
    if (info != NULL) memcpy((uint8_t *)options + info->offset, &value, sizeof value);
}

void pdm__segments_tell(const pdm__segments *segments, const pdm_metric *metric, void *options) {
    int64_t last = segments->items[segments->count - 1].last;
    tell(metric, options, "segment_from", segments->items[0].from); /* PDM_ZERO_INT64, not given, is the least time */
    tell(metric, options, "segment_to", last == INT64_MAX ? PDM_ZERO_INT64 : last + 1);
}

const pdm__segment *pdm__segments_find(const pdm__segments *segments, int64_t time) {
    size_t low = 0;
    for (size_t high = segments->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (segments->items[middle].last < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < segments->count && segments->items[low].from <= time ? &segments->items[low] : NULL;
}

bool pdm__segments_unbounded(const pdm__segments *segments) {
    return segments->count == 1 && is_all_time(segments->items) && !segments->items->sealed;
}

static bool any(const pdm__segments *segments, bool sealed) {
    bool found = false;
    for (size_t i = 0; i < segments->count && !found; i++) found = segments->items[i].sealed == sealed;
    return found;
}

bool pdm__segments_any_sealed(const pdm__segments *segments) { return any(segments, true); }

bool pdm__segments_any_open(const pdm__segments *segments) { return any(segments, false); }

static bool combine(const pdm__segment *a, const pdm__segment *b) {
    return a->sealed && b->sealed && a->last + 1 == b->from; /* b is after a, so a's end is not the end of time */
}

bool pdm__segments_settled(const pdm__segments *segments) {
    for (size_t i = 1; i < segments->count; i++) {
        if (combine(&segments->items[i - 1], &segments->items[i])) return false;
    }
    return true;
}

pdm_status pdm__segments_refuse(const pdm__segments *segments, int64_t row, const char *column, int64_t time,
                                pdm_error *err) {
    char text[SHOWN];
    char more[32] = "";
    const pdm__segment *segment = pdm__segments_find(segments, time);
    if (segment != NULL && segment->from == INT64_MIN && segment->last < INT64_MAX) {
        return pdm__fail(err, PDM_E_SEGMENT_OVERLAP, row, column,
                         "row %lld, column \"%s\": %lld comes too late: this state is complete up to %lld",
                         (long long)row, column, (long long)time, (long long)segment->last + 1);
    }
    if (segment != NULL) {
        return pdm__fail(err, PDM_E_SEGMENT_OVERLAP, row, column,
                         "row %lld, column \"%s\": %lld lies in a segment that is sealed, %s", (long long)row, column,
                         (long long)time, show(segment, text));
    }
    if (segments->count > 1) (void)snprintf(more, sizeof more, " and %zu more", segments->count - 1);
    return pdm__fail(err, PDM_E_BAD_VALUE, row, column,
                     "row %lld, column \"%s\": %lld lies outside what this state covers, %s%s", (long long)row, column,
                     (long long)time, show(segments->items, text), more);
}

/* ---- together ---- */

static bool yields(const pdm__segments *segments, bool empty) { return empty && pdm__segments_unbounded(segments); }

static pdm_status copy(pdm_context *context, const pdm__segments *segments, pdm__segments *out, pdm_error *err) {
    PDM__TRY(make(context, segments->count, out, err));
    memcpy(out->items, segments->items, segments->count * sizeof *out->items);
    out->count = segments->count;
    return PDM_OK;
}

static pdm_status refuse_both(const pdm__segment *a, const pdm__segment *b, pdm_error *err) {
    char first[SHOWN];
    char second[SHOWN];
    return pdm__fail(
        err, PDM_E_SEGMENT_OVERLAP, -1, "segment_from",
        "the states overlap in time: %s is %s in one, %s is %s in the other; segments must be apart, or the "
        "same and open",
        show(a, first), kind(a), show(b, second), kind(b));
}

/* Both lists in order of time; `out` has room. */
static pdm_status interleave(const pdm__segments *a, bool a_empty, const pdm__segments *b, bool b_empty,
                             pdm__segments *out, pdm_error *err) {
    size_t i = 0;
    size_t j = 0;
    while (i < a->count || j < b->count) {
        const pdm__segment *x = i < a->count ? &a->items[i] : NULL;
        const pdm__segment *y = j < b->count ? &b->items[j] : NULL;
        const pdm__segment *next = y == NULL || (x != NULL && x->last < y->from) ? x
                                   : x == NULL || y->last < x->from              ? y
                                                                                 : NULL;
        if (next == NULL && same(x, y) && !x->sealed && (!y->sealed || a_empty)) next = y;
        if (next == NULL && same(x, y) && !y->sealed && b_empty) next = x;
        if (next == NULL) return refuse_both(x, y, err);
        out->items[out->count++] = *next;
        bool both = x != NULL && y != NULL && same(x, y);
        i += next == x || both;
        j += next == y || both;
    }
    return PDM_OK;
}

pdm_status pdm__segments_join(pdm_context *context, const pdm__segments *a, bool a_empty, const pdm__segments *b,
                              bool b_empty, pdm__segments *out, pdm_error *err) {
    if (yields(b, b_empty)) return copy(context, a, out, err);
    if (yields(a, a_empty)) return copy(context, b, out, err);
    PDM__TRY(make(context, a->count + b->count, out, err));
    pdm_status status = interleave(a, a_empty, b, b_empty, out, err);
    if (status != PDM_OK) pdm__segments_clear(context, out);
    return status;
}

pdm_status pdm__segments_settle(pdm_context *context, const pdm__segments *segments, bool seal, pdm__segments *out,
                                pdm_error *err) {
    PDM__TRY(make(context, segments->count, out, err));
    for (size_t i = 0; i < segments->count; i++) {
        pdm__segment mine = segments->items[i];
        mine.sealed = mine.sealed || seal;
        if (out->count > 0 && combine(&out->items[out->count - 1], &mine)) {
            out->items[out->count - 1].last = mine.last;
        } else {
            out->items[out->count++] = mine;
        }
    }
    return PDM_OK;
}

pdm_status pdm__segments_cut(pdm_context *context, int64_t time, pdm__segments *out, pdm_error *err) {
    PDM__TRY(make(context, 2, out, err));
    out->items[0] = (pdm__segment){.from = INT64_MIN, .last = time - 1, .sealed = true};
    out->items[1] = (pdm__segment){.from = time, .last = INT64_MAX};
    out->count = 2;
    return PDM_OK;
}

/* ---- bytes ---- */

void pdm__segments_encode(const pdm__segments *segments, pdm__cbor_writer *w) {
    pdm__cbor_array(w, 3 * segments->count);
    for (size_t i = 0; i < segments->count; i++) {
        pdm__cbor_int(w, segments->items[i].from);
        pdm__cbor_int(w, segments->items[i].last);
        pdm__cbor_uint(w, segments->items[i].sealed ? 1 : 0);
    }
}

static pdm_status decode_items(pdm__cbor_reader *r, size_t count, pdm__segments *out, pdm_error *err) {
    for (size_t i = 0; i < count; i++) {
        pdm__segment *mine = &out->items[i];
        uint64_t sealed = 0;
        PDM__TRY(pdm__cbor_read_int(r, &mine->from, err));
        PDM__TRY(pdm__cbor_read_int(r, &mine->last, err));
        PDM__TRY(pdm__cbor_read_uint(r, &sealed, err));
        mine->sealed = sealed == 1;
        if (sealed > 1 || mine->from > mine->last || (i > 0 && mine->from <= mine[-1].last))
            return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                             "these bytes are no valid state: segments that overlap or hold no time");
        out->count = i + 1;
    }
    if (pdm__segments_settled(out)) return PDM_OK;
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                     "these bytes are no valid state: sealed segments that abut but were not combined");
}

pdm_status pdm__segments_decode(pdm_context *context, pdm__cbor_reader *r, pdm__segments *out, pdm_error *err) {
    size_t items = 0;
    PDM__TRY(pdm__cbor_read_array(r, &items, err));
    if (items == 0 || items % 3 != 0)
        return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                         "these bytes are no valid state: segments with the wrong number of parts");
    PDM__TRY(make(context, items / 3, out, err));
    pdm_status status = decode_items(r, items / 3, out, err);
    if (status != PDM_OK) pdm__segments_clear(context, out);
    return status;
}
