/*
 * The result: units or sums become cells, cells become tables. Here: what is known of the arms and of each metric in
 * them.
 */
#include "metrics/experiment_columns.h"
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"

#include <pdmetrics/stats/distribution.h>
#include <pdmetrics/stats/proportion.h>
#include <pdmetrics/stats/srm.h>

#include <math.h>
#include <stdlib.h>

/* ---- cells of tables ---- */

pdm_status pdm__experiment_put(pdm_table *table, int32_t column, int64_t row, double value, pdm_error *err) {
    return pdm__table_put_ratio(table, column, row, !isnan(value), value, err);
}

pdm_status pdm__experiment_put_text(pdm_table *table, int32_t column, int64_t row, const char *text, pdm_error *err) {
    if (text != NULL) return pdm__table_put_string(table, column, row, text, err);
    PDM__TRY(pdm__table_put_text(table, column, row, "", 0, err));
    return pdm__table_set_null(table, column, row, err);
}

pdm_status pdm__experiment_put_group(const pdm__experiment_work *work, pdm_table *table, int64_t row, int32_t group,
                                     pdm_error *err) {
    const pdm__experiment_group *g = &work->groups[group];
    char buffer[24];
    const char *text = NULL;
    size_t length = 0;
    if (g->dimension < 0) {
        PDM__TRY(pdm__experiment_put_text(table, 0, row, NULL, err));
        return pdm__experiment_put_text(table, 1, row, NULL, err);
    }
    PDM__TRY(pdm__table_put_string(table, 0, row, work->plan->columns[work->plan->segments[g->dimension]].name, err));
    if (!pdm__experiment_level_text(&g->level, buffer, &text, &length))
        return pdm__experiment_put_text(table, 1, row, NULL, err);
    return pdm__table_put_text(table, 1, row, text, length, err);
}

static pdm_status add(pdm__experiment_work *work, int32_t which, int64_t rows, pdm_table **table, pdm_error *err) {
    return pdm__result_add(work->result, &pdm__experiment_tables[which], rows, PDM_TYPE_INT64, table, err);
}

static int32_t levels_of(const pdm__experiment_work *work, int32_t dimension) {
    return dimension < 0 ? 1 : work->first_of[dimension + 1] - work->first_of[dimension];
}

/* ---- arms and their split ---- */

static pdm_status put_arms(pdm__experiment_work *work, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    pdm_table *table = NULL;
    int64_t all = 0;
    PDM__TRY(add(work, EXPERIMENT_TABLE_ARMS, plan->arm_count, &table, err));
    for (int32_t a = 0; a < plan->arm_count; a++) all += pdm__experiment_units(work, 0, a);
    for (int32_t a = 0; a < plan->arm_count; a++) {
        PDM__TRY(pdm__table_put_string(table, ARMS_VARIANT, a, plan->arms[a].name, err));
        pdm__table_bool(table, ARMS_IS_CONTROL)[a] = a == plan->control;
        pdm__table_f64(table, ARMS_WEIGHT)[a] = plan->arms[a].weight;
        pdm__table_i64(table, ARMS_UNITS)[a] = pdm__experiment_units(work, 0, a);
        pdm__table_f64(table, ARMS_EXPECTED_UNITS)[a] = (double)all * (plan->arms[a].weight / plan->weight_sum);
    }
    return PDM_OK;
}

static pdm_status split_of(const pdm__experiment_work *work, int32_t group, int64_t *observed, pdm_srm *out,
                           pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    double weights[PDM_EXPERIMENT_MAX_ARMS];
    pdm_srm_options options = pdm_srm_options_default();
    options.method = plan->options->srm_method;
    options.alpha = plan->options->srm_alpha;
    options.concentration = plan->options->srm_concentration;
    for (int32_t a = 0; a < plan->arm_count; a++) {
        observed[a] = pdm__experiment_units(work, group, a);
        weights[a] = plan->arms[a].weight;
    }
    PDM__TRY(pdm_srm_test(observed, weights, plan->arm_count, &options, out, err));
    int32_t levels = levels_of(work, work->groups[group].dimension);
    if (levels == 1) return PDM_OK;
    out->p = fmin(1, out->p * levels);
    out->log_p = fmin(0, out->log_p + log((double)levels));
    if (out->status == PDM_STATUS_MISMATCH && !(out->p < options.alpha)) out->status = PDM_STATUS_OK;
    return PDM_OK;
}

static const char *srm_warning(int32_t warnings) {
    if ((warnings & PDM_WARNING_ZERO_WEIGHT_TRAFFIC) != 0) return "traffic_in_zero_weight_arm";
    return (warnings & PDM_WARNING_LOW_EXPECTED) != 0 ? "low_expected" : NULL;
}

static pdm_status put_split(const pdm__experiment_work *work, pdm_table *table, pdm_table *arms, int32_t group,
                            pdm_error *err) {
    static const char *const methods[] = {"auto", "chi2", "exact", "z_cc", "sequential"};
    const pdm__experiment_plan *plan = work->plan;
    int64_t observed[PDM_EXPERIMENT_MAX_ARMS];
    pdm_srm srm;
    PDM__TRY(split_of(work, group, observed, &srm, err));
    PDM__TRY(pdm__experiment_put_group(work, table, group, group, err));
    PDM__TRY(pdm__table_put_string(table, SRM_METHOD, group, methods[srm.method], err));
    pdm__table_i64(table, SRM_N)[group] = srm.n;
    PDM__TRY(pdm__experiment_put(table, SRM_CHI2, group, srm.chi2, err));
    PDM__TRY(pdm__experiment_put(table, SRM_DF, group, srm.df, err));
    PDM__TRY(pdm__experiment_put(table, SRM_P, group, srm.p, err));
    PDM__TRY(pdm__experiment_put(table, SRM_LOG_P, group, srm.log_p, err));
    pdm__table_f64(table, SRM_ALPHA)[group] = plan->options->srm_alpha;
    PDM__TRY(pdm__table_put_string(table, SRM_STATUS, group, pdm_row_status_name(srm.status), err));
    PDM__TRY(pdm__experiment_put_text(table, SRM_WARNINGS, group, srm_warning(srm.warnings), err));
    for (int32_t a = 0; a < plan->arm_count; a++) {
        int64_t row = (int64_t)group * plan->arm_count + a;
        double share = plan->arms[a].weight / plan->weight_sum;
        PDM__TRY(pdm__experiment_put_group(work, arms, row, group, err));
        PDM__TRY(pdm__table_put_string(arms, SRM_ARMS_VARIANT, row, plan->arms[a].name, err));
        pdm__table_i64(arms, SRM_ARMS_OBSERVED)[row] = observed[a];
        pdm__table_f64(arms, SRM_ARMS_EXPECTED)[row] = (double)srm.n * share;
        PDM__TRY(pdm__experiment_put(arms, SRM_ARMS_SHARE, row,
                                     srm.n > 0 ? (double)observed[a] / (double)srm.n : PDM__NAN, err));
    }
    return PDM_OK;
}

static pdm_status put_splits(pdm__experiment_work *work, pdm_error *err) {
    pdm_table *table = NULL;
    pdm_table *arms = NULL;
    PDM__TRY(add(work, EXPERIMENT_TABLE_SRM, work->group_count, &table, err));
    PDM__TRY(add(work, EXPERIMENT_TABLE_SRM_ARMS, (int64_t)work->group_count * work->plan->arm_count, &arms, err));
    for (int32_t g = 0; g < work->group_count; g++) PDM__TRY(put_split(work, table, arms, g, err));
    return PDM_OK;
}

/* ---- quality ---- */

static pdm_status put_quality(pdm__experiment_work *work, pdm_error *err) {
    pdm_table *table = NULL;
    bool checked = work->plan->options->moments_only == 0;
    PDM__TRY(add(work, EXPERIMENT_TABLE_QUALITY, 1, &table, err));
    pdm__table_i64(table, QUALITY_ROWS)[0] = work->view->rows;
    pdm__table_i64(table, QUALITY_SKIPPED_ROWS)[0] = work->view->rows_null;
    pdm__table_i64(table, QUALITY_DUPLICATE_ROWS)[0] = work->duplicate_rows;
    pdm__table_i64(table, QUALITY_UNITS)[0] = work->all_units;
    pdm__table_i64(table, QUALITY_CONFLICTS)[0] = work->conflicts;
    pdm__table_i64(table, QUALITY_CROSSOVERS)[0] = work->crossovers;
    pdm__table_i64(table, QUALITY_SEGMENT_CONFLICTS)[0] = work->segment_conflicts;
    double share = checked && work->all_units > 0 ? (double)work->crossovers / (double)work->all_units : PDM__NAN;
    PDM__TRY(pdm__experiment_put(table, QUALITY_CROSSOVER_SHARE, 0, share, err));
    PDM__TRY(pdm__table_put_string(table, QUALITY_STATUS, 0, checked ? "ok" : "not_checked", err));
    static const int32_t unchecked[] = {QUALITY_DUPLICATE_ROWS, QUALITY_CONFLICTS, QUALITY_CROSSOVERS,
                                        QUALITY_SEGMENT_CONFLICTS};
    for (int32_t i = 0; i < PDM__COUNT(unchecked) && !checked; i++)
        PDM__TRY(pdm__table_set_null(table, unchecked[i], 0, err));
    return PDM_OK;
}

static int compare_crossings(const void *a, const void *b) {
    uint64_t x = ((const pdm__experiment_crossing *)a)->arms;
    uint64_t y = ((const pdm__experiment_crossing *)b)->arms;
    return x < y ? -1 : x > y;
}

static pdm_status put_arm_names(const pdm__experiment_plan *plan, pdm_context *context, uint64_t arms, pdm_table *table,
                                int64_t row, pdm_error *err) {
    size_t room = 1;
    size_t used = 0;
    char *text = NULL;
    for (int32_t a = 0; a < plan->arm_count; a++) room += plan->arms[a].length + 3;
    PDM__TRY(pdm__new(context, room, 1, &text, err));
    for (int32_t a = 0; a < plan->arm_count; a++) {
        if ((arms >> a & 1) == 0) continue;
        if (used > 0) {
            memcpy(text + used, " + ", 3);
            used += 3;
        }
        memcpy(text + used, plan->arms[a].name, plan->arms[a].length);
        used += plan->arms[a].length;
    }
    pdm_status status = pdm__table_put_text(table, CROSSOVERS_ARMS, row, text, used, err);
    pdm__drop(context, text, room, 1);
    return status;
}

static pdm_status put_crossings(pdm__experiment_work *work, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(add(work, EXPERIMENT_TABLE_CROSSOVERS, work->crossing_count, &table, err));
    if (work->crossing_count == 0) return PDM_OK;
    qsort(work->crossings, (size_t)work->crossing_count, sizeof *work->crossings, compare_crossings);
    for (int32_t i = 0; i < work->crossing_count; i++) {
        PDM__TRY(put_arm_names(work->plan, work->context, work->crossings[i].arms, table, i, err));
        pdm__table_i64(table, CROSSOVERS_UNITS)[i] = work->crossings[i].units;
    }
    return PDM_OK;
}

pdm_status pdm__experiment_put_sample(pdm__experiment_work *work, pdm_error *err) {
    PDM__TRY(put_arms(work, err));
    PDM__TRY(put_splits(work, err));
    PDM__TRY(put_quality(work, err));
    return put_crossings(work, err);
}

/* ---- a metric in an arm ---- */

static int32_t metric_status(const pdm__experiment_moments *m) {
    if (m->n == 0) return PDM_STATUS_NO_DATA;
    if (isnan(m->mean)) return PDM_STATUS_ZERO_DENOMINATOR;
    return m->n < 2 ? PDM_STATUS_TOO_FEW : PDM_STATUS_OK;
}

static pdm_status mean_interval(const pdm__experiment_plan *plan, const pdm__experiment_metric *metric,
                                const pdm__experiment_moments *m, double se, pdm_interval *out, pdm_error *err) {
    const pdm_experiment_options *o = plan->options;
    *out = (pdm_interval){PDM__NAN, PDM__NAN, metric_status(m), 0};
    if (m->n == 0) return PDM_OK;
    if (metric->kind == EXPERIMENT_CONVERSION)
        return pdm_proportion_interval(m->successes, m->n, o->rate_interval, 1 - o->alpha, out, err);
    if (out->status != PDM_STATUS_OK) return PDM_OK;
    double half = pdm__rest_of_level(1 - o->alpha) / 2;
    double k = o->critical != 0 ? pdm_normal_isf(half) : pdm_t_isf(half, (double)(m->n - 1));
    out->low = m->mean - k * se;
    out->high = m->mean + k * se;
    return PDM_OK;
}

static pdm_status put_metric(const pdm__experiment_work *work, pdm_table *table, int64_t row, int32_t group,
                             int32_t metric, int32_t arm, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    const pdm__experiment_metric *info = &plan->metrics[metric];
    pdm__experiment_moments m;
    pdm_interval interval;
    pdm__experiment_moments_of(work, group, arm, metric, &m);
    double se = m.n > 0 ? sqrt(m.variance / (double)m.n) : PDM__NAN;
    PDM__TRY(mean_interval(plan, info, &m, se, &interval, err));
    PDM__TRY(pdm__experiment_put_group(work, table, row, group, err));
    PDM__TRY(pdm__table_put_string(table, METRICS_METRIC, row, info->name, err));
    PDM__TRY(pdm__table_put_string(table, METRICS_VARIANT, row, plan->arms[arm].name, err));
    pdm__table_i64(table, METRICS_N)[row] = m.n;
    PDM__TRY(pdm__experiment_put(table, METRICS_MEAN, row, m.mean, err));
    PDM__TRY(pdm__experiment_put(table, METRICS_VARIANCE, row, m.variance, err));
    PDM__TRY(pdm__experiment_put(table, METRICS_SE, row, se, err));
    PDM__TRY(pdm__experiment_put(table, METRICS_LOW, row, interval.low, err));
    PDM__TRY(pdm__experiment_put(table, METRICS_HIGH, row, interval.high, err));
    return pdm__table_put_string(table, METRICS_STATUS, row, pdm_row_status_name(metric_status(&m)), err);
}

/* ---- exact sums ---- */

static pdm_status put_sum(const pdm__experiment_work *work, const pdm__experiment_metric *m, const pdm__big *sum,
                          int32_t factors, int32_t places, pdm_table *table, int32_t column, int64_t row,
                          pdm_error *err) {
    char *text = NULL;
    bool real = pdm__experiment_is_real(m);
    PDM__TRY(pdm__new(work->context, PDM__BIG_DECIMAL, 1, &text, err));
    int32_t length = pdm__big_decimal(sum, real ? -factors * PDM__REAL_EXPONENT : 0, real ? 0 : places, text);
    pdm_status status = pdm__table_put_text(table, column, row, text, (size_t)length, err);
    pdm__drop(work->context, text, PDM__BIG_DECIMAL, 1);
    return status;
}

static pdm_status put_caps(const pdm__experiment_work *work, int32_t metric, int32_t i, int32_t j, const int64_t *words,
                           pdm_table *table, int64_t row, pdm_error *err) {
    const pdm__experiment_caps *caps = &work->caps[metric][i];
    bool own = i == j;
    bool first = own && i == 0 && pdm__experiment_is_winsorised(&work->plan->metrics[metric]);
    pdm__table_i64(table, MOMENTS_N_CAPPED_LOW)[row] = words[EXPERIMENT_CAPPED_LOW];
    pdm__table_i64(table, MOMENTS_N_CAPPED_HIGH)[row] = words[EXPERIMENT_CAPPED_HIGH];
    PDM__TRY(pdm__experiment_put(table, MOMENTS_CAP_LOW, row, own && caps->low_on ? caps->low : PDM__NAN, err));
    PDM__TRY(pdm__experiment_put(table, MOMENTS_CAP_HIGH, row, own && caps->high_on ? caps->high : PDM__NAN, err));
    if (first) return PDM_OK;
    PDM__TRY(pdm__table_set_null(table, MOMENTS_N_CAPPED_LOW, row, err));
    return pdm__table_set_null(table, MOMENTS_N_CAPPED_HIGH, row, err);
}

static pdm_status put_pair(const pdm__experiment_work *work, pdm_table *table, int64_t row, int32_t group,
                           int32_t metric, int32_t arm, int32_t i, int32_t j, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    const pdm__experiment_metric *m = &plan->metrics[metric];
    int64_t *words = pdm__experiment_cell(work, group, arm, metric);
    int32_t pair = pdm__experiment_pair(i, j, m->columns);
    pdm__big sum;
    PDM__TRY(pdm__experiment_put_group(work, table, row, group, err));
    PDM__TRY(pdm__table_put_string(table, MOMENTS_METRIC, row, m->name, err));
    PDM__TRY(pdm__table_put_string(table, MOMENTS_VARIANT, row, plan->arms[arm].name, err));
    pdm__table_i64(table, MOMENTS_N)[row] = words[EXPERIMENT_N];
    pdm__table_i64(table, MOMENTS_EXCLUDED_NULLS)[row] = words[EXPERIMENT_EXCLUDED];
    pdm__table_i64(table, MOMENTS_COVARIATE_NULLS)[row] = words[EXPERIMENT_COVARIATE_NULLS];
    const char *name_i = plan->columns[plan->slots[m->slots[i]].column].name;
    const char *name_j = plan->columns[plan->slots[m->slots[j]].column].name;
    PDM__TRY(pdm__table_put_string(table, MOMENTS_COLUMN_I, row, name_i, err));
    PDM__TRY(pdm__table_put_string(table, MOMENTS_COLUMN_J, row, name_j, err));
    pdm__big_of_limbs(&sum, pdm__experiment_sum(m, words, i), pdm__experiment_limbs(m));
    PDM__TRY(put_sum(work, m, &sum, 1, m->scales[i], table, MOMENTS_SUM_I, row, err));
    pdm__big_of_limbs(&sum, pdm__experiment_product(m, words, pair), pdm__experiment_product_limbs(m));
    PDM__TRY(put_sum(work, m, &sum, 2, m->scales[i] + m->scales[j], table, MOMENTS_SUM_IJ, row, err));
    return put_caps(work, metric, i, j, words, table, row, err);
}

static pdm_status put_pairs(const pdm__experiment_work *work, pdm_table *table, int64_t *row, int32_t group,
                            int32_t metric, int32_t arm, pdm_error *err) {
    int32_t k = work->plan->metrics[metric].columns;
    for (int32_t i = 0; i < k; i++) {
        for (int32_t j = i; j < k; j++, *row += 1) PDM__TRY(put_pair(work, table, *row, group, metric, arm, i, j, err));
    }
    return PDM_OK;
}

pdm_status pdm__experiment_put_moments(pdm__experiment_work *work, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    pdm_table *metrics = NULL;
    pdm_table *moments = NULL;
    int64_t cells = (int64_t)work->group_count * plan->arm_count;
    int64_t pairs = 0;
    int64_t row = 0;
    int64_t pair = 0;
    for (int32_t m = 0; m < plan->metric_count; m++)
        pairs += (int64_t)plan->metrics[m].columns * (plan->metrics[m].columns + 1) / 2;
    PDM__TRY(add(work, EXPERIMENT_TABLE_METRICS, cells * plan->metric_count, &metrics, err));
    PDM__TRY(add(work, EXPERIMENT_TABLE_MOMENTS, cells * pairs, &moments, err));
    for (int32_t g = 0; g < work->group_count; g++) {
        for (int32_t m = 0; m < plan->metric_count; m++) {
            for (int32_t a = 0; a < plan->arm_count; a++, row++) {
                PDM__TRY(put_metric(work, metrics, row, g, m, a, err));
                PDM__TRY(put_pairs(work, moments, &pair, g, m, a, err));
            }
        }
    }
    return PDM_OK;
}

/* ---- all of it ---- */

static pdm_status make(pdm__experiment_work *work, pdm_error *err) {
    PDM__TRY(work->plan->options->moments_only != 0 ? pdm__experiment_gather_sums(work, err)
                                                    : pdm__experiment_gather_units(work, err));
    int32_t g = 1;
    for (int32_t d = 0; d <= work->plan->segment_count; d++) {
        while (g < work->group_count && work->groups[g].dimension < d) g++;
        work->first_of[d] = g;
    }
    work->first_of[work->plan->segment_count] = work->group_count;
    int64_t observed[PDM_EXPERIMENT_MAX_ARMS];
    PDM__TRY(split_of(work, 0, observed, &work->split, err));
    PDM__TRY(pdm__experiment_put_effects(work, err)); /* the main table is the first */
    PDM__TRY(pdm__experiment_put_moments(work, err));
    return pdm__experiment_put_sample(work, err);
}

pdm_status pdm__experiment_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    pdm_context *context = view->setup->context;
    pdm__experiment_work *work = NULL;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *work, &work, err));
    work->view = view;
    work->run = run;
    work->plan = view->plan->own;
    work->context = context;
    work->result = result;
    pdm__arena_init(&work->keys_arena, context);
    pdm__keymap_init(&work->keys, &work->keys_arena, pdm__context_seed(context), true, false, 0);
    pdm_status status = make(work, err);
    pdm__experiment_release(work);
    pdm__drop(context, work, 1, sizeof *work);
    return status;
}
