/* Caps and floors in integers: the active bounds are found exactly in 128 bits, then floors and remainders. */
#include "plan/apportion.h"
#include "plan/bounded.h"

#include <math.h>

/* The exact solution of a free part is (start · divisor + moved · slope) / (power · divisor); all scaled to integers. */
typedef struct exact_part {
    pdm__int128 start; /* · power */
    pdm__int128 slope;
    int64_t low;
    int64_t high;
    bool has_low;
    bool has_high;
    int32_t at; /* −1, 1: fixed at a bound */
    pdm__int128 numerator;
} exact_part;

typedef struct problem {
    exact_part *parts;
    int64_t count;
    pdm__int128 power; /* of ten, of the starts */
    pdm__int128 divisor;
    pdm__int128 moved;
} problem;

static bool mul(pdm__int128 a, pdm__int128 b, pdm__int128 *out) { return !__builtin_mul_overflow(a, b, out); }
static bool add(pdm__int128 a, pdm__int128 b, pdm__int128 *out) { return !__builtin_add_overflow(a, b, out); }

static bool scaled(pdm__decimal d, int32_t least, pdm__int128 *out) {
    pdm__int128 value = (pdm__int128)d.digits;
    for (int32_t e = d.exponent; d.digits != 0 && e > least; e--) {
        if (!mul(value, 10, &value)) return false;
    }
    *out = d.negative ? -value : value;
    return true;
}

static int32_t least_exponent(const pdm__bounded_part *parts, int64_t count, bool starts) {
    int32_t least = starts ? 0 : INT32_MAX;
    for (int64_t i = 0; i < count; i++) {
        pdm__decimal d = pdm__decimal_of_double(starts ? parts[i].start : parts[i].slope);
        if (d.digits != 0 && d.exponent < least) least = d.exponent;
    }
    return least == INT32_MAX ? 0 : least;
}

static bool load(problem *p, const pdm__bounded_part *parts) {
    int32_t start_least = least_exponent(parts, p->count, true);
    int32_t slope_least = least_exponent(parts, p->count, false);
    p->power = 1;
    for (int32_t e = start_least; e < 0; e++) {
        if (!mul(p->power, 10, &p->power)) return false;
    }
    for (int64_t i = 0; i < p->count; i++) {
        exact_part *x = &p->parts[i];
        *x = (exact_part){.has_low = isfinite(parts[i].low), .has_high = isfinite(parts[i].high)};
        if (x->has_low) x->low = (int64_t)parts[i].low;
        if (x->has_high) x->high = (int64_t)parts[i].high;
        if (!scaled(pdm__decimal_of_double(parts[i].start), start_least, &x->start)) return false;
        if (!scaled(pdm__decimal_of_double(parts[i].slope), slope_least, &x->slope)) return false;
    }
    return true;
}

/* Solves for the parts that are free now: divisor = Σ slope, moved = (total − fixed)·power − Σ start. */
static bool solve_free(problem *p, int64_t total) {
    pdm__int128 rest = 0;
    p->divisor = 0;
    if (!mul(total, p->power, &rest)) return false;
    for (int64_t i = 0; i < p->count; i++) {
        const exact_part *x = &p->parts[i];
        pdm__int128 own = x->start;
        if (x->at != 0 && !mul(x->at < 0 ? x->low : x->high, p->power, &own)) return false;
        if (!add(rest, -own, &rest)) return false;
        if (x->at == 0 && !add(p->divisor, x->slope, &p->divisor)) return false;
    }
    p->moved = rest;
    if (p->divisor == 0) {
        p->divisor = 1;
        p->moved = 0;
    }
    for (int64_t i = 0; i < p->count; i++) {
        exact_part *x = &p->parts[i];
        pdm__int128 base = 0;
        pdm__int128 shift = 0;
        if (x->at != 0) continue;
        if (!mul(x->start, p->divisor, &base) || !mul(p->moved, x->slope, &shift)) return false;
        if (!add(base, shift, &x->numerator)) return false;
    }
    return true;
}

/*
 * Bounds that the free solution breaks are active for good on the side that is broken by more in all (Bitran & Hax 1981); every round fixes
 * a part, so it ends. `changed` says whether one was fixed.
 */
static bool fix_broken(problem *p, bool *changed) {
    pdm__int128 unit = 0;
    pdm__int128 over = 0;
    pdm__int128 under = 0;
    *changed = false;
    if (!mul(p->power, p->divisor, &unit)) return false;
    for (int32_t pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < p->count; i++) {
            exact_part *x = &p->parts[i];
            pdm__int128 low = 0;
            pdm__int128 high = 0;
            if (x->at != 0) continue;
            if (x->has_low && !mul(x->low, unit, &low)) return false;
            if (x->has_high && !mul(x->high, unit, &high)) return false;
            bool below = x->has_low && x->numerator < low;
            bool above = x->has_high && x->numerator > high;
            if (pass == 0 && below && !add(under, low - x->numerator, &under)) return false;
            if (pass == 0 && above && !add(over, x->numerator - high, &over)) return false;
            if (pass == 0) continue;
            if (below && under >= over) x->at = -1;
            if (above && over >= under) x->at = 1;
            *changed = *changed || x->at != 0;
        }
    }
    return true;
}

static bool reach(problem *p, int64_t total, bool from_zero) {
    /* A part without slope stays where it starts, within its bounds; a proportional one never starts below its floor. */
    for (int64_t i = 0; i < p->count; i++) {
        exact_part *x = &p->parts[i];
        pdm__int128 low = 0;
        pdm__int128 high = 0;
        if (x->slope != 0) continue;
        if (x->has_low && !mul(x->low, p->power, &low)) return false;
        if (x->has_high && !mul(x->high, p->power, &high)) return false;
        if (x->has_low && (from_zero || x->start < low)) x->at = -1;
        if (x->at == 0 && x->has_high && x->start > high) x->at = 1;
    }
    bool changed = true;
    while (changed) {
        if (!solve_free(p, total) || !fix_broken(p, &changed)) return false;
    }
    return true;
}

static pdm__int128 floor_divide(pdm__int128 a, pdm__int128 b) {
    pdm__int128 q = a / b;
    return a % b < 0 ? q - 1 : q;
}

static pdm_status deal_out(pdm_context *context, const problem *p, pdm__bounded_part *parts, int64_t total,
                           uint64_t *rests, uint8_t *chosen, pdm_error *err) {
    pdm__int128 unit = p->power * p->divisor;
    pdm__int128 left = total;
    for (int64_t i = 0; i < p->count; i++) {
        const exact_part *x = &p->parts[i];
        pdm__int128 whole = x->at < 0 ? x->low : x->at > 0 ? x->high : floor_divide(x->numerator, unit);
        pdm__int128 rest = x->at != 0 ? 0 : x->numerator - whole * unit;
        if (whole > INT64_MAX || whole < INT64_MIN) {
            return pdm__fail(err, PDM_E_OVERFLOW, i, "amount", "part %lld does not fit int64", (long long)i);
        }
        parts[i].whole = (int64_t)whole;
        parts[i].at = x->at;
        if (x->at == 0 && rest == 0 && x->has_high && whole == x->high) parts[i].at = 1;
        if (x->at == 0 && rest == 0 && x->has_low && whole == x->low) parts[i].at = -1;
        rests[2 * i] = (uint64_t)rest;
        rests[2 * i + 1] = (uint64_t)((pdm__uint128)rest >> 64);
        left -= whole;
    }
    bool tie = false;
    PDM__TRY(pdm__choose_largest(context, rests, 2, p->count, (int64_t)left, chosen, &tie, err));
    for (int64_t i = 0; i < p->count; i++) {
        parts[i].whole += chosen[i];
        parts[i].amount = (double)parts[i].whole;
    }
    return PDM_OK;
}

static pdm_status solve(pdm_context *context, problem *p, pdm__bounded_part *parts, int64_t total, bool from_zero,
                        pdm_error *err) {
    if (!load(p, parts) || !reach(p, total, from_zero)) {
        return pdm__fail(err, PDM_E_OVERFLOW, -1, NULL,
                         "the exact solution needs more than 128 bits; use fewer digits, or reals with round_minor");
    }
    uint64_t *rests = NULL;
    uint8_t *chosen = NULL;
    pdm_status status = pdm__new(context, (size_t)p->count, 2 * sizeof *rests, &rests, err);
    if (status == PDM_OK) status = pdm__new(context, (size_t)p->count, 1, &chosen, err);
    if (status == PDM_OK) status = deal_out(context, p, parts, total, rests, chosen, err);
    pdm__drop(context, rests, (size_t)p->count, 2 * sizeof *rests);
    pdm__drop(context, chosen, (size_t)p->count, 1);
    return status;
}

pdm_status pdm__bounded_whole(pdm_context *context, pdm__bounded_part *parts, int64_t count, int64_t total,
                              bool from_zero, pdm__bounded_answer *answer, pdm_error *err) {
    for (int64_t i = 0; i < count; i++) {
        double bounds[2] = {parts[i].low, parts[i].high};
        for (int32_t k = 0; k < 2; k++) {
            if (isinf(bounds[k]) || (bounds[k] == floor(bounds[k]) && fabs(bounds[k]) < 0x1p62)) continue;
            return pdm__fail(err, PDM_E_BAD_BOUNDS, i, k == 0 ? "low" : "high",
                             "part %lld: bound %g is not whole; exact_int needs whole bounds", (long long)i, bounds[k]);
        }
    }
    PDM__TRY(pdm__bounded_solve(context, parts, count, (double)total, from_zero, answer, err));
    if (answer->shortfall != 0.0) return PDM_OK;
    problem p = {.count = count};
    PDM__TRY(pdm__new(context, (size_t)count, sizeof *p.parts, &p.parts, err));
    pdm_status status = solve(context, &p, parts, total, from_zero, err);
    pdm__drop(context, p.parts, (size_t)count, sizeof *p.parts);
    return status;
}
