/* Attribution in a few words: rows and lists as text. For tests through the public interface; tables are compared by funnel_life.h. */
#ifndef PDM_TEST_ATTRIBUTION_LIFE_H
#define PDM_TEST_ATTRIBUTION_LIFE_H

#include "funnel_life.h"

#include <pdmetrics/metrics/attribution.h>

/*
 * Rows as "user=1 time=0 kind=touch channel=A; user=1 time=5 kind=conversion value=50": columns by name, of the type that their role asks
 * for, users as integers; what is not said is null, a column that no row has is absent. A value beginning with a point or holding one is a
 * float for the whole column.
 */
pdm_status attribution_feed(pdm_state *state, const char *rows, pdm_error *err);
/* The same for a list of the metric. */
pdm_status attribution_give(pdm_state *state, const char *list, const char *rows, pdm_error *err);

/* Events as "1A0 1B5 1$9=50 1!7": touch of user 1 in channel A at 0 s, conversion at 9 s worth 50, milestone lead at 7 s; places are seq. */
void attribution_events(pdm_state *state, const char *text);
/* Paths as "A>B 3 30 2, C 1 5 0": path, conversions, value, nulls. */
void attribution_paths(pdm_state *state, const char *text);

/* A state with options ("name=value") and lists ("models: model=linear; model=markov order=2"); fails the test if it cannot be had. */
pdm_state *attribution(const char *const *set, const char *const *lists);
pdm_status attribution_create(const char *const *set, const char *const *lists, pdm_state **out, pdm_error *err);

#endif
