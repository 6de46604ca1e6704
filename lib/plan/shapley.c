#include "plan/shapley.h"

#include <stdio.h>

/* ---- quadrature ---- */

void pdm__gauss_legendre(int32_t count, double *nodes, double *weights) {
    const double pi = 3.14159265358979323846;
    for (int32_t i = 0; i < count; i++) {
        double x = cos(pi * (i + 0.75) / (count + 0.5));
        double slope = 1.0;
        for (int32_t round = 0; round < 100; round++) {
            double p0 = 1.0;
            double p1 = x;
            for (int32_t k = 2; k <= count; k++) {
                double p2 = ((2 * k - 1) * x * p1 - (k - 1) * p0) / k;
                p0 = p1;
                p1 = p2;
            }
            slope = count * (x * p1 - p0) / (x * x - 1.0);
            double step = p1 / slope;
            x -= step;
            if (fabs(step) < 1e-16) break;
        }
        nodes[i] = (1.0 - x) / 2.0;
        weights[i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
}

/* ---- which nodes need enumeration ---- */

/* A node replaced by its multilinear extension: players are those that change below it. */
typedef struct block {
    int32_t node;
    int32_t players;
    int32_t player[PDM__MAX_BLOCK_PLAYERS];
    double *by_size;  /* [players + 1]: Σ f(S) over |S| = s */
    double *marginal; /* [players · players]: Σ f(S ∪ i) − f(S) over |S| = s, i not in S */
} block;

typedef struct shapley {
    pdm__arena *memory;
    const pdm__change *change;
    int32_t words;     /* of a set of players */
    uint64_t *sets;    /* per node: players that change below it */
    int32_t *degree;   /* per node, of the polynomial in t */
    int32_t *block_of; /* per node: its block, −1 = none */
    block *blocks;
    int32_t block_count;
    uint8_t *needed; /* per node: reached from the root without passing a block */
    double *value;   /* per node */
    double *adjoint; /* per node */
    double *leaves;  /* per leaf */
    pdm_error *err;
} shapley;

static uint64_t *set_of(const shapley *s, int32_t node) { return s->sets + (size_t)node * (size_t)s->words; }

static bool is_empty(const shapley *s, int32_t node) {
    for (int32_t w = 0; w < s->words; w++) {
        if (set_of(s, node)[w] != 0) return false;
    }
    return true;
}

/* Whether a node is affine in every player, given that its operands are (or are blocks). */
static bool is_affine(const shapley *s, const pdm__node *node, const uint64_t *met_twice) {
    const int32_t *at = s->change->tree->operands + node->first;
    bool twice = false;
    for (int32_t w = 0; w < s->words; w++) twice = twice || met_twice[w] != 0;
    switch ((pdm__op)node->op) {
    case PDM__OP_MUL: return !twice;
    case PDM__OP_DIV: return is_empty(s, at[1]);
    case PDM__OP_POW: return node->value == 1.0 || node->value == 0.0 || is_empty(s, at[0]);
    case PDM__OP_MIN:
    case PDM__OP_MAX:
        for (int32_t k = 0; k < node->count; k++) {
            if (!is_empty(s, at[k])) return false;
        }
        return true;
    case PDM__OP_CONST:
    case PDM__OP_LEAF:
    case PDM__OP_ADD:
    case PDM__OP_SUB:
    case PDM__OP_NEG:
    case PDM__OP_SUM:
    case PDM__OP_REF: break;
    }
    return true;
}

static pdm_status open_block(shapley *s, int32_t node) {
    block *b = &s->blocks[s->block_count];
    *b = (block){.node = node};
    for (int32_t p = 0; p < s->change->players; p++) {
        if ((set_of(s, node)[p / 64] >> (p % 64) & 1U) == 0) continue;
        if (b->players == PDM__MAX_BLOCK_PLAYERS) {
            char buffer[64];
            return pdm__fail(s->err, PDM_E_TOO_MANY_FACTORS, -1, "formula",
                             "\"%s\" is not affine in more than %d factors that change; use method chain",
                             pdm__node_label(s->change->tree, &s->change->tree->nodes[node], buffer, sizeof buffer),
                             PDM__MAX_BLOCK_PLAYERS);
        }
        b->player[b->players++] = p;
    }
    s->block_of[node] = s->block_count++;
    return PDM_OK;
}

static pdm_status analyse(shapley *s, uint8_t *rough) {
    const pdm_tree *tree = s->change->tree;
    uint64_t *twice = NULL;
    PDM__TRY(pdm__arena_take(s->memory, (size_t)s->words * sizeof *twice, &twice, s->err));
    for (int32_t i = 0; i < tree->live; i++) {
        const pdm__node *node = &tree->nodes[i];
        uint64_t *set = set_of(s, i);
        memset(set, 0, (size_t)s->words * sizeof *set);
        memset(twice, 0, (size_t)s->words * sizeof *twice);
        s->block_of[i] = -1;
        s->needed[i] = 0;
        if (node->op == PDM__OP_LEAF && s->change->x0[node->leaf] != s->change->x1[node->leaf]) {
            int32_t p = s->change->player[node->leaf];
            set[p / 64] |= UINT64_C(1) << (p % 64);
        }
        for (int32_t k = 0; k < node->count; k++) {
            const uint64_t *other = set_of(s, pdm__operand_index(tree, node, k));
            for (int32_t w = 0; w < s->words; w++) {
                twice[w] |= set[w] & other[w];
                set[w] |= other[w];
            }
        }
        rough[i] = is_affine(s, node, twice) ? 0 : 1;
    }
    s->needed[tree->live - 1] = 1;
    for (int32_t i = tree->live - 1; i >= 0; i--) {
        const pdm__node *node = &tree->nodes[i];
        if (s->needed[i] == 0) continue;
        if (rough[i] != 0) PDM__TRY(open_block(s, i));
        for (int32_t k = 0; rough[i] == 0 && k < node->count; k++) s->needed[pdm__operand_index(tree, node, k)] = 1;
    }
    return PDM_OK;
}

static int32_t find_degree(shapley *s) {
    const pdm_tree *tree = s->change->tree;
    for (int32_t i = 0; i < tree->live; i++) {
        const pdm__node *node = &tree->nodes[i];
        int32_t degree = node->op == PDM__OP_LEAF && !is_empty(s, i) ? 1 : 0;
        for (int32_t k = 0; k < node->count; k++) {
            int32_t other = s->degree[pdm__operand_index(tree, node, k)];
            degree = node->op == PDM__OP_MUL ? degree + other : other > degree ? other : degree;
        }
        s->degree[i] = s->block_of[i] >= 0 ? s->blocks[s->block_of[i]].players : degree;
    }
    return s->degree[tree->live - 1];
}

/* ---- enumeration ---- */

static pdm_status undefined(const shapley *s, const block *b, uint32_t mask, const pdm__point *point) {
    char names[128] = "";
    for (int32_t i = 0; i < b->players; i++) {
        size_t used = strlen(names);
        if ((mask >> i & 1U) == 0 || used > 90) continue;
        (void)snprintf(names + used, sizeof names - used, "%s%.30s", used == 0 ? "" : ", ",
                       s->change->names[b->player[i]]);
    }
    const pdm__node *node = &point->tree->nodes[point->culprit];
    char label[64];
    const pdm__node *by = node->count > 0 ? pdm__operand(point->tree, node, node->count - 1) : node;
    const char *who = pdm__node_label(point->tree, by, label, sizeof label);
    return pdm__fail(s->err, PDM_E_ROW_STATUS(point->status), -1, who,
                     "\"%s\" makes the formula undefined (%s) once [%s] moved and the others did not", who,
                     pdm_row_status_name(point->status), names[0] == '\0' ? "nobody" : names);
}

/* f(S) for every set of the block's players, on the block's own sub-tree. */
static pdm_status enumerate(const shapley *s, const block *b, double *values) {
    const pdm__change *c = s->change;
    const pdm_tree *tree = c->tree;
    pdm__point point;
    double *leaves = NULL;
    PDM__TRY(pdm__point_init(&point, tree, s->memory, s->err));
    PDM__TRY(pdm__arena_take(s->memory, ((size_t)tree->leaf_count + 1) * sizeof *leaves, &leaves, s->err));
    /* Nodes outside the sub-tree are skipped: they may be undefined. */
    uint8_t *inside = NULL;
    int32_t *list = NULL;
    int32_t count = 0;
    PDM__TRY(pdm__arena_take(s->memory, (size_t)b->node + 1, &inside, s->err));
    PDM__TRY(pdm__arena_take(s->memory, ((size_t)b->node + 1) * sizeof *list, &list, s->err));
    memset(inside, 0, (size_t)b->node + 1);
    inside[b->node] = 1;
    for (int32_t i = b->node; i >= 0; i--) {
        const pdm__node *node = &tree->nodes[i];
        for (int32_t k = 0; inside[i] != 0 && k < node->count; k++) inside[pdm__operand_index(tree, node, k)] = 1;
    }
    for (int32_t i = 0; i <= b->node; i++) {
        if (inside[i] != 0) list[count++] = i;
    }
    for (uint32_t mask = 0; mask < UINT32_C(1) << b->players; mask++) {
        for (int32_t l = 0; l < tree->leaf_count; l++) leaves[l] = c->x0[l];
        for (int32_t i = 0; i < b->players; i++) {
            for (int32_t l = 0; (mask >> i & 1U) != 0 && l < tree->leaf_count; l++) {
                if (c->player[l] == b->player[i]) leaves[l] = c->x1[l];
            }
        }
        values[mask] = pdm__point_values(&point, leaves, list, count);
        if (point.status != PDM_STATUS_OK) return undefined(s, b, mask, &point);
    }
    return PDM_OK;
}

static pdm_status fill_block(shapley *s, block *b) {
    int32_t k = b->players;
    size_t sets = (size_t)1 << k;
    double *values = NULL;
    pdm__sum *sums = NULL;
    size_t cells = (size_t)(k + 1) + (size_t)k * (size_t)k;
    PDM__TRY(pdm__arena_take(s->memory, sets * sizeof *values, &values, s->err));
    PDM__TRY(pdm__arena_take(s->memory, cells * sizeof *sums, &sums, s->err));
    PDM__TRY(pdm__arena_take(s->memory, cells * sizeof *b->by_size, &b->by_size, s->err));
    memset(sums, 0, cells * sizeof *sums);
    b->marginal = b->by_size + k + 1;
    PDM__TRY(enumerate(s, b, values));
    for (size_t mask = 0; mask < sets; mask++) {
        int32_t size = __builtin_popcount((uint32_t)mask);
        pdm__sum_add(&sums[size], values[mask]);
        for (int32_t i = 0; i < k; i++) {
            if ((mask >> i & 1U) != 0) continue;
            pdm__sum_add(&sums[k + 1 + i * k + size], values[mask | (size_t)1 << i] - values[mask]);
        }
    }
    for (size_t i = 0; i < cells; i++) b->by_size[i] = pdm__sum_of(&sums[i]);
    return PDM_OK;
}

/* Σ_s coefficient_s · t^s · (1 − t)^(n − s), n + 1 coefficients. */
static double bernstein(const double *coefficients, int32_t n, double t) {
    double sum = 0.0;
    for (int32_t i = 0; i <= n; i++) sum += coefficients[i] * pow(t, i) * pow(1.0 - t, n - i);
    return sum;
}

/* ---- along the diagonal ---- */

static pdm_status values_at(shapley *s, double t) {
    const pdm_tree *tree = s->change->tree;
    pdm__point point = {.tree = tree, .value = s->value, .culprit = -1};
    for (int32_t i = 0; i < tree->live; i++) {
        const pdm__node *node = &tree->nodes[i];
        if (s->needed[i] == 0) continue;
        if (s->block_of[i] >= 0) {
            const block *b = &s->blocks[s->block_of[i]];
            s->value[i] = bernstein(b->by_size, b->players, t);
        } else {
            (void)pdm__point_values(&point, s->leaves, &i, 1);
        }
        if (isfinite(s->value[i])) continue;
        point.culprit = i;
        point.status = node->op == PDM__OP_DIV ? PDM_STATUS_DIV_BY_ZERO : PDM_STATUS_OVERFLOW;
        return pdm__point_fail(&point, s->err);
    }
    return PDM_OK;
}

static void spread_at(shapley *s, double t, double weight, pdm__sum *effects, pdm__point *point) {
    const pdm__change *c = s->change;
    const pdm_tree *tree = c->tree;
    memset(s->adjoint, 0, (size_t)tree->live * sizeof *s->adjoint);
    s->adjoint[tree->live - 1] = 1.0;
    for (int32_t i = tree->live - 1; i >= 0; i--) {
        const pdm__node *node = &tree->nodes[i];
        double a = s->adjoint[i];
        if (s->needed[i] == 0 || a == 0.0) continue;
        if (s->block_of[i] >= 0) {
            const block *b = &s->blocks[s->block_of[i]];
            for (int32_t k = 0; k < b->players; k++) {
                double slope = bernstein(b->marginal + k * b->players, b->players - 1, t);
                pdm__sum_add(&effects[b->player[k]], weight * a * slope);
            }
        } else if (node->op == PDM__OP_LEAF) {
            pdm__sum_add(&effects[c->player[node->leaf]], weight * a * (c->x1[node->leaf] - c->x0[node->leaf]));
        } else {
            pdm__point_spread(point, i);
        }
    }
}

static pdm_status integrate(shapley *s, double *effects) {
    const pdm__change *c = s->change;
    int32_t degree = find_degree(s);
    int32_t count = (degree + 1) / 2 > 0 ? (degree + 1) / 2 : 1;
    double *nodes = NULL;
    pdm__sum *sums = NULL;
    pdm__point point;
    PDM__TRY(pdm__arena_take(s->memory, 2 * (size_t)count * sizeof *nodes, &nodes, s->err));
    PDM__TRY(pdm__arena_take(s->memory, ((size_t)c->players + 1) * sizeof *sums, &sums, s->err));
    PDM__TRY(pdm__point_init(&point, c->tree, s->memory, s->err));
    s->value = point.value;
    s->adjoint = point.adjoint;
    memset(sums, 0, ((size_t)c->players + 1) * sizeof *sums);
    pdm__gauss_legendre(count, nodes, nodes + count);
    for (int32_t q = 0; q < count; q++) {
        double t = nodes[q];
        for (int32_t l = 0; l < c->tree->leaf_count; l++) s->leaves[l] = c->x0[l] + t * (c->x1[l] - c->x0[l]);
        PDM__TRY(values_at(s, t));
        spread_at(s, t, nodes[count + q], sums, &point);
    }
    for (int32_t p = 0; p < c->players; p++) effects[p] = pdm__sum_of(&sums[p]);
    return PDM_OK;
}

pdm_status pdm__shapley(pdm__arena *memory, const pdm__change *change, double *effects, pdm_error *err) {
    const pdm_tree *tree = change->tree;
    size_t nodes = (size_t)tree->live;
    shapley s = {.memory = memory, .change = change, .words = change->players / 64 + 1, .err = err};
    uint8_t *rough = NULL;
    PDM__TRY(pdm__arena_take(memory, nodes * (size_t)s.words * sizeof *s.sets, &s.sets, err));
    PDM__TRY(pdm__arena_take(memory, nodes * sizeof *s.degree, &s.degree, err));
    PDM__TRY(pdm__arena_take(memory, nodes * sizeof *s.block_of, &s.block_of, err));
    PDM__TRY(pdm__arena_take(memory, nodes * sizeof *s.blocks, &s.blocks, err));
    PDM__TRY(pdm__arena_take(memory, nodes, &s.needed, err));
    PDM__TRY(pdm__arena_take(memory, nodes, &rough, err));
    PDM__TRY(pdm__arena_take(memory, ((size_t)tree->leaf_count + 1) * sizeof *s.leaves, &s.leaves, err));
    PDM__TRY(analyse(&s, rough));
    for (int32_t b = 0; b < s.block_count; b++) PDM__TRY(fill_block(&s, &s.blocks[b]));
    return integrate(&s, effects);
}
