#include "cases.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)

/* ---- examples of lists ---- */

static pdm_column text_column(const char *name, const int32_t *offsets, const char *bytes) {
    return pdm_column_utf8(name, offsets, bytes);
}

static pdm_status give(pdm_state *state, const char *list, const pdm_column *columns, int32_t count, int64_t length,
                       pdm_error *err) {
    pdm_batch batch = pdm_batch_make(columns, count, length);
    return pdm_state_set_list(state, list, &batch, err);
}

static pdm_status two_windows(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 6, 12};
    static const int64_t from[] = {-40 * DAY_US, 0};
    static const int64_t to[] = {0, 40 * DAY_US};
    const pdm_column columns[] = {text_column("name", names, "before上月"), pdm_column_int64("from", from),
                                  pdm_column_int64("to", to)};
    return give(state, "windows", columns, 3, 2, err);
}

/* Overlapping ones, the first since ever, one with refunds known until later. */
static pdm_status three_windows(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3};
    static const int64_t from[] = {0, -10 * DAY_US, 3 * DAY_US + 5};
    static const int64_t to[] = {-5 * DAY_US, 20 * DAY_US, 50 * DAY_US};
    static const int64_t as_of[] = {-5 * DAY_US, 45 * DAY_US, 0};
    static const uint8_t from_valid[] = {0x06};
    static const uint8_t as_of_valid[] = {0x03};
    pdm_column columns[] = {text_column("name", names, "abc"), pdm_column_int64("from", from),
                            pdm_column_int64("to", to), pdm_column_int64("as_of", as_of)};
    columns[1].validity = from_valid;
    columns[3].validity = as_of_valid;
    return give(state, "windows", columns, 4, 3, err);
}

static pdm_status segment_boxes(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 3, 6, 9};
    static const int32_t labels[] = {0, 6, 6, 12};
    static const uint8_t label_valid[] = {0x05};
    static const int64_t rank[] = {3, 1, 2};
    static const int64_t r_lo[] = {1, 4, 4};
    static const int64_t r_hi[] = {3, 5, 5};
    static const int64_t f_lo[] = {1, 1, 3};
    static const int64_t f_hi[] = {5, 2, 5};
    static const int64_t m_lo[] = {1, 1, 1};
    static const int64_t m_hi[] = {5, 5, 4};
    pdm_column columns[] = {text_column("segment", names, "oldnewtop"),
                            text_column("label_zh", labels, "老的最好"),
                            pdm_column_int64("rank", rank),
                            pdm_column_int64("r_lo", r_lo),
                            pdm_column_int64("r_hi", r_hi),
                            pdm_column_int64("f_lo", f_lo),
                            pdm_column_int64("f_hi", f_hi),
                            pdm_column_int64("m_lo", m_lo),
                            pdm_column_int64("m_hi", m_hi)};
    columns[1].validity = label_valid;
    return give(state, "segments", columns, 9, 3, err);
}

static pdm_status segment_codes(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3};
    static const int32_t codes[] = {0, 3, 6, 11};
    const pdm_column columns[] = {text_column("segment", names, "xyx"), text_column("code", codes, "1112221-2-1")};
    return give(state, "segments", columns, 2, 3, err);
}

static pdm_status thresholds_of(pdm_state *state, const int64_t *r, const int64_t *f, const int64_t *m, int32_t n,
                                pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const char *const letters[] = {"", "rfm", "rrffmm", "rrrfffmmm", "rrrrffffmmmm"};
    int64_t cuts[12];
    for (int32_t i = 0; i < n; i++) {
        cuts[i] = r[i];
        cuts[n + i] = f[i];
        cuts[2 * n + i] = m[i];
    }
    const pdm_column columns[] = {text_column("dimension", names, letters[n]), pdm_column_int64("cut", cuts)};
    return give(state, "thresholds", columns, 2, 3 * (int64_t)n, err);
}

static pdm_status four_thresholds(pdm_state *state, pdm_error *err) {
    static const int64_t r[] = {3, 10, 10, 40};
    static const int64_t f[] = {1, 2, 3, 5};
    static const int64_t m[] = {-100, 0, 900, 2500};
    return thresholds_of(state, r, f, m, 4, err);
}

static pdm_status three_thresholds(pdm_state *state, pdm_error *err) {
    static const int64_t r[] = {3, 10, 40};
    static const int64_t f[] = {2, 3, 5};
    static const int64_t m[] = {0, 900, 2500};
    return thresholds_of(state, r, f, m, 3, err);
}

static pdm_status tier_cuts(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 3, 9, 15};
    static const int64_t cuts[] = {0, 800, 2500};
    static const uint8_t valid[] = {0x06};
    pdm_column columns[] = {text_column("tier", names, "low白银黄金"), pdm_column_int64("cut", cuts)};
    columns[1].validity = valid;
    return give(state, "tiers", columns, 2, 3, err);
}

static pdm_status tier_shares(pdm_state *state, pdm_error *err) {
    static const int32_t names[] = {0, 1, 2, 3};
    static const double shares[] = {0.125, 0.375, 0.5};
    const pdm_column columns[] = {text_column("tier", names, "abc"),
                                  pdm_column_make("share", PDM_TYPE_FLOAT64, shares)};
    return give(state, "tiers", columns, 2, 3, err);
}

static const case_list examples[] = {
    {"windows", "two_windows", two_windows},
    {"windows", "three_windows", three_windows},
    {"segments", "segment_boxes", segment_boxes},
    {"segments", "segment_codes", segment_codes},
    {"thresholds", "four_thresholds", four_thresholds},
    {"thresholds", "three_thresholds", three_thresholds},
    {"tiers", "tier_cuts", tier_cuts},
    {"tiers", "tier_shares", tier_shares},
};
#define EXAMPLES ((int32_t)(sizeof examples / sizeof *examples))

static bool metric_has_list(const pdm_metric *metric, const char *list) {
    for (int32_t i = 0; i < metric->list_count; i++) {
        if (strcmp(metric->lists[i].name, list) == 0) return true;
    }
    return false;
}

/* A list without an example would pass untested: refuse to go on. */
static void check_examples(const pdm_metric *metric) {
    for (int32_t i = 0; i < metric->list_count; i++) {
        bool found = false;
        for (int32_t e = 0; e < EXAMPLES; e++) found = found || strcmp(examples[e].list, metric->lists[i].name) == 0;
        if (found) continue;
        (void)fprintf(stderr, "tests/support/cases.c has no example of list \"%s\" (metric \"%s\")\n",
                      metric->lists[i].name, metric->name);
        abort();
    }
}

/* ---- one case ---- */

void case_begin(law_case *c, const pdm_metric *metric, const char *name) {
    memset(c, 0, sizeof *c);
    if (metric->options_size > CASE_OPTIONS) {
        (void)fprintf(stderr, "CASE_OPTIONS is too small for metric \"%s\"\n", metric->name);
        abort();
    }
    c->metric = metric;
    memcpy(c->options, &metric->options_size, sizeof metric->options_size);
    (void)snprintf(c->name, sizeof c->name, "%s%s", metric->name, name);
}

static void add_name(law_case *c, const char *text) {
    size_t used = strlen(c->name);
    (void)snprintf(c->name + used, sizeof c->name - used, "%s", text);
}

bool case_set(law_case *c, const char *option, const char *value) {
    if (pdm_options_set(c->metric, c->options, option, value, NULL) != PDM_OK) return false;
    char text[128];
    (void)snprintf(text, sizeof text, " %s=%s", option, value);
    add_name(c, text);
    if (strcmp(option, "null_rows") == 0) c->skips_nulls = strcmp(value, "skip") == 0;
    return true;
}

bool case_add_list(law_case *c, const char *label) {
    for (int32_t e = 0; e < EXAMPLES; e++) {
        if (strcmp(examples[e].label, label) != 0) continue;
        if (!metric_has_list(c->metric, examples[e].list) || c->list_count == CASE_LISTS) return false;
        c->lists[c->list_count++] = &examples[e];
        add_name(c, " +");
        add_name(c, label);
        return true;
    }
    return false;
}

rows_style case_style(const law_case *c) { return (rows_style)(c->number % ROWS_STYLES); }

static pdm_status set_calendar(int32_t which, pdm_state *state, pdm_error *err) {
    static const int64_t change_s[] = {-3600 * 24 * 30, 3600, 3600 * 24 * 20};
    static const int32_t offset_s[] = {7200, 3600, 10800};
    pdm_calendar calendar = pdm_calendar_fixed(which == 1 ? 28800 : -18000);
    if (which == 1) calendar.week_start = PDM_SUNDAY;
    if (which == 2) {
        calendar.change_count = 3;
        calendar.change_s = change_s;
        calendar.offset_s = offset_s;
    }
    return pdm_state_set_calendar(state, &calendar, err);
}

pdm_status case_settle(const law_case *c, pdm_state *state, pdm_error *err) {
    pdm_status status = c->calendar == 0 ? PDM_OK : set_calendar(c->calendar, state, err);
    for (int32_t i = 0; status == PDM_OK && i < c->list_count; i++) status = c->lists[i]->give(state, err);
    return status;
}

pdm_status case_create(const law_case *c, pdm_context *context, pdm_state **out, pdm_error *err) {
    pdm_state *state = NULL;
    pdm_status status = pdm_state_create(context, c->metric, c->options, &state, err);
    if (status == PDM_OK) status = case_settle(c, state, err);
    if (status != PDM_OK) {
        pdm_state_free(state);
        return status;
    }
    *out = state;
    return PDM_OK;
}

/* ---- the walk ---- */

typedef struct walk {
    case_visit visit;
    void *user;
    case_counts *counts;
} walk;

/* Measuring the empty state makes options and lists final, so everything that can be refused is. */
static bool accepted(const law_case *c, walk *w) {
    pdm_state *state = NULL;
    pdm_error err;
    size_t size = 0;
    pdm_status status = case_create(c, NULL, &state, &err);
    if (status == PDM_OK) status = pdm_state_serialize(state, NULL, 0, &size, &err);
    pdm_state_free(state);
    if (status == PDM_OK) return true;
    if (status != PDM_E_BAD_OPTION && status != PDM_E_UNSUPPORTED_COMBINATION && status != PDM_E_SEGMENT_OVERLAP) {
        (void)fprintf(stderr, "%s: %s: %s\n", c->name, pdm_status_name((int32_t)status), err.message);
        abort();
    }
    if (w->counts->refused++ == 0) {
        (void)snprintf(w->counts->first_refusal, sizeof w->counts->first_refusal, "%.100s: %.140s", c->name,
                       err.message);
    }
    return false;
}

static void visit_one(law_case *c, walk *w) {
    if (!accepted(c, w)) return;
    c->number = w->counts->visited++;
    c->calendar = (int32_t)(c->number % 3);
    w->visit(c, w->user);
}

/* The case without lists, and with each example. */
static void visit_with_lists(const law_case *base, walk *w) {
    law_case c = *base;
    visit_one(&c, w);
    for (int32_t e = 0; e < EXAMPLES; e++) {
        c = *base;
        if (case_add_list(&c, examples[e].label)) visit_one(&c, w);
    }
    c = *base;
    if (case_add_list(&c, "two_windows") && case_add_list(&c, "four_thresholds")) visit_one(&c, w);
    c = *base;
    if (case_add_list(&c, "three_windows") && case_add_list(&c, "tier_cuts")) visit_one(&c, w);
}

/* The nth text worth trying for an option, NULL after the last. */
static const char *nth_value(const pdm_option_info *info, int32_t nth, char *buffer, size_t room) {
    static const char *const wide[] = {"0", "-2", "3", "1200"};
    static const char *const times[] = {"0", "-864000000000", "1728000000000", "5"};
    static const char *const texts[] = {"CNY", "其他"};
    static const char *const floats[] = {"0", "0.5", "3"};
    if (info->type == PDM_OPTION_ENUM) return info->values[nth];
    if (info->type == PDM_OPTION_BOOL) return nth == 0 ? "false" : nth == 1 ? "true" : NULL;
    if (info->type == PDM_OPTION_INT64) return nth < 4 ? wide[nth] : NULL;
    if (info->type == PDM_OPTION_TIME) return nth < 4 ? times[nth] : NULL;
    if (info->type == PDM_OPTION_TEXT) return nth < 2 ? texts[nth] : NULL;
    if (info->type == PDM_OPTION_FLOAT) return nth < 3 ? floats[nth] : NULL;
    int64_t span = info->maximum - info->minimum;
    if (nth > (span < 16 ? span : 2)) return NULL;
    (void)snprintf(buffer, room, "%" PRId64, span < 16 ? info->minimum + nth : info->minimum + span / 2 * nth);
    return buffer;
}

static void walk_options(const law_case *base, walk *w) {
    visit_with_lists(base, w);
    for (int32_t i = 0; i < base->metric->option_count; i++) {
        const pdm_option_info *info = &base->metric->options[i];
        char buffer[32];
        const char *value = NULL;
        for (int32_t nth = info->type == PDM_OPTION_ENUM ? 1 : 0;
             (value = nth_value(info, nth, buffer, sizeof buffer)) != NULL; nth++) {
            law_case c = *base;
            if (!case_set(&c, info->name, value)) continue;
            visit_with_lists(&c, w);
        }
    }
}

static void visit_random(const pdm_metric *metric, uint64_t *random, walk *w) {
    law_case c;
    case_begin(&c, metric, "");
    for (int32_t n = 0; n < 4; n++) {
        const pdm_option_info *info = &metric->options[rows_below(random, metric->option_count)];
        char buffer[32];
        int32_t values = 0;
        while (nth_value(info, values, buffer, sizeof buffer) != NULL) values++;
        const char *value = nth_value(info, (int32_t)rows_below(random, values), buffer, sizeof buffer);
        (void)case_set(&c, info->name, value);
    }
    for (int32_t n = 0; n < 2; n++) {
        if (rows_below(random, 2) == 0) (void)case_add_list(&c, examples[rows_below(random, EXAMPLES)].label);
    }
    visit_one(&c, w);
}

void cases_walk(const pdm_metric *metric, int32_t random, case_visit visit, void *user, case_counts *counts) {
    walk w = {.visit = visit, .user = user, .counts = counts};
    memset(counts, 0, sizeof *counts);
    check_examples(metric);
    law_case base;
    case_begin(&base, metric, "");
    walk_options(&base, &w);
    case_begin(&base, metric, "");
    if (case_set(&base, "grain", "order")) walk_options(&base, &w);
    uint64_t seed = 20260101;
    for (int32_t n = 0; n < random; n++) visit_random(metric, &seed, &w);
}

/* ---- few ---- */

typedef struct recipe {
    const char *metric;
    const char *set[6];
    const char *lists[2];
} recipe;

/* Options as "name=value". A metric that is not named here gets its defaults with each list. */
static const recipe recipes[] = {
    {"rfm", {NULL}, {NULL}},
    {"rfm", {"grain=order", NULL}, {NULL}},
    {"rfm", {"grain=order", "f_basis=days", "absent_detail=true", "m_basis=net_max", NULL}, {"three_windows", NULL}},
    {"rfm", {"tiers=share", "policy=nested", "null_rows=skip", NULL}, {"two_windows", NULL}},
    {"rfm",
     {"policy=fixed", "refund_policy=drop_fully_refunded", "dedupe=event_id", NULL},
     {"four_thresholds", "segment_boxes"}},
    {"rfm",
     {"grain=order", "map=cn8", "split_by=median", "thresholds=frozen", "tiers=cut", NULL},
     {"two_windows", "tier_cuts"}},
    {"tiers", {NULL}, {NULL}},
    {"tiers", {"dedupe=event_id", NULL}, {"tier_cuts", NULL}},
    {"tiers", {"null_rows=skip", NULL}, {"tier_shares", NULL}},
};

static void apply_recipe(const recipe *r, law_case *c) {
    for (int32_t i = 0; i < 6 && r->set[i] != NULL; i++) {
        char option[64];
        const char *equals = strchr(r->set[i], '=');
        (void)snprintf(option, sizeof option, "%.*s", (int)(equals - r->set[i]), r->set[i]);
        if (case_set(c, option, equals + 1)) continue;
        (void)fprintf(stderr, "metric \"%s\" refuses %s\n", c->metric->name, r->set[i]);
        abort();
    }
    for (int32_t i = 0; i < 2 && r->lists[i] != NULL; i++) {
        if (!case_add_list(c, r->lists[i])) abort();
    }
}

void cases_few(const pdm_metric *metric, case_visit visit, void *user) {
    case_counts counts = {0};
    walk w = {.visit = visit, .user = user, .counts = &counts};
    law_case c;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        if (strcmp(recipes[i].metric, metric->name) != 0) continue;
        case_begin(&c, metric, "");
        apply_recipe(&recipes[i], &c);
        visit_one(&c, &w);
    }
    if (counts.visited > 0) return;
    case_begin(&c, metric, "");
    visit_with_lists(&c, &w);
}
