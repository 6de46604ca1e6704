/* RFM of a shop with eight orders: who is a champion, who is about to be lost? */
#include <pdmetrics.h>

#include <inttypes.h>
#include <stdio.h>

#define DAY INT64_C(86400000000) /* µs */

int main(void) {
    /* Columns stay where they are: the library reads the caller's arrays. Amounts are in 分, times in µs since 1970, UTC. */
    static const char names[] = "amybobcaieve";
    static const int32_t name_offsets[] = {0, 3, 6, 9, 12};
    static const int32_t who[] = {0, 0, 0, 1, 2, 2, 3, 0};
    static const int64_t order[] = {101, 102, 103, 104, 105, 106, 107, 108};
    static const int64_t day[] = {19700, 19730, 19755, 19500, 19740, 19750, 19610, 19760};
    static const int64_t amount[] = {25900, 18800, 32000, 9900, 15900, 8800, 45000, 12900};
    int64_t time[8];
    for (size_t i = 0; i < 8; i++) time[i] = day[i] * DAY;

    const pdm_column dictionary = pdm_column_utf8("", name_offsets, names);
    pdm_column customer = pdm_column_make("customer_id", PDM_TYPE_DICTIONARY, who);
    customer.index_type = PDM_TYPE_INT32;
    customer.dictionary = &dictionary;
    customer.dictionary_length = 4;
    const pdm_column columns[] = {
        customer,
        pdm_column_int64("order_id", order),
        pdm_column_int64("time", time),
        pdm_column_int64("amount", amount),
    };
    const pdm_batch orders = pdm_batch_make(columns, 4, 8);

    pdm_error err;
    pdm_result *result = NULL;
    if (pdm_rfm_compute(NULL, NULL, &orders, &result, &err) != PDM_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }

    const pdm_table *table = pdm_result_table(result, NULL);
    const int32_t *recency = pdm_table_i32(table, "recency_days");
    const int64_t *frequency = pdm_table_i64(table, "frequency");
    const int64_t *monetary = pdm_table_i64(table, "monetary");
    if (!recency || !frequency || !monetary) {
        (void)fprintf(stderr, "the table has other columns than this program was written for\n");
        pdm_result_free(result);
        return 1;
    }
    const int64_t rows = pdm_table_rows(table);
    for (int64_t row = 0; row < rows; row++) {
        size_t name_length = 0;
        size_t segment_length = 0;
        const char *name = pdm_table_utf8(table, "customer_id", row, &name_length);
        const char *segment = pdm_table_utf8(table, "segment", row, &segment_length);
        (void)printf("%.*s  %4" PRId32 " days ago  %2" PRId64 " orders  %8.2f yuan  %.*s\n", (int)name_length, name,
                     recency[row], frequency[row], (double)monetary[row] / 100.0, (int)segment_length, segment);
    }
    pdm_result_free(result);
    return rows == 4 ? 0 : 1;
}
