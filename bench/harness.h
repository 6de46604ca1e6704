/*
 * What every benchmark program shares: reading columns, clocks, peak memory, and the two ways to be run.
 *
 *   PROGRAM DIRECTORY SOURCE THREADS          takes requests ("TASK FORMULATION" lines), answers in JSON lines; peers/compare.py
 *                                             drives it side by side with the peers
 *   PROGRAM DIRECTORY SOURCE THREADS RUNS     runs every formulation once cold and RUNS times warm, one JSON line each
 */
#ifndef PDM_BENCH_HARNESS_H
#define PDM_BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH_ANSWERS (30 * 30 + 8)

/* Columns of a source. */
typedef struct bench_data {
    const char *task; /* what the source is for: "rfm", "group", "funnel", "retention" */
    int steps;        /* of a funnel; else 0 */
    int64_t rows;
    bool text;        /* keys are text: key_offsets and key_bytes; else key */
    int64_t *key;     /* [rows] */
    int64_t *offsets; /* [rows + 1] */
    char *bytes;
    int64_t *time;      /* [rows]; NULL for group-by */
    int64_t *value;     /* [rows], amounts; NULL for a funnel and for retention */
    int32_t *code;      /* [rows], for a funnel; else NULL */
    int64_t first_time; /* least time, for retention; else 0 */
} bench_data;

/* A figure beside the time of the run. */
typedef struct bench_figure {
    const char *name;
    double value;
} bench_figure;

/* What one run tells. */
typedef struct bench_sample {
    double ms;   /* of what is measured; the harness measures the whole call if it is left at 0 */
    double rows; /* units of work done, for rows/s; the harness takes the source's rows if it is left at 0 */
    int64_t answer[BENCH_ANSWERS]; /* to be compared; laid out as answer_names of the task, then cells */
    bench_figure figures[8];
    int figure_count;
} bench_sample;

/* One way to do a task. */
typedef struct bench_formulation {
    const char *name;
    const char *note;
    /* Runs once; false = failed, after a message on stderr. */
    bool (*run)(void *subject, bench_sample *sample);
} bench_formulation;

/* A task, the same that peers do. */
typedef struct bench_task {
    const char *name;
    const char *const *answer_names; /* NULL-terminated */
    int cell_count;                  /* of "cells" after the named numbers; 0 = none */
    const bench_formulation *formulations;
    int formulation_count;
} bench_task;

/* The command line, taken apart. */
typedef struct bench_call {
    const char *directory;
    const char *source; /* "int", "text", "orders", "events", "funnel-int" and others, see harness.c */
    int threads;
    int runs; /* 0 = take requests */
} bench_call;

/* Reads the command line; false after a message. */
bool bench_parse(int argc, char **argv, bench_call *call);

/* Reads a file into memory that the caller frees; sets a pointer of any type. False after a message. */
bool bench_read(const char *directory, const char *name, void *out, size_t *size);

/* Loads the columns of a source into touched memory; false after a message. */
bool bench_load(const bench_call *call, bench_data *data);
void bench_unload(bench_data *data);

/* Milliseconds of a steady clock. */
double bench_now(void);

/* Adds a figure. */
void bench_note(bench_sample *sample, const char *name, double value);

/* Runs the program: 0, or 1 if anything failed. */
int bench_main(const bench_call *call, const bench_task *task, const bench_data *data, void *subject);

#endif
