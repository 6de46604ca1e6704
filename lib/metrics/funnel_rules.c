/* From options and presets to switches, or a clear refusal. */
#include "metrics/funnel_internal.h"

#define DAY_US INT64_C(86400000000)

/* What a preset sets; 0 = nothing of its own. */
typedef struct preset {
    bool scan;
    bool scan_lowest;
    bool window_required;
    int64_t window;
    int64_t grace;
    int32_t order;
    int32_t entry;
    int32_t attempt_tie;
    int32_t event_reuse;
    int32_t ties;
    int32_t collapse_ties;
    int32_t strict_increase;
    int32_t deduplication;
    int32_t strict_repeat;
    int32_t totals_mode;
    int32_t effect;
    bool zero_rates;
    int32_t scan_foreign;
    int32_t scan_repeat;
    int32_t scan_leap;
} preset;

static const preset presets[] = {
    [PDM_FUNNEL_PRESET_NONE] = {.window = 14 * DAY_US},
    [PDM_FUNNEL_PRESET_CLICKHOUSE] = {.scan = true, .window_required = true, .event_reuse = PDM_FUNNEL_REUSE_ALLOW},
    [PDM_FUNNEL_PRESET_DORIS] = {.window_required = true, .ties = PDM_FUNNEL_TIES_ROW_ORDER},
    [PDM_FUNNEL_PRESET_DORIS41] = {.window_required = true, .ties = PDM_FUNNEL_TIES_ROW_ORDER},
    [PDM_FUNNEL_PRESET_STARROCKS] = {.scan = true, .scan_lowest = true, .window_required = true},
    [PDM_FUNNEL_PRESET_POSTHOG] = {.window = 14 * DAY_US, .strict_repeat = PDM_FUNNEL_SWITCH_ON, .zero_rates = true},
    [PDM_FUNNEL_PRESET_MIXPANEL] = {.window = 7 * DAY_US,
                                    .entry = PDM_FUNNEL_ENTRY_FIRST,
                                    .grace = 2000000,
                                    .effect = FUNNEL_END_ATTEMPT},
    [PDM_FUNNEL_PRESET_MIXPANEL_REENTRY] = {.window = 7 * DAY_US, .grace = 2000000, .effect = FUNNEL_END_ATTEMPT},
    [PDM_FUNNEL_PRESET_AMPLITUDE] = {.window_required = true,
                                     .grace = 1000000,
                                     .collapse_ties = PDM_FUNNEL_SWITCH_ON,
                                     .attempt_tie = PDM_FUNNEL_TIE_FIRST_ENTERED,
                                     .effect = FUNNEL_END_ATTEMPT,
                                     .totals_mode = PDM_FUNNEL_TOTALS_EVERY_ENTRY},
};

/* ---- modes ---- */

enum { MODE_DEDUPLICATION = 1, MODE_FIXED = 2, MODE_INCREASE = 4, MODE_ONCE = 8, MODE_REENTRY = 16 };

typedef struct mode_name {
    const char *name;
    int32_t bit;
} mode_name;

static const mode_name clickhouse_modes[] = {
    {"strict_deduplication", MODE_DEDUPLICATION},
    {"deduplication", MODE_DEDUPLICATION},
    {"strict", MODE_DEDUPLICATION},
    {"strict_order", MODE_FIXED},
    {"order", MODE_FIXED},
    {"strict_increase", MODE_INCREASE},
    {"increase", MODE_INCREASE},
    {"strict_once", MODE_ONCE},
    {"once", MODE_ONCE},
    {"allow_reentry", MODE_REENTRY},
    {"reentry", MODE_REENTRY},
    {NULL, 0},
};

static const mode_name doris_modes[] = {
    {"default", 0}, {"deduplication", MODE_DEDUPLICATION}, {"fixed", MODE_FIXED}, {"increase", MODE_INCREASE},
    {NULL, 0},
};

static pdm_status bad_mode(const char *text, const mode_name *names, pdm_error *err) {
    char known[160] = "";
    size_t used = 0;
    for (const mode_name *m = names; m->name != NULL; m++) {
        size_t length = strlen(m->name);
        if (used + length + 3 > sizeof known) break;
        memcpy(known + used, used == 0 ? "" : ", ", used == 0 ? 0 : 2);
        used += used == 0 ? 0 : 2;
        memcpy(known + used, m->name, length + 1);
        used += length;
    }
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "mode", "option \"mode\": \"%.60s\" is not a list of %s", text, known);
}

static pdm_status parse_modes(const char *text, const mode_name *names, int32_t *out, pdm_error *err) {
    *out = 0;
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, ", ");
        const mode_name *found = NULL;
        for (const mode_name *m = names; m->name != NULL && found == NULL; m++) {
            if (strlen(m->name) == length && memcmp(m->name, at, length) == 0) found = m;
        }
        if (found == NULL) return bad_mode(text, names, err);
        *out |= found->bit;
        at += length;
        at += strspn(at, ", ");
    }
    return PDM_OK;
}

static pdm_status clickhouse_mode(const char *mode, preset *p, pdm_error *err) {
    int32_t bits = 0;
    PDM__TRY(parse_modes(mode, clickhouse_modes, &bits, err));
    if ((bits & MODE_DEDUPLICATION) != 0) p->scan_repeat = FUNNEL_SCAN_STOP;
    if ((bits & MODE_FIXED) != 0) p->scan_foreign = p->scan_leap = FUNNEL_SCAN_STOP;
    if ((bits & MODE_INCREASE) != 0) p->strict_increase = PDM_FUNNEL_INCREASE_SKIP;
    if ((bits & MODE_ONCE) != 0) p->event_reuse = PDM_FUNNEL_REUSE_FORBID;
    if ((bits & MODE_REENTRY) == 0) return PDM_OK;
    if ((bits & MODE_FIXED) == 0) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "mode",
                         "option \"mode\": allow_reentry means something with strict_order only");
    }
    p->scan_leap = FUNNEL_SCAN_SKIP;
    return PDM_OK;
}

static pdm_status doris_mode(const char *mode, bool v41, preset *p, pdm_error *err) {
    int32_t bits = 0;
    PDM__TRY(parse_modes(mode, doris_modes, &bits, err));
    if ((bits & MODE_DEDUPLICATION) != 0) p->deduplication = PDM_FUNNEL_DEDUPLICATION_BREAK_ATTEMPT;
    if ((bits & MODE_FIXED) != 0) p->order = v41 ? PDM_FUNNEL_ORDER_FIXED : PDM_FUNNEL_ORDER_STRICT;
    if ((bits & MODE_INCREASE) != 0) p->strict_increase = v41 ? PDM_FUNNEL_INCREASE_SKIP : PDM_FUNNEL_INCREASE_BREAK;
    return PDM_OK;
}

/* StarRocks adds its modes up: 1, 2, 4. */
static pdm_status starrocks_mode(const char *mode, preset *p, pdm_error *err) {
    int32_t bits = 0;
    if (mode[0] >= '0' && mode[0] <= '7' && mode[1] == '\0') {
        bits = mode[0] - '0';
    } else {
        PDM__TRY(parse_modes(mode, doris_modes, &bits, err));
    }
    if ((bits & MODE_DEDUPLICATION) != 0) p->scan_repeat = FUNNEL_SCAN_RESET;
    if ((bits & MODE_FIXED) != 0) p->scan_leap = FUNNEL_SCAN_RESET;
    if ((bits & MODE_INCREASE) != 0) p->strict_increase = PDM_FUNNEL_INCREASE_SKIP;
    return PDM_OK;
}

static pdm_status apply_mode(const pdm_funnel_options *options, preset *p, pdm_error *err) {
    switch (options->preset) {
    case PDM_FUNNEL_PRESET_CLICKHOUSE: return clickhouse_mode(options->mode, p, err);
    case PDM_FUNNEL_PRESET_DORIS: return doris_mode(options->mode, false, p, err);
    case PDM_FUNNEL_PRESET_DORIS41: return doris_mode(options->mode, true, p, err);
    case PDM_FUNNEL_PRESET_STARROCKS: return starrocks_mode(options->mode, p, err);
    default: break;
    }
    if (options->mode[0] == '\0') return PDM_OK;
    return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "mode",
                     "option \"mode\" belongs to the presets clickhouse, doris, doris41 and starrocks");
}

/* ---- switches ---- */

/* What is given explicitly wins, then the preset, then the house's own. */
static int32_t choose(int32_t given, int32_t of_preset, int32_t own) {
    if (given != 0) return given;
    return of_preset != 0 ? of_preset : own;
}

int32_t pdm__funnel_default_effect(const pdm_funnel_options *options) {
    if (options->order == PDM_FUNNEL_ORDER_UNORDERED) return FUNNEL_WIPE_PROGRESS;
    return presets[options->preset].effect;
}

static pdm_status refuse(const char *option, const char *message, pdm_error *err) {
    return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, option, "option \"%s\": %s", option, message);
}

static pdm_status set_window(const pdm_funnel_options *options, const preset *p, pdm__funnel_rules *rules,
                             pdm_error *err) {
    rules->calendar_days = options->window_kind == PDM_FUNNEL_WINDOW_CALENDAR_DAYS;
    if (options->window == PDM_ZERO_INT64 && p->window_required) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "window", "option \"window\" must be given for this preset");
    }
    int64_t own = rules->calendar_days ? p->window / DAY_US : p->window;
    rules->window = options->window == PDM_ZERO_INT64 ? own : options->window;
    if (rules->calendar_days && rules->window < 1) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "window",
                         "option \"window\": %lld local days; at least 1 (the entry's own day) expected",
                         (long long)rules->window);
    }
    return PDM_OK;
}

static pdm_status check_ties(const pdm__funnel_rules *rules, pdm_error *err) {
    bool increasing = rules->strict_increase != PDM_FUNNEL_INCREASE_OFF;
    if (rules->grace > 0 && increasing)
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "grace",
                         "option \"grace\" and strict_increase contradict each other");
    if (rules->scan) return PDM_OK;
    if (rules->strict_increase == PDM_FUNNEL_INCREASE_BREAK && !rules->row_order)
        return refuse("strict_increase", "break needs ties row_order (and column seq)", err);
    if (rules->row_order && rules->grace > 0) return refuse("ties", "row_order leaves nothing for grace to do", err);
    return PDM_OK;
}

static pdm_status check_scan(const pdm_funnel_options *options, const pdm__funnel_rules *rules, pdm_error *err) {
    const char *own = "presets clickhouse and starrocks are a scan of their own and know no";
    const struct {
        bool used;
        const char *option;
        const char *what;
    } foreign[] = {
        {options->order != 0, "order", "order (see mode)"},
        {options->entry != 0, "entry", "entry"},
        {options->ties != 0, "ties", "ties"},
        {rules->grace > 0, "grace", "grace"},
        {rules->collapse_ties, "collapse_ties", "collapse_ties"},
        {rules->deduplication, "deduplication", "deduplication (see mode)"},
        {rules->exclusion_count > 0, "exclusions", "exclusions"},
        {rules->has_step_windows, "steps", "windows of steps"},
        {rules->optional != 0, "steps", "optional steps"},
        {rules->count == PDM_FUNNEL_COUNT_TOTALS, "count", "totals"},
        {rules->strict_increase == PDM_FUNNEL_INCREASE_BREAK, "strict_increase", "strict_increase break"},
    };
    for (size_t i = 0; i < PDM__COUNT(foreign); i++) {
        if (!foreign[i].used) continue;
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, foreign[i].option, "option \"%s\": %s %s",
                         foreign[i].option, own, foreign[i].what);
    }
    return PDM_OK;
}

static pdm_status check_unordered(const pdm_funnel_options *options, const pdm__funnel_rules *rules, pdm_error *err) {
    if (rules->calendar_days) return refuse("window_kind", "order unordered has no calendar_days", err);
    if (rules->has_step_windows) return refuse("steps", "order unordered has no windows of steps", err);
    if (rules->optional != 0) return refuse("steps", "order unordered has no optional steps", err);
    if (rules->deduplication) return refuse("deduplication", "order unordered has none", err);
    if (rules->strict_increase != PDM_FUNNEL_INCREASE_OFF)
        return refuse("strict_increase", "order unordered has none", err);
    if (rules->count == PDM_FUNNEL_COUNT_TOTALS) return refuse("count", "order unordered has no totals", err);
    if (options->entry > PDM_FUNNEL_ENTRY_BEST) return refuse("entry", "order unordered has no entry of its own", err);
    if (options->attempt_tie > PDM_FUNNEL_TIE_FIRST_COMPLETED)
        return refuse("attempt_tie", "order unordered reports the earliest", err);
    for (int32_t e = 0; e < rules->exclusion_count; e++) {
        const pdm__funnel_exclusion *x = &rules->exclusions[e];
        if (x->from == 1 && x->to == rules->steps && x->effect == FUNNEL_WIPE_PROGRESS) continue;
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, e, "exclusions",
                         "row %d of list \"exclusions\": order unordered excludes from 1 to %d with wipe_progress only",
                         e, rules->steps);
    }
    return PDM_OK;
}

static pdm_status check_stepped(const pdm__funnel_rules *rules, pdm_error *err) {
    bool windows = rules->has_step_windows;
    const char *which = windows ? "windows of steps" : "optional steps";
    if (!windows && rules->optional == 0) return PDM_OK;
    const char *with = rules->order != PDM_FUNNEL_ORDER_ORDERED              ? "order"
                       : windows && rules->optional != 0                     ? "optional steps"
                       : !windows                                            ? NULL
                       : rules->exclusion_count > 0                          ? "exclusions"
                       : rules->deduplication                                ? "deduplication"
                       : rules->strict_increase == PDM_FUNNEL_INCREASE_BREAK ? "strict_increase break"
                       : rules->grace > 0                                    ? "grace"
                       : rules->count == PDM_FUNNEL_COUNT_TOTALS             ? "count totals"
                                                                             : NULL;
    if (with == NULL) return PDM_OK;
    return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "steps", "list \"steps\": %s are not combined with %s",
                     which, with);
}

static pdm_status check_numbers(const pdm_funnel_options *options, const pdm__funnel_rules *rules, pdm_error *err) {
    const struct {
        const char *name;
        int32_t step;
    } named[] = {
        {"attribution_step", options->attribution == PDM_FUNNEL_ATTRIBUTION_STEP ? options->attribution_step : 1},
        {"histogram_from", options->histogram_from},
        {"histogram_to", options->histogram_to},
        {"trend_from", options->trend_from},
        {"trend_to", options->trend_to},
    };
    for (size_t i = 0; i < PDM__COUNT(named); i++) {
        if (named[i].step <= rules->steps) continue;
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, named[i].name, "option \"%s\": step %d of %d", named[i].name,
                         named[i].step, rules->steps);
    }
    if (options->histogram_to != 0 && options->histogram_from >= options->histogram_to)
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "histogram_to",
                         "option \"histogram_to\": not after histogram_from");
    if (options->trend_to != 0 && options->trend_from > options->trend_to)
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "trend_to", "option \"trend_to\": before trend_from");
    if (options->time_from != PDM_ZERO_INT64 && options->time_to != PDM_ZERO_INT64 &&
        options->time_from >= options->time_to)
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "time_to", "option \"time_to\": not after time_from");
    if (!(options->conf_level > 0.0 && options->conf_level < 1.0))
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "conf_level", "option \"conf_level\": %g; between 0 and 1 expected",
                         options->conf_level);
    return PDM_OK;
}

/* Attempts one after the other are known to the walk alone. */
static pdm_status check_counting(const pdm_funnel_options *options, const pdm__funnel_rules *rules, pdm_error *err) {
    bool walks = !rules->scan && rules->order != PDM_FUNNEL_ORDER_UNORDERED && !rules->has_step_windows;
    bool every = options->trend_period != PDM_FUNNEL_TREND_NONE && options->trend_count == PDM_FUNNEL_TREND_EVERY;
    bool pooled = options->hold_constant != PDM_FUNNEL_HOLD_NONE && options->hold_count == PDM_FUNNEL_HOLD_PER_UNIT;
    if (every && !walks)
        return refuse("trend_count", "every_attempt needs an ordered, strict or fixed funnel without windows of steps",
                      err);
    if (pooled && rules->count == PDM_FUNNEL_COUNT_TOTALS)
        return refuse("hold_count", "per_unit reports one attempt, so it has no totals", err);
    return PDM_OK;
}

static void set_entries(const pdm_funnel_options *options, pdm__funnel_rules *rules) {
    rules->mature_only = options->mature_only != 0;
    if (options->range_applies_to != PDM_FUNNEL_RANGE_ENTRIES) return;
    rules->has_entry_from = options->time_from != PDM_ZERO_INT64;
    rules->has_entry_to = options->time_to != PDM_ZERO_INT64;
    rules->entry_from = options->time_from;
    rules->entry_to = options->time_to;
}

pdm_status pdm__funnel_rules_make(const pdm_funnel_options *options, pdm__funnel_rules *rules, pdm_error *err) {
    preset p = presets[options->preset];
    PDM__TRY(apply_mode(options, &p, err));
    rules->scan = p.scan;
    rules->scan_lowest = p.scan_lowest;
    rules->scan_foreign = p.scan_foreign;
    rules->scan_repeat = p.scan_repeat;
    rules->scan_leap = p.scan_leap;
    rules->order = choose(options->order, p.order, PDM_FUNNEL_ORDER_ORDERED);
    rules->entry = choose(options->entry, p.entry, PDM_FUNNEL_ENTRY_BEST);
    rules->attempt_tie = choose(options->attempt_tie, p.attempt_tie, PDM_FUNNEL_TIE_FIRST_COMPLETED);
    rules->event_reuse = choose(options->event_reuse, p.event_reuse, PDM_FUNNEL_REUSE_FORBID) == PDM_FUNNEL_REUSE_ALLOW;
    rules->row_order = choose(options->ties, p.ties, PDM_FUNNEL_TIES_FAVOURABLE) == PDM_FUNNEL_TIES_ROW_ORDER;
    rules->collapse_ties =
        choose(options->collapse_ties, p.collapse_ties, PDM_FUNNEL_SWITCH_OFF) == PDM_FUNNEL_SWITCH_ON;
    rules->grace = options->grace == PDM_ZERO_INT64 ? p.grace : options->grace;
    rules->strict_increase = choose(options->strict_increase, p.strict_increase, PDM_FUNNEL_INCREASE_OFF);
    rules->deduplication = choose(options->deduplication, p.deduplication, PDM_FUNNEL_DEDUPLICATION_OFF) ==
                           PDM_FUNNEL_DEDUPLICATION_BREAK_ATTEMPT;
    rules->strict_repeat =
        choose(options->strict_repeat, p.strict_repeat, PDM_FUNNEL_SWITCH_OFF) == PDM_FUNNEL_SWITCH_ON;
    rules->count = options->count;
    rules->every_entry =
        choose(options->totals_mode, p.totals_mode, PDM_FUNNEL_TOTALS_SEQUENTIAL) == PDM_FUNNEL_TOTALS_EVERY_ENTRY;
    rules->zero_rates = options->zero_denominator == 2 || (options->zero_denominator == 0 && p.zero_rates);
    set_entries(options, rules);
    PDM__TRY(set_window(options, &p, rules, err));
    PDM__TRY(check_ties(rules, err));
    PDM__TRY(check_numbers(options, rules, err));
    PDM__TRY(check_counting(options, rules, err));
    if (rules->scan) return check_scan(options, rules, err);
    if (rules->order == PDM_FUNNEL_ORDER_UNORDERED) return check_unordered(options, rules, err);
    return check_stepped(rules, err);
}

int64_t pdm__funnel_limit(const pdm__funnel_rules *rules, int64_t time) {
    int64_t limit = 0;
    if (rules->window == PDM_UNLIMITED) return INT64_MAX;
    if (!rules->calendar_days) return __builtin_add_overflow(time, rules->window, &limit) ? INT64_MAX : limit;
    int64_t day = pdm_calendar_day(rules->calendar, time);
    const int64_t last_day = INT64_MAX / DAY_US - 2;
    if (rules->window > last_day || day > last_day - rules->window) return INT64_MAX;
    return pdm_calendar_day_start(rules->calendar, day + rules->window) - 1;
}

bool pdm__funnel_entry_counts(const pdm__funnel_rules *rules, int64_t as_of, int64_t time) {
    if (rules->has_entry_from && time < rules->entry_from) return false;
    if (rules->has_entry_to && time >= rules->entry_to) return false;
    if (!rules->mature_only) return true;
    int64_t limit = pdm__funnel_limit(rules, time);
    return limit != INT64_MAX && limit <= as_of;
}
