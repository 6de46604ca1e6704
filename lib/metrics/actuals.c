/*
 * Actuals: sales and refunds per period, channel and segment.
 *
 * Without dedupe a unit of the store is a place (period, channel, segment) with its sums. With dedupe order_id the units are orders, and
 * their parts are what rows claim of them: (kind, place) with the least and the largest amount; only a result can tell which claims hold.
 */
#include "core/common_options.h"
#include "metrics/actuals_internal.h"
#include "metrics/registry.h"

#include <inttypes.h>

enum {
    ACTUALS_PERIOD,
    ACTUALS_TIME,
    ACTUALS_CHANNEL,
    ACTUALS_SEGMENT,
    ACTUALS_KIND,
    ACTUALS_AMOUNT,
    ACTUALS_ORDER,
};

static const pdm_column_info columns[] = {
    [ACTUALS_PERIOD] = {.name = "period",
                        .role = PDM_ROLE_KEY,
                        .unit = "",
                        .doc = "Period of the row, under whatever name; required unless calendar_period is set."},
    [ACTUALS_TIME] = {.name = "time",
                      .role = PDM_ROLE_TIME,
                      .unit = "µs",
                      .doc = "When it was sold or refunded; required where calendar_period is set."},
    [ACTUALS_CHANNEL] = {.name = "channel",
                         .role = PDM_ROLE_KEY,
                         .unit = "",
                         .doc = "Channel; a batch without the column has null in its place."},
    [ACTUALS_SEGMENT] = {.name = "segment",
                         .role = PDM_ROLE_KEY,
                         .unit = "",
                         .doc = "Segment; a batch without the column has null in its place."},
    [ACTUALS_KIND] = {.name = "kind",
                      .role = PDM_ROLE_TEXT,
                      .unit = "",
                      .doc = "gmv or refund; a batch without the column is all gmv."},
    [ACTUALS_AMOUNT] = {.name = "amount",
                        .role = PDM_ROLE_MONEY,
                        .required = 1,
                        .unit = "minor units",
                        .doc = "What was sold or given back, 0 or more."},
    [ACTUALS_ORDER] = {.name = "order_id",
                       .role = PDM_ROLE_KEY,
                       .unit = "",
                       .doc = "Order; required for dedupe order_id."},
};

static const char *const dedupe_values[] = {"none", "order_id", NULL};
static const char *const period_values[] = {"none", "hour", "day", "week", "month", "quarter", "year", NULL};
const char *const pdm__actuals_kinds[] = {"gmv", "refund"};

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_actuals_options),
    PDM__OPTION_ENUM(pdm_actuals_options, dedupe, dedupe_values,
                     "All rows add up; or an order counts with one sale and one refund, and one that has different "
                     "amounts or places is a conflict: listed and left out."),
    PDM__OPTION_ENUM(pdm_actuals_options, calendar_period, period_values,
                     "Period of column time by the calendar; none: column period says it."),
    PDM__OPTION_NAIVE_TIME(pdm_actuals_options),
    PDM__OPTION_CURRENCY_EXPONENT(pdm_actuals_options),
};

/* ---- state ---- */

static const pdm__field place_fields[] = {
    [ACTUALS_GMV] = {.name = "gmv", .merge = PDM__SUM_MONEY},
    [ACTUALS_REFUNDED] = {.name = "refund", .merge = PDM__SUM_MONEY},
    [ACTUALS_SALES] = {.name = "sales", .merge = PDM__SUM_COUNT},
    [ACTUALS_REFUNDS] = {.name = "refunds", .merge = PDM__SUM_COUNT},
};

static const pdm__field claim_fields[] = {
    [ACTUALS_LEAST] = {.name = "amount_min", .merge = PDM__MIN, .identity = INT64_MAX},
    [ACTUALS_MOST] = {.name = "amount_max", .merge = PDM__MAX, .identity = INT64_MIN},
    [ACTUALS_ROWS] = {.name = "rows", .merge = PDM__SUM_COUNT},
};

static void step_places(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        args->units[i][own[1] == ACTUALS_REFUND ? ACTUALS_REFUNDED : ACTUALS_GMV] += (int64_t)own[0];
        args->units[i][own[1] == ACTUALS_REFUND ? ACTUALS_REFUNDS : ACTUALS_SALES] += 1;
    }
}

static void step_claims(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *words = pdm__keymap_words(&args->partition->levels[1], args->parts[i]);
        int64_t amount = (int64_t)own[0];
        words[ACTUALS_LEAST] = amount < words[ACTUALS_LEAST] ? amount : words[ACTUALS_LEAST];
        words[ACTUALS_MOST] = amount > words[ACTUALS_MOST] ? amount : words[ACTUALS_MOST];
        words[ACTUALS_ROWS] += 1;
    }
}

static void describe_places(pdm__schema *schema) {
    schema->levels[0] = (pdm__level){.name = "places",
                                     .fields = place_fields,
                                     .field_count = PDM__COUNT(place_fields),
                                     .repeat = 1,
                                     .key_kind = PDM__KEY_BYTES};
    schema->level_count = 1;
    schema->own_words = 2;
    schema->step = step_places;
}

static void describe_claims(pdm__schema *schema) {
    schema->levels[0] = (pdm__level){.name = "orders", .repeat = 1};
    schema->levels[1] = (pdm__level){.name = "claims",
                                     .fields = claim_fields,
                                     .field_count = PDM__COUNT(claim_fields),
                                     .repeat = 1,
                                     .key_kind = PDM__KEY_BYTES};
    schema->level_count = 2;
    schema->own_words = 1;
    schema->step = step_claims;
}

static pdm_status prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_actuals_options *chosen = setup->options;
    plan->own_size = sizeof(pdm__actuals_plan);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__actuals_plan *mine = plan->own;
    mine->calendar = setup->calendar;
    mine->by_order = chosen->dedupe == PDM_ACTUALS_DEDUPE_ORDER_ID;
    mine->by_calendar = chosen->calendar_period != PDM_ACTUALS_NONE;
    if (mine->by_calendar) mine->period = (pdm_period)(chosen->calendar_period - PDM_ACTUALS_HOUR);
    plan->unit_column = mine->by_order ? ACTUALS_ORDER : -1;
    plan->use[ACTUALS_PERIOD] = mine->by_calendar ? PDM__UNUSED : PDM__REQUIRED;
    plan->use[ACTUALS_TIME] = mine->by_calendar ? PDM__REQUIRED : PDM__UNUSED;
    plan->use[ACTUALS_CHANNEL] = PDM__OPTIONAL;
    plan->use[ACTUALS_SEGMENT] = PDM__OPTIONAL;
    plan->use[ACTUALS_KIND] = PDM__OPTIONAL;
    plan->use[ACTUALS_AMOUNT] = PDM__REQUIRED;
    plan->use[ACTUALS_ORDER] = mine->by_order ? PDM__REQUIRED : PDM__UNUSED;
    if (mine->by_order) {
        describe_claims(&plan->schema);
    } else {
        describe_places(&plan->schema);
    }
    return PDM_OK;
}

/* ---- rows to records ---- */

/* ACTUALS_SALE or ACTUALS_REFUND, −1 for anything else. */
static int32_t kind_of(const pdm__cells *cells, size_t row) {
    if (!cells->present) return ACTUALS_SALE;
    for (int32_t kind = ACTUALS_SALE; kind <= ACTUALS_REFUND; kind++) {
        size_t length = strlen(pdm__actuals_kinds[kind]);
        if (cells->lengths != NULL && cells->lengths[row] == length &&
            memcmp(pdm__pointer_of(cells->words[row]), pdm__actuals_kinds[kind], length) == 0)
            return kind;
    }
    return -1;
}

static pdm_status check_row(const pdm__block *block, size_t r, pdm_error *err) {
    int64_t amount = (int64_t)block->cells[ACTUALS_AMOUNT].words[r];
    int64_t row = pdm__block_row(block, r);
    if (amount < 0)
        return pdm__fail(err, PDM_E_BAD_AMOUNT, row, "amount",
                         "row %" PRId64 ", column \"amount\": %" PRId64
                         "; 0 or more is expected, refunds are rows of kind refund with positive amounts",
                         row, amount);
    if (kind_of(&block->cells[ACTUALS_KIND], r) >= 0) return PDM_OK;
    const pdm__cells *kind = &block->cells[ACTUALS_KIND];
    size_t length = kind->lengths == NULL ? 0 : (size_t)kind->lengths[r];
    return pdm__fail(
        err, PDM_E_BAD_VALUE, row, "kind", "row %" PRId64 ", column \"kind\": \"%.*s\"; gmv or refund is expected", row,
        (int)(length < 40 ? length : 40), length == 0 ? "" : (const char *)pdm__pointer_of(kind->words[r]));
}

static size_t key_size(const pdm__actuals_plan *plan, const pdm__block *block, size_t r) {
    size_t period = plan->by_calendar ? PDM__VALUE_INT_SIZE : pdm__value_size(&block->cells[ACTUALS_PERIOD], r, false);
    return (plan->by_order ? 1 : 0) + period + pdm__value_size(&block->cells[ACTUALS_CHANNEL], r, false) +
           pdm__value_size(&block->cells[ACTUALS_SEGMENT], r, false);
}

static uint8_t *put_key(const pdm__actuals_plan *plan, const pdm__block *block, size_t r, int32_t kind, uint8_t *to) {
    if (plan->by_order) *to++ = (uint8_t)kind;
    if (plan->by_calendar) {
        int64_t time = (int64_t)block->cells[ACTUALS_TIME].words[r];
        to = pdm__value_put_int(pdm_calendar_period(plan->calendar, plan->period, time), to);
    } else {
        to = pdm__value_put(&block->cells[ACTUALS_PERIOD], r, false, to);
    }
    to = pdm__value_put(&block->cells[ACTUALS_CHANNEL], r, false, to);
    return pdm__value_put(&block->cells[ACTUALS_SEGMENT], r, false, to);
}

static pdm_status select_rows(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__actuals_plan *mine = plan->own;
    size_t total = 0;
    for (size_t r = 0; r < block->rows; r++) {
        PDM__TRY(check_row(block, r, err));
        total += key_size(mine, block, r);
    }
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, total, err));
    const pdm__cells *order = &block->cells[ACTUALS_ORDER];
    bool text = order->lengths != NULL;
    int32_t at = !mine->by_order ? 0 : text ? 3 : 1; /* in the hash's place there is nothing, or the mark of a part */
    if (mine->by_order) {
        out->columns[text ? 1 : 0] = order->words;
        if (text) out->columns[2] = order->lengths;
    }
    out->columns[at + 3] = block->cells[ACTUALS_AMOUNT].words;
    uint8_t *to = out->bytes->memory;
    for (size_t r = 0; r < block->rows; r++) {
        int32_t kind = kind_of(&block->cells[ACTUALS_KIND], r);
        uint8_t *end = put_key(mine, block, r, kind, to);
        if (mine->by_order) {
            out->scratch[at][r] = 1;
        } else {
            out->scratch[at + 4][r] = (uint64_t)kind;
        }
        out->scratch[at + 1][r] = pdm__word_of(to);
        out->scratch[at + 2][r] = (uint64_t)(end - to);
        to = end;
    }
    out->count = block->rows;
    return PDM_OK;
}

/* ---- restored states ---- */

bool pdm__actuals_place_read(const uint8_t *bytes, size_t length, pdm__actuals_place *out) {
    const uint8_t *end = bytes + length;
    return pdm__value_read(&bytes, end, &out->period) && pdm__value_read(&bytes, end, &out->channel) &&
           pdm__value_read(&bytes, end, &out->segment) && bytes == end;
}

static pdm_status corrupt(pdm_error *err) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: %s",
                     "amounts of a place that no rows could give");
}

/* Periods are all texts or all numbers, as their column is. */
static bool place_is_good(const pdm__actuals_plan *plan, const uint8_t *bytes, size_t length, int32_t *kind) {
    pdm__actuals_place parts;
    if (!pdm__actuals_place_read(bytes, length, &parts) || parts.period.kind == PDM__VALUE_NONE) return false;
    if (*kind == PDM__VALUE_NONE) *kind = parts.period.kind;
    if ((parts.period.kind == PDM__VALUE_TEXT) != (*kind == PDM__VALUE_TEXT)) return false;
    if (!plan->by_calendar) return true;
    int64_t index = (int64_t)parts.period.word;
    return parts.period.kind == PDM__VALUE_INT &&
           index >= pdm_calendar_period(plan->calendar, plan->period, INT64_MIN) &&
           index <= pdm_calendar_period(plan->calendar, plan->period, INT64_MAX);
}

static bool sums_are_good(const int64_t *words) {
    return words[ACTUALS_GMV] >= 0 && words[ACTUALS_REFUNDED] >= 0 &&
           (words[ACTUALS_GMV] == 0 || words[ACTUALS_SALES] > 0) &&
           (words[ACTUALS_REFUNDED] == 0 || words[ACTUALS_REFUNDS] > 0);
}

static bool claim_is_good(const int64_t *words, pdm__int128 *total) {
    *total += words[ACTUALS_MOST];
    return words[ACTUALS_LEAST] >= 0 && words[ACTUALS_MOST] >= words[ACTUALS_LEAST] && words[ACTUALS_ROWS] > 0 &&
           *total <= INT64_MAX;
}

static pdm_status verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    (void)run;
    const pdm__actuals_plan *mine = plan->own;
    int32_t level = mine->by_order ? 1 : 0;
    int32_t kind = PDM__VALUE_NONE;
    pdm__int128 total = 0;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[level];
        for (uint32_t id = 0; id < map->count; id++) {
            pdm__key key = pdm__keymap_key(map, id);
            const int64_t *words = pdm__keymap_words(map, id);
            if (mine->by_order && (key.length == 0 || *key.bytes > ACTUALS_REFUND)) return corrupt(err);
            size_t skip = mine->by_order ? 1 : 0;
            if (!place_is_good(mine, key.bytes + skip, key.length - skip, &kind)) return corrupt(err);
            if (!(mine->by_order ? claim_is_good(words, &total) : sums_are_good(words))) return corrupt(err);
        }
    }
    return PDM_OK;
}

/* ---- entry ---- */

static const pdm__metric_ops ops = {
    .prepare = prepare, .select = select_rows, .verify = verify, .result = pdm__actuals_result};

const pdm_metric pdm__metric_actuals = {
    .name = "actuals",
    .version = 1,
    .options_size = sizeof(pdm_actuals_options),
    .summary = "What was sold and refunded in every period, channel and segment, ready to be held against targets.",
    .title = "Actuals",
    .title_zh = "实际完成",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .table_count = ACTUALS_TABLES,
    .tables = pdm__actuals_tables,
    .ops = &ops,
};

pdm_status pdm_actuals_create(pdm_context *context, const pdm_actuals_options *given, pdm_state **out, pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_actuals, given, out, err);
}

pdm_status pdm_actuals_compute(pdm_context *context, const pdm_actuals_options *given, const pdm_batch *batch,
                               pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_actuals, given, batch, out, err);
}
