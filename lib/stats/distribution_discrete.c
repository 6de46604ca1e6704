/* Binomial and hypergeometric: probabilities in saddle-point form (Loader 2000), binomial tails as beta tails. */
#include "stats/hypergeometric.h"
#include "stats/tails.h"

#include <pdmetrics/stats/distribution.h>

#define LARGEST_COUNT (INT64_C(1) << 53)
#define NEGLIGIBLE 1e-18

/* factor · e^exponent = P(k of n) with success p and failure q = 1 − p, 0 ≤ k ≤ n, 0 < p < 1. */
static void binomial_parts(int64_t k, int64_t n, pdm__dd p, pdm__dd q, double *exponent, double *factor) {
    double hits = (double)k;
    double misses = (double)(n - k);
    *factor = 1;
    if (k == 0) {
        *exponent = misses * (p.hi < 0.5 ? log1p(-p.hi) : log(q.hi));
        return;
    }
    if (k == n) {
        *exponent = hits * (q.hi < 0.5 ? log1p(-q.hi) : log(p.hi));
        return;
    }
    pdm__beta_prefix(hits, misses, p, q, exponent, factor);
    *factor *= (double)n / hits / misses;
}

static bool binomial_domain(int64_t n, double p) { return n >= 0 && n < LARGEST_COUNT && p >= 0 && p <= 1; }

double pdm_binomial_log_pmf(int64_t k, int64_t n, double p) {
    if (!binomial_domain(n, p)) return PDM__NAN;
    if (k < 0 || k > n) return -PDM__INFINITY;
    if (p == 0 || p == 1) return k == (p == 0 ? 0 : n) ? 0 : -PDM__INFINITY;
    double exponent = 0;
    double factor = 0;
    binomial_parts(k, n, (pdm__dd){p, 0}, pdm__dd_add(1, -p), &exponent, &factor);
    return exponent + log(factor);
}

double pdm_binomial_pmf(int64_t k, int64_t n, double p) { return exp(pdm_binomial_log_pmf(k, n, p)); }

static double binomial_tail(int64_t k, int64_t n, double p, bool at_most, bool as_log) {
    if (!binomial_domain(n, p)) return PDM__NAN;
    double value = k < 0 ? !at_most : at_most;
    if (k < 0 || k >= n) return as_log ? log(value) : value;
    pdm__tail tail = pdm__beta_tail((double)(k + 1), (double)(n - k), (pdm__dd){p, 0}, pdm__dd_add(1, -p));
    return as_log ? pdm__tail_log(tail, !at_most) : pdm__tail_value(tail, !at_most);
}

double pdm_binomial_cdf(int64_t k, int64_t n, double p) { return binomial_tail(k, n, p, true, false); }
double pdm_binomial_sf(int64_t k, int64_t n, double p) { return binomial_tail(k, n, p, false, false); }
double pdm_binomial_log_cdf(int64_t k, int64_t n, double p) { return binomial_tail(k, n, p, true, true); }
double pdm_binomial_log_sf(int64_t k, int64_t n, double p) { return binomial_tail(k, n, p, false, true); }

/* cdf(k) ≥ probability, read off the tail that says it more precisely. */
static bool reaches(int64_t k, int64_t n, double p, double probability) {
    if (probability <= 0.5) return pdm_binomial_cdf(k, n, p) >= probability;
    return pdm_binomial_sf(k, n, p) <= 1 - probability;
}

int64_t pdm_binomial_quantile(double probability, int64_t n, double p) {
    if (!binomial_domain(n, p) || !(probability >= 0 && probability <= 1)) return -1;
    if (probability == 0 || p == 0) return 0;
    if (probability == 1 || p == 1) return n;
    int64_t low = -1; /* does not reach */
    int64_t high = n; /* does */
    double guess = (double)n * p + pdm_normal_quantile(probability) * sqrt((double)n * p * (1 - p));
    int64_t k = guess<0 ? 0 : guess>(double) n ? n : (int64_t)guess;
    for (int64_t stride = 1; low < high - 1; stride *= 4) { /* a bracket around the guess */
        if (reaches(k, n, p, probability)) {
            high = k;
            if (k - stride <= low) break;
            k -= stride;
        } else {
            low = k;
            if (k + stride >= high) break;
            k += stride;
        }
    }
    while (low < high - 1) {
        k = low + (high - low) / 2;
        if (reaches(k, n, p, probability)) {
            high = k;
        } else {
            low = k;
        }
    }
    return high;
}

/* ---------------------------------------------------------------------------------------------------- hypergeometric */

bool pdm__hypergeometric_make(int64_t total, int64_t marked, int64_t drawn, pdm__hypergeometric *out) {
    if (total < 0 || total >= LARGEST_COUNT || marked < 0 || marked > total || drawn < 0 || drawn > total) return false;
    *out = (pdm__hypergeometric){.total = total, .marked = marked, .drawn = drawn};
    out->low = drawn - (total - marked) > 0 ? drawn - (total - marked) : 0;
    out->high = marked < drawn ? marked : drawn;
    double mode = floor((double)(marked + 1) * ((double)(drawn + 1) / (double)(total + 2)));
    out->mode = mode<(double)out->low ? out->low : mode>(double) out->high ? out->high : (int64_t)mode;
    return true;
}

double pdm__hypergeometric_log_pmf(const pdm__hypergeometric *h, int64_t k) {
    if (k < h->low || k > h->high) return -PDM__INFINITY;
    if (h->low == h->high) return 0;
    /* With p = drawn/total the third binomial has no deviance, so nothing large is subtracted. */
    pdm__dd total = {(double)h->total, 0};
    pdm__dd p = pdm__dd_div((pdm__dd){(double)h->drawn, 0}, total);
    pdm__dd q = pdm__dd_div((pdm__dd){(double)(h->total - h->drawn), 0}, total);
    double exponent[3];
    double factor[3];
    binomial_parts(k, h->marked, p, q, &exponent[0], &factor[0]);
    binomial_parts(h->drawn - k, h->total - h->marked, p, q, &exponent[1], &factor[1]);
    binomial_parts(h->drawn, h->total, p, q, &exponent[2], &factor[2]);
    return (exponent[0] + exponent[1] - exponent[2]) + log(factor[0] * factor[1] / factor[2]);
}

double pdm__hypergeometric_tail(const pdm__hypergeometric *h, int64_t k, bool upwards) {
    double hits = (double)k;
    double marked = (double)h->marked;
    double drawn = (double)h->drawn;
    double others = (double)(h->total - h->marked - h->drawn); /* may be negative */
    double term = 1;
    double sum = 1;
    int64_t left = upwards ? h->high - k : k - h->low;
    for (; left > 0 && term > NEGLIGIBLE * sum; left--) {
        if (upwards) {
            term *= ((marked - hits) / (hits + 1)) * ((drawn - hits) / (others + hits + 1));
            hits += 1;
        } else {
            term *= (hits / (marked - hits + 1)) * ((others + hits) / (drawn - hits + 1));
            hits -= 1;
        }
        sum += term;
    }
    return sum;
}

double pdm_hypergeometric_log_pmf(int64_t k, int64_t total, int64_t marked, int64_t drawn) {
    pdm__hypergeometric h;
    return pdm__hypergeometric_make(total, marked, drawn, &h) ? pdm__hypergeometric_log_pmf(&h, k) : PDM__NAN;
}

double pdm_hypergeometric_pmf(int64_t k, int64_t total, int64_t marked, int64_t drawn) {
    return exp(pdm_hypergeometric_log_pmf(k, total, marked, drawn));
}

static double hypergeometric_tail(int64_t k, int64_t total, int64_t marked, int64_t drawn, bool at_most) {
    pdm__hypergeometric h;
    if (!pdm__hypergeometric_make(total, marked, drawn, &h)) return PDM__NAN;
    if (k < h.low) return at_most ? 0 : 1;
    if (k >= h.high) return at_most ? 1 : 0;
    bool below = k < h.mode; /* the smaller tail is the one away from the mode */
    int64_t from = below ? k : k + 1;
    double tail = exp(pdm__hypergeometric_log_pmf(&h, from)) * pdm__hypergeometric_tail(&h, from, !below);
    return below == at_most ? tail : 1 - tail;
}

double pdm_hypergeometric_cdf(int64_t k, int64_t total, int64_t marked, int64_t drawn) {
    return hypergeometric_tail(k, total, marked, drawn, true);
}

double pdm_hypergeometric_sf(int64_t k, int64_t total, int64_t marked, int64_t drawn) {
    return hypergeometric_tail(k, total, marked, drawn, false);
}
