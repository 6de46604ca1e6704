/*
 * Deterministic data for the benchmarks: orders of a shop, events of an app. Pure functions of a row number or of the sizes, so that
 * the same sizes give the same rows in every run and every process.
 *
 * Orders: every customer buys at least once; the rest goes to three classes of customers (half of them buy 15 %, the next 35 % buy
 * 40 %, the last 15 % buy 45 %), which leaves frequencies with many ties at the low end and a long tail. Customers are scattered over the
 * rows. Two years; rows come in the order of arrival, late by up to 2 s (98.9 %), an hour (1 %) or two days (0.1 %).
 *
 * Events: a heavy-tailed number per user (Lomax 1.2, one user holds at most 0.5 %), in sessions of about six, 60 days. Within a
 * session 20 codes follow each other by a Markov chain, so that 55.9 % of the events are a step of the funnel of four; 2 % happen at
 * the very time of the event before. They arrive late by 2 s on average (98.9 %, exponential), up to an hour (1 %) or two days (0.1 %).
 */
#ifndef PDM_BENCH_GEN_H
#define PDM_BENCH_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEN_MEMBER_MAX 36 /* longest text id, bytes */
#define GEN_ROWS_PER_USER 42
#define GEN_FUNNEL_STEPS 4
#define GEN_LONG_FUNNEL_STEPS 12

/* What the orders look like. */
typedef struct gen_orders {
    int64_t rows;      /* 1 … 2^31 − 1 */
    int64_t customers; /* 1 … rows */
    bool shuffled;     /* true: times have nothing to do with the order of the rows */
} gen_orders;

/* One order. */
typedef struct gen_order {
    int64_t customer; /* 0 … customers − 1; make an id of it with one of the two functions below */
    int64_t time;     /* µs since the epoch */
    int64_t amount;   /* minor units, above 0 */
} gen_order;

/* The order in row @p row. */
gen_order gen_order_at(const gen_orders *orders, int64_t row);

/* The 64-bit id of a customer or user: scattered over all 64 bits, never two alike. */
int64_t gen_id(int64_t index);

/* The text id of a customer or user: 24 … 36 bytes, never two alike. Returns the length. */
size_t gen_member(int64_t index, char text[GEN_MEMBER_MAX]);

/* The order of rows. */
typedef enum gen_sequence {
    GEN_ARRIVAL,  /* as they come in */
    GEN_SHUFFLED, /* by chance */
    GEN_SORTED    /* by user id (gen_id()), then time */
} gen_sequence;

/* What the events look like. */
typedef struct gen_events {
    int64_t rows; /* 1 … 2^31 − 1 */
    int64_t rows_per_user;
    gen_sequence sequence;
    bool heavy; /* one user has half of all rows */
} gen_events;

/* One event. */
typedef struct gen_event {
    int64_t order; /* what the rows are sorted by; then time, then index */
    int64_t time;  /* µs since the epoch */
    int64_t user;  /* 0 … users − 1; make an id of it */
    int32_t index; /* before sorting */
    int32_t code;  /* 1 … 20 */
} gen_event;

/* Fills `events->rows` events. Returns the number of users, 0 if memory ran out. */
int64_t gen_events_fill(const gen_events *events, gen_event *out);

/* An amount for an event. */
int64_t gen_event_value(const gen_event *event);

/* The codes of a funnel's steps; @p steps is GEN_FUNNEL_STEPS or GEN_LONG_FUNNEL_STEPS. */
const int32_t *gen_funnel_codes(int steps);

#endif
