#include "stats/markov.h"

#include "core/calculator.h"

#include <stdlib.h>
#include <xxhash.h>

void pdm__markov_clear(pdm__markov *m) {
    if (m->context == NULL) return;
    pdm__drop(m->context, m->grams, m->gram_room, sizeof *m->grams);
    pdm__drop(m->context, m->repeats, m->gram_room, sizeof *m->repeats);
    pdm__drop(m->context, m->visits, m->gram_room, sizeof *m->visits);
    pdm__drop(m->context, m->last_value, m->gram_room, sizeof *m->last_value);
    pdm__drop(m->context, m->passages, m->passage_room, sizeof *m->passages);
    pdm__drop(m->context, m->effects, m->channels, sizeof *m->effects);
    pdm__drop(m->context, m->value_effects, m->channels, sizeof *m->value_effects);
    memset(m, 0, sizeof *m);
}

/* ---- states ---- */

typedef struct counting {
    pdm__markov *m;
    pdm__sum *values; /* [gram_room] of last_value */
    uint32_t *slots;  /* state, 0 = none */
    size_t slot_count;
    uint32_t *of_tokens; /* order 1: state of each token */
    uint32_t token_count;
    size_t *pair_slots; /* passage + 1 */
    size_t pair_slot_count;
    size_t width; /* > 0: few states, the slots are a square of that many */
} counting;

static void counting_clear(counting *c) {
    pdm_context *context = c->m->context;
    pdm__drop(context, c->values, c->m->gram_room, sizeof *c->values);
    pdm__drop(context, c->slots, c->slot_count, sizeof *c->slots);
    pdm__drop(context, c->of_tokens, c->token_count, sizeof *c->of_tokens);
    pdm__drop(context, c->pair_slots, c->pair_slot_count, sizeof *c->pair_slots);
}

static pdm_status more_states(counting *c, pdm_error *err) {
    pdm__markov *m = c->m;
    size_t room = m->gram_room == 0 ? 64 : m->gram_room * 2;
    pdm__gram *grams = NULL;
    int64_t *repeats = NULL;
    int64_t *visits = NULL;
    double *last_value = NULL;
    pdm__sum *values = NULL;
    pdm_status status = pdm__new_zero(m->context, room, sizeof *grams, &grams, err);
    if (status == PDM_OK) status = pdm__new_zero(m->context, room, sizeof *repeats, &repeats, err);
    if (status == PDM_OK) status = pdm__new_zero(m->context, room, sizeof *visits, &visits, err);
    if (status == PDM_OK) status = pdm__new_zero(m->context, room, sizeof *last_value, &last_value, err);
    if (status == PDM_OK) status = pdm__new_zero(m->context, room, sizeof *values, &values, err);
    if (status != PDM_OK) {
        pdm__drop(m->context, grams, room, sizeof *grams);
        pdm__drop(m->context, repeats, room, sizeof *repeats);
        pdm__drop(m->context, visits, room, sizeof *visits);
        pdm__drop(m->context, last_value, room, sizeof *last_value);
        return status;
    }
    if (m->count > 0) {
        memcpy(grams, m->grams, m->count * sizeof *grams);
        memcpy(repeats, m->repeats, m->count * sizeof *repeats);
        memcpy(visits, m->visits, m->count * sizeof *visits);
        memcpy(values, c->values, m->count * sizeof *values);
    }
    pdm__drop(m->context, m->grams, m->gram_room, sizeof *m->grams);
    pdm__drop(m->context, m->repeats, m->gram_room, sizeof *m->repeats);
    pdm__drop(m->context, m->visits, m->gram_room, sizeof *m->visits);
    pdm__drop(m->context, m->last_value, m->gram_room, sizeof *m->last_value);
    pdm__drop(m->context, c->values, m->gram_room, sizeof *c->values);
    m->grams = grams;
    m->repeats = repeats;
    m->visits = visits;
    m->last_value = last_value;
    c->values = values;
    m->gram_room = room;
    return PDM_OK;
}

static pdm_status new_state(counting *c, const uint32_t *touches, uint32_t length, uint32_t *out, pdm_error *err) {
    if (c->m->count >= UINT32_MAX - 2) return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than 2^32 states");
    if (c->m->count == c->m->gram_room) PDM__TRY(more_states(c, err));
    c->m->grams[c->m->count] = (pdm__gram){touches, length};
    *out = c->m->count++;
    return PDM_OK;
}

static uint64_t gram_hash(const uint32_t *touches, uint32_t length) {
    return XXH3_64bits(touches, length * sizeof *touches);
}

static pdm_status more_slots(counting *c, pdm_error *err) {
    size_t count = c->slot_count == 0 ? 256 : c->slot_count * 2;
    uint32_t *slots = NULL;
    PDM__TRY(pdm__new_zero(c->m->context, count, sizeof *slots, &slots, err));
    pdm__drop(c->m->context, c->slots, c->slot_count, sizeof *c->slots);
    c->slots = slots;
    c->slot_count = count;
    for (uint32_t s = 1; s < c->m->count; s++) {
        size_t at = (size_t)gram_hash(c->m->grams[s].touches, c->m->grams[s].length) & (count - 1);
        while (slots[at] != 0) at = (at + 1) & (count - 1);
        slots[at] = s;
    }
    return PDM_OK;
}

static pdm_status find_state(counting *c, const uint32_t *touches, uint32_t length, uint32_t *out, pdm_error *err) {
    if (c->m->options.order == 1) {
        uint32_t *state = &c->of_tokens[pdm__touch_token(touches[0])];
        if (*state == 0) PDM__TRY(new_state(c, touches, 1, state, err));
        *out = *state;
        return PDM_OK;
    }
    if ((size_t)c->m->count * 2 >= c->slot_count) PDM__TRY(more_slots(c, err));
    size_t at = (size_t)gram_hash(touches, length) & (c->slot_count - 1);
    for (; c->slots[at] != 0; at = (at + 1) & (c->slot_count - 1)) {
        const pdm__gram *gram = &c->m->grams[c->slots[at]];
        if (gram->length == length && memcmp(gram->touches, touches, length * sizeof *touches) == 0) break;
    }
    if (c->slots[at] == 0) PDM__TRY(new_state(c, touches, length, &c->slots[at], err));
    *out = c->slots[at];
    return PDM_OK;
}

/* ---- passages ---- */

#define CONVERTED (UINT32_MAX - 1) /* as long as the states are not all known */
#define ENDED UINT32_MAX

#define FEW_TOKENS 256

static size_t pair_slot(const counting *c, uint32_t from, uint32_t to) {
    if (c->width > 0) return from * c->width + (uint32_t)(to + 2); /* ends first */
    uint64_t mixed = ((uint64_t)from << 32 | to) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(mixed >> 32 ^ mixed >> 17) & (c->pair_slot_count - 1);
    for (; c->pair_slots[at] != 0; at = (at + 1) & (c->pair_slot_count - 1)) {
        const pdm__passage *seen = &c->m->passages[c->pair_slots[at] - 1];
        if (seen->from == from && seen->to == to) break;
    }
    return at;
}

static pdm_status more_passages(counting *c, pdm_error *err) {
    pdm__markov *m = c->m;
    size_t room = m->passage_room == 0 ? 128 : m->passage_room * 2;
    size_t *slots = NULL;
    PDM__TRY(pdm__renew(m->context, m->passage_room, room, sizeof *m->passages, &m->passages, err));
    m->passage_room = room;
    if (c->width > 0) return PDM_OK;
    PDM__TRY(pdm__new_zero(m->context, room * 2, sizeof *slots, &slots, err));
    pdm__drop(m->context, c->pair_slots, c->pair_slot_count, sizeof *c->pair_slots);
    c->pair_slots = slots;
    c->pair_slot_count = room * 2;
    for (size_t i = 0; i < m->passage_count; i++) slots[pair_slot(c, m->passages[i].from, m->passages[i].to)] = i + 1;
    return PDM_OK;
}

static pdm_status add_count(int64_t *to, int64_t count, pdm_error *err) {
    if (!__builtin_add_overflow(*to, count, to)) return PDM_OK;
    return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL, "journeys times touches exceed int64");
}

static pdm_status add_passage(counting *c, uint32_t from, uint32_t to, int64_t count, pdm_error *err) {
    pdm__markov *m = c->m;
    if (count == 0) return PDM_OK;
    if (m->passage_count == m->passage_room || (c->width == 0 && m->passage_count * 2 >= c->pair_slot_count))
        PDM__TRY(more_passages(c, err));
    size_t at = pair_slot(c, from, to);
    if (c->pair_slots[at] == 0) {
        m->passages[m->passage_count++] = (pdm__passage){from, to, 0};
        c->pair_slots[at] = m->passage_count;
    }
    return add_count(&m->passages[c->pair_slots[at] - 1].count, count, err);
}

/* ---- counting ---- */

static pdm_status count_path(counting *c, const pdm__path *path, pdm_error *err) {
    pdm__markov *m = c->m;
    uint32_t order = (uint32_t)m->options.order;
    int64_t nulls = m->options.ignore_nulls ? 0 : path->nulls;
    int64_t journeys = path->conversions;
    PDM__TRY(add_count(&journeys, nulls, err));
    if (journeys == 0) return PDM_OK;
    uint32_t width = path->length < order ? path->length : order;
    uint32_t before = 0;
    for (uint32_t i = 0; i + width <= path->length; i++) {
        uint32_t state = 0;
        PDM__TRY(find_state(c, path->touches + i, width, &state, err));
        if (state == before) {
            PDM__TRY(add_count(&m->repeats[state], journeys, err));
            continue;
        }
        PDM__TRY(add_passage(c, before, state, journeys, err));
        PDM__TRY(add_count(&m->visits[state], journeys, err));
        before = state;
    }
    PDM__TRY(add_passage(c, before, CONVERTED, path->conversions, err));
    PDM__TRY(add_passage(c, before, ENDED, nulls, err));
    PDM__TRY(add_count(&m->visits[0], journeys, err));
    if (path->conversions > 0) pdm__sum_add(&c->values[before], path->value);
    m->conversions += path->conversions;
    return PDM_OK;
}

static int by_states(const void *left, const void *right) {
    const pdm__passage *a = left;
    const pdm__passage *b = right;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

static pdm_status count_all(counting *c, const pdm__paths *paths, pdm_error *err) {
    pdm__markov *m = c->m;
    uint32_t start = 0;
    c->token_count = paths->token_count;
    PDM__TRY(pdm__new_zero(m->context, c->token_count, sizeof *c->of_tokens, &c->of_tokens, err));
    if (m->options.order == 1 && c->token_count <= FEW_TOKENS) { /* a state for each, the start and two ends */
        c->width = c->token_count + 3;
        c->pair_slot_count = c->width * c->width;
        PDM__TRY(pdm__new_zero(m->context, c->pair_slot_count, sizeof *c->pair_slots, &c->pair_slots, err));
    }
    PDM__TRY(new_state(c, NULL, 0, &start, err));
    for (size_t p = 0; p < paths->count; p++) PDM__TRY(count_path(c, &paths->items[p], err));
    for (size_t i = 0; i < m->passage_count; i++) {
        uint32_t *to = &m->passages[i].to;
        *to = *to == CONVERTED ? m->count : *to == ENDED ? m->count + 1 : *to;
    }
    if (m->passage_count > 0) qsort(m->passages, m->passage_count, sizeof *m->passages, by_states);
    for (uint32_t s = 0; s < m->count; s++) m->last_value[s] = pdm__sum_of(&c->values[s]);
    m->journeys = m->visits[0];
    m->value = paths->value;
    return PDM_OK;
}

pdm_status pdm__markov_count(const pdm__paths *paths, const pdm__markov_options *options, pdm__markov *out,
                             pdm_error *err) {
    memset(out, 0, sizeof *out);
    out->context = paths->context;
    out->options = *options;
    counting c = {.m = out};
    pdm_status status = count_all(&c, paths, err);
    counting_clear(&c);
    if (status != PDM_OK) pdm__markov_clear(out);
    return status;
}
