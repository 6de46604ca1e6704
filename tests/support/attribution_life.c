#include "attribution_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS 24
#define TEXTS 8192

typedef struct text_column {
    const pdm_column_info *info;
    bool present;
    bool is_float;
    int64_t integers[MOST];
    double floats[MOST];
    int32_t offsets[MOST + 1];
    char bytes[TEXTS];
    uint8_t valid[MOST / 8];
} text_column;

static text_column made[COLUMNS];

static bool is_text(const text_column *c) { return c->info->role == PDM_ROLE_TEXT; }

static void put(text_column *c, int64_t row, const char *value, size_t length) {
    char copy[TEXTS];
    if (length >= sizeof copy) fail_msg("a value too long for this test");
    memcpy(copy, value, length);
    copy[length] = '\0';
    c->present = true;
    c->valid[row / 8] = (uint8_t)(c->valid[row / 8] | 1 << row % 8);
    if (is_text(c)) {
        memcpy(c->bytes + c->offsets[row + 1], copy, length);
        c->offsets[row + 1] += (int32_t)length;
        return;
    }
    c->is_float = c->is_float || c->info->role == PDM_ROLE_FLOAT || strpbrk(copy, ".nN") != NULL;
    c->integers[row] = strtoll(copy, NULL, 10);
    c->floats[row] = strtod(copy, NULL);
}

/* Reads one row up to ; and puts it into the columns. */
static const char *read_row(const char *at, const pdm_column_info *infos, int32_t count, int64_t row) {
    for (int32_t c = 0; c < count; c++) made[c].offsets[row + 1] = made[c].offsets[row];
    while (*at != '\0' && *at != ';') {
        size_t name = strcspn(at, "=");
        size_t value = strcspn(at + name + 1, " ;");
        int32_t found = -1;
        for (int32_t c = 0; c < count; c++) {
            if (strlen(infos[c].name) == name && memcmp(infos[c].name, at, name) == 0) found = c;
        }
        if (found < 0) fail_msg("no such column: %s", at);
        put(&made[found], row, at + name + 1, value);
        at += name + 1 + value;
        while (*at == ' ') at++;
    }
    if (*at == ';') at++;
    while (*at == ' ') at++;
    return at;
}

static pdm_batch batch_of(const char *text, const pdm_column_info *infos, int32_t count) {
    static pdm_column columns[COLUMNS];
    int64_t rows = 0;
    int32_t present = 0;
    memset(made, 0, sizeof made);
    for (int32_t c = 0; c < count; c++) made[c].info = &infos[c];
    while (*text != '\0') {
        text = read_row(text, infos, count, rows);
        if (++rows == MOST) fail_msg("too many rows for this test");
    }
    for (int32_t c = 0; c < count; c++) {
        const text_column *mine = &made[c];
        if (!mine->present) continue;
        columns[present] = is_text(mine)    ? pdm_column_utf8(infos[c].name, mine->offsets, mine->bytes)
                           : mine->is_float ? pdm_column_make(infos[c].name, PDM_TYPE_FLOAT64, mine->floats)
                                            : pdm_column_int64(infos[c].name, mine->integers);
        columns[present++].validity = mine->valid;
    }
    return pdm_batch_make(columns, present, rows);
}

pdm_status attribution_feed(pdm_state *state, const char *rows, pdm_error *err) {
    const pdm_metric *metric = pdm_metric_find("attribution");
    pdm_batch batch = batch_of(rows, metric->columns, metric->column_count);
    return pdm_state_update(state, &batch, err);
}

pdm_status attribution_give(pdm_state *state, const char *list, const char *rows, pdm_error *err) {
    const pdm_metric *metric = pdm_metric_find("attribution");
    for (int32_t l = 0; l < metric->list_count; l++) {
        if (strcmp(metric->lists[l].name, list) != 0) continue;
        pdm_batch batch = batch_of(rows, metric->lists[l].columns, metric->lists[l].column_count);
        return pdm_state_set_list(state, list, &batch, err);
    }
    fail_msg("no such list: %s", list);
    return PDM_E_ARGUMENT;
}

void attribution_events(pdm_state *state, const char *text) {
    char rows[TEXTS] = "";
    size_t used = 0;
    pdm_error err;
    for (int64_t seq = 0; *text != '\0'; seq++) {
        char *end = NULL;
        long long user = strtoll(text, &end, 10);
        char what = *end++;
        long long time = strtoll(end, &end, 10) * 1000000;
        used += (size_t)snprintf(rows + used, sizeof rows - used, "user=%lld time=%lld seq=%lld ", user, time,
                                 (long long)seq);
        if (what == '$') {
            used += (size_t)snprintf(rows + used, sizeof rows - used, "kind=conversion");
            if (*end == '=') {
                size_t length = strcspn(end + 1, " ");
                used += (size_t)snprintf(rows + used, sizeof rows - used, " value=%.*s", (int)length, end + 1);
                end += 1 + length;
            }
        } else if (what == '!') {
            used += (size_t)snprintf(rows + used, sizeof rows - used, "kind=milestone mark=lead");
        } else {
            used += (size_t)snprintf(rows + used, sizeof rows - used, "kind=touch channel=%c", what);
        }
        used += (size_t)snprintf(rows + used, sizeof rows - used, "; ");
        for (text = end; *text == ' '; text++) {
        }
    }
    if (attribution_feed(state, rows, &err) != PDM_OK) fail_msg("%s", err.message);
}

void attribution_paths(pdm_state *state, const char *text) {
    char rows[TEXTS] = "";
    size_t used = 0;
    pdm_error err;
    while (*text != '\0') {
        size_t path = strcspn(text, " ");
        char *end = NULL;
        long long conversions = strtoll(text + path, &end, 10);
        long long value = strtoll(end, &end, 10);
        long long nulls = strtoll(end, &end, 10);
        used += (size_t)snprintf(rows + used, sizeof rows - used, "path=%.*s conversions=%lld nulls=%lld", (int)path,
                                 text, conversions, nulls);
        if (conversions > 0) used += (size_t)snprintf(rows + used, sizeof rows - used, " value=%lld", value);
        used += (size_t)snprintf(rows + used, sizeof rows - used, "; ");
        for (text = end; *text == ',' || *text == ' '; text++) {
        }
    }
    if (attribution_feed(state, rows, &err) != PDM_OK) fail_msg("%s", err.message);
}

pdm_status attribution_create(const char *const *set, const char *const *lists, pdm_state **out, pdm_error *err) {
    const pdm_metric *metric = pdm_metric_find("attribution");
    pdm_attribution_options options = pdm_attribution_options_default();
    for (; *set != NULL; set++) {
        char name[64];
        const char *equals = strchr(*set, '=');
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - *set), *set);
        pdm_status status = pdm_options_set(metric, &options, name, equals + 1, err);
        if (status != PDM_OK) return status;
    }
    pdm_state *state = NULL;
    pdm_status status = pdm_attribution_create(NULL, &options, &state, err);
    for (; status == PDM_OK && *lists != NULL; lists++) {
        char name[64];
        const char *colon = strchr(*lists, ':');
        (void)snprintf(name, sizeof name, "%.*s", (int)(colon - *lists), *lists);
        status = attribution_give(state, name, colon + 2, err);
    }
    size_t size = 0; /* makes options and lists final: what can be refused is refused here */
    if (status == PDM_OK) status = pdm_state_serialize(state, NULL, 0, &size, err);
    if (status != PDM_OK) {
        pdm_state_free(state);
        return status;
    }
    *out = state;
    return PDM_OK;
}

pdm_state *attribution(const char *const *set, const char *const *lists) {
    pdm_state *state = NULL;
    pdm_error err;
    if (attribution_create(set, lists, &state, &err) != PDM_OK) fail_msg("%s", err.message);
    return state;
}
