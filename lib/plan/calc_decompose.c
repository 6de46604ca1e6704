/* Calculator `decompose`: the change of a formula divided among its leaves. */
#include "plan/formula_leaves.h"
#include "plan/registry.h"
#include "plan/shapley.h"

#include <pdmetrics/plan/change.h>

#include <stdlib.h>

enum { IN_FORMULA, IN_LEAVES };
enum { LEAF_NAME, LEAF_X0, LEAF_X1, LEAF_PLAYER, LEAF_ORDER, LEAF_SEGMENT };
enum { TABLE_EFFECTS, TABLE_SUMMARY };

static const char *const method_names[] = {"shapley", "chain", "order_range", "midpoint", NULL};

static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_column_info leaf_columns[] = {
    [LEAF_NAME] = PDM__COLUMN("leaf", PDM_ROLE_TEXT, "", "Leaf of the formula."),
    [LEAF_X0] = PDM__COLUMN("x0", PDM_ROLE_FLOAT, "", "Its value before, or planned."),
    [LEAF_X1] = PDM__COLUMN("x1", PDM_ROLE_FLOAT, "", "Its value after, or actual."),
    [LEAF_PLAYER] = PDM__COLUMN_OR_NULL("player", PDM_ROLE_TEXT, "",
                                        "Leaves with one player move together (all shares of a mix); null = its own."),
    [LEAF_ORDER] = PDM__COLUMN_OR_NULL("order", PDM_ROLE_INTEGER, "", "chain: when it is replaced, lowest first."),
    [LEAF_SEGMENT] =
        PDM__COLUMN_OR_NULL("segment", PDM_ROLE_TEXT, "", "The formula holds per segment; effects are summed."),
};
static const pdm_list_info decompose_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Leaves before and after."),
};
static const pdm__column_rule decompose_rules[] = {PDM__NO_RULE};
static const pdm_option_info decompose_options[] = {
    PDM__OPTION_STRICT(pdm_decompose_options),
    PDM__OPTION_ENUM(pdm_decompose_options, method, method_names,
                     "Average over all orders, one given order, all orders with their range, or two factors halved."),
};
static const pdm_result_column_info effect_columns[] = {
    PDM__RESULT("segment", PDM_TYPE_LARGE_UTF8, "", "Segment; null where all are summed."),
    PDM__RESULT("factor", PDM_TYPE_LARGE_UTF8, "", "Player: a leaf or a group of them."),
    PDM__RESULT("x0", PDM_TYPE_FLOAT64, "", "Value before; null for a group or a sum over segments."),
    PDM__RESULT("x1", PDM_TYPE_FLOAT64, "", "Value after."),
    PDM__RESULT("effect", PDM_TYPE_FLOAT64, "as the formula", "Its part of the change."),
    PDM__RESULT("effect_share", PDM_TYPE_FLOAT64, "of the change", "effect / total; null if nothing changed."),
    PDM__RESULT("low", PDM_TYPE_FLOAT64, "as the formula", "order_range: least effect over all orders."),
    PDM__RESULT("high", PDM_TYPE_FLOAT64, "as the formula", "order_range: largest effect over all orders."),
    PDM__RESULT("order", PDM_TYPE_INT64, "", "chain: its place in the order, from 1."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("segment", PDM_TYPE_LARGE_UTF8, "", "Segment; null for all."),
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "How it was divided."),
    PDM__RESULT("v0", PDM_TYPE_FLOAT64, "as the formula", "Root before."),
    PDM__RESULT("v1", PDM_TYPE_FLOAT64, "as the formula", "Root after."),
    PDM__RESULT("total", PDM_TYPE_FLOAT64, "as the formula", "v1 − v0."),
    PDM__RESULT("closure", PDM_TYPE_FLOAT64, "as the formula", "Σ effect − total."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info decompose_tables[] = {
    [TABLE_EFFECTS] = PDM__TABLE("effects", effect_columns, "A factor (of a segment)."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "A segment, then all."),
};

/* What the rows hold: leaves and players by number, values per segment and leaf. */
typedef struct work {
    pdm__calc *calc;
    const pdm_decompose_options *chosen;
    pdm_leaf *leaves;
    int32_t leaf_count;
    int32_t *player; /* per leaf */
    const char **names;
    int32_t players;
    int64_t *first_leaf; /* per player: a leaf of it, −1 − leaf if there are several */
    int32_t *order;      /* chain: players in order */
    int32_t *place;      /* chain: per player, from 1 */
    int64_t *segment_row;
    int32_t segments;
    double *x[2];    /* [segment · leaves + leaf] */
    double *effects; /* [(segment) · players + player]; the last is the sum */
    double *low;
    double *high;
    double *v[2]; /* [segment], the last is the sum */
} work;

static pdm_status read_players(work *w, const int32_t *ids, const int64_t *first, pdm_error *err) {
    const pdm__sheet *in = &w->calc->sheets[IN_LEAVES];
    for (int32_t l = 0; l < w->leaf_count; l++) {
        const char *own = pdm__text_at(&in->columns[LEAF_PLAYER], first[l], w->leaves[l].name);
        int32_t p = 0;
        while (p < w->players && strcmp(w->names[p], own) != 0) p++;
        if (p == w->players) {
            w->names[w->players] = own;
            w->first_leaf[w->players++] = l;
        } else if (w->first_leaf[p] >= 0) {
            w->first_leaf[p] = -1 - w->first_leaf[p];
        }
        w->player[l] = p;
    }
    for (int64_t row = 0; row < in->rows; row++) {
        const char *own = pdm__text_at(&in->columns[LEAF_PLAYER], row, w->leaves[ids[row]].name);
        if (strcmp(own, w->names[w->player[ids[row]]]) == 0) continue;
        return pdm__calc_fail(w->calc, IN_LEAVES, LEAF_PLAYER, row, PDM_E_DUPLICATE_NAME, err,
                              "leaf \"%.40s\" has another player in another segment", w->leaves[ids[row]].name);
    }
    return PDM_OK;
}

static pdm_status read_leaves(work *w, pdm_error *err) {
    pdm__calc *calc = w->calc;
    const pdm__sheet *in = &calc->sheets[IN_LEAVES];
    int32_t *ids = NULL;
    int32_t *segment = NULL;
    int64_t *first = NULL;
    uint8_t *seen = NULL;
    PDM__TRY(pdm__calc_ids(calc, IN_LEAVES, LEAF_NAME, &ids, &first, &w->leaf_count, err));
    PDM__TRY(pdm__calc_ids(calc, IN_LEAVES, LEAF_SEGMENT, &segment, &w->segment_row, &w->segments, err));
    int64_t cells = (int64_t)w->leaf_count * w->segments;
    PDM__TRY(pdm__calc_array(calc, w->leaf_count, sizeof *w->leaves, &w->leaves, err));
    PDM__TRY(pdm__calc_array(calc, w->leaf_count, sizeof *w->player, &w->player, err));
    PDM__TRY(pdm__calc_array(calc, w->leaf_count, sizeof *w->names, &w->names, err));
    PDM__TRY(pdm__calc_array(calc, w->leaf_count, sizeof *w->first_leaf, &w->first_leaf, err));
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *w->x[0], &w->x[0], err));
    PDM__TRY(pdm__calc_array(calc, cells, sizeof *w->x[1], &w->x[1], err));
    PDM__TRY(pdm__calc_array(calc, cells, 1, &seen, err));
    for (int32_t l = 0; l < w->leaf_count; l++) w->leaves[l].name = in->columns[LEAF_NAME].text[first[l]];
    PDM__TRY(read_players(w, ids, first, err));
    for (int64_t row = 0; row < in->rows; row++) {
        int64_t at = (int64_t)segment[row] * w->leaf_count + ids[row];
        if (seen[at] != 0) {
            return pdm__calc_fail(calc, IN_LEAVES, LEAF_NAME, row, PDM_E_DUPLICATE_NAME, err,
                                  "leaf \"%.40s\" is given twice", w->leaves[ids[row]].name);
        }
        seen[at] = 1;
        w->x[0][at] = in->columns[LEAF_X0].f64[row];
        w->x[1][at] = in->columns[LEAF_X1].f64[row];
    }
    for (int64_t at = 0; at < cells; at++) {
        if (seen[at] != 0) continue;
        return pdm__calc_fail(calc, IN_LEAVES, LEAF_SEGMENT, w->segment_row[at / w->leaf_count], PDM_E_LENGTH, err,
                              "the segment has no leaf \"%.40s\"", w->leaves[at % w->leaf_count].name);
    }
    return PDM_OK;
}

/* Players by the least `order` of their rows. */
static pdm_status read_order(work *w, pdm_error *err) {
    const pdm__sheet *in = &w->calc->sheets[IN_LEAVES];
    int64_t *key = NULL;
    PDM__TRY(pdm__calc_array(w->calc, w->players, sizeof *w->order, &w->order, err));
    PDM__TRY(pdm__calc_array(w->calc, w->players, sizeof *w->place, &w->place, err));
    PDM__TRY(pdm__calc_array(w->calc, w->players, sizeof *key, &key, err));
    for (int32_t p = 0; p < w->players; p++) key[p] = INT64_MAX;
    for (int64_t row = 0; row < in->rows; row++) {
        const char *own = pdm__text_at(&in->columns[LEAF_PLAYER], row, in->columns[LEAF_NAME].text[row]);
        int32_t p = 0;
        int64_t value = 0;
        while (strcmp(w->names[p], own) != 0) p++;
        if (!pdm__given(&in->columns[LEAF_ORDER], row)) {
            return pdm__calc_fail(w->calc, IN_LEAVES, LEAF_ORDER, row, PDM_E_NULL_VALUE, err,
                                  "method chain needs the order of every leaf: there is no default");
        }
        PDM__TRY(pdm__calc_whole(w->calc, IN_LEAVES, LEAF_ORDER, row, PDM_E_BAD_VALUE, &value, err));
        if (value < key[p]) key[p] = value;
    }
    for (int32_t p = 0; p < w->players; p++) {
        int32_t at = p;
        for (; at > 0 && key[w->order[at - 1]] > key[p]; at--) w->order[at] = w->order[at - 1];
        w->order[at] = p;
    }
    for (int32_t i = 0; i < w->players; i++) w->place[w->order[i]] = i + 1;
    return PDM_OK;
}

static pdm_status decompose_segment(work *w, const pdm_tree *tree, int32_t segment, pdm_error *err) {
    size_t at = (size_t)segment * (size_t)w->leaf_count;
    size_t to = (size_t)segment * (size_t)w->players;
    pdm__change change = {.tree = tree, .x0 = w->x[0] + at, .x1 = w->x[1] + at, .player = w->player};
    change.names = w->names;
    change.players = w->players;
    pdm__arena *memory = &w->calc->memory;
    PDM__TRY(pdm__change_ends(memory, &change, &w->v[0][segment], &w->v[1][segment], err));
    if (w->chosen->method == PDM_DECOMPOSE_CHAIN) {
        return pdm__chain(memory, &change, w->order, w->effects + to, err);
    }
    if (w->chosen->method == PDM_DECOMPOSE_ORDER_RANGE) {
        PDM__TRY(pdm__order_range(memory, &change, w->low + to, w->high + to, err));
    }
    return pdm__shapley(memory, &change, w->effects + to, err);
}

static void sum_segments(work *w) {
    int32_t n = w->segments;
    for (int32_t side = 0; side < 2; side++) {
        pdm__sum s = {0.0, 0.0};
        for (int32_t g = 0; g < n; g++) pdm__sum_add(&s, w->v[side][g]);
        w->v[side][n] = pdm__sum_of(&s);
    }
    for (int32_t p = 0; p < w->players; p++) {
        pdm__sum sums[3] = {{0.0, 0.0}, {0.0, 0.0}, {0.0, 0.0}};
        for (int32_t g = 0; g < n; g++) {
            pdm__sum_add(&sums[0], w->effects[g * w->players + p]);
            pdm__sum_add(&sums[1], w->low[g * w->players + p]);
            pdm__sum_add(&sums[2], w->high[g * w->players + p]);
        }
        w->effects[n * w->players + p] = pdm__sum_of(&sums[0]);
        w->low[n * w->players + p] = pdm__sum_of(&sums[1]);
        w->high[n * w->players + p] = pdm__sum_of(&sums[2]);
    }
}

/* With one unnamed segment the sum is all there is. */
static int32_t first_shown(const work *w) {
    const pdm__values *segment = &w->calc->sheets[IN_LEAVES].columns[LEAF_SEGMENT];
    return w->segments == 1 && !pdm__given(segment, w->segment_row[0]) ? 1 : 0;
}

static const char *segment_name(const work *w, int32_t segment) {
    if (segment == w->segments) return NULL;
    return pdm__text_at(&w->calc->sheets[IN_LEAVES].columns[LEAF_SEGMENT], w->segment_row[segment], NULL);
}

static pdm_status put_effects(const work *w, pdm_error *err) {
    int32_t from = first_shown(w);
    bool ranged = w->chosen->method == PDM_DECOMPOSE_ORDER_RANGE;
    pdm__rows out;
    int64_t row = 0;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_EFFECTS, (int64_t)(w->segments + 1 - from) * w->players, NULL, &out, err));
    for (int32_t g = from; g <= w->segments; g++) {
        double total = w->v[1][g] - w->v[0][g];
        for (int32_t p = 0; p < w->players; p++, row++) {
            size_t at = (size_t)g * (size_t)w->players + (size_t)p;
            bool single = w->first_leaf[p] >= 0 && (g < w->segments || from == 1);
            size_t x =
                (size_t)(g < w->segments ? g : 0) * (size_t)w->leaf_count + (size_t)(single ? w->first_leaf[p] : 0);
            pdm__put_text(&out, 0, row, segment_name(w, g));
            pdm__put_text(&out, 1, row, w->names[p]);
            pdm__put_float(&out, 2, row, single ? w->x[0][x] : PDM__NAN);
            pdm__put_float(&out, 3, row, single ? w->x[1][x] : PDM__NAN);
            pdm__put_float(&out, 4, row, w->effects[at]);
            pdm__put_float(&out, 5, row, total == 0.0 ? PDM__NAN : w->effects[at] / total);
            pdm__put_float(&out, 6, row, ranged ? w->low[at] : PDM__NAN);
            pdm__put_float(&out, 7, row, ranged ? w->high[at] : PDM__NAN);
            pdm__put_int(&out, 8, row, w->place == NULL ? 0 : w->place[p]);
            if (w->place == NULL) pdm__put_null(&out, 8, row);
            pdm__put_status(&out, 9, row, total == 0.0 ? PDM_STATUS_ZERO_CHANGE : PDM_STATUS_OK, "nothing changed");
        }
    }
    return pdm__rows_end(&out);
}

static pdm_status put_summary(const work *w, pdm_error *err) {
    int32_t from = first_shown(w);
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_SUMMARY, w->segments + 1 - from, NULL, &out, err));
    for (int32_t g = from; g <= w->segments; g++) {
        pdm__sum sum = {0.0, 0.0};
        double size = fabs(w->v[0][g]) + fabs(w->v[1][g]);
        for (int32_t p = 0; p < w->players; p++) {
            pdm__sum_add(&sum, w->effects[g * w->players + p]);
            size += fabs(w->effects[g * w->players + p]);
        }
        double total = w->v[1][g] - w->v[0][g];
        double closure = pdm__sum_of(&sum) - total;
        pdm__put_text(&out, 0, g - from, segment_name(w, g));
        pdm__put_code(&out, 1, g - from, w->chosen->method, method_names);
        pdm__put_float(&out, 2, g - from, w->v[0][g]);
        pdm__put_float(&out, 3, g - from, w->v[1][g]);
        pdm__put_float(&out, 4, g - from, total);
        pdm__put_float(&out, 5, g - from, closure);
        pdm__put_status(&out, 6, g - from, fabs(closure) <= 1e-12 * size ? PDM_STATUS_OK : PDM_STATUS_CLOSURE, NULL);
    }
    return pdm__rows_end(&out);
}

static pdm_status run_tree(work *w, const pdm_tree *tree, pdm_error *err) {
    int64_t rows = (int64_t)(w->segments + 1) * w->players;
    if (w->chosen->method == PDM_DECOMPOSE_MIDPOINT && w->players != 2) {
        return pdm__calc_fail(w->calc, IN_LEAVES, LEAF_NAME, -1, PDM_E_TOO_MANY_FACTORS, err,
                              "method midpoint takes two factors, there are %d", w->players);
    }
    if (w->chosen->method == PDM_DECOMPOSE_CHAIN) PDM__TRY(read_order(w, err));
    PDM__TRY(pdm__calc_array(w->calc, rows, sizeof *w->effects, &w->effects, err));
    PDM__TRY(pdm__calc_array(w->calc, rows, sizeof *w->low, &w->low, err));
    PDM__TRY(pdm__calc_array(w->calc, rows, sizeof *w->high, &w->high, err));
    PDM__TRY(pdm__calc_array(w->calc, w->segments + 1, sizeof *w->v[0], &w->v[0], err));
    PDM__TRY(pdm__calc_array(w->calc, w->segments + 1, sizeof *w->v[1], &w->v[1], err));
    for (int32_t g = 0; g < w->segments; g++) PDM__TRY(decompose_segment(w, tree, g, err));
    sum_segments(w);
    PDM__TRY(put_effects(w, err));
    return put_summary(w, err);
}

static pdm_status decompose_run(pdm__calc *calc, pdm_error *err) {
    work w = {.calc = calc, .chosen = calc->options};
    pdm__leaf_set set;
    pdm_tree *tree = NULL;
    memset(&set, 0, sizeof set);
    PDM__TRY(read_leaves(&w, err));
    set.count = w.leaf_count;
    set.leaves = w.leaves;
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &set, NULL, &tree, err));
    pdm_status status = run_tree(&w, tree, err);
    pdm_tree_free(tree);
    return status;
}

PDM__CALCULATOR(decompose, pdm_decompose_options, "Change decomposition", "变动因素拆解",
                "How much of a change of a formula each of its factors explains.");
