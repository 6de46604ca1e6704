#include "rfm_rows.h"

const char *const rfm_answer_names[RFM_TOTALS + 1] = {"customers", "orders", "money", "days", NULL};

bool rfm_ok(const char *what, pdm_status status, const pdm_error *error) {
    if (status == PDM_OK) return true;
    fprintf(stderr, "bench: %s: %s: row %lld, column \"%s\": %s\n", what, pdm_status_name((int32_t)status),
            (long long)error->row, error->column, error->message);
    return false;
}

bool rfm_context(int threads, pdm_context **out) {
    pdm_error error;
    pdm_context_options options = pdm_context_options_default();
    options.threads = threads;
    return rfm_ok("context", pdm_context_create(&options, out, &error), &error);
}

pdm_rfm_options rfm_options(void) {
    pdm_rfm_options options = pdm_rfm_options_default();
    options.grain = PDM_RFM_GRAIN_ORDER;
    return options;
}

bool rfm_state(pdm_context *context, pdm_state **out) {
    pdm_error error;
    pdm_rfm_options options = rfm_options();
    return rfm_ok("create", pdm_rfm_create(context, &options, out, &error), &error);
}

pdm_batch rfm_batch(const bench_data *data, int64_t first, int64_t count, pdm_column columns[3]) {
    columns[0] = data->text ? pdm_column_make("customer_id", PDM_TYPE_LARGE_UTF8, data->bytes)
                            : pdm_column_int64("customer_id", data->key);
    columns[0].offsets = data->offsets;
    columns[1] = pdm_column_int64("time", data->time);
    columns[2] = pdm_column_int64("amount", data->value);
    for (int i = 0; i < 3; i++) columns[i].offset = first;
    return pdm_batch_make(columns, 3, count);
}

bool rfm_update(pdm_state *state, const bench_data *data, int64_t first, int64_t count, int64_t batch_rows) {
    pdm_error error;
    pdm_column columns[3];
    for (int64_t at = 0; at < count; at += batch_rows) {
        int64_t rows = count - at < batch_rows ? count - at : batch_rows;
        pdm_batch batch = rfm_batch(data, first + at, rows, columns);
        if (!rfm_ok("update", pdm_state_update(state, &batch, &error), &error)) return false;
    }
    return true;
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

bool rfm_read(const pdm_result *result, int64_t answer[RFM_TOTALS + RFM_CELLS]) {
    const pdm_table *table = pdm_result_table(result, "rfm");
    const int32_t *r = table != NULL ? pdm_table_i32(table, "r_score") : NULL;
    const int32_t *f = table != NULL ? pdm_table_i32(table, "f_score") : NULL;
    const int32_t *m = table != NULL ? pdm_table_i32(table, "m_score") : NULL;
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

bool rfm_answer(const pdm_state *state, int64_t answer[RFM_TOTALS + RFM_CELLS]) {
    pdm_error error;
    pdm_result *result = NULL;
    if (!rfm_ok("result", pdm_state_result(state, &result, &error), &error)) return false;
    bool ok = rfm_read(result, answer);
    pdm_result_free(result);
    return ok;
}
