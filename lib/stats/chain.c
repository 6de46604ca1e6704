#include "stats/chain.h"

#include <math.h>

#define SMALL_CHANGE 0x1p-50
#define SMALL_ERROR 1e-13

/* ---- dense ---- */

/* After elimination: above the diagonal the multipliers, below it the rows as they were when their turn came. */
typedef struct dense {
    pdm_context *context;
    size_t count;
    double *cells; /* [count][count] */
    double *leave; /* [count] */
    double *pivot; /* [count] */
} dense;

static void dense_clear(dense *d) {
    pdm__drop(d->context, d->cells, d->count * d->count, sizeof *d->cells);
    pdm__drop(d->context, d->leave, d->count, sizeof *d->leave);
    pdm__drop(d->context, d->pivot, d->count, sizeof *d->pivot);
}

static void dense_fill(dense *d, const pdm__chain *chain, const uint8_t *dead) {
    for (size_t s = 0; s < d->count; s++) {
        d->leave[s] = chain->leave[s];
        if (dead != NULL && dead[s] != 0) {
            d->leave[s] = 1.0;
            continue;
        }
        for (size_t i = chain->starts[s]; i < chain->starts[s + 1]; i++) {
            if (dead != NULL && dead[chain->to[i]] != 0) {
                d->leave[s] += chain->share[i];
            } else {
                d->cells[s * d->count + chain->to[i]] = chain->share[i];
            }
        }
    }
}

static void dense_eliminate(dense *d) {
    size_t n = d->count;
    for (size_t k = n; k-- > 0;) {
        const double *mine = d->cells + k * n;
        double pivot = d->leave[k];
        for (size_t j = 0; j < k; j++) pivot += mine[j];
        d->pivot[k] = pivot;
        for (size_t i = 0; i < k; i++) {
            double *row = d->cells + i * n;
            if (row[k] == 0.0) continue;
            double factor = row[k] / pivot;
            row[k] = factor;
            for (size_t j = 0; j < k; j++) row[j] += factor * mine[j];
            d->leave[i] += factor * d->leave[k];
        }
    }
}

static pdm_status dense_make(const pdm__chain *chain, const uint8_t *dead, dense *d, pdm_error *err) {
    size_t n = chain->count;
    memset(d, 0, sizeof *d);
    d->context = chain->context;
    d->count = n;
    pdm_status status = pdm__new_zero(d->context, n * n, sizeof *d->cells, &d->cells, err);
    if (status == PDM_OK) status = pdm__new(d->context, n, sizeof *d->leave, &d->leave, err);
    if (status == PDM_OK) status = pdm__new(d->context, n, sizeof *d->pivot, &d->pivot, err);
    if (status != PDM_OK) {
        dense_clear(d);
        return status;
    }
    dense_fill(d, chain, dead);
    dense_eliminate(d);
    return PDM_OK;
}

/* out holds the right-hand side and becomes the solution. */
static void dense_gains(const dense *d, double *out) {
    size_t n = d->count;
    for (size_t k = n; k-- > 1;) {
        for (size_t i = 0; i < k; i++) out[i] += d->cells[i * n + k] * out[k];
    }
    for (size_t k = 0; k < n; k++) {
        for (size_t j = 0; j < k; j++) out[k] += d->cells[k * n + j] * out[j];
        out[k] /= d->pivot[k];
    }
}

static void dense_visits(const dense *d, double *out) {
    size_t n = d->count;
    out[0] = 1.0 / d->pivot[0];
    for (size_t k = 1; k < n; k++) {
        out[k] = 0.0;
        for (size_t i = 0; i < k; i++) out[k] += out[i] * d->cells[i * n + k];
    }
}

pdm_status pdm__chain_returns(const pdm__chain *chain, double *out, pdm_error *err) {
    dense d;
    double *column = NULL;
    PDM__TRY(dense_make(chain, NULL, &d, err));
    pdm_status status = pdm__new(chain->context, chain->count, sizeof *column, &column, err);
    for (size_t s = 0; status == PDM_OK && s < chain->count; s++) {
        memset(column, 0, chain->count * sizeof *column);
        column[s] = 1.0;
        dense_gains(&d, column);
        out[s] = column[s];
    }
    pdm__drop(chain->context, column, chain->count, sizeof *column);
    dense_clear(&d);
    return status;
}

/* ---- iteration ---- */

/* What the sweeps so far say about the next. */
typedef struct progress {
    double change; /* largest relative change of the last sweep */
    double rate;   /* by which changes shrink, as last seen while they were more than roundings */
    int32_t sweeps;
} progress;

/* Whether it is enough: neither the change nor all that would follow at its rate matters. */
static bool sweep_done(progress *p, double change) {
    if (p->sweeps++ > 0 && change > SMALL_CHANGE) p->rate = change / p->change;
    p->change = change;
    if (change == 0.0) return true;
    return change <= SMALL_CHANGE && p->rate < 1.0 && change * p->rate / (1.0 - p->rate) <= SMALL_ERROR;
}

static double relative(double before, double after, double least) {
    double size = fabs(after) > least ? fabs(after) : least;
    return before == after ? 0.0 : fabs(after - before) / size;
}

static int32_t most_sweeps(const pdm__chain *chain) {
    return chain->max_sweeps > 0 ? chain->max_sweeps : PDM__CHAIN_MAX_SWEEPS;
}

/* Last states first: journeys go forward. true: it converged. */
static bool iterate_gains(const pdm__chain *chain, const double *gain, double *out, progress *p) {
    double most = 0.0;
    bool negative = false;
    for (size_t s = 0; s < chain->count; s++) {
        negative = negative || gain[s] < 0.0;
        most = fabs(gain[s]) > most ? fabs(gain[s]) : most;
        out[s] = gain[s];
    }
    double least = negative ? most * 0x1p-30 : 0.0; /* where gains cancel there may be no digits to agree on */
    while (p->sweeps < most_sweeps(chain)) {
        double change = 0.0;
        for (size_t s = chain->count; s-- > 0;) {
            double sum = gain[s];
            for (size_t i = chain->starts[s]; i < chain->starts[s + 1]; i++) sum += chain->share[i] * out[chain->to[i]];
            double moved = relative(out[s], sum, least);
            change = moved > change ? moved : change;
            out[s] = sum;
        }
        if (sweep_done(p, change)) return true;
    }
    return false;
}

static bool iterate_visits(const pdm__chain *chain, const uint8_t *dead, double *out, progress *p) {
    memset(out, 0, chain->count * sizeof *out);
    out[0] = 1.0;
    while (p->sweeps < most_sweeps(chain)) {
        double change = 0.0;
        for (size_t t = 1; t < chain->count; t++) {
            if (dead != NULL && dead[t] != 0) continue;
            double sum = 0.0;
            for (size_t i = chain->arrives[t]; i < chain->arrives[t + 1]; i++)
                sum += out[chain->from[i]] * chain->arrive_share[i]; /* dead ones are never visited */
            double moved = relative(out[t], sum, 0.0);
            change = moved > change ? moved : change;
            out[t] = sum;
        }
        if (sweep_done(p, change)) return true;
    }
    return false;
}

/* ---- which way ---- */

static bool is_small(const pdm__chain *chain) {
    return chain->count <= (chain->max_dense > 0 ? chain->max_dense : PDM__CHAIN_DENSE);
}

pdm_status pdm__chain_gains(const pdm__chain *chain, const double *gain, double *out, int32_t *sweeps, pdm_error *err) {
    progress p = {.rate = 1.0};
    if (is_small(chain)) {
        dense d;
        PDM__TRY(dense_make(chain, NULL, &d, err));
        memcpy(out, gain, chain->count * sizeof *out);
        dense_gains(&d, out);
        dense_clear(&d);
        return PDM_OK;
    }
    bool done = iterate_gains(chain, gain, out, &p);
    if (sweeps != NULL && p.sweeps > *sweeps) *sweeps = p.sweeps;
    return done ? PDM_OK : pdm__chain_eliminate(chain, gain, NULL, out, err);
}

pdm_status pdm__chain_visits(const pdm__chain *chain, const uint8_t *dead, double *out, int32_t *sweeps,
                             pdm_error *err) {
    progress p = {.rate = 1.0};
    if (is_small(chain)) {
        dense d;
        PDM__TRY(dense_make(chain, dead, &d, err));
        dense_visits(&d, out);
        dense_clear(&d);
        return PDM_OK;
    }
    bool done = iterate_visits(chain, dead, out, &p);
    if (sweeps != NULL && p.sweeps > *sweeps) *sweeps = p.sweeps;
    return done ? PDM_OK : pdm__chain_eliminate(chain, NULL, dead, out, err);
}
