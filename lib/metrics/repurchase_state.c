/*
 * Repurchase's state: the orders of each unit.
 *
 * Level 0 holds the units, level 1 their orders by id, each with the least time of its rows. With a breakdown level 1 is keyed by bytes
 * instead, the order id and then the value, as core/value.h writes them: an order whose rows differ in the value has several entries,
 * which are put together again when the result is made. breakdown_by latest also keeps the largest time of the rows.
 */
#include "metrics/repurchase_internal.h"

static const pdm__field order_fields[] = {
    [REPURCHASE_FIRST] = {.name = "first", .merge = PDM__MIN, .identity = INT64_MAX},
    [REPURCHASE_LAST] = {.name = "last", .merge = PDM__MAX, .identity = INT64_MIN},
};

static void step(const pdm__step_args *args) {
    const pdm__level *level = &args->schema->levels[1];
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t time = (int64_t)own[0];
        int64_t *words = pdm__keymap_words(&args->partition->levels[1], args->parts[i]);
        words[REPURCHASE_FIRST] = time < words[REPURCHASE_FIRST] ? time : words[REPURCHASE_FIRST];
        if (level->field_count <= REPURCHASE_LAST) continue;
        words[REPURCHASE_LAST] = time > words[REPURCHASE_LAST] ? time : words[REPURCHASE_LAST];
    }
}

/* ---- options and list ---- */

static pdm_status read_n(const pdm__list *list, pdm__repurchase_plan *plan, pdm_error *err) {
    static const int64_t usual[] = {7, 30, 90};
    if (list->rows > REPURCHASE_MOST_N) {
        return pdm__fail(err, PDM_E_BAD_OPTION, REPURCHASE_MOST_N, "n", "list \"n\" has %lld rows; at most %d expected",
                         (long long)list->rows, REPURCHASE_MOST_N);
    }
    plan->n_count = list->rows > 0 ? (int32_t)list->rows : PDM__COUNT(usual);
    for (int32_t i = 0; i < plan->n_count; i++) {
        plan->n[i] = list->rows > 0 ? pdm__list_int(list, 0, i) : usual[i];
        if (plan->n[i] < 1 || plan->n[i] > PDM_REPURCHASE_MAX_DAYS) {
            return pdm__fail(err, PDM_E_BAD_OPTION, i, "n", "row %d of list \"n\": %lld days; 1 to %d expected", (int)i,
                             (long long)plan->n[i], PDM_REPURCHASE_MAX_DAYS);
        }
        if (i == 0 || plan->n[i] > plan->n[i - 1]) continue;
        return pdm__fail(err, PDM_E_BAD_OPTION, i, "n", "row %d of list \"n\": n must ascend, but %lld follows %lld",
                         (int)i, (long long)plan->n[i], (long long)plan->n[i - 1]);
    }
    return PDM_OK;
}

pdm_status pdm__repurchase_check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    const pdm_repurchase_options *options = setup->options;
    pdm__repurchase_plan plan;
    memset(&plan, 0, sizeof plan);
    if (list == REPURCHASE_LIST_N) return read_n(&setup->lists[REPURCHASE_LIST_N], &plan, err);
    if (options->conf_level > 0.0 && options->conf_level < 1.0) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "conf_level", "option \"conf_level\": %g; between 0 and 1 expected",
                     options->conf_level);
}

static pdm_status make_plan(const pdm__setup *setup, pdm__repurchase_plan *plan, pdm_error *err) {
    static const pdm_period periods[] = {PDM_PERIOD_MONTH, PDM_PERIOD_HOUR,    PDM_PERIOD_DAY,
                                         PDM_PERIOD_WEEK,  PDM_PERIOD_QUARTER, PDM_PERIOD_YEAR};
    const pdm_repurchase_options *options = setup->options;
    plan->options = options;
    plan->calendar = setup->calendar;
    plan->period = periods[options->period];
    PDM__TRY(pdm__dates_check(plan->calendar, options->date_from, options->date_to, err));
    plan->range = pdm__dates_range(plan->calendar, plan->period, options->date_from, options->date_to);
    return read_n(&setup->lists[REPURCHASE_LIST_N], plan, err);
}

pdm_status pdm__repurchase_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_repurchase_options *options = setup->options;
    bool broken_down = options->breakdown_by != PDM_REPURCHASE_BREAKDOWN_NONE;
    plan->own_size = sizeof(pdm__repurchase_plan);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    PDM__TRY(make_plan(setup, plan->own, err));
    plan->unit_column = REPURCHASE_UNIT;
    plan->use[REPURCHASE_UNIT] = PDM__REQUIRED;
    plan->use[REPURCHASE_TIME] = PDM__REQUIRED;
    plan->use[REPURCHASE_ORDER] = PDM__REQUIRED;
    plan->use[REPURCHASE_BREAKDOWN] = broken_down ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[REPURCHASE_EVENT_ID] = options->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->dedupe_by_unit = true;
    pdm__schema *schema = &plan->schema;
    schema->levels[0] = (pdm__level){.name = "units", .repeat = 1};
    schema->levels[1] = (pdm__level){.name = "orders", .fields = order_fields, .field_count = 1, .repeat = 1};
    schema->level_count = 2;
    schema->own_words = 1;
    schema->step = step;
    if (!broken_down) {
        plan->part_column = REPURCHASE_ORDER;
        return PDM_OK;
    }
    schema->levels[1].key_kind = PDM__KEY_BYTES;
    if (options->breakdown_by == PDM_REPURCHASE_BREAKDOWN_LATEST) schema->levels[1].field_count = 2;
    return PDM_OK;
}

/* ---- rows to records ---- */

/* Hands the unit's key on (texts: hash, made later, pointer, length); returns the place after it. */
static int32_t put_unit(const pdm__block *block, pdm__records *out) {
    const pdm__cells *unit = &block->cells[REPURCHASE_UNIT];
    if (unit->lengths == NULL) {
        out->columns[0] = unit->words;
        return 1;
    }
    out->columns[1] = unit->words;
    out->columns[2] = unit->lengths;
    return 3;
}

static void select_plain(const pdm__block *block, pdm__records *out) {
    const pdm__cells *order = &block->cells[REPURCHASE_ORDER];
    int32_t at = put_unit(block, out);
    for (size_t i = 0; i < block->rows; i++) out->scratch[at][i] = 1;
    out->columns[at + 1] = order->words;
    if (order->lengths != NULL) out->columns[at + 2] = order->lengths;
    out->columns[at + (order->lengths != NULL ? 3 : 2)] = block->cells[REPURCHASE_TIME].words;
    out->count = block->rows;
}

static pdm_status select_values(const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__cells *order = &block->cells[REPURCHASE_ORDER];
    const pdm__cells *value = &block->cells[REPURCHASE_BREAKDOWN];
    size_t bytes = 0;
    for (size_t i = 0; i < block->rows; i++)
        bytes += pdm__value_size(order, i, false) + pdm__value_size(value, i, true);
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, bytes, err));
    uint8_t *to = out->bytes->memory;
    int32_t at = put_unit(block, out);
    for (size_t i = 0; i < block->rows; i++) {
        uint8_t *end = pdm__value_put(value, i, true, pdm__value_put(order, i, false, to));
        out->scratch[at][i] = 1;
        out->scratch[at + 1][i] = pdm__word_of(to);
        out->scratch[at + 2][i] = (uint64_t)(end - to);
        to = end;
    }
    out->columns[at + 3] = block->cells[REPURCHASE_TIME].words;
    out->count = block->rows;
    return PDM_OK;
}

/* Lines of an order that came at one time. */
void pdm__repurchase_essence(const pdm__plan *plan, const pdm__block *block, pdm__essence *out) {
    if (plan->use[REPURCHASE_BREAKDOWN] != PDM__UNUSED) return;
    out->count = 2;
    out->words[0] = block->cells[REPURCHASE_ORDER].words;
    out->lengths[0] = block->cells[REPURCHASE_ORDER].lengths;
    out->words[1] = block->cells[REPURCHASE_TIME].words;
}

pdm_status pdm__repurchase_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    if (plan->use[REPURCHASE_BREAKDOWN] != PDM__UNUSED) return select_values(block, out, err);
    select_plain(block, out);
    return PDM_OK;
}

/* ---- states from bytes ---- */

static bool key_fits(const pdm__key *key) {
    const uint8_t *at = key->bytes;
    const uint8_t *end = key->bytes + key->length;
    pdm__value value;
    return pdm__value_read(&at, end, &value) && value.kind != PDM__VALUE_NONE && pdm__value_read(&at, end, &value) &&
           at == end;
}

/* Every order has a key that is one and times that fit, every unit an order. */
static bool partition_fits(const pdm__store *store, const pdm__partition *partition, uint8_t *seen) {
    const pdm__keymap *units = &partition->levels[0];
    const pdm__keymap *orders = &partition->levels[1];
    bool bytes = store->schema.levels[1].key_kind == PDM__KEY_BYTES;
    bool has_last = store->schema.levels[1].field_count > REPURCHASE_LAST;
    for (uint32_t id = 0; id < orders->count; id++) {
        pdm__key key = pdm__keymap_key(orders, id);
        const int64_t *words = pdm__keymap_words(orders, id);
        if (bytes && !key_fits(&key)) return false;
        if (has_last && words[REPURCHASE_FIRST] > words[REPURCHASE_LAST]) return false;
        seen[key.scope] = 1;
    }
    for (uint32_t id = 0; id < units->count; id++) {
        if (seen[id] == 0) return false;
    }
    return true;
}

pdm_status pdm__repurchase_verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    (void)plan;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__partition *partition = &store->partitions[p];
        uint8_t *seen = NULL;
        PDM__TRY(pdm__new_zero(store->context, partition->levels[0].count, 1, &seen, err));
        bool fits = partition_fits(store, partition, seen);
        pdm__drop(store->context, seen, partition->levels[0].count, 1);
        if (!fits) {
            return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                             "these bytes are no valid state: a unit without orders, or an order that is none");
        }
        if (pdm__run_poll(run, (int64_t)partition->levels[1].count)) return pdm__run_status(run, err);
    }
    return PDM_OK;
}
