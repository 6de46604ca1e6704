/* The best arm of a goal, and those that are not shown to be worse: all pairs of arms, Holm. */
#include "metrics/experiment_columns.h"
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"

#include <math.h>

/* All pairs of arms in one metric; of the control's pairs it is the control. */
typedef struct contest {
    pdm__experiment_effect *pairs;
    pdm__experiment_effect **members; /* those that have a p-value */
    int32_t count;
    int32_t at[PDM_EXPERIMENT_MAX_ARMS][PDM_EXPERIMENT_MAX_ARMS];
    double prob_best[PDM_EXPERIMENT_MAX_ARMS];
    double loss[PDM_EXPERIMENT_MAX_ARMS];
} contest;

/* Goals; if there is none the first metric. */
static bool is_asked(const pdm__experiment_plan *plan, int32_t metric) {
    bool goals = false;
    for (int32_t m = 0; m < plan->metric_count; m++) goals |= plan->metrics[m].role == EXPERIMENT_GOAL;
    return goals ? plan->metrics[metric].role == EXPERIMENT_GOAL : metric == 0;
}

static pdm_status meet(const pdm__experiment_work *work, int32_t metric, contest *c, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    size_t known = 0;
    c->count = 0;
    for (int32_t i = 0; i < plan->arm_count; i++) {
        for (int32_t j = i + 1; j < plan->arm_count; j++) {
            pdm__experiment_effect *e = &c->pairs[c->count];
            *e = (pdm__experiment_effect){.group = 0, .metric = metric, .arms = {i, j}};
            if (j == plan->control) e->arms = (pdm__experiment_pair_of_arms){j, i};
            PDM__TRY(pdm__experiment_compare_only(work, e, err));
            if (!isnan(e->p)) c->members[known++] = e;
            c->at[i][j] = c->at[j][i] = c->count++;
        }
        if (pdm__run_poll(work->run, 0)) return pdm__run_status(work->run, err);
    }
    return pdm__experiment_adjust(work, c->members, known, PDM_EXPERIMENT_ADJUST_HOLM, err);
}

/* One arm less the other. */
static double difference(const contest *c, int32_t arm, int32_t other) {
    if (arm == other) return 0;
    const pdm__experiment_effect *e = &c->pairs[c->at[arm][other]];
    return e->arms.treatment == arm ? e->diff : -e->diff;
}

/* The eligible arm with the best difference from the control; -1 if there is none. */
static int32_t find_best(const pdm__experiment_work *work, int32_t metric, const contest *c) {
    const pdm__experiment_plan *plan = work->plan;
    double sign = plan->metrics[metric].lower_is_better ? -1 : 1;
    bool decided = plan->options->required_n > 0;
    int32_t best = -1;
    double most = 0;
    for (int32_t a = 0; a < plan->arm_count; a++) {
        double gain = sign * difference(c, a, plan->control);
        bool eligible = decided ? work->kept[a] == 1 : !isnan(gain);
        if (!eligible || (best >= 0 && !(gain > most))) continue;
        best = a;
        most = gain;
    }
    /* Without a single comparison the control is no winner either. */
    bool alone = best == plan->control;
    for (int32_t a = 0; a < plan->arm_count && alone; a++)
        alone = a == plan->control || isnan(difference(c, a, plan->control));
    return alone ? -1 : best;
}

static pdm_status put_flag(pdm_table *t, int32_t column, int64_t row, bool known, bool value, pdm_error *err) {
    pdm__table_bool(t, column)[row] = known && value;
    return known ? PDM_OK : pdm__table_set_null(t, column, row, err);
}

static pdm_status put_arm(const pdm__experiment_work *work, int32_t metric, int32_t arm, int32_t best, const contest *c,
                          pdm_table *t, int64_t row, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    double sign = plan->metrics[metric].lower_is_better ? -1 : 1;
    pdm__experiment_moments moments;
    const pdm__experiment_effect *e = best < 0 || best == arm ? NULL : &c->pairs[c->at[arm][best]];
    double diff = best < 0 ? PDM__NAN : difference(c, arm, best);
    bool worse = e != NULL && e->significant && sign * diff < 0;
    pdm__experiment_moments_of(work, 0, arm, metric, &moments);
    PDM__TRY(pdm__table_put_string(t, BEST_METRIC, row, plan->metrics[metric].name, err));
    PDM__TRY(pdm__table_put_string(t, BEST_VARIANT, row, plan->arms[arm].name, err));
    PDM__TRY(pdm__experiment_put(t, BEST_VALUE, row, moments.mean, err));
    PDM__TRY(put_flag(t, BEST_KEPT, row, work->kept[arm] >= 0, work->kept[arm] == 1, err));
    pdm__table_bool(t, BEST_BEST)[row] = arm == best;
    PDM__TRY(pdm__experiment_put(t, BEST_DIFF, row, diff, err));
    PDM__TRY(pdm__experiment_put(t, BEST_P_ADJUSTED, row, e == NULL ? PDM__NAN : e->p_adjusted, err));
    PDM__TRY(put_flag(t, BEST_AS_GOOD, row, arm == best || (e != NULL && !isnan(e->p)), !worse, err));
    PDM__TRY(pdm__experiment_put(t, BEST_PROB_BEST, row, c->prob_best[arm], err));
    return pdm__experiment_put(t, BEST_EXPECTED_LOSS, row, c->loss[arm], err);
}

static pdm_status put_rows(const pdm__experiment_work *work, const pdm__experiment_work *two_sided, contest *c,
                           pdm_table *table, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    int64_t row = 0;
    for (int32_t m = 0; m < plan->metric_count; m++) {
        if (!is_asked(plan, m)) continue;
        PDM__TRY(meet(two_sided, m, c, err));
        PDM__TRY(pdm__experiment_chances(work, m, c->prob_best, c->loss, err));
        int32_t best = find_best(work, m, c);
        for (int32_t a = 0; a < plan->arm_count; a++, row++) PDM__TRY(put_arm(work, m, a, best, c, table, row, err));
    }
    return PDM_OK;
}

static pdm_status hold(pdm__experiment_work *work, const pdm__experiment_work *two_sided, pdm_table *table,
                       pdm_error *err) {
    size_t arms = (size_t)work->plan->arm_count;
    size_t pairs = arms * (arms - 1) / 2;
    contest c = {.pairs = NULL};
    PDM__TRY(pdm__new(work->context, pairs, sizeof *c.pairs, &c.pairs, err));
    pdm_status status = pdm__new(work->context, pairs, sizeof(pdm__experiment_effect *), &c.members, err);
    if (status == PDM_OK) status = put_rows(work, two_sided, &c, table, err);
    pdm__drop(work->context, c.members, pairs, sizeof(pdm__experiment_effect *));
    pdm__drop(work->context, c.pairs, pairs, sizeof *c.pairs);
    return status;
}

pdm_status pdm__experiment_put_best(pdm__experiment_work *work, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    pdm__experiment_variation *two_sided = NULL;
    pdm_table *table = NULL;
    int64_t rows = 0;
    for (int32_t m = 0; m < plan->metric_count; m++) rows += is_asked(plan, m) ? plan->arm_count : 0;
    PDM__TRY(pdm__result_add(work->result, &pdm__experiment_tables[EXPERIMENT_TABLE_BEST], rows, PDM_TYPE_INT64, &table,
                             err));
    PDM__TRY(pdm__experiment_vary(work, &two_sided, err));
    two_sided->options.alternative = PDM_TWO_SIDED;
    pdm_status status = hold(work, &two_sided->work, table, err);
    pdm__experiment_vary_end(two_sided);
    return status;
}
