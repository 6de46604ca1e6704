#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)
#define TEXT_ROOM 96

uint64_t rows_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t rows_below(uint64_t *state, int64_t bound) { return (int64_t)(rows_random(state) % (uint64_t)bound); }

static void *take(size_t count, size_t size) {
    void *block = calloc(count > 0 ? count : 1, size);
    if (block == NULL) {
        (void)fprintf(stderr, "out of memory in a test\n");
        abort();
    }
    return block;
}

/* ---- columns ---- */

/* What the lists of a metric name besides its own columns. */
static const pdm_column_info funnel_columns[] = {
    {.name = "is_cart", .role = PDM_ROLE_FLAG, .nullable = 1, .unit = "", .doc = ""},
    {.name = "is_order", .role = PDM_ROLE_FLAG, .nullable = 1, .unit = "", .doc = ""},
    {.name = "is_refund", .role = PDM_ROLE_FLAG, .nullable = 1, .unit = "", .doc = ""},
    {.name = "held_a", .role = PDM_ROLE_KEY, .nullable = 1, .unit = "", .doc = ""},
    {.name = "held_b", .role = PDM_ROLE_KEY, .nullable = 1, .unit = "", .doc = ""},
};

static const pdm_column_info experiment_columns[] = {
    {.name = "bought", .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "", .doc = ""},
    {.name = "orders", .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "", .doc = ""},
    {.name = "orders_before", .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "", .doc = ""},
    {.name = "spend", .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "", .doc = ""},
    {.name = "spend_before", .role = PDM_ROLE_INTEGER, .nullable = 1, .unit = "", .doc = ""},
    {.name = "price", .role = PDM_ROLE_MONEY, .nullable = 1, .unit = "", .doc = ""},
    {.name = "score", .role = PDM_ROLE_FLOAT, .nullable = 1, .unit = "", .doc = ""},
    {.name = "city", .role = PDM_ROLE_KEY, .nullable = 1, .unit = "", .doc = ""},
    {.name = "tier", .role = PDM_ROLE_KEY, .nullable = 1, .unit = "", .doc = ""},
};

static int32_t named_columns(const pdm_metric *metric, const pdm_column_info **columns) {
    *columns = NULL;
    if (strcmp(metric->name, "funnel") == 0) {
        *columns = funnel_columns;
        return (int32_t)(sizeof funnel_columns / sizeof *funnel_columns);
    }
    if (strcmp(metric->name, "experiment") == 0) {
        *columns = experiment_columns;
        return (int32_t)(sizeof experiment_columns / sizeof *experiment_columns);
    }
    return 0;
}

/* A metric whose lists name columns that are nowhere would pass untested: refuse to go on. */
static int32_t column_count(const pdm_metric *metric) {
    const pdm_column_info *columns = NULL;
    int32_t count = named_columns(metric, &columns);
    for (int32_t l = 0; l < metric->list_count; l++) {
        for (int32_t c = 0; c < metric->lists[l].column_count; c++) {
            if (count > 0 || strcmp(metric->lists[l].columns[c].name, "column") != 0) continue;
            (void)fprintf(stderr, "tests/support/rows.c has no columns that lists of metric \"%s\" can name\n",
                          metric->name);
            abort();
        }
    }
    return metric->column_count + count;
}

static const struct {
    const char *metric;
    const char *column;
    rows_shape shape;
} shapes[] = {
    {"funnel", "time", ROWS_INSTANTS},
    {"funnel", "event", ROWS_EVENTS},
    {"funnel", "steps", ROWS_MASKS},
    {"funnel", "exclude", ROWS_MASKS},
    {"funnel", "session", ROWS_FEW},
    {"funnel", "hold", ROWS_FEW},
    {"funnel", "breakdown", ROWS_FEW},
    {"funnel", "held_a", ROWS_FEW},
    {"funnel", "held_b", ROWS_FEW},
    {"funnel", "seq", ROWS_FEW},
    {"activity", "time", ROWS_INSTANTS},
    {"actuals", "period", ROWS_FEW},
    {"actuals", "time", ROWS_INSTANTS},
    {"actuals", "channel", ROWS_FEW},
    {"actuals", "segment", ROWS_FEW},
    {"actuals", "kind", ROWS_KINDS},
    {"actuals", "amount", ROWS_PRICES},
    {"credit", "amount", ROWS_PRICES},
    {"credit", "staff_id", ROWS_EVENTS},
    {"retention_array", "conditions", ROWS_MASKS},
    {"credit", "role", ROWS_FEW},
    {"activity", "breakdown", ROWS_FEW},
    {"lifecycle", "breakdown", ROWS_FEW},
    {"retention", "breakdown", ROWS_FEW},
    {"repurchase", "breakdown", ROWS_FEW},
    {"attribution", "time", ROWS_INSTANTS},
    {"attribution", "seq", ROWS_FEW},
    {"attribution", "kind", ROWS_EVENT_KINDS},
    {"attribution", "channel", ROWS_CHANNELS},
    {"attribution", "mark", ROWS_MILESTONES},
    {"attribution", "priority", ROWS_FEW},
    {"attribution", "value", ROWS_COUNTS},
    {"attribution", "path", ROWS_PATHS},
    {"attribution", "marks", ROWS_PATH_MASKS},
    {"attribution", "conversions", ROWS_COUNTS},
    {"attribution", "nulls", ROWS_COUNTS},
    {"experiment", "unit", ROWS_UNITS},
    {"experiment", "variant", ROWS_ARMS},
    {"experiment", "bought", ROWS_BITS},
    {"experiment", "orders", ROWS_FEW},
    {"experiment", "orders_before", ROWS_FEW},
    {"experiment", "city", ROWS_FEW},
    {"experiment", "tier", ROWS_FEW},
    {"experiment", "spend", ROWS_AMOUNTS},
    {"experiment", "spend_before", ROWS_AMOUNTS},
};

static rows_shape shape_of(const pdm_metric *metric, const pdm_column_info *info) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(shapes[i].metric, metric->name) == 0 && strcmp(shapes[i].column, info->name) == 0)
            return shapes[i].shape;
    }
    return ROWS_BY_ROLE;
}

/* ---- the model ---- */

/* Values of columns with a shape of their own, from three numbers ≥ 0. */
static int64_t shaped_value(rows_shape shape, int64_t a, int64_t b, int64_t c) {
    switch (shape) {
    case ROWS_INSTANTS: return (a % 8 - 4) * DAY_US + b % 4 * 6 * HOUR_US + (c % 4 == 0 ? c / 4 % 4 * 1000000 : 0);
    case ROWS_EVENTS: return a % 8;
    case ROWS_MASKS: return c % 16 == 0 ? a * 31 - 7 : b % 2 == 0 ? INT64_C(1) << a % 6 : a % 64;
    case ROWS_FEW: return a % 4;
    case ROWS_KINDS: return c % 3 == 0;
    case ROWS_PRICES: return a % 16 == 0 ? b * 100 : 1200;
    case ROWS_COUNTS: return b % 3 == 0 ? 0 : a % 64;
    case ROWS_EVENT_KINDS: return a % 8 < 5 ? 0 : a % 8 < 7 ? 1 : 2;
    case ROWS_CHANNELS: return a % 5 + 1;
    case ROWS_MILESTONES: return a % 2;
    case ROWS_PATHS:
    case ROWS_PATH_MASKS: return a % 64;
    case ROWS_UNITS: return a * 8 + b % 8;
    case ROWS_ARMS: return a % 3;
    case ROWS_BITS: return a % 2;
    case ROWS_AMOUNTS: return a % 3 == 0 ? 0 : b * 64 + c - 500;
    case ROWS_BY_ROLE:
    default: return 0;
    }
}

static int64_t key_domain(int32_t nth_key, int64_t count, bool event) {
    if (event) return count > 4 ? count - count / 5 : 4;
    int64_t share = nth_key == 0 ? 6 : 3;
    return count / share + 3;
}

static int64_t model_value(const rows_column *c, int32_t nth_key, int64_t count, uint64_t *random) {
    const pdm_column_info *info = c->info;
    if (c->shape != ROWS_BY_ROLE) {
        int64_t a = rows_below(random, 64);
        int64_t b = rows_below(random, 64);
        return shaped_value(c->shape, a, b, rows_below(random, 64));
    }
    switch (info->role) {
    case PDM_ROLE_KEY: return rows_below(random, key_domain(nth_key, count, strcmp(info->name, "event_id") == 0));
    case PDM_ROLE_TIME: {
        int64_t day = rows_below(random, 120) - 60;
        int64_t hour = rows_below(random, 24);
        int64_t rest = rows_below(random, 4) == 0 ? rows_below(random, 3600) * 1000000 : 0;
        return day * DAY_US + hour * HOUR_US + rest;
    }
    case PDM_ROLE_MONEY: {
        int64_t kind = rows_below(random, 20);
        if (kind == 0) return 0;
        if (kind < 5) return -1 - rows_below(random, 600);
        return kind < 12 ? 1 + rows_below(random, 12) * 100 : 1 + rows_below(random, 2000);
    }
    case PDM_ROLE_TEXT: return rows_below(random, 6);
    case PDM_ROLE_FLAG: return rows_below(random, 3) == 0;
    default: return rows_below(random, 50) - 10;
    }
}

/* Cells that must go together. */
static void settle_row(rows *r, int64_t row) {
    int64_t kind = -1;
    int64_t path = 0;
    int64_t conversions = 0;
    if (strcmp(r->metric->name, "attribution") != 0) return;
    for (int32_t i = 0; i < r->column_count; i++) {
        const char *name = r->columns[i].info->name;
        if (strcmp(name, "kind") == 0) kind = r->columns[i].values[row];
        if (strcmp(name, "path") == 0) path = r->columns[i].values[row];
        if (strcmp(name, "conversions") == 0) conversions = r->columns[i].values[row];
    }
    for (int32_t i = 0; i < r->column_count; i++) {
        rows_column *c = &r->columns[i];
        if (strcmp(c->info->name, "marks") == 0) c->values[row] = path;
        if (strcmp(c->info->name, "channel") == 0) c->valid[row] = kind == 0 ? 1 : 0;
        if (strcmp(c->info->name, "mark") == 0) c->valid[row] = kind == 2 ? 1 : 0;
        if (strcmp(c->info->name, "value") == 0 && (kind != 1 || conversions == 0)) c->valid[row] = 0;
    }
}

/* ---- physical columns ---- */

/* Different numbers give different texts: empty, short, more than an inline view holds, not ASCII. */
static size_t key_text(int64_t value, char *out) {
    if (value == 0) return 0;
    int length = value % 5 == 2   ? snprintf(out, TEXT_ROOM, "很长的客户编号-%lld", (long long)value)
                 : value % 7 == 3 ? snprintf(out, TEXT_ROOM, "customer-with-a-long-id-%lld", (long long)value)
                                  : snprintf(out, TEXT_ROOM, "c%lld", (long long)value);
    return (size_t)length;
}

/* Channels of a path, or the masks of its touches. */
static size_t path_text(int64_t value, bool masks, char *out) {
    size_t length = 0;
    for (int64_t i = 0; i < value % 5; i++) {
        int64_t channel = (value * 7 + i * (value / 5 + 1)) % 5 + 1;
        if (i > 0) out[length++] = '>';
        if (masks) {
            out[length++] = (char)('0' + (value + i) % 4);
        } else {
            length += key_text(channel, out + length);
        }
    }
    return length;
}

static size_t shaped_text(rows_shape shape, int64_t value, char *out) {
    static const char *const kinds[] = {"touch", "conversion", "milestone"};
    static const char *const milestones[] = {"lead", "opportunity"};
    if (shape == ROWS_PATHS || shape == ROWS_PATH_MASKS) return path_text(value, shape == ROWS_PATH_MASKS, out);
    if (shape != ROWS_EVENT_KINDS && shape != ROWS_MILESTONES) return key_text(value, out);
    const char *text = shape == ROWS_EVENT_KINDS ? kinds[value] : milestones[value];
    size_t length = strlen(text);
    memcpy(out, text, length);
    return length;
}

static int64_t int_key(int64_t value) {
    if (value == 1) return INT64_MIN;
    if (value == 2) return INT64_MAX;
    return value % 3 == 0 ? -value : value;
}

static void lay_out_texts(rows_column *c, pdm_type type, int64_t count, const int64_t *values, pdm_column *out,
                          void **owned) {
    bool large = type == PDM_TYPE_LARGE_UTF8;
    char *bytes = take((size_t)count * TEXT_ROOM, 1);
    int32_t *narrow = take((size_t)count + 1, sizeof *narrow);
    int64_t *wide = take((size_t)count + 1, sizeof *wide);
    size_t used = 0;
    for (int64_t i = 0; i < count; i++) {
        used += shaped_text(c->shape, values == NULL ? i : values[i], bytes + used);
        narrow[i + 1] = (int32_t)used;
        wide[i + 1] = (int64_t)used;
    }
    *out = pdm_column_make(c->info->name, type, bytes);
    out->offsets = large ? (const void *)wide : (const void *)narrow;
    owned[0] = bytes;
    owned[1] = narrow;
    owned[2] = wide;
}

static void lay_out_dictionary(rows_column *c, int64_t count) {
    int64_t most = 0;
    int32_t *indices = take((size_t)count, sizeof *indices);
    for (int64_t i = 0; i < count; i++) {
        indices[i] = (int32_t)c->values[i];
        most = c->values[i] > most ? c->values[i] : most;
    }
    lay_out_texts(c, PDM_TYPE_UTF8, most + 1, NULL, &c->dictionary, c->owned);
    c->column = pdm_column_make(c->info->name, PDM_TYPE_DICTIONARY, indices);
    c->column.index_type = PDM_TYPE_INT32;
    c->column.dictionary = &c->dictionary;
    c->column.dictionary_length = most + 1;
    c->owned[3] = indices;
}

/* Integers of `size` bytes; divided by `divisor` first. */
static void lay_out_words(rows_column *c, pdm_type type, size_t size, int64_t divisor, int64_t factor, int64_t count) {
    uint8_t *bytes = take((size_t)count, size);
    for (int64_t i = 0; i < count; i++) {
        int64_t value = c->values[i] * factor;
        value = value / divisor - (value % divisor < 0 ? 1 : 0);
        memcpy(bytes + (size_t)i * size, &value, size < 8 ? size : 8);
        if (size == 16) memset(bytes + (size_t)i * 16 + 8, value < 0 ? 0xFF : 0, 8);
    }
    c->column = pdm_column_make(c->info->name, type, bytes);
    c->owned[3] = bytes;
}

static void lay_out_floats(rows_column *c, int64_t count) {
    double *numbers = take((size_t)count, sizeof *numbers);
    for (int64_t i = 0; i < count; i++) numbers[i] = (double)c->values[i] / 4.0;
    c->column = pdm_column_make(c->info->name, PDM_TYPE_FLOAT64, numbers);
    c->owned[3] = numbers;
}

static void lay_out_int_keys(rows_column *c, bool is_unsigned, int64_t count) {
    uint64_t *words = take((size_t)count, sizeof *words);
    for (int64_t i = 0; i < count; i++) {
        words[i] =
            is_unsigned ? (uint64_t)c->values[i] * UINT64_C(0x9E3779B97F4A7C15) : (uint64_t)int_key(c->values[i]);
    }
    c->column = pdm_column_make(c->info->name, is_unsigned ? PDM_TYPE_UINT64 : PDM_TYPE_INT64, words);
    c->owned[3] = words;
}

/* Codes of events, the same numbers in every style that has integers. */
static void lay_out_events(rows_column *c, rows_style style, int64_t count) {
    if (style == ROWS_MIXED) {
        lay_out_words(c, PDM_TYPE_INT32, 4, 1, 1, count);
        return;
    }
    lay_out_words(c, style == ROWS_UINT ? PDM_TYPE_UINT64 : PDM_TYPE_INT64, 8, 1, 1, count);
    int64_t *codes = c->owned[3];
    for (int64_t i = 0; i < count && style == ROWS_INT; i++) {
        if (codes[i] == 6) codes[i] = INT64_MIN;
        if (codes[i] == 7) codes[i] = INT64_MAX;
    }
}

static void lay_out_kinds(rows_column *c, int64_t count) {
    static const char *const names[] = {"gmv", "refund"};
    char *bytes = take((size_t)count * 6, 1);
    int32_t *offsets = take((size_t)count + 1, sizeof *offsets);
    for (int64_t i = 0; i < count; i++) {
        size_t length = strlen(names[c->values[i]]);
        memcpy(bytes + offsets[i], names[c->values[i]], length);
        offsets[i + 1] = offsets[i] + (int32_t)length;
    }
    c->column = pdm_column_make(c->info->name, PDM_TYPE_UTF8, bytes);
    c->column.offsets = offsets;
    c->owned[0] = bytes;
    c->owned[1] = offsets;
}

static void lay_out_flags(rows_column *c, rows_style style, int64_t count) {
    if (style == ROWS_MIXED || style == ROWS_UINT) {
        lay_out_words(c, style == ROWS_UINT ? PDM_TYPE_UINT8 : PDM_TYPE_INT16, style == ROWS_UINT ? 1 : 2, 1, 3, count);
        return;
    }
    uint8_t *bits = take((size_t)count / 8 + 1, 1);
    for (int64_t i = 0; i < count; i++) bits[i >> 3] = (uint8_t)(bits[i >> 3] | (c->values[i] != 0) << (i & 7));
    c->column = pdm_column_make(c->info->name, PDM_TYPE_BOOL, bits);
    c->owned[3] = bits;
}

static void lay_out_key(rows_column *c, rows_style style, bool first, int64_t count) {
    if ((c->shape == ROWS_EVENTS || c->shape == ROWS_ARMS) && style != ROWS_TEXT && style != ROWS_DICTIONARY) {
        lay_out_events(c, style, count);
        return;
    }
    switch ((int32_t)style) {
    case ROWS_TEXT: lay_out_texts(c, PDM_TYPE_UTF8, count, c->values, &c->column, c->owned); break;
    case ROWS_DICTIONARY: lay_out_dictionary(c, count); break;
    case ROWS_UINT: lay_out_int_keys(c, true, count); break;
    case ROWS_MIXED:
        if (first) {
            lay_out_texts(c, PDM_TYPE_LARGE_UTF8, count, c->values, &c->column, c->owned);
        } else {
            lay_out_words(c, PDM_TYPE_INT32, 4, 1, 1, count);
        }
        break;
    default: lay_out_int_keys(c, false, count); break;
    }
}

static void lay_out_time(rows_column *c, rows_style style, int64_t count) {
    switch ((int32_t)style) {
    case ROWS_TEXT: lay_out_words(c, PDM_TYPE_TIMESTAMP_US, 8, 1, 1, count); break;
    case ROWS_MIXED:
        lay_out_words(c, PDM_TYPE_TIMESTAMP_MS, 8, 1000, 1, count);
        c->column.naive = 1;
        break;
    case ROWS_DICTIONARY: lay_out_words(c, PDM_TYPE_DATE32, 4, DAY_US, 1, count); break;
    case ROWS_UINT: lay_out_words(c, PDM_TYPE_TIMESTAMP_NS, 8, 1, 1000, count); break;
    default: lay_out_words(c, PDM_TYPE_INT64, 8, 1, 1, count); break;
    }
}

static void lay_out_money(rows_column *c, rows_style style, int64_t count) {
    if (c->shape != ROWS_BY_ROLE && style == ROWS_UINT) style = ROWS_MIXED; /* what may be a ratio, too */
    switch ((int32_t)style) {
    case ROWS_TEXT:
    case ROWS_DICTIONARY: lay_out_words(c, PDM_TYPE_INT32, 4, 1, 1, count); break;
    case ROWS_MIXED: lay_out_words(c, PDM_TYPE_INT16, 2, 1, 1, count); break;
    case ROWS_UINT: lay_out_words(c, PDM_TYPE_DECIMAL128, 16, 1, 1, count); break;
    default: lay_out_words(c, PDM_TYPE_INT64, 8, 1, 1, count); break;
    }
}

static void lay_out(rows *r) {
    bool first_key = true;
    for (int32_t i = 0; i < r->column_count; i++) {
        rows_column *c = &r->columns[i];
        switch (c->info->role) {
        case PDM_ROLE_KEY:
            lay_out_key(c, r->style, first_key, r->count);
            first_key = false;
            break;
        case PDM_ROLE_TIME: lay_out_time(c, r->style, r->count); break;
        case PDM_ROLE_MONEY: lay_out_money(c, r->style, r->count); break;
        case PDM_ROLE_TEXT:
            if (c->shape == ROWS_KINDS) {
                lay_out_kinds(c, r->count);
            } else {
                lay_out_texts(c, PDM_TYPE_UTF8, r->count, c->values, &c->column, c->owned);
            }
            break;
        case PDM_ROLE_FLOAT: lay_out_floats(c, r->count); break;
        case PDM_ROLE_FLAG: lay_out_flags(c, r->style, r->count); break;
        default: lay_out_words(c, PDM_TYPE_INT64, 8, 1, 1, r->count); break;
        }
        uint8_t *bits = take((size_t)r->count / 8 + 1, 1);
        bool any = false;
        for (int64_t row = 0; row < r->count; row++) {
            bits[row >> 3] = (uint8_t)(bits[row >> 3] | c->valid[row] << (row & 7));
            any = any || c->valid[row] == 0;
        }
        c->column.validity = any ? bits : NULL;
        c->owned[4] = bits;
    }
}

static rows *new_rows(const pdm_metric *metric, rows_style style, int64_t count) {
    rows *r = take(1, sizeof *r);
    r->metric = metric;
    r->style = style;
    r->count = count;
    const pdm_column_info *named = NULL;
    (void)named_columns(metric, &named);
    r->column_count = column_count(metric);
    if (r->column_count > ROWS_MAX_COLUMNS) {
        (void)fprintf(stderr, "ROWS_MAX_COLUMNS is too small for metric \"%s\"\n", metric->name);
        abort();
    }
    for (int32_t i = 0; i < r->column_count; i++) {
        bool own = i < metric->column_count;
        r->columns[i].info = own ? &metric->columns[i] : &named[i - metric->column_count];
        r->columns[i].shape = shape_of(metric, r->columns[i].info);
        r->columns[i].values = take((size_t)count, sizeof(int64_t));
        r->columns[i].valid = take((size_t)count, 1);
    }
    return r;
}

rows *rows_make(const pdm_metric *metric, uint64_t seed, int64_t count, rows_style style, bool nulls) {
    rows *r = new_rows(metric, style, count);
    uint64_t random = seed;
    int32_t nth_key = 0;
    for (int32_t i = 0; i < r->column_count; i++) {
        rows_column *c = &r->columns[i];
        for (int64_t row = 0; row < count; row++) {
            c->values[row] = model_value(c, nth_key, count, &random);
            int64_t one_in = c->info->nullable != 0 ? (c->shape == ROWS_BY_ROLE ? 2 : 8) : nulls ? 25 : 0;
            c->valid[row] = one_in == 0 || rows_below(&random, one_in) != 0 ? 1 : 0;
        }
        nth_key += c->info->role == PDM_ROLE_KEY ? 1 : 0;
    }
    for (int64_t row = 0; row < count; row++) settle_row(r, row);
    lay_out(r);
    return r;
}

static int64_t value_from_bytes(const rows_column *c, rows_style style, const uint8_t cell[3]) {
    const pdm_column_info *info = c->info;
    int64_t number = (int64_t)cell[0] | (int64_t)cell[1] << 8;
    bool wide = style == ROWS_INT;
    bool extreme = wide && cell[2] > 250 && (info->role == PDM_ROLE_TIME || c->shape == ROWS_PRICES);
    if (c->shape != ROWS_BY_ROLE && !extreme) return shaped_value(c->shape, cell[0], cell[1], cell[1] / 4);
    switch (info->role) {
    case PDM_ROLE_KEY: return number % 200;
    case PDM_ROLE_TIME:
        if (wide && cell[2] > 250) return cell[2] > 253 ? INT64_MAX - number : INT64_MIN + number;
        return (number - 32768) * (cell[2] % 2 == 0 ? DAY_US / 96 : 1000000);
    case PDM_ROLE_MONEY:
        if (wide && cell[2] > 250) return cell[2] > 253 ? INT64_MAX - number : INT64_MIN + number;
        return number - (cell[2] % 3 == 0 ? 0 : 32768);
    case PDM_ROLE_TEXT: return number % 6;
    case PDM_ROLE_FLAG: return number % 2;
    default: return number - 100;
    }
}

rows *rows_from_bytes(const pdm_metric *metric, const uint8_t *bytes, size_t size, rows_style style) {
    size_t width = 3 * (size_t)column_count(metric);
    rows *r = new_rows(metric, style, (int64_t)(size / width));
    for (int64_t row = 0; row < r->count; row++) {
        for (int32_t i = 0; i < r->column_count; i++, bytes += 3) {
            rows_column *c = &r->columns[i];
            c->values[row] = value_from_bytes(c, style, bytes);
            int32_t one_in = c->info->nullable != 0 ? (c->shape == ROWS_BY_ROLE ? 2 : 8) : 29;
            c->valid[row] = bytes[2] % one_in != 1 ? 1 : 0;
        }
        settle_row(r, row);
    }
    lay_out(r);
    return r;
}

rows *rows_shuffled(const rows *source, uint64_t seed) {
    rows *r = new_rows(source->metric, source->style, source->count);
    int64_t *order = take((size_t)source->count, sizeof *order);
    uint64_t random = seed;
    for (int64_t i = 0; i < source->count; i++) {
        int64_t j = rows_below(&random, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (int32_t c = 0; c < r->column_count; c++) {
        for (int64_t i = 0; i < r->count; i++) {
            r->columns[c].values[i] = source->columns[c].values[order[i]];
            r->columns[c].valid[i] = source->columns[c].valid[order[i]];
        }
    }
    free(order);
    lay_out(r);
    return r;
}

void rows_free(rows *r) {
    if (r == NULL) return;
    for (int32_t i = 0; i < r->column_count; i++) {
        free(r->columns[i].values);
        free(r->columns[i].valid);
        for (size_t o = 0; o < sizeof r->columns[i].owned / sizeof *r->columns[i].owned; o++)
            free(r->columns[i].owned[o]);
    }
    free(r);
}

pdm_batch rows_slice(const rows *r, int64_t first, int64_t count, pdm_column *columns) {
    for (int32_t i = 0; i < r->column_count; i++) {
        columns[i] = r->columns[i].column;
        columns[i].offset = first;
    }
    return pdm_batch_make(columns, r->column_count, count);
}
