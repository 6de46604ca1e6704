#include "stats/coalition.h"

#include "core/calculator.h"
#include "stats/ratio.h"

#include <stdlib.h>

/* Channels of paths, each once; the mark of a channel is the path that it was last seen in. */
typedef struct distinct {
    pdm_context *context;
    size_t *seen; /* path + 1 */
    uint32_t *times;
    uint32_t *list;
    uint32_t channels;
    uint32_t count;
} distinct;

static pdm_status distinct_begin(distinct *d, const pdm__paths *paths, pdm_error *err) {
    memset(d, 0, sizeof *d);
    d->context = paths->context;
    d->channels = paths->channel_count;
    PDM__TRY(pdm__new_zero(d->context, d->channels, sizeof *d->seen, &d->seen, err));
    PDM__TRY(pdm__new_zero(d->context, d->channels, sizeof *d->times, &d->times, err));
    return pdm__new(d->context, d->channels, sizeof *d->list, &d->list, err);
}

static void distinct_end(distinct *d) {
    pdm__drop(d->context, d->seen, d->channels, sizeof *d->seen);
    pdm__drop(d->context, d->times, d->channels, sizeof *d->times);
    pdm__drop(d->context, d->list, d->channels, sizeof *d->list);
}

static uint32_t channel_at(const pdm__paths *paths, const pdm__path *path, uint32_t i) {
    return paths->tokens[pdm__touch_token(path->touches[i])].channel;
}

static void distinct_of(distinct *d, const pdm__paths *paths, size_t p) {
    const pdm__path *path = &paths->items[p];
    d->count = 0;
    for (uint32_t i = 0; i < path->length; i++) {
        uint32_t channel = channel_at(paths, path, i);
        if (d->seen[channel] != p + 1) {
            d->seen[channel] = p + 1;
            d->times[channel] = 0;
            d->list[d->count++] = channel;
        }
        d->times[channel]++;
    }
}

/* ---- sums ---- */

static pdm_status share_sums(const pdm__paths *paths, pdm__worth worth, double *shapley, pdm_error *err) {
    distinct d;
    pdm__sum *sums = NULL;
    pdm_status status = distinct_begin(&d, paths, err);
    if (status == PDM_OK) status = pdm__new_zero(paths->context, paths->channel_count, sizeof *sums, &sums, err);
    for (size_t p = 0; status == PDM_OK && p < paths->count; p++) {
        const pdm__path *path = &paths->items[p];
        if (path->conversions == 0) continue;
        distinct_of(&d, paths, p);
        double gain = worth == PDM__WORTH_VALUE ? path->value : (double)path->conversions;
        for (uint32_t i = 0; i < d.count; i++) pdm__sum_add(&sums[d.list[i]], gain / d.count);
    }
    for (uint32_t c = 0; status == PDM_OK && c < paths->channel_count; c++) shapley[c] = pdm__sum_of(&sums[c]);
    pdm__drop(paths->context, sums, paths->channel_count, sizeof *sums);
    distinct_end(&d);
    return status;
}

/* ---- rates ---- */

/* Worth of all coalitions of a size: in all, and of those with a player. */
typedef struct by_size {
    pdm__sum all[PDM__COALITION_MAX_PLAYERS + 1];
    pdm__sum with[PDM__COALITION_MAX_PLAYERS][PDM__COALITION_MAX_PLAYERS + 1];
} by_size;

static void count_sets(const pdm__paths *paths, int64_t *conversions, int64_t *journeys) {
    for (size_t p = 0; p < paths->count; p++) {
        const pdm__path *path = &paths->items[p];
        size_t set = 0;
        for (uint32_t i = 0; i < path->length; i++) set |= (size_t)1 << channel_at(paths, path, i);
        conversions[set] += path->conversions;
        journeys[set] += path->conversions + path->nulls;
    }
}

/* Counts of a set become those of all its subsets. */
static void add_subsets(int64_t *counts, uint32_t players) {
    size_t sets = (size_t)1 << players;
    for (size_t step = 1; step < sets; step *= 2) {
        for (size_t first = step; first < sets; first += 2 * step) {
            for (size_t i = first; i < first + step; i++) counts[i] += counts[i - step];
        }
    }
}

static void sum_by_size(const int64_t *conversions, const int64_t *journeys, uint32_t players, by_size *sums) {
    for (size_t set = 1; set < (size_t)1 << players; set++) {
        double worth = journeys[set] == 0 ? 0.0 : pdm__ratio(conversions[set], journeys[set]);
        int size = __builtin_popcountll(set);
        pdm__sum_add(&sums->all[size], worth);
        for (size_t left = set; left != 0; left &= left - 1)
            pdm__sum_add(&sums->with[__builtin_ctzll(left)][size], worth);
    }
}

/* Mean over the sizes of the mean increment that the player brings to coalitions of that size. */
static double mean_increment(const by_size *sums, uint32_t player, uint32_t players) {
    double choose = 1.0; /* of players − 1, size */
    pdm__sum mean = {0.0, 0.0};
    for (uint32_t size = 0; size < players; size++) {
        const pdm__sum *all = &sums->all[size];
        const pdm__sum *own = &sums->with[player][size];
        const pdm__sum *next = &sums->with[player][size + 1];
        double without = (all->sum - own->sum) + (all->lost - own->lost);
        pdm__sum_add(&mean, (pdm__sum_of(next) - without) / (choose * players));
        choose = choose * (players - 1 - size) / (size + 1);
    }
    return pdm__sum_of(&mean);
}

static pdm_status rate_games(const pdm__paths *paths, pdm__run *run, double *shapley, pdm_error *err) {
    uint32_t players = paths->channel_count;
    if (players > PDM__COALITION_MAX_PLAYERS) {
        return pdm__fail(
            err, PDM_E_LIMIT, -1, "models",
            "Shapley values of rates need all sets of channels: %d channels can be done exactly, there are "
            "%u (a sampled version is not built in)",
            PDM__COALITION_MAX_PLAYERS, players);
    }
    pdm_context *context = paths->context;
    size_t sets = (size_t)1 << players;
    int64_t *conversions = NULL;
    int64_t *journeys = NULL;
    by_size *sums = NULL;
    pdm_status status = pdm__new_zero(context, sets, sizeof *conversions, &conversions, err);
    if (status == PDM_OK) status = pdm__new_zero(context, sets, sizeof *journeys, &journeys, err);
    if (status == PDM_OK) status = pdm__new_zero(context, 1, sizeof *sums, &sums, err);
    if (status == PDM_OK) {
        count_sets(paths, conversions, journeys);
        add_subsets(conversions, players);
        add_subsets(journeys, players);
        sum_by_size(conversions, journeys, players, sums);
        for (uint32_t c = 0; c < players; c++) shapley[c] = mean_increment(sums, c, players);
        if (pdm__run_poll(run, (int64_t)paths->count)) status = pdm__run_status(run, err);
    }
    pdm__drop(context, conversions, sets, sizeof *conversions);
    pdm__drop(context, journeys, sets, sizeof *journeys);
    pdm__drop(context, sums, 1, sizeof *sums);
    return status;
}

pdm_status pdm__shapley_values(const pdm__paths *paths, pdm__run *run, pdm__worth worth, double *shapley,
                               pdm_error *err) {
    if (worth == PDM__WORTH_RATE_SUBSETS) return rate_games(paths, run, shapley, err);
    return share_sums(paths, worth, shapley, err);
}

/* ---- positions ---- */

typedef struct place_sum {
    uint64_t key; /* channel, position */
    pdm__sum conversions;
    pdm__sum value;
} place_sum;

typedef struct places {
    pdm_context *context;
    place_sum *items;
    size_t count;
    size_t room;
    size_t *slots; /* item + 1 */
    size_t slot_count;
} places;

static size_t place_slot(const places *s, uint64_t key) {
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (s->slot_count - 1);
    while (s->slots[at] != 0 && s->items[s->slots[at] - 1].key != key) at = (at + 1) & (s->slot_count - 1);
    return at;
}

static pdm_status more_places(places *s, pdm_error *err) {
    size_t room = s->room == 0 ? 64 : s->room * 2;
    size_t *slots = NULL;
    PDM__TRY(pdm__renew(s->context, s->room, room, sizeof *s->items, &s->items, err));
    s->room = room;
    PDM__TRY(pdm__new_zero(s->context, room * 2, sizeof *slots, &slots, err));
    pdm__drop(s->context, s->slots, s->slot_count, sizeof *s->slots);
    s->slots = slots;
    s->slot_count = room * 2;
    for (size_t i = 0; i < s->count; i++) slots[place_slot(s, s->items[i].key)] = i + 1;
    return PDM_OK;
}

static pdm_status add_place(places *s, uint64_t key, double conversions, double value, pdm_error *err) {
    if (s->count == s->room || s->count * 2 >= s->slot_count) PDM__TRY(more_places(s, err));
    size_t at = place_slot(s, key);
    if (s->slots[at] == 0) {
        s->items[s->count++] = (place_sum){.key = key};
        s->slots[at] = s->count;
    }
    place_sum *sum = &s->items[s->slots[at] - 1];
    pdm__sum_add(&sum->conversions, conversions);
    pdm__sum_add(&sum->value, value);
    return PDM_OK;
}

static pdm_status add_path(places *s, distinct *d, const pdm__paths *paths, size_t p, bool full_each, pdm_error *err) {
    const pdm__path *path = &paths->items[p];
    distinct_of(d, paths, p);
    for (uint32_t i = 0; i < path->length; i++) {
        uint32_t channel = channel_at(paths, path, i);
        double parts = (double)d->count * (full_each ? 1.0 : (double)d->times[channel]);
        PDM__TRY(add_place(s, (uint64_t)channel << 32 | (i + 1), (double)path->conversions / parts, path->value / parts,
                           err));
    }
    return PDM_OK;
}

static int by_key(const void *left, const void *right) {
    const place_sum *a = left;
    const place_sum *b = right;
    return a->key < b->key ? -1 : a->key > b->key;
}

static pdm_status list_places(places *s, pdm__shapley_place **out, pdm_error *err) {
    PDM__TRY(pdm__new(s->context, s->count, sizeof **out, out, err));
    if (s->count > 0) qsort(s->items, s->count, sizeof *s->items, by_key);
    for (size_t i = 0; i < s->count; i++) {
        (*out)[i] = (pdm__shapley_place){.channel = (uint32_t)(s->items[i].key >> 32),
                                         .position = (uint32_t)s->items[i].key,
                                         .conversions = pdm__sum_of(&s->items[i].conversions),
                                         .value = pdm__sum_of(&s->items[i].value)};
    }
    return PDM_OK;
}

pdm_status pdm__shapley_ordered(const pdm__paths *paths, bool full_each, pdm__shapley_place **out, size_t *count,
                                pdm_error *err) {
    places s = {.context = paths->context};
    distinct d;
    *out = NULL;
    *count = 0;
    pdm_status status = distinct_begin(&d, paths, err);
    for (size_t p = 0; status == PDM_OK && p < paths->count; p++) {
        if (paths->items[p].conversions > 0) status = add_path(&s, &d, paths, p, full_each, err);
    }
    if (status == PDM_OK) status = list_places(&s, out, err);
    if (status == PDM_OK) *count = s.count;
    pdm__drop(s.context, s.items, s.room, sizeof *s.items);
    pdm__drop(s.context, s.slots, s.slot_count, sizeof *s.slots);
    distinct_end(&d);
    return status;
}
