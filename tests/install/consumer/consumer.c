/* A small but whole use of the installed library: three orders in, two scored customers out, through a restored state. */
#include <pdmetrics.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what, const pdm_error *err) {
    (void)fprintf(stderr, "%s: %s\n", what, err->message);
    return 1;
}

/* Counts three orders into `state`. */
static pdm_status count_orders(pdm_state *state, pdm_error *err) {
    static const int64_t customers[] = {7, 9, 7};
    static const int64_t orders[] = {1, 2, 3};
    static const int64_t times[] = {1700000000000000, 1700086400000000, 1700172800000000};
    static const int64_t amounts[] = {1990, 5000, 2500};
    const pdm_column columns[] = {
        pdm_column_int64("customer_id", customers),
        pdm_column_int64("order_id", orders),
        pdm_column_int64("time", times),
        pdm_column_int64("amount", amounts),
    };
    const pdm_batch batch = pdm_batch_make(columns, 4, 3);
    return pdm_state_update(state, &batch, err);
}

/* The state's bytes, made into a state again. */
static pdm_status copy_by_bytes(const pdm_state *state, pdm_state **out, pdm_error *err) {
    size_t size = 0;
    pdm_status status = pdm_state_serialize(state, NULL, 0, &size, err);
    if (status != PDM_OK) return status;
    void *bytes = malloc(size);
    if (!bytes) return PDM_E_NOMEM;
    status = pdm_state_serialize(state, bytes, size, &size, err);
    if (status == PDM_OK) status = pdm_state_deserialize(NULL, bytes, size, out, err);
    free(bytes);
    return status;
}

int main(void) {
    pdm_error err;
    pdm_error_reset(&err);
    pdm_state *state = NULL;
    pdm_state *copy = NULL;
    pdm_result *result = NULL;
    const pdm_rfm_options options = pdm_rfm_options_default();

    if (strcmp(pdm_version(), PDM_VERSION) != 0) return fail("header and library differ", &err);
    if (pdm_rfm_create(NULL, &options, &state, &err) != PDM_OK) return fail("create", &err);
    if (count_orders(state, &err) != PDM_OK) return fail("update", &err);
    if (copy_by_bytes(state, &copy, &err) != PDM_OK) return fail("copy", &err);
    if (pdm_state_result(copy, &result, &err) != PDM_OK) return fail("result", &err);

    const int64_t rows = pdm_table_rows(pdm_result_table(result, NULL));
    (void)printf("pdmetrics %s: %" PRId64 " customers\n", pdm_version(), rows);
    pdm_result_free(result);
    pdm_state_free(copy);
    pdm_state_free(state);
    return rows == 2 ? 0 : 1;
}
