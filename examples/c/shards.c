/*
 * One state per shard, built by processes that know nothing of each other, merged in any order: the same result as from all rows at
 * once, to the last bit.
 *
 * The workers get the rows dealt out like cards, so that every customer is everywhere; they hand back bytes through a pipe (in earnest:
 * a file, an object store, a shuffle of Spark). Who merges need not know which metric the bytes hold.
 */
#define _POSIX_C_SOURCE 200809L

#include <pdmetrics.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARDS 4
#define MAX_COLUMNS 16
#define ROWS_A_BLOCK 64

/* What a worker hands back. */
typedef struct parcel {
    char *bytes;
    size_t size;
} parcel;

static void die(const char *what, const char *why) {
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static parcel pack(const pdm_state *state) {
    pdm_error err;
    parcel p = {NULL, 0};
    if (pdm_state_serialize(state, NULL, 0, &p.size, &err) != PDM_OK) die("serialize", err.message);
    p.bytes = malloc(p.size);
    if (p.bytes == NULL) die("serialize", "no memory");
    if (pdm_state_serialize(state, p.bytes, p.size, &p.size, &err) != PDM_OK) die("serialize", err.message);
    return p;
}

static pdm_state *unpack(const parcel *p) {
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_state_deserialize(NULL, p->bytes, p->size, &state, &err) != PDM_OK) die("deserialize", err.message);
    return state;
}

/* Counts every `step`-th block of rows, from block `first` on. */
static pdm_state *count_rows(const pdm_table *orders, int64_t first, int64_t step) {
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_rfm_create(NULL, NULL, &state, &err) != PDM_OK) die("create", err.message);
    const pdm_calendar china = pdm_calendar_fixed(28800);
    if (pdm_state_set_calendar(state, &china, &err) != PDM_OK) die("calendar", err.message);
    const int64_t rows = pdm_table_rows(orders);
    const int32_t count = pdm_table_column_count(orders);
    if (count > MAX_COLUMNS) die("orders", "too many columns");
    for (int64_t at = ROWS_A_BLOCK * first; at < rows; at += ROWS_A_BLOCK * step) {
        pdm_column columns[MAX_COLUMNS];
        for (int32_t i = 0; i < count; i++) {
            if (pdm_table_column(orders, i, &columns[i], &err) != PDM_OK) die("column", err.message);
            columns[i].offset += at;
        }
        const pdm_batch block = pdm_batch_make(columns, count, rows - at < ROWS_A_BLOCK ? rows - at : ROWS_A_BLOCK);
        if (pdm_state_update(state, &block, &err) != PDM_OK) die("update", err.message);
    }
    return state;
}

/* Starts a process for one shard; its bytes can be read from what is returned. */
static int start_worker(const pdm_table *orders, int64_t shard) {
    int ends[2];
    const pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0) die("worker", "cannot be started");
    (void)close(ends[child == 0 ? 0 : 1]);
    if (child > 0) return ends[0];
    const parcel p = pack(count_rows(orders, shard, SHARDS));
    size_t sent = 0;
    for (ssize_t n = 1; sent < p.size && n > 0; sent += n > 0 ? (size_t)n : 0)
        n = write(ends[1], p.bytes + sent, p.size - sent);
    _exit(sent == p.size ? 0 : 1);
}

/* All there is to read, until the worker closes its end. */
static parcel receive(int end) {
    parcel p = {NULL, 0};
    for (ssize_t n = 1; n > 0; p.size += n > 0 ? (size_t)n : 0) {
        p.bytes = realloc(p.bytes, p.size + 65536);
        if (p.bytes == NULL) die("receive", "no memory");
        n = read(end, p.bytes + p.size, 65536);
        if (n < 0) die("receive", "cannot be read");
    }
    (void)close(end);
    return p;
}

int main(void) {
    pdm_sample_options options = pdm_sample_options_default();
    options.customers = 2000;
    pdm_result *sample = NULL;
    pdm_error err;
    if (pdm_sample_private_domain(NULL, &options, &sample, &err) != PDM_OK) die("sample", err.message);
    const pdm_table *orders = pdm_result_table(sample, "orders");

    int workers[SHARDS];
    for (int shard = 0; shard < SHARDS; shard++) workers[shard] = start_worker(orders, shard);
    parcel parcels[SHARDS];
    for (int shard = 0; shard < SHARDS; shard++) parcels[shard] = receive(workers[shard]);
    for (int shard = 0, how = 0; shard < SHARDS; shard++) {
        if (wait(&how) < 0 || !WIFEXITED(how) || WEXITSTATUS(how) != 0) die("worker", "has failed");
    }

    pdm_state *all = unpack(&parcels[SHARDS - 1]);
    for (int shard = SHARDS - 2; shard >= 0; shard--) {
        pdm_state *other = unpack(&parcels[shard]);
        if (pdm_state_merge(all, other, &err) != PDM_OK) die("merge", err.message);
        pdm_state_free(other);
    }

    pdm_state *one = count_rows(orders, 0, 1);
    const parcel merged = pack(all);
    const parcel whole = pack(one);
    const bool same = merged.size == whole.size && memcmp(merged.bytes, whole.bytes, whole.size) == 0;
    (void)printf("%s, %" PRId64 " rows from %d processes: %s\n", pdm_state_metric(all)->name, pdm_state_rows(all),
                 SHARDS, same ? "the same bytes as from one" : "not the bytes of one");

    for (int shard = 0; shard < SHARDS; shard++) free(parcels[shard].bytes);
    free(merged.bytes);
    free(whole.bytes);
    pdm_state_free(all);
    pdm_state_free(one);
    pdm_result_free(sample);
    return same ? 0 : 1;
}
