#include "funnel_rows.h"

#include "gen.h"

#include <pdmetrics/metrics/funnel.h>

#define WINDOW_US (INT64_C(7) * 86400 * 1000000)

static const char *const answer_names[] = {NULL};

static bool create(pdm_context *context, const bench_data *data, pdm_state **out) {
    pdm_error error;
    int64_t steps[GEN_LONG_FUNNEL_STEPS];
    int64_t events[GEN_LONG_FUNNEL_STEPS];
    const int32_t *codes = gen_funnel_codes(data->steps);
    pdm_funnel_options options = pdm_funnel_options_default();
    options.window = WINDOW_US;
    for (int i = 0; i < data->steps; i++) {
        steps[i] = i + 1;
        events[i] = codes[i];
    }
    pdm_column columns[2] = {pdm_column_int64("step", steps), pdm_column_int64("event", events)};
    pdm_batch list = pdm_batch_make(columns, 2, data->steps);
    return metric_ok("create", pdm_funnel_create(context, &options, out, &error), &error) &&
           metric_ok("steps", pdm_state_set_list(*out, "steps", &list, &error), &error);
}

static int32_t view(const bench_data *data, pdm_column columns[METRIC_COLUMNS]) {
    columns[0] = metric_key_column("unit", data);
    columns[1] = pdm_column_int64("time", data->time);
    columns[2] = pdm_column_make("event", PDM_TYPE_INT32, data->code);
    return 3;
}

static int cells(const bench_data *data) { return data->steps; }

static bool read_result(const pdm_result *result, const bench_data *data, int64_t *answer) {
    const pdm_table *table = pdm_result_table(result, "steps");
    const int64_t *count = table != NULL ? pdm_table_i64(table, "count") : NULL;
    if (count == NULL || pdm_table_rows(table) != data->steps) {
        fprintf(stderr, "bench: the result has no %d counts\n", data->steps);
        return false;
    }
    memcpy(answer, count, (size_t)data->steps * sizeof *answer);
    return true;
}

const bench_metric funnel_metric = {"funnel", answer_names, create, view, cells, read_result};

int64_t funnel_relevant_rows(const bench_data *data) {
    const int32_t *codes = gen_funnel_codes(data->steps);
    int64_t relevant = 0;
    for (int64_t i = 0; i < data->rows; i++) {
        for (int s = 0; s < data->steps; s++) relevant += data->code[i] == codes[s];
    }
    return relevant;
}
