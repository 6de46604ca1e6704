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

/* A set of events, as it is asked for by name. */
typedef struct event_set {
    const char *name; /* and prefix of its files */
    int64_t rows_per_user;
    gen_sequence sequence;
    bool heavy;
} event_set;

static const event_set event_sets[] = {
    {"events", GEN_ROWS_PER_USER, GEN_ARRIVAL, false},
    {"events-u5", 5, GEN_ARRIVAL, false},
    {"events-shuffled", GEN_ROWS_PER_USER, GEN_SHUFFLED, false},
    {"events-sorted", GEN_ROWS_PER_USER, GEN_SORTED, false},
    {"events-heavy", GEN_ROWS_PER_USER, GEN_ARRIVAL, true},
};

enum { EVENT_SETS = sizeof event_sets / sizeof event_sets[0], EVENT_FILES = 6 };

typedef struct event_block {
    int64_t user[BLOCK], time[BLOCK], value[BLOCK], end[BLOCK];
    int32_t code[BLOCK];
    char members[BLOCK * GEN_MEMBER_MAX];
} event_block;

/* out[4] and out[5], the ids as text, may be closed: they are left out then. */
static int write_event_rows(const gen_event *events, int64_t count, output out[EVENT_FILES], event_block *block) {
    bool text = out[4].file != NULL;
    int64_t end = 0;
    int failed = text ? put(&out[4], &end, sizeof end) : 0;
    for (int64_t first = 0; first < count && !failed; first += BLOCK) {
        size_t rows = (size_t)(count - first < BLOCK ? count - first : BLOCK);
        size_t bytes = 0;
        for (size_t i = 0; i < rows; i++) {
            const gen_event *event = &events[first + (int64_t)i];
            size_t length = text ? gen_member(event->user, block->members + bytes) : 0;
            bytes += length;
            end += (int64_t)length;
            block->user[i] = gen_id(event->user);
            block->time[i] = event->time;
            block->value[i] = gen_event_value(event);
            block->code[i] = event->code;
            block->end[i] = end;
        }
        failed = put(&out[0], block->user, rows * sizeof *block->user) ||
                 put(&out[1], block->time, rows * sizeof *block->time) ||
                 put(&out[2], block->value, rows * sizeof *block->value) ||
                 put(&out[3], block->code, rows * sizeof *block->code);
        if (text && !failed) {
            failed = put(&out[4], block->end, rows * sizeof *block->end) || put(&out[5], block->members, bytes);
        }
    }
    return failed;
}

static int write_events(const char *directory, const event_set *set, int64_t rows, bool text, int64_t *users) {
    static const char *const suffixes[EVENT_FILES] = {"user.i64", "time.i64",           "value.i64",
                                                      "code.i32", "member.offsets.i64", "member.bytes"};
    gen_events what = {rows, set->rows_per_user, set->sequence, set->heavy};
    output out[EVENT_FILES];
    memset(out, 0, sizeof out);
    gen_event *events = malloc((size_t)rows * sizeof *events);
    event_block *block = malloc(sizeof *block);
    int failed = events == NULL || block == NULL;
    if (!failed) *users = gen_events_fill(&what, events);
    if (failed || *users == 0) failed = complain("hold", "the events");
    for (size_t i = 0; i < (text ? EVENT_FILES : EVENT_FILES - 2) && !failed; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s.%s", set->name, suffixes[i]);
        failed = open_output(&out[i], directory, name);
    }
    if (!failed) failed = write_event_rows(events, rows, out, block);
    free(block);
    free(events);
    return close_outputs(out, EVENT_FILES, failed);
}

static void write_codes(FILE *file, int steps) {
    fprintf(file, ", \"steps_%d\": [", steps);
    for (int i = 0; i < steps; i++) fprintf(file, "%s%d", i > 0 ? ", " : "", (int)gen_funnel_codes(steps)[i]);
    fprintf(file, "]");
}

static int write_sizes(const char *directory, const gen_orders *orders, const int64_t users[EVENT_SETS]) {
    output out;
    memset(&out, 0, sizeof out);
    if (open_output(&out, directory, "sizes.json")) return 1;
    fprintf(out.file, "{\"rows\": %lld, \"customers\": %lld, \"shuffled\": %s", (long long)orders->rows,
            (long long)orders->customers, orders->shuffled ? "true" : "false");
    for (size_t i = 0; i < EVENT_SETS; i++) {
        if (users[i] > 0) fprintf(out.file, ", \"users of %s\": %lld", event_sets[i].name, (long long)users[i]);
    }
    write_codes(out.file, GEN_FUNNEL_STEPS);
    write_codes(out.file, GEN_LONG_FUNNEL_STEPS);
    fprintf(out.file, "}\n");
    return close_outputs(&out, 1, ferror(out.file) != 0);
}

static int64_t number(const char *text) {
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    return *text == '\0' || *end != '\0' ? -1 : (int64_t)value;
}

/* Whether a set is among the arguments; without arguments all are. */
static bool wanted(const char *name, int count, char **names) {
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return count == 0;
}

static bool known(const char *name) {
    bool found = strcmp(name, "orders") == 0 || strcmp(name, "events-text") == 0;
    for (size_t i = 0; i < EVENT_SETS; i++) found = found || strcmp(name, event_sets[i].name) == 0;
    return found;
}

int main(int argc, char **argv) {
    gen_orders orders = {10000000, 1000000, false};
    int64_t users[EVENT_SETS] = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: make_data DIRECTORY [ROWS [CUSTOMERS [arrival|shuffled [SET…]]]]\n"
                        "sets: orders events events-text events-u5 events-shuffled events-sorted events-heavy\n");
        return 2;
    }
    if (argc > 2) orders.rows = number(argv[2]);
    orders.customers = argc > 3 ? number(argv[3]) : orders.rows / 10 + 1;
    if (argc > 4) orders.shuffled = strcmp(argv[4], "shuffled") == 0;
    if (orders.rows < 1 || orders.rows > INT32_MAX || orders.customers < 1 || orders.customers > orders.rows) {
        fprintf(stderr, "make_data: expected 1 <= CUSTOMERS <= ROWS < 2^31\n");
        return 2;
    }
    int set_count = argc > 5 ? argc - 5 : 0;
    char **sets = argv + (argc > 5 ? 5 : argc);
    for (int i = 0; i < set_count; i++) {
        if (!known(sets[i])) {
            fprintf(stderr, "make_data: no set %s\n", sets[i]);
            return 2;
        }
    }
    if (wanted("orders", set_count, sets) && write_orders(argv[1], &orders)) return 1;
    bool text = wanted("events-text", set_count, sets);
    for (size_t i = 0; i < EVENT_SETS; i++) {
        bool with_text = i == 0 && text; /* the first set again, with text ids beside the integers */
        if (!with_text && !wanted(event_sets[i].name, set_count, sets)) continue;
        if (write_events(argv[1], &event_sets[i], orders.rows, with_text, &users[i])) return 1;
    }
    return write_sizes(argv[1], &orders, users);
}
