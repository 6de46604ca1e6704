/*
 * Posteriors of rates and counts. With u the logit of a rate, or the logarithm of a count's mean, densities and tails of the arms have
 * concave logarithms, and so have their products: pdm__log_integral() does the rest. The normal posterior is in closed form.
 */
#include <pdmetrics/stats/posterior.h>

#include "stats/calculator.h"
#include "stats/concave.h"
#include "stats/normal.h"
#include "stats/rate_posterior.h"

#include <pdmetrics/stats/distribution.h>

#define FRACTION_FROM 5.0
#define FRACTION_TERMS 200

/* Something to integrate over u: a density, if any, times the upper tail of one, if any, and the lower one of another. */
typedef struct product {
    const pdm__belief *density;
    const pdm__belief *upper;
    const pdm__belief *lower;
} product;

/* -------------------------------------------------------------------------------------------------------------- rates */

/* Without a density du is what dx is: x(1 − x). */
static double log_beta_product(double u, const void *user) {
    const product *p = user;
    pdm__dd x;
    pdm__dd y;
    pdm__rate_shares(u, &x, &y);
    double sum = p->density != NULL ? pdm__rate_log_density(p->density, x, y) : log(x.hi) + log(y.hi);
    if (p->upper != NULL) sum += pdm__rate_log_tail(p->upper, x, y, false);
    return sum + pdm__rate_log_tail(p->lower, x, y, true);
}

pdm_status pdm__check_prior(double a, const char *name, pdm_error *err) {
    if (a > 0 && a < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, name, "expected a positive number, got %.17g", a);
}

static pdm_status make_arms(const pdm_two_proportions *k, double prior_a, double prior_b, pdm__belief *control,
                            pdm__belief *treatment, pdm_error *err) {
    PDM__TRY(pdm__check_counts(k->x_control, k->n_control, "control", err));
    PDM__TRY(pdm__check_counts(k->x_treatment, k->n_treatment, "treatment", err));
    PDM__TRY(pdm__check_prior(prior_a, "prior_a", err));
    PDM__TRY(pdm__check_prior(prior_b, "prior_b", err));
    *control = (pdm__belief){prior_a + (double)k->x_control, prior_b + (double)(k->n_control - k->x_control)};
    *treatment = (pdm__belief){prior_a + (double)k->x_treatment, prior_b + (double)(k->n_treatment - k->x_treatment)};
    return PDM_OK;
}

/* Probabilities and losses from the integrand of either kind, u in [low, high]. */
static void weigh(pdm__integrand f, const pdm__belief *control, const pdm__belief *treatment, double low, double high,
                  const double *marks, int32_t count, pdm_posterior *out) {
    const product better = {treatment, NULL, control};
    const product worse = {control, NULL, treatment};
    const product loss_treatment = {NULL, control, treatment};
    const product loss_control = {NULL, treatment, control};
    out->log_prob_better = fmin(pdm__log_integral(f, &better, low, high, marks, count), 0);
    out->log_prob_worse = fmin(pdm__log_integral(f, &worse, low, high, marks, count), 0);
    out->log_loss_if_treatment = pdm__log_integral(f, &loss_treatment, low, high, marks, count);
    out->log_loss_if_control = pdm__log_integral(f, &loss_control, low, high, marks, count);
    out->prob_better = exp(out->log_prob_better);
    out->prob_worse = exp(out->log_prob_worse);
    out->loss_if_treatment = exp(out->log_loss_if_treatment);
    out->loss_if_control = exp(out->log_loss_if_control);
}

pdm_status pdm_beta_posterior(const pdm_two_proportions *counts, double prior_a, double prior_b, double conf_level,
                              pdm_posterior *out, pdm_error *err) {
    pdm__belief c;
    pdm__belief t;
    PDM__TRY(make_arms(counts, prior_a, prior_b, &c, &t, err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    double tail = 0.5 * pdm__rest_of_level(conf_level);
    out->mean_control = c.a / (c.a + c.b);
    out->mean_treatment = t.a / (t.a + t.b);
    out->low_control = pdm_beta_quantile(tail, c.a, c.b);
    out->high_control = pdm_beta_isf(tail, c.a, c.b);
    out->low_treatment = pdm_beta_quantile(tail, t.a, t.b);
    out->high_treatment = pdm_beta_isf(tail, t.a, t.b);
    double marks[2 * PDM__BELIEF_MARKS];
    int32_t count = pdm__rate_marks(&t, marks, pdm__rate_marks(&c, marks, 0));
    weigh(log_beta_product, &c, &t, -PDM__LOGIT_REACH, PDM__LOGIT_REACH, marks, count, out);
    return PDM_OK;
}

/* --------------------------------------------------------------------------------------------- difference of two rates */

typedef struct shift {
    pdm__belief weighted, shifted;
    double d;
    double tail; /* wanted */
    bool lower;
    double from, to; /* logits that carry the weight */
} shift;

/* Density of one arm at u times a tail of the other at x + d. */
static double shifted_tail(double u, const void *user) {
    const shift *s = user;
    pdm__dd x;
    pdm__dd y;
    pdm__rate_shares(u, &x, &y);
    double at = x.hi + s->d;
    double tail = s->lower ? pdm_beta_cdf(at, s->shifted.a, s->shifted.b) : pdm_beta_sf(at, s->shifted.a, s->shifted.b);
    return tail == 0 ? 0 : tail * exp(pdm__rate_log_density(&s->weighted, x, y));
}

static double logit(double x, double y) { return log(x) - log(y); }

/* The other arm's tail turns where x + d is near its mean, and ends where that reaches 0 or 1. */
static double tail_miss(double d, const void *user) {
    shift s = *(const shift *)user;
    double marks[2 * PDM__BELIEF_MARKS + 2];
    double n = s.shifted.a + s.shifted.b;
    double mean = s.shifted.a / n;
    int32_t last = pdm__belief_marks(mean - d, sqrt(mean * (s.shifted.b / n) / (n + 1)), marks, 0);
    s.d = d;
    marks[last++] = -d;
    marks[last++] = 1 - d;
    int32_t count = 0;
    for (int32_t i = 0; i < last; i++) {
        if (marks[i] > 0 && marks[i] < 1) marks[count++] = logit(marks[i], 1 - marks[i]);
    }
    count = pdm__rate_marks(&s.weighted, marks, count);
    return pdm__integral(shifted_tail, &s, s.from, s.to, marks, count, 1e-13) - s.tail;
}

/* The d beyond which (below which: lower) the difference shifted − weighted has the tail wanted. */
static double difference_point(pdm__belief weighted, pdm__belief shifted, double tail, bool lower) {
    double edge = 1e-18; /* of the weight left out on either side */
    double first = pdm_beta_quantile(edge, weighted.a, weighted.b);
    double last = pdm_beta_isf(edge, weighted.b, weighted.a); /* as the complement, which is the exact end */
    double rest = pdm_beta_quantile(edge, weighted.b, weighted.a);
    shift s = {weighted, shifted, 0, tail, lower, -PDM__LOGIT_REACH, PDM__LOGIT_REACH};
    if (first > 0) s.from = fmax(s.from, logit(first, last));
    if (rest > 0) s.to = fmin(s.to, logit(pdm_beta_isf(edge, weighted.a, weighted.b), rest));
    double f_low = tail_miss(-1, &s);
    double f_high = tail_miss(1, &s);
    return pdm__root(tail_miss, &s, -1, 1, f_low, f_high, 1e-12);
}

pdm_status pdm_beta_difference(const pdm_two_proportions *counts, double prior_a, double prior_b, double conf_level,
                               pdm_interval *out, pdm_error *err) {
    pdm__belief c;
    pdm__belief t;
    PDM__TRY(make_arms(counts, prior_a, prior_b, &c, &t, err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    double tail = 0.5 * pdm__rest_of_level(conf_level);
    *out = (pdm_interval){difference_point(c, t, tail, true), difference_point(c, t, tail, false), PDM_STATUS_OK, 0};
    return PDM_OK;
}

/* ------------------------------------------------------------------------------------------------------------- counts */

/* Over u = ln of the mean. */
static double log_gamma_product(double u, const void *user) {
    const product *p = user;
    double exponent = 0;
    double factor = 0;
    double sum = u;
    double mean = exp(u);
    if (p->density != NULL) {
        pdm__gamma_prefix(p->density->a, mean * p->density->b, &exponent, &factor);
        sum = exponent + log(factor);
    }
    if (p->upper != NULL) sum += pdm_gamma_log_sf(mean, p->upper->a, 1 / p->upper->b);
    return sum + pdm_gamma_log_cdf(mean, p->lower->a, 1 / p->lower->b);
}

static pdm_status check_events(int64_t events, double exposure, const char *name, pdm_error *err) {
    PDM__TRY(pdm__check_counts(0, events, name, err));
    if (exposure > 0 && exposure < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, -1, name, "expected a positive exposure, got %.17g", exposure);
}

pdm_status pdm_gamma_posterior(const pdm_two_counts *counts, double prior_shape, double prior_rate, double conf_level,
                               pdm_posterior *out, pdm_error *err) {
    PDM__TRY(check_events(counts->events_control, counts->exposure_control, "control", err));
    PDM__TRY(check_events(counts->events_treatment, counts->exposure_treatment, "treatment", err));
    PDM__TRY(pdm__check_prior(prior_shape, "prior_shape", err));
    PDM__TRY(pdm__check_level(conf_level, "conf_level", err));
    if (!(prior_rate >= 0 && prior_rate < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "prior_rate", "expected a rate of at least 0, got %.17g",
                         prior_rate);
    }
    pdm__belief c = {prior_shape + (double)counts->events_control, prior_rate + counts->exposure_control};
    pdm__belief t = {prior_shape + (double)counts->events_treatment, prior_rate + counts->exposure_treatment};
    double tail = 0.5 * pdm__rest_of_level(conf_level);
    out->mean_control = c.a / c.b;
    out->mean_treatment = t.a / t.b;
    out->low_control = pdm_gamma_quantile(tail, c.a, 1 / c.b);
    out->high_control = pdm_gamma_isf(tail, c.a, 1 / c.b);
    out->low_treatment = pdm_gamma_quantile(tail, t.a, 1 / t.b);
    out->high_treatment = pdm_gamma_isf(tail, t.a, 1 / t.b);
    double centre = fmax(log(c.a + 50) - log(c.b), log(t.a + 50) - log(t.b));
    double marks[2 * PDM__BELIEF_MARKS];
    int32_t count = pdm__belief_marks(log(c.a) - log(c.b), 1 / sqrt(c.a), marks, 0);
    count = pdm__belief_marks(log(t.a) - log(t.b), 1 / sqrt(t.a), marks, count);
    weigh(log_gamma_product, &c, &t, centre - PDM__LOGIT_REACH, centre + 7, marks, count, out);
    pdm__dd x; /* the probabilities have a closed form: G_c/(G_c + G_t) is Beta */
    pdm__dd y;
    pdm__shares((pdm__dd){c.b, 0}, t.b, &x, &y);
    pdm__tail better = pdm__beta_tail(c.a, t.a, x, y);
    out->prob_better = pdm__tail_value(better, true);
    out->prob_worse = pdm__tail_value(better, false);
    out->log_prob_better = pdm__tail_log(better, true);
    out->log_prob_worse = pdm__tail_log(better, false);
    return PDM_OK;
}

/* ------------------------------------------------------------------------------------------------------------- normal */

/* 1 − z Q(z)/φ(z), z ≥ 0; far out Mills' ratio is 1/(z + t), t = 1/(z + 2/(z + 3/…)), which leaves t/(z + t). */
static double mills_rest(double z) {
    if (z < FRACTION_FROM) return 1 - z * pdm__mills_ratio(z);
    double t = 0;
    for (int32_t i = FRACTION_TERMS; i >= 1; i--) t = i / (z + t);
    return t / (z + t);
}

/* ln E max(Z − z, 0) = ln(φ(z) − z Q(z)), z ≥ 0. */
static double log_small_risk(double z) { return log(mills_rest(z)) - 0.5 * z * z - PDM__LN_SQRT_2PI; }

static pdm_status read_prior(const pdm_normal_prior *given, pdm_normal_prior *o, pdm_error *err) {
    *o = pdm_normal_prior_default();
    if (given != NULL) {
        if (given->struct_size < sizeof *given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *given,
                             (unsigned)given->struct_size);
        }
        *o = *given;
    }
    if (o->conf_level == 0) o->conf_level = 0.95;
    PDM__TRY(pdm__check_level(o->conf_level, "conf_level", err));
    PDM__TRY(pdm__check_choice(o->scale, PDM_SCALE_DIFFERENCE + 1, "scale", err));
    PDM__TRY(pdm__check_choice(o->prior_scale, PDM_SCALE_DIFFERENCE + 1, "prior_scale", err));
    PDM__TRY(pdm__check_choice(o->lower, 2, "lower", err));
    if (!(fabs(o->prior_mean) < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "prior_mean", "expected a finite number, got %.17g", o->prior_mean);
    }
    if (o->prior_sd >= 0 && o->prior_sd < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "prior_sd", "expected a number above 0, or 0 for none, got %.17g",
                     o->prior_sd);
}

/* Mean and sd by precision; se 0 is certainty. */
static void combine(double estimate, double se, const pdm_normal_prior *o, pdm_normal_result *out) {
    out->mean = estimate;
    out->sd = se;
    if (o->prior_sd == 0) {
        if (se == 0) out->status = PDM_STATUS_ZERO_VARIANCE;
        return;
    }
    double factor = 1;
    if (o->scale != o->prior_scale) {
        factor = o->scale == PDM_SCALE_LIFT ? 1 / fabs(o->control) : fabs(o->control);
        if (!(fabs(o->control) > 0 && factor < PDM__INFINITY)) {
            out->status = PDM_STATUS_ZERO_BASE;
            return;
        }
    }
    double prior = factor * o->prior_mean;
    double spread = factor * o->prior_sd;
    double both = hypot(spread, se);
    double weight = (spread / both) * (spread / both); /* of the data */
    out->mean = prior + weight * (estimate - prior);
    out->sd = se * (spread / both);
    if (se == 0) out->status = PDM_STATUS_ZERO_VARIANCE;
}

static void judge(const pdm_normal_prior *o, pdm_normal_result *out) {
    double z = out->mean / out->sd;
    double toward = o->lower ? -z : z;
    double log_small = log(out->sd) + log_small_risk(fabs(z));
    double small = exp(log_small);
    double large = fabs(out->mean) + small;
    bool treatment_small = toward >= 0; /* the expected loss of the better pdm__belief */
    double half = pdm__critical(o->conf_level, PDM_TWO_SIDED) * out->sd;
    out->low = out->mean - half;
    out->high = out->mean + half;
    out->chance_to_win = pdm_normal_cdf(toward);
    out->log_chance_to_win = pdm_normal_log_cdf(toward);
    out->log_chance_to_lose = pdm_normal_log_sf(toward);
    out->risk_treatment = treatment_small ? small : large;
    out->risk_control = treatment_small ? large : small;
    out->log_risk_treatment = treatment_small ? log_small : log(large);
    out->log_risk_control = treatment_small ? log(large) : log_small;
    int32_t up = out->low > 0 ? 1 : out->high < 0 ? -1 : 0;
    out->win = o->lower ? -up : up;
}

pdm_status pdm_normal_posterior(double estimate, double se, const pdm_normal_prior *options, pdm_normal_result *out,
                                pdm_error *err) {
    pdm_normal_prior o;
    PDM__TRY(read_prior(options, &o, err));
    if (!(fabs(estimate) < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "estimate", "expected a finite estimate, got %.17g", estimate);
    }
    if (!(se >= 0 && se < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "se", "expected a standard error of at least 0, got %.17g", se);
    }
    pdm_normal_result r = {PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN,     PDM__NAN,
                           PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, 0,        PDM_STATUS_OK};
    combine(estimate, se, &o, &r);
    if (r.status == PDM_STATUS_OK) judge(&o, &r);
    if (r.status == PDM_STATUS_ZERO_BASE) r.mean = r.sd = PDM__NAN;
    *out = r;
    return PDM_OK;
}
