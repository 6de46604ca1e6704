/* The inside of activity: its plan, its tables. */
#ifndef PDM_METRICS_ACTIVITY_INTERNAL_H
#define PDM_METRICS_ACTIVITY_INTERNAL_H

#include "core/activity.h"
#include "core/tally.h"

#include <pdmetrics/metrics/activity.h>

/* Input columns, as in the registry. */
enum { ACT_UNIT, ACT_TIME, ACT_BREAKDOWN, ACT_EVENT_ID };

/* Tables, as in the registry. */
enum { ACT_STICKINESS, ACT_SUMMARY, ACT_ACTIVE, ACT_PERIODS, ACT_UNITS, ACT_TOTALS, ACT_TABLES };
extern const pdm_table_info pdm__activity_tables[ACT_TABLES];

/* What the state keeps is days, or hours if the period is one. */
typedef struct pdm__activity_own {
    pdm__activity_plan activity; /* first: core/activity.h reads it */
    const pdm_activity_options *options;
    pdm_period period;
} pdm__activity_own;

/* activity_tables.c */
pdm_status pdm__activity_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err);

#endif
