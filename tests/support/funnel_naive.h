/*
 * Small random subjects of a funnel, and searches that try everything: what the evaluators in lib/metrics/funnel_*.c are compared with.
 * Written from the definitions, by other roads than theirs.
 */
#ifndef PDM_TEST_FUNNEL_NAIVE_H
#define PDM_TEST_FUNNEL_NAIVE_H

#include "metrics/funnel_internal.h"

#define SUBJECT_ROWS 9
#define SUBJECT_STEPS 6

/* A unit's rows, and how to look at them. */
typedef struct subject {
    pdm__funnel_rules rules;
    int64_t as_of;
    pdm__funnel_span span;
    pdm__funnel_row rows[SUBJECT_ROWS];
    int32_t count;
    uint64_t seed;
} subject;

/* Rows of the subject, one after the other. */
typedef struct sequence {
    int32_t level;
    int32_t rows[SUBJECT_STEPS];
} sequence;

/* Ordered, best, first_completed, everything else off; no step windows. UTC. */
pdm__funnel_rules plain_rules(int32_t steps, int64_t window);

/* At most most_steps ≤ SUBJECT_STEPS. Few instants, masks from thin to overlapping; window, reuse, tie, span, entries at random. */
subject random_subject(uint64_t seed, int32_t most_steps);
/* In [0, bound); true once in `of` times. */
int64_t subject_below(subject *s, int64_t bound);
bool subject_coin(subject *s, int64_t of);

bool satisfies(const subject *s, int32_t row, int32_t step);
int64_t naive_limit(const subject *s, int64_t time);
/* Number of each row's tie group. */
void number_groups(const subject *s, int32_t *groups);
/* Takes the steps from rows that collapse_ties does not count. */
void collapse_naively(subject *s);

/* Gives steps step … to the smallest rows, step by step; rows in `taken` are not free. False if it cannot be. */
bool assign_naively(const subject *s, int32_t step, int32_t to, uint32_t taken, uint32_t *filled);
/* The chain scan, every chain kept (1.8). */
sequence scan_naively(const subject *s);
/* Every window, every matching (1.3). */
sequence unordered_naively(const subject *s);
/* Every attempt there is, with step windows (1.2, 1.5). */
sequence attempt_naively(const subject *s);
/* Adds optional steps to rows[step − 1]; −1: not filled (1.5). */
void add_optional_naively(const subject *s, const int32_t *groups, int32_t *rows);

#endif
