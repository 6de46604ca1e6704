/*
 * Noncentral t: the normal tail at t s − δ, averaged over the spread s = √(χ²(df)/df). In w = ln s the density of the spread is
 * 2√(a/2π)/Γ*(a) · exp(−a(e^{2w} − 1 − 2w)), a = df/2; the product with the tail has one mode, and Gauss panels go out from it.
 * Series in the noncentrality are not used: they fail for large df and for the lower tail.
 */
#include "stats/normal.h"
#include "stats/quadrature.h"
#include "stats/special.h"

#include <pdmetrics/stats/distribution.h>

#define WIDEST 60.0 /* |w| of the mode is below it */
#define PANEL 2.5   /* width of a panel in standard deviations at the mode */
#define GROWTH 1.15
#define MAX_PANELS 400
#define NEGLIGIBLE 1e-17

typedef struct spread {
    double t;
    double delta;
    double a; /* df/2 */
    bool lower;
    double top; /* log integrand at the mode: taken out, so that nothing underflows */
} spread;

/* Where the normal distribution is asked, so oriented that its upper tail is wanted. */
static double point(const spread *s, double w) {
    double u = (s->t - s->delta) + s->t * expm1(w);
    return s->lower ? -u : u;
}

static double log_integrand(const spread *s, double w) {
    return -s->a * pdm__expm1_minus(2 * w) + pdm_normal_log_sf(point(s, w));
}

static double integrand(double w, const void *user) {
    const spread *s = user;
    return exp(log_integrand(s, w) - s->top);
}

/* φ(u)/Q(u). */
static double hazard(double u) { return u >= 0 ? 1 / pdm__mills_ratio(u) : pdm_normal_pdf(u) / pdm_normal_sf(u); }

static double slope(const spread *s, double w) {
    double rate = s->lower ? -s->t : s->t;
    return -2 * s->a * expm1(2 * w) - hazard(point(s, w)) * rate * exp(w);
}

static double find_mode(const spread *s) {
    double low = -WIDEST;
    double high = WIDEST;
    for (int i = 0; i < 200 && high - low > 1e-9; i++) {
        double middle = 0.5 * (low + high);
        if (slope(s, middle) > 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

static double one_side(const spread *s, double from, double width) {
    double sum = 0;
    for (int i = 0; i < MAX_PANELS; i++) {
        double add = pdm__gauss_panel(integrand, s, from, from + width);
        sum += fabs(add);
        from += width;
        width *= GROWTH;
        if (fabs(add) <= NEGLIGIBLE * sum) break;
    }
    return sum;
}

/* ln of the tail. */
static double log_tail(double t, double df, double delta, bool lower) {
    spread s = {.t = t, .delta = delta, .a = 0.5 * df, .lower = lower};
    double mode = find_mode(&s);
    double u = point(&s, mode);
    double h = hazard(u);
    double pull = t * exp(mode);
    double curvature = 4 * s.a * exp(2 * mode) + fabs(h * (h - u)) * pull * pull + fabs(h * pull);
    double width = PANEL / sqrt(curvature);
    s.top = log_integrand(&s, mode);
    double sum = one_side(&s, mode, width) + one_side(&s, mode, -width);
    double scale = 2 * sqrt(s.a) / PDM__SQRT_2PI * exp(-pdm__stirling_rest(s.a));
    return s.top + log(sum * scale);
}

/* The smaller tail by quadrature; *is_lower says which that is. δ ≥ 0. */
static double log_smaller(double t, double df, double delta, bool *is_lower) {
    *is_lower = t <= delta;
    if (isinf(df)) return *is_lower ? pdm_normal_log_cdf(t - delta) : pdm_normal_log_sf(t - delta);
    if (isinf(t)) return -PDM__INFINITY;
    if (t == 0) return pdm_normal_log_cdf(-delta);
    double log_p = log_tail(t, df, delta, *is_lower);
    return log_p < 0 ? log_p : 0;
}

static double noncentral(double t, double df, double delta, bool lower, bool as_log) {
    if (!(df > 0) || isnan(t) || !(fabs(delta) < PDM__INFINITY)) return PDM__NAN;
    if (delta < 0) {
        t = -t;
        delta = -delta;
        lower = !lower;
    }
    bool is_lower = false;
    double log_p = log_smaller(t, df, delta, &is_lower);
    if (is_lower == lower) return as_log ? log_p : exp(log_p);
    return as_log ? log1p(-exp(log_p)) : -expm1(log_p);
}

double pdm_noncentral_t_cdf(double t, double df, double delta) { return noncentral(t, df, delta, true, false); }
double pdm_noncentral_t_sf(double t, double df, double delta) { return noncentral(t, df, delta, false, false); }
double pdm_noncentral_t_log_cdf(double t, double df, double delta) { return noncentral(t, df, delta, true, true); }
double pdm_noncentral_t_log_sf(double t, double df, double delta) { return noncentral(t, df, delta, false, true); }
