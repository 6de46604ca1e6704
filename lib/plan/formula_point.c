/* A formula at one point: values, reverse-mode gradient, ties. */
#include "plan/formula.h"

#include <stdio.h>

const char *const pdm__leaf_role_names[] = {"free", "count", "rate", "ratio", "money", NULL};
const char *const pdm__op_names[] = {"constant", "leaf", "+", "-", "*", "/", "neg", "^", "min", "max", "sum", NULL};

pdm_status pdm__leaf_check(int32_t role, double value) {
    switch (role) {
    case PDM_LEAF_RATE: return value >= 0.0 && value <= 1.0 ? PDM_OK : PDM_E_BAD_RATE;
    case PDM_LEAF_RATIO: return value >= 0.0 ? PDM_OK : PDM_E_BAD_RATE;
    case PDM_LEAF_COUNT: return value >= 0.0 ? PDM_OK : PDM_E_BAD_COUNT;
    case PDM_LEAF_MONEY: return value >= 0.0 ? PDM_OK : PDM_E_BAD_AMOUNT;
    default: return PDM_OK;
    }
}

void pdm__leaf_bounds(int32_t role, double *low, double *high) {
    *low = role == PDM_LEAF_FREE ? -PDM__INF : 0.0;
    *high = role == PDM_LEAF_RATE ? 1.0 : PDM__INF;
}

const char *pdm__node_label(const pdm_tree *tree, const pdm__node *node, char *buffer, size_t capacity) {
    if (node->name != NULL) return node->name;
    size_t length = (size_t)(node->to - node->from);
    if (length >= capacity) length = capacity - 1;
    memcpy(buffer, tree->text + node->from, length);
    while (length > 0 && (buffer[length - 1] == ' ' || buffer[length - 1] == '\n' || buffer[length - 1] == '\r'))
        length--;
    buffer[length] = '\0';
    return buffer;
}

pdm_status pdm__point_init(pdm__point *point, const pdm_tree *tree, pdm__arena *memory, pdm_error *err) {
    memset(point, 0, sizeof *point);
    point->tree = tree;
    point->culprit = -1;
    size_t count = (size_t)tree->count;
    PDM__TRY(pdm__arena_take(memory, count * sizeof *point->value, &point->value, err));
    PDM__TRY(pdm__arena_take(memory, count * sizeof *point->adjoint, &point->adjoint, err));
    return pdm__arena_take(memory, ((size_t)tree->most_operands + 1) * sizeof *point->scratch, &point->scratch, err);
}

static double fold_operands(const pdm__point *point, const pdm__node *node) {
    double value = point->value[pdm__operand_index(point->tree, node, 0)];
    for (int32_t k = 1; k < node->count; k++) {
        double other = point->value[pdm__operand_index(point->tree, node, k)];
        if (node->op == PDM__OP_MUL) {
            value *= other;
        } else if (node->op == PDM__OP_ADD) {
            value += other;
        } else if (isnan(value) || isnan(other)) {
            value = PDM__NAN;
        } else if (node->op == PDM__OP_MIN ? other < value : other > value) {
            value = other;
        }
    }
    return value;
}

static double node_value(const pdm__point *point, const pdm__node *node, const double *leaves) {
    const double *v = point->value;
    const int32_t *at = point->tree->operands + node->first;
    switch ((pdm__op)node->op) {
    case PDM__OP_CONST: return node->value;
    case PDM__OP_LEAF: return leaves[node->leaf];
    case PDM__OP_SUB: return v[at[0]] - v[at[1]];
    case PDM__OP_DIV: return v[at[1]] == 0.0 ? PDM__NAN : v[at[0]] / v[at[1]];
    case PDM__OP_NEG: return -v[at[0]];
    case PDM__OP_POW: return v[at[0]] == 0.0 && node->value < 0.0 ? PDM__NAN : pow(v[at[0]], node->value);
    case PDM__OP_SUM: return v[at[0]];
    case PDM__OP_ADD:
    case PDM__OP_MUL:
    case PDM__OP_MIN:
    case PDM__OP_MAX: return fold_operands(point, node);
    case PDM__OP_REF: break;
    }
    return PDM__NAN;
}

/* Why a node without value has none; operands were defined. */
static int32_t why_undefined(const pdm__point *point, const pdm__node *node) {
    const int32_t *at = point->tree->operands + node->first;
    if (node->op == PDM__OP_LEAF) return PDM_STATUS_MISSING_LEAF;
    if (node->op == PDM__OP_DIV && point->value[at[1]] == 0.0) return PDM_STATUS_DIV_BY_ZERO;
    if (node->op == PDM__OP_POW && point->value[at[0]] == 0.0 && node->value < 0.0) return PDM_STATUS_DIV_BY_ZERO;
    return PDM_STATUS_OVERFLOW;
}

/* Value of one node; false, with status and culprit, if it has none. */
static bool evaluate_node(pdm__point *point, int32_t i, const double *leaves) {
    const pdm__node *node = &point->tree->nodes[i];
    point->value[i] = node_value(point, node, leaves);
    if (isfinite(point->value[i])) return true;
    point->status = why_undefined(point, node);
    point->culprit = i;
    return false;
}

double pdm__point_value(pdm__point *point, const double *leaves) {
    point->status = PDM_STATUS_OK;
    point->culprit = -1;
    for (int32_t i = 0; i < point->tree->live; i++) {
        if (!evaluate_node(point, i, leaves)) return PDM__NAN;
    }
    return point->value[point->tree->live - 1];
}

double pdm__point_values(pdm__point *point, const double *leaves, const int32_t *nodes, int32_t count) {
    point->status = PDM_STATUS_OK;
    point->culprit = -1;
    for (int32_t k = 0; k < count; k++) {
        if (!evaluate_node(point, nodes[k], leaves)) return PDM__NAN;
    }
    return point->value[nodes[count - 1]];
}

void pdm__point_all(pdm__point *point, const double *leaves, int32_t *statuses) {
    const pdm_tree *tree = point->tree;
    for (int32_t i = 0; i < tree->count; i++) {
        const pdm__node *node = &tree->nodes[i];
        statuses[i] = PDM_STATUS_OK;
        for (int32_t k = 0; k < node->count && statuses[i] == PDM_STATUS_OK; k++) {
            statuses[i] = statuses[pdm__operand_index(tree, node, k)];
        }
        point->value[i] = statuses[i] == PDM_STATUS_OK ? node_value(point, node, leaves) : PDM__NAN;
        if (statuses[i] == PDM_STATUS_OK && !isfinite(point->value[i])) {
            statuses[i] = why_undefined(point, node);
            point->value[i] = PDM__NAN;
        }
    }
}

/* Σ over operands of adjoint · product of the others: prefix products up, suffix product down, right at zeros too. */
static void spread_product(pdm__point *point, const pdm__node *node, double adjoint) {
    const int32_t *at = point->tree->operands + node->first;
    double running = 1.0;
    for (int32_t k = 0; k < node->count; k++) {
        point->scratch[k] = running;
        running *= point->value[at[k]];
    }
    running = adjoint;
    for (int32_t k = node->count - 1; k >= 0; k--) {
        point->adjoint[at[k]] += running * point->scratch[k];
        running *= point->value[at[k]];
    }
}

/* The first operand that has the extreme value takes the slope. */
static void spread_extreme(pdm__point *point, const pdm__node *node, double value, double adjoint) {
    const int32_t *at = point->tree->operands + node->first;
    int32_t k = 0;
    while (k + 1 < node->count && point->value[at[k]] != value) k++;
    point->adjoint[at[k]] += adjoint;
}

/* In the order of operations of the tables, so that both give the same bits. */
void pdm__point_spread(pdm__point *point, int32_t i) {
    const pdm__node *node = &point->tree->nodes[i];
    const int32_t *at = point->tree->operands + node->first;
    double a = point->adjoint[i];
    if (a == 0.0) return; /* 0 · ∞ would be none */
    switch ((pdm__op)node->op) {
    case PDM__OP_ADD:
        for (int32_t k = 0; k < node->count; k++) point->adjoint[at[k]] += a;
        break;
    case PDM__OP_SUB:
        point->adjoint[at[0]] += a;
        point->adjoint[at[1]] -= a;
        break;
    case PDM__OP_MUL: spread_product(point, node, a); break;
    case PDM__OP_DIV:
        point->adjoint[at[0]] += a * (1.0 / point->value[at[1]]);
        point->adjoint[at[1]] += a * (-point->value[i] / point->value[at[1]]);
        break;
    case PDM__OP_NEG: point->adjoint[at[0]] -= a; break;
    case PDM__OP_POW:
        if (node->value != 0.0)
            point->adjoint[at[0]] += a * (node->value * pow(point->value[at[0]], node->value - 1.0));
        break;
    case PDM__OP_MIN:
    case PDM__OP_MAX: spread_extreme(point, node, point->value[i], a); break;
    case PDM__OP_SUM: point->adjoint[at[0]] += a; break;
    case PDM__OP_LEAF:
    case PDM__OP_CONST:
    case PDM__OP_REF: break;
    }
}

void pdm__point_gradient(pdm__point *point, double *gradient) {
    const pdm_tree *tree = point->tree;
    memset(point->adjoint, 0, (size_t)tree->live * sizeof *point->adjoint);
    for (int32_t i = 0; i < tree->leaf_count; i++) gradient[i] = 0.0;
    point->adjoint[tree->live - 1] = 1.0;
    for (int32_t i = tree->live - 1; i >= 0; i--) {
        if (tree->nodes[i].op == PDM__OP_LEAF) {
            gradient[tree->nodes[i].leaf] = point->adjoint[i];
        } else {
            pdm__point_spread(point, i);
        }
    }
}

static bool is_tied(const pdm__point *point, int32_t i) {
    const pdm__node *node = &point->tree->nodes[i];
    int32_t equal = 0;
    if (node->op != PDM__OP_MIN && node->op != PDM__OP_MAX) return false;
    for (int32_t k = 0; k < node->count; k++) {
        equal += point->value[pdm__operand_index(point->tree, node, k)] == point->value[i] ? 1 : 0;
    }
    return equal > 1;
}

void pdm__point_kinks(const pdm__point *point, uint8_t *kinks) {
    const pdm_tree *tree = point->tree;
    for (int32_t i = 0; i < tree->live; i++) point->adjoint[i] = 0.0;
    for (int32_t i = tree->live - 1; i >= 0; i--) {
        const pdm__node *node = &tree->nodes[i];
        bool marked = point->adjoint[i] != 0.0 || is_tied(point, i);
        for (int32_t k = 0; marked && k < node->count; k++) {
            point->adjoint[pdm__operand_index(tree, node, k)] = 1.0;
        }
        if (node->op == PDM__OP_LEAF) kinks[node->leaf] = marked ? 1 : 0;
    }
}

pdm_status pdm__point_fail(const pdm__point *point, pdm_error *err) {
    const pdm__node *node = &point->tree->nodes[point->culprit];
    char buffer[64];
    const char *label = pdm__node_label(point->tree, node, buffer, sizeof buffer);
    if (point->status == PDM_STATUS_DIV_BY_ZERO) {
        const pdm__node *by = pdm__operand(point->tree, node, node->op == PDM__OP_DIV ? 1 : 0);
        char other[64];
        return pdm__fail(err, PDM_E_ROW_STATUS(point->status), -1, label, "\"%s\" divides by \"%s\", which is 0", label,
                         pdm__node_label(point->tree, by, other, sizeof other));
    }
    return pdm__fail(err, PDM_E_ROW_STATUS(point->status), -1, label,
                     point->status == PDM_STATUS_MISSING_LEAF ? "leaf \"%s\" is missing" : "\"%s\" is not finite",
                     label);
}

/* ---- typed ---- */

static pdm_status evaluate(const pdm_tree *tree, pdm__arena *memory, const double *values, double *value,
                           double *gradient, pdm_error *err) {
    pdm__point point;
    PDM__TRY(pdm__point_init(&point, tree, memory, err));
    double root = pdm__point_value(&point, values);
    if (point.status != PDM_STATUS_OK) return pdm__point_fail(&point, err);
    if (gradient != NULL) pdm__point_gradient(&point, gradient);
    *value = root;
    return PDM_OK;
}

pdm_status pdm_tree_evaluate(const pdm_tree *tree, const double *values, double *value, double *gradient,
                             pdm_error *err) {
    if (tree == NULL || value == NULL || (values == NULL && tree->leaf_count > 0)) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "tree, values and value must not be NULL");
    }
    for (int32_t i = 0; i < tree->leaf_count; i++) {
        const pdm_leaf *leaf = &tree->leaves[i];
        if (!isfinite(values[i])) {
            return pdm__fail(err, PDM_E_BAD_VALUE, i, leaf->name, "leaf \"%s\": %g; a finite number expected",
                             leaf->name, values[i]);
        }
        pdm_status status = pdm__leaf_check(leaf->role, values[i]);
        if (status == PDM_OK) continue;
        return pdm__fail(err, status, i, leaf->name, "leaf \"%s\": %.17g is no %s", leaf->name, values[i],
                         pdm__leaf_role_names[leaf->role]);
    }
    pdm__arena memory;
    pdm__arena_init(&memory, tree->context);
    pdm_status status = evaluate(tree, &memory, values, value, gradient, err);
    pdm__arena_clear(&memory);
    return status;
}
