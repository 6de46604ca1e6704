/* The benchmark's RFM: every row is an order, scores by mid-rank, customers per cell. */
#ifndef PDM_BENCH_RFM_ROWS_H
#define PDM_BENCH_RFM_ROWS_H

#include "metric_rows.h"

/* Every row is an order, all else is default. */
pdm_rfm_options rfm_options(void);

/* Answers: customers, orders, money, days, then 125 cells. */
extern const bench_metric rfm_metric;

#endif
