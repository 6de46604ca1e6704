/* Calculators `activity_pnl`, `amortise`, `unit_economics` and `compound_change`. */
#include "plan/apportion.h"
#include "plan/registry.h"

#include <pdmetrics/plan/pnl.h>

/* ---- activity_pnl ---- */

enum { A_NAME, A_TRAFFIC, A_RATE, A_VALUE, A_GMV, A_MARKETING, A_ORGANISATION, A_MARGIN, A_REFUNDS, A_COUPONS };

static const char *const basis_names[] = {"gmv", "margin", NULL};

static const pdm_column_info activity_columns[] = {
    [A_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Activity; default: its row number."),
    [A_TRAFFIC] = PDM__COLUMN_OR_NULL("traffic", PDM_ROLE_FLOAT, "people", "People reached."),
    [A_RATE] = PDM__COLUMN_OR_NULL("conversion_rate", PDM_ROLE_FLOAT, "of people", "Share that orders."),
    [A_VALUE] = PDM__COLUMN_OR_NULL("order_value", PDM_ROLE_FLOAT, "money", "Mean order."),
    [A_GMV] = PDM__COLUMN_OR_NULL("gmv", PDM_ROLE_FLOAT, "money",
                                  "GMV, if it is known; else traffic · conversion_rate · order_value."),
    [A_MARKETING] = PDM__COLUMN("marketing_cost", PDM_ROLE_FLOAT, "money", "Marketing cost."),
    [A_ORGANISATION] =
        PDM__COLUMN_OR_NULL("organisation_cost", PDM_ROLE_FLOAT, "money", "Organisation cost; null = 0."),
    [A_MARGIN] = PDM__COLUMN_OR_NULL("gross_margin", PDM_ROLE_FLOAT, "of net GMV",
                                     "Gross margin, at most 1; null = GMV basis only."),
    [A_REFUNDS] = PDM__COLUMN_OR_NULL("refunds", PDM_ROLE_FLOAT, "money", "Refunds; null = 0."),
    [A_COUPONS] = PDM__COLUMN_OR_NULL("coupons", PDM_ROLE_FLOAT, "money", "Coupons; null = 0."),
};
static const pdm_list_info activity_pnl_inputs[] = {
    PDM__INPUT("activities", activity_columns, PDM_INPUT_ROWS, "Activities.")};
static const pdm__column_rule activity_pnl_rules[] = {
    {0, A_TRAFFIC, PDM_E_BAD_COUNT, 0.0, PDM__INF},       {0, A_RATE, PDM_E_BAD_RATE, 0.0, 1.0},
    {0, A_VALUE, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},        {0, A_MARKETING, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {0, A_ORGANISATION, PDM_E_BAD_AMOUNT, 0.0, PDM__INF}, {0, A_MARGIN, PDM_E_BAD_RATE, -PDM__INF, 1.0},
    {0, A_REFUNDS, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},      {0, A_COUPONS, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
};
static const pdm_option_info activity_pnl_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info activity_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Activity."),
    PDM__RESULT("gmv", PDM_TYPE_FLOAT64, "money", "traffic · conversion_rate · order_value, or as given."),
    PDM__RESULT("net_gmv", PDM_TYPE_FLOAT64, "money", "gmv − refunds − coupons."),
    PDM__RESULT("cost", PDM_TYPE_FLOAT64, "money", "marketing_cost + organisation_cost."),
    PDM__RESULT("orders", PDM_TYPE_FLOAT64, "orders", "traffic · conversion_rate."),
    PDM__RESULT("cost_per_order", PDM_TYPE_FLOAT64, "money", "cost / orders."),
    PDM__RESULT("profit_gmv", PDM_TYPE_FLOAT64, "money", "net_gmv − cost."),
    PDM__RESULT("gross_profit", PDM_TYPE_FLOAT64, "money", "net_gmv · gross_margin."),
    PDM__RESULT("net_profit", PDM_TYPE_FLOAT64, "money", "gross_profit − cost."),
    PDM__RESULT("roas", PDM_TYPE_FLOAT64, "of cost", "net_gmv / cost."),
    PDM__RESULT("roi_gmv", PDM_TYPE_FLOAT64, "of cost", "(net_gmv − cost) / cost."),
    PDM__RESULT("roi_margin", PDM_TYPE_FLOAT64, "of cost", "(net_gmv · gross_margin − cost) / cost: standard ROI."),
    PDM__RESULT("roi_cost_plus_gmv", PDM_TYPE_FLOAT64, "of cost",
                "(cost + net_gmv) / cost = 1 + roas: 1.0 at zero sales."),
    PDM__RESULT("basis", PDM_TYPE_DICTIONARY, "",
                "gmv without gross_margin, margin with it: of the break-even columns."),
    PDM__RESULT("break_even_gmv", PDM_TYPE_FLOAT64, "money", "cost / gross_margin; basis gmv: cost."),
    PDM__RESULT("break_even_roas", PDM_TYPE_FLOAT64, "of cost", "1 / gross_margin; basis gmv: 1."),
    PDM__RESULT("break_even_conversion_rate", PDM_TYPE_FLOAT64, "of people",
                "break_even_gmv / (traffic · order_value)."),
    PDM__RESULT("break_even_gmv_basis_gmv", PDM_TYPE_FLOAT64, "money", "cost: where GMV covers it, margin or not."),
    PDM__RESULT("break_even_conversion_rate_basis_gmv", PDM_TYPE_FLOAT64, "of people",
                "cost / (traffic · order_value)."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info activity_pnl_tables[] = {PDM__TABLE("activities", activity_results, "An activity.")};

static void put_activity(pdm__rows *out, const pdm__values *c, int64_t i) {
    double traffic = pdm__number(&c[A_TRAFFIC], i, PDM__NAN);
    double rate = pdm__number(&c[A_RATE], i, PDM__NAN);
    double value = pdm__number(&c[A_VALUE], i, PDM__NAN);
    double orders = traffic * rate;
    double gmv = pdm__number(&c[A_GMV], i, orders * value);
    double net = gmv - pdm__number(&c[A_REFUNDS], i, 0.0) - pdm__number(&c[A_COUPONS], i, 0.0);
    double cost = pdm__number(&c[A_MARKETING], i, 0.0) + pdm__number(&c[A_ORGANISATION], i, 0.0);
    double margin = pdm__number(&c[A_MARGIN], i, PDM__NAN);
    bool by_margin = !isnan(margin);
    double even = !by_margin ? cost : margin > 0.0 ? cost / margin : PDM__NAN;
    const double numbers[] = {gmv,
                              net,
                              cost,
                              orders,
                              pdm__over(cost, orders),
                              net - cost,
                              net * margin,
                              net * margin - cost,
                              pdm__over(net, cost),
                              pdm__over(net - cost, cost),
                              pdm__over(net * margin - cost, cost),
                              pdm__over(cost + net, cost)};
    pdm__put_key(out, 0, i, &c[A_NAME], i);
    for (int32_t k = 0; k < PDM__COUNT(numbers); k++) pdm__put_float(out, 1 + k, i, numbers[k]);
    pdm__put_code(out, 13, i, by_margin ? 1 : 0, basis_names);
    pdm__put_float(out, 14, i, even);
    pdm__put_float(out, 15, i, !by_margin ? 1.0 : margin > 0.0 ? 1.0 / margin : PDM__NAN);
    pdm__put_float(out, 16, i, pdm__over(even, traffic * value));
    pdm__put_float(out, 17, i, cost);
    pdm__put_float(out, 18, i, pdm__over(cost, traffic * value));
    pdm__put_status(out, 19, i,
                    isnan(gmv)    ? PDM_STATUS_MISSING
                    : cost == 0.0 ? PDM_STATUS_ZERO_COST
                                  : PDM_STATUS_OK,
                    "the cost is 0, or neither gmv nor its factors are given");
}

static pdm_status activity_pnl_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[A_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) put_activity(&out, in->columns, i);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(activity_pnl, pdm_plan_options, "Activity P&L", "活动利润与ROI",
                "Profit, break-even and the four ROI conventions of an activity, each by its name.");

/* ---- amortise ---- */

enum { COST_NAME, COST_COST, COST_SALVAGE, COST_MONTHS };

static const pdm_column_info cost_columns[] = {
    [COST_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Cost; default: its row number."),
    [COST_COST] = PDM__COLUMN("cost", PDM_ROLE_MONEY, "minor units", "What it cost; whole minor units."),
    [COST_SALVAGE] =
        PDM__COLUMN_OR_NULL("salvage", PDM_ROLE_MONEY, "minor units", "What is left of it at the end; null = 0."),
    [COST_MONTHS] = PDM__COLUMN("months", PDM_ROLE_INTEGER, "months", "Months it is spread over."),
};
static const pdm_list_info amortise_inputs[] = {PDM__INPUT("costs", cost_columns, PDM_INPUT_ROWS, "Costs.")};
static const pdm__column_rule amortise_rules[] = {
    {0, COST_COST, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {0, COST_SALVAGE, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {0, COST_MONTHS, PDM_E_BAD_PERIOD, 1.0, 1200.0},
};
static const pdm_option_info amortise_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info amortise_columns[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Cost."),
    PDM__RESULT("month", PDM_TYPE_INT64, "", "Month, from 1."),
    PDM__RESULT("amount", PDM_TYPE_INT64, "minor units", "Its part: extra units fall in the earliest months."),
};
static const pdm_table_info amortise_tables[] = {PDM__TABLE("months", amortise_columns, "A month of a cost.")};

static pdm_status amortise_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    int64_t rows = 0;
    int64_t row = 0;
    for (int64_t i = 0; i < in->rows; i++) {
        int64_t months = 0;
        PDM__TRY(pdm__calc_whole(calc, 0, COST_MONTHS, i, PDM_E_BAD_PERIOD, &months, err));
        rows += months;
    }
    PDM__TRY(pdm__rows_begin(calc, 0, rows, &in->columns[COST_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        int64_t cost = 0;
        int64_t salvage = 0;
        int64_t months = 0;
        PDM__TRY(pdm__calc_whole(calc, 0, COST_COST, i, PDM_E_BAD_AMOUNT, &cost, err));
        PDM__TRY(pdm__calc_whole(calc, 0, COST_MONTHS, i, PDM_E_BAD_PERIOD, &months, err));
        if (pdm__given(&in->columns[COST_SALVAGE], i)) {
            PDM__TRY(pdm__calc_whole(calc, 0, COST_SALVAGE, i, PDM_E_BAD_AMOUNT, &salvage, err));
        }
        if (salvage > cost) {
            return pdm__calc_fail(calc, 0, COST_SALVAGE, i, PDM_E_BAD_AMOUNT, err, "it exceeds the cost");
        }
        int64_t each = (cost - salvage) / months; /* equal weights: largest remainders are the first months */
        int64_t extra = (cost - salvage) % months;
        for (int64_t m = 0; m < months; m++, row++) {
            pdm__put_key(&out, 0, row, &in->columns[COST_NAME], i);
            pdm__put_int(&out, 1, row, m + 1);
            pdm__put_int(&out, 2, row, each + (m < extra ? 1 : 0));
        }
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(amortise, pdm_plan_options, "Amortised costs", "固定成本摊分",
                "Spreads fixed costs over months to the last minor unit.");

/* ---- unit_economics ---- */

enum { U_NAME, U_COST, U_NEW, U_EFFECTIVE, U_ARPU, U_MARGIN, U_CHURN, U_HORIZON };

static const pdm_column_info unit_columns[] = {
    [U_NAME] = PDM__COLUMN_OR_NULL("name", PDM_ROLE_KEY, "", "Channel …; default: its row number."),
    [U_COST] = PDM__COLUMN_OR_NULL("cost", PDM_ROLE_FLOAT, "money", "Cost of winning customers."),
    [U_NEW] = PDM__COLUMN_OR_NULL("new_customers", PDM_ROLE_FLOAT, "customers", "Customers won."),
    [U_EFFECTIVE] = PDM__COLUMN_OR_NULL("effective_customers", PDM_ROLE_FLOAT, "customers",
                                        "Of them alive at day 7 and not flagged."),
    [U_ARPU] = PDM__COLUMN_OR_NULL("arpu", PDM_ROLE_FLOAT, "money a period", "Revenue a customer and period."),
    [U_MARGIN] = PDM__COLUMN_OR_NULL("margin", PDM_ROLE_FLOAT, "of revenue", "Gross margin; null = 1."),
    [U_CHURN] = PDM__COLUMN_OR_NULL("churn", PDM_ROLE_FLOAT, "per period", "Churn, 0 to 1."),
    [U_HORIZON] = PDM__COLUMN_OR_NULL("horizon", PDM_ROLE_FLOAT, "periods", "Periods looked at; null = for ever."),
};
static const pdm_list_info unit_economics_inputs[] = {PDM__INPUT("rows", unit_columns, PDM_INPUT_ROWS, "Channels.")};
static const pdm__column_rule unit_economics_rules[] = {
    {0, U_COST, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},     {0, U_NEW, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, U_EFFECTIVE, PDM_E_BAD_COUNT, 0.0, PDM__INF}, {0, U_MARGIN, PDM_E_BAD_RATE, -PDM__INF, 1.0},
    {0, U_CHURN, PDM_E_BAD_RATE, 0.0, 1.0},           {0, U_HORIZON, PDM_E_BAD_PERIOD, 0.0, PDM__INF},
};
static const pdm_option_info unit_economics_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info unit_results[] = {
    PDM__RESULT("name", PDM_TYPE_NONE, "", "Row."),
    PDM__RESULT("cac", PDM_TYPE_FLOAT64, "money", "cost / new_customers."),
    PDM__RESULT("effective_cac", PDM_TYPE_FLOAT64, "money", "cost / effective_customers."),
    PDM__RESULT("ltv", PDM_TYPE_FLOAT64, "money", "arpu · margin / churn."),
    PDM__RESULT("ltv_horizon", PDM_TYPE_FLOAT64, "money", "arpu · margin · (1 − (1 − churn)^horizon) / churn."),
    PDM__RESULT("ltv_cac", PDM_TYPE_FLOAT64, "", "ltv / cac."),
    PDM__RESULT("payback_periods", PDM_TYPE_FLOAT64, "periods", "cac / (arpu · margin)."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info unit_economics_tables[] = {PDM__TABLE("rows", unit_results, "A row of the input.")};

static pdm_status unit_economics_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    const pdm__values *c = in->columns;
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &c[U_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double cost = pdm__number(&c[U_COST], i, PDM__NAN);
        double won = pdm__number(&c[U_NEW], i, PDM__NAN);
        double effective = pdm__number(&c[U_EFFECTIVE], i, PDM__NAN);
        double profit = pdm__number(&c[U_ARPU], i, PDM__NAN) * pdm__number(&c[U_MARGIN], i, 1.0);
        double churn = pdm__number(&c[U_CHURN], i, PDM__NAN);
        double horizon = pdm__number(&c[U_HORIZON], i, PDM__NAN);
        double cac = pdm__over(cost, won);
        double ltv = pdm__over(profit, churn);
        /* Without churn a customer brings the same in every period. */
        double within = churn == 0.0   ? profit * horizon
                        : churn == 1.0 ? profit
                                       : profit * -expm1(horizon * log1p(-churn)) / churn;
        bool zero = won == 0.0 || effective == 0.0 || churn == 0.0 || profit == 0.0 || cac == 0.0;
        pdm__put_key(&out, 0, i, &c[U_NAME], i);
        pdm__put_float(&out, 1, i, cac);
        pdm__put_float(&out, 2, i, pdm__over(cost, effective));
        pdm__put_float(&out, 3, i, ltv);
        pdm__put_float(&out, 4, i, isnan(horizon) ? PDM__NAN : within);
        pdm__put_float(&out, 5, i, pdm__over(ltv, cac));
        pdm__put_float(&out, 6, i, pdm__over(cac, profit));
        pdm__put_status(&out, 7, i, zero ? PDM_STATUS_ZERO_BASE : PDM_STATUS_OK, "a denominator is 0");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(unit_economics, pdm_plan_options, "Unit economics", "获客成本与生命周期价值",
                "What a customer costs, brings, and when he has paid for himself.");

/* ---- compound_change ---- */

enum { CHANGE_FACTOR, CHANGE_CHANGE, CHANGE_KIND, CHANGE_BASE };

static const char *const kind_names[] = {"relative", "points", "multiple", NULL};

static const pdm_column_info change_columns[] = {
    [CHANGE_FACTOR] = PDM__COLUMN_OR_NULL("factor", PDM_ROLE_KEY, "", "Factor; default: its row number."),
    [CHANGE_CHANGE] =
        PDM__COLUMN("change", PDM_ROLE_FLOAT, "", "0.05 = +5 %, points: 0.05 = +5 points, multiple: 3 = threefold."),
    [CHANGE_KIND] =
        PDM__COLUMN_OR_NULL("kind", PDM_ROLE_TEXT, "", "relative (null), points (needs base), or multiple."),
    [CHANGE_BASE] = PDM__COLUMN_OR_NULL("base", PDM_ROLE_FLOAT, "", "points: the rate before."),
};
static const pdm_list_info compound_change_inputs[] = {
    PDM__INPUT("changes", change_columns, PDM_INPUT_ROWS, "Changes of factors that multiply.")};
static const pdm__column_rule compound_change_rules[] = {PDM__NO_RULE};
static const pdm_option_info compound_change_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info change_results[] = {
    PDM__RESULT("factor", PDM_TYPE_NONE, "", "Factor."),
    PDM__RESULT("index", PDM_TYPE_FLOAT64, "", "What it is multiplied with."),
    PDM__RESULT("change_rel", PDM_TYPE_FLOAT64, "", "index − 1."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info change_total[] = {
    PDM__RESULT("index", PDM_TYPE_FLOAT64, "", "Product of all: compound changes multiply."),
    PDM__RESULT("change_rel", PDM_TYPE_FLOAT64, "", "index − 1."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info compound_change_tables[] = {
    PDM__TABLE("factors", change_results, "A factor."),
    PDM__TABLE("total", change_total, "One row: the product."),
};

static pdm_status compound_change_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    double product = 1.0;
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[CHANGE_FACTOR], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double change = in->columns[CHANGE_CHANGE].f64[i];
        double base = pdm__number(&in->columns[CHANGE_BASE], i, PDM__NAN);
        int32_t kind = 0;
        PDM__TRY(pdm__calc_choice(calc, 0, CHANGE_KIND, i, kind_names, &kind, err));
        if (kind == 1 && isnan(base)) {
            return pdm__calc_fail(calc, 0, CHANGE_BASE, i, PDM_E_NULL_VALUE, err,
                                  "a change in points needs the rate before");
        }
        double index = kind == 2 ? change : kind == 1 ? pdm__over(base + change, base) : 1.0 + change;
        product *= index;
        pdm__put_key(&out, 0, i, &in->columns[CHANGE_FACTOR], i);
        pdm__put_float(&out, 1, i, index);
        pdm__put_float(&out, 2, i, index - 1.0);
        pdm__put_status(&out, 3, i, isnan(index) ? PDM_STATUS_ZERO_BASE : PDM_STATUS_OK, "the rate before is 0");
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, product);
    pdm__put_float(&out, 1, 0, product - 1.0);
    pdm__put_status(&out, 2, 0, isnan(product) ? PDM_STATUS_ZERO_BASE : PDM_STATUS_OK, NULL);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(compound_change, pdm_plan_options, "Compound change", "复合变动",
                "What several changes make together: they multiply, and points are not percent.");
