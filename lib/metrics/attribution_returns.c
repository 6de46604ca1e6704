/* What was spent on channels, and what came of it by each model. */
#include "metrics/attribution_internal.h"

#include <stdlib.h>

enum {
    RETURN_MODEL,
    RETURN_KIND,
    RETURN_CHANNEL,
    RETURN_SPEND,
    RETURN_SPEND_SHARE,
    RETURN_CONVERSIONS,
    RETURN_VALUE,
    RETURN_COST,
    RETURN_ROAS,
    RETURN_ROI_GMV,
    RETURN_ROI_MARGIN,
    RETURN_STATUS
};

/* A channel that is listed: in the rows, in the spend, or both. */
typedef struct spender {
    const char *name; /* its bytes */
    size_t length;
    uint32_t channel; /* UINT32_MAX: in no row */
    bool has_spend;
    int64_t spend;
} spender;

typedef struct spending {
    const pdm__attribution_facts *facts;
    pdm_table *table;
    spender *spenders;
    size_t count;
    size_t room;
    int64_t spend; /* of all */
} spending;

static int by_name(const void *left, const void *right) {
    const spender *a = left;
    const spender *b = right;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter == 0 ? 0 : memcmp(a->name, b->name, shorter);
    if (order != 0) return order;
    return a->length < b->length ? -1 : a->length > b->length;
}

/* Channels of the rows and of the spend, each once, in order. */
static pdm_status list_spenders(spending *s, pdm_error *err) {
    const pdm__attribution_work *work = s->facts->work;
    const pdm__list *list = &work->plan->lists[ATTRIBUTION_LIST_SPEND];
    s->room = work->names.count + (size_t)list->rows;
    PDM__TRY(pdm__new_zero(work->context, s->room, sizeof *s->spenders, &s->spenders, err));
    for (uint32_t c = 0; c < work->names.count; c++) {
        const pdm__key *key = &work->names.sorted[c];
        s->spenders[s->count++] = (spender){.name = (const char *)key->bytes, .length = key->length, .channel = c};
    }
    for (int64_t row = 0; row < list->rows; row++) {
        const char *name = pdm__list_text(list, 0, row);
        s->spend += pdm__list_int(list, 1, row);
        s->spenders[s->count++] = (spender){.name = name,
                                            .length = strlen(name),
                                            .channel = pdm__attribution_find(&work->names, name),
                                            .has_spend = true,
                                            .spend = pdm__list_int(list, 1, row)};
    }
    qsort(s->spenders, s->count, sizeof *s->spenders, by_name);
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        spender *last = kept > 0 ? &s->spenders[kept - 1] : NULL;
        if (last == NULL || by_name(last, &s->spenders[i]) != 0) {
            s->spenders[kept++] = s->spenders[i];
            continue;
        }
        last->has_spend = last->has_spend || s->spenders[i].has_spend;
        last->spend += s->spenders[i].spend;
    }
    s->count = kept;
    return PDM_OK;
}

/* ---- a row ---- */

typedef struct return_row {
    const char *kind;
    const spender *spender; /* NULL: all */
    bool has_spend;
    double spend;
    double conversions;
    double value;
    bool has_conversions;
    bool has_value;
} return_row;

static pdm_status put_return(const spending *s, int64_t row, const char *model, const return_row *r, pdm_error *err) {
    pdm_table *table = s->table;
    double margin = s->facts->work->plan->options->gross_margin;
    double all = (double)s->spend;
    bool shares = r->has_spend && all > 0.0;
    bool costs = r->has_spend && r->has_conversions && r->conversions > 0.0;
    bool earns = r->has_spend && r->has_value && r->spend > 0.0;
    int32_t status = !r->has_spend ? PDM_STATUS_MISSING : costs && earns ? PDM_STATUS_OK : PDM_STATUS_ZERO_BASE;
    PDM__TRY(pdm__table_put_string(table, RETURN_MODEL, row, model, err));
    PDM__TRY(pdm__table_put_string(table, RETURN_KIND, row, r->kind, err));
    if (r->spender != NULL) {
        PDM__TRY(pdm__table_put_text(table, RETURN_CHANNEL, row, r->spender->name, r->spender->length, err));
    } else {
        PDM__TRY(pdm__attribution_put_channel(s->facts, table, RETURN_CHANNEL, row, UINT32_MAX, err));
    }
    PDM__TRY(pdm__table_put_ratio(table, RETURN_SPEND, row, r->has_spend, r->spend, err));
    PDM__TRY(pdm__table_put_ratio(table, RETURN_SPEND_SHARE, row, shares, shares ? r->spend / all : 0.0, err));
    PDM__TRY(pdm__table_put_ratio(table, RETURN_CONVERSIONS, row, r->has_conversions, r->conversions, err));
    PDM__TRY(pdm__table_put_ratio(table, RETURN_VALUE, row, r->has_value, r->value, err));
    PDM__TRY(pdm__table_put_ratio(table, RETURN_COST, row, costs, costs ? r->spend / r->conversions : 0.0, err));
    PDM__TRY(pdm__table_put_ratio(table, RETURN_ROAS, row, earns, earns ? r->value / r->spend : 0.0, err));
    PDM__TRY(
        pdm__table_put_ratio(table, RETURN_ROI_GMV, row, earns, earns ? (r->value - r->spend) / r->spend : 0.0, err));
    PDM__TRY(pdm__table_put_ratio(table, RETURN_ROI_MARGIN, row, earns && margin > 0.0,
                                  earns ? (r->value * margin - r->spend) / r->spend : 0.0, err));
    return pdm__table_put_string(table, RETURN_STATUS, row, pdm_row_status_name(status), err);
}

static pdm_status put_model(const spending *s, int64_t first, int32_t m, pdm_error *err) {
    const pdm__attribution_work *work = s->facts->work;
    const pdm__attribution_credit *credit = &s->facts->credits[m];
    const char *name = work->plan->models[m].name;
    bool doubles = work->plan->doubles;
    for (size_t i = 0; i < s->count; i++) {
        const spender *mine = &s->spenders[i];
        bool seen = mine->channel != UINT32_MAX;
        return_row r = {.kind = "channel",
                        .spender = mine,
                        .has_spend = mine->has_spend,
                        .spend = (double)mine->spend,
                        .conversions = seen ? credit->conversions[mine->channel] : 0.0,
                        .value = seen ? credit->value[mine->channel] : 0.0,
                        .has_conversions = !credit->no_conversions,
                        .has_value = !credit->no_value};
        PDM__TRY(put_return(s, first + (int64_t)i, name, &r, err));
    }
    return_row all = {.kind = "total",
                      .has_spend = true,
                      .spend = (double)s->spend,
                      .conversions = s->facts->conversions,
                      .value = s->facts->value,
                      .has_conversions = true,
                      .has_value = true};
    PDM__TRY(put_return(s, first + (int64_t)s->count, name, &all, err));
    const pdm__attribution_totals *totals = &work->totals;
    all.kind = "blended";
    all.conversions = (double)(totals->all.conversions - totals->ignored.conversions);
    all.value =
        pdm__attribution_sum_of(&totals->all.value, doubles) - pdm__attribution_sum_of(&totals->ignored.value, doubles);
    return put_return(s, first + (int64_t)s->count + 1, name, &all, err);
}

pdm_status pdm__attribution_put_returns(const pdm__attribution_facts *facts, pdm_error *err) {
    const pdm__attribution_work *work = facts->work;
    spending s = {.facts = facts};
    if (work->plan->lists[ATTRIBUTION_LIST_SPEND].rows == 0) return PDM_OK;
    pdm_status status = list_spenders(&s, err);
    int64_t rows = (int64_t)s.count + 2;
    if (status == PDM_OK)
        status = pdm__result_add(facts->result, &pdm__attribution_tables_info[ATTRIBUTION_TABLE_RETURNS],
                                 rows * work->plan->model_count, PDM_TYPE_INT64, &s.table, err);
    for (int32_t m = 0; status == PDM_OK && m < work->plan->model_count; m++) status = put_model(&s, m * rows, m, err);
    pdm__drop(work->context, s.spenders, s.room, sizeof *s.spenders);
    return status;
}
