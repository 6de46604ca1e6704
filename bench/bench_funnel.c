/*
 * A funnel of events: how many users reach each step within 7 days of the first.
 *
 * Beside the run of `warm` the same columns are read by a loop that does nothing but add them up: no scan can be faster than that.
 */
#include "funnel_rows.h"

/* Bytes a row: key, time, code. */
#define ROW_BYTES (8 + 8 + 4)
#define READ_PASSES 5

static volatile int64_t read_sink; /* or the loop would be removed */

static double read_ms(const bench_data *data) {
    uint64_t keys = 0;
    uint64_t times = 0;
    uint32_t codes = 0;
    double start = bench_now();
    for (int64_t i = 0; i < data->rows; i++) keys += (uint64_t)data->key[i];
    for (int64_t i = 0; i < data->rows; i++) times += (uint64_t)data->time[i];
    for (int64_t i = 0; i < data->rows; i++) codes += (uint32_t)data->code[i];
    read_sink = (int64_t)(keys ^ times ^ codes);
    return bench_now() - start;
}

/* Of the fastest of some passes: one that was interrupted would make the library look better. */
static double read_gb_per_s(const bench_data *data) {
    double best = read_ms(data);
    for (int pass = 1; pass < READ_PASSES; pass++) {
        double ms = read_ms(data);
        best = ms < best ? ms : best;
    }
    return (double)data->rows * ROW_BYTES / 1e6 / best;
}

static bool warm(void *arg, bench_sample *sample) {
    const metric_subject *subject = arg;
    if (!metric_warm(arg, sample)) return false;
    if (!subject->data->text) bench_note(sample, "read_gb_per_s", read_gb_per_s(subject->data));
    return true;
}

static const bench_formulation formulations[] = {
    {"warm", "one shot, workspace kept", warm},
    {"cold", "one shot, fresh context", metric_cold},
    {"state", "one update, then the result", metric_state},
    {"batches", "updates of 8192 rows", metric_batches},
};

int main(int argc, char **argv) {
    return metric_main(argc, argv, &funnel_metric, formulations, sizeof formulations / sizeof *formulations);
}
