/* Options by the registry, for every metric: every value of every option, by text and by number, ranges, zeros, foreign structs. */
#include "cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/metric_ops.h"

typedef struct options {
    uint64_t words[CASE_OPTIONS / 8];
} options;

static options defaults(const pdm_metric *metric) {
    options o;
    memset(&o, 0, sizeof o);
    memcpy(&o, &metric->options_size, sizeof metric->options_size);
    return o;
}

static bool is_wide(const pdm_option_info *info) {
    return info->type == PDM_OPTION_INT64 || info->type == PDM_OPTION_TIME || info->type == PDM_OPTION_DURATION;
}

static int64_t integer_of(const pdm_option_info *info, const void *at) {
    int32_t narrow = 0;
    int64_t wide = 0;
    memcpy(is_wide(info) ? (void *)&wide : (void *)&narrow, (const uint8_t *)at + info->offset, is_wide(info) ? 8 : 4);
    return is_wide(info) ? wide : narrow;
}

static void put_integer(const pdm_option_info *info, void *at, int64_t value) {
    int32_t narrow = (int32_t)value;
    memcpy((uint8_t *)at + info->offset, is_wide(info) ? (const void *)&value : (const void *)&narrow,
           is_wide(info) ? 8 : 4);
}

typedef void (*visit)(const pdm_metric *metric, const pdm_option_info *info);

static void for_each(visit call) {
    for (int32_t m = 0; m < pdm_metric_count(); m++) {
        const pdm_metric *metric = pdm_metric_at(m);
        for (int32_t i = 0; i < metric->option_count; i++) call(metric, &metric->options[i]);
    }
}

/* ---- the registry itself ---- */

static void test_registry(void **unused) {
    (void)unused;
    assert_null(pdm_metric_at(-1));
    assert_null(pdm_metric_at(pdm_metric_count()));
    assert_null(pdm_metric_find("no such metric"));
    assert_null(pdm_metric_find(NULL));
    for (int32_t m = 0; m < pdm_metric_count(); m++) {
        const pdm_metric *metric = pdm_metric_at(m);
        assert_ptr_equal(pdm_metric_find(metric->name), metric);
        assert_true(metric->column_count <= PDM__MAX_COLUMNS && metric->options_size <= CASE_OPTIONS);
        assert_true(metric->summary[0] != '\0' && metric->title[0] != '\0' && metric->title_zh[0] != '\0');
        for (int32_t l = 0; l < metric->list_count; l++) assert_true(metric->lists[l].column_count <= PDM__MAX_COLUMNS);
    }
}

/* Options lie within the struct, do not overlap, and are told of. */
static void check_place(const pdm_metric *metric, const pdm_option_info *info) {
    size_t size = info->type == PDM_OPTION_TEXT ? 64 : is_wide(info) || info->type == PDM_OPTION_FLOAT ? 8 : 4;
    assert_int_equal(pdm__option_is_wide(info), is_wide(info));
    assert_true(info->offset >= 4 && info->offset + size <= metric->options_size);
    assert_true(info->doc[0] != '\0' && info->unit != NULL);
    for (int32_t i = 0; i < metric->option_count; i++) {
        const pdm_option_info *other = &metric->options[i];
        if (other == info) continue;
        assert_string_not_equal(other->name, info->name);
        assert_true(other->offset < info->offset || other->offset >= info->offset + size);
    }
    assert_ptr_equal(pdm__option_find(metric, info->name), info);
}

static void test_places(void **unused) {
    (void)unused;
    for_each(check_place);
}

/* ---- by text ---- */

static void check_enum_text(const pdm_metric *metric, const pdm_option_info *info) {
    pdm_error err;
    options o = defaults(metric);
    if (info->type != PDM_OPTION_ENUM) return;
    for (int64_t i = 0; info->values[i] != NULL; i++) {
        assert_int_equal(pdm_options_set(metric, &o, info->name, info->values[i], &err), PDM_OK);
        assert_int_equal(integer_of(info, &o), i);
    }
    int64_t before = integer_of(info, &o);
    static const char *const bad[] = {"", "no such value", "0", "1", " "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pdm_options_set(metric, &o, info->name, bad[i], &err), PDM_E_BAD_OPTION);
        assert_string_equal(err.column, info->name);
        assert_non_null(strstr(err.message, info->values[0])); /* it says what is possible */
        assert_int_equal(integer_of(info, &o), before);
    }
}

static void check_bool_text(const pdm_metric *metric, const pdm_option_info *info) {
    options o = defaults(metric);
    if (info->type != PDM_OPTION_BOOL) return;
    assert_int_equal(pdm_options_set(metric, &o, info->name, "true", NULL), PDM_OK);
    assert_int_equal(integer_of(info, &o), 1);
    assert_int_equal(pdm_options_set(metric, &o, info->name, "false", NULL), PDM_OK);
    assert_int_equal(integer_of(info, &o), 0);
    assert_int_equal(pdm_options_set(metric, &o, info->name, "yes please", NULL), PDM_E_BAD_OPTION);
}

static bool is_number(const pdm_option_info *info) { return info->type == PDM_OPTION_INT32 || is_wide(info); }

/* What the library makes of an option set to `text`: the status, and the value if that is fine. */
static pdm_status normal(const pdm_metric *metric, const pdm_option_info *info, const char *text, int64_t *value) {
    options o = defaults(metric);
    options out;
    pdm_status status = pdm_options_set(metric, &o, info->name, text, NULL);
    if (status == PDM_OK) status = pdm__options_normalize(metric, &o, &out, NULL);
    if (status == PDM_OK) *value = integer_of(info, &out);
    return status;
}

static void check_number_text(const pdm_metric *metric, const pdm_option_info *info) {
    if (!is_number(info)) return;
    char text[40];
    int64_t value = -7;
    const int64_t inside[] = {info->minimum, info->maximum, info->minimum / 2 + info->maximum / 2};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        (void)snprintf(text, sizeof text, "%lld", (long long)inside[i]);
        assert_int_equal(normal(metric, info, text, &value), PDM_OK);
        assert_int_equal(value, inside[i]);
    }
    if (info->minimum > INT64_MIN + 1) {
        (void)snprintf(text, sizeof text, "%lld", (long long)info->minimum - 1);
        assert_int_equal(normal(metric, info, text, &value), PDM_E_BAD_OPTION);
    }
    if (info->maximum < INT64_MAX) {
        (void)snprintf(text, sizeof text, "%lld", (long long)info->maximum + 1);
        assert_int_equal(normal(metric, info, text, &value), PDM_E_BAD_OPTION);
    }
    static const char *const bad[] = {"",   "x",   "1x", "1.5", "--1", "99999999999999999999", "-9223372036854775809",
                                      " 1", "0x10"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(normal(metric, info, bad[i], &value), PDM_E_BAD_OPTION);
    /* "0" is a true zero, where zero is possible. */
    bool zero = info->minimum <= 0 && info->maximum >= 0;
    assert_int_equal(normal(metric, info, "0", &value), zero ? PDM_OK : PDM_E_BAD_OPTION);
    if (zero) assert_int_equal(value, 0);
}

/* A whole number and a unit; bare numbers are µs. */
static void check_duration_text(const pdm_metric *metric, const pdm_option_info *info) {
    if (info->type != PDM_OPTION_DURATION) return;
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"10us", 10},
                {"250ms", 250000},
                {"90s", 90000000},
                {"30m", 1800000000},
                {"36h", INT64_C(129600000000)},
                {"7d", INT64_C(604800000000)},
                {"2w", INT64_C(1209600000000)},
                {"007d", INT64_C(604800000000)},
                {"15", 15},
                {"106751991d", INT64_C(106751991) * 86400000000},
                {"9223372036854775807us", INT64_MAX},
                {"unlimited", INT64_MAX}};
    int64_t value = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(normal(metric, info, good[i].text, &value), PDM_OK);
        assert_int_equal(value, good[i].us);
    }
    static const char *const too_long[] = {"106751992d", "15250285w", "9223372036854775807ms", "2562047789h"};
    static const char *const bad[] = {"d",    "7 d", "7days", "7D", "1.5h",       "+1d",       "-1d",
                                      "1d2h", " 7d", "7d ",   "µs", "unlimited ", "UNLIMITED", "99999999999999999999s"};
    options o = defaults(metric);
    pdm_error err;
    assert_int_equal(pdm_options_set(metric, &o, info->name, "3h", &err), PDM_OK);
    for (size_t i = 0; i < sizeof too_long / sizeof *too_long; i++) {
        assert_int_equal(pdm_options_set(metric, &o, info->name, too_long[i], &err), PDM_E_OVERFLOW);
        assert_string_equal(err.column, info->name);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pdm_options_set(metric, &o, info->name, bad[i], &err), PDM_E_BAD_OPTION);
        assert_string_equal(err.column, info->name);
        assert_non_null(strstr(err.message, info->name));
    }
    assert_int_equal(integer_of(info, &o), INT64_C(10800000000)); /* what is refused changes nothing */
    assert_int_equal(normal(metric, info, "0d", &value), info->minimum <= 0 ? PDM_OK : PDM_E_BAD_OPTION);
    if (info->minimum <= 0) assert_int_equal(value, 0);
}

static void check_text_text(const pdm_metric *metric, const pdm_option_info *info) {
    if (info->type != PDM_OPTION_TEXT) return;
    options o = defaults(metric);
    char longest[80];
    memset(longest, 'x', sizeof longest);
    longest[63] = '\0';
    assert_int_equal(pdm_options_set(metric, &o, info->name, longest, NULL), PDM_OK);
    assert_string_equal((const char *)&o + info->offset, longest);
    assert_int_equal(pdm_options_set(metric, &o, info->name, "人民币", NULL), PDM_OK);
    assert_string_equal((const char *)&o + info->offset, "人民币");
    longest[63] = 'x';
    longest[64] = '\0';
    assert_int_equal(pdm_options_set(metric, &o, info->name, longest, NULL), PDM_E_BAD_OPTION);
    /* No NUL at all. */
    options out;
    memset((uint8_t *)&o + info->offset, 'y', 64);
    assert_int_equal(pdm__options_normalize(metric, &o, &out, NULL), PDM_E_BAD_OPTION);
}

static void test_by_text(void **unused) {
    (void)unused;
    for_each(check_enum_text);
    for_each(check_bool_text);
    for_each(check_number_text);
    for_each(check_duration_text);
    for_each(check_text_text);
    const pdm_metric *metric = pdm_metric_at(0);
    options o = defaults(metric);
    pdm_error err;
    assert_int_equal(pdm_options_set(metric, &o, "no such option", "1", &err), PDM_E_BAD_OPTION);
    assert_true(err.message[0] != '\0');
}

/* ---- by number ---- */

static void check_numbers(const pdm_metric *metric, const pdm_option_info *info) {
    options o = defaults(metric);
    options out;
    pdm_error err;
    if (info->type == PDM_OPTION_TEXT || info->type == PDM_OPTION_FLOAT) return;
    if (info->type == PDM_OPTION_ENUM || info->type == PDM_OPTION_BOOL) {
        int64_t count = info->type == PDM_OPTION_BOOL ? 2 : 0;
        while (info->type == PDM_OPTION_ENUM && info->values[count] != NULL) count++;
        for (int64_t value = -1; value <= count; value++) {
            put_integer(info, &o, value);
            bool good = value >= 0 && value < count;
            assert_int_equal(pdm__options_normalize(metric, &o, &out, &err), good ? PDM_OK : PDM_E_BAD_OPTION);
            if (good) assert_int_equal(integer_of(info, &out), value);
            if (!good) assert_string_equal(err.column, info->name);
        }
        return;
    }
    /* Zero is the default. */
    assert_int_equal(pdm__options_normalize(metric, &o, &out, &err), PDM_OK);
    int64_t none = is_wide(info) ? PDM_ZERO_INT64 : PDM_ZERO_INT32;
    assert_int_equal(integer_of(info, &out), info->fallback == PDM_ZERO_INT64 ? none : info->fallback);
    assert_int_equal(pdm__option_int(metric, &out, info->name, 5), integer_of(info, &out));
}

static void test_by_number(void **unused) {
    (void)unused;
    for_each(check_numbers);
    assert_int_equal(pdm__option_int(pdm_metric_at(0), NULL, "no such option", 5), 5);
}

static void test_struct_size(void **unused) {
    (void)unused;
    for (int32_t m = 0; m < pdm_metric_count(); m++) {
        const pdm_metric *metric = pdm_metric_at(m);
        options o = defaults(metric);
        options plain;
        options out;
        pdm_error err;
        assert_int_equal(pdm__options_normalize(metric, NULL, &plain, &err), PDM_OK);
        assert_int_equal(pdm__options_normalize(metric, &o, &out, &err), PDM_OK);
        assert_memory_equal(&plain, &out, metric->options_size);
        const uint32_t bad[] = {0, 3, metric->options_size + 1, UINT32_MAX};
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            memcpy(&o, &bad[i], sizeof bad[i]);
            assert_int_equal(pdm__options_normalize(metric, &o, &out, &err), PDM_E_BAD_OPTION);
            assert_string_equal(err.column, "struct_size");
        }
        /* A caller built when there was only the first option; rubbish behind it is not looked at. */
        uint32_t shorter = 8;
        memset(&o, 0x7F, sizeof o);
        memset(&o, 0, 8);
        memcpy(&o, &shorter, sizeof shorter);
        assert_int_equal(pdm__options_normalize(metric, &o, &out, &err), PDM_OK);
        assert_memory_equal(&plain, &out, metric->options_size);
    }
}

/* ---- differences ---- */

static void check_difference(const pdm_metric *metric, const pdm_option_info *info) {
    options a;
    options b;
    assert_int_equal(pdm__options_normalize(metric, NULL, &a, NULL), PDM_OK);
    b = a;
    assert_null(pdm__options_difference(metric, &a, &b));
    ((uint8_t *)&b)[info->offset] ^= 1;
    if (info->own != 0) { /* of one state alone */
        assert_null(pdm__options_difference(metric, &a, &b));
    } else {
        assert_string_equal(pdm__options_difference(metric, &a, &b), info->name);
    }
}

static void test_differences(void **unused) {
    (void)unused;
    for_each(check_difference);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),  cmocka_unit_test(test_places),      cmocka_unit_test(test_by_text),
        cmocka_unit_test(test_by_number), cmocka_unit_test(test_struct_size), cmocka_unit_test(test_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
