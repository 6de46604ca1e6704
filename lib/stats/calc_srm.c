/* Calculator `srm`: was the traffic split as planned? */
#include "stats/groups.h"
#include "stats/registry.h"

#include <pdmetrics/stats/calculators.h>
#include <pdmetrics/stats/srm.h>

#include <stdio.h>

#define MOST_ARMS 64

enum { ARM_VARIANT, ARM_UNITS, ARM_WEIGHT, ARM_NAME };

static const char *const method_names[] = {"auto", "chi2", "exact", "z_cc", "sequential", NULL};

static const pdm_column_info arm_columns[] = {
    [ARM_VARIANT] = PDM__COLUMN_OR_NULL("variant", PDM_ROLE_TEXT, "", "Arm; default: its number within the split."),
    [ARM_UNITS] = PDM__COLUMN("units", PDM_ROLE_FLOAT, "units", "Units it has: a whole number."),
    [ARM_WEIGHT] = PDM__COLUMN_OR_NULL("weight", PDM_ROLE_FLOAT, "", "Its planned share, of any sum; default: equal."),
    [ARM_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "",
                                     "Split (experiment, segment) the arm is of; default: all rows are one split."),
};
static const pdm_list_info srm_inputs[] = {
    PDM__INPUT("arms", arm_columns, PDM_INPUT_ROWS, "Arms; those with the same name are one split.")};
static const pdm__column_rule srm_rules[] = {{0, ARM_WEIGHT, PDM_E_BAD_WEIGHTS, 0.0, PDM__INF}};
static const pdm_option_info srm_options[] = {
    PDM__OPTION_STRICT(pdm_srm_test_options),
    PDM__OPTION_ENUM(pdm_srm_test_options, method, method_names,
                     "chi2; exact; z_cc (two arms, continuity correction); sequential holds at every look; auto is "
                     "chi2, but exact where an expected count is below 5."),
    PDM__OPTION_FLOAT(pdm_srm_test_options, alpha, 0.001, "", "Level: a false alarm voids a good experiment."),
    PDM__OPTION_FLOAT(pdm_srm_test_options, concentration, 10000.0, "",
                      "sequential: how near the planned split deviations are expected."),
};
static const pdm_result_column_info test_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "The one used."),
    PDM__RESULT("arms", PDM_TYPE_INT64, "", "Arms of positive weight."),
    PDM__RESULT("n", PDM_TYPE_INT64, "units", "Units in all arms."),
    PDM__RESULT("chi2", PDM_TYPE_FLOAT64, "", "χ² of chi2, z² of z_cc."),
    PDM__RESULT("df", PDM_TYPE_FLOAT64, "", "Its degrees of freedom."),
    PDM__RESULT("p", PDM_TYPE_FLOAT64, "", "p-value; sequential: it holds at every look."),
    PDM__RESULT("log_p", PDM_TYPE_FLOAT64, "", "Its natural logarithm; −∞ for traffic in an arm of weight 0."),
    PDM__RESULT("p_adjusted", PDM_TYPE_FLOAT64, "", "p times the number of splits, at most 1: for segments."),
    PDM__RESULT("log_bayes_factor", PDM_TYPE_FLOAT64, "", "sequential: ln of the evidence for a mismatch."),
    PDM__RESULT("alpha", PDM_TYPE_FLOAT64, "", "Level asked for."),
    PDM__RESULT("status", PDM_TYPE_DICTIONARY, "", "ok, mismatch (p < alpha), no_data, single_arm."),
    PDM__RESULT("warnings", PDM_TYPE_LARGE_UTF8, "", "low_expected, traffic_in_zero_weight_arm; null = none."),
};
static const pdm_result_column_info arm_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "As given."),
    PDM__RESULT("variant", PDM_TYPE_LARGE_UTF8, "", "As given; its number in the split."),
    PDM__RESULT("observed", PDM_TYPE_INT64, "units", "Units it has."),
    PDM__RESULT("expected", PDM_TYPE_FLOAT64, "units", "Units it should have."),
    PDM__RESULT("share", PDM_TYPE_FLOAT64, "of n", "observed / n."),
    PDM__RESULT("planned", PDM_TYPE_FLOAT64, "of n", "Planned share."),
};
static const pdm_table_info srm_tables[] = {
    PDM__TABLE("test", test_results, "A split."),
    PDM__TABLE("arms", arm_results, "An arm, in the order of its split."),
};

/* A split: its arms gathered. */
typedef struct split {
    int64_t observed[MOST_ARMS];
    double weights[MOST_ARMS];
    int32_t arms;
    double weight; /* of all */
    double units;
} split;

static pdm_status read_split(const pdm__calc *calc, const pdm__groups *groups, int32_t g, split *out, pdm_error *err) {
    const pdm__values *cells = calc->sheets[0].columns;
    *out = (split){.arms = (int32_t)(groups->start[g + 1] - groups->start[g])};
    for (int32_t i = 0; i < out->arms; i++) {
        int64_t row = groups->rows[groups->start[g] + i];
        PDM__TRY(pdm__calc_whole(calc, 0, ARM_UNITS, row, PDM_E_BAD_COUNT, &out->observed[i], err));
        if (out->observed[i] < 0) {
            return pdm__calc_fail(calc, 0, ARM_UNITS, row, PDM_E_BAD_COUNT, err, "%lld; 0 or more units expected",
                                  (long long)out->observed[i]);
        }
        out->weights[i] = pdm__number(&cells[ARM_WEIGHT], row, 1.0);
        out->weight += out->weights[i];
        out->units += (double)out->observed[i];
    }
    return PDM_OK;
}

static const char *warning_text(int32_t warnings) {
    if ((warnings & PDM_WARNING_ZERO_WEIGHT_TRAFFIC) != 0) return "traffic_in_zero_weight_arm";
    return (warnings & PDM_WARNING_LOW_EXPECTED) != 0 ? "low_expected" : NULL;
}

static void put_test(pdm__rows *out, int64_t row, const pdm_srm *test, int32_t splits, double alpha) {
    const double numbers[] = {
        test->chi2, test->df, test->p, test->log_p, fmin(1.0, test->p * splits), test->log_bayes_factor, alpha};
    pdm__put_code(out, 1, row, test->method, method_names);
    pdm__put_int(out, 2, row, test->arms);
    pdm__put_int(out, 3, row, test->n);
    for (int32_t c = 0; c < PDM__COUNT(numbers); c++) pdm__put_limit(out, c + 4, row, numbers[c]);
    pdm__put_status(out, 11, row, test->status, "the split is not the planned one, or cannot be judged");
    pdm__put_text(out, 12, row, warning_text(test->warnings));
}

static void put_arms(pdm__rows *out, const pdm__calc *calc, const pdm__groups *groups, int32_t g, const split *s) {
    const pdm__values *cells = calc->sheets[0].columns;
    for (int32_t i = 0; i < s->arms; i++) {
        int64_t at = groups->start[g] + i;
        char number[16];
        (void)snprintf(number, sizeof number, "%d", i);
        pdm__put_key(out, 0, at, &cells[ARM_NAME], groups->rows[groups->start[g]]);
        pdm__put_text(out, 1, at, pdm__text_at(&cells[ARM_VARIANT], groups->rows[at], number));
        pdm__put_int(out, 2, at, s->observed[i]);
        pdm__put_float(out, 3, at, s->units * s->weights[i] / s->weight);
        pdm__put_float(out, 4, at, pdm__over((double)s->observed[i], s->units));
        pdm__put_float(out, 5, at, s->weights[i] / s->weight);
    }
}

static pdm_status srm_run(pdm__calc *calc, pdm_error *err) {
    const pdm_srm_test_options *chosen = calc->options;
    const pdm__values *name = &calc->sheets[0].columns[ARM_NAME];
    pdm_srm_options options = pdm_srm_options_default();
    pdm__groups groups;
    pdm__rows tests;
    pdm__rows arms;
    options.method = chosen->method;
    options.alpha = chosen->alpha;
    options.concentration = chosen->concentration;
    PDM__TRY(pdm__groups_make(calc, ARM_NAME, &groups, err));
    PDM__TRY(pdm__groups_check(calc, &groups, ARM_VARIANT, MOST_ARMS, err));
    PDM__TRY(pdm__rows_begin(calc, 0, groups.count, name, &tests, err));
    PDM__TRY(pdm__rows_begin(calc, 1, calc->sheets[0].rows, name, &arms, err));
    for (int32_t g = 0; g < groups.count; g++) {
        split s;
        pdm_srm test;
        PDM__TRY(pdm__calc_poll(calc, 64, err));
        PDM__TRY(read_split(calc, &groups, g, &s, err));
        pdm_status status = pdm_srm_test(s.observed, s.weights, s.arms, &options, &test, err);
        if (status != PDM_OK) return pdm__groups_failed(calc, &groups, g, status, err);
        pdm__put_key(&tests, 0, g, name, groups.rows[groups.start[g]]);
        put_test(&tests, g, &test, groups.count, chosen->alpha);
        put_arms(&arms, calc, &groups, g, &s);
    }
    PDM__TRY(pdm__rows_end(&tests));
    return pdm__rows_end(&arms);
}

PDM__CALCULATOR(srm, pdm_srm_test_options, "Sample ratio mismatch", "样本比例检验",
                "Whether the traffic was split as planned; if not, no result of the experiment can be trusted.");
