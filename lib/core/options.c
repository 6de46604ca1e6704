/* Options by the registry: defaults, ranges, names, text. */
#include "core/metric_ops.h"

#include <math.h>
#include <stdio.h>

const pdm_option_info *pdm__option_find(const pdm_metric *metric, const char *name) {
    for (int32_t i = 0; i < metric->option_count; i++) {
        if (strcmp(metric->options[i].name, name) == 0) return &metric->options[i];
    }
    return NULL;
}

bool pdm__option_is_wide(const pdm_option_info *info) {
    return info->type == PDM_OPTION_INT64 || info->type == PDM_OPTION_TIME || info->type == PDM_OPTION_DURATION;
}

static int64_t read_int(const pdm_option_info *info, const void *options) {
    const uint8_t *at = (const uint8_t *)options + info->offset;
    if (pdm__option_is_wide(info)) {
        int64_t wide = 0;
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    int32_t narrow = 0;
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
}

static void write_int(const pdm_option_info *info, void *options, int64_t value) {
    uint8_t *at = (uint8_t *)options + info->offset;
    if (pdm__option_is_wide(info)) {
        memcpy(at, &value, sizeof value);
        return;
    }
    int32_t narrow = (int32_t)value;
    memcpy(at, &narrow, sizeof narrow);
}

int64_t pdm__option_int(const pdm_metric *metric, const void *options, const char *name, int64_t fallback) {
    const pdm_option_info *info = pdm__option_find(metric, name);
    return info == NULL ? fallback : read_int(info, options);
}

static int64_t enum_count(const pdm_option_info *info) {
    int64_t count = 0;
    while (info->values[count] != NULL) count++;
    return count;
}

/* "midrank, pct_rank, ntile" for messages. */
static void list_values(const pdm_option_info *info, char *buffer, size_t capacity) {
    size_t used = 0;
    buffer[0] = '\0';
    for (int64_t i = 0; info->values[i] != NULL && used + 1 < capacity; i++) {
        int more = snprintf(buffer + used, capacity - used, "%s%s", i == 0 ? "" : ", ", info->values[i]);
        if (more < 0) return;
        used += (size_t)more;
    }
}

static pdm_status check_range(const pdm_option_info *info, int64_t value, pdm_error *err) {
    if (info->type == PDM_OPTION_ENUM) {
        char possible[200];
        list_values(info, possible, sizeof possible);
        if (value >= 0 && value < enum_count(info)) return PDM_OK;
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name, "option \"%s\": %lld is not one of %s", info->name,
                         (long long)value, possible);
    }
    int64_t low = info->type == PDM_OPTION_BOOL ? 0 : info->minimum;
    int64_t high = info->type == PDM_OPTION_BOOL ? 1 : info->maximum;
    if (value >= low && value <= high) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name, "option \"%s\": %lld is outside %lld…%lld", info->name,
                     (long long)value, (long long)low, (long long)high);
}

static pdm_status normalize_int(const pdm_option_info *info, void *options, pdm_error *err) {
    int64_t value = read_int(info, options);
    int64_t zero = pdm__option_is_wide(info) ? PDM_ZERO_INT64 : PDM_ZERO_INT32;
    if (value == 0) {
        value = info->type == PDM_OPTION_ENUM || info->type == PDM_OPTION_BOOL ? 0 : info->fallback;
        if (value == PDM_ZERO_INT64) { /* no default: stays "not given" */
            write_int(info, options, zero);
            return PDM_OK;
        }
        if (value == 0)
            return PDM_OK; /* 0 is the default, inside the range or not (then it means "as other options say") */
    } else if (value == zero) {
        value = 0;
    }
    PDM__TRY(check_range(info, value, err));
    write_int(info, options, value);
    return PDM_OK;
}

static pdm_status normalize_float(const pdm_option_info *info, void *options, pdm_error *err) {
    double value = 0.0;
    uint8_t *at = (uint8_t *)options + info->offset;
    memcpy(&value, at, sizeof value);
    if (value == 0.0) value = info->fallback_float;
    if (!(value >= 0.0 && value <= 1e300)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name, "option \"%s\": %g; a finite number ≥ 0 expected",
                         info->name, value);
    }
    memcpy(at, &value, sizeof value);
    return PDM_OK;
}

static pdm_status normalize_text(const pdm_option_info *info, void *options, pdm_error *err) {
    char *text = (char *)options + info->offset;
    if (memchr(text, '\0', 64) == NULL) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name, "option \"%s\": no NUL within 64 bytes", info->name);
    }
    size_t length = strlen(text);
    memset(text + length, 0, 64 - length); /* equal texts, equal bytes */
    return PDM_OK;
}

pdm_status pdm__options_normalize(const pdm_metric *metric, const void *given, void *out, pdm_error *err) {
    memset(out, 0, metric->options_size);
    if (given != NULL) {
        uint32_t size = 0;
        memcpy(&size, given, sizeof size);
        if (size < sizeof size || size > metric->options_size) {
            return pdm__fail(
                err, PDM_E_BAD_OPTION, -1, "struct_size",
                "options.struct_size is %u; metric \"%s\" of this library knows up to %u (use pdm_%s_options_default())",
                size, metric->name, metric->options_size, metric->name);
        }
        memcpy(out, given, size);
    }
    memcpy(out, &metric->options_size, sizeof metric->options_size);
    for (int32_t i = 0; i < metric->option_count; i++) {
        const pdm_option_info *info = &metric->options[i];
        if (info->type == PDM_OPTION_TEXT) {
            PDM__TRY(normalize_text(info, out, err));
        } else if (info->type == PDM_OPTION_FLOAT) {
            PDM__TRY(normalize_float(info, out, err));
        } else {
            PDM__TRY(normalize_int(info, out, err));
        }
    }
    return PDM_OK;
}

static size_t option_size(const pdm_option_info *info) {
    if (info->type == PDM_OPTION_TEXT) return 64;
    return pdm__option_is_wide(info) || info->type == PDM_OPTION_FLOAT ? 8 : 4;
}

const char *pdm__options_difference(const pdm_metric *metric, const void *a, const void *b) {
    for (int32_t i = 0; i < metric->option_count; i++) {
        const pdm_option_info *info = &metric->options[i];
        if (info->own != 0) continue;
        const uint8_t *x = (const uint8_t *)a + info->offset;
        const uint8_t *y = (const uint8_t *)b + info->offset;
        if (memcmp(x, y, option_size(info)) != 0) return info->name;
    }
    return NULL;
}

static pdm_status parse_enum(const pdm_option_info *info, const char *value, int64_t *out, pdm_error *err) {
    for (int64_t i = 0; info->values[i] != NULL; i++) {
        if (strcmp(info->values[i], value) != 0) continue;
        *out = i;
        return PDM_OK;
    }
    char possible[200];
    list_values(info, possible, sizeof possible);
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name, "option \"%s\": \"%.60s\" is not one of %s", info->name,
                     value, possible);
}

static pdm_status parse_int(const pdm_option_info *info, const char *value, int64_t *out, pdm_error *err) {
    int64_t number = 0;
    const char *digits = value[0] == '-' || value[0] == '+' ? value + 1 : value;
    bool good = digits[0] != '\0';
    for (const char *d = digits; good && *d != '\0'; d++) {
        good = *d >= '0' && *d <= '9' && !__builtin_mul_overflow(number, 10, &number) &&
               !__builtin_sub_overflow(number, (int64_t)(*d - '0'), &number); /* counted down: holds INT64_MIN too */
    }
    if (good && value[0] != '-') good = !__builtin_sub_overflow((int64_t)0, number, &number);
    if (!good) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name, "option \"%s\": \"%.60s\" is no whole number (int64)",
                         info->name, value);
    }
    *out = number;
    return PDM_OK;
}

/* "7d": a whole number and a unit; "unlimited" is the longest there is. A bare number is µs. */
static pdm_status parse_duration(const pdm_option_info *info, const char *value, int64_t *out, pdm_error *err) {
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"us", 1},           {"ms", 1000},         {"s", 1000000},       {"m", 60000000},
                 {"h", 3600000000LL}, {"d", 86400000000LL}, {"w", 604800000000LL}};
    char digits[32];
    size_t length = 0;
    while (length < sizeof digits - 1 && value[length] >= '0' && value[length] <= '9') length++;
    if (strcmp(value, "unlimited") == 0) {
        *out = INT64_MAX;
        return PDM_OK;
    }
    if (length == 0 || value[length] == '\0') return parse_int(info, value, out, err);
    memcpy(digits, value, length);
    digits[length] = '\0';
    PDM__TRY(parse_int(info, digits, out, err));
    for (size_t u = 0; u < PDM__COUNT(units); u++) {
        if (strcmp(value + length, units[u].name) != 0) continue;
        if (!__builtin_mul_overflow(*out, units[u].us, out)) return PDM_OK;
        return pdm__fail(err, PDM_E_OVERFLOW, -1, info->name, "option \"%s\": \"%.60s\" exceeds int64 µs", info->name,
                         value);
    }
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name,
                     "option \"%s\": \"%.60s\"; a whole number and us, ms, s, m, h, d or w expected, or unlimited",
                     info->name, value);
}

static pdm_status set_int(const pdm_option_info *info, void *options, const char *value, pdm_error *err) {
    int64_t number = 0;
    if (info->type == PDM_OPTION_ENUM) {
        PDM__TRY(parse_enum(info, value, &number, err));
    } else if (info->type == PDM_OPTION_BOOL) {
        bool yes = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
        bool no = strcmp(value, "false") == 0 || strcmp(value, "0") == 0;
        if (!yes && !no) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, info->name, "option \"%s\": \"%.60s\"; true or false expected",
                             info->name, value);
        }
        number = yes ? 1 : 0;
    } else {
        PDM__TRY(info->type == PDM_OPTION_DURATION ? parse_duration(info, value, &number, err)
                                                   : parse_int(info, value, &number, err));
        PDM__TRY(check_range(info, number, err));
        if (number == 0 && info->fallback != 0) number = pdm__option_is_wide(info) ? PDM_ZERO_INT64 : PDM_ZERO_INT32;
    }
    write_int(info, options, number);
    return PDM_OK;
}

/* "0.95": at most 15 digits, so that one exact division gives the nearest double; strtod would obey the locale. */
static bool parse_decimal(const char *text, double *out) {
    uint64_t digits = 0;
    double scale = 1.0;
    int32_t count = 0;
    bool point = false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || ++count > 15) return false;
        digits = digits * 10 + (uint64_t)(*text - '0');
        if (point) scale *= 10.0;
    }
    *out = (double)digits / scale;
    return count > 0;
}

static int32_t hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* "0x1.5555555555555p-2", as C's %a writes it: every finite double, exactly. */
static bool parse_hexadecimal(const char *text, double *out) {
    uint64_t digits = 0;
    int32_t count = 0;
    int32_t exponent = 0;
    int32_t power = 0;
    bool point = false;
    if (strncmp(text, "0x", 2) != 0) return false;
    for (text += 2; *text != 'p'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (hex_digit(*text) < 0 || ++count > 14) return false;
        digits = digits * 16 + (uint64_t)hex_digit(*text);
        if (point) exponent -= 4;
    }
    bool negative = *++text == '-';
    if (*text == '-' || *text == '+') text++;
    if (count == 0 || *text == '\0') return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || power > 10000) return false;
        power = power * 10 + (*text - '0');
    }
    *out = ldexp((double)digits, exponent + (negative ? -power : power));
    return isfinite(*out);
}

pdm_status pdm_options_set(const pdm_metric *metric, void *options, const char *name, const char *value,
                           pdm_error *err) {
    if (metric == NULL || options == NULL || name == NULL || value == NULL) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "metric, options, name and value must not be NULL");
    }
    const pdm_option_info *info = pdm__option_find(metric, name);
    if (info == NULL) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "metric \"%s\" has no option \"%.60s\"", metric->name, name);
    }
    uint8_t *at = (uint8_t *)options + info->offset;
    if (info->type == PDM_OPTION_TEXT) {
        size_t length = strlen(value);
        if (length > 63) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "option \"%s\": the text has %zu bytes, 63 fit", name,
                             length);
        }
        memset(at, 0, 64);
        memcpy(at, value, length);
        return PDM_OK;
    }
    if (info->type != PDM_OPTION_FLOAT) return set_int(info, options, value, err);
    double number = 0.0;
    if (!parse_decimal(value, &number) && !parse_hexadecimal(value, &number)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, name,
                         "option \"%s\": \"%.60s\"; a decimal number ≥ 0 of at most 15 digits expected", name, value);
    }
    memcpy(at, &number, sizeof number);
    return PDM_OK;
}
