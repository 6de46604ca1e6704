/*
 * Credit: what every member of staff is credited with.
 *
 * The units of the store are orders with the least and the largest amount that rows give; the parts of an order are the (staff, role)
 * that had a hand in it. Who gets how much is decided in the result, order by order.
 */
#include "core/common_options.h"
#include "metrics/credit_internal.h"
#include "metrics/registry.h"

#include <inttypes.h>

enum { CREDIT_ORDER, CREDIT_AMOUNT, CREDIT_STAFF, CREDIT_ROLE };
enum { CREDIT_ROLES };
enum { LIST_ROLE, LIST_WEIGHT };

static const pdm_column_info columns[] = {
    [CREDIT_ORDER] = {.name = "order_id", .role = PDM_ROLE_KEY, .required = 1, .unit = "", .doc = "Order."},
    [CREDIT_AMOUNT] = {.name = "amount",
                       .role = PDM_ROLE_MONEY,
                       .required = 1,
                       .unit = "minor units",
                       .doc = "Amount of the order, 0 or more, the same on all of its rows."},
    [CREDIT_STAFF] = {.name = "staff_id",
                      .role = PDM_ROLE_KEY,
                      .required = 1,
                      .nullable = 1,
                      .unit = "",
                      .doc = "Who had a part in it; null: nobody by this row."},
    [CREDIT_ROLE] = {.name = "role",
                     .role = PDM_ROLE_TEXT,
                     .nullable = 1,
                     .unit = "",
                     .doc = "In which role; null or without the column: in none, which is a role like another."},
};

static const char *const policy_values[] = {"dedup", "full", "split", NULL};

static const pdm_option_info options[] = {
    PDM__OPTION_NULL_ROWS(pdm_credit_options),
    PDM__OPTION_ENUM(pdm_credit_options, policy, policy_values,
                     "All of the order to everybody, once a person; or once a role that a person has in it; or divided "
                     "by role weights."),
    PDM__OPTION_CURRENCY_EXPONENT(pdm_credit_options),
};

static const pdm_column_info role_columns[] = {
    [LIST_ROLE] = {.name = "role",
                   .role = PDM_ROLE_TEXT,
                   .required = 1,
                   .nullable = 1,
                   .unit = "",
                   .doc = "Role; null for rows without one."},
    [LIST_WEIGHT] = {.name = "weight",
                     .role = PDM_ROLE_FLOAT,
                     .required = 1,
                     .unit = "",
                     .doc = "Its weight, 0 or more; read as its shortest decimal."},
};

static const pdm_list_info lists[] = {
    [CREDIT_ROLES] = {.name = "roles",
                      .columns = role_columns,
                      .column_count = PDM__COUNT(role_columns),
                      .doc = "All roles with their weights for policy split; without it all roles weigh the same."},
};

/* ---- state ---- */

static const pdm__field order_fields[] = {
    [CREDIT_LEAST] = {.name = "amount_min", .merge = PDM__MIN, .identity = INT64_MAX},
    [CREDIT_MOST] = {.name = "amount_max", .merge = PDM__MAX, .identity = INT64_MIN},
    [CREDIT_ROWS] = {.name = "rows", .merge = PDM__SUM_COUNT},
};

static void step(const pdm__step_args *args) {
    size_t stride = (size_t)args->schema->record_words;
    const uint64_t *own = args->records + args->schema->own_at;
    for (size_t i = 0; i < args->count; i++, own += stride) {
        int64_t *words = args->units[i];
        int64_t amount = (int64_t)own[0];
        words[CREDIT_LEAST] = amount < words[CREDIT_LEAST] ? amount : words[CREDIT_LEAST];
        words[CREDIT_MOST] = amount > words[CREDIT_MOST] ? amount : words[CREDIT_MOST];
        words[CREDIT_ROWS] += 1;
    }
}

/* List `roles`, as its rows; texts end with a NUL there. */
static bool same_role(const pdm__list *roles, int64_t row, const void *text, size_t length, bool given) {
    if (pdm__list_has(roles, LIST_ROLE, row) != given) return false;
    if (!given) return true;
    const char *name = pdm__list_text(roles, LIST_ROLE, row);
    return strlen(name) == length && (length == 0 || memcmp(name, text, length) == 0);
}

int64_t pdm__credit_role(const pdm__list *roles, const void *text, size_t length, bool given) {
    for (int64_t row = 0; row < roles->rows; row++) {
        if (same_role(roles, row, text, length, given)) return row;
    }
    return -1;
}

double pdm__credit_weight(const pdm__list *roles, int64_t row) {
    double weight = 0.0;
    memcpy(&weight, &roles->cells[LIST_WEIGHT].words[row], sizeof weight);
    return weight;
}

static pdm_status check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    const pdm__list *roles = &setup->lists[CREDIT_ROLES];
    if (list != CREDIT_ROLES) return PDM_OK;
    for (int64_t row = 0; row < roles->rows; row++) {
        if (pdm__credit_weight(roles, row) < 0.0)
            return pdm__fail(err, PDM_E_BAD_OPTION, row, "weight",
                             "row %" PRId64 " of list \"roles\": weight %g; 0 or more is expected", row,
                             pdm__credit_weight(roles, row));
        bool given = pdm__list_has(roles, LIST_ROLE, row);
        const char *name = given ? pdm__list_text(roles, LIST_ROLE, row) : "";
        if (pdm__credit_role(roles, name, strlen(name), given) < row)
            return pdm__fail(err, PDM_E_BAD_OPTION, row, "role",
                             "row %" PRId64 " of list \"roles\": \"%.40s\" is there twice", row, name);
    }
    return PDM_OK;
}

static pdm_status prepare(const pdm__setup *setup, pdm__plan *plan, pdm_error *err) {
    plan->own_size = sizeof(pdm__credit_plan);
    PDM__TRY(pdm__new_zero(setup->context, 1, plan->own_size, &plan->own, err));
    pdm__credit_plan *mine = plan->own;
    mine->roles = setup->lists[CREDIT_ROLES].rows > 0 ? &setup->lists[CREDIT_ROLES] : NULL;
    plan->unit_column = CREDIT_ORDER;
    plan->use[CREDIT_ORDER] = PDM__REQUIRED;
    plan->use[CREDIT_AMOUNT] = PDM__REQUIRED;
    plan->use[CREDIT_STAFF] = PDM__REQUIRED;
    plan->use[CREDIT_ROLE] = PDM__OPTIONAL;
    pdm__schema *schema = &plan->schema;
    schema->levels[0] =
        (pdm__level){.name = "orders", .fields = order_fields, .field_count = PDM__COUNT(order_fields), .repeat = 1};
    schema->levels[1] = (pdm__level){.name = "parts", .repeat = 1, .key_kind = PDM__KEY_BYTES};
    schema->level_count = 2;
    schema->own_words = 1;
    schema->step = step;
    return PDM_OK;
}

static bool is_given(const pdm__cells *cells, size_t row) {
    return cells->present && (cells->valid == NULL || cells->valid[row] != 0);
}

static pdm_status check_row(const pdm__credit_plan *plan, const pdm__block *block, size_t r, pdm_error *err) {
    int64_t amount = (int64_t)block->cells[CREDIT_AMOUNT].words[r];
    int64_t row = pdm__block_row(block, r);
    if (amount < 0)
        return pdm__fail(err, PDM_E_BAD_AMOUNT, row, "amount",
                         "row %" PRId64 ", column \"amount\": %" PRId64 "; 0 or more is expected", row, amount);
    const pdm__cells *role = &block->cells[CREDIT_ROLE];
    if (plan->roles == NULL || !is_given(&block->cells[CREDIT_STAFF], r)) return PDM_OK;
    bool given = is_given(role, r);
    const char *text = given ? pdm__pointer_of(role->words[r]) : "";
    size_t length = given ? (size_t)role->lengths[r] : 0;
    if (pdm__credit_role(plan->roles, text, length, given) >= 0) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_VALUE, row, "role",
                     "row %" PRId64 ", column \"role\": %s%.*s is not in list \"roles\"", row, given ? "" : "null",
                     (int)(length < 40 ? length : 40), length == 0 ? "" : text);
}

static pdm_status select_rows(const pdm__plan *plan, const pdm__block *block, pdm__records *out, pdm_error *err) {
    const pdm__cells *staff = &block->cells[CREDIT_STAFF];
    const pdm__cells *role = &block->cells[CREDIT_ROLE];
    const pdm__cells *order = &block->cells[CREDIT_ORDER];
    size_t total = 0;
    for (size_t r = 0; r < block->rows; r++) {
        PDM__TRY(check_row(plan->own, block, r, err));
        total += pdm__value_size(staff, r, false) + pdm__value_size(role, r, false);
    }
    PDM__TRY(pdm__key_bytes_need(block->context, out->bytes, total, err));
    bool text = order->lengths != NULL;
    int32_t at = text ? 3 : 1;
    out->columns[text ? 1 : 0] = order->words;
    if (text) out->columns[2] = order->lengths;
    out->columns[at + 3] = block->cells[CREDIT_AMOUNT].words;
    uint8_t *to = out->bytes->memory;
    for (size_t r = 0; r < block->rows; r++) {
        uint8_t *end = pdm__value_put(role, r, false, pdm__value_put(staff, r, false, to));
        out->scratch[at][r] = is_given(staff, r) ? 1 : 0;
        out->scratch[at + 1][r] = pdm__word_of(to);
        out->scratch[at + 2][r] = (uint64_t)(end - to);
        to = end;
    }
    out->count = block->rows;
    return PDM_OK;
}

/* ---- restored states ---- */

bool pdm__credit_part_read(pdm__key key, pdm__value *staff, pdm__value *role, pdm__credit_part *out) {
    const uint8_t *at = key.bytes;
    const uint8_t *end = key.bytes + key.length;
    *out = (pdm__credit_part){.bytes = key.bytes, .length = key.length};
    if (!pdm__value_read(&at, end, staff)) return false;
    out->staff_length = (uint32_t)(at - key.bytes);
    return pdm__value_read(&at, end, role) && at == end;
}

static pdm_status corrupt(pdm_error *err) {
    return pdm__fail(err, PDM_E_CORRUPT_STATE, -1, NULL, "these bytes are no valid state: %s",
                     "credits that no rows could give");
}

static pdm_status verify_partition(const pdm__plan *plan, const pdm__partition *partition, pdm__int128 *total,
                                   int32_t *kind, pdm_error *err) {
    const pdm__keymap *orders = &partition->levels[0];
    const pdm__keymap *parts = &partition->levels[1];
    const pdm__credit_plan *mine = plan->own;
    for (uint32_t id = 0; id < orders->count; id++) {
        const int64_t *words = pdm__keymap_words(orders, id);
        if (words[CREDIT_LEAST] < 0 || words[CREDIT_MOST] < words[CREDIT_LEAST] || words[CREDIT_ROWS] <= 0)
            return corrupt(err);
        if (pdm__credit_holds(words)) *total += words[CREDIT_MOST];
    }
    for (uint32_t id = 0; id < parts->count; id++) {
        pdm__key key = pdm__keymap_key(parts, id);
        pdm__value staff;
        pdm__value role;
        pdm__credit_part p;
        if (!pdm__credit_part_read(key, &staff, &role, &p) || staff.kind == PDM__VALUE_NONE) return corrupt(err);
        bool text = staff.kind == PDM__VALUE_TEXT;
        if (*kind == PDM__VALUE_NONE) *kind = staff.kind;
        if (text != (*kind == PDM__VALUE_TEXT) || (role.kind != PDM__VALUE_NONE && role.kind != PDM__VALUE_TEXT))
            return corrupt(err);
        if (mine->roles != NULL &&
            pdm__credit_role(mine->roles, role.bytes, role.length, role.kind == PDM__VALUE_TEXT) < 0)
            return corrupt(err);
        const int64_t *words = pdm__keymap_words(orders, key.scope);
        if (pdm__credit_holds(words)) *total += words[CREDIT_MOST];
    }
    return PDM_OK;
}

/* Amounts once for every order and part are more than any policy credits. */
static pdm_status verify(const pdm__plan *plan, const pdm__store *store, pdm__run *run, pdm_error *err) {
    (void)run;
    pdm__int128 total = 0;
    int32_t kind = PDM__VALUE_NONE;
    for (size_t p = 0; p < PDM__PARTITIONS; p++)
        PDM__TRY(verify_partition(plan, &store->partitions[p], &total, &kind, err));
    return total <= (pdm__int128)2 * INT64_MAX ? PDM_OK : corrupt(err);
}

/* ---- entry ---- */

static const pdm__metric_ops ops = {
    .check = check, .prepare = prepare, .select = select_rows, .verify = verify, .result = pdm__credit_result};

const pdm_metric pdm__metric_credit = {
    .name = "credit",
    .version = 1,
    .options_size = sizeof(pdm_credit_options),
    .summary = "What every member of staff is credited with, beside what the company really sold.",
    .title = "Credit",
    .title_zh = "业绩归属",
    .columns = columns,
    .column_count = PDM__COUNT(columns),
    .option_count = PDM__COUNT(options),
    .options = options,
    .lists = lists,
    .list_count = PDM__COUNT(lists),
    .table_count = CREDIT_TABLES,
    .tables = pdm__credit_tables,
    .ops = &ops,
};

pdm_status pdm_credit_create(pdm_context *context, const pdm_credit_options *given, pdm_state **out, pdm_error *err) {
    return pdm_state_create(context, &pdm__metric_credit, given, out, err);
}

pdm_status pdm_credit_compute(pdm_context *context, const pdm_credit_options *given, const pdm_batch *batch,
                              pdm_result **out, pdm_error *err) {
    return pdm_compute(context, &pdm__metric_credit, given, batch, out, err);
}
