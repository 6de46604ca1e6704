#include "vectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_near(const vector_case *c, double got, double expected) {
    if (got == expected) return true;
    double largest = fabs(got) > fabs(expected) ? fabs(got) : fabs(expected);
    double miss = fabs(got - expected);
    return miss <= c->absolute || (miss <= c->relative * largest && !isinf(largest));
}

static void judge(vector_case *c, const char *key, bool right, double got, double expected) {
    c->checked++;
    if (right) return;
    c->wrong++;
    (void)printf("%s: %s: expected %.17g, got %.17g\n", c->id, key, expected, got);
}

void vector_check_with_log(vector_case *c, const char *key, double got, double log_got) {
    const json *expected = json_member(c->out, key);
    if (expected == NULL) return;
    if (expected->type == JSON_OBJECT) {
        double log_expected = json_number(json_member(expected, "ln"));
        judge(c, key, is_near(c, log_got, log_expected), log_got, log_expected);
        return;
    }
    if (expected->type == JSON_STRING && strcmp(expected->text, "null") == 0) {
        judge(c, key, isnan(got), got, (double)NAN);
        return;
    }
    double number = json_number(expected);
    judge(c, key, is_near(c, got, number), got, number);
}

void vector_check(vector_case *c, const char *key, double got) { vector_check_with_log(c, key, got, (double)NAN); }

void vector_check_text(vector_case *c, const char *key, const char *got) {
    const json *expected = json_member(c->out, key);
    if (expected == NULL) return;
    c->checked++;
    if (expected->type == JSON_STRING && strcmp(expected->text, got) == 0) return;
    c->wrong++;
    (void)printf("%s: %s: expected %s, got %s\n", c->id, key, expected->text, got);
}

void vector_check_or_status(vector_case *c, const char *key, double got, bool status_holds) {
    const json *expected = json_member(c->out, key);
    if (expected == NULL) return;
    if (expected->type == JSON_STRING && strcmp(expected->text, "unbounded") == 0) {
        judge(c, key, status_holds, got, (double)NAN);
        return;
    }
    vector_check(c, key, got);
}

void vector_check_list(vector_case *c, const char *key, const double *got, size_t count) {
    const json *expected = json_member(c->out, key);
    if (expected == NULL) return;
    bool right = expected->count == count;
    double worst = 0;
    double wanted = 0;
    for (size_t i = 0; right && i < count; i++) {
        double number = json_number(json_at(expected, i));
        if (is_near(c, got[i], number)) continue;
        right = false;
        worst = got[i];
        wanted = number;
    }
    judge(c, key, right, worst, wanted);
}

double vector_real(const vector_case *c, const char *key) { return json_number(json_member(c->in, key)); }

double vector_real_or(const vector_case *c, const char *key, double absent) {
    const json *value = json_member(c->in, key);
    return value == NULL ? absent : json_number(value);
}

int64_t vector_int(const vector_case *c, const char *key) { return (int64_t)vector_real(c, key); }

const char *vector_text(const vector_case *c, const char *key) {
    const json *value = json_member(c->in, key);
    return value == NULL ? NULL : value->text;
}

/* ---------------------------------------------------------------------------------------------------------------- runs */

static double tolerance_of(const json *tolerance, const char *kind) {
    const json *value = json_member(tolerance, kind);
    return value == NULL ? 0 : json_number(value);
}

static const vector_handler *find_handler(const vector_handler *handlers, size_t count, const char *function) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(handlers[i].function, function) == 0) return &handlers[i];
    }
    return NULL;
}

static size_t run_case(const json *node, const json *tolerance, const vector_handler *handlers, size_t count,
                       size_t *values) {
    const json *own = json_member(node, "tol");
    const json *use = own != NULL ? own : tolerance;
    const char *function = json_member(node, "fn")->text;
    const vector_handler *handler = find_handler(handlers, count, function);
    vector_case c = {.id = json_member(node, "id")->text,
                     .in = json_member(node, "in"),
                     .out = json_member(node, "out"),
                     .relative = tolerance_of(use, "rel"),
                     .absolute = tolerance_of(use, "abs")};
    if (handler == NULL) {
        (void)printf("%s: nobody answers for %s\n", c.id, function);
        return 1;
    }
    if (handler->run == NULL) return 0;
    handler->run(&c);
    *values += c.checked;
    if (c.checked == c.out->count) return c.wrong;
    (void)printf("%s: %s: %zu expected values, %zu asked about\n", c.id, function, c.out->count, c.checked);
    return c.wrong + 1;
}

int vectors_run(const char *name, const vector_handler *handlers, size_t count) {
    const char *shared = getenv("PDM_SHARED");
    char path[4096];
    if (shared == NULL || shared[0] == '\0') shared = PDM_SOURCE_DIR "/../shared";
    (void)snprintf(path, sizeof path, "%s/vectors/%s", shared, name);
    json_file file;
    if (!json_read(path, &file)) {
        (void)printf("skipped: %s is not here (set PDM_SHARED)\n", path);
        return 77;
    }
    const json *tolerance = json_member(file.root, "default_tol");
    const json *cases = json_member(file.root, "cases");
    size_t wrong = 0;
    size_t values = 0;
    for (const json *node = cases->first; node != NULL; node = node->next) {
        wrong += run_case(node, tolerance, handlers, count, &values);
    }
    (void)printf("%s: %zu cases, %zu values, %zu wrong\n", name, cases->count, values, wrong);
    json_free(&file);
    return wrong == 0 && values > 0 ? 0 : 1;
}
