/* Calculator `root_cause`: Adtributor. Bhagwan et al., NSDI 2014, sections 3 and 4. */
#include "plan/registry.h"

#include <pdmetrics/plan/rootcause.h>

enum { ROW_DIMENSION, ROW_ELEMENT, ROW_F, ROW_A, ROW_F2, ROW_A2 };
enum { TABLE_ELEMENTS, TABLE_DIMENSIONS, TABLE_SUMMARY };

static const char *const base_names[] = {"e", "2", NULL};

static const pdm_column_info row_columns[] = {
    [ROW_DIMENSION] = PDM__COLUMN("dimension", PDM_ROLE_TEXT, "", "Dimension: channel, device …"),
    [ROW_ELEMENT] = PDM__COLUMN("element", PDM_ROLE_TEXT, "", "Element of it."),
    [ROW_F] = PDM__COLUMN("forecast", PDM_ROLE_FLOAT, "", "Forecast of the measure, or of the numerator of a ratio."),
    [ROW_A] = PDM__COLUMN("actual", PDM_ROLE_FLOAT, "", "Actual."),
    [ROW_F2] = PDM__COLUMN_OR_NULL("forecast2", PDM_ROLE_FLOAT, "",
                                   "Forecast of the denominator; with it the measure is a ratio."),
    [ROW_A2] = PDM__COLUMN_OR_NULL("actual2", PDM_ROLE_FLOAT, "", "Actual of the denominator."),
};
static const pdm_list_info root_cause_inputs[] = {
    PDM__INPUT("rows", row_columns, PDM_INPUT_ROWS, "Elements of each dimension.")};
static const pdm__column_rule root_cause_rules[] = {
    {0, ROW_F, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {0, ROW_A, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {0, ROW_F2, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
    {0, ROW_A2, PDM_E_BAD_AMOUNT, 0.0, PDM__INF},
};
static const pdm_option_info root_cause_options[] = {
    PDM__OPTION_STRICT(pdm_root_cause_options),
    PDM__OPTION_ENUM(pdm_root_cause_options, log_base, base_names, "Base of the surprise's logarithm."),
    PDM__OPTION_INT32(pdm_root_cause_options, keep, 1, 1000000, 3, "dimensions", "Sets that are ranked."),
    PDM__OPTION_FLOAT(pdm_root_cause_options, t_eep, 0.1, "", "Least explanatory power of an element of a set."),
    PDM__OPTION_FLOAT(pdm_root_cause_options, t_ep, 0.67, "", "Explanatory power at which a set is complete."),
};
static const pdm_result_column_info element_columns[] = {
    PDM__RESULT("dimension", PDM_TYPE_LARGE_UTF8, "", "Dimension."),
    PDM__RESULT("element", PDM_TYPE_LARGE_UTF8, "", "Element."),
    PDM__RESULT("f", PDM_TYPE_FLOAT64, "", "Forecast."),
    PDM__RESULT("a", PDM_TYPE_FLOAT64, "", "Actual."),
    PDM__RESULT("ep", PDM_TYPE_FLOAT64, "of the change", "Explanatory power: its part of the change."),
    PDM__RESULT("surprise", PDM_TYPE_FLOAT64, "",
                "Part of the Jensen–Shannon divergence of forecast and actual shares."),
    PDM__RESULT("in_set", PDM_TYPE_BOOL, "", "It belongs to the dimension's set of causes."),
};
static const pdm_result_column_info dimension_columns[] = {
    PDM__RESULT("dimension", PDM_TYPE_LARGE_UTF8, "", "Dimension."),
    PDM__RESULT("rank", PDM_TYPE_INT64, "", "1 = the set that surprises most; null = no set, or beyond keep."),
    PDM__RESULT("set_ep", PDM_TYPE_FLOAT64, "of the change", "Explanatory power of the set."),
    PDM__RESULT("set_surprise", PDM_TYPE_FLOAT64, "", "Surprise of the set."),
    PDM__RESULT("dim_surprise", PDM_TYPE_FLOAT64, "", "Surprise of all its elements."),
    PDM__RESULT("size", PDM_TYPE_INT64, "elements", "Elements of the set; 0 = the threshold is never reached."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("f", PDM_TYPE_FLOAT64, "", "Forecast of the total."),
    PDM__RESULT("a", PDM_TYPE_FLOAT64, "", "Actual total."),
    PDM__RESULT("change", PDM_TYPE_FLOAT64, "", "a − f."),
    PDM__RESULT("log_base", PDM_TYPE_DICTIONARY, "", "Base of the logarithm."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info root_cause_tables[] = {
    [TABLE_ELEMENTS] = PDM__TABLE("elements", element_columns, "An element, in the order given."),
    [TABLE_DIMENSIONS] = PDM__TABLE("dimensions", dimension_columns, "A dimension."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: the change."),
};

typedef struct cause_set {
    double ep;
    double surprise;
    double all;
    int64_t size;
    int64_t rank;
} cause_set;

typedef struct work {
    pdm__calc *calc;
    const pdm_root_cause_options *chosen;
    int64_t rows;
    int32_t *dimension;
    int64_t *first;
    int32_t dimensions;
    bool ratio;
    double total[4]; /* F, A, F2, A2 */
    double *ep;
    double *surprise;
    uint8_t *in_set;
    cause_set *sets;
    int32_t status;
} work;

/* Every dimension sums to the same totals; those of the first are used. */
static pdm_status check_totals(work *w, pdm_error *err) {
    const pdm__values *c = w->calc->sheets[0].columns;
    int32_t measures = w->ratio ? 4 : 2;
    for (int32_t m = 0; m < measures; m++) {
        pdm__sum *sums = NULL;
        PDM__TRY(pdm__calc_array(w->calc, w->dimensions, sizeof *sums, &sums, err));
        for (int64_t i = 0; i < w->rows; i++) {
            if (!pdm__given(&c[ROW_F + m], i)) {
                return pdm__calc_fail(w->calc, 0, ROW_F + m, i, PDM_E_NULL_VALUE, err,
                                      "a ratio needs both measures everywhere");
            }
            pdm__sum_add(&sums[w->dimension[i]], c[ROW_F + m].f64[i]);
        }
        w->total[m] = pdm__sum_of(&sums[0]);
        for (int32_t d = 1; d < w->dimensions; d++) {
            double other = pdm__sum_of(&sums[d]);
            if (fabs(other - w->total[m]) <= 1e-9 * fmax(fabs(other), fabs(w->total[m]))) continue;
            return pdm__calc_fail(w->calc, 0, ROW_F + m, w->first[d], PDM_E_MARGINS_DISAGREE, err,
                                  "dimension \"%.30s\" sums to %.12g, \"%.30s\" to %.12g",
                                  c[ROW_DIMENSION].text[w->first[d]], other, c[ROW_DIMENSION].text[w->first[0]],
                                  w->total[m]);
        }
    }
    return PDM_OK;
}

/* ½[p·ln(2p/(p+q)) + q·ln(2q/(p+q))], 0·ln 0 = 0; with p = m(1+x), q = m(1−x) the terms near x = 0 lose no digits. */
static double divergence(double p, double q) {
    double middle = (p + q) / 2.0;
    if (!(middle > 0.0)) return 0.0;
    double left = p > 0.0 ? p * log1p((p - middle) / middle) : 0.0;
    double right = q > 0.0 ? q * log1p((q - middle) / middle) : 0.0;
    return (left + right) / 2.0;
}

static void measure(work *w, pdm__sum *sums) {
    const pdm__values *c = w->calc->sheets[0].columns;
    double scale = w->chosen->log_base == PDM_LOG_BASE_2 ? 1.0 / log(2.0) : 1.0;
    const double *t = w->total;
    for (int64_t i = 0; i < w->rows; i++) {
        double f = c[ROW_F].f64[i];
        double a = c[ROW_A].f64[i];
        w->surprise[i] = divergence(f / t[0], a / t[1]) * scale;
        w->ep[i] = (a - f) / (t[1] - t[0]);
        if (!w->ratio) continue;
        double f2 = c[ROW_F2].f64[i];
        double d2 = c[ROW_A2].f64[i] - f2;
        w->surprise[i] += divergence(f2 / t[2], c[ROW_A2].f64[i] / t[3]) * scale;
        w->ep[i] = ((a - f) * t[2] - d2 * t[0]) / (t[2] * (t[2] + d2));
        pdm__sum_add(&sums[w->dimension[i]], w->ep[i]);
    }
    for (int64_t i = 0; w->ratio && i < w->rows; i++) w->ep[i] /= pdm__sum_of(&sums[w->dimension[i]]);
}

/* Elements by surprise, ties by row; those with enough power are taken until the set explains enough. */
static void find_set(work *w, int32_t d, uint8_t *passed) {
    cause_set *s = &w->sets[d];
    pdm__sum all = {0.0, 0.0};
    for (int64_t i = 0; i < w->rows; i++) {
        passed[i] = w->dimension[i] == d ? 0 : 1;
        if (passed[i] == 0) pdm__sum_add(&all, w->surprise[i]);
    }
    s->all = pdm__sum_of(&all);
    while (s->ep < w->chosen->t_ep) {
        int64_t best = -1;
        for (int64_t i = 0; i < w->rows; i++) {
            if (passed[i] == 0 && (best < 0 || w->surprise[i] > w->surprise[best])) best = i;
        }
        if (best < 0) break;
        passed[best] = 1;
        if (!(w->ep[best] >= w->chosen->t_eep)) continue;
        w->in_set[best] = 1;
        s->ep += w->ep[best];
        s->surprise += w->surprise[best];
        s->size++;
    }
    if (s->ep >= w->chosen->t_ep) return;
    for (int64_t i = 0; i < w->rows; i++) {
        if (w->dimension[i] == d) w->in_set[i] = 0;
    }
    s->size = 0;
}

static void rank_sets(work *w) {
    for (int32_t d = 0; d < w->dimensions; d++) {
        w->sets[d].rank = w->sets[d].size > 0 ? 1 : 0;
        for (int32_t o = 0; o < w->dimensions && w->sets[d].size > 0; o++) {
            if (w->sets[o].size == 0 || o == d) continue;
            double other = w->sets[o].surprise;
            if (other > w->sets[d].surprise || (other == w->sets[d].surprise && o < d)) w->sets[d].rank++;
        }
        if (w->sets[d].rank > w->chosen->keep) w->sets[d].rank = 0;
    }
}

static pdm_status put_tables(const work *w, pdm_error *err) {
    const pdm__values *c = w->calc->sheets[0].columns;
    bool good = w->status == PDM_STATUS_OK;
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_ELEMENTS, w->rows, NULL, &out, err));
    for (int64_t i = 0; i < w->rows; i++) {
        pdm__put_text(&out, 0, i, c[ROW_DIMENSION].text[i]);
        pdm__put_text(&out, 1, i, c[ROW_ELEMENT].text[i]);
        pdm__put_float(&out, 2, i, w->ratio ? c[ROW_F].f64[i] / c[ROW_F2].f64[i] : c[ROW_F].f64[i]);
        pdm__put_float(&out, 3, i, w->ratio ? c[ROW_A].f64[i] / c[ROW_A2].f64[i] : c[ROW_A].f64[i]);
        pdm__put_float(&out, 4, i, good ? w->ep[i] : PDM__NAN);
        pdm__put_float(&out, 5, i, good ? w->surprise[i] : PDM__NAN);
        pdm__put_bool(&out, 6, i, w->in_set[i] != 0);
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_DIMENSIONS, w->dimensions, NULL, &out, err));
    for (int32_t d = 0; d < w->dimensions; d++) {
        const cause_set *s = &w->sets[d];
        pdm__put_text(&out, 0, d, c[ROW_DIMENSION].text[w->first[d]]);
        pdm__put_int(&out, 1, d, s->rank);
        if (s->rank == 0) pdm__put_null(&out, 1, d);
        pdm__put_float(&out, 2, d, s->size > 0 ? s->ep : PDM__NAN);
        pdm__put_float(&out, 3, d, s->size > 0 ? s->surprise : PDM__NAN);
        pdm__put_float(&out, 4, d, good ? s->all : PDM__NAN);
        pdm__put_int(&out, 5, d, s->size);
    }
    PDM__TRY(pdm__rows_end(&out));
    double f = w->ratio ? w->total[0] / w->total[2] : w->total[0];
    double a = w->ratio ? w->total[1] / w->total[3] : w->total[1];
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_float(&out, 0, 0, f);
    pdm__put_float(&out, 1, 0, a);
    pdm__put_float(&out, 2, 0, a - f);
    pdm__put_code(&out, 3, 0, w->chosen->log_base, base_names);
    pdm__put_status(&out, 4, 0, w->status, "there is nothing to explain, or a total is 0");
    return pdm__rows_end(&out);
}

static pdm_status root_cause_run(pdm__calc *calc, pdm_error *err) {
    work w = {.calc = calc, .chosen = calc->options, .rows = calc->sheets[0].rows};
    uint8_t *passed = NULL;
    pdm__sum *sums = NULL;
    w.ratio = calc->sheets[0].columns[ROW_F2].present && calc->sheets[0].columns[ROW_A2].present;
    PDM__TRY(pdm__calc_ids(calc, 0, ROW_DIMENSION, &w.dimension, &w.first, &w.dimensions, err));
    PDM__TRY(pdm__calc_array(calc, w.rows, sizeof *w.ep, &w.ep, err));
    PDM__TRY(pdm__calc_array(calc, w.rows, sizeof *w.surprise, &w.surprise, err));
    PDM__TRY(pdm__calc_array(calc, w.rows, 1, &w.in_set, err));
    PDM__TRY(pdm__calc_array(calc, w.rows, 1, &passed, err));
    PDM__TRY(pdm__calc_array(calc, w.dimensions, sizeof *w.sets, &w.sets, err));
    PDM__TRY(check_totals(&w, err));
    bool zero = w.total[0] == 0.0 || w.total[1] == 0.0 || (w.ratio && (w.total[2] == 0.0 || w.total[3] == 0.0));
    bool same = w.ratio ? w.total[0] * w.total[3] == w.total[1] * w.total[2] : w.total[0] == w.total[1];
    w.status = zero ? PDM_STATUS_ZERO_BASE : same ? PDM_STATUS_ZERO_CHANGE : PDM_STATUS_OK;
    if (w.status == PDM_STATUS_OK) {
        PDM__TRY(pdm__calc_array(calc, w.dimensions, sizeof *sums, &sums, err));
        measure(&w, sums);
        for (int32_t d = 0; d < w.dimensions; d++) find_set(&w, d, passed);
        rank_sets(&w);
    }
    return put_tables(&w, err);
}

PDM__CALCULATOR(root_cause, pdm_root_cause_options, "Root cause", "异动归因",
                "Which elements of which dimension explain a surprise.");
