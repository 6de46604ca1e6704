#include "cases.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool metric_has_list(const pdm_metric *metric, const char *list) {
    for (int32_t i = 0; i < metric->list_count; i++) {
        if (strcmp(metric->lists[i].name, list) == 0) return true;
    }
    return false;
}

/* A list without an example would pass untested: refuse to go on. */
static void check_examples(const pdm_metric *metric) {
    for (int32_t i = 0; i < metric->list_count; i++) {
        bool found = false;
        for (int32_t e = 0; e < case_example_count; e++)
            found = found || strcmp(case_examples[e].list, metric->lists[i].name) == 0;
        if (found) continue;
        (void)fprintf(stderr, "tests/support/cases.c has no example of list \"%s\" (metric \"%s\")\n",
                      metric->lists[i].name, metric->name);
        abort();
    }
}

/* ---- one case ---- */

void case_begin(law_case *c, const pdm_metric *metric, const char *name) {
    memset(c, 0, sizeof *c);
    if (metric->options_size > CASE_OPTIONS) {
        (void)fprintf(stderr, "CASE_OPTIONS is too small for metric \"%s\"\n", metric->name);
        abort();
    }
    c->metric = metric;
    memcpy(c->options, &metric->options_size, sizeof metric->options_size);
    (void)snprintf(c->name, sizeof c->name, "%s%s", metric->name, name);
}

static void add_name(law_case *c, const char *text) {
    size_t used = strlen(c->name);
    (void)snprintf(c->name + used, sizeof c->name - used, "%s", text);
}

bool case_set(law_case *c, const char *option, const char *value) {
    if (pdm_options_set(c->metric, c->options, option, value, NULL) != PDM_OK) return false;
    char text[128];
    (void)snprintf(text, sizeof text, " %s=%s", option, value);
    add_name(c, text);
    if (strcmp(option, "null_rows") == 0) c->skips_nulls = strcmp(value, "skip") == 0;
    return true;
}

bool case_add_list(law_case *c, const char *label) {
    for (int32_t e = 0; e < case_example_count; e++) {
        if (strcmp(case_examples[e].label, label) != 0) continue;
        if (!metric_has_list(c->metric, case_examples[e].list) || c->list_count == CASE_LISTS) return false;
        bool other_kind = c->events != CASE_NO_EVENTS && case_examples[e].events != c->events;
        if (case_examples[e].events != CASE_NO_EVENTS && other_kind) return false;
        if (case_examples[e].events != CASE_NO_EVENTS) c->events = case_examples[e].events;
        c->lists[c->list_count++] = &case_examples[e];
        add_name(c, " +");
        add_name(c, label);
        return true;
    }
    return false;
}

rows_style case_style(const law_case *c) {
    static const rows_style with_texts[] = {ROWS_TEXT, ROWS_DICTIONARY};
    static const rows_style with_codes[] = {ROWS_INT, ROWS_MIXED, ROWS_UINT};
    if (c->events == CASE_TEXTS) return with_texts[c->number % 2];
    if (c->events == CASE_CODES) return with_codes[c->number % 3];
    return (rows_style)(c->number % ROWS_STYLES);
}

static pdm_status set_calendar(int32_t which, pdm_state *state, pdm_error *err) {
    static const int64_t change_s[] = {-3600 * 24 * 30, 3600, 3600 * 24 * 20};
    static const int32_t offset_s[] = {7200, 3600, 10800};
    pdm_calendar calendar = pdm_calendar_fixed(which == 1 ? 28800 : -18000);
    if (which == 1) calendar.week_start = PDM_SUNDAY;
    if (which == 2) {
        calendar.change_count = 3;
        calendar.change_s = change_s;
        calendar.offset_s = offset_s;
    }
    return pdm_state_set_calendar(state, &calendar, err);
}

pdm_status case_settle(const law_case *c, pdm_state *state, pdm_error *err) {
    pdm_status status = c->calendar == 0 ? PDM_OK : set_calendar(c->calendar, state, err);
    for (int32_t i = 0; status == PDM_OK && i < c->list_count; i++) status = c->lists[i]->give(state, err);
    return status;
}

pdm_status case_create(const law_case *c, pdm_context *context, pdm_state **out, pdm_error *err) {
    pdm_state *state = NULL;
    pdm_status status = pdm_state_create(context, c->metric, c->options, &state, err);
    if (status == PDM_OK) status = case_settle(c, state, err);
    if (status != PDM_OK) {
        pdm_state_free(state);
        return status;
    }
    *out = state;
    return PDM_OK;
}

/* ---- the walk ---- */

/* Options times values that are kept account of. */
#define MOST_OPTIONS 64
#define MOST_VALUES 16

typedef struct walk {
    case_visit visit;
    void *user;
    case_counts *counts;
    bool seen[MOST_OPTIONS][MOST_VALUES];
    int64_t turn; /* which lists come next */
} walk;

/* Measuring the empty state makes options and lists final, so everything that can be refused is. */
static bool accepted(const law_case *c, walk *w) {
    pdm_state *state = NULL;
    pdm_error err;
    size_t size = 0;
    pdm_status status = case_create(c, NULL, &state, &err);
    if (status == PDM_OK) status = pdm_state_serialize(state, NULL, 0, &size, &err);
    pdm_state_free(state);
    if (status == PDM_OK) return true;
    if (status != PDM_E_BAD_OPTION && status != PDM_E_UNSUPPORTED_COMBINATION && status != PDM_E_SEGMENT_OVERLAP &&
        status != PDM_E_NEEDS_UNITS && status != PDM_E_NEEDS_SCALE && status != PDM_E_PLAN_REQUIRED) {
        (void)fprintf(stderr, "%s: %s: %s\n", c->name, pdm_status_name((int32_t)status), err.message);
        abort();
    }
    if (w->counts->refused++ == 0) {
        (void)snprintf(w->counts->first_refusal, sizeof w->counts->first_refusal, "%.100s: %.140s", c->name,
                       err.message);
    }
    return false;
}

static bool visit_one(law_case *c, walk *w) {
    if (!accepted(c, w)) return false;
    c->number = w->counts->visited++;
    c->calendar = (int32_t)(c->number % 3);
    w->visit(c, w->user);
    return true;
}

/* The case without lists, and with each example. */
static bool visit_with_lists(const law_case *base, walk *w) {
    law_case c = *base;
    bool any = visit_one(&c, w);
    for (int32_t e = 0; e < case_example_count; e++) {
        c = *base;
        if (case_add_list(&c, case_examples[e].label)) any |= visit_one(&c, w);
    }
    c = *base;
    if (case_add_list(&c, "two_windows") && case_add_list(&c, "four_thresholds")) any |= visit_one(&c, w);
    c = *base;
    if (case_add_list(&c, "three_windows") && case_add_list(&c, "tier_cuts")) any |= visit_one(&c, w);
    return any;
}

static bool visit_alone(const law_case *base, walk *w) {
    law_case c = *base;
    return visit_one(&c, w);
}

/* The case as it is, and with one more list, each time another one. */
static bool visit_in_turn(const law_case *base, walk *w) {
    law_case c = *base;
    bool any = visit_one(&c, w);
    for (int32_t tries = 0; tries < case_example_count; tries++) {
        const case_list *list = &case_examples[w->turn++ % case_example_count];
        bool given = false;
        for (int32_t i = 0; i < base->list_count; i++) given |= strcmp(base->lists[i]->list, list->list) == 0;
        c = *base;
        if (!given && case_add_list(&c, list->label)) return visit_one(&c, w) || any;
    }
    return any;
}

/* Values of options that the general ones below say nothing about. */
static const struct {
    const char *option;
    const char *values[10];
} own_values[] = {
    {"mode", {"deduplication", "fixed", "increase", "strict_order,allow_reentry", "once, increase", "7", NULL}},
    {"step_count", {"1", "4", "32", NULL}},
    {"grace", {"0", "1s", "6h", NULL}},
    {"window", {"0", "1", "1d", "36h", "unlimited", NULL}},
    {"attribution_step", {"1", "2", "4", NULL}},
    {"breakdown_limit", {"1", "2", "2147483647", NULL}},
    {"histogram_from", {"1", "2", NULL}},
    {"histogram_to", {"2", "3", NULL}},
    {"bins", {"1", "7", "1000", NULL}},
    {"bin_unit", {"1us", "1h", "unlimited", NULL}},
    {"trend_from", {"1", "2", NULL}},
    {"trend_to", {"1", "3", NULL}},
    {"conf_level", {"0", "0.5", "0.999", NULL}},
    {"condition_count", {"1", "6", "32", NULL}},
    {"intervals", {"1", "5", "40", NULL}},
    {"min_occurrences", {"1", "2", "3", NULL}},
    {"dormant_after", {"1", "7", "90", NULL}},
    {"every", {"1", "3", "50", NULL}},
    {"criteria_rows", {"1", "2", "3", NULL}},
    {"mau_days", {"1", "28", "365", NULL}},
    {"lookback", {"0", "1us", "6h", "1d", "unlimited", NULL}},
    {"max_touches", {"1", "2", NULL}},
    {"top", {"-1", "1", NULL}},
    {"markov_orders", {"0", "3", "32", NULL}},
    {"gross_margin", {"0.25", "1", NULL}},
    {"base", {"linear", NULL}},
    {"path_separator", {">", "→", NULL}},
    {"alpha", {"0.01", "0.5", NULL}},
    {"power", {"0.5", "0.9", NULL}},
    {"srm_alpha", {"0.05", NULL}},
    {"credible_level", {"0.5", "0.99", NULL}},
    {"primary_share", {"0.5", NULL}},
    {"max_crossover_share", {"0.5", NULL}},
    {"planned_n_total", {"40", "100000", NULL}},
    {"required_n", {"5", "100000", NULL}},
    {"max_levels", {"1000", "100000", NULL}},
    {"control", {"c1", "2", NULL}},
    /* Rows of the laws lie anywhere near the epoch; what lies outside a segment is refused, which is tested elsewhere. */
    {"segment_from", {"-9000000000000000000", NULL}},
    {"segment_to", {"9000000000000000000", NULL}},
};

/* The nth text worth trying for an option, NULL after the last. */
static const char *nth_value(const pdm_option_info *info, int32_t nth, char *buffer, size_t room) {
    static const char *const wide[] = {"0", "-2", "3", "1200"};
    static const char *const times[] = {"0", "-864000000000", "1728000000000", "5"};
    static const char *const durations[] = {"1us", "6h", "1d", "unlimited"};
    static const char *const texts[] = {"CNY", "其他"};
    static const char *const floats[] = {"0", "0.5", "3"};
    for (size_t i = 0; i < sizeof own_values / sizeof *own_values; i++) {
        if (info->type != PDM_OPTION_ENUM && strcmp(own_values[i].option, info->name) == 0)
            return own_values[i].values[nth];
    }
    if (info->type == PDM_OPTION_ENUM) return info->values[nth];
    if (info->type == PDM_OPTION_BOOL) return nth == 0 ? "false" : nth == 1 ? "true" : NULL;
    if (info->type == PDM_OPTION_INT64) return nth < 4 ? wide[nth] : NULL;
    if (info->type == PDM_OPTION_TIME) return nth < 4 ? times[nth] : NULL;
    if (info->type == PDM_OPTION_DURATION) return nth < 4 ? durations[nth] : NULL;
    if (info->type == PDM_OPTION_TEXT) return nth < 2 ? texts[nth] : NULL;
    if (info->type == PDM_OPTION_FLOAT) return nth < 3 ? floats[nth] : NULL;
    int64_t span = info->maximum - info->minimum;
    if (nth > (span < 16 ? span : 2)) return NULL;
    (void)snprintf(buffer, room, "%" PRId64, span < 16 ? info->minimum + nth : info->minimum + span / 2 * nth);
    return buffer;
}

static void note_seen(walk *w, int32_t option, int32_t nth) {
    if (option < MOST_OPTIONS && nth < MOST_VALUES) w->seen[option][nth] = true;
}

static void walk_options(const law_case *base, bool (*visit)(const law_case *, walk *), walk *w) {
    (void)visit(base, w);
    for (int32_t i = 0; i < base->metric->option_count; i++) {
        const pdm_option_info *info = &base->metric->options[i];
        char buffer[32];
        const char *value = NULL;
        for (int32_t nth = info->type == PDM_OPTION_ENUM ? 1 : 0;
             (value = nth_value(info, nth, buffer, sizeof buffer)) != NULL; nth++) {
            law_case c = *base;
            if (!case_set(&c, info->name, value)) continue;
            if (visit(&c, w)) note_seen(w, i, nth);
        }
    }
}

static void visit_random(const law_case *base, uint64_t *random, walk *w) {
    law_case c = *base;
    const pdm_metric *metric = base->metric;
    int32_t option[4];
    int32_t nth[4];
    for (int32_t n = 0; n < 4; n++) {
        option[n] = (int32_t)rows_below(random, metric->option_count);
        const pdm_option_info *info = &metric->options[option[n]];
        char buffer[32];
        int32_t values = 0;
        while (nth_value(info, values, buffer, sizeof buffer) != NULL) values++;
        nth[n] = (int32_t)rows_below(random, values);
        const char *value = nth_value(info, nth[n], buffer, sizeof buffer);
        (void)case_set(&c, info->name, value);
    }
    for (int32_t n = 0; n < 2; n++) {
        if (rows_below(random, 2) == 0)
            (void)case_add_list(&c, case_examples[rows_below(random, case_example_count)].label);
    }
    if (!visit_one(&c, w)) return;
    for (int32_t n = 0; n < 4; n++) note_seen(w, option[n], nth[n]);
}

/* ---- what cases start from ---- */

typedef struct recipe {
    const char *metric;
    const char *set[6];
    const char *lists[3];
} recipe;

/* What options of experiments need to be accepted. */
#define EXPERIMENT_PLAN "required_n=50", "planned_n_total=4000", "tau2=1", "primary_share=0.4"

/* Options as "name=value". A metric that is not named here starts from its defaults. */
static const recipe bases[] = {
    {"rfm", {NULL}, {NULL}},
    {"rfm", {"grain=order", NULL}, {NULL}},
    {"funnel", {"step_count=4", "window=36h", "list_units=true", NULL}, {NULL}},
    {"funnel", {"window=2d", NULL}, {"text_steps", "exclusions", NULL}},
    {"funnel", {"window=3d", "ties=row_order", "list_units=true", "trend_period=day", NULL}, {"code_steps", NULL}},
    {"funnel", {"order=unordered", "window=30h", "attribution=first_touch", NULL}, {"flag_steps", NULL}},
    {"funnel",
     {"hold_constant=steps", "hold_count=per_unit", "window=2d", "list_units=true", "attribution=all_events", NULL},
     {"held_steps", NULL}},
    {"funnel", {"preset=clickhouse", "window=2d", "count=sessions", "session_gap=12h", NULL}, {"far_code_steps", NULL}},
    {"funnel", {"preset=doris", "window=2d", "count=totals", NULL}, {"flag_steps", "code_exclusions", NULL}},
    {"funnel", {"preset=starrocks", "window=2d", "hold_constant=column", NULL}, {"empty_text_steps", NULL}},
    {"repurchase", {"list_units=true", NULL}, {NULL}},
    {"repurchase", {"breakdown_by=entry", "list_units=true", "period=week", NULL}, {"three_n", NULL}},
    {"retention", {"intervals=40", "list_units=true", NULL}, {NULL}},
    {"retention", {"mode=brackets", "intervals=30", NULL}, {"three_brackets", NULL}},
    {"retention",
     {"clock=rolling_24h", "cohort_entry=recurring", "retained_value=true", "breakdown_by=entry", "list_units=true",
      "period=week"},
     {NULL}},
    {"retention",
     {"cohort_entry=recurring", "retained_value=true", "hold_constant=column", "date_from=-2592000000000", NULL},
     {"some_costs", NULL}},
    {"attribution", {NULL}, {NULL}},
    {"attribution", {"lookback=3d", "list_journeys=true", NULL}, {"all_models", "model_weights", "milestones"}},
    {"attribution", {"rows=paths", "top=-1", NULL}, {"direct", NULL}},
    {"experiment", {EXPERIMENT_PLAN}, {"code_arms", "plain_metrics", NULL}},
    {"experiment", {EXPERIMENT_PLAN, "horizon=hybrid"}, {"text_arms", "capped_metrics", NULL}},
    {"experiment", {EXPERIMENT_PLAN, "moments_only=true"}, {"code_arms", "real_metrics", "two_segments"}},
    {"experiment", {EXPERIMENT_PLAN, "unit_rows=sum"}, {"text_arms", "plain_metrics", "two_segments"}},
};
#define BASES (sizeof bases / sizeof *bases)

/* The few. A metric that is not named here gets its defaults with each list. */
static const recipe recipes[] = {
    {"actuals", {NULL}, {NULL}},
    {"actuals", {"calendar_period=week", "null_rows=skip", NULL}, {NULL}},
    {"actuals", {"dedupe=order_id", NULL}, {NULL}},
    {"actuals", {"dedupe=order_id", "calendar_period=day", NULL}, {NULL}},
    {"credit", {NULL}, {NULL}},
    {"credit", {"policy=full", "null_rows=skip", NULL}, {NULL}},
    {"credit", {"policy=split", NULL}, {NULL}},
    {"credit", {"policy=split", NULL}, {"four_roles"}},
    {"rfm", {NULL}, {NULL}},
    {"rfm", {"grain=order", NULL}, {NULL}},
    {"rfm", {"grain=order", "f_basis=days", "absent_detail=true", "m_basis=net_max", NULL}, {"three_windows", NULL}},
    {"rfm", {"tiers=share", "policy=nested", "null_rows=skip", NULL}, {"two_windows", NULL}},
    {"rfm",
     {"policy=fixed", "refund_policy=drop_fully_refunded", "dedupe=event_id", NULL},
     {"four_thresholds", "segment_boxes"}},
    {"rfm",
     {"grain=order", "map=cn8", "split_by=median", "thresholds=frozen", "tiers=cut", NULL},
     {"two_windows", "tier_cuts"}},
    {"tiers", {NULL}, {NULL}},
    {"tiers", {"dedupe=event_id", NULL}, {"tier_cuts", NULL}},
    {"tiers", {"null_rows=skip", NULL}, {"tier_shares", NULL}},
    {"funnel", {"step_count=4", "list_units=true", "window=36h", NULL}, {NULL}},
    {"funnel",
     {"ties=row_order", "window=2d", "null_rows=skip", "trend_period=day", NULL},
     {"code_steps", "code_exclusions"}},
    {"funnel",
     {"count=sessions", "sessions=column", "attribution=all_events", "breakdown_limit=2", "list_units=true", NULL},
     {"text_steps", "four_edges"}},
    {"funnel", {"hold_constant=steps", "dedupe=event_id", "attribution=last_touch", "window=2d", NULL}, {"held_steps"}},
    {"funnel",
     {"order=unordered", "hold_constant=column", "list_units=true", "trend_period=week", NULL},
     {"flag_steps"}},
    {"funnel", {"preset=clickhouse", "mode=order", "window=1d", "dedupe=event_id", NULL}, {"far_code_steps"}},
    {"repurchase", {"list_units=true", NULL}, {NULL}},
    {"repurchase",
     {"same_day=merge", "period=week", "null_rows=skip", "breakdown_by=entry", "list_units=true", NULL},
     {"three_n"}},
    {"repurchase", {"breakdown_by=latest", "dedupe=event_id", "zero_denominator=zero", NULL}, {NULL}},
    {"repurchase", {"breakdown_by=same_value", "list_units=true", "period=day", NULL}, {NULL}},
    {"lifecycle", {"list_units=true", "period=week", NULL}, {NULL}},
    {"lifecycle", {"first_seen=column", "breakdown_by=entry", "dormant_after=3", "null_rows=skip", NULL}, {NULL}},
    {"lifecycle", {"breakdown_by=same_value", "dedupe=event_id", NULL}, {NULL}},
    {"activity", {"list_units=true", NULL}, {NULL}},
    {"activity", {"criteria=lte", "criteria_rows=2", "every=3", "breakdown_by=latest", "null_rows=skip", NULL}, {NULL}},
    {"activity",
     {"period=hour", "breakdown_by=same_value", "dedupe=event_id", "date_from=3801600000000", NULL},
     {NULL}},
    {"retention_array", {"condition_count=6", "list_units=true", NULL}, {NULL}},
    {"retention_array", {"dedupe=event_id", "null_rows=skip", NULL}, {NULL}},
    {"retention", {"intervals=20", "list_units=true", "null_rows=skip", NULL}, {NULL}},
    {"retention",
     {"mode=brackets", "breakdown_by=same_value", "hold_constant=column", "period=week", NULL},
     {"three_brackets"}},
    {"retention",
     {"retained_value=true", "cohort_entry=recurring", "min_occurrences=2", "period=week", NULL},
     {"some_costs"}},
    {"retention",
     {"cohort_entry=first_ever", "breakdown_by=latest", "mode=on_or_after", "dedupe=event_id", "period=month", NULL},
     {NULL}},
    {"retention",
     {"clock=rolling_24h", "window_entry=every_start", "floor=hour", "cohort_entry=recurring", "period=week", NULL},
     {NULL}},
    {"retention",
     {"clock=rolling_24h", "retained_value=true", "breakdown_by=entry", "average=simple", "period=week", NULL},
     {"grouped_costs"}},
    {"attribution", {"lookback=2d", "list_journeys=true", "markov_orders=2", NULL}, {NULL}},
    {"attribution",
     {"reset=after_conversion", "nulls=expired", "null_rows=skip", "value_type=double", NULL},
     {"all_models", "model_weights", "milestones"}},
    {"attribution",
     {"dedupe=event_id", "direct_mode=inherit_previous", "priority_mode=highest_only", NULL},
     {"priorities", "direct", "spend"}},
    {"attribution", {"rows=paths", "transform=frequency", "gross_margin=0.5", NULL}, {"spend", "milestones"}},
    {"attribution", {"rows=paths", "value_type=double", "max_touches=2", NULL}, {"few_models"}},
    {"experiment", {EXPERIMENT_PLAN, NULL}, {"code_arms", "plain_metrics", "two_segments"}},
    {"experiment",
     {EXPERIMENT_PLAN, "unit_rows=sum", "horizon=asymp_cs"},
     {"text_arms", "plain_metrics", "ratio_covariates"}},
    {"experiment",
     {EXPERIMENT_PLAN, "moments_only=true", "horizon=group_sequential"},
     {"code_arms", "plain_metrics", "one_look"}},
    {"experiment", {EXPERIMENT_PLAN, "null_rows=skip", "comparisons=all_pairs"}, {"text_arms", "capped_metrics"}},
    {"experiment", {EXPERIMENT_PLAN, "adjust=weighted"}, {"code_arms", "real_metrics"}},
    {"experiment", {EXPERIMENT_PLAN, "posterior=total"}, {"text_arms", "plain_metrics", "some_priors"}},
    {"experiment", {EXPERIMENT_PLAN, "horizon=msprt"}, {"code_arms", "plain_metrics", "some_intervals"}},
};

static void apply_recipe(const recipe *r, law_case *c) {
    for (int32_t i = 0; i < 6 && r->set[i] != NULL; i++) {
        char option[64];
        const char *equals = strchr(r->set[i], '=');
        (void)snprintf(option, sizeof option, "%.*s", (int)(equals - r->set[i]), r->set[i]);
        if (case_set(c, option, equals + 1)) continue;
        (void)fprintf(stderr, "metric \"%s\" refuses %s\n", c->metric->name, r->set[i]);
        abort();
    }
    for (int32_t i = 0; i < 3 && r->lists[i] != NULL; i++) {
        if (!case_add_list(c, r->lists[i])) abort();
    }
}

/* The nth base of a metric; false after the last. */
bool case_base(law_case *c, const pdm_metric *metric, int32_t nth) {
    int32_t found = 0;
    for (size_t i = 0; i < BASES; i++) {
        if (strcmp(bases[i].metric, metric->name) != 0 || found++ < nth) continue;
        case_begin(c, metric, "");
        apply_recipe(&bases[i], c);
        return true;
    }
    if (found > 0 || nth > 0) return false;
    case_begin(c, metric, "");
    return true;
}

/* Upon the few, until one takes the value. */
static bool visit_upon_few(const pdm_metric *metric, const char *option, const char *value, walk *w) {
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        law_case c;
        if (strcmp(recipes[i].metric, metric->name) != 0) continue;
        case_begin(&c, metric, "");
        apply_recipe(&recipes[i], &c);
        if (case_set(&c, option, value) && visit_one(&c, w)) return true;
    }
    return false;
}

/* Values that pdm_options_set() takes and no case did. */
static void visit_rest(const pdm_metric *metric, walk *w) {
    for (int32_t i = 0; i < metric->option_count; i++) {
        const pdm_option_info *info = &metric->options[i];
        char buffer[32];
        const char *value = NULL;
        for (int32_t nth = info->type == PDM_OPTION_ENUM ? 1 : 0;
             (value = nth_value(info, nth, buffer, sizeof buffer)) != NULL; nth++) {
            law_case c;
            case_begin(&c, metric, "");
            bool kept = i < MOST_OPTIONS && nth < MOST_VALUES && w->seen[i][nth];
            if (kept || !case_set(&c, info->name, value) || visit_upon_few(metric, info->name, value, w)) continue;
            if (w->counts->unvisited++ == 0)
                (void)snprintf(w->counts->first_unvisited, sizeof w->counts->first_unvisited, "%.200s", c.name);
        }
    }
}

void cases_walk(const pdm_metric *metric, int32_t random, case_visit visit, void *user, case_counts *counts) {
    walk *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    w->visit = visit;
    w->user = user;
    w->counts = counts;
    memset(counts, 0, sizeof *counts);
    check_examples(metric);
    law_case base;
    int32_t count = 0;
    /* Few bases: everything with every list. Many: they have lists of their own, and are much alike. */
    while (case_base(&base, metric, count)) count++;
    for (int32_t b = 0; case_base(&base, metric, b); b++) {
        walk_options(&base, count <= 2 ? visit_with_lists : b < 4 ? visit_in_turn : visit_alone, w);
    }
    uint64_t seed = 20260101;
    for (int32_t n = 0; n < random; n++) {
        if (case_base(&base, metric, count > 2 ? n % count : 0)) visit_random(&base, &seed, w);
    }
    visit_rest(metric, w);
    free(w);
}

/* ---- few ---- */

void cases_few(const pdm_metric *metric, case_visit visit, void *user) {
    case_counts counts = {0};
    walk w = {.visit = visit, .user = user, .counts = &counts, .turn = 0};
    law_case c;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        if (strcmp(recipes[i].metric, metric->name) != 0) continue;
        case_begin(&c, metric, "");
        apply_recipe(&recipes[i], &c);
        if (visit_one(&c, &w)) continue;
        (void)fprintf(stderr, "refused: %s\n", counts.first_refusal);
        abort();
    }
    if (counts.visited > 0) return;
    case_begin(&c, metric, "");
    (void)visit_with_lists(&c, &w);
}
