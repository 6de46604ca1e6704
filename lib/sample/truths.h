/* The simulator's own books, and the two small tables made from them: monthly targets and planted truths. */
#ifndef PDM_SAMPLE_TRUTHS_H
#define PDM_SAMPLE_TRUTHS_H

#include "sample/tables.h"

/* One month of sales. */
typedef struct pdm__sample_month {
    int64_t gmv;
    int64_t planned; /* without the planted shortfall */
    int64_t orders;
    int64_t buyers;
} pdm__sample_month;

/* What is counted while customers are made. Zero it. */
typedef struct pdm__sample_books {
    pdm__sample_month months[PDM__SAMPLE_MONTHS];
    int64_t groups[GROUP_COUNT];
    int64_t buyers[2];    /* [1] = of the bad cohort */
    int64_t repeats[2];   /* of them, with more than one order */
    int64_t customers[2]; /* [1] = referred */
    int64_t net[2];
} pdm__sample_books;

void pdm__sample_books_add(const pdm__sample_world *world, const pdm__sample_customer *customer,
                           pdm__sample_books *books);

/* Add the tables. */
pdm_status pdm__sample_targets_add(pdm_result *result, const pdm__sample_world *world, const pdm__sample_books *books,
                                   pdm_error *err);
pdm_status pdm__sample_truths_add(pdm_result *result, const pdm__sample_books *books, pdm_error *err);

#endif
