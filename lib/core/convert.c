#include "core/convert.h"

#include "core/items.h"

#include <pdmetrics/money.h>

#include <math.h>

static bool is_float(int32_t type) { return type == PDM_TYPE_FLOAT64 || type == PDM_TYPE_FLOAT32; }
static bool is_time(int32_t type) { return type >= PDM_TYPE_DATE32 && type <= PDM_TYPE_TIMESTAMP_NS; }

static const char *const type_names[] = {
    "unsupported", "int8",   "int16",        "int32",         "int64",         "uint8",         "uint16",
    "uint32",      "uint64", "float64",      "bool",          "utf8",          "large_utf8",    "utf8_view",
    "dictionary",  "date32", "timestamp[s]", "timestamp[ms]", "timestamp[us]", "timestamp[ns]", "decimal128",
    "float32",     "null",   "list",         "large_list",
};

static const char *type_name(int32_t type) {
    return type >= 0 && type < PDM__COUNT(type_names) ? type_names[type] : "unknown";
}

static bool serves(int32_t role, int32_t type) {
    switch (role) {
    case PDM_ROLE_KEY: return pdm__is_integer(type) || pdm__is_text(type);
    case PDM_ROLE_TIME: return is_time(type) || type == PDM_TYPE_INT64;
    case PDM_ROLE_MONEY: return pdm__is_integer(type) || is_float(type) || type == PDM_TYPE_DECIMAL128;
    case PDM_ROLE_INTEGER: return pdm__is_integer(type) || is_float(type) || type == PDM_TYPE_BOOL;
    case PDM_ROLE_FLOAT: return pdm__is_integer(type) || is_float(type);
    case PDM_ROLE_TEXT: return pdm__is_text(type);
    case PDM_ROLE_FLAG: return pdm__is_integer(type) || type == PDM_TYPE_BOOL;
    default: return false;
    }
}

static const char *wanted(int32_t role) {
    switch (role) {
    case PDM_ROLE_KEY: return "integers or text";
    case PDM_ROLE_TIME: return "timestamp, date32, or int64 µs since the epoch";
    case PDM_ROLE_MONEY: return "integers in minor units, decimal128, or floats with currency_exponent";
    case PDM_ROLE_INTEGER: return "integers or booleans";
    case PDM_ROLE_FLOAT: return "numbers";
    case PDM_ROLE_FLAG: return "booleans or integers";
    default: return "text";
    }
}

static const char *items_wanted(int32_t role) { return role == PDM_ROLE_INTEGER ? "integers" : "text"; }

static const char *items_name(const pdm_column *items) {
    if (items == NULL) return "nothing";
    if (items->type == PDM_TYPE_DICTIONARY && items->dictionary != NULL) items = items->dictionary;
    return type_name(items->type);
}

static pdm_status check_type(const pdm_column_info *info, const pdm_column *column, int32_t currency_exponent,
                             pdm_error *err) {
    int32_t type = column->type;
    if (type == PDM_TYPE_ALL_NULL) return PDM_OK;
    if (type == PDM_TYPE_DICTIONARY) {
        bool good = column->dictionary != NULL && pdm__is_integer(column->index_type) &&
                    serves(info->role, column->dictionary->type) &&
                    (info->role == PDM_ROLE_KEY || info->role == PDM_ROLE_TEXT);
        if (good) return PDM_OK;
        return pdm__fail(err, PDM_E_BAD_TYPE, -1, info->name, "column \"%s\": dictionary of %s; %s expected",
                         info->name, column->dictionary == NULL ? "nothing" : type_name(column->dictionary->type),
                         wanted(info->role));
    }
    if (pdm__is_list(type) && info->items != 0) {
        if (pdm__items_serve(info->items, column->items)) return PDM_OK;
        return pdm__fail(err, PDM_E_BAD_TYPE, -1, info->name, "column \"%s\": lists of %s; lists of %s expected",
                         info->name, items_name(column->items), items_wanted(info->items));
    }
    if (!serves(info->role, type)) {
        return pdm__fail(err, PDM_E_BAD_TYPE, -1, info->name, "column \"%s\": type %s; %s%s%s expected", info->name,
                         type_name(type), wanted(info->role), info->items == 0 ? "" : " or lists of ",
                         info->items == 0 ? "" : items_wanted(info->items));
    }
    if (info->role == PDM_ROLE_MONEY && is_float(type) && currency_exponent < 0) {
        return pdm__fail(err, PDM_E_BAD_TYPE, -1, info->name,
                         "column \"%s\": floats need option currency_exponent (2 if 12.34 means 1234 minor units)",
                         info->name);
    }
    return PDM_OK;
}

/* Without values there must be no row; text needs offsets too. */
static bool buffers_present(const pdm_column *column, int64_t rows) {
    if (rows == 0 || column->type == PDM_TYPE_ALL_NULL) return true;
    if (column->type == PDM_TYPE_UTF8 || column->type == PDM_TYPE_LARGE_UTF8) return column->offsets != NULL;
    return pdm__is_list(column->type) ? column->offsets != NULL : column->values != NULL;
}

/* The same of the values of a dictionary, and of the items of lists, which may have a dictionary. */
static bool inner_present(const pdm_column *column, int64_t length) {
    if (length < 0 || column->offset < 0 || column->offset > INT64_MAX / 16 - length) return false;
    if (!buffers_present(column, length)) return false;
    return column->type != PDM_TYPE_DICTIONARY || inner_present(column->dictionary, column->dictionary_length);
}

pdm_status pdm__convert_check(const pdm_column_info *info, const pdm_column *column, int32_t currency_exponent,
                              int64_t rows, pdm_error *err) {
    PDM__TRY(check_type(info, column, currency_exponent, err));
    bool good = buffers_present(column, rows) && column->offset >= 0;
    if (pdm__is_list(column->type)) good = good && inner_present(column->items, column->dictionary_length);
    if (column->type == PDM_TYPE_DICTIONARY)
        good = good && inner_present(column->dictionary, column->dictionary_length);
    if (good) return PDM_OK;
    return pdm__fail(err, PDM_E_ARGUMENT, -1, info->name, "column \"%s\": a buffer is NULL or an offset negative",
                     info->name);
}

int32_t pdm__convert_key_kind(const pdm_column_info *info, const pdm_column *column) {
    if (info->role != PDM_ROLE_KEY && info->role != PDM_ROLE_TEXT) return PDM__KEY_NONE;
    int32_t type = column->type == PDM_TYPE_DICTIONARY ? column->dictionary->type : column->type;
    if (type == PDM_TYPE_ALL_NULL) return PDM__KEY_NONE;
    if (pdm__is_text(type) || pdm__is_list(type))
        return PDM__KEY_TEXT; /* lists stand for the text that is made of them */
    return type == PDM_TYPE_UINT64 ? PDM__KEY_UINT : PDM__KEY_INT;
}

static uint8_t read_bit(const pdm_column *column, int64_t at) { return pdm__bit_at(column->validity, at) ? 1 : 0; }

/* The rows' validity as bytes; false if all are present. */
static bool read_validity(const pdm_column *column, int64_t at, size_t rows, uint8_t *valid) {
    if (column->type == PDM_TYPE_ALL_NULL) {
        memset(valid, 0, rows);
        return rows > 0;
    }
    if (column->validity == NULL) return false;
    size_t present = 0;
    size_t r = 0;
    for (; r < rows && ((at + (int64_t)r) & 7) != 0; r++) present += valid[r] = read_bit(column, at + (int64_t)r);
    for (; r + 8 <= rows; r += 8) { /* a byte of bits becomes eight bytes */
        uint64_t bits = ((const uint8_t *)column->validity)[(at + (int64_t)r) >> 3];
        uint64_t eight = bits * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
        eight = ((eight + UINT64_C(0x7F7F7F7F7F7F7F7F)) | eight) >> 7 & UINT64_C(0x0101010101010101);
        memcpy(valid + r, &eight, sizeof eight);
        present += (size_t)__builtin_popcountll(eight);
    }
    for (; r < rows; r++) present += valid[r] = read_bit(column, at + (int64_t)r);
    return present < rows;
}

/* An integer of any width, sign- or zero-extended; memcpy because a caller's buffer may begin anywhere. */
#define WIDEN(ctype, widened)                                                                                          \
    do {                                                                                                               \
        const uint8_t *from = (const uint8_t *)values + (size_t)at * sizeof(ctype);                                    \
        for (size_t r = 0; r < rows; r++) {                                                                            \
            ctype one;                                                                                                 \
            memcpy(&one, from + r * sizeof one, sizeof one);                                                           \
            words[r] = (uint64_t)(widened)one;                                                                         \
        }                                                                                                              \
    } while (0)

void pdm__convert_widen(int32_t type, const void *values, int64_t at, size_t rows, uint64_t *words) {
    switch (type) {
    case PDM_TYPE_INT8: WIDEN(int8_t, int64_t); break;
    case PDM_TYPE_INT16: WIDEN(int16_t, int64_t); break;
    case PDM_TYPE_INT32: WIDEN(int32_t, int64_t); break;
    case PDM_TYPE_DATE32: WIDEN(int32_t, int64_t); break;
    case PDM_TYPE_UINT8: WIDEN(uint8_t, uint64_t); break;
    case PDM_TYPE_UINT16: WIDEN(uint16_t, uint64_t); break;
    case PDM_TYPE_UINT32: WIDEN(uint32_t, uint64_t); break;
    default: WIDEN(uint64_t, uint64_t); break;
    }
}

typedef struct job {
    const pdm__ingest *in;
    const pdm_column_info *info;
    const pdm_column *column;
    int64_t first; /* row of the batch, for messages */
    int64_t at;    /* position in the buffers */
    size_t rows;
    int32_t scale;        /* PDM__SCALE(places) or 0 */
    const uint8_t *valid; /* NULL = all present */
    const pdm__convert_to *to;
    pdm__cells *out;
} job;

static bool present(const job *j, size_t r) { return j->valid == NULL || j->valid[r] != 0; }

static void point_or_widen(const job *j, int32_t type) {
    bool aligned = ((uintptr_t)j->column->values & 7U) == 0;
    if (aligned && (type == PDM_TYPE_INT64 || type == PDM_TYPE_UINT64 || type >= PDM_TYPE_TIMESTAMP_S) &&
        j->valid == NULL) {
        j->out->words = (const uint64_t *)j->column->values + j->at;
        return;
    }
    pdm__convert_widen(type, j->column->values, j->at, j->rows, j->to->words);
    j->out->words = j->to->words;
    /* What lies under a null is undefined; sums over it must not trip. */
    for (size_t r = 0; j->valid != NULL && r < j->rows; r++) j->to->words[r] = j->valid[r] != 0 ? j->to->words[r] : 0;
}

static pdm_status too_big(const job *j, size_t r, const char *what, pdm_error *err) {
    int64_t row = j->first + (int64_t)r;
    return pdm__fail(err, PDM_E_OVERFLOW, row, j->info->name, "row %lld, column \"%s\": %s", (long long)row,
                     j->info->name, what);
}

static double float_at(const pdm_column *column, int64_t at) {
    float narrow = 0.0F;
    double wide = 0.0;
    if (column->type == PDM_TYPE_FLOAT32) {
        memcpy(&narrow, (const uint8_t *)column->values + (size_t)at * sizeof narrow, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, (const uint8_t *)column->values + (size_t)at * sizeof wide, sizeof wide);
    return wide;
}

/* A float32 stands for its own shortest decimal, which is not that of the double it widens to. */
static double amount_at(const pdm_column *column, int64_t at, int32_t exponent) {
    double value = float_at(column, at);
    if (column->type != PDM_TYPE_FLOAT32) return value;
    double power = 1.0;
    for (int32_t i = 0; i < exponent; i++) power *= 10.0;
    double decimal = round(value * power) / power;
    return (float)decimal == (float)value ? decimal : value;
}

/* Amounts and counts from uint64 must fit int64. */
static pdm_status convert_integer(const job *j, pdm_error *err) {
    point_or_widen(j, j->column->type);
    if (j->column->type != PDM_TYPE_UINT64) return PDM_OK;
    for (size_t r = 0; r < j->rows; r++) {
        if (j->out->words[r] > (uint64_t)INT64_MAX) return too_big(j, r, "the value does not fit int64", err);
    }
    return PDM_OK;
}

/* Integers of a column with decimal places of its own are numbers like the others. */
static pdm_status scale_integers(const job *j, int32_t places, pdm_error *err) {
    int64_t power = 1;
    PDM__TRY(convert_integer(j, err));
    const uint64_t *from = j->out->words;
    j->out->words = j->to->words;
    for (int32_t i = 0; i < places; i++) power *= 10;
    for (size_t r = 0; r < j->rows; r++) {
        int64_t scaled = 0;
        int64_t value = present(j, r) ? (int64_t)from[r] : 0;
        if (__builtin_mul_overflow(value, power, &scaled)) return too_big(j, r, "scaled it does not fit int64", err);
        j->to->words[r] = (uint64_t)scaled;
    }
    return PDM_OK;
}

static pdm_status convert_money(const job *j, pdm_error *err) {
    const pdm_column *column = j->column;
    if (pdm__is_integer(column->type))
        return j->scale == 0 ? convert_integer(j, err) : scale_integers(j, j->scale - 1, err);
    int32_t exponent = j->scale > 0 ? j->scale - 1 : j->in->currency_exponent < 0 ? 2 : j->in->currency_exponent;
    j->out->words = j->to->words;
    for (size_t r = 0; r < j->rows; r++) {
        int64_t minor = 0;
        pdm_status status = PDM_OK;
        if (present(j, r) && column->type == PDM_TYPE_DECIMAL128) {
            uint64_t halves[2];
            memcpy(halves, (const uint8_t *)column->values + 16 * (size_t)(j->at + (int64_t)r), sizeof halves);
            status = pdm_money_from_decimal(halves[0], (int64_t)halves[1], column->scale, exponent, &minor, err);
        } else if (present(j, r)) {
            status = pdm_money_from_double(amount_at(column, j->at + (int64_t)r, exponent), exponent, &minor, err);
        }
        if (status != PDM_OK) {
            pdm_error inner;
            pdm_error_reset(&inner);
            if (err != NULL) inner = *err;
            int64_t row = j->first + (int64_t)r;
            return pdm__fail(err, status, row, j->info->name, "row %lld, column \"%s\": %s", (long long)row,
                             j->info->name, inner.message);
        }
        j->to->words[r] = (uint64_t)minor;
    }
    return PDM_OK;
}

static pdm_status convert_whole(const job *j, pdm_error *err) {
    if (pdm__is_integer(j->column->type)) return convert_integer(j, err);
    if (j->column->type == PDM_TYPE_BOOL) {
        j->out->words = j->to->words;
        for (size_t r = 0; r < j->rows; r++)
            j->to->words[r] = present(j, r) && pdm__bit_at(j->column->values, j->at + (int64_t)r) ? 1 : 0;
        return PDM_OK;
    }
    j->out->words = j->to->words;
    for (size_t r = 0; r < j->rows; r++) {
        double value = present(j, r) ? float_at(j->column, j->at + (int64_t)r) : 0.0;
        if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0) || value != floor(value)) {
            int64_t row = j->first + (int64_t)r;
            return pdm__fail(err, PDM_E_BAD_VALUE, row, j->info->name, "row %lld, column \"%s\": %g is no whole number",
                             (long long)row, j->info->name, value);
        }
        j->to->words[r] = (uint64_t)(int64_t)value;
    }
    return PDM_OK;
}

static pdm_status convert_float(const job *j, pdm_error *err) {
    const pdm_column *column = j->column;
    j->out->words = j->to->words;
    if (pdm__is_integer(column->type)) pdm__convert_widen(column->type, column->values, j->at, j->rows, j->to->words);
    for (size_t r = 0; r < j->rows; r++) {
        double value = 0.0;
        if (present(j, r) && column->type == PDM_TYPE_UINT64) {
            value = (double)j->to->words[r];
        } else if (present(j, r) && pdm__is_integer(column->type)) {
            value = (double)(int64_t)j->to->words[r];
        } else if (present(j, r)) {
            value = float_at(column, j->at + (int64_t)r);
        }
        if (!isfinite(value)) {
            int64_t row = j->first + (int64_t)r;
            return pdm__fail(err, PDM_E_BAD_VALUE, row, j->info->name,
                             "row %lld, column \"%s\": %g; a finite number expected", (long long)row, j->info->name,
                             value);
        }
        memcpy(&j->to->words[r], &value, sizeof value);
    }
    return PDM_OK;
}

/* µs = word · factor; for naive times, read on the calendar's clock. */
static pdm_status scale_times(const job *j, int64_t factor, bool local, pdm_error *err) {
    const uint64_t *from = j->out->words;
    j->out->words = j->to->words;
    for (size_t r = 0; r < j->rows; r++) {
        int64_t time = 0;
        if (__builtin_mul_overflow((int64_t)from[r], factor, &time))
            return too_big(j, r, "the time does not fit int64 µs", err);
        if (local && present(j, r)) time = pdm_calendar_from_local(j->in->calendar, time);
        j->to->words[r] = (uint64_t)time;
    }
    return PDM_OK;
}

static pdm_status convert_time(const job *j, pdm_error *err) {
    int32_t type = j->column->type;
    point_or_widen(j, type);
    bool local = j->column->naive != 0 && j->in->naive_local;
    switch (type) {
    case PDM_TYPE_DATE32: return scale_times(j, INT64_C(86400000000), true, err);
    case PDM_TYPE_TIMESTAMP_S: return scale_times(j, 1000000, local, err);
    case PDM_TYPE_TIMESTAMP_MS: return scale_times(j, 1000, local, err);
    case PDM_TYPE_TIMESTAMP_NS: {
        const uint64_t *from = j->out->words;
        j->out->words = j->to->words;
        for (size_t r = 0; r < j->rows; r++) {
            int64_t ns = (int64_t)from[r];
            int64_t us = ns / 1000 - (ns % 1000 < 0 ? 1 : 0);
            j->to->words[r] = (uint64_t)us;
        }
        return local ? scale_times(j, 1, true, err) : PDM_OK;
    }
    default: return local ? scale_times(j, 1, true, err) : PDM_OK;
    }
}

static pdm_status bad_text(const job *j, size_t r, const char *what, pdm_error *err) {
    int64_t row = j->first + (int64_t)r;
    return pdm__fail(err, PDM_E_BAD_VALUE, row, j->info->name, "row %lld, column \"%s\": %s", (long long)row,
                     j->info->name, what);
}

/* RFC 3629, fast where all is ASCII. */
bool pdm__is_utf8(const uint8_t *s, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t eight = 0;
        memcpy(&eight, s + i, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0) break;
    }
    while (i < n) {
        uint8_t c = s[i];
        if (c < 0x80) {
            i++;
            continue;
        }
        size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        if (c < 0xC2 || c > 0xF4 || n - i <= more) return false;
        uint8_t d = s[i + 1];
        if ((c == 0xE0 && d < 0xA0) || (c == 0xED && d > 0x9F) || (c == 0xF0 && d < 0x90) || (c == 0xF4 && d > 0x8F))
            return false;
        for (size_t k = 1; k <= more; k++) {
            if ((s[i + k] & 0xC0U) != 0x80U) return false;
        }
        i += more + 1;
    }
    return true;
}

bool pdm__convert_text_at(const pdm_column *column, int64_t at, const uint8_t **bytes, uint64_t *length) {
    if (column->type == PDM_TYPE_UTF8_VIEW) {
        const uint8_t *view = (const uint8_t *)column->values + 16 * (size_t)at;
        int32_t head[4];
        memcpy(head, view, sizeof head);
        if (head[0] < 0) return false;
        *length = (uint64_t)head[0];
        if (head[0] <= 12) {
            *bytes = view + 4;
            return true;
        }
        if (head[2] < 0 || head[2] >= column->variadic_count || head[3] < 0 || column->variadic == NULL) return false;
        if (column->variadic_sizes != NULL && (int64_t)head[3] + head[0] > column->variadic_sizes[head[2]])
            return false;
        *bytes = (const uint8_t *)column->variadic[head[2]] + head[3];
        return true;
    }
    int32_t narrow[2];
    int64_t wide[2];
    if (column->type == PDM_TYPE_UTF8) {
        memcpy(narrow, (const uint8_t *)column->offsets + (size_t)at * sizeof *narrow, sizeof narrow);
        wide[0] = narrow[0];
        wide[1] = narrow[1];
    } else {
        memcpy(wide, (const uint8_t *)column->offsets + (size_t)at * sizeof *wide, sizeof wide);
    }
    int64_t from = wide[0];
    int64_t to = wide[1];
    if (from < 0 || to < from || (to > from && column->values == NULL)) return false;
    *bytes = to == from ? (const uint8_t *)"" : (const uint8_t *)column->values + from;
    *length = (uint64_t)(to - from);
    return true;
}

#define ASCII_BLOCK ((size_t)1 << 20) /* texts of a block are seldom longer */

/* Bytes of a block's texts that are known to be ASCII; from == to: nothing is known. */
typedef struct ascii_range {
    const uint8_t *from;
    const uint8_t *to;
} ascii_range;

/* Texts behind offsets lie side by side: looked at all together they cost a fraction. */
static ascii_range find_ascii(const job *j) {
    const uint8_t *first = NULL;
    const uint8_t *last = NULL;
    uint64_t length = 0;
    uint64_t all = 0;
    ascii_range none = {NULL, NULL};
    if (j->column->type == PDM_TYPE_UTF8_VIEW) return none;
    /* Empty texts point nowhere, and offsets that run backwards are found later: then the rows are looked at one by one. */
    if (!pdm__convert_text_at(j->column, j->at, &first, &length) || length == 0) return none;
    if (!pdm__convert_text_at(j->column, j->at + (int64_t)j->rows - 1, &last, &length) || length == 0) return none;
    last += length;
    if (last < first || (size_t)(last - first) > ASCII_BLOCK) return none;
    const uint8_t *at = first;
    for (; last - at >= 8; at += 8) {
        uint64_t eight = 0;
        memcpy(&eight, at, sizeof eight);
        all |= eight;
    }
    for (; at < last; at++) all |= *at;
    return (all & UINT64_C(0x8080808080808080)) == 0 ? (ascii_range){first, last} : none;
}

static pdm_status put_text(const job *j, const ascii_range *ascii, size_t r, const pdm_column *column, int64_t at,
                           pdm_error *err) {
    const uint8_t *bytes = NULL;
    uint64_t length = 0;
    if (!pdm__convert_text_at(column, at, &bytes, &length))
        return bad_text(j, r, "the text's offsets run backwards or out of its buffers", err);
    if (length > UINT32_MAX) return bad_text(j, r, "the text is longer than 4 GiB", err);
    bool known = ascii != NULL && bytes >= ascii->from && bytes + length <= ascii->to;
    if (!known && !pdm__is_utf8(bytes, (size_t)length)) return bad_text(j, r, "the text is not valid UTF-8", err);
    j->to->words[r] = (uint64_t)(uintptr_t)bytes;
    j->to->lengths[r] = length;
    return PDM_OK;
}

static pdm_status convert_text(const job *j, pdm_error *err) {
    j->out->words = j->to->words;
    j->out->lengths = j->to->lengths;
    ascii_range ascii = find_ascii(j);
    for (size_t r = 0; r < j->rows; r++) {
        j->to->words[r] = 0;
        j->to->lengths[r] = 0;
        if (present(j, r)) PDM__TRY(put_text(j, &ascii, r, j->column, j->at + (int64_t)r, err));
    }
    return PDM_OK;
}

static pdm_status convert_flag(const job *j) {
    uint64_t *words = j->to->words;
    j->out->words = words;
    if (j->column->type == PDM_TYPE_BOOL) {
        for (size_t r = 0; r < j->rows; r++) words[r] = pdm__bit_at(j->column->values, j->at + (int64_t)r) ? 1 : 0;
    } else {
        pdm__convert_widen(j->column->type, j->column->values, j->at, j->rows, words);
    }
    for (size_t r = 0; r < j->rows; r++) words[r] = words[r] != 0 && present(j, r) ? 1 : 0;
    j->out->valid = NULL; /* a condition that is not known is not satisfied */
    return PDM_OK;
}

/* Texts of a dictionary that rows of the block had before. */
#define SEEN_TEXTS 128
typedef struct seen_texts {
    bool seen[SEEN_TEXTS];
    uint64_t words[SEEN_TEXTS];
    uint64_t lengths[SEEN_TEXTS];
} seen_texts;

/* Indices first (checked), then what they point to; a null in the dictionary is a null row. */
static pdm_status convert_dictionary(const job *j, pdm_error *err) {
    const pdm_column *values = j->column->dictionary;
    pdm__convert_widen(j->column->index_type, j->column->values, j->at, j->rows, j->to->words);
    j->out->words = j->to->words;
    bool text = pdm__is_text(values->type);
    if (text) j->out->lengths = j->to->lengths;
    ascii_range ascii = {NULL, NULL};
    if (text && j->column->dictionary_length <= (int64_t)j->rows) { /* few texts are looked at once, not row by row */
        job all = {.column = values, .at = values->offset, .rows = (size_t)j->column->dictionary_length};
        if (all.rows > 0) ascii = find_ascii(&all);
    }
    seen_texts texts;
    memset(texts.seen, 0, sizeof texts.seen);
    for (size_t r = 0; r < j->rows; r++) {
        uint64_t index = j->to->words[r];
        if (index < SEEN_TEXTS && texts.seen[index] && present(j, r)) {
            j->to->words[r] = texts.words[index];
            j->to->lengths[r] = texts.lengths[index];
            continue;
        }
        j->to->words[r] = 0;
        if (text) j->to->lengths[r] = 0;
        if (!present(j, r)) continue;
        if (index >= (uint64_t)j->column->dictionary_length)
            return bad_text(j, r, "the dictionary has no such entry", err);
        int64_t at = values->offset + (int64_t)index;
        if (values->validity != NULL && !pdm__bit_at(values->validity, at)) {
            if (j->out->valid == NULL) memset(j->to->valid, 1, j->rows);
            j->out->valid = j->to->valid;
            j->to->valid[r] = 0;
            continue;
        }
        if (text) {
            PDM__TRY(put_text(j, &ascii, r, values, at, err));
            if (index < SEEN_TEXTS) {
                texts.seen[index] = true;
                texts.words[index] = j->to->words[r];
                texts.lengths[index] = j->to->lengths[r];
            }
        } else {
            pdm__convert_widen(values->type, values->values, at, 1, &j->to->words[r]);
        }
    }
    return PDM_OK;
}

pdm_status pdm__convert(const pdm__ingest *in, int32_t c, int64_t first, size_t rows, const pdm__convert_to *to,
                        pdm__cells *out, pdm_error *err) {
    const pdm_column *column = in->columns[c];
    job j = {
        .in = in, .info = &in->infos[c], .column = column, .first = first, .at = column->offset + first, .rows = rows};
    j.to = to;
    j.out = out;
    j.scale = in->scales == NULL ? 0 : in->scales[c];
    out->present = true;
    if (read_validity(column, j.at, rows, to->valid)) out->valid = to->valid;
    j.valid = out->valid;
    if (column->type == PDM_TYPE_ALL_NULL || rows == 0) { /* no buffer need be there */
        memset(to->words, 0, rows * sizeof *to->words);
        memset(to->lengths, 0, rows * sizeof *to->lengths);
        out->words = to->words;
        out->lengths = to->lengths;
        return PDM_OK;
    }
    if (column->type == PDM_TYPE_DICTIONARY) return convert_dictionary(&j, err);
    if (pdm__is_list(column->type)) return pdm__items_convert(j.info, column, first, rows, to, out, err);
    switch (j.info->role) {
    case PDM_ROLE_TIME: return convert_time(&j, err);
    case PDM_ROLE_MONEY: return convert_money(&j, err);
    case PDM_ROLE_INTEGER: return convert_whole(&j, err);
    case PDM_ROLE_FLOAT: return convert_float(&j, err);
    case PDM_ROLE_TEXT: return convert_text(&j, err);
    case PDM_ROLE_FLAG: return convert_flag(&j);
    default: break;
    }
    if (pdm__is_text(column->type)) return convert_text(&j, err);
    point_or_widen(&j, column->type);
    return PDM_OK;
}
