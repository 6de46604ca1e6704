/*
 * Score statistics of two proportions under a given difference or ratio, and the intervals that come from inverting them: what the
 * calculators and the row metric share, for any critical value.
 */
#ifndef PDM_STATS_SCORE_TEST_H
#define PDM_STATS_SCORE_TEST_H

#include <pdmetrics/stats/proportion.h>

/* Greatest likelihood under p_t − p_c = delta, −1 < delta < 1; both arms have trials. */
typedef struct pdm__constrained {
    double p_control;
    double p_treatment;
    double spread; /* p_t(1 − p_t)/n_t + p_c(1 − p_c)/n_c */
} pdm__constrained;

pdm__constrained pdm__fit_difference(const pdm_two_proportions *counts, double delta);

/* (p̂_t − p̂_c − δ)/√(spread · inflation); ±∞ without spread, 0 if both are 0. inflation is 1, or N/(N − 1). */
double pdm__score_of_difference(const pdm_two_proportions *counts, double delta, double inflation);

/* (p̂_t − ρ p̂_c)/√(…) with the greatest likelihood under p_t = ρ p_c, ρ > 0. */
double pdm__score_of_ratio(const pdm_two_proportions *counts, double ratio, double inflation);

/* Limits with critical values for either side; +∞ leaves a side open (−1 and 1; 0 and +∞). Both arms have trials. */
void pdm__invert_difference(const pdm_two_proportions *counts, double z_low, double z_high, double inflation,
                            double *low, double *high);
void pdm__invert_ratio(const pdm_two_proportions *counts, double z_low, double z_high, double *low, double *high);

#endif
