/* From text to nodes that still refer to each other by name. */
#include "plan/formula_internal.h"

#include "core/convert.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_DEPTH 200
#define MAX_TEXT ((size_t)1 << 20)

/* ---- characters ---- */

/* Non-ASCII that cannot stand in a name: controls, punctuation, symbols, operators, emoji, private use. */
static const uint32_t no_letters[][2] = {
    {0x80, 0xA9},       {0xAB, 0xB4},        {0xB6, 0xB9},     {0xBB, 0xBF},     {0xD7, 0xD7},     {0xF7, 0xF7},
    {0x2000, 0x2070},   {0x2072, 0x207E},    {0x2080, 0x208F}, {0x209D, 0x20FF}, {0x2190, 0x2BFF}, {0x2E00, 0x2E7F},
    {0x3000, 0x3004},   {0x3008, 0x3020},    {0x3030, 0x3030}, {0x303D, 0x303F}, {0xE000, 0xF8FF}, {0xFE10, 0xFE1F},
    {0xFE30, 0xFE6F},   {0xFEFF, 0xFF0F},    {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF},
    {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF},
};

/* Code point at `at` (valid UTF-8) and its bytes. */
static uint32_t code_point(const char *text, size_t at, size_t *bytes) {
    const uint8_t *s = (const uint8_t *)text + at;
    if (s[0] < 0x80) {
        *bytes = 1;
        return s[0];
    }
    *bytes = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    uint32_t c = s[0] & (0x7FU >> *bytes);
    for (size_t i = 1; i < *bytes; i++) c = c << 6 | (s[i] & 0x3FU);
    return c;
}

static bool is_letter(uint32_t c) {
    if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    for (int32_t i = 0; i < PDM__COUNT(no_letters); i++) {
        if (c >= no_letters[i][0] && c <= no_letters[i][1]) return false;
    }
    return c < 0xFF10 || c > 0xFF19; /* full-width digits are digits */
}

static bool is_digit(uint32_t c) { return (c >= '0' && c <= '9') || (c >= 0xFF10 && c <= 0xFF19); }

/* ---- errors and places ---- */

static char peek(const pdm__parser *p) { return p->at < p->length ? p->text[p->at] : '\0'; }

static bool at_end(const pdm__parser *p) { return p->at >= p->length; }

/* "byte 7: expected …, found "×"". */
static pdm_status expected(pdm__parser *p, const char *what) {
    if (at_end(p)) {
        return pdm__fail(p->err, PDM_E_PARSE, (int64_t)p->at, "text", "byte %zu: %s expected, the text ends here",
                         p->at, what);
    }
    size_t bytes = 0;
    (void)code_point(p->text, p->at, &bytes);
    if (p->text[p->at] == '\n') {
        return pdm__fail(p->err, PDM_E_PARSE, (int64_t)p->at, "text", "byte %zu: %s expected, the line ends here",
                         p->at, what);
    }
    return pdm__fail(p->err, PDM_E_PARSE, (int64_t)p->at, "text", "byte %zu: %s expected, found \"%.*s\"", p->at, what,
                     (int)bytes, p->text + p->at);
}

/* Blanks; line ends too inside parentheses. */
static void skip_blanks(pdm__parser *p) {
    while (!at_end(p)) {
        char c = peek(p);
        bool line = c == '\n' && p->open > 0;
        if (c != ' ' && c != '\t' && c != '\r' && !line) return;
        p->at++;
    }
}

static bool take(pdm__parser *p, char c) {
    skip_blanks(p);
    if (peek(p) != c || at_end(p)) return false;
    p->at++;
    return true;
}

/* ---- nodes ---- */

static pdm_status grow(pdm__parser *p, void *block, int32_t *room, int32_t need, size_t size) {
    if (need <= *room) return PDM_OK;
    int32_t larger = *room < 32 ? 64 : *room * 2;
    while (larger < need) larger *= 2;
    PDM__TRY(pdm__renew(p->context, (size_t)*room, (size_t)larger, size, block, p->err));
    *room = larger;
    return PDM_OK;
}

static pdm_status add_node(pdm__parser *p, pdm__node node, int32_t *out) {
    PDM__TRY(grow(p, &p->nodes, &p->node_room, p->node_count + 1, sizeof *p->nodes));
    p->nodes[p->node_count] = node;
    *out = p->node_count++;
    return PDM_OK;
}

/* A node over the operands that were pushed since `base`. */
static pdm_status add_over(pdm__parser *p, int32_t op, int32_t base, size_t from, int32_t *out) {
    int32_t count = p->stack_count - base;
    PDM__TRY(grow(p, &p->operands, &p->operand_room, p->operand_count + count, sizeof *p->operands));
    memcpy(p->operands + p->operand_count, p->stack + base, (size_t)count * sizeof *p->operands);
    pdm__node node = {.op = op, .first = p->operand_count, .count = count, .leaf = -1};
    node.from = (int32_t)from;
    node.to = (int32_t)p->at;
    p->operand_count += count;
    p->stack_count = base;
    return add_node(p, node, out);
}

static pdm_status push(pdm__parser *p, int32_t node) {
    PDM__TRY(grow(p, &p->stack, &p->stack_room, p->stack_count + 1, sizeof *p->stack));
    p->stack[p->stack_count++] = node;
    return PDM_OK;
}

/* ---- grammar ---- */

static pdm_status parse_sum(pdm__parser *p, int32_t *out);
static pdm_status parse_unary(pdm__parser *p, int32_t *out);

static pdm_status parse_number(pdm__parser *p, int32_t *out) {
    size_t from = p->at;
    char digits[64];
    int32_t used = 0;
    int32_t places = 0;
    bool point = false;
    for (; !at_end(p); p->at++) {
        char c = peek(p);
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        if (used == 40) return expected(p, "a constant of at most 40 digits");
        digits[used++] = c;
        if (point) places++;
    }
    if (used == 0) return expected(p, "a digit");
    /* Without a decimal point in it the text means the same in every locale. */
    (void)snprintf(digits + used, sizeof digits - (size_t)used, "e-%d", places);
    pdm__node node = {.op = PDM__OP_CONST, .leaf = -1, .from = (int32_t)from, .to = (int32_t)p->at};
    node.value = strtod(digits, NULL);
    return add_node(p, node, out);
}

static size_t name_end(const pdm__parser *p) {
    size_t at = p->at;
    while (at < p->length) {
        size_t bytes = 0;
        uint32_t c = code_point(p->text, at, &bytes);
        if (!is_letter(c) && !(is_digit(c) && at > p->at)) break;
        at += bytes;
    }
    return at;
}

static bool is_word(const pdm__parser *p, size_t from, size_t to, const char *word) {
    return to - from == strlen(word) && memcmp(p->text + from, word, to - from) == 0;
}

static pdm_status parse_arguments(pdm__parser *p, int32_t op, size_t from, int32_t *out) {
    int32_t base = p->stack_count;
    do {
        int32_t argument = 0;
        PDM__TRY(parse_sum(p, &argument));
        PDM__TRY(push(p, argument));
    } while (take(p, ','));
    if (!take(p, ')')) return expected(p, "\",\" or \")\"");
    p->open--;
    return add_over(p, op, base, from, out);
}

static pdm_status parse_dimension_sum(pdm__parser *p, size_t from, int32_t *out) {
    static const char *const names[] = {"month", "channel", "segment"};
    skip_blanks(p);
    size_t start = p->at;
    size_t end = name_end(p);
    int32_t bit = 0;
    for (int32_t i = 0; i < 3; i++) bit |= is_word(p, start, end, names[i]) ? 1 << i : 0;
    if (bit == 0) return expected(p, "month, channel or segment");
    p->at = end;
    if (!take(p, ':')) return expected(p, "\":\"");
    int32_t base = p->stack_count;
    int32_t inner = 0;
    PDM__TRY(parse_sum(p, &inner));
    PDM__TRY(push(p, inner));
    if (!take(p, ')')) return expected(p, "an operator or \")\"");
    p->open--;
    PDM__TRY(add_over(p, PDM__OP_SUM, base, from, out));
    p->nodes[*out].sum = bit;
    return PDM_OK;
}

static pdm_status parse_name(pdm__parser *p, int32_t *out) {
    size_t from = p->at;
    size_t to = name_end(p);
    if (to == from) return expected(p, "a name, a number or \"(\"");
    p->at = to;
    bool minimum = is_word(p, from, to, "min");
    bool maximum = is_word(p, from, to, "max");
    bool sum = is_word(p, from, to, "sum");
    if (minimum || maximum || sum) {
        if (!take(p, '(')) return expected(p, "\"(\"");
        p->open++;
        if (sum) return parse_dimension_sum(p, from, out);
        return parse_arguments(p, minimum ? PDM__OP_MIN : PDM__OP_MAX, from, out);
    }
    return add_node(p, (pdm__node){.op = PDM__OP_REF, .leaf = -1, .from = (int32_t)from, .to = (int32_t)to}, out);
}

static pdm_status parse_primary(pdm__parser *p, int32_t *out) {
    skip_blanks(p);
    char c = peek(p);
    if ((c >= '0' && c <= '9') || c == '.') return parse_number(p, out);
    if (!take(p, '(')) return parse_name(p, out);
    p->open++;
    PDM__TRY(parse_sum(p, out));
    if (!take(p, ')')) return expected(p, "an operator or \")\"");
    p->open--;
    return PDM_OK;
}

/* Value of an expression without names; false if it has one. */
static bool constant(const pdm__parser *p, int32_t at, double *out) {
    const pdm__node *node = &p->nodes[at];
    double a = 0.0;
    double b = 0.0;
    if (node->op == PDM__OP_CONST) {
        *out = node->value;
        return true;
    }
    if (node->op == PDM__OP_NEG || node->op == PDM__OP_POW) {
        if (!constant(p, p->operands[node->first], &a)) return false;
        *out = node->op == PDM__OP_NEG ? -a : pow(a, node->value);
        return isfinite(*out);
    }
    if (node->op != PDM__OP_DIV || !constant(p, p->operands[node->first], &a) ||
        !constant(p, p->operands[node->first + 1], &b) || b == 0.0) {
        return false;
    }
    *out = a / b;
    return true;
}

static pdm_status parse_power(pdm__parser *p, int32_t *out) {
    skip_blanks(p);
    size_t from = p->at;
    PDM__TRY(parse_primary(p, out));
    if (!take(p, '^')) return PDM_OK;
    skip_blanks(p);
    size_t place = p->at;
    int32_t exponent = 0;
    double value = 0.0;
    PDM__TRY(parse_unary(p, &exponent));
    if (!constant(p, exponent, &value)) {
        p->at = place;
        return expected(p, "a constant exponent");
    }
    int32_t base = p->stack_count;
    PDM__TRY(push(p, *out));
    PDM__TRY(add_over(p, PDM__OP_POW, base, from, out));
    p->nodes[*out].value = value;
    return PDM_OK;
}

static pdm_status parse_unary(pdm__parser *p, int32_t *out) {
    skip_blanks(p);
    size_t from = p->at;
    if (++p->depth > MAX_DEPTH) return expected(p, "at most 200 levels of nesting");
    if (take(p, '-')) {
        int32_t base = p->stack_count;
        int32_t inner = 0;
        PDM__TRY(parse_unary(p, &inner));
        PDM__TRY(push(p, inner));
        PDM__TRY(add_over(p, PDM__OP_NEG, base, from, out));
    } else {
        PDM__TRY(parse_power(p, out));
    }
    p->depth--;
    return PDM_OK;
}

/* Operands joined by `many` become one node; `two` closes what stands on its left. */
static pdm_status parse_chain(pdm__parser *p, pdm_status (*part)(pdm__parser *, int32_t *), const char *signs,
                              int32_t many, int32_t two, int32_t *out) {
    skip_blanks(p);
    size_t from = p->at;
    int32_t base = p->stack_count;
    int32_t operand = 0;
    PDM__TRY(part(p, &operand));
    PDM__TRY(push(p, operand));
    for (;;) {
        bool first = take(p, signs[0]);
        if (!first && !take(p, signs[1])) break;
        size_t sign = p->at;
        PDM__TRY(part(p, &operand));
        if (!first && p->stack_count - base > 1) {
            int32_t left = 0;
            PDM__TRY(add_over(p, many, base, from, &left));
            p->nodes[left].to = (int32_t)sign - 1;
            PDM__TRY(push(p, left));
        }
        PDM__TRY(push(p, operand));
        if (first) continue;
        PDM__TRY(add_over(p, two, base, from, &operand));
        PDM__TRY(push(p, operand));
    }
    if (p->stack_count - base > 1) return add_over(p, many, base, from, out);
    *out = p->stack[--p->stack_count];
    return PDM_OK;
}

static pdm_status parse_product(pdm__parser *p, int32_t *out) {
    return parse_chain(p, parse_unary, "*/", PDM__OP_MUL, PDM__OP_DIV, out);
}

static pdm_status parse_sum(pdm__parser *p, int32_t *out) {
    return parse_chain(p, parse_product, "+-", PDM__OP_ADD, PDM__OP_SUB, out);
}

/* `name =` if it is there. */
static void parse_target(pdm__parser *p, pdm__statement *s) {
    skip_blanks(p);
    size_t from = p->at;
    size_t to = name_end(p);
    p->at = to;
    if (to > from && take(p, '=')) {
        s->from = (int32_t)from;
        s->to = (int32_t)to;
        return;
    }
    p->at = from;
    s->from = s->to = 0;
}

static pdm_status parse_statement(pdm__parser *p) {
    pdm__statement s = {0, 0, 0, 0};
    parse_target(p, &s);
    PDM__TRY(parse_sum(p, &s.node));
    skip_blanks(p);
    if (!at_end(p) && peek(p) != ';' && peek(p) != '\n') return expected(p, "an operator or the end of the statement");
    if (p->nodes[s.node].op == PDM__OP_REF || s.node != p->node_count - 1) {
        /* `a = b` is a node of its own: it can be named, and is the last of its statement. */
        PDM__TRY(push(p, s.node));
        PDM__TRY(add_over(p, PDM__OP_ADD, p->stack_count - 1, (size_t)p->nodes[s.node].from, &s.node));
    }
    PDM__TRY(grow(p, &p->statements, &p->statement_room, p->statement_count + 1, sizeof *p->statements));
    p->statements[p->statement_count++] = s;
    return PDM_OK;
}

pdm_status pdm__formula_parse(pdm__parser *p) {
    if (p->length > MAX_TEXT) {
        return pdm__fail(p->err, PDM_E_LIMIT, -1, "text", "the formula has %zu bytes; up to %zu are allowed", p->length,
                         MAX_TEXT);
    }
    if (!pdm__is_utf8((const uint8_t *)p->text, p->length)) {
        return pdm__fail(p->err, PDM_E_PARSE, 0, "text", "the formula is not valid UTF-8");
    }
    for (;;) {
        skip_blanks(p);
        if (at_end(p)) break;
        if (peek(p) == ';' || peek(p) == '\n') {
            p->at++;
            continue;
        }
        PDM__TRY(parse_statement(p));
    }
    if (p->statement_count == 0) return pdm__fail(p->err, PDM_E_EMPTY, -1, "text", "the formula is empty");
    return PDM_OK;
}

void pdm__parser_clear(pdm__parser *p) {
    pdm__drop(p->context, p->nodes, (size_t)p->node_room, sizeof *p->nodes);
    pdm__drop(p->context, p->operands, (size_t)p->operand_room, sizeof *p->operands);
    pdm__drop(p->context, p->stack, (size_t)p->stack_room, sizeof *p->stack);
    pdm__drop(p->context, p->statements, (size_t)p->statement_room, sizeof *p->statements);
}
