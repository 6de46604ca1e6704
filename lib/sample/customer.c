/* What one customer is and buys. Everything is drawn in integers from the seed and the customer's number. */
#include "sample/world.h"

#define BLOCK 100
#define REFERRAL_TRIES 8

/* Price in minor units; category = product / 4. */
static const int64_t PRICES[PRODUCT_COUNT] = {
    19900, 26900, 39900, 12900,  9900,  15900,  21900, 6900,  29900, 45900, 19900, 35900, 5900,
    7900,  4900,  8900,  129900, 89900, 199900, 69900, 49900, 69900, 99900, 36900, 0,
};

/* Of a hundred lines, how many end before each category. */
static const int32_t CATEGORY_UNTIL[] = {35, 60, 70, 85, 90, 100};
static const int32_t CHANNEL_UNTIL[CHANNEL_COUNT] = {35, 65, 85, 100};

/* Hour of an order, most of them in the evening; none before 7 or after 23, which leaves room for what follows an order. */
static const uint8_t HOURS[64] = {
    7,  8,  8,  9,  9,  9,  10, 10, 10, 10, 11, 11, 11, 11, 12, 12, 12, 12, 12, 13, 13, 13,
    14, 14, 14, 15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 18, 19, 19, 19, 19, 19, 20, 20,
    20, 20, 20, 20, 20, 21, 21, 21, 21, 21, 21, 21, 21, 22, 22, 22, 22, 22, 22, 22,
};

/* Multipliers that keep i → a·i + b a permutation of a block. */
static const int32_t STEPS[8] = {7, 13, 23, 27, 37, 43, 59, 83};

/* Slots of a hundred: group, and how many of its first slots came by referral and by livestream. */
static const struct {
    int32_t end;
    int32_t referral_end;
    int32_t livestream_end;
} SLOTS[GROUP_COUNT] = {{15, 5, 7}, {20, 16, 16}, {60, 34, 42}, {70, 61, 64}, {92, 77, 80}, {100, 93, 95}};

/* The planted bad cohort: these slots all came by livestream in one month. */
static bool is_burst(int32_t slot) { return (slot >= 20 && slot < 32) || slot == 70; }

static void add_peak(pdm__sample_world *world, int32_t day, int32_t peak) { world->peak[day] = (uint8_t)peak; }

void pdm__sample_world_init(pdm__sample_world *world, uint64_t seed) {
    static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const int32_t week[7] = {
        100, 100, 100, 100, PDM__SAMPLE_FRIDAY_WEIGHT, PDM__SAMPLE_WEEKEND_WEIGHT, PDM__SAMPLE_WEEKEND_WEIGHT};
    world->seed = seed;
    int32_t day = 0;
    for (int32_t month = 0; month < PDM__SAMPLE_MONTHS; month++) {
        int32_t days = month_days[month % 12] + (month == 1 ? 1 : 0);
        for (int32_t i = 0; i < days; i++) world->month[day++] = (uint8_t)month;
    }
    memset(world->peak, 1, sizeof world->peak);
    for (int32_t year = 0; year < 2; year++) {
        /* From 1 March on both years have the same days; year 1 starts at day 366. */
        int32_t march = year == 0 ? 60 : 425;
        add_peak(world, march + 7, 3);
        add_peak(world, march + 107, 2);
        add_peak(world, march + 108, 2);
        add_peak(world, march + 109, PDM__SAMPLE_PEAK_618);
        add_peak(world, march + 110, 2);
        add_peak(world, march + 254, 3);
        add_peak(world, march + 255, PDM__SAMPLE_PEAK_1111);
        add_peak(world, march + 256, 2);
    }
    world->weight_before[0] = 0;
    for (day = 0; day < PDM__SAMPLE_DAYS; day++) {
        /* 2024-01-01 was a Monday. On a peak day the weekday does not matter. */
        int32_t weight = world->peak[day] > 1 ? 100 * world->peak[day] : week[day % 7];
        world->weight_before[day + 1] = world->weight_before[day] + (uint32_t)weight;
    }
}

/* A day from..to, by weight. */
static int32_t draw_day(const pdm__sample_world *world, pdm__random *random, int32_t from, int32_t to) {
    uint32_t base = world->weight_before[from];
    uint32_t goal = base + (uint32_t)pdm__random_below(random, (int32_t)(world->weight_before[to + 1] - base));
    int32_t low = from, high = to;
    while (low < high) {
        int32_t middle = (low + high + 1) / 2;
        if (world->weight_before[middle] <= goal) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

static int32_t draw_time(const pdm__sample_world *world, pdm__random *random, int32_t from_day, int32_t to_day) {
    int32_t day = draw_day(world, random, from_day, to_day);
    uint64_t bits = pdm__random_next(random);
    int32_t second = (int32_t)(((bits >> 32) * 3600) >> 32);
    return day * PDM__SAMPLE_DAY_S + HOURS[bits & 63] * 3600 + second;
}

static int32_t slot_of(const pdm__sample_world *world, uint32_t index) {
    uint64_t block = index / BLOCK;
    /* Blocks have keys of their own, away from those of customers. */
    pdm__random random = pdm__random_start(pdm__random_key(~world->seed, block), STREAM_BLOCK);
    int32_t step = STEPS[pdm__random_below(&random, 8)];
    return (step * (int32_t)(index % BLOCK) + pdm__random_below(&random, BLOCK)) % BLOCK;
}

static int32_t draw_first(const pdm__sample_world *world, pdm__random *random, const pdm__sample_customer *customer) {
    if (customer->burst) {
        return draw_time(world, random, PDM__SAMPLE_BAD_MONTH_FIRST_DAY, PDM__SAMPLE_BAD_MONTH_LAST_DAY);
    }
    switch (customer->group) {
    case GROUP_LOYAL: return draw_time(world, random, 0, 365);
    case GROUP_LAPSED_VIP: return draw_time(world, random, 0, 180);
    case GROUP_ONE_TIME: return draw_time(world, random, 0, 641);
    case GROUP_NEW: return draw_time(world, random, 671, 730);
    case GROUP_REGULAR: return draw_time(world, random, 0, 600);
    default: return draw_time(world, random, 0, 730);
    }
}

/* Who the customer is and since when. A referral still needs an inviter: see find_inviter. */
static void make_profile(const pdm__sample_world *world, uint32_t index, pdm__sample_customer *customer) {
    int32_t slot = slot_of(world, index);
    int32_t group = 0;
    while (slot >= SLOTS[group].end) group++;
    customer->index = index;
    customer->key = pdm__random_key(world->seed, index);
    customer->group = (uint8_t)group;
    customer->burst = is_burst(slot);
    customer->inviter = 0;
    pdm__random random = pdm__random_start(customer->key, STREAM_PROFILE);
    customer->first = draw_first(world, &random, customer);
    int32_t day = customer->first / PDM__SAMPLE_DAY_S;
    bool bad_month = day >= PDM__SAMPLE_BAD_MONTH_FIRST_DAY && day <= PDM__SAMPLE_BAD_MONTH_LAST_DAY;
    int32_t source = pdm__random_below(&random, SOURCE_LIVESTREAM);
    int32_t wait = pdm__random_below(&random, 20 * PDM__SAMPLE_DAY_S);
    if (customer->burst) {
        source = SOURCE_LIVESTREAM;
    } else if (slot < SLOTS[group].referral_end) {
        source = SOURCE_REFERRAL;
    } else if (slot < SLOTS[group].livestream_end && !bad_month) {
        source = SOURCE_LIVESTREAM;
    }
    /* Orders are never before 7 o'clock: half an hour earlier is the same day, and the same month. */
    if (source == SOURCE_LIVESTREAM) wait %= 1800;
    if (group == GROUP_SILENT) wait = 0;
    customer->source = (uint8_t)source;
    customer->join = customer->first > wait ? customer->first - wait : 0;
}

/* Inviters have smaller numbers, so that a smaller world is a part of a larger one, and joined earlier. */
static void find_inviter(const pdm__sample_world *world, pdm__sample_customer *customer) {
    if (customer->source != SOURCE_REFERRAL) return;
    pdm__random random = pdm__random_start(customer->key, STREAM_INVITER);
    for (int32_t i = 0; i < REFERRAL_TRIES && customer->index > 0; i++) {
        pdm__sample_customer other;
        make_profile(world, (uint32_t)pdm__random_below(&random, (int32_t)customer->index), &other);
        if (other.join >= customer->join) continue;
        customer->inviter = other.index;
        return;
    }
    customer->source = SOURCE_QR_CODE;
}

static int32_t draw_until(pdm__random *random, const int32_t *until) {
    int32_t draw = pdm__random_below(random, 100), i = 0;
    while (draw >= until[i]) i++;
    return i;
}

static void insert_time(int32_t *times, int32_t count, int32_t time) {
    while (count > 0 && times[count - 1] > time) {
        times[count] = times[count - 1];
        count--;
    }
    times[count] = time;
}

/* Draws the times of all orders, ascending, and returns how many. */
static int32_t draw_times(const pdm__sample_world *world, const pdm__sample_customer *customer, int32_t *times) {
    pdm__random random = pdm__random_start(customer->key, STREAM_TIMES);
    int32_t first_day = customer->first / PDM__SAMPLE_DAY_S;
    int32_t count = 1, last_from = first_day, last_day = 730;
    switch (customer->group) {
    case GROUP_LOYAL:
        count = 10 + pdm__random_below(&random, 9);
        last_from = 701;
        break;
    case GROUP_LAPSED_VIP:
        count = 9 + pdm__random_below(&random, 7);
        last_day = 540;
        break;
    case GROUP_NEW: count = pdm__random_chance(&random, 2, 5) ? 2 : 1; break;
    case GROUP_REGULAR:
        count = 3 + pdm__random_below(&random, 5);
        last_from = first_day > 581 ? first_day : 581;
        break;
    default: break;
    }
    times[0] = customer->first;
    if (count > 1) insert_time(times, 1, draw_time(world, &random, last_from, last_day));
    for (int32_t i = 2; i < count; i++) insert_time(times, i, draw_time(world, &random, first_day, last_day));
    for (int32_t i = 1; i < count; i++) {
        /* At most 18 minutes past 23:00: still the same day. */
        if (times[i] < times[i - 1] + 60) times[i] = times[i - 1] + 60;
    }
    return count;
}

static void make_line(const pdm__sample_world *world, pdm__random *random, const pdm__sample_customer *customer,
                      const pdm__sample_order *order, pdm__sample_line *line) {
    int32_t day = order->time / PDM__SAMPLE_DAY_S;
    int32_t category = draw_until(random, CATEGORY_UNTIL);
    line->product = (uint8_t)(category * 4 + pdm__random_below(random, 4));
    bool generous = customer->group == GROUP_LOYAL || customer->group == GROUP_LAPSED_VIP;
    line->quantity = 1 + (pdm__random_chance(random, generous ? 2 : 1, 5) ? 1 : 0);
    int32_t permille = 880 + pdm__random_below(random, 121) - (world->peak[day] > 1 ? 100 : 0);
    line->planned = PRICES[line->product] * line->quantity * permille / 1000;
    line->amount = line->planned;
    if (world->month[day] == PDM__SAMPLE_SHORT_MONTH) line->amount = line->planned * PDM__SAMPLE_SHORT_PERMILLE / 1000;
    int32_t refund_permille =
        category == CATEGORY_DEVICE ? PDM__SAMPLE_DEVICE_REFUND_PERMILLE : PDM__SAMPLE_REFUND_PERMILLE;
    line->refund = 0;
    line->refund_time = 0;
    line->refund_linked = true;
    if (!pdm__random_chance(random, refund_permille, 1000)) return;
    int32_t time = order->time + 2 * PDM__SAMPLE_DAY_S + pdm__random_below(random, 12 * PDM__SAMPLE_DAY_S);
    bool full = pdm__random_chance(random, 4, 5);
    line->refund_linked = !pdm__random_chance(random, PDM__SAMPLE_UNLINKED_PERCENT, 100);
    if (time >= PDM__SAMPLE_END_S) return;
    line->refund_time = time;
    line->refund = full ? line->amount : line->amount / 2;
}

static void make_order(const pdm__sample_world *world, pdm__random *random, const pdm__sample_customer *customer,
                       pdm__sample_order *order) {
    order->channel = (uint8_t)draw_until(random, CHANNEL_UNTIL);
    int32_t draw = pdm__random_below(random, 100);
    int32_t lines = draw < 70 ? 1 : draw < 92 ? 2 : 3;
    bool gift = pdm__random_chance(random, 1, 10);
    order->sale = 0;
    order->planned = 0;
    for (int32_t i = 0; i < lines; i++) {
        make_line(world, random, customer, order, &order->lines[i]);
        order->sale += order->lines[i].amount;
        order->planned += order->lines[i].planned;
    }
    if (gift) {
        order->lines[lines] = (pdm__sample_line){.quantity = 1, .product = PRODUCT_SAMPLE_KIT, .refund_linked = true};
        lines++;
    }
    order->line_count = (uint8_t)lines;
}

void pdm__sample_customer_make(const pdm__sample_world *world, uint32_t index, pdm__sample_customer *customer) {
    make_profile(world, index, customer);
    find_inviter(world, customer);
    customer->order_count = 0;
    if (customer->group == GROUP_SILENT) return;
    int32_t times[PDM__SAMPLE_MAX_ORDERS];
    customer->order_count = draw_times(world, customer, times);
    pdm__random random = pdm__random_start(customer->key, STREAM_LINES);
    for (int32_t i = 0; i < customer->order_count; i++) {
        customer->orders[i].time = times[i];
        make_order(world, &random, customer, &customer->orders[i]);
    }
    /* The first order is where the customer came from, and livestream nowhere else: cohorts can be told by it. */
    uint8_t *first = &customer->orders[0].channel;
    if (customer->source == SOURCE_LIVESTREAM) {
        *first = CHANNEL_LIVESTREAM;
    } else if (customer->source == SOURCE_REFERRAL) {
        *first = CHANNEL_GROUP;
    } else if (*first == CHANNEL_LIVESTREAM) {
        *first = CHANNEL_WECOM;
    }
}

int64_t pdm__sample_customer_net(const pdm__sample_customer *customer) {
    int64_t net = 0;
    for (int32_t i = 0; i < customer->order_count; i++) {
        const pdm__sample_order *order = &customer->orders[i];
        for (int32_t j = 0; j < order->line_count; j++) net += order->lines[j].amount - order->lines[j].refund;
    }
    return net;
}
