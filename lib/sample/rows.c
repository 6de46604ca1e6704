/* Orders, touches, friends, invitations and assignments of one customer. Events have a file of their own. */
#include "sample/rows.h"

#include "sample/events.h"

#define DAY PDM__SAMPLE_DAY_S

void pdm__sample_put(pdm__sample_sink *sink, int32_t time, pdm__sample_row row) {
    int32_t day = time / DAY;
    int64_t at = sink->at[day]++;
    if (sink->rows == NULL) return;
    row.second = (uint32_t)(time - day * DAY);
    sink->rows[at] = row;
}

static pdm__sample_row row_of(const pdm__sample_customer *customer) {
    return (pdm__sample_row){.customer = customer->index};
}

static void emit_orders(const pdm__sample_customer *customer, pdm__sample_sink *sink) {
    for (int32_t i = 0; i < customer->order_count; i++) {
        const pdm__sample_order *order = &customer->orders[i];
        for (int32_t j = 0; j < order->line_count; j++) {
            const pdm__sample_line *line = &order->lines[j];
            pdm__sample_row row = row_of(customer);
            row.a = line->amount;
            row.b = pdm__sample_id(customer->index, i);
            row.number = line->quantity;
            row.codes[0] = line->product;
            row.codes[1] = order->channel;
            pdm__sample_put(sink, order->time, row);
            if (line->refund == 0) continue;
            row.b = pdm__sample_id(customer->index, PDM__SAMPLE_REFUND_BASE + 4 * i + j);
            row.number = line->refund == line->amount ? -line->quantity : 0;
            row.a = -line->refund;
            row.codes[2] = line->refund_linked ? 1 : 0;
            pdm__sample_put(sink, line->refund_time, row);
        }
    }
}

static int32_t campaign_of(const pdm__sample_world *world, int32_t time) {
    switch (world->month[time / DAY] % 12) {
    case 2: return CAMPAIGN_SPRING_38;
    case 5: return CAMPAIGN_MID_618;
    case 10: return CAMPAIGN_DOUBLE_11;
    default: return CAMPAIGN_ALWAYS_ON;
    }
}

static void put_touch(const pdm__sample_world *world, const pdm__sample_customer *customer, int32_t time,
                      int32_t channel, pdm__sample_sink *sink) {
    /* 分, with gifts and coupons, hosts and those who write: what is sent is cheap, what is given and staged is not. */
    static const int32_t costs[TOUCH_COUNT] = {3000, 800, 200, 400, 4500, 500, 300};
    pdm__sample_row row = row_of(customer);
    row.number = costs[channel];
    row.codes[0] = KIND_TOUCH;
    row.codes[1] = (uint8_t)channel;
    row.codes[2] = (uint8_t)campaign_of(world, time);
    pdm__sample_put(sink, time, row);
}

/* Any channel but moments. */
static int32_t draw_closer(pdm__random *random) {
    static const int32_t until[5] = {30, 55, 75, 90, 100};
    static const uint8_t channels[5] = {TOUCH_QR_CODE, TOUCH_MINIPROGRAM, TOUCH_GROUP, TOUCH_LIVESTREAM, TOUCH_SMS};
    int32_t draw = pdm__random_below(random, 100), i = 0;
    while (draw >= until[i]) i++;
    return channels[i];
}

/* The path to one order lies after the order before it, so that first and last touches stay those that were planted. */
static void emit_path(const pdm__sample_world *world, const pdm__sample_customer *customer, int32_t number,
                      pdm__random *random, pdm__sample_sink *sink) {
    int32_t time = customer->orders[number].time;
    int32_t from = number > 0 ? customer->orders[number - 1].time : 0;
    if (from < time - 14 * DAY) from = time - 14 * DAY;
    int32_t draw = pdm__random_below(random, 1000);
    int32_t length = 1 + pdm__random_below(random, 3);
    int32_t moments = -1;
    if (draw < PDM__SAMPLE_ASSIST_LAST_PERMILLE) {
        moments = length - 1;
    } else if (draw < PDM__SAMPLE_ASSIST_PERMILLE) {
        if (length < 2) length = 2;
        moments = pdm__random_below(random, length - 1);
    }
    int32_t part = (time - from - 1) / length;
    for (int32_t i = 0; i < length; i++) {
        int32_t channel = draw_closer(random);
        if (i < length - 1 && pdm__random_chance(random, 1, 4)) channel = TOUCH_OFFICIAL_ACCOUNT;
        if (i == moments) channel = TOUCH_MOMENTS;
        put_touch(world, customer, from + 1 + part * i + pdm__random_below(random, part), channel, sink);
    }
    pdm__sample_row row = row_of(customer);
    row.a = customer->orders[number].sale;
    row.codes[0] = KIND_CONVERSION;
    pdm__sample_put(sink, time, row);
}

static void emit_touches(const pdm__sample_world *world, const pdm__sample_customer *customer, pdm__sample_sink *sink) {
    pdm__random random = pdm__random_start(customer->key, STREAM_TOUCHES);
    int32_t count = customer->order_count;
    for (int32_t i = 0; i < count; i++) emit_path(world, customer, i, &random, sink);
    /* Touches without a conversion after them: null journeys. */
    int32_t from = count > 0 ? customer->orders[count - 1].time : customer->join;
    int32_t idle = count > 0 ? pdm__random_below(&random, 3) : 1 + pdm__random_below(&random, 3);
    for (int32_t i = 0; i < idle; i++) {
        int32_t time = from + 1 + pdm__random_below(&random, PDM__SAMPLE_END_S - from - 1);
        put_touch(world, customer, time, pdm__random_below(&random, TOUCH_COUNT), sink);
    }
}

static void put_friend(const pdm__sample_customer *customer, int32_t time, int32_t kind, int32_t staff,
                       pdm__sample_sink *sink) {
    pdm__sample_row row = row_of(customer);
    row.codes[0] = (uint8_t)kind;
    row.codes[1] = (uint8_t)staff;
    row.codes[2] = customer->source;
    pdm__sample_put(sink, time, row);
}

static void emit_friends(const pdm__sample_customer *customer, pdm__sample_sink *sink) {
    pdm__random random = pdm__random_start(customer->key, STREAM_FRIENDS);
    int32_t last = customer->order_count > 0 ? customer->orders[customer->order_count - 1].time : customer->join;
    int32_t pairs = pdm__random_chance(&random, 1, 10) ? 2 : 1;
    int32_t staff = pdm__random_below(&random, STAFF_COUNT);
    for (int32_t i = 0; i < pairs; i++) {
        /* The second colleague is another one, added later. */
        int32_t add = i == 0 ? customer->join : last + 1 + pdm__random_below(&random, 600);
        if (i > 0) staff = (staff + 1 + pdm__random_below(&random, STAFF_COUNT - 1)) % STAFF_COUNT;
        put_friend(customer, add, FRIEND_ADD, staff, sink);
        int32_t percent = staff == PDM__SAMPLE_BAD_STAFF ? PDM__SAMPLE_BAD_STAFF_PERCENT : PDM__SAMPLE_STAFF_PERCENT;
        if (!pdm__random_chance(&random, percent, 100)) continue;
        int32_t from = add > last ? add : last;
        int32_t gone = from + 1 + pdm__random_below(&random, PDM__SAMPLE_END_S - from - 1);
        put_friend(customer, gone, pdm__random_chance(&random, 1, 10) ? FRIEND_DEL_STAFF : FRIEND_DEL_CUSTOMER, staff,
                   sink);
        int32_t back = gone + DAY + pdm__random_below(&random, 60 * DAY);
        if (pdm__random_chance(&random, 1, 10) && back < PDM__SAMPLE_END_S) {
            put_friend(customer, back, FRIEND_ADD, staff, sink);
        }
    }
}

static void emit_invitations(const pdm__sample_world *world, const pdm__sample_customer *customer,
                             pdm__sample_sink *sink) {
    if (customer->source != SOURCE_REFERRAL) return;
    pdm__sample_row row = row_of(customer);
    row.a = customer->inviter;
    row.codes[0] = (uint8_t)campaign_of(world, customer->join);
    pdm__sample_put(sink, customer->join, row);
}

/* Sales of the 180 days before an assignment: what a covariate is made of. */
static int64_t value_before(const pdm__sample_customer *customer, int32_t time) {
    int64_t value = 0;
    for (int32_t i = 0; i < customer->order_count; i++) {
        const pdm__sample_order *order = &customer->orders[i];
        if (order->time < time && order->time >= time - 180 * DAY) value += order->sale;
    }
    return value;
}

static void draw_outcome(const pdm__sample_customer *customer, bool lifted, pdm__random *random, pdm__sample_row *row) {
    /* Of ten thousand in control. */
    static const int32_t rates[GROUP_COUNT] = {4000, 600, 1000, 0, 2500, 500};
    static const int32_t values[GROUP_COUNT] = {30000, 35000, 12000, 0, 18000, 9000};
    int32_t rate = rates[customer->group];
    if (lifted) rate += rate * PDM__SAMPLE_LIFT_PERCENT / 100;
    if (!pdm__random_chance(random, rate, 10000)) return;
    row->number = pdm__random_chance(random, 1, 8) ? 2 : 1;
    for (int32_t i = 0; i < row->number; i++) {
        int32_t typical = values[customer->group];
        row->a += typical / 2 + pdm__random_below(random, typical);
    }
}

static void emit_assignments(const pdm__sample_customer *customer, pdm__sample_sink *sink) {
    /* 2025-10-08, 2025-06-02, 2025-08-04 */
    static const int32_t starts[EXPERIMENT_COUNT] = {646, 518, 581};
    pdm__random random = pdm__random_start(customer->key, STREAM_ASSIGNMENTS);
    for (int32_t i = 0; i < EXPERIMENT_COUNT; i++) {
        if (customer->join >= starts[i] * DAY) continue;
        int32_t time = starts[i] * DAY + pdm__random_below(&random, 7 * DAY);
        int32_t percent = i == EXPERIMENT_LIVE_REMINDER ? PDM__SAMPLE_SRM_PERCENT : 50;
        bool treated = pdm__random_chance(&random, percent, 100);
        pdm__sample_row row = row_of(customer);
        draw_outcome(customer, treated && i == EXPERIMENT_WELCOME_COUPON, &random, &row);
        row.b = value_before(customer, time);
        row.codes[0] = (uint8_t)i;
        row.codes[1] = treated ? VARIANT_TREATMENT : VARIANT_CONTROL;
        pdm__sample_put(sink, time, row);
    }
}

void pdm__sample_emit(const pdm__sample_world *world, int32_t table, const pdm__sample_customer *customer,
                      pdm__sample_sink *sink) {
    switch (table) {
    case TABLE_ORDERS: emit_orders(customer, sink); break;
    case TABLE_EVENTS: pdm__sample_emit_events(customer, sink); break;
    case TABLE_TOUCHES: emit_touches(world, customer, sink); break;
    case TABLE_FRIENDS: emit_friends(customer, sink); break;
    case TABLE_INVITATIONS: emit_invitations(world, customer, sink); break;
    case TABLE_ASSIGNMENTS: emit_assignments(customer, sink); break;
    default: break;
    }
}
