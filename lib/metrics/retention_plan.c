/* Retention: options and lists checked together, and what they come down to. */
#include "metrics/retention_internal.h"

#include "core/common_options.h"

#define HOUR_US INT64_C(3600000000)
#define MOST_INTERVALS 100000 /* of a bracket */

enum { BRACKET_FROM, BRACKET_TO };
enum { COST_COHORT, COST_COST };

static pdm_status bad_bracket(int64_t row, int64_t from, int64_t to, pdm_error *err) {
    return pdm__fail(err, PDM_E_BAD_OPTION, row, "brackets",
                     "row %lld of list \"brackets\": [%lld, %lld]; 1 ≤ from ≤ to ≤ %d expected", (long long)row,
                     (long long)from, (long long)to, MOST_INTERVALS);
}

static pdm_status check_brackets(const pdm__setup *setup, pdm_error *err) {
    const pdm__list *list = &setup->lists[RET_LIST_BRACKETS];
    const pdm_retention_options *options = setup->options;
    if (list->rows > 0 && options->mode != PDM_RETENTION_BRACKETS)
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "mode", "list \"brackets\" is given, but mode is not brackets");
    for (int64_t row = 0; row < list->rows; row++) {
        int64_t from = pdm__list_int(list, BRACKET_FROM, row);
        int64_t to = pdm__list_int(list, BRACKET_TO, row);
        if (from < 1 || to < from || to > MOST_INTERVALS) return bad_bracket(row, from, to, err);
    }
    return PDM_OK;
}

static pdm_status check_costs(const pdm__setup *setup, pdm_error *err) {
    const pdm__list *list = &setup->lists[RET_LIST_COSTS];
    const pdm_retention_options *options = setup->options;
    if (list->rows == 0) return PDM_OK;
    if (options->retained_value == 0)
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "retained_value",
                         "list \"costs\" is given: payback needs option retained_value and column value");
    if (options->mode == PDM_RETENTION_BRACKETS)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "costs",
                         "list \"costs\" with mode brackets: payback is found interval by interval, use another mode");
    for (int64_t row = 0; row < list->rows; row++) {
        int64_t cost = pdm__list_int(list, COST_COST, row);
        if (cost < 0)
            return pdm__fail(err, PDM_E_BAD_OPTION, row, "costs", "row %lld of list \"costs\": cost %lld is negative",
                             (long long)row, (long long)cost);
    }
    return PDM_OK;
}

static pdm_status check_rolling(const pdm_retention_options *options, pdm_error *err) {
    bool rolling = options->clock == PDM_RETENTION_ROLLING_24H;
    bool long_period = options->period == PDM_COHORT_QUARTER || options->period == PDM_COHORT_YEAR;
    if (rolling && long_period)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "period",
                         "clock rolling_24h counts hours, days, weeks or months, not quarters or years");
    if (rolling) return PDM_OK;
    if (options->floor != 0)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "floor", "floor rounds times of clock rolling_24h");
    if (options->window_entry != 0)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "window_entry",
                         "window_entry says where windows of clock rolling_24h begin");
    return PDM_OK;
}

static pdm_status check_options(const pdm__setup *setup, pdm_error *err) {
    const pdm_retention_options *options = setup->options;
    PDM__TRY(pdm__dates_check_early(options->date_from, options->date_to, err));
    PDM__TRY(check_rolling(options, err));
    if (options->mode == PDM_RETENTION_BRACKETS && options->denominator == PDM_RETENTION_PREVIOUS_INTERVAL)
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "denominator",
                         "brackets may overlap: there is no previous interval");
    if (!(options->conf_level > 0.0 && options->conf_level < 1.0))
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "conf_level", "option \"conf_level\": %g; between 0 and 1 expected",
                         options->conf_level);
    return PDM_OK;
}

pdm_status pdm__retention_check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    if (list == RET_LIST_BRACKETS) return check_brackets(setup, err);
    if (list == RET_LIST_COSTS) return check_costs(setup, err);
    return check_options(setup, err);
}

/* ---- the plan ---- */

static int32_t columns_of(const pdm__setup *setup) {
    const pdm_retention_options *options = setup->options;
    if (options->mode != PDM_RETENTION_BRACKETS) return options->intervals;
    return 1 + (int32_t)setup->lists[RET_LIST_BRACKETS].rows;
}

static size_t columns_at(void) { return (sizeof(pdm__retention_plan) + 15) / 16 * 16; }

size_t pdm__retention_plan_size(const pdm__setup *setup) {
    return columns_at() + (size_t)columns_of(setup) * sizeof(pdm__retention_column);
}

static void fill_columns(const pdm__setup *setup, pdm__retention_plan *plan) {
    const pdm__list *list = &setup->lists[RET_LIST_BRACKETS];
    plan->columns = (pdm__retention_column *)(void *)((uint8_t *)plan + columns_at());
    plan->column_count = columns_of(setup);
    plan->brackets = plan->options->mode == PDM_RETENTION_BRACKETS ? plan->column_count - 1 : 0;
    for (int32_t k = 0; k < plan->column_count; k++) {
        bool bracket = plan->brackets > 0 && k > 0;
        int64_t from = bracket ? pdm__list_int(list, BRACKET_FROM, k - 1) : k;
        int64_t to = bracket ? pdm__list_int(list, BRACKET_TO, k - 1) : k;
        plan->columns[k] = (pdm__retention_column){from, to};
        plan->last_interval = to > plan->last_interval ? to : plan->last_interval;
    }
}

static int64_t width_of(pdm_period period) {
    if (period == PDM_PERIOD_HOUR) return HOUR_US;
    int64_t days = period == PDM_PERIOD_WEEK ? 7 : period == PDM_PERIOD_MONTH ? 30 : 1;
    return days * 24 * HOUR_US;
}

/* The smallest layout that the options can do with. */
static void settle_layout(pdm__retention_plan *plan) {
    static const pdm__field bits[] = {{.name = "start", .merge = PDM__OR}, {.name = "return", .merge = PDM__OR}};
    static const pdm__field counts[] = {{.name = "start", .merge = PDM__MIN, .identity = INT64_MAX},
                                        {.name = "returns", .merge = PDM__SUM_COUNT}};
    const pdm_retention_options *options = plan->options;
    bool by_time = options->breakdown_by == PDM__BREAKDOWN_ENTRY || options->breakdown_by == PDM__BREAKDOWN_LATEST;
    plan->needs_any = options->cohort_entry == PDM_RETENTION_FIRST_EVER;
    plan->every_row = options->breakdown_by == PDM__BREAKDOWN_LATEST;
    bool presence = options->min_occurrences == 1 && !plan->values && !plan->needs_any && !by_time && !plan->rolling;
    plan->layout = pdm__part_layout_of(presence, options->hold_constant != 0, options->breakdown_by);
    memcpy(plan->fields, presence ? bits : counts, sizeof bits);
    plan->part_words = RET_PART_MORE;
    plan->any_word = plan->last_word = plan->value_word = -1;
    if (plan->needs_any) {
        plan->any_word = plan->part_words++;
        plan->fields[plan->any_word] = (pdm__field){.name = "any", .merge = PDM__MIN, .identity = INT64_MAX};
    }
    if (plan->every_row) {
        plan->last_word = plan->part_words++;
        plan->fields[plan->last_word] = (pdm__field){.name = "last", .merge = PDM__MAX, .identity = INT64_MIN};
    }
    if (!plan->values) return;
    plan->value_word = plan->part_words++;
    plan->fields[plan->value_word] = (pdm__field){.name = "value", .merge = PDM__SUM_MONEY};
}

pdm_status pdm__retention_plan_make(const pdm__setup *setup, pdm__retention_plan *plan, pdm_error *err) {
    const pdm_retention_options *options = setup->options;
    PDM__TRY(check_options(setup, err));
    PDM__TRY(pdm__dates_check(setup->calendar, options->date_from, options->date_to, err));
    PDM__TRY(check_brackets(setup, err));
    PDM__TRY(check_costs(setup, err));
    if (options->mode == PDM_RETENTION_BRACKETS && setup->lists[RET_LIST_BRACKETS].rows == 0)
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "brackets", "mode brackets needs list \"brackets\"");
    plan->options = options;
    plan->calendar = setup->calendar;
    plan->period = pdm__period_of_option(options->period);
    plan->rolling = options->clock == PDM_RETENTION_ROLLING_24H;
    plan->values = options->retained_value != 0;
    plan->width = width_of(plan->period);
    fill_columns(setup, plan);
    settle_layout(plan);
    return PDM_OK;
}
