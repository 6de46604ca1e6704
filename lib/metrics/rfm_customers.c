/* From the state to the customers of a window: their words, then R, F and M in canonical order. */
#include "metrics/rfm_internal.h"

#include "core/sort.h"
#include "stats/ratio.h"

/* Units a piece of parallel work holds. */
#define PIECE ((size_t)1 << 13)

int64_t pdm__rfm_as_of(const pdm__rfm_work *work, int32_t window) {
    const pdm__rfm_window *w = &work->plan->windows[window];
    if (w->has_as_of) return w->as_of;
    if (work->view->time_min > work->view->time_max) return 0;
    int64_t day = pdm_calendar_day(work->plan->calendar, work->view->time_max);
    return pdm_calendar_day_start(work->plan->calendar, day + 1);
}

static bool inside(const pdm__rfm_window *window, int64_t time) {
    return (!window->has_from || time >= window->from) && (!window->has_to || time < window->to);
}

/* ---- grain line: from orders and refunds to words ---- */

typedef struct derive_work {
    pdm__rfm_work *work;
    const pdm__rfm_window *window;
    pdm__rfm_stats stats[PDM__PARTITIONS];
    pdm_status status[PDM__PARTITIONS];
    int32_t window_index;
} derive_work;

typedef struct order_refund {
    int64_t amount;
    int64_t rows;
} order_refund;

static void begin_words(int64_t *words) {
    memset(words, 0, RFM_WORDS * sizeof *words);
    words[RFM_FIRST] = INT64_MAX;
    words[RFM_LAST] = INT64_MIN;
    words[RFM_MAX] = INT64_MIN;
}

static void take_refund(const derive_work *d, const pdm__partition *partition, const int64_t *tuple,
                        order_refund *refunds, int64_t *units, pdm__rfm_stats *stats) {
    const pdm__rfm_plan *plan = d->work->plan;
    uint32_t order = (uint32_t)tuple[0];
    bool known =
        plan->options->refund_cutoff == PDM_RFM_CUTOFF_NONE || !d->window->has_as_of || tuple[1] < d->window->as_of;
    if (!known) {
        stats->late += 1;
        return;
    }
    if (pdm__keymap_words(&partition->levels[1], order)[RFM_ORDER_ROWS] > 0) {
        refunds[order].amount += tuple[2];
        refunds[order].rows += 1;
        return;
    }
    if (!inside(d->window, tuple[1])) {
        stats->rows_outside += 1;
        return;
    }
    stats->unlinked += 1;
    stats->unmatched += tuple[3];
    int64_t *words = units + (size_t)pdm__keymap_key(&partition->levels[1], order).scope * RFM_WORDS;
    words[RFM_REFUNDS] += plan->gross ? 0 : tuple[2];
    words[RFM_NET] -= plan->gross ? 0 : tuple[2];
}

static bool order_counts(const pdm_rfm_options *options, int64_t sale, int64_t net) {
    if (sale == 0) return options->count_zero_orders != 0;
    return options->refund_policy != PDM_RFM_DROP_FULLY_REFUNDED || net > 0;
}

/* Adds an order of the window to its customer. True if it counts. */
static bool take_order(const pdm__rfm_plan *plan, const int64_t *order, const order_refund *refund, int64_t *words) {
    int64_t sale = order[RFM_ORDER_SALE];
    int64_t back = plan->gross ? 0 : refund->amount;
    int64_t net = sale - back;
    int64_t time = order[RFM_ORDER_TIME];
    words[RFM_REFUNDS] += back;
    words[RFM_NET] += net;
    if (!order_counts(plan->options, sale, net)) return false;
    words[RFM_FIRST] = time < words[RFM_FIRST] ? time : words[RFM_FIRST];
    words[RFM_LAST] = time > words[RFM_LAST] ? time : words[RFM_LAST];
    words[RFM_ORDERS] += 1;
    words[RFM_GMV] += sale;
    words[RFM_MAX] = net > words[RFM_MAX] ? net : words[RFM_MAX];
    words[RFM_ROWS] += order[RFM_ORDER_ROWS];
    return true;
}

/* Distinct (unit, day) pairs, counted into the units. */
static pdm_status count_days(pdm__rfm_work *work, pdm__sort_pair *pairs, pdm__sort_pair *scratch, size_t count,
                             int64_t *units) {
    pdm__run solo = {.context = work->run->context, .caller = work->run->caller, .threads = 1};
    PDM__TRY(pdm__sort_pairs(&solo, pairs, scratch, count, NULL));
    for (size_t i = 0; i < count; i++) {
        uint64_t day = pairs[i].key;
        pairs[i].key = pairs[i].index;
        pairs[i].index = day;
    }
    PDM__TRY(pdm__sort_pairs(&solo, pairs, scratch, count, NULL));
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && pairs[i].key == pairs[i - 1].key && pairs[i].index == pairs[i - 1].index) continue;
        units[pairs[i].key * RFM_WORDS + RFM_DAYS] += 1;
    }
    return PDM_OK;
}

static size_t take_orders(derive_work *d, const pdm__partition *partition, const order_refund *refunds, int64_t *units,
                          pdm__sort_pair *days, pdm__rfm_stats *stats) {
    const pdm__rfm_plan *plan = d->work->plan;
    const pdm__keymap *orders = &partition->levels[1];
    size_t found = 0;
    for (uint32_t id = 0; id < orders->count; id++) {
        const int64_t *order = pdm__keymap_words(orders, id);
        if (order[RFM_ORDER_ROWS] == 0) continue; /* only aimed at: its refunds were unlinked */
        if (!inside(d->window, order[RFM_ORDER_TIME])) {
            stats->rows_outside += order[RFM_ORDER_ROWS] + refunds[id].rows;
            continue;
        }
        stats->linked += refunds[id].rows;
        uint32_t unit = pdm__keymap_key(orders, id).scope;
        bool counts = take_order(plan, order, &refunds[id], units + (size_t)unit * RFM_WORDS);
        if (!counts || days == NULL) continue;
        days[found].key = pdm__sort_key_i64(pdm_calendar_day(plan->calendar, order[RFM_ORDER_TIME]));
        days[found++].index = unit;
    }
    return found;
}

static void derive_line(void *argument, size_t p) {
    derive_work *d = argument;
    pdm__rfm_work *work = d->work;
    pdm_context *context = work->view->store->context;
    const pdm__partition *partition = &work->view->store->partitions[p];
    int64_t *units = work->derived + work->unit_start[p] * RFM_WORDS;
    size_t orders = partition->levels[1].count;
    bool days = work->plan->needs_days;
    order_refund *refunds = NULL;
    pdm__sort_pair *pairs = NULL;
    pdm__sort_pair *scratch = NULL;
    pdm_status status = pdm__new_zero(context, orders, sizeof *refunds, &refunds, NULL);
    if (status == PDM_OK && days) status = pdm__new(context, orders, sizeof *pairs, &pairs, NULL);
    if (status == PDM_OK && days) status = pdm__new(context, orders, sizeof *scratch, &scratch, NULL);
    if (status == PDM_OK) {
        for (uint32_t u = 0; u < partition->levels[0].count; u++) begin_words(units + (size_t)u * RFM_WORDS);
        const pdm__journal *journal = &partition->journals[0];
        for (size_t i = 0; i < journal->count; i++) {
            take_refund(d, partition, journal->words + 4 * i, refunds, units, &d->stats[p]);
        }
        size_t found = take_orders(d, partition, refunds, units, pairs, &d->stats[p]);
        if (days) status = count_days(work, pairs, scratch, found, units);
    }
    pdm__drop(context, refunds, orders, sizeof *refunds);
    pdm__drop(context, pairs, orders, sizeof *pairs);
    pdm__drop(context, scratch, orders, sizeof *scratch);
    d->status[p] = status;
}

/* ---- grain order: copies the window's words where days must be counted ---- */

static void derive_order(void *argument, size_t p) {
    derive_work *d = argument;
    pdm__rfm_work *work = d->work;
    const pdm__partition *partition = &work->view->store->partitions[p];
    const pdm__level *level = &work->view->store->schema.levels[0];
    int64_t *units = work->derived + work->unit_start[p] * RFM_WORDS;
    for (uint32_t u = 0; u < partition->levels[0].count; u++, units += RFM_WORDS) {
        const int64_t *from = pdm__keymap_words(&partition->levels[0], u) + d->window_index * level->field_count;
        begin_words(units);
        memcpy(units, from, (size_t)level->field_count * sizeof *units);
        units[RFM_NET] = units[RFM_GMV] - units[RFM_REFUNDS];
        units[RFM_ROWS] = units[RFM_ORDERS];
    }
    units = work->derived + work->unit_start[p] * RFM_WORDS;
    const pdm__keymap *days = &partition->levels[1];
    for (uint32_t id = 0; id < days->count; id++) {
        if (pdm__keymap_words(days, id)[d->window_index] == 0) continue;
        units[(size_t)pdm__keymap_key(days, id).scope * RFM_WORDS + RFM_DAYS] += 1;
    }
    d->status[p] = PDM_OK;
}

static void counted_stats(const pdm__rfm_work *work, int32_t window, pdm__rfm_stats *stats) {
    stats->rows_outside = pdm__store_counter(work->view->store, RFM_COUNTERS * window + RFM_COUNT_OUTSIDE);
    stats->late = pdm__store_counter(work->view->store, RFM_COUNTERS * window + RFM_COUNT_LATE);
    stats->unlinked = pdm__store_counter(work->view->store, RFM_COUNTERS * window + RFM_COUNT_UNLINKED);
}

pdm_status pdm__rfm_derive(pdm__rfm_work *work, int32_t window, pdm__rfm_stats *stats, pdm_error *err) {
    memset(stats, 0, sizeof *stats);
    if (!work->plan->line) counted_stats(work, window, stats);
    if (!pdm__rfm_derives(work->plan)) return PDM_OK;
    if (work->derived == NULL) {
        PDM__TRY(
            pdm__new(work->view->store->context, work->units * RFM_WORDS, sizeof *work->derived, &work->derived, err));
    }
    derive_work *d = NULL;
    PDM__TRY(pdm__new_zero(work->view->store->context, 1, sizeof *d, &d, err));
    d->work = work;
    d->window = &work->plan->windows[window];
    d->window_index = window;
    pdm__run_parallel(work->run, PDM__PARTITIONS, work->plan->line ? derive_line : derive_order, d);
    pdm_status status = PDM_OK;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        if (d->status[p] != PDM_OK)
            status = pdm__fail(err, d->status[p], -1, NULL, "out of memory for the orders of a window");
        stats->rows_outside += d->stats[p].rows_outside;
        stats->linked += d->stats[p].linked;
        stats->unlinked += d->stats[p].unlinked;
        stats->unmatched += d->stats[p].unmatched;
        stats->late += d->stats[p].late;
    }
    pdm__drop(work->view->store->context, d, 1, sizeof *d);
    return status;
}

/* ---- customers ---- */

typedef struct customer {
    const int64_t *words;
    int64_t net;
    int64_t rows;
    int64_t days;
} customer;

static customer customer_of(const pdm__rfm_work *work, const int64_t *words) {
    customer c = {.words = words};
    if (work->derived != NULL) {
        c.net = words[RFM_NET];
        c.rows = words[RFM_ROWS];
        c.days = words[RFM_DAYS];
        return c;
    }
    c.net = words[RFM_GMV] - words[RFM_REFUNDS];
    c.rows = words[RFM_ORDERS];
    return c;
}

/* Whether words are made for each window, or read where the state keeps them. */
bool pdm__rfm_derives(const pdm__rfm_plan *plan) { return plan->line || plan->needs_days; }

const int64_t *pdm__rfm_unit_words(const pdm__rfm_work *work, int32_t window, size_t position) {
    const pdm__store *store = work->view->store;
    if (work->entries != NULL) {
        const uint8_t *words = work->entries[position] + store->partitions[0].levels[0].header;
        return (const int64_t *)(const void *)words + window * store->schema.levels[0].field_count;
    }
    pdm__entry_ref ref = work->order[position];
    return work->derived + (work->unit_start[ref.partition] + ref.id) * RFM_WORDS;
}

pdm__key pdm__rfm_unit_key(const pdm__rfm_work *work, size_t position) {
    const pdm__store *store = work->view->store;
    if (work->entries != NULL) return pdm__keymap_key_at(&store->partitions[0].levels[0], work->entries[position]);
    return pdm__store_key(store, 0, work->order[position]);
}

static int64_t frequency_of(const pdm_rfm_options *options, const customer *c) {
    switch (options->f_basis) {
    case PDM_RFM_F_DAYS: return c->days;
    case PDM_RFM_F_ROWS: return c->rows;
    case PDM_RFM_F_REPEAT: return c->words[RFM_ORDERS] - 1;
    default: return c->words[RFM_ORDERS];
    }
}

static int64_t monetary_of(const pdm_rfm_options *options, const customer *c, int64_t frequency) {
    switch (options->m_basis) {
    case PDM_RFM_M_GROSS_SUM: return c->words[RFM_GMV];
    case PDM_RFM_M_NET_MEAN: return pdm__divide_half_even(c->net, frequency);
    case PDM_RFM_M_NET_MAX: return c->words[RFM_MAX];
    default: return c->net;
    }
}

size_t pdm__rfm_pieces(const pdm__rfm_work *work) { return (work->units + PIECE - 1) / PIECE; }

typedef struct collect_work {
    pdm__rfm_work *work;
    int32_t window;
    int64_t last_day; /* from which recency counts */
    size_t *starts;   /* per piece: where its customers begin */
    pdm__rfm_stats stats[PDM__PARTITIONS];
    pdm__rfm_population *population;
    int64_t *columns[16]; /* of 64 bits, in the table */
    int32_t *windows;
    int32_t *recency;
} collect_work;

static void ahead(const pdm__rfm_work *work, size_t i, size_t end) {
    if (i >= end) return;
    if (work->entries != NULL) {
        __builtin_prefetch(work->entries[i]);
        __builtin_prefetch(work->entries[i] + 47);
        return;
    }
    __builtin_prefetch(pdm__rfm_unit_words(work, 0, i));
}

enum {
    COL_WINDOW,
    COL_CUSTOMER,
    COL_RECENCY,
    COL_FREQUENCY,
    COL_MONETARY,
    COL_FIRST,
    COL_LAST,
    COL_ORDERS,
    COL_GMV,
    COL_REFUNDS,
    COL_NET
};

/* The usual calendar has one offset; then the day is a division by a constant. */
static int64_t day_of(const pdm_calendar *calendar, int64_t time) {
    const int64_t day = INT64_C(86400000000);
    int64_t local = 0;
    if (calendar->change_count > 0 || __builtin_add_overflow(time, calendar->utc_offset_s * INT64_C(1000000), &local)) {
        return pdm_calendar_day(calendar, time);
    }
    return local / day - (local % day < 0);
}

static void fill_piece(void *argument, size_t piece) {
    collect_work *c = argument;
    const pdm__rfm_work *work = c->work;
    const pdm__rfm_population *population = c->population;
    const pdm_rfm_options *options = work->plan->options;
    size_t end = (piece + 1) * PIECE < work->units ? (piece + 1) * PIECE : work->units;
    size_t at = c->starts[piece];
    size_t row = (size_t)population->first_row + at;
    bool text = work->view->store->schema.levels[0].key_kind == PDM__KEY_TEXT;
    int64_t *ids = text ? NULL : c->columns[COL_CUSTOMER];
    for (size_t i = piece * PIECE; i < end; i++) {
        ahead(work, i + 32, end);
        customer one = customer_of(work, pdm__rfm_unit_words(work, c->window, i));
        if (one.words[RFM_ORDERS] == 0) continue;
        int64_t frequency = frequency_of(options, &one);
        int64_t monetary = monetary_of(options, &one, frequency);
        int64_t recency = c->last_day - day_of(work->plan->calendar, one.words[RFM_LAST]);
        population->position[at] = (uint32_t)i;
        population->values[0][at] = recency;
        population->values[1][at] = frequency;
        population->values[2][at] = monetary;
        if (ids != NULL) ids[row] = (int64_t)pdm__rfm_unit_key(work, i).word;
        c->windows[row] = c->window;
        c->recency[row] = (int32_t)recency;
        c->columns[COL_FIRST][row] = one.words[RFM_FIRST];
        c->columns[COL_LAST][row] = one.words[RFM_LAST];
        c->columns[COL_ORDERS][row] = one.words[RFM_ORDERS];
        c->columns[COL_GMV][row] = one.words[RFM_GMV];
        c->columns[COL_REFUNDS][row] = one.words[RFM_REFUNDS];
        c->columns[COL_NET][row] = one.net;
        at++;
        row++;
    }
}

static pdm_status put_text_ids(const pdm__rfm_work *work, const pdm__rfm_population *population, pdm_error *err) {
    size_t bytes = 0;
    for (size_t i = 0; i < population->count; i++) {
        bytes += pdm__rfm_unit_key(work, population->position[i]).length;
    }
    PDM__TRY(pdm__table_reserve_text(population->table, COL_CUSTOMER, bytes, err));
    for (size_t i = 0; i < population->count; i++) {
        pdm__key key = pdm__rfm_unit_key(work, population->position[i]);
        PDM__TRY(pdm__table_put_text(population->table, COL_CUSTOMER, population->first_row + (int64_t)i,
                                     (const char *)key.bytes, key.length, err));
    }
    return PDM_OK;
}

/* Units of a partition without a counted order; few or none as a rule, and found without the canonical order's jumps. */
static void count_partition(void *argument, size_t p) {
    collect_work *c = argument;
    const pdm__rfm_work *work = c->work;
    const pdm__keymap *units = &work->view->store->partitions[p].levels[0];
    int32_t fields = work->view->store->schema.levels[0].field_count;
    const int64_t *derived = work->derived == NULL ? NULL : work->derived + work->unit_start[p] * RFM_WORDS;
    for (uint32_t u = 0; u < units->count; u++) {
        const int64_t *words =
            derived != NULL ? derived + (size_t)u * RFM_WORDS : pdm__keymap_words(units, u) + c->window * fields;
        customer one = customer_of(work, words);
        if (one.words[RFM_ORDERS] > 0) continue;
        c->stats[p].customers_without_order += 1;
        c->stats[p].money_without_order += one.net;
    }
}

static void count_piece(void *argument, size_t piece) {
    collect_work *c = argument;
    const pdm__rfm_work *work = c->work;
    size_t end = (piece + 1) * PIECE < work->units ? (piece + 1) * PIECE : work->units;
    for (size_t i = piece * PIECE; i < end; i++) {
        ahead(work, i + 32, end);
        c->starts[piece] += pdm__rfm_unit_words(work, c->window, i)[RFM_ORDERS] > 0;
    }
}

/* Where each piece's customers begin among all. */
static void place_pieces(collect_work *c, size_t without) {
    size_t pieces = pdm__rfm_pieces(c->work);
    if (without == 0) {
        for (size_t piece = 0; piece < pieces; piece++) c->starts[piece] = piece * PIECE;
        return;
    }
    pdm__run_parallel(c->work->run, pieces, count_piece, c);
    size_t at = 0;
    for (size_t piece = 0; piece < pieces; piece++) {
        size_t kept = c->starts[piece];
        c->starts[piece] = at;
        at += kept;
    }
}

pdm_status pdm__rfm_count(pdm__rfm_work *work, int32_t window, pdm__rfm_stats *stats, pdm_error *err) {
    pdm__rfm_population *population = &work->populations[window];
    collect_work *c = NULL;
    PDM__TRY(pdm__new_zero(work->context, pdm__rfm_pieces(work), sizeof *population->starts, &population->starts, err));
    PDM__TRY(pdm__new_zero(work->context, 1, sizeof *c, &c, err));
    c->work = work;
    c->window = window;
    c->starts = population->starts;
    pdm__run_parallel(work->run, PDM__PARTITIONS, count_partition, c);
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        stats->customers_without_order += c->stats[p].customers_without_order;
        stats->money_without_order += c->stats[p].money_without_order;
    }
    place_pieces(c, (size_t)stats->customers_without_order);
    population->count = work->units - (size_t)stats->customers_without_order;
    pdm__drop(work->context, c, 1, sizeof *c);
    return PDM_OK;
}

/* R counts from the day of as_of, or of the last µs before it. */
static int64_t recency_day(const pdm__rfm_work *work, int32_t window) {
    int64_t as_of = pdm__rfm_as_of(work, window);
    bool last = work->plan->options->r_base == PDM_RFM_LAST_DAY && as_of > INT64_MIN;
    return pdm_calendar_day(work->plan->calendar, last ? as_of - 1 : as_of);
}

static pdm_status fill_customers(collect_work *c, pdm_error *err) {
    pdm__rfm_work *work = c->work;
    pdm__rfm_population *population = c->population;
    pdm_context *context = work->view->store->context;
    pdm_table *table = population->table;
    /* F and M are columns of the table; R there has 32 bits and is copied. */
    PDM__TRY(pdm__new(context, population->count, sizeof *population->position, &population->position, err));
    PDM__TRY(pdm__new(context, population->count, sizeof *population->values[0], &population->values[0], err));
    population->values[1] = pdm__table_i64(table, COL_FREQUENCY) + population->first_row;
    population->values[2] = pdm__table_i64(table, COL_MONETARY) + population->first_row;
    for (int32_t i = COL_CUSTOMER; i <= COL_NET; i++) c->columns[i] = pdm__table_i64(table, i);
    c->windows = pdm__table_i32(table, COL_WINDOW);
    c->recency = pdm__table_i32(table, COL_RECENCY);
    population->as_of = pdm__rfm_as_of(work, c->window);
    c->last_day = recency_day(work, c->window);
    pdm__run_parallel(work->run, pdm__rfm_pieces(work), fill_piece, c);
    if (work->view->store->schema.levels[0].key_kind != PDM__KEY_TEXT) return PDM_OK;
    return put_text_ids(work, population, err);
}

pdm_status pdm__rfm_fill(pdm__rfm_work *work, int32_t window, pdm_error *err) {
    collect_work *c = NULL;
    PDM__TRY(pdm__new_zero(work->context, 1, sizeof *c, &c, err));
    c->work = work;
    c->window = window;
    c->population = &work->populations[window];
    c->starts = c->population->starts;
    pdm_status status = fill_customers(c, err);
    pdm__drop(work->context, c, 1, sizeof *c);
    return status;
}
