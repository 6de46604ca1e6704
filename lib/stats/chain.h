/*
 * Absorbing Markov chains, solved without subtractions: all entries keep full relative accuracy, however rare a state is.
 *
 * Few states: dense elimination in the form of Grassmann, Taksar and Heyman (1985), whose pivot is the sum of what leaves a state and
 * never 1 − q. Many: Gauss-Seidel until neither the last change nor the error estimated from the changes matters; a chain that goes in
 * circles for too long is eliminated after all, sparsely.
 */
#ifndef PDM_STATS_CHAIN_H
#define PDM_STATS_CHAIN_H

#include "core/base.h"

#define PDM__CHAIN_DENSE 301       /* states that are eliminated densely */
#define PDM__CHAIN_MAX_SWEEPS 2000 /* before elimination takes over */

/* Transitions by the state they leave, ascending; none leads from a state to itself. State 0 is where journeys start. */
typedef struct pdm__chain {
    pdm_context *context;
    size_t count;          /* states */
    const size_t *starts;  /* [count + 1] */
    const uint32_t *to;    /* [transitions] */
    const double *share;   /* [transitions] probability */
    const double *leave;   /* [count] probability of leaving the chain */
    const size_t *arrives; /* [count + 1] the same transitions by the state they reach */
    const uint32_t *from;
    const double *arrive_share;
    int32_t max_sweeps; /* 0 = PDM__CHAIN_MAX_SWEEPS */
    size_t max_dense;   /* 0 = PDM__CHAIN_DENSE */
} pdm__chain;

/* out = (I − Q)^-1 · gain: what a journey gets from each state on. *sweeps (may be NULL) is raised to the sweeps that it took. */
pdm_status pdm__chain_gains(const pdm__chain *chain, const double *gain, double *out, int32_t *sweeps, pdm_error *err);

/* out[s] = expected visits of s by a journey that ends as soon as it would enter a state t with dead[t] (NULL: none is dead). */
pdm_status pdm__chain_visits(const pdm__chain *chain, const uint8_t *dead, double *out, int32_t *sweeps,
                             pdm_error *err);

/* out[s] = expected visits of s by a journey that starts in s. Dense: count ≤ PDM__CHAIN_DENSE. */
pdm_status pdm__chain_returns(const pdm__chain *chain, double *out, pdm_error *err);

/* Sparse elimination, chain_sparse.c: either of gain and dead as above. */
pdm_status pdm__chain_eliminate(const pdm__chain *chain, const double *gain, const uint8_t *dead, double *out,
                                pdm_error *err);

#endif
