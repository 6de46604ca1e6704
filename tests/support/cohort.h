/* What the tests of cohort metrics share: instants, zones, rows by hand, columns compared with lists of numbers. */
#ifndef PDM_TEST_COHORT_H
#define PDM_TEST_COHORT_H

#include <pdmetrics.h>

#define COHORT_HOUR INT64_C(3600000000)
#define COHORT_DAY (24 * COHORT_HOUR)
#define COHORT_NULL INT64_MIN /* a null in a list of expected numbers */

/* An instant, UTC. */
int64_t cohort_at(int64_t year, int32_t month, int32_t day, int32_t hour, int32_t minute);

/* New York around 2024 and Kathmandu around its last change, with Sunday weeks; Shanghai. */
pdm_calendar cohort_new_york(void);
pdm_calendar cohort_kathmandu(void);
pdm_calendar cohort_shanghai(void);

/* An empty state of a metric; fails the test if it is refused. calendar may be NULL. */
pdm_state *cohort_state(const char *metric, const void *options, const pdm_calendar *calendar);

/* Adds int64 columns, `names` separated by blanks, `rows` times as many numbers, row by row. A name ending in '?' has nulls (COHORT_NULL). */
void cohort_add(pdm_state *state, const char *names, const int64_t *numbers, int64_t rows);

/* The result; frees the state. */
pdm_result *cohort_result(pdm_state *state);

/* Fails unless the column (integers, times, booleans) holds these numbers. */
void cohort_expect(const pdm_result *result, const char *table, const char *column, const int64_t *expected,
                   int64_t count);
/* Numbers of a float column; NaN = null. Exactly equal. */
void cohort_expect_f64(const pdm_result *result, const char *table, const char *column, const double *expected,
                       int64_t count);
/* Texts; NULL = null. */
void cohort_expect_text(const pdm_result *result, const char *table, const char *column, const char *const *expected,
                        int64_t count);

#define COHORT_EXPECT(result, table, column, ...)                                                                      \
    cohort_expect(result, table, column, (const int64_t[]){__VA_ARGS__},                                               \
                  (int64_t)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))
#define COHORT_EXPECT_F64(result, table, column, ...)                                                                  \
    cohort_expect_f64(result, table, column, (const double[]){__VA_ARGS__},                                            \
                      (int64_t)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))
#define COHORT_EXPECT_TEXT(result, table, column, ...)                                                                 \
    cohort_expect_text(result, table, column, (const char *const[]){__VA_ARGS__},                                      \
                       (int64_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

#endif
