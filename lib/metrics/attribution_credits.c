/* All models over one path table: the rules in a single walk, the others one by one. */
#include "metrics/attribution_internal.h"

#include <math.h>

/* Paths of a piece of work. Pieces are added in their order, so the number of threads changes nothing. */
#define PIECE ((size_t)4096)
#define WAVE 16 /* pieces at a time */

/* ---- rules ---- */

typedef struct piece {
    pdm__sum *sums; /* [rules][channels][2] */
    double *weights;
    uint32_t *times; /* [channels] */
    pdm_status status;
} piece;

typedef struct ruling {
    const pdm__attribution_work *work;
    pdm__attribution_credit *credits;
    int32_t rules[ATTRIBUTION_MODELS];
    int32_t rule_count;
    size_t channels;
    size_t longest;
    size_t first; /* piece of the wave */
    piece pieces[WAVE];
    pdm__sum *sums;
} ruling;

static size_t sum_count(const ruling *r) { return (size_t)r->rule_count * r->channels * 2; }

static void weigh_path(const ruling *r, piece *p, const pdm__path *path) {
    const pdm__attribution_work *work = r->work;
    for (int32_t i = 0; i < r->rule_count; i++) {
        pdm__sum *sums = p->sums + (size_t)i * r->channels * 2;
        pdm__attribution_weights(&work->plan->models[r->rules[i]], &work->paths, path, work->direct, p->times,
                                 p->weights);
        for (uint32_t t = 0; t < path->length; t++) {
            double weight = p->weights[t];
            if (weight == 0.0) continue;
            uint32_t channel = work->paths.tokens[pdm__touch_token(path->touches[t])].channel;
            pdm__sum_add(&sums[2 * channel], weight * (double)path->conversions);
            pdm__sum_add(&sums[2 * channel + 1], weight * path->value);
        }
    }
}

static void weigh_piece(void *argument, size_t index) {
    ruling *r = argument;
    piece *p = &r->pieces[index];
    const pdm__paths *paths = &r->work->paths;
    size_t end = (r->first + index + 1) * PIECE;
    memset(p->sums, 0, sum_count(r) * sizeof *p->sums);
    for (size_t i = (r->first + index) * PIECE; i < end && i < paths->count; i++) {
        if (paths->items[i].conversions > 0) weigh_path(r, p, &paths->items[i]);
    }
    (void)pdm__run_poll(r->work->run, (int64_t)PIECE);
}

static pdm_status ruling_begin(ruling *r, size_t pieces, pdm_error *err) {
    pdm_context *context = r->work->context;
    PDM__TRY(pdm__new_zero(context, sum_count(r), sizeof *r->sums, &r->sums, err));
    for (size_t i = 0; i < WAVE && i < pieces; i++) {
        piece *p = &r->pieces[i];
        PDM__TRY(pdm__new(context, sum_count(r), sizeof *p->sums, &p->sums, err));
        PDM__TRY(pdm__new(context, r->longest, sizeof *p->weights, &p->weights, err));
        PDM__TRY(pdm__new_zero(context, r->channels, sizeof *p->times, &p->times, err));
    }
    return PDM_OK;
}

static void ruling_end(ruling *r) {
    pdm_context *context = r->work->context;
    for (size_t i = 0; i < WAVE; i++) {
        pdm__drop(context, r->pieces[i].sums, sum_count(r), sizeof *r->pieces[i].sums);
        pdm__drop(context, r->pieces[i].weights, r->longest, sizeof *r->pieces[i].weights);
        pdm__drop(context, r->pieces[i].times, r->channels, sizeof *r->pieces[i].times);
    }
    pdm__drop(context, r->sums, sum_count(r), sizeof *r->sums);
}

static pdm_status weigh_all(ruling *r, size_t pieces, pdm_error *err) {
    for (r->first = 0; r->first < pieces; r->first += WAVE) {
        size_t count = pieces - r->first < WAVE ? pieces - r->first : WAVE;
        pdm__run_parallel(r->work->run, count, weigh_piece, r);
        PDM__TRY(pdm__run_status(r->work->run, err));
        for (size_t i = 0; i < count; i++) {
            for (size_t s = 0; s < sum_count(r); s++) {
                pdm__sum_add(&r->sums[s], r->pieces[i].sums[s].sum);
                r->sums[s].lost += r->pieces[i].sums[s].lost;
            }
        }
    }
    for (int32_t i = 0; i < r->rule_count; i++) {
        for (size_t c = 0; c < r->channels; c++) {
            const pdm__sum *sums = r->sums + ((size_t)i * r->channels + c) * 2;
            r->credits[r->rules[i]].conversions[c] = pdm__sum_of(&sums[0]);
            r->credits[r->rules[i]].value[c] = pdm__sum_of(&sums[1]);
        }
    }
    return PDM_OK;
}

static pdm_status apply_rules(const pdm__attribution_work *work, pdm__attribution_credit *credits, pdm_error *err) {
    ruling r = {.work = work, .credits = credits, .channels = work->names.count};
    for (int32_t m = 0; m < work->plan->model_count; m++) {
        if (pdm__attribution_is_rule(&work->plan->models[m])) r.rules[r.rule_count++] = m;
    }
    for (size_t p = 0; p < work->paths.count; p++)
        r.longest = work->paths.items[p].length > r.longest ? work->paths.items[p].length : r.longest;
    size_t pieces = (work->paths.count + PIECE - 1) / PIECE;
    if (pieces == 0 || r.rule_count == 0) return PDM_OK;
    pdm_status status = ruling_begin(&r, pieces, err);
    if (status == PDM_OK) status = weigh_all(&r, pieces, err);
    ruling_end(&r);
    return status;
}

/* ---- the others ---- */

static void read_ages(const pdm__attribution_work *work, const pdm__attribution_model *model,
                      pdm__attribution_credit *credit) {
    const pdm__attribution_aged *sums = work->aged + (size_t)model->age * work->names.count;
    for (uint32_t c = 0; c < work->names.count; c++) {
        credit->conversions[c] = pdm__fixed_sum_value(&sums[c].conversions);
        credit->value[c] = pdm__fixed_sum_value(&sums[c].value);
    }
}

static double sum_of(const double *values, uint32_t count) {
    pdm__sum sum = {0.0, 0.0};
    for (uint32_t c = 0; c < count; c++) pdm__sum_add(&sum, values[c]);
    return pdm__sum_of(&sum);
}

/* Shares a total out by effects. false: they do not say how. */
static bool share_out(const double *effects, double sum, double total, uint32_t channels, double *out) {
    for (uint32_t c = 0; c < channels; c++) out[c] = sum == 0.0 ? 0.0 : effects[c] / sum * total;
    return sum != 0.0;
}

static pdm_status solve_chain(pdm__attribution_work *work, const pdm__attribution_model *model,
                              pdm__attribution_credit *credit, pdm_error *err) {
    const pdm__paths *paths = work->unmarked;
    pdm__markov *m = &credit->markov;
    pdm__markov_options options = {.order = model->order, .ignore_nulls = model->ignore_nulls};
    PDM__TRY(pdm__markov_count(paths, &options, m, err));
    PDM__TRY(pdm__markov_solve(paths, work->run, m, err));
    double sum = sum_of(m->effects, m->channels);
    double value_sum = sum_of(m->value_effects, m->channels);
    (void)share_out(m->effects, sum, (double)paths->conversions, m->channels, credit->conversions);
    (void)share_out(m->value_effects, value_sum, paths->value, m->channels, credit->value);
    credit->no_value = paths->value != 0.0 && !(value_sum > 0.0);
    return PDM_OK;
}

static pdm_status play_game(pdm__attribution_work *work, const pdm__attribution_model *model,
                            pdm__attribution_credit *credit, pdm_error *err) {
    const pdm__paths *paths = work->unmarked;
    uint32_t channels = work->names.count;
    PDM__TRY(pdm__new_zero(work->context, channels, sizeof *credit->shapley, &credit->shapley, err));
    PDM__TRY(pdm__shapley_values(paths, work->run, (pdm__worth)model->worth, credit->shapley, err));
    if (model->worth == PDM__WORTH_RATE_SUBSETS) {
        double sum = sum_of(credit->shapley, channels);
        bool shared = share_out(credit->shapley, sum, (double)paths->conversions, channels, credit->conversions);
        (void)share_out(credit->shapley, sum, paths->value, channels, credit->value);
        credit->no_conversions = paths->conversions > 0 && !shared;
        credit->no_value = credit->no_conversions;
        return PDM_OK;
    }
    PDM__TRY(pdm__shapley_values(paths, work->run, PDM__WORTH_CONVERSIONS, credit->conversions, err));
    return pdm__shapley_values(paths, work->run, PDM__WORTH_VALUE, credit->value, err);
}

static pdm_status play_in_order(pdm__attribution_work *work, const pdm__attribution_model *model,
                                pdm__attribution_credit *credit, pdm_error *err) {
    PDM__TRY(pdm__shapley_ordered(work->unmarked, model->full_each, &credit->places, &credit->place_count, err));
    pdm__sum conversions = {0.0, 0.0};
    pdm__sum value = {0.0, 0.0};
    for (size_t i = 0; i < credit->place_count; i++) {
        const pdm__shapley_place *place = &credit->places[i];
        pdm__sum_add(&conversions, place->conversions);
        pdm__sum_add(&value, place->value);
        if (i + 1 < credit->place_count && credit->places[i + 1].channel == place->channel) continue;
        credit->conversions[place->channel] = pdm__sum_of(&conversions);
        credit->value[place->channel] = pdm__sum_of(&value);
        conversions = value = (pdm__sum){0.0, 0.0};
    }
    return PDM_OK;
}

static pdm_status apply_other(pdm__attribution_work *work, const pdm__attribution_model *model,
                              pdm__attribution_credit *credit, pdm_error *err) {
    switch (model->kind) {
    case ATTRIBUTION_TIME_DECAY: read_ages(work, model, credit); return PDM_OK;
    case ATTRIBUTION_MARKOV: return solve_chain(work, model, credit, err);
    case ATTRIBUTION_SHAPLEY: return play_game(work, model, credit, err);
    case ATTRIBUTION_SHAPLEY_ORDERED: return play_in_order(work, model, credit, err);
    default: return PDM_OK;
    }
}

/* ---- all ---- */

/* What was shared out is what there was. */
static pdm_status check_conserved(const pdm__attribution_work *work, const pdm__attribution_model *model,
                                  const pdm__attribution_credit *credit, pdm_error *err) {
    double conversions = (double)work->paths.conversions;
    double absolute = 0.0;
    for (uint32_t c = 0; c < work->names.count; c++) absolute += fabs(credit->value[c]);
    double scale = absolute > fabs(work->paths.value) ? absolute : fabs(work->paths.value);
    double gap = credit->no_conversions ? 0.0 : fabs(credit->conversion_sum - conversions);
    double value_gap = credit->no_value ? 0.0 : fabs(credit->value_sum - work->paths.value);
    if (pdm__attribution_inflates(model)) return PDM_OK;
    if (gap <= 1e-9 * (conversions > 1.0 ? conversions : 1.0) && value_gap <= 1e-9 * (scale > 1.0 ? scale : 1.0))
        return PDM_OK;
    return pdm__fail(err, PDM_E_ROW_STATUS(PDM_STATUS_CLOSURE), -1, "models",
                     "model \"%s\" gave %.17g of %.17g conversions, and %.17g of %.17g", model->name,
                     credit->conversion_sum, conversions, credit->value_sum, work->paths.value);
}

pdm_status pdm__attribution_credits(pdm__attribution_work *work, pdm__attribution_credit *credits, pdm_error *err) {
    const pdm__attribution_plan *plan = work->plan;
    uint32_t channels = work->names.count;
    for (int32_t m = 0; m < plan->model_count; m++) {
        PDM__TRY(pdm__new_zero(work->context, channels, sizeof(double), &credits[m].conversions, err));
        PDM__TRY(pdm__new_zero(work->context, channels, sizeof(double), &credits[m].value, err));
    }
    PDM__TRY(apply_rules(work, credits, err));
    for (int32_t m = 0; m < plan->model_count; m++) {
        PDM__TRY(apply_other(work, &plan->models[m], &credits[m], err));
        credits[m].conversion_sum = sum_of(credits[m].conversions, channels);
        credits[m].value_sum = sum_of(credits[m].value, channels);
        PDM__TRY(check_conserved(work, &plan->models[m], &credits[m], err));
    }
    return PDM_OK;
}

void pdm__attribution_credits_clear(const pdm__attribution_work *work, pdm__attribution_credit *credits) {
    uint32_t channels = work->names.count;
    for (int32_t m = 0; credits != NULL && m < work->plan->model_count; m++) {
        pdm__drop(work->context, credits[m].conversions, channels, sizeof(double));
        pdm__drop(work->context, credits[m].value, channels, sizeof(double));
        pdm__drop(work->context, credits[m].shapley, channels, sizeof(double));
        pdm__drop(work->context, credits[m].places, credits[m].place_count, sizeof *credits[m].places);
        pdm__markov_clear(&credits[m].markov);
    }
}
