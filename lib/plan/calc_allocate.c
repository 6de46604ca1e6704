/* Calculator `allocate`: real or whole amounts between caps and floors. */
#include "plan/apportion.h"
#include "plan/bounded.h"
#include "plan/registry.h"

enum { IN_TARGET, IN_PARTS };
enum { TARGET_TOTAL };
enum { PART_NAME, PART_WEIGHT, PART_BASE, PART_FLEX, PART_LOW, PART_HIGH };
enum { TABLE_SPLIT, TABLE_SUMMARY };

static const char *const method_names[] = {"proportional", "quadratic", NULL};
static const char *const bound_names[] = {"lo", "hi", NULL};

static const pdm_column_info target_columns[] = {
    PDM__COLUMN("total", PDM_ROLE_MONEY, "", "What is split."),
};
static const pdm_column_info part_columns[] = {
    [PART_NAME] = PDM__COLUMN_OR_NULL("part", PDM_ROLE_KEY, "", "Name of the part; default: its row number."),
    [PART_WEIGHT] = {.name = "weight",
                     .role = PDM_ROLE_FLOAT,
                     .unit = "",
                     .doc = "proportional: weight, 0 or more; a part of weight 0 stays at its floor."},
    [PART_BASE] = {.name = "base",
                   .role = PDM_ROLE_FLOAT,
                   .unit = "as the total",
                   .doc = "quadratic: the amount it would have by itself."},
    [PART_FLEX] = {.name = "flex",
                   .role = PDM_ROLE_FLOAT,
                   .unit = "",
                   .doc = "quadratic: how easily it moves (1, variance, headroom, base²); default 1, 0 fixes it."},
    [PART_LOW] =
        PDM__COLUMN_OR_NULL("low", PDM_ROLE_FLOAT, "as the total", "Floor; null = 0 (proportional), none (quadratic)."),
    [PART_HIGH] = PDM__COLUMN_OR_NULL("high", PDM_ROLE_FLOAT, "as the total", "Cap; null = none."),
};
static const pdm_list_info allocate_inputs[] = {
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_ONE, "The total."),
    [IN_PARTS] = PDM__INPUT("parts", part_columns, PDM_INPUT_ROWS, "Who gets a part, and between which bounds."),
};
static const pdm__column_rule allocate_rules[] = {
    {IN_TARGET, TARGET_TOTAL, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
    {IN_PARTS, PART_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
    {IN_PARTS, PART_BASE, PDM_E_BAD_AMOUNT, -PDM__INF, PDM__INF},
    {IN_PARTS, PART_FLEX, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
};

static const pdm_option_info allocate_options[] = {
    PDM__OPTION_STRICT(pdm_allocate_options),
    PDM__OPTION_ENUM(pdm_allocate_options, method, method_names,
                     "clamp(λ·weight, low, high), or the least change clamp(base + μ·flex, low, high)."),
    PDM__OPTION_BOOL(
        pdm_allocate_options, exact_int,
        "Whole amounts: floors of the exact solution, left-over units by remainder. Bounds must be whole."),
    PDM__OPTION_BOOL(pdm_allocate_options, round_minor,
                     "Solve in reals, then round to whole amounts that add up to the rounded total."),
};

static const pdm_result_column_info split_columns[] = {
    PDM__RESULT("part", PDM_TYPE_NONE, "", "Part, in the order given."),
    PDM__RESULT("amount", PDM_TYPE_FLOAT64, "as the total", "What it gets; null if the total cannot be reached."),
    PDM__RESULT("amount_int", PDM_TYPE_INT64, "as the total", "The same exactly, with exact_int or round_minor."),
    PDM__RESULT("at_bound", PDM_TYPE_DICTIONARY, "", "lo, hi, or null between them."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Rule that was used."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "", "What was split."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the total",
                "Σ amount − total (of the rounded total with round_minor)."),
    PDM__RESULT("multiplier", PDM_TYPE_FLOAT64, "", "λ (the smallest) or μ (the one nearest 0)."),
    PDM__RESULT("shortfall", PDM_TYPE_FLOAT64, "as the total", "Distance of the total to what the bounds allow."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info allocate_tables[] = {
    [TABLE_SPLIT] = PDM__TABLE("split", split_columns, "A part."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: how it was split."),
};

static pdm_status load_parts(pdm__calc *calc, pdm__bounded_part *parts, pdm_error *err) {
    const pdm_allocate_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[IN_PARTS];
    bool quadratic = chosen->method == PDM_ALLOCATE_QUADRATIC;
    int32_t needed = quadratic ? PART_BASE : PART_WEIGHT;
    if (!in->columns[needed].present) {
        return pdm__calc_fail(calc, IN_PARTS, needed, -1, PDM_E_MISSING_COLUMN, err, "method %s needs it",
                              method_names[chosen->method]);
    }
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__bounded_part *p = &parts[i];
        p->start = quadratic ? in->columns[PART_BASE].f64[i] : 0.0;
        p->slope = quadratic ? pdm__number(&in->columns[PART_FLEX], i, 1.0) : in->columns[PART_WEIGHT].f64[i];
        p->low = pdm__number(&in->columns[PART_LOW], i, quadratic ? -PDM__INF : 0.0);
        p->high = pdm__number(&in->columns[PART_HIGH], i, PDM__INF);
        if (!quadratic && p->low < 0.0) {
            return pdm__calc_fail(calc, IN_PARTS, PART_LOW, i, PDM_E_BAD_BOUNDS, err,
                                  "floor %g; proportional needs 0 or more", p->low);
        }
        if (p->low > p->high) {
            return pdm__calc_fail(calc, IN_PARTS, PART_LOW, i, PDM_E_BAD_BOUNDS, err, "floor %g is above cap %g",
                                  p->low, p->high);
        }
    }
    return PDM_OK;
}

static pdm_status round_minor(pdm__calc *calc, pdm__bounded_part *parts, int64_t count, double total, pdm_error *err) {
    double *amounts = NULL;
    int64_t *whole = NULL;
    PDM__TRY(pdm__calc_array(calc, count, sizeof *amounts, &amounts, err));
    PDM__TRY(pdm__calc_array(calc, count, sizeof *whole, &whole, err));
    for (int64_t i = 0; i < count; i++) amounts[i] = parts[i].amount;
    PDM__TRY(pdm__round_parts(calc->context, amounts, count, total, whole, err));
    for (int64_t i = 0; i < count; i++) {
        parts[i].whole = whole[i];
        parts[i].amount = (double)whole[i];
    }
    return PDM_OK;
}

static pdm_status put_tables(pdm__calc *calc, const pdm__bounded_part *parts, double total,
                             const pdm__bounded_answer *answer, pdm_error *err) {
    const pdm_allocate_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[IN_PARTS];
    bool reached = answer->shortfall == 0.0;
    bool whole = chosen->exact_int != 0 || chosen->round_minor != 0;
    pdm__rows out;
    pdm__sum sum = {0.0, 0.0};
    pdm__sum size = {0.0, 0.0};
    PDM__TRY(pdm__rows_begin(calc, TABLE_SPLIT, in->rows, &in->columns[PART_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        const pdm__bounded_part *p = &parts[i];
        pdm__put_key(&out, 0, i, &in->columns[PART_NAME], i);
        pdm__put_float(&out, 1, i, reached ? p->amount : PDM__NAN);
        pdm__put_int(&out, 2, i, p->whole);
        if (!reached || !whole) pdm__put_null(&out, 2, i);
        pdm__put_code(&out, 3, i, !reached || p->at == 0 ? -1 : p->at < 0 ? 0 : 1, bound_names);
        pdm__sum_add(&sum, p->amount);
        pdm__sum_add(&size, fabs(p->amount));
    }
    PDM__TRY(pdm__rows_end(&out));
    double aim = chosen->round_minor != 0 && chosen->exact_int == 0 ? nearbyint(total) : total;
    double closure = reached ? pdm__sum_of(&sum) - aim : PDM__NAN;
    bool closes = !reached || fabs(closure) <= 1e-12 * fmax(fabs(total), pdm__sum_of(&size));
    PDM__TRY(pdm__rows_begin(calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, method_names);
    pdm__put_float(&out, 1, 0, total);
    pdm__put_float(&out, 2, 0, closure);
    pdm__put_float(&out, 3, 0, answer->multiplier);
    pdm__put_float(&out, 4, 0, answer->shortfall);
    pdm__put_status(&out, 5, 0,
                    !reached ? PDM_STATUS_INFEASIBLE
                    : closes ? PDM_STATUS_OK
                             : PDM_STATUS_CLOSURE,
                    "the total lies outside what the bounds allow");
    return pdm__rows_end(&out);
}

static pdm_status allocate_run(pdm__calc *calc, pdm_error *err) {
    const pdm_allocate_options *chosen = calc->options;
    int64_t count = calc->sheets[IN_PARTS].rows;
    double total = calc->sheets[IN_TARGET].columns[TARGET_TOTAL].f64[0];
    bool from_zero = chosen->method == PDM_ALLOCATE_PROPORTIONAL;
    pdm__bounded_part *parts = NULL;
    pdm__bounded_answer answer;
    PDM__TRY(pdm__calc_array(calc, count, sizeof *parts, &parts, err));
    PDM__TRY(load_parts(calc, parts, err));
    if (chosen->exact_int != 0) {
        int64_t whole = 0;
        PDM__TRY(pdm__calc_whole(calc, IN_TARGET, TARGET_TOTAL, 0, PDM_E_BAD_TOTAL, &whole, err));
        PDM__TRY(pdm__bounded_whole(calc->context, parts, count, whole, from_zero, &answer, err));
    } else {
        PDM__TRY(pdm__bounded_solve(calc->context, parts, count, total, from_zero, &answer, err));
        if (chosen->round_minor != 0 && answer.shortfall == 0.0) PDM__TRY(round_minor(calc, parts, count, total, err));
    }
    return put_tables(calc, parts, total, &answer, err);
}

PDM__CALCULATOR(allocate, pdm_allocate_options, "Split between caps and floors", "带上下限的目标拆分",
                "Splits a total in proportion, or with the least change, while every part keeps its cap and floor.");
