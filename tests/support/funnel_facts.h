/* The funnel's tables from attempts written by hand: units, attempts, and a way to read a table row by row as text. */
#ifndef PDM_TEST_FUNNEL_FACTS_H
#define PDM_TEST_FUNNEL_FACTS_H

#include "metrics/funnel_internal.h"

#define FUNNEL_MOST_UNITS 4096

/* Everything that the tables are made from, to be changed freely before they are. */
typedef struct funnel_bench {
    pdm_context *context;
    pdm__run run;
    pdm_funnel_options options;
    pdm__funnel_plan plan;
    pdm_calendar calendar;
    pdm__store store;
    pdm__entry_ref refs[FUNNEL_MOST_UNITS]; /* by number of the unit */
    int32_t units;
    pdm__funnel_log logs[PDM__PARTITIONS];
    pdm__view view;
    pdm__funnel_facts facts;
    pdm_result *result;
} funnel_bench;

/* A funnel of k steps named a, b, c … with a window of 1 000 µs, without breakdown, as_of 1 200. Takes the context. */
funnel_bench *funnel_bench_new(pdm_context *context, int32_t k);
void funnel_bench_free(funnel_bench *b);

/* The units of the state, numbered in the order given; call one of these once. */
void funnel_no_units(funnel_bench *b, int32_t kind);
void funnel_add_units(funnel_bench *b, int32_t kind, const int64_t *keys, int32_t count);
void funnel_add_texts(funnel_bench *b, const char *const *keys, int32_t count);

/* An attempt that did the steps 1 … level at `times` (borrowed): in no group, of no facet, number 1. */
pdm__funnel_seen funnel_attempt(int32_t level, const int64_t *times, int64_t limit);
#define TIMES(...) ((const int64_t[]){__VA_ARGS__})
/* Logs an attempt of the unit of that number. */
void funnel_put(funnel_bench *b, int32_t unit, pdm__funnel_seen seen);

/* Makes the tables. */
pdm_status funnel_make(funnel_bench *b, pdm_error *err);
/* A table, NULL if there is no such; makes all tables at the first call. */
const pdm_table *funnel_table(funnel_bench *b, const char *name);
/* Takes the result away, so that tables are made anew. */
void funnel_again(funnel_bench *b);

/* The rows of a table as text: cells with spaces between, numbers to 13 digits, - = null, texts in quotes. */
void funnel_expect(const pdm_table *table, const char *const *rows, int64_t count);
#define EXPECT(b, name, ...)                                                                                           \
    funnel_expect(funnel_table(b, name), (const char *const[]){__VA_ARGS__},                                           \
                  (int64_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

#endif
