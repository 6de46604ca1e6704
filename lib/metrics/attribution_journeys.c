/*
 * The journeys of a user. A touch is before a conversion if its (time, seq) is not after the conversion's. A milestone marks the last
 * touch before it, for the journeys that end after it.
 */
#include "metrics/attribution_internal.h"

typedef struct walk {
    pdm__attribution_worker *worker;
    const pdm__attribution_plan *plan;
    const pdm__attribution_user *user;
    int64_t number;   /* of journeys so far */
    size_t milestone; /* next that has marked nothing yet */
} walk;

static bool not_after(int64_t time, int64_t seq, const pdm__attribution_event *event) {
    return time < event->time || (time == event->time && seq <= event->seq);
}

size_t pdm__attribution_touches_before(const pdm__attribution_user *user, size_t from,
                                       const pdm__attribution_event *event) {
    size_t low = from;
    size_t high = user->touch_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const pdm__attribution_touch *touch = &user->touches[middle];
        if (not_after(touch->time, touch->seq, event)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Marks of all milestones before the event; NULL: of all. Milestones come before conversions of the same (time, seq). */
static void mark_until(walk *w, const pdm__attribution_event *event) {
    const pdm__attribution_user *user = w->user;
    for (; w->milestone < user->milestone_count; w->milestone++) {
        const pdm__attribution_event *milestone = &user->milestones[w->milestone];
        if (event != NULL && !not_after(milestone->time, milestone->seq, event)) return;
        size_t before = pdm__attribution_touches_before(user, 0, milestone);
        if (before == 0) continue;
        pdm__attribution_touch *touch = &user->touches[before - 1];
        touch->marks = (uint8_t)(touch->marks | 1U << (milestone->what - EVENT_MILESTONE));
    }
}

/* ---- lookback ---- */

static bool in_lookback(const pdm__attribution_plan *plan, const pdm__attribution_touch *touch, int64_t time,
                        int64_t day) {
    int64_t lookback = plan->options->lookback;
    int64_t days = plan->day_lookback;
    for (int32_t i = 0; i < plan->priority_count; i++) {
        if (plan->priorities[i].priority != touch->priority) continue;
        lookback = plan->priorities[i].lookback;
        days = lookback == INT64_MAX ? INT64_MAX : lookback / INT64_C(86400000000);
    }
    if (lookback == INT64_MAX) return true;
    if (plan->options->lookback_kind == PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS) return day - touch->day <= days;
    return (uint64_t)time - (uint64_t)touch->time <= (uint64_t)lookback;
}

/* First touch from `from` on that any lookback can hold; where all share one, they are sorted by it. */
static size_t first_in_lookback(const walk *w, size_t from, size_t end, int64_t time, int64_t day) {
    if (w->plan->priority_count > 0 || w->plan->most_lookback == INT64_MAX) return from;
    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (in_lookback(w->plan, &w->user->touches[middle], time, day)) {
            end = middle;
        } else {
            from = middle + 1;
        }
    }
    return from;
}

/* ---- a journey ---- */

/* The channel that a touch counts for under inherit_previous. Candidates begin at `from`. */
static uint32_t channel_of(const walk *w, size_t index, size_t from) {
    const pdm__attribution_touch *touch = &w->user->touches[index];
    if (w->worker->work->direct[touch->channel] == 0) return touch->channel;
    if (touch->inherits == UINT32_MAX || touch->inherits < from) return touch->channel;
    const pdm__attribution_touch *before = &w->user->touches[touch->inherits];
    bool near = (uint64_t)touch->time - (uint64_t)before->time <= (uint64_t)w->plan->options->inherit_window;
    return near ? before->channel : touch->channel;
}

/* Touches [from, end), as seen from `time`, become the worker's steps. */
static pdm_status lay_steps(walk *w, size_t from, size_t end, int64_t time, bool all, size_t *count, pdm_error *err) {
    bool days = w->plan->options->lookback_kind == PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS;
    int64_t day = days ? pdm_calendar_day(w->plan->calendar, time) : 0;
    size_t first = all ? from : first_in_lookback(w, from, end, time, day);
    bool sure = all || (!days && w->plan->priority_count == 0); /* then all from the first one on are in it */
    bool inherits = w->plan->options->direct_mode == PDM_ATTRIBUTION_DIRECT_INHERIT_PREVIOUS;
    pdm__attribution_worker *worker = w->worker;
    PDM__TRY(pdm__attribution_room(worker->work->context, &worker->steps, &worker->steps_room, end - first,
                                   sizeof *worker->steps, err));
    *count = 0;
    for (size_t i = first; i < end; i++) {
        const pdm__attribution_touch *touch = &w->user->touches[i];
        if (!sure && !in_lookback(w->plan, touch, time, day)) continue;
        worker->steps[(*count)++] =
            (pdm__attribution_step){.age = (uint64_t)time - (uint64_t)touch->time,
                                    .channel = inherits ? channel_of(w, i, from) : touch->channel,
                                    .marks = touch->marks,
                                    .priority = touch->priority,
                                    .touch = (uint32_t)i};
    }
    return PDM_OK;
}

static pdm_status take_conversion(walk *w, const pdm__attribution_event *conversion, size_t from, size_t end,
                                  pdm_error *err) {
    size_t count = 0;
    bool cut = false;
    mark_until(w, conversion);
    PDM__TRY(lay_steps(w, from, end, conversion->time, false, &count, err));
    pdm__attribution_shape(w->worker, w->user->touches, &count, &cut);
    pdm__attribution_gain gain = {.conversions = 1,
                                  .value = conversion->value,
                                  .has_ages = true,
                                  .user = w->user,
                                  .time = conversion->time,
                                  .number = w->number++};
    return pdm__attribution_take(w->worker, count, cut, &gain, err);
}

/* Touches [from, end) that led nowhere. */
static pdm_status take_null(walk *w, size_t from, size_t end, pdm_error *err) {
    size_t count = 0;
    bool cut = false;
    if (from >= end) return PDM_OK;
    int64_t time = w->user->touches[end - 1].time;
    bool all = w->plan->options->null_window == PDM_ATTRIBUTION_NULL_WINDOW_ALL;
    mark_until(w, NULL);
    PDM__TRY(lay_steps(w, from, end, time, all, &count, err));
    pdm__attribution_shape(w->worker, NULL, &count, &cut);
    pdm__attribution_gain gain = {.nulls = 1, .user = w->user, .time = time, .number = w->number++};
    return pdm__attribution_take(w->worker, count, cut, &gain, err);
}

/* ---- all of them ---- */

pdm__attribution_counted pdm__attribution_count_of(const pdm__attribution_work *work,
                                                   const pdm__attribution_user *user) {
    int32_t reset = work->plan->options->reset;
    size_t count = user->conversion_count;
    pdm__attribution_counted counted = {.end = count, .stop = count};
    if (reset == PDM_ATTRIBUTION_RESET_LAST_ONLY && count > 0) counted.first = count - 1;
    if (reset == PDM_ATTRIBUTION_RESET_FIRST_ONLY && count > 0) counted.end = user->counted ? 0 : 1;
    if (work->watermark == NULL) return counted;
    while (counted.stop > 0 && user->conversions[counted.stop - 1].time >= work->watermark->time) counted.stop--;
    if (reset == PDM_ATTRIBUTION_RESET_LAST_ONLY && counted.stop > counted.first) counted.stop = counted.first;
    return counted;
}

static pdm_status take_conversions(walk *w, const pdm__attribution_counted *counted, pdm_error *err) {
    const pdm__attribution_user *user = w->user;
    pdm__attribution_totals *totals = &w->worker->totals;
    bool resets = w->plan->options->reset == PDM_ATTRIBUTION_RESET_AFTER_CONVERSION;
    size_t before = user->counted ? pdm__attribution_touches_before(user, 0, &user->last) : 0;
    w->worker->addends += counted->stop;
    for (size_t c = 0; c < counted->stop; c++) {
        const pdm__attribution_event *conversion = &user->conversions[c];
        totals->all.conversions += 1;
        totals->without_value += conversion->what == EVENT_WITHOUT_VALUE;
        pdm__attribution_add(&totals->all.value, w->plan->doubles, conversion->value);
        if (c < counted->first || c >= counted->end) {
            totals->ignored.conversions += 1;
            pdm__attribution_add(&totals->ignored.value, w->plan->doubles, conversion->value);
            continue;
        }
        size_t from = resets ? before : 0;
        before = pdm__attribution_touches_before(user, before, conversion);
        PDM__TRY(take_conversion(w, conversion, from, before, err));
    }
    return PDM_OK;
}

/* Touches that the last counted conversion not later than `limit` leaves behind: their number. */
static size_t claimed(const walk *w, const pdm__attribution_counted *counted, int64_t limit) {
    const pdm__attribution_user *user = w->user;
    size_t low = counted->first;
    size_t end = counted->end;
    while (low < end) {
        size_t middle = low + (end - low) / 2;
        if (user->conversions[middle].time <= limit) {
            low = middle + 1;
        } else {
            end = middle;
        }
    }
    if (low > counted->first) return pdm__attribution_touches_before(user, 0, &user->conversions[low - 1]);
    return user->counted && user->last.time <= limit ? pdm__attribution_touches_before(user, 0, &user->last) : 0;
}

static void close_touches(const walk *w, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) w->user->touches[i].closed = true;
}

/* Whether nothing can come any more that belongs to a run: a touch, a conversion, or a milestone of its last touch. */
static bool is_over(const walk *w, size_t stop, int64_t limit) {
    const pdm__attribution_watermark *watermark = w->worker->work->watermark;
    if (watermark == NULL) return true;
    if (limit >= watermark->time) return false;
    return w->plan->milestone_count == 0 ||
           (stop < w->user->touch_count && w->user->touches[stop].time < watermark->time);
}

/* Runs of touches at most the lookback apart; what is left of each after the conversions that could claim it. */
static pdm_status take_expired(walk *w, const pdm__attribution_counted *counted, pdm_error *err) {
    const pdm__attribution_user *user = w->user;
    const pdm__attribution_watermark *watermark = w->worker->work->watermark;
    int64_t lookback = w->plan->most_lookback;
    size_t begin = 0;
    while (begin < user->touch_count && user->touches[begin].closed) begin++;
    while (begin < user->touch_count) {
        size_t stop = begin + 1;
        while (stop < user->touch_count &&
               (uint64_t)user->touches[stop].time - (uint64_t)user->touches[stop - 1].time <= (uint64_t)lookback)
            stop++;
        int64_t limit = 0;
        if (lookback == INT64_MAX || __builtin_add_overflow(user->touches[stop - 1].time, lookback, &limit))
            limit = INT64_MAX;
        size_t from = claimed(w, counted, limit);
        from = from < begin ? begin : from > stop ? stop : from;
        /* Conversions that can claim it are all there before its journey is: what they claim must not be asked again. */
        if (watermark != NULL && limit < watermark->time) close_touches(w, begin, from);
        if (!is_over(w, stop, limit)) return PDM_OK;
        PDM__TRY(take_null(w, from, stop, err));
        if (watermark != NULL) close_touches(w, from, stop);
        begin = stop;
    }
    return PDM_OK;
}

static pdm_status take_nulls(walk *w, const pdm__attribution_counted *counted, pdm_error *err) {
    const pdm__attribution_user *user = w->user;
    int32_t nulls = w->plan->options->nulls;
    if (nulls == PDM_ATTRIBUTION_NULLS_EXPIRED) return take_expired(w, counted, err);
    if (nulls == PDM_ATTRIBUTION_NULLS_NONE || w->worker->work->watermark != NULL) return PDM_OK;
    if (nulls == PDM_ATTRIBUTION_NULLS_NON_CONVERTERS) {
        bool converted = user->converted || user->conversion_count > 0;
        return converted ? PDM_OK : take_null(w, 0, user->touch_count, err);
    }
    return take_null(w, claimed(w, counted, INT64_MAX), user->touch_count, err);
}

pdm_status pdm__attribution_journeys(pdm__attribution_worker *worker, const pdm__attribution_user *user,
                                     pdm_error *err) {
    walk w = {.worker = worker, .plan = worker->work->plan, .user = user};
    pdm__attribution_counted counted = pdm__attribution_count_of(worker->work, user);
    PDM__TRY(take_conversions(&w, &counted, err));
    return take_nulls(&w, &counted, err);
}
