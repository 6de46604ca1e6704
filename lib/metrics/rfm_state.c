/* RFM's state: which rows matter, what is kept of them. */
#include "metrics/rfm_internal.h"

/* ---- schema ---- */

static const pdm__field window_fields[] = {
    [RFM_FIRST] = {.name = "first", .merge = PDM__MIN, .identity = INT64_MAX},
    [RFM_LAST] = {.name = "last", .merge = PDM__MAX, .identity = INT64_MIN},
    [RFM_ORDERS] = {.name = "orders", .merge = PDM__SUM_COUNT},
    [RFM_GMV] = {.name = "gmv", .merge = PDM__SUM_MONEY},
    [RFM_REFUNDS] = {.name = "refunds", .merge = PDM__SUM_MONEY},
    [RFM_MAX] = {.name = "max", .merge = PDM__MAX, .identity = INT64_MIN},
};

static const pdm__field day_fields[] = {{.name = "counted", .merge = PDM__OR}};

static const pdm__field order_fields[] = {
    [RFM_ORDER_TIME] = {.name = "time", .merge = PDM__MIN, .identity = INT64_MAX},
    [RFM_ORDER_SALE] = {.name = "sale", .merge = PDM__SUM_MONEY},
    [RFM_ORDER_ROWS] = {.name = "rows", .merge = PDM__SUM_COUNT},
};

static const pdm__field refund_words[] = {
    {.name = "time", .merge = PDM__FREE},
    {.name = "amount", .merge = PDM__SUM_MONEY},
    {.name = "explicit", .merge = PDM__SUM_COUNT},
};

static bool inside(const pdm__rfm_window *window, int64_t time) {
    return (!window->has_from || time >= window->from) && (!window->has_to || time < window->to);
}

/* ---- grain order: three words a record: customer, time, amount (and the day, if days are counted) ---- */

static inline void step_sale(int64_t *words, const pdm__rfm_plan *plan, int64_t time, int64_t amount) {
    words[RFM_FIRST] = time < words[RFM_FIRST] ? time : words[RFM_FIRST];
    words[RFM_LAST] = time > words[RFM_LAST] ? time : words[RFM_LAST];
    words[RFM_ORDERS] += 1;
    words[RFM_GMV] += amount;
    if (plan->needs_max) words[RFM_MAX] = amount > words[RFM_MAX] ? amount : words[RFM_MAX];
}

/* Whether the refund is known and in the window; counts it if it is not. */
static bool refund_counts(const pdm__rfm_plan *plan, const pdm__rfm_window *window, int64_t time, int64_t *counters) {
    if (plan->options->refund_cutoff == PDM_RFM_CUTOFF_AS_OF && window->has_as_of && time >= window->as_of) {
        counters[RFM_COUNT_LATE] += 1;
        return false;
    }
    if (inside(window, time)) return true;
    counters[RFM_COUNT_OUTSIDE] += 1;
    return false;
}

static void step_window(const pdm__rfm_plan *plan, const pdm__rfm_window *window, int64_t *words, int64_t *counters,
                        int64_t time, int64_t amount) {
    if (amount < 0) {
        if (!refund_counts(plan, window, time, counters)) return;
        words[RFM_REFUNDS] -= plan->gross ? 0 : amount;
        counters[RFM_COUNT_UNLINKED] += 1;
        return;
    }
    if (!inside(window, time)) {
        counters[RFM_COUNT_OUTSIDE] += 1;
    } else if (amount > 0 || plan->options->count_zero_orders != 0) {
        step_sale(words, plan, time, amount);
    }
}

static void step_order_windows(const pdm__step_args *args) {
    const pdm__rfm_plan *plan = args->schema->plan;
    const pdm__level *level = &args->schema->levels[0];
    size_t stride = (size_t)args->schema->record_words;
    for (size_t i = 0; i < args->count; i++) {
        const uint64_t *own = args->records + i * stride + args->schema->own_at;
        int64_t time = (int64_t)own[0];
        int64_t amount = (int64_t)own[1];
        int64_t *words = args->units[i];
        int64_t *counters = args->partition->counters;
        bool counted = amount > 0 || (amount == 0 && plan->options->count_zero_orders != 0);
        for (int32_t w = 0; w < plan->stored_windows; w++, words += level->field_count, counters += RFM_COUNTERS) {
            step_window(plan, &plan->windows[w], words, counters, time, amount);
            if (args->parts == NULL || !counted || !inside(&plan->windows[w], time)) continue;
            pdm__keymap_words(&args->partition->levels[1], args->parts[i])[w] = 1;
        }
    }
}

/* One window over all of time, known to its end: the usual case, without the questions. */
static void step_order_plain(const pdm__step_args *args) {
    const pdm__rfm_plan *plan = args->schema->plan;
    size_t stride = (size_t)args->schema->record_words;
    int64_t least = plan->options->count_zero_orders != 0 ? 0 : 1;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t time = (int64_t)own[0];
        int64_t amount = (int64_t)own[1];
        int64_t *words = args->units[i];
        if (amount >= least) {
            step_sale(words, plan, time, amount);
        } else if (amount < 0) {
            words[RFM_REFUNDS] -= plan->gross ? 0 : amount;
            args->partition->counters[RFM_COUNT_UNLINKED] += 1;
        }
    }
}

/* ---- grain line: the order a row is aimed at is level 1; refunds go to the journal ---- */

static void step_line(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    pdm__journal *refunds = &args->partition->journals[0];
    for (size_t i = 0; i < args->count; i++) {
        const uint64_t *own = args->records + i * stride + args->schema->own_at;
        int64_t time = (int64_t)own[0];
        int64_t amount = (int64_t)own[1];
        if (amount < 0) {
            int64_t *tuple = refunds->words + refunds->count * 4;
            tuple[0] = (int64_t)args->parts[i];
            tuple[1] = time;
            tuple[2] = -amount;
            tuple[3] = (int64_t)own[2];
            refunds->count++;
            continue;
        }
        int64_t *words = pdm__keymap_words(&args->partition->levels[1], args->parts[i]);
        words[RFM_ORDER_TIME] = time < words[RFM_ORDER_TIME] ? time : words[RFM_ORDER_TIME];
        words[RFM_ORDER_SALE] += amount;
        words[RFM_ORDER_ROWS] += 1;
    }
}

/* ---- rows to records ---- */

/* Hands the unit's key on. Texts: hash (made later), pointer, length. */
static void put_unit(const pdm__block *block, pdm__records *out) {
    const pdm__cells *customer = &block->cells[RFM_CUSTOMER];
    if (customer->lengths == NULL) {
        out->columns[0] = customer->words;
        return;
    }
    out->columns[1] = customer->words;
    out->columns[2] = customer->lengths;
}

static void select_order(const pdm__plan *plan, const pdm__block *block, pdm__records *out) {
    const pdm__rfm_plan *rfm = plan->own;
    put_unit(block, out);
    int32_t at = block->cells[RFM_CUSTOMER].lengths == NULL ? 1 : 3;
    const uint64_t *times = block->cells[RFM_TIME].words;
    const uint64_t *amounts = block->cells[RFM_AMOUNT].words;
    if (rfm->needs_days) {
        int64_t least = rfm->options->count_zero_orders != 0 ? 0 : 1;
        for (size_t i = 0; i < block->rows; i++) {
            out->scratch[at][i] = (int64_t)amounts[i] >= least;
            out->scratch[at + 1][i] = (uint64_t)pdm_calendar_day(rfm->calendar, (int64_t)times[i]);
        }
        at += 2;
    }
    out->columns[at] = times;
    out->columns[at + 1] = amounts;
    out->count = block->rows;
}

/* A refund is aimed at original_order_id if that is given, anything else at the order it stands in. */
static void select_line(const pdm__plan *plan, const pdm__block *block, pdm__records *out) {
    (void)plan;
    put_unit(block, out);
    int32_t at = block->cells[RFM_CUSTOMER].lengths == NULL ? 1 : 3;
    const pdm__cells *order = &block->cells[RFM_ORDER];
    const pdm__cells *original = &block->cells[RFM_ORIGINAL];
    const uint64_t *amounts = block->cells[RFM_AMOUNT].words;
    bool text = order->lengths != NULL;
    int32_t own = at + (text ? 3 : 2);
    for (size_t i = 0; i < block->rows; i++) {
        bool aimed =
            (int64_t)amounts[i] < 0 && original->present && (original->valid == NULL || original->valid[i] != 0);
        const pdm__cells *target = aimed ? original : order;
        out->scratch[at][i] = 1;
        out->scratch[at + 1][i] = target->words[i];
        if (text) out->scratch[at + 2][i] = target->lengths[i];
        out->scratch[own + 2][i] = aimed;
    }
    out->columns[own] = block->cells[RFM_TIME].words;
    out->columns[own + 1] = amounts;
    out->count = block->rows;
}

pdm_status pdm__rfm_select(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__rfm_plan *rfm = plan->own;
    (void)err;
    if (rfm->line) {
        select_line(plan, block, out);
    } else {
        select_order(plan, block, out);
    }
    return PDM_OK;
}

/* ---- preparing ---- */

static void line_schema(pdm__plan *plan) {
    pdm__schema *schema = &plan->schema;
    plan->use[RFM_ORDER] = PDM__REQUIRED;
    plan->use[RFM_ORIGINAL] = PDM__OPTIONAL;
    plan->part_column = RFM_ORDER;
    plan->part_column_too = RFM_ORIGINAL;
    schema->levels[0] = (pdm__level){.name = "customers", .repeat = 1};
    schema->levels[1] =
        (pdm__level){.name = "orders", .fields = order_fields, .field_count = RFM_ORDER_WORDS, .repeat = 1};
    schema->level_count = 2;
    schema->journals[0] = (pdm__journal_info){
        .name = "refunds", .words = refund_words, .word_count = PDM__COUNT(refund_words), .level = 1};
    schema->journal_count = 1;
    schema->own_words = 3;
    schema->step = step_line;
}

static void order_schema(const pdm__rfm_plan *rfm, pdm__plan *plan) {
    pdm__schema *schema = &plan->schema;
    int32_t fields = RFM_BASE_WORDS + (rfm->needs_max ? 1 : 0);
    schema->levels[0] = (pdm__level){
        .name = "customers", .fields = window_fields, .field_count = fields, .repeat = rfm->stored_windows};
    schema->level_count = 1;
    schema->counter_count = RFM_COUNTERS * rfm->stored_windows;
    schema->own_words = 2;
    const pdm__rfm_window *window = &rfm->windows[0];
    bool plain =
        rfm->stored_windows == 1 && !window->has_from && !window->has_to && !window->has_as_of && !rfm->needs_days;
    schema->step = plain ? step_order_plain : step_order_windows;
    if (!rfm->needs_days) return;
    schema->levels[1] = (pdm__level){.name = "days",
                                     .fields = day_fields,
                                     .field_count = 1,
                                     .repeat = rfm->stored_windows,
                                     .key_kind = PDM__KEY_INT};
    schema->level_count = 2;
}

pdm_status pdm__rfm_prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_rfm_options *options = setup->options;
    plan->own_size = pdm__rfm_plan_size(setup);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__rfm_plan *rfm = plan->own;
    PDM__TRY(pdm__rfm_plan_make(setup, rfm, err));
    plan->unit_column = RFM_CUSTOMER;
    plan->use[RFM_CUSTOMER] = PDM__REQUIRED;
    plan->use[RFM_TIME] = PDM__REQUIRED;
    plan->use[RFM_AMOUNT] = PDM__REQUIRED;
    plan->use[RFM_EVENT_ID] = options->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    if (rfm->line) {
        line_schema(plan);
    } else {
        order_schema(rfm, plan);
    }
    return PDM_OK;
}
