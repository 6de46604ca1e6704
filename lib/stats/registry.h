/* The statistical calculators: functions of include/pdmetrics/stats behind tables, many questions at once. */
#ifndef PDM_STATS_REGISTRY_H
#define PDM_STATS_REGISTRY_H

#include "core/calculator.h"

#define PDM__FAMILY "stats"

extern const pdm_calculator pdm__calculator_proportion_interval;
extern const pdm_calculator pdm__calculator_proportion_test;
extern const pdm_calculator pdm__calculator_proportion_margin_test;
extern const pdm_calculator pdm__calculator_mean_test;
extern const pdm_calculator pdm__calculator_ratio_test;
extern const pdm_calculator pdm__calculator_mean_margin_test;
extern const pdm_calculator pdm__calculator_sample_size;
extern const pdm_calculator pdm__calculator_power;
extern const pdm_calculator pdm__calculator_mde;
extern const pdm_calculator pdm__calculator_more_traffic;
extern const pdm_calculator pdm__calculator_duration;
extern const pdm_calculator pdm__calculator_p_adjust;
extern const pdm_calculator pdm__calculator_dunnett;
extern const pdm_calculator pdm__calculator_always_valid;
extern const pdm_calculator pdm__calculator_weighted_alphas;
extern const pdm_calculator pdm__calculator_msprt_tau2;
extern const pdm_calculator pdm__calculator_normal_mixture;
extern const pdm_calculator pdm__calculator_group_sequential;
extern const pdm_calculator pdm__calculator_srm;
extern const pdm_calculator pdm__calculator_heterogeneity;
extern const pdm_calculator pdm__calculator_cochran_mantel_haenszel;
extern const pdm_calculator pdm__calculator_beta_posterior;
extern const pdm_calculator pdm__calculator_beta_best;
extern const pdm_calculator pdm__calculator_gamma_posterior;
extern const pdm_calculator pdm__calculator_normal_posterior;
extern const pdm_calculator pdm__calculator_power_lift;
extern const pdm_calculator pdm__calculator_mde_lift;
extern const pdm_calculator pdm__calculator_design_effect;
extern const pdm_calculator pdm__calculator_assign;
extern const pdm_calculator pdm__calculator_decide;
extern const pdm_calculator pdm__calculator_distribution;

#endif
