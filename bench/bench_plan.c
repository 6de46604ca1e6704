/*
 * Planning: a year by month, channel and segment split exactly, evaluated and differentiated; a change of twenty factors; a billion units
 * over a million parts by every method. Inputs are made here, so there is no source and no peer.
 *
 *     bench_plan [RUNS]     one JSON line a task: least and median milliseconds of user CPU time, and of the clock
 *
 * User time counts what this process did, so that a busy machine does not matter much; the answer is checked in every run.
 */
#include "harness.h"

#include <pdmetrics.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MONTHS 12
#define CHANNELS 50
#define SEGMENTS 20
#define FACTORS 20
#define PARTS 1000000
#define MOST_RUNS 1000

static uint64_t random_state = 20260101;

static double next_random(void) {
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double user_ms(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec * 1e3 + (double)usage.ru_utime.tv_usec / 1e3;
}

/* ---- tables of texts ---- */

typedef struct texts {
    int32_t *offsets;
    char *bytes;
    int64_t count;
    size_t used;
} texts;

static void texts_begin(texts *t, int64_t count) {
    t->offsets = calloc((size_t)count + 1, sizeof *t->offsets);
    t->bytes = malloc((size_t)count * 24);
    if (t->offsets == NULL || t->bytes == NULL) abort();
}

/* A name, and a number unless that is −1. */
static void texts_add(texts *t, const char *name, int number) {
    char digits[12] = "";
    if (number >= 0) (void)snprintf(digits, sizeof digits, "%d", number);
    t->used += (size_t)snprintf(t->bytes + t->used, 24, "%s%s", name, digits);
    t->offsets[++t->count] = (int32_t)t->used;
}

static void texts_free(texts *t) {
    free(t->offsets);
    free(t->bytes);
}

/* ---- a year's plan ---- */

typedef struct year {
    pdm_context *context;
    texts levels;
    texts shares_level;
    texts shares_part;
    double weights[MONTHS + CHANNELS + SEGMENTS];
    int64_t total;
    pdm_tree *tree;
    double *leaves[7];
    double *slopes[7];
    double *root;
} year;

static const int32_t leaf_dimensions[7] = {7, PDM_TREE_MONTH | PDM_TREE_CHANNEL, PDM_TREE_SEGMENT, PDM_TREE_MONTH, 7, 2,
                                           0};
static const char *const leaf_names[7] = {"old", "cvr", "aov", "freq", "new", "fcvr", "faov"};

static size_t cells_of(int32_t dimensions) {
    return (size_t)((dimensions & PDM_TREE_MONTH) != 0 ? MONTHS : 1) *
           (size_t)((dimensions & PDM_TREE_CHANNEL) != 0 ? CHANNELS : 1) *
           (size_t)((dimensions & PDM_TREE_SEGMENT) != 0 ? SEGMENTS : 1);
}

static void year_begin(year *y, pdm_context *context) {
    static const char *const names[] = {"month", "channel", "segment"};
    static const int counts[] = {MONTHS, CHANNELS, SEGMENTS};
    static const char text[] = "old*cvr*aov*freq + new*fcvr*faov";
    pdm_leaf leaves[7];
    memset(y, 0, sizeof *y);
    y->context = context;
    y->total = INT64_C(1200000000007);
    texts_begin(&y->levels, 3);
    texts_begin(&y->shares_level, MONTHS + CHANNELS + SEGMENTS);
    texts_begin(&y->shares_part, MONTHS + CHANNELS + SEGMENTS);
    for (int l = 0, at = 0; l < 3; l++) {
        texts_add(&y->levels, names[l], -1);
        for (int k = 0; k < counts[l]; k++) {
            texts_add(&y->shares_level, names[l], -1);
            texts_add(&y->shares_part, "p", k);
            y->weights[at++] = floor(next_random() * 10000.0) / 100.0;
        }
    }
    for (int i = 0; i < 7; i++) {
        size_t cells = cells_of(leaf_dimensions[i]);
        leaves[i] = (pdm_leaf){leaf_names[i], PDM_LEAF_FREE, leaf_dimensions[i]};
        y->leaves[i] = malloc(cells * sizeof(double));
        y->slopes[i] = malloc(cells * sizeof(double));
        if (y->leaves[i] == NULL || y->slopes[i] == NULL) abort();
        for (size_t c = 0; c < cells; c++) y->leaves[i][c] = next_random() * 100.0;
    }
    y->root = malloc(cells_of(7) * sizeof(double));
    if (y->root == NULL || pdm_tree_parse(context, text, strlen(text), leaves, 7, NULL, &y->tree, NULL) != PDM_OK)
        abort();
}

static void year_end(year *y) {
    texts_free(&y->levels);
    texts_free(&y->shares_level);
    texts_free(&y->shares_part);
    for (int i = 0; i < 7; i++) {
        free(y->leaves[i]);
        free(y->slopes[i]);
    }
    free(y->root);
    pdm_tree_free(y->tree);
}

static bool year_split(const year *y) {
    const pdm_column target[] = {pdm_column_int64("total", &y->total)};
    const pdm_column levels[] = {pdm_column_utf8("level", y->levels.offsets, y->levels.bytes)};
    const pdm_column shares[] = {pdm_column_utf8("level", y->shares_level.offsets, y->shares_level.bytes),
                                 pdm_column_utf8("part", y->shares_part.offsets, y->shares_part.bytes),
                                 pdm_column_make("weight", PDM_TYPE_FLOAT64, y->weights)};
    pdm_batch batches[] = {pdm_batch_make(target, 1, 1), pdm_batch_make(levels, 1, 3),
                           pdm_batch_make(shares, 3, MONTHS + CHANNELS + SEGMENTS)};
    pdm_input inputs[] = {
        {"target", &batches[0], {NULL}}, {"levels", &batches[1], {NULL}}, {"shares", &batches[2], {NULL}}};
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_calculator_run(y->context, pdm_calculator_find("nested"), NULL, inputs, 3, &result, &err) != PDM_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return false;
    }
    const pdm_table *cells = pdm_result_table(result, "cells");
    const int64_t *amounts = pdm_table_i64(cells, "amount");
    int64_t sum = 0;
    for (int64_t i = 0; i < pdm_table_rows(cells); i++) sum += amounts[i];
    bool good = sum == y->total && pdm_table_rows(cells) == MONTHS * CHANNELS * SEGMENTS;
    pdm_result_free(result);
    return good;
}

static bool run_year(void *subject) {
    const year *y = subject;
    const pdm_tree_sizes sizes = {MONTHS, CHANNELS, SEGMENTS};
    const double *leaves[7];
    for (int i = 0; i < 7; i++) leaves[i] = y->leaves[i];
    if (!year_split(y)) return false;
    if (pdm_tree_evaluate_table(y->tree, &sizes, leaves, y->root, y->slopes, NULL) != PDM_OK) return false;
    /* The formula is of degree one in `old` and `new` together. */
    double value = 0.0;
    double by_slopes = 0.0;
    for (size_t c = 0; c < cells_of(7); c++) {
        value += y->root[c];
        by_slopes += y->leaves[0][c] * y->slopes[0][c] + y->leaves[4][c] * y->slopes[4][c];
    }
    return fabs(value - by_slopes) <= 1e-9 * value;
}

/* ---- twenty factors ---- */

typedef struct change {
    pdm_context *context;
    texts names;
    char formula[512];
    int32_t formula_offsets[2];
    double x0[FACTORS];
    double x1[FACTORS];
} change;

/* Two branches of ten factors each, which is what a real formula looks like. */
static void change_begin(change *c, pdm_context *context) {
    size_t used = 0;
    memset(c, 0, sizeof *c);
    c->context = context;
    texts_begin(&c->names, FACTORS);
    for (int i = 0; i < FACTORS; i++) {
        texts_add(&c->names, "x", i);
        const char *before = i == 0 ? "" : i == FACTORS / 2 ? " + " : "*";
        used += (size_t)snprintf(c->formula + used, sizeof c->formula - used, "%sx%d", before, i);
        c->x0[i] = 0.5 + next_random();
        c->x1[i] = 0.5 + next_random();
    }
    c->formula_offsets[1] = (int32_t)used;
}

static bool run_change(void *subject) {
    const change *c = subject;
    const pdm_column formula[] = {pdm_column_utf8("text", c->formula_offsets, c->formula)};
    const pdm_column leaves[] = {pdm_column_utf8("leaf", c->names.offsets, c->names.bytes),
                                 pdm_column_make("x0", PDM_TYPE_FLOAT64, c->x0),
                                 pdm_column_make("x1", PDM_TYPE_FLOAT64, c->x1)};
    pdm_batch batches[] = {pdm_batch_make(formula, 1, 1), pdm_batch_make(leaves, 3, FACTORS)};
    pdm_input inputs[] = {{"formula", &batches[0], {NULL}}, {"leaves", &batches[1], {NULL}}};
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_calculator_run(c->context, pdm_calculator_find("decompose"), NULL, inputs, 2, &result, &err) != PDM_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return false;
    }
    const pdm_table *summary = pdm_result_table(result, "summary");
    double total = pdm_table_f64(summary, "total")[0];
    bool good = fabs(pdm_table_f64(summary, "closure")[0]) <= 1e-12 * fabs(total) + 1e-13;
    pdm_result_free(result);
    return good;
}

/* ---- a million parts ---- */

typedef struct parts {
    pdm_context *context;
    pdm_apportion_options options;
    double *weights;
    int64_t *amounts;
} parts;

static bool run_parts(void *subject) {
    parts *p = subject;
    pdm_error err;
    if (pdm_apportion_split(p->context, &p->options, 1000000000, p->weights, PARTS, p->amounts, NULL, &err) != PDM_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return false;
    }
    int64_t sum = 0;
    for (int64_t i = 0; i < PARTS; i++) sum += p->amounts[i];
    return sum == 1000000000;
}

/* ---- runs ---- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static bool measure(const char *task, const char *note, bool (*run)(void *), void *subject, int runs) {
    double user[MOST_RUNS];
    double wall[MOST_RUNS];
    int inner = 1; /* the clock of user time is coarse: repeat what is short */
    if (!run(subject)) {
        (void)fprintf(stderr, "%s: wrong answer\n", task);
        return false;
    }
    for (double spent = 0.0; spent < 20.0 && inner < 4096; inner *= 2) {
        double start = user_ms();
        for (int i = 0; i < inner; i++) (void)run(subject);
        spent = user_ms() - start;
    }
    for (int r = 0; r < runs; r++) {
        double start = user_ms();
        double clock = bench_now();
        for (int i = 0; i < inner; i++) {
            if (!run(subject)) return false;
        }
        user[r] = (user_ms() - start) / inner;
        wall[r] = (bench_now() - clock) / inner;
    }
    qsort(user, (size_t)runs, sizeof *user, by_size);
    qsort(wall, (size_t)runs, sizeof *wall, by_size);
    (void)printf(
        "{\"task\": \"%s\", \"formulation\": \"%s\", \"user_ms_min\": %.4f, \"user_ms\": %.4f, \"ms_min\": %.4f, \"ms\": %.4f}\n",
        task, note, user[0], user[runs / 2], wall[0], wall[runs / 2]);
    return true;
}

static bool measure_parts(pdm_context *context, int runs) {
    static const char *const kinds[] = {"integers", "decimals", "full doubles", "skewed"};
    static const char *const methods[] = {"largest_remainder", "webster", "dhondt", "adams", "huntington"};
    parts p = {.context = context, .options = pdm_apportion_options_default()};
    p.weights = malloc(PARTS * sizeof *p.weights);
    p.amounts = malloc(PARTS * sizeof *p.amounts);
    if (p.weights == NULL || p.amounts == NULL) abort();
    bool good = true;
    for (int kind = 0; kind < 4; kind++) {
        for (int64_t i = 0; i < PARTS; i++) {
            double random = next_random();
            p.weights[i] = kind == 0   ? floor(random * 1e6)
                           : kind == 1 ? floor(random * 1e6) / 1000.0
                           : kind == 2 ? random
                                       : 1.0 / (1.0 + random * PARTS);
        }
        for (int method = 0; method < 5 && good; method++) {
            char task[64];
            p.options.method = method;
            (void)snprintf(task, sizeof task, "apportion %s", methods[method]);
            good = measure(task, kinds[kind], run_parts, &p, runs);
        }
    }
    free(p.weights);
    free(p.amounts);
    return good;
}

int main(int argc, char **argv) {
    int runs = argc > 1 ? atoi(argv[1]) : 5;
    if (argc > 2 || runs < 1 || runs > MOST_RUNS) {
        (void)fprintf(stderr, "usage: %s [runs]\n", argv[0]);
        return 2;
    }
    pdm_context *context = NULL;
    if (pdm_context_create(NULL, &context, NULL) != PDM_OK) return 1;
    year y;
    change c;
    year_begin(&y, context);
    change_begin(&c, context);
    bool good = measure("year plan", "12 x 50 x 20, split, evaluated, differentiated", run_year, &y, runs) &&
                measure("shapley", "20 factors", run_change, &c, runs) && measure_parts(context, runs);
    year_end(&y);
    texts_free(&c.names);
    pdm_context_free(context);
    return good ? 0 : 1;
}
