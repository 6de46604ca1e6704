/* What a calculator is made of: a description in data, rules its input must keep, and one function. */
#ifndef PDM_CORE_CALCULATOR_H
#define PDM_CORE_CALCULATOR_H

#include "core/arena.h"
#include "core/base.h"
#include "core/common_options.h"
#include "core/ingest.h"
#include "core/parallel.h"
#include "core/table.h"

#include <pdmetrics/calculator.h>

#include <math.h>

#define PDM__MAX_INPUTS 8

/* NAN and INFINITY are floats. */
#define PDM__NAN ((double)NAN)
#define PDM__INF ((double)INFINITY)

/* A column of an input as plain arrays. Missing cells: NaN, 0, NULL. */
typedef struct pdm__values {
    const double *f64;    /* numbers (roles FLOAT, INTEGER, MONEY), as doubles */
    const int64_t *i64;   /* the same exactly, if the column held integers; times; integer keys */
    const char **text;    /* texts and text keys, NUL-terminated */
    const uint8_t *valid; /* one byte a row, NULL = no missing cell */
    bool present;
} pdm__values;

/* An input. rows 0 = not given. */
typedef struct pdm__sheet {
    int64_t rows;
    pdm__values columns[PDM__MAX_COLUMNS];
} pdm__sheet;

/* One run. Everything in `memory` ends with it. */
typedef struct pdm__calc {
    pdm_context *context;
    const pdm_calculator *calculator;
    const void *options;
    pdm__sheet sheets[PDM__MAX_INPUTS];
    pdm__arena memory;
    pdm_result *result;
    pdm__run run; /* polled by what may take long */
    bool strict;
} pdm__calc;

/* A column whose cells must lie in [low, high]; a cell outside, or missing where it may not be, fails with `code`. A column from −∞ to ∞ may hold infinite numbers, others may not. */
typedef struct pdm__column_rule {
    int32_t input;
    int32_t column;
    pdm_status code;
    double low;
    double high;
} pdm__column_rule;

typedef struct pdm__calculator_ops {
    const pdm__column_rule *rules;
    int32_t rule_count;
    pdm_status (*run)(pdm__calc *calc, pdm_error *err);
} pdm__calculator_ops;

/* The calculators of a floor. */
typedef struct pdm__calculator_list {
    const pdm_calculator *const *items;
    int32_t count;
} pdm__calculator_list;

/* `count` entries of `size` bytes, zeroed, until the run ends. */
pdm_status pdm__calc_array(pdm__calc *calc, int64_t count, size_t size, void *out, pdm_error *err);

/* PDM_E_STOPPED if the caller wants to stop; to be asked every 65 536 cells or so. */
pdm_status pdm__calc_poll(pdm__calc *calc, int64_t cells, pdm_error *err);

/* Fails naming a row and column of an input. */
pdm_status pdm__calc_fail(const pdm__calc *calc, int32_t input, int32_t column, int64_t row, pdm_status code,
                          pdm_error *err, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* ---- reading ---- */

static inline bool pdm__given(const pdm__values *column, int64_t row) {
    return column->present && (column->valid == NULL || column->valid[row] != 0);
}
static inline double pdm__number(const pdm__values *column, int64_t row, double missing) {
    return pdm__given(column, row) ? column->f64[row] : missing;
}
static inline const char *pdm__text_at(const pdm__values *column, int64_t row, const char *missing) {
    return pdm__given(column, row) ? column->text[row] : missing;
}

/* Index of the cell's text in `names` (NULL-terminated), 0 where it is missing. */
pdm_status pdm__calc_choice(const pdm__calc *calc, int32_t input, int32_t column, int64_t row, const char *const *names,
                            int32_t *out, pdm_error *err);

/* A whole number: the integer column's, or a double that is one. Anything else fails with `code`. */
pdm_status pdm__calc_whole(const pdm__calc *calc, int32_t input, int32_t column, int64_t row, pdm_status code,
                           int64_t *out, pdm_error *err);

/* What a function said of one row of an input: adds the input and the row to the message in `err`. */
pdm_status pdm__calc_row_failed(const pdm__calc *calc, int32_t input, int64_t row, pdm_status status, pdm_error *err);

/* Dense ids of a key column in order of first appearance: ids[row], first[id] = the row it appeared in. */
pdm_status pdm__calc_ids(pdm__calc *calc, int32_t input, int32_t column, int32_t **ids, int64_t **first, int32_t *count,
                         pdm_error *err);

/* Whether two key cells are the same; a key that is missing equals only a missing one. */
bool pdm__keys_equal(const pdm__values *a, int64_t row_a, const pdm__values *b, int64_t row_b);

/* Hash of a key cell that is given. */
uint64_t pdm__cell_hash(const pdm__values *key, int64_t row, uint64_t seed);

/* Row of `column` that holds the key `from`[row], −1 if none. Linear: for small inputs. */
int64_t pdm__key_row(const pdm__sheet *sheet, int32_t column, const pdm__values *from, int64_t row);

/* ---- writing ---- */

/* A table being filled. Puts remember the first failure, which pdm__rows_end() returns. */
typedef struct pdm__rows {
    const pdm__calc *calc;
    pdm_table *table;
    const pdm_table_info *info;
    pdm_error *err;
    pdm_status failed;
} pdm__rows;

/* Adds table `index` of the description. Key columns take the type of the column `key` comes from (NULL: int64). */
pdm_status pdm__rows_begin(pdm__calc *calc, int32_t index, int64_t rows, const pdm__values *key, pdm__rows *out,
                           pdm_error *err);
pdm_status pdm__rows_end(pdm__rows *rows);

/* Each cell must be put. Columns are counted as in the description; rows in ascending order per text column. */
void pdm__put_float(pdm__rows *rows, int32_t column, int64_t row, double value); /* not finite = null */
void pdm__put_limit(pdm__rows *rows, int32_t column, int64_t row, double value); /* may be infinite; NaN = null */
void pdm__put_int(pdm__rows *rows, int32_t column, int64_t row, int64_t value);
void pdm__put_bool(pdm__rows *rows, int32_t column, int64_t row, bool value);
void pdm__put_text(pdm__rows *rows, int32_t column, int64_t row, const char *text); /* NULL = null */
void pdm__put_null(pdm__rows *rows, int32_t column, int64_t row);
/* A key cell or text cell copied from an input; the row number where the input has no such column. */
void pdm__put_key(pdm__rows *rows, int32_t column, int64_t row, const pdm__values *from, int64_t from_row);
/* A code of a small set: the column's dictionary is set at the first put. −1 = null. */
void pdm__put_code(pdm__rows *rows, int32_t column, int64_t row, int32_t code, const char *const *names);
/* The status column. Under `strict` anything but OK fails the call with that name; `detail` says what happened. */
void pdm__put_status(pdm__rows *rows, int32_t column, int64_t row, int32_t status, const char *detail);

/* ---- describing ---- */

#define PDM__COLUMN(column_name, column_role, column_unit, text)                                                       \
    {.name = column_name, .role = column_role, .required = 1, .unit = column_unit, .doc = text}
/* May be absent, may be null. */
#define PDM__COLUMN_OR_NULL(column_name, column_role, column_unit, text)                                               \
    {.name = column_name, .role = column_role, .nullable = 1, .unit = column_unit, .doc = text}
#define PDM__INPUT(input_name, input_columns, input_shape, text)                                                       \
    {.name = input_name,                                                                                               \
     .columns = input_columns,                                                                                         \
     .column_count = PDM__COUNT(input_columns),                                                                        \
     .shape = input_shape,                                                                                             \
     .doc = text}
#define PDM__RESULT(column_name, column_type, column_unit, text)                                                       \
    {.name = column_name, .type = column_type, .unit = column_unit, .doc = text}
#define PDM__TABLE(table_name, table_columns, text)                                                                    \
    {.name = table_name, .columns = table_columns, .column_count = PDM__COUNT(table_columns), .doc = text}
#define PDM__RESULT_STATUS PDM__RESULT("status", PDM_TYPE_DICTIONARY, "", "ok, or why cells are null.")
#define PDM__OPTION_STRICT(struct_type)                                                                                \
    PDM__OPTION_BOOL(struct_type, strict, "A row status other than ok fails the call, with that name.")
#define PDM__OPTION_FLOAT(struct_type, member, value, option_unit, text)                                               \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_FLOAT,                                                                                         \
     .offset = offsetof(struct_type, member),                                                                          \
     .fallback_float = value,                                                                                          \
     .unit = option_unit,                                                                                              \
     .doc = text}
#define PDM__OPTION_INT32(struct_type, member, low, high, value, option_unit, text)                                    \
    {.name = #member,                                                                                                  \
     .type = PDM_OPTION_INT32,                                                                                         \
     .offset = offsetof(struct_type, member),                                                                          \
     .minimum = low,                                                                                                   \
     .maximum = high,                                                                                                  \
     .fallback = value,                                                                                                \
     .unit = option_unit,                                                                                              \
     .doc = text}
/* The entry of calculator `id` of the family that the including floor names in PDM__FAMILY, described by the arrays id_options, id_inputs, id_tables and run by function id_run. */
#define PDM__CALCULATOR(id, options_type, heading, heading_zh, text)                                                   \
    const pdm_calculator pdm__calculator_##id = {                                                                      \
        .about = {.name = #id,                                                                                         \
                  .version = 1,                                                                                        \
                  .options_size = sizeof(options_type),                                                                \
                  .summary = text,                                                                                     \
                  .title = heading,                                                                                    \
                  .title_zh = heading_zh,                                                                              \
                  .option_count = PDM__COUNT(id##_options),                                                            \
                  .options = id##_options,                                                                             \
                  .lists = id##_inputs,                                                                                \
                  .list_count = PDM__COUNT(id##_inputs),                                                               \
                  .table_count = PDM__COUNT(id##_tables),                                                              \
                  .tables = id##_tables},                                                                              \
        .ops =                                                                                                         \
            &(const pdm__calculator_ops){.rules = id##_rules, .rule_count = PDM__COUNT(id##_rules), .run = id##_run},  \
        .family = PDM__FAMILY}

/* Rules have one entry at least; this one concerns no column. */
#define PDM__NO_RULE {.input = -1}

/* ---- numbers ---- */

/* a / b, undefined (NaN) for b = 0. */
static inline double pdm__over(double a, double b) { return b == 0.0 ? PDM__NAN : a / b; }

/* Unsigned integers in the order of the doubles; −0 is 0. */
static inline uint64_t pdm__sort_key_f64(double value) {
    uint64_t bits = 0;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return (bits >> 63) != 0 ? ~bits : bits | UINT64_C(1) << 63;
}

/* ---- sums ---- */

/* Neumaier's compensated sum: independent of everything but the order. Neumaier 1974. */
typedef struct pdm__sum {
    double sum;
    double lost;
} pdm__sum;

static inline void pdm__sum_add(pdm__sum *s, double value) {
    double total = s->sum + value;
    s->lost += fabs(s->sum) >= fabs(value) ? (s->sum - total) + value : (value - total) + s->sum;
    s->sum = total;
}
static inline double pdm__sum_of(const pdm__sum *s) { return s->sum + s->lost; }

#endif
