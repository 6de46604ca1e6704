/* From customers to rows: what each customer adds to each table. */
#ifndef PDM_SAMPLE_ROWS_H
#define PDM_SAMPLE_ROWS_H

#include "sample/world.h"

enum {
    TABLE_ORDERS,
    TABLE_EVENTS,
    TABLE_TOUCHES,
    TABLE_FRIENDS,
    TABLE_INVITATIONS,
    TABLE_ASSIGNMENTS,
    LOG_TABLE_COUNT
};

/* A row before it is written to columns. What the fields mean is the table's matter; see the writers in tables.c. */
typedef struct pdm__sample_row {
    int64_t a;
    int64_t b;
    uint32_t second; /* of the local day */
    uint32_t customer;
    int32_t number;
    uint8_t codes[4];
} pdm__sample_row;

/* Where rows go: `at[day]` is where the next row of that day is put. Without rows they are only counted. */
typedef struct pdm__sample_sink {
    pdm__sample_row *rows;
    int64_t at[PDM__SAMPLE_DAYS];
} pdm__sample_sink;

/* Puts a row at a time; its second is set from that. */
void pdm__sample_put(pdm__sample_sink *sink, int32_t time, pdm__sample_row row);

/* Adds the rows of one customer to one of the log tables. */
void pdm__sample_emit(const pdm__sample_world *world, int32_t table, const pdm__sample_customer *customer,
                      pdm__sample_sink *sink);

/* An order number from here on is a refund: 64 + 4 · order + line. */
#define PDM__SAMPLE_REFUND_BASE 64

#endif
