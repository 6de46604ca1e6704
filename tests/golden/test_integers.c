/*
 * Integers do not depend on the compiler: tests/golden/integers.txt holds what every calculator's integer, text and flag columns are for
 * the shared cases, and sums over large random splits. It is written by one build and compared by all, gcc's and clang's.
 *
 * New cases are added by running this test once from the source root with PDM_GOLDEN_WRITE=1 in the environment, which writes the file
 * anew: look at what changes.
 */
#include "calculator_cases.h"
#include "compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pdmetrics/plan/allocate.h>

#define PATH PDM_SOURCE_DIR "/tests/golden/integers.txt"

static void put_cell(const pdm_table *table, int32_t c, int64_t row, FILE *out) {
    const char *name = pdm_table_column_name(table, c);
    size_t length = 0;
    if (pdm_table_is_null(table, name, row)) {
        (void)fputs("\tnull", out);
        return;
    }
    switch (pdm_table_column_type(table, c)) {
    case PDM_TYPE_INT64:
    case PDM_TYPE_UINT64:
    case PDM_TYPE_TIMESTAMP_US: (void)fprintf(out, "\t%lld", (long long)pdm_table_i64(table, name)[row]); break;
    case PDM_TYPE_INT32: (void)fprintf(out, "\t%d", (int)pdm_table_i32(table, name)[row]); break;
    case PDM_TYPE_BOOL: {
        pdm_column column;
        assert_int_equal(pdm_table_column(table, c, &column, NULL), PDM_OK);
        (void)fprintf(out, "\t%d", ((const uint8_t *)column.values)[row / 8] >> row % 8 & 1);
        break;
    }
    default: {
        const char *text = pdm_table_utf8(table, name, row, &length);
        (void)fprintf(out, "\t%.*s", (int)length, text == NULL ? "" : text);
    }
    }
}

static void put_table(const pdm_table *table, FILE *out) {
    (void)fprintf(out, "# %s\n", pdm_table_name(table));
    for (int64_t row = 0; row < pdm_table_rows(table); row++) {
        for (int32_t c = 0; c < pdm_table_column_count(table); c++) {
            if (pdm_table_column_type(table, c) != PDM_TYPE_FLOAT64) put_cell(table, c, row, out);
        }
        (void)fputc('\n', out);
    }
}

static void put_cases(FILE *out) {
    for (int32_t i = 0; i < calculator_case_count; i++) {
        calculator_call *call = calculator_call_make(&calculator_cases[i]);
        pdm_result *result = NULL;
        assert_int_equal(calculator_call_run(call, NULL, &result, NULL), PDM_OK);
        (void)fprintf(out, "== %s %s\n", calculator_cases[i].calculator, calculator_cases[i].options);
        for (int32_t t = 0; t < pdm_result_table_count(result); t++) put_table(pdm_result_table_at(result, t), out);
        pdm_result_free(result);
        calculator_call_free(call);
    }
}

/* FNV-1a over the amounts. */
static uint64_t fold(uint64_t hash, int64_t value) {
    for (int32_t i = 0; i < 8; i++) hash = (hash ^ ((uint64_t)value >> (8 * i) & 0xFF)) * UINT64_C(0x100000001B3);
    return hash;
}

/* Weights of all magnitudes, in decimals and not, with equal ones and zeros among them. */
static double weight(uint64_t *random, int32_t kind) {
    int64_t n = rows_below(random, 100000);
    switch (kind) {
    case 0: return (double)n;
    case 1: return (double)n / 1000.0;
    case 2: return (double)(n % 10) * 0.1;
    case 3: return (double)(n + 1) / 3.0;
    default: return (double)n * (n % 2 == 0 ? 1e-6 : 1e9);
    }
}

static void put_splits(FILE *out) {
    enum { PARTS = 500 };
    uint64_t random = 2026;
    for (int32_t method = PDM_APPORTION_LARGEST_REMAINDER; method <= PDM_APPORTION_HUNTINGTON; method++) {
        uint64_t hash = UINT64_C(0xCBF29CE484222325);
        for (int32_t round = 0; round < 40; round++) {
            double weights[PARTS];
            int64_t amounts[PARTS];
            for (int32_t i = 0; i < PARTS; i++) weights[i] = weight(&random, round % 5);
            int64_t total = (int64_t)(rows_random(&random) >> (1 + round % 60)) - (round % 7 == 0 ? 1000 : 0);
            int32_t tie = 0;
            pdm_apportion_options options = pdm_apportion_options_default();
            options.method = method;
            pdm_status status = pdm_apportion_split(NULL, &options, total, weights, PARTS, amounts, &tie, NULL);
            assert_int_equal(status, PDM_OK);
            for (int32_t i = 0; i < PARTS; i++) hash = fold(hash, amounts[i]);
            hash = fold(hash, tie);
        }
        (void)fprintf(out, "splits by method %d: %016llx\n", (int)method, (unsigned long long)hash);
    }
}

static bytes written(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) abort();
    put_cases(out);
    put_splits(out);
    (void)fclose(out);
    return (bytes){(uint8_t *)text, size};
}

static void test_integers(void **unused) {
    (void)unused;
    bytes got = written();
    if (getenv("PDM_GOLDEN_WRITE") != NULL) {
        FILE *file = fopen(PATH, "wb");
        if (file == NULL || fwrite(got.data, 1, got.size, file) != got.size || fclose(file) != 0) abort();
    }
    FILE *file = fopen(PATH, "rb");
    if (file == NULL) fail_msg("%s cannot be read", PATH);
    size_t line = 1;
    for (size_t i = 0; i < got.size; i++) {
        if (fgetc(file) != got.data[i]) fail_msg("tests/golden/integers.txt: line %zu is another here", line);
        line += got.data[i] == '\n';
    }
    assert_int_equal(fgetc(file), EOF);
    (void)fclose(file);
    bytes_free(&got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
