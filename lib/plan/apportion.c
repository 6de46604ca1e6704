/* Exact integer splits: largest remainders, and divisor methods that start near their end. Balinski & Young 2001, appendix A. */
#include "plan/apportion.h"

#include <math.h>

const char *const pdm__apportion_method_names[] = {"largest_remainder", "webster", "dhondt", "adams",
                                                   "huntington",        NULL};
const char *const pdm__zero_policy_names[] = {"error", "equal", NULL};

/* ---- largest remainders ---- */

static pdm_status split_remainders(const pdm__weights *weights, uint64_t total, int64_t *amounts, uint64_t *rests,
                                   uint8_t *chosen, bool *tie, pdm_error *err) {
    uint64_t left = total;
    for (int64_t i = 0; i < weights->count; i++) {
        uint64_t quota = pdm__weights_quota(weights, i, total, rests + (size_t)i * (size_t)weights->words);
        amounts[i] = (int64_t)quota;
        left -= quota;
    }
    PDM__TRY(
        pdm__choose_largest(weights->context, rests, weights->words, weights->count, (int64_t)left, chosen, tie, err));
    for (int64_t i = 0; i < weights->count; i++) amounts[i] = (int64_t)((uint64_t)amounts[i] + chosen[i]);
    return PDM_OK;
}

/* ---- divisor methods ---- */

/* The unit that part `part` gets when it holds `held`; its priority is weight^p / divisor(held). */
typedef struct unit {
    int64_t part;
    uint64_t held;
    double rough; /* weight^p / divisor to about 1e-12, up to a common factor; −1 = not known that well */
} unit;

typedef struct divisors {
    const pdm__weights *weights;
    int32_t method;
    bool squared;
    unit *heap;
    int64_t size;
    bool removing; /* least unit on top, not the largest */
} divisors;

static pdm__uint128 divisor(const divisors *d, uint64_t held) {
    pdm__uint128 k = held;
    switch (d->method) {
    case PDM_APPORTION_WEBSTER: return 2 * k + 1;
    case PDM_APPORTION_DHONDT: return k + 1;
    case PDM_APPORTION_ADAMS: return k;
    default: return k * (k + 1);
    }
}

static unit unit_of(const divisors *d, int64_t part, uint64_t held) {
    const pdm__weights *w = d->weights;
    int32_t shift = pdm__words_bits(w->sum, w->words) - 64;
    if (shift < 0) shift = 0;
    double weight = (double)pdm__words_window(pdm__weight(w, part), w->words, shift);
    double by = (double)divisor(d, held);
    if (shift > 0 && weight < 0x1p40) return (unit){part, held, -1.0}; /* its leading bits are not among the 64 */
    return (unit){part, held, d->squared ? weight / sqrt(by) : weight / by};
}

/* a's priority against b's, exactly: weight_a^p · divisor_b against weight_b^p · divisor_a. */
static int compare_exactly(const divisors *d, const unit *a, const unit *b) {
    const pdm__weights *w = d->weights;
    uint64_t left[2 * PDM__MAX_WORDS + 2];
    uint64_t right[2 * PDM__MAX_WORDS + 2];
    uint64_t square[2 * PDM__MAX_WORDS];
    pdm__uint128 by_a = divisor(d, a->held);
    pdm__uint128 by_b = divisor(d, b->held);
    uint64_t words_a[2] = {(uint64_t)by_a, (uint64_t)(by_a >> 64)};
    uint64_t words_b[2] = {(uint64_t)by_b, (uint64_t)(by_b >> 64)};
    int32_t n = w->words;
    if (!d->squared) {
        pdm__words_mul(pdm__weight(w, a->part), n, words_b, 2, left);
        pdm__words_mul(pdm__weight(w, b->part), n, words_a, 2, right);
        return pdm__words_compare(left, right, n + 2);
    }
    pdm__words_mul(pdm__weight(w, a->part), n, pdm__weight(w, a->part), n, square);
    pdm__words_mul(square, 2 * n, words_b, 2, left);
    pdm__words_mul(pdm__weight(w, b->part), n, pdm__weight(w, b->part), n, square);
    pdm__words_mul(square, 2 * n, words_a, 2, right);
    return pdm__words_compare(left, right, 2 * n + 2);
}

static int compare_units(const divisors *d, const unit *a, const unit *b) {
    double difference = a->rough - b->rough;
    double scale = a->rough > b->rough ? a->rough : b->rough;
    bool known = a->rough >= 0.0 && b->rough >= 0.0;
    if (known && fabs(difference) > 1e-9 * scale) return difference < 0 ? -1 : 1;
    return compare_exactly(d, a, b);
}

/* Whether a leaves the heap before b: next unit to the largest priority, lowest index; back from the least, highest index. */
static bool before(const divisors *d, const unit *a, const unit *b) {
    int order = compare_units(d, a, b);
    if (order != 0) return d->removing ? order < 0 : order > 0;
    return d->removing ? a->part > b->part : a->part < b->part;
}

static void sift_down(divisors *d, int64_t at) {
    unit moving = d->heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= d->size) break;
        if (child + 1 < d->size && before(d, &d->heap[child + 1], &d->heap[child])) child++;
        if (!before(d, &d->heap[child], &moving)) break;
        d->heap[at] = d->heap[child];
        at = child;
    }
    d->heap[at] = moving;
}

static void make_heap(divisors *d) {
    for (int64_t i = d->size / 2 - 1; i >= 0; i--) sift_down(d, i);
}

static bool first_is_free(const divisors *d) {
    return d->method == PDM_APPORTION_ADAMS || d->method == PDM_APPORTION_HUNTINGTON;
}

/*
 * All units whose priority reaches that of divisor Σ/near: a set the greedy rule passes through. near is the total moved by what the method
 * rounds away or adds on the average, so that the set is a few units from the end; quota and rest are those of near.
 */
static uint64_t start_at(const divisors *d, uint64_t quota, const uint64_t *rest) {
    const pdm__weights *w = d->weights;
    switch (d->method) {
    case PDM_APPORTION_DHONDT: return quota;
    case PDM_APPORTION_ADAMS: return quota + (quota == 0 || !pdm__words_is_zero(rest, w->words) ? 1 : 0);
    case PDM_APPORTION_WEBSTER: {
        uint64_t twice[PDM__MAX_WORDS];
        memcpy(twice, rest, (size_t)w->words * sizeof *twice);
        bool carried = pdm__words_scale(twice, w->words, 2) != 0;
        return quota + (carried || pdm__words_compare(twice, w->sum, w->words) >= 0 ? 1 : 0);
    }
    default: break;
    }
    /* Unit q + 1 has q(q+1) ≤ (q + rest/Σ)²: exactly q·Σ² ≤ 2q·Σ·rest + rest², that is q·Σ·(Σ − 2·rest) ≤ rest². */
    uint64_t gap[PDM__MAX_WORDS];
    uint64_t wide[PDM__MAX_WORDS + 1];
    uint64_t left[2 * PDM__MAX_WORDS + 1];
    uint64_t right[2 * PDM__MAX_WORDS + 1] = {0};
    int32_t n = w->words;
    memcpy(gap, w->sum, (size_t)n * sizeof *gap);
    if (pdm__words_sub(gap, rest, n) != 0 || pdm__words_compare(gap, rest, n) < 0) return quota + 1;
    (void)pdm__words_sub(gap, rest, n);
    pdm__words_mul(w->sum, n, &quota, 1, wide);
    pdm__words_mul(wide, n + 1, gap, n, left);
    pdm__words_mul(rest, n, rest, n, right);
    return quota + (pdm__words_compare(left, right, 2 * n + 1) <= 0 ? 1 : 0);
}

/* Whether the last unit given and the next one not given have the same priority. */
static bool tie_at_cut(divisors *d, const int64_t *amounts) {
    bool any_last = false;
    bool any_next = false;
    unit last = {0, 0, 0.0};
    unit next = {0, 0, 0.0};
    for (int64_t i = 0; i < d->weights->count; i++) {
        if (pdm__words_is_zero(pdm__weight(d->weights, i), d->weights->words)) continue;
        uint64_t held = (uint64_t)amounts[i];
        if (held > (first_is_free(d) ? 1U : 0U)) {
            unit own = unit_of(d, i, held - 1);
            if (!any_last || compare_units(d, &own, &last) < 0) last = own;
            any_last = true;
        }
        if (held == 0 && first_is_free(d)) continue;
        unit own = unit_of(d, i, held);
        if (!any_next || compare_units(d, &own, &next) > 0) next = own;
        any_next = true;
    }
    return any_last && any_next && compare_units(d, &last, &next) == 0;
}

/* Gives or takes single units until the amounts sum to the total; both lists of units are strictly ordered within a part. */
static void settle(divisors *d, int64_t *amounts, pdm__int128 missing) {
    d->removing = missing < 0;
    d->size = 0;
    for (int64_t i = 0; i < d->weights->count; i++) {
        if (pdm__words_is_zero(pdm__weight(d->weights, i), d->weights->words)) continue;
        uint64_t held = (uint64_t)amounts[i];
        uint64_t least = first_is_free(d) ? 1 : 0;
        if (d->removing && held <= least) continue;
        d->heap[d->size++] = unit_of(d, i, d->removing ? held - 1 : held);
    }
    make_heap(d);
    for (; missing != 0; missing += d->removing ? 1 : -1) {
        unit *top = &d->heap[0];
        uint64_t held = d->removing ? top->held : top->held + 1;
        amounts[top->part] = (int64_t)held;
        if (d->removing && held <= (first_is_free(d) ? 1U : 0U)) {
            d->heap[0] = d->heap[--d->size];
        } else {
            d->heap[0] = unit_of(d, top->part, d->removing ? held - 1 : held);
        }
        sift_down(d, 0);
    }
}

static pdm_status split_divisors(const pdm__weights *weights, int32_t method, uint64_t total, int64_t *amounts,
                                 uint8_t *chosen, bool *tie, pdm_error *err) {
    divisors d = {.weights = weights, .method = method, .squared = method == PDM_APPORTION_HUNTINGTON};
    if (first_is_free(&d) && total < (uint64_t)weights->positive) {
        PDM__TRY(pdm__choose_largest(weights->context, weights->values, weights->words, weights->count, (int64_t)total,
                                     chosen, tie, err));
        for (int64_t i = 0; i < weights->count; i++) amounts[i] = chosen[i];
        return PDM_OK;
    }
    pdm__int128 missing = (pdm__int128)total;
    uint64_t half = (uint64_t)weights->positive / 2;
    uint64_t near = total;
    if (method == PDM_APPORTION_DHONDT) near = total + half;
    if (method == PDM_APPORTION_ADAMS) near = total > half ? total - half : 0;
    for (int64_t i = 0; i < weights->count; i++) {
        uint64_t rest[PDM__MAX_WORDS];
        amounts[i] = 0;
        if (pdm__words_is_zero(pdm__weight(weights, i), weights->words)) continue;
        uint64_t quota = pdm__weights_quota(weights, i, near, rest);
        amounts[i] = (int64_t)start_at(&d, quota, rest);
        missing -= (uint64_t)amounts[i];
    }
    PDM__TRY(pdm__new(weights->context, (size_t)weights->positive, sizeof *d.heap, &d.heap, err));
    settle(&d, amounts, missing);
    *tie = tie_at_cut(&d, amounts);
    pdm__drop(weights->context, d.heap, (size_t)weights->positive, sizeof *d.heap);
    return PDM_OK;
}

/* ---- entry ---- */

static pdm_status split(const pdm__weights *weights, int32_t method, uint64_t total, int64_t *amounts, uint8_t *chosen,
                        bool *tie, pdm_error *err) {
    if (method != PDM_APPORTION_LARGEST_REMAINDER) {
        return split_divisors(weights, method, total, amounts, chosen, tie, err);
    }
    uint64_t *rests = NULL;
    size_t size = (size_t)weights->words * sizeof *rests;
    PDM__TRY(pdm__new(weights->context, (size_t)weights->count, size, &rests, err));
    pdm_status status = split_remainders(weights, total, amounts, rests, chosen, tie, err);
    pdm__drop(weights->context, rests, (size_t)weights->count, size);
    return status;
}

pdm_status pdm__apportion_weights(const pdm__weights *weights, int32_t method, int64_t total, int64_t *amounts,
                                  bool *tie, pdm_error *err) {
    uint8_t *chosen = NULL;
    uint64_t magnitude = total < 0 ? -(uint64_t)total : (uint64_t)total;
    *tie = false;
    PDM__TRY(pdm__new(weights->context, (size_t)weights->count, 1, &chosen, err));
    pdm_status status = split(weights, method, magnitude, amounts, chosen, tie, err);
    pdm__drop(weights->context, chosen, (size_t)weights->count, 1);
    for (int64_t i = 0; status == PDM_OK && total < 0 && i < weights->count; i++) {
        amounts[i] = (int64_t)(-(uint64_t)amounts[i]);
    }
    return status;
}

/* The leading bits of a number that `shift` more follow. */
static double leading_bits(const uint64_t *words, int32_t n, int32_t *shift) {
    *shift = pdm__words_bits(words, n) - 63;
    if (*shift < 0) *shift = 0;
    return (double)pdm__words_window(words, n, *shift);
}

static double quota_of(const pdm__weights *weights, int64_t i, int64_t total) {
    uint64_t rest[PDM__MAX_WORDS];
    uint64_t magnitude = total < 0 ? -(uint64_t)total : (uint64_t)total;
    uint64_t whole = pdm__weights_quota(weights, i, magnitude, rest);
    int32_t below = 0;
    int32_t above = 0;
    double fraction = leading_bits(rest, weights->words, &above) / leading_bits(weights->sum, weights->words, &below);
    double quota = (double)whole + ldexp(fraction, above - below);
    return total < 0 ? -quota : quota;
}

pdm_status pdm__apportion(pdm_context *context, int32_t method, int32_t zero_policy, int64_t total,
                          const double *numbers, const int64_t *whole, int64_t count, int64_t *amounts, double *quotas,
                          bool *tie, pdm_error *err) {
    if (count < 1) return pdm__fail(err, PDM_E_EMPTY, -1, "weight", "no weights; at least one expected");
    pdm__weights weights;
    PDM__TRY(pdm__weights_init(&weights, context, numbers, whole, count, err));
    pdm_status status = PDM_OK;
    if (weights.positive == 0 && zero_policy == PDM_ZERO_POLICY_EQUAL) {
        for (int64_t i = 0; i < count; i++) weights.values[(size_t)i * (size_t)weights.words] = 1;
        weights.sum[0] = (uint64_t)count;
        weights.positive = count;
    } else if (weights.positive == 0) {
        status = pdm__fail(err, PDM_E_ZERO_WEIGHTS, -1, "weight",
                           "all %lld weights are 0; zero_policy = equal would make equal parts", (long long)count);
    }
    if (status == PDM_OK) status = pdm__apportion_weights(&weights, method, total, amounts, tie, err);
    for (int64_t i = 0; status == PDM_OK && quotas != NULL && i < count; i++) quotas[i] = quota_of(&weights, i, total);
    pdm__weights_clear(&weights);
    return status;
}
