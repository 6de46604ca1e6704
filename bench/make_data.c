/* Writes the benchmark's columns as raw little-endian files into a directory. See gen.h for what is in them. */
#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16 };

typedef struct output {
    FILE *file;
    char path[4096];
} output;

static int complain(const char *what, const char *path) {
    fprintf(stderr, "make_data: cannot %s %s: %s\n", what, path, strerror(errno));
    return 1;
}

static int open_output(output *out, const char *directory, const char *name) {
    int length = snprintf(out->path, sizeof out->path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof out->path)
        errno = ENAMETOOLONG;
    else
        out->file = fopen(out->path, "wb");
    return out->file == NULL ? complain("create", out->path) : 0;
}

static int put(output *out, const void *data, size_t size) {
    return fwrite(data, 1, size, out->file) == size ? 0 : complain("write", out->path);
}

static int close_outputs(output *outputs, size_t count, int failed) {
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].file != NULL && fclose(outputs[i].file) != 0) failed = complain("close", outputs[i].path);
    }
    return failed;
}

typedef struct order_block {
    int64_t id[BLOCK], time[BLOCK], amount[BLOCK], end[BLOCK];
    char members[BLOCK * GEN_MEMBER_MAX];
} order_block;

static int write_order_rows(const gen_orders *orders, output out[5], order_block *block) {
    int64_t end = 0;
    int failed = put(&out[3], &end, sizeof end);
    for (int64_t first = 0; first < orders->rows && !failed; first += BLOCK) {
        size_t rows = (size_t)(orders->rows - first < BLOCK ? orders->rows - first : BLOCK);
        size_t bytes = 0;
        for (size_t i = 0; i < rows; i++) {
            gen_order order = gen_order_at(orders, first + (int64_t)i);
            size_t length = gen_member(order.customer, block->members + bytes);
            bytes += length;
            end += (int64_t)length;
            block->id[i] = gen_id(order.customer);
            block->time[i] = order.time;
            block->amount[i] = order.amount;
            block->end[i] = end;
        }
        failed = put(&out[0], block->id, rows * sizeof *block->id) ||
                 put(&out[1], block->time, rows * sizeof *block->time) ||
                 put(&out[2], block->amount, rows * sizeof *block->amount) ||
                 put(&out[3], block->end, rows * sizeof *block->end) || put(&out[4], block->members, bytes);
    }
    return failed;
}

static int write_orders(const char *directory, const gen_orders *orders) {
    static const char *const names[5] = {"orders.customer.i64", "orders.time.i64", "orders.amount.i64",
                                         "orders.member.offsets.i64", "orders.member.bytes"};
    output out[5];
    memset(out, 0, sizeof out);
    order_block *block = malloc(sizeof *block);
    int failed = block == NULL ? complain("hold", "a block of orders") : 0;
    for (size_t i = 0; i < 5 && !failed; i++) failed = open_output(&out[i], directory, names[i]);
    if (!failed) failed = write_order_rows(orders, out, block);
    free(block);
    return close_outputs(out, 5, failed);
}

static int write_events(const char *directory, int64_t rows, int64_t *users) {
    static const char *const names[3] = {"events.user.i64", "events.time.i64", "events.value.i64"};
    output out[3];
    memset(out, 0, sizeof out);
    size_t size = (size_t)rows * sizeof(int64_t);
    int64_t *columns[3] = {malloc(size), malloc(size), malloc(size)};
    int failed = columns[0] == NULL || columns[1] == NULL || columns[2] == NULL;
    if (!failed) *users = gen_events(rows, columns[0], columns[1], columns[2]);
    if (failed || *users == 0) failed = complain("hold", "the events");
    for (size_t i = 0; i < 3 && !failed; i++) {
        failed = open_output(&out[i], directory, names[i]);
        if (!failed) failed = put(&out[i], columns[i], size);
    }
    for (size_t i = 0; i < 3; i++) free(columns[i]);
    return close_outputs(out, 3, failed);
}

static int write_sizes(const char *directory, const gen_orders *orders, int64_t users) {
    output out;
    memset(&out, 0, sizeof out);
    if (open_output(&out, directory, "sizes.json")) return 1;
    int written = fprintf(out.file, "{\"rows\": %lld, \"customers\": %lld, \"users\": %lld, \"shuffled\": %s}\n",
                          (long long)orders->rows, (long long)orders->customers, (long long)users,
                          orders->shuffled ? "true" : "false");
    return close_outputs(&out, 1, written < 0);
}

static int64_t number(const char *text) {
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    return *text == '\0' || *end != '\0' ? -1 : (int64_t)value;
}

int main(int argc, char **argv) {
    gen_orders orders = {10000000, 1000000, false};
    int64_t users = 0;
    if (argc < 2 || argc > 5) {
        fprintf(stderr, "usage: make_data DIRECTORY [ROWS [CUSTOMERS [arrival|shuffled]]]\n");
        return 2;
    }
    if (argc > 2) orders.rows = number(argv[2]);
    orders.customers = argc > 3 ? number(argv[3]) : orders.rows / 10 + 1;
    if (argc > 4) orders.shuffled = strcmp(argv[4], "shuffled") == 0;
    if (orders.rows < 1 || orders.rows > INT32_MAX || orders.customers < 1 || orders.customers > orders.rows) {
        fprintf(stderr, "make_data: expected 1 <= CUSTOMERS <= ROWS < 2^31\n");
        return 2;
    }
    if (write_orders(argv[1], &orders) || write_events(argv[1], orders.rows, &users)) return 1;
    return write_sizes(argv[1], &orders, users);
}
