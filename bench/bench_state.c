/*
 * What is done with finished RFM states: write them as bytes, restore them, merge two halves of the rows, make the tables. The
 * answer is that of all rows every time, so a state that lost something on the way is seen.
 */
#include "rfm_rows.h"

#include <stdlib.h>

#define MIB (1024.0 * 1024.0)

typedef struct state_subject {
    const bench_data *data;
    pdm_context *context;
    pdm_state *whole;
    double build_ms; /* of `whole` */
    size_t sizes[2]; /* bytes of the halves */
    void *halves[2];
    size_t size; /* of `whole` */
    void *bytes;
} state_subject;

static bool serialize_state(const pdm_state *state, void **bytes, size_t *size) {
    pdm_error error;
    *bytes = NULL;
    if (!rfm_ok("serialize", pdm_state_serialize(state, NULL, 0, size, &error), &error)) return false;
    *bytes = malloc(*size);
    if (*bytes == NULL) return false;
    return rfm_ok("serialize", pdm_state_serialize(state, *bytes, *size, size, &error), &error);
}

static bool restore(const state_subject *subject, const void *bytes, size_t size, pdm_state **out) {
    pdm_error error;
    return rfm_ok("deserialize", pdm_state_deserialize(subject->context, bytes, size, out, &error), &error);
}

static bool write_bytes(void *arg, bench_sample *sample) {
    const state_subject *subject = arg;
    void *bytes = NULL;
    size_t size = 0;
    double start = bench_now();
    bool ok = serialize_state(subject->whole, &bytes, &size);
    sample->ms = bench_now() - start;
    ok = ok && size == subject->size && memcmp(bytes, subject->bytes, size) == 0 &&
         rfm_answer(subject->whole, sample->answer);
    free(bytes);
    sample->rows = (double)sample->answer[0];
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
    ok = ok && rfm_answer(state, sample->answer);
    sample->rows = (double)sample->answer[0];
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
    ok = ok && rfm_ok("merge", pdm_state_merge(states[0], states[1], &error), &error);
    sample->ms = bench_now() - start;
    ok = ok && rfm_answer(states[0], sample->answer);
    sample->rows = (double)sample->answer[0];
    bench_note(sample, "build_ms", subject->build_ms);
    pdm_state_free(states[0]);
    pdm_state_free(states[1]);
    return ok;
}

static bool result(void *arg, bench_sample *sample) {
    const state_subject *subject = arg;
    double start = bench_now();
    bool ok = rfm_answer(subject->whole, sample->answer);
    sample->ms = bench_now() - start;
    sample->rows = (double)sample->answer[0];
    if (ok) bench_note(sample, "state_bytes", (double)pdm_state_memory(subject->whole));
    return ok;
}

static bool build_half(state_subject *subject, int which) {
    int64_t middle = subject->data->rows / 2;
    int64_t first = which == 0 ? 0 : middle;
    int64_t count = which == 0 ? middle : subject->data->rows - middle;
    pdm_state *state = NULL;
    bool ok = rfm_state(subject->context, &state) &&
              rfm_update(state, subject->data, first, count, count > 0 ? count : 1) &&
              serialize_state(state, &subject->halves[which], &subject->sizes[which]);
    pdm_state_free(state);
    return ok;
}

static bool build(state_subject *subject) {
    if (!build_half(subject, 0) || !build_half(subject, 1)) return false;
    /* the halves have warmed the workspace up, so this is a fair time to compare a merge with */
    double start = bench_now();
    bool ok = rfm_state(subject->context, &subject->whole) &&
              rfm_update(subject->whole, subject->data, 0, subject->data->rows, subject->data->rows);
    subject->build_ms = bench_now() - start;
    return ok && serialize_state(subject->whole, &subject->bytes, &subject->size);
}

static const bench_formulation formulations[] = {
    {"serialize", "state to bytes, memory for them included", write_bytes},
    {"deserialize", "bytes to state", read_bytes},
    {"merge", "two states of half the rows each", merge},
    {"result", "tables from the state", result},
};

static const bench_task task = {"state", rfm_answer_names, RFM_CELLS, formulations, 4};

int main(int argc, char **argv) {
    bench_call call;
    bench_data data;
    state_subject subject;
    int failed = 1;
    memset(&subject, 0, sizeof subject);
    if (!bench_parse(argc, argv, &call)) return 2;
    subject.data = &data;
    bool ok = bench_load(&call, &data);
    if (ok && data.time == NULL) {
        fprintf(stderr, "bench: RFM needs source int or text\n");
        ok = false;
    }
    if (ok && rfm_context(call.threads, &subject.context) && build(&subject))
        failed = bench_main(&call, &task, &data, &subject);
    pdm_state_free(subject.whole);
    pdm_context_free(subject.context);
    free(subject.bytes);
    free(subject.halves[0]);
    free(subject.halves[1]);
    bench_unload(&data);
    return failed;
}
