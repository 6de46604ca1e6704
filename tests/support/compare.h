/* Are two results, two states, the same to the last bit? And small helpers that every test of states needs. */
#ifndef PDM_TEST_COMPARE_H
#define PDM_TEST_COMPARE_H

#include "cases.h"

#include <stdio.h>

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

/* The state's serialised form; aborts if it cannot be had. */
bytes state_bytes(const pdm_state *state);
void bytes_free(bytes *b);
bool bytes_equal(bytes a, bytes b);
/* Makes the checksum of a state's bytes fit again. */
void bytes_sign(bytes b);

/* All tables, columns, nulls and cells. `why` (256 bytes) says where they differ. */
bool results_equal(const pdm_result *a, const pdm_result *b, char *why);

/* What a state gives: bytes, and tables or the status that stands for them. */
typedef struct outcome {
    bytes state;
    pdm_status status;
    pdm_result *result;
    int64_t rows;
} outcome;

outcome outcome_of(const pdm_state *state);
void outcome_free(outcome *o);
/* Prints what differs and returns false. */
bool outcomes_equal(const law_case *c, const char *law, const outcome *expected, const outcome *got);
/* The same, of a state. */
bool state_is(const law_case *c, const char *law, const outcome *expected, const pdm_state *state);

/* Adds rows [first, first + count) of r. */
pdm_status take_rows(pdm_state *state, const rows *r, int64_t first, int64_t count, pdm_error *err);

/* Writes a result as text, a line a cell: exact (floats as hex). */
void result_dump(const pdm_result *result, FILE *out);

#endif
