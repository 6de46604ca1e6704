/* Conformance vectors of one and two rates, and of margins. */
#include "vectors.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/proportion.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(pdm_status status, const pdm_error *err) {
    if (status == PDM_OK) return;
    (void)printf("%s: %s\n", err->column, err->message);
    abort();
}

static pdm_two_proportions counts_of(const vector_case *c) {
    return (pdm_two_proportions){vector_int(c, "xc"), vector_int(c, "nc"), vector_int(c, "xt"), vector_int(c, "nt")};
}

static pdm_test test_of(const vector_case *c, int32_t kind, int32_t alternative) {
    pdm_two_proportions counts = counts_of(c);
    pdm_test test;
    pdm_error err;
    must(pdm_proportion_test(&counts, kind, alternative, &test, &err), &err);
    return test;
}

static int32_t method_of(const vector_case *c, const char *const *names, int32_t count) {
    const char *method = vector_text(c, "method");
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(names[i], method) == 0) return i;
    }
    abort();
}

/* --------------------------------------------------------------------------------------------------------------- tests */

static void run_pooled(vector_case *c) {
    pdm_test two = test_of(c, PDM_TEST_POOLED, PDM_TWO_SIDED);
    pdm_test corrected = test_of(c, PDM_TEST_POOLED_CC, PDM_TWO_SIDED);
    pdm_test greater = test_of(c, PDM_TEST_POOLED, PDM_GREATER);
    pdm_test less = test_of(c, PDM_TEST_POOLED, PDM_LESS);
    vector_check_text(c, "status", pdm_row_status_name(two.status));
    vector_check(c, "z", two.statistic);
    vector_check(c, "se", two.se);
    vector_check(c, "chi2", two.statistic * two.statistic);
    vector_check_with_log(c, "p_two_sided", two.p, two.log_p);
    vector_check_with_log(c, "p_greater", greater.p, greater.log_p);
    vector_check_with_log(c, "p_less", less.p, less.log_p);
    vector_check(c, "z_cc", corrected.statistic);
    vector_check_with_log(c, "p_two_sided_cc", corrected.p, corrected.log_p);
}

static void run_unpooled(vector_case *c) {
    pdm_test test = test_of(c, PDM_TEST_UNPOOLED, PDM_TWO_SIDED);
    vector_check(c, "z", test.statistic);
    vector_check(c, "se", test.se);
    vector_check_with_log(c, "p_two_sided", test.p, test.log_p);
}

static void run_yates(vector_case *c) {
    pdm_test test = test_of(c, PDM_TEST_CHI2_YATES, PDM_TWO_SIDED);
    vector_check(c, "chi2", test.statistic);
    vector_check_with_log(c, "p", test.p, test.log_p);
}

static void run_g(vector_case *c) {
    pdm_test test = test_of(c, PDM_TEST_G, PDM_TWO_SIDED);
    vector_check(c, "g", test.statistic);
    vector_check_with_log(c, "p", test.p, test.log_p);
}

static void run_fisher(vector_case *c) {
    static const struct {
        const char *key;
        int32_t kind;
        int32_t alternative;
    } sides[] = {{"two_sided", PDM_TEST_FISHER, PDM_TWO_SIDED},
                 {"greater", PDM_TEST_FISHER, PDM_GREATER},
                 {"less", PDM_TEST_FISHER, PDM_LESS},
                 {"mid_p_two_sided", PDM_TEST_MIDP, PDM_TWO_SIDED}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        pdm_test test = test_of(c, sides[i].kind, sides[i].alternative);
        vector_check_with_log(c, sides[i].key, test.p, test.log_p);
    }
}

/* A product's own pair: pooled p with the Wald interval. */
static void run_spotify(vector_case *c) {
    pdm_two_proportions k = counts_of(c);
    pdm_test test = test_of(c, PDM_TEST_POOLED, PDM_TWO_SIDED);
    pdm_interval wald;
    must(pdm_proportion_difference(&k, PDM_DIFFERENCE_WALD, PDM_TWO_SIDED, vector_real(c, "conf"), &wald, NULL), NULL);
    vector_check(c, "p", test.p);
    vector_check(c, "low", wald.low);
    vector_check(c, "high", wald.high);
    vector_check(c, "diff", 0.5 * (wald.low + wald.high));
}

/* ----------------------------------------------------------------------------------------------------------- intervals */

static void run_rate(vector_case *c) {
    static const char *const methods[] = {"wilson",   "wilson_cc",     "clopper_pearson",
                                          "jeffreys", "agresti_coull", "wald"};
    pdm_interval interval;
    pdm_error err;
    must(pdm_proportion_interval(vector_int(c, "x"), vector_int(c, "n"), method_of(c, methods, 6),
                                 vector_real(c, "conf"), &interval, &err),
         &err);
    vector_check(c, "low", interval.low);
    vector_check(c, "high", interval.high);
}

static void run_difference(vector_case *c) {
    static const char *const methods[] = {"mee",         "miettinen_nurminen", "newcombe",
                                          "newcombe_cc", "agresti_caffo",      "wald"};
    pdm_two_proportions counts = counts_of(c);
    pdm_interval interval;
    pdm_error err;
    must(pdm_proportion_difference(&counts, method_of(c, methods, 6), PDM_TWO_SIDED, vector_real(c, "conf"), &interval,
                                   &err),
         &err);
    vector_check(c, "low", interval.low);
    vector_check(c, "high", interval.high);
}

static pdm_lift lift_of(const vector_case *c, int32_t method) {
    pdm_two_proportions counts = counts_of(c);
    pdm_lift lift;
    pdm_error err;
    must(pdm_proportion_lift(&counts, method, PDM_TWO_SIDED, vector_real(c, "conf"), &lift, &err), &err);
    return lift;
}

static void run_ratio(vector_case *c) {
    static const char *const methods[] = {"koopman", "log", "log_adjusted"};
    pdm_lift lift = lift_of(c, method_of(c, methods, 3));
    vector_check(c, "low", lift.low + 1);
    vector_check(c, "high", lift.high + 1);
}

static void run_fieller(vector_case *c) {
    pdm_lift lift = lift_of(c, PDM_RATIO_FIELLER);
    vector_check(c, "g", lift.g);
    vector_check_or_status(c, "low", lift.low, lift.status == PDM_STATUS_UNBOUNDED);
    vector_check_or_status(c, "high", lift.high, lift.status == PDM_STATUS_UNBOUNDED);
}

static void run_delta(vector_case *c) {
    pdm_lift lift = lift_of(c, PDM_RATIO_DELTA);
    vector_check(c, "lift", lift.lift);
    vector_check(c, "se", lift.se);
    vector_check(c, "low", lift.low);
    vector_check(c, "high", lift.high);
}

/* ------------------------------------------------------------------------------------------------------------- margins */

static pdm_test against(const vector_case *c, int32_t method, double margin, int32_t alternative) {
    pdm_two_proportions counts = counts_of(c);
    pdm_test test;
    pdm_error err;
    must(pdm_proportion_margin_test(&counts, method, PDM_SCALE_DIFFERENCE, alternative, margin, &test, &err), &err);
    return test;
}

static void run_margins(vector_case *c) {
    static const char *const prefixes[] = {"fm", "mn", "wald"};
    double margin = vector_real(c, "margin");
    for (int32_t method = 0; method < 3; method++) {
        char key[64];
        pdm_test lower = against(c, method, -margin, PDM_GREATER);
        pdm_test upper = against(c, method, margin, PDM_LESS);
        (void)snprintf(key, sizeof key, "%s_z_lower", prefixes[method]);
        vector_check(c, key, lower.statistic);
        (void)snprintf(key, sizeof key, "%s_p_noninferior", prefixes[method]);
        vector_check(c, key, lower.p);
        (void)snprintf(key, sizeof key, "%s_p_not_superior_by_margin", prefixes[method]);
        vector_check(c, key, upper.p);
        (void)snprintf(key, sizeof key, "%s_p_tost", prefixes[method]);
        vector_check(c, key, lower.p > upper.p ? lower.p : upper.p);
    }
}

int main(void) {
    static const vector_handler rates[] = {{"prop_ci", run_rate}};
    static const vector_handler pairs[] = {
        {"prop2_z_pooled", run_pooled},  {"prop2_z_unpooled", run_unpooled},
        {"prop2_chi2_yates", run_yates}, {"prop2_g", run_g},
        {"prop2_fisher", run_fisher},    {"prop2_diff_ci", run_difference},
        {"prop2_ratio_ci", run_ratio},   {"prop2_lift_fieller", run_fieller},
        {"prop2_lift_delta", run_delta}, {"spotify_chi2", run_spotify},
        {"tea_prop_norm", NULL},  /* an interval with pooled variance: another product's convention */
        {"prop2_boschloo", NULL}, /* a later release */
    };
    static const vector_handler margins[] = {{"prop_ni_tost", run_margins}, {"mean_tost_welch", NULL}};
    int result = vectors_run("experiment/proportion_ci.json", rates, 1);
    int next = vectors_run("experiment/proportions.json", pairs, sizeof pairs / sizeof *pairs);
    result = result > next ? result : next;
    next = vectors_run("experiment/noninferiority_tost.json", margins, 2);
    return result > next ? result : next;
}
