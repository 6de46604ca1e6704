#include "plan/scalar.h"

#include <math.h>
#include <stdbool.h>

double pdm__brent_root(pdm__scalar f, void *work, double a, double fa, double b, double fb, double tol) {
    double c = a;
    double fc = fa;
    double step = b - a;
    double before = step;
    for (int round = 0; round < 300 && fb != 0.0; round++) {
        if ((fb > 0.0) == (fc > 0.0)) {
            c = a;
            fc = fa;
            step = before = b - a;
        }
        if (fabs(fc) < fabs(fb)) {
            a = b;
            b = c;
            c = a;
            fa = fb;
            fb = fc;
            fc = fa;
        }
        double limit = 2.3e-16 * fabs(b) + 0.5 * tol * fabs(b) * 1e-3;
        double half = (c - b) / 2.0;
        if (fabs(half) <= limit) break;
        bool interpolate = fabs(before) >= limit && fabs(fa) > fabs(fb);
        if (interpolate) {
            double s = fb / fa;
            double p = 2.0 * half * s;
            double q = 1.0 - s;
            if (a != c) {
                double r = fb / fc;
                double t = fa / fc;
                p = s * (2.0 * half * t * (t - r) - (b - a) * (r - 1.0));
                q = (t - 1.0) * (r - 1.0) * (s - 1.0);
            }
            if (p > 0.0) q = -q;
            p = fabs(p);
            interpolate = 2.0 * p < fmin(3.0 * half * q - fabs(limit * q), fabs(before * q));
            before = step;
            step = interpolate ? p / q : half;
        }
        if (!interpolate) step = before = half;
        a = b;
        fa = fb;
        b += fabs(step) > limit ? step : half > 0.0 ? limit : -limit;
        fb = f(work, b);
        if (isnan(fb)) return b;
    }
    return b;
}

double pdm__least(pdm__scalar f, void *work, double a, double b) {
    const double ratio = 0.61803398874989484820;
    double x = b - ratio * (b - a);
    double y = a + ratio * (b - a);
    double fx = f(work, x);
    double fy = f(work, y);
    for (int round = 0; round < 100; round++) {
        if (fx <= fy || isnan(fy)) {
            b = y;
            y = x;
            fy = fx;
            x = b - ratio * (b - a);
            fx = f(work, x);
        } else {
            a = x;
            x = y;
            fx = fy;
            y = a + ratio * (b - a);
            fy = f(work, y);
        }
    }
    return fx <= fy ? x : y;
}
