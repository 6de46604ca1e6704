/* The rules: what each touch of a path weighs. Weights of a path add up to 1, but for participation. */
#include "metrics/attribution_internal.h"

#include <math.h>

static void set_all(double *weights, size_t count, double weight) {
    for (size_t i = 0; i < count; i++) weights[i] = weight;
}

/* ---- places in the path ---- */

static void weigh_positions(const pdm__attribution_model *model, size_t n, double *weights) {
    double ends = model->first + model->last;
    if (n == 1) {
        weights[0] = 1.0;
    } else if (n == 2 && model->split_middle) {
        weights[0] = model->first + model->middle / 2.0;
        weights[1] = model->last + model->middle / 2.0;
    } else if (n == 2) {
        weights[0] = ends > 0.0 ? model->first / ends : 0.5;
        weights[1] = ends > 0.0 ? model->last / ends : 0.5;
    } else {
        set_all(weights, n, model->middle / (double)(n - 2));
        weights[0] = model->first;
        weights[n - 1] = model->last;
    }
}

static void weigh_decay(size_t n, double *weights) {
    double sum = (double)n * ((double)n + 1.0) / 2.0;
    for (size_t i = 0; i < n; i++) weights[i] = (double)(i + 1) / sum;
}

static void divide(double *weights, size_t n, double sum) {
    for (size_t i = 0; i < n; i++) weights[i] = sum > 0.0 ? weights[i] / sum : 1.0 / (double)n;
}

static void weigh_custom(const pdm__attribution_model *model, size_t n, double *weights) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        size_t place = model->from_first ? i : n - 1 - i;
        weights[i] = place < (size_t)model->weight_count ? model->weights[place] : 0.0;
        sum += weights[i];
    }
    divide(weights, n, sum);
}

/* ---- channels ---- */

static uint32_t channel_at(const pdm__paths *paths, const pdm__path *path, size_t i) {
    return paths->tokens[pdm__touch_token(path->touches[i])].channel;
}

static size_t not_direct(const pdm__paths *paths, const pdm__path *path, const uint8_t *direct, bool last) {
    size_t n = path->length;
    for (size_t i = 0; i < n; i++) {
        size_t at = last ? n - 1 - i : i;
        if (direct[channel_at(paths, path, at)] == 0) return at;
    }
    return last ? n - 1 : 0;
}

/* Each different channel gets `share` of the conversion, its repeats divide that; share 0 = so much that they add up to 1. */
static void weigh_channels(const pdm__paths *paths, const pdm__path *path, double share, uint32_t *times,
                           double *weights) {
    size_t n = path->length;
    uint32_t distinct = 0;
    for (size_t i = 0; i < n; i++) distinct += times[channel_at(paths, path, i)]++ == 0;
    double each = share > 0.0 ? share : 1.0 / distinct;
    for (size_t i = 0; i < n; i++) weights[i] = each / times[channel_at(paths, path, i)];
    for (size_t i = 0; i < n; i++) times[channel_at(paths, path, i)] = 0;
}

/* ---- milestones ---- */

static void weigh_milestones(const pdm__attribution_model *model, const pdm__path *path, double *weights) {
    size_t n = path->length;
    uint32_t bearers[ATTRIBUTION_MILESTONES] = {0};
    uint32_t weighed = 0; /* marks that have a weight */
    size_t others = 0;
    for (int32_t m = 0; m < ATTRIBUTION_MILESTONES; m++) weighed |= model->weights[m] > 0.0 ? UINT32_C(1) << m : 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t marks = pdm__touch_marks(path->touches[i]) & weighed;
        for (int32_t m = 0; m < ATTRIBUTION_MILESTONES; m++) bearers[m] += marks >> m & 1;
        bool first = i == 0 && model->weights[ATTRIBUTION_AT_FIRST] > 0.0;
        bool last = i == n - 1 && model->weights[ATTRIBUTION_AT_LAST] > 0.0;
        others += marks == 0 && !first && !last;
    }
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        uint32_t marks = pdm__touch_marks(path->touches[i]) & weighed;
        double weight = (i == 0 ? model->weights[ATTRIBUTION_AT_FIRST] : 0.0) +
                        (i == n - 1 ? model->weights[ATTRIBUTION_AT_LAST] : 0.0);
        for (int32_t m = 0; m < ATTRIBUTION_MILESTONES; m++)
            weight += (marks >> m & 1) != 0 ? model->weights[m] / bearers[m] : 0.0;
        weights[i] = weight > 0.0 ? weight : model->weights[ATTRIBUTION_AT_REST] / (double)others;
        sum += weights[i];
    }
    divide(weights, n, sum);
}

void pdm__attribution_weights(const pdm__attribution_model *model, const pdm__paths *paths, const pdm__path *path,
                              const uint8_t *direct, uint32_t *scratch, double *weights) {
    size_t n = path->length;
    switch ((attribution_kind)model->kind) {
    case ATTRIBUTION_LINEAR: set_all(weights, n, 1.0 / (double)n); return;
    case ATTRIBUTION_LINEAR_UNIQUE: weigh_channels(paths, path, 0.0, scratch, weights); return;
    case ATTRIBUTION_PARTICIPATION: weigh_channels(paths, path, 1.0, scratch, weights); return;
    case ATTRIBUTION_POSITION_BASED: weigh_positions(model, n, weights); return;
    case ATTRIBUTION_POSITION_DECAY: weigh_decay(n, weights); return;
    case ATTRIBUTION_CUSTOM_WEIGHTS: weigh_custom(model, n, weights); return;
    case ATTRIBUTION_MILESTONE: weigh_milestones(model, path, weights); return;
    case ATTRIBUTION_FIRST_TOUCH:
    case ATTRIBUTION_LAST_TOUCH:
    case ATTRIBUTION_FIRST_NON_DIRECT:
    case ATTRIBUTION_LAST_NON_DIRECT:
    case ATTRIBUTION_TIME_DECAY:
    case ATTRIBUTION_MARKOV:
    case ATTRIBUTION_SHAPLEY:
    case ATTRIBUTION_SHAPLEY_ORDERED:
    default: break;
    }
    set_all(weights, n, 0.0);
    switch (model->kind) {
    case ATTRIBUTION_FIRST_TOUCH: weights[0] = 1.0; return;
    case ATTRIBUTION_FIRST_NON_DIRECT: weights[not_direct(paths, path, direct, false)] = 1.0; return;
    case ATTRIBUTION_LAST_NON_DIRECT: weights[not_direct(paths, path, direct, true)] = 1.0; return;
    default: weights[n - 1] = 1.0; return;
    }
}

/* ---- ages ---- */

/* 2^−x for x in [0, 1): the series of e^(−x ln 2), the same on every machine. */
static double half_power(double x) {
    const double y = -x * 0.693147180559945309417;
    double sum = 1.0;
    for (int32_t k = 18; k > 0; k--) sum = 1.0 + sum * y / k;
    return sum;
}

/* How much less than the youngest a touch counts: half-lives as whole numbers and rest, so that large ages keep their digits. */
static double decay(const pdm__attribution_model *model, uint64_t age, uint64_t youngest) {
    uint64_t half_life = (uint64_t)model->half_life;
    uint64_t whole = (age - youngest) / half_life;
    double rest = (double)((age - youngest) % half_life) / (double)half_life;
    if (model->step) {
        whole = model->from_last_touch ? whole : age / half_life - youngest / half_life;
        rest = 0.0;
    }
    return whole > 1100 ? 0.0 : ldexp(half_power(rest), -(int)whole);
}

void pdm__attribution_age_weights(const pdm__attribution_model *model, const pdm__attribution_step *steps, size_t count,
                                  double *weights) {
    uint64_t youngest = steps[count - 1].age;
    pdm__sum sum = {0.0, 0.0};
    for (size_t i = 0; i < count; i++) {
        weights[i] = decay(model, steps[i].age, youngest);
        pdm__sum_add(&sum, weights[i]);
    }
    for (size_t i = 0; i < count; i++) weights[i] /= pdm__sum_of(&sum);
}
