/*
 * What a user may forget. A touch is kept as long as a row from the watermark on can have to do with it: as a candidate of a conversion,
 * in a null journey that is still open, as the one a direct touch takes its channel from, or as the one that a milestone marks. What is kept
 * more than that does no harm: rows that are kept are rows, and what was settled of them is known by flags and by the last conversion.
 */
#include "metrics/attribution_internal.h"

typedef struct desk {
    const pdm__attribution_work *work;
    const pdm__attribution_plan *plan;
    const pdm__attribution_watermark *watermark;
    const pdm__attribution_user *user;
    pdm__attribution_counted counted;
    size_t complete; /* touches before the watermark */
    bool has_last;   /* with what is settled now */
    pdm__attribution_event last;
    bool converted;
} desk;

static bool by_days(const desk *d) { return d->plan->options->lookback_kind == PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS; }

/* Whether the widest lookback from `time` or later, of a local day not before `day`, reaches the touch. */
static bool reaches(const desk *d, const pdm__attribution_touch *touch, int64_t time, int64_t day) {
    if (touch->time >= time) return true;
    if (by_days(d)) return day - touch->day <= d->plan->widest / INT64_C(86400000000);
    return (uint64_t)time - (uint64_t)touch->time <= (uint64_t)d->plan->widest;
}

/* First touch from `from` on that it reaches, d->complete if there is none. */
static size_t first_reached(const desk *d, size_t from, int64_t time, int64_t day) {
    while (from < d->complete && !reaches(d, &d->user->touches[from], time, day)) from++;
    return from < d->complete ? from : d->complete;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* The conversion of last_only that is the last one until another comes; NULL: there is none before the watermark. */
static const pdm__attribution_event *pending(const desk *d) {
    const pdm__attribution_user *user = d->user;
    if (d->plan->options->reset != PDM_ATTRIBUTION_RESET_LAST_ONLY || user->conversion_count == 0) return NULL;
    const pdm__attribution_event *last = &user->conversions[user->conversion_count - 1];
    return last->time < d->watermark->time ? last : NULL;
}

/* ---- what may still be asked for ---- */

static size_t for_conversions(const desk *d) {
    int32_t reset = d->plan->options->reset;
    size_t from = 0;
    if (reset == PDM_ATTRIBUTION_RESET_FIRST_ONLY && d->has_last) return d->complete;
    if (reset == PDM_ATTRIBUTION_RESET_AFTER_CONVERSION && d->has_last)
        from = pdm__attribution_touches_before(d->user, 0, &d->last);
    return first_reached(d, from, d->watermark->time, d->watermark->day);
}

/* Of a null journey that ends with the newest touch, or a later one, and begins at `from`. */
static size_t in_window(const desk *d, size_t from) {
    if (from >= d->complete || d->plan->options->null_window == PDM_ATTRIBUTION_NULL_WINDOW_ALL) return from;
    const pdm__attribution_touch *newest = &d->user->touches[d->user->touch_count - 1];
    return first_reached(d, from, newest->time, least(newest->day, d->watermark->day));
}

static size_t for_trailing(const desk *d) {
    const pdm__attribution_user *user = d->user;
    const pdm__attribution_event *waits = pending(d);
    bool first_only = d->plan->options->reset == PDM_ATTRIBUTION_RESET_FIRST_ONLY;
    bool later = user->conversion_count > d->counted.stop && waits == NULL && !(first_only && d->has_last);
    if (later) return d->complete; /* a conversion that counts is after all of them */
    if (waits != NULL) return in_window(d, pdm__attribution_touches_before(user, 0, waits));
    return in_window(d, d->has_last ? pdm__attribution_touches_before(user, 0, &d->last) : 0);
}

/* Touches that are not closed are one run, which may go on behind the watermark; its end is kept, so it stays where it is. */
static size_t for_expired(const desk *d) {
    const pdm__attribution_user *user = d->user;
    uint64_t lookback = (uint64_t)d->plan->most_lookback;
    size_t from = 0;
    while (from < d->complete && user->touches[from].closed) from++;
    if (from >= d->complete || d->plan->options->null_window == PDM_ATTRIBUTION_NULL_WINDOW_ALL) return from;
    size_t end = d->complete - 1;
    while (end + 1 < user->touch_count &&
           (uint64_t)user->touches[end + 1].time - (uint64_t)user->touches[end].time <= lookback)
        end++;
    const pdm__attribution_touch *newest = &user->touches[end];
    return first_reached(d, from, newest->time, least(newest->day, d->watermark->day));
}

static size_t for_nulls(const desk *d) {
    switch (d->plan->options->nulls) {
    case PDM_ATTRIBUTION_NULLS_NONE: return d->complete;
    case PDM_ATTRIBUTION_NULLS_EXPIRED: return for_expired(d);
    case PDM_ATTRIBUTION_NULLS_NON_CONVERTERS:
        return d->converted || d->user->conversion_count > 0 ? d->complete : in_window(d, 0);
    default: return for_trailing(d);
    }
}

/* A direct touch may take the channel of the last one before it that is not: kept with all between, which are direct. */
static size_t with_source(const desk *d, size_t from) {
    const pdm__attribution_touch *touches = d->user->touches;
    if (d->plan->options->direct_mode != PDM_ATTRIBUTION_DIRECT_INHERIT_PREVIOUS || from == 0) return from;
    bool more = from < d->complete;
    if (more && d->work->direct[touches[from].channel] == 0) return from;
    bool own = d->work->direct[touches[from - 1].channel] == 0;
    uint32_t source = own ? (uint32_t)(from - 1) : touches[from - 1].inherits;
    if (source == UINT32_MAX) return from;
    int64_t time = more ? touches[from].time : d->watermark->time;
    bool near = (uint64_t)time - (uint64_t)touches[source].time <= (uint64_t)d->plan->options->inherit_window;
    return near ? source : from;
}

static void keep(const desk *d, size_t from, size_t end) {
    for (size_t i = from; i < end; i++) d->user->touches[i].kept = true;
}

static void choose(const desk *d) {
    const pdm__attribution_event *waits = pending(d);
    size_t conversions = for_conversions(d);
    size_t nulls = for_nulls(d);
    keep(d, with_source(d, conversions < nulls ? conversions : nulls), d->user->touch_count);
    if (waits == NULL) return;
    size_t end = pdm__attribution_touches_before(d->user, 0, waits);
    int64_t day = by_days(d) ? pdm_calendar_day(d->plan->calendar, waits->time) : 0;
    size_t from = first_reached(d, 0, waits->time, day);
    if (from < end) keep(d, with_source(d, from), end);
}

/* ---- what is kept ---- */

static pdm_status put_touch(const desk *d, const pdm__key *user, const pdm__attribution_touch *touch, pdm_error *err) {
    pdm__store *out = d->watermark->out;
    const pdm__key *channel = &d->work->names.sorted[touch->channel];
    int64_t words[TOUCH_WORDS + 1] = {touch->time, touch->seq};
    int32_t at = TOUCH_PRIORITY;
    if (d->plan->has_priority) words[at++] = touch->priority;
    words[at] = (touch->used ? TOUCH_USED : 0) | (touch->closed ? TOUCH_CLOSED : 0);
    return pdm__store_append(out, d->user->partition, user, channel, 0, words, 1, err);
}

static pdm_status put_event(const desk *d, const pdm__key *user, const pdm__attribution_event *event, pdm_error *err) {
    const int64_t words[EVENT_WORDS] = {event->time, event->seq, event->what, event->value};
    return pdm__store_append(d->watermark->out, d->user->partition, user, NULL, 1, words, 1, err);
}

/* A milestone goes with the touch that it marks; of equal ones the first says all. */
static pdm_status put_milestones(const desk *d, const pdm__key *user, pdm_error *err) {
    size_t marked[ATTRIBUTION_MILESTONES] = {0};
    for (size_t i = 0; i < d->user->milestone_count; i++) {
        const pdm__attribution_event *milestone = &d->user->milestones[i];
        size_t *before = &marked[milestone->what - EVENT_MILESTONE];
        size_t mine = pdm__attribution_touches_before(d->user, 0, milestone);
        bool complete = milestone->time < d->watermark->time;
        if (complete && (mine == 0 || mine == *before || !d->user->touches[mine - 1].kept)) continue;
        *before = mine;
        PDM__TRY(put_event(d, user, milestone, err));
    }
    return PDM_OK;
}

static pdm_status put_user(const desk *d, const pdm__key *user, pdm_error *err) {
    bool seen = d->user->seen || d->user->touch_count + d->user->conversion_count + d->user->milestone_count > 0;
    const int64_t words[USER_WORDS] = {(seen ? USER_SEEN : 0) | (d->converted ? USER_CONVERTED : 0) |
                                           (d->has_last ? USER_COUNTED : 0),
                                       d->has_last ? d->last.time : INT64_MIN, d->has_last ? d->last.seq : INT64_MIN};
    return pdm__store_keep(d->watermark->out, d->user->partition, user, words, err);
}

pdm_status pdm__attribution_forget(pdm__attribution_worker *worker, const pdm__attribution_user *user, pdm_error *err) {
    const pdm__attribution_work *work = worker->work;
    desk d = {.work = work,
              .plan = work->plan,
              .watermark = work->watermark,
              .user = user,
              .counted = pdm__attribution_count_of(work, user),
              .has_last = user->counted,
              .last = user->last};
    d.complete = user->touch_count;
    while (d.complete > 0 && user->touches[d.complete - 1].time >= d.watermark->time) d.complete--;
    d.converted = user->converted || d.counted.stop > 0;
    size_t end = d.counted.end < d.counted.stop ? d.counted.end : d.counted.stop;
    if (end > d.counted.first) {
        d.has_last = true;
        d.last = user->conversions[end - 1];
    }
    choose(&d);
    pdm__key key = pdm__keymap_key(&work->view->store->partitions[user->partition].levels[0], user->id);
    PDM__TRY(put_user(&d, &key, err));
    for (size_t i = 0; i < user->touch_count; i++) {
        if (user->touches[i].kept) {
            PDM__TRY(put_touch(&d, &key, &user->touches[i], err));
        } else {
            worker->totals.touches += 1;
            worker->totals.used_touches += user->touches[i].used;
        }
    }
    for (size_t i = d.counted.stop; i < user->conversion_count; i++)
        PDM__TRY(put_event(&d, &key, &user->conversions[i], err));
    return put_milestones(&d, &key, err);
}

/* ---- a state advances ---- */

pdm_status pdm__attribution_can_advance(const pdm__attribution_plan *plan, pdm_error *err) {
    const pdm_attribution_options *o = plan->options;
    bool cut_late = o->reset == PDM_ATTRIBUTION_RESET_LAST_ONLY && o->nulls == PDM_ATTRIBUTION_NULLS_EXPIRED;
    const struct {
        bool used;
        const char *option;
        const char *why;
    } cannot[] = {
        {plan->paths, "rows", "paths have no time"},
        {o->list_journeys != 0, "list_journeys", "every journey would have to be kept"},
        {plan->most_lookback > INT64_MAX - INT64_C(86400000000), "lookback",
         "it is unbounded, here or in priority_lookbacks: no touch can ever be forgotten"},
        {cut_late, "nulls", "with reset last_only it is known at the end only which conversion cuts an expired run"},
    };
    for (int32_t i = 0; i < PDM__COUNT(cannot); i++) {
        if (!cannot[i].used) continue;
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, cannot[i].option,
                         "option \"%s\": such a state cannot advance: %s", cannot[i].option, cannot[i].why);
    }
    return PDM_OK;
}

/* Local time may be set back: the first day of any later time. */
static int64_t first_day(const pdm_calendar *calendar, int64_t time) {
    int64_t day = pdm_calendar_day(calendar, time);
    for (int32_t i = 0; i < calendar->change_count; i++) {
        int64_t change = 0;
        if (__builtin_mul_overflow(calendar->change_s[i], INT64_C(1000000), &change) || change <= time) continue;
        day = least(day, pdm_calendar_day(calendar, change));
    }
    return day;
}

static pdm_status advance(pdm__attribution_work *work, pdm__store *settled, uint64_t *addends, pdm_error *err) {
    PDM__TRY(pdm__attribution_gather(work, err));
    PDM__TRY(pdm__attribution_settled_write(work, settled, err));
    for (int32_t w = 0; w < work->worker_count; w++) *addends += work->workers[w].addends;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        for (int32_t c = 0; c < ATTRIBUTION_COUNTERS; c++)
            work->watermark->out->partitions[p].counters[c] = work->view->store->partitions[p].counters[c];
    }
    return PDM_OK;
}

pdm_status pdm__attribution_advance(const pdm__plan *plan, const pdm__store *store, int64_t watermark, pdm__run *run,
                                    pdm__store *out, pdm__store *settled, uint64_t *addends, pdm_error *err) {
    const pdm__attribution_plan *own = plan->own;
    pdm__attribution_work *work = NULL;
    PDM__TRY(pdm__attribution_can_advance(own, err));
    pdm__view view = {.plan = plan, .store = store};
    pdm__attribution_watermark mark = {.time = watermark, .day = first_day(own->calendar, watermark), .out = out};
    PDM__TRY(pdm__new_zero(store->context, 1, sizeof *work, &work, err));
    work->view = &view;
    work->plan = own;
    work->context = store->context;
    work->run = run;
    work->watermark = &mark;
    pdm_status status = advance(work, settled, addends, err);
    pdm__attribution_gather_clear(work);
    pdm__drop(store->context, work, 1, sizeof *work);
    return status;
}
