#include "stats/registry.h"

#include "stats/calculators.h"

static const pdm_calculator *const calculators[] = {
    &pdm__calculator_proportion_interval,
    &pdm__calculator_proportion_test,
    &pdm__calculator_proportion_margin_test,
    &pdm__calculator_mean_test,
    &pdm__calculator_cuped_test,
    &pdm__calculator_ratio_test,
    &pdm__calculator_mean_margin_test,
    &pdm__calculator_sample_size,
    &pdm__calculator_power,
    &pdm__calculator_mde,
    &pdm__calculator_more_traffic,
    &pdm__calculator_duration,
    &pdm__calculator_p_adjust,
    &pdm__calculator_dunnett,
    &pdm__calculator_always_valid,
    &pdm__calculator_weighted_alphas,
    &pdm__calculator_msprt_tau2,
    &pdm__calculator_normal_mixture,
    &pdm__calculator_group_sequential,
    &pdm__calculator_srm,
    &pdm__calculator_heterogeneity,
    &pdm__calculator_cochran_mantel_haenszel,
    &pdm__calculator_beta_posterior,
    &pdm__calculator_beta_best,
    &pdm__calculator_gamma_posterior,
    &pdm__calculator_normal_posterior,
    &pdm__calculator_normal_best,
    &pdm__calculator_quantile,
    &pdm__calculator_winsorise,
    &pdm__calculator_power_lift,
    &pdm__calculator_mde_lift,
    &pdm__calculator_design_effect,
    &pdm__calculator_assign,
    &pdm__calculator_decide,
    &pdm__calculator_distribution,
};

const pdm__calculator_list pdm__stats_calculators = {calculators, PDM__COUNT(calculators)};
