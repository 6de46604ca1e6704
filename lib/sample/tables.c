/* Descriptions of all tables, and the writers of the log tables. */
#include "sample/tables.h"

#define KEY(name, doc) {name, PDM_TYPE_INT64, 0, "", doc}
#define NUMBER(name, unit, doc) {name, PDM_TYPE_INT64, 0, unit, doc}
#define REAL(name, unit, doc) {name, PDM_TYPE_FLOAT64, 0, unit, doc}
#define TIME(name, doc) {name, PDM_TYPE_TIMESTAMP_US, 0, "µs", doc}
#define LABEL(name, doc) {name, PDM_TYPE_DICTIONARY, 0, "", doc}
#define TEXT(name, doc) {name, PDM_TYPE_LARGE_UTF8, 0, "", doc}
#define MONEY "minor units"
#define TABLE(name, columns, doc) {name, columns, PDM__COUNT(columns), 0, doc}
#define DICTIONARY(column, values) {column, PDM__COUNT(values), values}
#define MAX_DICTIONARIES 3

static const char *const PRODUCTS[PRODUCT_COUNT] = {
    "hydrating_toner", "renewal_serum",    "night_cream",  "gentle_cleanser", "matte_lipstick",
    "cushion_base",    "eye_palette",      "brow_pencil",  "osmanthus_edp",   "white_tea_edp",
    "travel_scent",    "scented_candle",   "body_lotion",  "hair_mask",       "hand_cream",
    "body_scrub",      "cleansing_device", "led_mask",     "microcurrent",    "eye_massager",
    "starter_set",     "repair_set",       "festival_box", "sun_set",         "sample_kit"};
static const char *const CATEGORIES[CATEGORY_COUNT] = {"skincare", "makeup",  "fragrance", "bodycare",
                                                       "device",   "giftset", "sample"};
static const char *const CHANNELS[CHANNEL_COUNT] = {"wecom", "miniprogram", "group", "livestream"};
static const char *const EVENTS[EVENT_COUNT] = {"view", "cart", "order", "pay", "join_group", "open_message", "share"};
static const char *const TOUCHES[TOUCH_COUNT] = {"qr_code", "official_account", "moments", "group", "livestream",
                                                 "sms",     "miniprogram_push"};
static const char *const KINDS[KIND_COUNT] = {"touch", "conversion"};
static const char *const CAMPAIGNS[CAMPAIGN_COUNT] = {"always_on", "spring_38", "mid_618", "double_11"};
static const char *const FRIEND_KINDS[FRIEND_COUNT] = {"add", "del_customer", "del_staff"};
static const char *const SOURCES[SOURCE_COUNT] = {"qr_code", "parcel_card", "miniprogram",
                                                  "store",   "livestream",  "referral"};
static const char *const EXPERIMENTS[EXPERIMENT_COUNT] = {"welcome_coupon", "aa_check", "live_reminder"};
static const char *const VARIANTS[VARIANT_COUNT] = {"control", "treatment"};
static const char *const STAFF[STAFF_COUNT] = {"staff_01", "staff_02", "staff_03", "staff_04", "staff_05",
                                               "staff_06", "staff_07", "staff_08", "staff_09", "staff_10",
                                               "staff_11", "staff_12", "staff_13", "staff_14", "staff_15",
                                               "staff_16", "staff_17", "staff_18", "staff_19", "staff_20"};

enum {
    ORDERS_CUSTOMER,
    ORDERS_ORDER,
    ORDERS_TIME,
    ORDERS_AMOUNT,
    ORDERS_ORIGINAL,
    ORDERS_PRODUCT,
    ORDERS_CATEGORY,
    ORDERS_CHANNEL,
    ORDERS_QUANTITY
};
static const pdm_result_column_info ORDERS_COLUMNS[] = {
    KEY("customer_id", "Who bought."),
    KEY("order_id", "The order; a refund row has a number of its own."),
    TIME("time", "When it was paid or paid back."),
    NUMBER("amount", MONEY, "Paid for the line; 0 for free samples, negative for money paid back."),
    KEY("original_order_id", "Refund rows: the order refunded, null if the refund is not linked; null for sales."),
    LABEL("product", "Product."),
    LABEL("category", "Category of the product."),
    LABEL("channel", "Where the order was placed."),
    NUMBER("quantity", "pieces", "Pieces; negative if they were sent back, 0 if only money was paid back."),
};

enum { EVENTS_CUSTOMER, EVENTS_TIME, EVENTS_EVENT, EVENTS_CHANNEL, EVENTS_PRODUCT, EVENTS_SESSION };
static const pdm_result_column_info EVENTS_COLUMNS[] = {
    KEY("customer_id", "Who did it."),
    TIME("time", "When."),
    LABEL("event", "view, cart, order, pay, join_group, open_message or share."),
    LABEL("channel", "Where."),
    LABEL("product", "The product it was about."),
    KEY("session_id", "The visit it belongs to."),
};

enum { TOUCHES_CUSTOMER, TOUCHES_TIME, TOUCHES_KIND, TOUCHES_CHANNEL, TOUCHES_CAMPAIGN, TOUCHES_COST, TOUCHES_VALUE };
static const pdm_result_column_info TOUCHES_COLUMNS[] = {
    KEY("customer_id", "Who was touched or converted."),
    TIME("time", "When."),
    LABEL("kind", "touch or conversion."),
    LABEL("channel", "Marketing channel of a touch; null for conversions."),
    LABEL("campaign", "Campaign of a touch; null for conversions."),
    NUMBER("cost", MONEY, "What the touch cost; 0 for conversions."),
    NUMBER("value", MONEY, "Sales of the order that was the conversion; null for touches."),
};

enum { FRIENDS_CUSTOMER, FRIENDS_TIME, FRIENDS_KIND, FRIENDS_STAFF, FRIENDS_SOURCE };
static const pdm_result_column_info FRIENDS_COLUMNS[] = {
    KEY("customer_id", "Whose friendship."),
    TIME("time", "When."),
    LABEL("kind", "add, del_customer (the customer deleted the staff member) or del_staff."),
    LABEL("staff", "The staff member."),
    LABEL("source", "How the customer came to the brand."),
};

enum { INVITATIONS_INVITER, INVITATIONS_INVITEE, INVITATIONS_TIME, INVITATIONS_CAMPAIGN };
static const pdm_result_column_info INVITATIONS_COLUMNS[] = {
    KEY("inviter_id", "Customer who invited."),
    KEY("invitee_id", "Customer who came."),
    TIME("time", "When the invitation was accepted."),
    LABEL("campaign", "Campaign of that time."),
};

enum {
    ASSIGNMENTS_CUSTOMER,
    ASSIGNMENTS_TIME,
    ASSIGNMENTS_EXPERIMENT,
    ASSIGNMENTS_VARIANT,
    ASSIGNMENTS_CONVERTED,
    ASSIGNMENTS_ORDERS,
    ASSIGNMENTS_VALUE,
    ASSIGNMENTS_VALUE_BEFORE
};
static const pdm_result_column_info ASSIGNMENTS_COLUMNS[] = {
    KEY("customer_id", "Who was assigned."),
    TIME("time", "When."),
    LABEL("experiment", "Experiment."),
    LABEL("variant", "control or treatment."),
    {"converted", PDM_TYPE_BOOL, 0, "", "Whether the customer bought on the page of the experiment."},
    NUMBER("orders", "orders", "Orders on that page; they are not part of table orders."),
    NUMBER("value", MONEY, "Sales of those orders."),
    NUMBER("value_before", MONEY, "The customer's sales in table orders in the 180 days before the assignment."),
};

static const pdm_result_column_info TARGETS_COLUMNS[] = {
    TIME("month", "First instant of the month."),
    NUMBER("target_gmv", MONEY, "Planned sales of the month, refunds not deducted."),
    NUMBER("actual_gmv", MONEY, "Sales of the month in table orders, refunds not deducted."),
    NUMBER("target_buyers", "customers", "Planned buyers."),
    NUMBER("actual_buyers", "customers", "Customers with an order in the month."),
    NUMBER("target_orders", "orders", "Planned orders."),
    NUMBER("actual_orders", "orders", "Orders of the month."),
    REAL("target_aov", MONEY, "Planned sales per order, null without planned orders."),
    REAL("actual_aov", MONEY, "Sales per order, null without orders."),
};

static const pdm_result_column_info TRUTHS_COLUMNS[] = {
    LABEL("topic", "Part of the library that should find it."),
    TEXT("name", "Name, unique."),
    REAL("value", "", "The number planted, or counted in the simulator's own books; its unit is in column unit."),
    LABEL("unit", "share, customers, ratio, yyyymm, weight or rate."),
    TEXT("text", "How to find it in the rows."),
};

const pdm_table_info pdm__sample_log_tables[LOG_TABLE_COUNT] = {
    TABLE("orders", ORDERS_COLUMNS, "A line of an order, or a refund of one."),
    TABLE("events", EVENTS_COLUMNS, "Something a customer did."),
    TABLE("touches", TOUCHES_COLUMNS, "A marketing touch, or a conversion."),
    TABLE("friends", FRIENDS_COLUMNS, "A WeCom friendship begun or ended."),
    TABLE("invitations", INVITATIONS_COLUMNS, "A customer brought by another one."),
    TABLE("assignments", ASSIGNMENTS_COLUMNS, "A customer in an experiment, with the outcome."),
};
const pdm_table_info pdm__sample_targets_table = TABLE("targets", TARGETS_COLUMNS, "A month, planned and real.");
const pdm_table_info pdm__sample_truths_table = TABLE("truths", TRUTHS_COLUMNS, "A planted truth.");

/* Dictionary of a column. */
typedef struct dictionary {
    int32_t column;
    int32_t count;
    const char *const *values;
} dictionary;

static const dictionary DICTIONARIES[LOG_TABLE_COUNT][MAX_DICTIONARIES] = {
    {DICTIONARY(ORDERS_PRODUCT, PRODUCTS), DICTIONARY(ORDERS_CATEGORY, CATEGORIES),
     DICTIONARY(ORDERS_CHANNEL, CHANNELS)},
    {DICTIONARY(EVENTS_EVENT, EVENTS), DICTIONARY(EVENTS_CHANNEL, CHANNELS), DICTIONARY(EVENTS_PRODUCT, PRODUCTS)},
    {DICTIONARY(TOUCHES_KIND, KINDS), DICTIONARY(TOUCHES_CHANNEL, TOUCHES), DICTIONARY(TOUCHES_CAMPAIGN, CAMPAIGNS)},
    {DICTIONARY(FRIENDS_KIND, FRIEND_KINDS), DICTIONARY(FRIENDS_STAFF, STAFF), DICTIONARY(FRIENDS_SOURCE, SOURCES)},
    {DICTIONARY(INVITATIONS_CAMPAIGN, CAMPAIGNS), {0, 0, NULL}, {0, 0, NULL}},
    {DICTIONARY(ASSIGNMENTS_EXPERIMENT, EXPERIMENTS), DICTIONARY(ASSIGNMENTS_VARIANT, VARIANTS), {0, 0, NULL}},
};

pdm_status pdm__sample_table_add(pdm_result *result, int32_t table, int64_t rows, pdm_table **out, pdm_error *err) {
    PDM__TRY(pdm__result_add(result, &pdm__sample_log_tables[table], rows, PDM_TYPE_INT64, out, err));
    for (int32_t i = 0; i < MAX_DICTIONARIES; i++) {
        const dictionary *words = &DICTIONARIES[table][i];
        if (words->count == 0) break;
        PDM__TRY(pdm__table_set_dictionary(*out, words->column, words->values, words->count, err));
    }
    return PDM_OK;
}

static int64_t customer_id(int64_t index) { return PDM__SAMPLE_FIRST_CUSTOMER + index; }

static void write_times(pdm_table *target, int32_t column, int64_t at, int32_t day, const pdm__sample_row *rows,
                        int64_t count) {
    int64_t *values = pdm__table_i64(target, column) + at;
    int64_t midnight = pdm__sample_time_us(day * PDM__SAMPLE_DAY_S);
    for (int64_t i = 0; i < count; i++) values[i] = midnight + rows[i].second * INT64_C(1000000);
}

static void write_customers(pdm_table *target, int32_t column, int64_t at, const pdm__sample_row *rows, int64_t count) {
    int64_t *values = pdm__table_i64(target, column) + at;
    for (int64_t i = 0; i < count; i++) values[i] = customer_id(rows[i].customer);
}

static void write_codes(pdm_table *target, int32_t column, int64_t at, const pdm__sample_row *rows, int64_t count,
                        int32_t which) {
    int32_t *values = pdm__table_i32(target, column) + at;
    for (int64_t i = 0; i < count; i++) values[i] = rows[i].codes[which];
}

static void write_numbers(pdm_table *target, int32_t column, int64_t at, const pdm__sample_row *rows, int64_t count) {
    int64_t *values = pdm__table_i64(target, column) + at;
    for (int64_t i = 0; i < count; i++) values[i] = rows[i].number;
}

static void write_a(pdm_table *target, int32_t column, int64_t at, const pdm__sample_row *rows, int64_t count) {
    int64_t *values = pdm__table_i64(target, column) + at;
    for (int64_t i = 0; i < count; i++) values[i] = rows[i].a;
}

static void write_b(pdm_table *target, int32_t column, int64_t at, const pdm__sample_row *rows, int64_t count) {
    int64_t *values = pdm__table_i64(target, column) + at;
    for (int64_t i = 0; i < count; i++) values[i] = rows[i].b;
}

/* a = amount, b = order id, number = quantity, codes = product, channel, whether a refund is linked. */
static pdm_status write_orders(pdm_table *target, int64_t at, const pdm__sample_row *rows, int64_t count,
                               pdm_error *err) {
    write_b(target, ORDERS_ORDER, at, rows, count);
    write_a(target, ORDERS_AMOUNT, at, rows, count);
    write_codes(target, ORDERS_PRODUCT, at, rows, count, 0);
    write_codes(target, ORDERS_CHANNEL, at, rows, count, 1);
    write_numbers(target, ORDERS_QUANTITY, at, rows, count);
    int32_t *categories = pdm__table_i32(target, ORDERS_CATEGORY) + at;
    int64_t *originals = pdm__table_i64(target, ORDERS_ORIGINAL) + at;
    for (int64_t i = 0; i < count; i++) {
        categories[i] = rows[i].codes[0] / 4;
        if (rows[i].codes[2] == 0) {
            PDM__TRY(pdm__table_set_null(target, ORDERS_ORIGINAL, at + i, err));
            continue;
        }
        int64_t number = rows[i].b % PDM__SAMPLE_IDS;
        originals[i] = rows[i].b - number + (number - PDM__SAMPLE_REFUND_BASE) / 4;
    }
    return PDM_OK;
}

/* b = session, codes = event, channel, product. */
static void write_events(pdm_table *target, int64_t at, const pdm__sample_row *rows, int64_t count) {
    write_codes(target, EVENTS_EVENT, at, rows, count, 0);
    write_codes(target, EVENTS_CHANNEL, at, rows, count, 1);
    write_codes(target, EVENTS_PRODUCT, at, rows, count, 2);
    write_b(target, EVENTS_SESSION, at, rows, count);
}

/* a = value, number = cost, codes = kind, channel, campaign. */
static pdm_status write_touches(pdm_table *target, int64_t at, const pdm__sample_row *rows, int64_t count,
                                pdm_error *err) {
    write_codes(target, TOUCHES_KIND, at, rows, count, 0);
    write_codes(target, TOUCHES_CHANNEL, at, rows, count, 1);
    write_codes(target, TOUCHES_CAMPAIGN, at, rows, count, 2);
    write_numbers(target, TOUCHES_COST, at, rows, count);
    write_a(target, TOUCHES_VALUE, at, rows, count);
    for (int64_t i = 0; i < count; i++) {
        if (rows[i].codes[0] != KIND_CONVERSION) {
            PDM__TRY(pdm__table_set_null(target, TOUCHES_VALUE, at + i, err));
            continue;
        }
        PDM__TRY(pdm__table_set_null(target, TOUCHES_CHANNEL, at + i, err));
        PDM__TRY(pdm__table_set_null(target, TOUCHES_CAMPAIGN, at + i, err));
    }
    return PDM_OK;
}

/* codes = kind, staff, source. */
static void write_friends(pdm_table *target, int64_t at, const pdm__sample_row *rows, int64_t count) {
    write_codes(target, FRIENDS_KIND, at, rows, count, 0);
    write_codes(target, FRIENDS_STAFF, at, rows, count, 1);
    write_codes(target, FRIENDS_SOURCE, at, rows, count, 2);
}

/* a = inviter, codes = campaign. */
static void write_invitations(pdm_table *target, int64_t at, const pdm__sample_row *rows, int64_t count) {
    int64_t *inviters = pdm__table_i64(target, INVITATIONS_INVITER) + at;
    for (int64_t i = 0; i < count; i++) inviters[i] = customer_id(rows[i].a);
    write_codes(target, INVITATIONS_CAMPAIGN, at, rows, count, 0);
}

/* a = value, b = value before, number = orders, codes = experiment, variant. */
static void write_assignments(pdm_table *target, int64_t at, const pdm__sample_row *rows, int64_t count) {
    write_codes(target, ASSIGNMENTS_EXPERIMENT, at, rows, count, 0);
    write_codes(target, ASSIGNMENTS_VARIANT, at, rows, count, 1);
    write_numbers(target, ASSIGNMENTS_ORDERS, at, rows, count);
    write_a(target, ASSIGNMENTS_VALUE, at, rows, count);
    write_b(target, ASSIGNMENTS_VALUE_BEFORE, at, rows, count);
    uint8_t *converted = pdm__table_bool(target, ASSIGNMENTS_CONVERTED) + at;
    for (int64_t i = 0; i < count; i++) converted[i] = rows[i].number > 0 ? 1 : 0;
}

pdm_status pdm__sample_table_write(pdm_table *target, int32_t table, int64_t at, int32_t day,
                                   const pdm__sample_row *rows, int64_t count, pdm_error *err) {
    static const struct {
        int32_t customer;
        int32_t time;
    } columns[LOG_TABLE_COUNT] = {
        {ORDERS_CUSTOMER, ORDERS_TIME},          {EVENTS_CUSTOMER, EVENTS_TIME},
        {TOUCHES_CUSTOMER, TOUCHES_TIME},        {FRIENDS_CUSTOMER, FRIENDS_TIME},
        {INVITATIONS_INVITEE, INVITATIONS_TIME}, {ASSIGNMENTS_CUSTOMER, ASSIGNMENTS_TIME},
    };
    write_customers(target, columns[table].customer, at, rows, count);
    write_times(target, columns[table].time, at, day, rows, count);
    switch (table) {
    case TABLE_ORDERS: return write_orders(target, at, rows, count, err);
    case TABLE_EVENTS: write_events(target, at, rows, count); break;
    case TABLE_TOUCHES: return write_touches(target, at, rows, count, err);
    case TABLE_FRIENDS: write_friends(target, at, rows, count); break;
    case TABLE_INVITATIONS: write_invitations(target, at, rows, count); break;
    case TABLE_ASSIGNMENTS: write_assignments(target, at, rows, count); break;
    default: break;
    }
    return PDM_OK;
}
