/* The result: everything is computed, then the tables are filled. Here credits, comparison, conservation and totals. */
#include "metrics/attribution_internal.h"

#include "stats/ratio.h"

#include <math.h>
#include <stdio.h>

/* ---- what tables share ---- */

pdm_status pdm__attribution_put_channel(const pdm__attribution_facts *facts, pdm_table *table, int32_t column,
                                        int64_t row, uint32_t channel, pdm_error *err) {
    if (channel == UINT32_MAX) {
        PDM__TRY(pdm__table_put_text(table, column, row, "", 0, err));
        return pdm__table_set_null(table, column, row, err);
    }
    const pdm__key *name = &facts->work->names.sorted[channel];
    return pdm__table_put_text(table, column, row, (const char *)name->bytes, name->length, err);
}

pdm_status pdm__attribution_text_put(pdm__attribution_text *text, const char *bytes, size_t length, pdm_error *err) {
    PDM__TRY(pdm__attribution_room(text->context, &text->bytes, &text->room, text->length + length, 1, err));
    if (length > 0) memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    return PDM_OK;
}

pdm_status pdm__attribution_text_touches(const pdm__attribution_facts *facts, const uint32_t *touches, uint32_t length,
                                         pdm__attribution_text *text, pdm_error *err) {
    text->length = 0;
    for (uint32_t i = 0; i < length; i++) {
        const pdm__token *token = &facts->work->paths.tokens[pdm__touch_token(touches[i])];
        const pdm__key *name = &facts->work->names.sorted[token->channel];
        char times[16];
        int digits = token->times == 0 ? 0 : snprintf(times, sizeof times, "(%u)", token->times);
        if (i > 0) PDM__TRY(pdm__attribution_text_put(text, " > ", 3, err));
        PDM__TRY(pdm__attribution_text_put(text, (const char *)name->bytes, name->length, err));
        PDM__TRY(pdm__attribution_text_put(text, times, (size_t)digits, err));
    }
    return PDM_OK;
}

void pdm__attribution_text_clear(pdm__attribution_text *text) {
    pdm__drop(text->context, text->bytes, text->room, 1);
    memset(text, 0, sizeof *text);
}

/* ---- credits ---- */

enum { CREDIT_MODEL, CREDIT_KIND, CREDIT_CHANNEL, CREDIT_CONVERSIONS, CREDIT_VALUE, CREDIT_SHARE, CREDIT_SHARE_VALUE };

/* A row's figures; has_…: they are defined. */
typedef struct credit_row {
    const char *kind;
    uint32_t channel;
    double conversions;
    double value;
    bool has_conversions;
    bool has_value;
    bool has_shares;
} credit_row;

static pdm_status put_credit(const pdm__attribution_facts *facts, pdm_table *table, int64_t row, const char *model,
                             const credit_row *r, pdm_error *err) {
    bool share = r->has_shares && r->has_conversions && facts->conversions != 0.0;
    bool share_value = r->has_shares && r->has_value && facts->value != 0.0;
    PDM__TRY(pdm__table_put_string(table, CREDIT_MODEL, row, model, err));
    PDM__TRY(pdm__table_put_string(table, CREDIT_KIND, row, r->kind, err));
    PDM__TRY(pdm__attribution_put_channel(facts, table, CREDIT_CHANNEL, row, r->channel, err));
    PDM__TRY(pdm__table_put_ratio(table, CREDIT_CONVERSIONS, row, r->has_conversions, r->conversions, err));
    PDM__TRY(pdm__table_put_ratio(table, CREDIT_VALUE, row, r->has_value, r->value, err));
    PDM__TRY(
        pdm__table_put_ratio(table, CREDIT_SHARE, row, share, share ? r->conversions / facts->conversions : 0.0, err));
    return pdm__table_put_ratio(table, CREDIT_SHARE_VALUE, row, share_value,
                                share_value ? r->value / facts->value : 0.0, err);
}

static pdm_status put_credits(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__attribution_work *work = facts->work;
    uint32_t channels = work->names.count;
    const pdm__attribution_totals *totals = &work->totals;
    double lost = (double)totals->unattributed.conversions;
    double lost_value = pdm__attribution_sum_of(&totals->unattributed.value, work->plan->doubles);
    pdm_table *table = NULL;
    int64_t row = 0;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_CREDITS],
                             work->plan->model_count * ((int64_t)channels + 2), PDM_TYPE_INT64, &table, err));
    for (int32_t m = 0; m < work->plan->model_count; m++) {
        const pdm__attribution_credit *credit = &facts->credits[m];
        const char *name = work->plan->models[m].name;
        credit_row r = {.kind = "channel",
                        .has_conversions = !credit->no_conversions,
                        .has_value = !credit->no_value,
                        .has_shares = true};
        for (uint32_t c = 0; c < channels; c++) {
            r.channel = c;
            r.conversions = credit->conversions[c];
            r.value = credit->value[c];
            PDM__TRY(put_credit(facts, table, row++, name, &r, err));
        }
        const credit_row left = {.kind = "unattributed",
                                 .channel = UINT32_MAX,
                                 .conversions = lost,
                                 .value = lost_value,
                                 .has_conversions = true,
                                 .has_value = true};
        PDM__TRY(put_credit(facts, table, row++, name, &left, err));
        r = (credit_row){.kind = "total",
                         .channel = UINT32_MAX,
                         .conversions = credit->conversion_sum + lost,
                         .value = credit->value_sum + lost_value,
                         .has_conversions = !credit->no_conversions,
                         .has_value = !credit->no_value};
        PDM__TRY(put_credit(facts, table, row++, name, &r, err));
    }
    return PDM_OK;
}

/* ---- comparison ---- */

enum {
    COMPARE_CHANNEL,
    COMPARE_MODEL,
    COMPARE_CONVERSIONS,
    COMPARE_VALUE,
    COMPARE_SHARE,
    COMPARE_DIFFERENCE,
    COMPARE_SHARE_VALUE,
    COMPARE_DIFFERENCE_VALUE
};

static pdm_status put_compared(const pdm__attribution_facts *facts, pdm_table *table, int64_t row, uint32_t channel,
                               int32_t model, pdm_error *err) {
    const pdm__attribution_credit *mine = &facts->credits[model];
    const pdm__attribution_credit *base = &facts->credits[facts->work->plan->base];
    bool some = facts->conversions != 0.0;
    bool worth = facts->value != 0.0;
    double share = some ? mine->conversions[channel] / facts->conversions : 0.0;
    double share_value = worth ? mine->value[channel] / facts->value : 0.0;
    double base_share = some ? base->conversions[channel] / facts->conversions : 0.0;
    double base_value = worth ? base->value[channel] / facts->value : 0.0;
    bool shared = some && !mine->no_conversions;
    bool valued = worth && !mine->no_value;
    PDM__TRY(pdm__attribution_put_channel(facts, table, COMPARE_CHANNEL, row, channel, err));
    PDM__TRY(pdm__table_put_string(table, COMPARE_MODEL, row, facts->work->plan->models[model].name, err));
    PDM__TRY(
        pdm__table_put_ratio(table, COMPARE_CONVERSIONS, row, !mine->no_conversions, mine->conversions[channel], err));
    PDM__TRY(pdm__table_put_ratio(table, COMPARE_VALUE, row, !mine->no_value, mine->value[channel], err));
    PDM__TRY(pdm__table_put_ratio(table, COMPARE_SHARE, row, shared, share, err));
    PDM__TRY(pdm__table_put_ratio(table, COMPARE_DIFFERENCE, row, shared && !base->no_conversions,
                                  100.0 * (share - base_share), err));
    PDM__TRY(pdm__table_put_ratio(table, COMPARE_SHARE_VALUE, row, valued, share_value, err));
    return pdm__table_put_ratio(table, COMPARE_DIFFERENCE_VALUE, row, valued && !base->no_value,
                                100.0 * (share_value - base_value), err);
}

static pdm_status put_comparison(const pdm__attribution_facts *facts, pdm_error *err) {
    uint32_t channels = facts->work->names.count;
    int32_t models = facts->work->plan->model_count;
    pdm_table *table = NULL;
    int64_t row = 0;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_COMPARISON],
                             models * (int64_t)channels, PDM_TYPE_INT64, &table, err));
    for (uint32_t c = 0; c < channels; c++) {
        for (int32_t m = 0; m < models; m++) PDM__TRY(put_compared(facts, table, row++, c, m, err));
    }
    return PDM_OK;
}

/* ---- conservation ---- */

enum {
    KEPT_MODEL,
    KEPT_PARAMS,
    KEPT_CONVERSIONS,
    KEPT_SUM,
    KEPT_GAP,
    KEPT_VALUE,
    KEPT_VALUE_SUM,
    KEPT_VALUE_GAP,
    KEPT_OK,
    KEPT_INFLATES,
    KEPT_STATUS
};

static pdm_status put_kept(const pdm__attribution_facts *facts, pdm_table *table, int32_t m, pdm_error *err) {
    const pdm__attribution_model *model = &facts->work->plan->models[m];
    const pdm__attribution_credit *credit = &facts->credits[m];
    bool counted = !credit->no_conversions;
    bool valued = !credit->no_value;
    bool inflates = pdm__attribution_inflates(model);
    int32_t status = facts->conversions == 0.0 ? PDM_STATUS_NO_CONVERSIONS
                     : facts->value == 0.0     ? PDM_STATUS_NO_VALUE
                                               : PDM_STATUS_OK;
    PDM__TRY(pdm__table_put_string(table, KEPT_MODEL, m, model->name, err));
    PDM__TRY(pdm__table_put_string(table, KEPT_PARAMS, m, model->params, err));
    pdm__table_f64(table, KEPT_CONVERSIONS)[m] = facts->conversions;
    PDM__TRY(pdm__table_put_ratio(table, KEPT_SUM, m, counted, credit->conversion_sum, err));
    PDM__TRY(pdm__table_put_ratio(table, KEPT_GAP, m, counted, fabs(credit->conversion_sum - facts->conversions), err));
    pdm__table_f64(table, KEPT_VALUE)[m] = facts->value;
    PDM__TRY(pdm__table_put_ratio(table, KEPT_VALUE_SUM, m, valued, credit->value_sum, err));
    PDM__TRY(pdm__table_put_ratio(table, KEPT_VALUE_GAP, m, valued, fabs(credit->value_sum - facts->value), err));
    pdm__table_bool(table, KEPT_OK)[m] = 1; /* a model that did not hold is an error before it comes here */
    if (inflates) PDM__TRY(pdm__table_set_null(table, KEPT_OK, m, err));
    pdm__table_bool(table, KEPT_INFLATES)[m] = inflates;
    return pdm__table_put_string(table, KEPT_STATUS, m, pdm_row_status_name(status), err);
}

static pdm_status put_conservation(const pdm__attribution_facts *facts, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_CONSERVATION],
                             facts->work->plan->model_count, PDM_TYPE_INT64, &table, err));
    for (int32_t m = 0; m < facts->work->plan->model_count; m++) PDM__TRY(put_kept(facts, table, m, err));
    return PDM_OK;
}

/* ---- totals ---- */

static pdm_status put_totals(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__attribution_work *work = facts->work;
    const pdm__view *view = work->view;
    const pdm__attribution_totals *t = &work->totals;
    bool doubles = work->plan->doubles;
    int64_t without = t->without_value + pdm__store_counter(view->store, COUNT_WITHOUT_VALUE);
    const int64_t counts[] = {view->rows,
                              view->rows_null + pdm__store_counter(view->store, COUNT_SKIPPED),
                              view->rows_duplicate,
                              view->rows_late,
                              t->users,
                              t->touches,
                              t->used_touches,
                              t->all.conversions,
                              t->all.conversions - t->unattributed.conversions - t->ignored.conversions,
                              t->unattributed.conversions,
                              t->ignored.conversions};
    const double values[] = {pdm__attribution_sum_of(&t->all.value, doubles), work->paths.value,
                             pdm__attribution_sum_of(&t->unattributed.value, doubles),
                             pdm__attribution_sum_of(&t->ignored.value, doubles)};
    const int64_t rest[] = {without,
                            t->null_journeys,
                            t->unattributed_nulls,
                            t->truncated_paths,
                            (int64_t)work->paths.count,
                            (int64_t)work->names.count};
    int32_t status = facts->conversions == 0.0 ? PDM_STATUS_NO_CONVERSIONS
                     : facts->value == 0.0     ? PDM_STATUS_NO_VALUE
                     : work->paths.nulls == 0  ? PDM_STATUS_NO_NULL_JOURNEYS
                                               : PDM_STATUS_OK;
    pdm_table *table = NULL;
    int32_t column = 0;
    PDM__TRY(pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_TOTALS], 1, PDM_TYPE_INT64,
                             &table, err));
    for (int32_t i = 0; i < PDM__COUNT(counts); i++) pdm__table_i64(table, column++)[0] = counts[i];
    for (int32_t i = 0; i < PDM__COUNT(values); i++) pdm__table_f64(table, column++)[0] = values[i];
    for (int32_t i = 0; i < PDM__COUNT(rest); i++) pdm__table_i64(table, column++)[0] = rest[i];
    return pdm__table_put_string(table, column, 0, pdm_row_status_name(status), err);
}

pdm_status pdm__attribution_put_credits(const pdm__attribution_facts *facts, pdm_error *err) {
    PDM__TRY(put_credits(facts, err));
    PDM__TRY(put_comparison(facts, err));
    PDM__TRY(put_conservation(facts, err));
    return put_totals(facts, err);
}

/* ---- the result ---- */

static pdm_status put_all(pdm__attribution_facts *facts, pdm_error *err) {
    facts->conversions = (double)facts->work->paths.conversions;
    facts->value = facts->work->paths.value;
    PDM__TRY(pdm__attribution_put_credits(facts, err));
    PDM__TRY(pdm__attribution_put_reports(facts, err));
    PDM__TRY(pdm__attribution_put_detail(facts, err));
    PDM__TRY(pdm__attribution_put_returns(facts, err));
    return pdm__attribution_put_journeys(facts, err);
}

static pdm_status make_result(pdm__attribution_work *work, pdm_result *result, pdm_error *err) {
    size_t models = (size_t)work->plan->model_count;
    pdm__attribution_facts facts = {.work = work, .result = result};
    PDM__TRY(pdm__attribution_gather(work, err));
    PDM__TRY(pdm__new_zero(work->context, models, sizeof *facts.credits, &facts.credits, err));
    pdm_status status = pdm__attribution_credits(work, facts.credits, err);
    if (status == PDM_OK) status = put_all(&facts, err);
    pdm__attribution_credits_clear(work, facts.credits);
    pdm__drop(work->context, facts.credits, models, sizeof *facts.credits);
    return status;
}

pdm_status pdm__attribution_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    pdm__attribution_work *work = NULL;
    pdm_context *context = view->setup->context;
    PDM__TRY(pdm__new_zero(context, 1, sizeof *work, &work, err));
    work->view = view;
    work->plan = view->plan->own;
    work->context = context;
    work->run = run;
    pdm_status status = make_result(work, result, err);
    pdm__attribution_gather_clear(work);
    pdm__drop(context, work, 1, sizeof *work);
    return status;
}
