#include "stats/fixed_sum.h"

#include <math.h>
#include <string.h>

#define LIMB_BITS PDM__FIXED_LIMB_BITS
#define LOW_BITS ((UINT64_C(1) << LIMB_BITS) - 1)

/* Leaves [0, 2^20) in every limb but the last, which keeps the sign. */
static void carry(pdm__fixed_sum *sum) {
    int64_t over = 0;
    for (int32_t i = 0; i < PDM__FIXED_LIMBS - 1; i++) {
        int64_t limb = sum->limbs[i] + over;
        int64_t low = (int64_t)((uint64_t)limb & LOW_BITS);
        over = (limb - low) / ((int64_t)1 << LIMB_BITS);
        sum->limbs[i] = low;
    }
    sum->limbs[PDM__FIXED_LIMBS - 1] += over;
}

/* Carried, without the sign, which it returns. */
static bool make_positive(pdm__fixed_sum *sum) {
    carry(sum);
    bool negative = sum->limbs[PDM__FIXED_LIMBS - 1] < 0;
    for (int32_t i = 0; negative && i < PDM__FIXED_LIMBS; i++) sum->limbs[i] = -sum->limbs[i];
    if (negative) carry(sum);
    return negative;
}

void pdm__fixed_sum_add(pdm__fixed_sum *sum, double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    uint64_t digits = bits & ((UINT64_C(1) << 52) - 1);
    uint32_t exponent = (uint32_t)(bits >> 52) & 0x7FF;
    uint32_t place = exponent == 0 ? 0 : exponent - 1;
    if (exponent != 0) digits |= UINT64_C(1) << 52;
    uint32_t shift = place % LIMB_BITS;
    int64_t *limb = &sum->limbs[place / LIMB_BITS];
    uint64_t low = digits << shift; /* 53 + 19 bits: eight of them may be above */
    uint64_t high = shift == 0 ? 0 : digits >> (64 - shift);
    int64_t sign = bits >> 63 != 0 ? -1 : 1;
    limb[0] += sign * (int64_t)(low & LOW_BITS);
    limb[1] += sign * (int64_t)(low >> LIMB_BITS & LOW_BITS);
    limb[2] += sign * (int64_t)(low >> 2 * LIMB_BITS & LOW_BITS);
    limb[3] += sign * (int64_t)(low >> 3 * LIMB_BITS | high << (64 - 3 * LIMB_BITS));
}

void pdm__fixed_sum_merge(pdm__fixed_sum *sum, const pdm__fixed_sum *other) {
    for (int32_t i = 0; i < PDM__FIXED_LIMBS; i++) sum->limbs[i] += other->limbs[i];
}

static uint64_t limb_at(const pdm__fixed_sum *sum, int32_t i) {
    return i < PDM__FIXED_LIMBS ? (uint64_t)sum->limbs[i] : 0;
}

/* Bits [from, from + 64); only the last limb may have more than its own. */
static uint64_t bits_from(const pdm__fixed_sum *sum, int32_t from) {
    int32_t limb = from / LIMB_BITS;
    int32_t shift = from % LIMB_BITS;
    uint64_t bits = limb_at(sum, limb) >> shift;
    for (int32_t at = LIMB_BITS - shift; at < 64; at += LIMB_BITS) bits |= limb_at(sum, ++limb) << at;
    return bits;
}

static bool any_below(const pdm__fixed_sum *sum, int32_t bit) {
    for (int32_t i = 0; i < bit / LIMB_BITS; i++) {
        if (sum->limbs[i] != 0) return true;
    }
    return (limb_at(sum, bit / LIMB_BITS) & ((UINT64_C(1) << bit % LIMB_BITS) - 1)) != 0;
}

double pdm__fixed_sum_value(const pdm__fixed_sum *given) {
    pdm__fixed_sum sum = *given;
    bool negative = make_positive(&sum);
    int32_t last = PDM__FIXED_LIMBS - 1; /* holds less than 2^43 in any sum of doubles that can be */
    while (last >= 0 && sum.limbs[last] == 0) last--;
    if (last < 0) return 0.0;
    int32_t top = LIMB_BITS * last + 63 - __builtin_clzll((uint64_t)sum.limbs[last]);
    int32_t low = top < 52 ? 0 : top - 52;
    uint64_t digits = bits_from(&sum, low) & ((UINT64_C(1) << (top - low + 1)) - 1);
    bool half = low > 0 && (bits_from(&sum, low - 1) & 1) != 0;
    if (half && ((digits & 1) != 0 || any_below(&sum, low - 1))) digits += 1;
    double value = ldexp((double)digits, low - 1074);
    return negative ? -value : value;
}

int32_t pdm__fixed_sum_parts(const pdm__fixed_sum *given, double *parts) {
    pdm__fixed_sum sum = *given;
    bool negative = make_positive(&sum);
    double sign = negative ? -1.0 : 1.0;
    int32_t count = 0;
    for (int32_t i = 0; i < PDM__FIXED_LIMBS; i++) {
        int32_t place = LIMB_BITS * i - 1074;
        int64_t limb = sum.limbs[i];
        if (limb == 0) continue;
        double part = ldexp((double)limb, place);
        if (!isinf(part)) {
            parts[count++] = sign * part;
            continue;
        }
        /* Beyond the doubles: pieces of 2^1023 at most. */
        int64_t piece = place < 1023 ? (int64_t)1 << (1023 - place) : 1;
        int64_t times = place < 1023 ? 1 : (int64_t)1 << (place - 1023);
        if (limb / piece > 64 / times) return -1;
        for (; limb > 0; limb -= limb < piece ? limb : piece) {
            double mine = ldexp((double)(limb < piece ? limb : piece), place < 1023 ? place : 1023);
            for (int64_t t = 0; t < times; t++) parts[count++] = sign * mine;
        }
    }
    return count;
}
