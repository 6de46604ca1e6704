/* Calculators `pvm` (price, volume, mix by product) and `contribution` (which segment brought the growth). */
#include "plan/registry.h"

#include <pdmetrics/plan/change.h>

/* ---- pvm ---- */

enum { PRODUCT_NAME, PRODUCT_P0, PRODUCT_Q0, PRODUCT_P1, PRODUCT_Q1 };
enum { E_PRICE, E_VOLUME, E_MIX, E_CROSS, E_NEW, E_LOST, E_COUNT };

static const char *const pvm_methods[] = {"closing", "old_qty", "midpoint", NULL};

static const pdm_column_info product_columns[] = {
    [PRODUCT_NAME] = PDM__COLUMN_OR_NULL("product", PDM_ROLE_KEY, "", "Product; default: its row number."),
    [PRODUCT_P0] =
        PDM__COLUMN_OR_NULL("price0", PDM_ROLE_FLOAT, "money", "Price before; may be null for a new product."),
    [PRODUCT_Q0] = PDM__COLUMN("quantity0", PDM_ROLE_FLOAT, "units", "Quantity before; 0 = new."),
    [PRODUCT_P1] =
        PDM__COLUMN_OR_NULL("price1", PDM_ROLE_FLOAT, "money", "Price after; may be null for a lost product."),
    [PRODUCT_Q1] = PDM__COLUMN("quantity1", PDM_ROLE_FLOAT, "units", "Quantity after; 0 = lost."),
};
static const pdm_list_info pvm_inputs[] = {
    PDM__INPUT("products", product_columns, PDM_INPUT_ROWS, "Products before and after.")};
static const pdm__column_rule pvm_rules[] = {
    {0, PRODUCT_Q0, PDM_E_BAD_COUNT, 0.0, PDM__INF},
    {0, PRODUCT_Q1, PDM_E_BAD_COUNT, 0.0, PDM__INF},
};
static const pdm_option_info pvm_options[] = {
    PDM__OPTION_STRICT(pdm_pvm_options),
    PDM__OPTION_ENUM(pdm_pvm_options, method, pvm_methods,
                     "Closing with mix, old quantities with the cross term apart, or the cross term halved."),
};
#define EFFECT_RESULTS                                                                                                 \
    PDM__RESULT("price", PDM_TYPE_FLOAT64, "money", "Price effect."),                                                  \
        PDM__RESULT("volume", PDM_TYPE_FLOAT64, "money", "Volume effect; closing: at the old mix."),                   \
        PDM__RESULT("mix", PDM_TYPE_FLOAT64, "money", "Mix effect, closing only."),                                    \
        PDM__RESULT("cross", PDM_TYPE_FLOAT64, "money", "Δprice · Δquantity, old_qty only; it is no mix."),            \
        PDM__RESULT("new", PDM_TYPE_FLOAT64, "money", "Revenue of products that were not sold before."),               \
        PDM__RESULT("lost", PDM_TYPE_FLOAT64, "money", "− revenue of products that are not sold any more."),           \
        PDM__RESULT("total", PDM_TYPE_FLOAT64, "money", "Change of revenue."), PDM__RESULT_STATUS
static const pdm_result_column_info pvm_product_columns[] = {
    PDM__RESULT("product", PDM_TYPE_NONE, "", "Product."),
    EFFECT_RESULTS,
};
static const pdm_result_column_info pvm_summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "How it was divided."),
    PDM__RESULT("revenue0", PDM_TYPE_FLOAT64, "money", "Revenue before."),
    PDM__RESULT("revenue1", PDM_TYPE_FLOAT64, "money", "Revenue after."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "money", "Σ effects − total."),
    EFFECT_RESULTS,
};
static const pdm_table_info pvm_tables[] = {
    PDM__TABLE("products", pvm_product_columns, "A product."),
    PDM__TABLE("summary", pvm_summary_columns, "One row: sums over the products."),
};

/* Effects of one product; sums of the quantities of products sold in both periods give the shares. */
static int32_t pvm_product(const pdm__values *c, int64_t i, int32_t method, double sum0, double sum1,
                           double effect[E_COUNT]) {
    double q0 = c[PRODUCT_Q0].f64[i];
    double q1 = c[PRODUCT_Q1].f64[i];
    double p0 = pdm__number(&c[PRODUCT_P0], i, PDM__NAN);
    double p1 = pdm__number(&c[PRODUCT_P1], i, PDM__NAN);
    for (int32_t e = 0; e < E_COUNT; e++) effect[e] = 0.0;
    bool missing = (q0 > 0.0 && isnan(p0)) || (q1 > 0.0 && isnan(p1));
    if (missing) {
        for (int32_t e = 0; e < E_COUNT; e++) effect[e] = PDM__NAN;
        return PDM_STATUS_MISSING;
    }
    if (q0 == 0.0 || q1 == 0.0) {
        if (q1 > 0.0) effect[E_NEW] = p1 * q1;
        if (q0 > 0.0) effect[E_LOST] = -p0 * q0;
        return PDM_STATUS_OK;
    }
    double half = (p1 - p0) * (q1 - q0) / 2.0;
    effect[E_PRICE] = method == PDM_PVM_CLOSING ? (p1 - p0) * q1 : (p1 - p0) * q0;
    effect[E_VOLUME] = (q1 - q0) * p0;
    if (method == PDM_PVM_CLOSING) {
        double s0 = q0 / sum0;
        double s1 = q1 / sum1;
        effect[E_VOLUME] = s0 * (sum1 - sum0) * p0;
        effect[E_MIX] = (s1 - s0) * sum1 * p0;
    } else if (method == PDM_PVM_OLD_QTY) {
        effect[E_CROSS] = 2.0 * half;
    } else {
        effect[E_PRICE] += half;
        effect[E_VOLUME] += half;
    }
    return PDM_STATUS_OK;
}

static double revenue(const pdm__values *c, int64_t i, int32_t price, int32_t quantity) {
    double q = c[quantity].f64[i];
    return q == 0.0 ? 0.0 : pdm__number(&c[price], i, PDM__NAN) * q;
}

static void put_effects(pdm__rows *out, int32_t column, int64_t row, const double effect[E_COUNT], int32_t method,
                        double total, int32_t status) {
    for (int32_t e = 0; e < E_COUNT; e++) {
        bool hidden = (e == E_MIX && method != PDM_PVM_CLOSING) || (e == E_CROSS && method != PDM_PVM_OLD_QTY);
        pdm__put_float(out, column + e, row, hidden ? PDM__NAN : effect[e]);
    }
    pdm__put_float(out, column + E_COUNT, row, total);
    pdm__put_status(out, column + E_COUNT + 1, row, status, "a price is missing");
}

static pdm_status pvm_run(pdm__calc *calc, pdm_error *err) {
    const pdm_pvm_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[0];
    const pdm__values *c = in->columns;
    pdm__sum q[2] = {{0.0, 0.0}, {0.0, 0.0}};
    pdm__sum r[2] = {{0.0, 0.0}, {0.0, 0.0}};
    pdm__sum sums[E_COUNT];
    pdm__rows out;
    int32_t worst = PDM_STATUS_OK;
    memset(sums, 0, sizeof sums);
    for (int64_t i = 0; i < in->rows; i++) {
        if (c[PRODUCT_Q0].f64[i] == 0.0 || c[PRODUCT_Q1].f64[i] == 0.0) continue;
        pdm__sum_add(&q[0], c[PRODUCT_Q0].f64[i]);
        pdm__sum_add(&q[1], c[PRODUCT_Q1].f64[i]);
    }
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &c[PRODUCT_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double effect[E_COUNT];
        double r0 = revenue(c, i, PRODUCT_P0, PRODUCT_Q0);
        double r1 = revenue(c, i, PRODUCT_P1, PRODUCT_Q1);
        int32_t status = pvm_product(c, i, chosen->method, pdm__sum_of(&q[0]), pdm__sum_of(&q[1]), effect);
        pdm__put_key(&out, 0, i, &c[PRODUCT_NAME], i);
        put_effects(&out, 1, i, effect, chosen->method, r1 - r0, status);
        for (int32_t e = 0; e < E_COUNT; e++) pdm__sum_add(&sums[e], effect[e]);
        pdm__sum_add(&r[0], r0);
        pdm__sum_add(&r[1], r1);
        if (status != PDM_STATUS_OK) worst = status;
    }
    PDM__TRY(pdm__rows_end(&out));
    double effect[E_COUNT];
    pdm__sum all = {0.0, 0.0};
    for (int32_t e = 0; e < E_COUNT; e++) {
        effect[e] = pdm__sum_of(&sums[e]);
        pdm__sum_add(&all, effect[e]);
    }
    double total = pdm__sum_of(&r[1]) - pdm__sum_of(&r[0]);
    double size = fabs(pdm__sum_of(&r[0])) + fabs(pdm__sum_of(&r[1]));
    double closure = pdm__sum_of(&all) - total;
    if (worst == PDM_STATUS_OK && !(fabs(closure) <= 1e-12 * size)) worst = PDM_STATUS_CLOSURE;
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, pvm_methods);
    pdm__put_float(&out, 1, 0, pdm__sum_of(&r[0]));
    pdm__put_float(&out, 2, 0, pdm__sum_of(&r[1]));
    pdm__put_float(&out, 3, 0, closure);
    put_effects(&out, 4, 0, effect, chosen->method, total, worst);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(pvm, pdm_pvm_options, "Price, volume, mix", "量价结构分析",
                "How much of a change of revenue is price, volume and mix.");

/* ---- contribution ---- */

static const pdm_column_info contribution_columns[] = {
    PDM__COLUMN_OR_NULL("segment", PDM_ROLE_KEY, "", "Segment; default: its row number."),
    PDM__COLUMN("v0", PDM_ROLE_FLOAT, "", "Value before."),
    PDM__COLUMN("v1", PDM_ROLE_FLOAT, "", "Value after."),
};
static const pdm_list_info contribution_inputs[] = {
    PDM__INPUT("segments", contribution_columns, PDM_INPUT_ROWS, "Segments before and after.")};
static const pdm__column_rule contribution_rules[] = {PDM__NO_RULE};
static const pdm_option_info contribution_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info contribution_results[] = {
    PDM__RESULT("segment", PDM_TYPE_NONE, "", "Segment."),
    PDM__RESULT("delta", PDM_TYPE_FLOAT64, "as the values", "v1 − v0."),
    PDM__RESULT("share0", PDM_TYPE_FLOAT64, "of the total before", "v0 / V0."),
    PDM__RESULT("growth", PDM_TYPE_FLOAT64, "of v0", "delta / v0."),
    PDM__RESULT("contribution", PDM_TYPE_FLOAT64, "of the total before",
                "delta / V0 = share0 · growth: its part of the growth."),
    PDM__RESULT("share_of_change", PDM_TYPE_FLOAT64, "of the change", "delta / total change."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info contribution_summary[] = {
    PDM__RESULT("v0", PDM_TYPE_FLOAT64, "", "Sum before."),
    PDM__RESULT("v1", PDM_TYPE_FLOAT64, "", "Sum after."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "v1 − v0."),
    PDM__RESULT("growth", PDM_TYPE_FLOAT64, "of v0", "total / v0."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info contribution_tables[] = {
    PDM__TABLE("segments", contribution_results, "A segment."),
    PDM__TABLE("summary", contribution_summary, "One row: the sums."),
};

static pdm_status contribution_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__sum sums[2] = {{0.0, 0.0}, {0.0, 0.0}};
    pdm__rows out;
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__sum_add(&sums[0], in->columns[1].f64[i]);
        pdm__sum_add(&sums[1], in->columns[2].f64[i]);
    }
    double v0 = pdm__sum_of(&sums[0]);
    double total = pdm__sum_of(&sums[1]) - v0;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[0], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double own = in->columns[1].f64[i];
        double delta = in->columns[2].f64[i] - own;
        pdm__put_key(&out, 0, i, &in->columns[0], i);
        pdm__put_float(&out, 1, i, delta);
        pdm__put_float(&out, 2, i, pdm__over(own, v0));
        pdm__put_float(&out, 3, i, pdm__over(delta, own));
        pdm__put_float(&out, 4, i, pdm__over(delta, v0));
        pdm__put_float(&out, 5, i, pdm__over(delta, total));
        pdm__put_status(&out, 6, i,
                        v0 == 0.0 || own == 0.0 ? PDM_STATUS_ZERO_BASE
                        : total == 0.0          ? PDM_STATUS_ZERO_CHANGE
                                                : PDM_STATUS_OK,
                        "a base or the change is 0");
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, v0);
    pdm__put_float(&out, 1, 0, v0 + total);
    pdm__put_float(&out, 2, 0, total);
    pdm__put_float(&out, 3, 0, pdm__over(total, v0));
    pdm__put_status(&out, 4, 0, v0 == 0.0 ? PDM_STATUS_ZERO_BASE : PDM_STATUS_OK, NULL);
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(contribution, pdm_plan_options, "Contribution to growth", "增长贡献度",
                "Which segment brought how much of the growth.");
