#include "stats/score.h"

#include "stats/select.h"

#include <stdio.h>
#include <stdlib.h>

#define DECIMALS                                                                                                       \
    22 /* of a share: seventeen digits after five zeros. 128 bits hold 2n · 10^22 for all n that can be ranked */

static pdm__int128 power_of_ten(int32_t exponent) {
    pdm__int128 power = 1;
    for (int32_t i = 0; i < exponent; i++) power *= 10;
    return power;
}

/* The share as the shortest decimal that reads back as it, times 10^DECIMALS. False if that is no whole number. */
static bool shortest_decimal(double share, pdm__int128 *out) {
    char text[64];
    for (int precision = 0; precision < 17; precision++) {
        (void)snprintf(text, sizeof text, "%.*e", precision, share);
        if (strtod(text, NULL) == share) break;
    }
    int64_t digits = 0;
    int32_t after_first = -1;
    const char *at = text;
    for (; *at != 'e' && *at != '\0'; at++) { /* whatever the locale puts between the digits is no digit */
        if (*at < '0' || *at > '9') continue;
        digits = digits * 10 + (*at - '0');
        after_first++;
    }
    int32_t exponent = *at == 'e' ? (int32_t)strtol(at + 1, NULL, 10) : 0;
    int32_t scale = DECIMALS + exponent - after_first;
    if (scale < 0) return false;
    *out = digits * power_of_ten(scale);
    return true;
}

/* reach[s] = share of the steps 0 … s, times 10^DECIMALS. */
static pdm_status add_up_shares(const double *shares, int32_t count, pdm__int128 *reach, pdm_error *err) {
    pdm__int128 one = power_of_ten(DECIMALS);
    pdm__int128 sum = 0;
    if (count < 1 || count > PDM__LADDER_MAX_STEPS) {
        return pdm__fail(err, PDM_E_BAD_OPTION, -1, "share", "expected 1 to %d shares, got %d", PDM__LADDER_MAX_STEPS,
                         count);
    }
    for (int32_t s = 0; s < count; s++) {
        pdm__int128 share = 0;
        if (!(shares[s] > 0 && shares[s] <= 1)) {
            return pdm__fail(err, PDM_E_BAD_OPTION, s, "share", "expected a share in (0, 1], got %.17g", shares[s]);
        }
        if (!shortest_decimal(shares[s], &share)) {
            return pdm__fail(err, PDM_E_BAD_OPTION, s, "share",
                             "expected a share of at most %d decimal places, got %.17g", DECIMALS, shares[s]);
        }
        sum += share;
        reach[s] = sum;
    }
    if (sum == one) return PDM_OK;
    double approximate = 0;
    for (int32_t s = 0; s < count; s++) approximate += shares[s];
    return pdm__fail(err, PDM_E_BAD_OPTION, -1, "share",
                     "expected shares that sum to exactly 1, got a sum %s 1 (%.17g)", sum < one ? "below" : "above",
                     approximate);
}

/*
 * Step s or a higher one holds the values with reach > 10^DECIMALS · (2G + E)/(2n), that is 2·less + equal ≥
 * twice_rank with G = n − less − E.
 */
static pdm_status find_cuts(pdm__run *run, const int64_t *values, size_t n, const pdm__int128 *reach, int32_t count,
                            pdm__cuts *cuts, pdm_error *err) {
    pdm__int128 one = power_of_ten(DECIMALS);
    pdm__int128 twice_rank[PDM__LADDER_MAX_STEPS];
    size_t positions[PDM__LADDER_MAX_STEPS];
    pdm__select_group groups[PDM__LADDER_MAX_STEPS];
    int32_t reachable = 0;
    for (int32_t s = count - 2; s >= 0; s--) {
        pdm__int128 rank = 2 * (pdm__int128)n * (one - reach[s]) / one + 1;
        if (rank / 2 >= (pdm__int128)n) break; /* a share too small for anybody, and so are those of all higher steps */
        twice_rank[reachable] = rank;
        positions[reachable++] = pdm__middle_position(rank);
    }
    PDM__TRY(pdm__select(run, values, n, positions, reachable, groups, err));
    for (int32_t i = 0; i < reachable; i++) pdm__cuts_add(cuts, pdm__middle_cut(&groups[i], twice_rank[i]), 0);
    return PDM_OK;
}

pdm_status pdm__ladder_share(pdm__run *run, const int64_t *values, size_t n, const double *shares, int32_t count,
                             int32_t *step, int64_t *lowest, bool *has, pdm_error *err) {
    pdm__int128 reach[PDM__LADDER_MAX_STEPS];
    pdm__cuts cuts = {0};
    pdm__cut_class classes[PDM__LADDER_MAX_STEPS];
    memset(classes, 0, sizeof classes);
    PDM__TRY(add_up_shares(shares, count, reach, err));
    if (n > 0) {
        PDM__TRY(find_cuts(run, values, n, reach, count, &cuts, err));
        PDM__TRY(pdm__cuts_apply(run, &cuts, values, NULL, n, count - 1, -1, step, classes, err));
    }
    for (int32_t s = 0; s < count; s++) {
        has[s] = classes[count - 1 - s].count > 0;
        lowest[s] = classes[count - 1 - s].min;
    }
    return PDM_OK;
}
