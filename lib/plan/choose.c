/* The largest of many long numbers, and the rounding that stands on it. */
#include "plan/apportion.h"

#include "core/sort.h"

#include <math.h>

/* Descending by value, ties by index: bottom-up merge sort of indices, for the few that the leading words cannot tell apart. */
static void merge_sort(int64_t *order, int64_t *scratch, int64_t count, const uint64_t *values, int32_t words) {
    for (int64_t width = 1; width < count; width *= 2) {
        for (int64_t from = 0; from < count; from += 2 * width) {
            int64_t middle = from + width < count ? from + width : count;
            int64_t end = from + 2 * width < count ? from + 2 * width : count;
            int64_t a = from;
            int64_t b = middle;
            for (int64_t i = from; i < end; i++) {
                bool left = b >= end;
                if (a < middle && b < end) {
                    left = pdm__words_compare(values + (size_t)order[a] * (size_t)words,
                                              values + (size_t)order[b] * (size_t)words, words) >= 0;
                }
                scratch[i] = left ? order[a++] : order[b++];
            }
        }
        memcpy(order, scratch, (size_t)count * sizeof *order);
    }
}

/* Pairs are sorted by leading word, descending, then by index. Puts those that share the cut's leading word into exact order. */
static pdm_status settle_cut(pdm_context *context, pdm__sort_pair *pairs, int64_t count, int64_t cut,
                             const uint64_t *values, int32_t words, pdm_error *err) {
    int64_t from = cut;
    int64_t to = cut;
    while (from > 0 && pairs[from - 1].key == pairs[cut].key) from--;
    while (to < count && pairs[to].key == pairs[cut].key) to++;
    int64_t n = to - from;
    int64_t *order = NULL;
    PDM__TRY(pdm__new(context, (size_t)n * 2, sizeof *order, &order, err));
    for (int64_t i = 0; i < n; i++) order[i] = (int64_t)pairs[from + i].index;
    merge_sort(order, order + n, n, values, words);
    for (int64_t i = 0; i < n; i++) pairs[from + i].index = (uint64_t)order[i];
    pdm__drop(context, order, (size_t)n * 2, sizeof *order);
    return PDM_OK;
}

static pdm_status choose(pdm_context *context, pdm__sort_pair *pairs, const uint64_t *values, int32_t words,
                         int64_t count, int64_t wanted, uint8_t *chosen, bool *tie, pdm_error *err) {
    int32_t bits = 0;
    for (int64_t i = 0; i < count; i++) {
        int32_t own = pdm__words_bits(values + (size_t)i * (size_t)words, words);
        if (own > bits) bits = own;
    }
    int32_t shift = bits > 64 ? bits - 64 : 0;
    for (int64_t i = 0; i < count; i++) {
        pairs[i].key = ~pdm__words_window(values + (size_t)i * (size_t)words, words, shift);
        pairs[i].index = (uint64_t)i;
    }
    pdm__run run;
    pdm__run_begin(&run, context, -1);
    PDM__TRY(pdm__sort_pairs(&run, pairs, pairs + count, (size_t)count, err));
    if (pairs[wanted - 1].key == pairs[wanted].key && shift > 0) {
        PDM__TRY(settle_cut(context, pairs, count, wanted, values, words, err));
    }
    const uint64_t *last = values + (size_t)pairs[wanted - 1].index * (size_t)words;
    const uint64_t *next = values + (size_t)pairs[wanted].index * (size_t)words;
    *tie = pdm__words_compare(last, next, words) == 0;
    for (int64_t i = 0; i < wanted; i++) chosen[pairs[i].index] = 1;
    return PDM_OK;
}

pdm_status pdm__choose_largest(pdm_context *context, const uint64_t *values, int32_t words, int64_t count,
                               int64_t wanted, uint8_t *chosen, bool *tie, pdm_error *err) {
    memset(chosen, wanted >= count ? 1 : 0, (size_t)count);
    *tie = false;
    if (wanted <= 0 || wanted >= count) return PDM_OK;
    pdm__sort_pair *pairs = NULL;
    PDM__TRY(pdm__new(context, (size_t)count * 2, sizeof *pairs, &pairs, err));
    pdm_status status = choose(context, pairs, values, words, count, wanted, chosen, tie, err);
    pdm__drop(context, pairs, (size_t)count * 2, sizeof *pairs);
    return status;
}

/* Fractions in [0, 1) as 64-bit integers keep their order exactly: doubles below 1 have at most 53 significant bits … */
static uint64_t ordered_fraction(double fraction) {
    uint64_t bits = 0; /* … and the bits of non-negative doubles are ordered as the doubles are. */
    memcpy(&bits, &fraction, sizeof bits);
    return bits;
}

static pdm_status round_with(pdm_context *context, const double *parts, int64_t count, double total, int64_t *amounts,
                             uint64_t *fractions, uint8_t *chosen, pdm_error *err) {
    pdm__int128 left = (pdm__int128)nearbyint(total);
    for (int64_t i = 0; i < count; i++) {
        double whole = floor(parts[i]);
        if (!(fabs(whole) < 0x1p62)) {
            return pdm__fail(err, PDM_E_OVERFLOW, i, "amount", "part %lld: %g does not fit int64", (long long)i,
                             parts[i]);
        }
        amounts[i] = (int64_t)whole;
        fractions[i] = ordered_fraction(parts[i] - whole);
        left -= amounts[i];
    }
    if (left < 0 || left > count) {
        return pdm__fail(err, PDM_E_BAD_TOTAL, -1, "total", "the parts do not add up to the total within rounding");
    }
    bool tie = false;
    PDM__TRY(pdm__choose_largest(context, fractions, 1, count, (int64_t)left, chosen, &tie, err));
    for (int64_t i = 0; i < count; i++) amounts[i] += chosen[i];
    return PDM_OK;
}

pdm_status pdm__round_parts(pdm_context *context, const double *parts, int64_t count, double total, int64_t *amounts,
                            pdm_error *err) {
    if (!(fabs(total) < 0x1p62)) {
        return pdm__fail(err, PDM_E_OVERFLOW, -1, "total", "total %g does not fit int64", total);
    }
    uint64_t *fractions = NULL;
    uint8_t *chosen = NULL;
    pdm_status status = pdm__new(context, (size_t)count, sizeof *fractions, &fractions, err);
    if (status == PDM_OK) status = pdm__new(context, (size_t)count, 1, &chosen, err);
    if (status == PDM_OK) status = round_with(context, parts, count, total, amounts, fractions, chosen, err);
    pdm__drop(context, fractions, (size_t)count, sizeof *fractions);
    pdm__drop(context, chosen, (size_t)count, 1);
    return status;
}
