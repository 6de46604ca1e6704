#include "metrics/funnel_tally.h"

#include "stats/ratio.h"
#include "stats/wilson.h"

#include <pdmetrics/stats/distribution.h>

#define POLL_ATTEMPTS ((size_t)65536) /* between two polls */
#define MOST_COUNTS ((size_t)1 << 24) /* of all pieces: more groups than that allows are counted on fewer threads */

static int32_t group_count(const pdm__funnel_tally *tally) { return tally->facts->group_count; }
static int32_t step_count(const pdm__funnel_tally *tally) { return tally->facts->plan->rules.steps; }

/* Group in which an attempt counts, −1 if in none. */
static inline int32_t group_of(const pdm__funnel_facts *facts, const pdm__funnel_seen *seen) {
    if (seen->dropped) return -1;
    return facts->has_groups ? seen->group : 0;
}

static inline uint32_t bit(int32_t step) { return UINT32_C(1) << (step - 1); }

/* ---- which pairs ---- */

int32_t pdm__funnel_step_before(const pdm__funnel_rules *rules, int32_t step) {
    int32_t before = step - 1;
    while (before > 0 && (rules->optional & bit(before)) != 0) before--;
    return before;
}

/* Its index among `count` pairs; is put behind them if it is not there. */
static int32_t pair_index(pdm__funnel_tally *tally, int32_t count, int32_t from, int32_t to) {
    int32_t at = 0;
    while (at < count && (tally->pairs[at].from != from || tally->pairs[at].to != to)) at++;
    tally->pairs[at] = (pdm__funnel_pair){from, to};
    return at;
}

static void list_pairs(pdm__funnel_tally *tally) {
    const pdm__funnel_rules *rules = &tally->facts->plan->rules;
    const pdm_funnel_options *options = tally->facts->plan->options;
    for (int32_t step = 2; step <= rules->steps; step++) {
        (void)pair_index(tally, tally->pair_count++, pdm__funnel_step_before(rules, step), step);
    }
    if (rules->steps > 1 && pair_index(tally, tally->pair_count, 1, rules->steps) == tally->pair_count) {
        tally->pair_count++;
    }
    int32_t from = options->histogram_from > 0 ? options->histogram_from : 1;
    int32_t to = options->histogram_to > 0 ? options->histogram_to : rules->steps;
    tally->histogram = pair_index(tally, tally->pair_count, from, to);
    for (int32_t step = 1; step <= rules->steps; step++) {
        if ((rules->optional & bit(step)) == 0) tally->required_at[tally->required++] = step;
    }
}

/* Pairs that are counted: those of durations, and the histogram's if it is another. */
static int32_t all_pairs(const pdm__funnel_tally *tally) {
    return tally->pair_count + (tally->histogram == tally->pair_count);
}

/* ---- counting: for each step done, stopped and open; for each pair both done ---- */

static inline uint32_t pair_mask(pdm__funnel_pair pair) { return bit(pair.from) | bit(pair.to); }

static void count_attempt(const pdm__funnel_tally *tally, const pdm__funnel_seen *seen, int64_t *counts) {
    int32_t steps = step_count(tally);
    for (uint32_t left = seen->filled; left != 0; left &= left - 1) counts[__builtin_ctz(left)]++;
    if (seen->level > 0) {
        int32_t step = tally->required_at[seen->level - 1];
        bool done = seen->level == tally->required;
        counts[steps + step - 1]++;
        counts[2 * steps + step - 1] += !done && seen->limit > tally->facts->as_of;
    }
    for (int32_t i = 0; i < all_pairs(tally); i++) {
        uint32_t mask = pair_mask(tally->pairs[i]);
        counts[3 * steps + i] += (seen->filled & mask) == mask;
    }
}

static int64_t *counts_of(const pdm__funnel_tally *tally, size_t piece, int32_t group) {
    return tally->counts + (piece * (size_t)group_count(tally) + (size_t)group) * tally->width;
}

typedef void (*take_attempt)(void *own, int32_t group, const pdm__funnel_seen *seen);

/* Calls `take` for every attempt of a piece that counts, or until the run is stopped. */
static void walk_piece(const pdm__funnel_tally *tally, size_t piece, take_attempt take, void *own) {
    const pdm__funnel_facts *facts = tally->facts;
    size_t end = (piece + 1) * PDM__PARTITIONS / tally->pieces;
    size_t seen_count = 0;
    for (size_t p = piece * PDM__PARTITIONS / tally->pieces; p < end; p++) {
        const pdm__funnel_log *log = &facts->logs[p];
        for (size_t at = 0; at < log->count;) {
            pdm__funnel_seen seen;
            if (seen_count++ % POLL_ATTEMPTS == 0 && pdm__run_poll(facts->run, 0)) return;
            at = pdm__funnel_log_get(log, at, &seen);
            int32_t group = group_of(facts, &seen);
            if (group >= 0) take(own, group, &seen);
        }
    }
}

typedef struct count_work {
    const pdm__funnel_tally *tally;
    size_t piece;
} count_work;

static void count_one(void *own, int32_t group, const pdm__funnel_seen *seen) {
    const count_work *work = own;
    count_attempt(work->tally, seen, counts_of(work->tally, work->piece, group));
}

static void count_piece(void *argument, size_t piece) {
    count_work work = {.tally = argument, .piece = piece};
    walk_piece(work.tally, piece, count_one, &work);
}

static size_t count_words(const pdm__funnel_tally *tally) {
    return (tally->pieces + 1) * (size_t)group_count(tally) * tally->width;
}

pdm_status pdm__funnel_tally_make(const pdm__funnel_facts *facts, pdm__funnel_tally *tally, pdm_error *err) {
    memset(tally, 0, sizeof *tally);
    tally->facts = facts;
    list_pairs(tally);
    tally->width = 3 * (size_t)step_count(tally) + (size_t)all_pairs(tally);
    tally->pieces = (size_t)facts->run->threads < PDM__PARTITIONS ? (size_t)facts->run->threads : PDM__PARTITIONS;
    while (tally->pieces > 1 && count_words(tally) > MOST_COUNTS) tally->pieces--;
    PDM__TRY(pdm__new_zero(facts->run->context, count_words(tally), sizeof *tally->counts, &tally->counts, err));
    pdm__run_parallel(facts->run, tally->pieces, count_piece, tally);
    size_t words = (size_t)group_count(tally) * tally->width;
    int64_t *sums = tally->counts + tally->pieces * words;
    for (size_t i = 0; i < tally->pieces * words; i++) sums[i % words] += tally->counts[i];
    return pdm__run_status(facts->run, err);
}

void pdm__funnel_tally_clear(pdm__funnel_tally *tally) {
    if (tally->counts == NULL) return;
    pdm__drop(tally->facts->run->context, tally->counts, count_words(tally), sizeof *tally->counts);
    tally->counts = NULL;
}

int64_t pdm__funnel_done(const pdm__funnel_tally *tally, int32_t group, int32_t step) {
    return counts_of(tally, tally->pieces, group)[step - 1];
}

bool pdm__funnel_visible(const pdm__funnel_tally *tally, int32_t group) {
    return !tally->facts->has_groups || pdm__funnel_done(tally, group, 1) > 0;
}

int32_t pdm__funnel_visible_count(const pdm__funnel_tally *tally) {
    int32_t count = 0;
    for (int32_t g = 0; g < group_count(tally); g++) count += pdm__funnel_visible(tally, g);
    return count;
}

int64_t pdm__funnel_stopped(const pdm__funnel_tally *tally, int32_t group, int32_t step) {
    return counts_of(tally, tally->pieces, group)[step_count(tally) + step - 1];
}

int64_t pdm__funnel_open(const pdm__funnel_tally *tally, int32_t group, int32_t step) {
    return counts_of(tally, tally->pieces, group)[2 * step_count(tally) + step - 1];
}

/* ---- durations ---- */

typedef struct collect_work {
    const pdm__funnel_tally *tally;
    pdm__funnel_pair pair;
    int64_t *values;
    size_t *next; /* [pieces][groups] where the piece's next value of the group goes */
    atomic_bool overflow;
} collect_work;

typedef struct collect_piece_work {
    collect_work *all;
    size_t *next; /* [groups] */
} collect_piece_work;

static int64_t time_of(const pdm__funnel_seen *seen, int32_t step) {
    return seen->times[__builtin_popcount(seen->filled & (bit(step) - 1))];
}

static void collect_one(void *own, int32_t group, const pdm__funnel_seen *seen) {
    const collect_piece_work *work = own;
    pdm__funnel_pair pair = work->all->pair;
    uint32_t mask = pair_mask(pair);
    if ((seen->filled & mask) != mask) return;
    int64_t from = time_of(seen, pair.from);
    int64_t to = time_of(seen, pair.to);
    int64_t value = 0; /* within `grace` a step may lie before the one before it */
    if (to > from && __builtin_sub_overflow(to, from, &value)) atomic_store(&work->all->overflow, true);
    work->all->values[work->next[group]++] = value;
}

static void collect_piece(void *argument, size_t piece) {
    collect_work *all = argument;
    collect_piece_work work = {.all = all, .next = all->next + piece * (size_t)group_count(all->tally)};
    walk_piece(all->tally, piece, collect_one, &work);
}

/* Group after group, and within it piece after piece. */
static size_t place_durations(const collect_work *work, int32_t pair, size_t *starts) {
    const pdm__funnel_tally *tally = work->tally;
    size_t groups = (size_t)group_count(tally);
    size_t at = 0;
    for (size_t g = 0; g < groups; g++) {
        starts[g] = at;
        for (size_t piece = 0; piece < tally->pieces; piece++) {
            work->next[piece * groups + g] = at;
            at += (size_t)counts_of(tally, piece, (int32_t)g)[3 * step_count(tally) + pair];
        }
    }
    starts[groups] = at;
    return at;
}

static pdm_status need_values(pdm_context *context, pdm__funnel_durations *durations, size_t count, pdm_error *err) {
    if (count <= durations->capacity) return PDM_OK;
    pdm__drop(context, durations->values, durations->capacity, sizeof *durations->values);
    durations->values = NULL;
    durations->capacity = 0;
    PDM__TRY(pdm__new(context, count, sizeof *durations->values, &durations->values, err));
    durations->capacity = count;
    return PDM_OK;
}

static pdm_status collect(collect_work *work, int32_t pair, pdm__funnel_durations *durations, pdm_error *err) {
    pdm__run *run = work->tally->facts->run;
    PDM__TRY(need_values(run->context, durations, place_durations(work, pair, durations->starts), err));
    work->values = durations->values;
    pdm__run_parallel(run, work->tally->pieces, collect_piece, work);
    PDM__TRY(pdm__run_status(run, err));
    if (!atomic_load(&work->overflow)) return PDM_OK;
    return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL,
                     "expected durations below 2^63 µs, got a longer one from step %d to step %d", (int)work->pair.from,
                     (int)work->pair.to);
}

pdm_status pdm__funnel_durations_collect(const pdm__funnel_tally *tally, int32_t pair, pdm__funnel_durations *durations,
                                         pdm_error *err) {
    pdm_context *context = tally->facts->run->context;
    size_t groups = (size_t)group_count(tally);
    collect_work work = {.tally = tally, .pair = tally->pairs[pair]};
    if (durations->starts == NULL) {
        PDM__TRY(pdm__new(context, groups + 1, sizeof *durations->starts, &durations->starts, err));
    }
    PDM__TRY(pdm__new(context, tally->pieces * groups, sizeof *work.next, &work.next, err));
    pdm_status status = collect(&work, pair, durations, err);
    pdm__drop(context, work.next, tally->pieces * groups, sizeof *work.next);
    return status;
}

void pdm__funnel_durations_clear(const pdm__funnel_tally *tally, pdm__funnel_durations *durations) {
    pdm_context *context = tally->facts->run->context;
    pdm__drop(context, durations->values, durations->capacity, sizeof *durations->values);
    pdm__drop(context, durations->starts, (size_t)group_count(tally) + 1, sizeof *durations->starts);
    memset(durations, 0, sizeof *durations);
}

/* ---- cells ---- */

pdm__funnel_cells pdm__funnel_cells_of(const pdm__funnel_facts *facts, bool attempts_counted) {
    double tail = (1 - facts->plan->options->conf_level) / 2;
    return (pdm__funnel_cells){.facts = facts, .intervals = !attempts_counted, .z = pdm_normal_isf(tail)};
}

pdm_status pdm__funnel_put_group(const pdm__funnel_facts *facts, pdm_table *table, int32_t column, int64_t row,
                                 int32_t group, pdm_error *err) {
    static const pdm__funnel_group none = {.text = NULL};
    const pdm__funnel_group *shown = facts->has_groups && group >= 0 ? &facts->groups[group] : &none;
    if (shown->text != NULL) return pdm__table_put_text(table, column, row, shown->text, shown->length, err);
    PDM__TRY(pdm__table_put_text(table, column, row, "", 0, err));
    return pdm__table_set_null(table, column, row, err);
}

pdm_status pdm__funnel_put_rate(const pdm__funnel_cells *cells, pdm_table *table, int32_t column, int64_t row,
                                int64_t count, int64_t n, pdm_error *err) {
    bool some = n != 0;
    bool zero = cells->facts->plan->rules.zero_rates;
    bool interval = some && cells->intervals;
    pdm__interval ends = {0, 0};
    if (interval) ends = pdm__wilson(count, n, cells->z);
    PDM__TRY(pdm__table_put_ratio(table, column, row, some || zero, some ? pdm__ratio(count, n) : 0.0, err));
    PDM__TRY(pdm__table_put_ratio(table, column + 1, row, interval, ends.low, err));
    return pdm__table_put_ratio(table, column + 2, row, interval, ends.high, err);
}
