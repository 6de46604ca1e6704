/**
 * @file multiplicity.h
 * @defgroup stats_multiplicity Families of comparisons
 * @ingroup stats
 * @brief Several comparisons at once: adjusted p-values, intervals that agree with them, many arms against one control.
 * @{
 */
#ifndef PDMETRICS_STATS_MULTIPLICITY_H
#define PDMETRICS_STATS_MULTIPLICITY_H

#include <pdmetrics/context.h>
#include <pdmetrics/stats/result.h>

/** How p-values of a family are adjusted. */
typedef enum pdm_p_adjustment {
    PDM_ADJUST_NONE = 0,
    PDM_ADJUST_BONFERRONI = 1,
    PDM_ADJUST_HOLM = 2,     /**< step-down Bonferroni (1979) */
    PDM_ADJUST_HOCHBERG = 3, /**< step-up (1988) */
    PDM_ADJUST_BH = 4,       /**< false discovery rate (Benjamini & Hochberg 1995) */
    PDM_ADJUST_BY = 5,       /**< the same under any dependence (Benjamini & Yekutieli 2001) */
    PDM_ADJUST_SIDAK = 6,
    PDM_ADJUST_HOLM_SIDAK = 7,
    PDM_ADJUST_HOMMEL = 8 /**< (1988), as R */
} pdm_p_adjustment;

PDM_BEGIN_DECLS

/**
 * Adjusted p-values, each at most 1; tiny ones stay exact. @p context gives the memory (NULL = default); @p adjusted may be @p p.
 * O(m log m), Hommel O(m²). Errors: PDM_E_BAD_VALUE (a p outside [0, 1]; row), PDM_E_BAD_OPTION, PDM_E_NOMEM, PDM_E_LIMIT.
 */
PDM_API pdm_status pdm_p_adjust(pdm_context *context, const double *p, size_t m, int32_t method, double *adjusted,
                                pdm_error *err);

/**
 * The alpha_i at which the interval of comparison i excludes "no effect" exactly when its adjusted p-value is at most @p alpha. NaN for
 * PDM_ADJUST_HOLM_SIDAK and PDM_ADJUST_HOMMEL, which have no such intervals. Memory, errors: as pdm_p_adjust().
 */
PDM_API pdm_status pdm_p_adjust_alphas(pdm_context *context, const double *p, size_t m, int32_t method, double alpha,
                                       double *alphas, pdm_error *err);

/**
 * A family in which one metric of @p metrics is primary: it gets @p primary_share of alpha, the others what is left, over
 * @p treatments each. A single metric gets all of its share; @p other is NaN then. Errors: PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_weighted_alphas(double alpha, double primary_share, int32_t treatments, int32_t metrics,
                                       double *primary, double *other, pdm_error *err);

/**
 * Dunnett's test (1955), two-sided: the probability that the largest of k |T_i| against one control exceeds |t|. @p lambda: k = 1…63
 * numbers in [0, 1), λ_i² = V_c/(V_c + V_i), for equal variances n_i/(n_i + n_c); the correlation of i and j is λ_i λ_j. @p df
 * > 0, +∞ for conversions. To 1e-8 relative. Errors: PDM_E_BAD_OPTION.
 */
PDM_API pdm_status pdm_dunnett_p(double t, const double *lambda, int32_t k, double df, double *p, pdm_error *err);

/** The critical value: pdm_dunnett_p() of it is @p alpha. Errors: PDM_E_BAD_OPTION. */
PDM_API pdm_status pdm_dunnett_critical(double alpha, const double *lambda, int32_t k, double df, double *critical,
                                        pdm_error *err);

PDM_END_DECLS
/** @} */
#endif
