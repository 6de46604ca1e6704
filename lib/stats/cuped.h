/* Several covariates as one: their best linear combination. */
#ifndef PDM_STATS_CUPED_H
#define PDM_STATS_CUPED_H

#include <pdmetrics/stats/mean.h>

/*
 * Coefficients of k covariates (0: dropped, or nothing to gain) and what the combination Σ θ x is in either arm, as one
 * covariate. Both arms have at least two units. kind: pdm_theta. Returns how many are used.
 */
int32_t pdm__combine_covariates(const pdm_arm_covariates *control, const pdm_arm_covariates *treatment, int32_t k,
                                int32_t kind, double *thetas, pdm_covariate_moments *c, pdm_covariate_moments *t);

#endif
