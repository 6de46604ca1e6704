#include "stats/fixed_sum.h"

#include <math.h>
#include <string.h>

#define MANY ((int64_t)1 << 29) /* additions of less than 2^32 that an int64 limb bears, with room to spare */
#define LIMB_BITS 32
#define LOW_BITS UINT64_C(0xFFFFFFFF)

/* Leaves [0, 2^32) in every limb but the last, which keeps the sign. */
static void carry(pdm__fixed_sum *sum) {
    int64_t over = 0;
    for (int32_t i = 0; i < PDM__FIXED_LIMBS - 1; i++) {
        int64_t limb = sum->limbs[i] + over;
        int64_t low = (int64_t)((uint64_t)limb & LOW_BITS);
        over = (limb - low) / ((int64_t)1 << LIMB_BITS);
        sum->limbs[i] = low;
    }
    sum->limbs[PDM__FIXED_LIMBS - 1] += over;
    sum->pending = 0;
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
    uint64_t low = digits << shift;
    uint64_t high = shift == 0 ? 0 : digits >> (64 - shift);
    int64_t sign = bits >> 63 != 0 ? -1 : 1;
    limb[0] += sign * (int64_t)(low & LOW_BITS);
    limb[1] += sign * (int64_t)(low >> LIMB_BITS);
    limb[2] += sign * (int64_t)high;
    if (++sum->pending >= MANY) carry(sum);
}

void pdm__fixed_sum_merge(pdm__fixed_sum *sum, const pdm__fixed_sum *other) {
    for (int32_t i = 0; i < PDM__FIXED_LIMBS; i++) sum->limbs[i] += other->limbs[i];
    sum->pending += other->pending + 1;
    if (sum->pending >= MANY) carry(sum);
}

static uint64_t limb_at(const pdm__fixed_sum *sum, int32_t i) {
    return i < PDM__FIXED_LIMBS ? (uint64_t)sum->limbs[i] : 0;
}

/* Bits [from, from + 64). */
static uint64_t bits_from(const pdm__fixed_sum *sum, int32_t from) {
    int32_t limb = from / LIMB_BITS;
    int32_t shift = from % LIMB_BITS;
    uint64_t low = limb_at(sum, limb) | limb_at(sum, limb + 1) << LIMB_BITS;
    return shift == 0 ? low : low >> shift | limb_at(sum, limb + 2) << (64 - shift);
}

static bool any_below(const pdm__fixed_sum *sum, int32_t bit) {
    for (int32_t i = 0; i < bit / LIMB_BITS; i++) {
        if (sum->limbs[i] != 0) return true;
    }
    return (limb_at(sum, bit / LIMB_BITS) & ((UINT64_C(1) << bit % LIMB_BITS) - 1)) != 0;
}

double pdm__fixed_sum_value(const pdm__fixed_sum *given) {
    pdm__fixed_sum sum = *given;
    carry(&sum);
    bool negative = sum.limbs[PDM__FIXED_LIMBS - 1] < 0;
    for (int32_t i = 0; negative && i < PDM__FIXED_LIMBS; i++) sum.limbs[i] = -sum.limbs[i];
    carry(&sum);
    int32_t last = PDM__FIXED_LIMBS - 1; /* holds less than 2^31 in any sum of doubles that can be */
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
