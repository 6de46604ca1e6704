/*
 * Exact arithmetic for what must come out whole: doubles read as their shortest decimals, decimals scaled to integers of as many words
 * as they need. Numbers of several words are little-endian arrays of uint64; lengths are the caller's.
 */
#ifndef PDM_PLAN_EXACT_H
#define PDM_PLAN_EXACT_H

#include "core/base.h"

/* Doubles span 10^±324 with 17 digits, and 2^63 of them may be added up. */
#define PDM__MAX_WORDS 40

/* ±digits · 10^exponent; digits has no trailing zero. 0 is 0 · 10^0. */
typedef struct pdm__decimal {
    uint64_t digits;
    int32_t exponent;
    bool negative;
} pdm__decimal;

/* The shortest decimal that reads back as `value` (finite); of several the nearest. */
pdm__decimal pdm__decimal_of_double(double value);
pdm__decimal pdm__decimal_of_int(int64_t value);

/* 10^power, power ≤ 19. */
uint64_t pdm__power_of_ten(int32_t power);

/* ---- numbers of `n` words ---- */

int pdm__words_compare(const uint64_t *a, const uint64_t *b, int32_t n);
bool pdm__words_is_zero(const uint64_t *a, int32_t n);
int32_t pdm__words_bits(const uint64_t *a, int32_t n);
/* out = a · b; out has n + m words and overlaps neither. */
void pdm__words_mul(const uint64_t *a, int32_t n, const uint64_t *b, int32_t m, uint64_t *out);
/* a ·= b; returns the word that is carried out. */
uint64_t pdm__words_scale(uint64_t *a, int32_t n, uint64_t b);
/* a += b, a −= b; return the carry or borrow. */
uint64_t pdm__words_add(uint64_t *a, const uint64_t *b, int32_t n);
uint64_t pdm__words_sub(uint64_t *a, const uint64_t *b, int32_t n);
/* Bits [shift, shift + 64) of a. */
uint64_t pdm__words_window(const uint64_t *a, int32_t n, int32_t shift);

/* ---- weights as integers ---- */

/* Weights ≥ 0 as integers with one common power of ten taken out, and their sum. */
typedef struct pdm__weights {
    int64_t count;
    int32_t words;    /* of each weight, enough for the sum too */
    uint64_t *values; /* count · words */
    uint64_t sum[PDM__MAX_WORDS];
    int64_t positive; /* weights above 0 */
    pdm_context *context;
} pdm__weights;

/* From whole numbers (whole != NULL) or doubles; all finite and ≥ 0. Released by pdm__weights_clear(). O(n). */
pdm_status pdm__weights_init(pdm__weights *weights, pdm_context *context, const double *numbers, const int64_t *whole,
                             int64_t count, pdm_error *err);
void pdm__weights_clear(pdm__weights *weights);

static inline const uint64_t *pdm__weight(const pdm__weights *weights, int64_t i) {
    return weights->values + (size_t)i * (size_t)weights->words;
}

/* Floor of total · weight / sum, and what is left of the division (`words` words). */
uint64_t pdm__weights_quota(const pdm__weights *weights, int64_t i, uint64_t total, uint64_t *rest);

/* ---- long decimals ≥ 0: number · 10^exponent, for runs whose products must not be rounded ---- */

typedef struct pdm__wide {
    uint64_t words[PDM__MAX_WORDS];
    int32_t exponent;
} pdm__wide;

/* All return false if more than PDM__MAX_WORDS words would be needed. Decimals must not be negative. */
pdm__wide pdm__wide_of(pdm__decimal d);
bool pdm__wide_mul(pdm__wide *a, pdm__decimal by);
bool pdm__wide_add(pdm__wide *a, const pdm__wide *b);
bool pdm__wide_sub(pdm__wide *a, const pdm__wide *b); /* a ≥ b */
/* Nearest integer, halves to the even one; false too if it does not fit int64. */
bool pdm__wide_round(const pdm__wide *a, int64_t *out);

/* round(a·b·c…) half to even for decimals; false if it does not fit int64. `factors` may be negative. */
bool pdm__product_half_even(const pdm__decimal *factors, int32_t count, int64_t *out);

#endif
