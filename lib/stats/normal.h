/* The inside of the normal distribution, for those who integrate against it. */
#ifndef PDM_STATS_NORMAL_H
#define PDM_STATS_NORMAL_H

/* Mills' ratio Q(x)/φ(x), x ≥ 0 (not NaN). Relative error a few units in the last place. */
double pdm__mills_ratio(double x);

/* exp(−x²/2) with the rounding of x² taken back. */
double pdm__exp_half_square(double x);

/* pdm_normal_sf() and pdm_normal_log_sf(), the same bits, for little more than one of them. */
void pdm__normal_tails(double x, double *sf, double *log_sf);

#endif
