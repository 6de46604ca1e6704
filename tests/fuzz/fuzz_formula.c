/*
 * Formulas: whatever the text, a tree or an error that points into it; whatever the numbers, a finite value and gradient or an error. At a
 * point and over tables the same comes out, to the last bit.
 *
 * Bytes: flags (roles, root), one byte a leaf that chooses its value, one a leaf that chooses its dimensions, then the text.
 */
#include <pdmetrics/plan/tree.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVES 6
#define CELLS 8 /* 2 months, 2 channels, 2 segments */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_at(int condition, int line) {
    if (condition) return;
    (void)fprintf(stderr, "%s:%d: this must not be\n", __FILE__, line);
    abort();
}
#define check(condition) check_at(condition, __LINE__)

static const char *const names[LEAVES] = {"a", "b", "c", "old", "cvr", "老客"};
static const double numbers[] = {0.0, 1.0, 0.5, 2.0, 100.0, -3.0, 1e300, 1e-300, 0.1, 8000.0, -0.0, 7.25};
#define NUMBERS (sizeof numbers / sizeof *numbers)

static int is_parse_error(pdm_status status) {
    return status == PDM_E_PARSE || status == PDM_E_EMPTY || status == PDM_E_CYCLE || status == PDM_E_DUPLICATE_NAME ||
           status == PDM_E_UNKNOWN_NAME || status == PDM_E_LIMIT;
}

static int is_value_error(pdm_status status) {
    return status == PDM_E_BAD_RATE || status == PDM_E_BAD_COUNT || status == PDM_E_BAD_AMOUNT ||
           status == PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO) || status == PDM_E_ROW_STATUS(PDM_STATUS_OVERFLOW);
}

static void check_message(const pdm_error *err, pdm_status status) {
    check(err->code == (int32_t)status && err->message[0] != '\0' && strchr(err->message, '\n') == NULL);
}

/* All leaves are single numbers. */
static void at_a_point(const pdm_tree *tree, const double *values) {
    const pdm_tree_sizes one = {1, 1, 1};
    const double *tables[LEAVES];
    double gradient[LEAVES];
    double cells[LEAVES];
    double *gradients[LEAVES];
    double value = -1.0;
    double again = -2.0;
    double cell = -3.0;
    pdm_error err;
    pdm_error_reset(&err);
    for (int32_t i = 0; i < LEAVES; i++) {
        tables[i] = &values[i];
        gradients[i] = &cells[i];
    }
    pdm_status status = pdm_tree_evaluate(tree, values, &value, gradient, &err);
    check(pdm_tree_evaluate(tree, values, &again, NULL, NULL) == status);
    pdm_status over = pdm_tree_evaluate_table(tree, &one, tables, &cell, gradients, NULL);
    if (status != PDM_OK) {
        check(is_value_error(status));
        check_message(&err, status);
        check(value == -1.0 && again == -2.0);
        check(over == status || (over == PDM_OK && isnan(cell)));
        return;
    }
    check(isfinite(value) && memcmp(&value, &again, sizeof value) == 0);
    check(over == PDM_OK && memcmp(&value, &cell, sizeof value) == 0);
    for (int32_t i = 0; i < LEAVES; i++) {
        bool defined = isfinite(gradient[i]);
        bool same = defined ? gradient[i] == cells[i] : !isfinite(cells[i]);
        check(same);
    }
}

/* Leaves carry dimensions; some cells are missing. */
static void over_tables(const pdm_tree *tree, const pdm_leaf *leaves, const double *values) {
    const pdm_tree_sizes two = {2, 2, 2};
    double cells[LEAVES][CELLS];
    double slopes[LEAVES][CELLS];
    double root[CELLS];
    const double *tables[LEAVES];
    double *gradients[LEAVES];
    for (int32_t i = 0; i < LEAVES; i++) {
        bool spread = leaves[i].dimensions != 0;
        for (int32_t k = 0; k < CELLS; k++) cells[i][k] = k % 2 == 0 || !spread ? values[i] : (double)NAN;
        tables[i] = cells[i];
        gradients[i] = slopes[i];
    }
    pdm_error err;
    pdm_error_reset(&err);
    pdm_status status = pdm_tree_evaluate_table(tree, &two, tables, root, gradients, &err);
    if (status == PDM_OK) {
        int32_t carried = pdm_tree_dimensions(tree);
        int32_t count = 1;
        for (int32_t d = 1; d <= PDM_TREE_SEGMENT; d *= 2) count *= (carried & d) != 0 ? 2 : 1;
        for (int32_t k = 0; k < count; k++) check(isnan(root[k]) || isfinite(root[k]));
        return;
    }
    check(is_value_error(status));
    check_message(&err, status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pdm_leaf leaves[LEAVES];
    double values[LEAVES];
    if (size < 1 + 2 * LEAVES) return 0;
    bool any_dimension = false;
    for (int32_t i = 0; i < LEAVES; i++) {
        int32_t dimensions = (data[0] & 4) != 0 ? data[1 + LEAVES + i] % 8 : 0;
        leaves[i] = (pdm_leaf){names[i], (data[0] & 1) != 0 ? (i + data[0] / 8) % 5 : 0, dimensions};
        values[i] = numbers[data[1 + i] % NUMBERS];
        any_dimension = any_dimension || dimensions != 0;
    }
    const char *text = (const char *)data + 1 + 2 * LEAVES;
    size_t length = size - 1 - 2 * LEAVES;
    pdm_context *context = NULL;
    if (pdm_context_create(NULL, &context, NULL) != PDM_OK) return 0;
    pdm_tree *tree = NULL;
    pdm_error err;
    pdm_error_reset(&err);
    pdm_status status =
        pdm_tree_parse(context, text, length, leaves, LEAVES, (data[0] & 2) != 0 ? "x" : NULL, &tree, &err);
    if (status != PDM_OK) {
        check(is_parse_error(status) && tree == NULL);
        check_message(&err, status);
        check(status != PDM_E_PARSE || (err.row >= 0 && (size_t)err.row <= length));
    } else if (any_dimension) {
        over_tables(tree, leaves, values);
    } else {
        at_a_point(tree, values);
    }
    pdm_tree_free(tree);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    check(held == 0);
    pdm_context_free(context);
    return 0;
}
