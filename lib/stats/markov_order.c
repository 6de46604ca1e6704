/* How far back the channels of a journey matter: orders compared. */
#include "core/calculator.h"
#include "stats/markov.h"
#include "stats/ratio.h"

#include <math.h>
#include <stdlib.h>

/* Journeys whose last state is the same. */
typedef struct ending {
    int64_t conversions;
    int64_t nulls;
} ending;

/* By the share that converts, worst first; by integers, so that equal shares are equal. */
static int by_share(const void *left, const void *right) {
    const ending *a = left;
    const ending *b = right;
    pdm__uint128 x = (pdm__uint128)a->conversions * (pdm__uint128)(b->conversions + b->nulls);
    pdm__uint128 y = (pdm__uint128)b->conversions * (pdm__uint128)(a->conversions + a->nulls);
    return x < y ? -1 : x > y;
}

/* Mann-Whitney: of all pairs of a conversion and a null, those in which the conversion scores higher, ties half. */
static double area(ending *endings, size_t count, int64_t conversions, int64_t nulls) {
    qsort(endings, count, sizeof *endings, by_share);
    pdm__uint128 twice = 0;
    int64_t below = 0;
    for (size_t i = 0; i < count;) {
        ending tie = {0, 0};
        size_t first = i;
        for (; i < count && by_share(&endings[first], &endings[i]) == 0; i++) {
            tie.conversions += endings[i].conversions;
            tie.nulls += endings[i].nulls;
        }
        twice += (pdm__uint128)tie.conversions * (2 * (pdm__uint128)below + (pdm__uint128)tie.nulls);
        below += tie.nulls;
    }
    long double pairs = 2.0L * (long double)conversions * (long double)nulls;
    return (double)((long double)twice / pairs);
}

static double windows(uint32_t channels, int32_t order) {
    double count = 1.0;
    for (int32_t i = 1; i <= order; i++) count = count * ((double)channels + i - 1) / i;
    return floor(count + 0.5); /* exact while it fits; beyond that it only has to be large */
}

static double penalised(double auc, double journeys, double parameters) {
    double left = journeys - parameters - 1.0;
    if (left <= 0.0) return 0.0;
    double value = 1.0 - (1.0 - auc) * (journeys - 1.0) / left;
    return value < 0.0 || value > 1.0 ? 0.0 : value;
}

static void likelihood(const pdm__markov *m, pdm__markov_order *out) {
    pdm__sum sum = {0.0, 0.0};
    double free_parameters = 0.0;
    for (size_t i = 0; i < m->passage_count;) {
        uint32_t state = m->passages[i].from;
        double all = (double)m->visits[state] + (double)m->repeats[state];
        double ways = m->repeats[state] > 0 ? 1.0 : 0.0;
        if (m->repeats[state] > 0) pdm__sum_add(&sum, (double)m->repeats[state] * log((double)m->repeats[state] / all));
        for (; i < m->passage_count && m->passages[i].from == state; i++, ways += 1.0)
            pdm__sum_add(&sum, (double)m->passages[i].count * log((double)m->passages[i].count / all));
        free_parameters += ways - 1.0;
    }
    out->log_likelihood = pdm__sum_of(&sum);
    out->free_parameters = free_parameters;
    out->bic = m->journeys == 0 ? 0.0 : free_parameters * log((double)m->journeys) - 2.0 * out->log_likelihood;
}

static pdm_status measure(const pdm__markov *m, uint32_t channels, pdm__markov_order *out, pdm_error *err) {
    ending *endings = NULL;
    size_t count = 0;
    PDM__TRY(pdm__new(m->context, m->count, sizeof *endings, &endings, err));
    for (size_t i = 0; i < m->passage_count; i++) {
        const pdm__passage *p = &m->passages[i];
        if (p->to < m->count) continue;
        if (i == 0 || m->passages[i - 1].from != p->from || m->passages[i - 1].to < m->count)
            endings[count++] = (ending){0, 0};
        if (p->to == m->count) endings[count - 1].conversions = p->count;
        if (p->to == m->count + 1) endings[count - 1].nulls = p->count;
    }
    int64_t nulls = m->journeys - m->conversions;
    *out = (pdm__markov_order){.order = m->options.order, .states = m->count};
    out->parameters = windows(channels, m->options.order);
    out->has_auc = m->conversions > 0 && nulls > 0;
    if (out->has_auc) {
        out->auc = area(endings, count, m->conversions, nulls);
        out->penalised_auc = penalised(out->auc, (double)m->journeys, out->parameters);
    }
    likelihood(m, out);
    pdm__drop(m->context, endings, m->count, sizeof *endings);
    return PDM_OK;
}

pdm_status pdm__markov_orders(const pdm__paths *paths, int32_t count, bool ignore_nulls, pdm__markov_order *out,
                              pdm_error *err) {
    for (int32_t k = 1; k <= count; k++) {
        pdm__markov m;
        pdm__markov_options options = {.order = k, .ignore_nulls = ignore_nulls};
        PDM__TRY(pdm__markov_count(paths, &options, &m, err));
        pdm_status status = measure(&m, paths->channel_count, &out[k - 1], err);
        pdm__markov_clear(&m);
        if (status != PDM_OK) return status;
    }
    return PDM_OK;
}
