/* Calculators `rate_mix` (a ratio: inner and mix) and `sum_mix` (a sum of count × mean: inner and mix). */
#include "plan/registry.h"

#include <pdmetrics/plan/change.h>

/* ---- rate_mix ---- */

enum { GROUP_NAME, GROUP_N0, GROUP_D0, GROUP_N1, GROUP_D1 };

static const char *const reference_names[] = {"old_mean", "new_mean", "none", "symmetric", NULL};

static const pdm_column_info group_columns[] = {
    [GROUP_NAME] = PDM__COLUMN_OR_NULL("group", PDM_ROLE_KEY, "", "Group; default: its row number."),
    [GROUP_N0] = PDM__COLUMN("numerator0", PDM_ROLE_FLOAT, "", "Numerator of its rate before."),
    [GROUP_D0] = PDM__COLUMN("denominator0", PDM_ROLE_FLOAT, "", "Denominator before; 0 = new group."),
    [GROUP_N1] = PDM__COLUMN("numerator1", PDM_ROLE_FLOAT, "", "Numerator after."),
    [GROUP_D1] = PDM__COLUMN("denominator1", PDM_ROLE_FLOAT, "", "Denominator after; 0 = lost group."),
};
static const pdm_list_info rate_mix_inputs[] = {
    PDM__INPUT("groups", group_columns, PDM_INPUT_ROWS, "Groups before and after.")};
static const pdm__column_rule rate_mix_rules[] = {
    {0, GROUP_D0, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, GROUP_D1, PDM_E_BAD_COUNT, 0.0, PDM__INF},
};
static const pdm_option_info rate_mix_options[] = {
    PDM__OPTION_STRICT(pdm_rate_mix_options),
    PDM__OPTION_ENUM(pdm_rate_mix_options, reference, reference_names,
                     "Rate a group is compared with in its mix effect; the totals do not depend on it."),
};
#define MIX_RESULTS(unit)                                                                                              \
    PDM__RESULT("inner", PDM_TYPE_FLOAT64, unit, "Effect of its own change."),                                         \
        PDM__RESULT("mix", PDM_TYPE_FLOAT64, unit, "Effect of its weight's change."),                                  \
        PDM__RESULT("new", PDM_TYPE_FLOAT64, unit, "Effect of a group that was not there before."),                    \
        PDM__RESULT("lost", PDM_TYPE_FLOAT64, unit, "Effect of a group that is gone.")
static const pdm_result_column_info rate_group_columns[] = {
    PDM__RESULT("group", PDM_TYPE_NONE, "", "Group."),
    PDM__RESULT("share0", PDM_TYPE_FLOAT64, "of the denominators", "Its share before."),
    PDM__RESULT("share1", PDM_TYPE_FLOAT64, "of the denominators", "Its share after."),
    PDM__RESULT("rate0", PDM_TYPE_FLOAT64, "", "Its rate before."),
    PDM__RESULT("rate1", PDM_TYPE_FLOAT64, "", "Its rate after."),
    MIX_RESULTS("as the rate"),
};
static const pdm_result_column_info rate_summary_columns[] = {
    PDM__RESULT("reference", PDM_TYPE_DICTIONARY, "", "Rate that groups were compared with."),
    PDM__RESULT("rate0", PDM_TYPE_FLOAT64, "", "Ratio of the sums before."),
    PDM__RESULT("rate1", PDM_TYPE_FLOAT64, "", "Ratio of the sums after."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "as the rate", "rate1 − rate0."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the rate", "Σ effects − total."),
    MIX_RESULTS("as the rate"),
    PDM__RESULT_STATUS,
};
static const pdm_table_info rate_mix_tables[] = {
    PDM__TABLE("groups", rate_group_columns, "A group."),
    PDM__TABLE("summary", rate_summary_columns, "One row: sums over the groups."),
};

typedef struct sides {
    double share[2];
    double rate[2];
} sides;

/* inner, mix, new, lost of a group. */
static void rate_effects(const sides *s, int32_t reference, const double mean[2], double out[4]) {
    double ref = reference == PDM_RATE_MIX_NEW_MEAN    ? mean[1]
                 : reference == PDM_RATE_MIX_NONE      ? 0.0
                 : reference == PDM_RATE_MIX_SYMMETRIC ? (mean[0] + mean[1]) / 2.0
                                                       : mean[0];
    bool symmetric = reference == PDM_RATE_MIX_SYMMETRIC;
    for (int32_t e = 0; e < 4; e++) out[e] = 0.0;
    if (isnan(s->rate[0]) && isnan(s->rate[1])) return;
    if (isnan(s->rate[0])) {
        out[2] = s->share[1] * (s->rate[1] - ref);
    } else if (isnan(s->rate[1])) {
        out[3] = -s->share[0] * (s->rate[0] - ref);
    } else {
        double share = symmetric ? (s->share[0] + s->share[1]) / 2.0 : s->share[1];
        double rate = symmetric ? (s->rate[0] + s->rate[1]) / 2.0 : s->rate[0];
        out[0] = share * (s->rate[1] - s->rate[0]);
        out[1] = (s->share[1] - s->share[0]) * (rate - ref);
    }
}

static pdm_status rate_mix_run(pdm__calc *calc, pdm_error *err) {
    const pdm_rate_mix_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    const pdm__values *c = in->columns;
    pdm__sum sums[4];
    pdm__sum effects[4];
    pdm__rows out;
    memset(sums, 0, sizeof sums);
    memset(effects, 0, sizeof effects);
    for (int64_t i = 0; i < in->rows; i++) {
        for (int32_t k = 0; k < 4; k++) pdm__sum_add(&sums[k], c[GROUP_N0 + k].f64[i]);
    }
    double base[2] = {pdm__sum_of(&sums[1]), pdm__sum_of(&sums[3])};
    double mean[2] = {base[0] == 0.0 ? PDM__NAN : pdm__sum_of(&sums[0]) / base[0],
                      base[1] == 0.0 ? PDM__NAN : pdm__sum_of(&sums[2]) / base[1]};
    bool defined = isfinite(mean[0]) && isfinite(mean[1]);
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &c[GROUP_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        sides s;
        double effect[4];
        for (int32_t k = 0; k < 2; k++) {
            double d = c[k == 0 ? GROUP_D0 : GROUP_D1].f64[i];
            s.share[k] = base[k] == 0.0 ? PDM__NAN : d / base[k];
            s.rate[k] = d == 0.0 ? PDM__NAN : c[k == 0 ? GROUP_N0 : GROUP_N1].f64[i] / d;
        }
        rate_effects(&s, chosen->reference, mean, effect);
        pdm__put_key(&out, 0, i, &c[GROUP_NAME], i);
        for (int32_t k = 0; k < 2; k++) pdm__put_float(&out, 1 + k, i, s.share[k]);
        for (int32_t k = 0; k < 2; k++) pdm__put_float(&out, 3 + k, i, s.rate[k]);
        for (int32_t e = 0; e < 4; e++) {
            pdm__put_float(&out, 5 + e, i, defined ? effect[e] : PDM__NAN);
            pdm__sum_add(&effects[e], effect[e]);
        }
    }
    PDM__TRY(pdm__rows_end(&out));
    pdm__sum all = {0.0, 0.0};
    for (int32_t e = 0; e < 4; e++) pdm__sum_add(&all, pdm__sum_of(&effects[e]));
    double closure = pdm__sum_of(&all) - (mean[1] - mean[0]);
    /* Without a reference new and lost groups keep their whole rate; then the effects still add up. */
    bool closes = fabs(closure) <= 1e-12 * (fabs(mean[0]) + fabs(mean[1]));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->reference, reference_names);
    pdm__put_float(&out, 1, 0, mean[0]);
    pdm__put_float(&out, 2, 0, mean[1]);
    pdm__put_float(&out, 3, 0, mean[1] - mean[0]);
    pdm__put_float(&out, 4, 0, closure);
    for (int32_t e = 0; e < 4; e++) pdm__put_float(&out, 5 + e, 0, defined ? pdm__sum_of(&effects[e]) : PDM__NAN);
    pdm__put_status(&out, 9, 0,
                    !defined ? PDM_STATUS_ZERO_BASE
                    : closes ? PDM_STATUS_OK
                             : PDM_STATUS_CLOSURE,
                    "the denominators sum to 0");
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(rate_mix, pdm_rate_mix_options, "Rate and mix", "比率的内因与结构",
                "How much of a change of a ratio is the groups' own rates and how much their mix.");

/* ---- sum_mix ---- */

enum { SUM_NAME, SUM_N0, SUM_M0, SUM_N1, SUM_M1 };

static const pdm_column_info sum_columns[] = {
    [SUM_NAME] = PDM__COLUMN_OR_NULL("group", PDM_ROLE_KEY, "", "Group; default: its row number."),
    [SUM_N0] = PDM__COLUMN("count0", PDM_ROLE_FLOAT, "", "Count before; 0 = new group."),
    [SUM_M0] = PDM__COLUMN_OR_NULL("mean0", PDM_ROLE_FLOAT, "", "Mean before; may be null for a new group."),
    [SUM_N1] = PDM__COLUMN("count1", PDM_ROLE_FLOAT, "", "Count after; 0 = lost group."),
    [SUM_M1] = PDM__COLUMN_OR_NULL("mean1", PDM_ROLE_FLOAT, "", "Mean after; may be null for a lost group."),
};
static const pdm_list_info sum_mix_inputs[] = {
    PDM__INPUT("groups", sum_columns, PDM_INPUT_ROWS, "Groups before and after.")};
static const pdm__column_rule sum_mix_rules[] = {
    {0, SUM_N0, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, SUM_N1, PDM_E_BAD_COUNT, 0.0, PDM__INF},
};
static const pdm_option_info sum_mix_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info sum_group_columns[] = {
    PDM__RESULT("group", PDM_TYPE_NONE, "", "Group."),
    MIX_RESULTS("as the sum"),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "as the sum", "count1 · mean1 − count0 · mean0."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info sum_summary_columns[] = {
    PDM__RESULT("v0", PDM_TYPE_FLOAT64, "", "Sum before."),
    PDM__RESULT("v1", PDM_TYPE_FLOAT64, "", "Sum after."),
    MIX_RESULTS("as the sum"),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "as the sum", "v1 − v0."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info sum_mix_tables[] = {
    PDM__TABLE("groups", sum_group_columns, "A group."),
    PDM__TABLE("summary", sum_summary_columns, "One row: sums over the groups."),
};

static pdm_status sum_mix_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    const pdm__values *c = in->columns;
    pdm__sum sums[6];
    pdm__rows out;
    int32_t worst = PDM_STATUS_OK;
    memset(sums, 0, sizeof sums);
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &c[SUM_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double n0 = c[SUM_N0].f64[i];
        double n1 = c[SUM_N1].f64[i];
        double m0 = pdm__number(&c[SUM_M0], i, PDM__NAN);
        double m1 = pdm__number(&c[SUM_M1], i, PDM__NAN);
        double ends[2] = {n0 == 0.0 ? 0.0 : n0 * m0, n1 == 0.0 ? 0.0 : n1 * m1};
        double effect[4] = {0.0, 0.0, 0.0, 0.0};
        if (n0 > 0.0 && n1 > 0.0) {
            effect[0] = n0 * (m1 - m0);
            effect[1] = (n1 - n0) * m1;
        } else {
            effect[2] = ends[1];
            effect[3] = -ends[0];
        }
        int32_t status = isnan(ends[0]) || isnan(ends[1]) ? PDM_STATUS_MISSING : PDM_STATUS_OK;
        if (status != PDM_STATUS_OK) worst = status;
        pdm__put_key(&out, 0, i, &c[SUM_NAME], i);
        for (int32_t e = 0; e < 4; e++) {
            pdm__put_float(&out, 1 + e, i, effect[e]);
            pdm__sum_add(&sums[e], effect[e]);
        }
        for (int32_t k = 0; k < 2; k++) pdm__sum_add(&sums[4 + k], ends[k]);
        pdm__put_float(&out, 5, i, ends[1] - ends[0]);
        pdm__put_status(&out, 6, i, status, "a mean is missing");
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, pdm__sum_of(&sums[4]));
    pdm__put_float(&out, 1, 0, pdm__sum_of(&sums[5]));
    for (int32_t e = 0; e < 4; e++) pdm__put_float(&out, 2 + e, 0, pdm__sum_of(&sums[e]));
    pdm__put_float(&out, 6, 0, pdm__sum_of(&sums[5]) - pdm__sum_of(&sums[4]));
    pdm__put_status(&out, 7, 0, worst, NULL);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(sum_mix, pdm_plan_options, "Sums of count and mean", "总量的内因与结构",
                "How much of a change of a sum is the groups' means and how much their counts.");
