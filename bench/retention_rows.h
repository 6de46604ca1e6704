/*
 * The benchmark's triangle: cohorts by the first day of a user, 30 of them from the first day of all, and who of them is there on the
 * 30 days from then on (UTC).
 */
#ifndef PDM_BENCH_RETENTION_ROWS_H
#define PDM_BENCH_RETENTION_ROWS_H

#include "metric_rows.h"

#define RETENTION_DAYS 30

/* Answers: users, then a cell per cohort and day. */
extern const bench_metric retention_metric;

#endif
