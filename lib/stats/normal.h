/* The inside of the normal distribution, for those who integrate against it. */
#ifndef PDM_STATS_NORMAL_H
#define PDM_STATS_NORMAL_H

/* Mills' ratio Q(x)/φ(x), x ≥ 0 (not NaN). Relative error a few units in the last place. */
double pdm__mills_ratio(double x);

/* exp(−x²/2) with the rounding of x² taken back. */
double pdm__exp_half_square(double x);

#endif
