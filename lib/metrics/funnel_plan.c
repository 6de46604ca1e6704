/* From lists to what each row satisfies, or a clear refusal. */
#include "metrics/funnel_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEP_NUMBER, STEP_EVENT, STEP_COLUMN, STEP_NAME, STEP_OPTIONAL, STEP_WINDOW, STEP_HOLD };
enum { EXCLUSION_FROM, EXCLUSION_TO, EXCLUSION_EVENT, EXCLUSION_COLUMN, EXCLUSION_EFFECT };

static const char *const effect_names[] = {"drop_unit", "end_attempt", "wipe_progress"};

static pdm_status bad_row(const char *list, int64_t row, const char *what, pdm_error *err) {
    return pdm__fail(err, PDM_E_BAD_OPTION, row, list, "row %lld of list \"%s\": %s", (long long)row, list, what);
}

/* ---- one list at a time ---- */

static pdm_status check_step_row(const pdm__list *list, int64_t row, pdm_error *err) {
    int64_t number = pdm__list_int(list, STEP_NUMBER, row);
    if (number < 1 || number > FUNNEL_STEPS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, row, "steps", "row %lld of list \"steps\": step %lld; 1 to %d expected",
                         (long long)row, (long long)number, FUNNEL_STEPS);
    }
    if (pdm__list_has(list, STEP_EVENT, row) && pdm__list_has(list, STEP_COLUMN, row))
        return bad_row("steps", row, "both event and column; give alternatives a row each", err);
    if (pdm__list_has(list, STEP_WINDOW, row) && pdm__list_int(list, STEP_WINDOW, row) < 0)
        return bad_row("steps", row, "window is negative", err);
    return PDM_OK;
}

/* k, and that every step is there. */
static pdm_status count_steps(const pdm__list *list, int32_t *steps, pdm_error *err) {
    uint32_t seen = 0;
    *steps = 0;
    for (int64_t row = 0; row < list->rows; row++) {
        PDM__TRY(check_step_row(list, row, err));
        int32_t number = (int32_t)pdm__list_int(list, STEP_NUMBER, row);
        seen |= UINT32_C(1) << (number - 1);
        *steps = number > *steps ? number : *steps;
    }
    for (int32_t j = 1; j <= *steps; j++) {
        if ((seen >> (j - 1) & 1) != 0) continue;
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "steps", "list \"steps\": step %d of %d is missing", j, *steps);
    }
    return PDM_OK;
}

static pdm_status read_exclusions(const pdm__setup *setup, pdm__funnel_rules *rules, pdm_error *err) {
    const pdm__list *list = &setup->lists[FUNNEL_LIST_EXCLUSIONS];
    if (list->rows > FUNNEL_STEPS) return bad_row("exclusions", FUNNEL_STEPS, "more than 32 exclusions", err);
    for (int64_t row = 0; row < list->rows; row++) {
        pdm__funnel_exclusion *x = &rules->exclusions[row];
        int64_t from = pdm__list_int(list, EXCLUSION_FROM, row);
        int64_t to = pdm__list_int(list, EXCLUSION_TO, row);
        if (from < 1 || to > FUNNEL_STEPS || from >= to)
            return bad_row("exclusions", row, "from and to must be steps, from before to", err);
        if (pdm__list_has(list, EXCLUSION_EVENT, row) && pdm__list_has(list, EXCLUSION_COLUMN, row))
            return bad_row("exclusions", row, "both event and column; give each a row", err);
        x->from = (int32_t)from;
        x->to = (int32_t)to;
        x->effect = pdm__funnel_default_effect(setup->options);
        if (!pdm__list_has(list, EXCLUSION_EFFECT, row)) continue;
        const char *effect = pdm__list_text(list, EXCLUSION_EFFECT, row);
        x->effect = -1;
        for (int32_t e = 0; e < (int32_t)PDM__COUNT(effect_names); e++) {
            if (strcmp(effect, effect_names[e]) == 0) x->effect = e;
        }
        if (x->effect < 0)
            return bad_row("exclusions", row, "effect must be drop_unit, end_attempt or wipe_progress", err);
    }
    rules->exclusion_count = (int32_t)list->rows;
    return PDM_OK;
}

static pdm_status check_edges(const pdm__list *list, pdm_error *err) {
    if (list->rows == 1) return bad_row("edges", 0, "two edges or more make bins", err);
    for (int64_t row = 1; row < list->rows; row++) {
        if (pdm__list_int(list, 0, row) <= pdm__list_int(list, 0, row - 1))
            return bad_row("edges", row, "edges must ascend", err);
    }
    return PDM_OK;
}

/* ---- steps together ---- */

static pdm_status read_step_row(const pdm__list *list, int64_t row, pdm__funnel_rules *rules, pdm_error *err) {
    int32_t j = (int32_t)pdm__list_int(list, STEP_NUMBER, row);
    if (pdm__list_has(list, STEP_WINDOW, row)) {
        if (j == 1) return bad_row("steps", row, "step 1 has no step before it, so no window", err);
        rules->step_windows[j - 1] = pdm__list_int(list, STEP_WINDOW, row);
        rules->has_step_windows = true;
    }
    if (!pdm__list_has(list, STEP_OPTIONAL, row) || pdm__list_int(list, STEP_OPTIONAL, row) == 0) return PDM_OK;
    if (j == 1 || j == rules->steps)
        return bad_row("steps", row, "the first and the last step cannot be optional", err);
    rules->optional |= UINT32_C(1) << (j - 1);
    return PDM_OK;
}

static pdm_status read_steps(const pdm__setup *setup, pdm__funnel_rules *rules, pdm_error *err) {
    const pdm__list *list = &setup->lists[FUNNEL_LIST_STEPS];
    const pdm_funnel_options *options = setup->options;
    for (int32_t j = 0; j < FUNNEL_STEPS; j++) rules->step_windows[j] = PDM_UNLIMITED;
    PDM__TRY(count_steps(list, &rules->steps, err));
    if (list->rows == 0) rules->steps = options->step_count;
    if (rules->steps == 0) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "steps",
                         "a funnel has 1 to %d steps: give list \"steps\", or step_count and mask column \"steps\"",
                         FUNNEL_STEPS);
    }
    if (list->rows > 0 && options->step_count != 0 && options->step_count != rules->steps) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "step_count",
                         "option \"step_count\": %d, but list \"steps\" has %d", options->step_count, rules->steps);
    }
    for (int64_t row = 0; row < list->rows; row++) PDM__TRY(read_step_row(list, row, rules, err));
    return PDM_OK;
}

static pdm_status check_exclusions(const pdm__funnel_rules *rules, pdm_error *err) {
    for (int32_t e = 0; e < rules->exclusion_count; e++) {
        if (rules->exclusions[e].to <= rules->steps) continue;
        return pdm__fail(err, PDM_E_BAD_OPTION, e, "exclusions",
                         "row %d of list \"exclusions\": to is step %d, the funnel has %d", e, rules->exclusions[e].to,
                         rules->steps);
    }
    return PDM_OK;
}

pdm_status pdm__funnel_check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    pdm__funnel_rules rules;
    memset(&rules, 0, sizeof rules);
    if (list == FUNNEL_LIST_STEPS) return read_steps(setup, &rules, err);
    if (list == FUNNEL_LIST_EXCLUSIONS) return read_exclusions(setup, &rules, err);
    if (list == FUNNEL_LIST_EDGES) return check_edges(&setup->lists[FUNNEL_LIST_EDGES], err);
    rules.steps = FUNNEL_STEPS; /* the options alone; how many steps there are is said later */
    return pdm__funnel_rules_make(setup->options, &rules, err);
}

/* ---- what rows satisfy ---- */

static int compare_ints(const void *a, const void *b) {
    int64_t x = (int64_t)((const pdm__funnel_event *)a)->word;
    int64_t y = (int64_t)((const pdm__funnel_event *)b)->word;
    return x < y ? -1 : x > y;
}

int pdm__funnel_compare_texts(const char *a, uint64_t a_length, const char *b, uint64_t b_length) {
    uint64_t shorter = a_length < b_length ? a_length : b_length;
    int order = shorter == 0 ? 0 : memcmp(a, b, (size_t)shorter);
    if (order != 0) return order;
    return a_length < b_length ? -1 : a_length > b_length;
}

static int compare_texts(const void *a, const void *b) {
    const pdm__funnel_event *x = a;
    const pdm__funnel_event *y = b;
    return pdm__funnel_compare_texts(x->bytes, x->length, y->bytes, y->length);
}

/* Where a plan keeps its arrays: behind itself. */
typedef struct layout {
    size_t events;
    size_t codes;
    size_t event_codes;
    size_t flags;
    size_t edges;
    size_t columns;
    size_t size;
} layout;

static layout lay_out(const pdm__setup *setup) {
    int64_t steps = setup->lists[FUNNEL_LIST_STEPS].rows;
    int64_t exclusions = setup->lists[FUNNEL_LIST_EXCLUSIONS].rows;
    size_t named = (size_t)(steps + exclusions);
    layout at = {.events = (sizeof(pdm__funnel_plan) + 15) / 16 * 16};
    at.codes = at.events + named * sizeof(pdm__funnel_event);
    at.event_codes = at.codes + (FUNNEL_CODES + 1) * sizeof(uint64_t);
    at.flags = at.event_codes + (FUNNEL_CODES + 16) / 16 * 16;
    at.edges = at.flags + named * sizeof(pdm__funnel_flag);
    at.edges = (at.edges + 7) / 8 * 8;
    at.columns = at.edges + (size_t)setup->lists[FUNNEL_LIST_EDGES].rows * sizeof(int64_t);
    at.size = at.columns + PDM__MAX_COLUMNS * sizeof(pdm_column_info);
    return at;
}

size_t pdm__funnel_plan_size(const pdm__setup *setup) { return lay_out(setup).size; }

/* The input column that a list names: one of the registry's, one named before, or a new one. */
static pdm_status named_column(pdm__funnel_plan *plan, const char *list, int64_t row, const char *name, int32_t role,
                               int32_t *out, pdm_error *err) {
    for (int32_t c = 0; c < plan->column_count; c++) {
        if (strcmp(plan->columns[c].name, name) != 0) continue;
        if (c >= FUNNEL_COLUMNS && plan->columns[c].role == role) {
            *out = c;
            return PDM_OK;
        }
        return bad_row(list, row, "the column it names has another use already", err);
    }
    if (name[0] == '\0') return bad_row(list, row, "the column's name is empty", err);
    if (plan->column_count == PDM__MAX_COLUMNS) return bad_row(list, row, "too many columns are named", err);
    plan->columns[plan->column_count] =
        (pdm_column_info){.name = name,
                          .role = role,
                          .required = 1,
                          .nullable = 1,
                          .unit = "",
                          .doc = role == PDM_ROLE_FLAG ? "Which rows satisfy the condition." : "Value held constant."};
    *out = plan->column_count++;
    return PDM_OK;
}

static pdm_status add_flag(pdm__funnel_plan *plan, const char *list, int64_t row, const char *name, uint32_t mask,
                           uint32_t exclude, pdm_error *err) {
    int32_t column = 0;
    PDM__TRY(named_column(plan, list, row, name, PDM_ROLE_FLAG, &column, err));
    plan->flags[plan->flag_count++] = (pdm__funnel_flag){.column = column, .mask = mask, .exclude = exclude};
    return PDM_OK;
}

static pdm_status add_event(pdm__funnel_plan *plan, const pdm__list *list, int32_t column, const char *list_name,
                            int64_t row, uint32_t mask, uint32_t exclude, pdm_error *err) {
    const pdm__cells *cells = &list->cells[column];
    bool text = cells->lengths != NULL;
    if (plan->event_count > 0 && text != plan->text_events)
        return bad_row(list_name, row, "events are texts in one list and integers in the other", err);
    plan->text_events = text;
    pdm__funnel_event *event = &plan->events[plan->event_count++];
    *event = (pdm__funnel_event){.mask = mask, .exclude = exclude};
    if (text) {
        event->bytes = pdm__list_text(list, column, row);
        event->length = cells->lengths[row];
    } else {
        event->word = cells->words[row];
    }
    return PDM_OK;
}

/* Sorts the events and makes one of those that occur several times. */
static void settle_events(pdm__funnel_plan *plan) {
    int (*compare)(const void *, const void *) = plan->text_events ? compare_texts : compare_ints;
    if (plan->event_count == 0) return;
    qsort(plan->events, (size_t)plan->event_count, sizeof *plan->events, compare);
    int32_t kept = 0;
    for (int32_t i = 1; i < plan->event_count; i++) {
        if (compare(&plan->events[kept], &plan->events[i]) == 0) {
            plan->events[kept].mask |= plan->events[i].mask;
            plan->events[kept].exclude |= plan->events[i].exclude;
        } else {
            plan->events[++kept] = plan->events[i];
        }
    }
    plan->event_count = kept + 1;
    if (plan->text_events) return;
    plan->code_base = (int64_t)plan->events[0].word;
    uint64_t span = plan->events[kept].word - plan->events[0].word;
    if (span >= FUNNEL_CODES) return;
    plan->code_count = (size_t)span + 1;
    for (int32_t i = 0; i <= kept; i++) {
        plan->codes[plan->events[i].word - plan->events[0].word] =
            plan->events[i].mask | (uint64_t)plan->events[i].exclude << 32;
    }
}

static void name_step(pdm__funnel_plan *plan, const pdm__list *list, int64_t row) {
    char *name = plan->names[pdm__list_int(list, STEP_NUMBER, row) - 1];
    bool given = pdm__list_has(list, STEP_NAME, row);
    if (!given && name[0] != '\0') return;
    const char *text = NULL;
    char number[24];
    if (given) {
        text = pdm__list_text(list, STEP_NAME, row);
    } else if (pdm__list_has(list, STEP_COLUMN, row)) {
        text = pdm__list_text(list, STEP_COLUMN, row);
    } else if (pdm__list_has(list, STEP_EVENT, row) && list->cells[STEP_EVENT].lengths != NULL) {
        text = pdm__list_text(list, STEP_EVENT, row);
    } else if (pdm__list_has(list, STEP_EVENT, row)) {
        (void)snprintf(number, sizeof number, "%lld", (long long)pdm__list_int(list, STEP_EVENT, row));
        text = number;
    }
    if (text == NULL) return;
    size_t length = strlen(text);
    if (length > sizeof plan->names[0] - 1) {
        length = sizeof plan->names[0] - 1;
        while (length > 0 && ((uint8_t)text[length] & 0xC0) == 0x80) length--; /* cut between characters */
    }
    memcpy(name, text, length);
    name[length] = '\0';
}

static pdm_status read_conditions(const pdm__setup *setup, pdm__funnel_plan *plan, pdm_error *err) {
    const pdm__list *steps = &setup->lists[FUNNEL_LIST_STEPS];
    const pdm__list *exclusions = &setup->lists[FUNNEL_LIST_EXCLUSIONS];
    for (int64_t row = 0; row < steps->rows; row++) {
        uint32_t bit = UINT32_C(1) << (pdm__list_int(steps, STEP_NUMBER, row) - 1);
        name_step(plan, steps, row);
        if (pdm__list_has(steps, STEP_EVENT, row)) {
            PDM__TRY(add_event(plan, steps, STEP_EVENT, "steps", row, bit, 0, err));
        } else if (pdm__list_has(steps, STEP_COLUMN, row)) {
            PDM__TRY(add_flag(plan, "steps", row, pdm__list_text(steps, STEP_COLUMN, row), bit, 0, err));
        } else {
            plan->mask_bits |= bit;
        }
    }
    if (steps->rows == 0) plan->mask_bits = UINT32_MAX >> (32 - plan->rules.steps);
    for (int64_t row = 0; row < exclusions->rows; row++) {
        uint32_t bit = UINT32_C(1) << row;
        if (pdm__list_has(exclusions, EXCLUSION_EVENT, row)) {
            PDM__TRY(add_event(plan, exclusions, EXCLUSION_EVENT, "exclusions", row, 0, bit, err));
        } else if (pdm__list_has(exclusions, EXCLUSION_COLUMN, row)) {
            PDM__TRY(add_flag(plan, "exclusions", row, pdm__list_text(exclusions, EXCLUSION_COLUMN, row), 0, bit, err));
        } else {
            plan->exclude_bits |= bit;
        }
    }
    for (int32_t j = 0; j < plan->rules.steps; j++) {
        if (plan->names[j][0] == '\0') (void)snprintf(plan->names[j], sizeof plan->names[j], "step %d", j + 1);
    }
    settle_events(plan);
    return PDM_OK;
}

/* hold_constant = steps: the column of each step; all rows of a step say the same. */
static pdm_status read_holds(const pdm__setup *setup, pdm__funnel_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[FUNNEL_LIST_STEPS];
    for (int32_t j = 0; j < FUNNEL_STEPS; j++) plan->hold_columns[j] = -1;
    for (int64_t row = 0; row < list->rows; row++) {
        int32_t *mine = &plan->hold_columns[pdm__list_int(list, STEP_NUMBER, row) - 1];
        int32_t column = -1;
        if (!pdm__list_has(list, STEP_HOLD, row)) continue;
        if (plan->options->hold_constant != PDM_FUNNEL_HOLD_STEPS) {
            return bad_row("steps", row, "it names a hold column, but hold_constant is not steps", err);
        }
        PDM__TRY(named_column(plan, "steps", row, pdm__list_text(list, STEP_HOLD, row), PDM_ROLE_KEY, &column, err));
        if (*mine >= 0 && *mine != column) return bad_row("steps", row, "the step has two hold columns", err);
        *mine = column;
    }
    if (plan->options->hold_constant != PDM_FUNNEL_HOLD_STEPS) return PDM_OK;
    for (int32_t j = 0; j < plan->rules.steps; j++) {
        if (plan->hold_columns[j] >= 0) continue;
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "steps",
                         "list \"steps\": step %d names no hold column, hold_constant steps needs one for each", j + 1);
    }
    return PDM_OK;
}

/* Rows of units alone, with few enough things to satisfy, are kept packed. */
static void settle_packing(pdm__funnel_plan *plan) {
    int32_t bits = plan->rules.steps + plan->rules.exclusion_count;
    bool one = plan->flag_count == 0 && plan->mask_bits == 0 && plan->exclude_bits == 0;
    for (int32_t i = 0; i < plan->event_count; i++) {
        uint64_t word = plan->events[i].mask | (uint64_t)plan->events[i].exclude << 32;
        one = one && (word & (word - 1)) == 0;
    }
    plan->one_each = one;
    if (plan->has_facets || plan->rules.row_order || (bits > 8 && !one)) return;
    plan->packing = bits <= 8 ? FUNNEL_PACKED_BITS : FUNNEL_PACKED_ONE;
    for (uint32_t code = 0; code < 256; code++) {
        uint32_t mask = code & ((1U << (plan->rules.steps & 31)) - 1);
        uint64_t word = plan->packing == FUNNEL_PACKED_ONE ? (code == 0 || code > 64 ? 0 : UINT64_C(1) << (code - 1))
                                                           : mask | (uint64_t)(code >> plan->rules.steps) << 32;
        plan->packed_words[code] = word;
    }
    for (size_t i = 0; i < plan->code_count; i++)
        plan->event_codes[i] = (uint8_t)pdm__funnel_code(plan, plan->codes[i]);
}

pdm_status pdm__funnel_plan_make(const pdm__setup *setup, pdm__funnel_plan *plan, pdm_error *err) {
    layout at = lay_out(setup);
    uint8_t *base = (uint8_t *)plan;
    const pdm_funnel_options *options = setup->options;
    const pdm__list *edges = &setup->lists[FUNNEL_LIST_EDGES];
    plan->options = options;
    plan->events = (pdm__funnel_event *)(void *)(base + at.events);
    plan->codes = (uint64_t *)(void *)(base + at.codes);
    plan->event_codes = base + at.event_codes;
    plan->flags = (pdm__funnel_flag *)(void *)(base + at.flags);
    plan->edges = (int64_t *)(void *)(base + at.edges);
    plan->columns = (pdm_column_info *)(void *)(base + at.columns);
    plan->column_count = FUNNEL_COLUMNS;
    memcpy(plan->columns, setup->metric->columns, FUNNEL_COLUMNS * sizeof *plan->columns);
    for (int64_t i = 0; i < edges->rows; i++) plan->edges[i] = pdm__list_int(edges, 0, i);
    plan->edge_count = (int32_t)edges->rows;
    plan->rules.calendar = setup->calendar;
    PDM__TRY(check_edges(edges, err));
    PDM__TRY(read_steps(setup, &plan->rules, err));
    PDM__TRY(read_exclusions(setup, &plan->rules, err));
    PDM__TRY(check_exclusions(&plan->rules, err));
    PDM__TRY(pdm__funnel_rules_make(options, &plan->rules, err));
    PDM__TRY(read_conditions(setup, plan, err));
    PDM__TRY(read_holds(setup, plan, err));
    plan->has_session = options->count == PDM_FUNNEL_COUNT_SESSIONS && options->sessions == PDM_FUNNEL_SESSIONS_COLUMN;
    plan->has_hold = options->hold_constant != PDM_FUNNEL_HOLD_NONE;
    plan->has_breakdown = options->attribution != PDM_FUNNEL_ATTRIBUTION_NONE;
    plan->has_facets = plan->has_session || plan->has_hold || plan->has_breakdown;
    bool by_gap = options->count == PDM_FUNNEL_COUNT_SESSIONS && !plan->has_session;
    settle_packing(plan);
    plan->keep_foreign = by_gap || (plan->rules.scan ? plan->rules.scan_foreign == FUNNEL_SCAN_STOP
                                                     : plan->rules.order == PDM_FUNNEL_ORDER_STRICT);
    return PDM_OK;
}
