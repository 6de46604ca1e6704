/*
 * Deterministic data for the benchmarks: orders of a shop, events of an app. Pure functions of a row number or of the sizes, so that
 * the same sizes give the same rows in every run and every process.
 *
 * Orders: every customer buys at least once; the rest goes to three classes of customers (half of them buy 15 %, the next 35 % buy
 * 40 %, the last 15 % buy 45 %), which leaves frequencies with many ties at the low end and a long tail. Customers are scattered over the
 * rows. Two years; rows come in the order of arrival, late by up to 2 s (98.9 %), an hour (1 %) or two days (0.1 %).
 *
 * Events: a heavy-tailed number per user (Lomax 1.2, one user holds at most 0.5 %), in sessions of about six, 60 days, arrival order.
 */
#ifndef PDM_BENCH_GEN_H
#define PDM_BENCH_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEN_MEMBER_MAX 36 /* longest text id, bytes */

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

/* The text id of a customer: 24 … 36 bytes, never two alike. Returns the length. */
size_t gen_member(int64_t index, char text[GEN_MEMBER_MAX]);

/* Fills events: user ids, times, values. Returns the number of users, 0 if memory ran out. About 42 rows a user. */
int64_t gen_events(int64_t rows, int64_t *users, int64_t *times, int64_t *values);

#endif
