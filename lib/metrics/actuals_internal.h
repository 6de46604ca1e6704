/* What the files of actuals share; see actuals.c. */
#ifndef PDM_METRICS_ACTUALS_INTERNAL_H
#define PDM_METRICS_ACTUALS_INTERNAL_H

#include "core/metric_ops.h"
#include "core/value.h"

#include <pdmetrics/metrics/actuals.h>

enum { ACTUALS_SALE, ACTUALS_REFUND };
extern const char *const pdm__actuals_kinds[];

typedef struct pdm__actuals_plan {
    const pdm_calendar *calendar;
    bool by_order;
    bool by_calendar;
    pdm_period period;
} pdm__actuals_plan;

/* Words of a place (period, channel, segment). */
enum { ACTUALS_GMV, ACTUALS_REFUNDED, ACTUALS_SALES, ACTUALS_REFUNDS, ACTUALS_SUMS };

/* Words of a claim: an order's sale or refund in a place. Its key is the kind, one byte, and the place. */
enum { ACTUALS_LEAST, ACTUALS_MOST, ACTUALS_ROWS };

/* A place, read from its key. */
typedef struct pdm__actuals_place {
    pdm__value period;
    pdm__value channel;
    pdm__value segment;
} pdm__actuals_place;

/* false: these bytes are none. */
bool pdm__actuals_place_read(const uint8_t *bytes, size_t length, pdm__actuals_place *out);

/* Periods, by the plan's calendar. */
bool pdm__actuals_year_ago(pdm_period period, int64_t index, int64_t *out); /* false: there is no such period */
void pdm__actuals_label(const pdm__actuals_plan *plan, int64_t index, char *out, size_t room);

extern const pdm_table_info pdm__actuals_tables[];
#define ACTUALS_TABLES 3
pdm_status pdm__actuals_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);

#endif
