/* Conformance vectors of segments, strata, quantiles and cut values. */
#include "vectors.h"

#include <pdmetrics/stats/robust.h>
#include <pdmetrics/stats/segments.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 1024

static void must(pdm_status status, const pdm_error *err) {
    if (status == PDM_OK) return;
    (void)printf("%s: %s\n", err->column, err->message);
    abort();
}

static int32_t read_numbers(const vector_case *c, const char *key, double *out) {
    const json *list = json_member(c->in, key);
    if (list->count > MOST) abort();
    for (size_t i = 0; i < list->count; i++) out[i] = json_number(json_at(list, i));
    return (int32_t)list->count;
}

/* Group 1 is the treatment. */
static void run_cmh(vector_case *c) {
    const json *list = json_member(c->in, "strata");
    pdm_two_proportions strata[MOST];
    pdm_cmh out;
    pdm_error err;
    for (size_t i = 0; i < list->count; i++) {
        int64_t v[4];
        for (size_t j = 0; j < 4; j++) v[j] = (int64_t)json_number(json_at(json_at(list, i), j));
        strata[i] = (pdm_two_proportions){v[2], v[3], v[0], v[1]};
    }
    must(pdm_cmh_test(strata, (int32_t)list->count, 0.95, &out, &err), &err);
    vector_check(c, "chi2", out.chi2);
    vector_check_with_log(c, "p", out.p, out.log_p);
    vector_check(c, "chi2_cc", out.chi2_cc);
    vector_check_with_log(c, "p_cc", out.p_cc, out.log_p_cc);
    vector_check(c, "mh_odds_ratio", out.odds_ratio);
    vector_check(c, "or_low", out.odds_low);
    vector_check(c, "or_high", out.odds_high);
    vector_check(c, "mh_risk_ratio", out.risk_ratio);
    vector_check(c, "mh_risk_difference", out.risk_difference);
}

static void run_heterogeneity(vector_case *c) {
    double effects[MOST];
    double se[MOST];
    pdm_heterogeneity h;
    pdm_error err;
    (void)read_numbers(c, "se", se);
    must(pdm_heterogeneity_test(effects, se, read_numbers(c, "effects", effects), &h, &err), &err);
    vector_check(c, "pooled", h.pooled);
    vector_check(c, "pooled_se", h.pooled_se);
    vector_check(c, "q", h.q);
    vector_check(c, "df", h.df);
    vector_check_with_log(c, "p", h.p, h.log_p);
    vector_check(c, "i2", h.i2);
    vector_check(c, "tau2_dl", h.tau2);
}

static void run_interaction(vector_case *c) {
    const double effects[2] = {vector_real(c, "effect_1"), vector_real(c, "effect_2")};
    const double se[2] = {vector_real(c, "se_1"), vector_real(c, "se_2")};
    pdm_heterogeneity h;
    pdm_error err;
    must(pdm_heterogeneity_test(effects, se, 2, &h, &err), &err);
    vector_check(c, "z", h.z);
    vector_check_with_log(c, "p", h.p, h.log_p);
}

static int32_t type_of(double number) {
    static const double types[] = {7, 1, 2, 6, 8};
    for (int32_t i = 0; i < 5; i++) {
        if (types[i] == number) return i;
    }
    abort();
}

static int compare_numbers(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void run_quantile(vector_case *c) {
    static const double types[] = {1, 2, 6, 7, 8};
    double x[MOST];
    int32_t n = read_numbers(c, "x", x);
    qsort(x, (size_t)n, sizeof *x, compare_numbers);
    for (int32_t i = 0; i < 5; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "type%d", (int)types[i]);
        vector_check(c, key, pdm_quantile_sorted(x, (size_t)n, vector_real(c, "p"), type_of(types[i])));
    }
}

static void run_winsor(vector_case *c) {
    double x[MOST];
    pdm_winsor_options o = pdm_winsor_options_default();
    pdm_winsorised w;
    pdm_error err;
    int32_t n = read_numbers(c, "x", x);
    o.upper = vector_real(c, "p");
    o.ignore_zeros = vector_real(c, "ignore_zeros") == 1;
    o.type = type_of(vector_real(c, "type"));
    must(pdm_winsorise(NULL, x, (size_t)n, &o, NULL, &w, &err), &err);
    vector_check(c, "cap", w.cap_high);
    vector_check(c, "mean", w.mean);
    vector_check(c, "variance", w.variance);
    vector_check(c, "n_capped", (double)w.n_high);
}

static void run_ranks(vector_case *c) {
    pdm_interval ranks;
    double least = 0;
    pdm_error err;
    must(pdm_quantile_ranks(vector_real(c, "n"), vector_real(c, "nu"), vector_real(c, "conf"), &ranks, &least, &err),
         &err);
    vector_check(c, "rank_low", ranks.low);
    vector_check(c, "rank_high", ranks.high);
    vector_check(c, "min_n_for_upper", least);
}

static void run_trend(vector_case *c) {
    double days[MOST];
    double effects[MOST];
    double se[MOST];
    pdm_trend t;
    pdm_error err;
    (void)read_numbers(c, "effect", effects);
    (void)read_numbers(c, "se", se);
    must(pdm_effect_trend(days, effects, se, read_numbers(c, "day", days), &t, &err), &err);
    vector_check(c, "slope", t.slope);
    vector_check(c, "slope_se", t.slope_se);
    vector_check(c, "z", t.z);
    vector_check_with_log(c, "p", t.p, t.log_p);
}

int main(void) {
    static const vector_handler handlers[] = {
        {"cmh", run_cmh},
        {"heterogeneity", run_heterogeneity},
        {"segment_interaction", run_interaction},
        {"quantile", run_quantile},
        {"winsor_upper", run_winsor},
        {"quantile_rank_interval", run_ranks},
        {"novelty_trend_wls", run_trend},
    };
    return vectors_run("experiment/segments_robust.json", handlers, sizeof handlers / sizeof *handlers);
}
