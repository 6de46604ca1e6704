/* Calculator `nested`: a whole total down several levels, exact at every node. */
#include "plan/apportion.h"
#include "plan/registry.h"

#include <xxhash.h>

#define MAX_LEVELS 6

enum { IN_TARGET, IN_LEVELS, IN_SHARES };
enum { LEVEL_NAME, LEVEL_METHOD };
enum { SHARE_LEVEL, SHARE_PARENT, SHARE_PART, SHARE_WEIGHT };
enum { TABLE_CELLS, TABLE_NODES, TABLE_SUMMARY };
enum { CELL_AMOUNT = MAX_LEVELS };

static const pdm_column_info target_columns[] = {
    PDM__COLUMN("total", PDM_ROLE_MONEY, "minor units, people …", "What is split; a whole number."),
};
static const pdm_column_info level_columns[] = {
    [LEVEL_NAME] = PDM__COLUMN("level", PDM_ROLE_TEXT, "", "Name of the level, top first: month, channel, segment …"),
    [LEVEL_METHOD] = PDM__COLUMN_OR_NULL("method", PDM_ROLE_TEXT, "", "Rule of this level; null = option method."),
};
static const pdm_column_info share_columns[] = {
    [SHARE_LEVEL] = PDM__COLUMN("level", PDM_ROLE_TEXT, "", "Level that the part is on."),
    [SHARE_PARENT] = PDM__COLUMN_OR_NULL("parent", PDM_ROLE_TEXT, "",
                                         "Part of the level above that this share holds for; null = for all others."),
    [SHARE_PART] = PDM__COLUMN("part", PDM_ROLE_TEXT, "", "Name of the part."),
    [SHARE_WEIGHT] = PDM__COLUMN("weight", PDM_ROLE_FLOAT, "", "Its weight among its siblings, 0 or more."),
};
static const pdm_list_info nested_inputs[] = {
    [IN_TARGET] = PDM__INPUT("target", target_columns, PDM_INPUT_ONE, "The total."),
    [IN_LEVELS] = PDM__INPUT("levels", level_columns, PDM_INPUT_ROWS, "The levels, top first; up to six."),
    [IN_SHARES] = PDM__INPUT("shares", share_columns, PDM_INPUT_ROWS, "The parts of each level."),
};
static const pdm__column_rule nested_rules[] = {
    {IN_TARGET, 0, PDM_E_BAD_TOTAL, -PDM__INF, PDM__INF},
    {IN_SHARES, SHARE_WEIGHT, PDM_E_BAD_WEIGHT, 0.0, PDM__INF},
};

static const pdm_option_info nested_options[] = {
    PDM__OPTION_STRICT(pdm_nested_options),
    PDM__OPTION_ENUM(pdm_nested_options, method, pdm__apportion_method_names, "Rule of levels that name none."),
    PDM__OPTION_ENUM(pdm_nested_options, zero_policy, pdm__zero_policy_names,
                     "Siblings whose weights are all 0: an error, or equal parts."),
};

#define LEVEL_RESULT(name) PDM__RESULT(name, PDM_TYPE_LARGE_UTF8, "", "Part on that level; null below the last level.")

static const pdm_result_column_info cell_columns[] = {
    LEVEL_RESULT("level_1"),
    LEVEL_RESULT("level_2"),
    LEVEL_RESULT("level_3"),
    LEVEL_RESULT("level_4"),
    LEVEL_RESULT("level_5"),
    LEVEL_RESULT("level_6"),
    [CELL_AMOUNT] = PDM__RESULT("amount", PDM_TYPE_INT64, "as the total", "What the cell gets."),
};
static const pdm_result_column_info node_columns[] = {
    PDM__RESULT("node", PDM_TYPE_INT64, "", "Number of the node; parents come first."),
    PDM__RESULT("parent", PDM_TYPE_INT64, "", "Number of the node above; null on the first level."),
    PDM__RESULT("level", PDM_TYPE_LARGE_UTF8, "", "Level."),
    PDM__RESULT("part", PDM_TYPE_LARGE_UTF8, "", "Part."),
    PDM__RESULT("amount", PDM_TYPE_INT64, "as the total", "What it gets: the sum of its children."),
};
static const pdm_result_column_info summary_columns[] = {
    PDM__RESULT("method", PDM_TYPE_DICTIONARY, "", "Rule of levels that name none."),
    PDM__RESULT("total", PDM_TYPE_INT64, "", "What was split."),
    PDM__RESULT("closure", PDM_TYPE_INT64, "as the total", "Σ amount of the cells − total: 0."),
    PDM__RESULT("tie_at_cut", PDM_TYPE_BOOL, "", "A tie, broken by the order of the rows, decided somewhere."),
    PDM__RESULT_STATUS,
};
static const pdm_table_info nested_tables[] = {
    [TABLE_CELLS] = PDM__TABLE("cells", cell_columns, "A cell of the lowest level."),
    [TABLE_NODES] = PDM__TABLE("nodes", node_columns, "A node of any level."),
    [TABLE_SUMMARY] = PDM__TABLE("summary", summary_columns, "One row: how it was split."),
};

/* A node of the tree that is being grown, level by level. */
typedef struct node {
    int64_t amount;
    int32_t parent; /* node, −1 = the total */
    int32_t row;    /* of shares */
    int32_t level;
    int32_t reserved;
} node;

/* Rows of shares with one level and parent, chained; found by hash. */
typedef struct grower {
    pdm__calc *calc;
    const pdm__values *level;
    const pdm__values *parent;
    int32_t *heads; /* slot → row + 1 of the first row of a group */
    size_t slots;
    int32_t *next; /* next row of the group, −1 = last */
    node *nodes;
    int64_t count;
    int64_t room;
    double *weights;
    int64_t *whole;
    int64_t *amounts;
    bool tie;
} grower;

static size_t slot_of(const grower *g, const char *level, const char *parent) {
    uint64_t seed = parent == NULL ? 1 : XXH3_64bits(parent, strlen(parent));
    return (size_t)XXH3_64bits_withSeed(level, strlen(level), seed) & (g->slots - 1);
}

static bool same(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

/* Slot of the group, or the free slot where it would be. */
static size_t find_group(const grower *g, const char *level, const char *parent) {
    size_t at = slot_of(g, level, parent);
    for (; g->heads[at] != 0; at = (at + 1) & (g->slots - 1)) {
        int64_t row = g->heads[at] - 1;
        if (same(g->level->text[row], level) && same(pdm__text_at(g->parent, row, NULL), parent)) break;
    }
    return at;
}

static pdm_status make_groups(grower *g, pdm_error *err) {
    int64_t rows = g->calc->sheets[IN_SHARES].rows;
    g->slots = 16;
    while (g->slots < 2 * (size_t)rows) g->slots *= 2;
    PDM__TRY(pdm__calc_array(g->calc, (int64_t)g->slots, sizeof *g->heads, &g->heads, err));
    PDM__TRY(pdm__calc_array(g->calc, rows, sizeof *g->next, &g->next, err));
    for (int64_t row = rows - 1; row >= 0; row--) { /* backwards, so that chains run forwards */
        size_t at = find_group(g, g->level->text[row], pdm__text_at(g->parent, row, NULL));
        g->next[row] = g->heads[at] - 1;
        g->heads[at] = (int32_t)row + 1;
    }
    return PDM_OK;
}

static pdm_status reserve(grower *g, int64_t more, pdm_error *err) {
    if (g->count + more <= g->room) return PDM_OK;
    int64_t room = 2 * g->room + more;
    node *larger = NULL;
    if (room > INT32_MAX / 4) {
        return pdm__fail(err, PDM_E_TOO_MANY_CELLS, -1, NULL, "the levels multiply to more than %d nodes",
                         INT32_MAX / 4);
    }
    PDM__TRY(pdm__calc_array(g->calc, room, sizeof *larger, &larger, err));
    if (g->count > 0) memcpy(larger, g->nodes, (size_t)g->count * sizeof *larger);
    g->nodes = larger;
    g->room = room;
    return PDM_OK;
}

/* Splits one node over the parts of the next level. */
static pdm_status grow(grower *g, int32_t parent, int64_t amount, int32_t level, int32_t method, pdm_error *err) {
    const pdm__sheet *shares = &g->calc->sheets[IN_SHARES];
    const pdm__values *weight = &shares->columns[SHARE_WEIGHT];
    const pdm_nested_options *chosen = g->calc->options;
    const char *name = g->calc->sheets[IN_LEVELS].columns[LEVEL_NAME].text[level];
    const char *above = parent < 0 ? NULL : shares->columns[SHARE_PART].text[g->nodes[parent].row];
    int32_t row = g->heads[find_group(g, name, above)] - 1;
    if (row < 0) row = g->heads[find_group(g, name, NULL)] - 1;
    if (row < 0) {
        return pdm__calc_fail(g->calc, IN_SHARES, SHARE_PARENT, -1, PDM_E_LENGTH, err,
                              "level \"%.40s\" has no shares for parent \"%.40s\"", name, above == NULL ? "" : above);
    }
    int64_t n = 0;
    for (int32_t r = row; r >= 0; r = g->next[r]) {
        g->weights[n] = weight->f64[r];
        if (weight->i64 != NULL) g->whole[n] = weight->i64[r];
        n++;
    }
    bool tie = false;
    pdm_status status = pdm__apportion(g->calc->context, method, chosen->zero_policy, amount, g->weights,
                                       weight->i64 != NULL ? g->whole : NULL, n, g->amounts, NULL, &tie, err);
    if (status == PDM_E_ZERO_WEIGHTS) {
        return pdm__calc_fail(g->calc, IN_SHARES, SHARE_WEIGHT, row, status, err,
                              "all shares of level \"%.40s\" below \"%.40s\" are 0", name, above == NULL ? "" : above);
    }
    PDM__TRY(status);
    g->tie = g->tie || tie;
    PDM__TRY(reserve(g, n, err));
    for (int32_t r = row, i = 0; r >= 0; r = g->next[r], i++) {
        g->nodes[g->count++] = (node){.amount = g->amounts[i], .parent = parent, .row = r, .level = level};
    }
    return PDM_OK;
}

static pdm_status grow_all(grower *g, int64_t total, pdm_error *err) {
    const pdm_nested_options *chosen = g->calc->options;
    const pdm__sheet *levels = &g->calc->sheets[IN_LEVELS];
    int64_t from = 0;
    for (int64_t level = 0; level < levels->rows; level++) {
        int64_t to = g->count;
        int32_t method = chosen->method;
        if (pdm__given(&levels->columns[LEVEL_METHOD], level)) {
            PDM__TRY(
                pdm__calc_choice(g->calc, IN_LEVELS, LEVEL_METHOD, level, pdm__apportion_method_names, &method, err));
        }
        if (level == 0) PDM__TRY(grow(g, -1, total, 0, method, err));
        for (int64_t i = from; level > 0 && i < to; i++) {
            PDM__TRY(grow(g, (int32_t)i, g->nodes[i].amount, (int32_t)level, method, err));
        }
        from = to;
    }
    return PDM_OK;
}

static pdm_status put_nodes(const grower *g, pdm_error *err) {
    const pdm__values *level = &g->calc->sheets[IN_LEVELS].columns[LEVEL_NAME];
    const pdm__values *part = &g->calc->sheets[IN_SHARES].columns[SHARE_PART];
    pdm__rows out;
    PDM__TRY(pdm__rows_begin(g->calc, TABLE_NODES, g->count, NULL, &out, err));
    for (int64_t i = 0; i < g->count; i++) {
        const node *n = &g->nodes[i];
        pdm__put_int(&out, 0, i, i);
        pdm__put_int(&out, 1, i, n->parent);
        if (n->parent < 0) pdm__put_null(&out, 1, i);
        pdm__put_text(&out, 2, i, level->text[n->level]);
        pdm__put_text(&out, 3, i, part->text[n->row]);
        pdm__put_int(&out, 4, i, n->amount);
    }
    return pdm__rows_end(&out);
}

static pdm_status put_cells(const grower *g, int64_t total, pdm_error *err) {
    const pdm_nested_options *chosen = g->calc->options;
    const pdm__values *part = &g->calc->sheets[IN_SHARES].columns[SHARE_PART];
    int32_t last = (int32_t)g->calc->sheets[IN_LEVELS].rows - 1;
    int64_t from = g->count;
    while (from > 0 && g->nodes[from - 1].level == last) from--;
    pdm__rows out;
    pdm__int128 sum = 0;
    PDM__TRY(pdm__rows_begin(g->calc, TABLE_CELLS, g->count - from, NULL, &out, err));
    for (int64_t i = from; i < g->count; i++) {
        const char *names[MAX_LEVELS] = {NULL};
        for (int32_t at = (int32_t)i; at >= 0; at = g->nodes[at].parent) {
            names[g->nodes[at].level] = part->text[g->nodes[at].row];
        }
        for (int32_t l = 0; l < MAX_LEVELS; l++) pdm__put_text(&out, l, i - from, names[l]);
        pdm__put_int(&out, CELL_AMOUNT, i - from, g->nodes[i].amount);
        sum += g->nodes[i].amount;
    }
    PDM__TRY(pdm__rows_end(&out));
    PDM__TRY(put_nodes(g, err));
    PDM__TRY(pdm__rows_begin(g->calc, TABLE_SUMMARY, 1, NULL, &out, err));
    pdm__put_code(&out, 0, 0, chosen->method, pdm__apportion_method_names);
    pdm__put_int(&out, 1, 0, total);
    pdm__put_int(&out, 2, 0, (int64_t)(sum - total));
    pdm__put_bool(&out, 3, 0, g->tie);
    pdm__put_status(&out, 4, 0, PDM_STATUS_OK, NULL);
    return pdm__rows_end(&out);
}

static pdm_status nested_run(pdm__calc *calc, pdm_error *err) {
    const pdm__sheet *shares = &calc->sheets[IN_SHARES];
    int64_t total = 0;
    if (calc->sheets[IN_LEVELS].rows > MAX_LEVELS) {
        return pdm__calc_fail(calc, IN_LEVELS, -1, -1, PDM_E_LIMIT, err, "%lld levels; up to %d are allowed",
                              (long long)calc->sheets[IN_LEVELS].rows, MAX_LEVELS);
    }
    PDM__TRY(pdm__calc_whole(calc, IN_TARGET, 0, 0, PDM_E_BAD_TOTAL, &total, err));
    grower g = {.calc = calc, .level = &shares->columns[SHARE_LEVEL], .parent = &shares->columns[SHARE_PARENT]};
    PDM__TRY(pdm__calc_array(calc, shares->rows, sizeof *g.weights, &g.weights, err));
    PDM__TRY(pdm__calc_array(calc, shares->rows, sizeof *g.whole, &g.whole, err));
    PDM__TRY(pdm__calc_array(calc, shares->rows, sizeof *g.amounts, &g.amounts, err));
    PDM__TRY(make_groups(&g, err));
    PDM__TRY(grow_all(&g, total, err));
    return put_cells(&g, total, err);
}

PDM__CALCULATOR(nested, pdm_nested_options, "Split down the levels", "逐级目标拆解",
                "Splits a whole total from level to level so that children always add up to their parent.");
