/* A case: its attempts, the groups they are shown under, the trend. */
#include "metrics/funnel_block.h"
#include "metrics/funnel_subjects.h"

static const pdm__funnel_span all_time = {INT64_MIN, INT64_MAX};

/* One part of a case on its way into the log. */
typedef struct part {
    pdm__funnel_worker *worker;
    const pdm__funnel_run *run; /* whose attempts are taken now */
    uint32_t unit;
    int64_t facet;
    int32_t group;
    int64_t number;
    bool *stands;
} part;

static bool by_step(const part *p) {
    return p->worker->work->plan->options->attribution == PDM_FUNNEL_ATTRIBUTION_STEP;
}

/* Group of an attempt; −1: in none. */
static int32_t group_of(const part *p, const pdm__funnel_attempt *attempt) {
    if (!by_step(p)) return p->group;
    int32_t step = p->worker->work->plan->options->attribution_step - 1;
    return (attempt->filled >> step & 1) == 0 ? -1 : p->run->values[attempt->rows[step]];
}

static pdm_status put(part *p, const pdm__funnel_attempt *attempt, pdm_error *err) {
    pdm__funnel_worker *w = p->worker;
    int64_t times[FUNNEL_STEPS];
    int32_t n = 0;
    bool dropped = attempt->standing > attempt->level;
    pdm__funnel_seen seen = {
        .unit = p->unit, .facet = p->facet, .number = ++p->number, .dropped = dropped, .times = times};
    seen.group = dropped ? (by_step(p) ? -1 : p->group) : group_of(p, attempt);
    seen.limit = attempt->has_latest ? pdm__funnel_limit(&w->work->plan->rules, attempt->latest) : INT64_MIN;
    if (dropped) {
        w->tallies->sums.dropped += 1;
        return pdm__funnel_log_put(w->work->context, w->log, &seen, err);
    }
    seen.level = attempt->level;
    seen.filled = attempt->filled;
    for (int32_t j = 0; j < FUNNEL_STEPS; j++) {
        if ((attempt->filled >> j & 1) != 0) times[n++] = attempt->times[j];
    }
    *p->stands = true;
    w->tallies->sums.attempts += 1;
    w->tallies->sums.unattributed += w->work->plan->has_breakdown && seen.group < 0;
    return pdm__funnel_log_put(w->work->context, w->log, &seen, err);
}

static pdm_status take_total(void *own, const pdm__funnel_attempt *attempt, pdm_error *err) {
    return put(own, attempt, err);
}

/* ---- the reported attempt over the runs ---- */

static pdm_status best_of(const part *p, const pdm__funnel_eval *eval, const pdm__funnel_run *run,
                          pdm__funnel_attempt *out, pdm_error *err) {
    if (!p->worker->work->sealed) return pdm__funnel_best(eval, run->rows, run->count, &all_time, out, err);
    pdm__funnel_block block;
    PDM__TRY(pdm__funnel_block_fold(eval, p->worker->work->view->plan->segments, run->rows, run->count, &block, err));
    pdm__funnel_block_attempt(eval->rules, &block, out);
    return PDM_OK;
}

/* Takes b's attempt for the pool of all runs. */
static void pool(const pdm__funnel_rules *rules, pdm__funnel_attempt *best, const pdm__funnel_attempt *b,
                 const pdm__funnel_run *run, const pdm__funnel_run **best_run) {
    int32_t standing = b->standing > best->standing ? b->standing : best->standing;
    bool later = b->has_latest && (!best->has_latest || b->latest > best->latest);
    int64_t latest = later ? b->latest : best->latest;
    bool has_latest = b->has_latest || best->has_latest;
    if (b->level > 0 && (best->level == 0 || pdm__funnel_better(rules, b, best))) {
        *best = *b;
        *best_run = run;
    }
    best->standing = standing;
    best->latest = latest;
    best->has_latest = has_latest;
}

static pdm_status put_best(part *p, const pdm__funnel_eval *eval, const pdm__funnel_run *runs, size_t count,
                           pdm_error *err) {
    pdm__funnel_attempt best;
    memset(&best, 0, sizeof best);
    p->run = runs;
    for (size_t r = 0; r < count; r++) {
        pdm__funnel_attempt attempt;
        attempt.has_latest = false;
        attempt.latest = 0;
        PDM__TRY(best_of(p, eval, &runs[r], &attempt, err));
        pool(eval->rules, &best, &attempt, &runs[r], &p->run);
    }
    return best.level > 0 || best.standing > 0 ? put(p, &best, err) : PDM_OK;
}

/* ---- trend ---- */

static pdm_status count_period(part *p, int64_t period, const pdm__funnel_attempt *attempt, pdm_error *err) {
    const pdm__funnel_plan *plan = p->worker->work->plan;
    const pdm_funnel_options *options = plan->options;
    int32_t last = options->trend_to == 0 ? plan->rules.steps : options->trend_to;
    if (attempt->standing > attempt->level || (attempt->filled >> (options->trend_from - 1) & 1) == 0) return PDM_OK;
    int32_t group = plan->has_breakdown ? group_of(p, attempt) : 0;
    if (group < 0) return PDM_OK;
    pdm__funnel_bucket one = {
        .group = group, .period = period, .from = 1, .to = (attempt->filled >> (last - 1) & 1) != 0};
    return pdm__funnel_periods_add(p->worker->work->context, &p->worker->tallies->periods, &one, err);
}

static pdm_period trend_kind(const part *p) {
    return (pdm_period)(p->worker->work->plan->options->trend_period - PDM_FUNNEL_TREND_HOUR);
}

static pdm_status take_every(void *own, const pdm__funnel_attempt *attempt, pdm_error *err) {
    part *p = own;
    const pdm_calendar *calendar = p->worker->work->plan->rules.calendar;
    return count_period(p, pdm_calendar_period(calendar, trend_kind(p), attempt->latest), attempt, err);
}

/* The best attempt of each period over all runs: kept until the next period, runs merged period by period. */
typedef struct pooled {
    part *p;
    const pdm__funnel_run *run;
    int64_t *periods;
    pdm__funnel_attempt *best;
    const pdm__funnel_run **runs;
    size_t count;
    size_t capacity;
} pooled;

static pdm_status take_period(void *own, int64_t period, const pdm__funnel_attempt *attempt, pdm_error *err) {
    part *p = own;
    return count_period(p, period, attempt, err);
}

static pdm_status take_pooled(void *own, int64_t period, const pdm__funnel_attempt *attempt, pdm_error *err) {
    pooled *all = own;
    size_t at = 0;
    pdm_context *context = all->p->worker->work->context;
    while (at < all->count && all->periods[at] != period) at++;
    if (at == all->count) {
        if (all->count == all->capacity) {
            size_t capacity = all->capacity == 0 ? 16 : all->capacity * 2;
            PDM__TRY(pdm__renew(context, all->capacity, capacity, sizeof *all->periods, &all->periods, err));
            PDM__TRY(pdm__renew(context, all->capacity, capacity, sizeof *all->best, &all->best, err));
            PDM__TRY(pdm__renew(context, all->capacity, capacity, sizeof *all->runs, &all->runs, err));
            all->capacity = capacity;
        }
        all->periods[at] = period;
        all->runs[at] = all->run;
        memset(&all->best[at], 0, sizeof all->best[at]);
        all->count++;
    }
    pool(&all->p->worker->work->plan->rules, &all->best[at], attempt, all->run, &all->runs[at]);
    return PDM_OK;
}

static pdm_status pooled_trend(part *p, const pdm__funnel_eval *eval, const pdm__funnel_run *runs, size_t count,
                               pdm_error *err) {
    pdm_context *context = p->worker->work->context;
    pooled all = {.p = p};
    pdm__funnel_period_sink sink = {take_pooled, &all, trend_kind(p)};
    pdm_status status = PDM_OK;
    for (size_t r = 0; r < count && status == PDM_OK; r++) {
        all.run = &runs[r];
        status = pdm__funnel_by_period(eval, runs[r].rows, runs[r].count, &sink, err);
    }
    for (size_t i = 0; i < all.count && status == PDM_OK; i++) {
        p->run = all.runs[i];
        if (all.best[i].level > 0) status = count_period(p, all.periods[i], &all.best[i], err);
    }
    pdm__drop(context, all.periods, all.capacity, sizeof *all.periods);
    pdm__drop(context, all.best, all.capacity, sizeof *all.best);
    pdm__drop(context, all.runs, all.capacity, sizeof *all.runs);
    return status;
}

static pdm_status put_trend(part *p, const pdm__funnel_eval *eval, const pdm__funnel_run *runs, size_t count,
                            pdm_error *err) {
    const pdm_funnel_options *options = p->worker->work->plan->options;
    if (options->trend_period == PDM_FUNNEL_TREND_NONE) return PDM_OK;
    if (options->trend_count == PDM_FUNNEL_TREND_ONCE && count > 1) return pooled_trend(p, eval, runs, count, err);
    for (size_t r = 0; r < count; r++) {
        p->run = &runs[r];
        if (options->trend_count == PDM_FUNNEL_TREND_EVERY) {
            pdm__funnel_sink sink = {take_every, p};
            PDM__TRY(pdm__funnel_totals(eval, runs[r].rows, runs[r].count, &sink, err));
        } else {
            pdm__funnel_period_sink sink = {take_period, p, trend_kind(p)};
            PDM__TRY(pdm__funnel_by_period(eval, runs[r].rows, runs[r].count, &sink, err));
        }
    }
    return PDM_OK;
}

/* ---- breakdown ---- */

/* The first (or last) non-empty value on rows that satisfy a step; of rows of one time the smallest. */
static int32_t touched_value(const pdm__funnel_run *runs, size_t count, bool first) {
    int32_t value = 0;
    int64_t time = 0;
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < runs[r].count; i++) {
            const pdm__funnel_row *row = &runs[r].rows[i];
            int32_t mine = runs[r].values[i];
            if (mine == 0 || row->mask == 0) continue;
            bool better = value == 0 || (first ? row->time < time : row->time > time);
            if (!better && !(row->time == time && mine < value)) continue;
            value = mine;
            time = row->time;
        }
    }
    return value;
}

/* Those of sealed segments have been counted. */
static int64_t count_entries(const pdm__funnel_eval *eval, const pdm__segments *segments, const pdm__funnel_run *runs,
                             size_t count) {
    uint32_t bits = eval->rules->order == PDM_FUNNEL_ORDER_UNORDERED ? UINT32_MAX : 1;
    int64_t entries = 0;
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < runs[r].count; i++) {
            if ((runs[r].rows[i].mask & bits) == 0) continue;
            if (segments != NULL && pdm__segments_find(segments, runs[r].rows[i].time)->sealed) continue;
            entries += pdm__funnel_entry_counts(eval->rules, eval->as_of, runs[r].rows[i].time);
        }
    }
    return entries;
}

pdm_status pdm__funnel_part(pdm__funnel_worker *worker, const pdm__funnel_run *runs, size_t count, uint32_t unit,
                            int64_t facet, int32_t group, bool *stands, pdm_error *err) {
    const pdm__funnel_plan *plan = worker->work->plan;
    pdm__funnel_eval eval = {&plan->rules, worker->work->as_of, &worker->scratch};
    part p = {.worker = worker, .unit = unit, .facet = facet, .group = group, .stands = stands};
    int32_t attribution = plan->options->attribution;
    if (attribution == PDM_FUNNEL_ATTRIBUTION_FIRST_TOUCH || attribution == PDM_FUNNEL_ATTRIBUTION_LAST_TOUCH)
        p.group = touched_value(runs, count, attribution == PDM_FUNNEL_ATTRIBUTION_FIRST_TOUCH);
    const pdm__segments *segments = worker->work->sealed ? worker->work->view->plan->segments : NULL;
    worker->tallies->sums.entries += count_entries(&eval, segments, runs, count);
    if (plan->rules.count != PDM_FUNNEL_COUNT_TOTALS) {
        PDM__TRY(put_best(&p, &eval, runs, count, err));
    } else {
        pdm__funnel_sink sink = {take_total, &p};
        for (size_t r = 0; r < count; r++) {
            p.run = &runs[r];
            PDM__TRY(pdm__funnel_totals(&eval, runs[r].rows, runs[r].count, &sink, err));
        }
    }
    return put_trend(&p, &eval, runs, count, err);
}
