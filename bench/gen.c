#include "gen.h"

#include <math.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define ORDERS_START (INT64_C(1704067200) * SECOND) /* 2024-01-01 */
#define ORDERS_SPAN (730 * DAY)
#define EVENTS_START (INT64_C(1735689600) * SECOND) /* 2025-01-01 */
#define EVENTS_SPAN (60 * DAY)

/* The finisher of splitmix64: a bijection of 64 bits. */
static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* A number that depends on (stream, index) and nothing else. */
static uint64_t draw(uint64_t stream, int64_t index) {
    return mix(mix((uint64_t)index) ^ (stream * UINT64_C(0xd6e8feb86659fd93)));
}

static int64_t below(uint64_t random, int64_t bound) { return (int64_t)(random % (uint64_t)bound); }

static int64_t greatest_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* A permutation of 0 … n − 1 that sends neighbours far apart: steps of about n / φ, made coprime to n. */
static int64_t scatter(int64_t i, int64_t n, int64_t start) {
    int64_t step = (int64_t)((double)n * 0.6180339887498949);
    while (step < 1 || greatest_divisor(step, n) != 1) step++;
    return (i * step + start) % n;
}

static int64_t late_by(uint64_t random) {
    int64_t kind = below(random, 1000);
    int64_t size = below(random >> 16, INT64_C(1) << 40);
    if (kind == 0) return size % (2 * DAY);
    if (kind <= 10) return size % HOUR;
    return size % (2 * SECOND);
}

static double uniform(uint64_t random) { return ((double)(random >> 11) + 0.5) / 9007199254740992.0; }

/* As late_by(), but what is not very late is late by 2 s on average, with an exponential tail. */
static int64_t event_late_by(uint64_t random) {
    return below(random, 1000) <= 10 ? late_by(random) : (int64_t)(-log(uniform(mix(random))) * 2.0 * (double)SECOND);
}

static int64_t customer_by_class(uint64_t random, int64_t customers) {
    int64_t percent = below(random, 100);
    uint64_t position = random >> 8;
    int64_t light = customers / 2;
    int64_t medium = customers * 35 / 100;
    int64_t heavy = customers - light - medium;
    if (percent < 15 && light > 0) return below(position, light);
    if (percent < 55 && medium > 0) return light + below(position, medium);
    return light + medium + below(position, heavy);
}

gen_order gen_order_at(const gen_orders *orders, int64_t row) {
    int64_t place = scatter(row, orders->rows, 7);
    int64_t slot = orders->shuffled ? scatter(row, orders->rows, orders->rows / 3) : row;
    int64_t step = ORDERS_SPAN / orders->rows;
    int64_t arrival = ORDERS_START + slot * step + below(draw(1, row), step > 0 ? step : 1);
    int64_t time = arrival - late_by(draw(2, row));
    uint64_t price = draw(3, row);
    gen_order order;
    order.customer = place < orders->customers ? place : customer_by_class(draw(4, row), orders->customers);
    order.time = time > ORDERS_START ? time : ORDERS_START;
    order.amount = 990 + below(price, 20000) + (below(price >> 32, 16) == 0 ? below(price >> 40, 300000) : 0);
    return order;
}

int64_t gen_id(int64_t index) { return (int64_t)mix((uint64_t)index + UINT64_C(0x5eed)); }

size_t gen_member(int64_t index, char text[GEN_MEMBER_MAX]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t bits[4] = {mix((uint64_t)index), draw(5, index), draw(6, index), draw(7, index)};
    size_t length = 24 + (size_t)(bits[3] >> 32) % 13;
    text[0] = 'o';
    text[1] = '6';
    /* eleven letters carry all 64 bits of the bijection, so two members never share an id */
    for (size_t i = 2; i < length; i++) {
        size_t word = (i - 2) / 11;
        text[i] = alphabet[(bits[word] >> (6 * ((i - 2) % 11))) & 63];
    }
    return length;
}

/* Codes that are no step of the funnel of four, and how many there are of all. */
enum { CODES = 20, OTHER_CODES = CODES - GEN_FUNNEL_STEPS };

static const int32_t funnel_codes[GEN_FUNNEL_STEPS] = {5, 2, 14, 9};
static const int32_t long_funnel_codes[GEN_LONG_FUNNEL_STEPS] = {5, 17, 1, 2, 20, 11, 14, 7, 4, 9, 16, 12};
static const int32_t other_codes[OTHER_CODES] = {1, 3, 4, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20};

const int32_t *gen_funnel_codes(int steps) { return steps == GEN_FUNNEL_STEPS ? funnel_codes : long_funnel_codes; }

static int32_t other_code(uint64_t random) { return other_codes[below(random, OTHER_CODES)]; }

/* One of the four steps, of 10000 tickets that each step has some of, or another code. */
static int32_t code_by_tickets(uint64_t random, const int64_t tickets[GEN_FUNNEL_STEPS]) {
    int64_t ticket = below(random, 10000);
    for (int i = 0; i < GEN_FUNNEL_STEPS; i++) {
        ticket -= tickets[i];
        if (ticket < 0) return funnel_codes[i];
    }
    return other_code(random >> 32);
}

static int32_t opening_code(uint64_t random) {
    static const int64_t tickets[GEN_FUNNEL_STEPS] = {4600, 500, 300, 190};
    return code_by_tickets(random, tickets);
}

/* The chain: 40 % of other codes lead to a step, 31.56 % of steps lead to another code, which makes 55.9 % steps in the long run. */
static int32_t next_code(uint64_t random, int32_t code) {
    static const int64_t from_other[GEN_FUNNEL_STEPS] = {3000, 500, 300, 200};
    for (int i = 0; i < GEN_FUNNEL_STEPS; i++) {
        int64_t tickets[GEN_FUNNEL_STEPS] = {1844, 0, 0, 0};
        if (funnel_codes[i] != code) continue;
        tickets[i] += 3000;
        tickets[(i + 1) % GEN_FUNNEL_STEPS] += 2000;
        return code_by_tickets(random, tickets);
    }
    return code_by_tickets(random, from_other);
}

static int by_order(const void *left, const void *right) {
    const gen_event *a = (const gen_event *)left;
    const gen_event *b = (const gen_event *)right;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Rows of each user: Lomax weights, capped, scaled to the total, at least one each. */
static void share_out(int64_t rows, int64_t users, int64_t *counts) {
    double total = 0;
    int64_t left = rows;
    for (int64_t u = 0; u < users; u++) {
        total += pow(uniform(draw(11, u)), -1.0 / 1.2) - 1.0;
    }
    for (int64_t u = 0; u < users; u++) {
        double share = (pow(uniform(draw(11, u)), -1.0 / 1.2) - 1.0) / total;
        if (share > 0.005) share = 0.005;
        counts[u] = 1 + (int64_t)(share * (double)(rows - users));
        left -= counts[u];
    }
    for (int64_t u = 0; left > 0; u = (u + 1) % users, left--) counts[u]++;
}

static void place_sessions(int64_t users, const int64_t *counts, gen_event *events) {
    int64_t row = 0;
    for (int64_t u = 0; u < users; u++) {
        int64_t time = 0;
        int32_t code = 0;
        for (int64_t k = 0; k < counts[u]; k++, row++) {
            bool opens = k == 0 || draw(12, row) % 6 == 0;
            /* five of six rows have one before them in the session */
            int64_t pause = below(draw(17, row), 1000) < 24 ? 0 : below(draw(14, row), 40 * SECOND);
            time = opens ? EVENTS_START + below(draw(13, row), EVENTS_SPAN) : time + pause;
            code = opens ? opening_code(draw(18, row)) : next_code(draw(18, row), code);
            events[row] = (gen_event){.time = time, .user = u, .index = (int32_t)row, .code = code};
        }
    }
}

static int64_t order_of(gen_sequence sequence, const gen_event *event) {
    if (sequence == GEN_SORTED) return gen_id(event->user);
    if (sequence == GEN_SHUFFLED) return (int64_t)(draw(19, event->index) >> 1);
    return event->time + event_late_by(draw(15, event->index));
}

int64_t gen_events_fill(const gen_events *events, gen_event *out) {
    int64_t users = events->rows >= events->rows_per_user ? events->rows / events->rows_per_user : 1;
    int64_t heavy = events->heavy ? events->rows / 2 : 0;
    if (users > events->rows - heavy) users = events->rows - heavy;
    int64_t *counts = malloc((size_t)users * sizeof *counts);
    if (counts == NULL) return 0;
    share_out(events->rows - heavy, users, counts);
    counts[0] += heavy;
    place_sessions(users, counts, out);
    free(counts);
    for (int64_t i = 0; i < events->rows; i++) out[i].order = order_of(events->sequence, &out[i]);
    qsort(out, (size_t)events->rows, sizeof *out, by_order);
    return users;
}

int64_t gen_event_value(const gen_event *event) { return below(draw(16, event->index), 1000000) - 1000; }
