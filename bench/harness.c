#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { MAX_RUNS = 1000, LINE = 256 };

static bool complain(const char *what, const char *which) {
    fprintf(stderr, "bench: %s %s\n", what, which);
    return false;
}

bool bench_parse(int argc, char **argv, bench_call *call) {
    memset(call, 0, sizeof *call);
    if (argc < 4 || argc > 5) return complain("usage:", "PROGRAM DIRECTORY SOURCE THREADS [RUNS]");
    call->directory = argv[1];
    call->source = argv[2];
    call->threads = atoi(argv[3]);
    call->runs = argc > 4 ? atoi(argv[4]) : 0;
    if (call->threads < 1) return complain("expected THREADS of 1 or more, got", argv[3]);
    if (argc > 4 && (call->runs < 1 || call->runs > MAX_RUNS))
        return complain("expected RUNS of 1 to 1000, got", argv[4]);
    return true;
}

#define HUGE_PAGE ((size_t)1 << 21)

/* Memory for a column, in large pages where there are some, as NumPy gives to the columns of the peers. */
static void *column_memory(size_t size) {
    if (size < 2 * HUGE_PAGE) return malloc(size);
    void *memory = NULL;
    if (posix_memalign(&memory, HUGE_PAGE, size) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    (void)madvise(memory, size, MADV_HUGEPAGE); /* if not, then not */
#endif
    return memory;
}

bool bench_read(const char *directory, const char *name, void *out, size_t *size) {
    char path[4096];
    struct stat info;
    void *data = NULL;
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof path) return complain("path too long:", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return complain("cannot open", path);
    bool ok = fstat(fileno(file), &info) == 0 && info.st_size > 0;
    *size = ok ? (size_t)info.st_size : 0;
    data = ok ? column_memory(*size) : NULL;
    ok = data != NULL && fread(data, 1, *size, file) == *size;
    if (fclose(file) != 0) ok = false;
    if (!ok) {
        free(data);
        return complain("cannot read", path);
    }
    memcpy(out, &data, sizeof data);
    return true;
}

/* A column of values of @p width bytes; all columns of a source have equally many. */
static bool read_column(const char *directory, const char *prefix, const char *suffix, size_t width, void *out,
                        int64_t *rows) {
    char name[64];
    size_t size = 0;
    (void)snprintf(name, sizeof name, "%s.%s", prefix, suffix);
    if (!bench_read(directory, name, out, &size)) return false;
    int64_t found = (int64_t)(size / width);
    if (*rows != 0 && *rows != found) return complain("a column of another length:", name);
    *rows = found;
    return true;
}

static bool read_words(const char *directory, const char *prefix, const char *suffix, int64_t **out, int64_t *rows) {
    return read_column(directory, prefix, suffix, sizeof **out, out, rows);
}

/* What a source is made of. */
typedef struct source {
    const char *name;
    const char *task;
    const char *set; /* of make_data */
    const char *key; /* column; NULL = ids as text */
    int steps;
} source;

static const source sources[] = {
    {"int", "rfm", "orders", "customer.i64", 0},
    {"text", "rfm", "orders", NULL, 0},
    {"orders", "group", "orders", "customer.i64", 0},
    {"events", "group", "events", "user.i64", 0},
    {"funnel-int", "funnel", "events", "user.i64", 4},
    {"funnel-text", "funnel", "events", NULL, 4},
    {"funnel-12", "funnel", "events", "user.i64", 12},
    {"funnel-u5", "funnel", "events-u5", "user.i64", 4},
    {"funnel-heavy", "funnel", "events-heavy", "user.i64", 4},
    {"funnel-shuffled", "funnel", "events-shuffled", "user.i64", 4},
    {"funnel-sorted", "funnel", "events-sorted", "user.i64", 4},
    {"retention-int", "retention", "events", "user.i64", 0},
    {"retention-text", "retention", "events", NULL, 0},
    {"retention-shuffled", "retention", "events-shuffled", "user.i64", 0},
};

static bool load_text(const char *where, const char *set, bench_data *data) {
    char name[64];
    size_t size = 0;
    int64_t ends = 0;
    data->text = true;
    (void)snprintf(name, sizeof name, "%s.member.bytes", set);
    return read_words(where, set, "member.offsets.i64", &data->offsets, &ends) &&
           (ends == data->rows + 1 || complain("a column of another length: offsets of", name)) &&
           bench_read(where, name, &data->bytes, &size);
}

static int64_t least(const int64_t *values, int64_t count) {
    int64_t found = INT64_MAX;
    for (int64_t i = 0; i < count; i++) found = values[i] < found ? values[i] : found;
    return found;
}

bool bench_load(const bench_call *call, bench_data *data) {
    const char *where = call->directory;
    const source *from = NULL;
    memset(data, 0, sizeof *data);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (strcmp(sources[i].name, call->source) == 0) from = &sources[i];
    }
    if (from == NULL) return complain("no source", call->source);
    data->task = from->task;
    data->steps = from->steps;
    bool retention = strcmp(from->task, "retention") == 0;
    const char *value = strcmp(from->set, "orders") == 0 ? "amount.i64" : "value.i64";
    bool ok = true;
    if (from->steps > 0)
        ok = read_column(where, from->set, "code.i32", sizeof(int32_t), &data->code, &data->rows);
    else if (!retention)
        ok = read_words(where, from->set, value, &data->value, &data->rows);
    if (ok && strcmp(from->task, "group") != 0) ok = read_words(where, from->set, "time.i64", &data->time, &data->rows);
    if (!ok) return false;
    if (retention) data->first_time = least(data->time, data->rows);
    return from->key != NULL ? read_words(where, from->set, from->key, &data->key, &data->rows)
                             : load_text(where, from->set, data);
}

void bench_unload(bench_data *data) {
    free(data->key);
    free(data->offsets);
    free(data->bytes);
    free(data->time);
    free(data->value);
    free(data->code);
    memset(data, 0, sizeof *data);
}

double bench_now(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void bench_note(bench_sample *sample, const char *name, double value) {
    if (sample->figure_count < (int)(sizeof sample->figures / sizeof sample->figures[0])) {
        sample->figures[sample->figure_count].name = name;
        sample->figures[sample->figure_count++].value = value;
    }
}

static double cpu_ms(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* Resident bytes now ("VmRSS:") or at most since the last reset ("VmHWM:"). */
static double resident(const char *field) {
    char line[LINE];
    double bytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) bytes = strtod(line + strlen(field), NULL) * 1024;
    }
    (void)fclose(file);
    return bytes;
}

static void reset_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL) return;
    (void)fputs("5", file);
    (void)fclose(file);
}

static bool run_once(const bench_formulation *how, void *subject, const bench_data *data, bench_sample *sample) {
    memset(sample, 0, sizeof *sample);
    reset_peak();
    double before = resident("VmRSS:");
    double cpu = cpu_ms();
    double start = bench_now();
    bool ok = how->run(subject, sample);
    double whole = bench_now() - start;
    if (!ok) return false;
    if (sample->ms <= 0) sample->ms = whole;
    if (sample->rows <= 0) sample->rows = (double)data->rows;
    bench_note(sample, "cpu_ms", cpu_ms() - cpu);
    bench_note(sample, "peak_bytes", resident("VmHWM:") - before);
    return true;
}

static void print_answer(const bench_task *task, const bench_sample *sample) {
    int at = 0;
    printf("\"answer\": {");
    for (; task->answer_names[at] != NULL; at++) {
        printf("%s\"%s\": %lld", at > 0 ? ", " : "", task->answer_names[at], (long long)sample->answer[at]);
    }
    if (task->cell_count > 0) printf("%s\"cells\": [", at > 0 ? ", " : "");
    for (int cell = 0; cell < task->cell_count; cell++) {
        printf("%s%lld", cell > 0 ? ", " : "", (long long)sample->answer[at + cell]);
    }
    printf("%s}", task->cell_count > 0 ? "]" : "");
}

static void print_figures(const bench_sample *sample) {
    for (int i = 0; i < sample->figure_count; i++) {
        printf("\"%s\": %.3f, ", sample->figures[i].name, sample->figures[i].value);
    }
}

static int answer_requests(const bench_task *task, const bench_data *data, void *subject) {
    char line[LINE];
    bench_sample sample;
    printf("{\"ready\": true, \"engine\": \"pdmetrics\", \"rows\": %lld, \"tasks\": {\"%s\": [", (long long)data->rows,
           task->name);
    for (int i = 0; i < task->formulation_count; i++) {
        printf("%s\"%s\"", i > 0 ? ", " : "", task->formulations[i].name);
    }
    printf("]}}\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *space = strchr(line, ' ');
        const bench_formulation *how = NULL;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; space != NULL && i < task->formulation_count; i++) {
            if (strcmp(space + 1, task->formulations[i].name) == 0) how = &task->formulations[i];
        }
        if (how == NULL) return complain("unknown request", line), 1;
        if (!run_once(how, subject, data, &sample)) return 1;
        printf("{\"ms\": %.3f, ", sample.ms);
        print_figures(&sample);
        print_answer(task, &sample);
        printf("}\n");
        fflush(stdout);
    }
    return 0;
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static int run_all(const bench_call *call, const bench_task *task, const bench_data *data, void *subject) {
    static double times[MAX_RUNS];
    for (int i = 0; i < task->formulation_count; i++) {
        const bench_formulation *how = &task->formulations[i];
        bench_sample sample;
        if (!run_once(how, subject, data, &sample)) return 1;
        double first = sample.ms;
        bench_sample cold = sample;
        for (int run = 0; run < call->runs; run++) {
            if (!run_once(how, subject, data, &sample)) return 1;
            times[run] = sample.ms;
            if (memcmp(cold.answer, sample.answer, sizeof sample.answer) != 0) {
                return complain("answers differ between runs of", how->name), 1;
            }
        }
        qsort(times, (size_t)call->runs, sizeof *times, by_value);
        double median = (times[(call->runs - 1) / 2] + times[call->runs / 2]) / 2;
        printf("{\"engine\": \"pdmetrics\", \"task\": \"%s\", \"formulation\": \"%s\", \"note\": \"%s\", ", task->name,
               how->name, how->note);
        printf("\"source\": \"%s\", \"threads\": %d, \"rows\": %.0f, ", call->source, call->threads, sample.rows);
        printf("\"first_ms\": %.3f, \"min_ms\": %.3f, \"median_ms\": %.3f, \"rows_per_s\": %.0f, ", first, times[0],
               median, sample.rows / median * 1e3);
        print_figures(&sample);
        print_answer(task, &sample);
        printf("}\n");
        fflush(stdout);
    }
    return 0;
}

int bench_main(const bench_call *call, const bench_task *task, const bench_data *data, void *subject) {
    return call->runs > 0 ? run_all(call, task, data, subject) : answer_requests(task, data, subject);
}
