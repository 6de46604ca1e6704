#include "stats/tier.h"

const pdm_column_info pdm__tier_list_columns[4] = {
    {.name = "tier", .role = PDM_ROLE_TEXT, .required = 1, .unit = "", .doc = "Name of the tier."},
    {.name = "label_zh", .role = PDM_ROLE_TEXT, .nullable = 1, .unit = "", .doc = "Its Chinese label."},
    {.name = "cut",
     .role = PDM_ROLE_INTEGER,
     .nullable = 1,
     .unit = "of the value",
     .doc = "Smallest value of the tier; null for the lowest tier."},
    {.name = "share",
     .role = PDM_ROLE_FLOAT,
     .nullable = 1,
     .unit = "share of the customers",
     .doc = "Share of the customers, best tier first; the shares sum to exactly 1."},
};

static bool has_cell(const pdm__list *list, int32_t column, int64_t row) {
    return list->cells[column].present && list->cells[column].valid[row] != 0;
}

static const char *text_cell(const pdm__list *list, int32_t column, int64_t row) {
    return (const char *)(uintptr_t)list->cells[column].words[row];
}

bool pdm__tier_list_has_cuts(const pdm__list *list) {
    for (int64_t row = 0; row < list->rows; row++) {
        if (has_cell(list, PDM__TIER_CUT, row)) return true;
    }
    return false;
}

static void default_ladder(pdm__tier_ladder *out) {
    static const char *const names[] = {"bronze", "silver", "gold"};
    static const char *const names_zh[] = {"青铜", "白银", "黄金"};
    static const double shares[] = {0.5, 0.3, 0.2};
    out->count = PDM__COUNT(names);
    for (int32_t i = 0; i < out->count; i++) {
        out->names[i] = names[i];
        out->names_zh[i] = names_zh[i];
        out->shares[i] = shares[i];
    }
}

static void put_tier(const pdm__list *list, int64_t row, pdm__tier_ladder *out, int32_t at) {
    out->names[at] = text_cell(list, PDM__TIER_NAME, row);
    out->names_zh[at] =
        has_cell(list, PDM__TIER_LABEL_ZH, row) ? text_cell(list, PDM__TIER_LABEL_ZH, row) : out->names[at];
}

/* By rising cut; the tier without a cut is the lowest. */
static pdm_status read_cuts(const pdm__list *list, pdm__tier_ladder *out, pdm_error *err) {
    bool lowest = false;
    out->count = (int32_t)list->rows;
    for (int64_t row = 0; row < list->rows; row++) {
        if (!has_cell(list, PDM__TIER_CUT, row)) {
            if (lowest) {
                return pdm__fail(err, PDM_E_BAD_OPTION, row, "cut",
                                 "row %lld of list \"tiers\": a second tier without a cut", (long long)row);
            }
            lowest = true;
            put_tier(list, row, out, 0);
            continue;
        }
        int64_t cut = (int64_t)list->cells[PDM__TIER_CUT].words[row];
        int32_t below = 1;
        for (int64_t other = 0; other < list->rows; other++) {
            if (other == row || !has_cell(list, PDM__TIER_CUT, other)) continue;
            int64_t its = (int64_t)list->cells[PDM__TIER_CUT].words[other];
            if (its == cut) {
                return pdm__fail(err, PDM_E_BAD_OPTION, row, "cut",
                                 "row %lld of list \"tiers\": cut %lld is there twice; cuts must rise", (long long)row,
                                 (long long)cut);
            }
            below += its < cut;
        }
        if (below >= out->count) break; /* no tier without a cut: said below */
        put_tier(list, row, out, below);
        out->cuts[below] = cut;
    }
    if (!lowest) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "cut",
                         "list \"tiers\": the lowest tier must have no cut (null), all others one");
    }
    return PDM_OK;
}

/* As given: best first. */
static pdm_status read_shares(const pdm__list *list, pdm__tier_ladder *out, pdm_error *err) {
    out->count = (int32_t)list->rows;
    for (int64_t row = 0; row < list->rows; row++) {
        if (!has_cell(list, PDM__TIER_SHARE, row)) {
            return pdm__fail(err, PDM_E_BAD_OPTION, row, "share", "row %lld of list \"tiers\": share is missing",
                             (long long)row);
        }
        int32_t at = out->count - 1 - (int32_t)row;
        put_tier(list, row, out, at);
        memcpy(&out->shares[at], &list->cells[PDM__TIER_SHARE].words[row], sizeof out->shares[at]);
    }
    return PDM_OK;
}

pdm_status pdm__tier_ladder_read(const pdm__list *list, bool by_cut, pdm__tier_ladder *out, pdm_error *err) {
    memset(out, 0, sizeof *out);
    out->by_cut = by_cut;
    if (list->rows > PDM__MAX_TIERS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "tiers",
                         "list \"tiers\" has %lld rows, up to %d tiers are possible", (long long)list->rows,
                         PDM__MAX_TIERS);
    }
    for (int64_t row = 0; row < list->rows; row++) {
        for (int64_t other = 0; other < row; other++) {
            if (strcmp(text_cell(list, PDM__TIER_NAME, row), text_cell(list, PDM__TIER_NAME, other)) != 0) continue;
            return pdm__fail(err, PDM_E_BAD_OPTION, row, "tier", "row %lld of list \"tiers\": \"%s\" is there twice",
                             (long long)row, text_cell(list, PDM__TIER_NAME, row));
        }
    }
    if (by_cut && list->rows < 2) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "tiers",
                         "tiers by cut need list \"tiers\" with at least two tiers (tier, cut)");
    }
    if (by_cut) return read_cuts(list, out, err);
    if (list->rows == 0) {
        default_ladder(out);
        return PDM_OK;
    }
    return read_shares(list, out, err);
}

static void assign_cuts(const pdm__tier_ladder *ladder, const int64_t *values, size_t n, int32_t *tier_ids,
                        int64_t *lowest, bool *has) {
    for (size_t i = 0; i < n; i++) {
        int32_t tier = 0;
        for (int32_t t = 1; t < ladder->count; t++) tier += ladder->cuts[t] <= values[i];
        tier_ids[i] = tier + 1;
        if (!has[tier] || values[i] < lowest[tier]) lowest[tier] = values[i];
        has[tier] = true;
    }
}

pdm_status pdm__tier_assign(pdm__run *run, const pdm__tier_ladder *ladder, const int64_t *values, size_t n,
                            int32_t *tier_ids, int64_t *lowest, bool *has, pdm_error *err) {
    for (int32_t t = 0; t < ladder->count; t++) has[t] = false;
    if (ladder->by_cut) {
        assign_cuts(ladder, values, n, tier_ids, lowest, has);
        return PDM_OK;
    }
    double shares[PDM__MAX_TIERS];
    int64_t low[PDM__MAX_TIERS];
    bool any[PDM__MAX_TIERS];
    for (int32_t t = 0; t < ladder->count; t++) shares[t] = ladder->shares[ladder->count - 1 - t];
    PDM__TRY(pdm__ladder_share(run, values, n, shares, ladder->count, tier_ids, low, any, err));
    for (size_t i = 0; i < n; i++) tier_ids[i] = ladder->count - tier_ids[i];
    for (int32_t t = 0; t < ladder->count; t++) {
        has[t] = any[ladder->count - 1 - t];
        if (has[t]) lowest[t] = low[ladder->count - 1 - t];
    }
    return PDM_OK;
}
