#include "stats/big.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;
__extension__ typedef __int128 swide;

/* ---- limbs ---- */

static uint32_t low(uint64_t word) { return (uint32_t)(word & UINT32_MAX); }

void pdm__limbs_add_wide_product(int64_t *limbs, int64_t a, int64_t b) {
    wide product = (wide)((swide)a * b);
    limbs[0] += (int64_t)low((uint64_t)product);
    limbs[1] += (int64_t)((uint64_t)product >> 32);
    limbs[2] += (int64_t)low((uint64_t)(product >> 64));
    limbs[3] += (int64_t)(uint64_t)(product >> 64) >> 32;
}

/* value = mantissa·2^(place − 1074), 0 ≤ mantissa < 2^53; returns −1 or 1. */
static int64_t take_apart(double value, uint64_t *mantissa, uint32_t *place) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    uint32_t exponent = (uint32_t)(bits >> 52) & 0x7FF;
    *mantissa = bits & ((UINT64_C(1) << 52) - 1);
    *place = exponent == 0 ? 0 : exponent - 1;
    if (exponent != 0) *mantissa |= UINT64_C(1) << 52;
    return bits >> 63 != 0 ? -1 : 1;
}

void pdm__limbs_add_real(int64_t *limbs, double value) {
    uint64_t mantissa = 0;
    uint32_t place = 0;
    int64_t sign = take_apart(value, &mantissa, &place);
    wide shifted = (wide)mantissa << (place % 32);
    for (uint32_t i = place / 32; shifted != 0; i++, shifted >>= 32) limbs[i] += sign * (int64_t)low((uint64_t)shifted);
}

void pdm__limbs_add_real_product(int64_t *limbs, double a, double b) {
    uint64_t m = 0;
    uint64_t n = 0;
    uint32_t p = 0;
    uint32_t q = 0;
    int64_t sign = take_apart(a, &m, &p) * take_apart(b, &n, &q);
    wide product = (wide)m * n; /* 106 bits: shifted by up to 31 it may need 137 */
    uint32_t shift = (p + q) % 32;
    uint32_t i = (p + q) / 32;
    limbs[i] += sign * (int64_t)low((uint64_t)product << shift);
    for (product >>= 32 - shift, i++; product != 0; i++, product >>= 32)
        limbs[i] += sign * (int64_t)low((uint64_t)product);
}

/* ---- numbers ---- */

static void trim(pdm__big *a) {
    while (a->count > 0 && a->digits[a->count - 1] == 0) a->count--;
    if (a->count == 0) a->negative = false;
}

/* Two's complement digits become sign and magnitude. */
static void negate_digits(pdm__big *a) {
    uint64_t carry = 1;
    for (int32_t i = 0; i < a->count; i++) {
        carry += (uint64_t)(uint32_t)~a->digits[i];
        a->digits[i] = low(carry);
        carry >>= 32;
    }
}

void pdm__big_of_limbs(pdm__big *out, const int64_t *limbs, int32_t count) {
    swide carry = 0;
    out->count = count + 2;
    for (int32_t i = 0; i < out->count; i++) {
        carry += i < count ? limbs[i] : 0;
        out->digits[i] = low((uint64_t)carry);
        carry >>= 32;
    }
    out->negative = carry < 0;
    if (out->negative) negate_digits(out);
    trim(out);
}

void pdm__big_of_int(pdm__big *out, int64_t value) {
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    out->digits[0] = low(size);
    out->digits[1] = (uint32_t)(size >> 32);
    out->count = 2;
    out->negative = value < 0;
    trim(out);
}

static int compare_sizes(const pdm__big *a, const pdm__big *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    for (int32_t i = a->count - 1; i >= 0; i--) {
        if (a->digits[i] != b->digits[i]) return a->digits[i] < b->digits[i] ? -1 : 1;
    }
    return 0;
}

static void add_sizes(pdm__big *out, const pdm__big *a, const pdm__big *b) {
    int32_t count = a->count > b->count ? a->count : b->count;
    uint64_t carry = 0;
    for (int32_t i = 0; i < count; i++) {
        carry += (uint64_t)(i < a->count ? a->digits[i] : 0) + (i < b->count ? b->digits[i] : 0);
        out->digits[i] = low(carry);
        carry >>= 32;
    }
    out->count = count;
    if (carry != 0) out->digits[out->count++] = low(carry);
}

/* a is not smaller than b. */
static void subtract_sizes(pdm__big *out, const pdm__big *a, const pdm__big *b) {
    int64_t borrow = 0;
    int32_t count = a->count;
    for (int32_t i = 0; i < count; i++) {
        borrow += (int64_t)a->digits[i] - (i < b->count ? (int64_t)b->digits[i] : 0);
        out->digits[i] = low((uint64_t)borrow);
        borrow >>= 32;
    }
    out->count = count;
}

static void combine(pdm__big *out, const pdm__big *a, const pdm__big *b, bool b_negative) {
    bool negative = a->negative;
    if (a->negative == b_negative) {
        add_sizes(out, a, b);
    } else if (compare_sizes(a, b) >= 0) {
        subtract_sizes(out, a, b);
    } else {
        negative = b_negative;
        subtract_sizes(out, b, a);
    }
    out->negative = negative;
    trim(out);
}

void pdm__big_add(pdm__big *out, const pdm__big *a, const pdm__big *b) { combine(out, a, b, b->negative); }
void pdm__big_sub(pdm__big *out, const pdm__big *a, const pdm__big *b) { combine(out, a, b, !b->negative); }

void pdm__big_mul(pdm__big *out, const pdm__big *a, const pdm__big *b) {
    pdm__big product;
    product.count = a->count + b->count;
    product.negative = a->negative != b->negative;
    memset(product.digits, 0, (size_t)product.count * sizeof *product.digits);
    for (int32_t i = 0; i < a->count; i++) {
        uint64_t carry = 0;
        for (int32_t j = 0; j < b->count; j++) {
            carry += (uint64_t)a->digits[i] * b->digits[j] + product.digits[i + j];
            product.digits[i + j] = low(carry);
            carry >>= 32;
        }
        product.digits[i + b->count] = low(carry);
    }
    trim(&product);
    out->count = product.count;
    out->negative = product.negative;
    memcpy(out->digits, product.digits, (size_t)product.count * sizeof *product.digits);
}

/* ---- to doubles ---- */

static int32_t bits_of(const pdm__big *a) {
    return a->count == 0 ? 0 : 32 * a->count - __builtin_clz(a->digits[a->count - 1]);
}

/* a·2^by without its sign, by ≥ 0. */
static void shift_up(pdm__big *out, const pdm__big *a, int32_t by) {
    int32_t digits = by / 32;
    int32_t bits = by % 32;
    out->count = a->count + digits + 1;
    out->negative = false;
    out->digits[out->count - 1] = 0;
    for (int32_t i = a->count - 1; i >= 0; i--) {
        uint64_t both = (uint64_t)a->digits[i] << bits;
        out->digits[i + digits + 1] |= (uint32_t)(both >> 32);
        out->digits[i + digits] = low(both);
    }
    memset(out->digits, 0, (size_t)digits * sizeof *out->digits);
    trim(out);
}

/* a ·= 2. */
static void double_it(pdm__big *a) {
    uint32_t carry = 0;
    for (int32_t i = 0; i < a->count; i++) {
        uint32_t next = a->digits[i] >> 31;
        a->digits[i] = a->digits[i] << 1 | carry;
        carry = next;
    }
    if (carry != 0) a->digits[a->count++] = carry;
}

/* quotient·2^exponent, `exact` if nothing was left: rounded to what a double holds there. */
static double round_quotient(uint64_t quotient, bool exact, int32_t exponent) {
    int32_t drop = 64 - __builtin_clzll(quotient) - 53;
    if (exponent + drop < -PDM__REAL_EXPONENT) drop = -PDM__REAL_EXPONENT - exponent; /* subnormal: fewer digits */
    if (drop > 64) return 0.0;
    uint64_t kept = drop == 64 ? 0 : quotient >> drop;
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t rest = drop == 64 ? quotient : quotient & ((UINT64_C(1) << drop) - 1);
    if (rest > half || (rest == half && (!exact || (kept & 1) != 0))) kept++;
    return ldexp((double)kept, exponent + drop);
}

double pdm__big_ratio(const pdm__big *a, const pdm__big *b, int32_t exponent) {
    if (a->count == 0) return 0.0;
    pdm__big rest;
    pdm__big by;
    /* Both are brought to the same length; then 64 binary digits are had by subtracting and doubling. */
    int32_t ahead = bits_of(a) - bits_of(b);
    shift_up(&rest, a, ahead < 0 ? -ahead : 0);
    shift_up(&by, b, ahead > 0 ? ahead : 0);
    uint64_t quotient = 0;
    for (int32_t i = 0; i < 64; i++) {
        quotient <<= 1;
        if (compare_sizes(&rest, &by) >= 0) {
            quotient |= 1;
            subtract_sizes(&rest, &rest, &by);
            trim(&rest);
        }
        double_it(&rest);
    }
    double size = round_quotient(quotient, rest.count == 0, ahead - 63 + exponent);
    return a->negative ? -size : size;
}

int32_t pdm__big_text(const pdm__big *a, char *out) {
    pdm__big left = *a;
    char reversed[PDM__BIG_TEXT];
    int32_t n = 0;
    while (left.count > 0) {
        uint64_t rest = 0;
        for (int32_t i = left.count - 1; i >= 0; i--) {
            rest = rest << 32 | left.digits[i];
            left.digits[i] = (uint32_t)(rest / 1000000000);
            rest %= 1000000000;
        }
        while (left.count > 0 && left.digits[left.count - 1] == 0) left.count--;
        for (int32_t d = 0; d < 9 && (left.count > 0 || rest > 0); d++, rest /= 10)
            reversed[n++] = (char)('0' + (char)(rest % 10));
    }
    int32_t length = 0;
    if (a->negative) out[length++] = '-';
    if (n == 0) out[length++] = '0';
    while (n > 0) out[length++] = reversed[--n];
    out[length] = '\0';
    return length;
}

/* a /= 2 as long as that is exact and `most` allows; returns how often. */
static int32_t strip_twos(pdm__big *a, int32_t most) {
    int32_t digits = 0;
    while (digits < a->count && a->digits[digits] == 0 && 32 * (digits + 1) <= most) digits++;
    int32_t bits = digits < a->count && a->digits[digits] != 0 ? __builtin_ctz(a->digits[digits]) : 0;
    if (32 * digits + bits > most) bits = most - 32 * digits;
    for (int32_t i = 0; i + digits < a->count; i++) {
        uint64_t both = a->digits[i + digits];
        if (i + digits + 1 < a->count) both |= (uint64_t)a->digits[i + digits + 1] << 32;
        a->digits[i] = low(both >> bits);
    }
    a->count -= digits;
    trim(a);
    return 32 * digits + bits;
}

int32_t pdm__big_decimal(const pdm__big *a, int32_t exponent, int32_t places, char *out) {
    pdm__big number = *a;
    pdm__big five;
    char digits[PDM__BIG_TEXT];
    int32_t point = -exponent - strip_twos(&number, -exponent);
    pdm__big_of_int(&five, 5);
    for (int32_t i = 0; i < point; i++) pdm__big_mul(&number, &number, &five); /* /2^point = ·5^point/10^point */
    point += places;
    number.negative = false;
    int32_t length = pdm__big_text(&number, digits);
    while (point > 0 && length > 1 && digits[length - 1] == '0') {
        length--;
        point--;
    }
    if (a->count == 0) point = 0;
    int32_t n = 0;
    if (a->negative) out[n++] = '-';
    if (length <= point) out[n++] = '0';
    for (int32_t i = 0; i < length - point; i++) out[n++] = digits[i];
    if (point > 0) out[n++] = '.';
    for (int32_t i = length; i < point; i++) out[n++] = '0';
    for (int32_t i = length > point ? length - point : 0; i < length && point > 0; i++) out[n++] = digits[i];
    out[n] = '\0';
    return n;
}
