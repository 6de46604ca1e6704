#include "rfm_rows.h"

#define RFM_CELLS 125
#define RFM_TOTALS 4

static const char *const answer_names[RFM_TOTALS + 1] = {"customers", "orders", "money", "days", NULL};

pdm_rfm_options rfm_options(void) {
    pdm_rfm_options options = pdm_rfm_options_default();
    options.grain = PDM_RFM_GRAIN_ORDER;
    return options;
}

static bool create(pdm_context *context, const bench_data *data, pdm_state **out) {
    pdm_error error;
    pdm_rfm_options options = rfm_options();
    (void)data;
    return metric_ok("create", pdm_rfm_create(context, &options, out, &error), &error);
}

static int32_t view(const bench_data *data, pdm_column columns[METRIC_COLUMNS]) {
    columns[0] = metric_key_column("customer_id", data);
    columns[1] = pdm_column_int64("time", data->time);
    columns[2] = pdm_column_int64("amount", data->value);
    return 3;
}

static int cells(const bench_data *data) {
    (void)data;
    return RFM_CELLS;
}

static bool add_up(const pdm_table *table, const char *column, int64_t *sum) {
    const int64_t *wide = pdm_table_i64(table, column);
    const int32_t *narrow = wide == NULL ? pdm_table_i32(table, column) : NULL;
    int64_t rows = pdm_table_rows(table);
    *sum = 0;
    if (wide == NULL && narrow == NULL) {
        fprintf(stderr, "bench: table rfm has no integer column %s\n", column);
        return false;
    }
    for (int64_t i = 0; i < rows; i++) *sum += wide != NULL ? wide[i] : narrow[i];
    return true;
}

static bool read_result(const pdm_result *result, const bench_data *data, int64_t *answer) {
    const pdm_table *table = pdm_result_table(result, "rfm");
    const int32_t *r = table != NULL ? pdm_table_i32(table, "r_score") : NULL;
    const int32_t *f = table != NULL ? pdm_table_i32(table, "f_score") : NULL;
    const int32_t *m = table != NULL ? pdm_table_i32(table, "m_score") : NULL;
    (void)data;
    if (r == NULL || f == NULL || m == NULL) {
        fprintf(stderr, "bench: the result has no scores\n");
        return false;
    }
    memset(answer, 0, (RFM_TOTALS + RFM_CELLS) * sizeof *answer);
    answer[0] = pdm_table_rows(table);
    for (int64_t i = 0; i < answer[0]; i++) {
        if (r[i] < 1 || r[i] > 5 || f[i] < 1 || f[i] > 5 || m[i] < 1 || m[i] > 5) {
            fprintf(stderr, "bench: row %lld of the result has scores %d %d %d\n", (long long)i, (int)r[i], (int)f[i],
                    (int)m[i]);
            return false;
        }
        answer[RFM_TOTALS + ((r[i] - 1) * 5 + (f[i] - 1)) * 5 + (m[i] - 1)]++;
    }
    return add_up(table, "frequency", &answer[1]) && add_up(table, "monetary", &answer[2]) &&
           add_up(table, "recency_days", &answer[3]);
}

const bench_metric rfm_metric = {"rfm", answer_names, create, view, cells, read_result};
