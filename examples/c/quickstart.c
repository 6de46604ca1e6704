#include <pdmetrics.h>
#include <stdio.h>

int main(void) {
    const int64_t customer[] = {1, 2, 1, 3}, order[] = {71, 72, 73, 74}, amount[] = {25900, 8800, 19900, 4500}; /* 分 */
    const int64_t paid[] = {1735660800, 1736870400, 1738252800, 1738339200}; /* seconds since 1970, UTC */
    const pdm_column columns[] = {pdm_column_int64("customer_id", customer), pdm_column_int64("order_id", order),
                                  pdm_column_make("time", PDM_TYPE_TIMESTAMP_S, paid),
                                  pdm_column_int64("amount", amount)};
    const pdm_batch orders = pdm_batch_make(columns, 4, 4);
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_rfm_compute(NULL, NULL, &orders, &result, &err) != PDM_OK) return puts(err.message), 1;
    const pdm_table *rfm = pdm_result_table(result, "rfm");
    for (int64_t row = 0; row < pdm_table_rows(rfm); row++) {
        size_t length = 0;
        const char *segment = pdm_table_utf8(rfm, "segment", row, &length);
        printf("customer %d: recency %d, %.*s\n", (int)pdm_table_i64(rfm, "customer_id")[row],
               (int)pdm_table_i32(rfm, "recency_days")[row], (int)length, segment);
    }
    pdm_result_free(result);
    return 0;
}
