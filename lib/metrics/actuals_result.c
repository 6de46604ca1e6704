/* Tables of actuals: which claims hold, what happened in every place, what happened before. */
#include "core/sort.h"
#include "metrics/actuals_internal.h"

#include <inttypes.h>
#include <stdio.h>

enum { ACTUALS_TABLE, ACTUALS_TOTALS, ACTUALS_CONFLICTS };

#define I64(text_name, text_unit, text) {.name = text_name, .type = PDM_TYPE_INT64, .unit = text_unit, .doc = text}
#define TEXT(text_name, text) {.name = text_name, .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = text}

enum {
    OUT_PERIOD,
    OUT_START,
    OUT_CHANNEL,
    OUT_SEGMENT,
    OUT_GMV,
    OUT_REFUND,
    OUT_NET,
    OUT_ROWS,
    OUT_REFUNDS,
    OUT_PREVIOUS,
    OUT_YEAR_AGO
};

static const pdm_result_column_info actuals_columns[] = {
    [OUT_PERIOD] =
        {.name = "period",
         .type = PDM_TYPE_NONE,
         .unit = "",
         .doc = "Period, ascending: as given, or 2026-03, 2026-Q1, 2026, a week's first day, a day, 2026-03-05T13."},
    [OUT_START] = {.name = "period_start",
                   .type = PDM_TYPE_TIMESTAMP_US,
                   .unit = "µs",
                   .doc = "Its first instant; null without calendar_period."},
    [OUT_CHANNEL] = TEXT("channel", "Channel, ascending within the period; null where there was no column."),
    [OUT_SEGMENT] = TEXT("segment", "Segment, ascending within the channel; null where there was no column."),
    [OUT_GMV] = I64("gmv", "minor units", "Sum of the sales."),
    [OUT_REFUND] = I64("refund", "minor units", "Sum of the refunds."),
    [OUT_NET] = I64("net", "minor units", "gmv − refund: the actual of a tracking table."),
    [OUT_ROWS] = I64("sales", "rows or orders", "Rows of kind gmv, or orders that have one (dedupe order_id)."),
    [OUT_REFUNDS] = I64("refunds", "rows or orders", "Rows of kind refund, or orders that have one (dedupe order_id)."),
    [OUT_PREVIOUS] =
        I64("previous", "minor units",
            "Net of the period before, same channel and segment; null if there is none, and without calendar_period."),
    [OUT_YEAR_AGO] =
        I64("year_ago", "minor units",
            "Net of the same period a year before (52 weeks, the same date); null if there is none, for hours and with "
            "no calendar_period."),
};

enum { TOTAL_ROWS, TOTAL_NULL, TOTAL_GMV, TOTAL_REFUND, TOTAL_NET, TOTAL_ORDERS, TOTAL_CONFLICTS, TOTALS };

static const pdm_result_column_info totals_columns[] = {
    [TOTAL_ROWS] = I64("rows", "rows", "All rows."),
    [TOTAL_NULL] = I64("rows_null", "rows", "Left out for a null."),
    [TOTAL_GMV] = I64("gmv", "minor units", "Sum of the sales."),
    [TOTAL_REFUND] = I64("refund", "minor units", "Sum of the refunds."),
    [TOTAL_NET] = I64("net", "minor units", "gmv − refund."),
    [TOTAL_ORDERS] = I64("orders", "orders", "Different orders, those with conflicts too; null for dedupe none."),
    [TOTAL_CONFLICTS] =
        I64("conflicts", "orders", "Sales and refunds of orders that are left out; null for dedupe none."),
};

enum { CONFLICT_ORDER, CONFLICT_KIND, CONFLICT_MIN, CONFLICT_MAX, CONFLICT_PLACES, CONFLICT_ROWS, CONFLICT_STATUS };

static const pdm_result_column_info conflict_columns[] = {
    [CONFLICT_ORDER] = {.name = "order_id", .type = PDM_TYPE_NONE, .unit = "", .doc = "Order, ascending."},
    [CONFLICT_KIND] = TEXT("kind", "gmv or refund."),
    [CONFLICT_MIN] = I64("amount_min", "minor units", "Least amount that a row gives."),
    [CONFLICT_MAX] = I64("amount_max", "minor units", "Largest amount that a row gives."),
    [CONFLICT_PLACES] = I64("places", "places", "Different (period, channel, segment) that rows give."),
    [CONFLICT_ROWS] = I64("rows", "rows", "Rows that are left out."),
    [CONFLICT_STATUS] = TEXT("status", "conflict."),
};

const pdm_table_info pdm__actuals_tables[] = {
    [ACTUALS_TABLE] = {.name = "actuals",
                       .columns = actuals_columns,
                       .column_count = PDM__COUNT(actuals_columns),
                       .doc = "A channel and segment in a period that has rows."},
    [ACTUALS_TOTALS] = {.name = "totals",
                        .columns = totals_columns,
                        .column_count = PDM__COUNT(totals_columns),
                        .doc = "What was counted, and what was left out."},
    [ACTUALS_CONFLICTS] = {.name = "conflicts",
                           .columns = conflict_columns,
                           .column_count = PDM__COUNT(conflict_columns),
                           .optional = 1,
                           .doc = "A sale or a refund of which rows tell different things (dedupe order_id)."},
};

/* ---- result ---- */

/* A place as bytes of its key, with what happened there. */
typedef struct place {
    const uint8_t *bytes;
    uint32_t length;
    int64_t words[ACTUALS_SUMS];
} place;

/* What all rows say of an order's sale or refund. */
typedef struct claim {
    int64_t least;
    int64_t most;
    int64_t rows;
    int64_t places;
} claim;

static bool holds(const claim *c) { return c->places == 1 && c->least == c->most; }

typedef struct actuals_work {
    const pdm__view *view;
    const pdm__actuals_plan *plan;
    pdm__run *run;
    pdm_result *result;
    place *places;
    size_t capacity;
    size_t count;
    claim *claims; /* [orders][2]: sale, refund */
    size_t orders;
    size_t start[PDM__PARTITIONS]; /* first order of each partition */
    int64_t conflicts;
    pdm__key_bytes probe;
} actuals_work;

static pdm_status gather_places(actuals_work *work, pdm_error *err) {
    const pdm__store *store = work->view->store;
    pdm__entry_ref *order = NULL;
    work->capacity = pdm__store_count(store, 0);
    PDM__TRY(pdm__new(store->context, work->capacity, sizeof *work->places, &work->places, err));
    PDM__TRY(pdm__new(store->context, work->capacity, sizeof *order, &order, err));
    pdm_status status = pdm__store_order(store, work->run, 0, order, err);
    for (; status == PDM_OK && work->count < work->capacity; work->count++) {
        place *to = &work->places[work->count];
        pdm__key key = pdm__store_key(store, 0, order[work->count]);
        to->bytes = key.bytes;
        to->length = key.length;
        memcpy(to->words, pdm__store_words(store, 0, order[work->count]), sizeof to->words);
    }
    pdm__drop(store->context, order, work->capacity, sizeof *order);
    return status;
}

static claim *claim_of(const actuals_work *work, size_t p, pdm__key key) {
    return &work->claims[2 * (work->start[p] + key.scope) + *key.bytes];
}

static pdm_status gather_claims(actuals_work *work, pdm_error *err) {
    const pdm__store *store = work->view->store;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        work->start[p] = work->orders;
        work->orders += store->partitions[p].levels[0].count;
    }
    PDM__TRY(pdm__new_zero(store->context, 2 * work->orders, sizeof *work->claims, &work->claims, err));
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[1];
        for (uint32_t id = 0; id < map->count; id++) {
            claim *c = claim_of(work, p, pdm__keymap_key(map, id));
            const int64_t *words = pdm__keymap_words(map, id);
            c->least = c->places == 0 || words[ACTUALS_LEAST] < c->least ? words[ACTUALS_LEAST] : c->least;
            c->most = c->places == 0 || words[ACTUALS_MOST] > c->most ? words[ACTUALS_MOST] : c->most;
            c->rows += words[ACTUALS_ROWS];
            c->places += 1;
        }
    }
    for (size_t i = 0; i < 2 * work->orders; i++)
        work->conflicts += work->claims[i].places > 0 && !holds(&work->claims[i]);
    return PDM_OK;
}

/* The claims that hold, by place: texts[].index says which they are. */
static pdm_status list_claims(actuals_work *work, pdm__sort_text *texts, claim *held, int32_t *kinds) {
    const pdm__store *store = work->view->store;
    size_t n = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[1];
        for (uint32_t id = 0; id < map->count; id++) {
            pdm__key key = pdm__keymap_key(map, id);
            const claim *c = claim_of(work, p, key);
            if (!holds(c)) continue;
            texts[n] = (pdm__sort_text){.bytes = key.bytes + 1, .length = key.length - 1, .index = (uint32_t)n};
            kinds[n] = *key.bytes;
            held[n++] = *c;
        }
    }
    work->capacity = n;
    return PDM_OK;
}

static bool same_place(const place *a, const pdm__sort_text *b) {
    return a->length == b->length && memcmp(a->bytes, b->bytes, b->length) == 0;
}

static void add_claims(actuals_work *work, const pdm__sort_text *texts, const claim *held, const int32_t *kinds) {
    for (size_t i = 0; i < work->capacity; i++) {
        if (work->count == 0 || !same_place(&work->places[work->count - 1], &texts[i])) {
            place *fresh = &work->places[work->count++];
            memset(fresh, 0, sizeof *fresh);
            fresh->bytes = texts[i].bytes;
            fresh->length = texts[i].length;
        }
        place *to = &work->places[work->count - 1];
        uint32_t from = texts[i].index;
        to->words[kinds[from] == ACTUALS_REFUND ? ACTUALS_REFUNDED : ACTUALS_GMV] += held[from].most;
        to->words[kinds[from] == ACTUALS_REFUND ? ACTUALS_REFUNDS : ACTUALS_SALES] += 1;
    }
}

static pdm_status places_of_claims(actuals_work *work, pdm_error *err) {
    pdm_context *context = work->view->store->context;
    size_t most = pdm__store_count(work->view->store, 1);
    pdm__sort_text *texts = NULL;
    pdm__sort_text *scratch = NULL;
    claim *held = NULL;
    int32_t *kinds = NULL;
    if (most > UINT32_MAX) return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than %u orders in one state", UINT32_MAX);
    pdm_status status = pdm__new(context, most, sizeof *texts, &texts, err);
    if (status == PDM_OK) status = pdm__new(context, most, sizeof *scratch, &scratch, err);
    if (status == PDM_OK) status = pdm__new(context, most, sizeof *held, &held, err);
    if (status == PDM_OK) status = pdm__new(context, most, sizeof *kinds, &kinds, err);
    if (status == PDM_OK) status = list_claims(work, texts, held, kinds);
    if (status == PDM_OK) status = pdm__sort_texts(work->run, texts, scratch, work->capacity, err);
    if (status == PDM_OK) status = pdm__new(context, work->capacity, sizeof *work->places, &work->places, err);
    if (status == PDM_OK) add_claims(work, texts, held, kinds);
    pdm__drop(context, texts, most, sizeof *texts);
    pdm__drop(context, scratch, most, sizeof *scratch);
    pdm__drop(context, held, most, sizeof *held);
    pdm__drop(context, kinds, most, sizeof *kinds);
    return status;
}

/* ---- tables ---- */

static int compare_bytes(const uint8_t *a, uint32_t a_length, const uint8_t *b, uint32_t b_length) {
    uint32_t shorter = a_length < b_length ? a_length : b_length;
    int order = shorter == 0 ? 0 : memcmp(a, b, shorter);
    return order != 0 ? order : a_length < b_length ? -1 : a_length > b_length;
}

/* The same channel and segment in another period; NULL if nothing happened there. */
static pdm_status find_period(actuals_work *work, const place *like, int64_t period, const place **out,
                              pdm_error *err) {
    *out = NULL;
    PDM__TRY(pdm__key_bytes_need(work->view->store->context, &work->probe, like->length, err));
    uint8_t *rest = pdm__value_put_int(period, work->probe.memory);
    memcpy(rest, like->bytes + PDM__VALUE_INT_SIZE, like->length - PDM__VALUE_INT_SIZE);
    size_t low = 0;
    size_t high = work->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const place *p = &work->places[middle];
        int order = compare_bytes(p->bytes, p->length, work->probe.memory, like->length);
        if (order == 0) {
            *out = p;
            return PDM_OK;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return PDM_OK;
}

static int64_t net(const place *p) { return p->words[ACTUALS_GMV] - p->words[ACTUALS_REFUNDED]; }

static pdm_status put_other(actuals_work *work, pdm_table *table, int32_t column, int64_t row, const place *like,
                            bool known, int64_t period, pdm_error *err) {
    const place *other = NULL;
    if (known) PDM__TRY(find_period(work, like, period, &other, err));
    if (other == NULL) return pdm__table_set_null(table, column, row, err);
    pdm__table_i64(table, column)[row] = net(other);
    return PDM_OK;
}

static pdm_status put_period(actuals_work *work, pdm_table *table, int64_t row, const place *p, const pdm__value *part,
                             pdm_error *err) {
    if (!work->plan->by_calendar) {
        PDM__TRY(pdm__table_put_key(table, OUT_PERIOD, row, pdm__value_key(part), err));
        PDM__TRY(pdm__table_set_null(table, OUT_START, row, err));
        PDM__TRY(pdm__table_set_null(table, OUT_PREVIOUS, row, err));
        return pdm__table_set_null(table, OUT_YEAR_AGO, row, err);
    }
    int64_t index = (int64_t)part->word;
    int64_t before = 0;
    char label[64];
    pdm__actuals_label(work->plan, index, label, sizeof label);
    PDM__TRY(pdm__table_put_string(table, OUT_PERIOD, row, label, err));
    pdm__table_i64(table, OUT_START)[row] = pdm_calendar_period_start(work->plan->calendar, work->plan->period, index);
    PDM__TRY(put_other(work, table, OUT_PREVIOUS, row, p, true, index - 1, err));
    bool known = pdm__actuals_year_ago(work->plan->period, index, &before);
    return put_other(work, table, OUT_YEAR_AGO, row, p, known, before, err);
}

static int32_t period_type(const actuals_work *work) {
    pdm__actuals_place parts = {.period.kind = PDM__VALUE_NONE};
    if (work->plan->by_calendar) return PDM_TYPE_LARGE_UTF8;
    /* The last in order: if any number is beyond int64, that is. */
    const place *last = work->count > 0 ? &work->places[work->count - 1] : NULL;
    if (last != NULL) (void)pdm__actuals_place_read(last->bytes, last->length, &parts);
    return pdm__key_column_type(parts.period.kind);
}

static pdm_status put_places(actuals_work *work, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(work->result, &pdm__actuals_tables[ACTUALS_TABLE], (int64_t)work->count, period_type(work),
                             &table, err));
    for (size_t i = 0; i < work->count; i++) {
        const place *p = &work->places[i];
        int64_t row = (int64_t)i;
        pdm__actuals_place parts;
        (void)pdm__actuals_place_read(p->bytes, p->length, &parts);
        PDM__TRY(put_period(work, table, row, p, &parts.period, err));
        PDM__TRY(pdm__value_show(&parts.channel, table, OUT_CHANNEL, row, err));
        PDM__TRY(pdm__value_show(&parts.segment, table, OUT_SEGMENT, row, err));
        pdm__table_i64(table, OUT_GMV)[row] = p->words[ACTUALS_GMV];
        pdm__table_i64(table, OUT_REFUND)[row] = p->words[ACTUALS_REFUNDED];
        pdm__table_i64(table, OUT_NET)[row] = net(p);
        pdm__table_i64(table, OUT_ROWS)[row] = p->words[ACTUALS_SALES];
        pdm__table_i64(table, OUT_REFUNDS)[row] = p->words[ACTUALS_REFUNDS];
    }
    return PDM_OK;
}

static pdm_status put_totals(actuals_work *work, pdm_error *err) {
    int64_t values[TOTALS] = {[TOTAL_ROWS] = work->view->rows,
                              [TOTAL_NULL] = work->view->rows_null,
                              [TOTAL_ORDERS] = (int64_t)work->orders,
                              [TOTAL_CONFLICTS] = work->conflicts};
    pdm_table *table = NULL;
    for (size_t i = 0; i < work->count; i++) {
        values[TOTAL_GMV] += work->places[i].words[ACTUALS_GMV];
        values[TOTAL_REFUND] += work->places[i].words[ACTUALS_REFUNDED];
    }
    values[TOTAL_NET] = values[TOTAL_GMV] - values[TOTAL_REFUND];
    PDM__TRY(pdm__result_add(work->result, &pdm__actuals_tables[ACTUALS_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    for (int32_t c = 0; c < TOTALS; c++) pdm__table_i64(table, c)[0] = values[c];
    if (work->plan->by_order) return PDM_OK;
    PDM__TRY(pdm__table_set_null(table, TOTAL_ORDERS, 0, err));
    return pdm__table_set_null(table, TOTAL_CONFLICTS, 0, err);
}

static pdm_status put_conflict(pdm_table *table, int64_t row, pdm__key key, int32_t kind, const claim *c,
                               pdm_error *err) {
    PDM__TRY(pdm__table_put_key(table, CONFLICT_ORDER, row, key, err));
    PDM__TRY(pdm__table_put_string(table, CONFLICT_KIND, row, pdm__actuals_kinds[kind], err));
    pdm__table_i64(table, CONFLICT_MIN)[row] = c->least;
    pdm__table_i64(table, CONFLICT_MAX)[row] = c->most;
    pdm__table_i64(table, CONFLICT_PLACES)[row] = c->places;
    pdm__table_i64(table, CONFLICT_ROWS)[row] = c->rows;
    return pdm__table_put_string(table, CONFLICT_STATUS, row, pdm__row_status_names[PDM_STATUS_CONFLICT], err);
}

static pdm_status put_conflicts(actuals_work *work, pdm_error *err) {
    const pdm__store *store = work->view->store;
    int32_t type = pdm__key_column_type(store->schema.levels[0].key_kind);
    pdm_table *table = NULL;
    pdm__entry_ref *order = NULL;
    PDM__TRY(
        pdm__result_add(work->result, &pdm__actuals_tables[ACTUALS_CONFLICTS], work->conflicts, type, &table, err));
    if (work->conflicts == 0) return PDM_OK;
    PDM__TRY(pdm__new(store->context, work->orders, sizeof *order, &order, err));
    pdm_status status = pdm__store_order(store, work->run, 0, order, err);
    int64_t row = 0;
    for (size_t i = 0; i < work->orders && status == PDM_OK; i++) {
        for (int32_t kind = ACTUALS_SALE; kind <= ACTUALS_REFUND && status == PDM_OK; kind++) {
            const claim *c = &work->claims[2 * (work->start[order[i].partition] + order[i].id) + (size_t)kind];
            if (c->places == 0 || holds(c)) continue;
            status = put_conflict(table, row++, pdm__store_key(store, 0, order[i]), kind, c, err);
        }
    }
    pdm__drop(store->context, order, work->orders, sizeof *order);
    return status;
}

static pdm_status make_tables(actuals_work *work, pdm_error *err) {
    if (work->plan->by_order) {
        PDM__TRY(gather_claims(work, err));
        PDM__TRY(places_of_claims(work, err));
    } else {
        PDM__TRY(gather_places(work, err));
    }
    PDM__TRY(put_places(work, err));
    PDM__TRY(put_totals(work, err));
    return work->plan->by_order ? put_conflicts(work, err) : PDM_OK;
}

pdm_status pdm__actuals_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    pdm_context *context = view->store->context;
    actuals_work work = {.view = view, .plan = view->plan->own, .run = run, .result = result};
    pdm_status status = make_tables(&work, err);
    pdm__drop(context, work.places, work.capacity, sizeof *work.places);
    pdm__drop(context, work.claims, 2 * work.orders, sizeof *work.claims);
    pdm__drop(context, work.probe.memory, work.probe.capacity, 1);
    return status;
}
