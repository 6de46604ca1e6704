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
    "empty",
    "length",
    "bad_total",
    "bad_weight",
    "zero_weights",
    "bad_bounds",
    "bad_rate",
    "bad_count",
    "bad_amount",
    "bad_period",
    "bad_tiers",
    "below_first_tier",
    "bad_tree",
    "margins_disagree",
    "parse",
    "unknown_name",
    "duplicate_name",
    "cycle",
    "not_product_form",
    "too_many_factors",
    "too_many_cells",
    "bad_weights",
    "bad_moments",
    "bad_looks",
    "after_final",
    "unknown_variant",
    "crossover",
    "needs_units",
    "needs_scale",
    "margin_required",
    "plan_required",
};

const char *const pdm__row_status_names[] = {
    "ok",
    "missing",
    "missing_leaf",
    "zero_target",
    "zero_base",
    "zero_change",
    "zero_cost",
    "div_by_zero",
    "no_elapsed",
    "infeasible",
    "no_convergence",
    "out_of_bounds",
    "no_solution",
    "no_effect",
    "sign_change",
    "met",
    "closure",
    "conflict",
    "overflow",
    "no_data",
    "too_few",
    "zero_variance",
    "zero_denominator",
    "degenerate",
    "no_events",
    "unreachable",
    "unbounded",
    "unbounded_above",
    "mismatch",
    "single_arm",
    "no_conversions",
    "no_value",
    "no_null_journeys",
    NULL,
};
_Static_assert(PDM__COUNT(pdm__row_status_names) == PDM_ROW_STATUS_COUNT + 1, "a name for every row status");

const char *pdm_status_name(int32_t status) {
    int32_t row = status - (int32_t)PDM_E_ROW_STATUS(0);
    if (status >= 0 && status < PDM__COUNT(status_names)) return status_names[status];
    return row > 0 ? pdm_row_status_name(row) : "unknown";
}

const char *pdm_row_status_name(int32_t status) {
    return status >= 0 && status < PDM_ROW_STATUS_COUNT ? pdm__row_status_names[status] : "unknown";
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
