/* Running a calculator: options, inputs, rules, the function, the result. */
#include "core/calculator.h"

#include "core/convert.h"
#include "core/metric_ops.h"
#include "core/sort.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_ROWS ((int64_t)100000000)

pdm_status pdm__calc_array(pdm__calc *calc, int64_t count, size_t size, void *out, pdm_error *err) {
    size_t bytes = 0;
    if (count < 0 || !pdm__mul_size((size_t)count + 1, size, &bytes)) {
        return pdm__fail(err, PDM_E_NOMEM, -1, NULL, "%lld entries are more than memory can address", (long long)count);
    }
    void *block = NULL;
    PDM__TRY(pdm__arena_take(&calc->memory, bytes, &block, err));
    memset(block, 0, bytes);
    memcpy(out, &block, sizeof block);
    return PDM_OK;
}

pdm_status pdm__calc_poll(pdm__calc *calc, int64_t cells, pdm_error *err) {
    return pdm__run_poll(&calc->run, cells) ? pdm__run_status(&calc->run, err) : PDM_OK;
}

pdm_status pdm__calc_fail(const pdm__calc *calc, int32_t input, int32_t column, int64_t row, pdm_status code,
                          pdm_error *err, const char *format, ...) {
    const pdm_list_info *info = &calc->calculator->about.lists[input];
    const char *name = column < 0 ? "" : info->columns[column].name;
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (column < 0) return pdm__fail(err, code, row, info->name, "input \"%s\": %s", info->name, text);
    if (row < 0) return pdm__fail(err, code, row, name, "input \"%s\", column \"%s\": %s", info->name, name, text);
    return pdm__fail(err, code, row, name, "input \"%s\", row %lld, column \"%s\": %s", info->name, (long long)row,
                     name, text);
}

/* ---- inputs ---- */

/* What the reading of one input needs. */
typedef struct reader {
    pdm__calc *calc;
    int32_t input;
    pdm__sheet *sheet;
    pdm__ingest in;
    pdm_error *err;
} reader;

static bool is_float(int32_t type) { return type == PDM_TYPE_FLOAT64 || type == PDM_TYPE_FLOAT32; }
static bool is_number(int32_t role) {
    return role == PDM_ROLE_FLOAT || role == PDM_ROLE_INTEGER || role == PDM_ROLE_MONEY;
}

/* The core names row and column; the input's name is added here. */
static pdm_status name_input(const reader *r, pdm_status status) {
    if (r->err == NULL || status == PDM_E_NOMEM || status == PDM_E_LIMIT) return status;
    pdm_error inner = *r->err;
    return pdm__fail(r->err, status, inner.row, inner.column, "input \"%s\": %s",
                     r->calc->calculator->about.lists[r->input].name, inner.message);
}

static const pdm__column_rule *rule_of(const pdm__calc *calc, int32_t input, int32_t column) {
    const pdm__calculator_ops *ops = calc->calculator->ops;
    for (int32_t i = 0; i < ops->rule_count; i++) {
        if (ops->rules[i].input == input && ops->rules[i].column == column) return &ops->rules[i];
    }
    return NULL;
}

/* Floats by hand: NaN is a missing cell here, which the core's conversion refuses. */
static pdm_status read_floats(reader *r, int32_t c, const pdm_column *column, pdm__values *out) {
    int64_t rows = r->sheet->rows;
    double *numbers = NULL;
    uint8_t *valid = NULL;
    PDM__TRY(pdm__calc_array(r->calc, rows, sizeof *numbers, &numbers, r->err));
    PDM__TRY(pdm__calc_array(r->calc, rows, sizeof *valid, &valid, r->err));
    bool missing = false;
    const pdm__column_rule *rule = rule_of(r->calc, r->input, c);
    bool unbounded = rule != NULL && rule->low == -PDM__INF && rule->high == PDM__INF;
    for (int64_t i = 0; i < rows; i++) {
        int64_t at = column->offset + i;
        bool there = column->validity == NULL || (column->validity[at >> 3] >> (at & 7) & 1) != 0;
        if (column->type == PDM_TYPE_FLOAT32) {
            float narrow = 0.0F;
            memcpy(&narrow, (const uint8_t *)column->values + (size_t)at * sizeof narrow, sizeof narrow);
            numbers[i] = (double)narrow;
        } else {
            memcpy(&numbers[i], (const uint8_t *)column->values + (size_t)at * sizeof(double), sizeof(double));
        }
        there = there && !isnan(numbers[i]);
        if (there && isinf(numbers[i]) && !unbounded) {
            return pdm__calc_fail(r->calc, r->input, c, i, PDM_E_BAD_VALUE, r->err, "%g; a finite number expected",
                                  numbers[i]);
        }
        if (!there) numbers[i] = PDM__NAN;
        valid[i] = there ? 1 : 0;
        missing = missing || !there;
    }
    out->f64 = numbers;
    out->valid = missing ? valid : NULL;
    return PDM_OK;
}

/* All texts of a column in one block, each with its NUL. */
static pdm_status read_texts(reader *r, const pdm__cells *cells, pdm__values *out) {
    int64_t rows = r->sheet->rows;
    size_t bytes = (size_t)rows;
    char *block = NULL;
    for (int64_t i = 0; i < rows; i++) {
        if (!pdm__add_size(bytes, (size_t)cells->lengths[i], &bytes)) bytes = SIZE_MAX / 2;
    }
    PDM__TRY(pdm__calc_array(r->calc, rows, sizeof *out->text, &out->text, r->err));
    PDM__TRY(pdm__calc_array(r->calc, (int64_t)bytes, 1, &block, r->err));
    for (int64_t i = 0; i < rows; i++) {
        size_t length = (size_t)cells->lengths[i];
        if (out->valid != NULL && out->valid[i] == 0) continue;
        if (length > 0) memcpy(block, (const void *)(uintptr_t)cells->words[i], length);
        out->text[i] = block;
        block += length + 1; /* the block is zero: the NUL is there */
    }
    return PDM_OK;
}

static pdm_status read_doubles(reader *r, pdm__values *out) {
    double *numbers = NULL;
    PDM__TRY(pdm__calc_array(r->calc, r->sheet->rows, sizeof *numbers, &numbers, r->err));
    for (int64_t i = 0; i < r->sheet->rows; i++) {
        numbers[i] = out->valid == NULL || out->valid[i] != 0 ? (double)out->i64[i] : PDM__NAN;
    }
    out->f64 = numbers;
    return PDM_OK;
}

static pdm_status read_column(reader *r, int32_t c) {
    const pdm_column *column = r->in.columns[c];
    pdm_column_info info = r->in.infos[c];
    pdm__values *out = &r->sheet->columns[c];
    if (column == NULL) return PDM_OK;
    out->present = true;
    bool number = is_number(info.role);
    if (number && is_float(column->type)) return read_floats(r, c, column, out);
    if (info.role == PDM_ROLE_FLOAT && pdm__is_integer(column->type) && column->type != PDM_TYPE_UINT64) {
        info.role = PDM_ROLE_INTEGER; /* an integer stays exact */
    }
    pdm__ingest in = r->in;
    in.infos = &info;
    in.columns[0] = column;
    size_t rows = (size_t)r->sheet->rows;
    pdm__convert_to to = {NULL, NULL, NULL};
    pdm__cells cells;
    memset(&cells, 0, sizeof cells);
    PDM__TRY(pdm__calc_array(r->calc, r->sheet->rows, sizeof *to.words, &to.words, r->err));
    PDM__TRY(pdm__calc_array(r->calc, r->sheet->rows, sizeof *to.lengths, &to.lengths, r->err));
    PDM__TRY(pdm__calc_array(r->calc, r->sheet->rows, sizeof *to.valid, &to.valid, r->err));
    pdm_status status = pdm__convert(&in, 0, 0, rows, &to, &cells, r->err);
    if (status != PDM_OK) return name_input(r, status);
    out->valid = cells.valid;
    if (cells.lengths != NULL && (info.role == PDM_ROLE_KEY || info.role == PDM_ROLE_TEXT))
        return read_texts(r, &cells, out);
    if (info.role == PDM_ROLE_FLOAT) {
        out->f64 = (const double *)(const void *)cells.words;
        return PDM_OK;
    }
    out->i64 = (const int64_t *)(const void *)cells.words;
    return number ? read_doubles(r, out) : PDM_OK;
}

static pdm_status check_column(const reader *r, int32_t c) {
    const pdm__values *column = &r->sheet->columns[c];
    const pdm__column_rule *rule = rule_of(r->calc, r->input, c);
    if (!column->present) return PDM_OK;
    bool nullable = r->in.infos[c].nullable != 0;
    for (int64_t i = 0; i < r->sheet->rows; i++) {
        if (!pdm__given(column, i)) {
            if (nullable) continue;
            return pdm__calc_fail(r->calc, r->input, c, i, rule == NULL ? PDM_E_NULL_VALUE : rule->code, r->err,
                                  "the value is missing");
        }
        if (rule == NULL || (column->f64[i] >= rule->low && column->f64[i] <= rule->high)) continue;
        if (rule->high == PDM__INF) {
            return pdm__calc_fail(r->calc, r->input, c, i, rule->code, r->err, "%.17g; %g or more expected",
                                  column->f64[i], rule->low);
        }
        return pdm__calc_fail(r->calc, r->input, c, i, rule->code, r->err, "%.17g; %g to %g expected", column->f64[i],
                              rule->low, rule->high);
    }
    return PDM_OK;
}

static pdm_status read_input(pdm__calc *calc, int32_t input, const pdm_batch *batch, pdm_error *err) {
    const pdm_list_info *info = &calc->calculator->about.lists[input];
    static const pdm_calendar utc = {.struct_size = sizeof(pdm_calendar)};
    reader r = {.calc = calc, .input = input, .sheet = &calc->sheets[input], .err = err};
    r.in.calendar = &utc;
    r.in.currency_exponent = 2; /* floats are read by hand; this only lets their type pass */
    pdm__use use[PDM__MAX_COLUMNS];
    for (int32_t c = 0; c < info->column_count; c++)
        use[c] = info->columns[c].required != 0 ? PDM__REQUIRED : PDM__OPTIONAL;
    pdm_status status = pdm__ingest_begin(&r.in, info->columns, info->column_count, use, batch, err);
    if (status != PDM_OK) return name_input(&r, status);
    if (batch->length > MAX_ROWS) {
        return pdm__calc_fail(calc, input, -1, -1, PDM_E_LIMIT, err, "%lld rows; up to %lld are allowed",
                              (long long)batch->length, (long long)MAX_ROWS);
    }
    bool one = info->shape == PDM_INPUT_ONE || info->shape == PDM_INPUT_OPTIONAL_ONE;
    if (one && batch->length != 1) {
        return pdm__calc_fail(calc, input, -1, -1, batch->length == 0 ? PDM_E_EMPTY : PDM_E_LENGTH, err,
                              "%lld rows; exactly one expected", (long long)batch->length);
    }
    if (info->shape == PDM_INPUT_ROWS && batch->length == 0) {
        return pdm__calc_fail(calc, input, -1, -1, PDM_E_EMPTY, err, "no rows; at least one expected");
    }
    r.sheet->rows = batch->length;
    for (int32_t c = 0; c < info->column_count; c++) PDM__TRY(read_column(&r, c));
    for (int32_t c = 0; c < info->column_count; c++) PDM__TRY(check_column(&r, c));
    return PDM_OK;
}

static pdm_status find_input(const pdm__calc *calc, const char *name, const pdm_batch *const *given, int32_t *out,
                             pdm_error *err) {
    const pdm_metric *about = &calc->calculator->about;
    for (int32_t i = 0; i < about->list_count; i++) {
        if (strcmp(about->lists[i].name, name) != 0) continue;
        *out = i;
        if (given[i] == NULL) return PDM_OK;
        return pdm__fail(err, PDM_E_ARGUMENT, -1, name, "input \"%s\" is given twice", name);
    }
    return pdm__fail(err, PDM_E_ARGUMENT, -1, name, "calculator \"%s\" has no input \"%.60s\"", about->name, name);
}

static pdm_status read_inputs(pdm__calc *calc, const pdm_input *inputs, int32_t count, pdm_error *err) {
    const pdm_metric *about = &calc->calculator->about;
    const pdm_batch *given[PDM__MAX_INPUTS] = {NULL};
    for (int32_t i = 0; i < count; i++) {
        if (inputs[i].name == NULL || inputs[i].rows == NULL) {
            return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "input %d has no name or no rows", i);
        }
        int32_t at = 0;
        PDM__TRY(find_input(calc, inputs[i].name, given, &at, err));
        given[at] = inputs[i].rows;
    }
    for (int32_t i = 0; i < about->list_count; i++) {
        bool required = about->lists[i].shape == PDM_INPUT_ROWS || about->lists[i].shape == PDM_INPUT_ONE;
        if (given[i] != NULL) {
            PDM__TRY(read_input(calc, i, given[i], err));
        } else if (required) {
            return pdm__fail(err, PDM_E_EMPTY, -1, about->lists[i].name, "input \"%s\" is missing (%s)",
                             about->lists[i].name, about->lists[i].doc);
        }
    }
    return PDM_OK;
}

/* ---- running ---- */

static pdm_status run(pdm__calc *calc, const void *given, const pdm_input *inputs, int32_t count, pdm_error *err) {
    const pdm_metric *about = &calc->calculator->about;
    void *options = NULL;
    PDM__TRY(pdm__calc_array(calc, 1, about->options_size, &options, err));
    PDM__TRY(pdm__options_normalize(about, given, options, err));
    calc->options = options;
    calc->strict = pdm__option_int(about, options, "strict", 0) != 0;
    PDM__TRY(read_inputs(calc, inputs, count, err));
    PDM__TRY(pdm__result_new(calc->context, &calc->result, err));
    return calc->calculator->ops->run(calc, err);
}

pdm_status pdm_calculator_run(pdm_context *context, const pdm_calculator *calculator, const void *options,
                              const pdm_input *inputs, int32_t input_count, pdm_result **out, pdm_error *err) {
    if (calculator == NULL || out == NULL || input_count < 0 || (inputs == NULL && input_count > 0)) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "calculator, out and inputs must not be NULL");
    }
    pdm__calc *calc = NULL;
    pdm_context *own = NULL;
    PDM__TRY(pdm__context_or_default(context, &own, err));
    pdm_status status = pdm__new_zero(own, 1, sizeof *calc, &calc, err);
    if (status == PDM_OK) {
        calc->context = own;
        calc->calculator = calculator;
        pdm__arena_init(&calc->memory, own);
        pdm__run_begin(&calc->run, own, -1);
        status = run(calc, options, inputs, input_count, err);
        pdm__arena_clear(&calc->memory);
        if (status == PDM_OK) {
            *out = calc->result;
        } else {
            pdm_result_free(calc->result);
        }
        pdm__drop(own, calc, 1, sizeof *calc);
    }
    pdm_context_free(own);
    return status;
}
