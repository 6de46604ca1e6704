#include "stats/dirichlet.h"

#include "stats/special.h"

/* a ln(a/m) − (a − m), a − m = off. */
static double deviance_term(double a, double m, double off) {
    double u = off / m;
    return fabs(u) < 0.5 ? a * pdm__log1p_minus(u, a / m) + u * off : a * log(a / m) - off;
}

/* With Stirling's formula taken apart the large terms are a deviance of a = κθ + O from m = (κ + N)θ. */
double pdm__dirichlet_evidence(const double *observed, const double *share, int32_t count, double kappa) {
    double n = 0;
    for (int32_t i = 0; i < count; i++) n += observed[i];
    double total = kappa + n;
    double sum = 0.5 * log1p(n / kappa) + pdm__stirling_rest(kappa) - pdm__stirling_rest(total);
    for (int32_t i = 0; i < count; i++) {
        double prior = kappa * share[i];
        double a = prior + observed[i];
        sum += deviance_term(a, total * share[i], observed[i] - n * share[i]);
        sum += pdm__stirling_rest(a) - pdm__stirling_rest(prior) - 0.5 * log1p(observed[i] / prior);
    }
    return sum;
}
