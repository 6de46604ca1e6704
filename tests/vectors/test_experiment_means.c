/* Conformance vectors of means, ratio metrics, CUPED and lifts. */
#include "vectors.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/robust.h>

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

static bool is_text(const json *value, const char *text) {
    return value != NULL && value->type == JSON_STRING && strcmp(value->text, text) == 0;
}

/* ------------------------------------------------------------------------------------------- statistics of the vectors */

static double mean_of(const json *part) { return number(part, "sum") / number(part, "n"); }

/* From sums: good enough for these small ones. */
static double covariance_of(double n, double sum_product, double sum_x, double sum_y) {
    return (sum_product - sum_x * sum_y / n) / (n - 1);
}

static double covariance_in(const json *arm, const char *product, const char *x, const char *y) {
    return covariance_of(number(arm, "n"), number(arm, product), number(json_member(arm, x), "sum"),
                         number(json_member(arm, y), "sum"));
}

/* Not by pdm_arm_from_sums(): some of the sums are those of no numbers at all. */
static pdm_arm_moments moments_of(const json *part) {
    double n = number(part, "n");
    double sum = number(part, "sum");
    return (pdm_arm_moments){(int64_t)n, sum / n, covariance_of(n, number(part, "sumsq"), sum, sum)};
}

static pdm_ratio_moments ratio_of(const json *arm, const char *num, const char *den, const char *product) {
    pdm_arm_moments m = moments_of(json_member(arm, num));
    pdm_arm_moments d = moments_of(json_member(arm, den));
    return (pdm_ratio_moments){m.n, m.mean, d.mean, m.variance, d.variance, covariance_in(arm, product, num, den)};
}

static pdm_arm_moments plain_arm(const json *arm) {
    const json *type = json_member(arm, "type");
    pdm_arm_moments out;
    pdm_error err;
    if (is_text(type, "mean")) return moments_of(arm);
    if (is_text(type, "proportion")) {
        double p = mean_of(arm);
        return (pdm_arm_moments){(int64_t)number(arm, "n"), p, p * (1 - p)};
    }
    if (is_text(type, "quantile")) { /* the estimate, with the unit variance its rank interval implies */
        double z = pdm_normal_isf(0.025);
        double n = number(arm, "n");
        double w = (number(arm, "quantile_upper") - number(arm, "quantile_lower")) / (2 * z);
        return (pdm_arm_moments){(int64_t)n, number(arm, "quantile_hat"),
                                 n / number(arm, "n_star") * (n - 1) * w * w * (number(arm, "n_star") / n)};
    }
    pdm_ratio_moments ratio = ratio_of(arm, "num", "den", "sum_num_den");
    must(pdm_arm_from_ratio(&ratio, &out, &err), &err);
    return out;
}

static pdm_covariate_moments covariate_arm(const json *arm) {
    pdm_covariate_moments out;
    pdm_error err;
    if (is_text(json_member(arm, "type"), "cuped")) {
        pdm_arm_moments y = moments_of(json_member(arm, "post"));
        pdm_arm_moments x = moments_of(json_member(arm, "pre"));
        return (pdm_covariate_moments){y.n,    y.mean,     y.variance,
                                       x.mean, x.variance, covariance_in(arm, "sum_post_pre", "post", "pre")};
    }
    pdm_ratio_covariate_moments four = {
        .now = ratio_of(arm, "num_post", "den_post", "sum_np_dp"),
        .before = ratio_of(arm, "num_pre", "den_pre", "sum_npre_dpre"),
        .numerator_numerator = covariance_in(arm, "sum_np_npre", "num_post", "num_pre"),
        .numerator_denominator = covariance_in(arm, "sum_np_dpre", "num_post", "den_pre"),
        .denominator_numerator = covariance_in(arm, "sum_npre_dp", "den_post", "num_pre"),
        .denominator_denominator = covariance_in(arm, "sum_dp_dpre", "den_post", "den_pre")};
    must(pdm_covariate_from_ratios(&four, &out, &err), &err);
    return out;
}

static int32_t alternative_of(const vector_case *c) {
    const char *text = vector_text(c, "alternative");
    return text == NULL || strcmp(text, "two-sided") == 0 ? PDM_TWO_SIDED
           : strcmp(text, "greater") == 0                 ? PDM_GREATER
                                                          : PDM_LESS;
}

/* --------------------------------------------------------------------------------------------------------------- cases */

static void run_effect(vector_case *c) {
    const json *control = json_member(c->in, "control");
    const json *treatment = json_member(c->in, "treatment");
    const json *type = json_member(control, "type");
    bool covariate = is_text(type, "cuped") || is_text(type, "cuped_ratio");
    pdm_mean_options o = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_error err;
    o.alternative = alternative_of(c);
    o.conf_level = 1 - vector_real(c, "alpha");
    o.lift = PDM_MEAN_LIFT_DELTA;
    o.unchecked = 1;
    o.theta = is_text(type, "cuped_ratio") ? PDM_THETA_WITHIN : PDM_THETA_TOTAL;
    if (covariate) {
        pdm_covariate_moments a = covariate_arm(control);
        pdm_covariate_moments b = covariate_arm(treatment);
        must(pdm_mean_compare_adjusted(&a, &b, &o, &e, &err), &err);
    } else {
        pdm_arm_moments a = plain_arm(control);
        pdm_arm_moments b = plain_arm(treatment);
        must(pdm_mean_compare(&a, &b, &o, &e, &err), &err);
    }
    bool relative = vector_real(c, "relative") == 1;
    double effect = relative ? e.lift.lift : e.difference;
    double se = relative ? e.lift.se : e.se;
    vector_check(c, "effect", effect);
    vector_check(c, "se", se);
    vector_check(c, "t", effect / se);
    vector_check(c, "df", e.df);
    vector_check_with_log(c, "p", relative ? e.lift.p : e.p, relative ? e.lift.log_p : e.log_p);
    vector_check(c, "low", relative ? e.lift.low : e.low);
    vector_check(c, "high", relative ? e.lift.high : e.high);
    vector_check(c, "theta", e.theta);
}

/* Covariances come as "a|b" in either order. */
static double tea_covariance(const json *arm, const char *a, const char *b) {
    char key[128];
    (void)snprintf(key, sizeof key, "%s|%s", a, b);
    const json *value = json_member(json_member(arm, "cov"), key);
    if (value == NULL) {
        (void)snprintf(key, sizeof key, "%s|%s", b, a);
        value = json_member(json_member(arm, "cov"), key);
    }
    return json_number(value);
}

static pdm_arm_moments tea_arm(const vector_case *c, const json *arm) {
    const char *numerator = vector_text(c, "numer");
    const char *denominator = vector_text(c, "denom");
    int64_t n = (int64_t)number(arm, "n");
    double mean = number(json_member(arm, "mean"), numerator);
    double variance = number(json_member(arm, "var"), numerator);
    if (denominator == NULL) return (pdm_arm_moments){n, mean, variance};
    pdm_ratio_moments ratio = {n,
                               mean,
                               number(json_member(arm, "mean"), denominator),
                               variance,
                               number(json_member(arm, "var"), denominator),
                               tea_covariance(arm, numerator, denominator)};
    pdm_arm_moments out;
    pdm_error err;
    must(pdm_arm_from_ratio(&ratio, &out, &err), &err);
    return out;
}

static pdm_covariate_moments tea_covariate_arm(const vector_case *c, const json *arm) {
    const char *x = vector_text(c, "numer_cov");
    pdm_arm_moments y = tea_arm(c, arm);
    return (pdm_covariate_moments){y.n,
                                   y.mean,
                                   y.variance,
                                   number(json_member(arm, "mean"), x),
                                   number(json_member(arm, "var"), x),
                                   tea_covariance(arm, vector_text(c, "numer"), x)};
}

static void run_tea(vector_case *c) {
    const json *control = json_member(c->in, "control");
    const json *treatment = json_member(c->in, "treatment");
    pdm_mean_options o = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_error err;
    o.alternative = alternative_of(c);
    o.conf_level = vector_real(c, "conf");
    o.equal_var = vector_real(c, "equal_var") == 1;
    o.normal = vector_real(c, "use_t") == 0;
    o.lift = PDM_MEAN_LIFT_LOG;
    pdm_arm_moments a = tea_arm(c, control);
    pdm_arm_moments b = tea_arm(c, treatment);
    double shift = 0;
    if (vector_text(c, "numer_cov") != NULL) {
        pdm_covariate_moments x = tea_covariate_arm(c, control);
        pdm_covariate_moments y = tea_covariate_arm(c, treatment);
        must(pdm_mean_compare_adjusted(&x, &y, &o, &e, &err), &err);
        shift = e.difference - (e.treatment - e.control);
    } else {
        must(pdm_mean_compare(&a, &b, &o, &e, &err), &err);
    }
    double share = (double)b.n / (double)(a.n + b.n); /* the file gives the adjusted means */
    vector_check(c, "control", e.control - shift * share);
    vector_check(c, "treatment", e.treatment + shift * (1 - share));
    vector_check(c, "effect", e.difference);
    vector_check(c, "low", e.low);
    vector_check(c, "high", e.high);
    vector_check(c, "p", e.p);
    vector_check(c, "statistic", e.statistic);
    vector_check(c, "theta", e.theta);
    vector_check(c, "rel", e.lift.lift);
    vector_check(c, "rel_low", e.lift.low);
    vector_check(c, "rel_high", e.lift.high);
}

static pdm_mean_effect compare_moments(const vector_case *c, int32_t lift, int32_t normal) {
    double sd_c = vector_real(c, "sd_c");
    double sd_t = vector_real(c, "sd_t");
    pdm_arm_moments a = {vector_int(c, "n_c"), vector_real(c, "mean_c"), sd_c * sd_c};
    pdm_arm_moments b = {vector_int(c, "n_t"), vector_real(c, "mean_t"), sd_t * sd_t};
    pdm_mean_options o = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_error err;
    o.conf_level = vector_real_or(c, "conf", 0.95);
    o.lift = lift;
    o.normal = normal;
    must(pdm_mean_compare(&a, &b, &o, &e, &err), &err);
    return e;
}

static void run_lift(vector_case *c) {
    pdm_lift fieller = compare_moments(c, PDM_MEAN_LIFT_FIELLER, 1).lift;
    pdm_lift delta = compare_moments(c, PDM_MEAN_LIFT_DELTA, 1).lift;
    pdm_lift log_scale = compare_moments(c, PDM_MEAN_LIFT_LOG, 1).lift;
    vector_check(c, "g", fieller.g);
    vector_check(c, "fieller_low", fieller.low);
    vector_check(c, "fieller_high", fieller.high);
    vector_check_text(c, "fieller_status", pdm_row_status_name(fieller.status));
    vector_check(c, "delta_low", delta.low);
    vector_check(c, "delta_high", delta.high);
    vector_check(c, "log_low", log_scale.low);
    vector_check(c, "log_high", log_scale.high);
}

static void check_effect(vector_case *c, const pdm_mean_effect *e) {
    vector_check(c, "t", e->statistic);
    vector_check(c, "df", e->df);
    vector_check(c, "p", e->p);
    vector_check(c, "low", e->low);
    vector_check(c, "high", e->high);
}

static void run_welch_moments(vector_case *c) {
    pdm_mean_effect e = compare_moments(c, PDM_MEAN_LIFT_FIELLER, 0);
    check_effect(c, &e);
}

static pdm_arm_moments moments_of_list(const json *list) {
    double n = (double)list->count;
    double sum = 0;
    double squares = 0;
    for (const json *v = list->first; v != NULL; v = v->next) sum += json_number(v);
    for (const json *v = list->first; v != NULL; v = v->next) {
        squares += (json_number(v) - sum / n) * (json_number(v) - sum / n);
    }
    return (pdm_arm_moments){(int64_t)list->count, sum / n, squares / (n - 1)};
}

static void compare_lists(vector_case *c, int32_t equal_var) {
    pdm_arm_moments a = moments_of_list(json_member(c->in, "x"));
    pdm_arm_moments b = moments_of_list(json_member(c->in, "y"));
    pdm_mean_options o = pdm_mean_options_default();
    pdm_mean_effect e;
    pdm_error err;
    o.conf_level = vector_real(c, "conf");
    o.equal_var = equal_var;
    must(pdm_mean_compare(&a, &b, &o, &e, &err), &err);
    check_effect(c, &e);
}

static void run_welch(vector_case *c) { compare_lists(c, 0); }
static void run_pooled(vector_case *c) { compare_lists(c, 1); }

static void run_equivalence(vector_case *c) {
    pdm_mean_effect e = compare_moments(c, PDM_MEAN_LIFT_FIELLER, 0);
    pdm_test lower;
    pdm_test upper;
    pdm_error err;
    must(pdm_mean_margin_test(&e, PDM_SCALE_DIFFERENCE, PDM_GREATER, vector_real(c, "low"), &lower, &err), &err);
    must(pdm_mean_margin_test(&e, PDM_SCALE_DIFFERENCE, PDM_LESS, vector_real(c, "high"), &upper, &err), &err);
    vector_check(c, "df", lower.df);
    vector_check(c, "t_lower", lower.statistic);
    vector_check(c, "t_upper", upper.statistic);
    vector_check(c, "p_lower", lower.p);
    vector_check(c, "p_upper", upper.p);
    vector_check(c, "p", lower.p > upper.p ? lower.p : upper.p);
}

/* Mean ± √var in turn. */
static void run_stability(vector_case *c) {
    int64_t n = vector_int(c, "n");
    double mean = vector_real(c, "mean");
    double off = sqrt(vector_real(c, "var_rule"));
    double *x = malloc((size_t)n * sizeof *x);
    pdm_winsorised w;
    pdm_error err;
    if (x == NULL) abort();
    for (int64_t i = 0; i < n; i++) x[i] = mean + (i % 2 == 0 ? off : -off);
    must(pdm_winsorise(NULL, x, (size_t)n, NULL, NULL, &w, &err), &err);
    free(x);
    vector_check(c, "sample_variance", w.variance);
}

int main(void) {
    static const vector_handler means[] = {
        {"effect_ttest", run_effect},
        {"tea_mean", run_tea},
        {"lift_ci", run_lift},
        {"welch", run_welch},
        {"pooled_t", run_pooled},
        {"welch_moments", run_welch_moments},
        {"moments_stability", run_stability},
        {"poststrat_mean", NULL}, /* a later release */
        {"poststrat_ratio", NULL},
    };
    static const vector_handler margins[] = {{"mean_tost_welch", run_equivalence}, {"prop_ni_tost", NULL}};
    int result = vectors_run("experiment/means_ratio_cuped.json", means, sizeof means / sizeof *means);
    int next = vectors_run("experiment/noninferiority_tost.json", margins, 2);
    return result > next ? result : next;
}
