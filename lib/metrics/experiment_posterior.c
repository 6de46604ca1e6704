/*
 * Posteriors: rates by Beta distributions, all else by a normal one of the effect. They know no looks: what is believed
 * after the data does not depend on when one wanted to look.
 */
#include "metrics/experiment_columns.h"
#include "metrics/experiment_internal.h"

#include "stats/calculator.h"

#include <pdmetrics/stats/posterior.h>

#include <math.h>

/* A row of the table; NaN = null. */
typedef struct belief {
    pdm_posterior arms; /* chances and losses; of a normal posterior nothing else */
    double control[2];  /* Beta(a, b) */
    double treatment[2];
    double effect, sd, low, high;
    int32_t win;
    int32_t status;
} belief;

static belief no_belief(int32_t status) {
    belief b = {.control = {PDM__NAN, PDM__NAN},
                .treatment = {PDM__NAN, PDM__NAN},
                .effect = PDM__NAN,
                .sd = PDM__NAN,
                .low = PDM__NAN,
                .high = PDM__NAN,
                .status = status};
    b.arms = (pdm_posterior){PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN,
                             PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN, PDM__NAN};
    return b;
}

static double beta_variance(const double *beta) {
    double sum = beta[0] + beta[1];
    return beta[0] / sum * (beta[1] / sum) / (sum + 1);
}

static int32_t sign_of(double low, double high) { return low > 0 ? 1 : high < 0 ? -1 : 0; }

/* ---- rates ---- */

static pdm_status believe_rates(const pdm__experiment_metric *m, double level, const pdm__experiment_effect *e,
                                belief *out, pdm_error *err) {
    pdm_two_proportions counts = {e->control.successes, e->control.n, e->treatment.successes, e->treatment.n};
    double a = m->prior_a;
    double b = m->prior_b;
    pdm_interval diff;
    *out = no_belief(counts.n_control == 0 || counts.n_treatment == 0 ? PDM_STATUS_NO_DATA : PDM_STATUS_OK);
    PDM__TRY(pdm_beta_posterior(&counts, a, b, level, &out->arms, err));
    PDM__TRY(pdm_beta_difference(&counts, a, b, level, &diff, err));
    out->effect = out->arms.mean_treatment - out->arms.mean_control;
    out->control[0] = a + (double)counts.x_control;
    out->control[1] = b + (double)(counts.n_control - counts.x_control);
    out->treatment[0] = a + (double)counts.x_treatment;
    out->treatment[1] = b + (double)(counts.n_treatment - counts.x_treatment);
    out->sd = sqrt(beta_variance(out->control) + beta_variance(out->treatment));
    out->low = diff.low;
    out->high = diff.high;
    out->win = sign_of(diff.low, diff.high);
    if (!m->lower_is_better) return PDM_OK;
    pdm_posterior p = out->arms;
    out->win = -out->win;
    out->arms.prob_better = p.prob_worse;
    out->arms.prob_worse = p.prob_better;
    out->arms.log_prob_better = p.log_prob_worse;
    out->arms.log_prob_worse = p.log_prob_better;
    out->arms.loss_if_treatment = p.loss_if_control;
    out->arms.loss_if_control = p.loss_if_treatment;
    out->arms.log_loss_if_treatment = p.log_loss_if_control;
    out->arms.log_loss_if_control = p.log_loss_if_treatment;
    return PDM_OK;
}

/* ---- effects ---- */

/* `plain` compares once, two-sided, with the delta method's lift. */
static pdm_status believe_effect(const pdm__experiment_work *plain, const pdm__experiment_metric *m,
                                 const pdm__experiment_effect *compared, belief *out, pdm_error *err) {
    const pdm_experiment_options *o = plain->plan->options;
    bool lift = o->posterior_scale == 0;
    pdm__experiment_effect e = *compared;
    PDM__TRY(pdm__experiment_compare_at(plain, o->alpha, &e, err));
    int32_t status = e.status == PDM_STATUS_OK && lift ? e.lift.status : e.status;
    *out = no_belief(status);
    if (status != PDM_STATUS_OK) return PDM_OK;
    pdm_normal_prior prior = pdm_normal_prior_default();
    pdm_normal_result r;
    prior.scale = lift ? PDM_SCALE_LIFT : PDM_SCALE_DIFFERENCE;
    prior.prior_scale = m->prior_is_difference ? PDM_SCALE_DIFFERENCE : PDM_SCALE_LIFT;
    prior.lower = m->lower_is_better;
    prior.prior_mean = m->prior_mean;
    prior.prior_sd = m->prior_sd;
    prior.control = e.control.mean;
    prior.conf_level = o->credible_level;
    PDM__TRY(pdm_normal_posterior(lift ? e.lift.lift : e.diff, lift ? e.lift.se : e.se, &prior, &r, err));
    out->status = r.status;
    out->effect = r.mean;
    out->sd = r.sd;
    out->low = r.low;
    out->high = r.high;
    out->win = r.win;
    out->arms.prob_better = r.chance_to_win;
    out->arms.prob_worse = exp(r.log_chance_to_lose);
    out->arms.log_prob_better = r.log_chance_to_win;
    out->arms.log_prob_worse = r.log_chance_to_lose;
    out->arms.loss_if_treatment = r.risk_treatment;
    out->arms.loss_if_control = r.risk_control;
    out->arms.log_loss_if_treatment = r.log_risk_treatment;
    out->arms.log_loss_if_control = r.log_risk_control;
    return PDM_OK;
}

/* ---- the best of all arms ---- */

static pdm_status chances_of_rates(const pdm__experiment_metric *m, const pdm__experiment_moments *arms, int32_t count,
                                   double *prob_best, double *loss, pdm_error *err) {
    int64_t x[PDM_EXPERIMENT_MAX_ARMS];
    int64_t n[PDM_EXPERIMENT_MAX_ARMS];
    bool lower = m->lower_is_better; /* the lowest rate is the highest one of those who do not convert */
    for (int32_t i = 0; i < count; i++) {
        x[i] = lower ? arms[i].n - arms[i].successes : arms[i].successes;
        n[i] = arms[i].n;
    }
    double a = lower ? m->prior_b : m->prior_a;
    double b = lower ? m->prior_a : m->prior_b;
    return pdm_beta_best(x, n, count, a, b, prob_best, loss, err);
}

static pdm_status chances_of_means(const pdm__experiment_metric *m, const pdm__experiment_moments *arms, int32_t count,
                                   double *prob_best, double *loss, pdm_error *err) {
    double mean[PDM_EXPERIMENT_MAX_ARMS];
    double sd[PDM_EXPERIMENT_MAX_ARMS];
    for (int32_t i = 0; i < count; i++) {
        mean[i] = m->lower_is_better ? -arms[i].mean : arms[i].mean;
        sd[i] = sqrt(arms[i].variance / (double)arms[i].n);
        if (!(sd[i] > 0)) return PDM_OK; /* too few units, no denominator, nothing varies */
    }
    return pdm_normal_best(mean, sd, count, prob_best, loss, err);
}

pdm_status pdm__experiment_chances(const pdm__experiment_work *work, int32_t metric, double *prob_best, double *loss,
                                   pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    const pdm__experiment_metric *m = &plan->metrics[metric];
    bool rates = m->kind == EXPERIMENT_CONVERSION && m->covariates == 0 && plan->options->variance == 0;
    pdm__experiment_moments *arms = NULL;
    for (int32_t i = 0; i < plan->arm_count; i++) prob_best[i] = loss[i] = PDM__NAN;
    /* Covariates adjust comparisons, not arms; a prior on the effect is none on the arms. */
    if (plan->options->posterior == 0 || m->covariates > 0 || m->prior_sd > 0) return PDM_OK;
    size_t count = (size_t)plan->arm_count;
    PDM__TRY(pdm__new(work->context, count, sizeof *arms, &arms, err));
    for (int32_t i = 0; i < plan->arm_count; i++) pdm__experiment_moments_of(work, 0, i, metric, &arms[i]);
    pdm_status status = rates ? chances_of_rates(m, arms, plan->arm_count, prob_best, loss, err)
                              : chances_of_means(m, arms, plan->arm_count, prob_best, loss, err);
    pdm__drop(work->context, arms, count, sizeof *arms);
    return status;
}

/* ---- table posterior ---- */

static pdm_status put_names(const pdm__experiment_work *work, const pdm__experiment_effect *e, pdm_table *t,
                            int64_t row, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    bool lift = !e->is_score && plan->options->posterior_scale == 0;
    PDM__TRY(pdm__experiment_put_group(work, t, row, e->group, err));
    PDM__TRY(pdm__table_put_string(t, POSTERIOR_METRIC, row, plan->metrics[e->metric].name, err));
    PDM__TRY(pdm__table_put_string(t, POSTERIOR_VARIANT, row, plan->arms[e->arms.treatment].name, err));
    PDM__TRY(pdm__table_put_string(t, POSTERIOR_CONTROL, row, plan->arms[e->arms.control].name, err));
    PDM__TRY(pdm__table_put_string(t, POSTERIOR_METHOD, row, e->is_score ? "beta" : "normal", err));
    return pdm__table_put_string(t, POSTERIOR_SCALE, row, lift ? "lift" : "diff", err);
}

static pdm_status put_belief(const belief *b, double level, pdm_table *t, int64_t row, pdm_error *err) {
    const pdm_posterior *p = &b->arms;
    const struct {
        int32_t column;
        double value;
    } cells[] = {
        {POSTERIOR_LEVEL, level},
        {POSTERIOR_MEAN_CONTROL, p->mean_control},
        {POSTERIOR_LOW_CONTROL, p->low_control},
        {POSTERIOR_HIGH_CONTROL, p->high_control},
        {POSTERIOR_MEAN_TREATMENT, p->mean_treatment},
        {POSTERIOR_LOW_TREATMENT, p->low_treatment},
        {POSTERIOR_HIGH_TREATMENT, p->high_treatment},
        {POSTERIOR_EFFECT, b->effect},
        {POSTERIOR_SD, b->sd},
        {POSTERIOR_LOW, b->low},
        {POSTERIOR_HIGH, b->high},
        {POSTERIOR_PROB_BETTER, p->prob_better},
        {POSTERIOR_LOG_PROB_BETTER, p->log_prob_better},
        {POSTERIOR_PROB_WORSE, p->prob_worse},
        {POSTERIOR_LOG_PROB_WORSE, p->log_prob_worse},
        {POSTERIOR_LOSS_IF_TREATMENT, p->loss_if_treatment},
        {POSTERIOR_LOG_LOSS_IF_TREATMENT, p->log_loss_if_treatment},
        {POSTERIOR_LOSS_IF_CONTROL, p->loss_if_control},
        {POSTERIOR_LOG_LOSS_IF_CONTROL, p->log_loss_if_control},
        {POSTERIOR_A_CONTROL, b->control[0]},
        {POSTERIOR_B_CONTROL, b->control[1]},
        {POSTERIOR_A_TREATMENT, b->treatment[0]},
        {POSTERIOR_B_TREATMENT, b->treatment[1]},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        PDM__TRY(pdm__experiment_put(t, cells[i].column, row, cells[i].value, err));
    pdm__table_i32(t, POSTERIOR_WIN)[row] = b->win;
    if (isnan(b->low)) PDM__TRY(pdm__table_set_null(t, POSTERIOR_WIN, row, err));
    return pdm__table_put_string(t, POSTERIOR_STATUS, row, pdm_row_status_name(b->status), err);
}

static pdm_status put_rows(const pdm__experiment_work *work, const pdm__experiment_work *plain,
                           const pdm__experiment_effects *all, int32_t groups, pdm_table *table, pdm_error *err) {
    const pdm__experiment_plan *plan = work->plan;
    double level = plan->options->credible_level;
    int64_t count = (int64_t)groups * all->metrics * all->pairs;
    for (int64_t i = 0; i < count; i++) {
        const pdm__experiment_effect *e = &all->items[i];
        const pdm__experiment_metric *m = &plan->metrics[e->metric];
        belief b;
        PDM__TRY(e->is_score ? believe_rates(m, level, e, &b, err) : believe_effect(plain, m, e, &b, err));
        PDM__TRY(put_names(work, e, table, i, err));
        PDM__TRY(put_belief(&b, level, table, i, err));
        if (pdm__run_poll(work->run, 0)) return pdm__run_status(work->run, err);
    }
    return PDM_OK;
}

pdm_status pdm__experiment_put_posteriors(pdm__experiment_work *work, const pdm__experiment_effects *all,
                                          pdm_error *err) {
    const pdm_experiment_options *o = work->plan->options;
    pdm_table *table = NULL;
    pdm__experiment_variation *plain = NULL;
    if (o->posterior == PDM_EXPERIMENT_POSTERIOR_NONE) return PDM_OK;
    int32_t groups = o->posterior == PDM_EXPERIMENT_POSTERIOR_SEGMENTS ? work->group_count : 1;
    PDM__TRY(pdm__result_add(work->result, &pdm__experiment_tables[EXPERIMENT_TABLE_POSTERIOR],
                             (int64_t)groups * all->metrics * all->pairs, PDM_TYPE_INT64, &table, err));
    PDM__TRY(pdm__experiment_vary(work, &plain, err));
    plain->options.horizon = PDM_EXPERIMENT_FIXED;
    plain->options.alternative = PDM_TWO_SIDED;
    plain->options.lift_interval = PDM_EXPERIMENT_LIFT_DELTA;
    pdm_status status = put_rows(work, &plain->work, all, groups, table, err);
    pdm__experiment_vary_end(plain);
    return status;
}
