/* The benchmark's funnel: the steps of the source, 7 days from the entry, all else default; how many users reach each step. */
#ifndef PDM_BENCH_FUNNEL_ROWS_H
#define PDM_BENCH_FUNNEL_ROWS_H

#include "metric_rows.h"

/* Answers: a cell per step. */
extern const bench_metric funnel_metric;

/* Rows of @p data that are some step: those that a state has to remember. */
int64_t funnel_relevant_rows(const bench_data *data);

#endif
