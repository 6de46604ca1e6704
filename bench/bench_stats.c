/*
 * Two conversion rates, many comparisons: the pooled test, the test with Newcombe's interval, and the complete answer (test, score interval
 * of the difference, score set of the lift) by its functions and through the calculator. peers/stats_peer.py drives it.
 *
 *     bench_stats COUNTS RESULTS [RUNS]     COUNTS: int64 columns x_control, n_control, x_treatment, n_treatment, one after the other;
 *                                           RESULTS: what was found, as columns of doubles; one JSON line a task on standard output
 */
#include "harness.h"

#include <pdmetrics.h>

#include <stdlib.h>
#include <string.h>

#define MOST_RUNS 1000
#define COLUMNS 8 /* z, p, Newcombe's limits, Mee's, Koopman's */

typedef struct rates {
    int64_t rows;
    int64_t *counts; /* 4 columns */
    double *found;   /* COLUMNS columns */
    double z;        /* critical value of 95 % */
    pdm_context *context;
} rates;

static bool rates_load(rates *r, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) return false;
    r->rows = (int64_t)ftell(file) / (int64_t)(4 * sizeof *r->counts);
    rewind(file);
    r->counts = malloc((size_t)r->rows * 4 * sizeof *r->counts);
    r->found = calloc((size_t)r->rows * COLUMNS, sizeof *r->found);
    if (r->counts == NULL || r->found == NULL) abort();
    bool good = fread(r->counts, 4 * sizeof *r->counts, (size_t)r->rows, file) == (size_t)r->rows;
    return fclose(file) == 0 && good && r->rows > 0;
}

static pdm_two_proportions row_of(const rates *r, int64_t i) {
    return (pdm_two_proportions){r->counts[i], r->counts[r->rows + i], r->counts[2 * r->rows + i],
                                 r->counts[3 * r->rows + i]};
}

static bool run_test(rates *r) {
    for (int64_t i = 0; i < r->rows; i++) {
        pdm_two_proportions two = row_of(r, i);
        pdm_test test;
        if (pdm_proportion_test(&two, PDM_TEST_POOLED, PDM_TWO_SIDED, &test, NULL) != PDM_OK) return false;
        r->found[i] = test.statistic;
        r->found[r->rows + i] = test.p;
    }
    return true;
}

static bool put_difference(rates *r, int64_t i, int32_t method, int column) {
    pdm_two_proportions two = row_of(r, i);
    pdm_interval interval;
    if (pdm_proportion_difference_at(&two, method, PDM_TWO_SIDED, r->z, &interval, NULL) != PDM_OK) return false;
    r->found[column * r->rows + i] = interval.low;
    r->found[(column + 1) * r->rows + i] = interval.high;
    return true;
}

static bool run_newcombe(rates *r) {
    if (!run_test(r)) return false;
    for (int64_t i = 0; i < r->rows; i++) {
        if (!put_difference(r, i, PDM_DIFFERENCE_NEWCOMBE, 2)) return false;
    }
    return true;
}

static bool run_complete(rates *r) {
    if (!run_test(r)) return false;
    for (int64_t i = 0; i < r->rows; i++) {
        pdm_two_proportions two = row_of(r, i);
        pdm_lift lift;
        if (!put_difference(r, i, PDM_DIFFERENCE_MEE, 4)) return false;
        if (pdm_proportion_lift_at(&two, PDM_RATIO_KOOPMAN, PDM_TWO_SIDED, r->z, &lift, NULL) != PDM_OK) return false;
        r->found[6 * r->rows + i] = lift.low;
        r->found[7 * r->rows + i] = lift.high;
    }
    return true;
}

/* Columns in, a table out, as bindings do it. */
static bool run_calculator(rates *r) {
    static const char *const names[] = {"x_control", "n_control", "x_treatment", "n_treatment"};
    const pdm_calculator *calculator = pdm_calculator_find("proportion_test");
    pdm_column columns[4];
    pdm_result *result = NULL;
    for (int c = 0; c < 4; c++) columns[c] = pdm_column_int64(names[c], r->counts + c * r->rows);
    pdm_batch batch = pdm_batch_make(columns, 4, r->rows);
    pdm_input input = {"counts", &batch, {NULL}};
    if (pdm_calculator_run(r->context, calculator, NULL, &input, 1, &result, NULL) != PDM_OK) return false;
    bool good = pdm_table_rows(pdm_result_table_at(result, 0)) == r->rows;
    pdm_result_free(result);
    return good;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(const char *task, bool (*run)(rates *), rates *r, int runs) {
    double times[MOST_RUNS];
    for (int i = 0; i < runs; i++) {
        double start = bench_now();
        if (!run(r)) return false;
        times[i] = bench_now() - start;
    }
    qsort(times, (size_t)runs, sizeof *times, by_size);
    (void)printf("{\"task\": \"%s\", \"rows\": %lld, \"ms_min\": %.4f, \"ms\": %.4f}\n", task, (long long)r->rows,
                 times[0], times[runs / 2]);
    return true;
}

static bool save(const rates *r, const char *path) {
    FILE *file = fopen(path, "wb");
    size_t count = (size_t)r->rows * COLUMNS;
    if (file == NULL) return false;
    bool good = fwrite(r->found, sizeof *r->found, count, file) == count;
    return fclose(file) == 0 && good;
}

int main(int argc, char **argv) {
    int runs = argc > 3 ? atoi(argv[3]) : 5;
    rates r = {0};
    if (argc < 3 || argc > 4 || runs < 1 || runs > MOST_RUNS) {
        (void)fprintf(stderr, "usage: %s COUNTS RESULTS [RUNS]\n", argv[0]);
        return 2;
    }
    if (!rates_load(&r, argv[1])) {
        (void)fprintf(stderr, "%s: no columns of counts\n", argv[1]);
        return 1;
    }
    r.z = pdm_normal_isf(0.025);
    if (pdm_context_create(NULL, &r.context, NULL) != PDM_OK) return 1;
    bool good = measure("test", run_test, &r, runs) && measure("newcombe", run_newcombe, &r, runs) &&
                measure("complete", run_complete, &r, runs) && measure("calculator", run_calculator, &r, runs) &&
                save(&r, argv[2]);
    pdm_context_free(r.context);
    free(r.counts);
    free(r.found);
    return good ? 0 : 1;
}
