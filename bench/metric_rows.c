#include "metric_rows.h"

#define SMALL_BATCH 8192

bool metric_ok(const char *what, pdm_status status, const pdm_error *error) {
    if (status == PDM_OK) return true;
    fprintf(stderr, "bench: %s: %s: row %lld, column \"%s\": %s\n", what, pdm_status_name((int32_t)status),
            (long long)error->row, error->column, error->message);
    return false;
}

bool metric_context(int threads, pdm_context **out) {
    pdm_error error;
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    return metric_ok("context", pdm_context_create(&options, out, &error), &error);
}

pdm_column metric_text_column(metric_texts *memory, const char *name, const char *const *words, int count) {
    int32_t end = 0;
    memory->offsets[0] = 0;
    for (int i = 0; i < count; i++) {
        size_t length = strlen(words[i]);
        memcpy(memory->bytes + end, words[i], length);
        end += (int32_t)length;
        memory->offsets[i + 1] = end;
    }
    return pdm_column_utf8(name, memory->offsets, memory->bytes);
}

bool metric_give(pdm_state *state, const char *list, const pdm_column *columns, int32_t count, int64_t rows) {
    pdm_error err;
    pdm_batch batch = pdm_batch_make(columns, count, rows);
    return metric_ok(list, pdm_state_set_list(state, list, &batch, &err), &err);
}

pdm_column metric_key_column(const char *name, const bench_data *data) {
    if (!data->text) return pdm_column_int64(name, data->key);
    pdm_column column = pdm_column_make(name, PDM_TYPE_LARGE_UTF8, data->bytes);
    column.offsets = data->offsets;
    return column;
}

bool metric_update(const metric_subject *subject, pdm_state *state, int64_t first, int64_t count, int64_t batch_rows) {
    pdm_error error;
    pdm_column columns[METRIC_COLUMNS];
    int32_t column_count = subject->metric->columns(subject->data, columns);
    for (int64_t at = 0; at < count; at += batch_rows) {
        int64_t rows = count - at < batch_rows ? count - at : batch_rows;
        for (int32_t i = 0; i < column_count; i++) columns[i].offset = first + at;
        pdm_batch batch = pdm_batch_make(columns, column_count, rows);
        if (!metric_ok("update", pdm_state_update(state, &batch, &error), &error)) return false;
    }
    return true;
}

bool metric_answer(const metric_subject *subject, const pdm_state *state, int64_t *answer) {
    pdm_error error;
    pdm_result *result = NULL;
    if (!metric_ok("result", pdm_state_result(state, &result, &error), &error)) return false;
    bool ok = subject->metric->read(result, subject->data, answer);
    pdm_result_free(result);
    return ok;
}

void metric_note_memory(bench_sample *sample, const pdm_context *context) {
    uint64_t peak = 0;
    pdm_context_memory(context, NULL, &peak);
    bench_note(sample, "context_peak_bytes", (double)peak);
}

static bool run_state(const metric_subject *subject, pdm_context *context, int64_t batch_rows, bench_sample *sample) {
    pdm_state *state = NULL;
    double start = bench_now();
    bool ok = subject->metric->create(context, subject->data, &state) &&
              metric_update(subject, state, 0, subject->data->rows, batch_rows);
    double updated = bench_now();
    ok = ok && metric_answer(subject, state, sample->answer);
    double answered = bench_now();
    if (ok) bench_note(sample, "state_bytes", (double)pdm_state_memory(state));
    pdm_state_free(state);
    sample->ms = bench_now() - start;
    bench_note(sample, "update_ms", updated - start);
    bench_note(sample, "result_ms", answered - updated);
    metric_note_memory(sample, context);
    return ok;
}

static bool run_shot(const metric_subject *subject, pdm_context *context, bench_sample *sample) {
    pdm_error error;
    pdm_state *state = NULL;
    pdm_result *result = NULL;
    pdm_column columns[METRIC_COLUMNS];
    int32_t column_count = subject->metric->columns(subject->data, columns);
    pdm_batch batch = pdm_batch_make(columns, column_count, subject->data->rows);
    double start = bench_now();
    bool ok = subject->metric->create(context, subject->data, &state) &&
              metric_ok("compute", pdm_state_compute(state, &batch, &result, &error), &error) &&
              subject->metric->read(result, subject->data, sample->answer);
    pdm_result_free(result);
    pdm_state_free(state);
    sample->ms = bench_now() - start;
    metric_note_memory(sample, context);
    return ok;
}

bool metric_warm(void *arg, bench_sample *sample) {
    const metric_subject *subject = arg;
    return run_shot(subject, subject->context, sample);
}

bool metric_state(void *arg, bench_sample *sample) {
    const metric_subject *subject = arg;
    return run_state(subject, subject->context, subject->data->rows, sample);
}

bool metric_cold(void *arg, bench_sample *sample) {
    const metric_subject *subject = arg;
    pdm_context *context = NULL;
    double start = bench_now();
    bool ok = metric_context(subject->threads, &context) && run_shot(subject, context, sample);
    pdm_context_free(context);
    sample->ms = bench_now() - start;
    return ok;
}

bool metric_batches(void *arg, bench_sample *sample) {
    const metric_subject *subject = arg;
    return run_state(subject, subject->context, SMALL_BATCH, sample);
}

int metric_main(int argc, char **argv, const bench_metric *metric, const bench_formulation *formulations, int count) {
    bench_call call;
    bench_data data;
    int failed = 1;
    if (!bench_parse(argc, argv, &call)) return 2;
    metric_subject subject = {metric, &data, call.threads, NULL};
    bool ok = bench_load(&call, &data);
    if (ok && strcmp(data.task, metric->name) != 0) {
        fprintf(stderr, "bench: source %s is not for %s\n", call.source, metric->name);
        ok = false;
    }
    if (ok && metric_context(call.threads, &subject.context)) {
        bench_task task = {metric->name, metric->answer_names, metric->cells(&data), formulations, count};
        failed = bench_main(&call, &task, &data, &subject);
    }
    pdm_context_free(subject.context);
    bench_unload(&data);
    return failed;
}
