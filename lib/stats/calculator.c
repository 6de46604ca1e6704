#include "stats/calculator.h"

#include "stats/normal.h"

#include <pdmetrics/stats/distribution.h>

#define MAX_ROUNDS 400

pdm_status pdm__check_choice(int32_t value, int32_t count, const char *name, pdm_error *err) {
    if (value >= 0 && value < count) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "expected one of 0 to %d, got %d", count - 1, value);
}

pdm_status pdm__check_level(double level, const char *name, pdm_error *err) {
    if (level > 0 && level < 1) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "expected a number between 0 and 1, got %.17g", level);
}

pdm_status pdm__check_counts(int64_t x, int64_t n, const char *arm, pdm_error *err) {
    if (x >= 0 && x <= n && n < PDM__LARGEST_COUNT) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, -1, arm, "expected counts 0 <= x <= n < 2^53, got x = %lld of n = %lld",
                     (long long)x, (long long)n);
}

double pdm__rest_of_level(double level) {
    double rest = 1 - level;
    double decimal = nearbyint(rest * 1e15) / 1e15;
    return fabs(decimal - rest) <= 0x1p-53 && decimal > 0 ? decimal : rest;
}

double pdm__critical(double level, int32_t alternative) {
    double alpha = pdm__rest_of_level(level);
    return pdm_normal_isf(alternative == PDM_TWO_SIDED ? 0.5 * alpha : alpha);
}

void pdm__p_of_t(double statistic, double df, int32_t alternative, double *p, double *log_p) {
    double upper = alternative == PDM_LESS ? -statistic : alternative == PDM_GREATER ? statistic : fabs(statistic);
    if (df == PDM__INFINITY) {
        pdm__normal_tails(upper, p, log_p);
    } else {
        *p = pdm_t_sf(upper, df);
        *log_p = pdm_t_log_sf(upper, df);
    }
    if (alternative != PDM_TWO_SIDED) return;
    *p *= 2;
    *log_p = statistic == 0 ? 0 : *log_p + PDM__LN2;
}

double pdm__root(pdm__function f, const void *user, double low, double high, double f_low, double f_high,
                 double width) {
    double a = high, fa = f_high; /* the newest point */
    double b = low, fb = f_low;   /* on the other side of the root */
    double c = low, fc = f_low;   /* the one before */
    double t = 0.5;
    if (f_low == 0) return low;
    if (f_high == 0) return high;
    for (int i = 0; i < MAX_ROUNDS; i++) {
        double x = a + t * (b - a);
        double fx = f(x, user);
        if ((fx > 0) == (fa > 0)) {
            c = a;
            fc = fa;
        } else {
            c = b;
            fc = fb;
            b = a;
            fb = fa;
        }
        a = x;
        fa = fx;
        double best = fabs(fa) < fabs(fb) ? a : b;
        double share = (0.5 * width + 2e-16 * fabs(best)) / fabs(b - a);
        if (fx == 0 || share > 0.5) return best;
        double xi = (a - b) / (c - b);
        double phi = (fa - fb) / (fc - fb);
        t = 0.5;
        if (phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi) {
            t = fa / (fb - fa) * (fc / (fb - fc)) + (c - a) / (b - a) * (fa / (fc - fa)) * (fb / (fc - fb));
        }
        if (!(t >= share)) t = share; /* also where infinities make it no number */
        if (t > 1 - share) t = 1 - share;
    }
    return 0.5 * (a + b);
}
