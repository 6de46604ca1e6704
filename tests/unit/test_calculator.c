/* What holds for every calculator: its description, what it does with bad input, memory that runs out. */
#include "test_plan.h"

#include "contexts.h"

#include <pdmetrics/plan/allocate.h>
#include <pdmetrics/plan/change.h>
#include <pdmetrics/stats/calculators.h>

#include <stdio.h>

static bool has_text(const char *text) { return text != NULL && text[0] != '\0'; }

static void check_columns(const char *where, const pdm_column_info *columns, int32_t count) {
    for (int32_t c = 0; c < count; c++) {
        if (!has_text(columns[c].name) || !has_text(columns[c].doc) || columns[c].unit == NULL ||
            columns[c].role == 0) {
            fail_msg("%s: column %d is not described", where, c);
        }
        for (int32_t d = 0; d < c; d++) {
            if (strcmp(columns[c].name, columns[d].name) == 0) fail_msg("%s: column %s twice", where, columns[c].name);
        }
    }
}

static void test_descriptions(void **unused) {
    (void)unused;
    assert_true(pdm_calculator_count() > 40);
    assert_null(pdm_calculator_at(-1));
    assert_null(pdm_calculator_at(pdm_calculator_count()));
    assert_null(pdm_calculator_find("nobody"));
    assert_null(pdm_calculator_find(NULL));
    for (int32_t i = 0; i < pdm_calculator_count(); i++) {
        const pdm_metric *m = &pdm_calculator_at(i)->about;
        assert_ptr_equal(pdm_calculator_find(m->name), pdm_calculator_at(i));
        assert_true(has_text(m->name) && has_text(m->summary) && has_text(m->title) && has_text(m->title_zh));
        assert_true(m->option_count > 0 && m->list_count > 0 && m->table_count > 0 && m->columns == NULL);
        assert_string_equal(m->options[0].name, "strict");
        for (int32_t o = 0; o < m->option_count; o++) {
            if (!has_text(m->options[o].doc) || m->options[o].offset + 4 > m->options_size)
                fail_msg("%s: %s", m->name, m->options[o].name);
        }
        for (int32_t l = 0; l < m->list_count; l++) {
            assert_true(has_text(m->lists[l].name) && has_text(m->lists[l].doc));
            assert_true(m->lists[l].shape >= PDM_INPUT_OPTIONAL && m->lists[l].shape <= PDM_INPUT_OPTIONAL_ONE);
            check_columns(m->name, m->lists[l].columns, m->lists[l].column_count);
        }
        for (int32_t t = 0; t < m->table_count; t++) {
            assert_true(has_text(m->tables[t].name) && has_text(m->tables[t].doc));
            for (int32_t c = 0; c < m->tables[t].column_count; c++) {
                const pdm_result_column_info *info = &m->tables[t].columns[c];
                if (!has_text(info->name) || !has_text(info->doc) || info->unit == NULL)
                    fail_msg("%s.%s: column %d", m->name, m->tables[t].name, c);
            }
        }
    }
}

/* Without its required inputs a calculator says which is missing; with rows of the wrong number likewise. */
static void test_missing_inputs(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < pdm_calculator_count(); i++) {
        const pdm_calculator *calculator = pdm_calculator_at(i);
        bool required = false;
        for (int32_t l = 0; l < calculator->about.list_count; l++) {
            int32_t shape = calculator->about.lists[l].shape;
            required = required || shape == PDM_INPUT_ROWS || shape == PDM_INPUT_ONE;
        }
        pdm_result *result = NULL;
        pdm_error err;
        pdm_status status = pdm_calculator_run(NULL, calculator, NULL, NULL, 0, &result, &err);
        assert_int_equal(status, required ? PDM_E_EMPTY : PDM_OK);
        if (required) {
            assert_null(result);
            assert_true(has_text(err.column));
        }
        pdm_result_free(result);
    }
}

static void give_parts(const int64_t *total, const double *weights, int64_t count) {
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", total);
    plan_input("parts", count);
    plan_floats("weight", weights);
}

static void test_bad_inputs(void **unused) {
    (void)unused;
    static const int64_t total[] = {10};
    static const double weights[] = {1, 2};
    static const double infinite[] = {1, (double)INFINITY};
    static const double missing[] = {1, (double)NAN};
    static const double negative[] = {1, -2};
    give_parts(total, infinite, 2);
    plan_fails("apportion", NULL, PDM_E_BAD_VALUE);
    assert_int_equal(plan_now.err.row, 1);
    give_parts(total, missing, 2);
    plan_fails("apportion", NULL, PDM_E_BAD_WEIGHT);
    give_parts(total, negative, 2);
    plan_fails("apportion", NULL, PDM_E_BAD_WEIGHT);
    assert_string_equal(plan_now.err.column, "weight");
    assert_non_null(strstr(plan_now.err.message, "parts"));
    give_parts(total, weights, 2);
    plan_now.tables[0].rows = 0;
    plan_fails("apportion", NULL, PDM_E_EMPTY);
    give_parts(total, weights, 2);
    plan_now.tables[1].name = "unknown";
    plan_fails("apportion", NULL, PDM_E_ARGUMENT);
    give_parts(total, weights, 2);
    plan_now.tables[1].name = "target";
    plan_fails("apportion", NULL, PDM_E_ARGUMENT);
    give_parts(total, weights, 2);
    plan_now.tables[1].columns[0].name = "weights";
    plan_fails("apportion", NULL, PDM_E_MISSING_COLUMN);
    static const char *const words[] = {"1", "2"};
    plan_begin();
    plan_input("target", 1);
    plan_ints("total", total);
    plan_input("parts", 2);
    plan_texts("weight", words);
    plan_fails("apportion", NULL, PDM_E_BAD_TYPE);
    pdm_apportion_options options = pdm_apportion_options_default();
    options.method = 99;
    give_parts(total, weights, 2);
    plan_fails("apportion", &options, PDM_E_BAD_OPTION);
    options = pdm_apportion_options_default();
    options.struct_size = 4096;
    plan_fails("apportion", &options, PDM_E_BAD_OPTION);
}

static void test_options_by_name(void **unused) {
    (void)unused;
    const pdm_calculator *calculator = pdm_calculator_find("apportion");
    pdm_apportion_options options = pdm_apportion_options_default();
    pdm_error err;
    assert_int_equal(pdm_options_set(&calculator->about, &options, "method", "webster", &err), PDM_OK);
    assert_int_equal(options.method, PDM_APPORTION_WEBSTER);
    assert_int_equal(pdm_options_set(&calculator->about, &options, "method", "fair", &err), PDM_E_BAD_OPTION);
}

/* Floats as decimals of few digits, or hexadecimal: then every one, to the last bit. */
static void test_float_options(void **unused) {
    (void)unused;
    static const double values[] = {1.0 / 3.0, 0.1, 5e-324, 1.7976931348623157e308, 12345.678901234567, 0x1p-1022};
    static const char *const refused[] = {"",
                                          "0x",
                                          "0xp1",
                                          "0x1",
                                          "0x1p",
                                          "0x1p+",
                                          "0x1.5.5p1",
                                          "0xg p1",
                                          "-0x1p1",
                                          "0x1p99999",
                                          "0x1p1x",
                                          "1e5",
                                          "0.1234567890123456",
                                          "nan",
                                          "inf",
                                          "0x1.55555555555555p1",
                                          " 1"};
    const pdm_metric *about = &pdm_calculator_find("sample_size")->about;
    pdm_design_options options = pdm_design_options_default();
    pdm_error err;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%a", values[i]);
        assert_int_equal(pdm_options_set(about, &options, "ratio", text, &err), PDM_OK);
        assert_memory_equal(&options.ratio, &values[i], sizeof values[i]);
    }
    assert_int_equal(pdm_options_set(about, &options, "ratio", "0.95", &err), PDM_OK);
    assert_true(options.ratio == 0.95);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(pdm_options_set(about, &options, "ratio", refused[i], &err), PDM_E_BAD_OPTION);
        assert_true(options.ratio == 0.95);
    }
}

static void test_names(void **unused) {
    (void)unused;
    assert_string_equal(pdm_status_name(PDM_E_ZERO_WEIGHTS), "zero_weights");
    assert_string_equal(pdm_status_name(PDM_E_TOO_MANY_CELLS), "too_many_cells");
    assert_string_equal(pdm_status_name(PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO)), "div_by_zero");
    assert_string_equal(pdm_status_name(PDM_E_NOMEM), "nomem");
    assert_string_equal(pdm_row_status_name(PDM_STATUS_OVERFLOW), "overflow");
    assert_string_equal(pdm_row_status_name(PDM_ROW_STATUS_COUNT), "unknown");
}

/* Every allocation fails once: the call says so, nothing leaks, the next one works. */
static void fail_each(const char *calculator, const void *options) {
    for (int64_t n = 1;; n++) {
        failing_memory memory;
        pdm_result *result = NULL;
        memset(&memory, 0, sizeof memory);
        pdm_context *context = context_failing(&memory, pdm_context_options_default());
        memory.fail_at = memory.calls + n;
        pdm_status status = plan_try_in(context, calculator, options, &result);
        bool failed = memory.failures > 0;
        if (failed) {
            assert_int_equal(status, PDM_E_NOMEM);
            assert_null(result);
        } else {
            assert_int_equal(status, PDM_OK);
        }
        pdm_result_free(result);
        pdm_context_free(context);
        assert_int_equal(memory.outstanding, 0);
        assert_false(memory.wrong_size);
        if (!failed) return;
    }
}

static void test_memory_runs_out(void **unused) {
    (void)unused;
    static const int64_t total[] = {100};
    static const double weights[] = {1, 0.3, 7};
    pdm_apportion_options options = pdm_apportion_options_default();
    for (options.method = 0; options.method < 5; options.method++) {
        give_parts(total, weights, 3);
        fail_each("apportion", &options);
    }
    pdm_allocate_options bounded = pdm_allocate_options_default();
    bounded.exact_int = 1;
    give_parts(total, weights, 3);
    fail_each("allocate", &bounded);
    static const char *const text[] = {"x = a*b; x/c + min(a, c)"};
    static const char *const leaf[] = {"a", "b", "c"};
    static const double x0[] = {1, 2, 3};
    static const double x1[] = {2, 3, 5};
    plan_begin();
    plan_input("formula", 1);
    plan_texts("text", text);
    plan_input("leaves", 3);
    plan_texts("leaf", leaf);
    plan_floats("x0", x0);
    plan_floats("x1", x1);
    fail_each("decompose", NULL);
    plan_begin();
    plan_input("formula", 1);
    plan_texts("text", text);
    plan_input("leaves", 3);
    plan_texts("leaf", leaf);
    plan_floats("value", x0);
    fail_each("formula", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions),    cmocka_unit_test(test_missing_inputs),
        cmocka_unit_test(test_bad_inputs),      cmocka_unit_test(test_options_by_name),
        cmocka_unit_test(test_float_options),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
