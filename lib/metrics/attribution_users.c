/* A partition's rows, user by user, each kind in canonical order. */
#include "metrics/attribution_internal.h"

#include <stdlib.h>

#define POLL_ROWS 4096

/* A partition at work. */
typedef struct bench {
    pdm__attribution_worker *worker;
    const pdm__partition *partition;
    size_t users;
    pdm__attribution_touch *touches; /* the worker's */
    pdm__attribution_event *events;
    size_t *touch_starts;
    size_t *event_starts;
    const uint32_t *ranks;
} bench;

/* Time, seq, channel, priority: touches that are equal in all of it are the same. */
static int by_touch(const void *left, const void *right) {
    const pdm__attribution_touch *a = left;
    const pdm__attribution_touch *b = right;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    if (a->channel != b->channel) return a->channel < b->channel ? -1 : 1;
    return a->priority < b->priority ? -1 : a->priority > b->priority;
}

static int compare_values(bool doubles, int64_t a, int64_t b) {
    if (!doubles) return a < b ? -1 : a > b;
    double x = 0.0;
    double y = 0.0;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Milestones before conversions of one instant; among themselves by the rest. */
static int compare_events(const pdm__attribution_event *a, const pdm__attribution_event *b, bool doubles) {
    bool a_converts = a->what < EVENT_MILESTONE;
    bool b_converts = b->what < EVENT_MILESTONE;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    if (a_converts != b_converts) return a_converts ? 1 : -1;
    if (!a_converts) return a->what < b->what ? -1 : a->what > b->what;
    int order = compare_values(doubles, a->value, b->value);
    return order != 0 ? order : a->what < b->what ? -1 : a->what > b->what;
}

static int by_event_money(const void *a, const void *b) { return compare_events(a, b, false); }
static int by_event_double(const void *a, const void *b) { return compare_events(a, b, true); }

/* ---- rows by user ---- */

static void count_rows(bench *b) {
    const pdm__schema *schema = &b->worker->work->view->store->schema;
    const pdm__journal *touches = &b->partition->journals[0];
    const pdm__journal *events = &b->partition->journals[1];
    size_t stride = 1 + (size_t)schema->journals[0].word_count;
    for (size_t i = 0; i < touches->count; i++)
        b->touch_starts[(size_t)pdm__tuple_id(touches->words[i * stride]) + 1]++;
    for (size_t i = 0; i < events->count; i++) b->event_starts[(size_t)events->words[i * (1 + EVENT_WORDS)] + 1]++;
    for (size_t u = 0; u < b->users; u++) {
        b->touch_starts[u + 1] += b->touch_starts[u];
        b->event_starts[u + 1] += b->event_starts[u];
    }
}

/* Scatters; the starts become ends on the way and are put back. */
static void place_rows(bench *b) {
    const pdm__schema *schema = &b->worker->work->view->store->schema;
    const pdm__attribution_plan *plan = b->worker->work->plan;
    const pdm__journal *touches = &b->partition->journals[0];
    const pdm__journal *events = &b->partition->journals[1];
    bool days = plan->options->lookback_kind == PDM_ATTRIBUTION_LOOKBACK_CALENDAR_DAYS;
    size_t stride = 1 + (size_t)schema->journals[0].word_count;
    size_t flags_at = schema->levels[0].field_count > 0 ? stride - 1 : 0;
    for (size_t i = 0; i < touches->count; i++) {
        const int64_t *words = touches->words + i * stride;
        int64_t flags = flags_at > 0 ? words[flags_at] : 0;
        b->touches[b->touch_starts[pdm__tuple_id(words[0])]++] = (pdm__attribution_touch){
            .time = words[1 + TOUCH_TIME],
            .seq = words[1 + TOUCH_SEQ],
            .day = days ? (int32_t)pdm_calendar_day(plan->calendar, words[1 + TOUCH_TIME]) : 0,
            .channel = (uint16_t)b->ranks[pdm__tuple_part(words[0])],
            .priority = plan->has_priority ? (int32_t)words[1 + TOUCH_PRIORITY] : 0,
            .used = (flags & TOUCH_USED) != 0,
            .closed = (flags & TOUCH_CLOSED) != 0,
        };
    }
    for (size_t i = 0; i < events->count; i++) {
        const int64_t *words = events->words + i * (1 + EVENT_WORDS);
        b->events[b->event_starts[words[0]]++] = (pdm__attribution_event){.time = words[1 + EVENT_TIME],
                                                                          .seq = words[1 + EVENT_SEQ],
                                                                          .what = words[1 + EVENT_WHAT],
                                                                          .value = words[1 + EVENT_VALUE]};
    }
    for (size_t u = b->users; u-- > 0;) {
        b->touch_starts[u + 1] = b->touch_starts[u];
        b->event_starts[u + 1] = b->event_starts[u];
    }
    b->touch_starts[0] = 0;
    b->event_starts[0] = 0;
}

/* Room for the partition and one more, so that it is there at all, in what the worker has from the ones before. */
static pdm_status bench_room(pdm__attribution_worker *worker, const pdm__partition *partition, pdm_error *err) {
    pdm_context *context = worker->work->context;
    pdm__attribution_bench *m = &worker->bench;
    size_t starts = (size_t)partition->levels[0].count + 1;
    size_t touches = partition->journals[0].count;
    size_t events = partition->journals[1].count;
    size_t ranks = partition->levels[1].count;
    PDM__TRY(pdm__attribution_room(context, &m->touches, &m->touch_room, touches + 1, sizeof *m->touches, err));
    PDM__TRY(pdm__attribution_room(context, &m->events, &m->event_room, events + 1, sizeof *m->events, err));
    PDM__TRY(pdm__attribution_room(context, &m->spare, &m->spare_room, events + 1, sizeof *m->spare, err));
    PDM__TRY(
        pdm__attribution_room(context, &m->touch_starts, &m->touch_start_room, starts, sizeof *m->touch_starts, err));
    PDM__TRY(
        pdm__attribution_room(context, &m->event_starts, &m->event_start_room, starts, sizeof *m->event_starts, err));
    PDM__TRY(pdm__attribution_room(context, &m->ranks, &m->rank_room, ranks, sizeof *m->ranks, err));
    memset(m->touch_starts, 0, starts * sizeof *m->touch_starts);
    memset(m->event_starts, 0, starts * sizeof *m->event_starts);
    for (uint32_t id = 0; id < ranks; id++) {
        pdm__key key = pdm__keymap_key(&partition->levels[1], id);
        m->ranks[id] = pdm__attribution_rank(&worker->work->names, &worker->memo, key.bytes, key.length);
    }
    return PDM_OK;
}

void pdm__attribution_bench_clear(pdm_context *context, pdm__attribution_bench *m) {
    pdm__drop(context, m->touches, m->touch_room, sizeof *m->touches);
    pdm__drop(context, m->events, m->event_room, sizeof *m->events);
    pdm__drop(context, m->spare, m->spare_room, sizeof *m->spare);
    pdm__drop(context, m->touch_starts, m->touch_start_room, sizeof *m->touch_starts);
    pdm__drop(context, m->event_starts, m->event_start_room, sizeof *m->event_starts);
    pdm__drop(context, m->ranks, m->rank_room, sizeof *m->ranks);
}

/* ---- a user ---- */

static void sort_touches(pdm__attribution_touch *touches, size_t count) {
    size_t sorted = 1;
    while (sorted < count && by_touch(&touches[sorted - 1], &touches[sorted]) <= 0) sorted++;
    if (sorted < count) qsort(touches, count, sizeof *touches, by_touch);
}

static void sort_events(pdm__attribution_event *events, size_t count, bool doubles) {
    size_t sorted = 1;
    while (sorted < count && compare_events(&events[sorted - 1], &events[sorted], doubles) <= 0) sorted++;
    if (sorted < count) qsort(events, count, sizeof *events, doubles ? by_event_double : by_event_money);
}

/* The last touch before each that is not direct: what direct ones may inherit. */
static void find_indirect(const pdm__attribution_work *work, pdm__attribution_touch *touches, size_t count) {
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        touches[i].inherits = last;
        if (work->direct[touches[i].channel] == 0) last = (uint32_t)i;
    }
}

/* Conversions to the front, milestones behind them, each in order. */
static size_t part_events(pdm__attribution_event *events, size_t count, pdm__attribution_event *spare) {
    size_t conversions = 0;
    size_t milestones = 0;
    for (size_t i = 0; i < count; i++) {
        if (events[i].what < EVENT_MILESTONE) {
            events[conversions++] = events[i];
        } else {
            spare[milestones++] = events[i];
        }
    }
    if (milestones > 0) memcpy(events + conversions, spare, milestones * sizeof *events);
    return conversions;
}

/* What is known of a user from before. */
static void recall(const bench *b, pdm__attribution_user *user) {
    if (b->worker->work->view->store->schema.levels[0].field_count == 0) return;
    const int64_t *words = pdm__keymap_words(&b->partition->levels[0], user->id);
    user->seen = (words[USER_FLAGS] & USER_SEEN) != 0;
    user->converted = (words[USER_FLAGS] & USER_CONVERTED) != 0;
    user->counted = (words[USER_FLAGS] & USER_COUNTED) != 0;
    user->last = (pdm__attribution_event){.time = words[USER_LAST_TIME], .seq = words[USER_LAST_SEQ]};
}

static pdm_status take_user(bench *b, size_t p, uint32_t id, pdm_error *err) {
    const pdm__attribution_work *work = b->worker->work;
    pdm__attribution_touch *touches = b->touches + b->touch_starts[id];
    pdm__attribution_event *events = b->events + b->event_starts[id];
    size_t touch_count = b->touch_starts[id + 1] - b->touch_starts[id];
    size_t event_count = b->event_starts[id + 1] - b->event_starts[id];
    pdm__attribution_user user = {.partition = p, .id = id};
    recall(b, &user);
    if (touch_count == 0 && event_count == 0 && !user.seen && work->watermark == NULL) return PDM_OK;
    sort_touches(touches, touch_count);
    sort_events(events, event_count, work->plan->doubles);
    if (work->plan->options->direct_mode == PDM_ATTRIBUTION_DIRECT_INHERIT_PREVIOUS)
        find_indirect(work, touches, touch_count);
    size_t conversions = part_events(events, event_count, b->worker->bench.spare);
    user.touches = touches;
    user.touch_count = touch_count;
    user.conversions = events;
    user.conversion_count = conversions;
    user.milestones = events + conversions;
    user.milestone_count = event_count - conversions;
    PDM__TRY(pdm__attribution_journeys(b->worker, &user, err));
    if (work->watermark != NULL) return pdm__attribution_forget(b->worker, &user, err);
    b->worker->totals.users += 1;
    b->worker->totals.touches += (int64_t)touch_count;
    for (size_t i = 0; i < touch_count; i++) b->worker->totals.used_touches += touches[i].used;
    return PDM_OK;
}

static pdm_status take_users(bench *b, size_t p, pdm_error *err) {
    pdm__run *run = b->worker->work->run;
    int64_t since = 0;
    for (uint32_t id = 0; id < b->users; id++) {
        PDM__TRY(take_user(b, p, id, err));
        since += (int64_t)(b->touch_starts[id + 1] - b->touch_starts[id]) + 1;
        if (since < POLL_ROWS) continue;
        if (pdm__run_poll(run, since)) return pdm__run_status(run, err);
        since = 0;
    }
    return PDM_OK;
}

pdm_status pdm__attribution_users(pdm__attribution_worker *worker, size_t p, pdm_error *err) {
    const pdm__partition *partition = &worker->work->view->store->partitions[p];
    if (partition->levels[0].count == 0) return PDM_OK;
    PDM__TRY(bench_room(worker, partition, err));
    bench b = {.worker = worker,
               .partition = partition,
               .users = partition->levels[0].count,
               .touches = worker->bench.touches,
               .events = worker->bench.events,
               .touch_starts = worker->bench.touch_starts,
               .event_starts = worker->bench.event_starts,
               .ranks = worker->bench.ranks};
    count_rows(&b);
    place_rows(&b);
    return take_users(&b, p, err);
}
