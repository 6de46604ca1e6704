/* The decision about one treatment. Texts are in decision_text.c. */
#include <pdmetrics/stats/decision.h>

#include "stats/calculator.h"

#include <pdmetrics/stats/power.h>

/* What a metric's intervals say, + being good. */
typedef struct finding {
    bool better, worse, equivalent; /* goals */
    bool safe, harmed;              /* guardrails */
    pdm_range sign;                 /* the interval that decides better and worse, of the difference */
    pdm_range scaled;               /* the one a margin is held against */
    pdm_range two_alpha;
} finding;

typedef struct judgement {
    const pdm_decision_metric *metrics;
    int32_t count;
    pdm_decision_options o;
    bool final;
    pdm_decision_result *out;
    pdm_reason *reasons;
    int32_t better, worse, equivalent, goals;     /* how many goals are */
    int32_t safe, harmed, guardrails, early_harm; /* how many guardrails are; metrics harmed early */
} judgement;

/* ------------------------------------------------------------------------------------------------------------- checks */

static pdm_status check_metric(const pdm_decision_metric *m, int32_t row, pdm_error *err) {
    pdm_status status = pdm__check_choice(m->role, PDM_ROLE_GUARDRAIL + 1, "role", err);
    if (status == PDM_OK) status = pdm__check_choice(m->direction, PDM_LOWER_IS_BETTER + 1, "direction", err);
    if (status == PDM_OK) status = pdm__check_choice(m->scale, PDM_SCALE_DIFFERENCE + 1, "scale", err);
    if (status != PDM_OK) {
        if (err != NULL) err->row = row;
        return status;
    }
    if (m->on_harm != 0 && m->on_harm != PDM_DECISION_ADJUST && m->on_harm != PDM_DECISION_DROP) {
        return pdm__fail(err, PDM_E_BAD_OPTION, row, "on_harm", "expected adjust or drop, got %d", m->on_harm);
    }
    if (m->role == PDM_ROLE_GUARDRAIL && isnan(m->margin)) {
        return pdm__fail(err, PDM_E_MARGIN_REQUIRED, row, "margin",
                         "expected the margin of guardrail %d: how much worse it may become", row);
    }
    if (m->role == PDM_ROLE_GUARDRAIL && !(m->margin >= 0 && m->margin < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, row, "margin", "expected a margin of at least 0, got %.17g", m->margin);
    }
    if (m->equivalence >= 0 && m->equivalence < PDM__INFINITY) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, row, "equivalence", "expected a bound above 0, or 0 for none, got %.17g",
                     m->equivalence);
}

static pdm_status check_choices(const pdm_decision_options *o, pdm_error *err) {
    PDM__TRY(pdm__check_choice(o->guardrail_rule, PDM_GUARDRAIL_NOT_HARMED + 1, "guardrail_rule", err));
    PDM__TRY(pdm__check_choice(o->if_inconclusive, PDM_DECISION_REVIEW + 1, "if_inconclusive", err));
    PDM__TRY(pdm__check_choice(o->last_look, 2, "last_look", err));
    PDM__TRY(pdm__check_choice(o->imbalance, 2, "imbalance", err));
    PDM__TRY(pdm__check_level(o->alpha, "alpha", err));
    PDM__TRY(pdm__check_level(o->power, "power", err));
    if (o->if_equivalent == PDM_DECISION_DROP || o->if_equivalent == PDM_DECISION_KEEP) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "if_equivalent", "expected drop or keep, got %d", o->if_equivalent);
}

static pdm_status check_plan(const pdm_decision_options *o, pdm_error *err) {
    if (o->required_n <= 0) {
        return pdm__fail(err, PDM_E_PLAN_REQUIRED, -1, "required_n",
                         "expected the units that each arm needs, got %lld; a sample size calculator gives them",
                         (long long)o->required_n);
    }
    if (o->n_control < 0 || o->n_treatment < 0 || o->conflicts < 0) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "n", "expected counts of at least 0, got %lld, %lld and %lld",
                         (long long)o->n_control, (long long)o->n_treatment, (long long)o->conflicts);
    }
    if (!(o->days >= 0)) {
        return pdm__fail(err, PDM_E_BAD_VALUE, -1, "days", "expected at least 0 days, got %.17g", o->days);
    }
    if (o->crossover_share >= 0 && o->crossover_share <= 1) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, -1, "crossover_share", "expected a share from 0 to 1, got %.17g",
                     o->crossover_share);
}

static pdm_status read_options(const pdm_decision_options *given, pdm_decision_options *o, pdm_error *err) {
    *o = pdm_decision_options_default();
    if (given != NULL) {
        if (given->struct_size < sizeof *given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *given,
                             (unsigned)given->struct_size);
        }
        *o = *given;
    }
    if (o->if_equivalent == 0) o->if_equivalent = PDM_DECISION_DROP;
    if (o->min_days == 0) o->min_days = 7;
    if (o->srm_alpha == 0) o->srm_alpha = 0.001;
    if (o->max_crossover_share == 0) o->max_crossover_share = 0.01;
    if (o->max_crossover_share < 0) o->max_crossover_share = 0;
    if (o->alpha == 0) o->alpha = 0.05;
    if (o->power == 0) o->power = 0.8;
    PDM__TRY(check_choices(o, err));
    if (o->if_inconclusive == 0) o->if_inconclusive = PDM_DECISION_REVIEW;
    return check_plan(o, err);
}

/* ----------------------------------------------------------------------------------------------------------- findings */

static bool exists(pdm_range r) { return !isnan(r.low) && !isnan(r.high); }

static pdm_range good_up(pdm_range r, int32_t direction) {
    return direction == PDM_LOWER_IS_BETTER ? (pdm_range){-r.high, -r.low} : r;
}

/* While the experiment runs only intervals that may be watched count; comparisons with NaN are false. */
static finding find(const judgement *j, const pdm_decision_metric *m) {
    pdm_range reported = j->final ? m->reported : m->watched;
    pdm_range scaled = j->final ? m->scaled : m->watched_scaled;
    pdm_range sign = j->final && m->role == PDM_ROLE_GOAL && exists(m->adjusted) ? m->adjusted : reported;
    if (m->scale == PDM_SCALE_DIFFERENCE && !exists(scaled)) scaled = reported;
    finding f = {.sign = good_up(sign, m->direction),
                 .scaled = good_up(scaled, m->direction),
                 .two_alpha = good_up(m->two_alpha, m->direction)};
    bool below = f.sign.high < 0;
    if (m->role == PDM_ROLE_GOAL) {
        f.better = f.sign.low > 0;
        f.worse = below;
        f.equivalent =
            j->final && m->equivalence > 0 && f.two_alpha.low > -m->equivalence && f.two_alpha.high < m->equivalence;
        return f;
    }
    bool weak = j->o.guardrail_rule == PDM_GUARDRAIL_NOT_HARMED;
    f.safe = weak ? exists(f.sign) && !below : f.scaled.low > -m->margin;
    f.harmed = below && !f.safe;
    return f;
}

static bool has_interval(const pdm_decision_metric *m) {
    return exists(m->reported) && m->status != PDM_STATUS_NO_DATA && m->status != PDM_STATUS_TOO_FEW;
}

static void count_findings(judgement *j) {
    for (int32_t i = 0; i < j->count; i++) {
        finding f = find(j, &j->metrics[i]);
        bool goal = j->metrics[i].role == PDM_ROLE_GOAL;
        j->goals += goal;
        j->better += f.better;
        j->worse += f.worse;
        j->equivalent += f.equivalent;
        j->guardrails += !goal;
        j->safe += f.safe;
        j->harmed += f.harmed;
        j->early_harm += !j->final && (f.worse || f.harmed);
    }
}

/* ------------------------------------------------------------------------------------------------------------ reasons */

static void add(judgement *j, int32_t code, int32_t metric, double value, double threshold, int32_t scale) {
    j->reasons[j->out->reason_count++] = (pdm_reason){code, metric, value, threshold, scale, 0};
}

static void add_whole(judgement *j, int32_t code, double value, double threshold) {
    add(j, code, -1, value, threshold, PDM_SCALE_DIFFERENCE);
}

/* A guardrail's bad end against its margin; a set of lifts that is no interval has no end. */
static void add_guardrail(judgement *j, int32_t code, int32_t i, const finding *f) {
    const pdm_decision_metric *m = &j->metrics[i];
    add(j, code, i, exists(f->scaled) ? f->scaled.low : -PDM__INFINITY, 0 - m->margin, m->scale);
}

/* How many more units in all would give the effect the power wanted; NaN if that cannot be said. */
static double units_missing(const judgement *j, const pdm_decision_metric *m) {
    pdm_power_options o = pdm_power_options_default();
    pdm_plan plan;
    double effect = m->planned_effect != 0 ? m->planned_effect : m->estimate;
    o.alpha = j->o.alpha;
    o.power = j->o.power;
    if (!(m->se > 0) || !(fabs(effect) > 0) || o.power <= o.alpha) return PDM__NAN;
    if (pdm_more_traffic(fabs(effect), m->se, &o, &plan, NULL) != PDM_OK || plan.status != PDM_STATUS_OK) {
        return PDM__NAN;
    }
    return ceil(plan.value * ((double)j->o.n_control + (double)j->o.n_treatment));
}

/* The reasons of one metric that the rule in force calls for. */
static void add_metric_reasons(judgement *j, int32_t i) {
    const pdm_decision_metric *m = &j->metrics[i];
    finding f = find(j, m);
    int32_t rule = j->out->rule;
    bool goal = m->role == PDM_ROLE_GOAL;
    if (rule == 1 && !has_interval(m)) {
        add(j, PDM_REASON_NO_DATA, i, m->status, PDM__NAN, PDM_SCALE_DIFFERENCE);
    } else if (rule == 2 && (f.worse || f.harmed)) {
        add(j, PDM_REASON_HARM_SHOWN_EARLY, i, f.sign.high, 0, PDM_SCALE_DIFFERENCE);
    } else if (rule == 4 && f.worse) {
        add(j, PDM_REASON_GOAL_WORSE, i, f.sign.high, 0, PDM_SCALE_DIFFERENCE);
    } else if (rule == 4 && f.better) {
        add(j, PDM_REASON_GOALS_DISAGREE, i, f.sign.low, 0, PDM_SCALE_DIFFERENCE);
    } else if (rule >= 5 && rule <= 7 && f.better) {
        add(j, PDM_REASON_GOAL_BETTER, i, f.sign.low, 0, PDM_SCALE_DIFFERENCE);
    } else if (rule == 5 && f.harmed) {
        add_guardrail(j, PDM_REASON_GUARDRAIL_HARMED, i, &f);
    } else if (rule == 6 && !goal && f.sign.high < 0) {
        add_guardrail(j, PDM_REASON_WORSE_WITHIN_MARGIN, i, &f);
    } else if (rule == 7 && !goal && !f.safe) {
        add_guardrail(j, PDM_REASON_GUARDRAIL_NOT_PROVEN, i, &f);
    } else if (rule == 8 && goal) {
        double far = fmax(fabs(f.two_alpha.low), fabs(f.two_alpha.high));
        add(j, PDM_REASON_EQUIVALENT, i, far, m->equivalence, m->scale);
    } else if (rule == 9 && goal && !f.equivalent) {
        add(j, PDM_REASON_INCONCLUSIVE, i, units_missing(j, m), PDM__NAN, PDM_SCALE_DIFFERENCE);
    }
}

static void add_reasons(judgement *j) {
    const pdm_decision_options *o = &j->o;
    int32_t rule = j->out->rule;
    if (rule == 1 && o->srm_status == PDM_STATUS_MISMATCH) {
        add_whole(j, PDM_REASON_SRM, o->srm_p, o->srm_alpha);
    }
    if (rule == 1 && o->crossover_share > o->max_crossover_share) {
        add_whole(j, PDM_REASON_CROSSOVERS, o->crossover_share, o->max_crossover_share);
    }
    if (rule == 3 && j->out->n_min < o->required_n) {
        double missing = (double)(o->required_n - j->out->n_min);
        add_whole(j, PDM_REASON_BELOW_REQUIRED_SAMPLE, missing, (double)o->required_n);
    }
    if (rule == 3 && o->days < o->min_days) add_whole(j, PDM_REASON_BELOW_MIN_DAYS, o->days, o->min_days);
    for (int32_t i = 0; i < j->count; i++) add_metric_reasons(j, i);
    if (rule == 6 && j->guardrails > 0) add_whole(j, PDM_REASON_GUARDRAILS_SAFE, j->guardrails, PDM__NAN);
    if (o->conflicts > 0) add_whole(j, PDM_REASON_CONFLICTS, (double)o->conflicts, PDM__NAN);
    if (o->imbalance) add_whole(j, PDM_REASON_IMBALANCE, o->balance_p, PDM__NAN);
}

/* -------------------------------------------------------------------------------------------------------------- rules */

static bool is_unreliable(const judgement *j) {
    if (j->o.srm_status == PDM_STATUS_MISMATCH || j->o.crossover_share > j->o.max_crossover_share) return true;
    for (int32_t i = 0; i < j->count; i++) {
        if (!has_interval(&j->metrics[i])) return true;
    }
    return false;
}

static int32_t find_rule(const judgement *j) {
    if (is_unreliable(j)) return 1;
    if (j->early_harm > 0) return 2;
    if (!j->final && j->better == 0) return 3;
    if (j->worse > 0) return 4;
    if (j->harmed > 0) return 5;
    if (j->better > 0) return j->safe == j->guardrails ? 6 : 7;
    return j->equivalent == j->goals ? 8 : 9;
}

/* The strictest of what the harmed guardrails ask for. */
static int32_t on_harm(const judgement *j) {
    for (int32_t i = 0; i < j->count; i++) {
        if (j->metrics[i].on_harm == PDM_DECISION_DROP && find(j, &j->metrics[i]).harmed) return PDM_DECISION_DROP;
    }
    return PDM_DECISION_ADJUST;
}

static int32_t decide(const judgement *j, int32_t rule) {
    switch (rule) {
    case 1: return PDM_DECISION_REVIEW;
    case 2: return PDM_DECISION_DROP;
    case 3: return PDM_DECISION_KEEP_RUNNING;
    case 4: return j->better > 0 ? PDM_DECISION_ADJUST : PDM_DECISION_DROP;
    case 5: return j->better > 0 ? on_harm(j) : PDM_DECISION_DROP;
    case 6: return PDM_DECISION_KEEP;
    case 7: return j->final ? PDM_DECISION_ADJUST : PDM_DECISION_KEEP_RUNNING;
    case 8: return j->o.if_equivalent;
    default: return j->final ? j->o.if_inconclusive : PDM_DECISION_KEEP_RUNNING;
    }
}

pdm_status pdm_decide(const pdm_decision_metric *metrics, int32_t count, const pdm_decision_options *options,
                      pdm_decision_result *out, pdm_reason *reasons, pdm_error *err) {
    pdm_decision_result result = {0};
    judgement j = {.metrics = metrics, .count = count, .out = &result, .reasons = reasons};
    bool has_goal = false;
    PDM__TRY(read_options(options, &j.o, err));
    for (int32_t i = 0; i < count; i++) {
        PDM__TRY(check_metric(&metrics[i], i, err));
        has_goal |= metrics[i].role == PDM_ROLE_GOAL;
    }
    if (!has_goal) return pdm__fail(err, PDM_E_BAD_OPTION, -1, "role", "expected at least one goal, got none");
    result.n_required = j.o.required_n;
    result.n_min = j.o.n_control < j.o.n_treatment ? j.o.n_control : j.o.n_treatment;
    result.days = j.o.days;
    j.final = j.o.last_look || (result.n_min >= j.o.required_n && j.o.days >= j.o.min_days);
    result.is_final = j.final;
    count_findings(&j);
    result.rule = find_rule(&j);
    result.decision = decide(&j, result.rule);
    add_reasons(&j);
    *out = result;
    return PDM_OK;
}
