/*
 * Bounds of planned looks. The walk W = √t·Z has independent normal steps; its density where nothing was crossed yet is carried from
 * look to look on Gauss panels no wider than two standard deviations of the steps before and after.
 */
#include <pdmetrics/stats/group_sequential.h>

#include "stats/calculator.h"
#include "stats/quadrature.h"

#include <pdmetrics/stats/distribution.h>

#define MOST_LOOKS 10000
#define LEAST_STEP 1e-6
#define MOST_PANELS 100000
#define NODES (2 * PDM__GAUSS_HALF)
#define NORMAL_REACH 40.0    /* standard deviations beyond which nothing is left */
#define STEP_REACH 9.0       /* the same for what adds nothing */
#define LEAST_LOG_SPEND -650 /* smaller spends are beyond double's range in the quadrature */
#define Z_WIDTH 1e-12

/* Where the walk may be after a look at `info`, and how likely: weight·density at the nodes of `panels` panels over [low, high]. */
typedef struct walk {
    pdm_context *context;
    double info;
    double drift;
    double low, high;
    double *mass; /* panels · NODES */
    int32_t panels;
    int32_t capacity;
} walk;

/* --------------------------------------------------------------------------------------------------------------- walk */

static double node_of(const walk *w, int32_t panel, int32_t i) {
    double width = (w->high - w->low) / w->panels;
    double share = i < PDM__GAUSS_HALF ? -pdm__gauss_node[i] : pdm__gauss_node[NODES - 1 - i];
    return w->low + width * (panel + 0.5 + 0.5 * share);
}

static double weight_of(const walk *w, int32_t i) {
    return 0.5 * (w->high - w->low) / w->panels * pdm__gauss_weight[i < PDM__GAUSS_HALF ? i : NODES - 1 - i];
}

/* Density at x after a step of mean `shift`, from the panels within `reach` of it. */
static double density_after(const walk *w, double x, double shift, double spread, double reach) {
    if (w->panels == 0) return pdm_normal_pdf((x - shift) / spread) / spread;
    double width = (w->high - w->low) / w->panels;
    double from = floor((x - shift - reach - w->low) / width);
    double to = floor((x - shift + reach - w->low) / width);
    int32_t first = from > 0 ? (int32_t)fmin(from, w->panels) : 0;
    int32_t last = to < w->panels - 1 ? (int32_t)fmax(to, -1) : w->panels - 1;
    double sum = 0;
    for (int32_t p = first; p <= last; p++) {
        const double *mass = w->mass + (ptrdiff_t)p * NODES;
        for (int32_t i = 0; i < NODES; i++) {
            double z = (x - shift - node_of(w, p, i)) / spread;
            sum += mass[i] * exp(-0.5 * z * z);
        }
    }
    return sum / (PDM__SQRT_2PI * spread);
}

/* Probability to be above b (below it: side −1) at information `info`, not having crossed before. */
static double beyond(const walk *w, double info, double b, double side) {
    double spread = sqrt(info - w->info);
    double shift = w->drift * (info - w->info);
    if (w->panels == 0) return pdm_normal_sf(side * (b - shift) / spread);
    double sum = 0;
    for (int32_t p = 0; p < w->panels; p++) {
        const double *mass = w->mass + (ptrdiff_t)p * NODES;
        for (int32_t i = 0; i < NODES; i++) {
            sum += mass[i] * pdm_normal_sf(side * (b - shift - node_of(w, p, i)) / spread);
        }
    }
    return sum;
}

/* How far out, in standard deviations, the walk can matter to a later look that spends e^log_spend. */
static double reach_of(double log_spend) { return fmin(fmax(10, pdm_normal_isf_log(log_spend) + 4), 42); }

/* Goes on to `info` between low and high; the step after it has the variance `next`. */
static pdm_status advance(walk *w, double info, double low, double high, double reach, double next, pdm_error *err) {
    double step = info - w->info;
    double spread = sqrt(step);
    double shift = w->drift * step;
    double centre = w->drift * info;
    walk to = *w;
    to.info = info;
    to.low = fmax(low, centre - reach * sqrt(info));
    to.high = fmin(high, centre + reach * sqrt(info));
    if (!(to.high > to.low)) { /* a bound far out on the wrong side: hardly anybody is left */
        to.low = fmax(low, to.high - spread);
        to.high = fmin(high, to.low + spread);
    }
    double panels = ceil((to.high - to.low) / (2 * sqrt(fmin(step, next))));
    if (panels > MOST_PANELS) {
        return pdm__fail(err, PDM_E_LIMIT, -1, "info", "looks at information %.17g and a step of %.3g lie too close",
                         info, fmin(step, next));
    }
    to.panels = (int32_t)fmax(panels, 1);
    to.capacity = to.panels;
    PDM__TRY(pdm__new(w->context, (size_t)to.capacity * NODES, sizeof *to.mass, &to.mass, err));
    /* A walk that is far out got there by a last step of its share of the way: that far, and a little, one must look back. */
    double out = fmax(fabs(to.low - centre), fabs(to.high - centre));
    double look_back = out * step / info + STEP_REACH * spread;
    for (int32_t p = 0; p < to.panels; p++) {
        for (int32_t i = 0; i < NODES; i++) {
            to.mass[(ptrdiff_t)p * NODES + i] =
                weight_of(&to, i) * density_after(w, node_of(&to, p, i), shift, spread, look_back);
        }
    }
    pdm__drop(w->context, w->mass, (size_t)w->capacity * NODES, sizeof *w->mass);
    *w = to;
    return PDM_OK;
}

static pdm_status start_walk(pdm_context *context, double drift, walk *w, pdm_error *err) {
    *w = (walk){.drift = drift};
    return pdm__context_or_default(context, &w->context, err);
}

static void end_walk(walk *w) {
    pdm__drop(w->context, w->mass, (size_t)w->capacity * NODES, sizeof *w->mass);
    pdm_context_free(w->context);
}

/* ------------------------------------------------------------------------------------------------------------- checks */

static pdm_status check_info(double before, double info, int64_t row, pdm_error *err) {
    if (before >= 1) {
        return pdm__fail(err, PDM_E_AFTER_FINAL, row, "info",
                         "expected no look after the final one at information %.17g, got one at %.17g", before, info);
    }
    if (info > 0 && info < PDM__INFINITY && info >= before * (1 + LEAST_STEP)) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_LOOKS, row, "info", "expected information that rises, got %.17g after %.17g", info,
                     before);
}

static pdm_status check_count(int32_t count, pdm_error *err) {
    if (count < 1) return pdm__fail(err, PDM_E_BAD_OPTION, -1, "count", "expected at least one look, got %d", count);
    if (count <= MOST_LOOKS) return PDM_OK;
    return pdm__fail(err, PDM_E_LIMIT, -1, "count", "expected at most %d looks, got %d", MOST_LOOKS, count);
}

static pdm_status check_options(const pdm_spending_options *given, pdm_spending_options *out, pdm_error *err) {
    *out = pdm_spending_options_default();
    if (given != NULL) {
        if (given->struct_size < sizeof *given) {
            return pdm__fail(err, PDM_E_BAD_OPTION, -1, "struct_size", "expected at least %zu, got %u", sizeof *given,
                             (unsigned)given->struct_size);
        }
        *out = *given;
    }
    if (out->alpha == 0) out->alpha = 0.05;
    if (out->spending == PDM_SPENDING_POWER && out->parameter == 0) out->parameter = 1;
    PDM__TRY(pdm__check_level(out->alpha, "alpha", err));
    PDM__TRY(pdm__check_choice(out->spending, PDM_SPENDING_HWANG + 1, "spending", err));
    PDM__TRY(pdm__check_choice(out->alternative, PDM_LESS + 1, "alternative", err));
    PDM__TRY(pdm__check_choice(out->total, 2, "total", err));
    bool power = out->spending == PDM_SPENDING_POWER;
    if (fabs(out->parameter) < PDM__INFINITY && (!power || out->parameter > 0)) return PDM_OK;
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "parameter", "expected a %s number, got %.17g",
                     power ? "positive" : "finite", out->parameter);
}

/* ----------------------------------------------------------------------------------------------------------- spending */

/* (1 − e^{−γt})/(1 − e^{−γ}), for γ < 0 with numerator and denominator times e^γ. */
static double log_hwang(double gamma, double t) {
    if (gamma == 0) return log(t);
    if (gamma > 0) return log(expm1(-gamma * t) / expm1(-gamma));
    return -gamma * (t - 1) + log(expm1(gamma * t) / expm1(gamma));
}

/* ln of what one side has spent at information t. */
static double log_spent(const pdm_spending_options *o, double t) {
    bool halved = o->alternative == PDM_TWO_SIDED;
    double a = halved && !o->total ? 0.5 * o->alpha : o->alpha;
    double share = 0; /* ln of the part of a */
    if (t < 1) {
        switch ((pdm_spending)o->spending) {
        case PDM_SPENDING_POCOCK: share = log(log1p(expm1(1) * t)); break;
        case PDM_SPENDING_POWER: share = o->parameter * log(t); break;
        case PDM_SPENDING_HWANG: share = log_hwang(o->parameter, t); break;
        case PDM_SPENDING_OBRIEN_FLEMING:
            share = PDM__LN2 + pdm_normal_log_sf(pdm_normal_isf(0.5 * a) / sqrt(t)) - log(a);
            break;
        }
    }
    return log(a) + share - (halved && o->total ? PDM__LN2 : 0);
}

static pdm_look look_at(double info, double z, int32_t alternative, double log_spend) {
    double log_p = pdm_normal_log_sf(z) + (alternative == PDM_TWO_SIDED ? PDM__LN2 : 0);
    if (log_p > 0) log_p = 0;
    return (pdm_look){info, z, exp(log_p), log_p, exp(log_spend), log_spend};
}

/* ------------------------------------------------------------------------------------------------------------- bounds */

typedef struct wanted {
    const walk *walk;
    double info;
    double log_spend;
} wanted;

static double spend_miss(double b, const void *user) {
    const wanted *t = user;
    return log(beyond(t->walk, t->info, b, 1)) - t->log_spend;
}

/* The z at which the walk crosses with probability e^log_spend at this look: at most that of a walk that nothing stopped before. */
static double find_bound(const walk *w, double info, double log_spend) {
    double root = sqrt(info);
    double most = pdm_normal_isf_log(log_spend);
    if (w->panels == 0 || log_spend < LEAST_LOG_SPEND) return most;
    wanted t = {w, info, log_spend};
    double high = most * root;
    double f_high = spend_miss(high, &t);
    double low = high;
    double f_low = f_high;
    for (double step = 0.25; f_low <= 0 && low > -NORMAL_REACH * root; step *= 2) {
        low -= step * root;
        f_low = spend_miss(low, &t);
    }
    if (f_high >= 0 || f_low <= 0) return most;
    return pdm__root(spend_miss, &t, low, high, f_low, f_high, Z_WIDTH * root) / root;
}

static pdm_status find_bounds(walk *w, const double *info, int32_t count, const pdm_spending_options *o,
                              pdm_look *looks, pdm_error *err) {
    double before = -PDM__INFINITY;
    for (int32_t k = 0; k < count; k++) {
        double now = log_spent(o, info[k]);
        double log_spend = before > -PDM__INFINITY ? now + log(-expm1(before - now)) : now;
        double z = find_bound(w, info[k], log_spend);
        looks[k] = look_at(info[k], z, o->alternative, now);
        before = now;
        if (k + 1 == count) break;
        double later = log_spent(o, info[k + 1]);
        double b = z * sqrt(info[k]);
        PDM__TRY(advance(w, info[k], o->alternative == PDM_TWO_SIDED ? -b : -PDM__INFINITY, b,
                         reach_of(later + log(-expm1(now - later))), info[k + 1] - info[k], err));
    }
    return PDM_OK;
}

pdm_status pdm_group_bounds(pdm_context *context, const double *info, int32_t count,
                            const pdm_spending_options *options, pdm_look *looks, pdm_error *err) {
    pdm_spending_options o;
    walk w;
    PDM__TRY(check_options(options, &o, err));
    PDM__TRY(check_count(count, err));
    for (int32_t k = 0; k < count; k++) PDM__TRY(check_info(k > 0 ? info[k - 1] : 0, info[k], k, err));
    PDM__TRY(start_walk(context, 0, &w, err));
    pdm_status status = find_bounds(&w, info, count, &o, looks, err);
    end_walk(&w);
    return status;
}

/* ----------------------------------------------------------------------------------------------------------- crossing */

/* Crossing probabilities of bounds. `record`, if wanted, gets what the upper side has used up to each look; it may be `looks`. */
static pdm_status cross(walk *w, const pdm_look *looks, int32_t count, int32_t alternative, double *upper,
                        double *lower, pdm_look *record, pdm_error *err) {
    bool both = alternative == PDM_TWO_SIDED;
    *upper = 0;
    *lower = 0;
    for (int32_t k = 0; k < count; k++) {
        double b = looks[k].z * sqrt(looks[k].info);
        *upper += beyond(w, looks[k].info, b, 1);
        if (both) *lower += beyond(w, looks[k].info, -b, -1);
        if (record != NULL) {
            record[k].alpha_spent = *upper;
            record[k].log_alpha_spent = *upper > 0 ? log(*upper) : pdm_normal_log_sf(looks[k].z);
        }
        if (k + 1 == count) break;
        PDM__TRY(advance(w, looks[k].info, both ? -b : -PDM__INFINITY, b, 10, looks[k + 1].info - looks[k].info, err));
    }
    return PDM_OK;
}

static pdm_status crossing(pdm_context *context, const pdm_look *looks, int32_t count, int32_t alternative,
                           double drift, double *upper, double *lower, pdm_look *record, pdm_error *err) {
    walk w;
    PDM__TRY(start_walk(context, drift, &w, err));
    pdm_status status = cross(&w, looks, count, alternative, upper, lower, record, err);
    end_walk(&w);
    return status;
}

static pdm_status check_looks(const pdm_look *looks, int32_t count, int32_t alternative, pdm_error *err) {
    PDM__TRY(check_count(count, err));
    PDM__TRY(pdm__check_choice(alternative, PDM_LESS + 1, "alternative", err));
    for (int32_t k = 0; k < count; k++) {
        PDM__TRY(check_info(k > 0 ? looks[k - 1].info : 0, looks[k].info, k, err));
        if (looks[k].z > 0) continue;
        return pdm__fail(err, PDM_E_BAD_OPTION, k, "z", "expected a bound above 0, got %.17g", looks[k].z);
    }
    return PDM_OK;
}

pdm_status pdm_group_crossing(pdm_context *context, const pdm_look *looks, int32_t count, int32_t alternative,
                              double drift, double *upper, double *lower, pdm_error *err) {
    double up = 0;
    double down = 0;
    PDM__TRY(check_looks(looks, count, alternative, err));
    if (!(fabs(drift) < PDM__INFINITY)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "drift", "expected a finite number, got %.17g", drift);
    }
    PDM__TRY(crossing(context, looks, count, alternative, drift, &up, &down, NULL, err));
    if (upper != NULL) *upper = up;
    if (lower != NULL) *lower = down;
    return PDM_OK;
}

/* A search whose function can fail: the first failure ends it, and is reported afterwards. */
typedef struct search {
    pdm_context *context;
    pdm_look *looks;
    const pdm_look *fixed;
    int32_t count;
    int32_t alternative;
    double shape;
    double target;
    pdm_status status;
    pdm_error *err;
} search;

static void set_classic(search *s, double constant) {
    for (int32_t k = 0; k < s->count; k++) {
        double t = (double)(k + 1) / s->count;
        s->looks[k] = look_at(t, constant * pow(t, s->shape - 0.5), PDM_TWO_SIDED, 0);
    }
}

static double upper_of(search *s, const pdm_look *looks, double drift) {
    double upper = 0;
    double lower = 0;
    if (s->status != PDM_OK) return s->target;
    s->status = crossing(s->context, looks, s->count, s->alternative, drift, &upper, &lower, NULL, s->err);
    return s->status == PDM_OK ? upper : s->target;
}

/* The search records its own failures, so what it is given is never const. */
static double classic_miss(double constant, const void *user) {
    search *const *s = user;
    set_classic(*s, constant);
    return log(upper_of(*s, (*s)->looks, 0) / (*s)->target);
}

static double drift_miss(double drift, const void *user) {
    search *const *s = user;
    return upper_of(*s, (*s)->fixed, drift) - (*s)->target;
}

pdm_status pdm_group_classic(pdm_context *context, int32_t count, double shape, double alpha, pdm_look *looks,
                             pdm_error *err) {
    PDM__TRY(check_count(count, err));
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    if (!(shape >= -0.5 && shape <= 1)) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "shape", "expected a number from -0.5 to 1, got %.17g", shape);
    }
    search s = {.context = context,
                .looks = looks,
                .count = count,
                .alternative = PDM_TWO_SIDED,
                .shape = shape,
                .target = 0.5 * alpha,
                .err = err};
    search *self = &s;
    double low = pdm_normal_isf(0.5 * alpha); /* the last look alone, and Bonferroni with the largest factor */
    double high = pdm_normal_isf(0.5 * alpha / count) * fmax(1, pow(count, shape - 0.5));
    double constant = low;
    double f_low = count > 1 ? classic_miss(low, &self) : 0;
    double f_high = count > 1 ? classic_miss(high, &self) : 0;
    if (f_low > 0) {
        constant = f_high < 0 ? pdm__root(classic_miss, &self, low, high, f_low, f_high, Z_WIDTH) : high;
    }
    PDM__TRY(s.status);
    set_classic(&s, constant);
    return crossing(context, looks, count, PDM_TWO_SIDED, 0, &f_low, &f_high, looks, err);
}

pdm_status pdm_group_inflation(pdm_context *context, const pdm_look *looks, int32_t count, int32_t alternative,
                               double alpha, double power, double *inflation, pdm_error *err) {
    PDM__TRY(check_looks(looks, count, alternative, err));
    PDM__TRY(pdm__check_level(alpha, "alpha", err));
    PDM__TRY(pdm__check_level(power, "power", err));
    if (power <= alpha) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "power", "expected a power above alpha, got %.17g", power);
    }
    search s = {
        .context = context, .fixed = looks, .count = count, .alternative = alternative, .target = power, .err = err};
    search *self = &s;
    double z = pdm_normal_isf(alternative == PDM_TWO_SIDED ? 0.5 * alpha : alpha);
    double fixed = z + pdm_normal_quantile(power);
    double high = fixed;
    double f_low = drift_miss(0, &self);
    double f_high = drift_miss(high, &self);
    for (int32_t i = 0; f_high < 0 && i < 20; i++) f_high = drift_miss(high *= 1.5, &self);
    PDM__TRY(s.status);
    if (f_low >= 0 || f_high < 0) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "looks", "no effect has a power of %.17g with these bounds", power);
    }
    double drift = pdm__root(drift_miss, &self, 0, high, f_low, f_high, Z_WIDTH);
    PDM__TRY(s.status);
    *inflation = drift / fixed * (drift / fixed);
    return PDM_OK;
}
