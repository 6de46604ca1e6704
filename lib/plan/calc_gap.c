/* Calculators `gap`, `gap_split` and `review_rounds`: top-down against bottom-up. */
#include "plan/registry.h"

#include <pdmetrics/plan/reconcile.h>

/* ---- gap ---- */

static const pdm_column_info node_columns[] = {
    PDM__COLUMN_OR_NULL("node", PDM_ROLE_KEY, "", "Node; default: its row number."),
    PDM__COLUMN_OR_NULL("top_down", PDM_ROLE_FLOAT, "", "Target from above."),
    PDM__COLUMN_OR_NULL("bottom_up", PDM_ROLE_FLOAT, "", "Plan from below."),
};
static const pdm_list_info gap_inputs[] = {
    PDM__INPUT("nodes", node_columns, PDM_INPUT_ROWS, "Nodes with both numbers.")};
static const pdm__column_rule gap_rules[] = {PDM__NO_RULE};
static const pdm_option_info gap_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
static const pdm_result_column_info gap_columns[] = {
    PDM__RESULT("node", PDM_TYPE_NONE, "", "Node."),
    PDM__RESULT("top_down", PDM_TYPE_FLOAT64, "", "Target from above."),
    PDM__RESULT("bottom_up", PDM_TYPE_FLOAT64, "", "Plan from below."),
    PDM__RESULT("gap", PDM_TYPE_FLOAT64, "as the plan", "top_down − bottom_up."),
    PDM__RESULT("gap_pct", PDM_TYPE_FLOAT64, "of top_down", "gap / top_down."),
    PDM__RESULT("coverage", PDM_TYPE_FLOAT64, "of top_down", "bottom_up / top_down (覆盖率)."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info gap_tables[] = {PDM__TABLE("gaps", gap_columns, "A node.")};

static pdm_status gap_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[0], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double top = pdm__number(&in->columns[1], i, PDM__NAN);
        double bottom = pdm__number(&in->columns[2], i, PDM__NAN);
        bool missing = isnan(top) || isnan(bottom);
        pdm__put_key(&out, 0, i, &in->columns[0], i);
        pdm__put_float(&out, 1, i, top);
        pdm__put_float(&out, 2, i, bottom);
        pdm__put_float(&out, 3, i, top - bottom);
        pdm__put_float(&out, 4, i, pdm__over(top - bottom, top));
        pdm__put_float(&out, 5, i, pdm__over(bottom, top));
        pdm__put_status(&out, 6, i,
                        missing      ? PDM_STATUS_MISSING
                        : top == 0.0 ? PDM_STATUS_ZERO_TARGET
                                     : PDM_STATUS_OK,
                        "the target is 0 or a value is missing");
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(gap, pdm_plan_options, "Gap", "目标缺口",
                "What is missing between the target from above and the plan from below.");

/* ---- gap_split ---- */

enum { UNIT_NAME, UNIT_PLAN, UNIT_CAPACITY, UNIT_FLOOR };

static const char *const split_methods[] = {"by_share", "by_headroom", NULL};

static const pdm_column_info target_columns[] = {
    PDM__COLUMN("top_down", PDM_ROLE_FLOAT, "", "Target of all units together.")};
static const pdm_column_info unit_columns[] = {
    [UNIT_NAME] = PDM__COLUMN_OR_NULL("unit", PDM_ROLE_KEY, "", "Unit; default: its row number."),
    [UNIT_PLAN] = PDM__COLUMN("plan", PDM_ROLE_FLOAT, "", "Its plan."),
    [UNIT_CAPACITY] =
        PDM__COLUMN_OR_NULL("capacity", PDM_ROLE_FLOAT, "", "Most it can do; by_headroom needs it for a positive gap."),
    [UNIT_FLOOR] = PDM__COLUMN_OR_NULL("floor", PDM_ROLE_FLOAT, "", "Least it shall do; null = 0."),
};
static const pdm_list_info gap_split_inputs[] = {
    PDM__INPUT("target", target_columns, PDM_INPUT_ONE, "The target."),
    PDM__INPUT("units", unit_columns, PDM_INPUT_ROWS, "Units and their plans."),
};
static const pdm__column_rule gap_split_rules[] = {{1, UNIT_PLAN, PDM_E_BAD_AMOUNT, -PDM__INF, PDM__INF}};
static const pdm_option_info gap_split_options[] = {
    PDM__OPTION_STRICT(pdm_gap_split_options),
    PDM__OPTION_ENUM(pdm_gap_split_options, method, split_methods,
                     "In proportion to the plans, or to what capacity is left."),
};
static const pdm_result_column_info unit_results[] = {
    PDM__RESULT("unit", PDM_TYPE_NONE, "", "Unit."),
    PDM__RESULT("plan", PDM_TYPE_FLOAT64, "", "Its plan."),
    PDM__RESULT("add", PDM_TYPE_FLOAT64, "as the plan", "Its part of the gap."),
    PDM__RESULT("new_plan", PDM_TYPE_FLOAT64, "as the plan", "plan + add."),
    PDM__RESULT("headroom", PDM_TYPE_FLOAT64, "as the plan", "capacity − plan; for a negative gap plan − floor."),
    PDM__RESULT("breaks_capacity", PDM_TYPE_BOOL, "", "new_plan exceeds the capacity."),
};
static const pdm_result_column_info split_summary[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "How it was shared."),
    PDM__RESULT("gap", PDM_TYPE_FLOAT64, "as the plan", "top_down − Σ plan."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the plan", "Σ add − gap."),
    PDM__RESULT("headroom", PDM_TYPE_FLOAT64, "as the plan", "Σ headroom."),
    PDM__RESULT("shortfall", PDM_TYPE_FLOAT64, "as the plan", "What the headroom does not hold."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info gap_split_tables[] = {
    PDM__TABLE("split", unit_results, "A unit."),
    PDM__TABLE("summary", split_summary, "One row: the gap."),
};

static double room_of(const pdm__values *c, int64_t i, bool down) {
    double plan = c[UNIT_PLAN].f64[i];
    if (down) return plan - pdm__number(&c[UNIT_FLOOR], i, 0.0);
    return pdm__number(&c[UNIT_CAPACITY], i, PDM__NAN) - plan;
}

/* Weights of the units: plans or rooms; their sum. */
static pdm_status weigh(pdm__calc *calc, bool down, double *weight, double *sum, pdm_error *err) {
    const pdm_gap_split_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[1];
    bool by_room = chosen->method == PDM_GAP_BY_HEADROOM;
    pdm__sum s = {0.0, 0.0};
    for (int64_t i = 0; i < in->rows; i++) {
        double room = room_of(in->columns, i, down);
        if (by_room && isnan(room)) {
            return pdm__calc_fail(calc, 1, UNIT_CAPACITY, i, PDM_E_BAD_BOUNDS, err,
                                  "method by_headroom needs a capacity");
        }
        if (room < 0.0) {
            return pdm__calc_fail(calc, 1, down ? UNIT_FLOOR : UNIT_CAPACITY, i, PDM_E_BAD_BOUNDS, err,
                                  "plan %g is beyond its %s", in->columns[UNIT_PLAN].f64[i],
                                  down ? "floor" : "capacity");
        }
        weight[i] = by_room ? room : in->columns[UNIT_PLAN].f64[i];
        pdm__sum_add(&s, weight[i]);
    }
    *sum = pdm__sum_of(&s);
    return PDM_OK;
}

static pdm_status gap_split_run(pdm__calc *calc, pdm_error *err) {
    const pdm_gap_split_options *chosen = calc->options;
    const pdm__sheet *in = &calc->sheets[1];
    bool by_room = chosen->method == PDM_GAP_BY_HEADROOM;
    double *weight = NULL;
    double sum = 0.0;
    pdm__sum plans = {0.0, 0.0};
    pdm__sum rooms = {0.0, 0.0};
    pdm__sum adds = {0.0, 0.0};
    pdm__rows out;
    for (int64_t i = 0; i < in->rows; i++) pdm__sum_add(&plans, in->columns[UNIT_PLAN].f64[i]);
    double gap = calc->sheets[0].columns[0].f64[0] - pdm__sum_of(&plans);
    bool down = gap < 0.0;
    PDM__TRY(pdm__calc_array(calc, in->rows, sizeof *weight, &weight, err));
    PDM__TRY(weigh(calc, down, weight, &sum, err));
    if (!by_room && sum == 0.0 && gap != 0.0) {
        return pdm__calc_fail(calc, 1, UNIT_PLAN, -1, PDM_E_ZERO_WEIGHTS, err,
                              "the plans sum to 0: they say nothing about shares");
    }
    double shortfall = by_room ? fmax(fabs(gap) - sum, 0.0) : 0.0;
    if (shortfall <= 1e-14 * fabs(gap)) shortfall = 0.0;
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &in->columns[UNIT_NAME], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        double plan = in->columns[UNIT_PLAN].f64[i];
        double room = room_of(in->columns, i, down);
        double add = shortfall > 0.0 ? PDM__NAN : sum == 0.0 ? 0.0 : gap * (weight[i] / sum);
        double cap = pdm__number(&in->columns[UNIT_CAPACITY], i, PDM__INF);
        pdm__put_key(&out, 0, i, &in->columns[UNIT_NAME], i);
        pdm__put_float(&out, 1, i, plan);
        pdm__put_float(&out, 2, i, add);
        pdm__put_float(&out, 3, i, plan + add);
        pdm__put_float(&out, 4, i, room);
        pdm__put_bool(&out, 5, i, !by_room && plan + add > cap);
        pdm__sum_add(&rooms, room);
        pdm__sum_add(&adds, add);
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, split_methods);
    pdm__put_float(&out, 1, 0, gap);
    pdm__put_float(&out, 2, 0, pdm__sum_of(&adds) - gap);
    pdm__put_float(&out, 3, 0, pdm__sum_of(&rooms));
    pdm__put_float(&out, 4, 0, shortfall);
    pdm__put_status(&out, 5, 0, shortfall > 0.0 ? PDM_STATUS_INFEASIBLE : PDM_STATUS_OK,
                    "the gap exceeds the headroom");
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(gap_split, pdm_gap_split_options, "Who closes the gap", "缺口分摊",
                "Shares a gap over units, by their plans or by the capacity they have left.");

/* ---- review_rounds ---- */

enum { ROUND_ROUND, ROUND_UNIT, ROUND_PROPOSED, ROUND_COUNTER, ROUND_AGREED };

static const pdm_column_info round_columns[] = {
    [ROUND_ROUND] = PDM__COLUMN("round", PDM_ROLE_KEY, "", "Round of the review (一审, 二审 …)."),
    [ROUND_UNIT] = PDM__COLUMN("unit", PDM_ROLE_TEXT, "", "Unit."),
    [ROUND_PROPOSED] = PDM__COLUMN_OR_NULL("proposed", PDM_ROLE_FLOAT, "", "Target proposed from above."),
    [ROUND_COUNTER] = PDM__COLUMN_OR_NULL("counter", PDM_ROLE_FLOAT, "", "What the unit answers."),
    [ROUND_AGREED] = PDM__COLUMN_OR_NULL("agreed", PDM_ROLE_FLOAT, "", "What was agreed; null = nothing yet."),
};
static const pdm_list_info review_rounds_inputs[] = {
    PDM__INPUT("rounds", round_columns, PDM_INPUT_ROWS, "Numbers of the rounds.")};
static const pdm__column_rule review_rounds_rules[] = {PDM__NO_RULE};
static const pdm_option_info review_rounds_options[] = {PDM__OPTION_STRICT(pdm_plan_options)};
#define ROUND_RESULTS                                                                                                  \
    PDM__RESULT("proposed", PDM_TYPE_FLOAT64, "", "Proposed."),                                                        \
        PDM__RESULT("counter", PDM_TYPE_FLOAT64, "", "Answered."),                                                     \
        PDM__RESULT("agreed", PDM_TYPE_FLOAT64, "", "Agreed."),                                                        \
        PDM__RESULT("gap", PDM_TYPE_FLOAT64, "as the plan", "proposed − counter."),                                    \
        PDM__RESULT("gap_pct", PDM_TYPE_FLOAT64, "of proposed", "gap / proposed."),                                    \
        PDM__RESULT("conceded", PDM_TYPE_FLOAT64, "as the plan", "proposed − agreed."), PDM__RESULT_STATUS
static const pdm_result_column_info round_results[] = {
    PDM__RESULT("round", PDM_TYPE_NONE, "", "Round."),
    PDM__RESULT("unit", PDM_TYPE_LARGE_UTF8, "", "Unit."),
    ROUND_RESULTS,
};
static const pdm_result_column_info round_totals[] = {
    PDM__RESULT("round", PDM_TYPE_NONE, "", "Round."),
    PDM__RESULT("units", PDM_TYPE_INT64, "units", "Units in it."),
    PDM__RESULT("open", PDM_TYPE_INT64, "units", "Units that have not agreed; agreed sums the others."),
    ROUND_RESULTS,
};
static const pdm_table_info review_rounds_tables[] = {
    PDM__TABLE("rounds", round_results, "A unit in a round."),
    PDM__TABLE("totals", round_totals, "A round."),
};

static void put_round(pdm__rows *out, int32_t column, int64_t row, double proposed, double counter, double agreed) {
    bool missing = isnan(proposed) || isnan(counter);
    pdm__put_float(out, column, row, proposed);
    pdm__put_float(out, column + 1, row, counter);
    pdm__put_float(out, column + 2, row, agreed);
    pdm__put_float(out, column + 3, row, proposed - counter);
    pdm__put_float(out, column + 4, row, pdm__over(proposed - counter, proposed));
    pdm__put_float(out, column + 5, row, proposed - agreed);
    pdm__put_status(out, column + 6, row,
                    missing           ? PDM_STATUS_MISSING
                    : proposed == 0.0 ? PDM_STATUS_ZERO_TARGET
                                      : PDM_STATUS_OK,
                    "a number is missing or the target is 0");
}

static pdm_status review_rounds_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *in = &calc->sheets[0];
    const pdm__values *c = in->columns;
    int32_t *ids = NULL;
    int64_t *first = NULL;
    int32_t count = 0;
    pdm__rows out;
    PDM__TRY(pdm__calc_ids(calc, 0, ROUND_ROUND, &ids, &first, &count, err));
    PDM__TRY(pdm__rows_begin(calc, 0, in->rows, &c[ROUND_ROUND], &out, err));
    for (int64_t i = 0; i < in->rows; i++) {
        pdm__put_key(&out, 0, i, &c[ROUND_ROUND], i);
        pdm__put_text(&out, 1, i, c[ROUND_UNIT].text[i]);
        put_round(&out, 2, i, pdm__number(&c[ROUND_PROPOSED], i, PDM__NAN), pdm__number(&c[ROUND_COUNTER], i, PDM__NAN),
                  pdm__number(&c[ROUND_AGREED], i, PDM__NAN));
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(pdm__rows_begin(calc, 1, count, &c[ROUND_ROUND], &out, err));
    for (int32_t r = 0; r < count; r++) {
        pdm__sum sums[3] = {{0.0, 0.0}, {0.0, 0.0}, {0.0, 0.0}};
        int64_t units = 0;
        int64_t open = 0;
        for (int64_t i = 0; i < in->rows; i++) {
            if (ids[i] != r) continue;
            units++;
            pdm__sum_add(&sums[0], pdm__number(&c[ROUND_PROPOSED], i, PDM__NAN));
            pdm__sum_add(&sums[1], pdm__number(&c[ROUND_COUNTER], i, PDM__NAN));
            if (!pdm__given(&c[ROUND_AGREED], i)) open++;
            pdm__sum_add(&sums[2], pdm__number(&c[ROUND_AGREED], i, 0.0));
        }
        pdm__put_key(&out, 0, r, &c[ROUND_ROUND], first[r]);
        pdm__put_int(&out, 1, r, units);
        pdm__put_int(&out, 2, r, open);
        put_round(&out, 3, r, pdm__sum_of(&sums[0]), pdm__sum_of(&sums[1]),
                  open == units ? PDM__NAN : pdm__sum_of(&sums[2]));
    }
    return pdm__rows_end(&out);
}

PDM__CALCULATOR(review_rounds, pdm_plan_options, "Review rounds", "一审二审",
                "Gaps between proposals and answers, round by round.");
