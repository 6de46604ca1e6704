/* From names to nodes: what is defined where, in which order it is evaluated, and what of it the root needs. */
#include "plan/formula_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* A name and what it stands for: a statement or a leaf. */
typedef struct name_entry {
    const char *text;
    int32_t length;
    int32_t index;
} name_entry;

typedef struct resolver {
    pdm__parser *p;
    pdm_tree *tree;
    name_entry *statements; /* the named ones, sorted */
    int32_t named;
    name_entry *leaves; /* sorted */
    int32_t *target;    /* per parsed node: the parsed node it stands for; −1 − leaf for a leaf */
    int32_t *number;    /* per parsed node: its node in the tree, −1 = not yet */
    int32_t *next;      /* per parsed node: next operand to look at */
    int32_t *leaf_at;   /* per leaf: its node in the tree, −1 = not yet */
    int32_t *stack;
    int32_t operand_count;
    pdm_error *err;
} resolver;

/* ---- names ---- */

static int compare_names(const void *a, const void *b) {
    const name_entry *x = a;
    const name_entry *y = b;
    int32_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, (size_t)shorter);
    if (order != 0) return order;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Lowest index with that name, −1 if there is none. */
static int32_t find_name(const name_entry *names, int32_t count, const char *text, int32_t length) {
    name_entry wanted = {text, length, -1};
    int32_t low = 0;
    int32_t high = count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (compare_names(&names[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < count && names[low].length == length && memcmp(names[low].text, text, (size_t)length) == 0;
    return found ? names[low].index : -1;
}

static int32_t statement_of(const resolver *r, int32_t from, int32_t to) {
    return find_name(r->statements, r->named, r->p->text + from, to - from);
}

static void sort_names(resolver *r) {
    const pdm__parser *p = r->p;
    for (int32_t s = 0; s < p->statement_count; s++) {
        const pdm__statement *st = &p->statements[s];
        if (st->to > st->from) r->statements[r->named++] = (name_entry){p->text + st->from, st->to - st->from, s};
    }
    for (int32_t i = 0; i < r->tree->leaf_count; i++) {
        const char *name = r->tree->leaves[i].name;
        r->leaves[i] = (name_entry){name, (int32_t)strlen(name), i};
    }
    if (r->named > 1) qsort(r->statements, (size_t)r->named, sizeof *r->statements, compare_names);
    if (r->tree->leaf_count > 1) qsort(r->leaves, (size_t)r->tree->leaf_count, sizeof *r->leaves, compare_names);
}

static pdm_status name_fails(const resolver *r, pdm_status code, int32_t from, int32_t to, const char *what) {
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", to - from < 60 ? (int)(to - from) : 60, r->p->text + from);
    return pdm__fail(r->err, code, from, name, "byte %d: \"%s\" %s", (int)from, name, what);
}

/* ---- cycles ---- */

/* "a → b → a" from the statements on the path, the last of them closing the circle. */
static pdm_status cycle_fails(const resolver *r, const int32_t *path, int32_t depth, int32_t again, int32_t node) {
    const pdm__parser *p = r->p;
    char what[200] = "is defined by itself:";
    int32_t at = 0;
    while (path[at] != again) at++;
    for (int32_t i = at; i <= depth; i++) {
        const pdm__statement *st = &p->statements[i < depth ? path[i] : again];
        size_t used = strlen(what);
        int length = st->to - st->from < 40 ? (int)(st->to - st->from) : 40;
        if (used + (size_t)length + 8 > sizeof what) break;
        (void)snprintf(what + used, sizeof what - used, "%s%.*s", i == at ? " " : " = … ", length, p->text + st->from);
    }
    return name_fails(r, PDM_E_CYCLE, p->nodes[node].from, p->nodes[node].to, what);
}

/* Depth-first over names. next[s] walks the nodes of statement s, which lie together up to its own node. */
static pdm_status visit(const resolver *r, int32_t start, uint8_t *state, int32_t *path, int32_t *next) {
    const pdm__parser *p = r->p;
    int32_t depth = 0;
    path[depth++] = start;
    state[start] = 1;
    while (depth > 0) {
        int32_t s = path[depth - 1];
        if (next[s] > p->statements[s].node) {
            state[s] = 2;
            depth--;
            continue;
        }
        const pdm__node *node = &p->nodes[next[s]++];
        int32_t other = node->op == PDM__OP_REF ? statement_of(r, node->from, node->to) : -1;
        if (other < 0 || state[other] == 2) continue;
        if (state[other] == 1) return cycle_fails(r, path, depth, other, next[s] - 1);
        state[other] = 1;
        path[depth++] = other;
    }
    return PDM_OK;
}

static pdm_status check_cycles(const resolver *r, pdm__arena *memory) {
    size_t count = (size_t)r->p->statement_count;
    uint8_t *state = NULL;
    int32_t *path = NULL;
    int32_t *next = NULL;
    PDM__TRY(pdm__arena_take(memory, count, &state, r->err));
    PDM__TRY(pdm__arena_take(memory, count * sizeof *path, &path, r->err));
    PDM__TRY(pdm__arena_take(memory, count * sizeof *next, &next, r->err));
    for (size_t s = 0; s < count; s++) {
        state[s] = 0;
        next[s] = s == 0 ? 0 : r->p->statements[s - 1].node + 1;
    }
    for (int32_t s = 0; s < r->p->statement_count; s++) {
        if (state[s] == 0) PDM__TRY(visit(r, s, state, path, next));
    }
    return PDM_OK;
}

static pdm_status check_duplicates(const resolver *r) {
    const pdm__parser *p = r->p;
    for (int32_t s = 0; s < p->statement_count; s++) {
        const pdm__statement *st = &p->statements[s];
        if (st->to == st->from) continue;
        if (statement_of(r, st->from, st->to) != s) {
            return name_fails(r, PDM_E_DUPLICATE_NAME, st->from, st->to, "is defined twice");
        }
        if (find_name(r->leaves, r->tree->leaf_count, p->text + st->from, st->to - st->from) >= 0) {
            return name_fails(r, PDM_E_DUPLICATE_NAME, st->from, st->to, "is a leaf and defined by a statement too");
        }
    }
    return PDM_OK;
}

static pdm_status find_targets(resolver *r) {
    const pdm__parser *p = r->p;
    for (int32_t i = 0; i < p->node_count; i++) {
        const pdm__node *node = &p->nodes[i];
        r->target[i] = i;
        r->number[i] = -1;
        r->next[i] = 0;
        if (node->op != PDM__OP_REF) continue;
        int32_t s = statement_of(r, node->from, node->to);
        if (s >= 0) {
            r->target[i] = p->statements[s].node;
            continue;
        }
        int32_t leaf = find_name(r->leaves, r->tree->leaf_count, p->text + node->from, node->to - node->from);
        if (leaf < 0) return name_fails(r, PDM_E_UNKNOWN_NAME, node->from, node->to, "is neither a leaf nor defined");
        r->target[i] = -1 - leaf;
    }
    return PDM_OK;
}

/* ---- order ---- */

static void emit_leaf(resolver *r, int32_t leaf) {
    pdm_tree *tree = r->tree;
    if (r->leaf_at[leaf] >= 0) return;
    pdm__node node = {.op = PDM__OP_LEAF, .leaf = leaf, .dimensions = tree->leaves[leaf].dimensions};
    node.name = tree->leaves[leaf].name;
    r->leaf_at[leaf] = tree->count;
    tree->nodes[tree->count++] = node;
}

static void emit(resolver *r, int32_t parsed) {
    pdm_tree *tree = r->tree;
    pdm__node node = r->p->nodes[parsed];
    int32_t first = r->operand_count;
    for (int32_t k = 0; k < node.count; k++) {
        int32_t target = r->target[r->p->operands[node.first + k]];
        int32_t operand = target < 0 ? r->leaf_at[-1 - target] : r->number[target];
        tree->operands[r->operand_count++] = operand;
        node.dimensions |= tree->nodes[operand].dimensions;
    }
    node.first = first;
    node.dimensions &= ~node.sum;
    if (node.count > tree->most_operands) tree->most_operands = node.count;
    r->number[parsed] = tree->count;
    tree->nodes[tree->count++] = node;
}

/* Post-order on a stack of its own: chains of statements may be long. */
static void emit_below(resolver *r, int32_t start) {
    int32_t top = 0;
    if (r->number[start] >= 0) return;
    r->stack[top++] = start;
    while (top > 0) {
        int32_t at = r->stack[top - 1];
        const pdm__node *node = &r->p->nodes[at];
        if (r->next[at] == node->count) {
            emit(r, at);
            top--;
            continue;
        }
        int32_t target = r->target[r->p->operands[node->first + r->next[at]++]];
        if (target < 0) {
            emit_leaf(r, -1 - target);
        } else if (r->number[target] < 0) {
            r->stack[top++] = target;
        }
    }
}

static pdm_status find_root(const resolver *r, const char *root, int32_t *out) {
    *out = r->p->statement_count - 1;
    if (root == NULL || root[0] == '\0') return PDM_OK;
    *out = find_name(r->statements, r->named, root, (int32_t)strlen(root));
    if (*out >= 0) return PDM_OK;
    return pdm__fail(r->err, PDM_E_UNKNOWN_NAME, -1, "root", "no statement defines the root \"%.60s\"", root);
}

static pdm_status take_memory(resolver *r, pdm__arena *scratch) {
    const pdm__parser *p = r->p;
    pdm_tree *tree = r->tree;
    size_t parsed = (size_t)p->node_count;
    size_t leaves = (size_t)tree->leaf_count;
    size_t nodes = parsed + leaves;
    PDM__TRY(pdm__arena_take(scratch, (size_t)p->statement_count * sizeof *r->statements, &r->statements, r->err));
    PDM__TRY(pdm__arena_take(scratch, (leaves + 1) * sizeof *r->leaves, &r->leaves, r->err));
    PDM__TRY(pdm__arena_take(scratch, (leaves + 1) * sizeof *r->leaf_at, &r->leaf_at, r->err));
    PDM__TRY(pdm__arena_take(scratch, parsed * sizeof *r->target, &r->target, r->err));
    PDM__TRY(pdm__arena_take(scratch, parsed * sizeof *r->number, &r->number, r->err));
    PDM__TRY(pdm__arena_take(scratch, parsed * sizeof *r->next, &r->next, r->err));
    PDM__TRY(pdm__arena_take(scratch, parsed * sizeof *r->stack, &r->stack, r->err));
    PDM__TRY(pdm__arena_take(&tree->memory, nodes * sizeof *tree->nodes, &tree->nodes, r->err));
    PDM__TRY(pdm__arena_take(&tree->memory, ((size_t)p->operand_count + 1) * sizeof *tree->operands, &tree->operands,
                             r->err));
    PDM__TRY(pdm__arena_take(&tree->memory, leaves + 1, &tree->used, r->err));
    for (size_t i = 0; i < leaves; i++) {
        r->leaf_at[i] = -1;
        tree->used[i] = 0;
    }
    return PDM_OK;
}

static pdm_status resolve(resolver *r, pdm__arena *scratch, const char *root) {
    const pdm__parser *p = r->p;
    pdm_tree *tree = r->tree;
    int32_t root_statement = 0;
    PDM__TRY(take_memory(r, scratch));
    sort_names(r);
    PDM__TRY(check_cycles(r, scratch));
    PDM__TRY(check_duplicates(r));
    PDM__TRY(find_targets(r));
    PDM__TRY(find_root(r, root, &root_statement));
    tree->most_operands = 1;
    emit_below(r, p->statements[root_statement].node);
    tree->live = tree->count;
    for (int32_t i = 0; i < tree->leaf_count; i++) tree->used[i] = r->leaf_at[i] >= 0 ? 1 : 0;
    for (int32_t s = 0; s < p->statement_count; s++) emit_below(r, p->statements[s].node);
    for (int32_t s = 0; s < p->statement_count; s++) {
        const pdm__statement *st = &p->statements[s];
        char *name = NULL;
        size_t length = (size_t)(st->to - st->from);
        if (length == 0) continue;
        PDM__TRY(pdm__arena_take(&tree->memory, length + 1, &name, r->err));
        memcpy(name, p->text + st->from, length);
        name[length] = '\0';
        tree->nodes[r->number[st->node]].name = name;
    }
    return PDM_OK;
}

static pdm_status copy_leaves(pdm_tree *tree, const pdm_leaf *leaves, int32_t count, pdm_error *err) {
    PDM__TRY(pdm__arena_take(&tree->memory, ((size_t)count + 1) * sizeof *tree->leaves, &tree->leaves, err));
    tree->leaf_count = count;
    for (int32_t i = 0; i < count; i++) {
        char *name = NULL;
        if (leaves[i].name == NULL || leaves[i].role < PDM_LEAF_FREE || leaves[i].role > PDM_LEAF_MONEY ||
            (leaves[i].dimensions & ~7) != 0) {
            return pdm__fail(err, PDM_E_ARGUMENT, i, NULL,
                             "leaf %d has no name, or a role or dimensions that do not exist", i);
        }
        size_t size = strlen(leaves[i].name) + 1;
        PDM__TRY(pdm__arena_take(&tree->memory, size, &name, err));
        memcpy(name, leaves[i].name, size);
        tree->leaves[i] = leaves[i];
        tree->leaves[i].name = name;
    }
    return PDM_OK;
}

static pdm_status build(pdm_tree *tree, const char *text, size_t length, const pdm_leaf *leaves, int32_t count,
                        const char *root, pdm_error *err) {
    char *copy = NULL;
    PDM__TRY(copy_leaves(tree, leaves, count, err));
    PDM__TRY(pdm__arena_take(&tree->memory, length + 1, &copy, err));
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    tree->text = copy;
    pdm__parser p = {.context = tree->context, .text = copy, .length = length, .err = err};
    pdm__arena scratch;
    pdm__arena_init(&scratch, tree->context);
    pdm_status status = pdm__formula_parse(&p);
    if (status == PDM_OK) {
        resolver r = {.p = &p, .tree = tree, .err = err};
        status = resolve(&r, &scratch, root);
    }
    pdm__arena_clear(&scratch);
    pdm__parser_clear(&p);
    return status;
}

pdm_status pdm_tree_parse(pdm_context *context, const char *text, size_t length, const pdm_leaf *leaves,
                          int32_t leaf_count, const char *root, pdm_tree **out, pdm_error *err) {
    if ((text == NULL && length > 0) || (leaves == NULL && leaf_count > 0) || leaf_count < 0 || out == NULL) {
        return pdm__fail(err, PDM_E_ARGUMENT, -1, NULL, "text, leaves and out must not be NULL");
    }
    pdm_context *own = NULL;
    pdm_tree *tree = NULL;
    PDM__TRY(pdm__context_or_default(context, &own, err));
    pdm_status status = pdm__new_zero(own, 1, sizeof *tree, &tree, err);
    if (status != PDM_OK) {
        pdm_context_free(own);
        return status;
    }
    tree->context = own;
    pdm__arena_init(&tree->memory, own);
    status = build(tree, text, length, leaves, leaf_count, root, err);
    if (status != PDM_OK) {
        pdm_tree_free(tree);
        return status;
    }
    *out = tree;
    return PDM_OK;
}

void pdm_tree_free(pdm_tree *tree) {
    if (tree == NULL) return;
    pdm_context *context = tree->context;
    pdm__arena_clear(&tree->memory);
    pdm__drop(context, tree, 1, sizeof *tree);
    pdm_context_free(context);
}

int32_t pdm_tree_dimensions(const pdm_tree *tree) { return tree == NULL ? 0 : tree->nodes[tree->live - 1].dimensions; }
