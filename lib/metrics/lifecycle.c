/* Lifecycle: new, returning, resurrecting, dormant units per period. */
#include "core/activity.h"
#include "core/common_options.h"
#include "core/tally.h"
#include "metrics/registry.h"
#include "stats/ratio.h"

#include <pdmetrics/metrics/lifecycle.h>

#define MOST_ROWS (INT64_C(1) << 22) /* more periods than anybody looks at: a stray time, say */

enum { LIFE_UNIT, LIFE_TIME, LIFE_FIRST_SEEN, LIFE_BREAKDOWN, LIFE_EVENT_ID };
enum { LIFE_TABLE, LIFE_UNITS, LIFE_TOTALS };

/* What is counted in a period of a group. LIVE holds differences between periods until the table is made. */
enum { NEW, RETURNING, RESURRECTING, DORMANT, CLASSES, LIVE = CLASSES, WORDS };
static const char *const class_names[] = {"new", "returning", "resurrecting", "dormant"};

static const pdm_column_info columns[] = {
    [LIFE_UNIT] =
        {.name = "unit", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Who is counted: user, customer …"},
    [LIFE_TIME] = {.name = "time",
                   .role = PDM_ROLE_TIME,
                   .required = 1,
                   .unit = "µs",
                   .doc = "When it was active: any row counts."},
    [LIFE_FIRST_SEEN] = {.name = "first_seen",
                         .role = PDM_ROLE_TIME,
                         .nullable = 1,
                         .unit = "µs",
                         .doc = "When the unit was created; required for first_seen column. The least one counts."},
    [LIFE_BREAKDOWN] = {.name = "breakdown",
                        .role = PDM_ROLE_KEY,
                        .nullable = 1,
                        .unit = "",
                        .doc =
                            "Value to break down by; required for any breakdown_by. Null and '' are the empty value."},
    [LIFE_EVENT_ID] = {.name = "event_id",
                       .role = PDM_ROLE_KEY,
                       .unit = "",
                       .doc = "Identity of the row; required for dedupe event_id."},
};

static const char *const first_seen_values[] = {"none", "column", NULL};

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_lifecycle_options),
    PDM__OPTION_DEDUPE(pdm_lifecycle_options),
    PDM__OPTION_ZERO_DENOMINATOR(pdm_lifecycle_options),
    PDM__OPTION_NAIVE_TIME(pdm_lifecycle_options),
    PDM__OPTION_ENUM(pdm_lifecycle_options, period, pdm__period_values, "Calendar period, local."),
    PDM__OPTION_COUNT(pdm_lifecycle_options, dormant_after, 1, 100000, 1, "periods",
                      "Periods without activity after which a unit is dormant (流失定义)."),
    PDM__OPTION_ENUM(pdm_lifecycle_options, first_seen, first_seen_values,
                     "New in the first active period; or in the period of column first_seen."),
    PDM__OPTION_ENUM(
        pdm_lifecycle_options, breakdown_by, pdm__breakdown_by_values,
        "Value of column breakdown that a unit counts under: of its first row, each by itself, of its last."),
    PDM__OPTION_BOOL(pdm_lifecycle_options, list_units, "Makes table units: who is in which class in which period."),
    PDM__OPTION_TIME(pdm_lifecycle_options, date_from,
                     "First local day shown, by any instant of it; default the first period with a row."),
    PDM__OPTION_TIME(pdm_lifecycle_options, date_to,
                     "Last local day shown, by any instant of it; default the period of as_of."),
    PDM__OPTION_AS_OF(pdm_lifecycle_options),
};

enum { C_GROUP, C_START, C_PERIOD, C_NEW, C_ACTIVE = C_NEW + CLASSES, C_LIVE, C_QUICK, C_COMPLETE };
static const pdm_result_column_info life_columns[] = {
    {.name = "group",
     .type = PDM_TYPE_LARGE_UTF8,
     .unit = "",
     .doc = "Value of the breakdown; null = the empty value, or no breakdown."},
    {.name = "period_start", .type = PDM_TYPE_TIMESTAMP_US, .unit = "µs", .doc = "First instant of the period."},
    {.name = "period", .type = PDM_TYPE_INT64, .unit = "periods", .doc = "Its index; differences are distances."},
    {.name = "new", .type = PDM_TYPE_INT64, .unit = "units", .doc = "Active for the first time (新增)."},
    {.name = "returning", .type = PDM_TYPE_INT64, .unit = "units", .doc = "Active, and lately too (留存活跃)."},
    {.name = "resurrecting",
     .type = PDM_TYPE_INT64,
     .unit = "units",
     .doc = "Active again after dormant_after periods or more without activity (回流)."},
    {.name = "dormant",
     .type = PDM_TYPE_INT64,
     .unit = "units",
     .doc = "Last active dormant_after periods ago: newly lost (新流失)."},
    {.name = "active", .type = PDM_TYPE_INT64, .unit = "units", .doc = "new + returning + resurrecting."},
    {.name = "live",
     .type = PDM_TYPE_INT64,
     .unit = "units",
     .doc = "Active in the last dormant_after periods, this one included: not lost."},
    {.name = "quick_ratio",
     .type = PDM_TYPE_FLOAT64,
     .unit = "of dormant",
     .doc = "(new + resurrecting) / dormant: above 1 the base grows."},
    {.name = "complete",
     .type = PDM_TYPE_BOOL,
     .unit = "",
     .doc = "Whether the period is over at as_of; before that dormant is overstated."},
};

enum { U_GROUP, U_START, U_PERIOD, U_CLASS, U_UNIT };
static const pdm_result_column_info unit_columns[] = {
    {.name = "group", .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = "Value of the breakdown."},
    {.name = "period_start", .type = PDM_TYPE_TIMESTAMP_US, .unit = "µs", .doc = "First instant of the period."},
    {.name = "period", .type = PDM_TYPE_INT64, .unit = "periods", .doc = "Its index."},
    {.name = "class", .type = PDM_TYPE_DICTIONARY, .unit = "", .doc = "new, returning, resurrecting or dormant."},
    {.name = "unit", .type = PDM_TYPE_NONE, .unit = "", .doc = "Unit, ascending in its class."},
};

static const pdm_result_column_info total_columns[] = {
    {.name = "rows", .type = PDM_TYPE_INT64, .unit = "rows", .doc = "Rows taken by the state."},
    {.name = "rows_null", .type = PDM_TYPE_INT64, .unit = "rows", .doc = "Left out for a null."},
    {.name = "units", .type = PDM_TYPE_INT64, .unit = "units", .doc = "With a row."},
};

static const pdm_table_info tables[] = {
    [LIFE_TABLE] = {.name = "lifecycle",
                    .columns = life_columns,
                    .column_count = PDM__COUNT(life_columns),
                    .doc = "A period of a group."},
    [LIFE_UNITS] = {.name = "units",
                    .columns = unit_columns,
                    .column_count = PDM__COUNT(unit_columns),
                    .optional = 1,
                    .doc = "A unit in a class of a period (option list_units)."},
    [LIFE_TOTALS] = {.name = "totals",
                     .columns = total_columns,
                     .column_count = PDM__COUNT(total_columns),
                     .doc = "What was counted, and what was left out."},
};

/* ---- state ---- */

static pdm_status check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    const pdm_lifecycle_options *chosen = setup->options;
    (void)list;
    return pdm__dates_check_early(chosen->date_from, chosen->date_to, err);
}

static pdm_status prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_lifecycle_options *chosen = setup->options;
    PDM__TRY(pdm__dates_check(setup->calendar, chosen->date_from, chosen->date_to, err));
    plan->own_size = sizeof(pdm__activity_plan);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__activity_plan *activity = plan->own;
    *activity = (pdm__activity_plan){.calendar = setup->calendar,
                                     .grain = pdm__period_of_option(chosen->period),
                                     .breakdown_by = chosen->breakdown_by,
                                     .first_seen = chosen->first_seen != 0,
                                     .unit_column = LIFE_UNIT,
                                     .time_column = LIFE_TIME,
                                     .breakdown_column = LIFE_BREAKDOWN,
                                     .first_seen_column = LIFE_FIRST_SEEN};
    pdm__activity_prepare(activity, plan);
    plan->use[LIFE_EVENT_ID] = chosen->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->dedupe_by_unit = true;
    return PDM_OK;
}

/* ---- counting ---- */

typedef struct work {
    const pdm__view *view;
    const pdm__activity_plan *activity;
    const pdm_lifecycle_options *options;
    pdm__as_of as_of;
    pdm__period_range range;
    int64_t periods; /* shown */
    pdm__value_set groups;
    pdm__tally tally;
} work;

static size_t cell_of(const work *w, int32_t group, int64_t period) {
    return (size_t)group * (size_t)w->periods + (size_t)(period - w->range.first);
}

static bool is_shown(const work *w, int64_t period) { return period >= w->range.first && period <= w->range.last; }

/* Counts a unit in [from, end). */
static void add_live(const work *w, int64_t *counts, int32_t group, int64_t from, int64_t end) {
    from = from < w->range.first ? w->range.first : from;
    if (from > w->range.last || end <= from) return;
    counts[cell_of(w, group, from) * WORDS + LIVE]++;
    if (end <= w->range.last) counts[cell_of(w, group, end) * WORDS + LIVE]--;
}

static pdm_status add_class(const work *w, size_t partition, const pdm__subject *s, int64_t period, int32_t class,
                            int64_t *counts, pdm__cell_log *log) {
    if (!is_shown(w, period)) return PDM_OK;
    size_t cell = cell_of(w, s->group, period);
    counts[cell * WORDS + (size_t)class]++;
    return pdm__cell_log_add(log, cell * CLASSES + (size_t)class, partition, s->unit);
}

static pdm_status add_subject(const work *w, size_t partition, const pdm__subject *s, int64_t *counts,
                              pdm__cell_log *log) {
    int64_t m = w->options->dormant_after;
    bool seen = s->first_seen != INT64_MAX;
    int64_t birth =
        seen ? pdm_calendar_period(w->activity->calendar, w->activity->grain, s->first_seen) : s->active[0].period;
    int64_t live_from = s->active[0].period;
    for (size_t i = 0; i < s->count; i++) {
        int64_t period = s->active[i].period;
        bool lately = i > 0 && period - s->active[i - 1].period <= m;
        int32_t class = period == birth ? NEW : lately ? RETURNING : RESURRECTING;
        PDM__TRY(add_class(w, partition, s, period, class, counts, log));
        if (i + 1 < s->count && s->active[i + 1].period - period <= m) continue;
        PDM__TRY(add_class(w, partition, s, period + m, DORMANT, counts, log));
        add_live(w, counts, s->group, live_from, period + m);
        if (i + 1 < s->count) live_from = s->active[i + 1].period;
    }
    return PDM_OK;
}

static pdm_status count_partition(void *own, size_t partition, int64_t *counts, pdm__cell_log *log) {
    const work *w = own;
    size_t seen = w->groups.count * (size_t)w->periods * WORDS; /* behind the cells: subjects of each group */
    pdm__subjects subjects;
    pdm__subject s;
    bool more = true;
    pdm_status status = pdm__subjects_begin(&subjects, w->activity, w->view->store, partition, &w->groups);
    if (status == PDM_OK) status = pdm__subjects_next(&subjects, &s, &more);
    while (status == PDM_OK && more) {
        counts[seen + (size_t)s.group]++;
        status = add_subject(w, partition, &s, counts, log);
        if (status == PDM_OK) status = pdm__subjects_next(&subjects, &s, &more);
    }
    pdm__subjects_clear(&subjects);
    return status;
}

/* ---- tables ---- */

/* A value that is nobody's is no group. */
static bool is_group(const work *w, size_t group) {
    return !w->activity->layout.has_breakdown ||
           w->tally.counts[w->groups.count * (size_t)w->periods * WORDS + group] > 0;
}

static pdm_status put_period(const work *w, pdm_table *table, int64_t row, size_t group, int64_t period, int64_t live,
                             pdm_error *err) {
    const int64_t *cell = w->tally.counts + cell_of(w, (int32_t)group, period) * WORDS;
    int64_t start = pdm_calendar_period_start(w->activity->calendar, w->activity->grain, period);
    int64_t last = pdm__period_last(w->activity->calendar, w->activity->grain, period);
    bool zero = w->options->zero_denominator != 0;
    PDM__TRY(pdm__value_show(&w->groups.values[group], table, C_GROUP, row, err));
    pdm__table_i64(table, C_START)[row] = start;
    pdm__table_i64(table, C_PERIOD)[row] = period;
    for (int32_t c = 0; c < CLASSES; c++) pdm__table_i64(table, C_NEW + c)[row] = cell[c];
    pdm__table_i64(table, C_ACTIVE)[row] = cell[NEW] + cell[RETURNING] + cell[RESURRECTING];
    pdm__table_i64(table, C_LIVE)[row] = live;
    pdm__table_bool(table, C_COMPLETE)[row] = pdm__status_at(&w->as_of, start, last) == PDM__CELL_COMPLETE;
    bool some = cell[DORMANT] > 0;
    return pdm__table_put_ratio(table, C_QUICK, row, some || zero,
                                some ? pdm__ratio(cell[NEW] + cell[RESURRECTING], cell[DORMANT]) : 0.0, err);
}

static pdm_status put_lifecycle(const work *w, pdm_result *result, pdm_error *err) {
    int64_t rows = 0;
    int64_t row = 0;
    pdm_table *table = NULL;
    for (size_t g = 0; g < w->groups.count; g++) rows += is_group(w, g) ? w->periods : 0;
    PDM__TRY(pdm__result_add(result, &tables[LIFE_TABLE], rows, PDM_TYPE_INT64, &table, err));
    for (size_t g = 0; g < w->groups.count; g++) {
        int64_t live = 0;
        if (!is_group(w, g)) continue;
        for (int64_t t = w->range.first; t <= w->range.last; t++) {
            live += w->tally.counts[cell_of(w, (int32_t)g, t) * WORDS + LIVE];
            PDM__TRY(put_period(w, table, row++, g, t, live, err));
        }
    }
    return PDM_OK;
}

static pdm_status put_units(const work *w, const pdm__cell_units *units, pdm_result *result, pdm_error *err) {
    int32_t key = pdm__key_column_type(w->view->store->schema.levels[0].key_kind);
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &tables[LIFE_UNITS], (int64_t)units->count, key, &table, err));
    PDM__TRY(pdm__table_set_dictionary(table, U_CLASS, class_names, CLASSES, err));
    for (size_t i = 0; i < units->count; i++) {
        size_t cell = units->items[i].cell / CLASSES;
        int64_t row = (int64_t)i;
        int64_t period = w->range.first + (int64_t)(cell % (size_t)w->periods);
        PDM__TRY(pdm__value_show(&w->groups.values[cell / (size_t)w->periods], table, U_GROUP, row, err));
        pdm__table_i64(table, U_START)[row] =
            pdm_calendar_period_start(w->activity->calendar, w->activity->grain, period);
        pdm__table_i64(table, U_PERIOD)[row] = period;
        pdm__table_i32(table, U_CLASS)[row] = (int32_t)(units->items[i].cell % CLASSES);
        PDM__TRY(pdm__table_put_key(table, U_UNIT, row, pdm__store_key(w->view->store, 0, units->items[i].unit), err));
    }
    return PDM_OK;
}

static pdm_status put_totals(const work *w, pdm_result *result, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &tables[LIFE_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    pdm__table_i64(table, 0)[0] = w->view->rows;
    pdm__table_i64(table, 1)[0] = w->view->rows_null;
    pdm__table_i64(table, 2)[0] = (int64_t)pdm__store_count(w->view->store, 0);
    return PDM_OK;
}

static pdm_status check_size(const work *w, pdm_error *err) {
    if ((pdm__int128)w->periods * (int64_t)w->groups.count <= MOST_ROWS) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, "date_from",
                     "expected at most %lld rows in table lifecycle, got periods %lld to %lld in %zu groups",
                     (long long)MOST_ROWS, (long long)w->range.first, (long long)w->range.last, w->groups.count);
}

static pdm_status make_tables(work *w, pdm__run *run, pdm_result *result, pdm_error *err) {
    bool units = w->options->list_units != 0;
    PDM__TRY(pdm__parts_groups(&w->activity->layout, w->view->store, run, &w->groups, err));
    PDM__TRY(check_size(w, err));
    size_t width = w->groups.count * ((size_t)w->periods * WORDS + 1);
    PDM__TRY(pdm__tally_make(&w->tally, run, w->view->store, width, units, count_partition, w, err));
    PDM__TRY(put_lifecycle(w, result, err));
    if (units) {
        pdm__cell_units listed;
        pdm_status status = pdm__tally_units(&w->tally, &listed, err);
        if (status == PDM_OK) status = put_units(w, &listed, result, err);
        pdm__drop(run->context, listed.items, listed.capacity, sizeof *listed.items);
        PDM__TRY(status);
    }
    return put_totals(w, result, err);
}

static pdm_status make_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    const pdm_lifecycle_options *chosen = view->setup->options;
    work w = {.view = view, .activity = view->plan->own, .options = chosen};
    w.as_of = pdm__as_of_view(view, chosen->as_of);
    w.range = pdm__activity_range(view, w.activity->grain, chosen->date_from, chosen->date_to, &w.as_of);
    w.periods = w.range.first > w.range.last ? 0 : w.range.last - w.range.first + 1;
    pdm_status status = make_tables(&w, run, result, err);
    pdm__tally_clear(&w.tally);
    pdm__value_set_clear(run->context, &w.groups);
    return status;
}

/* ---- entry ---- */

static const pdm__metric_ops ops = {.check = check,
                                    .prepare = prepare,
                                    .essence = pdm__activity_essence,
                                    .select = pdm__activity_select,
                                    .verify = pdm__activity_verify,
                                    .result = make_result};

const pdm_metric pdm__metric_lifecycle = {
    .name = "lifecycle",
    .version = 1,
    .options_size = sizeof(pdm_lifecycle_options),
    .summary = "How many units are new, stay, come back or fall asleep in every period.",
    .title = "Lifecycle",
    .title_zh = "生命周期",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .table_count = PDM__COUNT(tables),
    .tables = tables,
    .ops = &ops,
};

pdm_status pdm_lifecycle_create(pdm_context *context, const pdm_lifecycle_options *given, pdm_state **out,
                                pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_lifecycle, given, out, err);
}

pdm_status pdm_lifecycle_compute(pdm_context *context, const pdm_lifecycle_options *given, const pdm_batch *batch,
                                 pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_lifecycle, given, batch, out, err);
}
