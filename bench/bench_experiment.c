/*
 * An experiment from rows: one row a unit, four metrics (a conversion, a count, money with CUPED, a ratio), exact sums of every arm and all
 * that follows from them. peers/experiment_peer.py makes the rows and drives it beside what computes the same sums.
 *
 *     bench_experiment DIRECTORY THREADS [RUNS]     DIRECTORY: int64 columns unit, variant, bought, orders, spend, before, as *.i64;
 *                                                   there, sums-*.tsv gets table moments; one JSON line a formulation on standard output
 */
#include "metric_rows.h"

#include <stdlib.h>
#include <string.h>

#define MOST_RUNS 1000
#define COLUMNS 6

static const char *const names[COLUMNS] = {"unit", "variant", "bought", "orders", "spend", "before"};

typedef struct experiment {
    const char *directory;
    int64_t rows;
    int64_t *values[COLUMNS];
    pdm_context *context; /* lasts for all runs */
} experiment;

typedef struct timing {
    double ms, update_ms, result_ms;
} timing;

static bool load(experiment *e, int column) {
    char name[64];
    size_t size = 0;
    (void)snprintf(name, sizeof name, "%s.i64", names[column]);
    if (!bench_read(e->directory, name, &e->values[column], &size)) return false;
    int64_t rows = (int64_t)(size / sizeof(int64_t));
    if (column == 0) e->rows = rows;
    if (rows == e->rows) return true;
    (void)fprintf(stderr, "bench_experiment: %s has another length\n", name);
    return false;
}

/* ---- the state ---- */

static bool give_lists(pdm_state *state) {
    static const int64_t arms[] = {0, 1};
    static const char *const metrics[] = {"bought", "orders", "spend", "aov"};
    static const char *const kinds[] = {"conversion", "count", "value", "ratio"};
    static const char *const columns[] = {"bought", "orders", "spend", "spend"};
    static const char *const denominators[] = {"", "", "", "orders"};
    static const char *const adjusted[] = {"spend"};
    static const char *const before[] = {"before"};
    static const uint8_t last = 0x08;
    metric_texts memory[6];
    const pdm_column arm_columns[] = {pdm_column_int64("variant", arms)};
    pdm_column metric_columns[] = {metric_text_column(&memory[0], "metric", metrics, 4),
                                   metric_text_column(&memory[1], "kind", kinds, 4),
                                   metric_text_column(&memory[2], "column", columns, 4),
                                   metric_text_column(&memory[3], "denominator", denominators, 4)};
    metric_columns[3].validity = &last;
    const pdm_column covariates[] = {metric_text_column(&memory[4], "metric", adjusted, 1),
                                     metric_text_column(&memory[5], "column", before, 1)};
    return metric_give(state, "arms", arm_columns, 1, 2) && metric_give(state, "metrics", metric_columns, 4, 4) &&
           metric_give(state, "covariates", covariates, 2, 1);
}

static bool create(pdm_context *context, bool moments_only, pdm_state **out) {
    pdm_error err;
    pdm_experiment_options options = pdm_experiment_options_default();
    options.moments_only = moments_only ? 1 : 0;
    return metric_ok("create", pdm_experiment_create(context, &options, out, &err), &err) && give_lists(*out);
}

/* ---- a run ---- */

/* From the empty state to freed memory, as a query of a peer is. */
static bool run(const experiment *e, pdm_context *context, bool moments_only, timing *t, pdm_result **result) {
    pdm_error err;
    pdm_state *state = NULL;
    pdm_column columns[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) columns[i] = pdm_column_int64(names[i], e->values[i]);
    pdm_batch batch = pdm_batch_make(columns, COLUMNS, e->rows);
    double start = bench_now();
    bool good =
        create(context, moments_only, &state) && metric_ok("update", pdm_state_update(state, &batch, &err), &err);
    double updated = bench_now();
    good = good && metric_ok("result", pdm_state_result(state, result, &err), &err);
    double answered = bench_now();
    pdm_state_free(state);
    *t = (timing){bench_now() - start, updated - start, answered - updated};
    return good;
}

static bool save(const experiment *e, const char *formulation, const pdm_result *result) {
    static const char *const texts_of[] = {"metric", "variant", "column_i", "column_j", "sum_i", "sum_ij"};
    char path[4096];
    const pdm_table *moments = pdm_result_table(result, "moments");
    (void)snprintf(path, sizeof path, "%s/sums-%s.tsv", e->directory, formulation);
    FILE *file = fopen(path, "w");
    if (file == NULL) return false;
    for (int64_t row = 0; row < pdm_table_rows(moments); row++) {
        (void)fprintf(file, "%lld", (long long)pdm_table_i64(moments, "n")[row]);
        for (size_t c = 0; c < sizeof texts_of / sizeof *texts_of; c++) {
            size_t length = 0;
            const char *text = pdm_table_utf8(moments, texts_of[c], row, &length);
            (void)fprintf(file, "\t%.*s", (int)length, text == NULL ? "" : text);
        }
        (void)fputc('\n', file);
    }
    return fclose(file) == 0;
}

static int by_size(const void *a, const void *b) {
    const timing *x = a;
    const timing *y = b;
    return (x->ms > y->ms) - (x->ms < y->ms);
}

static bool measure(const experiment *e, const char *formulation, bool moments_only, int runs) {
    timing *times = malloc((size_t)runs * sizeof *times);
    uint64_t peak = 0;
    bool good = times != NULL;
    for (int i = 0; i < runs && good; i++) {
        pdm_result *result = NULL;
        good = run(e, e->context, moments_only, &times[i], &result) && (i > 0 || save(e, formulation, result));
        pdm_result_free(result);
    }
    if (!good) {
        free(times);
        return false;
    }
    double first = times[0].ms;
    qsort(times, (size_t)runs, sizeof *times, by_size);
    pdm_context_memory(e->context, NULL, &peak);
    (void)printf("{\"formulation\": \"%s\", \"rows\": %lld, \"ms_first\": %.3f, \"ms_min\": %.3f, \"ms\": %.3f, "
                 "\"update_ms\": %.3f, \"result_ms\": %.3f, \"context_peak_bytes\": %llu}\n",
                 formulation, (long long)e->rows, first, times[0].ms, times[runs / 2].ms, times[0].update_ms,
                 times[0].result_ms, (unsigned long long)peak);
    free(times);
    return true;
}

int main(int argc, char **argv) {
    int threads = argc > 2 ? atoi(argv[2]) : 0;
    int runs = argc > 3 ? atoi(argv[3]) : 3;
    if (argc < 3 || argc > 4 || threads < 1 || runs < 1 || runs > MOST_RUNS) {
        (void)fprintf(stderr, "usage: %s DIRECTORY THREADS [RUNS]\n", argv[0]);
        return 2;
    }
    experiment e = {.directory = argv[1]};
    bool good = true;
    for (int i = 0; i < COLUMNS && good; i++) good = load(&e, i);
    good = good && metric_context(threads, &e.context) && measure(&e, "moments-only", true, runs) &&
           measure(&e, "units", false, runs);
    pdm_context_free(e.context);
    for (int i = 0; i < COLUMNS; i++) free(e.values[i]);
    return good ? 0 : 1;
}
