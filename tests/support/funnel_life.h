/* Funnels in a few words: lists and rows as text, tables as text. For tests through the public interface. */
#ifndef PDM_TEST_FUNNEL_LIFE_H
#define PDM_TEST_FUNNEL_LIFE_H

#include <pdmetrics/metrics/funnel.h>

#define MOST 128 /* rows of a list or a script */
#define ARRAY(type, ...) ((type[]){__VA_ARGS__}), (int64_t)(sizeof((type[]){__VA_ARGS__}) / sizeof(type))

/* ---- lists ---- */

/* A row of list steps; what is not said is null. */
typedef struct step_row {
    int64_t step;
    const char *event;
    const char *column;
    const char *name;
    const char *hold;
    int64_t optional; /* 0 = null */
    int64_t window;   /* 0 = null, PDM_ZERO_INT64 = 0 */
} step_row;
pdm_status give_steps(pdm_state *state, const step_row *steps, int64_t count, pdm_error *err);

/* A row of list exclusions. */
typedef struct exclusion_row {
    int64_t from;
    int64_t to;
    const char *event;
    const char *column;
    const char *effect;
} exclusion_row;
pdm_status give_exclusions(pdm_state *state, const exclusion_row *given, int64_t count, pdm_error *err);

pdm_status give_edges(pdm_state *state, const int64_t *edges, int64_t count, pdm_error *err);

/* Steps that are events of one letter: "a,bc" = a, then b or c. */
pdm_status give_letters(pdm_state *state, const char *letters, pdm_error *err);

/* ---- states and rows ---- */

/* Options as "name=value". */
#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})
#define PLAIN ((const char *const[]){NULL})
pdm_status funnel_create(const char *const *set, pdm_state **out, pdm_error *err);

/* The same with steps of one letter (NULL: none); fails the test if it cannot be had. */
pdm_state *funnel(const char *letters, const char *const *set);

/* Rows written as "1a0 1b5 2a-3": unit, event, time; the place in the text is `seq`. */
typedef struct script {
    int64_t count;
    int64_t unit[MOST];
    int64_t time[MOST];
    int64_t seq[MOST];
    int64_t code[MOST]; /* of the event: a = 1 */
    int32_t offsets[MOST + 1];
    char events[MOST];
} script;
void parse(script *s, const char *text);

/* Rows of a script, with more columns: one value a row in each. */
pdm_status feed_with(pdm_state *state, const char *text, const pdm_column *more, int32_t count, pdm_error *err);
/* Fails the test if the rows are not taken. */
void feed(pdm_state *state, const char *text);

/* Fails the test if there is none. */
pdm_result *result_of(const pdm_state *state);

/*
 * Three steps, a window of 10.
 *   1: a0 b3 c9        done in 9
 *   2: a0 b4 c11       c comes too late: 2
 *   3: a0 a5 b6 c14    the later entry does it, in 9
 *   4: b1 c2           never entered
 *   5: a7              just entered
 *   6: x1 y2           foreign rows only
 */
extern const char *const small;

/* ---- cells ---- */

/* A cell as text; - = null. Returns its length. */
int put_cell(const pdm_table *table, const char *column, int64_t row, char *out, size_t room);

/* The rows of a table, of some columns: "step count" gives "1 3", "2 1" … */
void expect_rows(const pdm_result *result, const char *name, const char *columns, const char *const *expected,
                 int64_t count);
#define EXPECT(result, name, columns, ...) expect_rows(result, name, columns, ARRAY(const char *const, __VA_ARGS__))

/* A state's table, and the end of the state. */
#define EXPECT_STATE(state, name, columns, ...)                                                                        \
    do {                                                                                                               \
        pdm_state *expected_of = (state);                                                                              \
        pdm_result *expected_result = result_of(expected_of);                                                          \
        EXPECT(expected_result, name, columns, __VA_ARGS__);                                                           \
        pdm_result_free(expected_result);                                                                              \
        pdm_state_free(expected_of);                                                                                   \
    } while (0)

#endif
