/* The funnel's tables histogram and trend. */
#include "metrics/funnel_tally.h"

/* ---- histogram ---- */

#define MOST_BINS 60                       /* that are chosen from the data */
#define EMPTY_WIDTH INT64_C(60000000)      /* µs: of bins where all values are one edge */
#define MOST_TREND_ROWS (INT64_C(1) << 26) /* more periods than anybody looks at: a stray time, say */

enum { BIN_GROUP, BIN_FROM, BIN_TO, BIN_NUMBER, BIN_LEFT, BIN_RIGHT, BIN_COUNT };

/* Smallest b with b³ ≥ n, at most MOST_BINS. */
static int32_t automatic_bins(size_t n) {
    int32_t b = 1;
    while (b < MOST_BINS && (size_t)b * (size_t)b * (size_t)b < n) b++;
    return b;
}

typedef struct histogram {
    const pdm__funnel_tally *tally;
    pdm__funnel_pair pair;
    pdm__funnel_durations durations;
    pdm_table *table;
    int64_t row;
} histogram;

static size_t group_size(const histogram *h, int32_t group) {
    return h->durations.starts[group + 1] - h->durations.starts[group];
}

/* Bins of a group that are made from its durations: one more than asked for, it holds the closing edge. None of nothing. */
static int32_t bins_of(const histogram *h, int32_t group) {
    int32_t asked = h->tally->facts->plan->options->bins;
    size_t n = group_size(h, group);
    if (n == 0) return 0;
    return (asked > 0 ? asked : automatic_bins(n)) + 1;
}

static pdm_status put_bin(histogram *h, int32_t group, int32_t bin, pdm_error *err) {
    pdm__table_i32(h->table, BIN_FROM)[h->row] = h->pair.from;
    pdm__table_i32(h->table, BIN_TO)[h->row] = h->pair.to;
    pdm__table_i32(h->table, BIN_NUMBER)[h->row] = bin;
    pdm__table_i64(h->table, BIN_COUNT)[h->row] = 0;
    return pdm__funnel_put_group(h->tally->facts, h->table, BIN_GROUP, h->row++, group, err);
}

/* Equal bins from ⌊least/u⌋·u on, of a width that is a multiple of u. */
static pdm_status put_equal_bins(histogram *h, int32_t group, pdm_error *err) {
    size_t n = group_size(h, group);
    if (n == 0) return PDM_OK;
    const int64_t *values = h->durations.values + h->durations.starts[group];
    int64_t unit = h->tally->facts->plan->options->bin_unit;
    int32_t bins = bins_of(h, group);
    int64_t least = values[0];
    int64_t most = values[0];
    for (size_t i = 1; i < n; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    int64_t left = least / unit * unit; /* durations are never negative */
    pdm__int128 step = (pdm__int128)(bins - 1) * unit;
    pdm__int128 width = (most - left + step - 1) / step * unit;
    if (width == 0) width = EMPTY_WIDTH;
    if (left + bins * width > INT64_MAX) {
        return pdm__fail(err, PDM_E_OVERFLOW, -1, "bin_unit",
                         "expected bins that end below 2^63 µs, got %d of a width of %.0f µs", (int)bins,
                         (double)width);
    }
    int64_t first = h->row;
    for (int32_t b = 0; b < bins; b++) {
        pdm__table_i64(h->table, BIN_LEFT)[h->row] = left + b * (int64_t)width;
        pdm__table_i64(h->table, BIN_RIGHT)[h->row] = left + (b + 1) * (int64_t)width;
        PDM__TRY(put_bin(h, group, b + 1, err));
    }
    int64_t *counts = pdm__table_i64(h->table, BIN_COUNT) + first;
    for (size_t i = 0; i < n; i++) counts[(values[i] - left) / (int64_t)width]++;
    return PDM_OK;
}

/* 0 = below the first edge, e = at or above edge e (1-based); the last edge itself belongs to the bin that it closes. */
static int32_t bin_between(const int64_t *edges, int32_t count, int64_t value) {
    int32_t low = 0;
    int32_t high = count;
    if (value == edges[count - 1]) return count - 1;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (value < edges[middle]) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static pdm_status put_given_bins(histogram *h, int32_t group, pdm_error *err) {
    const pdm__funnel_plan *plan = h->tally->facts->plan;
    int64_t first = h->row;
    for (int32_t b = 0; b <= plan->edge_count; b++) {
        bool open_left = b == 0;
        bool open_right = b == plan->edge_count;
        pdm__table_i64(h->table, BIN_LEFT)[h->row] = plan->edges[open_left ? 0 : b - 1];
        pdm__table_i64(h->table, BIN_RIGHT)[h->row] = plan->edges[open_right ? b - 1 : b];
        if (open_left) PDM__TRY(pdm__table_set_null(h->table, BIN_LEFT, h->row, err));
        if (open_right) PDM__TRY(pdm__table_set_null(h->table, BIN_RIGHT, h->row, err));
        PDM__TRY(put_bin(h, group, b, err));
    }
    int64_t *counts = pdm__table_i64(h->table, BIN_COUNT) + first;
    for (size_t i = h->durations.starts[group]; i < h->durations.starts[group + 1]; i++) {
        counts[bin_between(plan->edges, plan->edge_count, h->durations.values[i])]++;
    }
    return PDM_OK;
}

static pdm_status put_histogram(histogram *h, pdm_result *result, pdm_error *err) {
    const pdm__funnel_facts *facts = h->tally->facts;
    bool given = facts->plan->edge_count > 0;
    int64_t rows = 0;
    for (int32_t g = 0; g < facts->group_count; g++) {
        if (pdm__funnel_visible(h->tally, g)) rows += given ? facts->plan->edge_count + 1 : bins_of(h, g);
    }
    PDM__TRY(pdm__result_add(result, &pdm__funnel_tables_info[FUNNEL_TABLE_HISTOGRAM], rows, PDM_TYPE_INT64, &h->table,
                             err));
    for (int32_t g = 0; g < facts->group_count; g++) {
        if (!pdm__funnel_visible(h->tally, g)) continue;
        PDM__TRY(given ? put_given_bins(h, g, err) : put_equal_bins(h, g, err));
        if (pdm__run_poll(facts->run, 0)) break;
    }
    return pdm__run_status(facts->run, err);
}

pdm_status pdm__funnel_histogram(const pdm__funnel_tally *tally, pdm_result *result, pdm_error *err) {
    histogram h = {.tally = tally, .pair = tally->pairs[tally->histogram]};
    pdm_status status = pdm__funnel_durations_collect(tally, tally->histogram, &h.durations, err);
    if (status == PDM_OK) status = put_histogram(&h, result, err);
    pdm__funnel_durations_clear(tally, &h.durations);
    return status;
}

/* ---- trend ---- */

enum { TREND_GROUP, TREND_START, TREND_PERIOD, TREND_FROM, TREND_TO, TREND_RATE, TREND_COMPLETE = TREND_RATE + 3 };

/* Periods of the table, both inclusive; none if first > last. */
typedef struct range {
    int64_t first;
    int64_t last;
} range;

static pdm_period period_of(const pdm_funnel_options *options) {
    return (pdm_period)(options->trend_period - PDM_FUNNEL_TREND_HOUR);
}

/* The asked-for range; where it is open, from the first or to the last period that has an attempt. */
static range trend_range(const pdm__funnel_facts *facts) {
    const pdm_funnel_options *options = facts->plan->options;
    const pdm_calendar *calendar = facts->plan->rules.calendar;
    bool has_from = options->time_from != PDM_ZERO_INT64;
    bool has_to = options->time_to != PDM_ZERO_INT64;
    int64_t from = has_from ? pdm_calendar_period(calendar, period_of(options), options->time_from) : 0;
    int64_t to = has_to ? pdm_calendar_period(calendar, period_of(options), options->time_to - 1) : 0;
    range r = {.first = INT64_MAX, .last = INT64_MIN};
    for (size_t i = 0; i < facts->bucket_count; i++) {
        int64_t period = facts->buckets[i].period;
        r.first = period < r.first ? period : r.first;
        r.last = period > r.last ? period : r.last;
    }
    bool seen = facts->bucket_count > 0;
    if (!has_from && !has_to) return r;
    if (!has_from) return (range){seen && r.first < to ? r.first : to, to};
    if (!has_to) return (range){from, seen && r.last > from ? r.last : from};
    return (range){from, to};
}

static pdm_status count_trend_rows(const pdm__funnel_facts *facts, range periods, int64_t *rows, pdm_error *err) {
    *rows = 0;
    if (periods.first > periods.last) return PDM_OK;
    pdm__int128 all = ((pdm__int128)periods.last - periods.first + 1) * facts->group_count;
    if (all > MOST_TREND_ROWS) {
        return pdm__fail(err, PDM_E_LIMIT, -1, "trend_period",
                         "expected at most %lld rows in table trend, got %.0f (%d groups, periods %lld to %lld)",
                         (long long)MOST_TREND_ROWS, (double)all, (int)facts->group_count, (long long)periods.first,
                         (long long)periods.last);
    }
    *rows = (int64_t)all;
    return PDM_OK;
}

/* What all groups have in common of a period: its start, and whether it is complete. */
static void put_period(const pdm__funnel_facts *facts, pdm_table *table, int64_t row, int64_t period) {
    const pdm__funnel_rules *rules = &facts->plan->rules;
    pdm_period kind = period_of(facts->plan->options);
    int64_t next = pdm_calendar_period_start(rules->calendar, kind, period + 1);
    int64_t last = next > INT64_MIN ? next - 1 : next;
    pdm__table_i64(table, TREND_START)[row] = pdm_calendar_period_start(rules->calendar, kind, period);
    pdm__table_i64(table, TREND_PERIOD)[row] = period;
    pdm__table_bool(table, TREND_COMPLETE)[row] = pdm__funnel_limit(rules, last) <= facts->as_of;
}

/* Periods of a group, from row `row` on. */
static pdm_status put_group_periods(const pdm__funnel_cells *cells, pdm_table *table, int32_t group, range periods,
                                    int64_t row, pdm_error *err) {
    const int64_t *from = pdm__table_i64(table, TREND_FROM);
    const int64_t *to = pdm__table_i64(table, TREND_TO);
    for (int64_t period = periods.first; period <= periods.last; period++, row++) {
        put_period(cells->facts, table, row, period);
        PDM__TRY(pdm__funnel_put_group(cells->facts, table, TREND_GROUP, row, group, err));
        PDM__TRY(pdm__funnel_put_rate(cells, table, TREND_RATE, row, to[row], from[row], err));
    }
    return PDM_OK;
}

static pdm_status put_trend(const pdm__funnel_facts *facts, pdm_table *table, range periods, int64_t rows,
                            pdm_error *err) {
    const pdm_funnel_options *options = facts->plan->options;
    bool attempts =
        facts->plan->rules.count == PDM_FUNNEL_COUNT_TOTALS || options->trend_count == PDM_FUNNEL_TREND_EVERY;
    pdm__funnel_cells cells = pdm__funnel_cells_of(facts, attempts);
    int64_t *from = pdm__table_i64(table, TREND_FROM);
    int64_t *to = pdm__table_i64(table, TREND_TO);
    if (rows == 0) return PDM_OK;
    int64_t each = periods.last - periods.first + 1;
    memset(from, 0, (size_t)rows * sizeof *from);
    memset(to, 0, (size_t)rows * sizeof *to);
    for (size_t i = 0; i < facts->bucket_count; i++) {
        const pdm__funnel_bucket *bucket = &facts->buckets[i];
        if (bucket->period < periods.first || bucket->period > periods.last) continue;
        int64_t row = (facts->has_groups ? bucket->group : 0) * each + bucket->period - periods.first;
        from[row] = bucket->from;
        to[row] = bucket->to;
    }
    for (int32_t g = 0; g < facts->group_count; g++) {
        PDM__TRY(put_group_periods(&cells, table, g, periods, g * each, err));
        if (pdm__run_poll(facts->run, 0)) break;
    }
    return pdm__run_status(facts->run, err);
}

pdm_status pdm__funnel_trend(const pdm__funnel_facts *facts, pdm_result *result, pdm_error *err) {
    range periods = trend_range(facts);
    int64_t rows = 0;
    pdm_table *table = NULL;
    PDM__TRY(count_trend_rows(facts, periods, &rows, err));
    PDM__TRY(pdm__result_add(result, &pdm__funnel_tables_info[FUNNEL_TABLE_TREND], rows, PDM_TYPE_INT64, &table, err));
    return put_trend(facts, table, periods, rows, err);
}
