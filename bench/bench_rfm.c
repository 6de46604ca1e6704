/*
 * RFM of orders: recency, frequency and money per customer, scores by mid-rank, customers per cell.
 *
 * A run counts everything from the empty state to freed memory, so that it covers what a query of a peer covers. `warm` works in one
 * context for all runs, `cold` makes a context for the run and gives it back.
 */
#include "rfm_rows.h"

#define SMALL_BATCH 8192

typedef struct rfm_subject {
    const bench_data *data;
    int threads;
    pdm_context *context;
} rfm_subject;

static void note_memory(bench_sample *sample, const pdm_context *context) {
    uint64_t peak = 0;
    pdm_context_memory(context, NULL, &peak);
    bench_note(sample, "context_peak_bytes", (double)peak);
}

static bool run_state(const rfm_subject *subject, pdm_context *context, int64_t batch_rows, bench_sample *sample) {
    pdm_state *state = NULL;
    double start = bench_now();
    bool ok = rfm_state(context, &state) && rfm_update(state, subject->data, 0, subject->data->rows, batch_rows);
    double updated = bench_now();
    ok = ok && rfm_answer(state, sample->answer);
    double answered = bench_now();
    if (ok) bench_note(sample, "state_bytes", (double)pdm_state_memory(state));
    pdm_state_free(state);
    sample->ms = bench_now() - start;
    bench_note(sample, "update_ms", updated - start);
    bench_note(sample, "result_ms", answered - updated);
    note_memory(sample, context);
    return ok;
}

static bool warm(void *arg, bench_sample *sample) {
    const rfm_subject *subject = arg;
    return run_state(subject, subject->context, subject->data->rows, sample);
}

static bool cold(void *arg, bench_sample *sample) {
    const rfm_subject *subject = arg;
    pdm_context *context = NULL;
    double start = bench_now();
    bool ok = rfm_context(subject->threads, &context) && run_state(subject, context, subject->data->rows, sample);
    pdm_context_free(context);
    sample->ms = bench_now() - start;
    return ok;
}

static bool batches(void *arg, bench_sample *sample) {
    const rfm_subject *subject = arg;
    return run_state(subject, subject->context, SMALL_BATCH, sample);
}

static bool compute(void *arg, bench_sample *sample) {
    const rfm_subject *subject = arg;
    pdm_error error;
    pdm_column columns[3];
    pdm_result *result = NULL;
    pdm_rfm_options options = rfm_options();
    double start = bench_now();
    pdm_batch batch = rfm_batch(subject->data, 0, subject->data->rows, columns);
    bool ok = rfm_ok("compute", pdm_rfm_compute(subject->context, &options, &batch, &result, &error), &error) &&
              rfm_read(result, sample->answer);
    pdm_result_free(result);
    sample->ms = bench_now() - start;
    note_memory(sample, subject->context);
    return ok;
}

static const bench_formulation formulations[] = {
    {"warm", "one update, workspace kept", warm},
    {"cold", "one update, fresh context", cold},
    {"compute", "pdm_rfm_compute()", compute},
    {"batches", "updates of 8192 rows", batches},
};

static const bench_task task = {"rfm", rfm_answer_names, RFM_CELLS, formulations, 4};

int main(int argc, char **argv) {
    bench_call call;
    bench_data data;
    rfm_subject subject = {&data, 1, NULL};
    int failed = 1;
    if (!bench_parse(argc, argv, &call)) return 2;
    subject.threads = call.threads;
    bool ok = bench_load(&call, &data);
    if (ok && data.time == NULL) {
        fprintf(stderr, "bench: RFM needs source int or text\n");
        ok = false;
    }
    if (ok && rfm_context(call.threads, &subject.context)) failed = bench_main(&call, &task, &data, &subject);
    pdm_context_free(subject.context);
    bench_unload(&data);
    return failed;
}
