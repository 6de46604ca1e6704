/* Tables of credit: who gets how much of every order. */
#include "core/sort.h"
#include "metrics/credit_internal.h"
#include "plan/apportion.h"

#include <stdlib.h>

enum { CREDIT_TABLE, CREDIT_TOTALS, CREDIT_CONFLICTS };

#define I64(text_name, text_unit, text) {.name = text_name, .type = PDM_TYPE_INT64, .unit = text_unit, .doc = text}
#define TEXT(text_name, text) {.name = text_name, .type = PDM_TYPE_LARGE_UTF8, .unit = "", .doc = text}

enum { STAFF_ID, STAFF_ORDERS, STAFF_CREDITED, STAFF_SHARE };

static const pdm_result_column_info staff_columns[] = {
    [STAFF_ID] = {.name = "staff_id", .type = PDM_TYPE_NONE, .unit = "", .doc = "Member of staff, ascending."},
    [STAFF_ORDERS] = I64("orders", "orders", "Different orders that he or she had a part in."),
    [STAFF_CREDITED] = I64("credited", "minor units", "What is credited for them."),
    [STAFF_SHARE] = {.name = "share",
                     .type = PDM_TYPE_FLOAT64,
                     .unit = "of credited_total",
                     .doc = "credited / credited_total."},
};

enum {
    TOTAL_ROWS,
    TOTAL_NULL,
    TOTAL_ORDERS,
    TOTAL_COMPANY,
    TOTAL_CREDITED,
    TOTAL_UNCREDITED,
    TOTAL_CONFLICTS,
    TOTAL_INFLATION
};

static const pdm_result_column_info totals_columns[] = {
    [TOTAL_ROWS] = I64("rows", "rows", "All rows."),
    [TOTAL_NULL] = I64("rows_null", "rows", "Left out for a null."),
    [TOTAL_ORDERS] = I64("orders", "orders", "Orders that count: those without a conflict."),
    [TOTAL_COMPANY] = I64("company_total", "minor units", "Their amounts, each once: the number for the board."),
    [TOTAL_CREDITED] = I64("credited_total", "minor units", "Sum of all credits."),
    [TOTAL_UNCREDITED] = I64("uncredited", "minor units",
                             "Amounts of orders that nobody is credited with: no staff, or only roles of weight 0."),
    [TOTAL_CONFLICTS] = I64("conflicts", "orders", "Orders with different amounts, left out."),
    [TOTAL_INFLATION] = {.name = "inflation",
                         .type = PDM_TYPE_FLOAT64,
                         .unit = "of company_total",
                         .doc = "credited_total / company_total; null if that is 0."},
};

enum { CONFLICT_ORDER, CONFLICT_MIN, CONFLICT_MAX, CONFLICT_ROWS, CONFLICT_STATUS };

static const pdm_result_column_info conflict_columns[] = {
    [CONFLICT_ORDER] = {.name = "order_id", .type = PDM_TYPE_NONE, .unit = "", .doc = "Order, ascending."},
    [CONFLICT_MIN] = I64("amount_min", "minor units", "Least amount that a row gives."),
    [CONFLICT_MAX] = I64("amount_max", "minor units", "Largest amount that a row gives."),
    [CONFLICT_ROWS] = I64("rows", "rows", "Rows of the order."),
    [CONFLICT_STATUS] = TEXT("status", "conflict."),
};

const pdm_table_info pdm__credit_tables[] = {
    [CREDIT_TABLE] = {.name = "staff",
                      .columns = staff_columns,
                      .column_count = PDM__COUNT(staff_columns),
                      .doc = "A member of staff who had a part in an order that counts."},
    [CREDIT_TOTALS] = {.name = "totals",
                       .columns = totals_columns,
                       .column_count = PDM__COUNT(totals_columns),
                       .doc = "What was sold, and what was credited for it."},
    [CREDIT_CONFLICTS] = {.name = "conflicts",
                          .columns = conflict_columns,
                          .column_count = PDM__COUNT(conflict_columns),
                          .doc = "An order with different amounts."},
};

/* ---- parts ---- */

static bool same_staff(const pdm__credit_part *a, const pdm__credit_part *b) {
    return a->staff_length == b->staff_length && memcmp(a->bytes, b->bytes, a->staff_length) == 0;
}

static int by_role(const void *left, const void *right) {
    const pdm__credit_part *a = *(const pdm__credit_part *const *)left;
    const pdm__credit_part *b = *(const pdm__credit_part *const *)right;
    uint32_t a_length = a->length - a->staff_length;
    uint32_t b_length = b->length - b->staff_length;
    int order =
        memcmp(a->bytes + a->staff_length, b->bytes + b->staff_length, a_length < b_length ? a_length : b_length);
    if (order != 0) return order;
    if (a_length != b_length) return a_length < b_length ? -1 : 1;
    return a < b ? -1 : a > b; /* parts of an order stand in the order of their staff */
}

/* ---- result ---- */

typedef struct credit_work {
    const pdm__view *view;
    const pdm__credit_plan *plan;
    pdm_context *context;
    pdm__run *run;
    pdm_result *result;
    int32_t policy;
    pdm__entry_ref *order; /* of the parts: by order, staff, role */
    pdm__credit_part *parts;
    size_t count;
    const pdm__credit_part **by_role; /* room for the parts of one order */
    double *weights;
    int64_t *shares;
    size_t most; /* parts of one order */
    int64_t totals[TOTAL_INFLATION];
} credit_work;

static bool same_order(const credit_work *work, size_t a, size_t b) {
    return work->order[a].partition == work->order[b].partition &&
           pdm__store_key(work->view->store, 1, work->order[a]).scope ==
               pdm__store_key(work->view->store, 1, work->order[b]).scope;
}

static pdm_status gather_parts(credit_work *work, pdm_error *err) {
    const pdm__store *store = work->view->store;
    work->count = pdm__store_count(store, 1);
    PDM__TRY(pdm__new(work->context, work->count, sizeof *work->order, &work->order, err));
    PDM__TRY(pdm__new(work->context, work->count, sizeof *work->parts, &work->parts, err));
    PDM__TRY(pdm__store_order(store, work->run, 1, work->order, err));
    size_t run = 0;
    for (size_t i = 0; i < work->count; i++) {
        pdm__value staff;
        pdm__value role;
        (void)pdm__credit_part_read(pdm__store_key(store, 1, work->order[i]), &staff, &role, &work->parts[i]);
        run = i > 0 && same_order(work, i, i - 1) ? run + 1 : 1;
        work->most = run > work->most ? run : work->most;
    }
    PDM__TRY(pdm__new(work->context, work->most, sizeof *work->by_role, &work->by_role, err));
    PDM__TRY(pdm__new(work->context, work->most, sizeof *work->weights, &work->weights, err));
    return pdm__new(work->context, work->most, sizeof *work->shares, &work->shares, err);
}

static void sum_orders(credit_work *work) {
    for (size_t p = 0; p < PDM__PARTITIONS; p++) {
        const pdm__keymap *orders = &work->view->store->partitions[p].levels[0];
        for (uint32_t id = 0; id < orders->count; id++) {
            const int64_t *words = pdm__keymap_words(orders, id);
            work->totals[pdm__credit_holds(words) ? TOTAL_ORDERS : TOTAL_CONFLICTS] += 1;
            if (pdm__credit_holds(words)) work->totals[TOTAL_COMPANY] += words[CREDIT_MOST];
        }
    }
    work->totals[TOTAL_UNCREDITED] = work->totals[TOTAL_COMPANY]; /* what is credited is taken away */
}

static bool same_role_bytes(const pdm__credit_part *a, const pdm__credit_part *b) {
    uint32_t length = a->length - a->staff_length;
    return length == b->length - b->staff_length &&
           memcmp(a->bytes + a->staff_length, b->bytes + b->staff_length, length) == 0;
}

static double weight_of_part(const credit_work *work, const pdm__credit_part *p) {
    if (work->plan->roles == NULL) return 1.0;
    pdm__value role;
    const uint8_t *at = p->bytes + p->staff_length;
    (void)pdm__value_read(&at, p->bytes + p->length, &role);
    return pdm__credit_weight(
        work->plan->roles, pdm__credit_role(work->plan->roles, role.bytes, role.length, role.kind == PDM__VALUE_TEXT));
}

/* Equal parts, the first ones of which get the units left over. */
static void divide(pdm__credit_part *parts, const pdm__credit_part *const *which, size_t count, int64_t amount) {
    int64_t each = amount / (int64_t)count;
    int64_t over = amount % (int64_t)count;
    for (size_t i = 0; i < count; i++) parts[which[i] - parts].credit = each + ((int64_t)i < over ? 1 : 0);
}

/* By role, then equally within each; *any = false if all weights are 0. */
static pdm_status split(credit_work *work, pdm__credit_part *parts, size_t count, int64_t amount, bool *any,
                        pdm_error *err) {
    int64_t roles = 0;
    bool tie = false;
    for (size_t i = 0; i < count; i++) work->by_role[i] = &parts[i];
    qsort(work->by_role, count, sizeof *work->by_role, by_role);
    *any = false;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && same_role_bytes(work->by_role[i], work->by_role[i - 1])) continue;
        work->weights[roles] = weight_of_part(work, work->by_role[i]);
        *any = *any || work->weights[roles] > 0.0;
        roles++;
    }
    if (!*any) return PDM_OK;
    PDM__TRY(pdm__apportion(work->context, PDM_APPORTION_LARGEST_REMAINDER, PDM_ZERO_POLICY_ERROR, amount,
                            work->weights, NULL, roles, work->shares, NULL, &tie, err));
    int64_t role = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && same_role_bytes(work->by_role[i], work->by_role[end])) end++;
        divide(parts, work->by_role + i, end - i, work->shares[role++]);
        i = end;
    }
    return PDM_OK;
}

static pdm_status credit_order(credit_work *work, size_t first, size_t count, int64_t amount, pdm_error *err) {
    pdm__credit_part *parts = work->parts + first;
    bool any = true;
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && same_staff(&parts[i], &parts[i - 1]);
        parts[i].orders = again ? 0 : 1;
        parts[i].credit = again && work->policy == PDM_CREDIT_DEDUP ? 0 : amount;
    }
    if (work->policy == PDM_CREDIT_SPLIT && count > 1) PDM__TRY(split(work, parts, count, amount, &any, err));
    if (work->policy == PDM_CREDIT_SPLIT && count == 1) any = weight_of_part(work, parts) > 0.0;
    for (size_t i = 0; i < count && !any; i++) parts[i].credit = 0;
    for (size_t i = 0; i < count; i++) work->totals[TOTAL_CREDITED] += parts[i].credit;
    if (any) work->totals[TOTAL_UNCREDITED] -= amount;
    return PDM_OK;
}

static pdm_status credit_orders(credit_work *work, pdm_error *err) {
    const pdm__store *store = work->view->store;
    for (size_t i = 0; i < work->count;) {
        size_t end = i + 1;
        while (end < work->count && same_order(work, i, end)) end++;
        pdm__entry_ref order = {work->order[i].partition, pdm__store_key(store, 1, work->order[i]).scope};
        const int64_t *words = pdm__store_words(store, 0, order);
        if (pdm__credit_holds(words)) {
            PDM__TRY(credit_order(work, i, end - i, words[CREDIT_MOST], err));
        } else {
            for (size_t k = i; k < end; k++) work->parts[k].staff_length = 0; /* left out */
        }
        i = end;
    }
    return PDM_OK;
}

/* ---- tables ---- */

static pdm_status put_member(credit_work *work, pdm_table *table, int64_t row, const pdm__credit_part *like,
                             int64_t orders, int64_t credited, pdm_error *err) {
    pdm__value staff;
    const uint8_t *at = like->bytes;
    (void)pdm__value_read(&at, like->bytes + like->staff_length, &staff);
    PDM__TRY(pdm__table_put_key(table, STAFF_ID, row, pdm__value_key(&staff), err));
    pdm__table_i64(table, STAFF_ORDERS)[row] = orders;
    pdm__table_i64(table, STAFF_CREDITED)[row] = credited;
    int64_t all = work->totals[TOTAL_CREDITED];
    return pdm__table_put_ratio(table, STAFF_SHARE, row, all > 0, all > 0 ? (double)credited / (double)all : 0.0, err);
}

/* The parts of a person stand together in `texts`. */
static pdm_status put_members(credit_work *work, const pdm__sort_text *texts, size_t count, pdm_error *err) {
    int64_t people = 0;
    pdm_table *table = NULL;
    for (size_t i = 0; i < count; i++)
        people += i == 0 || !same_staff(&work->parts[texts[i].index], &work->parts[texts[i - 1].index]);
    /* The last in order: if any number is beyond int64, that is. */
    pdm__value last = {.kind = PDM__VALUE_NONE};
    const uint8_t *at = count == 0 ? NULL : texts[count - 1].bytes;
    if (count > 0) (void)pdm__value_read(&at, at + texts[count - 1].length, &last);
    int32_t type = pdm__key_column_type(last.kind);
    PDM__TRY(pdm__result_add(work->result, &pdm__credit_tables[CREDIT_TABLE], people, type, &table, err));
    int64_t row = 0;
    for (size_t i = 0; i < count;) {
        int64_t orders = 0;
        int64_t credited = 0;
        size_t end = i;
        for (; end < count && same_staff(&work->parts[texts[i].index], &work->parts[texts[end].index]); end++) {
            orders += work->parts[texts[end].index].orders;
            credited += work->parts[texts[end].index].credit;
        }
        PDM__TRY(put_member(work, table, row++, &work->parts[texts[i].index], orders, credited, err));
        i = end;
    }
    return PDM_OK;
}

static pdm_status put_staff(credit_work *work, pdm_error *err) {
    pdm__sort_text *texts = NULL;
    pdm__sort_text *scratch = NULL;
    size_t n = 0;
    if (work->count > UINT32_MAX)
        return pdm__fail(err, PDM_E_LIMIT, -1, NULL, "more than %u parts of orders in one state", UINT32_MAX);
    pdm_status status = pdm__new(work->context, work->count, sizeof *texts, &texts, err);
    if (status == PDM_OK) status = pdm__new(work->context, work->count, sizeof *scratch, &scratch, err);
    for (size_t i = 0; i < work->count && status == PDM_OK; i++) {
        const pdm__credit_part *p = &work->parts[i];
        if (p->staff_length == 0) continue;
        texts[n++] = (pdm__sort_text){.bytes = p->bytes, .length = p->staff_length, .index = (uint32_t)i};
    }
    if (status == PDM_OK) status = pdm__sort_texts(work->run, texts, scratch, n, err);
    if (status == PDM_OK) status = put_members(work, texts, n, err);
    pdm__drop(work->context, texts, work->count, sizeof *texts);
    pdm__drop(work->context, scratch, work->count, sizeof *scratch);
    return status;
}

static pdm_status put_totals(credit_work *work, pdm_error *err) {
    pdm_table *table = NULL;
    work->totals[TOTAL_ROWS] = work->view->rows;
    work->totals[TOTAL_NULL] = work->view->rows_null;
    PDM__TRY(pdm__result_add(work->result, &pdm__credit_tables[CREDIT_TOTALS], 1, PDM_TYPE_INT64, &table, err));
    for (int32_t c = 0; c < TOTAL_INFLATION; c++) pdm__table_i64(table, c)[0] = work->totals[c];
    int64_t company = work->totals[TOTAL_COMPANY];
    return pdm__table_put_ratio(table, TOTAL_INFLATION, 0, company > 0,
                                company > 0 ? (double)work->totals[TOTAL_CREDITED] / (double)company : 0.0, err);
}

static pdm_status put_conflict(const pdm__store *store, pdm_table *table, int64_t row, pdm__entry_ref ref,
                               pdm_error *err) {
    const int64_t *words = pdm__store_words(store, 0, ref);
    PDM__TRY(pdm__table_put_key(table, CONFLICT_ORDER, row, pdm__store_key(store, 0, ref), err));
    pdm__table_i64(table, CONFLICT_MIN)[row] = words[CREDIT_LEAST];
    pdm__table_i64(table, CONFLICT_MAX)[row] = words[CREDIT_MOST];
    pdm__table_i64(table, CONFLICT_ROWS)[row] = words[CREDIT_ROWS];
    return pdm__table_put_string(table, CONFLICT_STATUS, row, pdm__row_status_names[PDM_STATUS_CONFLICT], err);
}

static pdm_status put_conflicts(credit_work *work, pdm_error *err) {
    const pdm__store *store = work->view->store;
    size_t orders = pdm__store_count(store, 0);
    int32_t type = pdm__key_column_type(store->schema.levels[0].key_kind);
    pdm_table *table = NULL;
    pdm__entry_ref *order = NULL;
    PDM__TRY(pdm__result_add(work->result, &pdm__credit_tables[CREDIT_CONFLICTS], work->totals[TOTAL_CONFLICTS], type,
                             &table, err));
    if (work->totals[TOTAL_CONFLICTS] == 0) return PDM_OK;
    PDM__TRY(pdm__new(work->context, orders, sizeof *order, &order, err));
    pdm_status status = pdm__store_order(store, work->run, 0, order, err);
    int64_t row = 0;
    for (size_t i = 0; i < orders && status == PDM_OK; i++) {
        if (!pdm__credit_holds(pdm__store_words(store, 0, order[i])))
            status = put_conflict(store, table, row++, order[i], err);
    }
    pdm__drop(work->context, order, orders, sizeof *order);
    return status;
}

static pdm_status make_tables(credit_work *work, pdm_error *err) {
    PDM__TRY(gather_parts(work, err));
    sum_orders(work);
    PDM__TRY(credit_orders(work, err));
    PDM__TRY(put_staff(work, err));
    PDM__TRY(put_totals(work, err));
    return put_conflicts(work, err);
}

pdm_status pdm__credit_result(const pdm__view *view, pdm__run *run, pdm_result *result, pdm_error *err) {
    const pdm_credit_options *chosen = view->setup->options;
    credit_work work = {.view = view,
                        .plan = view->plan->own,
                        .context = view->store->context,
                        .run = run,
                        .result = result,
                        .policy = chosen->policy};
    pdm_status status = make_tables(&work, err);
    pdm__drop(work.context, work.order, work.count, sizeof *work.order);
    pdm__drop(work.context, work.parts, work.count, sizeof *work.parts);
    pdm__drop(work.context, work.by_role, work.most, sizeof *work.by_role);
    pdm__drop(work.context, work.weights, work.most, sizeof *work.weights);
    pdm__drop(work.context, work.shares, work.most, sizeof *work.shares);
    return status;
}
