/* Conformance vectors of the sample ratio mismatch. */
#include "vectors.h"

#include <pdmetrics/stats/srm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

static pdm_srm test_of(const vector_case *c, const int64_t *observed, const double *weights, int32_t arms,
                       int32_t method) {
    pdm_srm_options o = pdm_srm_options_default();
    pdm_srm out;
    pdm_error err;
    o.method = method;
    o.concentration = vector_real_or(c, "concentration", 0);
    if (pdm_srm_test(observed, weights, arms, &o, &out, &err) == PDM_OK) return out;
    (void)printf("%s: %s: %s\n", c->id, err.column, err.message);
    abort();
}

static void run_lists(vector_case *c, int32_t method) {
    const json *counts = json_member(c->in, "observed");
    const json *shares = json_member(c->in, "weights");
    int64_t observed[MOST];
    double weights[MOST];
    if (counts->count > MOST || counts->count != shares->count) abort();
    for (size_t i = 0; i < counts->count; i++) {
        observed[i] = (int64_t)json_number(json_at(counts, i));
        weights[i] = json_number(json_at(shares, i));
    }
    pdm_srm srm = test_of(c, observed, weights, (int32_t)counts->count, method);
    vector_check(c, "chi2", srm.chi2);
    vector_check(c, "df", srm.df);
    vector_check_with_log(c, "p", srm.p, srm.log_p);
    vector_check(c, "log_bayes_factor", srm.log_bayes_factor);
    vector_check_with_log(c, "p_always_valid", srm.p, srm.log_p);
}

static void run_chi2(vector_case *c) { run_lists(c, PDM_SRM_CHI2); }
static void run_sequential(vector_case *c) { run_lists(c, PDM_SRM_SEQUENTIAL); }

static void run_two(vector_case *c, int32_t method) {
    int64_t k = vector_int(c, "k");
    double p = vector_real(c, "p");
    const int64_t observed[2] = {k, vector_int(c, "n") - k};
    const double weights[2] = {p, 1 - p};
    pdm_srm srm = test_of(c, observed, weights, 2, method);
    vector_check_with_log(c, "p", srm.p, srm.log_p);
}

static void run_binomial(vector_case *c) { run_two(c, PDM_SRM_EXACT); }
static void run_z(vector_case *c) { run_two(c, PDM_SRM_Z_CC); }

int main(void) {
    static const vector_handler handlers[] = {
        {"srm_chi2", run_chi2},
        {"srm_binom", run_binomial},
        {"srm_z", run_z},
        {"srm_sequential_dirichlet", run_sequential},
    };
    return vectors_run("experiment/srm.json", handlers, sizeof handlers / sizeof *handlers);
}
