/* Between parsing and resolving. */
#ifndef PDM_PLAN_FORMULA_INTERNAL_H
#define PDM_PLAN_FORMULA_INTERNAL_H

#include "plan/formula.h"

/* `name = node`; from = to: no name. */
typedef struct pdm__statement {
    int32_t from;
    int32_t to;
    int32_t node;
    int32_t reserved;
} pdm__statement;

typedef struct pdm__parser {
    pdm_context *context;
    const char *text;
    size_t length;
    size_t at;
    int32_t depth;
    int32_t open; /* parentheses */
    pdm__node *nodes;
    int32_t node_count;
    int32_t node_room;
    int32_t *operands;
    int32_t operand_count;
    int32_t operand_room;
    int32_t *stack; /* operands on their way into a node */
    int32_t stack_count;
    int32_t stack_room;
    pdm__statement *statements;
    int32_t statement_count;
    int32_t statement_room;
    pdm_error *err;
} pdm__parser;

/* Fills nodes and statements; names stay REF nodes. */
pdm_status pdm__formula_parse(pdm__parser *parser);
void pdm__parser_clear(pdm__parser *parser);

#endif
