/* Conformance vectors of families of comparisons. */
#include "vectors.h"

#include <pdmetrics/stats/multiplicity.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

static void must(pdm_status status, const pdm_error *err) {
    if (status == PDM_OK) return;
    (void)printf("%s: %s\n", err->column, err->message);
    abort();
}

static size_t read_p(const vector_case *c, double *p) {
    const json *list = json_member(c->in, "p");
    if (list->count > MOST) abort();
    for (size_t i = 0; i < list->count; i++) p[i] = json_number(json_at(list, i));
    return list->count;
}

static void run_adjust(vector_case *c) {
    static const char *const methods[] = {"none", "bonferroni", "holm",       "hochberg", "bh",
                                          "by",   "sidak",      "holm_sidak", "hommel"};
    double p[MOST];
    pdm_error err;
    size_t m = read_p(c, p);
    int32_t method = 0;
    while (strcmp(methods[method], vector_text(c, "method")) != 0) method++;
    must(pdm_p_adjust(NULL, p, m, method, p, &err), &err);
    vector_check_list(c, "adjusted", p, m);
}

static void run_bh_alpha(vector_case *c) {
    double p[MOST];
    pdm_error err;
    size_t m = read_p(c, p);
    must(pdm_p_adjust_alphas(NULL, p, m, PDM_ADJUST_BH, vector_real(c, "alpha"), p, &err), &err);
    vector_check(c, "alpha", p[0]);
}

static void run_weighted(vector_case *c) {
    double primary = 0;
    double other = 0;
    pdm_error err;
    must(pdm_weighted_alphas(vector_real(c, "alpha"), vector_real(c, "gamma"), (int32_t)vector_int(c, "variants"),
                             (int32_t)vector_int(c, "metrics"), &primary, &other, &err),
         &err);
    vector_check(c, "alpha_primary", primary);
    vector_check(c, "alpha_other", other);
}

/* The common correlation is λ². */
static int32_t read_lambda(const vector_case *c, double *lambda) {
    int32_t k = (int32_t)vector_int(c, "treatments");
    for (int32_t i = 0; i < k; i++) lambda[i] = sqrt(vector_real(c, "rho"));
    return k;
}

static void run_dunnett_p(vector_case *c) {
    double lambda[MOST];
    double p = 0;
    pdm_error err;
    int32_t k = read_lambda(c, lambda);
    must(pdm_dunnett_p(vector_real(c, "t"), lambda, k, vector_real(c, "df"), &p, &err), &err);
    vector_check(c, "p", p);
}

static void run_dunnett_critical(vector_case *c) {
    double lambda[MOST];
    double critical = 0;
    pdm_error err;
    int32_t k = read_lambda(c, lambda);
    must(pdm_dunnett_critical(vector_real(c, "alpha_two_sided"), lambda, k, vector_real(c, "df"), &critical, &err),
         &err);
    vector_check(c, "c", critical);
}

int main(void) {
    static const vector_handler handlers[] = {
        {"p_adjust", run_adjust},
        {"bh_corrected_alpha", run_bh_alpha},
        {"preferential_bonferroni", run_weighted},
        {"dunnett_p", run_dunnett_p},
        {"dunnett_critical", run_dunnett_critical},
    };
    return vectors_run("experiment/multiplicity.json", handlers, sizeof handlers / sizeof *handlers);
}
