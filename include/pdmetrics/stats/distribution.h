/**
 * @file distribution.h
 * @defgroup stats_distribution Distributions
 * @ingroup stats
 * @brief Probability distributions, for tests and intervals whose p-values go down to 1e-300 and beyond.
 *
 * What they are for: p-values, critical values, exact intervals, power. Each tail is computed directly, never as 1 − the other, and
 * has a logarithm that goes on where the double range ends.
 *
 * Names: `_pdf`/`_pmf` density, `_cdf` P(X ≤ x), `_sf` P(X > x), `_log_cdf` and `_log_sf` their natural logarithms, `_quantile` the x
 * with cdf p, `_isf` the x with sf p.
 *
 * Rules for all: plain functions of their arguments, thread-safe, no state, no errno. NaN comes back only for a NaN argument or a
 * parameter outside the domain written here (negative degrees of freedom, a probability outside [0, 1]). x may be anything, also
 * ±∞: outside the support the tails are 0 and 1. Quantiles of 0 and 1 are the ends of the support. No function allocates.
 *
 * Accuracy, relative, checked against 50-digit references: normal tails 1e-15, quantiles 1e-15; the others 1e-12 for shapes from
 * 1e-3 to 1e7 (degrees of freedom of t to 1e10) and values down to the smallest double; noncentral t 1e-10. Cost: O(1).
 *
 * Method: Mills' ratio and the normal quantile by own Chebyshev fits (pieces of the quantile after Wichura 1988, AS 241). Gamma and
 * beta tails: prefix in saddle-point form (Loader 2000); then, by region, the power series, the even part of the continued fraction
 * (DLMF 8.9.2, 8.17.22; Didonato & Morris 1992), or the uniform expansion in the signed root of the deviance (Temme 1979, 1992).
 * Quantiles by Newton's method on the logarithm of the smaller tail, which is concave in the logarithm or logit.
 * @{
 */
#ifndef PDMETRICS_STATS_DISTRIBUTION_H
#define PDMETRICS_STATS_DISTRIBUTION_H

#include <pdmetrics/export.h>

PDM_BEGIN_DECLS

/** @name Standard normal
 * `_log_sf` holds to x = 1e150. The `_log` quantiles take ln p ≤ 0, to −1e300.
 * @{ */
/** Density. */
PDM_EXPORT double pdm_normal_pdf(double x);
/** P(X ≤ x). */
PDM_EXPORT double pdm_normal_cdf(double x);
/** P(X > x). */
PDM_EXPORT double pdm_normal_sf(double x);
/** ln P(X ≤ x). */
PDM_EXPORT double pdm_normal_log_cdf(double x);
/** ln P(X > x). */
PDM_EXPORT double pdm_normal_log_sf(double x);
/** The x with cdf @p p. */
PDM_EXPORT double pdm_normal_quantile(double p);
/** The x with sf @p p. */
PDM_EXPORT double pdm_normal_isf(double p);
PDM_EXPORT double pdm_normal_quantile_log(double log_p); /**< x with ln cdf = @p log_p */
PDM_EXPORT double pdm_normal_isf_log(double log_p);      /**< x with ln sf = @p log_p */
/** @} */

/** @name Student's t
 * @p df degrees of freedom, real, > 0; +∞ is the normal distribution.
 * @{ */
/** P(T ≤ t). */
PDM_EXPORT double pdm_t_cdf(double t, double df);
/** P(T > t). */
PDM_EXPORT double pdm_t_sf(double t, double df);
/** ln P(T ≤ t). */
PDM_EXPORT double pdm_t_log_cdf(double t, double df);
/** ln P(T > t). */
PDM_EXPORT double pdm_t_log_sf(double t, double df);
/** The t with cdf @p p. */
PDM_EXPORT double pdm_t_quantile(double p, double df);
/** The t with sf @p p. */
PDM_EXPORT double pdm_t_isf(double p, double df);
PDM_EXPORT double pdm_t_isf_log(double log_p, double df); /**< t with ln sf = @p log_p */
/** @} */

/** @name Noncentral t
 * (Z + @p delta)/√(χ²(df)/df): the power of t tests. @p df > 0 to 1e8, |@p delta| to 1e2; +∞ degrees are the shifted normal.
 * Quadrature over the spread, some 10 µs a call.
 * @{ */
/** P(T ≤ t). */
PDM_EXPORT double pdm_noncentral_t_cdf(double t, double df, double delta);
/** P(T > t). */
PDM_EXPORT double pdm_noncentral_t_sf(double t, double df, double delta);
/** ln P(T ≤ t). */
PDM_EXPORT double pdm_noncentral_t_log_cdf(double t, double df, double delta);
/** ln P(T > t). */
PDM_EXPORT double pdm_noncentral_t_log_sf(double t, double df, double delta);
/** @} */

/** @name Gamma
 * @p shape > 0, @p scale > 0: mean shape · scale.
 * @{ */
/** P(X ≤ x). */
PDM_EXPORT double pdm_gamma_cdf(double x, double shape, double scale);
/** P(X > x). */
PDM_EXPORT double pdm_gamma_sf(double x, double shape, double scale);
/** ln P(X ≤ x). */
PDM_EXPORT double pdm_gamma_log_cdf(double x, double shape, double scale);
/** ln P(X > x). */
PDM_EXPORT double pdm_gamma_log_sf(double x, double shape, double scale);
/** The x with cdf @p p. */
PDM_EXPORT double pdm_gamma_quantile(double p, double shape, double scale);
/** The x with sf @p p. */
PDM_EXPORT double pdm_gamma_isf(double p, double shape, double scale);
/** @} */

/** @name χ²
 * @p df > 0, real.
 * @{ */
/** P(X ≤ x). */
PDM_EXPORT double pdm_chi2_cdf(double x, double df);
/** P(X > x). */
PDM_EXPORT double pdm_chi2_sf(double x, double df);
/** ln P(X ≤ x). */
PDM_EXPORT double pdm_chi2_log_cdf(double x, double df);
/** ln P(X > x). */
PDM_EXPORT double pdm_chi2_log_sf(double x, double df);
/** The x with cdf @p p. */
PDM_EXPORT double pdm_chi2_quantile(double p, double df);
/** The x with sf @p p. */
PDM_EXPORT double pdm_chi2_isf(double p, double df);
/** @} */

/** @name Beta
 * @p a > 0, @p b > 0. The cdf is the regularised incomplete beta function I_x(a, b).
 * @{ */
/** P(X ≤ x). */
PDM_EXPORT double pdm_beta_cdf(double x, double a, double b);
/** P(X > x). */
PDM_EXPORT double pdm_beta_sf(double x, double a, double b);
/** ln P(X ≤ x). */
PDM_EXPORT double pdm_beta_log_cdf(double x, double a, double b);
/** ln P(X > x). */
PDM_EXPORT double pdm_beta_log_sf(double x, double a, double b);
/** The x with cdf @p p. */
PDM_EXPORT double pdm_beta_quantile(double p, double a, double b);
/** The x with sf @p p. */
PDM_EXPORT double pdm_beta_isf(double p, double a, double b);
/** @} */

/** @name F
 * @p df1, @p df2 > 0, real.
 * @{ */
/** P(X ≤ x). */
PDM_EXPORT double pdm_f_cdf(double x, double df1, double df2);
/** P(X > x). */
PDM_EXPORT double pdm_f_sf(double x, double df1, double df2);
/** ln P(X ≤ x). */
PDM_EXPORT double pdm_f_log_cdf(double x, double df1, double df2);
/** ln P(X > x). */
PDM_EXPORT double pdm_f_log_sf(double x, double df1, double df2);
/** The x with cdf @p p. */
PDM_EXPORT double pdm_f_quantile(double p, double df1, double df2);
/** The x with sf @p p. */
PDM_EXPORT double pdm_f_isf(double p, double df1, double df2);
/** @} */

/** @name Binomial
 * @p k successes of @p n ≥ 0 (below 2^53) with probability @p p in [0, 1]. `_sf` is P(K > k), the probability of at least k + 1.
 * `_quantile` is the smallest k with cdf ≥ @p probability, or −1 for arguments out of domain.
 * @{ */
/** Probability of exactly @p k. */
PDM_EXPORT double pdm_binomial_pmf(int64_t k, int64_t n, double p);
/** Its natural logarithm. */
PDM_EXPORT double pdm_binomial_log_pmf(int64_t k, int64_t n, double p);
/** P(K ≤ k). */
PDM_EXPORT double pdm_binomial_cdf(int64_t k, int64_t n, double p);
/** P(K > k). */
PDM_EXPORT double pdm_binomial_sf(int64_t k, int64_t n, double p);
/** ln P(K ≤ k). */
PDM_EXPORT double pdm_binomial_log_cdf(int64_t k, int64_t n, double p);
/** ln P(K > k). */
PDM_EXPORT double pdm_binomial_log_sf(int64_t k, int64_t n, double p);
/** The smallest k with cdf ≥ @p probability. */
PDM_EXPORT int64_t pdm_binomial_quantile(double probability, int64_t n, double p);
/** @} */

/** @name Hypergeometric
 * @p k marked ones among @p drawn of @p total of which @p marked are marked; 0 ≤ drawn, marked ≤ total < 2^53.
 * Tails cost O(√total).
 * @{ */
/** Probability of exactly @p k. */
PDM_EXPORT double pdm_hypergeometric_pmf(int64_t k, int64_t total, int64_t marked, int64_t drawn);
/** Its natural logarithm. */
PDM_EXPORT double pdm_hypergeometric_log_pmf(int64_t k, int64_t total, int64_t marked, int64_t drawn);
/** P(K ≤ k). */
PDM_EXPORT double pdm_hypergeometric_cdf(int64_t k, int64_t total, int64_t marked, int64_t drawn);
/** P(K > k). */
PDM_EXPORT double pdm_hypergeometric_sf(int64_t k, int64_t total, int64_t marked, int64_t drawn);
/** @} */

/** @name Special functions
 * @{ */
/** e^{x²} erfc(x). Overflows to +∞ below −26.6. */
PDM_EXPORT double pdm_erfcx(double x);
/** ln Γ(x), x > 0. */
PDM_EXPORT double pdm_log_gamma(double x);
/** The lower branch W₋₁ of Lambert's function: the w ≤ −1 with w e^w = @p x, x in [−1/e, 0). */
PDM_EXPORT double pdm_lambert_wm1(double x);
/** @} */

PDM_END_DECLS
/** @} */
#endif
