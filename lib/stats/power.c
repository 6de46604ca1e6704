/* Power, sample size and smallest effect. */
#include <pdmetrics/stats/power.h>

#include "stats/calculator.h"

#include <pdmetrics/stats/distribution.h>

#define NORMAL_FROM 1e4 /* degrees of freedom */
#define LARGEST_N 1e18
#define DECIMAL_NOISE 1e-15 /* what is left of 0.05 − (0.25 − 0.2) */
#define ROOT_WIDTH 1e-12    /* of a root in ln n, in a rate or in sd units */

/* A question, its options checked and defaults filled in. z is the critical value. */
typedef struct question {
    pdm_power_options o;
    double z;
    double z_beta;
    double p1, p2;            /* conversions */
    double delta, sd_c, sd_t; /* means */
    double margin;            /* equivalence */
    double n;
} question;

static pdm_status check_positive(double x, const char *name, pdm_error *err) {
    if (x > 0 && x < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "expected a positive number, got %.17g", x);
}

static pdm_status ask(const pdm_power_options *given, double default_alpha, question *q, pdm_error *err) {
    memset(q, 0, sizeof *q);
    q->o = pdm_power_options_default();
    if (given != NULL) {
        if (given->struct_size < sizeof *given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *given,
                             (unsigned)given->struct_size);
        }
        q->o = *given;
    }
    pdm_power_options *o = &q->o;
    if (o->alpha == 0) o->alpha = default_alpha;
    if (o->power == 0) o->power = 0.8;
    if (o->ratio == 0) o->ratio = 1;
    if (o->comparisons == 0) o->comparisons = 1;
    PDM__TRY(pdm__check_choice(o->kind, PDM_POWER_ARCSINE + 1, "kind", err));
    PDM__TRY(pdm__check_choice(o->one_sided, 2, "one_sided", err));
    PDM__TRY(pdm__check_choice(o->strict, 2, "strict", err));
    PDM__TRY(pdm__check_choice(o->normal, 2, "normal", err));
    PDM__TRY(pdm__check_level(o->alpha, "alpha", err));
    PDM__TRY(pdm__check_level(o->power, "power", err));
    PDM__TRY(check_positive(o->ratio, "ratio", err));
    PDM__TRY(check_positive((double)o->comparisons, "comparisons", err));
    if (o->power <= o->alpha) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "power", "expected a power above alpha = %.17g, got %.17g",
                         o->alpha, o->power);
    }
    if (o->kind == PDM_POWER_EVAN_MILLER && o->ratio != 1) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "ratio", "expected 1: this kind knows equal arms only, got %.17g",
                         o->ratio);
    }
    o->alpha /= o->comparisons;
    if (o->one_sided) o->strict = 0; /* one tail has no wrong direction */
    q->z = pdm_normal_isf(o->one_sided ? o->alpha : 0.5 * o->alpha);
    q->z_beta = pdm_normal_quantile(o->power);
    return PDM_OK;
}

static pdm_status check_rates(double p1, double p2, bool may_be_equal, pdm_error *err) {
    PDM__TRY(pdm__check_level(p1, "p_control", err));
    PDM__TRY(pdm__check_level(p2, "p_treatment", err));
    if (p1 != p2 || may_be_equal) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "p_treatment", "expected a rate other than the control's %.17g", p1);
}

static pdm_plan answer(double value, bool counted, int32_t kind) {
    pdm_plan plan = {value, 0, PDM_STATUS_OK, kind};
    if (counted && value < LARGEST_N) plan.whole = (int64_t)ceil(value);
    return plan;
}

static pdm_plan no_answer(int32_t status, int32_t kind) { return (pdm_plan){PDM__NAN, 0, status, kind}; }

/*
 * The n at which an increasing power(n) reaches the target, from a guess; NaN if it never does.
 */
static double solve_n(double (*gap)(double log_n, const void *user), const void *user, double guess) {
    double low = log(guess);
    double high = low;
    double f_low = gap(low, user);
    double f_high = f_low;
    for (double step = 0.1; f_low > 0 && low > -40; step *= 2) f_low = gap(low -= step, user);
    for (double step = 0.1; f_high < 0 && high < 45; step *= 2) f_high = gap(high += step, user);
    if (f_low > 0 || f_high < 0) return PDM__NAN;
    return exp(pdm__root(gap, user, low, high, f_low, f_high, ROOT_WIDTH));
}

/* --------------------------------------------------------------------------------------------------------- conversions */

/* Standard deviations under no effect and under the effect, per √(unit of the control). */
static void spreads(const question *q, double *none, double *effect) {
    double k = q->o.ratio;
    double mean = (q->p1 + k * q->p2) / (1 + k);
    double v1 = q->p1 * (1 - q->p1);
    double v2 = q->p2 * (1 - q->p2);
    *effect = sqrt(v1 + v2 / k);
    *none = *effect;
    if (q->o.kind == PDM_POWER_EVAN_MILLER) *none = sqrt(2 * v1);
    if (q->o.kind == PDM_POWER_POOLED || q->o.kind == PDM_POWER_FLEISS_CC)
        *none = sqrt(mean * (1 - mean) * (1 + 1 / k));
}

static double cohen_h(const question *q) { return 2 * fabs(asin(sqrt(q->p2)) - asin(sqrt(q->p1))); }

static double proportion_power(const question *q, double n) {
    double k = q->o.ratio;
    double d = fabs(q->p2 - q->p1);
    if (q->o.kind == PDM_POWER_ARCSINE) {
        double m = cohen_h(q) * sqrt(n * k / (1 + k));
        return pdm_normal_sf(q->z - m) + (q->o.strict ? pdm_normal_sf(q->z + m) : 0);
    }
    double root = sqrt(n);
    if (q->o.kind == PDM_POWER_FLEISS_CC) { /* √n of the uncorrected formula */
        root -= (1 + k) / (2 * k * d) / root;
        if (root < 0) root = 0;
    }
    double none = 0;
    double effect = 0;
    spreads(q, &none, &effect);
    double power = pdm_normal_cdf((root * d - q->z * none) / effect);
    return power + (q->o.strict ? pdm_normal_cdf((-root * d - q->z * none) / effect) : 0);
}

/* Closed forms, without the wrong tail. */
static double proportion_sample(const question *q) {
    double k = q->o.ratio;
    double d = fabs(q->p2 - q->p1);
    if (q->o.kind == PDM_POWER_ARCSINE) {
        double reach = (q->z + q->z_beta) / cohen_h(q);
        return reach * reach * (1 + 1 / k);
    }
    double none = 0;
    double effect = 0;
    spreads(q, &none, &effect);
    double reach = (q->z * none + q->z_beta * effect) / d;
    double n = reach * reach;
    if (q->o.kind != PDM_POWER_FLEISS_CC) return n;
    double grow = 1 + sqrt(1 + 2 * (1 + k) / (n * k * d));
    return 0.25 * n * grow * grow;
}

static double proportion_gap(double log_n, const void *user) {
    const question *q = user;
    return proportion_power(q, exp(log_n)) - q->o.power;
}

pdm_status pdm_sample_proportions(double p_control, double p_treatment, const pdm_power_options *options, pdm_plan *out,
                                  pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(check_rates(p_control, p_treatment, false, err));
    q.p1 = p_control;
    q.p2 = p_treatment;
    double n = proportion_sample(&q);
    if (q.o.strict) n = solve_n(proportion_gap, &q, n);
    *out = answer(n, true, q.o.kind);
    return PDM_OK;
}

pdm_status pdm_power_proportions(double p_control, double p_treatment, double n_control,
                                 const pdm_power_options *options, pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(check_rates(p_control, p_treatment, true, err));
    PDM__TRY(check_positive(n_control, "n_control", err));
    q.p1 = p_control;
    q.p2 = p_treatment;
    *out = answer(proportion_power(&q, n_control), false, q.o.kind);
    return PDM_OK;
}

static double rate_gap(double p2, const void *user) {
    question q = *(const question *)user;
    q.p2 = p2;
    return proportion_power(&q, q.n) - q.o.power;
}

pdm_status pdm_mde_proportions(double p_control, double n_control, bool upwards, const pdm_power_options *options,
                               pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(pdm__check_level(p_control, "p_control", err));
    PDM__TRY(check_positive(n_control, "n_control", err));
    q.p1 = p_control;
    q.n = n_control;
    double end = upwards ? 1 - 0x1p-53 : 1e-300;
    double near = p_control + (end - p_control) * 1e-9;
    double f_near = rate_gap(near, &q);
    double f_end = rate_gap(end, &q);
    *out = no_answer(PDM_STATUS_UNREACHABLE, q.o.kind);
    if (!(f_near < 0 && f_end > 0)) return PDM_OK;
    double width = ROOT_WIDTH * fabs(end - p_control);
    *out = answer(pdm__root(rate_gap, &q, near, end, f_near, f_end, width), false, q.o.kind);
    return PDM_OK;
}

/* --------------------------------------------------------------------------------------------------------------- means */

static double mean_power(const question *q, double n) {
    double n_t = n * q->o.ratio;
    double df = n + n_t - 2;
    double shift = fabs(q->delta) / sqrt(q->sd_c * q->sd_c / n + q->sd_t * q->sd_t / n_t);
    double tail = q->o.one_sided ? q->o.alpha : 0.5 * q->o.alpha;
    if (q->o.normal || df >= NORMAL_FROM) {
        return pdm_normal_sf(q->z - shift) + (q->o.strict ? pdm_normal_sf(q->z + shift) : 0);
    }
    if (!(df > 0)) return tail;
    double t = pdm_t_isf(tail, df);
    return pdm_noncentral_t_sf(t, df, shift) + (q->o.strict ? pdm_noncentral_t_cdf(-t, df, shift) : 0);
}

static double mean_gap(double log_n, const void *user) {
    const question *q = user;
    return mean_power(q, exp(log_n)) - q->o.power;
}

static int32_t mean_kind(const question *q, double n) {
    return q->o.normal || n * (1 + q->o.ratio) - 2 >= NORMAL_FROM ? 1 : 0;
}

static pdm_status check_spread(double sd_control, double sd_treatment, question *q, pdm_error *err) {
    PDM__TRY(check_positive(sd_control, "sd_control", err));
    PDM__TRY(check_positive(sd_treatment, "sd_treatment", err));
    q->sd_c = sd_control;
    q->sd_t = sd_treatment;
    return PDM_OK;
}

pdm_status pdm_sample_means(double delta, double sd_control, double sd_treatment, const pdm_power_options *options,
                            pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(check_positive(fabs(delta), "delta", err));
    PDM__TRY(check_spread(sd_control, sd_treatment, &q, err));
    q.delta = delta;
    double reach = (q.z + q.z_beta) / delta;
    double n = reach * reach * (sd_control * sd_control + sd_treatment * sd_treatment / q.o.ratio);
    if (q.o.strict || mean_kind(&q, n) == 0) n = solve_n(mean_gap, &q, n > 0 ? n : 1);
    *out = answer(n, true, mean_kind(&q, n));
    return PDM_OK;
}

pdm_status pdm_power_means(double delta, double sd_control, double sd_treatment, double n_control,
                           const pdm_power_options *options, pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    if (delta != 0) PDM__TRY(check_positive(fabs(delta), "delta", err));
    PDM__TRY(check_spread(sd_control, sd_treatment, &q, err));
    PDM__TRY(check_positive(n_control, "n_control", err));
    q.delta = delta;
    *out = answer(mean_power(&q, n_control), false, mean_kind(&q, n_control));
    return PDM_OK;
}

static double delta_gap(double log_delta, const void *user) {
    question q = *(const question *)user;
    q.delta = exp(log_delta);
    return mean_power(&q, q.n) - q.o.power;
}

pdm_status pdm_mde_means(double sd_control, double sd_treatment, double n_control, const pdm_power_options *options,
                         pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(check_spread(sd_control, sd_treatment, &q, err));
    PDM__TRY(check_positive(n_control, "n_control", err));
    q.n = n_control;
    int32_t kind = mean_kind(&q, n_control);
    double guess = (q.z + q.z_beta) *
                   sqrt(sd_control * sd_control / n_control + sd_treatment * sd_treatment / (n_control * q.o.ratio));
    double delta = n_control * (1 + q.o.ratio) > 2 ? solve_n(delta_gap, &q, guess) : PDM__NAN;
    *out = isnan(delta) ? no_answer(PDM_STATUS_UNREACHABLE, kind) : answer(delta, false, kind);
    return PDM_OK;
}

/* ---------------------------------------------------------------------------------------------------- relative effects */

static pdm_status check_mean(double mean, double variance, double n, pdm_error *err) {
    PDM__TRY(check_positive(fabs(mean), "mean", err));
    PDM__TRY(check_positive(variance, "variance", err));
    return check_positive(n, "n", err);
}

static double both_tails(double z, double shift) { return pdm_normal_sf(z - shift) + pdm_normal_cdf(-z - shift); }

pdm_status pdm_power_lift(double effect, double mean, double variance, double n, const pdm_power_options *options,
                          pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(check_mean(mean, variance, n, err));
    PDM__TRY(check_positive(fabs(effect), "effect", err));
    double se = sqrt(variance * (1 + (1 + effect) * (1 + effect)) / n) / fabs(mean);
    *out = answer(both_tails(pdm_normal_isf(0.5 * q.o.alpha), effect / se), false, 0);
    return PDM_OK;
}

/* The larger root x of x²(1 − w) − 2x + 1 − w = 0, w = z²v/(nm²), x = 1 + e: e = (1 + √(1 − (1 − w)²))/(1 − w) − 1. */
pdm_status pdm_mde_lift(double mean, double variance, double n, const pdm_power_options *options, pdm_plan *out,
                        pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(check_mean(mean, variance, n, err));
    double z = pdm_normal_isf(0.5 * q.o.alpha) + q.z_beta;
    double w = z * z * variance / (n * mean * mean);
    *out = no_answer(PDM_STATUS_UNREACHABLE, 0);
    if (w >= 1) return PDM_OK;
    *out = answer((w + sqrt(w * (2 - w))) / (1 - w), false, 0);
    return PDM_OK;
}

/* ------------------------------------------------------------------------------------------ non-inferiority, equivalence */

static double rates_variance(const question *q) { return q->p1 * (1 - q->p1) + q->p2 * (1 - q->p2) / q->o.ratio; }

pdm_status pdm_sample_noninferiority(double p_control, double p_treatment, double margin,
                                     const pdm_power_options *options, pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.025, &q, err));
    PDM__TRY(check_rates(p_control, p_treatment, true, err));
    PDM__TRY(check_positive(margin, "margin", err));
    q.p1 = p_control;
    q.p2 = p_treatment;
    double reach = p_treatment - p_control + margin;
    *out = no_answer(PDM_STATUS_UNREACHABLE, PDM_POWER_UNPOOLED);
    if (reach < DECIMAL_NOISE) return PDM_OK;
    double z = (pdm_normal_isf(q.o.alpha) + q.z_beta) / reach;
    *out = answer(z * z * rates_variance(&q), true, PDM_POWER_UNPOOLED);
    return PDM_OK;
}

static double equivalence_power(const question *q, double n) {
    double se = sqrt(rates_variance(q) / n);
    double z = pdm_normal_isf(q->o.alpha);
    double d = q->p2 - q->p1;
    double power = pdm_normal_cdf((q->margin - d) / se - z) - pdm_normal_sf((q->margin + d) / se - z);
    return power > 0 ? power : 0;
}

static double equivalence_gap(double log_n, const void *user) {
    const question *q = user;
    return equivalence_power(q, exp(log_n)) - q->o.power;
}

static pdm_status ask_equivalence(double p1, double p2, double margin, const pdm_power_options *options, question *q,
                                  pdm_error *err) {
    PDM__TRY(ask(options, 0.05, q, err));
    PDM__TRY(check_rates(p1, p2, true, err));
    PDM__TRY(check_positive(margin, "margin", err));
    q->p1 = p1;
    q->p2 = p2;
    q->margin = margin;
    return PDM_OK;
}

pdm_status pdm_power_equivalence(double p_control, double p_treatment, double margin, double n_control,
                                 const pdm_power_options *options, pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask_equivalence(p_control, p_treatment, margin, options, &q, err));
    PDM__TRY(check_positive(n_control, "n_control", err));
    *out = answer(equivalence_power(&q, n_control), false, PDM_POWER_UNPOOLED);
    return PDM_OK;
}

pdm_status pdm_sample_equivalence(double p_control, double p_treatment, double margin, const pdm_power_options *options,
                                  pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask_equivalence(p_control, p_treatment, margin, options, &q, err));
    *out = no_answer(PDM_STATUS_UNREACHABLE, PDM_POWER_UNPOOLED);
    double room = margin - fabs(p_treatment - p_control);
    if (room < DECIMAL_NOISE) return PDM_OK;
    double z = (pdm_normal_isf(q.o.alpha) + q.z_beta) / room;
    *out = answer(solve_n(equivalence_gap, &q, z * z * rates_variance(&q)), true, PDM_POWER_UNPOOLED);
    return PDM_OK;
}

/* -------------------------------------------------------------------------------------------- traffic, clusters, duration */

/* delta = effect / se now. */
static double traffic_gap(double log_factor, const void *user) {
    const question *q = user;
    return both_tails(q->z, q->delta * exp(0.5 * log_factor)) - q->o.power;
}

pdm_status pdm_more_traffic(double effect, double se, const pdm_power_options *options, pdm_plan *out, pdm_error *err) {
    question q;
    PDM__TRY(ask(options, 0.05, &q, err));
    PDM__TRY(check_positive(fabs(effect), "effect", err));
    PDM__TRY(check_positive(se, "se", err));
    q.z = pdm_normal_isf(0.5 * q.o.alpha);
    q.delta = fabs(effect) / se;
    *out = answer(0, false, 0);
    double now = traffic_gap(0, &q);
    if (now >= 0) return PDM_OK;
    double enough = 2 * log((q.z + q.z_beta) / q.delta) + 0.1; /* one tail alone, and a little more */
    double log_factor = pdm__root(traffic_gap, &q, 0, enough, now, traffic_gap(enough, &q), ROOT_WIDTH);
    *out = answer(expm1(log_factor), false, 0);
    return PDM_OK;
}

double pdm_design_effect(double size, double cv, double icc) {
    if (!(size >= 1 && cv >= 0 && icc >= 0 && icc <= 1)) return PDM__NAN;
    return 1 + ((1 + cv * cv) * size - 1) * icc;
}

pdm_status pdm_plan_duration(double n_total, double units_per_day, double share, bool whole_weeks, pdm_plan *out,
                             pdm_error *err) {
    PDM__TRY(check_positive(n_total, "n_total", err));
    if (!(units_per_day >= 0 && units_per_day < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "units_per_day", "expected a number of at least 0, got %.17g",
                         units_per_day);
    }
    if (!(share > 0 && share <= 1)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "share", "expected a share above 0 and up to 1, got %.17g", share);
    }
    *out = no_answer(PDM_STATUS_ZERO_BASE, 0);
    if (units_per_day == 0) return PDM_OK;
    *out = answer(n_total / (units_per_day * share), true, 0);
    if (whole_weeks) out->whole = (out->whole + 6) / 7 * 7;
    return PDM_OK;
}
