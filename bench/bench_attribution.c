/*
 * Attribution from touches and conversions of users, and from ready-made paths. peers/attribution_peer.py makes the rows and drives it
 * beside what counts the same transitions and gives the same credits.
 *
 *     bench_attribution DIRECTORY events THREADS [RUNS [FORMULATION…]]
 *     bench_attribution DIRECTORY paths THREADS [RUNS [FORMULATION…]]
 *
 * DIRECTORY, for events: user.i64, time.i64 (µs), code.u8 (place in channels.txt; one more is a conversion), value.i64 (minor units, of
 * conversions), channels.txt (a line each); for paths: path.bytes, path.offsets.i64, conversions.i64, nulls.i64, value.f64. There,
 * credits-*.tsv and transitions-*.tsv get these tables; one JSON line a formulation goes to standard output.
 */
#include "metric_rows.h"

#include <stdlib.h>
#include <string.h>

#define MOST_RUNS 1000
#define MOST_COLUMNS 5
#define MOST_CHANNELS 255
#define MOST_MODELS 16

typedef struct attribution {
    const char *directory;
    bool paths;
    int threads;
    int64_t rows;
    pdm_column columns[MOST_COLUMNS];
    int32_t column_count;
    void *memory[MOST_COLUMNS + 4]; /* of the columns */
    int memory_count;
    pdm_column kinds, channels; /* dictionaries */
    int32_t channel_offsets[MOST_CHANNELS + 1];
    pdm_context *context; /* lasts for all runs */
} attribution;

typedef struct timing {
    double ms, update_ms, result_ms;
} timing;

/* ---- rows ---- */

static void *keep(attribution *a, void *memory) {
    a->memory[a->memory_count++] = memory;
    return memory;
}

/* Reads a column of values of @p width bytes; all have the same length, offsets one more. */
static bool read_column(attribution *a, const char *name, size_t width, int64_t more, void *out) {
    size_t size = 0;
    void *values = NULL;
    if (!bench_read(a->directory, name, &values, &size)) return false;
    int64_t rows = (int64_t)(size / width) - more;
    if (a->memory_count == 0) a->rows = rows;
    keep(a, values);
    memcpy(out, &values, sizeof values);
    if (rows == a->rows) return true;
    (void)fprintf(stderr, "bench_attribution: %s has another length\n", name);
    return false;
}

static bool read_channels(attribution *a) {
    char *text = NULL;
    size_t size = 0;
    int32_t end = 0;
    if (!bench_read(a->directory, "channels.txt", &text, &size)) return false;
    keep(a, text);
    a->channels = pdm_column_utf8("channel", a->channel_offsets, text);
    int64_t count = 0;
    for (size_t i = 0; i < size; i++) { /* lines close up: offsets have no gaps */
        if (text[i] != '\n') {
            text[end++] = text[i];
        } else if (count < MOST_CHANNELS) {
            a->channel_offsets[++count] = end;
        }
    }
    a->columns[3].dictionary_length = count;
    return true;
}

/* Kind and channel are dictionaries, as Arrow, Polars and Parquet hold such columns; values are null where there is no conversion. */
static bool encode(attribution *a, uint8_t *code) {
    size_t rows = (size_t)a->rows;
    uint8_t conversion = (uint8_t)a->columns[3].dictionary_length;
    uint8_t *kind = keep(a, malloc(rows));
    uint8_t *touched = keep(a, calloc(rows / 8 + 1, 1));
    uint8_t *converted = keep(a, calloc(rows / 8 + 1, 1));
    if (kind == NULL || touched == NULL || converted == NULL) return false;
    for (size_t i = 0; i < rows; i++) {
        kind[i] = code[i] == conversion;
        (kind[i] ? converted : touched)[i / 8] |= (uint8_t)(1U << i % 8);
        if (kind[i]) code[i] = 0;
    }
    a->columns[2].values = kind;
    a->columns[3].validity = touched;
    a->columns[4].validity = converted;
    return true;
}

static bool load_events(attribution *a) {
    static const int32_t kind_offsets[] = {0, 5, 15};
    int64_t *user = NULL;
    int64_t *time = NULL;
    int64_t *value = NULL;
    uint8_t *code = NULL;
    if (!read_column(a, "user.i64", 8, 0, &user) || !read_column(a, "time.i64", 8, 0, &time) ||
        !read_column(a, "code.u8", 1, 0, &code) || !read_column(a, "value.i64", 8, 0, &value))
        return false;
    a->kinds = pdm_column_utf8("kind", kind_offsets, "touchconversion");
    a->columns[0] = pdm_column_int64("user", user);
    a->columns[1] = pdm_column_int64("time", time);
    a->columns[2] = pdm_column_make("kind", PDM_TYPE_DICTIONARY, NULL);
    a->columns[3] = pdm_column_make("channel", PDM_TYPE_DICTIONARY, code);
    a->columns[4] = pdm_column_int64("value", value);
    a->column_count = 5;
    a->columns[2].index_type = a->columns[3].index_type = PDM_TYPE_UINT8;
    a->columns[2].dictionary = &a->kinds;
    a->columns[2].dictionary_length = 2;
    a->columns[3].dictionary = &a->channels;
    return read_channels(a) && encode(a, code);
}

static bool load_paths(attribution *a) {
    int64_t *offsets = NULL;
    int64_t *conversions = NULL;
    int64_t *nulls = NULL;
    double *value = NULL;
    char *bytes = NULL;
    size_t size = 0;
    if (!read_column(a, "conversions.i64", 8, 0, &conversions) || !read_column(a, "nulls.i64", 8, 0, &nulls) ||
        !read_column(a, "value.f64", 8, 0, &value) || !read_column(a, "path.offsets.i64", 8, 1, &offsets) ||
        !bench_read(a->directory, "path.bytes", &bytes, &size))
        return false;
    keep(a, bytes);
    a->columns[0] = pdm_column_make("path", PDM_TYPE_LARGE_UTF8, bytes);
    a->columns[0].offsets = offsets;
    a->columns[1] = pdm_column_int64("conversions", conversions);
    a->columns[2] = pdm_column_int64("nulls", nulls);
    a->columns[3] = pdm_column_make("value", PDM_TYPE_FLOAT64, value);
    a->column_count = 4;
    return true;
}

/* ---- the state ---- */

/* A model to ask for. */
typedef struct asked {
    const char *model;
    int64_t order;            /* 1 for those that have none */
    int64_t self_transitions; /* 1 = table transitions has all that was counted */
} asked;

typedef struct formulation {
    const char *name;
    bool of_paths;
    int32_t count;
    asked models[MOST_MODELS];
} formulation;

static const formulation formulations[] = {
    {"transitions", false, 1, {{"markov", 1, 1}}},
    {"rules", false, 4, {{"first_touch", 1, 0}, {"last_touch", 1, 0}, {"linear", 1, 0}, {"position_based", 1, 0}}},
    {"all",
     false,
     14,
     {{"first_touch", 1, 0},
      {"last_touch", 1, 0},
      {"first_non_direct", 1, 0},
      {"last_non_direct", 1, 0},
      {"linear", 1, 0},
      {"linear_unique", 1, 0},
      {"participation", 1, 0},
      {"position_based", 1, 0},
      {"u_shaped", 1, 0},
      {"j_shaped", 1, 0},
      {"inverse_j_shaped", 1, 0},
      {"position_decay", 1, 0},
      {"custom_weights", 1, 0},
      {"markov", 1, 1}}},
    {"order-1", true, 1, {{"markov", 1, 0}}},
    {"order-2", true, 1, {{"markov", 2, 0}}},
    {"order-3", true, 1, {{"markov", 3, 0}}},
    {"order-4", true, 1, {{"markov", 4, 0}}},
};
#define FORMULATIONS ((int)(sizeof formulations / sizeof *formulations))

static bool give_models(pdm_state *state, const formulation *f) {
    metric_texts names;
    const char *words[MOST_MODELS];
    int64_t orders[MOST_MODELS];
    int64_t selves[MOST_MODELS];
    uint8_t chains[MOST_MODELS / 8] = {0}; /* which models are Markov chains: the others have no order */
    for (int32_t i = 0; i < f->count; i++) {
        words[i] = f->models[i].model;
        orders[i] = f->models[i].order;
        selves[i] = f->models[i].self_transitions;
        if (strcmp(words[i], "markov") == 0) chains[i / 8] |= (uint8_t)(1U << i % 8);
    }
    pdm_column columns[] = {metric_text_column(&names, "model", words, f->count),
                            pdm_column_int64("order", orders),
                            pdm_column_int64("self_transitions", selves),
                            {0}};
    columns[1].validity = columns[2].validity = chains;
    columns[3] = columns[0]; /* names in the tables without parameters */
    columns[3].name = "name";
    return metric_give(state, "models", columns, 4, f->count);
}

/* What first_non_direct, last_non_direct and custom_weights ask for. */
static bool give_lists(pdm_state *state) {
    static const char *const direct_channels[] = {"direct_visit"};
    static const char *const models[] = {"custom_weights", "custom_weights", "custom_weights"};
    static const int64_t positions[] = {1, 2, 3};
    static const double weights[] = {0.5, 0.3, 0.2};
    metric_texts names;
    metric_texts channels;
    const pdm_column direct = metric_text_column(&channels, "channel", direct_channels, 1);
    const pdm_column columns[] = {metric_text_column(&names, "model", models, 3),
                                  pdm_column_int64("position", positions),
                                  pdm_column_make("weight", PDM_TYPE_FLOAT64, weights)};
    return metric_give(state, "weights", columns, 3, 3) && metric_give(state, "direct", &direct, 1, 1);
}

static bool create(const attribution *a, const formulation *f, pdm_context *context, pdm_state **out) {
    pdm_error err;
    pdm_attribution_options options = pdm_attribution_options_default();
    options.rows = a->paths ? PDM_ATTRIBUTION_PATHS : PDM_ATTRIBUTION_EVENTS;
    options.value_type = a->paths ? PDM_ATTRIBUTION_DOUBLE : PDM_ATTRIBUTION_MONEY;
    if (!a->paths) {
        options.reset = PDM_ATTRIBUTION_RESET_AFTER_CONVERSION;
        options.lookback = INT64_MAX;
    }
    return metric_ok("create", pdm_attribution_create(context, &options, out, &err), &err) && give_models(*out, f) &&
           (strcmp(f->name, "all") != 0 || give_lists(*out));
}

/* ---- a run ---- */

static bool save(const attribution *a, const formulation *f, const pdm_result *result, const char *name,
                 const char *const *texts, const char *const *numbers) {
    char path[4096];
    const pdm_table *table = pdm_result_table(result, name);
    (void)snprintf(path, sizeof path, "%s/%s-%s.tsv", a->directory, name, f->name);
    FILE *file = table == NULL ? NULL : fopen(path, "w");
    if (file == NULL) return false;
    for (int64_t row = 0; row < pdm_table_rows(table); row++) {
        for (const char *const *column = texts; *column != NULL; column++) {
            size_t length = 0;
            const char *text = pdm_table_utf8(table, *column, row, &length);
            (void)fprintf(file, "%.*s\t", (int)length, text == NULL ? "" : text);
        }
        for (const char *const *column = numbers; *column != NULL; column++) {
            const int64_t *whole = pdm_table_i64(table, *column);
            if (whole != NULL) {
                (void)fprintf(file, "%lld\t", (long long)whole[row]);
            } else {
                (void)fprintf(file, "%.17g\t", pdm_table_f64(table, *column)[row]);
            }
        }
        (void)fputc('\n', file);
    }
    return fclose(file) == 0;
}

static bool save_all(const attribution *a, const formulation *f, const pdm_result *result) {
    static const char *const credit_texts[] = {"model", "row_kind", "channel", NULL};
    static const char *const credit_numbers[] = {"conversions", "value", NULL};
    static const char *const transition_texts[] = {"from", "to", NULL};
    static const char *const transition_numbers[] = {"count", NULL};
    return save(a, f, result, "credits", credit_texts, credit_numbers) &&
           (strcmp(f->name, "transitions") != 0 ||
            save(a, f, result, "transitions", transition_texts, transition_numbers));
}

/* From the empty state to freed memory, as a query of a peer is. */
static bool run(const attribution *a, const formulation *f, pdm_context *context, bool saved, timing *t,
                uint64_t *held) {
    pdm_error err;
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    pdm_batch batch = pdm_batch_make(a->columns, a->column_count, a->rows);
    double start = bench_now();
    bool good = create(a, f, context, &state) && metric_ok("update", pdm_state_update(state, &batch, &err), &err);
    double updated = bench_now();
    good = good && metric_ok("result", pdm_state_result(state, &result, &err), &err);
    double answered = bench_now();
    if (good) *held = pdm_state_memory(state);
    if (good && saved) good = save_all(a, f, result);
    double written = bench_now();
    pdm_result_free(result);
    pdm_state_free(state);
    *t = (timing){bench_now() - written + answered - start, updated - start, answered - updated};
    return good;
}

static int by_size(const void *a, const void *b) {
    const timing *x = a;
    const timing *y = b;
    return (x->ms > y->ms) - (x->ms < y->ms);
}

/* Once in a context of its own that is given back, then @p runs times in the one that stays. */
static bool time_runs(const attribution *a, const formulation *f, int runs, timing *times, double *cold_ms,
                      uint64_t *held) {
    pdm_context *context = NULL;
    double start = bench_now();
    bool good = metric_context(a->threads, &context) && run(a, f, context, false, &times[0], held);
    pdm_context_free(context);
    *cold_ms = bench_now() - start;
    for (int i = 0; i < runs && good; i++) good = run(a, f, a->context, i == 0, &times[i], held);
    return good;
}

static bool measure(const attribution *a, const formulation *f, int runs) {
    timing *times = malloc((size_t)runs * sizeof *times);
    double cold_ms = 0.0;
    uint64_t held = 0;
    uint64_t peak = 0;
    if (times == NULL || !time_runs(a, f, runs, times, &cold_ms, &held)) {
        free(times);
        return false;
    }
    qsort(times, (size_t)runs, sizeof *times, by_size);
    pdm_context_memory(a->context, NULL, &peak);
    (void)printf("{\"formulation\": \"%s\", \"rows\": %lld, \"ms_cold\": %.3f, \"ms_min\": %.3f, \"ms\": %.3f, "
                 "\"update_ms\": %.3f, \"result_ms\": %.3f, \"state_bytes\": %llu, \"context_peak_bytes\": %llu}\n",
                 f->name, (long long)a->rows, cold_ms, times[0].ms, times[runs / 2].ms, times[runs / 2].update_ms,
                 times[runs / 2].result_ms, (unsigned long long)held, (unsigned long long)peak);
    (void)fflush(stdout);
    free(times);
    return true;
}

/* Those that are named, or all; false after a message. */
static bool measure_all(const attribution *a, int runs, int count, char **names) {
    int measured = 0;
    for (int i = 0; i < FORMULATIONS; i++) {
        const formulation *f = &formulations[i];
        bool wanted = count == 0;
        for (int n = 0; n < count; n++) wanted = wanted || strcmp(names[n], f->name) == 0;
        if (!wanted || f->of_paths != a->paths) continue;
        if (!measure(a, f, runs)) return false;
        measured++;
    }
    if (measured > 0) return true;
    (void)fprintf(stderr, "bench_attribution: no such formulation of %s\n", a->paths ? "paths" : "events");
    return false;
}

int main(int argc, char **argv) {
    bool paths = argc > 2 && strcmp(argv[2], "paths") == 0;
    int threads = argc > 3 ? atoi(argv[3]) : 0;
    int runs = argc > 4 ? atoi(argv[4]) : 3;
    if (argc < 4 || (!paths && strcmp(argv[2], "events") != 0) || threads < 1 || runs < 1 || runs > MOST_RUNS) {
        (void)fprintf(stderr, "usage: %s DIRECTORY events|paths THREADS [RUNS [FORMULATION...]]\n", argv[0]);
        return 2;
    }
    attribution a = {.directory = argv[1], .paths = paths, .threads = threads};
    bool good = (paths ? load_paths(&a) : load_events(&a)) && metric_context(threads, &a.context);
    good = good && measure_all(&a, runs, argc > 5 ? argc - 5 : 0, argv + 5);
    pdm_context_free(a.context);
    for (int i = 0; i < a.memory_count; i++) free(a.memory[i]);
    return good ? 0 : 1;
}
