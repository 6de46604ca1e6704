/* Conformance vectors of posteriors. */
#include "vectors.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/posterior.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(pdm_status status, const pdm_error *err) {
    if (status == PDM_OK) return;
    (void)printf("%s: %s\n", err->column, err->message);
    abort();
}

static double number(const json *object, const char *key) { return json_number(json_member(object, key)); }

static bool is_type(const json *arm, const char *type) { return strcmp(json_member(arm, "type")->text, type) == 0; }

static pdm_arm_moments moments_of(const json *part) {
    double n = number(part, "n");
    double sum = number(part, "sum");
    return (pdm_arm_moments){(int64_t)n, sum / n, (number(part, "sumsq") - sum * sum / n) / (n - 1)};
}

static pdm_arm_moments arm_of(const json *arm) {
    double n = number(arm, "n");
    if (is_type(arm, "proportion")) {
        double p = number(arm, "sum") / n;
        return (pdm_arm_moments){(int64_t)n, p, p * (1 - p)};
    }
    if (is_type(arm, "quantile")) {
        double w = (number(arm, "quantile_upper") - number(arm, "quantile_lower")) / (2 * pdm_normal_isf(0.025));
        return (pdm_arm_moments){(int64_t)n, number(arm, "quantile_hat"), (n - 1) * w * w};
    }
    if (is_type(arm, "mean")) return moments_of(arm);
    const json *num = json_member(arm, "num");
    const json *den = json_member(arm, "den");
    pdm_arm_moments m = moments_of(num);
    pdm_arm_moments d = moments_of(den);
    double covariance = (number(arm, "sum_num_den") - number(num, "sum") * number(den, "sum") / n) / (n - 1);
    pdm_ratio_moments ratio = {m.n, m.mean, d.mean, m.variance, d.variance, covariance};
    pdm_arm_moments out;
    pdm_error err;
    must(pdm_arm_from_ratio(&ratio, &out, &err), &err);
    return out;
}

static void check_normal(vector_case *c, const pdm_normal_result *r) {
    vector_check(c, "mean", r->mean);
    vector_check(c, "sd", r->sd);
    vector_check(c, "low", r->low);
    vector_check(c, "high", r->high);
    vector_check_with_log(c, "chance_to_win", r->chance_to_win, r->log_chance_to_win);
    vector_check_with_log(c, "risk_control", r->risk_control, r->log_risk_control);
    vector_check_with_log(c, "risk_treatment", r->risk_treatment, r->log_risk_treatment);
}

static void run_normal(vector_case *c) {
    const json *prior = json_member(c->in, "prior");
    bool relative = vector_real(c, "relative") == 1;
    pdm_arm_moments control = arm_of(json_member(c->in, "control"));
    pdm_arm_moments treatment = arm_of(json_member(c->in, "treatment"));
    pdm_mean_options o = pdm_mean_options_default();
    pdm_normal_prior p = pdm_normal_prior_default();
    pdm_mean_effect e;
    pdm_normal_result r;
    pdm_error err;
    o.lift = PDM_MEAN_LIFT_DELTA;
    o.unchecked = 1;
    must(pdm_mean_compare(&control, &treatment, &o, &e, &err), &err);
    p.scale = relative ? PDM_SCALE_LIFT : PDM_SCALE_DIFFERENCE;
    p.prior_scale = strcmp(json_member(prior, "scale")->text, "relative") == 0 ? PDM_SCALE_LIFT : PDM_SCALE_DIFFERENCE;
    p.lower = vector_real(c, "inverse") == 1;
    p.conf_level = 1 - vector_real(c, "alpha");
    p.control = e.control;
    if (number(prior, "proper") == 1) {
        p.prior_mean = number(prior, "mean");
        p.prior_sd = sqrt(number(prior, "variance"));
    }
    must(pdm_normal_posterior(relative ? e.lift.lift : e.difference, relative ? e.lift.se : e.se, &p, &r, &err), &err);
    check_normal(c, &r);
}

static void run_risk(vector_case *c) {
    pdm_normal_result r;
    pdm_error err;
    must(pdm_normal_posterior(vector_real(c, "mean"), vector_real(c, "sd"), NULL, &r, &err), &err);
    check_normal(c, &r);
}

static pdm_two_proportions counts_of(const vector_case *c) {
    return (pdm_two_proportions){vector_int(c, "xc"), vector_int(c, "nc"), vector_int(c, "xt"), vector_int(c, "nt")};
}

static void check_posterior(vector_case *c, const pdm_posterior *p) {
    const double control[2] = {p->low_control, p->high_control};
    const double treatment[2] = {p->low_treatment, p->high_treatment};
    vector_check_with_log(c, "prob_treatment_better", p->prob_better, p->log_prob_better);
    vector_check_with_log(c, "prob_control_better", p->prob_worse, p->log_prob_worse);
    vector_check_with_log(c, "loss_if_treatment", p->loss_if_treatment, p->log_loss_if_treatment);
    vector_check_with_log(c, "loss_if_control", p->loss_if_control, p->log_loss_if_control);
    vector_check(c, "post_mean_c", p->mean_control);
    vector_check(c, "post_mean_t", p->mean_treatment);
    vector_check_list(c, "ci95_c", control, 2);
    vector_check_list(c, "ci95_t", treatment, 2);
}

static void run_beta(vector_case *c) {
    pdm_two_proportions counts = counts_of(c);
    pdm_posterior p;
    pdm_error err;
    must(pdm_beta_posterior(&counts, vector_real(c, "prior_a"), vector_real(c, "prior_b"), 0.95, &p, &err), &err);
    check_posterior(c, &p);
}

static void run_gamma(vector_case *c) {
    const pdm_two_counts counts = {vector_int(c, "events_c"), vector_int(c, "events_t"), vector_real(c, "exposure_c"),
                                   vector_real(c, "exposure_t")};
    pdm_posterior p;
    pdm_error err;
    must(pdm_gamma_posterior(&counts, vector_real(c, "prior_shape"), vector_real(c, "prior_rate"), 0.95, &p, &err),
         &err);
    check_posterior(c, &p);
}

static void run_best(vector_case *c) {
    const json *arms = json_member(c->in, "arms");
    int64_t x[16];
    int64_t n[16];
    double best[16];
    pdm_error err;
    if (arms->count > 16) abort();
    for (size_t i = 0; i < arms->count; i++) {
        x[i] = (int64_t)number(json_at(arms, i), "x");
        n[i] = (int64_t)number(json_at(arms, i), "n");
    }
    must(pdm_beta_best(x, n, (int32_t)arms->count, vector_real(c, "prior_a"), vector_real(c, "prior_b"), best, NULL,
                       &err),
         &err);
    vector_check_list(c, "prob_best", best, arms->count);
}

static void run_difference(vector_case *c) {
    pdm_two_proportions counts = counts_of(c);
    pdm_interval interval;
    pdm_error err;
    must(pdm_beta_difference(&counts, vector_real(c, "prior_a"), vector_real(c, "prior_b"), vector_real(c, "conf"),
                             &interval, &err),
         &err);
    vector_check(c, "low", interval.low);
    vector_check(c, "high", interval.high);
}

int main(void) {
    static const vector_handler handlers[] = {
        {"normal_posterior", run_normal},  {"normal_risk", run_risk},    {"beta_binomial", run_beta},
        {"beta_binomial_multi", run_best}, {"gamma_poisson", run_gamma}, {"beta_binomial_diff_ci", run_difference},
    };
    return vectors_run("experiment/bayesian.json", handlers, sizeof handlers / sizeof *handlers);
}
