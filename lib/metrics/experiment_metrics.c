/* Lists `metrics`, and those that name metrics: `covariates`, `priors`, `intervals`, row by row. */
#include "metrics/experiment_internal.h"

#include "stats/special.h"

enum {
    METRIC_NAME,
    METRIC_KIND,
    METRIC_COLUMN,
    METRIC_DENOMINATOR,
    METRIC_VALUE_TYPE,
    METRIC_SCALE,
    METRIC_NULL_VALUE,
    METRIC_COVARIATE_NULL,
    METRIC_DIRECTION,
    METRIC_WINSOR_LOWER,
    METRIC_WINSOR_UPPER,
    METRIC_IGNORE_ZEROS,
    METRIC_FAMILY,
    METRIC_ROLE,
    METRIC_MARGIN,
    METRIC_MARGIN_SCALE,
    METRIC_ON_HARM,
    METRIC_EQUIVALENCE
};
enum { COVARIATE_METRIC, COVARIATE_COLUMN, COVARIATE_DENOMINATOR };
enum { INTERVAL_METRIC, INTERVAL_VARIANT, INTERVAL_CONTROL, INTERVAL_LOW, INTERVAL_HIGH, INTERVAL_P };
enum { PRIOR_METRIC, PRIOR_A, PRIOR_B, PRIOR_MEAN, PRIOR_SD, PRIOR_SCALE };

static const char *const kinds[] = {"conversion", "count", "value", "ratio", NULL};
static const char *const types[] = {"int", "decimal", "real", NULL};
static const char *const nulls[] = {"error", "zero", "exclude", NULL};
static const char *const covariate_nulls[] = {"zero", "error", NULL};
static const char *const directions[] = {"higher", "lower", NULL};
static const char *const roles[] = {"none", "goal", "guardrail", NULL};
static const char *const scales[] = {"lift", "diff", NULL};
static const char *const harms[] = {"adjust", "drop", NULL};

/* One of the names; where nothing is given the first. */
static pdm_status read_name(const pdm__list *list, int32_t column, int64_t row, const char *what,
                            const char *const *names, int32_t *out, pdm_error *err) {
    *out = 0;
    if (!pdm__list_has(list, column, row)) return PDM_OK;
    const char *text = pdm__list_text(list, column, row);
    for (; names[*out] != NULL; *out += 1) {
        if (strcmp(names[*out], text) == 0) return PDM_OK;
    }
    return pdm__fail(
        err, PDM_E_BAD_OPTION, row, "metrics", "row %lld of list \"metrics\": \"%.40s\" is no %s (%s, %s%s%s%s%s)",
        (long long)row, text, what, names[0], names[1], names[2] == NULL ? "" : ", ", names[2] == NULL ? "" : names[2],
        names[2] == NULL || names[3] == NULL ? "" : ", ", names[2] == NULL || names[3] == NULL ? "" : names[3]);
}

static double read_number(const pdm__list *list, int32_t column, int64_t row, double fallback) {
    if (!pdm__list_has(list, column, row)) return fallback;
    double value = 0;
    memcpy(&value, &list->cells[column].words[row], sizeof value);
    return value;
}

static const char *read_text(const pdm__list *list, int32_t column, int64_t row, const char *fallback) {
    return pdm__list_has(list, column, row) ? pdm__list_text(list, column, row) : fallback;
}

static pdm_status bad(int64_t row, const char *what, pdm_error *err) {
    return pdm__experiment_bad_row("metrics", row, what, err);
}

static void read_family(const pdm__list *list, int64_t row, pdm__experiment_plan *plan, pdm__experiment_metric *m) {
    const char *name = read_text(list, METRIC_FAMILY, row, m->role == EXPERIMENT_GUARDRAIL ? "guardrails" : "primary");
    m->unadjusted = m->role == EXPERIMENT_GUARDRAIL && !pdm__list_has(list, METRIC_FAMILY, row);
    for (m->family = 0; m->family < plan->family_count; m->family++) {
        if (strcmp(plan->families[m->family], name) == 0) return;
    }
    plan->families[plan->family_count++] = name;
}

static pdm_status read_type(const pdm__list *list, int64_t row, const pdm__experiment_plan *plan,
                            pdm__experiment_metric *m, pdm_error *err) {
    int32_t type = 0;
    PDM__TRY(read_name(list, METRIC_VALUE_TYPE, row, "value_type", types, &type, err));
    m->type = (experiment_type)type;
    int64_t scale = pdm__list_has(list, METRIC_SCALE, row) ? pdm__list_int(list, METRIC_SCALE, row) : 0;
    if (scale < 0 || scale > 9 || (scale > 0 && m->type != EXPERIMENT_DECIMAL))
        return bad(row, "scale is 0 to 9 decimal places of value_type decimal", err);
    m->scale = (int32_t)scale;
    if (m->type == EXPERIMENT_REAL && plan->options->unit_rows == PDM_EXPERIMENT_SUM)
        return pdm__fail(
            err, PDM_E_NEEDS_SCALE, row, "metrics",
            "row %lld of list \"metrics\": parts are added up exactly, value_type decimal with a scale does",
            (long long)row);
    return PDM_OK;
}

static pdm_status read_winsor(const pdm__list *list, int64_t row, pdm__experiment_metric *m, pdm_error *err) {
    m->winsor_low = read_number(list, METRIC_WINSOR_LOWER, row, 0);
    m->winsor_high = read_number(list, METRIC_WINSOR_UPPER, row, 1);
    m->ignore_zeros =
        pdm__list_has(list, METRIC_IGNORE_ZEROS, row) && pdm__list_int(list, METRIC_IGNORE_ZEROS, row) != 0;
    if (!(m->winsor_low >= 0 && m->winsor_low < 0.5)) return bad(row, "winsor_lower is outside [0, 0.5)", err);
    if (!(m->winsor_high > 0.5 && m->winsor_high <= 1)) return bad(row, "winsor_upper is outside (0.5, 1]", err);
    if (m->kind == EXPERIMENT_CONVERSION && pdm__experiment_is_winsorised(m))
        return bad(row, "conversions are not winsorised", err);
    return PDM_OK;
}

static pdm_status read_rules(const pdm__list *list, int64_t row, pdm__experiment_metric *m, pdm_error *err) {
    int32_t role = 0;
    int32_t scale = 0;
    int32_t harm = 0;
    PDM__TRY(read_name(list, METRIC_ROLE, row, "role", roles, &role, err));
    PDM__TRY(read_name(list, METRIC_MARGIN_SCALE, row, "margin_scale", scales, &scale, err));
    PDM__TRY(read_name(list, METRIC_ON_HARM, row, "on_harm", harms, &harm, err));
    m->role = (experiment_role)role;
    m->margin_is_difference = scale != 0;
    m->drop_on_harm = harm != 0;
    m->has_margin = pdm__list_has(list, METRIC_MARGIN, row);
    m->margin = read_number(list, METRIC_MARGIN, row, 0);
    m->equivalence = read_number(list, METRIC_EQUIVALENCE, row, 0);
    if (m->role == EXPERIMENT_GUARDRAIL && !m->has_margin)
        return pdm__fail(err, PDM_E_MARGIN_REQUIRED, row, "metrics",
                         "row %lld of list \"metrics\": a guardrail needs a margin; what harm is tolerable is a choice",
                         (long long)row);
    if (m->margin < 0) return bad(row, "margin is negative", err);
    if (m->equivalence < 0) return bad(row, "equivalence is negative", err);
    bool share = m->kind == EXPERIMENT_CONVERSION;
    if (share && (m->margin >= 1 || m->equivalence >= 1))
        return bad(row, "margin and equivalence of a conversion are below 1", err);
    return PDM_OK;
}

/* ---- columns ---- */

/* The metric's own column: what its kind lets through. */
static pdm__experiment_slot own_slot(const pdm__experiment_metric *m) {
    bool counts = m->kind == EXPERIMENT_CONVERSION || m->kind == EXPERIMENT_COUNT;
    pdm__experiment_slot slot = {
        .type = m->type, .scale = m->scale, .null_error = m->null_value == EXPERIMENT_NULL_ERROR};
    if (counts && m->type == EXPERIMENT_DECIMAL) slot = (pdm__experiment_slot){.null_error = slot.null_error};
    slot.whole = counts && m->type == EXPERIMENT_REAL;
    slot.bit = m->kind == EXPERIMENT_CONVERSION;
    slot.not_negative = m->kind == EXPERIMENT_COUNT;
    return slot;
}

static pdm_status add_slot(pdm__experiment_plan *plan, const char *list, int64_t row, const char *name,
                           const pdm__experiment_slot *slot, pdm__experiment_metric *m, pdm_error *err) {
    m->scales[m->columns] = slot->scale;
    return pdm__experiment_slot_of(plan, list, row, name, slot, &m->slots[m->columns++], err);
}

static pdm_status read_columns(const pdm__list *list, int64_t row, pdm__experiment_plan *plan,
                               pdm__experiment_metric *m, pdm_error *err) {
    pdm__experiment_slot slot = own_slot(m);
    PDM__TRY(add_slot(plan, "metrics", row, read_text(list, METRIC_COLUMN, row, m->name), &slot, m, err));
    bool has = pdm__list_has(list, METRIC_DENOMINATOR, row);
    if (m->kind != EXPERIMENT_RATIO) return has ? bad(row, "only a ratio has a denominator", err) : PDM_OK;
    if (!has) return bad(row, "a ratio needs a denominator", err);
    slot.not_negative = true;
    return add_slot(plan, "metrics", row, pdm__list_text(list, METRIC_DENOMINATOR, row), &slot, m, err);
}

static pdm_status read_covariate(const pdm__list *list, int64_t row, pdm__experiment_plan *plan,
                                 pdm__experiment_metric *m, pdm_error *err) {
    bool ratio = m->kind == EXPERIMENT_RATIO;
    bool pair = pdm__list_has(list, COVARIATE_DENOMINATOR, row);
    if (ratio != pair)
        return pdm__experiment_bad_row("covariates", row,
                                       ratio ? "the covariate of a ratio needs a denominator too"
                                             : "only the covariate of a ratio has a denominator",
                                       err);
    if (m->covariates == (ratio ? 1 : PDM_EXPERIMENT_MAX_COVARIATES))
        return pdm__experiment_bad_row("covariates", row, "too many covariates: 8, of a ratio 1", err);
    pdm__experiment_slot slot = {
        .type = m->type, .scale = m->scale, .null_error = m->covariate_null == EXPERIMENT_NULL_ERROR};
    m->covariates++;
    PDM__TRY(add_slot(plan, "covariates", row, pdm__list_text(list, COVARIATE_COLUMN, row), &slot, m, err));
    if (!pair) return PDM_OK;
    slot.not_negative = true;
    return add_slot(plan, "covariates", row, pdm__list_text(list, COVARIATE_DENOMINATOR, row), &slot, m, err);
}

/* The metric that a row of another list names in its first column. */
static pdm_status find_metric(const pdm__list *list, const char *list_name, int64_t row, pdm__experiment_plan *plan,
                              pdm__experiment_metric **out, pdm_error *err) {
    const char *name = pdm__list_text(list, 0, row);
    for (int32_t m = 0; m < plan->metric_count; m++) {
        *out = &plan->metrics[m];
        if (strcmp(plan->metrics[m].name, name) == 0) return PDM_OK;
    }
    return pdm__experiment_bad_row(list_name, row, "its metric is not in list metrics", err);
}

static pdm_status read_covariates(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[EXPERIMENT_LIST_COVARIATES];
    for (int64_t row = 0; row < list->rows; row++) {
        pdm__experiment_metric *m = NULL;
        PDM__TRY(find_metric(list, "covariates", row, plan, &m, err));
        PDM__TRY(read_covariate(list, row, plan, m, err));
    }
    return PDM_OK;
}

/* ---- priors ---- */

static pdm_status bad_prior(int64_t row, const char *what, pdm_error *err) {
    return pdm__experiment_bad_row("priors", row, what, err);
}

static pdm_status read_prior(const pdm__list *list, int64_t row, const pdm_experiment_options *o,
                             pdm__experiment_metric *m, pdm_error *err) {
    bool rate = m->kind == EXPERIMENT_CONVERSION && m->covariates == 0 && o->variance == 0;
    bool beta = pdm__list_has(list, PRIOR_A, row) || pdm__list_has(list, PRIOR_B, row);
    bool spread = pdm__list_has(list, PRIOR_SD, row);
    bool normal = spread || pdm__list_has(list, PRIOR_MEAN, row) || pdm__list_has(list, PRIOR_SCALE, row);
    const char *scale = read_text(list, PRIOR_SCALE, row, "lift");
    if (m->has_prior) return bad_prior(row, "the metric has a prior already", err);
    if (beta && !rate) return bad_prior(row, "a and b are of conversions without covariates; give mean and sd", err);
    if (normal && rate)
        return bad_prior(row, "the prior of a conversion is Beta(a, b); mean and sd are of others", err);
    m->has_prior = true;
    m->prior_a = read_number(list, PRIOR_A, row, 1);
    m->prior_b = read_number(list, PRIOR_B, row, 1);
    m->prior_mean = read_number(list, PRIOR_MEAN, row, 0);
    m->prior_sd = read_number(list, PRIOR_SD, row, 0);
    m->prior_is_difference = strcmp(scale, "diff") == 0;
    if (!(m->prior_a > 0 && m->prior_b > 0)) return bad_prior(row, "a and b are above 0", err);
    if (spread && !(m->prior_sd > 0)) return bad_prior(row, "sd is above 0; leave it out for a flat prior", err);
    if (normal && !spread) return bad_prior(row, "a mean without sd says nothing: give sd", err);
    if (!m->prior_is_difference && strcmp(scale, "lift") != 0) return bad_prior(row, "scale is lift or diff", err);
    return PDM_OK;
}

static pdm_status read_priors(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[EXPERIMENT_LIST_PRIORS];
    for (int32_t m = 0; m < plan->metric_count; m++) plan->metrics[m].prior_a = plan->metrics[m].prior_b = 1;
    for (int64_t row = 0; row < list->rows; row++) {
        pdm__experiment_metric *m = NULL;
        PDM__TRY(find_metric(list, "priors", row, plan, &m, err));
        PDM__TRY(read_prior(list, row, plan->options, m, err));
    }
    return PDM_OK;
}

static pdm_status read_metric(const pdm__list *list, int64_t row, pdm__experiment_plan *plan, pdm_error *err) {
    pdm__experiment_metric *m = &plan->metrics[row];
    int32_t kind = 0;
    int32_t null_value = 0;
    int32_t covariate_null = 0;
    int32_t direction = 0;
    m->name = pdm__list_text(list, METRIC_NAME, row);
    for (int64_t i = 0; i < row; i++) {
        if (strcmp(plan->metrics[i].name, m->name) == 0) return bad(row, "the metric is there already", err);
    }
    PDM__TRY(read_name(list, METRIC_KIND, row, "kind", kinds, &kind, err));
    PDM__TRY(read_name(list, METRIC_NULL_VALUE, row, "null_value", nulls, &null_value, err));
    PDM__TRY(read_name(list, METRIC_COVARIATE_NULL, row, "covariate_null", covariate_nulls, &covariate_null, err));
    PDM__TRY(read_name(list, METRIC_DIRECTION, row, "direction", directions, &direction, err));
    m->kind = (experiment_kind)kind;
    m->null_value = (experiment_null)null_value;
    m->covariate_null = covariate_null == 0 ? EXPERIMENT_NULL_ZERO : EXPERIMENT_NULL_ERROR;
    m->lower_is_better = direction != 0;
    PDM__TRY(read_type(list, row, plan, m, err));
    PDM__TRY(read_winsor(list, row, m, err));
    PDM__TRY(read_rules(list, row, m, err));
    read_family(list, row, plan, m);
    return read_columns(list, row, plan, m, err);
}

/* ---- intervals of earlier looks ---- */

/* Number of the comparison of two arms, −1 if they are not compared. */
static int32_t find_pair(const pdm__experiment_plan *plan, const char *variant, const char *control) {
    for (int32_t p = 0; p < pdm__experiment_pairs(plan); p++) {
        pdm__experiment_pair_of_arms arms = pdm__experiment_nth_pair(plan, p);
        bool same = strcmp(plan->arms[arms.treatment].name, variant) == 0;
        if (same && strcmp(plan->arms[arms.control].name, control) == 0) return p;
    }
    return -1;
}

static pdm_status read_intervals(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[EXPERIMENT_LIST_INTERVALS];
    if (list->rows > 0 && plan->options->horizon == PDM_EXPERIMENT_FIXED)
        return pdm__experiment_bad_row("intervals", 0, "a fixed horizon has no earlier looks", err);
    for (int64_t row = 0; row < list->rows; row++) {
        pdm__experiment_interval *i = &plan->intervals[row];
        pdm__experiment_metric *m = NULL;
        PDM__TRY(find_metric(list, "intervals", row, plan, &m, err));
        const char *control = read_text(list, INTERVAL_CONTROL, row, plan->arms[plan->control].name);
        i->metric = (int32_t)(m - plan->metrics);
        i->pair = find_pair(plan, pdm__list_text(list, INTERVAL_VARIANT, row), control);
        i->low = read_number(list, INTERVAL_LOW, row, -PDM__INFINITY);
        i->high = read_number(list, INTERVAL_HIGH, row, PDM__INFINITY);
        i->p = read_number(list, INTERVAL_P, row, 1);
        if (i->pair < 0) return pdm__experiment_bad_row("intervals", row, "these two arms are not compared", err);
        if (!(i->p >= 0 && i->p <= 1)) return pdm__experiment_bad_row("intervals", row, "p is from 0 to 1", err);
    }
    plan->interval_count = (int32_t)list->rows;
    return PDM_OK;
}

pdm_status pdm__experiment_read_metrics(const pdm__setup *setup, pdm__experiment_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[EXPERIMENT_LIST_METRICS];
    if (list->rows < 1 || list->rows > PDM_EXPERIMENT_MAX_METRICS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "metrics", "list \"metrics\": 1 to %d metrics expected, %lld given",
                         PDM_EXPERIMENT_MAX_METRICS, (long long)list->rows);
    }
    for (int64_t row = 0; row < list->rows; row++, plan->metric_count++) PDM__TRY(read_metric(list, row, plan, err));
    PDM__TRY(read_covariates(setup, plan, err));
    PDM__TRY(read_priors(setup, plan, err));
    return read_intervals(setup, plan, err);
}
