#include "funnel_life.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE (INT64_MIN + 7) /* null in the numbers of a list */

const char *const small = "1a0 1b3 1c9 2a0 2b4 2c11 3a0 3a5 3b6 3c14 4b1 4c2 5a7 6x1 6y2";

/* ---- lists ---- */

typedef struct text_cells {
    int32_t offsets[MOST + 1];
    char bytes[MOST * 24];
    uint8_t valid[MOST / 8];
} text_cells;

typedef struct int_cells {
    int64_t values[MOST];
    uint8_t valid[MOST / 8];
} int_cells;

static void put_text_cell(text_cells *t, int64_t row, const char *text) {
    size_t used = (size_t)t->offsets[row];
    size_t length = text == NULL ? 0 : strlen(text);
    if (row == 0) used = 0;
    memcpy(t->bytes + used, text == NULL ? "" : text, length);
    t->offsets[row + 1] = (int32_t)(used + length);
    if (text != NULL) t->valid[row / 8] = (uint8_t)(t->valid[row / 8] | 1 << row % 8);
}

static void put_int_cell(int_cells *t, int64_t row, int64_t value) {
    t->values[row] = value;
    if (value != NONE) t->valid[row / 8] = (uint8_t)(t->valid[row / 8] | 1 << row % 8);
}

static pdm_column text_cells_column(const char *name, const text_cells *t) {
    pdm_column column = pdm_column_utf8(name, t->offsets, t->bytes);
    column.validity = t->valid;
    return column;
}

static pdm_column int_cells_column(const char *name, const int_cells *t) {
    pdm_column column = pdm_column_int64(name, t->values);
    column.validity = t->valid;
    return column;
}

pdm_status give_steps(pdm_state *state, const step_row *steps, int64_t count, pdm_error *err) {
    static text_cells texts[4];
    static int_cells numbers[3];
    memset(texts, 0, sizeof texts);
    memset(numbers, 0, sizeof numbers);
    for (int64_t i = 0; i < count; i++) {
        put_int_cell(&numbers[0], i, steps[i].step);
        put_text_cell(&texts[0], i, steps[i].event);
        put_text_cell(&texts[1], i, steps[i].column);
        put_text_cell(&texts[2], i, steps[i].name);
        put_text_cell(&texts[3], i, steps[i].hold);
        put_int_cell(&numbers[1], i, steps[i].optional == 0 ? NONE : steps[i].optional);
        int64_t window = steps[i].window == PDM_ZERO_INT64 ? 0 : steps[i].window == 0 ? NONE : steps[i].window;
        put_int_cell(&numbers[2], i, window);
    }
    const pdm_column columns[] = {int_cells_column("step", &numbers[0]),  text_cells_column("event", &texts[0]),
                                  text_cells_column("column", &texts[1]), text_cells_column("name", &texts[2]),
                                  text_cells_column("hold", &texts[3]),   int_cells_column("optional", &numbers[1]),
                                  int_cells_column("window", &numbers[2])};
    pdm_batch batch = pdm_batch_make(columns, 7, count);
    return pdm_state_set_list(state, "steps", &batch, err);
}

pdm_status give_exclusions(pdm_state *state, const exclusion_row *given, int64_t count, pdm_error *err) {
    static text_cells texts[3];
    static int_cells numbers[2];
    memset(texts, 0, sizeof texts);
    memset(numbers, 0, sizeof numbers);
    for (int64_t i = 0; i < count; i++) {
        put_int_cell(&numbers[0], i, given[i].from);
        put_int_cell(&numbers[1], i, given[i].to);
        put_text_cell(&texts[0], i, given[i].event);
        put_text_cell(&texts[1], i, given[i].column);
        put_text_cell(&texts[2], i, given[i].effect);
    }
    const pdm_column columns[] = {int_cells_column("from", &numbers[0]), int_cells_column("to", &numbers[1]),
                                  text_cells_column("event", &texts[0]), text_cells_column("column", &texts[1]),
                                  text_cells_column("effect", &texts[2])};
    pdm_batch batch = pdm_batch_make(columns, 5, count);
    return pdm_state_set_list(state, "exclusions", &batch, err);
}

pdm_status give_edges(pdm_state *state, const int64_t *edges, int64_t count, pdm_error *err) {
    const pdm_column column = pdm_column_int64("edge", edges);
    pdm_batch batch = pdm_batch_make(&column, 1, count);
    return pdm_state_set_list(state, "edges", &batch, err);
}

/* Steps that are events of one letter: "a,bc" = a, then b or c. */
pdm_status give_letters(pdm_state *state, const char *letters, pdm_error *err) {
    static step_row steps[MOST];
    static char names[MOST][2];
    int64_t count = 0;
    int64_t step = 1;
    memset(steps, 0, sizeof steps);
    for (; *letters != '\0'; letters++) {
        if (*letters == ',') {
            step++;
            continue;
        }
        names[count][0] = *letters;
        steps[count] = (step_row){.step = step, .event = names[count]};
        count++;
    }
    return give_steps(state, steps, count, err);
}

/* ---- states and rows ---- */

/* Options as "name=value", up to a NULL. */
pdm_status funnel_create(const char *const *set, pdm_state **out, pdm_error *err) {
    const pdm_metric *metric = pdm_metric_find("funnel");
    pdm_funnel_options options = pdm_funnel_options_default();
    for (; *set != NULL; set++) {
        char name[64];
        const char *equals = strchr(*set, '=');
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - *set), *set);
        pdm_status status = pdm_options_set(metric, &options, name, equals + 1, err);
        if (status != PDM_OK) return status;
    }
    return pdm_funnel_create(NULL, &options, out, err);
}

pdm_state *funnel(const char *letters, const char *const *set) {
    pdm_state *state = NULL;
    pdm_error err;
    if (funnel_create(set, &state, &err) != PDM_OK) fail_msg("%s", err.message);
    if (letters != NULL && give_letters(state, letters, &err) != PDM_OK) fail_msg("%s", err.message);
    return state;
}

void parse(script *s, const char *text) {
    memset(s, 0, sizeof *s);
    while (*text != '\0') {
        char *end = NULL;
        int64_t n = s->count++;
        s->unit[n] = strtoll(text, &end, 10);
        s->events[n] = *end++;
        s->code[n] = s->events[n] - 'a' + 1;
        s->time[n] = strtoll(end, &end, 10);
        s->seq[n] = n;
        s->offsets[n + 1] = (int32_t)n + 1;
        for (text = end; *text == ' '; text++) {
        }
    }
}

pdm_status feed_with(pdm_state *state, const char *text, const pdm_column *more, int32_t count, pdm_error *err) {
    static script s;
    parse(&s, text);
    pdm_column columns[8] = {pdm_column_int64("unit", s.unit), pdm_column_int64("time", s.time),
                             pdm_column_utf8("event", s.offsets, s.events), pdm_column_int64("seq", s.seq)};
    for (int32_t i = 0; i < count; i++) columns[4 + i] = more[i];
    pdm_batch batch = pdm_batch_make(columns, 4 + count, s.count);
    return pdm_state_update(state, &batch, err);
}

void feed(pdm_state *state, const char *text) {
    pdm_error err;
    if (feed_with(state, text, NULL, 0, &err) != PDM_OK) fail_msg("%s", err.message);
}

pdm_result *result_of(const pdm_state *state) {
    pdm_result *result = NULL;
    pdm_error err;
    if (pdm_state_result(state, &result, &err) != PDM_OK) fail_msg("%s", err.message);
    return result;
}

/* ---- cells ---- */

int put_cell(const pdm_table *table, const char *column, int64_t row, char *out, size_t room) {
    int32_t at = pdm_table_column_find(table, column);
    if (at < 0) fail_msg("table %s has no column %s", pdm_table_name(table), column);
    if (pdm_table_is_null(table, column, row)) return snprintf(out, room, "-");
    size_t length = 0;
    const char *text = NULL;
    switch (pdm_table_column_type(table, at)) {
    case PDM_TYPE_INT32: return snprintf(out, room, "%" PRId32, pdm_table_i32(table, column)[row]);
    case PDM_TYPE_BOOL: return snprintf(out, room, "%d", pdm_table_bool(table, column)[row]);
    case PDM_TYPE_FLOAT64: return snprintf(out, room, "%.6g", pdm_table_f64(table, column)[row]);
    case PDM_TYPE_UINT64: return snprintf(out, room, "%" PRIu64, (uint64_t)pdm_table_i64(table, column)[row]);
    case PDM_TYPE_LARGE_UTF8:
    case PDM_TYPE_DICTIONARY:
        text = pdm_table_utf8(table, column, row, &length);
        return snprintf(out, room, "'%.*s'", (int)length, text);
    default: return snprintf(out, room, "%" PRId64, pdm_table_i64(table, column)[row]);
    }
}

/* The rows of a table, of some columns: "step count" gives "1 3", "2 1" … */
void expect_rows(const pdm_result *result, const char *name, const char *columns, const char *const *expected,
                 int64_t count) {
    const pdm_table *table = pdm_result_table(result, name);
    assert_non_null(table);
    assert_int_equal(pdm_table_rows(table), count);
    for (int64_t row = 0; row < count; row++) {
        char line[512];
        size_t used = 0;
        for (const char *at = columns; *at != '\0';) {
            char column[64];
            size_t length = strcspn(at, " ");
            (void)snprintf(column, sizeof column, "%.*s", (int)length, at);
            if (used > 0) line[used++] = ' ';
            used += (size_t)put_cell(table, column, row, line + used, sizeof line - used);
            at += length;
            while (*at == ' ') at++;
        }
        assert_string_equal(line, expected[row]);
    }
}
