/* Evidence against given shares from a Dirichlet mixture: what sequential tests of a split and of a rate have in common. */
#ifndef PDM_STATS_DIRICHLET_H
#define PDM_STATS_DIRICHLET_H

#include <stdint.h>

/*
 * ln of the Bayes factor lnΓ(κ) − lnΓ(κ + N) + Σ[lnΓ(κθ + O) − lnΓ(κθ) − O ln θ] of the counts O against the shares θ > 0 (sum 1),
 * mixed over Dirichlet(κθ), κ > 0. Nothing cancels, whatever the counts.
 */
double pdm__dirichlet_evidence(const double *observed, const double *share, int32_t count, double kappa);

#endif
