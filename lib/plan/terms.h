/* A formula multiplied out: a sum of terms, each a number times powers of leaves. */
#ifndef PDM_PLAN_TERMS_H
#define PDM_PLAN_TERMS_H

#include "plan/formula.h"

#define PDM__MAX_TERMS 4096

typedef struct pdm__terms {
    int32_t count;
    int32_t leaves;
    double *coefficient; /* per term, never 0 */
    double *power;       /* [term · leaves + leaf], 0 = the leaf is not in it */
} pdm__terms;

/*
 * Terms of the root, in the order of the text, in the memory of an arena. PDM_E_NOT_PRODUCT_FORM, naming the node: min, max, a divisor or
 * the base of a power that is a sum; PDM_E_TOO_MANY_FACTORS: more than PDM__MAX_TERMS terms.
 */
pdm_status pdm__terms_expand(pdm__arena *memory, const pdm_tree *tree, pdm__terms *out, pdm_error *err);

/* c · Π x^power of a term. */
double pdm__term_value(const pdm__terms *terms, int32_t term, const double *x);

#endif
