/*
 * Any options, lists and rows: a batch taken whole and the same rows in two parts, in another context, must come to the same state and
 * result, and what is refused must leave no trace.
 *
 * Bytes: metric, base, style of columns, calendar, number of options; pairs of (option, value); number of lists, lists; where to cut;
 * rows.
 */
#include "compare.h"
#include "contexts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

static void check_at(int condition, int line) {
    if (condition) return;
    (void)fprintf(stderr, "%s:%d: this must not be\n", __FILE__, line);
    abort();
}
#define check(condition) check_at(condition, __LINE__)

static uint8_t next(input *in) {
    if (in->left == 0) return 0;
    in->left--;
    return *in->at++;
}

static void set_option(law_case *c, const pdm_option_info *info, uint8_t value) {
    char text[32];
    if (info->type == PDM_OPTION_ENUM) {
        int32_t count = 0;
        while (info->values[count] != NULL) count++;
        (void)case_set(c, info->name, info->values[value % count]);
        return;
    }
    if (info->type == PDM_OPTION_BOOL) {
        (void)case_set(c, info->name, value % 2 == 0 ? "false" : "true");
        return;
    }
    int64_t number = (int64_t)value - 64;
    if (info->type == PDM_OPTION_TIME) number *= INT64_C(43200000000);
    if (info->type == PDM_OPTION_DURATION) number *= INT64_C(1800000000);
    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    if (value == 255 && info->type != PDM_OPTION_INT32) (void)snprintf(text, sizeof text, "%lld", (long long)INT64_MAX);
    (void)case_set(c, info->name, text);
}

static void choose(law_case *c, input *in) {
    /* Which metric, and which of the bases that its cases start from. */
    const pdm_metric *metric = pdm_metric_at(next(in) % pdm_metric_count());
    int32_t bases = 0;
    while (case_base(c, metric, bases)) bases++;
    if (!case_base(c, metric, next(in) % bases)) abort();
    c->number = next(in) % ROWS_STYLES;
    c->calendar = next(in) % 3;
    int32_t options = next(in) % 8;
    for (int32_t i = 0; i < options; i++) {
        const pdm_option_info *info = &c->metric->options[next(in) % c->metric->option_count];
        set_option(c, info, next(in));
    }
    int32_t lists = next(in) % 4;
    for (int32_t i = 0; i < lists; i++) (void)case_add_list(c, case_examples[next(in) % case_example_count].label);
}

/* The state after both parts, or NULL if one was refused. */
static bool take_parts(const law_case *c, pdm_context *context, const rows *r, int64_t cut, pdm_state **out) {
    check(case_create(c, context, out, NULL) == PDM_OK);
    return take_rows(*out, r, 0, cut, NULL) == PDM_OK && take_rows(*out, r, cut, r->count - cut, NULL) == PDM_OK;
}

static void compare(const law_case *c, pdm_context *context, pdm_context *other, const rows *r, int64_t cut,
                    pdm_state *state) {
    pdm_error err;
    pdm_state *parts = NULL;
    bytes empty = state_bytes(state);
    pdm_status status = take_rows(state, r, 0, r->count, &err);
    bool whole = status == PDM_OK;
    if (!whole) {
        bytes after = state_bytes(state);
        check(bytes_equal(empty, after) && pdm_state_rows(state) == 0);
        check(err.code == (int32_t)status && err.row < r->count);
        check(status == PDM_E_NULL_VALUE || status == PDM_E_BAD_VALUE || status == PDM_E_OVERFLOW ||
              status == PDM_E_BAD_AMOUNT);
        bytes_free(&after);
    }
    bytes_free(&empty);
    check(take_parts(c, other, r, cut, &parts) == whole);
    if (whole) {
        outcome expected = outcome_of(state);
        check(state_is(c, "two parts = whole", &expected, parts));
        pdm_state *restored = NULL;
        check(pdm_state_deserialize(context, expected.state.data, expected.state.size, &restored, NULL) == PDM_OK);
        check(state_is(c, "read back = written", &expected, restored));
        pdm_state_free(restored);
        outcome_free(&expected);
    }
    pdm_state_free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = {data, size};
    law_case c;
    choose(&c, &in);
    uint8_t cut = next(&in);
    pdm_context *context = context_seed(0);
    pdm_context *other = context_seed(7);
    pdm_state *state = NULL;
    size_t needed = 0;
    if (case_create(&c, context, &state, NULL) == PDM_OK &&
        pdm_state_serialize(state, NULL, 0, &needed, NULL) == PDM_OK) {
        rows *r = rows_from_bytes(c.metric, in.at, in.left < 4000 ? in.left : 4000, case_style(&c));
        compare(&c, context, other, r, r->count * cut / 256, state);
        rows_free(r);
    }
    pdm_state_free(state);
    uint64_t held = 1;
    pdm_context_memory(context, &held, NULL);
    check(held == 0);
    pdm_context_free(other);
    pdm_context_free(context);
    return 0;
}
