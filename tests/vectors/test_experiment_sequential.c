/* Conformance vectors of sequential methods: those that hold at every look. */
#include "vectors.h"

#include <pdmetrics/stats/group_sequential.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/sequential.h>

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

static bool is_text(const json *value, const char *text) { return value != NULL && strcmp(value->text, text) == 0; }

static pdm_arm_moments arm_of(const json *part) {
    double n = number(part, "n");
    double mean = number(part, "sum") / n;
    if (is_text(json_member(part, "type"), "proportion")) return (pdm_arm_moments){(int64_t)n, mean, mean * (1 - mean)};
    return (pdm_arm_moments){(int64_t)n, mean, (number(part, "sumsq") - n * mean * mean) / (n - 1)};
}

static double covariance(const json *arm, const char *product, const char *x, const char *y) {
    double n = number(arm, "n");
    return (number(arm, product) - number(json_member(arm, x), "sum") * number(json_member(arm, y), "sum") / n) /
           (n - 1);
}

static pdm_arm_moments ratio_arm(const json *arm) {
    pdm_arm_moments num = arm_of(json_member(arm, "num"));
    pdm_arm_moments den = arm_of(json_member(arm, "den"));
    pdm_ratio_moments ratio = {num.n,        num.mean,     den.mean,
                               num.variance, den.variance, covariance(arm, "sum_num_den", "num", "den")};
    pdm_arm_moments out;
    pdm_error err;
    must(pdm_arm_from_ratio(&ratio, &out, &err), &err);
    return out;
}

static pdm_covariate_moments covariate_arm(const json *arm) {
    pdm_arm_moments y = arm_of(json_member(arm, "post"));
    pdm_arm_moments x = arm_of(json_member(arm, "pre"));
    return (pdm_covariate_moments){y.n,    y.mean,     y.variance,
                                   x.mean, x.variance, covariance(arm, "sum_post_pre", "post", "pre")};
}

static pdm_mean_effect effect_of(const vector_case *c) {
    const json *control = json_member(c->in, "control");
    const json *treatment = json_member(c->in, "treatment");
    const json *type = json_member(control, "type");
    pdm_mean_options o = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_error err;
    o.lift = PDM_MEAN_LIFT_DELTA;
    o.unchecked = 1;
    if (is_text(type, "cuped")) {
        pdm_covariate_moments a = covariate_arm(control);
        pdm_covariate_moments b = covariate_arm(treatment);
        must(pdm_mean_compare_adjusted(&a, &b, &o, &e, &err), &err);
    } else {
        bool ratio = is_text(type, "ratio");
        pdm_arm_moments a = ratio ? ratio_arm(control) : arm_of(control);
        pdm_arm_moments b = ratio ? ratio_arm(treatment) : arm_of(treatment);
        must(pdm_mean_compare(&a, &b, &o, &e, &err), &err);
    }
    return e;
}

static void run_asymptotic(vector_case *c) {
    pdm_mean_effect e = effect_of(c);
    bool relative = vector_real(c, "relative") == 1;
    double estimate = relative ? e.lift.lift : e.difference;
    double se = relative ? e.lift.se : e.se;
    double total = number(json_member(c->in, "control"), "n") + number(json_member(c->in, "treatment"), "n");
    const char *side = vector_text(c, "alternative");
    int32_t alternative = strcmp(side, "greater") == 0 ? PDM_GREATER
                          : strcmp(side, "less") == 0  ? PDM_LESS
                                                       : PDM_TWO_SIDED;
    pdm_sequence s;
    pdm_error err;
    must(pdm_asymptotic_sequence(estimate, se, total, vector_real(c, "n_tune"), alternative,
                                 1 - vector_real(c, "alpha"), NULL, &s, &err),
         &err);
    vector_check(c, "effect", estimate);
    vector_check(c, "se", se);
    vector_check(c, "rho", s.rho);
    vector_check(c, "half_width", s.multiplier * se);
    vector_check(c, "low", s.low);
    vector_check(c, "high", s.high);
    vector_check_with_log(c, "p_always_valid", s.p, s.log_p);
    vector_check_with_log(c, "p_closed_form", s.p, s.log_p);
    vector_check(c, "log_e_value", s.log_e_value);
}

static void run_multiplier(vector_case *c) {
    pdm_sequence s;
    pdm_error err;
    must(pdm_asymptotic_sequence(0, 1, vector_real(c, "n_total"), vector_real(c, "n_tune"), PDM_TWO_SIDED,
                                 vector_real(c, "conf"), NULL, &s, &err),
         &err);
    vector_check(c, "multiplier", s.multiplier);
    vector_check(c, "rho", 1 / (s.rho * s.rho)); /* in the source's parameters */
}

static int32_t sides_of(const vector_case *c) {
    return vector_real_or(c, "two_sided", 1) == 1 ? PDM_TWO_SIDED : PDM_GREATER;
}

static double rho_of(const vector_case *c, bool exact) {
    double rho = 0;
    pdm_error err;
    must(pdm_mixture_rho(vector_real(c, "v_opt"), vector_real(c, "alpha"), sides_of(c), exact, &rho, &err), &err);
    return rho;
}

static void run_rho(vector_case *c) {
    vector_check(c, "rho", rho_of(c, false));
    vector_check(c, "gbstats_rho", 1 / sqrt(rho_of(c, false)));
}

static void run_rho_exact(vector_case *c) { vector_check(c, "rho", rho_of(c, true)); }

static void run_bound(vector_case *c) {
    double bound = 0;
    double v = vector_real(c, "v");
    pdm_error err;
    must(pdm_mixture_bound(v, rho_of(c, false), vector_real(c, "alpha"), sides_of(c), &bound, &err), &err);
    vector_check(c, "bound", bound);
    vector_check(c, "log_mixture_at_10", pdm_mixture_log(10, v, rho_of(c, false), sides_of(c)));
}

static void run_msprt(vector_case *c) {
    double se = sqrt(vector_real(c, "V") / vector_real(c, "n_pairs"));
    pdm_sequence s;
    pdm_error err;
    must(pdm_msprt(vector_real(c, "delta"), se, vector_real(c, "tau2"), 1 - vector_real(c, "alpha"), &s, &err), &err);
    vector_check(c, "log_lambda", s.log_e_value);
    vector_check_with_log(c, "p_always_valid", s.p, s.log_p);
    vector_check(c, "ci_half_width", s.multiplier * se);
}

static void run_tau2(vector_case *c) {
    double tau2 = 0;
    pdm_error err;
    must(pdm_msprt_tau2(vector_real(c, "sigma"), vector_real(c, "truncation"), vector_real(c, "alpha"), &tau2, &err),
         &err);
    vector_check(c, "tau2", tau2);
}

/* ------------------------------------------------------------------------------------------------------- planned looks */

#define MOST_LOOKS 16

static void check_bounds(vector_case *c, const pdm_look *looks, size_t count) {
    double z[MOST_LOOKS];
    double spent[MOST_LOOKS];
    for (size_t k = 0; k < count; k++) {
        z[k] = looks[k].z;
        spent[k] = looks[k].alpha_spent;
    }
    vector_check(c, "constant", z[count - 1]);
    vector_check_list(c, "z", z, count);
    vector_check_list(c, "alpha_spent_one_sided", spent, count);
}

static void run_classic(vector_case *c) {
    pdm_look looks[MOST_LOOKS];
    pdm_error err;
    int32_t count = (int32_t)vector_int(c, "looks");
    double shape = strcmp(vector_text(c, "type"), "pocock") == 0 ? 0.5 : 0;
    must(pdm_group_classic(NULL, count, shape, vector_real(c, "alpha_two_sided"), looks, &err), &err);
    check_bounds(c, looks, (size_t)count);
}

static double inflation(const vector_case *c, double shape) {
    pdm_look looks[MOST_LOOKS];
    pdm_error err;
    double factor = 0;
    int32_t count = (int32_t)vector_int(c, "looks");
    double alpha = vector_real(c, "alpha_two_sided");
    must(pdm_group_classic(NULL, count, shape, alpha, looks, &err), &err);
    must(pdm_group_inflation(NULL, looks, count, PDM_TWO_SIDED, alpha, vector_real(c, "power"), &factor, &err), &err);
    return factor;
}

static void run_inflation(vector_case *c) {
    vector_check(c, "pocock", inflation(c, 0.5));
    vector_check(c, "obrien_fleming", inflation(c, 0));
}

static size_t read_info(const vector_case *c, double *info) {
    const json *list = json_member(c->in, "info");
    if (list->count > MOST_LOOKS) abort();
    for (size_t i = 0; i < list->count; i++) info[i] = json_number(json_at(list, i));
    return list->count;
}

static void run_spending(vector_case *c) {
    const char *kind = vector_text(c, "spending");
    pdm_spending_options o = pdm_spending_options_default();
    pdm_look looks[MOST_LOOKS];
    double info[MOST_LOOKS];
    pdm_error err;
    size_t count = read_info(c, info);
    bool both = vector_real(c, "symmetric") == 1;
    o.alternative = both ? PDM_TWO_SIDED : PDM_GREATER;
    o.alpha = vector_real(c, both ? "alpha_two_sided" : "alpha_one_sided");
    if (strcmp(kind, "lan_demets_pocock") == 0) o.spending = PDM_SPENDING_POCOCK;
    if (strncmp(kind, "power_", 6) == 0) {
        o.spending = PDM_SPENDING_POWER;
        o.parameter = strtod(kind + 6, NULL);
    }
    must(pdm_group_bounds(NULL, info, (int32_t)count, &o, looks, &err), &err);
    check_bounds(c, looks, count);
}

static void run_total_spending(vector_case *c) {
    pdm_spending_options o = pdm_spending_options_default();
    pdm_look looks[MOST_LOOKS];
    double info[MOST_LOOKS];
    pdm_error err;
    size_t count = read_info(c, info);
    o.alpha = vector_real(c, "alpha");
    o.total = 1;
    must(pdm_group_bounds(NULL, info, (int32_t)count, &o, looks, &err), &err);
    for (size_t k = 0; k < count; k++) info[k] = 2 * looks[k].alpha_spent;
    vector_check_list(c, "alpha_spent", info, count);
}

/* --------------------------------------------------------------------------------------------------------- one rate */

static void run_rate(vector_case *c) {
    pdm_interval i;
    pdm_error err;
    must(pdm_rate_sequence(vector_int(c, "successes"), vector_int(c, "trials"), vector_real(c, "t_opt"),
                           vector_real(c, "alpha_opt"), 1 - vector_real(c, "alpha"), NULL, &i, &err),
         &err);
    vector_check(c, "low", i.low);
    vector_check(c, "high", i.high);
}

static void run_stitching(vector_case *c) {
    double bound = 0;
    pdm_error err;
    must(pdm_stitched_bound(vector_real(c, "v"), vector_real(c, "alpha"), vector_real(c, "v_min"), vector_real(c, "c"),
                            vector_real(c, "s"), vector_real(c, "eta"), &bound, &err),
         &err);
    vector_check(c, "bound", bound);
}

int main(void) {
    static const vector_handler rates[] = {{"bernoulli_cs", run_rate}, {"poly_stitching_bound", run_stitching}};
    static const vector_handler handlers[] = {
        {"asymp_cs", run_asymptotic},
        {"eppo_sequential_multiplier", run_multiplier},
        {"normal_mixture_rho", run_rho},
        {"normal_mixture_rho_exact", run_rho_exact},
        {"normal_mixture_bound", run_bound},
        {"msprt", run_msprt},
        {"msprt_tau2", run_tau2},
        {"group_sequential_classic", run_classic},
        {"group_sequential_inflation", run_inflation},
        {"group_sequential_spending", run_spending},
        {"expan_obf_spending", run_total_spending},
        {"quantile_ab_always_valid_p", NULL}, /* a later release */
    };
    int result = vectors_run("experiment/sequential.json", handlers, sizeof handlers / sizeof *handlers);
    int next = vectors_run("experiment/sequential_bernoulli.json", rates, sizeof rates / sizeof *rates);
    return result > next ? result : next;
}
