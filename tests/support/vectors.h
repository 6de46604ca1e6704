/*
 * Conformance vectors: cases of named functions with inputs and expected values, in JSON files that live beside the project
 * (PDM_SHARED, by default ../shared). A test gives a handler per function; the handler says what the library answers to each
 * expected value, and every expected value must be asked about.
 */
#ifndef PDM_TEST_VECTORS_H
#define PDM_TEST_VECTORS_H

#include "json.h"

typedef struct vector_case {
    const char *id;
    const json *in;
    const json *out;
    double relative; /* tolerances */
    double absolute;
    size_t checked;
    size_t wrong;
} vector_case;

typedef struct vector_handler {
    const char *function;
    void (*run)(vector_case *c); /* NULL: not part of the library */
} vector_handler;

/* Runs all cases of shared/vectors/<name>. 0 = all passed, 1 = not, 77 = the file is not here. */
int vectors_run(const char *name, const vector_handler *handlers, size_t count);

/* An input: a number (levels: the decimal, as printed), a whole number, a text (NULL if absent). */
double vector_real(const vector_case *c, const char *key);
double vector_real_or(const vector_case *c, const char *key, double absent);
int64_t vector_int(const vector_case *c, const char *key);
const char *vector_text(const vector_case *c, const char *key);

/* The answer to an expected value, if there is one of that name. log_got is for values below the double range. */
void vector_check(vector_case *c, const char *key, double got);
void vector_check_with_log(vector_case *c, const char *key, double got, double log_got);
void vector_check_text(vector_case *c, const char *key, const char *got);
void vector_check_list(vector_case *c, const char *key, const double *got, size_t count);
/* A status that the file calls by another name, or a number: both answers are given. */
void vector_check_or_status(vector_case *c, const char *key, double got, bool status_holds);

#endif
