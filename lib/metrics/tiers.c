/* Membership tiers from any value per customer. */
#include "core/common_options.h"
#include "metrics/registry.h"
#include "stats/ratio.h"
#include "stats/tier.h"

#include <pdmetrics/metrics/tiers.h>

enum { TIERS_CUSTOMER, TIERS_VALUE, TIERS_EVENT_ID };
enum { TIERS_LIST };
enum { TIERS_TABLE, TIERS_SEGMENTS, TIERS_CUTS };

static const pdm_column_info columns[] = {
    [TIERS_CUSTOMER] = {.name = "customer_id", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Customer."},
    [TIERS_VALUE] = {.name = "value",
                     .role = PDM_ROLE_MONEY,
                     .required = 1,
                     .unit = "minor units, or any count",
                     .doc = "What the tier is made from; rows of one customer add up."},
    [TIERS_EVENT_ID] = {.name = "event_id",
                        .role = PDM_ROLE_KEY,
                        .unit = "",
                        .doc = "Identity of the row; required for dedupe event_id."},
};

static const char *const method_values[] = {"auto", "cut", "share", NULL};

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_tiers_options),
    PDM__OPTION_DEDUPE(pdm_tiers_options),
    PDM__OPTION_ZERO_DENOMINATOR(pdm_tiers_options),
    PDM__OPTION_ENUM(pdm_tiers_options, method, method_values,
                     "By amounts or by shares of the customers from the top; auto: cut if list tiers has cuts."),
    PDM__OPTION_CURRENCY_EXPONENT(pdm_tiers_options),
};

static const pdm_list_info lists[] = {
    [TIERS_LIST] = {.name = "tiers",
                    .columns = pdm__tier_list_columns,
                    .column_count = PDM__COUNT(pdm__tier_list_columns),
                    .doc = "Tiers with cuts, or with shares (best first); default gold 0.2, silver 0.3, bronze 0.5."},
};

static const pdm_result_column_info tier_columns[] = {
    {.name = "customer_id", .type = PDM_TYPE_NONE, .unit = "", .doc = "Customer, ascending."},
    {.name = "value", .type = PDM_TYPE_INT64, .unit = "minor units", .doc = "Sum of its values."},
    {.name = "tier_id", .type = PDM_TYPE_INT32, .unit = "", .doc = "1 = lowest tier."},
    {.name = "tier", .type = PDM_TYPE_DICTIONARY, .unit = "", .doc = "Its name."},
};

static const pdm_result_column_info segment_columns[] = {
    {.name = "tier_id", .type = PDM_TYPE_INT32, .unit = "", .doc = "1 = lowest tier; null in the total row."},
    {.name = "tier", .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = "Its name; total in the last row."},
    {.name = "tier_zh", .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = "Its Chinese label."},
    {.name = "customers", .type = PDM_TYPE_INT64, .unit = "customers", .doc = "Customers in it."},
    {.name = "share", .type = PDM_TYPE_FLOAT64, .unit = "of customers", .doc = "Share of the customers."},
    {.name = "value", .type = PDM_TYPE_INT64, .unit = "minor units", .doc = "Sum of their values."},
    {.name = "value_share", .type = PDM_TYPE_FLOAT64, .unit = "of value", .doc = "Share of the value."},
    {.name = "mean_value", .type = PDM_TYPE_FLOAT64, .unit = "minor units", .doc = "value / customers."},
    {.name = "min_value", .type = PDM_TYPE_INT64, .unit = "minor units", .doc = "Least value."},
    {.name = "max_value", .type = PDM_TYPE_INT64, .unit = "minor units", .doc = "Largest value."},
};

static const pdm_result_column_info cut_columns[] = {
    {.name = "tier_id", .type = PDM_TYPE_INT32, .unit = "", .doc = "1 = lowest tier."},
    {.name = "tier", .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = "Its name."},
    {.name = "tier_zh", .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = "Its Chinese label."},
    {.name = "cut",
     .type = PDM_TYPE_INT64,
     .unit = "minor units",
     .doc = "Smallest value of the tier: as given, or as found."},
    {.name = "share", .type = PDM_TYPE_FLOAT64, .unit = "of customers", .doc = "Share asked for."},
};

static const pdm_table_info tables[] = {
    [TIERS_TABLE] = {.name = "tiers",
                     .columns = tier_columns,
                     .column_count = PDM__COUNT(tier_columns),
                     .doc = "A customer."},
    [TIERS_SEGMENTS] = {.name = "segments",
                        .columns = segment_columns,
                        .column_count = PDM__COUNT(segment_columns),
                        .doc = "A tier, and their total."},
    [TIERS_CUTS] = {.name = "cuts",
                    .columns = cut_columns,
                    .column_count = PDM__COUNT(cut_columns),
                    .doc = "Where a tier begins."},
};

/* ---- state ---- */

static const pdm__field fields[] = {{.name = "value", .merge = PDM__SUM_MONEY}};

static void step(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        args->units[i][0] += (int64_t)own[0];
    }
}

static pdm_status prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_tiers_options *chosen = setup->options;
    const pdm__list *list = &setup->lists[TIERS_LIST];
    plan->own_size = sizeof(pdm__tier_ladder);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    bool by_cut =
        chosen->method == PDM_TIERS_CUT || (chosen->method == PDM_TIERS_AUTO && pdm__tier_list_has_cuts(list));
    PDM__TRY(pdm__tier_ladder_read(list, by_cut, plan->own, err));
    plan->unit_column = TIERS_CUSTOMER;
    plan->use[TIERS_CUSTOMER] = PDM__REQUIRED;
    plan->use[TIERS_VALUE] = PDM__REQUIRED;
    plan->use[TIERS_EVENT_ID] = chosen->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->schema.levels[0] = (pdm__level){.name = "customers", .fields = fields, .field_count = 1, .repeat = 1};
    plan->schema.level_count = 1;
    plan->schema.own_words = 1;
    plan->schema.step = step;
    return PDM_OK;
}

static pdm_status select_rows(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    (void)plan;
    (void)err;
    const pdm__cells *customer = &block->cells[TIERS_CUSTOMER];
    bool text = customer->lengths != NULL;
    out->columns[text ? 1 : 0] = customer->words;
    if (text) out->columns[2] = customer->lengths;
    out->columns[text ? 3 : 1] = block->cells[TIERS_VALUE].words;
    out->count = block->rows;
    return PDM_OK;
}

/* ---- result ---- */

typedef struct tier_sums {
    int64_t customers;
    int64_t value;
    int64_t least;
    int64_t most;
} tier_sums;

static pdm_status put_segment(pdm_table *table, int64_t row, const pdm__tier_ladder *ladder, const tier_sums *s,
                              const tier_sums *all, bool zero, pdm_error *err) {
    bool total = s == all;
    pdm__table_i32(table, 0)[row] = (int32_t)row + 1;
    if (total) PDM__TRY(pdm__table_set_null(table, 0, row, err));
    PDM__TRY(pdm__table_put_string(table, 1, row, total ? "total" : ladder->names[row], err));
    PDM__TRY(pdm__table_put_string(table, 2, row, total ? "合计" : ladder->names_zh[row], err));
    pdm__table_i64(table, 3)[row] = s->customers;
    bool anybody = all->customers > 0;
    PDM__TRY(pdm__table_put_ratio(table, 4, row, anybody || zero || !total, /* an empty tier has a share of 0 */
                                  anybody ? pdm__ratio(s->customers, all->customers) : 0.0, err));
    pdm__table_i64(table, 5)[row] = s->value;
    PDM__TRY(pdm__table_put_ratio(table, 6, row, all->value != 0 || zero || (!total && s->customers == 0),
                                  all->value == 0 ? 0.0 : pdm__ratio(s->value, all->value), err));
    bool some = s->customers > 0;
    PDM__TRY(pdm__table_put_ratio(table, 7, row, some || zero, some ? pdm__ratio(s->value, s->customers) : 0.0, err));
    pdm__table_i64(table, 8)[row] = s->least;
    pdm__table_i64(table, 9)[row] = s->most;
    if (some) return PDM_OK;
    PDM__TRY(pdm__table_set_null(table, 8, row, err));
    return pdm__table_set_null(table, 9, row, err);
}

static void add_value(tier_sums *s, int64_t value) {
    s->least = s->customers == 0 || value < s->least ? value : s->least;
    s->most = s->customers == 0 || value > s->most ? value : s->most;
    s->customers += 1;
    s->value += value;
}

static pdm_status put_segments(const pdm__view *view, pdm_result *result, const int64_t *values, const int32_t *ids,
                               int64_t count, pdm_error *err) {
    const pdm__tier_ladder *ladder = view->plan->own;
    const pdm_tiers_options *chosen = view->setup->options;
    tier_sums all[PDM__MAX_TIERS + 1];
    memset(all, 0, sizeof all);
    for (int64_t i = 0; i < count; i++) {
        add_value(&all[ids[i] - 1], values[i]);
        add_value(&all[ladder->count], values[i]);
    }
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &tables[TIERS_SEGMENTS], ladder->count + 1, PDM_TYPE_INT64, &table, err));
    for (int32_t t = 0; t <= ladder->count; t++) {
        PDM__TRY(put_segment(table, t, ladder, &all[t], &all[ladder->count], chosen->zero_denominator != 0, err));
    }
    return PDM_OK;
}

static pdm_status put_cuts(const pdm__view *view, pdm_result *result, const int64_t *lowest, const bool *has,
                           pdm_error *err) {
    const pdm__tier_ladder *ladder = view->plan->own;
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &tables[TIERS_CUTS], ladder->count, PDM_TYPE_INT64, &table, err));
    for (int32_t t = 0; t < ladder->count; t++) {
        pdm__table_i32(table, 0)[t] = t + 1;
        PDM__TRY(pdm__table_put_string(table, 1, t, ladder->names[t], err));
        PDM__TRY(pdm__table_put_string(table, 2, t, ladder->names_zh[t], err));
        pdm__table_i64(table, 3)[t] = ladder->by_cut ? ladder->cuts[t] : lowest[t];
        if (ladder->by_cut ? t == 0 : !has[t]) PDM__TRY(pdm__table_set_null(table, 3, t, err));
        PDM__TRY(pdm__table_put_ratio(table, 4, t, !ladder->by_cut, ladder->shares[t], err));
    }
    return PDM_OK;
}

static pdm_status put_customers(const pdm__view *view, const pdm__entry_ref *order, size_t count, pdm_table *table,
                                pdm_error *err) {
    int64_t *values = pdm__table_i64(table, 1);
    for (size_t i = 0; i < count; i++) {
        PDM__TRY(pdm__table_put_key(table, 0, (int64_t)i, pdm__store_key(view->store, 0, order[i]), err));
        values[i] = pdm__store_words(view->store, 0, order[i])[0];
    }
    return PDM_OK;
}

static pdm_status make_tables(const pdm__view *view, pdm__run *run, pdm_result *result, pdm__entry_ref *order,
                              size_t count, pdm_error *err) {
    const pdm__tier_ladder *ladder = view->plan->own;
    int32_t key = pdm__key_column_type(view->store->schema.levels[0].key_kind);
    int64_t lowest[PDM__MAX_TIERS] = {0};
    bool has[PDM__MAX_TIERS] = {false};
    pdm_table *table = NULL;
    PDM__TRY(pdm__store_order(view->store, run, 0, order, err));
    PDM__TRY(pdm__result_add(result, &tables[TIERS_TABLE], (int64_t)count, key, &table, err));
    PDM__TRY(put_customers(view, order, count, table, err));
    const int64_t *values = pdm__table_i64(table, 1);
    int32_t *ids = pdm__table_i32(table, 2);
    PDM__TRY(pdm__tier_assign(run, ladder, values, count, ids, lowest, has, err));
    for (size_t i = 0; i < count; i++) pdm__table_i32(table, 3)[i] = ids[i] - 1;
    PDM__TRY(pdm__table_set_dictionary(table, 3, ladder->names, ladder->count, err));
    PDM__TRY(put_segments(view, result, values, ids, (int64_t)count, err));
    return put_cuts(view, result, lowest, has, err);
}

static pdm_status make_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    size_t count = pdm__store_count(view->store, 0);
    pdm__entry_ref *order = NULL;
    PDM__TRY(pdm__new(view->setup->context, count, sizeof *order, &order, err));
    pdm_status status = make_tables(view, run, result, order, count, err);
    pdm__drop(view->setup->context, order, count, sizeof *order);
    return status;
}

/* ---- entry ---- */

static const pdm__metric_ops ops = {.prepare = prepare, .select = select_rows, .result = make_result};

const pdm_metric pdm__metric_tiers = {
    .name = "tiers",
    .version = 1,
    .options_size = sizeof(pdm_tiers_options),
    .summary = "Which membership tier every customer is in.",
    .title = "Membership tiers",
    .title_zh = "会员分层",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = PDM__COUNT(tables),
    .tables = tables,
    .ops = &ops,
};

pdm_status pdm_tiers_create(pdm_context *context, const pdm_tiers_options *given, pdm_state **out, pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_tiers, given, out, err);
}

pdm_status pdm_tiers_compute(pdm_context *context, const pdm_tiers_options *given, const pdm_batch *batch,
                             pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_tiers, given, batch, out, err);
}
