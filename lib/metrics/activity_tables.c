/* Stickiness, DAU, WAU, MAU: counted subject by subject from its active days. */
#include "metrics/activity_internal.h"
#include "stats/ratio.h"

#define MOST_ROWS (INT64_C(1) << 22) /* more days than anybody looks at: a stray time, say */
#define WEEK 7

/* Counts of a day. WAU and MAU hold differences between days until the table is made. */
enum { DAU, WAU, MAU, NEW, RESURRECTING, LOST, WORDS };

typedef struct work {
    const pdm__view *view;
    const pdm__activity_own *own;
    const pdm_calendar *calendar;
    pdm__as_of as_of;
    pdm__period_range days;
    int64_t day_count;
    int64_t first_period;   /* of stickiness */
    int64_t spans;          /* groups of `every` periods */
    pdm_period long_period; /* of table active_periods */
    int64_t first_long;
    int64_t long_count;
    size_t width; /* counts of a group: days, periods, units by active spans from 0 on, subjects */
    pdm__value_set groups;
    pdm__tally tally;
} work;

static size_t day_at(const work *w, int32_t group, int64_t day) {
    return (size_t)group * w->width + (size_t)(day - w->days.first) * WORDS;
}
static size_t long_at(const work *w, int32_t group, int64_t index) {
    return (size_t)group * w->width + (size_t)w->day_count * WORDS + (size_t)index;
}
static size_t span_at(const work *w, int32_t group, int64_t spans) {
    return long_at(w, group, w->long_count) + (size_t)spans;
}
static size_t subjects_at(const work *w, int32_t group) { return span_at(w, group, w->spans + 1); }

static bool is_shown(const work *w, int64_t day) { return day >= w->days.first && day <= w->days.last; }

/* ---- counting ---- */

static inline int64_t floor_divide(int64_t value, int64_t by) {
    int64_t quotient = value / by;
    return quotient - (value % by < 0);
}

static inline int64_t day_of(const work *w, int64_t grain) {
    return w->own->activity.grain == PDM_PERIOD_HOUR ? floor_divide(grain, 24) : grain;
}

static void add_day(const work *w, int64_t *counts, int32_t group, int64_t day, int32_t word) {
    if (is_shown(w, day)) counts[day_at(w, group, day) + (size_t)word]++;
}

/* Counts a unit on days [from, end) of a word that holds differences. */
static void add_days(const work *w, int64_t *counts, int32_t group, int64_t from, int64_t end, int32_t word) {
    from = from < w->days.first ? w->days.first : from;
    if (from > w->days.last || end <= from) return;
    counts[day_at(w, group, from) + (size_t)word]++;
    if (end <= w->days.last) counts[day_at(w, group, end) + (size_t)word]--;
}

/* What the windows make of two neighbouring active days; `next` is INT64_MAX behind the last. */
static void add_window(const work *w, int64_t *counts, int32_t group, int64_t day, int64_t next, int64_t length,
                       int32_t word) {
    int64_t end = day + length;
    add_days(w, counts, group, day, next < end ? next : end, word);
}

static void add_subject_days(const work *w, const pdm__subject *s, int64_t *counts) {
    int64_t mau = w->own->options->mau_days;
    int64_t day = day_of(w, s->active[0].period);
    int64_t last_long = INT64_MIN;
    add_day(w, counts, s->group, day, NEW);
    for (size_t i = 0; i < s->count;) {
        int64_t next = INT64_MAX;
        for (i++; i < s->count && (next = day_of(w, s->active[i].period)) == day;) i++;
        if (i == s->count) next = INT64_MAX;
        add_day(w, counts, s->group, day, DAU);
        add_window(w, counts, s->group, day, next, WEEK, WAU);
        add_window(w, counts, s->group, day, next, mau, MAU);
        if (next == INT64_MAX || next - day > mau) {
            add_day(w, counts, s->group, day + mau, LOST);
            if (next != INT64_MAX) add_day(w, counts, s->group, next, RESURRECTING);
        }
        if (is_shown(w, day)) {
            int64_t index = pdm__period_of_day(w->calendar, w->long_period, day) - w->first_long;
            if (index != last_long) counts[long_at(w, s->group, index)]++;
            last_long = index;
        }
        day = next;
    }
}

static bool meets(const pdm_activity_options *options, int64_t rows) {
    if (rows == 0) return false;
    if (options->criteria == PDM_ACTIVITY_GTE) return rows >= options->criteria_rows;
    return options->criteria == PDM_ACTIVITY_LTE ? rows <= options->criteria_rows : rows == options->criteria_rows;
}

/* Active groups of periods: rows outside the range do not count, even in a period that the range cuts. */
static int64_t active_spans(const work *w, const pdm__subject *s) {
    const pdm_activity_options *options = w->own->options;
    int64_t spans = 0;
    int64_t current = -1;
    int64_t rows = 0;
    for (size_t i = 0; i < s->count; i++) {
        int64_t day = day_of(w, s->active[i].period);
        if (!is_shown(w, day)) continue;
        int64_t period = w->own->period == PDM_PERIOD_HOUR ? s->active[i].period
                                                           : pdm__period_of_day(w->calendar, w->own->period, day);
        int64_t span = (period - w->first_period) / options->every;
        if (span != current) {
            spans += meets(options, rows);
            current = span;
            rows = 0;
        }
        rows += s->active[i].rows;
    }
    return spans + meets(options, rows);
}

static pdm_status count_partition(void *own, size_t partition, int64_t *counts, pdm__cell_log *log) {
    const work *w = own;
    pdm__subjects subjects;
    pdm__subject s;
    bool more = true;
    pdm_status status = pdm__subjects_begin(&subjects, &w->own->activity, w->view->store, partition, &w->groups);
    if (status == PDM_OK) status = pdm__subjects_next(&subjects, &s, &more);
    while (status == PDM_OK && more) {
        int64_t spans = active_spans(w, &s);
        add_subject_days(w, &s, counts);
        counts[span_at(w, s.group, spans)]++;
        counts[subjects_at(w, s.group)]++;
        if (spans > 0) {
            uint64_t cell = (uint64_t)s.group * (uint64_t)(w->spans + 1) + (uint64_t)spans;
            status = pdm__cell_log_add(log, cell, partition, s.unit);
        }
        if (status == PDM_OK) status = pdm__subjects_next(&subjects, &s, &more);
    }
    pdm__subjects_clear(&subjects);
    return status;
}

/* ---- tables ---- */

/* A value that is nobody's is no group. */
static bool is_group(const work *w, size_t group) {
    return !w->own->activity.layout.has_breakdown || w->tally.counts[subjects_at(w, (int32_t)group)] > 0;
}

static int64_t group_count(const work *w) {
    int64_t groups = 0;
    for (size_t g = 0; g < w->groups.count; g++) groups += is_group(w, g);
    return groups;
}

static pdm_status add_table(const work *w, pdm_result *result, int32_t table, int64_t rows_of_group, pdm_table **out,
                            pdm_error *err) {
    return pdm__result_add(result, &pdm__activity_tables[table], group_count(w) * rows_of_group, PDM_TYPE_INT64, out,
                           err);
}

static pdm_status put_group(const work *w, pdm_table *table, int64_t row, size_t group, pdm_error *err) {
    return pdm__value_show(&w->groups.values[group], table, 0, row, err);
}

static pdm_status put_share(const work *w, pdm_table *table, int32_t column, int64_t row, int64_t a, int64_t b,
                            pdm_error *err) {
    bool zero = w->own->options->zero_denominator != 0;
    return pdm__table_put_ratio(table, column, row, b != 0 || zero, b != 0 ? pdm__ratio(a, b) : 0.0, err);
}

static pdm_status put_stickiness(const work *w, pdm_result *result, pdm_error *err) {
    int64_t row = 0;
    pdm_table *table = NULL;
    PDM__TRY(add_table(w, result, ACT_STICKINESS, w->spans, &table, err));
    for (size_t g = 0; g < w->groups.count; g++) {
        const int64_t *counts = w->tally.counts + span_at(w, (int32_t)g, 0);
        int64_t all = 0;
        if (!is_group(w, g)) continue;
        for (int64_t j = 1; j <= w->spans; j++) all += counts[j];
        int64_t left = all;
        for (int64_t j = 1; j <= w->spans; j++, row++) {
            int64_t units = w->own->options->cumulative != 0 ? left : counts[j];
            left -= counts[j];
            PDM__TRY(put_group(w, table, row, g, err));
            pdm__table_i64(table, 1)[row] = j;
            pdm__table_i64(table, 2)[row] = units;
            PDM__TRY(put_share(w, table, 3, row, units, all, err));
        }
    }
    return PDM_OK;
}

/* The value at a position of the units in order of their active groups. */
static int64_t value_at(const int64_t *counts, int64_t position) {
    int64_t j = 1;
    for (; position >= counts[j]; j++) position -= counts[j];
    return j;
}

static pdm_status put_summary(const work *w, pdm_result *result, pdm_error *err) {
    int64_t row = 0;
    pdm_table *table = NULL;
    PDM__TRY(add_table(w, result, ACT_SUMMARY, 1, &table, err));
    for (size_t g = 0; g < w->groups.count; g++) {
        const int64_t *counts = w->tally.counts + span_at(w, (int32_t)g, 0);
        int64_t units = 0;
        int64_t sum = 0;
        if (!is_group(w, g)) continue;
        for (int64_t j = 1; j <= w->spans; j++) {
            units += counts[j];
            sum += j * counts[j];
        }
        bool some = units > 0;
        double median = 0.0;
        if (some) median = pdm__ratio(value_at(counts, (units - 1) / 2) + value_at(counts, units / 2), 2);
        PDM__TRY(put_group(w, table, row, g, err));
        pdm__table_i64(table, 1)[row] = w->spans;
        pdm__table_i64(table, 2)[row] = units;
        PDM__TRY(pdm__table_put_ratio(table, 3, row, some, some ? pdm__ratio(sum, units) : 0.0, err));
        PDM__TRY(pdm__table_put_ratio(table, 4, row++, some, median, err));
    }
    return PDM_OK;
}

static bool day_complete(const work *w, int64_t day) {
    int64_t window = w->own->options->mau_days > WEEK ? w->own->options->mau_days : WEEK;
    int64_t start = pdm_calendar_day_start(w->calendar, day);
    int64_t last = pdm__period_last(w->calendar, PDM_PERIOD_DAY, day);
    bool seen = w->view->time_min <= w->view->time_max; /* without rows nothing says when counting began */
    return seen && pdm_calendar_day_start(w->calendar, day - window + 1) >= w->view->time_min &&
           pdm__status_at(&w->as_of, start, last) == PDM__CELL_COMPLETE;
}

enum { A_GROUP, A_START, A_DAY, A_DAU, A_WAU, A_MAU, A_DAU_WAU, A_DAU_MAU, A_NEW, A_BACK, A_LOST, A_QUICK, A_COMPLETE };

static pdm_status put_day(const work *w, pdm_table *table, int64_t row, size_t group, int64_t day, pdm_error *err) {
    const int64_t *counts = w->tally.counts + day_at(w, (int32_t)group, day);
    PDM__TRY(put_group(w, table, row, group, err));
    pdm__table_i64(table, A_START)[row] = pdm_calendar_day_start(w->calendar, day);
    pdm__table_i64(table, A_DAY)[row] = day;
    pdm__table_i64(table, A_DAU)[row] = counts[DAU];
    pdm__table_i64(table, A_WAU)[row] = counts[WAU];
    pdm__table_i64(table, A_MAU)[row] = counts[MAU];
    PDM__TRY(put_share(w, table, A_DAU_WAU, row, counts[DAU], counts[WAU], err));
    PDM__TRY(put_share(w, table, A_DAU_MAU, row, counts[DAU], counts[MAU], err));
    pdm__table_i64(table, A_NEW)[row] = counts[NEW];
    pdm__table_i64(table, A_BACK)[row] = counts[RESURRECTING];
    pdm__table_i64(table, A_LOST)[row] = counts[LOST];
    PDM__TRY(put_share(w, table, A_QUICK, row, counts[NEW] + counts[RESURRECTING], counts[LOST], err));
    pdm__table_bool(table, A_COMPLETE)[row] = day_complete(w, day);
    return PDM_OK;
}

/* Turns differences into counts: once, before any table is made. */
static void add_up_windows(work *w) {
    for (size_t g = 0; g < w->groups.count; g++) {
        for (int64_t day = w->days.first + 1; day <= w->days.last; day++) {
            int64_t *counts = w->tally.counts + day_at(w, (int32_t)g, day);
            counts[WAU] += counts[WAU - WORDS];
            counts[MAU] += counts[MAU - WORDS];
        }
    }
}

static pdm_status put_active(const work *w, pdm_result *result, pdm_error *err) {
    int64_t row = 0;
    pdm_table *table = NULL;
    PDM__TRY(add_table(w, result, ACT_ACTIVE, w->day_count, &table, err));
    for (size_t g = 0; g < w->groups.count; g++) {
        if (!is_group(w, g)) continue;
        for (int64_t day = w->days.first; day <= w->days.last; day++) PDM__TRY(put_day(w, table, row++, g, day, err));
    }
    return PDM_OK;
}

enum { P_GROUP, P_START, P_PERIOD, P_DAYS, P_MEAN, P_ACTIVE, P_MAU, P_RATIO, P_COMPLETE };

static pdm_status put_long_period(const work *w, pdm_table *table, int64_t row, size_t group, int64_t index,
                                  pdm_error *err) {
    int64_t period = w->first_long + index;
    int64_t whole_first = pdm__period_first_day(w->calendar, w->long_period, period);
    int64_t whole_last = pdm__period_first_day(w->calendar, w->long_period, period + 1) - 1;
    int64_t first = whole_first < w->days.first ? w->days.first : whole_first;
    int64_t last = whole_last > w->days.last ? w->days.last : whole_last;
    int64_t days = last - first + 1;
    int64_t sum = 0;
    for (int64_t day = first; day <= last; day++) sum += w->tally.counts[day_at(w, (int32_t)group, day) + DAU];
    int64_t mau = w->tally.counts[day_at(w, (int32_t)group, last) + MAU];
    PDM__TRY(put_group(w, table, row, group, err));
    pdm__table_i64(table, P_START)[row] = pdm_calendar_period_start(w->calendar, w->long_period, period);
    pdm__table_i64(table, P_PERIOD)[row] = period;
    pdm__table_i64(table, P_DAYS)[row] = days;
    pdm__table_f64(table, P_MEAN)[row] = pdm__ratio(sum, days);
    pdm__table_i64(table, P_ACTIVE)[row] = w->tally.counts[long_at(w, (int32_t)group, index)];
    pdm__table_i64(table, P_MAU)[row] = mau;
    PDM__TRY(put_share(w, table, P_RATIO, row, sum, days * mau, err));
    pdm__table_bool(table, P_COMPLETE)[row] = first == whole_first && last == whole_last && day_complete(w, last);
    return PDM_OK;
}

static pdm_status put_long_periods(const work *w, pdm_result *result, pdm_error *err) {
    int64_t row = 0;
    pdm_table *table = NULL;
    PDM__TRY(add_table(w, result, ACT_PERIODS, w->long_count, &table, err));
    for (size_t g = 0; g < w->groups.count; g++) {
        for (int64_t i = 0; is_group(w, g) && i < w->long_count; i++)
            PDM__TRY(put_long_period(w, table, row++, g, i, err));
    }
    return PDM_OK;
}

static pdm_status put_units(const work *w, const pdm__cell_units *units, pdm_result *result, pdm_error *err) {
    int32_t key = pdm__key_column_type(w->view->store->schema.levels[0].key_kind);
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &pdm__activity_tables[ACT_UNITS], (int64_t)units->count, key, &table, err));
    for (size_t i = 0; i < units->count; i++) {
        const pdm__cell_unit *item = &units->items[i];
        int64_t row = (int64_t)i;
        PDM__TRY(put_group(w, table, row, item->cell / (size_t)(w->spans + 1), err));
        pdm__table_i64(table, 1)[row] = item->cell % (w->spans + 1);
        PDM__TRY(pdm__table_put_key(table, 2, row, pdm__store_key(w->view->store, 0, item->unit), err));
    }
    return PDM_OK;
}

static pdm_status list_units(const work *w, pdm_result *result, pdm_error *err) {
    pdm__cell_units listed;
    pdm_status status = pdm__tally_units(&w->tally, &listed, err);
    if (status == PDM_OK) status = put_units(w, &listed, result, err);
    pdm__drop(w->tally.run->context, listed.items, listed.capacity, sizeof *listed.items);
    return status;
}

static pdm_status put_totals(const work *w, pdm_result *result, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &pdm__activity_tables[ACT_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    pdm__table_i64(table, 0)[0] = w->view->rows;
    pdm__table_i64(table, 1)[0] = w->view->rows_null;
    pdm__table_i64(table, 2)[0] = (int64_t)pdm__store_count(w->view->store, 0);
    return PDM_OK;
}

/* ---- all of it ---- */

/* Which days, periods and groups of periods are shown. */
static void settle_range(work *w, const pdm_activity_options *options) {
    pdm_period period = w->own->period;
    w->as_of = pdm__as_of_view(w->view, options->as_of);
    w->days = pdm__activity_range(w->view, PDM_PERIOD_DAY, options->date_from, options->date_to, &w->as_of);
    w->long_period = period == PDM_PERIOD_HOUR ? PDM_PERIOD_DAY : period;
    if (w->days.first > w->days.last) return;
    int64_t from = pdm_calendar_day_start(w->calendar, w->days.first);
    int64_t to = pdm__period_last(w->calendar, PDM_PERIOD_DAY, w->days.last);
    w->day_count = w->days.last - w->days.first + 1;
    w->first_period = pdm_calendar_period(w->calendar, period, from);
    int64_t periods = pdm_calendar_period(w->calendar, period, to) - w->first_period + 1;
    w->spans = (periods + options->every - 1) / options->every;
    w->first_long = pdm__period_of_day(w->calendar, w->long_period, w->days.first);
    w->long_count = pdm__period_of_day(w->calendar, w->long_period, w->days.last) - w->first_long + 1;
}

static pdm_status check_size(const work *w, pdm_error *err) {
    int64_t rows = w->day_count > w->spans ? w->day_count : w->spans;
    if ((pdm__int128)rows * (int64_t)w->groups.count <= MOST_ROWS) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, "date_from",
                     "expected at most %lld rows in a table, got days %lld to %lld in %zu groups", (long long)MOST_ROWS,
                     (long long)w->days.first, (long long)w->days.last, w->groups.count);
}

static pdm_status make_tables(work *w, pdm__run *run, pdm_result *result, pdm_error *err) {
    bool units = w->own->options->list_units != 0;
    PDM__TRY(pdm__parts_groups(&w->own->activity.layout, w->view->store, run, &w->groups, err));
    PDM__TRY(check_size(w, err));
    w->width = (size_t)(w->day_count * WORDS + w->long_count + w->spans + 2);
    PDM__TRY(
        pdm__tally_make(&w->tally, run, w->view->store, w->groups.count * w->width, units, count_partition, w, err));
    add_up_windows(w);
    PDM__TRY(put_stickiness(w, result, err));
    PDM__TRY(put_summary(w, result, err));
    PDM__TRY(put_active(w, result, err));
    PDM__TRY(put_long_periods(w, result, err));
    if (units) PDM__TRY(list_units(w, result, err));
    return put_totals(w, result, err);
}

pdm_status pdm__activity_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    work w = {.view = view, .own = view->plan->own, .calendar = view->setup->calendar};
    settle_range(&w, w.own->options);
    pdm_status status = make_tables(&w, run, result, err);
    pdm__tally_clear(&w.tally);
    pdm__value_set_clear(run->context, &w.groups);
    return status;
}
