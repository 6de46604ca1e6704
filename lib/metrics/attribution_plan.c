/* Options and lists, checked and in the form that is worked with. */
#include "metrics/attribution_internal.h"

enum { PRIORITY_PRIORITY, PRIORITY_LOOKBACK };

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)

static pdm_status bad_row(const char *list, int64_t row, const char *what, pdm_error *err) {
    return pdm__fail(err, PDM_E_BAD_OPTION, row, list, "row %lld of list \"%s\": %s", (long long)row, list, what);
}

bool pdm__attribution_reserved(const char *text, size_t length) {
    static const char *const names[] = {"(start)", "(conversion)", "(null)"};
    if (length > 0 && text[0] != '(') return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0) return true;
    }
    return length == 0;
}

/* ---- options ---- */

static pdm_status conflict(const char *option, const char *why, pdm_error *err) {
    return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, option, "%s", why);
}

static pdm_status check_paths(const pdm_attribution_options *o, pdm_error *err) {
    if (o->dedupe != 0) return conflict("dedupe", "rows paths: rows have no event_id to be told apart by", err);
    if (o->reset != 0) return conflict("reset", "rows paths: journeys are built already", err);
    if (o->priority_mode != 0) return conflict("priority_mode", "rows paths: touches have no priority", err);
    if (o->direct_mode == PDM_ATTRIBUTION_DIRECT_INHERIT_PREVIOUS)
        return conflict("direct_mode", "rows paths: inherit_previous needs the times of touches", err);
    if (o->nulls != 0 || o->null_window != 0)
        return conflict("nulls", "rows paths: null journeys are counted already", err);
    if (o->list_journeys != 0) return conflict("list_journeys", "rows paths: there are no journeys to list", err);
    return PDM_OK;
}

static pdm_status check_options(const pdm_attribution_options *o, pdm_error *err) {
    bool unlimited = o->lookback == INT64_MAX;
    if (o->lookback_kind == PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS && !unlimited && o->lookback % DAY_US != 0) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "lookback",
                         "option \"lookback\": %lld µs; whole days (%lld µs) expected with lookback_kind calendar_days",
                         (long long)o->lookback, (long long)DAY_US);
    }
    if (o->gross_margin > 1.0) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "gross_margin",
                         "option \"gross_margin\": %g; a share in (0, 1] expected", o->gross_margin);
    }
    return o->rows == PDM_ATTRIBUTION_PATHS ? check_paths(o, err) : PDM_OK;
}

/* ---- lists ---- */

static pdm_status check_names(const pdm__list *list, const char *name, pdm_error *err) {
    for (int64_t row = 0; row < list->rows; row++) {
        const char *text = pdm__list_text(list, 0, row);
        if (pdm__attribution_reserved(text, strlen(text)))
            return bad_row(name, row, "a name that is empty or reserved: (start), (conversion), (null)", err);
    }
    return PDM_OK;
}

static pdm_status check_milestones(const pdm__list *list, pdm_error *err) {
    static const char *const places[] = {"first", "last", "rest"};
    PDM__TRY(check_names(list, "milestones", err));
    if (list->rows > ATTRIBUTION_MILESTONES) return bad_row("milestones", ATTRIBUTION_MILESTONES, "8 are allowed", err);
    for (int64_t row = 0; row < list->rows; row++) {
        const char *mine = pdm__list_text(list, 0, row);
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            if (strcmp(places[i], mine) == 0) return bad_row("milestones", row, "first, last and rest are taken", err);
        }
        for (int64_t before = 0; before < row; before++) {
            if (strcmp(pdm__list_text(list, 0, before), mine) == 0)
                return bad_row("milestones", row, "named twice", err);
        }
    }
    return PDM_OK;
}

static pdm_status check_priorities(const pdm__list *list, pdm_error *err) {
    for (int64_t row = 0; row < list->rows; row++) {
        int64_t priority = pdm__list_int(list, PRIORITY_PRIORITY, row);
        if (pdm__list_int(list, PRIORITY_LOOKBACK, row) < 0)
            return bad_row("priority_lookbacks", row, "a lookback of 0 or more expected", err);
        if (priority < INT32_MIN || priority > INT32_MAX)
            return bad_row("priority_lookbacks", row, "a priority beyond int32", err);
        for (int64_t before = 0; before < row; before++) {
            if (pdm__list_int(list, PRIORITY_PRIORITY, before) == priority)
                return bad_row("priority_lookbacks", row, "a priority that has a lookback already", err);
        }
    }
    return PDM_OK;
}

static pdm_status check_bins(const pdm__list *list, pdm_error *err) {
    if (list->rows > ATTRIBUTION_BINS) return bad_row("time_bins", ATTRIBUTION_BINS, "64 bins are allowed", err);
    for (int64_t row = 0; row < list->rows; row++) {
        int64_t edge = pdm__list_int(list, 0, row);
        if (row == 0 ? edge != 0 : edge <= pdm__list_int(list, 0, row - 1))
            return bad_row("time_bins", row, "edges ascending from 0 expected", err);
    }
    return PDM_OK;
}

static pdm_status check_spend(const pdm__list *list, pdm_error *err) {
    int64_t sum = 0;
    PDM__TRY(check_names(list, "spend", err));
    for (int64_t row = 0; row < list->rows; row++) {
        int64_t spend = pdm__list_int(list, 1, row);
        if (spend < 0) return bad_row("spend", row, "a spend of 0 or more expected", err);
        if (__builtin_add_overflow(sum, spend, &sum))
            return pdm__fail(err, PDM_E_OVERFLOW, row, "spend", "row %lld of list \"spend\": the sum exceeds int64",
                             (long long)row);
    }
    return PDM_OK;
}

pdm_status pdm__attribution_check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    if (list < 0) return check_options(setup->options, err);
    const pdm__list *given = &setup->lists[list];
    switch (list) {
    case ATTRIBUTION_LIST_DIRECT: return check_names(given, "direct", err);
    case ATTRIBUTION_LIST_MILESTONES: return check_milestones(given, err);
    case ATTRIBUTION_LIST_PRIORITIES: return check_priorities(given, err);
    case ATTRIBUTION_LIST_SPEND: return check_spend(given, err);
    case ATTRIBUTION_LIST_BINS: return check_bins(given, err);
    default: return PDM_OK; /* models and weights are read together, when both are known */
    }
}

/* ---- the plan ---- */

static void read_priorities(const pdm__setup *setup, pdm__attribution_plan *plan, pdm__attribution_priority *to) {
    const pdm__list *list = &setup->lists[ATTRIBUTION_LIST_PRIORITIES];
    int64_t most = plan->options->lookback;
    for (int64_t row = 0; row < list->rows; row++) {
        to[row].priority = pdm__list_int(list, PRIORITY_PRIORITY, row);
        to[row].lookback = pdm__list_int(list, PRIORITY_LOOKBACK, row);
        most = to[row].lookback > most ? to[row].lookback : most;
    }
    bool days = plan->options->lookback_kind == PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS;
    plan->priorities = to;
    plan->priority_count = (int32_t)list->rows;
    plan->has_priority = list->rows > 0 || plan->options->priority_mode != 0;
    plan->widest = most;
    plan->most_lookback = days && most <= INT64_MAX - DAY_US ? most + DAY_US : most;
}

static void read_bins(const pdm__setup *setup, pdm__attribution_plan *plan) {
    static const int64_t usual[] = {0,          HOUR_US,     DAY_US,      2 * DAY_US,  3 * DAY_US,
                                    7 * DAY_US, 14 * DAY_US, 30 * DAY_US, 60 * DAY_US, 90 * DAY_US};
    const pdm__list *list = &setup->lists[ATTRIBUTION_LIST_BINS];
    plan->bin_count = list->rows > 0 ? (int32_t)list->rows : PDM__COUNT(usual);
    for (int32_t i = 0; i < plan->bin_count; i++)
        plan->bins[i] = (uint64_t)(list->rows > 0 ? pdm__list_int(list, 0, i) : usual[i]);
}

static pdm_status check_calendar_days(const pdm__attribution_plan *plan, pdm_error *err) {
    if (plan->options->lookback_kind != PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS) return PDM_OK;
    for (int32_t i = 0; i < plan->priority_count; i++) {
        int64_t lookback = plan->priorities[i].lookback;
        if (lookback != INT64_MAX && lookback % DAY_US != 0)
            return bad_row("priority_lookbacks", i, "whole days expected with lookback_kind calendar_days", err);
    }
    return PDM_OK;
}

static pdm_status check_together(const pdm__setup *setup, const pdm__attribution_plan *plan, pdm_error *err) {
    PDM__TRY(check_calendar_days(plan, err));
    if (plan->age_count > 0 && plan->paths)
        return conflict("models", "rows paths: time_decay needs the times of touches", err);
    if (plan->age_count > 0 && plan->options->transform == PDM_ATTRIBUTION_TRANSFORM_FREQUENCY)
        return conflict("models", "time_decay weighs touches, which transform frequency counts together", err);
    if (plan->paths && setup->lists[ATTRIBUTION_LIST_PRIORITIES].rows > 0)
        return conflict("priority_lookbacks", "rows paths: touches have no priority", err);
    return PDM_OK;
}

pdm_status pdm__attribution_plan_make(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    size_t weights = pdm__attribution_weight_count(setup);
    size_t priorities = (size_t)setup->lists[ATTRIBUTION_LIST_PRIORITIES].rows;
    size_t size = sizeof(pdm__attribution_plan) + priorities * sizeof(pdm__attribution_priority);
    plan->own_size = size + weights * sizeof(double);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__attribution_plan *own = plan->own;
    void *behind = own + 1;
    void *last = (uint8_t *)plan->own + size;
    own->options = setup->options;
    own->calendar = setup->calendar;
    own->lists = setup->lists;
    own->paths = own->options->rows == PDM_ATTRIBUTION_PATHS;
    own->doubles = own->options->value_type == PDM_ATTRIBUTION_DOUBLE;
    memcpy(own->separator, own->options->path_separator, sizeof own->separator);
    if (own->separator[0] == '\0') own->separator[0] = '>';
    own->separator_length = strlen(own->separator);
    own->day_lookback = own->options->lookback == INT64_MAX ? INT64_MAX : own->options->lookback / DAY_US;
    const pdm__list *milestones = &setup->lists[ATTRIBUTION_LIST_MILESTONES];
    own->milestone_count = (int32_t)milestones->rows;
    for (int32_t i = 0; i < own->milestone_count; i++) own->milestones[i] = pdm__list_text(milestones, 0, i);
    read_priorities(setup, own, behind);
    read_bins(setup, own);
    PDM__TRY(pdm__attribution_models_make(setup, own, last, err));
    return check_together(setup, own, err);
}
