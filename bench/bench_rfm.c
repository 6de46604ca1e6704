/* RFM of orders: recency, frequency and money per customer, scores by mid-rank, customers per cell. */
#include "rfm_rows.h"

static bool compute(void *arg, bench_sample *sample) {
    const metric_subject *subject = arg;
    pdm_error error;
    pdm_column columns[METRIC_COLUMNS];
    pdm_result *result = NULL;
    pdm_rfm_options options = rfm_options();
    double start = bench_now();
    pdm_batch batch = pdm_batch_make(columns, rfm_metric.columns(subject->data, columns), subject->data->rows);
    bool ok = metric_ok("compute", pdm_rfm_compute(subject->context, &options, &batch, &result, &error), &error) &&
              rfm_metric.read(result, subject->data, sample->answer);
    pdm_result_free(result);
    sample->ms = bench_now() - start;
    metric_note_memory(sample, subject->context);
    return ok;
}

static const bench_formulation formulations[] = {
    {"warm", "one shot, workspace kept", metric_warm},   {"cold", "one shot, fresh context", metric_cold},
    {"compute", "pdm_rfm_compute()", compute},           {"state", "one update, then the result", metric_state},
    {"batches", "updates of 8192 rows", metric_batches},
};

int main(int argc, char **argv) {
    return metric_main(argc, argv, &rfm_metric, formulations, sizeof formulations / sizeof *formulations);
}
