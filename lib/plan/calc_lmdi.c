/*
 * Calculator `lmdi`: logarithmic mean Divisia index, forms I and II, of a sum over segments of products of factors, or of the terms of a
 * formula. Ang 2004, 2015; zeros by the analytic limits of Ang, Zhang & Choi 1998, never by a small number put in their place.
 */
#include "plan/formula_leaves.h"
#include "plan/log_mean.h"
#include "plan/registry.h"
#include "plan/shapley.h"
#include "plan/terms.h"

#include <pdmetrics/plan/change.h>

enum { IN_FACTORS, IN_VALUES, IN_FORMULA };
enum { FACTOR_FACTOR, FACTOR_X0, FACTOR_X1, FACTOR_SEGMENT };
enum { VALUE_SEGMENT, VALUE_V0, VALUE_V1 };
enum { TABLE_EFFECTS, TABLE_SEGMENTS, TABLE_SUMMARY };

static const char *const method_names[] = {"lmdi1", "lmdi2", NULL};
static const char *const fallback_names[] = {"none", "shapley", NULL};
static const char *const used_names[] = {"lmdi1", "lmdi2", "shapley", NULL};

static const pdm_column_info factor_columns[] = {
    [FACTOR_FACTOR] =
        PDM__COLUMN("factor", PDM_ROLE_TEXT, "", "Factor, or leaf of the formula; every segment has all of them."),
    [FACTOR_X0] = PDM__COLUMN("x0", PDM_ROLE_FLOAT, "", "Its value before (a divisor: 1/x)."),
    [FACTOR_X1] = PDM__COLUMN("x1", PDM_ROLE_FLOAT, "", "Its value after."),
    [FACTOR_SEGMENT] = PDM__COLUMN_OR_NULL("segment", PDM_ROLE_TEXT, "", "Segment; null = there is one."),
};
static const pdm_column_info value_columns[] = {
    [VALUE_SEGMENT] = PDM__COLUMN_OR_NULL("segment", PDM_ROLE_TEXT, "", "Segment."),
    [VALUE_V0] = PDM__COLUMN("v0", PDM_ROLE_FLOAT, "", "Value before, if it is not just the product."),
    [VALUE_V1] = PDM__COLUMN("v1", PDM_ROLE_FLOAT, "", "Value after."),
};
static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_list_info lmdi_inputs[] = {
    [IN_FACTORS] = PDM__INPUT("factors", factor_columns, PDM_INPUT_ROWS, "Factors of each segment."),
    [IN_VALUES] = PDM__INPUT("values", value_columns, PDM_INPUT_OPTIONAL,
                             "Values of the segments; default: the products. What does not fit shows as closure."),
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_OPTIONAL_ONE,
                              "What the factors make: a sum of products and quotients; default: their product."),
};
static const pdm__column_rule lmdi_rules[] = {PDM__NO_RULE};
static const pdm_option_info lmdi_options[] = {
    PDM__OPTION_STRICT(pdm_lmdi_options),
    PDM__OPTION_ENUM(pdm_lmdi_options, method, method_names,
                     "I: consistent in aggregation; II: a factor common to all segments gets exactly its own ratio."),
    PDM__OPTION_ENUM(pdm_lmdi_options, fallback, fallback_names,
                     "A segment that changes sign: a status, or Shapley values."),
};
static const pdm_result_column_info effect_columns[] = {
    PDM__RESULT("factor", PDM_TYPE_LARGE_UTF8, "", "Factor."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "as the value", "Its part of the change."),
    PDM__RESULT("effect_share", PDM_TYPE_FLOAT64, "of the change", "effect / total; null if nothing changed."),
    PDM__RESULT("multiplier", PDM_TYPE_FLOAT64, "", "Its factor of the ratio v1/v0; null if either is 0."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info segment_columns[] = {
    PDM__RESULT("segment", PDM_TYPE_LARGE_UTF8, "", "Segment."),
    PDM__RESULT("term", PDM_TYPE_INT32, "", "Term of the formula when multiplied out, from 1."),
    PDM__RESULT("factor", PDM_TYPE_LARGE_UTF8, "", "Factor."),
    PDM__RESULT("x0", PDM_TYPE_FLOAT64, "", "Value before."),
    PDM__RESULT("x1", PDM_TYPE_FLOAT64, "", "Value after."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "as the value",
                "Its part of the change of the segment's term (lmdi1 or shapley)."),
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "How this term was divided."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Form."),
    PDM__RESULT("v0", PDM_TYPE_FLOAT64, "", "Value before."),
    PDM__RESULT("v1", PDM_TYPE_FLOAT64, "", "Value after."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "v1 − v0."),
    PDM__RESULT("ratio", PDM_TYPE_FLOAT64, "", "v1 / v0."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "", "Σ effect − total."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info lmdi_tables[] = {
    [TABLE_EFFECTS] = PDM__TABLE("effects", effect_columns, "A factor over all segments."),
    [TABLE_SEGMENTS] = PDM__TABLE("segments", segment_columns, "A factor of a term of a segment."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: the change."),
};

/* What is divided by itself: a term of a segment. Part p is term p % terms of segment p / terms. */
typedef struct work {
    pdm__calc *calc;
    const pdm_lmdi_options *chosen;
    int32_t *factor; /* per row */
    int32_t *segment;
    int64_t *factor_row;
    int64_t *segment_row;
    int32_t factors;
    int32_t segments;
    int32_t parts;
    pdm__terms terms;
    double *x[2];    /* [segment · factors + factor] */
    double *v[2];    /* per part */
    double *z;       /* [part · factors + factor]: additive effects */
    double *logs;    /* likewise: what LMDI II adds to ln multiplier, times Σ L of the shares */
    int32_t *status; /* per part */
    int32_t *used;   /* per part: method */
    double *effect;  /* per factor */
    double *multiplier;
    double total0;
    double total1;
} work;

static const double *factors_at(const work *w, int32_t part, int32_t side) {
    return w->x[side] + (size_t)(part / w->terms.count) * (size_t)w->factors;
}
static const double *powers_at(const work *w, int32_t part) {
    return w->terms.power + (size_t)(part % w->terms.count) * (size_t)w->factors;
}

/* ---- input ---- */

static pdm_status read_factors(work *w, pdm_error *err) {
    pdm__calc *calc = w->calc;
    const pdm__sheet *in = &calc->sheets[IN_FACTORS];
    uint8_t *seen = NULL;
    PDM__TRY(pdm__calc_ids(calc, IN_FACTORS, FACTOR_FACTOR, &w->factor, &w->factor_row, &w->factors, err));
    PDM__TRY(pdm__calc_ids(calc, IN_FACTORS, FACTOR_SEGMENT, &w->segment, &w->segment_row, &w->segments, err));
    int64_t cells = (int64_t)w->factors * w->segments;
    PDM__TRY(pdm__calc_array(calc, cells, 1, &seen, err));
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *w->z, &w->x[0], err));
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *w->z, &w->x[1], err));
    for (int64_t row = 0; row < in->rows; row++) {
        int64_t at = (int64_t)w->segment[row] * w->factors + w->factor[row];
        if (seen[at] != 0) {
            return pdm__calc_fail(calc, IN_FACTORS, FACTOR_FACTOR, row, PDM_E_DUPLICATE_NAME, err,
                                  "the segment has this factor already");
        }
        seen[at] = 1;
        w->x[0][at] = in->columns[FACTOR_X0].f64[row];
        w->x[1][at] = in->columns[FACTOR_X1].f64[row];
    }
    for (int64_t at = 0; at < cells; at++) {
        if (seen[at] != 0) continue;
        return pdm__calc_fail(calc, IN_FACTORS, FACTOR_SEGMENT, w->segment_row[at / w->factors], PDM_E_NOT_PRODUCT_FORM,
                              err, "the segment has no factor \"%.40s\"",
                              in->columns[FACTOR_FACTOR].text[w->factor_row[at % w->factors]]);
    }
    return PDM_OK;
}

/* One product of all factors, or the terms of the formula. */
static pdm_status read_terms(work *w, pdm_error *err) {
    pdm__calc *calc = w->calc;
    const char **names = calc->sheets[IN_FACTORS].columns[FACTOR_FACTOR].text;
    pdm__leaf_set set;
    pdm_tree *tree = NULL;
    memset(&set, 0, sizeof set);
    if (calc->sheets[IN_FORMULA].rows == 0) {
        w->terms = (pdm__terms){.count = 1, .leaves = w->factors};
        PDM__TRY(pdm__calc_array(calc, 1, sizeof(double), &w->terms.coefficient, err));
        PDM__TRY(pdm__calc_array(calc, w->factors, sizeof(double), &w->terms.power, err));
        w->terms.coefficient[0] = 1.0;
        for (int32_t k = 0; k < w->factors; k++) w->terms.power[k] = 1.0;
        return PDM_OK;
    }
    if (calc->sheets[IN_VALUES].rows > 0) {
        return pdm__fail(err, PDM_E_UNSUPPORTED_COMBINATION, -1, "values",
                         "input \"values\" belongs to products; a formula gives its own values");
    }
    set.count = w->factors;
    PDM__TRY(pdm__calc_array(calc, set.count, sizeof *set.leaves, &set.leaves, err));
    for (int32_t k = 0; k < w->factors; k++) set.leaves[k].name = names[w->factor_row[k]];
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &set, NULL, &tree, err));
    pdm_status status = pdm__terms_expand(&calc->memory, tree, &w->terms, err);
    pdm_tree_free(tree);
    if (status == PDM_OK && w->terms.count == 0)
        return pdm__fail(err, PDM_E_NOT_PRODUCT_FORM, -1, "text", "the formula is 0 whatever its leaves are");
    return status;
}

static pdm_status make_room(work *w, pdm_error *err) {
    pdm__calc *calc = w->calc;
    int64_t parts = (int64_t)w->segments * w->terms.count;
    int64_t cells = parts * w->factors;
    if (cells > INT32_MAX) {
        return pdm__fail(err, PDM_E_TOO_MANY_CELLS, -1, NULL, "%lld segments and terms of %d factors are too many",
                         (long long)parts, w->factors);
    }
    w->parts = (int32_t)parts;
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *w->z, &w->z, err));
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *w->z, &w->logs, err));
    PDM__TRY(pdm__calc_array(calc, parts, sizeof *w->z, &w->v[0], err));
    PDM__TRY(pdm__calc_array(calc, parts, sizeof *w->z, &w->v[1], err));
    PDM__TRY(pdm__calc_array(calc, parts, sizeof *w->status, &w->status, err));
    PDM__TRY(pdm__calc_array(calc, parts, sizeof *w->used, &w->used, err));
    PDM__TRY(pdm__calc_array(calc, w->factors, sizeof *w->effect, &w->effect, err));
    return pdm__calc_array(calc, w->factors, sizeof *w->multiplier, &w->multiplier, err);
}

/* The divisor of a part that is 0. */
static pdm_status fail_divisor(const work *w, int32_t part, int32_t side, pdm_error *err) {
    const double *x = factors_at(w, part, side);
    const double *power = powers_at(w, part);
    int32_t k = 0;
    while (k < w->factors - 1 && !(power[k] < 0.0 && x[k] == 0.0)) k++;
    bool zero = power[k] < 0.0 && x[k] == 0.0;
    const pdm__sheet *in = &w->calc->sheets[IN_FACTORS];
    int64_t row = 0;
    while (w->factor[row] != k || w->segment[row] != part / w->terms.count) row++;
    return pdm__calc_fail(w->calc, IN_FACTORS, side == 0 ? FACTOR_X0 : FACTOR_X1, row,
                          zero ? PDM_E_ROW_STATUS(PDM_STATUS_DIV_BY_ZERO) : PDM_E_OVERFLOW, err,
                          zero ? "\"%.40s\" is a divisor and 0" : "the term of \"%.40s\" is no finite number",
                          in->columns[FACTOR_FACTOR].text[w->factor_row[k]]);
}

static pdm_status read_values(work *w, pdm_error *err) {
    const pdm__sheet *in = &w->calc->sheets[IN_VALUES];
    const pdm__values *segment = &w->calc->sheets[IN_FACTORS].columns[FACTOR_SEGMENT];
    pdm__sum sums[2] = {{0.0, 0.0}, {0.0, 0.0}};
    for (int32_t p = 0; p < w->parts; p++) {
        int64_t first = w->segment_row[p / w->terms.count];
        int64_t row = in->rows > 0 ? pdm__key_row(in, VALUE_SEGMENT, segment, first) : -1;
        if (in->rows > 0 && row < 0) {
            return pdm__calc_fail(w->calc, IN_FACTORS, FACTOR_SEGMENT, first, PDM_E_LENGTH, err,
                                  "input \"values\" has no row for the segment");
        }
        for (int32_t side = 0; side < 2; side++) {
            w->v[side][p] = row < 0 ? pdm__term_value(&w->terms, p % w->terms.count, factors_at(w, p, side))
                                    : in->columns[side == 0 ? VALUE_V0 : VALUE_V1].f64[row];
            if (!isfinite(w->v[side][p])) return fail_divisor(w, p, side, err);
            pdm__sum_add(&sums[side], w->v[side][p]);
        }
    }
    w->total0 = pdm__sum_of(&sums[0]);
    w->total1 = pdm__sum_of(&sums[1]);
    return PDM_OK;
}

/* ---- one part ---- */

/* Shares `amount` equally among the factors that are 0 on `side`. */
static void share_zeros(const work *w, int32_t p, int32_t side, double amount, double *out) {
    const double *x = factors_at(w, p, side);
    const double *power = powers_at(w, p);
    int32_t zeros = 0;
    for (int32_t k = 0; k < w->factors; k++) zeros += power[k] != 0.0 && x[k] == 0.0 ? 1 : 0;
    for (int32_t k = 0; k < w->factors; k++) {
        out[k] = zeros > 0 && power[k] != 0.0 && x[k] == 0.0 ? amount / zeros : 0.0;
    }
}

/* weight(a, b)·power·ln(x1/x0) for all factors, where a and b are the part's values after and before; limits at zeros. */
static int32_t log_terms(const work *w, int32_t p, double after, double before, double *out) {
    const double *x0 = factors_at(w, p, 0);
    const double *x1 = factors_at(w, p, 1);
    const double *power = powers_at(w, p);
    for (int32_t k = 0; k < w->factors; k++) out[k] = 0.0;
    if (before == 0.0 && after == 0.0) return PDM_STATUS_OK;
    if (before == 0.0 || after == 0.0) {
        int32_t side = before == 0.0 ? 0 : 1;
        share_zeros(w, p, side, before == 0.0 ? after : -before, out);
        return PDM_STATUS_OK;
    }
    if ((before < 0.0) != (after < 0.0)) return PDM_STATUS_SIGN_CHANGE;
    double mean = pdm__log_mean(after, before);
    for (int32_t k = 0; k < w->factors; k++) {
        if (power[k] == 0.0 || x0[k] == x1[k]) continue;
        if (x0[k] == 0.0 || x1[k] == 0.0 || (x0[k] < 0.0) != (x1[k] < 0.0)) return PDM_STATUS_SIGN_CHANGE;
        out[k] = mean * (power[k] * pdm__log_ratio(x1[k], x0[k]));
    }
    return PDM_STATUS_OK;
}

/* What a factor does to the part: a power of it, 1 if it is not in the term. */
static double powered(double x, double power) { return power == 1.0 ? x : pow(x, power); }

/* Shapley values of the part, by the same engine as `decompose`: of the product of the powers, times the coefficient. */
static pdm_status fall_back(work *w, int32_t p, double *out, pdm_error *err) {
    pdm_leaf *leaves = NULL;
    int32_t *player = NULL;
    double *y = NULL;
    const char **names = NULL;
    char *text = NULL;
    pdm_tree *tree = NULL;
    PDM__TRY(pdm__calc_array(w->calc, w->factors, sizeof *leaves, &leaves, err));
    PDM__TRY(pdm__calc_array(w->calc, w->factors, sizeof *player, &player, err));
    PDM__TRY(pdm__calc_array(w->calc, w->factors, sizeof *names, &names, err));
    PDM__TRY(pdm__calc_array(w->calc, 2 * (int64_t)w->factors, sizeof *y, &y, err));
    PDM__TRY(pdm__calc_array(w->calc, 12 * (int64_t)w->factors + 1, 1, &text, err));
    PDM__TRY(pdm__product_text(&w->calc->memory, w->factors, leaves, text, err));
    for (int32_t k = 0; k < w->factors; k++) {
        player[k] = k;
        names[k] = w->calc->sheets[IN_FACTORS].columns[FACTOR_FACTOR].text[w->factor_row[k]];
        y[k] = powered(factors_at(w, p, 0)[k], powers_at(w, p)[k]);
        y[w->factors + k] = powered(factors_at(w, p, 1)[k], powers_at(w, p)[k]);
    }
    PDM__TRY(pdm_tree_parse(w->calc->context, text, strlen(text), leaves, w->factors, NULL, &tree, err));
    pdm__change change = {.tree = tree, .x0 = y, .x1 = y + w->factors, .player = player, .names = names};
    change.players = w->factors;
    pdm_status status = pdm__shapley(&w->calc->memory, &change, out, err);
    pdm_tree_free(tree);
    for (int32_t k = 0; k < w->factors; k++) out[k] *= w->terms.coefficient[p % w->terms.count];
    return status;
}

/* ---- all parts ---- */

static pdm_status additive(work *w, pdm_error *err) {
    for (int32_t p = 0; p < w->parts; p++) {
        double *z = w->z + (size_t)p * (size_t)w->factors;
        w->used[p] = w->chosen->method;
        w->status[p] = log_terms(w, p, w->v[1][p], w->v[0][p], z);
        if (w->status[p] == PDM_STATUS_OK || w->chosen->fallback == PDM_LMDI_FALLBACK_NONE) continue;
        PDM__TRY(fall_back(w, p, z, err));
        w->used[p] = 2;
        w->status[p] = PDM_STATUS_OK;
    }
    return PDM_OK;
}

/* Σ over parts of the additive effects; multiplier = exp(effect / L(V1, V0)). */
static void first_form(work *w, bool positive) {
    double mean = positive ? pdm__log_mean(w->total1, w->total0) : PDM__NAN;
    for (int32_t k = 0; k < w->factors; k++) {
        pdm__sum sum = {0.0, 0.0};
        for (int32_t p = 0; p < w->parts; p++) {
            pdm__sum_add(&sum, w->status[p] == PDM_STATUS_OK ? w->z[p * w->factors + k] : PDM__NAN);
        }
        w->effect[k] = pdm__sum_of(&sum);
        w->multiplier[k] = exp(w->effect[k] / mean);
    }
}

/* Weights are log means of shares, over their sum; effect = L(V1, V0)·ln multiplier. */
static void second_form(work *w, bool positive) {
    pdm__sum all = {0.0, 0.0};
    bool shapley = false;
    for (int32_t p = 0; p < w->parts; p++) {
        double after = positive ? w->v[1][p] / w->total1 : PDM__NAN;
        double before = positive ? w->v[0][p] / w->total0 : PDM__NAN;
        shapley = shapley || w->used[p] == 2;
        (void)log_terms(w, p, after, before, w->logs + (size_t)p * (size_t)w->factors);
        if (after != 0.0 && before != 0.0) pdm__sum_add(&all, pdm__log_mean(after, before));
    }
    double mean = positive ? pdm__log_mean(w->total1, w->total0) : PDM__NAN;
    for (int32_t k = 0; k < w->factors; k++) {
        pdm__sum sum = {0.0, 0.0};
        for (int32_t p = 0; p < w->parts; p++) {
            pdm__sum_add(&sum, w->status[p] == PDM_STATUS_OK ? w->logs[p * w->factors + k] : PDM__NAN);
        }
        double log_multiplier = pdm__sum_of(&sum) / pdm__sum_of(&all);
        w->multiplier[k] = shapley ? PDM__NAN : exp(log_multiplier);
        w->effect[k] = shapley ? PDM__NAN : mean * log_multiplier;
    }
}

/* ---- output ---- */

static pdm_status put_tables(const work *w, pdm_error *err) {
    const pdm__values *names = &w->calc->sheets[IN_FACTORS].columns[FACTOR_FACTOR];
    const pdm__values *segments = &w->calc->sheets[IN_FACTORS].columns[FACTOR_SEGMENT];
    double total = w->total1 - w->total0;
    double size = fabs(w->total0) + fabs(w->total1);
    pdm__sum sum = {0.0, 0.0};
    int32_t worst = PDM_STATUS_OK;
    pdm__rows out;
    for (int32_t p = 0; p < w->parts; p++) worst = w->status[p] != PDM_STATUS_OK ? w->status[p] : worst;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_EFFECTS, w->factors, NULL, &out, err));
    for (int32_t k = 0; k < w->factors; k++) {
        bool defined = isfinite(w->effect[k]);
        pdm__put_text(&out, 0, k, names->text[w->factor_row[k]]);
        pdm__put_float(&out, 1, k, w->effect[k]);
        pdm__put_float(&out, 2, k, total == 0.0 ? PDM__NAN : w->effect[k] / total);
        pdm__put_float(&out, 3, k, w->multiplier[k]);
        pdm__put_status(&out, 4, k,
                        !defined       ? (worst != PDM_STATUS_OK ? worst : PDM_STATUS_ZERO_BASE)
                        : total == 0.0 ? PDM_STATUS_ZERO_CHANGE
                                       : PDM_STATUS_OK,
                        names->text[w->factor_row[k]]);
        pdm__sum_add(&sum, w->effect[k]);
        size += defined ? fabs(w->effect[k]) : 0.0;
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_SEGMENTS, (int64_t)w->parts * w->factors, NULL, &out, err));
    for (int64_t i = 0; i < (int64_t)w->parts * w->factors; i++) {
        int32_t p = (int32_t)(i / w->factors);
        int32_t k = (int32_t)(i % w->factors);
        pdm__put_text(&out, 0, i, pdm__text_at(segments, w->segment_row[p / w->terms.count], NULL));
        pdm__put_int(&out, 1, i, p % w->terms.count + 1);
        pdm__put_text(&out, 2, i, names->text[w->factor_row[k]]);
        pdm__put_float(&out, 3, i, factors_at(w, p, 0)[k]);
        pdm__put_float(&out, 4, i, factors_at(w, p, 1)[k]);
        pdm__put_float(&out, 5, i, w->status[p] == PDM_STATUS_OK ? w->z[i] : PDM__NAN);
        pdm__put_code(&out, 6, i, w->used[p], used_names);
        pdm__put_status(&out, 7, i, w->status[p], "fallback = shapley can divide it");
    }
    PDM__TRY(pdm__rows_end(&out));
    double closure = pdm__sum_of(&sum) - total;
    int32_t status = worst != PDM_STATUS_OK || !isfinite(closure) ? worst
                     : fabs(closure) <= 1e-12 * size              ? PDM_STATUS_OK
                                                                  : PDM_STATUS_CLOSURE;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, w->chosen->method, method_names);
    pdm__put_float(&out, 1, 0, w->total0);
    pdm__put_float(&out, 2, 0, w->total1);
    pdm__put_float(&out, 3, 0, total);
    pdm__put_float(&out, 4, 0, w->total0 == 0.0 ? PDM__NAN : w->total1 / w->total0);
    pdm__put_float(&out, 5, 0, closure);
    pdm__put_status(&out, 6, 0, status, "the effects do not add up to the change of the values given");
    return pdm__rows_end(&out);
}

static pdm_status lmdi_run(pdm__calc *calc, pdm_error *err) {
    work w = {.calc = calc, .chosen = calc->options};
    PDM__TRY(read_factors(&w, err));
    PDM__TRY(read_terms(&w, err));
    PDM__TRY(make_room(&w, err));
    PDM__TRY(read_values(&w, err));
    PDM__TRY(additive(&w, err));
    bool positive = w.total0 != 0.0 && w.total1 != 0.0 && (w.total0 < 0.0) == (w.total1 < 0.0);
    if (w.chosen->method == PDM_LMDI2) {
        second_form(&w, positive);
    } else {
        first_form(&w, positive);
    }
    return put_tables(&w, err);
}

PDM__CALCULATOR(lmdi, pdm_lmdi_options, "LMDI decomposition", "LMDI 因素分解",
                "Divides a change among multiplying factors by logarithmic means, additively and multiplicatively.");
