#include "plan/registry.h"

#include "stats/calculators.h"

static const pdm_calculator *const calculators[] = {
    &pdm__calculator_apportion,
    &pdm__calculator_allocate,
    &pdm__calculator_nested,
    &pdm__calculator_two_way,
    &pdm__calculator_shares,
    &pdm__calculator_forecast_proportions,
    &pdm__calculator_blend,
    &pdm__calculator_formula,
    &pdm__calculator_views,
    &pdm__calculator_seasonal_index,
    &pdm__calculator_seasonal_split,
    &pdm__calculator_growth,
    &pdm__calculator_event_days,
    &pdm__calculator_s_curve,
    &pdm__calculator_denton,
    &pdm__calculator_roll_forward,
    &pdm__calculator_roll_inverse,
    &pdm__calculator_gap,
    &pdm__calculator_gap_split,
    &pdm__calculator_reconcile,
    &pdm__calculator_review_rounds,
    &pdm__calculator_goal_seek,
    &pdm__calculator_equal_effort,
    &pdm__calculator_tornado,
    &pdm__calculator_scenarios,
    &pdm__calculator_decompose,
    &pdm__calculator_lmdi,
    &pdm__calculator_funnel_change,
    &pdm__calculator_series_change,
    &pdm__calculator_pvm,
    &pdm__calculator_rate_mix,
    &pdm__calculator_sum_mix,
    &pdm__calculator_contribution,
    &pdm__calculator_root_cause,
    &pdm__calculator_track,
    &pdm__calculator_pace,
    &pdm__calculator_cumulative,
    &pdm__calculator_growth_series,
    &pdm__calculator_alerts,
    &pdm__calculator_activity_pnl,
    &pdm__calculator_amortise,
    &pdm__calculator_unit_economics,
    &pdm__calculator_compound_change,
    &pdm__calculator_commission,
    &pdm__calculator_composite,
    &pdm__calculator_rank,
    &pdm__calculator_utilisation,
    &pdm__calculator_attainment,
    &pdm__calculator_replan,
};

static const pdm__calculator_list plan = {calculators, PDM__COUNT(calculators)};
static const pdm__calculator_list *const floors[] = {&plan, &pdm__stats_calculators};

int32_t pdm_calculator_count(void) {
    int32_t count = 0;
    for (int32_t f = 0; f < PDM__COUNT(floors); f++) count += floors[f]->count;
    return count;
}

const pdm_calculator *pdm_calculator_at(int32_t index) {
    if (index < 0) return NULL;
    for (int32_t f = 0; f < PDM__COUNT(floors); f++) {
        if (index < floors[f]->count) return floors[f]->items[index];
        index -= floors[f]->count;
    }
    return NULL;
}

const pdm_calculator *pdm_calculator_find(const char *name) {
    for (int32_t i = 0; name != NULL && i < pdm_calculator_count(); i++) {
        const pdm_calculator *calculator = pdm_calculator_at(i);
        if (strcmp(calculator->about.name, name) == 0) return calculator;
    }
    return NULL;
}
