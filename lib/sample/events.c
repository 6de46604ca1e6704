/*
 * Behaviour: sessions that end in a payment, and as many that stop earlier as the planted funnel asks for. Rates of sessions:
 * view → cart 3/4 (in the channel group those who never buy look, too), cart → order 2/5 on the mini-program and 7/10 elsewhere,
 * order → pay 19/20.
 */
#include "sample/events.h"

#define DAY PDM__SAMPLE_DAY_S

/* A customer's log while it is written. */
typedef struct log_writer {
    pdm__sample_sink *sink;
    const pdm__sample_customer *customer;
    pdm__random random;
    int32_t session;
} log_writer;

static void put(log_writer *log, int32_t time, int32_t event, int32_t channel, int32_t product) {
    pdm__sample_row row = {.customer = log->customer->index};
    row.b = pdm__sample_id(log->customer->index, log->session);
    row.codes[0] = (uint8_t)event;
    row.codes[1] = (uint8_t)channel;
    row.codes[2] = (uint8_t)product;
    pdm__sample_put(log->sink, time, row);
}

/* A session whose last step is `until`, the payment of it (if it gets so far) at `time`. */
static void put_session(log_writer *log, int32_t time, int32_t until, int32_t channel, int32_t product) {
    int32_t view = time - 600 - pdm__random_below(&log->random, 600);
    put(log, view, EVENT_VIEW, channel, product);
    if (until == EVENT_PAY && pdm__random_chance(&log->random, 1, 4)) {
        put(log, view + 120, EVENT_VIEW, channel, pdm__random_below(&log->random, PRODUCT_SAMPLE_KIT));
    }
    if (until >= EVENT_CART) put(log, time - 300, EVENT_CART, channel, product);
    if (until >= EVENT_ORDER) put(log, time - 45, EVENT_ORDER, channel, product);
    if (until >= EVENT_PAY) put(log, time, EVENT_PAY, channel, product);
    log->session++;
}

/* A session that stops, in the three weeks before an order. */
static void put_stopped(log_writer *log, const pdm__sample_order *order, int32_t until) {
    int32_t time = order->time - 1800 - pdm__random_below(&log->random, 20 * DAY);
    /* The first day began with the data; 1 200 s are the longest session. */
    if (time < 1200) time = 1200;
    put_session(log, time, until, order->channel, pdm__random_below(&log->random, PRODUCT_SAMPLE_KIT));
}

static void put_order(log_writer *log, const pdm__sample_order *order) {
    pdm__random *random = &log->random;
    put_session(log, order->time, EVENT_PAY, order->channel, order->lines[0].product);
    /* For one paid session: 1/19 unpaid, 20/19·(1/r − 1) left at the cart, 20/19/r·(1/3) left at the view. */
    bool mini = order->channel == CHANNEL_MINIPROGRAM;
    if (pdm__random_chance(random, 1, 19)) put_stopped(log, order, EVENT_ORDER);
    int32_t carts =
        mini ? 1 + (pdm__random_chance(random, 11, 19) ? 1 : 0) : (pdm__random_chance(random, 60, 133) ? 1 : 0);
    for (int32_t i = 0; i < carts; i++) put_stopped(log, order, EVENT_CART);
    if (mini ? pdm__random_chance(random, 50, 57) : pdm__random_chance(random, 200, 399)) {
        put_stopped(log, order, EVENT_VIEW);
    }
}

/* What happens once: joining a group, sharing. */
static void put_single(log_writer *log, int32_t time, int32_t event, int32_t channel) {
    if (time >= PDM__SAMPLE_END_S) return;
    put(log, time < 0 ? 0 : time, event, channel, pdm__random_below(&log->random, PRODUCT_SAMPLE_KIT));
    log->session++;
}

void pdm__sample_emit_events(const pdm__sample_customer *customer, pdm__sample_sink *sink) {
    log_writer log = {sink, customer, pdm__random_start(customer->key, STREAM_EVENTS), 0};
    pdm__random *random = &log.random;
    if (pdm__random_chance(random, 2, 5)) {
        put_single(&log, customer->join + pdm__random_below(random, 3 * DAY), EVENT_JOIN_GROUP, CHANNEL_GROUP);
    }
    if (pdm__random_chance(random, 3, 20)) {
        put_single(&log, customer->first + pdm__random_below(random, 10 * DAY), EVENT_SHARE, CHANNEL_GROUP);
    }
    int32_t count = customer->order_count;
    for (int32_t i = 0; i < count; i++) {
        put_order(&log, &customer->orders[i]);
        if (!pdm__random_chance(random, 1, 2)) continue;
        put_single(&log, customer->orders[i].time - 1 - pdm__random_below(random, 3 * DAY), EVENT_OPEN_MESSAGE,
                   CHANNEL_WECOM);
    }
    if (count > 0) return;
    /* Who never buys looks and reads now and then, not on the mini-program, whose funnel is planted from its first step. */
    for (int32_t i = pdm__random_below(random, 3); i >= 0; i--) {
        int32_t time = customer->join + pdm__random_below(random, 90 * DAY);
        put_single(&log, time, i == 1 ? EVENT_VIEW : EVENT_OPEN_MESSAGE, i == 1 ? CHANNEL_GROUP : CHANNEL_WECOM);
    }
}
