/*
 * Shapley values of channels over a path table. Players are the table's channels; a journey belongs to a coalition if it touches none
 * but the coalition's channels. Zhao, Mahboobi and Bagheri 2018 (arXiv 1804.05327).
 */
#ifndef PDM_STATS_COALITION_H
#define PDM_STATS_COALITION_H

#include "stats/paths.h"

#define PDM__COALITION_MAX_PLAYERS 20

/* What a coalition is worth. */
typedef enum pdm__worth {
    PDM__WORTH_CONVERSIONS = 0, /* conversions of its journeys */
    PDM__WORTH_VALUE = 1,       /* their value */
    PDM__WORTH_RATE_SUBSETS = 2 /* conversions / journeys, 0 without journeys */
} pdm__worth;

/*
 * shapley[channel], for all channels of the table. Sums are O(touches), for any number of channels: each set of channels shares what it
 * brought evenly (which is attribution model linear_unique). Rates go through all 2^n coalitions by their definition: memory 24 · 2^n
 * bytes, may be negative; PDM_E_LIMIT above PDM__COALITION_MAX_PLAYERS channels.
 */
pdm_status pdm__shapley_values(const pdm__paths *paths, pdm__run *run, pdm__worth worth, double *shapley,
                               pdm_error *err);

/* A channel's share at one position, from 1. */
typedef struct pdm__shapley_place {
    uint32_t channel;
    uint32_t position;
    double conversions;
    double value;
} pdm__shapley_place;

/*
 * Ordered Shapley: what a channel gets is shared evenly by its positions in the path, or given to each of them (full_each: more is given
 * than there is). *places is new memory of *count entries, ascending by channel and position; those that get something are listed.
 */
pdm_status pdm__shapley_ordered(const pdm__paths *paths, bool full_each, pdm__shapley_place **places, size_t *count,
                                pdm_error *err);

#endif
