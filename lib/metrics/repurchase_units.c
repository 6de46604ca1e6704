/* Lists of units: the tables units and buyers. Both follow the store's canonical order of units. */
#include "metrics/repurchase_internal.h"

#define POLL_UNITS 4096

/* A unit's period, for table buyers. */
typedef struct listed {
    int64_t period;
    size_t order; /* place of the unit in the canonical order */
    int64_t count;
    int32_t group;
    bool earlier;
    bool returned;
} listed;

typedef struct listing {
    const pdm__repurchase_facts *facts;
    pdm__entry_ref *order; /* [units] */
    size_t units;
    size_t partition_start[PDM__PARTITIONS]; /* where its units begin in `firsts` */
    size_t *firsts;                          /* [units] by (partition, id): first order among those of the partition */
    int64_t *scratch;                        /* [longest] */
    listed *buyers;                          /* [buyer_count] by (group, period, unit) */
    size_t buyer_count;
    size_t *places; /* [cell_count + 1] */
    size_t cell_count;
    int64_t unit_rows;
} listing;

/* ---- finding ---- */

static void find_firsts(listing *l) {
    size_t at = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__repurchase_part *part = &l->facts->parts[p];
        l->partition_start[p] = at;
        for (size_t i = 0; i < part->count; i++) {
            if (i > 0 && part->orders[i - 1].unit == part->orders[i].unit) continue;
            l->firsts[at + part->orders[i].unit] = i;
        }
        at += l->facts->view->store->partitions[p].levels[0].count;
    }
}

typedef pdm_status (*visit)(listing *l, size_t place, const pdm__repurchase_buyer *buyer, void *user, pdm_error *err);

/* Buyers by unit in canonical order, then by group. */
static pdm_status each_buyer(listing *l, visit body, void *user, pdm_error *err) {
    for (size_t u = 0; u < l->units; u++) {
        pdm__entry_ref ref = l->order[u];
        const pdm__repurchase_part *part = &l->facts->parts[ref.partition];
        size_t at = l->firsts[l->partition_start[ref.partition] + ref.id];
        while (at < part->count && part->orders[at].unit == ref.id) {
            pdm__repurchase_buyer buyer = pdm__repurchase_buyer_at(l->facts, ref.partition, at);
            PDM__TRY(body(l, u, &buyer, user, err));
            at += buyer.count;
        }
        if (u % POLL_UNITS == 0 && pdm__run_poll(l->facts->run, 0)) return pdm__run_status(l->facts->run, err);
    }
    return PDM_OK;
}

/* ---- units ---- */

enum { UNIT_UNIT, UNIT_GROUP, UNIT_COHORT, UNIT_ORDERS, UNIT_FIRST, UNIT_SECOND, UNIT_LAST, UNIT_MEDIAN, UNIT_OPEN };

typedef struct unit_rows {
    pdm_table *table;
    int64_t row;
} unit_rows;

static pdm_status count_unit(listing *l, size_t place, const pdm__repurchase_buyer *buyer, void *user, pdm_error *err) {
    (void)place;
    (void)buyer;
    (void)user;
    (void)err;
    l->unit_rows++;
    return PDM_OK;
}

static pdm_status put_median(listing *l, pdm_table *table, int64_t row, const pdm__repurchase_buyer *buyer,
                             pdm_error *err) {
    int64_t twice = 0;
    if (buyer->count == 1) {
        PDM__TRY(pdm__table_set_null(table, UNIT_SECOND, row, err));
        return pdm__table_set_null(table, UNIT_MEDIAN, row, err);
    }
    pdm__table_i64(table, UNIT_SECOND)[row] = buyer->orders[1].time;
    PDM__TRY(pdm__repurchase_twice_median(buyer, l->scratch, &twice, err));
    pdm__table_f64(table, UNIT_MEDIAN)[row] = (double)twice / 2;
    return PDM_OK;
}

static pdm_status put_unit(listing *l, size_t place, const pdm__repurchase_buyer *buyer, void *user, pdm_error *err) {
    unit_rows *rows = user;
    pdm_table *table = rows->table;
    int64_t row = rows->row++;
    const pdm__repurchase_order *orders = buyer->orders;
    PDM__TRY(pdm__table_put_key(table, UNIT_UNIT, row, pdm__store_key(l->facts->view->store, 0, l->order[place]), err));
    PDM__TRY(pdm__repurchase_put_group(l->facts, table, UNIT_GROUP, row, orders[0].group, err));
    pdm__table_i64(table, UNIT_COHORT)[row] =
        pdm__repurchase_period_start(l->facts, pdm__repurchase_period(l->facts, orders[0].time));
    pdm__table_i64(table, UNIT_ORDERS)[row] = (int64_t)buyer->count;
    pdm__table_i64(table, UNIT_FIRST)[row] = orders[0].time;
    pdm__table_i64(table, UNIT_LAST)[row] = orders[buyer->count - 1].time;
    PDM__TRY(put_median(l, table, row, buyer, err));
    if (!pdm__repurchase_open(l->facts, buyer)) return pdm__table_set_null(table, UNIT_OPEN, row, err);
    return pdm__repurchase_gap(orders[buyer->count - 1].time, l->facts->as_of.time,
                               &pdm__table_i64(table, UNIT_OPEN)[row], err);
}

static pdm_status put_units(listing *l, pdm_result *result, int32_t key, pdm_error *err) {
    unit_rows rows = {.table = NULL, .row = 0};
    PDM__TRY(each_buyer(l, count_unit, NULL, err));
    PDM__TRY(
        pdm__result_add(result, &pdm__repurchase_tables[REPURCHASE_TABLE_UNITS], l->unit_rows, key, &rows.table, err));
    return each_buyer(l, put_unit, &rows, err);
}

/* ---- buyers ---- */

enum { BUYER_GROUP, BUYER_START, BUYER_PERIOD, BUYER_UNIT, BUYER_ORDERS, BUYER_EARLIER, BUYER_RETURNED };

static size_t cell_of(const listing *l, int32_t group, int64_t period) {
    size_t periods = (size_t)(l->facts->last - l->facts->first + 1);
    return (size_t)group * periods + (size_t)(period - l->facts->first);
}

/* Counts the buyers of each cell, or with places files them there. */
static pdm_status file_buyer(listing *l, size_t place, const pdm__repurchase_buyer *buyer, void *user, pdm_error *err) {
    const int64_t *periods = l->scratch;
    int32_t group = buyer->orders[0].group;
    (void)user;
    (void)err;
    pdm__repurchase_periods(l->facts, buyer, l->scratch);
    for (size_t i = 0, end = 0; i < buyer->count; i = end) {
        while (end < buyer->count && periods[end] == periods[i]) end++;
        if (periods[i] < l->facts->first || periods[i] > l->facts->last) continue;
        size_t *at = &l->places[cell_of(l, group, periods[i]) + (l->buyers == NULL)];
        if (l->buyers != NULL) {
            l->buyers[*at] = (listed){.period = periods[i],
                                      .order = place,
                                      .count = (int64_t)(end - i),
                                      .group = group,
                                      .earlier = i > 0,
                                      .returned = end < buyer->count && periods[end] == periods[i] + 1};
        }
        *at += 1;
    }
    return PDM_OK;
}

static pdm_status file_buyers(listing *l, pdm_error *err) {
    pdm_context *context = l->facts->run->context;
    if (l->facts->first > l->facts->last) return PDM_OK;
    l->cell_count = (size_t)(l->facts->last - l->facts->first + 1) * (size_t)l->facts->group_count;
    PDM__TRY(pdm__new_zero(context, l->cell_count + 1, sizeof *l->places, &l->places, err));
    PDM__TRY(each_buyer(l, file_buyer, NULL, err));
    for (size_t i = 0; i < l->cell_count; i++) l->places[i + 1] += l->places[i];
    l->buyer_count = l->places[l->cell_count];
    PDM__TRY(pdm__new(context, l->buyer_count, sizeof *l->buyers, &l->buyers, err));
    return each_buyer(l, file_buyer, NULL, err);
}

static pdm_status put_buyer(const listing *l, pdm_table *table, int64_t row, const listed *buyer, pdm_error *err) {
    const pdm__repurchase_facts *facts = l->facts;
    PDM__TRY(pdm__repurchase_put_group(facts, table, BUYER_GROUP, row, buyer->group, err));
    pdm__table_i64(table, BUYER_START)[row] = pdm__repurchase_period_start(facts, buyer->period);
    pdm__table_i64(table, BUYER_PERIOD)[row] = buyer->period;
    PDM__TRY(
        pdm__table_put_key(table, BUYER_UNIT, row, pdm__store_key(facts->view->store, 0, l->order[buyer->order]), err));
    pdm__table_i64(table, BUYER_ORDERS)[row] = buyer->count;
    pdm__table_bool(table, BUYER_EARLIER)[row] = buyer->earlier;
    pdm__table_bool(table, BUYER_RETURNED)[row] = buyer->returned;
    if (pdm__repurchase_complete(facts, buyer->period + 1, 0)) return PDM_OK;
    return pdm__table_set_null(table, BUYER_RETURNED, row, err);
}

static pdm_status put_buyers(listing *l, pdm_result *result, int32_t key, pdm_error *err) {
    pdm_table *table = NULL;
    PDM__TRY(file_buyers(l, err));
    PDM__TRY(pdm__result_add(result, &pdm__repurchase_tables[REPURCHASE_TABLE_BUYERS], (int64_t)l->buyer_count, key,
                             &table, err));
    for (size_t i = 0; i < l->buyer_count; i++) {
        PDM__TRY(put_buyer(l, table, (int64_t)i, &l->buyers[i], err));
        if (i % POLL_UNITS == 0 && pdm__run_poll(l->facts->run, 0)) return pdm__run_status(l->facts->run, err);
    }
    return PDM_OK;
}

/* ---- both ---- */

static pdm_status put_lists(listing *l, pdm_result *result, pdm_error *err) {
    const pdm__store *store = l->facts->view->store;
    pdm_context *context = l->facts->run->context;
    int32_t key = pdm__key_column_type(store->schema.levels[0].key_kind);
    PDM__TRY(pdm__new(context, l->units, sizeof *l->order, &l->order, err));
    PDM__TRY(pdm__new_zero(context, l->units, sizeof *l->firsts, &l->firsts, err));
    PDM__TRY(pdm__new(context, l->facts->longest, sizeof *l->scratch, &l->scratch, err));
    PDM__TRY(pdm__store_order(store, l->facts->run, 0, l->order, err));
    find_firsts(l);
    PDM__TRY(put_units(l, result, key, err));
    return put_buyers(l, result, key, err);
}

pdm_status pdm__repurchase_put_lists(const pdm__repurchase_facts *facts, pdm_result *result, pdm_error *err) {
    pdm_context *context = facts->run->context;
    listing l = {.facts = facts, .units = pdm__store_count(facts->view->store, 0)};
    pdm_status status = put_lists(&l, result, err);
    pdm__drop(context, l.order, l.units, sizeof *l.order);
    pdm__drop(context, l.firsts, l.units, sizeof *l.firsts);
    pdm__drop(context, l.scratch, facts->longest, sizeof *l.scratch);
    pdm__drop(context, l.places, l.cell_count + 1, sizeof *l.places);
    pdm__drop(context, l.buyers, l.buyer_count, sizeof *l.buyers);
    return status;
}
