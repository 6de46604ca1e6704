/* The benchmark's RFM through the public interface: rows in, state, result, checked totals and cells out. */
#ifndef PDM_BENCH_RFM_ROWS_H
#define PDM_BENCH_RFM_ROWS_H

#include "harness.h"

#include <pdmetrics.h>

#define RFM_CELLS 125
#define RFM_TOTALS 4

/* customers, orders, money, days; NULL-terminated */
extern const char *const rfm_answer_names[RFM_TOTALS + 1];

/* Prints a failed call; returns whether it went well. */
bool rfm_ok(const char *what, pdm_status status, const pdm_error *error);

/* A context of its own with @p threads threads. */
bool rfm_context(int threads, pdm_context **out);

/* An empty state: every row is an order, all else is default. */
bool rfm_state(pdm_context *context, pdm_state **out);

/* The options of rfm_state(). */
pdm_rfm_options rfm_options(void);

/* A view of @p count rows from @p first on, over @p columns[3]. */
pdm_batch rfm_batch(const bench_data *data, int64_t first, int64_t count, pdm_column columns[3]);

/* Takes rows [first, first + count) in batches of @p batch_rows. */
bool rfm_update(pdm_state *state, const bench_data *data, int64_t first, int64_t count, int64_t batch_rows);

/* Totals and cells of a result. */
bool rfm_read(const pdm_result *result, int64_t answer[RFM_TOTALS + RFM_CELLS]);

/* Makes the result of a state, reads it, frees it. */
bool rfm_answer(const pdm_state *state, int64_t answer[RFM_TOTALS + RFM_CELLS]);

#endif
