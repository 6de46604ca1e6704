/**
 * @file calculators.h
 * @defgroup stats_calculators Statistical calculators
 * @ingroup stats
 * @brief Statistical functions behind tables: many questions in one call, see pdm_calculator_run().
 *
 * Calculators (inputs → tables); the functions they call are documented in the headers named. Every row of an input is a question of its
 * own unless said; every answer names its method and carries a status.
 * - `proportion_interval`: rates(name, successes, trials) → intervals. proportion.h
 * - `proportion_test`: counts(name, x_control, n_control, x_treatment, n_treatment) → effects. proportion.h
 * - `proportion_margin_test`: counts(…, margin) → tests: non-inferiority and equivalence. proportion.h
 * - `mean_test`: moments(name, n_control, mean_control, variance_control, …, covariate moments) → effects. mean.h
 * - `cuped_test`: moments(n_control, …), covariates(covariate, mean_control, covariance_control, …), covariances(covariate, other, control,
 *   treatment) → effects, covariates: one comparison. mean.h
 * - `ratio_test`: moments(name, n_control, numerator_control, denominator_control, …) → effects. mean.h
 * - `mean_margin_test`: moments(…, margin) → tests. mean.h
 * - `sample_size`, `power`, `mde`: designs(name, p_control, p_treatment | delta, sd_control, sd_treatment, n_control, margin) → answers. power.h
 * - `more_traffic`: effects(name, effect, se) → answers; `duration`: tests(name, n_total, units_per_day, share) → answers. power.h
 * - `p_adjust`: tests(name, p) → tests: one family. multiplicity.h
 * - `dunnett`: treatments(name, statistic, lambda) → treatments, summary: one family. multiplicity.h
 * - `weighted_alphas`: families(name, primary_share, treatments, metrics) → families. multiplicity.h
 * - `always_valid`: looks(name, estimate, se, n_total) → looks, in order. sequential.h
 * - `msprt_tau2`: plans(name, sigma, pairs) → answers; `normal_mixture`: times(v, s, v_opt) → bounds. sequential.h
 * - `group_sequential`: looks(name, info, estimate, se, statistic) → looks, summary: one plan. group_sequential.h
 * - `srm`: arms(variant, units, weight, name) → test, arms; rows of a name are one split. srm.h
 * - `heterogeneity`: segments(segment, effect, se, name), `cochran_mantel_haenszel`: strata(stratum, counts, name) → tests; rows of a
 *   name are one comparison. segments.h
 * - `beta_posterior`, `gamma_posterior`: counts(name, …) → posteriors; `normal_posterior`: effects(name, estimate, se, control, prior) →
 *   posteriors; `beta_best`: arms(variant, x, n, name) → arms. posterior.h
 * - `power_lift`, `mde_lift`: designs(name, mean, variance, n, effect), `design_effect`: clusters(name, size, icc, cv, n) → answers. power.h
 * - `assign`: units(unit), traffic(seed, coverage, namespace, holdout …), variations, filters → assign, variations, reasons. assign.h
 * - `decide`: metrics(metric, role, margin, intervals …), plan(required_n, n_control …) → decision, reasons. decision.h
 * - `distribution`: points(x) → values of cdf, sf, quantile … of a named distribution. distribution.h
 *
 * Limits may be infinite; a cell without a value is null.
 * @{
 */
#ifndef PDMETRICS_STATS_CALCULATORS_H
#define PDMETRICS_STATS_CALCULATORS_H

#include <pdmetrics/calculator.h>
#include <pdmetrics/stats/decision.h>
#include <pdmetrics/stats/mean.h>
#include <pdmetrics/stats/multiplicity.h>
#include <pdmetrics/stats/power.h>
#include <pdmetrics/stats/proportion.h>
#include <pdmetrics/stats/sequential.h>

/** Options of `proportion_interval`. */
typedef struct pdm_proportion_interval_options {
    uint32_t struct_size; /**< sizeof(pdm_proportion_interval_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_rate_interval */
    int32_t reserved;     /**< 0 */
    double conf_level;    /**< in (0, 1); 0 = 0.95 */
} pdm_proportion_interval_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_proportion_interval_options pdm_proportion_interval_options_default(void) {
    pdm_proportion_interval_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `proportion_test`. */
typedef struct pdm_proportion_test_options {
    uint32_t struct_size; /**< sizeof(pdm_proportion_test_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t test;         /**< ::pdm_proportion_test_kind */
    int32_t difference;   /**< ::pdm_difference_interval */
    int32_t ratio;        /**< ::pdm_ratio_interval */
    int32_t alternative;  /**< ::pdm_alternative */
    double conf_level;    /**< in (0, 1); 0 = 0.95 */
} pdm_proportion_test_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_proportion_test_options pdm_proportion_test_options_default(void) {
    pdm_proportion_test_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** What a margin test asks. */
typedef enum pdm_margin_question {
    PDM_MARGIN_NONINFERIORITY = 0, /**< not worse by the margin [default] */
    PDM_MARGIN_EQUIVALENCE = 1     /**< within the margin both ways: two one-sided tests (TOST), p the larger */
} pdm_margin_question;

/** Options of `proportion_margin_test` and `mean_margin_test`. */
typedef struct pdm_margin_test_options {
    uint32_t struct_size; /**< sizeof(pdm_margin_test_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t question;     /**< ::pdm_margin_question */
    int32_t method;       /**< ::pdm_margin_test, conversions only */
    int32_t scale;        /**< ::pdm_margin_scale */
    int32_t direction;    /**< ::pdm_direction, of non-inferiority */
    double alpha;         /**< one-sided, in (0, 1); 0 = 0.025 for non-inferiority, 0.05 for equivalence */
} pdm_margin_test_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_margin_test_options pdm_margin_test_options_default(void) {
    pdm_margin_test_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `mean_test`, `cuped_test` and `ratio_test`. */
typedef struct pdm_mean_test_options {
    uint32_t struct_size; /**< sizeof(pdm_mean_test_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t alternative;  /**< ::pdm_alternative */
    int32_t equal_var;    /**< 1 = pooled variance */
    int32_t normal;       /**< 1 = normal critical values instead of t */
    int32_t lift;         /**< ::pdm_mean_lift */
    int32_t theta;        /**< CUPED's coefficient: 0 = total for means, within for ratios; 1 = total, 2 = within */
    int32_t unchecked;    /**< 1 = impossible moments pass */
    double conf_level;    /**< in (0, 1); 0 = 0.95 */
} pdm_mean_test_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_mean_test_options pdm_mean_test_options_default(void) {
    pdm_mean_test_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** What a design shall show. */
typedef enum pdm_design_question {
    PDM_DESIGN_DIFFERENCE = 0,     /**< that there is a difference [default] */
    PDM_DESIGN_NONINFERIORITY = 1, /**< conversions: that it is not worse by the margin; alpha one-sided, 0 = 0.025 */
    PDM_DESIGN_EQUIVALENCE = 2     /**< conversions: that it is within the margin; alpha per side */
} pdm_design_question;

/** Options of `sample_size`, `power`, `mde` and `more_traffic`. */
typedef struct pdm_design_options {
    uint32_t struct_size; /**< sizeof(pdm_design_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t question;     /**< ::pdm_design_question */
    int32_t kind;         /**< ::pdm_power_kind, conversions only */
    int32_t one_sided;    /**< 1 = alpha in one tail */
    int32_t far_tail;     /**< 1 = adds the chance to be significant in the wrong direction */
    int32_t normal;       /**< means: 1 = normal instead of noncentral t */
    int32_t comparisons;  /**< treatments tested against one control: alpha is divided by it; 0 = 1 */
    int32_t downwards;    /**< mde of conversions: 1 = the rate below the control's */
    int32_t reserved;     /**< 0 */
    double alpha;         /**< in (0, 1); 0 = 0.05 */
    double power;         /**< in (alpha, 1); 0 = 0.8 */
    double ratio;         /**< n_treatment / n_control, > 0; 0 = 1 */
} pdm_design_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_design_options pdm_design_options_default(void) {
    pdm_design_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `duration`. */
typedef struct pdm_duration_options {
    uint32_t struct_size; /**< sizeof(pdm_duration_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t whole_weeks;  /**< 1 = up to full weeks */
} pdm_duration_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_duration_options pdm_duration_options_default(void) {
    pdm_duration_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `quantile`. */
typedef struct pdm_quantile_options {
    uint32_t struct_size; /**< sizeof(pdm_quantile_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t type;         /**< ::pdm_quantile_type */
    int32_t reserved;     /**< 0 */
    double p;             /**< in (0, 1]; 0 = 0.5 */
} pdm_quantile_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_quantile_options pdm_quantile_options_default(void) {
    pdm_quantile_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `winsorise`. */
typedef struct pdm_winsorise_options {
    uint32_t struct_size; /**< sizeof(pdm_winsorise_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t type;         /**< ::pdm_quantile_type */
    int32_t ignore_zeros; /**< 1 = zeros do not count for the quantile */
    double upper;         /**< in (0.5, 1]; 0 = 1 = off */
    double lower;         /**< in [0, 0.5); 0 = off */
} pdm_winsorise_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_winsorise_options pdm_winsorise_options_default(void) {
    pdm_winsorise_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `p_adjust`. */
typedef struct pdm_p_adjust_options {
    uint32_t struct_size; /**< sizeof(pdm_p_adjust_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< 0 = holm, then as ::pdm_p_adjustment but for holm */
    int32_t reserved;     /**< 0 */
    double alpha;         /**< in (0, 1); 0 = 0.05 */
} pdm_p_adjust_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_p_adjust_options pdm_p_adjust_options_default(void) {
    pdm_p_adjust_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `dunnett`. */
typedef struct pdm_dunnett_options {
    uint32_t struct_size; /**< sizeof(pdm_dunnett_options) */
    int32_t strict;       /**< row statuses fail the call */
    double alpha;         /**< in (0, 1); 0 = 0.05 */
    double df;            /**< degrees of freedom; 0 = normal */
} pdm_dunnett_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_dunnett_options pdm_dunnett_options_default(void) {
    pdm_dunnett_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Which always-valid sequence. */
typedef enum pdm_sequence_method {
    PDM_SEQUENCE_ASYMPTOTIC = 0, /**< asymptotic confidence sequence; needs n_total and n_tune [default] */
    PDM_SEQUENCE_MSPRT = 1       /**< mixture sequential probability ratio test; needs tau2 */
} pdm_sequence_method;

/** Options of `always_valid`. */
typedef struct pdm_always_valid_options {
    uint32_t struct_size;         /**< sizeof(pdm_always_valid_options) */
    int32_t strict;               /**< row statuses fail the call */
    int32_t method;               /**< ::pdm_sequence_method */
    int32_t alternative;          /**< ::pdm_alternative, asymptotic only */
    int32_t running_intersection; /**< 1 = each interval is cut to those before it */
    int32_t reserved;             /**< 0 */
    double conf_level;            /**< in (0, 1); 0 = 0.95 */
    double n_tune;                /**< units in all at which the sequence is narrowest: the planned total */
    double tau2;                  /**< mixing variance of the mSPRT */
} pdm_always_valid_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_always_valid_options pdm_always_valid_options_default(void) {
    pdm_always_valid_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `msprt_tau2` and `weighted_alphas`. */
typedef struct pdm_level_options {
    uint32_t struct_size; /**< sizeof(pdm_level_options) */
    int32_t strict;       /**< row statuses fail the call */
    double alpha;         /**< in (0, 1); 0 = 0.05 */
} pdm_level_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_level_options pdm_level_options_default(void) {
    pdm_level_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `normal_mixture`. */
typedef struct pdm_mixture_options {
    uint32_t struct_size; /**< sizeof(pdm_mixture_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t alternative;  /**< PDM_TWO_SIDED or PDM_GREATER */
    int32_t exact;        /**< 1 = the exact optimum by Lambert's function */
    double alpha;         /**< in (0, 1); 0 = 0.05 */
} pdm_mixture_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_mixture_options pdm_mixture_options_default(void) {
    pdm_mixture_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `group_sequential`. */
typedef struct pdm_group_sequential_options {
    uint32_t struct_size; /**< sizeof(pdm_group_sequential_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t spending;     /**< 0 = O'Brien–Fleming, 1 = Pocock (both Lan & DeMets), 2 = power; as ::pdm_spending */
    int32_t alternative;  /**< ::pdm_alternative */
    int32_t spend_scale;  /**< 0 = each side spends alpha/2 by the function, 1 = the function spends alpha */
    int32_t classic;      /**< 0 = spending; equally spaced looks: 1 = Pocock, 2 = O'Brien–Fleming, 3 = Wang–Tsiatis */
    double alpha;         /**< in (0, 1); 0 = 0.05 */
    double power;         /**< of the inflation, in (alpha, 1); 0 = 0.8 */
    double exponent;      /**< spending power: > 0; 0 = 1 */
    double shape;         /**< Wang–Tsiatis: in [0, 1]; 0 = 0.25 */
} pdm_group_sequential_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_group_sequential_options pdm_group_sequential_options_default(void) {
    pdm_group_sequential_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `srm`. */
typedef struct pdm_srm_test_options {
    uint32_t struct_size; /**< sizeof(pdm_srm_test_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t method;       /**< ::pdm_srm_method */
    double alpha;         /**< in (0, 1); 0 = 0.001 */
    double concentration; /**< sequential: > 0; 0 = 10 000 */
} pdm_srm_test_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_srm_test_options pdm_srm_test_options_default(void) {
    pdm_srm_test_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `cochran_mantel_haenszel`. */
typedef struct pdm_cmh_options {
    uint32_t struct_size; /**< sizeof(pdm_cmh_options) */
    int32_t strict;       /**< row statuses fail the call */
    double conf_level;    /**< of the odds ratio, in (0, 1); 0 = 0.95 */
} pdm_cmh_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_cmh_options pdm_cmh_options_default(void) {
    pdm_cmh_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `beta_posterior` and `beta_best`. */
typedef struct pdm_beta_options {
    uint32_t struct_size;    /**< sizeof(pdm_beta_options) */
    int32_t strict;          /**< row statuses fail the call */
    int32_t skip_difference; /**< `beta_posterior`: 1 = no interval of the difference */
    double prior_a;          /**< > 0; 0 = 1 */
    double prior_b;          /**< > 0; 0 = 1 */
    double conf_level;       /**< in (0, 1); 0 = 0.95 */
} pdm_beta_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_beta_options pdm_beta_options_default(void) {
    pdm_beta_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `gamma_posterior`. */
typedef struct pdm_gamma_options {
    uint32_t struct_size; /**< sizeof(pdm_gamma_options) */
    int32_t strict;       /**< row statuses fail the call */
    double prior_shape;   /**< > 0; 0 = 1 */
    double prior_rate;    /**< ≥ 0 */
    double conf_level;    /**< in (0, 1); 0 = 0.95 */
} pdm_gamma_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_gamma_options pdm_gamma_options_default(void) {
    pdm_gamma_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `normal_posterior` and `normal_best`. */
typedef struct pdm_normal_options {
    uint32_t struct_size; /**< sizeof(pdm_normal_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t scale;        /**< ::pdm_margin_scale of estimate and se */
    int32_t prior_scale;  /**< ::pdm_margin_scale of the prior */
    int32_t direction;    /**< ::pdm_direction */
    int32_t reserved;     /**< 0 */
    double conf_level;    /**< in (0, 1); 0 = 0.95 */
} pdm_normal_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_normal_options pdm_normal_options_default(void) {
    pdm_normal_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `power_lift` and `mde_lift`. */
typedef struct pdm_lift_design_options {
    uint32_t struct_size; /**< sizeof(pdm_lift_design_options) */
    int32_t strict;       /**< row statuses fail the call */
    double alpha;         /**< two-sided, in (0, 1); 0 = 0.05 */
    double power;         /**< `mde_lift`: in (alpha, 1); 0 = 0.8 */
} pdm_lift_design_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_lift_design_options pdm_lift_design_options_default(void) {
    pdm_lift_design_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `assign`. */
typedef struct pdm_assign_options {
    uint32_t struct_size;      /**< sizeof(pdm_assign_options) */
    int32_t strict;            /**< 1 or 0: nothing here has a row status */
    int32_t hash;              /**< ::pdm_bucket_hash */
    int32_t encoding;          /**< ::pdm_text_units */
    int32_t growthbook_compat; /**< 1 = forgives what its SDKs forgive */
} pdm_assign_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_assign_options pdm_assign_options_default(void) {
    pdm_assign_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Options of `decide`. */
typedef struct pdm_decide_options {
    uint32_t struct_size;    /**< sizeof(pdm_decide_options) */
    int32_t strict;          /**< 1 or 0: nothing here has a row status */
    int32_t guardrail_rule;  /**< ::pdm_guardrail_rule */
    int32_t if_equivalent;   /**< 0 = drop, 1 = keep */
    int32_t if_inconclusive; /**< 0 = review, 1 = keep, 2 = adjust, 3 = drop, 4 = keep running */
    int32_t last_look;       /**< 1 = the last planned look */
    double alpha;            /**< of the units missing; 0 = 0.05 */
    double power;            /**< likewise; 0 = 0.8 */
} pdm_decide_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_decide_options pdm_decide_options_default(void) {
    pdm_decide_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** Distributions that `distribution` knows, and their parameters. */
typedef enum pdm_distribution_family {
    PDM_DISTRIBUTION_NORMAL = 0,       /**< standard; none [default] */
    PDM_DISTRIBUTION_T = 1,            /**< a = degrees of freedom */
    PDM_DISTRIBUTION_CHI2 = 2,         /**< a = degrees of freedom */
    PDM_DISTRIBUTION_F = 3,            /**< a, b = degrees of freedom */
    PDM_DISTRIBUTION_BETA = 4,         /**< a, b */
    PDM_DISTRIBUTION_GAMMA = 5,        /**< a = shape, b = scale */
    PDM_DISTRIBUTION_NONCENTRAL_T = 6, /**< a = degrees of freedom, b = noncentrality; no quantiles */
    PDM_DISTRIBUTION_BINOMIAL = 7      /**< a = trials, b = probability */
} pdm_distribution_family;

/** Options of `distribution`. */
typedef struct pdm_distribution_options {
    uint32_t struct_size; /**< sizeof(pdm_distribution_options) */
    int32_t strict;       /**< row statuses fail the call */
    int32_t family;       /**< ::pdm_distribution_family */
} pdm_distribution_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_distribution_options pdm_distribution_options_default(void) {
    pdm_distribution_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** @} */
#endif
