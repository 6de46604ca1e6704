#include "retention_rows.h"

#include <pdmetrics/metrics/retention.h>

#define DAY_US (INT64_C(86400) * 1000000)

static const char *const answer_names[] = {"users", NULL};

static bool create(pdm_context *context, const bench_data *data, pdm_state **out) {
    pdm_error error;
    pdm_retention_options options = pdm_retention_options_default();
    options.intervals = RETENTION_DAYS;
    options.date_from = data->first_time;
    options.date_to = data->first_time + (RETENTION_DAYS - 1) * DAY_US;
    options.future_cells = PDM_RETENTION_FUTURE_ZERO;
    return metric_ok("create", pdm_retention_create(context, &options, out, &error), &error);
}

static int32_t view(const bench_data *data, pdm_column columns[METRIC_COLUMNS]) {
    columns[0] = metric_key_column("unit", data);
    columns[1] = pdm_column_int64("time", data->time);
    return 2;
}

static int cells(const bench_data *data) {
    (void)data;
    return RETENTION_DAYS * RETENTION_DAYS;
}

static bool read_result(const pdm_result *result, const bench_data *data, int64_t *answer) {
    const pdm_table *table = pdm_result_table(result, "cells");
    const pdm_table *totals = pdm_result_table(result, "totals");
    const int64_t *retained = table != NULL ? pdm_table_i64(table, "retained") : NULL;
    const int64_t *units = totals != NULL ? pdm_table_i64(totals, "units") : NULL;
    if (retained == NULL || units == NULL || pdm_table_rows(table) != cells(data)) {
        fprintf(stderr, "bench: the result has no %d cells\n", cells(data));
        return false;
    }
    answer[0] = units[0];
    memcpy(answer + 1, retained, (size_t)cells(data) * sizeof *answer);
    return true;
}

const bench_metric retention_metric = {"retention", answer_names, create, view, cells, read_result};
