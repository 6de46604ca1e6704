/* Beta posteriors of rates over u = logit of the rate, where densities and tails have concave logarithms. */
#ifndef PDM_STATS_RATE_POSTERIOR_H
#define PDM_STATS_RATE_POSTERIOR_H

#include "stats/calculator.h"
#include "stats/tails.h"

#define PDM__LOGIT_REACH 660.0 /* e^±660 are doubles that may still be split in two */
#define PDM__BELIEF_MARKS 7

/* What is believed of an arm: Beta(a, b), or another distribution of two parameters. */
typedef struct pdm__belief {
    double a, b;
} pdm__belief;

/* Where an arm's tails turn from 0 to 1: so many of its standard deviations about its centre. */
static inline int32_t pdm__belief_marks(double centre, double sd, double *marks, int32_t count) {
    static const double steps[PDM__BELIEF_MARKS] = {-8, -4, -2, 0, 2, 4, 8};
    for (int32_t i = 0; i < PDM__BELIEF_MARKS; i++) marks[count++] = centre + steps[i] * sd;
    return count;
}

/* The logit of a rate is spread about like this. */
static inline int32_t pdm__rate_marks(const pdm__belief *t, double *marks, int32_t count) {
    return pdm__belief_marks(log(t->a) - log(t->b), sqrt(1 / t->a + 1 / t->b), marks, count);
}

/* The rate and its complement. */
static inline void pdm__rate_shares(double u, pdm__dd *x, pdm__dd *y) { pdm__shares((pdm__dd){exp(u), 0}, 1, x, y); }

static inline double pdm__rate_log_density(const pdm__belief *t, pdm__dd x, pdm__dd y) {
    double exponent = 0;
    double factor = 0;
    pdm__beta_prefix(t->a, t->b, x, y, &exponent, &factor);
    return exponent + log(factor);
}

static inline double pdm__rate_log_tail(const pdm__belief *t, pdm__dd x, pdm__dd y, bool lower) {
    return pdm__tail_log(pdm__beta_tail(t->a, t->b, x, y), lower);
}

/* Error PDM_E_BAD_OPTION unless the parameter of a prior is above 0. */
pdm_status pdm__check_prior(double a, const char *name, pdm_error *err);

#endif
