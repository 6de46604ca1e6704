#include "core/base.h"

#include <pdmetrics/version.h>

#include <stdarg.h>
#include <stdio.h>

static const char *const status_names[] = {
    "ok",
    "argument",
    "nomem",
    "limit",
    "busy",
    "stopped",
    "sequence",
    "bad_option",
    "unsupported_combination",
    "missing_column",
    "bad_type",
    "null_value",
    "bad_value",
    "overflow",
    "options_differ",
    "corrupt_state",
    "unsupported_version",
    "stream",
    "segment_overlap",
    "duplicate_edges",
    "empty_period",
};

const char *pdm_status_name(int32_t status) {
    if (status < 0 || status >= PDM__COUNT(status_names)) return "unknown";
    return status_names[status];
}

const char *pdm_version(void) { return PDM_VERSION; }

void pdm_error_reset(pdm_error *err) {
    if (err == NULL) return;
    memset(err, 0, sizeof *err);
    err->row = -1;
}

/* Drops a character that the end of the buffer cut in two, and makes the text one line. */
static void tidy_text(char *text) {
    size_t length = strlen(text);
    size_t lead = length;
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xC0U) == 0x80U) lead--;
    if (lead > 0 && (unsigned char)text[lead - 1] >= 0xC0U) {
        unsigned char first = (unsigned char)text[lead - 1];
        size_t need = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
        if (length - (lead - 1) < need) length = lead - 1;
    }
    text[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || text[i] == '\r') text[i] = ' ';
    }
}

static void copy_text(char *to, size_t capacity, const char *from) {
    size_t length = strnlen(from, capacity);
    if (length >= capacity) length = capacity - 1;
    memcpy(to, from, length);
    to[length] = '\0';
    tidy_text(to);
}

pdm_status pdm__fail(pdm_error *err, pdm_status code, int64_t row, const char *column, const char *format, ...) {
    if (err == NULL) return code;
    memset(err, 0, sizeof *err);
    err->code = (int32_t)code;
    err->row = row;
    if (column != NULL) copy_text(err->column, sizeof err->column, column);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    tidy_text(err->message);
    return code;
}
