/**
 * @file power.h
 * @defgroup stats_power Planning
 * @ingroup stats
 * @brief Planning an experiment (样本量与周期): how many units, what effect can be seen, how long.
 *
 * Every answer is the real solution and its ceiling, and names the convention it comes from: the same question ("20 % → 25 %, power 0.8")
 * has five customary answers from 1 030 to 1 133 per arm. The default is the power of the test that is run, the pooled z.
 * @{
 */
#ifndef PDMETRICS_STATS_POWER_H
#define PDMETRICS_STATS_POWER_H

#include <pdmetrics/stats/result.h>

/** Which formula plans two conversion rates. */
typedef enum pdm_power_kind {
    PDM_POWER_POOLED = 0,      /**< pooled z, as R's power.prop.test [default] */
    PDM_POWER_UNPOOLED = 1,    /**< unpooled z */
    PDM_POWER_EVAN_MILLER = 2, /**< variance of the control under no effect; equal arms only */
    PDM_POWER_FLEISS_CC = 3,   /**< pooled with continuity correction (Fleiss, Tytun & Ury 1980) */
    PDM_POWER_ARCSINE = 4      /**< variance-stabilised (Cohen's h) */
} pdm_power_kind;

/** Options of planning; all-zero is every default. */
typedef struct pdm_power_options {
    uint32_t struct_size; /**< sizeof(pdm_power_options) */
    int32_t kind;         /**< ::pdm_power_kind, conversions only */
    int32_t one_sided;    /**< 1 = alpha in one tail */
    int32_t strict;       /**< two-sided: 1 = adds the chance to be significant in the wrong direction */
    int32_t normal; /**< means: 1 = normal instead of noncentral t (always normal from 10 000 degrees of freedom on) */
    int32_t comparisons; /**< treatments tested against one control: alpha is divided by it; 0 = 1 */
    double alpha;        /**< in (0, 1); 0 = 0.05 */
    double power;        /**< in (alpha, 1); 0 = 0.8 */
    double ratio;        /**< n_treatment / n_control, > 0; 0 = 1 */
} pdm_power_options;

/** All defaults, with `struct_size` filled in for the caller's binary. */
static inline pdm_power_options pdm_power_options_default(void) {
    pdm_power_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = (uint32_t)sizeof options;
    return options;
}

/** An answer. Frozen. */
typedef struct pdm_plan {
    double value;   /**< NaN if there is none; see status */
    int64_t whole;  /**< numbers of units and days: the ceiling, else 0 */
    int32_t status; /**< ok, unreachable, zero_base */
    int32_t kind;   /**< the formula used: ::pdm_power_kind for conversions; means: 0 = t, 1 = normal; else 0 */
} pdm_plan;

PDM_BEGIN_DECLS

/*
 * Options NULL = defaults. Errors of all: PDM_E_BAD_OPTION (a rate outside (0, 1), no effect, power ≤ alpha, n or a spread that is
 * not positive, an unknown kind).
 */

/** Units of the control for conversions @p p_control → @p p_treatment. */
PDM_API pdm_status pdm_sample_proportions(double p_control, double p_treatment, const pdm_power_options *options,
                                          pdm_plan *out, pdm_error *err);
/** Power with @p n_control units; equal rates are allowed here. `options.power` is not used. */
PDM_API pdm_status pdm_power_proportions(double p_control, double p_treatment, double n_control,
                                         const pdm_power_options *options, pdm_plan *out, pdm_error *err);
/** The rate above (@p upwards) or below p_control that @p n_control units can tell from it. */
PDM_API pdm_status pdm_mde_proportions(double p_control, double n_control, bool upwards,
                                       const pdm_power_options *options, pdm_plan *out, pdm_error *err);

/**
 * The same for a difference @p delta of means with standard deviations @p sd_control, @p sd_treatment. A ratio metric: √ of its unit
 * variance (pdm_arm_from_ratio()) and delta = relative effect · ratio; CUPED with correlation ρ: both sd times √(1 − ρ²).
 */
PDM_API pdm_status pdm_sample_means(double delta, double sd_control, double sd_treatment,
                                    const pdm_power_options *options, pdm_plan *out, pdm_error *err);
/** Power with @p n_control units. `options.power` is not used. */
PDM_API pdm_status pdm_power_means(double delta, double sd_control, double sd_treatment, double n_control,
                                   const pdm_power_options *options, pdm_plan *out, pdm_error *err);
/** The smallest |delta|. */
PDM_API pdm_status pdm_mde_means(double sd_control, double sd_treatment, double n_control,
                                 const pdm_power_options *options, pdm_plan *out, pdm_error *err);

/**
 * Power to see the relative effect @p effect on a mean @p mean with unit variance @p variance, @p n units in each of two arms, by the
 * delta method; both tails, always two-sided. Sequential: variance times (multiplier / z)², see sequential.h.
 */
PDM_API pdm_status pdm_power_lift(double effect, double mean, double variance, double n,
                                  const pdm_power_options *options, pdm_plan *out, pdm_error *err);
/** The relative effect seen with the wanted power, one tail; too few units for any: `unreachable`. */
PDM_API pdm_status pdm_mde_lift(double mean, double variance, double n, const pdm_power_options *options, pdm_plan *out,
                                pdm_error *err);

/** Units per arm of the control to show that a conversion is not worse by @p margin > 0; alpha is one-sided, 0 = 0.025. */
PDM_API pdm_status pdm_sample_noninferiority(double p_control, double p_treatment, double margin,
                                             const pdm_power_options *options, pdm_plan *out, pdm_error *err);
/** Equivalence (TOST) within ±@p margin, alpha per side: power with @p n_control units. */
PDM_API pdm_status pdm_power_equivalence(double p_control, double p_treatment, double margin, double n_control,
                                         const pdm_power_options *options, pdm_plan *out, pdm_error *err);
/** Units of the control for that with the power wanted. */
PDM_API pdm_status pdm_sample_equivalence(double p_control, double p_treatment, double margin,
                                          const pdm_power_options *options, pdm_plan *out, pdm_error *err);

/**
 * How much more traffic, as a factor f ≥ 0 of what there is, gives an effect @p effect with present standard error @p se the power
 * wanted; 0 if it has it already. Both tails.
 */
PDM_API pdm_status pdm_more_traffic(double effect, double se, const pdm_power_options *options, pdm_plan *out,
                                    pdm_error *err);

/** By what clusters of mean @p size, coefficient of variation @p cv and intra-class correlation @p icc multiply the units needed. NaN
 * for size < 1, cv < 0 or icc outside [0, 1]. */
PDM_EXPORT double pdm_design_effect(double size, double cv, double icc);

/**
 * Days to collect @p n_total units when @p units_per_day come and @p share of them takes part; `value` exact, `whole` its ceiling, or
 * with @p whole_weeks rounded up to weeks. No units per day: `zero_base`.
 */
PDM_API pdm_status pdm_plan_duration(double n_total, double units_per_day, double share, bool whole_weeks,
                                     pdm_plan *out, pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
