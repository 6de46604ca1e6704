/* What the calculators share: checking arguments, reading levels, p-values of a statistic, roots. */
#ifndef PDM_STATS_CALCULATOR_H
#define PDM_STATS_CALCULATOR_H

#include "core/base.h"
#include "stats/special.h"

#include <pdmetrics/stats/result.h>

#define PDM__LARGEST_COUNT (INT64_C(1) << 53)

/* Error PDM_E_BAD_OPTION unless 0 ≤ value < count. */
pdm_status pdm__check_choice(int32_t value, int32_t count, const char *name, pdm_error *err);
/* Error PDM_E_BAD_OPTION unless 0 < level < 1. */
pdm_status pdm__check_level(double level, const char *name, pdm_error *err);
/* Error PDM_E_BAD_VALUE unless 0 ≤ x ≤ n < 2^53. */
pdm_status pdm__check_counts(int64_t x, int64_t n, const char *arm, pdm_error *err);

/* 1 − level, with level read as the decimal it was written as (up to 15 places). */
double pdm__rest_of_level(double level);

/* Normal critical value of a level, one- or two-sided. */
double pdm__critical(double level, int32_t alternative);

/* p and log_p of a statistic that is normal (df infinite) or t, or of a χ² by its own upper tail. */
void pdm__p_of_t(double statistic, double df, int32_t alternative, double *p, double *log_p);

/*
 * Where f changes its sign between low and high; f may be infinite. The bracket shrinks to `width` or to the last digit
 * (Chandrupatla 1997: inverse quadratic steps where they are safe, else bisection). f_low and f_high have opposite signs.
 */
typedef double (*pdm__function)(double x, const void *user);
double pdm__root(pdm__function f, const void *user, double low, double high, double f_low, double f_high, double width);

#endif
