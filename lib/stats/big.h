/*
 * Whole numbers of any size that moments need, and sums that are exact: added up in any order they are the same number, and a statistic
 * made of them is rounded once. Sums are held as limbs (digits of base 2^32, each in a word of its own, signed, not carried), so that
 * adding two sums is adding their words. Doubles are whole multiples of 2^-1074: their sums are as exact as those of integers.
 */
#ifndef PDM_STATS_BIG_H
#define PDM_STATS_BIG_H

#include <pdmetrics/export.h>

#include <stdbool.h>
#include <stdint.h>

/* Holds T²·ΣM²·n² of doubles, 2·(2098 + 64) + (4196 + 64) + 128 bits, and any sum of products as a decimal, 4260 + 4988 bits. */
#define PDM__BIG_DIGITS 320

/* ±Σ digits[i]·2^(32 i). No leading zeros; 0 has no digits and is not negative. */
typedef struct pdm__big {
    int32_t count;
    bool negative;
    uint32_t digits[PDM__BIG_DIGITS];
} pdm__big;

/* Limbs of a sum of integers, of their products; of doubles in units of 2^-1074, of their products in units of 2^-2148. */
#define PDM__INT_LIMBS 2
#define PDM__INT_PRODUCT_LIMBS 4
#define PDM__REAL_LIMBS 67
#define PDM__REAL_PRODUCT_LIMBS 133
#define PDM__REAL_EXPONENT 1074

/* limbs += value, limbs += a·b. Not more than 2^31 − 1 times. */
static inline void pdm__limbs_add_int(int64_t *limbs, int64_t value) {
    limbs[0] += (int64_t)((uint64_t)value & UINT32_MAX);
    limbs[1] += value >> 32; /* rounds down: the lower limb is never negative */
}
void pdm__limbs_add_wide_product(int64_t *limbs, int64_t a, int64_t b);
static inline void pdm__limbs_add_product(int64_t *limbs, int64_t a, int64_t b) {
    int64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        pdm__limbs_add_wide_product(limbs, a, b);
    } else {
        pdm__limbs_add_int(limbs, product);
    }
}
void pdm__limbs_add_real(int64_t *limbs, double value);
void pdm__limbs_add_real_product(int64_t *limbs, double a, double b);

/* What the limbs add up to. */
void pdm__big_of_limbs(pdm__big *out, const int64_t *limbs, int32_t count);
void pdm__big_of_int(pdm__big *out, int64_t value);

/* out = a + b, a − b, a·b; out may be a or b. */
void pdm__big_add(pdm__big *out, const pdm__big *a, const pdm__big *b);
void pdm__big_sub(pdm__big *out, const pdm__big *a, const pdm__big *b);
void pdm__big_mul(pdm__big *out, const pdm__big *a, const pdm__big *b);

/* a/b·2^exponent, b > 0, as the nearest double (halves to even), ±∞ beyond the range. */
double pdm__big_ratio(const pdm__big *a, const pdm__big *b, int32_t exponent);

/* a as decimal digits with a sign; returns their number. `out` has room for PDM__BIG_TEXT bytes, NUL included. */
#define PDM__BIG_TEXT (PDM__BIG_DIGITS * 10 + 2)
int32_t pdm__big_text(const pdm__big *a, char *out);

/*
 * a·2^exponent/10^places as exact decimal text, exponent ≤ 0: digits, a point where one is needed, no trailing zeros behind it. Returns
 * their number; `out` has room for PDM__BIG_DECIMAL bytes.
 */
#define PDM__BIG_DECIMAL (PDM__BIG_TEXT + 2200)
int32_t pdm__big_decimal(const pdm__big *a, int32_t exponent, int32_t places, char *out);

static inline bool pdm__big_is_zero(const pdm__big *a) { return a->count == 0; }

#endif
