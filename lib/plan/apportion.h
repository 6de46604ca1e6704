/* Exact integer splits, for every calculator that needs one. */
#ifndef PDM_PLAN_APPORTION_H
#define PDM_PLAN_APPORTION_H

#include "plan/exact.h"

#include <pdmetrics/plan/allocate.h>

/*
 * Splits `total` over weights into amounts that sum to it. Weights are `whole` numbers or (whole == NULL) doubles, all ≥ 0 and finite. All of
 * them 0: equal parts if zero_policy says so, PDM_E_ZERO_WEIGHTS otherwise. `quotas` (may be NULL) gets total · weight / Σ.
 */
pdm_status pdm__apportion(pdm_context *context, int32_t method, int32_t zero_policy, int64_t total,
                          const double *numbers, const int64_t *whole, int64_t count, int64_t *amounts, double *quotas,
                          bool *tie, pdm_error *err);

/* The same for weights that are made already; Σ > 0. */
pdm_status pdm__apportion_weights(const pdm__weights *weights, int32_t method, int64_t total, int64_t *amounts,
                                  bool *tie, pdm_error *err);

/*
 * Marks the `wanted` largest of `count` numbers of `words` words (lowest index first among equals) in `chosen`. `tie` is set if a number
 * left out equals one taken. O(n) radix passes, and a stable sort of what ties in its leading 64 bits at the cut.
 */
pdm_status pdm__choose_largest(pdm_context *context, const uint64_t *values, int32_t words, int64_t count,
                               int64_t wanted, uint8_t *chosen, bool *tie, pdm_error *err);

/* Signed rounding: real parts to integers that sum to the half-even rounded total; left-over units to the largest fractions. */
pdm_status pdm__round_parts(pdm_context *context, const double *parts, int64_t count, double total, int64_t *amounts,
                            pdm_error *err);

extern const char *const pdm__apportion_method_names[];
extern const char *const pdm__zero_policy_names[];

#endif
