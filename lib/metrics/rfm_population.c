/* Scores of one window's customers, and the table of classes they fall in. */
#include "metrics/rfm_internal.h"

#include "stats/ratio.h"

static const char *const dimension_names[3] = {"r", "f", "m"};

enum {
    COL_WINDOW,
    COL_DIMENSION,
    COL_WITHIN_R,
    COL_WITHIN_F,
    COL_CLASS,
    COL_SCORE,
    COL_CUSTOMERS,
    COL_MIN,
    COL_MAX,
    COL_CUT,
    COL_SPLIT
};

/* Where the classes are written. */
typedef struct threshold_writer {
    pdm_table *table;
    int64_t row;
    int32_t window;
} threshold_writer;

/* Rows a window takes at most; dropped classes leave fewer. */
int64_t pdm__rfm_threshold_rows(const pdm__rfm_plan *plan) {
    int64_t r = plan->rules[0].k;
    int64_t f = plan->rules[1].k;
    int64_t m = plan->rules[2].k;
    if (plan->nested) return r + r * f + r * f * m;
    int64_t splits = plan->two_steps ? 6 : 0;
    return r + f + m + splits;
}

static double split_value(const pdm__score_classes *classes) {
    return (double)((long double)classes->split_numerator / (long double)classes->split_denominator);
}

static pdm_status put_class(threshold_writer *w, int32_t dimension, int32_t within_r, int32_t within_f,
                            const pdm__score_classes *classes, int32_t index, pdm_error *err) {
    const pdm__score_class *class = &classes->classes[index];
    int64_t row = w->row++;
    pdm__table_i32(w->table, COL_WINDOW)[row] = w->window;
    pdm__table_i32(w->table, COL_DIMENSION)[row] = dimension;
    pdm__table_i32(w->table, COL_WITHIN_R)[row] = within_r;
    pdm__table_i32(w->table, COL_WITHIN_F)[row] = within_f;
    pdm__table_i32(w->table, COL_CLASS)[row] = class->class_number;
    pdm__table_i32(w->table, COL_SCORE)[row] = class->score;
    pdm__table_i64(w->table, COL_CUSTOMERS)[row] = class->customers;
    pdm__table_i64(w->table, COL_MIN)[row] = class->value_min;
    pdm__table_i64(w->table, COL_MAX)[row] = class->value_max;
    pdm__table_i64(w->table, COL_CUT)[row] = class->cut;
    if (within_r == 0) PDM__TRY(pdm__table_set_null(w->table, COL_WITHIN_R, row, err));
    if (within_f == 0) PDM__TRY(pdm__table_set_null(w->table, COL_WITHIN_F, row, err));
    if (class->customers == 0) {
        PDM__TRY(pdm__table_set_null(w->table, COL_MIN, row, err));
        PDM__TRY(pdm__table_set_null(w->table, COL_MAX, row, err));
    }
    if (!class->has_cut) PDM__TRY(pdm__table_set_null(w->table, COL_CUT, row, err));
    double split = classes->has_split ? split_value(classes) : 0.0;
    return pdm__table_put_ratio(w->table, COL_SPLIT, row, classes->has_split, split, err);
}

static pdm_status put_classes(threshold_writer *w, int32_t dimension, int32_t within_r, int32_t within_f,
                              const pdm__score_classes *classes, pdm_error *err) {
    for (int32_t i = 0; i < classes->count; i++) PDM__TRY(put_class(w, dimension, within_r, within_f, classes, i, err));
    return PDM_OK;
}

/* The rule of a window: its own, or the first window's cuts. */
static const pdm__score_rule *rule_of(const pdm__rfm_work *work, int32_t window, int32_t dimension) {
    bool frozen = work->plan->options->thresholds == PDM_RFM_FROZEN && window > 0;
    return frozen ? &work->populations[0].frozen[dimension] : &work->plan->rules[dimension];
}

static pdm_status score_flat(pdm__rfm_work *work, int32_t window, threshold_writer *w, pdm_error *err) {
    pdm__rfm_population *population = &work->populations[window];
    for (int32_t d = 0; d < 3; d++) {
        const pdm__score_rule *rule = rule_of(work, window, d);
        pdm__score_classes *classes = &population->classes[d];
        PDM__TRY(pdm__score(work->run, rule, dimension_names[d], population->values[d], NULL, population->count,
                            population->scores[d], classes, err));
        PDM__TRY(put_classes(w, d, 0, 0, classes, err));
        if (window == 0) pdm__score_freeze(rule, classes, &population->frozen[d]);
    }
    return PDM_OK;
}

/* ---- nested: F inside each R score, M inside each (R, F) ---- */

/* Members of a group, ascending, grouped by counting. */
typedef struct groups {
    uint32_t *members;
    size_t start[PDM__SCORE_MAX_CLASSES * PDM__SCORE_MAX_CLASSES + 1];
} groups;

static void group_by(const pdm__rfm_population *population, int32_t k_f, bool by_f, int32_t group_count, groups *out) {
    const int32_t *r = population->scores[0];
    const int32_t *f = population->scores[1];
    size_t next[PDM__SCORE_MAX_CLASSES * PDM__SCORE_MAX_CLASSES + 1];
    memset(out->start, 0, sizeof out->start);
    for (size_t i = 0; i < population->count; i++) out->start[(by_f ? (r[i] - 1) * k_f + f[i] - 1 : r[i] - 1) + 1]++;
    for (int32_t g = 0; g < group_count; g++) out->start[g + 1] += out->start[g];
    memcpy(next, out->start, sizeof next);
    for (size_t i = 0; i < population->count; i++) {
        out->members[next[by_f ? (r[i] - 1) * k_f + f[i] - 1 : r[i] - 1]++] = (uint32_t)i;
    }
}

static pdm_status score_inside(pdm__rfm_work *work, int32_t window, int32_t dimension, const groups *g, int32_t group,
                               int32_t within_r, int32_t within_f, threshold_writer *w, pdm_error *err) {
    pdm__rfm_population *population = &work->populations[window];
    pdm__score_classes classes;
    PDM__TRY(pdm__score(work->run, &work->plan->rules[dimension], dimension_names[dimension],
                        population->values[dimension], g->members + g->start[group],
                        g->start[group + 1] - g->start[group], population->scores[dimension], &classes, err));
    return put_classes(w, dimension, within_r, within_f, &classes, err);
}

static pdm_status score_groups(pdm__rfm_work *work, int32_t window, groups *g, threshold_writer *w, pdm_error *err) {
    pdm__rfm_population *population = &work->populations[window];
    int32_t k_r = work->plan->rules[0].k;
    int32_t k_f = work->plan->rules[1].k;
    group_by(population, k_f, false, k_r, g);
    for (int32_t r = 0; r < k_r; r++) PDM__TRY(score_inside(work, window, 1, g, r, r + 1, 0, w, err));
    group_by(population, k_f, true, k_r * k_f, g);
    population->classes[1].count = k_f;
    population->classes[2].count = work->plan->rules[2].k;
    for (int32_t rf = 0; rf < k_r * k_f; rf++) {
        PDM__TRY(score_inside(work, window, 2, g, rf, rf / k_f + 1, rf % k_f + 1, w, err));
    }
    return PDM_OK;
}

static pdm_status score_nested(pdm__rfm_work *work, int32_t window, threshold_writer *w, pdm_error *err) {
    pdm__rfm_population *population = &work->populations[window];
    pdm_context *context = work->view->store->context;
    for (int32_t d = 0; d < 3; d++) {
        if (work->plan->rules[d].drop_duplicates == 0 || work->plan->rules[d].policy != PDM__SCORE_QUANTILE_RIGHT)
            continue;
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "duplicates",
                         "policy nested cannot drop duplicate edges");
    }
    PDM__TRY(pdm__score(work->run, &work->plan->rules[0], "r", population->values[0], NULL, population->count,
                        population->scores[0], &population->classes[0], err));
    PDM__TRY(put_classes(w, 0, 0, 0, &population->classes[0], err));
    groups g;
    PDM__TRY(pdm__new(context, population->count, sizeof *g.members, &g.members, err));
    pdm_status status = score_groups(work, window, &g, w, err);
    pdm__drop(context, g.members, population->count, sizeof *g.members);
    return status;
}

/* ---- cn8 of scores: the scores are split in two ---- */

static pdm_status split_scores(pdm__rfm_work *work, int32_t window, threshold_writer *w, pdm_error *err) {
    pdm__rfm_population *population = &work->populations[window];
    pdm_context *context = work->view->store->context;
    int64_t *values = NULL;
    PDM__TRY(pdm__new(context, population->count, sizeof *values, &values, err));
    pdm_status status = PDM_OK;
    for (int32_t d = 0; d < 3 && status == PDM_OK; d++) {
        pdm__score_rule rule = work->plan->splits[d];
        pdm__score_classes classes;
        for (size_t i = 0; i < population->count; i++) values[i] = population->scores[d][i];
        if (work->plan->options->thresholds == PDM_RFM_FROZEN && window > 0)
            rule = work->populations[0].frozen_split[d];
        status = pdm__score(work->run, &rule, dimension_names[d], values, NULL, population->count,
                            population->scores[d], &classes, err);
        if (status == PDM_OK) status = put_classes(w, d + 3, 0, 0, &classes, err);
        if (status == PDM_OK && window == 0) pdm__score_freeze(&rule, &classes, &population->frozen_split[d]);
    }
    pdm__drop(context, values, population->count, sizeof *values);
    return status;
}

pdm_status pdm__rfm_score(pdm__rfm_work *work, int32_t window, pdm_table *thresholds, int64_t *threshold_row,
                          pdm_error *err) {
    threshold_writer w = {.table = thresholds, .row = *threshold_row, .window = window};
    PDM__TRY(work->plan->nested ? score_nested(work, window, &w, err) : score_flat(work, window, &w, err));
    if (work->plan->two_steps) PDM__TRY(split_scores(work, window, &w, err));
    *threshold_row = w.row;
    return PDM_OK;
}
