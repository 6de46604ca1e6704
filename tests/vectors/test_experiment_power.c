/* Conformance vectors of planning. */
#include "vectors.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/power.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(pdm_status status, const pdm_error *err) {
    if (status == PDM_OK) return;
    (void)printf("%s: %s\n", err->column, err->message);
    abort();
}

static pdm_power_options options_of(const vector_case *c) {
    pdm_power_options o = pdm_power_options_default();
    o.alpha = vector_real_or(c, "alpha", 0.05);
    o.power = vector_real_or(c, "power", 0.8);
    o.ratio = vector_real_or(c, "ratio", 1);
    o.one_sided = vector_real_or(c, "sides", 2) == 1;
    return o;
}

static const char *const kinds[] = {"pooled", "unpooled", "evan_miller", "fleiss_cc", "arcsine"};

static bool is_asked(const vector_case *c, const char *key) { return json_member(c->out, key) != NULL; }

static void run_n_proportions(vector_case *c) {
    pdm_plan plan;
    pdm_error err;
    for (int32_t kind = 0; kind < 5; kind++) {
        pdm_power_options o = options_of(c);
        o.kind = kind;
        if (!is_asked(c, kinds[kind])) continue;
        must(pdm_sample_proportions(vector_real(c, "p1"), vector_real(c, "p2"), &o, &plan, &err), &err);
        vector_check(c, kinds[kind], plan.value);
    }
}

static void run_power_proportions(vector_case *c) {
    for (int32_t strict = 0; strict < 2; strict++) {
        for (int32_t kind = 0; kind < 5; kind++) {
            char key[64];
            pdm_plan plan;
            pdm_error err;
            pdm_power_options o = options_of(c);
            o.kind = kind;
            o.strict = strict;
            (void)snprintf(key, sizeof key, "%s%s", kinds[kind], strict ? "_strict" : "");
            if (!is_asked(c, key)) continue;
            must(pdm_power_proportions(vector_real(c, "p1"), vector_real(c, "p2"), vector_real(c, "n_per_arm"), &o,
                                       &plan, &err),
                 &err);
            vector_check(c, key, plan.value);
        }
    }
}

static void run_mde_proportions(vector_case *c) {
    for (int32_t kind = 0; kind < 2; kind++) {
        char key[64];
        pdm_plan plan;
        pdm_error err;
        pdm_power_options o = options_of(c);
        o.kind = kind;
        (void)snprintf(key, sizeof key, "p2_up_%s", kinds[kind]);
        must(pdm_mde_proportions(vector_real(c, "p1"), vector_real(c, "n_per_arm"), true, &o, &plan, &err), &err);
        vector_check(c, key, plan.value);
    }
}

static void run_n_means(vector_case *c) {
    pdm_plan n;
    pdm_plan power;
    pdm_error err;
    pdm_power_options o = options_of(c);
    double sd_c = vector_real(c, "sd_c");
    double sd_t = vector_real(c, "sd_t");
    o.normal = 1;
    must(pdm_sample_means(vector_real(c, "delta"), sd_c, sd_t, &o, &n, &err), &err);
    must(pdm_power_means(vector_real(c, "delta"), sd_c, sd_t, n.value, &o, &power, &err), &err);
    vector_check(c, "n_control", n.value);
    vector_check(c, "power_at_n_one_tail", power.value);
}

static void run_power_t(vector_case *c) {
    double n_c = vector_real_or(c, "n_per_arm", vector_real_or(c, "n_control", 0));
    double sd = vector_real(c, "sd");
    for (int32_t strict = 0; strict < 2; strict++) {
        pdm_plan power;
        pdm_error err;
        pdm_power_options o = options_of(c);
        o.ratio = vector_real_or(c, "n_treatment", n_c) / n_c;
        o.strict = strict;
        must(pdm_power_means(vector_real(c, "delta"), sd, sd, n_c, &o, &power, &err), &err);
        vector_check(c, strict ? "power_strict" : "power", power.value);
    }
}

static void run_n_t(vector_case *c) {
    pdm_plan n;
    pdm_error err;
    pdm_power_options o = options_of(c);
    double sd = vector_real(c, "sd");
    must(pdm_sample_means(vector_real(c, "delta"), sd, sd, &o, &n, &err), &err);
    vector_check(c, "n_per_arm", n.value);
}

static void run_gpower(vector_case *c) {
    pdm_plan n;
    pdm_error err;
    pdm_power_options o = options_of(c);
    double mde = vector_real(c, "mde");
    double p = vector_real_or(c, "p", 0);
    if (p > 0) {
        must(pdm_sample_proportions(p, p + mde, &o, &n, &err), &err);
    } else {
        double sd = sqrt(vector_real(c, "variance"));
        must(pdm_sample_means(mde, sd, sd, &o, &n, &err), &err);
    }
    vector_check(c, "n_total", 2 * n.value);
}

/* ---------------------------------------------------------------------------------------------------- relative effects */

/* By how much watching all the time stretches the interval (asymptotic confidence sequence), on N = 2n units. */
static double stretch(const vector_case *c, double n) {
    double tune = vector_real_or(c, "sequential_n_tune", 0);
    double alpha = vector_real(c, "alpha");
    if (tune == 0) return 1;
    double total = 2 * n;
    double rho2 = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / tune;
    double q = total * rho2 + 1;
    double multiplier = sqrt(total) * sqrt(2 * q * log(sqrt(q) / alpha)) / (total * sqrt(rho2));
    return multiplier / pdm_normal_isf(alpha / 2);
}

static void run_lift(vector_case *c) {
    double n = vector_real(c, "n_total") / vector_real(c, "n_variations");
    double s = stretch(c, n);
    double variance = vector_real(c, "variance") * s * s;
    double mean = vector_real(c, "mean");
    pdm_plan plan;
    pdm_error err;
    pdm_power_options o = options_of(c);
    if (is_asked(c, "power")) {
        must(pdm_power_lift(vector_real(c, "effect_rel"), mean, variance, n, &o, &plan, &err), &err);
        vector_check(c, "power", plan.value);
    }
    must(pdm_mde_lift(mean, variance, n, &o, &plan, &err), &err);
    vector_check(c, "mde_rel", plan.value);
    vector_check(c, "mde_rel_80", plan.value);
}

static void run_ratio_metric(vector_case *c) {
    pdm_ratio_moments ratio = {2,
                               vector_real(c, "mean_num"),
                               vector_real(c, "mean_den"),
                               vector_real(c, "var_num"),
                               vector_real(c, "var_den"),
                               vector_real(c, "cov")};
    pdm_arm_moments arm;
    pdm_plan n;
    pdm_error err;
    pdm_power_options o = options_of(c);
    double rho = vector_real(c, "cuped_rho");
    must(pdm_arm_from_ratio(&ratio, &arm, &err), &err);
    double sd = sqrt(arm.variance * (1 - rho * rho));
    must(pdm_sample_means(vector_real(c, "mde_rel") * arm.mean, sd, sd, &o, &n, &err), &err);
    vector_check(c, "unit_variance", sd * sd);
    vector_check(c, "n_per_arm", n.value);
}

static void run_more_traffic(vector_case *c) {
    pdm_arm_moments a;
    pdm_arm_moments b;
    pdm_mean_options mean = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_plan plan;
    pdm_error err;
    pdm_power_options o = options_of(c);
    mean.lift = PDM_MEAN_LIFT_DELTA;
    o.power = vector_real(c, "target_power");
    must(pdm_arm_from_sums(vector_int(c, "n_c"), vector_real(c, "sum_c"), vector_real(c, "sumsq_c"), &a, &err), &err);
    must(pdm_arm_from_sums(vector_int(c, "n_t"), vector_real(c, "sum_t"), vector_real(c, "sumsq_t"), &b, &err), &err);
    must(pdm_mean_compare(&a, &b, &mean, &e, &err), &err);
    must(pdm_more_traffic(vector_real(c, "target_mde_rel"), e.lift.se, &o, &plan, &err), &err);
    vector_check(c, "scaling_factor", plan.value);
}

static void run_variance(vector_case *c) {
    pdm_arm_moments a = {vector_int(c, "n_c"), vector_real(c, "mean_c"), vector_real(c, "var_c")};
    pdm_arm_moments b = {vector_int(c, "n_t"), vector_real(c, "mean_t"), vector_real(c, "var_t")};
    pdm_mean_options mean = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_error err;
    mean.lift = PDM_MEAN_LIFT_DELTA;
    must(pdm_mean_compare(&a, &b, &mean, &e, &err), &err);
    vector_check(c, "absolute", e.se * e.se);
    vector_check(c, "relative", e.lift.se * e.lift.se);
}

/* ------------------------------------------------------------------------------------------ margins, clusters */

static void run_noninferiority(vector_case *c) {
    pdm_plan n;
    pdm_error err;
    pdm_power_options o = options_of(c);
    o.alpha = vector_real(c, "alpha_one_sided");
    must(pdm_sample_noninferiority(vector_real(c, "p_control"), vector_real(c, "p_treatment"), vector_real(c, "margin"),
                                   &o, &n, &err),
         &err);
    vector_check(c, "n_per_arm", n.value);
}

static void run_power_tost(vector_case *c) {
    pdm_plan plan;
    pdm_error err;
    pdm_power_options o = options_of(c);
    must(pdm_power_equivalence(vector_real(c, "p1"), vector_real(c, "p2"), vector_real(c, "margin"),
                               vector_real(c, "n_per_arm"), &o, &plan, &err),
         &err);
    vector_check(c, "power", plan.value);
}

static void run_n_tost(vector_case *c) {
    pdm_plan plan;
    pdm_error err;
    pdm_power_options o = options_of(c);
    must(pdm_sample_equivalence(vector_real(c, "p1"), vector_real(c, "p2"), vector_real(c, "margin"), &o, &plan, &err),
         &err);
    vector_check(c, "n_per_arm", plan.value);
}

static void run_clusters(vector_case *c) {
    double size = vector_real(c, "mean_cluster_size");
    double icc = vector_real(c, "icc");
    double units = vector_real(c, "n_per_arm_individual") * pdm_design_effect(size, vector_real(c, "cv"), icc);
    vector_check(c, "deff_equal", pdm_design_effect(size, 0, icc));
    vector_check(c, "deff_cv", pdm_design_effect(size, vector_real(c, "cv"), icc));
    vector_check(c, "n_units", units);
    vector_check(c, "n_clusters", units / size);
}

int main(void) {
    static const vector_handler handlers[] = {
        {"n_proportions", run_n_proportions},
        {"power_proportions", run_power_proportions},
        {"mde_proportions", run_mde_proportions},
        {"n_means_z", run_n_means},
        {"power_t_two_sample", run_power_t},
        {"n_t_two_sample", run_n_t},
        {"gpower_total_n", run_gpower},
        {"gb_power", run_lift},
        {"gb_mde", run_lift},
        {"gb_power_week", run_lift},
        {"gb_midexperiment_scaling", run_more_traffic},
        {"gb_frequentist_variance", run_variance},
        {"n_noninferiority_prop", run_noninferiority},
        {"power_tost_prop", run_power_tost},
        {"n_tost_prop", run_n_tost},
        {"n_ratio_metric", run_ratio_metric},
        {"cluster_design_effect", run_clusters},
    };
    return vectors_run("experiment/power.json", handlers, sizeof handlers / sizeof *handlers);
}
