/* Retention as arrays of conditions, without time. */
#include "core/common_options.h"
#include "core/metric_ops.h"
#include "metrics/registry.h"
#include "stats/ratio.h"
#include "stats/wilson.h"

#include <pdmetrics/metrics/retention_array.h>
#include <pdmetrics/stats/distribution.h>

enum { ARRAY_UNIT, ARRAY_CONDITIONS, ARRAY_EVENT_ID };
enum { ARRAY_SUMS, ARRAY_UNITS, ARRAY_TOTALS };

static const pdm_column_info columns[] = {
    [ARRAY_UNIT] = {.name = "unit", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Who is counted."},
    [ARRAY_CONDITIONS] = {.name = "conditions",
                          .role = PDM_ROLE_INTEGER,
                          .required = 1,
                          .nullable = 1,
                          .unit = "",
                          .doc = "Bit i − 1: the row satisfies condition i. Null satisfies none."},
    [ARRAY_EVENT_ID] = {.name = "event_id",
                        .role = PDM_ROLE_KEY,
                        .unit = "",
                        .doc = "Identity of the row; required for dedupe event_id."},
};

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_retention_array_options),
    PDM__OPTION_DEDUPE(pdm_retention_array_options),
    PDM__OPTION_ZERO_DENOMINATOR(pdm_retention_array_options),
    PDM__OPTION_COUNT(pdm_retention_array_options, condition_count, 1, PDM_RETENTION_ARRAY_MAX, PDM_RETENTION_ARRAY_MAX,
                      "conditions", "How many conditions there are; higher bits are ignored."),
    PDM__OPTION_BOOL(pdm_retention_array_options, list_units, "Makes table units: the array of every unit."),
    PDM__OPTION_CONF_LEVEL(pdm_retention_array_options),
};

static const pdm_result_column_info sum_columns[] = {
    {.name = "condition", .type = PDM_TYPE_INT32, .unit = "", .doc = "Its number i, from 1."},
    {.name = "units", .type = PDM_TYPE_INT64, .unit = "units", .doc = "That satisfy condition 1, and condition i."},
    {.name = "den", .type = PDM_TYPE_INT64, .unit = "units", .doc = "That satisfy condition 1."},
    {.name = "rate", .type = PDM_TYPE_FLOAT64, .unit = "of den", .doc = "units / den."},
    {.name = "lo", .type = PDM_TYPE_FLOAT64, .unit = "of den", .doc = "Lower end of its Wilson interval."},
    {.name = "hi", .type = PDM_TYPE_FLOAT64, .unit = "of den", .doc = "Upper end of it."},
};

static const pdm_result_column_info unit_columns[] = {
    {.name = "unit", .type = PDM_TYPE_NONE, .unit = "", .doc = "Unit, ascending."},
    {.name = "retained", .type = PDM_TYPE_INT64, .unit = "", .doc = "Bit i − 1: r_i; 0 without condition 1."},
};

static const pdm_result_column_info total_columns[] = {
    {.name = "rows", .type = PDM_TYPE_INT64, .unit = "rows", .doc = "Rows taken by the state."},
    {.name = "rows_null", .type = PDM_TYPE_INT64, .unit = "rows", .doc = "Left out for a null."},
    {.name = "units", .type = PDM_TYPE_INT64, .unit = "units", .doc = "With a row."},
};

static const pdm_table_info tables[] = {
    [ARRAY_SUMS] = {.name = "sums",
                    .columns = sum_columns,
                    .column_count = PDM__COUNT(sum_columns),
                    .doc = "A condition."},
    [ARRAY_UNITS] = {.name = "units",
                     .columns = unit_columns,
                     .column_count = PDM__COUNT(unit_columns),
                     .optional = 1,
                     .doc = "A unit (option list_units)."},
    [ARRAY_TOTALS] = {.name = "totals",
                      .columns = total_columns,
                      .column_count = PDM__COUNT(total_columns),
                      .doc = "What was counted, and what was left out."},
};

/* ---- state ---- */

static const pdm__field fields[] = {{.name = "conditions", .merge = PDM__OR}};

static void step(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride)
        args->units[i][0] = (int64_t)((uint64_t)args->units[i][0] | own[0]);
}

static pdm_status check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    const pdm_retention_array_options *chosen = setup->options;
    (void)list;
    if (chosen->conf_level > 0.0 && chosen->conf_level < 1.0) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "conf_level", "option \"conf_level\": %g; between 0 and 1 expected",
                     chosen->conf_level);
}

static pdm_status prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    const pdm_retention_array_options *chosen = setup->options;
    plan->own_size = sizeof(uint64_t);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    *(uint64_t *)plan->own = UINT32_MAX >> (PDM_RETENTION_ARRAY_MAX - chosen->condition_count);
    plan->unit_column = ARRAY_UNIT;
    plan->use[ARRAY_UNIT] = PDM__REQUIRED;
    plan->use[ARRAY_CONDITIONS] = PDM__REQUIRED;
    plan->use[ARRAY_EVENT_ID] = chosen->dedupe != 0 ? PDM__REQUIRED : PDM__UNUSED;
    plan->dedupe_by_unit = true;
    plan->schema.levels[0] = (pdm__level){.name = "units", .fields = fields, .field_count = 1, .repeat = 1};
    plan->schema.level_count = 1;
    plan->schema.own_words = 1;
    plan->schema.step = step;
    return PDM_OK;
}

/* The conditions that each row satisfies. */
static void put_conditions(const pdm__plan *plan, const pdm__block *block, uint64_t *to) {
    const pdm__cells *conditions = &block->cells[ARRAY_CONDITIONS];
    uint64_t known = *(const uint64_t *)plan->own;
    for (size_t i = 0; i < block->rows; i++) {
        bool given = conditions->valid == NULL || conditions->valid[i] != 0;
        to[i] = given ? conditions->words[i] & known : 0;
    }
}

static void essence(const pdm__plan *plan, const pdm__block *block, pdm__essence *out) {
    put_conditions(plan, block, out->scratch[0]);
    out->words[0] = out->scratch[0];
    out->count = 1;
}

static pdm_status select_rows(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__cells *unit = &block->cells[ARRAY_UNIT];
    bool text = unit->lengths != NULL;
    (void)err;
    out->columns[text ? 1 : 0] = unit->words;
    if (text) out->columns[2] = unit->lengths;
    put_conditions(plan, block, out->scratch[text ? 3 : 1]);
    out->count = block->rows;
    return PDM_OK;
}

static pdm_status verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    uint64_t known = *(const uint64_t *)plan->own;
    (void)run;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &store->partitions[p].levels[0];
        for (uint32_t id = 0; id < map->count; id++) {
            if (((uint64_t)pdm__keymap_words(map, id)[0] & ~known) != 0)
                return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL,
                                 "these bytes are no valid state: a condition that there is not");
        }
    }
    return PDM_OK;
}

/* ---- result ---- */

/* r of a unit. */
static int64_t retained(const int64_t *words) { return (words[0] & 1) != 0 ? words[0] : 0; }

static pdm_status put_sums(const pdm__view *view, pdm_result *result, pdm_error *err) {
    const pdm_retention_array_options *chosen = view->setup->options;
    int64_t sums[PDM_RETENTION_ARRAY_MAX] = {0};
    double z = pdm_normal_isf((1 - chosen->conf_level) / 2);
    pdm_table *table = NULL;
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *map = &view->store->partitions[p].levels[0];
        for (uint32_t id = 0; id < map->count; id++) {
            for (uint64_t left = (uint64_t)retained(pdm__keymap_words(map, id)); left != 0; left &= left - 1)
                sums[__builtin_ctzll(left)]++;
        }
    }
    PDM__TRY(pdm__result_add(result, &tables[ARRAY_SUMS], chosen->condition_count, PDM_TYPE_INT64, &table, err));
    for (int32_t i = 0; i < chosen->condition_count; i++) {
        bool some = sums[0] > 0;
        pdm__interval ends = {0, 0};
        if (some) ends = pdm__wilson(sums[i], sums[0], z);
        pdm__table_i32(table, 0)[i] = i + 1;
        pdm__table_i64(table, 1)[i] = sums[i];
        pdm__table_i64(table, 2)[i] = sums[0];
        PDM__TRY(pdm__table_put_ratio(table, 3, i, some || chosen->zero_denominator != 0,
                                      some ? pdm__ratio(sums[i], sums[0]) : 0.0, err));
        PDM__TRY(pdm__table_put_ratio(table, 4, i, some, ends.low, err));
        PDM__TRY(pdm__table_put_ratio(table, 5, i, some, ends.high, err));
    }
    return PDM_OK;
}

static pdm_status put_rows(const pdm__view *view, const pdm__entry_ref *order, size_t count, pdm_table *table,
                           pdm_error *err) {
    for (size_t i = 0; i < count; i++) {
        PDM__TRY(pdm__table_put_key(table, 0, (int64_t)i, pdm__store_key(view->store, 0, order[i]), err));
        pdm__table_i64(table, 1)[i] = retained(pdm__store_words(view->store, 0, order[i]));
    }
    return PDM_OK;
}

static pdm_status put_units(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    size_t count = pdm__store_count(view->store, 0);
    int32_t key = pdm__key_column_type(view->store->schema.levels[0].key_kind);
    pdm__entry_ref *order = NULL;
    pdm_table *table = NULL;
    PDM__TRY(pdm__result_add(result, &tables[ARRAY_UNITS], (int64_t)count, key, &table, err));
    PDM__TRY(pdm__new(run->context, count, sizeof *order, &order, err));
    pdm_status status = pdm__store_order(view->store, run, 0, order, err);
    if (status == PDM_OK) status = put_rows(view, order, count, table, err);
    pdm__drop(run->context, order, count, sizeof *order);
    return status;
}

static pdm_status make_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    const pdm_retention_array_options *chosen = view->setup->options;
    pdm_table *table = NULL;
    if (pdm__run_poll(run, 0)) return pdm__run_status(run, err);
    PDM__TRY(put_sums(view, result, err));
    if (chosen->list_units != 0) PDM__TRY(put_units(view, run, result, err));
    PDM__TRY(pdm__result_add(result, &tables[ARRAY_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    pdm__table_i64(table, 0)[0] = view->rows;
    pdm__table_i64(table, 1)[0] = view->rows_null;
    pdm__table_i64(table, 2)[0] = (int64_t)pdm__store_count(view->store, 0);
    return PDM_OK;
}

/* ---- entry ---- */

static const pdm__metric_ops ops = {.check = check,
                                    .prepare = prepare,
                                    .essence = essence,
                                    .select = select_rows,
                                    .verify = verify,
                                    .result = make_result};

const pdm_metric pdm__metric_retention_array = {
    .name = "retention_array",
    .version = 1,
    .options_size = sizeof(pdm_retention_array_options),
    .summary = "How many units satisfy a first condition, and each of others besides.",
    .title = "Retention arrays",
    .title_zh = "留存数组",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .table_count = PDM__COUNT(tables),
    .tables = tables,
    .ops = &ops,
};

pdm_status pdm_retention_array_create(pdm_context *context, const pdm_retention_array_options *given, pdm_state **out,
                                      pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_retention_array, given, out, err);
}

pdm_status pdm_retention_array_compute(pdm_context *context, const pdm_retention_array_options *given,
                                       const pdm_batch *batch, pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_retention_array, given, batch, out, err);
}
