/* Tables of single models: Markov chains and Shapley values. */
#include "metrics/attribution_internal.h"

#include "stats/ratio.h"

static bool is_kind(const pdm__attribution_facts *facts, int32_t m, attribution_kind kind) {
    return facts->work->plan->models[m].kind == (int32_t)kind;
}

static int64_t count_kind(const pdm__attribution_facts *facts, attribution_kind kind) {
    int64_t count = 0;
    for (int32_t m = 0; m < facts->work->plan->model_count; m++) count += is_kind(facts, m, kind);
    return count;
}

/* ---- removal effects ---- */

static pdm_status put_removal(const pdm__attribution_facts *facts, pdm_error *err) {
    uint32_t channels = facts->work->names.count;
    pdm_table *table = NULL;
    int64_t row = 0;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_REMOVAL],
                             count_kind(facts, ATTRIBUTION_MARKOV) * channels, PDM_TYPE_INT64, &table, err));
    for (int32_t m = 0; m < facts->work->plan->model_count; m++) {
        const pdm__attribution_credit *credit = &facts->credits[m];
        for (uint32_t c = 0; is_kind(facts, m, ATTRIBUTION_MARKOV) && c < channels; c++, row++) {
            PDM__TRY(pdm__table_put_string(table, 0, row, facts->work->plan->models[m].name, err));
            PDM__TRY(pdm__attribution_put_channel(facts, table, 1, row, c, err));
            pdm__table_f64(table, 2)[row] = credit->markov.effects[c];
            pdm__table_f64(table, 3)[row] = credit->markov.value_effects[c];
            pdm__table_f64(table, 4)[row] = credit->conversions[c];
            PDM__TRY(pdm__table_put_ratio(table, 5, row, !credit->no_value, credit->value[c], err));
        }
    }
    return PDM_OK;
}

/* ---- transitions ---- */

/* Transitions of a state to itself come where they belong among the others. */
typedef struct stepping {
    const pdm__markov *markov;
    bool repeats;
    size_t next;    /* passage */
    uint32_t state; /* whose repeats come next */
} stepping;

static bool next_passage(stepping *s, pdm__passage *out) {
    const pdm__markov *m = s->markov;
    while (s->repeats && s->state < m->count && m->repeats[s->state] == 0) s->state++;
    bool has = s->next < m->passage_count;
    bool has_repeat = s->repeats && s->state < m->count;
    if (!has && !has_repeat) return false;
    const pdm__passage *passage = has ? &m->passages[s->next] : NULL;
    bool repeat =
        has_repeat && (!has || s->state < passage->from || (s->state == passage->from && s->state < passage->to));
    *out = repeat ? (pdm__passage){s->state, s->state, m->repeats[s->state]} : *passage;
    s->state += repeat ? 1U : 0U;
    s->next += repeat ? 0U : 1U;
    return true;
}

static int64_t count_passages(const pdm__attribution_model *model, const pdm__markov *m) {
    int64_t count = (int64_t)m->passage_count;
    for (uint32_t s = 0; model->self_transitions && s < m->count; s++) count += m->repeats[s] > 0;
    return count;
}

static pdm_status put_state(const pdm__attribution_facts *facts, const pdm__markov *m, pdm_table *table, int32_t column,
                            int64_t row, uint32_t state, pdm__attribution_text *text, pdm_error *err) {
    if (state == 0) return pdm__table_put_string(table, column, row, "(start)", err);
    if (state == m->count) return pdm__table_put_string(table, column, row, "(conversion)", err);
    if (state > m->count) return pdm__table_put_string(table, column, row, "(null)", err);
    PDM__TRY(pdm__attribution_text_touches(facts, m->grams[state].touches, m->grams[state].length, text, err));
    return pdm__table_put_text(table, column, row, text->bytes, text->length, err);
}

static pdm_status put_passages(const pdm__attribution_facts *facts, int32_t m, pdm_table *table, int64_t *row,
                               pdm__attribution_text *text, pdm_error *err) {
    const pdm__attribution_model *model = &facts->work->plan->models[m];
    const pdm__markov *markov = &facts->credits[m].markov;
    stepping s = {.markov = markov, .repeats = model->self_transitions};
    pdm__passage passage;
    while (next_passage(&s, &passage)) {
        double all = (double)markov->visits[passage.from];
        bool repeats = model->self_transitions && markov->repeats[passage.from] > 0;
        PDM__TRY(pdm__table_put_string(table, 0, *row, model->name, err));
        PDM__TRY(put_state(facts, markov, table, 1, *row, passage.from, text, err));
        PDM__TRY(put_state(facts, markov, table, 2, *row, passage.to, text, err));
        pdm__table_i64(table, 3)[*row] = passage.count;
        pdm__table_f64(table, 4)[*row] = repeats ? (double)passage.count / (all + (double)markov->repeats[passage.from])
                                                 : pdm__ratio(passage.count, markov->visits[passage.from]);
        *row += 1;
    }
    return PDM_OK;
}

static pdm_status put_transitions(const pdm__attribution_facts *facts, pdm_error *err) {
    pdm__attribution_text text = {.context = facts->work->context};
    pdm_table *table = NULL;
    int64_t rows = 0;
    int64_t row = 0;
    for (int32_t m = 0; m < facts->work->plan->model_count; m++) {
        if (is_kind(facts, m, ATTRIBUTION_MARKOV))
            rows += count_passages(&facts->work->plan->models[m], &facts->credits[m].markov);
    }
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_TRANSITIONS], rows,
                             PDM_TYPE_INT64, &table, err));
    pdm_status status = PDM_OK;
    for (int32_t m = 0; m < facts->work->plan->model_count && status == PDM_OK; m++) {
        if (is_kind(facts, m, ATTRIBUTION_MARKOV)) status = put_passages(facts, m, table, &row, &text, err);
    }
    pdm__attribution_text_clear(&text);
    return status;
}

/* ---- summary ---- */

static pdm_status put_summary(const pdm__attribution_facts *facts, pdm_error *err) {
    pdm_table *table = NULL;
    int64_t row = 0;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_MARKOV],
                             count_kind(facts, ATTRIBUTION_MARKOV), PDM_TYPE_INT64, &table, err));
    for (int32_t i = 0; i < facts->work->plan->model_count; i++) {
        const pdm__attribution_model *model = &facts->work->plan->models[i];
        const pdm__markov *m = &facts->credits[i].markov;
        if (!is_kind(facts, i, ATTRIBUTION_MARKOV)) continue;
        bool some = m->journeys > 0;
        int32_t status = m->conversions == 0             ? PDM_STATUS_NO_CONVERSIONS
                         : m->value == 0.0               ? PDM_STATUS_NO_VALUE
                         : m->conversions == m->journeys ? PDM_STATUS_NO_NULL_JOURNEYS
                                                         : PDM_STATUS_OK;
        PDM__TRY(pdm__table_put_string(table, 0, row, model->name, err));
        pdm__table_i32(table, 1)[row] = model->order;
        pdm__table_i64(table, 2)[row] = m->count;
        pdm__table_i64(table, 3)[row] = count_passages(model, m);
        pdm__table_i64(table, 4)[row] = m->journeys;
        PDM__TRY(pdm__table_put_ratio(table, 5, row, some, m->p_conversion, err));
        PDM__TRY(pdm__table_put_ratio(table, 6, row, some, m->mean_value, err));
        pdm__table_f64(table, 7)[row] = m->residual;
        pdm__table_i32(table, 8)[row] = m->sweeps;
        PDM__TRY(pdm__table_put_string(table, 9, row++, pdm_row_status_name(status), err));
    }
    return PDM_OK;
}

/* ---- orders ---- */

static pdm_status put_order(pdm_table *table, int64_t row, const pdm__markov_order *o, bool best, bool best_bic,
                            bool any, pdm_error *err) {
    pdm__table_i32(table, 0)[row] = o->order;
    pdm__table_i64(table, 1)[row] = o->states;
    pdm__table_f64(table, 2)[row] = o->parameters;
    PDM__TRY(pdm__table_put_ratio(table, 3, row, o->has_auc, o->auc, err));
    PDM__TRY(pdm__table_put_ratio(table, 4, row, o->has_auc, o->penalised_auc, err));
    pdm__table_bool(table, 5)[row] = best;
    PDM__TRY(pdm__table_put_ratio(table, 6, row, any, o->log_likelihood, err));
    PDM__TRY(pdm__table_put_ratio(table, 7, row, any, o->free_parameters, err));
    PDM__TRY(pdm__table_put_ratio(table, 8, row, any, o->bic, err));
    pdm__table_bool(table, 9)[row] = best_bic;
    return PDM_OK;
}

static pdm_status put_orders(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__paths *paths = facts->work->unmarked;
    int32_t count = facts->work->plan->options->markov_orders;
    pdm__markov_order orders[PDM__MARKOV_MAX_ORDER];
    pdm_table *table = NULL;
    if (count == 0) return PDM_OK;
    PDM__TRY(pdm__markov_orders(paths, count, false, orders, err));
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_ORDERS], count,
                             PDM_TYPE_INT64, &table, err));
    bool any = paths->count > 0;
    int32_t best = 0;
    int32_t best_bic = 0;
    for (int32_t k = 1; k < count; k++) {
        if (orders[k].penalised_auc > orders[best].penalised_auc) best = k;
        if (orders[k].bic < orders[best_bic].bic) best_bic = k;
    }
    for (int32_t k = 0; k < count; k++)
        PDM__TRY(put_order(table, k, &orders[k], orders[k].has_auc && k == best, any && k == best_bic, any, err));
    return PDM_OK;
}

/* ---- Shapley ---- */

static pdm_status put_shapley(const pdm__attribution_facts *facts, pdm_error *err) {
    uint32_t channels = facts->work->names.count;
    pdm_table *table = NULL;
    int64_t row = 0;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_SHAPLEY],
                             count_kind(facts, ATTRIBUTION_SHAPLEY) * channels, PDM_TYPE_INT64, &table, err));
    for (int32_t m = 0; m < facts->work->plan->model_count; m++) {
        const pdm__attribution_credit *credit = &facts->credits[m];
        for (uint32_t c = 0; is_kind(facts, m, ATTRIBUTION_SHAPLEY) && c < channels; c++, row++) {
            PDM__TRY(pdm__table_put_string(table, 0, row, facts->work->plan->models[m].name, err));
            PDM__TRY(pdm__attribution_put_channel(facts, table, 1, row, c, err));
            pdm__table_f64(table, 2)[row] = credit->shapley[c];
            PDM__TRY(pdm__table_put_ratio(table, 3, row, !credit->no_conversions, credit->conversions[c], err));
            PDM__TRY(pdm__table_put_ratio(table, 4, row, !credit->no_value, credit->value[c], err));
        }
    }
    return PDM_OK;
}

static pdm_status put_positions(const pdm__attribution_facts *facts, pdm_error *err) {
    pdm_table *table = NULL;
    int64_t rows = 0;
    int64_t row = 0;
    for (int32_t m = 0; m < facts->work->plan->model_count; m++) rows += (int64_t)facts->credits[m].place_count;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_POSITIONS], rows,
                             PDM_TYPE_INT64, &table, err));
    for (int32_t m = 0; m < facts->work->plan->model_count; m++) {
        for (size_t i = 0; i < facts->credits[m].place_count; i++, row++) {
            const pdm__shapley_place *place = &facts->credits[m].places[i];
            PDM__TRY(pdm__table_put_string(table, 0, row, facts->work->plan->models[m].name, err));
            PDM__TRY(pdm__attribution_put_channel(facts, table, 1, row, place->channel, err));
            pdm__table_i64(table, 2)[row] = place->position;
            pdm__table_f64(table, 3)[row] = place->conversions;
            pdm__table_f64(table, 4)[row] = place->value;
        }
    }
    return PDM_OK;
}

pdm_status pdm__attribution_put_detail(const pdm__attribution_facts *facts, pdm_error *err) {
    PDM__TRY(put_removal(facts, err));
    PDM__TRY(put_transitions(facts, err));
    PDM__TRY(put_summary(facts, err));
    PDM__TRY(put_orders(facts, err));
    PDM__TRY(put_shapley(facts, err));
    return put_positions(facts, err);
}
