/*
 * Markov attribution of order k over a path table, exactly: removal effects of channels for conversions and for value.
 *
 * Anderl, Becker, von Wangenheim and Schumann 2016; for k ≥ 2 a state is a window of k touches and counts for all of its channels. A
 * journey starts, visits the states of its path (a state that repeats at once is one visit), and converts or ends. Removing a channel
 * ends every journey that would enter a state with it.
 */
#ifndef PDM_STATS_MARKOV_H
#define PDM_STATS_MARKOV_H

#include "stats/paths.h"

#define PDM__MARKOV_MAX_ORDER 32

typedef struct pdm__markov_options {
    int32_t order;
    bool ignore_nulls;  /* as if every journey converted */
    int32_t max_sweeps; /* 0 = the chain's default; for tests */
    size_t max_dense;   /* the same */
} pdm__markov_options;

/* Touches of a state, in the table's memory. */
typedef struct pdm__gram {
    const uint32_t *touches;
    uint32_t length;
} pdm__gram;

/* How often journeys pass from one state to another. 0 = the start; states from 1 on; count and count + 1 = conversion, null. */
typedef struct pdm__passage {
    uint32_t from;
    uint32_t to;
    int64_t count;
} pdm__passage;

typedef struct pdm__markov {
    pdm_context *context;
    pdm__markov_options options;
    uint32_t count;   /* states, the start included */
    pdm__gram *grams; /* [gram_room], of states; the start's is empty */
    size_t gram_room;
    pdm__passage *passages; /* ascending by from, to; none from a state to itself */
    size_t passage_count;
    size_t passage_room;
    int64_t *repeats;   /* [count] how often a state followed itself */
    int64_t *visits;    /* [count] repeats not counted */
    double *last_value; /* [count] value of journeys that convert from there */
    int64_t journeys;
    int64_t conversions;
    double value;
    double p_conversion; /* of a journey; 0 without journeys */
    double mean_value;   /* of a journey */
    double residual;     /* relative gap between the solved figures and the counted ones */
    int32_t sweeps;      /* most that a solution took; 0 = none was iterated */
    uint32_t channels;
    double *effects; /* [channels] removal effects */
    double *value_effects;
} pdm__markov;

void pdm__markov_clear(pdm__markov *markov);

/* States and transitions alone: O(touches). `paths` must be unmarked and outlive the result. Errors: PDM_E_OVERFLOW, PDM_E_NOMEM. */
pdm_status pdm__markov_count(const pdm__paths *paths, const pdm__markov_options *options, pdm__markov *out,
                             pdm_error *err);

/*
 * Then removal effects. All are 0 where nothing converts (for value: where the value is 0). Errors: also the row status no_convergence
 * if the solution does not give what was counted, within 1e-10.
 */
pdm_status pdm__markov_solve(const pdm__paths *paths, pdm__run *run, pdm__markov *markov, pdm_error *err);

/* ---- which order ---- */

/* How well the last state of a journey tells whether it converts, and how likely the transitions are. */
typedef struct pdm__markov_order {
    int32_t order;
    uint32_t states;        /* the start included */
    double parameters;      /* windows that could be: binom(channels + k − 1, k) */
    bool has_auc;           /* there are conversions and nulls */
    double auc;             /* area under the curve, ties ½; in-sample */
    double penalised_auc;   /* 1 − (1 − auc)(N − 1)/(N − parameters − 1); 0 where that makes no sense */
    double log_likelihood;  /* of all journeys, repeats of states counted */
    double free_parameters; /* transitions seen beyond one for each state */
    double bic;             /* −2 log-likelihood + free parameters · ln N */
} pdm__markov_order;

/* Orders 1 … count. `paths` unmarked. Errors: PDM_E_OVERFLOW, PDM_E_NOMEM. */
pdm_status pdm__markov_orders(const pdm__paths *paths, int32_t count, bool ignore_nulls, pdm__markov_order *out,
                              pdm_error *err);

#endif
