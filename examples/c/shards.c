/*
 * One state per shard, built anywhere, merged in any order: the same result as from all rows at once, to the last bit.
 *
 * The workers get the rows dealt out like cards, so that every customer is everywhere; they hand back bytes. Who merges need not know
 * which metric the bytes hold.
 */
#include <pdmetrics.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SHARDS 4
#define MAX_COLUMNS 16

/* What a worker hands back. */
typedef struct parcel {
    void *bytes;
    size_t size;
} parcel;

static void die(const char *what, const pdm_error *err) {
    (void)fprintf(stderr, "%s: %s\n", what, err->message);
    exit(1);
}

static parcel pack(const pdm_state *state) {
    pdm_error err;
    parcel p = {NULL, 0};
    if (pdm_state_serialize(state, NULL, 0, &p.size, &err) != PDM_OK) die("serialize", &err);
    p.bytes = malloc(p.size);
    if (p.bytes == NULL) abort();
    if (pdm_state_serialize(state, p.bytes, p.size, &p.size, &err) != PDM_OK) die("serialize", &err);
    return p;
}

static pdm_state *unpack(const parcel *p) {
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_state_deserialize(NULL, p->bytes, p->size, &state, &err) != PDM_OK) die("deserialize", &err);
    return state;
}

/* Counts every `step`-th block of 64 rows, from block `first` on. */
static parcel work(const pdm_table *orders, int64_t first, int64_t step) {
    pdm_rfm_options options = pdm_rfm_options_default();
    options.as_of = PDM_SAMPLE_AS_OF;
    pdm_state *state = NULL;
    pdm_error err;
    if (pdm_rfm_create(NULL, &options, &state, &err) != PDM_OK) die("create", &err);
    const int64_t rows = pdm_table_rows(orders);
    const int32_t count = pdm_table_column_count(orders);
    for (int64_t at = 64 * first; at < rows; at += 64 * step) {
        pdm_column columns[MAX_COLUMNS];
        for (int32_t i = 0; i < count && i < MAX_COLUMNS; i++) {
            if (pdm_table_column(orders, i, &columns[i], &err) != PDM_OK) die("column", &err);
            columns[i].offset += at;
        }
        const pdm_batch batch =
            pdm_batch_make(columns, count < MAX_COLUMNS ? count : MAX_COLUMNS, rows - at < 64 ? rows - at : 64);
        if (pdm_state_update(state, &batch, &err) != PDM_OK) die("update", &err);
    }
    const parcel p = pack(state);
    pdm_state_free(state);
    return p;
}

int main(void) {
    pdm_sample_options options = pdm_sample_options_default();
    options.customers = 2000;
    pdm_result *sample = NULL;
    pdm_error err;
    if (pdm_sample_private_domain(NULL, &options, &sample, &err) != PDM_OK) die("sample", &err);
    const pdm_table *orders = pdm_result_table(sample, "orders");

    parcel parcels[SHARDS];
    for (int64_t shard = 0; shard < SHARDS; shard++) parcels[shard] = work(orders, shard, SHARDS);

    pdm_state *all = unpack(&parcels[SHARDS - 1]);
    for (int shard = SHARDS - 2; shard >= 0; shard--) {
        pdm_state *other = unpack(&parcels[shard]);
        if (pdm_state_merge(all, other, &err) != PDM_OK) die("merge", &err);
        pdm_state_free(other);
    }

    const parcel merged = pack(all);
    const parcel whole = work(orders, 0, 1);
    const bool same = merged.size == whole.size && memcmp(merged.bytes, whole.bytes, whole.size) == 0;
    (void)printf("%s, %" PRId64 " rows from %d shards: %s\n", pdm_state_metric(all)->name, pdm_state_rows(all), SHARDS,
                 same ? "the same bytes as from one" : "not the bytes of one");

    for (int shard = 0; shard < SHARDS; shard++) free(parcels[shard].bytes);
    free(merged.bytes);
    free(whole.bytes);
    pdm_state_free(all);
    pdm_result_free(sample);
    return same ? 0 : 1;
}
