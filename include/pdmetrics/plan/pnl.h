/**
 * @file pnl.h
 * @defgroup plan_pnl Activity P&L
 * @ingroup plan
 * @brief Activity P&L (活动利润与ROI) with the four ROI conventions by name, amortised costs, unit economics.
 *
 * Calculators (inputs → tables):
 * - `activity_pnl`: activities(name, traffic, conversion_rate, order_value or gmv, marketing_cost, organisation_cost, gross_margin, refunds, coupons)
 *   → activities(gmv, net_gmv, cost, profit_gmv, gross_profit, net_profit, roas, roi_gmv, roi_margin, roi_cost_plus_gmv, break-evens …).
 * - `amortise`: costs(name, cost, salvage, months) → months(name, month, amount).
 * - `unit_economics`: rows(name, cost, new_customers, effective_customers, arpu, margin, churn, horizon) → rows(cac, effective_cac, ltv, …).
 * - `compound_change`: changes(factor, change, kind, base) → factors(factor, index), total.
 *
 * There is no column plainly named roi. roi_cost_plus_gmv = 1 + roas, 投入产出比 as often written: 1.0 at zero sales, so no break-even sign.
 * @{
 */
#ifndef PDMETRICS_PLAN_PNL_H
#define PDMETRICS_PLAN_PNL_H

#include <pdmetrics/calculator.h>

/** @} */
#endif
