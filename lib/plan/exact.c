#include "plan/exact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t powers[] = {
    1U,
    10U,
    100U,
    1000U,
    10000U,
    100000U,
    1000000U,
    10000000U,
    100000000U,
    1000000000U,
    10000000000U,
    100000000000U,
    1000000000000U,
    10000000000000U,
    100000000000000U,
    1000000000000000U,
    10000000000000000U,
    100000000000000000U,
    1000000000000000000U,
    10000000000000000000U,
};

uint64_t pdm__power_of_ten(int32_t power) { return powers[power]; }

/* ---- numbers of several words ---- */

int pdm__words_compare(const uint64_t *a, const uint64_t *b, int32_t n) {
    for (int32_t i = n - 1; i >= 0; i--) {
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

bool pdm__words_is_zero(const uint64_t *a, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        if (a[i] != 0) return false;
    }
    return true;
}

int32_t pdm__words_bits(const uint64_t *a, int32_t n) {
    for (int32_t i = n - 1; i >= 0; i--) {
        if (a[i] != 0) return 64 * i + 64 - __builtin_clzll(a[i]);
    }
    return 0;
}

void pdm__words_mul(const uint64_t *a, int32_t n, const uint64_t *b, int32_t m, uint64_t *out) {
    memset(out, 0, (size_t)(n + m) * sizeof *out);
    for (int32_t j = 0; j < m; j++) {
        uint64_t carry = 0;
        for (int32_t i = 0; i < n; i++) {
            pdm__uint128 t = (pdm__uint128)a[i] * b[j] + out[i + j] + carry;
            out[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        out[n + j] = carry;
    }
}

uint64_t pdm__words_scale(uint64_t *a, int32_t n, uint64_t b) {
    uint64_t carry = 0;
    for (int32_t i = 0; i < n; i++) {
        pdm__uint128 t = (pdm__uint128)a[i] * b + carry;
        a[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    return carry;
}

uint64_t pdm__words_add(uint64_t *a, const uint64_t *b, int32_t n) {
    uint64_t carry = 0;
    for (int32_t i = 0; i < n; i++) {
        pdm__uint128 t = (pdm__uint128)a[i] + b[i] + carry;
        a[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    return carry;
}

uint64_t pdm__words_sub(uint64_t *a, const uint64_t *b, int32_t n) {
    uint64_t borrow = 0;
    for (int32_t i = 0; i < n; i++) {
        pdm__uint128 t = (pdm__uint128)a[i] - b[i] - borrow;
        a[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1U;
    }
    return borrow;
}

uint64_t pdm__words_window(const uint64_t *a, int32_t n, int32_t shift) {
    int32_t word = shift / 64;
    int32_t bit = shift % 64;
    uint64_t low = word < n ? a[word] >> bit : 0;
    uint64_t high = bit > 0 && word + 1 < n ? a[word + 1] << (64 - bit) : 0;
    return low | high;
}

/* a ·= 10^power · 2^shift, all in n words. */
static void scale_by(uint64_t *a, int32_t n, int32_t power, int32_t shift) {
    for (; power > 0; power -= 19) (void)pdm__words_scale(a, n, powers[power < 19 ? power : 19]);
    for (; shift > 0; shift -= 62) (void)pdm__words_scale(a, n, UINT64_C(1) << (shift < 62 ? shift : 62));
}

/* ---- doubles as decimals ---- */

static pdm__decimal without_zeros(uint64_t digits, int32_t exponent) {
    if (digits == 0) return (pdm__decimal){0, 0, false};
    while (digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    return (pdm__decimal){digits, exponent, false};
}

/* |value| = mantissa · 2^exponent, mantissa < 2^53. */
typedef struct binary {
    uint64_t mantissa;
    int32_t exponent;
} binary;

static binary take_apart(double magnitude) {
    uint64_t bits = 0;
    memcpy(&bits, &magnitude, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int32_t exponent = (int32_t)(bits >> 52);
    if (exponent == 0) return (binary){fraction, -1074};
    return (binary){fraction | UINT64_C(1) << 52, exponent - 1075};
}

/*
 * Does digits · 10^power read back as b? Twice its distance against the step of the doubles there; just below a power of two the step
 * is half as wide.
 */
static bool reads_back(uint64_t digits, int32_t power, binary b) {
    uint64_t decimal[PDM__MAX_WORDS] = {digits};
    uint64_t number[PDM__MAX_WORDS] = {b.mantissa};
    uint64_t step[PDM__MAX_WORDS] = {1};
    int32_t up = power > 0 ? power : 0;
    int32_t down = power < 0 ? -power : 0;
    int32_t left = b.exponent > 0 ? b.exponent : 0;
    int32_t right = b.exponent < 0 ? -b.exponent : 0;
    scale_by(decimal, PDM__MAX_WORDS, up, right);
    scale_by(number, PDM__MAX_WORDS, down, left);
    scale_by(step, PDM__MAX_WORDS, down, left);
    bool below = pdm__words_compare(decimal, number, PDM__MAX_WORDS) < 0;
    uint64_t *distance = below ? number : decimal;
    (void)pdm__words_sub(distance, below ? decimal : number, PDM__MAX_WORDS);
    bool narrow = below && b.mantissa == UINT64_C(1) << 52 && b.exponent > -1074;
    (void)pdm__words_scale(distance, PDM__MAX_WORDS, narrow ? 4 : 2);
    int order = pdm__words_compare(distance, step, PDM__MAX_WORDS);
    return order < 0 || (order == 0 && b.mantissa % 2 == 0);
}

/* The library's printf knows the exact digits; only its decimal point depends on the locale, and is passed over. */
static pdm__decimal from_text(double magnitude, binary b) {
    bool subnormal = b.mantissa < UINT64_C(1) << 52; /* fewer bits: fewer digits may do */
    for (int32_t precision = subnormal ? 1 : 15; precision <= 17; precision++) {
        char text[48];
        (void)snprintf(text, sizeof text, "%.*e", precision - 1, magnitude);
        uint64_t digits = 0;
        const char *at = text;
        for (; *at != 'e' && *at != '\0'; at++) {
            if (*at >= '0' && *at <= '9') digits = digits * 10 + (uint64_t)(*at - '0');
        }
        int32_t power = (int32_t)strtol(at + 1, NULL, 10) - (precision - 1);
        if (precision == 17 || reads_back(digits, power, b)) return without_zeros(digits, power);
        /* Just below a power of two the nearest decimal of that length may fail where its neighbour above reads back. */
        if (reads_back(digits + 1, power, b)) return without_zeros(digits + 1, power);
    }
    return (pdm__decimal){0, 0, false}; /* not reached: 17 digits always read back */
}

/*
 * For 2^-s with 0 < s ≤ 73 and mantissa · 10^k < 2^127, all in 128 bits: the integer nearest to value · 10^k, if that decimal reads
 * back. Any decimal of at most 15 digits is the only one of its length that does, so trailing zeros may be stripped from it.
 */
static bool try_places(binary b, int32_t places, uint64_t *digits) {
    int32_t shift = -b.exponent;
    pdm__uint128 power = powers[places < 19 ? places : 19];
    if (places > 19) power *= powers[places - 19];
    pdm__uint128 scaled = b.mantissa * power;
    pdm__uint128 whole = scaled >> shift;
    pdm__uint128 rest = scaled - (whole << shift);
    pdm__uint128 unit = (pdm__uint128)1 << shift;
    bool below = rest < unit - rest || (rest == unit - rest && whole % 2 == 0);
    pdm__uint128 distance = below ? rest : unit - rest;
    if (!below) whole++;
    bool narrow = below && b.mantissa == UINT64_C(1) << 52;
    pdm__uint128 doubled = distance * (narrow ? 4U : 2U);
    if (doubled > power || (doubled == power && b.mantissa % 2 != 0)) return false;
    *digits = (uint64_t)whole;
    return whole <= UINT64_MAX;
}

/*
 * The same in a few words, for numbers too small for 128 bits: value · 10^places rounded half to even, and whether that decimal reads
 * back. mantissa · 10^places < 2^256, 0 < s < 256, and the value is no power of two (below those the step is half as wide).
 */
#define FEW_WORDS 4
static bool try_more_places(binary b, int32_t places, uint64_t *digits) {
    uint64_t scaled[FEW_WORDS] = {b.mantissa};
    uint64_t power[FEW_WORDS] = {1};
    uint64_t distance[FEW_WORDS] = {0};
    int32_t shift = -b.exponent;
    scale_by(scaled, FEW_WORDS, places, 0);
    scale_by(power, FEW_WORDS, places, 0);
    uint64_t whole = pdm__words_window(scaled, FEW_WORDS, shift);
    for (int32_t i = 0; i < FEW_WORDS; i++) {
        int32_t bits = shift - 64 * i;
        distance[i] = bits <= 0 ? 0 : bits >= 64 ? scaled[i] : scaled[i] & ((UINT64_C(1) << bits) - 1);
    }
    uint64_t unit[FEW_WORDS] = {0};
    uint64_t other[FEW_WORDS];
    unit[shift / 64] = UINT64_C(1) << (shift % 64);
    memcpy(other, unit, sizeof other);
    (void)pdm__words_sub(other, distance, FEW_WORDS);
    int order = pdm__words_compare(distance, other, FEW_WORDS);
    bool below = order < 0 || (order == 0 && whole % 2 == 0);
    uint64_t *nearer = below ? distance : other;
    (void)pdm__words_scale(nearer, FEW_WORDS, 2);
    *digits = below ? whole : whole + 1;
    order = pdm__words_compare(nearer, power, FEW_WORDS);
    return order < 0 || (order == 0 && b.mantissa % 2 == 0);
}

/* Numbers from 1e-30 to 1e-5; false: not one of those. */
static bool from_few_words(double magnitude, binary b, pdm__decimal *out) {
    if (magnitude < 1e-30 || magnitude >= 1e-5 || b.mantissa == UINT64_C(1) << 52) return false;
    /* ⌊log10⌋ from the binary exponent, at most one too small; 17 digits then have one too many. */
    int32_t decade = (int32_t)floor((b.exponent + 52) * 0.30102999566398119521);
    uint64_t digits = 0;
    (void)try_more_places(b, 16 - decade, &digits);
    if (digits >= powers[17]) decade++;
    for (int32_t precision = 15; precision <= 17; precision++) {
        int32_t places = precision - 1 - decade;
        if (!try_more_places(b, places, &digits)) continue;
        *out = without_zeros(digits, -places);
        return true;
    }
    return false;
}

pdm__decimal pdm__decimal_of_double(double value) {
    double magnitude = fabs(value);
    pdm__decimal out = {0, 0, value < 0};
    if (magnitude < 0x1p53 && magnitude == floor(magnitude)) {
        out = without_zeros((uint64_t)magnitude, 0);
        out.negative = value < 0;
        return out;
    }
    binary b = take_apart(magnitude);
    int32_t before = 0; /* digits before the point; negative: zeros behind it */
    bool near = magnitude >= 1e-5 && magnitude < 0x1p53;
    if (near) {
        while (before < 16 && magnitude >= (double)powers[before]) before++;
        while (before <= 0 && before > -5 && magnitude < 1.0 / (double)powers[1 - before]) before--;
        for (int32_t precision = 15; precision <= 17; precision++) {
            uint64_t digits = 0;
            int32_t places = precision - before;
            if (places > 22 || places < 0 || !try_places(b, places, &digits)) continue;
            out = without_zeros(digits, -places);
            out.negative = value < 0;
            return out;
        }
    }
    if (!from_few_words(magnitude, b, &out)) out = from_text(magnitude, b);
    out.negative = value < 0;
    return out;
}

pdm__decimal pdm__decimal_of_int(int64_t value) {
    pdm__decimal out = without_zeros(value < 0 ? -(uint64_t)value : (uint64_t)value, 0);
    out.negative = value < 0;
    return out;
}

/* ---- weights ---- */

typedef struct span {
    int32_t least; /* exponent of ten */
    int32_t bits;  /* of the largest weight once `least` is taken out */
    int64_t positive;
} span;

static span measure(const pdm__decimal *decimals, int64_t count) {
    span s = {INT32_MAX, 1, 0};
    for (int64_t i = 0; i < count; i++) {
        if (decimals[i].digits == 0) continue;
        s.positive++;
        if (decimals[i].exponent < s.least) s.least = decimals[i].exponent;
    }
    for (int64_t i = 0; i < count; i++) {
        if (decimals[i].digits == 0) continue;
        int32_t power = decimals[i].exponent - s.least;
        int32_t bits = 64 - __builtin_clzll(decimals[i].digits) + power * 3322 / 1000 + 1;
        if (bits > s.bits) s.bits = bits;
    }
    return s;
}

static void fill_weights(pdm__weights *weights, const pdm__decimal *decimals, int32_t least) {
    for (int64_t i = 0; i < weights->count; i++) {
        uint64_t *value = weights->values + (size_t)i * (size_t)weights->words;
        value[0] = decimals[i].digits;
        if (decimals[i].digits == 0) continue;
        scale_by(value, weights->words, decimals[i].exponent - least, 0);
        (void)pdm__words_add(weights->sum, value, weights->words);
    }
}

pdm_status pdm__weights_init(pdm__weights *weights, pdm_context *context, const double *numbers, const int64_t *whole,
                             int64_t count, pdm_error *err) {
    memset(weights, 0, sizeof *weights);
    weights->context = context;
    pdm__decimal *decimals = NULL;
    PDM__TRY(pdm__new(context, (size_t)count, sizeof *decimals, &decimals, err));
    for (int64_t i = 0; i < count; i++) {
        decimals[i] = whole != NULL ? pdm__decimal_of_int(whole[i]) : pdm__decimal_of_double(numbers[i]);
    }
    span s = measure(decimals, count);
    int32_t carry = 64 - __builtin_clzll((uint64_t)count | 1U);
    weights->words = (s.bits + carry + 63) / 64;
    weights->count = count;
    weights->positive = s.positive;
    pdm_status status =
        pdm__new_zero(context, (size_t)count, (size_t)weights->words * sizeof(uint64_t), &weights->values, err);
    if (status == PDM_OK) fill_weights(weights, decimals, s.least);
    pdm__drop(context, decimals, (size_t)count, sizeof *decimals);
    return status;
}

void pdm__weights_clear(pdm__weights *weights) {
    if (weights->context == NULL) return;
    pdm__drop(weights->context, weights->values, (size_t)weights->count, (size_t)weights->words * sizeof(uint64_t));
    memset(weights, 0, sizeof *weights);
}

/* weight / sum from their leading bits: within a few units of the last of 53 bits, or of 2^-62. */
static long double fraction_of(const uint64_t *weight, const uint64_t *sum, int32_t words) {
    int32_t shift = pdm__words_bits(sum, words) - 63;
    if (shift < 0) shift = 0;
    return (long double)pdm__words_window(weight, words, shift) / (long double)pdm__words_window(sum, words, shift);
}

uint64_t pdm__weights_quota(const pdm__weights *weights, int64_t i, uint64_t total, uint64_t *rest) {
    const uint64_t *weight = pdm__weight(weights, i);
    int32_t n = weights->words;
    if (n == 1) {
        pdm__uint128 product = (pdm__uint128)total * weight[0];
        rest[0] = (uint64_t)(product % weights->sum[0]);
        return (uint64_t)(product / weights->sum[0]);
    }
    long double guess = (long double)total * fraction_of(weight, weights->sum, n);
    uint64_t quota = guess >= (long double)total ? total : (uint64_t)guess;
    uint64_t product[PDM__MAX_WORDS + 1];
    uint64_t taken[PDM__MAX_WORDS + 1];
    uint64_t sum[PDM__MAX_WORDS + 1];
    memcpy(sum, weights->sum, (size_t)n * sizeof *sum);
    sum[n] = 0;
    pdm__words_mul(weight, n, &total, 1, product);
    pdm__words_mul(weights->sum, n, &quota, 1, taken);
    while (pdm__words_compare(product, taken, n + 1) < 0) {
        (void)pdm__words_sub(taken, sum, n + 1);
        quota--;
    }
    (void)pdm__words_sub(product, taken, n + 1);
    while (pdm__words_compare(product, sum, n + 1) >= 0) {
        (void)pdm__words_sub(product, sum, n + 1);
        quota++;
    }
    memcpy(rest, product, (size_t)n * sizeof *rest);
    return quota;
}

/* ---- products ---- */

/* The integer quotient number / 10^power rounded half to even, both in n words; false if it exceeds 63 bits. */
static bool divide_power(uint64_t *number, int32_t n, int32_t power, uint64_t *out) {
    uint64_t divisor[PDM__MAX_WORDS] = {1};
    scale_by(divisor, n, power, 0);
    uint64_t quotient = 0;
    int32_t top = pdm__words_bits(number, n) - pdm__words_bits(divisor, n);
    if (top > 63) return false;
    /* Schoolbook, bit by bit: divisor · 2^top down to divisor. */
    for (int32_t bit = top < 0 ? -1 : top; bit >= 0; bit--) {
        uint64_t shifted[PDM__MAX_WORDS];
        memcpy(shifted, divisor, (size_t)n * sizeof *shifted);
        scale_by(shifted, n, 0, bit);
        if (pdm__words_compare(number, shifted, n) < 0) continue;
        (void)pdm__words_sub(number, shifted, n);
        quotient |= UINT64_C(1) << bit;
    }
    (void)pdm__words_scale(number, n, 2);
    int order = pdm__words_compare(number, divisor, n);
    if (order > 0 || (order == 0 && quotient % 2 != 0)) quotient++;
    *out = quotient;
    return quotient <= (uint64_t)INT64_MAX;
}

bool pdm__product_half_even(const pdm__decimal *factors, int32_t count, int64_t *out) {
    uint64_t number[PDM__MAX_WORDS] = {1};
    int32_t exponent = 0;
    bool negative = false;
    for (int32_t i = 0; i < count; i++) {
        if (factors[i].digits == 0) {
            *out = 0;
            return true;
        }
        if (pdm__words_scale(number, PDM__MAX_WORDS, factors[i].digits) != 0) return false;
        exponent += factors[i].exponent;
        negative = negative != factors[i].negative;
    }
    int32_t bits = pdm__words_bits(number, PDM__MAX_WORDS);
    uint64_t magnitude = 0;
    if (exponent >= 0) {
        if (exponent > 19 || bits > 64) return false;
        scale_by(number, PDM__MAX_WORDS, exponent, 0);
        if (pdm__words_bits(number, PDM__MAX_WORDS) > 63) return false;
        magnitude = number[0];
    } else if (-exponent > 600) {
        magnitude = 0; /* far below a half: digits are at most 64 bits a factor */
    } else if (!divide_power(number, PDM__MAX_WORDS, -exponent, &magnitude)) {
        return false;
    }
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* ---- long decimals ---- */

pdm__wide pdm__wide_of(pdm__decimal d) {
    pdm__wide out = {.exponent = d.exponent};
    out.words[0] = d.digits;
    return out;
}

bool pdm__wide_mul(pdm__wide *a, pdm__decimal by) {
    a->exponent = by.digits == 0 ? 0 : a->exponent + by.exponent;
    return pdm__words_scale(a->words, PDM__MAX_WORDS, by.digits) == 0;
}

/* Brings a down to `exponent`. */
static bool lower(pdm__wide *a, int32_t exponent) {
    for (int32_t more = a->exponent - exponent; more > 0; more -= 19) {
        if (pdm__words_scale(a->words, PDM__MAX_WORDS, powers[more < 19 ? more : 19]) != 0) return false;
    }
    a->exponent = exponent;
    return true;
}

static bool align(pdm__wide *a, pdm__wide *b) {
    if (pdm__words_is_zero(a->words, PDM__MAX_WORDS)) a->exponent = b->exponent;
    if (pdm__words_is_zero(b->words, PDM__MAX_WORDS)) b->exponent = a->exponent;
    return a->exponent > b->exponent ? lower(a, b->exponent) : lower(b, a->exponent);
}

bool pdm__wide_add(pdm__wide *a, const pdm__wide *b) {
    pdm__wide other = *b;
    return align(a, &other) && pdm__words_add(a->words, other.words, PDM__MAX_WORDS) == 0;
}

bool pdm__wide_sub(pdm__wide *a, const pdm__wide *b) {
    pdm__wide other = *b;
    return align(a, &other) && pdm__words_sub(a->words, other.words, PDM__MAX_WORDS) == 0;
}

bool pdm__wide_round(const pdm__wide *a, int64_t *out) {
    pdm__wide copy = *a;
    uint64_t magnitude = 0;
    if (copy.exponent > 0) {
        if (!lower(&copy, 0) || pdm__words_bits(copy.words, PDM__MAX_WORDS) > 63) return false;
        magnitude = copy.words[0];
    } else if (-copy.exponent > 760) {
        return false; /* the divisor itself would not fit */
    } else if (!divide_power(copy.words, PDM__MAX_WORDS, -copy.exponent, &magnitude)) {
        return false;
    }
    *out = (int64_t)magnitude;
    return true;
}
