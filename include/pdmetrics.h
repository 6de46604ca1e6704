/**
 * @file pdmetrics.h
 * @brief Everything. An umbrella, nothing but includes.
 */
#ifndef PDMETRICS_H
#define PDMETRICS_H

#include <pdmetrics/arrow.h>
#include <pdmetrics/calculator.h>
#include <pdmetrics/calendar.h>
#include <pdmetrics/column.h>
#include <pdmetrics/context.h>
#include <pdmetrics/export.h>
#include <pdmetrics/metric.h>
#include <pdmetrics/metrics/activity.h>
#include <pdmetrics/metrics/actuals.h>
#include <pdmetrics/metrics/attribution.h>
#include <pdmetrics/metrics/credit.h>
#include <pdmetrics/metrics/experiment.h>
#include <pdmetrics/metrics/funnel.h>
#include <pdmetrics/metrics/lifecycle.h>
#include <pdmetrics/metrics/repurchase.h>
#include <pdmetrics/metrics/retention.h>
#include <pdmetrics/metrics/retention_array.h>
#include <pdmetrics/metrics/rfm.h>
#include <pdmetrics/metrics/tiers.h>
#include <pdmetrics/money.h>
#include <pdmetrics/plan/allocate.h>
#include <pdmetrics/plan/change.h>
#include <pdmetrics/plan/performance.h>
#include <pdmetrics/plan/pnl.h>
#include <pdmetrics/plan/reconcile.h>
#include <pdmetrics/plan/rollforward.h>
#include <pdmetrics/plan/rootcause.h>
#include <pdmetrics/plan/season.h>
#include <pdmetrics/plan/solve.h>
#include <pdmetrics/plan/track.h>
#include <pdmetrics/plan/tree.h>
#include <pdmetrics/plan/uncertainty.h>
#include <pdmetrics/sample.h>
#include <pdmetrics/state.h>
#include <pdmetrics/stats/assign.h>
#include <pdmetrics/stats/calculators.h>
#include <pdmetrics/stats/decision.h>
#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/group_sequential.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/multiplicity.h>
#include <pdmetrics/stats/posterior.h>
#include <pdmetrics/stats/power.h>
#include <pdmetrics/stats/proportion.h>
#include <pdmetrics/stats/result.h>
#include <pdmetrics/stats/robust.h>
#include <pdmetrics/stats/segments.h>
#include <pdmetrics/stats/sequential.h>
#include <pdmetrics/stats/srm.h>
#include <pdmetrics/status.h>
#include <pdmetrics/table.h>
#include <pdmetrics/version.h>

#endif
