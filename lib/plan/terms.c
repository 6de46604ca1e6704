/* Multiplying a formula out, node by node from the leaves up. */
#include "plan/terms.h"

typedef struct expander {
    pdm__arena *memory;
    const pdm_tree *tree;
    pdm__terms *of; /* per node */
    pdm_error *err;
} expander;

static pdm_status refuse(const expander *e, const pdm__node *node, const char *why) {
    char buffer[48];
    const char *label = pdm__node_label(e->tree, node, buffer, sizeof buffer);
    return pdm__fail(e->err, PDM_E_NOT_PRODUCT_FORM, -1, label,
                     "\"%s\" %s: this method divides sums of products and quotients; method shapley takes any formula",
                     label, why);
}

static pdm_status make_room(const expander *e, int64_t count, pdm__terms *out) {
    int32_t leaves = e->tree->leaf_count;
    if (count > PDM__MAX_TERMS) {
        return pdm__fail(e->err, PDM_E_TOO_MANY_FACTORS, -1, NULL,
                         "multiplied out the formula has more than %d terms; factor it or use method shapley",
                         PDM__MAX_TERMS);
    }
    size_t cells = (size_t)count * (size_t)leaves;
    *out = (pdm__terms){.leaves = leaves};
    PDM__TRY(pdm__arena_take(e->memory, ((size_t)count + 1) * sizeof(double), &out->coefficient, e->err));
    PDM__TRY(pdm__arena_take(e->memory, (cells + 1) * sizeof(double), &out->power, e->err));
    memset(out->power, 0, cells * sizeof(double));
    return PDM_OK;
}

/* Appends coefficient · a's term i · (b's term j)^sign; b may be NULL. Terms of nothing are left out. */
static void append(pdm__terms *out, double coefficient, const pdm__terms *a, int32_t i, const pdm__terms *b, int32_t j,
                   double sign) {
    double *power = out->power + (size_t)out->count * (size_t)out->leaves;
    if (coefficient == 0.0) return;
    for (int32_t l = 0; l < out->leaves; l++) {
        power[l] = a == NULL ? 0.0 : a->power[(size_t)i * (size_t)out->leaves + (size_t)l];
        if (b != NULL) power[l] += sign * b->power[(size_t)j * (size_t)out->leaves + (size_t)l];
    }
    out->coefficient[out->count++] = coefficient;
}

static pdm_status multiply(const expander *e, const pdm__terms *a, const pdm__terms *b, pdm__terms *out) {
    PDM__TRY(make_room(e, (int64_t)a->count * b->count, out));
    for (int32_t i = 0; i < a->count; i++) {
        for (int32_t j = 0; j < b->count; j++) append(out, a->coefficient[i] * b->coefficient[j], a, i, b, j, 1.0);
    }
    return PDM_OK;
}

/* Operands one after the other; those after the first with `sign`. */
static pdm_status add(const expander *e, const pdm__node *node, double first, double sign, pdm__terms *out) {
    int64_t count = 0;
    for (int32_t k = 0; k < node->count; k++) count += e->of[pdm__operand_index(e->tree, node, k)].count;
    PDM__TRY(make_room(e, count, out));
    for (int32_t k = 0; k < node->count; k++) {
        const pdm__terms *a = &e->of[pdm__operand_index(e->tree, node, k)];
        for (int32_t i = 0; i < a->count; i++)
            append(out, (k == 0 ? first : sign) * a->coefficient[i], a, i, NULL, 0, 0);
    }
    return PDM_OK;
}

static pdm_status divide(const expander *e, const pdm__node *node, pdm__terms *out) {
    const pdm__terms *a = &e->of[pdm__operand_index(e->tree, node, 0)];
    const pdm__terms *b = &e->of[pdm__operand_index(e->tree, node, 1)];
    if (b->count != 1) return refuse(e, node, b->count == 0 ? "divides by nothing" : "divides by a sum");
    PDM__TRY(make_room(e, a->count, out));
    for (int32_t i = 0; i < a->count; i++) append(out, a->coefficient[i] / b->coefficient[0], a, i, b, 0, -1.0);
    return PDM_OK;
}

static pdm_status raise(const expander *e, const pdm__node *node, pdm__terms *out) {
    const pdm__terms *a = &e->of[pdm__operand_index(e->tree, node, 0)];
    if (a->count == 1) {
        double coefficient = pow(a->coefficient[0], node->value);
        if (!isfinite(coefficient)) return refuse(e, node, "has no real value");
        PDM__TRY(make_room(e, 1, out));
        append(out, coefficient, a, 0, NULL, 0, 0);
        for (int32_t l = 0; l < out->leaves; l++) out->power[l] *= node->value;
        return PDM_OK;
    }
    if (node->value < 1.0 || node->value != floor(node->value)) return refuse(e, node, "is a power of a sum");
    *out = *a;
    for (double n = 1.0; n < node->value; n += 1.0) {
        pdm__terms product;
        PDM__TRY(multiply(e, out, a, &product));
        *out = product;
    }
    return PDM_OK;
}

static pdm_status expand_node(const expander *e, int32_t index) {
    const pdm__node *node = &e->tree->nodes[index];
    pdm__terms *out = &e->of[index];
    switch ((pdm__op)node->op) {
    case PDM__OP_CONST:
        PDM__TRY(make_room(e, 1, out));
        append(out, node->value, NULL, 0, NULL, 0, 0);
        return PDM_OK;
    case PDM__OP_LEAF:
        PDM__TRY(make_room(e, 1, out));
        append(out, 1.0, NULL, 0, NULL, 0, 0);
        out->power[node->leaf] = 1.0;
        return PDM_OK;
    case PDM__OP_ADD: return add(e, node, 1.0, 1.0, out);
    case PDM__OP_SUB: return add(e, node, 1.0, -1.0, out);
    case PDM__OP_NEG: return add(e, node, -1.0, -1.0, out);
    case PDM__OP_MUL:
        *out = e->of[pdm__operand_index(e->tree, node, 0)];
        for (int32_t k = 1; k < node->count; k++) {
            pdm__terms product;
            PDM__TRY(multiply(e, out, &e->of[pdm__operand_index(e->tree, node, k)], &product));
            *out = product;
        }
        return PDM_OK;
    case PDM__OP_DIV: return divide(e, node, out);
    case PDM__OP_POW: return raise(e, node, out);
    case PDM__OP_SUM: /* at a point there is one cell to sum */
        *out = e->of[pdm__operand_index(e->tree, node, 0)];
        return PDM_OK;
    case PDM__OP_MIN:
    case PDM__OP_MAX:
    case PDM__OP_REF: break;
    }
    return refuse(e, node, "takes a minimum or maximum");
}

pdm_status pdm__terms_expand(pdm__arena *memory, const pdm_tree *tree, pdm__terms *out, pdm_error *err) {
    expander e = {.memory = memory, .tree = tree, .err = err};
    PDM__TRY(pdm__arena_take(memory, ((size_t)tree->live + 1) * sizeof *e.of, &e.of, err));
    for (int32_t i = 0; i < tree->live; i++) PDM__TRY(expand_node(&e, i));
    *out = e.of[tree->live - 1];
    return PDM_OK;
}

double pdm__term_value(const pdm__terms *terms, int32_t term, const double *x) {
    const double *power = terms->power + (size_t)term * (size_t)terms->leaves;
    double value = terms->coefficient[term];
    for (int32_t l = 0; l < terms->leaves; l++) {
        if (power[l] == 1.0) {
            value *= x[l];
        } else if (power[l] != 0.0) {
            value = power[l] == -1.0 ? value / x[l] : value * pow(x[l], power[l]);
        }
    }
    return value;
}
