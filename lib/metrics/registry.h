/* Every row metric, one line each. */
#ifndef PDM_METRICS_REGISTRY_H
#define PDM_METRICS_REGISTRY_H

#include <pdmetrics/metric.h>

extern const pdm_metric pdm__metric_activity;
extern const pdm_metric pdm__metric_actuals;
extern const pdm_metric pdm__metric_attribution;
extern const pdm_metric pdm__metric_credit;
extern const pdm_metric pdm__metric_experiment;
extern const pdm_metric pdm__metric_funnel;
extern const pdm_metric pdm__metric_lifecycle;
extern const pdm_metric pdm__metric_repurchase;
extern const pdm_metric pdm__metric_retention;
extern const pdm_metric pdm__metric_retention_array;
extern const pdm_metric pdm__metric_rfm;
extern const pdm_metric pdm__metric_tiers;

#endif
