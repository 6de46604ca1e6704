/* A ladder of tiers: named steps, cut at values or at shares of a population. */
#ifndef PDM_STATS_TIER_H
#define PDM_STATS_TIER_H

#include "core/metric_ops.h"
#include "stats/score.h"

#define PDM__MAX_TIERS 32

/* Columns of a list of tiers, alike in every metric that takes one. */
extern const pdm_column_info pdm__tier_list_columns[4];
enum { PDM__TIER_NAME, PDM__TIER_LABEL_ZH, PDM__TIER_CUT, PDM__TIER_SHARE };

/* Tiers from the lowest (index 0, tier_id 1) to the highest. */
typedef struct pdm__tier_ladder {
    int32_t count;
    bool by_cut;
    const char *names[PDM__MAX_TIERS];
    const char *names_zh[PDM__MAX_TIERS];
    int64_t cuts[PDM__MAX_TIERS];  /* by_cut: smallest value of the tier; [0] has none */
    double shares[PDM__MAX_TIERS]; /* by share */
} pdm__tier_ladder;

/* Whether any tier of the list has a cut. */
bool pdm__tier_list_has_cuts(const pdm__list *list);

/*
 * The ladder of a list (rows in any order of cuts; shares from the top or named), or the default: gold 0.2, silver 0.3, bronze 0.5.
 * Errors: PDM_E_BAD_OPTION (no cuts for by_cut, cuts not rising, not exactly one tier without a cut, two tiers of one name …).
 */
pdm_status pdm__tier_ladder_read(const pdm__list *list, bool by_cut, pdm__tier_ladder *out, pdm_error *err);

/* tier_ids[i] = 1 … count, 1 = lowest. lowest[t], has[t]: smallest value of tier t + 1. Errors: as pdm__ladder_share(). */
pdm_status pdm__tier_assign(pdm__run *run, const pdm__tier_ladder *ladder, const int64_t *values, size_t n,
                            int32_t *tier_ids, int64_t *lowest, bool *has, pdm_error *err);

#endif
