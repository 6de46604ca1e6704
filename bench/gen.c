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
#define ROWS_PER_USER 42

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

typedef struct event {
    int64_t arrival;
    int64_t time;
    int64_t index; /* tie-break: qsort is not stable */
    int64_t user;
} event;

static int by_arrival(const void *left, const void *right) {
    const event *a = (const event *)left;
    const event *b = (const event *)right;
    if (a->arrival != b->arrival) return a->arrival < b->arrival ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Rows of each user: Lomax weights, capped, scaled to the total, at least one each. */
static void share_out(int64_t rows, int64_t users, int64_t *counts) {
    double total = 0;
    int64_t left = rows;
    for (int64_t u = 0; u < users; u++) {
        double uniform = ((double)(draw(11, u) >> 11) + 0.5) / 9007199254740992.0;
        total += pow(uniform, -1.0 / 1.2) - 1.0;
    }
    for (int64_t u = 0; u < users; u++) {
        double uniform = ((double)(draw(11, u) >> 11) + 0.5) / 9007199254740992.0;
        double share = (pow(uniform, -1.0 / 1.2) - 1.0) / total;
        if (share > 0.005) share = 0.005;
        counts[u] = 1 + (int64_t)(share * (double)(rows - users));
        left -= counts[u];
    }
    for (int64_t u = 0; left > 0; u = (u + 1) % users, left--) counts[u]++;
}

static void place_sessions(int64_t users, const int64_t *counts, event *events) {
    int64_t row = 0;
    for (int64_t u = 0; u < users; u++) {
        int64_t time = 0;
        for (int64_t k = 0; k < counts[u]; k++, row++) {
            bool opens = k == 0 || draw(12, row) % 6 == 0;
            time = opens ? EVENTS_START + below(draw(13, row), EVENTS_SPAN) : time + below(draw(14, row), 40 * SECOND);
            events[row].time = time;
            events[row].arrival = time + late_by(draw(15, row));
            events[row].index = row;
            events[row].user = u;
        }
    }
}

int64_t gen_events(int64_t rows, int64_t *users, int64_t *times, int64_t *values) {
    int64_t user_count = rows >= ROWS_PER_USER ? rows / ROWS_PER_USER : 1;
    int64_t *counts = malloc((size_t)user_count * sizeof *counts);
    event *events = malloc((size_t)rows * sizeof *events);
    if (counts == NULL || events == NULL) {
        user_count = 0;
        goto cleanup;
    }
    share_out(rows, user_count, counts);
    place_sessions(user_count, counts, events);
    qsort(events, (size_t)rows, sizeof *events, by_arrival);
    for (int64_t i = 0; i < rows; i++) {
        users[i] = gen_id(events[i].user);
        times[i] = events[i].time;
        values[i] = below(draw(16, events[i].index), 1000000) - 1000;
    }
cleanup:
    free(events);
    free(counts);
    return user_count;
}
