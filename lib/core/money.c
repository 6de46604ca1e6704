/* Amounts of money in other notations, to whole minor units: exactly, or not at all. */
#include <pdmetrics/money.h>

#include "core/base.h"

#include <math.h>

#define EXPONENT_MAX 9
#define SCALE_MAX 38
#define QUOTE_BYTES 40

static const int64_t powers_of_ten[EXPONENT_MAX + 1] = {1,      10,      100,      1000,      10000,
                                                        100000, 1000000, 10000000, 100000000, 1000000000};

static pdm_status check_call(int32_t exponent, const int64_t *minor, pdm_error *err) {
    if (minor == NULL) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "minor must not be NULL");
    if (exponent < 0 || exponent > EXPONENT_MAX) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "currency exponent must be 0 to %d, not %d", EXPONENT_MAX,
                         (int)exponent);
    }
    return PDM_OK;
}

/* ---- binary floating point -------------------------------------------------------------------------------------- */

/* |value| = mantissa / 2^shift with an integer mantissa < 2^53; shift may be negative. */
typedef struct binary {
    int64_t mantissa;
    int shift;
} binary;

static binary take_apart(double magnitude) {
    int exponent;
    double fraction = frexp(magnitude, &exponent);
    return (binary){(int64_t)ldexp(fraction, 53), 53 - exponent};
}

/*
 * Whether units / power rounds (half to even) to the double b: the distance of the two against half a step of the doubles
 * there, without loss. Only for 0 < shift ≤ 32 and units ≤ 2^63, so that nothing leaves 128 bits, and for doubles that are no
 * power of two (those are whole numbers here), so that the step is the same on both sides.
 */
static bool rounds_to(pdm__int128 units, int64_t power, binary b) {
    pdm__int128 distance = (units << b.shift) - (pdm__int128)b.mantissa * power;
    pdm__int128 doubled = (distance < 0 ? -distance : distance) * 2;
    return doubled < power || (doubled == power && b.mantissa % 2 == 0);
}

static pdm_status fail_inexact(double value, int32_t exponent, pdm_error *err) {
    return pdm__fail(err, PDM_E_BAD_VALUE, -1, NULL, "%.17g is no whole number of minor units (%d decimals)", value,
                     (int)exponent);
}

/*
 * From 2^50 minor units on: there the product in floating point is no longer near enough, and from 2^52 on two amounts can
 * have the same nearest double. Such a double stands for neither, unless it is a whole number of minor units as it is.
 */
static pdm_status from_large(double value, int32_t exponent, int64_t *minor, pdm_error *err) {
    int64_t power = powers_of_ten[exponent];
    binary b = take_apart(fabs(value));
    if (b.shift < -11) return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "%.17g does not fit 64 bits", value);
    pdm__int128 scaled = (pdm__int128)b.mantissa * power;
    pdm__int128 units;
    if (b.shift <= 0) {
        units = scaled << -b.shift;
    } else {
        units = (scaled + ((pdm__int128)1 << (b.shift - 1))) >> b.shift;
    }
    if (units > INT64_MAX && !(value < 0 && units == (pdm__int128)INT64_MAX + 1)) {
        return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "%.17g with %d decimals does not fit 64 bits", value,
                         (int)exponent);
    }
    if (b.shift > 0 && units << b.shift != scaled) {
        if (!rounds_to(units, power, b)) return fail_inexact(value, exponent, err);
        if (rounds_to(units - 1, power, b) || rounds_to(units + 1, power, b)) {
            return pdm__fail(err, PDM_E_BAD_VALUE, -1, NULL,
                             "%.17g is too large for a double to tell minor units apart", value);
        }
    }
    *minor = value < 0 ? (int64_t)-units : (int64_t)units;
    return PDM_OK;
}

pdm_status pdm_money_from_double(double value, int32_t exponent, int64_t *minor, pdm_error *err) {
    PDM__TRY(check_call(exponent, minor, err));
    if (!isfinite(value)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, NULL, "an amount of money must be a finite number, not %s",
                         isnan(value) ? "NaN"
                         : value > 0  ? "infinity"
                                      : "-infinity");
    }
    double power = (double)powers_of_ten[exponent];
    double product = value * power;
    if (!(fabs(product) < 0x1p50)) return from_large(value, exponent, minor, err);
    /* If value is the double nearest to a whole r, the product is within 1/4 of r; and r / power is rounded to nearest. */
    int64_t units = (int64_t)(product + (product < 0 ? -0.5 : 0.5));
    if ((double)units / power != value) return fail_inexact(value, exponent, err);
    *minor = units;
    return PDM_OK;
}

/* ---- decimal ---------------------------------------------------------------------------------------------------- */

/* Decimal digits of value, NUL-terminated, in buffer; returns where they begin. */
static const char *print_i128(pdm__int128 value, char buffer[48]) {
    pdm__uint128 rest = value < 0 ? -(pdm__uint128)value : (pdm__uint128)value;
    char *at = buffer + 47;
    *at = '\0';
    do {
        *--at = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest != 0);
    if (value < 0) *--at = '-';
    return at;
}

static pdm_status fail_decimal(pdm_status code, pdm__int128 value, int32_t scale, int32_t exponent, pdm_error *err) {
    char buffer[48];
    return pdm__fail(
        err, code, -1, NULL, "decimal %s, scale %d, %s (%d decimals)", print_i128(value, buffer), (int)scale,
        code == PDM_E_OVERFLOW ? "does not fit 64 bits of minor units" : "is no whole number of minor units",
        (int)exponent);
}

pdm_status pdm_money_from_decimal(uint64_t low, int64_t high, int32_t scale, int32_t exponent, int64_t *minor,
                                  pdm_error *err) {
    PDM__TRY(check_call(exponent, minor, err));
    if (scale < -SCALE_MAX || scale > SCALE_MAX) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "decimal scale must be %d to %d, not %d", -SCALE_MAX, SCALE_MAX,
                         (int)scale);
    }
    pdm__int128 value = (pdm__int128)((pdm__uint128)(uint64_t)high << 64 | low);
    pdm__int128 units = value;
    int32_t digits = exponent - scale;
    if (digits < 0) {
        pdm__int128 power = 1; /* at most 10^38, which fits */
        for (int32_t i = digits; i < 0; i++) power *= 10;
        if (value % power != 0) return fail_decimal(PDM_E_BAD_VALUE, value, scale, exponent, err);
        units = value / power;
    }
    bool fits = units >= INT64_MIN && units <= INT64_MAX;
    int64_t result = fits ? (int64_t)units : 0;
    for (int32_t i = 0; i < digits && fits && result != 0; i++) fits = !__builtin_mul_overflow(result, 10, &result);
    if (!fits) return fail_decimal(PDM_E_OVERFLOW, value, scale, exponent, err);
    *minor = result;
    return PDM_OK;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* What is left of a text. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static bool take(cursor *c, const char *token) {
    size_t length = strlen(token);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, token, length) != 0) return false;
    c->at += length;
    return true;
}

static bool take_back(cursor *c, const char *token) {
    size_t length = strlen(token);
    if ((size_t)(c->end - c->at) < length || memcmp(c->end - length, token, length) != 0) return false;
    c->end -= length;
    return true;
}

/* ASCII blanks, no-break space, narrow no-break space, ideographic space. */
static const char *const blanks[] = {" ", "\t", "\r", "\n", "\xC2\xA0", "\xE2\x80\xAF", "\xE3\x80\x80"};

static void trim_front(cursor *c) {
    for (int32_t i = 0; i < PDM__COUNT(blanks);) i = take(c, blanks[i]) ? 0 : i + 1;
}

static void trim_back(cursor *c) {
    for (int32_t i = 0; i < PDM__COUNT(blanks);) i = take_back(c, blanks[i]) ? 0 : i + 1;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static int32_t count_digits(const cursor *c) {
    const char *at = c->at;
    while (at < c->end && is_digit(*at)) at++;
    return at - c->at > INT32_MAX ? INT32_MAX : (int32_t)(at - c->at);
}

/* Currency marks; the first few are the yuan's, which may be followed by 元. */
static const char *const marks[] = {"\xC2\xA5", "\xEF\xBF\xA5", "RMB", "CNY", "$", "\xE2\x82\xAC", "\xC2\xA3"};
#define YUAN_MARKS 4

/* Removes a leading currency mark and a trailing 元, and the blanks that set them off. */
static void take_currency(cursor *c) {
    int32_t mark = 0;
    while (mark < PDM__COUNT(marks) && !take(c, marks[mark])) mark++;
    bool marked = mark < PDM__COUNT(marks);
    if (marked) trim_front(c);
    if ((!marked || mark < YUAN_MARKS) && take_back(c, "\xE5\x85\x83")) trim_back(c);
}

/* A magnitude under way. Reading goes on after an overflow, so that what is no amount at all is called that. */
typedef struct magnitude {
    uint64_t units;
    bool overflow;
} magnitude;

static void add_digits(magnitude *m, cursor *c, int32_t count) {
    for (; count > 0; count--) {
        uint64_t digit = (uint64_t)(*c->at++ - '0');
        m->overflow |= __builtin_mul_overflow(m->units, 10, &m->units);
        m->overflow |= __builtin_add_overflow(m->units, digit, &m->units);
    }
}

/* The whole part: plain digits, or one to three and then groups of three behind one and the same kind of comma. */
static bool take_whole(cursor *c, magnitude *m) {
    int32_t count = count_digits(c);
    if (count == 0) return false;
    add_digits(m, c, count);
    cursor ahead = *c;
    const char *comma = take(&ahead, ",") ? "," : "\xEF\xBC\x8C";
    while (take(c, comma)) {
        if (count > 3 || count_digits(c) != 3) return false;
        add_digits(m, c, 3);
    }
    return true;
}

/* The decimals, if any, brought to `exponent` of them. */
static bool take_decimals(cursor *c, magnitude *m, int32_t exponent) {
    int32_t count = 0;
    if (take(c, ".")) {
        int32_t all = count_digits(c);
        if (all == 0) return false;
        count = all < exponent ? all : exponent;
        add_digits(m, c, count);
        while (c->at < c->end && *c->at == '0') c->at++;
    }
    for (; count < exponent; count++) m->overflow |= __builtin_mul_overflow(m->units, 10, &m->units);
    return true;
}

/* Bytes of the UTF-8 character at `text`, 0 if there is none. */
static size_t character_bytes(const char *text, size_t length) {
    unsigned char first = (unsigned char)text[0];
    size_t bytes = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (bytes > length) return 0;
    for (size_t i = 1; i < bytes; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80) return 0;
    }
    unsigned char second = bytes > 2 ? (unsigned char)text[1] : 0x80;
    bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    bool surrogate_or_beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
    return overlong || surrogate_or_beyond ? 0 : bytes;
}

/* The beginning of a text as it can stand in a one-line message: whole characters, no controls. */
static void quote(const char *text, size_t length, char out[QUOTE_BYTES + 8]) {
    size_t used = 0;
    size_t at = 0;
    while (at < length) {
        size_t bytes = character_bytes(text + at, length - at);
        bool printable = bytes > 1 || (bytes == 1 && text[at] >= 0x20 && text[at] != 0x7F);
        if (used + (printable ? bytes : 1) > QUOTE_BYTES) break;
        if (printable) {
            memcpy(out + used, text + at, bytes);
            used += bytes;
        } else {
            out[used++] = '?';
        }
        at += bytes > 0 ? bytes : 1;
    }
    memcpy(out + used, at < length ? "..." : "", at < length ? 4 : 1);
}

static pdm_status fail_text(pdm_status code, const char *what, const char *text, size_t length, pdm_error *err) {
    char quoted[QUOTE_BYTES + 8];
    quote(text, length, quoted);
    return pdm__fail(err, code, -1, NULL, "%s: \"%s\"", what, quoted);
}

pdm_status pdm_money_parse(const char *text, size_t length, int32_t exponent, int64_t *minor, pdm_error *err) {
    PDM__TRY(check_call(exponent, minor, err));
    if (text == NULL && length > 0) return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "text must not be NULL");
    cursor c = {text == NULL ? "" : text, text == NULL ? "" : text + length};
    if (text == NULL) c.end = c.at;
    trim_front(&c);
    trim_back(&c);
    bool opened = take(&c, "(");
    bool negative = opened;
    bool wellformed = opened == take_back(&c, ")");
    if (!opened && !take(&c, "+")) negative = take(&c, "-") || take(&c, "\xE2\x88\x92");
    take_currency(&c);
    magnitude m = {0, false};
    wellformed = wellformed && take_whole(&c, &m) && take_decimals(&c, &m, exponent);
    if (!wellformed) return fail_text(PDM_E_BAD_VALUE, "no amount of money", text, length, err);
    if (c.at != c.end) {
        const char *what =
            count_digits(&c) == c.end - c.at ? "amount has a fraction of a minor unit" : "no amount of money";
        return fail_text(PDM_E_BAD_VALUE, what, text, length, err);
    }
    if (m.overflow || m.units > (uint64_t)INT64_MAX + negative) {
        return fail_text(PDM_E_OVERFLOW, "amount does not fit 64 bits of minor units", text, length, err);
    }
    *minor = negative ? (int64_t)(0 - m.units) : (int64_t)m.units;
    return PDM_OK;
}
