/* Relative effects from a difference D, a control mean C and their (co)variances. */
#ifndef PDM_STATS_LIFT_H
#define PDM_STATS_LIFT_H

#include <pdmetrics/stats/result.h>

/* D, C, and the variances of their estimates. */
typedef struct pdm__relative {
    double difference;
    double control;
    double difference_variance; /* V_D */
    double control_variance;    /* V_C */
    double covariance;          /* V_DC */
} pdm__relative;

/* A lift with nothing known yet: everything NaN but the estimate D/|C| (status zero_base if C = 0). */
pdm_lift pdm__lift_of(double difference, double control);

/*
 * Fieller's (1954) set {ρ: (D − ρC)² ≤ k²(V_D − 2ρV_DC + ρ²V_C)}, of D/|C|. k is the critical value, df what it was read from.
 * One-sided sets keep the one end.
 */
void pdm__fieller(const pdm__relative *r, double k, double df, int32_t alternative, pdm_lift *out);

/* lift ± k·se with the given df of the p-value; se 0 gives zero_variance. */
void pdm__delta_lift(double se, double k, double df, int32_t alternative, pdm_lift *out);

#endif
