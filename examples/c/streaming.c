/*
 * A service that counts orders as they arrive, writes a snapshot now and then, and may be killed at any moment.
 *
 *     streaming [SNAPSHOT]     file for the snapshot, default streaming.state
 *
 * The orders stand in a log that can be read again (here: sample data; in earnest, a message queue). A snapshot needs no position in
 * the log beside it: the state knows how many rows it has taken. The first life is killed in the middle, without warning; the second
 * one goes on from the last snapshot, and ends with the same bytes as a life without accident.
 */
#define _POSIX_C_SOURCE 200809L

#include <pdmetrics.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_COLUMNS 16
#define ROWS_A_BATCH 500
#define BATCHES_A_SNAPSHOT 4

/* The log of orders. */
typedef struct order_log {
    pdm_column columns[MAX_COLUMNS];
    int32_t column_count;
    int64_t rows;
} order_log;

static void die(const char *what, const char *why) {
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static order_log open_log(const pdm_table *orders) {
    order_log log = {.column_count = pdm_table_column_count(orders), .rows = pdm_table_rows(orders)};
    if (log.column_count > MAX_COLUMNS) die("log", "too many columns");
    pdm_error err;
    for (int32_t i = 0; i < log.column_count; i++) {
        if (pdm_table_column(orders, i, &log.columns[i], &err) != PDM_OK) die("log", err.message);
    }
    return log;
}

/* Rows [first, first + count) of the log: the same columns, further on. */
static pdm_status take_rows(pdm_state *state, const order_log *log, int64_t first, int64_t count, pdm_error *err) {
    pdm_column columns[MAX_COLUMNS];
    memcpy(columns, log->columns, sizeof columns);
    for (int32_t i = 0; i < log->column_count; i++) columns[i].offset += first;
    const pdm_batch batch = pdm_batch_make(columns, log->column_count, count);
    return pdm_state_update(state, &batch, err);
}

static pdm_state *new_state(void) {
    pdm_rfm_options options = pdm_rfm_options_default();
    options.as_of = PDM_SAMPLE_AS_OF;
    const pdm_calendar china = pdm_calendar_fixed(28800);
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_rfm_create(NULL, &options, &state, &err) != PDM_OK) die("create", err.message);
    if (pdm_state_set_calendar(state, &china, &err) != PDM_OK) die("calendar", err.message);
    return state;
}

static void *state_bytes(const pdm_state *state, size_t *size) {
    pdm_error err;
    if (pdm_state_serialize(state, NULL, 0, size, &err) != PDM_OK) die("serialize", err.message);
    void *bytes = malloc(*size);
    if (bytes == NULL) die("serialize", "no memory");
    if (pdm_state_serialize(state, bytes, *size, size, &err) != PDM_OK) die("serialize", err.message);
    return bytes;
}

/* Beside the old snapshot first, then in its place: whenever we die, one of the two is whole. */
static void save(const pdm_state *state, const char *path) {
    char beside[1024];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside) die(path, "too long");
    size_t size = 0;
    void *bytes = state_bytes(state, &size);
    FILE *file = fopen(beside, "wb");
    if (file == NULL) die(beside, "cannot be written");
    bool good = fwrite(bytes, 1, size, file) == size && fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (!good || rename(beside, path) != 0) die(path, "cannot be written");
    free(bytes);
}

/* The state of the last snapshot, or an empty one if there is none. */
static pdm_state *load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return new_state();
    if (fseek(file, 0, SEEK_END) != 0) die(path, "cannot be read");
    const long size = ftell(file);
    rewind(file);
    void *bytes = malloc((size_t)size);
    if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size) die(path, "cannot be read");
    (void)fclose(file);
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_state_deserialize(NULL, bytes, (size_t)size, &state, &err) != PDM_OK) die(path, err.message);
    free(bytes);
    return state;
}

/* Lives until the log ends, or until row `killed_at` (−1 = never). */
static pdm_state *serve(const order_log *log, const char *path, int64_t killed_at) {
    pdm_state *state = load(path);
    for (int64_t batch = 1; pdm_state_rows(state) < log->rows; batch++) {
        const int64_t first = pdm_state_rows(state);
        const int64_t left = log->rows - first;
        pdm_error err;
        if (take_rows(state, log, first, left < ROWS_A_BATCH ? left : ROWS_A_BATCH, &err) != PDM_OK) {
            die("orders", err.message); /* the state is as it was; a service would put the batch aside and go on */
        }
        if (batch % BATCHES_A_SNAPSHOT == 0) save(state, path);
        if (killed_at >= 0 && pdm_state_rows(state) >= killed_at) (void)raise(SIGKILL);
    }
    return state;
}

static void first_life(const order_log *log, const char *path) {
    const pid_t child = fork();
    if (child < 0) die("fork", "failed");
    if (child == 0) {
        pdm_state_free(serve(log, path, log->rows / 2));
        _exit(0);
    }
    int how = 0;
    if (waitpid(child, &how, 0) != child || !WIFSIGNALED(how)) die("first life", "was expected to be killed");
}

static void print_segments(const pdm_state *state) {
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_state_result(state, &result, &err) != PDM_OK) die("result", err.message);
    const pdm_table *segments = pdm_result_table(result, "segments");
    for (int64_t row = 0; row < pdm_table_rows(segments); row++) {
        size_t length = 0;
        const char *name = pdm_table_utf8(segments, "segment", row, &length);
        (void)printf("%6" PRId64 "  %.*s\n", pdm_table_i64(segments, "customers")[row], (int)length, name);
    }
    pdm_result_free(result);
}

int main(int count, char **arguments) {
    const char *path = count > 1 ? arguments[1] : "streaming.state";
    pdm_sample_options options = pdm_sample_options_default();
    options.customers = 2000;
    pdm_result *sample = NULL;
    pdm_error err;
    if (pdm_sample_private_domain(NULL, &options, &sample, &err) != PDM_OK) die("sample", err.message);
    const order_log log = open_log(pdm_result_table(sample, "orders"));
    (void)remove(path);

    first_life(&log, path);
    pdm_state *snapshot = load(path);
    (void)printf("killed at row %d or later; the snapshot knows %" PRId64 " of %" PRId64 " rows\n", (int)(log.rows / 2),
                 pdm_state_rows(snapshot), log.rows);
    pdm_state_free(snapshot);

    pdm_state *state = serve(&log, path, -1);
    print_segments(state);

    pdm_state *whole = new_state();
    if (take_rows(whole, &log, 0, log.rows, &err) != PDM_OK) die("orders", err.message);
    size_t size = 0;
    size_t whole_size = 0;
    void *bytes = state_bytes(state, &size);
    void *whole_bytes = state_bytes(whole, &whole_size);
    const bool same = size == whole_size && memcmp(bytes, whole_bytes, size) == 0;
    (void)puts(same ? "same bytes as without the accident" : "the lives differ");
    free(bytes);
    free(whole_bytes);
    pdm_state_free(state);
    pdm_state_free(whole);
    pdm_result_free(sample);
    (void)remove(path);
    return same ? 0 : 1;
}
