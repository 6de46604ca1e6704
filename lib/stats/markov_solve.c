/* Removal effects from counted transitions: one solution for all journeys, one more for each channel (order 1: none more). */
#include "core/calculator.h"
#include "stats/chain.h"
#include "stats/markov.h"
#include "stats/ratio.h"

#include <float.h>
#include <math.h>

#define MOST_RESIDUAL 1e-10
#define DENSE_CHANNELS 64 /* more would each cost an elimination */

/* The chain in the form that solves, and its solutions. */
typedef struct solving {
    const pdm__paths *paths;
    pdm__markov *m;
    pdm__run *run;
    pdm__chain chain;
    size_t *starts;
    uint32_t *to;
    double *share;
    size_t *arrives;
    uint32_t *from;
    double *arrive_share;
    double *leave;
    double *converts; /* probability of converting at once */
    double *pays;     /* mean value of a visit that ends here */
    double *chances;  /* of converting, from each state on */
    double *worths;   /* value, from each state on */
    size_t inner;     /* transitions between states */
    bool has_value;
    pdm_status *status; /* [channels] */
    int32_t *sweeps;    /* [channels] */
} solving;

static void solving_clear(solving *s) {
    pdm_context *context = s->m->context;
    size_t n = s->m->count;
    pdm__drop(context, s->starts, n + 1, sizeof *s->starts);
    pdm__drop(context, s->arrives, n + 1, sizeof *s->arrives);
    pdm__drop(context, s->to, s->inner, sizeof *s->to);
    pdm__drop(context, s->from, s->inner, sizeof *s->from);
    pdm__drop(context, s->share, s->inner, sizeof *s->share);
    pdm__drop(context, s->arrive_share, s->inner, sizeof *s->arrive_share);
    pdm__drop(context, s->leave, n, sizeof *s->leave);
    pdm__drop(context, s->converts, n, sizeof *s->converts);
    pdm__drop(context, s->pays, n, sizeof *s->pays);
    pdm__drop(context, s->chances, n, sizeof *s->chances);
    pdm__drop(context, s->worths, n, sizeof *s->worths);
    pdm__drop(context, s->status, s->m->channels, sizeof *s->status);
    pdm__drop(context, s->sweeps, s->m->channels, sizeof *s->sweeps);
}

static pdm_status solving_begin(solving *s, pdm_error *err) {
    pdm_context *context = s->m->context;
    size_t n = s->m->count;
    for (size_t i = 0; i < s->m->passage_count; i++) s->inner += s->m->passages[i].to < n;
    PDM__TRY(pdm__new_zero(context, n + 1, sizeof *s->starts, &s->starts, err));
    PDM__TRY(pdm__new_zero(context, n + 1, sizeof *s->arrives, &s->arrives, err));
    PDM__TRY(pdm__new(context, s->inner, sizeof *s->to, &s->to, err));
    PDM__TRY(pdm__new(context, s->inner, sizeof *s->from, &s->from, err));
    PDM__TRY(pdm__new(context, s->inner, sizeof *s->share, &s->share, err));
    PDM__TRY(pdm__new(context, s->inner, sizeof *s->arrive_share, &s->arrive_share, err));
    PDM__TRY(pdm__new_zero(context, n, sizeof *s->leave, &s->leave, err));
    PDM__TRY(pdm__new_zero(context, n, sizeof *s->converts, &s->converts, err));
    PDM__TRY(pdm__new_zero(context, n, sizeof *s->pays, &s->pays, err));
    PDM__TRY(pdm__new(context, n, sizeof *s->chances, &s->chances, err));
    PDM__TRY(pdm__new(context, n, sizeof *s->worths, &s->worths, err));
    PDM__TRY(pdm__new_zero(context, s->m->channels, sizeof *s->status, &s->status, err));
    return pdm__new_zero(context, s->m->channels, sizeof *s->sweeps, &s->sweeps, err);
}

static void lay_out(solving *s) {
    const pdm__markov *m = s->m;
    size_t n = m->count;
    size_t inner = 0;
    for (size_t i = 0; i < m->passage_count; i++) {
        const pdm__passage *p = &m->passages[i];
        double share = pdm__ratio(p->count, m->visits[p->from]);
        if (p->to >= n) {
            s->leave[p->from] += share;
            if (p->to == n) s->converts[p->from] = share;
            continue;
        }
        s->to[inner] = p->to;
        s->share[inner++] = share;
        s->starts[p->from + 1]++;
        s->arrives[p->to + 1]++;
    }
    for (size_t v = 0; v < n; v++) {
        s->starts[v + 1] += s->starts[v];
        s->arrives[v + 1] += s->arrives[v];
        s->pays[v] = m->visits[v] == 0 ? 0.0 : m->last_value[v] / (double)m->visits[v];
    }
    for (size_t v = n; v-- > 0;) {
        for (size_t i = s->starts[v + 1]; i-- > s->starts[v];) {
            size_t at = --s->arrives[s->to[i] + 1];
            s->from[at] = (uint32_t)v;
            s->arrive_share[at] = s->share[i];
        }
    }
    /* Each end has moved down to its beginning. */
    for (size_t v = 0; v < n; v++) s->arrives[v] = s->arrives[v + 1];
    s->arrives[n] = inner;
}

/* ---- all journeys ---- */

static double gap(double solved, double counted, double scale) {
    return solved == counted ? 0.0 : fabs(solved - counted) / (scale > DBL_MIN ? scale : 1.0);
}

/* What conversions are worth without regard to sign: against it gaps are measured. */
static double absolute_value(const pdm__markov *m) {
    double sum = 0.0;
    for (uint32_t v = 0; v < m->count; v++) sum += fabs(m->last_value[v]);
    return sum;
}

static pdm_status solve_all(solving *s, pdm_error *err) {
    pdm__markov *m = s->m;
    PDM__TRY(pdm__chain_gains(&s->chain, s->converts, s->chances, &m->sweeps, err));
    PDM__TRY(pdm__chain_gains(&s->chain, s->pays, s->worths, &m->sweeps, err));
    double n = (double)m->journeys;
    m->p_conversion = pdm__ratio(m->conversions, m->journeys);
    m->mean_value = m->value / n;
    double chance = gap(s->chances[0], m->p_conversion, m->p_conversion);
    double worth = gap(s->worths[0], m->mean_value, absolute_value(m) / n);
    m->residual = chance > worth ? chance : worth;
    if (m->residual <= MOST_RESIDUAL) return PDM_OK;
    return pdm__fail(err, PDM_E_ROW_STATUS(PDM_STATUS_NO_CONVERGENCE), -1, NULL,
                     "the chain of order %d gives back what was counted only to %.3g of it", m->options.order,
                     m->residual);
}

/* ---- without a channel ---- */

static bool has_channel(const solving *s, uint32_t state, uint32_t channel) {
    const pdm__gram *gram = &s->m->grams[state];
    for (uint32_t i = 0; i < gram->length; i++) {
        if (s->paths->tokens[pdm__touch_token(gram->touches[i])].channel == channel) return true;
    }
    return false;
}

/* Journeys are lost where they would enter a state with the channel, with what they would have been worth from there on. */
static void add_losses(solving *s, const uint8_t *dead, const double *visits, uint32_t channel) {
    pdm__sum lost = {0.0, 0.0};
    pdm__sum value = {0.0, 0.0};
    for (size_t v = 0; v < s->m->count; v++) {
        for (size_t i = s->starts[v]; dead[v] == 0 && i < s->starts[v + 1]; i++) {
            if (dead[s->to[i]] == 0) continue;
            double enters = visits[v] * s->share[i];
            pdm__sum_add(&lost, enters * s->chances[s->to[i]]);
            pdm__sum_add(&value, enters * s->worths[s->to[i]]);
        }
    }
    s->m->effects[channel] = pdm__sum_of(&lost) / s->m->p_conversion;
    s->m->value_effects[channel] = s->has_value ? pdm__sum_of(&value) / s->m->mean_value : 0.0;
}

static void remove_channel(void *argument, size_t channel) {
    solving *s = argument;
    pdm_context *context = s->m->context;
    uint32_t n = s->m->count;
    uint8_t *dead = NULL;
    double *visits = NULL;
    pdm_status status = pdm__new(context, n, sizeof *dead, &dead, NULL);
    if (status == PDM_OK) status = pdm__new(context, n, sizeof *visits, &visits, NULL);
    if (status == PDM_OK) {
        for (uint32_t v = 0; v < n; v++) dead[v] = has_channel(s, v, (uint32_t)channel) ? 1 : 0;
        status = pdm__chain_visits(&s->chain, dead, visits, &s->sweeps[channel], NULL);
    }
    if (status == PDM_OK) add_losses(s, dead, visits, (uint32_t)channel);
    s->status[channel] = status;
    pdm__drop(context, dead, n, sizeof *dead);
    pdm__drop(context, visits, n, sizeof *visits);
    (void)pdm__run_poll(s->run, 1);
}

static pdm_status remove_each(solving *s, pdm_error *err) {
    pdm__run_parallel(s->run, s->m->channels, remove_channel, s);
    PDM__TRY(pdm__run_status(s->run, err));
    for (uint32_t c = 0; c < s->m->channels; c++) {
        if (s->status[c] != PDM_OK)
            return pdm__fail(err, s->status[c], -1, NULL, "out of memory for the removal of a channel");
        s->m->sweeps = s->sweeps[c] > s->m->sweeps ? s->sweeps[c] : s->m->sweeps;
    }
    return PDM_OK;
}

/* Order 1: a journey reaches c with probability visits / (journeys · returns), and loses there what it would get from c on. */
static pdm_status remove_singles(solving *s, pdm_error *err) {
    pdm__markov *m = s->m;
    double *returns = NULL;
    PDM__TRY(pdm__new(m->context, m->count, sizeof *returns, &returns, err));
    pdm_status status = pdm__chain_returns(&s->chain, returns, err);
    for (uint32_t v = 1; status == PDM_OK && v < m->count; v++) {
        uint32_t channel = s->paths->tokens[pdm__touch_token(m->grams[v].touches[0])].channel;
        double reach = pdm__ratio(m->visits[v], m->journeys) / returns[v];
        m->effects[channel] = reach * s->chances[v] / m->p_conversion;
        m->value_effects[channel] = s->has_value ? reach * s->worths[v] / m->mean_value : 0.0;
    }
    pdm__drop(m->context, returns, m->count, sizeof *returns);
    return status;
}

static void cap_effects(pdm__markov *m) {
    for (uint32_t c = 0; c < m->channels; c++) { /* a probability that rounding has carried past 1 */
        if (m->effects[c] > 1.0 && m->effects[c] < 1.0 + 1e-12) m->effects[c] = 1.0;
        if (m->value_effects[c] > 1.0 && m->value_effects[c] < 1.0 + 1e-12) m->value_effects[c] = 1.0;
    }
}

pdm_status pdm__markov_solve(const pdm__paths *paths, pdm__run *run, pdm__markov *m, pdm_error *err) {
    solving s = {.paths = paths, .m = m, .run = run};
    m->channels = paths->channel_count;
    PDM__TRY(pdm__new_zero(m->context, m->channels, sizeof *m->effects, &m->effects, err));
    pdm_status status = pdm__new_zero(m->context, m->channels, sizeof *m->value_effects, &m->value_effects, err);
    if (status == PDM_OK && m->journeys > 0) {
        status = solving_begin(&s, err);
        if (status == PDM_OK) lay_out(&s);
        s.chain = (pdm__chain){.context = m->context,
                               .count = m->count,
                               .starts = s.starts,
                               .to = s.to,
                               .share = s.share,
                               .leave = s.leave,
                               .arrives = s.arrives,
                               .from = s.from,
                               .arrive_share = s.arrive_share,
                               .max_sweeps = m->options.max_sweeps,
                               .max_dense = m->options.max_dense};
        if (status == PDM_OK) status = solve_all(&s, err);
        s.has_value = m->mean_value != 0.0;
        size_t dense = m->options.max_dense > 0 ? m->options.max_dense : PDM__CHAIN_DENSE;
        bool singles = m->options.order == 1 && paths->plain && m->count <= dense;
        if (!singles && m->channels > DENSE_CHANNELS && m->options.max_dense == 0) s.chain.max_dense = 1;
        if (status == PDM_OK && m->conversions > 0) status = singles ? remove_singles(&s, err) : remove_each(&s, err);
        cap_effects(m);
        solving_clear(&s);
    }
    return status;
}
