/* From options and lists to what is to be done, or a clear refusal. */
#include "metrics/rfm_internal.h"

static const char *const dimension_names[3] = {"r", "f", "m"};

/* ---- lists ---- */

enum { WINDOW_NAME, WINDOW_FROM, WINDOW_TO, WINDOW_AS_OF };
enum { SEGMENT_NAME, SEGMENT_LABEL_ZH, SEGMENT_RANK, SEGMENT_CODE, SEGMENT_LO_R };
enum { THRESHOLD_DIMENSION, THRESHOLD_CUT };

static pdm_status window_at(const pdm__setup *setup, int64_t row, pdm__rfm_window *out, pdm_error *err) {
    const pdm__list *list = &setup->lists[RFM_LIST_WINDOWS];
    const pdm_rfm_options *options = setup->options;
    memset(out, 0, sizeof *out);
    out->name = pdm__list_text(list, WINDOW_NAME, row);
    out->has_from = pdm__list_has(list, WINDOW_FROM, row);
    out->from = out->has_from ? pdm__list_int(list, WINDOW_FROM, row) : INT64_MIN;
    out->to = pdm__list_int(list, WINDOW_TO, row);
    out->has_to = true;
    out->has_as_of = true;
    out->as_of = out->to;
    if (pdm__list_has(list, WINDOW_AS_OF, row)) {
        out->as_of = pdm__list_int(list, WINDOW_AS_OF, row);
    } else if (options->as_of != PDM_ZERO_INT64) {
        out->as_of = options->as_of;
    }
    if (out->has_from && out->from >= out->to) {
        return pdm__fail(err, PDM_E_BAD_OPTION, row, "windows",
                         "row %lld of list \"windows\": from %lld is not before to %lld", (long long)row,
                         (long long)out->from, (long long)out->to);
    }
    if (out->to > out->as_of) {
        return pdm__fail(err, PDM_E_BAD_OPTION, row, "as_of",
                         "row %lld of list \"windows\": as_of %lld is before to %lld", (long long)row,
                         (long long)out->as_of, (long long)out->to);
    }
    return PDM_OK;
}

static pdm_status read_windows(const pdm__setup *setup, pdm__rfm_plan *plan, pdm_error *err) {
    const pdm__list *list = &setup->lists[RFM_LIST_WINDOWS];
    const pdm_rfm_options *options = setup->options;
    if (list->rows == 0) {
        plan->windows[0] = (pdm__rfm_window){.name = "all", .from = INT64_MIN, .to = INT64_MAX};
        plan->windows[0].has_as_of = options->as_of != PDM_ZERO_INT64;
        plan->windows[0].has_to = plan->windows[0].has_as_of;
        plan->windows[0].as_of = options->as_of;
        plan->windows[0].to = options->as_of;
    }
    for (int64_t row = 0; row < list->rows; row++) {
        PDM__TRY(window_at(setup, row, &plan->windows[row], err));
        for (int64_t other = 0; other < row; other++) {
            if (strcmp(plan->windows[row].name, plan->windows[other].name) != 0) continue;
            return pdm__fail(err, PDM_E_BAD_OPTION, row, "windows",
                             "row %lld of list \"windows\": name \"%s\" is there twice", (long long)row,
                             plan->windows[row].name);
        }
    }
    plan->window_count = list->rows == 0 ? 1 : (int32_t)list->rows;
    plan->stored_windows = plan->window_count;
    if (options->absent_detail == 0) return PDM_OK;
    plan->windows[plan->stored_windows++] = (pdm__rfm_window){.name = "", .from = INT64_MIN, .to = INT64_MAX};
    return PDM_OK;
}

/* ---- scoring rules ---- */

static int32_t pick(int32_t own, int32_t common, int32_t fallback) {
    if (own != 0) return own;
    return common != 0 ? common : fallback;
}

static void split_rule(const pdm_rfm_options *options, int32_t dimension, pdm__score_rule *rule) {
    const int32_t own[3] = {options->split_by_r, options->split_by_f, options->split_by_m};
    const int64_t values[3] = {options->split_r, options->split_f, options->split_m};
    rule->policy = PDM__SCORE_SPLIT;
    rule->k = 2;
    rule->split_by = pick(own[dimension], options->split_by, PDM_RFM_SPLIT_MEAN);
    rule->split_value = values[dimension];
    rule->inclusive = options->compare == PDM_RFM_COMPARE_GE;
}

static pdm_status fixed_rule(const pdm__setup *setup, int32_t dimension, pdm__score_rule *rule, pdm_error *err) {
    const pdm__list *list = &setup->lists[RFM_LIST_THRESHOLDS];
    rule->cut_count = 0;
    for (int64_t row = 0; row < list->rows; row++) {
        if (strcmp(pdm__list_text(list, THRESHOLD_DIMENSION, row), dimension_names[dimension]) != 0) continue;
        if (!pdm__list_has(list, THRESHOLD_CUT, row)) continue; /* the first class of a table of thresholds */
        int64_t cut = pdm__list_int(list, THRESHOLD_CUT, row);
        if (rule->cut_count == rule->k - 1 || (rule->cut_count > 0 && cut < rule->cuts[rule->cut_count - 1])) {
            return pdm__fail(err, PDM_E_BAD_OPTION, row, "thresholds",
                             "row %lld of list \"thresholds\": dimension %s needs %d non-decreasing cuts for k = %d",
                             (long long)row, dimension_names[dimension], rule->k - 1, rule->k);
        }
        rule->cuts[rule->cut_count++] = cut;
    }
    if (rule->cut_count == rule->k - 1) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "thresholds",
                     "policy fixed: list \"thresholds\" has %d cuts for dimension %s, k = %d needs %d", rule->cut_count,
                     dimension_names[dimension], rule->k, rule->k - 1);
}

static int32_t kernel_policy(int32_t policy) {
    switch (policy) {
    case PDM_RFM_POLICY_PCT_RANK: return PDM__SCORE_PCT_RANK;
    case PDM_RFM_POLICY_NTILE: return PDM__SCORE_NTILE;
    case PDM_RFM_POLICY_RANK_FIRST: return PDM__SCORE_RANK_FIRST;
    case PDM_RFM_POLICY_QUANTILE_RIGHT: return PDM__SCORE_QUANTILE_RIGHT;
    case PDM_RFM_POLICY_QUANTILE_RFM_R: return PDM__SCORE_QUANTILE_RFM_R;
    case PDM_RFM_POLICY_FIXED: return PDM__SCORE_FIXED;
    case PDM_RFM_POLICY_SPLIT: return PDM__SCORE_SPLIT;
    default: return PDM__SCORE_MIDRANK;
    }
}

static pdm_status value_rule(const pdm__setup *setup, const pdm__rfm_plan *plan, int32_t dimension, int32_t policy,
                             pdm__score_rule *rule, pdm_error *err) {
    const pdm_rfm_options *options = setup->options;
    const int32_t own_k[3] = {options->k_r, options->k_f, options->k_m};
    const int64_t deltas[3] = {options->delta_r, options->delta_f, options->delta_m};
    memset(rule, 0, sizeof *rule);
    rule->policy = kernel_policy(policy);
    rule->k = pick(own_k[dimension], options->k, plan->map == PDM_RFM_MAP_PYMC5 ? 4 : 5);
    rule->ties = options->ties;
    rule->drop_duplicates = options->duplicates == PDM_RFM_DUPLICATES_DROP;
    rule->delta = deltas[dimension];
    rule->smaller_better = dimension == 0;
    if (rule->policy == PDM__SCORE_SPLIT) {
        split_rule(options, dimension, rule);
        bool days_high = plan->map == PDM_RFM_MAP_CN8 && options->cn8_convention == PDM_RFM_CN8_DAYS_HIGH;
        if (dimension == 0 && days_high) rule->smaller_better = 0;
    }
    if (rule->policy == PDM__SCORE_FIXED) return fixed_rule(setup, dimension, rule, err);
    return PDM_OK;
}

/* Policies of the three dimensions. nested and cn8 by score replace them by `base`. */
static pdm_status choose_policies(const pdm_rfm_options *options, pdm__rfm_plan *plan, int32_t policies[3],
                                  pdm_error *err) {
    const int32_t own[3] = {options->policy_r, options->policy_f, options->policy_m};
    int32_t fallback = plan->map == PDM_RFM_MAP_CN8 && !plan->two_steps ? PDM_RFM_POLICY_SPLIT : PDM_RFM_POLICY_MIDRANK;
    int32_t nested = 0;
    for (int32_t d = 0; d < 3; d++) {
        policies[d] = pick(own[d], options->policy, fallback);
        nested += policies[d] == PDM_RFM_POLICY_NESTED;
    }
    if (nested != 0 && nested != 3) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "policy",
                         "policy nested is for all three dimensions or none");
    }
    plan->nested = nested != 0;
    if (!plan->nested && !plan->two_steps) return PDM_OK;
    int32_t base = pick(options->base, 0, PDM_RFM_POLICY_MIDRANK);
    if (base == PDM_RFM_POLICY_NESTED || (plan->nested && base == PDM_RFM_POLICY_FIXED)) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "base", "option \"base\" cannot be that policy here");
    }
    for (int32_t d = 0; d < 3; d++) policies[d] = base;
    return PDM_OK;
}

static pdm_status read_rules(const pdm__setup *setup, pdm__rfm_plan *plan, pdm_error *err) {
    const pdm_rfm_options *options = setup->options;
    int32_t policies[3];
    plan->two_steps = plan->map == PDM_RFM_MAP_CN8 && options->split_on == PDM_RFM_SPLIT_SCORE;
    PDM__TRY(choose_policies(options, plan, policies, err));
    for (int32_t d = 0; d < 3; d++) {
        PDM__TRY(value_rule(setup, plan, d, policies[d], &plan->rules[d], err));
        plan->k[d] = plan->rules[d].k;
        if (!plan->two_steps) continue;
        memset(&plan->splits[d], 0, sizeof plan->splits[d]);
        split_rule(options, d, &plan->splits[d]);
        plan->k[d] = 2;
    }
    return PDM_OK;
}

/* ---- combinations ---- */

static pdm_status refuse(pdm_error *err, const char *option, const char *why) {
    return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, option, "%s", why);
}

static bool splits_ties(const pdm__rfm_plan *plan) {
    for (int32_t d = 0; d < 3; d++) {
        int32_t policy = plan->rules[d].policy;
        if (policy == PDM__SCORE_NTILE || policy == PDM__SCORE_RANK_FIRST) return true;
    }
    return false;
}

static pdm_status check_options(const pdm_rfm_options *options, pdm_error *err) {
    if (options->m_basis == PDM_RFM_M_NET_MEAN && options->f_basis == PDM_RFM_F_REPEAT) {
        return refuse(err, "m_basis", "m_basis net_mean with f_basis repeat divides by orders − 1, which may be 0");
    }
    if (options->refund_policy == PDM_RFM_DROP_FULLY_REFUNDED && options->grain == PDM_RFM_GRAIN_ORDER) {
        return refuse(err, "refund_policy",
                      "refund_policy drop_fully_refunded needs grain line: with grain order no refund has an order");
    }
    if (options->split_on == PDM_RFM_SPLIT_SCORE && options->cn8_convention == PDM_RFM_CN8_DAYS_HIGH) {
        return refuse(err, "split_on", "split_on score has no days_high convention: scores are high when recent");
    }
    return PDM_OK;
}

static int32_t choose_map(const pdm__setup *setup) {
    const pdm_rfm_options *options = setup->options;
    bool given = setup->lists[RFM_LIST_SEGMENTS].rows > 0;
    return given && options->map == PDM_RFM_MAP_EN11 ? PDM_RFM_MAP_USER : options->map;
}

/* A list of tiers asks for tiers; whether by cut or by share it says itself. */
static pdm_status read_tiers(const pdm__setup *setup, pdm__rfm_plan *plan, pdm_error *err) {
    const pdm_rfm_options *options = setup->options;
    const pdm__list *list = &setup->lists[RFM_LIST_TIERS];
    plan->has_tiers = options->tiers != PDM_RFM_TIERS_NONE || list->rows > 0;
    if (!plan->has_tiers) return PDM_OK;
    bool by_cut = options->tiers == PDM_RFM_TIERS_CUT;
    if (options->tiers == PDM_RFM_TIERS_NONE) by_cut = pdm__tier_list_has_cuts(list);
    return pdm__tier_ladder_read(list, by_cut, &plan->tiers, err);
}

size_t pdm__rfm_plan_size(const pdm__setup *setup) {
    size_t windows = (size_t)setup->lists[RFM_LIST_WINDOWS].rows + 2;
    return sizeof(pdm__rfm_plan) + windows * sizeof(pdm__rfm_window);
}

pdm_status pdm__rfm_plan_make(const pdm__setup *setup, pdm__rfm_plan *plan, pdm_error *err) {
    const pdm_rfm_options *options = setup->options;
    plan->options = options;
    plan->calendar = setup->calendar;
    plan->windows = (pdm__rfm_window *)(void *)(plan + 1);
    plan->line = options->grain == PDM_RFM_GRAIN_LINE;
    plan->gross = options->refund_policy == PDM_RFM_GROSS;
    plan->needs_max = options->m_basis == PDM_RFM_M_NET_MAX;
    plan->needs_days = options->f_basis == PDM_RFM_F_DAYS;
    plan->map = choose_map(setup);
    PDM__TRY(check_options(options, err));
    PDM__TRY(read_windows(setup, plan, err));
    PDM__TRY(read_rules(setup, plan, err));
    if (options->thresholds == PDM_RFM_FROZEN && (plan->nested || splits_ties(plan))) {
        return refuse(err, "thresholds", "thresholds frozen needs a policy with cuts: not nested, ntile or rank_first");
    }
    PDM__TRY(read_tiers(setup, plan, err));
    pdm__rfm_map map;
    memset(&map, 0, sizeof map);
    PDM__TRY(pdm__rfm_plan_map(setup, plan, &map, err));
    pdm__rfm_map_clear(&map);
    return PDM_OK;
}

/* ---- the map ---- */

static pdm_status bad_box(pdm_error *err, int64_t row, const char *column, const char *what) {
    return pdm__fail(err, PDM_E_BAD_OPTION, row, column, "row %lld of list \"segments\": %s", (long long)row, what);
}

/* "531", or "10-3-1" with any number of digits. */
static bool parse_code(const char *text, int32_t code[3]) {
    bool dashes = strchr(text, '-') != NULL;
    for (int32_t d = 0; d < 3; d++) {
        int32_t value = 0;
        int32_t digits = 0;
        while (*text >= '0' && *text <= '9' && digits < (dashes ? 2 : 1)) {
            value = value * 10 + (*text++ - '0');
            digits++;
        }
        if (digits == 0) return false;
        code[d] = value;
        if (dashes && d < 2 && *text++ != '-') return false;
    }
    return *text == '\0';
}

static pdm_status read_box(const pdm__list *list, int64_t row, pdm__rfm_box *box, pdm_error *err) {
    memset(box, 0, sizeof *box);
    box->segment = pdm__list_text(list, SEGMENT_NAME, row);
    box->label_zh = pdm__list_has(list, SEGMENT_LABEL_ZH, row) ? pdm__list_text(list, SEGMENT_LABEL_ZH, row) : NULL;
    if (pdm__list_has(list, SEGMENT_RANK, row)) {
        int64_t rank = pdm__list_int(list, SEGMENT_RANK, row);
        if (rank < 1 || rank > PDM__RFM_MAX_CODES)
            return bad_box(err, row, "rank", "rank must be 1 … the number of segments");
        box->rank = (int32_t)rank;
    }
    int32_t bounds = 0;
    for (int32_t i = 0; i < 6; i++) bounds += pdm__list_has(list, SEGMENT_LO_R + i, row);
    if (pdm__list_has(list, SEGMENT_CODE, row)) {
        if (bounds > 0) return bad_box(err, row, "code", "give either code or r_lo … m_hi");
        if (!parse_code(pdm__list_text(list, SEGMENT_CODE, row), box->lo)) {
            return bad_box(err, row, "code", "code must be three digits R F M, or \"r-f-m\"");
        }
        memcpy(box->hi, box->lo, sizeof box->hi);
        box->is_code = true;
        return PDM_OK;
    }
    if (bounds != 6) return bad_box(err, row, "code", "neither a code nor all of r_lo, r_hi, f_lo, f_hi, m_lo, m_hi");
    for (int32_t d = 0; d < 3; d++) {
        int64_t lo = pdm__list_int(list, SEGMENT_LO_R + 2 * d, row);
        int64_t hi = pdm__list_int(list, SEGMENT_LO_R + 2 * d + 1, row);
        if (lo < 1 || hi > 10 || lo > hi) return bad_box(err, row, "r_lo", "bounds must be 1 ≤ lo ≤ hi ≤ k");
        box->lo[d] = (int32_t)lo;
        box->hi[d] = (int32_t)hi;
    }
    return PDM_OK;
}

pdm_status pdm__rfm_plan_map(const pdm__setup *setup, const pdm__rfm_plan *plan, pdm__rfm_map *map, pdm_error *err) {
    const pdm__list *list = &setup->lists[RFM_LIST_SEGMENTS];
    memset(map, 0, sizeof *map);
    if (plan->map == PDM_RFM_MAP_NONE) {
        /* Codes without segments. */
        memcpy(map->k, plan->k, sizeof map->k);
        map->code_count = plan->k[0] * plan->k[1] * plan->k[2];
        return PDM_OK;
    }
    if (list->rows > 0 && plan->map != PDM_RFM_MAP_USER) {
        return refuse(err, "map", "list \"segments\" is given, but map names a built-in one; use map user");
    }
    pdm__rfm_box *boxes = NULL;
    PDM__TRY(pdm__new(setup->context, (size_t)list->rows, sizeof *boxes, &boxes, err));
    pdm_status status = PDM_OK;
    for (int64_t row = 0; row < list->rows && status == PDM_OK; row++) status = read_box(list, row, &boxes[row], err);
    if (status == PDM_OK) {
        status =
            pdm__rfm_map_make(setup->context, plan->options, plan->map, plan->k, boxes, (int32_t)list->rows, map, err);
    }
    pdm__drop(setup->context, boxes, (size_t)list->rows, sizeof *boxes);
    return status;
}

/* ---- early word ---- */

/* Some things become wrong or right only with all lists there; what is wrong by itself is said at once. */
pdm_status pdm__rfm_check(const pdm__setup *setup, int32_t list, pdm_error *err) {
    const pdm_rfm_options *options = setup->options;
    if (list < 0) return check_options(options, err);
    if (list == RFM_LIST_WINDOWS) {
        const pdm__list *windows = &setup->lists[list];
        for (int64_t row = 0; row < windows->rows; row++) {
            pdm__rfm_window window;
            PDM__TRY(window_at(setup, row, &window, err));
        }
    }
    if (list == RFM_LIST_SEGMENTS) {
        pdm__rfm_plan *plan = NULL;
        size_t size = pdm__rfm_plan_size(setup);
        PDM__TRY(pdm__new_zero(setup->context, 1, size, &plan, err));
        plan->options = options;
        plan->map = choose_map(setup);
        pdm__rfm_map map;
        memset(&map, 0, sizeof map);
        /* Codes depend on k alone here; thresholds may still come. */
        const int32_t own_k[3] = {options->k_r, options->k_f, options->k_m};
        const int32_t own[3] = {options->policy_r, options->policy_f, options->policy_m};
        for (int32_t d = 0; d < 3; d++) {
            bool split = pick(own[d], options->policy, 0) == PDM_RFM_POLICY_SPLIT;
            plan->k[d] = split ? 2 : pick(own_k[d], options->k, 5);
        }
        pdm_status status = pdm__rfm_plan_map(setup, plan, &map, err);
        pdm__rfm_map_clear(&map);
        pdm__drop(setup->context, plan, 1, size);
        return status;
    }
    return PDM_OK;
}
