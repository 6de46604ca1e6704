/* Effects: all comparisons, family by family, and what follows from them. */
#include "metrics/experiment_columns.h"
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"

#include <pdmetrics/stats/proportion.h>
#include <pdmetrics/stats/segments.h>

#include <math.h>
#include <stdio.h>

#define METHOD_ROOM 96

/* Effects stand by group, metric and pair. */
pdm__experiment_effect *pdm__experiment_effect_at(const pdm__experiment_effects *all, int32_t group, int32_t metric,
                                                  int32_t pair) {
    return &all->items[((size_t)group * (size_t)all->metrics + (size_t)metric) * (size_t)all->pairs + (size_t)pair];
}

/* ---- families ---- */

/* Those of one family in the groups [first, end) that have a p-value. */
static size_t family_members(const pdm__experiment_work *work, const pdm__experiment_effects *all, int32_t family,
                             int32_t metric, int32_t first, int32_t end, pdm__experiment_effect **members) {
    size_t count = 0;
    for (int32_t g = first; g < end; g++) {
        for (int32_t m = 0; m < all->metrics; m++) {
            const pdm__experiment_metric *info = &work->plan->metrics[m];
            if (info->unadjusted || info->family != family || (metric >= 0 && m != metric)) continue;
            for (int32_t p = 0; p < all->pairs; p++) {
                pdm__experiment_effect *e = pdm__experiment_effect_at(all, g, m, p);
                if (!isnan(e->p)) members[count++] = e;
            }
        }
    }
    return count;
}

static pdm_status adjust_range(const pdm__experiment_work *work, const pdm__experiment_effects *all, int32_t family,
                               int32_t first, int32_t end, int32_t method, pdm__experiment_effect **members,
                               pdm_error *err) {
    if (method != PDM_EXPERIMENT_ADJUST_DUNNETT) {
        size_t count = family_members(work, all, family, -1, first, end, members);
        return pdm__experiment_adjust(work, members, count, method, err);
    }
    for (int32_t m = 0; m < all->metrics; m++) {
        size_t count = family_members(work, all, family, m, first, end, members);
        PDM__TRY(pdm__experiment_adjust(work, members, count, method, err));
    }
    return PDM_OK;
}

/* Guardrails of no family are judged one by one: all must pass. */
static pdm_status adjust_alone(const pdm__experiment_work *work, const pdm__experiment_effects *all, pdm_error *err) {
    for (int32_t g = 0; g < work->group_count; g++) {
        for (int32_t m = 0; m < all->metrics; m++) {
            if (!work->plan->metrics[m].unadjusted) continue;
            for (int32_t p = 0; p < all->pairs; p++) {
                pdm__experiment_effect *e = pdm__experiment_effect_at(all, g, m, p);
                if (!isnan(e->p)) PDM__TRY(pdm__experiment_adjust(work, &e, 1, PDM_EXPERIMENT_ADJUST_NONE, err));
            }
        }
    }
    return PDM_OK;
}

static pdm_status adjust_all(const pdm__experiment_work *work, const pdm__experiment_effects *all,
                             pdm__experiment_effect **members, pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    int32_t segments = o->adjust_segments == 0 ? PDM_EXPERIMENT_ADJUST_BH : o->adjust_segments;
    for (int32_t f = 0; f < work->plan->family_count; f++) {
        PDM__TRY(adjust_range(work, all, f, 0, 1, o->adjust, members, err));
        for (int32_t d = 0; d < work->plan->segment_count; d++) {
            PDM__TRY(adjust_range(work, all, f, work->first_of[d], work->first_of[d + 1], segments, members, err));
        }
    }
    return adjust_alone(work, all, err);
}

static pdm_status compare_all(const pdm__experiment_work *work, const pdm__experiment_effects *all, pdm_error *err) {
    for (int32_t g = 0; g < work->group_count; g++) {
        for (int32_t m = 0; m < all->metrics; m++) {
            for (int32_t p = 0; p < all->pairs; p++) {
                pdm__experiment_effect *e = pdm__experiment_effect_at(all, g, m, p);
                e->group = g;
                e->metric = m;
                e->arms = pdm__experiment_nth_pair(work->plan, p);
                PDM__TRY(pdm__experiment_compare(work, e, err));
            }
        }
        if (pdm__run_poll(work->run, 0)) return pdm__run_status(work->run, err);
    }
    return PDM_OK;
}

/* ---- table effects ---- */

static void name_method(const pdm__experiment_plan *plan, const pdm__experiment_effect *e, char *out) {
    static const char *const tests[] = {"pooled", "pooled_cc", "unpooled", "chi2_yates", "g", "fisher", "midp"};
    static const char *const differences[] = {"mee",         "miettinen_nurminen", "newcombe",
                                              "newcombe_cc", "agresti_caffo",      "wald"};
    static const char *const rate_lifts[] = {"koopman", "log", "log_adjusted", "fieller", "delta"};
    static const char *const mean_lifts[] = {"fieller", "log", "log", "fieller", "delta"};
    static const char *const horizons[] = {"", "asymp_cs", "msprt", "group_sequential, ", "hybrid, "};
    const pdm_experiment_options *o = plan->options;
    const char *adjusted = plan->metrics[e->metric].covariates > 0 ? ", cuped" : "";
    if (e->by_sequence) {
        const char *name = o->horizon == PDM_EXPERIMENT_HYBRID ? "hybrid, asymp_cs" : horizons[o->horizon];
        (void)snprintf(out, METHOD_ROOM, "%s, fieller%s", name, adjusted);
    } else if (e->is_score) {
        (void)snprintf(out, METHOD_ROOM, "%s%s, %s, %s", horizons[o->horizon], tests[o->test],
                       differences[o->difference_interval], rate_lifts[o->lift_interval]);
    } else {
        (void)snprintf(out, METHOD_ROOM, "%s%s%s, %s%s", horizons[o->horizon],
                       o->equal_var != 0 ? "pooled_variance" : "welch", o->critical != 0 ? ", normal" : "",
                       mean_lifts[o->lift_interval], adjusted);
    }
}

static void name_warnings(uint32_t warnings, char *out) {
    static const char *const names[] = {"low_expected", "p_exact", "imbalance", "cuped_off", "covariate_dropped"};
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < 5; i++) {
        if ((warnings >> i & 1) == 0) continue;
        used += (size_t)snprintf(out + used, METHOD_ROOM - used, "%s%s", used == 0 ? "" : ",", names[i]);
    }
}

static pdm_status put_statistics(const pdm__experiment_effect *e, pdm_table *t, int64_t row, pdm_error *err) {
    const struct {
        int32_t column;
        double value;
    } cells[] = {
        {EFFECTS_LEVEL, e->level},
        {EFFECTS_CRITICAL, e->critical},
        {EFFECTS_CONTROL_VALUE, e->control.mean},
        {EFFECTS_TREATMENT_VALUE, e->treatment.mean},
        {EFFECTS_DIFF, e->diff},
        {EFFECTS_SE, e->se},
        {EFFECTS_DF, isinf(e->df) ? PDM__NAN : e->df},
        {EFFECTS_STATISTIC, e->statistic},
        {EFFECTS_P, e->p},
        {EFFECTS_LOG_P, e->log_p},
        {EFFECTS_LOW, e->low},
        {EFFECTS_HIGH, e->high},
        {EFFECTS_LIFT, e->lift.lift},
        {EFFECTS_LIFT_LOW, e->lift.low},
        {EFFECTS_LIFT_HIGH, e->lift.high},
        {EFFECTS_LIFT_GAP_LOW, e->lift.gap_low},
        {EFFECTS_LIFT_GAP_HIGH, e->lift.gap_high},
        {EFFECTS_G, e->lift.g},
        {EFFECTS_THETA, e->theta},
        {EFFECTS_VARIANCE_REDUCTION, e->variance_reduction},
        {EFFECTS_BALANCE_P, e->balance_p},
        {EFFECTS_P_ADJUSTED, e->p_adjusted},
        {EFFECTS_LEVEL_ADJUSTED, e->level_adjusted},
        {EFFECTS_ADJ_LOW, e->adj_low},
        {EFFECTS_ADJ_HIGH, e->adj_high},
        {EFFECTS_POWER, e->power},
        {EFFECTS_MDE, e->mde},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        PDM__TRY(pdm__experiment_put(t, cells[i].column, row, cells[i].value, err));
    return PDM_OK;
}

static pdm_status put_effect(const pdm__experiment_work *work, const pdm__experiment_effect *e, pdm_table *t,
                             int64_t row, pdm_error *err) {
    static const char *const forms[] = {"interval", "exterior", "whole_line"};
    const pdm__experiment_plan *plan = work->plan;
    const pdm__experiment_metric *m = &plan->metrics[e->metric];
    char text[METHOD_ROOM];
    PDM__TRY(pdm__experiment_put_group(work, t, row, e->group, err));
    PDM__TRY(pdm__table_put_string(t, EFFECTS_METRIC, row, m->name, err));
    PDM__TRY(pdm__experiment_put_text(t, EFFECTS_FAMILY, row, m->unadjusted ? NULL : plan->families[m->family], err));
    PDM__TRY(pdm__table_put_string(t, EFFECTS_VARIANT, row, plan->arms[e->arms.treatment].name, err));
    PDM__TRY(pdm__table_put_string(t, EFFECTS_CONTROL, row, plan->arms[e->arms.control].name, err));
    name_method(plan, e, text);
    PDM__TRY(pdm__table_put_string(t, EFFECTS_METHOD, row, text, err));
    PDM__TRY(put_statistics(e, t, row, err));
    PDM__TRY(pdm__table_put_string(t, EFFECTS_STATUS, row, pdm_row_status_name(e->status), err));
    PDM__TRY(pdm__table_put_string(t, EFFECTS_LIFT_STATUS, row, pdm_row_status_name(e->lift.status), err));
    bool formed = !isnan(e->lift.low) || e->lift.form != PDM_LIFT_INTERVAL;
    PDM__TRY(pdm__experiment_put_text(t, EFFECTS_LIFT_FORM, row, formed ? forms[e->lift.form] : NULL, err));
    pdm__table_bool(t, EFFECTS_SIGNIFICANT)[row] = e->significant;
    if (isnan(e->p)) PDM__TRY(pdm__table_set_null(t, EFFECTS_SIGNIFICANT, row, err));
    name_warnings(e->warnings, text);
    return pdm__experiment_put_text(t, EFFECTS_WARNINGS, row, text[0] == '\0' ? NULL : text, err);
}

static pdm_status put_rows(pdm__experiment_work *work, const pdm__experiment_effects *all, size_t count,
                           pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(work->result, &pdm__experiment_tables[EXPERIMENT_TABLE_EFFECTS], (int64_t)count,
                             PDM_TYPE_INT64, &table, err));
    for (size_t i = 0; i < count; i++) PDM__TRY(put_effect(work, &all->items[i], table, (int64_t)i, err));
    return PDM_OK;
}

/* ---- table covariates ---- */

static pdm_status put_covariate(const pdm__experiment_work *work, const pdm__experiment_effect *e, int32_t covariate,
                                pdm_table *t, int64_t row, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    const pdm__experiment_metric *m = &plan->metrics[e->metric];
    int32_t slot = m->slots[(m->kind == EXPERIMENT_RATIO ? 2 : 1) + covariate];
    double theta = e->thetas[covariate];
    PDM__TRY(pdm__experiment_put_group(work, t, row, e->group, err));
    PDM__TRY(pdm__table_put_string(t, COVARIATES_METRIC, row, m->name, err));
    PDM__TRY(pdm__table_put_string(t, COVARIATES_VARIANT, row, plan->arms[e->arms.treatment].name, err));
    PDM__TRY(pdm__table_put_string(t, COVARIATES_CONTROL, row, plan->arms[e->arms.control].name, err));
    PDM__TRY(pdm__table_put_string(t, COVARIATES_COVARIATE, row, plan->columns[plan->slots[slot].column].name, err));
    PDM__TRY(pdm__experiment_put(t, COVARIATES_THETA, row, theta, err));
    pdm__table_bool(t, COVARIATES_DROPPED)[row] = isnan(theta) || theta == 0;
    return PDM_OK;
}

static pdm_status put_covariates(pdm__experiment_work *work, const pdm__experiment_effects *all, size_t count,
                                 pdm_error *err) {
    pdm_table *table = NULL;
    int64_t rows = 0;
    int64_t row = 0;
    for (size_t i = 0; i < count; i++) rows += work->plan->metrics[all->items[i].metric].covariates;
    PDM__TRY(pdm__result_add(work->result, &pdm__experiment_tables[EXPERIMENT_TABLE_COVARIATES], rows, PDM_TYPE_INT64,
                             &table, err));
    for (size_t i = 0; i < count; i++) {
        for (int32_t c = 0; c < work->plan->metrics[all->items[i].metric].covariates; c++, row++)
            PDM__TRY(put_covariate(work, &all->items[i], c, table, row, err));
    }
    return PDM_OK;
}

/* ---- table heterogeneity ---- */

/* Standard error of the estimate itself, not under "no difference". */
static double own_se(const pdm__experiment_effect *e) {
    if (!e->is_score) return e->se;
    if (e->control.n == 0 || e->treatment.n == 0) return PDM__NAN;
    double v_c = e->control.mean * (1 - e->control.mean) / (double)e->control.n;
    double v_t = e->treatment.mean * (1 - e->treatment.mean) / (double)e->treatment.n;
    return sqrt(v_c + v_t);
}

static pdm_status put_strata(const pdm__experiment_work *work, const pdm_two_proportions *strata, int32_t levels,
                             pdm_table *t, int64_t row, pdm_error *err) {
    static const int32_t columns[] = {HETEROGENEITY_CMH_CHI2,       HETEROGENEITY_CMH_P,     HETEROGENEITY_CMH_LOG_P,
                                      HETEROGENEITY_CMH_CHI2_CC,    HETEROGENEITY_CMH_P_CC,  HETEROGENEITY_ODDS_RATIO,
                                      HETEROGENEITY_ODDS_LOW,       HETEROGENEITY_ODDS_HIGH, HETEROGENEITY_RISK_RATIO,
                                      HETEROGENEITY_RISK_DIFFERENCE};
    double values[PDM__COUNT(columns)];
    for (int32_t i = 0; i < PDM__COUNT(columns); i++) values[i] = PDM__NAN;
    if (strata != NULL) {
        pdm_cmh c;
        PDM__TRY(pdm_cmh_test(strata, levels, 1 - work->plan->options->alpha, &c, err));
        const double found[] = {c.chi2,       c.p,        c.log_p,     c.chi2_cc,    c.p_cc,
                                c.odds_ratio, c.odds_low, c.odds_high, c.risk_ratio, c.risk_difference};
        memcpy(values, found, sizeof values);
    }
    for (int32_t i = 0; i < PDM__COUNT(columns); i++) PDM__TRY(pdm__experiment_put(t, columns[i], row, values[i], err));
    return PDM_OK;
}

typedef struct levels_memory {
    double *effects;
    double *se;
    pdm_two_proportions *strata;
} levels_memory;

static pdm_status put_levels(const pdm__experiment_work *work, const pdm__experiment_effects *all, int32_t dimension,
                             int32_t metric, int32_t pair, const levels_memory *memory, pdm_table *t, int64_t row,
                             pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    int32_t first = work->first_of[dimension];
    int32_t levels = work->first_of[dimension + 1] - first;
    pdm__experiment_pair_of_arms arms = pdm__experiment_nth_pair(plan, pair);
    bool rates = plan->metrics[metric].kind == EXPERIMENT_CONVERSION;
    for (int32_t l = 0; l < levels; l++) {
        const pdm__experiment_effect *e = pdm__experiment_effect_at(all, first + l, metric, pair);
        bool enough = e->control.n >= 2 && e->treatment.n >= 2;
        memory->effects[l] = enough ? e->diff : PDM__NAN;
        memory->se[l] = enough ? own_se(e) : PDM__NAN;
        memory->strata[l] =
            (pdm_two_proportions){e->control.successes, e->control.n, e->treatment.successes, e->treatment.n};
    }
    pdm_heterogeneity h;
    PDM__TRY(pdm_heterogeneity_test(memory->effects, memory->se, levels, &h, err));
    PDM__TRY(
        pdm__table_put_string(t, HETEROGENEITY_SEGMENT_DIM, row, plan->columns[plan->segments[dimension]].name, err));
    PDM__TRY(pdm__table_put_string(t, HETEROGENEITY_METRIC, row, plan->metrics[metric].name, err));
    PDM__TRY(pdm__table_put_string(t, HETEROGENEITY_VARIANT, row, plan->arms[arms.treatment].name, err));
    PDM__TRY(pdm__table_put_string(t, HETEROGENEITY_CONTROL, row, plan->arms[arms.control].name, err));
    pdm__table_i32(t, HETEROGENEITY_LEVELS)[row] = h.used;
    const double values[] = {h.pooled, h.pooled_se, h.q, h.df, h.p, h.log_p, h.i2, h.tau2, h.z};
    for (int32_t i = 0; i < PDM__COUNT(values); i++)
        PDM__TRY(pdm__experiment_put(t, HETEROGENEITY_POOLED + i, row, values[i], err));
    PDM__TRY(pdm__table_put_string(t, HETEROGENEITY_STATUS, row, pdm_row_status_name(h.status), err));
    return put_strata(work, rates ? memory->strata : NULL, levels, t, row, err);
}

static pdm_status fill_heterogeneity(const pdm__experiment_work *work, const pdm__experiment_effects *all,
                                     const levels_memory *memory, pdm_table *table, pdm_error *err) {
    int64_t row = 0;
    for (int32_t d = 0; d < work->plan->segment_count; d++) {
        for (int32_t m = 0; m < all->metrics; m++) {
            for (int32_t p = 0; p < all->pairs; p++, row++)
                PDM__TRY(put_levels(work, all, d, m, p, memory, table, row, err));
        }
    }
    return PDM_OK;
}

static pdm_status put_heterogeneity(pdm__experiment_work *work, const pdm__experiment_effects *all, pdm_error *err) {
    pdm_table *table = NULL;
    levels_memory memory = {NULL, NULL, NULL};
    size_t room = (size_t)work->group_count;
    int64_t rows = (int64_t)work->plan->segment_count * all->metrics * all->pairs;
    PDM__TRY(pdm__result_add(work->result, &pdm__experiment_tables[EXPERIMENT_TABLE_HETEROGENEITY], rows,
                             PDM_TYPE_INT64, &table, err));
    pdm_status status = pdm__new(work->context, room, sizeof *memory.effects, &memory.effects, err);
    if (status == PDM_OK) status = pdm__new(work->context, room, sizeof *memory.se, &memory.se, err);
    if (status == PDM_OK) status = pdm__new(work->context, room, sizeof *memory.strata, &memory.strata, err);
    if (status == PDM_OK) status = fill_heterogeneity(work, all, &memory, table, err);
    pdm__drop(work->context, memory.effects, room, sizeof *memory.effects);
    pdm__drop(work->context, memory.se, room, sizeof *memory.se);
    pdm__drop(work->context, memory.strata, room, sizeof *memory.strata);
    return status;
}

/* ---- all ---- */

static pdm_status make(pdm__experiment_work *work, const pdm__experiment_effects *all, size_t count,
                       pdm__experiment_effect **members, pdm_error *err) {
    PDM__TRY(compare_all(work, all, err));
    PDM__TRY(adjust_all(work, all, members, err));
    PDM__TRY(put_rows(work, all, count, err));
    PDM__TRY(put_covariates(work, all, count, err));
    PDM__TRY(put_heterogeneity(work, all, err));
    PDM__TRY(pdm__experiment_put_conclusions(work, all, err));
    PDM__TRY(pdm__experiment_put_best(work, err));
    return pdm__experiment_put_posteriors(work, all, err);
}

pdm_status pdm__experiment_put_effects(pdm__experiment_work *work, pdm_error *err) {
    pdm__experiment_effects all = {.metrics = work->plan->metric_count, .pairs = pdm__experiment_pairs(work->plan)};
    pdm__experiment_effect **members = NULL;
    size_t count = (size_t)work->group_count * (size_t)all.metrics * (size_t)all.pairs;
    PDM__TRY(pdm__new_zero(work->context, count, sizeof *all.items, &all.items, err));
    pdm_status status = pdm__new(work->context, count, sizeof(pdm__experiment_effect *), &members, err);
    if (status == PDM_OK) status = make(work, &all, count, members, err);
    pdm__drop(work->context, members, count, sizeof(pdm__experiment_effect *));
    pdm__drop(work->context, all.items, count, sizeof *all.items);
    return status;
}
