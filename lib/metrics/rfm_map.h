/* Segment maps of RFM: from score codes to segments, checked before any data is seen. */
#ifndef PDM_METRICS_RFM_MAP_H
#define PDM_METRICS_RFM_MAP_H

#include "core/base.h"

#include <pdmetrics/metrics/rfm.h>

#define PDM__RFM_MAX_CODES 1000 /* 10 · 10 · 10 */

/* A row of the list `segments`: a box of codes. A single code is a box of one. */
typedef struct pdm__rfm_box {
    const char *segment;  /* NUL-terminated, borrowed */
    const char *label_zh; /* or NULL */
    int32_t lo[3], hi[3]; /* R, F, M, inclusive, 1…k (cn8 bits + 1) */
    int32_t rank;         /* segment_rank, 0 = the ranks that are left, in order of appearance; other codes come last */
    bool is_code;         /* listed as a code: once in a segment */
} pdm__rfm_box;

/*
 * A resolved map. Segment ids are 1…count in order of appearance; `other` is the last one where it exists, unless a
 * segment of the user bears its name. It exists if some code is in no segment, or if there may be customers without a
 * score (quantile_right with duplicates = drop): theirs is the segment `other`, too.
 */
typedef struct pdm__rfm_map {
    pdm_context *context; /* borrowed */
    int32_t k[3];
    int32_t bits;          /* 1 = codes are shown as bits 0/1 (cn8) */
    int32_t count;         /* segments, including the one for other codes */
    int32_t other;         /* its id, 0 = none */
    const char **names;    /* [count], borrowed from boxes, options (all must outlive the map) or static memory */
    const char **names_zh; /* [count], never NULL (falls back to the name) */
    int32_t *ranks;        /* [count], 1 = best; a permutation of 1…count */
    int32_t code_count;    /* k_r · k_f · k_m */
    int32_t *segment;      /* [code_count] id of each code, index ((r−1)·k_f + f−1)·k_m + m−1 */
    /* coverage, only for user maps (boxes): segments that match a code */
    uint64_t *matches; /* [code_count][match_words] bit set of segment ids − 1, or NULL for built-in maps */
    int32_t match_words;
} pdm__rfm_map;

/*
 * Resolves `map` (PDM_RFM_MAP_…, not NONE) for scores 1…k[d]. boxes are given for PDM_RFM_MAP_USER. cn8_* and
 * other_name and ordered as in the options (alt names go by the recent_high meaning of the bits under both
 * conventions). Boxes with the same segment name are one segment; its label and rank may stand in any of them.
 * Errors (column = that of the list, row = the box): PDM_E_BAD_OPTION (k that the map is not made for: naming both; no
 * boxes; a box outside 1…k or with lo > hi, or without segment name; a single code twice in one segment; a rank
 * outside 1…count or twice; a segment called like other_name is allowed and is that segment), PDM_E_SEGMENT_OVERLAP
 * (the message names the codes, as many as fit), PDM_E_NOMEM, PDM_E_LIMIT (also more than PDM__RFM_MAX_CODES
 * segments). On failure nothing is left to clear.
 */
pdm_status pdm__rfm_map_make(pdm_context *context, const pdm_rfm_options *options, int32_t map, const int32_t k[3],
                             const pdm__rfm_box *boxes, int32_t box_count, pdm__rfm_map *out, pdm_error *err);
void pdm__rfm_map_clear(pdm__rfm_map *map);

/* "531"; "10-3-1" where a k is 10; bits for cn8. buffer of 16 bytes. */
void pdm__rfm_map_code(const pdm__rfm_map *map, int32_t code_index, char buffer[16]);

#endif
