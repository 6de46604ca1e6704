/*
 * What the programs that measure row metrics share, through the public interface alone: rows in, state, result, checked answer out.
 * A metric says in a bench_metric how its options, columns and tables look; rfm_rows.c, funnel_rows.c and retention_rows.c are all there is of it.
 */
#ifndef PDM_BENCH_METRIC_ROWS_H
#define PDM_BENCH_METRIC_ROWS_H

#include "harness.h"

#include <pdmetrics.h>

#define METRIC_COLUMNS 4

/* A row metric, as far as the benchmark goes. */
typedef struct bench_metric {
    const char *name;                /* of the task */
    const char *const *answer_names; /* NULL-terminated */
    /* An empty state with its options and lists; false after a message. */
    bool (*create)(pdm_context *context, const bench_data *data, pdm_state **out);
    /* Views of all rows; returns how many columns there are. */
    int32_t (*columns)(const bench_data *data, pdm_column columns[METRIC_COLUMNS]);
    /* Cells of an answer. */
    int (*cells)(const bench_data *data);
    /* Named numbers and cells of a result; false after a message. */
    bool (*read)(const pdm_result *result, const bench_data *data, int64_t *answer);
} bench_metric;

/* What runs of a metric work on. */
typedef struct metric_subject {
    const bench_metric *metric;
    const bench_data *data;
    int threads;
    pdm_context *context; /* lasts for all runs */
} metric_subject;

/* Prints a failed call; returns whether it went well. */
bool metric_ok(const char *what, pdm_status status, const pdm_error *error);

/* A context of its own with @p threads threads. */
bool metric_context(int threads, pdm_context **out);

/* Memory of a text column of a list. */
typedef struct metric_texts {
    char bytes[512];
    int32_t offsets[33];
} metric_texts;

/* A text column of at most 32 words. */
pdm_column metric_text_column(metric_texts *memory, const char *name, const char *const *words, int count);

/* Hands over a list. */
bool metric_give(pdm_state *state, const char *list, const pdm_column *columns, int32_t count, int64_t rows);

/* The key column of @p data under the name that the metric gives it. */
pdm_column metric_key_column(const char *name, const bench_data *data);

/* Takes rows [first, first + count) in batches of @p batch_rows. */
bool metric_update(const metric_subject *subject, pdm_state *state, int64_t first, int64_t count, int64_t batch_rows);

/* Makes the result of a state, reads it, frees it. */
bool metric_answer(const metric_subject *subject, const pdm_state *state, int64_t *answer);

/* Adds the most bytes that the context has held. */
void metric_note_memory(bench_sample *sample, const pdm_context *context);

/*
 * Formulations; the subject is a metric_subject. A run counts everything from the empty state to freed memory, so that it covers what a
 * query of a peer covers.
 */
bool metric_state(void *arg, bench_sample *sample);
bool metric_warm(void *subject, bench_sample *sample);    /* one update, in the context that lasts */
bool metric_cold(void *subject, bench_sample *sample);    /* one update, in a context made for the run and given back */
bool metric_batches(void *subject, bench_sample *sample); /* updates of 8192 rows, in the context that lasts */

/* The program: reads the command line, loads the rows, runs the formulations. Returns the exit status. */
int metric_main(int argc, char **argv, const bench_metric *metric, const bench_formulation *formulations, int count);

#endif
