/*
 * A service that counts orders as they arrive, writes a snapshot now and then, and may be killed at any moment.
 *
 * The orders stand in a log that can be read again (here: sample data; in earnest, a message queue). A snapshot needs no position in
 * the log beside it: the state knows how many rows it has taken. Here every life of the service ends by SIGKILL, the first ones in
 * the middle of their work. The last snapshot has the same bytes as a life without accident.
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
#define LIVES 4
#define SNAPSHOT "streaming.state" /* in the working directory */
#define BESIDE SNAPSHOT ".new"

static void die(const char *what, const char *why) {
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* Rows [first, first + count) of the log: the same columns, further on. */
static void take_rows(pdm_state *state, const pdm_batch *log, int64_t first, int64_t count) {
    pdm_column columns[MAX_COLUMNS];
    memcpy(columns, log->columns, (size_t)log->column_count * sizeof *columns);
    for (int32_t i = 0; i < log->column_count; i++) columns[i].offset += first;
    const pdm_batch batch = pdm_batch_make(columns, log->column_count, count);
    pdm_error err; /* on failure the state is as it was; a service would put the batch aside and go on */
    if (pdm_state_update(state, &batch, &err) != PDM_OK) die("orders", err.message);
}

static pdm_state *new_state(void) {
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_rfm_create(NULL, NULL, &state, &err) != PDM_OK) die("create", err.message);
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

/* Beside the old snapshot first, on the disk, then in its place: whenever we die, one of the two is whole. */
static void save(const pdm_state *state) {
    size_t size = 0;
    void *bytes = state_bytes(state, &size);
    FILE *file = fopen(BESIDE, "wb");
    if (file == NULL) die(BESIDE, "cannot be written");
    bool good = fwrite(bytes, 1, size, file) == size && fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (!good || rename(BESIDE, SNAPSHOT) != 0) die(SNAPSHOT, "cannot be written");
    free(bytes);
}

/* The state of the last snapshot, or an empty one if there is none. */
static pdm_state *load(void) {
    FILE *file = fopen(SNAPSHOT, "rb");
    if (file == NULL) return new_state();
    const long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    rewind(file);
    void *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size) die(SNAPSHOT, "cannot be read");
    (void)fclose(file);
    pdm_state *state = NULL;
    pdm_error err; /* there is a checksum: half a snapshot would be refused, not believed */
    if (pdm_state_deserialize(NULL, bytes, (size_t)size, &state, &err) != PDM_OK) die(SNAPSHOT, err.message);
    free(bytes);
    return state;
}

/* The service: goes on where the snapshot ends, tells of every batch, and waits for orders until it is killed. */
static void serve(const pdm_batch *log, int tell) {
    pdm_state *state = load();
    for (int64_t batch = 1; pdm_state_rows(state) < log->length; batch++) {
        const int64_t first = pdm_state_rows(state);
        const int64_t left = log->length - first;
        take_rows(state, log, first, left < ROWS_A_BATCH ? left : ROWS_A_BATCH);
        if (batch % BATCHES_A_SNAPSHOT == 0 || left <= ROWS_A_BATCH) save(state);
        if (write(tell, "", 1) != 1) die("pipe", "closed");
    }
    for (;;) (void)pause();
}

/* Kills a life as soon as it has told of so many batches, in the middle of whatever it does then. */
static void live(const pdm_batch *log, int64_t batches) {
    int ends[2];
    const pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0) die("a life", "cannot be started");
    if (child == 0) serve(log, ends[1]);
    (void)close(ends[1]);
    char byte = 0;
    while (batches-- > 0) {
        if (read(ends[0], &byte, 1) != 1) die("a life", "has ended by itself");
    }
    int how = 0;
    if (kill(child, SIGKILL) != 0 || waitpid(child, &how, 0) != child || !WIFSIGNALED(how)) die("a life", "goes on");
    (void)close(ends[0]);
}

int main(void) {
    pdm_result *sample = NULL;
    pdm_error err;
    if (pdm_sample_private_domain(NULL, NULL, &sample, &err) != PDM_OK) die("sample", err.message);
    const pdm_table *orders = pdm_result_table(sample, "orders");
    pdm_column columns[MAX_COLUMNS];
    const pdm_batch log = pdm_batch_make(columns, pdm_table_column_count(orders), pdm_table_rows(orders));
    for (int32_t i = 0; i < log.column_count; i++) {
        if (i == MAX_COLUMNS || pdm_table_column(orders, i, &columns[i], &err) != PDM_OK) die("log", "other columns");
    }
    pdm_state *whole = new_state();
    take_rows(whole, &log, 0, log.length);
    (void)remove(SNAPSHOT);
    pdm_state *state = new_state();
    for (int life = 1; life <= LIVES; life++) {
        pdm_batch arrived = log; /* every life finds more orders in the log */
        arrived.length = log.length * life / LIVES;
        const int64_t batches = (arrived.length - pdm_state_rows(state) + ROWS_A_BATCH - 1) / ROWS_A_BATCH;
        live(&arrived, life < LIVES ? batches / 2 : batches);
        pdm_state_free(state);
        state = load();
        (void)printf("killed; %" PRId64 " of %" PRId64 " rows are safe\n", pdm_state_rows(state), log.length);
    }

    size_t size = 0, whole_size = 0;
    void *bytes = state_bytes(state, &size);
    void *whole_bytes = state_bytes(whole, &whole_size);
    const bool same = size == whole_size && memcmp(bytes, whole_bytes, size) == 0;
    (void)puts(same ? "nothing is lost: the bytes of a life without accident" : "the lives differ");
    free(bytes);
    free(whole_bytes);
    pdm_state_free(state);
    pdm_state_free(whole);
    pdm_result_free(sample);
    return same ? 0 : 1;
}
