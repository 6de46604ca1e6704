/* Means of two arms: Welch's test, its interval, the lift; CUPED. */
#include <pdmetrics/stats/mean.h>

#include "stats/calculator.h"
#include "stats/lift.h"

#include <pdmetrics/stats/distribution.h>

#define LEAST_THETA 1e-8
#define SLACK 1e-9 /* by which a correlation may exceed 1 */

/* What the comparison works on: adjusted means and variances, and what of the unadjusted control the lift needs. */
typedef struct comparison {
    double n_c, n_t;
    double adjusted_c, adjusted_t; /* means */
    double s_c, s_t;               /* unit variances of these */
    double mean_c, mean_t;         /* unadjusted */
    double raw_c;                  /* unit variance of the unadjusted control */
    double cross_c;                /* unit covariance of the adjusted and the unadjusted control */
} comparison;

/* ------------------------------------------------------------------------------------------------------------- checks */

static bool is_finite(double x) { return fabs(x) < PDM__INFINITY; }

static pdm_status check_factor(double x, const char *name, pdm_error *err) {
    if (x >= 0 && is_finite(x)) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "expected a number above 0, or 0 for none, got %.17g", x);
}

static pdm_status check_options(const pdm_mean_options *given, pdm_mean_options *out, pdm_error *err) {
    *out = pdm_mean_options_default();
    if (given != NULL) {
        if (given->struct_size < sizeof *given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *given,
                             (unsigned)given->struct_size);
        }
        *out = *given;
    }
    if (out->conf_level == 0) out->conf_level = 0.95;
    PDM__TRY(pdm__check_level(out->conf_level, "conf_level", err));
    PDM__TRY(check_factor(out->critical_z, "critical_z", err));
    PDM__TRY(check_factor(out->multiplier, "multiplier", err));
    PDM__TRY(pdm__check_choice(out->alternative, PDM_LESS + 1, "alternative", err));
    PDM__TRY(pdm__check_choice(out->equal_var, 2, "equal_var", err));
    PDM__TRY(pdm__check_choice(out->normal, 2, "normal", err));
    PDM__TRY(pdm__check_choice(out->lift, PDM_MEAN_LIFT_LOG + 1, "lift", err));
    PDM__TRY(pdm__check_choice(out->theta, PDM_THETA_WITHIN + 1, "theta", err));
    return pdm__check_choice(out->unchecked, 2, "unchecked", err);
}

static pdm_status check_variance(double mean, double variance, const char *arm, pdm_error *err) {
    if (is_finite(mean) && is_finite(variance) && variance >= 0) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, -1, arm,
                     "expected a finite mean and a variance of at least 0, got %.17g and %.17g", mean, variance);
}

static pdm_status check_covariance(double covariance, double one, double other, const char *arm, pdm_error *err) {
    if (fabs(covariance) <= sqrt(one) * sqrt(other) * (1 + SLACK)) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, -1, arm,
                     "a covariance of %.17g is impossible between variances %.17g and %.17g", covariance, one, other);
}

/* An arm without units, or whose denominators add up to 0, carries no moments to check. */
static pdm_status check_arm(int64_t n, double mean, double variance, bool unchecked, const char *arm, pdm_error *err) {
    PDM__TRY(pdm__check_counts(0, n, arm, err));
    if (n < 2 || unchecked || isnan(mean)) return PDM_OK;
    return check_variance(mean, variance, arm, err);
}

/* --------------------------------------------------------------------------------------------------------- reductions */

pdm_status pdm_arm_from_sums(int64_t n, double sum, double sum_squares, pdm_arm_moments *out, pdm_error *err) {
    PDM__TRY(pdm__check_counts(0, n, "n", err));
    if (!is_finite(sum) || !is_finite(sum_squares) || sum_squares < 0 || (n == 0 && sum_squares != 0)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "sum_squares",
                         "expected finite sums of %lld values, got %.17g and %.17g", (long long)n, sum, sum_squares);
    }
    double count = (double)n;
    pdm_arm_moments arm = {n, n > 0 ? sum / count : PDM__NAN, PDM__NAN};
    if (n > 1) {
        pdm__dd square = pdm__dd_mul(sum, sum);
        pdm__dd spread = pdm__dd_sum(pdm__dd_mul(sum_squares, count), (pdm__dd){-square.hi, -square.lo});
        if (spread.hi < -SLACK * square.hi) {
            return pdm__fail(err, PDM_E_BAD_VALUE, -1, "sum_squares",
                             "no %lld values have the sum %.17g and the sum of squares %.17g", (long long)n, sum,
                             sum_squares);
        }
        arm.variance = spread.hi > 0 ? spread.hi / count / (count - 1) : 0;
    }
    *out = arm;
    return PDM_OK;
}

pdm_status pdm_arm_from_ratio(const pdm_ratio_moments *r, pdm_arm_moments *out, pdm_error *err) {
    PDM__TRY(pdm__check_counts(0, r->n, "n", err));
    pdm_arm_moments arm = {r->n, PDM__NAN, PDM__NAN};
    if (r->n > 0 && r->denominator_mean != 0) {
        double ratio = r->numerator_mean / r->denominator_mean;
        double square = r->denominator_mean * r->denominator_mean;
        arm.mean = ratio;
        arm.variance =
            (r->numerator_variance - 2 * ratio * r->covariance + ratio * ratio * r->denominator_variance) / square;
    }
    *out = arm;
    return PDM_OK;
}

pdm_status pdm_covariate_from_ratios(const pdm_ratio_covariate_moments *r, pdm_covariate_moments *out, pdm_error *err) {
    pdm_arm_moments now;
    pdm_arm_moments before;
    PDM__TRY(pdm_arm_from_ratio(&r->now, &now, err));
    PDM__TRY(pdm_arm_from_ratio(&r->before, &before, err));
    if (now.n != before.n) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "n", "expected as many units before as now (%lld), got %lld",
                         (long long)now.n, (long long)before.n);
    }
    double cross = r->numerator_numerator - before.mean * r->numerator_denominator -
                   now.mean * r->denominator_numerator + now.mean * before.mean * r->denominator_denominator;
    *out = (pdm_covariate_moments){now.n,           now.mean,
                                   now.variance,    before.mean,
                                   before.variance, cross / r->now.denominator_mean / r->before.denominator_mean};
    return PDM_OK;
}

/* --------------------------------------------------------------------------------------------------------- comparison */

static double welch_df(double v_c, double v_t, double n_c, double n_t) {
    double sum = v_c + v_t;
    double c = v_c / sum; /* shares, so that squares of tiny variances stay */
    double t = v_t / sum;
    return 1 / (c * c / (n_c - 1) + t * t / (n_t - 1));
}

static pdm_mean_effect no_effect(int32_t status) {
    pdm_mean_effect e = {PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN,          PDM__NAN,
                         PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN,          PDM__NAN,
                         PDM__NAN, PDM__NAN, 0,        status,   0,        pdm__lift_of(0, 0)};
    e.lift.status = status;
    return e;
}

static double critical_value(const pdm_mean_options *o, double df) {
    if (o->multiplier > 0) return o->multiplier;
    if (o->critical_z > 0) return pdm_t_isf_log(pdm_normal_log_sf(o->critical_z), df);
    double alpha = pdm__rest_of_level(o->conf_level);
    return pdm_t_isf(o->alternative == PDM_TWO_SIDED ? 0.5 * alpha : alpha, df);
}

/* ln ratio ± k·se of the adjusted means, with degrees of freedom of its own; the lift is over |control|. */
static void log_lift(const comparison *k, const pdm_mean_options *o, pdm_lift *out) {
    double ratio = k->adjusted_t / k->adjusted_c;
    double u_c = k->s_c / k->n_c / (k->adjusted_c * k->adjusted_c);
    double u_t = k->s_t / k->n_t / (k->adjusted_t * k->adjusted_t);
    double sign = k->adjusted_c < 0 ? -1 : 1;
    if (!(ratio > 0)) {
        out->status = PDM_STATUS_SIGN_CHANGE;
        return;
    }
    out->lift = sign * (ratio - 1);
    out->df = o->normal ? PDM__INFINITY : welch_df(u_c, u_t, k->n_c, k->n_t);
    out->se = sqrt(u_c + u_t);
    if (!(out->se > 0)) {
        out->status = PDM_STATUS_ZERO_VARIANCE;
        return;
    }
    double reach = critical_value(o, out->df) * out->se;
    double least = ratio * exp(-reach) - 1;
    double most = ratio * exp(reach) - 1;
    pdm__p_of_t(sign * log(ratio) / out->se, out->df, o->alternative, &out->p, &out->log_p);
    out->low = sign > 0 ? least : -most;
    out->high = sign > 0 ? most : -least;
    if (o->alternative == PDM_GREATER) out->high = sign > 0 ? PDM__INFINITY : 1;
    if (o->alternative == PDM_LESS) out->low = sign > 0 ? -1 : -PDM__INFINITY;
}

static void relative(const comparison *k, const pdm_mean_options *o, pdm_mean_effect *out) {
    out->lift = pdm__lift_of(out->difference, k->mean_c);
    if (out->lift.status != PDM_STATUS_OK) return;
    pdm__relative parts = {out->difference, k->mean_c, out->se * out->se, out->control_variance, out->covariance};
    if (o->lift == PDM_MEAN_LIFT_LOG) {
        log_lift(k, o, &out->lift);
    } else if (o->lift == PDM_MEAN_LIFT_FIELLER) {
        pdm__fieller(&parts, out->critical, out->df, o->alternative, &out->lift);
    } else {
        double ratio = k->mean_t / k->mean_c;
        double through_control =
            k->raw_c * ratio * ratio - 2 * ratio * (k->raw_c - k->cross_c) + (k->s_c - 2 * k->cross_c + k->raw_c);
        double variance = k->s_t / k->n_t + through_control / k->n_c;
        pdm__delta_lift(sqrt(variance > 0 ? variance : 0) / fabs(k->mean_c), out->critical, out->df, o->alternative,
                        &out->lift);
    }
}

static void compare(const comparison *k, const pdm_mean_options *o, pdm_mean_effect *out) {
    double v_c = k->s_c / k->n_c;
    double v_t = k->s_t / k->n_t;
    out->control = k->mean_c;
    out->treatment = k->mean_t;
    out->difference = k->adjusted_t - k->adjusted_c;
    out->df = welch_df(v_c, v_t, k->n_c, k->n_t);
    out->control_variance = k->raw_c / k->n_c;
    out->covariance = -k->cross_c / k->n_c;
    if (o->equal_var) {
        double pooled = (k->s_c * (k->n_c - 1) + k->s_t * (k->n_t - 1)) / (k->n_c + k->n_t - 2);
        v_c = pooled / k->n_c;
        v_t = pooled / k->n_t;
        out->df = k->n_c + k->n_t - 2;
        if (k->s_c == k->raw_c) { /* without a covariate the control mean has the pooled variance as well */
            out->control_variance = v_c;
            out->covariance = -v_c;
        }
    }
    if (!(v_c + v_t > 0)) {
        out->status = PDM_STATUS_ZERO_VARIANCE;
        out->df = PDM__NAN;
        out->lift = pdm__lift_of(out->difference, k->mean_c);
        if (out->lift.status == PDM_STATUS_OK) out->lift.status = PDM_STATUS_ZERO_VARIANCE;
        return;
    }
    out->status = PDM_STATUS_OK;
    if (o->normal) out->df = PDM__INFINITY;
    out->se = sqrt(v_c + v_t);
    out->statistic = out->difference / out->se;
    out->critical = critical_value(o, out->df);
    pdm__p_of_t(out->statistic, out->df, o->alternative, &out->p, &out->log_p);
    out->low = o->alternative == PDM_LESS ? -PDM__INFINITY : out->difference - out->critical * out->se;
    out->high = o->alternative == PDM_GREATER ? PDM__INFINITY : out->difference + out->critical * out->se;
    relative(k, o, out);
}

/* What the sizes alone decide. */
static int32_t size_status(int64_t n_c, int64_t n_t, double mean_c, double mean_t) {
    if (n_c == 0 || n_t == 0) return PDM_STATUS_NO_DATA;
    if (isnan(mean_c) || isnan(mean_t)) return PDM_STATUS_ZERO_DENOMINATOR;
    return n_c < 2 || n_t < 2 ? PDM_STATUS_TOO_FEW : PDM_STATUS_OK;
}

pdm_status pdm_mean_compare(const pdm_arm_moments *control, const pdm_arm_moments *treatment,
                            const pdm_mean_options *options, pdm_mean_effect *out, pdm_error *err) {
    pdm_mean_options o;
    PDM__TRY(check_options(options, &o, err));
    PDM__TRY(check_arm(control->n, control->mean, control->variance, o.unchecked, "control", err));
    PDM__TRY(check_arm(treatment->n, treatment->mean, treatment->variance, o.unchecked, "treatment", err));
    *out = no_effect(size_status(control->n, treatment->n, control->mean, treatment->mean));
    if (out->status != PDM_STATUS_OK) return PDM_OK;
    comparison k = {.n_c = (double)control->n,
                    .n_t = (double)treatment->n,
                    .adjusted_c = control->mean,
                    .adjusted_t = treatment->mean,
                    .s_c = control->variance,
                    .s_t = treatment->variance,
                    .mean_c = control->mean,
                    .mean_t = treatment->mean,
                    .raw_c = control->variance,
                    .cross_c = control->variance};
    compare(&k, &o, out);
    return PDM_OK;
}

/* -------------------------------------------------------------------------------------------------------------- CUPED */

static double find_theta(const pdm_covariate_moments *c, const pdm_covariate_moments *t, int32_t kind) {
    double n_c = (double)c->n;
    double n_t = (double)t->n;
    double variance = c->covariate_variance + t->covariate_variance;
    double covariance = c->covariance + t->covariance;
    if (kind == PDM_THETA_TOTAL) {
        double between = n_c * (n_t / (n_c + n_t));
        double shift = t->covariate_mean - c->covariate_mean;
        variance = (n_c - 1) * c->covariate_variance + (n_t - 1) * t->covariate_variance + between * shift * shift;
        covariance = (n_c - 1) * c->covariance + (n_t - 1) * t->covariance + between * shift * (t->mean - c->mean);
    }
    double theta = variance > 0 ? covariance / variance : 0;
    return fabs(theta) >= LEAST_THETA && is_finite(theta) ? theta : 0;
}

static double adjusted_variance(const pdm_covariate_moments *a, double theta) {
    double variance = a->variance + theta * (theta * a->covariate_variance - 2 * a->covariance);
    return variance > 0 ? variance : 0;
}

static pdm_status check_covariate_arm(const pdm_covariate_moments *a, bool unchecked, const char *arm, pdm_error *err) {
    PDM__TRY(check_arm(a->n, a->mean, a->variance, unchecked, arm, err));
    PDM__TRY(check_arm(a->n, a->covariate_mean, a->covariate_variance, unchecked, arm, err));
    if (a->n < 2 || unchecked || isnan(a->mean) || isnan(a->covariate_mean)) return PDM_OK;
    return check_covariance(a->covariance, a->variance, a->covariate_variance, arm, err);
}

pdm_status pdm_mean_compare_adjusted(const pdm_covariate_moments *control, const pdm_covariate_moments *treatment,
                                     const pdm_mean_options *options, pdm_mean_effect *out, pdm_error *err) {
    pdm_mean_options o;
    PDM__TRY(check_options(options, &o, err));
    PDM__TRY(check_covariate_arm(control, o.unchecked, "control", err));
    PDM__TRY(check_covariate_arm(treatment, o.unchecked, "treatment", err));
    *out = no_effect(size_status(control->n, treatment->n, control->mean, treatment->mean));
    if (out->status != PDM_STATUS_OK) return PDM_OK;
    bool usable = !isnan(control->covariate_mean) && !isnan(treatment->covariate_mean);
    double theta = usable ? find_theta(control, treatment, o.theta) : 0;
    double n_c = (double)control->n;
    double n_t = (double)treatment->n;
    double shift = theta == 0 ? 0 : theta * (treatment->covariate_mean - control->covariate_mean);
    comparison k = {.n_c = n_c,
                    .n_t = n_t,
                    .adjusted_c = control->mean + shift * (n_t / (n_c + n_t)),
                    .adjusted_t = treatment->mean - shift * (n_c / (n_c + n_t)),
                    .s_c = theta == 0 ? control->variance : adjusted_variance(control, theta),
                    .s_t = theta == 0 ? treatment->variance : adjusted_variance(treatment, theta),
                    .mean_c = control->mean,
                    .mean_t = treatment->mean,
                    .raw_c = control->variance,
                    .cross_c = theta == 0 ? control->variance : control->variance - theta * control->covariance};
    compare(&k, &o, out);
    double raw = control->variance / n_c + treatment->variance / n_t;
    double adjusted = k.s_c / n_c + k.s_t / n_t;
    out->theta = theta;
    out->variance_reduction = raw > 0 ? 1 - adjusted / raw : PDM__NAN;
    double v_c = control->covariate_variance / n_c;
    double v_t = treatment->covariate_variance / n_t;
    if (v_c + v_t > 0) {
        double log_p = 0;
        double t = (treatment->covariate_mean - control->covariate_mean) / sqrt(v_c + v_t);
        pdm__p_of_t(t, welch_df(v_c, v_t, n_c, n_t), PDM_TWO_SIDED, &out->balance_p, &log_p);
    }
    return PDM_OK;
}

/* ------------------------------------------------------------------------------------------------------------- margins */

pdm_status pdm_mean_margin_test(const pdm_mean_effect *effect, int32_t scale, int32_t alternative, double margin,
                                pdm_test *out, pdm_error *err) {
    PDM__TRY(pdm__check_choice(scale, PDM_SCALE_DIFFERENCE + 1, "scale", err));
    if (alternative != PDM_GREATER && alternative != PDM_LESS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "alternative", "expected greater or less: a margin has one side");
    }
    if (!is_finite(margin)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "margin", "expected a finite margin, got %.17g", margin);
    }
    pdm_test test = {PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, effect->status, 0, 0};
    if (effect->status == PDM_STATUS_OK && scale == PDM_SCALE_LIFT && effect->control == 0) {
        test.status = PDM_STATUS_ZERO_BASE;
    }
    if (test.status == PDM_STATUS_OK) {
        double beyond = effect->difference - margin;
        double variance = effect->se * effect->se;
        if (scale == PDM_SCALE_LIFT) {
            double signed_margin = effect->control < 0 ? -margin : margin;
            beyond = effect->difference - margin * fabs(effect->control);
            variance += signed_margin * (signed_margin * effect->control_variance - 2 * effect->covariance);
        }
        if (variance > 0) {
            test.se = sqrt(variance);
            test.df = effect->df;
            test.statistic = beyond / test.se;
            pdm__p_of_t(test.statistic, test.df, alternative, &test.p, &test.log_p);
        } else {
            test.status = PDM_STATUS_ZERO_VARIANCE;
        }
    }
    *out = test;
    return PDM_OK;
}
