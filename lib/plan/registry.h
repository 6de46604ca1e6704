/* Every calculator ends in one of these; a new one is a line here and a line in registry.c. */
#ifndef PDM_PLAN_REGISTRY_H
#define PDM_PLAN_REGISTRY_H

#include "core/calculator.h"

#define PDM__FAMILY "plan"

extern const pdm_calculator pdm__calculator_apportion;
extern const pdm_calculator pdm__calculator_allocate;
extern const pdm_calculator pdm__calculator_nested;
extern const pdm_calculator pdm__calculator_two_way;
extern const pdm_calculator pdm__calculator_shares;
extern const pdm_calculator pdm__calculator_forecast_proportions;
extern const pdm_calculator pdm__calculator_blend;
extern const pdm_calculator pdm__calculator_formula;
extern const pdm_calculator pdm__calculator_views;
extern const pdm_calculator pdm__calculator_seasonal_index;
extern const pdm_calculator pdm__calculator_seasonal_split;
extern const pdm_calculator pdm__calculator_growth;
extern const pdm_calculator pdm__calculator_event_days;
extern const pdm_calculator pdm__calculator_s_curve;
extern const pdm_calculator pdm__calculator_denton;
extern const pdm_calculator pdm__calculator_roll_forward;
extern const pdm_calculator pdm__calculator_roll_inverse;
extern const pdm_calculator pdm__calculator_gap;
extern const pdm_calculator pdm__calculator_gap_split;
extern const pdm_calculator pdm__calculator_reconcile;
extern const pdm_calculator pdm__calculator_review_rounds;
extern const pdm_calculator pdm__calculator_goal_seek;
extern const pdm_calculator pdm__calculator_equal_effort;
extern const pdm_calculator pdm__calculator_tornado;
extern const pdm_calculator pdm__calculator_scenarios;
extern const pdm_calculator pdm__calculator_decompose;
extern const pdm_calculator pdm__calculator_lmdi;
extern const pdm_calculator pdm__calculator_funnel_change;
extern const pdm_calculator pdm__calculator_series_change;
extern const pdm_calculator pdm__calculator_pvm;
extern const pdm_calculator pdm__calculator_rate_mix;
extern const pdm_calculator pdm__calculator_sum_mix;
extern const pdm_calculator pdm__calculator_contribution;
extern const pdm_calculator pdm__calculator_root_cause;
extern const pdm_calculator pdm__calculator_track;
extern const pdm_calculator pdm__calculator_pace;
extern const pdm_calculator pdm__calculator_cumulative;
extern const pdm_calculator pdm__calculator_growth_series;
extern const pdm_calculator pdm__calculator_alerts;
extern const pdm_calculator pdm__calculator_activity_pnl;
extern const pdm_calculator pdm__calculator_amortise;
extern const pdm_calculator pdm__calculator_unit_economics;
extern const pdm_calculator pdm__calculator_compound_change;
extern const pdm_calculator pdm__calculator_commission;
extern const pdm_calculator pdm__calculator_composite;
extern const pdm_calculator pdm__calculator_rank;
extern const pdm_calculator pdm__calculator_utilisation;
extern const pdm_calculator pdm__calculator_attainment;
extern const pdm_calculator pdm__calculator_replan;

#endif
