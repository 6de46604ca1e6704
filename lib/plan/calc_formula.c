/* Calculator `formula`: values of all nodes, leaves with slope and elasticity, and the tree explained. */
#include "plan/formula_leaves.h"
#include "plan/registry.h"

enum { IN_FORMULA, IN_LEAVES };
enum { TABLE_NODES, TABLE_LEAVES, TABLE_EXPLAIN };

static const pdm_column_info formula_columns[] = {PDM__FORMULA_COLUMNS};
static const pdm_column_info leaf_columns[] = {
    PDM__LEAF_COLUMNS,
    [PDM__LEAF_VALUE] = {.name = "value",
                         .role = PDM_ROLE_FLOAT,
                         .required = 1,
                         .nullable = 1,
                         .unit = "",
                         .doc = "Its value; null makes what depends on it null."},
    [PDM__LEAF_MONTH] = PDM__COLUMN_OR_NULL("month", PDM_ROLE_KEY, "", "Month; null in all rows of a leaf: any month."),
    [PDM__LEAF_CHANNEL] = PDM__COLUMN_OR_NULL("channel", PDM_ROLE_TEXT, "", "Channel; likewise."),
    [PDM__LEAF_SEGMENT] = PDM__COLUMN_OR_NULL("segment", PDM_ROLE_TEXT, "", "Segment; likewise."),
};
static const pdm_list_info formula_inputs[] = {
    [IN_FORMULA] = PDM__INPUT("formula", formula_columns, PDM_INPUT_ONE, "The formula."),
    [IN_LEAVES] = PDM__INPUT("leaves", leaf_columns, PDM_INPUT_ROWS, "Values of the leaves, one row a cell."),
};
static const pdm__column_rule formula_rules[] = {PDM__NO_RULE};
static const pdm_option_info formula_options[] = {
    PDM__OPTION_STRICT(pdm_formula_options),
    {.name = "root",
     .type = PDM_OPTION_TEXT,
     .offset = offsetof(pdm_formula_options, root),
     .unit = "",
     .doc = "Statement that is the root; default the last one."},
};

#define CELL_RESULTS                                                                                                   \
    PDM__RESULT("month", PDM_TYPE_NONE, "", "Month; null where it carries none."),                                     \
        PDM__RESULT("channel", PDM_TYPE_LARGE_UTF8, "", "Channel; null where it carries none."),                       \
        PDM__RESULT("segment", PDM_TYPE_LARGE_UTF8, "", "Segment; null where it carries none.")

static const pdm_result_column_info node_columns[] = {
    PDM__RESULT("node", PDM_TYPE_LARGE_UTF8, "", "Name of the statement; the text of a root without name."),
    CELL_RESULTS,
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Its value."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info leaf_result_columns[] = {
    PDM__RESULT("leaf", PDM_TYPE_LARGE_UTF8, "", "Leaf."),
    CELL_RESULTS,
    PDM__RESULT("role", PDM_TYPE_DICTIONARY, "", "What it is."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Its value."),
    PDM__RESULT("grad", PDM_TYPE_FLOAT64, "of the root per unit", "Slope of the root (summed over its cells)."),
    PDM__RESULT("elasticity", PDM_TYPE_FLOAT64, "% per %", "Percent change of the root per 1 % of the leaf."),
    PDM__RESULT("kink", PDM_TYPE_BOOL, "", "A tie of min or max: the slope holds on one side only."),
    PDM__RESULT("used", PDM_TYPE_BOOL, "", "The root depends on it."),
    PDM__RESULT_STATUS,
};
static const pdm_result_column_info explain_columns[] = {
    PDM__RESULT("node", PDM_TYPE_INT64, "", "Row number; 0 is the root."),
    PDM__RESULT("parent", PDM_TYPE_INT64, "", "Row of the node that uses it; null at the root."),
    PDM__RESULT("depth", PDM_TYPE_INT32, "", "Steps below the root."),
    PDM__RESULT("op", PDM_TYPE_DICTIONARY, "", "What it does with its operands."),
    PDM__RESULT("text", PDM_TYPE_LARGE_UTF8, "", "Its name, or its text."),
    PDM__RESULT("value", PDM_TYPE_FLOAT64, "", "Its value; summed over its cells where that adds up to the root."),
    PDM__RESULT("share_of_parent", PDM_TYPE_FLOAT64, "", "value / value of the parent, under + only."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info formula_tables[] = {
    [TABLE_NODES] = PDM__TABLE("nodes", node_columns, "A cell of a named node or of the root."),
    [TABLE_LEAVES] = PDM__TABLE("leaves", leaf_result_columns, "A cell of a leaf."),
    [TABLE_EXPLAIN] = PDM__TABLE("explain", explain_columns, "A node below the root, parents first."),
};

typedef struct work {
    pdm__calc *calc;
    const pdm_tree *tree;
    pdm__leaf_set leaves;
    pdm__table_run run;
    double total; /* Σ of the defined root cells */
} work;

static bool is_shown(const work *w, int32_t i) {
    const pdm__node *node = &w->tree->nodes[i];
    return i == w->tree->live - 1 || (node->name != NULL && node->op != PDM__OP_LEAF);
}

/* month, channel and segment of a cell into columns 1 to 3. */
static void put_cell(const work *w, pdm__rows *out, int64_t row, int32_t dimensions, int64_t cell) {
    const pdm__sheet *sheet = &w->calc->sheets[IN_LEAVES];
    for (int32_t d = 2; d >= 0; d--) {
        const pdm__values *key = &sheet->columns[PDM__LEAF_MONTH + d];
        if ((dimensions & 1 << d) == 0) {
            pdm__put_null(out, 1 + d, row);
            continue;
        }
        pdm__put_key(out, 1 + d, row, key, w->leaves.member_row[d][cell % w->run.sizes[d]]);
        cell /= w->run.sizes[d];
    }
}

static int32_t status_at(const work *w, int32_t node, int64_t cell) {
    return w->run.status[node] == NULL ? PDM_STATUS_OK : w->run.status[node][cell];
}

static pdm_status put_nodes(const work *w, pdm_error *err) {
    const pdm__values *month = &w->calc->sheets[IN_LEAVES].columns[PDM__LEAF_MONTH];
    int64_t rows = 0;
    for (int32_t i = 0; i < w->tree->count; i++) {
        if (is_shown(w, i)) rows += pdm__table_cells(&w->run, w->tree->nodes[i].dimensions);
    }
    pdm__rows out;
    int64_t row = 0;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_NODES, rows, month, &out, err));
    for (int32_t i = 0; i < w->tree->count; i++) {
        const pdm__node *node = &w->tree->nodes[i];
        char buffer[128];
        if (!is_shown(w, i)) continue;
        const char *label = pdm__node_label(w->tree, node, buffer, sizeof buffer);
        int64_t cells = pdm__table_cells(&w->run, node->dimensions);
        for (int64_t c = 0; c < cells; c++, row++) {
            pdm__put_text(&out, 0, row, label);
            put_cell(w, &out, row, node->dimensions, c);
            pdm__put_float(&out, 4, row, w->run.value[i][c]);
            pdm__put_status(&out, 5, row, status_at(w, i, c), label);
        }
    }
    return pdm__rows_end(&out);
}

/* Per node: below a tie of min or max. */
static pdm_status find_kinks(const work *w, uint8_t **out, pdm_error *err) {
    uint8_t *marked = NULL;
    PDM__TRY(pdm__calc_array(w->calc, w->tree->count, 1, &marked, err));
    for (int32_t i = w->tree->live - 1; i >= 0; i--) {
        const pdm__node *node = &w->tree->nodes[i];
        if (marked[i] == 0 && w->run.kink[i] == 0) continue;
        for (int32_t k = 0; k < node->count; k++) marked[pdm__operand_index(w->tree, node, k)] = 1;
    }
    *out = marked;
    return PDM_OK;
}

static pdm_status put_leaves(const work *w, pdm_error *err) {
    const pdm__values *month = &w->calc->sheets[IN_LEAVES].columns[PDM__LEAF_MONTH];
    uint8_t *kinks = NULL;
    int32_t *node_of = NULL;
    int64_t rows = 0;
    PDM__TRY(find_kinks(w, &kinks, err));
    PDM__TRY(pdm__calc_array(w->calc, w->leaves.count, sizeof *node_of, &node_of, err));
    for (int32_t i = 0; i < w->leaves.count; i++) {
        node_of[i] = -1;
        rows += pdm__table_cells(&w->run, w->leaves.leaves[i].dimensions);
    }
    for (int32_t i = 0; i < w->tree->live; i++) {
        if (w->tree->nodes[i].op == PDM__OP_LEAF) node_of[w->tree->nodes[i].leaf] = i;
    }
    pdm__rows out;
    int64_t row = 0;
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_LEAVES, rows, month, &out, err));
    for (int32_t i = 0; i < w->leaves.count; i++) {
        const pdm_leaf *leaf = &w->leaves.leaves[i];
        int64_t cells = pdm__table_cells(&w->run, leaf->dimensions);
        for (int64_t c = 0; c < cells; c++, row++) {
            double value = w->leaves.table[i][c];
            double slope = node_of[i] < 0 ? 0.0 : w->run.adjoint[node_of[i]][c];
            bool missing = isnan(value);
            int32_t status = missing ? PDM_STATUS_MISSING_LEAF : w->total == 0.0 ? PDM_STATUS_ZERO_BASE : PDM_STATUS_OK;
            if (status == PDM_STATUS_OK && !isfinite(slope)) status = PDM_STATUS_OVERFLOW;
            pdm__put_text(&out, 0, row, leaf->name);
            put_cell(w, &out, row, leaf->dimensions, c);
            pdm__put_code(&out, 4, row, leaf->role, pdm__leaf_role_names);
            pdm__put_float(&out, 5, row, value);
            pdm__put_float(&out, 6, row, missing ? PDM__NAN : slope);
            pdm__put_float(&out, 7, row, status == PDM_STATUS_OK ? value / w->total * slope : PDM__NAN);
            pdm__put_bool(&out, 8, row, node_of[i] >= 0 && kinks[node_of[i]] != 0);
            pdm__put_bool(&out, 9, row, w->tree->used[i] != 0);
            pdm__put_status(&out, 10, row, status, leaf->name);
        }
    }
    return pdm__rows_end(&out);
}

/* A row of table explain. */
typedef struct line {
    int32_t node;
    int32_t parent; /* line, −1 = root */
    int32_t depth;
    bool additive; /* every node above adds it up: its cells may be summed */
} line;

static double line_value(const work *w, const line *l) {
    const pdm__node *node = &w->tree->nodes[l->node];
    int64_t cells = pdm__table_cells(&w->run, node->dimensions);
    if (cells == 1) return w->run.value[l->node][0];
    if (!l->additive) return PDM__NAN;
    pdm__sum s = {0.0, 0.0};
    for (int64_t c = 0; c < cells; c++) pdm__sum_add(&s, w->run.value[l->node][c]);
    return pdm__sum_of(&s);
}

/* Lines in pre-order; a node that is used in several places is opened at the first. */
static pdm_status make_lines(const work *w, line **out, int64_t *count, pdm_error *err) {
    const pdm_tree *tree = w->tree;
    int64_t room = 1;
    for (int32_t i = 0; i < tree->live; i++) room += tree->nodes[i].count;
    line *lines = NULL;
    line *stack = NULL;
    uint8_t *opened = NULL;
    PDM__TRY(pdm__calc_array(w->calc, room, sizeof *lines, &lines, err));
    PDM__TRY(pdm__calc_array(w->calc, room, sizeof *stack, &stack, err));
    PDM__TRY(pdm__calc_array(w->calc, tree->count, 1, &opened, err));
    int64_t top = 0;
    int64_t n = 0;
    stack[top++] = (line){.node = tree->live - 1, .parent = -1, .additive = true};
    while (top > 0) {
        line l = stack[--top];
        const pdm__node *node = &tree->nodes[l.node];
        bool adds = l.additive && (node->op == PDM__OP_ADD || node->op == PDM__OP_SUB || node->op == PDM__OP_SUM);
        lines[n] = l;
        for (int32_t k = node->count - 1; k >= 0 && opened[l.node] == 0; k--) {
            line below = {.parent = (int32_t)n, .depth = l.depth + 1, .additive = adds};
            below.node = pdm__operand_index(tree, node, k);
            /* Spread over more cells than it has, a part would be counted several times. */
            if (tree->nodes[below.node].dimensions != (node->dimensions | node->sum)) below.additive = false;
            stack[top++] = below;
        }
        opened[l.node] = 1;
        n++;
    }
    *out = lines;
    *count = n;
    return PDM_OK;
}

static pdm_status put_explain(const work *w, pdm_error *err) {
    line *lines = NULL;
    int64_t count = 0;
    pdm__rows out;
    PDM__TRY(make_lines(w, &lines, &count, err));
    PDM__TRY(pdm__rows_begin(w->calc, TABLE_EXPLAIN, count, NULL, &out, err));
    for (int64_t i = 0; i < count; i++) {
        const line *l = &lines[i];
        const pdm__node *node = &w->tree->nodes[l->node];
        char buffer[256];
        double value = line_value(w, l);
        bool under_sum = l->parent >= 0 && w->tree->nodes[lines[l->parent].node].op == PDM__OP_ADD;
        double whole = under_sum ? line_value(w, &lines[l->parent]) : PDM__NAN;
        int32_t status = w->run.status[l->node] == NULL ? PDM_STATUS_OK : w->run.status[l->node][0];
        if (status == PDM_STATUS_OK && under_sum && whole == 0.0) status = PDM_STATUS_ZERO_BASE;
        if (node->op == PDM__OP_CONST) (void)pdm__node_label(w->tree, node, buffer, sizeof buffer);
        pdm__put_int(&out, 0, i, i);
        pdm__put_int(&out, 1, i, l->parent);
        if (l->parent < 0) pdm__put_null(&out, 1, i);
        pdm__put_int(&out, 2, i, l->depth);
        pdm__put_code(&out, 3, i, node->op, pdm__op_names);
        pdm__put_text(&out, 4, i, pdm__node_label(w->tree, node, buffer, sizeof buffer));
        pdm__put_float(&out, 5, i, value);
        pdm__put_float(&out, 6, i, under_sum && whole != 0.0 ? value / whole : PDM__NAN);
        pdm__put_status(&out, 7, i, status, "explain");
    }
    return pdm__rows_end(&out);
}

static pdm_status evaluate(work *w, pdm_error *err) {
    PDM__TRY(pdm__table_evaluate(&w->run, w->tree, &w->leaves.sizes, (const double *const *)w->leaves.table,
                                 &w->calc->memory, err));
    PDM__TRY(pdm__table_gradient(&w->run, err));
    int32_t root = w->tree->live - 1;
    int64_t cells = pdm__table_cells(&w->run, w->tree->nodes[root].dimensions);
    pdm__sum s = {0.0, 0.0};
    for (int64_t c = 0; c < cells; c++) {
        if (isfinite(w->run.value[root][c])) pdm__sum_add(&s, w->run.value[root][c]);
    }
    w->total = pdm__sum_of(&s);
    PDM__TRY(put_nodes(w, err));
    PDM__TRY(put_leaves(w, err));
    return put_explain(w, err);
}

static pdm_status formula_run(pdm__calc *calc, pdm_error *err) {
    const pdm_formula_options *chosen = calc->options;
    work w = {.calc = calc};
    pdm_tree *tree = NULL;
    PDM__TRY(pdm__leaves_read_tables(calc, IN_LEAVES, &w.leaves, err));
    PDM__TRY(pdm__formula_read(calc, IN_FORMULA, &w.leaves, chosen->root, &tree, err));
    w.tree = tree;
    pdm_status status = evaluate(&w, err);
    pdm_tree_free(tree);
    return status;
}

PDM__CALCULATOR(formula, pdm_formula_options, "Formula tree", "公式树",
                "Evaluates a KPI formula over months, channels and segments, with slopes and elasticities.");
