/**
 * @file calculator.h
 * @defgroup calculators_run Running calculators
 * @ingroup calculators
 * @brief The registry's second half: what has no rows to count but small tables to work on.
 *
 * A calculator turns a few named input tables and an options struct into a ::pdm_result of named tables. It has no state, reads no
 * clock and no locale, and is described in data like a metric: the docs, the Python functions and the command line are made
 * from the description. One call serves them all:
 *
 *     const pdm_calculator *apportion = pdm_calculator_find("apportion");
 *     pdm_input inputs[] = {{"target", &total, {NULL}}, {"parts", &weights, {NULL}}};
 *     status = pdm_calculator_run(context, apportion, &options, inputs, 2, &result, &err);
 *
 * Inputs are batches of columns looked up by name. Numbers may be integers or floats; an integer column is taken exactly, a float
 * stands for its shortest decimal wherever the result is exact (0.6 is 6/10). Null and NaN both mean "missing" and are an error
 * unless the column is nullable; an infinite number is an error but for ends of intervals. Errors name the row of the input and the column.
 *
 * Results that distribute a total come with a table `summary` of one row: method, total, closure (Σ parts − total), status. Integer
 * results close exactly. Ties go to the lowest row; results depend on the order of rows only there, and never on threads.
 * @{
 */
#ifndef PDMETRICS_CALCULATOR_H
#define PDMETRICS_CALCULATOR_H

#include <pdmetrics/context.h>
#include <pdmetrics/metric.h>
#include <pdmetrics/table.h>

/** How many rows an input has; the field `shape` of its ::pdm_list_info. */
typedef enum pdm_input_shape {
    PDM_INPUT_OPTIONAL = 0,    /**< any number of rows; may be left out */
    PDM_INPUT_ROWS = 1,        /**< required: one row or more */
    PDM_INPUT_ONE = 2,         /**< required: exactly one row, its columns are scalars */
    PDM_INPUT_OPTIONAL_ONE = 3 /**< one row; may be left out */
} pdm_input_shape;

/** A calculator. */
typedef struct pdm_calculator {
    pdm_metric
        about; /**< its description: `lists` are the inputs; there are no row columns and no states (ops is NULL) */
    const struct pdm__calculator_ops *ops; /**< the library's own */
    const char *family;                    /**< what it belongs to, and where bindings put it: "plan" */
} pdm_calculator;

/** A named input. */
typedef struct pdm_input {
    const char *name;        /**< as in the description */
    const pdm_batch *rows;   /**< borrowed for the call */
    const void *reserved[2]; /**< NULL */
} pdm_input;

/** Options of the calculators that have none of their own. */
typedef struct pdm_plan_options {
    uint32_t struct_size; /**< sizeof(pdm_plan_options) */
    int32_t strict;       /**< 1 = a row status other than ok fails the call */
} pdm_plan_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_plan_options pdm_plan_options_default(void) {
    pdm_plan_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

PDM_BEGIN_DECLS

/** Number of calculators. */
PDM_EXPORT int32_t pdm_calculator_count(void);

/** Calculator at @p index, NULL if out of range. */
PDM_EXPORT const pdm_calculator *pdm_calculator_at(int32_t index);

/** Calculator called @p name, NULL if there is none. */
PDM_EXPORT const pdm_calculator *pdm_calculator_find(const char *name);

/**
 * Runs a calculator. @p options is its options struct, NULL for all defaults (set one by name with
 * pdm_options_set(&calculator->about, …)). Release @p out with pdm_result_free(); it is written only on success.
 * Errors: PDM_E_BAD_OPTION, PDM_E_UNSUPPORTED_COMBINATION, PDM_E_ARGUMENT (unknown or repeated input), PDM_E_EMPTY (an input without
 * rows), PDM_E_LENGTH (not exactly one row), PDM_E_MISSING_COLUMN, PDM_E_BAD_TYPE, PDM_E_NULL_VALUE, PDM_E_BAD_VALUE, those of the
 * calculator, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_calculator_run(pdm_context *context, const pdm_calculator *calculator, const void *options,
                                      const pdm_input *inputs, int32_t input_count, pdm_result **out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
