/* Reads JSON, for tests that take their cases from conformance vectors. Whole file in memory, no streaming. */
#ifndef PDM_TEST_JSON_H
#define PDM_TEST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT } json_type;

typedef struct json {
    json_type type;
    double number;      /* of a number; 1 or 0 of a bool */
    const char *text;   /* of a string: UTF-8, NUL-terminated */
    const char *key;    /* member of an object, else NULL */
    struct json *first; /* of a list or object */
    struct json *next;  /* in the same list or object */
    size_t count;       /* of a list or object */
} json;

typedef struct json_file {
    json *root;
    void *memory;
} json_file;

/* False if there is no such file. What is no JSON ends the program. */
bool json_read(const char *path, json_file *out);
void json_free(json_file *file);

/* NULL if there is none. */
const json *json_member(const json *object, const char *key);
const json *json_at(const json *list, size_t index);

/* A number, or one of the texts "inf", "-inf"; ends the program for anything else. */
double json_number(const json *value);

#endif
