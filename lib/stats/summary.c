#include "stats/summary.h"

#include "stats/select.h"

#include <math.h>

#define PIECE 65536 /* values between two polls */

/* a / b as the nearest double, 0 < b < 2^53, |a| ≤ 2^63·b. */
static double nearest(pdm__int128 a, int64_t b) {
    const int64_t exact = INT64_C(1) << 53;
    if (a > -exact && a < exact) return (double)(int64_t)a / (double)b;
    pdm__uint128 size = a < 0 ? -(pdm__uint128)a : (pdm__uint128)a;
    pdm__uint128 divisor = (pdm__uint128)b;
    pdm__uint128 whole = size / divisor; /* 1 … 2^63 */
    pdm__uint128 rest = (size % divisor) << 64;
    pdm__uint128 fraction = rest / divisor;
    /* More than 64 bits of the quotient, the last of them set if anything is left: one rounding, and the right one. */
    fraction |= rest % divisor != 0;
    double value = ldexp((double)(whole << 64 | fraction), -64);
    return a < 0 ? -value : value;
}

static pdm_status put_moments(pdm__run *run, const int64_t *values, size_t n, pdm__summary *out, pdm_error *err) {
    pdm__int128 sum = 0;
    int64_t least = values[0];
    int64_t most = values[0];
    for (size_t i = 0; i < n; i++) {
        if (i % PIECE == 0 && pdm__run_poll(run, 0)) break;
        sum += values[i];
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    out->least = least;
    out->most = most;
    out->mean = nearest(sum, (int64_t)n);
    return pdm__run_status(run, err);
}

/* Position (n − 1)·percent/100 of the sorted column: a whole number and hundredths. */
typedef struct place {
    size_t at;
    int64_t hundredths;
} place;

static place place_of(size_t n, int32_t percent) {
    size_t last = n - 1;
    size_t share = (size_t)percent;
    size_t rest = last % 100 * share; /* (last / 100)·share is whole: no product leaves its range */
    return (place){last / 100 * share + rest / 100, (int64_t)(rest % 100)};
}

static void sort_positions(size_t *positions, int32_t count) {
    for (int32_t i = 1; i < count; i++) {
        size_t position = positions[i];
        int32_t at = i;
        for (; at > 0 && positions[at - 1] > position; at--) positions[at] = positions[at - 1];
        positions[at] = position;
    }
}

pdm_status pdm__summarise(pdm__run *run, const int64_t *values, size_t n, const int32_t *percents, int32_t count,
                          pdm__summary *out, pdm_error *err) {
    size_t positions[2 * PDM__SUMMARY_MAX];
    pdm__select_group groups[2 * PDM__SUMMARY_MAX];
    int32_t wanted = 0;
    PDM__TRY(put_moments(run, values, n, out, err));
    if (count == 0) return PDM_OK;
    for (int32_t i = 0; i < count; i++) {
        place p = place_of(n, percents[i]);
        positions[wanted++] = p.at;
        positions[wanted++] = p.hundredths == 0 ? p.at : p.at + 1;
    }
    sort_positions(positions, wanted);
    PDM__TRY(pdm__select(run, values, n, positions, wanted, groups, err));
    for (int32_t i = 0; i < count; i++) {
        place p = place_of(n, percents[i]);
        pdm__int128 here = pdm__select_at(groups, wanted, p.at)->value;
        pdm__int128 next = p.hundredths == 0 ? here : pdm__select_at(groups, wanted, p.at + 1)->value;
        out->quantiles[i] = nearest(100 * here + p.hundredths * (next - here), 100);
    }
    return PDM_OK;
}
