/* Splitting a total by x_i = clamp(a_i + t·s_i, low_i, high_i): caps and floors, in reals and in integers. */
#ifndef PDM_PLAN_BOUNDED_H
#define PDM_PLAN_BOUNDED_H

#include "core/base.h"

/* One part. Slopes s ≥ 0; low ≤ high, may be infinite. a = 0, s = weight: proportional; a = base, s = flex: quadratic. */
typedef struct pdm__bounded_part {
    double start;
    double slope;
    double low;
    double high;
    double amount; /* out */
    int64_t whole; /* out, integer form */
    int32_t at;    /* out: −1 at low, 1 at high, 0 between */
    int32_t reserved;
} pdm__bounded_part;

typedef struct pdm__bounded_answer {
    double multiplier; /* t: the smallest for t ≥ 0 only, otherwise the one nearest 0 */
    double shortfall;  /* distance of the total to what can be reached, 0 = it can */
} pdm__bounded_answer;

/*
 * Solves Σ x_i = total. `from_zero`: t ≥ 0 (proportional). Exact but for rounding: the breakpoints are sorted, no tolerance. O(n log n).
 * If shortfall ≠ 0 the amounts are not set.
 */
pdm_status pdm__bounded_solve(pdm_context *context, pdm__bounded_part *parts, int64_t count, double total,
                              bool from_zero, pdm__bounded_answer *answer, pdm_error *err);

/*
 * The same in integers: floors of the exact solution, left-over units by remainder among parts below high. Bounds must be whole. Doubles
 * stand for their decimals. PDM_E_OVERFLOW if a product leaves 128 bits.
 */
pdm_status pdm__bounded_whole(pdm_context *context, pdm__bounded_part *parts, int64_t count, int64_t total,
                              bool from_zero, pdm__bounded_answer *answer, pdm_error *err);

#endif
