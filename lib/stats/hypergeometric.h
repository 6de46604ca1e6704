/* The hypergeometric distribution as exact tests of 2×2 tables need it. */
#ifndef PDM_STATS_HYPERGEOMETRIC_H
#define PDM_STATS_HYPERGEOMETRIC_H

#include <stdbool.h>
#include <stdint.h>

/* k marked ones among `drawn` of `total`, `marked` of which are marked. */
typedef struct pdm__hypergeometric {
    int64_t total;
    int64_t marked;
    int64_t drawn;
    int64_t low; /* support */
    int64_t high;
    int64_t mode;
} pdm__hypergeometric;

/* Arguments as in pdm_hypergeometric_pmf(); false if they are out of domain. */
bool pdm__hypergeometric_make(int64_t total, int64_t marked, int64_t drawn, pdm__hypergeometric *out);

/* ln pmf, −∞ outside the support. */
double pdm__hypergeometric_log_pmf(const pdm__hypergeometric *h, int64_t k);

/*
 * Σ pmf(j)/pmf(k) over j = k, k ± 1, … away from the mode, k included; terms below 1e-18 of the sum are left out. O(√total). k in
 * the support, on the side that `upwards` says (or the mode).
 */
double pdm__hypergeometric_tail(const pdm__hypergeometric *h, int64_t k, bool upwards);

#endif
