/*
 * Ways to set a metric up: every value of every option once, alone and upon a few bases, random combinations, each with and without
 * example lists. What the library refuses is counted, not hidden.
 */
#ifndef PDM_TEST_CASES_H
#define PDM_TEST_CASES_H

#include "rows.h"

#define CASE_OPTIONS 2048
#define CASE_LISTS 4

/* What the events are that an example names: rows must have them of the same kind. */
typedef enum case_events { CASE_NO_EVENTS = 0, CASE_TEXTS = 1, CASE_CODES = 2 } case_events;

/* An example of a list, by the list's name in the registry. */
typedef struct case_list {
    const char *list;
    const char *label;
    pdm_status (*give)(pdm_state *state, pdm_error *err);
    case_events events;
} case_list;

typedef struct law_case {
    const pdm_metric *metric;
    uint64_t options[CASE_OPTIONS / 8];
    const case_list *lists[CASE_LISTS];
    int32_t list_count;
    case_events events; /* of the lists */
    int32_t calendar;   /* 0 = default, 1 = +08:00 with weeks from Sunday, 2 = a zone with changes */
    bool skips_nulls;
    int64_t number;
    char name[256];
} law_case;

typedef void (*case_visit)(const law_case *c, void *user);

typedef struct case_counts {
    int64_t visited;
    int64_t refused; /* bad_option, unsupported_combination: by the library */
    char first_refusal[256];
    int64_t unvisited; /* values of options that were refused whatever they came with */
    char first_unvisited[256];
} case_counts;

/* Visits all cases of a metric: options one at a time on each base, and `random` random combinations. Aborts on a status that is no
 * refusal. */
void cases_walk(const pdm_metric *metric, int32_t random, case_visit visit, void *user, case_counts *counts);

/* A few cases that between them use every part of a metric's state; for tests that are dear. */
void cases_few(const pdm_metric *metric, case_visit visit, void *user);

/* The nth base that a metric's cases start from: its defaults, as a rule; false after the last. */
bool case_base(law_case *c, const pdm_metric *metric, int32_t nth);

/* A state as the case wants it, lists and calendar set. */
pdm_status case_create(const law_case *c, pdm_context *context, pdm_state **out, pdm_error *err);
pdm_status case_settle(const law_case *c, pdm_state *state, pdm_error *err); /* the second half of it */

/* Options by text; aborts if that is refused. */
void case_begin(law_case *c, const pdm_metric *metric, const char *name);
bool case_set(law_case *c, const char *option, const char *value);
/* Example of a list; false if there is none with that label, or if it names events of another kind than one given already. */
bool case_add_list(law_case *c, const char *label);

/* All examples. */
extern const case_list case_examples[];
extern const int32_t case_example_count;

/* A style that suits the case's number, and the events that its lists name. */
rows_style case_style(const law_case *c);

#endif
