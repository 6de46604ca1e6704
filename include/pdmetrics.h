/**
 * @file pdmetrics.h
 * @brief Everything. An umbrella, nothing but includes.
 */
#ifndef PDMETRICS_H
#define PDMETRICS_H

#include <pdmetrics/arrow.h>
#include <pdmetrics/calendar.h>
#include <pdmetrics/column.h>
#include <pdmetrics/context.h>
#include <pdmetrics/export.h>
#include <pdmetrics/metric.h>
#include <pdmetrics/metrics/rfm.h>
#include <pdmetrics/metrics/tiers.h>
#include <pdmetrics/money.h>
#include <pdmetrics/sample.h>
#include <pdmetrics/state.h>
#include <pdmetrics/status.h>
#include <pdmetrics/table.h>
#include <pdmetrics/version.h>

#endif
