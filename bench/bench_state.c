/*
 * What is done with finished states, of RFM or of a funnel as the source says: write them as bytes, restore them, merge two halves of
 * the rows, make the tables. The answer is that of all rows every time, so a state that lost something on the way is seen.
 */
#include "funnel_rows.h"
#include "rfm_rows.h"

#include <stdlib.h>

#define MIB (1024.0 * 1024.0)

typedef struct state_subject {
    metric_subject of;
    double units; /* that bytes are counted by: customers, or events that are a step */
    pdm_state *whole;
    double build_ms; /* of `whole` */
    size_t sizes[2]; /* bytes of the halves */
    void *halves[2];
    size_t size; /* of `whole` */
    void *bytes;
} state_subject;

static bool create(const state_subject *subject, pdm_state **out) {
    return subject->of.metric->create(subject->of.context, subject->of.data, out);
}

static bool serialize_state(const pdm_state *state, void **bytes, size_t *size) {
    pdm_error error;
    *bytes = NULL;
    if (!metric_ok("serialize", pdm_state_serialize(state, NULL, 0, size, &error), &error)) return false;
    *bytes = malloc(*size);
    if (*bytes == NULL) return false;
    return metric_ok("serialize", pdm_state_serialize(state, *bytes, *size, size, &error), &error);
}

static bool restore(const state_subject *subject, const void *bytes, size_t size, pdm_state **out) {
    pdm_error error;
    return metric_ok("deserialize", pdm_state_deserialize(subject->of.context, bytes, size, out, &error), &error);
}

static bool write_bytes(void *arg, bench_sample *sample) {
    const state_subject *subject = arg;
    void *bytes = NULL;
    size_t size = 0;
    double start = bench_now();
    bool ok = serialize_state(subject->whole, &bytes, &size);
    sample->ms = bench_now() - start;
    ok = ok && size == subject->size && memcmp(bytes, subject->bytes, size) == 0 &&
         metric_answer(&subject->of, subject->whole, sample->answer);
    free(bytes);
    sample->rows = subject->units;
    bench_note(sample, "bytes", (double)size);
    bench_note(sample, "mib_per_s", (double)size / MIB / (sample->ms / 1e3));
    return ok;
}

static bool read_bytes(void *arg, bench_sample *sample) {
    const state_subject *subject = arg;
    pdm_state *state = NULL;
    double start = bench_now();
    bool ok = restore(subject, subject->bytes, subject->size, &state);
    sample->ms = bench_now() - start;
    ok = ok && metric_answer(&subject->of, state, sample->answer);
    sample->rows = subject->units;
    bench_note(sample, "bytes", (double)subject->size);
    bench_note(sample, "mib_per_s", (double)subject->size / MIB / (sample->ms / 1e3));
    if (ok) bench_note(sample, "state_bytes", (double)pdm_state_memory(state));
    pdm_state_free(state);
    return ok;
}

static bool merge(void *arg, bench_sample *sample) {
    const state_subject *subject = arg;
    pdm_error error;
    pdm_state *states[2] = {NULL, NULL};
    bool ok = restore(subject, subject->halves[0], subject->sizes[0], &states[0]) &&
              restore(subject, subject->halves[1], subject->sizes[1], &states[1]);
    double start = bench_now();
    ok = ok && metric_ok("merge", pdm_state_merge(states[0], states[1], &error), &error);
    sample->ms = bench_now() - start;
    ok = ok && metric_answer(&subject->of, states[0], sample->answer);
    sample->rows = subject->units;
    bench_note(sample, "build_ms", subject->build_ms);
    pdm_state_free(states[0]);
    pdm_state_free(states[1]);
    return ok;
}

static bool result(void *arg, bench_sample *sample) {
    const state_subject *subject = arg;
    double start = bench_now();
    bool ok = metric_answer(&subject->of, subject->whole, sample->answer);
    sample->ms = bench_now() - start;
    sample->rows = subject->units;
    if (ok) bench_note(sample, "state_bytes", (double)pdm_state_memory(subject->whole));
    return ok;
}

static bool build_half(state_subject *subject, int which) {
    int64_t middle = subject->of.data->rows / 2;
    int64_t first = which == 0 ? 0 : middle;
    int64_t count = which == 0 ? middle : subject->of.data->rows - middle;
    pdm_state *state = NULL;
    bool ok = create(subject, &state) && metric_update(&subject->of, state, first, count, count > 0 ? count : 1) &&
              serialize_state(state, &subject->halves[which], &subject->sizes[which]);
    pdm_state_free(state);
    return ok;
}

/* The first number of RFM's answer is that of the customers. */
static bool count_units(state_subject *subject) {
    int64_t answer[BENCH_ANSWERS];
    if (subject->of.metric == &funnel_metric) {
        subject->units = (double)funnel_relevant_rows(subject->of.data);
        return true;
    }
    bool ok = metric_answer(&subject->of, subject->whole, answer);
    subject->units = ok ? (double)answer[0] : 0;
    return ok;
}

static bool build(state_subject *subject) {
    if (!build_half(subject, 0) || !build_half(subject, 1)) return false;
    /* the halves have warmed the workspace up, so this is a fair time to compare a merge with */
    double start = bench_now();
    bool ok = create(subject, &subject->whole) &&
              metric_update(&subject->of, subject->whole, 0, subject->of.data->rows, subject->of.data->rows);
    subject->build_ms = bench_now() - start;
    return ok && count_units(subject) && serialize_state(subject->whole, &subject->bytes, &subject->size);
}

static const bench_formulation formulations[] = {
    {"serialize", "state to bytes, memory for them included", write_bytes},
    {"deserialize", "bytes to state", read_bytes},
    {"merge", "two states of half the rows each", merge},
    {"result", "tables from the state", result},
};

int main(int argc, char **argv) {
    bench_call call;
    bench_data data;
    state_subject subject;
    int failed = 1;
    memset(&subject, 0, sizeof subject);
    if (!bench_parse(argc, argv, &call)) return 2;
    bool ok = bench_load(&call, &data);
    bool funnel = ok && strcmp(data.task, funnel_metric.name) == 0;
    if (ok && !funnel && strcmp(data.task, rfm_metric.name) != 0) {
        fprintf(stderr, "bench: source %s is not for states\n", call.source);
        ok = false;
    }
    subject.of = (metric_subject){funnel ? &funnel_metric : &rfm_metric, &data, call.threads, NULL};
    if (ok && metric_context(call.threads, &subject.of.context) && build(&subject)) {
        bench_task task = {"state", subject.of.metric->answer_names, subject.of.metric->cells(&data), formulations, 4};
        failed = bench_main(&call, &task, &data, &subject);
    }
    pdm_state_free(subject.whole);
    pdm_context_free(subject.of.context);
    free(subject.bytes);
    free(subject.halves[0]);
    free(subject.halves[1]);
    bench_unload(&data);
    return failed;
}
